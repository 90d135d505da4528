//! The engine on the simulated database: every fault at every write, locks that outlive their process, and foreign
//! writers at every step. Random histories are in `tests/stateful/`.

use std::collections::BTreeMap;

use mfm::engine::{Engine, EngineError};
use mfm::model::Value;
use mfm::targets::faults::WriteStep;
use mfm::targets::foreign::ForeignKey;
use mfm::targets::sim::{SimCheck, SimFault, SimTarget, SimWorld, SimWrite};
use mfm::targets::{NewTable, Target};
use mfm_journal::{Depth, Journal, OperationVerdict};
use testutils::bomb::{apply_three_rows, recover_all, revert_all};
use testutils::{World, journal_marked_target};

fn live(engine: &mut Engine<'_>) -> Result<Vec<mfm::engine::live::LiveFinding>, EngineError> {
    engine.compare_live()
}

type Dump = BTreeMap<String, Vec<Vec<Value>>>;

fn row(id: i64, a: i64, b: &str) -> Vec<Value> {
    vec![Value::Integer(id), Value::Integer(a), Value::Text(b.into())]
}

/// A marked simulated database and a real journal that knows it.
struct Rig {
    world: World,
    sim: SimWorld,
    before: Dump,
}

impl Rig {
    fn new(seed: u64) -> Self {
        let sim = SimWorld::new(seed);
        let columns = [("id", "int", false), ("a", "int", true), ("b", "varchar(20)", true)];
        let columns = columns.iter().map(|(name, kind, null)| ((*name).into(), (*kind).into(), *null)).collect();
        sim.create_table(&NewTable {
            name: "t".into(),
            key: Some("id".into()),
            columns,
            indexes: vec![],
            references: vec![],
        })
        .unwrap();
        for (id, b) in [(1, "x"), (2, "y"), (3, "z"), (4, "p"), (5, "q")] {
            sim.insert_row("t", row(id, id * 10, b)).unwrap();
        }
        let marker = sim.mark("tester").unwrap();
        let world = World::new();
        let stamp = world.context().stamp();
        let mut journal = Journal::create(&world.journal, *b"0123456789abcdef", &stamp).unwrap();
        let lock = journal.lock(&world.context().holder).unwrap();
        let url = sim.open_target().url().to_owned();
        journal_marked_target(&mut journal, &lock, &stamp, ("lab", &url), &marker);
        sim.reset_steps();
        let before = sim.dump();
        Self { world, sim, before }
    }

    /// Runs a step with a journal and a target opened for it, as a process of its own would.
    fn run<T>(&self, step: impl FnOnce(&mut Engine<'_>) -> Result<T, EngineError>) -> Result<T, EngineError> {
        let mut journal = Journal::open(&self.world.journal)?;
        let mut target: SimTarget = self.sim.open_target();
        let context = self.world.context();
        step(&mut context.engine(&mut journal, &mut target, "lab"))
    }

    fn journal(&self) -> Journal {
        Journal::open_read(&self.world.journal).unwrap()
    }

    fn recover(&self) -> Vec<mfm::engine::recover::ClosedOperation> {
        self.run(recover_all).unwrap()
    }

    /// Recovers, with a lock released meanwhile, and holds journal and database against each other.
    fn settles(&self, what: &str) {
        self.sim.reset_steps();
        if self.sim.is_held() {
            let open = self.recover();
            assert!(open.iter().all(|closed| closed.verdict.is_none()), "{what}: decided under an open transaction");
            self.sim.release_transaction(false).unwrap();
        }
        let closed = self.recover();
        assert!(closed.iter().all(|closed| closed.verdict.is_some()), "{what}: {closed:?}");
        let journal = self.journal();
        assert!(journal.state().open.is_empty(), "{what}");
        assert_eq!(self.sim.dump() != self.before, !journal.state().active.is_empty(), "{what}: they disagree");
        self.audits(what);
    }

    fn audits(&self, what: &str) {
        let audit = mfm_journal::audit(&self.world.journal, Depth::Data, &mut |_, _| {}).unwrap();
        assert!(audit.findings.is_empty(), "{what}: {:#?}", audit.findings);
        let findings = self.run(live).unwrap();
        assert!(findings.is_empty(), "{what}: {findings:#?}");
    }
}

/// What goes wrong at a step, made anew for each try.
const FAULTS: [fn() -> SimFault; 5] =
    [|| SimFault::Fail, || SimFault::Full, || SimFault::Crash, || SimFault::CrashHolding, || SimFault::LoseAnswer];

/// Torture 23, 24 and 25 on the simulated database.
#[test]
fn torture_23_every_fault_at_every_step_of_an_apply() {
    for fault in FAULTS {
        let mut step = 0;
        loop {
            step += 1;
            let rig = Rig::new(step);
            rig.sim.plan_fault(step, fault());
            let outcome = rig.run(apply_three_rows);
            if rig.sim.step_count() < step {
                assert!(outcome.is_ok());
                break;
            }
            let what = format!("apply, {:?} at step {step}", fault());
            rig.settles(&what);
            rig.run(revert_all).unwrap();
            assert_eq!(rig.sim.dump(), rig.before, "{what}");
            rig.audits(&what);
        }
        assert!(step > 8, "only {step} steps");
    }
}

#[test]
fn torture_23_every_fault_at_every_step_of_a_revert() {
    for fault in FAULTS {
        let mut step = 0;
        loop {
            step += 1;
            let rig = Rig::new(step);
            rig.run(apply_three_rows).unwrap();
            rig.sim.reset_steps();
            rig.sim.plan_fault(step, fault());
            let outcome = rig.run(revert_all);
            if rig.sim.step_count() < step {
                assert!(outcome.is_ok());
                break;
            }
            let what = format!("revert, {:?} at step {step}", fault());
            rig.settles(&what);
            rig.run(revert_all).unwrap();
            assert_eq!(rig.sim.dump(), rig.before, "{what}");
        }
        assert!(step > 8, "only {step} steps");
    }
}

#[test]
fn torture_23_a_lost_answer_is_resolved_by_the_uid_and_never_guessed() {
    let rig = Rig::new(1);
    let steps = {
        let probe = Rig::new(1);
        probe.run(apply_three_rows).unwrap();
        probe.sim.step_count()
    };
    rig.sim.plan_fault(steps, SimFault::LoseAnswer);
    let committed = rig.run(apply_three_rows).unwrap();
    assert_eq!((committed.op, committed.rows), (1, 3));
    assert_eq!(rig.journal().read_operation(1).unwrap().unwrap().verdict, Some(OperationVerdict::Applied));
}

/// A killed process whose transaction lives on in the server: undecided until it ends, whichever way it ends.
#[test]
fn a_held_transaction_is_waited_for() {
    for commit in [false, true] {
        let rig = Rig::new(3);
        let steps = {
            let probe = Rig::new(3);
            probe.run(apply_three_rows).unwrap();
            probe.sim.step_count()
        };
        rig.sim.plan_fault(steps - 1, SimFault::CrashHolding);
        rig.run(apply_three_rows).unwrap_err();
        assert!(rig.sim.is_held());
        rig.sim.reset_steps();
        assert_eq!(rig.recover()[0].verdict, None);
        assert_eq!(rig.run(apply_three_rows).unwrap_err().code(), "recover_first");
        rig.sim.release_transaction(commit).unwrap();
        let verdict = if commit { OperationVerdict::Applied } else { OperationVerdict::Abandoned };
        assert_eq!(rig.recover()[0].verdict, Some(verdict));
    }
}

/// Somebody else writes between any two steps: the operation is refused and rolled back, or the write is seen as drift;
/// what they wrote to another column is never lost.
#[test]
fn torture_21_a_foreign_writer_at_every_step() {
    let write = || SimWrite::Update {
        table: "t".into(),
        key: vec![Value::Integer(1)],
        set: vec![("b".into(), Value::Text("foreign".into()))],
    };
    let mut step = 0;
    let (mut refused, mut applied) = (0, 0);
    loop {
        step += 1;
        let rig = Rig::new(step);
        rig.sim.plan_fault(step, SimFault::Foreign(write()));
        let outcome = rig.run(apply_three_rows);
        if rig.sim.step_count() < step {
            break;
        }
        match outcome {
            Ok(committed) => {
                applied += 1;
                assert_eq!(
                    committed.drift.len(),
                    usize::from(rig.sim.find_row("t", &[Value::Integer(1)]).unwrap()[2] != Value::Text("x".into()))
                );
            }
            Err(error) => {
                refused += 1;
                assert_eq!(error.code(), "stale", "step {step}");
                assert_eq!(rig.journal().read_operation(1).unwrap().unwrap().verdict, Some(OperationVerdict::Failed));
            }
        }
        rig.run(revert_all).unwrap();
        assert_eq!(rig.sim.find_row("t", &[Value::Integer(1)]).unwrap(), row(1, 10, "foreign"), "step {step}");
    }
    assert!(refused > 0 && applied > 0, "refused {refused}, applied {applied}");
}

/// A target restored from before an operation, or replaced, is refused until it is written off.
#[test]
fn a_restored_world_is_replaced() {
    let rig = Rig::new(5);
    let snapshot = rig.sim.snapshot();
    rig.run(apply_three_rows).unwrap();
    rig.sim.restore(&snapshot);
    assert_eq!(rig.run(apply_three_rows).unwrap_err().code(), "target_replaced");
    assert_eq!(rig.run(revert_all).unwrap_err().code(), "target_replaced");
    assert_eq!(rig.run(|engine| engine.write_off(true)).unwrap(), [(1, OperationVerdict::Gone)]);
    rig.run(apply_three_rows).unwrap();
    rig.run(revert_all).unwrap();
    assert_eq!(rig.sim.dump(), rig.before);
    rig.sim.change_identity();
    assert!(rig.run(apply_three_rows).is_err());
}

/// Sets or removes one row of `t`.
fn change(engine: &mut Engine<'_>, id: i64, after: Option<Vec<Value>>) -> Result<u64, EngineError> {
    let table = engine.target.find_table("t")?.unwrap();
    let key = vec![Value::Integer(id)];
    let before = engine.target.read_rows(&table, std::slice::from_ref(&key))?.remove(0);
    testutils::bomb::commit_rows(engine, &[mfm::plan::PlannedRow { table, key, before, after }]).map(|done| done.op)
}

#[test]
fn a1_a_row_that_could_not_come_back_is_not_changed() {
    let rig = Rig::new(3);
    let check = SimCheck { name: "not_ten".into(), holds: |_, row| row[1] != Value::Integer(10) };
    rig.sim.alter_table("t", |options| options.checks.push(check)).unwrap();
    for after in [None, Some(row(1, 11, "x"))] {
        let refused = rig.run(|engine| change(engine, 1, after)).unwrap_err();
        assert_eq!(refused.code(), "no_way_back");
        assert_eq!(rig.sim.dump(), rig.before);
    }
    rig.run(|engine| change(engine, 2, None)).unwrap();
    assert!(rig.sim.passed_steps().contains(&WriteStep::Rehearsed));
    rig.run(revert_all).unwrap();
    assert_eq!(rig.sim.dump(), rig.before);
}

#[test]
fn w01_a_key_that_the_data_break_is_enforced_by_nobody() {
    let rig = Rig::new(4);
    let key = |column: &str| ForeignKey {
        child: "t".into(),
        child_columns: vec![column.into()],
        parent: "t".into(),
        parent_columns: vec!["id".into()],
        on_delete: None,
    };
    rig.sim.add_foreign_key(key("a"));
    rig.run(|engine| change(engine, 1, None)).unwrap();
    rig.run(revert_all).unwrap();
    assert_eq!(rig.sim.dump(), rig.before);
}
