//! Which operation now carries which rows: operation numbers, reverts of reverts, rows left and later claims. Reads
//! only the journal.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use mfm_journal::{Change, Journal, Operation, OperationVerdict, RowAction};

use super::error::EngineError;
use crate::model::{Key, Refusal};

/// A row, by table and key.
pub type RowLocation = (String, Key);

/// A later operation's claim on a row: it changed the row too, so an earlier one cannot be reverted first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowClaim {
    /// The operation.
    pub op: u64,
    /// The columns it set; `None` for the whole row.
    pub columns: Option<BTreeSet<String>>,
}

/// Returns the operations that now carry the rows of an operation, newest first: itself, or the reverts of its reverts.
///
/// # Errors
/// [`Refusal::NoOperation`], or the journal's error.
pub fn find_carriers(journal: &Journal, op: u64) -> Result<Vec<Operation>, EngineError> {
    let operation = journal.read_operation(op)?.ok_or(Refusal::NoOperation { op })?;
    let mut todo = vec![operation];
    let mut out = Vec::new();
    while let Some(operation) = todo.pop() {
        // Any other verdict means that no row was changed, or that the rows are lost.
        if operation.verdict != Some(OperationVerdict::Applied) {
            continue;
        }
        // Rows that a revert put back are carried by a revert of that revert, if there is one.
        let mut rows_left = operation.rows;
        for revert in applied_reverts(journal, operation.op)? {
            rows_left = rows_left.saturating_sub(revert.rows + revert.kept);
            todo.extend(applied_reverts(journal, revert.op)?);
        }
        if rows_left > 0 {
            out.push(operation);
        }
    }
    out.sort_by_key(|operation| std::cmp::Reverse(operation.op));
    out.dedup_by_key(|operation| operation.op);
    Ok(out)
}

/// Returns the applied reverts of an operation, oldest first.
///
/// # Errors
/// The journal's error.
pub fn applied_reverts(journal: &Journal, op: u64) -> Result<Vec<Operation>, EngineError> {
    let mut out = Vec::new();
    for number in journal.reverts_of(op)? {
        let revert = journal.read_operation(number)?;
        out.extend(revert.filter(|revert| revert.verdict == Some(OperationVerdict::Applied)));
    }
    Ok(out)
}

/// Returns an operation's changes that no revert has put back, in their order.
///
/// # Errors
/// The journal's error.
pub fn rows_left(journal: &Journal, operation: &Operation) -> Result<Vec<Change>, EngineError> {
    let mut back: BTreeSet<RowLocation> = BTreeSet::new();
    for revert in applied_reverts(journal, operation.op)? {
        journal.visit_changes(&revert, &mut |change| {
            back.insert(row_location(&change));
            ControlFlow::Continue(())
        })?;
    }
    let mut out = Vec::new();
    journal.visit_changes(operation, &mut |change| {
        // Without any revert, the usual case, no key has to be built for the lookup.
        if change.is_write() && (back.is_empty() || !back.contains(&row_location(&change))) {
            out.push(change);
        }
        ControlFlow::Continue(())
    })?;
    Ok(out)
}

/// Returns the table and key of a change.
#[must_use]
pub fn row_location(change: &Change) -> RowLocation {
    (change.table.name.clone(), change.key.clone())
}

/// Returns the claims of later active operations on the same target on an operation's rows that are left, oldest first.
///
/// # Errors
/// The journal's error.
pub fn collect_claims(
    journal: &Journal,
    operation: &Operation,
    left: &[Change],
) -> Result<BTreeMap<RowLocation, Vec<RowClaim>>, EngineError> {
    let mut out: BTreeMap<RowLocation, Vec<RowClaim>> = BTreeMap::new();
    let later = later_operations(journal, operation);
    if later.is_empty() {
        return Ok(out);
    }
    let left_places: BTreeSet<RowLocation> = left.iter().map(row_location).collect();
    for op in later {
        let Some(other) = journal.read_operation(op)? else { continue };
        // Reading an operation's changes is slow; its entry lists the tables.
        if !other.tables.iter().any(|table| operation.tables.contains(table)) {
            continue;
        }
        for change in rows_left(journal, &other)? {
            let place = row_location(&change);
            if left_places.contains(&place) {
                out.entry(place).or_default().push(RowClaim { op, columns: changed_columns(&change) });
            }
        }
    }
    Ok(out)
}

fn later_operations(journal: &Journal, operation: &Operation) -> Vec<u64> {
    let later = journal.state().active.range(operation.op + 1..);
    later.filter(|(_, active)| active.target == operation.target.name).map(|(op, _)| *op).collect()
}

/// Returns the newest later operation whose claim overlaps a change.
#[must_use]
pub fn find_blocker(change: &Change, claims: &BTreeMap<RowLocation, Vec<RowClaim>>) -> Option<u64> {
    if claims.is_empty() {
        return None;
    }
    let claims = claims.get(&row_location(change))?;
    let columns = changed_columns(change);
    let newest = claims.iter().rev().find(|claim| columns_overlap(columns.as_ref(), claim.columns.as_ref()))?;
    Some(newest.op)
}

/// Returns the columns that a change sets; `None` for the whole row.
#[must_use]
pub fn changed_columns(change: &Change) -> Option<BTreeSet<String>> {
    match change.action {
        RowAction::Update { .. } => Some(change.column_names().into_iter().map(str::to_owned).collect()),
        _ => None,
    }
}

/// Tells whether two sets of columns overlap; `None` is the whole row.
#[must_use]
pub fn columns_overlap(one: Option<&BTreeSet<String>>, other: Option<&BTreeSet<String>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => !one.is_disjoint(other),
        _ => true,
    }
}
