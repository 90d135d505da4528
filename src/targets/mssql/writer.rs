//! The writing side of a SQL Server target: one transaction a step, its end known or said to be unknown; plans nothing.

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

/// How often a transaction is tried again that was rolled back for another program's locks.
const RETRIES: u64 = 3;
/// How long to wait before each of them, a little longer every time.
const PAUSE: Duration = Duration::from_millis(40);

/// What writes during one step, on a connection of its own or on the one that read before.
pub(super) struct MssqlWriter {
    pub(super) place: ServerLocation,
    pub(super) offers: CatalogueFeatures,
    pub(super) keys: DomainKeys,
    access: MssqlAccess,
    /// Where the connection comes from, and goes to once nothing of this step is open on it.
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
        offers: CatalogueFeatures,
        keys: DomainKeys,
        seam: FaultSeam,
    ) -> Result<Self, TargetError> {
        let wire = parked.lock().ok().and_then(|mut parked| parked.take());
        let mut writer = Self { place, offers, keys, access, parked, wire, dirty: false, seam };
        let text = session::begin_session(writer.place.wait_ms);
        let (wire, _) = writer.ensure_wire()?;
        // A connection that broke while it waited is made anew; nothing was sent on it.
        if wire.run_batch(&text).is_err() {
            writer.wire = None;
            let (wire, place) = writer.ensure_wire()?;
            wire.run_batch(&text).map_err(place.explainer("prepare the session"))?;
        }
        Ok(writer)
    }

    /// Lets others use the connection again, where nothing is open on it.
    fn park_wire(&mut self) {
        let wire = self.wire.take().filter(|_| !self.dirty && !std::thread::panicking());
        if let (Some(wire), Ok(mut parked)) = (wire, self.parked.lock()) {
            *parked = Some(wire);
        }
    }

    /// Returns the connection, made anew where it broke.
    pub(super) fn ensure_wire(&mut self) -> Result<(&mut Wire, &ServerLocation), TargetError> {
        let wire = match self.wire.take() {
            Some(wire) => wire,
            None => self.access.connect(&self.place, false)?,
        };
        Ok((self.wire.insert(wire), &self.place))
    }

    /// Returns who judges touches on this connection.
    pub(super) fn preflight_context(&mut self) -> Result<PreflightContext<'_>, TargetError> {
        self.ensure_wire()?;
        let missing = || TargetError::Network {
            url: self.place.url.clone(),
            what: "connect".to_owned(),
            why: "the connection is gone".to_owned(),
        };
        let wire = self.wire.as_mut().ok_or_else(missing)?;
        Ok(PreflightContext { wire, place: &self.place, offers: &self.offers, keys: &self.keys, login: None })
    }

    /// Tells the tests' seam where the write stands.
    pub(super) fn pass_step(&self, step: WriteStep) -> Result<(), TargetError> {
        self.seam.pass_step(step).map_err(|why| self.place.failure("write", why))
    }

    /// Rolls back and tells whether that is certain; a connection that cannot say so is given up.
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
            // The server rolls back when it notices; only the uid's place can tell when.
            self.wire = None;
            self.dirty = false;
            return ExecuteError::Unknown(error);
        }
        let rolled_back = self.roll_back();
        // What a failed step switched on for its session, identity values say, goes with the session.
        self.wire = None;
        match (rolled_back, error) {
            (true, TargetError::Refused(refusal)) => ExecuteError::Refused(refusal),
            (true, error) => ExecuteError::RolledBack(error),
            (false, error) => ExecuteError::Unknown(error),
        }
    }

    fn try_operation(&mut self, intended: &Intended, work: &PlannedWork<'_>) -> Result<u64, ExecuteError> {
        let begun = self.begin_operation();
        begun.map_err(|error| self.abort(error))?;
        let written = execute::run_transaction(self, intended, work);
        let rows = written.map_err(|error| self.abort(error))?;
        self.commit()?;
        Ok(rows)
    }

    fn begin_operation(&mut self) -> Result<(), TargetError> {
        let begin = session::begin_write(self.place.wait_ms);
        self.dirty = true;
        let (wire, place) = self.ensure_wire()?;
        wire.run_batch(&begin).map_err(place.explainer("begin the operation"))?;
        self.pass_step(WriteStep::Begun)
    }

    /// Commits; where the answer is lost, nobody knows how.
    fn commit(&mut self) -> Result<(), ExecuteError> {
        self.pass_step(WriteStep::BeforeCommit).map_err(|error| self.abort(error))?;
        let committed = self
            .ensure_wire()
            .and_then(|(wire, place)| wire.run_batch(session::COMMIT).map_err(place.explainer("commit")));
        committed.map_err(|error| self.abort(error))?;
        self.dirty = false;
        self.pass_step(WriteStep::AfterCommit).map_err(ExecuteError::Unknown)
    }

    /// Runs a step that puts or takes marks in a transaction.
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

    /// Puts the row of an operation; a server's refusal is the inner result.
    pub(super) fn insert_operation(
        &mut self,
        row: &OperationRow,
        state: OperationState,
        at_us: i64,
    ) -> Result<Result<(), WireFault>, TargetError> {
        let (wire, _) = self.ensure_wire()?;
        Ok(marks::put_operation(wire, row, state, at_us))
    }

    /// Reads the row of a uid.
    pub(super) fn find_operation(&mut self, uid: &Digest) -> Result<Option<OperationRow>, TargetError> {
        let (wire, place) = self.ensure_wire()?;
        marks::find_operation(wire, place, uid)
    }

    /// Says that another operation has the number, where one has.
    pub(super) fn find_number_conflict(&mut self, row: &OperationRow) -> Result<Option<TargetError>, TargetError> {
        let (wire, place) = self.ensure_wire()?;
        let other = marks::operation_at(wire, place, &row.journal_id, row.op)?;
        Ok(other.map(|other| {
            let what = format!("it holds operation {} of this journal as {}, not as {}", row.op, other.uid, row.uid);
            TargetError::Replaced { url: place.url.clone(), what }
        }))
    }

    /// Makes a tombstone durable that reads back, and that nothing reaches on from.
    fn keep_tombstone(&mut self, row: &OperationRow) -> Result<(), TargetError> {
        let (wire, place) = self.ensure_wire()?;
        own::check_own_tables(wire, place, false)?;
        let put = OperationRow { state: OperationState::Abandoned, ..row.clone() };
        if self.find_operation(&row.uid)? != Some(put) {
            return Err(self.place.failure("put a tombstone", "the row does not read back as it was written"));
        }
        let (wire, place) = self.ensure_wire()?;
        wire.run_batch(session::COMMIT).map_err(place.explainer("put a tombstone"))
    }

    /// Says what a tombstone met.
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
            let what = "it holds no record of mfm's operations".to_owned();
            return Err(TargetError::Replaced { url: self.place.url.clone(), what });
        }
        if let Some(found) = self.find_operation(&row.uid)? {
            return Ok(Tombstone::Found(found.state));
        }
        let taken = self.find_number_conflict(row)?;
        Err(taken.unwrap_or_else(|| self.place.explain(what, fault)))
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
        let begun = wire.run_batch(&begin).map_err(place.explainer("begin a transaction"));
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
            let declares = !marks::has_both(wire, place)?;
            own::check_own_tables(wire, place, declares)?;
            for statement in [text::CREATE_MARKER, text::CREATE_OPERATIONS, text::DELETE_MARKER] {
                wire.run_batch(statement).map_err(&failed)?;
            }
            wire.execute(text::INSERT_MARKER, values).map_err(&failed)?;
            let put = |row: &OperationRow| marks::put_operation(wire, row, row.state, marker.at_us).map_err(&failed);
            records.iter().try_for_each(put)?;
            // What was written is locked: nobody has declared anything for the tables since, nor does until the commit.
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
