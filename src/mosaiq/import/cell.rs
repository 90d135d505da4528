//! One cell: from the mock's text to a value, and the proof that a stored value is that text; knows no table.

use std::cmp::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use mfm_journal::{Decimal, Value};

use crate::model::{Column, Datum, Kind, time};

/// Reads a cell of a declared type. An empty cell is NULL: the mock cannot tell NULL from an empty text.
pub(super) fn read(text: &str, declared: &str) -> Result<Datum, &'static str> {
    if text.is_empty() {
        return Ok(Datum::Null);
    }
    match Kind::parse(declared) {
        Kind::Boolean => flag(text).map(|flag| Datum::Integer(i64::from(flag))).ok_or("write True or False"),
        Kind::Integer { min, max } => {
            let number = decimal(text).and_then(Decimal::to_i64_exact).ok_or("it is no whole number")?;
            if (min..=max).contains(&number) { Ok(Datum::Integer(number)) } else { Err("it is out of range") }
        }
        Kind::Decimal { .. } => decimal(text).map(Datum::Decimal).ok_or("it is no decimal number of 38 digits"),
        Kind::Float => float(text).map(|number| Datum::Raw(Value::Real(number))).ok_or("it is no finite number"),
        Kind::Text { .. } => Ok(Datum::Text(text.to_owned())),
        Kind::Bytes { .. } => bytes(text).map(Datum::Bytes),
        // Nobody can set a rowversion; where a column only bears its name, it keeps the bytes as they are.
        Kind::RowVersion => bytes(text).map(|bytes| Datum::Raw(Value::Bytes(bytes))),
        Kind::DateTime => {
            let moment = time::parse(text).ok_or("it is no date and time")?;
            let whole = moment.subsec_nanosecond() % 1_000_000 == 0;
            if whole { Ok(Datum::DateTime(moment)) } else { Err("it is finer than a millisecond") }
        }
        Kind::Other => Err("the type is unknown"),
    }
}

/// Tells whether a stored value is what the mock's text says, whatever engine holds it.
///
/// Numbers are compared by value, text and bytes to the last one, times to the millisecond that the mock writes: a
/// `datetime` of SQL Server holds 1/300 s, and the mock's milliseconds were made from such.
#[must_use]
pub fn same(original: &str, stored: &Value, column: &Column) -> bool {
    if original.is_empty() || stored.is_null() {
        return original.is_empty() && stored.is_null();
    }
    match column.kind {
        Kind::Boolean => {
            flag(original).is_some_and(|flag| number(stored).is_some_and(|n| equal(n, i64::from(flag).into())))
        }
        Kind::Integer { .. } | Kind::Decimal { .. } => {
            decimal(original).zip(number(stored)).is_some_and(|(a, b)| equal(a, b))
        }
        Kind::Float => matches!(stored, Value::Real(held) if float(original) == Some(*held)),
        Kind::Text { .. } | Kind::Other => matches!(stored, Value::Text(held) if held == original),
        Kind::Bytes { .. } | Kind::RowVersion => {
            matches!(stored, Value::Bytes(held) if bytes(original).is_ok_and(|bytes| bytes == *held))
        }
        Kind::DateTime => time::parse(original).zip(time::read(stored, column)).is_some_and(|(said, held)| {
            let distance = said.duration_since(held).abs();
            said.subsec_nanosecond() % 1_000_000 == 0 && distance < jiff::SignedDuration::from_micros(500)
        }),
    }
}

fn equal(a: Decimal, b: Decimal) -> bool {
    a.compare(b) == Ordering::Equal
}

fn number(value: &Value) -> Option<Decimal> {
    match value {
        Value::Boolean(flag) => Some(i64::from(*flag).into()),
        Value::Integer(number) => Some((*number).into()),
        Value::Real(number) => Decimal::from_f64(*number),
        Value::Decimal(number) => Some(*number),
        _ => None,
    }
}

/// Reads `True`, `False`, or the numbers that pandas writes for them beside empty cells.
fn flag(text: &str) -> Option<bool> {
    match text {
        "True" | "1" | "1.0" => Some(true),
        "False" | "0" | "0.0" => Some(false),
        _ => None,
    }
}

/// Reads a decimal, with an exponent where pandas wrote one: `0E-8`.
fn decimal(text: &str) -> Option<Decimal> {
    let (digits, exponent) = text.split_once(['E', 'e']).unwrap_or((text, "0"));
    let mantissa: Decimal = digits.parse::<Decimal>().ok()?.normalised();
    let exponent: i32 = exponent.parse().ok()?;
    if mantissa.unscaled() == 0 {
        return Some(Decimal::from(0));
    }
    let scale = i32::from(mantissa.scale()).checked_sub(exponent)?;
    if let Ok(scale) = u8::try_from(scale) {
        return Decimal::new(mantissa.unscaled(), scale);
    }
    let factor = 10i128.checked_pow(scale.unsigned_abs())?;
    if scale < 0 { Decimal::new(mantissa.unscaled().checked_mul(factor)?, 0) } else { None }
}

fn float(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

fn bytes(text: &str) -> Result<Vec<u8>, &'static str> {
    URL_SAFE.decode(text).map_err(|_| "it is no URL-safe base64")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Role, Storage};

    fn d(text: &str) -> Datum {
        Datum::Decimal(text.parse().unwrap())
    }

    #[test]
    fn each_quirk_is_read() {
        assert_eq!(read("805.0", "int"), Ok(Datum::Integer(805)));
        assert_eq!(read("", "varchar"), Ok(Datum::Null));
        assert_eq!(read("0E-8", "decimal"), Ok(d("0")));
        assert_eq!(read("1.5E-3", "decimal"), Ok(d("0.0015")));
        assert_eq!(read("12E2", "decimal"), Ok(d("1200")));
        assert_eq!(read("True", "bit"), Ok(Datum::Integer(1)));
        assert_eq!(read("a\0 ", "char"), Ok(Datum::Text("a\0 ".into())));
        assert_eq!(read("_-8=", "binary"), Ok(Datum::Bytes(vec![0xFF, 0xEF])));
        for text in ["2020-04-27", "2020-04-27 00:00:00", "2020-04-27 00:00:00.000", "2020-04-27 00:00:00.000000"] {
            let midnight = jiff::civil::date(2020, 4, 27).to_datetime(jiff::civil::Time::midnight());
            assert_eq!(read(text, "datetime"), Ok(Datum::DateTime(midnight)));
        }
    }

    #[test]
    fn what_is_not_of_its_type_is_an_error() {
        for (text, declared) in [
            ("805.5", "int"),
            ("40000", "smallint"),
            ("-1", "tinyint"),
            ("yes", "bit"),
            ("1,5", "decimal"),
            ("1E999", "decimal"),
            ("NaN", "decimal"),
            ("nan", "float"),
            ("inf", "float"),
            ("a+/=", "binary"),
            ("2020-13-01", "datetime"),
            ("2020-04-27 08:00:00.000001", "datetime"),
            ("x", "geometry"),
        ] {
            assert!(read(text, declared).is_err(), "{text} {declared}");
        }
    }

    #[test]
    fn same_means_nothing_was_lost() {
        let column = |declared: &str, storage| {
            let image = mfm_journal::Column {
                name: "c".into(),
                declared: declared.into(),
                precision: None,
                scale: None,
                length: None,
                collation: None,
            };
            Column { image, kind: Kind::parse(declared), storage, nullable: true, role: Role::Plain }
        };
        let time = column("datetime", Storage::Native);
        let held = time.store("t", &read("2020-04-27 08:03:28.513", "datetime").unwrap()).unwrap();
        assert!(same("2020-04-27 08:03:28.513", &held, &time));
        assert!(!same("2020-04-27 08:03:28.512", &held, &time));
        let number = column("decimal(9,4)", Storage::Numeric);
        assert!(same("33.3330", &Value::Real(33.333), &number) && same("1.0", &Value::Integer(1), &number));
        assert!(!same("33.3331", &Value::Real(33.333), &number) && !same("1", &Value::Text("1".into()), &number));
        let text = column("varchar", Storage::Text);
        assert!(same("a ", &Value::Text("a ".into()), &text) && !same("a ", &Value::Text("a".into()), &text));
        assert!(same("", &Value::Null, &text) && !same("", &Value::Text(String::new()), &text));
        assert!(!same("a", &Value::Null, &text));
        assert!(same("True", &Value::Integer(1), &column("bit", Storage::Numeric)));
        assert!(same("_-8=", &Value::Bytes(vec![0xFF, 0xEF]), &column("varbinary(max)", Storage::Numeric)));
    }
}
