//! Entry bodies: whatever JSON is taken for a body has one text, which is read as the same body.

use mfm_journal::body::{DEPTH_MAX, INTEGER_MAX, to_canonical_json};
use serde_json::Value as Json;

/// Reads bytes as JSON, and the canonical text of what they say again.
pub fn law(bytes: &[u8]) {
    let Ok(body) = serde_json::from_slice::<Json>(bytes) else { return };
    let Ok(text) = to_canonical_json(&body) else { return };
    let again: Json = serde_json::from_str(&text).unwrap();
    assert_eq!(again, body, "the canonical text says something else");
    assert_eq!(to_canonical_json(&again).unwrap(), text, "a body has two texts");
    assert!(text.len() <= bytes.len() * 6, "a canonical text is no longer than its escapes");
    within(&body, 0);
}

/// Looks for what a body never holds.
fn within(value: &Json, depth: usize) {
    assert!(depth <= DEPTH_MAX);
    match value {
        Json::Number(number) => {
            let size = number.as_i64().map(i64::unsigned_abs).or_else(|| number.as_u64());
            assert!(size.is_some_and(|size| size <= INTEGER_MAX), "{number}");
        }
        Json::Array(items) => items.iter().for_each(|item| within(item, depth + 1)),
        Json::Object(members) => members.iter().for_each(|(key, item)| {
            assert!(key.is_ascii());
            within(item, depth + 1);
        }),
        Json::Null | Json::Bool(_) | Json::String(_) => {}
    }
}
