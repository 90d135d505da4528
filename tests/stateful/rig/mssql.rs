//! A database on a live server as a rig's target, with plain connections of somebody else's beside mfm's own.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use mfm::targets::Target;
use mfm::targets::faults::WriteStep;
use mfm::targets::mssql::MssqlTarget;
use mfm_journal::Digest;
use testutils::World;
use tiberius::ColumnData;

use super::sqlite::TargetBomb;
use super::{Bomb, Fault, How, Store, Zombie};
use crate::model::database::key_of;
use crate::model::{Cell, Change, Code, Column, Database, Ddl, Event, Kind, Row, Table, Write};
use crate::server::{Database as Place, Session, password};

/// What a dead process's transaction is carried on as: the triggers let it be, as they would let a process that had
/// switched them off.
const ZOMBIE: &str = "mfm tests, dead";

/// A copy: the tables, and what mfm wrote of its operations.
struct Copy {
    tables: BTreeMap<String, Table>,
    marks: Vec<Vec<ColumnData<'static>>>,
}

pub(crate) struct Mssql {
    bomb: Arc<Mutex<Bomb<WriteStep>>>,
    /// What is declared; the rows in it are not kept up.
    declared: RefCell<BTreeMap<String, Table>>,
    saved: RefCell<Option<Copy>>,
    stranger: RefCell<Session>,
    zombie: RefCell<Option<Session>>,
    place: Place,
}

/// The parameters of cells, and the words that stand for them in a statement.
fn parameters<'c>(cells: impl Iterator<Item = &'c Cell>) -> (Vec<ColumnData<'static>>, Vec<String>) {
    let (mut parameters, mut words) = (Vec::new(), Vec::new());
    for cell in cells {
        parameters.push(match cell {
            // A NULL among the parameters would need a type.
            Cell::Null => {
                words.push("NULL".to_owned());
                continue;
            }
            Cell::Int(number) => ColumnData::I64(Some(*number)),
            Cell::Real(bits) => ColumnData::F64(Some(f64::from_bits(*bits))),
            Cell::Text(text) => ColumnData::String(Some(text.clone().into())),
        });
        words.push(format!("@P{}", parameters.len()));
    }
    (parameters, words)
}

fn cell(data: &ColumnData<'static>) -> Cell {
    match data {
        ColumnData::I32(Some(number)) => Cell::Int(i64::from(*number)),
        ColumnData::F64(Some(number)) => Cell::Real(number.to_bits()),
        ColumnData::String(Some(text)) => Cell::Text(text.to_string()),
        ColumnData::I32(None) | ColumnData::F64(None) | ColumnData::String(None) => Cell::Null,
        other => panic!("no cell of the model: {other:?}"),
    }
}

fn declared(column: &Column) -> String {
    let kind = match column.kind {
        Kind::Int => "int",
        Kind::Real => "float",
        Kind::Text => "nvarchar(40) COLLATE Latin1_General_BIN2",
        Kind::Any => panic!("a server's column has a type"),
    };
    format!("{} {kind} {}", column.name, if column.required { "NOT NULL DEFAULT N'd'" } else { "NULL" })
}

fn trigger(table: &str, event: &Event) -> String {
    let what = match event {
        Event::Insert => "INSERT",
        Event::Delete => "DELETE",
        Event::Update(_) => "UPDATE",
    };
    format!(
        "CREATE TRIGGER {table}_refuses ON {table} AFTER {what} AS IF APP_NAME() <> N'{ZOMBIE}' \
         THROW 50000, N'refused', 1"
    )
}

fn insert(session: &mut Session, table: &str, row: &Row) {
    let names: Vec<&str> = row.keys().map(String::as_str).collect();
    let (parameters, words) = parameters(row.values());
    let text = format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), words.join(", "));
    assert_eq!(session.execute(&text, parameters), 1);
}

fn delete(session: &mut Session, table: &str, key: i64) {
    let text = format!("DELETE FROM {table} WHERE id = @P1");
    assert_eq!(session.execute(&text, vec![ColumnData::I64(Some(key))]), 1);
}

fn set(session: &mut Session, table: &str, key: i64, column: &str, value: &Cell) {
    let (parameters, words) = parameters(std::iter::once(value));
    let text = format!("UPDATE {table} SET {column} = {} WHERE id = {key}", words.join(""));
    assert_eq!(session.execute(&text, parameters), 1);
}

fn carry_out(session: &mut Session, change: &Change) {
    match (change.sets(), &change.after) {
        (Some(columns), Some(after)) => {
            columns.iter().for_each(|column| set(session, &change.table, change.key, column, &after[column]));
        }
        (_, Some(after)) => insert(session, &change.table, after),
        (_, None) => delete(session, &change.table, change.key),
    }
}

fn names(table: &Table) -> Vec<&str> {
    std::iter::once("id").chain(table.columns.iter().map(|column| column.name.as_str())).collect()
}

impl Mssql {
    fn make(&self, name: &str, table: &Table) {
        let columns: String = table.columns.iter().map(|column| format!(", {}", declared(column))).collect();
        let mut stranger = self.stranger.borrow_mut();
        stranger.run(&format!("CREATE TABLE {name} (id int NOT NULL PRIMARY KEY{columns})"));
        table.rows.values().for_each(|row| insert(&mut stranger, name, row));
        if let Some(column) = &table.unique {
            stranger.run(&format!("CREATE UNIQUE INDEX {name}_unique ON {name} ({column})"));
        }
        if let Some(event) = &table.trigger {
            stranger.run(&trigger(name, event));
        }
        self.declared.borrow_mut().insert(name.to_owned(), table.clone());
    }

    /// Removes a column, and a default that SQL Server made a constraint of.
    fn drop_column(session: &mut Session, table: &str, column: &str) {
        let drop = format!("ALTER TABLE {table} DROP COLUMN {column}");
        if session.attempt(&drop).is_ok() {
            return;
        }
        let found = session.rows(&format!(
            "SELECT CONVERT(nvarchar(256), d.name) FROM sys.default_constraints AS d JOIN sys.columns AS c \
             ON c.object_id = d.parent_object_id AND c.column_id = d.parent_column_id \
             WHERE c.object_id = OBJECT_ID(N'{table}') AND c.name = N'{column}'"
        ));
        for row in found {
            let Some(ColumnData::String(Some(name))) = row.first() else { panic!("{row:?}") };
            session.run(&format!("ALTER TABLE {table} DROP CONSTRAINT [{name}]"));
        }
        session.run(&drop);
    }
}

impl Store for Mssql {
    fn new(_: &World, _: u64, database: &Database) -> Self {
        let place = Place::new();
        let made = Self {
            bomb: Arc::new(Mutex::new(Bomb::new(None))),
            declared: RefCell::default(),
            saved: None.into(),
            stranger: place.connect().into(),
            zombie: None.into(),
            place,
        };
        database.tables.iter().for_each(|(name, table)| made.make(name, table));
        made
    }

    fn open(&self) -> Box<dyn Target> {
        let mut target = MssqlTarget::open(&self.place.url(), BTreeMap::new(), &password()).unwrap();
        target.set_faults(Arc::new(Mutex::new(TargetBomb(self.bomb.clone()))));
        Box::new(target)
    }

    fn arm(&self, fault: Option<Fault>) {
        // A server's disk is not filled here: it is an error like any other.
        let fault = fault.map(|fault| match fault.how {
            How::NoRoom => Fault { how: How::Error, ..fault },
            _ => fault,
        });
        *self.bomb.lock().unwrap() = Bomb::new(fault);
    }

    fn seen(&self) -> Vec<WriteStep> {
        self.bomb.lock().unwrap().seen.clone()
    }

    fn code(_: How) -> Code {
        "target_failed"
    }

    fn write(&self, write: &Write) {
        let mut stranger = self.stranger.borrow_mut();
        match write {
            Write::Insert { table, row } => insert(&mut stranger, table, row),
            Write::Delete { table, key } => delete(&mut stranger, table, *key),
            Write::Set { table, key, column, cell } => set(&mut stranger, table, *key, column, cell),
        }
    }

    fn declare(&self, ddl: &Ddl, after: &Database) {
        let name = ddl.table();
        let text = match ddl {
            Ddl::CreateTable { table, .. } => return self.make(table, &after.tables[table]),
            Ddl::DropColumn { table, column } => {
                Self::drop_column(&mut self.stranger.borrow_mut(), table, column);
                String::new()
            }
            Ddl::AddColumn { table, column } => format!("ALTER TABLE {table} ADD {}", declared(column)),
            Ddl::RenameColumn { table, from, to } => format!("EXEC sp_rename '{table}.{from}', '{to}', 'COLUMN'"),
            Ddl::CreateTrigger { table, event } => trigger(table, event),
            Ddl::DropTrigger { table } => format!("DROP TRIGGER {table}_refuses"),
            Ddl::CreateUnique { table, column } => format!("CREATE UNIQUE INDEX {table}_unique ON {table} ({column})"),
            Ddl::DropUnique { table } => format!("DROP INDEX {table}_unique ON {table}"),
            Ddl::DropTable { table } => format!("DROP TABLE {table}"),
        };
        if !text.is_empty() {
            self.stranger.borrow_mut().run(&text);
        }
        let mut declared = self.declared.borrow_mut();
        match after.tables.get(name) {
            Some(table) => drop(declared.insert(name.to_owned(), table.clone())),
            None => drop(declared.remove(name)),
        }
    }

    fn rows(&self) -> BTreeMap<String, BTreeMap<i64, Row>> {
        let declared = self.declared.borrow();
        let asked: Vec<String> =
            declared.iter().map(|(name, table)| format!("SELECT {} FROM {name}", names(table).join(", "))).collect();
        if asked.is_empty() {
            return BTreeMap::new();
        }
        let answers = self.stranger.borrow_mut().answers(&asked.join("; "));
        assert_eq!(answers.len(), asked.len());
        let rows = |(table, found): (&Table, Vec<Vec<ColumnData<'static>>>)| {
            let row = |cells: &Vec<ColumnData<'static>>| -> Row {
                names(table).into_iter().map(str::to_owned).zip(cells.iter().map(cell)).collect()
            };
            found.iter().map(row).map(|row| (key_of(&row), row)).collect()
        };
        declared.iter().zip(answers).map(|((name, table), found)| (name.clone(), rows((table, found)))).collect()
    }

    fn marks(&self) -> BTreeMap<(Digest, u64), bool> {
        let found = self.stranger.borrow_mut().rows("SELECT journal_id, op, state FROM dbo.mfm_operation");
        let mark = |row: &Vec<ColumnData<'static>>| match row.as_slice() {
            [ColumnData::String(Some(id)), ColumnData::I64(Some(op)), ColumnData::String(Some(state))] => {
                ((id.parse().unwrap(), op.unsigned_abs()), state == "committed")
            }
            other => panic!("{other:?}"),
        };
        found.iter().map(mark).collect()
    }

    fn save(&self) {
        let mut tables = self.declared.borrow().clone();
        let rows = self.rows();
        tables.iter_mut().for_each(|(name, table)| table.rows.clone_from(&rows[name]));
        let sql = "SELECT uid, journal_id, op, state, at_us FROM dbo.mfm_operation";
        let marks = self.stranger.borrow_mut().rows(sql);
        *self.saved.borrow_mut() = Some(Copy { tables, marks });
    }

    fn restore(&self) {
        let saved = self.saved.borrow();
        let saved = saved.as_ref().unwrap();
        let there: Vec<String> = std::mem::take(&mut *self.declared.borrow_mut()).into_keys().collect();
        there.iter().for_each(|name| self.stranger.borrow_mut().run(&format!("DROP TABLE {name}")));
        saved.tables.iter().for_each(|(name, table)| self.make(name, table));
        let mut stranger = self.stranger.borrow_mut();
        stranger.run("DELETE FROM dbo.mfm_operation");
        for row in &saved.marks {
            let text =
                "INSERT INTO dbo.mfm_operation (uid, journal_id, op, state, at_us) VALUES (@P1, @P2, @P3, @P4, @P5)";
            assert_eq!(stranger.execute(text, row.clone()), 1);
        }
    }

    /// Rows and uids are locked one by one there, and no transaction of a stranger's keeps everybody out.
    const HOLDS: bool = false;
    const SERVER: bool = true;
    const WAIT_MS: u64 = 300;

    fn died(&self) {
        self.place.settled(&mut self.stranger.borrow_mut(), 0);
    }

    fn hold(&self, zombie: Option<&Zombie<'_>>) -> Option<bool> {
        let zombie = zombie?;
        let mut session = self.place.connect_as(ZOMBIE);
        session.run("BEGIN TRANSACTION");
        let text = "INSERT INTO dbo.mfm_operation (uid, journal_id, op, state, at_us) \
                    VALUES (@P1, @P2, @P3, 'committed', 0)";
        let word = |digest: &Digest| ColumnData::String(Some(digest.to_string().into()));
        let op = ColumnData::I64(Some(i64::try_from(zombie.op).unwrap()));
        session.execute(text, vec![word(&zombie.uid), word(&zombie.journal_id), op]);
        zombie.changes.iter().filter(|change| change.writes()).for_each(|change| carry_out(&mut session, change));
        *self.zombie.borrow_mut() = Some(session);
        Some(true)
    }

    fn release(&self, commit: bool) {
        let mut session = self.zombie.borrow_mut().take().unwrap();
        session.run(if commit { "COMMIT" } else { "ROLLBACK" });
    }
}
