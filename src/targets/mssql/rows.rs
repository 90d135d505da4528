//! Reading rows of SQL Server: whole tables, by a column's values, by key; compares nothing with a plan.

use std::collections::BTreeSet;

use jiff::civil::Date;
use mfm_journal::Value;
use tiberius::ColumnData;

use super::catalogue::{Sheet, SheetField};
use super::codec;
use super::fault::{Place, Stopped};
use super::sql::rows as text;
use super::sql::scan::{Join, scan as scan_text};
use super::stage::{self, StagedColumn};
use super::wire::{self, Cells, Wire};
use crate::model::snapshot::key_form;
use crate::model::time::lies_on;
use crate::model::{Key, Kind, Page, Refusal};
use crate::targets::TargetError;

/// The most values that one query asks for; a call takes at most 2100 parameters.
const VALUES_MAX: usize = 1024;
/// How many keys are staged in one go.
pub(super) const BATCH: usize = 8192;

/// Asks, and hands out rows decoded as some columns.
fn ask(
    wire: &mut Wire,
    place: &Place,
    sheet: &Sheet,
    question: (&str, Vec<ColumnData<'static>>),
    fields: &[&SheetField],
    take: &mut dyn FnMut(Option<usize>, Vec<Value>) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    let (text, parameters) = question;
    let asked = wire.each(text, parameters, |row| {
        let (nth, cells) = split(row, fields.len());
        Ok::<(), Stopped>(take(nth, decoded(sheet, fields, cells)?)?)
    });
    asked.map_err(place.stopped("read rows"))
}

/// Splits off the number before a row's cells, where there is one.
fn split(mut row: Cells, width: usize) -> (Option<usize>, Cells) {
    if row.len() <= width {
        return (None, row);
    }
    let cells = row.split_off(1);
    (wire::whole(row.first()).and_then(|nth| usize::try_from(nth).ok()), cells)
}

fn decoded(sheet: &Sheet, fields: &[&SheetField], cells: Cells) -> Result<Vec<Value>, TargetError> {
    let one = |(field, cell): (&&SheetField, ColumnData<'static>)| {
        codec::decode(cell, field.kind).map_err(|inexact| {
            let what = format!("{} in {}.{} {}", inexact.0, sheet.shown(), field.name, field.kind.declared());
            TargetError::from(Refusal::Unsupported { what })
        })
    };
    fields.iter().zip(cells).map(one).collect()
}

fn all_fields(sheet: &Sheet) -> Vec<&SheetField> {
    sheet.fields.iter().collect()
}

/// Reads the rows of a scan, one after the other: the cells of a table, behind them those of the other one.
pub(super) fn scan(
    wire: &mut Wire,
    place: &Place,
    (sheet, order, beside): (&Sheet, Option<&SheetField>, Option<&Join>),
    take: &mut dyn FnMut(&[Value]) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    let fields = all_fields(sheet);
    let asked = wire.each(&scan_text(sheet, order, beside), Vec::new(), |mut row| {
        let others = row.split_off(fields.len().min(row.len()));
        let mut cells = decoded(sheet, &fields, row)?;
        if let Some(Join { parent, .. }) = beside {
            cells.extend(decoded(parent, &all_fields(parent), others)?);
        }
        Ok::<(), Stopped>(take(&cells)?)
    });
    asked.map_err(place.stopped("read rows"))
}

/// Reads every row of a table, one after the other.
pub(super) fn each(
    wire: &mut Wire,
    place: &Place,
    sheet: &Sheet,
    mut take: impl FnMut(Vec<Value>) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    let fields = all_fields(sheet);
    ask(wire, place, sheet, (&text::rows(sheet), Vec::new()), &fields, &mut |_, row| take(row))
}

/// Reads the rows whose column holds one of these values, whatever numeric type holds it.
pub(super) fn among(
    wire: &mut Wire,
    place: &Place,
    sheet: &Sheet,
    column: &str,
    values: &BTreeSet<Value>,
) -> Result<Vec<Vec<Value>>, TargetError> {
    let (at, column) = sheet.table.column(column)?;
    let field = field(sheet, &column.image.name)?;
    let wanted: BTreeSet<Value> = values.iter().filter(|value| !value.is_null()).map(key_form).collect();
    // A value that the column cannot hold is in no row.
    let held = wanted.iter().filter_map(|value| codec::encode(&as_held(value, field), field.kind));
    let asked: Vec<ColumnData<'static>> = held.collect();
    let fields = all_fields(sheet);
    let mut found = Vec::new();
    if !field.kind.compares() {
        each(wire, place, sheet, |row| {
            found.push(row);
            Ok(())
        })?;
    }
    for batch in asked.chunks(VALUES_MAX).filter(|_| field.kind.compares()) {
        // The last value again fills the batch up, so that few statements serve batches of all sizes.
        let size = batch.len().next_power_of_two();
        let filled = batch.iter().chain(std::iter::repeat(&batch[batch.len() - 1])).take(size).cloned();
        let question = text::rows_among(sheet, field, size);
        ask(wire, place, sheet, (&question, filled.collect()), &fields, &mut |_, row| {
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
        super::types::Type::Decimal { scale, .. } => scaled(scale),
        super::types::Type::Money | super::types::Type::SmallMoney => scaled(4),
        super::types::Type::Real | super::types::Type::Float => {
            decimal.to_f64_exact().map_or_else(|| value.clone(), Value::Real)
        }
        super::types::Type::Bit => Value::Boolean(*number != 0),
        _ => value.clone(),
    }
}

/// Reads the rows whose date and time lies on one of these days, the last one included.
pub(super) fn on_days(
    wire: &mut Wire,
    place: &Place,
    sheet: &Sheet,
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
    match sheet.field(&column.image.name).filter(|_| column.kind == Kind::DateTime) {
        Some(field) => {
            let day = |date: Date| wire::text(date.strftime("%Y%m%d").to_string());
            let question = text::rows_between(sheet, field);
            let fields = all_fields(sheet);
            ask(wire, place, sheet, (&question, vec![day(first), day(last)]), &fields, &mut |_, row| take(row))?;
        }
        // Dates kept as text are looked at one by one.
        None => each(wire, place, sheet, take)?,
    }
    Ok(found)
}

/// Reads all keys, ascending.
pub(super) fn keys(wire: &mut Wire, place: &Place, sheet: &Sheet) -> Result<Vec<Key>, TargetError> {
    sheet.require_key()?;
    let fields: Vec<&SheetField> = sheet.key_fields().collect();
    let mut keys = Vec::new();
    ask(wire, place, sheet, (&text::keys(sheet), Vec::new()), &fields, &mut |_, key| {
        keys.push(key);
        Ok(())
    })?;
    keys.sort();
    Ok(keys)
}

/// Reads the keys of a page, by the key's index where there is one.
pub(super) fn page(wire: &mut Wire, place: &Place, sheet: &Sheet, page: &Page) -> Result<Vec<Key>, TargetError> {
    let fields: Vec<&SheetField> = sheet.key_fields().collect();
    let [key] = fields.as_slice() else { return Ok(Vec::new()) };
    let only = page.only.as_ref().map(|only| holds(sheet, only)).transpose()?;
    let question = text::page(sheet, key, only.as_deref(), page);
    let mut keys = Vec::new();
    ask(wire, place, sheet, (&question, Vec::new()), &fields, &mut |_, key| {
        keys.push(key);
        Ok(())
    })?;
    Ok(keys)
}

/// Counts rows, all of them or those whose column holds a number.
pub(super) fn count(
    wire: &mut Wire,
    place: &Place,
    sheet: &Sheet,
    only: Option<&(String, i64)>,
) -> Result<u64, TargetError> {
    let only = only.map(|only| holds(sheet, only)).transpose()?;
    let counted = wire.rows(&text::count_only(sheet, only.as_deref()), Vec::new());
    let rows = counted.map_err(place.error("count rows"))?;
    let number = rows.first().and_then(|row| wire::whole(row.first()));
    Ok(number.map_or(0, i64::unsigned_abs))
}

fn holds(sheet: &Sheet, (column, number): &(String, i64)) -> Result<String, Refusal> {
    Ok(text::holds_number(field(sheet, column)?, *number))
}

/// Returns a column that is read, by its name in any case.
pub(super) fn field<'s>(sheet: &'s Sheet, column: &str) -> Result<&'s SheetField, Refusal> {
    let (_, column) = sheet.table.column(column)?;
    let name = &column.image.name;
    sheet.field(name).ok_or_else(|| Refusal::MissingColumn { table: sheet.shown().to_owned(), column: name.clone() })
}

/// Reads the largest value of a column.
pub(super) fn maximum(wire: &mut Wire, place: &Place, sheet: &Sheet, column: &str) -> Result<Option<i64>, TargetError> {
    let (_, column) = sheet.table.column(column)?;
    let Some(field) = sheet.field(&column.image.name) else { return Ok(None) };
    let mut largest = None;
    ask(wire, place, sheet, (&text::maximum(sheet, field), Vec::new()), &[field], &mut |_, row| {
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
    place: &Place,
    sheet: &Sheet,
    question: &str,
) -> Result<Option<Key>, TargetError> {
    let fields: Vec<&SheetField> = sheet.key_fields().collect();
    let mut found = None;
    ask(wire, place, sheet, (question, Vec::new()), &fields, &mut |_, key| {
        found = Some(key);
        Ok(())
    })?;
    Ok(found)
}

/// Reads the rows of keys, in the order of the keys.
pub(super) fn of_keys(
    wire: &mut Wire,
    place: &Place,
    sheet: &Sheet,
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
    place: &Place,
    sheet: &Sheet,
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
    let staged = stage::stage(wire, place, sheet, &parts, &mut rows)?;
    of_staged(wire, place, sheet, &text::rows_of_keys(sheet, &staged, false), &asked, &mut |nth, row| {
        found[places[nth]] = Some(row);
        Ok(())
    })?;
    stage::unstage(wire, place, &staged)?;
    Ok(found)
}

/// Reads the whole rows of staged keys, each by its number; a key that is asked for stands in one row.
pub(super) fn of_staged(
    wire: &mut Wire,
    place: &Place,
    sheet: &Sheet,
    question: &str,
    keys: &[&[Value]],
    take: &mut dyn FnMut(usize, Vec<Value>) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    let mut seen = vec![false; keys.len()];
    joined(wire, place, sheet, question, &mut |nth, row| {
        // What SQL Server holds equal need not be the same.
        if keys.get(nth).is_none() || sheet.table.key_of(&row)? != keys[nth] {
            return Ok(());
        }
        if std::mem::replace(&mut seen[nth], true) {
            return Err(repeats(sheet));
        }
        take(nth, row)
    })
}

/// Reads whole rows that belong to staged ones, by their numbers.
pub(super) fn joined(
    wire: &mut Wire,
    place: &Place,
    sheet: &Sheet,
    question: &str,
    take: &mut dyn FnMut(usize, Vec<Value>) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    numbered(wire, place, sheet, &all_fields(sheet), question, take)
}

/// Reads some cells of rows that belong to staged ones, by their numbers.
pub(super) fn numbered(
    wire: &mut Wire,
    place: &Place,
    sheet: &Sheet,
    fields: &[&SheetField],
    question: &str,
    take: &mut dyn FnMut(usize, Vec<Value>) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    ask(wire, place, sheet, (question, Vec::new()), fields, &mut |nth, row| match nth {
        Some(nth) => take(nth, row),
        None => Ok(()),
    })
}

/// Says that a key stands in several rows.
pub(super) fn repeats(sheet: &Sheet) -> TargetError {
    let why = "a key that is asked for stands in several rows".to_owned();
    Refusal::NoKey { table: sheet.shown().to_owned(), why }.into()
}
