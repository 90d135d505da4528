//! Doing again on a copy what a journal holds of another target: what the copy carries of it already, the inverse of a
//! replayed operation, and where the copy's rows part from the images; plans no fault and commits nothing.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use mfm_journal::{Change, Journal, Operation, OperationVerdict};
use serde_json::{Map, Value as Json, json};

use super::error::EngineError;
use super::look::{self, RowProjections};
use super::revert::judge::{RowJudgement, judge_row};
use super::{Engine, guard, resolve};
use crate::model::refusal::{Conflict, render_key};
use crate::model::{Datum, Key, Refusal, Table, Value};
use crate::plan::PlannedRow;
use crate::plan::alike::{self, Difference, DifferingSide, EqualityLevel, place_form, to_common_form};
use crate::targets::Target;

/// An operation that can be replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayStep {
    /// Its number.
    pub op: u64,
    /// Its uid.
    pub uid: mfm_journal::Digest,
}

/// Notes in an entry's detail which operation is replayed.
pub fn note_replay(detail: &mut Map<String, Json>, step: &ReplayStep) {
    detail.insert("replays".into(), json!(step.op));
    detail.insert("replayed_uid".into(), json!(step.uid.to_string()));
}

/// Tells whether an operation replays a step.
fn is_replay_of(operation: &Operation, step: &ReplayStep) -> bool {
    let detail = &operation.detail;
    let uid = detail.get("replayed_uid").and_then(Json::as_str);
    detail.get("replays").and_then(Json::as_u64) == Some(step.op) && uid == Some(step.uid.to_string().as_str())
}

/// Returns the operations of a copy that replay the first steps, one each; `None` where it carries anything else.
///
/// # Errors
/// What the journal says.
pub fn find_replayed(
    journal: &Journal,
    copy: &str,
    steps: &[ReplayStep],
) -> Result<Option<Vec<Operation>>, EngineError> {
    let by_op: BTreeMap<u64, &ReplayStep> = steps.iter().map(|step| (step.op, step)).collect();
    let first = steps.first().map(|step| step.op);
    let lineage = journal.state().targets.get(copy).map(|target| target.lineage.clone()).unwrap_or_default();
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
    Ok(if journal.state().has_operations_on(copy) { None } else { Some(Vec::new()) })
}

impl Engine<'_> {
    /// Plans taking back, of this target's own operation, exactly the rows that a journaled revert took back.
    ///
    /// Later claims are not looked for: a copy that carries nothing but the replayed operations has those of the
    /// source, where the revert was judged.
    ///
    /// # Errors
    /// A refusal, or what target and journal say.
    pub fn revert_again(
        &mut self,
        operation: &Operation,
        journaled: &[Change],
        force: bool,
    ) -> Result<Vec<PlannedRow>, EngineError> {
        guard::check_committed(self.target, operation.op, &operation.uid)?;
        let left = resolve::rows_left(self.journal, operation)?;
        let mut left: BTreeMap<(String, Key), Change> = left.into_iter().map(|row| (place_form(&row), row)).collect();
        let mut wanted = Vec::with_capacity(journaled.len());
        for change in journaled {
            let what = || format!("operation {} no longer carries {}", operation.op, render_location(change));
            wanted.push(left.remove(&place_form(change)).ok_or_else(|| Refusal::Stale { what: what() })?);
        }
        let mut lenses = RowProjections::default();
        let now = look::read_current(self.target, &mut lenses, &wanted)?;
        let (mut rows, mut conflicts) = (Vec::new(), Vec::new());
        for ((change, now), again) in wanted.iter().zip(now).zip(journaled) {
            let lens = lenses.get_or_load(self.target, &change.table)?;
            let after = match judge_row(change, now.as_deref(), lens, force)? {
                RowJudgement::Put(after) => after,
                RowJudgement::Kept => now.clone(),
                // A row that was given up there is given up here, if it is gone here too.
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
        look::fill_unknown_columns(self.target, &mut lenses, back)?;
        let rows = rows.into_iter().map(|(_, row)| row).collect();
        if conflicts.is_empty() {
            return Ok(rows);
        }
        let count = conflicts.len() as u64;
        Err(Refusal::Conflict { op: operation.op, rows: count, blocked_by: Vec::new(), conflicts }.into())
    }

    /// Returns where this target's rows part from what journaled changes found, the first in the order of the journal.
    ///
    /// # Errors
    /// What the target says.
    pub fn find_divergence(
        &mut self,
        journaled: &[Change],
        measure: EqualityLevel,
    ) -> Result<Option<Divergence>, EngineError> {
        let mut lenses = RowProjections::default();
        for batch in journaled.chunks(look::BATCH) {
            let here = batch.iter().map(|change| self.as_here(change, measure)).collect::<Result<Vec<_>, _>>()?;
            let rows = look::read_current(self.target, &mut lenses, &here)?;
            for ((change, here), row) in batch.iter().zip(&here).zip(rows) {
                let lens = lenses.get_or_load(self.target, &here.table)?;
                let Some(table) = lens.table.clone() else {
                    return Err(Refusal::MissingTable { table: change.table.name.clone() }.into());
                };
                if let Err(difference) = alike::compare_found(change, &table.shape, row.as_deref(), measure) {
                    return Ok(Some(Divergence { difference: *difference, change: change.clone(), row }));
                }
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

    /// Returns a change under the table's name and the key that this target has for it.
    fn as_here(&mut self, change: &Change, measure: EqualityLevel) -> Result<Change, EngineError> {
        let table = if measure == EqualityLevel::Meaning { self.target.find_table(&change.table.name)? } else { None };
        let Some(table) = table else { return Ok(change.clone()) };
        let key = change.key.iter().zip(&change.table.key).map(|(value, column)| as_stored(value, &table, column));
        Ok(Change { table: change.table.clone(), key: key.collect(), action: change.action.clone() })
    }
}

/// Where a copy parts from the journal.
#[derive(Clone, Debug)]
pub struct Divergence {
    /// The difference.
    pub difference: Difference,
    /// The journaled change.
    pub change: Change,
    /// The row as it is on the copy, over the columns of the change's table where only digests show the difference.
    pub row: Option<Vec<Value>>,
}

impl Divergence {
    /// Names the cell where only digests show that a row differs: the source's row, taken back in memory to what the
    /// operation found there, is held against the copy's. What the digest does not prove is not said.
    ///
    /// # Errors
    /// What source and journal say.
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

/// Returns a row as an operation found it on its own target, if that can be proved by the digest in its image.
fn rewind_row(
    journal: &Journal,
    source: &mut dyn Target,
    operation: &Operation,
    change: &Change,
) -> Result<Option<Vec<Value>>, EngineError> {
    let mut lenses = RowProjections::default();
    let now = look::read_current(source, &mut lenses, std::slice::from_ref(change))?.pop().flatten();
    let lens = lenses.get_or_load(source, &change.table)?;
    let mut row = now.and_then(|row| lens.project(&row));
    let mut before = None;
    loop {
        let page = journal.read_operations(before, 64)?;
        let Some(last) = page.last() else { break };
        before = Some(last.op);
        let here = |later: &&Operation| {
            later.target.name == operation.target.name
                && later.op >= operation.op
                && later.verdict == Some(OperationVerdict::Applied)
        };
        for later in page.iter().filter(here) {
            undo_change(journal, later, change, &mut row)?;
        }
        if last.op <= operation.op {
            break;
        }
    }
    let Some(row) = row else { return Ok(None) };
    let digest = change.table.row_digest(&row)?;
    Ok((Some(digest) == change.before_digest()).then_some(row))
}

/// Takes one operation's change of a row back, in memory.
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
        ControlFlow::Break(())
    })?;
    Ok(())
}

/// Returns a key's value as a column of another engine holds it; as it is where that cannot be said.
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
