//! Replaying on a copy what a journal holds of another target: the operations that the copy carries already, the
//! inverse of a replayed operation, and the first row where the copy differs from the images. Plans no fault and
//! commits nothing.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use mfm_journal::{Change, Journal, Operation, OperationVerdict};
use serde_json::{Map, Value as Json, json};

use super::error::EngineError;
use super::reread::{self, RowProjections};
use super::revert::judge::{RowJudgement, judge_row};
use super::{Engine, guard, resolve};
use crate::model::refusal::{Conflict, render_key};
use crate::model::{Datum, Key, Refusal, Table, Value};
use crate::plan::PlannedRow;
use crate::plan::alike::{self, Difference, DifferingSide, EqualityLevel, place_form, to_common_form};
use crate::targets::Target;

/// An operation to replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayStep {
    /// Its number.
    pub op: u64,
    /// Its uid.
    pub uid: mfm_journal::Digest,
}

/// Records in an entry's detail which operation it replays.
pub fn note_replay(detail: &mut Map<String, Json>, step: &ReplayStep) {
    detail.insert("replays".into(), json!(step.op));
    detail.insert("replayed_uid".into(), json!(step.uid.to_string()));
}

fn is_replay_of(operation: &Operation, step: &ReplayStep) -> bool {
    let detail = &operation.detail;
    let uid = detail.get("replayed_uid").and_then(Json::as_str);
    detail.get("replays").and_then(Json::as_u64) == Some(step.op) && uid == Some(step.uid.to_string().as_str())
}

/// Returns the operations of a copy that replay the first steps, one each, oldest first; `None` where the copy carries
/// anything else.
///
/// # Errors
/// The journal's error.
pub fn find_replayed(
    journal: &Journal,
    copy: &str,
    steps: &[ReplayStep],
) -> Result<Option<Vec<Operation>>, EngineError> {
    let by_op: BTreeMap<u64, &ReplayStep> = steps.iter().map(|step| (step.op, step)).collect();
    let first = steps.first().map(|step| step.op);
    let lineage = journal.state().targets.get(copy).map(|target| target.lineage.clone()).unwrap_or_default();
    // Newest first, until the replay of the first step or an operation that is no replay of these steps.
    let (mut run, mut before) = (Vec::new(), None);
    'pages: loop {
        let page = journal.read_operations(before, 64)?;
        let Some(last) = page.last() else { break };
        before = Some(last.op);
        for operation in page {
            let here = operation.target.name == copy && lineage.contains(&operation.target.identity);
            if !here || operation.verdict != Some(OperationVerdict::Applied) {
                continue;
            }
            let replayed = operation.detail.get("replays").and_then(Json::as_u64);
            let step = replayed.and_then(|op| by_op.get(&op)).filter(|step| is_replay_of(&operation, step));
            let Some(step) = step else { break 'pages };
            run.push(operation);
            if Some(step.op) == first {
                break 'pages;
            }
        }
    }
    run.reverse();
    let whole =
        run.len() <= steps.len() && run.iter().zip(steps).all(|(operation, step)| is_replay_of(operation, step));
    if whole && !run.is_empty() {
        return Ok(Some(run));
    }
    // What was applied and reverted in full leaves nothing: such a copy counts as new.
    Ok(if journal.state().has_operations_on(copy) { None } else { Some(Vec::new()) })
}

impl Engine<'_> {
    /// Plans the revert of an operation of this copy: exactly the rows that the journaled revert put back on the
    /// source.
    ///
    /// Claims of later operations are not checked: the copy carries only replayed operations, and the revert was judged
    /// on the source, which has the same ones.
    ///
    /// # Errors
    /// A refusal, or an error of target or journal.
    pub fn revert_again(
        &mut self,
        operation: &Operation,
        journaled: &[Change],
        force: bool,
    ) -> Result<Vec<PlannedRow>, EngineError> {
        guard::check_committed(self.target, operation.op, &operation.uid)?;
        let left = resolve::rows_left(self.journal, operation)?;
        let mut left: BTreeMap<(String, Key), Change> = left.into_iter().map(|row| (place_form(&row), row)).collect();
        let mut own_changes = Vec::with_capacity(journaled.len());
        for change in journaled {
            let Some(row) = left.remove(&place_form(change)) else {
                let what = format!("operation {} no longer carries {}", operation.op, render_location(change));
                return Err(Refusal::Stale { what }.into());
            };
            own_changes.push(row);
        }
        let mut lenses = RowProjections::default();
        let now = reread::read_current(self.target, &mut lenses, &own_changes)?;
        let (mut rows, mut conflicts) = (Vec::new(), Vec::new());
        for ((change, now), again) in own_changes.iter().zip(now).zip(journaled) {
            let lens = lenses.get_or_load(self.target, &change.table)?;
            let after = match judge_row(change, now.as_deref(), lens, force)? {
                RowJudgement::Put(after) => after,
                RowJudgement::Kept => now.clone(),
                // A row that the source's revert gave up is given up here, if it is gone here too.
                RowJudgement::Conflict { .. } if now.is_none() && !again.is_write() => None,
                RowJudgement::Conflict { columns, why, operation, lost } => {
                    let (table, key) = (change.table.name.clone(), render_key(&change.key));
                    conflicts.push(Conflict { table, key, columns, why, operation, lost });
                    continue;
                }
            };
            let Some(table) = lens.table.clone() else { continue };
            rows.push((change, PlannedRow { table, key: change.key.clone(), before: now, after }));
        }
        let back = rows.iter_mut().filter(|(_, row)| row.before.is_none());
        let back = back.filter_map(|(change, row)| Some((change.table.as_ref(), row.after.as_mut()?))).collect();
        reread::fill_unknown_columns(self.target, &mut lenses, back)?;
        let rows = rows.into_iter().map(|(_, row)| row).collect();
        if conflicts.is_empty() {
            return Ok(rows);
        }
        let count = conflicts.len() as u64;
        Err(Refusal::Conflict { op: operation.op, rows: count, blocked_by: Vec::new(), conflicts }.into())
    }

    /// Returns the first difference, in the order of the journal, between this target's rows and what journaled changes
    /// found on the source.
    ///
    /// # Errors
    /// The target's error.
    pub fn find_divergence(
        &mut self,
        journaled: &[Change],
        measure: EqualityLevel,
    ) -> Result<Option<Divergence>, EngineError> {
        let mut lenses = RowProjections::default();
        for batch in journaled.chunks(reread::BATCH) {
            // Reads are made under this target's own keys, and compared with the journal's.
            let here = batch.iter().map(|change| self.as_here(change, measure)).collect::<Result<Vec<_>, _>>()?;
            let rows = reread::read_current(self.target, &mut lenses, &here)?;
            for ((change, here), row) in batch.iter().zip(&here).zip(rows) {
                let lens = lenses.get_or_load(self.target, &here.table)?;
                let Some(table) = lens.table.clone() else {
                    return Err(Refusal::MissingTable { table: change.table.name.clone() }.into());
                };
                if let Err(difference) = alike::compare_found(change, &table.shape, row.as_deref(), measure) {
                    return Ok(Some(Divergence { difference: *difference, change: change.clone(), row }));
                }
                // Cell by cell the row is the same; its digest covers the columns that the change does not set.
                let digest = row.as_deref().map(|row| lens.digest(row)).transpose()?.flatten();
                if measure == EqualityLevel::Bits && digest != change.before_digest() {
                    let difference = Difference::other_columns(change);
                    let row = row.and_then(|row| lens.project(&row));
                    return Ok(Some(Divergence { difference, change: change.clone(), row }));
                }
            }
        }
        Ok(None)
    }

    /// Returns a change with its key as this target stores it, where the two may be of different engines.
    fn as_here(&mut self, change: &Change, measure: EqualityLevel) -> Result<Change, EngineError> {
        let table = if measure == EqualityLevel::Meaning { self.target.find_table(&change.table.name)? } else { None };
        let Some(table) = table else { return Ok(change.clone()) };
        let key = change.key.iter().zip(&change.table.key).map(|(value, column)| as_stored(value, &table, column));
        Ok(Change { table: change.table.clone(), key: key.collect(), action: change.action.clone() })
    }
}

/// The first difference between a copy and the journal.
#[derive(Clone, Debug)]
pub struct Divergence {
    /// The difference.
    pub difference: Difference,
    /// The journaled change.
    pub change: Change,
    /// The row as it is on the copy. Where only digests show the difference, it has the columns of the change's table.
    pub row: Option<Vec<Value>>,
}

impl Divergence {
    /// Names the cell where only digests show that a row differs: the source's row is rewound in memory to what the
    /// operation found there, and compared with the copy's. Without proof by the digest, no cell is named.
    ///
    /// # Errors
    /// An error of source or journal.
    pub fn name_cell(
        &mut self,
        journal: &Journal,
        source: &mut dyn Target,
        operation: &Operation,
    ) -> Result<(), EngineError> {
        if self.difference.what != alike::DifferenceKind::OtherColumns {
            return Ok(());
        }
        let Some(row) = &self.row else { return Ok(()) };
        let Some(was) = rewind_row(journal, source, operation, &self.change)? else { return Ok(()) };
        let cells = was.iter().zip(row).zip(&self.change.table.columns);
        if let Some(((was, is), column)) = cells.into_iter().find(|((was, is), _)| was != is) {
            self.difference = Difference::in_cell(&self.change, &column.name, DifferingSide::Before, was, is);
        }
        Ok(())
    }
}

/// Returns a row as an operation found it on its own target; `None` unless the digest in its image proves it.
fn rewind_row(
    journal: &Journal,
    source: &mut dyn Target,
    operation: &Operation,
    change: &Change,
) -> Result<Option<Vec<Value>>, EngineError> {
    let mut lenses = RowProjections::default();
    let now = reread::read_current(source, &mut lenses, std::slice::from_ref(change))?.pop().flatten();
    let lens = lenses.get_or_load(source, &change.table)?;
    let mut row = now.and_then(|row| lens.project(&row));
    let mut before = None;
    loop {
        let page = journal.read_operations(before, 64)?;
        let Some(last) = page.last() else { break };
        before = Some(last.op);
        for later in &page {
            let is_applied_here =
                later.target.name == operation.target.name && later.verdict == Some(OperationVerdict::Applied);
            if is_applied_here && later.op >= operation.op {
                undo_change(journal, later, change, &mut row)?;
            }
        }
        // The row is rewound past the operation itself now.
        if last.op <= operation.op {
            break;
        }
    }
    let Some(row) = row else { return Ok(None) };
    let digest = change.table.row_digest(&row)?;
    Ok((Some(digest) == change.before_digest()).then_some(row))
}

/// Undoes one operation's change of a row in memory; `row` is `None` where the row is absent.
fn undo_change(
    journal: &Journal,
    operation: &Operation,
    of: &Change,
    row: &mut Option<Vec<Value>>,
) -> Result<(), EngineError> {
    if !operation.tables.contains(&of.table.name) {
        return Ok(());
    }
    journal.visit_changes(operation, &mut |change| {
        if change.table.name != of.table.name || change.key != of.key {
            return ControlFlow::Continue(());
        }
        let old = change.cells_before().map(|cells| change.column_names().into_iter().zip(cells.iter().cloned()));
        match (old, change.is_write()) {
            (_, false) => {}
            (None, true) => *row = None,
            (Some(cells), true) => {
                let whole = row.get_or_insert_with(|| vec![Value::Null; of.table.columns.len()]);
                for (name, cell) in cells {
                    if let Some(place) = of.table.column_position(name).and_then(|at| whole.get_mut(at)) {
                        *place = cell;
                    }
                }
            }
        }
        // An operation changes a row at most once.
        ControlFlow::Break(())
    })?;
    Ok(())
}

/// Returns a key's value as a column of another engine stores it; unchanged where it would not fit.
fn as_stored(value: &Value, table: &Table, column: &str) -> Value {
    let datum = match to_common_form(value, false) {
        Value::Integer(number) => Datum::Integer(number),
        Value::Text(text) => Datum::Text(text),
        other => Datum::Raw(other),
    };
    let stored = table.column(column).and_then(|(_, column)| column.store_datum(&table.shape.name, &datum));
    stored.unwrap_or_else(|_| value.clone())
}

fn render_location(change: &Change) -> String {
    format!("{} {}", change.table.name, render_key(&change.key))
}
