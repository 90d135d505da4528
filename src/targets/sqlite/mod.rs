//! Targets in SQLite files. This module is the reading side, on a connection that cannot write; `writer` is the other.

mod aside;
mod backup;
mod catalogue;
mod execute;
mod file;
mod foreign;
mod glimpse;
mod key;
mod lab;
mod marks;
mod normalize;
mod open;
mod own;
mod preflight;
mod rows;
mod runs;
mod scan;
mod sql;
mod trigger;
mod unique;
mod value;
mod writer;

use std::path::Path;
use std::sync::Arc;

use mfm_journal::{Digest, Value};
use rusqlite::Connection;

use self::catalogue::{Catalogue, TableEntry};
use self::open::FileLocation;
use super::faults::FaultSeam;
#[cfg(feature = "testing")]
use super::faults::SharedFaults;
use super::tally::TableHasher;
use super::{
    ConnectedProgram, DomainKeys, GroupCount, Marker, OperationRow, PendingRows, Preflight, PreflightConditions,
    Pushdown, RowMovement, RowTrial, SparedKeys, TableDigest, TableTouch, Target, TargetBinding, TargetError, Writer,
    project_answer,
};
use crate::model::{Fetch, FetchAnswer, Filter, Key, KeyPage, Scan, Storage, Table};

pub use self::backup::copy_file;
pub(crate) use self::file::is_same_file;
pub use self::glimpse::{MarkerGlimpse, glimpse_marker};
pub use self::lab::create_lab;
pub use self::open::roll_back_hot_journal;
pub use self::runs::RunIndex;

/// How many rows are digested between two reports of progress.
const PROGRESS_ROWS: u64 = 4096;

/// A SQLite file under test.
pub struct SqliteTarget {
    place: FileLocation,
    connection: Connection,
    catalogue: Catalogue,
    seam: FaultSeam,
    pages_max: Option<u32>,
    /// The private copy that is read, gone with the target.
    copy: Option<tempfile::TempDir>,
    /// The rowid ranges of column values, for columns without an index; `None` where each selection scans the table.
    runs: Option<RunIndex>,
}

impl std::fmt::Debug for SqliteTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteTarget").field("place", &self.place).finish_non_exhaustive()
    }
}

impl SqliteTarget {
    /// Opens a file for reading; `keys` are those by which the domain tells rows apart.
    ///
    /// # Errors
    /// [`TargetError::Absent`], [`TargetError::Open`], or [`TargetError::NeedsRecovery`] where a crashed program left
    /// a transaction that only a writer can roll back.
    pub fn open(path: &Path, keys: DomainKeys) -> Result<Self, TargetError> {
        let place = FileLocation::from_path(path)?;
        let connection = open::open_reader(&place)?;
        Ok(Self {
            place,
            connection,
            catalogue: Catalogue::new(keys),
            seam: FaultSeam::default(),
            pages_max: None,
            copy: None,
            runs: None,
        })
    }

    /// Opens a file for reading without leaving anything next to it, and returns whether another program is writing it.
    /// A file with a write-ahead log is read from a private copy, or, where the log is empty, as one that never
    /// changes.
    ///
    /// # Errors
    /// As [`SqliteTarget::open`].
    pub fn open_aside(path: &Path, keys: DomainKeys) -> Result<(Self, bool), TargetError> {
        let place = FileLocation::from_path(path)?;
        let aside::TracelessReader { connection, copy, live } = aside::open_traceless(&place)?;
        let (catalogue, runs) = (Catalogue::new(keys), Some(RunIndex::default()));
        Ok((Self { place, connection, catalogue, seam: FaultSeam::default(), pages_max: None, copy, runs }, live))
    }

    /// Uses an index of rowid ranges that an earlier opening of the same file has built.
    pub fn share_runs(&mut self, runs: &RunIndex) {
        self.runs = Some(runs.clone());
    }

    /// Makes later writes of this target's writers fail where a test says so.
    #[cfg(feature = "testing")]
    pub fn set_faults(&mut self, faults: SharedFaults) {
        self.seam.set_faults(faults);
    }

    /// Limits the size of the database for this target's writers, in pages, so that a test sees a full disk.
    #[cfg(feature = "testing")]
    pub const fn limit_pages(&mut self, pages: u32) {
        self.pages_max = Some(pages);
    }

    /// Runs a reading step in a transaction of its own, so that all of it sees the same state.
    fn in_one_state<T>(&mut self, step: impl FnOnce(&mut Self) -> Result<T, TargetError>) -> Result<T, TargetError> {
        self.connection.execute_batch(sql::BEGIN_READ).map_err(self.place.explainer("start reading"))?;
        let result = step(self);
        // Ended in any case; the step's own error comes first, because it is the cause.
        let ended = self.connection.execute_batch(sql::ROLLBACK).map_err(self.place.explainer("end reading"));
        let value = result?;
        ended.map(|()| value)
    }

    fn digest_table(
        &self,
        entry: &TableEntry,
        rows: &mut u64,
        total: u64,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<TableDigest, TargetError> {
        let layout = catalogue::read_declaration(&self.connection, &self.place, self.catalogue.keys(), entry)?;
        let mut hasher = TableHasher::new(&layout.table.shape);
        rows::visit_all_rows(&self.connection, &self.place, &layout, |(_, cells)| {
            hasher.add_row(cells)?;
            *rows += 1;
            if rows.is_multiple_of(PROGRESS_ROWS) {
                progress(*rows, total);
            }
            Ok(())
        })?;
        Ok(hasher.finish())
    }

    fn digest_all(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<Vec<TableDigest>, TargetError> {
        let mut tables = catalogue::list_entries(&self.connection, &self.place)?;
        // The content of a virtual table is in its shadow tables.
        tables.retain(|entry| ["table", "shadow"].contains(&entry.what.as_str()) && !catalogue::is_own(&entry.name));
        let mut total = 0;
        for entry in &tables {
            let count = self.connection.query_one(&sql::count_rows(&entry.name), [], |row| row.get::<_, i64>(0));
            total += count.map_err(self.place.explainer("count rows"))?.unsigned_abs();
        }
        let mut rows = 0;
        let mut digests = Vec::with_capacity(tables.len());
        for entry in &tables {
            digests.push(self.digest_table(entry, &mut rows, total, progress)?);
        }
        progress(rows, total);
        Ok(digests)
    }

    fn answer_query(&mut self, query: &Fetch) -> Result<FetchAnswer, TargetError> {
        let Some(layout) = self.catalogue.find_layout(&self.connection, &self.place, &query.table)? else {
            return Ok(FetchAnswer { table: None, rows: Vec::new(), maximum: None });
        };
        let (mut rows, mut maximum) = (Vec::new(), None);
        match &query.filter {
            Filter::All => rows::visit_all_rows(&self.connection, &self.place, &layout, |(_, cells)| {
                rows.push(cells.to_vec());
                Ok(())
            })?,
            Filter::In { column, values } => {
                rows = rows::read_rows_among(&self.connection, &self.place, &layout, column, values)?;
            }
            Filter::Days { column, first, last } => {
                rows = rows::read_rows_on_days(&self.connection, &self.place, &layout, column, *first, *last)?;
            }
            Filter::Between { column, first, last } => {
                rows::visit_rows_in_range(
                    &self.connection,
                    &self.place,
                    &layout,
                    column,
                    *first,
                    *last,
                    |(_, cells)| {
                        rows.push(cells.to_vec());
                        Ok(())
                    },
                )?;
            }
            Filter::Maximum { column } => maximum = self.read_maximum(&layout, column)?,
        }
        Ok(FetchAnswer { table: Some(Arc::clone(&layout.table)), rows, maximum })
    }

    fn read_maximum(&self, layout: &catalogue::SqliteLayout, column: &str) -> Result<Option<i64>, TargetError> {
        let (_, column) = layout.table.column(column)?;
        let largest = self.query_maximum(&sql::select_maximum(layout, &column.image.name, false))?;
        // Text sorts after all numbers: only where the largest value is text is a scan for the largest integer needed.
        match crate::model::snapshot::key_form(&largest) {
            Value::Null => Ok(None),
            Value::Integer(number) => Ok(Some(number)),
            _ => match self.query_maximum(&sql::select_maximum(layout, &column.image.name, true))? {
                Value::Integer(number) => Ok(Some(number)),
                _ => Ok(None),
            },
        }
    }

    fn query_maximum(&self, text: &str) -> Result<Value, TargetError> {
        let largest = self.connection.query_one(text, [], |row| row.get_ref(0).map(value::to_value));
        largest.map_err(self.place.explainer("read the largest value"))
    }
}

/// Returns the column and the ranges of integers that a filter asks for; `None` for another kind of filter, and for the
/// rowid, by which SQLite finds rows without help.
fn integer_ranges<'f>(filter: &'f Filter, layout: &catalogue::SqliteLayout) -> Option<(&'f str, Vec<(i64, i64)>)> {
    let (column, ranges) = match filter {
        Filter::Between { column, first, last } => (column, vec![(*first, *last)]),
        Filter::In { column, values } => {
            let mut ranges = Vec::with_capacity(values.len());
            for value in values {
                let Value::Integer(number) = value else { return None };
                ranges.push((*number, *number));
            }
            (column, ranges)
        }
        _ => return None,
    };
    let is_rowid = layout.rowid_column.as_ref().is_some_and(|rowid| rowid.eq_ignore_ascii_case(column));
    (!is_rowid).then_some((column.as_str(), ranges))
}

impl Target for SqliteTarget {
    fn engine(&self) -> &'static str {
        "sqlite"
    }

    fn pushes_down(&self) -> Pushdown {
        Pushdown::ALL
    }

    fn count_groups(
        &mut self,
        table: &Arc<Table>,
        positions: &[usize],
        filter: &Filter,
    ) -> Result<Option<Vec<GroupCount>>, TargetError> {
        let range = match filter {
            Filter::All => None,
            Filter::Between { column, first, last } => Some((column.as_str(), *first, *last)),
            _ => return Ok(None),
        };
        // GROUP BY takes -0.0 and 0.0 for equal; columns of these two affinities hold neither. Without a column there
        // is nothing to group by.
        let holds_no_zero = |at: &usize| {
            let storage = table.columns.get(*at).map(|column| column.storage);
            matches!(storage, Some(Storage::Integer | Storage::Text))
        };
        if positions.is_empty() || !positions.iter().all(holds_no_zero) {
            return Ok(None);
        }
        self.in_one_state(|it| {
            let layout = it.catalogue.require_columns(&it.connection, &it.place, table)?;
            rows::count_groups(&it.connection, &it.place, &layout, positions, range).map(Some)
        })
    }

    fn url(&self) -> &str {
        &self.place.url
    }

    fn name(&self) -> String {
        self.place.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    fn count_links(&self) -> Result<Option<u64>, TargetError> {
        open::count_links(&self.place)
    }

    fn read_binding(&mut self) -> Result<TargetBinding, TargetError> {
        file::read_binding(&self.place)
    }

    fn reaches_no_further(&mut self) -> Result<(), TargetError> {
        self.in_one_state(|target| own::check_own_tables(&target.connection, &target.place))
    }

    fn settle_copy_on_write(&mut self) -> Result<(), TargetError> {
        open::open_writer(&self.place).map(drop)
    }

    fn read_marker(&mut self) -> Result<Option<Marker>, TargetError> {
        marks::read_marker(&self.connection, &self.place)
    }

    fn find_operation(&mut self, uid: &Digest) -> Result<Option<OperationRow>, TargetError> {
        marks::find_operation(&self.connection, &self.place, uid)
    }

    fn find_newest_operation(&mut self, journal_id: &Digest) -> Result<Option<OperationRow>, TargetError> {
        marks::find_newest_operation(&self.connection, &self.place, journal_id)
    }

    fn list_journals(&mut self) -> Result<Vec<Digest>, TargetError> {
        marks::list_journals(&self.connection, &self.place)
    }

    fn list_operations(&mut self, journal_id: &Digest) -> Result<Vec<OperationRow>, TargetError> {
        marks::list_operations(&self.connection, &self.place, journal_id)
    }

    fn list_tables(&mut self) -> Result<Vec<String>, TargetError> {
        let entries = catalogue::list_entries(&self.connection, &self.place)?;
        let base = entries.into_iter().filter(|entry| entry.what == "table" && !catalogue::is_own(&entry.name));
        let mut names: Vec<String> = base.map(|entry| entry.name).collect();
        names.sort();
        Ok(names)
    }

    fn find_table(&mut self, name: &str) -> Result<Option<Arc<Table>>, TargetError> {
        let layout = self.catalogue.find_layout(&self.connection, &self.place, name)?;
        Ok(layout.map(|layout| Arc::clone(&layout.table)))
    }

    fn read(&mut self, query: &Fetch) -> Result<FetchAnswer, TargetError> {
        self.in_one_state(|target| target.answer_query(query))
    }

    fn scan(
        &mut self,
        scan: &Scan,
        visit: &mut dyn FnMut(&[Value]) -> Result<(), TargetError>,
    ) -> Result<(), TargetError> {
        self.in_one_state(|target| {
            scan::run_scan(&target.connection, &target.place, &mut target.catalogue, scan, visit)
        })
    }

    fn select(
        &mut self,
        table: &Arc<Table>,
        filter: &Filter,
        visit: &mut dyn FnMut(&[Value]) -> Result<(), TargetError>,
    ) -> Result<(), TargetError> {
        self.in_one_state(|target| {
            let part = target.catalogue.require_columns(&target.connection, &target.place, table)?;
            if let Some(runs) = &target.runs
                && let Some((column, ranges)) = integer_ranges(filter, &part)
                && let Some(rowids) =
                    runs.find_rowid_ranges(&target.connection, &target.place, &part, column, &ranges)?
            {
                return rows::visit_rowid_ranges(&target.connection, &target.place, &part, &rowids, |(_, cells)| {
                    visit(cells)
                });
            }
            match filter {
                Filter::Between { column, first, last } => rows::visit_rows_in_range(
                    &target.connection,
                    &target.place,
                    &part,
                    column,
                    *first,
                    *last,
                    |(_, cells)| visit(cells),
                ),
                Filter::In { column, values } if table.position(column).is_some() && values.len() == 1 => {
                    let (connection, place) = (&target.connection, &target.place);
                    let mut wanted = values.iter().filter(|value| !value.is_null());
                    wanted.try_for_each(|value| rows::visit_rows_with(connection, place, &part, column, value, visit))
                }
                Filter::In { column, values } if table.position(column).is_some() => {
                    let rows = rows::read_rows_among(&target.connection, &target.place, &part, column, values)?;
                    rows.iter().try_for_each(|cells| visit(cells))
                }
                // The filter's column is not among the selected ones: read whole rows, and reduce them afterwards.
                filter => {
                    let fetch = Fetch { table: table.shape.name.clone(), filter: filter.clone() };
                    project_answer(&target.answer_query(&fetch)?, table, visit)
                }
            }
        })
    }

    fn read_keys(&mut self, table: &Table) -> Result<Vec<Key>, TargetError> {
        let layout = self.catalogue.require_layout(&self.connection, &self.place, table)?;
        rows::read_keys(&self.connection, &self.place, &layout)
    }

    fn read_key_page(&mut self, table: &Arc<Table>, page: &KeyPage) -> Result<Vec<Key>, TargetError> {
        let layout = self.catalogue.require_layout(&self.connection, &self.place, table)?;
        rows::read_key_page(&self.connection, &self.place, &layout, page)
    }

    fn count_rows(&mut self, table: &Arc<Table>, only: Option<&(String, i64)>) -> Result<u64, TargetError> {
        let layout = self.catalogue.require_layout(&self.connection, &self.place, table)?;
        rows::count_rows(&self.connection, &self.place, &layout, only)
    }

    fn read_rows(&mut self, table: &Arc<Table>, keys: &[Key]) -> Result<Vec<Option<Vec<Value>>>, TargetError> {
        self.in_one_state(|target| {
            let layout = target.catalogue.require_layout(&target.connection, &target.place, table)?;
            let keys: Vec<&[Value]> = keys.iter().map(Vec::as_slice).collect();
            let mut rows = Vec::with_capacity(keys.len());
            rows::visit_rows_of_keys(&target.connection, &target.place, &layout, &keys, |_, row| {
                rows.push(row.map(|(_, cells)| cells.to_vec()));
                Ok(())
            })?;
            Ok(rows)
        })
    }

    fn row_digests(&mut self, table: &Arc<Table>, keys: &[&[Value]]) -> Result<Vec<Option<Digest>>, TargetError> {
        self.in_one_state(|target| {
            let layout = target.catalogue.require_layout(&target.connection, &target.place, table)?;
            let mut digests = Vec::with_capacity(keys.len());
            rows::digests_of_keys(&target.connection, &target.place, &layout, keys, |_, digest, _| {
                digests.push(digest);
                Ok(())
            })?;
            Ok(digests)
        })
    }

    fn preflight(
        &mut self,
        touches: &[TableTouch],
        conditions: &PreflightConditions<'_>,
    ) -> Result<Preflight, TargetError> {
        self.in_one_state(|target| {
            preflight::preflight(&target.connection, &target.place, &mut target.catalogue, touches, conditions)
        })
    }

    fn normalize_rows(&mut self, table: &Arc<Table>, trials: Vec<RowTrial>) -> Result<Vec<Vec<Value>>, TargetError> {
        let layout = self.catalogue.require_layout(&self.connection, &self.place, table)?;
        normalize::normalize_rows(&self.place, &layout, trials)
    }

    fn fill_defaults(
        &mut self,
        table: &Arc<Table>,
        known: &[usize],
        rows: Vec<Vec<Value>>,
    ) -> Result<Vec<Vec<Value>>, TargetError> {
        let layout = self.catalogue.require_layout(&self.connection, &self.place, table)?;
        normalize::fill_defaults(&self.place, &layout, known, rows)
    }

    fn unique_after(
        &mut self,
        table: &Arc<Table>,
        columns: &[String],
        rows: &[Vec<Value>],
        pending: &PendingRows,
    ) -> Result<(), TargetError> {
        self.in_one_state(|target| {
            let layout = target.catalogue.require_layout(&target.connection, &target.place, table)?;
            unique::check_unique_indexes(&target.connection, &target.place, &layout, columns, rows, pending)
        })
    }

    fn check_references(&mut self, moves: &[RowMovement<'_>], spared: &SparedKeys<'_>) -> Result<(), TargetError> {
        self.in_one_state(|target| {
            foreign::check_references(&target.connection, &target.place, &mut target.catalogue, moves, spared)
        })
    }

    fn digest_tables(&mut self, progress: &mut dyn FnMut(u64, u64)) -> Result<Vec<TableDigest>, TargetError> {
        self.in_one_state(|target| target.digest_all(progress))
    }

    fn list_sessions(&mut self) -> Result<Option<Vec<ConnectedProgram>>, TargetError> {
        Ok(Some(Vec::new()))
    }

    fn open_writer(&mut self, wait_ms: u64) -> Result<Box<dyn Writer>, TargetError> {
        // A write to the private copy would be lost with it.
        if self.copy.is_some() {
            let why = "it was read from a private copy".to_owned();
            return Err(TargetError::ReadOnly { url: self.place.url.clone(), why });
        }
        let place = FileLocation { wait_ms, ..self.place.clone() };
        let catalogue = Catalogue::new(self.catalogue.keys().clone());
        let writer = writer::SqliteWriter::open(place, catalogue, self.seam.clone(), self.pages_max)?;
        Ok(Box::new(writer))
    }
}
