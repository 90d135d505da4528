//! Descriptions of the records that modes can break, for people who pick one. They contain no patient's name. Asks for
//! queries, and never reads.

use super::field_types;
use super::hospital_numbers;
use super::records;
use super::selection::{FaultableKind, distinct_values, trim_padding};
use crate::domain::pause::{Pause, read_rows};
use crate::domain::record::DescriptionCell;
use crate::model::snapshot::key_form;
use crate::model::{Fetch, Key, Refusal, Row, Snapshot, Value};

/// The cells that describe a record, in the order of its kind's columns.
pub(super) type DescribedCells = Vec<DescriptionCell>;

/// Tells whether a text is one of the words that descriptions show for a number. Such a word comes from this program
/// and not from the database, and needs no redaction.
#[must_use]
pub(super) fn is_own_word(text: &str) -> bool {
    // The words of describe_offset; flags of a delivery are no text cells.
    let words = ["localisation", "portal", "third_party", "active", "complete"];
    words.contains(&text) || field_types::is_word(text)
}

/// Describes records in the order of their keys; leaves out those that no longer exist.
///
/// # Errors
/// The queries still to be answered, or the table that the target lacks.
pub(super) fn describe_faultable(
    kind: FaultableKind,
    keys: &[Key],
    snapshot: &Snapshot,
) -> Result<Vec<(Key, DescribedCells)>, Pause> {
    let ids =
        records::key_forms(&keys.iter().filter_map(|key| key.first().cloned()).collect::<Vec<_>>()).collect::<Vec<_>>();
    let records = read_rows(snapshot, &Fetch::among(kind.table(), kind.key(), ids))?;
    let around = RelatedRows::read(kind, &records, snapshot)?;
    let mut descriptions = Vec::new();
    for row in &records {
        let cells = match kind {
            FaultableKind::Field => around.describe_field(row),
            FaultableKind::Delivery => around.describe_delivery(row),
            FaultableKind::Offset => around.describe_offset(row),
            FaultableKind::Point => describe_point(row),
            FaultableKind::Site => around.describe_site(row),
        };
        descriptions.push((row.key(), cells));
    }
    Ok(descriptions)
}

/// The rows that records refer to: prescriptions, identities and machines, all of them read.
struct RelatedRows<'s> {
    snapshot: &'s Snapshot,
}

impl<'s> RelatedRows<'s> {
    /// Makes sure that the related rows are read, else pauses for them.
    fn read(kind: FaultableKind, records: &[Row<'_>], snapshot: &'s Snapshot) -> Result<Self, Pause> {
        let around = Self { snapshot };
        if kind == FaultableKind::Point {
            return Ok(around);
        }
        // An offset names no patient: its prescription does, and has to be read first.
        let of_site = kind == FaultableKind::Offset;
        let sites = Fetch::among("Site", "SIT_SET_ID", distinct_values(records, "SIT_SET_ID"));
        let shows_site = matches!(kind, FaultableKind::Field | FaultableKind::Offset);
        let sites = if shows_site { read_optional_rows(snapshot, &sites)? } else { Vec::new() };
        let patients = distinct_values(if of_site { &sites } else { records }, "Pat_ID1");
        let machines = distinct_values(records, "Machine_ID_Staff_ID");
        let has_machine = matches!(kind, FaultableKind::Field | FaultableKind::Delivery);
        let mut unread = vec![Fetch::among("Ident", "Pat_Id1", patients)];
        if has_machine {
            unread.push(Fetch::among("Staff", "Staff_ID", machines));
        }
        unread.retain(|query| !snapshot.has_answer(query));
        if unread.is_empty() { Ok(around) } else { Err(Pause::Ask(unread)) }
    }

    /// Returns the first filled cell of `target` among the rows whose `column` holds the value.
    fn find_cell(&self, table: &str, column: &str, value: &Value, target: &str) -> Option<Value> {
        let rows = self.snapshot.table(table).ok()?.rows_with(column, value);
        rows.iter().filter_map(|row| row.cell(target)).find(|cell| !cell.is_null()).cloned()
    }

    /// Returns the current Ident.IDA of a patient.
    fn hospital_number(&self, patient: Option<&Value>) -> DescriptionCell {
        let number = patient.and_then(|patient| hospital_numbers::find_number(self.snapshot, patient));
        DescriptionCell::Value(number.map_or(Value::Null, Value::Text))
    }

    /// Returns a machine's name, or its Staff_ID if it has none.
    fn machine_name(&self, row: &Row<'_>) -> DescriptionCell {
        let Some(id) = row.cell("Machine_ID_Staff_ID").filter(|id| !id.is_null()) else { return null_cell() };
        let name = self
            .find_cell("Staff", "Staff_ID", id, "Last_Name")
            // `char` columns pad a missing name with blanks.
            .filter(|name| trimmed_value(Some(name)) != null_cell());
        trimmed_value(Some(&name.unwrap_or_else(|| key_form(id))))
    }

    /// Returns a cell of a prescription. Any version will do: all have the same name and patient.
    fn of_site(&self, set: Option<&Value>, column: &str) -> Option<Value> {
        set.filter(|id| !id.is_null()).and_then(|id| self.find_cell("Site", "SIT_SET_ID", id, column))
    }

    fn describe_site(&self, row: &Row<'_>) -> DescribedCells {
        let own = ["Site_Name", "Version", "Technique", "Dose_Ttl", "Fractions"].map(|column| shown_cell(row, column));
        [shown_cell(row, "SIT_ID"), self.hospital_number(row.cell("Pat_ID1"))].into_iter().chain(own).collect()
    }

    fn describe_field(&self, row: &Row<'_>) -> DescribedCells {
        let of_type = row.integer("Type_Enum").and_then(field_types::find_word);
        vec![
            shown_cell(row, "FLD_ID"),
            self.hospital_number(row.cell("Pat_ID1")),
            trimmed_value(self.of_site(row.cell("SIT_Set_ID"), "Site_Name").as_ref()),
            shown_cell(row, "Version"),
            shown_cell(row, "Field_Label"),
            shown_cell(row, "Field_Name"),
            word_or_cell(row, "Type_Enum", of_type),
            self.machine_name(row),
            shown_cell(row, "ControlPoints"),
            shown_cell(row, "Meterset"),
        ]
    }

    fn describe_delivery(&self, row: &Row<'_>) -> DescribedCells {
        let (start, end) = (row.time("Create_DtTm"), row.time("Edit_DtTm"));
        let lasted = start.zip(end).and_then(|(start, end)| end.elapsed_since(start));
        let seconds = lasted.map_or(Value::Null, |lasted| Value::Integer(lasted.as_secs()));
        let flags = [
            ("qa", row.flag("WasQAMode") == Some(true)),
            ("cancelled", row.flag("WasCanceled") == Some(true)),
            ("incomplete", row.flag("WasBeamComplete") == Some(false)),
        ];
        vec![
            shown_cell(row, "TTX_ID"),
            self.hospital_number(row.cell("Pat_ID1")),
            shown_cell(row, "FLD_ID"),
            time_or_cell(row, "Create_DtTm"),
            DescriptionCell::Value(seconds),
            self.machine_name(row),
            DescriptionCell::Words(flags.into_iter().filter(|(_, holds)| *holds).map(|(word, _)| word).collect()),
        ]
    }

    fn describe_offset(&self, row: &Row<'_>) -> DescribedCells {
        let set = row.cell("SIT_SET_ID");
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
            shown_cell(row, "OFF_ID"),
            self.hospital_number(self.of_site(set, "Pat_ID1").as_ref()),
            trimmed_value(self.of_site(set, "Site_Name").as_ref()),
            time_or_cell(row, "Study_DtTm"),
            word_or_cell(row, "Offset_Type", of_type),
            word_or_cell(row, "Offset_State", state),
            shown_cell(row, "Superior_Offset"),
            shown_cell(row, "Anterior_Offset"),
            shown_cell(row, "Lateral_Offset"),
        ]
    }
}

fn describe_point(row: &Row<'_>) -> DescribedCells {
    ["TFP_ID", "FLD_ID", "Point", "Index", "Gantry_Ang", "Coll_Ang", "MLC_Leaves"]
        .map(|name| shown_cell(row, name))
        .into()
}

/// Reads rows of a table that the target may lack.
fn read_optional_rows<'s>(snapshot: &'s Snapshot, query: &Fetch) -> Result<Vec<Row<'s>>, Pause> {
    match read_rows(snapshot, query) {
        Err(Pause::Refuse(Refusal::MissingTable { .. })) => Ok(Vec::new()),
        other => other,
    }
}

const fn null_cell() -> DescriptionCell {
    DescriptionCell::Value(Value::Null)
}

/// Trims the padding of text; blank text becomes NULL. Other values stay as they are.
fn trimmed_value(value: Option<&Value>) -> DescriptionCell {
    match value {
        None => null_cell(),
        Some(Value::Text(text)) if trim_padding(text).is_empty() => null_cell(),
        Some(Value::Text(text)) => DescriptionCell::Value(Value::Text(trim_padding(text).to_owned())),
        Some(other) => DescriptionCell::Value(other.clone()),
    }
}

fn shown_cell(row: &Row<'_>, column: &str) -> DescriptionCell {
    trimmed_value(row.cell(column))
}

/// Shows the word for a code, or the code itself if it is unknown.
fn word_or_cell(row: &Row<'_>, column: &str, word: Option<&str>) -> DescriptionCell {
    word.map_or_else(|| shown_cell(row, column), |word| DescriptionCell::Value(Value::Text(word.to_owned())))
}

/// Shows a date and time in whole seconds, or the cell as it is if it holds none.
fn time_or_cell(row: &Row<'_>, column: &str) -> DescriptionCell {
    let text = row.time(column).map(|time| Value::Text(time.to_text()));
    text.map_or_else(|| shown_cell(row, column), DescriptionCell::Value)
}
