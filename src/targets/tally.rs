//! The digest of a whole table, whatever the order of its rows; reads no row itself.

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
    /// Prepares for the rows of a table.
    pub(super) fn new(shape: &TableShape) -> Self {
        Self { table: shape.name.clone(), hasher: RowHasher::new(shape), rows: Vec::new() }
    }

    /// Takes a row in.
    pub(super) fn add_row(&mut self, row: &[Value]) -> Result<(), TargetError> {
        let digest = self.hasher.digest_row(row);
        let inexact = |source| TargetError::Inexact { table: self.table.clone(), source };
        self.rows.push(digest.map_err(inexact)?);
        Ok(())
    }

    /// Returns the digest; see [`TableDigest::digest`].
    pub(super) fn finish(mut self) -> TableDigest {
        self.rows.sort_unstable();
        let rows = self.rows.len() as u64;
        let mut head = mfm_journal::cbor::Writer::new();
        head.write_array(3);
        head.write_text("mfm/table/1");
        head.write_text(&self.table);
        head.write_wide_integer(i128::from(rows));
        let mut hash = Sha256::new_with_prefix(head.as_bytes());
        self.rows.iter().for_each(|row| hash.update(row.as_bytes()));
        TableDigest { table: self.table, rows, digest: Digest::from_bytes(hash.finalize().into()) }
    }
}
