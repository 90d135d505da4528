//! `mfm log`: the operations of the journal, newest first; reads only.

use std::path::PathBuf;

use clap::Args;
use mfm_journal::{Digest, FaultLabel, Journal, Operation, OperationAction, OperationVerdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Card;
use super::context::Context;
use super::failure::Failure;
use crate::model::ports::Danger;

/// The command's card.
pub const CARD: Card = Card { name: "log", danger: Danger::Read, about: "List the operations, newest first" };

/// Which operations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Request {
    /// Show at most this many [default: 50]
    #[arg(long, short = 'n', value_name = "N")]
    pub limit: Option<usize>,
    /// Show only operations before this one
    #[arg(long, value_name = "OP")]
    pub before: Option<u64>,
}

/// A part of the log.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// The journal read.
    pub journal: PathBuf,
    /// The operations, newest first.
    pub operations: Vec<LoggedOperation>,
    /// Whether older ones were left out.
    pub more: bool,
}

/// An operation as the log lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LoggedOperation {
    /// Its number.
    pub op: u64,
    /// Its uid.
    pub uid: Digest,
    /// `apply` or `revert`.
    pub action: OperationAction,
    /// The fault's tool, mode, variant and severity; for a revert, those of the reverted fault.
    #[serde(flatten, serialize_with = "crate::ops::severity::of_label")]
    pub label: FaultLabel,
    /// The target's name.
    pub target: String,
    /// The operation that it reverts; null for an apply.
    pub reverts: Option<u64>,
    /// Number of rows written.
    pub rows: u64,
    /// `open`, `failed`, `abandoned`, `gone`, `active`, `reverted`, or `applied` for a revert.
    pub state: String,
    /// Number of rows still in effect.
    pub rows_left: u64,
    /// When, as RFC 3339 in UTC.
    pub at: String,
    /// Who.
    pub actor: String,
    /// Through which face.
    pub face: String,
}

/// Lists operations.
///
/// # Errors
/// A journal error.
pub fn run(context: &Context<'_>, request: &Request) -> Result<Outcome, Failure> {
    let journal = context.open_journal()?;
    let limit = request.limit.unwrap_or(50);
    let only = if context.target.is_some() { Some(context.resolve_target(&journal)?.name) } else { None };
    let mut operations = Vec::new();
    let mut before = request.before;
    // By pages, because the limit counts only the operations of the chosen target.
    let more = loop {
        let page = journal.read_operations(before, 256)?;
        let Some(last) = page.last() else { break false };
        before = Some(last.op);
        let matching = page.iter().filter(|operation| only.as_ref().is_none_or(|only| *only == operation.target.name));
        operations.extend(matching.map(|operation| describe_operation(&journal, operation)));
        // One more than the limit shows that there are older ones.
        if operations.len() > limit {
            operations.truncate(limit);
            break true;
        }
    };
    Ok(Outcome { journal: context.journal.clone(), operations, more })
}

/// Returns an operation as the log lists it.
#[must_use]
pub fn describe_operation(journal: &Journal, operation: &Operation) -> LoggedOperation {
    let active = journal.state().active.get(&operation.op);
    let rows_left = active.map_or(0, |active| active.rows_left);
    let state = match operation.verdict {
        None => "open",
        Some(OperationVerdict::Applied) if active.is_some() => "active",
        // Depth counts reverts of reverts: of an even one, the fault itself was reverted.
        Some(OperationVerdict::Applied) if operation.depth.is_multiple_of(2) => "reverted",
        Some(verdict) => verdict.as_str(),
    };
    LoggedOperation {
        op: operation.op,
        uid: operation.uid,
        action: operation.action,
        label: operation.label.clone(),
        target: operation.target.name.clone(),
        reverts: operation.reverts,
        rows: operation.rows,
        state: state.to_owned(),
        rows_left,
        at: render_timestamp(operation.at_us),
        actor: operation.actor.clone(),
        face: operation.face.clone(),
    }
}

/// Returns UTC microseconds since 1970 as RFC 3339 text; out of its range, the number with its unit.
#[must_use]
pub fn render_timestamp(at_us: i64) -> String {
    jiff::Timestamp::from_microsecond(at_us).map_or_else(|_| format!("{at_us} us"), |at| format!("{at:.6}"))
}
