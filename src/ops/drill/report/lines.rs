//! Lines of JSON: each says what one check noticed, or names its findings; other lines are a command's own affair.

use serde_json::{Map, Value as Json};

use super::strict;
use crate::ops::drill::said::{CommandAnswer, NamedFindings, NoVerdict};

/// Reads the lines that begin as an object does: each has to be one, whole, or nothing can be told.
pub(super) fn parse_lines(text: &str) -> Result<CommandAnswer, NoVerdict> {
    let (mut named, mut noticed, mut naming) = (NamedFindings::default(), Vec::new(), 0u64);
    for object in parse_objects(text)? {
        match parse_line(&object)? {
            None => continue,
            Some(LineAnswer::Noticed(any)) => noticed.push(any),
            Some(LineAnswer::Findings(all)) => {
                naming += 1;
                all.into_iter().for_each(|finding| named.add_finding(("", finding)));
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
        // How many answers there were tells one that lost some.
        (0, false) => Ok(CommandAnswer::Named(named)),
    }
}

/// Returns the objects of a text: the whole text, laid out over lines, or one a line.
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

/// What one line says.
enum LineAnswer {
    Noticed(bool),
    Findings(Vec<String>),
}

/// What a line calls what went wrong, whatever else it says.
const FAILED: [&str; 4] = ["error", "errors", "exception", "traceback"];

fn parse_line(object: &Map<String, Json>) -> Result<Option<LineAnswer>, NoVerdict> {
    let is = |key: &str, words: &[&str]| words.iter().any(|word| key.eq_ignore_ascii_case(word));
    let answers = object.contains_key("noticed") || object.contains_key("findings");
    let says =
        |value: &Json| ![Json::Null, Json::Bool(false), 0.into(), "".into(), Json::Array(Vec::new())].contains(value);
    if object.keys().any(|key| is(key, &["noticed", "findings"]) && !["noticed", "findings"].contains(&key.as_str())) {
        return Err(NoVerdict::new("a key of it is `noticed` or `findings` but for its capitals"));
    }
    if answers && object.iter().any(|(key, value)| is(key, &FAILED) && says(value)) {
        return Err(NoVerdict::new("a line of it says that something failed"));
    }
    let noticed = match object.get("noticed") {
        None => None,
        Some(Json::Bool(noticed)) => Some(*noticed),
        Some(_) => return Err(NoVerdict::new("its `noticed` is neither true nor false")),
    };
    let Some(findings) = object.get("findings") else { return Ok(noticed.map(LineAnswer::Noticed)) };
    let no_texts = || NoVerdict::new("its `findings` is no list of texts, by which a finding could be known again");
    let text = |finding: &Json| finding.as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned);
    let findings: Option<Vec<String>> = findings.as_array().and_then(|all| all.iter().map(text).collect());
    let findings = findings.ok_or_else(no_texts)?;
    if noticed.is_some_and(|noticed| noticed == findings.is_empty()) {
        return Err(NoVerdict::new("its `noticed` and its `findings` contradict each other"));
    }
    Ok(Some(LineAnswer::Findings(findings)))
}
