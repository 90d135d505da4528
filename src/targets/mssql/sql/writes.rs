//! Writing rows of a table from staged ones, many with one statement; begins and ends no transaction.

use super::super::catalogue::{MssqlLayout, SheetField};
use super::super::stage::StagedColumns;
use super::quote_name;
use super::rows::{equal_or_both_null, same_key};

/// Sets columns of the rows whose keys are staged and that still hold what they held.
pub(in super::super) fn update_rows(sheet: &MssqlLayout, stage: &StagedColumns, fields: &[&SheetField]) -> String {
    let set: Vec<_> = fields
        .iter()
        .map(|field| format!("{} = {}", quote_name(&field.name), stage.value_expression("w", "a", field)))
        .collect();
    // A second belt: the rows were compared to the bit before. Some types have no `=`.
    let held = fields.iter().filter(|field| field.kind.is_comparable());
    let held: String = held
        .map(|field| {
            let (now, before) = (format!("t.{}", quote_name(&field.name)), stage.value_expression("w", "b", field));
            format!(" AND {}", equal_or_both_null(&now, &before))
        })
        .collect();
    format!(
        "UPDATE t SET {} FROM {} AS t JOIN {} AS w ON {}{held}",
        set.join(", "),
        sheet.qualified_name(),
        stage.table,
        same_key(sheet, stage)
    )
}

/// Removes the rows whose keys are staged.
pub(in super::super) fn delete_rows(sheet: &MssqlLayout, stage: &StagedColumns) -> String {
    format!("DELETE t FROM {} AS t JOIN {} AS w ON {}", sheet.qualified_name(), stage.table, same_key(sheet, stage))
}

/// Adds the staged rows.
pub(in super::super) fn insert_rows(sheet: &MssqlLayout, stage: &StagedColumns) -> String {
    let names: Vec<_> = sheet.fields.iter().map(|field| quote_name(&field.name)).collect();
    let values: Vec<_> = sheet.fields.iter().map(|field| stage.value_expression("w", "a", field)).collect();
    format!(
        "INSERT INTO {} ({}) SELECT {} FROM {} AS w",
        sheet.qualified_name(),
        names.join(", "),
        values.join(", "),
        stage.table
    )
}

/// Lets identity values be written, or no longer.
pub(in super::super) fn identity_insert(sheet: &MssqlLayout, on: bool) -> String {
    format!("SET IDENTITY_INSERT {} {}", sheet.qualified_name(), if on { "ON" } else { "OFF" })
}
