//! A record's text as JSON in which no number loses digits: what a double cannot hold stands as the text of its digits.

use serde::de::IgnoredAny;
use serde_json::{Map, Number, Value as Json};

use super::source::{list_elements, list_members};

/// The deepest nesting that is taken apart; what lies deeper stays the text that it is.
const DEPTH_MAX: u32 = 100;
/// From here on not every whole number is a double.
const WHOLE_MAX: f64 = 9e15;
/// The most digits that every double keeps.
const DIGITS_CERTAIN: usize = 15;

/// Tells whether a value may hold a number that lost digits when it was read.
pub(super) fn may_have_lost(value: &Json) -> bool {
    match value {
        Json::Number(number) if number.is_f64() => {
            // A number that is far too small is read as nothing.
            let is_odd = number.as_f64().is_none_or(|number| number == 0.0 || number.abs() >= WHOLE_MAX);
            is_odd || number.to_string().bytes().filter(u8::is_ascii_digit).count() > DIGITS_CERTAIN
        }
        Json::Array(list) => list.iter().any(may_have_lost),
        Json::Object(fields) => fields.values().any(may_have_lost),
        _ => false,
    }
}

/// Parses an object's text number by number; `None` where it is no object.
pub(super) fn parse_exactly(text: &str) -> Option<Map<String, Json>> {
    serde_json::from_str::<IgnoredAny>(text).ok()?;
    match parse_value(text.trim(), 0) {
        Json::Object(fields) => Some(fields),
        _ => None,
    }
}

/// Parses a value that is known to be valid.
fn parse_value(text: &str, depth: u32) -> Json {
    let part = |range| parse_value(text.get(range).unwrap_or_default(), depth + 1);
    match text.as_bytes().first() {
        _ if depth > DEPTH_MAX => Json::from(text),
        Some(b'{') => {
            Json::Object(list_members(text).into_iter().map(|member| (member.name, part(member.value))).collect())
        }
        Some(b'[') => Json::Array(list_elements(text).into_iter().map(part).collect()),
        Some(b'-' | b'0'..=b'9') => parse_number(text),
        _ => serde_json::from_str(text).unwrap_or(Json::Null),
    }
}

fn parse_number(text: &str) -> Json {
    match serde_json::from_str::<Number>(text) {
        Ok(number) if read_decimal(&number.to_string()) == read_decimal(text) => Json::Number(number),
        _ => Json::from(text),
    }
}

/// Returns what the text of a number states: its sign, its digits without zeros at either end, and the power of ten of
/// the last one. `None` where that power itself is out of all range.
fn read_decimal(text: &str) -> Option<(bool, String, i64)> {
    let (is_negative, plain) = text.strip_prefix('-').map_or((false, text), |plain| (true, plain));
    let (mantissa, power) = plain.split_once(['e', 'E']).unwrap_or((plain, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let shown = digits.trim_end_matches('0');
    let zeros = i64::try_from(digits.len() - shown.len()).ok()?;
    let power = power.parse::<i64>().ok()?.checked_sub(i64::try_from(fraction.len()).ok()?)?.checked_add(zeros)?;
    let shown = shown.trim_start_matches('0');
    if shown.is_empty() { Some((is_negative, String::new(), 0)) } else { Some((is_negative, shown.to_owned(), power)) }
}

#[cfg(test)]
mod tests {
    use crate::domains::openonco::source::parse_object;

    #[test]
    fn a_number_keeps_every_digit() {
        let text = r#"{"plain": 28.0, "long": 12345678901234567890123, "huge": 1e400, "tiny": -1.5E-400,
            "even": 10000000000000000000000, "third": 0.3333333333333333148, "deep": {"list": [1, 9007199254740993.0]},
            "most": 18446744073709551615, "zero": -0.0, "power": 2.50e1}"#;
        let fields = parse_object(text).unwrap();
        for (name, shown) in [
            ("plain", "28.0"),
            ("long", "\"12345678901234567890123\""),
            ("huge", "\"1e400\""),
            ("tiny", "\"-1.5E-400\""),
            ("even", "1e+22"),
            ("third", "\"0.3333333333333333148\""),
            ("deep", r#"{"list":[1,"9007199254740993.0"]}"#),
            ("most", "18446744073709551615"),
            ("zero", "-0.0"),
            ("power", "25.0"),
        ] {
            assert_eq!(fields[name].to_string(), shown, "{name}");
        }
    }

    #[test]
    fn any_depth_is_read_and_what_is_no_object_is_none() {
        let deep = format!("{{\"id\": \"x\", \"deep\": {}{}}}", "[".repeat(3000), "]".repeat(3000));
        let fields = parse_object(&deep).unwrap();
        assert_eq!(fields["id"], "x");
        assert!(fields["deep"].to_string().contains("[[[["));
        for text in ["", "[1e400]", "1e400", "{\"a\": 1e400", "null"] {
            assert_eq!(parse_object(text), None, "{text}");
        }
    }
}
