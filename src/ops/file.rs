//! Files that people keep: written beside their name, and named only when they are whole; never a stranger's replaced.

use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Writes a file; what stands there is replaced only where `is_ours` knows it.
///
/// # Errors
/// What is in the way.
pub fn replace(path: &Path, text: &str, is_ours: impl Fn(&Path) -> bool) -> Result<(), String> {
    if path.exists() && !is_ours(path) {
        return Err("something else stands there".to_owned());
    }
    let draft = draft_of(path);
    let written = write(&draft, text).and_then(|()| std::fs::rename(&draft, path));
    written.map_err(|error| {
        let _ = std::fs::remove_file(&draft);
        error.to_string()
    })
}

/// Returns the name under which a file is written until it is whole.
#[must_use]
pub fn draft_of(path: &Path) -> PathBuf {
    let mut draft = path.as_os_str().to_owned();
    draft.push(".draft");
    draft.into()
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = std::fs::File::create(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
