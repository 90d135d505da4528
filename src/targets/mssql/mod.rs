//! Targets on SQL Server: reading in transactions that change nothing; the writing side is in its own module.

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

/// Returns the one spelling of a URL, which means the same from every folder.
///
/// # Errors
/// [`TargetError::Url`].
pub fn canonical_url(url: &str) -> Result<String, TargetError> {
    let mut parsed = url::MssqlUrl::parse(url)?;
    if let Some(path) = parsed.ca_file.take() {
        let wrong = |error: std::io::Error| TargetError::Url { url: url.to_owned(), why: format!("ca_file: {error}") };
        parsed.ca_file = Some(std::path::absolute(path).map_err(wrong)?);
    }
    Ok(parsed.to_canonical())
}

/// Returns what a URL gives up of the connection's safety, in a sentence.
#[must_use]
pub fn find_weakness(url: &str) -> Option<&'static str> {
    let parsed = url::MssqlUrl::parse(url).ok()?;
    match parsed.encrypt {
        url::Encryption::Off => Some("encrypt=off: the password and all rows travel where anybody can read them"),
        url::Encryption::Login => Some("encrypt=login: all rows travel where anybody can read them"),
        _ if parsed.trust_server_certificate => {
            Some("trust_server_certificate=true: whoever answers there is taken for the server")
        }
        _ => None,
    }
}

/// Returns the host to which a login would travel unencrypted, if it would.
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

    /// Makes later writes of this target's writers fail where a test wants it.
    #[cfg(feature = "testing")]
    pub fn set_faults(&mut self, faults: SharedFaults) {
        self.seam.set_faults(faults);
    }
}

fn answer_query(step: &mut ReadStep<'_>, query: &Fetch) -> Result<FetchAnswer, TargetError> {
    let Some(sheet) = step.find_layout(&query.table)? else {
        return Ok(FetchAnswer { table: None, rows: Vec::new(), maximum: None });
    };
    let ReadStep { wire, place, .. } = step;
    let (mut rows, mut maximum) = (Vec::new(), None);
    match &query.filter {
        Filter::All => rows::visit_all_rows(wire, place, &sheet, |row| {
            rows.push(row);
            Ok(())
        })?,
        Filter::In { column, values } => rows = rows::read_rows_among(wire, place, &sheet, column, values)?,
        Filter::Days { column, first, last } => {
            rows = rows::on_days(wire, place, &sheet, column, (*first, *last))?;
        }
        Filter::Between { column, first, last } => {
            let (at, _) = sheet.table.column(column)?;
            rows::visit_all_rows(wire, place, &sheet, |row: Vec<Value>| {
                if row.get(at).is_some_and(|cell| lies_between(cell, *first, *last)) {
                    rows.push(row);
                }
                Ok(())
            })?;
        }
        Filter::Maximum { column } => maximum = rows::read_maximum(wire, place, &sheet, column)?,
    }
    Ok(FetchAnswer { table: Some(Arc::clone(&sheet.table)), rows, maximum })
}

fn digest_table(
    step: &mut ReadStep<'_>,
    sheet: &MssqlLayout,
    rows: &mut u64,
    total: u64,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<TableDigest, TargetError> {
    let mut tally = TableHasher::new(&sheet.table.shape);
    rows::visit_all_rows(step.wire, step.place, sheet, |row| {
        tally.add_row(&row)?;
        *rows += 1;
        if rows.is_multiple_of(PROGRESS_ROWS) {
            progress(*rows, total);
        }
        Ok(())
    })?;
    Ok(tally.finish())
}

fn digest_all(step: &mut ReadStep<'_>, progress: &mut dyn FnMut(u64, u64)) -> Result<Vec<TableDigest>, TargetError> {
    let listed = catalogue::list_objects(step.wire, step.place)?;
    let base = listed.iter().filter(|listed| is_base(listed));
    let read =
        |listed: &CatalogueObject| catalogue::declared_sheet(step.wire, step.place, step.offers, step.keys, listed);
    let mut sheets = base.map(read).collect::<Result<Vec<MssqlLayout>, _>>()?;
    sheets.sort_by(|one, other| one.display_name().cmp(other.display_name()));
    let mut total = 0;
    for sheet in &sheets {
        let counted = step.wire.query_rows(&sql::rows::count_rows(&sheet.qualified_name()), Vec::new());
        let counted = counted.map_err(step.place.explainer("count rows"))?;
        total += counted.first().and_then(|row| wire::cell_integer(row.first())).map_or(0, i64::unsigned_abs);
    }
    let mut rows = 0;
    let digests = sheets.iter().map(|sheet| digest_table(step, sheet, &mut rows, total, progress));
    let digests = digests.collect::<Result<Vec<_>, _>>()?;
    progress(rows, total);
    Ok(digests)
}

fn is_base(listed: &CatalogueObject) -> bool {
    listed.kind == "U" && !listed.is_own()
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
            let listed = catalogue::list_objects(step.wire, step.place)?;
            let mut names: Vec<String> =
                listed.iter().filter(|listed| is_base(listed)).map(CatalogueObject::display_name).collect();
            names.sort();
            Ok(names)
        })
    }

    fn find_table(&mut self, name: &str) -> Result<Option<Arc<Table>>, TargetError> {
        self.session.forget_one(name);
        self.session.in_one_state(&mut |step| Ok(step.find_layout(name)?.map(|sheet| Arc::clone(&sheet.table))))
    }

    fn read(&mut self, query: &Fetch) -> Result<FetchAnswer, TargetError> {
        self.session.in_one_state(&mut |step| answer_query(step, query))
    }

    fn scan(
        &mut self,
        scan: &Scan,
        take: &mut dyn FnMut(&[Value]) -> Result<(), TargetError>,
    ) -> Result<(), TargetError> {
        let (mut begun, url) = (false, self.url.clone());
        self.session.in_one_state(&mut |step| {
            // Rows that were handed out already cannot be taken back.
            if std::mem::take(&mut begun) {
                let why = "the connection broke, or another program's lock was in the way".to_owned();
                return Err(TargetError::Failed { url: url.clone(), what: "read a table to its end".to_owned(), why });
            }
            scan::run_scan(step, scan, &mut |row| {
                begun = true;
                take(row)
            })
        })
    }

    fn read_keys(&mut self, table: &Table) -> Result<Vec<Key>, TargetError> {
        self.session.in_one_state(&mut |step| {
            let sheet = step.require_layout(table)?;
            rows::read_keys(step.wire, step.place, &sheet)
        })
    }

    fn read_key_page(&mut self, table: &Arc<Table>, page: &KeyPage) -> Result<Vec<Key>, TargetError> {
        self.session.in_one_state(&mut |step| {
            let sheet = step.require_layout(table)?;
            rows::read_key_page(step.wire, step.place, &sheet, page)
        })
    }

    fn count_rows(&mut self, table: &Arc<Table>, only: Option<&(String, i64)>) -> Result<u64, TargetError> {
        self.session.in_one_state(&mut |step| {
            let sheet = step.require_layout(table)?;
            rows::count_rows(step.wire, step.place, &sheet, only)
        })
    }

    fn read_rows(&mut self, table: &Arc<Table>, keys: &[Key]) -> Result<Vec<Option<Vec<Value>>>, TargetError> {
        let wanted: Vec<&[Value]> = keys.iter().map(Vec::as_slice).collect();
        self.session.in_one_state(&mut |step| {
            let sheet = step.require_layout(table)?;
            let mut found = Vec::with_capacity(wanted.len());
            rows::of_keys(step.wire, step.place, &sheet, &wanted, |row| {
                found.push(row);
                Ok(())
            })?;
            Ok(found)
        })
    }

    fn row_digests(&mut self, table: &Arc<Table>, keys: &[&[Value]]) -> Result<Vec<Option<Digest>>, TargetError> {
        self.session.in_one_state(&mut |step| {
            let sheet = step.require_layout(table)?;
            let mut hasher = RowHasher::new(&table.shape);
            let mut found = Vec::with_capacity(keys.len());
            rows::of_keys(step.wire, step.place, &sheet, keys, |row| {
                found.push(compare::digest_row(&mut hasher, sheet.display_name(), row.as_deref())?);
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
        self.session.forget_layouts();
        let login = self.session.identity.login.clone();
        let login = (!self.session.access.reads_apart()).then_some(login);
        self.session.in_one_state(&mut |step| {
            let ReadStep { wire, place, offers, keys, .. } = step;
            let mut surveyor = PreflightContext { wire, place, offers, keys, login: login.as_deref() };
            surveyor.preflight(touches, conditions)
        })
    }

    fn normalize_rows(&mut self, table: &Arc<Table>, trials: Vec<RowTrial>) -> Result<Vec<Vec<Value>>, TargetError> {
        self.session.in_one_state(&mut |step| {
            let sheet = step.require_layout(table)?;
            normalize::normalize_rows(step.wire, step.place, &sheet, trials.clone())
        })
    }

    fn fill_defaults(
        &mut self,
        table: &Arc<Table>,
        known: &[usize],
        rows: Vec<Vec<Value>>,
    ) -> Result<Vec<Vec<Value>>, TargetError> {
        self.session.in_one_state(&mut |step| {
            let sheet = step.require_layout(table)?;
            normalize::fill_defaults(step.wire, step.place, &sheet, known, rows.clone())
        })
    }

    fn unique_after(
        &mut self,
        table: &Arc<Table>,
        columns: &[String],
        rows: &[Vec<Value>],
        meanwhile: &PendingRows,
    ) -> Result<(), TargetError> {
        self.session.in_one_state(&mut |step| {
            let sheet = step.require_layout(table)?;
            // The server compares by its own rules: what other rows will be by then is asked once they are.
            if meanwhile.is_empty() {
                unique::check_unique_indexes(step.wire, step.place, &sheet, columns, rows)
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
            let mut sheets = BTreeMap::new();
            for table in moves.iter().map(|one| one.table) {
                if !sheets.contains_key(&table.shape.name) {
                    sheets.insert(table.shape.name.clone(), step.require_layout(table)?);
                }
            }
            let around = LookupContext { place: step.place, offers: step.offers, keys: step.keys };
            foreign::check_references(step.wire, &around, &sheets, moves, spared)
        })
    }

    fn digest_tables(&mut self, progress: &mut dyn FnMut(u64, u64)) -> Result<Vec<TableDigest>, TargetError> {
        self.session.in_one_state(&mut |step| digest_all(step, progress))
    }

    fn list_sessions(&mut self) -> Result<Option<Vec<super::ConnectedProgram>>, TargetError> {
        self.session.in_one_state(&mut |step| {
            let failed = step.place.explainer("look for other sessions");
            let may = step.wire.query_rows(sql::session::MAY_SEE_SESSIONS, Vec::new()).map_err(&failed)?;
            if !may.first().is_some_and(|row| wire::cell_flag(row.first())) {
                return Ok(None);
            }
            let rows = step.wire.query_rows(sql::session::SESSIONS, Vec::new()).map_err(&failed)?;
            let session = |row: &wire::WireRow| {
                let word = |at: usize| wire::cell_text(row.get(at)).unwrap_or_default().trim().to_owned();
                super::ConnectedProgram { program: word(0), host: word(1) }
            };
            let mut sessions: Vec<_> = rows.iter().map(session).collect();
            sessions.sort();
            Ok(Some(sessions))
        })
    }

    fn open_writer(&mut self, wait_ms: u64) -> Result<Box<dyn Writer>, TargetError> {
        let place = self.session.access.location(wait_ms);
        let ReadSession { access, offers, keys, .. } = &self.session;
        let (offers, keys, seam) = (offers.clone(), keys.clone(), self.seam.clone());
        let parked = self.session.share_wire().unwrap_or_default();
        Ok(Box::new(writer::MssqlWriter::open(access.clone(), parked, place, offers, keys, seam)?))
    }
}
