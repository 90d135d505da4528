//! Everything that can end an engine's step early; maps to no exit code itself.

use mfm_journal::JournalError;
use mfm_journal::cbor::CborError;

use crate::model::Refusal;
use crate::model::next_step::{Deed, NextSteps, act};
use crate::targets::TargetError;

/// The two stores that one operation writes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// The journal.
    Journal,
    /// The database under test.
    Target,
}

/// Why a step ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// mfm will not.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The database.
    #[error(transparent)]
    Target(TargetError),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The target holds more of this journal than the journal does.
    #[error("the target holds operation {op} of this journal, {what}: the journal lost its tail or was forked")]
    JournalBehind {
        /// The operation.
        op: u64,
        /// How the journal differs.
        what: String,
    },
    /// The operation's fate is unknown, and stays so for now.
    #[error("operation {op} is left open: {why}")]
    LeftOpen {
        /// The operation.
        op: u64,
        /// Why nobody knows.
        why: String,
        /// In which store it went wrong.
        store: Store,
    },
    /// The operation's end was unknown for a moment; the target then told that it never took effect.
    #[error("operation {op} never took effect, and is sealed as abandoned: {cause}")]
    Abandoned {
        /// The operation.
        op: u64,
        /// What went wrong.
        cause: TargetError,
    },
    /// The person asked to stop, before anything was written.
    #[error("interrupted before anything was written")]
    Interrupted,
}

impl From<TargetError> for EngineError {
    fn from(error: TargetError) -> Self {
        match error {
            TargetError::Refused(refusal) => Self::Refused(refusal),
            other => Self::Target(other),
        }
    }
}

impl From<CborError> for EngineError {
    fn from(source: CborError) -> Self {
        Self::Target(TargetError::Inexact { table: "the target".into(), source })
    }
}

impl EngineError {
    /// Says of a refusal that it is the way back which is refused.
    #[must_use]
    pub(super) fn of_the_way_back(self) -> Self {
        match self {
            Self::Refused(refusal) => Self::Refused(refusal.of_the_way_back()),
            other => other,
        }
    }

    /// Returns what the schema, or another row, says against a row; all else is an error still.
    pub(super) fn of_the_schema(self) -> Result<Refusal, Self> {
        match self {
            Self::Refused(refusal) if refusal.is_of_the_schema() => Ok(refusal),
            other => Err(other),
        }
    }

    /// Returns the store in which it went wrong.
    pub(super) const fn store(&self) -> Store {
        match self {
            Self::Journal(_) | Self::JournalBehind { .. } => Store::Journal,
            _ => Store::Target,
        }
    }

    /// Returns the stable code that scripts and agents match on.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::Target(error) => error.code(),
            Self::Journal(error) => error.code(),
            Self::JournalBehind { .. } => "journal_behind",
            Self::LeftOpen { .. } => "left_open",
            Self::Abandoned { .. } => "abandoned",
            Self::Interrupted => "interrupted",
        }
    }

    /// Returns what to do next.
    #[must_use]
    pub fn next(&self) -> NextSteps {
        match self {
            Self::Refused(refusal) => refusal.next(),
            Self::Target(error) => error.next(),
            Self::Journal(error) => error.hint().into(),
            Self::JournalBehind { .. } => {
                "find the journal's newest copy and work from it; nothing overrides this".into()
            }
            Self::LeftOpen { .. } => act(Deed::Recover, "closes it when the cause is gone").into(),
            Self::Abandoned { .. } => {
                NextSteps::from("nothing was changed").and(act(Deed::Again, "when the cause is gone"))
            }
            Self::Interrupted => NextSteps::from("nothing was changed").and(act(Deed::Again, "")),
        }
    }
}
