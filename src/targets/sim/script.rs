//! The script of a simulated database: what goes wrong at which step of a write, and how long steps take; keeps no
//! rows and reads no clock.

use std::collections::BTreeMap;

use mfm_journal::Value;

use crate::model::Key;
use crate::targets::Marker;
use crate::targets::faults::WriteStep;
use crate::targets::trigger::Trigger;

/// What goes wrong when a step is reached.
#[derive(Clone, Debug)]
pub enum SimFault {
    /// The database reports an error and rolls back.
    Fail,
    /// The disk is full: an error, and a roll-back.
    Full,
    /// The process dies; its transaction is rolled back. Objects made before answer nothing any more.
    Crash,
    /// The process dies, and its transaction stays open in another session until [`super::SimWorld::release`].
    CrashHolding,
    /// The connection is lost; only a commit that was done already took effect.
    LoseAnswer,
    /// Somebody else writes. Rows that are compared already are locked: then the write waits for the end.
    Foreign(SimWrite),
}

/// What somebody else writes.
#[derive(Clone, Debug)]
pub enum SimWrite {
    /// A row.
    Insert {
        /// The table.
        table: String,
        /// The row.
        row: Vec<Value>,
    },
    /// Cells of a row.
    Update {
        /// The table.
        table: String,
        /// The row's key.
        key: Key,
        /// Columns and what they become.
        set: Vec<(String, Value)>,
    },
    /// A row goes.
    Delete {
        /// The table.
        table: String,
        /// The row's key.
        key: Key,
    },
    /// A trigger is made.
    Trigger {
        /// The table.
        table: String,
        /// The trigger.
        trigger: Trigger,
    },
    /// The marker is replaced or taken away; mfm's operations stay.
    Mark(Option<Marker>),
}

/// The script, and what has been played of it.
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
    /// Plans a fault at a step; the next step is number `steps() + 1`.
    pub(super) fn plan_fault(&mut self, step: u64, fault: SimFault) {
        self.faults.entry(step).or_default().push(fault);
    }

    /// Forgets the steps played and the faults to come.
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

    /// Counts a question.
    pub(super) const fn count_read(&mut self) {
        self.reads += 1;
        self.elapsed_us += self.read_us;
    }

    /// Counts a wait for somebody else's lock.
    pub(super) const fn count_wait(&mut self, wait_ms: u64) {
        self.elapsed_us += wait_ms * 1000;
    }

    /// Counts a step of a write, and returns what goes wrong there.
    pub(super) fn play_step(&mut self, step: WriteStep) -> Vec<SimFault> {
        self.log.push(step);
        self.elapsed_us += self.latency_us.get(&step).copied().unwrap_or(0);
        self.faults.remove(&(self.log.len() as u64)).unwrap_or_default()
    }
}
