//! Whole rows before and after an operation, and the changes between them. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mfm_journal::cbor::CborError;
use mfm_journal::{Change, RowAction, RowHasher, Value};

use crate::model::{Datum, Edit, Key, Refusal, Snapshot, Table};
use crate::targets::TableTouch;

/// One row as it is and as it should become.
#[derive(Clone, Debug)]
pub struct PlannedRow {
    /// The table.
    pub table: Arc<Table>,
    /// The row's key.
    pub key: Key,
    /// The row as it is; `None` for a row to insert.
    pub before: Option<Vec<Value>>,
    /// The row as it should become; `None` for a row to delete.
    pub after: Option<Vec<Value>>,
}

/// Applies edits to the rows of a snapshot, in the order of the edits. Rows that would not change are left out.
///
/// # Errors
/// A refusal where a value does not fit its column, a row is missing, or two edits are of one row.
pub fn plan_rows(edits: &[Edit], snapshot: &Snapshot) -> Result<Vec<PlannedRow>, Refusal> {
    let mut seen = BTreeSet::new();
    let mut out = Vec::with_capacity(edits.len());
    for edit in edits {
        let row = plan_row(edit, snapshot)?;
        if !seen.insert((row.table.shape.name.clone(), row.key.clone())) {
            return Err(Refusal::ChangedTwice { table: row.table.shape.name.clone(), key: row.key });
        }
        if row.before != row.after {
            check_cell_sizes(&row)?;
            out.push(row);
        }
    }
    Ok(out)
}

/// The largest cell, in bytes, of a row to change: whole rows are in memory several times over.
const CELL_BYTES_MAX: u64 = 16 << 20;

fn check_cell_sizes(row: &PlannedRow) -> Result<(), Refusal> {
    for cells in [&row.before, &row.after].into_iter().flatten() {
        for (cell, column) in cells.iter().zip(&row.table.columns) {
            let bytes = match cell {
                Value::Text(text) => text.len() as u64,
                Value::RawText(bytes) | Value::Bytes(bytes) => bytes.len() as u64,
                _ => 0,
            };
            if bytes > CELL_BYTES_MAX {
                return Err(Refusal::CellTooLarge {
                    table: row.table.shape.name.clone(),
                    key: row.key.clone(),
                    column: column.image.name.clone(),
                    bytes,
                    bytes_max: CELL_BYTES_MAX,
                });
            }
        }
    }
    Ok(())
}

fn plan_row(edit: &Edit, snapshot: &Snapshot) -> Result<PlannedRow, Refusal> {
    match edit {
        Edit::Update { table, key, set } => {
            let (table, before) = read_row(snapshot, table, key)?;
            let mut after = before.clone();
            assign_cells(&table, set, &mut after)?;
            // A revert finds its rows by key, so a changed key would lose the row.
            if table.key_of(&after)? != *key {
                let why = "a changed key cannot be distinguished from another row".to_owned();
                return Err(Refusal::NoKey { table: table.shape.name.clone(), why });
            }
            Ok(PlannedRow { table, key: key.clone(), before: Some(before), after: Some(after) })
        }
        Edit::Delete { table, key } => {
            let (table, before) = read_row(snapshot, table, key)?;
            Ok(PlannedRow { table, key: key.clone(), before: Some(before), after: None })
        }
        Edit::Insert { table, row } => {
            let table = snapshot.table(table)?.table.clone();
            let mut after = vec![Value::Null; table.columns.len()];
            assign_cells(&table, row, &mut after)?;
            let key = table.key_of(&after)?;
            Ok(PlannedRow { table, key, before: None, after: Some(after) })
        }
    }
}

fn read_row(snapshot: &Snapshot, table: &str, key: &Key) -> Result<(Arc<Table>, Vec<Value>), Refusal> {
    let rows = snapshot.table(table)?;
    let Some(row) = rows.row(key) else {
        return Err(Refusal::MissingRecord { table: table.to_owned(), key: key.clone() });
    };
    Ok((rows.table.clone(), row.cells.to_vec()))
}

fn assign_cells(table: &Table, set: &BTreeMap<String, Datum>, row: &mut [Value]) -> Result<(), Refusal> {
    for (column, datum) in set {
        let (at, column) = table.column(column)?;
        let stored = column.store_datum(&table.shape.name, datum)?;
        if let Some(cell) = row.get_mut(at) {
            *cell = stored;
        }
    }
    Ok(())
}

/// Returns the changes between rows before and after, with whole-row digests, in the order of the rows.
///
/// # Errors
/// [`CborError::NotANumber`] for a NaN.
pub fn build_changes(rows: &[PlannedRow]) -> Result<Vec<Change>, CborError> {
    let mut hashers: BTreeMap<String, RowHasher> = BTreeMap::new();
    let mut out = Vec::with_capacity(rows.len());
    for row in rows {
        let shape = &row.table.shape;
        // One hasher a table, because it encodes the declaration once.
        let hasher = hashers.entry(shape.name.clone()).or_insert_with(|| RowHasher::new(shape));
        let action = build_action(row, hasher)?;
        out.push(Change { table: shape.clone(), key: row.key.clone(), action });
    }
    Ok(out)
}

fn build_action(row: &PlannedRow, hasher: &mut RowHasher) -> Result<RowAction, CborError> {
    Ok(match (&row.before, &row.after) {
        (None, None) => RowAction::Kept { digest: None },
        (None, Some(after)) => RowAction::Insert { after: after.clone(), after_digest: hasher.digest_row(after)? },
        (Some(before), None) => RowAction::Delete { before: before.clone(), before_digest: hasher.digest_row(before)? },
        (Some(before), Some(after)) if before == after => RowAction::Kept { digest: Some(hasher.digest_row(before)?) },
        (Some(before), Some(after)) => {
            let differ = before.iter().zip(after).enumerate().filter(|(_, (b, a))| b != a);
            let columns: Vec<usize> = differ.map(|(at, _)| at).collect();
            RowAction::Update {
                before: pick_cells(before, &columns),
                after: pick_cells(after, &columns),
                before_digest: hasher.digest_row(before)?,
                after_digest: hasher.digest_row(after)?,
                columns,
            }
        }
    })
}

fn pick_cells(row: &[Value], positions: &[usize]) -> Vec<Value> {
    positions.iter().filter_map(|at| row.get(*at).cloned()).collect()
}

/// Returns what is about to happen to each table, in the order in which the rows first name it.
#[must_use]
pub fn list_touches(rows: &[PlannedRow]) -> Vec<TableTouch> {
    let mut out: Vec<TableTouch> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for row in rows {
        let place = *places.entry(row.table.shape.name.clone()).or_insert_with(|| {
            out.push(TableTouch { table: row.table.clone(), updated: Vec::new(), inserts: 0, deletes: 0 });
            out.len() - 1
        });
        if let Some(touch) = out.get_mut(place) {
            count_row(row, touch);
        }
    }
    out
}

fn count_row(row: &PlannedRow, touch: &mut TableTouch) {
    match (&row.before, &row.after) {
        (None, Some(_)) => touch.inserts += 1,
        (Some(_), None) => touch.deletes += 1,
        (Some(before), Some(after)) => {
            let columns = &row.table.shape.columns;
            for ((cell, other), column) in before.iter().zip(after).zip(columns) {
                if cell != other && !touch.updated.contains(&column.name) {
                    touch.updated.push(column.name.clone());
                }
            }
        }
        // A revert of a row that is gone and stays so: journaled, and not written.
        (None, None) => {}
    }
}
