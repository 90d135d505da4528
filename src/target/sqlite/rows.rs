//! Reading rows of SQLite: whole tables, by a column's values, by key; compares nothing with a plan.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use mfm_journal::Value;
use rusqlite::{Connection, Statement};

use super::catalogue::Sheet;
use super::open::Place;
use super::sql;
use super::value::{bind, read_cells, value};
use crate::model::snapshot::key_form;
use crate::model::time::lies_on;
use crate::model::{Key, Refusal};
use crate::target::TargetError;

/// The most values that one query asks for.
const VALUES_MAX: usize = 1024;

/// A row found: its hidden rowid, and its cells in the order of the shape's columns.
pub(super) type Found<'r> = (Option<i64>, &'r [Value]);

/// Reads every row of a table, one after the other.
pub(super) fn each(
    connection: &Connection,
    place: &Place,
    sheet: &Sheet,
    mut take: impl FnMut(Found<'_>) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    let failed = place.error("read rows");
    let mut statement = connection.prepare_cached(&sql::rows(sheet)).map_err(&failed)?;
    let mut cells = vec![Value::Null; sheet.table.columns.len()];
    let mut rows = statement.query([]).map_err(&failed)?;
    while let Some(row) = rows.next().map_err(&failed)? {
        read_cells(row, 1, &mut cells).map_err(&failed)?;
        take((row.get(0).map_err(&failed)?, &cells))?;
    }
    Ok(())
}

/// Reads the rows whose column holds one of these values, whatever numeric type holds it.
pub(super) fn among(
    connection: &Connection,
    place: &Place,
    sheet: &Sheet,
    column: &str,
    values: &BTreeSet<Value>,
) -> Result<Vec<Vec<Value>>, TargetError> {
    let failed = place.error("read rows");
    let (at, column) = sheet.table.column(column)?;
    let wanted: BTreeSet<Value> = values.iter().filter(|value| !value.is_null()).map(key_form).collect();
    let asked: Vec<&Value> = wanted.iter().collect();
    let mut found = BTreeMap::new();
    let mut nameless = Vec::new();
    for batch in asked.chunks(VALUES_MAX) {
        // The last value again fills the batch up, so that few statements serve batches of all sizes.
        let size = batch.len().next_power_of_two();
        let filled = batch.iter().chain(std::iter::repeat(&batch[batch.len() - 1])).take(size).copied();
        let text = sql::rows_among(sheet, &column.image.name, size);
        let mut statement = connection.prepare_cached(&text).map_err(&failed)?;
        bind(&mut statement, filled).map_err(&failed)?;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(&failed)? {
            let mut cells = vec![Value::Null; sheet.table.columns.len()];
            read_cells(row, 1, &mut cells).map_err(&failed)?;
            if !cells.get(at).is_some_and(|cell| wanted.contains(&key_form(cell))) {
                continue;
            }
            // Batches of values that SQL holds equal may find a row twice.
            match row.get::<_, Option<i64>>(0).map_err(&failed)? {
                Some(rowid) => drop(found.insert(rowid, cells)),
                None => nameless.push(cells),
            }
        }
    }
    nameless.sort();
    nameless.dedup();
    Ok(found.into_values().chain(nameless).collect())
}

/// Reads the rows whose date and time lies on one of these days, the last one included.
///
/// Dates are text here, year first, so that text compares as time does; what else a cell holds is no date.
pub(super) fn on_days(
    connection: &Connection,
    place: &Place,
    sheet: &Sheet,
    column: &str,
    (first, last): (Date, Date),
) -> Result<Vec<Vec<Value>>, TargetError> {
    let failed = place.error("read rows");
    let (at, column) = sheet.table.column(column)?;
    // A tilde sorts behind every separator and digit that may follow the day.
    let bounds = [Value::Text(first.to_string()), Value::Text(format!("{last}~"))];
    let mut statement = connection.prepare_cached(&sql::rows_between(sheet, &column.image.name)).map_err(&failed)?;
    bind(&mut statement, &bounds).map_err(&failed)?;
    let mut rows = statement.raw_query();
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        let mut cells = vec![Value::Null; sheet.table.columns.len()];
        read_cells(row, 1, &mut cells).map_err(&failed)?;
        if cells.get(at).is_some_and(|cell| lies_on(cell, column, first, last)) {
            found.push(cells);
        }
    }
    Ok(found)
}

/// Reads all keys, ascending.
pub(super) fn keys(connection: &Connection, place: &Place, sheet: &Sheet) -> Result<Vec<Key>, TargetError> {
    let failed = place.error("read the keys");
    sheet.require_key()?;
    let width = sheet.table.shape.key.len();
    let mut statement = connection.prepare_cached(&sql::keys(sheet)).map_err(&failed)?;
    let mut rows = statement.query([]).map_err(&failed)?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        let key = (0..width).map(|at| row.get_ref(at).map(value)).collect::<Result<Key, _>>();
        keys.push(key.map_err(&failed)?);
    }
    keys.sort();
    Ok(keys)
}

/// Reads the rows of keys, in the order of the keys: by the key's index where there is one, else in one pass.
pub(super) fn of_keys(
    connection: &Connection,
    place: &Place,
    sheet: &Sheet,
    keys: &[&[Value]],
    mut take: impl FnMut(usize, Option<Found<'_>>) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    sheet.require_key()?;
    if sheet.seek {
        let mut seeker = Seeker::new(connection, place, sheet)?;
        return keys.iter().enumerate().try_for_each(|(at, key)| {
            let rowid = seeker.find(key)?;
            take(at, rowid.map(|rowid| (rowid, seeker.cells.as_slice())))
        });
    }
    let wanted: BTreeSet<&[Value]> = keys.iter().copied().collect();
    let mut found: BTreeMap<Key, (Option<i64>, Vec<Value>)> = BTreeMap::new();
    each(connection, place, sheet, |(rowid, cells)| {
        let key = sheet.table.key_of(cells)?;
        if wanted.contains(key.as_slice()) {
            let repeated = found.insert(key, (rowid, cells.to_vec()));
            repeated.map_or(Ok(()), |_| Err(repeats(sheet, "a key that is asked for stands in several rows")))?;
        }
        Ok(())
    })?;
    let row = |key: &[Value]| found.get(key).map(|(rowid, cells)| (*rowid, cells.as_slice()));
    keys.iter().enumerate().try_for_each(|(at, key)| take(at, row(key)))
}

fn repeats(sheet: &Sheet, why: &str) -> TargetError {
    Refusal::NoKey { table: sheet.name().to_owned(), why: why.to_owned() }.into()
}

/// Finds rows by key through an index, with one statement for all of them.
struct Seeker<'c> {
    statement: Statement<'c>,
    place: &'c Place,
    sheet: &'c Sheet,
    positions: Vec<usize>,
    cells: Vec<Value>,
}

impl<'c> Seeker<'c> {
    fn new(connection: &'c Connection, place: &'c Place, sheet: &'c Sheet) -> Result<Self, TargetError> {
        let statement = connection.prepare(&sql::row_of_key(sheet)).map_err(place.error("read rows"))?;
        let position = |name: &String| sheet.table.column(name).map(|(at, _)| at);
        let positions = sheet.table.shape.key.iter().map(position).collect::<Result<_, _>>()?;
        Ok(Self { statement, place, sheet, positions, cells: vec![Value::Null; sheet.table.columns.len()] })
    }

    /// Finds the row whose key is this one to the bit, and leaves its cells behind.
    fn find(&mut self, key: &[Value]) -> Result<Option<Option<i64>>, TargetError> {
        let failed = self.place.error("read a row");
        bind(&mut self.statement, key).map_err(&failed)?;
        let mut rows = self.statement.raw_query();
        let Some(row) = rows.next().map_err(&failed)? else { return Ok(None) };
        read_cells(row, 1, &mut self.cells).map_err(&failed)?;
        let rowid = row.get(0).map_err(&failed)?;
        if rows.next().map_err(&failed)?.is_some() {
            return Err(repeats(self.sheet, "its index holds a key twice"));
        }
        let same = self.positions.iter().zip(key).all(|(at, value)| self.cells.get(*at) == Some(value));
        Ok(same.then_some(rowid))
    }
}
