//! The errors of a journal, each with a stable code and a hint.

use std::path::PathBuf;

use crate::body::BodyError;
use crate::cbor::CborError;
use crate::faults::JournalStep;

/// Why the journal could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// There is no file at the path.
    #[error("open the journal {}: there is no such file", path.display())]
    Missing {
        /// Where the journal was looked for.
        path: PathBuf,
    },
    /// A file is already there; it is never overwritten.
    #[error("create the journal {}: {} is already there", path.display(), found.display())]
    Exists {
        /// Where the journal was to be.
        path: PathBuf,
        /// The file that stands in the way: the journal itself, or a write-ahead log without its journal.
        found: PathBuf,
    },
    /// The file is not a journal.
    #[error("open the journal {}: {why}", path.display())]
    NotAJournal {
        /// The journal, as the caller named it.
        path: PathBuf,
        /// What is wrong with it, as a sentence.
        why: String,
    },
    /// The journal was written by a later version.
    #[error("open the journal {}: its format is {format}, this program reads format 1", path.display())]
    Newer {
        /// The journal, as the caller named it.
        path: PathBuf,
        /// The format it names.
        format: i64,
    },
    /// Another process writes.
    #[error("lock the journal {}: held by {holder}", path.display())]
    Busy {
        /// The journal, as the caller named it.
        path: PathBuf,
        /// Who holds it: pid, host and command, as far as they are known.
        holder: String,
    },
    /// The journal lies on read-only media beside a write-ahead log that cannot be used there.
    #[error("open the journal {}: it has a write-ahead log and is in a read-only place", path.display())]
    CopyTheWal {
        /// The journal, as the caller named it.
        path: PathBuf,
    },
    /// The journal contradicts itself.
    #[error("read the journal {}: {what}", path.display())]
    Broken {
        /// The journal, as the caller named it.
        path: PathBuf,
        /// What does not hold, as a sentence.
        what: String,
    },
    /// The disk is full or fails.
    #[error("write the journal {}: {source}", path.display())]
    Full {
        /// The journal, as the caller named it.
        path: PathBuf,
        /// The error of SQLite.
        source: rusqlite::Error,
    },
    /// The journal was opened for reading, or can only be read where it lies.
    #[error("write the journal {}: it is open read-only", path.display())]
    ReadOnly {
        /// The journal, as the caller named it.
        path: PathBuf,
    },
    /// The writer lock belongs to another journal.
    #[error("write the journal {}: the lock held is that of {}", path.display(), locked.display())]
    WrongLock {
        /// The journal, as the caller named it.
        path: PathBuf,
        /// The journal that the lock covers.
        locked: PathBuf,
    },
    /// The file that was opened is not the one at its path any more.
    #[error("write the journal {}: {what}", path.display())]
    Moved {
        /// The path, as the caller gave it.
        path: PathBuf,
        /// What has happened to the file, as a sentence about it.
        what: &'static str,
    },
    /// A body cannot be journaled exactly.
    #[error("write an entry: {0}")]
    Body(#[from] BodyError),
    /// An image cannot be journaled exactly.
    #[error("write an image: {0}")]
    Image(#[from] CborError),
    /// The intent contradicts itself or the journal.
    #[error("write an intent: {0}")]
    BadIntent(String),
    /// The body lacks what its kind promises.
    #[error("append an entry of kind `{kind}`: {why}")]
    BadEntry {
        /// The kind that was to be written.
        kind: String,
        /// What is wrong.
        why: String,
    },
    /// The verdict does not follow from what the journal holds of the operation.
    #[error("seal operation {op}: {why}")]
    IllegalOrder {
        /// The operation's number.
        op: u64,
        /// Which rule it breaks.
        why: String,
    },
    /// The kind is written by `create`, `intend` or `seal` alone.
    #[error("append an entry: its kind cannot be `{kind}`")]
    Kind {
        /// The kind asked for.
        kind: String,
    },
    /// A test asked for a failure here.
    #[error("injected at {step:?}: {reason}")]
    Injected {
        /// The step of the write.
        step: JournalStep,
        /// The text of the test.
        reason: String,
    },
    /// SQLite failed in another way.
    #[error("use the journal {}: {source}", path.display())]
    Database {
        /// The journal, as the caller named it.
        path: PathBuf,
        /// The error of SQLite.
        source: rusqlite::Error,
    },
    /// The file system failed.
    #[error("{action} {}: {source}", path.display())]
    Io {
        /// What was attempted: a verb phrase such as `open`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The error of the system.
        source: std::io::Error,
    },
}

impl JournalError {
    /// Returns the failure's stable name.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "journal_missing",
            Self::Exists { .. } => "journal_exists",
            Self::NotAJournal { .. } => "not_a_journal",
            Self::Newer { .. } => "journal_newer",
            Self::Busy { .. } => "journal_busy",
            Self::CopyTheWal { .. } => "copy_the_wal",
            Self::Broken { .. } => "journal_broken",
            Self::Full { .. } => "journal_full",
            Self::ReadOnly { .. } => "journal_read_only",
            Self::WrongLock { .. } => "journal_wrong_lock",
            Self::Moved { .. } => "journal_moved",
            Self::Body(_) => "body_not_canonical",
            Self::Image(_) => "image_not_exact",
            Self::BadIntent(_) => "bad_intent",
            Self::BadEntry { .. } => "bad_entry",
            Self::IllegalOrder { .. } => "illegal_order",
            Self::Kind { .. } => "entry_kind_reserved",
            Self::Injected { .. } => "injected",
            Self::Database { .. } => "journal_database",
            Self::Io { .. } => "journal_io",
        }
    }

    /// Returns what a person can do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "name an existing journal, or create one",
            Self::Exists { .. } => "choose another path; a journal is never overwritten",
            Self::NotAJournal { .. } => "name the journal file itself, not a target or another database",
            Self::Newer { .. } => "use the version of the program that wrote it, or a later one",
            Self::Busy { .. } => "wait until the other process has finished, then try again",
            Self::CopyTheWal { .. } => "copy the journal and its -wal file to a writable folder",
            Self::Broken { .. } => "audit the journal; keep the file as it is, it is evidence",
            Self::Full { .. } => "free space on the journal's disk, then try again",
            Self::ReadOnly { .. } => "open the journal for writing, in a writable place",
            Self::WrongLock { .. } => "take the lock of the journal to be written",
            Self::Moved { .. } => "restore the journal together with its -wal file, then check its status",
            Self::Body(_) => "write fractions and large numbers as text",
            Self::Image(_) => "a value without an exact representation cannot be journaled, so it must not be changed",
            // A person can do nothing about these: a caller of this crate has a bug.
            Self::BadIntent(_) | Self::BadEntry { .. } | Self::Kind { .. } | Self::Injected { .. } => {
                "this is a bug in the program; nothing was written"
            }
            Self::IllegalOrder { .. } => "check the operation's entries; it may already have been closed",
            Self::Database { .. } => "audit the journal if this happens again",
            Self::Io { .. } => "check the path and its permissions",
        }
    }
}
