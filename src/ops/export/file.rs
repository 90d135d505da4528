//! Writes the file of an export: as a draft that gets its name only when complete, and replaces earlier exports only.

use std::io::Write;
use std::path::Path;

use super::lines::{COLUMNS, SCHEMA};
use super::{ExportStop, Outcome};
use crate::file::{self, FileAccess, FileError};
use crate::ops::Failure;

/// Maximum length in bytes of an export's first line, which lists the identifying columns.
const FIRST_LINE_MAX: u64 = 1 << 20;

/// Writes a file through `pour`.
///
/// # Errors
/// A file system error, or the error of `pour`; in both cases no file is left behind.
pub(super) fn write_file(
    path: &Path,
    access: FileAccess,
    pour: impl FnOnce(&mut dyn Write) -> Result<Outcome, ExportStop>,
) -> Result<Outcome, Failure> {
    // Until it is finished, the draft has another name, and an earlier export stays as it is.
    let mut draft = file::begin_draft(path, access, is_export).map_err(|error| file_failure(path, &error))?;
    let outcome = pour(&mut draft).map_err(|stop| match stop {
        ExportStop::Failed(failure) => failure,
        ExportStop::Io(error) => write_failure(path, &error.to_string()),
    })?;
    draft.finish().map_err(|error| file_failure(path, &error))?;
    Ok(outcome)
}

fn file_failure(path: &Path, error: &FileError) -> Failure {
    match error {
        FileError::Occupied => write_failure(path, "it exists and is not an export"),
        error => write_failure(path, &error.to_string()),
    }
}

fn write_failure(path: &Path, why: &str) -> Failure {
    let message = format!("could not write the export {}: {why}", path.display());
    Failure::usage("export_file", message, "choose a path that can be written")
}

/// Returns whether a file begins as an export does.
fn is_export(path: &Path) -> bool {
    let Ok(beginning) = file::read_beginning(path, FIRST_LINE_MAX) else { return false };
    let text = String::from_utf8_lossy(&beginning);
    let first = text.lines().next().unwrap_or_default().trim_end();
    first == COLUMNS.join(",") || first.starts_with(&format!("{{\"schema\":\"{SCHEMA}\""))
}
