//! Entry bodies: canonical JSON (RFC 8785) without floats, integers beyond 2^53-1, or keys that are not ASCII.

use serde_json::Value;

/// The largest magnitude of an integer that every JSON reader keeps exactly.
pub const INTEGER_MAX: u64 = (1 << 53) - 1;
/// How deep arrays and objects may nest. Every JSON reader accepts this depth.
pub const DEPTH_MAX: usize = 32;

/// Why a value cannot be a body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// A number with a fraction or an exponent.
    #[error("{0} is a float; bodies only hold integers and text")]
    Float(String),
    /// An integer beyond [`INTEGER_MAX`].
    #[error("{0} is beyond 2^53-1; bodies store such numbers as text")]
    TooLarge(String),
    /// A key that is not ASCII.
    #[error("the key `{0}` is not ASCII")]
    Key(String),
    /// Nesting beyond [`DEPTH_MAX`].
    #[error("more than {DEPTH_MAX} levels are nested")]
    TooDeep,
    /// A body is an object.
    #[error("a body is an object")]
    NotAnObject,
    /// A key that the journal itself fills in.
    #[error("the key `{0}` is the journal's own")]
    Reserved(String),
    /// The serialiser refused.
    #[error("the value has no canonical form: {0}")]
    Unwritable(String),
}

/// Returns the canonical text of a body.
///
/// # Errors
/// Any [`BodyError`]: nothing is rounded or dropped to make it fit.
pub fn to_canonical_json(body: &Value) -> Result<String, BodyError> {
    if !body.is_object() {
        return Err(BodyError::NotAnObject);
    }
    check_value(body, 0)?;
    serialise_unchecked(body)
}

/// Returns the canonical text of a value that is known to be within the limits of a body.
pub(crate) fn serialise_unchecked(value: &Value) -> Result<String, BodyError> {
    serde_json_canonicalizer::to_string(value).map_err(|error| BodyError::Unwritable(error.to_string()))
}

fn check_value(value: &Value, depth: usize) -> Result<(), BodyError> {
    if depth > DEPTH_MAX {
        return Err(BodyError::TooDeep);
    }
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
        Value::Number(number) => check_number(number),
        Value::Array(items) => items.iter().try_for_each(|item| check_value(item, depth + 1)),
        Value::Object(members) => members.iter().try_for_each(|(key, item)| {
            if key.is_ascii() { check_value(item, depth + 1) } else { Err(BodyError::Key(key.clone())) }
        }),
    }
}

fn check_number(number: &serde_json::Number) -> Result<(), BodyError> {
    // The magnitude, because -2^53+1 is allowed as well.
    let magnitude = number.as_i64().map(i64::unsigned_abs).or_else(|| number.as_u64());
    match magnitude {
        None => Err(BodyError::Float(number.to_string())),
        Some(magnitude) if magnitude > INTEGER_MAX => Err(BodyError::TooLarge(number.to_string())),
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn canonical_text_is_sorted_and_tight() {
        let body =
            json!({"b": [1, -2, null, true], "a": {"z": "\u{e9}\n\u{1}\"", "y": ""}, "B": 9_007_199_254_740_991_u64});
        let text = to_canonical_json(&body).unwrap();
        assert_eq!(
            text,
            "{\"B\":9007199254740991,\"a\":{\"y\":\"\",\"z\":\"\u{e9}\\n\\u0001\\\"\"},\"b\":[1,-2,null,true]}"
        );
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), body);
    }

    #[test]
    fn what_would_be_rounded_is_refused() {
        let deep = (0..40).fold(json!({}), |inner, _| json!({ "a": inner }));
        for body in [
            json!({"a": 0.5}),
            json!({"a": 1.0}),
            json!({"a": [9_007_199_254_740_992_u64]}),
            json!({"a": -9_007_199_254_740_992_i64}),
            json!({"a": u64::MAX}),
            json!({"\u{e9}": 1}),
            json!([1]),
            deep,
        ] {
            assert!(to_canonical_json(&body).is_err(), "{body}");
        }
    }
}
