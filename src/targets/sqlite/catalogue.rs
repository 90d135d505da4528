//! Reads the declaration of tables from SQLite's catalogue: columns, key, indexes, rowid.

use std::collections::BTreeMap;
use std::sync::Arc;

use mfm_journal::TableShape;
use rusqlite::{Connection, OptionalExtension as _};

use super::key::{self, KeyChoice};
use super::open::FileLocation;
use super::{sql, trigger};
use crate::model::{Column, KeyStanding, NameIndex, Refusal, Role, Storage, Table};
use crate::targets::known;
use crate::targets::{DomainKeys, TargetError, declared};

/// The names under which SQLite offers a hidden rowid, unless a column has the same name.
const ROWID_NAMES: [&str; 3] = ["rowid", "_rowid_", "oid"];

/// A table as SQLite declares it: [`Table`], and what only this engine needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SqliteLayout {
    /// The table as the port shows it.
    pub(super) table: Arc<Table>,
    /// The text of its CREATE TABLE statement.
    pub(super) sql: String,
    /// Whether the table is WITHOUT ROWID: its rows are stored by their primary key.
    without_rowid: bool,
    /// The name under which SQL reaches the rowid; `None` where there is none, or columns took all its names.
    pub(super) rowid: Option<&'static str>,
    /// The column that is the rowid (INTEGER PRIMARY KEY).
    pub(super) rowid_column: Option<String>,
    /// Whether rowids are never reused: `sqlite_sequence` then keeps the largest one.
    pub(super) autoincrement: bool,
    /// The collations by which the key columns compare, in the order of the key.
    pub(super) collations: Vec<String>,
    /// Whether an index leads from a key to its row.
    pub(super) seek: bool,
    /// The unique indexes over plain columns of all rows, without the key's own.
    pub(super) unique: Vec<UniqueIndex>,
    /// Whether there are unique indexes over expressions, over computed columns, or over some rows only.
    pub(super) odd_unique: bool,
    /// Whether there are CHECK constraints.
    pub(super) checked: bool,
}

/// A unique index over plain columns of all rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UniqueIndex {
    /// The index's name, or `PRIMARY KEY`.
    pub(super) name: String,
    /// Its columns, each with the collation that the index compares by.
    pub(super) columns: Vec<(String, String)>,
}

/// A row of `pragma_table_list`: a table, a view or a virtual table.
#[derive(Clone, Debug)]
pub(super) struct TableEntry {
    pub(super) name: String,
    /// `table`, `view`, `virtual`, or `shadow` for a table that belongs to a virtual one.
    pub(super) what: String,
    pub(super) without_rowid: bool,
    pub(super) strict: bool,
}

/// A row of `pragma_table_xinfo`, with the column's collation.
#[derive(Clone, Debug)]
pub(super) struct RawColumn {
    pub(super) name: String,
    pub(super) declared: String,
    pub(super) not_null: bool,
    /// Its position in the primary key, from 1; 0 for a column outside it.
    pub(super) primary: i64,
    /// Whether the database computes it.
    pub(super) computed: bool,
    pub(super) collation: String,
    pub(super) autoincrement: bool,
}

/// The tables that one connection has read. They are read again whenever the schema has changed.
#[derive(Debug, Default)]
pub(super) struct Catalogue {
    keys: DomainKeys,
    version: Option<i64>,
    layouts: BTreeMap<String, Option<Arc<SqliteLayout>>>,
}

impl Catalogue {
    pub(super) fn new(keys: DomainKeys) -> Self {
        Self { keys, ..Self::default() }
    }

    pub(super) const fn keys(&self) -> &DomainKeys {
        &self.keys
    }

    /// Returns a table's layout; `None` where there is no table of that name.
    pub(super) fn find_layout(
        &mut self,
        connection: &Connection,
        place: &FileLocation,
        name: &str,
    ) -> Result<Option<Arc<SqliteLayout>>, TargetError> {
        let failed = place.explainer("read the schema");
        let mut pragma = connection.prepare_cached(sql::SCHEMA_VERSION).map_err(&failed)?;
        let version = pragma.query_one([], |row| row.get(0)).map_err(&failed)?;
        // SQLite counts every change of the schema, by whatever connection, so an equal count proves the cache valid.
        if self.version != Some(version) {
            self.layouts.clear();
            self.version = Some(version);
        }
        if let Some(layout) = self.layouts.get(name) {
            return Ok(layout.clone());
        }
        let layout = read_layout(connection, place, &self.keys, name)?.map(Arc::new);
        self.layouts.insert(name.to_owned(), layout.clone());
        Ok(layout)
    }

    /// Returns the layout of a table that was read before, refusing where its declaration changed.
    pub(super) fn require_layout(
        &mut self,
        connection: &Connection,
        place: &FileLocation,
        table: &Table,
    ) -> Result<Arc<SqliteLayout>, TargetError> {
        let layout = self.find_layout(connection, place, &table.shape.name)?;
        Ok(known::require_unchanged(layout, table, |layout| &layout.table)?)
    }

    /// Returns the layout of a table that was read before, reduced to the columns of `table`.
    pub(super) fn require_columns(
        &mut self,
        connection: &Connection,
        place: &FileLocation,
        table: &Arc<Table>,
    ) -> Result<SqliteLayout, TargetError> {
        let layout = self.find_layout(connection, place, &table.shape.name)?;
        let layout = known::require_columns_unchanged(layout, table, |layout| &layout.table)?;
        Ok(SqliteLayout { table: Arc::clone(table), ..(*layout).clone() })
    }
}

/// Lists everything that looks like a table, without SQLite's own.
pub(super) fn list_entries(connection: &Connection, place: &FileLocation) -> Result<Vec<TableEntry>, TargetError> {
    let failed = place.explainer("list the tables");
    let mut statement = connection.prepare_cached(sql::TABLES).map_err(&failed)?;
    let rows = statement.query_map([], |row| {
        Ok(TableEntry { name: row.get(0)?, what: row.get(1)?, without_rowid: row.get(2)?, strict: row.get(3)? })
    });
    rows.and_then(Iterator::collect).map_err(&failed)
}

/// Returns whether a table is mfm's own.
pub(super) fn is_own(name: &str) -> bool {
    ["mfm_marker", "mfm_operation"].iter().any(|own| name.eq_ignore_ascii_case(own))
}

/// Finds an entry by its exact name, else by its name in any case.
pub(super) fn find_entry(mut entries: Vec<TableEntry>, name: &str) -> Option<TableEntry> {
    let exact = entries.iter().position(|entry| entry.name == name);
    let at = exact.or_else(|| entries.iter().position(|entry| entry.name.eq_ignore_ascii_case(name)))?;
    Some(entries.swap_remove(at))
}

fn read_layout(
    connection: &Connection,
    place: &FileLocation,
    keys: &DomainKeys,
    name: &str,
) -> Result<Option<SqliteLayout>, TargetError> {
    let Some(entry) = find_entry(list_entries(connection, place)?, name) else { return Ok(None) };
    let what = match entry.what.as_str() {
        "table" if is_own(&entry.name) => "table of mfm's own",
        "table" => return read_declaration(connection, place, keys, &entry).map(Some),
        "view" => "view",
        "shadow" => "shadow table of a virtual table",
        _ => "virtual table",
    };
    Err(Refusal::NotATable { table: entry.name, what: what.to_owned() }.into())
}

/// Reads the declaration of a base table, or of a shadow table for whole-database digests.
pub(super) fn read_declaration(
    connection: &Connection,
    place: &FileLocation,
    keys: &DomainKeys,
    entry: &TableEntry,
) -> Result<SqliteLayout, TargetError> {
    let failed = place.explainer("read the schema");
    let declaration = connection.query_one(sql::TABLE_SQL, [&entry.name], |row| row.get(0)).optional();
    let mut raw = raw_columns(connection, place, &entry.name)?;
    let indexes = key::read_indexes(connection, place, &entry.name)?;
    let choice = key::choose_key(entry, &raw, &indexes, keys);
    // The rowid is never NULL, whatever its column says.
    for column in raw.iter_mut().filter(|column| choice.rowid_column.as_ref() == Some(&column.name)) {
        column.not_null = true;
    }
    let (mut columns, mut omitted) = (Vec::new(), Vec::new());
    for column in &raw {
        let list = if column.computed { &mut omitted } else { &mut columns };
        list.push(model_column(column, entry));
    }
    let shape = TableShape {
        name: entry.name.clone(),
        key: choice.columns.clone(),
        columns: columns.iter().map(|column| column.image.clone()).collect(),
        omitted: omitted.iter().map(|column| column.image.name.clone()).collect(),
    };
    let KeyChoice { standing, collations, seek, rowid_column, mut unique, .. } = choice;
    let odd_unique = indexes.iter().any(|index| index.is_odd(&shape.omitted));
    unique.retain(|index| !index.columns.iter().any(|(name, _)| shape.omitted.contains(name)));
    let sql: String = declaration.map_err(&failed)?.unwrap_or_default();
    Ok(SqliteLayout {
        table: Arc::new(Table { shape: Arc::new(shape), columns, omitted, key: standing, names: NameIndex::default() }),
        checked: trigger::mentions_word(&sql, "CHECK"),
        sql,
        without_rowid: entry.without_rowid,
        rowid: ROWID_NAMES
            .into_iter()
            .find(|name| !entry.without_rowid && !raw.iter().any(|column| column.name.eq_ignore_ascii_case(name))),
        rowid_column,
        autoincrement: raw.iter().any(|column| column.autoincrement),
        collations,
        seek,
        unique,
        odd_unique,
    })
}

pub(super) fn raw_columns(
    connection: &Connection,
    place: &FileLocation,
    table: &str,
) -> Result<Vec<RawColumn>, TargetError> {
    let failed = place.explainer("read the columns");
    let mut statement = connection.prepare_cached(sql::COLUMNS).map_err(&failed)?;
    let rows = statement.query_map([table], |row| {
        let name: String = row.get(0)?;
        // No PRAGMA reports the collation of a column; only the C interface does.
        let (_, collation, _, _, autoincrement) = connection.column_metadata(Some("main"), table, name.as_str())?;
        let collation = collation.map_or_else(|| "BINARY".to_owned(), |name| name.to_string_lossy().into_owned());
        // 0 for an ordinary column, 2 or 3 for a generated one.
        let hidden: i64 = row.get(4)?;
        let not_null = row.get(2)?;
        let (declared, primary) = (row.get(1)?, row.get(3)?);
        Ok(RawColumn { name, declared, not_null, primary, computed: hidden != 0, collation, autoincrement })
    });
    rows.and_then(Iterator::collect).map_err(&failed)
}

fn model_column(raw: &RawColumn, entry: &TableEntry) -> Column {
    // BINARY compares bytes, which the port expresses by no collation.
    let collation = (!raw.collation.eq_ignore_ascii_case("BINARY")).then(|| raw.collation.clone());
    let role = if raw.computed { Role::Computed } else { Role::Plain };
    let storage = parse_affinity(&raw.declared, entry.strict);
    declared::build_column(&raw.name, &raw.declared, collation, !raw.not_null, storage, role)
}

/// Returns the affinity of a declared type (<https://www.sqlite.org/datatype3.html>, section 3.1).
fn parse_affinity(declared: &str, strict: bool) -> Storage {
    let upper = declared.to_ascii_uppercase();
    if strict && upper == "ANY" || upper.trim().is_empty() {
        return Storage::Blob;
    }
    // The order is SQLite's own: `CHARINT` and `FLOATING POINT` have integer affinity.
    let rules: [(&[&str], Storage); 4] = [
        (&["INT"], Storage::Integer),
        (&["CHAR", "CLOB", "TEXT"], Storage::Text),
        (&["BLOB"], Storage::Blob),
        (&["REAL", "FLOA", "DOUB"], Storage::Real),
    ];
    let rule = rules.into_iter().find(|(words, _)| words.iter().any(|word| upper.contains(word)));
    rule.map_or(Storage::Numeric, |(_, storage)| storage)
}

impl SqliteLayout {
    /// Returns the table's name.
    pub(super) fn name(&self) -> &str {
        &self.table.shape.name
    }

    /// Returns whether rows have a rowid that no column shows: a row that is deleted and put back gets a new one.
    pub(super) const fn hides_rowid(&self) -> bool {
        !self.without_rowid && self.rowid_column.is_none()
    }

    /// Refuses a table whose rows no key tells apart.
    pub(super) fn require_key(&self) -> Result<(), Refusal> {
        let why = match &self.table.key {
            KeyStanding::Missing(column) => format!("the key column {column} does not exist"),
            _ if self.table.shape.key.is_empty() => "it declares none".to_owned(),
            _ => return Ok(()),
        };
        Err(Refusal::NoKey { table: self.name().to_owned(), why })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn affinities_follow_the_documentation() {
        for (declared, expected) in [
            ("INTEGER", Storage::Integer),
            ("tinyint", Storage::Integer),
            ("FLOATING POINT", Storage::Integer),
            ("varchar(20)", Storage::Text),
            ("CHARINT", Storage::Integer),
            ("nvarchar(max)", Storage::Text),
            ("image", Storage::Numeric),
            ("BLOB", Storage::Blob),
            ("", Storage::Blob),
            ("double precision", Storage::Real),
            ("float", Storage::Real),
            ("decimal(4,1)", Storage::Numeric),
            ("datetime", Storage::Numeric),
            ("ANY", Storage::Numeric),
        ] {
            assert_eq!(parse_affinity(declared, false), expected, "{declared}");
        }
        assert_eq!(parse_affinity("ANY", true), Storage::Blob);
    }
}
