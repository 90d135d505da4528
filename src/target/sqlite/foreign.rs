//! The foreign keys that SQLite declares, all enforced on mfm's writing connection, and looking rows up in them;
//! judges nothing.

use std::collections::BTreeMap;

use mfm_journal::Value;
use rusqlite::Connection;

use super::catalogue::Sheet;
use super::open::Place;
use super::sql;
use super::value::bind;
use crate::target::TargetError;
use crate::target::foreign::{self, ForeignKey};

/// A row of `foreign_key_list`: child, number, from, parent, to, on delete.
type Part = (String, i64, String, String, Option<String>, String);

/// Reads the foreign keys that a table declares.
pub(super) fn parents(connection: &Connection, place: &Place, table: &str) -> Result<Vec<ForeignKey>, TargetError> {
    read(connection, place, sql::PARENTS, table)
}

/// Reads the foreign keys that tables, this one included, declare on a table.
pub(super) fn children(connection: &Connection, place: &Place, table: &str) -> Result<Vec<ForeignKey>, TargetError> {
    read(connection, place, sql::CHILDREN, table)
}

fn read(connection: &Connection, place: &Place, text: &str, table: &str) -> Result<Vec<ForeignKey>, TargetError> {
    let failed = place.error("read the foreign keys");
    let mut statement = connection.prepare_cached(text).map_err(&failed)?;
    let parts = statement
        .query_map([table], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(6)?)))
        .and_then(Iterator::collect::<Result<Vec<Part>, _>>)
        .map_err(&failed)?;
    let mut keys: BTreeMap<(String, i64), ForeignKey> = BTreeMap::new();
    for (child, number, from, parent, to, on_delete) in parts {
        let key = keys.entry((child.clone(), number)).or_insert_with(|| ForeignKey {
            child,
            child_columns: Vec::new(),
            parent,
            parent_columns: Vec::new(),
            on_delete: matches!(on_delete.as_str(), "CASCADE" | "SET NULL" | "SET DEFAULT").then_some(on_delete),
        });
        key.child_columns.push(from);
        key.parent_columns.extend(to);
    }
    let mut keys: Vec<_> = keys.into_values().collect();
    for key in keys.iter_mut().filter(|key| key.parent_columns.is_empty()) {
        key.parent_columns = primary_key(connection, place, &key.parent)?;
    }
    Ok(keys)
}

/// Returns the primary key of a parent that the foreign key does not name.
fn primary_key(connection: &Connection, place: &Place, table: &str) -> Result<Vec<String>, TargetError> {
    let failed = place.error("read the columns");
    let mut statement = connection.prepare_cached(sql::COLUMNS).map_err(&failed)?;
    let columns = statement
        .query_map([table], |row| Ok((row.get(3)?, row.get(0)?)))
        .and_then(Iterator::collect::<Result<Vec<(i64, String)>, _>>)
        .map_err(&failed)?;
    let mut key: Vec<_> = columns.into_iter().filter(|(place, _)| *place > 0).collect();
    key.sort();
    Ok(key.into_iter().map(|(_, name)| name).collect())
}

/// Checks that inserted rows find their parents and that deleted rows leave no children behind.
pub(super) fn references(
    connection: &Connection,
    place: &Place,
    sheet: &Sheet,
    inserted: &[Vec<Value>],
    deleted: &[Vec<Value>],
) -> Result<(), TargetError> {
    let (table, name) = (&sheet.table, sheet.name());
    if !inserted.is_empty() {
        let keys = parents(connection, place, name)?;
        let mut lookup = |key: &ForeignKey, values: &[Value]| exists(connection, place, &sql::parent(key), values);
        foreign::parents_of(table, &keys, inserted, &mut lookup)?;
    }
    if !deleted.is_empty() {
        let keys = children(connection, place, name)?;
        let mut lookup = |key: &ForeignKey, values: &[Value]| exists(connection, place, &sql::child(key), values);
        foreign::children_of(table, &keys, deleted, &mut lookup)?;
    }
    Ok(())
}

fn exists(connection: &Connection, place: &Place, text: &str, values: &[Value]) -> Result<bool, TargetError> {
    let failed = place.error("look a foreign key up");
    let mut statement = connection.prepare_cached(text).map_err(&failed)?;
    bind(&mut statement, values).map_err(&failed)?;
    let mut rows = statement.raw_query();
    let row = rows.next().map_err(&failed)?;
    row.map_or(Ok(false), |row| row.get(0)).map_err(&failed)
}
