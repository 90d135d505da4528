//! Closing operations that a crash left open: by a tombstone where the target can answer, by a person's word otherwise.

use mfm_journal::{Change, Journal, LockHolder, Operation, OperationVerdict, Stamp, WriterLock};
use serde_json::{Map, json};

use super::Engine;
use super::apply::drift_body;
use super::error::EngineError;
use super::guard;
use super::reread::{self, ChangeSide, DifferingRow};
use crate::model::Refusal;
use crate::targets::{OperationRow, OperationState, TargetError, Tombstone};

/// The result of closing an open operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedOperation {
    /// Its number.
    pub op: u64,
    /// The verdict; `None` while it stays open.
    pub verdict: Option<OperationVerdict>,
    /// Rows that differ from what the verdict implies.
    pub differing: Vec<DifferingRow>,
    /// Why it stays open; `None` where it was closed.
    pub why: Option<String>,
}

/// A person's word on what became of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeclaredVerdict {
    /// It took effect.
    Applied,
    /// It never took effect.
    Abandoned,
}

impl Engine<'_> {
    /// Closes every open operation on the target, oldest first.
    ///
    /// # Errors
    /// A refusal of the guard, or an error of target or journal. An operation that stays open is not an error.
    pub fn recover(&mut self) -> Result<Vec<ClosedOperation>, EngineError> {
        let holder = self.holder.clone();
        let lock = self.journal.lock(&holder)?;
        let open: Vec<u64> = self.open_operations();
        let closed = open.into_iter().map(|op| close_operation(self, &lock, op)).collect();
        self.journal.checkpoint();
        closed
    }

    /// Returns the open operations on the target, oldest first.
    #[must_use]
    pub fn open_operations(&self) -> Vec<u64> {
        self.journal.state().open_on(&self.name).map(|(op, _)| op).collect()
    }
}

/// Closes an open operation by a person's word, journaled as such; needs no target.
///
/// # Errors
/// [`Refusal::NoOperation`], [`Refusal::NotOpen`], or the journal's error.
pub fn by_word(
    journal: &mut Journal,
    holder: &LockHolder,
    stamp: &Stamp,
    op: u64,
    word: DeclaredVerdict,
) -> Result<ClosedOperation, EngineError> {
    let lock = journal.lock(holder)?;
    let operation = journal.read_operation(op)?.ok_or(Refusal::NoOperation { op })?;
    if let Some(verdict) = operation.verdict {
        return Err(Refusal::NotOpen { op, state: verdict.as_str().to_owned() }.into());
    }
    let verdict =
        if word == DeclaredVerdict::Applied { OperationVerdict::Applied } else { OperationVerdict::Abandoned };
    let mut body = Map::new();
    // An audit must see that a person decided this, and not the target.
    body.insert("word_of".into(), json!(stamp.actor));
    journal.seal(&lock, stamp, op, verdict, body)?;
    journal.checkpoint();
    Ok(ClosedOperation { op, verdict: Some(verdict), differing: Vec::new(), why: None })
}

/// Closes one open operation under the journal's lock. The absence of its uid proves nothing, because an open
/// transaction hides it: only a tombstone that was inserted in its place does.
///
/// # Errors
/// A refusal of the guard, or an error of target or journal.
pub fn close_operation(engine: &mut Engine<'_>, lock: &WriterLock, op: u64) -> Result<ClosedOperation, EngineError> {
    match try_close(engine, lock, op) {
        // A lock of the database can block the reads too. The tombstone stays, and the next recover finds it.
        Err(EngineError::Target(error)) if error.is_transient() => Ok(left_undecided(op, &error.to_string())),
        other => other,
    }
}

fn try_close(engine: &mut Engine<'_>, lock: &WriterLock, op: u64) -> Result<ClosedOperation, EngineError> {
    let operation = engine.journal.read_operation(op)?.ok_or(Refusal::NoOperation { op })?;
    check_marking(engine, &operation)?;
    let row =
        OperationRow { uid: operation.uid, journal_id: engine.journal.id(), op, state: OperationState::Abandoned };
    let at_us = engine.clock.now_us();
    let tombstone = match engine.target.open_writer(engine.wait_ms) {
        Ok(mut writer) => writer.write_tombstone(&row, at_us),
        Err(error) => Err(error),
    };
    match tombstone {
        // A tombstone that is there already is from a recover that ended before its seal.
        Ok(Tombstone::Inserted | Tombstone::Found(OperationState::Abandoned)) => {
            seal_by_tombstone(engine, lock, &operation, OperationVerdict::Abandoned, ChangeSide::Before)
        }
        Ok(Tombstone::Found(OperationState::Committed)) => {
            seal_by_tombstone(engine, lock, &operation, OperationVerdict::Applied, ChangeSide::After)
        }
        Ok(Tombstone::Undecided) => Ok(left_undecided(op, "another transaction on the target is still in progress")),
        Err(error) => Err(error.into()),
    }
}

fn left_undecided(op: u64, why: &str) -> ClosedOperation {
    ClosedOperation { op, verdict: None, differing: Vec::new(), why: Some(why.to_owned()) }
}

/// Checks marker and identity only: which operations the target holds is what a recover finds out.
fn check_marking(engine: &mut Engine<'_>, operation: &Operation) -> Result<(), EngineError> {
    let marker = guard::check_marker(engine.target).map_err(|error| match error {
        // The operation was made here, so a marker that is gone or of another database means another database.
        EngineError::Refused(refusal @ (Refusal::Unmarked { .. } | Refusal::MarkedElsewhere { .. })) => {
            let url = engine.target.url().to_owned();
            EngineError::Target(TargetError::Replaced { url, what: refusal.to_string() })
        }
        other => other,
    })?;
    let newest = engine.target.find_newest_operation(&engine.journal.id())?;
    guard::find_newest_held(engine.journal, newest)?;
    let identity = marker.identity();
    let record = engine.journal.state().targets.get(&engine.name);
    let is_known =
        record.is_some_and(|r| r.identity == Some(identity) && r.lineage.contains(&operation.target.identity));
    if is_known {
        return Ok(());
    }
    let what = format!("operation {} was made on another marking", operation.op);
    Err(EngineError::Target(TargetError::Replaced { url: engine.target.url().to_owned(), what }))
}

fn seal_by_tombstone(
    engine: &mut Engine<'_>,
    lock: &WriterLock,
    operation: &Operation,
    verdict: OperationVerdict,
    side: ChangeSide,
) -> Result<ClosedOperation, EngineError> {
    // In batches, because an operation may have changed more rows than fit into memory.
    let mut differing = Vec::new();
    let mut batch: Vec<Change> = Vec::with_capacity(reread::BATCH);
    let mut failure = None;
    let journal = &*engine.journal;
    let target = &mut *engine.target;
    journal.visit_changes(operation, &mut |change| {
        batch.push(change);
        if batch.len() < reread::BATCH {
            return std::ops::ControlFlow::Continue(());
        }
        match reread::find_differing(target, &std::mem::take(&mut batch), side) {
            Ok(rows) => differing.extend(rows),
            // The journal's visitor has no error of its own, so it breaks, and the error is returned below.
            Err(error) => {
                failure = Some(error);
                return std::ops::ControlFlow::Break(());
            }
        }
        std::ops::ControlFlow::Continue(())
    })?;
    if let Some(error) = failure {
        return Err(error);
    }
    // The rest, which did not fill a batch.
    differing.extend(reread::find_differing(target, &batch, side)?);
    let mut body = drift_body(&differing);
    body.insert("recovered".into(), json!(true));
    engine.seal(lock, operation.op, verdict, body)?;
    Ok(ClosedOperation { op: operation.op, verdict: Some(verdict), differing, why: None })
}
