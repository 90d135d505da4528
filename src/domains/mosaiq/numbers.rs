//! Numbers as cells hold them, including floats beyond the range of exact decimals. Knows no limit.

use std::cmp::Ordering;
use std::fmt;

use mfm_journal::Decimal;

use super::limits::Range;
use crate::model::{Row, Value};

/// The content of a numeric cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum CellReading {
    /// NULL, or no such column.
    Empty,
    /// Any number but NaN.
    Number(CellNumber),
    /// Text, bytes, a time, or NaN.
    Unreadable,
}

/// A number, exact if possible.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum CellNumber {
    /// At most 38 digits.
    Exact(Decimal),
    /// A float that no decimal of 38 digits holds: huge, minute or infinite, but never NaN.
    Float(f64),
}

impl CellReading {
    pub(super) fn from_value(value: &Value) -> Self {
        match value {
            Value::Null => Self::Empty,
            Value::Integer(number) => Self::Number(CellNumber::Exact(Decimal::from(*number))),
            Value::Boolean(flag) => Self::Number(CellNumber::Exact(Decimal::from(i64::from(*flag)))),
            Value::Decimal(number) => Self::Number(CellNumber::Exact(*number)),
            Value::Real(number) if !number.is_nan() => Self::Number(CellNumber::from(*number)),
            _ => Self::Unreadable,
        }
    }

    /// Tells whether a value is a number, without converting it.
    pub(super) const fn is_number(value: &Value) -> bool {
        // Called for every cell of a survey, where the conversion to a decimal would dominate.
        match value {
            Value::Integer(_) | Value::Boolean(_) | Value::Decimal(_) => true,
            Value::Real(number) => !number.is_nan(),
            _ => false,
        }
    }

    pub(super) fn from_cell(row: &Row<'_>, column: &str) -> Self {
        row.cell(column).map_or(Self::Empty, Self::from_value)
    }

    pub(super) const fn number(self) -> Option<CellNumber> {
        match self {
            Self::Number(number) => Some(number),
            Self::Empty | Self::Unreadable => None,
        }
    }
}

impl From<f64> for CellNumber {
    fn from(number: f64) -> Self {
        Decimal::from_f64(number).map_or(Self::Float(number), Self::Exact)
    }
}

impl CellNumber {
    /// Compares with a number given both as a decimal and as a float.
    pub(super) fn compare_limit(self, exact: Decimal, float: f64) -> Ordering {
        match self {
            Self::Exact(number) => number.compare_by_value(exact),
            Self::Float(number) => number.total_cmp(&float),
        }
    }

    pub(super) fn compare_integer(self, other: i64) -> Ordering {
        #[expect(clippy::cast_precision_loss, reason = "limits are small")]
        let float = other as f64;
        match self {
            Self::Exact(number) => number.compare_by_value(Decimal::from(other)),
            Self::Float(number) => number.total_cmp(&float),
        }
    }

    /// Tells whether it lies in a range, ends included.
    pub(super) fn is_within(self, range: Range) -> bool {
        self.compare_integer(range.min).is_ge() && self.compare_integer(range.max).is_le()
    }
}

impl fmt::Display for CellNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(number) => write!(f, "{}", number.normalise()),
            Self::Float(number) => write!(f, "{number:e}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_beyond_decimals_are_numbers() {
        let range = Range { min: 0, max: 360 };
        for (number, text, within) in [
            (1e300, "1e300", false),
            (-1e200, "-1e200", false),
            (f64::INFINITY, "inf", false),
            (f64::NEG_INFINITY, "-inf", false),
            (1e-300, "1e-300", true),
            (-1e-300, "-1e-300", false),
            (360.0, "360", true),
            (360.5, "360.5", false),
        ] {
            let number = CellReading::from_value(&Value::Real(number)).number().unwrap();
            assert_eq!((number.to_string(), number.is_within(range)), (text.to_owned(), within));
        }
        for unreadable in [Value::Real(f64::NAN), Value::Text("12".into()), Value::Bytes(vec![1])] {
            assert_eq!(CellReading::from_value(&unreadable), CellReading::Unreadable);
        }
        assert_eq!(CellReading::from_value(&Value::Null), CellReading::Empty);
    }
}
