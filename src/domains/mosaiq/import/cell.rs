//! Parses the text of a cell of the mock by its declared type.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use mfm_journal::{Decimal, Value};

use crate::model::{Datum, Kind, time};

/// Parses a cell of a declared type; the error says why it does not fit.
pub(super) fn parse_cell(text: &str, declared: &str) -> Result<Datum, &'static str> {
    // CSV cannot tell NULL from an empty text; in MOSAIQ, NULL is the likely one.
    if text.is_empty() {
        return Ok(Datum::Null);
    }
    match Kind::parse(declared) {
        Kind::Boolean => parse_flag(text).map(|flag| Datum::Integer(i64::from(flag))).ok_or("write True or False"),
        Kind::Integer { min, max } => {
            let number = parse_decimal(text).and_then(Decimal::to_i64_exact).ok_or("it is not a whole number")?;
            if (min..=max).contains(&number) { Ok(Datum::Integer(number)) } else { Err("it is out of range") }
        }
        Kind::Decimal { .. } => {
            parse_decimal(text).map(Datum::Decimal).ok_or("it is not a decimal number of at most 38 digits")
        }
        Kind::Float => {
            parse_float(text).map(|number| Datum::Raw(Value::Real(number))).ok_or("it is not a finite number")
        }
        Kind::Text { .. } => Ok(Datum::Text(text.to_owned())),
        Kind::Bytes { .. } => decode_bytes(text).map(Datum::Bytes),
        // A server sets a rowversion itself. In SQLite the column only bears the type's name, and keeps the bytes.
        Kind::RowVersion => decode_bytes(text).map(|bytes| Datum::Raw(Value::Bytes(bytes))),
        Kind::DateTime => {
            let moment = time::parse_local(text).filter(|_| !text.ends_with(' ')).ok_or(no_moment(text))?;
            // `datetime` cannot hold more: the rest would be lost silently.
            let whole = moment.subsec_nanosecond() % 1_000_000 == 0;
            if whole { Ok(Datum::DateTime(moment)) } else { Err("it is finer than a millisecond") }
        }
        Kind::Other => Err("the type is unknown"),
    }
}

/// Says why a column cannot hold a text as a date and time.
fn no_moment(text: &str) -> &'static str {
    if time::names_offset(text) {
        "its offset from UTC would be lost; a column of text keeps it"
    } else {
        "it is not a date and time of the form 2024-06-03 08:00:00.000"
    }
}

/// Parses `True`, `False`, or the numbers that pandas writes for them in a column with empty cells.
fn parse_flag(text: &str) -> Option<bool> {
    match text {
        "True" | "1" | "1.0" => Some(true),
        "False" | "0" | "0.0" => Some(false),
        _ => None,
    }
}

/// Parses a decimal, with or without an exponent: pandas writes `0E-8`.
fn parse_decimal(text: &str) -> Option<Decimal> {
    let (digits, exponent) = text.split_once(['E', 'e']).unwrap_or((text, "0"));
    let mantissa: Decimal = digits.parse::<Decimal>().ok()?.normalise();
    let exponent: i32 = exponent.parse().ok()?;
    if mantissa.unscaled() == 0 {
        // Whatever the exponent, which could overflow the scale.
        return Some(Decimal::from(0));
    }
    let scale = i32::from(mantissa.scale()).checked_sub(exponent)?;
    if let Ok(scale) = u8::try_from(scale) {
        return Decimal::new(mantissa.unscaled(), scale);
    }
    let factor = 10i128.checked_pow(scale.unsigned_abs())?;
    if scale < 0 { Decimal::new(mantissa.unscaled().checked_mul(factor)?, 0) } else { None }
}

fn parse_float(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

fn decode_bytes(text: &str) -> Result<Vec<u8>, &'static str> {
    URL_SAFE.decode(text).map_err(|_| "it is not URL-safe base64")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal_datum(text: &str) -> Datum {
        Datum::Decimal(text.parse().unwrap())
    }

    #[test]
    fn each_quirk_is_read() {
        assert_eq!(parse_cell("805.0", "int"), Ok(Datum::Integer(805)));
        assert_eq!(parse_cell("", "varchar"), Ok(Datum::Null));
        assert_eq!(parse_cell("0E-8", "decimal"), Ok(decimal_datum("0")));
        assert_eq!(parse_cell("1.5E-3", "decimal"), Ok(decimal_datum("0.0015")));
        assert_eq!(parse_cell("12E2", "decimal"), Ok(decimal_datum("1200")));
        assert_eq!(parse_cell("True", "bit"), Ok(Datum::Integer(1)));
        assert_eq!(parse_cell("a\0 ", "char"), Ok(Datum::Text("a\0 ".into())));
        assert_eq!(parse_cell("_-8=", "binary"), Ok(Datum::Bytes(vec![0xFF, 0xEF])));
        for text in ["2020-04-27", "2020-04-27 00:00:00", "2020-04-27 00:00:00.000", "2020-04-27 00:00:00.000000"] {
            let midnight = jiff::civil::date(2020, 4, 27).to_datetime(jiff::civil::Time::midnight());
            assert_eq!(parse_cell(text, "datetime"), Ok(Datum::DateTime(midnight)));
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
            ("2020-04-27 08:00:00+02:00", "datetime"),
            ("2020-04-27 08:00:00Z", "datetime"),
            ("2020-04-27T08:00:00[Europe/Berlin]", "datetime"),
            ("2020-04-27 24:00:00", "datetime"),
            ("2020-04-27 08:00:00 ", "datetime"),
            ("2020-04-27 08:00:00.000001", "datetime"),
            ("x", "geometry"),
        ] {
            assert!(parse_cell(text, declared).is_err(), "{text} {declared}");
        }
    }
}
