//! Versions of fields and prescriptions. The other versions of a field, the rows of TxField with the same FLD_SET_ID,
//! stand in for the plan, which is not in the database.

use std::collections::BTreeSet;

use jiff::civil::DateTime;

pub(super) use super::fields::SET;
use super::fields::{FIELDS, MACHINE};
use super::leaves;
use super::lookup::LookupId;
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

/// A version of a field or of a prescription, and when it was saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SavedVersion {
    /// FLD_ID or SIT_ID.
    pub(super) id: LookupId,
    /// Column Version: 0 for the current one, 32000 for the oldest, 31999 for the next, and so on.
    number: i64,
    /// Edit_DtTm, local time.
    pub(super) saved: DateTime,
}

impl SavedVersion {
    /// Reads a row; `None` where its version or its time cannot be read.
    pub(super) fn from_row(row: &Row<'_>, key: &str) -> Option<Self> {
        let saved = row.time("Edit_DtTm").filter(|time| !time.is_zoned())?;
        let id = LookupId::from_cell(row.cell(key));
        Some(Self { id, number: row.integer("Version")?, saved: saved.wall })
    }

    /// Sorts the oldest first.
    const fn order(&self) -> (bool, i64) {
        (self.number == 0, -self.number)
    }
}

/// The versions of a set, the oldest first, each saved after the one before it.
#[derive(Debug)]
pub(super) struct VersionHistory(Vec<SavedVersion>);

impl VersionHistory {
    /// Sorts versions; `None` where they were not saved in their order, as after a clock was set back: then their
    /// times do not tell which of them was current.
    pub(super) fn from_versions(mut versions: Vec<SavedVersion>) -> Option<Self> {
        versions.sort_by_key(SavedVersion::order);
        versions.is_sorted_by(|one, next| one.saved <= next.saved).then_some(Self(versions))
    }

    /// The oldest first.
    pub(super) fn versions(&self) -> &[SavedVersion] {
        &self.0
    }
}
