//! The file of an export: written beside its name, and named only when it is whole; only an earlier export is replaced.

use std::io::Write;
use std::path::Path;

use super::lines::{COLUMNS, SCHEMA};
use super::{ExportStop, Outcome};
use crate::file::{self, FileAccess, FileError};
use crate::ops::Failure;

/// More than the first line of an export whose domain is ten times larger.
const FIRST_LINE_MAX: u64 = 1 << 20;

/// Writes a file through `pour`.
///
/// # Errors
/// What the file system says; what `pour` says, and then no file is there.
pub(super) fn write_file(
    path: &Path,
    access: FileAccess,
    pour: impl FnOnce(&mut dyn Write) -> Result<Outcome, ExportStop>,
) -> Result<Outcome, Failure> {
    let failure = |why: &str| {
        let message = format!("could not write the export {}: {why}", path.display());
        Failure::usage("export_file", message, "choose a path that can be written")
    };
    let unwritten = |error: FileError| match error {
        FileError::Occupied => failure("something else than an export stands there"),
        error => failure(&error.to_string()),
    };
    let mut draft = file::begin_draft(path, access, is_export).map_err(unwritten)?;
    let outcome = pour(&mut draft).map_err(|stop| match stop {
        ExportStop::Failed(failure) => failure,
        ExportStop::Io(error) => failure(&error.to_string()),
    })?;
    draft.finish().map_err(unwritten)?;
    Ok(outcome)
}

/// Tells whether a file begins as an export does.
fn is_export(path: &Path) -> bool {
    let Ok(beginning) = file::read_beginning(path, FIRST_LINE_MAX) else { return false };
    let text = String::from_utf8_lossy(&beginning);
    let first = text.lines().next().unwrap_or_default().trim_end();
    first == COLUMNS.join(",") || first.starts_with(&format!("{{\"schema\":\"{SCHEMA}\""))
}
