//! The fold, rule by rule.

use mfm_journal::{Digest, Images, Intent, Journal, JournalState, OperationVerdict, WriterLock};
use serde_json::{Map, json};

use crate::common::*;

fn rows_left(state: &JournalState) -> Vec<(u64, u64)> {
    state.active.iter().map(|(op, active)| (*op, active.rows_left)).collect()
}

/// A second handle folds the whole file again and must agree.
fn same_when_folded_again(folder: &Folder, journal: &Journal) {
    rusqlite::Connection::open(folder.path()).unwrap().execute_batch("DELETE FROM projection").unwrap();
    assert_eq!(Journal::open_read(&folder.path()).unwrap().state(), journal.state());
}

#[test]
fn a_revert_of_a_revert_carries_the_rows() {
    let folder = Folder::new();
    let (mut journal, lock) = folder.create();
    let first = apply(&mut journal, &lock, &intent(), &updates(10));
    assert_eq!(rows_left(journal.state()), [(1, 10)]);
    let second = apply(&mut journal, &lock, &revert_of(&first, 0), &updates(6));
    assert_eq!(rows_left(journal.state()), [(1, 4)]);
    let third = apply(&mut journal, &lock, &revert_of(&second, 1), &updates(6));
    assert_eq!(rows_left(journal.state()), [(1, 4), (3, 6)]);
    assert_eq!(journal.state().active[&3].reverts, Some(2));
    let shape = shape();
    apply(&mut journal, &lock, &revert_of(&third, 2), &(1..=6).map(|id| kept(&shape, id)).collect::<Vec<_>>());
    assert_eq!(rows_left(journal.state()), [(1, 4)]);
    apply(&mut journal, &lock, &revert_of(&first, 0), &[update(&shape, 7), update(&shape, 8), kept(&shape, 9)]);
    assert_eq!(rows_left(journal.state()), [(1, 1)]);
    apply(&mut journal, &lock, &revert_of(&first, 0), &[kept(&shape, 10)]);
    assert_eq!(rows_left(journal.state()), []);
    assert_eq!(journal.reverts_of(1).unwrap(), [2, 5, 6]);
    same_when_folded_again(&folder, &journal);
}

#[test]
fn a_revert_names_what_is_there() {
    let folder = Folder::new();
    let (mut journal, lock) = folder.create();
    let first = apply(&mut journal, &lock, &intent(), &updates(1));
    for wrong in [revert_of(&first, 1), {
        let mut wrong = revert_of(&first, 0);
        wrong.reverts.as_mut().unwrap().uid = Digest::ZERO;
        wrong
    }] {
        let error = journal.intend(&lock, &stamp(), &wrong, &Images::from_changes(&[]).unwrap()).unwrap_err();
        assert_eq!(error.code(), "bad_intent");
    }
}

#[test]
fn what_failed_or_is_gone_is_not_active() {
    let folder = Folder::new();
    let (mut journal, lock) = folder.create();
    for verdict in [OperationVerdict::Failed, OperationVerdict::Abandoned] {
        let token = intend(&mut journal, &lock, &intent(), &updates(1));
        journal.seal(&lock, &stamp(), token.op(), verdict, Map::new()).unwrap();
    }
    apply(&mut journal, &lock, &intent(), &[]);
    assert_eq!(rows_left(journal.state()), []);
    let lost = apply(&mut journal, &lock, &intent(), &updates(2));
    let revert = apply(&mut journal, &lock, &revert_of(&lost, 0), &updates(1));
    let mut again = journal.state().active[&lost.op()].clone();
    again.rows_left = 2;
    let body = json!({"reactivates": {"op": lost.op(), "operation": again}});
    journal.seal(&lock, &stamp(), revert.op(), OperationVerdict::Gone, body.as_object().unwrap().clone()).unwrap();
    assert_eq!(rows_left(journal.state()), [(4, 2)], "losing a revert brings back what the entry says");
    journal.seal(&lock, &stamp(), lost.op(), OperationVerdict::Gone, Map::new()).unwrap();
    assert_eq!(rows_left(journal.state()), []);
    same_when_folded_again(&folder, &journal);
}

fn mark(journal: &mut Journal, lock: &WriterLock, identity: Digest, moved_from: Option<Digest>) {
    journal.append(lock, &stamp(), "target_marked", marked("lab", identity, moved_from)).unwrap();
}

fn on(identity: Digest) -> Intent {
    let mut out = intent();
    out.target.identity = identity;
    out
}

#[test]
fn a_target_remembers_what_committed_last_since_its_mark() {
    let folder = Folder::new();
    let (mut journal, lock) = folder.create();
    let [a, b, c] = [Digest::sha256(b"a"), Digest::sha256(b"b"), Digest::sha256(b"c")];
    let newest = |journal: &Journal| journal.state().targets["lab"].newest.map(|newest| newest.op);
    journal.append(&lock, &stamp(), "target_added", json!({"name": "lab", "url": "sqlite:x"})).unwrap();
    apply(&mut journal, &lock, &on(a), &updates(1));
    assert_eq!(newest(&journal), None, "it was not marked yet");
    mark(&mut journal, &lock, a, None);
    apply(&mut journal, &lock, &on(a), &updates(1));
    apply(&mut journal, &lock, &on(a), &updates(1));
    intend(&mut journal, &lock, &on(a), &updates(1));
    assert_eq!(newest(&journal), Some(3));
    mark(&mut journal, &lock, b, Some(a));
    assert_eq!(journal.state().targets["lab"].lineage, [a, b]);
    assert_eq!(newest(&journal), Some(3), "a move keeps it");
    let second = journal.read_operation(2).unwrap().unwrap();
    let body = json!({"newest": {"op": 2, "uid": second.uid}});
    journal.seal(&lock, &stamp(), 3, OperationVerdict::Gone, body.as_object().unwrap().clone()).unwrap();
    assert_eq!(newest(&journal), Some(2), "what is gone gives way to what its entry names");
    mark(&mut journal, &lock, c, None);
    assert_eq!((newest(&journal), journal.state().targets["lab"].lineage.clone()), (None, vec![c]));
    apply(&mut journal, &lock, &on(c), &updates(1));
    journal.append(&lock, &stamp(), "target_unmarked", json!({"name": "lab", "identity": c})).unwrap();
    let target = &journal.state().targets["lab"];
    assert_eq!((target.identity, target.marker_id.clone(), target.newest), (None, None, None));
    journal.append(&lock, &stamp(), "target_removed", json!({"name": "lab"})).unwrap();
    assert!(journal.state().targets.is_empty());
    same_when_folded_again(&folder, &journal);
}

#[test]
fn entries_of_a_drill_are_known_and_change_no_operation() {
    let folder = Folder::new();
    let (mut journal, lock) = folder.create();
    let before = journal.state().clone();
    for kind in ["drill_begun", "drill_trial", "drill_ended"] {
        journal.append(&lock, &stamp(), kind, json!({"drill": 2})).unwrap();
        assert_eq!(journal.state().counts[kind], 1);
    }
    assert_eq!(JournalState { counts: before.counts.clone(), ..journal.state().clone() }, before);
    same_when_folded_again(&folder, &journal);
}

#[test]
fn unknown_kinds_are_chained_counted_and_skipped() {
    let folder = Folder::new();
    let (mut journal, lock) = folder.create();
    let before = journal.state().clone();
    let entry = journal.append(&lock, &stamp(), "from_the_future", json!({"x": "y"})).unwrap();
    assert_eq!(journal.head().digest, entry.digest);
    assert_eq!(journal.state(), &JournalState { unknown: 1, ..before });
    same_when_folded_again(&folder, &journal);
}

#[test]
fn a_target_says_what_it_holds_and_whether_it_is_invented() {
    let folder = Folder::new();
    let (mut journal, lock) = folder.create();
    let said = |journal: &Journal| {
        let target = &journal.state().targets["lab"];
        (target.domain.clone(), target.synthetic)
    };
    journal.append(&lock, &stamp(), "target_added", json!({"name": "lab", "url": "sqlite:x"})).unwrap();
    mark(&mut journal, &lock, Digest::sha256(b"a"), None);
    assert_eq!(said(&journal), (None, None), "the first release said neither");
    let added = json!({"name": "lab", "url": "sqlite:x", "domain": "recordings", "synthetic": true});
    journal.append(&lock, &stamp(), "target_added", added).unwrap();
    assert_eq!(said(&journal), (Some("recordings".into()), Some(true)));
    let mut body = marked("lab", Digest::sha256(b"a"), None);
    body["synthetic"] = json!(true);
    journal.append(&lock, &stamp(), "target_marked", body).unwrap();
    assert_eq!(said(&journal), (Some("recordings".into()), Some(true)));
    journal
        .append(&lock, &stamp(), "target_unmarked", json!({"name": "lab", "identity": Digest::sha256(b"a")}))
        .unwrap();
    assert_eq!(said(&journal), (Some("recordings".into()), None));
    let body = json!({"name": "lab", "url": "sqlite:x", "domain": 1});
    assert_eq!(journal.append(&lock, &stamp(), "target_added", body).unwrap_err().code(), "bad_entry");
    same_when_folded_again(&folder, &journal);
}
