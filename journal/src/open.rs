//! SQLite connections to a journal file: made, opened for writing, or for reading wherever the file lies.

use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::error::JournalError;
use crate::lock::sibling_path;
use crate::schema::{APPLICATION_ID, FORMAT, create_sql};

const BUSY_MS: u64 = 5_000;

/// Returns the error for what SQLite said about the journal at a path.
pub(crate) fn sqlite_error(path: &Path, source: rusqlite::Error) -> JournalError {
    use rusqlite::Error as E;
    let path = path.to_owned();
    match (source.sqlite_error_code(), &source) {
        (Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure), _) => JournalError::Full { path, source },
        (Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked), _) => {
            JournalError::Busy { path, holder: "another connection".to_owned() }
        }
        (Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase), _)
        | (_, E::InvalidColumnType(..) | E::IntegralValueOutOfRange(..) | E::FromSqlConversionFailure(..)) => {
            JournalError::Broken { path, what: source.to_string() }
        }
        _ => JournalError::Database { path, source },
    }
}

/// Makes a folder, and those above it, that nobody but its owner may look into: a journal holds rows of people.
fn make_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Makes an empty journal in a new file that no path names yet, and returns that file's path and connection.
pub(crate) fn create_unnamed(path: &Path, nonce: &str) -> Result<(PathBuf, Connection), JournalError> {
    for found in [path.to_owned(), sibling_path(path, "-wal")] {
        if found.symlink_metadata().is_ok() {
            return Err(JournalError::Exists { path: path.to_owned(), found });
        }
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        make_folder(folder).map_err(|source| JournalError::Io {
            action: "make the folder",
            path: folder.to_owned(),
            source,
        })?;
    }
    let draft = sibling_path(path, &format!(".{nonce}.new"));
    let made = new_options().open(&draft);
    made.map_err(|source| JournalError::Io { action: "create", path: draft.clone(), source })?;
    match initialise_file(&draft) {
        Ok(conn) => Ok((draft, conn)),
        Err(source) => {
            let _ = fs::remove_file(&draft);
            Err(sqlite_error(path, source))
        }
    }
}

/// Returns how a journal's file is made: where nothing stands, and for the person alone, for it holds rows of people.
fn new_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn initialise_file(draft: &Path) -> rusqlite::Result<Connection> {
    let conn = Connection::open_with_flags(draft, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    conn.pragma_update(None, "encoding", "UTF-8")?;
    configure_write(&conn)?;
    conn.execute_batch(&create_sql())?;
    Ok(conn)
}

/// Gives the finished file its name, unless something took the name meanwhile.
pub(crate) fn publish_draft(draft: &Path, path: &Path) -> Result<(), JournalError> {
    let taken = || JournalError::Exists { path: path.to_owned(), found: path.to_owned() };
    match fs::hard_link(draft, path) {
        Ok(()) => {
            // A second name left behind does no harm.
            let _ = fs::remove_file(draft);
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(taken()),
        // A file system without hard links.
        Err(_) if path.symlink_metadata().is_ok() => return Err(taken()),
        Err(_) => fs::rename(draft, path).map_err(|source| JournalError::Io {
            action: "name the journal",
            path: path.to_owned(),
            source,
        })?,
    }
    sync_folder(path);
    Ok(())
}

/// Makes the file's name durable where the system can do so.
fn sync_folder(path: &Path) {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    if let Ok(folder) = fs::File::open(folder) {
        let _ = folder.sync_all();
    }
}

fn configure_connection(conn: &Connection) -> rusqlite::Result<()> {
    conn.busy_timeout(Duration::from_millis(BUSY_MS))?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    // Else the planner looks at bound values, and prepares a statement again whenever they change.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.pragma_update(None, "cell_size_check", true)?;
    conn.set_prepared_statement_cache_capacity(32);
    Ok(())
}

fn configure_write(conn: &Connection) -> rusqlite::Result<()> {
    configure_connection(conn)?;
    let mode: String = conn.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    if mode != "wal" {
        conn.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    }
    conn.pragma_update(None, "synchronous", "FULL")?;
    // Where plain fsync does not reach the platter (macOS), ask for what does.
    conn.pragma_update(None, "fullfsync", true)
}

/// Opens an existing journal for writing.
pub(crate) fn connect_write(path: &Path) -> Result<Connection, JournalError> {
    require_regular_file(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags).map_err(|source| sqlite_error(path, source))?;
    // SQLite opens for reading what it cannot open for writing, and complains later or not at all.
    let refused = || JournalError::ReadOnly { path: path.to_owned() };
    if conn.is_readonly("main").map_err(|source| sqlite_error(path, source))? {
        return Err(refused());
    }
    check_header(&conn, path)?;
    configure_write(&conn).map_err(
        |source| {
            if is_unopenable(&source) { refused() } else { sqlite_error(path, source) }
        },
    )?;
    Ok(conn)
}

/// Opens an existing journal for reading; nothing is created beside one that lies where nothing can be written.
pub(crate) fn connect_read(path: &Path) -> Result<Connection, JournalError> {
    require_regular_file(path)?;
    if !on_read_only_media(path) {
        match try_connect(path, None) {
            Err(source) if is_unopenable(&source) => {}
            outcome => return outcome.map_err(|source| open_error(path, source)),
        }
    }
    let log_bytes = fs::metadata(sibling_path(path, "-wal")).map_or(0, |log| log.len());
    if log_bytes == 0 {
        try_connect(path, Some("immutable=1")).map_err(|source| open_error(path, source))
    } else if sibling_path(path, "-shm").exists() {
        // Another process may be at work on the same file; its index of the log can be read, not made.
        try_connect(path, Some("readonly_shm=1")).map_err(|_| JournalError::CopyTheWal { path: path.to_owned() })
    } else {
        Err(JournalError::CopyTheWal { path: path.to_owned() })
    }
}

/// Checks that a regular file is there: SQLite would wait at a pipe, or say less.
fn require_regular_file(path: &Path) -> Result<(), JournalError> {
    let not = |why: &str| Err(JournalError::NotAJournal { path: path.to_owned(), why: why.to_owned() });
    match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Err(JournalError::Missing { path: path.to_owned() }),
        Err(source) => Err(JournalError::Io { action: "look at", path: path.to_owned(), source }),
        Ok(found) if found.is_dir() => not("it is a folder"),
        Ok(found) if !found.is_file() => not("it is no regular file"),
        Ok(_) => Ok(()),
    }
}

/// Looks at the permissions too, because they do not stop an administrator.
fn on_read_only_media(path: &Path) -> bool {
    let readonly = |path: &Path| fs::metadata(path).is_ok_and(|found| found.permissions().readonly());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let closed = cfg!(unix) && readonly(folder);
    closed || readonly(path) || OpenOptions::new().append(true).open(path).is_err()
}

fn is_unopenable(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly))
}

/// Opens and reads once, because SQLite looks at the file only then.
fn try_connect(path: &Path, query: Option<&str>) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = match query {
        None => Connection::open_with_flags(path, flags)?,
        Some(query) => Connection::open_with_flags(file_uri(path, query), flags | OpenFlags::SQLITE_OPEN_URI)?,
    };
    configure_connection(&conn)?;
    conn.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Ok(conn)
}

fn file_uri(path: &Path, query: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::from("file:");
    if cfg!(windows) && path.is_absolute() {
        out.push('/');
    }
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'\\' if cfg!(windows) => out.push('/'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => out.push(char::from(*byte)),
            b':' if cfg!(windows) => out.push(':'),
            byte => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out + "?" + query
}

/// Checks that the file says of itself that it is a journal of this format.
pub(crate) fn check_header(conn: &Connection, path: &Path) -> Result<(), JournalError> {
    let not = |why: String| JournalError::NotAJournal { path: path.to_owned(), why };
    let application = header_number(conn, path, "application_id")?;
    if application != APPLICATION_ID {
        return Err(not(format!("its application id is {application:#x}, a journal's is {APPLICATION_ID:#x}")));
    }
    match header_number(conn, path, "user_version")? {
        FORMAT => Ok(()),
        format if format > FORMAT => Err(JournalError::Newer { path: path.to_owned(), format }),
        format => Err(not(format!("its format is {format}"))),
    }
}

/// Checks that an audit of the file makes sense: it has entries, and is not of a later format.
pub(crate) fn check_auditable(conn: &Connection, path: &Path) -> Result<(), JournalError> {
    let sql = "SELECT count(*) FROM sqlite_schema WHERE name = 'entry'";
    let tables: i64 = conn.query_row(sql, [], |row| row.get(0)).map_err(|source| sqlite_error(path, source))?;
    if tables == 0 {
        return check_header(conn, path)
            .and_then(|()| Err(JournalError::NotAJournal { path: path.to_owned(), why: "it has no entries".into() }));
    }
    let application = header_number(conn, path, "application_id")?;
    match header_number(conn, path, "user_version")? {
        format if application == APPLICATION_ID && format > FORMAT => {
            Err(JournalError::Newer { path: path.to_owned(), format })
        }
        _ => Ok(()),
    }
}

fn header_number(conn: &Connection, path: &Path, pragma: &str) -> Result<i64, JournalError> {
    let number = conn.pragma_query_value(None, pragma, |row| row.get(0));
    number.map_err(|error| open_error(path, error))
}

fn open_error(path: &Path, error: rusqlite::Error) -> JournalError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => {
            JournalError::NotAJournal { path: path.to_owned(), why: "it is no SQLite file".to_owned() }
        }
        _ => sqlite_error(path, error),
    }
}
