//! A journal in hostile hands: what a command acts on is what the entries say, or nothing is written.

use std::ops::ControlFlow;

use mfm_journal::{Depth, Digest, Images, Journal, audit};
use rusqlite::{Connection, params};
use serde_json::json;

use crate::common::*;
use crate::tamper::*;

fn edit(folder: &Folder, sql: &str) {
    Connection::open(folder.path()).unwrap().execute_batch(sql).unwrap();
}

fn sampled() -> Folder {
    let folder = Folder::new();
    sample(&folder.path());
    folder
}

/// Schemas that decide what is kept, and what is shown.
const SCHEMAS: [&str; 7] = [
    "CREATE TRIGGER e BEFORE INSERT ON chunk BEGIN SELECT RAISE(IGNORE); END",
    "CREATE TRIGGER e BEFORE INSERT ON entry WHEN NEW.kind = 'intended' BEGIN SELECT RAISE(IGNORE); END",
    "CREATE TRIGGER e AFTER INSERT ON entry BEGIN DELETE FROM projection; END",
    "ALTER TABLE chunk RENAME TO c; CREATE VIEW chunk AS SELECT id, digest, bytes FROM c;
     CREATE TRIGGER e INSTEAD OF INSERT ON chunk BEGIN SELECT 1; END",
    "CREATE INDEX mine ON entry(op)",
    "DROP INDEX entry_op",
    "CREATE TABLE notes(note TEXT)",
];

#[test]
fn a7_a_journal_of_another_schema_is_not_opened() {
    for sql in SCHEMAS {
        let folder = sampled();
        edit(&folder, sql);
        for opened in [Journal::open(&folder.path()), Journal::open_read(&folder.path())] {
            let error = opened.unwrap_err();
            assert!(error.code() == "journal_broken" && error.to_string().contains("schema"), "{sql}: {error}");
        }
    }
}

#[test]
fn a7_a_schema_that_changes_while_the_journal_is_open_stops_the_next_write() {
    for sql in SCHEMAS {
        let folder = sampled();
        let (mut journal, lock) = folder.open();
        edit(&folder, sql);
        let images = Images::from_changes(&updates(2)).unwrap();
        let error = journal.intend(&lock, &stamp(), &intent(), &images).unwrap_err();
        assert_eq!(error.code(), "journal_broken", "{sql}: {error}");
        let error = journal.append(&lock, &stamp(), "target_removed", json!({"name": "lab"})).unwrap_err();
        assert_eq!(error.code(), "journal_broken", "{sql}: {error}");
        let count = |table: &str| -> i64 {
            let conn = Connection::open(folder.path()).unwrap();
            conn.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
        };
        assert_eq!(count("entry"), 12, "{sql}");
    }
}

/// Replaces the state of the projection, and gives the row the digest that it should have.
fn lie(folder: &Folder, old: &str, new: &str) {
    let conn = Connection::open(folder.path()).unwrap();
    let changed = conn.execute("UPDATE projection SET state = replace(state, ?1, ?2)", params![old, new]).unwrap();
    let read = |row: &rusqlite::Row<'_>| {
        let mut out = mfm_journal::cbor::Writer::new();
        out.write_array(6);
        out.write_text("mfm/projection/1");
        out.write_integer(row.get(0)?);
        out.write_integer(row.get(1)?);
        out.write_bytes(&row.get::<_, Vec<u8>>(2)?);
        out.write_bytes(&row.get::<_, Vec<u8>>(3)?);
        let state: String = row.get(4)?;
        assert!(changed == 1 && state.contains(new), "{state}");
        out.write_text(&state);
        Ok(Digest::sha256(out.as_bytes()))
    };
    let sql = "SELECT fold, seq, head, frontier, state FROM projection";
    let digest = conn.query_row(sql, [], read).unwrap();
    conn.execute("UPDATE projection SET digest = ?1", [digest.as_bytes()]).unwrap();
}

#[test]
fn a7_a_projection_that_lies_is_not_believed() {
    for (old, new) in [("\"next_op\":3", "\"next_op\":100"), ("\"rows_left\":4", "\"rows_left\":1")] {
        let folder = Folder::new();
        let (mut journal, lock) = folder.create();
        apply(&mut journal, &lock, &intent(), &updates(3));
        apply(&mut journal, &lock, &intent(), &updates(4));
        journal.append(&lock, &stamp(), "note", json!({})).unwrap();
        let known = journal.state().clone();
        drop((journal, lock));
        lie(&folder, old, new);
        assert_eq!(Journal::open_read(&folder.path()).unwrap().state(), &known);
        let (mut journal, lock) = folder.open();
        assert_eq!(journal.state(), &known);
        assert_eq!(intend(&mut journal, &lock, &intent(), &updates(1)).op(), 3);
    }
}

/// Appends an entry as somebody would who knows the format.
fn append(folder: &Folder, kind: &str, op: i64, body: &str) {
    let conn = Connection::open(folder.path()).unwrap();
    let sql = "INSERT INTO entry SELECT seq + 1, ?1, ?2, at, actor, face, ?3, digest, zeroblob(32) FROM entry
               ORDER BY seq DESC LIMIT 1";
    conn.execute(sql, params![kind, op, body]).unwrap();
    drop(conn);
    forge(&folder.path(), |conn| {
        let last = conn.query_row("SELECT max(seq) FROM entry", [], |row| row.get(0)).unwrap();
        rehash(conn, last);
    });
}

#[test]
fn a7_an_illegal_last_entry_is_noticed_at_open() {
    let uid = |folder: &Folder, op: i64| -> String {
        let conn = Connection::open(folder.path()).unwrap();
        let read = |row: &rusqlite::Row<'_>| row.get(0).map(Digest::from_bytes);
        conn.query_row("SELECT digest FROM entry WHERE op = ?1 ORDER BY seq", [op], read).unwrap().to_string()
    };
    let body = |folder: &Folder, op: i64, verdict: &str| {
        format!("{{\"uid\":\"{}\",\"verdict\":\"{verdict}\"}}", uid(folder, op))
    };
    // Operation 1 and 2 are applied, 3 failed, 4 is open.
    for (kind, op) in [("applied", 3), ("applied", 1), ("failed", 2), ("gone", 3), ("gone", 4)] {
        let folder = sampled();
        let said = body(&folder, op, kind);
        append(&folder, kind, op, &said);
        for opened in [Journal::open(&folder.path()), Journal::open_read(&folder.path())] {
            assert_eq!(opened.unwrap_err().code(), "journal_broken", "{kind} {op}");
        }
    }
    let folder = sampled();
    let said = body(&folder, 2, "gone");
    append(&folder, "gone", 2, &said);
    assert_eq!(Journal::open(&folder.path()).unwrap().head().seq, 13, "what is legal is taken in");
}

#[test]
fn a7_a_revert_of_itself_is_noticed_at_open() {
    let folder = sampled();
    let text: String = Connection::open(folder.path())
        .unwrap()
        .query_row("SELECT body FROM entry WHERE kind = 'intended' AND op = 2", [], |row| row.get(0))
        .unwrap();
    for (from, to) in
        [("\"reverts\":1", "\"reverts\":5"), ("\"reverts\":1", "\"reverts\":9"), ("\"depth\":1", "\"depth\":3")]
    {
        let folder = sampled();
        append(&folder, "intended", 5, &text.replace(from, to));
        assert_eq!(Journal::open(&folder.path()).unwrap_err().code(), "journal_broken", "{to}");
    }
}

/// Names the first chunk of the first operation many times over, with everything else made to fit.
#[test]
fn a7_a_chunk_named_many_times_is_one_finding() {
    let folder = sampled();
    forge(&folder.path(), |conn| {
        let sql = "SELECT body FROM entry WHERE kind = 'intended' AND op = 1";
        let text: String = conn.query_row(sql, [], |row| row.get(0)).unwrap();
        let mut body: serde_json::Value = serde_json::from_str(&text).unwrap();
        let chunk = body["chunks"][0].clone();
        body["chunks"] = vec![chunk; 100_000].into();
        let sql = "UPDATE entry SET body = ?1 WHERE kind = 'intended' AND op = 1";
        conn.execute(sql, [body.to_string()]).unwrap();
        rebuild(conn, 1, true);
    });
    forge_projection(&folder.path());
    let found = audit(&folder.path(), Depth::Data, &mut |_, _| {}).unwrap().findings;
    let codes: Vec<&str> = found.iter().map(|finding| finding.code.as_str()).collect();
    assert_eq!(codes, ["chunk_repeated"]);
    let journal = Journal::open_read(&folder.path()).unwrap();
    let operation = journal.read_operation(1).unwrap().unwrap();
    let error = journal.visit_changes(&operation, &mut |_| ControlFlow::Continue(())).unwrap_err();
    assert_eq!(error.code(), "journal_broken");
}

#[test]
fn a7_a_chunk_that_many_operations_name_is_examined_twice_at_most() {
    let folder = Folder::new();
    let (mut journal, lock) = folder.create();
    for _ in 0..20 {
        apply(&mut journal, &lock, &intent(), &updates(5000));
    }
    drop((journal, lock));
    assert_eq!(audit(&folder.path(), Depth::Data, &mut |_, _| {}).unwrap().findings, []);
    forge(&folder.path(), |conn| edit_chunk(conn, b"cnew", b"cnow", false));
    let found = audit(&folder.path(), Depth::Data, &mut |_, _| {}).unwrap().findings;
    let digests = found.iter().filter(|finding| finding.code == "chunk_digest").count();
    assert_eq!(digests, 20, "every operation that names it is told");
}

#[test]
fn a7_an_operation_that_takes_itself_back_ends_every_look_at_it() {
    let folder = sampled();
    forge(&folder.path(), |conn| {
        let sql = "UPDATE entry SET body = replace(body, '\"reverts\":1,', '\"reverts\":2,') WHERE op = 2";
        conn.execute_batch(sql).unwrap();
        rebuild(conn, 1, true);
    });
    let conn = Connection::open(folder.path()).unwrap();
    conn.execute_batch("DELETE FROM projection").unwrap();
    drop(conn);
    assert_eq!(Journal::open_read(&folder.path()).unwrap_err().code(), "journal_broken");
    let found = audit(&folder.path(), Depth::Structure, &mut |_, _| {}).unwrap().findings;
    assert!(found.iter().any(|finding| finding.code == "entry_order"));
}

#[test]
fn a7_a_whole_row_that_contradicts_its_digest_is_not_handed_out() {
    let folder = sampled();
    forge(&folder.path(), |conn| {
        edit_chunk(conn, b"cnew", b"cnow", true);
        rebuild(conn, 1, true);
    });
    forge_projection(&folder.path());
    let journal = Journal::open_read(&folder.path()).unwrap();
    let read = |op| {
        let operation = journal.read_operation(op).unwrap().unwrap();
        journal.visit_changes(&operation, &mut |_| ControlFlow::Continue(()))
    };
    let errors = [1, 2, 3, 4].map(|op| read(op).err().map(|error| error.code()));
    assert_eq!(errors.iter().flatten().collect::<Vec<_>>(), [&"journal_broken"], "{errors:?}");
}
