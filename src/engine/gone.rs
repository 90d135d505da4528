//! Writing off what a target lost: operations whose uid a restored, replaced or deleted database no longer holds.

use std::collections::BTreeSet;

use mfm_journal::{ActiveOperation, NewestOperation, Operation, OperationVerdict, ReactivatedOperation, WriterLock};
use serde_json::{Map, json};

use super::Engine;
use super::error::EngineError;
use super::{guard, resolve};
use crate::targets::{OperationRow, OperationState, Tombstone};

impl Engine<'_> {
    /// Tombstones and journals as gone every operation that the target lost; with the database itself absent, all.
    ///
    /// Returns the operations written off, newest first. A person decides this: mfm never guesses it.
    ///
    /// # Errors
    /// What target and journal say.
    pub fn write_off(&mut self, present: bool) -> Result<Vec<(u64, OperationVerdict)>, EngineError> {
        let holder = self.holder.clone();
        let lock = self.journal.lock(&holder)?;
        if present {
            let newest = self.target.find_newest_operation(&self.journal.id())?;
            guard::find_newest_held(self.journal, newest)?;
        }
        let (lost, newest) = self.find_lost(present)?;
        let mut out = Vec::new();
        for operation in &lost {
            if present && !self.put_tombstone(operation)? {
                continue;
            }
            self.seal_gone(&lock, operation, newest)?;
            out.push((
                operation.op,
                if operation.verdict.is_none() { OperationVerdict::Abandoned } else { OperationVerdict::Gone },
            ));
        }
        self.journal.checkpoint();
        Ok(out)
    }

    /// Returns the operations since the mark that the target lost, newest first, and the newest that it still holds.
    fn find_lost(&mut self, present: bool) -> Result<(Vec<Operation>, Option<NewestOperation>), EngineError> {
        let lineage = self.journal.state().targets.get(&self.name).map(|target| target.lineage.clone());
        let lineage: BTreeSet<_> = lineage.unwrap_or_default().into_iter().collect();
        let (mut lost, mut newest, mut before) = (Vec::new(), None, None);
        loop {
            let page = self.journal.read_operations(before, 256)?;
            let Some(last) = page.last() else { return Ok((lost, newest)) };
            before = Some(last.op);
            for operation in page {
                let ours = operation.target.name == self.name && lineage.contains(&operation.target.identity);
                if !ours || !matches!(operation.verdict, None | Some(OperationVerdict::Applied)) {
                    continue;
                }
                let found = if present { self.target.find_operation(&operation.uid)? } else { None };
                let state = found.map(|row| row.state);
                match (state, operation.verdict) {
                    // A tombstone was put by a write-off that did not come to its entry.
                    (None | Some(OperationState::Abandoned), _) => lost.push(operation),
                    (Some(OperationState::Committed), Some(OperationVerdict::Applied)) if newest.is_none() => {
                        newest = Some(NewestOperation { op: operation.op, uid: operation.uid });
                    }
                    _ => {}
                }
            }
        }
    }

    /// Puts a tombstone; `false` where the operation turns out to be there after all, or nobody can tell yet.
    fn put_tombstone(&mut self, operation: &Operation) -> Result<bool, EngineError> {
        let journal_id = self.journal.id();
        let row = OperationRow { uid: operation.uid, journal_id, op: operation.op, state: OperationState::Abandoned };
        let tombstone = self.target.open_writer(self.wait_ms)?.write_tombstone(&row, self.clock.now_us())?;
        Ok(matches!(tombstone, Tombstone::Inserted | Tombstone::Found(OperationState::Abandoned)))
    }

    fn seal_gone(
        &mut self,
        lock: &WriterLock,
        operation: &Operation,
        newest: Option<NewestOperation>,
    ) -> Result<(), EngineError> {
        let mut body = Map::new();
        body.insert("word_of".into(), json!(self.actor));
        if operation.verdict.is_none() {
            // An open operation that the target does not hold never took effect, or took effect in what is lost.
            return self.seal(lock, operation.op, OperationVerdict::Abandoned, body);
        }
        body.insert("newest".into(), json!(newest));
        body.insert("reactivates".into(), json!(self.find_reactivated(operation)?));
        self.seal(lock, operation.op, OperationVerdict::Gone, body)
    }

    /// Returns the operation that carries its rows again because the target lost this revert of it.
    fn find_reactivated(&self, lost: &Operation) -> Result<Option<ReactivatedOperation>, EngineError> {
        let Some(op) = lost.reverts else { return Ok(None) };
        let Some(of) = self.journal.read_operation(op)? else { return Ok(None) };
        if of.verdict != Some(OperationVerdict::Applied) || !of.depth.is_multiple_of(2) {
            return Ok(None);
        }
        let others = resolve::applied_reverts(self.journal, op)?.into_iter().filter(|revert| revert.op != lost.op);
        let back: u64 = others.map(|revert| revert.rows + revert.kept).sum();
        let operation = ActiveOperation {
            uid: of.uid,
            identity: of.target.identity,
            target: of.target.name,
            label: of.label,
            reverts: of.reverts,
            depth: of.depth,
            rows: of.rows,
            rows_left: of.rows.saturating_sub(back),
        };
        Ok((operation.rows_left > 0).then_some(ReactivatedOperation { op, operation }))
    }
}
