//! What people are told of a record, so that they can pick one: never a name; asks for queries, and never reads.

use super::field_types;
use super::records;
use super::selection::{RecordKind, bare, cells};
use crate::domain::pause::{Pause, rows};
use crate::domain::record::Shown;
use crate::model::snapshot::key_form;
use crate::model::{Fetch, Key, Refusal, Row, Snapshot, Value};

/// What describes a record, in the order of its kind's columns.
pub(super) type DescribedCells = Vec<Shown>;

/// Tells whether a text is one that descriptions have for a number, and so nobody else's.
#[must_use]
pub(super) fn is_own_word(text: &str) -> bool {
    let words = ["localisation", "portal", "third_party", "active", "complete"];
    words.contains(&text) || field_types::is_word(text)
}

/// Describes records in the order of their keys; one that is gone is left out.
///
/// # Errors
/// What has to be read first, or what the target lacks.
pub(super) fn describe(
    kind: RecordKind,
    keys: &[Key],
    snapshot: &Snapshot,
) -> Result<Vec<(Key, DescribedCells)>, Pause> {
    let ids = records::ids(&keys.iter().filter_map(|key| key.first().cloned()).collect::<Vec<_>>()).collect::<Vec<_>>();
    let found = rows(snapshot, &Fetch::among(kind.table(), kind.key(), ids))?;
    let around = Around::read(kind, &found, snapshot)?;
    let one = |row: &Row<'_>| match kind {
        RecordKind::Field => around.field(row),
        RecordKind::Delivery => around.delivery(row),
        RecordKind::Offset => around.offset(row),
        RecordKind::Point => point(row),
    };
    Ok(found.iter().map(|row| (row.key(), one(row))).collect())
}

/// The rows around records: their prescriptions, patients and machines.
struct Around<'s> {
    snapshot: &'s Snapshot,
}

impl<'s> Around<'s> {
    fn read(kind: RecordKind, records: &[Row<'_>], snapshot: &'s Snapshot) -> Result<Self, Pause> {
        let around = Self { snapshot };
        if kind == RecordKind::Point {
            return Ok(around);
        }
        let of_site = kind == RecordKind::Offset;
        let sites = Fetch::among("Site", "SIT_SET_ID", cells(records, "SIT_SET_ID"));
        let named = matches!(kind, RecordKind::Field | RecordKind::Offset);
        let sites = if named { optional(snapshot, &sites)? } else { Vec::new() };
        let patients = cells(if of_site { &sites } else { records }, "Pat_ID1");
        let machines = cells(records, "Machine_ID_Staff_ID");
        let mut unread = vec![Fetch::among("Ident", "Pat_Id1", patients)];
        if !of_site {
            unread.push(Fetch::among("Staff", "Staff_ID", machines));
        }
        unread.retain(|query| !snapshot.has(query));
        if unread.is_empty() { Ok(around) } else { Err(Pause::Ask(unread)) }
    }

    /// Returns a cell of the first row that a value leads to and that has one.
    fn cell(&self, table: &str, column: &str, value: &Value, wanted: &str) -> Option<Value> {
        let found = self.snapshot.table(table).ok()?.with(column, value);
        found.iter().filter_map(|row| row.cell(wanted)).find(|cell| !cell.is_null()).cloned()
    }

    /// Returns the hospital's number of a patient.
    fn ida(&self, patient: Option<&Value>) -> Shown {
        let found = patient.filter(|id| !id.is_null()).and_then(|id| self.cell("Ident", "Pat_Id1", id, "IDA"));
        trimmed(found.as_ref())
    }

    /// Returns a machine's name, or its number where it has none.
    fn machine(&self, row: &Row<'_>) -> Shown {
        let Some(id) = row.cell("Machine_ID_Staff_ID").filter(|id| !id.is_null()) else { return null() };
        let name = self.cell("Staff", "Staff_ID", id, "Last_Name").filter(|name| trimmed(Some(name)) != null());
        trimmed(Some(&name.unwrap_or_else(|| key_form(id))))
    }

    /// Returns a cell of a prescription; its older versions have the same name and patient.
    fn of_site(&self, set: Option<&Value>, wanted: &str) -> Option<Value> {
        set.filter(|id| !id.is_null()).and_then(|id| self.cell("Site", "SIT_SET_ID", id, wanted))
    }

    fn field(&self, row: &Row<'_>) -> DescribedCells {
        let of_type = row.integer("Type_Enum").and_then(field_types::word);
        vec![
            cell(row, "FLD_ID"),
            self.ida(row.cell("Pat_ID1")),
            trimmed(self.of_site(row.cell("SIT_Set_ID"), "Site_Name").as_ref()),
            cell(row, "Version"),
            cell(row, "Field_Label"),
            cell(row, "Field_Name"),
            worded(row, "Type_Enum", of_type),
            self.machine(row),
            cell(row, "ControlPoints"),
            cell(row, "Meterset"),
        ]
    }

    fn delivery(&self, row: &Row<'_>) -> DescribedCells {
        let (start, end) = (row.time("Create_DtTm"), row.time("Edit_DtTm"));
        let lasted = start.zip(end).and_then(|(start, end)| end.since(start));
        let seconds = lasted.map_or(Value::Null, |lasted| Value::Integer(lasted.as_secs()));
        let flags = [
            ("qa", row.flag("WasQAMode") == Some(true)),
            ("cancelled", row.flag("WasCanceled") == Some(true)),
            ("incomplete", row.flag("WasBeamComplete") == Some(false)),
        ];
        vec![
            cell(row, "TTX_ID"),
            self.ida(row.cell("Pat_ID1")),
            cell(row, "FLD_ID"),
            moment(row, "Create_DtTm"),
            Shown::Value(seconds),
            self.machine(row),
            Shown::Words(flags.into_iter().filter(|(_, holds)| *holds).map(|(word, _)| word).collect()),
        ]
    }

    fn offset(&self, row: &Row<'_>) -> DescribedCells {
        let of_site = |wanted: &str| self.of_site(row.cell("SIT_SET_ID"), wanted);
        let of_type = match row.integer("Offset_Type") {
            Some(2) => Some("localisation"),
            Some(3) => Some("portal"),
            Some(4) => Some("third_party"),
            _ => None,
        };
        let state = match row.integer("Offset_State") {
            Some(1) => Some("active"),
            Some(2) => Some("complete"),
            _ => None,
        };
        vec![
            cell(row, "OFF_ID"),
            self.ida(of_site("Pat_ID1").as_ref()),
            trimmed(of_site("Site_Name").as_ref()),
            moment(row, "Study_DtTm"),
            worded(row, "Offset_Type", of_type),
            worded(row, "Offset_State", state),
            cell(row, "Superior_Offset"),
            cell(row, "Anterior_Offset"),
            cell(row, "Lateral_Offset"),
        ]
    }
}

fn point(row: &Row<'_>) -> DescribedCells {
    ["TFP_ID", "FLD_ID", "Point", "Index", "Gantry_Ang", "Coll_Ang", "MLC_Leaves"].map(|name| cell(row, name)).into()
}

/// Reads rows that a description can do without.
fn optional<'s>(snapshot: &'s Snapshot, query: &Fetch) -> Result<Vec<Row<'s>>, Pause> {
    match rows(snapshot, query) {
        Err(Pause::Refuse(Refusal::MissingTable { .. })) => Ok(Vec::new()),
        other => other,
    }
}

const fn null() -> Shown {
    Shown::Value(Value::Null)
}

/// Returns text without its padding, and anything else as it is.
fn trimmed(value: Option<&Value>) -> Shown {
    match value {
        None => null(),
        Some(Value::Text(text)) if bare(text).is_empty() => null(),
        Some(Value::Text(text)) => Shown::Value(Value::Text(bare(text).to_owned())),
        Some(other) => Shown::Value(other.clone()),
    }
}

fn cell(row: &Row<'_>, column: &str) -> Shown {
    trimmed(row.cell(column))
}

/// Returns the word for a number, or the number where it has none.
fn worded(row: &Row<'_>, column: &str, word: Option<&str>) -> Shown {
    word.map_or_else(|| cell(row, column), |word| Shown::Value(Value::Text(word.to_owned())))
}

/// Returns a date and time in whole seconds, or the cell itself where it holds none.
fn moment(row: &Row<'_>, column: &str) -> Shown {
    let text = row.time(column).map(|time| Value::Text(time.shown()));
    text.map_or_else(|| cell(row, column), Shown::Value)
}
