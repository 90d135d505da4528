//! The result of the checks as SARIF, JUnit XML or HTML; each form holds what the JSON holds.

mod html;
mod junit;
mod sarif;

use std::path::Path;

use serde_json::Value as Json;

use super::lines::{FindingLine, Outcome};
use super::options::Form;
use crate::file::{self, FileAccess};
use crate::model::next_step::{Flag, give_value};
use crate::ops::{Failure, FailureKind};

/// The generator named in every report; [`is_report`] recognises reports by it.
const GENERATOR: &str = concat!("mfm check ", env!("CARGO_PKG_VERSION"));

/// Number of bytes within which every report names its generator.
const BEGINNING_BYTES: u64 = 1024;

/// Maximum number of results per run that GitHub code scanning accepts; it rejects larger files.
const CODE_SCANNING_MAX: usize = 25_000;

/// Returns a warning where a SARIF file holds more findings than code scanning accepts.
#[must_use]
pub fn too_many(outcome: &Outcome) -> Option<String> {
    let count = outcome.findings.len();
    (count > CODE_SCANNING_MAX).then(|| {
        format!("{count} findings: code scanning rejects a run of more than {CODE_SCANNING_MAX}; choose fewer checks")
    })
}

/// Returns the report in a form; `None` for the table and JSON, which the faces render themselves.
///
/// # Errors
/// A value that JSON cannot hold.
pub fn render_report(outcome: &Outcome, form: Form) -> Result<Option<String>, Failure> {
    let report = match form {
        Form::Table | Form::Json => return Ok(None),
        Form::Sarif => sarif::render_log(outcome).map_err(|error| {
            let message = format!("could not write the result as SARIF: {error}");
            Failure::new(FailureKind::Found, "output", message, give_value(Flag::As, "table", "shows it"))
        })?,
        Form::Junit => junit::render_document(outcome),
        Form::Html => html::render_page(outcome),
    };
    Ok(Some(report))
}

/// Writes a report into a new file, or replaces an earlier report.
///
/// # Errors
/// Usage: a file that is no report exists there, or a file system error.
pub fn write_report(path: &Path, text: &str) -> Result<(), Failure> {
    file::replace_file(path, text, FileAccess::Shared, is_report)
        .map_err(|error| write_failure(path, &error.to_string()))
}

/// Refuses before the checks run what [`write_report`] would refuse after them.
///
/// # Errors
/// Usage: a file that is no report exists there.
pub(super) fn may_write(path: &Path) -> Result<(), Failure> {
    if path.exists() && !is_report(path) {
        Err(write_failure(path, "it exists and is not an earlier report"))
    } else {
        Ok(())
    }
}

fn write_failure(path: &Path, why: &str) -> Failure {
    let message = format!("could not write the report {}: {why}", path.display());
    Failure::usage("report_file", message, "choose a writable path that is free or holds an earlier report")
}

/// Returns whether a file begins as a report of `mfm check` does; a saved table is not recognised.
fn is_report(path: &Path) -> bool {
    let Ok(bytes) = file::read_beginning(path, BEGINNING_BYTES) else { return false };
    let text = String::from_utf8_lossy(&bytes);
    let is_form = ["{\"", "<?xml ", "<!doctype html>"].iter().any(|start| text.starts_with(start));
    is_form && ["\"mfm/check/1\"", "\"mfm check "].iter().any(|maker| text.contains(maker))
}

/// Returns a key as text: the value alone, or for a key of several columns each value behind its column.
pub(super) fn key_text(key: &Json) -> String {
    let value = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let columns = key.as_object().into_iter().flatten();
    let all: Vec<String> = columns.clone().map(|(name, cell)| format!("{name} {}", value(cell))).collect();
    match columns.clone().next() {
        Some((_, only)) if all.len() == 1 => value(only),
        _ => all.join(", "),
    }
}

/// Returns a finding's row as text: `Table 10`.
fn render_row_name(finding: &FindingLine) -> String {
    format!("{} {}", finding.table, key_text(&finding.key))
}
