//! The digest of a whole table, which does not depend on the order of its rows.

use mfm_journal::{Digest, RowHasher, TableShape, Value};
use sha2::{Digest as _, Sha256};

use super::{TableDigest, TargetError};

/// Collects a table's row digests: 32 bytes a row.
#[derive(Debug)]
pub(super) struct TableHasher {
    table: String,
    hasher: RowHasher,
    rows: Vec<Digest>,
}

impl TableHasher {
    /// Starts the digest of a table without rows.
    pub(super) fn new(shape: &TableShape) -> Self {
        Self { table: shape.name.clone(), hasher: RowHasher::new(shape), rows: Vec::new() }
    }

    /// Adds a row, its cells in the order of the table's columns.
    pub(super) fn add_row(&mut self, row: &[Value]) -> Result<(), TargetError> {
        match self.hasher.digest_row(row) {
            Ok(digest) => self.rows.push(digest),
            Err(source) => return Err(TargetError::Inexact { table: self.table.clone(), source }),
        }
        Ok(())
    }

    /// Returns the digest; see [`TableDigest::digest`].
    pub(super) fn finish(mut self) -> TableDigest {
        // Sorted digests, so that the order in which the engine gives rows does not count.
        self.rows.sort_unstable();
        let rows = self.rows.len() as u64;
        let mut head = mfm_journal::cbor::Writer::new();
        head.write_array(3);
        head.write_text("mfm/table/1");
        head.write_text(&self.table);
        head.write_wide_integer(i128::from(rows));
        let mut hash = Sha256::new_with_prefix(head.as_bytes());
        for row in &self.rows {
            hash.update(row.as_bytes());
        }
        TableDigest { table: self.table, rows, digest: Digest::from_bytes(hash.finalize().into()) }
    }
}
