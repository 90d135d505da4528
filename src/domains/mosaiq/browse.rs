//! The records that people walk through, from patients down to control points, and how one leads to another; reads
//! nothing itself.

use std::collections::BTreeMap;

use super::find::{self, Description, Shown};
use super::records;
use super::selection::{RecordKind, bare};
use crate::domain::pause::{Pause, rows};
use crate::model::snapshot::key_form;
use crate::model::{Fetch, Key, Row, Snapshot, Value};

/// A kind of record to walk through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Patients: Patient.
    #[default]
    Patient,
    /// Prescriptions: Site.
    Site,
    /// Beams of a plan: TxField.
    Field,
    /// Control points of a field: TxFieldPoint.
    Point,
    /// Deliveries of a field: TrackTreatment.
    Delivery,
    /// Shifts of a patient's position: Offset.
    Offset,
}

impl Kind {
    /// Every kind, from the whole to the part.
    pub const ALL: [Self; 6] = [Self::Patient, Self::Site, Self::Field, Self::Point, Self::Delivery, Self::Offset];

    /// Returns the kind of record that faults are made on; patients and prescriptions have none.
    #[must_use]
    pub const fn record(self) -> Option<RecordKind> {
        match self {
            Self::Patient | Self::Site => None,
            Self::Field => Some(RecordKind::Field),
            Self::Point => Some(RecordKind::Point),
            Self::Delivery => Some(RecordKind::Delivery),
            Self::Offset => Some(RecordKind::Offset),
        }
    }

    /// Returns the kind whose records stand in a table.
    #[must_use]
    pub fn of_table(table: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.table().eq_ignore_ascii_case(table))
    }

    /// Returns the table.
    #[must_use]
    pub const fn table(self) -> &'static str {
        match self {
            Self::Patient => "Patient",
            Self::Site => "Site",
            Self::Field => "TxField",
            Self::Point => "TxFieldPoint",
            Self::Delivery => "TrackTreatment",
            Self::Offset => "Offset",
        }
    }

    /// Returns the key column.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Patient => "Pat_ID1",
            Self::Site => "SIT_ID",
            Self::Field => "FLD_ID",
            Self::Point => "TFP_ID",
            Self::Delivery => "TTX_ID",
            Self::Offset => "OFF_ID",
        }
    }

    /// Returns the word for several of them.
    #[must_use]
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Patient => "patients",
            Self::Site => "sites",
            Self::Field => "fields",
            Self::Point => "points",
            Self::Delivery => "deliveries",
            Self::Offset => "offsets",
        }
    }

    /// Returns the word for one of them.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Patient => "patient",
            Self::Site => "site",
            Self::Field => "field",
            Self::Point => "point",
            Self::Delivery => "delivery",
            Self::Offset => "offset",
        }
    }

    /// Returns the kind that opening one of them shows.
    #[must_use]
    pub const fn inside(self) -> Option<Self> {
        match self {
            Self::Patient | Self::Site => Some(Self::Field),
            Self::Field => Some(Self::Point),
            Self::Point | Self::Delivery | Self::Offset => None,
        }
    }

    /// Returns the column by which records of another kind belong to one of these; what stands there is the key, or
    /// for a prescription the number of its set, which all its versions share.
    #[must_use]
    pub const fn leads_to(self, other: Self) -> Option<&'static str> {
        match (self, other) {
            (Self::Patient, Self::Site | Self::Field | Self::Delivery) => Some("Pat_ID1"),
            (Self::Site, Self::Field) => Some("SIT_Set_ID"),
            (Self::Site, Self::Offset) => Some("SIT_SET_ID"),
            (Self::Field, Self::Point | Self::Delivery) => Some("FLD_ID"),
            _ => None,
        }
    }

    /// Returns the names of the columns that describe it; the first is its id.
    #[must_use]
    pub const fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Patient => &["pat_id1", "ida", "sites", "fields"],
            Self::Site => &["sit_id", "ida", "site", "version", "technique", "dose_cgy", "fractions"],
            Self::Field => find::columns(RecordKind::Field),
            Self::Point => find::columns(RecordKind::Point),
            Self::Delivery => find::columns(RecordKind::Delivery),
            Self::Offset => find::columns(RecordKind::Offset),
        }
    }
}

/// One record in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its key.
    pub key: Key,
    /// What other records hold that belong to it.
    pub link: Option<i64>,
    /// What it is, in the order of [`Kind::columns`].
    pub cells: Description,
}

/// Describes records, in the order of their keys; one that is gone is left out.
///
/// # Errors
/// What has to be read first, or what the target lacks.
pub fn describe(kind: Kind, keys: &[Key], snapshot: &Snapshot) -> Result<Vec<Line>, Pause> {
    if let Some(record) = kind.record() {
        let described = find::describe(record, keys, snapshot)?;
        return Ok(described.into_iter().map(|(key, cells)| Line { link: number(&key), key, cells }).collect());
    }
    let ids: Vec<Value> = keys.iter().filter_map(|key| key.first().cloned()).collect();
    let found = rows(snapshot, &Fetch::among(kind.table(), kind.key(), records::ids(&ids)))?;
    let patients: Vec<Value> =
        found.iter().filter_map(|row| row.cell("Pat_ID1").map(key_form)).filter(|id| !id.is_null()).collect();
    let mut wanted = vec![Fetch::among("Ident", "Pat_Id1", patients.clone())];
    if kind == Kind::Patient {
        wanted.extend(["Site", "TxField"].map(|table| Fetch::among(table, "Pat_ID1", patients.clone())));
    }
    wanted.retain(|query| !snapshot.has(query));
    if !wanted.is_empty() {
        return Err(Pause::Ask(wanted));
    }
    let one = |row: &Row<'_>| if kind == Kind::Patient { patient(row, snapshot) } else { site(row, snapshot) };
    let mut lines: BTreeMap<Key, Line> = found.iter().map(|row| (row.key(), one(row))).collect();
    Ok(keys.iter().filter_map(|key| lines.remove(key)).collect())
}

fn number(key: &Key) -> Option<i64> {
    match key.first().map(key_form) {
        Some(Value::Integer(number)) => Some(number),
        _ => None,
    }
}

fn patient(row: &Row<'_>, snapshot: &Snapshot) -> Line {
    let id = row.cell("Pat_ID1").map_or(Value::Null, key_form);
    let of = |table: &str| snapshot.table(table).map(|rows| rows.with("Pat_ID1", &id)).unwrap_or_default();
    let mut sites: Vec<String> = of("Site").iter().filter_map(|site| text(site, "Site_Name")).collect();
    sites.dedup();
    let count = i64::try_from(of("TxField").len()).unwrap_or(i64::MAX);
    let cells = vec![
        shown(row, "Pat_ID1"),
        ida(&id, snapshot),
        Shown::Value(Value::Text(sites.join(", "))),
        Shown::Value(Value::Integer(count)),
    ];
    Line { key: row.key(), link: row.integer("Pat_ID1"), cells }
}

fn site(row: &Row<'_>, snapshot: &Snapshot) -> Line {
    let id = row.cell("Pat_ID1").map_or(Value::Null, key_form);
    let own = ["Site_Name", "Version", "Technique", "Dose_Ttl", "Fractions"].map(|column| shown(row, column));
    let cells = [shown(row, "SIT_ID"), ida(&id, snapshot)].into_iter().chain(own).collect();
    Line { key: row.key(), link: row.integer("SIT_SET_ID"), cells }
}

/// Returns the hospital's number of a patient.
fn ida(patient: &Value, snapshot: &Snapshot) -> Shown {
    let found = snapshot.table("Ident").map(|rows| rows.with("Pat_Id1", patient)).unwrap_or_default();
    let ida = found.iter().find_map(|row| text(row, "IDA"));
    Shown::Value(ida.map_or(Value::Null, Value::Text))
}

fn text(row: &Row<'_>, column: &str) -> Option<String> {
    match row.cell(column) {
        Some(Value::Text(text)) => Some(bare(text).to_owned()).filter(|text| !text.is_empty()),
        _ => None,
    }
}

fn shown(row: &Row<'_>, column: &str) -> Shown {
    let value = match row.cell(column) {
        Some(Value::Text(_)) => text(row, column).map_or(Value::Null, Value::Text),
        Some(value) => value.clone(),
        None => Value::Null,
    };
    Shown::Value(value)
}
