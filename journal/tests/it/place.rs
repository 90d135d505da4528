//! The journal's file moved away, replaced, cut or removed under a writer: noticed before the next entry is written.

use mfm_journal::Journal;

use crate::common::*;

/// Says with which code a writer notices what happened to its files, and gives it back the lock that it took before.
fn noticed(meddle: impl FnOnce(&std::path::Path)) -> [String; 3] {
    let folder = Folder::new();
    let (mut journal, lock) = folder.create();
    let images = mfm_journal::Images::from_changes(&updates(3)).unwrap();
    let intended = journal.intend(&lock, &stamp(), &intent(), &images).unwrap();
    meddle(&folder.path());
    let code = |error: mfm_journal::JournalError| error.code().to_owned();
    let verdict = mfm_journal::OperationVerdict::Applied;
    let sealed = journal.seal(&lock, &stamp(), intended.op(), verdict, serde_json::Map::new());
    let again = journal.intend(&lock, &stamp(), &intent(), &images).map(drop);
    let appended = journal.append(&lock, &stamp(), "x", serde_json::json!({})).map(drop);
    [sealed.map(drop), again, appended].map(|done| done.map_or_else(code, |()| "written".to_owned()))
}

#[cfg(unix)]
#[test]
fn k5_a_journal_that_is_not_at_its_path_any_more_is_not_written() {
    let beside = |path: &std::path::Path, ending: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        std::path::PathBuf::from(name)
    };
    let moved = ["journal_moved"; 3];
    assert_eq!(noticed(|path| std::fs::rename(path, beside(path, ".away")).unwrap()), moved);
    assert_eq!(noticed(|path| std::fs::remove_file(path).unwrap()), moved);
    assert_eq!(
        noticed(|path| {
            std::fs::copy(path, beside(path, ".copy")).unwrap();
            std::fs::rename(beside(path, ".copy"), path).unwrap();
        }),
        moved
    );
    assert_eq!(noticed(|path| std::fs::remove_file(beside(path, "-wal")).unwrap()), moved);
    assert_eq!(
        noticed(|path| {
            std::fs::rename(path, beside(path, ".away")).unwrap();
            std::fs::rename(beside(path, ".away"), path).unwrap();
        }),
        ["written"; 3],
        "it is back"
    );
    assert_eq!(noticed(|_| ()), ["written"; 3]);
}

#[cfg(unix)]
#[test]
fn k5_a_journal_and_its_lock_are_for_their_owner_alone_and_no_link_is_followed() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    let (journal, lock) = folder.create();
    drop((journal, lock));
    let lock = format!("{}.lock", folder.path().display());
    for path in [folder.path().display().to_string(), lock.clone()] {
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{path}");
    }
    let precious = folder.path().with_file_name("precious");
    std::fs::write(&precious, "mine").unwrap();
    std::fs::remove_file(&lock).unwrap();
    std::os::unix::fs::symlink(&precious, &lock).unwrap();
    let mut journal = Journal::open(&folder.path()).unwrap();
    assert_eq!(journal.lock(&holder()).unwrap_err().code(), "journal_io");
    assert_eq!(std::fs::read_to_string(&precious).unwrap(), "mine");
}

#[cfg(unix)]
#[test]
fn k5_what_is_no_file_is_no_journal() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for path in [folder.path(), &pipe, std::path::Path::new("/dev/zero")] {
        assert_eq!(Journal::open(path).unwrap_err().code(), "not_a_journal", "{}", path.display());
        assert_eq!(Journal::open_read(path).unwrap_err().code(), "not_a_journal", "{}", path.display());
    }
}
