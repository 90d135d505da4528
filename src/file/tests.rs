//! What the module promises of files, on real ones.

use std::path::Path;

use super::*;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn list_names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn k5_text_is_read_with_or_without_a_mark_and_utf_16_is_named() {
    let folder = folder();
    let path = folder.path().join("a");
    let read = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        read_text(&path, 100).map_err(|error| error.to_string())
    };
    assert_eq!(read(b"\xEF\xBB\xBF{}"), Ok("{}".to_owned()));
    assert_eq!(read(b"{}"), Ok("{}".to_owned()));
    assert_eq!(read(b""), Ok(String::new()));
    for utf16 in [&b"\xFF\xFE{\0}\0"[..], b"\xFE\xFF\0{\0}", b"{\0}\0", b"\0{\0}", b"\xFF\xFE"] {
        assert!(read(utf16).unwrap_err().contains("UTF-16"), "{utf16:?}");
    }
    assert_eq!(read(b"ab\xFF").unwrap_err(), "it is not valid UTF-8 at byte 2");
}

#[test]
fn k5_no_more_is_read_than_may_be() {
    let folder = folder();
    let path = folder.path().join("a");
    std::fs::write(&path, "12345").unwrap();
    assert_eq!(read_text(&path, 5).unwrap(), "12345");
    assert!(matches!(read_text(&path, 4), Err(FileError::TooLarge(4))));
    assert!(read_text(&folder.path().join("b"), 4).unwrap_err().is_missing());
}

#[cfg(unix)]
#[test]
fn k5_only_regular_files_are_read_and_nothing_is_waited_for() {
    use std::os::unix::fs::symlink;
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    assert!(std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
    symlink(at("pipe"), at("to-pipe")).unwrap();
    symlink("/dev/zero", at("to-zero")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
    for (name, kind) in
        [("pipe", "a pipe"), ("to-pipe", "a pipe"), ("to-zero", "a device"), ("socket", "a socket"), (".", "a folder")]
    {
        let why = read_text(&at(name), 100).unwrap_err().to_string();
        assert!(why.contains(kind), "{name}: {why}");
    }
    std::fs::write(at("text"), "x").unwrap();
    symlink(at("text"), at("to-text")).unwrap();
    assert_eq!(read_text(&at("to-text"), 100).unwrap(), "x", "a link to a file is read");
}

#[test]
fn k5_only_what_is_ours_is_replaced() {
    let folder = folder();
    let path = folder.path().join("a");
    write_new(&path, "1", FileAccess::Shared).unwrap();
    assert!(matches!(write_new(&path, "2", FileAccess::Shared), Err(FileError::Occupied)));
    assert!(matches!(replace_file(&path, "2", FileAccess::Shared, |_| false), Err(FileError::Occupied)));
    replace_file(&path, "3", FileAccess::Shared, |_| true).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "3");
    assert_eq!(list_names(folder.path()), ["a"], "no draft stays");
}

#[test]
fn k5_what_came_while_a_file_was_made_stays() {
    let folder = folder();
    let path = folder.path().join("a");
    let begun = begin_draft(&path, FileAccess::Shared, |_| true).unwrap();
    std::fs::write(&path, "somebody's").unwrap();
    assert!(matches!(begun.finish(), Err(FileError::Occupied)));
    let begun = begin_draft(&path, FileAccess::Shared, |_| true).unwrap();
    std::fs::write(folder.path().join("b"), "another's").unwrap();
    std::fs::rename(folder.path().join("b"), &path).unwrap();
    assert!(begun.finish().is_err() || cfg!(not(unix)));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "another's");
    assert_eq!(list_names(folder.path()), ["a"]);
}

#[cfg(unix)]
#[test]
fn k5_no_link_is_followed_and_private_files_are_private() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("precious"), "mine").unwrap();
    symlink(at("precious"), at("link")).unwrap();
    symlink(at("nowhere"), at("dangling")).unwrap();
    // The names that drafts had before they became unguessable.
    symlink(at("precious"), at("out.draft")).unwrap();
    for name in ["link", "dangling"] {
        let refused = replace_file(&at(name), "x", FileAccess::Shared, |_| true);
        assert!(matches!(refused, Err(FileError::Link)), "{name}");
    }
    replace_file(&at("out"), "x", FileAccess::Private, |_| true).unwrap();
    assert_eq!(std::fs::read_to_string(at("precious")).unwrap(), "mine");
    assert!(!at("nowhere").exists());
    make_folder(&at("inner/private"), FileAccess::Private).unwrap();
    for (name, mode) in [("out", 0o600), ("inner/private", 0o700)] {
        assert_eq!(std::fs::metadata(at(name)).unwrap().permissions().mode() & 0o777, mode, "{name}");
    }
}

#[cfg(unix)]
#[test]
fn k5_one_file_under_two_names_is_one_file() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("a"), "").unwrap();
    std::fs::write(at("b"), "").unwrap();
    std::fs::hard_link(at("a"), at("hard")).unwrap();
    std::os::unix::fs::symlink(at("a"), at("soft")).unwrap();
    assert!(is_same_file(&at("a"), &at("hard")) && is_same_file(&at("a"), &at("soft")));
    assert!(!is_same_file(&at("a"), &at("b")) && !is_same_file(&at("a"), &at("nothing")));
    let made = identity_of(&at("a"));
    assert!(matches!(remove_own(&at("b"), made), Err(FileError::Occupied)));
    assert!(matches!(remove_own(&at("soft"), made), Err(FileError::Occupied)));
    assert!(matches!(open_lock(&at("soft")), Err(FileError::Link)));
    remove_own(&at("a"), made).unwrap();
    assert_eq!(list_names(folder.path()), ["b", "hard", "soft"]);
}
