//! The writing side of SQLite targets from outside: what is refused under lock, and how every failure ends.

#![cfg(test)]

use std::sync::{Arc, Mutex};

use mfm::model::{Change, Refusal, RowAction, Value};
use mfm::targets::faults::{Faults, WriteStep};
use mfm::targets::sqlite::SqliteTarget;
use mfm::targets::{DomainKeys, ExecuteError, Marker, OperationRow, OperationState, Target, TargetError, Tombstone};
use mfm_journal::{Digest, Intended};
use testutils::target::*;

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
fn a_stale_plan_is_refused_for_the_first_row_that_differs() {
    for (sql, what) in [
        ("UPDATE t SET b = 'theirs' WHERE id = 1", "t 1 was changed by somebody else"),
        ("DELETE FROM t WHERE id = 2", "t 2 is gone"),
        ("INSERT INTO t VALUES (9, 0, '')", "t 9 exists already"),
    ] {
        let file = File::new(ROWS);
        let mut target = file.target();
        let changes = change_rows(&mut target);
        file.sql(sql);
        let before = target.digest_tables(&mut |_, _| ()).unwrap();
        let refusal = refused(execute(&mut target, &mut Notebook::new(), &changes, false));
        assert_eq!(refusal, Refusal::Stale { what: what.into() });
        assert_eq!(target.digest_tables(&mut |_, _| ()).unwrap(), before);
        assert!(target.list_journals().unwrap().is_empty());
    }
}

#[test]
fn kept_rows_are_compared_and_not_written() {
    let file = File::new(ROWS);
    let mut target = file.target();
    let t = table(&mut target, "t");
    let there = row(&mut target, "t", &[int(3)]).unwrap();
    let digest = Some(t.shape.row_digest(&there).unwrap());
    let kept = |key: i64, digest| Change {
        table: Arc::clone(&t.shape),
        key: vec![int(key)],
        action: RowAction::Kept { digest },
    };
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
    let changes = change_rows(&mut target);
    let touches = touches(&mut target, &changes);
    let preflight = target.first_preflight(&touches, false).unwrap();
    let marker = target.read_marker().unwrap().unwrap();
    let mut notebook = Notebook::new();
    let mut narrower = touches.clone();
    narrower[0].updated = vec!["b".into()];
    let narrower_facts = target.first_preflight(&narrower, false).unwrap().facts;
    let other = Marker { marker_id: "11".repeat(16), ..marker.clone() };
    let (facts, wrong) = (preflight.facts, Some(Digest::ZERO));
    for (held, touches, facts, marker) in [
        (&changes[..1], &touches[..], facts, &marker),
        (&changes[..], &[], facts, &marker),
        (&changes[..], &touches[..], None, &marker),
        (&changes[..], &touches[..], wrong, &marker),
        (&changes[..], &narrower[..], narrower_facts, &marker),
        (&changes[..], &touches[..], facts, &other),
    ] {
        let work = plan_work(&changes, touches, facts, marker);
        let done = target.open_writer(WAIT_MS).unwrap().execute(&notebook.intend(held), &work);
        assert_eq!(refused(done).code(), "stale");
    }
    assert!(target.list_journals().unwrap().is_empty());
}

#[test]
fn copies_moves_and_unmarked_files_are_refused() {
    let file = File::new(ROWS);
    let changes = change_rows(&mut file.target());
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db");
    std::fs::copy(&file.path, &copy).unwrap();
    let mut target = SqliteTarget::open(&copy, DomainKeys::new()).unwrap();
    assert_ne!(target.read_binding().unwrap(), target.read_marker().unwrap().unwrap().bound);
    let moved = refused(execute(&mut target, &mut Notebook::new(), &changes, false));
    assert_eq!(moved.code(), "marked_elsewhere");
    let mut target = file.target();
    let mut marker = target.read_marker().unwrap().unwrap();
    let identity = marker.identity();
    marker.marker_id = "ab".repeat(16);
    assert_ne!(marker.identity(), identity);
    target.open_writer(WAIT_MS).unwrap().mark(&marker).unwrap();
    assert_eq!(target.read_marker().unwrap(), Some(marker));
    let mut notebook = Notebook::new();
    execute(&mut target, &mut notebook, &changes, false).unwrap();
    let bound = file.quote("SELECT bound v FROM mfm_marker");
    let path = format!("\"path\":\"{}\"}}'", file.path.canonicalize().unwrap().display());
    assert!(bound.starts_with("'{\"file_") && bound.ends_with(&path), "{bound}");
    file.mark();
    assert_eq!(target.list_journals().unwrap().len(), 1, "a new mark keeps the operations");
    file.sql("DROP TABLE mfm_marker");
    let marker = file.target().read_marker().unwrap();
    assert!(marker.is_none());
    target.open_writer(WAIT_MS).unwrap().unmark().unwrap();
    assert_eq!(file.quote("SELECT count(*) v FROM sqlite_schema WHERE name LIKE 'mfm%'"), "0");
    assert!(target.find_operation(&Digest::ZERO).unwrap().is_none() && target.list_journals().unwrap().is_empty());
}

#[test]
fn an_unmarked_file_is_refused_inside_the_transaction_too() {
    for sql in ["DROP TABLE mfm_operation", "DROP TABLE mfm_marker", "DELETE FROM mfm_marker"] {
        let file = File::new(ROWS);
        let mut target = file.target();
        let changes = change_rows(&mut target);
        let touches = touches(&mut target, &changes);
        let facts = target.first_preflight(&touches, false).unwrap().facts;
        let marker = target.read_marker().unwrap().unwrap();
        file.sql(sql);
        let work = plan_work(&changes, &touches, facts, &marker);
        let done = target.open_writer(WAIT_MS).unwrap().execute(&Notebook::new().intend(&changes), &work);
        assert_eq!(refused(done).code(), "unmarked", "{sql}");
    }
}

#[test]
fn a_tombstone_decides_for_good() {
    let file = File::new(ROWS);
    let mut target = file.target();
    let changes = change_rows(&mut target);
    let mut notebook = Notebook::new();
    let intended = notebook.intend(&changes);
    let row = row_of(&intended);
    let holder = file.connection();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(target.open_writer(WAIT_MS).unwrap().write_tombstone(&row, AT_US).unwrap(), Tombstone::Undecided);
    let busy = rolled_back(execute(&mut target, &mut notebook, &changes, false));
    assert!(matches!(busy, TargetError::Busy { wait_ms: WAIT_MS, .. }));
    holder.execute_batch("COMMIT").unwrap();
    assert_eq!(target.open_writer(WAIT_MS).unwrap().write_tombstone(&row, AT_US).unwrap(), Tombstone::Inserted);
    let found = Tombstone::Found(OperationState::Abandoned);
    assert_eq!(target.open_writer(WAIT_MS).unwrap().write_tombstone(&row, AT_US).unwrap(), found);
    let touches = touches(&mut target, &changes);
    let facts = target.first_preflight(&touches, false).unwrap().facts;
    let marker = target.read_marker().unwrap().unwrap();
    let work = plan_work(&changes, &touches, facts, &marker);
    let late = refused(target.open_writer(WAIT_MS).unwrap().execute(&intended, &work));
    assert_eq!(late.to_string(), "the plan is stale: operation 1 was closed by a recover in the meantime");
    let forked = OperationRow { uid: Digest::sha256(b"forked"), ..row };
    let error = target.open_writer(WAIT_MS).unwrap().write_tombstone(&forked, AT_US).unwrap_err();
    assert!(matches!(&error, TargetError::Replaced { what, .. } if what.contains("operation 1")), "{error}");
    file.sql("DROP TABLE mfm_operation");
    let error = target.open_writer(WAIT_MS).unwrap().write_tombstone(&forked, AT_US).unwrap_err();
    assert_eq!(error.code(), "target_replaced");
}

/// Fails at the nth step, and keeps what it saw.
struct FailAt {
    left: usize,
    seen: Vec<WriteStep>,
}

impl Faults for FailAt {
    fn allow_step(&mut self, step: WriteStep) -> Result<(), String> {
        self.seen.push(step);
        if self.left == self.seen.len() { Err(format!("at {step:?}")) } else { Ok(()) }
    }
}

#[test]
fn a_failure_at_any_step_is_a_roll_back_or_said_to_be_unknown() {
    for nth in 1..=9 {
        let file = File::new(ROWS);
        let mut target = file.target();
        let changes = change_rows(&mut target);
        let before = target.digest_tables(&mut |_, _| ()).unwrap();
        let faults = Arc::new(Mutex::new(FailAt { left: nth, seen: Vec::new() }));
        target.set_faults(faults.clone());
        let mut notebook = Notebook::new();
        let error = execute(&mut target, &mut notebook, &changes, false).unwrap_err();
        let last = *faults.lock().unwrap().seen.last().unwrap();
        let committed = last == WriteStep::AfterCommit;
        assert_eq!(matches!(error, ExecuteError::Unknown(_)), committed, "{error:?}");
        assert_eq!(matches!(error, ExecuteError::RolledBack(TargetError::Failed { .. })), !committed);
        assert_eq!(target.digest_tables(&mut |_, _| ()).unwrap() != before, committed, "{last:?}");
        assert_eq!(target.list_journals().unwrap().len(), usize::from(committed));
        if !committed {
            there_and_back(&mut target, &changes);
        }
    }
}

#[test]
fn a_panic_in_mid_transaction_leaves_nothing() {
    struct Panics;
    impl Faults for Panics {
        fn allow_step(&mut self, step: WriteStep) -> Result<(), String> {
            assert_ne!(step, WriteStep::ReadBack, "dies here");
            Ok(())
        }
    }
    let file = File::new(ROWS);
    let mut target = file.target();
    let changes = change_rows(&mut target);
    let before = target.digest_tables(&mut |_, _| ()).unwrap();
    target.set_faults(Arc::new(Mutex::new(Panics)));
    let died = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        execute(&mut target, &mut Notebook::new(), &changes, false)
    }));
    assert!(died.is_err());
    let mut target = file.target();
    assert_eq!(target.digest_tables(&mut |_, _| ()).unwrap(), before);
    there_and_back(&mut target, &changes);
}

#[test]
fn a_full_disk_is_a_certain_roll_back() {
    let file = File::new("CREATE TABLE t(id INTEGER PRIMARY KEY, b BLOB); INSERT INTO t VALUES (1, x'00');");
    let mut target = file.target();
    let big = Value::Bytes(vec![7; 50_000]);
    let changes = [update(&mut target, "t", vec![int(1)], &[("b", big)]).unwrap()];
    target.limit_pages(8);
    let before = target.digest_tables(&mut |_, _| ()).unwrap();
    let error = rolled_back(execute(&mut target, &mut Notebook::new(), &changes, false));
    assert_eq!(error.code(), "target_full");
    assert_eq!(target.digest_tables(&mut |_, _| ()).unwrap(), before);
    there_and_back(&mut file.target(), &changes);
}
