//! Which operation now carries which rows: numbers, reverts of reverts, rows left and later claims; reads the journal.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use mfm_journal::{Action, Change, Journal, Operation, Verdict};

use super::error::EngineError;
use crate::model::{Key, Refusal};

/// A row, by table and key.
pub type Place = (String, Key);

/// A later operation's claim on a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The operation.
    pub op: u64,
    /// The columns it set; `None` for the whole row.
    pub columns: Option<BTreeSet<String>>,
}

/// Returns the operations that now carry the rows of an operation, newest first: itself, or the reverts of its reverts.
///
/// # Errors
/// [`Refusal::NoOperation`], or what the journal says.
pub fn carriers(journal: &Journal, op: u64) -> Result<Vec<Operation>, EngineError> {
    let operation = journal.operation(op)?.ok_or(Refusal::NoOperation { op })?;
    let mut todo = vec![operation];
    let mut out = Vec::new();
    while let Some(operation) = todo.pop() {
        if operation.verdict != Some(Verdict::Applied) {
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
        let revert = journal.operation(number)?;
        out.extend(revert.filter(|revert| revert.verdict == Some(Verdict::Applied)));
    }
    Ok(out)
}

/// Returns an operation's changes that no revert has put back, in their order.
///
/// # Errors
/// What the journal says.
pub fn rows_left(journal: &Journal, operation: &Operation) -> Result<Vec<Change>, EngineError> {
    let mut back: BTreeSet<Place> = BTreeSet::new();
    for revert in applied_reverts(journal, operation.op)? {
        journal.changes(&revert, &mut |change| {
            back.insert(place(&change));
            ControlFlow::Continue(())
        })?;
    }
    let mut out = Vec::new();
    journal.changes(operation, &mut |change| {
        if change.writes() && (back.is_empty() || !back.contains(&place(&change))) {
            out.push(change);
        }
        ControlFlow::Continue(())
    })?;
    Ok(out)
}

/// Returns where a change is.
#[must_use]
pub fn place(change: &Change) -> Place {
    (change.table.name.clone(), change.key.clone())
}

/// Returns the claims that active operations later than `op` on the same target have on its rows, oldest first.
///
/// # Errors
/// What the journal says.
pub fn claims(
    journal: &Journal,
    operation: &Operation,
    left: &[Change],
) -> Result<BTreeMap<Place, Vec<Claim>>, EngineError> {
    let mut out: BTreeMap<Place, Vec<Claim>> = BTreeMap::new();
    let later = later(journal, operation);
    if later.is_empty() {
        return Ok(out);
    }
    let wanted: BTreeSet<Place> = left.iter().map(place).collect();
    for op in later {
        let Some(other) = journal.operation(op)? else { continue };
        if !other.tables.iter().any(|table| operation.tables.contains(table)) {
            continue;
        }
        for change in rows_left(journal, &other)? {
            let place = place(&change);
            if wanted.contains(&place) {
                out.entry(place).or_default().push(Claim { op, columns: columns(&change) });
            }
        }
    }
    Ok(out)
}

fn later(journal: &Journal, operation: &Operation) -> Vec<u64> {
    let here = |name: &str| name == operation.target.name;
    let later = journal.state().active.range(operation.op + 1..);
    later.filter(|(_, active)| here(&active.target)).map(|(op, _)| *op).collect()
}

/// Returns the newest later operation whose claim meets a change.
#[must_use]
pub fn blocker(change: &Change, claims: &BTreeMap<Place, Vec<Claim>>) -> Option<u64> {
    if claims.is_empty() {
        return None;
    }
    let claims = claims.get(&place(change))?;
    let columns = columns(change);
    let meets = |claim: &&Claim| overlap(columns.as_ref(), claim.columns.as_ref());
    claims.iter().rev().find(meets).map(|claim| claim.op)
}

/// Returns the columns that a change sets; `None` for the whole row.
#[must_use]
pub fn columns(change: &Change) -> Option<BTreeSet<String>> {
    match change.action {
        Action::Update { .. } => Some(change.column_names().into_iter().map(str::to_owned).collect()),
        _ => None,
    }
}

/// Tells whether two sets of columns meet; `None` is the whole row.
#[must_use]
pub fn overlap(one: Option<&BTreeSet<String>>, other: Option<&BTreeSet<String>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => !one.is_disjoint(other),
        _ => true,
    }
}
