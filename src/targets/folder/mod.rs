//! A folder of files that a domain's format turns into tables: read whole into memory, and never written.
//!
//! A folder that was read is kept and read again only when one of its files changed.

mod read;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use mfm_journal::{ColumnShape, Digest, TableShape};

use self::read::FolderStamp;
pub use self::read::{FolderFile, FolderRead, read_folder};
use super::{
    ConnectedProgram, Fetch, FetchAnswer, Key, Marker, OperationRow, PendingRows, Preflight, PreflightConditions,
    Pushdown, RowMovement, RowTrial, Scan, SparedKeys, Table, TableDigest, TableTouch, Target, TargetBinding,
    TargetError, Value, Writer, project_answer,
};
use crate::domain::Domain;
use crate::domain::table::TableDef;
use crate::domains;
use crate::model::snapshot::{key_form, lies_between};
use crate::model::{Column, Filter, KeyStanding, Kind, NameIndex, Role, Row, Storage};

/// The beginning of the URL of a folder.
const SCHEME: &str = "json:";
/// The most bytes of all files of a folder together: they are held in memory.
const FOLDER_BYTES_MAX: u64 = 1 << 30;

/// A table in memory.
#[derive(Debug)]
struct FolderTable {
    table: Arc<Table>,
    rows: Vec<Vec<Value>>,
}

/// What a folder holds.
#[derive(Debug, Default)]
struct FolderContent {
    tables: BTreeMap<String, FolderTable>,
}

/// The folder that was read last. Servers ask the same one again and again.
static LAST: Mutex<Option<(PathBuf, FolderStamp, Arc<FolderContent>)>> = Mutex::new(None);

/// A folder, opened for reading.
#[derive(Debug)]
pub struct FolderTarget {
    url: String,
    content: Arc<FolderContent>,
}

/// Tells whether a URL names a folder that is read in place.
#[must_use]
pub fn is_read_in_place(url: &str) -> bool {
    url.starts_with(SCHEME)
}

/// Returns the URL of a folder with its absolute path; `None` for any other URL.
#[must_use]
pub fn canonical_folder_url(url: &str) -> Option<String> {
    let path = Path::new(url.strip_prefix(SCHEME)?);
    let whole = std::fs::canonicalize(path).or_else(|_| std::path::absolute(path)).ok()?;
    Some(format!("{SCHEME}{}", whole.display()))
}

/// Returns the domain of the folder that a URL names; `None` for any other URL, and for a folder that none knows.
#[must_use]
pub fn folder_domain(url: &str) -> Option<&'static dyn Domain> {
    let path = url.strip_prefix(SCHEME)?;
    let names = read::list_names(Path::new(path)).ok()?;
    domains::all()
        .iter()
        .copied()
        .find(|domain| domain.folder_format().is_some_and(|format| !format.choose_files(&names).is_empty()))
}

impl FolderTarget {
    /// Opens the folder that a URL names.
    ///
    /// # Errors
    /// There is no such folder, no domain knows its files, or one of them cannot be read.
    pub fn open(url: &str) -> Result<Self, TargetError> {
        let path = Path::new(url.strip_prefix(SCHEME).unwrap_or(url));
        let failed = |why: String| TargetError::Open { url: url.to_owned(), why };
        if !path.is_dir() {
            return Err(TargetError::Absent { url: url.to_owned() });
        }
        let domain =
            folder_domain(url).ok_or_else(|| failed("it has no file that any domain reads in place".to_owned()))?;
        let format = domain.folder_format().ok_or_else(|| failed("its domain reads no folder".to_owned()))?;
        let stamp = read::stamp_folder(path, format).map_err(failed)?;
        if stamp.bytes() > FOLDER_BYTES_MAX {
            let why = format!("its files have more than {FOLDER_BYTES_MAX} bytes: import it into a database instead");
            return Err(failed(why));
        }
        let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, of, content)) = last.as_ref()
            && known == path
            && *of == stamp
        {
            return Ok(Self { url: url.to_owned(), content: content.clone() });
        }
        let content = Arc::new(load_content(domain, path).map_err(failed)?);
        *last = Some((path.to_owned(), stamp, content.clone()));
        Ok(Self { url: url.to_owned(), content })
    }

    fn find(&self, name: &str) -> Option<&FolderTable> {
        self.content.tables.values().find(|held| held.table.shape.name.eq_ignore_ascii_case(name))
    }

    fn read_only<T>(&self) -> Result<T, TargetError> {
        let why = "a folder is read in place and never written; lab import makes a database of it".to_owned();
        Err(TargetError::ReadOnly { url: self.url.clone(), why })
    }
}

/// Reads the tables of a folder.
fn load_content(domain: &dyn Domain, path: &Path) -> Result<FolderContent, String> {
    let Some(format) = domain.folder_format() else { return Ok(FolderContent::default()) };
    let mut content = FolderContent::default();
    for def in format.tables() {
        let table = Arc::new(declare_table(&def));
        content.tables.insert(def.name.clone(), FolderTable { table, rows: Vec::new() });
    }
    let mut wrong = None;
    read_folder(format, path, &mut |name, cells| {
        let Some(held) = content.tables.get_mut(name) else { return std::ops::ControlFlow::Break(()) };
        let columns = held.table.columns.iter().zip(&cells);
        match columns.map(|(column, datum)| column.store_datum(name, datum)).collect() {
            Ok(row) => held.rows.push(row),
            Err(refusal) => wrong = Some(refusal.to_string()),
        }
        if wrong.is_some() { std::ops::ControlFlow::Break(()) } else { std::ops::ControlFlow::Continue(()) }
    })?;
    match wrong {
        Some(why) => Err(why),
        None => Ok(content),
    }
}

/// Declares a table as a database in a file would.
fn declare_table(def: &TableDef) -> Table {
    let mut columns = Vec::with_capacity(def.columns.len());
    for (name, declared, nullable) in &def.columns {
        let storage = match declared.as_str() {
            "INTEGER" => Storage::Integer,
            "REAL" => Storage::Real,
            _ => Storage::Text,
        };
        let image = ColumnShape::new(name, declared);
        let kind = Kind::parse(declared);
        columns.push(Column { image, kind, storage, nullable: *nullable, role: Role::Plain });
    }
    let shape = TableShape {
        name: def.name.clone(),
        key: def.key.iter().cloned().collect(),
        columns: columns.iter().map(|column| column.image.clone()).collect(),
        omitted: Vec::new(),
    };
    Table {
        shape: Arc::new(shape),
        columns,
        omitted: Vec::new(),
        key: KeyStanding::Undeclared,
        names: NameIndex::default(),
    }
}

/// Returns the position of the column that a filter is about; `None` for one about none.
fn find_filter_column(filter: &Filter, table: &Table) -> Result<Option<usize>, TargetError> {
    Ok(match filter {
        Filter::In { column, .. } | Filter::Between { column, .. } => Some(table.column(column)?.0),
        Filter::All | Filter::Days { .. } | Filter::Maximum { .. } => None,
    })
}

/// Tells whether a row passes a filter about a column. A maximum asks for no row.
fn passes(filter: &Filter, column: Option<usize>, row: &[Value]) -> bool {
    let cell = column.and_then(|at| row.get(at));
    match filter {
        Filter::All => true,
        Filter::In { values, .. } => cell.is_some_and(|cell| {
            // A text is its own form; copying it for each row would cost more than all the rest.
            let is_text = matches!(cell, Value::Text(_));
            !cell.is_null() && (values.contains(cell) || (!is_text && values.contains(&key_form(cell))))
        }),
        Filter::Between { first, last, .. } => cell.is_some_and(|cell| lies_between(cell, *first, *last)),
        // Files hold no times of the target's clock.
        Filter::Days { .. } | Filter::Maximum { .. } => false,
    }
}

impl Target for FolderTarget {
    fn engine(&self) -> &'static str {
        "folder"
    }

    fn pushes_down(&self) -> Pushdown {
        Pushdown { equality: true, ..Pushdown::default() }
    }

    fn url(&self) -> &str {
        &self.url
    }

    fn name(&self) -> String {
        let path = Path::new(self.url.strip_prefix(SCHEME).unwrap_or(&self.url));
        path.file_name().map_or_else(|| self.url.clone(), |name| name.to_string_lossy().into_owned())
    }

    fn read_binding(&mut self) -> Result<TargetBinding, TargetError> {
        Ok(TargetBinding::new())
    }

    fn read_marker(&mut self) -> Result<Option<Marker>, TargetError> {
        Ok(None)
    }

    fn find_operation(&mut self, _: &Digest) -> Result<Option<OperationRow>, TargetError> {
        Ok(None)
    }

    fn find_newest_operation(&mut self, _: &Digest) -> Result<Option<OperationRow>, TargetError> {
        Ok(None)
    }

    fn list_journals(&mut self) -> Result<Vec<Digest>, TargetError> {
        Ok(Vec::new())
    }

    fn list_operations(&mut self, _: &Digest) -> Result<Vec<OperationRow>, TargetError> {
        Ok(Vec::new())
    }

    fn list_tables(&mut self) -> Result<Vec<String>, TargetError> {
        Ok(self.content.tables.keys().cloned().collect())
    }

    fn find_table(&mut self, name: &str) -> Result<Option<Arc<Table>>, TargetError> {
        Ok(self.find(name).map(|held| held.table.clone()))
    }

    fn read(&mut self, query: &Fetch) -> Result<FetchAnswer, TargetError> {
        let Some(held) = self.find(&query.table) else {
            return Ok(FetchAnswer { table: None, rows: Vec::new(), maximum: None });
        };
        let mut answer = FetchAnswer { table: Some(held.table.clone()), rows: Vec::new(), maximum: None };
        if let Filter::Maximum { column } = &query.filter {
            let rows = held.rows.iter().map(|cells| Row { table: &held.table, cells });
            answer.maximum = rows.filter_map(|row| row.integer(column)).max();
        }
        let column = find_filter_column(&query.filter, &held.table)?;
        for row in &held.rows {
            if passes(&query.filter, column, row) {
                answer.rows.push(row.clone());
            }
        }
        Ok(answer)
    }

    fn scan(
        &mut self,
        scan: &Scan,
        visit: &mut dyn FnMut(&[Value]) -> Result<(), TargetError>,
    ) -> Result<(), TargetError> {
        let Some(held) = self.find(&scan.table.shape.name) else { return Ok(()) };
        let places = positions(&held.table, &scan.table);
        let join = scan.join.as_ref().map(|join| {
            let parent = self.find(&join.parent.shape.name);
            (join, parent.map(|parent| index_rows(parent, &join.parent_column)))
        });
        let mut cells = Vec::new();
        for row in &held.rows {
            cells.clear();
            cells.extend(places.iter().map(|at| row.get(*at).cloned().unwrap_or(Value::Null)));
            match &join {
                None => visit(&cells)?,
                Some((join, parents)) => {
                    let key = row.get(held.table.column(&join.column)?.0).map(key_form);
                    let parent = self.find(&join.parent.shape.name);
                    let found = parents.as_ref().zip(key).and_then(|(parents, key)| parents.get(&key));
                    let (Some(parent), Some(at)) = (parent, found) else { continue };
                    let parent_places = positions(&parent.table, &join.parent);
                    let other = parent.rows.get(*at);
                    cells.extend(
                        parent_places
                            .iter()
                            .map(|at| other.and_then(|row| row.get(*at).cloned()).unwrap_or(Value::Null)),
                    );
                    visit(&cells)?;
                }
            }
        }
        Ok(())
    }

    fn select(
        &mut self,
        table: &Arc<Table>,
        filter: &Filter,
        visit: &mut dyn FnMut(&[Value]) -> Result<(), TargetError>,
    ) -> Result<(), TargetError> {
        let Some(held) = self.find(&table.shape.name) else { return Ok(()) };
        let places = positions(&held.table, table);
        let mut cells = Vec::with_capacity(places.len());
        let column = find_filter_column(filter, &held.table)?;
        for row in &held.rows {
            if passes(filter, column, row) {
                cells.clear();
                cells.extend(places.iter().map(|at| row.get(*at).cloned().unwrap_or(Value::Null)));
                visit(&cells)?;
            }
        }
        Ok(())
    }

    fn read_keys(&mut self, table: &Table) -> Result<Vec<Key>, TargetError> {
        let Some(held) = self.find(&table.shape.name) else { return Ok(Vec::new()) };
        let mut keys: Vec<Key> = held.rows.iter().map(|row| held.table.key_of(row)).collect::<Result<_, _>>()?;
        keys.sort();
        Ok(keys)
    }

    fn read_rows(&mut self, table: &Arc<Table>, keys: &[Key]) -> Result<Vec<Option<Vec<Value>>>, TargetError> {
        let Some(held) = self.find(&table.shape.name) else { return Ok(vec![None; keys.len()]) };
        let mut rows: BTreeMap<Key, &Vec<Value>> = BTreeMap::new();
        for row in &held.rows {
            rows.insert(held.table.key_of(row)?, row);
        }
        let mut out = Vec::with_capacity(keys.len());
        for key in keys {
            let row = rows.get(key).map(|row| vec![(*row).clone()]).unwrap_or_default();
            let answer = FetchAnswer { table: Some(held.table.clone()), rows: row, maximum: None };
            let mut found = None;
            project_answer(&answer, table, &mut |cells| {
                found = Some(cells.to_vec());
                Ok(())
            })?;
            out.push(found);
        }
        Ok(out)
    }

    fn preflight(&mut self, _: &[TableTouch], _: &PreflightConditions<'_>) -> Result<Preflight, TargetError> {
        self.read_only()
    }

    fn normalize_rows(&mut self, _: &Arc<Table>, _: Vec<RowTrial>) -> Result<Vec<Vec<Value>>, TargetError> {
        self.read_only()
    }

    fn fill_defaults(
        &mut self,
        _: &Arc<Table>,
        _: &[usize],
        _: Vec<Vec<Value>>,
    ) -> Result<Vec<Vec<Value>>, TargetError> {
        self.read_only()
    }

    fn unique_after(
        &mut self,
        _: &Arc<Table>,
        _: &[String],
        _: &[Vec<Value>],
        _: &PendingRows,
    ) -> Result<(), TargetError> {
        self.read_only()
    }

    fn check_references(&mut self, _: &[RowMovement<'_>], _: &SparedKeys<'_>) -> Result<(), TargetError> {
        self.read_only()
    }

    fn digest_tables(&mut self, _: &mut dyn FnMut(u64, u64)) -> Result<Vec<TableDigest>, TargetError> {
        self.read_only()
    }

    fn list_sessions(&mut self) -> Result<Option<Vec<ConnectedProgram>>, TargetError> {
        Ok(None)
    }

    fn open_writer(&mut self, _: u64) -> Result<Box<dyn Writer>, TargetError> {
        self.read_only()
    }
}

/// Returns the positions of a table's columns in the table as it is held.
fn positions(held: &Table, wanted: &Table) -> Vec<usize> {
    // A column that is not held has a position beyond every row, and reads as NULL.
    wanted.columns.iter().map(|column| held.position(&column.image.name).unwrap_or(usize::MAX)).collect()
}

/// Returns the rows of a table by a column's value.
fn index_rows(held: &FolderTable, column: &str) -> BTreeMap<Value, usize> {
    let Some(at) = held.table.position(column) else { return BTreeMap::new() };
    held.rows.iter().enumerate().filter_map(|(nth, row)| Some((key_form(row.get(at)?), nth))).collect()
}
