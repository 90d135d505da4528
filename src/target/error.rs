//! Errors of targets, told apart by what a person can do about them; maps to no exit code itself.

use mfm_journal::cbor::CborError;

use crate::model::Refusal;

/// Something went wrong between mfm and the database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages say what each field is")]
pub enum TargetError {
    /// The URL is of no known form.
    #[error("`{url}` is no target URL")]
    Url { url: String },
    /// No database there.
    #[error("could not open {url}: no such database")]
    Absent { url: String },
    /// It cannot be opened.
    #[error("could not open {url}: {why}")]
    Open { url: String, why: String },
    /// A crashed program left a hot journal or log, which only a writer can roll back.
    #[error("could not read {url}: a crashed program left a transaction to roll back")]
    NeedsRecovery { url: String },
    /// Another database stands where the target was.
    #[error("{url} is not the database that the journal knows: {what}")]
    Replaced { url: String, what: String },
    /// Somebody else holds a lock.
    #[error("waited {wait_ms} ms for {url}, which another program is writing")]
    Busy { url: String, wait_ms: u64 },
    /// No room.
    #[error("could not write {url}: the disk is full")]
    Full { url: String },
    /// No permission.
    #[error("could not write {url}: {why}")]
    ReadOnly { url: String, why: String },
    /// Reading or writing failed otherwise.
    #[error("could not {what} in {url}: {why}")]
    Failed { url: String, what: String, why: String },
    /// A cell cannot be kept exactly.
    #[error("could not keep a cell of {table} exactly")]
    Inexact {
        table: String,
        #[source]
        source: CborError,
    },
    /// The row count or the read-back differs from the plan.
    #[error("{table}: {what}; the transaction was rolled back")]
    Mismatch { table: String, what: String },
    /// The target is fine, and mfm will not.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl TargetError {
    /// Returns the stable code that scripts and agents match on.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Url { .. } => "target_url",
            Self::Absent { .. } => "target_absent",
            Self::Open { .. } => "target_open",
            Self::NeedsRecovery { .. } => "target_needs_recovery",
            Self::Replaced { .. } => "target_replaced",
            Self::Busy { .. } => "target_busy",
            Self::Full { .. } => "target_full",
            Self::ReadOnly { .. } => "target_read_only",
            Self::Failed { .. } => "target_failed",
            Self::Inexact { .. } => "target_inexact",
            Self::Mismatch { .. } => "target_mismatch",
            Self::Refused(refusal) => refusal.code(),
        }
    }

    /// Returns what to do next.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Url { url } => format!("a target is written as sqlite:PATH, such as sqlite:{url}"),
            Self::Absent { .. } => {
                "check the path; moved: `mfm target mark --moved NEW_URL`; deleted: `mfm recover --as gone`".into()
            }
            Self::Open { .. } => "check that the file is a database and that you may read it".into(),
            Self::NeedsRecovery { .. } => "run `mfm recover`, which lets the database roll it back".into(),
            Self::Replaced { .. } => {
                "if it was restored or replaced on purpose, `mfm recover --as gone` writes off what it lost".into()
            }
            Self::Busy { .. } => "try again when the other program is done".into(),
            Self::Full { .. } => "make room; `mfm recover` then says what became of the operation".into(),
            Self::ReadOnly { .. } => "give yourself write permission on the file and its folder".into(),
            Self::Failed { .. } => "`mfm recover` says what became of an operation that was under way".into(),
            Self::Inexact { .. } => "docs/targets.md lists what a target may hold".into(),
            Self::Mismatch { .. } => "another program writes to this database; plan again when it is quiet".into(),
            Self::Refused(refusal) => refusal.hint(),
        }
    }
}
