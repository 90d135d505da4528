//! What was done, newest first; one operation whole; taking it back.

use super::{Player, matches_search, move_in_list, plan};
use crate::ops::log::{LoggedOperation, Outcome};
use crate::ops::revert;
use crate::tui::dialog::{DangerousAction, Menu, MenuChoice, Overlay, QuestionDialog};
use crate::tui::job::{self, Job};
use crate::tui::keys::Action;
use crate::tui::list::ListPosition;
use crate::tui::look::Role;
use crate::tui::message::Effect;
use crate::tui::state::{self, Screen};

/// Which view of the operation in hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OperationView {
    /// What it is, and what a revert would do.
    #[default]
    Words,
    /// Its preview's views.
    Of(plan::PlanView),
}

/// What is known of the operations.
#[derive(Debug, Default)]
pub struct OperationsScreen {
    /// The operations, newest first.
    pub lines: Vec<LoggedOperation>,
    /// Whether there are older ones.
    pub more: bool,
    /// Whether anything was fetched.
    pub fetched: bool,
    /// What went wrong.
    pub trouble: Option<String>,
    /// What is looked for.
    pub search: String,
    /// Which is in hand, of those that fit.
    pub place: ListPosition,
    /// The operation in hand, whole.
    pub whole: Option<job::OperationDetail>,
    /// How it is seen.
    pub view: OperationView,
    /// Which control point.
    pub player: Player,
    /// The operation that is to be in hand once the list is there.
    pub goal: Option<u64>,
}

impl OperationsScreen {
    /// Returns the operations that fit the search.
    #[must_use]
    pub fn visible_operations(&self) -> Vec<&LoggedOperation> {
        let fits = |line: &&LoggedOperation| {
            let number = line.op.to_string();
            [&number, &line.label.tool, &line.label.variant, &line.state, &line.actor, &line.target, &line.face]
                .iter()
                .any(|text| matches_search(text, &self.search))
        };
        self.lines.iter().filter(fits).collect()
    }

    /// Returns the operation in hand.
    #[must_use]
    pub fn in_hand(&self) -> Option<&LoggedOperation> {
        self.visible_operations().get(self.place.at).copied()
    }
}

impl OperationsScreen {
    /// Tells whether the operation in hand has pictures, as far as that is known.
    #[must_use]
    pub fn has_pictures(&self) -> bool {
        self.whole.as_ref().is_none_or(|whole| whole.pictures.is_some())
    }

    /// Returns how many control points, or else changes, there are to step through.
    #[must_use]
    pub fn still_count(&self) -> usize {
        let shown = self.whole.as_ref();
        shown.map_or(0, |whole| super::count_steps(whole.shown.changes.len(), whole.pictures.as_ref()))
    }
}

/// Asks for what it shows.
pub fn enter(state: &mut state::TuiState) -> Vec<Effect> {
    state.request_job(Job::Log { before: None })
}

/// Goes to one operation.
pub fn look_at(state: &mut state::TuiState, op: u64) -> Vec<Effect> {
    state.operations.search.clear();
    state.operations.goal = Some(op);
    crate::tui::update::show_screen(state, Screen::Operations)
}

/// Takes in a page of operations.
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

/// Asks for the operation in hand, and for older ones where the end of the list is near.
fn request_missing(state: &mut state::TuiState, anew: bool) -> Vec<Effect> {
    let operations = &state.operations;
    let older = operations.more && operations.place.at + 20 >= operations.visible_operations().len();
    let before = operations.lines.last().map(|line| line.op).filter(|_| older);
    let wanted = operations.in_hand().map(|line| line.op);
    let known = operations.whole.as_ref().map(|whole| whole.shown.line.op);
    let mut effects = Vec::new();
    if let (Some(before), None) = (before, state.lanes.running_in(job::JobLane::Log)) {
        effects.extend(state.request_job(Job::Log { before: Some(before) }));
    }
    if let Some(op) = wanted.filter(|op| anew || known != Some(*op)) {
        effects.extend(state.request_job(Job::Operation(op)));
    }
    effects
}

/// Takes in an operation.
pub fn receive_operation(state: &mut state::TuiState, operation: job::OperationDetail) {
    if state.operations.in_hand().is_none_or(|line| line.op != operation.shown.line.op) {
        return;
    }
    let at = operation.pictures.as_ref().map_or(0, crate::ops::browse::BeforeAfter::first_changed);
    let same = state.operations.whole.as_ref().is_some_and(|whole| whole.shown.line.op == operation.shown.line.op);
    if !same {
        state.operations.player = Player { at, plays: false };
    }
    state.operations.whole = Some(operation);
}

/// Does what a key says.
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
            let drawn = operations.has_pictures();
            operations.view = match operations.view {
                OperationView::Words => OperationView::Of(plan::PlanView::Picture),
                OperationView::Of(plan::PlanView::Bytes) => OperationView::Words,
                OperationView::Of(view) => OperationView::Of(view.next(drawn)),
            };
        }
        Action::Revert => choose_way(state),
        Action::Back => state.operations.search.clear(),
        _ => {}
    }
    Vec::new()
}

/// Lets a person choose how to take the operation in hand back; each way says what it does in a conflict.
fn choose_way(state: &mut state::TuiState) {
    let Some(line) = state.operations.in_hand() else { return };
    let op = line.op;
    if line.state != "active" && line.action == mfm_journal::OperationAction::Apply {
        let said = format!("operation {op} is {}: there is nothing of it to take back", line.state);
        state.show_note(Role::Note, said);
        return;
    }
    let way = |cascade, skip_conflicts, force| revert::Request {
        operations: vec![op],
        cascade,
        skip_conflicts,
        force,
        ..revert::Request::default()
    };
    let ways = [
        (way(false, false, false), "take back", "all rows or none: a row that others changed stops it"),
        (way(true, false, false), "cascade", "first take back later operations on the same rows"),
        (way(false, true, false), "skip conflicts", "put back what can be; leave rows that others changed"),
        (way(false, false, true), "force", "overwrite what others wrote to these rows"),
    ];
    let lines = ways.map(|(way, name, about)| (MenuChoice::Revert(way), name.to_owned(), about.to_owned())).to_vec();
    let title = format!("Take operation {op} back");
    state.overlay = Some(Overlay::Menu(Menu { title, lines, place: ListPosition::default() }));
}

/// Asks whether to take operations back.
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
        (_, true, _) => "Rows that others changed meanwhile stay as they are, and are listed.",
        (.., true) => "Rows that others changed meanwhile are OVERWRITTEN.",
        _ => "If others changed any of its rows meanwhile, nothing is written.",
    };
    let role = if request.force { Role::Danger } else { Role::Text };
    let again = request.operations.first().and_then(|op| state.operations.lines.iter().find(|line| line.op == *op));
    let again = again.is_some_and(|line| line.action == mfm_journal::OperationAction::Revert);
    let mut lines = vec![(Role::Text, format!("Take {which} back on {target}?"))];
    if again {
        lines.push((Role::Warning, "It is a revert: the fault that it took back will be in effect again.".to_owned()));
    }
    lines.push((role, about.to_owned()));
    let typed = request.force.then(|| (target, String::new()));
    state.overlay = Some(Overlay::Question(QuestionDialog {
        title: "Take back".to_owned(),
        lines,
        typed,
        danger: DangerousAction::Revert(request),
    }));
}
