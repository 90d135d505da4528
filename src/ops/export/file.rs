//! The file of an export: written beside its name, and named only when it is whole; only an earlier export is replaced.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write};
use std::path::Path;

use super::lines::{COLUMNS, SCHEMA};
use super::{Outcome, Stop};
use crate::ops::Failure;
use crate::ops::file::draft_of;

/// More than the first line of an export whose domain is ten times larger.
const FIRST_LINE_MAX: u64 = 1 << 20;

/// Writes a file through `pour`.
///
/// # Errors
/// What the file system says; what `pour` says, and then no file is there.
pub(super) fn write(
    path: &Path,
    pour: impl FnOnce(&mut dyn Write) -> Result<Outcome, Stop>,
) -> Result<Outcome, Failure> {
    let failure = |why: &str| {
        let message = format!("could not write the export {}: {why}", path.display());
        Failure::usage("export_file", message, "choose a path that can be written")
    };
    if path.exists() && !is_export(path) {
        return Err(failure("something else than an export stands there"));
    }
    let draft = draft_of(path);
    let written = (|| {
        let mut file = File::create(&draft)?;
        let outcome = pour(&mut file)?;
        file.sync_all()?;
        std::fs::rename(&draft, path)?;
        Ok(outcome)
    })();
    written.map_err(|stop| {
        let _ = std::fs::remove_file(&draft);
        match stop {
            Stop::Failed(failure) => failure,
            Stop::Io(error) => failure(&error.to_string()),
        }
    })
}

/// Tells whether a file begins as an export does.
fn is_export(path: &Path) -> bool {
    let Ok(file) = File::open(path) else { return false };
    let mut first = String::new();
    if BufReader::new(file.take(FIRST_LINE_MAX)).read_line(&mut first).is_err() {
        return false;
    }
    first.trim_end() == COLUMNS.join(",") || first.starts_with(&format!("{{\"schema\":\"{SCHEMA}\""))
}
