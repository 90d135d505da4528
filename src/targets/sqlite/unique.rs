//! Looks values up in SQLite's unique indexes, without the key's own.

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
/// Indexes over expressions, computed columns, or some rows only are left to the database: if it refuses a row, the
/// transaction is certainly rolled back.
pub(super) fn check_unique_indexes(
    connection: &Connection,
    place: &FileLocation,
    layout: &SqliteLayout,
    columns: &[String],
    rows: &[Vec<Value>],
    pending: &PendingRows,
) -> Result<(), TargetError> {
    for index in &layout.unique {
        let names: Vec<&str> = index.columns.iter().map(|(name, _)| name.as_str()).collect();
        if !touches_index(columns, &names) {
            continue;
        }
        let checked = CheckedIndex {
            name: &index.name,
            columns: names,
            fold: &|at, value| fold_value(value, index.columns.get(at).map_or("", |(_, collation)| collation)),
        };
        check_index(&layout.table, &checked, rows, pending, &mut |values| {
            find_holders(connection, place, layout, index, values)
        })?;
    }
    Ok(())
}

/// Finds the keys of the rows that have these values in the index.
fn find_holders(
    connection: &Connection,
    place: &FileLocation,
    layout: &SqliteLayout,
    index: &UniqueIndex,
    values: &[Value],
) -> Result<Vec<Key>, TargetError> {
    let failed = place.explainer("look a unique index up");
    let mut statement = connection.prepare_cached(&sql::select_holders(layout, index)).map_err(&failed)?;
    bind_values(&mut statement, values).map_err(&failed)?;
    let mut cells = vec![Value::Null; layout.table.columns.len()];
    let mut rows = statement.raw_query();
    let mut keys = Vec::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        read_cells(row, 1, &mut cells).map_err(&failed)?;
        keys.push(layout.table.key_of(&cells)?);
    }
    Ok(keys)
}

/// Maps all values that a collation holds equal to one value.
fn fold_value(value: &Value, collation: &str) -> Value {
    match value {
        Value::Text(text) if collation.eq_ignore_ascii_case("NOCASE") => Value::Text(text.to_ascii_lowercase()),
        Value::Text(text) if collation.eq_ignore_ascii_case("RTRIM") => {
            Value::Text(text.trim_end_matches(' ').to_owned())
        }
        _ => key_form(value),
    }
}
