//! The open journal: opening, folding to the newest entry, locking, checkpointing. `write.rs` appends the entries.

use std::fmt;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde_json::json;

use crate::digest::{Digest, encode_hex};
use crate::entry::{COLUMNS, Entry, Head, Record, Stamp, read_unsigned, to_sql_integer};
use crate::error::JournalError;
#[cfg(feature = "testing")]
use crate::faults::Faults;
use crate::faults::JournalStep;
use crate::fold::JournalState;
use crate::lock::{LockHolder, WriterLock};
use crate::open::{check_header, connect_read, connect_write, create_unnamed, publish_draft, sqlite_error};
use crate::place::JournalFiles;
use crate::projection::{Projection, VouchedProjection};
use crate::schema::list_differences;
use crate::tree::Frontier;

/// An open journal.
pub struct Journal {
    pub(crate) conn: Connection,
    pub(crate) path: PathBuf,
    canonical: PathBuf,
    writable: bool,
    pub(crate) id: Digest,
    pub(crate) head: Head,
    pub(crate) frontier: Frontier,
    pub(crate) state: JournalState,
    pub(crate) vouched: Option<VouchedProjection>,
    place: JournalFiles,
    #[cfg(feature = "testing")]
    faults: Option<Box<dyn Faults>>,
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Journal");
        out.field("path", &self.path).field("writable", &self.writable).field("id", &self.id);
        out.field("head", &self.head).finish_non_exhaustive()
    }
}

impl Journal {
    /// Creates a journal and its parent folders. `nonce` is 16 random bytes that make the journal's id unique.
    ///
    /// The file gets its name only when it is complete.
    ///
    /// # Errors
    /// [`JournalError::Exists`] where something is there already; [`JournalError::Full`], [`JournalError::Io`].
    pub fn create(path: &Path, nonce: [u8; 16], stamp: &Stamp) -> Result<Self, JournalError> {
        let (draft, conn) = create_unnamed(path, &encode_hex(&nonce))?;
        let head = Head { seq: 0, digest: Digest::ZERO };
        let mut journal = Self::with_connection(conn, &draft, draft.clone(), head);
        // Entry 1 is written under the temporary name, so that no reader ever sees a journal without it.
        let opened = journal.write_opened(stamp, &json!({"format": 1, "nonce": encode_hex(&nonce)}));
        journal.store_projection();
        // Closing copies the write-ahead log into the file.
        drop(journal);
        let result = opened.and_then(|()| publish_draft(&draft, path));
        if result.is_err() {
            let _ = std::fs::remove_file(&draft);
        }
        result?;
        Self::open(path)
    }

    /// Opens an existing journal for writing.
    ///
    /// # Errors
    /// [`JournalError::Missing`], [`JournalError::NotAJournal`], [`JournalError::Newer`],
    /// [`JournalError::Broken`] where the head or what must be folded does not hold, [`JournalError::Busy`].
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        // Taken before SQLite opens the path: if the file is replaced in between, the two differ.
        let before = JournalFiles::from_path(path);
        let journal = Self::load_from_connection(connect_write(path)?, path, true)?;
        if journal.place.is_same_file(&before) { Ok(journal) } else { journal.place.fail_replaced() }
    }

    /// Opens an existing journal for reading.
    ///
    /// # Errors
    /// As [`Journal::open`]; [`JournalError::CopyTheWal`] on read-only media beside a write-ahead log.
    pub fn open_read(path: &Path) -> Result<Self, JournalError> {
        let conn = connect_read(path)?;
        check_header(&conn, path)?;
        Self::load_from_connection(conn, path, false)
    }

    fn with_connection(conn: Connection, path: &Path, canonical: PathBuf, head: Head) -> Self {
        Self {
            conn,
            path: path.to_owned(),
            place: JournalFiles::from_path(&canonical),
            canonical,
            writable: true,
            id: Digest::ZERO,
            head,
            frontier: Frontier::new(),
            state: JournalState::default(),
            vouched: None,
            #[cfg(feature = "testing")]
            faults: None,
        }
    }

    fn load_from_connection(conn: Connection, path: &Path, writable: bool) -> Result<Self, JournalError> {
        let canonical = std::fs::canonicalize(path).map_err(|source| JournalError::Io {
            action: "resolve the path",
            path: path.to_owned(),
            source,
        })?;
        let mut journal = Self::with_connection(conn, path, canonical, Head { seq: 0, digest: Digest::ZERO });
        journal.writable = writable;
        // Head and projection are read in one snapshot: a writer could append between two reads.
        journal.execute("BEGIN")?;
        let loaded = journal.load_state();
        let _ = journal.conn.execute_batch("ROLLBACK");
        // Taken again after the first read: only now has SQLite opened or created the log.
        journal.place = JournalFiles::from_path(&journal.canonical);
        loaded.map(|()| journal)
    }

    fn load_state(&mut self) -> Result<(), JournalError> {
        self.check_schema()?;
        let first = self.read_entry(1)?.filter(|entry| entry.kind == "opened");
        let first = first.ok_or_else(|| self.broken_error("entry 1 does not open it".to_owned()))?;
        self.id = first.digest;
        if let Some(stored) = Projection::load(&self.conn).ok().flatten()
            && let Some(next) = self.read_entry(stored.seq.saturating_add(1))?
            && let Some((head, frontier, state)) = stored.restore_state(&next)
        {
            (self.head, self.frontier, self.state) = (head, frontier, state);
            self.vouched = Some(VouchedProjection { seq: stored.seq, bytes: stored.state.len() });
        }
        self.refresh()
    }

    /// Refuses a file whose schema is not a journal's: a foreign trigger or view could change what is kept or shown.
    pub(crate) fn check_schema(&self) -> Result<(), JournalError> {
        match list_differences(&self.conn).map_err(|error| self.database_error(error))?.first() {
            None => Ok(()),
            Some(difference) => Err(self.broken_error(format!("its schema is not that of a journal: {difference}"))),
        }
    }

    /// Returns the path by which the journal was opened, as the caller gave it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the journal's id: the digest of its first entry.
    #[must_use]
    pub const fn id(&self) -> Digest {
        self.id
    }

    /// Returns the newest entry folded so far; [`Journal::refresh`] folds those written by others since.
    #[must_use]
    pub const fn head(&self) -> Head {
        self.head
    }

    /// Returns the root of the RFC 6962 tree over the entries up to the head.
    #[must_use]
    pub fn root(&self) -> Digest {
        self.frontier.root()
    }

    /// Returns the state that the entries up to the head fold to.
    #[must_use]
    pub const fn state(&self) -> &JournalState {
        &self.state
    }

    /// Takes the writer lock, waiting two seconds at most, and folds what others wrote meanwhile.
    ///
    /// # Errors
    /// [`JournalError::Busy`] names who holds the lock; [`JournalError::ReadOnly`]; as [`Journal::refresh`].
    pub fn lock(&mut self, holder: &LockHolder) -> Result<WriterLock, JournalError> {
        if !self.writable {
            return Err(JournalError::ReadOnly { path: self.path.clone() });
        }
        let lock = WriterLock::acquire(&self.canonical, holder)?;
        self.refresh()?;
        Ok(lock)
    }

    /// Checks that a lock is this journal's.
    pub(crate) fn covered_by(&self, lock: &WriterLock) -> Result<(), JournalError> {
        if !self.writable {
            return Err(JournalError::ReadOnly { path: self.path.clone() });
        }
        // By canonical path: the same journal may have been opened by a link.
        if lock.journal_path() == self.canonical {
            let holder = "somebody who removed the lock file".to_owned();
            if !lock.is_in_force() {
                return Err(JournalError::Busy { path: self.path.clone(), holder });
            }
            return self.place.check_unmoved();
        }
        Err(JournalError::WrongLock { path: self.path.clone(), locked: lock.journal_path().to_owned() })
    }

    /// Checks that the file that was written is still the one at the journal's path.
    pub(crate) fn in_place(&self) -> Result<(), JournalError> {
        self.place.check_unmoved()
    }

    /// Folds the entries that other processes wrote since, and checks that the known head is still there. On an error
    /// the state stays as it was.
    ///
    /// # Errors
    /// [`JournalError::Broken`] where an entry's digest, its link to the one before, or its order does not hold.
    pub fn refresh(&mut self) -> Result<(), JournalError> {
        let sql = format!("SELECT {COLUMNS} FROM entry WHERE seq >= ?1 ORDER BY seq");
        let (mut head, mut frontier, mut state) = (self.head, self.frontier.clone(), self.state.clone());
        let mut statement = self.conn.prepare_cached(&sql).map_err(|error| self.database_error(error))?;
        let mut rows = statement.query([to_sql_integer(head.seq)]).map_err(|error| self.database_error(error))?;
        // The query starts at the known head itself, so that its disappearance or replacement shows.
        let mut known = head.seq == 0;
        while let Some(row) = rows.next().map_err(|error| self.database_error(error))? {
            let record = Record::from_row(row).map_err(|error| self.database_error(error))?;
            let entry = self.verify_record(record)?;
            if entry.seq == head.seq && !known {
                known = true;
                if entry.digest != head.digest {
                    return Err(self.broken_error(format!("entry {} is not the one that was read before", entry.seq)));
                }
                continue;
            }
            if !known || entry.seq != head.seq + 1 || entry.prev != head.digest {
                return Err(self.broken_error(format!("entry {} does not follow entry {}", entry.seq, head.seq)));
            }
            let fits = state.fold_entry(&entry).and_then(|()| self.check_order(&entry));
            fits.map_err(|why| self.broken_error(format!("entry {}: {why}", entry.seq)))?;
            frontier.push_leaf(entry.digest.as_bytes());
            head = Head { seq: entry.seq, digest: entry.digest };
        }
        if !known {
            return Err(self.broken_error(format!("entry {}, which was read before, no longer exists", head.seq)));
        }
        // Both borrow the connection, and with it `self`.
        drop(rows);
        drop(statement);
        (self.head, self.frontier, self.state) = (head, frontier, state);
        Ok(())
    }

    /// Copies the write-ahead log into the file, as far as readers allow. Failing does no harm: the log stays valid.
    pub fn checkpoint(&mut self) {
        if !self.writable || self.pass_step(JournalStep::Checkpoint).is_err() {
            return;
        }
        self.store_projection();
        let _ = self.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        let _ = self.pass_step(JournalStep::AfterCheckpoint);
    }

    /// Stores a projection in a journal whose entries vouch for none, such as a new one. Opening does not use it, but
    /// an audit expects a row.
    fn store_projection(&self) {
        // Best effort: the entries hold everything that this row repeats.
        if self.vouched.is_some() || self.conn.execute_batch("BEGIN IMMEDIATE").is_err() {
            return;
        }
        let sql = "SELECT max(seq) FROM entry";
        let newest =
            self.conn.query_row(sql, [], |row| read_unsigned(row, 0)).is_ok_and(|newest| newest == self.head.seq);
        let projection = Projection::new(self.head, &self.frontier, &self.state);
        let stored = newest && projection.is_ok_and(|projection| projection.store(&self.conn).is_ok());
        let _ = self.conn.execute_batch(if stored { "COMMIT" } else { "ROLLBACK" });
    }

    /// Installs the hooks of a test, which are asked at each step of a write.
    #[cfg(feature = "testing")]
    pub fn set_faults(&mut self, faults: Box<dyn Faults>) {
        self.faults = Some(faults);
    }

    /// Does nothing in a released build.
    #[cfg(not(feature = "testing"))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "it has the shape of the one that tests use")]
    pub(crate) const fn pass_step(&mut self, _: JournalStep) -> Result<(), JournalError> {
        Ok(())
    }

    /// Asks the hooks of a test whether the write may pass a step.
    #[cfg(feature = "testing")]
    pub(crate) fn pass_step(&mut self, step: JournalStep) -> Result<(), JournalError> {
        match self.faults.as_mut().map(|faults| faults.check_step(step)) {
            Some(Err(reason)) => Err(JournalError::Injected { step, reason }),
            _ => Ok(()),
        }
    }

    /// Limits the file to a number of pages, to simulate a full disk.
    #[cfg(feature = "testing")]
    pub fn limit_pages(&mut self, pages: u32) {
        let _ = self.conn.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()));
    }

    pub(crate) fn execute(&self, sql: &str) -> Result<(), JournalError> {
        self.conn.execute_batch(sql).map_err(|error| self.database_error(error))
    }

    pub(crate) fn verify_record(&self, record: Record) -> Result<Entry, JournalError> {
        record.into_verified_entry().map_err(|what| self.broken_error(what))
    }

    pub(crate) fn database_error(&self, error: rusqlite::Error) -> JournalError {
        sqlite_error(&self.path, error)
    }

    pub(crate) fn broken_error(&self, what: String) -> JournalError {
        JournalError::Broken { path: self.path.clone(), what }
    }
}
