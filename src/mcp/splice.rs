//! JSON of somebody else's with a value put into it: every other byte stays; reads no meaning into the rest.

use std::ops::Range;

use serde::de::IgnoredAny;
use serde_json::Value as Json;

/// One name of an object, with its value.
struct Member {
    name: String,
    /// Where the name begins.
    at: usize,
    /// Where the value stands.
    value: Range<usize>,
}

/// An object in a text.
struct JsonObject {
    entries: Vec<Member>,
    /// Where its closing brace stands.
    end: usize,
}

/// Returns a text of JSON with a value where two names lead; the objects are made where they are missing.
///
/// # Errors
/// A sentence that says why it is left alone: it is no JSON, something on the way is no object or stands there twice.
pub(super) fn put_value(text: &str, [outer, inner]: [&str; 2], value: &Json) -> Result<String, String> {
    serde_json::from_str::<IgnoredAny>(text)
        .map_err(|error| format!("{error}; a file with comments is left to you"))?;
    let whole = parse_object(text, skip_whitespace(text, 0)).ok_or("it is no JSON object")?;
    let Some(found) = find_member(&whole, outer)? else {
        return Ok(insert_member(text, &whole, outer, &serde_json::json!({ inner: value })));
    };
    let servers = parse_object(text, found.value.start).ok_or_else(|| format!("its {outer} is no object"))?;
    match find_member(&servers, inner)? {
        None => Ok(insert_member(text, &servers, inner, value)),
        Some(entry) => {
            let written = render_value(value, indent_before(text, entry.at));
            let (before, after) = (text.get(..entry.value.start), text.get(entry.value.end..));
            Ok([before.unwrap_or_default(), &written, after.unwrap_or_default()].concat())
        }
    }
}

/// Returns the entry of a name.
fn find_member<'o>(object: &'o JsonObject, name: &str) -> Result<Option<&'o Member>, String> {
    let mut fitting = object.entries.iter().filter(|entry| entry.name == name);
    let found = fitting.next();
    match fitting.next() {
        // Readers differ in which of them they take; whoever wrote it knows.
        Some(_) => Err(format!("its {name} stands there twice, and only you know which is meant")),
        None => Ok(found),
    }
}

/// Returns a text with a new entry at the end of an object, laid out as the entries before it.
fn insert_member(text: &str, object: &JsonObject, name: &str, value: &Json) -> String {
    let (inside, outside) = match object.entries.last() {
        Some(entry) => (indent_before(text, entry.at).map(str::to_owned), indent_before(text, object.end)),
        None => {
            let outside = line_indent(text, object.end);
            (Some(format!("{outside}  ")), Some(outside))
        }
    };
    let entry =
        format!("{}:{}{}", Json::from(name), space_after_colon(&inside), render_value(value, inside.as_deref()));
    let comma = if object.entries.is_empty() { "" } else { "," };
    let before = object.entries.last().map_or_else(|| object.end, |entry| entry.value.end);
    let lead = inside.as_ref().map_or_else(String::new, |inside| format!("\n{inside}"));
    let tail = outside.map_or_else(String::new, |outside| format!("\n{outside}"));
    let (head, rest) = (text.get(..before).unwrap_or_default(), text.get(object.end..).unwrap_or_default());
    let head = if object.entries.is_empty() { head.trim_end() } else { head };
    [head, comma, &lead, &entry, &tail, rest].concat()
}

const fn space_after_colon(inside: &Option<String>) -> &'static str {
    if inside.is_some() { " " } else { "" }
}

/// Returns a value in the layout around it: over several lines behind a line's indent, else in one.
fn render_value(value: &Json, indent: Option<&str>) -> String {
    match indent {
        Some(indent) => serde_json::to_string_pretty(value).unwrap_or_default().replace('\n', &format!("\n{indent}")),
        None => value.to_string(),
    }
}

/// Returns the white space before a place, where nothing else stands before it in its line.
fn indent_before(text: &str, at: usize) -> Option<&str> {
    let line = text.get(..at)?.rsplit_once('\n')?.1;
    line.chars().all(|found| " \t".contains(found)).then_some(line)
}

/// Returns the white space with which the line of a place begins.
fn line_indent(text: &str, at: usize) -> &str {
    let line = text.get(..at).unwrap_or_default().rsplit('\n').next().unwrap_or_default();
    line.get(..line.len() - line.trim_start_matches([' ', '\t']).len()).unwrap_or_default()
}

/// Reads the object that begins at a place; `None` where something else does. The text is JSON.
fn parse_object(text: &str, at: usize) -> Option<JsonObject> {
    let bytes = text.as_bytes();
    if bytes.get(at) != Some(&b'{') {
        return None;
    }
    let mut entries = Vec::new();
    let mut at = skip_whitespace(text, at + 1);
    while bytes.get(at)? != &b'}' {
        let named = find_value_end(bytes, at);
        let name = serde_json::from_str(text.get(at..named)?).ok()?;
        // Behind the name stands the colon.
        let value = skip_whitespace(text, skip_whitespace(text, named) + 1);
        let value = value..find_value_end(bytes, value);
        let next = skip_whitespace(text, value.end);
        entries.push(Member { name, at, value });
        at = if bytes.get(next) == Some(&b',') { skip_whitespace(text, next + 1) } else { next };
    }
    Some(JsonObject { entries, end: at })
}

/// Returns where white space ends.
fn skip_whitespace(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.len() - rest.trim_ascii_start().len()
}

/// Returns where the value that begins at a place ends.
fn find_value_end(bytes: &[u8], from: usize) -> usize {
    let (mut depth, mut at) = (0_usize, from);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = text_end(bytes, at) - 1,
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 0 => return at,
            b'}' | b']' => depth -= 1,
            b',' | b':' | b' ' | b'\t' | b'\n' | b'\r' if depth == 0 => return at,
            _ => {}
        }
        at += 1;
        if depth == 0 && matches!(byte, b'"' | b'}' | b']') {
            return at;
        }
    }
    at
}

/// Returns where a text in quotes ends.
fn text_end(bytes: &[u8], from: usize) -> usize {
    let mut at = from + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn put_server(text: &str) -> Result<String, String> {
        put_value(text, ["s", "mfm"], &json!({"command": "x"}))
    }

    #[test]
    fn w08_every_other_byte_stays() {
        for (before, after) in [
            ("{}", "{\n  \"s\": {\n    \"mfm\": {\n      \"command\": \"x\"\n    }\n  }\n}"),
            (
                r#"{"n":12345678901234567890123,"r":1.10,"s":{"a":{"b":"}"}}}"#,
                r#"{"n":12345678901234567890123,"r":1.10,"s":{"a":{"b":"}"},"mfm":{"command":"x"}}}"#,
            ),
            (r#"{"s":{"mfm":[1,{"c":"\"}"}],"z":0}}"#, r#"{"s":{"mfm":{"command":"x"},"z":0}}"#),
            (r#"{"z":1e5}"#, r#"{"z":1e5,"s":{"mfm":{"command":"x"}}}"#),
            (
                "{\n\t\"z\": 1,\n\t\"s\": {}\n}\n",
                "{\n\t\"z\": 1,\n\t\"s\": {\n\t  \"mfm\": {\n\t    \"command\": \"x\"\n\t  }\n\t}\n}\n",
            ),
            (
                "{\n  \"s\": {\n    \"a\": 1\n  }\n}",
                "{\n  \"s\": {\n    \"a\": 1,\n    \"mfm\": {\n      \"command\": \"x\"\n    }\n  }\n}",
            ),
            (r#"{"\u0073":{"mfm":1}}"#, r#"{"\u0073":{"mfm":{"command":"x"}}}"#),
        ] {
            assert_eq!(put_server(before).as_deref(), Ok(after));
            assert_eq!(put_server(after).as_deref(), Ok(after), "again");
        }
    }

    #[test]
    fn w08_what_is_not_plain_is_left_to_the_person() {
        for (text, why) in [
            (r#"{"s":{"a":1},"s":{"b":2}}"#, "stands there twice"),
            (r#"{"s":{"a":1},"\u0073":{"b":2}}"#, "stands there twice"),
            (r#"{"s":{"mfm":1,"mfm":2}}"#, "stands there twice"),
            (r#"{"s":[]}"#, "is no object"),
            ("[]", "no JSON object"),
            ("{ // mine\n}", "comments"),
            ("{\"a\":1,}", "comments"),
        ] {
            assert!(put_server(text).unwrap_err().contains(why), "{text}: {:?}", put_server(text));
        }
    }
}
