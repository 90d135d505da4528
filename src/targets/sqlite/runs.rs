//! Where rows lie whose column holds an integer, for columns that no index covers: made by one pass, and kept as long
//! as the file is the same.

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

/// Beyond so many runs, looking them up is not worth what they take.
const RUNS_MAX: usize = 1 << 20;
/// Beyond so many stretches, a pass over the whole table is as good.
const STRETCHES_MAX: usize = 1 << 15;

/// Rows that lie behind each other and hold the same integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct RowRun {
    value: i64,
    /// Its place among the runs of the table.
    nth: usize,
    first: i64,
    last: i64,
}

/// The runs of a column, by value; none where they are too many.
type ColumnRuns = Option<Arc<Vec<RowRun>>>;

/// What a file is, as far as its file system tells.
type FileFingerprint = (u64, Option<SystemTime>);

/// The runs of a file's columns; clones share them, so that whoever opens the file again need not pass over it again.
#[derive(Clone, Debug, Default)]
pub struct RunIndex(Arc<Mutex<CachedRuns>>);

#[derive(Debug, Default)]
struct CachedRuns {
    print: Option<FileFingerprint>,
    columns: BTreeMap<(String, String), ColumnRuns>,
}

impl RunIndex {
    /// Returns the stretches of row ids in which a column holds integers of some ranges, in the order of the table;
    /// nothing where a pass over the whole table is as good. To be called while a transaction keeps the file as it is.
    pub(super) fn find_rowid_ranges(
        &self,
        connection: &Connection,
        place: &FileLocation,
        sheet: &SqliteLayout,
        column: &str,
        wanted: &[(i64, i64)],
    ) -> Result<Option<Vec<(i64, i64)>>, TargetError> {
        let Some(rowid) = sheet.rowid else { return Ok(None) };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = read_fingerprint(&place.path);
        if known.print != now || now.is_none() {
            *known = CachedRuns { print: now, columns: BTreeMap::new() };
        }
        let key = (sheet.name().to_owned(), column.to_owned());
        let runs = match known.columns.get(&key) {
            Some(runs) => runs.clone(),
            None => {
                let runs = scan_runs(connection, place, sheet, rowid, column)?.map(Arc::new);
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

/// Passes over a table, and returns the runs of a column by value.
fn scan_runs(
    connection: &Connection,
    place: &FileLocation,
    sheet: &SqliteLayout,
    rowid: &str,
    column: &str,
) -> Result<Option<Vec<RowRun>>, TargetError> {
    let failed = place.explainer("look for rows");
    let mut statement = connection.prepare_cached(&sql::column_in_order(sheet, rowid, column)).map_err(&failed)?;
    let mut rows = statement.query([]).map_err(&failed)?;
    let (mut runs, mut open): (Vec<RowRun>, Option<RowRun>) = (Vec::new(), None);
    let mut nth = 0;
    while let Some(row) = rows.next().map_err(&failed)? {
        let id: i64 = row.get(0).map_err(&failed)?;
        let value = match row.get_ref(1).map_err(&failed)? {
            ValueRef::Integer(value) => Some(value),
            // An integer that a column of floats holds; there is none that a row could be looked for by otherwise.
            ValueRef::Real(number) if number.fract() == 0.0 => return Ok(None),
            _ => None,
        };
        match (&mut open, value) {
            (Some(run), Some(value)) if run.value == value => run.last = id,
            (_, value) => {
                // What is no integer parts what lies before it from what lies behind.
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
    runs.sort_by_key(|run| (run.value, run.nth));
    Ok(Some(runs))
}

/// Returns the stretches of the runs of some ranges of values; those behind each other are one.
fn merge_ranges(runs: &[RowRun], wanted: &[(i64, i64)]) -> Option<Vec<(i64, i64)>> {
    let mut found: Vec<RowRun> = Vec::new();
    for (first, last) in wanted {
        let from = runs.partition_point(|run| run.value < *first);
        let to = runs.partition_point(|run| run.value <= *last);
        found.extend(runs.get(from..to).unwrap_or_default());
    }
    found.sort_by_key(|run| run.nth);
    found.dedup();
    let mut stretches: Vec<(i64, i64)> = Vec::new();
    let mut before: Option<usize> = None;
    for run in found {
        match stretches.last_mut() {
            Some(stretch) if before.is_some_and(|before| before + 1 == run.nth) => stretch.1 = run.last,
            _ => stretches.push((run.first, run.last)),
        }
        before = Some(run.nth);
    }
    (stretches.len() <= STRETCHES_MAX).then_some(stretches)
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
            let mut take = |row: &[Value]| {
                ids.push(row[0].clone());
                Ok(())
            };
            target.select(&table, &filter, &mut take).unwrap();
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
