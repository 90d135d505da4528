//! Targets in SQLite files: reading on a connection that cannot write; the writing side is in its own module.

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
    ConnectedProgram, DomainKeys, Marker, OperationRow, PendingRows, Preflight, PreflightConditions, Pushdown,
    RowMovement, RowTrial, SparedKeys, TableDigest, TableTouch, Target, TargetBinding, TargetError, Writer,
    project_answer,
};
use crate::model::{Fetch, FetchAnswer, Filter, Key, KeyPage, Scan, Table};

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
    /// Where rows lie, for columns without an index; nothing where rows are looked for by passes.
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

    /// Opens a file for reading so that nothing is left beside it, and tells whether somebody is writing it: one with
    /// a write-ahead log is read from a private copy, or as one that nobody changes where its log is empty.
    ///
    /// # Errors
    /// As [`SqliteTarget::open`].
    pub fn open_aside(path: &Path, keys: DomainKeys) -> Result<(Self, bool), TargetError> {
        let place = FileLocation::from_path(path)?;
        let aside::TracelessReader { connection, copy, live } = aside::open_traceless(&place)?;
        let (catalogue, runs) = (Catalogue::new(keys), Some(RunIndex::default()));
        Ok((Self { place, connection, catalogue, seam: FaultSeam::default(), pages_max: None, copy, runs }, live))
    }

    /// Shares what is known of where rows lie with whoever opened the file before.
    pub fn share_runs(&mut self, runs: &RunIndex) {
        self.runs = Some(runs.clone());
    }

    /// Makes later writes of this target's writers fail where a test wants it.
    #[cfg(feature = "testing")]
    pub fn set_faults(&mut self, faults: SharedFaults) {
        self.seam.set_faults(faults);
    }

    /// Bounds the database at so many pages for this target's writers, so that a test sees a full disk.
    #[cfg(feature = "testing")]
    pub const fn limit_pages(&mut self, pages: u32) {
        self.pages_max = Some(pages);
    }

    /// Runs a reading step in a transaction of its own, so that all of it sees the same state.
    fn in_one_state<T>(&mut self, step: impl FnOnce(&mut Self) -> Result<T, TargetError>) -> Result<T, TargetError> {
        self.connection.execute_batch(sql::BEGIN_READ).map_err(self.place.explainer("begin reading"))?;
        let result = step(self);
        let ended = self.connection.execute_batch(sql::ROLLBACK).map_err(self.place.explainer("end reading"));
        let value = result?;
        ended.map(|()| value)
    }

    fn digest_table(
        &self,
        listed: &TableEntry,
        rows: &mut u64,
        total: u64,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<TableDigest, TargetError> {
        let sheet = catalogue::declared_sheet(&self.connection, &self.place, self.catalogue.keys(), listed)?;
        let mut tally = TableHasher::new(&sheet.table.shape);
        rows::visit_all_rows(&self.connection, &self.place, &sheet, |(_, cells)| {
            tally.add_row(cells)?;
            *rows += 1;
            if rows.is_multiple_of(PROGRESS_ROWS) {
                progress(*rows, total);
            }
            Ok(())
        })?;
        Ok(tally.finish())
    }

    fn digest_all(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<Vec<TableDigest>, TargetError> {
        let stored = |listed: &TableEntry| ["table", "shadow"].contains(&listed.what.as_str());
        let mut tables = catalogue::list_entries(&self.connection, &self.place)?;
        tables.retain(|listed| stored(listed) && !catalogue::is_own(&listed.name));
        let failed = self.place.explainer("count rows");
        let count = |listed: &TableEntry| {
            let count = self.connection.query_one(&sql::count_rows(&listed.name), [], |row| row.get::<_, i64>(0));
            count.map(i64::unsigned_abs).map_err(&failed)
        };
        let total = tables.iter().map(count).sum::<Result<u64, _>>()?;
        let mut rows = 0;
        let digests = tables.iter().map(|listed| self.digest_table(listed, &mut rows, total, progress));
        let digests = digests.collect::<Result<Vec<_>, _>>()?;
        progress(rows, total);
        Ok(digests)
    }

    fn answer_query(&mut self, query: &Fetch) -> Result<FetchAnswer, TargetError> {
        let Some(sheet) = self.catalogue.find_layout(&self.connection, &self.place, &query.table)? else {
            return Ok(FetchAnswer { table: None, rows: Vec::new(), maximum: None });
        };
        let (mut rows, mut maximum) = (Vec::new(), None);
        match &query.filter {
            Filter::All => rows::visit_all_rows(&self.connection, &self.place, &sheet, |(_, cells)| {
                rows.push(cells.to_vec());
                Ok(())
            })?,
            Filter::In { column, values } => {
                rows = rows::read_rows_among(&self.connection, &self.place, &sheet, column, values)?;
            }
            Filter::Days { column, first, last } => {
                rows = rows::on_days(&self.connection, &self.place, &sheet, column, (*first, *last))?;
            }
            Filter::Between { column, first, last } => {
                rows::visit_rows_in_range(
                    &self.connection,
                    &self.place,
                    &sheet,
                    column,
                    (*first, *last),
                    |(_, cells)| {
                        rows.push(cells.to_vec());
                        Ok(())
                    },
                )?;
            }
            Filter::Maximum { column } => maximum = self.read_maximum(&sheet, column)?,
        }
        Ok(FetchAnswer { table: Some(Arc::clone(&sheet.table)), rows, maximum })
    }

    fn read_maximum(&self, sheet: &catalogue::SqliteLayout, column: &str) -> Result<Option<i64>, TargetError> {
        let (_, column) = sheet.table.column(column)?;
        let failed = self.place.explainer("read the largest value");
        let largest = |integers| {
            let text = sql::select_maximum(sheet, &column.image.name, integers);
            self.connection.query_one(&text, [], |row| row.get_ref(0).map(value::to_value)).map_err(&failed)
        };
        // Text sorts behind all numbers; only then is it worth a scan to find the largest integer.
        match crate::model::snapshot::key_form(&largest(false)?) {
            Value::Null => Ok(None),
            Value::Integer(number) => Ok(Some(number)),
            _ => match largest(true)? {
                Value::Integer(number) => Ok(Some(number)),
                _ => Ok(None),
            },
        }
    }
}

/// Returns the ranges of integers that a filter asks for, in a column that is not the row's own number.
fn stretches_of<'f>(filter: &'f Filter, sheet: &catalogue::SqliteLayout) -> Option<(&'f str, Vec<(i64, i64)>)> {
    let (column, wanted) = match filter {
        Filter::Between { column, first, last } => (column, vec![(*first, *last)]),
        Filter::In { column, values } => {
            let whole =
                |value: &Value| if let Value::Integer(number) = value { Some((*number, *number)) } else { None };
            (column, values.iter().map(whole).collect::<Option<_>>()?)
        }
        _ => return None,
    };
    let own = sheet.rowid_column.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(column));
    (!own).then_some((column.as_str(), wanted))
}

impl Target for SqliteTarget {
    fn engine(&self) -> &'static str {
        "sqlite"
    }

    fn pushes_down(&self) -> Pushdown {
        Pushdown::ALL
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
        self.in_one_state(|it| own::check_own_tables(&it.connection, &it.place))
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
        let listed = catalogue::list_entries(&self.connection, &self.place)?;
        let base = listed.into_iter().filter(|listed| listed.what == "table" && !catalogue::is_own(&listed.name));
        let mut names: Vec<String> = base.map(|listed| listed.name).collect();
        names.sort();
        Ok(names)
    }

    fn find_table(&mut self, name: &str) -> Result<Option<Arc<Table>>, TargetError> {
        let sheet = self.catalogue.find_layout(&self.connection, &self.place, name)?;
        Ok(sheet.map(|sheet| Arc::clone(&sheet.table)))
    }

    fn read(&mut self, query: &Fetch) -> Result<FetchAnswer, TargetError> {
        self.in_one_state(|it| it.answer_query(query))
    }

    fn scan(
        &mut self,
        scan: &Scan,
        take: &mut dyn FnMut(&[Value]) -> Result<(), TargetError>,
    ) -> Result<(), TargetError> {
        self.in_one_state(|it| scan::run_scan(&it.connection, &it.place, &mut it.catalogue, scan, take))
    }

    fn select(
        &mut self,
        table: &Arc<Table>,
        filter: &Filter,
        take: &mut dyn FnMut(&[Value]) -> Result<(), TargetError>,
    ) -> Result<(), TargetError> {
        self.in_one_state(|it| {
            let part = it.catalogue.require_columns(&it.connection, &it.place, table)?;
            if let Some((column, wanted)) = it.runs.is_some().then(|| stretches_of(filter, &part)).flatten()
                && let Some(runs) = &it.runs
                && let Some(found) = runs.find_rowid_ranges(&it.connection, &it.place, &part, column, &wanted)?
            {
                return rows::visit_rowid_ranges(&it.connection, &it.place, &part, &found, |(_, cells)| take(cells));
            }
            match filter {
                Filter::Between { column, first, last } => rows::visit_rows_in_range(
                    &it.connection,
                    &it.place,
                    &part,
                    column,
                    (*first, *last),
                    |(_, cells)| take(cells),
                ),
                Filter::In { column, values } if table.position(column).is_some() => {
                    let found = rows::read_rows_among(&it.connection, &it.place, &part, column, values)?;
                    found.iter().try_for_each(|cells| take(cells))
                }
                filter => {
                    let fetch = Fetch { table: table.shape.name.clone(), filter: filter.clone() };
                    project_answer(&it.answer_query(&fetch)?, table, take)
                }
            }
        })
    }

    fn read_keys(&mut self, table: &Table) -> Result<Vec<Key>, TargetError> {
        let sheet = self.catalogue.require_layout(&self.connection, &self.place, table)?;
        rows::read_keys(&self.connection, &self.place, &sheet)
    }

    fn read_key_page(&mut self, table: &Arc<Table>, page: &KeyPage) -> Result<Vec<Key>, TargetError> {
        let sheet = self.catalogue.require_layout(&self.connection, &self.place, table)?;
        rows::read_key_page(&self.connection, &self.place, &sheet, page)
    }

    fn count_rows(&mut self, table: &Arc<Table>, only: Option<&(String, i64)>) -> Result<u64, TargetError> {
        let sheet = self.catalogue.require_layout(&self.connection, &self.place, table)?;
        rows::count_rows(&self.connection, &self.place, &sheet, only)
    }

    fn read_rows(&mut self, table: &Arc<Table>, keys: &[Key]) -> Result<Vec<Option<Vec<Value>>>, TargetError> {
        self.in_one_state(|it| {
            let sheet = it.catalogue.require_layout(&it.connection, &it.place, table)?;
            let wanted: Vec<&[Value]> = keys.iter().map(Vec::as_slice).collect();
            let mut found = Vec::with_capacity(keys.len());
            rows::of_keys(&it.connection, &it.place, &sheet, &wanted, |_, row| {
                found.push(row.map(|(_, cells)| cells.to_vec()));
                Ok(())
            })?;
            Ok(found)
        })
    }

    fn row_digests(&mut self, table: &Arc<Table>, keys: &[&[Value]]) -> Result<Vec<Option<Digest>>, TargetError> {
        self.in_one_state(|it| {
            let sheet = it.catalogue.require_layout(&it.connection, &it.place, table)?;
            let mut found = Vec::with_capacity(keys.len());
            rows::digests_of_keys(&it.connection, &it.place, &sheet, keys, |_, digest, _| {
                found.push(digest);
                Ok(())
            })?;
            Ok(found)
        })
    }

    fn preflight(
        &mut self,
        touches: &[TableTouch],
        conditions: &PreflightConditions<'_>,
    ) -> Result<Preflight, TargetError> {
        self.in_one_state(|it| preflight::preflight(&it.connection, &it.place, &mut it.catalogue, touches, conditions))
    }

    fn normalize_rows(&mut self, table: &Arc<Table>, trials: Vec<RowTrial>) -> Result<Vec<Vec<Value>>, TargetError> {
        let sheet = self.catalogue.require_layout(&self.connection, &self.place, table)?;
        normalize::normalize_rows(&self.place, &sheet, trials)
    }

    fn fill_defaults(
        &mut self,
        table: &Arc<Table>,
        known: &[usize],
        rows: Vec<Vec<Value>>,
    ) -> Result<Vec<Vec<Value>>, TargetError> {
        let sheet = self.catalogue.require_layout(&self.connection, &self.place, table)?;
        normalize::fill_defaults(&self.place, &sheet, known, rows)
    }

    fn unique_after(
        &mut self,
        table: &Arc<Table>,
        columns: &[String],
        rows: &[Vec<Value>],
        meanwhile: &PendingRows,
    ) -> Result<(), TargetError> {
        self.in_one_state(|it| {
            let sheet = it.catalogue.require_layout(&it.connection, &it.place, table)?;
            unique::check_unique_indexes(&it.connection, &it.place, &sheet, columns, rows, meanwhile)
        })
    }

    fn check_references(&mut self, moves: &[RowMovement<'_>], spared: &SparedKeys<'_>) -> Result<(), TargetError> {
        self.in_one_state(|it| foreign::check_references(&it.connection, &it.place, &mut it.catalogue, moves, spared))
    }

    fn digest_tables(&mut self, progress: &mut dyn FnMut(u64, u64)) -> Result<Vec<TableDigest>, TargetError> {
        self.in_one_state(|it| it.digest_all(progress))
    }

    fn list_sessions(&mut self) -> Result<Option<Vec<ConnectedProgram>>, TargetError> {
        Ok(Some(Vec::new()))
    }

    fn open_writer(&mut self, wait_ms: u64) -> Result<Box<dyn Writer>, TargetError> {
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
