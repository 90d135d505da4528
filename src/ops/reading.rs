//! Reads rows of a target into a snapshot, as pure code asks for them, and changes from the journal.

use std::ops::ControlFlow;

use mfm_journal::{Change, Journal, Operation};

use super::failure::Failure;
use crate::domain::pause::Pause;
use crate::model::{Fetch, Snapshot};
use crate::targets::Target;

/// Runs a pure computation on a snapshot, and reads what it asks for, until it has all the rows that it needs.
///
/// The computation starts from the beginning after each read, so it must be cheap next to reading.
///
/// # Errors
/// The refusal of the computation, or a target error.
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

/// Reads the rows of some fetches into a snapshot.
///
/// # Errors
/// A target error.
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

/// Reads all changes of an operation into memory.
///
/// # Errors
/// A journal error.
pub(super) fn read_changes(journal: &Journal, operation: &Operation) -> Result<Vec<Change>, Failure> {
    let mut out = Vec::new();
    journal.visit_changes(operation, &mut |change| {
        out.push(change);
        ControlFlow::Continue(())
    })?;
    Ok(out)
}
