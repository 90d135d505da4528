//! The simulated database from outside: the same port, and everything that its script can make go wrong.

#![cfg(test)]

use mfm::model::{Change, RowAction, Value};
use mfm::targets::faults::WriteStep;
use mfm::targets::foreign::ForeignKey;
use mfm::targets::sim::{SimFault, SimWorld, SimWrite};
use mfm::targets::trigger::{Trigger, TriggerEvent};
use mfm::targets::{DomainKeys, ExecuteError, NewTable, OperationRow, OperationState, Target, TargetError, Tombstone};
use mfm_journal::Intended;
use testutils::target::*;

fn new_table(name: &str, key: Option<&str>, columns: &[(&str, &str, bool)]) -> NewTable {
    let columns = columns.iter().map(|(name, declared, null)| ((*name).into(), (*declared).into(), *null)).collect();
    NewTable { name: name.into(), key: key.map(Into::into), columns, indexes: vec![], references: vec![] }
}

fn decimal(number: &str) -> Value {
    Value::Decimal(number.parse().unwrap())
}

fn world() -> SimWorld {
    let world = SimWorld::new(7);
    let columns = [("id", "int", false), ("a", "decimal(4,1)", true), ("b", "varchar(5)", true)];
    world.create_table(&new_table("t", Some("id"), &columns)).unwrap();
    for id in 1..=3 {
        world.insert_row("t", vec![int(id), int(id), text("x")]).unwrap();
    }
    world.mark("tester").unwrap();
    world
}

fn changes(target: &mut dyn Target) -> Vec<Change> {
    vec![
        update(target, "t", vec![int(1)], &[("a", int(400))]).unwrap(),
        insert(target, "t", vec![int(9), Value::Null, text("new")]).unwrap(),
        delete(target, "t", vec![int(2)]).unwrap(),
    ]
}

fn row_of(intended: &Intended) -> OperationRow {
    let (uid, journal_id, op) = (intended.uid(), intended.journal_id(), intended.op());
    OperationRow { uid, journal_id, op, state: OperationState::Committed }
}

#[test]
fn an_operation_comes_back_exactly_in_native_values() {
    let world = world();
    let mut target = world.open_target();
    let changes = changes(&mut target);
    let RowAction::Update { after, .. } = &changes[0].action else { panic!("no update") };
    assert_eq!(after, &[decimal("400.0")]);
    let dump = world.dump();
    there_and_back(&mut target, &changes);
    assert_eq!(world.dump(), dump);
    use WriteStep::{AfterCommit, BeforeCommit, Begun, Compared, ReadBack, Row, Uid};
    let steps = [Begun, Uid, Compared, Row, Row, Row, ReadBack, BeforeCommit, AfterCommit];
    assert_eq!(world.passed_steps(), [steps, steps].concat());
}

#[test]
fn a_crash_at_any_step_leaves_all_or_nothing() {
    for step in 1..=9 {
        let world = world();
        let mut target = world.open_target();
        let changes = changes(&mut target);
        let before = world.dump();
        world.crash_at(step);
        let mut notebook = Notebook::new();
        let error = execute(&mut target, &mut notebook, &changes, false).unwrap_err();
        assert!(matches!(error, ExecuteError::Unknown(_)), "{error:?}");
        assert!(target.list_tables().is_err(), "a dead process reads nothing");
        let committed = step == 9;
        assert_eq!(world.dump() != before, committed, "step {step}");
        let mut target = world.open_target();
        let state = committed.then_some(OperationState::Committed);
        assert_eq!(world.operation_state(1), state);
        let row = target.list_operations(&notebook.intend(&[]).journal_id()).unwrap().pop();
        assert_eq!(row.map(|row| row.state), state);
    }
}

#[test]
fn a_clean_failure_rolls_back_and_says_so() {
    for (fault, code) in [(SimFault::Fail, "target_failed"), (SimFault::Full, "target_full")] {
        for step in 1..=8 {
            let world = world();
            let mut target = world.open_target();
            let changes = changes(&mut target);
            let before = world.dump();
            world.plan_fault(step, fault.clone());
            match execute(&mut target, &mut Notebook::new(), &changes, false) {
                Err(ExecuteError::RolledBack(error)) => assert_eq!(error.code(), code),
                other => panic!("{other:?}"),
            }
            assert_eq!(world.dump(), before);
            there_and_back(&mut target, &changes);
        }
    }
}

#[test]
fn a_lost_answer_to_the_commit_is_unknown_either_way() {
    for (step, committed) in [(8, false), (9, true)] {
        let world = world();
        let mut target = world.open_target();
        let changes = changes(&mut target);
        world.plan_fault(step, SimFault::LoseAnswer);
        let mut notebook = Notebook::new();
        let intended = notebook.intend(&changes);
        let touches = touches(&mut target, &changes);
        let preflight = target.first_preflight(&touches, false).unwrap();
        let marker = target.read_marker().unwrap().unwrap();
        let work = plan_work(&changes, &touches, preflight.facts, &marker);
        let error = target.open_writer(WAIT_MS).unwrap().execute(&intended, &work).unwrap_err();
        assert!(matches!(error, ExecuteError::Unknown(_)));
        let row = row_of(&intended);
        let found = target.open_writer(WAIT_MS).unwrap().write_tombstone(&row, AT_US).unwrap();
        let expected = if committed { Tombstone::Found(OperationState::Committed) } else { Tombstone::Inserted };
        assert_eq!(found, expected);
        let again = target.open_writer(WAIT_MS).unwrap().execute(&intended, &work);
        assert_eq!(refused(again).code(), "stale");
    }
}

#[test]
fn a_transaction_left_open_hides_its_uid_and_holds_the_tombstone_back() {
    for commit in [false, true] {
        let world = world();
        let mut target = world.open_target();
        let changes = changes(&mut target);
        world.plan_fault(6, SimFault::CrashHolding);
        let mut notebook = Notebook::new();
        execute(&mut target, &mut notebook, &changes, false).unwrap_err();
        let mut target = world.open_target();
        let journal_id = notebook.intend(&[]).journal_id();
        assert!(world.is_held() && target.find_newest_operation(&journal_id).unwrap().is_none());
        let uid = mfm_journal::Digest::sha256(b"any");
        let row = OperationRow { uid, journal_id, op: 5, state: OperationState::Abandoned };
        assert_eq!(target.open_writer(WAIT_MS).unwrap().write_tombstone(&row, AT_US).unwrap(), Tombstone::Undecided);
        assert_eq!(world.elapsed_us(), WAIT_MS * 1000);
        let busy = execute(&mut target, &mut notebook, &[], false).unwrap_err();
        assert!(matches!(busy, ExecuteError::RolledBack(TargetError::Busy { .. })));
        world.foreign_update("t", &[int(3)], &[("b", text("late"))]).unwrap();
        assert_eq!(world.find_row("t", &[int(3)]).unwrap()[2], text("x"), "it waits");
        world.release_transaction(commit).unwrap();
        assert_eq!(world.find_row("t", &[int(3)]).unwrap()[2], text("late"));
        assert_eq!(target.find_newest_operation(&journal_id).unwrap().is_some(), commit);
        assert_eq!(target.open_writer(WAIT_MS).unwrap().write_tombstone(&row, AT_US).unwrap(), Tombstone::Inserted);
    }
}

#[test]
fn foreign_writes_between_steps_are_seen_or_wait() {
    let foreign = |key: i64| {
        SimFault::Foreign(SimWrite::Update {
            table: "t".into(),
            key: vec![int(key)],
            set: vec![("b".into(), text("other"))],
        })
    };
    for step in 1..=2 {
        let world = world();
        let mut target = world.open_target();
        let changes = changes(&mut target);
        world.plan_fault(step, foreign(1));
        let refusal = refused(execute(&mut target, &mut Notebook::new(), &changes, false));
        assert_eq!(refusal.to_string(), "the plan is stale: t 1 was changed by somebody else");
        assert_eq!(world.find_row("t", &[int(1)]).unwrap()[2], text("other"));
    }
    for step in 3..=8 {
        let world = world();
        let mut target = world.open_target();
        let changes = changes(&mut target);
        world.plan_fault(step, foreign(1));
        execute(&mut target, &mut Notebook::new(), &changes, false).unwrap();
        let row = world.find_row("t", &[int(1)]).unwrap();
        assert_eq!(row[1..], [decimal("400.0"), text("other")]);
    }
}

#[test]
fn restored_replaced_and_absent_worlds() {
    let world = world();
    let mut target = world.open_target();
    let changes = changes(&mut target);
    let saved = world.snapshot();
    execute(&mut target, &mut Notebook::new(), &changes, false).unwrap();
    world.restore(&saved);
    assert!(world.operations().is_empty() && target.read_marker().unwrap().is_some());
    world.change_identity();
    let refusal = refused(execute(&mut target, &mut Notebook::new(), &changes, false));
    assert_eq!(refusal.code(), "marked_elsewhere");
    world.mark("tester").unwrap();
    execute(&mut target, &mut Notebook::new(), &changes, false).unwrap();
    world.set_absent(true);
    assert_eq!(target.read_marker().unwrap_err().code(), "target_absent");
    world.set_absent(false);
    world.set_needs_recovery(true);
    assert_eq!(target.read_marker().unwrap_err().code(), "target_needs_recovery");
}

#[test]
fn the_census_refuses_as_a_real_one_does() {
    let world = world();
    let mut target = world.open_target();
    let changes = changes(&mut target);
    let updated = &changes[..1];
    world
        .alter_table("t", |options| {
            options.triggers.push(Trigger { name: "audit".into(), event: TriggerEvent::Update(vec!["A".into()]) });
        })
        .unwrap();
    assert_eq!(refusal(preflight(&mut target, updated)).code(), "trigger");
    let touched = touches(&mut target, updated);
    assert_eq!(target.first_preflight(&touched, true).unwrap().triggers_disabled, ["audit"]);
    assert!(preflight(&mut target, &changes[1..]).is_ok());
    execute(&mut target, &mut Notebook::new(), updated, true).unwrap();

    world.create_table(&new_table("child", Some("id"), &[("id", "int", false), ("parent", "int", true)])).unwrap();
    let key = ForeignKey {
        child: "child".into(),
        child_columns: vec!["parent".into()],
        parent: "t".into(),
        parent_columns: vec!["id".into()],
        on_delete: None,
    };
    world.add_foreign_key(key);
    world.insert_row("child", vec![int(1), int(2)]).unwrap();
    let error = refusal(delete(&mut target, "t", vec![int(2)]));
    assert_eq!((error.code(), error.to_string().contains("child(parent) -> t(id)")), ("foreign_key", true));
    assert_eq!(refusal(insert(&mut target, "child", vec![int(2), int(99)])).code(), "foreign_key");
    insert(&mut target, "child", vec![int(2), int(3)]).unwrap();
    insert(&mut target, "child", vec![int(2), Value::Null]).unwrap();
}

#[test]
fn keys_unique_indexes_and_the_schema_are_enforced() {
    let world = SimWorld::new(1);
    world.set_keys(DomainKeys::from([("u".to_owned(), vec!["k".to_owned()])]));
    world.create_table(&new_table("u", None, &[("k", "int", true), ("v", "varchar(3)", false)])).unwrap();
    world.create_table(&new_table("bare", None, &[("v", "rowversion", false), ("w", "int", true)])).unwrap();
    world.mark("tester").unwrap();
    world.insert_row("u", vec![int(1), text("a")]).unwrap();
    let mut target = world.open_target();
    let change = update(&mut target, "u", vec![int(1)], &[("v", text("b"))]).unwrap();
    assert_eq!(preflight(&mut target, std::slice::from_ref(&change)).unwrap().notes.len(), 1);
    world.insert_row("u", vec![int(2), text("c")]).unwrap();
    world.alter_table("u", |options| options.unique.push(("by_v".into(), vec!["v".into()]))).unwrap();
    let met = update(&mut target, "u", vec![int(1)], &[("v", text("c"))]);
    assert_eq!(refusal(met).to_string(), "the unique index by_v of u already contains this value");
    for (value, code) in [(Value::Null, "not_null"), (text("long"), "does_not_fit"), (int(1), "does_not_fit")] {
        assert_eq!(refusal(update(&mut target, "u", vec![int(1)], &[("v", value)])).code(), code);
    }
    world.insert_row("u", vec![Value::Null, text("d")]).unwrap();
    assert_eq!(refusal(preflight(&mut target, std::slice::from_ref(&change))).code(), "no_key");
    world.foreign_delete("u", &[Value::Null]).unwrap();
    world.insert_row("u", vec![int(2), text("e")]).unwrap();
    assert!(refusal(preflight(&mut target, &[change])).to_string().contains("k is 2 in several rows"));
    let bare = table(&mut target, "bare");
    assert_eq!(bare.shape.omitted, ["v"]);
    assert!(target.read_rows(&bare, &[]).unwrap().is_empty());
}

#[test]
fn a_place_in_a_unique_index_that_was_taken_since_is_refused() {
    let world = SimWorld::new(1);
    world.create_table(&new_table("u", Some("k"), &[("k", "int", false), ("v", "varchar(3)", true)])).unwrap();
    world.alter_table("u", |options| options.unique.push(("by_v".into(), vec!["v".into()]))).unwrap();
    world.mark("tester").unwrap();
    world.insert_row("u", vec![int(1), text("a")]).unwrap();
    let mut target = world.open_target();
    let change = update(&mut target, "u", vec![int(1)], &[("v", text("b"))]).unwrap();
    world.insert_row("u", vec![int(2), text("b")]).unwrap();
    let before = world.dump();
    let refused = execute(&mut target, &mut Notebook::new(), &[change], false).unwrap_err();
    assert!(matches!(refused, ExecuteError::Refused(mfm::model::Refusal::UniqueIndex { .. })), "{refused:?}");
    assert!(world.insert_row("u", vec![int(3), text("a")]).is_err());
    assert_eq!(world.dump(), before);
}

#[test]
fn days_are_read_from_native_times() {
    let world = SimWorld::new(7);
    let columns = [("id", "int", false), ("at", "datetime", true)];
    world.create_table(&new_table("t", Some("id"), &columns)).unwrap();
    let table = world.open_target().find_table("t").unwrap().unwrap();
    let column = table.column("at").unwrap().1;
    let moments = ["2024-06-27T23:59:59", "2024-06-28T00:00:00", "2024-06-28T23:59:59", "2024-06-29T00:00:00"];
    for (id, moment) in (1..).zip(moments) {
        let stored = mfm::model::time::store_time(moment.parse().unwrap(), column).unwrap();
        world.insert_row("t", vec![int(id), stored]).unwrap();
    }
    world.insert_row("t", vec![int(9), Value::Null]).unwrap();
    let day = "2024-06-28".parse().unwrap();
    let answer = world.open_target().read(&mfm::model::Fetch::day("t", "at", day)).unwrap();
    assert_eq!(answer.rows.iter().map(|row| row[0].clone()).collect::<Vec<_>>(), [int(2), int(3)]);
}

#[test]
fn a_pass_comes_in_order_and_beside_other_rows() {
    let world = SimWorld::new(7);
    for new in scans::tables() {
        world.create_table(&new).unwrap();
        let made = table(&mut world.open_target(), &new.name);
        scans::rows(&made).into_iter().for_each(|row| world.insert_row(&new.name, row).unwrap());
    }
    scans::Rig::new(&mut world.open_target()).holds();
}
