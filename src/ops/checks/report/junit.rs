//! The result as JUnit XML: a suite a group, a test case a check; no finding is a test of its own.

use super::{GENERATOR, render_row_name};
use crate::ops::checks::lines::{CheckLine, FindingLine, Outcome};
use crate::ops::render_count;
use crate::ops::report::junit::{self, Ending, Suite, TestCase};

/// How many findings of a check are listed.
const FINDINGS_MAX: usize = 100;

/// Returns the document.
///
/// A test case fails where its check has a finding that makes the exit code 1; what does not count is its output.
pub(super) fn render_document(outcome: &Outcome) -> String {
    let mut groups: Vec<&str> = outcome.checks.iter().map(|check| check.group).collect();
    groups.dedup();
    let suites: Vec<Suite> = groups.into_iter().map(|group| build_suite(outcome, group)).collect();
    junit::render_document(GENERATOR, &suites)
}

fn build_suite(outcome: &Outcome, group: &str) -> Suite {
    let checks = outcome.checks.iter().filter(|check| check.group == group);
    let properties = vec![
        ("target", outcome.target.clone()),
        ("now", outcome.now.clone()),
        ("rules", outcome.rules.source_name()),
        ("rules_sha256", outcome.rules.digest.clone()),
    ];
    let cases = checks.map(|check| build_case(outcome, check)).collect();
    Suite { name: group.to_owned(), properties, cases, output: String::new() }
}

fn failing_findings<'o>(outcome: &'o Outcome, check: &CheckLine) -> impl Iterator<Item = &'o FindingLine> {
    outcome.of_check(check).filter(|finding| outcome.is_failing(finding))
}

fn build_case(outcome: &Outcome, check: &CheckLine) -> TestCase {
    let rest: Vec<&FindingLine> = outcome.of_check(check).filter(|finding| !outcome.is_failing(finding)).collect();
    let output: Vec<String> = check.remarks.iter().cloned().chain(render_findings(&rest)).collect();
    TestCase {
        class: format!("mfm.{}", check.group),
        name: check.id.to_owned(),
        ending: build_ending(outcome, check),
        output: output.join("\n"),
        complaints: String::new(),
    }
}

fn build_ending(outcome: &Outcome, check: &CheckLine) -> Ending {
    if let Some(why) = &check.why {
        return match outcome.fails_not_run(check) {
            true => Ending::Error(Some("not_run"), why.clone()),
            false => Ending::Skipped(why.clone()),
        };
    }
    let failing: Vec<&FindingLine> = failing_findings(outcome, check).collect();
    let Some(worst) = failing.first() else { return Ending::Passed };
    let message = render_count(failing.len() as u64, "violation");
    let mut lines = render_findings(&failing);
    lines.push(format!("To do: {}", check.remedy));
    Ending::Failed { message, kind: Some(worst.severity.word()), text: lines.join("\n") }
}

fn render_findings(findings: &[&FindingLine]) -> Vec<String> {
    let line = |finding: &&FindingLine| {
        let known = if finding.known { " (known)" } else { "" };
        format!("{}{known}, {}: {}", finding.severity.word(), render_row_name(finding), finding.message)
    };
    let mut lines: Vec<String> = findings.iter().take(FINDINGS_MAX).map(line).collect();
    let more = findings.len().saturating_sub(FINDINGS_MAX);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines
}
