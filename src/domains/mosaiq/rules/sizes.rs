//! Limits that cannot be negative: sizes, largest sizes and ranges of durations. A wrong one is refused while parsing,
//! so that the error can name its line.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::words::{Bounds, Limit};

/// A window, a tolerance or a turn: at least 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Size(Limit);

/// An upper limit above 0: with 0, every value would be too large.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Largest(Limit);

/// A range of durations in seconds, with a lower end of at least 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Durations(Bounds);

impl Deref for Size {
    type Target = Limit;

    fn deref(&self) -> &Limit {
        &self.0
    }
}

impl Deref for Largest {
    type Target = Limit;

    fn deref(&self) -> &Limit {
        &self.0
    }
}

impl Deref for Durations {
    type Target = Bounds;

    fn deref(&self) -> &Bounds {
        &self.0
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Largest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Durations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let limit = Limit::deserialize(deserializer)?;
        if limit.get() < 0.0 {
            return Err(D::Error::custom(format!("{limit} is negative; it must be 0 or larger")));
        }
        Ok(Self(limit))
    }
}

impl<'de> Deserialize<'de> for Largest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let limit = Limit::deserialize(deserializer)?;
        if limit.get() > 0.0 {
            Ok(Self(limit))
        } else {
            Err(D::Error::custom(format!("{limit} must be larger than 0")))
        }
    }
}

impl<'de> Deserialize<'de> for Durations {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bounds = Bounds::deserialize(deserializer)?;
        let (min, max) = (bounds.min, bounds.max);
        let why = match (min.get() < 0.0, max.get() > 0.0) {
            (true, _) => "the minimum must be 0 or larger",
            (_, false) => "the maximum must be larger than 0",
            _ => return Ok(Self(bounds)),
        };
        Err(D::Error::custom(format!("[{min}, {max}] is not a range of durations: {why}")))
    }
}

// Written by hand: a derive does not know the limits that `Deserialize` enforces.
impl JsonSchema for Size {
    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "number", "minimum": 0})
    }
}

impl JsonSchema for Largest {
    fn schema_name() -> Cow<'static, str> {
        "Largest".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "number", "exclusiveMinimum": 0})
    }
}

impl JsonSchema for Durations {
    fn schema_name() -> Cow<'static, str> {
        "Durations".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "array",
            "prefixItems": [{"type": "number", "minimum": 0}, {"type": "number", "exclusiveMinimum": 0}],
            "minItems": 2,
            "maxItems": 2,
        })
    }
}
