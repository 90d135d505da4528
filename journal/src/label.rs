//! The label of a fault: the names and the severity that the caller gives it.

use serde::{Deserialize, Serialize};

/// The names of a fault and its severity, the same four texts wherever an operation is described.
///
/// The journal stores them as given and does not interpret them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultLabel {
    /// The tool's name.
    pub tool: String,
    /// The failure mode's id.
    pub mode: String,
    /// The variant's word.
    pub variant: String,
    /// The severity of the fault.
    pub severity: String,
}
