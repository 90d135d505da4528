//! The one copy of a simulated database that all its handles share: the committed state, a transaction that a dead
//! process left open, and which process is alive.

use std::collections::BTreeMap;

use mfm_journal::Digest;

use super::script::{Script, SimFault, SimWrite};
use super::state::SimState;
use crate::targets::faults::WriteStep;
use crate::targets::{ConnectedProgram, Marker, OperationRow, TargetBinding, TargetError};

/// How far a transaction's locks reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Locks {
    /// No transaction, or its rows are not compared yet.
    Open,
    /// All rows of the operation are locked.
    Rows,
}

/// Why a step is the last one.
#[derive(Debug)]
pub(super) enum SimStop {
    /// The transaction was certainly rolled back.
    RolledBack(TargetError),
    /// The caller cannot know what became of the transaction.
    Unknown(TargetError),
}

/// Everything that outlives a process.
#[derive(Debug)]
pub(super) struct SharedWorld {
    seed: u64,
    incarnation: u64,
    marks: u64,
    epoch: u64,
    pub(super) absent: bool,
    pub(super) needs_recovery: bool,
    /// The other connected programs; `None` where they may not be seen.
    pub(super) sessions: Option<Vec<ConnectedProgram>>,
    pub(super) committed: SimState,
    pub(super) script: Script,
    held: Option<SimState>,
    waiting: Vec<SimWrite>,
}

impl SharedWorld {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            incarnation: 0,
            marks: 0,
            epoch: 0,
            absent: false,
            needs_recovery: false,
            sessions: Some(Vec::new()),
            committed: SimState::default(),
            script: Script::default(),
            held: None,
            waiting: Vec::new(),
        }
    }

    pub(super) fn url(&self) -> String {
        format!("sim:{}", self.name())
    }

    pub(super) fn name(&self) -> String {
        format!("world-{}", self.seed)
    }

    pub(super) fn binding(&self) -> TargetBinding {
        let born = Digest::sha256(format!("mfm/sim/{}/{}", self.seed, self.incarnation).as_bytes());
        TargetBinding::from([("name".to_owned(), self.name()), ("born".to_owned(), born.to_string())])
    }

    pub(super) fn failure(&self, what: &str, why: &str) -> TargetError {
        TargetError::Failed { url: self.url(), what: what.to_owned(), why: why.to_owned() }
    }

    pub(super) fn busy_error(&mut self, wait_ms: u64) -> TargetError {
        self.script.count_wait(wait_ms);
        TargetError::Busy { url: self.url(), wait_ms }
    }

    pub(super) const fn epoch(&self) -> u64 {
        self.epoch
    }

    pub(super) const fn kill_process(&mut self) {
        self.epoch += 1;
    }

    pub(super) const fn is_held(&self) -> bool {
        self.held.is_some()
    }

    /// Checks that the process of an epoch still lives, and that the database can be opened.
    pub(super) fn check_alive(&self, epoch: u64) -> Result<(), TargetError> {
        match () {
            () if self.epoch != epoch => Err(self.failure("go on", "the process is dead")),
            () if self.absent => Err(TargetError::Absent { url: self.url() }),
            () if self.needs_recovery => Err(TargetError::NeedsRecovery { url: self.url() }),
            () => Ok(()),
        }
    }

    pub(super) fn write_foreign(&mut self, write: &SimWrite) -> Result<(), TargetError> {
        if self.is_held() {
            self.waiting.push(write.clone());
            return Ok(());
        }
        Ok(self.committed.apply_write(write)?)
    }

    pub(super) fn release_transaction(&mut self, commit: bool) -> Result<(), TargetError> {
        if let Some(state) = self.held.take().filter(|_| commit) {
            self.committed = state;
        }
        self.apply_waiting()
    }

    /// Applies the writes that waited for a transaction to end.
    pub(super) fn apply_waiting(&mut self) -> Result<(), TargetError> {
        for write in std::mem::take(&mut self.waiting) {
            self.committed.apply_write(&write)?;
        }
        Ok(())
    }

    pub(super) const fn change_identity(&mut self) {
        self.incarnation += 1;
    }

    pub(super) fn write_new_marker(&mut self, actor: &str) -> Result<Marker, TargetError> {
        if self.is_held() {
            return Err(self.busy_error(0));
        }
        self.marks += 1;
        let id = Digest::sha256(format!("mfm/sim/{}/mark/{}", self.seed, self.marks).as_bytes());
        let marker_id = mfm_journal::digest::encode_hex(id.as_bytes().get(..16).unwrap_or_default());
        let at_us = i64::try_from(self.marks).unwrap_or(i64::MAX);
        let marker = Marker { marker_id, bound: self.binding(), at_us, actor: actor.to_owned() };
        self.put_marker(&marker, &[]);
        Ok(marker)
    }

    pub(super) fn put_marker(&mut self, marker: &Marker, records: &[OperationRow]) {
        self.committed.marker = Some(marker.clone());
        let operations = self.committed.operations.get_or_insert_with(BTreeMap::new);
        operations.extend(records.iter().map(|row| (row.uid, row.clone())));
    }

    /// Plays a step. `staged` is the transaction under way.
    pub(super) fn play_step(
        &mut self,
        step: WriteStep,
        mut staged: Option<&mut SimState>,
        locks: Locks,
    ) -> Result<(), SimStop> {
        for fault in self.script.play_step(step) {
            match fault {
                SimFault::Fail => return Err(self.roll_back(self.failure("write", "the script says so"))),
                SimFault::Full => return Err(self.roll_back(TargetError::Full { url: self.url() })),
                SimFault::LoseAnswer => {
                    return Err(SimStop::Unknown(self.failure("write", "the connection was lost")));
                }
                SimFault::Crash => {
                    self.kill_process();
                    return Err(SimStop::Unknown(self.failure("write", "the process died")));
                }
                SimFault::CrashHolding => {
                    self.kill_process();
                    self.held = staged.map(|state| state.clone());
                    return Err(SimStop::Unknown(self.failure("write", "the process died")));
                }
                SimFault::Foreign(write) => match (staged.as_deref_mut(), locks) {
                    (Some(_), Locks::Rows) => self.waiting.push(write),
                    (staged, _) => {
                        // The open transaction reads what is committed, so it sees the other program's write as well.
                        if let Some(state) = staged {
                            state.apply_write(&write)?;
                        }
                        self.committed.apply_write(&write)?;
                    }
                },
            }
        }
        Ok(())
    }

    /// Returns the stop for an error: after the commit there is nothing to roll back, so the answer counts as lost.
    fn roll_back(&self, error: TargetError) -> SimStop {
        match self.script.passed_steps().last() {
            Some(WriteStep::AfterCommit) => SimStop::Unknown(error),
            _ => SimStop::RolledBack(error),
        }
    }
}
