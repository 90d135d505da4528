//! The two tables that mfm leaves in a target, as they are read; writes neither.

use mfm_journal::Digest;
use rusqlite::{Connection, OptionalExtension as _, Params, Row};

use super::open::Place;
use super::sql;
use crate::targets::{Marker, OperationRow, OperationState, TargetError};

/// Tells whether a table of mfm's own is there.
pub(super) fn has(connection: &Connection, place: &Place, table: &str) -> Result<bool, TargetError> {
    let failed = place.error("look for mfm's own tables");
    let mut statement = connection.prepare_cached(sql::HAS_TABLE).map_err(&failed)?;
    statement.query_one([table], |row| row.get::<_, i64>(0)).map(|count| count > 0).map_err(&failed)
}

/// Reads the marker.
pub(super) fn marker(connection: &Connection, place: &Place) -> Result<Option<Marker>, TargetError> {
    if !has(connection, place, "mfm_marker")? {
        return Ok(None);
    }
    let failed = place.error("read the marker");
    let mut statement = connection.prepare_cached(sql::MARKER).map_err(&failed)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)));
    let rows: Vec<(String, String, i64, String)> = rows.and_then(Iterator::collect).map_err(&failed)?;
    match rows.as_slice() {
        [] => Ok(None),
        [(marker_id, bound, at_us, actor)] => {
            let bound = serde_json::from_str(bound);
            let bound = bound.map_err(|error| place.failed("read the marker", error.to_string()))?;
            Ok(Some(Marker { marker_id: marker_id.clone(), bound, at_us: *at_us, actor: actor.clone() }))
        }
        _ => Err(place.failed("read the marker", "there are several")),
    }
}

/// Reads the row of a uid.
pub(super) fn operation(
    connection: &Connection,
    place: &Place,
    uid: &Digest,
) -> Result<Option<OperationRow>, TargetError> {
    one(connection, place, sql::OPERATION, [uid.to_string()])
}

/// Reads the row of a journal's number.
pub(super) fn operation_at(
    connection: &Connection,
    place: &Place,
    journal_id: &Digest,
    op: u64,
) -> Result<Option<OperationRow>, TargetError> {
    one(connection, place, sql::OPERATION_AT, (journal_id.to_string(), number(op)))
}

/// Reads the newest row of a journal.
pub(super) fn newest(
    connection: &Connection,
    place: &Place,
    journal_id: &Digest,
) -> Result<Option<OperationRow>, TargetError> {
    one(connection, place, sql::NEWEST, [journal_id.to_string()])
}

/// Reads all rows of a journal.
pub(super) fn operations(
    connection: &Connection,
    place: &Place,
    journal_id: &Digest,
) -> Result<Vec<OperationRow>, TargetError> {
    many(connection, place, sql::OPERATIONS, [journal_id.to_string()], operation_row)
}

/// Reads the ids of the journals that left rows.
pub(super) fn journals(connection: &Connection, place: &Place) -> Result<Vec<Digest>, TargetError> {
    many(connection, place, sql::JOURNALS, [], |row| digest(row, 0))
}

/// Returns a number as SQLite binds it; numbers beyond its range match no row.
pub(super) fn number(op: u64) -> i64 {
    i64::try_from(op).unwrap_or(i64::MAX)
}

fn one(
    connection: &Connection,
    place: &Place,
    text: &str,
    parameters: impl Params,
) -> Result<Option<OperationRow>, TargetError> {
    if !has(connection, place, "mfm_operation")? {
        return Ok(None);
    }
    let failed = place.error("read mfm's operations");
    let mut statement = connection.prepare_cached(text).map_err(&failed)?;
    statement.query_one(parameters, operation_row).optional().map_err(&failed)
}

fn many<T>(
    connection: &Connection,
    place: &Place,
    text: &str,
    parameters: impl Params,
    read: fn(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, TargetError> {
    if !has(connection, place, "mfm_operation")? {
        return Ok(Vec::new());
    }
    let failed = place.error("read mfm's operations");
    let mut statement = connection.prepare_cached(text).map_err(&failed)?;
    statement.query_map(parameters, read).and_then(Iterator::collect).map_err(&failed)
}

fn operation_row(row: &Row<'_>) -> rusqlite::Result<OperationRow> {
    let op: i64 = row.get(2)?;
    let op = u64::try_from(op).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(2, op))?;
    let state = OperationState::of(row.get_ref(3)?.as_str()?);
    Ok(OperationRow { uid: digest(row, 0)?, journal_id: digest(row, 1)?, op, state })
}

fn digest(row: &Row<'_>, at: usize) -> rusqlite::Result<Digest> {
    let text = row.get_ref(at)?.as_str()?;
    text.parse()
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(at, rusqlite::types::Type::Text, Box::new(error)))
}
