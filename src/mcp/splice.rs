//! Puts a value into the JSON text of another program; every other byte stays as it is.

use std::ops::Range;

use serde::de::IgnoredAny;
use serde_json::Value as Json;

/// A member of an object, by its place in the text.
struct Member {
    name: String,
    /// The offset of the name's first quote.
    at: usize,
    /// The offsets of the value.
    value: Range<usize>,
}

/// An object in a text.
struct JsonObject {
    entries: Vec<Member>,
    /// The offset of the closing brace.
    end: usize,
}

/// Puts a value into a JSON text as a member of a member; missing objects are made.
///
/// # Errors
/// Why the text is left alone: it is not JSON, something on the way is not an object, or a name is there twice.
pub(super) fn put_value(text: &str, outer: &str, inner: &str, value: &Json) -> Result<String, String> {
    serde_json::from_str::<IgnoredAny>(text)
        .map_err(|error| format!("{error}; mfm does not edit files with comments"))?;
    let whole = parse_object(text, skip_whitespace(text, 0)).ok_or("it is not a JSON object")?;
    let Some(member) = find_member(&whole, outer)? else {
        return Ok(insert_member(text, &whole, outer, &serde_json::json!({ inner: value })));
    };
    let servers = parse_object(text, member.value.start).ok_or_else(|| format!("its {outer} is not an object"))?;
    match find_member(&servers, inner)? {
        None => Ok(insert_member(text, &servers, inner, value)),
        Some(entry) => {
            let replacement = render_value(value, indent_before(text, entry.at));
            let (before, after) = (text.get(..entry.value.start), text.get(entry.value.end..));
            Ok([before.unwrap_or_default(), &replacement, after.unwrap_or_default()].concat())
        }
    }
}

/// Finds the member of a name.
fn find_member<'o>(object: &'o JsonObject, name: &str) -> Result<Option<&'o Member>, String> {
    let mut fitting = object.entries.iter().filter(|entry| entry.name == name);
    let first = fitting.next();
    match fitting.next() {
        // Programs differ in which of them they take, so only its author can decide.
        Some(_) => Err(format!("its {name} occurs twice, and it is unclear which one is meant")),
        None => Ok(first),
    }
}

/// Adds a member at the end of an object, laid out as the members before it.
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

/// Renders a value on several lines with this indent, or on one line without any.
fn render_value(value: &Json, indent: Option<&str>) -> String {
    match indent {
        Some(indent) => serde_json::to_string_pretty(value).unwrap_or_default().replace('\n', &format!("\n{indent}")),
        None => value.to_string(),
    }
}

/// Returns the indent of a place; `None` if something else comes before it in its line.
fn indent_before(text: &str, at: usize) -> Option<&str> {
    let line = text.get(..at)?.rsplit_once('\n')?.1;
    line.chars().all(|c| " \t".contains(c)).then_some(line)
}

/// Returns the white space at the start of the line of a place.
fn line_indent(text: &str, at: usize) -> &str {
    let line = text.get(..at).unwrap_or_default().rsplit('\n').next().unwrap_or_default();
    line.get(..line.len() - line.trim_start_matches([' ', '\t']).len()).unwrap_or_default()
}

/// Parses the object that begins at an offset; `None` if something else does. The text has to be valid JSON.
fn parse_object(text: &str, at: usize) -> Option<JsonObject> {
    let bytes = text.as_bytes();
    if bytes.get(at) != Some(&b'{') {
        return None;
    }
    let mut entries = Vec::new();
    let mut at = skip_whitespace(text, at + 1);
    while bytes.get(at)? != &b'}' {
        let name_end = find_value_end(bytes, at);
        let name = serde_json::from_str(text.get(at..name_end)?).ok()?;
        // The one byte between the name and the value is the colon.
        let value = skip_whitespace(text, skip_whitespace(text, name_end) + 1);
        let value = value..find_value_end(bytes, value);
        let next = skip_whitespace(text, value.end);
        entries.push(Member { name, at, value });
        at = if bytes.get(next) == Some(&b',') { skip_whitespace(text, next + 1) } else { next };
    }
    Some(JsonObject { entries, end: at })
}

/// Returns the offset of the first character from `at` on that is not white space.
fn skip_whitespace(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.len() - rest.trim_ascii_start().len()
}

/// Returns the offset behind the value that begins at `from`.
fn find_value_end(bytes: &[u8], from: usize) -> usize {
    let (mut depth, mut at) = (0_usize, from);
    while let Some(byte) = bytes.get(at) {
        match byte {
            // Left at the closing quote, which the step below passes.
            b'"' => at = find_string_end(bytes, at) - 1,
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

/// Returns the offset behind the string that begins at `from`.
fn find_string_end(bytes: &[u8], from: usize) -> usize {
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
        put_value(text, "s", "mfm", &json!({"command": "x"}))
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
            (r#"{"s":{"a":1},"s":{"b":2}}"#, "occurs twice"),
            (r#"{"s":{"a":1},"\u0073":{"b":2}}"#, "occurs twice"),
            (r#"{"s":{"mfm":1,"mfm":2}}"#, "occurs twice"),
            (r#"{"s":[]}"#, "is not an object"),
            ("[]", "not a JSON object"),
            ("{ // mine\n}", "comments"),
            ("{\"a\":1,}", "comments"),
        ] {
            assert!(put_server(text).unwrap_err().contains(why), "{text}: {:?}", put_server(text));
        }
    }
}
