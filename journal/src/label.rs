//! What a fault is called, in the caller's own words; judges none of them.

use serde::{Deserialize, Serialize};

/// What a fault is called, and how bad it would be: the same four words wherever an operation is named.
///
/// Any text may stand in any of them: the journal keeps what it was given and orders nothing by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultLabel {
    /// The tool's name.
    pub tool: String,
    /// The failure mode's id.
    pub mode: String,
    /// The variant's word.
    pub variant: String,
    /// How bad it would be.
    pub severity: String,
}
