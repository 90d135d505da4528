//! The records that people walk through, from patients down to control points, and how one leads to another; reads
//! nothing itself.

use std::collections::BTreeMap;

use super::find;
use super::records;
use super::selection::{FaultableKind, trim_padding};
use crate::domain::pause::{Pause, read_rows};
use crate::domain::record::{DescriptionCell, RecordDescription};
use crate::model::snapshot::key_form;
use crate::model::{Fetch, Key, Row, Snapshot, Value};

/// A kind of record to walk through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BrowsedKind {
    /// Patients: Patient.
    Patient,
    /// Prescriptions: Site.
    Site,
    /// Records that faults are made on.
    Faultable(FaultableKind),
}

impl BrowsedKind {
    /// Returns the kind whose records stand in a table.
    pub(super) fn of_table(table: &str) -> Option<Self> {
        match table {
            "Patient" => Some(Self::Patient),
            "Site" => Some(Self::Site),
            other => FaultableKind::of_table(other).map(Self::Faultable),
        }
    }
}

/// Describes records, in the order of their keys; one that is gone is left out.
///
/// # Errors
/// What has to be read first, or what the target lacks.
pub(super) fn describe_records(
    kind: BrowsedKind,
    keys: &[Key],
    snapshot: &Snapshot,
) -> Result<Vec<RecordDescription>, Pause> {
    let (table, column) = match kind {
        BrowsedKind::Patient => ("Patient", "Pat_ID1"),
        BrowsedKind::Site => ("Site", "SIT_ID"),
        BrowsedKind::Faultable(kind) => {
            let described = find::describe_faultable(kind, keys, snapshot)?;
            let of_key =
                |(key, cells): (Key, find::DescribedCells)| RecordDescription { link: key_number(&key), key, cells };
            return Ok(described.into_iter().map(of_key).collect());
        }
    };
    let ids: Vec<Value> = keys.iter().filter_map(|key| key.first().cloned()).collect();
    let found = read_rows(snapshot, &Fetch::among(table, column, records::key_forms(&ids)))?;
    let patients: Vec<Value> =
        found.iter().filter_map(|row| row.cell("Pat_ID1").map(key_form)).filter(|id| !id.is_null()).collect();
    let mut wanted = vec![Fetch::among("Ident", "Pat_Id1", patients.clone())];
    if kind == BrowsedKind::Patient {
        wanted.extend(["Site", "TxField"].map(|table| Fetch::among(table, "Pat_ID1", patients.clone())));
    }
    wanted.retain(|query| !snapshot.has_answer(query));
    if !wanted.is_empty() {
        return Err(Pause::Ask(wanted));
    }
    let one = |row: &Row<'_>| {
        if kind == BrowsedKind::Patient { describe_patient(row, snapshot) } else { describe_site(row, snapshot) }
    };
    let mut lines: BTreeMap<Key, RecordDescription> = found.iter().map(|row| (row.key(), one(row))).collect();
    Ok(keys.iter().filter_map(|key| lines.remove(key)).collect())
}

fn key_number(key: &Key) -> Option<i64> {
    match key.first().map(key_form) {
        Some(Value::Integer(number)) => Some(number),
        _ => None,
    }
}

fn describe_patient(row: &Row<'_>, snapshot: &Snapshot) -> RecordDescription {
    let id = row.cell("Pat_ID1").map_or(Value::Null, key_form);
    let of = |table: &str| snapshot.table(table).map(|rows| rows.rows_with("Pat_ID1", &id)).unwrap_or_default();
    let mut sites: Vec<String> = of("Site").iter().filter_map(|site| trimmed_text(site, "Site_Name")).collect();
    sites.dedup();
    let count = i64::try_from(of("TxField").len()).unwrap_or(i64::MAX);
    let cells = vec![
        shown_cell(row, "Pat_ID1"),
        hospital_number(&id, snapshot),
        DescriptionCell::Value(Value::Text(sites.join(", "))),
        DescriptionCell::Value(Value::Integer(count)),
    ];
    RecordDescription { key: row.key(), link: row.integer("Pat_ID1"), cells }
}

fn describe_site(row: &Row<'_>, snapshot: &Snapshot) -> RecordDescription {
    let id = row.cell("Pat_ID1").map_or(Value::Null, key_form);
    let own = ["Site_Name", "Version", "Technique", "Dose_Ttl", "Fractions"].map(|column| shown_cell(row, column));
    let cells = [shown_cell(row, "SIT_ID"), hospital_number(&id, snapshot)].into_iter().chain(own).collect();
    RecordDescription { key: row.key(), link: row.integer("SIT_SET_ID"), cells }
}

/// Returns the hospital's number of a patient.
fn hospital_number(patient: &Value, snapshot: &Snapshot) -> DescriptionCell {
    let found = snapshot.table("Ident").map(|rows| rows.rows_with("Pat_Id1", patient)).unwrap_or_default();
    let ida = found.iter().find_map(|row| trimmed_text(row, "IDA"));
    DescriptionCell::Value(ida.map_or(Value::Null, Value::Text))
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
