//! Reads the two tables that mfm leaves in a target, `dbo.mfm_marker` and `dbo.mfm_operation`, and the identity that a
//! marker is bound to.

use mfm_journal::Digest;
use tiberius::ColumnData;

use super::fault::{ServerLocation, WireFault};
use super::sql::{marks as text, session};
use super::wire::{self, Wire, WireRow, cell_integer, cell_text, number_parameter};
use crate::targets::{Marker, OperationRow, OperationState, TargetBinding, TargetError};

/// The identity of a session's database, and what the session depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DatabaseIdentity {
    /// The facts that markers are bound to.
    pub(super) bound: TargetBinding,
    /// The database's name.
    pub(super) database: String,
    /// Whether the database allows snapshot isolation, in which a transaction sees one state without locks.
    pub(super) snapshots: bool,
    /// The default schema of the login's user.
    pub(super) schema: String,
    /// The name of the login's user.
    pub(super) login: String,
}

/// Reads the identity of the database that the session uses.
pub(super) fn read_identity(wire: &mut Wire, place: &ServerLocation) -> Result<DatabaseIdentity, TargetError> {
    let rows =
        wire.query_rows(session::IDENTITY, Vec::new()).map_err(place.explainer("read the database's identity"))?;
    let row = rows.first().ok_or_else(|| place.failure("read the database's identity", "it is not listed"))?;
    let database = text_at(row, 1);
    let facts = [
        ("server", text_at(row, 0)),
        ("database", database.clone()),
        ("database_id", cell_integer(row.get(2)).unwrap_or_default().to_string()),
        ("created", text_at(row, 3)),
        ("broker_guid", text_at(row, 4)),
    ];
    Ok(DatabaseIdentity {
        bound: facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        database,
        snapshots: cell_integer(row.get(5)) == Some(1),
        schema: Some(text_at(row, 6)).filter(|schema| !schema.is_empty()).unwrap_or_else(|| "dbo".to_owned()),
        login: text_at(row, 8),
    })
}

fn text_at(row: &WireRow, at: usize) -> String {
    cell_text(row.get(at)).unwrap_or_default()
}

/// Reads the marker; `None` where there is none. Fails where this login could not see one.
pub(super) fn read_marker(wire: &mut Wire, place: &ServerLocation) -> Result<Option<Marker>, TargetError> {
    let rows = wire.query_rows(&text::select_marker(), Vec::new()).map_err(place.explainer("read the marker"))?;
    match rows.as_slice() {
        [] => Ok(None),
        // A single column answers, where no table is seen, whether this login would see one.
        [sees] if sees.len() == 1 => {
            if wire::cell_flag(sees.first()) {
                Ok(None)
            } else {
                Err(unseen_marker_error(place))
            }
        }
        [row] => {
            let cells =
                (cell_text(row.first()), cell_text(row.get(1)), cell_integer(row.get(2)), cell_text(row.get(3)));
            let (Some(marker_id), Some(bound), Some(at_us), Some(actor)) = cells else {
                return Err(place.failure("read the marker", "it has an unexpected form"));
            };
            let bound = serde_json::from_str(&bound);
            let bound = bound.map_err(|error| place.failure("read the marker", error.to_string()))?;
            Ok(Some(Marker { marker_id, bound, at_us, actor }))
        }
        _ => Err(place.failure("read the marker", "there are several")),
    }
}

/// Builds the error that a marker may exist which this login cannot see.
fn unseen_marker_error(place: &ServerLocation) -> TargetError {
    let what = "see whether there is a marker".to_owned();
    let why = "this login can only see objects of the schema dbo that were granted to it by name".to_owned();
    let grant = Some("GRANT VIEW DEFINITION ON SCHEMA::dbo".to_owned());
    TargetError::Permission { url: place.url.clone(), what, why, grant }
}

/// Returns whether `dbo.mfm_operation` exists.
pub(super) fn has_operations(wire: &mut Wire, place: &ServerLocation) -> Result<bool, TargetError> {
    let rows =
        wire.query_rows(text::HAS_OPERATIONS, Vec::new()).map_err(place.explainer("look for mfm's own tables"))?;
    Ok(rows.first().is_some_and(|row| wire::cell_flag(row.first())))
}

/// Returns whether both of mfm's tables exist.
pub(super) fn has_both_tables(wire: &mut Wire, place: &ServerLocation) -> Result<bool, TargetError> {
    let rows = wire.query_rows(text::HAS_BOTH, Vec::new()).map_err(place.explainer("look for mfm's own tables"))?;
    Ok(rows.first().is_some_and(|row| cell_integer(row.first()) == Some(2)))
}

/// Inserts the row of an operation.
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

/// Finds the row of a uid.
pub(super) fn find_operation(
    wire: &mut Wire,
    place: &ServerLocation,
    uid: &Digest,
) -> Result<Option<OperationRow>, TargetError> {
    Ok(operation_rows(wire, place, &text::select_operation(), vec![digest_text(uid)])?.pop())
}

/// Finds the row of an operation by its number in a journal.
pub(super) fn operation_at(
    wire: &mut Wire,
    place: &ServerLocation,
    journal_id: &Digest,
    op: u64,
) -> Result<Option<OperationRow>, TargetError> {
    let parameters = vec![digest_text(journal_id), op_number(op)];
    Ok(operation_rows(wire, place, &text::operation_at(), parameters)?.pop())
}

/// Finds the row of a journal's newest operation.
pub(super) fn find_newest_operation(
    wire: &mut Wire,
    place: &ServerLocation,
    journal_id: &Digest,
) -> Result<Option<OperationRow>, TargetError> {
    Ok(operation_rows(wire, place, &text::select_newest_operation(), vec![digest_text(journal_id)])?.pop())
}

/// Lists all rows of a journal, by operation number.
pub(super) fn list_operations(
    wire: &mut Wire,
    place: &ServerLocation,
    journal_id: &Digest,
) -> Result<Vec<OperationRow>, TargetError> {
    operation_rows(wire, place, &text::select_operations(), vec![digest_text(journal_id)])
}

/// Lists the ids of the journals that left rows.
pub(super) fn list_journals(wire: &mut Wire, place: &ServerLocation) -> Result<Vec<Digest>, TargetError> {
    let rows = wire.query_rows(&text::select_journals(), Vec::new()).map_err(place.explainer(READ))?;
    rows.iter().map(|row| parse_digest(place, row, 0)).collect()
}

const READ: &str = "read mfm's operations";

/// Returns a digest as a parameter.
pub(super) fn digest_text(digest: &Digest) -> ColumnData<'static> {
    wire::text_parameter(digest.to_string())
}

/// Returns an operation's number as a parameter. Numbers beyond the column's range become its maximum, which no row
/// has.
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
    let op = op.ok_or_else(|| place.failure(READ, "a number is invalid"))?;
    let state = OperationState::from_word(&cell_text(row.get(3)).unwrap_or_default());
    Ok(OperationRow { uid: parse_digest(place, row, 0)?, journal_id: parse_digest(place, row, 1)?, op, state })
}

fn parse_digest(place: &ServerLocation, row: &WireRow, at: usize) -> Result<Digest, TargetError> {
    let text = cell_text(row.get(at)).ok_or_else(|| place.failure(READ, "a digest is missing"))?;
    text.parse().map_err(|_| place.failure(READ, format!("`{text}` is not a digest")))
}
