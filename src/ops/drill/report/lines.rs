//! Reports as lines of JSON: each says whether a check noticed something, or names its findings; others are ignored.

use serde_json::{Map, Value as Json};

use super::strict;
use crate::ops::drill::said::{CommandAnswer, NamedFindings, NoVerdict};

/// Parses the lines that begin like an object; one that cannot be parsed spoils the whole report.
pub(super) fn parse_lines(text: &str) -> Result<CommandAnswer, NoVerdict> {
    let (mut named, mut noticed, mut naming) = (NamedFindings::default(), Vec::new(), 0u64);
    for object in parse_objects(text)? {
        match parse_line(&object)? {
            None => continue,
            Some(LineAnswer::Noticed(any)) => noticed.push(any),
            Some(LineAnswer::Findings(all, checks)) => {
                naming += 1;
                all.into_iter().for_each(|finding| named.add_finding("", finding));
                checks.into_iter().for_each(|check| named.declare_check(check));
            }
        }
        named.answers += 1;
    }
    match (naming, noticed.contains(&true)) {
        (1.., false) => Ok(CommandAnswer::Named(named)),
        (1.., true) => {
            Err(NoVerdict::new("it names findings in one line, and in another only says that there are some"))
        }
        (0, true) => Ok(CommandAnswer::Something),
        (0, false) if noticed.is_empty() => {
            Err(NoVerdict::new("it printed no line such as {\"noticed\": false} or {\"findings\": []}"))
        }
        // Nothing noticed, but named with its number of lines: a later report with fewer has lost some.
        (0, false) => Ok(CommandAnswer::Named(named)),
    }
}

/// Returns the objects of a text: the whole text as one, perhaps over several lines, or one per line.
fn parse_objects(text: &str) -> Result<Vec<Map<String, Json>>, NoVerdict> {
    if let Ok(Json::Object(whole)) = strict::parse_strict(text) {
        return Ok(vec![whole]);
    }
    let (lines, others): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.trim_start().starts_with('{'));
    if others.iter().any(|line| ["\"noticed\"", "\"findings\""].iter().any(|word| line.contains(word))) {
        return Err(NoVerdict::new("an answer stands in a line of it that does not begin as JSON does"));
    }
    lines
        .into_iter()
        .map(|line| match strict::parse_strict(line) {
            Ok(Json::Object(object)) => Ok(object),
            Ok(_) => Err(NoVerdict::new("a line of it is no JSON object")),
            Err(why) => Err(NoVerdict::with_detail("a line of it begins as JSON and is none", why)),
        })
        .collect()
}

/// The answer in one line.
enum LineAnswer {
    Noticed(bool),
    /// The findings, and the names of the checks that ran, where the line lists them.
    Findings(Vec<String>, Vec<String>),
}

/// Keys that name a failure.
const FAILED: [&str; 4] = ["error", "errors", "exception", "traceback"];

/// Keys that hold an answer.
const ANSWERS: [&str; 2] = ["noticed", "findings"];

fn parse_line(object: &Map<String, Json>) -> Result<Option<LineAnswer>, NoVerdict> {
    // Another spelling would be ignored as an unknown key, and the line pass for one without findings.
    if object.keys().any(|key| is_one_of(key, &ANSWERS) && !ANSWERS.contains(&key.as_str())) {
        return Err(NoVerdict::new("a key of it is `noticed` or `findings` but for its capitals"));
    }
    let has_answer = ANSWERS.iter().any(|key| object.contains_key(*key));
    if has_answer && object.iter().any(|(key, value)| is_one_of(key, &FAILED) && !is_empty(value)) {
        return Err(NoVerdict::new("a line of it says that something failed"));
    }
    let noticed = match object.get("noticed") {
        None => None,
        Some(Json::Bool(noticed)) => Some(*noticed),
        Some(_) => return Err(NoVerdict::new("its `noticed` is neither true nor false")),
    };
    let Some(findings) = object.get("findings") else { return Ok(noticed.map(LineAnswer::Noticed)) };
    let no_texts = "its `findings` is no list of texts, by which a finding could be known again";
    let list = findings.as_array().ok_or_else(|| NoVerdict::new(no_texts))?;
    let mut findings = Vec::new();
    for finding in list {
        match finding.as_str() {
            Some(text) if !text.trim().is_empty() => findings.push(text.to_owned()),
            _ => return Err(NoVerdict::new(no_texts)),
        }
    }
    if noticed.is_some_and(|noticed| noticed == findings.is_empty()) {
        return Err(NoVerdict::new("its `noticed` and its `findings` contradict each other"));
    }
    Ok(Some(LineAnswer::Findings(findings, parse_checks(object)?)))
}

/// Returns the names of the checks that ran; empty where the line does not list them.
fn parse_checks(object: &Map<String, Json>) -> Result<Vec<String>, NoVerdict> {
    let no_texts = || NoVerdict::new("its `checks` is no list of names");
    let Some(checks) = object.get("checks") else { return Ok(Vec::new()) };
    let mut names = Vec::new();
    for name in checks.as_array().ok_or_else(no_texts)? {
        let name = name.as_str().filter(|name| !name.trim().is_empty());
        names.push(name.ok_or_else(no_texts)?.to_owned());
    }
    Ok(names)
}

fn is_one_of(key: &str, words: &[&str]) -> bool {
    words.iter().any(|word| key.eq_ignore_ascii_case(word))
}

/// Returns whether the value of a failure's key says that there was none.
fn is_empty(value: &Json) -> bool {
    [Json::Null, Json::Bool(false), 0.into(), "".into(), Json::Array(Vec::new())].contains(value)
}
