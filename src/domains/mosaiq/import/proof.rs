//! The proof that a stored value is what the mock's text says. It shares no code with the parser of cells, so that a
//! mistake there is found here.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use mfm_journal::{Moment, Value};

use crate::model::{Column, Kind};

/// 1900-01-01 in the count of [`count_days`].
const EPOCH_DAYS: i64 = count_days(1900, 1, 1);
const MICROSECONDS_PER_DAY: i64 = 86_400_000_000;

/// Tells whether a stored value is what the mock's text says, in any engine.
///
/// Numbers are compared digit by digit, text to the last character, bytes in their text encoding. Times are compared
/// digit by digit, or to the millisecond if the database counts ticks: a `datetime` of SQL Server holds 1/300 s, and
/// the mock's milliseconds were made from such.
#[must_use]
pub fn is_same_value(original: &str, stored: &Value, column: &Column) -> bool {
    if original.is_empty() || stored.is_null() {
        return original.is_empty() && stored.is_null();
    }
    match (column.kind, stored) {
        (Kind::Boolean, Value::Boolean(true) | Value::Integer(1)) => ["True", "1", "1.0"].contains(&original),
        (Kind::Boolean, Value::Boolean(false) | Value::Integer(0)) => ["False", "0", "0.0"].contains(&original),
        (Kind::Integer { .. } | Kind::Decimal { .. }, _) => {
            DecimalDigits::parse(original).is_some_and(|said| value_digits(stored) == Some(said))
        }
        // The standard library reads and writes these, and to the last bit.
        (Kind::Float, Value::Real(held)) => original.parse() == Ok(*held),
        (Kind::Text { .. } | Kind::Other, Value::Text(held)) => held == original,
        (Kind::Bytes { .. } | Kind::RowVersion, Value::Bytes(held)) => URL_SAFE.encode(held) == original,
        (Kind::DateTime, Value::Text(held)) => {
            TimeDigits::parse(original).is_some_and(|said| TimeDigits::parse(held) == Some(said))
        }
        (Kind::DateTime, Value::Moment(held)) => {
            TimeDigits::parse(original).is_some_and(|said| said.is_moment(*held, &column.image))
        }
        _ => false,
    }
}

/// A decimal number in a canonical form: sign, digits without zeros at either end, and power of ten.
#[derive(Debug, PartialEq, Eq)]
struct DecimalDigits {
    is_negative: bool,
    digits: String,
    exponent: i64,
}

impl DecimalDigits {
    fn parse(text: &str) -> Option<Self> {
        let (is_negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = unsigned.split_once(['E', 'e']).unwrap_or((unsigned, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = [whole, fraction].concat();
        if all.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let exponent = exponent.parse::<i64>().ok()?.checked_sub(i64::try_from(fraction.len()).ok()?)?;
        let short = all.trim_end_matches('0');
        let zeros = i64::try_from(all.len() - short.len()).ok()?;
        let digits = short.trim_start_matches('0').to_owned();
        let is_zero = digits.is_empty();
        let exponent = if is_zero { 0 } else { exponent.checked_add(zeros)? };
        Some(Self { is_negative: is_negative && !is_zero, digits, exponent })
    }
}

fn value_digits(stored: &Value) -> Option<DecimalDigits> {
    match stored {
        Value::Boolean(flag) => DecimalDigits::parse(if *flag { "1" } else { "0" }),
        Value::Integer(number) => DecimalDigits::parse(&number.to_string()),
        Value::Real(number) => DecimalDigits::parse(&number.to_string()),
        Value::Decimal(number) => DecimalDigits::parse(&number.to_string()),
        _ => None,
    }
}

/// A date and time in a canonical form: day, time of day in whole seconds, fraction without trailing zeros.
#[derive(Debug, PartialEq, Eq)]
struct TimeDigits<'t> {
    day: &'t str,
    seconds: String,
    fraction: &'t str,
}

impl<'t> TimeDigits<'t> {
    /// Parses a day with or without a time. Anything behind it is refused, and with it an offset from UTC.
    fn parse(text: &'t str) -> Option<Self> {
        let (day, rest) = text.split_at_checked(10)?;
        let (time, fraction) = rest.split_once(['.', ',']).unwrap_or((rest, ""));
        let seconds = match time.strip_prefix([' ', 'T', 't']) {
            None => "00:00:00".to_owned(),
            Some(time) if is_like(time, "00:00") => format!("{time}:00"),
            Some(time) => time.to_owned(),
        };
        let holds = is_like(day, "0000-00-00") && is_like(&seconds, "00:00:00");
        let is_whole = time.is_empty() == rest.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
        let is_plain = time.is_empty() || time.starts_with([' ', 'T', 't']);
        (holds && is_whole && is_plain).then(|| Self { day, seconds, fraction: fraction.trim_end_matches('0') })
    }

    /// Tells whether a count of days and ticks lies within half a millisecond.
    fn is_moment(&self, held: Moment, column: &mfm_journal::ColumnShape) -> bool {
        held.offset_minutes.is_none() && self.is_near(held, column).unwrap_or(false)
    }

    /// `None` if either of the two cannot be counted.
    fn is_near(&self, held: Moment, column: &mfm_journal::ColumnShape) -> Option<bool> {
        let from_days = i64::from(held.days?) * MICROSECONDS_PER_DAY;
        let ticks = i128::from(held.ticks.unwrap_or(0));
        let (per_second, ticks) = match column.declared.to_ascii_lowercase().as_str() {
            "datetime" => (300, ticks),
            "smalldatetime" => (1, ticks * 60),
            _ => (10_i128.checked_pow(u32::from(column.scale.unwrap_or(7)))?, ticks),
        };
        // In units of 1 microsecond / ticks a second: whole numbers, so that nothing is rounded.
        let apart =
            (i128::from(self.microseconds_since_1900()?) - i128::from(from_days)) * per_second - ticks * 1_000_000;
        Some(apart.abs() * 2 < 1000 * per_second)
    }

    /// Counts the microseconds since 1900; `None` if the fraction is finer.
    fn microseconds_since_1900(&self) -> Option<i64> {
        let (day, clock) = (self.day, &self.seconds);
        let day = count_days(number_in(day, 0..4)?, number_in(day, 5..7)?, number_in(day, 8..10)?) - EPOCH_DAYS;
        let seconds = (number_in(clock, 0..2)? * 60 + number_in(clock, 3..5)?) * 60 + number_in(clock, 6..8)?;
        let fraction = format!("{:0<6}", self.fraction);
        let fraction: i64 = if fraction.len() == 6 { fraction.parse().ok()? } else { return None };
        Some(day * MICROSECONDS_PER_DAY + seconds * 1_000_000 + fraction)
    }
}

fn number_in(text: &str, range: std::ops::Range<usize>) -> Option<i64> {
    text.get(range)?.parse().ok()
}

/// Tells whether a text has a digit wherever the form has a zero, and else the same characters.
fn is_like(text: &str, form: &str) -> bool {
    let mut pairs = text.bytes().zip(form.bytes());
    text.len() == form.len() && pairs.all(|(a, b)| if b == b'0' { a.is_ascii_digit() } else { a == b })
}

/// Counts days in the Gregorian calendar.
const fn count_days(year: i64, month: i64, day: i64) -> i64 {
    // Years from March: the leap day comes last, and the months before it follow one formula.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + (153 * month + 2) / 5 + day
}

#[cfg(test)]
mod tests {
    use super::super::cell::parse_cell;
    use super::*;
    use crate::model::{Role, Storage};

    fn test_column(declared: &str, storage: Storage) -> Column {
        let image = mfm_journal::ColumnShape::new("c", declared);
        Column { image, kind: Kind::parse(declared), storage, nullable: true, role: Role::Plain }
    }

    #[test]
    fn same_means_nothing_was_lost() {
        let time = test_column("datetime", Storage::Native);
        let held = time.store_datum("t", &parse_cell("2020-04-27 08:03:28.513", "datetime").unwrap()).unwrap();
        assert!(is_same_value("2020-04-27 08:03:28.513", &held, &time));
        assert!(!is_same_value("2020-04-27 08:03:28.512", &held, &time));
        let number = test_column("decimal(9,4)", Storage::Numeric);
        assert!(
            is_same_value("33.3330", &Value::Real(33.333), &number)
                && is_same_value("1.0", &Value::Integer(1), &number)
        );
        assert!(
            is_same_value("0E-8", &Value::Integer(0), &number) && is_same_value("12E2", &Value::Integer(1200), &number)
        );
        assert!(
            is_same_value("-0.0015", &Value::Real(-1.5e-3), &number)
                && !is_same_value("0.0015", &Value::Real(-1.5e-3), &number)
        );
        assert!(
            !is_same_value("33.3331", &Value::Real(33.333), &number)
                && !is_same_value("1", &Value::Text("1".into()), &number)
        );
        let text = test_column("varchar", Storage::Text);
        assert!(
            is_same_value("a ", &Value::Text("a ".into()), &text)
                && !is_same_value("a ", &Value::Text("a".into()), &text)
        );
        assert!(is_same_value("", &Value::Null, &text) && !is_same_value("", &Value::Text(String::new()), &text));
        assert!(!is_same_value("a", &Value::Null, &text));
        assert!(is_same_value("True", &Value::Integer(1), &test_column("bit", Storage::Numeric)));
        assert!(is_same_value(
            "_-8=",
            &Value::Bytes(vec![0xFF, 0xEF]),
            &test_column("varbinary(max)", Storage::Numeric)
        ));
    }

    #[test]
    fn w05_no_stored_time_proves_a_text_with_an_offset() {
        let (file, server) = (test_column("datetime", Storage::Numeric), test_column("datetime", Storage::Native));
        for original in [
            "2019-03-11 08:03:28.513+05:00",
            "2019-03-11 08:03:28.513Z",
            "2019-03-11T08:03:28.513[Europe/Berlin]",
            "2019-03-11 08:03:28.513 ",
            "2019-03-11 08:03:28.514",
            "2019-03-11 08:03:28.51",
            "2019-03-12 08:03:28.513",
            "2019-03-1108:03:28.513",
            "11.03.2019 08:03:28.513",
        ] {
            assert!(!is_same_value(original, &Value::Text("2019-03-11 08:03:28.513".into()), &file), "{original}");
            let ticks = Some(((8 * 60 + 3) * 60 + 28) * 300 + 154);
            let held = Moment { days: Some(43_533), ticks, offset_minutes: None };
            assert!(is_same_value("2019-03-11T08:03:28.513", &Value::Moment(held), &server));
            assert!(!is_same_value(original, &Value::Moment(held), &server), "{original}");
        }
    }

    #[test]
    fn reader_and_proof_agree_on_every_day() {
        let server = test_column("datetime2(3)", Storage::Native);
        let mut date = jiff::civil::date(1890, 1, 1);
        while date.year() < 2110 {
            let text = format!("{date} 23:59:59.999");
            let held = server.store_datum("t", &parse_cell(&text, "datetime").unwrap()).unwrap();
            assert!(is_same_value(
                &text,
                &held,
                &Column { image: mfm_journal::ColumnShape { scale: None, ..server.image.clone() }, ..server.clone() }
            ));
            date = date.tomorrow().unwrap();
        }
    }
}
