//! A verifier in another language, written from the documented bytes, agrees with the audit.

use std::path::Path;
use std::process::Command;

use mfm_journal::{Document, Journal};
use serde_json::json;

use crate::common::*;
use crate::kept::{KEPT, kept};
use crate::tamper::*;

fn python(path: &Path) -> (bool, String) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/verify.py");
    let output = Command::new("python3").arg(script).arg(path).output().unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

#[test]
#[ignore = "needs python3"]
fn python_agrees_with_honest_journals() {
    let folder = Folder::new();
    sample(&folder.path());
    let (mut journal, lock) = folder.open();
    apply(&mut journal, &lock, &intent(), &updates(9000));
    let document = Document { media_type: "text/plain".into(), bytes: b"said".to_vec() };
    journal.append_with(&lock, &stamp(), "told", json!({}), &[document]).unwrap();
    drop(lock);
    let expected = format!("head {} {}\nroot {}\nno findings\n", 15, journal.head().digest, journal.root());
    assert_eq!(python(&folder.path()), (true, expected.clone()), "beside a write-ahead log");
    drop(journal);
    assert_eq!(python(&folder.path()), (true, expected), "without one");
}

#[test]
#[ignore = "needs python3"]
fn python_agrees_with_journals_of_the_first_release() {
    for name in KEPT {
        let (_folder, path) = kept(name);
        let (honest, said) = python(&path);
        assert!(honest, "{name}: {said}");
    }
}

#[test]
#[ignore = "needs python3"]
fn python_finds_what_was_forged() {
    type Edit = fn(&rusqlite::Connection);
    let edits: [(Edit, &str); 9] = [
        (|conn| conn.execute_batch("UPDATE entry SET actor = 'nobody' WHERE seq = 5").unwrap(), "its digest"),
        (
            |conn| {
                conn.execute_batch("UPDATE entry SET actor = 'nobody' WHERE seq = 5").unwrap();
                rehash(conn, 5);
            },
            "entry 6: it does not follow",
        ),
        (|conn| conn.execute_batch("DELETE FROM entry WHERE seq = 4").unwrap(), "does not follow entry 3"),
        (|conn| assert_eq!(edit_chunk(conn, b"cnew", b"cnow", false), 5), "another digest"),
        (
            |conn| {
                edit_chunk(conn, b"cnew", b"cnow", true);
                rebuild(conn, 1, true);
            },
            "a row of TxField does not match",
        ),
        (
            |conn| {
                conn.execute_batch("UPDATE entry SET body = replace(body, '\"x\":[', '\"x\": [')").unwrap();
                rebuild(conn, 1, true);
            },
            "not canonical",
        ),
        (
            |conn| {
                conn.execute_batch("UPDATE entry SET op = 1 WHERE kind = 'failed'").unwrap();
                rebuild(conn, 1, true);
            },
            "cannot become failed",
        ),
        (
            |conn| {
                conn.execute_batch("UPDATE entry SET body = replace(body, '\"rows\":3', '\"rows\":2')").unwrap();
                rebuild(conn, 1, true);
            },
            "not the changes it announces",
        ),
        (|conn| conn.execute_batch("DELETE FROM chunk").unwrap(), "missing"),
    ];
    for (edit, expected) in edits {
        let folder = Folder::new();
        sample(&folder.path());
        forge(&folder.path(), edit);
        let (honest, said) = python(&folder.path());
        assert!(!honest && said.contains(expected), "{expected}: {said}");
    }
}

#[test]
#[ignore = "needs python3"]
fn python_cannot_see_a_complete_forgery_either() {
    let folder = Folder::new();
    sample(&folder.path());
    forge(&folder.path(), |conn| {
        conn.execute_batch("UPDATE entry SET actor = 'nobody' WHERE seq = 5").unwrap();
        rebuild(conn, 1, true);
    });
    forge_projection(&folder.path());
    let root = Journal::open_read(&folder.path()).unwrap().root();
    let (honest, said) = python(&folder.path());
    assert!(honest && said.contains(&format!("root {root}")), "{said}");
}
