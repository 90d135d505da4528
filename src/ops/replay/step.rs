//! One operation of a replay: planned again on the copy, compared with the journal, and only then committed.

use mfm_journal::{Change, Journal, Operation, OperationAction, RevertedRef};
use serde_json::Value as Json;

use super::{FirstDifference, ReplayRun, ReplayedOperation, describe_replayed};
use crate::engine::apply::{OperationProposal, PreparedOperation, triggers_off};
use crate::engine::replay::{ReplayStep, note_replay};
use crate::engine::terms::JudgingTerms;
use crate::engine::{EngineError, guard};
use crate::ops::plan::{self, Options, Request, ResolvedRequest};
use crate::ops::reading::read_changes;
use crate::ops::select::Records;
use crate::ops::{Context, Failure, FailureKind};
use crate::plan::alike::{self, EqualityLevel, Likeness};
use crate::plan::revert_digest;
use crate::targets::Target;

/// The result of a step: the replayed operation, or its difference.
type StepResult = Result<ReplayedOperation, Box<FirstDifference>>;

/// An operation planned again, or why it cannot be planned.
type PlannedAgain = Result<(OperationProposal, PreparedOperation), Failure>;

impl ReplayRun<'_, '_> {
    /// Replays one operation; nothing is written of one that differs.
    pub(super) fn replay_step(
        &self,
        journal: &mut Journal,
        target: &mut dyn Target,
        step: &ReplayStep,
    ) -> Result<StepResult, Failure> {
        let operation = journal.read_operation(step.op)?.ok_or(crate::model::Refusal::NoOperation { op: step.op })?;
        let journaled = read_changes(journal, &operation)?;
        let planned = match operation.reverts {
            None => self.apply_again(journal, target, &operation),
            Some(reverts) => match self.carried_by.get(&reverts) {
                None => return Ok(Err(Box::new(FirstDifference::not_replayed(step.op, reverts)))),
                Some(op) => self.revert_again(journal, target, &operation, *op, &journaled),
            },
        };
        let (mut proposal, prepared) = match planned {
            Ok(planned) => planned,
            Err(failure) => return self.explain_refusal(journal, target, &operation, &journaled, failure).map(Err),
        };
        let verdict = match self.compare_plan(&operation, &journaled, &proposal, &prepared)? {
            Ok(verdict) => verdict,
            Err(difference) => {
                let cause = self.find_cause(journal, target, &operation, &journaled, None)?;
                return Ok(Err(cause.unwrap_or(difference)));
            }
        };
        note_replay(&mut proposal.detail, step);
        let mut engine = self.context.engine(journal, target, &self.ends.onto.name);
        engine.seen = engine.journal.head().seq;
        let committed = engine.commit(&proposal, &prepared)?;
        if !committed.drift.is_empty() {
            let name = &self.ends.onto.name;
            self.context.reporter.note(&format!("operation {}: somebody else is writing to {name}", committed.op));
        }
        Ok(Ok(describe_replayed(&operation, committed.op, committed.rows, proposal.plan_digest, verdict)))
    }

    /// Plans a fault again, with the journaled parameters, seed, clock and keys.
    fn apply_again(&self, journal: &mut Journal, target: &mut dyn Target, operation: &Operation) -> PlannedAgain {
        let resolved = rebuild_request(self.context, journal, operation, self.measure, self.beside)?;
        let plan = plan::build_plan(self.context, journal, target, &self.ends.onto, &resolved)?;
        Ok((plan.proposal, plan.prepared))
    }

    /// Plans the revert of the copy's own operation, for exactly the journaled rows.
    fn revert_again(
        &self,
        journal: &mut Journal,
        target: &mut dyn Target,
        operation: &Operation,
        op: u64,
        journaled: &[Change],
    ) -> PlannedAgain {
        let own = journal.read_operation(op)?.ok_or(crate::model::Refusal::NoOperation { op })?;
        let terms = JudgingTerms::of_revert(&own, triggers_off(operation));
        let force = operation.detail.get("forced").and_then(Json::as_bool).unwrap_or_default();
        let mut engine = self.context.engine(journal, target, &self.ends.onto.name);
        let rows = engine.revert_again(&own, journaled, force)?;
        let prepared = engine.prepare_by(&rows, &terms)?;
        // Notes on what the source's revert met; the others, such as a campaign's, belong to the source alone.
        let copied = ["conflicts", "drift", "forced", "skip_conflicts"];
        let detail = operation.detail.iter().filter(|(name, _)| copied.contains(&name.as_str()));
        let proposal = OperationProposal {
            action: OperationAction::Revert,
            label: own.label.clone(),
            plan_digest: revert_digest(&own.plan_digest, &prepared.rows_root()),
            plan_id: None,
            reverts: Some(RevertedRef { op: own.op, uid: own.uid, depth: own.depth }),
            keys: None,
            detail: detail.map(|(name, value)| (name.clone(), value.clone())).collect(),
            disable_triggers: terms.disable_triggers,
            beside: self.beside.to_vec(),
        };
        Ok((proposal, prepared))
    }

    /// Compares a plan with the journal: by digest, and row by row where the digests differ.
    fn compare_plan(
        &self,
        operation: &Operation,
        journaled: &[Change],
        proposal: &OperationProposal,
        prepared: &PreparedOperation,
    ) -> Result<Result<Likeness, Box<FirstDifference>>, Failure> {
        let op = operation.op;
        if (proposal.plan_digest, prepared.rows_root()) == (operation.plan_digest, operation.rows_root) {
            return Ok(Ok(Likeness::Equal));
        }
        let verdict = match alike::compare_changes(journaled, prepared.changes(), self.measure) {
            Ok(verdict) => verdict,
            Err(difference) => return Ok(Err(Box::new(FirstDifference::from_row(op, &difference, None)))),
        };
        if proposal.label.variant != operation.label.variant {
            let texts = FirstDifference::from_texts(op, "variant", &operation.label.variant, &proposal.label.variant);
            return Ok(Err(Box::new(texts)));
        }
        if self.measure == EqualityLevel::Bits {
            let (was, is) = (operation.plan_digest.to_string(), proposal.plan_digest.to_string());
            return Ok(Err(Box::new(FirstDifference::from_texts(op, "plan_digest", &was, &is))));
        }
        Ok(Ok(verdict.max(Likeness::Equivalent)))
    }

    /// Returns why an operation cannot be planned: a row that differs from the journal, or else the refusal itself.
    ///
    /// # Errors
    /// A failure that does not concern the operation, such as a target error.
    fn explain_refusal(
        &self,
        journal: &mut Journal,
        target: &mut dyn Target,
        operation: &Operation,
        journaled: &[Change],
        failure: Failure,
    ) -> Result<Box<FirstDifference>, Failure> {
        if !matches!(failure.kind, FailureKind::Refused | FailureKind::Usage) {
            return Err(failure);
        }
        // A refusal of the guard concerns the whole copy, not this operation, and is returned as such.
        guard::check_target(journal, target, &self.ends.onto.name)?;
        guard::nothing_open(journal, &self.ends.onto.name)?;
        let cause = self.find_cause(journal, target, operation, journaled, Some(&failure))?;
        Ok(cause.unwrap_or_else(|| Box::new(FirstDifference::from_refusal(operation.op, &failure))))
    }

    /// Finds the first row of the copy that differs from the row that the operation found on the source.
    fn find_cause(
        &self,
        journal: &mut Journal,
        target: &mut dyn Target,
        operation: &Operation,
        journaled: &[Change],
        refusal: Option<&Failure>,
    ) -> Result<Option<Box<FirstDifference>>, Failure> {
        let mut engine = self.context.engine(journal, target, &self.ends.onto.name);
        let parting = match engine.find_divergence(journaled, self.measure) {
            Ok(parting) => parting,
            // For instance a missing table, which the refusal itself names.
            Err(EngineError::Refused(_)) => None,
            Err(error) => return Err(error.into()),
        };
        let Some(mut parting) = parting else { return Ok(None) };
        // Of unchanged columns the journal holds only a digest; the source, if it still exists, shows which differs.
        if let Ok(mut source) = self.context.open_target(&self.ends.source.url)
            && let Err(error) = parting.name_cell(journal, source.as_mut(), operation)
        {
            self.context.reporter.note(&format!("{} cannot be read: {error}", self.ends.source.name));
        }
        Ok(Some(Box::new(FirstDifference::from_row(operation.op, &parting.difference, refusal))))
    }
}

/// Rebuilds the request of a journaled operation, with exactly its chosen keys and without a limit of rows.
fn rebuild_request(
    context: &Context<'_>,
    journal: &Journal,
    operation: &Operation,
    measure: EqualityLevel,
    beside: &[String],
) -> Result<ResolvedRequest, Failure> {
    let detail = &operation.detail;
    let proposed = detail.get("proposed").is_some_and(|proposed| !proposed.is_null());
    let options = Options {
        variant: proposed.then(|| operation.label.variant.clone()),
        seed: detail.get("seed").and_then(Json::as_u64),
        now: detail.get("now").and_then(Json::as_str).map(str::to_owned),
        max_rows: Some(u64::MAX),
        disable_triggers: triggers_off(operation),
        beside_journal: beside.to_vec(),
        all: true,
        ..Options::default()
    };
    let parameters = detail.get("params").and_then(Json::as_object).cloned().unwrap_or_default();
    let request = Request { tool: operation.label.tool.clone(), parameters, options, output: None };
    let mut resolved = plan::resolve_request(context, &request)?;
    let mut keys = journal.read_chosen_keys(operation)?;
    // Between engines, keys differ in type: they are brought into the form in which they are compared.
    if measure == EqualityLevel::Meaning {
        keys.iter_mut().flatten().for_each(|value| *value = alike::to_common_form(value, false));
    }
    resolved.records = Records::Keys(keys);
    // The digest covers permits and is compared with the journaled one, so the journaled permits go into it.
    let permits = detail.get("permits").map(|permits| serde_json::from_value(permits.clone()));
    resolved.permits = permits.and_then(Result::ok).unwrap_or_default();
    Ok(resolved)
}
