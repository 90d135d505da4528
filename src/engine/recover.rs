//! Closing what a crash left open: by tombstone where the target can answer, by a person's word where it cannot.

use mfm_journal::{Change, Holder, Journal, Operation, Stamp, Verdict, WriterLock};
use serde_json::{Map, json};

use super::Engine;
use super::apply::drift_body;
use super::error::EngineError;
use super::guard;
use super::look::{self, Differing, Side};
use crate::model::Refusal;
use crate::targets::{OperationRow, OperationState, TargetError, Tombstone};

/// What became of an open operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Its number.
    pub op: u64,
    /// The verdict; `None` while it stays open.
    pub verdict: Option<Verdict>,
    /// Rows that are not as the verdict says.
    pub differing: Vec<Differing>,
    /// Why it stays open.
    pub why: Option<String>,
}

/// A person's word on an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// It took effect.
    Applied,
    /// It never took effect.
    Abandoned,
}

impl Engine<'_> {
    /// Closes every open operation on the target, oldest first.
    ///
    /// # Errors
    /// What guard, target or journal say; an operation that stays undecided is no error.
    pub fn recover(&mut self) -> Result<Vec<Closed>, EngineError> {
        let holder = self.holder.clone();
        let lock = self.journal.lock(&holder)?;
        let open: Vec<u64> = self.open();
        let closed = open.into_iter().map(|op| close(self, &lock, op)).collect();
        self.journal.checkpoint();
        closed
    }

    /// Returns the open operations on the target, oldest first.
    #[must_use]
    pub fn open(&self) -> Vec<u64> {
        self.journal.state().open_on(&self.name).map(|(op, _)| op).collect()
    }
}

/// Closes an open operation by a person's word, journaled as such; needs no target.
///
/// # Errors
/// [`Refusal::NoOperation`], [`Refusal::NotOpen`], or what the journal says.
pub fn by_word(
    journal: &mut Journal,
    holder: &Holder,
    stamp: &Stamp,
    op: u64,
    word: Word,
) -> Result<Closed, EngineError> {
    let lock = journal.lock(holder)?;
    let operation = journal.operation(op)?.ok_or(Refusal::NoOperation { op })?;
    if let Some(verdict) = operation.verdict {
        return Err(Refusal::NotOpen { op, state: verdict.as_str().to_owned() }.into());
    }
    let verdict = if word == Word::Applied { Verdict::Applied } else { Verdict::Abandoned };
    let mut body = Map::new();
    body.insert("word_of".into(), json!(stamp.actor));
    journal.seal(&lock, stamp, op, verdict, body)?;
    journal.checkpoint();
    Ok(Closed { op, verdict: Some(verdict), differing: Vec::new(), why: None })
}

/// Closes one open operation, the lock held: never from absence, because an open transaction hides its uid.
///
/// # Errors
/// What guard, target or journal say.
pub fn close(engine: &mut Engine<'_>, lock: &WriterLock, op: u64) -> Result<Closed, EngineError> {
    match closed(engine, lock, op) {
        // A lock may be in the way of reading as of writing: whatever was found out, the next recover finds again.
        Err(EngineError::Target(error)) if error.is_transient() => Ok(undecided(op, &error.to_string())),
        other => other,
    }
}

fn closed(engine: &mut Engine<'_>, lock: &WriterLock, op: u64) -> Result<Closed, EngineError> {
    let operation = engine.journal.operation(op)?.ok_or(Refusal::NoOperation { op })?;
    standing(engine, &operation)?;
    let row =
        OperationRow { uid: operation.uid, journal_id: engine.journal.id(), op, state: OperationState::Abandoned };
    let at_us = engine.clock.now_us();
    let tombstone = match engine.target.writer(engine.wait_ms) {
        Ok(mut writer) => writer.tombstone(&row, at_us),
        Err(error) => Err(error),
    };
    match tombstone {
        Ok(Tombstone::Inserted | Tombstone::Found(OperationState::Abandoned)) => {
            decide(engine, lock, &operation, Verdict::Abandoned, Side::Before)
        }
        Ok(Tombstone::Found(OperationState::Committed)) => {
            decide(engine, lock, &operation, Verdict::Applied, Side::After)
        }
        Ok(Tombstone::Undecided) => Ok(undecided(op, "another transaction still holds its place in the target")),
        Err(error) => Err(error.into()),
    }
}

fn undecided(op: u64, why: &str) -> Closed {
    Closed { op, verdict: None, differing: Vec::new(), why: Some(why.to_owned()) }
}

/// The guard of a recover: the marker and the identity, and no question about other operations.
fn standing(engine: &mut Engine<'_>, operation: &Operation) -> Result<(), EngineError> {
    let marker = guard::marker(engine.target).map_err(|error| match error {
        EngineError::Refused(refusal @ (Refusal::Unmarked { .. } | Refusal::MarkedElsewhere { .. })) => {
            let url = engine.target.url().to_owned();
            EngineError::Target(TargetError::Replaced { url, what: refusal.to_string() })
        }
        other => other,
    })?;
    let newest = engine.target.newest(&engine.journal.id())?;
    guard::held(engine.journal, newest)?;
    let identity = marker.identity();
    let record = engine.journal.state().targets.get(&engine.name);
    let known = record.is_some_and(|r| r.identity == Some(identity) && r.lineage.contains(&operation.target.identity));
    if known {
        return Ok(());
    }
    let what = format!("operation {} was made on another marking", operation.op);
    Err(EngineError::Target(TargetError::Replaced { url: engine.target.url().to_owned(), what }))
}

fn decide(
    engine: &mut Engine<'_>,
    lock: &WriterLock,
    operation: &Operation,
    verdict: Verdict,
    side: Side,
) -> Result<Closed, EngineError> {
    let mut differing = Vec::new();
    let mut batch: Vec<Change> = Vec::with_capacity(look::BATCH);
    let mut failure = None;
    let journal = &*engine.journal;
    let target = &mut *engine.target;
    journal.changes(operation, &mut |change| {
        batch.push(change);
        if batch.len() < look::BATCH {
            return std::ops::ControlFlow::Continue(());
        }
        match look::differing(target, &std::mem::take(&mut batch), side) {
            Ok(rows) => differing.extend(rows),
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
    differing.extend(look::differing(target, &batch, side)?);
    let mut body = drift_body(&differing);
    body.insert("recovered".into(), json!(true));
    engine.seal(lock, operation.op, verdict, body)?;
    Ok(Closed { op: operation.op, verdict: Some(verdict), differing, why: None })
}
