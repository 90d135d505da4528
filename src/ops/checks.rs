//! Running the quality checks on a target: reads the tables they ask for, and hands their findings on.

use std::collections::BTreeSet;

use super::failure::Failure;
use super::select::read_tables;
use crate::model::{Finding, Query};
use crate::mosaiq::checks::{CHECKS, Card, Terms, Verdict};
use crate::target::Target;

/// What one check says.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The check.
    pub card: &'static Card,
    /// Its verdict.
    pub verdict: Verdict,
}

impl Checked {
    /// Returns what the check found; nothing where it could not run.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        match &self.verdict {
            Verdict::Ran { findings, .. } => findings,
            Verdict::NotRun { .. } => &[],
        }
    }
}

/// Runs every check, each table read once.
///
/// # Errors
/// What the target says.
pub fn run(target: &mut dyn Target, terms: &Terms) -> Result<Vec<Checked>, Failure> {
    let queries: BTreeSet<Query> = CHECKS.iter().flat_map(|check| check.needs()).collect();
    let snapshot = read_tables(target, &queries)?;
    Ok(CHECKS.iter().map(|check| Checked { card: check.card(), verdict: check.run(&snapshot, terms) }).collect())
}

/// Returns the findings that were not there before, each with its check.
#[must_use]
pub fn new_findings(before: &[Checked], after: &[Checked]) -> Vec<Finding> {
    let known: BTreeSet<&Finding> = before.iter().flat_map(Checked::findings).collect();
    after.iter().flat_map(Checked::findings).filter(|finding| !known.contains(finding)).cloned().collect()
}
