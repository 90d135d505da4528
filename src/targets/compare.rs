//! Compares rows of a target with the rows that a plan expects, by their digests. It reads and writes no row itself.

use std::collections::BTreeMap;

use mfm_journal::{Change, Digest, Intended, RowHasher, TableShape, Value};

use super::{PlannedWork, TargetError};
use crate::model::refusal::render_key;
use crate::model::{Refusal, RowAction};

/// Groups the positions of a plan's changes by table, in plan order within each table.
pub(super) fn group_by_table(changes: &[Change]) -> BTreeMap<&str, Vec<usize>> {
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, change) in changes.iter().enumerate() {
        groups.entry(change.table.name.as_str()).or_default().push(at);
    }
    groups
}

/// Checks that the work is what the journal holds and what the preflight judged.
pub(super) fn check_work(intended: &Intended, work: &PlannedWork<'_>) -> Result<(), Refusal> {
    let writes = work.changes.iter().filter(|change| change.is_write()).count() as u64;
    if writes != intended.rows() {
        let what = format!("the journal has {} changes, but {writes} are to be written", intended.rows());
        return Err(Refusal::Stale { what });
    }
    let mut last: Option<(&TableShape, &super::TableTouch)> = None;
    for change in work.changes.iter().filter(|change| change.is_write()) {
        let shape = change.table.as_ref();
        // Changes of one table share one shape, so its address settles most comparisons without looking at columns.
        let touch = match last {
            Some((last_shape, touch)) if std::ptr::eq(last_shape, shape) => touch,
            _ => work.touches.iter().find(|touch| *touch.table.shape == *shape).ok_or_else(|| Refusal::Stale {
                what: format!("table {} was not checked in the form that the plan knows", shape.name),
            })?,
        };
        last = Some((shape, touch));
        if !is_covered(change, touch) {
            let what = format!("{} of {} was not checked", change.action.as_str(), shape.name);
            return Err(Refusal::Stale { what });
        }
    }
    Ok(())
}

/// Returns whether the touch that the preflight judged includes a change of this kind, and all its columns.
fn is_covered(change: &Change, touch: &super::TableTouch) -> bool {
    match &change.action {
        RowAction::Insert { .. } => touch.inserts > 0,
        RowAction::Delete { .. } => touch.deletes > 0,
        RowAction::Update { .. } => change.column_names().iter().all(|name| touch.updated.iter().any(|t| t == name)),
        RowAction::Kept { .. } => true,
    }
}

/// Returns the digest of a row, `None` for an absent one.
pub(super) fn digest_row(
    hasher: &mut RowHasher,
    table: &str,
    row: Option<&[Value]>,
) -> Result<Option<Digest>, TargetError> {
    let digest = row.map(|row| hasher.digest_row(row)).transpose();
    digest.map_err(|source| TargetError::Inexact { table: table.to_owned(), source })
}

/// Returns the changes that take `changes` back. With `in_order` the last of them comes first: a parent may only be
/// deleted again after its children.
pub(super) fn invert_changes(changes: &[Change], in_order: bool) -> Vec<Change> {
    let mut back: Vec<Change> = changes.iter().map(invert_change).collect();
    if in_order {
        back.reverse();
    }
    back
}

/// Swaps the two sides of a change; a kept row stays as it is.
fn invert_change(change: &Change) -> Change {
    let action = match change.action.clone() {
        RowAction::Insert { after, after_digest } => RowAction::Delete { before: after, before_digest: after_digest },
        RowAction::Delete { before, before_digest } => RowAction::Insert { after: before, after_digest: before_digest },
        RowAction::Update { columns, before, after, before_digest, after_digest } => RowAction::Update {
            columns,
            before: after,
            after: before,
            before_digest: after_digest,
            after_digest: before_digest,
        },
        kept @ RowAction::Kept { .. } => kept,
    };
    Change { table: change.table.clone(), key: change.key.clone(), action }
}

/// Marks a refusal, or a row that reads back differently, as a refusal of the way back. Other errors pass unchanged.
pub(super) fn refuse_way_back(error: TargetError) -> TargetError {
    let cause = match error {
        TargetError::Refused(refusal) => refusal,
        TargetError::Mismatch { table, what } => Refusal::Constraint { table, why: what },
        other => return other,
    };
    cause.of_the_way_back().into()
}

/// Checks before the write that a row, `None` where it is absent, is as the plan knows it.
pub(super) fn check_before(change: &Change, current: Option<Digest>) -> Result<(), Refusal> {
    let what = match (change.before_digest(), current) {
        (expected, current) if expected == current => return Ok(()),
        (Some(_), None) => "is gone",
        (None, Some(_)) => "exists already",
        _ => "was changed by somebody else",
    };
    Err(Refusal::Stale { what: format!("{} {} {what}", change.table.name, render_key(&change.key)) })
}

/// Checks after the write that a row, `None` where it is absent, is as the plan wants it.
pub(super) fn check_after(change: &Change, current: Option<Digest>) -> Result<(), TargetError> {
    if change.after_digest() == current {
        return Ok(());
    }
    let key = render_key(&change.key);
    let what = match current {
        Some(_) => format!("row {key} does not read back as it was written"),
        None => format!("row {key} is missing after the write"),
    };
    Err(TargetError::Mismatch { table: change.table.name.clone(), what })
}
