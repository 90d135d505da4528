//! What the operations answered, taken into what is known; runs nothing.

use super::dialog::{Overlay, Text};
use super::job::{Answer, Job, Lane};
use super::look::Role;
use super::message::Effect;
use super::next_step;
use super::screens::{checks, journal, operations, plan, queries, records};
use super::state::{Screen, State};
use super::update;
use crate::ops::{Failure, audit, drill, recover, revert};

/// Takes in what a job of a lane came to.
pub fn take(state: &mut State, lane: Lane, answer: Answer) -> Vec<Effect> {
    match answer {
        Answer::Status(outcome) => {
            state.trouble = None;
            return standing(state, *outcome);
        }
        Answer::Drills(list) => state.overview.drills = Some(*list),
        Answer::Page(request, outcome) => return records::take(state, &request, *outcome),
        Answer::Count(number) => state.records.total = Some(number),
        Answer::Record(whole) => {
            records::take_whole(state, *whole);
        }
        Answer::Found(outcome) => return plan::found(state, &outcome),
        Answer::Preview(preview) => plan::take(state, *preview),
        Answer::Applied(outcome) => {
            let op = outcome.op.unwrap_or_default();
            state.say(Role::Good, format!("operation {op} is committed; u takes it back, c shows what the checks see"));
            let mut effects = operations::look_at(state, op);
            effects.extend(update::refresh(state));
            return effects;
        }
        Answer::Log(outcome, before) => return operations::take(state, *outcome, before),
        Answer::Operation(operation) => operations::take_whole(state, *operation),
        Answer::Reverted(outcome) => {
            reverted(state, &outcome);
            return update::refresh(state);
        }
        Answer::Recovered(outcome) => {
            recovered(state, &outcome);
            return update::refresh(state);
        }
        Answer::Verified(outcome) => verified(state, &outcome),
        Answer::Checked(outcome) => checks::take(state, *outcome),
        Answer::Drilled(outcome) => {
            drilled(state, &outcome);
            return update::refresh(state);
        }
        Answer::Asked(outcome) => queries::take(state, *outcome),
        Answer::Entries(entries, before) => journal::take(state, entries, before),
        Answer::Failed(failure) => return failed(state, lane, *failure),
    }
    Vec::new()
}

/// Takes in how things stand; what others wrote meanwhile makes older answers old.
fn standing(state: &mut State, outcome: crate::ops::status::Outcome) -> Vec<Effect> {
    let before = state.status.as_ref().map(|status| status.entries);
    let moved_on = before.is_some_and(|before| before != outcome.entries);
    let length = outcome.active.len();
    state.overview.place.go(state.overview.place.at, length);
    state.status = Some(outcome);
    state.follow_target();
    let mut effects = if state.screen == Screen::Records { records::enter(state) } else { Vec::new() };
    if !moved_on {
        return effects;
    }
    state.overview.audit = None;
    state.checks.stale = state.checks.outcome.is_some();
    effects.extend(state.ask(Job::Log { before: None }));
    effects.extend(state.ask(Job::Entries { before: None }));
    effects
}

/// What was only read is said where it would have been seen; what was wanted is said at the foot.
fn failed(state: &mut State, lane: Lane, failure: Failure) -> Vec<Effect> {
    let text = sentence(&failure);
    match lane {
        Lane::Status => {
            state.trouble = Some(text);
            // What the list would say of it is said there too.
            return if state.screen == Screen::Records { records::enter(state) } else { Vec::new() };
        }
        Lane::List => state.records.trouble = Some(text),
        Lane::Preview => state.plan.failure = Some(failure),
        Lane::Log => (state.operations.fetched, state.operations.trouble) = (true, Some(text)),
        Lane::Journal => state.journal.trouble = Some(text),
        Lane::Check => {
            state.checks.trouble = Some(text.clone());
            state.say(Role::Danger, text);
        }
        Lane::Record => state.records.whole = None,
        Lane::Operation => state.operations.whole = None,
        Lane::Ask => queries::failed(state, text),
        Lane::Drills | Lane::Count => {}
        Lane::Verify => {
            state.overview.audit = Some((false, text.clone()));
            state.say(Role::Danger, text);
        }
        Lane::Act => {
            state.say(Role::Danger, text);
            return update::refresh(state);
        }
    }
    Vec::new()
}

/// Returns a failure in a sentence, with what to do about it.
#[must_use]
pub fn sentence(failure: &Failure) -> String {
    let Failure { code, message, next, .. } = failure;
    let hint = next_step::hint(next);
    if hint.is_empty() { format!("{message} [{code}]") } else { format!("{message} [{code}]: {hint}") }
}

fn reverted(state: &mut State, outcome: &revert::Outcome) {
    let back: Vec<String> = outcome.operations.iter().map(|line| line.reverts.to_string()).collect();
    let conflicts: usize = outcome.operations.iter().map(|line| line.conflicts.len()).sum();
    let again = outcome.operations.iter().any(|line| line.again);
    let drift: usize = outcome.operations.iter().map(|line| line.drift.len()).sum();
    let back = back.join(", ");
    match (conflicts, again) {
        (0, true) => state.say(Role::Good, format!("the fault of operation {back} is in effect again")),
        (0, false) if drift > 0 => {
            let rows = super::words::count(drift as u64, "row");
            let text = format!("operation {back} is taken back; further cells of {rows} are not as they were");
            state.say(Role::Warning, text);
        }
        (0, false) if outcome.operations.is_empty() => state.say(Role::Note, "there was nothing to take back"),
        (0, false) => state.say(Role::Good, format!("operation {back} is taken back, exactly; U commits it once more")),
        (left, _) => {
            let rows = super::words::count(left as u64, "row");
            state.say(Role::Warning, format!("operation {back} is taken back but for {rows}, which others changed"));
        }
    }
}

fn recovered(state: &mut State, outcome: &recover::Outcome) {
    let said: Vec<String> =
        outcome.operations.iter().map(|line| format!("operation {}: {}", line.op, line.state)).collect();
    match (said.is_empty(), outcome.left_open()) {
        (true, _) => state.say(Role::Good, "nothing was open"),
        (false, true) => state.say(Role::Warning, said.join(", ")),
        (false, false) => state.say(Role::Good, said.join(", ")),
    }
}

fn verified(state: &mut State, outcome: &audit::Outcome) {
    let findings = &outcome.journal.findings;
    let unseen = outcome.live.iter().find_map(|line| Some((&line.target, line.not_run.as_ref()?)));
    let entries = super::words::thousands(outcome.journal.entries);
    let (ok, text) = match (findings.len(), unseen) {
        (0, None) => (true, format!("{entries} entries verified, and every row ever touched is as the journal says")),
        (0, Some((target, why))) => {
            (false, format!("{entries} entries verified, but target {target} could not be looked at: {why}"))
        }
        (many, _) => (false, format!("{} speak against it", super::words::count(many as u64, "finding of the audit"))),
    };
    if !findings.is_empty() {
        let line = |finding: &mfm_journal::Finding| (Role::Danger, format!("{} [{}]", finding.message, finding.code));
        let lines = findings.iter().take(1000).map(line).collect();
        state.overlay = Some(Overlay::Text(Text { title: "What the audit found".to_owned(), lines, top: 0 }));
    }
    state.overview.audit = Some((ok, text.clone()));
    state.say(if ok { Role::Good } else { Role::Danger }, text);
}

fn drilled(state: &mut State, outcome: &drill::Outcome) {
    let total = outcome.matrix.totals.first();
    let caught = total.map_or(0, |total| total.cell.caught);
    let exact = if outcome.exact { "every table is what it was" } else { "TABLES DIFFER from what they were" };
    let role = if outcome.ok { Role::Good } else { Role::Warning };
    state.say(role, format!("drill {}: {caught} of {} faults caught; {exact}", outcome.drill, outcome.tried));
    state.overlay = Some(super::overlays::matrix(outcome));
}

/// What has to be known before anything is drawn.
pub fn begin(state: &mut State) -> Vec<Effect> {
    let screen = state.screen;
    let mut effects = update::show(state, screen);
    if screen != Screen::Overview {
        effects.extend(state.ask(Job::Status));
    }
    effects.extend(state.ask(Job::Log { before: None }));
    effects
}
