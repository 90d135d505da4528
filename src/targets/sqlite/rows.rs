//! Reads rows of SQLite: whole tables, by a column's values, by rowid, by key.

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
use crate::targets::{GroupCount, TargetError, compare};

/// The largest number of values in one query; SQLite's own limit on parameters is higher.
const VALUES_MAX: usize = 1024;

/// How many keys one statement looks up.
const SEEKS: usize = 128;

/// The first column with a cell in the answer of a key lookup; before it come the key's number and the hidden rowid.
const CELLS: usize = 2;

/// A row that was read: its hidden rowid, and its cells in the order of the shape's columns.
pub(super) type FoundRow<'r> = (Option<i64>, &'r [Value]);

/// Visits every row of a table.
pub(super) fn visit_all_rows(
    connection: &Connection,
    place: &FileLocation,
    layout: &SqliteLayout,
    visit: impl FnMut(FoundRow<'_>) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    visit_query_rows(connection, place, &sql::select_rows(layout), layout.table.columns.len(), &[], visit)
}

/// Visits the rows of a query whose first column is the hidden rowid, followed by `width` cells.
pub(super) fn visit_query_rows(
    connection: &Connection,
    place: &FileLocation,
    text: &str,
    width: usize,
    parameters: &[Value],
    mut visit: impl FnMut(FoundRow<'_>) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    let failed = place.explainer("read rows");
    let mut statement = connection.prepare_cached(text).map_err(&failed)?;
    let mut cells = vec![Value::Null; width];
    bind_values(&mut statement, parameters).map_err(&failed)?;
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().map_err(&failed)? {
        read_cells(row, 1, &mut cells).map_err(&failed)?;
        visit((row.get(0).map_err(&failed)?, &cells))?;
    }
    Ok(())
}

/// Reads the rows whose column holds one of these values. An integer also matches the same number in a REAL cell.
pub(super) fn read_rows_among(
    connection: &Connection,
    place: &FileLocation,
    layout: &SqliteLayout,
    column: &str,
    values: &BTreeSet<Value>,
) -> Result<Vec<Vec<Value>>, TargetError> {
    let failed = place.explainer("read rows");
    let (at, column) = layout.table.column(column)?;
    let values: BTreeSet<Value> = values.iter().filter(|value| !value.is_null()).map(key_form).collect();
    let list: Vec<&Value> = values.iter().collect();
    let mut by_rowid = BTreeMap::new();
    let mut without_rowid = Vec::new();
    for batch in list.chunks(VALUES_MAX) {
        // The last value is repeated up to a power of two, so that few prepared statements serve batches of any size.
        let size = batch.len().next_power_of_two();
        let filled = batch.iter().chain(std::iter::repeat(&batch[batch.len() - 1])).take(size).copied();
        let text = sql::rows_among(layout, &column.image.name, size);
        let mut statement = connection.prepare_cached(&text).map_err(&failed)?;
        bind_values(&mut statement, filled).map_err(&failed)?;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(&failed)? {
            let mut cells = vec![Value::Null; layout.table.columns.len()];
            read_cells(row, 1, &mut cells).map_err(&failed)?;
            // SQL's `=` is looser than equality of values: it ignores case under NOCASE, for one.
            if !cells.get(at).is_some_and(|cell| values.contains(&key_form(cell))) {
                continue;
            }
            // Two batches may find the same row, where SQL holds values of both equal.
            match row.get::<_, Option<i64>>(0).map_err(&failed)? {
                Some(rowid) => drop(by_rowid.insert(rowid, cells)),
                None => without_rowid.push(cells),
            }
        }
    }
    without_rowid.sort();
    without_rowid.dedup();
    Ok(by_rowid.into_values().chain(without_rowid).collect())
}

/// Visits the rows whose column holds a value, in the order of their row ids. A value may have a quarter of a large
/// table, so that none of them is held.
pub(super) fn visit_rows_with(
    connection: &Connection,
    place: &FileLocation,
    layout: &SqliteLayout,
    column: &str,
    value: &Value,
    visit: &mut dyn FnMut(&[Value]) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    let failed = place.explainer("read rows");
    let (at, column) = layout.table.column(column)?;
    let value = key_form(value);
    let mut statement = connection.prepare_cached(&sql::rows_among(layout, &column.image.name, 1)).map_err(&failed)?;
    bind_values(&mut statement, [&value]).map_err(&failed)?;
    let mut cells = vec![Value::Null; layout.table.columns.len()];
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().map_err(&failed)? {
        read_cells(row, 1, &mut cells).map_err(&failed)?;
        // SQL's `=` is looser than equality of values.
        if cells.get(at).is_some_and(|cell| key_form(cell) == value) {
            visit(&cells)?;
        }
    }
    Ok(())
}

/// Reads the rows whose date lies between two days, both included.
///
/// Dates are text with the year first, so that text sorts as time does. A cell with anything else holds no date.
pub(super) fn read_rows_on_days(
    connection: &Connection,
    place: &FileLocation,
    layout: &SqliteLayout,
    column: &str,
    first: Date,
    last: Date,
) -> Result<Vec<Vec<Value>>, TargetError> {
    let failed = place.explainer("read rows");
    let (at, column) = layout.table.column(column)?;
    // A tilde sorts after every separator and digit that may follow the day in a text.
    let bounds = [Value::Text(first.to_string()), Value::Text(format!("{last}~"))];
    let mut statement = connection.prepare_cached(&sql::rows_between(layout, &column.image.name)).map_err(&failed)?;
    bind_values(&mut statement, &bounds).map_err(&failed)?;
    let mut rows = statement.raw_query();
    let mut on_days = Vec::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        let mut cells = vec![Value::Null; layout.table.columns.len()];
        read_cells(row, 1, &mut cells).map_err(&failed)?;
        // The texts between the bounds include some that are no dates.
        if cells.get(at).is_some_and(|cell| lies_on(cell, column, first, last)) {
            on_days.push(cells);
        }
    }
    Ok(on_days)
}

/// Visits the rows whose column holds an integer between two, both included.
pub(super) fn visit_rows_in_range(
    connection: &Connection,
    place: &FileLocation,
    layout: &SqliteLayout,
    column: &str,
    first: i64,
    last: i64,
    mut visit: impl FnMut(FoundRow<'_>) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    let failed = place.explainer("read rows");
    let mut statement = connection.prepare_cached(&sql::rows_in_range(layout, column)).map_err(&failed)?;
    bind_values(&mut statement, &[Value::Integer(first), Value::Integer(last)]).map_err(&failed)?;
    let mut cells = vec![Value::Null; layout.table.columns.len()];
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().map_err(&failed)? {
        read_cells(row, 1, &mut cells).map_err(&failed)?;
        visit((row.get(0).map_err(&failed)?, &cells))?;
    }
    Ok(())
}

/// Counts rows in groups with the same values in the columns at some positions.
pub(super) fn count_groups(
    connection: &Connection,
    place: &FileLocation,
    layout: &SqliteLayout,
    positions: &[usize],
    range: Option<(&str, i64, i64)>,
) -> Result<Vec<GroupCount>, TargetError> {
    let failed = place.explainer("count rows");
    let text = sql::count_groups(layout, positions, range.map(|(column, _, _)| column));
    let mut statement = connection.prepare_cached(&text).map_err(&failed)?;
    if let Some((_, first, last)) = range {
        bind_values(&mut statement, &[Value::Integer(first), Value::Integer(last)]).map_err(&failed)?;
    }
    let mut groups = Vec::new();
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().map_err(&failed)? {
        let mut values = vec![Value::Null; positions.len()];
        read_cells(row, 0, &mut values).map_err(&failed)?;
        groups.push((values, row.get(positions.len()).map_err(&failed)?));
    }
    Ok(groups)
}

/// Visits the rows whose rowids lie in some ranges, both ends included.
pub(super) fn visit_rowid_ranges(
    connection: &Connection,
    place: &FileLocation,
    layout: &SqliteLayout,
    ranges: &[(i64, i64)],
    mut visit: impl FnMut(FoundRow<'_>) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    let failed = place.explainer("read rows");
    let mut statement = connection.prepare_cached(&sql::rows_in_rowid_range(layout)).map_err(&failed)?;
    let mut cells = vec![Value::Null; layout.table.columns.len()];
    for (first, last) in ranges {
        let mut rows = statement.query([first, last]).map_err(&failed)?;
        while let Some(row) = rows.next().map_err(&failed)? {
            read_cells(row, 1, &mut cells).map_err(&failed)?;
            visit((row.get(0).map_err(&failed)?, &cells))?;
        }
    }
    Ok(())
}

/// Reads all keys, ascending.
pub(super) fn read_keys(
    connection: &Connection,
    place: &FileLocation,
    layout: &SqliteLayout,
) -> Result<Vec<Key>, TargetError> {
    let failed = place.explainer("read the keys");
    layout.require_key()?;
    let width = layout.table.shape.key.len();
    let mut statement = connection.prepare_cached(&sql::select_keys(layout)).map_err(&failed)?;
    let mut rows = statement.query([]).map_err(&failed)?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        let key = (0..width).map(|at| row.get_ref(at).map(to_value)).collect::<Result<Key, _>>();
        keys.push(key.map_err(&failed)?);
    }
    // In Rust, not in SQL: the order of keys must not depend on a collation.
    keys.sort();
    Ok(keys)
}

/// Reads the keys of a page, by the key's index where there is one.
pub(super) fn read_key_page(
    connection: &Connection,
    place: &FileLocation,
    layout: &SqliteLayout,
    page: &KeyPage,
) -> Result<Vec<Key>, TargetError> {
    let failed = place.explainer("read a page of keys");
    let [_] = layout.table.shape.key.as_slice() else { return Ok(Vec::new()) };
    let mut statement = connection.prepare_cached(&sql::select_key_page(layout, page)?).map_err(&failed)?;
    let keys = statement.query_map([], |row| Ok(vec![row.get_ref(0).map(to_value)?])).map_err(&failed)?;
    keys.collect::<Result<Vec<Key>, _>>().map_err(&failed)
}

/// Counts all rows, or those whose column holds a number.
pub(super) fn count_rows(
    connection: &Connection,
    place: &FileLocation,
    layout: &SqliteLayout,
    only: Option<&(String, i64)>,
) -> Result<u64, TargetError> {
    let failed = place.explainer("count rows");
    let text = sql::count_only(layout, only)?;
    let count = connection.query_one(&text, [], |row| row.get::<_, i64>(0)).map_err(&failed)?;
    Ok(count.unsigned_abs())
}

/// Visits the rows with these keys, in the order of the keys: by the key's index where there is one, else with one
/// scan.
pub(super) fn visit_rows_of_keys(
    connection: &Connection,
    place: &FileLocation,
    layout: &SqliteLayout,
    keys: &[&[Value]],
    mut visit: impl FnMut(usize, Option<FoundRow<'_>>) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    layout.require_key()?;
    if layout.seek {
        let failed = place.explainer("read rows");
        let mut cells = vec![Value::Null; layout.table.columns.len()];
        return KeySeeker::new(connection, place, layout)?.visit_rows(keys, |at, row| {
            let Some((rowid, row)) = row else { return visit(at, None) };
            read_cells(row, CELLS, &mut cells).map_err(&failed)?;
            visit(at, Some((rowid, &cells)))
        });
    }
    let key_set: BTreeSet<&[Value]> = keys.iter().copied().collect();
    let mut by_key: BTreeMap<Key, (Option<i64>, Vec<Value>)> = BTreeMap::new();
    visit_all_rows(connection, place, layout, |(rowid, cells)| {
        let key = layout.table.key_of(cells)?;
        if key_set.contains(key.as_slice()) && by_key.insert(key, (rowid, cells.to_vec())).is_some() {
            return Err(repeated_key_error(layout, "a requested key occurs in several rows"));
        }
        Ok(())
    })?;
    for (at, key) in keys.iter().enumerate() {
        visit(at, by_key.get(*key).map(|(rowid, cells)| (*rowid, cells.as_slice())))?;
    }
    Ok(())
}

/// Visits the digests of the rows with these keys, and their hidden rowids, in the order of the keys.
pub(super) fn digests_of_keys(
    connection: &Connection,
    place: &FileLocation,
    layout: &SqliteLayout,
    keys: &[&[Value]],
    mut visit: impl FnMut(usize, Option<Digest>, Option<i64>) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    let mut hasher = RowHasher::new(&layout.table.shape);
    if !layout.seek {
        return visit_rows_of_keys(connection, place, layout, keys, |at, row| {
            let digest = compare::digest_row(&mut hasher, layout.name(), row.map(|(_, cells)| cells))?;
            visit(at, digest, row.and_then(|(rowid, _)| rowid))
        });
    }
    let failed = place.explainer("read rows");
    KeySeeker::new(connection, place, layout)?.visit_rows(keys, |at, row| {
        let Some((rowid, row)) = row else { return visit(at, None, None) };
        // Cells go from SQLite's buffers straight into the hash, without a `Value` for each.
        let digest = hasher.digest_by(|column: usize, out: &mut Writer| {
            let cell = row.get_ref(CELLS + column).map_err(&failed)?;
            write_cell(cell, out).map_err(|source| TargetError::Inexact { table: layout.name().to_owned(), source })
        })?;
        visit(at, Some(digest), rowid)
    })
}

fn repeated_key_error(layout: &SqliteLayout, why: &str) -> TargetError {
    Refusal::NoKey { table: layout.name().to_owned(), why: why.to_owned() }.into()
}

/// Finds rows by key through an index, many keys with one statement.
struct KeySeeker<'c> {
    connection: &'c Connection,
    place: &'c FileLocation,
    layout: &'c SqliteLayout,
    positions: Vec<usize>,
    /// The statements, by their number of keys, built when first needed.
    texts: BTreeMap<usize, String>,
}

impl<'c> KeySeeker<'c> {
    fn new(connection: &'c Connection, place: &'c FileLocation, layout: &'c SqliteLayout) -> Result<Self, TargetError> {
        let key = layout.table.shape.key.iter();
        let positions = key.map(|name| layout.table.column(name).map(|(at, _)| at)).collect::<Result<_, _>>()?;
        Ok(Self { connection, place, layout, positions, texts: BTreeMap::new() })
    }

    /// Visits the rows with these keys, in the order of the keys: the hidden rowid, and the row with its cells from
    /// [`CELLS`] on; `None` for an absent row.
    fn visit_rows(
        &mut self,
        keys: &[&[Value]],
        mut visit: impl FnMut(usize, Option<(Option<i64>, &Row<'_>)>) -> Result<(), TargetError>,
    ) -> Result<(), TargetError> {
        for (nth, batch) in keys.chunks(SEEKS).enumerate() {
            self.visit_batch(batch, |at, row| visit(nth * SEEKS + at, row))?;
        }
        Ok(())
    }

    /// Visits the rows of one batch of keys. A key matches only a row whose key cells equal it to the bit.
    fn visit_batch(
        &mut self,
        keys: &[&[Value]],
        mut visit: impl FnMut(usize, Option<(Option<i64>, &Row<'_>)>) -> Result<(), TargetError>,
    ) -> Result<(), TargetError> {
        let failed = self.place.explainer("read rows");
        let Some(last) = keys.last() else { return Ok(()) };
        // The last key is repeated up to one of three sizes, so that few prepared statements serve any batch.
        let size = [1, 8].into_iter().find(|size| keys.len() <= *size).unwrap_or(SEEKS);
        let text = self.texts.entry(size).or_insert_with(|| sql::rows_of_keys(self.layout, size));
        let mut statement = self.connection.prepare_cached(text).map_err(&failed)?;
        let filled = keys.iter().chain(std::iter::repeat(last)).take(size);
        bind_values(&mut statement, filled.copied().flatten()).map_err(&failed)?;
        let mut rows = statement.raw_query();
        let mut next = 0;
        while let Some(row) = rows.next().map_err(&failed)? {
            let nth: u32 = row.get(0).map_err(&failed)?;
            let at = nth as usize;
            let Some(key) = keys.get(at) else { break };
            // The statement gives rows in the order of the keys, at most one for each.
            if at < next {
                return Err(repeated_key_error(self.layout, "its index contains a key twice"));
            }
            (next..at).try_for_each(|absent| visit(absent, None))?;
            next = at + 1;
            let mut same = true;
            for (position, value) in self.positions.iter().zip(*key) {
                same &= cell_equals(row.get_ref(CELLS + position).map_err(&failed)?, value);
            }
            let rowid = row.get(1).map_err(&failed)?;
            visit(at, same.then_some((rowid, row)))?;
        }
        (next..keys.len()).try_for_each(|absent| visit(absent, None))
    }
}
