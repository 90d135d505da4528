//! The two tables that mfm leaves in a target, as they are read, and the identity that a marker is bound to; writes
//! neither.

use mfm_journal::Digest;
use tiberius::ColumnData;

use super::fault::{ServerLocation, WireFault};
use super::sql::{marks as text, session};
use super::wire::{self, Wire, WireRow, cell_integer, cell_text, number_parameter};
use crate::targets::{Marker, OperationRow, OperationState, TargetBinding, TargetError};

/// What a session's database says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DatabaseIdentity {
    /// What markers are bound to.
    pub(super) bound: TargetBinding,
    /// The database's name.
    pub(super) database: String,
    /// Whether a transaction can see one state without locks.
    pub(super) snapshots: bool,
    /// The login's own schema.
    pub(super) schema: String,
    /// The login.
    pub(super) login: String,
}

/// Asks a database who it is.
pub(super) fn read_identity(wire: &mut Wire, place: &ServerLocation) -> Result<DatabaseIdentity, TargetError> {
    let rows =
        wire.query_rows(session::IDENTITY, Vec::new()).map_err(place.explainer("read the database's identity"))?;
    let row = rows.first().ok_or_else(|| place.failure("read the database's identity", "it is not listed"))?;
    let text = |at: usize| cell_text(row.get(at)).unwrap_or_default();
    let database = text(1);
    let facts = [
        ("server", text(0)),
        ("database", database.clone()),
        ("database_id", cell_integer(row.get(2)).unwrap_or_default().to_string()),
        ("created", text(3)),
        ("broker_guid", text(4)),
    ];
    Ok(DatabaseIdentity {
        bound: facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        database,
        snapshots: cell_integer(row.get(5)) == Some(1),
        schema: Some(text(6)).filter(|schema| !schema.is_empty()).unwrap_or_else(|| "dbo".to_owned()),
        login: text(8),
    })
}

/// Reads the marker.
pub(super) fn read_marker(wire: &mut Wire, place: &ServerLocation) -> Result<Option<Marker>, TargetError> {
    let rows = wire.query_rows(&text::select_marker(), Vec::new()).map_err(place.explainer("read the marker"))?;
    match rows.as_slice() {
        [] => Ok(None),
        [sees] if sees.len() == 1 => {
            if wire::cell_flag(sees.first()) {
                Ok(None)
            } else {
                Err(unseen_marker_error(place))
            }
        }
        [row] => {
            let unreadable = |why: &str| place.failure("read the marker", why);
            let cell = |at: usize| cell_text(row.get(at)).ok_or_else(|| unreadable("it has another form"));
            let bound = serde_json::from_str(&cell(1)?).map_err(|error| unreadable(&error.to_string()))?;
            let at_us = cell_integer(row.get(2)).ok_or_else(|| unreadable("it has another form"))?;
            Ok(Some(Marker { marker_id: cell(0)?, bound, at_us, actor: cell(3)? }))
        }
        _ => Err(place.failure("read the marker", "there are several")),
    }
}

/// Says that what this login does not see may be there all the same.
fn unseen_marker_error(place: &ServerLocation) -> TargetError {
    let what = "see whether there is a marker".to_owned();
    let why = "this login sees nothing of the schema dbo but what it was granted by name".to_owned();
    let grant = Some("GRANT VIEW DEFINITION ON SCHEMA::dbo".to_owned());
    TargetError::Permission { url: place.url.clone(), what, why, grant }
}

/// Tells whether there is room for operations.
pub(super) fn has_operations(wire: &mut Wire, place: &ServerLocation) -> Result<bool, TargetError> {
    let rows =
        wire.query_rows(text::HAS_OPERATIONS, Vec::new()).map_err(place.explainer("look for mfm's own tables"))?;
    Ok(rows.first().is_some_and(|row| wire::cell_flag(row.first())))
}

/// Tells whether there is room for a marker and for operations.
pub(super) fn has_both(wire: &mut Wire, place: &ServerLocation) -> Result<bool, TargetError> {
    let rows = wire.query_rows(text::HAS_BOTH, Vec::new()).map_err(place.explainer("look for mfm's own tables"))?;
    Ok(rows.first().is_some_and(|row| cell_integer(row.first()) == Some(2)))
}

/// Puts the row of an operation.
pub(super) fn put_operation(
    wire: &mut Wire,
    row: &OperationRow,
    state: OperationState,
    at_us: i64,
) -> Result<(), WireFault> {
    let parameters = vec![
        digest_text(&row.uid),
        digest_text(&row.journal_id),
        op_number(row.op),
        wire::text_parameter(state.word()),
        number_parameter(at_us),
    ];
    wire.execute(text::INSERT_OPERATION, parameters).map(drop)
}

/// Reads the row of a uid.
pub(super) fn find_operation(
    wire: &mut Wire,
    place: &ServerLocation,
    uid: &Digest,
) -> Result<Option<OperationRow>, TargetError> {
    Ok(operation_rows(wire, place, &text::select_operation(), vec![digest_text(uid)])?.pop())
}

/// Reads the row of a journal's number.
pub(super) fn operation_at(
    wire: &mut Wire,
    place: &ServerLocation,
    journal_id: &Digest,
    op: u64,
) -> Result<Option<OperationRow>, TargetError> {
    let parameters = vec![digest_text(journal_id), op_number(op)];
    Ok(operation_rows(wire, place, &text::operation_at(), parameters)?.pop())
}

/// Reads the newest row of a journal.
pub(super) fn find_newest_operation(
    wire: &mut Wire,
    place: &ServerLocation,
    journal_id: &Digest,
) -> Result<Option<OperationRow>, TargetError> {
    Ok(operation_rows(wire, place, &text::select_newest_operation(), vec![digest_text(journal_id)])?.pop())
}

/// Reads all rows of a journal.
pub(super) fn list_operations(
    wire: &mut Wire,
    place: &ServerLocation,
    journal_id: &Digest,
) -> Result<Vec<OperationRow>, TargetError> {
    operation_rows(wire, place, &text::select_operations(), vec![digest_text(journal_id)])
}

/// Reads the ids of the journals that left rows.
pub(super) fn list_journals(wire: &mut Wire, place: &ServerLocation) -> Result<Vec<Digest>, TargetError> {
    let rows = wire.query_rows(&text::select_journals(), Vec::new()).map_err(place.explainer(READ))?;
    rows.iter().map(|row| parse_digest(place, row, 0)).collect()
}

const READ: &str = "read mfm's operations";

/// Returns a digest as a parameter.
pub(super) fn digest_text(digest: &Digest) -> ColumnData<'static> {
    wire::text_parameter(digest.to_string())
}

/// Returns an operation's number as a parameter; numbers beyond the column's range match no row.
pub(super) fn op_number(op: u64) -> ColumnData<'static> {
    number_parameter(i64::try_from(op).unwrap_or(i64::MAX))
}

fn operation_rows(
    wire: &mut Wire,
    place: &ServerLocation,
    text: &str,
    parameters: Vec<ColumnData<'static>>,
) -> Result<Vec<OperationRow>, TargetError> {
    let rows = wire.query_rows(text, parameters).map_err(place.explainer(READ))?;
    rows.iter().map(|row| operation_row(place, row)).collect()
}

fn operation_row(place: &ServerLocation, row: &WireRow) -> Result<OperationRow, TargetError> {
    let op = cell_integer(row.get(2)).and_then(|op| u64::try_from(op).ok());
    let op = op.ok_or_else(|| place.failure(READ, "a number is none"))?;
    let state = OperationState::from_word(&cell_text(row.get(3)).unwrap_or_default());
    Ok(OperationRow { uid: parse_digest(place, row, 0)?, journal_id: parse_digest(place, row, 1)?, op, state })
}

fn parse_digest(place: &ServerLocation, row: &WireRow, at: usize) -> Result<Digest, TargetError> {
    let text = cell_text(row.get(at)).ok_or_else(|| place.failure(READ, "a digest is missing"))?;
    text.parse().map_err(|_| place.failure(READ, format!("`{text}` is no digest")))
}
