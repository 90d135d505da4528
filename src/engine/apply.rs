//! One operation from preflight to seal: prepare, intend, execute, confirm, seal. Apply and revert both go through
//! here.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use mfm_journal::{
    Change, ChosenKeys, Digest, FaultLabel, Images, Intended, Intent, Operation, OperationAction, OperationVerdict,
    Residue, RevertedRef, WriterLock,
};
use serde_json::{Map, Value as Json, json};

use super::error::{EngineError, Store};
use super::guard::{self, GuardedTarget};
use super::reread::{self, ChangeSide, DifferingRow};
use super::terms::{FOREIGN_KEYS_OFF, JudgingTerms, RowsByThen};
use super::{Engine, recover, resolve};
use crate::model::Refusal;
use crate::plan::{PlannedRow, build_changes};
use crate::targets::{ExecuteError, Executed, PlannedWork, Preflight, TableTouch, TargetError, Writer};

/// An operation that was judged and found possible. Only [`Engine::prepare`] and [`Engine::prepare_by`] make one, so
/// that the images that the journal keeps are the changes that the target gets.
#[derive(Clone, Debug)]
pub struct PreparedOperation {
    changes: Vec<Change>,
    /// The same changes as the journal will keep them, encoded once.
    images: Images,
    touches: Vec<TableTouch>,
    preflight: Preflight,
    /// Whether only a rehearsal inside the transaction can prove that it can be reverted.
    rehearse: bool,
}

impl PreparedOperation {
    /// Returns the exact changes, in the order in which they will be written.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Returns the root of the RFC 6962 tree over the changes.
    #[must_use]
    pub const fn rows_root(&self) -> Digest {
        self.images.rows_root()
    }

    /// Returns the result of the preflight.
    #[must_use]
    pub const fn preflight(&self) -> &Preflight {
        &self.preflight
    }

    /// Returns remarks to show before consent: those of the preflight, and whether the way back will be rehearsed.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let rehearse = "a constraint covers what changes: the way back is rehearsed before the commit".to_owned();
        self.preflight.notes.iter().cloned().chain(self.rehearse.then_some(rehearse)).collect()
    }
}

/// An operation's name and origin: everything that its journal entry says apart from the changes.
#[derive(Clone, Debug)]
pub struct OperationProposal {
    /// Apply or revert.
    pub action: OperationAction,
    /// The fault's label: its tool, mode, variant and severity.
    pub label: FaultLabel,
    /// The plan's digest.
    pub plan_digest: Digest,
    /// The id of the plan file; `None` where none was used.
    pub plan_id: Option<String>,
    /// The operation that a revert takes back; `None` for an apply.
    pub reverts: Option<RevertedRef>,
    /// The keys of the chosen records; `None` for a revert.
    pub keys: Option<ChosenKeys>,
    /// Further facts for the entry; never cell values.
    pub detail: Map<String, Json>,
    /// Whether triggers are switched off for the transaction.
    pub disable_triggers: bool,
    /// The ids of other journals whose operations the target may hold.
    pub beside: Vec<String>,
}

/// An operation that was committed and sealed.
#[derive(Clone, Debug)]
pub struct CommittedOperation {
    /// Its number.
    pub op: u64,
    /// Its uid: the digest of its `intended` entry.
    pub uid: Digest,
    /// The number of rows written.
    pub rows: u64,
    /// What no revert can put back.
    pub residue: Vec<Residue>,
    /// Rows that another writer changed between the commit and the second look.
    pub drift: Vec<DifferingRow>,
}

impl Engine<'_> {
    /// Judges the rows of a fault: their values as the database would store them, unique indexes, triggers, keys and
    /// constraints, and whether all of it could be reverted.
    ///
    /// # Errors
    /// A refusal, or the target's error.
    pub fn prepare(&mut self, rows: &[PlannedRow], disable_triggers: bool) -> Result<PreparedOperation, EngineError> {
        self.prepare_by(rows, &JudgingTerms::of_fault(disable_triggers))
    }

    /// Judges rows that should change under the terms of a fault, or of a revert.
    ///
    /// # Errors
    /// A refusal, or the target's error.
    pub fn prepare_by(&mut self, rows: &[PlannedRow], terms: &JudgingTerms) -> Result<PreparedOperation, EngineError> {
        let (touches, preflight) = self.judge_rows(rows, terms, &RowsByThen::new())?;
        let changes = build_changes(rows)?;
        let images = Images::from_changes(&changes)?;
        // A revert restores rows that the database held before: that way back needs no proof of its own.
        let rehearse = preflight.rehearse && !terms.back;
        Ok(PreparedOperation { changes, images, touches, preflight, rehearse })
    }

    /// Carries out a prepared operation, from the journal's lock to its seal.
    ///
    /// # Errors
    /// A refusal or failure after which nothing changed, or [`EngineError::LeftOpen`].
    pub fn commit(
        &mut self,
        proposal: &OperationProposal,
        prepared: &PreparedOperation,
    ) -> Result<CommittedOperation, EngineError> {
        // The last chance to stop: from the lock on, an operation runs to its seal.
        if self.reporter.is_interrupted() {
            return Err(EngineError::Interrupted);
        }
        let holder = self.holder.clone();
        let lock = self.journal.lock(&holder)?;
        let overtaken = self.journal.head().seq != self.seen;
        let outcome = self.commit_locked(&lock, proposal, prepared);
        // Where another process wrote before the lock, `seen` stays behind, so that every later revert is judged again.
        if !overtaken {
            self.seen = self.journal.head().seq;
        }
        // Best effort: readers may keep the log from being emptied.
        self.journal.checkpoint();
        outcome
    }

    fn commit_locked(
        &mut self,
        lock: &WriterLock,
        proposal: &OperationProposal,
        prepared: &PreparedOperation,
    ) -> Result<CommittedOperation, EngineError> {
        // Nothing that was checked before the lock counts: another process may have written in between.
        let standing = self.check_admission(proposal, prepared)?;
        let intent = build_intent(proposal, prepared, &standing);
        let stamp = self.stamp();
        // The token for `execute` exists only once the entry and its images are on disk.
        let intended = self.journal.intend(lock, &stamp, &intent, &prepared.images)?;
        let work = PlannedWork {
            changes: &prepared.changes,
            touches: &prepared.touches,
            facts: prepared.preflight.facts,
            disable_triggers: proposal.disable_triggers,
            unenforced: &prepared.preflight.unenforced,
            rehearse: prepared.rehearse,
            marker: &standing.marker,
            at_us: stamp.at_us,
        };
        match self.execute_work(&intended, &work) {
            Ok((executed, writer)) => self.confirm_commit(lock, &intended, prepared, &executed, writer),
            Err(ExecuteError::Refused(refusal)) => Err(self.seal_failed(lock, &intended, refusal.into())),
            Err(ExecuteError::RolledBack(error)) => Err(self.seal_failed(lock, &intended, error.into())),
            Err(ExecuteError::Unknown(error)) => self.resolve_lost_commit(lock, &intended, prepared, error),
        }
    }

    /// Checks again, under the lock, everything in the journal and the marker that could forbid the operation.
    fn check_admission(
        &mut self,
        proposal: &OperationProposal,
        prepared: &PreparedOperation,
    ) -> Result<GuardedTarget, EngineError> {
        let standing = guard::check_target(self.journal, self.target, &self.name)?;
        guard::nothing_open(self.journal, &self.name)?;
        if proposal.action == OperationAction::Apply {
            guard::nothing_foreign(&standing, &proposal.beside)?;
        }
        if let Some(reverted) = &proposal.reverts
            && self.journal.head().seq != self.seen
        {
            self.check_still_carried(reverted.op, prepared)?;
        }
        if let Some(plan_id) = &proposal.plan_id
            && let Some(op) = self.journal.plan_used(plan_id)?
        {
            return Err(Refusal::PlanUsed { op }.into());
        }
        Ok(standing)
    }

    /// Refuses a revert whose rows another operation reverted or changed since it was judged.
    fn check_still_carried(&self, op: u64, prepared: &PreparedOperation) -> Result<(), EngineError> {
        let operation = self.journal.read_operation(op)?.ok_or(Refusal::NoOperation { op })?;
        // Rows that were reverted since are no longer left, even where they were faulted again.
        let rows_left = resolve::rows_left(self.journal, &operation)?;
        let places: BTreeSet<resolve::RowLocation> = rows_left.iter().map(resolve::row_location).collect();
        if !prepared.changes.iter().all(|change| places.contains(&resolve::row_location(change))) {
            let what = format!("operation {op} was reverted in the meantime");
            return Err(Refusal::Stale { what }.into());
        }
        let claims = resolve::collect_claims(self.journal, &operation, &prepared.changes)?;
        let mut written_changes = prepared.changes.iter().filter(|change| change.is_write());
        if written_changes.any(|change| resolve::find_blocker(change, &claims).is_some()) {
            let what = format!("a later operation changed rows of operation {op} in the meantime");
            return Err(Refusal::Stale { what }.into());
        }
        Ok(())
    }

    fn execute_work(
        &mut self,
        intended: &Intended,
        work: &PlannedWork<'_>,
    ) -> Result<(Executed, Box<dyn Writer>), ExecuteError> {
        // No transaction has begun yet, so an error in opening the writer counts as rolled back.
        let mut writer = self.target.open_writer(self.wait_ms).map_err(|error| match error {
            TargetError::Refused(refusal) => ExecuteError::Refused(refusal),
            other => ExecuteError::RolledBack(other),
        })?;
        Ok((writer.execute(intended, work)?, writer))
    }

    fn confirm_commit(
        &mut self,
        lock: &WriterLock,
        intended: &Intended,
        prepared: &PreparedOperation,
        executed: &Executed,
        mut writer: Box<dyn Writer>,
    ) -> Result<CommittedOperation, EngineError> {
        // The transaction is committed whatever this look shows: an error in it is reported, and never undoes anything.
        let look_result = thread::scope(|scope| {
            // Emptying the write-ahead log of a large write takes long, so it runs beside the look.
            if prepared.changes.len() > reread::BATCH {
                scope.spawn(move || writer.tidy_after_commit());
            }
            reread::find_differing(self.target, &prepared.changes, ChangeSide::After)
        });
        let (drift, is_confirmed) = match look_result {
            Ok(drift) => (drift, true),
            Err(error) => {
                self.reporter.note(&format!("reading again failed: {error}"));
                (Vec::new(), false)
            }
        };
        let mut body = drift_body(&drift);
        body.insert("rows".into(), json!(executed.rows));
        // A failed look is not drift: the entry says that nothing was confirmed.
        body.insert("confirmed".into(), json!(is_confirmed));
        if executed.retries > 0 {
            body.insert("retries".into(), json!(executed.retries));
        }
        if prepared.rehearse {
            body.insert("rehearsed".into(), json!(true));
        }
        let residue = &prepared.preflight.residue;
        body.insert("residue".into(), serde_json::to_value(residue).unwrap_or_default());
        self.seal(lock, intended.op(), OperationVerdict::Applied, body)?;
        Ok(CommittedOperation {
            op: intended.op(),
            uid: intended.uid(),
            rows: executed.rows,
            residue: residue.clone(),
            drift,
        })
    }

    /// Seals an operation.
    ///
    /// # Errors
    /// [`EngineError::LeftOpen`] where the journal cannot be written: the target is changed all the same.
    pub(super) fn seal(
        &mut self,
        lock: &WriterLock,
        op: u64,
        verdict: OperationVerdict,
        body: Map<String, Json>,
    ) -> Result<(), EngineError> {
        let stamp = self.stamp();
        match self.journal.seal(lock, &stamp, op, verdict, body) {
            Ok(_) => Ok(()),
            Err(error) => {
                let why = format!("it could not be sealed: {error}");
                Err(EngineError::LeftOpen { op, why, store: Store::Journal })
            }
        }
    }

    fn seal_failed(&mut self, lock: &WriterLock, intended: &Intended, error: EngineError) -> EngineError {
        let mut body = Map::new();
        // Only the code: an error's text may hold values of rows.
        body.insert("code".into(), json!(error.code()));
        match self.seal(lock, intended.op(), OperationVerdict::Failed, body) {
            Ok(()) => error,
            Err(open) => open,
        }
    }

    /// Finds out, by a tombstone, whether a commit whose answer was lost took effect.
    fn resolve_lost_commit(
        &mut self,
        lock: &WriterLock,
        intended: &Intended,
        prepared: &PreparedOperation,
        error: TargetError,
    ) -> Result<CommittedOperation, EngineError> {
        let op = intended.op();
        self.reporter.note(&format!("operation {op}: {error}; asking the target for its outcome"));
        let closed = recover::close_operation(self, lock, op).map_err(|failure| match failure {
            open @ EngineError::LeftOpen { .. } => open,
            other => EngineError::LeftOpen { op, why: other.to_string(), store: other.store() },
        })?;
        match closed.verdict {
            Some(OperationVerdict::Applied) => Ok(CommittedOperation {
                op,
                uid: intended.uid(),
                rows: intended.rows(),
                residue: prepared.preflight.residue.clone(),
                drift: closed.differing,
            }),
            Some(_) => Err(EngineError::Abandoned { op, cause: error }),
            None => Err(EngineError::LeftOpen { op, why: error.to_string(), store: Store::Target }),
        }
    }
}

fn build_intent(proposal: &OperationProposal, prepared: &PreparedOperation, standing: &GuardedTarget) -> Intent {
    let mut detail = proposal.detail.clone();
    let preflight = &prepared.preflight;
    // The key is older than the word preflight, and journals that exist carry it.
    detail.insert("census_facts".into(), json!(preflight.facts.map(|digest| digest.to_string())));
    detail.insert("triggers_disabled".into(), json!(preflight.triggers_disabled));
    if !preflight.unenforced.is_empty() {
        detail.insert(FOREIGN_KEYS_OFF.into(), json!(preflight.unenforced));
    }
    if prepared.rehearse {
        detail.insert("rehearse".into(), json!(true));
    }
    Intent {
        action: proposal.action,
        label: proposal.label.clone(),
        plan_digest: proposal.plan_digest,
        plan_id: proposal.plan_id.clone(),
        target: standing.to_target_ref(),
        reverts: proposal.reverts,
        residue: preflight.residue.clone(),
        keys: proposal.keys.clone(),
        detail,
    }
}

/// Tells whether triggers were switched off for an operation, by its journal entry.
#[must_use]
pub fn triggers_off(operation: &Operation) -> bool {
    operation.detail.get("triggers_disabled").and_then(Json::as_array).is_some_and(|names| !names.is_empty())
}

/// Returns the body of a seal about drifted rows: tables and counts. Keys stay out, because a journal may be published.
pub(super) fn drift_body(differing: &[DifferingRow]) -> Map<String, Json> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for row in differing {
        *counts.entry(&row.table).or_default() += 1;
    }
    let list: Vec<Json> = counts.iter().map(|(table, rows)| json!({"table": table, "rows": rows})).collect();
    let mut body = Map::new();
    body.insert("drift".into(), Json::Array(list));
    body
}
