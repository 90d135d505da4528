//! Describes the records that people browse, from patients down to control points. Names the rows it lacks and lets the
//! caller read them.

use std::collections::BTreeMap;

use super::find;
use super::hospital_numbers;
use super::kinds;
use super::records;
use super::selection::{FaultableKind, trim_padding};
use crate::domain::pause::{Pause, read_rows};
use crate::domain::record::{DescriptionCell, RecordDescription};
use crate::model::snapshot::key_form;
use crate::model::{Fetch, Key, Row, Snapshot, Value};

/// A kind of record that people can browse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BrowsedKind {
    /// Table Patient.
    Patient,
    /// A kind that modes can break.
    Faultable(FaultableKind),
}

impl BrowsedKind {
    pub(super) fn of_table(table: &str) -> Option<Self> {
        if table == kinds::PATIENT.table {
            Some(Self::Patient)
        } else {
            FaultableKind::of_table(table).map(Self::Faultable)
        }
    }
}

/// Describes records in the order of their keys; leaves out those that no longer exist.
///
/// # Errors
/// The queries still to be answered, or the table that the target lacks.
pub(super) fn describe_records(
    kind: BrowsedKind,
    keys: &[Key],
    snapshot: &Snapshot,
) -> Result<Vec<RecordDescription>, Pause> {
    let (table, column) = match kind {
        BrowsedKind::Patient => (kinds::PATIENT.table, kinds::PATIENT.key),
        BrowsedKind::Faultable(kind) => {
            let mut descriptions = Vec::new();
            for (key, cells) in find::describe_faultable(kind, keys, snapshot)? {
                descriptions.push(RecordDescription { link: link_of(kind, &key, snapshot), key, cells });
            }
            return Ok(descriptions);
        }
    };
    let ids: Vec<Value> = keys.iter().filter_map(|key| key.first().cloned()).collect();
    let records = read_rows(snapshot, &Fetch::among(table, column, records::key_forms(&ids)))?;
    let patients: Vec<Value> =
        records.iter().filter_map(|row| row.cell("Pat_ID1").map(key_form)).filter(|id| !id.is_null()).collect();
    // One pause for all related tables: each costs the caller a round trip to the database.
    let mut queries = vec![Fetch::among("Ident", "Pat_Id1", patients.clone())];
    queries.extend(["Site", "TxField"].map(|table| Fetch::among(table, "Pat_ID1", patients.clone())));
    queries.retain(|query| !snapshot.has_answer(query));
    if !queries.is_empty() {
        return Err(Pause::Ask(queries));
    }
    let mut by_key: BTreeMap<Key, RecordDescription> = BTreeMap::new();
    for row in &records {
        by_key.insert(row.key(), describe_patient(row, snapshot));
    }
    Ok(keys.iter().filter_map(|key| by_key.remove(key)).collect())
}

/// Returns the number by which other records refer to a record.
fn link_of(kind: FaultableKind, key: &Key, snapshot: &Snapshot) -> Option<i64> {
    if kind == FaultableKind::Site {
        // Fields and shifts refer to the set of versions, not to one version's key.
        return snapshot.table(kind.table()).ok()?.row(key)?.integer("SIT_SET_ID");
    }
    key_number(key)
}

fn key_number(key: &Key) -> Option<i64> {
    match key.first().map(key_form) {
        Some(Value::Integer(number)) => Some(number),
        _ => None,
    }
}

fn describe_patient(row: &Row<'_>, snapshot: &Snapshot) -> RecordDescription {
    let id = row.cell("Pat_ID1").map_or(Value::Null, key_form);
    let [sites, fields] = ["Site", "TxField"]
        .map(|table| snapshot.table(table).map(|rows| rows.rows_with("Pat_ID1", &id)).unwrap_or_default());
    let mut sites: Vec<String> = sites.iter().filter_map(|site| trimmed_text(site, "Site_Name")).collect();
    // Versions of a prescription follow each other in key order, so that neighbours are enough.
    sites.dedup();
    let count = i64::try_from(fields.len()).unwrap_or(i64::MAX);
    let cells = vec![
        shown_cell(row, "Pat_ID1"),
        hospital_number(&id, snapshot),
        DescriptionCell::Value(Value::Text(sites.join(", "))),
        DescriptionCell::Value(Value::Integer(count)),
    ];
    RecordDescription { key: row.key(), link: row.integer("Pat_ID1"), cells }
}

/// Returns the current Ident.IDA of a patient, NULL if there is none.
fn hospital_number(patient: &Value, snapshot: &Snapshot) -> DescriptionCell {
    DescriptionCell::Value(hospital_numbers::find_number(snapshot, patient).map_or(Value::Null, Value::Text))
}

fn trimmed_text(row: &Row<'_>, column: &str) -> Option<String> {
    match row.cell(column) {
        Some(Value::Text(text)) => Some(trim_padding(text).to_owned()).filter(|text| !text.is_empty()),
        _ => None,
    }
}

fn shown_cell(row: &Row<'_>, column: &str) -> DescriptionCell {
    let value = match row.cell(column) {
        Some(Value::Text(_)) => trimmed_text(row, column).map_or(Value::Null, Value::Text),
        Some(value) => value.clone(),
        None => Value::Null,
    };
    DescriptionCell::Value(value)
}
