//! Conventions: what nearly all records of a database keep is expected of the others. What many break is no convention
//! of that database, and becomes a remark instead of findings.

use super::checks::CheckVerdict;
use super::rules::Size;
use crate::model::Finding;

/// Counts who keeps a convention, and holds the findings of those who do not.
#[derive(Debug, Default)]
pub(super) struct Convention {
    judged: u64,
    broken: u64,
    findings: Vec<Finding>,
}

impl Convention {
    pub(super) const fn keep(&mut self) {
        self.judged += 1;
    }

    pub(super) fn add_breach(&mut self, finding: Finding) {
        self.judged += 1;
        self.broken += 1;
        self.findings.push(finding);
    }

    /// Returns how many were judged so far.
    pub(super) const fn judged(&self) -> u64 {
        self.judged
    }

    /// Tells whether the database keeps it: at least the given percentage does, or all but one.
    #[expect(clippy::cast_precision_loss, reason = "numbers of rows")]
    fn is_kept(&self, agreement: Size) -> bool {
        let kept = (self.judged - self.broken) as f64;
        kept * 100.0 >= self.judged as f64 * agreement.get() || (self.broken == 1 && self.judged > 1)
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
    use crate::model::Severity;

    /// Returns the numbers of findings and remarks of a convention that some keep and some break.
    fn judge(kept: usize, broken: usize) -> (usize, usize) {
        let mut convention = Convention::default();
        (0..kept).for_each(|_| convention.keep());
        for at in 0..broken {
            convention.add_breach(Finding {
                check: "field_energy",
                severity: Severity::Low,
                table: "Site",
                key: Vec::new(),
                related: Vec::new(),
                what: format!("at={at}"),
                message: String::new(),
            });
        }
        let agreement = crate::domains::mosaiq::rules::Rules::standard().prescriptions.agreement;
        let (findings, remarks) = convention.into_parts(agreement, "rows");
        (findings.len(), remarks.len())
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
