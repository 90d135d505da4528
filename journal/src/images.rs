//! An operation's changes, packed into chunks and hashed in memory, once for both plan and journal.

use std::collections::BTreeSet;

use crate::cbor::{CborError, Writer};
use crate::chunk::ChangePacker;
use crate::digest::Digest;
use crate::image::Change;
use crate::tree::Frontier;

/// An operation's changes as a journal keeps them: chunks, totals and the root.
#[derive(Clone, Debug)]
pub struct Images {
    pub(crate) chunks: Vec<(Digest, Vec<u8>)>,
    pub(crate) rows: u64,
    pub(crate) kept: u64,
    pub(crate) rows_root: Digest,
    pub(crate) tables: BTreeSet<String>,
}

impl Images {
    /// Packs changes in plan order.
    ///
    /// # Errors
    /// [`CborError`] for a change that does not fit its table, or a NaN.
    pub fn from_changes<'c>(changes: impl IntoIterator<Item = &'c Change>) -> Result<Self, CborError> {
        // One pass: the iterator may not run twice, and changes need not fit into memory.
        let empty = Self { chunks: Vec::new(), rows: 0, kept: 0, rows_root: Digest::ZERO, tables: BTreeSet::new() };
        let (mut out, mut tree) = (empty, Frontier::new());
        let (mut packer, mut leaf) = (ChangePacker::default(), Writer::new());
        for change in changes {
            change.check()?;
            leaf.clear();
            change.write_leaf(&mut leaf)?;
            tree.push_leaf(leaf.as_bytes());
            out.count_change(change);
            out.chunks.extend(packer.push(change)?.map(address_chunk));
        }
        out.chunks.extend(packer.finish_chunk().map(address_chunk));
        out.rows_root = tree.root();
        Ok(out)
    }

    fn count_change(&mut self, change: &Change) {
        if !self.tables.contains(&change.table.name) {
            self.tables.insert(change.table.name.clone());
        }
        *(if change.is_write() { &mut self.rows } else { &mut self.kept }) += 1;
    }

    /// Returns the number of changes that write.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// Returns the RFC 6962 root over all changes.
    #[must_use]
    pub const fn rows_root(&self) -> Digest {
        self.rows_root
    }
}

fn address_chunk(chunk: Vec<u8>) -> (Digest, Vec<u8>) {
    (Digest::sha256(&chunk), chunk)
}
