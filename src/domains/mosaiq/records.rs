//! Finding rows of a snapshot: records by id, the control points of a field; reads no database.

use crate::model::snapshot::key_form;
use crate::model::{Column, Fetch, Refusal, Role, Row, Snapshot, Table, Value};

/// Returns the row of a record.
///
/// # Errors
/// [`Refusal::MissingTable`], [`Refusal::MissingColumn`] or [`Refusal::MissingRecord`].
pub(super) fn read_record<'s>(snapshot: &'s Snapshot, table: &str, key: &str, id: &Value) -> Result<Row<'s>, Refusal> {
    let rows = snapshot.table(table)?;
    rows.table.column(key)?;
    let found = rows.row(std::slice::from_ref(id)).or_else(|| rows.rows_with(key, id).into_iter().next());
    found.ok_or_else(|| Refusal::MissingRecord { table: table.to_owned(), key: vec![id.clone()] })
}

/// Returns a column that anyone can set: no key and nothing that the database computes, which is not among the columns
/// that can be read.
///
/// # Errors
/// [`Refusal::Constraint`] or [`Refusal::MissingColumn`].
pub(super) fn settable_column<'t>(table: &'t Table, name: &str) -> Result<&'t Column, Refusal> {
    let is = |other: &String| other.eq_ignore_ascii_case(name);
    let constraint = |why: &str| Refusal::Constraint { table: table.shape.name.clone(), why: format!("{name} {why}") };
    if table.omitted.iter().any(|column| is(&column.image.name)) {
        return Err(constraint("is computed by the database"));
    }
    if table.shape.key.iter().any(is) {
        return Err(constraint("is part of its key"));
    }
    let (_, column) = table.column(name)?;
    if column.role == Role::Plain { Ok(column) } else { Err(constraint("is set by the database itself")) }
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

/// Returns the queries that fields and their control points are read with.
pub(super) fn field_queries(fields: &[Value], snapshot: &Snapshot) -> Vec<Fetch> {
    let wanted = ["TxField", "TxFieldPoint"].map(|table| Fetch::among(table, "FLD_ID", key_forms(fields)));
    unread_queries(snapshot, wanted)
}

/// Returns those queries that were not answered yet.
pub(super) fn unread_queries(snapshot: &Snapshot, queries: impl IntoIterator<Item = Fetch>) -> Vec<Fetch> {
    queries.into_iter().filter(|query| !snapshot.has_answer(query)).collect()
}

/// Returns what a column holds in those of some records that were read, without NULL.
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

/// Returns ids in the form in which foreign keys meet.
pub(super) fn key_forms(values: &[Value]) -> impl Iterator<Item = Value> + '_ {
    values.iter().map(key_form)
}
