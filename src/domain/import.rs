//! Imports: files in the format of a domain become typed rows, and nothing is lost silently; opens no file.

use std::collections::BTreeMap;

use super::table::TableDef;
use crate::model::{Column, Datum, Value};

/// The files of a source, by name.
pub type FilesByName = BTreeMap<String, Vec<u8>>;

/// What a source of imports looks like.
#[derive(Debug)]
pub struct ImportSource {
    /// Where the files lie inside an archive.
    pub folder: &'static str,
    /// What to give, for whoever gave something else.
    pub wanted: &'static str,
}

/// What imports files into labs of a domain.
pub trait Import: Sync {
    /// Returns what a source looks like.
    fn source(&self) -> &'static ImportSource;
    /// Tells whether a file of a source is read.
    fn accepts_file(&self, file: &str) -> bool;
    /// Tells whether files are, byte for byte, ones that were published as nobody's data.
    fn is_public(&self, _files: &FilesByName) -> bool {
        false
    }
    /// Reads the tables of a source, in the order of their names.
    ///
    /// # Errors
    /// A sentence that names the table, the row and the column at fault.
    fn read_tables(&self, files: &FilesByName) -> Result<Vec<ImportedTable>, String>;
    /// Tells whether what a database holds is what the text of a file said, by a way of its own: the same letters, or
    /// the digits of the same whole number, where nobody says more.
    fn is_same(&self, text: &str, value: &Value, _column: &Column) -> bool {
        match value {
            Value::Null => text.is_empty(),
            Value::Text(held) => held == text,
            Value::Integer(number) => number.to_string() == text,
            _ => false,
        }
    }
}

/// A table as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportedTable {
    /// The table to make, its types wide enough for the data.
    pub table: TableDef,
    /// The rows kept, in the order of the file.
    pub rows: Vec<ImportedRow>,
    /// What was read and what was left out.
    pub report: ImportReport,
}

/// One row kept.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportedRow {
    /// Its number in the file: 1 is the first after the header.
    pub number: u64,
    /// The cells' text as the file has it, in the order of the table's columns.
    pub texts: Vec<String>,
    /// The cells' values, in the same order.
    pub values: Vec<Datum>,
}

impl ImportedRow {
    /// Returns a row, by its number and its cells: what the file says, and what that means.
    #[must_use]
    pub fn from_cells(number: u64, cells: impl IntoIterator<Item = (String, Datum)>) -> Self {
        let (texts, values) = cells.into_iter().unzip();
        Self { number, texts, values }
    }
}

/// What was read of a table and what was left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct ImportReport {
    /// The table.
    pub table: String,
    /// Rows in the file.
    pub rows_read: u64,
    /// Rows kept.
    pub rows_kept: u64,
    /// Rows left out.
    pub left_out: Vec<OmittedRow>,
    /// Whether the file began with an unnamed index column, which was dropped.
    pub index_dropped: bool,
    /// Columns of the file that the map of types does not know: left out.
    pub columns_unmapped: Vec<String>,
    /// Columns of the map that the file lacks: not made.
    pub columns_absent: Vec<String>,
}

/// A row left out.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct OmittedRow {
    /// Its number in the file: 1 is the first after the header.
    pub row: u64,
    /// Its key, as the file has it.
    pub key: String,
    /// Why it was left out.
    pub why: String,
}
