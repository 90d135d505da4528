//! Journals that the first release wrote, kept as they were: they verify, fold, and can be written on.

use std::path::{Path, PathBuf};

use mfm_journal::{AuditReport, Depth, Journal, audit};
use serde_json::json;

use crate::common::*;

/// The files: labs made and imported; the life of a lab with a drill and a restored copy; every kind of change.
pub(crate) const KEPT: [&str; 3] = ["first-labs.db", "first-life.db", "first-sample.db"];

/// Copies a kept journal to where SQLite may put files beside it.
pub(crate) fn kept(name: &str) -> (Folder, PathBuf) {
    let folder = Folder::new();
    let path = folder.path();
    std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kept").join(name), &path).unwrap();
    (folder, path)
}

fn audited(path: &Path) -> AuditReport {
    audit(path, Depth::Data, &mut |_, _| {}).unwrap()
}

#[test]
fn every_kept_file_is_listed() {
    let folder = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kept")).unwrap();
    let mut found: Vec<_> = folder.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    found.sort();
    assert_eq!(found, KEPT);
}

#[test]
fn journals_of_the_first_release_verify_unchanged() {
    let heads = [
        (7, "ed39eb07d78c9da6fae46ddc2227e1da35339c3024a7e6f4eab650442d3a86e7"),
        (30, "35b7e06026014f61a7255ce0f45eec4662886e9813368357f19291dce2521a7c"),
        (12, "2300cc27d97262411550e937815b21ccda590abf42915ba6ca02e7b004379892"),
    ];
    for (name, (seq, digest)) in KEPT.into_iter().zip(heads) {
        let (_folder, path) = kept(name);
        let found = audited(&path);
        assert_eq!(found.findings, [], "{name}");
        let head = found.head.unwrap();
        assert_eq!((head.seq, head.digest.to_string().as_str()), (seq, digest), "{name}");
        assert_eq!(Journal::open_read(&path).unwrap().head(), head);
    }
}

#[test]
fn journals_of_the_first_release_are_written_on() {
    for name in KEPT {
        let (folder, path) = kept(name);
        let before = Journal::open_read(&path).unwrap().state().clone();
        let (mut journal, lock) = folder.open();
        assert_eq!(journal.state(), &before);
        journal.append(&lock, &stamp(), "target_added", json!({"name": "new", "url": "sqlite:new.db"})).unwrap();
        journal.checkpoint();
        drop((journal, lock));
        assert_eq!(audited(&path).findings, [], "{name}");
        assert!(Journal::open_read(&path).unwrap().state().targets.contains_key("new"));
    }
}
