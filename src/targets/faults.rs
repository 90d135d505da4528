//! The hook through which tests make a target's write fail, or a process die, at a chosen step. A released build has
//! only the names of the steps.

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
    /// The commit is durable, and its caller has no answer yet.
    AfterCommit,
    /// A tombstone is about to be written.
    Tombstone,
    /// The tombstone is durable, and its caller has no answer yet.
    TombstonePut,
    /// A marker is about to be written or removed.
    Mark,
    /// The change of the marker is durable, and its caller has no answer yet.
    Marked,
}

/// Decides at each step whether the write goes on.
#[cfg(feature = "testing")]
pub trait Faults: Send {
    /// Returns an error to stop here: the transaction is rolled back, or after the commit its answer is lost.
    ///
    /// # Errors
    /// Whatever the test wants to read in [`crate::targets::TargetError::Failed`].
    fn allow_step(&mut self, step: WriteStep) -> Result<(), String>;
}

/// Faults that a target and its writers share.
#[cfg(feature = "testing")]
pub type SharedFaults = std::sync::Arc<std::sync::Mutex<dyn Faults>>;

/// What a target's writers call at each step. It is empty and does nothing in a build without the feature `testing`.
#[derive(Clone, Default)]
pub(super) struct FaultSeam {
    #[cfg(feature = "testing")]
    faults: Option<SharedFaults>,
}

impl FaultSeam {
    /// Lets the faults decide about all later steps.
    #[cfg(feature = "testing")]
    pub(super) fn set_faults(&mut self, faults: SharedFaults) {
        self.faults = Some(faults);
    }

    /// Asks the faults whether the write goes on after this step.
    #[cfg(feature = "testing")]
    pub(super) fn pass_step(&self, step: WriteStep) -> Result<(), String> {
        let Some(faults) = &self.faults else { return Ok(()) };
        faults.lock().map_or_else(|_| Err("a test panicked".to_owned()), |mut faults| faults.allow_step(step))
    }

    /// Always goes on: a released build has no faults.
    #[cfg(not(feature = "testing"))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "it has the shape of the one that tests use")]
    pub(super) const fn pass_step(&self, _: WriteStep) -> Result<(), String> {
        Ok(())
    }
}
