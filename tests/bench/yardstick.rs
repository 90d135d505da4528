//! The yardsticks: the same rows changed without mfm, captured by others' means, and bytes only hashed; no mfm in here.

use std::io::Write as _;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use sha2::{Digest as _, Sha256};

use super::world::{World, changed};

/// Times a step.
pub(crate) fn timed<T>(step: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let out = step();
    (out, start.elapsed())
}

/// Changes every `each`th row by its key, as any program does that knows its rows.
fn change(connection: &Connection, rows: u64, each: u64) {
    let sql = "UPDATE TxFieldPoint SET Gantry_Ang = ?1 WHERE TFP_ID = ?2";
    let mut statement = connection.prepare(sql).unwrap();
    for id in (1..=rows / each).map(|nth| i64::try_from(nth * each).unwrap()) {
        statement.execute((changed(id), id)).unwrap();
    }
}

/// Does so in one durable transaction.
pub(crate) fn update(connection: &Connection, rows: u64, each: u64) {
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    change(connection, rows, each);
    connection.execute_batch("COMMIT").unwrap();
}

/// The same in one statement, which walks through the whole table.
pub(crate) fn update_at_once(connection: &Connection, each: u64) {
    let sql = "UPDATE TxFieldPoint SET Gantry_Ang = 400.0 + TFP_ID % 97 WHERE TFP_ID % ?1 = 0";
    connection.execute(sql, [i64::try_from(each).unwrap()]).unwrap();
}

/// Writes a file so that it is on the disk.
fn durable(world: &World, name: &str, bytes: &[u8]) {
    let mut file = std::fs::File::create(world.database().with_file_name(name)).unwrap();
    file.write_all(bytes).unwrap();
    file.sync_all().unwrap();
}

/// What captured the change, so that it can be taken back.
#[cfg(feature = "session")]
pub(crate) const CAPTURE: &str = "SQLite's session extension";
#[cfg(not(feature = "session"))]
pub(crate) const CAPTURE: &str = "undo triggers";

/// Updates while SQLite's session extension records; the changeset is on the disk before the commit.
#[cfg(feature = "session")]
pub(crate) fn captured(world: &World, rows: u64, each: u64) -> Vec<u8> {
    let connection = world.connection();
    let mut session = rusqlite::session::Session::new(&connection).unwrap();
    session.attach(Some("TxFieldPoint")).unwrap();
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    change(&connection, rows, each);
    let mut changeset = Vec::new();
    session.changeset_strm(&mut changeset).unwrap();
    durable(world, "changeset", &changeset);
    connection.execute_batch("COMMIT").unwrap();
    changeset
}

/// Inverts a changeset and applies it.
#[cfg(feature = "session")]
pub(crate) fn taken_back(world: &World, changeset: &[u8]) {
    use rusqlite::session::{ConflictAction, invert_strm};
    let connection = world.connection();
    let mut inverted = Vec::new();
    invert_strm(&mut &*changeset, &mut inverted).unwrap();
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut input: &[u8] = &inverted;
    let every = None::<fn(&str) -> bool>;
    connection.apply_strm(&mut input, every, |_, _| ConflictAction::SQLITE_CHANGESET_ABORT).unwrap();
    connection.execute_batch("COMMIT").unwrap();
}

/// Updates while a trigger writes the undo log that sqlite.org describes.
#[cfg(not(feature = "session"))]
pub(crate) fn captured(world: &World, rows: u64, each: u64) -> Vec<u8> {
    let connection = world.connection();
    let sql = "CREATE TEMP TABLE undo(seq INTEGER PRIMARY KEY, sql TEXT);
        CREATE TEMP TRIGGER keep AFTER UPDATE ON TxFieldPoint BEGIN
          INSERT INTO undo VALUES (NULL, 'UPDATE TxFieldPoint SET Gantry_Ang=' || quote(OLD.Gantry_Ang)
            || ' WHERE TFP_ID=' || OLD.TFP_ID);
        END;";
    connection.execute_batch(sql).unwrap();
    update(&connection, rows, each);
    let mut log = connection.prepare("SELECT sql FROM undo ORDER BY seq DESC").unwrap();
    let lines: Vec<String> = log.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let bytes = lines.join(";\n").into_bytes();
    durable(world, "undo.sql", &bytes);
    bytes
}

/// Runs an undo log.
#[cfg(not(feature = "session"))]
pub(crate) fn taken_back(world: &World, log: &[u8]) {
    let connection = world.connection();
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    connection.execute_batch(std::str::from_utf8(log).unwrap()).unwrap();
    connection.execute_batch("COMMIT").unwrap();
}

/// Hashes bytes, and nothing else.
pub(crate) fn sha256(blobs: &[Vec<u8>]) -> [u8; 32] {
    let mut out = [0; 32];
    for blob in blobs {
        out = Sha256::digest(blob).into();
    }
    out
}
