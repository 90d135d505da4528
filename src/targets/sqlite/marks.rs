//! Reads the two tables that mfm leaves in a target, `mfm_marker` and `mfm_operation`.

use mfm_journal::Digest;
use rusqlite::{Connection, OptionalExtension as _, Params, Row};

use super::open::FileLocation;
use super::sql;
use crate::targets::{Marker, OperationRow, OperationState, TargetError};

/// Returns whether one of mfm's own tables exists.
pub(super) fn has_table(connection: &Connection, place: &FileLocation, table: &str) -> Result<bool, TargetError> {
    let failed = place.explainer("look for mfm's own tables");
    let mut statement = connection.prepare_cached(sql::HAS_TABLE).map_err(&failed)?;
    statement.query_one([table], |row| row.get::<_, i64>(0)).map(|count| count > 0).map_err(&failed)
}

/// Reads the marker; `None` where there is none. Two markers are an error.
pub(super) fn read_marker(connection: &Connection, place: &FileLocation) -> Result<Option<Marker>, TargetError> {
    if !has_table(connection, place, "mfm_marker")? {
        return Ok(None);
    }
    let failed = place.explainer("read the marker");
    let mut statement = connection.prepare_cached(sql::MARKER).map_err(&failed)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)));
    let rows: Vec<(String, String, i64, String)> = rows.and_then(Iterator::collect).map_err(&failed)?;
    match rows.as_slice() {
        [] => Ok(None),
        [(marker_id, bound, at_us, actor)] => {
            let bound = serde_json::from_str(bound);
            let bound = bound.map_err(|error| place.failure("read the marker", error.to_string()))?;
            Ok(Some(Marker { marker_id: marker_id.clone(), bound, at_us: *at_us, actor: actor.clone() }))
        }
        // The query reads at most two rows, which is one more than there may be.
        _ => Err(place.failure("read the marker", "there are several")),
    }
}

/// Finds the row of a uid.
pub(super) fn find_operation(
    connection: &Connection,
    place: &FileLocation,
    uid: &Digest,
) -> Result<Option<OperationRow>, TargetError> {
    find_row(connection, place, sql::OPERATION, [uid.to_string()])
}

/// Finds the row of an operation by its number in a journal.
pub(super) fn operation_at(
    connection: &Connection,
    place: &FileLocation,
    journal_id: &Digest,
    op: u64,
) -> Result<Option<OperationRow>, TargetError> {
    find_row(connection, place, sql::OPERATION_AT, (journal_id.to_string(), to_sql_number(op)))
}

/// Finds the row of a journal's newest operation.
pub(super) fn find_newest_operation(
    connection: &Connection,
    place: &FileLocation,
    journal_id: &Digest,
) -> Result<Option<OperationRow>, TargetError> {
    find_row(connection, place, sql::NEWEST, [journal_id.to_string()])
}

/// Lists all rows of a journal, by operation number.
pub(super) fn list_operations(
    connection: &Connection,
    place: &FileLocation,
    journal_id: &Digest,
) -> Result<Vec<OperationRow>, TargetError> {
    read_rows(connection, place, sql::OPERATIONS, [journal_id.to_string()], operation_row)
}

/// Lists the ids of the journals that left rows.
pub(super) fn list_journals(connection: &Connection, place: &FileLocation) -> Result<Vec<Digest>, TargetError> {
    read_rows(connection, place, sql::JOURNALS, [], |row| read_digest(row, 0))
}

/// Converts an operation number for binding. Numbers beyond SQLite's range become its maximum, which no row has.
pub(super) fn to_sql_number(op: u64) -> i64 {
    i64::try_from(op).unwrap_or(i64::MAX)
}

fn find_row(
    connection: &Connection,
    place: &FileLocation,
    text: &str,
    parameters: impl Params,
) -> Result<Option<OperationRow>, TargetError> {
    if !has_table(connection, place, "mfm_operation")? {
        return Ok(None);
    }
    let failed = place.explainer("read mfm's operations");
    let mut statement = connection.prepare_cached(text).map_err(&failed)?;
    statement.query_one(parameters, operation_row).optional().map_err(&failed)
}

fn read_rows<T>(
    connection: &Connection,
    place: &FileLocation,
    text: &str,
    parameters: impl Params,
    read: fn(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, TargetError> {
    if !has_table(connection, place, "mfm_operation")? {
        return Ok(Vec::new());
    }
    let failed = place.explainer("read mfm's operations");
    let mut statement = connection.prepare_cached(text).map_err(&failed)?;
    statement.query_map(parameters, read).and_then(Iterator::collect).map_err(&failed)
}

fn operation_row(row: &Row<'_>) -> rusqlite::Result<OperationRow> {
    let op: i64 = row.get(2)?;
    let op = u64::try_from(op).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(2, op))?;
    let state = OperationState::from_word(row.get_ref(3)?.as_str()?);
    Ok(OperationRow { uid: read_digest(row, 0)?, journal_id: read_digest(row, 1)?, op, state })
}

fn read_digest(row: &Row<'_>, at: usize) -> rusqlite::Result<Digest> {
    let text = row.get_ref(at)?.as_str()?;
    text.parse()
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(at, rusqlite::types::Type::Text, Box::new(error)))
}
