//! Reads rows of SQL Server: whole tables, by a column's values, by key.

use std::collections::BTreeSet;

use jiff::civil::Date;
use mfm_journal::Value;
use tiberius::ColumnData;

use super::catalogue::{LayoutField, MssqlLayout};
use super::codec;
use super::fault::{ExchangeError, ServerLocation};
use super::sql::rows as text;
use super::sql::scan::{LayoutJoin, select_scan as scan_text};
use super::stage::{self, StagedColumn};
use super::types::MssqlType;
use super::wire::{self, Wire, WireRow};
use crate::model::snapshot::key_form;
use crate::model::time::lies_on;
use crate::model::{Key, KeyPage, Kind, Refusal};
use crate::targets::TargetError;

/// The largest number of values in one query; SQL Server takes at most 2100 parameters.
const VALUES_MAX: usize = 1024;
/// How many keys are staged together.
pub(super) const BATCH: usize = 8192;

/// A query with its parameters.
struct RowQuery<'q> {
    text: &'q str,
    parameters: Vec<ColumnData<'static>>,
}

impl<'q> RowQuery<'q> {
    /// Makes a query without parameters.
    const fn plain(text: &'q str) -> Self {
        Self { text, parameters: Vec::new() }
    }
}

/// Runs a query, and visits its rows decoded as the columns `fields`. A row that begins with a number is visited
/// together with it.
fn query_rows(
    wire: &mut Wire,
    place: &ServerLocation,
    layout: &MssqlLayout,
    query: RowQuery<'_>,
    fields: &[&LayoutField],
    visit: &mut dyn FnMut(Option<usize>, Vec<Value>) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    let visited = wire.visit_rows(query.text, query.parameters, |row| {
        let (nth, cells) = split_number(row, fields.len());
        Ok::<(), ExchangeError>(visit(nth, decode_row(layout, fields, cells)?)?)
    });
    visited.map_err(place.stop_explainer("read rows"))
}

/// Splits the number off a row that has one more cell than `width`.
fn split_number(mut row: WireRow, width: usize) -> (Option<usize>, WireRow) {
    if row.len() <= width {
        return (None, row);
    }
    let cells = row.split_off(1);
    (wire::cell_integer(row.first()).and_then(|nth| usize::try_from(nth).ok()), cells)
}

fn decode_row(layout: &MssqlLayout, fields: &[&LayoutField], cells: WireRow) -> Result<Vec<Value>, TargetError> {
    let mut row = Vec::with_capacity(fields.len());
    for (field, cell) in fields.iter().zip(cells) {
        row.push(codec::decode(cell, field.kind).map_err(|inexact| {
            let what =
                format!("{} in {}.{} {}", inexact.0, layout.display_name(), field.name, field.kind.declaration());
            Refusal::Unsupported { what }
        })?);
    }
    Ok(row)
}

fn all_fields(layout: &MssqlLayout) -> Vec<&LayoutField> {
    layout.fields.iter().collect()
}

/// Visits the rows of a scan: the cells of the table, followed by those of the row that it refers to.
pub(super) fn scan_rows(
    wire: &mut Wire,
    place: &ServerLocation,
    layout: &MssqlLayout,
    order: Option<&LayoutField>,
    join: Option<&LayoutJoin>,
    visit: &mut dyn FnMut(&[Value]) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    let fields = all_fields(layout);
    let visited = wire.visit_rows(&scan_text(layout, order, join), Vec::new(), |mut row| {
        let parent_cells = row.split_off(fields.len().min(row.len()));
        let mut cells = decode_row(layout, &fields, row)?;
        if let Some(LayoutJoin { parent, .. }) = join {
            cells.extend(decode_row(parent, &all_fields(parent), parent_cells)?);
        }
        Ok::<(), ExchangeError>(visit(&cells)?)
    });
    visited.map_err(place.stop_explainer("read rows"))
}

/// Visits every row of a table.
pub(super) fn visit_all_rows(
    wire: &mut Wire,
    place: &ServerLocation,
    layout: &MssqlLayout,
    mut visit: impl FnMut(Vec<Value>) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    let fields = all_fields(layout);
    let text = text::select_rows(layout);
    query_rows(wire, place, layout, RowQuery::plain(&text), &fields, &mut |_, row| visit(row))
}

/// Reads the rows whose column holds one of these values. An integer also matches the same number in another numeric
/// type.
pub(super) fn read_rows_among(
    wire: &mut Wire,
    place: &ServerLocation,
    layout: &MssqlLayout,
    column: &str,
    values: &BTreeSet<Value>,
) -> Result<Vec<Vec<Value>>, TargetError> {
    let (at, column) = layout.table.column(column)?;
    let field = require_field(layout, &column.image.name)?;
    let values: BTreeSet<Value> = values.iter().filter(|value| !value.is_null()).map(key_form).collect();
    // A value that the column cannot hold is in no row.
    let encoded = values.iter().filter_map(|value| codec::encode(&to_column_form(value, field), field.kind));
    let encoded: Vec<ColumnData<'static>> = encoded.collect();
    let fields = all_fields(layout);
    let mut rows = Vec::new();
    let mut keep = |row: Vec<Value>| -> Result<(), TargetError> {
        rows.push(row);
        Ok(())
    };
    if field.kind.is_comparable() {
        for batch in encoded.chunks(VALUES_MAX) {
            // The last value is repeated up to a power of two, so that few cached plans serve batches of any size.
            let size = batch.len().next_power_of_two();
            let parameters =
                batch.iter().chain(std::iter::repeat(&batch[batch.len() - 1])).take(size).cloned().collect();
            let text = text::rows_among(layout, field, size);
            let query = RowQuery { text: &text, parameters };
            query_rows(wire, place, layout, query, &fields, &mut |_, row| keep(row))?;
        }
    } else {
        // SQL has no `=` for such a type: read the whole table.
        visit_all_rows(wire, place, layout, keep)?;
    }
    // SQL Server's `=` is looser than equality of values: it may ignore case and trailing spaces.
    rows.retain(|row| row.get(at).is_some_and(|cell| values.contains(&key_form(cell))));
    // Two batches may find the same row, where SQL Server holds texts of both equal.
    if encoded.len() > VALUES_MAX && matches!(column.kind, Kind::Text { .. }) {
        rows.sort();
        rows.dedup();
    }
    Ok(rows)
}

/// Converts an integer to the form of its column: `1` is `1.0` in a `decimal(4,1)`. Other values stay as they are.
fn to_column_form(value: &Value, field: &LayoutField) -> Value {
    let Value::Integer(number) = value else { return value.clone() };
    let decimal = mfm_journal::Decimal::from(*number);
    let converted = match field.kind {
        MssqlType::Decimal { scale, .. } => decimal.at_scale(scale).map(Value::Decimal),
        MssqlType::Money | MssqlType::SmallMoney => decimal.at_scale(4).map(Value::Decimal),
        MssqlType::Real | MssqlType::Float => decimal.to_f64_exact().map(Value::Real),
        MssqlType::Bit => Some(Value::Boolean(*number != 0)),
        _ => None,
    };
    converted.unwrap_or_else(|| value.clone())
}

/// Reads the rows whose date lies between two days, both included.
pub(super) fn read_rows_on_days(
    wire: &mut Wire,
    place: &ServerLocation,
    layout: &MssqlLayout,
    column: &str,
    first: Date,
    last: Date,
) -> Result<Vec<Vec<Value>>, TargetError> {
    let (at, column) = layout.table.column(column)?;
    let mut on_days = Vec::new();
    let mut keep = |row: Vec<Value>| -> Result<(), TargetError> {
        if row.get(at).is_some_and(|cell| lies_on(cell, column, first, last)) {
            on_days.push(row);
        }
        Ok(())
    };
    match layout.find_field(&column.image.name).filter(|_| column.kind == Kind::DateTime) {
        Some(field) => {
            let text = text::rows_between(layout, field);
            let days = [first, last].map(|day| wire::text_parameter(day.strftime("%Y%m%d").to_string()));
            let query = RowQuery { text: &text, parameters: Vec::from(days) };
            query_rows(wire, place, layout, query, &all_fields(layout), &mut |_, row| keep(row))?;
        }
        // A date stored as text has a form that SQL Server may not read: each row is looked at here.
        None => visit_all_rows(wire, place, layout, keep)?,
    }
    Ok(on_days)
}

/// Reads all keys, ascending.
pub(super) fn read_keys(
    wire: &mut Wire,
    place: &ServerLocation,
    layout: &MssqlLayout,
) -> Result<Vec<Key>, TargetError> {
    layout.require_key()?;
    let fields: Vec<&LayoutField> = layout.key_fields().collect();
    let mut keys = Vec::new();
    query_rows(wire, place, layout, RowQuery::plain(&text::select_keys(layout)), &fields, &mut |_, key| {
        keys.push(key);
        Ok(())
    })?;
    // In Rust, not in SQL: the order of keys must not depend on a collation.
    keys.sort();
    Ok(keys)
}

/// Reads the keys of a page, by the key's index where there is one.
pub(super) fn read_key_page(
    wire: &mut Wire,
    place: &ServerLocation,
    layout: &MssqlLayout,
    page: &KeyPage,
) -> Result<Vec<Key>, TargetError> {
    let fields: Vec<&LayoutField> = layout.key_fields().collect();
    let [key] = fields.as_slice() else { return Ok(Vec::new()) };
    let only = page.only.as_ref().map(|only| number_condition(layout, only)).transpose()?;
    let question = text::select_key_page(layout, key, only.as_deref(), page);
    let mut keys = Vec::new();
    query_rows(wire, place, layout, RowQuery::plain(&question), &fields, &mut |_, key| {
        keys.push(key);
        Ok(())
    })?;
    Ok(keys)
}

/// Counts all rows, or those whose column holds a number.
pub(super) fn count_rows(
    wire: &mut Wire,
    place: &ServerLocation,
    layout: &MssqlLayout,
    only: Option<&(String, i64)>,
) -> Result<u64, TargetError> {
    let only = only.map(|only| number_condition(layout, only)).transpose()?;
    let answer = wire.query_rows(&text::count_only(layout, only.as_deref()), Vec::new());
    let answer = answer.map_err(place.explainer("count rows"))?;
    let count = answer.first().and_then(|row| wire::cell_integer(row.first()));
    Ok(count.map_or(0, i64::unsigned_abs))
}

fn number_condition(layout: &MssqlLayout, only: &(String, i64)) -> Result<String, Refusal> {
    let (column, number) = only;
    Ok(text::holds_number(require_field(layout, column)?, *number))
}

/// Returns a column by its name in any case, refusing one that does not exist or is not read.
pub(super) fn require_field<'s>(layout: &'s MssqlLayout, column: &str) -> Result<&'s LayoutField, Refusal> {
    let (_, column) = layout.table.column(column)?;
    let name = &column.image.name;
    layout
        .find_field(name)
        .ok_or_else(|| Refusal::MissingColumn { table: layout.display_name().to_owned(), column: name.clone() })
}

/// Reads the largest integer of a column; `None` where it holds none.
pub(super) fn read_maximum(
    wire: &mut Wire,
    place: &ServerLocation,
    layout: &MssqlLayout,
    column: &str,
) -> Result<Option<i64>, TargetError> {
    let (_, column) = layout.table.column(column)?;
    let Some(field) = layout.find_field(&column.image.name) else { return Ok(None) };
    let mut largest = None;
    query_rows(wire, place, layout, RowQuery::plain(&text::select_maximum(layout, field)), &[field], &mut |_, row| {
        if let Some(Value::Integer(number)) = row.first().map(key_form) {
            largest = Some(number);
        }
        Ok(())
    })?;
    Ok(largest)
}

/// Reads the last key that a query of key columns returns; `None` where it returns none.
pub(super) fn find_one_key(
    wire: &mut Wire,
    place: &ServerLocation,
    layout: &MssqlLayout,
    question: &str,
) -> Result<Option<Key>, TargetError> {
    let fields: Vec<&LayoutField> = layout.key_fields().collect();
    let mut last = None;
    query_rows(wire, place, layout, RowQuery::plain(question), &fields, &mut |_, key| {
        last = Some(key);
        Ok(())
    })?;
    Ok(last)
}

/// Visits the rows with these keys, in the order of the keys; `None` for an absent row.
pub(super) fn visit_rows_of_keys(
    wire: &mut Wire,
    place: &ServerLocation,
    layout: &MssqlLayout,
    keys: &[&[Value]],
    mut visit: impl FnMut(Option<Vec<Value>>) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    layout.require_key()?;
    for batch in keys.chunks(BATCH) {
        read_batch_of_keys(wire, place, layout, batch)?.into_iter().try_for_each(&mut visit)?;
    }
    Ok(())
}

fn read_batch_of_keys(
    wire: &mut Wire,
    place: &ServerLocation,
    layout: &MssqlLayout,
    keys: &[&[Value]],
) -> Result<Vec<Option<Vec<Value>>>, TargetError> {
    let fields: Vec<&LayoutField> = layout.key_fields().collect();
    // A key that its columns cannot hold belongs to no row, and could not be staged.
    let positions: Vec<usize> = (0..keys.len()).filter(|at| is_possible_key(&fields, keys[*at])).collect();
    let mut rows: Vec<Option<Vec<Value>>> = vec![None; keys.len()];
    if positions.is_empty() {
        return Ok(rows);
    }
    let parts: Vec<StagedColumn<'_>> =
        fields.iter().copied().map(|field| StagedColumn { letter: "k", field }).collect();
    let possible_keys: Vec<&[Value]> = positions.iter().map(|at| keys[*at]).collect();
    let mut cells = possible_keys.iter().map(|key| key.iter().collect());
    let staged = stage::stage_rows(wire, place, layout, &parts, &mut cells)?;
    visit_rows_of_staged(
        wire,
        place,
        layout,
        &text::rows_of_keys(layout, &staged, false),
        &possible_keys,
        &mut |nth, row| {
            rows[positions[nth]] = Some(row);
            Ok(())
        },
    )?;
    stage::unstage_rows(wire, place, &staged)?;
    Ok(rows)
}

fn is_possible_key(fields: &[&LayoutField], key: &[Value]) -> bool {
    let fits = fields.iter().zip(key).all(|(field, value)| codec::encode(value, field.kind).is_some());
    fits && key.len() == fields.len() && !key.iter().any(Value::is_null)
}

/// Visits the whole rows of staged keys, each with the key's number. A key with several rows is refused.
pub(super) fn visit_rows_of_staged(
    wire: &mut Wire,
    place: &ServerLocation,
    layout: &MssqlLayout,
    question: &str,
    keys: &[&[Value]],
    visit: &mut dyn FnMut(usize, Vec<Value>) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    let mut seen = vec![false; keys.len()];
    visit_staged_rows(wire, place, layout, question, &mut |nth, row| {
        // The join compares keys as SQL Server does, which may hold different texts equal.
        if keys.get(nth).is_none() || layout.table.key_of(&row)? != keys[nth] {
            return Ok(());
        }
        if std::mem::replace(&mut seen[nth], true) {
            return Err(repeated_key_error(layout));
        }
        visit(nth, row)
    })
}

/// Visits whole rows that belong to staged ones, each with the staged row's number.
pub(super) fn visit_staged_rows(
    wire: &mut Wire,
    place: &ServerLocation,
    layout: &MssqlLayout,
    question: &str,
    visit: &mut dyn FnMut(usize, Vec<Value>) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    visit_numbered_cells(wire, place, layout, &all_fields(layout), question, visit)
}

/// Visits some cells of rows that belong to staged ones, each with the staged row's number.
pub(super) fn visit_numbered_cells(
    wire: &mut Wire,
    place: &ServerLocation,
    layout: &MssqlLayout,
    fields: &[&LayoutField],
    question: &str,
    visit: &mut dyn FnMut(usize, Vec<Value>) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    query_rows(wire, place, layout, RowQuery::plain(question), fields, &mut |nth, row| match nth {
        Some(nth) => visit(nth, row),
        None => Ok(()),
    })
}

/// Builds the refusal of a key that several rows have.
pub(super) fn repeated_key_error(layout: &MssqlLayout) -> TargetError {
    let why = "a requested key occurs in several rows".to_owned();
    Refusal::NoKey { table: layout.display_name().to_owned(), why }.into()
}
