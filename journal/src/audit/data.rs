//! Images under audit: every chunk an intent names is examined, and their sum compared with what it announces.

use std::collections::BTreeSet;
use std::thread;

use rusqlite::OptionalExtension as _;
use serde::Deserialize as _;

use super::Auditor;
use super::examine::{Examined, examine};
use crate::cbor::CborError;
use crate::chunk::{chosen_digest, pack_keys, read_keys};
use crate::digest::Digest;
use crate::document::Document;
use crate::entry::Entry;
use crate::operation::{ChosenKeys, IntendedBody, KeysRef};
use crate::tree::Frontier;
use crate::write::DOCUMENTS;

/// The chunks that entries name.
#[derive(Default)]
pub(super) struct Referenced(BTreeSet<Digest>);

/// What an operation's chunks turn out to hold.
#[derive(Default)]
struct Held {
    rows: u64,
    kept: u64,
    tree: Frontier,
    tables: BTreeSet<String>,
}

impl Auditor<'_> {
    /// Checks every image of an operation against its intent.
    pub(super) fn images(&mut self, op: Option<u64>, body: &IntendedBody, referenced: &mut Referenced) {
        let mut held = Held::default();
        referenced.0.extend(&body.chunks);
        // Memory holds twice as many chunks as there are processors, however large the operation.
        let side_by_side = thread::available_parallelism().map_or(1, usize::from);
        let mut batches = body.chunks.chunks(side_by_side);
        let mut loaded = batches.next().map(|batch| self.load(op, batch));
        while let Some(batch) = loaded {
            loaded = self.batch(op, &batch, batches.next(), body.chunks.last(), &mut held);
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

    /// Checks the documents that a body names, whatever its kind; each of them once.
    pub(super) fn documents(&mut self, entry: &Entry, referenced: &mut Referenced) {
        let Some(named) = entry.body.get(DOCUMENTS) else { return };
        let Ok(named) = Vec::<Digest>::deserialize(named) else {
            return self.find_entry("entry_body", entry.seq, entry.op, "its `documents` are no list of digests");
        };
        for digest in named {
            if !referenced.0.insert(digest) {
                continue;
            }
            let Some(bytes) = self.chunk(entry.op, digest) else { continue };
            if Digest::of(&bytes) != digest {
                self.find_chunk("chunk_digest", entry.op, Some(digest), "its bytes have another digest");
            }
            if let Err(error) = Document::read(&bytes) {
                let code =
                    if error == CborError::NotDeterministic { "chunk_not_canonical" } else { "chunk_unreadable" };
                self.find_chunk(code, entry.op, Some(digest), format!("it is no document: {error}"));
            }
        }
    }

    /// Looks for chunks that no entry names: nothing that wrote this journal leaves any.
    pub(super) fn unreferenced(&mut self, referenced: &Referenced) {
        let stored = || -> rusqlite::Result<Vec<Digest>> {
            let mut statement = self.conn.prepare("SELECT digest FROM chunk NOT INDEXED")?;
            statement.query_map([], |row| row.get(0).map(Digest::from_bytes))?.collect()
        };
        let stored = stored();
        for digest in self.note_error("chunks_unreadable", stored).into_iter().flatten() {
            if !referenced.0.contains(&digest) {
                self.find_chunk("chunk_unreferenced", None, Some(digest), "no entry names this chunk");
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
                self.find_chunk("chunk_missing", op, Some(digest), "it is named, and is not there");
                return None;
            }
            Err(error) => {
                self.find_chunk("chunk_unreadable", op, Some(digest), error.to_string());
                return None;
            }
        };
        Some(bytes)
    }

    fn load(&mut self, op: Option<u64>, batch: &[Digest]) -> Vec<(Digest, Vec<u8>)> {
        batch.iter().filter_map(|digest| Some((*digest, self.chunk(op, *digest)?))).collect()
    }

    /// Examines some of an operation's chunks side by side, and adds them up in order; loads the next ones meanwhile.
    fn batch(
        &mut self,
        op: Option<u64>,
        batch: &[(Digest, Vec<u8>)],
        next: Option<&[Digest]>,
        last: Option<&Digest>,
        held: &mut Held,
    ) -> Option<Vec<(Digest, Vec<u8>)>> {
        let look = |(digest, bytes): &(Digest, Vec<u8>)| examine(bytes, *digest, Some(digest) == last);
        let (examined, loaded): (Vec<Option<Examined>>, _) = match (batch, next) {
            ([alone], None) => (vec![Some(look(alone))], None),
            _ => thread::scope(|scope| {
                let running: Vec<_> = batch.iter().map(|one| scope.spawn(move || look(one))).collect();
                let loaded = next.map(|next| self.load(op, next));
                (running.into_iter().map(|one| one.join().ok()).collect(), loaded)
            }),
        };
        for ((digest, _), examined) in batch.iter().zip(examined) {
            match examined {
                Some(mut examined) => {
                    for (code, message) in examined.wrong.drain(..) {
                        self.find_chunk(code, op, Some(*digest), message);
                    }
                    held.add(examined);
                }
                None => self.find_chunk("chunk_unreadable", op, Some(*digest), "examining it failed"),
            }
        }
        loaded
    }

    fn keys(&mut self, op: Option<u64>, named: &KeysRef, referenced: &mut Referenced) {
        let mut all = ChosenKeys { table: named.table.clone(), columns: Vec::new(), keys: Vec::new() };
        let mut stored = Vec::new();
        for digest in &named.chunks {
            referenced.0.insert(*digest);
            let Some(bytes) = self.chunk(op, *digest) else { return };
            if Digest::of(&bytes) != *digest {
                self.find_chunk("chunk_digest", op, Some(*digest), "its bytes have another digest");
            }
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

impl Held {
    fn add(&mut self, part: Examined) {
        self.rows += part.rows;
        self.kept += part.kept;
        self.tables.extend(part.tables);
        // A full chunk is most often a whole subtree.
        if !self.tree.append(&part.tree) {
            part.leaves.into_iter().for_each(|leaf| self.tree.push_hash(leaf));
        }
    }
}
