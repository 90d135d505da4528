//! Steps 1 to 6 of one operation: preflight, intend, execute, confirm, seal; apply and revert both go through here.

use std::collections::BTreeSet;
use std::thread;

use mfm_journal::{
    Change, ChosenKeys, Digest, FaultLabel, Images, Intended, Intent, JournalError, Operation, OperationAction,
    OperationVerdict, Residue, RevertedRef, WriterLock,
};
use serde_json::{Map, Value as Json, json};

use super::error::{EngineError, Store};
use super::guard::{self, GuardedTarget};
use super::look::{self, ChangeSide, DifferingRow};
use super::terms::{FOREIGN_KEYS_OFF, JudgingTerms, RowsByThen};
use super::{Engine, recover, resolve};
use crate::model::Refusal;
use crate::plan::{PlannedRow, build_changes};
use crate::targets::{ExecuteError, Executed, PlannedWork, Preflight, TableTouch, TargetError, Writer};

/// An operation that was judged and found possible. Only [`Engine::prepare`] makes one, so that what the journal keeps
/// is what the target is changed by.
#[derive(Clone, Debug)]
pub struct PreparedOperation {
    changes: Vec<Change>,
    /// The same, as the journal will keep them.
    images: Images,
    touches: Vec<TableTouch>,
    preflight: Preflight,
    /// Whether only a rehearsal can prove that it can be taken back.
    rehearse: bool,
}

impl PreparedOperation {
    /// Returns the exact changes.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Returns the RFC 6962 root over the changes.
    #[must_use]
    pub const fn rows_root(&self) -> Digest {
        self.images.rows_root()
    }

    /// Returns what the preflight found.
    #[must_use]
    pub const fn preflight(&self) -> &Preflight {
        &self.preflight
    }

    /// Returns remarks for whoever decides: what the preflight remarked, and that the way back will be rehearsed.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let rehearse = "a constraint covers what changes: the way back is rehearsed before the commit".to_owned();
        self.preflight.notes.iter().cloned().chain(self.rehearse.then_some(rehearse)).collect()
    }
}

/// What an operation is called and where it comes from: all that its entry says beside the changes.
#[derive(Clone, Debug)]
pub struct OperationProposal {
    /// Apply or revert.
    pub action: OperationAction,
    /// What the fault is called, and how bad it would be.
    pub label: FaultLabel,
    /// The plan's digest.
    pub plan_digest: Digest,
    /// The plan file's id.
    pub plan_id: Option<String>,
    /// What a revert reverts.
    pub reverts: Option<RevertedRef>,
    /// The chosen records.
    pub keys: Option<ChosenKeys>,
    /// Whatever else the entry should say; no cell values.
    pub detail: Map<String, Json>,
    /// Whether triggers are switched off for the transaction.
    pub disable_triggers: bool,
    /// Journals beside which this one may write.
    pub beside: Vec<String>,
}

/// An operation that was committed and sealed.
#[derive(Clone, Debug)]
pub struct CommittedOperation {
    /// Its number.
    pub op: u64,
    /// Its uid.
    pub uid: Digest,
    /// How many rows were written.
    pub rows: u64,
    /// What cannot be put back.
    pub residue: Vec<Residue>,
    /// Rows that somebody changed between the commit and the second look.
    pub drift: Vec<DifferingRow>,
}

impl Engine<'_> {
    /// Judges the rows of a fault: their values as the database would hold them, its other unique indexes, triggers,
    /// keys and constraints, and whether all of it could be taken back.
    ///
    /// # Errors
    /// A refusal, or what the target says.
    pub fn prepare(&mut self, rows: &[PlannedRow], disable_triggers: bool) -> Result<PreparedOperation, EngineError> {
        self.prepare_by(rows, &JudgingTerms::of_fault(disable_triggers))
    }

    /// Judges rows that should change under the terms of a fault, or of a revert.
    ///
    /// # Errors
    /// A refusal, or what the target says.
    pub fn prepare_by(&mut self, rows: &[PlannedRow], terms: &JudgingTerms) -> Result<PreparedOperation, EngineError> {
        let (touches, preflight) = self.judge_rows(rows, terms, &RowsByThen::new())?;
        let changes = build_changes(rows)?;
        let images = Images::from_changes(&changes)?;
        let rehearse = preflight.rehearse && !terms.back;
        Ok(PreparedOperation { changes, images, touches, preflight, rehearse })
    }

    /// Carries out a prepared operation: everything from the lock to the seal.
    ///
    /// # Errors
    /// A refusal or failure after which nothing changed, or [`EngineError::LeftOpen`].
    pub fn commit(
        &mut self,
        proposal: &OperationProposal,
        prepared: &PreparedOperation,
    ) -> Result<CommittedOperation, EngineError> {
        if self.reporter.is_interrupted() {
            return Err(EngineError::Interrupted);
        }
        let holder = self.holder.clone();
        let lock = self.journal.lock(&holder)?;
        let overtaken = self.journal.head().seq != self.seen;
        let outcome = self.commit_locked(&lock, proposal, prepared);
        if !overtaken {
            // Once somebody else wrote, every revert that was judged before is looked at again.
            self.seen = self.journal.head().seq;
        }
        self.journal.checkpoint();
        outcome
    }

    fn commit_locked(
        &mut self,
        lock: &WriterLock,
        proposal: &OperationProposal,
        prepared: &PreparedOperation,
    ) -> Result<CommittedOperation, EngineError> {
        let standing = self.check_admission(proposal, prepared)?;
        let intent = build_intent(proposal, prepared, &standing);
        let stamp = self.stamp();
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

    /// Checks again, under the lock, all that the journal and the marker can say against the operation.
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
            self.still_carried(reverted.op, prepared)?;
        }
        if let Some(plan_id) = &proposal.plan_id
            && let Some(op) = self.journal.plan_used(plan_id)?
        {
            return Err(Refusal::PlanUsed { op }.into());
        }
        Ok(standing)
    }

    /// Refuses a revert whose rows another operation took over since it was judged.
    fn still_carried(&self, op: u64, prepared: &PreparedOperation) -> Result<(), EngineError> {
        let stale = |what: String| EngineError::from(Refusal::Stale { what });
        let operation = self.journal.read_operation(op)?.ok_or(Refusal::NoOperation { op })?;
        let left = resolve::rows_left(self.journal, &operation)?;
        let places: BTreeSet<resolve::RowLocation> = left.iter().map(resolve::row_location).collect();
        if !prepared.changes.iter().all(|change| places.contains(&resolve::row_location(change))) {
            return Err(stale(format!("operation {op} was reverted meanwhile")));
        }
        let claims = resolve::collect_claims(self.journal, &operation, &prepared.changes)?;
        let mut written = prepared.changes.iter().filter(|change| change.is_write());
        match written.find_map(|change| resolve::find_blocker(change, &claims)) {
            Some(_) => Err(stale(format!("a later operation changed rows of operation {op} meanwhile"))),
            None => Ok(()),
        }
    }

    fn execute_work(
        &mut self,
        intended: &Intended,
        work: &PlannedWork<'_>,
    ) -> Result<(Executed, Box<dyn Writer>), ExecuteError> {
        let writer = self.target.open_writer(self.wait_ms);
        let mut writer = writer.map_err(|error| match error {
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
        // The transaction is committed whatever this look shows: what it cannot see is said, not undone.
        let looked = thread::scope(|scope| {
            if prepared.changes.len() > look::BATCH {
                scope.spawn(move || writer.tidy_after_commit());
            }
            look::find_differing(self.target, &prepared.changes, ChangeSide::After)
        });
        let (drift, looked) = match looked {
            Ok(drift) => (drift, true),
            Err(error) => {
                self.reporter.note(&format!("the second look failed: {error}"));
                (Vec::new(), false)
            }
        };
        let mut body = drift_body(&drift);
        body.insert("rows".into(), json!(executed.rows));
        body.insert("confirmed".into(), json!(looked));
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

    /// Seals an operation; where the journal cannot, the operation is left open, and that is the error.
    pub(super) fn seal(
        &mut self,
        lock: &WriterLock,
        op: u64,
        verdict: OperationVerdict,
        body: Map<String, Json>,
    ) -> Result<(), EngineError> {
        let stamp = self.stamp();
        let sealed = self.journal.seal(lock, &stamp, op, verdict, body);
        let left_open = |error: JournalError| EngineError::LeftOpen {
            op,
            why: format!("it could not be sealed: {error}"),
            store: Store::Journal,
        };
        sealed.map(|_| ()).map_err(left_open)
    }

    fn seal_failed(&mut self, lock: &WriterLock, intended: &Intended, error: EngineError) -> EngineError {
        let mut body = Map::new();
        body.insert("code".into(), json!(error.code()));
        match self.seal(lock, intended.op(), OperationVerdict::Failed, body) {
            Ok(()) => error,
            Err(open) => open,
        }
    }

    /// Finds out, by tombstone, what became of a commit whose answer was lost.
    fn resolve_lost_commit(
        &mut self,
        lock: &WriterLock,
        intended: &Intended,
        prepared: &PreparedOperation,
        error: TargetError,
    ) -> Result<CommittedOperation, EngineError> {
        let op = intended.op();
        self.reporter.note(&format!("operation {op}: {error}; asking the target what became of it"));
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

/// Tells whether triggers were switched off for an operation, as its entry says.
#[must_use]
pub fn triggers_off(operation: &Operation) -> bool {
    operation.detail.get("triggers_disabled").and_then(Json::as_array).is_some_and(|names| !names.is_empty())
}

/// Returns what a seal says of rows that are not as they should be: tables and counts, never a key.
pub(super) fn drift_body(differing: &[DifferingRow]) -> Map<String, Json> {
    let tables: BTreeSet<&str> = differing.iter().map(|row| row.table.as_str()).collect();
    let count = |table: &str| differing.iter().filter(|row| row.table == table).count();
    let list: Vec<Json> = tables.iter().map(|table| json!({"table": table, "rows": count(table)})).collect();
    let mut body = Map::new();
    body.insert("drift".into(), Json::Array(list));
    body
}
