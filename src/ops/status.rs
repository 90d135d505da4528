//! `mfm status`: active and open operations, and those of other journals; reads only.

use std::path::PathBuf;

use mfm_journal::{Digest, FaultLabel, Journal};
use serde::Serialize;

use super::Card;
use super::context::Context;
use super::detect;
use super::failure::Failure;
use crate::domains;
use crate::engine::guard;
use crate::model::ports::Danger;
use crate::targets::{OperationState, Target, TargetError};

/// The command's card.
pub const CARD: Card = Card { name: "status", danger: Danger::Read, about: "Show what is broken now" };

/// The state of a journal and its targets.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// The journal read.
    pub journal: PathBuf,
    /// The journal's id.
    pub journal_id: Digest,
    /// Number of entries in the journal.
    pub entries: u64,
    /// The target asked for, or the only one.
    pub target: Option<TargetLine>,
    /// All registered targets.
    pub targets: Vec<TargetLine>,
    /// Operations in effect, on the target or on all.
    pub active: Vec<ActiveLine>,
    /// Operations of which it is not known whether they were committed.
    pub open: Vec<OpenLine>,
    /// Operations of other journals in the target.
    pub foreign_operations: Vec<ForeignJournal>,
}

/// A registered target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TargetLine {
    /// The name.
    pub name: String,
    /// The URL.
    pub url: String,
    /// Whether mfm made it.
    pub lab: bool,
    /// The id of its registered domain; the first one where none is registered.
    pub domain: String,
    /// `marked`, `unmarked`, or the code of the guard's failure.
    pub state: String,
    /// The message of the guard's failure; null where there is none.
    pub problem: Option<String>,
}

/// An operation in effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ActiveLine {
    /// Its number.
    pub op: u64,
    /// The target's name.
    pub target: String,
    /// The fault's tool, mode, variant and severity.
    #[serde(flatten, serialize_with = "crate::ops::severity::of_label")]
    pub label: FaultLabel,
    /// Number of rows still in effect.
    pub rows: u64,
    /// Number of rows written by the operation.
    pub rows_written: u64,
}

/// An open operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OpenLine {
    /// Its number.
    pub op: u64,
    /// The target's name.
    pub target: String,
    /// The mode's tool name.
    pub tool: String,
    /// The variant.
    pub variant: String,
    /// Always `open, undecided`.
    pub state: &'static str,
    /// Number of rows that it may have written.
    pub rows: u64,
}

/// The operations of another journal in a target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ForeignJournal {
    /// That journal's id.
    pub journal_id: Digest,
    /// Number of its operations.
    pub operations: u64,
    /// Number of those that committed; the others are tombstones.
    pub committed: u64,
}

impl Outcome {
    /// Returns whether an operation is active or open, or a target is not what the journal says.
    #[must_use]
    pub fn is_disturbed(&self) -> bool {
        !self.active.is_empty() || !self.open.is_empty() || self.stopped_targets().next().is_some()
    }

    /// Returns the targets asked for that the guard refuses for another reason than a missing marker.
    pub fn stopped_targets(&self) -> impl Iterator<Item = &TargetLine> {
        let asked = self.targets.iter().filter(|line| self.target.as_ref().is_none_or(|one| one.name == line.name));
        asked.filter(|line| !["marked", "unmarked", "marked_elsewhere"].contains(&line.state.as_str()))
    }
}

/// Reads the state of journal and targets; a target that cannot be read is reported in its line, not as a failure.
///
/// # Errors
/// A journal error.
pub fn run(context: &Context<'_>) -> Result<Outcome, Failure> {
    let journal = context.open_journal()?;
    let names: Vec<String> = journal.state().targets.keys().cloned().collect();
    let chosen = match &context.target {
        Some(_) => Some(context.resolve_target(&journal)?.name),
        None if names.len() == 1 => names.first().cloned(),
        None => None,
    };
    let mut foreign_operations = Vec::new();
    let mut targets = Vec::new();
    for name in &names {
        let is_chosen = chosen.as_ref().is_none_or(|chosen| chosen == name);
        targets.push(target_line(context, &journal, name, is_chosen.then_some(&mut foreign_operations)));
    }
    let target = targets.iter().find(|line| chosen.as_ref() == Some(&line.name)).cloned();
    let (active, open) = list_operations(&journal, chosen.as_deref());
    let (journal_id, entries) = (journal.id(), journal.head().seq);
    let path = context.journal.clone();
    Ok(Outcome { journal: path, journal_id, entries, target, targets, active, open, foreign_operations })
}

/// Returns the active and open operations of a target, or of all.
fn list_operations(journal: &Journal, only: Option<&str>) -> (Vec<ActiveLine>, Vec<OpenLine>) {
    let state = journal.state();
    let active = state.active.iter().filter(|(_, active)| only.is_none_or(|only| only == active.target));
    let active = active.map(|(op, active)| ActiveLine {
        op: *op,
        target: active.target.clone(),
        label: active.label.clone(),
        rows: active.rows_left,
        rows_written: active.rows,
    });
    let open = state.open.iter().filter(|(_, open)| only.is_none_or(|only| only == open.target));
    let open = open.map(|(op, open)| OpenLine {
        op: *op,
        target: open.target.clone(),
        tool: open.label.tool.clone(),
        variant: open.label.variant.clone(),
        state: "open, undecided",
        rows: open.rows,
    });
    (active.collect(), open.collect())
}

/// Returns a target's line, and adds the operations of other journals there to `foreign`.
pub(super) fn target_line(
    context: &Context<'_>,
    journal: &Journal,
    name: &str,
    foreign: Option<&mut Vec<ForeignJournal>>,
) -> TargetLine {
    let record = journal.state().targets.get(name).cloned().unwrap_or_default();
    let domain = record.domain.unwrap_or_else(|| domains::FIRST.card().id.to_owned());
    let (name, state) = (name.to_owned(), "marked".to_owned());
    let mut line = TargetLine { name, url: record.url, lab: record.lab, domain, state, problem: None };
    match check_target(context, journal, &line, foreign) {
        Ok(()) => {}
        Err(failure) => (line.state, line.problem) = (failure.code, Some(failure.message)),
    }
    line
}

fn check_target(
    context: &Context<'_>,
    journal: &Journal,
    line: &TargetLine,
    foreign: Option<&mut Vec<ForeignJournal>>,
) -> Result<(), Failure> {
    let mut target = context.open_target(&line.url)?;
    guard::check_target(journal, target.as_mut(), &line.name)?;
    detect::check_domain(journal, &line.name, target.as_mut())?;
    // Only of a target that the guard accepts: another database may stand at the URL.
    if let Some(list) = foreign {
        list.extend(foreign_operations(journal, target.as_mut())?);
    }
    Ok(())
}

/// Lists the operations of other journals in a target.
///
/// # Errors
/// A target error.
pub(super) fn foreign_operations(
    journal: &Journal,
    target: &mut dyn Target,
) -> Result<Vec<ForeignJournal>, TargetError> {
    let mut list = Vec::new();
    for journal_id in target.list_journals()?.into_iter().filter(|id| *id != journal.id()) {
        let rows = target.list_operations(&journal_id)?;
        let committed = rows.iter().filter(|row| row.state == OperationState::Committed).count();
        list.push(ForeignJournal { journal_id, operations: rows.len() as u64, committed: committed as u64 });
    }
    Ok(list)
}
