//! Opening a journal of a million entries, which are written here as the format's description says; reads one back.

use mfm_journal::cbor::Writer;
use mfm_journal::{Digest, Journal};
use rusqlite::Connection;

use super::Plan;
use super::table::{Table, median};
use super::world::World;
use super::yardstick::timed;

/// Adds entries of an unknown kind, which every reader chains and none folds.
fn extend(path: &std::path::Path, count: u64) {
    let mut connection = Connection::open(path).unwrap();
    let (mut seq, mut prev): (i64, Vec<u8>) = connection
        .query_row("SELECT seq, digest FROM entry ORDER BY seq DESC LIMIT 1", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    let transaction = connection.transaction().unwrap();
    let mut insert = transaction
        .prepare("INSERT INTO entry(seq, kind, op, at, actor, face, body, prev, digest) VALUES (?,?,NULL,?,?,?,?,?,?)")
        .unwrap();
    let mut out = Writer::new();
    for _ in 0..count {
        seq += 1;
        let body = format!("{{\"note\":{seq}}}");
        out.clear();
        out.write_array(9);
        out.write_text("mfm/entry/1");
        out.write_integer(seq);
        out.write_text("note");
        out.write_null();
        out.write_integer(seq);
        out.write_text("bench");
        out.write_text("library");
        out.write_text(&body);
        out.write_bytes(&prev);
        let digest = Digest::sha256(out.as_bytes());
        insert.execute((seq, "note", seq, "bench", "library", &body, &prev, digest.as_bytes())).unwrap();
        prev = digest.as_bytes().to_vec();
    }
    drop(insert);
    transaction.commit().unwrap();
}

pub(crate) fn run(plan: &Plan, table: &mut Table) {
    let folder = tempfile::tempdir().unwrap();
    let world = World::create(folder.path(), 10);
    extend(&world.journal_path(), plan.rows);
    let path = world.journal_path();
    let (journal, folded) = timed(|| Journal::open(&path).unwrap());
    drop(journal);
    // An operation writes the state down, as every operation does.
    super::rows::apply(&world, 10);
    let open = || timed(|| Journal::open_read(&path).unwrap()).1.as_secs_f64() * 1e3;
    let opened = median((0..50).map(|_| open()).collect());
    let what = format!("open a journal of {} entries", plan.rows);
    let beside = format!("folding all of it: {:.0} ms", folded.as_secs_f64() * 1e3);
    table.at_most(&what, opened, "ms", beside, Some(20.0));
}
