//! One operation of a replay: planned again on the copy, held against the journal, and only then committed.

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

/// What a step comes to: the operation replayed, or where it differs.
type StepResult = Result<ReplayedOperation, Box<FirstDifference>>;

/// An operation planned again, or why it cannot be.
type PlannedAgain = Result<(OperationProposal, PreparedOperation), Failure>;

impl ReplayRun<'_, '_> {
    /// Replays one operation; of one that differs nothing is written.
    pub(super) fn replay_step(
        &self,
        journal: &mut Journal,
        target: &mut dyn Target,
        step: &ReplayStep,
    ) -> Result<StepResult, Failure> {
        let lost = || Failure::from(crate::model::Refusal::NoOperation { op: step.op });
        let operation = journal.read_operation(step.op)?.ok_or_else(lost)?;
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
            self.context
                .reporter
                .note(&format!("operation {}: somebody else writes to {name} meanwhile", committed.op));
        }
        Ok(Ok(describe_replayed(&operation, committed.op, committed.rows, proposal.plan_digest, verdict)))
    }

    /// Plans a fault again, with the parameters, the seed, the clock and exactly the keys of the journal.
    fn apply_again(&self, journal: &mut Journal, target: &mut dyn Target, operation: &Operation) -> PlannedAgain {
        let settled = rebuild_request(self.context, journal, operation, self.measure, self.beside)?;
        let made = plan::build_plan(self.context, journal, target, &self.ends.onto, &settled)?;
        Ok((made.proposal, made.prepared))
    }

    /// Plans the revert of the copy's own operation, of exactly the rows of the journal.
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
        let kept = ["conflicts", "drift", "forced", "skip_conflicts"];
        let detail = operation.detail.iter().filter(|(name, _)| kept.contains(&name.as_str()));
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

    /// Holds what was planned against the journal: digests first, and row by row where they differ.
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

    /// Says why an operation cannot be planned: a row that is not as the journal has it, or else the refusal itself.
    ///
    /// A failure that has nothing to do with the operation stays one.
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
        guard::check_target(journal, target, &self.ends.onto.name)?;
        guard::nothing_open(journal, &self.ends.onto.name)?;
        let cause = self.find_cause(journal, target, operation, journaled, Some(&failure))?;
        Ok(cause.unwrap_or_else(|| Box::new(FirstDifference::from_refusal(operation.op, &failure))))
    }

    /// Looks for a row of the copy that is not as the operation found it on the source.
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
            // A table is missing: the refusal says it better.
            Err(EngineError::Refused(_)) => None,
            Err(error) => return Err(error.into()),
        };
        let Some(mut parting) = parting else { return Ok(None) };
        // The source may be gone; then the difference stays unnamed.
        if let Ok(mut source) = self.context.open_target(&self.ends.source.url)
            && let Err(error) = parting.name_cell(journal, source.as_mut(), operation)
        {
            self.context.reporter.note(&format!("{} cannot be asked: {error}", self.ends.source.name));
        }
        Ok(Some(Box::new(FirstDifference::from_row(operation.op, &parting.difference, refusal))))
    }
}

/// Returns the request that an entry holds, with exactly the keys that were chosen. No limit of rows binds it.
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
    let mut settled = plan::resolve_request(context, &request)?;
    let mut keys = journal.read_chosen_keys(operation)?;
    if measure == EqualityLevel::Meaning {
        keys.iter_mut().flatten().for_each(|value| *value = alike::to_common_form(value, false));
    }
    settled.records = Records::Keys(keys);
    // The digest is held against the journal's, so it covers what was permitted there.
    let permits = detail.get("permits").map(|permits| serde_json::from_value(permits.clone()));
    settled.permits = permits.and_then(Result::ok).unwrap_or_default();
    Ok(settled)
}
