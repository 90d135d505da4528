//! Writing: intents with their images, seals and other entries, each in one durable transaction under the writer lock.

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

/// The key of a body that lists the digests of its documents.
pub(crate) const DOCUMENTS: &str = "documents";

/// An entry before it is chained: without number, stamp and digests.
struct EntryDraft {
    kind: String,
    op: Option<u64>,
    body: Json,
}

/// An entry inserted in a transaction that is not committed yet, with the journal's state after it.
struct StagedEntry {
    entry: Entry,
    frontier: Frontier,
    state: JournalState,
    vouched: Option<VouchedProjection>,
}

impl Journal {
    /// Writes an intent and all its images, and returns the proof that they are on the disk.
    ///
    /// After an error, the intent is normally not in the journal. If the disk failed during the commit it may be:
    /// [`Journal::refresh`] shows which.
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
        // The token promises images on the disk, so the file must still have its name.
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
        let steps = [JournalStep::BeforeSealCommit, JournalStep::AfterSealCommit];
        let (entry, ()) = self.run_transaction(stamp, steps, |journal| {
            let Some(operation) = journal.read_operation(op)? else {
                return Err(JournalError::IllegalOrder { op, why: "there is no such operation".to_owned() });
            };
            if !verdict.may_follow(operation.verdict) {
                let last = operation.verdict.map_or("intended", OperationVerdict::as_str);
                let why = format!("it is {last} and cannot become {}", verdict.as_str());
                return Err(JournalError::IllegalOrder { op, why });
            }
            body.insert("uid".to_owned(), Json::String(operation.uid.to_string()));
            body.insert("verdict".to_owned(), Json::String(verdict.as_str().to_owned()));
            Ok((EntryDraft { kind: verdict.as_str().to_owned(), op: Some(op), body: Json::Object(body) }, ()))
        })?;
        Ok(entry)
    }

    /// Writes an entry that belongs to no operation. Kinds are an open set: unknown ones are chained, not folded.
    ///
    /// # Errors
    /// [`JournalError::Kind`] for a kind that other methods write, [`JournalError::BadEntry`],
    /// [`JournalError::WrongLock`], [`JournalError::Body`], [`JournalError::Full`].
    pub fn append(&mut self, lock: &WriterLock, stamp: &Stamp, kind: &str, body: Json) -> Result<Entry, JournalError> {
        self.append_with(lock, stamp, kind, body, &[])
    }

    /// Writes an entry that belongs to no operation, with documents. Their digests become the body's `documents`, in
    /// this order.
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
            // Without documents the key is left out: an empty list would be another body with another digest.
            let digests = chunks.iter().map(|chunk| Json::String(Digest::sha256(chunk).to_string())).collect();
            object.insert(DOCUMENTS.to_owned(), digests);
        }
        let steps = [JournalStep::BeforeAppendCommit, JournalStep::AfterAppendCommit];
        let (entry, ()) = self.run_transaction(stamp, steps, |journal| {
            for chunk in &chunks {
                journal.write_chunk(Digest::sha256(chunk), chunk)?;
            }
            Ok((EntryDraft { kind: kind.to_owned(), op: None, body }, ()))
        })?;
        Ok(entry)
    }

    /// Writes entry 1, whose digest is the journal's id.
    pub(crate) fn write_opened(&mut self, stamp: &Stamp, body: &Json) -> Result<(), JournalError> {
        let draft = EntryDraft { kind: "opened".to_owned(), op: None, body: body.clone() };
        let steps = [JournalStep::BeforeAppendCommit, JournalStep::AfterAppendCommit];
        self.run_transaction(stamp, steps, |_| Ok((draft, ()))).map(drop)
    }

    /// Runs one transaction that `stage` fills and that ends with one entry. Head, tree and state advance only after
    /// the commit; `before` and `after` are the test steps on both sides of it.
    fn run_transaction<T>(
        &mut self,
        stamp: &Stamp,
        [before, after]: [JournalStep; 2],
        stage: impl FnOnce(&mut Self) -> Result<(EntryDraft, T), JournalError>,
    ) -> Result<(Entry, T), JournalError> {
        // IMMEDIATE takes SQLite's write lock before the head is read, so no entry can come in between.
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
        // Built as a row first: the digest is computed from the same fields that are stored.
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
        // Verified in the same transaction: if the file holds something else, nothing is committed.
        self.read_back(&record)?;
        let entry = self.verify_record(record)?;
        let mut state = self.state.clone();
        state.fold_entry(&entry).map_err(|why| JournalError::BadEntry { kind: entry.kind.clone(), why })?;
        let mut frontier = self.frontier.clone();
        frontier.push_leaf(entry.digest.as_bytes());
        Ok(StagedEntry { entry, frontier, state, vouched })
    }

    /// If one is due, stores the projection of all entries so far and adds to the draft's body that it vouches for it.
    fn stage_projection(&mut self, draft: &mut EntryDraft) -> Result<Option<VouchedProjection>, JournalError> {
        // Entry 1 has no entries before it to vouch for.
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

    /// Reads back an entry that was just inserted: only what the file holds is journaled.
    fn read_back(&self, record: &Record) -> Result<(), JournalError> {
        let sql = format!("SELECT {COLUMNS} FROM entry WHERE seq = ?1");
        let select = self.conn.prepare_cached(&sql);
        let stored =
            select.and_then(|mut select| select.query_row([to_sql_integer(record.seq)], Record::from_row).optional());
        match stored.map_err(|error| self.database_error(error))? {
            Some(stored) if stored == *record => Ok(()),
            _ => Err(self.broken_error(format!("entry {} was written but is missing", record.seq))),
        }
    }

    fn stage_intent(&mut self, intent: &Intent, images: &Images) -> Result<(EntryDraft, u64), JournalError> {
        self.check_intent(intent)?;
        // The audit reports an operation that names a chunk twice, so none may be written.
        let mut seen = BTreeSet::new();
        if !images.chunks.iter().all(|(digest, _)| seen.insert(digest)) {
            return Err(JournalError::BadIntent("the same changes are named twice".to_owned()));
        }
        let op = self.state.next_op;
        for (digest, bytes) in &images.chunks {
            self.write_chunk(*digest, bytes)?;
        }
        let keys = intent.keys.as_ref().map(|keys| self.write_keys(keys)).transpose()?;
        let body = intended_body(intent, images, keys);
        let body = serde_json::to_value(&body).map_err(|error| BodyError::Unwritable(error.to_string()))?;
        Ok((EntryDraft { kind: "intended".to_owned(), op: Some(op), body }, op))
    }

    fn check_intent(&self, intent: &Intent) -> Result<(), JournalError> {
        let why = match (intent.action, intent.reverts) {
            (OperationAction::Apply, None) => return Ok(()),
            (OperationAction::Apply, Some(_)) => "an apply takes nothing back".to_owned(),
            (OperationAction::Revert, None) => "a revert names the operation it takes back".to_owned(),
            (OperationAction::Revert, Some(RevertedRef { op, uid, depth })) => match self.read_operation(op)? {
                Some(operation) if operation.uid == uid && operation.depth == depth => return Ok(()),
                Some(_) => format!("operation {op} has another uid or depth"),
                None => format!("there is no operation {op}"),
            },
        };
        Err(JournalError::BadIntent(why))
    }

    fn write_keys(&mut self, chosen: &ChosenKeys) -> Result<KeysRef, JournalError> {
        let ChosenKeys { table, columns, keys } = chosen;
        if let Some(key) = keys.iter().find(|key| key.len() != columns.len()) {
            let (values, columns) = (key.len(), columns.len());
            return Err(JournalError::BadIntent(format!("a chosen key of {values} values for {columns} columns")));
        }
        let digest = chosen_digest(chosen)?;
        let packed = pack_keys(chosen)?;
        let chunks: Vec<Digest> = packed.iter().map(|chunk| Digest::sha256(chunk)).collect();
        for (digest, bytes) in chunks.iter().zip(&packed) {
            self.write_chunk(*digest, bytes)?;
        }
        Ok(KeysRef { table: table.clone(), count: keys.len() as u64, digest, chunks })
    }

    /// Inserts a chunk unless the same bytes are stored already.
    fn write_chunk(&mut self, digest: Digest, bytes: &[u8]) -> Result<(), JournalError> {
        self.pass_step(JournalStep::Chunk)?;
        match self.holds_chunk(digest, bytes)? {
            Some(true) => return Ok(()),
            // Equal digests mean equal bytes: the stored ones were changed by someone.
            Some(false) => {
                return Err(self.broken_error(format!("the content of chunk {digest} does not match its digest")));
            }
            None => {}
        }
        let insert = self.conn.prepare_cached("INSERT INTO chunk(digest, bytes) VALUES (?1, ?2)");
        let result = insert.and_then(|mut insert| insert.execute(params![digest.as_bytes(), bytes]));
        result.map_err(|error| self.database_error(error))?;
        // Read back now: the target is changed next, and only a stored image can undo that.
        match self.holds_chunk(digest, bytes)? {
            Some(true) => Ok(()),
            _ => Err(self.broken_error(format!("chunk {digest} was written but is missing"))),
        }
    }

    /// Tells whether the chunk stored under a digest has these bytes; `None` if there is none.
    fn holds_chunk(&self, digest: Digest, bytes: &[u8]) -> Result<Option<bool>, JournalError> {
        let select = self.conn.prepare_cached("SELECT bytes FROM chunk WHERE digest = ?1");
        let stored = select.and_then(|mut select| {
            // Compared in place: a chunk may have 16 MiB, which need not be copied.
            let row = select.query_row([digest.as_bytes()], |row| {
                Ok(row.get_ref(0)?.as_blob().is_ok_and(|stored| stored == bytes))
            });
            row.optional()
        });
        stored.map_err(|error| self.database_error(error))
    }
}

/// Refuses a body with keys that the journal itself sets.
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
