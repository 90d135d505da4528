//! The words and numbers of a rules file. A wrong one is refused while parsing, so that the error can name its line.

use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;

use mfm_journal::Decimal;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::rules_file;
use crate::domains::mosaiq::checks::CHECKS;
use crate::domains::mosaiq::field_types;
use crate::domains::mosaiq::numbers::{CellNumber, CellReading};
use crate::model::Value;

/// A limit as a float and as the decimal that it was written as, to compare with either kind of cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    number: f64,
    exact: Decimal,
}

impl TryFrom<f64> for Limit {
    type Error = String;

    fn try_from(number: f64) -> Result<Self, String> {
        let exact = Decimal::from_f64(number).ok_or_else(|| format!("{number} cannot be used as a limit"))?;
        Ok(Self { number, exact })
    }
}

impl Limit {
    /// Returns the limit as a float.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.number
    }

    /// Tells whether a number is larger than the limit.
    pub(in crate::domains::mosaiq) fn is_below(self, number: CellNumber) -> bool {
        number.compare_limit(self.exact, self.number).is_gt()
    }

    /// Tells whether a number is smaller than the limit.
    pub(in crate::domains::mosaiq) fn is_above(self, number: CellNumber) -> bool {
        number.compare_limit(self.exact, self.number).is_lt()
    }

    /// Returns the range from minus to plus this limit.
    pub(in crate::domains::mosaiq) fn around_zero(self) -> Bounds {
        let size = Self { number: self.number.abs(), exact: self.exact };
        // Both ends through the conversion, which keeps decimal and float the same number.
        let low = Self::try_from(-size.number).unwrap_or(size);
        Bounds { min: low, max: Self::try_from(size.number).unwrap_or(size) }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.exact.normalise())
    }
}

impl Serialize for Limit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.number.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(f64::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl JsonSchema for Limit {
    fn schema_name() -> Cow<'static, str> {
        "Limit".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "number"})
    }
}

/// A speed above 0: times are divided by it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Speed(Limit);

impl Speed {
    /// Returns the speed as a float.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0.number
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Speed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Speed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let speed = Limit::deserialize(deserializer)?;
        if speed.number > 0.0 {
            Ok(Self(speed))
        } else {
            Err(D::Error::custom(format!("{speed} is not a valid speed")))
        }
    }
}

impl JsonSchema for Speed {
    fn schema_name() -> Cow<'static, str> {
        "Speed".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "number", "exclusiveMinimum": 0})
    }
}

/// An inclusive range, written `[least, most]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// The least that is valid.
    pub min: Limit,
    /// The most that is valid.
    pub max: Limit,
}

impl Bounds {
    /// Tells whether a number lies in the range, ends included.
    pub(in crate::domains::mosaiq) fn contains(self, number: CellNumber) -> bool {
        !self.min.is_above(number) && !self.max.is_below(number)
    }

    /// Returns the number in a cell if it lies outside the range.
    pub(in crate::domains::mosaiq) fn number_beyond(self, cell: &Value) -> Option<CellNumber> {
        // Most cells are floats inside the range. A float compares as the shortest decimal that names it does, so that
        // the conversion can be saved for them.
        if let Value::Real(number) = cell
            && self.min.number <= *number
            && *number <= self.max.number
        {
            return None;
        }
        CellReading::from_value(cell).number().filter(|number| !self.contains(*number))
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.min, self.max)
    }
}

impl Serialize for Bounds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        [self.min, self.max].serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Bounds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let [min, max] = <[Limit; 2]>::deserialize(deserializer)?;
        if min.number > max.number {
            return Err(D::Error::custom(format!("[{min}, {max}] is empty: put the smaller number first")));
        }
        Ok(Self { min, max })
    }
}

impl JsonSchema for Bounds {
    fn schema_name() -> Cow<'static, str> {
        "Bounds".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2})
    }
}

// A static list, because serde wants `&'static [&'static str]` for the error of an unknown id.
static IDS: LazyLock<Vec<&'static str>> = LazyLock::new(|| CHECKS.iter().map(|check| check.card().id).collect());

/// The id of an existing check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CheckId(&'static str);

impl CheckId {
    /// Returns the id as text.
    #[must_use]
    pub const fn word(self) -> &'static str {
        self.0
    }
}

impl Serialize for CheckId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for CheckId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        rules_file::read_check_id(deserializer, &IDS).map(Self)
    }
}

impl JsonSchema for CheckId {
    fn schema_name() -> Cow<'static, str> {
        "CheckId".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "enum": *IDS})
    }
}

/// The word of an existing field type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldType(&'static str);

impl FieldType {
    /// Finds a type by TxField.Type_Enum.
    pub(in crate::domains::mosaiq) fn from_number(number: i64) -> Option<Self> {
        field_types::find_word(number).map(Self)
    }
}

impl Serialize for FieldType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for FieldType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let known = field_types::WORDS.iter().find(|word| **word == text);
        known.map(|word| Self(word)).ok_or_else(|| D::Error::unknown_variant(&text, &field_types::WORDS))
    }
}

impl JsonSchema for FieldType {
    fn schema_name() -> Cow<'static, str> {
        "FieldType".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "enum": field_types::WORDS})
    }
}
