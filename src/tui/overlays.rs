//! What keys do while something stands in front of a screen, and what a yes leads to; draws nothing.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::dialog::{Choice, Danger, Input, Menu, Overlay, Palette, Purpose, Question, Text};
use super::job::Job;
use super::keys::{Action, BINDINGS, Binding};
use super::look::Role;
use super::message::Effect;
use super::screens::{operations, plan, queries, records};
use super::state::{Screen, State};
use super::update;
use crate::model::shown::is_unsafe;
use crate::ops::drill;

/// How many lines of a long text a page holds.
const PAGE: isize = 10;

/// What a key means in front of a screen.
enum Press {
    Yes,
    No,
    Up(isize),
    Letter(char),
    Delete,
    Clear,
    Nothing,
}

fn press(key: &KeyEvent, types: bool) -> Press {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Enter => Press::Yes,
        KeyCode::Esc => Press::No,
        KeyCode::Up => Press::Up(-1),
        KeyCode::Down => Press::Up(1),
        KeyCode::PageUp => Press::Up(-PAGE),
        KeyCode::PageDown => Press::Up(PAGE),
        KeyCode::Backspace => Press::Delete,
        KeyCode::Char('u') if control && types => Press::Clear,
        KeyCode::Char('n') if control => Press::Up(1),
        KeyCode::Char('p') if control => Press::Up(-1),
        KeyCode::Char(letter) if types && !control => Press::Letter(letter),
        KeyCode::Char('k') => Press::Up(-1),
        KeyCode::Char('j') => Press::Up(1),
        KeyCode::Char('g') => Press::Up(isize::MIN / 2),
        KeyCode::Char('G') => Press::Up(isize::MAX / 2),
        KeyCode::Char('q' | '?') => Press::No,
        KeyCode::Char(' ') => Press::Up(PAGE),
        _ => Press::Nothing,
    }
}

/// Does what a key says.
pub fn key(state: &mut State, key: &KeyEvent) -> Vec<Effect> {
    match state.overlay.take() {
        None => Vec::new(),
        Some(Overlay::Question(question)) => answer(state, question, key),
        Some(Overlay::Menu(menu)) => choose(state, menu, &press(key, false)),
        Some(Overlay::Input(input)) => write(state, input, &press(key, true)),
        Some(Overlay::Palette(palette)) => find(state, palette, &press(key, true)),
        Some(Overlay::Help(top)) => {
            state.overlay = read(top, &press(key, false), state.scroll_end.get()).map(Overlay::Help);
            Vec::new()
        }
        Some(Overlay::Text(text)) => {
            let top = read(text.top, &press(key, false), state.scroll_end.get());
            state.overlay = top.map(|top| Overlay::Text(Text { top, ..text }));
            Vec::new()
        }
        Some(Overlay::Ask(ask)) => queries::key(state, ask, key),
    }
}

/// Scrolls what stands in front.
pub fn scrolled(state: &mut State, action: Action) -> Vec<Effect> {
    if let Some(Overlay::Ask(ask)) = &mut state.overlay {
        queries::scrolled(ask, if action == Action::Up { -1 } else { 1 }, state.scroll_end.get());
        return Vec::new();
    }
    let code = if action == Action::Up { KeyCode::Up } else { KeyCode::Down };
    key(state, &KeyEvent::new(code, KeyModifiers::NONE))
}

/// Takes text that was pasted, where a line is typed.
pub fn typed(state: &mut State, text: &str) {
    let line: String = text.chars().filter(|letter| !is_unsafe(*letter)).collect();
    match &mut state.overlay {
        Some(Overlay::Input(input)) => input.text.push_str(&line),
        Some(Overlay::Palette(palette)) => palette.text.push_str(&line),
        Some(Overlay::Ask(ask)) => {
            ask.form.get_mut(ask.place.at).into_iter().for_each(|field| field.value.push_str(&line));
        }
        _ => {}
    }
}

fn read(top: usize, press: &Press, last: usize) -> Option<usize> {
    match press {
        Press::Yes | Press::No | Press::Delete => None,
        Press::Up(by) => Some(top.saturating_add_signed(*by).min(last)),
        _ => Some(top),
    }
}

fn answer(state: &mut State, mut question: Question, key: &KeyEvent) -> Vec<Effect> {
    let press = press(key, true);
    if let Some((wanted, typed)) = &mut question.typed {
        match press {
            Press::No => return no(state, &question),
            Press::Yes if wanted == typed => return yes(state, question.danger),
            Press::Yes => state.say(Role::Warning, format!("type {wanted}, exactly so, or Esc")),
            Press::Letter(letter) => typed.push(letter),
            Press::Delete => drop(typed.pop()),
            Press::Clear => typed.clear(),
            Press::Up(_) | Press::Nothing => {}
        }
        state.overlay = Some(Overlay::Question(question));
        return Vec::new();
    }
    match press {
        Press::Letter('y' | 'Y') => yes(state, question.danger),
        // Enter is no yes: it is pressed too easily.
        Press::No | Press::Letter('n' | 'N' | 'q') => no(state, &question),
        _ => {
            state.overlay = Some(Overlay::Question(question));
            Vec::new()
        }
    }
}

fn no(state: &mut State, question: &Question) -> Vec<Effect> {
    state.say(Role::Note, "nothing was written");
    match question.danger {
        Danger::Asked(ticket) => vec![Effect::Reply(ticket, false)],
        _ => Vec::new(),
    }
}

/// Carries out what was agreed to.
fn yes(state: &mut State, danger: Danger) -> Vec<Effect> {
    match danger {
        Danger::Apply { request, digest } => state.ask(Job::Apply { request, digest }),
        Danger::Revert(request) => state.ask(Job::Revert(request)),
        Danger::Recover => state.ask(Job::Recover),
        Danger::Drill => state.ask(Job::Drill),
        Danger::Asked(ticket) => vec![Effect::Reply(ticket, true)],
    }
}

fn choose(state: &mut State, mut menu: Menu, press: &Press) -> Vec<Effect> {
    match press {
        Press::No | Press::Delete => return Vec::new(),
        Press::Up(by) => menu.place.step(*by, menu.lines.len()),
        Press::Yes => {
            let Some((choice, ..)) = menu.lines.get(menu.place.at).cloned() else { return Vec::new() };
            return chosen(state, choice, menu);
        }
        _ => {}
    }
    state.overlay = Some(Overlay::Menu(menu));
    Vec::new()
}

fn chosen(state: &mut State, choice: Choice, menu: Menu) -> Vec<Effect> {
    match choice {
        Choice::Query(name) => {
            queries::begin(state, name, menu);
            Vec::new()
        }
        Choice::Mode { tool, kind, id } => plan::begin(state, tool, kind, id),
        Choice::Target(name) => {
            state.target = Some(name);
            (state.checks, state.plan) = (Default::default(), Default::default());
            state.records = records::State::of(state.domain());
            state.follow_target();
            update::refresh(state)
        }
        Choice::Revert(request) => {
            operations::ask(state, request);
            Vec::new()
        }
    }
}

fn write(state: &mut State, mut input: Input, press: &Press) -> Vec<Effect> {
    match press {
        Press::No => return Vec::new(),
        Press::Yes => return written(state, &input),
        Press::Letter(letter) => input.text.push(*letter),
        Press::Delete => drop(input.text.pop()),
        Press::Clear => input.text.clear(),
        Press::Up(_) | Press::Nothing => {}
    }
    state.overlay = Some(Overlay::Input(input));
    Vec::new()
}

fn written(state: &mut State, input: &Input) -> Vec<Effect> {
    if let Purpose::Field(at) = input.purpose {
        return plan::fill(state, at, &input.text);
    }
    let text = input.text.trim();
    match state.screen {
        Screen::Records => return records::search(state, text),
        Screen::Modes => (state.modes.search, state.modes.place) = (text.to_owned(), Default::default()),
        Screen::Operations => (state.operations.search, state.operations.place) = (text.to_owned(), Default::default()),
        Screen::Checks => (state.checks.search, state.checks.place) = (text.to_owned(), Default::default()),
        Screen::Journal => (state.journal.search, state.journal.place) = (text.to_owned(), Default::default()),
        Screen::Overview | Screen::Plan => {}
    }
    Vec::new()
}

/// Returns the actions that fit what was typed, those of the screen that is shown first.
#[must_use]
pub fn fitting(state: &State, text: &str) -> Vec<&'static Binding> {
    let words: Vec<String> = text.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let fits = |binding: &&Binding| {
        let about = format!("{} {}", binding.label, binding.about).to_lowercase();
        binding.fits(state.screen) && state.offers(binding) && words.iter().all(|word| about.contains(word))
    };
    BINDINGS.iter().filter(fits).collect()
}

fn find(state: &mut State, mut palette: Palette, press: &Press) -> Vec<Effect> {
    let fitting = fitting(state, &palette.text);
    match press {
        Press::No => return Vec::new(),
        Press::Yes => {
            let action = fitting.get(palette.place.at).map(|binding| binding.action);
            return action.map_or_else(Vec::new, |action| update::act(state, action));
        }
        Press::Up(by) => palette.place.step(*by, fitting.len()),
        Press::Letter(letter) => palette.text.push(*letter),
        Press::Delete => drop(palette.text.pop()),
        Press::Clear => palette.text.clear(),
        Press::Nothing => {}
    }
    if !matches!(press, Press::Up(_)) {
        palette.place.go(0, 1);
    }
    state.overlay = Some(Overlay::Palette(palette));
    Vec::new()
}

/// Returns the matrix of a drill, to read.
#[must_use]
pub fn matrix(outcome: &drill::Outcome) -> Overlay {
    let mut lines = Vec::new();
    for total in &outcome.matrix.totals {
        let text = format!("{}: caught {}", total.cell.detector, total.cell.rate.text());
        lines.push((Role::Heading, text));
        lines.push((Role::Dim, format!("false alarms at untouched data: {}", total.alarms.text())));
    }
    let yardstick = &outcome.yardstick;
    if let Some(yardstick) = yardstick {
        lines.push((Role::Dim, format!("people catch {} ({})", yardstick.share.percent(), yardstick.source)));
    }
    let exact =
        if outcome.exact { (Role::Good, "every table is what it was") } else { (Role::Danger, "TABLES DIFFER") };
    lines.extend([(exact.0, exact.1.to_owned()), (Role::Text, String::new())]);
    for line in &outcome.matrix.lines {
        let cell = |cell: &drill::matrix::Cell| format!("{}/{}", cell.caught, cell.caught + cell.missed);
        let cells: Vec<String> = line.cells.iter().map(cell).collect();
        let missed = line.cells.iter().any(|cell| cell.missed > 0);
        let role = match (&line.untried, missed) {
            (_, true) => Role::Danger,
            (Some(_), false) => Role::Warning,
            (None, false) => Role::Text,
        };
        let why = line.untried.as_ref().map_or_else(String::new, |why| format!("  {why}"));
        let seen: Vec<&str> = line.cells.iter().flat_map(|cell| &cell.seen_by).map(String::as_str).collect();
        let what = format!("{} {}", line.tool, line.variant);
        lines.push((role, format!("{:>7}  {what:<58} {}{why}", cells.join(" "), seen.join(", "))));
    }
    Overlay::Text(Text { title: format!("Drill {} on {}", outcome.drill, outcome.target), lines, top: 0 })
}
