//! A crash, or an error, at every single write of both stores, in apply, in revert and in recover itself: afterwards
//! journal and target agree, and nothing is open.

use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::{Arc, Mutex};

use mfm::engine::{Engine, EngineError};
use mfm::ops::{audit, recover, status};
use mfm::targets::faults::{Faults as TargetFaults, SharedFaults, WriteStep};
use mfm::targets::sqlite::SqliteTarget;
use mfm_journal::{Journal, OperationVerdict};
use testutils::bomb::{Bomb, Crash, How, apply_three_rows, recover_all, revert_all, silence_crashes};
use testutils::{World, dump_tables};

/// A marked database with one table, of which an operation changes three rows in three ways.
pub(crate) struct Rig {
    pub(crate) world: World,
    pub(crate) before: String,
}

impl Rig {
    pub(crate) fn new() -> Self {
        super::torture::marked(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b TEXT); \
             INSERT INTO t VALUES (1, 10, 'x'), (2, 20, 'y'), (3, 30, 'z')",
        )
    }

    /// A rig around a world as it is.
    pub(crate) fn of(world: World) -> Self {
        let before = dump_tables(&world.path("lab.db"));
        Self { world, before }
    }

    fn dump(&self) -> String {
        dump_tables(&self.world.path("lab.db"))
    }

    /// Runs a step of an engine with a bomb in both stores.
    pub(crate) fn with<T>(
        &self,
        bomb: &Bomb,
        run: impl FnOnce(&mut Engine<'_>) -> Result<T, EngineError>,
    ) -> Option<Result<T, EngineError>> {
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let mut journal = Journal::open(&self.world.journal).unwrap();
            journal.set_faults(Box::new(bomb.clone()));
            let mut target = SqliteTarget::open(&self.world.path("lab.db"), std::collections::BTreeMap::new()).unwrap();
            let shared: SharedFaults = Arc::new(Mutex::new(bomb.clone()));
            target.set_faults(shared);
            let context = self.world.context();
            let mut engine = context.engine(&mut journal, &mut target, "lab");
            run(&mut engine)
        }));
        match outcome {
            Ok(result) => Some(result),
            Err(payload) if payload.is::<Crash>() => None,
            Err(payload) => std::panic::resume_unwind(payload),
        }
    }

    /// Whatever happened: recover closes everything, journal and target agree, and the fault can be taken back.
    pub(crate) fn settles(&self, what: &str) {
        let done = recover::run(&self.world.context(), &recover::Request::default()).unwrap();
        assert!(!done.left_open() && done.failure.is_none(), "{what}: {done:?}");
        let status = status::run(&self.world.context()).unwrap();
        assert!(status.open.is_empty(), "{what}");
        assert_eq!(self.dump() != self.before, !status.active.is_empty(), "{what}: journal and target disagree");
        self.audits(what);
        let bomb = Bomb::at(0, How::Crash);
        self.with(&bomb, revert_all).unwrap().unwrap();
        assert_eq!(self.dump(), self.before, "{what}");
        self.audits(what);
    }

    fn audits(&self, what: &str) {
        let request = audit::Request { depth: audit::Level::Live, full: false };
        let audited = audit::run(&self.world.context(), &request).unwrap();
        assert!(audited.ok, "{what}: {audited:#?}");
    }
}

/// Tries every step of one run, on a rig of its own each, until a run passes that no step of it disturbs.
fn at_every_step(what: &str, before: fn(&Rig), run: fn(&mut Engine<'_>) -> Result<(), EngineError>) {
    silence_crashes();
    for how in [How::Crash, How::Error] {
        let mut steps = 0;
        loop {
            steps += 1;
            let rig = Rig::new();
            before(&rig);
            let bomb = Bomb::at(steps, how);
            let outcome = rig.with(&bomb, run);
            if !bomb.went_off() {
                assert!(outcome.unwrap().is_ok());
                break;
            }
            rig.settles(&format!("{what}, {how:?} at step {steps}"));
        }
        assert!(steps > 15, "only {steps} steps: the seams are not where they should be");
    }
}

/// Torture 24 and 25, and 23 where the step is the one after the commit.
#[test]
fn torture_24_a_crash_or_an_error_at_every_write_of_an_apply() {
    at_every_step("apply", |_| (), |engine| apply_three_rows(engine).map(|_| ()));
}

#[test]
fn torture_24_a_crash_or_an_error_at_every_write_of_a_revert() {
    let applied = |rig: &Rig| drop(rig.with(&Bomb::at(0, How::Crash), apply_three_rows).unwrap().unwrap());
    at_every_step("revert", applied, revert_all);
}

#[test]
fn a_crash_or_an_error_at_every_write_of_a_recover() {
    silence_crashes();
    for how in [How::Crash, How::Error] {
        for commits in [false, true] {
            let mut steps = 0;
            loop {
                steps += 1;
                let rig = Rig::new();
                // The last step that goes off before the seal, so that the operation is open: found by looking.
                leave_open(&rig, commits);
                let bomb = Bomb::at(steps, how);
                let outcome = rig.with(&bomb, recover_all);
                if !bomb.went_off() {
                    let verdict = if commits { OperationVerdict::Applied } else { OperationVerdict::Abandoned };
                    assert_eq!(outcome.unwrap().unwrap()[0].verdict, Some(verdict));
                    break;
                }
                rig.settles(&format!("recover of commits {commits}, {how:?} at step {steps}"));
            }
            assert!(steps > 3, "only {steps} steps");
        }
    }
}

/// Crashes an apply so that its operation is open, committed in the target or not.
pub(crate) fn leave_open(rig: &Rig, commits: bool) {
    struct At(WriteStep);
    impl TargetFaults for At {
        fn allow_step(&mut self, step: WriteStep) -> Result<(), String> {
            if step == self.0 { panic_any(Crash) } else { Ok(()) }
        }
    }
    let step = if commits { WriteStep::AfterCommit } else { WriteStep::BeforeCommit };
    let crashed = catch_unwind(AssertUnwindSafe(|| {
        let mut journal = Journal::open(&rig.world.journal).unwrap();
        let mut target = SqliteTarget::open(&rig.world.path("lab.db"), std::collections::BTreeMap::new()).unwrap();
        target.set_faults(Arc::new(Mutex::new(At(step))));
        let context = rig.world.context();
        apply_three_rows(&mut context.engine(&mut journal, &mut target, "lab")).map(|_| ())
    }));
    assert!(crashed.is_err());
    let status = status::run(&rig.world.context()).unwrap();
    assert_eq!((status.open.len(), status.open[0].state), (1, "open, undecided"));
    assert_eq!(rig.dump() != rig.before, commits);
}

/// While an operation is open, apply and revert refuse, and a person's word can close it.
#[test]
fn an_open_operation_stops_the_others() {
    silence_crashes();
    let rig = Rig::new();
    leave_open(&rig, false);
    let none = Bomb::at(0, How::Crash);
    assert_eq!(rig.with(&none, apply_three_rows).unwrap().unwrap_err().code(), "recover_first");
    assert_eq!(rig.with(&none, revert_all).unwrap().unwrap_err().code(), "recover_first");
    let request = recover::Request { op: Some(1), word: Some(recover::As::Abandoned), ..Default::default() };
    let closed = recover::run(&rig.world.context(), &request).unwrap();
    assert_eq!(closed.operations[0].state, "abandoned");
    let again = recover::run(&rig.world.context(), &request).unwrap_err();
    assert_eq!((again.code.as_str(), again.kind.exit_code()), ("not_open", 3));
}

/// A transaction that is still open hides its uid: recover waits, gives up, and decides nothing.
#[test]
fn recover_never_guesses_while_a_transaction_is_open() {
    silence_crashes();
    for commits in [false, true] {
        let rig = Rig::new();
        leave_open(&rig, false);
        let uid = Journal::open_read(&rig.world.journal).unwrap().read_operation(1).unwrap().unwrap().uid;
        let id = Journal::open_read(&rig.world.journal).unwrap().id();
        let mut writer = rig.world.open_foreign();
        let transaction = writer.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).unwrap();
        transaction
            .execute(
                "INSERT INTO mfm_operation (uid, journal_id, op, state, at) VALUES (?1, ?2, 1, 'committed', 0)",
                [uid.to_string(), id.to_string()],
            )
            .unwrap();
        transaction
            .execute_batch(
                "UPDATE t SET a = 11 WHERE id = 1; DELETE FROM t WHERE id = 2; INSERT INTO t VALUES (9, 90, 'new')",
            )
            .unwrap();
        let waited = recover::run(&rig.world.context(), &recover::Request::default()).unwrap();
        assert!(waited.left_open(), "{waited:?}");
        if commits {
            transaction.commit().unwrap();
        } else {
            transaction.rollback().unwrap();
        }
        drop(writer);
        let closed = recover::run(&rig.world.context(), &recover::Request::default()).unwrap();
        assert_eq!(closed.operations[0].state, if commits { "applied" } else { "abandoned" });
        rig.settles(&format!("commits {commits}"));
    }
}

/// Rows that somebody changed while an operation was open are listed, whatever the verdict.
#[test]
fn recover_lists_rows_that_are_not_as_the_verdict_says() {
    silence_crashes();
    for commits in [false, true] {
        let rig = Rig::new();
        leave_open(&rig, commits);
        testutils::run_foreign_sql(&rig.world, "UPDATE t SET b = 'foreign' WHERE id = 1");
        let closed = recover::run(&rig.world.context(), &recover::Request::default()).unwrap();
        assert_eq!(closed.operations[0].differing, ["t 1"]);
    }
}

/// A target that is another one by now leaves its operations open.
#[test]
fn recover_leaves_the_operations_of_a_replaced_target_open() {
    silence_crashes();
    let rig = Rig::new();
    leave_open(&rig, false);
    std::fs::remove_file(rig.world.path("lab.db")).unwrap();
    let left = recover::run(&rig.world.context(), &recover::Request::default()).unwrap();
    let failure = left.failure.clone().unwrap();
    assert_eq!((failure.code.as_str(), failure.kind.exit_code()), ("target_replaced", 4));
    assert!(left.left_open());
    testutils::run_foreign_sql(&rig.world, "CREATE TABLE t (id INTEGER PRIMARY KEY)");
    let left = recover::run(&rig.world.context(), &recover::Request::default()).unwrap();
    assert_eq!(left.failure.unwrap().code, "target_replaced");
}
