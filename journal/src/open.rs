//! SQLite connections to a journal file: creating one, opening it for writing, or for reading on read-only media.

use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::error::JournalError;
use crate::lock::sibling_path;
use crate::schema::{APPLICATION_ID, FORMAT, create_sql};

/// How long SQLite waits for another connection's transaction.
const BUSY_MS: u64 = 5_000;

/// Maps an error of SQLite about the journal at a path.
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

/// Creates a folder and its parents, readable by their owner alone: a journal holds rows about people.
fn make_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Creates an empty journal under a temporary name, and returns that path with a connection.
pub(crate) fn create_unnamed(path: &Path, nonce: &str) -> Result<(PathBuf, Connection), JournalError> {
    // A log without its journal would be applied to the new file.
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
    // Created here, not by SQLite, which would give it the mode of the umask.
    if let Err(source) = new_options().open(&draft) {
        return Err(JournalError::Io { action: "create", path: draft, source });
    }
    match initialise_file(&draft) {
        Ok(conn) => Ok((draft, conn)),
        Err(source) => {
            let _ = fs::remove_file(&draft);
            Err(sqlite_error(path, source))
        }
    }
}

/// Returns the options for creating a journal's file: only where nothing exists, readable by its owner alone.
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

/// Gives the finished file its final name, unless something else has taken it meanwhile.
pub(crate) fn publish_draft(draft: &Path, path: &Path) -> Result<(), JournalError> {
    let exists = JournalError::Exists { path: path.to_owned(), found: path.to_owned() };
    // A link, unlike a rename, never replaces a file that is there.
    match fs::hard_link(draft, path) {
        Ok(()) => {
            // If this fails, the file has a second name, which does no harm.
            let _ = fs::remove_file(draft);
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(exists),
        // File systems without hard links come here too; on those a rename would replace an existing file silently.
        Err(_) if path.symlink_metadata().is_ok() => return Err(exists),
        Err(_) => fs::rename(draft, path).map_err(|source| JournalError::Io {
            action: "name the journal",
            path: path.to_owned(),
            source,
        })?,
    }
    sync_folder(path);
    Ok(())
}

/// Makes the file's name durable, on systems where a folder can be synced.
fn sync_folder(path: &Path) {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    if let Ok(folder) = fs::File::open(folder) {
        let _ = folder.sync_all();
    }
}

fn configure_connection(conn: &Connection) -> rusqlite::Result<()> {
    conn.busy_timeout(Duration::from_millis(BUSY_MS))?;
    // DEFENSIVE and an untrusted schema: a crafted file must not run functions or write shadow tables when opened.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    // Without it the planner may look at bound values and prepare a statement again whenever they change.
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
    if conn.is_readonly("main").map_err(|source| sqlite_error(path, source))? {
        return Err(JournalError::ReadOnly { path: path.to_owned() });
    }
    check_header(&conn, path)?;
    match configure_write(&conn) {
        Ok(()) => Ok(conn),
        // The file could be opened, but not its log: the folder is read-only.
        Err(source) if is_unopenable(&source) => Err(JournalError::ReadOnly { path: path.to_owned() }),
        Err(source) => Err(sqlite_error(path, source)),
    }
}

/// Opens an existing journal for reading. On read-only media no file is created next to it.
pub(crate) fn connect_read(path: &Path) -> Result<Connection, JournalError> {
    require_regular_file(path)?;
    if !on_read_only_media(path) {
        match try_connect(path, None) {
            Err(source) if is_unopenable(&source) => {}
            outcome => return outcome.map_err(|source| open_error(path, source)),
        }
    }
    // Read-only media from here on. `immutable` ignores the log, so it is right only without one.
    let log_bytes = fs::metadata(sibling_path(path, "-wal")).map_or(0, |log| log.len());
    if log_bytes == 0 {
        try_connect(path, Some("immutable=1")).map_err(|source| open_error(path, source))
    } else if sibling_path(path, "-shm").exists() {
        // Another process uses the journal: its index of the log (-shm) can be read, though not created.
        try_connect(path, Some("readonly_shm=1")).map_err(|_| JournalError::CopyTheWal { path: path.to_owned() })
    } else {
        Err(JournalError::CopyTheWal { path: path.to_owned() })
    }
}

/// Checks that the path is a regular file: SQLite would wait for a pipe, and its message for a folder says less.
fn require_regular_file(path: &Path) -> Result<(), JournalError> {
    match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Err(JournalError::Missing { path: path.to_owned() }),
        Err(source) => Err(JournalError::Io { action: "look at", path: path.to_owned(), source }),
        Ok(found) if found.is_dir() => Err(not_a_journal(path, "it is a folder")),
        Ok(found) if !found.is_file() => Err(not_a_journal(path, "it is not a regular file")),
        Ok(_) => Ok(()),
    }
}

fn not_a_journal(path: &Path, why: impl Into<String>) -> JournalError {
    JournalError::NotAJournal { path: path.to_owned(), why: why.into() }
}

/// Checks the permission bits besides opening, because an administrator can open a read-only file for writing.
fn on_read_only_media(path: &Path) -> bool {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    // The read-only attribute of a Windows folder does not stop anyone from creating files in it.
    let is_folder_closed = cfg!(unix) && has_read_only_bits(folder);
    is_folder_closed || has_read_only_bits(path) || OpenOptions::new().append(true).open(path).is_err()
}

fn has_read_only_bits(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().readonly())
}

fn is_unopenable(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly))
}

/// Opens a connection and reads once: SQLite does not touch the file before the first read.
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
    // A Windows path begins with a drive, which a file URI has after a slash.
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

/// Checks the file's header: application id and format.
pub(crate) fn check_header(conn: &Connection, path: &Path) -> Result<(), JournalError> {
    let application = header_number(conn, path, "application_id")?;
    if application != APPLICATION_ID {
        let why = format!("its application id is {application:#x}, but a journal's is {APPLICATION_ID:#x}");
        return Err(not_a_journal(path, why));
    }
    match header_number(conn, path, "user_version")? {
        FORMAT => Ok(()),
        format if format > FORMAT => Err(JournalError::Newer { path: path.to_owned(), format }),
        format => Err(not_a_journal(path, format!("its format is {format}"))),
    }
}

/// Checks that the file can be audited: it has a table of entries, and is not of a later format.
pub(crate) fn check_auditable(conn: &Connection, path: &Path) -> Result<(), JournalError> {
    // Only this table is needed: an audit reports everything else that is missing.
    let sql = "SELECT count(*) FROM sqlite_schema WHERE name = 'entry'";
    let tables: i64 = conn.query_row(sql, [], |row| row.get(0)).map_err(|source| sqlite_error(path, source))?;
    if tables == 0 {
        // A wrong header says more than the missing table.
        check_header(conn, path)?;
        return Err(not_a_journal(path, "it has no entries"));
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
        Some(ErrorCode::NotADatabase) => not_a_journal(path, "it is not a SQLite file"),
        _ => sqlite_error(path, error),
    }
}
