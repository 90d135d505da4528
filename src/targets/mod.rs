//! The port to a database under test, and the engines behind it; decides nothing about operations.
//!
//! Reading goes through [`Target`], on a connection that cannot write. Writing goes through [`Writer`], which lives
//! only as long as one step; and [`Writer::execute`] takes an [`Intended`], which only a durable journal entry makes.

mod compare;
mod declared;
pub mod error;
mod facts;
pub mod faults;
pub mod foreign;
mod known;
#[cfg(feature = "mssql")]
pub mod mssql;
mod new;
mod nowhere;
mod references;
#[cfg(feature = "testing")]
pub mod sim;
pub mod sqlite;
mod tally;
pub mod trigger;
mod unique;
mod url;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use self::new::{LabWriter, NewTable};
pub use error::TargetError;
pub use known::{FILE_NAMES, binding_matches};
use mfm_journal::{Change, Digest, Intended, RowHasher};
pub use nowhere::AbsentTarget;
pub use references::{RowMovement, SparedKeys, in_order};
use serde::{Deserialize, Serialize};
pub use url::{
    canonical_url, copy_file, create_lab, file_exists, find_weakness, is_canonical, is_same_file, leaves_transactions,
    marker_beside_a_crash, open_url, roll_back, unencrypted_login,
};

use crate::model::{Fetch, FetchAnswer, Filter, Key, KeyPage, Refusal, Scan, Table, Value};

/// The key columns by which the domain tells rows apart, by table.
pub type DomainKeys = BTreeMap<String, Vec<String>>;

/// What a target is bound to: for SQLite its canonical path, for a server its name, database id, creation date, ...
pub type TargetBinding = BTreeMap<String, String>;

/// The marker that makes a database a target, as `mfm_marker` holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// 16 random bytes, made anew by each mark, in hexadecimal.
    pub marker_id: String,
    /// What the database was when it was marked.
    pub bound: TargetBinding,
    /// When, UTC microseconds since 1970.
    pub at_us: i64,
    /// Who.
    pub actor: String,
}

impl Marker {
    /// Returns the target identity: SHA-256 of CBOR `["mfm/target/1", marker id, [name, value, ...]]`.
    #[must_use]
    pub fn identity(&self) -> Digest {
        let mut out = mfm_journal::cbor::Writer::new();
        out.write_array(3);
        out.write_text("mfm/target/1");
        out.write_text(&self.marker_id);
        out.write_array(self.bound.len() as u64 * 2);
        for (name, value) in &self.bound {
            out.write_text(name);
            out.write_text(value);
        }
        Digest::sha256(out.as_bytes())
    }
}

/// A row of `mfm_operation`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationRow {
    /// The digest of the operation's `intended` entry.
    pub uid: Digest,
    /// The journal that holds it.
    pub journal_id: Digest,
    /// Its number there.
    pub op: u64,
    /// Whether it was committed, or tombstoned by a recover.
    pub state: OperationState,
}

/// What became of an operation in the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationState {
    /// Its changes were committed together with the row.
    Committed,
    /// A recover put the row there first, so that it never can be committed.
    Abandoned,
}

impl OperationState {
    /// Returns the word that stands in the target.
    const fn word(self) -> &'static str {
        match self {
            Self::Committed => "committed",
            Self::Abandoned => "abandoned",
        }
    }

    /// Returns the state of a word; only one says that something was committed.
    fn from_word(word: &str) -> Self {
        if word == Self::Committed.word() { Self::Committed } else { Self::Abandoned }
    }
}

/// What is about to happen to a table: what a preflight judges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableTouch {
    /// The table.
    pub table: Arc<Table>,
    /// The columns that updates set.
    pub updated: Vec<String>,
    /// How many rows are inserted.
    pub inserts: u64,
    /// How many rows are deleted.
    pub deletes: u64,
}

/// What a preflight is told beside what is about to happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PreflightConditions<'c> {
    /// Whether triggers are switched off for the transaction.
    pub disable_triggers: bool,
    /// Foreign keys, by name, that the data broke when the operation was made that is to be taken back.
    pub unenforced: &'c [String],
    /// Whether rows are put back: a declaration that nobody can keep does not stand in their way.
    pub back: bool,
}

/// A row to be tried out, with the row that an update makes it of.
#[derive(Clone, Debug, PartialEq)]
pub struct RowTrial {
    /// The row that is there; `None` where a row is added.
    pub from: Option<Vec<Value>>,
    /// The row as it should become.
    pub to: Vec<Value>,
}

impl RowTrial {
    /// Tries rows out as they are added.
    #[must_use]
    pub fn for_inserts(rows: Vec<Vec<Value>>) -> Vec<Self> {
        rows.into_iter().map(|to| Self { from: None, to }).collect()
    }

    /// Returns the places of the cells that an update sets; `None` for a row that is added.
    pub(crate) fn changed_positions(&self) -> Option<Vec<usize>> {
        let from = self.from.as_ref()?;
        Some(from.iter().zip(&self.to).enumerate().filter(|(_, (one, other))| one != other).map(|(at, _)| at).collect())
    }
}

/// Rows of a table as they will be by then, whatever stands there now; `None` for one that will be gone.
pub type PendingRows = BTreeMap<Key, Option<Vec<Value>>>;

/// What a preflight found: refusals come as errors; this is what may be done, and what it leaves behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preflight {
    /// What cannot be put back, declared before anything is written.
    pub residue: Vec<mfm_journal::Residue>,
    /// Remarks: an undeclared key that cost a scan, computed columns left out, triggers switched off.
    pub notes: Vec<String>,
    /// The triggers that the writing connection switches off.
    pub triggers_disabled: Vec<String>,
    /// The foreign keys, by name, that rows which are there break already: nobody enforces them, and mfm neither.
    pub unenforced: Vec<String>,
    /// Whether a constraint covers what changes, so that only a rehearsal of the way back can prove it.
    pub rehearse: bool,
    /// A digest of every schema fact the preflight relied on, compared again inside the transaction.
    pub facts: Option<Digest>,
}

/// What `execute` is to do, all of it planned.
#[derive(Clone, Debug)]
pub struct PlannedWork<'a> {
    /// The changes, in order.
    pub changes: &'a [Change],
    /// What the preflight judged.
    pub touches: &'a [TableTouch],
    /// The preflight's digest of facts.
    pub facts: Option<Digest>,
    /// Whether to switch triggers off for this transaction.
    pub disable_triggers: bool,
    /// The foreign keys that the database does not enforce for this transaction.
    pub unenforced: &'a [String],
    /// Whether the way back is rehearsed before the commit.
    pub rehearse: bool,
    /// The marker that has to be there.
    pub marker: &'a Marker,
    /// When, UTC microseconds since 1970.
    pub at_us: i64,
}

/// What `execute` did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Executed {
    /// Rows written, as the database counted them.
    pub rows: u64,
    /// How often the transaction was rolled back for another program's locks before it went through.
    pub retries: u64,
}

/// Why `execute` did nothing, or nobody knows.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// Rolled back for certain: what was found is not what was planned.
    #[error(transparent)]
    Refused(Refusal),
    /// Rolled back for certain: the database failed.
    #[error(transparent)]
    RolledBack(TargetError),
    /// The commit was sent, and its fate is unknown: only the uid can tell.
    #[error("the target's answer to the commit was lost")]
    Unknown(#[source] TargetError),
}

/// What became of an attempt to put a tombstone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tombstone {
    /// The row was inserted: the operation never committed and never can.
    Inserted,
    /// A row with the uid was there before, in this state.
    Found(OperationState),
    /// Another transaction holds the place: nobody knows yet.
    Undecided,
}

/// The digest of one whole table, residue and computed columns left out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TableDigest {
    /// The table.
    pub table: String,
    /// How many rows it has.
    pub rows: u64,
    /// SHA-256 over CBOR `["mfm/table/1", table, rows]` followed by all row digests in ascending order.
    pub digest: Digest,
}

/// What an engine does by itself of what is asked of a table. What it does not do is never asked of it: whoever reads
/// does it on the rows that come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pushdown {
    /// Finds the rows whose column holds one of some values, or a date of some days: [`Target::select`].
    pub equality: bool,
    /// Finds the rows whose column holds an integer of a range: [`Target::select`], [`Scan::range`].
    pub range: bool,
    /// Puts rows in the order of a column, the smallest first: [`Scan::order`].
    pub order: bool,
    /// Ends after some rows: [`Scan::limit`].
    pub limit: bool,
}

impl Pushdown {
    /// Everything.
    pub const ALL: Self = Self { equality: true, range: true, order: true, limit: true };
}

/// A program that is connected to the database.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConnectedProgram {
    /// What the program calls itself.
    pub program: String,
    /// The computer it runs on.
    pub host: String,
}

/// Hands on the rows of an answer with the columns only that a table keeps.
fn project_answer(
    answer: &FetchAnswer,
    table: &Table,
    take: &mut dyn FnMut(&[Value]) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    let Some(whole) = &answer.table else { return Ok(()) };
    let places: Vec<Option<usize>> = table.columns.iter().map(|column| whole.position(&column.image.name)).collect();
    let mut cells = Vec::with_capacity(places.len());
    for row in &answer.rows {
        cells.clear();
        cells.extend(places.iter().map(|at| at.and_then(|at| row.get(at).cloned()).unwrap_or(Value::Null)));
        take(&cells)?;
    }
    Ok(())
}

/// The reading side of a database under test.
pub trait Target {
    /// Returns the engine's name: `sqlite`, `mssql`, `sim`.
    fn engine(&self) -> &'static str;
    /// Returns what the engine does by itself of scans and selections; nothing, where it says nothing.
    fn pushes_down(&self) -> Pushdown {
        Pushdown::default()
    }
    /// Returns the URL, without secrets.
    fn url(&self) -> &str;
    /// Returns the name a person types to confirm: the database's, or the file's.
    fn name(&self) -> String;
    /// Returns how many names a file has in its file system; `None` where it is no file, or nobody can tell.
    fn count_links(&self) -> Result<Option<u64>, TargetError> {
        Ok(None)
    }
    /// Returns what the database is now, for comparison with its marker.
    fn read_binding(&mut self) -> Result<TargetBinding, TargetError>;
    /// Judges whether what mfm writes in its own name reaches no further: its tables, where they are, are exactly as
    /// mfm made them, without triggers and without keys that refer to them.
    ///
    /// # Errors
    /// [`Refusal::OwnTables`].
    fn reaches_no_further(&mut self) -> Result<(), TargetError> {
        Ok(())
    }
    /// Lets a file system that copies a file when it is first opened for writing do so now: what the file is bound to
    /// would change with the copy.
    ///
    /// # Errors
    /// What the database says.
    fn settle_copy_on_write(&mut self) -> Result<(), TargetError> {
        Ok(())
    }
    /// Returns the marker, if there is one.
    fn read_marker(&mut self) -> Result<Option<Marker>, TargetError>;
    /// Returns the row of a uid.
    fn find_operation(&mut self, uid: &Digest) -> Result<Option<OperationRow>, TargetError>;
    /// Returns the row with the highest number that a journal left here.
    fn find_newest_operation(&mut self, journal_id: &Digest) -> Result<Option<OperationRow>, TargetError>;
    /// Returns the journals that left rows here, ascending.
    fn list_journals(&mut self) -> Result<Vec<Digest>, TargetError>;
    /// Returns all rows of a journal, by number.
    fn list_operations(&mut self, journal_id: &Digest) -> Result<Vec<OperationRow>, TargetError>;
    /// Returns the names of all base tables but mfm's own, sorted.
    fn list_tables(&mut self) -> Result<Vec<String>, TargetError>;
    /// Returns a table as declared, `None` where there is none of that name. A view or virtual table is refused.
    fn find_table(&mut self, name: &str) -> Result<Option<Arc<Table>>, TargetError>;
    /// Answers a query.
    fn read(&mut self, query: &Fetch) -> Result<FetchAnswer, TargetError>;
    /// Visits every row of a pass, one after the other and none kept.
    fn scan(
        &mut self,
        scan: &Scan,
        take: &mut dyn FnMut(&[Value]) -> Result<(), TargetError>,
    ) -> Result<(), TargetError>;
    /// Visits the rows that a filter leaves of a table, or of [`Table::select_columns`] some of its columns, as they lie.
    fn select(
        &mut self,
        table: &Arc<Table>,
        filter: &Filter,
        take: &mut dyn FnMut(&[Value]) -> Result<(), TargetError>,
    ) -> Result<(), TargetError> {
        let answer = self.read(&Fetch { table: table.shape.name.clone(), filter: filter.clone() })?;
        project_answer(&answer, table, take)
    }
    /// Returns all keys of a table, ascending.
    fn read_keys(&mut self, table: &Table) -> Result<Vec<Key>, TargetError>;
    /// Returns the keys of a page; a table whose key is not one column has none.
    fn read_key_page(&mut self, table: &Arc<Table>, page: &KeyPage) -> Result<Vec<Key>, TargetError> {
        let keys = match &page.only {
            None => self.read_keys(table)?,
            Some((column, number)) => {
                let wanted = Fetch::among(&table.shape.name, column, [Value::Integer(*number)]);
                let rows = self.read(&wanted)?.rows;
                rows.iter().map(|row| Ok(table.key_of(row)?)).collect::<Result<_, TargetError>>()?
            }
        };
        Ok(page.select_keys(keys))
    }
    /// Counts the rows of a table, or those whose column holds a number.
    fn count_rows(&mut self, table: &Arc<Table>, only: Option<&(String, i64)>) -> Result<u64, TargetError> {
        match only {
            None => Ok(self.read_keys(table)?.len() as u64),
            Some((column, number)) => {
                let wanted = Fetch::among(&table.shape.name, column, [Value::Integer(*number)]);
                Ok(self.read(&wanted)?.rows.len() as u64)
            }
        }
    }
    /// Returns the rows of keys, in the order of the keys; `None` for an absent row.
    fn read_rows(&mut self, table: &Arc<Table>, keys: &[Key]) -> Result<Vec<Option<Vec<Value>>>, TargetError>;
    /// Returns the digests of the rows of keys, in the order of the keys; `None` for an absent row.
    fn row_digests(&mut self, table: &Arc<Table>, keys: &[&[Value]]) -> Result<Vec<Option<Digest>>, TargetError> {
        let keys: Vec<Key> = keys.iter().map(|key| key.to_vec()).collect();
        let mut hasher = RowHasher::new(&table.shape);
        let rows = self.read_rows(table, &keys)?;
        rows.iter().map(|row| compare::digest_row(&mut hasher, &table.shape.name, row.as_deref())).collect()
    }
    /// Judges what is about to happen.
    ///
    /// # Errors
    /// [`TargetError::Refused`] with the refusal of the first table that cannot be changed exactly.
    fn preflight(
        &mut self,
        touches: &[TableTouch],
        conditions: &PreflightConditions<'_>,
    ) -> Result<Preflight, TargetError>;
    /// Judges what is about to happen for the first time.
    ///
    /// # Errors
    /// As [`Target::preflight`].
    fn first_preflight(&mut self, touches: &[TableTouch], disable_triggers: bool) -> Result<Preflight, TargetError> {
        self.preflight(touches, &PreflightConditions { disable_triggers, ..PreflightConditions::default() })
    }
    /// Returns rows as the database would hold them, tried out elsewhere: type conversion, NOT NULL and CHECK included;
    /// of an update only what concerns the cells that it sets.
    ///
    /// # Errors
    /// [`TargetError::Refused`] where the schema would not take a row.
    fn normalize_rows(&mut self, table: &Arc<Table>, trials: Vec<RowTrial>) -> Result<Vec<Vec<Value>>, TargetError>;
    /// Returns rows to be added with what the database puts into all columns but those at the known places.
    ///
    /// # Errors
    /// [`TargetError::Refused`] where it has nothing to put there.
    fn fill_defaults(
        &mut self,
        table: &Arc<Table>,
        known: &[usize],
        rows: Vec<Vec<Value>>,
    ) -> Result<Vec<Vec<Value>>, TargetError>;
    /// Checks that rows to insert, or to update in these columns (empty: all), meet no other unique index, once other
    /// rows are as they will be meanwhile.
    ///
    /// # Errors
    /// [`TargetError::Refused`] with [`Refusal::UniqueIndex`].
    fn unique_after(
        &mut self,
        table: &Arc<Table>,
        columns: &[String],
        rows: &[Vec<Value>],
        meanwhile: &PendingRows,
    ) -> Result<(), TargetError>;
    /// Checks that rows to insert, or to update in these columns (empty: all), meet no other unique index.
    ///
    /// # Errors
    /// As [`Target::unique_after`].
    fn check_unique(&mut self, table: &Arc<Table>, columns: &[String], rows: &[Vec<Value>]) -> Result<(), TargetError> {
        self.unique_after(table, columns, rows, &PendingRows::new())
    }
    /// Checks that the rows of an operation that come find the parents, and those that go leave no children, that
    /// foreign keys ask for: in the database, or among those that come or go before them.
    ///
    /// # Errors
    /// [`TargetError::Refused`] with [`Refusal::ForeignKey`].
    fn check_references(&mut self, moves: &[RowMovement<'_>], spared: &SparedKeys<'_>) -> Result<(), TargetError>;
    /// Digests every stored table but mfm's own and the engine's, all in one state.
    fn digest_tables(&mut self, progress: &mut dyn FnMut(u64, u64)) -> Result<Vec<TableDigest>, TargetError>;
    /// Returns the other programs that are connected; `None` where mfm is not permitted to see them.
    fn list_sessions(&mut self) -> Result<Option<Vec<ConnectedProgram>>, TargetError>;
    /// Opens the writing side, waiting at most so long for other writers.
    fn open_writer(&mut self, wait_ms: u64) -> Result<Box<dyn Writer>, TargetError>;
}

/// The writing side; dropped as soon as its one step is done.
pub trait Writer: Send {
    /// Carries out an operation in one transaction: uid first; marker, identity, preflight facts and rows compared
    /// again under lock; every row written and counted; all read back and compared; committed.
    ///
    /// # Errors
    /// See [`ExecuteError`].
    fn execute(&mut self, intended: &Intended, work: &PlannedWork<'_>) -> Result<Executed, ExecuteError>;
    /// Does what may wait until an operation is committed, as best it can.
    fn tidy_after_commit(&mut self) {}
    /// Tries to put a tombstone where an operation's uid would stand.
    fn write_tombstone(&mut self, row: &OperationRow, at_us: i64) -> Result<Tombstone, TargetError>;
    /// Puts the marker, replacing any other, and makes `mfm_operation` where it is missing.
    fn mark(&mut self, marker: &Marker) -> Result<(), TargetError> {
        self.mark_with(marker, &[])
    }
    /// Does so together with the rows of operations that the database lost, all of it or nothing.
    fn mark_with(&mut self, marker: &Marker, records: &[OperationRow]) -> Result<(), TargetError>;
    /// Takes the marker away, and `mfm_operation` with it.
    fn unmark(&mut self) -> Result<(), TargetError>;
}
