//! An index, kept in memory, from a column's integers to ranges of rowids, for columns without an index in the file.
//! One scan builds it; it is kept for as long as the file does not change.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::catalogue::SqliteLayout;
use super::open::FileLocation;
use super::sql;
use crate::targets::TargetError;

/// A column with more runs is not indexed: its values are scattered, and the index would cost more memory than it
/// saves.
const RUNS_MAX: usize = 1 << 20;
/// For more ranges than this, a scan of the whole table is as fast.
const RANGES_MAX: usize = 1 << 15;

/// Consecutive rows, by rowid, whose column holds the same integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct RowRun {
    value: i64,
    /// The run's position in the table; rows without an integer count as a run between two others.
    nth: usize,
    first: i64,
    last: i64,
}

/// The runs of a column, by value and then by position; `None` where there are too many.
type ColumnRuns = Option<Arc<Vec<RowRun>>>;

/// The size of a file and its time of modification, which change with every commit.
type FileFingerprint = (u64, Option<SystemTime>);

/// The runs of a file's columns. Clones share them, so that a later opening of the same file need not scan it again.
#[derive(Clone, Debug, Default)]
pub struct RunIndex(Arc<Mutex<CachedRuns>>);

#[derive(Debug, Default)]
struct CachedRuns {
    fingerprint: Option<FileFingerprint>,
    columns: BTreeMap<(String, String), ColumnRuns>,
}

impl RunIndex {
    /// Finds the ranges of rowids in which a column holds integers of the ranges `wanted`, in the order of the table;
    /// `None` where a scan of the whole table is as fast.
    ///
    /// Call it within a read transaction, which keeps the file from changing between the fingerprint and the scan.
    pub(super) fn find_rowid_ranges(
        &self,
        connection: &Connection,
        place: &FileLocation,
        layout: &SqliteLayout,
        column: &str,
        wanted: &[(i64, i64)],
    ) -> Result<Option<Vec<(i64, i64)>>, TargetError> {
        let Some(rowid) = layout.rowid else { return Ok(None) };
        // Held during the scan, so that a second reader waits for the result and does not scan as well.
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = read_fingerprint(&place.path);
        // Without a fingerprint nothing proves that the file is still the same.
        if known.fingerprint != now || now.is_none() {
            *known = CachedRuns { fingerprint: now, columns: BTreeMap::new() };
        }
        let key = (layout.name().to_owned(), column.to_owned());
        let runs = match known.columns.get(&key) {
            Some(runs) => runs.clone(),
            None => {
                let runs = scan_runs(connection, place, layout, rowid, column)?.map(Arc::new);
                known.columns.insert(key, runs.clone());
                runs
            }
        };
        Ok(runs.and_then(|runs| merge_ranges(&runs, wanted)))
    }
}

fn read_fingerprint(path: &Path) -> Option<FileFingerprint> {
    let facts = std::fs::metadata(path).ok()?;
    Some((facts.len(), facts.modified().ok()))
}

/// Scans a table, and returns the runs of a column, sorted by value and position.
fn scan_runs(
    connection: &Connection,
    place: &FileLocation,
    layout: &SqliteLayout,
    rowid: &str,
    column: &str,
) -> Result<Option<Vec<RowRun>>, TargetError> {
    let failed = place.explainer("look for rows");
    let mut statement = connection.prepare_cached(&sql::column_in_order(layout, rowid, column)).map_err(&failed)?;
    let mut rows = statement.query([]).map_err(&failed)?;
    let (mut runs, mut open): (Vec<RowRun>, Option<RowRun>) = (Vec::new(), None);
    let mut nth = 0;
    while let Some(row) = rows.next().map_err(&failed)? {
        let id: i64 = row.get(0).map_err(&failed)?;
        let value = match row.get_ref(1).map_err(&failed)? {
            ValueRef::Integer(value) => Some(value),
            // A REAL that equals an integer matches the integer in a query, but runs know only INTEGER cells.
            ValueRef::Real(number) if number.fract() == 0.0 => return Ok(None),
            _ => None,
        };
        match (&mut open, value) {
            (Some(run), Some(value)) if run.value == value => run.last = id,
            (_, value) => {
                // A cell that is no integer ends a run too, and takes a position of its own.
                nth += 1;
                runs.extend(open.take());
                open = value.map(|value| RowRun { value, nth, first: id, last: id });
            }
        }
        if runs.len() > RUNS_MAX {
            return Ok(None);
        }
    }
    runs.extend(open);
    // By value, so that a range of values is found by bisection.
    runs.sort_by_key(|run| (run.value, run.nth));
    Ok(Some(runs))
}

/// Returns the rowid ranges of the runs with values in `wanted`, adjacent runs merged; `None` where there are too many.
fn merge_ranges(runs: &[RowRun], wanted: &[(i64, i64)]) -> Option<Vec<(i64, i64)>> {
    let mut matching: Vec<RowRun> = Vec::new();
    for (first, last) in wanted {
        let from = runs.partition_point(|run| run.value < *first);
        let to = runs.partition_point(|run| run.value <= *last);
        matching.extend(runs.get(from..to).unwrap_or_default());
    }
    matching.sort_by_key(|run| run.nth);
    matching.dedup();
    let mut ranges: Vec<(i64, i64)> = Vec::new();
    let mut previous: Option<usize> = None;
    for run in matching {
        match ranges.last_mut() {
            Some((_, last)) if previous.is_some_and(|previous| previous + 1 == run.nth) => *last = run.last,
            _ => ranges.push((run.first, run.last)),
        }
        previous = Some(run.nth);
    }
    (ranges.len() <= RANGES_MAX).then_some(ranges)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Filter, Value};
    use crate::targets::sqlite::SqliteTarget;
    use crate::targets::{DomainKeys, Target as _};

    #[test]
    fn rows_are_found_as_in_a_pass_over_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let writer = Connection::open(&path).unwrap();
        writer.execute_batch("CREATE TABLE t(id INTEGER PRIMARY KEY, of INTEGER)").unwrap();
        let cells = [Some(1), Some(1), None, Some(1), Some(2), Some(3), Some(2), Some(2), None, Some(4), Some(1)];
        let add = |cell: &Option<i64>| assert_eq!(writer.execute("INSERT INTO t(of) VALUES (?)", [cell]).unwrap(), 1);
        cells.iter().for_each(add);
        let ids = |target: &mut SqliteTarget, first: i64, last: i64| {
            let table = target.find_table("t").unwrap().unwrap();
            let (mut ids, filter) = (Vec::new(), Filter::Between { column: "of".into(), first, last });
            let mut visit = |row: &[Value]| {
                ids.push(row[0].clone());
                Ok(())
            };
            target.select(&table, &filter, &mut visit).unwrap();
            ids
        };
        let (mut seeking, _) = SqliteTarget::open_aside(&path, DomainKeys::new()).unwrap();
        let mut passing = SqliteTarget::open(&path, DomainKeys::new()).unwrap();
        for first in -1..6 {
            for last in first..6 {
                assert_eq!(ids(&mut seeking, first, last), ids(&mut passing, first, last), "{first} to {last}");
            }
        }
        writer.execute("INSERT INTO t(of) VALUES (3)", []).unwrap();
        drop(writer);
        assert_eq!(ids(&mut seeking, 3, 3), ids(&mut passing, 3, 3), "a file that changed is passed over again");
    }
}
