//! The plan digest: one commitment to what a plan does and nothing else, neither target nor actor nor time.

use mfm_journal::cbor::{CborError, Writer};
use mfm_journal::image::write_values;
use mfm_journal::tree::Frontier;
use mfm_journal::{Change, Digest};
use serde_json::{Map, Value as Json};

use crate::model::Key;

/// What a plan's digest covers beside its changes.
#[derive(Clone, Debug)]
pub struct PlanFacts<'a> {
    /// The tool.
    pub tool: &'a str,
    /// The variant that the records show.
    pub variant: &'a str,
    /// The parameters, defaults filled in.
    pub parameters: &'a Map<String, Json>,
    /// The seed.
    pub seed: u64,
    /// The wall clock, for modes that use it.
    pub now: Option<&'a str>,
    /// The chosen records' keys, ascending.
    pub keys: &'a [Key],
}

/// Returns SHA-256 of CBOR `["mfm/plan/1", tool, variant, parameters as canonical JSON text, seed, now or null, [keys],
/// RFC 6962 root of the changes]`.
///
/// # Errors
/// [`CborError`] for parameters that are no canonical JSON, or a NaN.
pub fn plan_digest(facts: &PlanFacts<'_>, rows_root: &Digest) -> Result<Digest, CborError> {
    let parameters = mfm_journal::body::canonical(&Json::Object(facts.parameters.clone()))
        .map_err(|_| CborError::Unexpected("parameters of text, integers and lists"))?;
    let mut out = Writer::new();
    out.array(8);
    out.text("mfm/plan/1");
    out.text(facts.tool);
    out.text(facts.variant);
    out.text(&parameters);
    out.wide_integer(i128::from(facts.seed));
    match facts.now {
        Some(now) => out.text(now),
        None => out.null(),
    }
    out.array(facts.keys.len() as u64);
    facts.keys.iter().try_for_each(|key| write_values(key, &mut out))?;
    out.bytes(rows_root.as_bytes());
    Ok(Digest::of(out.as_bytes()))
}

/// Returns a revert's digest: SHA-256 of CBOR `["mfm/plan/1", "revert", the reverted operation's plan digest, RFC 6962
/// root of the changes]`; the changes hold the keys put back.
#[must_use]
pub fn revert_digest(reverted: &Digest, rows_root: &Digest) -> Digest {
    let mut out = Writer::new();
    out.array(4);
    out.text("mfm/plan/1");
    out.text("revert");
    out.bytes(reverted.as_bytes());
    out.bytes(rows_root.as_bytes());
    Digest::of(out.as_bytes())
}

/// The RFC 6962 tree over changes that come one after another.
#[derive(Debug, Default)]
pub struct RowsTree {
    frontier: Frontier,
    leaf: Writer,
}

impl RowsTree {
    /// Adds the next change.
    ///
    /// # Errors
    /// [`CborError::NotANumber`] for a NaN.
    pub fn add(&mut self, change: &Change) -> Result<(), CborError> {
        self.leaf.clear();
        change.leaf(&mut self.leaf)?;
        self.frontier.push(self.leaf.as_bytes());
        Ok(())
    }

    /// Returns the root so far.
    #[must_use]
    pub fn root(&self) -> Digest {
        self.frontier.root()
    }
}
