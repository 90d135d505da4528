//! SQLite targets from outside: reading, census, execution, tombstones, marks, and what a lab's file is.

#![cfg(test)]

mod target;

use mfm::target::{OperationState, Target, Tombstone};
use target::*;

#[test]
fn an_update_an_insert_and_a_delete_come_back_exactly() {
    let file = File::new(
        "CREATE TABLE t(id INTEGER PRIMARY KEY, a decimal(4,1), b varchar(9));
        INSERT INTO t VALUES (1, 1.5, 'x'), (2, NULL, 'y'), (3, 3, '');",
    );
    let mut target = file.target();
    let changes = [
        update(&mut target, "t", vec![int(1)], &[("a", int(400))]).unwrap(),
        insert(&mut target, "t", vec![int(9), mfm::model::Value::Real(0.5), text("new ")]).unwrap(),
        delete(&mut target, "t", vec![int(2)]).unwrap(),
    ];
    let mut notebook = there_and_back(&mut target, &changes);
    let journal_id = target.journals().unwrap()[0];
    let newest = target.newest(&journal_id).unwrap().unwrap();
    assert_eq!((newest.op, newest.state), (2, OperationState::Committed));
    assert_eq!(target.operation(&newest.uid).unwrap(), Some(newest.clone()));
    assert_eq!(target.operations(&journal_id).unwrap().len(), 2);
    assert_eq!(notebook.intend(&changes).journal_id(), journal_id);
    let mut writer = target.writer(WAIT_MS).unwrap();
    assert_eq!(writer.tombstone(&newest, AT_US).unwrap(), Tombstone::Found(OperationState::Committed));
}
