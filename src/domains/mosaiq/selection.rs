//! Which records a person means by patient, machine, field type and day; asks for queries, and never reads.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::field_types;
use crate::domain::filter::FilterValues;
use crate::domain::pause::{Pause, read_rows};
use crate::model::next_step::{Flag, View, leave_out, look};
use crate::model::snapshot::key_form;
use crate::model::{Fetch, Key, NextSteps, Refusal, Row, Snapshot, Value, time};

/// A kind of record that faults are made on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FaultableKind {
    /// A beam of a plan: TxField
    Field,
    /// A delivery of a field: TrackTreatment
    Delivery,
    /// A shift of a patient's position: Offset
    Offset,
    /// A control point of a field: TxFieldPoint
    Point,
}

impl FaultableKind {
    /// Every kind.
    pub(super) const ALL: [Self; 4] = [Self::Field, Self::Delivery, Self::Offset, Self::Point];

    /// Returns the kind whose records stand in a table.
    #[must_use]
    pub(super) fn of_table(table: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.table().eq_ignore_ascii_case(table))
    }

    /// Returns the word that people use.
    #[must_use]
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Field => "field",
            Self::Delivery => "delivery",
            Self::Offset => "offset",
            Self::Point => "point",
        }
    }

    /// Returns the table.
    #[must_use]
    pub(super) const fn table(self) -> &'static str {
        match self {
            Self::Field => "TxField",
            Self::Delivery => "TrackTreatment",
            Self::Offset => "Offset",
            Self::Point => "TxFieldPoint",
        }
    }

    /// Returns the key column.
    #[must_use]
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Field => "FLD_ID",
            Self::Delivery => "TTX_ID",
            Self::Offset => "OFF_ID",
            Self::Point => "TFP_ID",
        }
    }
}

/// Which records, by what people know of them; never journaled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Selector {
    /// The hospital's number of a patient.
    pub(super) patient: Option<String>,
    /// A machine, by its name or its number.
    pub(super) machine: Option<String>,
    /// A type of field, by its word or its number.
    pub(super) field_type: Option<String>,
    /// A day, as YYYY-MM-DD.
    pub(super) date: Option<String>,
}

impl From<&FilterValues> for Selector {
    fn from(filters: &FilterValues) -> Self {
        let given = |flag: &str| filters.get(flag).map(str::to_owned);
        Self { patient: given("patient"), machine: given("machine"), field_type: given("type"), date: given("date") }
    }
}

impl Selector {
    /// Tells whether every record is meant.
    #[must_use]
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the records of a kind that are meant, `None` for all of them.
    ///
    /// # Errors
    /// A sentence saying what is wrong with the words alone.
    pub(super) fn to_selection(&self, kind: FaultableKind) -> Result<Option<Selection>, String> {
        if self.is_empty() {
            return Ok(None);
        }
        let named = |what: &str, given: &Option<String>| match given.as_deref().map(trim_padding) {
            Some("") => Err(format!("the {what} is blank")),
            other => Ok(other.map(str::to_owned)),
        };
        let day = |given: &String| {
            let date = given.parse::<Date>().ok().filter(|_| given.len() == 10);
            date.ok_or_else(|| format!("`{given}` is no date: write it as YYYY-MM-DD"))
        };
        Ok(Some(Selection {
            kind,
            patient: named("patient", &self.patient)?,
            machine: named("machine", &self.machine)?,
            field_type: self.field_type.as_deref().map(field_types::parse_type).transpose()?,
            date: self.date.as_ref().map(day).transpose()?,
        }))
    }
}

/// Returns text without the padding of `char` columns.
pub(super) fn trim_padding(text: &str) -> &str {
    text.trim_end_matches([' ', '\0'])
}

/// The records of one kind that a selector means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Selection {
    kind: FaultableKind,
    patient: Option<String>,
    machine: Option<String>,
    field_type: Option<i64>,
    date: Option<Date>,
}

/// Values of a column that a row may hold.
type ValueSet = BTreeSet<Value>;

impl Selection {
    /// Returns the keys of the records that are meant, ascending, as far as the snapshot goes.
    ///
    /// # Errors
    /// What has to be read first, or [`Refusal::NoMatch`] where there is no such patient or machine.
    pub(super) fn select_keys(&self, snapshot: &Snapshot) -> Result<Vec<Key>, Pause> {
        let found = match self.kind {
            FaultableKind::Field => self.select_fields(snapshot)?,
            FaultableKind::Point => {
                let fields = distinct_values(&self.select_fields(snapshot)?, "FLD_ID");
                read_rows(snapshot, &Fetch::among("TxFieldPoint", "FLD_ID", fields))?
            }
            FaultableKind::Delivery => self.select_deliveries(snapshot)?,
            FaultableKind::Offset => self.select_offsets(snapshot)?,
        };
        Ok(found.iter().map(Row::key).collect())
    }

    /// Returns the refusal of a selection that leaves no record: it says what there is instead.
    ///
    /// # Errors
    /// What has to be read first, or that a table is missing.
    pub(super) fn build_refusal(&self, snapshot: &Snapshot) -> Result<Refusal, Pause> {
        let kind = self.kind.word();
        let next: NextSteps = match (self.other_types(snapshot)?, self.date) {
            (Some(types), _) => format!("the fields are of the types {types}").into(),
            (None, Some(_)) => NextSteps::from(self.last_day(snapshot)?).and(leave_out(Flag::parameter("date"))),
            (None, None) => NextSteps::from(look(View::records(kind), "shows what there is")).and("leave a filter out"),
        };
        Ok(Refusal::NothingLeft { what: format!("no {kind} is left by {}", self.render_filters().join(", ")), next })
    }

    /// Returns the selectors as people give them.
    fn render_filters(&self) -> Vec<String> {
        let of_type =
            self.field_type.map(|number| field_types::find_word(number).map_or(number.to_string(), str::to_owned));
        let date = self.date.map(|day| day.to_string());
        let given = [("patient", &self.patient), ("machine", &self.machine), ("type", &of_type), ("date", &date)];
        given.into_iter().filter_map(|(flag, value)| Some(format!("{flag} {}", value.as_ref()?))).collect()
    }

    /// Returns the types that fields have, where none has the one asked for; only a mistake costs this scan.
    fn other_types(&self, snapshot: &Snapshot) -> Result<Option<String>, Pause> {
        let Some(number) = self.field_type else { return Ok(None) };
        let fields = read_rows(snapshot, &Fetch::all("TxField"))?;
        let present: BTreeSet<i64> = fields.iter().filter_map(|row| row.integer("Type_Enum")).collect();
        let word = |number: &i64| field_types::find_word(*number).map_or(number.to_string(), str::to_owned);
        let words: Vec<String> = present.iter().map(word).collect();
        Ok(Some(words.join(", ")).filter(|_| !present.contains(&number)))
    }

    /// Says on which day the newest record lies, by its number: a scan for the first and the last day costs too much.
    fn last_day(&self, snapshot: &Snapshot) -> Result<String, Pause> {
        let (table, key, column, what) = match self.kind {
            FaultableKind::Offset => ("Offset", "OFF_ID", "Study_DtTm", "offset was studied"),
            _ => ("TrackTreatment", "TTX_ID", "Create_DtTm", "delivery began"),
        };
        read_rows(snapshot, &Fetch::maximum(table, key))?;
        let Some(newest) = snapshot.maximum(table, key)? else { return Ok(String::new()) };
        let found = read_rows(snapshot, &Fetch::among(table, key, [Value::Integer(newest)]))?;
        let day = found.first().and_then(|row| row.time(column)).map(|time| time.wall.date());
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
        let query = match (&patients, &delivered) {
            (Some(patients), _) => Fetch::among("TxField", "Pat_ID1", patients.clone()),
            (None, Some(fields)) => Fetch::among("TxField", "FLD_ID", fields.clone()),
            (None, None) => self.field_query(machines.as_ref()),
        };
        let mut found = read_rows(snapshot, &query)?;
        found.retain(|row| self.is_match(row, machines.as_ref()) && has_value_in(row, "FLD_ID", delivered.as_ref()));
        Ok(found)
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
        let mut found = read_rows(snapshot, &query)?;
        found.retain(|row| {
            has_value_in(row, "Machine_ID_Staff_ID", machines.as_ref()) && self.on_day(row, "Create_DtTm")
        });
        if self.field_type.is_some() {
            let fields = read_rows(snapshot, &Fetch::among("TxField", "FLD_ID", distinct_values(&found, "FLD_ID")))?;
            let of_type: Vec<Row<'_>> = fields.into_iter().filter(|row| self.is_match(row, None)).collect();
            let of_type = distinct_values(&of_type, "FLD_ID");
            found.retain(|row| has_value_in(row, "FLD_ID", Some(&of_type)));
        }
        Ok(found)
    }

    /// An offset belongs to a prescription: to its patient, and to the machines and types of its fields.
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
        let mut found = read_rows(snapshot, &query)?;
        found.retain(|row| self.on_day(row, "Study_DtTm"));
        if machines.is_some() || self.field_type.is_some() {
            let mut fields =
                read_rows(snapshot, &Fetch::among("TxField", "SIT_Set_ID", distinct_values(&found, "SIT_SET_ID")))?;
            fields.retain(|row| self.is_match(row, machines.as_ref()));
            let sites = distinct_values(&fields, "SIT_Set_ID");
            found.retain(|row| has_value_in(row, "SIT_SET_ID", Some(&sites)));
        }
        Ok(found)
    }

    /// Asks for the fields of the machine, or else of the type.
    fn field_query(&self, machines: Option<&ValueSet>) -> Fetch {
        match (machines, self.field_type) {
            (Some(machines), _) => Fetch::among("TxField", "Machine_ID_Staff_ID", machines.clone()),
            (None, Some(number)) => Fetch::among("TxField", "Type_Enum", [Value::Integer(number)]),
            (None, None) => Fetch::all("TxField"),
        }
    }

    /// Tells whether a field is of the machine and the type.
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

    /// Returns the patients of the number.
    fn resolve_patients(&self, snapshot: &Snapshot) -> Result<Option<ValueSet>, Pause> {
        let Some(wanted) = &self.patient else { return Ok(None) };
        let mut found = read_rows(snapshot, &Fetch::among("Ident", "IDA", [Value::Text(wanted.clone())]))?;
        if found.is_empty() {
            // Padded, as a `char` column holds it, or in another case.
            let lower = wanted.to_lowercase();
            found = read_rows(snapshot, &Fetch::all("Ident"))?;
            found.retain(|row| row.text("IDA").is_some_and(|number| trim_padding(number).to_lowercase() == lower));
        }
        if found.is_empty() {
            let what = format!("no patient has the number `{wanted}` (Ident.IDA)");
            return Err(Refusal::NoMatch { what, known: Vec::new() }.into());
        }
        Ok(Some(distinct_values(&found, "Pat_Id1")))
    }

    /// Returns the machines of the name or the number.
    fn resolve_machines(&self, snapshot: &Snapshot) -> Result<Option<ValueSet>, Pause> {
        let Some(wanted) = &self.machine else { return Ok(None) };
        let (lower, number) = (wanted.trim().to_lowercase(), wanted.trim().parse::<i64>().ok());
        let staff = read_rows(snapshot, &Fetch::all("Staff"))?;
        let named = |row: &&Row<'_>| {
            let by_number = number.is_some() && row.integer("Staff_ID") == number;
            by_number || row.text("Last_Name").is_some_and(|name| trim_padding(name).to_lowercase() == lower)
        };
        let found: ValueSet = staff.iter().filter(named).filter_map(|row| row.cell("Staff_ID")).map(key_form).collect();
        if !found.is_empty() {
            return Ok(Some(found));
        }
        // Only a mistake costs this scan: it tells the machines from the people in Staff.
        let planned = distinct_values(&read_rows(snapshot, &Fetch::all("TxField"))?, "Machine_ID_Staff_ID");
        if let Some(id) = number.map(Value::Integer).filter(|id| planned.contains(id)) {
            return Ok(Some(ValueSet::from([id])));
        }
        let machines = staff.iter().filter(|row| has_value_in(row, "Staff_ID", Some(&planned)));
        let known: BTreeSet<&str> = machines.filter_map(|row| row.text("Last_Name").map(trim_padding)).collect();
        let known = known.into_iter().map(str::to_owned).collect();
        Err(Refusal::NoMatch { what: format!("there is no machine `{wanted}`"), known }.into())
    }
}

/// Returns the values of a column, in the form in which foreign keys meet, without NULL.
pub(super) fn distinct_values(rows: &[Row<'_>], column: &str) -> ValueSet {
    rows.iter().filter_map(|row| row.cell(column)).filter(|cell| !cell.is_null()).map(key_form).collect()
}

/// Tells whether a cell holds one of these values; anything goes where none are asked for.
fn has_value_in(row: &Row<'_>, column: &str, values: Option<&ValueSet>) -> bool {
    values.is_none_or(|values| row.cell(column).is_some_and(|cell| values.contains(&key_form(cell))))
}
