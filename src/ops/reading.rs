//! Queries answered by a target, into a snapshot, and changes out of a journal; knows no single one of them.

use std::ops::ControlFlow;

use mfm_journal::{Change, Journal, Operation};

use super::failure::Failure;
use crate::domain::pause::Pause;
use crate::model::{Fetch, Snapshot};
use crate::targets::Target;

/// Reads what somebody asks for, until nothing more is asked for.
///
/// # Errors
/// What refuses to go on, or what the target says.
pub fn read_through<T>(target: &mut dyn Target, look: impl Fn(&Snapshot) -> Result<T, Pause>) -> Result<T, Failure> {
    let mut snapshot = Snapshot::default();
    loop {
        match look(&snapshot) {
            Ok(seen) => return Ok(seen),
            Err(Pause::Refuse(refusal)) => return Err(refusal.into()),
            Err(Pause::Ask(queries)) => read_into(&mut snapshot, target, queries)?,
        }
    }
}

/// Reads answers into a snapshot.
///
/// # Errors
/// What the target says.
pub fn read_into(
    snapshot: &mut Snapshot,
    target: &mut dyn Target,
    queries: impl IntoIterator<Item = Fetch>,
) -> Result<(), Failure> {
    for query in queries {
        let answer = target.read(&query)?;
        snapshot.add_answer(query, answer)?;
    }
    Ok(())
}

/// Returns all changes of an operation.
///
/// # Errors
/// What the journal says.
pub(super) fn read_changes(journal: &Journal, operation: &Operation) -> Result<Vec<Change>, Failure> {
    let mut out = Vec::new();
    journal.visit_changes(operation, &mut |change| {
        out.push(change);
        ControlFlow::Continue(())
    })?;
    Ok(out)
}
