//! From what comes in to what is known and what is wanted outside; draws nothing and runs nothing.

use ratatui::crossterm::event::{
    KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};

use super::answers;
use super::dialog::{Danger, Input, Overlay, Palette, Purpose, Question};
use super::job::{Job, Lane};
use super::keys::{self, Action};
use super::list::Place;
use super::look::Role;
use super::message::{Effect, Message};
use super::overlays;
use super::screens::{checks, journal, modes, operations, overview, plan, records};
use super::state::{Screen, State};
use super::views;
use crate::ops::revert;

/// How many ticks lie between two control points that play: a fifth of a second.
const STEP_TICKS: u64 = 2;

/// How many ticks lie between two looks at how things stand: three seconds.
const LOOK_TICKS: u64 = 30;

/// How many lines the text beside a list is scrolled at once.
const DETAIL_STEP: usize = 5;

/// Takes in what comes.
pub fn update(state: &mut State, message: Message) -> Vec<Effect> {
    match message {
        Message::Key(key) if key.kind != KeyEventKind::Release => key_pressed(state, &key),
        Message::Key(_) => Vec::new(),
        Message::Mouse(mouse) => mouse_used(state, mouse),
        Message::Paste(text) => {
            overlays::typed(state, &text);
            Vec::new()
        }
        Message::Resize(columns, rows) => {
            state.size = (columns, rows);
            Vec::new()
        }
        Message::Tick => tick(state),
        Message::Done { ticket, answer } => done(state, ticket, answer),
        Message::Progress { ticket, step, whole, done, total } => {
            state.lanes.progress(ticket, step, whole, (done, total));
            Vec::new()
        }
        Message::Asked { ticket, question } => asked(state, ticket, question),
        Message::Told(told) => {
            match told {
                Ok(text) => state.say(Role::Good, text),
                Err(text) => state.say(Role::Danger, text),
            }
            Vec::new()
        }
        Message::Stop => stop(state),
    }
}

fn tick(state: &mut State) -> Vec<Effect> {
    state.ticks += 1;
    state.lanes.tick();
    // Others may commit meanwhile: what stands here is never much older than this.
    if state.ticks.is_multiple_of(LOOK_TICKS) && !state.lanes.busy() {
        return state.ask(Job::Status);
    }
    if state.ticks.is_multiple_of(STEP_TICKS) {
        let stills = [state.records.stills(), state.plan.stills(), state.operations.stills()];
        let players = [&mut state.records.player, &mut state.plan.player, &mut state.operations.player];
        for (player, stills) in players.into_iter().zip(stills) {
            if player.plays {
                player.step(1, stills);
            }
        }
    }
    Vec::new()
}

fn done(state: &mut State, ticket: u64, answer: super::job::Answer) -> Vec<Effect> {
    let lane = state.lanes.lane_of(ticket);
    let target = state.target.clone();
    let (counts, mut effects) = state.lanes.done(ticket, target.as_deref());
    if let (true, Some(lane)) = (counts, lane) {
        effects.extend(answers::take(state, lane, answer));
    }
    if state.ending && state.lanes.of(Lane::Act).is_none() {
        effects.extend(leave(state));
    }
    effects
}

/// An operation asks while it runs: nothing else can stand in front until it has its answer.
fn asked(state: &mut State, ticket: u64, question: crate::model::ports::Question) -> Vec<Effect> {
    if state.ending {
        return vec![Effect::Reply(ticket, false)];
    }
    let role = if question.danger == crate::model::ports::Danger::Destroy { Role::Danger } else { Role::Text };
    let lines = question.text.lines().map(|line| (role, line.to_owned())).collect();
    let typed = question.type_name.map(|name| (name, String::new()));
    let title = "The operation asks".to_owned();
    state.overlay = Some(Overlay::Question(Question { title, lines, typed, danger: Danger::Asked(ticket) }));
    vec![Effect::Bell]
}

fn key_pressed(state: &mut State, key: &KeyEvent) -> Vec<Effect> {
    if state.note.as_ref().is_some_and(|note| note.seen) {
        state.note = None;
    } else if let Some(note) = &mut state.note {
        note.seen = true;
    }
    let stops = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
    if state.overlay.is_some() && !stops {
        return overlays::key(state, key);
    }
    match keys::action(key, state.screen) {
        Some(action) => act(state, action),
        None => Vec::new(),
    }
}

/// Does what an action says, as far as that is allowed.
pub fn act(state: &mut State, action: Action) -> Vec<Effect> {
    let writes = keys::binding(action, state.screen).is_some_and(|binding| binding.writes);
    if writes && state.facts.read_only {
        state.say(Role::Warning, "this interface was started to read only");
        return Vec::new();
    }
    if writes && state.lanes.of(Lane::Act).is_some() {
        state.say(Role::Warning, "something is being written: wait for it, or stop it with Ctrl-C");
        return Vec::new();
    }
    match action {
        Action::More => state.detail = (state.detail + DETAIL_STEP).min(state.scroll_end.get()),
        Action::Less => state.detail = state.detail.saturating_sub(DETAIL_STEP),
        Action::Play | Action::StepBack | Action::StepOn | Action::Copy | Action::Pager | Action::Export => {}
        _ => state.detail = 0,
    }
    everywhere(state, action).unwrap_or_else(|| on_screen(state, action))
}

fn on_screen(state: &mut State, action: Action) -> Vec<Effect> {
    match state.screen {
        Screen::Overview => overview::act(state, action),
        Screen::Modes => modes::act(state, action),
        Screen::Records => records::act(state, action),
        Screen::Plan => plan::act(state, action),
        Screen::Operations => operations::act(state, action),
        Screen::Checks => checks::act(state, action),
        Screen::Journal => journal::act(state, action),
    }
}

/// Does what means the same on every screen; `None` where the screen has to know.
fn everywhere(state: &mut State, action: Action) -> Option<Vec<Effect>> {
    Some(match action {
        Action::Show(screen) => show(state, screen),
        Action::Help => front(state, Overlay::Help(0)),
        Action::Palette => front(state, Overlay::Palette(Palette { text: String::new(), place: Place::default() })),
        Action::Search => front(state, Overlay::Input(search(state))),
        Action::Undo => undo(state),
        Action::Redo => redo(state),
        Action::Recover if state.status.as_ref().is_some_and(|status| status.open.is_empty()) => {
            state.say(Role::Note, "nothing is open: there is nothing to recover");
            Vec::new()
        }
        Action::Recover => question(state, "Recover", RECOVER, Danger::Recover),
        Action::Drill => question(state, "Drill", DRILL, Danger::Drill),
        Action::Check if state.lanes.of(Lane::Act).is_some() => {
            state.say(Role::Note, "something is being written: the checks can look when it is done");
            Vec::new()
        }
        Action::Check => {
            let mut effects = show(state, Screen::Checks);
            effects.extend(state.ask(Job::Check));
            effects
        }
        Action::Verify => state.ask(Job::Verify),
        Action::Refresh => {
            let mut effects = refresh(state);
            effects.push(Effect::Redraw);
            effects
        }
        Action::Copy => match views::in_hand(state) {
            Some(text) => {
                let shown: String = text.replace('\t', "  ").chars().take(60).collect();
                state.say(Role::Good, format!("handed to the terminal's clipboard: {shown}"));
                vec![Effect::Copy(text)]
            }
            None => Vec::new(),
        },
        Action::Export => vec![Effect::Export(views::page(state))],
        Action::Pager => vec![Effect::Pager(views::page(state))],
        Action::Cancel => cancel(state),
        Action::Suspend => vec![Effect::Suspend],
        Action::Quit => stop(state),
        _ => return None,
    })
}

const RECOVER: &[&str] = &[
    "Ask the targets what became of the operations that a crash left open?",
    "Each is sealed as what it was: applied, or abandoned.",
];

const DRILL: &[&str] = &[
    "Measure what the quality checks catch?",
    "Every variant of every mode is committed on a few records, looked for and taken back,",
    "one after the other, all of it journaled; Ctrl-C stops between two faults.",
];

fn front(state: &mut State, overlay: Overlay) -> Vec<Effect> {
    state.overlay = Some(overlay);
    Vec::new()
}

fn question(state: &mut State, title: &str, lines: &[&str], danger: Danger) -> Vec<Effect> {
    let lines = lines.iter().map(|line| (Role::Text, (*line).to_owned())).collect();
    front(state, Overlay::Question(Question { title: title.to_owned(), lines, typed: None, danger }))
}

fn search(state: &State) -> Input {
    let searchable = records::searchable(state.records.domain);
    let (text, hint) = match state.screen {
        Screen::Modes => (&state.modes.search, "words of a mode"),
        Screen::Records => (&state.records.search, searchable.as_str()),
        Screen::Operations => (&state.operations.search, "a number, tool, variant, state, actor or target"),
        Screen::Checks => (&state.checks.search, "a check, a table, a key or words of a finding"),
        Screen::Journal => (&state.journal.search, "a number, a kind, an actor, or op 3"),
        Screen::Overview | Screen::Plan => (&state.records.search, ""),
    };
    let (text, hint) = (text.clone(), hint.to_owned());
    Input { title: "Look for".to_owned(), hint, text, purpose: Purpose::Search }
}

/// Takes the newest fault of the target back: that one, whatever others commit before the answer.
fn undo(state: &mut State) -> Vec<Effect> {
    let name = state.target_name().map(str::to_owned);
    let active = state.status.iter().flat_map(|status| &status.active);
    let mine = active.filter(|active| name.as_ref().is_none_or(|name| *name == active.target));
    match mine.map(|active| active.op).max() {
        Some(op) => operations::ask(state, revert::Request { operations: vec![op], ..revert::Request::default() }),
        None => state.say(Role::Note, "there is nothing to take back: no fault is in effect"),
    }
    Vec::new()
}

/// Takes the newest revert back, where that is the newest operation.
fn redo(state: &mut State) -> Vec<Effect> {
    let newest = state.operations.lines.iter().find(|line| !["failed", "abandoned"].contains(&line.state.as_str()));
    match newest.filter(|line| line.action == mfm_journal::OperationAction::Revert) {
        Some(line) => {
            let request = revert::Request { operations: vec![line.op], ..revert::Request::default() };
            operations::ask(state, request);
        }
        None => state.say(Role::Note, "there is nothing to redo: the newest operation is no revert"),
    }
    Vec::new()
}

/// Shows a screen, and asks for what it lacks.
pub fn show(state: &mut State, screen: Screen) -> Vec<Effect> {
    state.screen = screen;
    let mut effects = match screen {
        Screen::Overview => overview::enter(state),
        Screen::Records => records::enter(state),
        Screen::Operations => operations::enter(state),
        Screen::Journal => journal::enter(state),
        Screen::Modes | Screen::Plan | Screen::Checks => Vec::new(),
    };
    effects.push(Effect::Remember(screen.name().to_owned()));
    effects
}

/// Asks for everything anew that may have changed.
pub fn refresh(state: &mut State) -> Vec<Effect> {
    state.checks.stale = state.checks.outcome.is_some();
    state.records.whole = None;
    let mut effects = overview::enter(state);
    effects.extend(state.ask(Job::Log { before: None }));
    effects.extend(state.ask(Job::Entries { before: None }));
    if state.records.fetched {
        let here = state.records.in_hand().map(|row| row.id);
        effects.extend(records::fetch(state, here));
    }
    if state.plan.mode.is_some() {
        effects.extend(plan::preview(state));
    }
    effects
}

fn cancel(state: &mut State) -> Vec<Effect> {
    let effects = state.lanes.cancel();
    if effects.is_empty() {
        return if state.lanes.of(Lane::Act).is_some() { Vec::new() } else { stop(state) };
    }
    state.say(Role::Note, "stopping at the next step; what is committed stays committed, and journaled");
    effects
}

/// Ends, at once where nothing is being written.
fn stop(state: &mut State) -> Vec<Effect> {
    if state.lanes.of(Lane::Act).is_none() {
        return leave(state);
    }
    state.ending = true;
    let mut effects = state.lanes.cancel();
    if let Some(Overlay::Question(Question { danger: Danger::Asked(ticket), .. })) = &state.overlay {
        effects.push(Effect::Reply(*ticket, false));
        state.overlay = None;
    }
    state.say(Role::Warning, "ending as soon as what is being written is sealed in the journal");
    effects
}

fn leave(state: &State) -> Vec<Effect> {
    vec![Effect::Remember(state.screen.name().to_owned()), Effect::Quit]
}

fn mouse_used(state: &mut State, mouse: MouseEvent) -> Vec<Effect> {
    let action = match mouse.kind {
        MouseEventKind::ScrollUp => Action::Up,
        MouseEventKind::ScrollDown => Action::Down,
        MouseEventKind::Down(MouseButton::Left) => return clicked(state, mouse.column, mouse.row),
        _ => return Vec::new(),
    };
    if state.overlay.is_some() { overlays::scrolled(state, action) } else { act(state, action) }
}

/// A click on a name at the top shows that screen; one on a line of a list takes it in hand; one on a key of the bar
/// presses it.
fn clicked(state: &mut State, column: u16, row: u16) -> Vec<Effect> {
    if state.overlay.is_some() {
        return Vec::new();
    }
    if row == 0 {
        return views::bars::tab_at(state, column).map_or_else(Vec::new, |screen| show(state, screen));
    }
    if row + 1 == state.size.1 {
        return views::bars::key_at(state, column).map_or_else(Vec::new, |action| act(state, action));
    }
    let Some((place, length, line)) = views::line_at(state, column, row) else { return Vec::new() };
    let now = isize::try_from(place.at).unwrap_or(0);
    if line >= length {
        return Vec::new();
    }
    let by = isize::try_from(line).unwrap_or(0) - now;
    let (step, times) = if by < 0 { (Action::Up, -by) } else { (Action::Down, by) };
    (0..times).flat_map(|_| on_screen(state, step)).collect()
}
