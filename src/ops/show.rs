//! `mfm show`: one operation, with its changes before and after; reads only.

use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::Args;
use mfm_journal::{Digest, Residue};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::Card;
use super::cell::{self, CHANGES_MAX, ChangeRow};
use super::context::Context;
use super::detection::{self, Detection};
use super::drill::past;
use super::failure::Failure;
use super::log::{self, LoggedOperation};
use crate::domain::repair::Repair;
use crate::engine::resolve;
use crate::model::Refusal;
use crate::model::ports::Danger;

/// The command's card.
pub const CARD: Card = Card { name: "show", danger: Danger::Read, about: "Show one operation" };

/// Which operation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Request {
    /// The operation's number
    #[arg(value_name = "OP")]
    pub op: u64,
    /// List the changes, cell by cell
    #[arg(long)]
    pub diff: bool,
    /// Run mfm's own checks now, and list those that report rows of the operation; it has to be in effect
    #[arg(long)]
    pub detect: bool,
}

/// An operation with all that is known of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// The operation as the log lists it.
    #[serde(flatten)]
    pub line: LoggedOperation,
    /// The plan's digest.
    pub plan_digest: Digest,
    /// The plan file's id; null where it was not applied from a file.
    pub plan_id: Option<String>,
    /// The target's identity at the time of the operation.
    pub identity: Digest,
    /// The names of the touched tables.
    pub tables: Vec<String>,
    /// Number of rows that needed no change, for a revert.
    pub kept: u64,
    /// The RFC 6962 root over its changes.
    pub rows_root: Digest,
    /// What cannot be put back.
    pub residue: Vec<Residue>,
    /// Parameters, seed, clock and options.
    pub detail: Map<String, Json>,
    /// The body of the entry that sealed it; null while it is open.
    pub sealed: Option<Json>,
    /// The operations that revert it.
    pub reverted_by: Vec<u64>,
    /// The operations that now carry its rows.
    pub carried_by: Vec<u64>,
    /// The chosen records' ids; the first thousand.
    pub keys: Vec<Json>,
    /// Number of changes.
    pub changes_total: u64,
    /// The first thousand changes, where requested.
    pub changes: Vec<ChangeRow>,
    /// Which detectors saw the fault, as far as that is known; null for a revert.
    pub detection: Option<Detection>,
    /// Whether the original could have been restored without the journal; null for a revert.
    pub repair: Option<Repair>,
    /// The journal read.
    pub journal: PathBuf,
}

/// Shows an operation.
///
/// # Errors
/// [`Refusal::NoOperation`], or a journal error.
pub fn run(context: &Context<'_>, request: &Request) -> Result<Outcome, Failure> {
    let journal = context.open_journal()?;
    let operation = journal.read_operation(request.op)?.ok_or(Refusal::NoOperation { op: request.op })?;
    let mut changes = Vec::new();
    if request.diff {
        journal.visit_changes(&operation, &mut |change| {
            if changes.len() == CHANGES_MAX {
                return ControlFlow::Break(());
            }
            changes.push(cell::to_change_row(&change));
            ControlFlow::Continue(())
        })?;
    }
    let keys = journal.read_chosen_keys(&operation)?;
    let mut detection = detection::read_detection(&journal, &operation)?;
    // Where the checks cannot run because the operation is not active, the verdicts of a drill stay.
    if request.detect && detection.is_some() {
        detection = detection::detect_now(context, &journal, &operation)?.or(detection);
    }
    let repair = operation.reverts.is_none().then(|| past::repair_of(&journal, &operation)).flatten();
    let carriers = resolve::find_carriers(&journal, operation.op)?;
    Ok(Outcome {
        line: log::describe_operation(&journal, &operation),
        reverted_by: journal.reverts_of(operation.op)?,
        carried_by: carriers.iter().map(|carrier| carrier.op).collect(),
        keys: keys.iter().take(CHANGES_MAX).filter_map(|key| key.first().map(cell::to_json)).collect(),
        plan_digest: operation.plan_digest,
        plan_id: operation.plan_id,
        identity: operation.target.identity,
        tables: operation.tables,
        kept: operation.kept,
        rows_root: operation.rows_root,
        residue: operation.residue,
        detail: operation.detail,
        sealed: operation.sealed.map(|entry| entry.body),
        changes_total: operation.rows + operation.kept,
        changes,
        detection,
        repair,
        journal: context.journal.clone(),
    })
}
