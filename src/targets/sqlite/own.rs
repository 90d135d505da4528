//! Checks that mfm's own two tables are exactly as mfm created them, so that writing them changes nothing else.

use rusqlite::Connection;

use super::open::FileLocation;
use super::sql;
use crate::model::Refusal;
use crate::targets::TargetError;

/// A row of `sqlite_schema` under the name of one of mfm's tables.
struct DeclaredObject {
    kind: String,
    name: String,
    table: String,
    text: String,
}

/// Refuses tables of mfm's own that are not as mfm created them. Missing tables pass.
pub(super) fn check_own_tables(connection: &Connection, place: &FileLocation) -> Result<(), TargetError> {
    match find_deviation(connection).map_err(place.explainer("look at mfm's own tables"))? {
        Some(what) => Err(Refusal::OwnTables { url: place.url.clone(), what }.into()),
        None => Ok(()),
    }
}

/// Describes the first deviation of the tables from what mfm creates; `None` where there is none.
fn find_deviation(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let objects = read_declared_objects(connection)?;
    // SQLite creates one automatic index for each PRIMARY KEY and UNIQUE of a declaration.
    let tables = [
        ("mfm_marker", sql::MARKER_TABLE, &["sqlite_autoindex_mfm_marker_1"][..]),
        (
            "mfm_operation",
            sql::OPERATION_TABLE,
            &["sqlite_autoindex_mfm_operation_1", "sqlite_autoindex_mfm_operation_2"],
        ),
    ];
    for object in &objects {
        if !tables.iter().any(|(_, text, indexes)| is_as_created(object, text, indexes)) {
            return Ok(Some(describe_object(object)));
        }
    }
    for (name, _, indexes) in tables {
        let count = objects.iter().filter(|object| object.table == name).count();
        if count > 0 && count != indexes.len() + 1 {
            return Ok(Some(format!("an index of {name} is missing")));
        }
    }
    if let Some((child, parent)) = query_name_pair(connection, sql::REFER_TO_OWN)? {
        return Ok(Some(format!("a foreign key of {child} refers to {parent}")));
    }
    // A schema that was edited by hand can give two tables the same root page: a write to one then changes the other.
    let shared = query_name_pair(connection, sql::SHARE_PAGES_WITH_OWN)?;
    Ok(shared.map(|(own, other)| format!("{own} and {other} are stored in the same place")))
}

fn read_declared_objects(connection: &Connection) -> rusqlite::Result<Vec<DeclaredObject>> {
    let mut statement = connection.prepare_cached(sql::OWN_DECLARED)?;
    let rows = statement.query_map([], |row| {
        Ok(DeclaredObject { kind: row.get(0)?, name: row.get(1)?, table: row.get(2)?, text: row.get(3)? })
    })?;
    rows.collect()
}

/// Returns whether an object is what mfm's own CREATE TABLE makes: the table itself, or one of its automatic indexes.
fn is_as_created(one: &DeclaredObject, table: &str, indexes: &[&str]) -> bool {
    match one.kind.as_str() {
        "table" => one.text.strip_prefix("CREATE TABLE ") == Some(table),
        "index" => one.text.is_empty() && indexes.contains(&one.name.as_str()),
        _ => false,
    }
}

fn describe_object(one: &DeclaredObject) -> String {
    let DeclaredObject { kind, name, table, .. } = one;
    match kind.as_str() {
        "trigger" => format!("trigger {name} fires on {table}"),
        "index" => format!("index {name} was added to {table}"),
        "table" => format!("{name} is declared differently"),
        _ => format!("{name} is a {kind}"),
    }
}

/// Returns the two names in the first row of a query's answer.
fn query_name_pair(connection: &Connection, text: &str) -> rusqlite::Result<Option<(String, String)>> {
    let mut statement = connection.prepare_cached(text)?;
    let mut rows = statement.query([])?;
    rows.next()?.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}
