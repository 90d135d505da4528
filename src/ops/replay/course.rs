//! Decides which operations of a journal a replay covers, and which it skips.

use std::collections::BTreeSet;

use mfm_journal::{Digest, Journal, Operation, OperationVerdict};
use serde::Serialize;

use crate::engine::replay::ReplayStep;
use crate::model::Refusal;
use crate::ops::{Context, Failure};

/// An operation that a replay skips.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SkippedOperation {
    /// Its number.
    pub op: u64,
    /// The reason.
    pub why: String,
}

/// The operations of a replay.
#[derive(Clone, Debug, Default)]
pub(super) struct ReplayPlan {
    /// The operations to replay, in order.
    pub(super) steps: Vec<ReplayStep>,
    /// The operations to skip.
    pub(super) skipped: Vec<SkippedOperation>,
    /// The open operation before which the replay stops.
    pub(super) open: Option<u64>,
    /// The last operation considered.
    pub(super) until: u64,
}

/// Sorts a target's operations up to the journal's present head, or up to `until`.
pub(super) fn plan_replay(
    context: &Context<'_>,
    journal: &Journal,
    source: &str,
    until: Option<u64>,
) -> Result<ReplayPlan, Failure> {
    // Fixed before anything is written: the replay itself appends to this journal.
    let head = journal.state().next_op - 1;
    let until = match until {
        Some(op) if op == 0 || op > head => return Err(Refusal::NoOperation { op }.into()),
        Some(op) => op,
        None => head,
    };
    let identities = list_identities(journal, source, until)?;
    let mut course = ReplayPlan { until, ..ReplayPlan::default() };
    for op in 1..=until {
        if op % 256 == 0 {
            context.reporter.progress("reading the journal", op, until);
            context.go_on()?;
        }
        let Some(operation) = journal.read_operation(op)?.filter(|operation| operation.target.name == source) else {
            continue;
        };
        match passed_over(&operation, &identities) {
            Some(why) => course.skipped.push(SkippedOperation { op, why }),
            // Whether the next operations build on it cannot be known, so the replay ends here.
            None if operation.verdict.is_none() => {
                course.open = Some(op);
                break;
            }
            None => course.steps.push(ReplayStep { op, uid: operation.uid }),
        }
    }
    Ok(course)
}

/// Returns the identities of a target since it was marked; for an unmarked one, the identity in its newest operation.
fn list_identities(journal: &Journal, source: &str, until: u64) -> Result<BTreeSet<Digest>, Failure> {
    let known = journal.state().targets.get(source);
    let lineage: BTreeSet<Digest> = known.into_iter().flat_map(|target| target.lineage.clone()).collect();
    if !lineage.is_empty() {
        return Ok(lineage);
    }
    for op in (1..=until).rev() {
        if let Some(operation) = journal.read_operation(op)?.filter(|operation| operation.target.name == source) {
            return Ok(BTreeSet::from([operation.target.identity]));
        }
    }
    Ok(lineage)
}

/// Returns why an operation is skipped; `None` where it is to be replayed.
fn passed_over(operation: &Operation, identities: &BTreeSet<Digest>) -> Option<String> {
    if !identities.contains(&operation.target.identity) {
        return Some("made before the target was last marked".to_owned());
    }
    let code = operation.sealed.as_ref().and_then(|entry| entry.body.get("code")?.as_str());
    match operation.verdict {
        None | Some(OperationVerdict::Applied) => None,
        Some(OperationVerdict::Failed) => Some(
            code.map_or_else(|| "failed".to_owned(), |code| format!("failed with {code}")) + ": nothing was written",
        ),
        Some(OperationVerdict::Abandoned) => Some("abandoned: it never took effect".to_owned()),
        Some(OperationVerdict::Gone) => Some("gone: the target lost it".to_owned()),
    }
}
