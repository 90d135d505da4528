//! The writing side of a SQLite target: one transaction a step, its end known or said to be unknown; plans nothing.

use mfm_journal::Intended;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ffi};

use super::catalogue::Catalogue;
use super::file::FileId;
use super::open::{self, FileLocation};
use super::{execute, marks, own, sql};
use crate::model::Refusal;
use crate::targets::faults::{FaultSeam, WriteStep};
use crate::targets::known;
use crate::targets::{
    ExecuteError, Executed, Marker, OperationRow, OperationState, PlannedWork, TargetError, Tombstone, Writer,
};

/// A connection that lives for one step.
pub(super) struct SqliteWriter {
    pub(super) place: FileLocation,
    pub(super) connection: Connection,
    pub(super) catalogue: Catalogue,
    /// The file that was opened.
    file: FileId,
    seam: FaultSeam,
    /// Whether the database has a write-ahead log, which lets others read while this connection writes.
    pub(super) log: bool,
    /// Whether the write-ahead log is to be moved into the database after the commit, not as a part of it.
    log_waits: bool,
}

/// An operation of so many changes may fill the write-ahead log so far that SQLite would move it with the commit.
const LARGE: usize = 1025;

impl SqliteWriter {
    pub(super) fn open(
        place: FileLocation,
        catalogue: Catalogue,
        seam: FaultSeam,
        pages_max: Option<u32>,
    ) -> Result<Self, TargetError> {
        let file = FileId::read(&place)?;
        let (connection, log) = open::open_writer(&place)?;
        file.check_unmoved(&place)?;
        if let Some(pages) = pages_max {
            let limited = connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()));
            limited.map_err(place.explainer("bound the database"))?;
        }
        Ok(Self { place, connection, catalogue, file, seam, log, log_waits: false })
    }

    /// Tells the tests' seam where the write stands.
    pub(super) fn pass_step(&self, step: WriteStep) -> Result<(), TargetError> {
        self.seam.pass_step(step).map_err(|why| self.place.failure("write", why))
    }

    /// Rolls back and tells whether that is certain.
    fn roll_back(&self) -> bool {
        // Some errors, a full disk among them, have rolled back already.
        self.connection.is_autocommit()
            || (self.connection.execute_batch(sql::ROLLBACK).is_ok() && self.connection.is_autocommit())
    }

    fn abort(&self, error: TargetError) -> ExecuteError {
        match (self.roll_back(), error) {
            (true, TargetError::Refused(refusal)) => ExecuteError::Refused(refusal),
            (true, error) => ExecuteError::RolledBack(error),
            (false, error) => ExecuteError::Unknown(error),
        }
    }

    /// Commits; an error leaves the transaction either open, to be rolled back for certain, or nobody knows how.
    fn commit(&self) -> Result<(), ExecuteError> {
        let still = self.pass_step(WriteStep::BeforeCommit).and_then(|()| self.file.check_unmoved(&self.place));
        still.map_err(|error| self.abort(error))?;
        if let Err(error) = self.connection.execute_batch(sql::COMMIT) {
            let foreign = error.sqlite_error().is_some_and(|e| e.extended_code == ffi::SQLITE_CONSTRAINT_FOREIGNKEY);
            let explained = if foreign {
                let (table, constraint) = ("the target".to_owned(), "deferred to the commit".to_owned());
                Refusal::ForeignKey { table, constraint, why: error.to_string() }.into()
            } else {
                self.place.explain("commit", &error)
            };
            let open = !self.connection.is_autocommit();
            return Err(if open { self.abort(explained) } else { ExecuteError::Unknown(explained) });
        }
        // A fault in a file that went away is no fault at the path.
        let still = self.pass_step(WriteStep::AfterCommit).and_then(|()| self.file.check_unmoved(&self.place));
        still.map_err(ExecuteError::Unknown)
    }

    /// Runs a step that puts or takes marks in a transaction.
    fn run_transaction(&self, step: impl FnOnce() -> Result<(), TargetError>) -> Result<(), TargetError> {
        let failed = self.place.explainer("write mfm's own tables");
        self.connection.execute_batch(sql::BEGIN_WRITE).map_err(&failed)?;
        let result = step().and_then(|()| self.connection.execute_batch(sql::COMMIT).map_err(&failed));
        if result.is_err() {
            self.roll_back();
        }
        result
    }
}

impl Writer for SqliteWriter {
    fn execute(&mut self, intended: &Intended, work: &PlannedWork<'_>) -> Result<Executed, ExecuteError> {
        let prepared = self.begin_operation(work);
        prepared.map_err(|error| self.abort(error))?;
        let written = execute::run_transaction(self, intended, work);
        let rows = written.map_err(|error| self.abort(error))?;
        self.commit()?;
        Ok(Executed { rows, retries: 0 })
    }

    fn tidy_after_commit(&mut self) {
        if self.log_waits {
            // A reader may be in the way: then the log stays, and the next writer moves it.
            let _ = self.connection.query_row(sql::CHECKPOINT, [], |_| Ok(()));
        }
    }

    fn write_tombstone(&mut self, row: &OperationRow, at_us: i64) -> Result<Tombstone, TargetError> {
        self.pass_step(WriteStep::Tombstone)?;
        let result = self.put_tombstone(row, at_us);
        if !matches!(result, Ok(Tombstone::Inserted)) && !self.roll_back() {
            return Err(self.place.failure("put a tombstone", "nobody knows whether it is there"));
        }
        if matches!(result, Ok(Tombstone::Inserted)) {
            self.pass_step(WriteStep::TombstonePut)?;
        }
        // Nothing is said of a file that went away meanwhile.
        self.file.check_unmoved(&self.place)?;
        result
    }

    fn mark_with(&mut self, marker: &Marker, records: &[OperationRow]) -> Result<(), TargetError> {
        self.pass_step(WriteStep::Mark)?;
        let bound = known::encode_binding(&marker.bound);
        let failed = self.place.explainer("write the marker");
        self.run_transaction(|| {
            own::check_own_tables(&self.connection, &self.place)?;
            self.connection.execute_batch(&sql::create_marks()).map_err(&failed)?;
            // What stood in the way of a table is there still.
            own::check_own_tables(&self.connection, &self.place)?;
            let before = self.connection.total_changes();
            let gone = self.connection.execute(sql::DELETE_MARKER, []).map_err(&failed)?;
            let values = (&marker.marker_id, bound, marker.at_us, &marker.actor);
            self.connection.execute(sql::INSERT_MARKER, values).map_err(&failed)?;
            let put = |row: &OperationRow| self.insert_operation(row, row.state, marker.at_us).map_err(&failed);
            records.iter().try_for_each(put)?;
            self.check_own_rows_only(before, (gone + 1 + records.len()) as u64)
        })?;
        self.pass_step(WriteStep::Marked)
    }

    fn unmark(&mut self) -> Result<(), TargetError> {
        self.pass_step(WriteStep::Mark)?;
        let failed = self.place.explainer("take the marker away");
        self.run_transaction(|| {
            own::check_own_tables(&self.connection, &self.place)?;
            self.connection.execute_batch(sql::DROP_MARKS).map_err(&failed)
        })?;
        self.pass_step(WriteStep::Marked)
    }
}

impl SqliteWriter {
    /// Opens the transaction of an operation.
    fn begin_operation(&mut self, work: &PlannedWork<'_>) -> Result<(), TargetError> {
        self.log_waits = self.log && work.changes.len() >= LARGE;
        let failed = self.place.explainer("begin the operation");
        let triggers = DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER;
        self.connection.set_db_config(triggers, !work.disable_triggers).map_err(&failed)?;
        self.connection.pragma_update(None, "foreign_keys", work.unenforced.is_empty()).map_err(&failed)?;
        if self.log_waits {
            self.connection.pragma_update(None, "wal_autocheckpoint", 0).map_err(&failed)?;
        }
        self.connection.execute_batch(sql::BEGIN_WRITE).map_err(&failed)?;
        self.pass_step(WriteStep::Begun)
    }

    /// Checks that nothing but so many rows of mfm's own tables was written since: by a trigger, or a cascade.
    pub(super) fn check_own_rows_only(&self, before: u64, rows: u64) -> Result<(), TargetError> {
        let counted = self.connection.total_changes() - before;
        if counted == rows {
            return Ok(());
        }
        let what = format!("{counted} rows were written where {rows} were meant");
        Err(TargetError::Mismatch { table: "mfm's own tables".to_owned(), what })
    }

    /// Puts a tombstone in a transaction of its own; unless it was inserted, that transaction is to be rolled back.
    fn put_tombstone(&self, row: &OperationRow, at_us: i64) -> Result<Tombstone, TargetError> {
        let failed = |error: &rusqlite::Error| match is_busy(error) {
            true => Ok(Tombstone::Undecided),
            false => Err(self.explain_operation(error)),
        };
        if let Err(error) = self.connection.execute_batch(sql::BEGIN_WRITE) {
            return failed(&error);
        }
        own::check_own_tables(&self.connection, &self.place)?;
        let before = self.connection.total_changes();
        match self.insert_operation(row, OperationState::Abandoned, at_us) {
            Ok(()) => {}
            Err(error) if is_constraint(&error) => return self.read_tombstone(row),
            Err(error) => return failed(&error),
        }
        self.check_own_rows_only(before, 1)?;
        // What does not read back was not put, whatever the statement said.
        let put = OperationRow { state: OperationState::Abandoned, ..row.clone() };
        if marks::find_operation(&self.connection, &self.place, &row.uid)? != Some(put) {
            return Err(self.place.failure("put a tombstone", "the row does not read back as it was written"));
        }
        match self.connection.execute_batch(sql::COMMIT) {
            Ok(()) => Ok(Tombstone::Inserted),
            Err(error) => failed(&error),
        }
    }

    /// Puts the row of an operation.
    pub(super) fn insert_operation(
        &self,
        row: &OperationRow,
        state: OperationState,
        at_us: i64,
    ) -> rusqlite::Result<()> {
        let (uid, journal_id) = (row.uid.to_string(), row.journal_id.to_string());
        let values = (uid, journal_id, marks::to_sql_number(row.op), state.word(), at_us);
        self.connection.execute(sql::INSERT_OPERATION, values).map(drop)
    }

    /// Says why the row of an operation could not be put.
    pub(super) fn explain_operation(&self, error: &rusqlite::Error) -> TargetError {
        match marks::has_table(&self.connection, &self.place, "mfm_operation") {
            Ok(false) => {
                let what = "it holds no record of mfm's operations".to_owned();
                TargetError::Replaced { url: self.place.url.clone(), what }
            }
            _ => self.place.explain("write mfm's record of the operation", error),
        }
    }

    /// Says which row stands where a tombstone should.
    fn read_tombstone(&self, row: &OperationRow) -> Result<Tombstone, TargetError> {
        if let Some(found) = marks::find_operation(&self.connection, &self.place, &row.uid)? {
            return Ok(Tombstone::Found(found.state));
        }
        Err(self.number_conflict_error(row))
    }

    /// Says that another operation has the number.
    pub(super) fn number_conflict_error(&self, row: &OperationRow) -> TargetError {
        let other = marks::operation_at(&self.connection, &self.place, &row.journal_id, row.op);
        let other = other.ok().flatten().map_or_else(|| "an unknown uid".to_owned(), |found| found.uid.to_string());
        let what = format!("it holds operation {} of this journal as {other}, not as {}", row.op, row.uid);
        TargetError::Replaced { url: self.place.url.clone(), what }
    }
}

/// Tells whether an error is the answer of another writer's lock.
fn is_busy(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
    matches!(error.sqlite_error_code(), Some(DatabaseBusy | DatabaseLocked))
}

/// Tells whether a constraint refused a statement.
pub(super) fn is_constraint(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation)
}
