//! Access to private parts for fuzzing and its replay. Not part of the interface; compiled with the feature `fuzzing`.

use std::collections::BTreeSet;

use crate::audit::examine::examine_chunk;
use crate::cbor::{CborError, Reader, Writer};
use crate::chunk::{self, ChangeReader};
use crate::digest::Digest;
use crate::image::Change;
use crate::images::Images;
use crate::operation::ChosenKeys;
use crate::tree::Frontier;
use crate::value::Value;

/// The audit's result for one chunk of changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkReport {
    /// Changes that write.
    pub rows: u64,
    /// Changes that do not.
    pub kept: u64,
    /// The tables that changes name.
    pub tables: BTreeSet<String>,
    /// The root of the RFC 6962 tree over all changes.
    pub rows_root: Digest,
    /// Whether adding the leaf hashes one by one gives the same root.
    pub leaves_agree: bool,
    /// The codes of what is wrong.
    pub wrong: BTreeSet<&'static str>,
}

/// Examines a chunk as the audit does; only the `last` of an operation may close before it is full.
#[must_use]
pub fn report_chunk(bytes: &[u8], last: bool) -> ChunkReport {
    let mut chunk = examine_chunk(bytes, Digest::sha256(bytes));
    if !chunk.closed && !last && chunk.wrong.is_empty() {
        chunk.wrong.push(("chunk_not_canonical", String::new()));
    }
    let mut tree = Frontier::new();
    for leaf in &chunk.leaves {
        tree.push_hash(*leaf);
    }
    ChunkReport {
        rows: chunk.rows,
        kept: chunk.kept,
        tables: chunk.tables,
        rows_root: chunk.tree.root(),
        leaves_agree: tree.root() == chunk.tree.root(),
        wrong: chunk.wrong.into_iter().map(|(code, _)| code).collect(),
    }
}

/// Reads the changes of a chunk, as everything but the audit does.
///
/// # Errors
/// Any [`CborError`].
pub fn read_changes(bytes: &[u8]) -> Result<Vec<Change>, CborError> {
    let mut reader = ChangeReader::new(bytes)?;
    std::iter::from_fn(|| reader.next_change().transpose()).collect()
}

/// Returns the chunks that an operation's images are packed into.
pub fn chunks(images: &Images) -> impl Iterator<Item = &[u8]> {
    images.chunks.iter().map(|(_, bytes)| bytes.as_slice())
}

/// Tells whether a chunk with `count` changes, whose items have `bytes` bytes, is full.
#[must_use]
pub const fn is_full(count: u64, bytes: usize) -> bool {
    chunk::is_full(count, bytes)
}

/// Reads a chunk of chosen keys.
///
/// # Errors
/// Any [`CborError`].
pub fn read_keys(bytes: &[u8]) -> Result<ChosenKeys, CborError> {
    chunk::read_keys(bytes)
}

/// Packs chosen keys into chunks.
///
/// # Errors
/// [`CborError::NotANumber`] for NaN.
pub fn pack_keys(chosen: &ChosenKeys) -> Result<Vec<Vec<u8>>, CborError> {
    chunk::pack_keys(chosen)
}

/// Copies one value from CBOR to CBOR.
///
/// # Errors
/// Any [`CborError`].
pub fn copy_value(input: &mut Reader<'_>, out: &mut Writer) -> Result<(), CborError> {
    Value::copy(input, out)
}
