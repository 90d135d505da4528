//! Reading rows of a table: whole tables, by a column's values, by staged keys; writes none.

use super::super::catalogue::{MssqlLayout, SheetField};
use super::super::stage::StagedColumns;
use super::quote_name;
use crate::model::KeyPage;

/// What a statement calls the table that is read.
pub(super) const TABLE: &str = "t";
/// What it calls the staged rows.
const STAGE: &str = "w";
/// The column that numbers staged rows.
pub(in super::super) const NUMBER: &str = "nth";
/// Locks what a transaction is about to change, until it ends; keys that are not there as well.
const LOCKED: &str = " WITH (UPDLOCK, HOLDLOCK)";

fn column_expression(field: &SheetField) -> String {
    format!("{TABLE}.{}", quote_name(&field.name))
}

fn select_list(sheet: &MssqlLayout) -> String {
    sheet
        .fields
        .iter()
        .map(|field| field.kind.read_expression(&column_expression(field)))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Reads whole rows.
pub(in super::super) fn select_rows(sheet: &MssqlLayout) -> String {
    format!("SELECT {} FROM {} AS {TABLE}", select_list(sheet), sheet.qualified_name())
}

/// Reads the rows whose column equals one of `count` values.
pub(in super::super) fn rows_among(sheet: &MssqlLayout, field: &SheetField, count: usize) -> String {
    let marks: Vec<_> = (1..=count).map(|at| field.kind.unstage_expression(&format!("@P{at}"))).collect();
    format!("{} WHERE {} IN ({})", select_rows(sheet), column_expression(field), marks.join(", "))
}

/// Reads the rows whose date lies between two days, both included.
pub(in super::super) fn rows_between(sheet: &MssqlLayout, field: &SheetField) -> String {
    let day = |at: usize| format!("CONVERT(date, @P{at}, 112)");
    format!(
        "{} WHERE CONVERT(date, {}) BETWEEN {} AND {}",
        select_rows(sheet),
        column_expression(field),
        day(1),
        day(2)
    )
}

/// Reads all keys.
pub(in super::super) fn select_keys(sheet: &MssqlLayout) -> String {
    let key: Vec<_> = sheet.key_fields().map(|field| field.kind.read_expression(&column_expression(field))).collect();
    format!("SELECT {} FROM {} AS {TABLE}", key.join(", "), sheet.qualified_name())
}

/// Reads the keys of a page; a whole number needs no parameter.
pub(in super::super) fn select_key_page(
    sheet: &MssqlLayout,
    key: &SheetField,
    only: Option<&str>,
    page: &KeyPage,
) -> String {
    let (than, order) = if page.backwards { ("<", "DESC") } else { (">", "ASC") };
    let from = page.from.map(|from| format!("{} {than} {from}", column_expression(key)));
    let terms: Vec<&str> = only.into_iter().chain(from.as_deref()).collect();
    let only = if terms.is_empty() { String::new() } else { format!(" WHERE {}", terms.join(" AND ")) };
    let (key, read, from) =
        (column_expression(key), key.kind.read_expression(&column_expression(key)), sheet.qualified_name());
    format!("SELECT TOP ({}) {read} FROM {from} AS {TABLE}{only} ORDER BY {key} {order}", page.limit)
}

/// Counts rows, all of them or those of a condition.
pub(in super::super) fn count_only(sheet: &MssqlLayout, only: Option<&str>) -> String {
    let only = only.map_or_else(String::new, |only| format!(" WHERE {only}"));
    format!("{} AS {TABLE}{only}", count_rows(&sheet.qualified_name()))
}

/// Holds where a column has a number.
pub(in super::super) fn holds_number(field: &SheetField, number: i64) -> String {
    format!("{} = {number}", column_expression(field))
}

/// Counts rows.
pub(in super::super) fn count_rows(qualified: &str) -> String {
    format!("SELECT COUNT_BIG(*) FROM {qualified}")
}

/// Reads the largest value of a column.
pub(in super::super) fn select_maximum(sheet: &MssqlLayout, field: &SheetField) -> String {
    let largest = format!("MAX({})", column_expression(field));
    format!("SELECT {} FROM {} AS {TABLE}", field.kind.read_expression(&largest), sheet.qualified_name())
}

/// Counts rows with NULL in the key.
pub(in super::super) fn nulls_in_key(sheet: &MssqlLayout) -> String {
    let terms: Vec<_> = sheet.key_fields().map(|field| format!("{} IS NULL", column_expression(field))).collect();
    format!("SELECT COUNT_BIG(*) FROM {} AS {TABLE} WHERE {}", sheet.qualified_name(), terms.join(" OR "))
}

/// Reads one key that stands in several rows.
pub(in super::super) fn repeated_key(sheet: &MssqlLayout) -> String {
    let read: Vec<_> = sheet
        .key_fields()
        .map(|field| field.kind.read_expression(&format!("MIN({})", column_expression(field))))
        .collect();
    let groups: Vec<_> = sheet.key_fields().map(column_expression).collect();
    format!(
        "SELECT TOP (1) {} FROM {} AS {TABLE} GROUP BY {} HAVING COUNT_BIG(*) > 1",
        read.join(", "),
        sheet.qualified_name(),
        groups.join(", ")
    )
}

/// Returns the condition that a row has a staged row's key.
pub(super) fn same_key(sheet: &MssqlLayout, stage: &StagedColumns) -> String {
    let term =
        |field: &SheetField| format!("{} = {}", column_expression(field), stage.value_expression(STAGE, "k", field));
    sheet.key_fields().map(term).collect::<Vec<_>>().join(" AND ")
}

/// Reads the rows whose keys are staged, the number of the key before each.
pub(in super::super) fn rows_of_keys(sheet: &MssqlLayout, stage: &StagedColumns, lock: bool) -> String {
    let hint = if lock { LOCKED } else { "" };
    format!(
        "SELECT {STAGE}.{NUMBER}, {} FROM {} AS {STAGE} JOIN {} AS {TABLE}{hint} ON {}",
        select_list(sheet),
        stage.table,
        sheet.qualified_name(),
        same_key(sheet, stage)
    )
}

/// Reads some cells of the rows whose keys are staged, the number of the key before each.
pub(in super::super) fn cells_of_keys(sheet: &MssqlLayout, fields: &[&SheetField], stage: &StagedColumns) -> String {
    let cells: Vec<_> = fields.iter().map(|field| field.kind.read_expression(&column_expression(field))).collect();
    format!(
        "SELECT {STAGE}.{NUMBER}, {} FROM {} AS {STAGE} JOIN {} AS {TABLE} ON {}",
        cells.join(", "),
        stage.table,
        sheet.qualified_name(),
        same_key(sheet, stage)
    )
}

/// Makes a staging table, gone with the session.
pub(in super::super) fn create_stage(table: &str, columns: &[(String, String)]) -> String {
    let columns: String = columns.iter().map(|(name, declared)| format!(", {name} {declared} NULL")).collect();
    format!("CREATE TABLE {table} ({NUMBER} int NOT NULL{columns})")
}

/// Puts one value into a staged row that came without it.
pub(in super::super) fn complete_stage(table: &str, column: &str) -> String {
    format!("UPDATE {table} SET {column} = @P1 WHERE {NUMBER} = @P2")
}

/// Removes a staging table.
pub(in super::super) fn drop_stage(table: &str) -> String {
    format!("DROP TABLE {table}")
}

/// Reads staged whole rows back, in the form in which the table would give them.
pub(in super::super) fn staged_rows(sheet: &MssqlLayout, stage: &StagedColumns) -> String {
    let cells: Vec<_> =
        sheet.fields.iter().map(|field| field.kind.read_expression(&staged_expression(stage, field))).collect();
    format!("SELECT {STAGE}.{NUMBER}, {} FROM {} AS {STAGE}", cells.join(", "), stage.table)
}

/// Reads what an expression of the catalogue's gives in a column's type, numbered 0.
pub(in super::super) fn default(field: &SheetField, definition: &str) -> String {
    let collate = field.collation.as_ref().map_or_else(String::new, |name| format!(" COLLATE {name}"));
    let value = format!("CONVERT({}, {definition}){collate}", field.kind.declaration());
    format!("SELECT CONVERT(int, 0), {}", field.kind.read_expression(&value))
}

fn staged_expression(stage: &StagedColumns, field: &SheetField) -> String {
    stage.value_expression(STAGE, "a", field)
}

/// Finds a staged whole row that a CHECK constraint refuses: the constraint's own words over columns of the same names.
pub(in super::super) fn refused_by(sheet: &MssqlLayout, stage: &StagedColumns, definition: &str) -> String {
    let cells: Vec<_> = sheet
        .fields
        .iter()
        .map(|field| format!("{} AS {}", staged_expression(stage, field), quote_name(&field.name)))
        .collect();
    format!(
        "SELECT TOP (1) {NUMBER} FROM (SELECT {STAGE}.{NUMBER}, {} FROM {} AS {STAGE}) AS {} WHERE NOT ({definition})",
        cells.join(", "),
        stage.table,
        quote_name(&sheet.name)
    )
}

/// Finds a staged row whose values in some columns another row holds.
pub(in super::super) fn held_by_other(sheet: &MssqlLayout, stage: &StagedColumns, index: &[&SheetField]) -> String {
    let same: Vec<_> = index
        .iter()
        .map(|field| equal_or_both_null(&column_expression(field), &stage.value_expression(STAGE, "a", field)))
        .collect();
    let own: Vec<_> = sheet
        .key_fields()
        .map(|field| format!("{} = {}", column_expression(field), stage.value_expression(STAGE, "k", field)))
        .collect();
    format!(
        "SELECT TOP (1) {STAGE}.{NUMBER} FROM {} AS {STAGE} JOIN {} AS {TABLE} ON {} AND NOT ({})",
        stage.table,
        sheet.qualified_name(),
        same.join(" AND "),
        own.join(" AND ")
    )
}

/// Finds values in some columns that two staged rows share.
pub(in super::super) fn held_twice(stage: &StagedColumns, index: &[&SheetField]) -> String {
    let columns: Vec<_> = index.iter().map(|field| stage.value_expression(STAGE, "a", field)).collect();
    format!(
        "SELECT TOP (1) MIN({STAGE}.{NUMBER}) FROM {} AS {STAGE} GROUP BY {} HAVING COUNT_BIG(*) > 1",
        stage.table,
        columns.join(", ")
    )
}

/// Returns the condition that two values are the same to SQL Server, two NULLs included.
pub(super) fn equal_or_both_null(one: &str, other: &str) -> String {
    format!("({one} = {other} OR ({one} IS NULL AND {other} IS NULL))")
}

/// Tells whether a table holds values in some columns.
pub(in super::super) fn select_existence(qualified: &str, columns: &[&SheetField]) -> String {
    format!("SELECT TOP (1) CONVERT(bigint, 1) FROM {qualified} WHERE {}", values_condition(columns))
}

/// Counts the rows that hold values in some columns.
pub(in super::super) fn count_holding(qualified: &str, columns: &[&SheetField]) -> String {
    format!("SELECT COUNT_BIG(*) FROM {qualified} WHERE {}", values_condition(columns))
}

fn values_condition(columns: &[&SheetField]) -> String {
    let terms = columns.iter().enumerate();
    let terms: Vec<_> = terms
        .map(|(at, field)| {
            format!("{} = {}", quote_name(&field.name), field.kind.unstage_expression(&format!("@P{}", at + 1)))
        })
        .collect();
    terms.join(" AND ")
}
