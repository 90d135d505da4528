//! Whether mfm's own two tables are exactly as mfm made them, so that what is written there reaches nothing else;
//! changes nothing.

use rusqlite::Connection;

use super::open::FileLocation;
use super::sql;
use crate::model::Refusal;
use crate::targets::TargetError;

/// Something that the schema declares in the name of a table.
struct DeclaredObject {
    kind: String,
    name: String,
    table: String,
    text: String,
}

/// Refuses tables of mfm's own that are not as mfm made them; tables that are not there say nothing.
pub(super) fn check_own_tables(connection: &Connection, place: &FileLocation) -> Result<(), TargetError> {
    match find_deviation(connection).map_err(place.explainer("look at mfm's own tables"))? {
        Some(what) => Err(Refusal::OwnTables { url: place.url.clone(), what }.into()),
        None => Ok(()),
    }
}

/// Says what about the tables is not mfm's work.
fn find_deviation(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let declared = read_declared_objects(connection)?;
    let tables = [
        ("mfm_marker", sql::MARKER_TABLE, &["sqlite_autoindex_mfm_marker_1"][..]),
        (
            "mfm_operation",
            sql::OPERATION_TABLE,
            &["sqlite_autoindex_mfm_operation_1", "sqlite_autoindex_mfm_operation_2"],
        ),
    ];
    if let Some(one) = declared.iter().find(|one| !tables.iter().any(|(_, text, indexes)| is_made(one, text, indexes)))
    {
        return Ok(Some(describe_object(one)));
    }
    for (name, _, indexes) in tables {
        let found = declared.iter().filter(|one| one.table == name).count();
        if found > 0 && found != indexes.len() + 1 {
            return Ok(Some(format!("{name} lost an index of its own")));
        }
    }
    if let Some((child, parent)) = query_name_pair(connection, sql::REFER_TO_OWN)? {
        return Ok(Some(format!("a foreign key of {child} refers to {parent}")));
    }
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

/// Tells whether mfm declared this when it made one of its tables.
fn is_made(one: &DeclaredObject, table: &str, indexes: &[&str]) -> bool {
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
        "index" => format!("index {name} stands on {table}"),
        "table" => format!("{name} is declared otherwise"),
        _ => format!("{name} is a {kind}"),
    }
}

/// Returns the first row of two names.
fn query_name_pair(connection: &Connection, text: &str) -> rusqlite::Result<Option<(String, String)>> {
    let mut statement = connection.prepare_cached(text)?;
    let mut rows = statement.query([])?;
    rows.next()?.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}
