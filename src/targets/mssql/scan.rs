//! A scan over a table of SQL Server, in the order of a column, beside the rows that its rows refer to; judges no row.

use super::catalogue::SheetField;
use super::rows;
use super::session::ReadStep;
use super::sql::scan::Join;
use crate::model::{Refusal, Scan, Table, Value};
use crate::targets::TargetError;

/// Visits every row of a scan.
pub(super) fn each(
    step: &mut ReadStep<'_>,
    scan: &Scan,
    take: &mut dyn FnMut(&[Value]) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    let sheet = step.part(&scan.table)?;
    let order = scan.order.as_ref().map(|column| compared(step, &scan.table, column)).transpose()?;
    let mut beside = None;
    if let Some(found) = &scan.join {
        let parent = step.part(&found.parent)?;
        let field = compared(step, &scan.table, &found.column)?;
        let parent_field = compared(step, &found.parent, &found.parent_column)?;
        beside = Some(Join { field, parent, parent_field });
    }
    let ReadStep { wire, place, .. } = step;
    let sorts = order.is_some() || beside.is_some();
    let passed = rows::scan(wire, place, (&sheet, order.as_ref(), beside.as_ref()), take);
    passed.map_err(|error| if sorts { error.while_sorting() } else { error })
}

/// Returns a column of the whole table that rows can be put in order by, or found by.
fn compared(step: &mut ReadStep<'_>, table: &Table, column: &str) -> Result<SheetField, TargetError> {
    let missing = || Refusal::MissingTable { table: table.shape.name.clone() };
    let whole = step.sheet(&table.shape.name)?.ok_or_else(missing)?;
    let field = rows::field(&whole, column)?;
    if field.kind.compares() {
        return Ok(field.clone());
    }
    let (name, declared) = (&field.name, field.kind.declared());
    let what = format!("a reading of {} by {name}, of type {declared}, which nothing compares,", whole.shown());
    Err(Refusal::Unsupported { what }.into())
}
