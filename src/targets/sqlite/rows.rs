//! Reading rows of SQLite: whole tables, by a column's values, by key; compares nothing with a plan.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use mfm_journal::cbor::Writer;
use mfm_journal::{Digest, RowHasher, Value};
use rusqlite::{Connection, Row};

use super::catalogue::SqliteLayout;
use super::open::FileLocation;
use super::sql;
use super::value::{bind_values, cell_equals, read_cells, to_value, write_cell};
use crate::model::snapshot::key_form;
use crate::model::time::lies_on;
use crate::model::{Key, KeyPage, Refusal};
use crate::targets::{TargetError, compare};

/// The most values that one query asks for.
const VALUES_MAX: usize = 1024;

/// How many keys one statement looks up.
const SEEKS: usize = 128;

/// Where the cells of a row begin that was looked up: behind the number of its key, and its hidden rowid.
const CELLS: usize = 2;

/// A row found: its hidden rowid, and its cells in the order of the shape's columns.
pub(super) type FoundRow<'r> = (Option<i64>, &'r [Value]);

/// Reads every row of a table, one after the other.
pub(super) fn visit_all_rows(
    connection: &Connection,
    place: &FileLocation,
    sheet: &SqliteLayout,
    take: impl FnMut(FoundRow<'_>) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    visit_query_rows(connection, place, (&sql::select_rows(sheet), sheet.table.columns.len()), &[], take)
}

/// Reads rows of so many cells, one after the other; the hidden rowid stands before them.
pub(super) fn visit_query_rows(
    connection: &Connection,
    place: &FileLocation,
    (text, width): (&str, usize),
    given: &[Value],
    mut take: impl FnMut(FoundRow<'_>) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    let failed = place.explainer("read rows");
    let mut statement = connection.prepare_cached(text).map_err(&failed)?;
    let mut cells = vec![Value::Null; width];
    bind_values(&mut statement, given).map_err(&failed)?;
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().map_err(&failed)? {
        read_cells(row, 1, &mut cells).map_err(&failed)?;
        take((row.get(0).map_err(&failed)?, &cells))?;
    }
    Ok(())
}

/// Reads the rows whose column holds one of these values, whatever numeric type holds it.
pub(super) fn read_rows_among(
    connection: &Connection,
    place: &FileLocation,
    sheet: &SqliteLayout,
    column: &str,
    values: &BTreeSet<Value>,
) -> Result<Vec<Vec<Value>>, TargetError> {
    let failed = place.explainer("read rows");
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
        bind_values(&mut statement, filled).map_err(&failed)?;
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
    place: &FileLocation,
    sheet: &SqliteLayout,
    column: &str,
    (first, last): (Date, Date),
) -> Result<Vec<Vec<Value>>, TargetError> {
    let failed = place.explainer("read rows");
    let (at, column) = sheet.table.column(column)?;
    // A tilde sorts behind every separator and digit that may follow the day.
    let bounds = [Value::Text(first.to_string()), Value::Text(format!("{last}~"))];
    let mut statement = connection.prepare_cached(&sql::rows_between(sheet, &column.image.name)).map_err(&failed)?;
    bind_values(&mut statement, &bounds).map_err(&failed)?;
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

/// Reads the rows whose column holds an integer of a range, one after the other.
pub(super) fn visit_rows_in_range(
    connection: &Connection,
    place: &FileLocation,
    sheet: &SqliteLayout,
    column: &str,
    (first, last): (i64, i64),
    mut take: impl FnMut(FoundRow<'_>) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    let failed = place.explainer("read rows");
    let mut statement = connection.prepare_cached(&sql::rows_in_range(sheet, column)).map_err(&failed)?;
    bind_values(&mut statement, &[Value::Integer(first), Value::Integer(last)]).map_err(&failed)?;
    let mut cells = vec![Value::Null; sheet.table.columns.len()];
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().map_err(&failed)? {
        read_cells(row, 1, &mut cells).map_err(&failed)?;
        take((row.get(0).map_err(&failed)?, &cells))?;
    }
    Ok(())
}

/// Reads the rows whose row ids lie in some stretches, one after the other.
pub(super) fn visit_rowid_ranges(
    connection: &Connection,
    place: &FileLocation,
    sheet: &SqliteLayout,
    wanted: &[(i64, i64)],
    mut take: impl FnMut(FoundRow<'_>) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    let failed = place.explainer("read rows");
    let mut statement = connection.prepare_cached(&sql::rows_of_stretch(sheet)).map_err(&failed)?;
    let mut cells = vec![Value::Null; sheet.table.columns.len()];
    for (first, last) in wanted {
        let mut rows = statement.query([first, last]).map_err(&failed)?;
        while let Some(row) = rows.next().map_err(&failed)? {
            read_cells(row, 1, &mut cells).map_err(&failed)?;
            take((row.get(0).map_err(&failed)?, &cells))?;
        }
    }
    Ok(())
}

/// Reads all keys, ascending.
pub(super) fn read_keys(
    connection: &Connection,
    place: &FileLocation,
    sheet: &SqliteLayout,
) -> Result<Vec<Key>, TargetError> {
    let failed = place.explainer("read the keys");
    sheet.require_key()?;
    let width = sheet.table.shape.key.len();
    let mut statement = connection.prepare_cached(&sql::select_keys(sheet)).map_err(&failed)?;
    let mut rows = statement.query([]).map_err(&failed)?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        let key = (0..width).map(|at| row.get_ref(at).map(to_value)).collect::<Result<Key, _>>();
        keys.push(key.map_err(&failed)?);
    }
    keys.sort();
    Ok(keys)
}

/// Reads the keys of a page, by the key's index where there is one.
pub(super) fn read_key_page(
    connection: &Connection,
    place: &FileLocation,
    sheet: &SqliteLayout,
    page: &KeyPage,
) -> Result<Vec<Key>, TargetError> {
    let failed = place.explainer("read a page of keys");
    let [_] = sheet.table.shape.key.as_slice() else { return Ok(Vec::new()) };
    let mut statement = connection.prepare_cached(&sql::select_key_page(sheet, page)?).map_err(&failed)?;
    let keys = statement.query_map([], |row| Ok(vec![row.get_ref(0).map(to_value)?])).map_err(&failed)?;
    keys.collect::<Result<Vec<Key>, _>>().map_err(&failed)
}

/// Counts rows, all of them or those whose column holds a number.
pub(super) fn count_rows(
    connection: &Connection,
    place: &FileLocation,
    sheet: &SqliteLayout,
    only: Option<&(String, i64)>,
) -> Result<u64, TargetError> {
    let failed = place.explainer("count rows");
    let text = sql::count_only(sheet, only)?;
    let count = connection.query_one(&text, [], |row| row.get::<_, i64>(0)).map_err(&failed)?;
    Ok(count.unsigned_abs())
}

/// Reads the rows of keys, in the order of the keys: by the key's index where there is one, else in one pass.
pub(super) fn of_keys(
    connection: &Connection,
    place: &FileLocation,
    sheet: &SqliteLayout,
    keys: &[&[Value]],
    mut take: impl FnMut(usize, Option<FoundRow<'_>>) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    sheet.require_key()?;
    if sheet.seek {
        let failed = place.explainer("read rows");
        let mut cells = vec![Value::Null; sheet.table.columns.len()];
        return KeySeeker::new(connection, place, sheet)?.visit_rows(keys, |at, row| {
            let Some((rowid, row)) = row else { return take(at, None) };
            read_cells(row, CELLS, &mut cells).map_err(&failed)?;
            take(at, Some((rowid, &cells)))
        });
    }
    let wanted: BTreeSet<&[Value]> = keys.iter().copied().collect();
    let mut found: BTreeMap<Key, (Option<i64>, Vec<Value>)> = BTreeMap::new();
    visit_all_rows(connection, place, sheet, |(rowid, cells)| {
        let key = sheet.table.key_of(cells)?;
        if wanted.contains(key.as_slice()) {
            let repeated = found.insert(key, (rowid, cells.to_vec()));
            repeated
                .map_or(Ok(()), |_| Err(repeated_key_error(sheet, "a key that is asked for stands in several rows")))?;
        }
        Ok(())
    })?;
    let row = |key: &[Value]| found.get(key).map(|(rowid, cells)| (*rowid, cells.as_slice()));
    keys.iter().enumerate().try_for_each(|(at, key)| take(at, row(key)))
}

/// Digests the rows of keys, in the order of the keys; gives their hidden rowids as well.
pub(super) fn digests_of_keys(
    connection: &Connection,
    place: &FileLocation,
    sheet: &SqliteLayout,
    keys: &[&[Value]],
    mut take: impl FnMut(usize, Option<Digest>, Option<i64>) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    let mut hasher = RowHasher::new(&sheet.table.shape);
    if !sheet.seek {
        return of_keys(connection, place, sheet, keys, |at, row| {
            let digest = compare::digest_row(&mut hasher, sheet.name(), row.map(|(_, cells)| cells))?;
            take(at, digest, row.and_then(|(rowid, _)| rowid))
        });
    }
    let failed = place.explainer("read rows");
    let inexact = |source| TargetError::Inexact { table: sheet.name().to_owned(), source };
    KeySeeker::new(connection, place, sheet)?.visit_rows(keys, |at, row| {
        let Some((rowid, row)) = row else { return take(at, None, None) };
        let write =
            |at: usize, out: &mut Writer| write_cell(row.get_ref(CELLS + at).map_err(&failed)?, out).map_err(inexact);
        take(at, Some(hasher.digest_by(write)?), rowid)
    })
}

fn repeated_key_error(sheet: &SqliteLayout, why: &str) -> TargetError {
    Refusal::NoKey { table: sheet.name().to_owned(), why: why.to_owned() }.into()
}

/// Finds rows by key through an index, many with one statement.
struct KeySeeker<'c> {
    connection: &'c Connection,
    place: &'c FileLocation,
    sheet: &'c SqliteLayout,
    positions: Vec<usize>,
    /// The statements for so many keys each, made when first needed.
    texts: BTreeMap<usize, String>,
}

impl<'c> KeySeeker<'c> {
    fn new(connection: &'c Connection, place: &'c FileLocation, sheet: &'c SqliteLayout) -> Result<Self, TargetError> {
        let position = |name: &String| sheet.table.column(name).map(|(at, _)| at);
        let positions = sheet.table.shape.key.iter().map(position).collect::<Result<_, _>>()?;
        Ok(Self { connection, place, sheet, positions, texts: BTreeMap::new() })
    }

    /// Visits the rows of keys in the order of the keys: the hidden rowid, and the row, its cells from [`CELLS`] on.
    fn visit_rows(
        &mut self,
        keys: &[&[Value]],
        mut take: impl FnMut(usize, Option<(Option<i64>, &Row<'_>)>) -> Result<(), TargetError>,
    ) -> Result<(), TargetError> {
        let mut batches = keys.chunks(SEEKS).enumerate();
        batches.try_for_each(|(nth, batch)| self.visit_batch(batch, |at, row| take(nth * SEEKS + at, row)))
    }

    /// Finds the rows whose keys are these to the bit.
    fn visit_batch(
        &mut self,
        keys: &[&[Value]],
        mut take: impl FnMut(usize, Option<(Option<i64>, &Row<'_>)>) -> Result<(), TargetError>,
    ) -> Result<(), TargetError> {
        let failed = self.place.explainer("read rows");
        let Some(last) = keys.last() else { return Ok(()) };
        // The last key again fills the batch up, so that few statements serve batches of all sizes.
        let size = [1, 8].into_iter().find(|size| keys.len() <= *size).unwrap_or(SEEKS);
        let text = self.texts.entry(size).or_insert_with(|| sql::rows_of_keys(self.sheet, size));
        let mut statement = self.connection.prepare_cached(text).map_err(&failed)?;
        let filled = keys.iter().chain(std::iter::repeat(last)).take(size);
        bind_values(&mut statement, filled.copied().flatten()).map_err(&failed)?;
        let mut rows = statement.raw_query();
        let mut next = 0;
        while let Some(row) = rows.next().map_err(&failed)? {
            let nth: u32 = row.get(0).map_err(&failed)?;
            let at = nth as usize;
            let Some(key) = keys.get(at) else { break };
            if at < next {
                return Err(repeated_key_error(self.sheet, "its index holds a key twice"));
            }
            (next..at).try_for_each(|absent| take(absent, None))?;
            next = at + 1;
            let mut cells = self.positions.iter().zip(*key);
            let same = cells.try_fold(true, |same, (at, key)| Ok(same && cell_equals(row.get_ref(CELLS + at)?, key)));
            let rowid = row.get(1).map_err(&failed)?;
            take(at, same.map_err(&failed)?.then_some((rowid, row)))?;
        }
        (next..keys.len()).try_for_each(|absent| take(absent, None))
    }
}
