//! The screen of operations, newest first: one in detail, and reverting it.

use super::{Player, matches_search, move_in_list, plan};
use crate::ops::log::{LoggedOperation, Outcome};
use crate::ops::revert;
use crate::tui::dialog::{DangerousAction, Menu, MenuChoice, Overlay, QuestionDialog};
use crate::tui::job::{self, Job};
use crate::tui::keys::Action;
use crate::tui::list::ListPosition;
use crate::tui::message::Effect;
use crate::tui::state::{self, Screen};
use crate::tui::theme::Role;

/// The view of the selected operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OperationView {
    /// Its description, and what a revert would do.
    #[default]
    Words,
    /// One of the views of its changes.
    Of(plan::PlanView),
}

/// The state of the screen.
#[derive(Debug, Default)]
pub struct OperationsScreen {
    /// The operations read so far, newest first.
    pub lines: Vec<LoggedOperation>,
    /// Whether there are older ones to read.
    pub more: bool,
    /// Whether a page has been read.
    pub fetched: bool,
    /// Why reading failed.
    pub trouble: Option<String>,
    /// The search text.
    pub search: String,
    /// The selected operation, among those that match the search.
    pub place: ListPosition,
    /// The details of the selected operation, once they are read.
    pub whole: Option<job::OperationDetail>,
    /// How its details are shown.
    pub view: OperationView,
    /// The shown control point.
    pub player: Player,
    /// The operation to select when the list arrives.
    pub goal: Option<u64>,
}

impl OperationsScreen {
    /// Returns the operations that match the search.
    #[must_use]
    pub fn visible_operations(&self) -> Vec<&LoggedOperation> {
        let mut visible = Vec::new();
        for line in &self.lines {
            let number = line.op.to_string();
            let (tool, variant) = (&line.label.tool, &line.label.variant);
            let texts = [&number, tool, variant, &line.state, &line.actor, &line.target, &line.face];
            if texts.iter().any(|text| matches_search(text, &self.search)) {
                visible.push(line);
            }
        }
        visible
    }

    /// Returns the selected operation.
    #[must_use]
    pub fn in_hand(&self) -> Option<&LoggedOperation> {
        self.visible_operations().get(self.place.at).copied()
    }
}

impl OperationsScreen {
    /// Tells whether the selected operation has pictures; true while its details are not read.
    #[must_use]
    pub fn has_pictures(&self) -> bool {
        self.whole.as_ref().is_none_or(|whole| whole.pictures.is_some())
    }

    /// Returns the number of control points, or else changes, to step through.
    #[must_use]
    pub fn still_count(&self) -> usize {
        let shown = self.whole.as_ref();
        shown.map_or(0, |whole| super::count_steps(whole.shown.changes.len(), whole.pictures.as_ref()))
    }
}

/// Requests the newest operations.
pub fn enter(state: &mut state::TuiState) -> Vec<Effect> {
    state.request_job(Job::Log { before: None })
}

/// Shows the screen with one operation selected.
pub fn look_at(state: &mut state::TuiState, op: u64) -> Vec<Effect> {
    state.operations.search.clear();
    state.operations.goal = Some(op);
    crate::tui::update::show_screen(state, Screen::Operations)
}

/// Applies a page of operations; `before` is the number it was requested for.
pub fn receive_page(state: &mut state::TuiState, outcome: Outcome, before: Option<u64>) -> Vec<Effect> {
    let operations = &mut state.operations;
    (operations.fetched, operations.trouble) = (true, None);
    let in_hand = operations.goal.take().or_else(|| operations.in_hand().map(|line| line.op));
    match before {
        None => operations.lines = outcome.operations,
        Some(_) => operations.lines.extend(outcome.operations),
    }
    operations.more = outcome.more;
    let place = in_hand.and_then(|op| operations.visible_operations().iter().position(|line| line.op == op));
    let length = operations.visible_operations().len();
    operations.place.move_to(place.unwrap_or(operations.place.at), length);
    request_missing(state, true)
}

/// Requests the details of the selected operation, and older operations if the end of the list is near. With `anew`
/// the details are read again even if they are known.
fn request_missing(state: &mut state::TuiState, anew: bool) -> Vec<Effect> {
    let operations = &state.operations;
    let older = operations.more && operations.place.at + 20 >= operations.visible_operations().len();
    let before = operations.lines.last().map(|line| line.op).filter(|_| older);
    let selected = operations.in_hand().map(|line| line.op);
    let known = operations.whole.as_ref().map(|whole| whole.shown.line.op);
    let mut effects = Vec::new();
    // Not while a page is being read: its answer asks again if the end is still near.
    if let (Some(before), None) = (before, state.lanes.running_in(job::JobLane::Log)) {
        effects.extend(state.request_job(Job::Log { before: Some(before) }));
    }
    if let Some(op) = selected.filter(|op| anew || known != Some(*op)) {
        effects.extend(state.request_job(Job::Operation(op)));
    }
    effects
}

/// Applies the details of an operation, unless another one is selected now.
pub fn receive_operation(state: &mut state::TuiState, operation: job::OperationDetail) {
    if state.operations.in_hand().is_none_or(|line| line.op != operation.shown.line.op) {
        return;
    }
    let at = operation.pictures.as_ref().map_or(0, crate::ops::browse::BeforeAfter::first_changed);
    let same = state.operations.whole.as_ref().is_some_and(|whole| whole.shown.line.op == operation.shown.line.op);
    // Reading the same operation again, after a refresh, must not stop a film.
    if !same {
        state.operations.player = Player { at, plays: false };
    }
    state.operations.whole = Some(operation);
}

/// Performs an action on this screen.
pub fn perform_action(state: &mut state::TuiState, action: Action) -> Vec<Effect> {
    let rows = super::records::rows_seen(state);
    let length = state.operations.visible_operations().len();
    if move_in_list(&mut state.operations.place, action, rows, length) {
        return request_missing(state, false);
    }
    let stills = state.operations.still_count();
    if state.operations.player.perform_action(action, stills) {
        return Vec::new();
    }
    match action {
        Action::Open | Action::View => {
            let operations = &mut state.operations;
            let has_pictures = operations.has_pictures();
            operations.view = match operations.view {
                OperationView::Words => OperationView::Of(plan::PlanView::Picture),
                OperationView::Of(plan::PlanView::Bytes) => OperationView::Words,
                OperationView::Of(view) => OperationView::Of(view.next(has_pictures)),
            };
        }
        Action::Revert => choose_way(state),
        Action::Back => state.operations.search.clear(),
        _ => {}
    }
    Vec::new()
}

/// Opens the menu of ways to revert the selected operation. Each says what it does with conflicts.
fn choose_way(state: &mut state::TuiState) {
    let Some(line) = state.operations.in_hand() else { return };
    let op = line.op;
    if line.state != "active" && line.action == mfm_journal::OperationAction::Apply {
        let text = format!("operation {op} is {}: there is nothing to take back", line.state);
        state.show_note(Role::Note, text);
        return;
    }
    let plain = revert::Request { operations: vec![op], ..revert::Request::default() };
    let cascade = revert::Request { cascade: true, ..plain.clone() };
    let skip_conflicts = revert::Request { skip_conflicts: true, ..plain.clone() };
    let force = revert::Request { force: true, ..plain.clone() };
    let ways = [
        (plain, "take back", "all rows or none: a row changed by others stops it"),
        (cascade, "cascade", "first take back later operations on the same rows"),
        (skip_conflicts, "skip conflicts", "restore what is possible; leave rows that others changed"),
        (force, "force", "overwrite what others wrote to these rows"),
    ];
    let lines = ways.map(|(way, name, about)| (MenuChoice::Revert(way), name.to_owned(), about.to_owned())).to_vec();
    let title = format!("Take operation {op} back");
    state.overlay = Some(Overlay::Menu(Menu { title, lines, place: ListPosition::default() }));
}

/// Asks whether to revert operations.
pub fn open_revert_question(state: &mut state::TuiState, request: revert::Request) {
    let line = request.operations.first().and_then(|op| state.operations.lines.iter().find(|line| line.op == *op));
    let what = line.map_or_else(String::new, |line| {
        let of = line
            .reverts
            .map_or_else(|| format!("{} {}", line.label.tool, line.label.variant), |op| format!("the revert of {op}"));
        format!(", {of}, of {} at {}", line.actor, line.at.chars().take(19).collect::<String>().replace('T', " "))
    });
    let which =
        request.operations.first().map_or_else(|| "every fault".to_owned(), |op| format!("operation {op}{what}"));
    let target = state.target_name().unwrap_or("the target").to_owned();
    let about = match (request.cascade, request.skip_conflicts, request.force) {
        (true, ..) => "Later operations on the same rows are taken back first.",
        (_, true, _) => "Rows that others changed in the meantime are left unchanged and listed.",
        (.., true) => "Rows that others changed in the meantime are OVERWRITTEN.",
        _ => "If others changed any of its rows in the meantime, nothing is written.",
    };
    let role = if request.force { Role::Danger } else { Role::Text };
    let again = line.is_some_and(|line| line.action == mfm_journal::OperationAction::Revert);
    let mut lines = vec![(Role::Text, format!("Take {which} back on {target}?"))];
    if again {
        lines.push((Role::Warning, "It is a revert: its fault will be in effect again.".to_owned()));
    }
    lines.push((role, about.to_owned()));
    // Overwriting other people's changes takes more than a key: the target's name has to be typed.
    let typed = request.force.then(|| (target, String::new()));
    state.overlay = Some(Overlay::Question(QuestionDialog {
        title: "Take back".to_owned(),
        lines,
        typed,
        danger: DangerousAction::Revert(request),
        top: 0,
    }));
}
