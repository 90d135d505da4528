//! Comparing the rows of a target with a plan's, digest by digest; reads and writes no row itself.

use std::collections::BTreeMap;

use mfm_journal::{Change, Digest, Intended, RowHasher, TableShape, Value};

use super::{PlannedWork, TargetError};
use crate::model::refusal::render_key;
use crate::model::{Refusal, RowAction};

/// Returns the places of a plan's changes by table, in plan order within each.
pub(super) fn by_table(changes: &[Change]) -> BTreeMap<&str, Vec<usize>> {
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, change) in changes.iter().enumerate() {
        groups.entry(change.table.name.as_str()).or_default().push(at);
    }
    groups
}

/// Checks that the work is what the journal holds and what the preflight judged.
pub(super) fn check_work(intended: &Intended, work: &PlannedWork<'_>) -> Result<(), Refusal> {
    let stale = |what: String| Err(Refusal::Stale { what });
    let writes = work.changes.iter().filter(|change| change.is_write()).count() as u64;
    if writes != intended.rows() {
        return stale(format!("the journal holds {} changes, and {writes} are to be written", intended.rows()));
    }
    let mut last: Option<(&TableShape, &super::TableTouch)> = None;
    for change in work.changes.iter().filter(|change| change.is_write()) {
        let shape = change.table.as_ref();
        let known = last.filter(|(seen, _)| std::ptr::eq(*seen, shape)).map(|(_, touch)| touch);
        let judged = || work.touches.iter().find(|touch| *touch.table.shape == *shape);
        let Some(touch) = known.or_else(judged) else {
            return stale(format!("no preflight judged table {} as the plan knows it", shape.name));
        };
        last = Some((shape, touch));
        let judged = match &change.action {
            RowAction::Insert { .. } => touch.inserts > 0,
            RowAction::Delete { .. } => touch.deletes > 0,
            RowAction::Update { .. } => {
                change.column_names().iter().all(|name| touch.updated.iter().any(|t| t == name))
            }
            RowAction::Kept { .. } => true,
        };
        if !judged {
            return stale(format!("no preflight judged {} of {}", change.action.as_str(), shape.name));
        }
    }
    Ok(())
}

/// Returns the digest of a row that was found.
pub(super) fn digest_row(
    hasher: &mut RowHasher,
    table: &str,
    row: Option<&[Value]>,
) -> Result<Option<Digest>, TargetError> {
    let inexact = |source| TargetError::Inexact { table: table.to_owned(), source };
    row.map(|row| hasher.digest_row(row)).transpose().map_err(inexact)
}

/// Returns what takes changes back: the last of them first, where their order counts.
pub(super) fn way_back(changes: &[Change], in_order: bool) -> Vec<Change> {
    let mut back: Vec<Change> = changes.iter().map(invert_change).collect();
    if in_order {
        back.reverse();
    }
    back
}

/// Returns what takes a change back.
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

/// Says of a refusal that it is the way back which was refused; what is no refusal stays.
pub(super) fn no_way_back(error: TargetError) -> TargetError {
    let cause = match error {
        TargetError::Refused(refusal) => refusal,
        TargetError::Mismatch { table, what } => Refusal::Constraint { table, why: what },
        other => return other,
    };
    cause.of_the_way_back().into()
}

/// Checks that a row is, before the write, as the plan knows it.
pub(super) fn check_before(change: &Change, found: Option<Digest>) -> Result<(), Refusal> {
    let what = match (change.before_digest(), found) {
        (expected, found) if expected == found => return Ok(()),
        (Some(_), None) => "is gone",
        (None, Some(_)) => "exists already",
        _ => "was changed by somebody else",
    };
    Err(Refusal::Stale { what: format!("{} {} {what}", change.table.name, render_key(&change.key)) })
}

/// Checks that a row is, after the write, as the plan wants it.
pub(super) fn check_after(change: &Change, found: Option<Digest>) -> Result<(), TargetError> {
    if change.after_digest() == found {
        return Ok(());
    }
    let key = render_key(&change.key);
    let what = match found {
        Some(_) => format!("row {key} does not read back as it was written"),
        None => format!("row {key} is not there after the write"),
    };
    Err(TargetError::Mismatch { table: change.table.name.clone(), what })
}
