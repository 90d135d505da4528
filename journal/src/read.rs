//! Reading a journal: entries, operations, images, chosen keys and documents, with every digest verified.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use rusqlite::{OptionalExtension as _, ToSql};
use serde_json::Value as Json;

use crate::cbor::CborError;

use crate::chunk::{ChangeReader, chosen_digest, read_keys};
use crate::digest::Digest;
use crate::document::Document;
use crate::entry::{COLUMNS, Entry, Record, to_sql_integer};
use crate::error::JournalError;
use crate::image::Change;
use crate::operation::{ChosenKeys, Operation, OperationVerdict};
use crate::store::Journal;
use crate::value::Value;

impl Journal {
    /// Returns the entry with a number; `None` if there is none.
    ///
    /// # Errors
    /// [`JournalError::Broken`] where its digest does not match its content.
    pub fn read_entry(&self, seq: u64) -> Result<Option<Entry>, JournalError> {
        Ok(self.select_entries("seq = ?1", &[&to_sql_integer(seq)])?.pop())
    }

    /// Visits the entries from `first` to the newest, checking that each follows the one before.
    ///
    /// # Errors
    /// [`JournalError::Broken`] at the first entry whose digest or link does not hold.
    pub fn visit_entries(
        &self,
        first: u64,
        visit: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        let sql = format!("SELECT {COLUMNS} FROM entry WHERE seq >= ?1 ORDER BY seq");
        let mut statement = self.conn.prepare_cached(&sql).map_err(|error| self.database_error(error))?;
        let mut rows = statement.query([to_sql_integer(first)]).map_err(|error| self.database_error(error))?;
        // The first entry visited has no predecessor to compare with.
        let mut before: Option<(u64, Digest)> = None;
        while let Some(row) = rows.next().map_err(|error| self.database_error(error))? {
            let record = Record::from_row(row).map_err(|error| self.database_error(error))?;
            let entry = self.verify_record(record)?;
            if before.is_some_and(|(seq, digest)| entry.seq != seq + 1 || entry.prev != digest) {
                return Err(self.broken_error(format!("entry {} does not follow the one before it", entry.seq)));
            }
            before = Some((entry.seq, entry.digest));
            if visit(entry).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Returns the operation with a number, with its newest verdict; `None` if there is none.
    ///
    /// # Errors
    /// [`JournalError::Broken`] where an entry of the operation does not hold.
    pub fn read_operation(&self, op: u64) -> Result<Option<Operation>, JournalError> {
        let mut entries = self.select_entries("op = ?1 ORDER BY seq", &[&to_sql_integer(op)])?.into_iter();
        let Some(intended) = entries.next() else { return Ok(None) };
        if intended.kind != "intended" {
            return Err(self.broken_error(format!("entry {} refers to operation {op} before its intent", intended.seq)));
        }
        let sealed = entries.rfind(|entry| OperationVerdict::from_kind(&entry.kind).is_some());
        Operation::from_entries(intended, sealed).map(Some).map_err(|what| self.broken_error(what))
    }

    /// Checks what the fold cannot, because it does not keep closed operations: that a revert names uid and depth of
    /// the operation it takes back, and that an operation that is gone was applied before.
    pub(crate) fn check_order(&self, entry: &Entry) -> Result<(), String> {
        if entry.kind == "intended"
            && let Some(reverted) = entry.body.get("reverts").and_then(Json::as_u64)
        {
            let (intended, _) = self.read_intent_and_verdict(reverted, entry.seq)?;
            let fits = Some(intended.digest) == body_digest(entry, "reverted_uid")
                && body_depth(&intended).map(|depth| depth + 1) == body_depth(entry);
            return if fits { Ok(()) } else { Err(format!("operation {reverted} has another uid or depth")) };
        }
        match entry.op.filter(|_| entry.kind == OperationVerdict::Gone.as_str()) {
            None => Ok(()),
            Some(op) => match self.read_intent_and_verdict(op, entry.seq)? {
                (intended, Some(OperationVerdict::Applied)) if Some(intended.digest) == body_digest(entry, "uid") => {
                    Ok(())
                }
                _ => Err(format!("operation {op} was not applied under this uid")),
            },
        }
    }

    /// Returns the `intended` entry of an operation and its newest verdict, both from entries before number `before`.
    fn read_intent_and_verdict(&self, op: u64, before: u64) -> Result<(Entry, Option<OperationVerdict>), String> {
        let entries =
            self.select_entries("op = ?1 AND seq < ?2 ORDER BY seq", &[&to_sql_integer(op), &to_sql_integer(before)]);
        let mut entries = entries.map_err(|error| error.to_string())?.into_iter();
        let intended = entries.next().filter(|entry| entry.kind == "intended");
        let verdict = entries.next_back().and_then(|entry| OperationVerdict::from_kind(&entry.kind));
        Ok((intended.ok_or_else(|| format!("there is no operation {op}"))?, verdict))
    }

    /// Returns at most `limit` operations with numbers below `before`, newest first.
    ///
    /// # Errors
    /// As [`Journal::read_operation`].
    pub fn read_operations(&self, before: Option<u64>, limit: usize) -> Result<Vec<Operation>, JournalError> {
        let newest = self.state().next_op;
        let first = before.unwrap_or(newest).min(newest);
        let mut operations = Vec::new();
        for op in (1..first).rev().take(limit) {
            // The state counts its operations without a gap, so each number below has one.
            let operation = self.read_operation(op)?;
            operations.push(operation.ok_or_else(|| self.broken_error(format!("operation {op} is missing")))?);
        }
        Ok(operations)
    }

    /// Returns the numbers of all operations that take `op` back, ascending, whatever their verdicts.
    ///
    /// # Errors
    /// As [`Journal::read_operation`].
    pub fn reverts_of(&self, op: u64) -> Result<Vec<u64>, JournalError> {
        // The WHERE clause has the text of the index `entry_reverts`: only then does SQLite use it.
        let condition = "kind = 'intended' AND json_extract(body,'$.reverts') = ?1 ORDER BY seq";
        let entries = self.select_entries(condition, &[&to_sql_integer(op)])?;
        let reverts: Vec<u64> = entries.into_iter().filter_map(|entry| entry.op).collect();
        match reverts.iter().find(|revert| **revert <= op) {
            Some(revert) => {
                Err(self.broken_error(format!("operation {revert} takes back operation {op}, which is not earlier")))
            }
            None => Ok(reverts),
        }
    }

    /// Returns the number of the operation that was applied from a plan file; `None` if the plan is unused.
    ///
    /// # Errors
    /// As [`Journal::read_operation`].
    pub fn plan_used(&self, plan_id: &str) -> Result<Option<u64>, JournalError> {
        let condition = "kind = 'intended' AND json_extract(body,'$.plan_id') = ?1 ORDER BY seq";
        let entries = self.select_entries(condition, &[&plan_id])?;
        // A plan whose operation failed or was abandoned may be used again, so the first intent is not the answer.
        for op in entries.into_iter().filter_map(|entry| entry.op) {
            let verdict = self.read_operation(op)?.and_then(|operation| operation.verdict);
            if matches!(verdict, Some(OperationVerdict::Applied | OperationVerdict::Gone)) {
                return Ok(Some(op));
            }
        }
        Ok(None)
    }

    /// Returns the newest `baseline` entry of a target's identity.
    ///
    /// # Errors
    /// [`JournalError::Broken`] where the entry does not hold.
    pub fn read_baseline(&self, identity: &Digest) -> Result<Option<Entry>, JournalError> {
        let text = identity.to_string();
        let condition = "kind = 'baseline' AND json_extract(body,'$.identity') = ?1 ORDER BY seq DESC LIMIT 1";
        Ok(self.select_entries(condition, &[&text])?.pop())
    }

    /// Visits an operation's changes in plan order. Each chunk's digest is verified before its changes are visited.
    ///
    /// # Errors
    /// [`JournalError::Broken`] where a chunk is missing, does not match its digest, or cannot be read.
    pub fn visit_changes(
        &self,
        op: &Operation,
        visit: &mut dyn FnMut(Change) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        self.named_once(op, &op.chunks)?;
        let (mut rows, mut kept) = (0, 0);
        for digest in &op.chunks {
            let bytes = self.read_chunk(digest)?;
            let mut reader = ChangeReader::new(&bytes).map_err(|error| self.unreadable_chunk(digest, &error))?;
            while let Some(change) = reader.next_change().map_err(|error| self.unreadable_chunk(digest, &error))? {
                *(if change.is_write() { &mut rows } else { &mut kept }) += 1;
                if visit(change).is_break() {
                    return Ok(());
                }
            }
        }
        // A chunk alone cannot show that an operation's list of chunks was cut short; the totals do.
        if (rows, kept) == (op.rows, op.kept) {
            return Ok(());
        }
        Err(self
            .broken_error(format!("operation {} announces {} changes, but its chunks contain {rows}", op.op, op.rows)))
    }

    /// Returns the keys that a selector chose for an operation; empty where none did.
    ///
    /// # Errors
    /// As [`Journal::visit_changes`]; also where the keys do not match their digest.
    pub fn read_chosen_keys(&self, op: &Operation) -> Result<Vec<Vec<Value>>, JournalError> {
        let Some(named) = &op.keys else { return Ok(Vec::new()) };
        let mut all = ChosenKeys { table: named.table.clone(), columns: Vec::new(), keys: Vec::new() };
        self.visit_chosen_keys(op, &mut |part| {
            all.columns = part.columns;
            all.keys.extend(part.keys);
            ControlFlow::Continue(())
        })?;
        if chosen_digest(&all)? == named.digest {
            return Ok(all.keys);
        }
        Err(self.broken_error(format!("the keys chosen for operation {} do not match their digest", op.op)))
    }

    /// Visits the keys that a selector chose for an operation, a chunk at a time; each chunk's digest is verified, the
    /// digest over all of them is not.
    ///
    /// # Errors
    /// As [`Journal::visit_changes`].
    pub fn visit_chosen_keys(
        &self,
        op: &Operation,
        visit: &mut dyn FnMut(ChosenKeys) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        let chunks = op.keys.as_ref().map_or(&[][..], |named| &named.chunks);
        // Read chunk by chunk: a selector may have chosen millions of keys.
        self.named_once(op, chunks)?;
        for digest in chunks {
            let keys = read_keys(&self.read_chunk(digest)?).map_err(|error| self.unreadable_chunk(digest, &error))?;
            if visit(keys).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Refuses an operation that names a chunk twice. No writer makes one, and reading it could cost more
    /// than the size of the file.
    fn named_once(&self, op: &Operation, chunks: &[Digest]) -> Result<(), JournalError> {
        let mut seen = BTreeSet::new();
        match chunks.iter().find(|chunk| !seen.insert(**chunk)) {
            Some(chunk) => Err(self.broken_error(format!("operation {} names chunk {chunk} twice", op.op))),
            None => Ok(()),
        }
    }

    /// Returns the document whose chunk has a digest, with the digest verified.
    ///
    /// # Errors
    /// [`JournalError::Broken`] where it is missing, does not match its digest, or is no document.
    pub fn read_document(&self, digest: &Digest) -> Result<Document, JournalError> {
        let chunk = self.read_chunk(digest)?;
        Document::from_chunk(&chunk).map_err(|error| self.unreadable_chunk(digest, &error))
    }

    fn unreadable_chunk(&self, digest: &Digest, error: &CborError) -> JournalError {
        self.broken_error(format!("chunk {digest} cannot be read: {error}"))
    }

    fn read_chunk(&self, digest: &Digest) -> Result<Vec<u8>, JournalError> {
        let select = self.conn.prepare_cached("SELECT bytes FROM chunk WHERE digest = ?1");
        let stored = select
            .and_then(|mut select| select.query_row([digest.as_bytes()], |row| row.get::<_, Vec<u8>>(0)).optional());
        match stored.map_err(|error| self.database_error(error))? {
            Some(bytes) if Digest::sha256(&bytes) == *digest => Ok(bytes),
            Some(_) => Err(self.broken_error(format!("chunk {digest} does not match its digest"))),
            None => Err(self.broken_error(format!("chunk {digest} is missing"))),
        }
    }

    /// Reads and verifies entries. `condition` is SQL text of this module, never of a caller.
    fn select_entries(&self, condition: &str, values: &[&dyn ToSql]) -> Result<Vec<Entry>, JournalError> {
        let sql = format!("SELECT {COLUMNS} FROM entry WHERE {condition}");
        let mut statement = self.conn.prepare_cached(&sql).map_err(|error| self.database_error(error))?;
        let records = statement.query_map(values, Record::from_row).map_err(|error| self.database_error(error))?;
        let mut entries = Vec::new();
        for record in records {
            entries.push(self.verify_record(record.map_err(|error| self.database_error(error))?)?);
        }
        Ok(entries)
    }
}

fn body_digest(entry: &Entry, key: &str) -> Option<Digest> {
    entry.body.get(key)?.as_str()?.parse().ok()
}

fn body_depth(entry: &Entry) -> Option<u64> {
    entry.body.get("depth")?.as_u64()
}
