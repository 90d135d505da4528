//! A scan over a simulated table, in the order of a column, beside the rows that its rows refer to; locks nothing.

use std::collections::BTreeMap;

use mfm_journal::Value;

use super::state::State;
use super::table::SimTable;
use crate::model::snapshot::key_form;
use crate::model::{Join, Refusal, Scan, Table};
use crate::targets::{TargetError, known};

/// The rows that a value stands in.
type Partners<'s> = BTreeMap<Value, Vec<&'s Vec<Value>>>;

/// Visits every row of a scan.
pub(super) fn each(
    state: &State,
    scan: &Scan,
    take: &mut dyn FnMut(&[Value]) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    let stored = part(state, &scan.table)?;
    let places = places(stored, &scan.table);
    let mut rows: Vec<&Vec<Value>> = stored.rows().collect();
    if let Some(column) = &scan.order {
        let (at, _) = stored.table.column(column)?;
        rows.sort_by_key(|row| row.get(at));
    }
    let Some(beside) = &scan.join else {
        return rows.into_iter().try_for_each(|row| take(&cells(row, &places)));
    };
    let (at, _) = stored.table.column(&beside.column)?;
    let (partners, others) = partners(state, beside)?;
    for row in rows {
        let found = row.get(at).and_then(|cell| partners.get(&key_form(cell)));
        for partner in found.into_iter().flatten() {
            take(&[cells(row, &places), cells(partner, &others)].concat())?;
        }
    }
    Ok(())
}

/// Returns the rows that can be referred to, by the value, and the places of the cells that are wanted of them.
fn partners<'s>(state: &'s State, beside: &Join) -> Result<(Partners<'s>, Vec<usize>), Refusal> {
    let stored = part(state, &beside.parent)?;
    let (at, _) = stored.table.column(&beside.parent_column)?;
    let mut partners = Partners::new();
    for row in stored.rows() {
        if let Some(cell) = row.get(at).filter(|cell| !cell.is_null()) {
            partners.entry(key_form(cell)).or_default().push(row);
        }
    }
    Ok((partners, places(stored, &beside.parent)))
}

fn part<'s>(state: &'s State, table: &Table) -> Result<&'s SimTable, Refusal> {
    let stored = state.find(&table.shape.name);
    Ok(known::part(stored, table, |stored| &stored.table)?)
}

fn places(stored: &SimTable, table: &Table) -> Vec<usize> {
    table.columns.iter().filter_map(|column| stored.table.position(&column.image.name)).collect()
}

fn cells(row: &[Value], places: &[usize]) -> Vec<Value> {
    places.iter().filter_map(|at| row.get(*at).cloned()).collect()
}
