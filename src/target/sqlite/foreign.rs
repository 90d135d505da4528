//! Foreign keys as SQLite enforces them on mfm's writing connection: what would touch them, said before a write.

use std::collections::BTreeMap;

use mfm_journal::Value;
use rusqlite::Connection;

use super::catalogue::Sheet;
use super::open::Place;
use super::sql;
use super::value::bind;
use crate::model::{Refusal, Table};
use crate::target::{TargetError, Touch};

/// A foreign key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ForeignKey {
    pub(super) child: String,
    pub(super) child_columns: Vec<String>,
    pub(super) parent: String,
    pub(super) parent_columns: Vec<String>,
    on_delete: String,
}

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
            on_delete,
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

/// Judges a touch: what an enforced foreign key would refuse, or carry further, now or when it is taken back.
pub(super) fn census(connection: &Connection, place: &Place, touch: &Touch) -> Result<(), TargetError> {
    let table = &touch.table.shape.name;
    let updates = |columns: &[String]| {
        touch.updated.iter().find(|name| columns.iter().any(|column| column.eq_ignore_ascii_case(name)))
    };
    for key in parents(connection, place, table)? {
        if let Some(column) = updates(&key.child_columns) {
            return Err(key.refusal(table, format!("{column} would be updated")).into());
        }
    }
    for key in children(connection, place, table)? {
        if let Some(column) = updates(&key.parent_columns) {
            return Err(key.refusal(table, format!("{column}, which it refers to, would be updated")).into());
        }
        let carries = matches!(key.on_delete.as_str(), "CASCADE" | "SET NULL" | "SET DEFAULT");
        if carries && touch.deletes > 0 {
            return Err(key.refusal(table, format!("a delete would {} further rows", key.on_delete)).into());
        }
        if carries && touch.inserts > 0 {
            let why = format!("taking an insert back is a delete, which would {} further rows", key.on_delete);
            return Err(key.refusal(table, why).into());
        }
    }
    Ok(())
}

/// Checks that inserted rows find their parents and that deleted rows leave no children behind.
pub(super) fn references(
    connection: &Connection,
    place: &Place,
    sheet: &Sheet,
    inserted: &[Vec<Value>],
    deleted: &[Vec<Value>],
) -> Result<(), TargetError> {
    let table = &sheet.table;
    if !inserted.is_empty() {
        for key in parents(connection, place, sheet.name())? {
            let siblings = if key.parent.eq_ignore_ascii_case(sheet.name()) { inserted } else { &[] };
            let missing = |values: &[Value]| {
                let among = |row: &Vec<Value>| cells(table, &key.parent_columns, row) == values;
                Ok(!siblings.iter().any(among) && !exists(connection, place, &sql::parent(&key), values)?)
            };
            let why = "an inserted row would have no parent";
            check(table, &key, &key.child_columns, inserted, missing, why)?;
        }
    }
    if !deleted.is_empty() {
        for key in children(connection, place, sheet.name())? {
            let present = |values: &[Value]| exists(connection, place, &sql::child(&key), values);
            let why = "a row that would be deleted is referred to";
            check(table, &key, &key.parent_columns, deleted, present, why)?;
        }
    }
    Ok(())
}

/// Refuses the first row whose values, none of them NULL, the question answers with yes.
fn check(
    table: &Table,
    key: &ForeignKey,
    columns: &[String],
    rows: &[Vec<Value>],
    question: impl Fn(&[Value]) -> Result<bool, TargetError>,
    why: &str,
) -> Result<(), TargetError> {
    for row in rows {
        let values = cells(table, columns, row);
        if !values.iter().any(Value::is_null) && question(&values)? {
            return Err(key.refusal(&table.shape.name, why.to_owned()).into());
        }
    }
    Ok(())
}

fn cells(table: &Table, columns: &[String], row: &[Value]) -> Vec<Value> {
    let cell = |name: &String| table.position(name).and_then(|at| row.get(at)).cloned().unwrap_or(Value::Null);
    columns.iter().map(cell).collect()
}

fn exists(connection: &Connection, place: &Place, text: &str, values: &[Value]) -> Result<bool, TargetError> {
    let failed = place.error("look a foreign key up");
    let mut statement = connection.prepare_cached(text).map_err(&failed)?;
    bind(&mut statement, values).map_err(&failed)?;
    let mut rows = statement.raw_query();
    let row = rows.next().map_err(&failed)?;
    row.map_or(Ok(false), |row| row.get(0)).map_err(&failed)
}

impl ForeignKey {
    /// Names the constraint, which in SQLite seldom has a name.
    fn name(&self) -> String {
        let (child, parent) = (self.child_columns.join(", "), self.parent_columns.join(", "));
        format!("{}({child}) -> {}({parent})", self.child, self.parent)
    }

    fn refusal(&self, table: &str, why: String) -> Refusal {
        Refusal::ForeignKey { table: table.to_owned(), constraint: self.name(), why }
    }
}
