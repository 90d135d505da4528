//! The last view, kept beside the journal; what cannot be read or written is of no consequence.

use std::path::{Path, PathBuf};

/// Returns where the last view of a journal is kept.
#[must_use]
pub fn place(journal: &Path) -> Option<PathBuf> {
    journal.is_file().then(|| journal.with_file_name("tui.view"))
}

/// Returns the name of the last view.
#[must_use]
pub fn read(path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    text.lines().next().map(str::to_owned)
}

/// Keeps the name of the view.
pub fn write(path: &Path, view: &str) {
    // The view is a comfort: where it cannot be kept, the next start begins with the overview.
    let _ = std::fs::write(path, format!("{view}\n"));
}
