//! Imports: files in the format of a domain become typed rows, and every row or column left out is reported.

use std::collections::BTreeMap;

use super::table::TableDef;
use crate::model::{Column, Datum, Value};

/// The contents of the files of a source, by file name.
pub type FilesByName = BTreeMap<String, Vec<u8>>;

/// The layout of a source of imports.
#[derive(Debug)]
pub struct ImportSource {
    /// The folder of the files inside an archive.
    pub folder: &'static str,
    /// What a valid source is, for the error text about any other.
    pub wanted: &'static str,
}

/// A domain's importer of files into labs.
pub trait Import: Sync {
    /// Returns the layout of a source.
    fn source(&self) -> &'static ImportSource;
    /// Tells whether a file of a source is read, by its name.
    fn accepts_file(&self, file: &str) -> bool;
    /// Tells whether the files are, byte for byte, a published data set without personal data.
    fn is_public(&self, _files: &FilesByName) -> bool {
        false
    }
    /// Reads the tables of a source, in the order of their names.
    ///
    /// # Errors
    /// A sentence that names the table, the row and the column at fault.
    fn read_tables(&self, files: &FilesByName) -> Result<Vec<ImportedTable>, String>;
    /// Tells whether a cell of the database holds what the file's text said. It proves the import, so it must not share
    /// code with the reader. By default: the same text, or the digits of the same whole number.
    fn is_same(&self, text: &str, value: &Value, _column: &Column) -> bool {
        match value {
            Value::Null => text.is_empty(),
            Value::Text(held) => held == text,
            Value::Integer(number) => number.to_string() == text,
            _ => false,
        }
    }
}

/// A table as it was read from a source.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportedTable {
    /// The table to create, its types wide enough for the data.
    pub table: TableDef,
    /// The rows to insert, in the order of the file.
    pub rows: Vec<ImportedRow>,
    /// What was read and what was left out.
    pub report: ImportReport,
}

/// One row to insert.
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
    /// Returns a row from its number in the file and its cells, each as text and as value.
    #[must_use]
    pub fn from_cells(number: u64, cells: impl IntoIterator<Item = (String, Datum)>) -> Self {
        let (texts, values) = cells.into_iter().unzip();
        Self { number, texts, values }
    }
}

/// What was read of a table and what was left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct ImportReport {
    /// The table's name.
    pub table: String,
    /// Rows in the file.
    pub rows_read: u64,
    /// Rows kept.
    pub rows_kept: u64,
    /// Rows left out.
    pub left_out: Vec<OmittedRow>,
    /// Whether the file began with an unnamed index column, which was dropped.
    pub index_dropped: bool,
    /// Columns of the file that have no known type; they are left out.
    pub columns_unmapped: Vec<String>,
    /// Known columns that the file lacks; they are not created.
    pub columns_absent: Vec<String>,
    /// The number of different keys of the records; `None` for formats whose records all have the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keys: Option<u64>,
    /// What was repeated or odd, a sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
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
