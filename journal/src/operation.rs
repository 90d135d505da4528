//! Operations: the intent before it is written, the token that proves it durable, and the operation read back.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::digest::Digest;
use crate::entry::Entry;
use crate::label::FaultLabel;
use crate::value::Value;

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OperationAction {
    /// It commits a fault.
    Apply,
    /// It takes one operation back.
    Revert,
}

/// The database that an operation writes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetRef {
    /// The registered name.
    pub name: String,
    /// The digest that identifies this database.
    pub identity: Digest,
    /// The id of the marker found in it.
    pub marker_id: String,
}

/// Something that a revert cannot put back, declared before anything is written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Residue {
    /// The name of the table.
    pub table: String,
    /// What stays changed in it.
    pub what: String,
}

/// The keys that a selector chose. Only the keys are journaled, because a selector may hold identifying text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChosenKeys {
    /// The table whose keys they are.
    pub table: String,
    /// The names of the key's columns.
    pub columns: Vec<String>,
    /// One key after another, each as wide as `columns`.
    pub keys: Vec<Vec<Value>>,
}

/// Reference to chosen keys in the body of an `intended` entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysRef {
    /// The table whose keys they are.
    pub table: String,
    /// How many were chosen.
    pub count: u64,
    /// SHA-256 of `["mfm/chosen/1", table, column names, [key, ...]]`.
    pub digest: Digest,
    /// The chunks that hold them, in order.
    pub chunks: Vec<Digest>,
}

/// The operation that a revert takes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RevertedRef {
    /// The operation's number in this journal.
    pub op: u64,
    /// The digest of its `intended` entry.
    pub uid: Digest,
    /// Its depth: 0 for an apply, 1 for a revert of one, and so on.
    pub depth: u32,
}

/// An operation that is about to be done. Its changes are in [`crate::Images`].
#[derive(Clone, Debug)]
pub struct Intent {
    /// Apply or revert.
    pub action: OperationAction,
    /// The names of the fault, and its severity.
    pub label: FaultLabel,
    /// The digest of the plan.
    pub plan_digest: Digest,
    /// The id of the plan file, where one was used.
    pub plan_id: Option<String>,
    /// Where it is to be done.
    pub target: TargetRef,
    /// What is taken back; `None` for an apply.
    pub reverts: Option<RevertedRef>,
    /// What cannot be put back.
    pub residue: Vec<Residue>,
    /// The keys that a selector chose.
    pub keys: Option<ChosenKeys>,
    /// Further fields of the caller.
    pub detail: Map<String, Json>,
}

/// Proof that an intent and all its images are durable. Only [`crate::Journal::intend`] makes one, and it can be
/// neither copied nor built by hand.
///
/// ```compile_fail
/// fn twice(token: mfm_journal::Intended) -> (mfm_journal::Intended, mfm_journal::Intended) {
///     (token.clone(), token)
/// }
/// ```
/// ```compile_fail,E0451
/// # fn forge(token: mfm_journal::Intended) -> mfm_journal::Intended {
/// mfm_journal::Intended { op: 2, ..token }
/// # }
/// ```
#[derive(Debug)]
pub struct Intended {
    pub(crate) op: u64,
    pub(crate) uid: Digest,
    pub(crate) journal_id: Digest,
    pub(crate) rows: u64,
    pub(crate) kept: u64,
    pub(crate) rows_root: Digest,
    pub(crate) plan_digest: Digest,
}

impl Intended {
    /// Returns the operation's number in its journal.
    #[must_use]
    pub const fn op(&self) -> u64 {
        self.op
    }

    /// Returns the operation's identity everywhere else: the digest of its `intended` entry.
    #[must_use]
    pub const fn uid(&self) -> Digest {
        self.uid
    }

    /// Returns the id of the journal that holds it.
    #[must_use]
    pub const fn journal_id(&self) -> Digest {
        self.journal_id
    }

    /// Returns the number of changes that write.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// Returns the number of rows that a revert found in the wanted state already.
    #[must_use]
    pub const fn kept(&self) -> u64 {
        self.kept
    }

    /// Returns the RFC 6962 root over the operation's changes.
    #[must_use]
    pub const fn rows_root(&self) -> Digest {
        self.rows_root
    }

    /// Returns the digest of the plan.
    #[must_use]
    pub const fn plan_digest(&self) -> Digest {
        self.plan_digest
    }
}

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OperationVerdict {
    /// The target committed it.
    Applied,
    /// The target rolled it back, confirmed.
    Failed,
    /// The target never committed it and never can.
    Abandoned,
    /// It was applied, and the target has lost it since.
    Gone,
}

impl OperationVerdict {
    /// Returns the kind of the entry that says so.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Failed => "failed",
            Self::Abandoned => "abandoned",
            Self::Gone => "gone",
        }
    }

    /// Returns the verdict that a kind of entry gives.
    #[must_use]
    pub fn from_kind(kind: &str) -> Option<Self> {
        [Self::Applied, Self::Failed, Self::Abandoned, Self::Gone].into_iter().find(|verdict| verdict.as_str() == kind)
    }

    /// Tells whether this verdict may follow `last`, the newest verdict so far.
    #[must_use]
    pub const fn may_follow(self, last: Option<Self>) -> bool {
        match last {
            None => !matches!(self, Self::Gone),
            // Only what was applied can be lost later.
            Some(Self::Applied) => matches!(self, Self::Gone),
            Some(Self::Failed | Self::Abandoned | Self::Gone) => false,
        }
    }
}

/// The body of an `intended` entry.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct IntendedBody {
    pub(crate) action: OperationAction,
    #[serde(flatten)]
    pub(crate) label: FaultLabel,
    pub(crate) plan_digest: Digest,
    pub(crate) plan_id: Option<String>,
    pub(crate) target: TargetRef,
    pub(crate) reverts: Option<u64>,
    pub(crate) reverted_uid: Option<Digest>,
    pub(crate) depth: u32,
    pub(crate) rows: u64,
    pub(crate) kept: u64,
    pub(crate) chunks: Vec<Digest>,
    pub(crate) rows_root: Digest,
    pub(crate) tables: Vec<String>,
    pub(crate) keys: Option<KeysRef>,
    pub(crate) residue: Vec<Residue>,
    pub(crate) detail: Map<String, Json>,
}

/// One operation as the journal holds it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Operation {
    /// Its number in this journal.
    pub op: u64,
    /// Its identity everywhere else.
    pub uid: Digest,
    /// Apply or revert.
    pub action: OperationAction,
    /// The names of the fault, and its severity.
    #[serde(flatten)]
    pub label: FaultLabel,
    /// The digest of the plan.
    pub plan_digest: Digest,
    /// The id of the plan file, where one was used.
    pub plan_id: Option<String>,
    /// Where it was to be done.
    pub target: TargetRef,
    /// The number of the operation that it takes back.
    pub reverts: Option<u64>,
    /// The uid of the operation that it takes back.
    pub reverted_uid: Option<Digest>,
    /// 0 for an apply, else one more than that of the operation it takes back.
    pub depth: u32,
    /// How many of its changes write.
    pub rows: u64,
    /// How many rows a revert found in the wanted state already.
    pub kept: u64,
    /// The RFC 6962 root over its changes.
    pub rows_root: Digest,
    /// The tables it touches, sorted.
    pub tables: Vec<String>,
    /// The chunks that hold its changes, in order.
    pub chunks: Vec<Digest>,
    /// The keys that a selector chose.
    pub keys: Option<KeysRef>,
    /// What cannot be put back.
    pub residue: Vec<Residue>,
    /// What the caller added.
    pub detail: Map<String, Json>,
    /// When it was intended, in microseconds since 1970-01-01 UTC.
    pub at_us: i64,
    /// Who intended it.
    pub actor: String,
    /// Through which face.
    pub face: String,
    /// Its newest verdict; `None` while it is open.
    pub verdict: Option<OperationVerdict>,
    /// The entry that gave the newest verdict.
    pub sealed: Option<Entry>,
    /// The number of its `intended` entry.
    pub intended_seq: u64,
}

impl Operation {
    /// Builds an operation from its `intended` entry and the newest entry that gave it a verdict.
    pub(crate) fn from_entries(intended: Entry, sealed: Option<Entry>) -> Result<Self, String> {
        let seq = intended.seq;
        let op = intended.op.ok_or_else(|| format!("entry {seq} is not an intent: it names no operation"))?;
        let body = IntendedBody::deserialize(&intended.body)
            .map_err(|error| format!("entry {seq} is not an intent: {error}"))?;
        // A revert of itself or of a later operation would make following `reverts` loop for ever.
        if let Some(reverted) = body.reverts.filter(|reverted| *reverted >= op) {
            return Err(format!(
                "entry {seq} is not an intent: operation {op} takes back operation {reverted}, which is not earlier"
            ));
        }
        Ok(Self {
            op,
            uid: intended.digest,
            action: body.action,
            label: body.label,
            plan_digest: body.plan_digest,
            plan_id: body.plan_id,
            target: body.target,
            reverts: body.reverts,
            reverted_uid: body.reverted_uid,
            depth: body.depth,
            rows: body.rows,
            kept: body.kept,
            rows_root: body.rows_root,
            tables: body.tables,
            chunks: body.chunks,
            keys: body.keys,
            residue: body.residue,
            detail: body.detail,
            at_us: intended.at_us,
            actor: intended.actor,
            face: intended.face,
            verdict: sealed.as_ref().and_then(|entry| OperationVerdict::from_kind(&entry.kind)),
            sealed,
            intended_seq: intended.seq,
        })
    }
}
