//! What a command said of a target, and what that is worth against what it said of the untouched data; runs nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::matrix::{SIGNS_MAX, Verdict};

/// A verdict, what is new, what of it is not the fault, and why nothing could be told.
pub type Judged = (Verdict, Vec<String>, Vec<String>, Option<Untold>);

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
pub struct Untold {
    /// Why, without a word of the command's or of the data's.
    pub why: String,
    /// What else is known, perhaps in the command's words.
    pub more: Option<String>,
}

impl Untold {
    /// Returns a reason in mfm's own words.
    pub fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), more: None }
    }

    /// Returns a reason with what else is known of it.
    pub fn with(why: impl Into<String>, more: impl Into<String>) -> Self {
        Self { why: why.into(), more: Some(more.into()) }
    }
}

impl fmt::Display for Untold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.more {
            None => f.write_str(&self.why),
            Some(more) => write!(f, "{}: {more}", self.why),
        }
    }
}

/// What a finding or a test is known again by: the suite that it stands in, if any, and its name.
type Name = (String, String);

/// What a report names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// What was found, or failed, and how often.
    found: BTreeMap<Name, u64>,
    /// The tests that passed.
    passed: BTreeSet<Name>,
    /// How many answers it gave: lines, runs, test cases.
    pub answers: u64,
    /// Whether it names every test that ran, and not findings alone.
    of_tests: bool,
}

impl Named {
    /// Returns an empty report that names every test.
    #[must_use]
    pub fn of_tests() -> Self {
        Self { of_tests: true, ..Self::default() }
    }

    /// Adds a finding, or a test that failed.
    pub fn add(&mut self, (suite, name): (&str, String)) {
        *self.found.entry((suite.to_owned(), name)).or_default() += 1;
    }

    /// Adds a test that passed.
    pub fn passed(&mut self, (suite, name): (&str, String)) {
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
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.found.keys().map(|(_, name)| name.as_str())
    }

    /// Tells whether a test of this name both failed and passed: it tells no test from another.
    fn is_torn(&self, name: &Name) -> bool {
        self.found.contains_key(name) && self.passed.contains(name)
    }

    /// Returns what is new against what was said of the untouched data, by a name that tells it from everything else.
    fn new_against(&self, clean: &Self) -> Vec<String> {
        let new = |name: &&Name| !clean.found.contains_key(*name) && !self.is_torn(name);
        first(self.found.keys().filter(new).map(|(_, name)| name.as_str()))
    }

    /// Says in what a report in which nothing is new is less than the one of the untouched data.
    fn lacks(&self, clean: &Self) -> Option<Untold> {
        let torn = [self, clean].into_iter().find_map(|one| one.found.keys().find(|name| one.is_torn(name)));
        if let Some((_, name)) = torn {
            return Some(Untold::with("a test of one name failed and passed, so the name tells no test", name));
        }
        let more = self.found.iter().find(|(name, times)| clean.found.get(*name).is_some_and(|before| before < *times));
        if let Some(((_, name), times)) = more {
            let why = format!("a finding is named {times} times, more than on the untouched data, so which is new");
            return Some(Untold::with(why + " cannot be told", name));
        }
        let ran = |name: &&Name| self.found.contains_key(*name) || self.passed.contains(*name);
        let failed = clean.found.keys().filter(|_| clean.of_tests);
        let lost: Vec<&Name> = clean.passed.iter().chain(failed).filter(|name| !ran(name)).collect();
        if let Some((_, name)) = lost.first() {
            let why = format!("of the tests of the untouched data, {} did not run", lost.len());
            return Some(Untold::with(why, format!("the first is {name}")));
        }
        let fewer = clean.answers.saturating_sub(self.answers);
        let gone = clean.found.iter().map(|(name, times)| times.saturating_sub(self.found.get(name).map_or(0, |n| *n)));
        if fewer > gone.sum() {
            let (now, before) = (self.answers, clean.answers);
            let why = format!("its report has {now} parts, and had {before} on the untouched data");
            return Some(Untold::new(why));
        }
        None
    }
}

fn first<'n>(names: impl Iterator<Item = &'n str>) -> Vec<String> {
    let mut known = BTreeSet::new();
    names.filter(|name| known.insert(*name)).take(SIGNS_MAX).map(str::to_owned).collect()
}

/// What a command said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// It named what it found, or nothing.
    Named(Named),
    /// It found nothing.
    Nothing,
    /// It found something, and said not what.
    Something,
    /// It told nothing, and why.
    Untold(Untold),
}

/// What a command said, and the code with which it ended; none where the code is what it said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// What it said.
    pub said: Said,
    /// How it ended.
    pub code: Option<i32>,
}

/// Judges what was said against what was said of the untouched data: what already failed does not count, and what is
/// less, or says two things, tells nothing.
#[must_use]
pub fn judged(clean: &Heard, now: &Heard, found_codes: &[u8]) -> Judged {
    let untold = |why: Untold| (Verdict::CouldNotTell, Vec::new(), Vec::new(), Some(why));
    let caught = |signs: Vec<String>| (Verdict::Caught, signs, Vec::new(), None);
    if let (_, Said::Untold(why)) | (Said::Untold(why), _) = (&clean.said, &now.said) {
        return untold(why.clone());
    }
    if let Some(why) = failed(clean, now, found_codes) {
        return untold(why);
    }
    let nothing_new = match (&clean.said, &now.said) {
        (Said::Untold(_), _) | (_, Said::Untold(_)) => None,
        (Said::Something, _) => return untold(Untold::new(SAME)),
        (Said::Named(known), Said::Something) if !known.is_empty() => return untold(Untold::new(SAME)),
        (_, Said::Something) => return caught(Vec::new()),
        (Said::Named(known), Said::Named(found)) => {
            let new = found.new_against(known);
            if !new.is_empty() {
                return caught(new);
            }
            found.lacks(known)
        }
        (Said::Nothing, Said::Named(found)) if !found.is_empty() => return caught(first(found.names())),
        (_, Said::Nothing) | (Said::Nothing, Said::Named(_)) => None,
    };
    match nothing_new.or_else(|| contradiction(clean, now)) {
        Some(why) => untold(why),
        None => (Verdict::Missed, Vec::new(), Vec::new(), None),
    }
}

/// Why a command cannot be tried that finds something everywhere, and says not what.
pub(super) const SAME: &str = "it found something on the untouched data, and does not say what";

/// Tells whether a command ended as one that failed does: by a code that it did not end with on the untouched data, and
/// that means neither nothing nor something.
fn failed(clean: &Heard, now: &Heard, found_codes: &[u8]) -> Option<Untold> {
    let code = now.code.filter(|code| *code != 0 && now.code != clean.code)?;
    let meant = u8::try_from(code).is_ok_and(|code| found_codes.contains(&code));
    (!meant).then(|| {
        Untold::new(format!(
            "it ended with exit code {code}, which is not among the codes that say something was found"
        ))
    })
}

/// Tells whether a command ended otherwise than on the untouched data, and yet says that nothing is new.
fn contradiction(clean: &Heard, now: &Heard) -> Option<Untold> {
    let (before, code) = (clean.code?, now.code?);
    let quiet = match &now.said {
        Said::Named(found) => found.is_empty(),
        said => *said == Said::Nothing,
    };
    let differs = code != before && !(code == 0 && quiet);
    let why =
        || format!("it ended with exit code {code}, and with {before} on the untouched data, yet names nothing new");
    differs.then(|| Untold::new(why()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(words: &[&str]) -> Said {
        let mut named = Named::default();
        words.iter().for_each(|word| named.add(("", (*word).to_owned())));
        named.answers = 1;
        Said::Named(named)
    }

    fn verdict(clean: &Said, now: &Said) -> Verdict {
        ended(clean, 0, now, 0)
    }

    fn ended(clean: &Said, before: i32, now: &Said, code: i32) -> Verdict {
        let heard = |said: &Said, code| Heard { said: said.clone(), code: Some(code) };
        judged(&heard(clean, before), &heard(now, code), &[1]).0
    }

    #[test]
    fn what_already_failed_does_not_count() {
        assert_eq!(verdict(&set(&["a"]), &set(&["a"])), Verdict::Missed);
        assert_eq!(verdict(&set(&["a"]), &set(&["a", "b"])), Verdict::Caught);
        assert_eq!(verdict(&set(&["a"]), &set(&[])), Verdict::Missed);
        assert_eq!(verdict(&Said::Nothing, &Said::Something), Verdict::Caught);
        assert_eq!(verdict(&Said::Nothing, &Said::Nothing), Verdict::Missed);
        assert_eq!(verdict(&Said::Something, &Said::Something), Verdict::CouldNotTell);
        assert_eq!(verdict(&set(&["a"]), &Said::Something), Verdict::CouldNotTell);
        assert_eq!(verdict(&Said::Nothing, &Said::Untold(Untold::new("late"))), Verdict::CouldNotTell);
    }

    #[test]
    fn k4_an_exit_code_that_contradicts_the_report_tells_nothing() {
        let (none, a, b) = (set(&[]), set(&["a"]), set(&["b"]));
        for (clean, before, now, code, expected) in [
            (&none, 0, &a, 1, Verdict::Caught),
            (&none, 0, &a, 0, Verdict::Caught),
            (&none, 0, &none, 0, Verdict::Missed),
            (&none, 0, &none, 1, Verdict::CouldNotTell),
            (&none, 0, &none, 3, Verdict::CouldNotTell),
            (&none, 0, &a, 3, Verdict::CouldNotTell),
            (&none, 3, &none, 3, Verdict::Missed),
            (&a, 1, &a, 1, Verdict::Missed),
            (&a, 1, &none, 0, Verdict::Missed),
            (&a, 1, &a, 0, Verdict::CouldNotTell),
            (&a, 0, &a, 1, Verdict::CouldNotTell),
            (&a, 1, &b, 1, Verdict::Caught),
            (&Said::Nothing, 0, &Said::Nothing, 1, Verdict::CouldNotTell),
        ] {
            assert_eq!(ended(clean, before, now, code), expected, "{clean:?} {before} {now:?} {code}");
        }
    }

    #[test]
    fn k4_a_finding_named_once_more_is_no_missed_fault() {
        assert_eq!(verdict(&set(&["a"]), &set(&["a", "a"])), Verdict::CouldNotTell);
        assert_eq!(verdict(&set(&["a", "a"]), &set(&["a", "a"])), Verdict::Missed);
        assert_eq!(verdict(&set(&["a"]), &set(&["a", "a", "b"])), Verdict::Caught);
        assert_eq!(verdict(&set(&[]), &set(&["b", "b"])), Verdict::Caught);
    }
}
