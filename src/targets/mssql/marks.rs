//! The two tables that mfm leaves in a target, as they are read, and the identity that a marker is bound to; writes
//! neither.

use mfm_journal::Digest;
use tiberius::ColumnData;

use super::fault::{Fault, Place};
use super::sql::{marks as text, session};
use super::wire::{self, Cells, Wire, number, whole, word};
use crate::targets::{Bound, Marker, OperationRow, OperationState, TargetError};

/// What a session's database says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DatabaseIdentity {
    /// What markers are bound to.
    pub(super) bound: Bound,
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
pub(super) fn identity(wire: &mut Wire, place: &Place) -> Result<DatabaseIdentity, TargetError> {
    let rows = wire.rows(session::IDENTITY, Vec::new()).map_err(place.error("read the database's identity"))?;
    let row = rows.first().ok_or_else(|| place.failed("read the database's identity", "it is not listed"))?;
    let text = |at: usize| word(row.get(at)).unwrap_or_default();
    let database = text(1);
    let facts = [
        ("server", text(0)),
        ("database", database.clone()),
        ("database_id", whole(row.get(2)).unwrap_or_default().to_string()),
        ("created", text(3)),
        ("broker_guid", text(4)),
    ];
    Ok(DatabaseIdentity {
        bound: facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        database,
        snapshots: whole(row.get(5)) == Some(1),
        schema: Some(text(6)).filter(|schema| !schema.is_empty()).unwrap_or_else(|| "dbo".to_owned()),
        login: text(8),
    })
}

/// Reads the marker.
pub(super) fn marker(wire: &mut Wire, place: &Place) -> Result<Option<Marker>, TargetError> {
    let rows = wire.rows(&text::marker(), Vec::new()).map_err(place.error("read the marker"))?;
    match rows.as_slice() {
        [] => Ok(None),
        [sees] if sees.len() == 1 => {
            if wire::flag(sees.first()) {
                Ok(None)
            } else {
                Err(unseen(place))
            }
        }
        [row] => {
            let unreadable = |why: &str| place.failed("read the marker", why);
            let cell = |at: usize| word(row.get(at)).ok_or_else(|| unreadable("it has another form"));
            let bound = serde_json::from_str(&cell(1)?).map_err(|error| unreadable(&error.to_string()))?;
            let at_us = whole(row.get(2)).ok_or_else(|| unreadable("it has another form"))?;
            Ok(Some(Marker { marker_id: cell(0)?, bound, at_us, actor: cell(3)? }))
        }
        _ => Err(place.failed("read the marker", "there are several")),
    }
}

/// Says that what this login does not see may be there all the same.
fn unseen(place: &Place) -> TargetError {
    let what = "see whether there is a marker".to_owned();
    let why = "this login sees nothing of the schema dbo but what it was granted by name".to_owned();
    let grant = Some("GRANT VIEW DEFINITION ON SCHEMA::dbo".to_owned());
    TargetError::Permission { url: place.url.clone(), what, why, grant }
}

/// Tells whether there is room for operations.
pub(super) fn has_operations(wire: &mut Wire, place: &Place) -> Result<bool, TargetError> {
    let rows = wire.rows(text::HAS_OPERATIONS, Vec::new()).map_err(place.error("look for mfm's own tables"))?;
    Ok(rows.first().is_some_and(|row| wire::flag(row.first())))
}

/// Tells whether there is room for a marker and for operations.
pub(super) fn has_both(wire: &mut Wire, place: &Place) -> Result<bool, TargetError> {
    let rows = wire.rows(text::HAS_BOTH, Vec::new()).map_err(place.error("look for mfm's own tables"))?;
    Ok(rows.first().is_some_and(|row| whole(row.first()) == Some(2)))
}

/// Puts the row of an operation.
pub(super) fn put_operation(
    wire: &mut Wire,
    row: &OperationRow,
    state: OperationState,
    at_us: i64,
) -> Result<(), Fault> {
    let parameters = vec![
        digest_text(&row.uid),
        digest_text(&row.journal_id),
        op_number(row.op),
        wire::text(state.word()),
        number(at_us),
    ];
    wire.execute(text::INSERT_OPERATION, parameters).map(drop)
}

/// Reads the row of a uid.
pub(super) fn operation(wire: &mut Wire, place: &Place, uid: &Digest) -> Result<Option<OperationRow>, TargetError> {
    Ok(operation_rows(wire, place, &text::operation(), vec![digest_text(uid)])?.pop())
}

/// Reads the row of a journal's number.
pub(super) fn operation_at(
    wire: &mut Wire,
    place: &Place,
    journal_id: &Digest,
    op: u64,
) -> Result<Option<OperationRow>, TargetError> {
    let parameters = vec![digest_text(journal_id), op_number(op)];
    Ok(operation_rows(wire, place, &text::operation_at(), parameters)?.pop())
}

/// Reads the newest row of a journal.
pub(super) fn newest(wire: &mut Wire, place: &Place, journal_id: &Digest) -> Result<Option<OperationRow>, TargetError> {
    Ok(operation_rows(wire, place, &text::newest(), vec![digest_text(journal_id)])?.pop())
}

/// Reads all rows of a journal.
pub(super) fn operations(
    wire: &mut Wire,
    place: &Place,
    journal_id: &Digest,
) -> Result<Vec<OperationRow>, TargetError> {
    operation_rows(wire, place, &text::operations(), vec![digest_text(journal_id)])
}

/// Reads the ids of the journals that left rows.
pub(super) fn journals(wire: &mut Wire, place: &Place) -> Result<Vec<Digest>, TargetError> {
    let rows = wire.rows(&text::journals(), Vec::new()).map_err(place.error(READ))?;
    rows.iter().map(|row| digest(place, row, 0)).collect()
}

const READ: &str = "read mfm's operations";

/// Returns a digest as a parameter.
pub(super) fn digest_text(digest: &Digest) -> ColumnData<'static> {
    wire::text(digest.to_string())
}

/// Returns an operation's number as a parameter; numbers beyond the column's range match no row.
pub(super) fn op_number(op: u64) -> ColumnData<'static> {
    number(i64::try_from(op).unwrap_or(i64::MAX))
}

fn operation_rows(
    wire: &mut Wire,
    place: &Place,
    text: &str,
    parameters: Vec<ColumnData<'static>>,
) -> Result<Vec<OperationRow>, TargetError> {
    let rows = wire.rows(text, parameters).map_err(place.error(READ))?;
    rows.iter().map(|row| operation_row(place, row)).collect()
}

fn operation_row(place: &Place, row: &Cells) -> Result<OperationRow, TargetError> {
    let op = whole(row.get(2)).and_then(|op| u64::try_from(op).ok());
    let op = op.ok_or_else(|| place.failed(READ, "a number is none"))?;
    let state = OperationState::of(&word(row.get(3)).unwrap_or_default());
    Ok(OperationRow { uid: digest(place, row, 0)?, journal_id: digest(place, row, 1)?, op, state })
}

fn digest(place: &Place, row: &Cells, at: usize) -> Result<Digest, TargetError> {
    let text = word(row.get(at)).ok_or_else(|| place.failed(READ, "a digest is missing"))?;
    text.parse().map_err(|_| place.failed(READ, format!("`{text}` is no digest")))
}
