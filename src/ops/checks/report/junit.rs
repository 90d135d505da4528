//! The result as JUnit XML: a suite per group, a test case per check; findings are the text of its failure.

use super::{GENERATOR, render_row_name};
use crate::ops::checks::lines::{CheckLine, FindingLine, Outcome};
use crate::ops::render_count;
use crate::ops::report::junit::{self, Ending, Suite, TestCase};

/// Maximum number of findings listed per check: readers of JUnit reports show the whole text of a failure.
const FINDINGS_MAX: usize = 100;

/// Returns the document.
///
/// A test case fails where its check has a finding that makes the exit code 1; other findings become its output.
pub(super) fn render_document(outcome: &Outcome) -> String {
    // The checks of a group need not stand next to each other.
    let mut groups: Vec<&str> = Vec::new();
    for check in &outcome.checks {
        if !groups.contains(&check.group) {
            groups.push(check.group);
        }
    }
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
    let passing: Vec<&FindingLine> = outcome.of_check(check).filter(|finding| !outcome.is_failing(finding)).collect();
    let output: Vec<String> = check.remarks.iter().cloned().chain(render_findings(&passing)).collect();
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
        // Readers do not count a skipped test case as a failure, so one that must run is an error.
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
    let mut lines = Vec::new();
    for finding in findings.iter().take(FINDINGS_MAX) {
        let known = if finding.known { " (known)" } else { "" };
        lines.push(format!("{}{known}, {}: {}", finding.severity.word(), render_row_name(finding), finding.message));
    }
    let further = findings.len().saturating_sub(FINDINGS_MAX);
    if further > 0 {
        lines.push(format!("and {further} more"));
    }
    lines
}
