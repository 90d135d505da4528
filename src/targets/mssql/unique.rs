//! Looks rows up in SQL Server's unique indexes, without the key's own: all rows together, two queries for each index.

use mfm_journal::Value;

use super::catalogue::{LayoutField, MssqlLayout};
use super::fault::ServerLocation;
use super::sql::rows as text;
use super::stage::{self, StagedColumn};
use super::wire::Wire;
use crate::model::Refusal;
use crate::targets::TargetError;
use crate::targets::unique::touches_index;

/// Checks rows against the unique indexes over all rows; see [`crate::targets::Target::check_unique`].
///
/// A row does not collide with itself. It does collide with another row, even where the same operation would make room.
/// In an index of SQL Server two NULLs collide. Filtered indexes are left to the database: if it refuses a row, the
/// transaction is certainly rolled back.
pub(super) fn check_unique_indexes(
    wire: &mut Wire,
    place: &ServerLocation,
    layout: &MssqlLayout,
    columns: &[String],
    rows: &[Vec<Value>],
) -> Result<(), TargetError> {
    for index in &layout.unique {
        let names: Vec<&str> = index.columns.iter().map(String::as_str).collect();
        let fields: Option<Vec<&LayoutField>> = names.iter().map(|name| layout.find_field(name)).collect();
        // An index over a computed column, or over one that is not read, is left to the database as well.
        let Some(fields) = fields.filter(|_| touches_index(columns, &names) && !rows.is_empty()) else { continue };
        if has_collision(wire, place, layout, &fields, rows)? {
            return Err(
                Refusal::UniqueIndex { table: layout.display_name().to_owned(), index: index.name.clone() }.into()
            );
        }
    }
    Ok(())
}

/// Returns whether rows collide with others, or with each other, in an index.
fn has_collision(
    wire: &mut Wire,
    place: &ServerLocation,
    layout: &MssqlLayout,
    index: &[&LayoutField],
    rows: &[Vec<Value>],
) -> Result<bool, TargetError> {
    layout.require_key()?;
    let keys = layout.key_fields().map(|field| StagedColumn { letter: "k", field });
    let values = index.iter().map(|field| StagedColumn { letter: "a", field });
    let parts: Vec<StagedColumn<'_>> = keys.chain(values).collect();
    let mut staged_rows = rows.iter().map(|row| parts.iter().filter_map(|part| row.get(part.field.at)).collect());
    let staged = stage::stage_rows(wire, place, layout, &parts, &mut staged_rows)?;
    let failed = place.explainer("look a unique index up");
    let mut collides = false;
    for question in [text::held_by_other(layout, &staged, index), text::held_twice(&staged, index)] {
        collides = collides || !wire.query_rows(&question, Vec::new()).map_err(&failed)?.is_empty();
    }
    stage::unstage_rows(wire, place, &staged)?;
    Ok(collides)
}
