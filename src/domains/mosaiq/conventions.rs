//! Conventions: what nearly all records of a database keep is expected of the others. What many break is no convention
//! of that database, and becomes a remark instead of findings.

use std::collections::BTreeSet;

use super::checks::CheckVerdict;
use super::rules::Size;
use crate::model::{Finding, Key};

/// Counts who keeps a convention, and holds the findings of those who do not.
#[derive(Debug, Default)]
pub(super) struct Convention {
    judged: u64,
    broken: u64,
    /// The records whose change would explain the breaches: one prescription, say, that none of its fields fits.
    causes: BTreeSet<Key>,
    findings: Vec<Finding>,
}

impl Convention {
    pub(super) const fn keep(&mut self) {
        self.judged += 1;
    }

    pub(super) fn add_breach(&mut self, finding: Finding) {
        self.add_breach_of(finding.key.clone(), finding);
    }

    /// Adds a breach that an error in another record, such as the prescription of a field, would explain.
    pub(super) fn add_breach_of(&mut self, cause: Key, finding: Finding) {
        self.judged += 1;
        self.broken += 1;
        self.causes.insert(cause);
        self.findings.push(finding);
    }

    /// Returns how many were judged so far.
    pub(super) const fn judged(&self) -> u64 {
        self.judged
    }

    /// Tells whether the database keeps it: at least the given percentage does, or all but one cause.
    #[expect(clippy::cast_precision_loss, reason = "numbers of rows")]
    fn is_kept(&self, agreement: Size) -> bool {
        let kept = (self.judged - self.broken) as f64;
        kept * 100.0 >= self.judged as f64 * agreement.get() || (self.causes.len() == 1 && kept > 0.0)
    }

    /// Returns the findings, or a remark that begins with the numbers and goes on with `what`, such as `prescriptions
    /// differ from the sum of their fields`.
    pub(super) fn into_parts(self, agreement: Size, what: &str) -> (Vec<Finding>, Vec<String>) {
        if self.broken == 0 || self.is_kept(agreement) {
            return (self.findings, Vec::new());
        }
        let Self { judged, broken, .. } = self;
        let remark = format!(
            "{broken} of {judged} {what}: where fewer than {agreement} % agree, the check takes it for the way of this \
                database and reports none"
        );
        (Vec::new(), vec![remark])
    }

    /// Returns the verdict of a check of one convention.
    pub(super) fn into_verdict(self, agreement: Size, what: &str) -> CheckVerdict {
        let looked_at = self.judged;
        let (mut findings, remarks) = self.into_parts(agreement, what);
        findings.sort();
        CheckVerdict::Ran { looked_at, findings, remarks }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domains::mosaiq::rules::Rules;
    use crate::model::{Severity, Value};

    fn build_finding(at: usize) -> Finding {
        Finding {
            check: "field_energy",
            severity: Severity::Low,
            table: "Site",
            key: vec![Value::Integer(i64::try_from(at).unwrap())],
            related: Vec::new(),
            what: format!("at={at}"),
            message: String::new(),
        }
    }

    /// Returns the numbers of findings and remarks of a convention that some keep and some break.
    fn judge(kept: usize, broken: usize) -> (usize, usize) {
        let mut convention = Convention::default();
        (0..kept).for_each(|_| convention.keep());
        for at in 0..broken {
            convention.add_breach(build_finding(at));
        }
        let agreement = Rules::standard().prescriptions.agreement;
        let (findings, remarks) = convention.into_parts(agreement, "rows");
        (findings.len(), remarks.len())
    }

    #[test]
    fn what_one_record_explains_is_one_breach() {
        for (causes, expected) in [([7_i64, 7, 7], (3, 0)), ([7, 7, 8], (0, 1))] {
            let mut convention = Convention::default();
            convention.keep();
            for (at, cause) in causes.into_iter().enumerate() {
                convention.add_breach_of(vec![Value::Integer(cause)], build_finding(at));
            }
            let agreement = Rules::standard().prescriptions.agreement;
            let (findings, remarks) = convention.into_parts(agreement, "rows");
            assert_eq!((findings.len(), remarks.len()), expected, "{causes:?}");
        }
    }

    #[test]
    fn what_many_break_is_no_convention() {
        for (kept, broken, expected) in [
            (0, 0, (0, 0)),
            (100, 0, (0, 0)),
            (95, 5, (5, 0)),
            (94, 6, (0, 1)),
            (1, 1, (1, 0)),
            (1, 2, (0, 1)),
            // A single record tells nothing about the others.
            (0, 1, (0, 1)),
        ] {
            assert_eq!(judge(kept, broken), expected, "{kept} kept, {broken} broken");
        }
    }
}
