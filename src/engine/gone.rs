//! Writing off operations that a target lost: a restored, replaced or deleted database no longer holds their uid.

use std::collections::BTreeSet;

use mfm_journal::{ActiveOperation, NewestOperation, Operation, OperationVerdict, ReactivatedOperation, WriterLock};
use serde_json::{Map, json};

use super::Engine;
use super::error::EngineError;
use super::{guard, resolve};
use crate::targets::{OperationRow, OperationState, Tombstone};

impl Engine<'_> {
    /// Tombstones every operation that the target lost and seals it as gone; all of them if the database is absent
    /// (`present` is false).
    ///
    /// Returns the operations written off, newest first. A person decides this; mfm never infers it.
    ///
    /// # Errors
    /// An error of target or journal.
    pub fn write_off(&mut self, present: bool) -> Result<Vec<(u64, OperationVerdict)>, EngineError> {
        let holder = self.holder.clone();
        let lock = self.journal.lock(&holder)?;
        if present {
            // A journal that lost its own tail must not write off what the target still has.
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

    /// Returns the operations since the target was marked that it lost, newest first, and the newest that it still
    /// holds.
    fn find_lost(&mut self, present: bool) -> Result<(Vec<Operation>, Option<NewestOperation>), EngineError> {
        let lineage = self.journal.state().targets.get(&self.name).map(|target| target.lineage.clone());
        let lineage: BTreeSet<_> = lineage.unwrap_or_default().into_iter().collect();
        let (mut lost, mut newest, mut before) = (Vec::new(), None, None);
        loop {
            let page = self.journal.read_operations(before, 256)?;
            let Some(last) = page.last() else { return Ok((lost, newest)) };
            before = Some(last.op);
            for operation in page {
                // A journal may know several targets, and this one under several identities.
                let ours = operation.target.name == self.name && lineage.contains(&operation.target.identity);
                if !ours || !matches!(operation.verdict, None | Some(OperationVerdict::Applied)) {
                    continue;
                }
                let row = if present { self.target.find_operation(&operation.uid)? } else { None };
                let state = row.map(|row| row.state);
                match (state, operation.verdict) {
                    // A tombstone without a seal is from a write-off that crashed in between: it is finished now.
                    (None | Some(OperationState::Abandoned), _) => lost.push(operation),
                    (Some(OperationState::Committed), Some(OperationVerdict::Applied)) if newest.is_none() => {
                        newest = Some(NewestOperation { op: operation.op, uid: operation.uid });
                    }
                    _ => {}
                }
            }
        }
    }

    /// Inserts a tombstone; `false` where the operation is there after all, or another transaction hides whether it is.
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
        // Who decided it: this cannot be proved from the target.
        body.insert("word_of".into(), json!(self.actor));
        if operation.verdict.is_none() {
            // An open operation that the target does not hold never took effect, or its effect was lost too.
            return self.seal(lock, operation.op, OperationVerdict::Abandoned, body);
        }
        body.insert("newest".into(), json!(newest));
        body.insert("reactivates".into(), json!(self.find_reactivated(operation)?));
        self.seal(lock, operation.op, OperationVerdict::Gone, body)
    }

    /// Returns the operation that is active again because the target lost this revert of it.
    fn find_reactivated(&self, lost: &Operation) -> Result<Option<ReactivatedOperation>, EngineError> {
        let Some(op) = lost.reverts else { return Ok(None) };
        let Some(of) = self.journal.read_operation(op)? else { return Ok(None) };
        // Only operations of even depth (applies, reverts of reverts) can be active; depth counts the chain of reverts.
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
