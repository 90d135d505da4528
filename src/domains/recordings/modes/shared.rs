//! The common part of the modes of recordings: queries for frames and their rows, and edits of rows.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::mode::{FaultRecord, Task};
use crate::model::{Datum, Edit, Fetch, Refusal, Row, Snapshot, Value};

/// The record that every fault is made on: a frame.
pub(super) const RECORD: FaultRecord = FaultRecord { table: "SimulationFrameRecord", key: "id", parameter: "frame_id" };

/// The least normal impulse of a point that a fault is made on, N s: with less, the fault would be within rounding.
pub(super) const PRESSED_LEAST: f64 = 1e-4;

/// Returns the queries that the snapshot does not hold yet, each once.
pub(super) fn unread_queries(wanted: Vec<Fetch>, snapshot: &Snapshot) -> Vec<Fetch> {
    // Sorted, so that the same need always leads to the same reads.
    let all: BTreeSet<Fetch> = wanted.into_iter().filter(|fetch| !snapshot.has_answer(fetch)).collect();
    all.into_iter().collect()
}

/// Returns the ids of frames, with those of the given numbers of frames before and after each.
pub(super) fn frame_ids_around(records: &[Value], before: i64, after: i64) -> Vec<Value> {
    let mut ids = BTreeSet::new();
    for record in records {
        if let Value::Integer(id) = record {
            ids.extend(id.saturating_sub(before)..=id.saturating_add(after));
        }
    }
    ids.into_iter().map(Value::Integer).collect()
}

/// Builds the query for the rows of a table that belong to frames.
pub(super) fn fetch_frame_rows(table: &str, frames: &[Value]) -> Fetch {
    Fetch::among(table, "frame_id", frames.iter().cloned())
}

/// Builds the query for frames.
pub(super) fn fetch_frames(ids: &[Value]) -> Fetch {
    Fetch::among(RECORD.table, RECORD.key, ids.iter().cloned())
}

/// Returns the values of a column in all rows of a table that were read so far.
pub(super) fn column_values(snapshot: &Snapshot, table: &str, column: &str) -> Vec<Value> {
    let Ok(rows) = snapshot.table(table) else { return Vec::new() };
    rows.rows().filter_map(|row| row.cell(column).cloned()).collect()
}

/// Returns the rows of a table that belong to a frame; none where the recording lacks the table.
pub(super) fn frame_rows<'s>(snapshot: &'s Snapshot, table: &str, frame: i64) -> Vec<Row<'s>> {
    snapshot.table(table).map_or_else(|_| Vec::new(), |rows| rows.rows_with("frame_id", &Value::Integer(frame)))
}

/// Finds a row by its id.
pub(super) fn find_row<'s>(snapshot: &'s Snapshot, table: &str, id: Option<i64>) -> Option<Row<'s>> {
    snapshot.table(table).ok()?.row(&[Value::Integer(id?)])
}

/// Reads the id of the frame of a task.
///
/// # Errors
/// [`Refusal::MissingRecord`] where the recording has no such frame.
pub(super) fn read_frame_id(snapshot: &Snapshot, task: &Task<'_>) -> Result<i64, Refusal> {
    let key = vec![task.record.clone()];
    let id = snapshot.table(RECORD.table)?.row(&key).and_then(|row| row.integer(RECORD.key));
    id.ok_or_else(|| Refusal::MissingRecord { table: RECORD.table.to_owned(), key })
}

/// Finds the row of the position that a body's state in a frame refers to.
pub(super) fn find_position<'s>(snapshot: &'s Snapshot, state: &Row<'_>) -> Option<Row<'s>> {
    let inertial = find_row(snapshot, "InertialStateRecord", state.integer("kinematicState_id"))?;
    find_row(snapshot, "CoordinateRecord", inertial.integer("position_id"))
}

/// Returns the ids of the bodies with a state in a frame.
pub(super) fn body_ids(snapshot: &Snapshot, frame: i64) -> Vec<i64> {
    let rows = frame_rows(snapshot, "AssetDynamicStateRecord", frame);
    rows.iter().filter_map(|row| row.integer("body_id")).collect()
}

/// Returns whether a frame exists, as far as it was read.
pub(super) fn has_frame(snapshot: &Snapshot, frame: i64) -> bool {
    find_row(snapshot, RECORD.table, Some(frame)).is_some()
}

/// Returns the numbers in columns of a row; `None` where one is missing or not finite.
pub(super) fn read_numbers<const N: usize>(row: &Row<'_>, columns: [&str; N]) -> Option<[f64; N]> {
    let mut out = [0.0; N];
    for (number, column) in out.iter_mut().zip(columns) {
        *number = row.float(column).filter(|number| number.is_finite())?;
    }
    Some(out)
}

/// Converts a float to a cell. `Datum` has no floats of its own: `Raw` passes one on bit for bit.
pub(super) const fn real(number: f64) -> Datum {
    Datum::Raw(Value::Real(number))
}

/// Returns the cells for new numbers, without those that the row holds already: an edit may only name cells that
/// change.
pub(super) fn keep_changes(
    row: &Row<'_>,
    numbers: impl IntoIterator<Item = (&'static str, f64)>,
) -> Vec<(&'static str, Datum)> {
    let mut cells = Vec::new();
    for (column, number) in numbers {
        if row.float(column) != Some(number) {
            cells.push((column, real(number)));
        }
    }
    cells
}

/// Builds the edit that sets columns of a row.
pub(super) fn build_update(row: &Row<'_>, set: impl IntoIterator<Item = (&'static str, Datum)>) -> Edit {
    let set: BTreeMap<String, Datum> = set.into_iter().map(|(column, datum)| (column.to_owned(), datum)).collect();
    Edit::Update { table: row.table.shape.name.clone(), key: row.key(), set }
}

/// Builds the edit that deletes a row.
pub(super) fn build_delete(row: &Row<'_>) -> Edit {
    Edit::Delete { table: row.table.shape.name.clone(), key: row.key() }
}

/// Returns the rows of a frame in the table of impulses, of whichever generation.
pub(super) fn impulse_rows<'s>(snapshot: &'s Snapshot, frame: i64) -> Vec<Row<'s>> {
    // A recording has one of the two tables.
    let newest = frame_rows(snapshot, "UnifiedContactConstraintRecord", frame);
    if newest.is_empty() { frame_rows(snapshot, "FrictionConstraintRecord", frame) } else { newest }
}

/// Builds the queries for the rows of frames in the tables of impulses of both generations.
pub(super) fn fetch_impulse_rows(frames: &[Value]) -> [Fetch; 2] {
    ["UnifiedContactConstraintRecord", "FrictionConstraintRecord"].map(|table| fetch_frame_rows(table, frames))
}

/// Returns whether two numbers as stored differ by what was asked for: in a recording that blew up, half a metre is
/// lost among the digits of 1e61, and the fault would show nowhere.
pub(super) fn differ_by(low: f64, high: f64, difference: f64) -> bool {
    high - low > 0.99 * difference
}
