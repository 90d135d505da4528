//! The last view, kept beside the journal; what cannot be read or written is of no consequence.

use std::path::{Path, PathBuf};

use crate::file::{self, FileAccess};

/// More than the name of any view takes.
const VIEW_BYTES_MAX: u64 = 100;

/// Returns where the last view of a journal is kept.
#[must_use]
pub fn view_path(journal: &Path) -> Option<PathBuf> {
    journal.is_file().then(|| journal.with_file_name("tui.view"))
}

/// Returns the name of the last view.
#[must_use]
pub fn read_view(path: &Path) -> Option<String> {
    let text = file::read_text(path, VIEW_BYTES_MAX).ok()?;
    text.lines().next().map(str::to_owned)
}

/// Keeps the name of the view, in the place of nothing or of another view's.
pub fn write_view(path: &Path, view: &str) {
    let is_view = |path: &Path| {
        let text = file::read_text(path, VIEW_BYTES_MAX).unwrap_or_default();
        text.lines().count() == 1 && text.trim_end().chars().all(|letter| letter.is_ascii_alphabetic())
    };
    // The view is a comfort: where it cannot be kept, the next start begins with the overview.
    let _ = file::replace_file(path, &format!("{view}\n"), FileAccess::Private, is_view);
}
