//! The SQL schema of a journal. Its text is part of the format: opening and auditing compare it byte by byte.

use std::collections::BTreeMap;

use rusqlite::Connection;

/// `application_id` of a journal: the ASCII letters `MFMJ`.
pub const APPLICATION_ID: i64 = 0x4D46_4D4A;
/// `user_version`: the version of the format.
pub(crate) const FORMAT: i64 = 1;

/// One row of `sqlite_schema`.
pub(crate) struct SchemaRow {
    pub(crate) kind: &'static str,
    pub(crate) name: &'static str,
    pub(crate) table: &'static str,
    pub(crate) sql: Option<&'static str>,
}

const fn schema_row(kind: &'static str, name: &'static str, table: &'static str, sql: &'static str) -> SchemaRow {
    SchemaRow { kind, name, table, sql: Some(sql) }
}

const fn autoindex_row(name: &'static str, table: &'static str) -> SchemaRow {
    // SQLite makes these indexes for UNIQUE itself, and keeps no SQL text for them.
    SchemaRow { kind: "index", name, table, sql: None }
}

const ENTRY: &str = "CREATE TABLE entry(
  seq INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  op INTEGER,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  face TEXT NOT NULL,
  body TEXT NOT NULL,
  prev BLOB NOT NULL,
  digest BLOB NOT NULL UNIQUE
) STRICT";

const CHUNK: &str = "CREATE TABLE chunk(
  id INTEGER PRIMARY KEY,
  digest BLOB NOT NULL UNIQUE,
  bytes BLOB NOT NULL
) STRICT";

const PROJECTION: &str = "CREATE TABLE projection(
  id INTEGER PRIMARY KEY CHECK (id = 1),
  fold INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  head BLOB NOT NULL,
  frontier BLOB NOT NULL,
  state TEXT NOT NULL,
  digest BLOB NOT NULL
) STRICT";

const ENTRY_REVERTS: &str = "CREATE INDEX entry_reverts ON entry(json_extract(body,'$.reverts')) \
WHERE kind = 'intended' AND json_extract(body,'$.reverts') IS NOT NULL";
const ENTRY_PLAN: &str = "CREATE INDEX entry_plan ON entry(json_extract(body,'$.plan_id')) \
WHERE kind = 'intended' AND json_extract(body,'$.plan_id') IS NOT NULL";
const ENTRY_BASELINE: &str = "CREATE INDEX entry_baseline ON entry(json_extract(body,'$.identity')) \
WHERE kind = 'baseline'";

const ENTRY_INSERT: &str = "CREATE TRIGGER entry_insert BEFORE INSERT ON entry
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM entry) OR EXISTS (SELECT 1 FROM entry WHERE digest = NEW.digest)
BEGIN SELECT RAISE(ABORT, 'entries are only appended'); END";
const ENTRY_UPDATE: &str = "CREATE TRIGGER entry_update BEFORE UPDATE ON entry
BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END";
const ENTRY_DELETE: &str = "CREATE TRIGGER entry_delete BEFORE DELETE ON entry
BEGIN SELECT RAISE(ABORT, 'entries are never deleted'); END";
const CHUNK_INSERT: &str = "CREATE TRIGGER chunk_insert BEFORE INSERT ON chunk
WHEN EXISTS (SELECT 1 FROM chunk WHERE id = NEW.id) OR EXISTS (SELECT 1 FROM chunk WHERE digest = NEW.digest)
BEGIN SELECT RAISE(ABORT, 'chunks are never replaced'); END";
const CHUNK_UPDATE: &str = "CREATE TRIGGER chunk_update BEFORE UPDATE ON chunk
BEGIN SELECT RAISE(ABORT, 'chunks are never changed'); END";
const CHUNK_DELETE: &str = "CREATE TRIGGER chunk_delete BEFORE DELETE ON chunk
BEGIN SELECT RAISE(ABORT, 'chunks are never deleted'); END";

/// All rows of `sqlite_schema`, in the order of creation.
pub(crate) const OBJECTS: [SchemaRow; 15] = [
    schema_row("table", "entry", "entry", ENTRY),
    autoindex_row("sqlite_autoindex_entry_1", "entry"),
    schema_row("table", "chunk", "chunk", CHUNK),
    autoindex_row("sqlite_autoindex_chunk_1", "chunk"),
    schema_row("table", "projection", "projection", PROJECTION),
    schema_row("index", "entry_op", "entry", "CREATE INDEX entry_op ON entry(op) WHERE op IS NOT NULL"),
    schema_row("index", "entry_reverts", "entry", ENTRY_REVERTS),
    schema_row("index", "entry_plan", "entry", ENTRY_PLAN),
    schema_row("index", "entry_baseline", "entry", ENTRY_BASELINE),
    schema_row("trigger", "entry_insert", "entry", ENTRY_INSERT),
    schema_row("trigger", "entry_update", "entry", ENTRY_UPDATE),
    schema_row("trigger", "entry_delete", "entry", ENTRY_DELETE),
    schema_row("trigger", "chunk_insert", "chunk", CHUNK_INSERT),
    schema_row("trigger", "chunk_update", "chunk", CHUNK_UPDATE),
    schema_row("trigger", "chunk_delete", "chunk", CHUNK_DELETE),
];

type Described = (String, String, Option<String>);

/// Lists the differences between a file's schema and a journal's, a sentence each.
pub(crate) fn list_differences(conn: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = conn.prepare_cached("SELECT name, type, tbl_name, sql FROM main.sqlite_schema")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?, row.get(3)?))))?;
    let mut stored = rows.collect::<rusqlite::Result<BTreeMap<String, Described>>>()?;
    let mut out = Vec::new();
    for object in &OBJECTS {
        let expected = (object.kind.to_owned(), object.table.to_owned(), object.sql.map(str::to_owned));
        match stored.remove(object.name) {
            None => out.push(format!("the {} {} is missing", object.kind, object.name)),
            Some(actual) if actual != expected => {
                out.push(format!("the {} {} differs from a journal's", object.kind, object.name));
            }
            Some(_) => {}
        }
    }
    // What is left over is none of ours, such as a trigger that someone added.
    out.extend(stored.iter().map(|(name, (kind, ..))| format!("the {kind} {name} does not belong in a journal")));
    Ok(out)
}

/// Returns the statements that turn an empty database into a journal without entries.
pub(crate) fn create_sql() -> String {
    let statements: Vec<&str> = OBJECTS.iter().filter_map(|object| object.sql).collect();
    format!("PRAGMA application_id = {APPLICATION_ID};\nPRAGMA user_version = {FORMAT};\n{};", statements.join(";\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_shows_every_statement() {
        let readme = include_str!("../README.md");
        for object in &OBJECTS {
            assert!(object.sql.is_none_or(|sql| readme.contains(&format!("{sql};"))), "{}", object.name);
        }
    }
}
