//! The writing side of a simulated database: the same order of steps as a real one's, each of them open to the script.

use mfm_journal::{Change, Digest, Intended, RowHasher};

use super::SimWorld;
use super::state::SimState;
use super::world::{Locks, SimStop, World};
use crate::model::{Action, Refusal};
use crate::targets::compare;
use crate::targets::faults::WriteStep;
use crate::targets::known;
use crate::targets::references;
use crate::targets::{
    ExecuteError, Executed, Marker, Movement, OperationRow, OperationState, Spared, TargetError, Tombstone, Work,
    Writer, in_order,
};

/// A connection that lives for one step.
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
    fn execute(&mut self, intended: &Intended, work: &Work<'_>) -> Result<Executed, ExecuteError> {
        let mut world = self.world.lock();
        world.alive(self.epoch).map_err(ExecuteError::RolledBack)?;
        if world.is_held() {
            return Err(ExecuteError::RolledBack(world.busy(self.wait_ms)));
        }
        let done = transact(&mut world, intended, work);
        let ended = if world.is_held() { Ok(()) } else { world.let_in() };
        match done {
            Ok(rows) => ended.map(|()| Executed { rows, retries: 0 }).map_err(ExecuteError::Unknown),
            Err(SimStop::RolledBack(TargetError::Refused(refusal))) => Err(ExecuteError::Refused(refusal)),
            Err(SimStop::RolledBack(error)) => Err(ExecuteError::RolledBack(error)),
            Err(SimStop::Unknown(error)) => Err(ExecuteError::Unknown(error)),
        }
    }

    fn tombstone(&mut self, row: &OperationRow, _at_us: i64) -> Result<Tombstone, TargetError> {
        let mut world = self.world.lock();
        world.alive(self.epoch)?;
        world.step(WriteStep::Tombstone, None, Locks::Open)?;
        if world.is_held() {
            world.script.wait(self.wait_ms);
            return Ok(Tombstone::Undecided);
        }
        let url = world.url();
        let Some(operations) = &mut world.committed.operations else {
            let what = "it holds no record of mfm's operations".to_owned();
            return Err(TargetError::Replaced { url, what });
        };
        if let Some(found) = operations.get(&row.uid) {
            return Ok(Tombstone::Found(found.state));
        }
        if let Some(other) = operations.values().find(|other| other.journal_id == row.journal_id && other.op == row.op)
        {
            return Err(taken(url, row, other));
        }
        operations.insert(row.uid, OperationRow { state: OperationState::Abandoned, ..row.clone() });
        world.step(WriteStep::TombstonePut, None, Locks::Open)?;
        Ok(Tombstone::Inserted)
    }

    fn mark_with(&mut self, marker: &Marker, records: &[OperationRow]) -> Result<(), TargetError> {
        self.marking(|world| world.put_marker(marker, records))
    }

    fn unmark(&mut self) -> Result<(), TargetError> {
        self.marking(|world| {
            world.committed.marker = None;
            world.committed.operations = None;
        })
    }
}

impl SimWriter {
    fn marking(&self, put: impl FnOnce(&mut World)) -> Result<(), TargetError> {
        let mut world = self.world.lock();
        world.alive(self.epoch)?;
        if world.is_held() {
            return Err(world.busy(self.wait_ms));
        }
        world.step(WriteStep::Mark, None, Locks::Open)?;
        put(&mut world);
        world.step(WriteStep::Marked, None, Locks::Open)?;
        Ok(())
    }
}

fn taken(url: String, row: &OperationRow, other: &OperationRow) -> TargetError {
    let what = format!("it holds operation {} of this journal as {}, not as {}", row.op, other.uid, row.uid);
    TargetError::Replaced { url, what }
}

/// Does everything from the begin to the commit.
fn transact(world: &mut World, intended: &Intended, work: &Work<'_>) -> Result<u64, SimStop> {
    let mut staged = world.committed.clone();
    world.step(WriteStep::Begun, Some(&mut staged), Locks::Open)?;
    put_uid(world, &mut staged, intended)?;
    world.step(WriteStep::Uid, Some(&mut staged), Locks::Open)?;
    compare::covered(intended, work)?;
    compare_marker(world, &staged, work)?;
    compare_schema(&staged, work)?;
    each_row(&staged, work, compare_before)?;
    world.step(WriteStep::Compared, Some(&mut staged), Locks::Rows)?;
    let mut rows = 0;
    for change in work.changes.iter().filter(|change| change.writes()) {
        write(&mut staged, change, work.unenforced)?;
        rows += 1;
        world.step(WriteStep::Row, Some(&mut staged), Locks::Rows)?;
    }
    each_row(&staged, work, compare::after)?;
    world.step(WriteStep::ReadBack, Some(&mut staged), Locks::Rows)?;
    if work.rehearse {
        rehearse(&staged, work).map_err(compare::no_way_back)?;
        world.step(WriteStep::Rehearsed, Some(&mut staged), Locks::Rows)?;
    }
    world.step(WriteStep::BeforeCommit, Some(&mut staged), Locks::Rows)?;
    world.committed = staged;
    world.step(WriteStep::AfterCommit, None, Locks::Open)?;
    Ok(rows)
}

/// Tries the way back on rows that nobody keeps.
fn rehearse(staged: &SimState, work: &Work<'_>) -> Result<(), TargetError> {
    let mut trial = staged.clone();
    let back = compare::way_back(work.changes, in_order(work.changes));
    back.iter().filter(|change| change.writes()).try_for_each(|change| write(&mut trial, change, work.unenforced))?;
    each_row(&trial, &Work { changes: &back, ..work.clone() }, compare::after)
}

fn put_uid(world: &World, staged: &mut SimState, intended: &Intended) -> Result<(), SimStop> {
    let (uid, journal_id, op) = (intended.uid(), intended.journal_id(), intended.op());
    let row = OperationRow { uid, journal_id, op, state: OperationState::Committed };
    let Some(operations) = &mut staged.operations else {
        return Err(Refusal::Unmarked { url: world.url() }.into());
    };
    if operations.contains_key(&uid) {
        return Err(Refusal::Stale { what: format!("operation {op} was closed by a recover meanwhile") }.into());
    }
    if let Some(other) = operations.values().find(|other| other.journal_id == journal_id && other.op == op) {
        return Err(taken(world.url(), &row, other).into());
    }
    operations.insert(uid, row);
    Ok(())
}

fn compare_marker(world: &World, staged: &SimState, work: &Work<'_>) -> Result<(), Refusal> {
    known::marker(&world.url(), staged.marker.as_ref(), &world.bound(), work)
}

fn compare_schema(staged: &SimState, work: &Work<'_>) -> Result<(), Refusal> {
    if work.facts != Some(staged.facts(work.touches)?) {
        return Err(Refusal::Stale { what: "the schema is not as the preflight saw it".to_owned() });
    }
    let enabled = |touch: &crate::targets::Touch| -> Result<(), Refusal> {
        let table = staged.same(&touch.table)?;
        let fired = table.options.triggers.iter().find(|trigger| trigger.fires(touch));
        match fired.filter(|_| !work.disable_triggers) {
            Some(fired) => Err(Refusal::Trigger { table: table.name().to_owned(), trigger: fired.name.clone() }),
            None => Ok(()),
        }
    };
    work.touches.iter().try_for_each(enabled)
}

fn compare_before(change: &Change, found: Option<Digest>) -> Result<(), TargetError> {
    Ok(compare::before(change, found)?)
}

/// Compares the rows of all changes.
fn each_row(
    staged: &SimState,
    work: &Work<'_>,
    compare: impl Fn(&Change, Option<Digest>) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    for (name, places) in compare::by_table(work.changes) {
        let table = staged.table(name)?;
        let mut hasher = RowHasher::new(&table.table.shape);
        for change in places.iter().filter_map(|at| work.changes.get(*at)) {
            if *change.table != *table.table.shape {
                return Err(known::redeclared(name).into());
            }
            let found = table.row(&change.key)?.map(Vec::as_slice);
            compare(change, compare::digest(&mut hasher, name, found)?)?;
        }
    }
    Ok(())
}

/// Writes one change, and counts it.
fn write(staged: &mut SimState, change: &Change, unenforced: &[String]) -> Result<(), TargetError> {
    let name = &change.table.name;
    enforce(staged, change, unenforced)?;
    let table = staged.table_mut(name)?;
    let counted = match &change.action {
        Action::Insert { after, .. } => table.insert(after.clone()).map(|()| 1)?,
        Action::Delete { .. } => table.remove(&change.key),
        Action::Update { columns, after, .. } => {
            let set: Vec<_> = columns.iter().copied().zip(after.iter().cloned()).collect();
            table.update(&change.key, &set)?
        }
        Action::Kept { .. } => 1,
    };
    if counted == 1 {
        return Ok(());
    }
    let what = format!("{} of one row touched {counted}", change.action.word());
    Err(TargetError::Mismatch { table: name.clone(), what })
}

/// Enforces foreign keys on one change, as the database itself does.
fn enforce(staged: &SimState, change: &Change, unenforced: &[String]) -> Result<(), TargetError> {
    let table = &staged.table(&change.table.name)?.table;
    let (row, comes) = match &change.action {
        Action::Insert { after, .. } => (after, true),
        Action::Delete { before, .. } => (before, false),
        Action::Update { .. } | Action::Kept { .. } => return Ok(()),
    };
    let alone = [Movement { table, row, comes }];
    references::judge(&alone, &Spared { unenforced, ..Spared::default() }, &mut &*staged)
}
