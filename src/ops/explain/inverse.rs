//! What a revert of an operation would do now, what blocks it, and the ways out; writes nothing.

use std::collections::BTreeSet;

use mfm_journal::{Journal, Operation, OperationVerdict};
use serde::Serialize;

use crate::engine::revert::{DriftedRow, JudgedReverts, RevertOptions, RevertSelection};
use crate::engine::terms::JudgingTerms;
use crate::engine::{Engine, EngineError, resolve};
use crate::model::NextStep;
use crate::model::next_step::{Deed, Flag, act, say};
use crate::model::refusal::{Conflict, LostPlace};
use crate::ops::cell::{self, CHANGES_MAX, ChangeRow};
use crate::ops::{Context, Failure, FailureKind, render_count};
use crate::plan;

/// Whether a revert is possible now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum InverseState {
    /// A revert would put back every row.
    Possible,
    /// It is blocked; `blocked_by` says by what.
    Blocked,
    /// All its rows were reverted before.
    AlreadyReverted,
    /// There is nothing to revert: it never took effect, or the target lost it.
    Nothing,
    /// The target could not be read.
    #[default]
    Unknown,
}

/// What a revert would do now.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Inverse {
    /// Whether it is possible.
    pub state: InverseState,
    /// The operations that now carry the rows, which a revert would revert.
    pub carried_by: Vec<u64>,
    /// Whether it would revert a revert, so that the fault is in effect again.
    pub again: bool,
    /// Number of rows that it would put back.
    pub rows: u64,
    /// Number of rows that already equal their before-image.
    pub already_back: u64,
    /// Number of rows in conflict.
    pub in_conflict: u64,
    /// Rows that it would put back, of which other columns were changed by another program.
    pub drift: Vec<DriftedRow>,
    /// The first thousand rows that it would write: as they are now, and as they would be.
    pub changes: Vec<ChangeRow>,
    /// Why the target could not be read, or why there is nothing to revert.
    pub why: Option<String>,
}

/// Something that blocks a revert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RevertBlock {
    /// `later_operation`, `foreign_change`, `open_operation` or `refusal`.
    pub what: &'static str,
    /// The failure code of a revert.
    pub code: String,
    /// The later or open operation.
    pub operation: Option<u64>,
    /// The table of a row in conflict.
    pub table: Option<String>,
    /// Its key, as text.
    pub key: Option<String>,
    /// The columns that differ.
    pub columns: Vec<String>,
    /// A description in one sentence.
    pub message: String,
}

/// The inverse, what blocks it, and what can be done.
#[derive(Debug, Default)]
pub(super) struct FoundInverse {
    pub(super) inverse: Inverse,
    pub(super) blocked_by: Vec<RevertBlock>,
    pub(super) ways_out: Vec<NextStep>,
}

/// Finds out what a revert of an operation would do now.
pub(super) fn find_inverse(
    context: &Context<'_>,
    journal: &mut Journal,
    operation: &Operation,
) -> Result<FoundInverse, Failure> {
    let op = operation.op;
    let mut result = FoundInverse::default();
    match operation.verdict {
        None => {
            result.note_open(op);
            return Ok(result);
        }
        Some(OperationVerdict::Applied) => {}
        Some(verdict) => {
            let why = if verdict == OperationVerdict::Gone { "the target lost it" } else { "it never took effect" };
            (result.inverse.state, result.inverse.why) = (InverseState::Nothing, Some(why.to_owned()));
            return Ok(result);
        }
    }
    result.inverse.carried_by = resolve::find_carriers(journal, op)?.iter().map(|carrier| carrier.op).collect();
    if result.inverse.carried_by.is_empty() {
        result.inverse.state = InverseState::AlreadyReverted;
        let reverts = resolve::applied_reverts(journal, op)?;
        let by: Vec<String> = reverts.iter().map(|revert| revert.op.to_string()).collect();
        let why = if by.is_empty() { "it wrote no row".to_owned() } else { format!("by operation {}", by.join(", ")) };
        result.inverse.why = Some(why);
        if let Some(last) = reverts.last().map(|revert| revert.op) {
            let does = format!("takes operation {last} back, so the changes of {op} are in effect again");
            result.ways_out.push(act(Deed::revert([last]), does));
        }
        return Ok(result);
    }
    let name = operation.target.name.clone();
    let Some(url) = journal.state().targets.get(&name).map(|target| target.url.clone()) else {
        result.inverse.why = Some(format!("{name} is no longer registered"));
        return Ok(result);
    };
    let mut target = match context.open_target(&url) {
        Ok(target) => target,
        Err(error) => {
            result.note_unreadable(&error.into());
            return Ok(result);
        }
    };
    let mut engine = context.engine(journal, target.as_mut(), &name);
    result.ask_engine(&mut engine, op)?;
    Ok(result)
}

impl FoundInverse {
    /// Lets the engine judge the revert without writing.
    fn ask_engine(&mut self, engine: &mut Engine<'_>, op: u64) -> Result<(), Failure> {
        let selection = RevertSelection::Operations(vec![op]);
        match engine.survey_reverts(&selection, RevertOptions::default()) {
            Ok(judged) => self.note_judgement(engine, op, &judged),
            // A broken journal is an error of this command; a refusal or a target error is part of the answer.
            Err(error @ (EngineError::Journal(_) | EngineError::Interrupted)) => Err(error.into()),
            Err(error) => {
                self.note_stop(engine, &error.into());
                Ok(())
            }
        }
    }

    /// Adds the engine's judgement, row by row.
    fn note_judgement(&mut self, engine: &mut Engine<'_>, op: u64, judged: &JudgedReverts) -> Result<(), Failure> {
        for planned in &judged.planned {
            let changes = plan::build_changes(&planned.rows).map_err(EngineError::from)?;
            let writes = changes.iter().filter(|change| change.is_write()).count() as u64;
            self.inverse.again |= !planned.operation.depth.is_multiple_of(2);
            self.inverse.rows += writes;
            self.inverse.already_back += changes.len() as u64 - writes;
            self.inverse.in_conflict += planned.conflicts.len() as u64;
            self.inverse.drift.extend(planned.drift.iter().cloned());
            let room = CHANGES_MAX - self.inverse.changes.len();
            let shown = changes.iter().filter(|change| change.is_write()).take(room).map(cell::to_change_row);
            self.inverse.changes.extend(shown);
            self.blocked_by.extend(planned.conflicts.iter().map(describe_conflict));
        }
        self.inverse.state = if self.blocked_by.is_empty() { InverseState::Possible } else { InverseState::Blocked };
        // Preflight against schema and other rows: only where there are no conflicts, as in a revert itself.
        if self.inverse.state == InverseState::Possible {
            for planned in &judged.planned {
                match engine.prepare_by(&planned.rows, &JudgingTerms::of_revert(&planned.operation, false)) {
                    Ok(_) => {}
                    Err(error @ EngineError::Journal(_)) => return Err(error.into()),
                    Err(error) => self.note_refusal(&error.into()),
                }
            }
        }
        self.list_ways_out(engine, op, judged)
    }

    /// Adds the commands that would revert the operation.
    fn list_ways_out(&mut self, engine: &mut Engine<'_>, op: u64, judged: &JudgedReverts) -> Result<(), Failure> {
        let conflicts: Vec<&Conflict> = judged.planned.iter().flat_map(|planned| &planned.conflicts).collect();
        if conflicts.is_empty() {
            if self.inverse.state == InverseState::Possible {
                let does = match self.inverse.rows {
                    0 => "closes it: all its rows are already restored".to_owned(),
                    rows if self.inverse.again => {
                        format!("commits the fault again, in {}", render_count(rows, "row"))
                    }
                    rows => format!("restores {}", render_count(rows, "row")),
                };
                self.ways_out.push(act(Deed::revert([op]), does));
            }
            return Ok(());
        }
        let later: BTreeSet<u64> = conflicts.iter().filter_map(|conflict| conflict.operation).collect();
        if !later.is_empty() {
            self.ways_out.push(describe_cascade(engine, op)?);
        }
        if self.inverse.rows + self.inverse.already_back > 0 {
            let does = format!(
                "restores {} and leaves {} in conflict",
                render_count(self.inverse.rows, "row"),
                render_count(self.inverse.in_conflict, "row")
            );
            self.ways_out.push(act(Deed::revert_with(op, [Flag::SkipConflicts]), does));
        }
        if conflicts.iter().any(|conflict| conflict.lost_its_place()) {
            let first = "restore the column or table with its former type, and revert again; there is no other way";
            self.ways_out.push(say(first));
        }
        let foreign =
            conflicts.into_iter().filter(|conflict| conflict.operation.is_none() && !conflict.lost_its_place());
        let (gone, changed): (Vec<&Conflict>, Vec<&Conflict>) =
            foreign.partition(|conflict| conflict.lost == Some(LostPlace::Row));
        // Force overrides foreign writes only: not later operations of this journal, and not missing rows.
        if !changed.is_empty() && gone.is_empty() && later.is_empty() {
            let does = format!("overwrites what somebody else wrote to {}", render_count(changed.len() as u64, "row"));
            self.ways_out.push(act(Deed::revert_with(op, [Flag::Force]), does));
        }
        // A missing row can only be given up, which needs both flags.
        if !gone.is_empty() {
            let mut does = format!("gives up {} that somebody else deleted", render_count(gone.len() as u64, "row"));
            if !changed.is_empty() {
                does += &format!(", and overwrites what was written to {}", render_count(changed.len() as u64, "row"));
            }
            self.ways_out.push(act(Deed::revert_with(op, [Flag::Force, Flag::SkipConflicts]), does));
        }
        Ok(())
    }

    /// Adds a failure of the guard, or an open operation: either blocks everything on the target.
    fn note_stop(&mut self, engine: &Engine<'_>, failure: &Failure) {
        if failure.code == "recover_first"
            && let Some(op) = engine.open_operations().first()
        {
            self.note_open(*op);
            return;
        }
        self.inverse.state = InverseState::Blocked;
        self.inverse.why = Some(failure.message.clone());
        self.note_refusal(failure);
    }

    fn note_open(&mut self, op: u64) {
        let message = format!("operation {op} is open: it is not yet known whether it was committed");
        self.inverse.why = Some(message.clone());
        self.blocked_by
            .push(RevertBlock { operation: Some(op), ..build_block("open_operation", "recover_first", message) });
        self.ways_out.push(act(Deed::Recover, "asks the target and closes it"));
    }

    fn note_refusal(&mut self, failure: &Failure) {
        self.inverse.state = InverseState::Blocked;
        self.blocked_by.push(build_block("refusal", &failure.code, failure.message.clone()));
        self.ways_out.extend_from_slice(failure.next.as_slice());
    }

    /// Adds that the target cannot be read, which leaves the state unknown.
    fn note_unreadable(&mut self, failure: &Failure) {
        self.inverse.why = Some(failure.message.clone());
        if failure.kind == FailureKind::Target {
            self.ways_out.extend_from_slice(failure.next.as_slice());
        }
    }
}

/// Returns the step of a cascade, with the operations that it would revert and the conflicts that would remain.
fn describe_cascade(engine: &mut Engine<'_>, op: u64) -> Result<NextStep, Failure> {
    let options = RevertOptions { cascade: true, ..RevertOptions::default() };
    let judged = engine.survey_reverts(&RevertSelection::Operations(vec![op]), options)?;
    let order: Vec<String> = judged.planned.iter().map(|planned| planned.operation.op.to_string()).collect();
    let conflicts: usize = judged.planned.iter().map(|planned| planned.conflicts.len()).sum();
    let mut does = format!("takes back operations {}, in this order", order.join(", "));
    if conflicts > 0 {
        does += &format!("; {} would still be in conflict", render_count(conflicts as u64, "row"));
    }
    Ok(act(Deed::revert_with(op, [Flag::Cascade]), does))
}

fn build_block(what: &'static str, code: &str, message: String) -> RevertBlock {
    let code = code.to_owned();
    RevertBlock { what, code, operation: None, table: None, key: None, columns: Vec::new(), message }
}

fn describe_conflict(conflict: &Conflict) -> RevertBlock {
    let Conflict { table, key, columns, why, operation, .. } = conflict;
    let what = if operation.is_some() { "later_operation" } else { "foreign_change" };
    let named = if columns.is_empty() { String::new() } else { format!(" {}", columns.join(", ")) };
    RevertBlock {
        operation: *operation,
        table: Some(table.clone()),
        key: Some(key.clone()),
        columns: columns.clone(),
        ..build_block(what, "conflict", format!("{table} {key}{named}: {why}"))
    }
}
