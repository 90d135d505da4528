//! The result as JUnit XML: a suite a group, a test case a check; no finding is a test of its own.

use super::{GENERATOR, place};
use crate::ops::checks::lines::{CheckLine, FindingLine, Outcome, Status};
use crate::ops::count;
use crate::ops::markup::escape;

/// How many findings of a check are listed.
const FINDINGS_MAX: usize = 100;

/// Returns the document.
///
/// A test case fails where its check has a finding that makes the exit code 1; what does not count is its output.
pub(super) fn text(outcome: &Outcome) -> String {
    let mut groups: Vec<&str> = outcome.checks.iter().map(|check| check.group).collect();
    groups.dedup();
    let suites: Vec<Suite> = groups.into_iter().map(|group| suite(outcome, group)).collect();
    let total = |of: fn(&Suite) -> usize| suites.iter().map(of).sum::<usize>();
    let mut out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    let numbers = numbers(
        [total(|suite| suite.tests), total(|suite| suite.failures)],
        [total(|suite| suite.errors), total(|suite| suite.skipped)],
    );
    out += &format!("<testsuites name=\"{GENERATOR}\" {numbers}>\n");
    out.extend(suites.into_iter().map(|suite| suite.text));
    out + "</testsuites>\n"
}

/// The checks of a group.
struct Suite {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
    text: String,
}

fn numbers([tests, failures]: [usize; 2], [errors, skipped]: [usize; 2]) -> String {
    format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\"")
}

fn suite(outcome: &Outcome, group: &str) -> Suite {
    let checks: Vec<&CheckLine> = outcome.checks.iter().filter(|check| check.group == group).collect();
    let failures = checks.iter().filter(|check| failing(outcome, check).next().is_some()).count();
    let errors = checks.iter().filter(|check| outcome.fails_not_run(check)).count();
    let skipped = checks.iter().filter(|check| check.status == Status::NotRun).count() - errors;
    let numbers = numbers([checks.len(), failures], [errors, skipped]);
    let mut text = format!("  <testsuite name=\"{}\" {numbers}>\n    <properties>\n", escape(group));
    let rules = outcome.rules.place();
    let properties = [
        ("target", &outcome.target),
        ("now", &outcome.now),
        ("rules", &rules),
        ("rules_sha256", &outcome.rules.digest),
    ];
    for (name, value) in properties {
        text += &format!("      <property name=\"{name}\" value=\"{}\"/>\n", escape(value));
    }
    text += "    </properties>\n";
    text.extend(checks.iter().map(|check| case(outcome, check)));
    Suite { tests: checks.len(), failures, errors, skipped, text: text + "  </testsuite>\n" }
}

fn failing<'o>(outcome: &'o Outcome, check: &CheckLine) -> impl Iterator<Item = &'o FindingLine> {
    outcome.of_check(check).filter(|finding| outcome.fails(finding))
}

fn case(outcome: &Outcome, check: &CheckLine) -> String {
    let mut inside = String::new();
    if let Some(why) = &check.why {
        let what = if outcome.fails_not_run(check) { "error type=\"not_run\"" } else { "skipped" };
        inside += &format!("      <{what} message=\"{}\"/>\n", escape(why));
    }
    let failing: Vec<&FindingLine> = failing(outcome, check).collect();
    if let Some(worst) = failing.first() {
        let message = count(failing.len() as u64, "violation");
        let mut lines = listed(&failing);
        lines.push(format!("To do: {}", check.remedy));
        let text = escape(&lines.join("\n"));
        inside +=
            &format!("      <failure message=\"{message}\" type=\"{}\">{text}</failure>\n", worst.severity.word());
    }
    let rest: Vec<&FindingLine> = outcome.of_check(check).filter(|finding| !outcome.fails(finding)).collect();
    let lines: Vec<String> = check.remarks.iter().cloned().chain(listed(&rest)).collect();
    if !lines.is_empty() {
        inside += &format!("      <system-out>{}</system-out>\n", escape(&lines.join("\n")));
    }
    let start = format!("    <testcase name=\"{}\" classname=\"mfm.{}\"", escape(check.id), escape(check.group));
    if inside.is_empty() { start + "/>\n" } else { format!("{start}>\n{inside}    </testcase>\n") }
}

fn listed(findings: &[&FindingLine]) -> Vec<String> {
    let line = |finding: &&FindingLine| {
        let known = if finding.known { " (known)" } else { "" };
        format!("{}{known}, {}: {}", finding.severity.word(), place(finding), finding.message)
    };
    let mut lines: Vec<String> = findings.iter().take(FINDINGS_MAX).map(line).collect();
    let more = findings.len().saturating_sub(FINDINGS_MAX);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines
}
