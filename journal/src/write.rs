//! Writing: intents with their images, seals and other entries, each in one durable transaction under the lock.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension as _, params};
use serde_json::{Map, Value as Json};

use crate::body::{self, BodyError};
use crate::chunk::{chosen_digest, pack_keys};
use crate::digest::Digest;
use crate::document::Document;
use crate::entry::{COLUMNS, Entry, Head, Record, Stamp, to_sql_integer};
use crate::error::JournalError;
use crate::faults::JournalStep;
use crate::fold::JournalState;
use crate::images::Images;
use crate::lock::WriterLock;
use crate::operation::{
    ChosenKeys, Intended, IntendedBody, Intent, KeysRef, OperationAction, OperationVerdict, RevertedRef,
};
use crate::projection::{FOLDED, Projection, VouchedProjection};
use crate::store::Journal;
use crate::tree::Frontier;

/// The key of a body under which the digests of its documents stand.
pub(crate) const DOCUMENTS: &str = "documents";

/// An entry without its place in the chain.
struct EntryDraft {
    kind: String,
    op: Option<u64>,
    body: Json,
}

/// An entry written in a transaction that is not committed yet.
struct StagedEntry {
    entry: Entry,
    frontier: Frontier,
    state: JournalState,
    vouched: Option<VouchedProjection>,
}

impl Journal {
    /// Writes an intent and all its images, and returns the proof that they are on the disk.
    ///
    /// An error says that this call does not vouch for the intent, not that it is absent: after a failing disk,
    /// [`Journal::refresh`] tells.
    ///
    /// # Errors
    /// [`JournalError::WrongLock`], [`JournalError::BadIntent`], [`JournalError::Body`], [`JournalError::Full`].
    pub fn intend(
        &mut self,
        lock: &WriterLock,
        stamp: &Stamp,
        intent: &Intent,
        images: &Images,
    ) -> Result<Intended, JournalError> {
        self.covered_by(lock)?;
        self.pass_step(JournalStep::BeforeIntendBegin)?;
        let steps = [JournalStep::BeforeIntendCommit, JournalStep::AfterIntendCommit];
        let (entry, op) = self.run_transaction(stamp, steps, |journal| journal.stage_intent(intent, images))?;
        self.in_place()?;
        Ok(Intended {
            op,
            uid: entry.digest,
            journal_id: self.id,
            rows: images.rows,
            kept: images.kept,
            rows_root: images.rows_root,
            plan_digest: intent.plan_digest,
        })
    }

    /// Writes an operation's verdict; `body` may not hold the keys `uid` and `verdict`.
    ///
    /// # Errors
    /// [`JournalError::IllegalOrder`] where the verdict does not follow from the one before;
    /// [`JournalError::WrongLock`], [`JournalError::Body`], [`JournalError::Full`].
    pub fn seal(
        &mut self,
        lock: &WriterLock,
        stamp: &Stamp,
        op: u64,
        verdict: OperationVerdict,
        mut body: Map<String, Json>,
    ) -> Result<Entry, JournalError> {
        self.covered_by(lock)?;
        refuse_reserved_keys(&body, &["uid", "verdict", DOCUMENTS, FOLDED])?;
        let sealed =
            self.run_transaction(stamp, [JournalStep::BeforeSealCommit, JournalStep::AfterSealCommit], |journal| {
                let illegal = |why: String| JournalError::IllegalOrder { op, why };
                let operation =
                    journal.read_operation(op)?.ok_or_else(|| illegal("there is no such operation".to_owned()))?;
                if !verdict.may_follow(operation.verdict) {
                    let last = operation.verdict.map_or("intended", OperationVerdict::as_str);
                    return Err(illegal(format!("it is {last} and cannot become {}", verdict.as_str())));
                }
                body.insert("uid".to_owned(), Json::String(operation.uid.to_string()));
                body.insert("verdict".to_owned(), Json::String(verdict.as_str().to_owned()));
                Ok((EntryDraft { kind: verdict.as_str().to_owned(), op: Some(op), body: Json::Object(body) }, ()))
            })?;
        Ok(sealed.0)
    }

    /// Writes an entry that belongs to no operation. Kinds are an open set: unknown ones are chained, not folded.
    ///
    /// # Errors
    /// [`JournalError::Kind`] for a kind that other methods write, [`JournalError::BadEntry`],
    /// [`JournalError::WrongLock`], [`JournalError::Body`], [`JournalError::Full`].
    pub fn append(&mut self, lock: &WriterLock, stamp: &Stamp, kind: &str, body: Json) -> Result<Entry, JournalError> {
        self.append_with(lock, stamp, kind, body, &[])
    }

    /// Writes an entry that belongs to no operation, and the documents that it speaks of: their digests become the
    /// body's `documents`, in this order.
    ///
    /// # Errors
    /// As [`Journal::append`]; [`JournalError::Image`] for what is no document.
    pub fn append_with(
        &mut self,
        lock: &WriterLock,
        stamp: &Stamp,
        kind: &str,
        mut body: Json,
        documents: &[Document],
    ) -> Result<Entry, JournalError> {
        self.covered_by(lock)?;
        if matches!(kind, "opened" | "intended") || OperationVerdict::from_kind(kind).is_some() {
            return Err(JournalError::Kind { kind: kind.to_owned() });
        }
        let object = body.as_object_mut().ok_or(BodyError::NotAnObject)?;
        refuse_reserved_keys(object, &[DOCUMENTS, FOLDED])?;
        let chunks = documents.iter().map(Document::to_chunk).collect::<Result<Vec<_>, _>>()?;
        if !chunks.is_empty() {
            let digests = chunks.iter().map(|chunk| Json::String(Digest::sha256(chunk).to_string())).collect();
            object.insert(DOCUMENTS.to_owned(), digests);
        }
        let steps = [JournalStep::BeforeAppendCommit, JournalStep::AfterAppendCommit];
        let written = self.run_transaction(stamp, steps, |journal| {
            chunks.iter().try_for_each(|chunk| journal.write_chunk(Digest::sha256(chunk), chunk))?;
            Ok((EntryDraft { kind: kind.to_owned(), op: None, body }, ()))
        });
        written.map(|(entry, ())| entry)
    }

    /// Writes entry 1, whose digest is the journal's id.
    pub(crate) fn write_opened(&mut self, stamp: &Stamp, body: &Json) -> Result<(), JournalError> {
        let draft = EntryDraft { kind: "opened".to_owned(), op: None, body: body.clone() };
        let steps = [JournalStep::BeforeAppendCommit, JournalStep::AfterAppendCommit];
        self.run_transaction(stamp, steps, |_| Ok((draft, ()))).map(drop)
    }

    /// Runs one transaction that ends with one entry, and takes it over once it is durable.
    fn run_transaction<T>(
        &mut self,
        stamp: &Stamp,
        [before, after]: [JournalStep; 2],
        stage: impl FnOnce(&mut Self) -> Result<(EntryDraft, T), JournalError>,
    ) -> Result<(Entry, T), JournalError> {
        self.execute("BEGIN IMMEDIATE")?;
        let staged =
            self.check_schema().and_then(|()| self.refresh()).and_then(|()| stage(self)).and_then(|(draft, more)| {
                let staged = self.stage_entry(stamp, draft)?;
                self.pass_step(before)?;
                self.execute("COMMIT")?;
                Ok((staged, more))
            });
        let (StagedEntry { entry, frontier, state, vouched }, more) = staged.inspect_err(|_| {
            let _ = self.conn.execute_batch("ROLLBACK");
        })?;
        self.head = Head { seq: entry.seq, digest: entry.digest };
        (self.frontier, self.state, self.vouched) = (frontier, state, vouched);
        self.pass_step(after)?;
        Ok((entry, more))
    }

    fn stage_entry(&mut self, stamp: &Stamp, mut draft: EntryDraft) -> Result<StagedEntry, JournalError> {
        let vouched = self.stage_projection(&mut draft)?;
        let mut record = Record {
            seq: self.head.seq + 1,
            kind: draft.kind,
            op: draft.op,
            at_us: stamp.at_us,
            actor: stamp.actor.clone(),
            face: stamp.face.as_str().to_owned(),
            body: body::to_canonical_json(&draft.body)?,
            prev: self.head.digest,
            digest: Digest::ZERO,
        };
        record.digest = record.compute_digest();
        self.pass_step(JournalStep::BeforeEntry)?;
        self.insert_entry(&record).map_err(|error| self.database_error(error))?;
        self.read_back(&record)?;
        let entry = self.verify_record(record)?;
        let mut state = self.state.clone();
        state.fold_entry(&entry).map_err(|why| JournalError::BadEntry { kind: entry.kind.clone(), why })?;
        let mut frontier = self.frontier.clone();
        frontier.push_leaf(entry.digest.as_bytes());
        Ok(StagedEntry { entry, frontier, state, vouched })
    }

    /// Stores the projection of what was folded so far, for which the entry to be written vouches, where one is due.
    fn stage_projection(&mut self, draft: &mut EntryDraft) -> Result<Option<VouchedProjection>, JournalError> {
        if self.head.seq == 0 || self.vouched.is_some_and(|vouched| !vouched.is_due(self.head.seq)) {
            return Ok(self.vouched);
        }
        let projection = Projection::new(self.head, &self.frontier, &self.state)?;
        self.pass_step(JournalStep::BeforeProjection)?;
        projection.store(&self.conn).map_err(|error| self.database_error(error))?;
        let folded = serde_json::to_value(projection.to_folded());
        let folded = folded.map_err(|error| BodyError::Unwritable(error.to_string()))?;
        draft.body.as_object_mut().ok_or(BodyError::NotAnObject)?.insert(FOLDED.to_owned(), folded);
        Ok(Some(VouchedProjection { seq: projection.seq, bytes: projection.state.len() }))
    }

    fn insert_entry(&self, record: &Record) -> rusqlite::Result<()> {
        let sql = "INSERT INTO entry(seq, kind, op, at, actor, face, body, prev, digest)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        let (prev, digest) = (record.prev.as_bytes(), record.digest.as_bytes());
        let (seq, op, at) = (to_sql_integer(record.seq), record.op.map(to_sql_integer), record.at_us);
        let values = params![seq, record.kind, op, at, record.actor, record.face, record.body, prev, digest];
        self.conn.prepare_cached(sql)?.execute(values).map(drop)
    }

    /// Reads an entry back that was just inserted: what the file does not hold was not journaled.
    fn read_back(&self, record: &Record) -> Result<(), JournalError> {
        let sql = format!("SELECT {COLUMNS} FROM entry WHERE seq = ?1");
        let select = self.conn.prepare_cached(&sql);
        let found = select.and_then(|mut s| s.query_row([to_sql_integer(record.seq)], Record::from_row).optional());
        match found.map_err(|error| self.database_error(error))? {
            Some(found) if found == *record => Ok(()),
            _ => Err(self.broken_error(format!("entry {} was written and is not there", record.seq))),
        }
    }

    fn stage_intent(&mut self, intent: &Intent, images: &Images) -> Result<(EntryDraft, u64), JournalError> {
        self.check_intent(intent)?;
        let mut seen = BTreeSet::new();
        if !images.chunks.iter().all(|(digest, _)| seen.insert(digest)) {
            return Err(JournalError::BadIntent("the same changes are named twice".to_owned()));
        }
        let op = self.state.next_op;
        images.chunks.iter().try_for_each(|(digest, bytes)| self.write_chunk(*digest, bytes))?;
        let keys = intent.keys.as_ref().map(|keys| self.write_keys(keys)).transpose()?;
        let body = intended_body(intent, images, keys);
        let body = serde_json::to_value(&body).map_err(|error| BodyError::Unwritable(error.to_string()))?;
        Ok((EntryDraft { kind: "intended".to_owned(), op: Some(op), body }, op))
    }

    fn check_intent(&self, intent: &Intent) -> Result<(), JournalError> {
        let bad = |why: String| Err(JournalError::BadIntent(why));
        let Some(RevertedRef { op, uid, depth }) = intent.reverts else {
            return match intent.action {
                OperationAction::Apply => Ok(()),
                OperationAction::Revert => bad("a revert names the operation it takes back".to_owned()),
            };
        };
        if intent.action == OperationAction::Apply {
            return bad("an apply takes nothing back".to_owned());
        }
        match self.read_operation(op)? {
            Some(found) if found.uid == uid && found.depth == depth => Ok(()),
            Some(_) => bad(format!("operation {op} has another uid or depth")),
            None => bad(format!("there is no operation {op}")),
        }
    }

    fn write_keys(&mut self, chosen: &ChosenKeys) -> Result<KeysRef, JournalError> {
        let ChosenKeys { table, columns, keys } = chosen;
        if let Some(key) = keys.iter().find(|key| key.len() != columns.len()) {
            let (wide, columns) = (key.len(), columns.len());
            return Err(JournalError::BadIntent(format!("a chosen key of {wide} values for {columns} columns")));
        }
        let digest = chosen_digest(chosen)?;
        let packed = pack_keys(chosen)?;
        let chunks: Vec<Digest> = packed.iter().map(|chunk| Digest::sha256(chunk)).collect();
        chunks.iter().zip(&packed).try_for_each(|(digest, bytes)| self.write_chunk(*digest, bytes))?;
        Ok(KeysRef { table: table.clone(), count: keys.len() as u64, digest, chunks })
    }

    /// Inserts a chunk, or finds the same bytes already there.
    fn write_chunk(&mut self, digest: Digest, bytes: &[u8]) -> Result<(), JournalError> {
        self.pass_step(JournalStep::Chunk)?;
        let same = |row: &rusqlite::Row<'_>| Ok(row.get_ref(0)?.as_blob().is_ok_and(|stored| stored == bytes));
        let stored = || {
            let select = self.conn.prepare_cached("SELECT bytes FROM chunk WHERE digest = ?1");
            select.and_then(|mut select| select.query_row([digest.as_bytes()], same).optional())
        };
        match stored().map_err(|error| self.database_error(error))? {
            Some(true) => return Ok(()),
            Some(false) => return Err(self.broken_error(format!("chunk {digest} does not hold what its digest says"))),
            None => {}
        }
        let insert = self.conn.prepare_cached("INSERT INTO chunk(digest, bytes) VALUES (?1, ?2)");
        let done = insert.and_then(|mut insert| insert.execute(params![digest.as_bytes(), bytes]));
        // Read back before anything is done that only a stored image could take back.
        match done.and_then(|_| stored()).map_err(|error| self.database_error(error))? {
            Some(true) => Ok(()),
            _ => Err(self.broken_error(format!("chunk {digest} was written and is not there"))),
        }
    }
}

/// Refuses the keys that the journal itself fills in.
fn refuse_reserved_keys(body: &Map<String, Json>, reserved: &[&str]) -> Result<(), BodyError> {
    match reserved.iter().find(|key| body.contains_key(**key)) {
        Some(key) => Err(BodyError::Reserved((*key).to_owned())),
        None => Ok(()),
    }
}

fn intended_body(intent: &Intent, images: &Images, keys: Option<KeysRef>) -> IntendedBody {
    IntendedBody {
        action: intent.action,
        label: intent.label.clone(),
        plan_digest: intent.plan_digest,
        plan_id: intent.plan_id.clone(),
        target: intent.target.clone(),
        reverts: intent.reverts.map(|reverted| reverted.op),
        reverted_uid: intent.reverts.map(|reverted| reverted.uid),
        depth: intent.reverts.map_or(0, |reverted| reverted.depth.saturating_add(1)),
        rows: images.rows,
        kept: images.kept,
        chunks: images.chunks.iter().map(|(digest, _)| *digest).collect(),
        rows_root: images.rows_root,
        tables: images.tables.iter().cloned().collect(),
        keys,
        residue: intent.residue.clone(),
        detail: intent.detail.clone(),
    }
}
