//! A scan over a table of SQL Server: sorted by a column, joined with the rows that its rows refer to.

use super::catalogue::LayoutField;
use super::rows;
use super::session::ReadStep;
use super::sql::scan::LayoutJoin;
use crate::model::{Refusal, Scan, Table, Value};
use crate::targets::TargetError;

/// Visits every row of a scan.
pub(super) fn run_scan(
    step: &mut ReadStep<'_>,
    scan: &Scan,
    visit: &mut dyn FnMut(&[Value]) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    let layout = step.require_columns(&scan.table)?;
    let order = scan.order.as_ref().map(|column| require_comparable(step, &scan.table, column)).transpose()?;
    let mut join = None;
    if let Some(scan_join) = &scan.join {
        let parent = step.require_columns(&scan_join.parent)?;
        let field = require_comparable(step, &scan.table, &scan_join.column)?;
        let parent_field = require_comparable(step, &scan_join.parent, &scan_join.parent_column)?;
        join = Some(LayoutJoin { field, parent, parent_field });
    }
    let ReadStep { wire, place, .. } = step;
    // The server may join by sorting both sides, so a full tempdb is then no fault of the database itself.
    let sorts = order.is_some() || join.is_some();
    let scanned = rows::scan_rows(wire, place, &layout, order.as_ref(), join.as_ref(), visit);
    scanned.map_err(|error| if sorts { error.while_sorting() } else { error })
}

/// Returns a column of the whole table, refusing a type that cannot be sorted or compared.
fn require_comparable(step: &mut ReadStep<'_>, table: &Table, column: &str) -> Result<LayoutField, TargetError> {
    let Some(whole) = step.find_layout(&table.shape.name)? else {
        return Err(Refusal::MissingTable { table: table.shape.name.clone() }.into());
    };
    let field = rows::require_field(&whole, column)?;
    if field.kind.is_comparable() {
        return Ok(field.clone());
    }
    let (name, declared) = (&field.name, field.kind.declaration());
    let what = format!("a reading of {} by {name}, of type {declared}, which nothing compares,", whole.display_name());
    Err(Refusal::Unsupported { what }.into())
}
