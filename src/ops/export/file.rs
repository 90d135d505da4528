//! Recognises the file of an export: only such a file is replaced by a new one.

use std::path::Path;

use super::lines::{COLUMNS, SCHEMA};
use crate::file;

/// Maximum length in bytes of an export's first line, which lists the identifying columns.
const FIRST_LINE_MAX: u64 = 1 << 20;

/// Returns whether a file begins as an export does.
pub(super) fn is_export(path: &Path) -> bool {
    let Ok(beginning) = file::read_beginning(path, FIRST_LINE_MAX) else { return false };
    let text = String::from_utf8_lossy(&beginning);
    let first = text.lines().next().unwrap_or_default().trim_end();
    first == COLUMNS.join(",") || first.starts_with(&format!("{{\"schema\":\"{SCHEMA}\""))
}
