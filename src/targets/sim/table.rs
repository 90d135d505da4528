//! Tables of a simulated database: their declaration, their rows, and what the schema refuses.

use std::collections::BTreeMap;
use std::sync::Arc;

use mfm_journal::{Decimal, TableShape, Value};

use crate::model::snapshot::key_form;
use crate::model::{Column, Datum, Key, KeyStanding, Kind, NameIndex, Refusal, Role, Storage, Table};
use crate::targets::trigger::Trigger;
use crate::targets::{NewTable, declared};

/// What a table declares apart from its columns. [`super::SimWorld::alter_table`] changes it.
#[derive(Clone, Debug, Default)]
pub struct SimOptions {
    /// Its enabled triggers. A preflight refuses them or switches them off; they have no effects of their own.
    pub triggers: Vec<Trigger>,
    /// Its unique indexes apart from the key: name and columns.
    pub unique: Vec<(String, Vec<String>)>,
    /// Its CHECK constraints.
    pub checks: Vec<SimCheck>,
    /// Whether inserts advance an identity counter.
    pub identity: bool,
    /// The defaults by column; a column without one gets NULL.
    pub defaults: BTreeMap<String, Value>,
}

/// A CHECK constraint.
#[derive(Clone, Debug)]
pub struct SimCheck {
    /// Its name.
    pub name: String,
    /// Returns whether a row satisfies the constraint.
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
    /// Creates an empty table. The declared types `rowversion` and `computed` make columns that cannot be set.
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
        let table =
            Arc::new(Table { shape: Arc::new(shape), columns, omitted, key: standing, names: NameIndex::default() });
        Self { table, options: SimOptions::default(), rows: BTreeMap::new() }
    }

    pub(super) fn name(&self) -> &str {
        &self.table.shape.name
    }

    /// Returns all rows, by key.
    pub(super) fn rows(&self) -> impl Iterator<Item = &Vec<Value>> {
        self.rows.values().flatten()
    }

    /// Returns the distinct keys, ascending, with the number of rows that have each.
    pub(super) fn keys(&self) -> impl Iterator<Item = (&Key, usize)> {
        self.rows.iter().map(|(key, rows)| (key, rows.len()))
    }

    /// Finds the row with a key, refusing a key that several rows share.
    pub(super) fn find_row(&self, key: &[Value]) -> Result<Option<&Vec<Value>>, Refusal> {
        match self.rows.get(key).map(Vec::as_slice) {
            None | Some([]) => Ok(None),
            Some([row]) => Ok(Some(row)),
            Some(_) => Err(self.no_key("a requested key occurs in several rows")),
        }
    }

    pub(super) fn no_key(&self, why: &str) -> Refusal {
        Refusal::NoKey { table: self.name().to_owned(), why: why.to_owned() }
    }

    /// Inserts a row, refusing what the schema does not accept.
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

    /// Sets cells of all rows with a key, and returns how many rows there were.
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
        // Removed first, because an insert refuses a key that exists.
        self.remove_rows(key);
        let count = new.len() as u64;
        new.into_iter().try_for_each(|row| self.insert_row(row))?;
        Ok(count)
    }

    /// Deletes all rows with a key, and returns how many there were.
    pub(super) fn remove_rows(&mut self, key: &[Value]) -> u64 {
        self.rows.remove(key).map_or(0, |rows| rows.len() as u64)
    }

    /// Returns a row as the table would hold it, refusing what breaks a type or a CHECK constraint.
    pub(super) fn normalize_row(&self, row: Vec<Value>) -> Result<Vec<Value>, Refusal> {
        if row.len() != self.table.columns.len() {
            return Err(self.constraint_refusal(format!("a row has {} values", row.len())));
        }
        let mut stored = Vec::with_capacity(row.len());
        for (column, value) in self.table.columns.iter().zip(row) {
            stored.push(column.store_datum(self.name(), &datum_from_value(column, value))?);
        }
        match self.options.checks.iter().find(|check| !(check.holds)(&self.table, &stored)) {
            Some(check) => Err(self.constraint_refusal(format!("CHECK {} fails", check.name))),
            None => Ok(stored),
        }
    }

    /// Checks that no row with another key than `own` has the same values in a unique index.
    fn check_unique(&self, row: &[Value], own: &[Value]) -> Result<(), Refusal> {
        for (index, columns) in &self.options.unique {
            let positions = columns.iter().map(|name| self.table.column(name).map(|(at, _)| at));
            let positions = positions.collect::<Result<Vec<_>, _>>()?;
            let mut others = self.rows.iter().filter(|(key, _)| key.as_slice() != own).flat_map(|(_, rows)| rows);
            if others.any(|other| collides(row, other, &positions)) {
                return Err(Refusal::UniqueIndex { table: self.name().to_owned(), index: index.clone() });
            }
        }
        Ok(())
    }

    fn constraint_refusal(&self, why: String) -> Refusal {
        Refusal::Constraint { table: self.name().to_owned(), why }
    }
}

/// Returns whether two rows have equal values at all these positions; NULL equals nothing.
fn collides(row: &[Value], other: &[Value], positions: &[usize]) -> bool {
    positions.iter().all(|at| match (row.get(*at), other.get(*at)) {
        (Some(cell), Some(other)) => !cell.is_null() && key_form(cell) == key_form(other),
        _ => false,
    })
}

/// Returns the input that makes a column store this value, as a caller would give it.
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
