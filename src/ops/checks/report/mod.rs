//! The result of the checks in forms that other tools read, or a browser shows; each says what the JSON says.

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

/// What every report says of its maker, and is known again by.
const GENERATOR: &str = concat!("mfm check ", env!("CARGO_PKG_VERSION"));

/// More than the beginning of a report that names its maker.
const BEGINNING_BYTES: u64 = 1024;

/// How many results of a run code scanning takes; a file with more is rejected.
const CODE_SCANNING_MAX: usize = 25_000;

/// Says that a SARIF file holds more findings than code scanning takes.
#[must_use]
pub fn too_many(outcome: &Outcome) -> Option<String> {
    let found = outcome.findings.len();
    (found > CODE_SCANNING_MAX).then(|| {
        format!(
            "{found} findings: code scanning rejects a run of more than {CODE_SCANNING_MAX}; narrow it to some of the \
             checks"
        )
    })
}

/// Returns the report in a form; `None` for the forms that every command has.
///
/// # Errors
/// A value that JSON cannot hold.
pub fn render_report(outcome: &Outcome, form: Form) -> Result<Option<String>, Failure> {
    let done = match form {
        Form::Table | Form::Json => return Ok(None),
        Form::Sarif => sarif::render_log(outcome).map_err(|error| {
            let message = format!("could not write the result as SARIF: {error}");
            Failure::new(FailureKind::Found, "output", message, give_value(Flag::As, "table", "shows it"))
        })?,
        Form::Junit => junit::render_document(outcome),
        Form::Html => html::render_page(outcome),
    };
    Ok(Some(done))
}

/// Writes a report into a file.
///
/// # Errors
/// Usage: what is in the way.
pub fn write_report(path: &Path, text: &str) -> Result<(), Failure> {
    file::replace_file(path, text, FileAccess::Shared, is_report)
        .map_err(|error| write_failure(path, &error.to_string()))
}

/// Refuses early what [`write`] would refuse after the checks ran.
///
/// # Errors
/// Usage: something else than a report stands there.
pub(super) fn may_write(path: &Path) -> Result<(), Failure> {
    if path.exists() && !is_report(path) { Err(write_failure(path, "something else stands there")) } else { Ok(()) }
}

fn write_failure(path: &Path, why: &str) -> Failure {
    let message = format!("could not write the report {}: {why}", path.display());
    Failure::usage("report_file", message, "choose a path that can be written, where nothing or an earlier report is")
}

/// Tells whether a file begins as a report does that names its maker; a table names none.
fn is_report(path: &Path) -> bool {
    let Ok(bytes) = file::read_beginning(path, BEGINNING_BYTES) else { return false };
    let text = String::from_utf8_lossy(&bytes);
    let is_form = ["{\"", "<?xml ", "<!doctype html>"].iter().any(|start| text.starts_with(start));
    is_form && ["\"mfm/check/1\"", "\"mfm check "].iter().any(|maker| text.contains(maker))
}

/// Returns a key as people read it: the value alone, or several with their columns.
pub(super) fn key_text(key: &Json) -> String {
    let value = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let columns = key.as_object().into_iter().flatten();
    let all: Vec<String> = columns.clone().map(|(name, cell)| format!("{name} {}", value(cell))).collect();
    match columns.clone().next() {
        Some((_, only)) if all.len() == 1 => value(only),
        _ => all.join(", "),
    }
}

/// Returns a finding's row as people read it: `Table 10`.
fn render_row_name(finding: &FindingLine) -> String {
    format!("{} {}", finding.table, key_text(&finding.key))
}
