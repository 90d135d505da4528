//! A process that dies, or a write that fails, at every step leaves the state before it or the state after it.

use std::path::Path;
use std::process::Command;

use mfm_journal::{Depth, Faults, Images, Journal, JournalError, JournalStep, OperationVerdict, audit};
use serde_json::{Map, json};

use crate::common::*;

struct Abort(JournalStep);

impl Faults for Abort {
    fn check_step(&mut self, step: JournalStep) -> Result<(), String> {
        if step == self.0 {
            std::process::abort();
        }
        Ok(())
    }
}

struct Refuse(JournalStep);

impl Faults for Refuse {
    fn check_step(&mut self, step: JournalStep) -> Result<(), String> {
        if step == self.0 { Err("as asked".into()) } else { Ok(()) }
    }
}

/// The head that must be found after a death at a step of [`scenario`], which begins at entry 3.
fn head_after(step: JournalStep) -> u64 {
    match step {
        JournalStep::AfterIntendCommit | JournalStep::BeforeSealCommit => 4,
        JournalStep::AfterSealCommit | JournalStep::BeforeAppendCommit => 5,
        JournalStep::AfterAppendCommit | JournalStep::Checkpoint | JournalStep::AfterCheckpoint => 6,
        _ => 3,
    }
}

fn scenario(path: &Path, faults: Box<dyn Faults>) -> Result<(), JournalError> {
    let mut journal = Journal::open(path)?;
    journal.set_faults(faults);
    let lock = journal.lock(&holder())?;
    let token = journal.intend(&lock, &stamp(), &intent(), &Images::from_changes(&updates(5000)).unwrap())?;
    journal.seal(&lock, &stamp(), token.op(), OperationVerdict::Applied, Map::new())?;
    journal.append(&lock, &stamp(), "x", json!({}))?;
    journal.checkpoint();
    Ok(())
}

fn begun() -> Folder {
    let folder = Folder::new();
    let (mut journal, lock) = folder.create();
    apply(&mut journal, &lock, &intent(), &updates(3));
    assert_eq!(journal.head().seq, 3);
    folder
}

fn is_whole(folder: &Folder, step: JournalStep) {
    let mut journal = Journal::open(&folder.path()).unwrap();
    assert_eq!(journal.head().seq, head_after(step), "{step:?}");
    assert_eq!(journal.state().open.len(), usize::from(head_after(step) == 4), "{step:?}");
    assert_eq!(audit(&folder.path(), Depth::Data, &mut |_, _| {}).unwrap().findings, [], "{step:?}");
    let lock = journal.lock(&holder()).unwrap();
    journal.append(&lock, &stamp(), "life_goes_on", json!({})).unwrap();
}

#[test]
fn a_death_at_every_step() {
    for (number, step) in JournalStep::ALL.into_iter().enumerate() {
        let folder = begun();
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "crash::the_process_that_dies", "--ignored", "--nocapture"]);
        child.env("MFM_CRASH_JOURNAL", folder.path()).env("MFM_CRASH_STEP", number.to_string());
        let status = child.output().unwrap().status;
        assert!(!status.success(), "{step:?}");
        is_whole(&folder, step);
    }
}

#[test]
#[ignore = "only run by a_death_at_every_step, in a process of its own"]
#[expect(clippy::disallowed_methods, reason = "the test's own setting")]
fn the_process_that_dies() {
    let setting = |name| std::env::var(name).expect("a_death_at_every_step runs this, and says at which step");
    let (path, step) = (setting("MFM_CRASH_JOURNAL"), setting("MFM_CRASH_STEP"));
    let step = JournalStep::ALL[step.parse::<usize>().unwrap()];
    scenario(Path::new(&path), Box::new(Abort(step))).unwrap();
}

#[test]
fn a_failure_at_every_step() {
    for step in JournalStep::ALL {
        let folder = begun();
        let outcome = scenario(&folder.path(), Box::new(Refuse(step)));
        let best_effort = matches!(step, JournalStep::Checkpoint | JournalStep::AfterCheckpoint);
        assert_eq!(outcome.err().map(|error| error.code()), (!best_effort).then_some("injected"), "{step:?}");
        is_whole(&folder, step);
    }
}

#[test]
fn a_handle_goes_on_after_a_failure() {
    let folder = begun();
    let (mut journal, lock) = folder.open();
    for step in
        [JournalStep::BeforeIntendBegin, JournalStep::Chunk, JournalStep::BeforeEntry, JournalStep::BeforeIntendCommit]
    {
        journal.set_faults(Box::new(Refuse(step)));
        journal.intend(&lock, &stamp(), &intent(), &Images::from_changes(&updates(5000)).unwrap()).unwrap_err();
        assert_eq!(journal.head().seq, 3);
    }
    journal.set_faults(Box::new(Refuse(JournalStep::AfterIntendCommit)));
    journal.intend(&lock, &stamp(), &intent(), &Images::from_changes(&updates(5000)).unwrap()).unwrap_err();
    assert_eq!((journal.head().seq, journal.state().open.len()), (4, 1), "it is durable, if nobody may use it");
    journal.set_faults(Box::new(Refuse(JournalStep::Checkpoint)));
    apply(&mut journal, &lock, &intent(), &updates(2));
    assert_eq!(journal.head().seq, 6);
}
