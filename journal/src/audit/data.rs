//! Audit of images: checks every chunk an intent names, and compares their totals with the intent's body.

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

/// Memory limit for the results kept of chunks that several operations name. Beyond it such a chunk is examined again
/// for every operation that names it.
const KNOWN_BYTES_MAX: usize = 256 << 20;

/// The chunks named by the entries walked so far.
#[derive(Default)]
pub(super) struct ReferencedChunks {
    all: BTreeSet<Digest>,
    documents: BTreeSet<Digest>,
    /// Results of chunks that more than one operation names, so that a shared chunk is not hashed for each of them.
    known: BTreeMap<Digest, Arc<Examined>>,
    known_bytes: usize,
}

impl ReferencedChunks {
    /// Keeps the result of a chunk that an earlier operation named as well, while there is room.
    fn keep_examined(&mut self, digest: Digest, examined: &Arc<Examined>) {
        let bytes = examined.leaves.len() * size_of::<Digest>();
        if self.known_bytes + bytes <= KNOWN_BYTES_MAX && self.known.insert(digest, Arc::clone(examined)).is_none() {
            self.known_bytes += bytes;
        }
    }
}

/// A chunk's digest and the result of examining it.
type ExaminedChunk = (Digest, Arc<Examined>);
/// A chunk's digest and what there is to examine.
type LoadedChunk = (Digest, ChunkSource);

/// A chunk to be added up: its bytes, or the result kept from an earlier operation.
enum ChunkSource {
    Bytes(Vec<u8>),
    Known(Arc<Examined>),
}

impl ChunkSource {
    fn examine(&self, digest: Digest) -> Arc<Examined> {
        match self {
            Self::Bytes(bytes) => Arc::new(examine_chunk(bytes, digest)),
            Self::Known(known) => Arc::clone(known),
        }
    }
}

/// Totals over an operation's chunks.
#[derive(Default)]
struct HeldChunks {
    rows: u64,
    kept: u64,
    tree: Frontier,
    tables: BTreeSet<String>,
}

impl Auditor<'_> {
    /// Checks the images of one operation against its intent: rows, kept rows, root, tables and chosen keys.
    pub(super) fn audit_images(&mut self, op: Option<u64>, body: &IntendedBody, referenced: &mut ReferencedChunks) {
        if let Some(keys) = &body.keys {
            self.audit_chosen_keys(op, keys, referenced);
        }
        let mut held = HeldChunks::default();
        let seen: BTreeSet<Digest> = body.chunks.iter().copied().collect();
        let shared: BTreeSet<Digest> = seen.intersection(&referenced.all).copied().collect();
        referenced.all.extend(&body.chunks);
        if seen.len() < body.chunks.len() {
            // A forged intent could name one chunk a million times: the work must stay bounded by the file's size.
            return self.report_chunk("chunk_repeated", op, None, "the operation names a chunk more than once");
        }
        // One batch is examined while the next is loaded, so memory holds twice as many chunks as there are processors,
        // however large the operation.
        let side_by_side = thread::available_parallelism().map_or(1, usize::from);
        // The connection is used by this thread alone; only the hashing runs on others.
        let mut batches = body.chunks.chunks(side_by_side);
        let mut loaded = batches.next().map(|batch| self.load_batch(op, batch, referenced));
        while let Some(batch) = loaded {
            let (examined, next) = self.examine_batch(op, &batch, batches.next(), body.chunks.last(), referenced);
            loaded = next;
            for (digest, examined) in examined {
                if shared.contains(&digest) {
                    referenced.keep_examined(digest, &examined);
                }
                held.add_chunk(&examined);
            }
        }
        if (held.rows, held.kept) != (body.rows, body.kept) {
            let message = format!(
                "it announces {} rows and {} kept, but its images contain {} and {}",
                body.rows, body.kept, held.rows, held.kept
            );
            self.report_chunk("operation_rows", op, None, message);
        }
        if held.tree.root() != body.rows_root {
            self.report_chunk("rows_root", op, None, "the root of its images differs from the announced one");
        }
        if !held.tables.iter().eq(&body.tables) {
            self.report_chunk("operation_tables", op, None, "its images are of other tables than announced");
        }
    }

    /// Checks the documents that an entry's body names; a document named by several entries is read once.
    pub(super) fn audit_documents(&mut self, entry: &Entry, referenced: &mut ReferencedChunks) {
        let Some(named) = entry.body.get(DOCUMENTS) else { return };
        let Ok(named) = Vec::<Digest>::deserialize(named) else {
            return self.report_entry("entry_body", entry.seq, entry.op, "its `documents` are not a list of digests");
        };
        for digest in named {
            referenced.all.insert(digest);
            if !referenced.documents.insert(digest) {
                continue;
            }
            let Some(bytes) = self.read_chunk(entry.op, digest) else { continue };
            if Digest::sha256(&bytes) != digest {
                self.report_chunk("chunk_digest", entry.op, Some(digest), "its bytes have a different digest");
            }
            if let Err(error) = Document::from_chunk(&bytes) {
                let code =
                    if error == CborError::NotDeterministic { "chunk_not_canonical" } else { "chunk_unreadable" };
                self.report_chunk(code, entry.op, Some(digest), format!("it is not a document: {error}"));
            }
        }
    }

    /// Reports chunks that no entry names: chunks are written in the transaction of the entry that names them.
    pub(super) fn audit_unreferenced_chunks(&mut self, referenced: &ReferencedChunks) {
        let stored = self.read_chunk_digests();
        for digest in self.note_error("chunks_unreadable", stored).into_iter().flatten() {
            if !referenced.all.contains(&digest) {
                self.report_chunk("chunk_unreferenced", None, Some(digest), "no entry names this chunk");
            }
        }
    }

    fn read_chunk_digests(&self) -> rusqlite::Result<Vec<Digest>> {
        // NOT INDEXED reads the table itself: a damaged index must not hide a chunk.
        let mut statement = self.conn.prepare("SELECT digest FROM chunk NOT INDEXED")?;
        statement.query_map([], |row| row.get(0).map(Digest::from_bytes))?.collect()
    }

    fn read_chunk(&mut self, op: Option<u64>, digest: Digest) -> Option<Vec<u8>> {
        let select = self.conn.prepare_cached("SELECT bytes FROM chunk WHERE digest = ?1");
        let stored = select.and_then(|mut select| select.query_row([digest.as_bytes()], |row| row.get(0)).optional());
        self.advance();
        match stored {
            Ok(Some(bytes)) => Some(bytes),
            Ok(None) => {
                self.report_chunk("chunk_missing", op, Some(digest), "it is referenced but missing");
                None
            }
            Err(error) => {
                self.report_chunk("chunk_unreadable", op, Some(digest), error.to_string());
                None
            }
        }
    }

    fn load_batch(
        &mut self,
        op: Option<u64>,
        batch: &[Digest],
        referenced: &ReferencedChunks,
    ) -> Vec<(Digest, ChunkSource)> {
        let mut loaded = Vec::new();
        for digest in batch {
            if let Some(known) = referenced.known.get(digest) {
                loaded.push((*digest, ChunkSource::Known(Arc::clone(known))));
            } else if let Some(bytes) = self.read_chunk(op, *digest) {
                loaded.push((*digest, ChunkSource::Bytes(bytes)));
            }
        }
        loaded
    }

    /// Examines one batch on a thread per chunk and loads the next batch meanwhile; results keep the chunks' order.
    fn examine_batch(
        &mut self,
        op: Option<u64>,
        batch: &[(Digest, ChunkSource)],
        next: Option<&[Digest]>,
        last: Option<&Digest>,
        referenced: &ReferencedChunks,
    ) -> (Vec<ExaminedChunk>, Option<Vec<LoadedChunk>>) {
        let (examined, loaded): (Vec<Option<Arc<Examined>>>, _) = match (batch, next) {
            // Most operations have one chunk: no thread is worth starting for it.
            ([(digest, loaded)], None) => (vec![Some(loaded.examine(*digest))], None),
            _ => thread::scope(|scope| {
                let running: Vec<_> =
                    batch.iter().map(|(digest, loaded)| scope.spawn(move || loaded.examine(*digest))).collect();
                let loaded = next.map(|next| self.load_batch(op, next, referenced));
                (running.into_iter().map(|thread| thread.join().ok()).collect(), loaded)
            }),
        };
        let mut out = Vec::new();
        for ((digest, _), examined) in batch.iter().zip(examined) {
            match examined {
                Some(examined) => {
                    for (code, message) in &examined.wrong {
                        self.report_chunk(code, op, Some(*digest), message.clone());
                    }
                    if !examined.closed && examined.wrong.is_empty() && Some(digest) != last {
                        self.report_chunk("chunk_not_canonical", op, Some(*digest), "it closed before it was full");
                    }
                    out.push((*digest, examined));
                }
                None => self.report_chunk("chunk_unreadable", op, Some(*digest), "examining it failed"),
            }
        }
        (out, loaded)
    }

    fn audit_chosen_keys(&mut self, op: Option<u64>, named: &KeysRef, referenced: &mut ReferencedChunks) {
        let mut all = ChosenKeys { table: named.table.clone(), columns: Vec::new(), keys: Vec::new() };
        let mut chunks = Vec::new();
        referenced.all.extend(&named.chunks);
        if named.chunks.iter().collect::<BTreeSet<_>>().len() < named.chunks.len() {
            return self.report_chunk("chunk_repeated", op, None, "the chosen keys name a chunk more than once");
        }
        for digest in &named.chunks {
            let Some(bytes) = self.read_chunk(op, *digest) else { return };
            if Digest::sha256(&bytes) != *digest {
                self.report_chunk("chunk_digest", op, Some(*digest), "its bytes have a different digest");
            }
            match read_keys(&bytes) {
                Ok(part) if part.table == named.table => {
                    all.columns = part.columns;
                    all.keys.extend(part.keys);
                }
                Ok(_) => self.report_chunk("keys_digest", op, Some(*digest), "it contains keys of another table"),
                Err(error) => return self.report_chunk("chunk_unreadable", op, Some(*digest), error.to_string()),
            }
            chunks.push(bytes);
        }
        if chosen_digest(&all).ok() != Some(named.digest) || all.keys.len() as u64 != named.count {
            self.report_chunk("keys_digest", op, None, "its chosen keys have a different digest or number");
        }
        if pack_keys(&all).ok() != Some(chunks) {
            self.report_chunk("chunk_not_canonical", op, None, "its chosen keys, packed again, give different chunks");
        }
    }
}

impl HeldChunks {
    fn add_chunk(&mut self, part: &Examined) {
        self.rows += part.rows;
        self.kept += part.kept;
        self.tables.extend(part.tables.iter().cloned());
        // A full chunk of 4096 changes is a whole subtree: one hash is added in place of 4096.
        if !self.tree.try_append(&part.tree) {
            for leaf in &part.leaves {
                self.tree.push_hash(*leaf);
            }
        }
    }
}
