//! The text of a record as its file has it: where each member stands, and how one value is replaced while every other
//! byte stays.

use std::ops::Range;

use serde_json::{Map, Value as Json};

use super::exact;

/// A member of an object's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name, unescaped.
    pub name: String,
    /// Where its value stands, without the white space around it.
    pub value: Range<usize>,
    /// Where the member stands as a whole, from its name to its value.
    pub whole: Range<usize>,
}

/// Lists the members of an object's text, in its order; empty for a text that is no object.
#[must_use]
pub fn list_members(text: &str) -> Vec<Member> {
    let mut scanner = Scanner { bytes: text.as_bytes(), at: 0 };
    let mut members = Vec::new();
    if !scanner.skip_byte(b'{') {
        return members;
    }
    while let Some(member) = scanner.next_member(text) {
        members.push(member);
        if !scanner.skip_byte(b',') {
            break;
        }
    }
    members
}

/// Finds a member by its name. Where a name is repeated the last one counts, as it does for every reader of JSON.
#[must_use]
pub fn find_member(text: &str, name: &str) -> Option<Member> {
    list_members(text).into_iter().rev().find(|member| member.name == name)
}

/// Returns the value of a member; `None` where there is none.
#[must_use]
pub fn read_member(text: &str, name: &str) -> Option<Json> {
    let member = find_member(text, name)?;
    serde_json::from_str(text.get(member.value)?).ok()
}

/// Returns the text with the value of a member replaced; `None` where it has no such member.
#[must_use]
pub fn replace_value(text: &str, name: &str, value: &str) -> Option<String> {
    let Range { start, end } = find_member(text, name)?.value;
    Some(format!("{}{value}{}", text.get(..start)?, text.get(end..)?))
}

/// Lists where the elements of an array's text stand; empty for a text that is no array.
#[must_use]
pub fn list_elements(text: &str) -> Vec<Range<usize>> {
    let mut scanner = Scanner { bytes: text.as_bytes(), at: 0 };
    let mut elements = Vec::new();
    if !scanner.skip_byte(b'[') {
        return elements;
    }
    loop {
        scanner.skip_space();
        let start = scanner.at;
        scanner.skip_value();
        if scanner.at > start {
            elements.push(start..scanner.at);
        }
        if !scanner.skip_byte(b',') {
            return elements;
        }
    }
}

/// Parses an object's text; `None` where it is no object. A number that a double cannot hold becomes the text of its
/// digits.
#[must_use]
pub fn parse_object(text: &str) -> Option<Map<String, Json>> {
    match serde_json::from_str::<Map<String, Json>>(text) {
        Ok(fields) if !fields.values().any(exact::may_have_lost) => Some(fields),
        _ => exact::parse_exactly(text),
    }
}

/// Encodes a text as a JSON value, with every letter as it is.
#[must_use]
pub fn encode_text(text: &str) -> String {
    Json::from(text).to_string()
}

/// A walk over JSON that is known to be valid.
struct Scanner<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    /// Skips white space and this byte; false, and not beyond the white space, where another one follows.
    fn skip_byte(&mut self, byte: u8) -> bool {
        self.skip_space();
        let is_here = self.peek() == Some(byte);
        self.at += usize::from(is_here);
        is_here
    }

    fn next_member(&mut self, text: &str) -> Option<Member> {
        self.skip_space();
        let start = self.at;
        if self.peek() != Some(b'"') {
            return None;
        }
        self.skip_text();
        let name: String = serde_json::from_str(text.get(start..self.at)?).ok()?;
        if !self.skip_byte(b':') {
            return None;
        }
        self.skip_space();
        let value = self.at;
        self.skip_value();
        Some(Member { name, value: value..self.at, whole: start..self.at })
    }

    fn skip_value(&mut self) {
        match self.peek() {
            Some(b'"') => self.skip_text(),
            Some(b'{' | b'[') => self.skip_nested(),
            _ => {
                let is_inside = |byte: u8| !byte.is_ascii_whitespace() && ![b',', b'}', b']'].contains(&byte);
                while self.peek().is_some_and(is_inside) {
                    self.at += 1;
                }
            }
        }
    }

    fn skip_text(&mut self) {
        self.at += 1;
        while let Some(byte) = self.peek() {
            self.at += if byte == b'\\' { 2 } else { 1 };
            if byte == b'"' {
                return;
            }
        }
    }

    fn skip_nested(&mut self) {
        let mut depth = 0_u32;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    self.skip_text();
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "{\n  \"id\": \"x-1\",\n  \"na\\u0069ve\" : 28.0,\n  \"list\": [1, {\"a\": \"]}\"}],\"end\":null\n}";

    #[test]
    fn one_value_is_replaced_and_every_other_byte_stays() {
        let names: Vec<String> = list_members(TEXT).into_iter().map(|member| member.name).collect();
        assert_eq!(names, ["id", "naive", "list", "end"]);
        assert_eq!(read_member(TEXT, "naive"), Some(serde_json::json!(28.0)));
        let other = replace_value(TEXT, "naive", "280").unwrap();
        assert_eq!(other, TEXT.replace("28.0", "280"));
        assert_eq!(replace_value(&other, "naive", "28.0").unwrap(), TEXT);
        assert_eq!(replace_value(TEXT, "absent", "1"), None);
        assert_eq!(read_member(TEXT, "list").unwrap()[1]["a"], "]}");
    }

    #[test]
    fn what_is_no_object_has_no_members() {
        for text in ["", "[]", "{}", "null", "{", "{\"a\"", "{\"a\":", "\"", "{\"a\" 1}"] {
            assert!(list_members(text).iter().all(|member| member.value.is_empty()), "{text}");
        }
    }

    #[test]
    fn a_repeated_name_counts_by_its_last_value() {
        let text = r#"{"a": 1, "a": 2}"#;
        assert_eq!(read_member(text, "a"), parse_object(text).unwrap().get("a").cloned());
        assert_eq!(replace_value(text, "a", "3").unwrap(), r#"{"a": 1, "a": 3}"#);
    }
}
