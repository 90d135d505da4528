//! Findings as a clinic reads them: of which field, delivery or patient a row is, under which hospital number, on which
//! machine, by which prescription. Names the rows it lacks and lets the caller read them.

use std::collections::BTreeSet;

use super::hospital_numbers;
use super::kinds;
use super::schema;
use super::selection::{distinct_values, trim_padding};
use crate::domain::pause::Pause;
use crate::domain::subject::{FindingSubject, SubjectFact};
use crate::model::snapshot::key_form;
use crate::model::{Fetch, Filter, Key, Row, Snapshot, Value};

const FIELDS: &str = "TxField";
const SITES: &str = "Site";
const PATIENTS: &str = "Patient";

/// Describes the subject of each row, in their order.
///
/// # Errors
/// The queries still to be answered.
pub(super) fn describe_subjects(
    rows: &[(&'static str, Key)],
    snapshot: &Snapshot,
) -> Result<Vec<FindingSubject>, Pause> {
    let named = read_named(rows, snapshot)?;
    ask_unread(snapshot, field_queries(&named))?;
    let related = RelatedRecords { snapshot };
    let fields: Vec<Row<'_>> = named.iter().filter_map(|row| related.field_of(row)).collect();
    let all: Vec<Row<'_>> = named.iter().copied().chain(fields).collect();
    ask_unread(snapshot, site_queries(&all))?;
    let sites: Vec<Row<'_>> = all.iter().filter_map(|row| related.site_of(row)).collect();
    let all: Vec<Row<'_>> = all.into_iter().chain(sites).collect();
    ask_unread(snapshot, person_queries(&all))?;
    Ok(rows.iter().map(|(table, key)| related.describe(table, key)).collect())
}

/// Asks for the queries that are not answered yet, all at once: each pause is a round trip to the database.
fn ask_unread(snapshot: &Snapshot, mut queries: Vec<Fetch>) -> Result<(), Pause> {
    let is_empty = |query: &Fetch| matches!(&query.filter, Filter::In { values, .. } if values.is_empty());
    queries.retain(|query| !is_empty(query) && !snapshot.has_answer(query) && !snapshot.lacks(&query.table));
    if queries.is_empty() { Ok(()) } else { Err(Pause::Ask(queries)) }
}

/// Returns the rows that findings name; those that do not exist are left out.
fn read_named<'s>(rows: &[(&'static str, Key)], snapshot: &'s Snapshot) -> Result<Vec<Row<'s>>, Pause> {
    let tables: BTreeSet<&'static str> = rows.iter().map(|(table, _)| *table).collect();
    let mut queries = Vec::new();
    for table in tables {
        let ids = rows.iter().filter(|(of, _)| *of == table).filter_map(|(_, key)| key.first().map(key_form));
        queries.extend(key_column(table).map(|column| Fetch::among(table, column, ids)));
    }
    ask_unread(snapshot, queries)?;
    Ok(rows.iter().filter_map(|(table, key)| find_row(snapshot, table, key)).collect())
}

fn key_column(table: &str) -> Option<&'static str> {
    schema::find_table(table).and_then(|card| card.key.first().copied())
}

fn find_row<'s>(snapshot: &'s Snapshot, table: &str, key: &Key) -> Option<Row<'s>> {
    let rows = snapshot.table(table).ok()?;
    rows.row(key).or_else(|| rows.rows_with(key_column(table)?, key.first()?).into_iter().next())
}

fn field_queries(rows: &[Row<'_>]) -> Vec<Fetch> {
    vec![Fetch::among(FIELDS, "FLD_ID", distinct_values(rows, "FLD_ID"))]
}

fn site_queries(rows: &[Row<'_>]) -> Vec<Fetch> {
    vec![
        Fetch::among(SITES, "SIT_ID", distinct_values(rows, "SIT_ID")),
        Fetch::among(SITES, "SIT_SET_ID", distinct_values(rows, "SIT_SET_ID")),
    ]
}

fn person_queries(rows: &[Row<'_>]) -> Vec<Fetch> {
    vec![
        Fetch::among("Ident", "Pat_Id1", distinct_values(rows, "Pat_ID1")),
        Fetch::among("Staff", "Staff_ID", distinct_values(rows, "Machine_ID_Staff_ID")),
    ]
}

/// The records around those that findings name, all of them read.
struct RelatedRecords<'s> {
    snapshot: &'s Snapshot,
}

impl<'s> RelatedRecords<'s> {
    fn find(&self, table: &str, column: &str, value: Option<&Value>) -> Option<Row<'s>> {
        let value = value.map(key_form).filter(|value| !value.is_null())?;
        self.snapshot.table(table).ok()?.rows_with(column, &value).into_iter().next()
    }

    fn field_of(&self, row: &Row<'_>) -> Option<Row<'s>> {
        self.find(FIELDS, "FLD_ID", row.cell("FLD_ID"))
    }

    /// Returns the prescription that a row names: the version itself, else the current one of the set.
    fn site_of(&self, row: &Row<'_>) -> Option<Row<'s>> {
        if let Some(site) = self.find(SITES, "SIT_ID", row.cell("SIT_ID")) {
            return Some(site);
        }
        let set = row.cell("SIT_SET_ID").map(key_form).filter(|set| !set.is_null())?;
        let versions = self.snapshot.table(SITES).ok()?.rows_with("SIT_SET_ID", &set);
        let is_current = |row: &Row<'_>| row.integer("Version").is_none_or(|version| version == 0);
        versions.iter().copied().find(is_current).or_else(|| versions.first().copied())
    }

    fn describe(&self, table: &'static str, key: &Key) -> FindingSubject {
        let row = find_row(self.snapshot, table, key);
        // A control point and a hospital number are looked up by what they belong to.
        let owner = match table {
            "TxFieldPoint" => Some((FIELDS, "FLD_ID")),
            "Ident" => Some((PATIENTS, "Pat_Id1")),
            _ => None,
        };
        let of = owner.and_then(|(owner, column)| {
            let id = row?.cell(column).map(key_form).filter(|id| !id.is_null())?;
            Some((owner, vec![id]))
        });
        let (table, key) = of.unwrap_or_else(|| (table, key.clone()));
        let facts = self.list_facts(table, find_row(self.snapshot, table, &key), &key);
        FindingSubject { word: word_of(table), table, key, facts }
    }

    fn list_facts(&self, table: &str, row: Option<Row<'_>>, key: &Key) -> Vec<SubjectFact> {
        let mut facts = Vec::new();
        let Some(row) = row else {
            // Without its own row a patient still has a number.
            let number = key.first().filter(|_| table == PATIENTS);
            push_text(&mut facts, "ida", number.and_then(|id| hospital_numbers::find_number(self.snapshot, id)));
            return facts;
        };
        let (field, site) = (self.field_of(&row), self.site_of(&row).or_else(|| self.site_of(&self.field_of(&row)?)));
        let own_patient = row.cell("Pat_ID1").filter(|patient| !patient.is_null());
        let patient = own_patient.or_else(|| site.and_then(|site| site.cell("Pat_ID1")));
        push_text(&mut facts, "ida", patient.and_then(|id| hospital_numbers::find_number(self.snapshot, id)));
        push_text(&mut facts, "label", field.and_then(|field| text_of(&field, "Field_Label")));
        push_text(&mut facts, "name", field.and_then(|field| text_of(&field, "Field_Name")));
        push_text(&mut facts, "site", site.and_then(|site| text_of(&site, "Site_Name")));
        let machine =
            row.cell("Machine_ID_Staff_ID").or_else(|| field.and_then(|field| field.cell("Machine_ID_Staff_ID")));
        let machine = self.find("Staff", "Staff_ID", machine).and_then(|staff| text_of(&staff, "Last_Name"));
        push_text(&mut facts, "machine", machine);
        let (column, name) = match table {
            "TrackTreatment" => ("Create_DtTm", "start"),
            "Dose_Hst" => ("Tx_DtTm", "start"),
            "Offset" => ("Study_DtTm", "study_time"),
            _ => return facts,
        };
        push_text(&mut facts, name, row.time(column).map(crate::model::time::Time::to_text));
        facts
    }
}

/// Returns the word for a record of a table.
fn word_of(table: &'static str) -> &'static str {
    match table {
        "Dose_Hst" => "dose",
        "Staff" => "machine",
        _ => kinds::KINDS.iter().find(|kind| kind.table == table).map_or(table, |kind| kind.word),
    }
}

fn text_of(row: &Row<'_>, column: &str) -> Option<String> {
    row.text(column).map(|text| trim_padding(text).to_owned()).filter(|text| !text.is_empty())
}

fn push_text(facts: &mut Vec<SubjectFact>, name: &'static str, text: Option<String>) {
    facts.extend(text.map(|text| SubjectFact { name, value: Value::Text(text) }));
}
