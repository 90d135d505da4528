//! Lines of JSON: each says what one check noticed, or names its findings; other lines are a command's own affair.

use serde_json::{Map, Value as Json};

use super::strict;
use crate::ops::drill::said::{Named, Said, Untold};

/// Reads the lines that begin as an object does: each has to be one, whole, or nothing can be told.
pub(super) fn read(text: &str) -> Result<Said, Untold> {
    let (mut named, mut noticed, mut naming) = (Named::default(), Vec::new(), 0u64);
    for object in objects(text)? {
        match line(&object)? {
            None => continue,
            Some(Spoken::Noticed(any)) => noticed.push(any),
            Some(Spoken::Findings(all)) => {
                naming += 1;
                all.into_iter().for_each(|finding| named.add(("", finding)));
            }
        }
        named.answers += 1;
    }
    match (naming, noticed.contains(&true)) {
        (1.., false) => Ok(Said::Named(named)),
        (1.., true) => Err(Untold::new("it names findings in one line, and in another only says that there are some")),
        (0, true) => Ok(Said::Something),
        (0, false) if noticed.is_empty() => {
            Err(Untold::new("it printed no line such as {\"noticed\": false} or {\"findings\": []}"))
        }
        // How many answers there were tells one that lost some.
        (0, false) => Ok(Said::Named(named)),
    }
}

/// Returns the objects of a text: the whole text, laid out over lines, or one a line.
fn objects(text: &str) -> Result<Vec<Map<String, Json>>, Untold> {
    if let Ok(Json::Object(whole)) = strict::read(text) {
        return Ok(vec![whole]);
    }
    let (lines, others): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.trim_start().starts_with('{'));
    if others.iter().any(|line| ["\"noticed\"", "\"findings\""].iter().any(|word| line.contains(word))) {
        return Err(Untold::new("an answer stands in a line of it that does not begin as JSON does"));
    }
    lines
        .into_iter()
        .map(|line| match strict::read(line) {
            Ok(Json::Object(object)) => Ok(object),
            Ok(_) => Err(Untold::new("a line of it is no JSON object")),
            Err(why) => Err(Untold::with("a line of it begins as JSON and is none", why)),
        })
        .collect()
}

/// What one line says.
enum Spoken {
    Noticed(bool),
    Findings(Vec<String>),
}

/// What a line calls what went wrong, whatever else it says.
const FAILED: [&str; 4] = ["error", "errors", "exception", "traceback"];

fn line(object: &Map<String, Json>) -> Result<Option<Spoken>, Untold> {
    let is = |key: &str, words: &[&str]| words.iter().any(|word| key.eq_ignore_ascii_case(word));
    let answers = object.contains_key("noticed") || object.contains_key("findings");
    let says =
        |value: &Json| ![Json::Null, Json::Bool(false), 0.into(), "".into(), Json::Array(Vec::new())].contains(value);
    if object.keys().any(|key| is(key, &["noticed", "findings"]) && !["noticed", "findings"].contains(&key.as_str())) {
        return Err(Untold::new("a key of it is `noticed` or `findings` but for its capitals"));
    }
    if answers && object.iter().any(|(key, value)| is(key, &FAILED) && says(value)) {
        return Err(Untold::new("a line of it says that something failed"));
    }
    let noticed = match object.get("noticed") {
        None => None,
        Some(Json::Bool(noticed)) => Some(*noticed),
        Some(_) => return Err(Untold::new("its `noticed` is neither true nor false")),
    };
    let Some(findings) = object.get("findings") else { return Ok(noticed.map(Spoken::Noticed)) };
    let no_texts = || Untold::new("its `findings` is no list of texts, by which a finding could be known again");
    let text = |finding: &Json| finding.as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned);
    let findings: Option<Vec<String>> = findings.as_array().and_then(|all| all.iter().map(text).collect());
    let findings = findings.ok_or_else(no_texts)?;
    if noticed.is_some_and(|noticed| noticed == findings.is_empty()) {
        return Err(Untold::new("its `noticed` and its `findings` contradict each other"));
    }
    Ok(Some(Spoken::Findings(findings)))
}
