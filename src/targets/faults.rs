//! The seam through which tests make a target's write fail, or a process die, at a chosen step; a released build has
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

/// Where a target's writers pass by at each step. It holds nothing, and does nothing, in a build without the feature
/// `testing`.
#[derive(Clone, Default)]
pub(super) struct FaultSeam {
    #[cfg(feature = "testing")]
    faults: Option<SharedFaults>,
}

impl FaultSeam {
    /// Stops later steps where the faults say so.
    #[cfg(feature = "testing")]
    pub(super) fn set_faults(&mut self, faults: SharedFaults) {
        self.faults = Some(faults);
    }

    /// Tells the faults where the write stands.
    #[cfg(feature = "testing")]
    pub(super) fn pass_step(&self, step: WriteStep) -> Result<(), String> {
        let Some(faults) = &self.faults else { return Ok(()) };
        faults.lock().map_or_else(|_| Err("a test panicked".to_owned()), |mut faults| faults.allow_step(step))
    }

    /// Tells nobody.
    #[cfg(not(feature = "testing"))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "it has the shape of the one that tests use")]
    pub(super) const fn pass_step(&self, _: WriteStep) -> Result<(), String> {
        Ok(())
    }
}
