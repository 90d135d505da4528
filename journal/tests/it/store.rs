//! Journals are made, opened, written and read back.

use std::ops::ControlFlow;

use mfm_journal::{Change, Digest, Images, Intent, Journal, JournalError, OperationVerdict, tree::Frontier};
use serde_json::{Map, json};

use crate::common::*;

fn read_back(journal: &Journal, op: u64) -> Vec<Change> {
    let operation = journal.read_operation(op).unwrap().unwrap();
    let mut out = Vec::new();
    let visit = &mut |change| {
        out.push(change);
        ControlFlow::Continue(())
    };
    journal.visit_changes(&operation, visit).unwrap();
    out
}

#[test]
fn a_journal_is_made_once_and_found_again() {
    let folder = Folder::new();
    let path = folder.folder.path().join("deep/er/journal.db");
    assert_eq!(Journal::open(&path).unwrap_err().code(), "journal_missing");
    assert_eq!(Journal::open_read(&path).unwrap_err().code(), "journal_missing");
    let made = Journal::create(&path, [1; 16], &stamp()).unwrap();
    assert_eq!(made.head().seq, 1);
    assert_eq!(made.id(), made.head().digest);
    let names: Vec<_> = std::fs::read_dir(path.parent().unwrap()).unwrap().map(|f| f.unwrap().file_name()).collect();
    assert!(
        names.iter().all(|name| name.to_str().unwrap().starts_with("journal.db") && !names.is_empty()),
        "{names:?}"
    );
    assert!(!names.iter().any(|name| name.to_str().unwrap().contains(".new")), "{names:?}");
    let again = Journal::create(&path, [2; 16], &stamp()).unwrap_err();
    assert_eq!(again.code(), "journal_exists");
    let id = made.id();
    drop(made);
    for journal in [Journal::open(&path).unwrap(), Journal::open_read(&path).unwrap()] {
        assert_eq!(journal.id(), id);
        assert_eq!(journal.state().next_op, 1);
        assert_eq!(journal.root(), mfm_journal::tree::leaf_hash(id.as_bytes()));
    }
}

#[test]
fn a_log_without_its_journal_is_not_adopted() {
    let folder = Folder::new();
    std::fs::write(folder.folder.path().join("journal.db-wal"), b"something").unwrap();
    assert_eq!(Journal::create(&folder.path(), [1; 16], &stamp()).unwrap_err().code(), "journal_exists");
}

#[test]
fn other_files_are_not_journals() {
    let folder = Folder::new();
    std::fs::write(folder.path(), vec![b'x'; 4096]).unwrap();
    assert_eq!(Journal::open(&folder.path()).unwrap_err().code(), "not_a_journal");
    std::fs::write(folder.path(), b"").unwrap();
    assert_eq!(Journal::open_read(&folder.path()).unwrap_err().code(), "not_a_journal");
    std::fs::remove_file(folder.path()).unwrap();
    let conn = rusqlite::Connection::open(folder.path()).unwrap();
    conn.execute_batch("PRAGMA application_id = 0x4D464D4A; PRAGMA user_version = 2; CREATE TABLE a(b)").unwrap();
    drop(conn);
    assert_eq!(Journal::open(&folder.path()).unwrap_err().code(), "journal_newer");
}

#[test]
fn an_operation_comes_back_as_it_was_written() {
    let folder = Folder::new();
    let (mut journal, lock) = folder.create();
    let shape = shape();
    let changes = [insert(&shape, 1), update(&shape, 2), delete(&shape, 3), kept(&shape, 4), kept(&shape, 5)];
    let wish = Intent { keys: Some(chosen(5000)), plan_id: Some("p-1".into()), ..intent() };
    let token = intend(&mut journal, &lock, &wish, &changes);
    assert_eq!((token.op(), token.rows(), token.kept()), (1, 3, 2));
    assert_eq!(token.journal_id(), journal.id());
    assert_eq!(token.plan_digest(), wish.plan_digest);
    let mut tree = Frontier::new();
    for change in &changes {
        let mut leaf = mfm_journal::cbor::Writer::new();
        change.write_leaf(&mut leaf).unwrap();
        tree.push_leaf(leaf.as_bytes());
    }
    assert_eq!(token.rows_root(), tree.root());
    assert_eq!(journal.read_operation(1).unwrap().unwrap().verdict, None);
    assert_eq!(journal.state().open[&1].uid, token.uid());
    assert_eq!(journal.plan_used("p-1").unwrap(), None);
    let sealed = journal
        .seal(&lock, &stamp(), 1, OperationVerdict::Applied, Map::from_iter([("drift".into(), json!([]))]))
        .unwrap();
    let folded = &sealed.body["folded"];
    assert_eq!(sealed.body, json!({"uid": token.uid(), "verdict": "applied", "drift": [], "folded": folded}));
    journal.checkpoint();
    drop((journal, lock));

    let journal = Journal::open_read(&folder.path()).unwrap();
    let operation = journal.read_operation(1).unwrap().unwrap();
    assert_eq!(operation.uid, token.uid());
    assert_eq!(operation.verdict, Some(OperationVerdict::Applied));
    assert_eq!(operation.sealed, Some(sealed));
    assert_eq!((operation.target.clone(), operation.residue.clone()), (wish.target, wish.residue));
    assert_eq!((operation.detail.clone(), operation.tables.clone()), (wish.detail, vec!["TxField".to_owned()]));
    assert_eq!((operation.at_us, operation.actor.as_str(), operation.face.as_str()), (AT_US, "Zoë", "cli"));
    assert_eq!(operation.rows_root, token.rows_root());
    assert_eq!(read_back(&journal, 1), changes);
    assert_eq!(journal.read_chosen_keys(&operation).unwrap(), chosen(5000).keys);
    assert_eq!(operation.keys.unwrap().chunks.len(), 2);
    assert_eq!(journal.plan_used("p-1").unwrap(), Some(1));
    assert_eq!(journal.read_operation(2).unwrap(), None);
    assert_eq!(journal.read_entry(99).unwrap(), None);
}

#[test]
fn many_changes_make_many_chunks_and_equal_chunks_are_kept_once() {
    let folder = Folder::new();
    let (mut journal, lock) = folder.create();
    let changes = updates(10_000);
    for _ in 0..2 {
        apply(&mut journal, &lock, &intent(), &changes);
    }
    let chunks = journal.read_operation(1).unwrap().unwrap().chunks;
    assert_eq!(chunks.len(), 3);
    assert_eq!(journal.read_operation(2).unwrap().unwrap().chunks, chunks);
    assert_eq!(read_back(&journal, 2), changes);
    drop((journal, lock));
    let conn = rusqlite::Connection::open(folder.path()).unwrap();
    let count: i64 = conn.query_row("SELECT count(*) FROM chunk", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 3);
    let bytes: i64 = conn.query_row("SELECT sum(length(bytes)) FROM chunk", [], |row| row.get(0)).unwrap();
    assert!(bytes / 10_000 < 160, "{bytes} bytes for 10000 rows");
}

#[test]
fn wide_rows_close_a_chunk_by_its_bytes() {
    let folder = Folder::new();
    let (mut journal, lock) = folder.create();
    let mut change = insert(&shape(), 1);
    if let mfm_journal::RowAction::Insert { after, after_digest } = &mut change.action {
        after[1] = mfm_journal::Value::Text("x".repeat(3 << 20));
        *after_digest = shape().row_digest(after).unwrap();
    }
    let changes: Vec<Change> = std::iter::repeat_n(change, 3).collect();
    intend(&mut journal, &lock, &intent(), &changes);
    assert_eq!(journal.read_operation(1).unwrap().unwrap().chunks.len(), 2);
    assert_eq!(read_back(&journal, 1), changes);
}

#[test]
fn verdicts_follow_the_life_of_an_operation() {
    use OperationVerdict::{Abandoned, Applied, Failed, Gone};
    let all = [Applied, Failed, Abandoned, Gone];
    for first in [None, Some(Applied), Some(Failed), Some(Abandoned)] {
        let folder = Folder::new();
        let (mut journal, lock) = folder.create();
        intend(&mut journal, &lock, &intent(), &updates(1));
        if let Some(first) = first {
            journal.seal(&lock, &stamp(), 1, first, Map::new()).unwrap();
        }
        for second in all {
            let legal = matches!((first, second), (None, Applied | Failed | Abandoned) | (Some(Applied), Gone));
            if !legal {
                let head = journal.head();
                let error = journal.seal(&lock, &stamp(), 1, second, Map::new()).unwrap_err();
                assert_eq!(error.code(), "illegal_order", "{first:?} {second:?}");
                assert_eq!(journal.head(), head);
            }
        }
        if first == Some(Applied) {
            journal.seal(&lock, &stamp(), 1, Gone, Map::new()).unwrap();
            assert_eq!(journal.read_operation(1).unwrap().unwrap().verdict, Some(Gone));
            assert!(journal.seal(&lock, &stamp(), 1, Gone, Map::new()).is_err());
        }
        assert_eq!(journal.seal(&lock, &stamp(), 2, Applied, Map::new()).unwrap_err().code(), "illegal_order");
    }
}

#[test]
fn what_is_not_exact_is_not_written() {
    let folder = Folder::new();
    let (mut journal, lock) = folder.create();
    let head = journal.head();
    let mut not_a_number = insert(&shape(), 1);
    not_a_number.key = vec![mfm_journal::Value::Real(f64::NAN)];
    let error = JournalError::from(Images::from_changes(&[not_a_number]).unwrap_err());
    assert_eq!(error.code(), "image_not_exact");
    for (columns, cells) in [(vec![7], 1), (vec![2, 1], 2), (vec![1, 1], 2), (vec![1, 2], 1)] {
        let mut misfit = update(&shape(), 1);
        if let mfm_journal::RowAction::Update { columns: c, before, after, .. } = &mut misfit.action {
            (*c, *before, *after) = (columns, vec![mfm_journal::Value::Null; cells], vec![mfm_journal::Value::Null; 1]);
        }
        let error = JournalError::from(Images::from_changes(&[misfit]).unwrap_err());
        assert_eq!(error.code(), "image_not_exact");
    }
    let float = Intent { detail: Map::from_iter([("a".into(), json!(0.5))]), ..intent() };
    let error = journal.intend(&lock, &stamp(), &float, &Images::from_changes(&updates(1)).unwrap()).unwrap_err();
    assert_eq!(error.code(), "body_not_canonical");
    let stray = Intent { action: mfm_journal::OperationAction::Revert, ..intent() };
    assert_eq!(
        journal.intend(&lock, &stamp(), &stray, &Images::from_changes(&[]).unwrap()).unwrap_err().code(),
        "bad_intent"
    );
    for (kind, body, code) in [
        ("x", json!({"a": 1.5}), "body_not_canonical"),
        ("intended", json!({}), "entry_kind_reserved"),
        ("gone", json!({}), "entry_kind_reserved"),
        ("target_added", json!({"name": "no url"}), "bad_entry"),
    ] {
        assert_eq!(journal.append(&lock, &stamp(), kind, body).unwrap_err().code(), code, "{kind}");
    }
    let reserved = Map::from_iter([("uid".into(), json!(""))]);
    intend(&mut journal, &lock, &intent(), &updates(1));
    let error = journal.seal(&lock, &stamp(), 1, OperationVerdict::Applied, reserved).unwrap_err();
    assert_eq!(error.code(), "body_not_canonical");
    assert_eq!(journal.head().seq, head.seq + 1);
}

#[test]
fn history_is_listed_newest_first() {
    let folder = Folder::new();
    let (mut journal, lock) = folder.create();
    for _ in 0..5 {
        apply(&mut journal, &lock, &intent(), &updates(1));
    }
    let numbers = |before, limit| -> Vec<u64> {
        journal.read_operations(before, limit).unwrap().into_iter().map(|operation| operation.op).collect()
    };
    assert_eq!(numbers(None, 2), [5, 4]);
    assert_eq!(numbers(Some(3), 9), [2, 1]);
    assert_eq!(numbers(Some(1), 9), [0; 0]);
    assert_eq!(numbers(Some(u64::MAX), 1), [5]);
    let mut seen = Vec::new();
    journal
        .visit_entries(4, &mut |entry| {
            seen.push(entry.seq);
            if entry.seq == 6 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .unwrap();
    assert_eq!(seen, [4, 5, 6]);
}

#[test]
fn reverts_plans_and_baselines_are_found_by_index() {
    let folder = Folder::new();
    sample(&folder.path());
    let journal = Journal::open_read(&folder.path()).unwrap();
    assert_eq!(journal.reverts_of(1).unwrap(), [2]);
    assert_eq!(journal.reverts_of(2).unwrap(), [0; 0]);
    assert_eq!(journal.plan_used("plan-1").unwrap(), Some(1));
    assert_eq!(journal.plan_used("plan-2").unwrap(), None);
    assert_eq!(journal.read_baseline(&identity()).unwrap().unwrap().seq, 4);
    assert_eq!(journal.read_baseline(&Digest::ZERO).unwrap(), None);
    let conn = rusqlite::Connection::open(folder.path()).unwrap();
    for (condition, index) in [
        ("kind = 'intended' AND json_extract(body,'$.reverts') = ?1 ORDER BY seq", "entry_reverts"),
        ("kind = 'intended' AND json_extract(body,'$.plan_id') = ?1 ORDER BY seq", "entry_plan"),
        ("kind = 'baseline' AND json_extract(body,'$.identity') = ?1 ORDER BY seq DESC LIMIT 1", "entry_baseline"),
        ("op = ?1 ORDER BY seq", "entry_op"),
    ] {
        let sql = format!("EXPLAIN QUERY PLAN SELECT * FROM entry WHERE {condition}");
        let plan: String = conn.query_row(&sql, ["1"], |row| row.get(3)).unwrap();
        assert!(plan.contains(index), "{condition}: {plan}");
        assert!(!plan.contains("B-TREE"), "{condition}: {plan}");
    }
}

#[test]
fn the_file_refuses_every_edit() {
    let folder = Folder::new();
    sample(&folder.path());
    let conn = rusqlite::Connection::open(folder.path()).unwrap();
    for sql in [
        "UPDATE entry SET actor = 'x' WHERE seq = 1",
        "UPDATE OR REPLACE entry SET seq = 2 WHERE seq = 1",
        "DELETE FROM entry WHERE seq = (SELECT max(seq) FROM entry)",
        "INSERT OR REPLACE INTO entry SELECT * FROM entry WHERE seq = 1",
        "REPLACE INTO entry SELECT (SELECT max(seq) + 1 FROM entry), kind, op, at, actor, face, body, prev, digest
         FROM entry WHERE seq = 1",
        "INSERT INTO entry SELECT 99, kind, op, at, actor, face, body, prev, zeroblob(32) FROM entry WHERE seq = 1",
        "UPDATE chunk SET bytes = x'00'",
        "DELETE FROM chunk",
        "REPLACE INTO chunk SELECT id, digest, x'00' FROM chunk LIMIT 1",
        "REPLACE INTO chunk(digest, bytes) SELECT digest, x'00' FROM chunk LIMIT 1",
    ] {
        let error = conn.execute(sql, []).unwrap_err().to_string();
        assert!(error.contains("only appended") || error.contains("are never"), "{sql}: {error}");
    }
}

const ENTRY_UPDATE: &str = "CREATE TRIGGER entry_update BEFORE UPDATE ON entry
BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END";

#[test]
fn opening_reads_the_projection_and_does_without_it() {
    let folder = Folder::new();
    sample(&folder.path());
    let mut known = Journal::open_read(&folder.path()).unwrap();
    let edit = |sql: &str| rusqlite::Connection::open(folder.path()).unwrap().execute_batch(sql).unwrap();
    for sql in [
        "UPDATE projection SET fold = 99",
        "UPDATE projection SET state = '{}'",
        "UPDATE projection SET seq = 3",
        "UPDATE projection SET frontier = x'00'",
        "DELETE FROM projection",
    ] {
        edit(sql);
        let journal = Journal::open_read(&folder.path()).unwrap();
        assert_eq!(journal.state(), known.state(), "{sql}");
        assert_eq!((journal.head(), journal.root()), (known.head(), known.root()), "{sql}");
        let (mut journal, lock) = folder.open();
        journal.append(&lock, &stamp(), "note", json!({})).unwrap();
        known = journal;
    }
    // A damaged first half is not read while an entry vouches for the projection, and is found when none does.
    edit("DROP TRIGGER entry_update; UPDATE entry SET actor = 'x' WHERE seq = 3");
    edit(ENTRY_UPDATE);
    assert_eq!(Journal::open(&folder.path()).unwrap().state(), known.state());
    edit("DELETE FROM projection");
    assert!(matches!(Journal::open(&folder.path()), Err(JournalError::Broken { .. })));
}

#[test]
fn a_large_state_is_vouched_for_by_few_entries() {
    let folder = Folder::new();
    let (mut journal, lock) = folder.create();
    let stored = || -> u64 {
        let conn = rusqlite::Connection::open(folder.path()).unwrap();
        conn.query_row("SELECT seq FROM projection", [], |row| row.get::<_, u32>(0)).unwrap().into()
    };
    let mut times = std::collections::BTreeSet::new();
    for _ in 0..250 {
        apply(&mut journal, &lock, &intent(), &updates(1));
        times.insert(stored());
    }
    assert!((30..200).contains(&times.len()), "not with every entry, and not seldom: {}", times.len());
    assert!(stored() + 20 > journal.head().seq, "few entries are left to fold");
    let findings = || mfm_journal::audit(&folder.path(), mfm_journal::Depth::Data, &mut |_, _| {}).unwrap().findings;
    assert_eq!(findings(), []);
    assert_eq!(Journal::open_read(&folder.path()).unwrap().state(), journal.state());
    journal.checkpoint();
    assert!(stored() < journal.head().seq, "what no entry vouches for replaces nothing");
    assert_eq!(Journal::open_read(&folder.path()).unwrap().state(), journal.state());
}
