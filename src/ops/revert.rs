//! `mfm revert`: reverts operations, exactly or not at all; asks only before it overwrites foreign changes.

use std::path::PathBuf;

use clap::Args;
use mfm_journal::{Digest, Journal, Operation, Residue};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::context::Context;
use super::detect;
use super::failure::Failure;
use super::{Card, render_count};
use crate::engine::revert::{self, DriftedRow, JudgedReverts, RevertOptions, RevertSelection};
use crate::engine::{EngineError, resolve};
use crate::model::next_step::{Deed, Flag, act, give_one};
use crate::model::ports::{ConfirmQuestion, Danger};
use crate::model::refusal::Conflict;
use crate::model::shown;

/// The command's card.
pub const CARD: Card = Card { name: "revert", danger: Danger::Write, about: "Take operations back" };

/// What to take back, and how far to go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Request {
    /// Operation numbers
    #[arg(value_name = "OP", conflicts_with_all = ["last", "all"])]
    pub operations: Vec<u64>,
    /// The newest active operation of the target
    #[arg(long, conflicts_with = "all")]
    pub last: bool,
    /// Every active operation of the target, newest first
    #[arg(long)]
    pub all: bool,
    /// First revert later operations on the same rows
    #[arg(long)]
    pub cascade: bool,
    /// Restore what is possible, and leave the rows in conflict
    #[arg(long)]
    pub skip_conflicts: bool,
    /// Overwrite what somebody else wrote to these rows; asks first
    #[arg(long)]
    pub force: bool,
    /// Switch triggers off for the transaction
    #[arg(long)]
    pub disable_triggers: bool,
}

/// The result of a revert.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// The target's name.
    pub target: String,
    /// One line per operation, in the order of execution.
    pub operations: Vec<RevertedOperation>,
    /// The journal.
    pub journal: PathBuf,
}

impl Outcome {
    /// Returns whether rows were left in conflict.
    #[must_use]
    pub fn left_something(&self) -> bool {
        self.operations.iter().any(|line| !line.conflicts.is_empty())
    }
}

/// The revert of one operation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RevertedOperation {
    /// The revert's number; null where there was nothing to do.
    pub op: Option<u64>,
    /// The revert's uid; null where there was nothing to do.
    pub uid: Option<Digest>,
    /// The operation that was reverted.
    pub reverts: u64,
    /// Number of rows written.
    pub rows: u64,
    /// Number of rows that already equalled their before-image.
    pub already_back: u64,
    /// `reverted`, `partly_reverted` or `already_reverted`.
    pub state: &'static str,
    /// Whether it reverted a revert, so that the fault is in effect again.
    pub again: bool,
    /// Whether every changed cell is restored.
    pub restored: bool,
    /// Whether the whole rows are restored, by digest.
    pub exact: bool,
    /// What cannot be put back.
    pub residue: Vec<Residue>,
    /// Rows that were left as they are.
    pub conflicts: Vec<Conflict>,
    /// Restored rows of which another program changed other columns.
    pub drift: Vec<DriftedRow>,
}

/// Takes operations back.
///
/// # Errors
/// A usage error, a refusal, or a target or journal error. Reverts before an error stay, and are journaled.
pub fn run(context: &Context<'_>, request: &Request) -> Result<Outcome, Failure> {
    let selection = resolve_selection(request)?;
    let options = build_options(request);
    let mut journal = context.open_journal_for_writing()?;
    let chosen = context.chosen_for(&journal, &request.operations)?;
    let mut target = context.open_target(&chosen.url)?;
    // Only a warning: each row is compared with its image before it is put back, so reverting stays safe.
    detect::warn_of_mismatch(context, &journal, &chosen.name, target.as_mut());
    let mut engine = context.engine(&mut journal, target.as_mut(), &chosen.name);
    // All operations are judged and prepared before the first one is written.
    let mut judged = engine.judge_reverts(&selection, options)?;
    engine.prepare_alone(&mut judged, options)?;
    if request.force && !judged.planned.is_empty() {
        context.ask_consent(&build_question(&judged, &chosen.name))?;
    }
    let already = judged.already.iter().map(|op| describe_already_reverted(engine.journal, *op));
    let mut operations = already.collect::<Result<Vec<RevertedOperation>, _>>()?;
    for (at, planned) in judged.planned.iter().enumerate() {
        if at > 0 && context.reporter.is_interrupted() {
            return Err(interrupted_after(at, judged.planned.len()));
        }
        let again = !planned.operation.depth.is_multiple_of(2);
        let outcome = engine.revert(planned, options).map_err(|error| after_some(error, at, judged.planned.len()))?;
        operations.push(RevertedOperation { again, ..describe_revert(outcome) });
    }
    Ok(Outcome { target: chosen.name, operations, journal: context.journal.clone() })
}

/// The extent of a revert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RevertExtent {
    /// The target's name.
    pub target: String,
    /// The operations, in the order in which they would be reverted.
    pub steps: Vec<PlannedRevert>,
}

/// An operation that a revert would revert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlannedRevert {
    /// Its number.
    pub op: u64,
    /// The name of the tool that committed its fault.
    pub tool: String,
    /// The variant.
    pub variant: String,
    /// The severity, decimal text from 0 to 3.
    pub severity: String,
    /// Whether a revert would be reverted, so that the fault is in effect again.
    pub again: bool,
    /// Number of rows concerned.
    pub rows: u64,
}

/// Returns what a revert would revert; conflicts are no error here.
///
/// # Errors
/// A usage error, or a target or journal error.
pub fn measure_extent(context: &Context<'_>, request: &Request) -> Result<RevertExtent, Failure> {
    let selection = resolve_selection(request)?;
    let mut journal = context.open_journal()?;
    let chosen = context.chosen_for(&journal, &request.operations)?;
    let mut target = context.open_target(&chosen.url)?;
    let mut engine = context.engine(&mut journal, target.as_mut(), &chosen.name);
    let judged = engine.survey_reverts(&selection, build_options(request))?;
    let mut steps = Vec::new();
    for revert::JudgedRevert { operation, rows, .. } in &judged.planned {
        steps.push(PlannedRevert {
            op: operation.op,
            tool: operation.label.tool.clone(),
            variant: operation.label.variant.clone(),
            severity: operation.label.severity.clone(),
            again: !operation.depth.is_multiple_of(2),
            rows: rows.len() as u64,
        });
    }
    Ok(RevertExtent { target: chosen.name, steps })
}

const fn build_options(request: &Request) -> RevertOptions {
    RevertOptions {
        cascade: request.cascade,
        skip_conflicts: request.skip_conflicts,
        force: request.force,
        disable_triggers: request.disable_triggers,
    }
}

/// Adds to an error how many reverts were done before it.
fn after_some(error: EngineError, done: usize, all: usize) -> Failure {
    match error {
        EngineError::Interrupted if done > 0 => interrupted_after(done, all),
        error if done > 0 => {
            let failure = Failure::from(error);
            let message = format!("{}; {done} of {all} earlier reverts are done and journaled", failure.message);
            Failure { message, ..failure }
        }
        error => error.into(),
    }
}

fn interrupted_after(done: usize, all: usize) -> Failure {
    let message = format!("interrupted after {done} of {all} reverts, which are done and journaled");
    Failure::new(super::FailureKind::Interrupted, "interrupted", message, act(Deed::Again, "for the others"))
}

fn resolve_selection(request: &Request) -> Result<RevertSelection, Failure> {
    match (request.operations.is_empty(), request.last, request.all) {
        (false, false, false) => Ok(RevertSelection::Operations(request.operations.clone())),
        (true, true, false) => Ok(RevertSelection::Last),
        (true, false, true) => Ok(RevertSelection::All),
        _ => Err(Failure::usage(
            "operations",
            "it is unclear which operations to revert",
            give_one([Flag::Operations, Flag::Last, Flag::All]),
        )),
    }
}

/// Maximum number of rows that a question shows.
const SHOWN_MAX: usize = 6;

fn build_question(judged: &JudgedReverts, name: &str) -> ConfirmQuestion {
    let numbers: Vec<String> = judged.planned.iter().map(|plan| plan.operation.op.to_string()).collect();
    let rows: usize = judged.planned.iter().map(|plan| plan.rows.len()).sum();
    let named: String = judged
        .planned
        .iter()
        .flat_map(|plan| &plan.rows)
        // Rows that need no change are not written.
        .filter(|row| row.before != row.after)
        .take(SHOWN_MAX)
        .map(|row| format!("{} {}", row.table.shape.name, crate::model::refusal::render_key(&row.key)))
        .map(|row| format!("  {}\n", shown::escape_line(&row)))
        .collect();
    let text = format!(
        "rows to write, the first {SHOWN_MAX}:\n{named}\
         Revert operation {} on target {name} by force: {}, whatever others wrote to them. Go on?",
        numbers.join(", "),
        render_count(rows as u64, "row")
    );
    ConfirmQuestion { text, danger: Danger::Destroy, type_name: None }
}

/// Returns the line of an operation that was reverted before.
///
/// Whether it was restored, and exactly, follows from the notes of its reverts: rows once given up stay so.
fn describe_already_reverted(journal: &Journal, op: u64) -> Result<RevertedOperation, EngineError> {
    let reverts = resolve::applied_reverts(journal, op)?;
    let restored = reverts.last().is_none_or(|revert| noted_count(revert, "conflicts") == 0);
    let drift = reverts.iter().any(|revert| noted_count(revert, "drift") > 0);
    Ok(RevertedOperation {
        op: None,
        uid: None,
        reverts: op,
        rows: 0,
        already_back: 0,
        state: "already_reverted",
        again: false,
        restored,
        exact: restored && !drift,
        residue: Vec::new(),
        conflicts: Vec::new(),
        drift: Vec::new(),
    })
}

/// Returns a count from the notes in a revert's entry; 0 where it is missing.
fn noted_count(revert: &Operation, name: &str) -> u64 {
    revert.detail.get(name).and_then(Json::as_u64).unwrap_or_default()
}

fn describe_revert(outcome: revert::Outcome) -> RevertedOperation {
    let restored = outcome.conflicts.is_empty();
    RevertedOperation {
        op: outcome.op,
        uid: outcome.uid,
        reverts: outcome.reverts,
        rows: outcome.rows,
        already_back: outcome.kept,
        state: if restored { "reverted" } else { "partly_reverted" },
        again: false,
        restored,
        exact: restored && outcome.drift.is_empty(),
        residue: outcome.residue,
        conflicts: outcome.conflicts,
        drift: outcome.drift,
    }
}
