//! Lists a target's active operations that were made for one purpose: by a campaign, or by a drill.

use mfm_journal::Journal;
use serde_json::Value as Json;

use super::failure::Failure;

/// An active operation with the note on its purpose.
#[derive(Clone, Debug, PartialEq)]
pub struct StandingOperation {
    /// The operation that now carries the rows.
    pub op: u64,
    /// The operation that first changed them: the same, unless its revert was reverted.
    pub origin: u64,
    /// The note on its purpose, from the entry of the first operation.
    pub mark: Json,
}

/// Returns the active operations of a target whose entries carry a mark of this name, oldest first.
///
/// # Errors
/// A journal error.
pub fn list_standing(journal: &Journal, target: &str, name: &str) -> Result<Vec<StandingOperation>, Failure> {
    let mut out = Vec::new();
    for (op, _) in journal.state().active_on(target) {
        // A revert of a revert carries no note; the apply at the end of the chain does.
        let mut operation = journal.read_operation(op)?;
        while let Some(reverts) = operation.as_ref().and_then(|operation| operation.reverts) {
            operation = journal.read_operation(reverts)?;
        }
        let Some(origin) = operation else { continue };
        out.extend(origin.detail.get(name).map(|mark| StandingOperation { op, origin: origin.op, mark: mark.clone() }));
    }
    Ok(out)
}
