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

use self::catalogue::{Listed, Sheet};
use self::foreign::Surroundings;
use self::open::{Access, READ_WAIT_MS};
use self::preflight::Surveyor;
use self::session::{ReadStep, Session};
use super::faults::Seam;
#[cfg(feature = "testing")]
use super::faults::SharedFaults;
use super::tally::Tally;
use super::{
    Bound, Conditions, DomainKeys, Marker, Meanwhile, Movement, OperationRow, Preflight, Pushdown, Spared, TableDigest,
    Target, TargetError, Touch, Trial, Writer, compare,
};
use crate::model::ports::Secrets;
use crate::model::snapshot::lies_between;
use crate::model::{Answer, Fetch, Filter, Key, Page, Scan, Table};

pub use self::lab::create_lab;
pub(super) use self::url::is_mssql;

/// How many rows are digested between two reports of progress.
const PROGRESS_ROWS: u64 = 4096;

/// A SQL Server database under test.
pub struct MssqlTarget {
    url: String,
    session: Session,
    seam: Seam,
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
    Ok(parsed.canonical())
}

/// Returns what a URL gives up of the connection's safety, in a sentence.
#[must_use]
pub fn weakness(url: &str) -> Option<&'static str> {
    let parsed = url::MssqlUrl::parse(url).ok()?;
    match parsed.encrypt {
        url::Encrypt::Off => Some("encrypt=off: the password and all rows travel where anybody can read them"),
        url::Encrypt::Login => Some("encrypt=login: all rows travel where anybody can read them"),
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
    (parsed.encrypt == url::Encrypt::Off).then_some(parsed.host)
}

impl MssqlTarget {
    /// Logs in for reading; `keys` are those by which the domain tells rows apart.
    ///
    /// # Errors
    /// [`TargetError::Url`], [`TargetError::Login`], [`TargetError::Network`], [`TargetError::Tls`],
    /// [`TargetError::Timeout`], or [`TargetError::Absent`] where the server has no such database.
    pub fn open(url: &str, keys: DomainKeys, secrets: &dyn Secrets) -> Result<Self, TargetError> {
        let access = Access::find(url, secrets)?;
        let place = access.place(READ_WAIT_MS);
        let url = place.url.clone();
        Ok(Self { url, session: Session::open(access, place, keys)?, seam: Seam::default() })
    }

    /// Makes later writes of this target's writers fail where a test wants it.
    #[cfg(feature = "testing")]
    pub fn set_faults(&mut self, faults: SharedFaults) {
        self.seam.set(faults);
    }
}

fn answer(step: &mut ReadStep<'_>, query: &Fetch) -> Result<Answer, TargetError> {
    let Some(sheet) = step.sheet(&query.table)? else {
        return Ok(Answer { table: None, rows: Vec::new(), maximum: None });
    };
    let ReadStep { wire, place, .. } = step;
    let (mut rows, mut maximum) = (Vec::new(), None);
    match &query.filter {
        Filter::All => rows::each(wire, place, &sheet, |row| {
            rows.push(row);
            Ok(())
        })?,
        Filter::In { column, values } => rows = rows::among(wire, place, &sheet, column, values)?,
        Filter::Days { column, first, last } => {
            rows = rows::on_days(wire, place, &sheet, column, (*first, *last))?;
        }
        Filter::Between { column, first, last } => {
            let (at, _) = sheet.table.column(column)?;
            rows::each(wire, place, &sheet, |row: Vec<Value>| {
                if row.get(at).is_some_and(|cell| lies_between(cell, *first, *last)) {
                    rows.push(row);
                }
                Ok(())
            })?;
        }
        Filter::Maximum { column } => maximum = rows::maximum(wire, place, &sheet, column)?,
    }
    Ok(Answer { table: Some(Arc::clone(&sheet.table)), rows, maximum })
}

fn digest_table(
    step: &mut ReadStep<'_>,
    sheet: &Sheet,
    rows: &mut u64,
    total: u64,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<TableDigest, TargetError> {
    let mut tally = Tally::new(&sheet.table.shape);
    rows::each(step.wire, step.place, sheet, |row| {
        tally.add(&row)?;
        *rows += 1;
        if rows.is_multiple_of(PROGRESS_ROWS) {
            progress(*rows, total);
        }
        Ok(())
    })?;
    Ok(tally.finish())
}

fn digest_all(step: &mut ReadStep<'_>, progress: &mut dyn FnMut(u64, u64)) -> Result<Vec<TableDigest>, TargetError> {
    let listed = catalogue::listed(step.wire, step.place)?;
    let base = listed.iter().filter(|listed| is_base(listed));
    let read = |listed: &Listed| catalogue::declared_sheet(step.wire, step.place, step.offers, step.keys, listed);
    let mut sheets = base.map(read).collect::<Result<Vec<Sheet>, _>>()?;
    sheets.sort_by(|one, other| one.shown().cmp(other.shown()));
    let mut total = 0;
    for sheet in &sheets {
        let counted = step.wire.rows(&sql::rows::count(&sheet.qualified()), Vec::new());
        let counted = counted.map_err(step.place.error("count rows"))?;
        total += counted.first().and_then(|row| wire::whole(row.first())).map_or(0, i64::unsigned_abs);
    }
    let mut rows = 0;
    let digests = sheets.iter().map(|sheet| digest_table(step, sheet, &mut rows, total, progress));
    let digests = digests.collect::<Result<Vec<_>, _>>()?;
    progress(rows, total);
    Ok(digests)
}

fn is_base(listed: &Listed) -> bool {
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

    fn bound(&mut self) -> Result<Bound, TargetError> {
        self.session.in_one_state(&mut |step| Ok(marks::identity(step.wire, step.place)?.bound))
    }

    fn reaches_no_further(&mut self) -> Result<(), TargetError> {
        self.session.in_one_state(&mut |step| own::judge(step.wire, step.place, false))
    }

    fn marker(&mut self) -> Result<Option<Marker>, TargetError> {
        self.session.in_one_state(&mut |step| marks::marker(step.wire, step.place))
    }

    fn operation(&mut self, uid: &Digest) -> Result<Option<OperationRow>, TargetError> {
        self.session.in_one_state(&mut |step| marks::operation(step.wire, step.place, uid))
    }

    fn newest(&mut self, journal_id: &Digest) -> Result<Option<OperationRow>, TargetError> {
        self.session.in_one_state(&mut |step| marks::newest(step.wire, step.place, journal_id))
    }

    fn journals(&mut self) -> Result<Vec<Digest>, TargetError> {
        self.session.in_one_state(&mut |step| marks::journals(step.wire, step.place))
    }

    fn operations(&mut self, journal_id: &Digest) -> Result<Vec<OperationRow>, TargetError> {
        self.session.in_one_state(&mut |step| marks::operations(step.wire, step.place, journal_id))
    }

    fn tables(&mut self) -> Result<Vec<String>, TargetError> {
        self.session.in_one_state(&mut |step| {
            let listed = catalogue::listed(step.wire, step.place)?;
            let mut names: Vec<String> = listed.iter().filter(|listed| is_base(listed)).map(Listed::shown).collect();
            names.sort();
            Ok(names)
        })
    }

    fn table(&mut self, name: &str) -> Result<Option<Arc<Table>>, TargetError> {
        self.session.forget_one(name);
        self.session.in_one_state(&mut |step| Ok(step.sheet(name)?.map(|sheet| Arc::clone(&sheet.table))))
    }

    fn read(&mut self, query: &Fetch) -> Result<Answer, TargetError> {
        self.session.in_one_state(&mut |step| answer(step, query))
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
            scan::each(step, scan, &mut |row| {
                begun = true;
                take(row)
            })
        })
    }

    fn keys(&mut self, table: &Table) -> Result<Vec<Key>, TargetError> {
        self.session.in_one_state(&mut |step| {
            let sheet = step.same(table)?;
            rows::keys(step.wire, step.place, &sheet)
        })
    }

    fn page(&mut self, table: &Arc<Table>, page: &Page) -> Result<Vec<Key>, TargetError> {
        self.session.in_one_state(&mut |step| {
            let sheet = step.same(table)?;
            rows::page(step.wire, step.place, &sheet, page)
        })
    }

    fn count(&mut self, table: &Arc<Table>, only: Option<&(String, i64)>) -> Result<u64, TargetError> {
        self.session.in_one_state(&mut |step| {
            let sheet = step.same(table)?;
            rows::count(step.wire, step.place, &sheet, only)
        })
    }

    fn rows(&mut self, table: &Arc<Table>, keys: &[Key]) -> Result<Vec<Option<Vec<Value>>>, TargetError> {
        let wanted: Vec<&[Value]> = keys.iter().map(Vec::as_slice).collect();
        self.session.in_one_state(&mut |step| {
            let sheet = step.same(table)?;
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
            let sheet = step.same(table)?;
            let mut hasher = RowHasher::new(&table.shape);
            let mut found = Vec::with_capacity(keys.len());
            rows::of_keys(step.wire, step.place, &sheet, keys, |row| {
                found.push(compare::digest(&mut hasher, sheet.shown(), row.as_deref())?);
                Ok(())
            })?;
            Ok(found)
        })
    }

    fn preflight(&mut self, touches: &[Touch], conditions: &Conditions<'_>) -> Result<Preflight, TargetError> {
        self.session.forget();
        let login = self.session.identity.login.clone();
        let login = (!self.session.access.reads_apart()).then_some(login);
        self.session.in_one_state(&mut |step| {
            let ReadStep { wire, place, offers, keys, .. } = step;
            let mut surveyor = Surveyor { wire, place, offers, keys, login: login.as_deref() };
            surveyor.preflight(touches, conditions)
        })
    }

    fn normalize(&mut self, table: &Arc<Table>, trials: Vec<Trial>) -> Result<Vec<Vec<Value>>, TargetError> {
        self.session.in_one_state(&mut |step| {
            let sheet = step.same(table)?;
            normalize::normalize(step.wire, step.place, &sheet, trials.clone())
        })
    }

    fn complete(
        &mut self,
        table: &Arc<Table>,
        known: &[usize],
        rows: Vec<Vec<Value>>,
    ) -> Result<Vec<Vec<Value>>, TargetError> {
        self.session.in_one_state(&mut |step| {
            let sheet = step.same(table)?;
            normalize::complete(step.wire, step.place, &sheet, known, rows.clone())
        })
    }

    fn unique_after(
        &mut self,
        table: &Arc<Table>,
        columns: &[String],
        rows: &[Vec<Value>],
        meanwhile: &Meanwhile,
    ) -> Result<(), TargetError> {
        self.session.in_one_state(&mut |step| {
            let sheet = step.same(table)?;
            // The server compares by its own rules: what other rows will be by then is asked once they are.
            if meanwhile.is_empty() { unique::unique(step.wire, step.place, &sheet, columns, rows) } else { Ok(()) }
        })
    }

    fn references(&mut self, moves: &[Movement<'_>], spared: &Spared<'_>) -> Result<(), TargetError> {
        if moves.is_empty() {
            return Ok(());
        }
        self.session.in_one_state(&mut |step| {
            let mut sheets = BTreeMap::new();
            for table in moves.iter().map(|one| one.table) {
                if !sheets.contains_key(&table.shape.name) {
                    sheets.insert(table.shape.name.clone(), step.same(table)?);
                }
            }
            let around = Surroundings { place: step.place, offers: step.offers, keys: step.keys };
            foreign::references(step.wire, &around, &sheets, moves, spared)
        })
    }

    fn digests(&mut self, progress: &mut dyn FnMut(u64, u64)) -> Result<Vec<TableDigest>, TargetError> {
        self.session.in_one_state(&mut |step| digest_all(step, progress))
    }

    fn sessions(&mut self) -> Result<Option<Vec<super::Session>>, TargetError> {
        self.session.in_one_state(&mut |step| {
            let failed = step.place.error("look for other sessions");
            let may = step.wire.rows(sql::session::MAY_SEE_SESSIONS, Vec::new()).map_err(&failed)?;
            if !may.first().is_some_and(|row| wire::flag(row.first())) {
                return Ok(None);
            }
            let rows = step.wire.rows(sql::session::SESSIONS, Vec::new()).map_err(&failed)?;
            let session = |row: &wire::Cells| {
                let word = |at: usize| wire::word(row.get(at)).unwrap_or_default().trim().to_owned();
                super::Session { program: word(0), host: word(1) }
            };
            let mut sessions: Vec<_> = rows.iter().map(session).collect();
            sessions.sort();
            Ok(Some(sessions))
        })
    }

    fn writer(&mut self, wait_ms: u64) -> Result<Box<dyn Writer>, TargetError> {
        let place = self.session.access.place(wait_ms);
        let Session { access, offers, keys, .. } = &self.session;
        let (offers, keys, seam) = (offers.clone(), keys.clone(), self.seam.clone());
        let parked = self.session.shared().unwrap_or_default();
        Ok(Box::new(writer::MssqlWriter::open(access.clone(), parked, place, offers, keys, seam)?))
    }
}
