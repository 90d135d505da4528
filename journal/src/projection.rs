//! The stored projection: the fold's state shortly before the head, so that opening a journal folds few entries. It is
//! used only if the entry after it vouches for it. An audit never trusts it.

use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::body::{self, BodyError};
use crate::cbor::Writer;
use crate::digest::Digest;
use crate::entry::{Entry, Head, read_unsigned, to_sql_integer};
use crate::fold::{FOLD_VERSION, JournalState};
use crate::tree::Frontier;

/// The key of a body under which its entry vouches for the projection of the entries before it.
pub(crate) const FOLDED: &str = "folded";
/// For each full 16 KiB of state one more entry goes without vouching, so that storing a large state is spread over
/// several entries.
const BYTES_AN_ENTRY: usize = 1 << 14;

/// The newest projection that an entry vouches for: the entry it was folded up to, and the size of its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct VouchedProjection {
    pub(crate) seq: u64,
    pub(crate) bytes: usize,
}

impl VouchedProjection {
    /// Tells whether the entry after `head` has to vouch for a new projection.
    pub(crate) const fn is_due(self, head: u64) -> bool {
        head > self.seq + (self.bytes / BYTES_AN_ENTRY) as u64
    }
}

/// The `folded` of a body: which state the entries before it fold to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FoldedClaim {
    /// The digest of the projection.
    pub(crate) digest: Digest,
    /// The version of the fold's rules.
    pub(crate) fold: i64,
}

impl FoldedClaim {
    /// Reads the `folded` of a body; `None` if there is none.
    pub(crate) fn from_body(body: &Json) -> Option<Result<Self, String>> {
        body.get(FOLDED).map(|claim| Self::deserialize(claim).map_err(|error| error.to_string()))
    }
}

/// The one row of the table `projection`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Projection {
    pub(crate) fold: i64,
    pub(crate) seq: u64,
    pub(crate) head: Digest,
    pub(crate) frontier: Vec<u8>,
    pub(crate) state: String,
    pub(crate) digest: Digest,
}

impl Projection {
    /// Returns the projection of a state.
    pub(crate) fn new(head: Head, frontier: &Frontier, state: &JournalState) -> Result<Self, BodyError> {
        Self::by_rules(FOLD_VERSION, head, frontier, state)
    }

    /// Returns the projection that the rules of a version make. Version 2 knew neither `domain` nor `synthetic`.
    pub(crate) fn by_rules(
        fold: i64,
        head: Head,
        frontier: &Frontier,
        state: &JournalState,
    ) -> Result<Self, BodyError> {
        let mut state = state.clone();
        if fold < FOLD_VERSION {
            for target in state.targets.values_mut() {
                (target.domain, target.synthetic) = (None, None);
            }
        }
        let json = serde_json::to_value(state).map_err(|error| BodyError::Unwritable(error.to_string()))?;
        let mut out = Self {
            fold,
            seq: head.seq,
            head: head.digest,
            frontier: frontier.peaks().iter().flat_map(|peak| *peak.as_bytes()).collect(),
            state: body::serialise_unchecked(&json)?,
            digest: Digest::ZERO,
        };
        out.digest = out.compute_digest();
        Ok(out)
    }

    /// Reads the stored row, without checking it.
    pub(crate) fn load(conn: &Connection) -> rusqlite::Result<Option<Self>> {
        let sql = "SELECT fold, seq, head, frontier, state, digest FROM projection WHERE id = 1";
        conn.prepare_cached(sql)?.query_row([], Self::from_row).optional()
    }

    fn from_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            fold: row.get(0)?,
            seq: read_unsigned(row, 1)?,
            head: Digest::from_bytes(row.get(2)?),
            frontier: row.get(3)?,
            state: row.get(4)?,
            digest: Digest::from_bytes(row.get(5)?),
        })
    }

    /// Tells whether the table holds exactly one row. The schema's CHECK may have been bypassed.
    pub(crate) fn is_alone(conn: &Connection) -> rusqlite::Result<bool> {
        // `load` reads the row with id 1 and would not notice another.
        conn.query_row("SELECT count(*) = 1 FROM projection", [], |row| row.get(0))
    }

    /// Replaces the stored row.
    pub(crate) fn store(&self, conn: &Connection) -> rusqlite::Result<()> {
        // One row, replaced in place: it can be computed again from the entries.
        let sql = "INSERT OR REPLACE INTO projection(id, fold, seq, head, frontier, state, digest)
                   VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6)";
        let (head, digest) = (self.head.as_bytes(), self.digest.as_bytes());
        let values = params![self.fold, to_sql_integer(self.seq), head, self.frontier, self.state, digest];
        conn.prepare_cached(sql)?.execute(values).map(drop)
    }

    /// Returns SHA-256 of `["mfm/projection/1", fold, seq, head, frontier, state]`.
    pub(crate) fn compute_digest(&self) -> Digest {
        let mut out = Writer::new();
        out.write_array(6);
        out.write_text("mfm/projection/1");
        out.write_integer(self.fold);
        out.write_wide_integer(i128::from(self.seq));
        out.write_bytes(self.head.as_bytes());
        out.write_bytes(&self.frontier);
        out.write_text(&self.state);
        Digest::sha256(out.as_bytes())
    }

    /// Returns the `folded` that an entry needs to vouch for it.
    pub(crate) const fn to_folded(&self) -> FoldedClaim {
        FoldedClaim { digest: self.digest, fold: self.fold }
    }

    /// Returns head, tree and state if `next`, the entry after the projection's, vouches for them under the current
    /// rules; otherwise the caller folds all entries.
    pub(crate) fn restore_state(&self, next: &Entry) -> Option<(Head, Frontier, JournalState)> {
        let follows = next.seq == self.seq.checked_add(1)? && next.prev == self.head;
        let vouched = FoldedClaim::from_body(&next.body)?.ok()? == self.to_folded();
        if self.fold != FOLD_VERSION || !follows || !vouched || self.compute_digest() != self.digest {
            return None;
        }
        let peaks = self.frontier.chunks(32).map(|peak| Digest::try_from(peak).ok()).collect::<Option<Vec<_>>>()?;
        let json: Json = serde_json::from_str(&self.state).ok()?;
        let head = Head { seq: self.seq, digest: self.head };
        Some((head, Frontier::from_peaks(self.seq, peaks)?, JournalState::deserialize(&json).ok()?))
    }
}
