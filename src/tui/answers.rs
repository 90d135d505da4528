//! Applies the answers of jobs to the state.

use super::dialog::{Overlay, TextDialog};
use super::job::{Job, JobAnswer, JobLane};
use super::message::Effect;
use super::next_step;
use super::screens::{approvals, checks, journal, operations, plan, queries, records};
use super::state::{Screen, TuiState};
use super::theme::Role;
use super::update;
use crate::ops::{Failure, audit, drill, recover, revert};

/// Applies the answer of a job that ran in `lane`, and returns what to do next.
pub fn receive_answer(state: &mut TuiState, lane: JobLane, answer: JobAnswer) -> Vec<Effect> {
    match answer {
        JobAnswer::Status(outcome) => {
            state.trouble = None;
            return receive_status(state, *outcome);
        }
        JobAnswer::Drills(list) => state.overview.drills = Some(*list),
        JobAnswer::Page(request, outcome) => return records::receive_page(state, &request, *outcome),
        JobAnswer::Count(number) => state.records.total = Some(number),
        JobAnswer::Record(whole) => {
            records::receive_record(state, *whole);
        }
        JobAnswer::Found(outcome) => return plan::receive_found_record(state, &outcome),
        JobAnswer::Preview(preview) => plan::receive_preview(state, *preview),
        JobAnswer::Applied(outcome) => {
            let op = outcome.op.unwrap_or_default();
            state.show_note(
                Role::Good,
                format!("operation {op} is committed; u takes it back, c shows what the checks see"),
            );
            let mut effects = operations::look_at(state, op);
            effects.extend(update::refresh(state));
            return effects;
        }
        JobAnswer::Log(outcome, before) => return operations::receive_page(state, *outcome, before),
        JobAnswer::Operation(operation) => operations::receive_operation(state, *operation),
        JobAnswer::Reverted(outcome) => {
            report_revert(state, &outcome);
            return update::refresh(state);
        }
        JobAnswer::Recovered(outcome) => {
            report_recovery(state, &outcome);
            return update::refresh(state);
        }
        JobAnswer::Verified(outcome) => report_audit(state, &outcome),
        JobAnswer::Checked(outcome) => checks::receive_outcome(state, *outcome),
        JobAnswer::Drilled(outcome) => {
            report_drill(state, &outcome);
            return update::refresh(state);
        }
        JobAnswer::Asked(outcome) => queries::receive_answer(state, *outcome),
        JobAnswer::Entries(entries, before) => journal::receive_entries(state, entries, before),
        JobAnswer::Approvals(outcome) => approvals::receive_waiting(state, outcome.waiting),
        JobAnswer::Approved(outcome) => approvals::receive_approval(state, *outcome),
        JobAnswer::Failed(failure) => return receive_failure(state, lane, *failure),
    }
    Vec::new()
}

/// Applies a status. If the journal has more entries than before, others have written: the audit and the checks are
/// outdated, and lists are read again.
fn receive_status(state: &mut TuiState, outcome: crate::ops::status::Outcome) -> Vec<Effect> {
    let before = state.status.as_ref().map(|status| status.entries);
    let moved_on = before.is_some_and(|before| before != outcome.entries);
    let length = outcome.active.len();
    state.overview.place.move_to(state.overview.place.at, length);
    state.status = Some(outcome);
    state.follow_target();
    let mut effects = if state.screen == Screen::Records { records::enter(state) } else { Vec::new() };
    if !moved_on {
        return effects;
    }
    state.overview.audit = None;
    state.checks.stale = state.checks.outcome.is_some();
    effects.extend(state.request_job(Job::Log { before: None }));
    effects.extend(state.request_job(Job::Entries { before: None }));
    effects
}

/// Shows a failure: that of a background read in the place of its content, that of something a person asked for in
/// the status line.
fn receive_failure(state: &mut TuiState, lane: JobLane, failure: Failure) -> Vec<Effect> {
    let text = render_failure(&failure);
    match lane {
        JobLane::Status => {
            state.trouble = Some(text);
            // The list of records waits for a status to know its domain: without one it shows the error itself.
            return if state.screen == Screen::Records { records::enter(state) } else { Vec::new() };
        }
        JobLane::List => state.records.trouble = Some(text),
        JobLane::Preview => state.plan.failure = Some(failure),
        JobLane::Log => (state.operations.fetched, state.operations.trouble) = (true, Some(text)),
        JobLane::Journal => state.journal.trouble = Some(text),
        JobLane::Check => {
            state.checks.trouble = Some(text.clone());
            state.show_note(Role::Danger, text);
        }
        JobLane::Record => state.records.whole = None,
        JobLane::Operation => state.operations.whole = None,
        JobLane::Ask => queries::receive_failure(state, text),
        JobLane::Approvals => (state.approvals.waiting, state.approvals.trouble) = (Vec::new(), Some(text)),
        JobLane::Drills | JobLane::Count => {}
        JobLane::Verify => {
            state.overview.audit = Some((false, text.clone()));
            state.show_note(Role::Danger, text);
        }
        JobLane::Act if state.approvals.chosen.is_some() => return approvals::receive_failure(state, &failure),
        JobLane::Act => {
            state.show_note(Role::Danger, text);
            return update::refresh(state);
        }
    }
    Vec::new()
}

/// Returns a failure as a sentence with its code and a hint.
#[must_use]
pub fn render_failure(failure: &Failure) -> String {
    let Failure { code, message, next, .. } = failure;
    let hint = next_step::render_hint(next);
    if hint.is_empty() { format!("{message} [{code}]") } else { format!("{message} [{code}]: {hint}") }
}

fn report_revert(state: &mut TuiState, outcome: &revert::Outcome) {
    let numbers: Vec<String> = outcome.operations.iter().map(|line| line.reverts.to_string()).collect();
    let conflicts: usize = outcome.operations.iter().map(|line| line.conflicts.len()).sum();
    let again = outcome.operations.iter().any(|line| line.again);
    let drift: usize = outcome.operations.iter().map(|line| line.drift.len()).sum();
    let back = numbers.join(", ");
    match (conflicts, again) {
        (0, true) => state.show_note(Role::Good, format!("the fault of operation {back} is in effect again")),
        (0, false) if drift > 0 => {
            let rows = super::words::render_count(drift as u64, "row");
            let text = format!("operation {back} is taken back; other cells of {rows} have changed");
            state.show_note(Role::Warning, text);
        }
        (0, false) if outcome.operations.is_empty() => state.show_note(Role::Note, "there was nothing to revert"),
        (0, false) => {
            state.show_note(Role::Good, format!("operation {back} is taken back, exactly; U commits it once more"));
        }
        (conflicts, _) => {
            let rows = super::words::render_count(conflicts as u64, "row");
            state.show_note(
                Role::Warning,
                format!("operation {back} is taken back except for {rows}, which others changed"),
            );
        }
    }
}

fn report_recovery(state: &mut TuiState, outcome: &recover::Outcome) {
    let results: Vec<String> =
        outcome.operations.iter().map(|line| format!("operation {}: {}", line.op, line.state)).collect();
    match (results.is_empty(), outcome.left_open()) {
        (true, _) => state.show_note(Role::Good, "nothing was open"),
        (false, true) => state.show_note(Role::Warning, results.join(", ")),
        (false, false) => state.show_note(Role::Good, results.join(", ")),
    }
}

fn report_audit(state: &mut TuiState, outcome: &audit::Outcome) {
    let findings = &outcome.journal.findings;
    // A target that could not be read leaves the audit incomplete, which must not look like success.
    let unseen = outcome.live.iter().find_map(|line| Some((&line.target, line.not_run.as_ref()?)));
    let entries = super::words::render_thousands(outcome.journal.entries);
    let (ok, text) = match (findings.len(), unseen) {
        (0, None) => (true, format!("{entries} entries verified, and every row ever touched matches the journal")),
        (0, Some((target, why))) => {
            (false, format!("{entries} entries verified, but target {target} could not be read: {why}"))
        }
        (many, _) => {
            (false, format!("{} discrepancies", super::words::render_count(many as u64, "finding of the audit")))
        }
    };
    // A ruined journal may have thousands of findings; the first thousand show what is wrong.
    if !findings.is_empty() {
        let mut lines = Vec::new();
        for finding in findings.iter().take(1000) {
            lines.push((Role::Danger, format!("{} [{}]", finding.message, finding.code)));
        }
        state.overlay = Some(Overlay::Text(TextDialog { title: "What the audit found".to_owned(), lines, top: 0 }));
    }
    state.overview.audit = Some((ok, text.clone()));
    state.show_note(if ok { Role::Good } else { Role::Danger }, text);
}

fn report_drill(state: &mut TuiState, outcome: &drill::Outcome) {
    let total = outcome.matrix.totals.first();
    let caught = total.map_or(0, |total| total.cell.caught);
    let exact = if outcome.exact == Some(true) { "every table is unchanged" } else { "TABLES HAVE CHANGED" };
    let role = if outcome.ok { Role::Good } else { Role::Warning };
    state.show_note(role, format!("drill {}: {caught} of {} faults caught; {exact}", outcome.drill, outcome.tried));
    state.overlay = Some(super::overlays::build_matrix_overlay(outcome));
}

/// Returns the first requests, for the screen that is shown at the start.
pub fn request_initial_data(state: &mut TuiState) -> Vec<Effect> {
    let screen = state.screen;
    let mut effects = update::show_screen(state, screen);
    // The overview requests the status by itself.
    if screen != Screen::Overview {
        effects.extend(state.request_status());
    }
    effects.extend(state.request_job(Job::Log { before: None }));
    effects
}
