//! `mfm replay`: repeats a target's journaled operations on another marked copy, as ordinary operations there.
//!
//! It stops at the first operation that differs, of which nothing is written.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use mfm_journal::{Digest, Journal, Operation, OperationAction};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::context::{ChosenTarget, Context};
use super::detect;
use super::failure::{Failure, FailureKind};
use super::{Card, render_count};
use crate::engine::{guard, replay};
use crate::model::next_step::{Deed, Flag, act, give};
use crate::model::ports::{ConfirmQuestion, Danger};
use crate::plan::alike::{EqualityLevel, Likeness};
use crate::targets::Target;

mod course;
mod difference;
mod ends;
mod step;

pub use course::SkippedOperation;
pub use difference::FirstDifference;
pub use ends::ReplayEnds;

/// The command's card.
pub const CARD: Card =
    Card { name: "replay", danger: Danger::Write, about: "Re-run the journal on another marked copy" };

/// What to replay, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Request {
    /// The copy, by URL or name: registered, marked, in the state of the source before its first operation
    #[arg(long, value_name = "URL")]
    pub onto: String,
    /// The last operation to replay [default: the newest when the command starts]
    #[arg(long, value_name = "OP")]
    pub until: Option<u64>,
    /// Write although the copy holds operations of this other journal
    #[arg(long, value_name = "JOURNAL_ID")]
    pub beside_journal: Vec<String>,
}

/// The result of a replay.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// Whether all operations were replayed without a difference.
    pub ok: bool,
    /// The name of the target whose operations were replayed.
    pub source: String,
    /// The copy's name.
    pub onto: String,
    /// The last operation considered.
    pub until: u64,
    /// Number of operations to replay.
    pub operations: u64,
    /// The replayed operations, in order, including those of an earlier run.
    pub replayed: Vec<ReplayedOperation>,
    /// The skipped operations.
    pub skipped: Vec<SkippedOperation>,
    /// The difference at which the replay stopped; null where there is none.
    pub first_difference: Option<FirstDifference>,
    /// The journal.
    pub journal: PathBuf,
}

/// A replayed operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReplayedOperation {
    /// Its number on the source.
    pub op: u64,
    /// Its number on the copy.
    #[serde(rename = "as")]
    pub replayed_as: u64,
    /// `apply` or `revert`.
    pub action: OperationAction,
    /// The operation that it reverts, by its number on the source.
    pub reverts: Option<u64>,
    /// The mode's tool name.
    pub tool: String,
    /// The variant.
    pub variant: String,
    /// Number of rows written on the copy.
    pub rows: u64,
    /// The plan's digest on the copy.
    pub plan_digest: Digest,
    /// `equal`, or `equivalent` between two engines.
    pub verdict: Likeness,
    /// Whether an earlier run of this command replayed it.
    pub earlier: bool,
}

/// Replays a target's operations on the copy that the request names.
///
/// # Errors
/// A usage error, a refusal, or a target or journal error. What was replayed before an error stays, and is journaled.
pub fn run(context: &Context<'_>, request: &Request) -> Result<Outcome, Failure> {
    let mut journal = context.open_journal_for_writing()?;
    let ends = ReplayEnds::resolve(context, &journal, &request.onto)?;
    let mut target = context.open_target(&ends.onto.url)?;
    run_onto(context, &mut journal, target.as_mut(), &ends, request)
}

/// The extent of a replay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayExtent {
    /// The source's name.
    pub source: String,
    /// Number of operations that remain to be replayed.
    pub left: usize,
    /// Number of operations that are skipped.
    pub skipped: usize,
}

/// Returns the extent of a replay from the journal alone.
///
/// # Errors
/// A usage error, a refusal, or a journal error.
pub fn measure_extent(context: &Context<'_>, request: &Request) -> Result<ReplayExtent, Failure> {
    let journal = context.open_journal()?;
    let ends = ReplayEnds::resolve(context, &journal, &request.onto)?;
    let course = course::plan_replay(context, &journal, &ends.source.name, request.until)?;
    let earlier =
        replay::find_replayed(&journal, &ends.onto.name, &course.steps)?.ok_or_else(|| not_fresh(&ends.onto))?;
    let remaining = course.steps.len().saturating_sub(earlier.len());
    Ok(ReplayExtent { source: ends.source.name, left: remaining, skipped: course.skipped.len() })
}

/// Replays onto an open target.
///
/// # Errors
/// As [`run`].
pub fn run_onto(
    context: &Context<'_>,
    journal: &mut Journal,
    target: &mut dyn Target,
    ends: &ReplayEnds,
    request: &Request,
) -> Result<Outcome, Failure> {
    let standing = guard::check_target(journal, target, &ends.onto.name).map_err(|error| ends.not_ready(error))?;
    detect::check_domain(journal, &ends.onto.name, target)?;
    guard::nothing_open(journal, &ends.onto.name)?;
    guard::nothing_foreign(&standing, &request.beside_journal)?;
    let course = course::plan_replay(context, journal, &ends.source.name, request.until)?;
    let earlier =
        replay::find_replayed(journal, &ends.onto.name, &course.steps)?.ok_or_else(|| not_fresh(&ends.onto))?;
    let mut run = ReplayRun {
        context,
        ends,
        beside: &request.beside_journal,
        measure: ends.choose_measure(target.engine()),
        carried_by: BTreeMap::new(),
        lines: Vec::new(),
    };
    run.take_over(journal, &course, &earlier)?;
    let remaining = course.steps.len() - earlier.len();
    // A replay that is complete already writes nothing, and needs no consent.
    if remaining > 0 {
        let consent = context.ask_consent(&build_question(ends, remaining, earlier.len()));
        consent.map_err(|failure| failure.with_next(give(Flag::Yes, "consents in scripts")))?;
    }
    let difference = run.replay_rest(journal, target, &course)?;
    let first_difference =
        difference.or_else(|| course.open.map(|op| FirstDifference::from_open(op, &ends.source.name)));
    Ok(Outcome {
        ok: first_difference.is_none(),
        source: ends.source.name.clone(),
        onto: ends.onto.name.clone(),
        until: course.until,
        operations: course.steps.len() as u64,
        replayed: run.lines,
        skipped: course.skipped,
        first_difference,
        journal: context.journal.clone(),
    })
}

/// A replay under way.
struct ReplayRun<'a, 'c> {
    context: &'a Context<'c>,
    ends: &'a ReplayEnds,
    beside: &'a [String],
    measure: EqualityLevel,
    /// The copy's operation for each of the source's.
    carried_by: BTreeMap<u64, u64>,
    lines: Vec<ReplayedOperation>,
}

impl ReplayRun<'_, '_> {
    /// Takes over the operations that an earlier run has replayed.
    fn take_over(
        &mut self,
        journal: &Journal,
        course: &course::ReplayPlan,
        earlier: &[Operation],
    ) -> Result<(), Failure> {
        for (step, done) in course.steps.iter().zip(earlier) {
            let Some(operation) = journal.read_operation(step.op)? else { continue };
            // The plan digest covers the request, the root the changed rows.
            let equal = (operation.plan_digest, operation.rows_root) == (done.plan_digest, done.rows_root);
            let verdict = if equal { Likeness::Equal } else { Likeness::Equivalent };
            self.lines.push(ReplayedOperation {
                earlier: true,
                ..describe_replayed(&operation, done.op, done.rows, done.plan_digest, verdict)
            });
            self.carried_by.insert(step.op, done.op);
        }
        Ok(())
    }

    /// Replays the remaining operations, and returns the difference at which it stopped.
    fn replay_rest(
        &mut self,
        journal: &mut Journal,
        target: &mut dyn Target,
        course: &course::ReplayPlan,
    ) -> Result<Option<FirstDifference>, Failure> {
        let (done, all) = (self.lines.len(), course.steps.len());
        // Skipped and not sliced, so that `at` counts the earlier ones in the progress too.
        for (at, step) in course.steps.iter().enumerate().skip(done) {
            self.context.reporter.progress("replaying operations", at as u64, all as u64);
            let result = self.context.go_on().and_then(|()| self.replay_step(journal, target, step));
            match result.map_err(|failure| self.after_some(failure, all))? {
                Ok(line) => {
                    self.carried_by.insert(line.op, line.replayed_as);
                    self.lines.push(line);
                }
                Err(difference) => return Ok(Some(*difference)),
            }
        }
        Ok(None)
    }

    /// Adds to a failure how many operations were replayed before it.
    fn after_some(&self, failure: Failure, all: usize) -> Failure {
        let done = self.lines.len();
        if done == 0 {
            return failure;
        }
        let stay = format!("{done} of {all} operations are replayed on {}, and journaled", self.ends.onto.name);
        let message = match failure.kind {
            FailureKind::Interrupted => format!("interrupted: {stay}"),
            _ => format!("{}; {stay}", failure.message),
        };
        let next = match failure.kind {
            FailureKind::Interrupted => act(Deed::Again, "to continue after them").into(),
            _ => failure.next,
        };
        Failure { message, next, ..failure }
    }
}

fn describe_replayed(
    operation: &Operation,
    replayed_as: u64,
    rows: u64,
    plan_digest: Digest,
    verdict: Likeness,
) -> ReplayedOperation {
    ReplayedOperation {
        op: operation.op,
        replayed_as,
        action: operation.action,
        reverts: operation.reverts,
        tool: operation.label.tool.clone(),
        variant: operation.label.variant.clone(),
        rows,
        plan_digest,
        verdict,
        earlier: false,
    }
}

fn not_fresh(onto: &ChosenTarget) -> Failure {
    let name = &onto.name;
    let message = format!("{name} has operations other than the first ones of this source");
    let back = act(Deed::RevertAll { target: Some(name.clone()) }, "takes them back; then the replay starts again");
    Failure::new(FailureKind::Refused, "not_fresh", message, back)
}

fn build_question(ends: &ReplayEnds, remaining: usize, earlier: usize) -> ConfirmQuestion {
    let behind = if earlier == 0 { String::new() } else { format!(", after {earlier} replayed earlier") };
    let (source, onto) = (&ends.source.name, &ends.onto.name);
    let operations = render_count(remaining as u64, "operation");
    let text = format!("Replay {operations} of {source} onto target {onto}{behind}. Go on?");
    ConfirmQuestion { text, danger: CARD.danger, type_name: None }
}
