//! The audit finds what was forged, names it, and says no more than it knows.

use mfm_journal::{AuditReport, Depth, Journal, audit};

use crate::common::*;
use crate::tamper::*;

fn audited(folder: &Folder, depth: Depth) -> AuditReport {
    audit(&folder.path(), depth, &mut |_, _| {}).unwrap()
}

fn sampled() -> Folder {
    let folder = Folder::new();
    sample(&folder.path());
    folder
}

/// The codes that an audit at a depth reports, each once.
fn codes(folder: &Folder, depth: Depth) -> Vec<String> {
    let mut out: Vec<_> = audited(folder, depth).findings.into_iter().map(|finding| finding.code).collect();
    out.sort();
    out.dedup();
    out
}

#[test]
fn an_honest_journal_has_no_findings() {
    let folder = sampled();
    let journal = Journal::open_read(&folder.path()).unwrap();
    for depth in [Depth::Structure, Depth::Data] {
        let mut seen = Vec::new();
        let found = audit(&folder.path(), depth, &mut |done, total| seen.push((done, total))).unwrap();
        assert_eq!(found.findings, []);
        assert_eq!((found.journal_id, found.head), (Some(journal.id()), Some(journal.head())));
        assert_eq!(found.root, Some(journal.root()));
        assert_eq!((found.entries, found.operations), (journal.head().seq, 4));
        assert_eq!(found.unknown_kinds.into_iter().collect::<Vec<_>>(), [("from_the_future".to_owned(), 1)]);
        assert_eq!((found.anchored, found.unanchored, found.unverifiable), (vec![], vec![[1, 12]], vec![]));
        assert!(seen.is_sorted() && seen.last().is_some_and(|(done, total)| done == total), "{seen:?}");
    }
}

#[test]
fn a_large_operation_passes_at_data_depth() {
    let folder = Folder::new();
    let (mut journal, lock) = folder.create();
    apply(&mut journal, &lock, &intent(), &updates(9000));
    assert_eq!(audited(&folder, Depth::Data).findings, []);
}

#[test]
fn a_tail_cut_clean_is_invisible_without_an_anchor() {
    let folder = sampled();
    forge(&folder.path(), |conn| {
        conn.execute_batch(
            "DELETE FROM entry WHERE seq > 10; DELETE FROM chunk WHERE id = (SELECT max(id) FROM chunk)",
        )
        .unwrap();
    });
    assert_eq!(codes(&folder, Depth::Data), ["projection"], "a clumsy cut forgets the projection");
    forge_projection(&folder.path());
    let found = audited(&folder, Depth::Structure);
    assert_eq!(found.findings, []);
    assert_eq!((found.unanchored, found.unverifiable), (vec![[1, 10]], vec![]));
}

#[test]
fn an_edited_entry_is_found_however_far_the_forger_goes() {
    let edit = "UPDATE entry SET actor = 'nobody' WHERE seq = 5";
    let folder = sampled();
    forge(&folder.path(), |conn| conn.execute_batch(edit).unwrap());
    let found = audited(&folder, Depth::Structure);
    assert!(found.findings.iter().any(|finding| finding.code == "entry_digest" && finding.seq == Some(5)));
    assert_eq!((found.unanchored, found.unverifiable), (vec![[1, 4]], vec![[5, 12]]));

    let folder = sampled();
    forge(&folder.path(), |conn| {
        conn.execute_batch(edit).unwrap();
        rehash(conn, 5);
    });
    let found = audited(&folder, Depth::Structure);
    assert!(found.findings.iter().any(|finding| finding.code == "entry_chain" && finding.seq == Some(6)));
    assert_eq!((found.unanchored, found.unverifiable), (vec![[1, 5]], vec![[6, 12]]));

    let folder = sampled();
    forge(&folder.path(), |conn| {
        conn.execute_batch(edit).unwrap();
        rebuild(conn, 5, false);
    });
    assert_eq!(codes(&folder, Depth::Structure), ["entry_order", "projection"], "seals name the old uid");
}

#[test]
fn a_complete_forgery_is_invisible_without_an_anchor() {
    let folder = sampled();
    let head = Journal::open_read(&folder.path()).unwrap().head();
    forge(&folder.path(), |conn| {
        conn.execute_batch("UPDATE entry SET actor = 'nobody' WHERE seq = 5").unwrap();
        rebuild(conn, 1, true);
    });
    forge_projection(&folder.path());
    let found = audited(&folder, Depth::Data);
    assert_eq!(found.findings, []);
    assert_eq!((found.anchored, found.unanchored), (vec![], vec![[1, 12]]));
    assert_ne!(found.head.unwrap().digest, head.digest, "what an anchor would have kept");
}

#[test]
fn a_splice_breaks_the_chain() {
    let folder = sampled();
    forge(&folder.path(), |conn| {
        conn.execute_batch("DELETE FROM entry WHERE seq = 3").unwrap();
    });
    assert!(codes(&folder, Depth::Structure).contains(&"entry_gap".to_owned()));
    let found = audited(&folder, Depth::Structure);
    assert_eq!((found.root, found.unanchored, found.unverifiable), (None, vec![[1, 2]], vec![[3, 12]]));
    forge(&folder.path(), |conn| {
        for seq in 4..=12 {
            conn.execute("UPDATE entry SET seq = ?1 - 1 WHERE seq = ?1", [seq]).unwrap();
            rehash(conn, seq - 1);
        }
    });
    let found = codes(&folder, Depth::Structure);
    assert!(found.contains(&"entry_chain".to_owned()), "{found:?}");
}

#[test]
fn entries_of_another_journal_do_not_fit() {
    let (folder, other) = (sampled(), Folder::new());
    let (mut journal, lock) = other.create();
    for _ in 0..20 {
        journal.append(&lock, &stamp(), "x", serde_json::json!({})).unwrap();
    }
    drop((journal, lock));
    let other = other.path().display().to_string();
    forge(&folder.path(), |conn| {
        conn.execute("ATTACH ?1 AS other", [other]).unwrap();
        conn.execute_batch("INSERT INTO entry SELECT * FROM other.entry WHERE seq = 13").unwrap();
    });
    let found = audited(&folder, Depth::Structure);
    assert_eq!(found.unverifiable, [[13, 13]]);
}

#[test]
fn an_edited_image_is_found_at_data_depth() {
    let folder = sampled();
    forge(&folder.path(), |conn| edit_chunk(conn, b"cnew", b"cnow", false));
    assert_eq!(codes(&folder, Depth::Structure), [""; 0]);
    let found = codes(&folder, Depth::Data);
    assert_eq!(found, ["chunk_digest", "row_digest", "rows_root"]);
    let journal = Journal::open_read(&folder.path()).unwrap();
    let operation = journal.read_operation(1).unwrap().unwrap();
    let error = journal.visit_changes(&operation, &mut |_| std::ops::ControlFlow::Continue(())).unwrap_err();
    assert_eq!(error.code(), "journal_broken");
}

#[test]
fn an_edited_image_with_every_outer_hash_repaired_is_found_by_its_row() {
    let folder = sampled();
    forge(&folder.path(), |conn| {
        edit_chunk(conn, b"cnew", b"cnow", true);
        rebuild(conn, 1, true);
    });
    forge_projection(&folder.path());
    assert_eq!(codes(&folder, Depth::Data), ["row_digest", "rows_root"]);
}

#[test]
fn a_body_in_another_spelling_is_found() {
    let folder = sampled();
    forge(&folder.path(), |conn| {
        conn.execute_batch("UPDATE entry SET body = replace(body, '\"x\":[', '\"x\": [')").unwrap();
        rebuild(conn, 1, true);
    });
    forge_projection(&folder.path());
    assert_eq!(codes(&folder, Depth::Structure), [""; 0]);
    assert_eq!(codes(&folder, Depth::Data), ["entry_body"]);
}

#[test]
fn chunks_too_few_and_too_many_are_found() {
    let folder = sampled();
    forge(&folder.path(), |conn| {
        conn.execute_batch("INSERT INTO chunk(digest, bytes) VALUES (zeroblob(32), x'00')").unwrap();
    });
    assert_eq!(codes(&folder, Depth::Data), ["chunk_unreferenced"]);
    forge(&folder.path(), |conn| conn.execute_batch("DELETE FROM chunk").unwrap());
    let found = codes(&folder, Depth::Data);
    assert!(found.contains(&"chunk_missing".to_owned()), "{found:?}");
}

#[test]
fn an_illegal_order_is_found_in_a_forged_chain() {
    for (edit, what) in [
        ("UPDATE entry SET kind = 'gone', body = replace(body, 'failed', 'gone') WHERE kind = 'failed'", "gone"),
        ("UPDATE entry SET op = 1 WHERE kind = 'failed'", "sealed twice"),
        ("UPDATE entry SET op = 9 WHERE kind = 'failed'", "no such operation"),
        ("UPDATE entry SET op = 9 WHERE kind = 'intended' AND op = 4", "a number left out"),
        ("UPDATE entry SET op = 1 WHERE kind = 'from_the_future'", ""),
        ("UPDATE entry SET body = replace(body, '\"depth\":1', '\"depth\":3')", "depth"),
        ("UPDATE entry SET body = replace(body, '\"reverts\":1', '\"reverts\":2')", "itself"),
        ("UPDATE entry SET kind = 'opened' WHERE kind = 'from_the_future'", "opened twice"),
    ] {
        let folder = sampled();
        forge(&folder.path(), |conn| {
            conn.execute_batch(edit).unwrap();
            rebuild(conn, 1, true);
        });
        let found = codes(&folder, Depth::Structure);
        assert_eq!(found.contains(&"entry_order".to_owned()), !what.is_empty(), "{what}: {found:?}");
    }
}

#[test]
fn a_forged_projection_is_found_even_with_its_own_digest_right() {
    let folder = sampled();
    let edit = |sql: &str| rusqlite::Connection::open(folder.path()).unwrap().execute_batch(sql).unwrap();
    edit("UPDATE projection SET state = replace(state, '\"active\":{}', '\"active\":{ }')");
    assert_eq!(codes(&folder, Depth::Structure), ["projection"]);
    let conn = rusqlite::Connection::open(folder.path()).unwrap();
    let digest = conn
        .query_row("SELECT fold, seq, head, frontier, state FROM projection", [], |row| {
            let mut out = mfm_journal::cbor::Writer::new();
            out.write_array(6);
            out.write_text("mfm/projection/1");
            out.write_integer(row.get(0)?);
            out.write_integer(row.get(1)?);
            out.write_bytes(&row.get::<_, Vec<u8>>(2)?);
            out.write_bytes(&row.get::<_, Vec<u8>>(3)?);
            out.write_text(&row.get::<_, String>(4)?);
            Ok(mfm_journal::Digest::sha256(out.as_bytes()))
        })
        .unwrap();
    conn.execute("UPDATE projection SET digest = ?1", [digest.as_bytes()]).unwrap();
    drop(conn);
    assert_eq!(Journal::open_read(&folder.path()).unwrap().state().active.len(), 0, "no entry vouches for it");
    assert_eq!(codes(&folder, Depth::Structure), ["projection"]);
    edit("DELETE FROM projection");
    assert_eq!(codes(&folder, Depth::Structure), ["projection"]);
}

#[test]
fn the_schema_is_compared_to_the_byte() {
    for (edit, name) in [
        ("DROP TRIGGER entry_update", "entry_update"),
        ("DROP INDEX entry_plan", "entry_plan"),
        ("CREATE TABLE more(a)", "more"),
        ("CREATE TRIGGER more AFTER INSERT ON entry BEGIN SELECT 1; END", "more"),
        ("DROP TRIGGER chunk_delete; CREATE TRIGGER chunk_delete BEFORE DELETE ON chunk BEGIN SELECT 1; END", "chunk"),
    ] {
        let folder = sampled();
        rusqlite::Connection::open(folder.path()).unwrap().execute_batch(edit).unwrap();
        let found = audited(&folder, Depth::Structure).findings;
        assert_eq!(found.len(), 1, "{edit}: {found:?}");
        assert_eq!(found[0].code, "schema");
        assert!(found[0].message.contains(name), "{found:?}");
    }
}

#[test]
fn the_header_is_read() {
    for edit in ["PRAGMA application_id = 7", "PRAGMA user_version = 0"] {
        let folder = sampled();
        rusqlite::Connection::open(folder.path()).unwrap().execute_batch(edit).unwrap();
        assert_eq!(codes(&folder, Depth::Structure), ["file_header"], "{edit}");
    }
}

#[test]
fn what_is_no_journal_is_not_audited() {
    let folder = Folder::new();
    let code = || audit(&folder.path(), Depth::Data, &mut |_, _| {}).unwrap_err().code();
    assert_eq!(code(), "journal_missing");
    std::fs::write(folder.path(), vec![b'x'; 4096]).unwrap();
    assert_eq!(code(), "not_a_journal");
    std::fs::remove_file(folder.path()).unwrap();
    rusqlite::Connection::open(folder.path()).unwrap().execute_batch("CREATE TABLE a(b)").unwrap();
    assert_eq!(code(), "not_a_journal");
}
