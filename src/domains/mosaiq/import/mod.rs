//! Reading the public PyMedPhys mock: CSV text and a map of types become typed rows; opens no file and no database.
//!
//! Nothing is lost silently: a cell that is not of its type stops the import, a row or column left out stands in the
//! report, and [`is_same_value`] proves of every cell that what the database holds is what the file said.

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

/// Where the mock lies inside the wheel of PyMedPhys.
pub const FOLDER: &str = "pymedphys/_mosaiq/mock/data";
/// The name of the map of types, beside the CSV files.
pub const TYPES_FILE: &str = "types_map.toml";
/// The public mock, by [`digest`]: as the wheel of PyMedPhys 0.41.0 carries it, whose own SHA-256 is
/// 9fd7ff9f60c8875ff207e2bf59e78bec4739008ed17a2c5f31ffeaf51e945463.
const PUBLIC: [&str; 1] = ["93de95b324da6eeb1ad0b2c465470f31b4fc92d0fd8f629921424de235f94b45"];

/// Tells whether the files of a source are the public mock, byte by byte, from a wheel or a folder: it was published
/// as nobody's data. Whatever else has the mock's form may be somebody's data.
#[must_use]
pub fn is_public(files: &BTreeMap<String, Vec<u8>>) -> bool {
    PUBLIC.contains(&digest_files(files).to_string().as_str())
}

/// Returns the digest of the files of a source: of a line each, `name sha256`, in the order of the names.
fn digest_files(files: &BTreeMap<String, Vec<u8>>) -> Digest {
    let lines: String = files.iter().map(|(name, bytes)| format!("{name} {}\n", Digest::sha256(bytes))).collect();
    Digest::sha256(lines.as_bytes())
}

/// What imports the public mock, and whatever has its form.
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
        let map = files.get(TYPES_FILE).ok_or_else(|| format!("it holds no {TYPES_FILE}"))?;
        let text = crate::file::decode_text(map.clone()).map_err(|error| error.to_string())?;
        let types = parse_types(&text).map_err(|error| error.to_string())?;
        let tables = files.iter().filter_map(|(name, bytes)| Some((name.strip_suffix(".csv")?, bytes)));
        let read: Result<Vec<ImportedTable>, ImportError> =
            tables.map(|(name, csv)| parse_table(name, &types, csv)).collect();
        match read.map_err(|error| error.to_string())? {
            none if none.is_empty() => Err("it holds no CSV file".to_owned()),
            tables => Ok(tables),
        }
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
    #[error("{table}, row {row}, {column}: `{value}` is no {declared}: {why}")]
    Cell { table: String, row: u64, column: String, declared: String, value: String, why: &'static str },
    /// The key column is missing.
    #[error("{table} has no key column {column}")]
    NoKey { table: String, column: String },
}

/// Reads the map of types.
///
/// # Errors
/// [`ImportError::Types`].
pub fn parse_types(text: &str) -> Result<DeclaredTypes, ImportError> {
    toml::from_str(text).map_err(|error| ImportError::Types { why: error.message().to_owned() })
}

/// Reads one table.
///
/// # Errors
/// [`ImportError`], naming table, row and column where a cell is at fault.
pub fn parse_table(name: &str, types: &DeclaredTypes, csv: &[u8]) -> Result<ImportedTable, ImportError> {
    let mapped = types.get(name).ok_or_else(|| ImportError::UnknownTable { table: name.to_owned() })?;
    let broken = |error: csv::Error| ImportError::Csv { table: name.to_owned(), why: error.to_string() };
    let mut reader = csv::Reader::from_reader(csv);
    let header = reader.headers().map_err(broken)?.clone();
    let columns: Vec<(usize, String, String)> = header
        .iter()
        .enumerate()
        .filter_map(|(at, column)| Some((at, column.to_owned(), mapped.get(column)?.clone())))
        .collect();
    let mut rows = Vec::new();
    for (number, record) in (1..).zip(reader.records()) {
        let record = record.map_err(broken)?;
        rows.push(parse_row(name, number, &record, &columns)?);
    }
    let mut report = header_report(name, &header, mapped);
    report.rows_read = rows.len() as u64;
    let key = schema::find_table(name).and_then(|known| known.key.first().map(|column| (*column).to_owned()));
    if let Some(key) = &key {
        let at = columns.iter().position(|(_, column, _)| column == key);
        let at = at.ok_or_else(|| ImportError::NoKey { table: name.to_owned(), column: key.clone() })?;
        rows = without_repeats(rows, at, key, &mut report);
    }
    report.rows_kept = rows.len() as u64;
    let declared = |(at, (_, column, declared)): (usize, &(usize, String, String))| {
        let data = rows.iter().filter_map(|row: &ImportedRow| row.values.get(at));
        (column.clone(), fit::choose_type(name, column, declared, data), Some(column) != key.as_ref())
    };
    let columns = columns.iter().enumerate().map(declared).collect();
    Ok(ImportedTable {
        table: TableDef { name: name.to_owned(), key, columns, indexes: Vec::new(), references: Vec::new() },
        rows,
        report,
    })
}

fn header_report(name: &str, header: &csv::StringRecord, mapped: &BTreeMap<String, String>) -> ImportReport {
    let unmapped = header.iter().filter(|column| !column.is_empty() && !mapped.contains_key(*column));
    let absent = mapped.keys().filter(|column| !header.iter().any(|found| found == column.as_str()));
    ImportReport {
        table: name.to_owned(),
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

/// Keeps the first row of each key; says which rows went.
fn without_repeats(rows: Vec<ImportedRow>, at: usize, key: &str, report: &mut ImportReport) -> Vec<ImportedRow> {
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    let mut kept = Vec::new();
    for row in rows {
        let id = match row.values.get(at) {
            Some(Datum::Integer(id)) => id.to_string(),
            _ => row.texts.get(at).cloned().unwrap_or_default(),
        };
        let why = match seen.get(&id) {
            _ if id.is_empty() => format!("{key} is empty"),
            Some(first) => format!("{key} {id} occurs before, in row {first}"),
            None => {
                seen.insert(id, row.number);
                kept.push(row);
                continue;
            }
        };
        report.left_out.push(OmittedRow { row: row.number, key: id, why });
    }
    kept
}

#[cfg(test)]
mod tests;
