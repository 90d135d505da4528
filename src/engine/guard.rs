//! The guard: what refuses to touch a database that is not proved to be this journal's test copy.

use mfm_journal::{Digest, Journal, Operation, OperationVerdict, TargetRef};

use super::error::EngineError;
use crate::model::Refusal;
use crate::targets::{FILE_NAMES, Marker, OperationRow, OperationState, Target, TargetError, binding_matches};

/// A target that passed the guard.
#[derive(Clone, Debug)]
pub struct GuardedTarget {
    /// The registered name.
    pub name: String,
    /// The marker found.
    pub marker: Marker,
    /// The target identity.
    pub identity: Digest,
    /// Journals other than this one that left operations here.
    pub foreign: Vec<Digest>,
}

impl GuardedTarget {
    /// Returns what an operation's entry says of its target.
    #[must_use]
    pub fn to_target_ref(&self) -> TargetRef {
        TargetRef { name: self.name.clone(), identity: self.identity, marker_id: self.marker.marker_id.clone() }
    }
}

/// Returns the marker of a target that carries one made for it.
///
/// # Errors
/// [`Refusal::OwnTables`], [`Refusal::HardLinked`], [`Refusal::Unmarked`], [`Refusal::MarkedElsewhere`],
/// [`TargetError::Replaced`] where another file stands at the same place, or what the target says.
pub fn check_marker(target: &mut dyn Target) -> Result<Marker, EngineError> {
    target.reaches_no_further()?;
    let url = target.url().to_owned();
    let marker = target.read_marker()?.ok_or(Refusal::Unmarked { url: url.clone() })?;
    let bound = target.read_binding()?;
    if !binding_matches(&marker.bound, &bound) {
        let mut otherwise = bound.clone();
        let names = otherwise.remove(FILE_NAMES);
        if let Some(names) = names.filter(|_| binding_matches(&marker.bound, &otherwise)) {
            return Err(Refusal::HardLinked { url, names }.into());
        }
        if marker.bound.get("path").is_some_and(|path| bound.get("path") == Some(path)) {
            return Err(replaced_error(target, "another file stands at its place, a copy or a restored one"));
        }
        let text = |facts: &crate::targets::TargetBinding| facts.values().cloned().collect::<Vec<_>>().join(", ");
        return Err(Refusal::MarkedElsewhere { url, found: text(&bound), bound: text(&marker.bound) }.into());
    }
    Ok(marker)
}

/// Lets a target pass that is marked, is the one the journal knows, and holds what the journal committed there.
///
/// # Errors
/// A refusal, [`TargetError::Replaced`], or [`EngineError::JournalBehind`].
pub fn check_target(journal: &Journal, target: &mut dyn Target, name: &str) -> Result<GuardedTarget, EngineError> {
    let marker = check_marker(target)?;
    let identity = marker.identity();
    let record = journal.state().targets.get(name);
    let record = record.ok_or_else(|| Refusal::NoTarget { name: name.to_owned() })?;
    match record.identity {
        None => return Err(Refusal::Unmarked { url: target.url().to_owned() }.into()),
        Some(known) if known != identity => return Err(replaced_error(target, "it carries another marker")),
        Some(_) => {}
    }
    if let Some(newest) = &record.newest {
        check_committed(target, newest.op, &newest.uid)?;
    }
    let own = journal.id();
    check_not_behind(journal, target.find_newest_operation(&own)?)?;
    not_written_off(journal, target, Some(&record.lineage))?;
    let foreign = target.list_journals()?.into_iter().filter(|id| *id != own).collect();
    Ok(GuardedTarget { name: name.to_owned(), marker, identity, foreign })
}

/// Tells whether a target holds an operation as committed.
///
/// # Errors
/// What the target says.
pub fn is_committed(target: &mut dyn Target, uid: &Digest) -> Result<bool, TargetError> {
    Ok(target.find_operation(uid)?.is_some_and(|row| row.state == OperationState::Committed))
}

/// Refuses a target that does not hold an operation as committed.
///
/// # Errors
/// [`TargetError::Replaced`], or what the target says.
pub(super) fn check_committed(target: &mut dyn Target, op: u64, uid: &Digest) -> Result<(), EngineError> {
    if is_committed(target, uid)? {
        Ok(())
    } else {
        Err(replaced_error(target, &format!("operation {op} is not in it")))
    }
}

/// Tells whether what a journal says of an operation agrees with what a target holds of it; an open one still may.
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

/// Refuses a target that carries another journal's operations, unless that journal is named.
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

/// Refuses a target that holds what was written off as lost: its faults are there, and the journal counts them as gone.
///
/// Only operations on the identities of a lineage count; all of them where none is given.
///
/// # Errors
/// [`TargetError::Replaced`], or what target and journal say.
pub fn not_written_off(
    journal: &Journal,
    target: &mut dyn Target,
    lineage: Option<&[Digest]>,
) -> Result<(), EngineError> {
    if journal.state().counts.get("gone").is_none_or(|count| *count == 0) {
        return Ok(());
    }
    for row in target.list_operations(&journal.id())? {
        let operation = if row.state == OperationState::Committed { journal.read_operation(row.op)? } else { None };
        let gone = operation.is_some_and(|operation| {
            operation.uid == row.uid
                && operation.verdict == Some(OperationVerdict::Gone)
                && lineage.is_none_or(|lineage| lineage.contains(&operation.target.identity))
        });
        if gone {
            let what =
                format!("it holds operation {}, which was written off; marking it anew takes it as it is", row.op);
            return Err(replaced_error(target, &what));
        }
    }
    Ok(())
}

/// Compares the newest row that this journal left in a target with what the journal says of it.
fn check_not_behind(journal: &Journal, newest: Option<OperationRow>) -> Result<(), EngineError> {
    let Some((row, operation)) = find_newest_held(journal, newest)? else { return Ok(()) };
    if verdict_agrees(operation.verdict, row.state) {
        return Ok(());
    }
    Err(EngineError::JournalBehind { op: row.op, what: "with another verdict".to_owned() })
}

/// Returns the newest row that this journal left in a target, with the operation that the journal holds for it.
///
/// # Errors
/// [`EngineError::JournalBehind`] where it holds none, or another one; or what the journal says.
pub(super) fn find_newest_held(
    journal: &Journal,
    newest: Option<OperationRow>,
) -> Result<Option<(OperationRow, Operation)>, EngineError> {
    let Some(row) = newest else { return Ok(None) };
    let error = |what: &str| Err(EngineError::JournalBehind { op: row.op, what: what.to_owned() });
    match journal.read_operation(row.op)? {
        None => error("which the journal does not hold"),
        Some(operation) if operation.uid != row.uid => error("which in the journal is another one"),
        Some(operation) => Ok(Some((row, operation))),
    }
}

fn replaced_error(target: &dyn Target, what: &str) -> EngineError {
    EngineError::Target(TargetError::Replaced { url: target.url().to_owned(), what: what.to_owned() })
}
