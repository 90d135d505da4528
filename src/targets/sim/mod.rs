//! A simulated database for tests of everything above it. It is seeded, lives in memory, outlives the simulated
//! processes that use it, and fails wherever a script says so. It never touches a disk and never sleeps.
//!
//! ```
//! use mfm::model::Value;
//! use mfm::targets::sim::SimWorld;
//! use mfm::targets::{NewTable, Target};
//!
//! # fn main() -> Result<(), mfm::targets::TargetError> {
//! let world = SimWorld::new(7);
//! let columns = vec![("id".into(), "int".into(), false), ("angle".into(), "decimal(4,1)".into(), true)];
//! let (indexes, references) = (vec![], vec![]);
//! world.create_table(&NewTable { name: "field".into(), key: Some("id".into()), columns, indexes, references })?;
//! world.insert_row("field", vec![Value::Integer(1), Value::Null])?;
//! world.mark("somebody")?;
//! // A process that is to die as it sends its commit:
//! world.crash_at(6);
//! let mut target = world.open_target();
//! assert_eq!(target.list_tables()?, ["field"]);
//! # Ok(())
//! # }
//! ```

mod preflight;
mod read;
mod scan;
mod script;
mod state;
mod table;
mod world;
mod writer;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mfm_journal::Value;

use self::state::SimState;
use self::table::SimTable;
use self::world::SharedWorld;
use super::faults::WriteStep;
use super::foreign::ForeignKey;
use super::{ConnectedProgram, Marker, NewTable, OperationRow, OperationState, TargetBinding, TargetError};
use crate::model::Key;

pub use self::read::SimTarget;
pub use self::script::{SimFault, SimWrite};
pub use self::table::{SimCheck, SimOptions};

/// A handle to a simulated database; copies are the same database.
#[derive(Clone, Debug)]
pub struct SimWorld {
    world: Arc<Mutex<SharedWorld>>,
}

/// The contents of a simulated database at one moment.
#[derive(Clone, Debug)]
pub struct SimSnapshot(SimState);

impl SimWorld {
    /// Makes an empty database, whose identity follows from the seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { world: Arc::new(Mutex::new(SharedWorld::new(seed))) }
    }

    /// Locks the shared state. A poisoned lock is used all the same: a test that panicked has not broken the data.
    fn lock(&self) -> MutexGuard<'_, SharedWorld> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens the database as a new process does.
    #[must_use]
    pub fn open_target(&self) -> SimTarget {
        let (epoch, url) = {
            let world = self.lock();
            (world.epoch(), world.url())
        };
        SimTarget::new(self.clone(), epoch, url)
    }

    /// Gives keys to tables that declare none. Call it before the tables are created.
    pub fn set_keys(&self, keys: super::DomainKeys) {
        self.lock().committed.keys = keys;
    }

    /// Creates a table. The declared types `rowversion` and `computed` make columns that cannot be set.
    ///
    /// # Errors
    /// [`TargetError::Failed`] where the name is taken.
    pub fn create_table(&self, table: &NewTable) -> Result<(), TargetError> {
        let mut world = self.lock();
        if world.committed.find_table(&table.name).is_some() {
            return Err(world.failure("make a table", "there is one of that name"));
        }
        let empty = SimTable::new(table, world.committed.keys.get(&table.name));
        world.committed.add_table(empty);
        Ok(())
    }

    /// Drops a table with its rows, as another program would. Does nothing where there is none.
    pub fn drop_table(&self, name: &str) {
        self.lock().committed.remove_table(name);
    }

    /// Changes a table's triggers, indexes, checks, counter or defaults.
    ///
    /// # Errors
    /// [`TargetError::Refused`] where there is no such table.
    pub fn alter_table(&self, table: &str, change: impl FnOnce(&mut SimOptions)) -> Result<(), TargetError> {
        change(&mut self.lock().committed.table_mut(table)?.options);
        Ok(())
    }

    /// Enforces a foreign key.
    pub fn add_foreign_key(&self, key: ForeignKey) {
        self.lock().committed.foreign_keys.push(key);
    }

    /// Inserts a row as another program would.
    ///
    /// # Errors
    /// [`TargetError::Refused`] where the schema does not take it.
    pub fn insert_row(&self, table: &str, row: Vec<Value>) -> Result<(), TargetError> {
        self.foreign_write(&SimWrite::Insert { table: table.to_owned(), row })
    }

    /// Sets cells as another program would.
    ///
    /// # Errors
    /// As for [`SimWorld::insert_row`].
    pub fn foreign_update(&self, table: &str, key: &[Value], set: &[(&str, Value)]) -> Result<(), TargetError> {
        let set = set.iter().map(|(column, value)| ((*column).to_owned(), value.clone())).collect();
        self.foreign_write(&SimWrite::Update { table: table.to_owned(), key: key.to_vec(), set })
    }

    /// Deletes a row as another program would.
    ///
    /// # Errors
    /// As for [`SimWorld::insert_row`].
    pub fn foreign_delete(&self, table: &str, key: &[Value]) -> Result<(), TargetError> {
        self.foreign_write(&SimWrite::Delete { table: table.to_owned(), key: key.to_vec() })
    }

    /// Writes as another program would. Where a transaction is held open, the write waits until it is released.
    ///
    /// # Errors
    /// As for [`SimWorld::insert_row`].
    pub fn foreign_write(&self, write: &SimWrite) -> Result<(), TargetError> {
        self.lock().write_foreign(write)
    }

    /// Marks the database, counting no step, and returns the marker.
    ///
    /// # Errors
    /// [`TargetError::Busy`] while a transaction is held open.
    pub fn mark(&self, actor: &str) -> Result<Marker, TargetError> {
        self.lock().write_new_marker(actor)
    }

    /// Returns all committed rows by table, each table's rows sorted.
    #[must_use]
    pub fn dump(&self) -> BTreeMap<String, Vec<Vec<Value>>> {
        let mut dump = BTreeMap::new();
        for table in self.lock().committed.tables() {
            let mut rows: Vec<Vec<Value>> = table.rows().cloned().collect();
            rows.sort();
            dump.insert(table.name().to_owned(), rows);
        }
        dump
    }

    /// Returns a committed row.
    #[must_use]
    pub fn find_row(&self, table: &str, key: &[Value]) -> Option<Vec<Value>> {
        self.lock().committed.find_table(table)?.find_row(key).ok()?.cloned()
    }

    /// Returns all committed rows of mfm's operations, by journal and number.
    #[must_use]
    pub fn operations(&self) -> Vec<OperationRow> {
        let world = self.lock();
        let mut rows: Vec<OperationRow> =
            world.committed.operations.iter().flat_map(BTreeMap::values).cloned().collect();
        rows.sort_by_key(|row| (row.journal_id, row.op));
        rows
    }

    /// Inserts an operation's row, as another journal or another copy of a journal would have left it.
    pub fn add_operation(&self, row: OperationRow) {
        self.lock().committed.operations.get_or_insert_default().insert(row.uid, row);
    }

    /// Plans a fault at a step. The next step of a write has the number [`SimWorld::step_count`] + 1.
    pub fn plan_fault(&self, step: u64, fault: SimFault) {
        self.lock().script.plan_fault(step, fault);
    }

    /// Plans that the process dies at a step.
    pub fn crash_at(&self, step: u64) {
        self.plan_fault(step, SimFault::Crash);
    }

    /// Returns how many steps of writes were reached since the start or the last [`SimWorld::reset_steps`].
    #[must_use]
    pub fn step_count(&self) -> u64 {
        self.lock().script.passed_steps().len() as u64
    }

    /// Returns the steps that [`SimWorld::step_count`] counts, in their order.
    #[must_use]
    pub fn passed_steps(&self) -> Vec<WriteStep> {
        self.lock().script.passed_steps().to_vec()
    }

    /// Starts counting steps again, and forgets the faults that are still planned.
    pub fn reset_steps(&self) {
        self.lock().script.reset();
    }

    /// Sets how long a step takes, in virtual microseconds.
    pub fn set_latency_us(&self, step: WriteStep, us: u64) {
        self.lock().script.set_latency(step, us);
    }

    /// Sets how long a read takes, in virtual microseconds.
    pub fn set_read_latency_us(&self, us: u64) {
        self.lock().script.set_read_latency(us);
    }

    /// Returns how long all reads, steps and waits took so far, in virtual microseconds.
    #[must_use]
    pub fn elapsed_us(&self) -> u64 {
        self.lock().script.elapsed_us()
    }

    /// Returns how many reads there were so far.
    #[must_use]
    pub fn read_count(&self) -> u64 {
        self.lock().script.read_count()
    }

    /// Kills the process that uses the database: targets and writers opened before fail from now on.
    pub fn kill_process(&self) {
        self.lock().kill_process();
    }

    /// Returns whether a dead process's transaction is still open.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.lock().is_held()
    }

    /// Ends the transaction that a dead process left open, and applies the writes that waited for it.
    ///
    /// # Errors
    /// [`TargetError::Refused`] where the schema refuses a write that waited.
    pub fn release_transaction(&self, commit: bool) -> Result<(), TargetError> {
        self.lock().release_transaction(commit)
    }

    /// Saves the committed contents.
    #[must_use]
    pub fn snapshot(&self) -> SimSnapshot {
        SimSnapshot(self.lock().committed.clone())
    }

    /// Restores a snapshot as from a backup: the identity stays, newer operations are lost.
    pub fn restore(&self, snapshot: &SimSnapshot) {
        self.lock().committed = snapshot.0.clone();
    }

    /// Gives the same data another identity, as a copy or a move would.
    pub fn change_identity(&self) {
        self.lock().change_identity();
    }

    /// Makes the database absent, or present again.
    pub fn set_absent(&self, absent: bool) {
        self.lock().absent = absent;
    }

    /// Makes reads fail as with a crashed program's transaction to roll back, or ends that.
    pub fn set_needs_recovery(&self, needed: bool) {
        self.lock().needs_recovery = needed;
    }

    /// Sets which other programs are connected; `None` where mfm may not see them.
    pub fn set_sessions(&self, sessions: Option<Vec<ConnectedProgram>>) {
        self.lock().sessions = sessions;
    }

    /// Returns the facts that identify the database.
    #[must_use]
    pub fn binding(&self) -> TargetBinding {
        self.lock().binding()
    }

    /// Returns the keys of a table, ascending.
    #[must_use]
    pub fn list_keys(&self, table: &str) -> Vec<Key> {
        let world = self.lock();
        world
            .committed
            .find_table(table)
            .map(|table| table.keys().map(|(key, _)| key.clone()).collect())
            .unwrap_or_default()
    }

    /// Returns the state of the first operation with this number, in any journal.
    #[must_use]
    pub fn operation_state(&self, op: u64) -> Option<OperationState> {
        self.operations().into_iter().find(|row| row.op == op).map(|row| row.state)
    }
}
