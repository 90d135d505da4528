//! `mfm status`: what is broken now, what is open, and who else was here; reads only.

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

/// What it is.
pub const CARD: Card = Card { name: "status", danger: Danger::Read, about: "Show what is broken now" };

/// What a status says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// The journal read.
    pub journal: PathBuf,
    /// The journal's id.
    pub journal_id: Digest,
    /// How many entries it has.
    pub entries: u64,
    /// The target asked for, or the only one.
    pub target: Option<TargetLine>,
    /// Every registered target.
    pub targets: Vec<TargetLine>,
    /// Operations that are in effect.
    pub active: Vec<ActiveLine>,
    /// Operations whose fate nobody knows yet.
    pub open: Vec<OpenLine>,
    /// What other journals left in the target.
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
    /// The domain of its data, by id, as the journal says; the first one where it says none.
    pub domain: String,
    /// `marked`, `unmarked`, or the code of what is wrong.
    pub state: String,
    /// What is wrong.
    pub problem: Option<String>,
}

/// An operation in effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ActiveLine {
    /// The number.
    pub op: u64,
    /// The target's name.
    pub target: String,
    /// What the fault is called, and how bad it would be.
    #[serde(flatten, serialize_with = "crate::ops::severity::of_label")]
    pub label: FaultLabel,
    /// Rows still in effect.
    pub rows: u64,
    /// Rows written at first.
    pub rows_written: u64,
}

/// An open operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OpenLine {
    /// The number.
    pub op: u64,
    /// The target's name.
    pub target: String,
    /// The tool.
    pub tool: String,
    /// The variant.
    pub variant: String,
    /// Always `open, undecided`.
    pub state: &'static str,
    /// Rows that it may have written.
    pub rows: u64,
}

/// What another journal left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ForeignJournal {
    /// That journal.
    pub journal_id: Digest,
    /// How many operations.
    pub operations: u64,
    /// How many of them committed.
    pub committed: u64,
}

impl Outcome {
    /// Tells whether anything is broken or undecided, or a target is not what the journal says.
    #[must_use]
    pub fn is_disturbed(&self) -> bool {
        !self.active.is_empty() || !self.open.is_empty() || self.stopped_targets().next().is_some()
    }

    /// Returns the targets asked for that the guard stops for another reason than a missing marker.
    pub fn stopped_targets(&self) -> impl Iterator<Item = &TargetLine> {
        let asked = |line: &&TargetLine| self.target.as_ref().is_none_or(|target| target.name == line.name);
        let usual = |line: &&TargetLine| ["marked", "unmarked", "marked_elsewhere"].contains(&line.state.as_str());
        self.targets.iter().filter(asked).filter(move |line| !usual(line))
    }
}

/// Reads the state of journal and targets; a target that cannot be read is a line, no failure.
///
/// # Errors
/// What the journal says.
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
        let wanted = chosen.as_ref().is_none_or(|chosen| chosen == name);
        targets.push(target_line(context, &journal, name, wanted.then_some(&mut foreign_operations)));
    }
    let mine = |name: &str| chosen.as_deref().is_none_or(|chosen| chosen == name);
    let target = targets.iter().find(|line| chosen.as_ref() == Some(&line.name)).cloned();
    let (active, open) = list_operations(&journal, &mine);
    let (journal_id, entries) = (journal.id(), journal.head().seq);
    let path = context.journal.clone();
    Ok(Outcome { journal: path, journal_id, entries, target, targets, active, open, foreign_operations })
}

fn list_operations(journal: &Journal, mine: &dyn Fn(&str) -> bool) -> (Vec<ActiveLine>, Vec<OpenLine>) {
    let state = journal.state();
    let active = state.active.iter().filter(|(_, active)| mine(&active.target)).map(|(op, active)| ActiveLine {
        op: *op,
        target: active.target.clone(),
        label: active.label.clone(),
        rows: active.rows_left,
        rows_written: active.rows,
    });
    let open = state.open.iter().filter(|(_, open)| mine(&open.target)).map(|(op, open)| OpenLine {
        op: *op,
        target: open.target.clone(),
        tool: open.label.tool.clone(),
        variant: open.label.variant.clone(),
        state: "open, undecided",
        rows: open.rows,
    });
    (active.collect(), open.collect())
}

/// Returns a target's line; what other journals left there is added to the list given.
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
    if let Some(list) = foreign {
        list.extend(foreign_operations(journal, target.as_mut())?);
    }
    Ok(())
}

/// Lists what other journals left in a target.
///
/// # Errors
/// What the target says.
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
