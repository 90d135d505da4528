//! Other patients to mistake one for: those treated on the same day, and those registered at about the same time.

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::domain::mode::{FaultRecord, Task};
use crate::domains::mosaiq::records;
use crate::model::seed::RecordRandom;
use crate::model::snapshot::{Filter, key_form};
use crate::model::{Column, Datum, Edit, Fetch, Refusal, Row, Snapshot, Value};

/// How far apart the ids of patients are who are registered at about the same time.
const NEARBY: i64 = 50;

/// The records to break, and what was read of them so far.
pub(super) struct Chosen<'c> {
    pub(super) kind: &'static FaultRecord,
    pub(super) records: &'c [Value],
    pub(super) snapshot: &'c Snapshot,
}

impl<'c> Chosen<'c> {
    /// Returns the query for the records themselves.
    pub(super) fn own_query(&self) -> Fetch {
        Fetch::among(self.kind.table, self.kind.key, records::key_forms(self.records))
    }

    /// Returns the records that were read.
    pub(super) fn rows(&self) -> Vec<Row<'c>> {
        let ids = self.records.iter();
        ids.filter_map(|id| records::read_record(self.snapshot, self.kind.table, self.kind.key, id).ok()).collect()
    }
}

/// Returns the values of a column, without NULL.
pub(super) fn values_of(rows: &[Row<'_>], column: &str) -> BTreeSet<Value> {
    rows.iter().filter_map(|row| row.cell(column).map(key_form)).filter(|value| !value.is_null()).collect()
}

/// Returns one query for each day on which one of the records lies.
pub(super) fn day_queries(rows: &[Row<'_>], column: &str, of: (&str, &str)) -> Vec<Fetch> {
    let days: BTreeSet<Date> = rows.iter().filter_map(|row| day_of(row, column)).collect();
    days.into_iter().map(|day| Fetch::day(of.0, of.1, day)).collect()
}

pub(super) fn day_of(row: &Row<'_>, column: &str) -> Option<Date> {
    row.time(column).map(|time| time.wall.date())
}

/// Returns the rows of a table on the day of a record, in key order.
pub(super) fn rows_of_day<'s>(snapshot: &'s Snapshot, of: (&str, &str), day: Option<Date>) -> Vec<Row<'s>> {
    let Some(day) = day else { return Vec::new() };
    let Ok(rows) = snapshot.table(of.0) else { return Vec::new() };
    rows.rows().filter(|row| day_of(row, of.1) == Some(day)).collect()
}

/// Returns one query for the rows of a table whose patient is registered near one of these patients.
pub(super) fn nearby_queries(table: &str, column: &str, patients: &BTreeSet<Value>) -> Vec<Fetch> {
    let numbers = patients.iter().filter_map(integer_of);
    let ranges = numbers.map(|number| Filter::Between {
        column: column.to_owned(),
        first: number.saturating_sub(NEARBY),
        last: number.saturating_add(NEARBY),
    });
    ranges.map(|filter| Fetch { table: table.to_owned(), filter }).collect()
}

/// Returns the rows of a table whose patient is another one, registered near this one.
pub(super) fn nearby_rows<'s>(snapshot: &'s Snapshot, table: &str, column: &str, patient: &Value) -> Vec<Row<'s>> {
    let Some(own) = integer_of(patient) else { return Vec::new() };
    let Ok(rows) = snapshot.table(table) else { return Vec::new() };
    let is_near = |row: &Row<'_>| {
        let other = row.cell(column).map(key_form).as_ref().and_then(integer_of);
        other.is_some_and(|other| other != own && other.abs_diff(own) <= NEARBY.unsigned_abs())
    };
    rows.rows().filter(is_near).collect()
}

fn integer_of(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(number) => Some(*number),
        _ => None,
    }
}

/// Picks one of the values by the seed.
pub(super) fn pick_value(task: &Task<'_>, word: &str, values: BTreeSet<Value>, none: &str) -> Result<Value, Refusal> {
    let values: Vec<Value> = values.into_iter().collect();
    let mut random = RecordRandom::new(task.seed, word, std::slice::from_ref(task.record));
    random.pick(&values).cloned().ok_or_else(|| task.ineligible(none))
}

/// Returns a filled cell of the record.
pub(super) fn filled_cell(task: &Task<'_>, row: &Row<'_>, column: &str) -> Result<Value, Refusal> {
    row.table.column(column)?;
    let cell = row.cell(column).map(key_form).filter(|cell| !cell.is_null());
    cell.ok_or_else(|| task.ineligible(format!("its {column} is NULL")))
}

/// Returns the edit of one cell of a record.
pub(super) fn set_cell(table: &str, row: &Row<'_>, column: &str, value: Datum) -> Result<Edit, Refusal> {
    let column: &Column = records::settable_column(row.table, column)?;
    let set = [(column.image.name.clone(), value)].into();
    Ok(Edit::Update { table: table.to_owned(), key: row.key(), set })
}

/// Returns the first row of a table with a value; `None` where there is none.
pub(super) fn find_row<'s>(snapshot: &'s Snapshot, table: &str, column: &str, value: &Value) -> Option<Row<'s>> {
    snapshot.table(table).ok()?.rows_with(column, value).into_iter().next()
}

/// Tells whether a row holds a value in a column.
pub(super) fn holds(row: &Row<'_>, column: &str, value: &Value) -> bool {
    row.cell(column).map(key_form).as_ref() == Some(value)
}
