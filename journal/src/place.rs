//! Where an open journal lies: whether the file at its path, and the log beside it, are still those that were opened.

use std::cell::Cell;
use std::fs::Metadata;
use std::path::{Path, PathBuf};

use crate::error::JournalError;
use crate::lock::sibling_path;

/// What tells a file from every other on the machine; nothing where the system has no such numbers.
type FileIdentity = Option<(u64, u64)>;

/// The files of an open journal, as they were when it was opened.
///
/// SQLite holds them open: after the path was given to another file, it would go on to write what nobody finds there.
#[derive(Debug)]
pub(crate) struct JournalFiles {
    path: PathBuf,
    file: FileIdentity,
    log: FileIdentity,
    bytes: Cell<u64>,
}

impl JournalFiles {
    /// Notes which files lie at a path.
    pub(crate) fn from_path(path: &Path) -> Self {
        let found = std::fs::metadata(path).ok();
        let bytes = Cell::new(found.as_ref().map_or(0, Metadata::len));
        Self { path: path.to_owned(), file: found.as_ref().and_then(file_identity), log: log_identity(path), bytes }
    }

    /// Tells whether this is the same file as one noted before.
    pub(crate) fn is_same_file(&self, other: &Self) -> bool {
        self.file == other.file
    }

    /// Returns the error of a file that was replaced while it was opened.
    pub(crate) fn fail_replaced<T>(&self) -> Result<T, JournalError> {
        Err(JournalError::Moved { path: self.path.clone(), what: "another file got its name while it was opened" })
    }

    /// Checks that the files are still there, and that the journal did not become shorter.
    pub(crate) fn check_unmoved(&self) -> Result<(), JournalError> {
        let moved = |what| Err(JournalError::Moved { path: self.path.clone(), what });
        let Ok(found) = std::fs::metadata(&self.path) else { return moved("it is not there any more") };
        if file_identity(&found) != self.file {
            return moved("another file has its name now");
        }
        if found.len() < self.bytes.get() {
            return moved("its file became shorter");
        }
        if self.log.is_some() && log_identity(&self.path) != self.log {
            return moved("the log beside it, ending in -wal, was removed or replaced");
        }
        self.bytes.set(found.len());
        Ok(())
    }
}

fn log_identity(path: &Path) -> FileIdentity {
    std::fs::metadata(sibling_path(path, "-wal")).ok().as_ref().and_then(file_identity)
}

#[cfg(unix)]
fn file_identity(found: &Metadata) -> FileIdentity {
    use std::os::unix::fs::MetadataExt as _;
    Some((found.dev(), found.ino()))
}

/// Elsewhere a file that is open cannot be moved or replaced.
#[cfg(not(unix))]
fn file_identity(_: &Metadata) -> FileIdentity {
    None
}
