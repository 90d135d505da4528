//! Entries: the fields of one record of the journal, its digest, and how its row is read.

use std::fmt;

use rusqlite::Row;
use serde::{Deserialize, Serialize};

use crate::cbor::Writer;
use crate::digest::Digest;

/// Who writes an entry, when, and through which face. The caller gives the time: the journal reads no clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Microseconds since 1970-01-01 UTC.
    pub at_us: i64,
    /// The person or agent.
    pub actor: String,
    /// The interface the request came from.
    pub face: Face,
}

/// The interface a request came from. Entries are read with any word: the set is open for later versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Face {
    /// The command line.
    Cli,
    /// The terminal UI.
    Tui,
    /// The MCP server.
    Mcp,
    /// A program that links the library.
    Library,
}

impl Face {
    /// Returns the word that entries hold.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cli => "cli",
            Self::Tui => "tui",
            Self::Mcp => "mcp",
            Self::Library => "library",
        }
    }
}

impl fmt::Display for Face {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One record of the journal, its digest verified when it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// 1, 2, 3, ... without a gap.
    pub seq: u64,
    /// What kind of record it is; an open set.
    pub kind: String,
    /// The operation it belongs to, where it belongs to one.
    pub op: Option<u64>,
    /// Microseconds since 1970-01-01 UTC.
    pub at_us: i64,
    /// Who wrote it.
    pub actor: String,
    /// Through which face.
    pub face: String,
    /// The fields of its kind, a JSON object.
    pub body: serde_json::Value,
    /// The digest of the entry before; zero for the first.
    pub prev: Digest,
    /// The entry's own digest.
    pub digest: Digest,
}

/// The newest entry of a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Head {
    /// Its number, which is the number of entries.
    pub seq: u64,
    /// Its digest, which the next entry names in `prev`.
    pub digest: Digest,
}

/// An entry as its row holds it: the body still text, the digest a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) seq: u64,
    pub(crate) kind: String,
    pub(crate) op: Option<u64>,
    pub(crate) at_us: i64,
    pub(crate) actor: String,
    pub(crate) face: String,
    pub(crate) body: String,
    pub(crate) prev: Digest,
    pub(crate) digest: Digest,
}

/// The columns in the order that [`Record::from_row`] reads.
pub(crate) const COLUMNS: &str = "seq, kind, op, at, actor, face, body, prev, digest";

impl Record {
    pub(crate) fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            seq: read_unsigned(row, 0)?,
            kind: row.get(1)?,
            op: row.get::<_, Option<i64>>(2)?.map(|op| to_unsigned(2, op)).transpose()?,
            at_us: row.get(3)?,
            actor: row.get(4)?,
            face: row.get(5)?,
            body: row.get(6)?,
            prev: row.get(7).map(Digest::from_bytes)?,
            digest: row.get(8).map(Digest::from_bytes)?,
        })
    }

    /// Returns SHA-256 of `["mfm/entry/1", seq, kind, op or null, at, actor, face, body, prev]`.
    pub(crate) fn compute_digest(&self) -> Digest {
        let mut out = Writer::new();
        out.write_array(9);
        out.write_text("mfm/entry/1");
        // `seq` is a u64: written wide, because `write_integer` takes an i64.
        out.write_wide_integer(i128::from(self.seq));
        out.write_text(&self.kind);
        match self.op {
            Some(op) => out.write_wide_integer(i128::from(op)),
            None => out.write_null(),
        }
        out.write_integer(self.at_us);
        out.write_text(&self.actor);
        out.write_text(&self.face);
        out.write_text(&self.body);
        out.write_bytes(self.prev.as_bytes());
        Digest::sha256(out.as_bytes())
    }

    /// Returns the entry if its digest matches its fields and its body is JSON, else what is wrong.
    pub(crate) fn into_verified_entry(self) -> Result<Entry, String> {
        if self.compute_digest() != self.digest {
            // Nothing of an entry is interpreted before its digest holds.
            return Err(format!("the digest of entry {} does not match its content", self.seq));
        }
        let body: serde_json::Value = serde_json::from_str(&self.body)
            .map_err(|error| format!("the body of entry {} is not JSON: {error}", self.seq))?;
        Ok(Entry {
            seq: self.seq,
            kind: self.kind,
            op: self.op,
            at_us: self.at_us,
            actor: self.actor,
            face: self.face,
            body,
            prev: self.prev,
            digest: self.digest,
        })
    }
}

fn to_unsigned(column: usize, number: i64) -> rusqlite::Result<u64> {
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, number))
}

/// Reads an integer column that is never negative.
pub(crate) fn read_unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    to_unsigned(column, row.get(column)?)
}

/// Returns a number as SQLite binds it. Numbers beyond its range become `i64::MAX`, which matches no row.
pub(crate) fn to_sql_integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
