//! Reading rows of SQL Server: whole tables, by a column's values, by key; compares nothing with a plan.

use std::collections::BTreeSet;

use jiff::civil::Date;
use mfm_journal::Value;
use tiberius::ColumnData;

use super::catalogue::{MssqlLayout, SheetField};
use super::codec;
use super::fault::{ExchangeError, ServerLocation};
use super::sql::rows as text;
use super::sql::scan::{LayoutJoin, select_scan as scan_text};
use super::stage::{self, StagedColumn};
use super::wire::{self, Wire, WireRow};
use crate::model::snapshot::key_form;
use crate::model::time::lies_on;
use crate::model::{Key, KeyPage, Kind, Refusal};
use crate::targets::TargetError;

/// The most values that one query asks for; a call takes at most 2100 parameters.
const VALUES_MAX: usize = 1024;
/// How many keys are staged in one go.
pub(super) const BATCH: usize = 8192;

/// Asks, and hands out rows decoded as some columns.
fn query_rows(
    wire: &mut Wire,
    place: &ServerLocation,
    sheet: &MssqlLayout,
    question: (&str, Vec<ColumnData<'static>>),
    fields: &[&SheetField],
    take: &mut dyn FnMut(Option<usize>, Vec<Value>) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    let (text, parameters) = question;
    let asked = wire.visit_rows(text, parameters, |row| {
        let (nth, cells) = split_number(row, fields.len());
        Ok::<(), ExchangeError>(take(nth, decode_row(sheet, fields, cells)?)?)
    });
    asked.map_err(place.stop_explainer("read rows"))
}

/// Splits off the number before a row's cells, where there is one.
fn split_number(mut row: WireRow, width: usize) -> (Option<usize>, WireRow) {
    if row.len() <= width {
        return (None, row);
    }
    let cells = row.split_off(1);
    (wire::cell_integer(row.first()).and_then(|nth| usize::try_from(nth).ok()), cells)
}

fn decode_row(sheet: &MssqlLayout, fields: &[&SheetField], cells: WireRow) -> Result<Vec<Value>, TargetError> {
    let one = |(field, cell): (&&SheetField, ColumnData<'static>)| {
        codec::decode(cell, field.kind).map_err(|inexact| {
            let what = format!("{} in {}.{} {}", inexact.0, sheet.display_name(), field.name, field.kind.declaration());
            TargetError::from(Refusal::Unsupported { what })
        })
    };
    fields.iter().zip(cells).map(one).collect()
}

fn all_fields(sheet: &MssqlLayout) -> Vec<&SheetField> {
    sheet.fields.iter().collect()
}

/// Reads the rows of a scan, one after the other: the cells of a table, behind them those of the other one.
pub(super) fn scan_rows(
    wire: &mut Wire,
    place: &ServerLocation,
    (sheet, order, beside): (&MssqlLayout, Option<&SheetField>, Option<&LayoutJoin>),
    take: &mut dyn FnMut(&[Value]) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    let fields = all_fields(sheet);
    let asked = wire.visit_rows(&scan_text(sheet, order, beside), Vec::new(), |mut row| {
        let others = row.split_off(fields.len().min(row.len()));
        let mut cells = decode_row(sheet, &fields, row)?;
        if let Some(LayoutJoin { parent, .. }) = beside {
            cells.extend(decode_row(parent, &all_fields(parent), others)?);
        }
        Ok::<(), ExchangeError>(take(&cells)?)
    });
    asked.map_err(place.stop_explainer("read rows"))
}

/// Reads every row of a table, one after the other.
pub(super) fn visit_all_rows(
    wire: &mut Wire,
    place: &ServerLocation,
    sheet: &MssqlLayout,
    mut take: impl FnMut(Vec<Value>) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    let fields = all_fields(sheet);
    query_rows(wire, place, sheet, (&text::select_rows(sheet), Vec::new()), &fields, &mut |_, row| take(row))
}

/// Reads the rows whose column holds one of these values, whatever numeric type holds it.
pub(super) fn read_rows_among(
    wire: &mut Wire,
    place: &ServerLocation,
    sheet: &MssqlLayout,
    column: &str,
    values: &BTreeSet<Value>,
) -> Result<Vec<Vec<Value>>, TargetError> {
    let (at, column) = sheet.table.column(column)?;
    let field = require_field(sheet, &column.image.name)?;
    let wanted: BTreeSet<Value> = values.iter().filter(|value| !value.is_null()).map(key_form).collect();
    // A value that the column cannot hold is in no row.
    let held = wanted.iter().filter_map(|value| codec::encode(&as_held(value, field), field.kind));
    let asked: Vec<ColumnData<'static>> = held.collect();
    let fields = all_fields(sheet);
    let mut found = Vec::new();
    if !field.kind.is_comparable() {
        visit_all_rows(wire, place, sheet, |row| {
            found.push(row);
            Ok(())
        })?;
    }
    for batch in asked.chunks(VALUES_MAX).filter(|_| field.kind.is_comparable()) {
        // The last value again fills the batch up, so that few statements serve batches of all sizes.
        let size = batch.len().next_power_of_two();
        let filled = batch.iter().chain(std::iter::repeat(&batch[batch.len() - 1])).take(size).cloned();
        let question = text::rows_among(sheet, field, size);
        query_rows(wire, place, sheet, (&question, filled.collect()), &fields, &mut |_, row| {
            found.push(row);
            Ok(())
        })?;
    }
    found.retain(|row| row.get(at).is_some_and(|cell| wanted.contains(&key_form(cell))));
    // Batches of values that SQL Server holds equal may find a row twice.
    if asked.len() > VALUES_MAX && matches!(column.kind, Kind::Text { .. }) {
        found.sort();
        found.dedup();
    }
    Ok(found)
}

/// Returns a number in the form of its column: `1` is `1.0` in a `decimal(4,1)`.
fn as_held(value: &Value, field: &SheetField) -> Value {
    let Value::Integer(number) = value else { return value.clone() };
    let decimal = mfm_journal::Decimal::from(*number);
    let scaled = |scale| decimal.at_scale(scale).map_or_else(|| value.clone(), Value::Decimal);
    match field.kind {
        super::types::MssqlType::Decimal { scale, .. } => scaled(scale),
        super::types::MssqlType::Money | super::types::MssqlType::SmallMoney => scaled(4),
        super::types::MssqlType::Real | super::types::MssqlType::Float => {
            decimal.to_f64_exact().map_or_else(|| value.clone(), Value::Real)
        }
        super::types::MssqlType::Bit => Value::Boolean(*number != 0),
        _ => value.clone(),
    }
}

/// Reads the rows whose date and time lies on one of these days, the last one included.
pub(super) fn on_days(
    wire: &mut Wire,
    place: &ServerLocation,
    sheet: &MssqlLayout,
    column: &str,
    (first, last): (Date, Date),
) -> Result<Vec<Vec<Value>>, TargetError> {
    let (at, column) = sheet.table.column(column)?;
    let mut found = Vec::new();
    let mut take = |row: Vec<Value>| {
        if row.get(at).is_some_and(|cell| lies_on(cell, column, first, last)) {
            found.push(row);
        }
        Ok(())
    };
    match sheet.find_field(&column.image.name).filter(|_| column.kind == Kind::DateTime) {
        Some(field) => {
            let day = |date: Date| wire::text_parameter(date.strftime("%Y%m%d").to_string());
            let question = text::rows_between(sheet, field);
            let fields = all_fields(sheet);
            query_rows(wire, place, sheet, (&question, vec![day(first), day(last)]), &fields, &mut |_, row| take(row))?;
        }
        // Dates kept as text are looked at one by one.
        None => visit_all_rows(wire, place, sheet, take)?,
    }
    Ok(found)
}

/// Reads all keys, ascending.
pub(super) fn read_keys(wire: &mut Wire, place: &ServerLocation, sheet: &MssqlLayout) -> Result<Vec<Key>, TargetError> {
    sheet.require_key()?;
    let fields: Vec<&SheetField> = sheet.key_fields().collect();
    let mut keys = Vec::new();
    query_rows(wire, place, sheet, (&text::select_keys(sheet), Vec::new()), &fields, &mut |_, key| {
        keys.push(key);
        Ok(())
    })?;
    keys.sort();
    Ok(keys)
}

/// Reads the keys of a page, by the key's index where there is one.
pub(super) fn read_key_page(
    wire: &mut Wire,
    place: &ServerLocation,
    sheet: &MssqlLayout,
    page: &KeyPage,
) -> Result<Vec<Key>, TargetError> {
    let fields: Vec<&SheetField> = sheet.key_fields().collect();
    let [key] = fields.as_slice() else { return Ok(Vec::new()) };
    let only = page.only.as_ref().map(|only| number_condition(sheet, only)).transpose()?;
    let question = text::select_key_page(sheet, key, only.as_deref(), page);
    let mut keys = Vec::new();
    query_rows(wire, place, sheet, (&question, Vec::new()), &fields, &mut |_, key| {
        keys.push(key);
        Ok(())
    })?;
    Ok(keys)
}

/// Counts rows, all of them or those whose column holds a number.
pub(super) fn count_rows(
    wire: &mut Wire,
    place: &ServerLocation,
    sheet: &MssqlLayout,
    only: Option<&(String, i64)>,
) -> Result<u64, TargetError> {
    let only = only.map(|only| number_condition(sheet, only)).transpose()?;
    let counted = wire.query_rows(&text::count_only(sheet, only.as_deref()), Vec::new());
    let rows = counted.map_err(place.explainer("count rows"))?;
    let number = rows.first().and_then(|row| wire::cell_integer(row.first()));
    Ok(number.map_or(0, i64::unsigned_abs))
}

fn number_condition(sheet: &MssqlLayout, (column, number): &(String, i64)) -> Result<String, Refusal> {
    Ok(text::holds_number(require_field(sheet, column)?, *number))
}

/// Returns a column that is read, by its name in any case.
pub(super) fn require_field<'s>(sheet: &'s MssqlLayout, column: &str) -> Result<&'s SheetField, Refusal> {
    let (_, column) = sheet.table.column(column)?;
    let name = &column.image.name;
    sheet
        .find_field(name)
        .ok_or_else(|| Refusal::MissingColumn { table: sheet.display_name().to_owned(), column: name.clone() })
}

/// Reads the largest value of a column.
pub(super) fn read_maximum(
    wire: &mut Wire,
    place: &ServerLocation,
    sheet: &MssqlLayout,
    column: &str,
) -> Result<Option<i64>, TargetError> {
    let (_, column) = sheet.table.column(column)?;
    let Some(field) = sheet.find_field(&column.image.name) else { return Ok(None) };
    let mut largest = None;
    query_rows(wire, place, sheet, (&text::select_maximum(sheet, field), Vec::new()), &[field], &mut |_, row| {
        if let Some(Value::Integer(number)) = row.first().map(key_form) {
            largest = Some(number);
        }
        Ok(())
    })?;
    Ok(largest)
}

/// Reads one key by a question of the preflight.
pub(super) fn one_key(
    wire: &mut Wire,
    place: &ServerLocation,
    sheet: &MssqlLayout,
    question: &str,
) -> Result<Option<Key>, TargetError> {
    let fields: Vec<&SheetField> = sheet.key_fields().collect();
    let mut found = None;
    query_rows(wire, place, sheet, (question, Vec::new()), &fields, &mut |_, key| {
        found = Some(key);
        Ok(())
    })?;
    Ok(found)
}

/// Reads the rows of keys, in the order of the keys.
pub(super) fn of_keys(
    wire: &mut Wire,
    place: &ServerLocation,
    sheet: &MssqlLayout,
    keys: &[&[Value]],
    mut take: impl FnMut(Option<Vec<Value>>) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    sheet.require_key()?;
    for batch in keys.chunks(BATCH) {
        batch_of_keys(wire, place, sheet, batch)?.into_iter().try_for_each(&mut take)?;
    }
    Ok(())
}

fn batch_of_keys(
    wire: &mut Wire,
    place: &ServerLocation,
    sheet: &MssqlLayout,
    keys: &[&[Value]],
) -> Result<Vec<Option<Vec<Value>>>, TargetError> {
    let fields: Vec<&SheetField> = sheet.key_fields().collect();
    // A key that its columns cannot hold belongs to no row.
    let possible = |key: &&[Value]| {
        let fits = fields.iter().zip(key.iter()).all(|(field, value)| codec::encode(value, field.kind).is_some());
        fits && key.len() == fields.len() && !key.iter().any(Value::is_null)
    };
    let places: Vec<usize> = (0..keys.len()).filter(|at| possible(&keys[*at])).collect();
    let mut found: Vec<Option<Vec<Value>>> = vec![None; keys.len()];
    if places.is_empty() {
        return Ok(found);
    }
    let parts: Vec<StagedColumn<'_>> =
        fields.iter().copied().map(|field| StagedColumn { letter: "k", field }).collect();
    let asked: Vec<&[Value]> = places.iter().map(|at| keys[*at]).collect();
    let mut rows = asked.iter().map(|key| key.iter().collect());
    let staged = stage::stage_rows(wire, place, sheet, &parts, &mut rows)?;
    of_staged(wire, place, sheet, &text::rows_of_keys(sheet, &staged, false), &asked, &mut |nth, row| {
        found[places[nth]] = Some(row);
        Ok(())
    })?;
    stage::unstage_rows(wire, place, &staged)?;
    Ok(found)
}

/// Reads the whole rows of staged keys, each by its number; a key that is asked for stands in one row.
pub(super) fn of_staged(
    wire: &mut Wire,
    place: &ServerLocation,
    sheet: &MssqlLayout,
    question: &str,
    keys: &[&[Value]],
    take: &mut dyn FnMut(usize, Vec<Value>) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    let mut seen = vec![false; keys.len()];
    visit_staged_rows(wire, place, sheet, question, &mut |nth, row| {
        // What SQL Server holds equal need not be the same.
        if keys.get(nth).is_none() || sheet.table.key_of(&row)? != keys[nth] {
            return Ok(());
        }
        if std::mem::replace(&mut seen[nth], true) {
            return Err(repeated_key_error(sheet));
        }
        take(nth, row)
    })
}

/// Reads whole rows that belong to staged ones, by their numbers.
pub(super) fn visit_staged_rows(
    wire: &mut Wire,
    place: &ServerLocation,
    sheet: &MssqlLayout,
    question: &str,
    take: &mut dyn FnMut(usize, Vec<Value>) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    visit_numbered_cells(wire, place, sheet, &all_fields(sheet), question, take)
}

/// Reads some cells of rows that belong to staged ones, by their numbers.
pub(super) fn visit_numbered_cells(
    wire: &mut Wire,
    place: &ServerLocation,
    sheet: &MssqlLayout,
    fields: &[&SheetField],
    question: &str,
    take: &mut dyn FnMut(usize, Vec<Value>) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    query_rows(wire, place, sheet, (question, Vec::new()), fields, &mut |nth, row| match nth {
        Some(nth) => take(nth, row),
        None => Ok(()),
    })
}

/// Says that a key stands in several rows.
pub(super) fn repeated_key_error(sheet: &MssqlLayout) -> TargetError {
    let why = "a key that is asked for stands in several rows".to_owned();
    Refusal::NoKey { table: sheet.display_name().to_owned(), why }.into()
}
