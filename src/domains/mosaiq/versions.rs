//! Other versions of a field: the rows of TxField that share its FLD_SET_ID; the plan itself is not in the database.

use std::collections::BTreeSet;

pub(super) use super::fields::SET;
use super::fields::{FIELDS, MACHINE};
use super::leaves;
use super::records;
use super::tally::FieldLeaves;
use crate::model::snapshot::key_form;
use crate::model::{Fetch, Refusal, Row, Snapshot, Value};

/// Returns what has to be read beyond the fields themselves to know their other versions.
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

/// Returns the number of leaf pairs of each other version of a field on its machine: a field moved to another machine
/// has that one's leaves. A version without one number has no say.
///
/// # Errors
/// [`Refusal::MissingTable`] or [`Refusal::MissingColumn`].
pub(super) fn read_version_counts(snapshot: &Snapshot, field: &Row<'_>) -> Result<Vec<usize>, Refusal> {
    for column in [SET, MACHINE, "FLD_ID"] {
        field.table.column(column)?;
    }
    let cell = |row: &Row<'_>, column: &str| row.cell(column).map_or(Value::Null, key_form);
    let mut counts = Vec::new();
    let set = cell(field, SET);
    if set.is_null() {
        return Ok(counts);
    }
    for other in snapshot.table(FIELDS)?.rows_with(SET, &set) {
        if other.key() != field.key() && cell(&other, MACHINE) == cell(field, MACHINE) {
            let points = leaves::of_field(snapshot, &cell(&other, "FLD_ID"))?;
            counts.extend(points.iter().collect::<FieldLeaves>().common_count());
        }
    }
    Ok(counts)
}
