//! Findings of quality checks, and their severities.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{FaultSeverity, Key};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth a look.
    Low,
    /// Wrong, with a limited effect.
    Medium,
    /// Wrong, and treatment may be affected.
    High,
    /// A patient may be harmed.
    Critical,
}

impl Severity {
    /// Every severity, the worst first.
    pub const WORST_FIRST: [Self; 4] = [Self::Critical, Self::High, Self::Medium, Self::Low];

    /// Converts a fault's severity, decimal text from 0 to 3. Text that cannot be parsed counts as critical.
    #[must_use]
    pub fn of_fault(text: &str) -> Self {
        text.parse::<FaultSeverity>().map_or(Self::Critical, Self::from)
    }

    /// Returns the word for people and programs, in lower case.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// The quarters of the scale of faults.
impl From<FaultSeverity> for Severity {
    fn from(severity: FaultSeverity) -> Self {
        match severity.level() {
            level if level < 0.75 => Self::Low,
            level if level < 1.5 => Self::Medium,
            level if level < 2.25 => Self::High,
            _ => Self::Critical,
        }
    }
}

/// One violation that a check reports.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The check's id.
    pub check: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The table of the violating row.
    pub table: &'static str,
    /// The violating row's key, or the key of the record whose rows are missing.
    pub key: Key,
    /// Other rows that take part, as (table, key).
    pub related: Vec<(&'static str, Key)>,
    /// What is wrong, for programs: the column or aspect with its values. It stays the same when messages are reworded.
    pub what: String,
    /// What is wrong, for people, with the values.
    pub message: String,
}

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// For programs, as [`Finding::what`].
    pub what: String,
    /// For people, as [`Finding::message`].
    pub message: String,
}

impl Finding {
    /// Tells whether the finding names a row, as the violating or as a related one; the table ignoring case.
    #[must_use]
    pub fn names_row(&self, table: &str, key: &[super::Value]) -> bool {
        let mut rows = std::iter::once((self.table, &self.key)).chain(self.related.iter().map(|(t, k)| (*t, k)));
        rows.any(|(row_table, row_key)| row_table.eq_ignore_ascii_case(table) && row_key == key)
    }
}
