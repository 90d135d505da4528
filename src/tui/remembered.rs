//! The screen shown last, remembered in a file next to the journal. Failing to read or write it is ignored.

use std::path::{Path, PathBuf};

use crate::file::{self, FileAccess};

/// The most bytes read: more than the name of any screen.
const VIEW_BYTES_MAX: u64 = 100;

/// Returns the path of that file; `None` while there is no journal.
#[must_use]
pub fn view_path(journal: &Path) -> Option<PathBuf> {
    journal.is_file().then(|| journal.with_file_name("tui.view"))
}

/// Reads the name of the last screen.
#[must_use]
pub fn read_view(path: &Path) -> Option<String> {
    let text = file::read_text(path, VIEW_BYTES_MAX).ok()?;
    text.lines().next().map(str::to_owned)
}

/// Writes the name of the screen, to a new file or over one that holds such a name and nothing else.
pub fn write_view(path: &Path, view: &str) {
    // Not worth an error: without the file the next start begins with the overview.
    let _ = file::replace_file(path, &format!("{view}\n"), FileAccess::Private, is_view_file);
}

fn is_view_file(path: &Path) -> bool {
    let text = file::read_text(path, VIEW_BYTES_MAX).unwrap_or_default();
    text.lines().count() == 1 && text.trim_end().chars().all(|letter| letter.is_ascii_alphabetic())
}
