//! Sends rows to the server in bulk, into a temporary table of the session.

use mfm_journal::Value;

use super::catalogue::{LayoutField, MssqlLayout};
use super::codec;
use super::fault::{ExchangeError, ServerLocation};
use super::sql::rows as text;
use super::wire::{self, Wire, WireRow};
use crate::model::Refusal;
use crate::targets::TargetError;

/// A staging table. Its columns are named by a letter for their part and the position of the table's column, as in
/// `k0`.
#[derive(Clone, Debug)]
pub(super) struct StagedColumns {
    /// The staging table's name, which begins with `#`.
    pub(super) table: String,
}

impl StagedColumns {
    /// Returns the SQL expression of a staged value, converted to the column's own type.
    #[expect(clippy::unused_self, reason = "a value without a staging table would be none")]
    pub(super) fn value_expression(&self, alias: &str, part: &str, field: &LayoutField) -> String {
        field.kind.unstage_expression(&format!("{alias}.{part}{}", field.at))
    }
}

/// A column to stage, and which part of a change its values are.
pub(super) struct StagedColumn<'f> {
    /// `k` for keys, `b` for values before, `a` for values after.
    pub(super) letter: &'static str,
    /// The table's column that the values belong to.
    pub(super) field: &'f LayoutField,
}

/// Sends rows to a new staging table, numbered from 0. Every row has one value for each of `parts`, in their order.
pub(super) fn stage_rows(
    wire: &mut Wire,
    place: &ServerLocation,
    layout: &MssqlLayout,
    parts: &[StagedColumn<'_>],
    rows: &mut dyn Iterator<Item = Vec<&Value>>,
) -> Result<StagedColumns, TargetError> {
    let failed = place.explainer("stage rows");
    let staged = StagedColumns { table: wire.next_stage() };
    let names: Vec<String> = parts.iter().map(|part| format!("{}{}", part.letter, part.field.at)).collect();
    let types = parts.iter().map(|part| part.field.kind.staging_type(part.field.collation.as_deref()));
    let columns: Vec<_> = names.iter().cloned().zip(types).collect();
    wire.run_batch(&text::create_stage(&staged.table, &columns)).map_err(&failed)?;
    let mut listed = vec![text::NUMBER];
    listed.extend(names.iter().map(String::as_str));
    let mut late = Vec::new();
    let mut encoded = rows.enumerate().map(|(nth, row)| encode_row(layout, parts, nth, &row, &mut late));
    let result = wire.bulk_insert(&staged.table, &listed, &mut encoded);
    result.map_err(place.stop_explainer("stage rows"))?;
    drop(encoded);
    for LateCell { nth, part, cell } in late {
        let Some(name) = names.get(part) else { continue };
        let parameters = vec![cell, wire::number_parameter(nth)];
        wire.execute(&text::complete_stage(&staged.table, name), parameters).map_err(&failed)?;
    }
    Ok(staged)
}

/// Removes a staging table; one that stays goes with the session.
pub(super) fn unstage_rows(wire: &mut Wire, place: &ServerLocation, staged: &StagedColumns) -> Result<(), TargetError> {
    wire.run_batch(&text::drop_stage(&staged.table)).map_err(place.explainer("clear staged rows"))
}

/// A cell that is too large for the driver's bulk load: it follows in a statement of its own.
struct LateCell {
    nth: i64,
    part: usize,
    cell: tiberius::ColumnData<'static>,
}

/// The largest cell that the driver's bulk load accepts, bytes, also for `max` columns.
const BULK_CELL_BYTES_MAX: usize = 65_535;

/// Returns the NULL that takes the place of a cell which is too large for a bulk load; `None` for one that fits.
fn bulk_placeholder(cell: &tiberius::ColumnData<'static>) -> Option<tiberius::ColumnData<'static>> {
    use tiberius::ColumnData::{Binary, String};
    match cell {
        Binary(Some(bytes)) if bytes.len() > BULK_CELL_BYTES_MAX => Some(Binary(None)),
        String(Some(text)) if text.encode_utf16().count() * 2 > BULK_CELL_BYTES_MAX => Some(String(None)),
        _ => None,
    }
}

fn encode_row(
    layout: &MssqlLayout,
    parts: &[StagedColumn<'_>],
    nth: usize,
    row: &[&Value],
    late: &mut Vec<LateCell>,
) -> Result<WireRow, ExchangeError> {
    let mut cells = Vec::with_capacity(parts.len() + 1);
    cells.push(tiberius::ColumnData::I32(i32::try_from(nth).ok()));
    for (at, (part, value)) in parts.iter().zip(row).enumerate() {
        let cell = codec::encode(value, part.field.kind);
        let cell = cell.ok_or_else(|| does_not_fit(layout, part.field, value))?;
        let empty = bulk_placeholder(&cell);
        match (empty, i64::try_from(nth)) {
            (Some(empty), Ok(nth)) => {
                // NULL goes with the bulk load, and the value follows in a statement of its own.
                late.push(LateCell { nth, part: at, cell });
                cells.push(empty);
            }
            (_, _) => cells.push(cell),
        }
    }
    Ok(cells)
}

/// Builds the refusal of a value that its column cannot hold.
pub(super) fn does_not_fit(layout: &MssqlLayout, field: &LayoutField, value: &Value) -> Refusal {
    Refusal::DoesNotFit {
        table: layout.display_name().to_owned(),
        column: field.name.clone(),
        declared: field.kind.declaration(),
        value: crate::model::refusal::render_key(std::slice::from_ref(value)),
    }
}
