//! The files of an open journal: whether the file at its path and its write-ahead log are still those opened.

use std::cell::Cell;
use std::fs::Metadata;
use std::path::{Path, PathBuf};

use crate::error::JournalError;
use crate::lock::sibling_path;

/// Device and inode number of a file; `None` on systems without them, and for a missing file.
type FileIdentity = Option<(u64, u64)>;

/// The files of an open journal, as they were at opening.
///
/// SQLite keeps them open. If the path is given to another file, SQLite goes on writing to a file that has no name any
/// more, and the entries would be lost.
#[derive(Debug)]
pub(crate) struct JournalFiles {
    path: PathBuf,
    file: FileIdentity,
    log: FileIdentity,
    bytes: Cell<u64>,
}

impl JournalFiles {
    /// Records the files that are at a path now.
    pub(crate) fn from_path(path: &Path) -> Self {
        let metadata = std::fs::metadata(path).ok();
        let bytes = Cell::new(metadata.as_ref().map_or(0, Metadata::len));
        Self { path: path.to_owned(), file: metadata.as_ref().and_then(file_identity), log: log_identity(path), bytes }
    }

    /// Tells whether both describe the same journal file.
    pub(crate) fn is_same_file(&self, other: &Self) -> bool {
        self.file == other.file
    }

    /// Returns the error of a file that was replaced while it was opened.
    pub(crate) fn fail_replaced<T>(&self) -> Result<T, JournalError> {
        self.fail_moved("another file replaced it while it was being opened")
    }

    /// Checks that both files are still at their paths, and that the journal has not become shorter.
    pub(crate) fn check_unmoved(&self) -> Result<(), JournalError> {
        let Ok(metadata) = std::fs::metadata(&self.path) else { return self.fail_moved("it no longer exists") };
        if file_identity(&metadata) != self.file {
            return self.fail_moved("another file has replaced it");
        }
        // A journal only grows, so this is another state of the file, such as a restored copy.
        if metadata.len() < self.bytes.get() {
            return self.fail_moved("its file became shorter");
        }
        if self.log.is_some() && log_identity(&self.path) != self.log {
            return self.fail_moved("its log, the file ending in -wal, was removed or replaced");
        }
        self.bytes.set(metadata.len());
        Ok(())
    }

    fn fail_moved<T>(&self, what: &'static str) -> Result<T, JournalError> {
        Err(JournalError::Moved { path: self.path.clone(), what })
    }
}

fn log_identity(path: &Path) -> FileIdentity {
    std::fs::metadata(sibling_path(path, "-wal")).ok().as_ref().and_then(file_identity)
}

#[cfg(unix)]
fn file_identity(metadata: &Metadata) -> FileIdentity {
    use std::os::unix::fs::MetadataExt as _;
    Some((metadata.dev(), metadata.ino()))
}

/// On other systems a file that is open cannot be moved or replaced.
#[cfg(not(unix))]
fn file_identity(_: &Metadata) -> FileIdentity {
    None
}
