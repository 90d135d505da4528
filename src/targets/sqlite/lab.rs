//! Creates the file of a lab. It never overwrites a file, and never leaves half a lab behind.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use mfm_journal::Value;
use rusqlite::Connection;

use super::catalogue::Catalogue;
use super::open::FileLocation;
use super::sql;
use super::value::bind_values;
use crate::file::{self, FileId};
use crate::model::{Kind, Refusal, Table};
use crate::targets::known;
use crate::targets::{FilledLab, LabWriter, NewTable, TargetError};

/// Rows of this many tables may alternate before an insert has to be prepared again.
const STATEMENTS: usize = 64;

/// A lab that is being filled. Dropped before it is finished, it removes its file.
struct SqliteLab {
    place: FileLocation,
    /// The identity of the created file: only that one is removed again.
    made: Option<FileId>,
    connection: Option<Connection>,
    inserts: BTreeMap<String, String>,
    /// The statements that create the indexes.
    indexes: Vec<String>,
    finished: bool,
}

/// Creates the file of a lab.
///
/// # Errors
/// [`Refusal::Exists`] where the path exists; [`TargetError::Open`] where the file cannot be created.
pub fn create_lab(path: &Path) -> Result<Box<dyn LabWriter>, TargetError> {
    let url = format!("sqlite:{}", path.display());
    let made = file::make_new(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => Refusal::Exists { path: path.display().to_string() }.into(),
        std::io::ErrorKind::NotFound => TargetError::Open { url: url.clone(), why: "its folder does not exist".into() },
        _ => TargetError::Open { url: url.clone(), why: error.to_string() },
    })?;
    // From here on the file is ours: dropping the lab removes it if anything fails.
    let place = FileLocation { url, path: path.to_owned(), wait_ms: 0 };
    let (inserts, indexes) = (BTreeMap::new(), Vec::new());
    let mut lab = SqliteLab { place, made, connection: None, inserts, indexes, finished: false };
    lab.place = FileLocation::from_path(path)?;
    lab.connection = Some(open_connection(&lab.place)?);
    Ok(Box::new(lab))
}

fn open_connection(place: &FileLocation) -> Result<Connection, TargetError> {
    let failed = place.explainer("make a lab");
    let connection = Connection::open(&place.path).map_err(&failed)?;
    // No other program knows the file yet, and it is synced as a whole when it is finished.
    connection.pragma_update_and_check(None, "journal_mode", "memory", |_| Ok(())).map_err(&failed)?;
    connection.pragma_update(None, "synchronous", "off").map_err(&failed)?;
    // Declared keys are part of what a lab looks like, and its rows may break them, as in the databases that it
    // imitates.
    connection.pragma_update(None, "foreign_keys", false).map_err(&failed)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.execute_batch(sql::BEGIN_WRITE).map_err(&failed)?;
    Ok(connection)
}

impl SqliteLab {
    fn connection(&self) -> Result<&Connection, TargetError> {
        self.connection.as_ref().ok_or_else(|| self.place.failure("fill a lab", "it is closed"))
    }
}

impl LabWriter for SqliteLab {
    fn create_table(&mut self, table: &NewTable) -> Result<Arc<Table>, TargetError> {
        known::refuse_odd_types(table)?;
        // SQLite has no word for SQL Server's `max`: a type without a length has no limit.
        let mut columns = table.columns.clone();
        for (_, declared, _) in &mut columns {
            *declared = declared.replace("(max)", "");
        }
        let key = table.key.as_deref();
        let key_kind = table.columns.iter().find(|(name, ..)| Some(name.as_str()) == key);
        // An integer key becomes the rowid, so that no hidden number changes when a deleted row is put back.
        let rowid_key = key_kind.is_some_and(|(_, declared, _)| matches!(Kind::parse(declared), Kind::Integer { .. }));
        let text = sql::create_table(&table.name, &columns, key, rowid_key, &table.references);
        self.connection()?.execute(&text, []).map_err(self.place.explainer("make a lab's table"))?;
        self.indexes.extend(table.indexes.iter().map(|column| sql::create_index(&table.name, column)));
        self.inserts.insert(table.name.clone(), sql::insert_into(&table.name, table.columns.len()));
        let keys = key.map(|key| (table.name.clone(), vec![key.to_owned()])).into_iter().collect();
        match Catalogue::new(keys).find_layout(self.connection()?, &self.place, &table.name)? {
            Some(layout) => Ok(Arc::clone(&layout.table)),
            None => Err(Refusal::MissingTable { table: table.name.clone() }.into()),
        }
    }

    fn insert_row(&mut self, table: &str, values: &[Value]) -> Result<(), TargetError> {
        let failed = self.place.explainer("fill a lab's table");
        let text = self.inserts.get(table);
        let text = text.ok_or_else(|| Refusal::MissingTable { table: table.to_owned() })?;
        let mut insert = self.connection()?.prepare_cached(text).map_err(&failed)?;
        if insert.parameter_count() != values.len() {
            return Err(self.place.failure("fill a lab's table", format!("a row of {table} has another width")));
        }
        bind_values(&mut insert, values).map_err(&failed)?;
        insert.raw_execute().map(drop).map_err(&failed)
    }

    fn finish(mut self: Box<Self>) -> Result<Box<dyn FilledLab>, TargetError> {
        // An index built from all rows at once costs less than one that is kept up to date row by row.
        for text in &self.indexes {
            self.connection()?.execute(text, []).map_err(self.place.explainer("index a lab's table"))?;
        }
        self.connection()?.execute_batch(sql::COMMIT).map_err(self.place.explainer("finish a lab"))?;
        if let Some(connection) = self.connection.take() {
            connection.close().map_err(|(_, error)| self.place.explain("close a lab", &error))?;
        }
        let synced = file::open_regular(&self.place.path).and_then(|file| Ok(file.sync_all()?));
        synced.map_err(|error| self.place.failure("make a lab durable", error.to_string()))?;
        self.finished = true;
        Ok(self)
    }
}

impl FilledLab for SqliteLab {
    fn remove(self: Box<Self>) -> Result<(), TargetError> {
        let removed = file::remove_own(&self.place.path, self.made);
        removed.map_err(|error| self.place.failure("remove a lab", error.to_string()))
    }
}

impl Drop for SqliteLab {
    fn drop(&mut self) {
        drop(self.connection.take());
        if !self.finished {
            // A destructor cannot report that the file could not be removed.
            let _ = file::remove_own(&self.place.path, self.made);
        }
    }
}
