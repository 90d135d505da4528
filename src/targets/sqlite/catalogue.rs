//! What SQLite's catalogue says of a table: columns, key, indexes, rowid; judges no operation.

use std::collections::BTreeMap;
use std::sync::Arc;

use mfm_journal::TableShape;
use rusqlite::{Connection, OptionalExtension as _};

use super::key::{self, KeyChoice};
use super::open::FileLocation;
use super::{sql, trigger};
use crate::model::{Column, KeyStanding, Refusal, Role, Storage, Table};
use crate::targets::known;
use crate::targets::{DomainKeys, TargetError, declared};

/// The names under which SQLite offers a hidden rowid, unless a column took them.
const ROWID_NAMES: [&str; 3] = ["rowid", "_rowid_", "oid"];

/// A table with all that the engine has to know beside [`Table`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SqliteLayout {
    /// The table as everybody sees it.
    pub(super) table: Arc<Table>,
    /// Its declaration.
    pub(super) sql: String,
    /// Whether rows are stored by their primary key.
    without_rowid: bool,
    /// The name that reaches the rowid; `None` where there is none.
    pub(super) rowid: Option<&'static str>,
    /// The column that is the rowid.
    pub(super) rowid_column: Option<String>,
    /// Whether rowids are never used again, which `sqlite_sequence` keeps.
    pub(super) autoincrement: bool,
    /// The collations under which the key columns are told apart.
    pub(super) collations: Vec<String>,
    /// Whether an index leads from a key to its row.
    pub(super) seek: bool,
    /// The plain unique indexes, the key's own left out.
    pub(super) unique: Vec<UniqueIndex>,
    /// Whether there are unique indexes over expressions, over computed columns, or over some rows only.
    pub(super) odd_unique: bool,
    /// Whether there are CHECK constraints.
    pub(super) checked: bool,
}

/// A unique index over plain columns of all rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UniqueIndex {
    /// Its name, or `PRIMARY KEY`.
    pub(super) name: String,
    /// Its columns, with the collations that it compares by.
    pub(super) columns: Vec<(String, String)>,
}

/// Something that the catalogue lists like a table.
#[derive(Clone, Debug)]
pub(super) struct TableEntry {
    pub(super) name: String,
    pub(super) what: String,
    pub(super) without_rowid: bool,
    pub(super) strict: bool,
}

/// A column as `table_xinfo` tells it.
#[derive(Clone, Debug)]
pub(super) struct RawColumn {
    pub(super) name: String,
    pub(super) declared: String,
    pub(super) not_null: bool,
    /// Its place in the primary key, from 1; 0 for none.
    pub(super) primary: i64,
    /// Whether the database computes it.
    pub(super) computed: bool,
    pub(super) collation: String,
    pub(super) autoincrement: bool,
}

/// The tables of one connection, read again whenever the schema changed.
#[derive(Debug, Default)]
pub(super) struct Catalogue {
    keys: DomainKeys,
    version: Option<i64>,
    sheets: BTreeMap<String, Option<Arc<SqliteLayout>>>,
}

impl Catalogue {
    pub(super) fn new(keys: DomainKeys) -> Self {
        Self { keys, ..Self::default() }
    }

    /// Returns the keys of the domain.
    pub(super) const fn keys(&self) -> &DomainKeys {
        &self.keys
    }

    /// Returns a table, `None` where there is none of that name.
    pub(super) fn find_layout(
        &mut self,
        connection: &Connection,
        place: &FileLocation,
        name: &str,
    ) -> Result<Option<Arc<SqliteLayout>>, TargetError> {
        let failed = place.explainer("read the schema");
        let mut pragma = connection.prepare_cached(sql::SCHEMA_VERSION).map_err(&failed)?;
        let version = pragma.query_one([], |row| row.get(0)).map_err(&failed)?;
        if self.version != Some(version) {
            self.sheets.clear();
            self.version = Some(version);
        }
        if let Some(sheet) = self.sheets.get(name) {
            return Ok(sheet.clone());
        }
        let sheet = read_sheet(connection, place, &self.keys, name)?.map(Arc::new);
        self.sheets.insert(name.to_owned(), sheet.clone());
        Ok(sheet)
    }

    /// Returns a table that was read before, refusing where it is not as it was then.
    pub(super) fn require_layout(
        &mut self,
        connection: &Connection,
        place: &FileLocation,
        table: &Table,
    ) -> Result<Arc<SqliteLayout>, TargetError> {
        let sheet = self.find_layout(connection, place, &table.shape.name)?;
        Ok(known::require_unchanged(sheet, table, |sheet| &sheet.table)?)
    }

    /// Returns a table that was read before with the columns only that are wanted of it.
    pub(super) fn require_columns(
        &mut self,
        connection: &Connection,
        place: &FileLocation,
        table: &Arc<Table>,
    ) -> Result<SqliteLayout, TargetError> {
        let sheet = self.find_layout(connection, place, &table.shape.name)?;
        let sheet = known::require_columns_unchanged(sheet, table, |sheet| &sheet.table)?;
        Ok(SqliteLayout { table: Arc::clone(table), ..(*sheet).clone() })
    }
}

/// Lists everything that looks like a table, SQLite's own left out.
pub(super) fn list_entries(connection: &Connection, place: &FileLocation) -> Result<Vec<TableEntry>, TargetError> {
    let failed = place.explainer("list the tables");
    let mut statement = connection.prepare_cached(sql::TABLES).map_err(&failed)?;
    let rows = statement.query_map([], |row| {
        Ok(TableEntry { name: row.get(0)?, what: row.get(1)?, without_rowid: row.get(2)?, strict: row.get(3)? })
    });
    rows.and_then(Iterator::collect).map_err(&failed)
}

/// Tells whether a table is mfm's own.
pub(super) fn is_own(name: &str) -> bool {
    ["mfm_marker", "mfm_operation"].iter().any(|own| name.eq_ignore_ascii_case(own))
}

pub(super) fn find_entry(listed: Vec<TableEntry>, name: &str) -> Option<TableEntry> {
    let exact = listed.iter().position(|one| one.name == name);
    let at = exact.or_else(|| listed.iter().position(|one| one.name.eq_ignore_ascii_case(name)))?;
    listed.into_iter().nth(at)
}

fn read_sheet(
    connection: &Connection,
    place: &FileLocation,
    keys: &DomainKeys,
    name: &str,
) -> Result<Option<SqliteLayout>, TargetError> {
    let Some(listed) = find_entry(list_entries(connection, place)?, name) else { return Ok(None) };
    let what = match listed.what.as_str() {
        "table" if is_own(&listed.name) => "table of mfm's own",
        "table" => return declared_sheet(connection, place, keys, &listed).map(Some),
        "view" => "view",
        "shadow" => "shadow table of a virtual table",
        _ => "virtual table",
    };
    Err(Refusal::NotATable { table: listed.name, what: what.to_owned() }.into())
}

/// Reads the declaration of a base table, or of a shadow table for whole-database digests.
pub(super) fn declared_sheet(
    connection: &Connection,
    place: &FileLocation,
    keys: &DomainKeys,
    listed: &TableEntry,
) -> Result<SqliteLayout, TargetError> {
    let failed = place.explainer("read the schema");
    let declaration = connection.query_one(sql::TABLE_SQL, [&listed.name], |row| row.get(0)).optional();
    let mut raw = raw_columns(connection, place, &listed.name)?;
    let indexes = key::read_indexes(connection, place, &listed.name)?;
    let choice = key::choose_key(listed, &raw, &indexes, keys);
    // The rowid is never NULL, whatever its column says.
    for column in raw.iter_mut().filter(|column| choice.rowid_column.as_ref() == Some(&column.name)) {
        column.not_null = true;
    }
    let columns = |computed: bool| {
        let of_kind = raw.iter().filter(move |column| column.computed == computed);
        of_kind.map(|column| model_column(column, listed)).collect::<Vec<_>>()
    };
    let omitted = columns(true);
    let shape = TableShape {
        name: listed.name.clone(),
        key: choice.columns.clone(),
        columns: columns(false).into_iter().map(|column| column.image).collect(),
        omitted: omitted.iter().map(|column| column.image.name.clone()).collect(),
    };
    let taken = |name: &str| raw.iter().any(|column| column.name.eq_ignore_ascii_case(name));
    let KeyChoice { standing, collations, seek, rowid_column, mut unique, .. } = choice;
    let computed = |name: &String| omitted.iter().any(|column| column.image.name == *name);
    let odd_unique = indexes.iter().any(|index| index.is_odd(&computed));
    unique.retain(|index| !index.columns.iter().any(|(name, _)| computed(name)));
    let sql: String = declaration.map_err(&failed)?.unwrap_or_default();
    Ok(SqliteLayout {
        table: Arc::new(Table { shape: Arc::new(shape), columns: columns(false), omitted, key: standing }),
        checked: trigger::mentions_word(&sql, "CHECK"),
        sql,
        without_rowid: listed.without_rowid,
        rowid: ROWID_NAMES.into_iter().find(|name| !listed.without_rowid && !taken(name)),
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
        let (_, collation, _, _, autoincrement) = connection.column_metadata(Some("main"), table, name.as_str())?;
        let collation = collation.map_or_else(|| "BINARY".to_owned(), |name| name.to_string_lossy().into_owned());
        let hidden: i64 = row.get(4)?;
        let not_null = row.get(2)?;
        let (declared, primary) = (row.get(1)?, row.get(3)?);
        Ok(RawColumn { name, declared, not_null, primary, computed: hidden != 0, collation, autoincrement })
    });
    rows.and_then(Iterator::collect).map_err(&failed)
}

fn model_column(raw: &RawColumn, listed: &TableEntry) -> Column {
    let collation = (!raw.collation.eq_ignore_ascii_case("BINARY")).then(|| raw.collation.clone());
    let role = if raw.computed { Role::Computed } else { Role::Plain };
    let storage = parse_affinity(&raw.declared, listed.strict);
    declared::build_column(&raw.name, &raw.declared, collation, !raw.not_null, storage, role)
}

/// Returns the affinity of a declared type (<https://www.sqlite.org/datatype3.html>, section 3.1).
fn parse_affinity(declared: &str, strict: bool) -> Storage {
    let upper = declared.to_ascii_uppercase();
    let holds = |words: &[&str]| words.iter().any(|word| upper.contains(word));
    match () {
        () if strict && upper == "ANY" => Storage::Blob,
        () if holds(&["INT"]) => Storage::Integer,
        () if holds(&["CHAR", "CLOB", "TEXT"]) => Storage::Text,
        () if holds(&["BLOB"]) || upper.trim().is_empty() => Storage::Blob,
        () if holds(&["REAL", "FLOA", "DOUB"]) => Storage::Real,
        () => Storage::Numeric,
    }
}

impl SqliteLayout {
    /// Returns the table's name.
    pub(super) fn name(&self) -> &str {
        &self.table.shape.name
    }

    /// Tells whether rows have a number that no column shows, and that a row which comes back draws anew.
    pub(super) const fn hides_rowid(&self) -> bool {
        !self.without_rowid && self.rowid_column.is_none()
    }

    /// Refuses a table whose rows nothing can tell apart.
    pub(super) fn require_key(&self) -> Result<(), Refusal> {
        let no_key = |why: String| Err(Refusal::NoKey { table: self.name().to_owned(), why });
        match &self.table.key {
            KeyStanding::Missing(column) => no_key(format!("it lacks the key column {column}")),
            _ if self.table.shape.key.is_empty() => no_key("it declares none".to_owned()),
            _ => Ok(()),
        }
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
