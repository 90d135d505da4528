//! SQLite targets from outside: opening, reading, execution and its failures, tombstones, marks, and a lab's file.

#![cfg(test)]

mod target;

use std::path::Path;
use std::sync::{Arc, Mutex};

use mfm::model::{Action, Change, Filter, Key, Kind, Query, Refusal, Storage, Value};
use mfm::target::faults::{Faults, WriteStep};
use mfm::target::sqlite::{SqliteTarget, create_lab, roll_back_hot_journal};
use mfm::target::{
    DomainKeys, ExecuteError, Marker, NewTable, OperationRow, OperationState, Target, TargetError, Tombstone, Work,
    open_url,
};
use mfm_journal::{Digest, Intended};
use target::*;

const ROWS: &str = "CREATE TABLE t(id INTEGER PRIMARY KEY, a decimal(4,1), b varchar(9));
    INSERT INTO t VALUES (1, 1.5, 'x'), (2, NULL, 'y'), (3, 3, '');";

fn changes(target: &mut dyn Target) -> Vec<Change> {
    vec![
        update(target, "t", vec![int(1)], &[("a", int(400))]).unwrap(),
        insert(target, "t", vec![int(9), Value::Real(0.5), text("new ")]).unwrap(),
        delete(target, "t", vec![int(2)]).unwrap(),
    ]
}

fn rolled_back<T: std::fmt::Debug>(result: Result<T, ExecuteError>) -> TargetError {
    match result {
        Err(ExecuteError::RolledBack(error)) => error,
        other => panic!("expected a roll-back, found {other:?}"),
    }
}

fn row_of(intended: &Intended) -> OperationRow {
    let (uid, journal_id, op) = (intended.uid(), intended.journal_id(), intended.op());
    OperationRow { uid, journal_id, op, state: OperationState::Committed }
}

#[test]
fn an_update_an_insert_and_a_delete_come_back_exactly() {
    let file = File::new(ROWS);
    let mut target = file.target();
    let changes = changes(&mut target);
    let mut notebook = there_and_back(&mut target, &changes);
    let journal_id = target.journals().unwrap()[0];
    let newest = target.newest(&journal_id).unwrap().unwrap();
    assert_eq!((newest.op, newest.state), (2, OperationState::Committed));
    assert_eq!(target.operation(&newest.uid).unwrap(), Some(newest.clone()));
    assert_eq!(target.operations(&journal_id).unwrap().len(), 2);
    assert_eq!(notebook.intend(&changes).journal_id(), journal_id);
    assert_eq!(target.tables().unwrap(), ["t"], "mfm's own tables are nobody's");
    assert_eq!(refusal(target.table("mfm_marker")).code(), "not_a_table");
}

#[test]
fn what_cannot_be_opened_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let code = |path: &Path| SqliteTarget::open(path, DomainKeys::new()).unwrap_err().code();
    assert_eq!(code(&folder.path().join("nothing.db")), "target_absent");
    assert!(!folder.path().join("nothing.db").exists());
    assert_eq!(code(folder.path()), "target_open");
    let text = folder.path().join("text.db");
    std::fs::write(&text, "this is no database, whatever its name says".repeat(99)).unwrap();
    assert_eq!(code(&text), "target_open");
    let wide = folder.path().join("wide.db");
    let connection = rusqlite::Connection::open(&wide).unwrap();
    connection.execute_batch("PRAGMA encoding = 'UTF-16le'; CREATE TABLE t(a)").unwrap();
    assert_eq!(code(&wide), "unsupported");
    let url = |url: &str| open_url(url, DomainKeys::new()).map(|target| target.url().to_owned());
    for bad in ["lab.db", "/lab.db", "sqlite:", "mysql:lab", ""] {
        assert_eq!(url(bad).unwrap_err().code(), "target_url", "{bad}");
    }
    let file = File::new(ROWS);
    let good = format!("sqlite:{}", file.path.display());
    assert_eq!(url(&good).unwrap(), good);
    assert_eq!(file.target().name(), "lab.db");
}

#[test]
fn the_reading_side_cannot_write_and_leaves_the_file_alone() {
    let file = File::new(ROWS);
    let before = std::fs::read(&file.path).unwrap();
    let mut target = file.target();
    let changes = changes(&mut target);
    census(&mut target, &changes).unwrap();
    target.digests(&mut |_, _| ()).unwrap();
    drop(target);
    assert_eq!(std::fs::read(&file.path).unwrap(), before);
    assert_eq!(std::fs::read_dir(file.folder()).unwrap().count(), 1);
}

#[test]
fn a_hot_journal_needs_recovery_and_nothing_else() {
    let file = File::new(ROWS);
    let crashed = tempfile::tempdir().unwrap();
    let path = crashed.path().join("lab.db");
    let connection = file.connection();
    // A tiny cache makes SQLite write into the database before the commit; copied now, it is a crash's remains.
    connection
        .execute_batch(
            "PRAGMA cache_size = 1; BEGIN; UPDATE t SET b = 'changed'; CREATE TABLE filler(v);
             INSERT INTO filler WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
               SELECT zeroblob(1000) FROM n;",
        )
        .unwrap();
    for suffix in ["", "-journal"] {
        let name = format!("lab.db{suffix}");
        std::fs::copy(file.folder().join(&name), crashed.path().join(&name)).unwrap();
    }
    drop(connection);
    let open = || SqliteTarget::open(&path, DomainKeys::new());
    assert_eq!(open().unwrap_err().code(), "target_needs_recovery");
    assert_eq!(open().unwrap_err().code(), "target_needs_recovery", "asking changes nothing");
    roll_back_hot_journal(&path).unwrap();
    let mut target = open().unwrap();
    assert_eq!(target.tables().unwrap(), ["t"]);
    assert_eq!(row(&mut target, "t", &[int(1)]).unwrap()[2], text("x"));
    assert_eq!(roll_back_hot_journal(&crashed.path().join("no.db")).unwrap_err().code(), "target_absent");
}

#[test]
fn write_ahead_logging_stays_as_it_was() {
    let file = File::new(&format!("PRAGMA journal_mode = wal; {ROWS}"));
    let mut target = file.target();
    let changes = changes(&mut target);
    there_and_back(&mut target, &changes);
    let mode: String = file.connection().query_one("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
}

#[test]
fn queries_find_rows_whatever_number_holds_the_value() {
    let file = File::new(
        "CREATE TABLE t(id INTEGER PRIMARY KEY, f, x TEXT);
         INSERT INTO t VALUES (1, 5, '5'), (2, 5.0, 'a'), (3, '5', 'A'), (4, NULL, NULL), (5, 5.5, 'b'), (6, x'05', '');
         CREATE TABLE mixed(v); INSERT INTO mixed VALUES (3), (2.5), ('z'), (NULL); CREATE TABLE empty(v);",
    );
    let mut target = file.target();
    let mut ids = |column: &str, values: Vec<Value>| {
        let answer = target.read(&Query::among("T", column, values)).unwrap();
        answer.rows.iter().map(|row| row[0].clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids("F", vec![int(5)]), [int(1), int(2)]);
    assert_eq!(ids("f", vec![text("5"), Value::Null]), [int(3)]);
    assert_eq!(ids("f", vec![Value::Real(5.5), Value::Bytes(vec![5])]), [int(5), int(6)]);
    assert_eq!(ids("x", vec![text("a"), text("")]), [int(2), int(6)]);
    assert_eq!(ids("x", vec![int(5)]), [], "a text is no number");
    assert_eq!(ids("id", (0..5000).map(int).collect()), (1..=6).map(int).collect::<Vec<_>>());
    assert_eq!(ids("id", vec![]), []);
    assert_eq!(target.read(&Query::maximum("t", "id")).unwrap().maximum, Some(6));
    assert_eq!(target.read(&Query::maximum("mixed", "v")).unwrap().maximum, Some(3));
    assert_eq!(target.read(&Query::maximum("empty", "v")).unwrap().maximum, None);
    assert_eq!(target.read(&Query::all("T")).unwrap().rows.len(), 6);
    assert!(target.read(&Query::all("nothing")).unwrap().table.is_none());
    let wrong = Query { table: "t".into(), filter: Filter::Maximum { column: "nothing".into() } };
    assert_eq!(refusal(target.read(&wrong)).code(), "missing_column");
    let t = table(&mut target, "t");
    assert_eq!(target.keys(&t).unwrap(), (1..=6).map(|id| vec![int(id)]).collect::<Vec<Key>>());
}

#[test]
fn views_and_virtual_tables_are_no_tables_but_their_data_is_digested() {
    let file = File::new(
        "CREATE TABLE t(k INTEGER PRIMARY KEY); CREATE VIEW v AS SELECT * FROM t; CREATE VIRTUAL TABLE f USING fts5(x);",
    );
    let mut target = file.target();
    assert_eq!(target.tables().unwrap(), ["t"]);
    for (name, what) in [("V", "view"), ("f", "virtual table"), ("f_data", "shadow table of a virtual table")] {
        assert_eq!(
            refusal(target.table(name)).to_string(),
            format!("{} is a {what}, not a table", name.to_lowercase())
        );
    }
    let before = target.digests(&mut |_, _| ()).unwrap();
    file.sql("INSERT INTO f VALUES ('somebody')");
    assert_ne!(target.digests(&mut |_, _| ()).unwrap(), before);
}

#[test]
fn digests_do_not_depend_on_order_and_report_progress() {
    let rows = |order: &str| {
        format!(
            "CREATE TABLE t(v); INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n \
                 WHERE i < 9000) SELECT i FROM n ORDER BY i {order}; CREATE TABLE \"A b\"(v)"
        )
    };
    let (up, down) = (File::new(&rows("ASC")), File::new(&rows("DESC")));
    let mut seen = Vec::new();
    let digests = up.target().digests(&mut |done, total| seen.push((done, total))).unwrap();
    assert_eq!(digests, down.target().digests(&mut |_, _| ()).unwrap());
    assert_eq!(seen, [(4096, 9000), (8192, 9000), (9000, 9000)]);
    assert_eq!(digests.iter().map(|one| (one.table.as_str(), one.rows)).collect::<Vec<_>>(), [("A b", 0), ("t", 9000)]);
}

#[test]
fn a_stale_plan_is_refused_for_the_first_row_that_differs() {
    for (sql, what) in [
        ("UPDATE t SET b = 'theirs' WHERE id = 1", "t 1 was changed by somebody else"),
        ("DELETE FROM t WHERE id = 2", "t 2 is gone"),
        ("INSERT INTO t VALUES (9, 0, '')", "t 9 exists already"),
    ] {
        let file = File::new(ROWS);
        let mut target = file.target();
        let changes = changes(&mut target);
        file.sql(sql);
        let before = target.digests(&mut |_, _| ()).unwrap();
        let refusal = refused(execute(&mut target, &mut Notebook::new(), &changes, false));
        assert_eq!(refusal, Refusal::Stale { what: what.into() });
        assert_eq!(target.digests(&mut |_, _| ()).unwrap(), before);
        assert!(target.journals().unwrap().is_empty());
    }
}

#[test]
fn kept_rows_are_compared_and_not_written() {
    let file = File::new(ROWS);
    let mut target = file.target();
    let t = table(&mut target, "t");
    let there = row(&mut target, "t", &[int(3)]).unwrap();
    let digest = Some(t.shape.row_digest(&there).unwrap());
    let kept =
        |key: i64, digest| Change { table: Arc::clone(&t.shape), key: vec![int(key)], action: Action::Kept { digest } };
    let changes = [kept(3, digest), kept(77, None)];
    let mut notebook = Notebook::new();
    assert_eq!(execute(&mut target, &mut notebook, &changes, false).unwrap().rows, 0);
    for wrong in [kept(3, None), kept(1, digest), kept(77, digest)] {
        assert_eq!(refused(execute(&mut target, &mut notebook, &[wrong], false)).code(), "stale");
    }
    assert_eq!(execute(&mut target, &mut notebook, &[], false).unwrap().rows, 0, "an empty revert closes an operation");
}

#[test]
fn only_what_a_census_judged_and_a_journal_holds_is_written() {
    let file = File::new(ROWS);
    let mut target = file.target();
    let changes = changes(&mut target);
    let touches = touches(&mut target, &changes);
    let census = target.census(&touches, false).unwrap();
    let marker = target.marker().unwrap().unwrap();
    let mut notebook = Notebook::new();
    let mut narrower = touches.clone();
    narrower[0].updated = vec!["b".into()];
    let narrower_facts = target.census(&narrower, false).unwrap().facts;
    let other = Marker { marker_id: "11".repeat(16), ..marker.clone() };
    let (facts, wrong) = (census.facts, Some(Digest::ZERO));
    for (held, touches, facts, marker) in [
        (&changes[..1], &touches[..], facts, &marker),
        (&changes[..], &[], facts, &marker),
        (&changes[..], &touches[..], None, &marker),
        (&changes[..], &touches[..], wrong, &marker),
        (&changes[..], &narrower[..], narrower_facts, &marker),
        (&changes[..], &touches[..], facts, &other),
    ] {
        let work = Work { changes: &changes, touches, facts, disable_triggers: false, marker, at_us: AT_US };
        let done = target.writer(WAIT_MS).unwrap().execute(&notebook.intend(held), &work);
        assert_eq!(refused(done).code(), "stale");
    }
    assert!(target.journals().unwrap().is_empty());
}

#[test]
fn copies_moves_and_unmarked_files_are_refused() {
    let file = File::new(ROWS);
    let changes = changes(&mut file.target());
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db");
    std::fs::copy(&file.path, &copy).unwrap();
    let mut target = SqliteTarget::open(&copy, DomainKeys::new()).unwrap();
    assert_ne!(target.bound().unwrap(), target.marker().unwrap().unwrap().bound);
    let moved = refused(execute(&mut target, &mut Notebook::new(), &changes, false));
    assert_eq!(moved.code(), "marked_elsewhere");
    let mut target = file.target();
    let mut marker = target.marker().unwrap().unwrap();
    let identity = marker.identity();
    marker.marker_id = "ab".repeat(16);
    assert_ne!(marker.identity(), identity);
    target.writer(WAIT_MS).unwrap().mark(&marker).unwrap();
    assert_eq!(target.marker().unwrap(), Some(marker));
    let mut notebook = Notebook::new();
    execute(&mut target, &mut notebook, &changes, false).unwrap();
    let bound = file.quote("SELECT bound v FROM mfm_marker");
    assert_eq!(bound, format!("'{{\"path\":\"{}\"}}'", file.path.canonicalize().unwrap().display()));
    file.mark();
    assert_eq!(target.journals().unwrap().len(), 1, "a new mark keeps the operations");
    file.sql("DROP TABLE mfm_marker");
    let marker = file.target().marker().unwrap();
    assert!(marker.is_none());
    target.writer(WAIT_MS).unwrap().unmark().unwrap();
    assert_eq!(file.quote("SELECT count(*) v FROM sqlite_schema WHERE name LIKE 'mfm%'"), "0");
    assert!(target.operation(&Digest::ZERO).unwrap().is_none() && target.journals().unwrap().is_empty());
}

#[test]
fn an_unmarked_file_is_refused_inside_the_transaction_too() {
    for sql in ["DROP TABLE mfm_operation", "DROP TABLE mfm_marker", "DELETE FROM mfm_marker"] {
        let file = File::new(ROWS);
        let mut target = file.target();
        let changes = changes(&mut target);
        let touches = touches(&mut target, &changes);
        let facts = target.census(&touches, false).unwrap().facts;
        let marker = target.marker().unwrap().unwrap();
        file.sql(sql);
        let work = Work {
            changes: &changes,
            touches: &touches,
            facts,
            disable_triggers: false,
            marker: &marker,
            at_us: AT_US,
        };
        let done = target.writer(WAIT_MS).unwrap().execute(&Notebook::new().intend(&changes), &work);
        assert_eq!(refused(done).code(), "unmarked", "{sql}");
    }
}

#[test]
fn a_tombstone_decides_for_good() {
    let file = File::new(ROWS);
    let mut target = file.target();
    let changes = changes(&mut target);
    let mut notebook = Notebook::new();
    let intended = notebook.intend(&changes);
    let row = row_of(&intended);
    let holder = file.connection();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(target.writer(WAIT_MS).unwrap().tombstone(&row, AT_US).unwrap(), Tombstone::Undecided);
    let busy = rolled_back(execute(&mut target, &mut notebook, &changes, false));
    assert!(matches!(busy, TargetError::Busy { wait_ms: WAIT_MS, .. }));
    holder.execute_batch("COMMIT").unwrap();
    assert_eq!(target.writer(WAIT_MS).unwrap().tombstone(&row, AT_US).unwrap(), Tombstone::Inserted);
    let found = Tombstone::Found(OperationState::Abandoned);
    assert_eq!(target.writer(WAIT_MS).unwrap().tombstone(&row, AT_US).unwrap(), found);
    let touches = touches(&mut target, &changes);
    let facts = target.census(&touches, false).unwrap().facts;
    let marker = target.marker().unwrap().unwrap();
    let work =
        Work { changes: &changes, touches: &touches, facts, disable_triggers: false, marker: &marker, at_us: AT_US };
    let late = refused(target.writer(WAIT_MS).unwrap().execute(&intended, &work));
    assert_eq!(late.to_string(), "the plan is stale: operation 1 was closed by a recover meanwhile");
    let forked = OperationRow { uid: Digest::of(b"forked"), ..row };
    let error = target.writer(WAIT_MS).unwrap().tombstone(&forked, AT_US).unwrap_err();
    assert!(matches!(&error, TargetError::Replaced { what, .. } if what.contains("operation 1")), "{error}");
    file.sql("DROP TABLE mfm_operation");
    let error = target.writer(WAIT_MS).unwrap().tombstone(&forked, AT_US).unwrap_err();
    assert_eq!(error.code(), "target_replaced");
}

/// Fails at the nth step, and keeps what it saw.
struct FailAt {
    left: usize,
    seen: Vec<WriteStep>,
}

impl Faults for FailAt {
    fn step(&mut self, step: WriteStep) -> Result<(), String> {
        self.seen.push(step);
        if self.left == self.seen.len() { Err(format!("at {step:?}")) } else { Ok(()) }
    }
}

#[test]
fn a_failure_at_any_step_is_a_roll_back_or_said_to_be_unknown() {
    for nth in 1..=9 {
        let file = File::new(ROWS);
        let mut target = file.target();
        let changes = changes(&mut target);
        let before = target.digests(&mut |_, _| ()).unwrap();
        let faults = Arc::new(Mutex::new(FailAt { left: nth, seen: Vec::new() }));
        target.set_faults(faults.clone());
        let mut notebook = Notebook::new();
        let error = execute(&mut target, &mut notebook, &changes, false).unwrap_err();
        let last = *faults.lock().unwrap().seen.last().unwrap();
        let committed = last == WriteStep::AfterCommit;
        assert_eq!(matches!(error, ExecuteError::Unknown(_)), committed, "{error:?}");
        assert_eq!(matches!(error, ExecuteError::RolledBack(TargetError::Failed { .. })), !committed);
        assert_eq!(target.digests(&mut |_, _| ()).unwrap() != before, committed, "{last:?}");
        assert_eq!(target.journals().unwrap().len(), usize::from(committed));
        if !committed {
            there_and_back(&mut target, &changes);
        }
    }
}

#[test]
fn a_panic_in_mid_transaction_leaves_nothing() {
    struct Panics;
    impl Faults for Panics {
        fn step(&mut self, step: WriteStep) -> Result<(), String> {
            assert_ne!(step, WriteStep::ReadBack, "dies here");
            Ok(())
        }
    }
    let file = File::new(ROWS);
    let mut target = file.target();
    let changes = changes(&mut target);
    let before = target.digests(&mut |_, _| ()).unwrap();
    target.set_faults(Arc::new(Mutex::new(Panics)));
    let died = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        execute(&mut target, &mut Notebook::new(), &changes, false)
    }));
    assert!(died.is_err());
    let mut target = file.target();
    assert_eq!(target.digests(&mut |_, _| ()).unwrap(), before);
    there_and_back(&mut target, &changes);
}

#[test]
fn a_full_disk_is_a_certain_roll_back() {
    let file = File::new("CREATE TABLE t(id INTEGER PRIMARY KEY, b BLOB); INSERT INTO t VALUES (1, x'00');");
    let mut target = file.target();
    let big = Value::Bytes(vec![7; 50_000]);
    let changes = [update(&mut target, "t", vec![int(1)], &[("b", big)]).unwrap()];
    target.limit_pages(8);
    let before = target.digests(&mut |_, _| ()).unwrap();
    let error = rolled_back(execute(&mut target, &mut Notebook::new(), &changes, false));
    assert_eq!(error.code(), "target_full");
    assert_eq!(target.digests(&mut |_, _| ()).unwrap(), before);
    there_and_back(&mut file.target(), &changes);
}

#[test]
fn a_schema_that_needs_unknown_functions_is_refused_where_it_is_rehearsed() {
    let file = File::new("CREATE TABLE t(id INTEGER PRIMARY KEY, a COLLATE NOCASE CHECK (a IS NOT 'no'), b);");
    file.sql(
        "INSERT INTO t VALUES (1, 'x', 1); PRAGMA writable_schema = on;
         UPDATE sqlite_schema SET sql = replace(sql, 'a IS NOT', 'unknown(a) IS NOT') WHERE name = 't';
         PRAGMA schema_version = 1000;",
    );
    let mut target = file.target();
    let t = table(&mut target, "t");
    let refusal = refusal(target.rehearse(&t, vec![vec![int(2), text("x"), int(1)]]));
    assert!(matches!(&refusal, Refusal::Constraint { why, .. } if why.contains("unknown")), "{refusal}");
}

#[test]
fn storage_and_kind_of_declared_types() {
    let file = File::new(
        "CREATE TABLE t(id INTEGER PRIMARY KEY, a decimal(6,2), b nvarchar(20), c datetime, d tinyint, e binary(4), f bit);
         CREATE TABLE s(id INTEGER PRIMARY KEY, a ANY) STRICT;",
    );
    let mut target = file.target();
    let t = table(&mut target, "t");
    let of = |name: &str| {
        let column = t.column(name).unwrap().1;
        (column.kind, column.storage, column.nullable)
    };
    assert_eq!(of("id"), (Kind::Integer { min: i64::MIN, max: i64::MAX }, Storage::Integer, true));
    assert_eq!(of("a"), (Kind::Decimal { precision: 6, scale: 2 }, Storage::Numeric, true));
    assert_eq!(of("b"), (Kind::Text { length: Some(20) }, Storage::Text, true));
    assert_eq!(of("c"), (Kind::DateTime, Storage::Numeric, true));
    assert_eq!(of("d"), (Kind::Integer { min: 0, max: 255 }, Storage::Integer, true));
    assert_eq!(of("e"), (Kind::Bytes { length: Some(4), fixed: true }, Storage::Numeric, true));
    assert_eq!(of("f"), (Kind::Boolean, Storage::Numeric, true));
    assert_eq!(table(&mut target, "s").column("a").unwrap().1.storage, Storage::Blob);
}

fn new_table(name: &str, key: Option<&str>, columns: &[(&str, &str, bool)]) -> NewTable {
    let columns = columns.iter().map(|(name, declared, null)| ((*name).into(), (*declared).into(), *null)).collect();
    NewTable { name: name.into(), key: key.map(Into::into), columns }
}

#[test]
fn a_lab_is_one_whole_file_or_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lab.db");
    let mut lab = create_lab(&path).unwrap();
    lab.table(&new_table("Site", Some("SIT_ID"), &[("SIT_ID", "int", false), ("Dose", "decimal(8,2)", true)])).unwrap();
    lab.table(&new_table("Txt", Some("k"), &[("k", "varchar(8)", false)])).unwrap();
    lab.table(&new_table("Bare", None, &[("v", "varbinary(9)", false)])).unwrap();
    lab.row("Site", &[int(1), Value::Real(0.5)]).unwrap();
    assert!(lab.row("Site", &[int(1), Value::Null]).is_err(), "twice the same key");
    assert!(lab.row("Site", &[int(2)]).is_err());
    assert_eq!(refusal(lab.row("Nothing", &[])).code(), "missing_table");
    let evil = new_table("Evil", None, &[("v", "int); DROP TABLE Site; --", true)]);
    assert_eq!(refusal(lab.table(&evil)).code(), "unsupported");
    assert_eq!(refusal(create_lab(&path).map(|_| ())).code(), "exists");
    lab.finish().unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    assert_eq!(refusal(create_lab(&path).map(|_| ())).code(), "exists");

    let mut target = SqliteTarget::open(&path, DomainKeys::new()).unwrap();
    assert_eq!(target.tables().unwrap(), ["Bare", "Site", "Txt"]);
    let site = table(&mut target, "site");
    assert!(matches!(site.key, mfm::model::KeyStanding::Declared(_)));
    for name in ["Site", "Txt"] {
        let touch = mfm::target::Touch { table: table(&mut target, name), updated: vec![], inserts: 1, deletes: 1 };
        assert!(target.census(&[touch], false).unwrap().residue.is_empty(), "{name}");
    }
    let unfinished = folder.path().join("half.db");
    let mut lab = create_lab(&unfinished).unwrap();
    lab.table(&new_table("t", None, &[("v", "int", true)])).unwrap();
    drop(lab);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "half a lab is none");
    assert_eq!(create_lab(&folder.path().join("no/lab.db")).map(|_| ()).unwrap_err().code(), "target_open");
}
