//! The stored projection: the fold's state at the head, so that opening reads one entry; never trusted by an audit.

use rusqlite::{Connection, OptionalExtension as _, params};
use serde::Deserialize as _;

use crate::body::{self, BodyError};
use crate::cbor::Writer;
use crate::digest::Digest;
use crate::entry::{Head, bound, unsigned};
use crate::fold::{FOLD_VERSION, State};
use crate::tree::Frontier;

/// Beyond this many bytes of state the projection is not written with every entry, only at a checkpoint.
pub(crate) const EAGER_BYTES_MAX: usize = 1 << 16;
/// Beyond so many operations, active and open, it is not even put into words with every entry.
pub(crate) const EAGER_OPERATIONS_MAX: usize = 256;

/// The projection's one row.
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
    pub(crate) fn new(head: Head, frontier: &Frontier, state: &State) -> Result<Self, BodyError> {
        let json = serde_json::to_value(state).map_err(|error| BodyError::Unwritable(error.to_string()))?;
        let mut out = Self {
            fold: FOLD_VERSION,
            seq: head.seq,
            head: head.digest,
            frontier: frontier.peaks().iter().flat_map(|peak| *peak.as_bytes()).collect(),
            state: body::text(&json)?,
            digest: Digest::ZERO,
        };
        out.digest = out.computed();
        Ok(out)
    }

    /// Reads the stored row, if there is one.
    pub(crate) fn load(conn: &Connection) -> rusqlite::Result<Option<Self>> {
        let sql = "SELECT fold, seq, head, frontier, state, digest FROM projection WHERE id = 1";
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Self {
                fold: row.get(0)?,
                seq: unsigned(row, 1)?,
                head: Digest::from_bytes(row.get(2)?),
                frontier: row.get(3)?,
                state: row.get(4)?,
                digest: Digest::from_bytes(row.get(5)?),
            })
        };
        conn.prepare_cached(sql)?.query_row([], read).optional()
    }

    /// Replaces the stored row.
    pub(crate) fn store(&self, conn: &Connection) -> rusqlite::Result<()> {
        let sql = "INSERT OR REPLACE INTO projection(id, fold, seq, head, frontier, state, digest)
                   VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6)";
        let (head, digest) = (self.head.as_bytes(), self.digest.as_bytes());
        let values = params![self.fold, bound(self.seq), head, self.frontier, self.state, digest];
        conn.prepare_cached(sql)?.execute(values).map(drop)
    }

    /// Returns SHA-256 of `["mfm/projection/1", fold, seq, head, frontier, state]`.
    pub(crate) fn computed(&self) -> Digest {
        let mut out = Writer::new();
        out.array(6);
        out.text("mfm/projection/1");
        out.integer(self.fold);
        out.wide_integer(i128::from(self.seq));
        out.bytes(self.head.as_bytes());
        out.bytes(&self.frontier);
        out.text(&self.state);
        Digest::of(out.as_bytes())
    }

    /// Returns the state and the tree if they are those of this head, by these rules; else they are folded again.
    pub(crate) fn usable(&self, head: Head) -> Option<(Frontier, State)> {
        let fits = self.fold == FOLD_VERSION && self.seq == head.seq && self.head == head.digest;
        if !fits || self.computed() != self.digest {
            return None;
        }
        let peaks = self.frontier.chunks(32).map(|peak| Digest::try_from(peak).ok()).collect::<Option<Vec<_>>>()?;
        let json: serde_json::Value = serde_json::from_str(&self.state).ok()?;
        Some((Frontier::from_peaks(self.seq, peaks)?, State::deserialize(&json).ok()?))
    }
}
