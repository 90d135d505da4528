//! A step that goes wrong at a chosen write of both stores, and the steps of an engine that are disturbed with it.

use std::panic::panic_any;
use std::sync::{Arc, Mutex};

use mfm::engine::apply::CommittedOperation;
use mfm::engine::revert::{RevertOptions, RevertSelection};
use mfm::engine::{Engine, EngineError};
use mfm::model::Value;
use mfm::plan::PlannedRow;
use mfm::targets::Target;
use mfm::targets::faults::{Faults as TargetFaults, WriteStep};
use mfm_journal::{Faults as JournalFaults, JournalStep};

use crate::build_proposal;

/// How a step goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// The process is gone: nothing of ours runs any more.
    Crash,
    /// The step reports an error, and the program goes on.
    Error,
}

/// What a crash unwinds with.
pub struct Crash;

/// Goes off at the n-th step of both stores together.
#[derive(Clone)]
pub struct Bomb(Arc<Mutex<(usize, How)>>);

impl Bomb {
    /// Goes off at a step, counted from 1; 0 is never.
    pub fn at(step: usize, how: How) -> Self {
        Self(Arc::new(Mutex::new((step, how))))
    }

    fn tick(&self, what: &str) -> Result<(), String> {
        let how = {
            let mut state = self.0.lock().unwrap();
            if state.0 == 0 {
                return Ok(());
            }
            state.0 -= 1;
            if state.0 > 0 {
                return Ok(());
            }
            state.1
        };
        match how {
            How::Crash => panic_any(Crash),
            How::Error => Err(format!("injected at {what}")),
        }
    }

    /// Tells whether the step was reached.
    pub fn went_off(&self) -> bool {
        self.0.lock().unwrap().0 == 0
    }
}

impl TargetFaults for Bomb {
    fn allow_step(&mut self, step: WriteStep) -> Result<(), String> {
        self.tick(&format!("{step:?}"))
    }
}

impl JournalFaults for Bomb {
    fn check_step(&mut self, step: JournalStep) -> Result<(), String> {
        self.tick(&format!("{step:?}"))
    }
}

fn plan_three_rows(target: &mut dyn Target) -> Vec<PlannedRow> {
    let table = target.find_table("t").unwrap().unwrap();
    let row = |id: i64, a: i64, b: &str| vec![Value::Integer(id), Value::Integer(a), Value::Text(b.into())];
    let pending =
        |id: i64, before, after| PlannedRow { table: table.clone(), key: vec![Value::Integer(id)], before, after };
    vec![
        pending(1, Some(row(1, 10, "x")), Some(row(1, 11, "x"))),
        pending(2, Some(row(2, 20, "y")), None),
        pending(9, None, Some(row(9, 90, "new"))),
    ]
}

/// Commits an update, a delete and an insert in the table `t`.
pub fn apply_three_rows(engine: &mut Engine<'_>) -> Result<CommittedOperation, EngineError> {
    let rows = plan_three_rows(engine.target);
    commit_rows(engine, &rows)
}

/// Sets one cell of the table `t` to a text.
pub fn set_text(engine: &mut Engine<'_>, text: &str) -> Result<CommittedOperation, EngineError> {
    let table = engine.target.find_table("t")?.unwrap();
    let key = vec![Value::Integer(1)];
    let before = engine.target.read_rows(&table, std::slice::from_ref(&key))?.remove(0);
    let mut after = before.clone();
    if let Some(row) = &mut after {
        row[2] = Value::Text(text.into());
    }
    commit_rows(engine, &[PlannedRow { table, key, before, after }])
}

/// Commits rows as an operation that no mode made.
pub fn commit_rows(engine: &mut Engine<'_>, rows: &[PlannedRow]) -> Result<CommittedOperation, EngineError> {
    let prepared = engine.prepare(rows, false)?;
    engine.commit(&build_proposal(), &prepared)
}

/// Takes everything back.
pub fn revert_all(engine: &mut Engine<'_>) -> Result<(), EngineError> {
    let options = RevertOptions::default();
    let judged = engine.judge_reverts(&RevertSelection::All, options)?;
    judged.planned.iter().try_for_each(|planned| engine.revert(planned, options).map(|_| ()))
}

/// Closes whatever is open.
pub fn recover_all(engine: &mut Engine<'_>) -> Result<Vec<mfm::engine::recover::ClosedOperation>, EngineError> {
    engine.recover()
}

/// Keeps the backtraces of crashes that are meant out of the output.
pub fn silence_crashes() {
    // They would bury a real failure.
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !info.payload().is::<Crash>() {
            default(info);
        }
    }));
}
