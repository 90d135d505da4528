//! Cells between the driver's form and [`Value`], exact both ways.

use mfm_journal::{Decimal, Moment, Value};
use tiberius::ColumnData;
use tiberius::numeric::Numeric;
use tiberius::time::{Date, DateTime, DateTime2, Time};

use super::types::MssqlType;

/// Days from 0001-01-01, the driver's day 0, to 1900-01-01, the day 0 of a [`Moment`].
const DAYS_TO_1900: i32 = 693_595;
const SECONDS_PER_DAY: i64 = 86_400;
/// The ticks of a `datetime` in a second.
const TICKS: i64 = 300;

/// What a cell holds that has no exact form in the journal, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Inexact(pub(super) &'static str);

/// Decodes a cell that was read by [`MssqlType::read_expression`].
pub(super) fn decode(data: ColumnData<'static>, declared: MssqlType) -> Result<Value, Inexact> {
    let value = match (data, declared) {
        (ColumnData::Bit(cell), _) => cell.map(Value::Boolean),
        (ColumnData::U8(cell), _) => cell.map(|number| Value::Integer(number.into())),
        (ColumnData::I16(cell), _) => cell.map(|number| Value::Integer(number.into())),
        (ColumnData::I32(cell), _) => cell.map(|number| Value::Integer(number.into())),
        (ColumnData::I64(cell), _) => cell.map(Value::Integer),
        (ColumnData::F32(cell), _) => cell.map(|number| decode_real(number.into())).transpose()?,
        (ColumnData::F64(cell), MssqlType::Real | MssqlType::Float) => cell.map(decode_real).transpose()?,
        (ColumnData::Numeric(cell), _) => cell.map(decode_decimal).transpose()?,
        (ColumnData::Guid(cell), _) => cell.map(|uuid| Value::Uuid(*uuid.as_bytes())),
        // Text of a code page is read as bytes: see `MssqlType::read_expression`.
        (ColumnData::Binary(cell), MssqlType::Paged { page, .. }) => match cell {
            Some(bytes) => Some(Value::Text(page.decode(&bytes).ok_or(Inexact("text that its code page lacks"))?)),
            None => None,
        },
        (ColumnData::Binary(cell), _) => cell.map(|bytes| Value::Bytes(bytes.into_owned())),
        (ColumnData::String(cell), MssqlType::National { .. } | MssqlType::Xml) => {
            cell.map(|text| Value::Text(text.into_owned()))
        }
        (ColumnData::DateTime(cell), _) => {
            cell.map(|at| build_moment(Some(at.days()), Some(at.seconds_fragments().into()), None))
        }
        (ColumnData::SmallDateTime(cell), _) => {
            cell.map(|at| build_moment(Some(at.days().into()), Some(at.seconds_fragments().into()), None))
        }
        (ColumnData::Date(cell), _) => cell.map(|date| build_moment(Some(days_from_date(date)), None, None)),
        (ColumnData::Time(Some(time)), MssqlType::Time { scale }) => {
            Some(build_moment(None, Some(ticks_from_time(time, scale)?), None))
        }
        (ColumnData::DateTime2(Some(at)), MssqlType::DateTime2 { scale }) => {
            Some(build_moment(Some(days_from_date(at.date())), Some(ticks_from_time(at.time(), scale)?), None))
        }
        (ColumnData::DateTimeOffset(Some(at)), MssqlType::DateTimeOffset { scale }) => {
            let utc = at.datetime2();
            Some(decode_offset_moment(
                days_from_date(utc.date()),
                ticks_from_time(utc.time(), scale)?,
                at.offset(),
                scale,
            )?)
        }
        (ColumnData::Time(None) | ColumnData::DateTime2(None) | ColumnData::DateTimeOffset(None), _) => None,
        // Money as a float, for one, which would be rounded.
        _ => return Err(Inexact("a form that the driver does not give exactly")),
    };
    Ok(value.unwrap_or(Value::Null))
}

/// Encodes a value for the staging column of its type; `None` for a value that the type cannot hold exactly.
pub(super) fn encode(value: &Value, declared: MssqlType) -> Option<ColumnData<'static>> {
    if value.is_null() {
        return encode_null(declared);
    }
    Some(match (declared, value) {
        (MssqlType::Bit, Value::Boolean(flag)) => ColumnData::Bit(Some(*flag)),
        (MssqlType::TinyInt, Value::Integer(number)) => ColumnData::U8(Some(u8::try_from(*number).ok()?)),
        (MssqlType::SmallInt, Value::Integer(number)) => ColumnData::I16(Some(i16::try_from(*number).ok()?)),
        (MssqlType::Int, Value::Integer(number)) => ColumnData::I32(Some(i32::try_from(*number).ok()?)),
        (MssqlType::BigInt, Value::Integer(number)) => ColumnData::I64(Some(*number)),
        (MssqlType::Decimal { precision, scale, .. }, Value::Decimal(number)) => {
            encode_decimal(*number, precision, scale)?
        }
        (MssqlType::Money, Value::Decimal(number)) => {
            // Eight bytes of 1/10000: a little less than what nineteen digits hold.
            i64::try_from(number.unscaled()).ok()?;
            encode_decimal(*number, 19, 4)?
        }
        (MssqlType::SmallMoney, Value::Decimal(number)) => {
            i32::try_from(number.unscaled()).ok()?;
            encode_decimal(*number, 10, 4)?
        }
        (MssqlType::Real, Value::Real(number)) => ColumnData::F32(Some(to_exact_single(*number)?)),
        (MssqlType::Float, Value::Real(number)) if number.is_finite() => ColumnData::F64(Some(*number)),
        (MssqlType::DateTime, Value::Moment(at)) => encode_datetime(*at, TICKS * SECONDS_PER_DAY, 1)?,
        // A `smalldatetime` counts minutes.
        (MssqlType::SmallDateTime, Value::Moment(at)) => encode_datetime(*at, SECONDS_PER_DAY / 60, 60 * TICKS)?,
        (MssqlType::DateTime2 { scale }, Value::Moment(at)) => {
            ColumnData::DateTime2(Some(DateTime2::new(date_from_days(at.days?)?, time_from_ticks(at.ticks?, scale)?)))
        }
        (MssqlType::Date, Value::Moment(Moment { days: Some(days), ticks: None, .. })) => {
            ColumnData::Date(Some(date_from_days(*days)?))
        }
        (MssqlType::Time { scale }, Value::Moment(Moment { days: None, ticks: Some(ticks), .. })) => {
            encode_text(clock_text(*ticks, scale)?)
        }
        (MssqlType::DateTimeOffset { scale }, Value::Moment(at)) => encode_text(offset_text(*at, scale)?),
        (MssqlType::National { fixed, length, .. }, Value::Text(held)) => {
            let units = held.encode_utf16().count();
            fits_length(units, fixed, length).then(|| encode_text(held.clone()))?
        }
        (MssqlType::Paged { fixed, length, page, .. }, Value::Text(held)) => {
            fits_length(page.encode(held)?.len(), fixed, length).then(|| encode_text(held.clone()))?
        }
        (MssqlType::Bytes { fixed, length, .. }, Value::Bytes(bytes)) => {
            fits_length(bytes.len(), fixed, length).then(|| ColumnData::Binary(Some(bytes.clone().into())))?
        }
        (MssqlType::Uuid, Value::Uuid(bytes)) => ColumnData::Guid(Some(uuid::Uuid::from_bytes(*bytes))),
        (MssqlType::Xml, Value::Text(held)) => encode_text(held.clone()),
        _ => return None,
    })
}

/// Encodes NULL for the staging column of a type; `None` for a type that cannot be written.
fn encode_null(declared: MssqlType) -> Option<ColumnData<'static>> {
    Some(match declared {
        MssqlType::Bit => ColumnData::Bit(None),
        MssqlType::TinyInt => ColumnData::U8(None),
        MssqlType::SmallInt => ColumnData::I16(None),
        MssqlType::Int => ColumnData::I32(None),
        MssqlType::BigInt => ColumnData::I64(None),
        MssqlType::Decimal { .. } | MssqlType::Money | MssqlType::SmallMoney => ColumnData::Numeric(None),
        MssqlType::Real => ColumnData::F32(None),
        MssqlType::Float => ColumnData::F64(None),
        MssqlType::DateTime | MssqlType::SmallDateTime => ColumnData::DateTime(None),
        MssqlType::DateTime2 { .. } => ColumnData::DateTime2(None),
        MssqlType::Date => ColumnData::Date(None),
        MssqlType::Time { .. }
        | MssqlType::DateTimeOffset { .. }
        | MssqlType::National { .. }
        | MssqlType::Paged { .. }
        | MssqlType::Xml => ColumnData::String(None),
        MssqlType::Bytes { .. } => ColumnData::Binary(None),
        MssqlType::Uuid => ColumnData::Guid(None),
        MssqlType::RowVersion => return None,
    })
}

fn fits_length(length: usize, fixed: bool, limit: Option<u32>) -> bool {
    let Some(limit) = limit.map(|limit| limit as usize) else { return true };
    length == limit || (!fixed && length < limit)
}

fn encode_text(text: String) -> ColumnData<'static> {
    ColumnData::String(Some(text.into()))
}

fn decode_real(number: f64) -> Result<Value, Inexact> {
    if number.is_nan() { Err(Inexact("a NaN")) } else { Ok(Value::Real(number)) }
}

/// Narrows a number to a float of four bytes, if nothing is lost.
fn to_exact_single(number: f64) -> Option<f32> {
    #[expect(clippy::cast_possible_truncation, reason = "the next line proves that nothing was lost")]
    let single = number as f32;
    (single.is_finite() && f64::from(single).to_bits() == number.to_bits()).then_some(single)
}

fn decode_decimal(number: Numeric) -> Result<Value, Inexact> {
    Decimal::new(number.value(), number.scale()).map(Value::Decimal).ok_or(Inexact("a decimal of more than 38 digits"))
}

fn encode_decimal(number: Decimal, precision: u8, scale: u8) -> Option<ColumnData<'static>> {
    let digits = number.unscaled().unsigned_abs().checked_ilog10().map_or(1, |log| log + 1);
    let fits = number.scale() == scale && digits <= u32::from(precision);
    fits.then(|| ColumnData::Numeric(Some(Numeric::new_with_scale(number.unscaled(), scale))))
}

fn build_moment(days: Option<i32>, ticks: Option<i64>, offset_minutes: Option<i16>) -> Value {
    Value::Moment(Moment { days, ticks, offset_minutes })
}

/// Encodes a moment as a `datetime`. One tick of the moment is `factor` ticks of a `datetime`, and a day has
/// `ticks_per_day` of the moment's ticks.
fn encode_datetime(at: Moment, ticks_per_day: i64, factor: i64) -> Option<ColumnData<'static>> {
    let (days, ticks) = (at.days?, at.ticks?);
    let fits = at.offset_minutes.is_none() && (0..ticks_per_day).contains(&ticks);
    let fragments = u32::try_from(ticks * factor).ok().filter(|_| fits)?;
    Some(ColumnData::DateTime(Some(DateTime::new(days, fragments))))
}

fn days_from_date(date: Date) -> i32 {
    i32::try_from(date.days()).unwrap_or(i32::MAX).saturating_sub(DAYS_TO_1900)
}

fn date_from_days(days: i32) -> Option<Date> {
    // The driver's own limit is the calendar's: 9999-12-31 is day 3 652 058.
    let days = u32::try_from(days.checked_add(DAYS_TO_1900)?).ok()?;
    (days <= 3_652_058).then(|| Date::new(days))
}

/// Converts a time of day to ticks of its column's scale.
fn ticks_from_time(time: Time, scale: u8) -> Result<i64, Inexact> {
    // The scale on the wire may differ from the column's: not every server keeps it through a conversion.
    let (sent, declared) = (i128::from(per_second(time.scale())), i128::from(per_second(scale)));
    let product = i128::from(time.increments()) * declared;
    let exact = (product % sent == 0).then(|| i64::try_from(product / sent).ok()).flatten();
    exact.ok_or(Inexact("a time finer than its column"))
}

fn per_second(scale: u8) -> i64 {
    10_i64.pow(scale.min(9).into())
}

fn time_from_ticks(ticks: i64, scale: u8) -> Option<Time> {
    let within = (0..SECONDS_PER_DAY * per_second(scale)).contains(&ticks);
    within.then(|| Time::new(ticks.unsigned_abs(), scale))
}

/// Returns the local date and time of a `datetimeoffset`, whose UTC time is what the wire carries.
fn decode_offset_moment(days: i32, ticks: i64, offset_minutes: i16, scale: u8) -> Result<Value, Inexact> {
    let day = SECONDS_PER_DAY * per_second(scale);
    let shown = ticks + i64::from(offset_minutes) * 60 * per_second(scale);
    let carry = i32::try_from(shown.div_euclid(day)).map_err(|_| Inexact("a date out of the calendar"))?;
    Ok(build_moment(Some(days + carry), Some(shown.rem_euclid(day)), Some(offset_minutes)))
}

/// Writes a time of day: `hh:mm:ss.fffffff`.
fn clock_text(ticks: i64, scale: u8) -> Option<String> {
    time_from_ticks(ticks, scale)?;
    let unit = per_second(scale);
    let (seconds, fraction) = (ticks / unit, ticks % unit);
    let digits = if scale == 0 { String::new() } else { format!(".{fraction:0width$}", width = usize::from(scale)) };
    Some(format!("{:02}:{:02}:{:02}{digits}", seconds / 3600, seconds / 60 % 60, seconds % 60))
}

/// Writes a date, a time and an offset in ISO 8601: `YYYY-MM-DDThh:mm:ss.fffffff+hh:mm`.
fn offset_text(at: Moment, scale: u8) -> Option<String> {
    let (days, ticks, minutes) = (at.days?, at.ticks?, at.offset_minutes?);
    date_from_days(days)?;
    let day = jiff::civil::date(1900, 1, 1).checked_add(jiff::Span::new().try_days(days).ok()?).ok()?;
    let clock = clock_text(ticks, scale)?;
    let sign = if minutes < 0 { '-' } else { '+' };
    let (hours, rest) = (minutes.unsigned_abs() / 60, minutes.unsigned_abs() % 60);
    // The largest offset that SQL Server accepts is 14 hours.
    (hours <= 14).then(|| format!("{day}T{clock}{sign}{hours:02}:{rest:02}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets::mssql::text::CodePage;

    fn parse_decimal(text: &str) -> Value {
        Value::Decimal(text.parse().unwrap())
    }

    fn moment_at(days: Option<i32>, ticks: Option<i64>, offset_minutes: Option<i16>) -> Value {
        Value::Moment(Moment { days, ticks, offset_minutes })
    }

    const NAME: MssqlType = MssqlType::National { fixed: false, legacy: false, length: Some(3) };

    #[test]
    fn values_come_back_bit_for_bit() {
        let page = CodePage::from_number(1252).unwrap();
        for (declared, value) in [
            (MssqlType::Bit, Value::Boolean(true)),
            (MssqlType::TinyInt, Value::Integer(255)),
            (MssqlType::SmallInt, Value::Integer(-32_768)),
            (MssqlType::Int, Value::Integer(i64::from(i32::MIN))),
            (MssqlType::BigInt, Value::Integer(i64::MIN)),
            (MssqlType::Decimal { numeric: false, precision: 4, scale: 1 }, parse_decimal("-999.9")),
            (
                MssqlType::Decimal { numeric: true, precision: 38, scale: 0 },
                parse_decimal("99999999999999999999999999999999999999"),
            ),
            (MssqlType::Money, parse_decimal("922337203685477.5807")),
            (MssqlType::Money, parse_decimal("-922337203685477.5808")),
            (MssqlType::SmallMoney, parse_decimal("-214748.3648")),
            (MssqlType::Real, Value::Real(f64::from(0.1_f32))),
            (MssqlType::Float, Value::Real(-0.0)),
            (MssqlType::Float, Value::Real(5e-324)),
            (MssqlType::DateTime, moment_at(Some(-53_690), Some(25_919_999), None)),
            (MssqlType::DateTime2 { scale: 7 }, moment_at(Some(-693_595), Some(863_999_999_999), None)),
            (MssqlType::DateTime2 { scale: 0 }, moment_at(Some(2_958_463), Some(86_399), None)),
            (MssqlType::Date, moment_at(Some(40_000), None, None)),
            (NAME, Value::Text("a\u{1f600}".into())),
            (NAME, Value::Text(String::new())),
            (MssqlType::Bytes { fixed: false, legacy: false, length: Some(2) }, Value::Bytes(vec![0, 255])),
            (MssqlType::Uuid, Value::Uuid([7; 16])),
            (MssqlType::Xml, Value::Text("<a/>".into())),
        ] {
            let sent = encode(&value, declared).unwrap_or_else(|| panic!("{declared:?} {value:?}"));
            assert_eq!(decode(sent, declared).unwrap(), value, "{declared:?}");
            let null = encode(&Value::Null, declared).unwrap();
            assert_eq!(decode(null, declared).unwrap(), Value::Null, "{declared:?}");
        }
        let paged = MssqlType::Paged { fixed: true, legacy: false, length: Some(4), page };
        let sent = encode(&Value::Text("\u{fc}b  ".into()), paged).unwrap();
        assert_eq!(sent, ColumnData::String(Some("\u{fc}b  ".into())), "sent as text, read as bytes");
        let read = decode(ColumnData::Binary(Some(b"\xfcb  ".to_vec().into())), paged).unwrap();
        assert_eq!(read, Value::Text("\u{fc}b  ".into()));
    }

    #[test]
    fn what_a_type_would_change_is_not_sent() {
        let page = CodePage::from_number(1252).unwrap();
        for (declared, value) in [
            (MssqlType::TinyInt, Value::Integer(256)),
            (MssqlType::TinyInt, Value::Integer(-1)),
            (MssqlType::Int, Value::Integer(1 << 31)),
            (MssqlType::Int, Value::Real(1.0)),
            (MssqlType::Int, Value::Text("1".into())),
            (MssqlType::Bit, Value::Integer(1)),
            (MssqlType::Decimal { numeric: false, precision: 4, scale: 1 }, parse_decimal("1000.0")),
            (MssqlType::Decimal { numeric: false, precision: 4, scale: 1 }, parse_decimal("1.00")),
            (MssqlType::Money, parse_decimal("922337203685477.5808")),
            (MssqlType::Money, parse_decimal("1.0")),
            (MssqlType::SmallMoney, parse_decimal("214748.3648")),
            (MssqlType::Real, Value::Real(0.1)),
            (MssqlType::Real, Value::Real(f64::INFINITY)),
            (MssqlType::Float, Value::Real(f64::INFINITY)),
            (MssqlType::Float, Value::Real(f64::NEG_INFINITY)),
            (MssqlType::DateTime, moment_at(Some(0), Some(25_920_000), None)),
            (MssqlType::DateTime, moment_at(None, Some(0), None)),
            (MssqlType::SmallDateTime, moment_at(Some(0), Some(1440), None)),
            (MssqlType::DateTime2 { scale: 3 }, moment_at(Some(0), Some(86_400_000), None)),
            (MssqlType::Date, moment_at(Some(0), Some(0), None)),
            (NAME, Value::Text("ab\u{1f600}".into())),
            (MssqlType::National { fixed: true, legacy: false, length: Some(3) }, Value::Text("ab".into())),
            (MssqlType::Paged { fixed: false, legacy: false, length: Some(9), page }, Value::Text("\u{65e5}".into())),
            (MssqlType::Bytes { fixed: true, legacy: false, length: Some(2) }, Value::Bytes(vec![1])),
            (MssqlType::Uuid, Value::Text("a".into())),
            (MssqlType::RowVersion, Value::Bytes(vec![0; 8])),
        ] {
            assert_eq!(encode(&value, declared), None, "{declared:?} {value:?}");
        }
        assert!(decode(ColumnData::F64(Some(1.5)), MssqlType::Money).is_err(), "money as a float");
        assert!(decode(ColumnData::F64(Some(f64::NAN)), MssqlType::Float).is_err());
    }

    #[test]
    fn times_travel_as_iso_8601() {
        let time = MssqlType::Time { scale: 3 };
        assert_eq!(encode(&moment_at(None, Some(86_399_999), None), time), Some(encode_text("23:59:59.999".into())));
        assert_eq!(
            encode(&moment_at(None, Some(5), None), MssqlType::Time { scale: 0 }),
            Some(encode_text("00:00:05".into()))
        );
        let offset = MssqlType::DateTimeOffset { scale: 7 };
        let value = moment_at(Some(0), Some(1), Some(-330));
        assert_eq!(encode(&value, offset), Some(encode_text("1900-01-01T00:00:00.0000001-05:30".into())));
        let utc = DateTime2::new(Date::new(693_595), Time::new(5 * 36_000_000_000 + 18_000_000_001, 7));
        let sent = ColumnData::DateTimeOffset(Some(tiberius::time::DateTimeOffset::new(utc, -330)));
        assert_eq!(decode(sent, offset).unwrap(), value, "the wire carries UTC, the cell shows local time");
        assert_eq!(encode(&moment_at(Some(1), Some(1), None), offset), None);
        let sevenths = |increments| ColumnData::Time(Some(Time::new(increments, 7)));
        let seconds = MssqlType::Time { scale: 0 };
        assert_eq!(decode(sevenths(50_000_000), seconds).unwrap(), moment_at(None, Some(5), None));
        assert_eq!(decode(ColumnData::Time(Some(Time::new(5, 0))), time).unwrap(), moment_at(None, Some(5000), None));
        assert!(decode(sevenths(50_000_001), seconds).is_err(), "half a second is not dropped in silence");
        let minutes = encode(&moment_at(Some(1), Some(61), None), MssqlType::SmallDateTime);
        assert_eq!(minutes, Some(ColumnData::DateTime(Some(DateTime::new(1, 61 * 60 * 300)))));
    }
}
