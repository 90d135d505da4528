//! Quality checks: what one is, what it says, and how several of them read a target together; reads nothing itself.

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

use super::scan::ScanReader;
use crate::model::time::Time;
use crate::model::{Finding, Severity, Snapshot};

/// What a check is.
#[derive(Debug)]
pub struct CheckCard {
    /// The check's id.
    pub id: &'static str,
    /// The group it belongs to.
    pub group: &'static str,
    /// The id of the mode it guards against.
    pub mode: &'static str,
    /// How bad a violation is.
    pub severity: Severity,
    /// What it looks for, in a sentence.
    pub about: &'static str,
    /// What to do about a violation, in a sentence.
    pub remedy: &'static str,
}

/// What a check says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckVerdict {
    /// It ran.
    Ran {
        /// How many rows it looked at.
        looked_at: u64,
        /// What it found, in key order.
        findings: Vec<Finding>,
        /// What it left unjudged and why, a sentence each: no finding, and no pass.
        remarks: Vec<String>,
    },
    /// It could not run, which is no pass.
    NotRun {
        /// What was missing.
        why: String,
    },
}

impl CheckVerdict {
    /// Adds what was left unjudged, where it ran.
    #[must_use]
    pub fn with_remarks(mut self, more: Vec<String>) -> Self {
        if let Self::Ran { remarks, .. } = &mut self {
            remarks.extend(more);
        }
        self
    }
}

/// Limits that a domain's checks judge by, read from a rules file; only the domain knows what they are.
pub trait Rules: Debug + Send + Sync {
    /// Returns all of them, defaults filled in, as JSON.
    fn to_json(&self) -> serde_json::Value;
    /// Returns all of them as a rules file.
    fn to_toml(&self) -> String;
    /// Tells whether a check runs.
    fn is_enabled(&self, check: &str) -> bool;
    /// Returns the severity that a check's findings have instead of their own.
    fn severity_override(&self, check: &str) -> Option<Severity>;
    /// Returns them for the domain that made them.
    fn as_any(&self) -> &dyn Any;
}

/// Why a rules file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", line.map(|line| format!("line {line}: ")).unwrap_or_default())]
pub struct RulesError {
    /// The line, from 1, where one is to blame.
    pub line: Option<usize>,
    /// What is wrong.
    pub message: String,
    /// The word that was probably meant.
    pub nearest: Option<String>,
}

/// What checks hold rows against, beside the rows themselves.
#[derive(Clone, Debug)]
pub struct CheckParams {
    /// The target's wall clock: nothing lies after it.
    pub now: Time,
    /// Limits, and which checks run.
    pub rules: Arc<dyn Rules>,
}

/// A table that checks read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckTable {
    /// The table.
    pub table: &'static str,
    /// The columns that any check reads.
    pub columns: Vec<&'static str>,
    /// Those that a report shows of its rows, in this order.
    pub shown: Vec<&'static str>,
    /// Whether it is small, and its rows are held whole while the checks run.
    pub held: bool,
}

/// Checks at work: they ask for scans, and say what they found once all have been read.
pub trait CheckRun: ScanReader {
    /// Returns what each check says, in the order in which they were asked for, and what pictures can be made from.
    fn finish(self: Box<Self>) -> CheckResults;
}

/// What checks say.
pub struct CheckResults {
    /// One verdict a check.
    pub verdicts: Vec<CheckVerdict>,
    /// What was gathered on the way, for the domain's own pictures.
    pub gathered: Box<dyn Any>,
}

/// What a domain's checks are run with.
pub struct CheckRequest<'a> {
    /// Which checks, in this order.
    pub checks: &'a [&'static CheckCard],
    /// The declarations of the tables that these checks read, and the rows of those that are held.
    pub declared: &'a Snapshot,
    /// Clock and rules.
    pub params: &'a CheckParams,
}
