//! Every SQL text that mfm sends to SQLite, built from names that the catalogue gave; holds no values, runs nothing.

use super::catalogue::{SqliteLayout, UniqueIndex};
use crate::model::{KeyPage, Refusal};
use crate::targets::foreign::ForeignKey;

/// The catalogue.
pub(super) const SCHEMA_VERSION: &str = "PRAGMA schema_version";
/// Fails where the file is no database, and counts what it declares.
pub(super) const PROBE: &str = "SELECT count(*) FROM main.sqlite_schema";
/// Reads what kind of file this is.
pub(super) const APPLICATION_ID: &str = "PRAGMA application_id";

/// The text encoding.
pub(super) const ENCODING: &str = "PRAGMA main.encoding";
/// How commits are made durable.
pub(super) const JOURNAL_MODE: &str = "PRAGMA main.journal_mode";
/// Everything that looks like a table.
pub(super) const TABLES: &str = "SELECT name, type, wr, strict FROM pragma_table_list \
     WHERE schema = 'main' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";
/// The declaration of a table.
pub(super) const TABLE_SQL: &str = "SELECT sql FROM main.sqlite_schema WHERE type = 'table' AND name = ?1";
/// The columns of a table.
pub(super) const COLUMNS: &str =
    "SELECT name, type, \"notnull\", pk, hidden FROM pragma_table_xinfo(?1, 'main') ORDER BY cid";
/// The indexes of a table, oldest first.
pub(super) const INDEXES: &str =
    "SELECT name, \"unique\", origin, partial FROM pragma_index_list(?1, 'main') ORDER BY seq DESC";
/// The columns of an index.
pub(super) const INDEX_COLUMNS: &str =
    "SELECT cid, name, coll FROM pragma_index_xinfo(?1, 'main') WHERE \"key\" ORDER BY seqno";
/// The triggers of a table.
pub(super) const TRIGGERS: &str = "SELECT name, sql FROM main.sqlite_schema WHERE type = 'trigger' \
     AND tbl_name = ?1 COLLATE NOCASE ORDER BY name";
/// Everything declared for a table.
pub(super) const DECLARED: &str = "SELECT type, name, coalesce(sql, '') FROM main.sqlite_schema \
     WHERE tbl_name = ?1 COLLATE NOCASE ORDER BY type, name";
/// The foreign keys that a table declares.
pub(super) const PARENTS: &str = "SELECT ?1, f.id, f.\"from\", f.\"table\", f.\"to\", f.on_update, f.on_delete \
     FROM pragma_foreign_key_list(?1, 'main') f ORDER BY f.id, f.seq";
/// The foreign keys that other tables declare on this one.
pub(super) const CHILDREN: &str = "SELECT m.name, f.id, f.\"from\", f.\"table\", f.\"to\", f.on_update, f.on_delete \
     FROM main.sqlite_schema m JOIN pragma_foreign_key_list(m.name, 'main') f \
     WHERE m.type = 'table' AND f.\"table\" = ?1 COLLATE NOCASE ORDER BY m.name, f.id, f.seq";

/// Whether a table of mfm's own is there.
pub(super) const HAS_TABLE: &str = "SELECT count(*) FROM main.sqlite_schema WHERE type = 'table' AND name = ?1";
/// The marker.
pub(super) const MARKER: &str = "SELECT marker_id, bound, at, actor FROM main.mfm_marker LIMIT 2";
/// One uid.
pub(super) const OPERATION: &str = "SELECT uid, journal_id, op, state FROM main.mfm_operation WHERE uid = ?1";
/// One number of one journal.
pub(super) const OPERATION_AT: &str =
    "SELECT uid, journal_id, op, state FROM main.mfm_operation WHERE journal_id = ?1 AND op = ?2";
/// The newest row of a journal.
pub(super) const NEWEST: &str = "SELECT uid, journal_id, op, state FROM main.mfm_operation \
     WHERE journal_id = ?1 ORDER BY op DESC LIMIT 1";
/// All rows of a journal.
pub(super) const OPERATIONS: &str =
    "SELECT uid, journal_id, op, state FROM main.mfm_operation WHERE journal_id = ?1 ORDER BY op";
/// The journals.
pub(super) const JOURNALS: &str = "SELECT DISTINCT journal_id FROM main.mfm_operation ORDER BY journal_id";
/// An operation's row.
pub(super) const INSERT_OPERATION: &str =
    "INSERT OR ABORT INTO main.mfm_operation(uid, journal_id, op, state, at) VALUES (?1, ?2, ?3, ?4, ?5)";
/// A marker.
pub(super) const INSERT_MARKER: &str =
    "INSERT OR ABORT INTO main.mfm_marker(marker_id, bound, at, actor) VALUES (?1, ?2, ?3, ?4)";
/// The marker's table, as its declaration is stored.
pub(super) const MARKER_TABLE: &str = "mfm_marker(
  marker_id TEXT PRIMARY KEY NOT NULL, bound TEXT NOT NULL, at INTEGER NOT NULL, actor TEXT NOT NULL)";
/// The operations' table, as its declaration is stored.
pub(super) const OPERATION_TABLE: &str = "mfm_operation(
  uid TEXT PRIMARY KEY NOT NULL, journal_id TEXT NOT NULL, op INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('committed', 'abandoned')), at INTEGER NOT NULL, UNIQUE (journal_id, op))";
/// No marker any more.
pub(super) const DELETE_MARKER: &str = "DELETE FROM main.mfm_marker";
/// All that is declared in the name of one of these tables, or under it.
pub(super) const OWN_DECLARED: &str = "SELECT type, name, tbl_name, coalesce(sql, '') FROM main.sqlite_schema \
     WHERE name COLLATE NOCASE IN ('mfm_marker', 'mfm_operation') \
     OR tbl_name COLLATE NOCASE IN ('mfm_marker', 'mfm_operation') ORDER BY type DESC, name";
/// The foreign keys that other tables declare on one of them.
pub(super) const REFER_TO_OWN: &str = "SELECT m.name, f.\"table\" \
     FROM main.sqlite_schema m JOIN pragma_foreign_key_list(m.name, 'main') f WHERE m.type = 'table' \
     AND f.\"table\" COLLATE NOCASE IN ('mfm_marker', 'mfm_operation') ORDER BY m.name LIMIT 1";
/// What is stored where one of them is.
pub(super) const SHARE_PAGES_WITH_OWN: &str = "SELECT own.name, other.name FROM main.sqlite_schema own \
     JOIN main.sqlite_schema other ON other.rootpage = own.rootpage AND other.rowid <> own.rowid \
     WHERE own.tbl_name IN ('mfm_marker', 'mfm_operation') AND own.rootpage > 0 LIMIT 1";
/// No marks any more.
pub(super) const DROP_MARKS: &str = "DROP TABLE IF EXISTS main.mfm_marker; DROP TABLE IF EXISTS main.mfm_operation;";

/// A transaction of its own for reading.
pub(super) const BEGIN_READ: &str = "BEGIN";
/// A transaction that may write, or waits.
pub(super) const BEGIN_WRITE: &str = "BEGIN IMMEDIATE";
/// Where a rehearsal begins.
pub(super) const SAVEPOINT: &str = "SAVEPOINT mfm_rehearsal";
/// Takes a rehearsal back.
pub(super) const ROLLBACK_TO_SAVEPOINT: &str = "ROLLBACK TO mfm_rehearsal; RELEASE mfm_rehearsal";

/// Makes it durable.
pub(super) const COMMIT: &str = "COMMIT";
/// Takes it back.
pub(super) const ROLLBACK: &str = "ROLLBACK";

/// Moves the write-ahead log into the database, as far as no reader is in the way.
pub(super) const CHECKPOINT: &str = "PRAGMA main.wal_checkpoint(PASSIVE)";

/// Makes room for a marker and for operations, where there is none.
pub(super) fn create_marks() -> String {
    let create = |table: &str| format!("CREATE TABLE IF NOT EXISTS main.{table};\n");
    create(MARKER_TABLE) + &create(OPERATION_TABLE)
}

/// Returns a name as an identifier.
pub(super) fn quote_name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn quote_list<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.map(quote_name).collect::<Vec<_>>().join(", ")
}

fn column_list(sheet: &SqliteLayout) -> String {
    quote_list(sheet.table.columns.iter().map(|column| column.image.name.as_str()))
}

/// Reads whole rows, the hidden rowid before them (NULL where there is none).
pub(super) fn select_rows(sheet: &SqliteLayout) -> String {
    let rowid = sheet.rowid.unwrap_or("NULL");
    format!("SELECT {rowid}, {} FROM main.{}", column_list(sheet), quote_name(&sheet.table.shape.name))
}

/// Reads the rows of `count` keys, in their order, the number of the key before each.
pub(super) fn rows_of_keys(sheet: &SqliteLayout, count: usize) -> String {
    let key = &sheet.table.shape.key;
    let names: String = (0..key.len()).map(|at| format!(", k{at}")).collect();
    let marks = ", ?".repeat(key.len());
    let wanted: Vec<_> = (0..count).map(|nth| format!("({nth}{marks})")).collect();
    let term = |(at, (name, collation)): (usize, (&String, &String))| {
        format!("{TABLE_ALIAS}.{} = wanted.k{at} COLLATE {}", quote_name(name), quote_name(collation))
    };
    let terms: Vec<_> = key.iter().zip(&sheet.collations).enumerate().map(term).collect();
    let columns: Vec<_> = qualified_columns(TABLE_ALIAS, sheet).collect();
    let rowid = sheet.rowid.map_or_else(|| "NULL".to_owned(), |name| format!("{TABLE_ALIAS}.{name}"));
    format!(
        "WITH wanted(nth{names}) AS (VALUES {}) SELECT wanted.nth, {rowid}, {} FROM wanted CROSS JOIN main.{} AS \
         {TABLE_ALIAS} ON {}",
        wanted.join(", "),
        columns.join(", "),
        quote_name(&sheet.table.shape.name),
        terms.join(" AND ")
    )
}

/// What a statement of two tables calls the one that is read.
const TABLE_ALIAS: &str = "held";
/// What it calls the one that its rows refer to.
const PARENT_ALIAS: &str = "beside";

fn qualified_columns<'s>(alias: &'s str, sheet: &'s SqliteLayout) -> impl Iterator<Item = String> + 's {
    sheet.table.columns.iter().map(move |column| format!("{alias}.{}", quote_name(&column.image.name)))
}

/// What rows refer to: the referring column, the other table, its column.
pub(super) struct SqliteJoin {
    pub(super) column: String,
    pub(super) parent: SqliteLayout,
    pub(super) parent_column: String,
}

/// Which rows a scan reads, and in which order.
#[derive(Default)]
pub(super) struct ScanOptions<'p> {
    pub(super) order: Option<&'p str>,
    /// The column of whole numbers between two that are given, and whether it holds nothing else, being the rowid.
    pub(super) range: Option<(&'p str, bool)>,
    /// Whether it is given how many rows are wanted.
    pub(super) limited: bool,
}

/// Reads rows in the order of a column, beside those that they refer to; NULL stands before them.
///
/// The rows referred to are looked up one by one, so that no more than one is held.
pub(super) fn select_scan(sheet: &SqliteLayout, part: &ScanOptions<'_>, beside: Option<&SqliteJoin>) -> String {
    let others = beside.into_iter().flat_map(|beside| qualified_columns(PARENT_ALIAS, &beside.parent));
    let read: String = qualified_columns(TABLE_ALIAS, sheet).chain(others).map(|cell| format!(", {cell}")).collect();
    let joined = beside.map_or_else(String::new, join_clause);
    let held = |column: &str| format!("{TABLE_ALIAS}.{}", quote_name(column));
    let only = part.range.map_or_else(String::new, |(column, is_rowid)| match is_rowid {
        true => format!(" WHERE {} BETWEEN ? AND ?", held(column)),
        false => format!(" WHERE {}", in_range(&held(column))),
    });
    let order = part.order.map_or_else(String::new, |column| format!(" ORDER BY {}", held(column)));
    let limit = if part.limited { " LIMIT ?" } else { "" };
    format!("SELECT NULL{read} FROM main.{} AS {TABLE_ALIAS}{joined}{only}{order}{limit}", quote_name(sheet.name()))
}

fn join_clause(beside: &SqliteJoin) -> String {
    let one = format!("{TABLE_ALIAS}.{}", quote_name(&beside.column));
    let other = format!("{PARENT_ALIAS}.{}", quote_name(&beside.parent_column));
    // The plus takes a column's affinity away. The first comparison is made with the other column's own, so that an
    // index of whatever type serves it, and may take a text for a number; the second takes nothing for anything else.
    let table = quote_name(beside.parent.name());
    format!(" CROSS JOIN main.{table} AS {PARENT_ALIAS} ON {other} = +{one} AND +{other} = +{one}")
}

/// Reads the rows whose column equals one of `count` values.
pub(super) fn rows_among(sheet: &SqliteLayout, column: &str, count: usize) -> String {
    let marks = vec!["?"; count].join(", ");
    format!("{} WHERE {} IN ({marks})", select_rows(sheet), quote_name(column))
}

/// Reads the rows whose column holds text from one bound up to another, the latter left out.
pub(super) fn rows_between(sheet: &SqliteLayout, column: &str) -> String {
    let column = quote_name(column);
    format!("{} WHERE {column} >= ? COLLATE BINARY AND {column} < ? COLLATE BINARY", select_rows(sheet))
}

/// Reads the rows whose column holds a whole number from one bound to another, both included; text is none.
pub(super) fn rows_in_range(sheet: &SqliteLayout, column: &str) -> String {
    format!("{} WHERE {}", select_rows(sheet), in_range(&quote_name(column)))
}

fn in_range(column: &str) -> String {
    let whole = format!(
        "(typeof({column}) = 'integer' OR (typeof({column}) = 'real' AND {column} = CAST({column} AS INTEGER)))"
    );
    format!("{column} BETWEEN ? AND ? AND {whole}")
}

/// Reads a column in the order of the row ids, each before it.
pub(super) fn column_in_order(sheet: &SqliteLayout, rowid: &str, column: &str) -> String {
    let table = quote_name(&sheet.table.shape.name);
    format!("SELECT {rowid}, {} FROM main.{table} NOT INDEXED ORDER BY {rowid}", quote_name(column))
}

/// Reads the rows whose row ids lie between two, both included.
pub(super) fn rows_of_stretch(sheet: &SqliteLayout) -> String {
    let rowid = sheet.rowid.unwrap_or("NULL");
    format!("{} WHERE {rowid} BETWEEN ? AND ?", select_rows(sheet))
}

/// Reads all keys.
pub(super) fn select_keys(sheet: &SqliteLayout) -> String {
    let key = quote_list(sheet.table.shape.key.iter().map(String::as_str));
    format!("SELECT {key} FROM main.{}", quote_name(&sheet.table.shape.name))
}

/// Reads the keys of a page; a whole number needs no parameter.
pub(super) fn select_key_page(sheet: &SqliteLayout, page: &KeyPage) -> Result<String, Refusal> {
    let (key, table) =
        (quote_list(sheet.table.shape.key.iter().map(String::as_str)), quote_name(&sheet.table.shape.name));
    let (than, order) = if page.backwards { ("<", "DESC") } else { (">", "ASC") };
    let mut terms: Vec<String> =
        page.only.iter().map(|only| number_condition(sheet, only)).collect::<Result<_, _>>()?;
    terms.extend(page.from.map(|from| format!("{key} {than} {from}")));
    let only = if terms.is_empty() { String::new() } else { format!(" WHERE {}", terms.join(" AND ")) };
    Ok(format!("SELECT {key} FROM main.{table}{only} ORDER BY {key} {order} LIMIT {}", page.limit))
}

/// Counts rows, all of them or those whose column holds a number.
pub(super) fn count_only(sheet: &SqliteLayout, only: Option<&(String, i64)>) -> Result<String, Refusal> {
    let all = count_rows(&sheet.table.shape.name);
    only.map_or(Ok(all.clone()), |only| Ok(format!("{all} WHERE {}", number_condition(sheet, only)?)))
}

fn number_condition(sheet: &SqliteLayout, (column, number): &(String, i64)) -> Result<String, Refusal> {
    let (_, column) = sheet.table.column(column)?;
    Ok(format!("{} = {number}", quote_name(&column.image.name)))
}

/// Counts the rows of the table itself: an index may lack some, or need a collation that nobody knows here.
pub(super) fn count_rows(table: &str) -> String {
    format!("SELECT count(*) FROM main.{} NOT INDEXED", quote_name(table))
}

/// Counts the entries of an index over all rows; SQLite refuses the hint where it cannot walk the index so. For
/// `count(*)` it would take the smallest index there is, whatever the hint.
pub(super) fn count_entries(table: &str, index: &str) -> String {
    format!("SELECT count(1) FROM main.{} INDEXED BY {}", quote_name(table), quote_name(index))
}

/// Reads the largest value of a column; only of its integers, where `integers`.
pub(super) fn select_maximum(sheet: &SqliteLayout, column: &str, integers: bool) -> String {
    let (column, table) = (quote_name(column), quote_name(&sheet.table.shape.name));
    let only = if integers { format!(" WHERE typeof({column}) = 'integer'") } else { String::new() };
    format!("SELECT max({column}) FROM main.{table}{only}")
}

/// Counts rows with NULL in the key.
pub(super) fn nulls_in_key(sheet: &SqliteLayout) -> String {
    let terms: Vec<_> = sheet.table.shape.key.iter().map(|name| format!("{} IS NULL", quote_name(name))).collect();
    format!("SELECT count(*) FROM main.{} WHERE {}", quote_name(&sheet.table.shape.name), terms.join(" OR "))
}

/// Reads one key that stands in several rows.
pub(super) fn repeated_key(sheet: &SqliteLayout) -> String {
    let key = quote_list(sheet.table.shape.key.iter().map(String::as_str));
    let exact =
        |(name, collation): (&String, &String)| format!("{} COLLATE {}", quote_name(name), quote_name(collation));
    let groups: Vec<_> = sheet.table.shape.key.iter().zip(&sheet.collations).map(exact).collect();
    let table = quote_name(&sheet.table.shape.name);
    format!("SELECT {key} FROM main.{table} GROUP BY {} HAVING count(*) > 1 LIMIT 1", groups.join(", "))
}

/// Finds one row, by its hidden rowid where there is one, and by its key in any case.
fn row_condition(sheet: &SqliteLayout) -> String {
    let rowid = sheet.rowid.map(|name| format!("{name} = ? AND ")).unwrap_or_default();
    let exact =
        |(name, collation): (&String, &String)| format!("{} IS ? COLLATE {}", quote_name(name), quote_name(collation));
    let key: Vec<_> = sheet.table.shape.key.iter().zip(&sheet.collations).map(exact).collect();
    format!("{rowid}{}", key.join(" AND "))
}

/// Sets columns of one row that still holds what it held.
pub(super) fn update_row(sheet: &SqliteLayout, positions: &[usize]) -> String {
    // By the bytes: the rows were compared to the bit before, and a collation may be unknown here.
    let held: String = column_names(sheet, positions).map(|name| format!(" AND {name} IS ? COLLATE BINARY")).collect();
    format!("{} WHERE {}{held}", update_all_rows(sheet, positions), row_condition(sheet))
}

/// Sets columns of every row.
pub(super) fn update_all_rows(sheet: &SqliteLayout, positions: &[usize]) -> String {
    let set: Vec<_> = column_names(sheet, positions).map(|name| format!("{name} = ?")).collect();
    format!("UPDATE OR ABORT main.{} SET {}", quote_name(&sheet.table.shape.name), set.join(", "))
}

fn column_names<'s>(sheet: &'s SqliteLayout, positions: &'s [usize]) -> impl Iterator<Item = String> + 's {
    positions.iter().filter_map(|at| sheet.table.columns.get(*at)).map(|column| quote_name(&column.image.name))
}

/// Removes one row.
pub(super) fn delete_row(sheet: &SqliteLayout) -> String {
    format!("DELETE FROM main.{} WHERE {}", quote_name(&sheet.table.shape.name), row_condition(sheet))
}

/// Adds one row. `OR ABORT` outranks whatever the schema says on conflicts.
pub(super) fn insert_row(sheet: &SqliteLayout) -> String {
    let all: Vec<usize> = (0..sheet.table.columns.len()).collect();
    insert_of(sheet, &all)
}

/// Adds one row of which some columns are given, and the others are left to the database.
pub(super) fn insert_of(sheet: &SqliteLayout, positions: &[usize]) -> String {
    let given: Vec<_> = column_names(sheet, positions).collect();
    let marks = vec!["?"; given.len()].join(", ");
    let table = quote_name(&sheet.table.shape.name);
    format!("INSERT OR ABORT INTO main.{table}({}) VALUES ({marks})", given.join(", "))
}

/// Empties a rehearsal's table.
pub(super) fn delete_all_rows(sheet: &SqliteLayout) -> String {
    format!("DELETE FROM main.{}", quote_name(&sheet.table.shape.name))
}

/// Reads the row that holds values of a unique index.
pub(super) fn select_holders(sheet: &SqliteLayout, index: &UniqueIndex) -> String {
    let term =
        |(name, collation): &(String, String)| format!("{} = ? COLLATE {}", quote_name(name), quote_name(collation));
    let terms: Vec<_> = index.columns.iter().map(term).collect();
    format!("{} WHERE {} LIMIT 2", select_rows(sheet), terms.join(" AND "))
}

/// Tells whether a child refers to a parent that is not there. The plus takes the child's affinity away, so that values
/// compare as the foreign key has them compared: by the parent's.
pub(super) fn exists_orphan(key: &ForeignKey) -> String {
    let child = |name: &String| format!("child.{}", quote_name(name));
    let set: Vec<_> = key.child_columns.iter().map(|name| format!("{} IS NOT NULL", child(name))).collect();
    let pairs = key.child_columns.iter().zip(&key.parent_columns);
    let same: Vec<_> = pairs.map(|(one, other)| format!("parent.{} = +{}", quote_name(other), child(one))).collect();
    format!(
        "SELECT EXISTS (SELECT 1 FROM main.{} AS child WHERE {} \
         AND NOT EXISTS (SELECT 1 FROM main.{} AS parent WHERE {}))",
        quote_name(&key.child),
        set.join(" AND "),
        quote_name(&key.parent),
        same.join(" AND ")
    )
}

/// Tells whether a parent holds values.
pub(super) fn exists_parent(key: &ForeignKey) -> String {
    exists_row(&key.parent, &key.parent_columns)
}

/// Tells whether a child holds values.
pub(super) fn exists_child(key: &ForeignKey) -> String {
    exists_row(&key.child, &key.child_columns)
}

/// Counts the children that hold values.
pub(super) fn count_children(key: &ForeignKey) -> String {
    format!("SELECT count(*) FROM main.{} WHERE {}", quote_name(&key.child), holds_all(&key.child_columns))
}

fn exists_row(table: &str, columns: &[String]) -> String {
    format!("SELECT EXISTS (SELECT 1 FROM main.{} WHERE {})", quote_name(table), holds_all(columns))
}

fn holds_all(columns: &[String]) -> String {
    let terms: Vec<_> = columns.iter().map(|name| format!("{} = ?", quote_name(name))).collect();
    terms.join(" AND ")
}

/// Declares a lab's table; the types were checked to hold nothing but a type.
pub(super) fn create_table(
    name: &str,
    columns: &[(String, String, bool)],
    key: Option<&str>,
    rowid_key: bool,
    references: &[(String, String, String)],
) -> String {
    let one = |(column, declared, nullable): &(String, String, bool)| {
        let is_key = key == Some(column.as_str());
        let declared = if is_key && rowid_key { "INTEGER" } else { declared.as_str() };
        let null = if *nullable && !is_key { "" } else { " NOT NULL" };
        let primary = if is_key { " PRIMARY KEY" } else { "" };
        format!("{} {declared}{null}{primary}", quote_name(column))
    };
    let options = if key.is_some() && !rowid_key { " WITHOUT ROWID" } else { "" };
    let foreign = |(column, parent, parent_column): &(String, String, String)| {
        format!("FOREIGN KEY ({}) REFERENCES {}({})", quote_name(column), quote_name(parent), quote_name(parent_column))
    };
    let parts: Vec<String> = columns.iter().map(one).chain(references.iter().map(foreign)).collect();
    format!("CREATE TABLE main.{}({}){options}", quote_name(name), parts.join(", "))
}

/// Makes an index of a lab's table, over one column.
pub(super) fn create_index(table: &str, column: &str) -> String {
    let name = quote_name(&format!("IX_{table}_{column}"));
    format!("CREATE INDEX main.{name} ON {} ({})", quote_name(table), quote_name(column))
}

/// Adds a row to a lab's table.
pub(super) fn insert_into(name: &str, width: usize) -> String {
    format!("INSERT INTO main.{} VALUES ({})", quote_name(name), vec!["?"; width].join(", "))
}
