//! The writing side of a simulated database: the same order of steps as in the real engines, each of them scriptable.

use mfm_journal::{Change, Digest, Intended, RowHasher};

use super::SimWorld;
use super::state::SimState;
use super::world::{Locks, SharedWorld, SimStop};
use crate::model::{Refusal, RowAction};
use crate::targets::compare;
use crate::targets::faults::WriteStep;
use crate::targets::known;
use crate::targets::references;
use crate::targets::{
    ExecuteError, Executed, Marker, OperationRow, OperationState, PlannedWork, RowMovement, SparedKeys, TargetError,
    Tombstone, Writer, in_order,
};

/// The connection of one process, for one step of writing.
#[derive(Debug)]
pub(super) struct SimWriter {
    world: SimWorld,
    epoch: u64,
    wait_ms: u64,
}

impl SimWriter {
    pub(super) const fn new(world: SimWorld, epoch: u64, wait_ms: u64) -> Self {
        Self { world, epoch, wait_ms }
    }
}

impl From<Refusal> for SimStop {
    fn from(refusal: Refusal) -> Self {
        Self::RolledBack(refusal.into())
    }
}

impl From<TargetError> for SimStop {
    fn from(error: TargetError) -> Self {
        Self::RolledBack(error)
    }
}

impl From<SimStop> for TargetError {
    fn from(stop: SimStop) -> Self {
        match stop {
            SimStop::RolledBack(error) | SimStop::Unknown(error) => error,
        }
    }
}

impl Writer for SimWriter {
    fn execute(&mut self, intended: &Intended, work: &PlannedWork<'_>) -> Result<Executed, ExecuteError> {
        let mut world = self.world.lock();
        world.check_alive(self.epoch).map_err(ExecuteError::RolledBack)?;
        if world.is_held() {
            return Err(ExecuteError::RolledBack(world.busy_error(self.wait_ms)));
        }
        let result = run_transaction(&mut world, intended, work);
        // Other programs that waited for this transaction write now, whichever way it ended.
        let ended = if world.is_held() { Ok(()) } else { world.apply_waiting() };
        match result {
            Ok(rows) => ended.map(|()| Executed { rows, retries: 0 }).map_err(ExecuteError::Unknown),
            Err(SimStop::RolledBack(TargetError::Refused(refusal))) => Err(ExecuteError::Refused(refusal)),
            Err(SimStop::RolledBack(error)) => Err(ExecuteError::RolledBack(error)),
            Err(SimStop::Unknown(error)) => Err(ExecuteError::Unknown(error)),
        }
    }

    fn write_tombstone(&mut self, row: &OperationRow, _at_us: i64) -> Result<Tombstone, TargetError> {
        let mut world = self.world.lock();
        world.check_alive(self.epoch)?;
        world.play_step(WriteStep::Tombstone, None, Locks::Open)?;
        if world.is_held() {
            world.script.count_wait(self.wait_ms);
            return Ok(Tombstone::Undecided);
        }
        let url = world.url();
        let Some(operations) = &mut world.committed.operations else {
            let what = "it has no record of mfm's operations".to_owned();
            return Err(TargetError::Replaced { url, what });
        };
        if let Some(found) = operations.get(&row.uid) {
            return Ok(Tombstone::Found(found.state));
        }
        if let Some(other) = operations.values().find(|other| other.journal_id == row.journal_id && other.op == row.op)
        {
            return Err(number_conflict_error(url, row, other));
        }
        operations.insert(row.uid, OperationRow { state: OperationState::Abandoned, ..row.clone() });
        world.play_step(WriteStep::TombstonePut, None, Locks::Open)?;
        Ok(Tombstone::Inserted)
    }

    fn mark_with(&mut self, marker: &Marker, records: &[OperationRow]) -> Result<(), TargetError> {
        self.write_marks(|world| world.put_marker(marker, records))
    }

    fn unmark(&mut self) -> Result<(), TargetError> {
        self.write_marks(|world| {
            world.committed.marker = None;
            world.committed.operations = None;
        })
    }
}

impl SimWriter {
    fn write_marks(&self, put: impl FnOnce(&mut SharedWorld)) -> Result<(), TargetError> {
        let mut world = self.world.lock();
        world.check_alive(self.epoch)?;
        if world.is_held() {
            return Err(world.busy_error(self.wait_ms));
        }
        world.play_step(WriteStep::Mark, None, Locks::Open)?;
        put(&mut world);
        world.play_step(WriteStep::Marked, None, Locks::Open)?;
        Ok(())
    }
}

fn number_conflict_error(url: String, row: &OperationRow, other: &OperationRow) -> TargetError {
    let what = format!("it has operation {} of this journal as {}, not as {}", row.op, other.uid, row.uid);
    TargetError::Replaced { url, what }
}

/// Does everything from the begin to the commit.
fn run_transaction(world: &mut SharedWorld, intended: &Intended, work: &PlannedWork<'_>) -> Result<u64, SimStop> {
    let mut staged = world.committed.clone();
    world.play_step(WriteStep::Begun, Some(&mut staged), Locks::Open)?;
    insert_uid(world, &mut staged, intended)?;
    world.play_step(WriteStep::Uid, Some(&mut staged), Locks::Open)?;
    compare::check_work(intended, work)?;
    compare_marker(world, &staged, work)?;
    compare_schema(&staged, work)?;
    each_row(&staged, work, compare_before)?;
    world.play_step(WriteStep::Compared, Some(&mut staged), Locks::Rows)?;
    let mut rows = 0;
    for change in work.changes.iter().filter(|change| change.is_write()) {
        write_change(&mut staged, change, work.unenforced)?;
        rows += 1;
        world.play_step(WriteStep::Row, Some(&mut staged), Locks::Rows)?;
    }
    each_row(&staged, work, compare::check_after)?;
    world.play_step(WriteStep::ReadBack, Some(&mut staged), Locks::Rows)?;
    if work.rehearse {
        rehearse(&staged, work).map_err(compare::refuse_way_back)?;
        world.play_step(WriteStep::Rehearsed, Some(&mut staged), Locks::Rows)?;
    }
    world.play_step(WriteStep::BeforeCommit, Some(&mut staged), Locks::Rows)?;
    // Committed before the step is passed: a fault there loses the answer, not the work.
    world.committed = staged;
    world.play_step(WriteStep::AfterCommit, None, Locks::Open)?;
    Ok(rows)
}

/// Tries the way back on a copy of the staged state, which is then dropped.
fn rehearse(staged: &SimState, work: &PlannedWork<'_>) -> Result<(), TargetError> {
    let mut trial = staged.clone();
    let back = compare::invert_changes(work.changes, in_order(work.changes));
    back.iter()
        .filter(|change| change.is_write())
        .try_for_each(|change| write_change(&mut trial, change, work.unenforced))?;
    each_row(&trial, &PlannedWork { changes: &back, ..work.clone() }, compare::check_after)
}

fn insert_uid(world: &SharedWorld, staged: &mut SimState, intended: &Intended) -> Result<(), SimStop> {
    let (uid, journal_id, op) = (intended.uid(), intended.journal_id(), intended.op());
    let row = OperationRow { uid, journal_id, op, state: OperationState::Committed };
    let Some(operations) = &mut staged.operations else {
        return Err(Refusal::Unmarked { url: world.url() }.into());
    };
    if operations.contains_key(&uid) {
        return Err(Refusal::Stale { what: format!("operation {op} was closed by a recover in the meantime") }.into());
    }
    if let Some(other) = operations.values().find(|other| other.journal_id == journal_id && other.op == op) {
        return Err(number_conflict_error(world.url(), &row, other).into());
    }
    operations.insert(uid, row);
    Ok(())
}

fn compare_marker(world: &SharedWorld, staged: &SimState, work: &PlannedWork<'_>) -> Result<(), Refusal> {
    known::check_marker(&world.url(), staged.marker.as_ref(), &world.binding(), work)
}

fn compare_schema(staged: &SimState, work: &PlannedWork<'_>) -> Result<(), Refusal> {
    if work.facts != Some(staged.digest_facts(work.touches)?) {
        return Err(Refusal::Stale { what: "the schema has changed since it was checked".to_owned() });
    }
    for touch in work.touches {
        let table = staged.require_unchanged(&touch.table)?;
        let fired = table.options.triggers.iter().find(|trigger| trigger.fires_on(touch));
        if let Some(trigger) = fired.filter(|_| !work.disable_triggers) {
            return Err(Refusal::Trigger { table: table.name().to_owned(), trigger: trigger.name.clone() });
        }
    }
    Ok(())
}

fn compare_before(change: &Change, found: Option<Digest>) -> Result<(), TargetError> {
    Ok(compare::check_before(change, found)?)
}

/// Compares the rows of all changes.
fn each_row(
    staged: &SimState,
    work: &PlannedWork<'_>,
    compare: impl Fn(&Change, Option<Digest>) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    for (name, positions) in compare::group_by_table(work.changes) {
        let table = staged.require_table(name)?;
        let mut hasher = RowHasher::new(&table.table.shape);
        for change in positions.iter().filter_map(|at| work.changes.get(*at)) {
            if *change.table != *table.table.shape {
                return Err(known::redeclared_refusal(name).into());
            }
            let row = table.find_row(&change.key)?.map(Vec::as_slice);
            compare(change, compare::digest_row(&mut hasher, name, row)?)?;
        }
    }
    Ok(())
}

/// Writes one change, and checks that it touched exactly one row.
fn write_change(staged: &mut SimState, change: &Change, unenforced: &[String]) -> Result<(), TargetError> {
    let name = &change.table.name;
    enforce_foreign_keys(staged, change, unenforced)?;
    let table = staged.table_mut(name)?;
    let count = match &change.action {
        RowAction::Insert { after, .. } => table.insert_row(after.clone()).map(|()| 1)?,
        RowAction::Delete { .. } => table.remove_rows(&change.key),
        RowAction::Update { columns, after, .. } => {
            let set: Vec<_> = columns.iter().copied().zip(after.iter().cloned()).collect();
            table.update_rows(&change.key, &set)?
        }
        RowAction::Kept { .. } => 1,
    };
    if count == 1 {
        return Ok(());
    }
    let what = format!("{} of one row touched {count}", change.action.as_str());
    Err(TargetError::Mismatch { table: name.clone(), what })
}

/// Enforces foreign keys on one change, as a real database does by itself.
fn enforce_foreign_keys(staged: &SimState, change: &Change, unenforced: &[String]) -> Result<(), TargetError> {
    let table = &staged.require_table(&change.table.name)?.table;
    let (row, comes) = match &change.action {
        RowAction::Insert { after, .. } => (after, true),
        RowAction::Delete { before, .. } => (before, false),
        RowAction::Update { .. } | RowAction::Kept { .. } => return Ok(()),
    };
    let alone = [RowMovement { table, row, comes }];
    references::check_movements(&alone, &SparedKeys { unenforced, ..SparedKeys::default() }, &mut &*staged)
}
