//! Rows of a snapshot by id, for the modes. Does not read the database.

use crate::model::snapshot::key_form;
use crate::model::{Column, Fetch, Refusal, Role, Row, Snapshot, Table, Value};

/// Returns the row of a record by its id.
///
/// # Errors
/// [`Refusal::MissingTable`], [`Refusal::MissingColumn`] or [`Refusal::MissingRecord`].
pub(super) fn read_record<'s>(snapshot: &'s Snapshot, table: &str, key: &str, id: &Value) -> Result<Row<'s>, Refusal> {
    let rows = snapshot.table(table)?;
    rows.table.column(key)?;
    // The database may have another key than the domain knows: then the column is searched.
    let row = rows.row(std::slice::from_ref(id)).or_else(|| rows.rows_with(key, id).into_iter().next());
    row.ok_or_else(|| Refusal::MissingRecord { table: table.to_owned(), key: vec![id.clone()] })
}

/// Returns a column that an update can set: not part of the key, not computed and not set by the database itself.
///
/// # Errors
/// [`Refusal::Constraint`] or [`Refusal::MissingColumn`].
pub(super) fn settable_column<'t>(table: &'t Table, name: &str) -> Result<&'t Column, Refusal> {
    // Computed columns are not among those that can be read: look there first, or they would be reported as missing.
    let why = if table.omitted.iter().any(|column| column.image.name.eq_ignore_ascii_case(name)) {
        "is computed by the database"
    } else if table.shape.key.iter().any(|column| column.eq_ignore_ascii_case(name)) {
        "is part of its key"
    } else {
        let (_, column) = table.column(name)?;
        if column.role == Role::Plain {
            return Ok(column);
        }
        "is set by the database itself"
    };
    Err(Refusal::Constraint { table: table.shape.name.clone(), why: format!("{name} {why}") })
}

/// Returns the control points of a field, in key order.
///
/// # Errors
/// [`Refusal::MissingTable`] or [`Refusal::MissingColumn`].
pub(super) fn read_points<'s>(snapshot: &'s Snapshot, field: &Value) -> Result<Vec<Row<'s>>, Refusal> {
    let rows = snapshot.table("TxFieldPoint")?;
    rows.table.column("FLD_ID")?;
    Ok(rows.rows_with("FLD_ID", field))
}

/// Returns the unanswered queries for fields and their control points.
pub(super) fn field_queries(fields: &[Value], snapshot: &Snapshot) -> Vec<Fetch> {
    unread_queries(snapshot, ["TxField", "TxFieldPoint"].map(|table| Fetch::among(table, "FLD_ID", key_forms(fields))))
}

/// Returns the queries that the snapshot does not answer yet.
pub(super) fn unread_queries(snapshot: &Snapshot, queries: impl IntoIterator<Item = Fetch>) -> Vec<Fetch> {
    queries.into_iter().filter(|query| !snapshot.has_answer(query)).collect()
}

/// Returns the values of a column in those of the records that were read, without NULL.
pub(super) fn read_cells<'s>(
    snapshot: &'s Snapshot,
    table: &'s str,
    key: &'s str,
    records: &'s [Value],
    column: &'s str,
) -> impl Iterator<Item = Value> + 's {
    let rows = records.iter().filter_map(move |id| read_record(snapshot, table, key, id).ok());
    rows.filter_map(move |row| row.cell(column).map(key_form)).filter(|cell| !cell.is_null())
}

/// Normalises ids, so that they equal the foreign keys that refer to them.
pub(super) fn key_forms(values: &[Value]) -> impl Iterator<Item = Value> + '_ {
    values.iter().map(key_form)
}
