//! The model's database: tables of rows that are plain maps, what somebody else does to them, and what refuses.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A cell. Reals are kept by their bits, so that equal means the same in every bit.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cell {
    Null,
    Int(i64),
    Real(u64),
    Text(String),
}

/// A row, cell by column name, the key included.
pub(crate) type Row = BTreeMap<String, Cell>;

/// The names of a table's columns.
pub(crate) type Shape = BTreeSet<String>;

/// A row's place.
pub(crate) type Place = (String, i64);

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Int,
    Text,
    Real,
    Any,
}

/// A column beside the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// NOT NULL.
    pub(crate) required: bool,
}

/// What wakes a trigger, which then refuses the statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Insert,
    Delete,
    /// Of these columns; of any, where none is named.
    Update(Vec<String>),
}

/// A table, its key `id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: BTreeMap<i64, Row>,
    pub(crate) trigger: Option<Event>,
    /// The one column of the unique index.
    pub(crate) unique: Option<String>,
    /// Changes with the columns.
    pub(crate) declared: u64,
    /// Changes with everything that is declared.
    pub(crate) facts: u64,
}

/// What is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Database {
    pub(crate) tables: BTreeMap<String, Table>,
    /// Committed (true) or abandoned, by journal and number.
    pub(crate) marks: BTreeMap<(usize, u64), bool>,
    pub(crate) declarations: u64,
    /// Whether it is as SQL Server is.
    pub(crate) server: bool,
}

/// One row's change; the row stays as it is where both sides are equal.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) table: String,
    pub(crate) key: i64,
    /// The columns that there were.
    pub(crate) shape: Shape,
    pub(crate) before: Option<Row>,
    pub(crate) after: Option<Row>,
}

/// What somebody else writes.
#[derive(Clone, Debug)]
pub(crate) enum Write {
    Insert { table: String, row: Row },
    Set { table: String, key: i64, column: String, cell: Cell },
    Delete { table: String, key: i64 },
}

/// What somebody else declares.
#[derive(Clone, Debug)]
pub(crate) enum Ddl {
    AddColumn { table: String, column: Column },
    DropColumn { table: String, column: String },
    RenameColumn { table: String, from: String, to: String },
    CreateTrigger { table: String, event: Event },
    DropTrigger { table: String },
    CreateUnique { table: String, column: String },
    DropUnique { table: String },
    DropTable { table: String },
    CreateTable { table: String, columns: Vec<Column>, rows: Vec<Row> },
}

impl fmt::Debug for Cell {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => out.write_str("-"),
            Self::Int(number) => write!(out, "{number}"),
            Self::Real(bits) => write!(out, "{:?}", f64::from_bits(*bits)),
            Self::Text(text) => write!(out, "{text:?}"),
        }
    }
}

impl fmt::Debug for Change {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = |row: &Option<Row>| row.as_ref().map_or_else(|| "none".to_owned(), |row| format!("{row:?}"));
        write!(out, "{} {}: {} -> {}", self.table, self.key, row(&self.before), row(&self.after))
    }
}

impl Ddl {
    pub(crate) fn table(&self) -> &str {
        match self {
            Self::AddColumn { table, .. }
            | Self::DropColumn { table, .. }
            | Self::RenameColumn { table, .. }
            | Self::CreateTrigger { table, .. }
            | Self::DropTrigger { table }
            | Self::CreateUnique { table, .. }
            | Self::DropUnique { table }
            | Self::DropTable { table }
            | Self::CreateTable { table, .. } => table,
        }
    }
}

impl Change {
    pub(crate) fn place(&self) -> Place {
        (self.table.clone(), self.key)
    }

    pub(crate) fn writes(&self) -> bool {
        self.before != self.after
    }

    /// The columns that an update sets; `None` for a row that comes or goes.
    pub(crate) fn sets(&self) -> Option<BTreeSet<String>> {
        let (before, after) = (self.before.as_ref()?, self.after.as_ref()?);
        Some(
            after.iter().filter(|(name, cell)| before.get(*name) != Some(cell)).map(|(name, _)| name.clone()).collect(),
        )
    }
}

/// Tells whether two sets of columns meet; `None` is the whole row.
pub(crate) fn meet(one: Option<&BTreeSet<String>>, other: Option<&BTreeSet<String>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.intersection(other).next().is_some(),
        _ => true,
    }
}

impl Table {
    pub(crate) fn new(columns: Vec<Column>) -> Self {
        Self { columns, rows: BTreeMap::new(), trigger: None, unique: None, declared: 0, facts: 0 }
    }

    pub(crate) fn shape(&self) -> Shape {
        std::iter::once("id".to_owned()).chain(self.columns.iter().map(|column| column.name.clone())).collect()
    }

    pub(crate) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Tells whether a NOT NULL column would be NULL.
    pub(crate) fn lacks(&self, row: &Row) -> bool {
        self.columns
            .iter()
            .any(|column| column.required && row.get(&column.name).is_none_or(|cell| *cell == Cell::Null))
    }

    /// Tells whether another row holds the unique column's cell.
    pub(crate) fn taken(&self, key: i64, row: &Row, server: bool) -> bool {
        let Some(entry) = self.entry(row, server) else { return false };
        self.rows.iter().any(|(other, row)| *other != key && self.entry(row, server).as_ref() == Some(&entry))
    }

    /// What a row puts into the unique index. SQL Server has NULL there once, and does not see blanks at an end.
    pub(crate) fn entry(&self, row: &Row, server: bool) -> Option<Cell> {
        match row.get(self.unique.as_ref()?)? {
            Cell::Null if !server => None,
            Cell::Text(text) if server => Some(Cell::Text(text.trim_end_matches(' ').to_owned())),
            cell => Some(cell.clone()),
        }
    }

    /// Tells whether the trigger refuses a statement of somebody else's.
    fn fires(&self, write: &Write) -> bool {
        match (&self.trigger, write) {
            (Some(Event::Insert), Write::Insert { .. }) | (Some(Event::Delete), Write::Delete { .. }) => true,
            (Some(Event::Update(columns)), Write::Set { column, .. }) => columns.is_empty() || columns.contains(column),
            _ => false,
        }
    }
}

impl Database {
    pub(crate) fn row(&self, table: &str, key: i64) -> Option<&Row> {
        self.tables.get(table)?.rows.get(&key)
    }

    pub(crate) fn put(&mut self, table: &str, key: i64, row: Option<Row>) {
        let table = self.tables.get_mut(table).unwrap();
        match row {
            Some(row) => drop(table.rows.insert(key, row)),
            None => drop(table.rows.remove(&key)),
        }
    }

    pub(crate) fn carry_out(&mut self, changes: &[Change]) {
        for change in changes.iter().filter(|change| change.writes()) {
            self.put(&change.table, change.key, change.after.clone());
        }
    }

    /// Writes as somebody else would; `false` where the schema does not take it, and nothing changes.
    pub(crate) fn write(&mut self, write: &Write) -> bool {
        let (Write::Insert { table: name, .. } | Write::Set { table: name, .. } | Write::Delete { table: name, .. }) =
            write;
        let server = self.server;
        let Some(table) = self.tables.get_mut(name) else { return false };
        let (key, row) = match write {
            Write::Insert { row, .. } => {
                let Some(Cell::Int(key)) = row.get("id") else { return false };
                if table.rows.contains_key(key) {
                    return false;
                }
                (*key, Some(row.clone()))
            }
            Write::Set { key, column, cell, .. } => {
                let Some(mut row) = table.rows.get(key).cloned() else { return false };
                let Some(old) = row.get_mut(column) else { return false };
                *old = cell.clone();
                (*key, Some(row))
            }
            Write::Delete { key, .. } => (*key, None),
        };
        if !table.rows.contains_key(&key) && row.is_none() {
            return false;
        }
        let fits = row.as_ref().is_none_or(|row| {
            !table.lacks(row)
                && !table.taken(key, row, server)
                && row.keys().cloned().collect::<Shape>() == table.shape()
        });
        let done = fits && !table.fires(write);
        if done {
            self.put(name, key, row);
        }
        done
    }

    /// Declares as somebody else would; `false` where it cannot be, and nothing changes.
    pub(crate) fn declare(&mut self, ddl: &Ddl) -> bool {
        self.declarations += 1;
        let serial = self.declarations;
        if let Ddl::CreateTable { table, columns, rows } = ddl {
            if self.tables.contains_key(table) {
                return false;
            }
            let mut made = Table { declared: serial, facts: serial, ..Table::new(columns.clone()) };
            made.rows = rows.iter().map(|row| (key_of(row), row.clone())).collect();
            self.tables.insert(table.clone(), made);
            return true;
        }
        let Some(table) = self.tables.get_mut(ddl.table()) else { return false };
        if matches!(ddl, Ddl::DropTable { .. }) {
            self.tables.remove(ddl.table());
            return true;
        }
        let done = alter(table, ddl, self.server);
        if done {
            table.facts = serial;
            if matches!(ddl, Ddl::AddColumn { .. } | Ddl::DropColumn { .. } | Ddl::RenameColumn { .. }) {
                table.declared = serial;
            }
        }
        done
    }
}

pub(crate) fn key_of(row: &Row) -> i64 {
    match row.get("id") {
        Some(Cell::Int(key)) => *key,
        other => panic!("a row whose id is {other:?}"),
    }
}

fn alter(table: &mut Table, ddl: &Ddl, server: bool) -> bool {
    match ddl {
        Ddl::AddColumn { column, .. } => {
            if table.column(&column.name).is_some() {
                return false;
            }
            let cell = if column.required { Cell::Text("d".into()) } else { Cell::Null };
            table.rows.values_mut().for_each(|row| drop(row.insert(column.name.clone(), cell.clone())));
            table.columns.push(column.clone());
        }
        Ddl::DropColumn { column, .. } => {
            if bound(table, column) || table.column(column).is_none() || table.columns.len() < 2 {
                return false;
            }
            table.columns.retain(|one| one.name != *column);
            table.rows.values_mut().for_each(|row| drop(row.remove(column)));
        }
        Ddl::RenameColumn { from, to, .. } => {
            if bound(table, from) || table.column(to).is_some() {
                return false;
            }
            let Some(column) = table.columns.iter_mut().find(|one| one.name == *from) else { return false };
            column.name.clone_from(to);
            for row in table.rows.values_mut() {
                let cell = row.remove(from).unwrap();
                row.insert(to.clone(), cell);
            }
        }
        Ddl::CreateTrigger { event, .. } => {
            let known = |event: &Event| match event {
                Event::Update(columns) => columns.iter().all(|name| table.column(name).is_some()),
                _ => true,
            };
            if table.trigger.is_some() || !known(event) {
                return false;
            }
            table.trigger = Some(event.clone());
        }
        Ddl::DropTrigger { .. } => return table.trigger.take().is_some(),
        Ddl::CreateUnique { column, .. } => {
            if table.unique.is_some() || table.column(column).is_none_or(|column| column.kind == Kind::Any) {
                return false;
            }
            table.unique = Some(column.clone());
            let entries: Vec<Cell> = table.rows.values().filter_map(|row| table.entry(row, server)).collect();
            if entries.iter().collect::<BTreeSet<_>>().len() < entries.len() {
                table.unique = None;
                return false;
            }
        }
        Ddl::DropUnique { .. } => return table.unique.take().is_some(),
        Ddl::DropTable { .. } | Ddl::CreateTable { .. } => return false,
    }
    true
}

/// Tells whether an index or a trigger names a column.
fn bound(table: &Table, column: &str) -> bool {
    let woken = matches!(&table.trigger, Some(Event::Update(columns)) if columns.iter().any(|name| name == column));
    woken || table.unique.as_deref() == Some(column)
}
