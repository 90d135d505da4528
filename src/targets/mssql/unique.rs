//! Looking staged rows up in SQL Server's unique indexes, the key's own left out: all rows with two questions an index.

use mfm_journal::Value;

use super::catalogue::{MssqlLayout, SheetField};
use super::fault::ServerLocation;
use super::sql::rows as text;
use super::stage::{self, StagedColumn};
use super::wire::Wire;
use crate::model::Refusal;
use crate::targets::TargetError;
use crate::targets::unique::touches_index;

/// Checks rows against the unique indexes over all rows; see [`crate::targets::Target::unique`].
///
/// A row does not stand in its own way. Another one does, even where the same operation would make room. To SQL Server
/// two NULLs are the same here. Filtered indexes are left to the database: its refusal is a certain roll-back.
pub(super) fn check_unique_indexes(
    wire: &mut Wire,
    place: &ServerLocation,
    sheet: &MssqlLayout,
    columns: &[String],
    rows: &[Vec<Value>],
) -> Result<(), TargetError> {
    for index in &sheet.unique {
        let names: Vec<&str> = index.columns.iter().map(String::as_str).collect();
        let fields: Option<Vec<&SheetField>> = names.iter().map(|name| sheet.find_field(name)).collect();
        // An index over a computed column, or one that cannot be read, is left to the database as well.
        let Some(fields) = fields.filter(|_| touches_index(columns, &names) && !rows.is_empty()) else { continue };
        if has_collision(wire, place, sheet, &fields, rows)? {
            return Err(
                Refusal::UniqueIndex { table: sheet.display_name().to_owned(), index: index.name.clone() }.into()
            );
        }
    }
    Ok(())
}

/// Tells whether rows meet others, or each other, in an index.
fn has_collision(
    wire: &mut Wire,
    place: &ServerLocation,
    sheet: &MssqlLayout,
    index: &[&SheetField],
    rows: &[Vec<Value>],
) -> Result<bool, TargetError> {
    sheet.require_key()?;
    let keys = sheet.key_fields().map(|field| StagedColumn { letter: "k", field });
    let values = index.iter().map(|field| StagedColumn { letter: "a", field });
    let parts: Vec<StagedColumn<'_>> = keys.chain(values).collect();
    let null = Value::Null;
    let cells = |row: &'_ Vec<Value>| -> Vec<usize> {
        parts.iter().map(|part| part.field.at).filter(|at| *at < row.len()).collect()
    };
    let mut staged_rows =
        rows.iter().map(|row| cells(row).into_iter().map(|at| row.get(at).unwrap_or(&null)).collect());
    let staged = stage::stage_rows(wire, place, sheet, &parts, &mut staged_rows)?;
    let failed = place.explainer("look a unique index up");
    let mut met = false;
    for question in [text::held_by_other(sheet, &staged, index), text::held_twice(&staged, index)] {
        met = met || !wire.query_rows(&question, Vec::new()).map_err(&failed)?.is_empty();
    }
    stage::unstage_rows(wire, place, &staged)?;
    Ok(met)
}
