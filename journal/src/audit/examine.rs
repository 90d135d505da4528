//! One chunk of changes under audit: a pure function of its bytes, so that chunks can be examined side by side.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::cbor::{CborError, Writer};
use crate::chunk::{ChangePacker, ChangeReader};
use crate::digest::Digest;
use crate::image::{Action, Change, RowHasher, TableShape};
use crate::tree::{Frontier, leaf_hash};

/// What a chunk holds, and what is wrong with it.
#[derive(Default)]
pub(super) struct Examined {
    pub(super) rows: u64,
    pub(super) kept: u64,
    pub(super) tables: BTreeSet<String>,
    /// The hash of each change's leaf, in order.
    pub(super) leaves: Vec<Digest>,
    /// The tree over these leaves alone.
    pub(super) tree: Frontier,
    /// Codes and messages.
    pub(super) wrong: Vec<(&'static str, String)>,
}

/// Hashers by the shapes of the chunk at hand, which are the same for all changes of a table in it.
type Hashers = Vec<(Arc<TableShape>, RowHasher)>;

/// Examines a chunk that is addressed by `digest`; only the `last` of an operation may close before it is full.
pub(super) fn examine(bytes: &[u8], digest: Digest, last: bool) -> Examined {
    let mut out = Examined::default();
    if Digest::of(bytes) != digest {
        out.wrong.push(("chunk_digest", "its bytes have another digest".to_owned()));
    }
    match out.read(bytes) {
        Err(error) => out.wrong.push(("chunk_unreadable", error.to_string())),
        Ok(Packed { again, .. }) if again.as_deref() != Some(bytes) => {
            out.wrong.push(("chunk_not_canonical", "its changes, packed again, make other bytes".to_owned()));
        }
        Ok(Packed { closed, .. }) if !closed && !last => {
            out.wrong.push(("chunk_not_canonical", "it closed before it was full".to_owned()));
        }
        Ok(_) => {}
    }
    out
}

/// A chunk's changes, packed again.
struct Packed {
    again: Option<Vec<u8>>,
    /// Whether it closed because it was full.
    closed: bool,
}

impl Examined {
    fn read(&mut self, bytes: &[u8]) -> Result<Packed, CborError> {
        let mut reader = ChangeReader::new(bytes)?;
        let (mut packer, mut closed) = (ChangePacker::default(), None);
        let (mut hashers, mut leaf) = (Hashers::new(), Writer::new());
        while let Some(change) = reader.next_change()? {
            if closed.is_some() {
                return Err(CborError::Unexpected("no change after the one that fills the chunk"));
            }
            self.take(&change, &mut leaf)?;
            if !row_digest_holds(&change, &mut hashers)? {
                let message = format!("the row digest of change {} does not match its cells", self.leaves.len());
                self.wrong.push(("row_digest", message));
            }
            closed = packer.push(&change)?;
        }
        let full = closed.is_some();
        Ok(Packed { again: closed.or_else(|| packer.finish()), closed: full })
    }

    fn take(&mut self, change: &Change, leaf: &mut Writer) -> Result<(), CborError> {
        *(if change.writes() { &mut self.rows } else { &mut self.kept }) += 1;
        if !self.tables.contains(&change.table.name) {
            self.tables.insert(change.table.name.clone());
        }
        leaf.clear();
        change.leaf(leaf)?;
        let hash = leaf_hash(leaf.as_bytes());
        self.leaves.push(hash);
        self.tree.push_hash(hash);
        Ok(())
    }
}

/// An insert and a delete keep the whole row, so that their digests can be made anew.
fn row_digest_holds(change: &Change, hashers: &mut Hashers) -> Result<bool, CborError> {
    let (row, digest) = match &change.action {
        Action::Insert { after, after_digest } => (after, after_digest),
        Action::Delete { before, before_digest } => (before, before_digest),
        Action::Update { .. } | Action::Kept { .. } => return Ok(true),
    };
    let known = hashers.iter().rposition(|(shape, _)| Arc::ptr_eq(shape, &change.table));
    let at = known.unwrap_or_else(|| {
        hashers.push((Arc::clone(&change.table), RowHasher::new(&change.table)));
        hashers.len() - 1
    });
    let (_, hasher) = hashers.get_mut(at).ok_or(CborError::Unexpected("a known table"))?;
    Ok(hasher.digest(row)? == *digest)
}
