//! How well the values that a fault overwrote could be restored from the database itself, without the journal.

use serde::{Deserialize, Serialize};

/// How well the original could be restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RepairExtent {
    /// Exactly, always.
    Exactly,
    /// Exactly, but only where another row happens to hold the value.
    Sometimes,
    /// To an approximate value.
    Approximately,
    /// Not at all.
    Not,
}

/// How well the original could be restored, and from where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Repair {
    /// How well it could be restored.
    pub extent: RepairExtent,
    /// The source of the value: `row` (the row itself), `other_row` (of the same table), `other_table`, or `outside`
    /// the database.
    pub source: &'static str,
    /// Why, in a sentence.
    pub why: &'static str,
}
