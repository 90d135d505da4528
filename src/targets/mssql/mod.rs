//! Targets on SQL Server. This module is the reading side, in transactions that change nothing; `writer` is the other.

mod catalogue;
mod codec;
mod execute;
mod fault;
mod foreign;
mod lab;
mod marks;
mod normalize;
mod oddities;
mod open;
mod own;
mod preflight;
mod rows;
mod scan;
mod session;
mod sql;
mod stage;
mod text;
mod types;
mod unique;
mod url;
mod wire;
mod writer;

use std::collections::BTreeMap;
use std::sync::Arc;

use mfm_journal::{Digest, RowHasher, Value};

use self::catalogue::{CatalogueObject, MssqlLayout};
use self::foreign::LookupContext;
use self::open::{MssqlAccess, READ_WAIT_MS};
use self::preflight::PreflightContext;
use self::session::{ReadSession, ReadStep};
use super::faults::FaultSeam;
#[cfg(feature = "testing")]
use super::faults::SharedFaults;
use super::tally::TableHasher;
use super::{
    DomainKeys, Marker, OperationRow, PendingRows, Preflight, PreflightConditions, Pushdown, RowMovement, RowTrial,
    SparedKeys, TableDigest, TableTouch, Target, TargetBinding, TargetError, Writer, compare,
};
use crate::model::ports::Secrets;
use crate::model::snapshot::lies_between;
use crate::model::{Fetch, FetchAnswer, Filter, Key, KeyPage, Scan, Table};

pub use self::lab::create_lab;
pub(super) use self::url::is_mssql;

/// How many rows are digested between two reports of progress.
const PROGRESS_ROWS: u64 = 4096;

/// A SQL Server database under test.
pub struct MssqlTarget {
    url: String,
    session: ReadSession,
    seam: FaultSeam,
}

impl std::fmt::Debug for MssqlTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MssqlTarget").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Returns the one spelling of a URL. It means the same from every folder: a relative path in it becomes absolute.
///
/// # Errors
/// [`TargetError::Url`].
pub fn canonical_url(url: &str) -> Result<String, TargetError> {
    let mut parsed = url::MssqlUrl::parse(url)?;
    if let Some(path) = parsed.ca_file.take() {
        let absolute = std::path::absolute(path);
        parsed.ca_file =
            Some(absolute.map_err(|error| TargetError::Url { url: url.to_owned(), why: format!("ca_file: {error}") })?);
    }
    Ok(parsed.to_canonical())
}

/// Returns which safety of the connection a URL gives up, in a sentence; `None` where it gives up none.
#[must_use]
pub fn find_weakness(url: &str) -> Option<&'static str> {
    let parsed = url::MssqlUrl::parse(url).ok()?;
    match parsed.encrypt {
        url::Encryption::Off => Some("encrypt=off: the password and all rows are sent unencrypted"),
        url::Encryption::Login => Some("encrypt=login: all rows are sent unencrypted"),
        _ if parsed.trust_server_certificate => {
            Some("trust_server_certificate=true: the server's identity is not verified")
        }
        _ => None,
    }
}

/// Returns the host to which a login would travel unencrypted; `None` where it would be encrypted.
#[must_use]
pub fn unencrypted_login(url: &str) -> Option<String> {
    let parsed = url::MssqlUrl::parse(url).ok()?;
    (parsed.encrypt == url::Encryption::Off).then_some(parsed.host)
}

impl MssqlTarget {
    /// Logs in for reading; `keys` are those by which the domain tells rows apart.
    ///
    /// # Errors
    /// [`TargetError::Url`], [`TargetError::Login`], [`TargetError::Network`], [`TargetError::Tls`],
    /// [`TargetError::Timeout`], or [`TargetError::Absent`] where the server has no such database.
    pub fn open(url: &str, keys: DomainKeys, secrets: &dyn Secrets) -> Result<Self, TargetError> {
        let access = MssqlAccess::from_url(url, secrets)?;
        let place = access.location(READ_WAIT_MS);
        let url = place.url.clone();
        Ok(Self { url, session: ReadSession::open(access, place, keys)?, seam: FaultSeam::default() })
    }

    /// Makes later writes of this target's writers fail where a test says so.
    #[cfg(feature = "testing")]
    pub fn set_faults(&mut self, faults: SharedFaults) {
        self.seam.set_faults(faults);
    }
}

fn answer_query(step: &mut ReadStep<'_>, query: &Fetch) -> Result<FetchAnswer, TargetError> {
    let Some(layout) = step.find_layout(&query.table)? else {
        return Ok(FetchAnswer { table: None, rows: Vec::new(), maximum: None });
    };
    let ReadStep { wire, place, .. } = step;
    let (mut rows, mut maximum) = (Vec::new(), None);
    match &query.filter {
        Filter::All => rows::visit_all_rows(wire, place, &layout, |row| {
            rows.push(row);
            Ok(())
        })?,
        Filter::In { column, values } => rows = rows::read_rows_among(wire, place, &layout, column, values)?,
        Filter::Days { column, first, last } => {
            rows = rows::read_rows_on_days(wire, place, &layout, column, *first, *last)?;
        }
        Filter::Between { column, first, last } => {
            let (at, _) = layout.table.column(column)?;
            rows::visit_all_rows(wire, place, &layout, |row: Vec<Value>| {
                if row.get(at).is_some_and(|cell| lies_between(cell, *first, *last)) {
                    rows.push(row);
                }
                Ok(())
            })?;
        }
        Filter::Maximum { column } => maximum = rows::read_maximum(wire, place, &layout, column)?,
    }
    Ok(FetchAnswer { table: Some(Arc::clone(&layout.table)), rows, maximum })
}

fn digest_table(
    step: &mut ReadStep<'_>,
    layout: &MssqlLayout,
    rows: &mut u64,
    total: u64,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<TableDigest, TargetError> {
    let mut hasher = TableHasher::new(&layout.table.shape);
    rows::visit_all_rows(step.wire, step.place, layout, |row| {
        hasher.add_row(&row)?;
        *rows += 1;
        if rows.is_multiple_of(PROGRESS_ROWS) {
            progress(*rows, total);
        }
        Ok(())
    })?;
    Ok(hasher.finish())
}

fn digest_all(step: &mut ReadStep<'_>, progress: &mut dyn FnMut(u64, u64)) -> Result<Vec<TableDigest>, TargetError> {
    let mut layouts = Vec::new();
    for object in catalogue::list_objects(step.wire, step.place)?.iter().filter(|object| is_base(object)) {
        layouts.push(catalogue::read_declaration(step.wire, step.place, step.features, step.keys, object)?);
    }
    layouts.sort_by(|one, other| one.display_name().cmp(other.display_name()));
    let mut total = 0;
    for layout in &layouts {
        let answer = step.wire.query_rows(&sql::rows::count_rows(&layout.qualified_name()), Vec::new());
        let answer = answer.map_err(step.place.explainer("count rows"))?;
        total += answer.first().and_then(|row| wire::cell_integer(row.first())).map_or(0, i64::unsigned_abs);
    }
    let mut rows = 0;
    let mut digests = Vec::with_capacity(layouts.len());
    for layout in &layouts {
        digests.push(digest_table(step, layout, &mut rows, total, progress)?);
    }
    progress(rows, total);
    Ok(digests)
}

fn is_base(object: &CatalogueObject) -> bool {
    object.kind == "U" && !object.is_own()
}

impl Target for MssqlTarget {
    fn engine(&self) -> &'static str {
        "mssql"
    }

    fn pushes_down(&self) -> Pushdown {
        Pushdown { equality: true, order: true, ..Pushdown::default() }
    }

    fn url(&self) -> &str {
        &self.url
    }

    fn name(&self) -> String {
        self.session.identity.database.clone()
    }

    fn read_binding(&mut self) -> Result<TargetBinding, TargetError> {
        self.session.in_one_state(&mut |step| Ok(marks::read_identity(step.wire, step.place)?.bound))
    }

    fn reaches_no_further(&mut self) -> Result<(), TargetError> {
        self.session.in_one_state(&mut |step| own::check_own_tables(step.wire, step.place, false))
    }

    fn read_marker(&mut self) -> Result<Option<Marker>, TargetError> {
        self.session.in_one_state(&mut |step| marks::read_marker(step.wire, step.place))
    }

    fn find_operation(&mut self, uid: &Digest) -> Result<Option<OperationRow>, TargetError> {
        self.session.in_one_state(&mut |step| marks::find_operation(step.wire, step.place, uid))
    }

    fn find_newest_operation(&mut self, journal_id: &Digest) -> Result<Option<OperationRow>, TargetError> {
        self.session.in_one_state(&mut |step| marks::find_newest_operation(step.wire, step.place, journal_id))
    }

    fn list_journals(&mut self) -> Result<Vec<Digest>, TargetError> {
        self.session.in_one_state(&mut |step| marks::list_journals(step.wire, step.place))
    }

    fn list_operations(&mut self, journal_id: &Digest) -> Result<Vec<OperationRow>, TargetError> {
        self.session.in_one_state(&mut |step| marks::list_operations(step.wire, step.place, journal_id))
    }

    fn list_tables(&mut self) -> Result<Vec<String>, TargetError> {
        self.session.in_one_state(&mut |step| {
            let objects = catalogue::list_objects(step.wire, step.place)?;
            let mut names: Vec<String> =
                objects.iter().filter(|object| is_base(object)).map(CatalogueObject::display_name).collect();
            names.sort();
            Ok(names)
        })
    }

    fn find_table(&mut self, name: &str) -> Result<Option<Arc<Table>>, TargetError> {
        // A table that is asked for by name is read again: its declaration may have changed since.
        self.session.forget_one(name);
        self.session.in_one_state(&mut |step| Ok(step.find_layout(name)?.map(|layout| Arc::clone(&layout.table))))
    }

    fn read(&mut self, query: &Fetch) -> Result<FetchAnswer, TargetError> {
        self.session.in_one_state(&mut |step| answer_query(step, query))
    }

    fn scan(
        &mut self,
        scan: &Scan,
        visit: &mut dyn FnMut(&[Value]) -> Result<(), TargetError>,
    ) -> Result<(), TargetError> {
        let (mut begun, url) = (false, self.url.clone());
        self.session.in_one_state(&mut |step| {
            // A step may run twice: after a broken connection or a deadlock. But the visitor has seen rows by then.
            if std::mem::take(&mut begun) {
                let why = "the connection broke, or another program held a lock".to_owned();
                return Err(TargetError::Failed { url: url.clone(), what: "read a table to its end".to_owned(), why });
            }
            scan::run_scan(step, scan, &mut |row| {
                begun = true;
                visit(row)
            })
        })
    }

    fn read_keys(&mut self, table: &Table) -> Result<Vec<Key>, TargetError> {
        self.session.in_one_state(&mut |step| {
            let layout = step.require_layout(table)?;
            rows::read_keys(step.wire, step.place, &layout)
        })
    }

    fn read_key_page(&mut self, table: &Arc<Table>, page: &KeyPage) -> Result<Vec<Key>, TargetError> {
        self.session.in_one_state(&mut |step| {
            let layout = step.require_layout(table)?;
            rows::read_key_page(step.wire, step.place, &layout, page)
        })
    }

    fn count_rows(&mut self, table: &Arc<Table>, only: Option<&(String, i64)>) -> Result<u64, TargetError> {
        self.session.in_one_state(&mut |step| {
            let layout = step.require_layout(table)?;
            rows::count_rows(step.wire, step.place, &layout, only)
        })
    }

    fn read_rows(&mut self, table: &Arc<Table>, keys: &[Key]) -> Result<Vec<Option<Vec<Value>>>, TargetError> {
        let keys: Vec<&[Value]> = keys.iter().map(Vec::as_slice).collect();
        self.session.in_one_state(&mut |step| {
            let layout = step.require_layout(table)?;
            let mut rows = Vec::with_capacity(keys.len());
            rows::visit_rows_of_keys(step.wire, step.place, &layout, &keys, |row| {
                rows.push(row);
                Ok(())
            })?;
            Ok(rows)
        })
    }

    fn row_digests(&mut self, table: &Arc<Table>, keys: &[&[Value]]) -> Result<Vec<Option<Digest>>, TargetError> {
        self.session.in_one_state(&mut |step| {
            let layout = step.require_layout(table)?;
            let mut hasher = RowHasher::new(&table.shape);
            let mut digests = Vec::with_capacity(keys.len());
            rows::visit_rows_of_keys(step.wire, step.place, &layout, keys, |row| {
                digests.push(compare::digest_row(&mut hasher, layout.display_name(), row.as_deref())?);
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
        // A preflight judges the tables as they are now, not as this session once read them.
        self.session.forget_layouts();
        // With a reading login of its own, this session cannot ask what the writing login may do.
        let login = self.session.identity.login.clone();
        let login = (!self.session.access.reads_apart()).then_some(login);
        self.session.in_one_state(&mut |step| {
            let ReadStep { wire, place, features, keys, .. } = step;
            let mut surveyor = PreflightContext { wire, place, features, keys, login: login.as_deref() };
            surveyor.preflight(touches, conditions)
        })
    }

    fn normalize_rows(&mut self, table: &Arc<Table>, trials: Vec<RowTrial>) -> Result<Vec<Vec<Value>>, TargetError> {
        self.session.in_one_state(&mut |step| {
            let layout = step.require_layout(table)?;
            normalize::normalize_rows(step.wire, step.place, &layout, trials.clone())
        })
    }

    fn fill_defaults(
        &mut self,
        table: &Arc<Table>,
        known: &[usize],
        rows: Vec<Vec<Value>>,
    ) -> Result<Vec<Vec<Value>>, TargetError> {
        self.session.in_one_state(&mut |step| {
            let layout = step.require_layout(table)?;
            normalize::fill_defaults(step.wire, step.place, &layout, known, rows.clone())
        })
    }

    fn unique_after(
        &mut self,
        table: &Arc<Table>,
        columns: &[String],
        rows: &[Vec<Value>],
        pending: &PendingRows,
    ) -> Result<(), TargetError> {
        self.session.in_one_state(&mut |step| {
            let layout = step.require_layout(table)?;
            // SQL Server compares texts by rules that mfm does not have, so rows that do not exist yet cannot be
            // checked against each other here. They are checked when they exist.
            if pending.is_empty() {
                unique::check_unique_indexes(step.wire, step.place, &layout, columns, rows)
            } else {
                Ok(())
            }
        })
    }

    fn check_references(&mut self, moves: &[RowMovement<'_>], spared: &SparedKeys<'_>) -> Result<(), TargetError> {
        if moves.is_empty() {
            return Ok(());
        }
        self.session.in_one_state(&mut |step| {
            let mut layouts = BTreeMap::new();
            for table in moves.iter().map(|one| one.table) {
                if !layouts.contains_key(&table.shape.name) {
                    layouts.insert(table.shape.name.clone(), step.require_layout(table)?);
                }
            }
            let context = LookupContext { place: step.place, features: step.features, keys: step.keys };
            foreign::check_references(step.wire, &context, &layouts, moves, spared)
        })
    }

    fn digest_tables(&mut self, progress: &mut dyn FnMut(u64, u64)) -> Result<Vec<TableDigest>, TargetError> {
        self.session.in_one_state(&mut |step| digest_all(step, progress))
    }

    fn list_sessions(&mut self) -> Result<Option<Vec<super::ConnectedProgram>>, TargetError> {
        self.session.in_one_state(&mut |step| {
            let failed = step.place.explainer("look for other sessions");
            let answer = step.wire.query_rows(sql::session::MAY_SEE_SESSIONS, Vec::new()).map_err(&failed)?;
            if !answer.first().is_some_and(|row| wire::cell_flag(row.first())) {
                return Ok(None);
            }
            let mut sessions = Vec::new();
            for row in step.wire.query_rows(sql::session::SESSIONS, Vec::new()).map_err(&failed)? {
                let [program, host] = [row.first(), row.get(1)].map(|cell| wire::cell_text(cell).unwrap_or_default());
                sessions
                    .push(super::ConnectedProgram { program: program.trim().to_owned(), host: host.trim().to_owned() });
            }
            sessions.sort();
            Ok(Some(sessions))
        })
    }

    fn open_writer(&mut self, wait_ms: u64) -> Result<Box<dyn Writer>, TargetError> {
        let place = self.session.access.location(wait_ms);
        let ReadSession { access, features, keys, .. } = &self.session;
        let (features, keys, seam) = (features.clone(), keys.clone(), self.seam.clone());
        // The writer uses the connection that the reader has parked, which saves a login.
        let parked = self.session.share_wire().unwrap_or_default();
        Ok(Box::new(writer::MssqlWriter::open(access.clone(), parked, place, features, keys, seam)?))
    }
}
