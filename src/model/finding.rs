//! Findings of quality checks; knows no check.

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

    /// Returns how bad a fault is, as the text in its label says. What cannot be read counts as the worst.
    #[must_use]
    pub fn of_fault(text: &str) -> Self {
        text.parse::<FaultSeverity>().map_or(Self::Critical, Self::from)
    }

    /// Returns the word that people and programs get.
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
    /// What is wrong for programs: the column or the aspect with its values, the same whatever the message says.
    pub what: String,
    /// What is wrong, with the values.
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
    /// Tells whether the finding names a row, as violating or as taking part.
    #[must_use]
    pub fn names_row(&self, table: &str, key: &[super::Value]) -> bool {
        let same = |t: &str, k: &Key| t.eq_ignore_ascii_case(table) && k == key;
        same(self.table, &self.key) || self.related.iter().any(|(t, k)| same(t, k))
    }
}
