//! A scan over a table of SQL Server, in the order of a column, beside the rows that its rows refer to; judges no row.

use super::catalogue::SheetField;
use super::rows;
use super::session::ReadStep;
use super::sql::scan::LayoutJoin;
use crate::model::{Refusal, Scan, Table, Value};
use crate::targets::TargetError;

/// Visits every row of a scan.
pub(super) fn run_scan(
    step: &mut ReadStep<'_>,
    scan: &Scan,
    take: &mut dyn FnMut(&[Value]) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    let sheet = step.require_columns(&scan.table)?;
    let order = scan.order.as_ref().map(|column| require_comparable(step, &scan.table, column)).transpose()?;
    let mut beside = None;
    if let Some(found) = &scan.join {
        let parent = step.require_columns(&found.parent)?;
        let field = require_comparable(step, &scan.table, &found.column)?;
        let parent_field = require_comparable(step, &found.parent, &found.parent_column)?;
        beside = Some(LayoutJoin { field, parent, parent_field });
    }
    let ReadStep { wire, place, .. } = step;
    let sorts = order.is_some() || beside.is_some();
    let passed = rows::scan_rows(wire, place, (&sheet, order.as_ref(), beside.as_ref()), take);
    passed.map_err(|error| if sorts { error.while_sorting() } else { error })
}

/// Returns a column of the whole table that rows can be put in order by, or found by.
fn require_comparable(step: &mut ReadStep<'_>, table: &Table, column: &str) -> Result<SheetField, TargetError> {
    let missing = || Refusal::MissingTable { table: table.shape.name.clone() };
    let whole = step.find_layout(&table.shape.name)?.ok_or_else(missing)?;
    let field = rows::require_field(&whole, column)?;
    if field.kind.is_comparable() {
        return Ok(field.clone());
    }
    let (name, declared) = (&field.name, field.kind.declaration());
    let what = format!("a reading of {} by {name}, of type {declared}, which nothing compares,", whole.display_name());
    Err(Refusal::Unsupported { what }.into())
}
