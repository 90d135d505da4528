//! Which columns tell a table's rows apart, and how far SQLite vouches for them; scans no rows.

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
    /// Tells whether nothing but the database can say what meets the index.
    pub(super) fn is_odd(&self, computed: &dyn Fn(&String) -> bool) -> bool {
        let plain = |column: &Option<(String, String)>| column.as_ref().is_some_and(|(name, _)| !computed(name));
        self.unique && (self.partial || !self.columns.iter().all(plain))
    }

    /// Tells whether a foreign key can refer to the columns of the index, whose collations are the columns' own; `None`
    /// stands for those of the primary key.
    pub(super) fn can_serve(&self, wanted: Option<&[String]>, raw: &[RawColumn]) -> bool {
        let own = |(name, collation): &(String, String)| {
            let column = raw.iter().find(|column| column.name == *name);
            column.is_some_and(|column| column.collation.eq_ignore_ascii_case(collation))
        };
        let columns: Option<Vec<&(String, String)>> = self.columns.iter().map(Option::as_ref).collect();
        let Some(columns) = columns.filter(|_| self.unique && !self.partial) else { return false };
        match wanted {
            None => self.primary,
            Some(wanted) => {
                let named = |name: &String| columns.iter().any(|(column, _)| column.eq_ignore_ascii_case(name));
                wanted.len() == columns.len() && wanted.iter().all(named) && columns.into_iter().all(own)
            }
        }
    }
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
    listed: &TableEntry,
    raw: &[RawColumn],
    indexes: &[DeclaredIndex],
    keys: &DomainKeys,
) -> KeyChoice {
    let rowid_column = rowid_column(listed, raw, indexes);
    let unique = unique_indexes(indexes, rowid_column.as_deref());
    let domain = domain_key(listed, keys);
    let found =
        domain.map(|names| names.iter().map(|name| find_spelling(raw, name).ok_or(name)).collect::<Result<_, _>>());
    let (columns, missing): (Vec<String>, _) = match found {
        Some(Ok(columns)) => (columns, None),
        Some(Err(name)) => (primary_key(raw), Some(name.clone())),
        None => (primary_key(raw), None),
    };
    let covering = unique.iter().position(|index| index.covers_exactly(&columns)).filter(|_| !columns.is_empty());
    let Some(at) = covering else {
        let missing = missing.filter(|_| columns.is_empty());
        let standing = missing.map_or(KeyStanding::Undeclared, KeyStanding::Missing);
        let collations = vec!["BINARY".to_owned(); columns.len()];
        return KeyChoice { columns, standing, collations, seek: false, rowid_column, unique };
    };
    let mut unique = unique;
    let index = unique.remove(at);
    let never_null =
        |name: &String| raw.iter().any(|c| c.name == *name && c.not_null) || rowid_column.as_ref() == Some(name);
    let vouched = columns.iter().all(never_null);
    let collations = columns.iter().map(|name| index.column_collation(name)).collect();
    let standing = if vouched { KeyStanding::Declared(index.name) } else { KeyStanding::Undeclared };
    KeyChoice { columns, standing, collations, seek: true, rowid_column, unique }
}

fn domain_key<'k>(listed: &TableEntry, keys: &'k DomainKeys) -> Option<&'k Vec<String>> {
    let named = |(name, _): &(&String, &Vec<String>)| name.eq_ignore_ascii_case(&listed.name);
    keys.get(&listed.name).or_else(|| keys.iter().find(named).map(|(_, columns)| columns))
}

/// Returns the database's own spelling of a column that can be set.
fn find_spelling(raw: &[RawColumn], name: &str) -> Option<String> {
    let settable = || raw.iter().filter(|column| !column.computed).map(|column| &column.name);
    let exact = settable().find(|column| *column == name);
    exact.or_else(|| settable().find(|column| column.eq_ignore_ascii_case(name))).cloned()
}

fn primary_key(raw: &[RawColumn]) -> Vec<String> {
    let mut key: Vec<_> = raw.iter().filter(|column| column.primary > 0).collect();
    key.sort_by_key(|column| column.primary);
    key.into_iter().map(|column| column.name.clone()).collect()
}

/// Returns the column that is the rowid: the only primary-key column, INTEGER, without an index of its own.
pub(super) fn rowid_column(listed: &TableEntry, raw: &[RawColumn], indexes: &[DeclaredIndex]) -> Option<String> {
    let key: Vec<_> = raw.iter().filter(|column| column.primary > 0).collect();
    match key.as_slice() {
        [column] if !listed.without_rowid && column.declared.eq_ignore_ascii_case("INTEGER") => {
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
    all.sort_by_key(|index| index.name != "PRIMARY KEY");
    all
}

impl UniqueIndex {
    /// Tells whether the index is over exactly these columns, in any order.
    fn covers_exactly(&self, columns: &[String]) -> bool {
        self.columns.len() == columns.len() && self.columns.iter().all(|(name, _)| columns.contains(name))
    }

    fn column_collation(&self, column: &str) -> String {
        let found = self.columns.iter().find(|(name, _)| name == column);
        found.map_or_else(|| "BINARY".to_owned(), |(_, collation)| collation.clone())
    }
}
