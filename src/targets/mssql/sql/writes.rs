//! Statements that write rows of a table from staged ones, many rows with one statement.

use super::super::catalogue::{LayoutField, MssqlLayout};
use super::super::stage::StagedColumns;
use super::quote_name;
use super::rows::{equal_or_both_null, same_key};

/// Updates the rows whose keys are staged and whose cells still have the values from before.
pub(in super::super) fn update_rows(layout: &MssqlLayout, stage: &StagedColumns, fields: &[&LayoutField]) -> String {
    let set: Vec<_> = fields
        .iter()
        .map(|field| format!("{} = {}", quote_name(&field.name), stage.value_expression("w", "a", field)))
        .collect();
    // A second guard: the rows were compared to the bit before. Types without an `=` have to do without it.
    let mut held = String::new();
    for field in fields.iter().filter(|field| field.kind.is_comparable()) {
        let (now, before) = (format!("t.{}", quote_name(&field.name)), stage.value_expression("w", "b", field));
        held.push_str(" AND ");
        held.push_str(&equal_or_both_null(&now, &before));
    }
    format!(
        "UPDATE t SET {} FROM {} AS t JOIN {} AS w ON {}{held}",
        set.join(", "),
        layout.qualified_name(),
        stage.table,
        same_key(layout, stage)
    )
}

/// Deletes the rows whose keys are staged.
pub(in super::super) fn delete_rows(layout: &MssqlLayout, stage: &StagedColumns) -> String {
    format!("DELETE t FROM {} AS t JOIN {} AS w ON {}", layout.qualified_name(), stage.table, same_key(layout, stage))
}

/// Inserts the staged rows.
pub(in super::super) fn insert_rows(layout: &MssqlLayout, stage: &StagedColumns) -> String {
    let names: Vec<_> = layout.fields.iter().map(|field| quote_name(&field.name)).collect();
    let values: Vec<_> = layout.fields.iter().map(|field| stage.value_expression("w", "a", field)).collect();
    format!(
        "INSERT INTO {} ({}) SELECT {} FROM {} AS w",
        layout.qualified_name(),
        names.join(", "),
        values.join(", "),
        stage.table
    )
}

/// Sets whether identity values of a table can be written.
pub(in super::super) fn identity_insert(layout: &MssqlLayout, on: bool) -> String {
    format!("SET IDENTITY_INSERT {} {}", layout.qualified_name(), if on { "ON" } else { "OFF" })
}
