//! The tables of the domain: keys, identifying columns, and the types that labs declare. Not a full catalogue of
//! MOSAIQ.

mod people;
mod plan;
mod record;

use std::collections::BTreeMap;

use crate::domain::table::{TableCard, TableDef};

// A lab fills its tables in this order: parents come before the rows that refer to them.
pub(super) static TABLES: [&TableCard; 13] = [
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

pub(super) fn find_table(table: &str) -> Option<&'static TableCard> {
    TABLES.iter().copied().find(|known| known.name == table)
}

/// Returns the type with which a lab declares a column.
pub(super) fn declared_type(table: &str, column: &str) -> Option<&'static str> {
    find_table(table)?.declared_type(column)
}

/// Returns the key columns of every table of the domain.
#[must_use]
pub fn key_columns() -> BTreeMap<String, Vec<String>> {
    TABLES
        .iter()
        .map(|known| (known.name.to_owned(), known.key.iter().map(|column| (*column).to_owned()).collect()))
        .collect()
}

/// Returns the tables of a lab in the order in which they are filled. Only keys refuse NULL.
#[must_use]
pub fn lab_tables() -> Vec<TableDef> {
    // Tables without columns are listed for their identifying columns only.
    TABLES.iter().filter(|table| !table.columns.is_empty()).map(|table| table.to_def()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_disclosed(table: &str, column: &str) -> bool {
        TABLES.iter().any(|card| card.name.eq_ignore_ascii_case(table) && card.disclosable_content(column).is_some())
    }

    #[test]
    fn only_what_is_known_and_harmless_is_disclosed() {
        for (table, column) in [("TxFieldPoint", "Gantry_Ang"), ("Patient", "Pat_ID1"), ("trackTreatment", "ttx_id")] {
            assert!(is_disclosed(table, column), "{table}.{column}");
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
            assert!(!is_disclosed(table, column), "{table}.{column}");
        }
    }

    #[test]
    fn what_a_lab_indexes_are_its_own_columns_and_not_the_key() {
        for table in lab_tables() {
            for column in &table.indexes {
                assert!(table.columns.iter().any(|(name, ..)| name == column), "{table:?}");
                assert_ne!(Some(column), table.key.as_ref(), "{table:?}");
            }
        }
    }

    #[test]
    fn every_text_of_a_known_table_was_judged() {
        // Codes from a list of the vendor's or of the department's own; every other text is typed, or a name.
        let codes = ["Type", "Technique", "Modality", "Wdg_Appl", "Frac_Pattern"];
        for known in TABLES {
            let texts = known.columns.iter().filter(|(_, declared)| declared.contains("char"));
            for (column, _) in texts.filter(|(column, _)| !codes.contains(column)) {
                assert!(!is_disclosed(known.name, column), "{}.{column} is text, and not listed", known.name);
            }
        }
    }
}
