//! Other versions of a field: the rows of TxField with the same FLD_SET_ID. They stand in for the plan, which is not in
//! the database.

use std::collections::BTreeSet;

pub(super) use super::fields::SET;
use super::fields::{FIELDS, MACHINE};
use super::leaves;
use super::records;
use super::tally::FieldLeaves;
use crate::model::snapshot::key_form;
use crate::model::{Fetch, Refusal, Row, Snapshot, Value};

/// Returns the queries for other versions of the fields, and for their control points.
pub(super) fn queries(records: &[Value], snapshot: &Snapshot) -> Vec<Fetch> {
    let sets: BTreeSet<Value> = records::read_cells(snapshot, FIELDS, "FLD_ID", records, SET).collect();
    if sets.is_empty() {
        return Vec::new();
    }
    let unread = records::unread_queries(snapshot, [Fetch::among(FIELDS, SET, sets.clone())]);
    if !unread.is_empty() {
        return unread;
    }
    let versions = sets.iter().filter_map(|set| Some(snapshot.table(FIELDS).ok()?.rows_with(SET, set)));
    let fields = versions.flatten().filter_map(|row| row.cell("FLD_ID").map(key_form));
    records::unread_queries(snapshot, [Fetch::among(leaves::POINTS, "FLD_ID", fields)])
}

/// Returns the leaf count of each other version of a field on the same machine, leaving out versions whose points
/// differ.
///
/// # Errors
/// [`Refusal::MissingTable`] or [`Refusal::MissingColumn`].
pub(super) fn read_version_counts(snapshot: &Snapshot, field: &Row<'_>) -> Result<Vec<usize>, Refusal> {
    for column in [SET, MACHINE, "FLD_ID"] {
        field.table.column(column)?;
    }
    let mut counts = Vec::new();
    let set = value(field, SET);
    if set.is_null() {
        return Ok(counts);
    }
    for other in snapshot.table(FIELDS)?.rows_with(SET, &set) {
        // A field moved to another machine has that one's number of leaves.
        if other.key() != field.key() && value(&other, MACHINE) == value(field, MACHINE) {
            let points = leaves::of_field(snapshot, &value(&other, "FLD_ID"))?;
            counts.extend(points.iter().collect::<FieldLeaves>().common_count());
        }
    }
    Ok(counts)
}

fn value(row: &Row<'_>, column: &str) -> Value {
    row.cell(column).map_or(Value::Null, key_form)
}
