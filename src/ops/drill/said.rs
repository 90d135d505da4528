//! What a command said of a target, and what that is worth against what it said of the untouched data; runs nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::matrix::{DetectionVerdict, SIGNS_MAX};

/// A verdict, what is new, what of it is not the fault, and why nothing could be told.
pub type JudgedAnswer = (DetectionVerdict, Vec<String>, Vec<String>, Option<NoVerdict>);

/// How a command tells what it found.
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
    /// Returns the word that a command line takes.
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

/// Why a look told nothing: in mfm's own words, which the journal keeps, and with more that it does not keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoVerdict {
    /// Why, without a word of the command's or of the data's.
    pub why: String,
    /// What else is known, perhaps in the command's words.
    pub more: Option<String>,
}

impl NoVerdict {
    /// Returns a reason in mfm's own words.
    pub fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), more: None }
    }

    /// Returns a reason with what else is known of it.
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

/// What a finding or a test is known again by: the suite that it stands in, if any, and its name.
type FindingName = (String, String);

/// What a report names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamedFindings {
    /// What was found, or failed, and how often.
    found: BTreeMap<FindingName, u64>,
    /// The tests that passed.
    passed: BTreeSet<FindingName>,
    /// How many answers it gave: lines, runs, test cases.
    pub answers: u64,
    /// Whether it names every test that ran, and not findings alone.
    of_tests: bool,
}

impl NamedFindings {
    /// Returns an empty report that names every test.
    #[must_use]
    pub fn of_tests() -> Self {
        Self { of_tests: true, ..Self::default() }
    }

    /// Adds a finding, or a test that failed.
    pub fn add_finding(&mut self, (suite, name): (&str, String)) {
        *self.found.entry((suite.to_owned(), name)).or_default() += 1;
    }

    /// Adds a test that passed.
    pub fn add_passed(&mut self, (suite, name): (&str, String)) {
        self.passed.insert((suite.to_owned(), name));
    }

    /// Returns how many different findings it names.
    #[must_use]
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// Tells whether it names none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Returns the findings' names.
    pub fn finding_names(&self) -> impl Iterator<Item = &str> {
        self.found.keys().map(|(_, name)| name.as_str())
    }

    /// Tells whether a test of this name both failed and passed: it tells no test from another.
    fn is_torn(&self, name: &FindingName) -> bool {
        self.found.contains_key(name) && self.passed.contains(name)
    }

    /// Returns what is new against what was said of the untouched data, by a name that tells it from everything else.
    fn new_against(&self, clean: &Self) -> Vec<String> {
        let new = |name: &&FindingName| !clean.found.contains_key(*name) && !self.is_torn(name);
        first_names(self.found.keys().filter(new).map(|(_, name)| name.as_str()))
    }

    /// Says in what a report in which nothing is new is less than the one of the untouched data.
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
        let ran = |name: &&FindingName| self.found.contains_key(*name) || self.passed.contains(*name);
        let failed = clean.found.keys().filter(|_| clean.of_tests);
        let lost: Vec<&FindingName> = clean.passed.iter().chain(failed).filter(|name| !ran(name)).collect();
        if let Some((_, name)) = lost.first() {
            let why = format!("of the tests of the untouched data, {} did not run", lost.len());
            return Some(NoVerdict::with_detail(why, format!("the first is {name}")));
        }
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

fn first_names<'n>(names: impl Iterator<Item = &'n str>) -> Vec<String> {
    let mut known = BTreeSet::new();
    names.filter(|name| known.insert(*name)).take(SIGNS_MAX).map(str::to_owned).collect()
}

/// What a command said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandAnswer {
    /// It named what it found, or nothing.
    Named(NamedFindings),
    /// It found nothing.
    Nothing,
    /// It found something, and said not what.
    Something,
    /// It told nothing, and why.
    Untold(NoVerdict),
}

/// What a command said, and the code with which it ended; none where the code is what it said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandResult {
    /// What it said.
    pub said: CommandAnswer,
    /// How it ended.
    pub code: Option<i32>,
}

/// Judges what was said against what was said of the untouched data: what already failed does not count, and what is
/// less, or says two things, tells nothing.
#[must_use]
pub fn judge_answer(clean: &CommandResult, now: &CommandResult, found_codes: &[u8]) -> JudgedAnswer {
    let untold = |why: NoVerdict| (DetectionVerdict::CouldNotTell, Vec::new(), Vec::new(), Some(why));
    let caught = |signs: Vec<String>| (DetectionVerdict::Caught, signs, Vec::new(), None);
    if let (_, CommandAnswer::Untold(why)) | (CommandAnswer::Untold(why), _) = (&clean.said, &now.said) {
        return untold(why.clone());
    }
    if let Some(why) = find_failure(clean, now, found_codes) {
        return untold(why);
    }
    let nothing_new = match (&clean.said, &now.said) {
        (CommandAnswer::Untold(_), _) | (_, CommandAnswer::Untold(_)) => None,
        (CommandAnswer::Something, _) => return untold(NoVerdict::new(SAME)),
        (CommandAnswer::Named(known), CommandAnswer::Something) if !known.is_empty() => {
            return untold(NoVerdict::new(SAME));
        }
        (_, CommandAnswer::Something) => return caught(Vec::new()),
        (CommandAnswer::Named(known), CommandAnswer::Named(found)) => {
            let new = found.new_against(known);
            if !new.is_empty() {
                return caught(new);
            }
            found.find_shortfall(known)
        }
        (CommandAnswer::Nothing, CommandAnswer::Named(found)) if !found.is_empty() => {
            return caught(first_names(found.finding_names()));
        }
        (_, CommandAnswer::Nothing) | (CommandAnswer::Nothing, CommandAnswer::Named(_)) => None,
    };
    match nothing_new.or_else(|| find_contradiction(clean, now)) {
        Some(why) => untold(why),
        None => (DetectionVerdict::Missed, Vec::new(), Vec::new(), None),
    }
}

/// Why a command cannot be tried that finds something everywhere, and says not what.
pub(super) const SAME: &str = "it found something on the untouched data, and does not say what";

/// Tells whether a command ended as one that failed does: by a code that it did not end with on the untouched data, and
/// that means neither nothing nor something.
fn find_failure(clean: &CommandResult, now: &CommandResult, found_codes: &[u8]) -> Option<NoVerdict> {
    let code = now.code.filter(|code| *code != 0 && now.code != clean.code)?;
    let meant = u8::try_from(code).is_ok_and(|code| found_codes.contains(&code));
    (!meant).then(|| {
        NoVerdict::new(format!(
            "it ended with exit code {code}, which is not among the codes that say something was found"
        ))
    })
}

/// Tells whether a command ended otherwise than on the untouched data, and yet says that nothing is new.
fn find_contradiction(clean: &CommandResult, now: &CommandResult) -> Option<NoVerdict> {
    let (before, code) = (clean.code?, now.code?);
    let quiet = match &now.said {
        CommandAnswer::Named(found) => found.is_empty(),
        said => *said == CommandAnswer::Nothing,
    };
    let differs = code != before && !(code == 0 && quiet);
    let why =
        || format!("it ended with exit code {code}, and with {before} on the untouched data, yet names nothing new");
    differs.then(|| NoVerdict::new(why()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report_naming(words: &[&str]) -> CommandAnswer {
        let mut named = NamedFindings::default();
        words.iter().for_each(|word| named.add_finding(("", (*word).to_owned())));
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
