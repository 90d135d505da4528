//! Images under audit: every chunk hashed, read, packed again and compared, every row digest made anew.

use std::collections::BTreeSet;
use std::sync::Arc;

use rusqlite::OptionalExtension as _;

use super::Auditor;
use crate::cbor::{CborError, Writer};
use crate::chunk::{ChangePacker, ChangeReader, chosen_digest, pack_keys, read_keys};
use crate::digest::Digest;
use crate::image::{Action, Change, RowHasher, TableShape};
use crate::operation::{ChosenKeys, IntendedBody, KeysRef};
use crate::tree::Frontier;

/// The chunks that intents name.
#[derive(Default)]
pub(super) struct Referenced(BTreeSet<Digest>);

/// What an operation's chunks turn out to hold.
#[derive(Default)]
struct Held {
    rows: u64,
    kept: u64,
    tree: Frontier,
    tables: BTreeSet<String>,
    /// By the shapes of the chunk at hand, which are the same for all changes of a table in it.
    hashers: Vec<(Arc<TableShape>, RowHasher)>,
    leaf: Writer,
}

impl Auditor<'_> {
    /// Checks every image of an operation against its intent.
    pub(super) fn images(&mut self, op: Option<u64>, body: &IntendedBody, referenced: &mut Referenced) {
        let mut held = Held::default();
        for (at, digest) in body.chunks.iter().enumerate() {
            referenced.0.insert(*digest);
            if let Some(bytes) = self.chunk(op, *digest) {
                let last = at + 1 == body.chunks.len();
                self.changes(op, *digest, &bytes, last, &mut held);
            }
        }
        if (held.rows, held.kept) != (body.rows, body.kept) {
            let message = format!(
                "it announces {} rows and {} kept, its images hold {} and {}",
                body.rows, body.kept, held.rows, held.kept
            );
            self.find_chunk("operation_rows", op, None, message);
        }
        if held.tree.root() != body.rows_root {
            self.find_chunk("rows_root", op, None, "its images have another root than it announces");
        }
        if !held.tables.iter().eq(&body.tables) {
            self.find_chunk("operation_tables", op, None, "its images are of other tables than it announces");
        }
        if let Some(keys) = &body.keys {
            self.keys(op, keys, referenced);
        }
    }

    /// Looks for chunks that no intent names: nothing that wrote this journal leaves any.
    pub(super) fn unreferenced(&mut self, referenced: &Referenced) {
        let stored = || -> rusqlite::Result<Vec<Digest>> {
            let mut statement = self.conn.prepare("SELECT digest FROM chunk NOT INDEXED")?;
            statement.query_map([], |row| row.get(0).map(Digest::from_bytes))?.collect()
        };
        let stored = stored();
        for digest in self.note_error("chunks_unreadable", stored).into_iter().flatten() {
            if !referenced.0.contains(&digest) {
                self.find_chunk("chunk_unreferenced", None, Some(digest), "no operation names this chunk");
            }
        }
    }

    fn chunk(&mut self, op: Option<u64>, digest: Digest) -> Option<Vec<u8>> {
        let found = self.conn.prepare_cached("SELECT bytes FROM chunk WHERE digest = ?1");
        let found = found.and_then(|mut select| select.query_row([digest.as_bytes()], |row| row.get(0)).optional());
        self.advance();
        let bytes: Vec<u8> = match found {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                self.find_chunk("chunk_missing", op, Some(digest), "the operation names a chunk that is not there");
                return None;
            }
            Err(error) => {
                self.find_chunk("chunk_unreadable", op, Some(digest), error.to_string());
                return None;
            }
        };
        if Digest::of(&bytes) != digest {
            self.find_chunk("chunk_digest", op, Some(digest), "its bytes have another digest");
        }
        Some(bytes)
    }

    fn changes(&mut self, op: Option<u64>, digest: Digest, bytes: &[u8], last: bool, held: &mut Held) {
        match self.read_changes(op, digest, bytes, held) {
            Err(error) => self.find_chunk("chunk_unreadable", op, Some(digest), error.to_string()),
            Ok(Packed { again, closed }) => {
                if again.as_deref() != Some(bytes) {
                    let message = "its changes, packed again, make other bytes";
                    self.find_chunk("chunk_not_canonical", op, Some(digest), message);
                } else if !closed && !last {
                    self.find_chunk("chunk_not_canonical", op, Some(digest), "it closed before it was full");
                }
            }
        }
    }

    fn read_changes(
        &mut self,
        op: Option<u64>,
        digest: Digest,
        bytes: &[u8],
        held: &mut Held,
    ) -> Result<Packed, CborError> {
        let mut reader = ChangeReader::new(bytes)?;
        let mut packer = ChangePacker::default();
        held.hashers.clear();
        let (mut place, mut closed) = (0u64, None);
        while let Some(change) = reader.next_change()? {
            place += 1;
            held.take(&change)?;
            if !held.row_digest_holds(&change)? {
                let message = format!("the row digest of change {place} does not match its cells");
                self.find_chunk("row_digest", op, Some(digest), message);
            }
            if closed.is_some() {
                return Err(CborError::Unexpected("no change after the one that fills the chunk"));
            }
            closed = packer.push(&change)?;
        }
        let is_closed = closed.is_some();
        Ok(Packed { again: closed.or_else(|| packer.finish()), closed: is_closed })
    }

    fn keys(&mut self, op: Option<u64>, named: &KeysRef, referenced: &mut Referenced) {
        let mut all = ChosenKeys { table: named.table.clone(), columns: Vec::new(), keys: Vec::new() };
        let mut stored = Vec::new();
        for digest in &named.chunks {
            referenced.0.insert(*digest);
            let Some(bytes) = self.chunk(op, *digest) else { return };
            match read_keys(&bytes) {
                Ok(part) if part.table == named.table => {
                    all.columns = part.columns;
                    all.keys.extend(part.keys);
                }
                Ok(_) => self.find_chunk("keys_digest", op, Some(*digest), "it holds keys of another table"),
                Err(error) => return self.find_chunk("chunk_unreadable", op, Some(*digest), error.to_string()),
            }
            stored.push(bytes);
        }
        if chosen_digest(&all).ok() != Some(named.digest) || all.keys.len() as u64 != named.count {
            self.find_chunk("keys_digest", op, None, "its chosen keys have another digest or number");
        }
        if pack_keys(&all).ok() != Some(stored) {
            self.find_chunk("chunk_not_canonical", op, None, "its chosen keys, packed again, make other chunks");
        }
    }
}

/// A chunk's changes, packed again.
struct Packed {
    again: Option<Vec<u8>>,
    /// Whether it closed because it was full.
    closed: bool,
}

impl Held {
    fn take(&mut self, change: &Change) -> Result<(), CborError> {
        *(if change.writes() { &mut self.rows } else { &mut self.kept }) += 1;
        if !self.tables.contains(&change.table.name) {
            self.tables.insert(change.table.name.clone());
        }
        self.leaf.clear();
        change.leaf(&mut self.leaf)?;
        self.tree.push(self.leaf.as_bytes());
        Ok(())
    }

    /// An insert and a delete keep the whole row, so that their digests can be made anew.
    fn row_digest_holds(&mut self, change: &Change) -> Result<bool, CborError> {
        let (row, digest) = match &change.action {
            Action::Insert { after, after_digest } => (after, after_digest),
            Action::Delete { before, before_digest } => (before, before_digest),
            Action::Update { .. } | Action::Kept { .. } => return Ok(true),
        };
        let known = self.hashers.iter().rposition(|(shape, _)| Arc::ptr_eq(shape, &change.table));
        let at = known.unwrap_or_else(|| {
            self.hashers.push((Arc::clone(&change.table), RowHasher::new(&change.table)));
            self.hashers.len() - 1
        });
        let (_, hasher) = self.hashers.get_mut(at).ok_or(CborError::Unexpected("a known table"))?;
        Ok(hasher.digest(row)? == *digest)
    }
}
