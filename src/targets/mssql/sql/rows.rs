//! Queries that read rows: whole tables, by a column's values, by staged keys.

use super::super::catalogue::{LayoutField, MssqlLayout};
use super::super::stage::StagedColumns;
use super::quote_name;
use crate::model::KeyPage;

/// The alias of the table that is read.
pub(super) const TABLE: &str = "t";
/// The alias of the staging table.
const STAGE: &str = "w";
/// The column of a staging table that numbers its rows.
pub(in super::super) const NUMBER: &str = "nth";
/// The hint that locks what a transaction is about to change until it ends. HOLDLOCK also locks keys that do not exist
/// yet, so that no other program can insert them.
const LOCKED: &str = " WITH (UPDLOCK, HOLDLOCK)";

fn column_expression(field: &LayoutField) -> String {
    format!("{TABLE}.{}", quote_name(&field.name))
}

fn select_list(layout: &MssqlLayout) -> String {
    layout
        .fields
        .iter()
        .map(|field| field.kind.read_expression(&column_expression(field)))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Reads whole rows.
pub(in super::super) fn select_rows(layout: &MssqlLayout) -> String {
    format!("SELECT {} FROM {} AS {TABLE}", select_list(layout), layout.qualified_name())
}

/// Reads the rows whose column equals one of `count` values.
pub(in super::super) fn rows_among(layout: &MssqlLayout, field: &LayoutField, count: usize) -> String {
    let marks: Vec<_> = (1..=count).map(|at| field.kind.unstage_expression(&format!("@P{at}"))).collect();
    format!("{} WHERE {} IN ({})", select_rows(layout), column_expression(field), marks.join(", "))
}

/// Reads the rows whose date lies between two days, both included.
pub(in super::super) fn rows_between(layout: &MssqlLayout, field: &LayoutField) -> String {
    // Style 112 is `yyyymmdd`, which no setting of the session can reinterpret.
    format!(
        "{} WHERE CONVERT(date, {}) BETWEEN CONVERT(date, @P1, 112) AND CONVERT(date, @P2, 112)",
        select_rows(layout),
        column_expression(field)
    )
}

/// Reads all keys.
pub(in super::super) fn select_keys(layout: &MssqlLayout) -> String {
    let key: Vec<_> = layout.key_fields().map(|field| field.kind.read_expression(&column_expression(field))).collect();
    format!("SELECT {} FROM {} AS {TABLE}", key.join(", "), layout.qualified_name())
}

/// Reads the keys of a page. Its numbers are integers, so they stand in the text without parameters.
pub(in super::super) fn select_key_page(
    layout: &MssqlLayout,
    key: &LayoutField,
    only: Option<&str>,
    page: &KeyPage,
) -> String {
    let (than, order) = if page.backwards { ("<", "DESC") } else { (">", "ASC") };
    let from = page.from.map(|from| format!("{} {than} {from}", column_expression(key)));
    let terms: Vec<&str> = only.into_iter().chain(from.as_deref()).collect();
    let only = if terms.is_empty() { String::new() } else { format!(" WHERE {}", terms.join(" AND ")) };
    let (key, read, from) =
        (column_expression(key), key.kind.read_expression(&column_expression(key)), layout.qualified_name());
    format!("SELECT TOP ({}) {read} FROM {from} AS {TABLE}{only} ORDER BY {key} {order}", page.limit)
}

/// Counts all rows, or those that meet a condition.
pub(in super::super) fn count_only(layout: &MssqlLayout, only: Option<&str>) -> String {
    let only = only.map_or_else(String::new, |only| format!(" WHERE {only}"));
    format!("{} AS {TABLE}{only}", count_rows(&layout.qualified_name()))
}

/// Returns the condition that a column holds an integer.
pub(in super::super) fn holds_number(field: &LayoutField, number: i64) -> String {
    format!("{} = {number}", column_expression(field))
}

/// Counts rows.
pub(in super::super) fn count_rows(qualified: &str) -> String {
    format!("SELECT COUNT_BIG(*) FROM {qualified}")
}

/// Reads the largest value of a column.
pub(in super::super) fn select_maximum(layout: &MssqlLayout, field: &LayoutField) -> String {
    let largest = format!("MAX({})", column_expression(field));
    format!("SELECT {} FROM {} AS {TABLE}", field.kind.read_expression(&largest), layout.qualified_name())
}

/// Counts rows with NULL in the key.
pub(in super::super) fn nulls_in_key(layout: &MssqlLayout) -> String {
    let terms: Vec<_> = layout.key_fields().map(|field| format!("{} IS NULL", column_expression(field))).collect();
    format!("SELECT COUNT_BIG(*) FROM {} AS {TABLE} WHERE {}", layout.qualified_name(), terms.join(" OR "))
}

/// Reads one key that several rows have.
pub(in super::super) fn repeated_key(layout: &MssqlLayout) -> String {
    let read: Vec<_> = layout
        .key_fields()
        .map(|field| field.kind.read_expression(&format!("MIN({})", column_expression(field))))
        .collect();
    let groups: Vec<_> = layout.key_fields().map(column_expression).collect();
    format!(
        "SELECT TOP (1) {} FROM {} AS {TABLE} GROUP BY {} HAVING COUNT_BIG(*) > 1",
        read.join(", "),
        layout.qualified_name(),
        groups.join(", ")
    )
}

/// Returns the condition that a row has a staged row's key.
pub(super) fn same_key(layout: &MssqlLayout, stage: &StagedColumns) -> String {
    let mut terms = Vec::new();
    for field in layout.key_fields() {
        terms.push(format!("{} = {}", column_expression(field), stage.value_expression(STAGE, "k", field)));
    }
    terms.join(" AND ")
}

/// Reads the rows whose keys are staged, the number of the key before each.
pub(in super::super) fn rows_of_keys(layout: &MssqlLayout, stage: &StagedColumns, lock: bool) -> String {
    let hint = if lock { LOCKED } else { "" };
    format!(
        "SELECT {STAGE}.{NUMBER}, {} FROM {} AS {STAGE} JOIN {} AS {TABLE}{hint} ON {}",
        select_list(layout),
        stage.table,
        layout.qualified_name(),
        same_key(layout, stage)
    )
}

/// Reads some cells of the rows whose keys are staged, the number of the key before each.
pub(in super::super) fn cells_of_keys(layout: &MssqlLayout, fields: &[&LayoutField], stage: &StagedColumns) -> String {
    let cells: Vec<_> = fields.iter().map(|field| field.kind.read_expression(&column_expression(field))).collect();
    format!(
        "SELECT {STAGE}.{NUMBER}, {} FROM {} AS {STAGE} JOIN {} AS {TABLE} ON {}",
        cells.join(", "),
        stage.table,
        layout.qualified_name(),
        same_key(layout, stage)
    )
}

/// Creates a staging table, which is dropped at the latest with the session.
pub(in super::super) fn create_stage(table: &str, columns: &[(String, String)]) -> String {
    let columns: String = columns.iter().map(|(name, declared)| format!(", {name} {declared} NULL")).collect();
    format!("CREATE TABLE {table} ({NUMBER} int NOT NULL{columns})")
}

/// Sets one value of a staged row that was sent without it.
pub(in super::super) fn complete_stage(table: &str, column: &str) -> String {
    format!("UPDATE {table} SET {column} = @P1 WHERE {NUMBER} = @P2")
}

/// Drops a staging table.
pub(in super::super) fn drop_stage(table: &str) -> String {
    format!("DROP TABLE {table}")
}

/// Reads whole staged rows back, in the form in which the table would give them.
pub(in super::super) fn staged_rows(layout: &MssqlLayout, stage: &StagedColumns) -> String {
    let cells: Vec<_> =
        layout.fields.iter().map(|field| field.kind.read_expression(&staged_expression(stage, field))).collect();
    format!("SELECT {STAGE}.{NUMBER}, {} FROM {} AS {STAGE}", cells.join(", "), stage.table)
}

/// Evaluates a default's expression in its column's type; the number 0 comes before the value.
pub(in super::super) fn default(field: &LayoutField, definition: &str) -> String {
    let collate = field.collation.as_ref().map_or_else(String::new, |name| format!(" COLLATE {name}"));
    let value = format!("CONVERT({}, {definition}){collate}", field.kind.declaration());
    format!("SELECT CONVERT(int, 0), {}", field.kind.read_expression(&value))
}

fn staged_expression(stage: &StagedColumns, field: &LayoutField) -> String {
    stage.value_expression(STAGE, "a", field)
}

/// Finds a whole staged row that a CHECK constraint refuses: the constraint's own condition, over columns with the
/// names of the table's.
pub(in super::super) fn refused_by(layout: &MssqlLayout, stage: &StagedColumns, definition: &str) -> String {
    let cells: Vec<_> = layout
        .fields
        .iter()
        .map(|field| format!("{} AS {}", staged_expression(stage, field), quote_name(&field.name)))
        .collect();
    format!(
        "SELECT TOP (1) {NUMBER} FROM (SELECT {STAGE}.{NUMBER}, {} FROM {} AS {STAGE}) AS {} WHERE NOT ({definition})",
        cells.join(", "),
        stage.table,
        quote_name(&layout.name)
    )
}

/// Finds a staged row whose values in an index another row of the table has.
pub(in super::super) fn held_by_other(layout: &MssqlLayout, stage: &StagedColumns, index: &[&LayoutField]) -> String {
    let same: Vec<_> = index
        .iter()
        .map(|field| equal_or_both_null(&column_expression(field), &stage.value_expression(STAGE, "a", field)))
        .collect();
    let own: Vec<_> = layout
        .key_fields()
        .map(|field| format!("{} = {}", column_expression(field), stage.value_expression(STAGE, "k", field)))
        .collect();
    format!(
        "SELECT TOP (1) {STAGE}.{NUMBER} FROM {} AS {STAGE} JOIN {} AS {TABLE} ON {} AND NOT ({})",
        stage.table,
        layout.qualified_name(),
        same.join(" AND "),
        own.join(" AND ")
    )
}

/// Finds a staged row whose values in an index another staged row has.
pub(in super::super) fn held_twice(stage: &StagedColumns, index: &[&LayoutField]) -> String {
    let columns: Vec<_> = index.iter().map(|field| stage.value_expression(STAGE, "a", field)).collect();
    format!(
        "SELECT TOP (1) MIN({STAGE}.{NUMBER}) FROM {} AS {STAGE} GROUP BY {} HAVING COUNT_BIG(*) > 1",
        stage.table,
        columns.join(", ")
    )
}

/// Returns the condition that two values are equal, or both NULL.
pub(super) fn equal_or_both_null(one: &str, other: &str) -> String {
    format!("({one} = {other} OR ({one} IS NULL AND {other} IS NULL))")
}

/// Reads 1 where a row of a table has these values in these columns.
pub(in super::super) fn select_existence(qualified: &str, columns: &[&LayoutField]) -> String {
    format!("SELECT TOP (1) CONVERT(bigint, 1) FROM {qualified} WHERE {}", values_condition(columns))
}

/// Counts the rows of a table that have these values in these columns.
pub(in super::super) fn count_holding(qualified: &str, columns: &[&LayoutField]) -> String {
    format!("SELECT COUNT_BIG(*) FROM {qualified} WHERE {}", values_condition(columns))
}

fn values_condition(columns: &[&LayoutField]) -> String {
    let terms = columns.iter().enumerate();
    let terms: Vec<_> = terms
        .map(|(at, field)| {
            format!("{} = {}", quote_name(&field.name), field.kind.unstage_expression(&format!("@P{}", at + 1)))
        })
        .collect();
    terms.join(" AND ")
}
