//! Tables of a simulated database: their declaration, their rows, and what the schema would refuse; holds no locks.

use std::collections::BTreeMap;
use std::sync::Arc;

use mfm_journal::{Decimal, TableShape, Value};

use crate::model::snapshot::key_form;
use crate::model::{Column, Datum, Key, KeyStanding, Kind, Refusal, Role, Storage, Table};
use crate::targets::trigger::Trigger;
use crate::targets::{NewTable, declared};

/// What a table's schema says beside its columns; changed with [`super::SimWorld::alter`].
#[derive(Clone, Debug, Default)]
pub struct SimOptions {
    /// Its enabled triggers. They refuse or are switched off; they have no effects of their own.
    pub triggers: Vec<Trigger>,
    /// Its unique indexes beside the key: name and columns.
    pub unique: Vec<(String, Vec<String>)>,
    /// Its CHECK constraints.
    pub checks: Vec<SimCheck>,
    /// Whether inserts use up numbers of a counter.
    pub identity: bool,
    /// What a row gets in columns that nobody gives; NULL where it is not here.
    pub defaults: BTreeMap<String, Value>,
}

/// A CHECK constraint.
#[derive(Clone, Debug)]
pub struct SimCheck {
    /// Its name.
    pub name: String,
    /// Whether a row meets it.
    pub holds: fn(&Table, &[Value]) -> bool,
}

/// A table with its rows, several of which may share an undeclared key.
#[derive(Clone, Debug)]
pub(super) struct SimTable {
    pub(super) table: Arc<Table>,
    pub(super) options: SimOptions,
    rows: BTreeMap<Key, Vec<Vec<Value>>>,
}

impl SimTable {
    /// Makes an empty table. The declared types `rowversion` and `computed` make columns that nobody can set.
    pub(super) fn new(new: &NewTable, undeclared: Option<&Vec<String>>) -> Self {
        let all = new.columns.iter().map(|(name, declared, nullable)| {
            let role = match Kind::parse(declared) {
                Kind::RowVersion => Role::RowVersion,
                _ if declared.eq_ignore_ascii_case("computed") => Role::Computed,
                _ => Role::Plain,
            };
            declared::build_column(name, declared, None, *nullable, Storage::Native, role)
        });
        let (columns, omitted): (Vec<Column>, Vec<Column>) = all.partition(|column| column.role == Role::Plain);
        let (key, standing) = match (&new.key, undeclared) {
            (Some(key), _) => (vec![key.clone()], KeyStanding::Declared("PRIMARY KEY".to_owned())),
            (None, Some(key)) => (key.clone(), KeyStanding::Undeclared),
            (None, None) => (Vec::new(), KeyStanding::Undeclared),
        };
        let shape = TableShape {
            name: new.name.clone(),
            key,
            columns: columns.iter().map(|column| column.image.clone()).collect(),
            omitted: omitted.iter().map(|column| column.image.name.clone()).collect(),
        };
        let table = Arc::new(Table { shape: Arc::new(shape), columns, omitted, key: standing });
        Self { table, options: SimOptions::default(), rows: BTreeMap::new() }
    }

    pub(super) fn name(&self) -> &str {
        &self.table.shape.name
    }

    /// Returns all rows, by key.
    pub(super) fn rows(&self) -> impl Iterator<Item = &Vec<Value>> {
        self.rows.values().flatten()
    }

    /// Returns the keys that rows have, with how many rows have each.
    pub(super) fn keys(&self) -> impl Iterator<Item = (&Key, usize)> {
        self.rows.iter().map(|(key, rows)| (key, rows.len()))
    }

    /// Returns the row of a key; a key that several rows share belongs to none.
    pub(super) fn find_row(&self, key: &[Value]) -> Result<Option<&Vec<Value>>, Refusal> {
        match self.rows.get(key).map(Vec::as_slice) {
            None | Some([]) => Ok(None),
            Some([row]) => Ok(Some(row)),
            Some(_) => Err(self.no_key("a key that is asked for stands in several rows")),
        }
    }

    pub(super) fn no_key(&self, why: &str) -> Refusal {
        Refusal::NoKey { table: self.name().to_owned(), why: why.to_owned() }
    }

    /// Adds a row as the schema lets it in.
    pub(super) fn insert_row(&mut self, row: Vec<Value>) -> Result<(), Refusal> {
        let row = self.normalize_row(row)?;
        let key = self.table.key_of(&row)?;
        if matches!(self.table.key, KeyStanding::Declared(_)) && self.rows.contains_key(&key) {
            return Err(self.constraint_refusal(format!(
                "the primary key holds {} already",
                crate::model::refusal::render_key(&key)
            )));
        }
        self.check_unique(&row, &key)?;
        self.rows.entry(key).or_default().push(row);
        Ok(())
    }

    /// Sets cells of the rows of a key, and returns how many there were.
    pub(super) fn update_rows(&mut self, key: &[Value], set: &[(usize, Value)]) -> Result<u64, Refusal> {
        let old = self.rows.get(key).cloned().unwrap_or_default();
        let mut new = Vec::with_capacity(old.len());
        for mut row in old {
            for (at, value) in set {
                let width = Refusal::MissingColumn { table: self.name().to_owned(), column: at.to_string() };
                *row.get_mut(*at).ok_or(width)? = value.clone();
            }
            let row = self.normalize_row(row)?;
            self.check_unique(&row, key)?;
            new.push(row);
        }
        self.remove_rows(key);
        let count = new.len() as u64;
        new.into_iter().try_for_each(|row| self.insert_row(row))?;
        Ok(count)
    }

    /// Removes the rows of a key, and returns how many there were.
    pub(super) fn remove_rows(&mut self, key: &[Value]) -> u64 {
        self.rows.remove(key).map_or(0, |rows| rows.len() as u64)
    }

    /// Returns a row as the schema would hold it.
    pub(super) fn normalize_row(&self, row: Vec<Value>) -> Result<Vec<Value>, Refusal> {
        if row.len() != self.table.columns.len() {
            return Err(self.constraint_refusal(format!("a row has {} values", row.len())));
        }
        let cells = self.table.columns.iter().zip(row);
        let held: Vec<Value> = cells
            .map(|(column, value)| column.store_datum(self.name(), &datum_from_value(column, value)))
            .collect::<Result<_, _>>()?;
        let broken = self.options.checks.iter().find(|check| !(check.holds)(&self.table, &held));
        broken.map_or(Ok(held), |check| Err(self.constraint_refusal(format!("CHECK {} fails", check.name))))
    }

    /// Checks that no row but that of the key holds the same in a unique index, in which NULL meets nothing.
    fn check_unique(&self, row: &[Value], own: &[Value]) -> Result<(), Refusal> {
        for (index, columns) in &self.options.unique {
            let places = columns.iter().map(|name| self.table.column(name).map(|(at, _)| at));
            let places = places.collect::<Result<Vec<_>, _>>()?;
            let cell = |row: &[Value], at: &usize| row.get(*at).map(key_form).filter(|cell| !cell.is_null());
            let meets = |other: &Vec<Value>| {
                places.iter().all(|at| cell(row, at).is_some_and(|found| Some(found) == cell(other, at)))
            };
            if self.rows.iter().any(|(key, rows)| key.as_slice() != own && rows.iter().any(meets)) {
                return Err(Refusal::UniqueIndex { table: self.name().to_owned(), index: index.clone() });
            }
        }
        Ok(())
    }

    fn constraint_refusal(&self, why: String) -> Refusal {
        Refusal::Constraint { table: self.name().to_owned(), why }
    }
}

/// Returns what a value asks for in a column.
fn datum_from_value(column: &Column, value: Value) -> Datum {
    match value {
        Value::Null => Datum::Null,
        other if column.kind == Kind::Other => Datum::Raw(other),
        Value::Integer(number) => Datum::Integer(number),
        Value::Decimal(number) => Datum::Decimal(number),
        Value::Real(number) if column.kind != Kind::Float => {
            Decimal::from_f64(number).map_or(Datum::Raw(value), Datum::Decimal)
        }
        Value::Text(text) if column.kind != Kind::DateTime => Datum::Text(text),
        Value::Bytes(bytes) => Datum::Bytes(bytes),
        other => Datum::Raw(other),
    }
}
