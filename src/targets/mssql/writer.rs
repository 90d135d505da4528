//! The writing side of a SQL Server target: one transaction a step, its end known or said to be unknown; plans nothing.

use std::time::Duration;

use mfm_journal::{Digest, Intended};

use super::catalogue::Offers;
use super::fault::{Fault, Place};
use super::open::{Access, Parked};
use super::preflight::Surveyor;
use super::sql::{marks as text, session};
use super::wire::{self, Wire, number};
use super::{execute, marks, own};
use crate::targets::faults::{Seam, WriteStep};
use crate::targets::known;
use crate::targets::{
    DomainKeys, ExecuteError, Executed, Marker, OperationRow, OperationState, TargetError, Tombstone, Work, Writer,
};

/// How often a transaction is tried again that was rolled back for another program's locks.
const RETRIES: u64 = 3;
/// How long to wait before each of them, a little longer every time.
const PAUSE: Duration = Duration::from_millis(40);

/// What writes during one step, on a connection of its own or on the one that read before.
pub(super) struct MssqlWriter {
    pub(super) place: Place,
    pub(super) offers: Offers,
    pub(super) keys: DomainKeys,
    access: Access,
    /// Where the connection comes from, and goes to once nothing of this step is open on it.
    parked: Parked,
    wire: Option<Wire>,
    /// Whether a transaction may be open.
    dirty: bool,
    seam: Seam,
}

impl MssqlWriter {
    pub(super) fn open(
        access: Access,
        parked: Parked,
        place: Place,
        offers: Offers,
        keys: DomainKeys,
        seam: Seam,
    ) -> Result<Self, TargetError> {
        let wire = parked.lock().ok().and_then(|mut parked| parked.take());
        let mut writer = Self { place, offers, keys, access, parked, wire, dirty: false, seam };
        let text = session::begin_session(writer.place.wait_ms);
        let (wire, _) = writer.wire()?;
        // A connection that broke while it waited is made anew; nothing was sent on it.
        if wire.run(&text).is_err() {
            writer.wire = None;
            let (wire, place) = writer.wire()?;
            wire.run(&text).map_err(place.error("prepare the session"))?;
        }
        Ok(writer)
    }

    /// Lets others use the connection again, where nothing is open on it.
    fn park(&mut self) {
        let wire = self.wire.take().filter(|_| !self.dirty && !std::thread::panicking());
        if let (Some(wire), Ok(mut parked)) = (wire, self.parked.lock()) {
            *parked = Some(wire);
        }
    }

    /// Returns the connection, made anew where it broke.
    pub(super) fn wire(&mut self) -> Result<(&mut Wire, &Place), TargetError> {
        let wire = match self.wire.take() {
            Some(wire) => wire,
            None => self.access.connect(&self.place, false)?,
        };
        Ok((self.wire.insert(wire), &self.place))
    }

    /// Returns who judges touches on this connection.
    pub(super) fn surveyor(&mut self) -> Result<Surveyor<'_>, TargetError> {
        self.wire()?;
        let missing = || TargetError::Network {
            url: self.place.url.clone(),
            what: "connect".to_owned(),
            why: "the connection is gone".to_owned(),
        };
        let wire = self.wire.as_mut().ok_or_else(missing)?;
        Ok(Surveyor { wire, place: &self.place, offers: &self.offers, keys: &self.keys, login: None })
    }

    /// Tells the tests' seam where the write stands.
    pub(super) fn step(&self, step: WriteStep) -> Result<(), TargetError> {
        self.seam.pass(step).map_err(|why| self.place.failed("write", why))
    }

    /// Rolls back and tells whether that is certain; a connection that cannot say so is given up.
    pub(super) fn roll_back(&mut self) -> bool {
        let rolled_back = self.wire.as_mut().is_some_and(|wire| wire.run(session::ROLLBACK).is_ok());
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

    fn attempt(&mut self, intended: &Intended, work: &Work<'_>) -> Result<u64, ExecuteError> {
        let begun = self.begin();
        begun.map_err(|error| self.abort(error))?;
        let written = execute::transact(self, intended, work);
        let rows = written.map_err(|error| self.abort(error))?;
        self.commit()?;
        Ok(rows)
    }

    fn begin(&mut self) -> Result<(), TargetError> {
        let begin = session::begin_write(self.place.wait_ms);
        self.dirty = true;
        let (wire, place) = self.wire()?;
        wire.run(&begin).map_err(place.error("begin the operation"))?;
        self.step(WriteStep::Begun)
    }

    /// Commits; where the answer is lost, nobody knows how.
    fn commit(&mut self) -> Result<(), ExecuteError> {
        self.step(WriteStep::BeforeCommit).map_err(|error| self.abort(error))?;
        let committed = self.wire().and_then(|(wire, place)| wire.run(session::COMMIT).map_err(place.error("commit")));
        committed.map_err(|error| self.abort(error))?;
        self.dirty = false;
        self.step(WriteStep::AfterCommit).map_err(ExecuteError::Unknown)
    }

    /// Runs a step that puts or takes marks in a transaction.
    fn transaction(
        &mut self,
        step: impl FnOnce(&mut Wire, &Place) -> Result<(), TargetError>,
    ) -> Result<(), TargetError> {
        let begin = session::begin_write(self.place.wait_ms);
        self.dirty = true;
        let result = self.wire().and_then(|(wire, place)| {
            let failed = place.error("write mfm's own tables");
            wire.run(&begin).map_err(&failed)?;
            step(wire, place)?;
            wire.run(session::COMMIT).map_err(&failed)
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
    ) -> Result<Result<(), Fault>, TargetError> {
        let (wire, _) = self.wire()?;
        Ok(marks::put_operation(wire, row, state, at_us))
    }

    /// Reads the row of a uid.
    pub(super) fn operation(&mut self, uid: &Digest) -> Result<Option<OperationRow>, TargetError> {
        let (wire, place) = self.wire()?;
        marks::operation(wire, place, uid)
    }

    /// Says that another operation has the number, where one has.
    pub(super) fn taken(&mut self, row: &OperationRow) -> Result<Option<TargetError>, TargetError> {
        let (wire, place) = self.wire()?;
        let other = marks::operation_at(wire, place, &row.journal_id, row.op)?;
        Ok(other.map(|other| {
            let what = format!("it holds operation {} of this journal as {}, not as {}", row.op, other.uid, row.uid);
            TargetError::Replaced { url: place.url.clone(), what }
        }))
    }

    /// Makes a tombstone durable that reads back, and that nothing reaches on from.
    fn keep_tombstone(&mut self, row: &OperationRow) -> Result<(), TargetError> {
        let (wire, place) = self.wire()?;
        own::judge(wire, place, false)?;
        let put = OperationRow { state: OperationState::Abandoned, ..row.clone() };
        if self.operation(&row.uid)? != Some(put) {
            return Err(self.place.failed("put a tombstone", "the row does not read back as it was written"));
        }
        let (wire, place) = self.wire()?;
        wire.run(session::COMMIT).map_err(place.error("put a tombstone"))
    }

    /// Says what a tombstone met.
    fn met(&mut self, row: &OperationRow, fault: Fault) -> Result<Tombstone, TargetError> {
        let what = "write mfm's record of the operation";
        if fault.lost() {
            self.wire = None;
            return Err(self.place.explain(what, fault));
        }
        self.roll_back();
        if fault.transient() {
            return Ok(Tombstone::Undecided);
        }
        let (wire, place) = self.wire()?;
        if !marks::has_operations(wire, place)? {
            let what = "it holds no record of mfm's operations".to_owned();
            return Err(TargetError::Replaced { url: self.place.url.clone(), what });
        }
        if let Some(found) = self.operation(&row.uid)? {
            return Ok(Tombstone::Found(found.state));
        }
        let taken = self.taken(row)?;
        Err(taken.unwrap_or_else(|| self.place.explain(what, fault)))
    }
}

impl Drop for MssqlWriter {
    fn drop(&mut self) {
        self.park();
    }
}

impl Writer for MssqlWriter {
    fn execute(&mut self, intended: &Intended, work: &Work<'_>) -> Result<Executed, ExecuteError> {
        let mut retries = 0;
        loop {
            match self.attempt(intended, work) {
                Ok(rows) => {
                    self.park();
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

    fn tombstone(&mut self, row: &OperationRow, at_us: i64) -> Result<Tombstone, TargetError> {
        self.step(WriteStep::Tombstone)?;
        let (wire, place) = self.wire()?;
        let begin = session::begin_write(place.wait_ms);
        let begun = wire.run(&begin).map_err(place.error("begin a transaction"));
        self.dirty = true;
        begun?;
        if let Err(fault) = self.insert_operation(row, OperationState::Abandoned, at_us)? {
            return self.met(row, fault);
        }
        if let Err(error) = self.keep_tombstone(row) {
            self.roll_back();
            return Err(error);
        }
        self.dirty = false;
        self.step(WriteStep::TombstonePut).map(|()| Tombstone::Inserted)
    }

    fn mark_with(&mut self, marker: &Marker, records: &[OperationRow]) -> Result<(), TargetError> {
        self.step(WriteStep::Mark)?;
        let bound = known::json(&marker.bound);
        let values =
            vec![wire::text(&marker.marker_id), wire::text(bound), number(marker.at_us), wire::text(&marker.actor)];
        self.transaction(|wire, place| {
            let failed = place.error("write the marker");
            let declares = !marks::has_both(wire, place)?;
            own::judge(wire, place, declares)?;
            for statement in [text::CREATE_MARKER, text::CREATE_OPERATIONS, text::DELETE_MARKER] {
                wire.run(statement).map_err(&failed)?;
            }
            wire.execute(text::INSERT_MARKER, values).map_err(&failed)?;
            let put = |row: &OperationRow| marks::put_operation(wire, row, row.state, marker.at_us).map_err(&failed);
            records.iter().try_for_each(put)?;
            // What was written is locked: nobody has declared anything for the tables since, nor does until the commit.
            own::judge(wire, place, false)
        })?;
        self.step(WriteStep::Marked)
    }

    fn unmark(&mut self) -> Result<(), TargetError> {
        self.step(WriteStep::Mark)?;
        self.transaction(|wire, place| {
            let failed = place.error("take the marker away");
            own::judge(wire, place, true)?;
            text::DROP_MARKS.iter().try_for_each(|statement| wire.run(statement).map_err(&failed))
        })?;
        self.step(WriteStep::Marked)
    }
}
