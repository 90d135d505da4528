//! Errors of the engine. Exit codes are given by the floor above.

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

/// Why a step of the engine ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// mfm refuses, and nothing was written.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The database under test failed.
    #[error(transparent)]
    Target(TargetError),
    /// The journal failed.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The target holds an operation of this journal that the journal itself lacks.
    #[error(
        "the target holds operation {op} of this journal, {what}: the journal lost its newest entries or was forked"
    )]
    JournalBehind {
        /// The operation.
        op: u64,
        /// How the journal differs.
        what: String,
    },
    /// It is unknown for now whether the operation took effect.
    #[error("operation {op} is left open: {why}")]
    LeftOpen {
        /// The operation.
        op: u64,
        /// Why it is unknown.
        why: String,
        /// The store that failed.
        store: Store,
    },
    /// The answer to a commit was lost, and the target then showed that the operation never took effect.
    #[error("operation {op} never took effect, and is sealed as abandoned: {cause}")]
    Abandoned {
        /// The operation.
        op: u64,
        /// What went wrong first.
        cause: TargetError,
    },
    /// The caller asked to stop before anything was written.
    #[error("interrupted before anything was written")]
    Interrupted,
}

impl From<TargetError> for EngineError {
    fn from(error: TargetError) -> Self {
        match error {
            // Whoever refuses, callers match on one variant.
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
    /// Turns a refusal of the schema into [`Refusal::NoWayBack`]; leaves every other error as it is.
    #[must_use]
    pub(super) fn of_the_way_back(self) -> Self {
        match self {
            Self::Refused(refusal) => Self::Refused(refusal.of_the_way_back()),
            other => other,
        }
    }

    /// Returns the refusal, if it comes from the schema or from another row; any other error stays one.
    pub(super) fn of_the_schema(self) -> Result<Refusal, Self> {
        match self {
            Self::Refused(refusal) if refusal.is_of_the_schema() => Ok(refusal),
            other => Err(other),
        }
    }

    /// Returns the store that failed.
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
            Self::LeftOpen { .. } => act(Deed::Recover, "closes it once the cause is fixed").into(),
            Self::Abandoned { .. } => {
                NextSteps::from("nothing was changed").and(act(Deed::Again, "once the cause is fixed"))
            }
            Self::Interrupted => NextSteps::from("nothing was changed").and(act(Deed::Again, "")),
        }
    }
}
