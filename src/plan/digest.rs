//! The plan digest: a commitment to what a plan does, independent of target, actor and time.

use mfm_journal::cbor::{CborError, Writer};
use mfm_journal::image::write_values;
use mfm_journal::tree::Frontier;
use mfm_journal::{Change, Digest};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::model::Key;

/// Permissions beyond the defaults. The plan's digest covers them, so that they cannot be added after consent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Permits {
    /// Whether triggers are switched off for the transaction.
    pub disable_triggers: bool,
    /// The ids of other journals whose operations the target may hold.
    pub beside_journal: Vec<String>,
    /// The largest number of rows to change, if it is not the default limit.
    pub max_rows: Option<u64>,
}

impl Permits {
    /// Tells whether all permissions are the defaults.
    #[must_use]
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    fn write_cbor(&self, out: &mut Writer) {
        out.write_array(3);
        out.write_boolean(self.disable_triggers);
        out.write_array(self.beside_journal.len() as u64);
        for id in &self.beside_journal {
            out.write_text(id);
        }
        match self.max_rows {
            Some(rows) => out.write_wide_integer(i128::from(rows)),
            None => out.write_null(),
        }
    }
}

/// The facts that a plan's digest covers, apart from its changes.
#[derive(Clone, Debug)]
pub struct PlanFacts<'a> {
    /// The tool.
    pub tool: &'a str,
    /// The variant that the records show.
    pub variant: &'a str,
    /// The parameters, with defaults filled in.
    pub parameters: &'a Map<String, Json>,
    /// The seed.
    pub seed: u64,
    /// The wall clock; `None` for modes that do not use it.
    pub now: Option<&'a str>,
    /// The chosen records' keys, ascending.
    pub keys: &'a [Key],
    /// The permissions beyond the defaults.
    pub permits: &'a Permits,
}

/// Returns SHA-256 of CBOR `["mfm/plan/1", tool, variant, parameters as canonical JSON text, seed, now or null, [keys],
/// RFC 6962 root of the changes]`; with any permission beyond the defaults, of `["mfm/plan/2", ...the same...,
/// [triggers off, [journals], rows or null]]`.
///
/// # Errors
/// [`CborError`] for parameters without a canonical JSON form, or a NaN.
pub fn plan_digest(facts: &PlanFacts<'_>, rows_root: &Digest) -> Result<Digest, CborError> {
    let parameters = mfm_journal::body::to_canonical_json(&Json::Object(facts.parameters.clone()))
        .map_err(|_| CborError::Unexpected("parameters of text, integers and lists"))?;
    let mut out = Writer::new();
    // Plans without extra permissions keep the first form, whose digests are in journals that exist.
    let usual = facts.permits.is_usual();
    out.write_array(if usual { 8 } else { 9 });
    out.write_text(if usual { "mfm/plan/1" } else { "mfm/plan/2" });
    out.write_text(facts.tool);
    out.write_text(facts.variant);
    out.write_text(&parameters);
    out.write_wide_integer(i128::from(facts.seed));
    match facts.now {
        Some(now) => out.write_text(now),
        None => out.write_null(),
    }
    out.write_array(facts.keys.len() as u64);
    for key in facts.keys {
        write_values(key, &mut out)?;
    }
    out.write_bytes(rows_root.as_bytes());
    if !usual {
        facts.permits.write_cbor(&mut out);
    }
    Ok(Digest::sha256(out.as_bytes()))
}

/// Returns a revert's digest: SHA-256 of CBOR `["mfm/plan/1", "revert", the reverted operation's plan digest, RFC 6962
/// root of the changes]`. The changes contain the keys of the rows that are put back.
#[must_use]
pub fn revert_digest(reverted: &Digest, rows_root: &Digest) -> Digest {
    let mut out = Writer::new();
    out.write_array(4);
    out.write_text("mfm/plan/1");
    out.write_text("revert");
    out.write_bytes(reverted.as_bytes());
    out.write_bytes(rows_root.as_bytes());
    Digest::sha256(out.as_bytes())
}

/// The RFC 6962 tree over changes that are added one by one.
#[derive(Debug, Default)]
pub struct RowsTree {
    frontier: Frontier,
    /// Reused for every change, to spare an allocation each.
    leaf: Writer,
}

impl RowsTree {
    /// Adds the next change.
    ///
    /// # Errors
    /// [`CborError::NotANumber`] for a NaN.
    pub fn add(&mut self, change: &Change) -> Result<(), CborError> {
        self.leaf.clear();
        change.write_leaf(&mut self.leaf)?;
        self.frontier.push_leaf(self.leaf.as_bytes());
        Ok(())
    }

    /// Returns the root over the changes added so far.
    #[must_use]
    pub fn root(&self) -> Digest {
        self.frontier.root()
    }
}
