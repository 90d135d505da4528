//! The seam through which tests make a target's write fail, or a process die, at a chosen step; idle unless asked.

use std::sync::{Arc, Mutex};

/// A point of a target's writing side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum WriteStep {
    /// The transaction is open; nothing is in it.
    Begun,
    /// The uid is in the transaction.
    Uid,
    /// The marker, the facts and all rows were compared under lock.
    Compared,
    /// One row was written.
    Row,
    /// All rows were read back and compared.
    ReadBack,
    /// The way back was rehearsed, and the rehearsal taken back.
    Rehearsed,
    /// The commit is about to be sent.
    BeforeCommit,
    /// The commit is durable, and nobody was told yet.
    AfterCommit,
    /// A tombstone is about to be put.
    Tombstone,
    /// The tombstone is durable, and nobody was told yet.
    TombstonePut,
    /// A marker is about to be put or taken away.
    Mark,
    /// That is durable, and nobody was told yet.
    Marked,
}

/// Decides at each step whether the write goes on.
pub trait Faults: Send {
    /// Returns an error to stop here: the transaction is rolled back, or after the commit its answer is lost.
    ///
    /// # Errors
    /// Whatever the test wants to read in [`crate::targets::TargetError::Failed`].
    fn step(&mut self, step: WriteStep) -> Result<(), String>;
}

/// Faults that a target and its writers share.
pub type SharedFaults = Arc<Mutex<dyn Faults>>;
