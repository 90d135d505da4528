//! Opens SQLite files for reading, for writing and for a roll-back, and translates SQLite's errors.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, ffi};

use super::sql;
use crate::model::Refusal;
use crate::targets::TargetError;

/// How long a reader waits for the locks of other programs, milliseconds.
const READ_WAIT_MS: u64 = 5_000;

/// The extended error codes that a reader gets where only a writer can roll back a transaction.
const CRASHED: [i32; 3] = [ffi::SQLITE_READONLY_ROLLBACK, ffi::SQLITE_READONLY_RECOVERY, ffi::SQLITE_READONLY_CANTINIT];
/// How often a file is opened again before mfm concludes that a program has crashed.
const LOOKS: u32 = 4;
/// How long mfm waits before each of these attempts.
const PAUSE: Duration = Duration::from_millis(20);

/// Statements kept prepared by a connection.
const STATEMENTS: usize = 64;

/// Where a database is, its name in errors, and how long mfm waits for its locks.
#[derive(Clone, Debug)]
pub(super) struct FileLocation {
    pub(super) url: String,
    pub(super) path: PathBuf,
    pub(super) wait_ms: u64,
}

impl FileLocation {
    /// Resolves a path to a file without opening it.
    pub(super) fn from_path(path: &Path) -> Result<Self, TargetError> {
        let url = format!("sqlite:{}", path.display());
        let path = path.canonicalize().map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => TargetError::Absent { url: url.clone() },
            _ => TargetError::Open { url: url.clone(), why: error.to_string() },
        })?;
        if !path.is_file() {
            return Err(TargetError::Open { url, why: "it is not a file".into() });
        }
        Ok(Self { url, path, wait_ms: READ_WAIT_MS })
    }

    /// Returns a function for `map_err` that translates an error of SQLite's; `what` was attempted.
    pub(super) fn explainer<'p>(&'p self, what: &'p str) -> impl Fn(rusqlite::Error) -> TargetError + 'p {
        move |error| self.explain(what, &error)
    }

    /// Translates an error of SQLite's into the port's; `what` was attempted.
    pub(super) fn explain(&self, what: &str, error: &rusqlite::Error) -> TargetError {
        let url = self.url.clone();
        let extended = error.sqlite_error().map_or(0, |error| error.extended_code);
        if CRASHED.contains(&extended) {
            let alive = TargetError::Busy { url: url.clone(), wait_ms: self.wait_ms };
            return if self.is_left_by_a_crash() { TargetError::NeedsRecovery { url } } else { alive };
        }
        if let Some(refusal) = unknown_here(&error.to_string()) {
            return refusal.into();
        }
        if extended == ffi::SQLITE_READONLY_DBMOVED {
            let what = "the file was moved while it was written".to_owned();
            return TargetError::Replaced { url, what };
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                TargetError::Busy { url, wait_ms: self.wait_ms }
            }
            Some(ErrorCode::DiskFull) => TargetError::Full { url },
            Some(ErrorCode::ReadOnly) => TargetError::ReadOnly { url, why: error.to_string() },
            Some(ErrorCode::NotADatabase | ErrorCode::CannotOpen) => TargetError::Open { url, why: error.to_string() },
            _ => TargetError::Failed { url, what: what.to_owned(), why: error.to_string() },
        }
    }

    /// Returns whether a crashed program left a transaction. A writer that is rolling back at this moment looks the
    /// same to SQLite, but only for as long as that takes.
    fn is_left_by_a_crash(&self) -> bool {
        (0..LOOKS).all(|_| {
            std::thread::sleep(PAUSE);
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(&self.path, flags);
            let probe = connection.and_then(|connection| connection.query_one(sql::PROBE, [], |_| Ok(())));
            let code = probe.err().and_then(|error| error.sqlite_error().map(|error| error.extended_code));
            code.is_some_and(|code| CRASHED.contains(&code))
        })
    }

    /// Builds an error with a reason of mfm's own.
    pub(super) fn failure(&self, what: &str, why: impl Into<String>) -> TargetError {
        TargetError::Failed { url: self.url.clone(), what: what.to_owned(), why: why.into() }
    }
}

/// Counts the file's hard links.
#[cfg(unix)]
pub(super) fn count_links(place: &FileLocation) -> Result<Option<u64>, TargetError> {
    use std::os::unix::fs::MetadataExt as _;
    let facts = std::fs::metadata(&place.path).map_err(|error| place.failure("look at the file", error.to_string()))?;
    Ok(Some(facts.nlink()))
}

/// Only Unix systems report the number of links.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same as where it can fail")]
pub(super) const fn count_links(_: &FileLocation) -> Result<Option<u64>, TargetError> {
    Ok(None)
}

/// Returns a refusal where an error means that SQLite lacks a collation or a function of another program.
pub(super) fn unknown_here(message: &str) -> Option<Refusal> {
    let (kind, name) = parse_unknown(message)?;
    let what = format!("what needs the {kind} {name}, which is not known here,");
    Some(Refusal::Unsupported { what })
}

/// Parses an error message about an unknown collation or function into its kind and name.
pub(super) fn parse_unknown(message: &str) -> Option<(&'static str, &str)> {
    let kinds = [
        ("no such collation sequence: ", "collation"),
        ("no such function: ", "function"),
        ("unknown function: ", "function"),
    ];
    let (kind, rest) = kinds.into_iter().find_map(|(words, kind)| Some((kind, message.split_once(words)?.1)))?;
    Some((kind, rest.split_whitespace().next()?.trim_end_matches("()")))
}

/// Opens a connection that cannot write.
pub(super) fn open_reader(place: &FileLocation) -> Result<Connection, TargetError> {
    prepare_reader(place, connect(place, OpenFlags::SQLITE_OPEN_READ_ONLY)?)
}

/// Makes a connection read-only, and refuses a file that can be no target.
pub(super) fn prepare_reader(place: &FileLocation, connection: Connection) -> Result<Connection, TargetError> {
    connection.pragma_update(None, "query_only", true).map_err(place.explainer("open for reading"))?;
    let encoding: String =
        connection.query_one(sql::ENCODING, [], |row| row.get(0)).map_err(place.explainer("read the encoding"))?;
    let application: i64 = connection
        .query_one(sql::APPLICATION_ID, [], |row| row.get(0))
        .map_err(place.explainer("read the file's kind"))?;
    // Faults in a journal would destroy the evidence of all others.
    if application == mfm_journal::APPLICATION_ID {
        return Err(Refusal::Unsupported { what: "a journal of mfm, as a target,".into() }.into());
    }
    // In a UTF-16 file SQLite converts text on its way in and out, so that its bytes would not be kept.
    if encoding != "UTF-8" {
        return Err(Refusal::Unsupported { what: format!("text of a database in {encoding}") }.into());
    }
    Ok(connection)
}

/// Opens a connection for one writing step, and returns whether the database has a write-ahead log. The journal mode
/// stays as it is, and commits are as durable as that mode allows.
pub(super) fn open_writer(place: &FileLocation) -> Result<(Connection, bool), TargetError> {
    let connection = connect(place, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let failed = place.explainer("open for writing");
    if connection.is_readonly("main").map_err(&failed)? {
        let why = "the file or its folder is not writable".to_owned();
        return Err(TargetError::ReadOnly { url: place.url.clone(), why });
    }
    let mode: String = connection.query_one(sql::JOURNAL_MODE, [], |row| row.get(0)).map_err(&failed)?;
    let log = mode.eq_ignore_ascii_case("wal");
    // With a rollback journal only EXTRA also syncs the folder after the journal is deleted, which is the commit.
    let synchronous = if log { "FULL" } else { "EXTRA" };
    connection.pragma_update(None, "synchronous", synchronous).map_err(&failed)?;
    connection.pragma_update(None, "foreign_keys", true).map_err(&failed)?;
    connection.pragma_update(None, "recursive_triggers", false).map_err(&failed)?;
    Ok((connection, log))
}

fn connect(place: &FileLocation, mode: OpenFlags) -> Result<Connection, TargetError> {
    connect_to(place, &place.path, mode)
}

/// Connects to a path, or to a URI with the flag for it, under the name of a place.
pub(super) fn connect_to(place: &FileLocation, path: &Path, mode: OpenFlags) -> Result<Connection, TargetError> {
    let failed = place.explainer("open the database");
    let connection = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(&failed)?;
    connection.busy_timeout(Duration::from_millis(place.wait_ms)).map_err(&failed)?;
    // A misspelt column in double quotes must be an error, not a text. And a target's schema is not trusted: its views
    // and triggers may call only harmless functions.
    for setting in [DbConfig::SQLITE_DBCONFIG_DQS_DML, DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA] {
        connection.set_db_config(setting, false).map_err(&failed)?;
    }
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // SQLite opens a file lazily; this first read finds out whether it is a database.
    connection.query_one(sql::PROBE, [], |_| Ok(())).map_err(&failed)?;
    Ok(connection)
}

/// Opens a database read-write, which lets SQLite roll back what a crashed program left, and writes nothing else.
///
/// # Errors
/// [`TargetError`], as for opening a target.
pub fn roll_back_hot_journal(path: &Path) -> Result<(), TargetError> {
    let place = FileLocation::from_path(path)?;
    let connection = connect(&place, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.close().map_err(|(_, error)| place.explain("roll back a crashed transaction", &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k9_a_writer_that_rolls_back_beside_a_reader_is_no_crashed_program() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lab.db");
        let writer = Connection::open(&path).unwrap();
        writer.execute_batch("PRAGMA synchronous = OFF; CREATE TABLE t(a)").unwrap();
        let place = FileLocation::from_path(&path).unwrap();
        let done = &std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                while !done.load(std::sync::atomic::Ordering::SeqCst) {
                    writer.execute_batch("BEGIN IMMEDIATE; INSERT INTO t VALUES (1); ROLLBACK").unwrap();
                }
            });
            let codes: Vec<_> = (0..2000).filter_map(|_| open_reader(&place).err().map(|error| error.code())).collect();
            done.store(true, std::sync::atomic::Ordering::SeqCst);
            assert!(codes.iter().all(|code| *code == "target_busy"), "{codes:?}");
        });
    }
}
