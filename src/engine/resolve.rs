//! Which operation now carries which rows: numbers, reverts of reverts, rows left and later claims; reads the journal.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use mfm_journal::{Change, Journal, Operation, OperationVerdict, RowAction};

use super::error::EngineError;
use crate::model::{Key, Refusal};

/// A row, by table and key.
pub type RowLocation = (String, Key);

/// A later operation's claim on a row.
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
/// [`Refusal::NoOperation`], or what the journal says.
pub fn find_carriers(journal: &Journal, op: u64) -> Result<Vec<Operation>, EngineError> {
    let operation = journal.read_operation(op)?.ok_or(Refusal::NoOperation { op })?;
    let mut todo = vec![operation];
    let mut out = Vec::new();
    while let Some(operation) = todo.pop() {
        if operation.verdict != Some(OperationVerdict::Applied) {
            continue;
        }
        let mut left = operation.rows;
        for revert in applied_reverts(journal, operation.op)? {
            left = left.saturating_sub(revert.rows + revert.kept);
            todo.extend(applied_reverts(journal, revert.op)?);
        }
        if left > 0 {
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
/// What the journal says.
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
/// What the journal says.
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
        if change.is_write() && (back.is_empty() || !back.contains(&row_location(&change))) {
            out.push(change);
        }
        ControlFlow::Continue(())
    })?;
    Ok(out)
}

/// Returns where a change is.
#[must_use]
pub fn row_location(change: &Change) -> RowLocation {
    (change.table.name.clone(), change.key.clone())
}

/// Returns the claims that active operations later than `op` on the same target have on its rows, oldest first.
///
/// # Errors
/// What the journal says.
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
    let wanted: BTreeSet<RowLocation> = left.iter().map(row_location).collect();
    for op in later {
        let Some(other) = journal.read_operation(op)? else { continue };
        if !other.tables.iter().any(|table| operation.tables.contains(table)) {
            continue;
        }
        for change in rows_left(journal, &other)? {
            let place = row_location(&change);
            if wanted.contains(&place) {
                out.entry(place).or_default().push(RowClaim { op, columns: changed_columns(&change) });
            }
        }
    }
    Ok(out)
}

fn later_operations(journal: &Journal, operation: &Operation) -> Vec<u64> {
    let here = |name: &str| name == operation.target.name;
    let later = journal.state().active.range(operation.op + 1..);
    later.filter(|(_, active)| here(&active.target)).map(|(op, _)| *op).collect()
}

/// Returns the newest later operation whose claim meets a change.
#[must_use]
pub fn find_blocker(change: &Change, claims: &BTreeMap<RowLocation, Vec<RowClaim>>) -> Option<u64> {
    if claims.is_empty() {
        return None;
    }
    let claims = claims.get(&row_location(change))?;
    let columns = changed_columns(change);
    let meets = |claim: &&RowClaim| columns_overlap(columns.as_ref(), claim.columns.as_ref());
    claims.iter().rev().find(meets).map(|claim| claim.op)
}

/// Returns the columns that a change sets; `None` for the whole row.
#[must_use]
pub fn changed_columns(change: &Change) -> Option<BTreeSet<String>> {
    match change.action {
        RowAction::Update { .. } => Some(change.column_names().into_iter().map(str::to_owned).collect()),
        _ => None,
    }
}

/// Tells whether two sets of columns meet; `None` is the whole row.
#[must_use]
pub fn columns_overlap(one: Option<&BTreeSet<String>>, other: Option<&BTreeSet<String>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => !one.is_disjoint(other),
        _ => true,
    }
}
