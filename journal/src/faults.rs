//! Hooks by which tests make a write fail, or a process die, at a chosen step. Without the feature `testing` only the
//! names of the steps are compiled.

/// A point of a durable write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum JournalStep {
    /// Before the transaction of an intent begins.
    BeforeIntendBegin,
    /// Before a chunk is inserted.
    Chunk,
    /// Before an entry's row is inserted.
    BeforeEntry,
    /// Before the projection is replaced.
    BeforeProjection,
    /// All of an intent is in the transaction; nothing is durable.
    BeforeIntendCommit,
    /// The intent is durable.
    AfterIntendCommit,
    /// All of a seal is in the transaction; nothing is durable.
    BeforeSealCommit,
    /// The seal is durable.
    AfterSealCommit,
    /// All of another entry is in the transaction; nothing is durable.
    BeforeAppendCommit,
    /// The other entry is durable.
    AfterAppendCommit,
    /// Before the write-ahead log is copied into the journal.
    Checkpoint,
    /// After that.
    AfterCheckpoint,
}

impl JournalStep {
    /// All steps, in the order in which an operation passes them.
    pub const ALL: [Self; 12] = [
        Self::BeforeIntendBegin,
        Self::Chunk,
        Self::BeforeEntry,
        Self::BeforeProjection,
        Self::BeforeIntendCommit,
        Self::AfterIntendCommit,
        Self::BeforeSealCommit,
        Self::AfterSealCommit,
        Self::BeforeAppendCommit,
        Self::AfterAppendCommit,
        Self::Checkpoint,
        Self::AfterCheckpoint,
    ];
}

/// Decides at each step whether the write goes on.
#[cfg(feature = "testing")]
pub trait Faults: Send {
    /// Returns an error to abort the write here; a transaction that is not yet committed is rolled back.
    ///
    /// # Errors
    /// Any text; the test finds it in [`crate::JournalError::Injected`].
    fn check_step(&mut self, step: JournalStep) -> Result<(), String>;
}
