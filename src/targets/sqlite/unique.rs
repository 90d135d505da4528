//! Looking values up in SQLite's unique indexes, the key's own left out; judges nothing.

use mfm_journal::Value;
use rusqlite::Connection;

use super::catalogue::{SqliteLayout, UniqueIndex};
use super::open::FileLocation;
use super::sql;
use super::value::{bind_values, read_cells};
use crate::model::Key;
use crate::model::snapshot::key_form;
use crate::targets::unique::{CheckedIndex, check_index, touches_index};
use crate::targets::{PendingRows, TargetError};

/// Checks rows against the plain unique indexes; see [`crate::targets::Target::unique_after`].
///
/// Indexes over expressions, computed columns, or some rows only, are left to the database: its refusal is a certain
/// roll-back.
pub(super) fn check_unique_indexes(
    connection: &Connection,
    place: &FileLocation,
    sheet: &SqliteLayout,
    columns: &[String],
    rows: &[Vec<Value>],
    meanwhile: &PendingRows,
) -> Result<(), TargetError> {
    for index in &sheet.unique {
        let names: Vec<&str> = index.columns.iter().map(|(name, _)| name.as_str()).collect();
        if !touches_index(columns, &names) {
            continue;
        }
        let fold = |at: usize, value: &Value| fold_value(value, index.columns.get(at).map_or("", |(_, name)| name));
        let judged = CheckedIndex { name: &index.name, columns: names, fold: &fold };
        check_index(&sheet.table, &judged, rows, meanwhile, &mut |values| {
            find_holders(connection, place, sheet, index, values)
        })?;
    }
    Ok(())
}

/// Returns the keys of the rows that hold values.
fn find_holders(
    connection: &Connection,
    place: &FileLocation,
    sheet: &SqliteLayout,
    index: &UniqueIndex,
    values: &[Value],
) -> Result<Vec<Key>, TargetError> {
    let failed = place.explainer("look a unique index up");
    let mut statement = connection.prepare_cached(&sql::select_holders(sheet, index)).map_err(&failed)?;
    bind_values(&mut statement, values).map_err(&failed)?;
    let mut held = vec![Value::Null; sheet.table.columns.len()];
    let mut found = statement.raw_query();
    let mut keys = Vec::new();
    while let Some(row) = found.next().map_err(&failed)? {
        read_cells(row, 1, &mut held).map_err(&failed)?;
        keys.push(sheet.table.key_of(&held)?);
    }
    Ok(keys)
}

/// Returns one form of all values that a collation holds equal.
fn fold_value(value: &Value, collation: &str) -> Value {
    match value {
        Value::Text(text) if collation.eq_ignore_ascii_case("NOCASE") => Value::Text(text.to_ascii_lowercase()),
        Value::Text(text) if collation.eq_ignore_ascii_case("RTRIM") => {
            Value::Text(text.trim_end_matches(' ').to_owned())
        }
        _ => key_form(value),
    }
}
