//! Every SQL text that mfm sends to SQLite, built from names that the catalogue gave. Values are always parameters.

use super::catalogue::{SqliteLayout, UniqueIndex};
use crate::model::{KeyPage, Refusal};
use crate::targets::foreign::ForeignKey;

/// Reads the counter that every change of the schema increases.
pub(super) const SCHEMA_VERSION: &str = "PRAGMA schema_version";
/// Fails where the file is no database, and counts what it declares.
pub(super) const PROBE: &str = "SELECT count(*) FROM main.sqlite_schema";
/// Reads what kind of file this is.
pub(super) const APPLICATION_ID: &str = "PRAGMA application_id";

/// Reads the encoding of texts.
pub(super) const ENCODING: &str = "PRAGMA main.encoding";
/// Reads the journal mode, which decides how commits are made durable.
pub(super) const JOURNAL_MODE: &str = "PRAGMA main.journal_mode";
/// Lists everything that looks like a table.
pub(super) const TABLES: &str = "SELECT name, type, wr, strict FROM pragma_table_list \
     WHERE schema = 'main' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";
/// Reads the declaration of a table.
pub(super) const TABLE_SQL: &str = "SELECT sql FROM main.sqlite_schema WHERE type = 'table' AND name = ?1";
/// Lists the columns of a table.
pub(super) const COLUMNS: &str =
    "SELECT name, type, \"notnull\", pk, hidden FROM pragma_table_xinfo(?1, 'main') ORDER BY cid";
/// Lists the indexes of a table, oldest first.
pub(super) const INDEXES: &str =
    "SELECT name, \"unique\", origin, partial FROM pragma_index_list(?1, 'main') ORDER BY seq DESC";
/// Lists the columns of an index.
pub(super) const INDEX_COLUMNS: &str =
    "SELECT cid, name, coll FROM pragma_index_xinfo(?1, 'main') WHERE \"key\" ORDER BY seqno";
/// Lists the triggers of a table.
pub(super) const TRIGGERS: &str = "SELECT name, sql FROM main.sqlite_schema WHERE type = 'trigger' \
     AND tbl_name = ?1 COLLATE NOCASE ORDER BY name";
/// Reads all declarations that belong to a table: itself, its indexes, its triggers.
pub(super) const DECLARED: &str = "SELECT type, name, coalesce(sql, '') FROM main.sqlite_schema \
     WHERE tbl_name = ?1 COLLATE NOCASE ORDER BY type, name";
/// Lists the foreign keys that a table declares, one row for each column.
pub(super) const PARENTS: &str = "SELECT ?1, f.id, f.\"from\", f.\"table\", f.\"to\", f.on_update, f.on_delete \
     FROM pragma_foreign_key_list(?1, 'main') f ORDER BY f.id, f.seq";
/// Lists the foreign keys that tables declare on this one, one row for each column.
pub(super) const CHILDREN: &str = "SELECT m.name, f.id, f.\"from\", f.\"table\", f.\"to\", f.on_update, f.on_delete \
     FROM main.sqlite_schema m JOIN pragma_foreign_key_list(m.name, 'main') f \
     WHERE m.type = 'table' AND f.\"table\" = ?1 COLLATE NOCASE ORDER BY m.name, f.id, f.seq";

/// Counts the tables with a name.
pub(super) const HAS_TABLE: &str = "SELECT count(*) FROM main.sqlite_schema WHERE type = 'table' AND name = ?1";
/// Reads the marker, and a second one if there is one by mistake.
pub(super) const MARKER: &str = "SELECT marker_id, bound, at, actor FROM main.mfm_marker LIMIT 2";
/// Finds the row of a uid.
pub(super) const OPERATION: &str = "SELECT uid, journal_id, op, state FROM main.mfm_operation WHERE uid = ?1";
/// Finds the row of a journal's operation by its number.
pub(super) const OPERATION_AT: &str =
    "SELECT uid, journal_id, op, state FROM main.mfm_operation WHERE journal_id = ?1 AND op = ?2";
/// Finds the newest row of a journal.
pub(super) const NEWEST: &str = "SELECT uid, journal_id, op, state FROM main.mfm_operation \
     WHERE journal_id = ?1 ORDER BY op DESC LIMIT 1";
/// Lists all rows of a journal.
pub(super) const OPERATIONS: &str =
    "SELECT uid, journal_id, op, state FROM main.mfm_operation WHERE journal_id = ?1 ORDER BY op";
/// Lists the journals.
pub(super) const JOURNALS: &str = "SELECT DISTINCT journal_id FROM main.mfm_operation ORDER BY journal_id";
/// Inserts an operation's row.
pub(super) const INSERT_OPERATION: &str =
    "INSERT OR ABORT INTO main.mfm_operation(uid, journal_id, op, state, at) VALUES (?1, ?2, ?3, ?4, ?5)";
/// Inserts a marker.
pub(super) const INSERT_MARKER: &str =
    "INSERT OR ABORT INTO main.mfm_marker(marker_id, bound, at, actor) VALUES (?1, ?2, ?3, ?4)";
/// The marker's table, as its declaration is stored.
pub(super) const MARKER_TABLE: &str = "mfm_marker(
  marker_id TEXT PRIMARY KEY NOT NULL, bound TEXT NOT NULL, at INTEGER NOT NULL, actor TEXT NOT NULL)";
/// The operations' table, as its declaration is stored.
pub(super) const OPERATION_TABLE: &str = "mfm_operation(
  uid TEXT PRIMARY KEY NOT NULL, journal_id TEXT NOT NULL, op INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('committed', 'abandoned')), at INTEGER NOT NULL, UNIQUE (journal_id, op))";
/// Deletes the marker.
pub(super) const DELETE_MARKER: &str = "DELETE FROM main.mfm_marker";
/// Reads all declarations with the name of one of mfm's tables, or that belong to one.
pub(super) const OWN_DECLARED: &str = "SELECT type, name, tbl_name, coalesce(sql, '') FROM main.sqlite_schema \
     WHERE name COLLATE NOCASE IN ('mfm_marker', 'mfm_operation') \
     OR tbl_name COLLATE NOCASE IN ('mfm_marker', 'mfm_operation') ORDER BY type DESC, name";
/// Finds a foreign key that another table declares on one of mfm's tables.
pub(super) const REFER_TO_OWN: &str = "SELECT m.name, f.\"table\" \
     FROM main.sqlite_schema m JOIN pragma_foreign_key_list(m.name, 'main') f WHERE m.type = 'table' \
     AND f.\"table\" COLLATE NOCASE IN ('mfm_marker', 'mfm_operation') ORDER BY m.name LIMIT 1";
/// Reads the tables and indexes that share a root page with one of mfm's tables.
pub(super) const SHARE_PAGES_WITH_OWN: &str = "SELECT own.name, other.name FROM main.sqlite_schema own \
     JOIN main.sqlite_schema other ON other.rootpage = own.rootpage AND other.rowid <> own.rowid \
     WHERE own.tbl_name IN ('mfm_marker', 'mfm_operation') AND own.rootpage > 0 LIMIT 1";
/// Drops both of mfm's tables.
pub(super) const DROP_MARKS: &str = "DROP TABLE IF EXISTS main.mfm_marker; DROP TABLE IF EXISTS main.mfm_operation;";

/// Begins a transaction for reading.
pub(super) const BEGIN_READ: &str = "BEGIN";
/// Begins a transaction for writing: takes the write lock at once, or waits for it.
pub(super) const BEGIN_WRITE: &str = "BEGIN IMMEDIATE";
/// Begins a rehearsal.
pub(super) const SAVEPOINT: &str = "SAVEPOINT mfm_rehearsal";
/// Rolls a rehearsal back.
pub(super) const ROLLBACK_TO_SAVEPOINT: &str = "ROLLBACK TO mfm_rehearsal; RELEASE mfm_rehearsal";

/// Commits the transaction.
pub(super) const COMMIT: &str = "COMMIT";
/// Rolls the transaction back.
pub(super) const ROLLBACK: &str = "ROLLBACK";

/// Moves the write-ahead log into the database, as far as no reader is in the way.
pub(super) const CHECKPOINT: &str = "PRAGMA main.wal_checkpoint(PASSIVE)";

/// Creates mfm's two tables where they do not exist.
pub(super) fn create_marks() -> String {
    format!("CREATE TABLE IF NOT EXISTS main.{MARKER_TABLE};\nCREATE TABLE IF NOT EXISTS main.{OPERATION_TABLE};\n")
}

/// Quotes a name as an identifier.
pub(super) fn quote_name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn quote_list<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.map(quote_name).collect::<Vec<_>>().join(", ")
}

fn column_list(layout: &SqliteLayout) -> String {
    quote_list(layout.table.columns.iter().map(|column| column.image.name.as_str()))
}

/// Reads whole rows, the hidden rowid before them (NULL where there is none).
pub(super) fn select_rows(layout: &SqliteLayout) -> String {
    let rowid = layout.rowid.unwrap_or("NULL");
    format!("SELECT {rowid}, {} FROM main.{}", column_list(layout), quote_name(&layout.table.shape.name))
}

/// Reads the rows of `count` keys, in their order, the number of the key before each.
pub(super) fn rows_of_keys(layout: &SqliteLayout, count: usize) -> String {
    let key = &layout.table.shape.key;
    let names: String = (0..key.len()).map(|at| format!(", k{at}")).collect();
    let marks = ", ?".repeat(key.len());
    let wanted: Vec<_> = (0..count).map(|nth| format!("({nth}{marks})")).collect();
    let mut terms = Vec::with_capacity(key.len());
    for (at, (name, collation)) in key.iter().zip(&layout.collations).enumerate() {
        terms.push(format!("{TABLE_ALIAS}.{} = wanted.k{at} COLLATE {}", quote_name(name), quote_name(collation)));
    }
    let columns: Vec<_> = qualified_columns(TABLE_ALIAS, layout).collect();
    // CROSS JOIN keeps SQLite from reordering the tables: each key is then one seek, and rows come in key order.
    let rowid = layout.rowid.map_or_else(|| "NULL".to_owned(), |name| format!("{TABLE_ALIAS}.{name}"));
    format!(
        "WITH wanted(nth{names}) AS (VALUES {}) SELECT wanted.nth, {rowid}, {} FROM wanted CROSS JOIN main.{} AS \
         {TABLE_ALIAS} ON {}",
        wanted.join(", "),
        columns.join(", "),
        quote_name(&layout.table.shape.name),
        terms.join(" AND ")
    )
}

/// The alias of the table that is read, in a statement of two tables.
const TABLE_ALIAS: &str = "held";
/// The alias of the table that its rows refer to.
const PARENT_ALIAS: &str = "beside";

fn qualified_columns<'s>(alias: &'s str, layout: &'s SqliteLayout) -> impl Iterator<Item = String> + 's {
    layout.table.columns.iter().map(move |column| format!("{alias}.{}", quote_name(&column.image.name)))
}

/// The join of a scan: the referring column, and the table and column that it refers to.
pub(super) struct SqliteJoin {
    pub(super) column: String,
    pub(super) parent: SqliteLayout,
    pub(super) parent_column: String,
}

/// Which rows a scan reads, and in which order.
#[derive(Default)]
pub(super) struct ScanOptions<'p> {
    pub(super) order: Option<&'p str>,
    /// The column whose integers are limited to a range, and whether it is the rowid, which holds nothing but integers.
    pub(super) range: Option<(&'p str, bool)>,
    /// Whether the number of rows is limited, by a parameter.
    pub(super) limited: bool,
}

/// Reads rows in the order of a column, each followed by the row that it refers to. NULL takes the place of the rowid.
///
/// SQLite looks the rows referred to up one by one, so that it holds no more than one of them.
pub(super) fn select_scan(layout: &SqliteLayout, options: &ScanOptions<'_>, join: Option<&SqliteJoin>) -> String {
    let parent_columns = join.into_iter().flat_map(|join| qualified_columns(PARENT_ALIAS, &join.parent));
    let columns = qualified_columns(TABLE_ALIAS, layout).chain(parent_columns);
    let columns: String = columns.map(|column| format!(", {column}")).collect();
    let joined = join.map_or_else(String::new, join_clause);
    let only = match options.range {
        // The rowid holds integers only, and a plain range lets SQLite seek by it.
        Some((column, true)) => format!(" WHERE {TABLE_ALIAS}.{} BETWEEN ? AND ?", quote_name(column)),
        Some((column, false)) => format!(" WHERE {}", in_range(&format!("{TABLE_ALIAS}.{}", quote_name(column)))),
        None => String::new(),
    };
    let order = match options.order {
        Some(column) => format!(" ORDER BY {TABLE_ALIAS}.{}", quote_name(column)),
        None => String::new(),
    };
    let limit = if options.limited { " LIMIT ?" } else { "" };
    format!("SELECT NULL{columns} FROM main.{} AS {TABLE_ALIAS}{joined}{only}{order}{limit}", quote_name(layout.name()))
}

fn join_clause(join: &SqliteJoin) -> String {
    let one = format!("{TABLE_ALIAS}.{}", quote_name(&join.column));
    let other = format!("{PARENT_ALIAS}.{}", quote_name(&join.parent_column));
    // A plus removes a column's affinity. The first comparison uses the parent column's affinity, so that its index can
    // serve it; a text may then equal a number. The second, without any affinity, excludes such pairs.
    let table = quote_name(join.parent.name());
    format!(" CROSS JOIN main.{table} AS {PARENT_ALIAS} ON {other} = +{one} AND +{other} = +{one}")
}

/// Reads the rows whose column equals one of `count` values.
pub(super) fn rows_among(layout: &SqliteLayout, column: &str, count: usize) -> String {
    let marks = vec!["?"; count].join(", ");
    format!("{} WHERE {} IN ({marks})", select_rows(layout), quote_name(column))
}

/// Reads the rows whose column holds text from one bound up to another, the latter left out.
pub(super) fn rows_between(layout: &SqliteLayout, column: &str) -> String {
    let column = quote_name(column);
    format!("{} WHERE {column} >= ? COLLATE BINARY AND {column} < ? COLLATE BINARY", select_rows(layout))
}

/// Reads the rows whose column holds an integer from one bound to another, both included; a text holds none.
pub(super) fn rows_in_range(layout: &SqliteLayout, column: &str) -> String {
    format!("{} WHERE {}", select_rows(layout), in_range(&quote_name(column)))
}

/// Counts rows in groups with the same values in the columns at some positions, of all rows or of those whose column
/// holds an integer in a range.
pub(super) fn count_groups(layout: &SqliteLayout, positions: &[usize], range: Option<&str>) -> String {
    let names = positions.iter().filter_map(|at| layout.table.columns.get(*at));
    let names: Vec<String> = names.map(|column| quote_name(&column.image.name)).collect();
    // By value alone, 1 and 1.0 would be one group, and so would texts that a collation takes for equal.
    let groups: Vec<String> = names.iter().map(|name| format!("typeof({name}), {name} COLLATE BINARY")).collect();
    let only = range.map_or_else(String::new, |column| format!(" WHERE {}", in_range(&quote_name(column))));
    let (names, groups, table) = (names.join(", "), groups.join(", "), quote_name(&layout.table.shape.name));
    format!("SELECT {names}, count(*) FROM main.{table}{only} GROUP BY {groups}")
}

fn in_range(column: &str) -> String {
    // BETWEEN alone would also let fractions pass, and texts in a column with numeric affinity.
    let whole = format!(
        "(typeof({column}) = 'integer' OR (typeof({column}) = 'real' AND {column} = CAST({column} AS INTEGER)))"
    );
    format!("{column} BETWEEN ? AND ? AND {whole}")
}

/// Reads a column in the order of the row ids, each before it.
pub(super) fn column_in_order(layout: &SqliteLayout, rowid: &str, column: &str) -> String {
    let table = quote_name(&layout.table.shape.name);
    // NOT INDEXED: a covering index would give the rows in another order, and cost a sort.
    format!("SELECT {rowid}, {} FROM main.{table} NOT INDEXED ORDER BY {rowid}", quote_name(column))
}

/// Reads the rows whose row ids lie between two, both included.
pub(super) fn rows_in_rowid_range(layout: &SqliteLayout) -> String {
    let rowid = layout.rowid.unwrap_or("NULL");
    format!("{} WHERE {rowid} BETWEEN ? AND ?", select_rows(layout))
}

/// Reads all keys.
pub(super) fn select_keys(layout: &SqliteLayout) -> String {
    let key = quote_list(layout.table.shape.key.iter().map(String::as_str));
    format!("SELECT {key} FROM main.{}", quote_name(&layout.table.shape.name))
}

/// Reads the keys of a page. Its numbers are integers, so they stand in the text without parameters.
pub(super) fn select_key_page(layout: &SqliteLayout, page: &KeyPage) -> Result<String, Refusal> {
    let (key, table) =
        (quote_list(layout.table.shape.key.iter().map(String::as_str)), quote_name(&layout.table.shape.name));
    let (than, order) = if page.backwards { ("<", "DESC") } else { (">", "ASC") };
    let mut terms: Vec<String> =
        page.only.iter().map(|only| number_condition(layout, only)).collect::<Result<_, _>>()?;
    terms.extend(page.from.map(|from| format!("{key} {than} {from}")));
    let only = if terms.is_empty() { String::new() } else { format!(" WHERE {}", terms.join(" AND ")) };
    Ok(format!("SELECT {key} FROM main.{table}{only} ORDER BY {key} {order} LIMIT {}", page.limit))
}

/// Counts rows, all of them or those whose column holds a number.
pub(super) fn count_only(layout: &SqliteLayout, only: Option<&(String, i64)>) -> Result<String, Refusal> {
    let all = count_rows(&layout.table.shape.name);
    only.map_or(Ok(all.clone()), |only| Ok(format!("{all} WHERE {}", number_condition(layout, only)?)))
}

fn number_condition(layout: &SqliteLayout, only: &(String, i64)) -> Result<String, Refusal> {
    let (column, number) = only;
    let (_, column) = layout.table.column(column)?;
    Ok(format!("{} = {number}", quote_name(&column.image.name)))
}

/// Counts the rows of the table itself. An index may be damaged, or need a collation that is unknown here.
pub(super) fn count_rows(table: &str) -> String {
    format!("SELECT count(*) FROM main.{} NOT INDEXED", quote_name(table))
}

/// Counts the entries of an index over all rows; SQLite refuses the hint where it cannot walk that index. `count(1)`,
/// because for `count(*)` SQLite takes the smallest index, whatever the hint.
pub(super) fn count_entries(table: &str, index: &str) -> String {
    format!("SELECT count(1) FROM main.{} INDEXED BY {}", quote_name(table), quote_name(index))
}

/// Reads the largest value of a column; only of its integers, where `integers`.
pub(super) fn select_maximum(layout: &SqliteLayout, column: &str, integers: bool) -> String {
    let (column, table) = (quote_name(column), quote_name(&layout.table.shape.name));
    let only = if integers { format!(" WHERE typeof({column}) = 'integer'") } else { String::new() };
    format!("SELECT max({column}) FROM main.{table}{only}")
}

/// Counts rows with NULL in the key.
pub(super) fn nulls_in_key(layout: &SqliteLayout) -> String {
    let terms: Vec<_> = layout.table.shape.key.iter().map(|name| format!("{} IS NULL", quote_name(name))).collect();
    format!("SELECT count(*) FROM main.{} WHERE {}", quote_name(&layout.table.shape.name), terms.join(" OR "))
}

/// Reads one key that several rows have.
pub(super) fn repeated_key(layout: &SqliteLayout) -> String {
    let key = quote_list(layout.table.shape.key.iter().map(String::as_str));
    let mut groups = Vec::with_capacity(layout.collations.len());
    for (name, collation) in layout.table.shape.key.iter().zip(&layout.collations) {
        groups.push(format!("{} COLLATE {}", quote_name(name), quote_name(collation)));
    }
    let table = quote_name(&layout.table.shape.name);
    format!("SELECT {key} FROM main.{table} GROUP BY {} HAVING count(*) > 1 LIMIT 1", groups.join(", "))
}

/// Returns the condition that selects one row: by its hidden rowid where there is one, and always by its key.
fn row_condition(layout: &SqliteLayout) -> String {
    let rowid = layout.rowid.map(|name| format!("{name} = ? AND ")).unwrap_or_default();
    let mut terms = Vec::with_capacity(layout.collations.len());
    for (name, collation) in layout.table.shape.key.iter().zip(&layout.collations) {
        terms.push(format!("{} IS ? COLLATE {}", quote_name(name), quote_name(collation)));
    }
    format!("{rowid}{}", terms.join(" AND "))
}

/// Sets columns of one row whose cells still have the values from before.
pub(super) fn update_row(layout: &SqliteLayout, positions: &[usize]) -> String {
    // IS, because cells may be NULL. COLLATE BINARY, because the column's own collation may be unknown here, and the
    // rows were compared to the bit before.
    let held: String = column_names(layout, positions).map(|name| format!(" AND {name} IS ? COLLATE BINARY")).collect();
    format!("{} WHERE {}{held}", update_all_rows(layout, positions), row_condition(layout))
}

/// Sets columns of every row.
pub(super) fn update_all_rows(layout: &SqliteLayout, positions: &[usize]) -> String {
    let set: Vec<_> = column_names(layout, positions).map(|name| format!("{name} = ?")).collect();
    format!("UPDATE OR ABORT main.{} SET {}", quote_name(&layout.table.shape.name), set.join(", "))
}

fn column_names<'s>(layout: &'s SqliteLayout, positions: &'s [usize]) -> impl Iterator<Item = String> + 's {
    positions.iter().filter_map(|at| layout.table.columns.get(*at)).map(|column| quote_name(&column.image.name))
}

/// Removes one row.
pub(super) fn delete_row(layout: &SqliteLayout) -> String {
    format!("DELETE FROM main.{} WHERE {}", quote_name(&layout.table.shape.name), row_condition(layout))
}

/// Inserts one row. `OR ABORT` overrides the conflict clauses of the schema, which could replace other rows.
pub(super) fn insert_row(layout: &SqliteLayout) -> String {
    let all: Vec<usize> = (0..layout.table.columns.len()).collect();
    insert_of(layout, &all)
}

/// Inserts one row with values for some columns; the database fills the others with their defaults.
pub(super) fn insert_of(layout: &SqliteLayout, positions: &[usize]) -> String {
    let names: Vec<_> = column_names(layout, positions).collect();
    let marks = vec!["?"; names.len()].join(", ");
    let table = quote_name(&layout.table.shape.name);
    format!("INSERT OR ABORT INTO main.{table}({}) VALUES ({marks})", names.join(", "))
}

/// Deletes all rows of a trial's table.
pub(super) fn delete_all_rows(layout: &SqliteLayout) -> String {
    format!("DELETE FROM main.{}", quote_name(&layout.table.shape.name))
}

/// Reads the rows that have the values of a unique index; two are enough to know of another one than the row itself.
pub(super) fn select_holders(layout: &SqliteLayout, index: &UniqueIndex) -> String {
    let mut terms = Vec::with_capacity(index.columns.len());
    for (name, collation) in &index.columns {
        terms.push(format!("{} = ? COLLATE {}", quote_name(name), quote_name(collation)));
    }
    format!("{} WHERE {} LIMIT 2", select_rows(layout), terms.join(" AND "))
}

/// Returns whether a child row refers to a parent that does not exist. The plus removes the child column's affinity, so
/// that values compare as foreign keys compare them: with the parent column's affinity.
pub(super) fn exists_orphan(key: &ForeignKey) -> String {
    let (mut set, mut same) = (Vec::new(), Vec::new());
    for name in &key.child_columns {
        set.push(format!("child.{} IS NOT NULL", quote_name(name)));
    }
    for (child, parent) in key.child_columns.iter().zip(&key.parent_columns) {
        same.push(format!("parent.{} = +child.{}", quote_name(parent), quote_name(child)));
    }
    format!(
        "SELECT EXISTS (SELECT 1 FROM main.{} AS child WHERE {} \
         AND NOT EXISTS (SELECT 1 FROM main.{} AS parent WHERE {}))",
        quote_name(&key.child),
        set.join(" AND "),
        quote_name(&key.parent),
        same.join(" AND ")
    )
}

/// Returns whether a parent row has these values.
pub(super) fn exists_parent(key: &ForeignKey) -> String {
    exists_row(&key.parent, &key.parent_columns)
}

/// Returns whether a child row has these values.
pub(super) fn exists_child(key: &ForeignKey) -> String {
    exists_row(&key.child, &key.child_columns)
}

/// Counts the child rows that have these values.
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
    let mut parts = Vec::with_capacity(columns.len() + references.len());
    for (column, declared, nullable) in columns {
        let is_key = key == Some(column.as_str());
        let declared = if is_key && rowid_key { "INTEGER" } else { declared.as_str() };
        let null = if *nullable && !is_key { "" } else { " NOT NULL" };
        let primary = if is_key { " PRIMARY KEY" } else { "" };
        parts.push(format!("{} {declared}{null}{primary}", quote_name(column)));
    }
    for (column, parent, parent_column) in references {
        let (column, parent, parent_column) = (quote_name(column), quote_name(parent), quote_name(parent_column));
        parts.push(format!("FOREIGN KEY ({column}) REFERENCES {parent}({parent_column})"));
    }
    // Without a rowid no hidden number changes when a deleted row is put back.
    let options = if key.is_some() && !rowid_key { " WITHOUT ROWID" } else { "" };
    format!("CREATE TABLE main.{}({}){options}", quote_name(name), parts.join(", "))
}

/// Creates an index of a lab's table, over one column.
pub(super) fn create_index(table: &str, column: &str) -> String {
    let name = quote_name(&format!("IX_{table}_{column}"));
    format!("CREATE INDEX main.{name} ON {} ({})", quote_name(table), quote_name(column))
}

/// Inserts a row into a lab's table.
pub(super) fn insert_into(name: &str, width: usize) -> String {
    format!("INSERT INTO main.{} VALUES ({})", quote_name(name), vec!["?"; width].join(", "))
}
