//! What came to the format after the first release: documents, open sets, new fields of a target.

use std::path::Path;

use mfm_journal::{Depth, Document, Journal, audit};
use serde_json::json;

use crate::common::*;
use crate::tamper::*;

#[test]
fn a_document_is_kept_once_named_by_digest_and_audited() {
    let folder = Folder::new();
    let (mut journal, lock) = folder.create();
    let document = Document { media_type: "application/json".into(), bytes: b"{\"runbook\":1}".to_vec() };
    let digest = document.digest().unwrap();
    let with = |journal: &mut Journal, body| {
        journal.append_with(&lock, &stamp(), "runbook", body, std::slice::from_ref(&document))
    };
    let entry = with(&mut journal, json!({"id": "r1"})).unwrap();
    assert_eq!(entry.body["documents"], json!([digest]));
    with(&mut journal, json!({"id": "r2"})).unwrap();
    assert_eq!(journal.read_document(&digest).unwrap(), document);
    let own = with(&mut journal, json!({"documents": []})).unwrap_err();
    assert_eq!(own.code(), "body_not_canonical");
    let none = Document { media_type: "json".into(), bytes: Vec::new() };
    let refused = journal.append_with(&lock, &stamp(), "runbook", json!({}), &[none]).unwrap_err();
    assert_eq!(refused.code(), "image_not_exact");
    drop((journal, lock));
    assert_eq!(audited(&folder.path()), Vec::<String>::new());
    forge(&folder.path(), |conn| {
        conn.execute_batch("UPDATE chunk SET bytes = CAST(replace(bytes, 'runbook', 'Runbook') AS BLOB)").unwrap();
    });
    assert_eq!(audited(&folder.path()), ["chunk_digest"]);
    forge(&folder.path(), |conn| conn.execute_batch("DELETE FROM chunk").unwrap());
    assert_eq!(audited(&folder.path()), ["chunk_missing"]);
}

fn audited(path: &Path) -> Vec<String> {
    let found = audit(path, Depth::Data, &mut |_, _| {}).unwrap();
    found.findings.into_iter().map(|finding| finding.code).collect()
}

#[test]
fn faces_are_an_open_set() {
    let folder = Folder::new();
    sample(&folder.path());
    forge(&folder.path(), |conn| {
        conn.execute_batch("UPDATE entry SET face = 'http' WHERE seq = 2").unwrap();
        rebuild(conn, 1, true);
    });
    forge_projection(&folder.path());
    assert_eq!(audited(&folder.path()), Vec::<String>::new());
    assert_eq!(Journal::open_read(&folder.path()).unwrap().read_entry(2).unwrap().unwrap().face, "http");
}
