//! Chooses the key columns of a table, and finds out how far its indexes guarantee that they are unique.

use rusqlite::Connection;

use super::catalogue::{RawColumn, TableEntry, UniqueIndex};
use super::open::FileLocation;
use super::sql;
use crate::model::KeyStanding;
use crate::targets::{DomainKeys, TargetError};

/// An index as SQLite declares it.
#[derive(Clone, Debug)]
pub(super) struct DeclaredIndex {
    name: String,
    unique: bool,
    primary: bool,
    partial: bool,
    /// The columns with their collations; `None` for an expression or the rowid.
    columns: Vec<Option<(String, String)>>,
}

impl DeclaredIndex {
    /// Returns whether only the database itself can tell which rows collide in this unique index: it covers some rows
    /// only, or an expression, or one of the `computed` columns.
    pub(super) fn is_odd(&self, computed: &[String]) -> bool {
        let mut columns = self.columns.iter();
        let has_odd_column = columns.any(|column| column.as_ref().is_none_or(|(name, _)| computed.contains(name)));
        self.unique && (self.partial || has_odd_column)
    }

    /// Returns whether a foreign key can refer to exactly the columns of this index; `None` stands for the primary key.
    ///
    /// SQLite accepts only an index whose collations are the columns' own.
    pub(super) fn can_serve(&self, parent_columns: Option<&[String]>, raw: &[RawColumn]) -> bool {
        let columns: Option<Vec<&(String, String)>> = self.columns.iter().map(Option::as_ref).collect();
        let Some(columns) = columns.filter(|_| self.unique && !self.partial) else { return false };
        let Some(parent_columns) = parent_columns else { return self.primary };
        let same_columns = parent_columns.len() == columns.len()
            && parent_columns.iter().all(|name| columns.iter().any(|(column, _)| column.eq_ignore_ascii_case(name)));
        same_columns && columns.into_iter().all(|(name, collation)| has_collation(raw, name, collation))
    }
}

fn has_collation(raw: &[RawColumn], name: &str, collation: &str) -> bool {
    raw.iter().any(|column| column.name == name && column.collation.eq_ignore_ascii_case(collation))
}

/// The key of a table, and what follows from it.
#[derive(Clone, Debug)]
pub(super) struct KeyChoice {
    pub(super) columns: Vec<String>,
    pub(super) standing: KeyStanding,
    pub(super) collations: Vec<String>,
    pub(super) seek: bool,
    pub(super) rowid_column: Option<String>,
    pub(super) unique: Vec<UniqueIndex>,
}

/// Reads the indexes of a table.
pub(super) fn read_indexes(
    connection: &Connection,
    place: &FileLocation,
    table: &str,
) -> Result<Vec<DeclaredIndex>, TargetError> {
    let failed = place.explainer("read the indexes");
    let mut statement = connection.prepare_cached(sql::INDEXES).map_err(&failed)?;
    let rows = statement.query_map([table], |row| {
        let origin: String = row.get(2)?;
        let (unique, partial) = (row.get(1)?, row.get(3)?);
        Ok(DeclaredIndex { name: row.get(0)?, unique, primary: origin == "pk", partial, columns: Vec::new() })
    });
    let mut all: Vec<DeclaredIndex> = rows.and_then(Iterator::collect).map_err(&failed)?;
    let mut statement = connection.prepare_cached(sql::INDEX_COLUMNS).map_err(&failed)?;
    for index in &mut all {
        let rows = statement.query_map([&index.name], |row| {
            let (name, collation): (Option<String>, Option<String>) = (row.get(1)?, row.get(2)?);
            Ok(name.map(|name| (name, collation.unwrap_or_else(|| "BINARY".to_owned()))))
        });
        index.columns = rows.and_then(Iterator::collect).map_err(&failed)?;
    }
    Ok(all)
}

/// Chooses the domain's key where its columns exist, else the declared primary key.
pub(super) fn choose_key(
    entry: &TableEntry,
    raw: &[RawColumn],
    indexes: &[DeclaredIndex],
    keys: &DomainKeys,
) -> KeyChoice {
    let rowid_column = rowid_column(entry, raw, indexes);
    let unique = unique_indexes(indexes, rowid_column.as_deref());
    let (columns, missing) = match domain_key(entry, keys) {
        Some(names) => match spell_all(raw, names) {
            Ok(columns) => (columns, None),
            Err(name) => (primary_key(raw), Some(name.clone())),
        },
        None => (primary_key(raw), None),
    };
    let covering = unique.iter().position(|index| index.covers_exactly(&columns)).filter(|_| !columns.is_empty());
    let Some(at) = covering else {
        // Without an index each lookup is a scan, which compares by bytes.
        let missing = missing.filter(|_| columns.is_empty());
        let standing = missing.map_or(KeyStanding::Undeclared, KeyStanding::Missing);
        let collations = vec!["BINARY".to_owned(); columns.len()];
        return KeyChoice { columns, standing, collations, seek: false, rowid_column, unique };
    };
    let mut unique = unique;
    let index = unique.remove(at);
    // A unique index holds any number of NULLs, so it guarantees a key only over columns that take none.
    let never_null = columns.iter().all(|name| {
        raw.iter().any(|column| column.name == *name && column.not_null) || rowid_column.as_ref() == Some(name)
    });
    let collations = columns.iter().map(|name| index.column_collation(name)).collect();
    let standing = if never_null { KeyStanding::Declared(index.name) } else { KeyStanding::Undeclared };
    KeyChoice { columns, standing, collations, seek: true, rowid_column, unique }
}

fn domain_key<'k>(entry: &TableEntry, keys: &'k DomainKeys) -> Option<&'k Vec<String>> {
    let exact = keys.get(&entry.name);
    exact.or_else(|| {
        let mut keys = keys.iter();
        keys.find(|(name, _)| name.eq_ignore_ascii_case(&entry.name)).map(|(_, columns)| columns)
    })
}

/// Returns the database's spelling of column names; the error is the first name that no settable column has.
fn spell_all<'n>(raw: &[RawColumn], names: &'n [String]) -> Result<Vec<String>, &'n String> {
    names.iter().map(|name| find_spelling(raw, name).ok_or(name)).collect()
}

/// Returns the database's spelling of the name of a column that can be set.
fn find_spelling(raw: &[RawColumn], name: &str) -> Option<String> {
    let settable: Vec<&String> = raw.iter().filter(|column| !column.computed).map(|column| &column.name).collect();
    let exact = settable.iter().find(|column| **column == name);
    exact.or_else(|| settable.iter().find(|column| column.eq_ignore_ascii_case(name))).map(|name| (*name).clone())
}

fn primary_key(raw: &[RawColumn]) -> Vec<String> {
    let mut key: Vec<_> = raw.iter().filter(|column| column.primary > 0).collect();
    key.sort_by_key(|column| column.primary);
    key.into_iter().map(|column| column.name.clone()).collect()
}

/// Returns the column that is the rowid: the only primary-key column, declared INTEGER, without an index of its own
/// (<https://www.sqlite.org/lang_createtable.html>, section 5).
pub(super) fn rowid_column(entry: &TableEntry, raw: &[RawColumn], indexes: &[DeclaredIndex]) -> Option<String> {
    let key: Vec<_> = raw.iter().filter(|column| column.primary > 0).collect();
    match key.as_slice() {
        [column] if !entry.without_rowid && column.declared.eq_ignore_ascii_case("INTEGER") => {
            (!indexes.iter().any(|index| index.primary)).then(|| column.name.clone())
        }
        _ => None,
    }
}

/// Returns the unique indexes over plain columns of all rows, the primary key first.
fn unique_indexes(indexes: &[DeclaredIndex], rowid_column: Option<&str>) -> Vec<UniqueIndex> {
    let plain = indexes.iter().filter(|index| index.unique && !index.partial).filter_map(|index| {
        let columns = index.columns.iter().cloned().collect::<Option<Vec<_>>>()?;
        let name = if index.primary { "PRIMARY KEY".to_owned() } else { index.name.clone() };
        Some(UniqueIndex { name, columns })
    });
    let rowid = rowid_column.map(|column| UniqueIndex {
        name: "PRIMARY KEY".to_owned(),
        columns: vec![(column.to_owned(), "BINARY".to_owned())],
    });
    let mut all: Vec<_> = rowid.into_iter().chain(plain).collect();
    // The first index over the key columns becomes the key: the primary key before any other.
    all.sort_by_key(|index| index.name != "PRIMARY KEY");
    all
}

impl UniqueIndex {
    /// Returns whether the index is over exactly these columns, in any order.
    fn covers_exactly(&self, columns: &[String]) -> bool {
        self.columns.len() == columns.len() && self.columns.iter().all(|(name, _)| columns.contains(name))
    }

    fn column_collation(&self, column: &str) -> String {
        let entry = self.columns.iter().find(|(name, _)| name == column);
        entry.map_or_else(|| "BINARY".to_owned(), |(_, collation)| collation.clone())
    }
}
