//! What a command said of a target, read from its exit code or its report, and judged against the untouched data; runs
//! nothing.

use std::collections::BTreeSet;

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::matrix::{Verdict, first_signs};

/// A verdict, what is new, what of it is not the fault, and why nothing could be told.
pub type Judged = (Verdict, Vec<String>, Vec<String>, Option<String>);

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

/// What a command said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// It named what it found, or nothing.
    Named(BTreeSet<String>),
    /// It found nothing.
    Nothing,
    /// It found something, and said not what.
    Something,
    /// It told nothing, and why.
    Untold(String),
}

/// Judges what was said against what was said of the untouched data: what already failed does not count.
#[must_use]
pub fn judged(clean: &Said, now: &Said) -> Judged {
    let untold = |why: &str| (Verdict::CouldNotTell, Vec::new(), Vec::new(), Some(why.to_owned()));
    match (clean, now) {
        (_, Said::Untold(why)) | (Said::Untold(why), _) => untold(why),
        (Said::Named(known), Said::Named(found)) => {
            let new = first_signs(found.difference(known));
            (if new.is_empty() { Verdict::Missed } else { Verdict::Caught }, new, Vec::new(), None)
        }
        (_, Said::Nothing) => (Verdict::Missed, Vec::new(), Vec::new(), None),
        (Said::Named(known), Said::Something) if !known.is_empty() => {
            untold("it found something, as it did on the untouched data, and does not say what")
        }
        (Said::Something, _) => untold("it found something on the untouched data, and does not say what"),
        (Said::Nothing, Said::Named(found)) if found.is_empty() => (Verdict::Missed, Vec::new(), Vec::new(), None),
        (Said::Nothing, Said::Named(found)) => (Verdict::Caught, first_signs(found), Vec::new(), None),
        (Said::Nothing | Said::Named(_), Said::Something) => (Verdict::Caught, Vec::new(), Vec::new(), None),
    }
}

/// Reads a report in the form that was agreed.
///
/// # Errors
/// A sentence saying what cannot be read.
pub fn read(judge: Judge, text: &str) -> Result<Said, String> {
    match judge {
        Judge::ExitCode => Err("an exit code stands in no report".to_owned()),
        Judge::Junit => junit(text).map(Said::Named),
        Judge::Sarif => sarif(text).map(Said::Named),
        Judge::Json => lines(text),
    }
}

/// Returns the test cases of a JUnit report that failed, as `class::name`.
fn junit(text: &str) -> Result<BTreeSet<String>, String> {
    let document = roxmltree::Document::parse(text).map_err(|error| format!("the report is no XML: {error}"))?;
    let root = document.root_element().tag_name().name();
    if !["testsuites", "testsuite"].contains(&root) {
        return Err(format!("the report is no JUnit report: it begins with <{root}>"));
    }
    let cases: Vec<_> = document.descendants().filter(|node| node.has_tag_name("testcase")).collect();
    if cases.is_empty() {
        return Err("the report holds no test case".to_owned());
    }
    let failed = |case: &roxmltree::Node<'_, '_>| {
        case.children().any(|child| child.has_tag_name("failure") || child.has_tag_name("error"))
    };
    let name = |case: &roxmltree::Node<'_, '_>| {
        let (class, name) = (case.attribute("classname").unwrap_or(""), case.attribute("name").unwrap_or(""));
        if class.is_empty() { name.to_owned() } else { format!("{class}::{name}") }
    };
    Ok(cases.iter().filter(|case| failed(case)).map(name).collect())
}

/// Returns the results of a SARIF log that stand, by their first fingerprint, else by rule, place and message.
fn sarif(text: &str) -> Result<BTreeSet<String>, String> {
    let log: Json = serde_json::from_str(text).map_err(|error| format!("the report is no JSON: {error}"))?;
    let runs = log.get("runs").and_then(Json::as_array).ok_or("the report is no SARIF log: it has no runs")?;
    let results = runs.iter().filter_map(|run| run.get("results")?.as_array()).flatten();
    Ok(results.filter(|result| stands(result)).map(named).collect())
}

/// Tells whether a result is a finding: not suppressed, not known from a baseline, and no pass.
fn stands(result: &Json) -> bool {
    let word = |name: &str| result.get(name).and_then(Json::as_str).unwrap_or_default();
    let suppressed = result.get("suppressions").and_then(Json::as_array).is_some_and(|all| !all.is_empty());
    let passed = ["pass", "notApplicable", "informational"].contains(&word("kind")) || word("level") == "none";
    !suppressed && !passed && !["unchanged", "absent"].contains(&word("baselineState"))
}

fn named(result: &Json) -> String {
    let rule = result.get("ruleId").and_then(Json::as_str).unwrap_or("result");
    let prints = ["fingerprints", "partialFingerprints"].iter().find_map(|name| result.get(*name)?.as_object());
    let print = prints.and_then(|prints| prints.values().next()).and_then(Json::as_str);
    if let Some(print) = print {
        return format!("{rule} {print}");
    }
    let place = result.get("locations").map(ToString::to_string).unwrap_or_default();
    let text = result.pointer("/message/text").and_then(Json::as_str).unwrap_or_default();
    let digest = mfm_journal::Digest::of(format!("{place}\n{text}").as_bytes()).to_string();
    format!("{rule} {}", digest.get(..16).unwrap_or(&digest))
}

/// A line of JSON that a command prints.
#[derive(Deserialize)]
struct Spoken {
    noticed: Option<bool>,
    findings: Option<Vec<String>>,
}

/// Reads the lines that are such objects; other lines are a command's own affair.
fn lines(text: &str) -> Result<Said, String> {
    let spoken = text.lines().filter(|line| line.trim_start().starts_with('{'));
    let spoken: Vec<Spoken> = spoken.filter_map(|line| serde_json::from_str(line).ok()).collect();
    let findings: Vec<&Vec<String>> = spoken.iter().filter_map(|one| one.findings.as_ref()).collect();
    if !findings.is_empty() {
        return Ok(Said::Named(findings.into_iter().flatten().cloned().collect()));
    }
    let noticed: Vec<bool> = spoken.iter().filter_map(|one| one.noticed).collect();
    match noticed.as_slice() {
        [] => Err("it printed no line such as {\"noticed\": false} or {\"findings\": []}".to_owned()),
        all if all.contains(&true) => Ok(Said::Something),
        _ => Ok(Said::Nothing),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(words: &[&str]) -> Said {
        Said::Named(words.iter().map(|word| (*word).to_owned()).collect())
    }

    #[test]
    fn what_already_failed_does_not_count() {
        let verdict = |clean: &Said, now: &Said| judged(clean, now).0;
        assert_eq!(verdict(&set(&["a"]), &set(&["a"])), Verdict::Missed);
        assert_eq!(judged(&set(&["a"]), &set(&["a", "b"])), (Verdict::Caught, vec!["b".to_owned()], Vec::new(), None));
        assert_eq!(verdict(&set(&["a"]), &set(&[])), Verdict::Missed);
        assert_eq!(verdict(&Said::Nothing, &Said::Something), Verdict::Caught);
        assert_eq!(verdict(&Said::Nothing, &Said::Nothing), Verdict::Missed);
        assert_eq!(verdict(&Said::Something, &Said::Something), Verdict::CouldNotTell);
        assert_eq!(verdict(&set(&["a"]), &Said::Something), Verdict::CouldNotTell);
        assert_eq!(verdict(&Said::Nothing, &Said::Untold("late".into())), Verdict::CouldNotTell);
    }

    #[test]
    fn junit_names_what_failed() {
        let text = r#"<?xml version="1.0"?><testsuites><testsuite><testcase classname="qa" name="angles">
            <failure message="400"/></testcase><testcase classname="qa" name="doses"/>
            <testcase name="broken"><error/></testcase><testcase name="left"><skipped/></testcase>
            </testsuite></testsuites>"#;
        assert_eq!(read(Judge::Junit, text), Ok(set(&["broken", "qa::angles"])));
        for wrong in ["", "<html/>", "<testsuite/>", "plain"] {
            assert!(read(Judge::Junit, wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sarif_names_what_stands() {
        let log = serde_json::json!({"runs": [{"results": [
            {"ruleId": "angle", "partialFingerprints": {"mfm/1": "77"}},
            {"ruleId": "angle", "message": {"text": "400"}},
            {"ruleId": "known", "baselineState": "unchanged"},
            {"ruleId": "accepted", "suppressions": [{"kind": "external"}]},
            {"ruleId": "fine", "kind": "pass"},
        ]}, {"tool": {}}]});
        let Ok(Said::Named(found)) = read(Judge::Sarif, &log.to_string()) else { panic!("{log}") };
        assert_eq!(found.len(), 2);
        assert!(found.contains("angle 77"), "{found:?}");
        assert!(read(Judge::Sarif, "{}").is_err());
    }

    #[test]
    fn lines_of_json_may_stand_among_others() {
        let said = |text: &str| read(Judge::Json, text);
        assert_eq!(said("hello\n{\"noticed\": true}\n{\"noticed\": false}"), Ok(Said::Something));
        assert_eq!(said("{\"noticed\": false}\n{not json}"), Ok(Said::Nothing));
        assert_eq!(said("{\"findings\": [\"x\"]}\n{\"findings\": [\"y\"]}"), Ok(set(&["x", "y"])));
        assert_eq!(said("{\"findings\": []}"), Ok(set(&[])));
        assert!(said("all fine").is_err());
    }
}
