//! Records selected by patient, machine, field type and day. Asks for queries, and never reads.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::{field_types, kinds};
use crate::domain::filter::FilterValues;
use crate::domain::pause::{Pause, read_rows};
use crate::domain::record::RecordKind;
use crate::model::next_step::{Flag, View, leave_out, look};
use crate::model::snapshot::key_form;
use crate::model::{Fetch, Key, NextSteps, Refusal, Row, Snapshot, Value, time};

/// A kind of record that modes can break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FaultableKind {
    /// A beam of a plan, table TxField.
    Field,
    /// A delivery of a field, table TrackTreatment.
    Delivery,
    /// A shift of a patient's position, table Offset.
    Offset,
    /// A control point of a field, table TxFieldPoint.
    Point,
    /// A version of a prescription, table Site.
    Site,
}

impl FaultableKind {
    pub(super) const ALL: [Self; 5] = [Self::Field, Self::Delivery, Self::Offset, Self::Point, Self::Site];

    #[must_use]
    pub(super) fn of_table(table: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.table().eq_ignore_ascii_case(table))
    }

    /// Returns the kind as the port has it.
    #[must_use]
    pub(super) fn card(self) -> &'static RecordKind {
        match self {
            Self::Field => &kinds::FIELD,
            Self::Delivery => &kinds::DELIVERY,
            Self::Offset => &kinds::OFFSET,
            Self::Point => &kinds::POINT,
            Self::Site => &kinds::SITE,
        }
    }

    #[must_use]
    pub(super) fn word(self) -> &'static str {
        self.card().word
    }

    #[must_use]
    pub(super) fn table(self) -> &'static str {
        self.card().table
    }

    /// The key column.
    #[must_use]
    pub(super) fn key(self) -> &'static str {
        self.card().key
    }
}

/// The filters as people write them. Never journaled: they may name a patient.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Selector {
    /// Ident.IDA.
    pub(super) patient: Option<String>,
    /// Staff.Last_Name or Staff_ID.
    pub(super) machine: Option<String>,
    /// Word or number of a field type.
    pub(super) field_type: Option<String>,
    /// YYYY-MM-DD.
    pub(super) date: Option<String>,
}

impl From<&FilterValues> for Selector {
    fn from(filters: &FilterValues) -> Self {
        let [patient, machine, field_type, date] =
            ["patient", "machine", "type", "date"].map(|flag| filters.get(flag).map(str::to_owned));
        Self { patient, machine, field_type, date }
    }
}

impl Selector {
    /// Tells whether no filter is set, so that every record matches.
    #[must_use]
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Parses the filters for a kind of record; `None` if none is set.
    ///
    /// # Errors
    /// A sentence on what is wrong with the words, without looking at the database.
    pub(super) fn to_selection(&self, kind: FaultableKind) -> Result<Option<Selection>, String> {
        if self.is_empty() {
            return Ok(None);
        }
        Ok(Some(Selection {
            kind,
            patient: parse_name("patient", self.patient.as_deref())?,
            machine: parse_name("machine", self.machine.as_deref())?,
            field_type: self.field_type.as_deref().map(field_types::parse_type).transpose()?,
            date: self.date.as_deref().map(parse_day).transpose()?,
        }))
    }
}

fn parse_name(what: &str, text: Option<&str>) -> Result<Option<String>, String> {
    match text.map(trim_padding) {
        Some("") => Err(format!("the {what} is blank")),
        name => Ok(name.map(str::to_owned)),
    }
}

fn parse_day(text: &str) -> Result<Date, String> {
    // The length excludes other forms that the parser takes, such as 20240603 or a date with a time.
    let date = text.parse::<Date>().ok().filter(|_| text.len() == 10);
    date.ok_or_else(|| format!("`{text}` is not a date: write it as YYYY-MM-DD"))
}

/// Trims the padding of `char` columns.
pub(super) fn trim_padding(text: &str) -> &str {
    text.trim_end_matches([' ', '\0'])
}

/// Parsed filters on one kind of record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Selection {
    kind: FaultableKind,
    patient: Option<String>,
    machine: Option<String>,
    field_type: Option<i64>,
    date: Option<Date>,
}

/// Values that a column of a matching row may hold.
type ValueSet = BTreeSet<Value>;

impl Selection {
    /// Returns the keys of the matching records, ascending.
    ///
    /// # Errors
    /// The queries still to be answered, or [`Refusal::NoMatch`] if there is no such patient or machine.
    pub(super) fn select_keys(&self, snapshot: &Snapshot) -> Result<Vec<Key>, Pause> {
        let records = match self.kind {
            FaultableKind::Field => self.select_fields(snapshot)?,
            FaultableKind::Point => {
                let fields = distinct_values(&self.select_fields(snapshot)?, "FLD_ID");
                read_rows(snapshot, &Fetch::among("TxFieldPoint", "FLD_ID", fields))?
            }
            FaultableKind::Delivery => self.select_deliveries(snapshot)?,
            FaultableKind::Offset => self.select_offsets(snapshot)?,
            FaultableKind::Site => self.select_sites(snapshot)?,
        };
        Ok(records.iter().map(Row::key).collect())
    }

    /// Returns the refusal for a selection without records. It says what there is instead.
    ///
    /// # Errors
    /// The queries still to be answered, or a missing table.
    pub(super) fn build_refusal(&self, snapshot: &Snapshot) -> Result<Refusal, Pause> {
        let kind = self.kind.word();
        let next: NextSteps = match (self.other_types(snapshot)?, self.date) {
            (Some(types), _) => format!("the fields are of the types {types}").into(),
            (None, Some(_)) => NextSteps::from(self.last_day(snapshot)?).and(leave_out(Flag::parameter("date"))),
            (None, None) => NextSteps::from(look(View::records(kind), "lists them")).and("omit a filter"),
        };
        Ok(Refusal::NothingLeft { what: format!("no {kind} matches {}", self.render_filters().join(", ")), next })
    }

    /// Renders the filters that are set: `type vmat`.
    fn render_filters(&self) -> Vec<String> {
        let of_type = self.field_type.map(word_or_number);
        let date = self.date.map(|day| day.to_string());
        let filters = [("patient", &self.patient), ("machine", &self.machine), ("type", &of_type), ("date", &date)];
        filters.into_iter().filter_map(|(flag, value)| Some(format!("{flag} {}", value.as_ref()?))).collect()
    }

    /// Returns the types that fields do have, if none has the selected one.
    fn other_types(&self, snapshot: &Snapshot) -> Result<Option<String>, Pause> {
        let Some(number) = self.field_type else { return Ok(None) };
        // A full scan, but only on the way to a refusal.
        let fields = read_rows(snapshot, &Fetch::all("TxField"))?;
        let present: BTreeSet<i64> = fields.iter().filter_map(|row| row.integer("Type_Enum")).collect();
        let words: Vec<String> = present.iter().map(|number| word_or_number(*number)).collect();
        Ok(Some(words.join(", ")).filter(|_| !present.contains(&number)))
    }

    /// Renders the day of the record with the highest id.
    fn last_day(&self, snapshot: &Snapshot) -> Result<String, Pause> {
        // Ids count up with time. The exact first and last day would need a full scan.
        let (table, key, column, what) = match self.kind {
            FaultableKind::Offset => ("Offset", "OFF_ID", "Study_DtTm", "offset was measured"),
            _ => ("TrackTreatment", "TTX_ID", "Create_DtTm", "delivery started"),
        };
        read_rows(snapshot, &Fetch::maximum(table, key))?;
        let Some(newest) = snapshot.maximum(table, key)? else { return Ok(String::new()) };
        let record = read_rows(snapshot, &Fetch::among(table, key, [Value::Integer(newest)]))?;
        let day = record.first().and_then(|row| row.time(column)).map(|time| time.wall.date());
        Ok(day.map_or_else(String::new, |day| format!("the newest {what} on {day}")))
    }

    fn select_fields<'s>(&self, snapshot: &'s Snapshot) -> Result<Vec<Row<'s>>, Pause> {
        let (patients, machines) = (self.resolve_patients(snapshot)?, self.resolve_machines(snapshot)?);
        let delivered = match self.date {
            None => None,
            Some(day) => Some(distinct_values(
                &read_rows(snapshot, &Fetch::day("TrackTreatment", "Create_DtTm", day))?,
                "FLD_ID",
            )),
        };
        // One query by the narrowest filter, the others applied to its rows: a patient has dozens of fields, a day
        // hundreds.
        let query = match (&patients, &delivered) {
            (Some(patients), _) => Fetch::among("TxField", "Pat_ID1", patients.clone()),
            (None, Some(fields)) => Fetch::among("TxField", "FLD_ID", fields.clone()),
            (None, None) => self.field_query(machines.as_ref()),
        };
        let mut fields = read_rows(snapshot, &query)?;
        fields.retain(|row| self.is_match(row, machines.as_ref()) && has_value_in(row, "FLD_ID", delivered.as_ref()));
        Ok(fields)
    }

    fn select_deliveries<'s>(&self, snapshot: &'s Snapshot) -> Result<Vec<Row<'s>>, Pause> {
        const TABLE: &str = "TrackTreatment";
        let (patients, machines) = (self.resolve_patients(snapshot)?, self.resolve_machines(snapshot)?);
        let query = match (&patients, self.date, &machines) {
            (Some(patients), _, _) => Fetch::among(TABLE, "Pat_ID1", patients.clone()),
            (None, Some(day), _) => Fetch::day(TABLE, "Create_DtTm", day),
            (None, None, Some(machines)) => Fetch::among(TABLE, "Machine_ID_Staff_ID", machines.clone()),
            (None, None, None) => {
                Fetch::among(TABLE, "FLD_ID", distinct_values(&read_rows(snapshot, &self.field_query(None))?, "FLD_ID"))
            }
        };
        let mut deliveries = read_rows(snapshot, &query)?;
        deliveries.retain(|row| {
            has_value_in(row, "Machine_ID_Staff_ID", machines.as_ref()) && self.on_day(row, "Create_DtTm")
        });
        if self.field_type.is_some() {
            let mut fields =
                read_rows(snapshot, &Fetch::among("TxField", "FLD_ID", distinct_values(&deliveries, "FLD_ID")))?;
            // The machine of the delivery counts, not the planned one.
            fields.retain(|row| self.is_match(row, None));
            let of_type = distinct_values(&fields, "FLD_ID");
            deliveries.retain(|row| has_value_in(row, "FLD_ID", Some(&of_type)));
        }
        Ok(deliveries)
    }

    /// An offset has the patient of its prescription, and the machines and types of that prescription's fields.
    fn select_offsets<'s>(&self, snapshot: &'s Snapshot) -> Result<Vec<Row<'s>>, Pause> {
        const TABLE: &str = "Offset";
        let (patients, machines) = (self.resolve_patients(snapshot)?, self.resolve_machines(snapshot)?);
        let query = match (patients, self.date) {
            (Some(patients), _) => {
                let sites = read_rows(snapshot, &Fetch::among("Site", "Pat_ID1", patients))?;
                Fetch::among(TABLE, "SIT_SET_ID", distinct_values(&sites, "SIT_SET_ID"))
            }
            (None, Some(day)) => Fetch::day(TABLE, "Study_DtTm", day),
            (None, None) => {
                let fields = read_rows(snapshot, &self.field_query(machines.as_ref()))?;
                Fetch::among(TABLE, "SIT_SET_ID", distinct_values(&fields, "SIT_Set_ID"))
            }
        };
        let mut offsets = read_rows(snapshot, &query)?;
        offsets.retain(|row| self.on_day(row, "Study_DtTm"));
        if machines.is_some() || self.field_type.is_some() {
            let mut fields =
                read_rows(snapshot, &Fetch::among("TxField", "SIT_Set_ID", distinct_values(&offsets, "SIT_SET_ID")))?;
            fields.retain(|row| self.is_match(row, machines.as_ref()));
            let sites = distinct_values(&fields, "SIT_Set_ID");
            offsets.retain(|row| has_value_in(row, "SIT_SET_ID", Some(&sites)));
        }
        Ok(offsets)
    }

    /// A prescription has the machines, types and days of its fields.
    fn select_sites<'s>(&self, snapshot: &'s Snapshot) -> Result<Vec<Row<'s>>, Pause> {
        const TABLE: &str = "Site";
        if self.machine.is_none() && self.field_type.is_none() && self.date.is_none() {
            let patients = self.resolve_patients(snapshot)?.unwrap_or_default();
            return read_rows(snapshot, &Fetch::among(TABLE, "Pat_ID1", patients));
        }
        let fields = self.select_fields(snapshot)?;
        read_rows(snapshot, &Fetch::among(TABLE, "SIT_SET_ID", distinct_values(&fields, "SIT_Set_ID")))
    }

    /// Returns the query for fields by machine, or else by type.
    fn field_query(&self, machines: Option<&ValueSet>) -> Fetch {
        match (machines, self.field_type) {
            (Some(machines), _) => Fetch::among("TxField", "Machine_ID_Staff_ID", machines.clone()),
            (None, Some(number)) => Fetch::among("TxField", "Type_Enum", [Value::Integer(number)]),
            (None, None) => Fetch::all("TxField"),
        }
    }

    /// Tells whether a field has the selected machine and type.
    fn is_match(&self, field: &Row<'_>, machines: Option<&ValueSet>) -> bool {
        let of_type = self.field_type.is_none_or(|number| field.integer("Type_Enum") == Some(number));
        of_type && has_value_in(field, "Machine_ID_Staff_ID", machines)
    }

    fn on_day(&self, row: &Row<'_>, column: &str) -> bool {
        self.date.is_none_or(|day| {
            let cell = row.table.column(column).ok().and_then(|(at, column)| Some((row.cells.get(at)?, column)));
            cell.is_some_and(|(cell, column)| time::lies_on(cell, column, day, day))
        })
    }

    /// Resolves the hospital number to ids of patients.
    fn resolve_patients(&self, snapshot: &Snapshot) -> Result<Option<ValueSet>, Pause> {
        let Some(ida) = &self.patient else { return Ok(None) };
        // The exact number first: it can use an index.
        let mut identities = read_rows(snapshot, &Fetch::among("Ident", "IDA", [Value::Text(ida.clone())]))?;
        if identities.is_empty() {
            // Padded, as a `char` column holds it, or in another case.
            let lower = ida.to_lowercase();
            identities = read_rows(snapshot, &Fetch::all("Ident"))?;
            identities.retain(|row| row.text("IDA").is_some_and(|number| trim_padding(number).to_lowercase() == lower));
        }
        if identities.is_empty() {
            let what = format!("no patient has the number `{ida}` (Ident.IDA)");
            // No list of known numbers: they identify people.
            return Err(Refusal::NoMatch { what, known: Vec::new() }.into());
        }
        Ok(Some(distinct_values(&identities, "Pat_Id1")))
    }

    /// Resolves the name or number to ids of machines.
    fn resolve_machines(&self, snapshot: &Snapshot) -> Result<Option<ValueSet>, Pause> {
        let Some(name) = &self.machine else { return Ok(None) };
        let (lower, number) = (name.trim().to_lowercase(), name.trim().parse::<i64>().ok());
        let staff = read_rows(snapshot, &Fetch::all("Staff"))?;
        let mut ids = ValueSet::new();
        for row in &staff {
            let by_number = number.is_some() && row.integer("Staff_ID") == number;
            if by_number || row.text("Last_Name").is_some_and(|known| trim_padding(known).to_lowercase() == lower) {
                ids.extend(row.cell("Staff_ID").map(key_form));
            }
        }
        if !ids.is_empty() {
            return Ok(Some(ids));
        }
        // Staff holds people too. A full scan tells the machines among them, but only after a mistake.
        let planned = distinct_values(&read_rows(snapshot, &Fetch::all("TxField"))?, "Machine_ID_Staff_ID");
        if let Some(id) = number.map(Value::Integer).filter(|id| planned.contains(id)) {
            return Ok(Some(ValueSet::from([id])));
        }
        let machines = staff.iter().filter(|row| has_value_in(row, "Staff_ID", Some(&planned)));
        let known: BTreeSet<&str> = machines.filter_map(|row| row.text("Last_Name").map(trim_padding)).collect();
        let known = known.into_iter().map(str::to_owned).collect();
        Err(Refusal::NoMatch { what: format!("there is no machine `{name}`"), known }.into())
    }
}

/// Returns the distinct values of a column, normalised for comparison with foreign keys, without NULL.
pub(super) fn distinct_values(rows: &[Row<'_>], column: &str) -> ValueSet {
    rows.iter().filter_map(|row| row.cell(column)).filter(|cell| !cell.is_null()).map(key_form).collect()
}

/// Renders a field type by its word, or by its number if it has none.
fn word_or_number(number: i64) -> String {
    field_types::find_word(number).map_or_else(|| number.to_string(), str::to_owned)
}

/// Tells whether a cell holds one of the values; `None` matches anything.
fn has_value_in(row: &Row<'_>, column: &str, values: Option<&ValueSet>) -> bool {
    values.is_none_or(|values| row.cell(column).is_some_and(|cell| values.contains(&key_form(cell))))
}
