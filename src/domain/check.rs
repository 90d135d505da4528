//! Quality checks: their cards, verdicts and rules, and the port through which several of them share one read of a
//! target.

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

use super::scan::ScanReader;
use crate::model::time::Time;
use crate::model::{Finding, Severity, Snapshot};

/// A check as help texts, reports and rules files show it.
#[derive(Debug)]
pub struct CheckCard {
    /// The check's id, in snake case, stable across versions: rules files and baselines name it.
    pub id: &'static str,
    /// The group it belongs to, one word.
    pub group: &'static str,
    /// The id of the mode it guards against.
    pub mode: &'static str,
    /// How bad a violation is, unless the rules say otherwise.
    pub severity: Severity,
    /// What it looks for, in a sentence.
    pub about: &'static str,
    /// What to do about a violation, in a sentence.
    pub remedy: &'static str,
}

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckVerdict {
    /// It ran.
    Ran {
        /// The number of rows it looked at.
        looked_at: u64,
        /// What it found, in key order.
        findings: Vec<Finding>,
        /// What it could not judge and why, a sentence each. It counts neither as a finding nor as a pass.
        remarks: Vec<String>,
    },
    /// It could not run, which does not count as a pass.
    NotRun {
        /// What was missing, in a sentence.
        why: String,
    },
}

impl CheckVerdict {
    /// Adds remarks to a check that ran; leaves one that did not as it is.
    #[must_use]
    pub fn with_remarks(mut self, more: Vec<String>) -> Self {
        if let Self::Ran { remarks, .. } = &mut self {
            remarks.extend(more);
        }
        self
    }
}

/// Limits that a domain's checks judge by, read from a rules file. Only the domain knows their type.
pub trait Rules: Debug + Send + Sync {
    /// Returns all limits, defaults filled in, as JSON.
    fn to_json(&self) -> serde_json::Value;
    /// Returns all limits, defaults filled in, as the text of a rules file.
    fn to_toml(&self) -> String;
    /// Tells whether the rules leave a check switched on, by its id.
    fn is_enabled(&self, check: &str) -> bool;
    /// Returns the severity that replaces a check's own one; `None` where the card's counts.
    fn severity_override(&self, check: &str) -> Option<Severity>;
    /// Returns the concrete type, for the domain that made it to downcast.
    fn as_any(&self) -> &dyn Any;
}

/// Why a rules file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", line.map(|line| format!("line {line}: ")).unwrap_or_default())]
pub struct RulesError {
    /// The line of the file, from 1; `None` where the error has no place in it.
    pub line: Option<usize>,
    /// What is wrong, in a sentence.
    pub message: String,
    /// The known word nearest to an unknown one.
    pub nearest: Option<String>,
}

/// What checks judge rows by, apart from the rows themselves.
#[derive(Clone, Debug)]
pub struct CheckParams {
    /// The target's wall clock: a later time in a row is in the future.
    pub now: Time,
    /// Limits, and which checks run.
    pub rules: Arc<dyn Rules>,
}

/// A table that checks read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckTable {
    /// The table.
    pub table: &'static str,
    /// The columns that the requested checks read, all together.
    pub columns: Vec<&'static str>,
    /// The columns that a report shows of its rows, in this order.
    pub shown: Vec<&'static str>,
    /// Whether it is small enough that its rows are kept in memory while the checks run.
    pub held: bool,
}

/// Running checks: they ask for scans, and return their verdicts once all scans have been read.
pub trait CheckRun: ScanReader {
    /// Returns one verdict a check, in the order of the request, and the facts that pictures are made from.
    fn finish(self: Box<Self>) -> CheckResults;
}

/// The results of a check run.
pub struct CheckResults {
    /// One verdict a check, in the order of the request.
    pub verdicts: Vec<CheckVerdict>,
    /// What was gathered while reading; the domain's painter downcasts it.
    pub gathered: Box<dyn Any>,
}

/// The input of a check run.
pub struct CheckRequest<'a> {
    /// The checks to run; the verdicts come in the same order.
    pub checks: &'a [&'static CheckCard],
    /// The declarations of the tables that these checks read, and the rows of those with [`CheckTable::held`].
    pub declared: &'a Snapshot,
    /// The clock and the rules to judge by.
    pub params: &'a CheckParams,
}
