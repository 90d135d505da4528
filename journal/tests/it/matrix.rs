//! The same tamperings before the audit and before the verifier in Python: neither may pass what the other reports.

use std::path::{Path, PathBuf};
use std::process::Command;

use mfm_journal::testing::test_scale;
use mfm_journal::{Depth, Document, Journal, audit};
use rusqlite::{Connection, params};
use serde_json::{Value as Json, json};

use crate::common::*;
use crate::kept::kept;
use crate::tamper::*;

/// A journal to tamper with: every kind of change, chosen keys, a document, a target marked and gone.
fn honest() -> (Folder, PathBuf) {
    let folder = Folder::new();
    sample(&folder.path());
    let (mut journal, lock) = folder.open();
    let document = Document { media_type: "text/plain".into(), bytes: b"said".to_vec() };
    journal.append_with(&lock, &stamp(), "told", json!({"to": "zoe"}), &[document]).unwrap();
    journal.append(&lock, &stamp(), "target_unmarked", json!({"name": "lab", "identity": identity()})).unwrap();
    journal.checkpoint();
    drop((journal, lock));
    let path = folder.path();
    (folder, path)
}

fn column<T: rusqlite::types::FromSql>(path: &Path, sql: &str) -> Vec<T> {
    let conn = Connection::open(path).unwrap();
    let mut statement = conn.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// Other values that could stand in the place of one.
fn others(value: &Json) -> Vec<Json> {
    match value {
        Json::Null => vec![json!(0), json!("x")],
        Json::Bool(flag) => vec![json!(!flag), json!("x")],
        Json::Number(number) => vec![json!(number.as_i64().unwrap() + 1), json!(-1), json!("1"), Json::Null],
        Json::String(text) => {
            let mut other = text.clone();
            let last = other.pop().map_or('x', |last| if last == '0' { '1' } else { '0' });
            other.push(last);
            vec![json!(other), json!(text.to_uppercase() + "X"), json!(7), Json::Null]
        }
        Json::Array(items) => {
            let mut twice = items.clone();
            twice.extend(items.first().cloned());
            vec![json!([]), json!(twice), json!({}), Json::Null]
        }
        Json::Object(_) => vec![json!({}), json!([]), Json::Null],
    }
}

/// Every body that differs from one in one place: a key gone, or another value in it.
fn bodies(body: &Json) -> Vec<Json> {
    let mut out = Vec::new();
    for (key, value) in body.as_object().unwrap() {
        let with = |value: Option<Json>| {
            let mut other = body.clone();
            let object = other.as_object_mut().unwrap();
            match value {
                Some(value) => object.insert(key.clone(), value),
                None => object.remove(key),
            };
            other
        };
        out.push(with(None));
        out.extend(others(value).into_iter().map(|other| with(Some(other))));
        if value.is_object() {
            out.extend(bodies(value).into_iter().map(|other| with(Some(other))));
        }
    }
    out
}

type Edit = Box<dyn Fn(&Connection)>;

fn sql(text: impl Into<String>) -> Edit {
    let text = text.into();
    // What the file itself refuses changes nothing, and both pass it.
    Box::new(move |conn| drop(conn.execute_batch(&text)))
}

/// Runs an edit, and makes every digest and link after it anew.
fn rebuilt(edit: Edit) -> Edit {
    Box::new(move |conn| {
        edit(conn);
        rebuild(conn, 1, true);
    })
}

fn tamperings(path: &Path) -> Vec<(String, Edit)> {
    let mut out: Vec<(String, Edit)> = Vec::new();
    let seqs: Vec<i64> = column(path, "SELECT seq FROM entry ORDER BY seq");
    let columns = [
        ("kind", "'applied'"),
        ("kind", "'note'"),
        ("op", "NULL"),
        ("op", "99"),
        ("op", "1"),
        ("at", "at + 1"),
        ("actor", "'nobody'"),
        ("face", "'http'"),
        ("body", "'[]'"),
        ("body", "body || ' '"),
        ("body", "'{\"a\":0.5}'"),
        ("body", "'{\"a\":9007199254740992}'"),
        ("body", "'{\"\u{e9}\":1}'"),
        ("body", "'no'"),
        ("prev", "zeroblob(32)"),
    ];
    for seq in &seqs {
        for (column, value) in columns {
            let text = format!("UPDATE entry SET {column} = {value} WHERE seq = {seq}");
            out.push((format!("rebuilt: {text}"), rebuilt(sql(text.clone()))));
            if seq % 4 == 1 {
                out.push((text.clone(), sql(text)));
            }
        }
        out.push((format!("entry {seq} is gone"), sql(format!("DELETE FROM entry WHERE seq = {seq}"))));
    }
    for (seq, text) in seqs.iter().zip(column::<String>(path, "SELECT body FROM entry ORDER BY seq")) {
        for other in bodies(&serde_json::from_str(&text).unwrap()) {
            let (text, seq) = (other.to_string(), *seq);
            let edit = move |conn: &Connection| {
                conn.execute("UPDATE entry SET body = ?1 WHERE seq = ?2", params![text, seq]).unwrap();
            };
            out.push((format!("body of entry {seq}: {other}"), rebuilt(Box::new(edit))));
        }
    }
    for (at, bytes) in column::<Vec<u8>>(path, "SELECT bytes FROM chunk ORDER BY id").into_iter().enumerate() {
        for place in (0..bytes.len()).step_by(3) {
            let mut other = bytes.clone();
            other[place] ^= 1;
            let bytes = bytes.clone();
            let edit = move |conn: &Connection| {
                edit_chunk(conn, &bytes, &other, true);
            };
            out.push((format!("chunk {at}, byte {place}"), rebuilt(Box::new(edit))));
        }
    }
    let others = [
        "PRAGMA application_id = 7",
        "PRAGMA user_version = 0",
        "DROP INDEX entry_plan",
        "CREATE TABLE notes(note TEXT)",
        "CREATE VIEW v AS SELECT * FROM entry",
        "DELETE FROM projection",
        "UPDATE projection SET fold = 2",
        "PRAGMA ignore_check_constraints = ON; UPDATE projection SET id = 7",
        "PRAGMA ignore_check_constraints = ON;
         INSERT INTO projection SELECT 2, fold, seq, head, frontier, state, digest FROM projection",
        "UPDATE projection SET fold = 9",
        "UPDATE projection SET seq = seq - 1",
        "UPDATE projection SET state = '{}'",
        "UPDATE projection SET head = zeroblob(32)",
        "UPDATE projection SET frontier = x''",
        "DELETE FROM chunk WHERE id = 1",
        "UPDATE chunk SET digest = zeroblob(32) WHERE id = 1",
        "INSERT INTO chunk(digest, bytes) VALUES (x'00', x'00')",
        "DELETE FROM entry",
        "UPDATE entry SET prev = x'00' WHERE seq = 3",
        "UPDATE entry SET digest = x'00' WHERE seq = 3",
    ];
    out.extend(others.into_iter().map(|text| (text.to_owned(), sql(text))));
    out
}

/// Says of each file whether the verifier finds something; a traceback of its own ends the test.
fn python(folder: &Path, count: usize) -> Vec<bool> {
    let harness = "import contextlib, importlib.util, io, sys
spec = importlib.util.spec_from_file_location('verify', sys.argv[1])
for at in range(int(sys.argv[3])):
    verify = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(verify)
    with contextlib.redirect_stdout(io.StringIO()):
        verify.verify(f'{sys.argv[2]}/{at}.db')
    print('finds' if verify.findings else 'passes')
";
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/verify.py");
    let mut command = Command::new("python3");
    let output = command.args(["-c", harness, script]).arg(folder).arg(count.to_string()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(|line| line == "finds").collect()
}

#[test]
#[ignore = "needs python3"]
fn python_reports_what_the_audit_reports() {
    // A short run takes every fifth, so that each kind of row, column and edit is met.
    let every = if test_scale() == 1 { 5 } else { 1 };
    for (_folder, path) in [honest(), kept("first-life.db")] {
        let place = tempfile::tempdir().unwrap();
        let mut all = vec![("nothing".to_owned(), sql(""))];
        all.extend(tamperings(&path).into_iter().step_by(every));
        let mut audited = Vec::new();
        for (at, (_, edit)) in all.iter().enumerate() {
            let copy = place.path().join(format!("{at}.db"));
            std::fs::copy(&path, &copy).unwrap();
            let conn = Connection::open(&copy).unwrap();
            conn.execute_batch("PRAGMA synchronous = OFF").unwrap();
            drop(conn);
            forge(&copy, edit);
            // A thorough forger makes the projection anew as well, where what is left can be opened.
            if at % 2 == 1 && Journal::open_read(&copy).is_ok() {
                Connection::open(&copy).unwrap().execute_batch("DELETE FROM projection").unwrap();
                // What does not fold as a whole is left without one.
                drop(Journal::open(&copy).map(|mut journal| journal.checkpoint()));
            }
            let found = audit(&copy, Depth::Data, &mut |_, _| {});
            audited.push(found.map_or(true, |found| !found.findings.is_empty()));
        }
        let verified = python(place.path(), all.len());
        assert!(!audited[0] && !verified[0] && Journal::open_read(&path).is_ok(), "the honest one passes");
        let differ: Vec<String> = (0..all.len())
            .filter(|at| audited[*at] != verified[*at])
            .map(|at| format!("audit {}, verify.py {}: {}", audited[at], verified[at], all[at].0))
            .collect();
        let reported = audited.iter().filter(|found| **found).count();
        assert!(reported > 500 / every, "{reported} of {} are reported", all.len());
        assert!(differ.is_empty(), "{} of {} differ:\n{}", differ.len(), all.len(), differ.join("\n"));
        println!("{} tamperings, {reported} reported by both", all.len());
    }
}
