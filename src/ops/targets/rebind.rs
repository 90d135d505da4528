//! Decides whether a new marker keeps operations revertible: after moves, lost markers, copies, and beside other
//! journals; writes nothing.

use mfm_journal::{Digest, Journal, OperationVerdict};

use crate::engine::guard;
use crate::model::Refusal;
use crate::model::next_step::{Flag, leave_out};
use crate::ops::{Context, Failure};
use crate::targets::{Marker, OperationRow, OperationState, Target, TargetError, binding_matches};

/// The word that overrides the refusal to replace a marker on which another journal's operations depend.
pub(super) const FOREIGN: &str = "foreign-operations";

/// Returns the name and former identity of a moved target.
///
/// It must hold the uids of all active operations, and the original must be gone; else it is a copy.
///
/// # Errors
/// [`Refusal::Unmarked`], [`TargetError::Replaced`], or usage where nothing was moved.
pub(super) fn identify_moved(
    context: &Context<'_>,
    journal: &Journal,
    target: &mut dyn Target,
) -> Result<(String, Digest), Failure> {
    let url = target.url().to_owned();
    let marker = target.read_marker()?.ok_or(Refusal::Unmarked { url: url.clone() })?;
    let identity = marker.identity();
    // The whole lineage counts: a move that was interrupted may have left a former marker in the file.
    let known = journal.state().targets.iter().find(|(_, known)| known.lineage.contains(&identity));
    let (name, known) =
        known.ok_or_else(|| replaced_target(&url, "its marker was not written by this journal".into()))?;
    if marker.bound == target.read_binding()? && known.identity == Some(identity) {
        let message = format!("{url} was not moved: its marker matches its place");
        return Err(Failure::usage("not_moved", message, leave_out(Flag::Moved)));
    }
    // With one marker in two databases, a revert could not know which of them to change.
    if known.url != url && still_there(context, &known.url, &marker.marker_id)? {
        let what = format!("{} is still there with the same marker, so this is a copy", known.url);
        return Err(replaced_target(&url, what).into());
    }
    if !holds_all(journal, target, name)? {
        return Err(
            replaced_target(&url, "it does not have every operation that the journal committed there".into()).into()
        );
    }
    Ok((name.clone(), identity))
}

/// Returns the identity of a registered target whose marker was removed while operations are active on it.
///
/// # Errors
/// A target error.
pub(super) fn lost_marker(
    journal: &Journal,
    target: &mut dyn Target,
    name: &str,
    url: &str,
) -> Result<Option<Digest>, Failure> {
    let Some(known) = journal.state().targets.get(name).filter(|known| known.url == url) else { return Ok(None) };
    let Some(identity) = known.identity else { return Ok(None) };
    let has_own_marker = target.read_marker()?.is_some_and(|marker| known.lineage.contains(&marker.identity()));
    let is_lost = journal.state().has_operations_on(name) && !has_own_marker && holds_all(journal, target, name)?;
    Ok(is_lost.then_some(identity))
}

/// Rows that a target has lost from mfm's own table.
pub(in crate::ops) struct LostRecords {
    /// The identity of the target.
    pub(in crate::ops) identity: Digest,
    /// The missing rows, oldest operation first.
    pub(in crate::ops) rows: Vec<OperationRow>,
    /// The active operations among them.
    pub(in crate::ops) active: Vec<u64>,
}

/// Returns the rows missing from mfm's own table, where active operations are among them but their changes remain.
///
/// Then the database was not restored from a backup; only mfm's table was emptied.
///
/// # Errors
/// A target or journal error.
pub(in crate::ops) fn lost_records(
    context: &Context<'_>,
    journal: &mut Journal,
    target: &mut dyn Target,
    name: &str,
    url: &str,
) -> Result<Option<LostRecords>, Failure> {
    let Some(known) = journal.state().targets.get(name).filter(|known| known.url == url) else { return Ok(None) };
    let (Some(identity), lineage) = (known.identity, known.lineage.clone()) else { return Ok(None) };
    if journal.state().open_on(name).next().is_some() {
        return Ok(None);
    }
    let mut active = Vec::new();
    for (op, operation) in journal.state().active_on(name) {
        if !guard::is_committed(target, &operation.uid)? {
            active.push(op);
        }
    }
    if active.is_empty() {
        return Ok(None);
    }
    let operations = active.iter().copied().collect();
    let (standing, changed) = context.engine(journal, target, name).left_by(&operations)?;
    if standing == 0 || !changed.is_empty() {
        return Ok(None);
    }
    Ok(Some(LostRecords { identity, rows: list_missing_rows(journal, target, &lineage)?, active }))
}

/// Returns the rows of a lineage's applied operations that a target's own table lacks, oldest first.
fn list_missing_rows(
    journal: &Journal,
    target: &mut dyn Target,
    lineage: &[Digest],
) -> Result<Vec<OperationRow>, Failure> {
    let (mut rows, mut before, journal_id) = (Vec::new(), None, journal.id());
    loop {
        let page = journal.read_operations(before, 256)?;
        let Some(last) = page.last() else { break };
        before = Some(last.op);
        for operation in page {
            let here =
                operation.verdict == Some(OperationVerdict::Applied) && lineage.contains(&operation.target.identity);
            if here && target.find_operation(&operation.uid)?.is_none() {
                let (uid, op) = (operation.uid, operation.op);
                rows.push(OperationRow { uid, journal_id, op, state: OperationState::Committed });
            }
        }
    }
    rows.reverse();
    Ok(rows)
}

/// Returns this module's override word, if it is among these.
pub(super) fn find_override(words: &[String]) -> Option<String> {
    words.iter().find(|word| *word == FOREIGN).cloned()
}

/// Returns a valid marker that another journal wrote, or this one before the target was removed from it.
///
/// It is adopted unchanged, so that the other journal can still revert its operations.
///
/// # Errors
/// A target error.
pub(super) fn to_adopt(
    journal: &Journal,
    target: &mut dyn Target,
    overrides: &[String],
) -> Result<Option<Marker>, Failure> {
    let Some(marker) = target.read_marker()? else { return Ok(None) };
    let identity = marker.identity();
    let own = journal.state().targets.values().any(|known| known.lineage.contains(&identity));
    let overridden = overrides.iter().any(|word| word == FOREIGN);
    if own || overridden || !binding_matches(&marker.bound, &target.read_binding()?) {
        return Ok(None);
    }
    // A target with operations that were written off needs a new marker.
    Ok(guard::not_written_off(journal, target, None).is_ok().then_some(marker))
}

/// Refuses a new marker that would keep a journal from reverting its operations.
///
/// # Errors
/// [`Refusal::LooksMoved`], [`Refusal::MarkedBeside`], or a target error.
pub(super) fn nothing_stranded(
    context: &Context<'_>,
    journal: &Journal,
    target: &mut dyn Target,
    overrides: &[String],
) -> Result<(), Failure> {
    let url = target.url().to_owned();
    if let Some(marker) = target.read_marker()?
        && !binding_matches(&marker.bound, &target.read_binding()?)
    {
        let identity = marker.identity();
        let known = journal.state().targets.iter().find(|(_, known)| known.lineage.contains(&identity));
        if let Some((name, known)) = known
            && journal.state().has_operations_on(name)
            && (known.url == url || !still_there(context, &known.url, &marker.marker_id)?)
        {
            return Err(Refusal::LooksMoved { url, target: name.clone() }.into());
        }
    }
    let own = journal.id();
    for journal_id in target.list_journals()?.into_iter().filter(|id| *id != own) {
        let committed = target.list_operations(&journal_id)?.iter().any(|row| row.state == OperationState::Committed);
        if committed && !overrides.iter().any(|word| word == FOREIGN) {
            return Err(Refusal::MarkedBeside { url, journal_id: journal_id.to_string() }.into());
        }
    }
    Ok(())
}

/// Returns whether the database with this marker is at a URL; one that cannot be read is an error, not a no.
fn still_there(context: &Context<'_>, url: &str, marker_id: &str) -> Result<bool, Failure> {
    match context.open_target(url).and_then(|mut original| original.read_marker()) {
        Ok(marker) => Ok(marker.is_some_and(|marker| marker.marker_id == marker_id)),
        Err(TargetError::Absent { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Returns whether a database holds the uids of a target's active operations and of its newest one.
fn holds_all(journal: &Journal, target: &mut dyn Target, name: &str) -> Result<bool, Failure> {
    let state = journal.state();
    let newest = state.targets.get(name).and_then(|known| known.newest).map(|newest| newest.uid);
    for uid in state.active_on(name).map(|(_, active)| active.uid).chain(newest) {
        if !guard::is_committed(target, &uid)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn replaced_target(url: &str, what: String) -> TargetError {
    TargetError::Replaced { url: url.to_owned(), what }
}
