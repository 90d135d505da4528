//! Full disks, read-only folders, and journals copied by hand.

use mfm_journal::{Depth, Images, Intent, Journal, OperationVerdict, audit};
use serde_json::{Map, json};

use crate::common::*;

fn long(length: usize) -> Map<String, serde_json::Value> {
    Map::from_iter([("note".into(), json!("x".repeat(length)))])
}

#[test]
fn a_disk_full_at_the_intent_leaves_nothing() {
    let folder = Folder::new();
    let (mut journal, lock) = folder.create();
    journal.limit_pages(1);
    let error = journal.intend(&lock, &stamp(), &intent(), &Images::from_changes(&updates(9000)).unwrap()).unwrap_err();
    assert_eq!(error.code(), "journal_full");
    let detail = Intent { detail: long(20_000), ..intent() };
    let error = journal.intend(&lock, &stamp(), &detail, &Images::from_changes(&updates(1)).unwrap()).unwrap_err();
    assert_eq!(error.code(), "journal_full");
    assert_eq!((journal.head().seq, journal.state().next_op), (1, 1));
    assert_eq!(audit(&folder.path(), Depth::Data, &mut |_, _| {}).unwrap().findings, []);
    journal.limit_pages(1 << 20);
    apply(&mut journal, &lock, &intent(), &updates(9000));
}

#[test]
fn a_disk_full_at_the_seal_leaves_the_operation_open() {
    let folder = Folder::new();
    let (mut journal, lock) = folder.create();
    intend(&mut journal, &lock, &intent(), &updates(10));
    journal.limit_pages(1);
    let error = journal.seal(&lock, &stamp(), 1, OperationVerdict::Applied, long(20_000)).unwrap_err();
    assert_eq!(error.code(), "journal_full");
    assert_eq!(journal.state().open.len(), 1);
    drop((journal, lock));
    let (mut journal, lock) = folder.open();
    assert_eq!(journal.state().open.len(), 1);
    journal.seal(&lock, &stamp(), 1, OperationVerdict::Applied, long(20_000)).unwrap();
    assert_eq!(audit(&folder.path(), Depth::Data, &mut |_, _| {}).unwrap().findings, []);
}

#[cfg(unix)]
mod media {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    use super::*;

    /// Takes away every right to write, as read-only media do; gives it back when dropped.
    struct ReadOnly<'p>(&'p Path);

    impl<'p> ReadOnly<'p> {
        fn new(folder: &'p Path) -> Self {
            Self::set(folder, 0o444, 0o555);
            Self(folder)
        }

        fn set(folder: &Path, file: u32, mode: u32) {
            for found in fs::read_dir(folder).unwrap() {
                fs::set_permissions(found.unwrap().path(), Permissions::from_mode(file)).unwrap();
            }
            fs::set_permissions(folder, Permissions::from_mode(mode)).unwrap();
        }
    }

    impl Drop for ReadOnly<'_> {
        fn drop(&mut self) {
            Self::set(self.0, 0o644, 0o755);
        }
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut out: Vec<_> =
            fs::read_dir(folder).unwrap().map(|found| found.unwrap().file_name().into_string().unwrap()).collect();
        out.sort();
        out
    }

    #[test]
    fn a_journal_on_read_only_media_is_read_and_left_alone() {
        let folder = Folder::new();
        sample(&folder.path());
        let before = names(folder.folder.path());
        let guard = ReadOnly::new(folder.folder.path());
        let journal = Journal::open_read(&folder.path()).unwrap();
        assert_eq!(journal.head().seq, 12);
        assert_eq!(audit(&folder.path(), Depth::Data, &mut |_, _| {}).unwrap().findings, []);
        assert_eq!(names(folder.folder.path()), before);
        drop(guard);
    }

    #[test]
    fn a_journal_that_cannot_be_written_is_not_opened_for_writing() {
        let folder = Folder::new();
        sample(&folder.path());
        let guard = ReadOnly::new(folder.folder.path());
        // An administrator may write whatever the permissions say.
        let code = Journal::open(&folder.path()).err().map(|error| error.code());
        assert!(matches!(code, None | Some("journal_read_only")), "{code:?}");
        drop(guard);
    }

    #[test]
    fn a_log_beside_it_must_be_copied_along() {
        let folder = Folder::new();
        let (mut journal, lock) = folder.create();
        journal.checkpoint();
        apply(&mut journal, &lock, &intent(), &updates(3));
        let copies = tempfile::tempdir().unwrap();
        let copy = copies.path().join("journal.db");
        fs::copy(folder.path(), &copy).unwrap();
        let log = folder.folder.path().join("journal.db-wal");
        fs::copy(&log, copies.path().join("journal.db-wal")).unwrap();
        let guard = ReadOnly::new(copies.path());
        assert_eq!(Journal::open_read(&copy).unwrap_err().code(), "copy_the_wal");
        assert_eq!(audit(&copy, Depth::Data, &mut |_, _| {}).unwrap_err().code(), "copy_the_wal");
        assert_eq!(names(copies.path()), ["journal.db", "journal.db-wal"]);
        drop(guard);
        assert_eq!(Journal::open_read(&copy).unwrap().head().seq, 3, "where it can be written, it can be read");
    }

    #[test]
    fn a_copy_without_the_log_is_an_older_journal() {
        let folder = Folder::new();
        let (mut journal, lock) = folder.create();
        journal.checkpoint();
        apply(&mut journal, &lock, &intent(), &updates(3));
        let copies = tempfile::tempdir().unwrap();
        let copy = copies.path().join("journal.db");
        fs::copy(folder.path(), &copy).unwrap();
        assert_eq!(Journal::open(&copy).unwrap().head().seq, 1);
        let found = audit(&copy, Depth::Data, &mut |_, _| {}).unwrap();
        assert_eq!((found.findings, found.unanchored), (vec![], vec![[1, 1]]));
    }

    #[test]
    fn a_reader_without_rights_sees_what_a_writer_at_work_wrote() {
        let folder = Folder::new();
        let (mut journal, lock) = folder.create();
        apply(&mut journal, &lock, &intent(), &updates(3));
        let before = names(folder.folder.path());
        let guard = ReadOnly::new(folder.folder.path());
        let reader = Journal::open_read(&folder.path());
        assert!(reader.is_ok_and(|reader| reader.head() == journal.head()));
        assert_eq!(names(folder.folder.path()), before);
        drop(guard);
    }
}
