//! `mfm lab import`: makes a lab of the public PyMedPhys mock, and proves every cell; never uses the network.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{LabSink, MadeLab, Origin, early_name, folder, make_lab};
use crate::domain::Domain;
use crate::domain::import::{FilesByName, Import, ImportReport, ImportedTable};
use crate::domains;
use crate::file;
use crate::model::next_step::{Deed, act};
use crate::model::ports::Danger;
use crate::model::{Fetch, Filter};
use crate::ops::targets::signs;
use crate::ops::{Card, Context, Failure, detect};
use crate::targets::Target;

/// The command's card.
pub const CARD: Card =
    Card { name: "lab import", danger: Danger::Write, about: "Make a lab of files in a domain's format" };

/// Maximum size of one file, bytes; those of the mock are far smaller.
const FILE_BYTES_MAX: u64 = 1 << 30;

/// What to import.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Request {
    /// A wheel of PyMedPhys (`pip download --no-deps pymedphys`), or a folder with its CSV files and types_map.toml, or
    /// for another domain a folder of its files
    #[arg(value_name = "SOURCE")]
    pub source: PathBuf,
    /// Where: sqlite:PATH, which must not exist yet, or mssql://USER@HOST:PORT/DATABASE, which is made or must be empty
    #[arg(value_name = "URL")]
    pub url: String,
    /// The domain whose format it is, by its id [default: mosaiq]
    #[arg(long, value_name = "ID")]
    pub domain: Option<String>,
    /// The name to register it under; the file's or the database's name if omitted
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Override a sign of a live clinic, by its word; the public mock is not checked for any
    #[arg(long = "override", value_name = "SIGN")]
    pub overrides: Vec<String>,
}

/// The result of an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// The lab.
    #[serde(flatten)]
    pub made: MadeLab,
    /// The domain's id.
    pub domain: &'static str,
    /// The wheel or folder that was imported.
    pub source: PathBuf,
    /// What was read, stored and left out, by table.
    pub reports: Vec<ImportReport>,
    /// Number of cells that were read back and found equal to the text of the file.
    pub cells_proved: u64,
    /// Number of bytes that were written again and found equal to those of the files; absent for formats of cells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_proved: Option<u64>,
    /// Files of the source that are of no known format, and were left alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<String>,
    /// Whether it is the public mock; any other data are assumed to be of real people.
    pub synthetic: bool,
}

/// Imports the mock, and proves every cell.
///
/// # Errors
/// A usage error, a refusal, or a target or journal error, or a cell that does not come back as the file has it.
pub fn run(context: &Context<'_>, request: &Request) -> Result<Outcome, Failure> {
    early_name(context, &request.url, request.name.as_deref())?;
    signs::check_overrides(&request.overrides)?;
    let domain = request.domain.as_deref().map_or(Ok(domains::FIRST), detect::resolve_domain)?;
    if let Some(format) = domain.folder_format() {
        return folder::run(context, request, domain, format);
    }
    let import = domain.importer().ok_or_else(|| no_import(domain))?;
    let (tables, public) = read_source(import, &request.source)?;
    let origin = if public { Origin::Invented } else { Origin::Somebodys(&request.overrides) };
    let (made, mut target) = make_lab(context, &request.url, request.name.as_deref(), domain, origin, &mut |sink| {
        tables.iter().enumerate().try_for_each(|(at, table)| {
            context.reporter.progress("importing tables", at as u64, tables.len() as u64);
            write_table(sink, table)
        })
    })?;
    let mut cells_proved = 0;
    for (at, table) in tables.iter().enumerate() {
        context.reporter.progress("verifying cells", at as u64, tables.len() as u64);
        cells_proved += prove_cells(import, target.as_mut(), table)?;
    }
    let reports = tables.into_iter().map(|table| table.report).collect();
    let source = request.source.clone();
    let (domain, others) = (domain.card().id, Vec::new());
    Ok(Outcome { made, domain, source, reports, cells_proved, bytes_proved: None, others, synthetic: public })
}

fn write_table(sink: &mut LabSink, table: &ImportedTable) -> Result<(), Failure> {
    sink.create_table(&table.table)?;
    table.rows.iter().try_for_each(|row| Ok(sink.write_row(&table.table.name, &row.values)?))
}

fn no_import(domain: &dyn Domain) -> Failure {
    let message = format!("mfm cannot import labs of the domain {}", domain.card().id);
    Failure::usage("no_import", message, act(Deed::Register { url: None }, "registers the database itself"))
}

/// Reads a table back, compares every cell with the text of the file, and returns the number of cells.
///
/// The text and not the parsed value is compared, so that a mistake in parsing shows as well.
fn prove_cells(import: &dyn Import, target: &mut dyn Target, table: &ImportedTable) -> Result<u64, Failure> {
    let name = &table.table.name;
    let answer = target.read(&Fetch { table: name.clone(), filter: Filter::All })?;
    let stored = answer.table.as_ref().ok_or_else(|| import_differs(name, "the table"))?;
    let mut rows: BTreeMap<Vec<crate::model::Value>, Vec<crate::model::Value>> = BTreeMap::new();
    for row in answer.rows {
        rows.insert(stored.key_of(&row)?, row);
    }
    if rows.len() != table.rows.len() {
        let counts = format!("the count of rows, {} of {},", rows.len(), table.rows.len());
        return Err(import_differs(name, &counts));
    }
    let mut cells = 0;
    // Columns that cannot be set, such as a rowversion, were not imported.
    let places = super::column_positions(stored, &table.table);
    for row in &table.rows {
        let values = places.iter().filter_map(|at| row.values.get(*at));
        let values: Result<Vec<_>, _> =
            stored.columns.iter().zip(values).map(|(column, datum)| column.store_datum(name, datum)).collect();
        let key = stored.key_of(&values?)?;
        let stored_row = rows.get(&key).ok_or_else(|| import_differs(name, &format!("row {}", row.number)))?;
        let texts = places.iter().filter_map(|at| row.texts.get(*at));
        for ((text, value), column) in texts.zip(stored_row).zip(&stored.columns) {
            if !import.is_same(text, value, column) {
                return Err(import_differs(name, &format!("row {}, column {}", row.number, column.image.name)));
            }
            cells += 1;
        }
    }
    Ok(cells)
}

fn import_differs(table: &str, what: &str) -> Failure {
    let message = format!("{table}: {what} differs from the file after the import");
    Failure::new(crate::ops::FailureKind::Target, "import_differs", message, "do not use this lab; please report it")
}

/// Reads every table of a source, in name order, and returns also whether the source is the public mock.
fn read_source(import: &dyn Import, source: &Path) -> Result<(Vec<ImportedTable>, bool), Failure> {
    let files = if source.is_dir() { from_folder(import, source)? } else { from_archive(import, source)? };
    let public = import.is_public(&files);
    let tables = import.read_tables(&files).map_err(|why| not_a_source(import, source, &why))?;
    Ok((tables, public))
}

fn not_a_source(import: &dyn Import, source: &Path, why: &str) -> Failure {
    let message = format!("could not import {}: {why}", source.display());
    Failure::usage("import_source", message, import.source().wanted)
}

fn from_folder(import: &dyn Import, source: &Path) -> Result<FilesByName, Failure> {
    let mut files = FilesByName::new();
    let entries = std::fs::read_dir(source).map_err(|error| not_a_source(import, source, &error.to_string()))?;
    for entry in entries {
        let path = entry.map_err(|error| not_a_source(import, source, &error.to_string()))?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if import.accepts_file(&name) {
            let bytes = file::read_bytes(&path, FILE_BYTES_MAX)
                .map_err(|error| not_a_source(import, source, &format!("{}: {error}", path.display())))?;
            files.insert(name, bytes);
        }
    }
    Ok(files)
}

fn from_archive(import: &dyn Import, source: &Path) -> Result<FilesByName, Failure> {
    let failed = |error: &dyn std::fmt::Display| not_a_source(import, source, &error.to_string());
    let file = file::open_regular(source).map_err(|error| failed(&error))?;
    let mut archive = zip::ZipArchive::new(file).map_err(|error| failed(&error))?;
    let mut files = FilesByName::new();
    for at in 0..archive.len() {
        let entry = archive.by_index(at).map_err(|error| failed(&error))?;
        let name = entry.name().map_err(|error| failed(&error))?.into_owned();
        let name = name.strip_prefix(import.source().folder).map(|name| name.trim_start_matches('/').to_owned());
        let Some(name) = name.filter(|name| import.accepts_file(name)) else { continue };
        // Limited while unpacking: the size in an archive's directory may be wrong, and its content fill the memory.
        let mut bytes = Vec::new();
        entry.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
        if bytes.len() as u64 > FILE_BYTES_MAX {
            return Err(not_a_source(import, source, &format!("{name} is larger than {FILE_BYTES_MAX} bytes")));
        }
        files.insert(name, bytes);
    }
    Ok(files)
}
