//! The script of a simulated database: which fault happens at which step of a write, and how long reads and steps take
//! in virtual time.

use std::collections::BTreeMap;

use mfm_journal::Value;

use crate::model::Key;
use crate::targets::Marker;
use crate::targets::faults::WriteStep;
use crate::targets::trigger::Trigger;

/// A fault that happens when a step is reached.
#[derive(Clone, Debug)]
pub enum SimFault {
    /// The database reports an error, and the transaction is rolled back.
    Fail,
    /// The disk is full: an error, and a roll-back.
    Full,
    /// The process dies and its transaction is rolled back. Targets and writers opened before fail from then on.
    Crash,
    /// The process dies, and its transaction stays open in another session until
    /// [`super::SimWorld::release_transaction`].
    CrashHolding,
    /// The connection is lost. Only a commit that was already done takes effect.
    LoseAnswer,
    /// Another program writes. Once the operation's rows are locked, this write waits for the end of the transaction.
    Foreign(SimWrite),
}

/// A write of another program.
#[derive(Clone, Debug)]
pub enum SimWrite {
    /// Inserts a row.
    Insert {
        /// The table.
        table: String,
        /// The row.
        row: Vec<Value>,
    },
    /// Sets cells of the rows with a key.
    Update {
        /// The table.
        table: String,
        /// The row's key.
        key: Key,
        /// The columns to set, with their new values.
        set: Vec<(String, Value)>,
    },
    /// Deletes the rows with a key.
    Delete {
        /// The table.
        table: String,
        /// The row's key.
        key: Key,
    },
    /// Creates a trigger.
    Trigger {
        /// The table.
        table: String,
        /// The trigger.
        trigger: Trigger,
    },
    /// Replaces or removes the marker; the rows of mfm's operations stay.
    Mark(Option<Marker>),
}

/// The planned faults and latencies, and what has been played so far.
#[derive(Debug, Default)]
pub(super) struct Script {
    log: Vec<WriteStep>,
    faults: BTreeMap<u64, Vec<SimFault>>,
    latency_us: BTreeMap<WriteStep, u64>,
    read_us: u64,
    elapsed_us: u64,
    reads: u64,
}

impl Script {
    /// Plans a fault at a step, counted from 1 since the last reset.
    pub(super) fn plan_fault(&mut self, step: u64, fault: SimFault) {
        self.faults.entry(step).or_default().push(fault);
    }

    /// Forgets the steps played so far and the faults still planned.
    pub(super) fn reset(&mut self) {
        self.log.clear();
        self.faults.clear();
    }

    pub(super) fn passed_steps(&self) -> &[WriteStep] {
        &self.log
    }

    pub(super) fn set_latency(&mut self, step: WriteStep, us: u64) {
        self.latency_us.insert(step, us);
    }

    pub(super) const fn set_read_latency(&mut self, us: u64) {
        self.read_us = us;
    }

    pub(super) const fn elapsed_us(&self) -> u64 {
        self.elapsed_us
    }

    pub(super) const fn read_count(&self) -> u64 {
        self.reads
    }

    /// Counts a read and its latency.
    pub(super) const fn count_read(&mut self) {
        self.reads += 1;
        self.elapsed_us += self.read_us;
    }

    /// Counts a wait for another program's lock.
    pub(super) const fn count_wait(&mut self, wait_ms: u64) {
        self.elapsed_us += wait_ms * 1000;
    }

    /// Counts a step of a write, and returns the faults planned for it.
    pub(super) fn play_step(&mut self, step: WriteStep) -> Vec<SimFault> {
        self.log.push(step);
        self.elapsed_us += self.latency_us.get(&step).copied().unwrap_or(0);
        self.faults.remove(&(self.log.len() as u64)).unwrap_or_default()
    }
}
