//! Some members of a record's text. Passing over a member costs a tenth of building it.

use std::collections::BTreeSet;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value as Json};

use super::exact;
use super::source::parse_object;

/// Parses the members of an object's text that are wanted; `None` where it is no object.
pub(super) fn parse_members(text: &str, wanted: &BTreeSet<String>) -> Option<Map<String, Json>> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read = deserializer.deserialize_map(WantedMembers(wanted));
    match read.and_then(|fields| deserializer.end().map(|()| fields)) {
        Ok(fields) if !fields.values().any(exact::may_have_lost) => Some(fields),
        _ => {
            let mut fields = parse_object(text)?;
            fields.retain(|name, _| wanted.contains(name));
            Some(fields)
        }
    }
}

struct WantedMembers<'w>(&'w BTreeSet<String>);

impl<'de> Visitor<'de> for WantedMembers<'_> {
    type Value = Map<String, Json>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut fields = Map::new();
        while let Some(name) = members.next_key_seed(WantedName(self.0))? {
            match name {
                Some(name) => drop(fields.insert(name, members.next_value()?)),
                None => drop(members.next_value::<IgnoredAny>()?),
            }
        }
        Ok(fields)
    }
}

/// A name, copied only where it is wanted.
struct WantedName<'w>(&'w BTreeSet<String>);

impl<'de> DeserializeSeed<'de> for WantedName<'_> {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for WantedName<'_> {
    type Value = Option<String>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.contains(name).then(|| name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn wanted_members_are_as_in_the_whole_object() {
        let wanted: BTreeSet<String> = ["id", "list", "big", "nai\u{308}ve", "absent"].map(str::to_owned).into();
        for text in [
            r#"{"id": "a", "other": {"x": [1, "]"]}, "list": [1, {"id": 2}], "nai\u0308ve": null, "huge": 1e400}"#,
            r#"{"id": 1, "big": 12345678901234567890123, "other": 1e400, "id": 2}"#,
            r#"{"id": 1e400}"#,
            "{}",
        ] {
            let mut whole = parse_object(text).unwrap();
            whole.retain(|name, _| wanted.contains(name));
            assert_eq!(parse_members(text, &wanted), Some(whole), "{text}");
        }
        assert_eq!(parse_members(r#"{"id": 1, "id": 2}"#, &wanted).map(|fields| json!(fields)), Some(json!({"id": 2})));
        for text in ["", "[]", "7", "null", "{\"id\": 1", "{\"id\": 1} x"] {
            assert_eq!(parse_members(text, &wanted), None, "{text}");
        }
    }
}
