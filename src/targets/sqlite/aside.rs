//! Opening a file without leaving anything next to it. A database with a write-ahead log would otherwise make SQLite
//! create its `-wal` and `-shm` files there.

use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

use super::open::{FileLocation, connect_to, prepare_reader};
use crate::targets::TargetError;

/// The largest file, together with its log, that is copied, bytes.
const COPY_MAX: u64 = 4 << 30;
/// How often a copy is tried while other programs write.
const TRIES: usize = 5;
/// The offset of the read version in a database's header; the value 2 stands for a write-ahead log
/// (<https://www.sqlite.org/fileformat2.html>, section 1.3.4).
const READ_VERSION: usize = 19;

/// A connection that leaves nothing behind, with the private copy that it reads, where it reads one.
pub(super) struct TracelessReader {
    pub(super) connection: Connection,
    pub(super) copy: Option<TempDir>,
    /// Whether another program is writing the file, or left a transaction unfinished.
    pub(super) live: bool,
}

/// Opens a file for reading.
pub(super) fn open_traceless(place: &FileLocation) -> Result<TracelessReader, TargetError> {
    if !keeps_log(place)? {
        // A rollback journal needs no files of a reader's own.
        let connection = prepare_reader(place, connect_to(place, &place.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?)?;
        return Ok(TracelessReader { connection, copy: None, live: has_companion(place, "-journal") });
    }
    if !has_companion(place, "-wal") {
        // With an empty log the file itself is complete; `immutable` keeps SQLite from creating a log to read it.
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
        let connection = connect_to(place, &immutable_uri(&place.path)?, flags)?;
        return Ok(TracelessReader { connection: prepare_reader(place, connection)?, copy: None, live: false });
    }
    let copy = copy_with_log(place)?;
    let inside = copy.path().join("copy.db");
    let connection = prepare_reader(place, connect_to(place, &inside, OpenFlags::SQLITE_OPEN_READ_WRITE)?)?;
    Ok(TracelessReader { connection, copy: Some(copy), live: true })
}

/// Returns whether a file of this ending lies next to the database and is not empty.
fn has_companion(place: &FileLocation, ending: &str) -> bool {
    fs::metadata(companion_path(&place.path, ending)).is_ok_and(|metadata| metadata.len() > 0)
}

fn keeps_log(place: &FileLocation) -> Result<bool, TargetError> {
    let header = read_header(&place.path);
    let header = header.map_err(|error| place.failure("read the file", error.to_string()))?;
    Ok(header.get(READ_VERSION) == Some(&2))
}

/// Reads the beginning of a file, up to the read version; less where the file is shorter.
fn read_header(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut header = Vec::with_capacity(READ_VERSION + 1);
    File::open(path)?.take(READ_VERSION as u64 + 1).read_to_end(&mut header)?;
    Ok(header)
}

fn companion_path(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    PathBuf::from(name)
}

/// Returns the URI under which SQLite reads a file as one that never changes, without locks and logs.
fn immutable_uri(path: &Path) -> Result<PathBuf, TargetError> {
    let Some(text) = path.to_str() else {
        let url = format!("sqlite:{}", path.display());
        return Err(TargetError::Open { url, why: "its name is not UTF-8".to_owned() });
    };
    let mut uri = "file:".to_owned();
    for byte in text.bytes() {
        match byte {
            b'%' | b'?' | b'#' | 0..=b' ' | 127.. => uri += &format!("%{byte:02X}"),
            _ => uri.push(char::from(byte)),
        }
    }
    Ok(PathBuf::from(uri + "?immutable=1"))
}

/// Copies a file and its log into a private folder, which is removed when the returned handle is dropped.
fn copy_with_log(place: &FileLocation) -> Result<TempDir, TargetError> {
    match try_copy(place) {
        Ok(answer) => answer,
        Err(error) => Err(place.failure("copy the file and its log", error.to_string())),
    }
}

/// Copies as [`copy_with_log`]; the outer error is the file system's.
fn try_copy(place: &FileLocation) -> std::io::Result<Result<TempDir, TargetError>> {
    let log = companion_path(&place.path, "-wal");
    let folder = tempfile::Builder::new().prefix("mfm-").tempdir()?;
    for _ in 0..TRIES {
        let before = read_metadata(&place.path, &log)?;
        if before.iter().map(Metadata::len).sum::<u64>() > COPY_MAX {
            let why = format!("it is larger than {} GiB, and still being written", COPY_MAX >> 30);
            return Ok(Err(TargetError::Open { url: place.url.clone(), why }));
        }
        private_copy(&place.path, &folder.path().join("copy.db"))?;
        private_copy(&log, &folder.path().join("copy.db-wal"))?;
        // A checkpoint during the copy moves pages from the log into the file: then the two copies do not fit together.
        if is_unchanged(&before, &read_metadata(&place.path, &log)?) {
            return Ok(Ok(folder));
        }
    }
    Ok(Err(TargetError::Busy { url: place.url.clone(), wait_ms: 0 }))
}

/// Reads the metadata of a file and of its log.
fn read_metadata(path: &Path, log: &Path) -> std::io::Result<[Metadata; 2]> {
    Ok([fs::metadata(path)?, fs::metadata(log)?])
}

/// Returns whether the file did not change between two readings of its metadata. The log may have grown: SQLite reads
/// a log up to its last complete transaction.
fn is_unchanged([file, log]: &[Metadata; 2], [file_now, log_now]: &[Metadata; 2]) -> bool {
    let untouched = file.len() == file_now.len() && file.modified().ok() == file_now.modified().ok();
    untouched && log.len() <= log_now.len()
}

/// Copies a file into one that only this user can read: it may hold patients' names.
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
