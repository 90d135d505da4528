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

use super::world::proposal;

/// How a step goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// The process is gone: nothing of ours runs any more.
    Crash,
    /// The step reports an error, and the program goes on.
    Error,
}

/// What a crash unwinds with.
pub(crate) struct Crash;

/// Goes off at the n-th step of both stores together.
#[derive(Clone)]
pub(crate) struct Bomb(Arc<Mutex<(usize, How)>>);

impl Bomb {
    pub(crate) fn at(step: usize, how: How) -> Self {
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

    pub(crate) fn went_off(&self) -> bool {
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

fn rows(target: &mut dyn Target) -> Vec<PlannedRow> {
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

pub(crate) fn apply(engine: &mut Engine<'_>) -> Result<CommittedOperation, EngineError> {
    let rows = rows(engine.target);
    commit(engine, &rows)
}

/// Sets one cell to a text.
pub(crate) fn apply_text(engine: &mut Engine<'_>, text: &str) -> Result<CommittedOperation, EngineError> {
    let table = engine.target.find_table("t")?.unwrap();
    let key = vec![Value::Integer(1)];
    let before = engine.target.read_rows(&table, std::slice::from_ref(&key))?.remove(0);
    let mut after = before.clone();
    if let Some(row) = &mut after {
        row[2] = Value::Text(text.into());
    }
    commit(engine, &[PlannedRow { table, key, before, after }])
}

pub(crate) fn commit(engine: &mut Engine<'_>, rows: &[PlannedRow]) -> Result<CommittedOperation, EngineError> {
    let prepared = engine.prepare(rows, false)?;
    engine.commit(&proposal(), &prepared)
}

pub(crate) fn revert_all(engine: &mut Engine<'_>) -> Result<(), EngineError> {
    let options = RevertOptions::default();
    let judged = engine.judge_reverts(&RevertSelection::All, options)?;
    judged.planned.iter().try_for_each(|planned| engine.revert(planned, options).map(|_| ()))
}

pub(crate) fn recover_all(engine: &mut Engine<'_>) -> Result<Vec<mfm::engine::recover::ClosedOperation>, EngineError> {
    engine.recover()
}

pub(crate) fn quiet() {
    // Crashes are meant here; their backtraces would bury a real failure.
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !info.payload().is::<Crash>() {
            default(info);
        }
    }));
}
