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
    /// The columns by which rows are looked up.
    pub indexes: Vec<String>,
}

/// What is known of a table.
pub(super) struct Known {
    pub(super) name: &'static str,
    pub(super) key: &'static str,
    /// Columns that identify a person, or hold what somebody typed.
    pub(super) identifying: &'static [&'static str],
    /// Columns and declared types of a lab; none where a lab lacks the table. Everything but the key may be NULL.
    pub(super) columns: &'static [(&'static str, &'static str)],
    /// The references of a lab by which rows are looked up, as they are on a clinic's server.
    pub(super) indexes: &'static [&'static str],
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

/// Returns the type that a lab declares a column with.
pub(super) fn declared(table: &str, column: &str) -> Option<&'static str> {
    known(table)?.columns.iter().find(|(name, _)| *name == column).map(|(_, declared)| *declared)
}

/// Returns the key columns of every table of the domain.
#[must_use]
pub fn keys() -> BTreeMap<String, Vec<String>> {
    KNOWN.iter().map(|known| (known.name.to_owned(), vec![known.key.to_owned()])).collect()
}

/// Returns the columns that identify a person or hold free text, by table.
#[must_use]
pub fn identifying() -> BTreeMap<String, Vec<String>> {
    let columns = |known: &Known| known.identifying.iter().map(|column| (*column).to_owned()).collect();
    KNOWN.iter().map(|known| (known.name.to_owned(), columns(known))).collect()
}

/// Tells whether a column may be shown to a stranger: it is known, and neither identifies a person nor holds free text.
#[must_use]
pub fn discloses(table: &str, column: &str) -> bool {
    let Some(known) = KNOWN.iter().find(|known| known.name.eq_ignore_ascii_case(table)) else { return false };
    let listed = known.columns.iter().any(|(name, _)| name.eq_ignore_ascii_case(column));
    let key = known.key.eq_ignore_ascii_case(column);
    (listed || key) && !known.identifying.iter().any(|name| name.eq_ignore_ascii_case(column))
}

/// What a column that may be shown to a stranger holds, where it holds what it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Numbers or times.
    Measures,
    /// Words of somebody's list.
    Codes,
    /// Bytes.
    Bytes,
}

/// Returns what a column holds that may be shown to a stranger; `None` where it may not.
#[must_use]
pub fn holds(table: &str, column: &str) -> Option<Holds> {
    if !discloses(table, column) {
        return None;
    }
    let known = KNOWN.iter().find(|known| known.name.eq_ignore_ascii_case(table))?;
    let declared = known.columns.iter().find(|(name, _)| name.eq_ignore_ascii_case(column)).map_or("", |found| found.1);
    Some(match declared {
        declared if declared.contains("char") => Holds::Codes,
        declared if declared.contains("binary") || declared.contains("image") => Holds::Bytes,
        _ => Holds::Measures,
    })
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
        indexes: known.indexes.iter().map(|column| (*column).to_owned()).collect(),
    };
    KNOWN.iter().copied().filter(|known| !known.columns.is_empty()).map(table).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_and_harmless_is_disclosed() {
        for (table, column) in [("TxFieldPoint", "Gantry_Ang"), ("Patient", "Pat_ID1"), ("trackTreatment", "ttx_id")] {
            assert!(discloses(table, column), "{table}.{column}");
        }
        for (table, column) in [
            ("Patient", "Last_Name"),
            ("PATIENT", "birth_dttm"),
            ("Ident", "IDA"),
            ("Staff", "Last_Name"),
            ("Site", "Notes"),
            ("Site", "Site_Name"),
            ("TxField", "Field_Name"),
            ("TxField", "A_Column_Of_Next_Year"),
            ("PatientName", "Given"),
            ("Address", "Street"),
        ] {
            assert!(!discloses(table, column), "{table}.{column}");
        }
    }

    #[test]
    fn what_a_lab_indexes_are_its_own_columns_and_not_the_key() {
        for table in lab_tables() {
            let refers = |column: &String| table.columns.iter().any(|(name, ..)| name == column);
            assert!(
                table.indexes.iter().all(|column| refers(column) && Some(column) != table.key.as_ref()),
                "{table:?}"
            );
        }
    }

    #[test]
    fn every_text_of_a_known_table_was_judged() {
        // Codes from a list of the vendor's or of the department's own; every other text is typed, or a name.
        let codes = ["Type", "Technique", "Modality", "Wdg_Appl"];
        for known in KNOWN {
            let texts = known.columns.iter().filter(|(_, declared)| declared.contains("char"));
            for (column, _) in texts.filter(|(column, _)| !codes.contains(column)) {
                assert!(!discloses(known.name, column), "{}.{column} is text, and not listed", known.name);
            }
        }
    }
}
