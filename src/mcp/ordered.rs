//! JSON whose objects stay in the order in which somebody wrote them; keeps no comments and no white space.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use serde_json::Value as Json;

/// A value of a file that is somebody else's.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Ordered {
    /// An object, in its order.
    Object(Vec<(String, Self)>),
    /// A list.
    List(Vec<Self>),
    /// Anything else.
    Other(Json),
}

impl Ordered {
    /// Puts a value where the names lead; objects that are missing on the way are made, at the end.
    ///
    /// # Errors
    /// The name, empty for the whole, of what is no object.
    pub(super) fn put(&mut self, names: &[&str], value: Self) -> Result<(), String> {
        let Some((name, rest)) = names.split_first() else {
            *self = value;
            return Ok(());
        };
        let Self::Object(entries) = self else { return Err(String::new()) };
        if !entries.iter().any(|(known, _)| known == name) {
            entries.push(((*name).to_owned(), Self::Object(Vec::new())));
        }
        let found = entries.iter_mut().find(|(known, _)| known == name);
        let put = found.map_or(Ok(()), |(_, inner)| inner.put(rest, value));
        put.map_err(|inner| if inner.is_empty() { (*name).to_owned() } else { inner })
    }
}

impl Serialize for Ordered {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Object(entries) => serializer.collect_map(entries.iter().map(|(name, value)| (name, value))),
            Self::List(values) => serializer.collect_seq(values),
            Self::Other(value) => value.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Ordered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Ordered;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Ordered::Object(entries))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Ordered, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element()? {
            values.push(value);
        }
        Ok(Ordered::List(values))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Ordered, E> {
        Ok(Ordered::Other(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Ordered, E> {
        Ok(Ordered::Other(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Ordered, E> {
        Ok(Ordered::Other(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Ordered, E> {
        Ok(Ordered::Other(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Ordered, E> {
        Ok(Ordered::Other(value.into()))
    }

    fn visit_unit<E>(self) -> Result<Ordered, E> {
        Ok(Ordered::Other(Json::Null))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Ordered;

    #[test]
    fn what_is_not_meant_stays_as_it_was_and_where_it_was() {
        let before = r#"{"z":[1,-2,0.5,null,true,{"b":1,"a":"x"}],"s":{"y":{},"mfm":1,"x":2},"a":{}}"#;
        let mut value: Ordered = serde_json::from_str(before).unwrap();
        assert_eq!(serde_json::to_string(&value).unwrap(), before);
        value.put(&["s", "mfm"], Ordered::Other(json!({"new": true}))).unwrap();
        assert_eq!(serde_json::to_string(&value).unwrap(), before.replace("\"mfm\":1", "\"mfm\":{\"new\":true}"));
        value.put(&["other", "mfm"], Ordered::Other(json!(7))).unwrap();
        assert!(serde_json::to_string(&value).unwrap().ends_with(r#","a":{},"other":{"mfm":7}}"#));
        assert_eq!(value.put(&["z", "mfm"], Ordered::Other(json!(7))), Err("z".to_owned()));
        assert_eq!(Ordered::List(Vec::new()).put(&["z"], Ordered::Other(json!(7))), Err(String::new()));
    }
}
