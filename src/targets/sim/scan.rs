//! A scan over a simulated table: sorted by a column, joined with the rows that its rows refer to.

use std::collections::BTreeMap;

use mfm_journal::Value;

use super::state::SimState;
use super::table::SimTable;
use crate::model::snapshot::{key_form, lies_between};
use crate::model::{Refusal, Scan, ScanJoin, Table};
use crate::targets::{TargetError, known};

/// The rows that can be referred to, by the value that refers to them.
type ParentIndex<'s> = BTreeMap<Value, Vec<&'s Vec<Value>>>;

/// Visits every row of a scan.
pub(super) fn run_scan(
    state: &SimState,
    scan: &Scan,
    visit: &mut dyn FnMut(&[Value]) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    let stored = require_columns(state, &scan.table)?;
    let positions = column_positions(stored, &scan.table);
    let mut rows: Vec<&Vec<Value>> = stored.rows().collect();
    if let Some(range) = &scan.range {
        let (at, _) = stored.table.column(&range.column)?;
        rows.retain(|row| row.get(at).is_some_and(|cell| lies_between(cell, range.first, range.last)));
    }
    if let Some(column) = &scan.order {
        let (at, _) = stored.table.column(column)?;
        rows.sort_by_key(|row| row.get(at));
    }
    let limit = scan.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let Some(join) = &scan.join else {
        return rows.into_iter().take(limit).try_for_each(|row| visit(&pick_cells(row, &positions)));
    };
    let (at, _) = stored.table.column(&join.column)?;
    let (parents, parent_positions) = index_parents(state, join)?;
    // An inner join, as in SQL: a row without a parent is left out, and the limit counts pairs.
    let mut visited = 0;
    for row in rows {
        for parent in row.get(at).and_then(|cell| parents.get(&key_form(cell))).into_iter().flatten() {
            if visited == limit {
                return Ok(());
            }
            visit(&[pick_cells(row, &positions), pick_cells(parent, &parent_positions)].concat())?;
            visited += 1;
        }
    }
    Ok(())
}

/// Returns the rows that can be referred to, by their value, and the positions of the cells to read from them.
fn index_parents<'s>(state: &'s SimState, join: &ScanJoin) -> Result<(ParentIndex<'s>, Vec<usize>), Refusal> {
    let stored = require_columns(state, &join.parent)?;
    let (at, _) = stored.table.column(&join.parent_column)?;
    let mut parents = ParentIndex::new();
    for row in stored.rows() {
        // Nothing refers to NULL.
        if let Some(cell) = row.get(at).filter(|cell| !cell.is_null()) {
            parents.entry(key_form(cell)).or_default().push(row);
        }
    }
    Ok((parents, column_positions(stored, &join.parent)))
}

fn require_columns<'s>(state: &'s SimState, table: &Table) -> Result<&'s SimTable, Refusal> {
    let stored = state.find_table(&table.shape.name);
    Ok(known::require_columns_unchanged(stored, table, |stored| &stored.table)?)
}

fn column_positions(stored: &SimTable, table: &Table) -> Vec<usize> {
    table.columns.iter().filter_map(|column| stored.table.position(&column.image.name)).collect()
}

fn pick_cells(row: &[Value], positions: &[usize]) -> Vec<Value> {
    positions.iter().filter_map(|at| row.get(*at).cloned()).collect()
}
