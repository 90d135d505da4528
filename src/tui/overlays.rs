//! Keys while a dialog is open, and the actions that a yes starts.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::dialog::{
    DangerousAction, InputLine, InputPurpose, Menu, MenuChoice, Overlay, Palette, QuestionDialog, TextDialog,
};
use super::job::Job;
use super::keys::{Action, BINDINGS, Binding};
use super::message::Effect;
use super::screens::{approvals, operations, plan, queries, records};
use super::state::{Screen, TuiState};
use super::theme::Role;
use super::update;
use crate::model::shown::is_unsafe;
use crate::ops::drill;

/// How many lines PageUp and PageDown scroll.
const PAGE: isize = 10;

/// The meaning of a key in a dialog.
enum DialogKey {
    Yes,
    No,
    Up(isize),
    Letter(char),
    Delete,
    Clear,
    Nothing,
}

fn interpret_key(key: &KeyEvent, types: bool) -> DialogKey {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Enter => DialogKey::Yes,
        KeyCode::Esc => DialogKey::No,
        KeyCode::Up => DialogKey::Up(-1),
        KeyCode::Down => DialogKey::Up(1),
        KeyCode::PageUp => DialogKey::Up(-PAGE),
        KeyCode::PageDown => DialogKey::Up(PAGE),
        KeyCode::Backspace => DialogKey::Delete,
        KeyCode::Char('u') if control && types => DialogKey::Clear,
        // Ctrl-N and Ctrl-P as in Emacs and readline, also where letters are typed.
        KeyCode::Char('n') if control => DialogKey::Up(1),
        KeyCode::Char('p') if control => DialogKey::Up(-1),
        KeyCode::Char(letter) if types && !control => DialogKey::Letter(letter),
        KeyCode::Char('k') => DialogKey::Up(-1),
        KeyCode::Char('j') => DialogKey::Up(1),
        KeyCode::Char('g') => DialogKey::Up(isize::MIN / 2),
        KeyCode::Char('G') => DialogKey::Up(isize::MAX / 2),
        KeyCode::Char('q' | '?') => DialogKey::No,
        KeyCode::Char(' ') => DialogKey::Up(PAGE),
        _ => DialogKey::Nothing,
    }
}

/// Passes a key to the open dialog.
pub fn press_key(state: &mut TuiState, key: &KeyEvent) -> Vec<Effect> {
    match state.overlay.take() {
        None => Vec::new(),
        Some(Overlay::Question(question)) => press_in_question(state, question, key),
        Some(Overlay::Menu(menu)) => press_in_menu(state, menu, &interpret_key(key, false)),
        Some(Overlay::Input(input)) => press_in_input(state, input, &interpret_key(key, true)),
        Some(Overlay::Palette(palette)) => press_in_palette(state, palette, &interpret_key(key, true)),
        Some(Overlay::Help(top)) => {
            state.overlay = scroll_or_close(top, &interpret_key(key, false), state.scroll_end.get()).map(Overlay::Help);
            Vec::new()
        }
        Some(Overlay::Text(text)) => {
            let top = scroll_or_close(text.top, &interpret_key(key, false), state.scroll_end.get());
            state.overlay = top.map(|top| Overlay::Text(TextDialog { top, ..text }));
            Vec::new()
        }
        Some(Overlay::Ask(ask)) => queries::press_key(state, ask, key),
        Some(Overlay::Approvals) => press_in_approvals(state, &interpret_key(key, false)),
    }
}

/// Scrolls the open dialog by a line, for the mouse wheel.
pub fn scroll_overlay(state: &mut TuiState, action: Action) -> Vec<Effect> {
    if let Some(Overlay::Ask(ask)) = &mut state.overlay {
        queries::scroll_answer(ask, if action == Action::Up { -1 } else { 1 }, state.scroll_end.get());
        return Vec::new();
    }
    let code = if action == Action::Up { KeyCode::Up } else { KeyCode::Down };
    press_key(state, &KeyEvent::new(code, KeyModifiers::NONE))
}

/// Inserts pasted text into the line that is being typed. Control characters and line breaks are left out.
pub fn paste_text(state: &mut TuiState, text: &str) {
    let line: String = text.chars().filter(|letter| !is_unsafe(*letter)).collect();
    match &mut state.overlay {
        Some(Overlay::Input(input)) => input.text.push_str(&line),
        Some(Overlay::Palette(palette)) => palette.text.push_str(&line),
        Some(Overlay::Ask(ask)) => {
            if let Some(field) = ask.form.get_mut(ask.place.at) {
                field.value.push_str(&line);
            }
        }
        _ => {}
    }
}

fn scroll_or_close(top: usize, press: &DialogKey, last: usize) -> Option<usize> {
    match press {
        DialogKey::Yes | DialogKey::No | DialogKey::Delete => None,
        DialogKey::Up(by) => Some(top.saturating_add_signed(*by).min(last)),
        _ => Some(top),
    }
}

fn press_in_question(state: &mut TuiState, mut question: QuestionDialog, key: &KeyEvent) -> Vec<Effect> {
    let press = interpret_key(key, true);
    if let DialogKey::Up(by) = press {
        question.top = question.top.saturating_add_signed(by).min(state.scroll_end.get());
    }
    // While a word is typed, letters are text: y and n mean nothing.
    if let Some((wanted, typed)) = &mut question.typed {
        match press {
            DialogKey::No => return decline_question(state, &question),
            DialogKey::Yes if wanted == typed => return confirm_action(state, question.danger),
            DialogKey::Yes => state.show_note(Role::Warning, format!("type exactly {wanted}, or press Esc")),
            DialogKey::Letter(letter) => typed.push(letter),
            DialogKey::Delete => drop(typed.pop()),
            DialogKey::Clear => typed.clear(),
            DialogKey::Up(_) | DialogKey::Nothing => {}
        }
        state.overlay = Some(Overlay::Question(question));
        return Vec::new();
    }
    match press {
        DialogKey::Letter('y' | 'Y') => confirm_action(state, question.danger),
        // Enter does not mean yes here: it is pressed too easily.
        DialogKey::No | DialogKey::Letter('n' | 'N' | 'q') => decline_question(state, &question),
        _ => {
            state.overlay = Some(Overlay::Question(question));
            Vec::new()
        }
    }
}

fn decline_question(state: &mut TuiState, question: &QuestionDialog) -> Vec<Effect> {
    state.show_note(Role::Note, "nothing was written");
    match question.danger {
        DangerousAction::Asked(ticket) => vec![Effect::Reply(ticket, false)],
        _ => Vec::new(),
    }
}

/// Starts the action that was agreed to.
fn confirm_action(state: &mut TuiState, danger: DangerousAction) -> Vec<Effect> {
    match danger {
        DangerousAction::Apply { request, digest } => state.request_job(Job::Apply { request, digest }),
        DangerousAction::Revert(request) => state.request_job(Job::Revert(request)),
        DangerousAction::Recover => state.request_job(Job::Recover),
        DangerousAction::Drill => state.request_job(Job::Drill),
        DangerousAction::Asked(ticket) => vec![Effect::Reply(ticket, true)],
    }
}

fn press_in_menu(state: &mut TuiState, mut menu: Menu, press: &DialogKey) -> Vec<Effect> {
    match press {
        DialogKey::No | DialogKey::Delete => return Vec::new(),
        DialogKey::Up(by) => menu.place.move_by(*by, menu.lines.len()),
        DialogKey::Yes => {
            let Some((choice, ..)) = menu.lines.get(menu.place.at).cloned() else { return Vec::new() };
            return run_choice(state, choice, menu);
        }
        _ => {}
    }
    state.overlay = Some(Overlay::Menu(menu));
    Vec::new()
}

fn press_in_approvals(state: &mut TuiState, press: &DialogKey) -> Vec<Effect> {
    match press {
        DialogKey::No | DialogKey::Delete => return Vec::new(),
        DialogKey::Yes => return approvals::choose_question(state),
        DialogKey::Up(by) => state.approvals.place.move_by(*by, state.approvals.waiting.len()),
        _ => {}
    }
    state.overlay = Some(Overlay::Approvals);
    Vec::new()
}

fn run_choice(state: &mut TuiState, choice: MenuChoice, menu: Menu) -> Vec<Effect> {
    match choice {
        MenuChoice::Query(name) => {
            queries::begin_query(state, name, menu);
            Vec::new()
        }
        MenuChoice::Mode { tool, kind, id } => plan::begin_plan(state, tool, kind, id),
        MenuChoice::Target(name) => {
            state.target = Some(name);
            (state.checks, state.plan) = (Default::default(), Default::default());
            state.records = records::RecordsScreen::from_domain(state.domain());
            state.follow_target();
            update::refresh(state)
        }
        MenuChoice::Revert(request) => {
            operations::open_revert_question(state, request);
            Vec::new()
        }
    }
}

fn press_in_input(state: &mut TuiState, mut input: InputLine, press: &DialogKey) -> Vec<Effect> {
    match press {
        DialogKey::No => return Vec::new(),
        DialogKey::Yes => return submit_input(state, &input),
        DialogKey::Letter(letter) => input.text.push(*letter),
        DialogKey::Delete => drop(input.text.pop()),
        DialogKey::Clear => input.text.clear(),
        DialogKey::Up(_) | DialogKey::Nothing => {}
    }
    state.overlay = Some(Overlay::Input(input));
    Vec::new()
}

fn submit_input(state: &mut TuiState, input: &InputLine) -> Vec<Effect> {
    if let InputPurpose::Field(at) = input.purpose {
        return plan::fill_field(state, at, &input.text);
    }
    let text = input.text.trim();
    match state.screen {
        Screen::Records => return records::search_records(state, text),
        Screen::Modes => (state.modes.search, state.modes.place) = (text.to_owned(), Default::default()),
        Screen::Operations => (state.operations.search, state.operations.place) = (text.to_owned(), Default::default()),
        Screen::Checks => (state.checks.search, state.checks.place) = (text.to_owned(), Default::default()),
        Screen::Journal => (state.journal.search, state.journal.place) = (text.to_owned(), Default::default()),
        Screen::Overview | Screen::Plan => {}
    }
    Vec::new()
}

/// Returns the bindings of the current screen whose texts contain every typed word.
#[must_use]
pub fn list_matching_bindings(state: &TuiState, text: &str) -> Vec<&'static Binding> {
    let words: Vec<String> = text.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let mut matching = Vec::new();
    for binding in BINDINGS.iter().filter(|binding| binding.is_available_on(state.screen) && state.is_offered(binding))
    {
        let about = format!("{} {}", binding.label, binding.about).to_lowercase();
        if words.iter().all(|word| about.contains(word)) {
            matching.push(binding);
        }
    }
    matching
}

fn press_in_palette(state: &mut TuiState, mut palette: Palette, press: &DialogKey) -> Vec<Effect> {
    let matching = list_matching_bindings(state, &palette.text);
    match press {
        DialogKey::No => return Vec::new(),
        DialogKey::Yes => {
            let action = matching.get(palette.place.at).map(|binding| binding.action);
            return action.map_or_else(Vec::new, |action| update::perform_action(state, action));
        }
        DialogKey::Up(by) => palette.place.move_by(*by, matching.len()),
        DialogKey::Letter(letter) => palette.text.push(*letter),
        DialogKey::Delete => drop(palette.text.pop()),
        DialogKey::Clear => palette.text.clear(),
        DialogKey::Nothing => {}
    }
    if !matches!(press, DialogKey::Up(_)) {
        // Other text, other lines: the selection starts at the top again.
        palette.place.move_to(0, 1);
    }
    state.overlay = Some(Overlay::Palette(palette));
    Vec::new()
}

/// Returns the result of a drill as a text dialog.
#[must_use]
pub fn build_matrix_overlay(outcome: &drill::Outcome) -> Overlay {
    let mut lines = Vec::new();
    for total in &outcome.matrix.totals {
        let text = format!("{}: caught {}", total.cell.detector, total.cell.rate.render_counts());
        lines.push((Role::Heading, text));
        lines.push((Role::Dim, format!("false alarms at untouched data: {}", total.alarms.render_counts())));
    }
    if let Some(yardstick) = &outcome.yardstick {
        lines.push((Role::Dim, format!("people catch {} ({})", yardstick.share.percent(), yardstick.source)));
    }
    let exact = if outcome.exact == Some(true) {
        (Role::Good, "every table is unchanged")
    } else {
        (Role::Danger, "TABLES DIFFER")
    };
    lines.extend([(exact.0, exact.1.to_owned()), (Role::Text, String::new())]);
    for line in &outcome.matrix.lines {
        let cells: Vec<String> =
            line.cells.iter().map(|cell| format!("{}/{}", cell.caught, cell.caught + cell.missed)).collect();
        let missed = line.cells.iter().any(|cell| cell.missed > 0);
        let role = match (&line.untried, missed) {
            (_, true) => Role::Danger,
            (Some(_), false) => Role::Warning,
            (None, false) => Role::Text,
        };
        let why = line.untried.as_ref().map_or_else(String::new, |why| format!("  {why}"));
        let seen: Vec<&str> = line.cells.iter().flat_map(|cell| &cell.seen_by).map(String::as_str).collect();
        let what = format!("{} {}", line.label.tool, line.label.variant);
        lines.push((role, format!("{:>7}  {what:<58} {}{why}", cells.join(" "), seen.join(", "))));
    }
    Overlay::Text(TextDialog { title: format!("Drill {} on {}", outcome.drill, outcome.target), lines, top: 0 })
}
