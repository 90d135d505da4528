//! Opening a file so that nothing is left beside it: a write-ahead log would have SQLite make files of its own there.

use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

use super::open::{FileLocation, connect_to, prepare_reader};
use crate::targets::TargetError;

/// The largest file, with its log, that is copied.
const COPY_MAX: u64 = 4 << 30;
/// How often a copy is tried while somebody writes.
const TRIES: usize = 5;
/// Where a database's header tells how it is read: 2 is a write-ahead log.
const READ_VERSION: usize = 19;

/// A connection that leaves nothing behind, with the private copy that it reads, where it reads one.
pub(super) struct TracelessReader {
    pub(super) connection: Connection,
    pub(super) copy: Option<TempDir>,
    /// Whether somebody is writing the file, or left a part unwritten.
    pub(super) live: bool,
}

/// Opens a file.
pub(super) fn open_traceless(place: &FileLocation) -> Result<TracelessReader, TargetError> {
    let has = |ending: &str| fs::metadata(companion_path(&place.path, ending)).is_ok_and(|facts| facts.len() > 0);
    if !keeps_log(place)? {
        let connection = prepare_reader(place, connect_to(place, &place.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?)?;
        return Ok(TracelessReader { connection, copy: None, live: has("-journal") });
    }
    if !has("-wal") {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
        let connection = connect_to(place, &immutable_uri(&place.path)?, flags)?;
        return Ok(TracelessReader { connection: prepare_reader(place, connection)?, copy: None, live: false });
    }
    let copy = copy_with_log(place)?;
    let inside = copy.path().join("copy.db");
    let connection = prepare_reader(place, connect_to(place, &inside, OpenFlags::SQLITE_OPEN_READ_WRITE)?)?;
    Ok(TracelessReader { connection, copy: Some(copy), live: true })
}

fn keeps_log(place: &FileLocation) -> Result<bool, TargetError> {
    let failed = |error: std::io::Error| place.failure("read the file", error.to_string());
    let mut header = Vec::with_capacity(READ_VERSION + 1);
    File::open(&place.path).map_err(failed)?.take(READ_VERSION as u64 + 1).read_to_end(&mut header).map_err(failed)?;
    Ok(header.get(READ_VERSION) == Some(&2))
}

fn companion_path(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    PathBuf::from(name)
}

/// Returns the URI of a file that nobody changes.
fn immutable_uri(path: &Path) -> Result<PathBuf, TargetError> {
    let url = || format!("sqlite:{}", path.display());
    let text = path.to_str().ok_or_else(|| TargetError::Open { url: url(), why: "its name is no UTF-8".to_owned() })?;
    let mut uri = "file:".to_owned();
    for byte in text.bytes() {
        match byte {
            b'%' | b'?' | b'#' | 0..=b' ' | 127.. => uri += &format!("%{byte:02X}"),
            _ => uri.push(char::from(byte)),
        }
    }
    Ok(PathBuf::from(uri + "?immutable=1"))
}

/// Copies a file and its log into a private folder, which goes with what is returned.
fn copy_with_log(place: &FileLocation) -> Result<TempDir, TargetError> {
    let failed = |error: std::io::Error| place.failure("copy the file and its log", error.to_string());
    let log = companion_path(&place.path, "-wal");
    let folder = tempfile::Builder::new().prefix("mfm-").tempdir().map_err(failed)?;
    for _ in 0..TRIES {
        let before = read_metadata(&place.path, &log).map_err(failed)?;
        if before.iter().map(Metadata::len).sum::<u64>() > COPY_MAX {
            let why = format!("it is larger than {} GiB, and still being written", COPY_MAX >> 30);
            return Err(TargetError::Open { url: place.url.clone(), why });
        }
        private_copy(&place.path, &folder.path().join("copy.db")).map_err(failed)?;
        private_copy(&log, &folder.path().join("copy.db-wal")).map_err(failed)?;
        if is_unchanged(&before, &read_metadata(&place.path, &log).map_err(failed)?) {
            return Ok(folder);
        }
    }
    Err(TargetError::Busy { url: place.url.clone(), wait_ms: 0 })
}

fn read_metadata(path: &Path, log: &Path) -> std::io::Result<[Metadata; 2]> {
    Ok([fs::metadata(path)?, fs::metadata(log)?])
}

/// Tells whether the file did not change meanwhile; a log that only grew is read as far as it is whole.
fn is_unchanged([file, log]: &[Metadata; 2], [file_now, log_now]: &[Metadata; 2]) -> bool {
    let untouched = file.len() == file_now.len() && file.modified().ok() == file_now.modified().ok();
    untouched && log.len() <= log_now.len()
}

/// Copies a file into one that nobody else can read.
fn private_copy(from: &Path, to: &Path) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut out = options.open(to)?;
    std::io::copy(&mut File::open(from)?, &mut out)?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets::sqlite::SqliteTarget;
    use crate::targets::{DomainKeys, Target as _};

    fn file_names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn count_rows(path: &Path) -> (u64, bool) {
        let (mut target, live) = SqliteTarget::open_aside(path, DomainKeys::new()).unwrap();
        let table = target.find_table("t").unwrap().unwrap();
        (target.count_rows(&table, None).unwrap(), live)
    }

    #[test]
    fn nothing_is_left_beside_a_file_with_a_log() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a b#?%.db");
        let writer = Connection::open(&path).unwrap();
        writer.pragma_update(None, "journal_mode", "wal").unwrap();
        writer.execute_batch("CREATE TABLE t(id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)").unwrap();
        let kept = file_names(folder.path());
        assert!(kept.iter().any(|name| name.ends_with("-wal")));
        assert_eq!(count_rows(&path), (1, true), "a log that is not empty is read from a copy");
        assert_eq!(file_names(folder.path()), kept);
        drop(writer);
        let kept = file_names(folder.path());
        assert_eq!(kept.len(), 1, "the log is gone with its writer");
        assert_eq!(count_rows(&path), (1, false));
        assert_eq!(file_names(folder.path()), kept, "a file whose log is empty is read as one that nobody changes");
    }

    #[test]
    fn a_writer_without_a_log_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let mut writer = Connection::open(&path).unwrap();
        writer.execute_batch("CREATE TABLE t(id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)").unwrap();
        assert_eq!(count_rows(&path), (1, false));
        let step = writer.transaction().unwrap();
        step.execute_batch("INSERT INTO t VALUES (2)").unwrap();
        assert_eq!(count_rows(&path), (1, true), "what is not committed is not there");
        step.commit().unwrap();
        assert_eq!((count_rows(&path), file_names(folder.path()).len()), ((2, false), 1));
    }
}
