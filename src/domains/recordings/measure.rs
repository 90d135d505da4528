//! Numbers in answers. JSON has no NaN and no infinity: these become null and text.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

/// A number of a recording: null where none is recorded (a number that is none is stored as NULL), and the text
/// `Infinity` or `-Infinity` where JSON has no number for it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measure(pub Option<f64>);

impl From<f64> for Measure {
    fn from(number: f64) -> Self {
        Self(Some(number))
    }
}

impl From<Option<f64>> for Measure {
    fn from(number: Option<f64>) -> Self {
        Self(number)
    }
}

impl Serialize for Measure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(number) if number.is_finite() => serializer.serialize_f64(number),
            Some(number) if number == f64::INFINITY => serializer.serialize_str("Infinity"),
            Some(number) if number == f64::NEG_INFINITY => serializer.serialize_str("-Infinity"),
            // NaN too: a recording cannot hold it apart from NULL.
            _ => serializer.serialize_none(),
        }
    }
}

impl JsonSchema for Measure {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Measure".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["number", "string", "null"] })
    }
}

/// A vector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Vector {
    /// Along x.
    pub x: Measure,
    /// Along y.
    pub y: Measure,
    /// Along z, up.
    pub z: Measure,
}

/// An orientation, from the body to the world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Orientation {
    /// The real part.
    pub w: Measure,
    /// Along x.
    pub x: Measure,
    /// Along y.
    pub y: Measure,
    /// Along z.
    pub z: Measure,
}

impl Orientation {
    /// Returns w, x, y and z; `None` where one is not recorded.
    #[must_use]
    pub fn numbers(&self) -> Option<[f64; 4]> {
        Some([self.w.0?, self.x.0?, self.y.0?, self.z.0?])
    }
}

impl Vector {
    /// Creates a vector from x, y and z.
    #[must_use]
    pub fn from_numbers([x, y, z]: [f64; 3]) -> Self {
        Self { x: x.into(), y: y.into(), z: z.into() }
    }

    /// Returns x, y and z; `None` where one is not recorded.
    #[must_use]
    pub fn numbers(&self) -> Option<[f64; 3]> {
        Some([self.x.0?, self.y.0?, self.z.0?])
    }

    /// Returns the length; `None` where a component is not recorded.
    #[must_use]
    pub fn length(&self) -> Option<f64> {
        self.numbers().map(length)
    }

    /// Returns the difference of two vectors; a component is null where either has none.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        Self { x: self.x.minus(other.x), y: self.y.minus(other.y), z: self.z.minus(other.z) }
    }
}

impl Measure {
    fn minus(self, other: Self) -> Self {
        Self(self.0.zip(other.0).map(|(this, other)| this - other))
    }
}

/// Returns the length of a vector. `hypot` does not square, so components beyond 1e154 do not overflow.
#[must_use]
pub fn length([x, y, z]: [f64; 3]) -> f64 {
    x.hypot(y).hypot(z)
}

/// Returns the inner product of two vectors.
#[must_use]
pub fn dot(one: [f64; 3], two: [f64; 3]) -> f64 {
    one.iter().zip(two).map(|(one, two)| one * two).sum()
}

/// Renders a number for a sentence: at most four decimals without trailing zeros, or four digits with an exponent.
#[must_use]
pub fn render_number(number: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    if !number.is_finite() {
        return if number.is_nan() { "unknown".to_owned() } else { format!("{number}") };
    }
    // Outside this range four decimals would show only zeros, or a long row of digits.
    if number.abs() < 1e-3 || number.abs() >= 1e6 {
        return format!("{number:.3e}");
    }
    let text = format!("{number:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_is_still_valid_json() {
        let all = [Some(1e195), Some(f64::INFINITY), Some(f64::NEG_INFINITY), Some(f64::NAN), None];
        let json = serde_json::to_string(&all.map(Measure)).unwrap();
        assert_eq!(json, r#"[1e+195,"Infinity","-Infinity",null,null]"#);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap()[0], serde_json::json!(1e195));
    }

    #[test]
    fn a_length_does_not_overflow() {
        assert!((length([3e200, 4e200, 0.0]) / 5e200 - 1.0).abs() < 1e-12);
        assert_eq!(render_number(0.15696), "0.157");
        assert_eq!(render_number(-1057.6512), "-1057.6512");
        assert_eq!(render_number(2.861e127), "2.861e127");
    }
}
