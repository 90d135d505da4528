//! Lists and ranges of record ids, as people type them and as agents send them.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Record ids: single ones and inclusive ranges, in the order given.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(with = "IdsForm")]
pub struct Ids {
    parts: Vec<(i64, i64)>,
}

/// What JSON may hold: an id, a list of ids, or the text that the command line takes.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum IdsForm {
    /// One id.
    One(i64),
    /// Several ids.
    Many(Vec<i64>),
    /// Ids and inclusive ranges: `5-9,12`.
    Text(String),
}

/// The error for a text that is not a list of ids.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a list of ids: write numbers and ranges such as 5-9,12, the smaller number first")]
pub struct IdsError(String);

impl Ids {
    /// Returns the ids that are named singly, not as part of a range: ascending, without repeats.
    #[must_use]
    pub fn single_ids(&self) -> Vec<i64> {
        let mut all: Vec<i64> = self.parts.iter().filter(|(first, last)| first == last).map(|(id, _)| *id).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Tells whether an id is named singly or lies in a range.
    #[must_use]
    pub fn contains(&self, id: i64) -> bool {
        self.parts.iter().any(|(first, last)| (*first..=*last).contains(&id))
    }

    /// Returns all ids as inclusive ranges: ascending, none touching the next.
    #[must_use]
    pub fn merged_ranges(&self) -> Vec<(i64, i64)> {
        let mut parts = self.parts.clone();
        parts.sort_unstable();
        let mut merged: Vec<(i64, i64)> = Vec::with_capacity(parts.len());
        for (first, last) in parts {
            match merged.last_mut() {
                Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
                _ => merged.push((first, last)),
            }
        }
        merged
    }

    /// Tells whether every id is named one by one, so that each must exist.
    #[must_use]
    pub fn is_explicit(&self) -> bool {
        self.parts.iter().all(|(first, last)| first == last)
    }
}

impl From<Vec<i64>> for Ids {
    fn from(ids: Vec<i64>) -> Self {
        Self { parts: ids.into_iter().map(|id| (id, id)).collect() }
    }
}

impl FromStr for Ids {
    type Err = IdsError;

    fn from_str(text: &str) -> Result<Self, IdsError> {
        let parts = text.split(',').map(parse_part).collect::<Option<_>>();
        Ok(Self { parts: parts.ok_or_else(|| IdsError(text.to_owned()))? })
    }
}

/// Parses an id, or an inclusive range of ids whose first is not the larger one.
fn parse_part(part: &str) -> Option<(i64, i64)> {
    let part = part.trim();
    // A minus sign can also begin a number, so the hyphen of a range is searched after the first character.
    let hyphen = part.get(1..).and_then(|rest| rest.find('-')).map(|at| at + 1);
    let (first, last) = hyphen.map_or((part, part), |at| (&part[..at], &part[at + 1..]));
    let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    (first <= last).then_some((first, last))
}

impl fmt::Display for Ids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (first, last)) in self.parts.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            match first == last {
                true => write!(f, "{comma}{first}")?,
                false => write!(f, "{comma}{first}-{last}")?,
            }
        }
        Ok(())
    }
}

impl Serialize for Ids {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Ids {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match IdsForm::deserialize(deserializer)? {
            IdsForm::One(id) => Ok(Self::from(vec![id])),
            IdsForm::Many(ids) => Ok(Self::from(ids)),
            IdsForm::Text(text) => text.parse().map_err(serde::de::Error::custom),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_ranges() {
        let ids: Ids = "5-9,12, -3--1".parse().unwrap();
        assert_eq!(ids.to_string(), "5-9,12,-3--1");
        assert!(ids.contains(7) && ids.contains(12) && ids.contains(-2) && !ids.contains(10));
        assert_eq!(ids.single_ids(), [12]);
        assert!(!ids.is_explicit());
        for bad in ["", "5-", "a", "9-5", "5-9x", "5;6", "1.5", "-"] {
            assert!(bad.parse::<Ids>().is_err(), "{bad}");
        }
    }

    #[test]
    fn json_takes_three_forms() {
        for (json, text) in [("5", "5"), ("[5,7]", "5,7"), ("\"5-9\"", "5-9")] {
            assert_eq!(serde_json::from_str::<Ids>(json).unwrap().to_string(), text);
        }
    }
}
