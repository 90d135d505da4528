//! The update: from a message to the next state and the effects wanted outside. Pure.

use ratatui::crossterm::event::{
    KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};

use super::answers;
use super::dialog::{DangerousAction, InputLine, InputPurpose, Overlay, Palette, QuestionDialog};
use super::job::{Job, JobLane};
use super::keys::{self, Action};
use super::list::ListPosition;
use super::message::{Effect, Message};
use super::overlays;
use super::screens::{approvals, checks, journal, modes, operations, overview, plan, records};
use super::state::{Screen, TuiState};
use super::theme::Role;
use super::views;
use crate::ops::revert;

/// Ticks between two control points of a playing film: a fifth of a second.
const STEP_TICKS: u64 = 2;

/// Ticks between two readings of the status: three seconds.
const LOOK_TICKS: u64 = 30;

/// How many rows the text next to a list scrolls at once.
const DETAIL_STEP: usize = 5;

/// Applies a message to the state and returns the effects it asks for.
pub fn update(state: &mut TuiState, message: Message) -> Vec<Effect> {
    match message {
        // Windows and some protocols report the release of a key too.
        Message::Key(key) if key.kind != KeyEventKind::Release => key_pressed(state, &key),
        Message::Key(_) => Vec::new(),
        Message::Mouse(mouse) => mouse_used(state, mouse),
        Message::Paste(text) => {
            overlays::paste_text(state, &text);
            Vec::new()
        }
        Message::Resize(columns, rows) => {
            state.size = (columns, rows);
            Vec::new()
        }
        Message::Tick => tick(state),
        Message::Done { ticket, answer } => finish_job(state, ticket, answer),
        Message::Progress { ticket, step, whole, done, total } => {
            state.lanes.record_progress(ticket, step, whole, done, total);
            Vec::new()
        }
        Message::Asked { ticket, question } => open_operation_question(state, ticket, question),
        Message::Told(result) => {
            match result {
                Ok(text) => state.show_note(Role::Good, text),
                Err(text) => state.show_note(Role::Danger, text),
            }
            Vec::new()
        }
        Message::Stop => request_quit(state),
    }
}

fn tick(state: &mut TuiState) -> Vec<Effect> {
    state.ticks += 1;
    state.lanes.tick();
    // Other processes may commit at any time: the status is never much older than this.
    if state.ticks.is_multiple_of(LOOK_TICKS) && !state.lanes.is_busy() {
        return state.request_status();
    }
    if state.ticks.is_multiple_of(STEP_TICKS) {
        let stills = [state.records.still_count(), state.plan.still_count(), state.operations.still_count()];
        let players = [&mut state.records.player, &mut state.plan.player, &mut state.operations.player];
        for (player, stills) in players.into_iter().zip(stills) {
            if player.plays {
                player.step_by(1, stills);
            }
        }
    }
    Vec::new()
}

fn finish_job(state: &mut TuiState, ticket: u64, answer: super::job::JobAnswer) -> Vec<Effect> {
    // Read first: `finish_job` removes the job from its lane.
    let lane = state.lanes.lane_of(ticket);
    let target = state.target.clone();
    let (counts, mut effects) = state.lanes.finish_job(ticket, target.as_deref());
    if let (true, Some(lane)) = (counts, lane) {
        effects.extend(answers::receive_answer(state, lane, answer));
    }
    if state.ending && state.lanes.running_in(JobLane::Act).is_none() {
        effects.extend(quit_now(state));
    }
    effects
}

/// Shows the question of a running operation, in place of any other dialog: the operation waits for the answer.
fn open_operation_question(
    state: &mut TuiState,
    ticket: u64,
    question: crate::model::ports::ConfirmQuestion,
) -> Vec<Effect> {
    // No one is left to answer: no is always safe.
    if state.ending {
        return vec![Effect::Reply(ticket, false)];
    }
    let role = if question.danger == crate::model::ports::Danger::Destroy { Role::Danger } else { Role::Text };
    let lines = question.text.lines().map(|line| (role, line.to_owned())).collect();
    let typed = question.type_name.map(|name| (name, String::new()));
    let title = if state.approvals.chosen.is_some() { "An agent asks" } else { "The operation asks" }.to_owned();
    let danger = DangerousAction::Asked(ticket);
    state.overlay = Some(Overlay::Question(QuestionDialog { title, lines, typed, danger, top: 0 }));
    vec![Effect::Bell]
}

fn key_pressed(state: &mut TuiState, key: &KeyEvent) -> Vec<Effect> {
    // A note stays for one key after the one that caused it, so that it can be read.
    if state.note.as_ref().is_some_and(|note| note.seen) {
        state.note = None;
    } else if let Some(note) = &mut state.note {
        note.seen = true;
    }
    // Ctrl-C works behind a dialog too: what runs must always be stoppable.
    let stops = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
    if state.overlay.is_some() && !stops {
        return overlays::press_key(state, key);
    }
    match keys::find_action(key, state.screen) {
        Some(action) => perform_action(state, action),
        None => Vec::new(),
    }
}

/// Performs an action, unless it writes and writing is not possible now.
pub fn perform_action(state: &mut TuiState, action: Action) -> Vec<Effect> {
    let writes = keys::find_binding(action, state.screen).is_some_and(|binding| binding.writes);
    if writes && !check_writable(state) {
        return Vec::new();
    }
    match action {
        Action::More => state.detail = (state.detail + DETAIL_STEP).min(state.scroll_end.get()),
        Action::Less => state.detail = state.detail.saturating_sub(DETAIL_STEP),
        Action::Play | Action::StepBack | Action::StepOn | Action::Copy | Action::Pager | Action::Export => {}
        _ => state.detail = 0,
    }
    perform_global_action(state, action).unwrap_or_else(|| perform_screen_action(state, action))
}

/// Tells whether a write may begin now; if not, a note says why.
pub fn check_writable(state: &mut TuiState) -> bool {
    if state.facts.read_only {
        state.show_note(Role::Warning, "this interface was started read-only");
        return false;
    }
    if state.lanes.running_in(JobLane::Act).is_some() {
        state.show_note(Role::Warning, "a write is in progress: wait for it, or stop it with Ctrl-C");
        return false;
    }
    true
}

fn perform_screen_action(state: &mut TuiState, action: Action) -> Vec<Effect> {
    match state.screen {
        Screen::Overview => overview::perform_action(state, action),
        Screen::Modes => modes::perform_action(state, action),
        Screen::Records => records::perform_action(state, action),
        Screen::Plan => plan::perform_action(state, action),
        Screen::Operations => operations::perform_action(state, action),
        Screen::Checks => checks::perform_action(state, action),
        Screen::Journal => journal::perform_action(state, action),
    }
}

/// Performs an action that is the same on every screen; `None` if it is up to the screen.
fn perform_global_action(state: &mut TuiState, action: Action) -> Option<Vec<Effect>> {
    Some(match action {
        Action::Show(screen) => show_screen(state, screen),
        Action::Help => open_overlay(state, Overlay::Help(0)),
        Action::Palette => {
            open_overlay(state, Overlay::Palette(Palette { text: String::new(), place: ListPosition::default() }))
        }
        Action::Search => open_overlay(state, Overlay::Input(build_search_input(state))),
        Action::Undo => undo(state),
        Action::Redo => redo(state),
        Action::Recover if state.status.as_ref().is_some_and(|status| status.open.is_empty()) => {
            state.show_note(Role::Note, "nothing is open: there is nothing to recover");
            Vec::new()
        }
        Action::Recover => open_question(state, "Recover", RECOVER, DangerousAction::Recover),
        Action::Drill => open_question(state, "Drill", DRILL, DangerousAction::Drill),
        Action::Check if state.lanes.running_in(JobLane::Act).is_some() => {
            state.show_note(Role::Note, "something is being written: the checks can look when it is done");
            Vec::new()
        }
        Action::Check => {
            let mut effects = show_screen(state, Screen::Checks);
            effects.extend(state.request_job(Job::Check));
            effects
        }
        Action::Verify => state.request_job(Job::Verify),
        Action::Agents => approvals::open_list(state),
        Action::Refresh => {
            let mut effects = refresh(state);
            effects.push(Effect::Redraw);
            effects
        }
        Action::Copy => match views::in_hand(state) {
            Some(text) => {
                let shown: String = text.replace('\t', "  ").chars().take(60).collect();
                state.show_note(Role::Good, format!("handed to the terminal's clipboard: {shown}"));
                vec![Effect::Copy(text)]
            }
            None => Vec::new(),
        },
        Action::Export => vec![Effect::Export(views::render_page(state))],
        Action::Pager => vec![Effect::Pager(views::render_page(state))],
        Action::Cancel => cancel_jobs(state),
        Action::Suspend => vec![Effect::Suspend],
        Action::Quit => request_quit(state),
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

fn open_overlay(state: &mut TuiState, overlay: Overlay) -> Vec<Effect> {
    state.overlay = Some(overlay);
    Vec::new()
}

fn open_question(state: &mut TuiState, title: &str, lines: &[&str], danger: DangerousAction) -> Vec<Effect> {
    let lines = lines.iter().map(|line| (Role::Text, (*line).to_owned())).collect();
    let title = title.to_owned();
    open_overlay(state, Overlay::Question(QuestionDialog { title, lines, typed: None, danger, top: 0 }))
}

fn build_search_input(state: &TuiState) -> InputLine {
    let searchable = records::describe_search(state.records.domain);
    let (text, hint) = match state.screen {
        Screen::Modes => (&state.modes.search, "words of a mode"),
        Screen::Records => (&state.records.search, searchable.as_str()),
        Screen::Operations => (&state.operations.search, "a number, tool, variant, state, actor or target"),
        Screen::Checks => (&state.checks.search, "a check, a table, a key or words of a finding"),
        Screen::Journal => (&state.journal.search, "a number, a kind, an actor, or op 3"),
        Screen::Overview | Screen::Plan => (&state.records.search, ""),
    };
    let (text, hint) = (text.clone(), hint.to_owned());
    InputLine { title: "Look for".to_owned(), hint, text, purpose: InputPurpose::Search }
}

/// Asks whether to revert the target's newest fault. The number is fixed now: a fault that others commit before the
/// answer is not meant.
fn undo(state: &mut TuiState) -> Vec<Effect> {
    let name = state.target_name().map(str::to_owned);
    let active = state.status.iter().flat_map(|status| &status.active);
    let mine = active.filter(|active| name.as_ref().is_none_or(|name| *name == active.target));
    match mine.map(|active| active.op).max() {
        Some(op) => operations::open_revert_question(
            state,
            revert::Request { operations: vec![op], ..revert::Request::default() },
        ),
        None => state.show_note(Role::Note, "there is nothing to take back: no fault is in effect"),
    }
    Vec::new()
}

/// Asks whether to revert the newest operation, if that is a revert.
fn redo(state: &mut TuiState) -> Vec<Effect> {
    // Operations that changed nothing do not count.
    let newest = state.operations.lines.iter().find(|line| !["failed", "abandoned"].contains(&line.state.as_str()));
    match newest.filter(|line| line.action == mfm_journal::OperationAction::Revert) {
        Some(line) => {
            let request = revert::Request { operations: vec![line.op], ..revert::Request::default() };
            operations::open_revert_question(state, request);
        }
        None => state.show_note(Role::Note, "there is nothing to redo: the newest operation is no revert"),
    }
    Vec::new()
}

/// Shows a screen, and requests the data that it lacks.
pub fn show_screen(state: &mut TuiState, screen: Screen) -> Vec<Effect> {
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

/// Requests everything again that may have changed.
pub fn refresh(state: &mut TuiState) -> Vec<Effect> {
    state.checks.stale = state.checks.outcome.is_some();
    state.records.whole = None;
    let mut effects = overview::enter(state);
    effects.extend(state.request_job(Job::Log { before: None }));
    effects.extend(state.request_job(Job::Entries { before: None }));
    if state.records.fetched {
        let here = state.records.in_hand().map(|row| row.id);
        effects.extend(records::fetch_list(state, here));
    }
    if state.plan.mode.is_some() {
        effects.extend(plan::request_preview(state));
    }
    effects
}

fn cancel_jobs(state: &mut TuiState) -> Vec<Effect> {
    let effects = state.lanes.cancel_foreground();
    if effects.is_empty() {
        return if state.lanes.running_in(JobLane::Act).is_some() { Vec::new() } else { request_quit(state) };
    }
    state.show_note(Role::Note, "stopping at the next step; what is committed stays committed, and journaled");
    effects
}

/// Quits: at once if nothing is being written, otherwise as soon as that is sealed.
fn request_quit(state: &mut TuiState) -> Vec<Effect> {
    if state.lanes.running_in(JobLane::Act).is_none() {
        return quit_now(state);
    }
    state.ending = true;
    let mut effects = state.lanes.cancel_foreground();
    // An operation that waits for an answer would wait for ever: quitting answers no.
    if let Some(Overlay::Question(QuestionDialog { danger: DangerousAction::Asked(ticket), .. })) = &state.overlay {
        effects.push(Effect::Reply(*ticket, false));
        state.overlay = None;
    }
    state.show_note(Role::Warning, "ending as soon as what is being written is sealed in the journal");
    effects
}

fn quit_now(state: &TuiState) -> Vec<Effect> {
    vec![Effect::Remember(state.screen.name().to_owned()), Effect::Quit]
}

fn mouse_used(state: &mut TuiState, mouse: MouseEvent) -> Vec<Effect> {
    let action = match mouse.kind {
        MouseEventKind::ScrollUp => Action::Up,
        MouseEventKind::ScrollDown => Action::Down,
        MouseEventKind::Down(MouseButton::Left) => return click_at(state, mouse.column, mouse.row),
        _ => return Vec::new(),
    };
    if state.overlay.is_some() { overlays::scroll_overlay(state, action) } else { perform_action(state, action) }
}

/// Handles a click: on a name in the top bar it shows that screen, on a key of the bottom bar it presses it, on a line
/// of a list it selects it.
fn click_at(state: &mut TuiState, column: u16, row: u16) -> Vec<Effect> {
    if state.overlay.is_some() {
        return Vec::new();
    }
    if row == 0 {
        return views::bars::tab_at(state, column).map_or_else(Vec::new, |screen| show_screen(state, screen));
    }
    if row + 1 == state.size.1 {
        return views::bars::key_at(state, column).map_or_else(Vec::new, |action| perform_action(state, action));
    }
    let Some((place, length, line)) = views::line_at(state, column, row) else { return Vec::new() };
    let now = isize::try_from(place.at).unwrap_or(0);
    if line >= length {
        return Vec::new();
    }
    let by = isize::try_from(line).unwrap_or(0) - now;
    let (step, times) = if by < 0 { (Action::Up, -by) } else { (Action::Down, by) };
    // Selecting goes through the same steps as the keys, so that lists load what they need on the way.
    (0..times).flat_map(|_| perform_screen_action(state, step)).collect()
}
