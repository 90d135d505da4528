//! Images under audit: every chunk an intent names is examined, and their sum compared with what it announces.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::thread;

use rusqlite::OptionalExtension as _;
use serde::Deserialize as _;

use super::Auditor;
use super::examine::{Examined, examine_chunk};
use crate::cbor::CborError;
use crate::chunk::{chosen_digest, pack_keys, read_keys};
use crate::digest::Digest;
use crate::document::Document;
use crate::entry::Entry;
use crate::operation::{ChosenKeys, IntendedBody, KeysRef};
use crate::tree::Frontier;
use crate::write::DOCUMENTS;

/// Chunks that several operations name are examined at most twice while what they hold takes so many bytes.
const KNOWN_BYTES_MAX: usize = 256 << 20;

/// The chunks that entries name.
#[derive(Default)]
pub(super) struct ReferencedChunks {
    all: BTreeSet<Digest>,
    documents: BTreeSet<Digest>,
    /// What those hold that were named before.
    known: BTreeMap<Digest, Arc<Examined>>,
    known_bytes: usize,
}

impl ReferencedChunks {
    /// Keeps what a chunk holds that an operation before named already.
    fn keep_examined(&mut self, digest: Digest, examined: &Arc<Examined>) {
        let bytes = examined.leaves.len() * size_of::<Digest>();
        if self.known_bytes + bytes <= KNOWN_BYTES_MAX && self.known.insert(digest, Arc::clone(examined)).is_none() {
            self.known_bytes += bytes;
        }
    }
}

/// A chunk's digest, and what its bytes said.
type ExaminedChunk = (Digest, Arc<Examined>);
/// A chunk's digest, and what was loaded of it.
type LoadedChunk = (Digest, ChunkSource);

/// A chunk on its way to be added up: its bytes, or what they were found to hold before.
enum ChunkSource {
    Bytes(Vec<u8>),
    Known(Arc<Examined>),
}

/// What an operation's chunks turn out to hold.
#[derive(Default)]
struct HeldChunks {
    rows: u64,
    kept: u64,
    tree: Frontier,
    tables: BTreeSet<String>,
}

impl Auditor<'_> {
    /// Checks every image of an operation against its intent.
    pub(super) fn audit_images(&mut self, op: Option<u64>, body: &IntendedBody, referenced: &mut ReferencedChunks) {
        if let Some(keys) = &body.keys {
            self.audit_chosen_keys(op, keys, referenced);
        }
        let mut held = HeldChunks::default();
        let seen: BTreeSet<Digest> = body.chunks.iter().copied().collect();
        let again: BTreeSet<Digest> = seen.intersection(&referenced.all).copied().collect();
        referenced.all.extend(&body.chunks);
        if seen.len() < body.chunks.len() {
            // Looking at a chunk as often as it is named would cost more than the file is large.
            return self.find_chunk("chunk_repeated", op, None, "the operation names a chunk more than once");
        }
        // Memory holds twice as many chunks as there are processors, however large the operation.
        let side_by_side = thread::available_parallelism().map_or(1, usize::from);
        let mut batches = body.chunks.chunks(side_by_side);
        let mut loaded = batches.next().map(|batch| self.load_batch(op, batch, referenced));
        while let Some(batch) = loaded {
            let (examined, next) = self.examine_batch(op, &batch, batches.next(), body.chunks.last(), referenced);
            loaded = next;
            for (digest, examined) in examined {
                if again.contains(&digest) {
                    referenced.keep_examined(digest, &examined);
                }
                held.add_chunk(&examined);
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
    }

    /// Checks the documents that a body names, whatever its kind; each of them once.
    pub(super) fn audit_documents(&mut self, entry: &Entry, referenced: &mut ReferencedChunks) {
        let Some(named) = entry.body.get(DOCUMENTS) else { return };
        let Ok(named) = Vec::<Digest>::deserialize(named) else {
            return self.find_entry("entry_body", entry.seq, entry.op, "its `documents` are no list of digests");
        };
        for digest in named {
            referenced.all.insert(digest);
            if !referenced.documents.insert(digest) {
                continue;
            }
            let Some(bytes) = self.read_chunk(entry.op, digest) else { continue };
            if Digest::sha256(&bytes) != digest {
                self.find_chunk("chunk_digest", entry.op, Some(digest), "its bytes have another digest");
            }
            if let Err(error) = Document::from_chunk(&bytes) {
                let code =
                    if error == CborError::NotDeterministic { "chunk_not_canonical" } else { "chunk_unreadable" };
                self.find_chunk(code, entry.op, Some(digest), format!("it is no document: {error}"));
            }
        }
    }

    /// Looks for chunks that no entry names: nothing that wrote this journal leaves any.
    pub(super) fn audit_unreferenced_chunks(&mut self, referenced: &ReferencedChunks) {
        let stored = || -> rusqlite::Result<Vec<Digest>> {
            let mut statement = self.conn.prepare("SELECT digest FROM chunk NOT INDEXED")?;
            statement.query_map([], |row| row.get(0).map(Digest::from_bytes))?.collect()
        };
        let stored = stored();
        for digest in self.note_error("chunks_unreadable", stored).into_iter().flatten() {
            if !referenced.all.contains(&digest) {
                self.find_chunk("chunk_unreferenced", None, Some(digest), "no entry names this chunk");
            }
        }
    }

    fn read_chunk(&mut self, op: Option<u64>, digest: Digest) -> Option<Vec<u8>> {
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

    fn load_batch(
        &mut self,
        op: Option<u64>,
        batch: &[Digest],
        referenced: &ReferencedChunks,
    ) -> Vec<(Digest, ChunkSource)> {
        let mut one = |digest: &Digest| {
            let known = referenced.known.get(digest).map(|known| ChunkSource::Known(Arc::clone(known)));
            Some((*digest, known.or_else(|| self.read_chunk(op, *digest).map(ChunkSource::Bytes))?))
        };
        batch.iter().filter_map(&mut one).collect()
    }

    /// Examines some of an operation's chunks side by side, and returns them in order; loads the next ones meanwhile.
    fn examine_batch(
        &mut self,
        op: Option<u64>,
        batch: &[(Digest, ChunkSource)],
        next: Option<&[Digest]>,
        last: Option<&Digest>,
        referenced: &ReferencedChunks,
    ) -> (Vec<ExaminedChunk>, Option<Vec<LoadedChunk>>) {
        let look = |(digest, loaded): &(Digest, ChunkSource)| match loaded {
            ChunkSource::Bytes(bytes) => Arc::new(examine_chunk(bytes, *digest)),
            ChunkSource::Known(known) => Arc::clone(known),
        };
        let (examined, loaded): (Vec<Option<Arc<Examined>>>, _) = match (batch, next) {
            ([alone], None) => (vec![Some(look(alone))], None),
            _ => thread::scope(|scope| {
                let running: Vec<_> = batch.iter().map(|one| scope.spawn(move || look(one))).collect();
                let loaded = next.map(|next| self.load_batch(op, next, referenced));
                (running.into_iter().map(|one| one.join().ok()).collect(), loaded)
            }),
        };
        let mut out = Vec::new();
        for ((digest, _), examined) in batch.iter().zip(examined) {
            match examined {
                Some(examined) => {
                    for (code, message) in &examined.wrong {
                        self.find_chunk(code, op, Some(*digest), message.clone());
                    }
                    if !examined.closed && examined.wrong.is_empty() && Some(digest) != last {
                        self.find_chunk("chunk_not_canonical", op, Some(*digest), "it closed before it was full");
                    }
                    out.push((*digest, examined));
                }
                None => self.find_chunk("chunk_unreadable", op, Some(*digest), "examining it failed"),
            }
        }
        (out, loaded)
    }

    fn audit_chosen_keys(&mut self, op: Option<u64>, named: &KeysRef, referenced: &mut ReferencedChunks) {
        let mut all = ChosenKeys { table: named.table.clone(), columns: Vec::new(), keys: Vec::new() };
        let mut stored = Vec::new();
        referenced.all.extend(&named.chunks);
        if named.chunks.iter().collect::<BTreeSet<_>>().len() < named.chunks.len() {
            return self.find_chunk("chunk_repeated", op, None, "the chosen keys name a chunk more than once");
        }
        for digest in &named.chunks {
            let Some(bytes) = self.read_chunk(op, *digest) else { return };
            if Digest::sha256(&bytes) != *digest {
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

impl HeldChunks {
    fn add_chunk(&mut self, part: &Examined) {
        self.rows += part.rows;
        self.kept += part.kept;
        self.tables.extend(part.tables.iter().cloned());
        // A full chunk is most often a whole subtree.
        if !self.tree.try_append(&part.tree) {
            part.leaves.iter().for_each(|leaf| self.tree.push_hash(*leaf));
        }
    }
}
