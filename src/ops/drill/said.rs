//! A command's answer on a target, and its verdict by comparison with its answer on the untouched data.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::matrix::DetectionVerdict;

/// A verdict, the new signs, those of other rows than the fault's, and why there is no verdict.
pub type JudgedAnswer = (DetectionVerdict, Vec<String>, Vec<String>, Option<NoVerdict>);

/// How a command reports what it found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Judge {
    /// By its exit code: 0 for nothing, 1 (or --found-codes) for something
    #[default]
    ExitCode,
    /// By a JUnit XML report: every failed or erroneous test case is a finding
    Junit,
    /// By a SARIF report: every result is a finding
    Sarif,
    /// By lines of JSON: {"noticed": true}, or {"findings": ["..."]}
    Json,
}

impl Judge {
    /// Returns the word for it on the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::ExitCode => "exit-code",
            Self::Junit => "junit",
            Self::Sarif => "sarif",
            Self::Json => "json",
        }
    }
}

/// Why a run gave no verdict, in two parts: only the first may be journaled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoVerdict {
    /// The reason in mfm's own words, without output of the command or data of the target.
    pub why: String,
    /// Details, which may quote the command.
    pub more: Option<String>,
}

impl NoVerdict {
    /// Returns a reason without details.
    pub fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), more: None }
    }

    /// Returns a reason with details.
    pub fn with_detail(why: impl Into<String>, more: impl Into<String>) -> Self {
        Self { why: why.into(), more: Some(more.into()) }
    }
}

impl fmt::Display for NoVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.more {
            None => f.write_str(&self.why),
            Some(more) => write!(f, "{}: {more}", self.why),
        }
    }
}

/// Identifies a finding or a test between runs: its suite, empty where there is none, and its name.
type FindingName = (String, String);

/// The findings or tests that a report names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamedFindings {
    /// Findings and failed tests, each with the number of times it is named.
    found: BTreeMap<FindingName, u64>,
    /// Tests that passed.
    passed: BTreeSet<FindingName>,
    /// Number of parts of the report: lines, runs or test cases.
    pub answers: u64,
    /// The names of all checks that ran, where the report lists them beside its findings.
    declared: BTreeSet<String>,
    /// Whether the report names every test that ran, rather than findings alone.
    of_tests: bool,
}

impl NamedFindings {
    /// Returns an empty report that names every test.
    #[must_use]
    pub fn of_tests() -> Self {
        Self { of_tests: true, ..Self::default() }
    }

    /// Adds a finding, or a test that failed; `suite` is empty where there is none.
    pub fn add_finding(&mut self, suite: &str, name: String) {
        *self.found.entry((suite.to_owned(), name)).or_default() += 1;
    }

    /// Adds a test that passed.
    pub fn add_passed(&mut self, suite: &str, name: String) {
        self.passed.insert((suite.to_owned(), name));
    }

    /// Adds the name of a check that ran, whatever it found.
    pub fn declare_check(&mut self, name: String) {
        self.declared.insert(name);
    }

    /// Returns the names of all checks that ran; `None` where the report does not tell.
    #[must_use]
    pub fn list_checks(&self) -> Option<BTreeSet<String>> {
        if !self.declared.is_empty() {
            return Some(self.declared.clone());
        }
        let tests = self.found.keys().chain(&self.passed);
        self.of_tests.then(|| tests.map(|(_, name)| self.check_of(name)).collect())
    }

    /// Returns the check that a finding or a test belongs to: the check that the report lists and the finding begins
    /// with; a test without its parameters; else what stands before the first colon or space.
    #[must_use]
    pub fn check_of(&self, name: &str) -> String {
        if self.of_tests {
            return name.split('[').next().unwrap_or(name).to_owned();
        }
        let declared = self.declared.iter().filter(|check| name.starts_with(check.as_str()));
        if let Some(longest) = declared.max_by_key(|check| check.len()) {
            return longest.clone();
        }
        name.split([':', ' ']).next().filter(|word| !word.is_empty()).unwrap_or(name).to_owned()
    }

    /// Returns the tests that failed on the untouched data and fail still: whatever else they would find is not new.
    #[must_use]
    pub fn list_still_failing(&self, clean: &Self) -> Vec<String> {
        let still = clean.found.keys().filter(|name| self.of_tests && self.found.contains_key(*name));
        let checks: BTreeSet<String> = still.map(|(_, name)| self.check_of(name)).collect();
        checks.into_iter().collect()
    }

    /// Returns the number of different findings.
    #[must_use]
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// Returns whether there are no findings.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Returns the names of the findings, without their suites.
    pub fn finding_names(&self) -> impl Iterator<Item = &str> {
        self.found.keys().map(|(_, name)| name.as_str())
    }

    /// Returns whether tests of this name both failed and passed, so that the name identifies no single test.
    fn is_torn(&self, name: &FindingName) -> bool {
        self.found.contains_key(name) && self.passed.contains(name)
    }

    /// Returns the findings that the report on the untouched data does not have, by names that identify them.
    fn new_against(&self, clean: &Self) -> Vec<String> {
        let new = self.found.keys().filter(|name| !clean.found.contains_key(*name) && !self.is_torn(name));
        distinct_names(new.map(|(_, name)| name.as_str()))
    }

    /// Returns in what a report without new findings is incomplete compared with the one on the untouched data.
    fn find_shortfall(&self, clean: &Self) -> Option<NoVerdict> {
        let torn = [self, clean].into_iter().find_map(|one| one.found.keys().find(|name| one.is_torn(name)));
        if let Some((_, name)) = torn {
            return Some(NoVerdict::with_detail(
                "a test of one name failed and passed, so the name tells no test",
                name,
            ));
        }
        let more = self.found.iter().find(|(name, times)| clean.found.get(*name).is_some_and(|before| before < *times));
        if let Some(((_, name), times)) = more {
            let why = format!("a finding is named {times} times, more than on the untouched data, so which is new");
            return Some(NoVerdict::with_detail(why + " cannot be told", name));
        }
        // A finding may go away with the data; a test must still run. So only tests can be lost.
        let failed = clean.found.keys().filter(|_| clean.of_tests);
        let mut lost: Vec<&FindingName> = clean.passed.iter().chain(failed).collect();
        lost.retain(|name| !self.found.contains_key(*name) && !self.passed.contains(*name));
        if let Some((_, name)) = lost.first() {
            let why = format!("of the tests of the untouched data, {} did not run", lost.len());
            return Some(NoVerdict::with_detail(why, format!("the first is {name}")));
        }
        if let Some(check) = clean.declared.iter().find(|check| !self.declared.contains(*check)) {
            let why = "a check of the untouched data did not run";
            return Some(NoVerdict::with_detail(why, check));
        }
        // Findings that are gone explain missing parts of the report; more parts than that were lost.
        let fewer = clean.answers.saturating_sub(self.answers);
        let gone = clean.found.iter().map(|(name, times)| times.saturating_sub(self.found.get(name).map_or(0, |n| *n)));
        if fewer > gone.sum() {
            let (now, before) = (self.answers, clean.answers);
            let why = format!("its report has {now} parts, and had {before} on the untouched data");
            return Some(NoVerdict::new(why));
        }
        None
    }
}

fn distinct_names<'n>(names: impl Iterator<Item = &'n str>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    names.filter(|name| seen.insert(*name)).map(str::to_owned).collect()
}

/// The answer of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandAnswer {
    /// It named its findings; there may be none.
    Named(NamedFindings),
    /// It found nothing.
    Nothing,
    /// It found something without naming it.
    Something,
    /// It gave no answer, for this reason.
    Untold(NoVerdict),
}

/// The answer of a command, and the exit code that must not contradict it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandResult {
    /// The answer.
    pub said: CommandAnswer,
    /// The exit code; `None` where it is the answer itself, or there is none.
    pub code: Option<i32>,
}

impl CommandResult {
    /// Returns a run that gave no answer.
    pub(super) const fn unanswered(why: NoVerdict) -> Self {
        Self { said: CommandAnswer::Untold(why), code: None }
    }
}

const fn no_verdict(why: NoVerdict) -> JudgedAnswer {
    (DetectionVerdict::CouldNotTell, Vec::new(), Vec::new(), Some(why))
}

const fn caught(signs: Vec<String>) -> JudgedAnswer {
    (DetectionVerdict::Caught, signs, Vec::new(), None)
}

/// Judges an answer by comparison with the one on the untouched data.
///
/// Findings that were there before do not count. An answer that is incomplete or contradicts itself gives no verdict.
#[must_use]
pub fn judge_answer(clean: &CommandResult, now: &CommandResult, found_codes: &[u8]) -> JudgedAnswer {
    if let (_, CommandAnswer::Untold(why)) | (CommandAnswer::Untold(why), _) = (&clean.said, &now.said) {
        return no_verdict(why.clone());
    }
    if let Some(why) = find_failure(clean, now, found_codes) {
        return no_verdict(why);
    }
    let doubt = match (&clean.said, &now.said) {
        (CommandAnswer::Untold(_), _) | (_, CommandAnswer::Untold(_)) => None,
        (CommandAnswer::Something, _) => return no_verdict(NoVerdict::new(SAME)),
        (CommandAnswer::Named(before), CommandAnswer::Something) if !before.is_empty() => {
            return no_verdict(NoVerdict::new(SAME));
        }
        (_, CommandAnswer::Something) => return caught(Vec::new()),
        (CommandAnswer::Named(before), CommandAnswer::Named(report)) => {
            let new = report.new_against(before);
            if !new.is_empty() {
                return caught(new);
            }
            report.find_shortfall(before)
        }
        (CommandAnswer::Nothing, CommandAnswer::Named(report)) if !report.is_empty() => {
            return caught(distinct_names(report.finding_names()));
        }
        (_, CommandAnswer::Nothing) | (CommandAnswer::Nothing, CommandAnswer::Named(_)) => None,
    };
    // Only what would count as missed can be doubted: a named new finding is a catch, whatever else the answer lacks.
    match doubt.or_else(|| find_contradiction(clean, now)) {
        Some(why) => no_verdict(why),
        None => (DetectionVerdict::Missed, Vec::new(), Vec::new(), None),
    }
}

/// Why a command cannot be tried that reports something on the untouched data without naming it.
pub(super) const SAME: &str = "it found something on the untouched data, and does not say what";

/// Returns a reason where the exit code means neither nothing nor something found, and is not that of the first run.
fn find_failure(clean: &CommandResult, now: &CommandResult, found_codes: &[u8]) -> Option<NoVerdict> {
    let code = now.code.filter(|code| *code != 0 && now.code != clean.code)?;
    if u8::try_from(code).is_ok_and(|code| found_codes.contains(&code)) {
        return None;
    }
    let why = format!("it ended with exit code {code}, which is not among the codes that say something was found");
    Some(NoVerdict::new(why))
}

/// Returns a reason where the exit code differs from that of the first run, although nothing new is named.
fn find_contradiction(clean: &CommandResult, now: &CommandResult) -> Option<NoVerdict> {
    let (before, code) = (clean.code?, now.code?);
    let quiet = match &now.said {
        CommandAnswer::Named(found) => found.is_empty(),
        said => *said == CommandAnswer::Nothing,
    };
    // A command that stops finding what the fault removed ends with 0, and that is consistent.
    if code == before || (code == 0 && quiet) {
        return None;
    }
    let why = format!("it ended with exit code {code}, and with {before} on the untouched data, yet names nothing new");
    Some(NoVerdict::new(why))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report_naming(words: &[&str]) -> CommandAnswer {
        let mut named = NamedFindings::default();
        words.iter().for_each(|word| named.add_finding("", (*word).to_owned()));
        named.answers = 1;
        CommandAnswer::Named(named)
    }

    fn judge_said(clean: &CommandAnswer, now: &CommandAnswer) -> DetectionVerdict {
        judge_with_codes(clean, 0, now, 0)
    }

    fn judge_with_codes(clean: &CommandAnswer, before: i32, now: &CommandAnswer, code: i32) -> DetectionVerdict {
        let heard = |said: &CommandAnswer, code| CommandResult { said: said.clone(), code: Some(code) };
        judge_answer(&heard(clean, before), &heard(now, code), &[1]).0
    }

    #[test]
    fn what_already_failed_does_not_count() {
        assert_eq!(judge_said(&report_naming(&["a"]), &report_naming(&["a"])), DetectionVerdict::Missed);
        assert_eq!(judge_said(&report_naming(&["a"]), &report_naming(&["a", "b"])), DetectionVerdict::Caught);
        assert_eq!(judge_said(&report_naming(&["a"]), &report_naming(&[])), DetectionVerdict::Missed);
        assert_eq!(judge_said(&CommandAnswer::Nothing, &CommandAnswer::Something), DetectionVerdict::Caught);
        assert_eq!(judge_said(&CommandAnswer::Nothing, &CommandAnswer::Nothing), DetectionVerdict::Missed);
        assert_eq!(judge_said(&CommandAnswer::Something, &CommandAnswer::Something), DetectionVerdict::CouldNotTell);
        assert_eq!(judge_said(&report_naming(&["a"]), &CommandAnswer::Something), DetectionVerdict::CouldNotTell);
        assert_eq!(
            judge_said(&CommandAnswer::Nothing, &CommandAnswer::Untold(NoVerdict::new("late"))),
            DetectionVerdict::CouldNotTell
        );
    }

    #[test]
    fn k4_an_exit_code_that_contradicts_the_report_tells_nothing() {
        let (none, a, b) = (report_naming(&[]), report_naming(&["a"]), report_naming(&["b"]));
        for (clean, before, now, code, expected) in [
            (&none, 0, &a, 1, DetectionVerdict::Caught),
            (&none, 0, &a, 0, DetectionVerdict::Caught),
            (&none, 0, &none, 0, DetectionVerdict::Missed),
            (&none, 0, &none, 1, DetectionVerdict::CouldNotTell),
            (&none, 0, &none, 3, DetectionVerdict::CouldNotTell),
            (&none, 0, &a, 3, DetectionVerdict::CouldNotTell),
            (&none, 3, &none, 3, DetectionVerdict::Missed),
            (&a, 1, &a, 1, DetectionVerdict::Missed),
            (&a, 1, &none, 0, DetectionVerdict::Missed),
            (&a, 1, &a, 0, DetectionVerdict::CouldNotTell),
            (&a, 0, &a, 1, DetectionVerdict::CouldNotTell),
            (&a, 1, &b, 1, DetectionVerdict::Caught),
            (&CommandAnswer::Nothing, 0, &CommandAnswer::Nothing, 1, DetectionVerdict::CouldNotTell),
        ] {
            assert_eq!(judge_with_codes(clean, before, now, code), expected, "{clean:?} {before} {now:?} {code}");
        }
    }

    #[test]
    fn k4_a_finding_named_once_more_is_no_missed_fault() {
        assert_eq!(judge_said(&report_naming(&["a"]), &report_naming(&["a", "a"])), DetectionVerdict::CouldNotTell);
        assert_eq!(judge_said(&report_naming(&["a", "a"]), &report_naming(&["a", "a"])), DetectionVerdict::Missed);
        assert_eq!(judge_said(&report_naming(&["a"]), &report_naming(&["a", "a", "b"])), DetectionVerdict::Caught);
        assert_eq!(judge_said(&report_naming(&[]), &report_naming(&["b", "b"])), DetectionVerdict::Caught);
    }
}
