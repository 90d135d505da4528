//! The port to a database under test, and the engines behind it. What an operation does is decided above.
//!
//! Reading goes through [`Target`], on a connection that cannot write. Writing goes through [`Writer`], which lives
//! only as long as one step; and [`Writer::execute`] takes an [`Intended`], which only a durable journal entry makes.

mod compare;
mod declared;
pub mod error;
mod facts;
pub mod faults;
mod folder;
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

pub use self::new::{FilledLab, LabWriter, NewTable};
pub use error::TargetError;
pub use folder::{
    FolderFile, FolderRead, FolderTarget, canonical_folder_url, folder_domain, is_read_in_place, read_folder,
};
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

/// The key columns by which a domain tells rows apart, by table name.
pub type DomainKeys = BTreeMap<String, Vec<String>>;

/// The facts that identify a database, by name: for SQLite its canonical path and the file's creation time; for a
/// server its name, database id, creation date and broker guid.
pub type TargetBinding = BTreeMap<String, String>;

/// The marker that makes a database a target, as `mfm_marker` holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// 16 random bytes, made anew by each mark, in hexadecimal.
    pub marker_id: String,
    /// The database's identifying facts when it was marked.
    pub bound: TargetBinding,
    /// When it was marked, UTC microseconds since 1970.
    pub at_us: i64,
    /// Who marked it.
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
        // The map is sorted by name, so equal facts give equal bytes.
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
    /// The journal that holds that entry.
    pub journal_id: Digest,
    /// The operation's number in that journal, from 1.
    pub op: u64,
    /// Whether it was committed, or tombstoned by a recover.
    pub state: OperationState,
}

/// What became of an operation in the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationState {
    /// Its changes were committed together with the row.
    Committed,
    /// A recover inserted the row first, so that the operation can never be committed.
    Abandoned,
}

impl OperationState {
    /// Returns the word that the column `state` holds.
    const fn word(self) -> &'static str {
        match self {
            Self::Committed => "committed",
            Self::Abandoned => "abandoned",
        }
    }

    /// Returns the state of a word. Any word but `committed` counts as abandoned: it proves no commit.
    fn from_word(word: &str) -> Self {
        if word == Self::Committed.word() { Self::Committed } else { Self::Abandoned }
    }
}

/// The planned changes of one table, summed up for the preflight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableTouch {
    /// The table as the plan knows it.
    pub table: Arc<Table>,
    /// The names of the columns that updates set; empty without updates.
    pub updated: Vec<String>,
    /// How many rows are inserted.
    pub inserts: u64,
    /// How many rows are deleted.
    pub deletes: u64,
}

/// Under which conditions a preflight judges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PreflightConditions<'c> {
    /// Whether triggers are switched off for the transaction.
    pub disable_triggers: bool,
    /// Foreign keys, by name, that rows already broke when the operation that is now taken back was applied.
    pub unenforced: &'c [String],
    /// Whether the operation takes another one back. A declaration that no row can satisfy then refuses nothing.
    pub back: bool,
}

/// A row to try out, together with the row that an update starts from.
#[derive(Clone, Debug, PartialEq)]
pub struct RowTrial {
    /// The current row; `None` for an insert.
    pub from: Option<Vec<Value>>,
    /// The planned row, its cells in the order of the table's columns.
    pub to: Vec<Value>,
}

impl RowTrial {
    /// Makes trials of rows to insert.
    #[must_use]
    pub fn for_inserts(rows: Vec<Vec<Value>>) -> Vec<Self> {
        rows.into_iter().map(|to| Self { from: None, to }).collect()
    }

    /// Returns the positions of the cells that an update changes; `None` for an insert.
    pub(crate) fn changed_positions(&self) -> Option<Vec<usize>> {
        let from = self.from.as_ref()?;
        let cells = from.iter().zip(&self.to).enumerate();
        Some(cells.filter(|(_, (before, after))| before != after).map(|(at, _)| at).collect())
    }
}

/// Rows as they will be at the time of a write, by key, whatever the database holds now; `None` for a row that will be
/// deleted by then.
pub type PendingRows = BTreeMap<Key, Option<Vec<Value>>>;

/// The result of a preflight that refused nothing. Refusals are errors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preflight {
    /// What a revert cannot restore, declared before anything is written.
    pub residue: Vec<mfm_journal::Residue>,
    /// Remarks for people: an undeclared key that cost a scan, computed columns left out, triggers switched off.
    pub notes: Vec<String>,
    /// The names of the triggers that the writing connection switches off.
    pub triggers_disabled: Vec<String>,
    /// The foreign keys, by name, that existing rows already break: whoever wrote them does not enforce the keys, and
    /// mfm does not either.
    pub unenforced: Vec<String>,
    /// Whether a constraint covers what changes, so that only a rehearsal can prove that the change can be taken back.
    pub rehearse: bool,
    /// The digest of every schema fact that the preflight relied on. The transaction compares it again under lock.
    pub facts: Option<Digest>,
}

/// Everything that [`Writer::execute`] has to do, and to find.
#[derive(Clone, Debug)]
pub struct PlannedWork<'a> {
    /// The changes, in plan order.
    pub changes: &'a [Change],
    /// The touches that the preflight judged.
    pub touches: &'a [TableTouch],
    /// The preflight's digest of schema facts.
    pub facts: Option<Digest>,
    /// Whether to switch triggers off for this transaction.
    pub disable_triggers: bool,
    /// The foreign keys, by name, that the database does not enforce for this transaction.
    pub unenforced: &'a [String],
    /// Whether to rehearse the way back before the commit.
    pub rehearse: bool,
    /// The marker that the target has to carry.
    pub marker: &'a Marker,
    /// The time of the operation, UTC microseconds since 1970.
    pub at_us: i64,
}

/// The result of a committed [`Writer::execute`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Executed {
    /// How many rows were written, as the database counted them; a rehearsal's rows do not count.
    pub rows: u64,
    /// How often the transaction was rolled back for another program's locks before it went through.
    pub retries: u64,
}

/// Why [`Writer::execute`] did not commit, or may not have.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// Certainly rolled back: the target is not as the plan expects.
    #[error(transparent)]
    Refused(Refusal),
    /// Certainly rolled back: the database failed.
    #[error(transparent)]
    RolledBack(TargetError),
    /// The fate of the commit is unknown; only the uid's row in the target can settle it.
    #[error("the target's answer to the commit was lost")]
    Unknown(#[source] TargetError),
}

/// The result of an attempt to write a tombstone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tombstone {
    /// The tombstone was inserted: the operation never committed and never can.
    Inserted,
    /// The uid already has a row, in this state.
    Found(OperationState),
    /// Another transaction locks the uid's row, so that its fate is still open.
    Undecided,
}

/// The digest of one whole table, without residue and computed columns.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TableDigest {
    /// The table's name.
    pub table: String,
    /// How many rows the table has.
    pub rows: u64,
    /// SHA-256 over CBOR `["mfm/table/1", table, rows]` followed by all row digests in ascending order.
    pub digest: Digest,
}

/// The values of a group of rows, and how many rows it has.
pub type GroupCount = (Vec<Value>, i64);

/// Which parts of a query an engine evaluates itself. A caller never asks for the others: it evaluates them on the rows
/// that it reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pushdown {
    /// Finds the rows whose column holds one of a set of values, or a date in a range of days: [`Target::select`].
    pub equality: bool,
    /// Finds the rows whose column holds an integer in a range: [`Target::select`], [`Scan::range`].
    pub range: bool,
    /// Sorts rows by a column, ascending: [`Scan::order`].
    pub order: bool,
    /// Ends after a number of rows: [`Scan::limit`].
    pub limit: bool,
}

impl Pushdown {
    /// The engine evaluates everything itself.
    pub const ALL: Self = Self { equality: true, range: true, order: true, limit: true };
}

/// A program that is connected to the database.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConnectedProgram {
    /// The name that the program gives itself.
    pub program: String,
    /// The computer it runs on.
    pub host: String,
}

/// Visits the rows of an answer, reduced to the columns of `table` and in their order.
fn project_answer(
    answer: &FetchAnswer,
    table: &Table,
    visit: &mut dyn FnMut(&[Value]) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    let Some(whole) = &answer.table else { return Ok(()) };
    let positions: Vec<Option<usize>> = table.columns.iter().map(|column| whole.position(&column.image.name)).collect();
    // One buffer for all rows: a visitor clones what it keeps.
    let mut cells = Vec::with_capacity(positions.len());
    for row in &answer.rows {
        cells.clear();
        cells.extend(positions.iter().map(|at| at.and_then(|at| row.get(at).cloned()).unwrap_or(Value::Null)));
        visit(&cells)?;
    }
    Ok(())
}

/// The reading side of a database under test.
pub trait Target {
    /// Returns the engine's name: `sqlite`, `mssql`, `sim`.
    fn engine(&self) -> &'static str;
    /// Returns which parts of scans and selections the engine evaluates itself; by default none.
    fn pushes_down(&self) -> Pushdown {
        Pushdown::default()
    }
    /// Counts the rows that a filter leaves in groups with equal values, by type and bit, in the columns at these
    /// positions of the table; the same values may come in several groups. `None` where the engine leaves that to the
    /// caller, as it does by default.
    ///
    /// # Errors
    /// What the engine says.
    fn count_groups(
        &mut self,
        _table: &Arc<Table>,
        _positions: &[usize],
        _filter: &Filter,
    ) -> Result<Option<Vec<GroupCount>>, TargetError> {
        Ok(None)
    }
    /// Returns the URL, without secrets.
    fn url(&self) -> &str;
    /// Returns the name a person types to confirm: the database's, or the file's.
    fn name(&self) -> String;
    /// Counts a file's hard links; `None` where the target is no file, or the system cannot tell.
    fn count_links(&self) -> Result<Option<u64>, TargetError> {
        Ok(None)
    }
    /// Reads the facts that identify the database now, for comparison with its marker.
    fn read_binding(&mut self) -> Result<TargetBinding, TargetError>;
    /// Checks that mfm's own tables, where they exist, are exactly as mfm created them, without triggers and without
    /// foreign keys, so that writing them changes nothing else.
    ///
    /// # Errors
    /// [`Refusal::OwnTables`].
    fn reaches_no_further(&mut self) -> Result<(), TargetError> {
        Ok(())
    }
    /// Opens the file for writing once, and writes nothing. A file system that copies a file on the first opening for
    /// writing (an overlay) does so now, before the marker is bound to the file's facts.
    ///
    /// # Errors
    /// The engine's error, where the file cannot be opened for writing.
    fn settle_copy_on_write(&mut self) -> Result<(), TargetError> {
        Ok(())
    }
    /// Reads the marker; `None` where the target is unmarked.
    fn read_marker(&mut self) -> Result<Option<Marker>, TargetError>;
    /// Finds the row of a uid.
    fn find_operation(&mut self, uid: &Digest) -> Result<Option<OperationRow>, TargetError>;
    /// Finds the row with the highest operation number that a journal left in the target.
    fn find_newest_operation(&mut self, journal_id: &Digest) -> Result<Option<OperationRow>, TargetError>;
    /// Lists the ids of the journals that left rows in the target, ascending.
    fn list_journals(&mut self) -> Result<Vec<Digest>, TargetError>;
    /// Lists the rows that a journal left in the target, by operation number.
    fn list_operations(&mut self, journal_id: &Digest) -> Result<Vec<OperationRow>, TargetError>;
    /// Lists the names of all base tables except mfm's own, sorted.
    fn list_tables(&mut self) -> Result<Vec<String>, TargetError>;
    /// Finds a table as it is declared; `None` where there is none of that name. A view or virtual table is refused.
    fn find_table(&mut self, name: &str) -> Result<Option<Arc<Table>>, TargetError>;
    /// Answers a query.
    fn read(&mut self, query: &Fetch) -> Result<FetchAnswer, TargetError>;
    /// Visits the rows of a scan one at a time; the engine keeps none of them.
    fn scan(
        &mut self,
        scan: &Scan,
        visit: &mut dyn FnMut(&[Value]) -> Result<(), TargetError>,
    ) -> Result<(), TargetError>;
    /// Visits the rows of a table, or of [`Table::select_columns`] some of its columns, that pass a filter, in storage
    /// order.
    fn select(
        &mut self,
        table: &Arc<Table>,
        filter: &Filter,
        visit: &mut dyn FnMut(&[Value]) -> Result<(), TargetError>,
    ) -> Result<(), TargetError> {
        let answer = self.read(&Fetch { table: table.shape.name.clone(), filter: filter.clone() })?;
        project_answer(&answer, table, visit)
    }
    /// Reads all keys of a table, ascending.
    fn read_keys(&mut self, table: &Table) -> Result<Vec<Key>, TargetError>;
    /// Reads the keys of a page; empty for a table whose key is not a single column.
    fn read_key_page(&mut self, table: &Arc<Table>, page: &KeyPage) -> Result<Vec<Key>, TargetError> {
        // The default reads all keys and cuts the page out of them; engines with SQL query the page alone.
        let keys = match &page.only {
            None => self.read_keys(table)?,
            Some((column, number)) => {
                let query = Fetch::among(&table.shape.name, column, [Value::Integer(*number)]);
                let rows = self.read(&query)?.rows;
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
                let query = Fetch::among(&table.shape.name, column, [Value::Integer(*number)]);
                Ok(self.read(&query)?.rows.len() as u64)
            }
        }
    }
    /// Reads the rows with these keys, in the order of the keys; `None` for an absent row.
    fn read_rows(&mut self, table: &Arc<Table>, keys: &[Key]) -> Result<Vec<Option<Vec<Value>>>, TargetError>;
    /// Digests the rows with these keys, in the order of the keys; `None` for an absent row.
    fn row_digests(&mut self, table: &Arc<Table>, keys: &[&[Value]]) -> Result<Vec<Option<Digest>>, TargetError> {
        let keys: Vec<Key> = keys.iter().map(|key| key.to_vec()).collect();
        let mut hasher = RowHasher::new(&table.shape);
        let rows = self.read_rows(table, &keys)?;
        rows.iter().map(|row| compare::digest_row(&mut hasher, &table.shape.name, row.as_deref())).collect()
    }
    /// Judges whether the touched tables can be changed, and the changes taken back, exactly.
    ///
    /// # Errors
    /// [`TargetError::Refused`] with the refusal of the first table that cannot.
    fn preflight(
        &mut self,
        touches: &[TableTouch],
        conditions: &PreflightConditions<'_>,
    ) -> Result<Preflight, TargetError>;
    /// Judges an operation that takes no other one back.
    ///
    /// # Errors
    /// As [`Target::preflight`].
    fn first_preflight(&mut self, touches: &[TableTouch], disable_triggers: bool) -> Result<Preflight, TargetError> {
        self.preflight(touches, &PreflightConditions { disable_triggers, ..PreflightConditions::default() })
    }
    /// Returns rows as the database would hold them, tried out in a private table: with type conversion, NOT NULL and
    /// CHECK. Of an update only the constraints on the cells that it sets count.
    ///
    /// # Errors
    /// [`TargetError::Refused`] where the schema would not accept a row.
    fn normalize_rows(&mut self, table: &Arc<Table>, trials: Vec<RowTrial>) -> Result<Vec<Vec<Value>>, TargetError>;
    /// Returns rows to insert, with the database's defaults in all columns except those at the `known` positions.
    ///
    /// # Errors
    /// [`TargetError::Refused`] where a column has no default that it could hold.
    fn fill_defaults(
        &mut self,
        table: &Arc<Table>,
        known: &[usize],
        rows: Vec<Vec<Value>>,
    ) -> Result<Vec<Vec<Value>>, TargetError>;
    /// Checks that rows to insert, or to update in these columns (empty: all), collide in no unique index other than
    /// the key's, once the rows of `pending` are as it says.
    ///
    /// # Errors
    /// [`TargetError::Refused`] with [`Refusal::UniqueIndex`].
    fn unique_after(
        &mut self,
        table: &Arc<Table>,
        columns: &[String],
        rows: &[Vec<Value>],
        pending: &PendingRows,
    ) -> Result<(), TargetError>;
    /// Checks that rows to insert, or to update in these columns (empty: all), collide in no unique index other than
    /// the key's.
    ///
    /// # Errors
    /// As [`Target::unique_after`].
    fn check_unique(&mut self, table: &Arc<Table>, columns: &[String], rows: &[Vec<Value>]) -> Result<(), TargetError> {
        self.unique_after(table, columns, rows, &PendingRows::new())
    }
    /// Checks that inserted rows have their parents, and that deleted rows leave no children, as foreign keys demand:
    /// in the database, or among the operation's rows that come before them.
    ///
    /// # Errors
    /// [`TargetError::Refused`] with [`Refusal::ForeignKey`].
    fn check_references(&mut self, moves: &[RowMovement<'_>], spared: &SparedKeys<'_>) -> Result<(), TargetError>;
    /// Digests every stored table except mfm's own and the engine's, all in one consistent state. `progress` gets the
    /// rows read so far and their total.
    fn digest_tables(&mut self, progress: &mut dyn FnMut(u64, u64)) -> Result<Vec<TableDigest>, TargetError>;
    /// Lists the other programs that are connected; `None` where mfm may not see them.
    fn list_sessions(&mut self) -> Result<Option<Vec<ConnectedProgram>>, TargetError>;
    /// Opens the writing side. It waits at most `wait_ms` for the locks of other writers.
    fn open_writer(&mut self, wait_ms: u64) -> Result<Box<dyn Writer>, TargetError>;
}

/// The writing side of a database under test. It is dropped as soon as its one step is done.
pub trait Writer: Send {
    /// Carries out an operation in one transaction: uid first; marker, identity, preflight facts and rows compared
    /// again under lock; every row written and counted; all read back and compared; committed.
    ///
    /// # Errors
    /// See [`ExecuteError`].
    fn execute(&mut self, intended: &Intended, work: &PlannedWork<'_>) -> Result<Executed, ExecuteError>;
    /// Does what may wait until after a commit, such as moving a write-ahead log into the database. Failures are
    /// ignored: the next writer does it.
    fn tidy_after_commit(&mut self) {}
    /// Tries to insert a tombstone under an operation's uid.
    fn write_tombstone(&mut self, row: &OperationRow, at_us: i64) -> Result<Tombstone, TargetError>;
    /// Writes the marker in place of any other, and creates `mfm_operation` where it is missing.
    fn mark(&mut self, marker: &Marker) -> Result<(), TargetError> {
        self.mark_with(marker, &[])
    }
    /// As [`Writer::mark`], together with the rows of operations that the database lost, all in one transaction.
    fn mark_with(&mut self, marker: &Marker, records: &[OperationRow]) -> Result<(), TargetError>;
    /// Removes the marker's table and `mfm_operation`.
    fn unmark(&mut self) -> Result<(), TargetError>;
}
