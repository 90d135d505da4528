//! The writing side of a SQLite target: one transaction a step, whose end is either known or reported as unknown.

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
    /// The id of the file that was opened.
    file: FileId,
    seam: FaultSeam,
    /// Whether the database has a write-ahead log, which lets other connections read while this one writes.
    pub(super) log: bool,
    /// Whether the write-ahead log is moved into the database by [`Writer::tidy_after_commit`] and not by the commit.
    log_waits: bool,
}

/// From this many changes on, an operation may fill the write-ahead log so far that SQLite would checkpoint it within
/// the commit: by default at 1000 pages.
const LARGE: usize = 1025;

impl SqliteWriter {
    pub(super) fn open(
        place: FileLocation,
        catalogue: Catalogue,
        seam: FaultSeam,
        pages_max: Option<u32>,
    ) -> Result<Self, TargetError> {
        // Read before and checked after: the connection then certainly has the file that is at the path.
        let file = FileId::read(&place)?;
        let (connection, log) = open::open_writer(&place)?;
        file.check_unmoved(&place)?;
        if let Some(pages) = pages_max {
            let limited = connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()));
            limited.map_err(place.explainer("bound the database"))?;
        }
        Ok(Self { place, connection, catalogue, file, seam, log, log_waits: false })
    }

    /// Passes a step of the write, where a test may let it fail.
    pub(super) fn pass_step(&self, step: WriteStep) -> Result<(), TargetError> {
        self.seam.pass_step(step).map_err(|why| self.place.failure("write", why))
    }

    /// Rolls back, and returns whether that is certain.
    fn roll_back(&self) -> bool {
        // After some errors, a full disk among them, SQLite has rolled back already.
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

    /// Commits. After an error the transaction is either certainly rolled back, or its fate is unknown.
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
            // A transaction that is still open was not committed; otherwise the commit may have reached the disk.
            let open = !self.connection.is_autocommit();
            return Err(if open { self.abort(explained) } else { ExecuteError::Unknown(explained) });
        }
        // Faults that were committed to a file which meanwhile left its path are not in the target.
        let still = self.pass_step(WriteStep::AfterCommit).and_then(|()| self.file.check_unmoved(&self.place));
        still.map_err(ExecuteError::Unknown)
    }

    /// Runs a step that writes or removes the marker in a transaction.
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
        if let Err(error) = self.begin_operation(work) {
            return Err(self.abort(error));
        }
        let rows = match execute::run_transaction(self, intended, work) {
            Ok(rows) => rows,
            Err(error) => return Err(self.abort(error)),
        };
        self.commit()?;
        Ok(Executed { rows, retries: 0 })
    }

    fn tidy_after_commit(&mut self) {
        if self.log_waits {
            // A reader may be in the way: then the log stays, and the next writer checkpoints it.
            let _ = self.connection.query_row(sql::CHECKPOINT, [], |_| Ok(()));
        }
    }

    fn write_tombstone(&mut self, row: &OperationRow, at_us: i64) -> Result<Tombstone, TargetError> {
        self.pass_step(WriteStep::Tombstone)?;
        let result = self.put_tombstone(row, at_us);
        if !matches!(result, Ok(Tombstone::Inserted)) && !self.roll_back() {
            return Err(self.place.failure("write a tombstone", "it is not known whether it is there"));
        }
        if matches!(result, Ok(Tombstone::Inserted)) {
            self.pass_step(WriteStep::TombstonePut)?;
        }
        // The answer is about the file at the path; one that left it meanwhile answers nothing.
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
            // Creating did nothing where a name was taken, so the result is checked again.
            own::check_own_tables(&self.connection, &self.place)?;
            let before = self.connection.total_changes();
            let deleted = self.connection.execute(sql::DELETE_MARKER, []).map_err(&failed)?;
            let values = (&marker.marker_id, bound, marker.at_us, &marker.actor);
            self.connection.execute(sql::INSERT_MARKER, values).map_err(&failed)?;
            for row in records {
                self.insert_operation(row, row.state, marker.at_us).map_err(&failed)?;
            }
            self.check_own_rows_only(before, (deleted + 1 + records.len()) as u64)
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
    /// Sets up the connection for an operation, and begins its transaction.
    fn begin_operation(&mut self, work: &PlannedWork<'_>) -> Result<(), TargetError> {
        self.log_waits = self.log && work.changes.len() >= LARGE;
        let failed = self.place.explainer("start the operation");
        // A setting of this connection only: no declaration changes, and no other program is affected.
        let triggers = DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER;
        self.connection.set_db_config(triggers, !work.disable_triggers).map_err(&failed)?;
        // Before BEGIN: within a transaction SQLite ignores this PRAGMA.
        self.connection.pragma_update(None, "foreign_keys", work.unenforced.is_empty()).map_err(&failed)?;
        // The checkpoint runs after the commit, in `tidy_after_commit`.
        if self.log_waits {
            self.connection.pragma_update(None, "wal_autocheckpoint", 0).map_err(&failed)?;
        }
        self.connection.execute_batch(sql::BEGIN_WRITE).map_err(&failed)?;
        self.pass_step(WriteStep::Begun)
    }

    /// Checks that exactly `rows` rows were written since the count `before`. A trigger or a cascade would write more.
    pub(super) fn check_own_rows_only(&self, before: u64, rows: u64) -> Result<(), TargetError> {
        let count = self.connection.total_changes() - before;
        if count == rows {
            return Ok(());
        }
        let what = format!("{count} rows were written, but {rows} were expected");
        Err(TargetError::Mismatch { table: "mfm's own tables".to_owned(), what })
    }

    /// Writes a tombstone in a transaction of its own. Unless it returns [`Tombstone::Inserted`], the caller has to
    /// roll the transaction back.
    fn put_tombstone(&self, row: &OperationRow, at_us: i64) -> Result<Tombstone, TargetError> {
        if let Err(error) = self.connection.execute_batch(sql::BEGIN_WRITE) {
            return self.explain_tombstone_error(&error);
        }
        own::check_own_tables(&self.connection, &self.place)?;
        let before = self.connection.total_changes();
        match self.insert_operation(row, OperationState::Abandoned, at_us) {
            Ok(()) => {}
            Err(error) if is_constraint(&error) => return self.read_tombstone(row),
            Err(error) => return self.explain_tombstone_error(&error),
        }
        self.check_own_rows_only(before, 1)?;
        // A row that does not read back was not written, whatever the statement reported (a trigger may have removed
        // it).
        let put = OperationRow { state: OperationState::Abandoned, ..row.clone() };
        if marks::find_operation(&self.connection, &self.place, &row.uid)? != Some(put) {
            return Err(self.place.failure("write a tombstone", "the row does not read back as it was written"));
        }
        match self.connection.execute_batch(sql::COMMIT) {
            Ok(()) => Ok(Tombstone::Inserted),
            Err(error) => self.explain_tombstone_error(&error),
        }
    }

    /// Returns what a failed tombstone means: another transaction's lock leaves the operation undecided.
    fn explain_tombstone_error(&self, error: &rusqlite::Error) -> Result<Tombstone, TargetError> {
        if is_busy(error) { Ok(Tombstone::Undecided) } else { Err(self.explain_operation(error)) }
    }

    /// Inserts the row of an operation.
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

    /// Explains why the row of an operation could not be inserted.
    pub(super) fn explain_operation(&self, error: &rusqlite::Error) -> TargetError {
        match marks::has_table(&self.connection, &self.place, "mfm_operation") {
            Ok(false) => {
                let what = "it has no record of mfm's operations".to_owned();
                TargetError::Replaced { url: self.place.url.clone(), what }
            }
            _ => self.place.explain("write mfm's record of the operation", error),
        }
    }

    /// Reads the row that already has the uid of a tombstone.
    fn read_tombstone(&self, row: &OperationRow) -> Result<Tombstone, TargetError> {
        if let Some(existing) = marks::find_operation(&self.connection, &self.place, &row.uid)? {
            return Ok(Tombstone::Found(existing.state));
        }
        Err(self.number_conflict_error(row))
    }

    /// Builds the error that another operation of this journal already has the number.
    pub(super) fn number_conflict_error(&self, row: &OperationRow) -> TargetError {
        let other = marks::operation_at(&self.connection, &self.place, &row.journal_id, row.op);
        let other = other.ok().flatten().map_or_else(|| "an unknown uid".to_owned(), |other| other.uid.to_string());
        let what = format!("it has operation {} of this journal as {other}, not as {}", row.op, row.uid);
        TargetError::Replaced { url: self.place.url.clone(), what }
    }
}

/// Returns whether another writer's lock caused an error.
fn is_busy(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
    matches!(error.sqlite_error_code(), Some(DatabaseBusy | DatabaseLocked))
}

/// Returns whether a constraint refused a statement.
pub(super) fn is_constraint(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation)
}
