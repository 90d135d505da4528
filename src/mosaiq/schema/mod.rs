//! The tables of the domain: keys, identifying columns, and the types that labs declare; not a full catalogue.

mod people;
mod plan;
mod record;

use std::collections::BTreeMap;

/// A table to be made, in plain words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableDef {
    /// The table's name.
    pub name: String,
    /// The key column.
    pub key: Option<String>,
    /// The columns: name, declared type, NULL allowed.
    pub columns: Vec<(String, String, bool)>,
}

/// What is known of a table.
pub(super) struct Known {
    pub(super) name: &'static str,
    pub(super) key: &'static str,
    /// Columns that identify a person.
    pub(super) identifying: &'static [&'static str],
    /// Columns and declared types of a lab; none where a lab lacks the table. Everything but the key may be NULL.
    pub(super) columns: &'static [(&'static str, &'static str)],
}

/// Every table of the domain; those of a lab in the order in which it makes them.
static KNOWN: [&Known; 13] = [
    &people::STAFF,
    &people::PATIENT,
    &people::IDENT,
    &plan::SITE,
    &plan::TX_FIELD,
    &plan::TX_FIELD_POINT,
    &record::TRACK_TREATMENT,
    &record::DOSE_HST,
    &record::OFFSET,
    &people::QCL_TASK,
    &people::CHKLIST,
    &people::PATIENT_NAME,
    &people::PATIENT_FAMILY_HISTORY,
];

/// Returns what is known of a table.
pub(super) fn known(table: &str) -> Option<&'static Known> {
    KNOWN.iter().copied().find(|known| known.name == table)
}

/// Returns the key columns of every table of the domain.
#[must_use]
pub fn keys() -> BTreeMap<String, Vec<String>> {
    KNOWN.iter().map(|known| (known.name.to_owned(), vec![known.key.to_owned()])).collect()
}

/// Returns the columns that identify a person, by table; exports redact them.
#[must_use]
pub fn identifying() -> BTreeMap<String, Vec<String>> {
    let columns = |known: &Known| known.identifying.iter().map(|column| (*column).to_owned()).collect();
    KNOWN.iter().map(|known| (known.name.to_owned(), columns(known))).collect()
}

/// Returns the tables of a lab, in the order in which they are filled; only keys refuse NULL.
#[must_use]
pub fn lab_tables() -> Vec<TableDef> {
    let column = |known: &Known, (name, declared): &(&str, &str)| {
        ((*name).to_owned(), (*declared).to_owned(), *name != known.key)
    };
    let table = |known: &Known| TableDef {
        name: known.name.to_owned(),
        key: Some(known.key.to_owned()),
        columns: known.columns.iter().map(|each| column(known, each)).collect(),
    };
    KNOWN.iter().copied().filter(|known| !known.columns.is_empty()).map(table).collect()
}
