//! A simulated database for tests of everything above it: seeded, in memory, outliving the processes that use it, and
//! going wrong wherever a script says so; it keeps nothing on a disk and never sleeps.
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
//! world.insert("field", vec![Value::Integer(1), Value::Null])?;
//! world.mark("somebody")?;
//! // A process that is to die as it sends its commit:
//! world.crash_at(6);
//! let mut target = world.target();
//! assert_eq!(target.tables()?, ["field"]);
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

/// What a database held when it was saved.
#[derive(Clone, Debug)]
pub struct SimSnapshot(SimState);

impl SimWorld {
    /// Makes an empty database, whose identity follows from the seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { world: Arc::new(Mutex::new(SharedWorld::new(seed))) }
    }

    /// Looks inside. A test that panicked has not broken the data.
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

    /// Gives keys to tables that will declare none; to be said before they are made.
    pub fn set_keys(&self, keys: super::DomainKeys) {
        self.lock().committed.keys = keys;
    }

    /// Makes a table. The types `rowversion` and `computed` make columns that nobody can set.
    ///
    /// # Errors
    /// [`TargetError::Failed`] where the name is taken.
    pub fn create_table(&self, table: &NewTable) -> Result<(), TargetError> {
        let mut world = self.lock();
        if world.committed.find_table(&table.name).is_some() {
            return Err(world.failure("make a table", "there is one of that name"));
        }
        let made = SimTable::new(table, world.committed.keys.get(&table.name));
        world.committed.add_table(made);
        Ok(())
    }

    /// Takes a table away, rows and all, as somebody else would; whether there is one or not.
    pub fn drop_table(&self, name: &str) {
        self.lock().committed.remove_table(name);
    }

    /// Changes what a table's schema says beside its columns.
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

    /// Adds a row as somebody else would.
    ///
    /// # Errors
    /// [`TargetError::Refused`] where the schema does not take it.
    pub fn insert_row(&self, table: &str, row: Vec<Value>) -> Result<(), TargetError> {
        self.foreign_write(&SimWrite::Insert { table: table.to_owned(), row })
    }

    /// Sets cells as somebody else would.
    ///
    /// # Errors
    /// As for [`SimWorld::insert`].
    pub fn foreign_update(&self, table: &str, key: &[Value], set: &[(&str, Value)]) -> Result<(), TargetError> {
        let set = set.iter().map(|(column, value)| ((*column).to_owned(), value.clone())).collect();
        self.foreign_write(&SimWrite::Update { table: table.to_owned(), key: key.to_vec(), set })
    }

    /// Removes a row as somebody else would.
    ///
    /// # Errors
    /// As for [`SimWorld::insert`].
    pub fn foreign_delete(&self, table: &str, key: &[Value]) -> Result<(), TargetError> {
        self.foreign_write(&SimWrite::Delete { table: table.to_owned(), key: key.to_vec() })
    }

    /// Writes as somebody else would; behind a transaction that is held open, once that is released.
    ///
    /// # Errors
    /// As for [`SimWorld::insert`].
    pub fn foreign_write(&self, write: &SimWrite) -> Result<(), TargetError> {
        self.lock().write_foreign(write)
    }

    /// Marks the database, counting no step, and returns the marker.
    ///
    /// # Errors
    /// [`TargetError::Busy`] while a transaction is held open.
    pub fn mark(&self, actor: &str) -> Result<Marker, TargetError> {
        self.lock().mark_anew(actor)
    }

    /// Returns all rows by table, each table's rows sorted.
    #[must_use]
    pub fn dump(&self) -> BTreeMap<String, Vec<Vec<Value>>> {
        let rows = |table: &Arc<SimTable>| {
            let mut rows: Vec<Vec<Value>> = table.rows().cloned().collect();
            rows.sort();
            (table.name().to_owned(), rows)
        };
        self.lock().committed.tables().map(rows).collect()
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

    /// Puts an operation's row as another journal, or a journal's other copy, would have left it.
    pub fn add_operation(&self, row: OperationRow) {
        self.lock().committed.operations.get_or_insert_default().insert(row.uid, row);
    }

    /// Makes something go wrong at a step; the next step of a write is number `steps() + 1`.
    pub fn plan_fault(&self, step: u64, fault: SimFault) {
        self.lock().script.plan_fault(step, fault);
    }

    /// Makes the process die at a step.
    pub fn crash_at(&self, step: u64) {
        self.plan_fault(step, SimFault::Crash);
    }

    /// Returns how many steps of writes were reached since the start or the last [`SimWorld::reset_steps`].
    #[must_use]
    pub fn step_count(&self) -> u64 {
        self.lock().script.passed_steps().len() as u64
    }

    /// Returns those steps.
    #[must_use]
    pub fn passed_steps(&self) -> Vec<WriteStep> {
        self.lock().script.passed_steps().to_vec()
    }

    /// Counts from the start again, and forgets the faults to come.
    pub fn reset_steps(&self) {
        self.lock().script.reset();
    }

    /// Says how long, in virtual microseconds, a step takes.
    pub fn set_latency_us(&self, step: WriteStep, us: u64) {
        self.lock().script.set_latency(step, us);
    }

    /// Says how long, in virtual microseconds, a question takes.
    pub fn set_read_latency_us(&self, us: u64) {
        self.lock().script.set_read_latency(us);
    }

    /// Returns how many virtual microseconds questions, steps and waits took so far.
    #[must_use]
    pub fn elapsed_us(&self) -> u64 {
        self.lock().script.elapsed_us()
    }

    /// Returns how many questions were asked so far.
    #[must_use]
    pub fn read_count(&self) -> u64 {
        self.lock().script.read_count()
    }

    /// Kills the process that uses the database, as from outside: objects made before answer nothing any more.
    pub fn kill_process(&self) {
        self.lock().kill_process();
    }

    /// Tells whether a dead process's transaction is still open.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.lock().is_held()
    }

    /// Ends the transaction that a dead process left open, and lets in the writes that waited for it.
    ///
    /// # Errors
    /// [`TargetError::Refused`] where a write that waited is one that the schema does not take.
    pub fn release_transaction(&self, commit: bool) -> Result<(), TargetError> {
        self.lock().release_transaction(commit)
    }

    /// Saves what the database holds.
    #[must_use]
    pub fn snapshot(&self) -> SimSnapshot {
        SimSnapshot(self.lock().committed.clone())
    }

    /// Puts back what was saved, as from a backup: the database is the same one, its newer operations are lost.
    pub fn restore(&self, snapshot: &SimSnapshot) {
        self.lock().committed = snapshot.0.clone();
    }

    /// Puts the same data under another identity, as a copy or a move would.
    pub fn change_identity(&self) {
        self.lock().change_identity();
    }

    /// Takes the database away, or brings it back.
    pub fn set_absent(&self, absent: bool) {
        self.lock().absent = absent;
    }

    /// Makes the database one that a crashed program left to be rolled back, or ends that.
    pub fn set_needs_recovery(&self, needed: bool) {
        self.lock().needs_recovery = needed;
    }

    /// Says which other programs are connected; `None` keeps them from being seen.
    pub fn set_sessions(&self, sessions: Option<Vec<ConnectedProgram>>) {
        self.lock().sessions = sessions;
    }

    /// Returns what the database is bound to.
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

    /// Returns what became of an operation, by its number, in any journal.
    #[must_use]
    pub fn operation_state(&self, op: u64) -> Option<OperationState> {
        self.operations().into_iter().find(|row| row.op == op).map(|row| row.state)
    }
}
