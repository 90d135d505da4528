//! The writing side of a SQL Server target: one transaction a step, whose end is either known or reported as unknown.

use std::time::Duration;

use mfm_journal::{Digest, Intended};

use super::catalogue::CatalogueFeatures;
use super::fault::{ServerLocation, WireFault};
use super::open::{MssqlAccess, ParkedWire};
use super::preflight::PreflightContext;
use super::sql::{marks as text, session};
use super::wire::{self, Wire, number_parameter};
use super::{execute, marks, own};
use crate::targets::faults::{FaultSeam, WriteStep};
use crate::targets::known;
use crate::targets::{
    DomainKeys, ExecuteError, Executed, Marker, OperationRow, OperationState, PlannedWork, TargetError, Tombstone,
    Writer,
};

/// How often a transaction is repeated that was rolled back because of another program's locks.
const RETRIES: u64 = 3;
/// The wait before the first repetition; before the nth it is n times as long.
const PAUSE: Duration = Duration::from_millis(40);

/// The writer of one step, on a connection of its own or on the one that the reading session parked.
pub(super) struct MssqlWriter {
    pub(super) place: ServerLocation,
    pub(super) features: CatalogueFeatures,
    pub(super) keys: DomainKeys,
    access: MssqlAccess,
    /// The slot that the connection comes from, and goes back to once nothing of this step is open on it.
    parked: ParkedWire,
    wire: Option<Wire>,
    /// Whether a transaction may be open.
    dirty: bool,
    seam: FaultSeam,
}

impl MssqlWriter {
    pub(super) fn open(
        access: MssqlAccess,
        parked: ParkedWire,
        place: ServerLocation,
        features: CatalogueFeatures,
        keys: DomainKeys,
        seam: FaultSeam,
    ) -> Result<Self, TargetError> {
        let wire = parked.lock().ok().and_then(|mut parked| parked.take());
        let mut writer = Self { place, features, keys, access, parked, wire, dirty: false, seam };
        let text = session::begin_session(writer.place.wait_ms);
        let (wire, _) = writer.ensure_wire()?;
        // The parked connection may have broken since; nothing was sent on it, so another one may take its place.
        if wire.run_batch(&text).is_err() {
            writer.wire = None;
            let (wire, place) = writer.ensure_wire()?;
            wire.run_batch(&text).map_err(place.explainer("prepare the session"))?;
        }
        Ok(writer)
    }

    /// Puts the connection back into its slot, unless a transaction may be open on it.
    fn park_wire(&mut self) {
        // While panicking, `dirty` may not be up to date.
        let wire = self.wire.take().filter(|_| !self.dirty && !std::thread::panicking());
        if let (Some(wire), Ok(mut parked)) = (wire, self.parked.lock()) {
            *parked = Some(wire);
        }
    }

    /// Returns the connection; opens one where there is none or it broke.
    pub(super) fn ensure_wire(&mut self) -> Result<(&mut Wire, &ServerLocation), TargetError> {
        let wire = match self.wire.take() {
            Some(wire) => wire,
            None => self.access.connect(&self.place, false)?,
        };
        Ok((self.wire.insert(wire), &self.place))
    }

    /// Returns the context for a preflight on this connection, without checks of permissions.
    pub(super) fn preflight_context(&mut self) -> Result<PreflightContext<'_>, TargetError> {
        let wire = match self.wire.take() {
            Some(wire) => wire,
            None => self.access.connect(&self.place, false)?,
        };
        let wire = self.wire.insert(wire);
        Ok(PreflightContext { wire, place: &self.place, features: &self.features, keys: &self.keys, login: None })
    }

    /// Passes a step of the write, where a test may let it fail.
    pub(super) fn pass_step(&self, step: WriteStep) -> Result<(), TargetError> {
        self.seam.pass_step(step).map_err(|why| self.place.failure("write", why))
    }

    /// Rolls back, and returns whether that is certain; otherwise the connection is dropped.
    pub(super) fn roll_back(&mut self) -> bool {
        let rolled_back = self.wire.as_mut().is_some_and(|wire| wire.run_batch(session::ROLLBACK).is_ok());
        if !rolled_back {
            self.wire = None;
        }
        self.dirty = false;
        rolled_back
    }

    fn abort(&mut self, error: TargetError) -> ExecuteError {
        if error.is_lost() {
            // The server rolls back when it notices the broken connection, unless it had committed before. Only an
            // insert of the uid can find out.
            self.wire = None;
            self.dirty = false;
            return ExecuteError::Unknown(error);
        }
        let rolled_back = self.roll_back();
        // A failed step may leave session settings behind, IDENTITY_INSERT for one: they end with the session.
        self.wire = None;
        match (rolled_back, error) {
            (true, TargetError::Refused(refusal)) => ExecuteError::Refused(refusal),
            (true, error) => ExecuteError::RolledBack(error),
            (false, error) => ExecuteError::Unknown(error),
        }
    }

    fn try_operation(&mut self, intended: &Intended, work: &PlannedWork<'_>) -> Result<u64, ExecuteError> {
        if let Err(error) = self.begin_operation() {
            return Err(self.abort(error));
        }
        let rows = match execute::run_transaction(self, intended, work) {
            Ok(rows) => rows,
            Err(error) => return Err(self.abort(error)),
        };
        self.commit()?;
        Ok(rows)
    }

    fn begin_operation(&mut self) -> Result<(), TargetError> {
        let begin = session::begin_write(self.place.wait_ms);
        self.dirty = true;
        let (wire, place) = self.ensure_wire()?;
        wire.run_batch(&begin).map_err(place.explainer("start the operation"))?;
        self.pass_step(WriteStep::Begun)
    }

    /// Commits. Where the answer is lost, the fate of the transaction is unknown.
    fn commit(&mut self) -> Result<(), ExecuteError> {
        self.pass_step(WriteStep::BeforeCommit).map_err(|error| self.abort(error))?;
        let committed = self
            .ensure_wire()
            .and_then(|(wire, place)| wire.run_batch(session::COMMIT).map_err(place.explainer("commit")));
        committed.map_err(|error| self.abort(error))?;
        self.dirty = false;
        self.pass_step(WriteStep::AfterCommit).map_err(ExecuteError::Unknown)
    }

    /// Runs a step that writes or removes the marker in a transaction.
    fn run_transaction(
        &mut self,
        step: impl FnOnce(&mut Wire, &ServerLocation) -> Result<(), TargetError>,
    ) -> Result<(), TargetError> {
        let begin = session::begin_write(self.place.wait_ms);
        self.dirty = true;
        let result = self.ensure_wire().and_then(|(wire, place)| {
            let failed = place.explainer("write mfm's own tables");
            wire.run_batch(&begin).map_err(&failed)?;
            step(wire, place)?;
            wire.run_batch(session::COMMIT).map_err(&failed)
        });
        if result.is_err() {
            self.roll_back();
        }
        self.dirty = false;
        result
    }

    /// Inserts the row of an operation. The inner result is the server's answer, the outer one that of connecting.
    pub(super) fn insert_operation(
        &mut self,
        row: &OperationRow,
        state: OperationState,
        at_us: i64,
    ) -> Result<Result<(), WireFault>, TargetError> {
        let (wire, _) = self.ensure_wire()?;
        Ok(marks::put_operation(wire, row, state, at_us))
    }

    /// Finds the row of a uid.
    pub(super) fn find_operation(&mut self, uid: &Digest) -> Result<Option<OperationRow>, TargetError> {
        let (wire, place) = self.ensure_wire()?;
        marks::find_operation(wire, place, uid)
    }

    /// Returns an error where another operation of this journal already has the number.
    pub(super) fn find_number_conflict(&mut self, row: &OperationRow) -> Result<Option<TargetError>, TargetError> {
        let (wire, place) = self.ensure_wire()?;
        let other = marks::operation_at(wire, place, &row.journal_id, row.op)?;
        Ok(other.map(|other| {
            let what = format!("it has operation {} of this journal as {}, not as {}", row.op, other.uid, row.uid);
            TargetError::Replaced { url: place.url.clone(), what }
        }))
    }

    /// Commits a tombstone that reads back, in tables whose writes change nothing else.
    fn keep_tombstone(&mut self, row: &OperationRow) -> Result<(), TargetError> {
        let (wire, place) = self.ensure_wire()?;
        own::check_own_tables(wire, place, false)?;
        let put = OperationRow { state: OperationState::Abandoned, ..row.clone() };
        if self.find_operation(&row.uid)? != Some(put) {
            return Err(self.place.failure("write a tombstone", "the row does not read back as it was written"));
        }
        let (wire, place) = self.ensure_wire()?;
        wire.run_batch(session::COMMIT).map_err(place.explainer("write a tombstone"))
    }

    /// Returns what the fault of a tombstone's insert means: a lock, another row of the uid or number, or an error.
    fn explain_tombstone_fault(&mut self, row: &OperationRow, fault: WireFault) -> Result<Tombstone, TargetError> {
        let what = "write mfm's record of the operation";
        if fault.is_connection_lost() {
            self.wire = None;
            return Err(self.place.explain(what, fault));
        }
        self.roll_back();
        if fault.is_transient() {
            return Ok(Tombstone::Undecided);
        }
        let (wire, place) = self.ensure_wire()?;
        if !marks::has_operations(wire, place)? {
            let what = "it has no record of mfm's operations".to_owned();
            return Err(TargetError::Replaced { url: self.place.url.clone(), what });
        }
        if let Some(existing) = self.find_operation(&row.uid)? {
            return Ok(Tombstone::Found(existing.state));
        }
        let conflict = self.find_number_conflict(row)?;
        Err(conflict.unwrap_or_else(|| self.place.explain(what, fault)))
    }
}

impl Drop for MssqlWriter {
    fn drop(&mut self) {
        self.park_wire();
    }
}

impl Writer for MssqlWriter {
    fn execute(&mut self, intended: &Intended, work: &PlannedWork<'_>) -> Result<Executed, ExecuteError> {
        let mut retries = 0;
        loop {
            match self.try_operation(intended, work) {
                Ok(rows) => {
                    self.park_wire();
                    return Ok(Executed { rows, retries });
                }
                Err(ExecuteError::RolledBack(error)) if error.is_transient() && retries < RETRIES => {
                    retries += 1;
                    // Two programs that repeat at the same pace would collide again.
                    std::thread::sleep(PAUSE * u32::try_from(retries).unwrap_or(1));
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn write_tombstone(&mut self, row: &OperationRow, at_us: i64) -> Result<Tombstone, TargetError> {
        self.pass_step(WriteStep::Tombstone)?;
        let (wire, place) = self.ensure_wire()?;
        let begin = session::begin_write(place.wait_ms);
        let begun = wire.run_batch(&begin).map_err(place.explainer("start a transaction"));
        // Set before the error is looked at: after a lost answer the transaction may be open all the same.
        self.dirty = true;
        begun?;
        if let Err(fault) = self.insert_operation(row, OperationState::Abandoned, at_us)? {
            return self.explain_tombstone_fault(row, fault);
        }
        if let Err(error) = self.keep_tombstone(row) {
            self.roll_back();
            return Err(error);
        }
        self.dirty = false;
        self.pass_step(WriteStep::TombstonePut).map(|()| Tombstone::Inserted)
    }

    fn mark_with(&mut self, marker: &Marker, records: &[OperationRow]) -> Result<(), TargetError> {
        self.pass_step(WriteStep::Mark)?;
        let bound = known::encode_binding(&marker.bound);
        let values = vec![
            wire::text_parameter(&marker.marker_id),
            wire::text_parameter(bound),
            number_parameter(marker.at_us),
            wire::text_parameter(&marker.actor),
        ];
        self.run_transaction(|wire, place| {
            let failed = place.explainer("write the marker");
            let declares = !marks::has_both_tables(wire, place)?;
            own::check_own_tables(wire, place, declares)?;
            for statement in [text::CREATE_MARKER, text::CREATE_OPERATIONS, text::DELETE_MARKER] {
                wire.run_batch(statement).map_err(&failed)?;
            }
            wire.execute(text::INSERT_MARKER, values).map_err(&failed)?;
            for row in records {
                marks::put_operation(wire, row, row.state, marker.at_us).map_err(&failed)?;
            }
            // The written rows lock the declarations of the tables, so that this check stays true until the commit.
            own::check_own_tables(wire, place, false)
        })?;
        self.pass_step(WriteStep::Marked)
    }

    fn unmark(&mut self) -> Result<(), TargetError> {
        self.pass_step(WriteStep::Mark)?;
        self.run_transaction(|wire, place| {
            let failed = place.explainer("take the marker away");
            own::check_own_tables(wire, place, true)?;
            text::DROP_MARKS.iter().try_for_each(|statement| wire.run_batch(statement).map_err(&failed))
        })?;
        self.pass_step(WriteStep::Marked)
    }
}
