//! The tables of a catalogue: the text of each record as its file has it, the columns that are read off it, and what
//! belongs to a file as a whole.

use crate::domain::table::{TableCard, TableDef};

/// The columns read off each record, by which tools narrow and checks compare.
pub const TESTS: &str = "OncologyTest";
/// The text of each record.
pub const SOURCES: &str = "OncologyTestSource";
/// What belongs to a file as a whole.
pub const FILES: &str = "OncologyTestFile";

/// The columns that are read off a record's text, in the order of [`super::columns::read_columns`].
pub static TEST: TableCard = TableCard { indexes: &["category"], ..TEST_COLUMNS };

const TEST_COLUMNS: TableCard = TableCard::new(
    TESTS,
    &["record"],
    &[
        ("record", "INTEGER"),
        ("category", "TEXT"),
        ("id", "TEXT"),
        ("name", "TEXT"),
        ("vendor", "TEXT"),
        ("approach", "TEXT"),
        ("test_scope", "TEXT"),
        ("product_type", "TEXT"),
        ("sample_category", "TEXT"),
        ("fda_status", "TEXT"),
        ("regulatory_class", "TEXT"),
        ("reimbursement", "TEXT"),
        ("requires_tumor", "TEXT"),
        ("cancer_types", "TEXT"),
        ("clinical_settings", "TEXT"),
        ("sensitivity", "REAL"),
        ("specificity", "REAL"),
        ("list_price", "REAL"),
        ("genes", "INTEGER"),
        ("companion_diagnostics", "INTEGER"),
        ("discontinued", "INTEGER"),
    ],
);

/// The texts of records. `lead` is what stands before a record in its file: the comma and the white space.
///
/// A text may name the people who sent a record in, so it leaves the database only where such data may.
pub static SOURCE: TableCard = TableCard { indexes: &["category"], identifying: &["text"], ..SOURCE_COLUMNS };

const SOURCE_COLUMNS: TableCard = TableCard::new(
    SOURCES,
    &["record"],
    &[("record", "INTEGER"), ("category", "TEXT"), ("lead", "TEXT"), ("text", "TEXT")],
);

/// The files: what stands before the first record and after the last one, and how many there were when it was read.
pub static FILE: TableCard = TableCard::new(
    FILES,
    &["number"],
    &[
        ("number", "INTEGER"),
        ("file", "TEXT"),
        ("category", "TEXT"),
        ("opening", "TEXT"),
        ("closing", "TEXT"),
        ("records", "INTEGER"),
        ("digest", "TEXT"),
        ("origin", "TEXT"),
        ("snapshot", "TEXT"),
    ],
);

/// Every table.
pub static TABLES: &[&TableCard] = &[&FILE, &TEST, &SOURCE];

/// Returns the definitions of all tables, in the order in which they are created.
#[must_use]
pub fn table_definitions() -> Vec<TableDef> {
    TABLES.iter().map(|card| card.to_def()).collect()
}
