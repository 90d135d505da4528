//! A scan over a simulated table, in the order of a column, beside the rows that its rows refer to; locks nothing.

use std::collections::BTreeMap;

use mfm_journal::Value;

use super::state::SimState;
use super::table::SimTable;
use crate::model::snapshot::{key_form, lies_between};
use crate::model::{Refusal, Scan, ScanJoin, Table};
use crate::targets::{TargetError, known};

/// The rows that a value stands in.
type ParentIndex<'s> = BTreeMap<Value, Vec<&'s Vec<Value>>>;

/// Visits every row of a scan.
pub(super) fn run_scan(
    state: &SimState,
    scan: &Scan,
    take: &mut dyn FnMut(&[Value]) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    let stored = require_columns(state, &scan.table)?;
    let places = column_positions(stored, &scan.table);
    let mut rows: Vec<&Vec<Value>> = stored.rows().collect();
    if let Some(range) = &scan.range {
        let (at, _) = stored.table.column(&range.column)?;
        rows.retain(|row| row.get(at).is_some_and(|cell| lies_between(cell, range.first, range.last)));
    }
    if let Some(column) = &scan.order {
        let (at, _) = stored.table.column(column)?;
        rows.sort_by_key(|row| row.get(at));
    }
    let most = scan.limit.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
    let Some(beside) = &scan.join else {
        return rows.into_iter().take(most).try_for_each(|row| take(&pick_cells(row, &places)));
    };
    let (at, _) = stored.table.column(&beside.column)?;
    let (partners, others) = index_parents(state, beside)?;
    let found = |row: &'_ &Vec<Value>| row.get(at).and_then(|cell| partners.get(&key_form(cell)));
    let pairs = rows.iter().flat_map(|row| found(row).into_iter().flatten().map(move |partner| (row, partner)));
    pairs
        .take(most)
        .try_for_each(|(row, partner)| take(&[pick_cells(row, &places), pick_cells(partner, &others)].concat()))
}

/// Returns the rows that can be referred to, by the value, and the places of the cells that are wanted of them.
fn index_parents<'s>(state: &'s SimState, beside: &ScanJoin) -> Result<(ParentIndex<'s>, Vec<usize>), Refusal> {
    let stored = require_columns(state, &beside.parent)?;
    let (at, _) = stored.table.column(&beside.parent_column)?;
    let mut partners = ParentIndex::new();
    for row in stored.rows() {
        if let Some(cell) = row.get(at).filter(|cell| !cell.is_null()) {
            partners.entry(key_form(cell)).or_default().push(row);
        }
    }
    Ok((partners, column_positions(stored, &beside.parent)))
}

fn require_columns<'s>(state: &'s SimState, table: &Table) -> Result<&'s SimTable, Refusal> {
    let stored = state.find_table(&table.shape.name);
    Ok(known::require_columns_unchanged(stored, table, |stored| &stored.table)?)
}

fn column_positions(stored: &SimTable, table: &Table) -> Vec<usize> {
    table.columns.iter().filter_map(|column| stored.table.position(&column.image.name)).collect()
}

fn pick_cells(row: &[Value], places: &[usize]) -> Vec<Value> {
    places.iter().filter_map(|at| row.get(*at).cloned()).collect()
}
