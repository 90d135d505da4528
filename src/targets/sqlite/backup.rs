//! Copies a database file with SQLite's backup interface: one consistent state, page by page, row ids included.

use std::fs::OpenOptions;
use std::path::Path;
use std::time::Duration;

use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags};

use super::aside;
use super::open::FileLocation;
use crate::targets::TargetError;

/// How many pages are copied between two pauses.
const PAGES: i32 = 4096;
/// How long each pause is, in which other programs may write, milliseconds.
const PAUSE_MS: u64 = 1;

/// Copies a file into one that does not exist yet.
///
/// # Errors
/// The error of SQLite or of the file system; then there is no copy.
pub fn copy_file(from: &Path, to: &Path) -> Result<(), TargetError> {
    let place = FileLocation { url: format!("sqlite:{}", from.display()), path: from.to_owned(), wait_ms: 1000 };
    let reader = aside::open_traceless(&place)?;
    // `create_new` never opens an existing file, so that what is there already is neither changed nor removed below.
    let new_file = OpenOptions::new().write(true).create_new(true).open(to);
    new_file.map_err(|error| place.failure("copy the file", error.to_string()))?;
    copy_pages(&reader.connection, to).map_err(|error| {
        let _ = std::fs::remove_file(to);
        place.failure("copy the file", error.to_string())
    })
}

fn copy_pages(from: &Connection, to: &Path) -> rusqlite::Result<()> {
    let mut copy = Connection::open_with_flags(to, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    Backup::new(from, &mut copy)?.run_to_completion(PAGES, Duration::from_millis(PAUSE_MS), None)?;
    copy.close().map_err(|(_, error)| error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_holds_what_the_log_holds_and_nothing_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("a.db"), folder.path().join("b.db"));
        let writer = Connection::open(&from).unwrap();
        let made = "PRAGMA journal_mode = WAL; CREATE TABLE t(x); INSERT INTO t(rowid, x) VALUES (7, 'kept')";
        writer.execute_batch(made).unwrap();
        copy_file(&from, &to).unwrap();
        let copy = Connection::open(&to).unwrap();
        let row = copy.query_one("SELECT rowid, x FROM t", [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        assert_eq!(row, (7, "kept".to_owned()));
        drop(copy);
        let before = std::fs::read(&to).unwrap();
        assert!(copy_file(&from, &to).is_err());
        assert_eq!(std::fs::read(&to).unwrap(), before);
        assert!(copy_file(&folder.path().join("none.db"), &folder.path().join("c.db")).is_err());
        assert!(!folder.path().join("c.db").exists());
    }
}
