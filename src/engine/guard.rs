//! The guard: refuses to touch a database that is not proved to be this journal's test copy.

use mfm_journal::{Digest, Journal, Operation, OperationVerdict, TargetRef};

use super::error::EngineError;
use crate::model::Refusal;
use crate::targets::{FILE_NAMES, Marker, OperationRow, OperationState, Target, TargetError, binding_matches};

/// A target that passed the guard.
#[derive(Clone, Debug)]
pub struct GuardedTarget {
    /// The registered name.
    pub name: String,
    /// Its marker.
    pub marker: Marker,
    /// Its identity: the digest of the marker.
    pub identity: Digest,
    /// The ids of other journals that left operations in it.
    pub foreign: Vec<Digest>,
}

impl GuardedTarget {
    /// Returns the reference by which an operation's entry names its target.
    #[must_use]
    pub fn to_target_ref(&self) -> TargetRef {
        TargetRef { name: self.name.clone(), identity: self.identity, marker_id: self.marker.marker_id.clone() }
    }
}

/// Returns the marker of a target, if it was made for this database.
///
/// # Errors
/// [`Refusal::OwnTables`], [`Refusal::HardLinked`], [`Refusal::Unmarked`], [`Refusal::MarkedElsewhere`],
/// [`TargetError::Replaced`] where another file has the same path, or the target's error.
pub fn check_marker(target: &mut dyn Target) -> Result<Marker, EngineError> {
    // Before anything in mfm's own tables is believed, they must be exactly as mfm made them.
    target.reaches_no_further()?;
    let url = target.url().to_owned();
    let marker = target.read_marker()?.ok_or(Refusal::Unmarked { url: url.clone() })?;
    let bound = target.read_binding()?;
    if !binding_matches(&marker.bound, &bound) {
        // Without the count of hard links the marker fits: then a second name is the only difference.
        let mut otherwise = bound.clone();
        let names = otherwise.remove(FILE_NAMES);
        if let Some(names) = names.filter(|_| binding_matches(&marker.bound, &otherwise)) {
            return Err(Refusal::HardLinked { url, names }.into());
        }
        // The same path with another inode is a file that was restored or copied over, not one that was moved.
        if marker.bound.get("path").is_some_and(|path| bound.get("path") == Some(path)) {
            return Err(replaced_error(target, "another file, a copy or a restored one, is in its place"));
        }
        let (found, bound) = (join_facts(&bound), join_facts(&marker.bound));
        return Err(Refusal::MarkedElsewhere { url, found, bound }.into());
    }
    Ok(marker)
}

fn join_facts(facts: &crate::targets::TargetBinding) -> String {
    facts.values().cloned().collect::<Vec<_>>().join(", ")
}

/// Checks that a target is marked, is the one that the journal knows, and holds what the journal committed there.
///
/// # Errors
/// A refusal, [`TargetError::Replaced`], or [`EngineError::JournalBehind`].
pub fn check_target(journal: &Journal, target: &mut dyn Target, name: &str) -> Result<GuardedTarget, EngineError> {
    let marker = check_marker(target)?;
    let identity = marker.identity();
    let record = journal.state().targets.get(name);
    let record = record.ok_or_else(|| Refusal::NoTarget { name: name.to_owned() })?;
    match record.identity {
        // Registered, and not marked yet or no longer.
        None => return Err(Refusal::Unmarked { url: target.url().to_owned() }.into()),
        Some(known) if known != identity => return Err(replaced_error(target, "it carries another marker")),
        Some(_) => {}
    }
    // Both ways: the target must hold the journal's newest operation, and the journal the target's newest.
    if let Some(newest) = &record.newest {
        check_committed(target, newest.op, &newest.uid)?;
    }
    let own = journal.id();
    check_not_behind(journal, target.find_newest_operation(&own)?)?;
    not_written_off(journal, target, Some(&record.lineage))?;
    // Whether foreign operations matter depends on the action, so the caller decides.
    let foreign = target.list_journals()?.into_iter().filter(|id| *id != own).collect();
    Ok(GuardedTarget { name: name.to_owned(), marker, identity, foreign })
}

/// Tells whether a target holds an operation as committed.
///
/// # Errors
/// The target's error.
pub fn is_committed(target: &mut dyn Target, uid: &Digest) -> Result<bool, TargetError> {
    Ok(target.find_operation(uid)?.is_some_and(|row| row.state == OperationState::Committed))
}

/// Refuses a target that does not hold an operation as committed.
///
/// # Errors
/// [`TargetError::Replaced`], or the target's error.
pub(super) fn check_committed(target: &mut dyn Target, op: u64, uid: &Digest) -> Result<(), EngineError> {
    if is_committed(target, uid)? {
        Ok(())
    } else {
        Err(replaced_error(target, &format!("operation {op} is not in it")))
    }
}

/// Tells whether a journal's verdict on an operation agrees with its state in the target. An open operation agrees with
/// both states, because its verdict is still to come.
pub(super) const fn verdict_agrees(verdict: Option<OperationVerdict>, state: OperationState) -> bool {
    match state {
        OperationState::Committed => matches!(verdict, None | Some(OperationVerdict::Applied | OperationVerdict::Gone)),
        OperationState::Abandoned => {
            matches!(verdict, None | Some(OperationVerdict::Abandoned | OperationVerdict::Gone))
        }
    }
}

/// Refuses while any operation on the target is open.
///
/// # Errors
/// [`Refusal::RecoverFirst`].
pub fn nothing_open(journal: &Journal, name: &str) -> Result<(), EngineError> {
    match journal.state().open_on(name).next() {
        Some((op, _)) => Err(Refusal::RecoverFirst { op }.into()),
        None => Ok(()),
    }
}

/// Refuses a target that carries another journal's operations, unless `beside` names that journal.
///
/// # Errors
/// [`Refusal::ForeignOperation`].
pub fn nothing_foreign(standing: &GuardedTarget, beside: &[String]) -> Result<(), EngineError> {
    let stranger = standing.foreign.iter().map(ToString::to_string).find(|id| !beside.contains(id));
    match stranger {
        Some(journal_id) => Err(Refusal::ForeignOperation { journal_id }.into()),
        None => Ok(()),
    }
}

/// Refuses a target that holds operations written off as lost: their faults are there, and the journal counts them as
/// gone.
///
/// Only operations on the identities of `lineage` count; every operation where it is `None`.
///
/// # Errors
/// [`TargetError::Replaced`], or an error of target or journal.
pub fn not_written_off(
    journal: &Journal,
    target: &mut dyn Target,
    lineage: Option<&[Digest]>,
) -> Result<(), EngineError> {
    // Reading every operation of the target is slow, and hardly any journal wrote one off.
    if journal.state().counts.get("gone").is_none_or(|count| *count == 0) {
        return Ok(());
    }
    for row in target.list_operations(&journal.id())? {
        let operation = if row.state == OperationState::Committed { journal.read_operation(row.op)? } else { None };
        let is_gone = operation.is_some_and(|operation| {
            operation.uid == row.uid
                && operation.verdict == Some(OperationVerdict::Gone)
                && lineage.is_none_or(|lineage| lineage.contains(&operation.target.identity))
        });
        if is_gone {
            let what = format!(
                "it holds operation {}, which was written off; marking it again accepts its current state",
                row.op
            );
            return Err(replaced_error(target, &what));
        }
    }
    Ok(())
}

/// Refuses a target whose newest operation of this journal is missing from the journal or has another verdict there.
fn check_not_behind(journal: &Journal, newest: Option<OperationRow>) -> Result<(), EngineError> {
    // A target without any operation of this journal is behind nothing.
    let Some((row, operation)) = find_newest_held(journal, newest)? else { return Ok(()) };
    if verdict_agrees(operation.verdict, row.state) {
        return Ok(());
    }
    Err(EngineError::JournalBehind { op: row.op, what: "with a different verdict".to_owned() })
}

/// Returns the newest row that this journal left in a target, with the journal's operation of that number.
///
/// # Errors
/// [`EngineError::JournalBehind`] where the journal holds none of that number, or another one; or the journal's error.
pub(super) fn find_newest_held(
    journal: &Journal,
    newest: Option<OperationRow>,
) -> Result<Option<(OperationRow, Operation)>, EngineError> {
    let Some(row) = newest else { return Ok(None) };
    let what = match journal.read_operation(row.op)? {
        Some(operation) if operation.uid == row.uid => return Ok(Some((row, operation))),
        Some(_) => "which is a different one in the journal",
        None => "which the journal does not have",
    };
    Err(EngineError::JournalBehind { op: row.op, what: what.to_owned() })
}

fn replaced_error(target: &dyn Target, what: &str) -> EngineError {
    EngineError::Target(TargetError::Replaced { url: target.url().to_owned(), what: what.to_owned() })
}
