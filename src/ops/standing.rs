//! Which operations that stand on a target were made for one purpose: by a campaign, or by a drill; reads the journal.

use mfm_journal::Journal;
use serde_json::Value as Json;

use super::failure::Failure;

/// An operation that stands, and what it was made for.
#[derive(Clone, Debug, PartialEq)]
pub struct StandingOperation {
    /// The operation that carries the rows now.
    pub op: u64,
    /// The operation that first changed them: the same, unless its revert was reverted.
    pub origin: u64,
    /// What its entry says of its purpose.
    pub mark: Json,
}

/// Returns the active operations of a target whose entries carry a mark of this name, oldest first.
///
/// # Errors
/// What the journal says.
pub fn list_standing(journal: &Journal, target: &str, name: &str) -> Result<Vec<StandingOperation>, Failure> {
    let mut out = Vec::new();
    for (op, _) in journal.state().active_on(target) {
        let mut operation = journal.read_operation(op)?;
        while let Some(reverts) = operation.as_ref().and_then(|operation| operation.reverts) {
            operation = journal.read_operation(reverts)?;
        }
        let Some(origin) = operation else { continue };
        out.extend(origin.detail.get(name).map(|mark| StandingOperation { op, origin: origin.op, mark: mark.clone() }));
    }
    Ok(out)
}
