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

use self::catalogue::{Catalogue, Listed};
use self::open::Place;
use super::faults::Seam;
#[cfg(feature = "testing")]
use super::faults::SharedFaults;
use super::tally::Tally;
use super::{
    Bound, Conditions, DomainKeys, Marker, Meanwhile, Movement, OperationRow, Preflight, Pushdown, Session, Spared,
    TableDigest, Target, TargetError, Touch, Trial, Writer, narrow,
};
use crate::model::{Answer, Fetch, Filter, Key, Page, Scan, Table};

pub use self::backup::copy_file;
pub(crate) use self::file::is_same_file;
pub use self::glimpse::{Glimpse, glimpse};
pub use self::lab::create_lab;
pub use self::open::roll_back_hot_journal;
pub use self::runs::RunIndex;

/// How many rows are digested between two reports of progress.
const PROGRESS_ROWS: u64 = 4096;

/// A SQLite file under test.
pub struct SqliteTarget {
    place: Place,
    connection: Connection,
    catalogue: Catalogue,
    seam: Seam,
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
        let place = Place::find(path)?;
        let connection = open::open_reader(&place)?;
        Ok(Self {
            place,
            connection,
            catalogue: Catalogue::new(keys),
            seam: Seam::default(),
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
        let place = Place::find(path)?;
        let aside::Aside { connection, copy, live } = aside::open(&place)?;
        let (catalogue, runs) = (Catalogue::new(keys), Some(RunIndex::default()));
        Ok((Self { place, connection, catalogue, seam: Seam::default(), pages_max: None, copy, runs }, live))
    }

    /// Shares what is known of where rows lie with whoever opened the file before.
    pub fn share_runs(&mut self, runs: &RunIndex) {
        self.runs = Some(runs.clone());
    }

    /// Makes later writes of this target's writers fail where a test wants it.
    #[cfg(feature = "testing")]
    pub fn set_faults(&mut self, faults: SharedFaults) {
        self.seam.set(faults);
    }

    /// Bounds the database at so many pages for this target's writers, so that a test sees a full disk.
    #[cfg(feature = "testing")]
    pub const fn limit_pages(&mut self, pages: u32) {
        self.pages_max = Some(pages);
    }

    /// Runs a reading step in a transaction of its own, so that all of it sees the same state.
    fn in_one_state<T>(&mut self, step: impl FnOnce(&mut Self) -> Result<T, TargetError>) -> Result<T, TargetError> {
        self.connection.execute_batch(sql::BEGIN_READ).map_err(self.place.error("begin reading"))?;
        let result = step(self);
        let ended = self.connection.execute_batch(sql::ROLLBACK).map_err(self.place.error("end reading"));
        let value = result?;
        ended.map(|()| value)
    }

    fn digest_table(
        &self,
        listed: &Listed,
        rows: &mut u64,
        total: u64,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<TableDigest, TargetError> {
        let sheet = catalogue::declared_sheet(&self.connection, &self.place, self.catalogue.keys(), listed)?;
        let mut tally = Tally::new(&sheet.table.shape);
        rows::each(&self.connection, &self.place, &sheet, |(_, cells)| {
            tally.add(cells)?;
            *rows += 1;
            if rows.is_multiple_of(PROGRESS_ROWS) {
                progress(*rows, total);
            }
            Ok(())
        })?;
        Ok(tally.finish())
    }

    fn digest_all(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<Vec<TableDigest>, TargetError> {
        let stored = |listed: &Listed| ["table", "shadow"].contains(&listed.what.as_str());
        let mut tables = catalogue::listed(&self.connection, &self.place)?;
        tables.retain(|listed| stored(listed) && !catalogue::is_own(&listed.name));
        let failed = self.place.error("count rows");
        let count = |listed: &Listed| {
            let count = self.connection.query_one(&sql::count(&listed.name), [], |row| row.get::<_, i64>(0));
            count.map(i64::unsigned_abs).map_err(&failed)
        };
        let total = tables.iter().map(count).sum::<Result<u64, _>>()?;
        let mut rows = 0;
        let digests = tables.iter().map(|listed| self.digest_table(listed, &mut rows, total, progress));
        let digests = digests.collect::<Result<Vec<_>, _>>()?;
        progress(rows, total);
        Ok(digests)
    }

    fn answer(&mut self, query: &Fetch) -> Result<Answer, TargetError> {
        let Some(sheet) = self.catalogue.sheet(&self.connection, &self.place, &query.table)? else {
            return Ok(Answer { table: None, rows: Vec::new(), maximum: None });
        };
        let (mut rows, mut maximum) = (Vec::new(), None);
        match &query.filter {
            Filter::All => rows::each(&self.connection, &self.place, &sheet, |(_, cells)| {
                rows.push(cells.to_vec());
                Ok(())
            })?,
            Filter::In { column, values } => {
                rows = rows::among(&self.connection, &self.place, &sheet, column, values)?;
            }
            Filter::Days { column, first, last } => {
                rows = rows::on_days(&self.connection, &self.place, &sheet, column, (*first, *last))?;
            }
            Filter::Between { column, first, last } => {
                rows::between(&self.connection, &self.place, &sheet, column, (*first, *last), |(_, cells)| {
                    rows.push(cells.to_vec());
                    Ok(())
                })?;
            }
            Filter::Maximum { column } => maximum = self.maximum(&sheet, column)?,
        }
        Ok(Answer { table: Some(Arc::clone(&sheet.table)), rows, maximum })
    }

    fn maximum(&self, sheet: &catalogue::Sheet, column: &str) -> Result<Option<i64>, TargetError> {
        let (_, column) = sheet.table.column(column)?;
        let failed = self.place.error("read the largest value");
        let largest = |integers| {
            let text = sql::maximum(sheet, &column.image.name, integers);
            self.connection.query_one(&text, [], |row| row.get_ref(0).map(value::value)).map_err(&failed)
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
fn stretches_of<'f>(filter: &'f Filter, sheet: &catalogue::Sheet) -> Option<(&'f str, Vec<(i64, i64)>)> {
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

    fn links(&self) -> Result<Option<u64>, TargetError> {
        open::links(&self.place)
    }

    fn bound(&mut self) -> Result<Bound, TargetError> {
        file::bound(&self.place)
    }

    fn reaches_no_further(&mut self) -> Result<(), TargetError> {
        self.in_one_state(|it| own::judge(&it.connection, &it.place))
    }

    fn settle(&mut self) -> Result<(), TargetError> {
        open::open_writer(&self.place).map(drop)
    }

    fn marker(&mut self) -> Result<Option<Marker>, TargetError> {
        marks::marker(&self.connection, &self.place)
    }

    fn operation(&mut self, uid: &Digest) -> Result<Option<OperationRow>, TargetError> {
        marks::operation(&self.connection, &self.place, uid)
    }

    fn newest(&mut self, journal_id: &Digest) -> Result<Option<OperationRow>, TargetError> {
        marks::newest(&self.connection, &self.place, journal_id)
    }

    fn journals(&mut self) -> Result<Vec<Digest>, TargetError> {
        marks::journals(&self.connection, &self.place)
    }

    fn operations(&mut self, journal_id: &Digest) -> Result<Vec<OperationRow>, TargetError> {
        marks::operations(&self.connection, &self.place, journal_id)
    }

    fn tables(&mut self) -> Result<Vec<String>, TargetError> {
        let listed = catalogue::listed(&self.connection, &self.place)?;
        let base = listed.into_iter().filter(|listed| listed.what == "table" && !catalogue::is_own(&listed.name));
        let mut names: Vec<String> = base.map(|listed| listed.name).collect();
        names.sort();
        Ok(names)
    }

    fn table(&mut self, name: &str) -> Result<Option<Arc<Table>>, TargetError> {
        let sheet = self.catalogue.sheet(&self.connection, &self.place, name)?;
        Ok(sheet.map(|sheet| Arc::clone(&sheet.table)))
    }

    fn read(&mut self, query: &Fetch) -> Result<Answer, TargetError> {
        self.in_one_state(|it| it.answer(query))
    }

    fn scan(
        &mut self,
        scan: &Scan,
        take: &mut dyn FnMut(&[Value]) -> Result<(), TargetError>,
    ) -> Result<(), TargetError> {
        self.in_one_state(|it| scan::each(&it.connection, &it.place, &mut it.catalogue, scan, take))
    }

    fn select(
        &mut self,
        table: &Arc<Table>,
        filter: &Filter,
        take: &mut dyn FnMut(&[Value]) -> Result<(), TargetError>,
    ) -> Result<(), TargetError> {
        self.in_one_state(|it| {
            let part = it.catalogue.part(&it.connection, &it.place, table)?;
            if let Some((column, wanted)) = it.runs.is_some().then(|| stretches_of(filter, &part)).flatten()
                && let Some(runs) = &it.runs
                && let Some(found) = runs.stretches(&it.connection, &it.place, &part, column, &wanted)?
            {
                return rows::stretches(&it.connection, &it.place, &part, &found, |(_, cells)| take(cells));
            }
            match filter {
                Filter::Between { column, first, last } => {
                    rows::between(&it.connection, &it.place, &part, column, (*first, *last), |(_, cells)| take(cells))
                }
                Filter::In { column, values } if table.position(column).is_some() => {
                    let found = rows::among(&it.connection, &it.place, &part, column, values)?;
                    found.iter().try_for_each(|cells| take(cells))
                }
                filter => {
                    let fetch = Fetch { table: table.shape.name.clone(), filter: filter.clone() };
                    narrow(&it.answer(&fetch)?, table, take)
                }
            }
        })
    }

    fn keys(&mut self, table: &Table) -> Result<Vec<Key>, TargetError> {
        let sheet = self.catalogue.same(&self.connection, &self.place, table)?;
        rows::keys(&self.connection, &self.place, &sheet)
    }

    fn page(&mut self, table: &Arc<Table>, page: &Page) -> Result<Vec<Key>, TargetError> {
        let sheet = self.catalogue.same(&self.connection, &self.place, table)?;
        rows::page(&self.connection, &self.place, &sheet, page)
    }

    fn count(&mut self, table: &Arc<Table>, only: Option<&(String, i64)>) -> Result<u64, TargetError> {
        let sheet = self.catalogue.same(&self.connection, &self.place, table)?;
        rows::count(&self.connection, &self.place, &sheet, only)
    }

    fn rows(&mut self, table: &Arc<Table>, keys: &[Key]) -> Result<Vec<Option<Vec<Value>>>, TargetError> {
        self.in_one_state(|it| {
            let sheet = it.catalogue.same(&it.connection, &it.place, table)?;
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
            let sheet = it.catalogue.same(&it.connection, &it.place, table)?;
            let mut found = Vec::with_capacity(keys.len());
            rows::digests_of_keys(&it.connection, &it.place, &sheet, keys, |_, digest, _| {
                found.push(digest);
                Ok(())
            })?;
            Ok(found)
        })
    }

    fn preflight(&mut self, touches: &[Touch], conditions: &Conditions<'_>) -> Result<Preflight, TargetError> {
        self.in_one_state(|it| preflight::preflight(&it.connection, &it.place, &mut it.catalogue, touches, conditions))
    }

    fn normalize(&mut self, table: &Arc<Table>, trials: Vec<Trial>) -> Result<Vec<Vec<Value>>, TargetError> {
        let sheet = self.catalogue.same(&self.connection, &self.place, table)?;
        normalize::normalize(&self.place, &sheet, trials)
    }

    fn complete(
        &mut self,
        table: &Arc<Table>,
        known: &[usize],
        rows: Vec<Vec<Value>>,
    ) -> Result<Vec<Vec<Value>>, TargetError> {
        let sheet = self.catalogue.same(&self.connection, &self.place, table)?;
        normalize::complete(&self.place, &sheet, known, rows)
    }

    fn unique_after(
        &mut self,
        table: &Arc<Table>,
        columns: &[String],
        rows: &[Vec<Value>],
        meanwhile: &Meanwhile,
    ) -> Result<(), TargetError> {
        self.in_one_state(|it| {
            let sheet = it.catalogue.same(&it.connection, &it.place, table)?;
            unique::unique(&it.connection, &it.place, &sheet, columns, rows, meanwhile)
        })
    }

    fn references(&mut self, moves: &[Movement<'_>], spared: &Spared<'_>) -> Result<(), TargetError> {
        self.in_one_state(|it| foreign::references(&it.connection, &it.place, &mut it.catalogue, moves, spared))
    }

    fn digests(&mut self, progress: &mut dyn FnMut(u64, u64)) -> Result<Vec<TableDigest>, TargetError> {
        self.in_one_state(|it| it.digest_all(progress))
    }

    fn sessions(&mut self) -> Result<Option<Vec<Session>>, TargetError> {
        Ok(Some(Vec::new()))
    }

    fn writer(&mut self, wait_ms: u64) -> Result<Box<dyn Writer>, TargetError> {
        if self.copy.is_some() {
            let why = "it was read from a private copy".to_owned();
            return Err(TargetError::ReadOnly { url: self.place.url.clone(), why });
        }
        let place = Place { wait_ms, ..self.place.clone() };
        let catalogue = Catalogue::new(self.catalogue.keys().clone());
        let writer = writer::SqliteWriter::open(place, catalogue, self.seam.clone(), self.pages_max)?;
        Ok(Box::new(writer))
    }
}
