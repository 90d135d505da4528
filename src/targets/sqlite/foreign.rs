//! The foreign keys that SQLite declares: reading them, finding out what is wrong with them, looking rows up by them.

use std::collections::BTreeMap;
use std::sync::Arc;

use mfm_journal::Value;
use rusqlite::Connection;

use super::catalogue::{self, Catalogue};
use super::key;
use super::open::FileLocation;
use super::sql;
use super::value::bind_values;
use crate::model::Table;
use crate::targets::foreign::ForeignKey;
use crate::targets::references::{self, ForeignKeyLookup};
use crate::targets::{RowMovement, SparedKeys, TargetError};

/// A row of `foreign_key_list`: child, number, from, parent, to, on delete.
type ForeignKeyRow = (String, i64, String, String, Option<String>, String);

/// Reads the foreign keys that a table declares.
pub(super) fn read_declared_keys(
    connection: &Connection,
    place: &FileLocation,
    table: &str,
) -> Result<Vec<ForeignKey>, TargetError> {
    read_foreign_keys(connection, place, sql::PARENTS, table)
}

/// Reads the foreign keys that tables, this one included, declare on a table.
pub(super) fn read_referring_keys(
    connection: &Connection,
    place: &FileLocation,
    table: &str,
) -> Result<Vec<ForeignKey>, TargetError> {
    read_foreign_keys(connection, place, sql::CHILDREN, table)
}

fn read_foreign_keys(
    connection: &Connection,
    place: &FileLocation,
    text: &str,
    table: &str,
) -> Result<Vec<ForeignKey>, TargetError> {
    let failed = place.explainer("read the foreign keys");
    let mut statement = connection.prepare_cached(text).map_err(&failed)?;
    let parts = statement
        .query_map([table], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(6)?)))
        .and_then(Iterator::collect::<Result<Vec<ForeignKeyRow>, _>>)
        .map_err(&failed)?;
    let mut keys: BTreeMap<(String, i64), ForeignKey> = BTreeMap::new();
    for (child, number, from, parent, to, on_delete) in parts {
        let key = keys.entry((child.clone(), number)).or_insert_with(|| ForeignKey {
            child,
            child_columns: Vec::new(),
            parent,
            parent_columns: Vec::new(),
            // RESTRICT and NO ACTION refuse the delete.
            on_delete: matches!(on_delete.as_str(), "CASCADE" | "SET NULL" | "SET DEFAULT").then_some(on_delete),
        });
        key.child_columns.push(from);
        key.parent_columns.extend(to);
    }
    let mut keys: Vec<_> = keys.into_values().collect();
    // `REFERENCES parent` without columns means the primary key of the parent.
    for key in keys.iter_mut().filter(|key| key.parent_columns.is_empty()) {
        key.parent_columns = primary_key(connection, place, &key.parent)?;
    }
    Ok(keys)
}

/// Returns the primary key of a parent that the foreign key does not name.
fn primary_key(connection: &Connection, place: &FileLocation, table: &str) -> Result<Vec<String>, TargetError> {
    let failed = place.explainer("read the columns");
    let mut statement = connection.prepare_cached(sql::COLUMNS).map_err(&failed)?;
    let columns = statement
        .query_map([table], |row| Ok((row.get(3)?, row.get(0)?)))
        .and_then(Iterator::collect::<Result<Vec<(i64, String)>, _>>)
        .map_err(&failed)?;
    // `pk` is a column's position in the primary key, from 1, and 0 for a column outside it.
    let mut key: Vec<_> = columns.into_iter().filter(|(position, _)| *position > 0).collect();
    key.sort();
    Ok(key.into_iter().map(|(_, name)| name).collect())
}

/// Describes what keeps SQLite from enforcing a foreign key at all; `None` for a sound declaration.
pub(super) fn find_flaw(
    connection: &Connection,
    place: &FileLocation,
    key: &ForeignKey,
) -> Result<Option<String>, TargetError> {
    let entry = catalogue::find_entry(catalogue::list_entries(connection, place)?, &key.parent);
    let Some(entry) = entry.filter(|entry| entry.what == "table") else {
        return Ok(Some(format!("the database has no table {}", key.parent)));
    };
    let raw = catalogue::raw_columns(connection, place, &entry.name)?;
    let (parents, children) = (key.parent_columns.len(), key.child_columns.len());
    if parents != children && parents > 0 {
        return Ok(Some(format!("it has {children} columns, but the key of {} has {parents}", key.parent)));
    }
    for name in &key.parent_columns {
        if !raw.iter().any(|column| column.name.eq_ignore_ascii_case(name)) {
            return Ok(Some(format!("{} has no column {name}", key.parent)));
        }
    }
    let indexes = key::read_indexes(connection, place, &entry.name)?;
    let rowid = key::rowid_column(&entry, &raw, &indexes);
    let by_rowid =
        matches!((key.parent_columns.as_slice(), &rowid), ([one], Some(rowid)) if one.eq_ignore_ascii_case(rowid));
    let columns = Some(key.parent_columns.as_slice()).filter(|columns| !columns.is_empty());
    let served = by_rowid || indexes.iter().any(|index| index.can_serve(columns, &raw));
    Ok((!served || parents == 0).then(|| format!("no unique index of {} has exactly these columns", key.parent)))
}

/// Returns whether existing rows break a foreign key.
pub(super) fn is_broken(connection: &Connection, place: &FileLocation, key: &ForeignKey) -> Result<bool, TargetError> {
    let failed = place.explainer("look for rows that break a foreign key");
    connection.query_one(&sql::exists_orphan(key), [], |row| row.get(0)).map_err(&failed)
}

/// Checks that inserted rows have their parents, and that deleted rows leave no children behind.
pub(super) fn check_references(
    connection: &Connection,
    place: &FileLocation,
    catalogue: &mut Catalogue,
    moves: &[RowMovement<'_>],
    spared: &SparedKeys<'_>,
) -> Result<(), TargetError> {
    references::check_movements(moves, spared, &mut SqliteLookup { connection, place, catalogue })
}

/// Looks foreign keys and rows up in the database.
struct SqliteLookup<'d> {
    connection: &'d Connection,
    place: &'d FileLocation,
    catalogue: &'d mut Catalogue,
}

impl SqliteLookup<'_> {
    /// Runs a query that returns one number, with values as its parameters.
    fn query_number(&self, text: &str, values: &[Value]) -> Result<u64, TargetError> {
        let failed = self.place.explainer("look a foreign key up");
        let mut statement = self.connection.prepare_cached(text).map_err(&failed)?;
        bind_values(&mut statement, values).map_err(&failed)?;
        let mut rows = statement.raw_query();
        let row = rows.next().map_err(&failed)?;
        let number: i64 = row.map_or(Ok(0), |row| row.get(0)).map_err(&failed)?;
        Ok(number.unsigned_abs())
    }
}

impl ForeignKeyLookup for SqliteLookup<'_> {
    fn list_declared_keys(&mut self, table: &Arc<Table>) -> Result<Vec<ForeignKey>, TargetError> {
        let layout = self.catalogue.require_layout(self.connection, self.place, table)?;
        read_declared_keys(self.connection, self.place, layout.name())
    }

    fn list_referring_keys(&mut self, table: &Arc<Table>) -> Result<Vec<ForeignKey>, TargetError> {
        let layout = self.catalogue.require_layout(self.connection, self.place, table)?;
        read_referring_keys(self.connection, self.place, layout.name())
    }

    fn has_parent(&mut self, key: &ForeignKey, values: &[Value]) -> Result<bool, TargetError> {
        Ok(self.query_number(&sql::exists_parent(key), values)? > 0)
    }

    fn has_child(&mut self, key: &ForeignKey, values: &[Value]) -> Result<bool, TargetError> {
        Ok(self.query_number(&sql::exists_child(key), values)? > 0)
    }

    fn count_children(&mut self, key: &ForeignKey, values: &[Value]) -> Result<u64, TargetError> {
        self.query_number(&sql::count_children(key), values)
    }
}
