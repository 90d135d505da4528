//! One trial: a fault is committed, looked at, and taken back, whatever the looks say; then looked at once more.

use std::collections::BTreeSet;

use mfm_journal::Journal;

use super::detector::{Detector, KnownFault};
use super::matrix::{JudgedLook, Trial};
use super::{ledger, past};
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

/// What every trial of a drill works with.
pub(super) struct DrillRun<'a, 'c> {
    /// What the drill works with.
    pub(super) context: &'a Context<'c>,
    /// The journal.
    pub(super) journal: &'a mut Journal,
    /// The target.
    pub(super) target: &'a mut dyn Target,
    /// What it is called.
    pub(super) chosen: &'a ChosenTarget,
    /// What is under test.
    pub(super) detectors: &'a mut [Detector],
    /// The drill's number.
    pub(super) drill: u64,
}

/// A reporter that nobody interrupts: what was begun is taken back first.
struct UninterruptedReporter<'r>(&'r dyn Reporter);

impl Reporter for UninterruptedReporter<'_> {
    fn progress(&self, step: &str, done: u64, total: u64) {
        self.0.progress(step, done, total);
    }

    fn note(&self, text: &str) {
        self.0.note(text);
    }
}

/// What became of a fault that was taken back.
struct RevertedFault {
    op: u64,
    exact: bool,
}

impl DrillRun<'_, '_> {
    /// Tries one record; a refusal of the target or the record is no trial, and its reason is returned.
    ///
    /// # Errors
    /// What target and journal say, or that the person asked to stop: the fault is taken back first.
    pub(super) fn run_trial(
        &mut self,
        settled: &mut ResolvedRequest,
        key: &Key,
        number: u64,
        commands_too: bool,
    ) -> Result<Result<Trial, String>, Failure> {
        settled.records = Records::Keys(vec![key.clone()]);
        let made = plan::build_plan(self.context, self.journal, self.target, self.chosen, settled);
        let mut made = match made {
            Ok(made) => made,
            Err(failure) if failure.kind == FailureKind::Refused => return Ok(Err(failure.message)),
            Err(failure) => return Err(failure),
        };
        made.proposal.detail.insert("drill".into(), ledger::build_mark(self.drill, number));
        let committed = self.commit(&made)?;
        let table = settled.mode.card().record_of(&made.outcome.params).table;
        let record = std::slice::from_ref(key);
        let fault = KnownFault::from_changes(made.prepared.changes(), (table, record), settled.mode.card().checks);
        let looks = self.judge_fault(&fault);
        let back = self.take_back(committed.op).map_err(|failure| fault_stands(failure, committed.op))?;
        let looks = looks?;
        let controls = self.judge_control(&fault.tables, commands_too)?;
        let trial = build_trial(number, settled, &made, &committed, &back, looks, controls);
        ledger::append_entry(
            self.context,
            self.journal,
            ledger::TRIAL,
            &ledger::to_journaled_trial(self.drill, &trial),
        )?;
        Ok(Ok(trial))
    }

    fn commit(&mut self, made: &BuiltPlan) -> Result<CommittedOperation, Failure> {
        let mut engine = self.context.engine(self.journal, self.target, &self.chosen.name);
        engine.seen = engine.journal.head().seq;
        Ok(engine.commit(&made.proposal, &made.prepared)?)
    }

    fn judge_fault(&mut self, fault: &KnownFault<'_>) -> Result<Vec<JudgedLook>, Failure> {
        let (context, target) = (self.context, &mut *self.target);
        self.detectors.iter_mut().map(|detector| detector.judge_fault(context, target, fault)).collect()
    }

    /// Lets every detector look at the untouched data; commands only where they are asked to, for they are slow.
    fn judge_control(&mut self, tables: &BTreeSet<&str>, commands_too: bool) -> Result<Vec<JudgedLook>, Failure> {
        let (context, target) = (self.context, &mut *self.target);
        let asked = |detector: &&mut Detector| commands_too || matches!(detector, Detector::Checks(_));
        let detectors = self.detectors.iter_mut().filter(asked);
        detectors.map(|detector| detector.judge_control(context, target, tables)).collect()
    }

    fn take_back(&mut self, op: u64) -> Result<RevertedFault, Failure> {
        let taken = take_back(self.context, self.journal, self.target, &self.chosen.name, vec![op])?;
        taken.into_iter().next().ok_or_else(|| taken_back(op))
    }
}

/// Takes operations back, newest first, whether or not the person asked to stop.
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
        let done = engine.revert(planned, options)?;
        let exact = done.conflicts.is_empty() && done.drift.is_empty();
        out.push(RevertedFault { op: done.op.unwrap_or_default(), exact });
    }
    Ok(out)
}

/// Takes back what an earlier drill left, and returns how many operations that were.
///
/// # Errors
/// What target and journal say.
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
    take_back(context, journal, target, name, operations).map(|taken| taken.len() as u64)
}

/// Says of a fault that somebody took back while it was looked at: what was seen of it is worth nothing.
fn taken_back(op: u64) -> Failure {
    let message = format!("somebody else took operation {op} of the drill back while it was looked at");
    let hint = "a command under test must write neither to the target nor to the journal; then drill again";
    Failure::new(FailureKind::Found, "fault_taken_back", message, hint)
}

/// Says of a fault that could not be taken back that it stands.
fn fault_stands(failure: Failure, op: u64) -> Failure {
    let message = format!("operation {op} of the drill stands: {}", failure.message);
    if failure.code == "fault_taken_back" {
        return failure;
    }
    if failure.kind == FailureKind::Refused {
        // No drill forces its way past what somebody else wrote, so the next one refuses as well.
        let next = NextSteps::from(act(Deed::revert([op]), "with what helps takes it back")).and(failure.next);
        let stands = Failure::new(FailureKind::Found, "fault_stands", message, next.and("no drill begins before that"));
        return Failure { conflicts: failure.conflicts, ..stands };
    }
    let then = act(Deed::revert([op]), "or the next drill then takes it back");
    Failure { message, ..failure.and_next(then) }
}

fn build_trial(
    number: u64,
    settled: &ResolvedRequest,
    made: &BuiltPlan,
    committed: &CommittedOperation,
    back: &RevertedFault,
    looks: Vec<JudgedLook>,
    controls: Vec<JudgedLook>,
) -> Trial {
    let card = settled.mode.card();
    let variant = card.variants.iter().find(|variant| variant.word == made.outcome.label.variant);
    Trial {
        trial: number,
        tool: card.tool,
        variant: variant.map_or(card.tool, |variant| variant.word),
        table: card.record_of(&made.outcome.params).table,
        record: made.outcome.keys.first().cloned().unwrap_or_else(|| cell::to_json(&mfm_journal::Value::Null)),
        op: committed.op,
        reverted_by: back.op,
        plan_digest: made.outcome.plan_digest,
        rows: committed.rows,
        exact: back.exact && committed.drift.is_empty(),
        repair: assess_repair(card.id, &made.outcome.label.variant, &made.prepared),
        looks,
        controls,
    }
}

/// Returns whether the original could be had without the journal, by the first column that was changed.
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
        assert!(failure.message.starts_with("operation 7 of the drill stands: "), "{}", failure.message);
        let ways = |failure: &Failure| failure.next.as_slice().iter().map(|step| step.way.clone()).collect::<Vec<_>>();
        let revert = StepKind::Run(Deed::revert([7]));
        let force = StepKind::Give { option: Flag::Force, value: None };
        assert_eq!(ways(&failure), [revert.clone(), force, StepKind::Say]);
        let lost = fault_stands(Failure::new(FailureKind::Target, "left_open", "lost", act(Deed::Recover, "")), 7);
        assert_eq!((lost.kind, ways(&lost)), (FailureKind::Target, vec![StepKind::Run(Deed::Recover), revert]));
    }
}
