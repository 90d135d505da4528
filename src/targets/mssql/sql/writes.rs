//! Writing rows of a table from staged ones, many with one statement; begins and ends no transaction.

use super::super::catalogue::{Sheet, SheetField};
use super::super::stage::StagedColumns;
use super::quoted;
use super::rows::{alike, same_key};

/// Sets columns of the rows whose keys are staged and that still hold what they held.
pub(in super::super) fn update(sheet: &Sheet, stage: &StagedColumns, fields: &[&SheetField]) -> String {
    let set: Vec<_> =
        fields.iter().map(|field| format!("{} = {}", quoted(&field.name), stage.value("w", "a", field))).collect();
    // A second belt: the rows were compared to the bit before. Some types have no `=`.
    let held = fields.iter().filter(|field| field.kind.compares());
    let held: String = held
        .map(|field| {
            let (now, before) = (format!("t.{}", quoted(&field.name)), stage.value("w", "b", field));
            format!(" AND {}", alike(&now, &before))
        })
        .collect();
    format!(
        "UPDATE t SET {} FROM {} AS t JOIN {} AS w ON {}{held}",
        set.join(", "),
        sheet.qualified(),
        stage.table,
        same_key(sheet, stage)
    )
}

/// Removes the rows whose keys are staged.
pub(in super::super) fn delete(sheet: &Sheet, stage: &StagedColumns) -> String {
    format!("DELETE t FROM {} AS t JOIN {} AS w ON {}", sheet.qualified(), stage.table, same_key(sheet, stage))
}

/// Adds the staged rows.
pub(in super::super) fn insert(sheet: &Sheet, stage: &StagedColumns) -> String {
    let names: Vec<_> = sheet.fields.iter().map(|field| quoted(&field.name)).collect();
    let values: Vec<_> = sheet.fields.iter().map(|field| stage.value("w", "a", field)).collect();
    format!(
        "INSERT INTO {} ({}) SELECT {} FROM {} AS w",
        sheet.qualified(),
        names.join(", "),
        values.join(", "),
        stage.table
    )
}

/// Lets identity values be written, or no longer.
pub(in super::super) fn identity_insert(sheet: &Sheet, on: bool) -> String {
    format!("SET IDENTITY_INSERT {} {}", sheet.qualified(), if on { "ON" } else { "OFF" })
}
