//! Cases of the torture list that need the whole way through engine and journal, by number.

use mfm::engine::EngineError;
use mfm::engine::revert::{RevertOptions, RevertSelection};
use mfm::model::{Datum, Edit, Refusal, Snapshot, Value};
use mfm::ops::{audit, recover, revert, status, targets::mark};
use mfm::plan::PlannedRow;
use testutils::bomb::{commit_rows, revert_all};
use testutils::{World, dump_tables, request_marking, request_sample, run_foreign_sql};

use super::crash::Rig;

/// A marked file with the tables that `sql` makes.
pub(super) fn marked(sql: &str) -> Rig {
    let world = World::new();
    run_foreign_sql(&world, sql);
    let request = mark::Request { domain: Some("mosaiq".into()), ..request_marking(&world.url("lab.db"), "lab.db") };
    mark::run(&world.context(), &request).unwrap();
    Rig::of(world)
}

/// Runs an engine on a rig.
pub(super) fn run<T>(
    rig: &Rig,
    step: impl FnOnce(&mut mfm::engine::Engine<'_>) -> Result<T, EngineError>,
) -> Result<T, EngineError> {
    let mut journal = mfm_journal::Journal::open(&rig.world.journal).unwrap();
    let url = rig.world.url("lab.db");
    let mut target =
        mfm::targets::open_url(&url, std::collections::BTreeMap::new(), &mfm::model::ports::NoSecrets).unwrap();
    let context = rig.world.context();
    step(&mut context.engine(&mut journal, target.as_mut(), "lab"))
}

/// Replaces one row: `None` adds or removes it.
pub(super) fn change(rig: &Rig, table: &str, key: Value, after: Option<Vec<Value>>) -> Result<u64, EngineError> {
    run(rig, |engine| {
        let table = engine.target.find_table(table)?.unwrap();
        let before = engine.target.read_rows(&table, &[vec![key.clone()]])?.remove(0);
        commit_rows(engine, &[PlannedRow { table, key: vec![key], before, after }]).map(|done| done.op)
    })
}

pub(super) fn text(text: &str) -> Value {
    Value::Text(text.into())
}

#[test]
fn torture_3_a_hidden_rowid_is_declared_and_the_row_comes_back_by_its_key() {
    let rig =
        marked("CREATE TABLE t (k TEXT NOT NULL PRIMARY KEY, v); INSERT INTO t VALUES ('a', 1), ('b', 2), ('c', 3)");
    let op = change(&rig, "t", text("a"), None).unwrap();
    let back = rig.world.revert(&[op]).unwrap();
    assert!(back.operations[0].exact);
    assert_eq!(back.operations[0].residue[0].what, "rowid");
    assert_eq!(dump_tables(&rig.world.path("lab.db")), rig.before);
}

#[test]
fn torture_4_a_counter_that_no_revert_turns_back_is_said_twice() {
    let rig = marked("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, v); INSERT INTO t (v) VALUES ('x')");
    let row = vec![Value::Integer(50), text("new")];
    let op = change(&rig, "t", Value::Integer(50), Some(row)).unwrap();
    let journal = mfm_journal::Journal::open_read(&rig.world.journal).unwrap();
    assert_eq!(journal.read_operation(op).unwrap().unwrap().residue[0].what, "sqlite_sequence");
    let back = rig.world.revert(&[op]).unwrap();
    assert_eq!(back.operations[0].residue[0].what, "sqlite_sequence");
    assert!(back.operations[0].exact);
}

#[test]
fn torture_12_one_operation_never_changes_a_row_twice() {
    let rig = marked("CREATE TABLE t (id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1, 'x')");
    let refusal = run(&rig, |engine| {
        let mut snapshot = Snapshot::default();
        let query = mfm::model::Fetch::all("t");
        let answer = engine.target.read(&query)?;
        snapshot.add_answer(query, answer)?;
        let set = |value: &str| Edit::Update {
            table: "t".into(),
            key: vec![Value::Integer(1)],
            set: [("v".to_owned(), Datum::Raw(text(value)))].into(),
        };
        Ok(mfm::plan::plan_rows(&[set("y"), set("z")], &snapshot))
    });
    assert!(matches!(refusal.unwrap().unwrap_err(), Refusal::ChangedTwice { .. }));
}

/// All operations of one moment: the numbers, not the times, say what came last.
#[test]
fn torture_13_equal_timestamps_come_back_in_order() {
    let mut rig = marked("CREATE TABLE t (id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1, 'a')");
    rig.world.stop_clock();
    for value in ["b", "c", "d", "e"] {
        change(&rig, "t", Value::Integer(1), Some(vec![Value::Integer(1), text(value)])).unwrap();
    }
    let options = RevertOptions::default();
    let judged = run(&rig, |engine| engine.judge_reverts(&RevertSelection::All, options)).unwrap();
    let order: Vec<u64> = judged.planned.iter().map(|planned| planned.operation.op).collect();
    assert_eq!(order, [4, 3, 2, 1]);
    run(&rig, revert_all).unwrap();
    assert_eq!(dump_tables(&rig.world.path("lab.db")), rig.before);
}

#[test]
fn torture_19_columns_in_another_order() {
    let rig = marked("CREATE TABLE t (id INTEGER PRIMARY KEY, a, b); INSERT INTO t VALUES (1, 'x', 'y')");
    let row = vec![Value::Integer(1), text("changed"), text("y")];
    let op = change(&rig, "t", Value::Integer(1), Some(row)).unwrap();
    run_foreign_sql(
        &rig.world,
        "CREATE TABLE n (b, id INTEGER PRIMARY KEY, a); INSERT INTO n SELECT b, id, a FROM t; DROP TABLE t; \
         ALTER TABLE n RENAME TO t",
    );
    assert!(rig.world.revert(&[op]).unwrap().operations[0].exact);
    assert_eq!(testutils::read_cell(&rig.world, "SELECT a || b FROM t"), "Text(\"xy\")");
}

#[test]
fn torture_20_a_column_that_refuses_null_refuses_the_fault() {
    let world = World::with_lab(20);
    run_foreign_sql(&world, "ALTER TABLE TrackTreatment ADD COLUMN Stamp timestamp NOT NULL DEFAULT x'00'");
    let before = dump_tables(&world.path("lab.db"));
    let failure = world.apply(request_sample("create_duplicate_treatment", "same_field", 1, 1)).unwrap_err();
    assert_eq!((failure.code.as_str(), failure.kind.exit_code()), ("not_null", 3));
    assert_eq!(dump_tables(&world.path("lab.db")), before);
}

#[test]
fn torture_29_names_that_have_to_be_quoted() {
    let rig = marked(
        "CREATE TABLE \"select \"\"x\"\" from\" (\"Order\" INTEGER PRIMARY KEY, \"a b\", \"sel'ect\"); \
         INSERT INTO \"select \"\"x\"\" from\" VALUES (1, 'x', 'y'), (2, 'p', 'q')",
    );
    let name = "select \"x\" from";
    let first = change(&rig, name, Value::Integer(1), Some(vec![Value::Integer(1), text("n"), text("m")])).unwrap();
    let second = change(&rig, name, Value::Integer(2), None).unwrap();
    rig.world.revert(&[first]).unwrap();
    rig.world.revert(&[second]).unwrap();
    assert_eq!(dump_tables(&rig.world.path("lab.db")), rig.before);
}

#[test]
fn torture_30_what_happens_in_other_tables_stays_there() {
    let rig = marked("CREATE TABLE t (id INTEGER PRIMARY KEY, v); CREATE TABLE u (x); INSERT INTO t VALUES (1, 'a')");
    let op = change(&rig, "t", Value::Integer(1), Some(vec![Value::Integer(1), text("b")])).unwrap();
    run_foreign_sql(&rig.world, "INSERT INTO u VALUES ('somebody'); INSERT INTO t VALUES (2, 'somebody')");
    assert!(rig.world.revert(&[op]).unwrap().operations[0].exact);
    assert_eq!(testutils::read_cell(&rig.world, "SELECT count(*) FROM u"), "Integer(1)");
    assert_eq!(testutils::read_cell(&rig.world, "SELECT count(*) FROM t"), "Integer(2)");
}

/// A program that died in the middle of a transaction leaves its journal beside the file: reads say so, and recover,
/// which alone may, lets the database roll it back.
#[test]
fn recover_rolls_back_what_another_program_left() {
    let rig = marked(
        "CREATE TABLE TxField (FLD_ID int); CREATE TABLE t (id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1, 'a')",
    );
    leave_hot(&rig);
    let line = status::run(&rig.world.context()).unwrap();
    assert_eq!(line.targets[0].state, "target_needs_recovery");
    assert!(line.is_disturbed());
    let done = recover::run(&rig.world.context(), &recover::Request::default()).unwrap();
    assert_eq!(done.rolled_back, ["lab"]);
    assert_eq!(dump_tables(&rig.world.path("lab.db")), rig.before);
    assert_eq!(status::run(&rig.world.context()).unwrap().targets[0].state, "marked");
}

/// Puts the file and its rollback journal in the state that a kill in the middle of a large transaction leaves.
fn leave_hot(rig: &Rig) {
    let (path, beside) = (rig.world.path("lab.db"), rig.world.path("lab.db-journal"));
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute_batch("PRAGMA cache_size = 1; BEGIN; CREATE TABLE big (x)").unwrap();
    for _ in 0..200 {
        connection.execute("INSERT INTO big VALUES (zeroblob(3000))", []).unwrap();
    }
    let (file, journal) = (std::fs::read(&path).unwrap(), std::fs::read(&beside).unwrap());
    connection.execute_batch("ROLLBACK").unwrap();
    drop(connection);
    std::fs::write(&path, file).unwrap();
    std::fs::write(&beside, journal).unwrap();
}

#[test]
fn an_absent_target_with_nothing_on_it_does_not_spoil_an_audit() {
    let world = World::with_lab(20);
    std::fs::remove_file(world.path("lab.db")).unwrap();
    let request = audit::Request { depth: audit::Level::Live, full: false };
    let audited = audit::run(&world.context(), &request).unwrap();
    assert!(audited.ok && audited.live[0].not_run.is_some());
    let world = World::with_lab(20);
    world.apply(request_sample("create_invalid_angles", "gantry", 1, 1)).unwrap();
    std::fs::remove_file(world.path("lab.db")).unwrap();
    assert!(!audit::run(&world.context(), &request).unwrap().ok);
}

#[test]
fn an_unknown_number_is_said_to_be_unknown() {
    let world = World::with_lab(20);
    let request = revert::Request { operations: vec![7], ..Default::default() };
    assert_eq!(revert::run(&world.context(), &request).unwrap_err().code, "no_operation");
}
