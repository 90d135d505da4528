//! One writer, many readers.

use mfm_journal::Journal;
use serde_json::json;

use crate::common::*;

#[test]
fn a_second_writer_is_told_who_holds_the_lock() {
    let folder = Folder::new();
    let (_journal, lock) = folder.create();
    let mut second = Journal::open(&folder.path()).unwrap();
    let error = second.lock(&holder()).unwrap_err();
    assert_eq!(error.code(), "journal_busy");
    for word in ["42", "here", "test"] {
        assert!(error.to_string().contains(word), "{error}");
    }
    drop(lock);
    second.lock(&holder()).unwrap();
}

#[test]
fn the_lock_brings_what_others_wrote() {
    let folder = Folder::new();
    let (mut first, lock) = folder.create();
    let mut second = Journal::open(&folder.path()).unwrap();
    let mut reader = Journal::open_read(&folder.path()).unwrap();
    apply(&mut first, &lock, &intent(), &updates(3));
    drop(lock);
    assert_eq!(second.head().seq, 1);
    let lock = second.lock(&holder()).unwrap();
    assert_eq!(second.head(), first.head());
    assert_eq!(second.state(), first.state());
    second.append(&lock, &stamp(), "x", json!({})).unwrap();
    reader.refresh().unwrap();
    assert_eq!((reader.head(), reader.root()), (second.head(), second.root()));
}

#[test]
fn a_lock_opens_only_its_own_journal() {
    let (here, there) = (Folder::new(), Folder::new());
    let (_first, lock) = here.create();
    let (mut second, _own) = there.create();
    assert_eq!(second.append(&lock, &stamp(), "x", json!({})).unwrap_err().code(), "journal_wrong_lock");
}

#[test]
fn a_reader_cannot_write() {
    let folder = Folder::new();
    let (_journal, lock) = folder.create();
    let mut reader = Journal::open_read(&folder.path()).unwrap();
    assert_eq!(reader.lock(&holder()).unwrap_err().code(), "journal_read_only");
    assert_eq!(reader.append(&lock, &stamp(), "x", json!({})).unwrap_err().code(), "journal_read_only");
}
