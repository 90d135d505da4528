//! A crash, or an error, at every write of both stores while an operation runs on the server: recover closes it, and
//! journal and target agree. A crash here closes the connection, so that the server rolls back.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::sync::{Arc, Mutex};

use mfm::domains::mosaiq::schema;
use mfm::engine::{Engine, EngineError};
use mfm::ops::targets::mark;
use mfm::ops::{audit, plan, recover};
use mfm::targets::faults::{Faults, SharedFaults, WriteStep};
use mfm::targets::mssql::MssqlTarget;
use mfm_journal::{Journal, OperationVerdict};
use testutils::bomb::{Bomb, Crash, How, apply_three_rows, recover_all, revert_all, silence_crashes};
use testutils::request_sample;

use super::live::{Live, world};
use super::server::{Database, Session, password};

/// A marked database whose operations are disturbed; between two disturbances it is what it was.
///
/// One connection reads all the time, since a new one costs a server more than all that is done with it; every write
/// opens its own, which a crash closes.
pub(super) struct Rig {
    reader: RefCell<MssqlTarget>,
    pub(super) live: Live,
    before: String,
    name: String,
}

impl Rig {
    /// One table, of which an operation changes three rows in three ways.
    pub(super) fn new() -> Self {
        let database = Database::new();
        database.connect().run(
            "CREATE TABLE t (id int NOT NULL PRIMARY KEY, a int NULL, b nvarchar(40) NULL); \
             INSERT INTO t VALUES (1, 10, N'x'), (2, 20, N'y'), (3, 30, N'z')",
        );
        let world = world();
        let confirm = Some(database.name.clone());
        let request =
            mark::Request { target: database.url(), domain: Some("mosaiq".into()), confirm, ..Default::default() };
        mark::run(&world.context(), &request).unwrap();
        Self::of(Live::of(world, database))
    }

    fn of(live: Live) -> Self {
        let before = live.dump();
        let journal = Journal::open_read(&live.world.journal).unwrap();
        let name = journal.state().targets.keys().next().unwrap().clone();
        let reader = MssqlTarget::open(&live.database.url(), schema::key_columns(), &password()).unwrap();
        Self { reader: reader.into(), live, before, name }
    }

    /// Runs a step of an engine in a process of its own, which may die.
    pub(super) fn with<T>(
        &self,
        faults: SharedFaults,
        bomb: &Bomb,
        run: impl FnOnce(&mut Engine<'_>) -> Result<T, EngineError>,
    ) -> Option<Result<T, EngineError>> {
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let mut journal = Journal::open(&self.live.world.journal).unwrap();
            journal.set_faults(Box::new(bomb.clone()));
            let mut target = self.reader.borrow_mut();
            target.set_faults(faults);
            let context = self.live.world.context();
            run(&mut context.engine(&mut journal, &mut *target, &self.name))
        }));
        match outcome {
            Ok(result) => Some(result),
            Err(payload) if payload.is::<Crash>() => {
                self.live.settled(1);
                None
            }
            Err(payload) => resume_unwind(payload),
        }
    }

    fn disturbed<T>(
        &self,
        bomb: &Bomb,
        run: impl FnOnce(&mut Engine<'_>) -> Result<T, EngineError>,
    ) -> Option<Result<T, EngineError>> {
        self.with(Arc::new(Mutex::new(bomb.clone())), bomb, run)
    }

    fn calm<T>(&self, run: impl FnOnce(&mut Engine<'_>) -> Result<T, EngineError>) -> T {
        self.disturbed(&Bomb::at(0, How::Crash), run).unwrap().unwrap()
    }

    /// Whatever happened: recover closes everything, journal and target agree, and the fault can be taken back.
    pub(super) fn settles(&self, what: &str) {
        let closed = self.calm(recover_all);
        assert!(closed.iter().all(|closed| closed.verdict.is_some()), "{what}: {closed:?}");
        let journal = Journal::open_read(&self.live.world.journal).unwrap();
        assert!(journal.state().open.is_empty(), "{what}");
        let active = !journal.state().active.is_empty();
        assert_eq!(self.live.dump() != self.before, active, "{what}: journal and target disagree");
        if active {
            self.calm(revert_all);
        }
        assert_eq!(self.live.dump(), self.before, "{what}");
    }

    fn audits(&self) {
        let request = audit::Request { depth: audit::Level::Live, full: true };
        let audited = audit::run(&self.live.world.context(), &request).unwrap();
        assert!(audited.ok, "{audited:#?}");
    }
}

/// Tries every step of one run until a run passes that no step of it disturbs.
#[expect(clippy::print_stdout, reason = "a long run says what it did")]
fn at_every_step(what: &str, how: How, before: fn(&Rig), run: fn(&mut Engine<'_>) -> Result<(), EngineError>) {
    silence_crashes();
    let rig = Rig::new();
    let mut steps = 0;
    loop {
        steps += 1;
        before(&rig);
        let bomb = Bomb::at(steps, how);
        let outcome = rig.disturbed(&bomb, run);
        if !bomb.went_off() {
            assert!(outcome.unwrap().is_ok());
            break;
        }
        rig.settles(&format!("{what}, {how:?} at step {steps}"));
    }
    assert!(steps > 15, "only {steps} steps: the seams are not where they should be");
    println!("{what}, {how:?}: {} steps", steps - 1);
    rig.audits();
}

fn applied(rig: &Rig) {
    rig.calm(apply_three_rows);
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn a_crash_at_every_write_of_an_apply() {
    at_every_step("apply", How::Crash, |_| (), |engine| apply_three_rows(engine).map(drop));
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn an_error_at_every_write_of_an_apply() {
    at_every_step("apply", How::Error, |_| (), |engine| apply_three_rows(engine).map(drop));
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn a_crash_at_every_write_of_a_revert() {
    at_every_step("revert", How::Crash, applied, revert_all);
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn an_error_at_every_write_of_a_revert() {
    at_every_step("revert", How::Error, applied, revert_all);
}

/// Dies at a step of the target.
struct At(WriteStep);

impl Faults for At {
    fn allow_step(&mut self, step: WriteStep) -> Result<(), String> {
        if step == self.0 { panic_any(Crash) } else { Ok(()) }
    }
}

/// Crashes an apply so that its operation is open, committed in the target or not.
fn leave_open(rig: &Rig, commits: bool) {
    let step = if commits { WriteStep::AfterCommit } else { WriteStep::BeforeCommit };
    let crashed = rig.with(Arc::new(Mutex::new(At(step))), &Bomb::at(0, How::Crash), apply_three_rows);
    assert!(crashed.is_none());
    assert_eq!(Journal::open_read(&rig.live.world.journal).unwrap().state().open.len(), 1);
    assert_eq!(rig.live.dump() != rig.before, commits);
}

#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn a_crash_or_an_error_at_every_write_of_a_recover() {
    silence_crashes();
    let rig = Rig::new();
    for (how, commits) in [(How::Crash, false), (How::Crash, true), (How::Error, false), (How::Error, true)] {
        let mut steps = 0;
        loop {
            steps += 1;
            leave_open(&rig, commits);
            let bomb = Bomb::at(steps, how);
            let outcome = rig.disturbed(&bomb, recover_all);
            if !bomb.went_off() {
                let verdict = if commits { OperationVerdict::Applied } else { OperationVerdict::Abandoned };
                assert_eq!(outcome.unwrap().unwrap()[0].verdict, Some(verdict));
                rig.settles("recover");
                break;
            }
            rig.settles(&format!("recover of commits {commits}, {how:?} at step {steps}"));
        }
        assert!(steps > 3, "only {steps} steps");
    }
    rig.audits();
}

/// A transaction that is still open hides its uid: recover waits, gives up, and decides nothing, until it ends.
#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn recover_never_guesses_while_a_transaction_is_open() {
    silence_crashes();
    let rig = Rig::new();
    for commits in [false, true] {
        leave_open(&rig, false);
        let journal = Journal::open_read(&rig.live.world.journal).unwrap();
        let (op, id) = (*journal.state().open.keys().next().unwrap(), journal.id());
        let uid = journal.read_operation(op).unwrap().unwrap().uid;
        let mut zombie = rig.live.database.connect();
        hold(&mut zombie, &uid.to_string(), &id.to_string(), op);
        let began = std::time::Instant::now();
        let waited = recover::run(&rig.live.world.context(), &recover::Request::default()).unwrap();
        assert!(waited.left_open(), "{waited:?}");
        assert!(began.elapsed().as_secs() < 20, "it waited {:?}", began.elapsed());
        zombie.run(if commits { "COMMIT" } else { "ROLLBACK" });
        let closed = recover::run(&rig.live.world.context(), &recover::Request::default()).unwrap();
        assert_eq!(closed.operations[0].state, if commits { "applied" } else { "abandoned" });
        assert_eq!(rig.live.dump() != rig.before, commits);
        rig.settles(&format!("commits {commits}"));
    }
    rig.audits();
}

/// Carries on as the dead process's transaction would.
fn hold(zombie: &mut Session, uid: &str, journal_id: &str, op: u64) {
    zombie.run(&format!(
        "BEGIN TRANSACTION; INSERT INTO dbo.mfm_operation (uid, journal_id, op, state, at_us) \
         VALUES ('{uid}', '{journal_id}', {op}, 'committed', 0); UPDATE t SET a = 11 WHERE id = 1; \
         DELETE FROM t WHERE id = 2; INSERT INTO t VALUES (9, 90, N'new')"
    ));
}

/// One variant of every mode on a lab, at a drawn write of its apply and of its revert.
#[test]
#[ignore = "needs a SQL Server: MFM_TEST_MSSQL_URL"]
fn every_mode_survives_a_crash_and_an_error() {
    use mfm::domains::mosaiq::modes::MODES;
    silence_crashes();
    let rig = Rig::of(Live::with_lab(8));
    let mut draw = 5;
    for mode in MODES {
        for (reverts, how) in [(false, How::Crash), (true, How::Crash), (false, How::Error), (true, How::Error)] {
            let request = request_sample(mode.card().tool, mode.card().variants[0].word, 1, 5);
            let (outcome, made) = plan::run(&rig.live.world.context(), &request).unwrap();
            // The fewest steps of any operation are twelve, so that the drawn one is always there.
            draw = (draw * 7 + 3) % 12;
            let bomb = Bomb::at(draw + 1, how);
            if reverts {
                rig.calm(|engine| engine.commit(&made.proposal, &made.prepared));
                rig.disturbed(&bomb, revert_all);
            } else {
                rig.disturbed(&bomb, |engine| engine.commit(&made.proposal, &made.prepared));
            }
            assert!(bomb.went_off());
            rig.settles(&format!("{} {}, {how:?} at {draw}", outcome.label.tool, outcome.label.variant));
        }
    }
    rig.audits();
}
