//! One trial: commits a fault, runs the detectors, reverts the fault whatever they report, and runs them once more.

use std::collections::BTreeSet;

use mfm_journal::Journal;

use super::detector::{Detector, KnownFault};
use super::matrix::{JudgedLook, Trial};
use super::{ledger, past};
use crate::domain::params::Size;
use crate::domains;
use crate::engine::apply::{CommittedOperation, PreparedOperation};
use crate::engine::revert::{RevertOptions, RevertSelection};
use crate::model::Key;
use crate::model::NextSteps;
use crate::model::next_step::{Deed, act};
use crate::model::ports::Reporter;
use crate::ops::cell;
use crate::ops::context::{ChosenTarget, Context};
use crate::ops::failure::{Failure, FailureKind};
use crate::ops::plan::{self, BuiltPlan, ResolvedRequest};
use crate::ops::select::Records;
use crate::targets::Target;

/// A drill under way, as its trials need it.
pub(super) struct DrillRun<'a, 'c> {
    pub(super) context: &'a Context<'c>,
    pub(super) journal: &'a mut Journal,
    pub(super) target: &'a mut dyn Target,
    pub(super) chosen: &'a ChosenTarget,
    pub(super) detectors: &'a mut [Detector],
    /// The drill's number.
    pub(super) drill: u64,
    /// Number of faults that the drill has tried in this journal before.
    pub(super) tried_before: u64,
}

/// What one trial tries.
pub(super) struct TrialCase<'k> {
    /// The record's key.
    pub(super) key: &'k Key,
    /// The trial's number in the drill, from 1.
    pub(super) number: u64,
    /// The size of the fault, where one was chosen.
    pub(super) size: Option<Size>,
}

/// A reporter that is never interrupted: a committed fault is reverted first, whatever the user wants.
struct UninterruptedReporter<'r>(&'r dyn Reporter);

impl Reporter for UninterruptedReporter<'_> {
    fn progress(&self, step: &str, done: u64, total: u64) {
        self.0.progress(step, done, total);
    }

    fn note(&self, text: &str) {
        self.0.note(text);
    }
}

/// The revert of a fault: its operation, and whether every row was restored.
struct RevertedFault {
    op: u64,
    exact: bool,
}

impl DrillRun<'_, '_> {
    /// Runs the trial of one record; where its fault is refused, returns the reason as the inner error.
    ///
    /// # Errors
    /// A target or journal error, or that the user asked to stop; the fault is reverted first.
    pub(super) fn run_trial(
        &mut self,
        resolved: &mut ResolvedRequest,
        case: &TrialCase<'_>,
        commands_too: bool,
    ) -> Result<Result<Trial, String>, Failure> {
        let TrialCase { key, number, size } = *case;
        resolved.records = Records::Keys(vec![key.clone()]);
        let mut plan = match plan::build_plan(self.context, self.journal, self.target, self.chosen, resolved) {
            Ok(plan) => plan,
            Err(failure) if failure.kind == FailureKind::Refused => return Ok(Err(failure.message)),
            Err(failure) => return Err(failure),
        };
        // The note by which the next drill finds this fault, should this one not get to revert it.
        plan.proposal.detail.insert("drill".into(), ledger::build_mark(self.drill, number));
        let committed = self.commit(&plan)?;
        let table = resolved.mode.card().choose_record(&plan.outcome.params).table;
        let record = std::slice::from_ref(key);
        let fault = KnownFault::from_changes(plan.prepared.changes(), table, record, resolved.mode.card().checks);
        // The result is looked at only after the revert: no error of a detector may leave the fault in place.
        let looks = self.judge_fault(&fault);
        let back = self.take_back(committed.op).map_err(|failure| fault_stands(failure, committed.op))?;
        let looks = looks?;
        let controls = self.judge_control(&fault.tables, commands_too)?;
        let mut trial = build_trial(number, resolved, &plan, &committed, &back, looks, controls);
        trial.size = size;
        ledger::append_entry(
            self.context,
            self.journal,
            ledger::TRIAL,
            &ledger::to_journaled_trial(self.drill, &trial),
        )?;
        Ok(Ok(trial))
    }

    fn commit(&mut self, plan: &BuiltPlan) -> Result<CommittedOperation, Failure> {
        let mut engine = self.context.engine(self.journal, self.target, &self.chosen.name);
        // The drill is the only one to ask for consent, so entries that others wrote meanwhile are no surprise.
        engine.seen = engine.journal.head().seq;
        Ok(engine.commit(&plan.proposal, &plan.prepared)?)
    }

    fn judge_fault(&mut self, fault: &KnownFault<'_>) -> Result<Vec<JudgedLook>, Failure> {
        let (context, target) = (self.context, &mut *self.target);
        self.detectors.iter_mut().map(|detector| detector.judge_fault(context, target, fault)).collect()
    }

    /// Runs mfm's own checks on the restored data, and with `commands_too` also the commands, which are slow.
    fn judge_control(&mut self, tables: &BTreeSet<&str>, commands_too: bool) -> Result<Vec<JudgedLook>, Failure> {
        let mut looks = Vec::new();
        for detector in &mut *self.detectors {
            if commands_too || matches!(detector, Detector::Checks(_)) {
                looks.push(detector.judge_control(self.context, self.target, tables)?);
            }
        }
        Ok(looks)
    }

    fn take_back(&mut self, op: u64) -> Result<RevertedFault, Failure> {
        let reverted = take_back(self.context, self.journal, self.target, &self.chosen.name, vec![op])?;
        reverted.into_iter().next().ok_or_else(|| taken_back(op))
    }
}

/// Reverts operations, newest first, even if the user asked to stop.
fn take_back(
    context: &Context<'_>,
    journal: &mut Journal,
    target: &mut dyn Target,
    name: &str,
    operations: Vec<u64>,
) -> Result<Vec<RevertedFault>, Failure> {
    let steady = UninterruptedReporter(context.reporter);
    let mut engine = context.engine(journal, target, name);
    engine.reporter = &steady;
    let options = RevertOptions::default();
    let mut judged = engine.judge_reverts(&RevertSelection::Operations(operations), options)?;
    engine.prepare_alone(&mut judged, options)?;
    let mut out = Vec::new();
    for planned in &judged.planned {
        let outcome = engine.revert(planned, options)?;
        let exact = outcome.conflicts.is_empty() && outcome.drift.is_empty();
        out.push(RevertedFault { op: outcome.op.unwrap_or_default(), exact });
    }
    Ok(out)
}

/// Reverts the faults that an earlier drill left, and returns their number.
///
/// # Errors
/// A target or journal error.
pub(super) fn take_back_all(
    context: &Context<'_>,
    journal: &mut Journal,
    target: &mut dyn Target,
    name: &str,
    operations: Vec<u64>,
) -> Result<u64, Failure> {
    if operations.is_empty() {
        return Ok(0);
    }
    take_back(context, journal, target, name, operations).map(|reverted| reverted.len() as u64)
}

/// Returns the failure for a fault that another process reverted during its trial, whose verdicts are worthless.
fn taken_back(op: u64) -> Failure {
    let message = format!("somebody else took operation {op} of the drill back while the detectors ran");
    let hint = "a command under test must write neither to the target nor to the journal; then drill again";
    Failure::new(FailureKind::Found, "fault_taken_back", message, hint)
}

/// Adds to a failed revert which fault is still in effect, and how to revert it.
fn fault_stands(failure: Failure, op: u64) -> Failure {
    let message = format!("operation {op} of the drill is still in effect: {}", failure.message);
    if failure.code == "fault_taken_back" {
        return failure;
    }
    if failure.kind == FailureKind::Refused {
        // A drill never forces a revert, so the next one would be refused as well: the user has to do it.
        let next = NextSteps::from(act(Deed::revert([op]), "with one of its options takes it back")).and(failure.next);
        let stands =
            Failure::new(FailureKind::Found, "fault_stands", message, next.and("no drill can start before that"));
        return Failure { conflicts: failure.conflicts, ..stands };
    }
    let then = act(Deed::revert([op]), "or the next drill then takes it back");
    Failure { message, ..failure.and_next(then) }
}

fn build_trial(
    number: u64,
    resolved: &ResolvedRequest,
    plan: &BuiltPlan,
    committed: &CommittedOperation,
    back: &RevertedFault,
    looks: Vec<JudgedLook>,
    controls: Vec<JudgedLook>,
) -> Trial {
    let card = resolved.mode.card();
    let variant = card.variants.iter().find(|variant| variant.word == plan.outcome.label.variant);
    Trial {
        trial: number,
        tool: card.tool,
        variant: variant.map_or(card.tool, |variant| variant.word),
        size: None,
        table: card.choose_record(&plan.outcome.params).table,
        record: plan.outcome.keys.first().cloned().unwrap_or_else(|| cell::to_json(&mfm_journal::Value::Null)),
        op: committed.op,
        reverted_by: back.op,
        job: None,
        plan_digest: plan.outcome.plan_digest,
        rows: committed.rows,
        exact: back.exact && committed.drift.is_empty(),
        repair: assess_repair(card.id, &plan.outcome.label.variant, &plan.prepared),
        looks,
        controls,
    }
}

/// Returns whether the original could be restored without the journal, judged by the first changed column.
fn assess_repair(mode: &str, variant: &str, prepared: &PreparedOperation) -> crate::domain::repair::Repair {
    let place = prepared.changes().first().and_then(past::first_changed_column);
    let domain = domains::of_mode(mode).unwrap_or(domains::FIRST);
    domain.assess_repair(mode, variant, place.as_ref().map(|(table, column)| (table.as_str(), column.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::next_step::{Flag, StepKind, give};

    #[test]
    fn a_fault_that_stands_is_no_refusal_and_promises_no_next_drill() {
        let refused = Failure::new(FailureKind::Refused, "conflict", "1 row differs", give(Flag::Force, "overwrites"));
        let failure = fault_stands(refused, 7);
        assert_eq!((failure.kind.exit_code(), failure.code.as_str()), (1, "fault_stands"));
        assert!(failure.message.starts_with("operation 7 of the drill is still in effect: "), "{}", failure.message);
        let ways = |failure: &Failure| failure.next.as_slice().iter().map(|step| step.way.clone()).collect::<Vec<_>>();
        let revert = StepKind::Run(Deed::revert([7]));
        let force = StepKind::Give { option: Flag::Force, value: None };
        assert_eq!(ways(&failure), [revert.clone(), force, StepKind::Say]);
        let lost = fault_stands(Failure::new(FailureKind::Target, "left_open", "lost", act(Deed::Recover, "")), 7);
        assert_eq!((lost.kind, ways(&lost)), (FailureKind::Target, vec![StepKind::Run(Deed::Recover), revert]));
    }
}
