//! Ways to forge a journal, from clumsy to complete; the forger knows the format and owns the file.

use std::path::Path;

use mfm_journal::cbor::Writer;
use mfm_journal::{Digest, Journal};
use rusqlite::{Connection, params};

/// Edits a journal's file with its triggers off, and puts the triggers back as they were.
pub(crate) fn forge<T>(path: &Path, edit: impl FnOnce(&Connection) -> T) -> T {
    let conn = Connection::open(path).unwrap();
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let triggers: Vec<(String, String)> = conn
        .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
        .unwrap()
        .query_map([], read)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for (name, _) in &triggers {
        conn.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
    }
    let out = edit(&conn);
    for (_, sql) in &triggers {
        conn.execute_batch(sql).unwrap();
    }
    out
}

/// Makes the stored projection anew, as its rules want it.
pub(crate) fn forge_projection(path: &Path) {
    Connection::open(path).unwrap().execute_batch("DELETE FROM projection").unwrap();
    Journal::open(path).unwrap().checkpoint();
}

/// Gives an entry the digest that its content has.
pub(crate) fn rehash(conn: &Connection, seq: i64) -> Digest {
    let digest = conn
        .query_row("SELECT kind, op, at, actor, face, body, prev FROM entry WHERE seq = ?1", [seq], |row| {
            let mut out = Writer::new();
            out.write_array(9);
            out.write_text("mfm/entry/1");
            out.write_integer(seq);
            out.write_text(&row.get::<_, String>(0)?);
            out.write_optional_integer(row.get(1)?);
            out.write_integer(row.get(2)?);
            for column in 3..6 {
                out.write_text(&row.get::<_, String>(column)?);
            }
            out.write_bytes(&row.get::<_, Vec<u8>>(6)?);
            Ok(Digest::sha256(out.as_bytes()))
        })
        .unwrap();
    conn.execute("UPDATE entry SET digest = ?2 WHERE seq = ?1", params![seq, digest.as_bytes()]).unwrap();
    digest
}

/// Takes out of a body what its entry says of the state before it, which may be left out.
fn without_folded(body: &str) -> String {
    let Some(start) = body.find("\"folded\":{") else { return body.to_owned() };
    let end = start + body[start..].find('}').unwrap() + 1;
    let (before, after) = (&body[..start], &body[end..]);
    match before.strip_suffix(',') {
        Some(before) => format!("{before}{after}"),
        None => format!("{before}{}", after.strip_prefix(',').unwrap_or(after)),
    }
}

/// Rebuilds digests and links from an entry to the head, without what later entries say of the state; the uids in
/// bodies too if the forger thinks of them.
pub(crate) fn rebuild(conn: &Connection, from: i64, uids: bool) {
    let last: i64 = conn.query_row("SELECT max(seq) FROM entry", [], |row| row.get(0)).unwrap();
    let stored = |seq| -> Digest {
        let read = |row: &rusqlite::Row<'_>| row.get(0).map(Digest::from_bytes);
        conn.query_row("SELECT digest FROM entry WHERE seq = ?1", [seq], read).unwrap()
    };
    for seq in from..=last {
        let old = stored(seq);
        let prev = if seq == 1 { Digest::ZERO } else { stored(seq - 1) };
        conn.execute("UPDATE entry SET prev = ?2 WHERE seq = ?1", params![seq, prev.as_bytes()]).unwrap();
        let body: String = conn.query_row("SELECT body FROM entry WHERE seq = ?1", [seq], |row| row.get(0)).unwrap();
        conn.execute("UPDATE entry SET body = ?2 WHERE seq = ?1", params![seq, without_folded(&body)]).unwrap();
        let new = rehash(conn, seq);
        if uids {
            let sql = "UPDATE entry SET body = replace(body, ?1, ?2) WHERE seq > ?3";
            conn.execute(sql, params![old.to_string(), new.to_string(), seq]).unwrap();
        }
    }
}

/// Replaces bytes in the chunk that holds them, and the chunk's digest in chunk and body if asked; says which entry.
pub(crate) fn edit_chunk(conn: &Connection, old: &[u8], new: &[u8], repair: bool) -> i64 {
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let chunks: Vec<(i64, Vec<u8>)> =
        conn.prepare("SELECT id, bytes FROM chunk").unwrap().query_map([], read).unwrap().map(Result::unwrap).collect();
    let at = |bytes: &[u8]| bytes.windows(old.len()).position(|window| window == old);
    let (id, mut bytes) = chunks.into_iter().find(|(_, bytes)| at(bytes).is_some()).unwrap();
    let (place, before) = (at(&bytes).unwrap(), Digest::sha256(&bytes));
    bytes[place..place + old.len()].copy_from_slice(new);
    conn.execute("UPDATE chunk SET bytes = ?2 WHERE id = ?1", params![id, bytes]).unwrap();
    let after = Digest::sha256(&bytes);
    if repair {
        conn.execute("UPDATE chunk SET digest = ?2 WHERE id = ?1", params![id, after.as_bytes()]).unwrap();
        let sql = "UPDATE entry SET body = replace(body, ?1, ?2)";
        conn.execute(sql, params![before.to_string(), after.to_string()]).unwrap();
    }
    let named = format!("%{}%", if repair { after } else { before });
    conn.query_row("SELECT min(seq) FROM entry WHERE body LIKE ?1", [named], |row| row.get(0)).unwrap()
}
