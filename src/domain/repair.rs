//! How well what a fault overwrote could be had from the database itself, without the journal.

use serde::{Deserialize, Serialize};

/// How well the original could be restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RepairExtent {
    /// Exactly.
    Exactly,
    /// Exactly where another row happens to hold it.
    Sometimes,
    /// Nearly.
    Approximately,
    /// Not at all.
    Not,
}

/// Whether, and from where, the original could be restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Repair {
    /// How well.
    pub extent: RepairExtent,
    /// From where: `row` (the row itself), `other_row` (of the same table), `other_table`, or `outside` the database.
    pub source: &'static str,
    /// Why, in a sentence.
    pub why: &'static str,
}
