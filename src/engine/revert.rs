//! Taking operations back: three ways per row, all of them judged before the first write; each in its own transaction.

use std::collections::{BTreeMap, BTreeSet};

use mfm_journal::{
    Action, Change, Digest, JournalError, Operation, OperationAction, Residue, Reverted as RevertedRef, TableShape,
    Verdict,
};
use serde_json::{Map, json};

use super::Engine;
use super::apply::{Committed, Prepared, Proposal};
use super::error::EngineError;
use super::guard;
use super::look::{self, Lenses};
use super::resolve::{self, Place};
use super::terms::{ByThen, Terms};
use crate::model::refusal::{Conflict, show};
use crate::model::{Refusal, Value};
use crate::plan::{Pending, revert_digest};
use crate::targets::in_order;

pub(super) mod judge;

use judge::{Judgement, judge};

/// How far a revert may go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// First revert later operations on the same rows.
    pub cascade: bool,
    /// Put back what can be, and leave rows in conflict.
    pub skip_conflicts: bool,
    /// Overwrite what somebody else wrote.
    pub force: bool,
    /// Switch triggers off for the transaction; where they were off for the operation, they are anyway.
    pub disable_triggers: bool,
}

/// What to take back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// These operations.
    Operations(Vec<u64>),
    /// The newest active operation of the target.
    Last,
    /// Every active operation of the target.
    All,
}

/// A revert that was judged and found possible.
#[derive(Clone, Debug)]
pub struct JudgedRevert {
    /// The operation to take back; `None` where it was taken back before.
    pub operation: Operation,
    /// Rows now and as they will be; equal where nothing has to be written.
    pub rows: Vec<Pending>,
    /// Rows that stay as they are.
    pub conflicts: Vec<Conflict>,
    /// Rows that will be put back in every changed column while another column differs.
    pub drift: Vec<Drift>,
    /// How many rows in conflict are gone, and given up.
    pub given_up: u64,
    /// What [`Engine::prepare_alone`] made of the rows.
    pub prepared: Option<Prepared>,
}

/// A row put back whose other columns are not as they were.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Drift {
    /// The table.
    pub table: String,
    /// The key, as text.
    pub key: String,
    /// The columns that came since the operation, of a row that had to be added again: left to the database.
    pub columns: Vec<String>,
}

impl Drift {
    /// Names the columns that were left to the database; `None` where somebody changed others.
    #[must_use]
    pub fn left(&self) -> Option<String> {
        (!self.columns.is_empty()).then(|| self.columns.join(", "))
    }
}

/// What became of one operation.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The revert's number; `None` where there was nothing left to do.
    pub op: Option<u64>,
    /// Its uid.
    pub uid: Option<Digest>,
    /// The operation taken back.
    pub reverts: u64,
    /// Rows written.
    pub rows: u64,
    /// Rows found as they should be.
    pub kept: u64,
    /// What cannot be put back.
    pub residue: Vec<Residue>,
    /// Rows that stay as they were.
    pub conflicts: Vec<Conflict>,
    /// Rows whose other columns somebody changed.
    pub drift: Vec<Drift>,
}

/// What the reverts judged so far will leave behind.
#[derive(Debug, Default)]
struct RevertCourse {
    /// The operations that are to be taken back.
    going: BTreeSet<u64>,
    /// Rows of theirs that stay as they are, in conflict.
    skipped: BTreeSet<(u64, Place)>,
    /// Rows as they will be.
    overlay: BTreeMap<Place, Option<Vec<Value>>>,
    /// What taking reverts back puts in again: an operation of its own, later than all that are judged after it.
    again: BTreeMap<Place, Vec<resolve::Claim>>,
}

impl RevertCourse {
    /// Returns a row as the reverts before will leave it.
    fn now(&self, change: &Change, found: Option<Vec<Value>>) -> Option<Vec<Value>> {
        if self.overlay.is_empty() {
            found
        } else {
            self.overlay.get(&resolve::place(change)).cloned().unwrap_or(found)
        }
    }

    /// Notes how a revert will leave a row, where others come after it.
    fn leave(&mut self, change: &Change, row: Option<&Vec<Value>>) {
        if self.going.len() > 1 {
            self.overlay.insert(resolve::place(change), row.cloned());
        }
    }

    /// Returns rows as the reverts before will leave them, by table.
    fn by_then(&self) -> ByThen {
        let mut out = ByThen::new();
        for ((table, key), row) in &self.overlay {
            out.entry(table.clone()).or_default().insert(key.clone(), row.clone());
        }
        out
    }

    /// Tells whether an operation will still be active on a row.
    fn stays(&self, op: u64, place: &Place) -> bool {
        !self.going.contains(&op) || self.skipped.contains(&(op, place.clone()))
    }
}

/// A row of an operation that is to be taken back.
struct RevertRow<'c> {
    change: &'c Change,
    /// The row as it will be then.
    now: Option<Vec<Value>>,
    judgement: Judgement,
    /// Whether the schema, or another row, would not let it back in.
    barred: bool,
}

impl RevertRow<'_> {
    /// Returns the row that has to be added again, with its image's table.
    fn comes_back(&mut self) -> Option<(&TableShape, &mut Vec<Value>)> {
        match &mut self.judgement {
            Judgement::Put(Some(row)) if self.now.is_none() => Some((self.change.table.as_ref(), row)),
            _ => None,
        }
    }
}

/// Everything that was judged, in the order of execution.
#[derive(Clone, Debug, Default)]
pub struct Judged {
    /// The reverts to carry out, newest operation first.
    pub planned: Vec<JudgedRevert>,
    /// Operations that were taken back before.
    pub already: Vec<u64>,
}

impl Engine<'_> {
    /// Judges what to take back, and writes nothing.
    ///
    /// # Errors
    /// [`Refusal::Conflict`] and other refusals, or what target and journal say.
    pub fn judge(&mut self, selection: &Selection, options: Options) -> Result<Judged, EngineError> {
        let judged = self.survey(selection, options)?;
        refuse_conflicts(&judged.planned, options)?;
        if judged.planned.len() > 1 {
            self.judge_all(&judged.planned, options)?;
        }
        self.seen = self.journal.head().seq;
        Ok(judged)
    }

    /// Judges all before the first write, each as those before it will leave the rows; and each again before its own.
    fn judge_all(&mut self, planned: &[JudgedRevert], options: Options) -> Result<(), EngineError> {
        let mut by_then = ByThen::new();
        for plan in planned {
            let terms = Terms::of_revert(&plan.operation, options.disable_triggers);
            self.judge_rows(&plan.rows, &terms, &by_then)?;
            for row in &plan.rows {
                let table = by_then.entry(row.table.shape.name.clone()).or_default();
                table.insert(row.key.clone(), row.after.clone());
            }
        }
        Ok(())
    }

    /// Prepares a revert that stands alone, before anybody is asked: with several, each waits for those before it.
    ///
    /// # Errors
    /// As [`Engine::prepare`].
    pub fn prepare_alone(&mut self, judged: &mut Judged, options: Options) -> Result<(), EngineError> {
        if let [alone] = judged.planned.as_mut_slice() {
            let terms = Terms::of_revert(&alone.operation, options.disable_triggers);
            alone.prepared = Some(self.prepare_by(&alone.rows, &terms)?);
        }
        Ok(())
    }

    /// Judges row by row what to take back, and refuses nothing for a conflict: a look, no consent to a revert.
    ///
    /// # Errors
    /// What the guard says, or target and journal.
    pub fn survey(&mut self, selection: &Selection, options: Options) -> Result<Judged, EngineError> {
        guard::pass(self.journal, self.target, &self.name)?;
        guard::nothing_open(self.journal, &self.name)?;
        let (mut todo, already) = self.selected(selection)?;
        if options.cascade {
            self.cascade(&mut todo)?;
        }
        let mut course = RevertCourse { going: todo.keys().copied().collect(), ..RevertCourse::default() };
        let mut planned = Vec::new();
        for operation in todo.into_values().rev() {
            guard::holds(self.target, operation.op, &operation.uid)?;
            planned.push(self.plan_one(operation, &mut course, options)?);
        }
        Ok(Judged { planned, already })
    }

    fn selected(&self, selection: &Selection) -> Result<(BTreeMap<u64, Operation>, Vec<u64>), EngineError> {
        let mut todo = BTreeMap::new();
        let mut already = Vec::new();
        let mut here = self.journal.state().active_on(&self.name).map(|(op, _)| op);
        let numbers: Vec<u64> = match selection {
            Selection::Operations(numbers) => numbers.clone(),
            Selection::Last => here.next_back().into_iter().collect(),
            Selection::All => here.collect(),
        };
        for op in numbers {
            self.belongs(op)?;
            let carriers = resolve::carriers(self.journal, op)?;
            if carriers.is_empty() {
                already.push(op);
            }
            todo.extend(carriers.into_iter().map(|operation| (operation.op, operation)));
        }
        Ok((todo, already))
    }

    fn belongs(&self, op: u64) -> Result<(), EngineError> {
        let operation = self.journal.operation(op)?.ok_or(Refusal::NoOperation { op })?;
        if operation.target.name != self.name {
            let (theirs, ours) = (operation.target.name, self.name.clone());
            return Err(Refusal::OtherTarget { op, theirs, ours }.into());
        }
        match operation.verdict {
            Some(Verdict::Applied) => Ok(()),
            None => Err(Refusal::RecoverFirst { op }.into()),
            Some(verdict) => Err(Refusal::NotApplied { op, state: verdict.as_str().to_owned() }.into()),
        }
    }

    /// Adds every later active operation that claims a row of one already chosen, until none is left to add.
    fn cascade(&self, todo: &mut BTreeMap<u64, Operation>) -> Result<(), EngineError> {
        let mut fresh: Vec<Operation> = todo.values().cloned().collect();
        while let Some(operation) = fresh.pop() {
            let left = resolve::rows_left(self.journal, &operation)?;
            for claim in resolve::claims(self.journal, &operation, &left)?.into_values().flatten() {
                if todo.contains_key(&claim.op) {
                    continue;
                }
                if let Some(later) = self.journal.operation(claim.op)? {
                    fresh.push(later.clone());
                    todo.insert(claim.op, later);
                }
            }
        }
        Ok(())
    }

    fn plan_one(
        &mut self,
        operation: Operation,
        course: &mut RevertCourse,
        options: Options,
    ) -> Result<JudgedRevert, EngineError> {
        let mut left = resolve::rows_left(self.journal, &operation)?;
        if in_order(&left) {
            left.reverse();
        }
        let mut claims = resolve::claims(self.journal, &operation, &left)?;
        for (place, claims) in &mut claims {
            claims.retain(|claim| course.stays(claim.op, place));
        }
        let mut lenses = Lenses::default();
        let mut now = look::current(self.target, &mut lenses, &left)?;
        let mut plan = JudgedRevert {
            operation,
            rows: Vec::new(),
            conflicts: Vec::new(),
            drift: Vec::new(),
            given_up: 0,
            prepared: None,
        };
        let mut rows = Vec::with_capacity(left.len());
        for (change, now) in left.iter().zip(now.drain(..)) {
            let now = course.now(change, now);
            let lens = lenses.get(self.target, &change.table)?;
            let blocker = resolve::blocker(change, &claims).or_else(|| resolve::blocker(change, &course.again));
            let judgement = match blocker {
                Some(op) => Judgement::blocked(op),
                None => judge(change, now.as_deref(), lens, options.force)?,
            };
            if contradicts(change, now.as_deref(), &judgement, lens)? {
                return Err(self.contradiction(&plan.operation, change));
            }
            rows.push(RevertRow { change, now, judgement, barred: false });
        }
        look::complete(self.target, &mut lenses, rows.iter_mut().filter_map(RevertRow::comes_back).collect())?;
        if options.skip_conflicts {
            let terms = Terms::of_revert(&plan.operation, options.disable_triggers);
            self.set_aside(&mut rows, &mut lenses, &terms, course)?;
        }
        for row in rows {
            let lens = lenses.get(self.target, &row.change.table)?;
            record(row, lens, course, &mut plan, options.force && options.skip_conflicts)?;
        }
        Ok(plan)
    }

    /// Sets rows aside, as in conflict, that the schema or another row would not let back in.
    fn set_aside(
        &mut self,
        rows: &mut [RevertRow<'_>],
        lenses: &mut Lenses,
        terms: &Terms,
        course: &RevertCourse,
    ) -> Result<(), EngineError> {
        let (mut places, mut pending) = (Vec::new(), Vec::new());
        for (at, row) in rows.iter().enumerate() {
            let table = lenses.get(self.target, &row.change.table)?.table.clone();
            if let (Some(table), Judgement::Put(after)) = (table, &row.judgement) {
                let (key, before) = (row.change.key.clone(), row.now.clone());
                places.push(at);
                pending.push(Pending { table, key, before, after: after.clone() });
            }
        }
        if pending.is_empty() {
            return Ok(());
        }
        for (at, why) in places.into_iter().zip(self.barred(&pending, terms, &course.by_then())?) {
            if let (Some(row), Some(refusal)) = (rows.get_mut(at), why) {
                row.judgement = Judgement::barred(&refusal);
                row.barred = true;
            }
        }
        Ok(())
    }

    fn contradiction(&self, operation: &Operation, change: &Change) -> EngineError {
        let (op, table, row) = (operation.op, &change.table.name, show(&change.key));
        let what = format!("operation {op}: what it says of {table} {row} before contradicts that row's own digest");
        JournalError::Broken { path: self.journal.path().to_owned(), what }.into()
    }

    /// Carries out one judged revert.
    ///
    /// # Errors
    /// A refusal or failure after which nothing changed, or [`EngineError::LeftOpen`].
    pub fn revert(&mut self, planned: &JudgedRevert, options: Options) -> Result<Outcome, EngineError> {
        if planned.rows.is_empty() && !planned.conflicts.is_empty() {
            return Ok(untouched(planned));
        }
        let fresh = match planned.prepared {
            Some(_) => None,
            None => {
                let terms = Terms::of_revert(&planned.operation, options.disable_triggers);
                Some(self.prepare_by(&planned.rows, &terms)?)
            }
        };
        let Some(prepared) = planned.prepared.as_ref().or(fresh.as_ref()) else { return Ok(untouched(planned)) };
        let operation = &planned.operation;
        let proposal = Proposal {
            action: OperationAction::Revert,
            tool: operation.tool.clone(),
            mode: operation.mode.clone(),
            variant: operation.variant.clone(),
            severity: operation.severity.clone(),
            plan_digest: revert_digest(&operation.plan_digest, &prepared.rows_root()),
            plan_id: None,
            reverts: Some(RevertedRef { op: operation.op, uid: operation.uid, depth: operation.depth }),
            keys: None,
            detail: detail(planned, options),
            disable_triggers: Terms::of_revert(operation, options.disable_triggers).disable_triggers,
            beside: Vec::new(),
        };
        let committed = self.commit(&proposal, prepared)?;
        Ok(outcome(planned, prepared.changes(), committed))
    }
}

/// Tells whether a row that is all as an update left it would not become what the update found: then the cells to put
/// back were edited since, or the digests. Where somebody changed other columns, nobody can tell.
fn contradicts(
    change: &Change,
    now: Option<&[Value]>,
    judgement: &Judgement,
    lens: &mut look::Lens,
) -> Result<bool, EngineError> {
    let (Action::Update { before_digest, after_digest, .. }, Some(now), Judgement::Put(Some(put))) =
        (&change.action, now, judgement)
    else {
        return Ok(false);
    };
    Ok(lens.digest(now)? == Some(*after_digest) && lens.digest(put)? != Some(*before_digest))
}

fn record(
    row: RevertRow<'_>,
    lens: &mut look::Lens,
    course: &mut RevertCourse,
    plan: &mut JudgedRevert,
    given_up: bool,
) -> Result<(), EngineError> {
    let RevertRow { change, now, judgement, barred } = row;
    let named = || (change.table.name.clone(), show(&change.key));
    let gone = matches!(judgement, Judgement::Conflict { .. });
    let after = match judgement {
        Judgement::Put(after) => after,
        Judgement::Kept => now.clone(),
        Judgement::Conflict { columns, why, operation, lost } => {
            let hopeless = barred || now.is_none();
            let given_up = given_up && hopeless && operation.is_none() && lens.places().is_some();
            let why = if given_up { format!("{why}, and given up") } else { why };
            let (table, key) = named();
            plan.conflicts.push(Conflict { table, key, columns, why, operation, lost });
            if !given_up {
                course.skipped.insert((plan.operation.op, resolve::place(change)));
                return Ok(());
            }
            // The journal notes the row as it is found, so that the operation does not wait for it for ever.
            plan.given_up += 1;
            now.clone()
        }
    };
    let digest = after.as_deref().map(|row| lens.digest(row)).transpose()?.flatten();
    let columns = if now.is_none() && after.is_some() { lens.unknown() } else { Vec::new() };
    if (digest != change.before_digest() || !columns.is_empty()) && !gone {
        let (table, key) = named();
        plan.drift.push(Drift { table, key, columns });
    }
    let Some(table) = lens.table.clone() else { return Ok(()) };
    course.leave(change, after.as_ref());
    if !plan.operation.depth.is_multiple_of(2) && now != after {
        let claim = resolve::Claim { op: plan.operation.op, columns: resolve::columns(change) };
        course.again.entry(resolve::place(change)).or_default().push(claim);
    }
    plan.rows.push(Pending { table, key: change.key.clone(), before: now, after });
    Ok(())
}

/// Refuses the whole for the first operation in conflict; skipping conflicts, only where nothing can be put back.
fn refuse_conflicts(planned: &[JudgedRevert], options: Options) -> Result<(), EngineError> {
    let Some(plan) = planned.iter().find(|plan| !plan.conflicts.is_empty()) else { return Ok(()) };
    if options.skip_conflicts && planned.iter().any(|plan| !plan.rows.is_empty()) {
        return Ok(());
    }
    let blocked_by: BTreeSet<u64> = plan.conflicts.iter().filter_map(|conflict| conflict.operation).collect();
    Err(Refusal::Conflict {
        op: plan.operation.op,
        rows: plan.conflicts.len() as u64,
        blocked_by: blocked_by.into_iter().collect(),
        conflicts: plan.conflicts.clone(),
    }
    .into())
}

fn detail(planned: &JudgedRevert, options: Options) -> Map<String, serde_json::Value> {
    let mut detail = Map::new();
    detail.insert("conflicts".into(), json!(planned.conflicts.len()));
    detail.insert("drift".into(), json!(planned.drift.len()));
    detail.insert("forced".into(), json!(options.force));
    detail.insert("skip_conflicts".into(), json!(options.skip_conflicts));
    detail
}

/// Returns the outcome of a revert that can put nothing back: nothing is written, and nothing journaled.
fn untouched(planned: &JudgedRevert) -> Outcome {
    Outcome {
        op: None,
        uid: None,
        reverts: planned.operation.op,
        rows: 0,
        kept: 0,
        residue: Vec::new(),
        conflicts: planned.conflicts.clone(),
        drift: Vec::new(),
    }
}

/// What a revert leaves behind: its own residue, and that of the operation it takes back, which no revert undoes.
fn remaining(operation: &Operation, own: Vec<Residue>) -> Vec<Residue> {
    let all: BTreeSet<(String, String)> =
        operation.residue.iter().cloned().chain(own).map(|residue| (residue.table, residue.what)).collect();
    all.into_iter().map(|(table, what)| Residue { table, what }).collect()
}

fn outcome(planned: &JudgedRevert, changes: &[Change], committed: Committed) -> Outcome {
    let kept = changes.iter().filter(|change| !change.writes()).count() as u64;
    let mut drift = planned.drift.clone();
    let moved = |row: &look::Differing| (row.table.clone(), show(&row.key));
    let moved = committed.drift.iter().map(moved);
    drift.extend(moved.map(|(table, key)| Drift { table, key, columns: Vec::new() }));
    Outcome {
        op: Some(committed.op),
        uid: Some(committed.uid),
        reverts: planned.operation.op,
        rows: committed.rows,
        kept: kept.saturating_sub(planned.given_up),
        residue: remaining(&planned.operation, committed.residue),
        conflicts: planned.conflicts.clone(),
        drift,
    }
}
