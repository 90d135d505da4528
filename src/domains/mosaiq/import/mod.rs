//! Imports the public PyMedPhys mock: CSV text and a map of types become typed rows. Opens no file and no database.
//!
//! Nothing is lost silently: a cell of the wrong type stops the import, a row or column left out is in the report, and
//! [`is_same_value`] proves for every cell that the database holds what the file said.

mod cell;
mod fit;
mod proof;

use std::collections::BTreeMap;

use mfm_journal::Digest;
pub use proof::is_same_value;

use super::schema;
use crate::domain::import::{FilesByName, Import, ImportReport, ImportSource, ImportedRow, ImportedTable, OmittedRow};
use crate::domain::table::TableDef;
use crate::model::{Column, Datum, Value};

/// The folder of the mock inside the wheel of PyMedPhys.
pub const FOLDER: &str = "pymedphys/_mosaiq/mock/data";
/// The map of types, in the folder of the CSV files.
pub const TYPES_FILE: &str = "types_map.toml";
/// [`digest_files`] of the public mock in the wheel of PyMedPhys 0.41.0, whose own SHA-256 is
/// 9fd7ff9f60c8875ff207e2bf59e78bec4739008ed17a2c5f31ffeaf51e945463.
const PUBLIC: [&str; 1] = ["93de95b324da6eeb1ad0b2c465470f31b4fc92d0fd8f629921424de235f94b45"];

/// Tells whether the files are the public mock, byte by byte, from a wheel or a folder. It was published as synthetic;
/// anything else in the mock's form may be patient data.
#[must_use]
pub fn is_public(files: &BTreeMap<String, Vec<u8>>) -> bool {
    PUBLIC.contains(&digest_files(files).to_string().as_str())
}

/// Returns the digest of a line `name sha256` per file, sorted by name.
fn digest_files(files: &BTreeMap<String, Vec<u8>>) -> Digest {
    let lines: String = files.iter().map(|(name, bytes)| format!("{name} {}\n", Digest::sha256(bytes))).collect();
    Digest::sha256(lines.as_bytes())
}

/// Imports the public mock, and anything in its form.
pub(super) struct MockImport;

static SOURCE: ImportSource = ImportSource {
    folder: FOLDER,
    wanted: "give the wheel that `pip download --no-deps pymedphys` saves, or the folder of its CSV files",
};

impl Import for MockImport {
    fn source(&self) -> &'static ImportSource {
        &SOURCE
    }

    fn accepts_file(&self, file: &str) -> bool {
        file.ends_with(".csv") || file == TYPES_FILE
    }

    fn is_public(&self, files: &FilesByName) -> bool {
        is_public(files)
    }

    fn read_tables(&self, files: &FilesByName) -> Result<Vec<ImportedTable>, String> {
        let map = files.get(TYPES_FILE).ok_or_else(|| format!("it contains no {TYPES_FILE}"))?;
        let text = crate::file::decode_text(map.clone()).map_err(|error| error.to_string())?;
        let types = parse_types(&text).map_err(|error| error.to_string())?;
        let mut tables = Vec::new();
        for (name, csv) in files {
            if let Some(name) = name.strip_suffix(".csv") {
                tables.push(parse_table(name, &types, csv).map_err(|error| error.to_string())?);
            }
        }
        if tables.is_empty() { Err("it contains no CSV file".to_owned()) } else { Ok(tables) }
    }

    fn is_same(&self, text: &str, value: &Value, column: &Column) -> bool {
        is_same_value(text, value, column)
    }
}

/// Declared types by table and column.
pub type DeclaredTypes = BTreeMap<String, BTreeMap<String, String>>;

/// Why an import stopped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages say what each field is")]
pub enum ImportError {
    /// The map of types cannot be read.
    #[error("the map of types cannot be read: {why}")]
    Types { why: String },
    /// The map of types says nothing of a table.
    #[error("the map of types has no table {table}")]
    UnknownTable { table: String },
    /// The text is no CSV of its own header.
    #[error("{table}: {why}")]
    Csv { table: String, why: String },
    /// A cell is not of its type.
    #[error("{table}, row {row}, {column}: `{value}` is not a {declared}: {why}")]
    Cell { table: String, row: u64, column: String, declared: String, value: String, why: &'static str },
    /// The key column is missing.
    #[error("{table} has no key column {column}")]
    NoKey { table: String, column: String },
}

/// Parses the map of types.
///
/// # Errors
/// [`ImportError::Types`].
pub fn parse_types(text: &str) -> Result<DeclaredTypes, ImportError> {
    toml::from_str(text).map_err(|error| ImportError::Types { why: error.message().to_owned() })
}

/// Parses the CSV text of one table.
///
/// # Errors
/// [`ImportError`], naming table, row and column where a cell is at fault.
pub fn parse_table(name: &str, types: &DeclaredTypes, csv: &[u8]) -> Result<ImportedTable, ImportError> {
    let mapped = types.get(name).ok_or_else(|| ImportError::UnknownTable { table: name.to_owned() })?;
    // Not flexible: a row with more or fewer cells than the header is an error.
    let mut reader = csv::Reader::from_reader(csv);
    let header = reader.headers().map_err(|error| broken(name, &error))?.clone();
    let columns: Vec<(usize, String, String)> = header
        .iter()
        .enumerate()
        .filter_map(|(at, column)| Some((at, column.to_owned(), mapped.get(column)?.clone())))
        .collect();
    let mut rows = Vec::new();
    for (number, record) in (1..).zip(reader.records()) {
        let record = record.map_err(|error| broken(name, &error))?;
        rows.push(parse_row(name, number, &record, &columns)?);
    }
    let mut report = header_report(name, &header, mapped);
    report.rows_read = rows.len() as u64;
    // The mock's files name no keys; the domain's tables do.
    let key = schema::find_table(name).and_then(|known| known.key.first().map(|column| (*column).to_owned()));
    if let Some(key) = &key {
        let at = columns.iter().position(|(_, column, _)| column == key);
        let at = at.ok_or_else(|| ImportError::NoKey { table: name.to_owned(), column: key.clone() })?;
        rows = without_repeats(rows, at, key, &mut report);
    }
    report.rows_kept = rows.len() as u64;
    // Only now: the types depend on the rows that are kept.
    let mut declared = Vec::new();
    for (at, (_, column, mapped)) in columns.iter().enumerate() {
        let data = rows.iter().filter_map(|row: &ImportedRow| row.values.get(at));
        let is_nullable = Some(column) != key.as_ref();
        declared.push((column.clone(), fit::choose_type(name, column, mapped, data), is_nullable));
    }
    Ok(ImportedTable {
        table: TableDef { name: name.to_owned(), key, columns: declared, indexes: Vec::new(), references: Vec::new() },
        rows,
        report,
    })
}

fn broken(table: &str, error: &csv::Error) -> ImportError {
    ImportError::Csv { table: table.to_owned(), why: error.to_string() }
}

fn header_report(name: &str, header: &csv::StringRecord, mapped: &BTreeMap<String, String>) -> ImportReport {
    let unmapped = header.iter().filter(|column| !column.is_empty() && !mapped.contains_key(*column));
    let absent = mapped.keys().filter(|column| !header.iter().any(|found| found == column.as_str()));
    ImportReport {
        table: name.to_owned(),
        // The mock was written by pandas, whose index column has no name.
        index_dropped: header.get(0) == Some(""),
        columns_unmapped: unmapped.map(ToOwned::to_owned).collect(),
        columns_absent: absent.cloned().collect(),
        ..ImportReport::default()
    }
}

fn parse_row(
    table: &str,
    number: u64,
    record: &csv::StringRecord,
    columns: &[(usize, String, String)],
) -> Result<ImportedRow, ImportError> {
    let mut row = ImportedRow { number, texts: Vec::new(), values: Vec::new() };
    for (at, column, declared) in columns {
        let text = record.get(*at).unwrap_or("");
        let value = cell::parse_cell(text, declared).map_err(|why| ImportError::Cell {
            table: table.to_owned(),
            row: number,
            column: column.clone(),
            declared: declared.clone(),
            value: text.to_owned(),
            why,
        })?;
        row.texts.push(text.to_owned());
        row.values.push(value);
    }
    Ok(row)
}

/// Keeps the first row of each key, and reports the others.
fn without_repeats(rows: Vec<ImportedRow>, at: usize, key: &str, report: &mut ImportReport) -> Vec<ImportedRow> {
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    let mut first_rows = Vec::new();
    for row in rows {
        // The number where there is one: `805` and `805.0` are the same key.
        let id = match row.values.get(at) {
            Some(Datum::Integer(id)) => id.to_string(),
            _ => row.texts.get(at).cloned().unwrap_or_default(),
        };
        let why = match seen.get(&id) {
            _ if id.is_empty() => format!("{key} is empty"),
            Some(first) => format!("{key} {id} already occurs in row {first}"),
            None => {
                seen.insert(id, row.number);
                first_rows.push(row);
                continue;
            }
        };
        report.left_out.push(OmittedRow { row: row.number, key: id, why });
    }
    first_rows
}

#[cfg(test)]
mod tests;
