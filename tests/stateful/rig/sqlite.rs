//! A SQLite file as a rig's target, with plain connections of somebody else's beside mfm's own.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mfm::targets::Target;
use mfm::targets::faults::{Faults, WriteStep};
use mfm::targets::sqlite::SqliteTarget;
use mfm_journal::Digest;
use rusqlite::types::{Value as Sql, ValueRef};
use rusqlite::{Connection, params_from_iter};
use testutils::World;

use super::{Bomb, Fault, How, Store, Zombie, go_wrong};
use crate::model::{Cell, Change, Code, Column, Database, Ddl, Event, Kind, Row, Table, Write};

pub(crate) struct Sqlite {
    path: PathBuf,
    bomb: Arc<Mutex<Bomb<WriteStep>>>,
    no_room: RefCell<bool>,
    stranger: RefCell<Connection>,
    zombie: RefCell<Connection>,
    saved: RefCell<Option<Connection>>,
}

/// Passes the target's steps on.
pub(super) struct TargetBomb(pub(super) Arc<Mutex<Bomb<WriteStep>>>);

impl Faults for TargetBomb {
    fn allow_step(&mut self, step: WriteStep) -> Result<(), String> {
        let how = self.0.lock().unwrap().pass(step);
        // The seam is behind a lock of its own, which a panic would poison for the writer that is dropped meanwhile.
        go_wrong(how)
    }
}

fn connect(path: &PathBuf) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.busy_timeout(Duration::from_millis(1000)).unwrap();
    connection.set_prepared_statement_cache_capacity(64);
    connection.pragma_update(None, "synchronous", "OFF").unwrap();
    connection
}

fn sql(cell: &Cell) -> Sql {
    match cell {
        Cell::Null => Sql::Null,
        Cell::Int(number) => Sql::Integer(*number),
        Cell::Real(bits) => Sql::Real(f64::from_bits(*bits)),
        Cell::Text(text) => Sql::Text(text.clone()),
    }
}

fn cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(number) => Cell::Int(number),
        ValueRef::Real(number) => Cell::Real(number.to_bits()),
        ValueRef::Text(text) => Cell::Text(String::from_utf8(text.to_vec()).unwrap()),
        ValueRef::Blob(bytes) => panic!("no cell of the model: {bytes:?}"),
    }
}

fn declared(column: &Column) -> String {
    let kind = match column.kind {
        Kind::Int => " INTEGER",
        Kind::Text => " TEXT",
        Kind::Real => " REAL",
        Kind::Any => "",
    };
    format!("{}{kind}{}", column.name, if column.required { " NOT NULL DEFAULT 'd'" } else { "" })
}

/// One table has a rowid for a key, one hides its rowid, one has none.
fn create(name: &str, columns: &[Column]) -> String {
    let key = if name == "t" { "id INTEGER PRIMARY KEY" } else { "id INT NOT NULL PRIMARY KEY" };
    let columns: String = columns.iter().map(|column| format!(", {}", declared(column))).collect();
    format!("CREATE TABLE {name} ({key}{columns}){}", if name == "w" { " WITHOUT ROWID" } else { "" })
}

fn insert(connection: &Connection, table: &str, row: &Row) {
    let names: Vec<&str> = row.keys().map(String::as_str).collect();
    let marks = vec!["?"; names.len()].join(", ");
    let text = format!("INSERT INTO {table} ({}) VALUES ({marks})", names.join(", "));
    let done = connection.prepare_cached(&text).unwrap().execute(params_from_iter(row.values().map(sql))).unwrap();
    assert_eq!(done, 1);
}

fn delete(connection: &Connection, table: &str, key: i64) {
    let text = format!("DELETE FROM {table} WHERE id = ?1");
    assert_eq!(connection.prepare_cached(&text).unwrap().execute([key]).unwrap(), 1);
}

fn carry_out(connection: &Connection, change: &Change) {
    if change.before.is_some() {
        delete(connection, &change.table, change.key);
    }
    if let Some(row) = &change.after {
        insert(connection, &change.table, row);
    }
}

fn trigger(table: &str, event: &Event) -> String {
    let what = match event {
        Event::Insert => "INSERT".to_owned(),
        Event::Delete => "DELETE".to_owned(),
        Event::Update(columns) if columns.is_empty() => "UPDATE".to_owned(),
        Event::Update(columns) => format!("UPDATE OF {}", columns.join(", ")),
    };
    format!("CREATE TRIGGER {table}_refuses BEFORE {what} ON {table} BEGIN SELECT RAISE(ABORT, 'refused'); END")
}

impl Sqlite {
    fn make(&self, name: &str, table: &Table) {
        let connection = self.stranger.borrow();
        connection.execute_batch(&create(name, &table.columns)).unwrap();
        table.rows.values().for_each(|row| insert(&connection, name, row));
    }

    fn copy(from: &Connection, to: &mut Connection) {
        let backup = rusqlite::backup::Backup::new(from, to).unwrap();
        backup.run_to_completion(1000, Duration::from_millis(1), None).unwrap();
    }

    fn table(connection: &Connection, name: &str) -> BTreeMap<i64, Row> {
        let mut statement = connection.prepare_cached(&format!("SELECT * FROM {name}")).unwrap();
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let mut found = statement.query([]).unwrap();
        let mut rows = BTreeMap::new();
        while let Some(row) = found.next().unwrap() {
            let cells = names.iter().enumerate().map(|(at, name)| (name.clone(), cell(row.get_ref(at).unwrap())));
            let cells: Row = cells.collect();
            rows.insert(crate::model::database::key_of(&cells), cells);
        }
        rows
    }
}

impl Store for Sqlite {
    fn new(world: &World, seed: u64, database: &Database) -> Self {
        let path = world.path("lab.db");
        let stranger = connect(&path);
        if seed.is_multiple_of(2) {
            stranger.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())).unwrap();
        }
        let made = Self {
            stranger: stranger.into(),
            zombie: connect(&path).into(),
            path,
            bomb: Arc::new(Mutex::new(Bomb::new(None))),
            no_room: false.into(),
            saved: None.into(),
        };
        database.tables.iter().for_each(|(name, table)| made.make(name, table));
        made
    }

    fn open(&self) -> Box<dyn Target> {
        let mut target = SqliteTarget::open(&self.path, BTreeMap::new()).unwrap();
        target.set_faults(Arc::new(Mutex::new(TargetBomb(self.bomb.clone()))));
        if self.no_room.take() {
            let pages = self.stranger.borrow().query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
            target.limit_pages(pages);
        }
        Box::new(target)
    }

    fn arm(&self, fault: Option<Fault>) {
        *self.bomb.lock().unwrap() = Bomb::new(fault);
        *self.no_room.borrow_mut() = fault.is_some_and(|fault| fault.how == How::NoRoom);
    }

    fn seen(&self) -> Vec<WriteStep> {
        self.bomb.lock().unwrap().seen.clone()
    }

    fn code(_: How) -> Code {
        "target_failed"
    }

    fn write(&self, write: &Write) {
        let connection = self.stranger.borrow();
        match write {
            Write::Insert { table, row } => insert(&connection, table, row),
            Write::Delete { table, key } => delete(&connection, table, *key),
            Write::Set { table, key, column, cell } => {
                let text = format!("UPDATE {table} SET {column} = ?1 WHERE id = ?2");
                let done = connection.prepare_cached(&text).unwrap().execute((sql(cell), key)).unwrap();
                assert_eq!(done, 1);
            }
        }
    }

    fn declare(&self, ddl: &Ddl, after: &Database) {
        let connection = self.stranger.borrow();
        connection.flush_prepared_statement_cache();
        let text = match ddl {
            Ddl::AddColumn { table, column } => format!("ALTER TABLE {table} ADD COLUMN {}", declared(column)),
            Ddl::DropColumn { table, column } => format!("ALTER TABLE {table} DROP COLUMN {column}"),
            Ddl::RenameColumn { table, from, to } => format!("ALTER TABLE {table} RENAME COLUMN {from} TO {to}"),
            Ddl::CreateTrigger { table, event } => trigger(table, event),
            Ddl::DropTrigger { table } => format!("DROP TRIGGER {table}_refuses"),
            Ddl::CreateUnique { table, column } => format!("CREATE UNIQUE INDEX {table}_unique ON {table} ({column})"),
            Ddl::DropUnique { table } => format!("DROP INDEX {table}_unique"),
            Ddl::DropTable { table } => format!("DROP TABLE {table}"),
            Ddl::CreateTable { table, .. } => {
                drop(connection);
                return self.make(table, &after.tables[table]);
            }
        };
        connection.execute_batch(&text).unwrap();
    }

    fn rows(&self) -> BTreeMap<String, BTreeMap<i64, Row>> {
        let connection = self.stranger.borrow();
        let listed = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'mfm\\_%' ESCAPE '\\'";
        let mut statement = connection.prepare_cached(listed).unwrap();
        let names: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        names.into_iter().map(|name| (name.clone(), Self::table(&connection, &name))).collect()
    }

    fn marks(&self) -> BTreeMap<(Digest, u64), bool> {
        let connection = self.stranger.borrow();
        let mut statement = connection.prepare_cached("SELECT journal_id, op, state FROM mfm_operation").unwrap();
        let row = |row: &rusqlite::Row<'_>| {
            let id: String = row.get(0)?;
            let state: String = row.get(2)?;
            Ok(((id.parse().unwrap(), row.get::<_, i64>(1)?.unsigned_abs()), state == "committed"))
        };
        statement.query_map([], row).unwrap().map(Result::unwrap).collect()
    }

    fn save(&self) {
        let mut saved = Connection::open_in_memory().unwrap();
        Self::copy(&self.stranger.borrow(), &mut saved);
        *self.saved.borrow_mut() = Some(saved);
    }

    fn restore(&self) {
        let mut stranger = self.stranger.borrow_mut();
        stranger.flush_prepared_statement_cache();
        Self::copy(self.saved.borrow().as_ref().unwrap(), &mut stranger);
    }

    const HOLDS: bool = true;

    fn hold(&self, zombie: Option<&Zombie<'_>>) -> Option<bool> {
        let connection = self.zombie.borrow();
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        let Some(zombie) = zombie else { return Some(false) };
        let text = "INSERT INTO mfm_operation (uid, journal_id, op, state, at) VALUES (?1, ?2, ?3, 'committed', 0)";
        let op = i64::try_from(zombie.op).unwrap();
        connection.execute(text, (zombie.uid.to_string(), zombie.journal_id.to_string(), op)).unwrap();
        connection.flush_prepared_statement_cache();
        // The dead process had switched off what it was allowed to.
        let triggers = rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER;
        connection.set_db_config(triggers, false).unwrap();
        zombie.changes.iter().filter(|change| change.writes()).for_each(|change| carry_out(&connection, change));
        Some(true)
    }

    fn release(&self, commit: bool) {
        self.zombie.borrow().execute_batch(if commit { "COMMIT" } else { "ROLLBACK" }).unwrap();
    }
}
