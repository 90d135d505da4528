//! Reverting operations: a three-way comparison for each row, all of them before the first write, and one transaction
//! for each operation.

use std::collections::{BTreeMap, BTreeSet};

use mfm_journal::{
    Change, Digest, JournalError, Operation, OperationAction, OperationVerdict, Residue, RevertedRef, RowAction,
    TableShape,
};
use serde_json::{Map, json};

use super::Engine;
use super::apply::{CommittedOperation, OperationProposal, PreparedOperation};
use super::error::EngineError;
use super::guard;
use super::reread::{self, RowProjections};
use super::resolve::{self, RowLocation};
use super::terms::{JudgingTerms, RowsByThen};
use crate::model::refusal::{Conflict, render_key};
use crate::model::{Refusal, Value};
use crate::plan::{PlannedRow, revert_digest};
use crate::targets::in_order;

pub(super) mod judge;

use judge::{RowJudgement, judge_row};

/// How far a revert may go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RevertOptions {
    /// First revert later operations on the same rows.
    pub cascade: bool,
    /// Put back what can be, and leave rows in conflict.
    pub skip_conflicts: bool,
    /// Overwrite what others wrote to the rows since.
    pub force: bool,
    /// Switch triggers off for the transaction. Where they were off for the operation, they are off for its revert
    /// anyway.
    pub disable_triggers: bool,
}

/// Which operations to revert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RevertSelection {
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
    /// The operation to revert.
    pub operation: Operation,
    /// The rows as they are and as they will be; equal where nothing has to be written.
    pub rows: Vec<PlannedRow>,
    /// Rows in conflict, which stay as they are.
    pub conflicts: Vec<Conflict>,
    /// Rows that will be put back in every column that the operation changed, while another column differs.
    pub drift: Vec<DriftedRow>,
    /// The number of rows in conflict that cannot come back and are given up.
    pub given_up: u64,
    /// The prepared operation, once [`Engine::prepare_alone`] has made it.
    pub prepared: Option<PreparedOperation>,
}

/// A row that is put back while other columns of it differ from the image.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct DriftedRow {
    /// The table's name.
    pub table: String,
    /// The key, as text.
    pub key: String,
    /// The columns that were added to the table since, in a row that had to be inserted again: the database fills them.
    pub columns: Vec<String>,
}

impl DriftedRow {
    /// Returns the names of the columns that the database fills, joined by commas; `None` where another writer changed
    /// columns.
    #[must_use]
    pub fn filled_columns(&self) -> Option<String> {
        (!self.columns.is_empty()).then(|| self.columns.join(", "))
    }
}

/// The result of reverting one operation.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The revert's number; `None` where there was nothing left to do.
    pub op: Option<u64>,
    /// The revert's uid; `None` where there was nothing left to do.
    pub uid: Option<Digest>,
    /// The number of the reverted operation.
    pub reverts: u64,
    /// The number of rows written.
    pub rows: u64,
    /// The number of rows that already were as they were before the operation.
    pub kept: u64,
    /// What no revert can put back.
    pub residue: Vec<Residue>,
    /// Rows in conflict, which stayed as they were.
    pub conflicts: Vec<Conflict>,
    /// Rows that were put back while other columns of them differ.
    pub drift: Vec<DriftedRow>,
}

/// The effect of the reverts that were judged so far, on those that are judged after them.
#[derive(Debug, Default)]
struct RevertCourse {
    /// The numbers of the operations to revert.
    going: BTreeSet<u64>,
    /// Rows of these operations that stay as they are, in conflict.
    skipped: BTreeSet<(u64, RowLocation)>,
    /// Rows as they will be after these reverts; `None` for an absent row.
    overlay: BTreeMap<RowLocation, Option<Vec<Value>>>,
    /// Rows that the revert of a revert faults again. That is a new operation, newer than all that are judged after it,
    /// so it claims these rows against them.
    again: BTreeMap<RowLocation, Vec<resolve::RowClaim>>,
}

impl RevertCourse {
    /// Returns a row as the reverts before will leave it.
    fn row_by_then(&self, change: &Change, found: Option<Vec<Value>>) -> Option<Vec<Value>> {
        // The common case, a single revert, needs no key built for the lookup.
        if self.overlay.is_empty() {
            return found;
        }
        self.overlay.get(&resolve::row_location(change)).cloned().unwrap_or(found)
    }

    /// Notes how a revert will leave a row, if other reverts come after it.
    fn note_row(&mut self, change: &Change, row: Option<&Vec<Value>>) {
        if self.going.len() > 1 {
            self.overlay.insert(resolve::row_location(change), row.cloned());
        }
    }

    /// Returns rows as the reverts before will leave them, by table.
    fn by_then(&self) -> RowsByThen {
        let mut out = RowsByThen::new();
        for ((table, key), row) in &self.overlay {
            out.entry(table.clone()).or_default().insert(key.clone(), row.clone());
        }
        out
    }

    /// Tells whether an operation will still be active on a row after these reverts.
    fn is_active_on(&self, op: u64, place: &RowLocation) -> bool {
        !self.going.contains(&op) || self.skipped.contains(&(op, place.clone()))
    }
}

/// A row of an operation to revert.
struct RevertRow<'c> {
    change: &'c Change,
    /// The row as the reverts before will leave it.
    now: Option<Vec<Value>>,
    judgement: RowJudgement,
    /// Whether the schema or another row would not let it back in.
    barred: bool,
}

impl RevertRow<'_> {
    /// Returns the row that has to be inserted again, with its image's table; `None` for any other judgement.
    fn comes_back(&mut self) -> Option<(&TableShape, &mut Vec<Value>)> {
        match &mut self.judgement {
            RowJudgement::Put(Some(row)) if self.now.is_none() => Some((self.change.table.as_ref(), row)),
            _ => None,
        }
    }
}

/// All judged reverts, in the order of execution.
#[derive(Clone, Debug, Default)]
pub struct JudgedReverts {
    /// The reverts to carry out, newest operation first.
    pub planned: Vec<JudgedRevert>,
    /// Numbers of operations that were reverted before.
    pub already: Vec<u64>,
}

impl Engine<'_> {
    /// Judges which rows a revert would put back. Writes nothing.
    ///
    /// # Errors
    /// [`Refusal::Conflict`] and other refusals, or an error of target or journal.
    pub fn judge_reverts(
        &mut self,
        selection: &RevertSelection,
        options: RevertOptions,
    ) -> Result<JudgedReverts, EngineError> {
        let judged = self.survey_reverts(selection, options)?;
        refuse_conflicts(&judged.planned, options)?;
        if judged.planned.len() > 1 {
            self.judge_all(&judged.planned, options)?;
        }
        // The judgement holds until another process writes to the journal, which the commit checks.
        self.seen = self.journal.head().seq;
        Ok(judged)
    }

    /// Judges all reverts before the first write, each with the rows as those before it will leave them. `revert`
    /// judges each again right before its own write.
    fn judge_all(&mut self, planned: &[JudgedRevert], options: RevertOptions) -> Result<(), EngineError> {
        let mut by_then = RowsByThen::new();
        for plan in planned {
            let terms = JudgingTerms::of_revert(&plan.operation, options.disable_triggers);
            self.judge_rows(&plan.rows, &terms, &by_then)?;
            for row in &plan.rows {
                let table = by_then.entry(row.table.shape.name.clone()).or_default();
                table.insert(row.key.clone(), row.after.clone());
            }
        }
        Ok(())
    }

    /// Prepares a revert that is the only one, so that its remarks can be shown before consent. With several, each can
    /// be prepared only after those before it were written.
    ///
    /// # Errors
    /// As [`Engine::prepare`].
    pub fn prepare_alone(&mut self, judged: &mut JudgedReverts, options: RevertOptions) -> Result<(), EngineError> {
        if let [alone] = judged.planned.as_mut_slice() {
            let terms = JudgingTerms::of_revert(&alone.operation, options.disable_triggers);
            alone.prepared = Some(self.prepare_by(&alone.rows, &terms)?);
        }
        Ok(())
    }

    /// Judges row by row, and reports conflicts instead of refusing them: for a preview.
    ///
    /// # Errors
    /// A refusal of the guard, or an error of target or journal.
    pub fn survey_reverts(
        &mut self,
        selection: &RevertSelection,
        options: RevertOptions,
    ) -> Result<JudgedReverts, EngineError> {
        guard::check_target(self.journal, self.target, &self.name)?;
        // An open operation may or may not have changed rows, so nothing can be judged yet.
        guard::nothing_open(self.journal, &self.name)?;
        let (mut todo, already) = self.resolve_selection(selection)?;
        if options.cascade {
            self.add_claimants(&mut todo)?;
        }
        let mut course = RevertCourse { going: todo.keys().copied().collect(), ..RevertCourse::default() };
        let mut planned = Vec::new();
        // Newest first: an older operation's rows are free only once the newer ones are reverted.
        for operation in todo.into_values().rev() {
            guard::check_committed(self.target, operation.op, &operation.uid)?;
            planned.push(self.plan_one(operation, &mut course, options)?);
        }
        Ok(JudgedReverts { planned, already })
    }

    fn resolve_selection(
        &self,
        selection: &RevertSelection,
    ) -> Result<(BTreeMap<u64, Operation>, Vec<u64>), EngineError> {
        let mut todo = BTreeMap::new();
        let mut already = Vec::new();
        let mut here = self.journal.state().active_on(&self.name).map(|(op, _)| op);
        let numbers: Vec<u64> = match selection {
            RevertSelection::Operations(numbers) => numbers.clone(),
            RevertSelection::Last => here.next_back().into_iter().collect(),
            RevertSelection::All => here.collect(),
        };
        for op in numbers {
            self.check_revertible(op)?;
            let carriers = resolve::find_carriers(self.journal, op)?;
            if carriers.is_empty() {
                already.push(op);
            }
            todo.extend(carriers.into_iter().map(|operation| (operation.op, operation)));
        }
        Ok((todo, already))
    }

    fn check_revertible(&self, op: u64) -> Result<(), EngineError> {
        let operation = self.journal.read_operation(op)?.ok_or(Refusal::NoOperation { op })?;
        if operation.target.name != self.name {
            let (theirs, ours) = (operation.target.name, self.name.clone());
            return Err(Refusal::OtherTarget { op, theirs, ours }.into());
        }
        match operation.verdict {
            Some(OperationVerdict::Applied) => Ok(()),
            None => Err(Refusal::RecoverFirst { op }.into()),
            Some(verdict) => Err(Refusal::NotApplied { op, state: verdict.as_str().to_owned() }.into()),
        }
    }

    /// Adds every later active operation that claims a row of a chosen one, until no more are found.
    fn add_claimants(&self, todo: &mut BTreeMap<u64, Operation>) -> Result<(), EngineError> {
        // Each operation added can have claimants of its own.
        let mut fresh: Vec<Operation> = todo.values().cloned().collect();
        while let Some(operation) = fresh.pop() {
            let rows_left = resolve::rows_left(self.journal, &operation)?;
            for claim in resolve::collect_claims(self.journal, &operation, &rows_left)?.into_values().flatten() {
                if todo.contains_key(&claim.op) {
                    continue;
                }
                if let Some(later) = self.journal.read_operation(claim.op)? {
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
        options: RevertOptions,
    ) -> Result<JudgedRevert, EngineError> {
        let mut rows_left = resolve::rows_left(self.journal, &operation)?;
        // Rows that depend on each other (a parent was inserted, then its child) go back in the opposite order.
        if in_order(&rows_left) {
            rows_left.reverse();
        }
        let mut claims = resolve::collect_claims(self.journal, &operation, &rows_left)?;
        for (place, claims) in &mut claims {
            // Claims of operations that are reverted before this one are gone by then, except on rows that they skip.
            claims.retain(|claim| course.is_active_on(claim.op, place));
        }
        let mut lenses = RowProjections::default();
        let current_rows = reread::read_current(self.target, &mut lenses, &rows_left)?;
        let mut plan = JudgedRevert {
            operation,
            rows: Vec::new(),
            conflicts: Vec::new(),
            drift: Vec::new(),
            given_up: 0,
            prepared: None,
        };
        let mut rows = Vec::with_capacity(rows_left.len());
        for (change, row) in rows_left.iter().zip(current_rows) {
            let now = course.row_by_then(change, row);
            let lens = lenses.get_or_load(self.target, &change.table)?;
            let blocker =
                resolve::find_blocker(change, &claims).or_else(|| resolve::find_blocker(change, &course.again));
            let judgement = match blocker {
                Some(op) => RowJudgement::blocked_by(op),
                None => judge_row(change, now.as_deref(), lens, options.force)?,
            };
            // Better no revert at all than one from images that were tampered with.
            if contradicts_digests(change, now.as_deref(), &judgement, lens)? {
                return Err(self.contradiction_error(&plan.operation, change));
            }
            rows.push(RevertRow { change, now, judgement, barred: false });
        }
        reread::fill_unknown_columns(
            self.target,
            &mut lenses,
            rows.iter_mut().filter_map(RevertRow::comes_back).collect(),
        )?;
        if options.skip_conflicts {
            let terms = JudgingTerms::of_revert(&plan.operation, options.disable_triggers);
            self.set_aside(&mut rows, &mut lenses, &terms, course)?;
        }
        for row in rows {
            let lens = lenses.get_or_load(self.target, &row.change.table)?;
            record_row(row, lens, course, &mut plan, options.force && options.skip_conflicts)?;
        }
        Ok(plan)
    }

    /// Marks rows as in conflict that the schema or another row would not let back in.
    fn set_aside(
        &mut self,
        rows: &mut [RevertRow<'_>],
        lenses: &mut RowProjections,
        terms: &JudgingTerms,
        course: &RevertCourse,
    ) -> Result<(), EngineError> {
        let (mut places, mut pending) = (Vec::new(), Vec::new());
        for (at, row) in rows.iter().enumerate() {
            let table = lenses.get_or_load(self.target, &row.change.table)?.table.clone();
            if let (Some(table), RowJudgement::Put(after)) = (table, &row.judgement) {
                let (key, before) = (row.change.key.clone(), row.now.clone());
                places.push(at);
                pending.push(PlannedRow { table, key, before, after: after.clone() });
            }
        }
        if pending.is_empty() {
            return Ok(());
        }
        for (at, why) in places.into_iter().zip(self.find_barred_rows(&pending, terms, &course.by_then())?) {
            if let (Some(row), Some(refusal)) = (rows.get_mut(at), why) {
                row.judgement = RowJudgement::barred_by(&refusal);
                row.barred = true;
            }
        }
        Ok(())
    }

    fn contradiction_error(&self, operation: &Operation, change: &Change) -> EngineError {
        let (op, table, row) = (operation.op, &change.table.name, render_key(&change.key));
        let what = format!("operation {op}: what it says of {table} {row} before contradicts that row's own digest");
        JournalError::Broken { path: self.journal.path().to_owned(), what }.into()
    }

    /// Carries out one judged revert, in its own transaction.
    ///
    /// # Errors
    /// A refusal or failure after which nothing changed, or [`EngineError::LeftOpen`].
    pub fn revert(&mut self, planned: &JudgedRevert, options: RevertOptions) -> Result<Outcome, EngineError> {
        if planned.rows.is_empty() && !planned.conflicts.is_empty() {
            return Ok(untouched_outcome(planned));
        }
        // With several reverts, the rows are as they are only now that those before this one were written.
        let fresh = match planned.prepared {
            Some(_) => None,
            None => {
                let terms = JudgingTerms::of_revert(&planned.operation, options.disable_triggers);
                Some(self.prepare_by(&planned.rows, &terms)?)
            }
        };
        let Some(prepared) = planned.prepared.as_ref().or(fresh.as_ref()) else {
            return Ok(untouched_outcome(planned));
        };
        let operation = &planned.operation;
        let proposal = OperationProposal {
            action: OperationAction::Revert,
            label: operation.label.clone(),
            plan_digest: revert_digest(&operation.plan_digest, &prepared.rows_root()),
            plan_id: None,
            reverts: Some(RevertedRef { op: operation.op, uid: operation.uid, depth: operation.depth }),
            keys: None,
            detail: build_detail(planned, options),
            disable_triggers: JudgingTerms::of_revert(operation, options.disable_triggers).disable_triggers,
            beside: Vec::new(),
        };
        let committed = self.commit(&proposal, prepared)?;
        Ok(build_outcome(planned, prepared.changes(), committed))
    }
}

/// Tells whether the journal contradicts itself: a row that is wholly as an update left it would not become, with the
/// images put back, what the update found by its digest. Where others changed other columns, this cannot be told.
fn contradicts_digests(
    change: &Change,
    now: Option<&[Value]>,
    judgement: &RowJudgement,
    lens: &mut reread::RowProjection,
) -> Result<bool, EngineError> {
    let (RowAction::Update { before_digest, after_digest, .. }, Some(now), RowJudgement::Put(Some(put))) =
        (&change.action, now, judgement)
    else {
        return Ok(false);
    };
    Ok(lens.digest(now)? == Some(*after_digest) && lens.digest(put)? != Some(*before_digest))
}

fn record_row(
    row: RevertRow<'_>,
    lens: &mut reread::RowProjection,
    course: &mut RevertCourse,
    plan: &mut JudgedRevert,
    given_up: bool,
) -> Result<(), EngineError> {
    let RevertRow { change, now, judgement, barred } = row;
    let is_conflict = matches!(judgement, RowJudgement::Conflict { .. });
    let after = match judgement {
        RowJudgement::Put(after) => after,
        RowJudgement::Kept => now.clone(),
        RowJudgement::Conflict { columns, why, operation, lost } => {
            // Given up is only what no later revert could put back: not a row of a later operation, whose turn comes.
            let hopeless = barred || now.is_none();
            let given_up = given_up && hopeless && operation.is_none() && lens.column_positions().is_some();
            let why = if given_up { format!("{why}, and given up") } else { why };
            let (table, key) = (change.table.name.clone(), render_key(&change.key));
            plan.conflicts.push(Conflict { table, key, columns, why, operation, lost });
            if !given_up {
                course.skipped.insert((plan.operation.op, resolve::row_location(change)));
                return Ok(());
            }
            // The revert journals the row as it is, so that the operation no longer counts it among its rows left.
            plan.given_up += 1;
            now.clone()
        }
    };
    let digest = after.as_deref().map(|row| lens.digest(row)).transpose()?.flatten();
    let columns = if now.is_none() && after.is_some() { lens.unknown_columns() } else { Vec::new() };
    if (digest != change.before_digest() || !columns.is_empty()) && !is_conflict {
        plan.drift.push(DriftedRow { table: change.table.name.clone(), key: render_key(&change.key), columns });
    }
    let Some(table) = lens.table.clone() else { return Ok(()) };
    course.note_row(change, after.as_ref());
    // At odd depth this operation is a revert, and taking it back faults the rows again.
    if !plan.operation.depth.is_multiple_of(2) && now != after {
        let claim = resolve::RowClaim { op: plan.operation.op, columns: resolve::changed_columns(change) };
        course.again.entry(resolve::row_location(change)).or_default().push(claim);
    }
    plan.rows.push(PlannedRow { table, key: change.key.clone(), before: now, after });
    Ok(())
}

/// Refuses all reverts for the first operation in conflict; with `skip_conflicts`, only where no row can be put back.
fn refuse_conflicts(planned: &[JudgedRevert], options: RevertOptions) -> Result<(), EngineError> {
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

fn build_detail(planned: &JudgedRevert, options: RevertOptions) -> Map<String, serde_json::Value> {
    let mut detail = Map::new();
    detail.insert("conflicts".into(), json!(planned.conflicts.len()));
    detail.insert("drift".into(), json!(planned.drift.len()));
    detail.insert("forced".into(), json!(options.force));
    detail.insert("skip_conflicts".into(), json!(options.skip_conflicts));
    detail
}

/// Returns the outcome of a revert that can put no row back: nothing is written or journaled.
fn untouched_outcome(planned: &JudgedRevert) -> Outcome {
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

/// Returns the residue of a revert: its own, and that of the operation it reverts, which no revert undoes.
fn merge_residue(operation: &Operation, own: Vec<Residue>) -> Vec<Residue> {
    let all: BTreeSet<(String, String)> =
        operation.residue.iter().cloned().chain(own).map(|residue| (residue.table, residue.what)).collect();
    all.into_iter().map(|(table, what)| Residue { table, what }).collect()
}

fn build_outcome(planned: &JudgedRevert, changes: &[Change], committed: CommittedOperation) -> Outcome {
    let unwritten = changes.iter().filter(|change| !change.is_write()).count() as u64;
    let mut drift = planned.drift.clone();
    for row in &committed.drift {
        drift.push(DriftedRow { table: row.table.clone(), key: render_key(&row.key), columns: Vec::new() });
    }
    Outcome {
        op: Some(committed.op),
        uid: Some(committed.uid),
        reverts: planned.operation.op,
        rows: committed.rows,
        // Rows given up are journaled unwritten too, and are not as they should be.
        kept: unwritten.saturating_sub(planned.given_up),
        residue: merge_residue(&planned.operation, committed.residue),
        conflicts: planned.conflicts.clone(),
        drift,
    }
}
