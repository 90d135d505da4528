//! Cells between the driver's form and mfm's, exact both ways; knows no table and sends nothing.

use mfm_journal::{Decimal, Moment, Value};
use tiberius::ColumnData;
use tiberius::numeric::Numeric;
use tiberius::time::{Date, DateTime, DateTime2, Time};

use super::types::Type;

/// Days from 0001-01-01, the driver's day 0, to 1900-01-01, a [`Moment`]'s.
const DAYS_TO_1900: i32 = 693_595;
const SECONDS_PER_DAY: i64 = 86_400;
/// `datetime` counts so many ticks a second.
const TICKS: i64 = 300;

/// Why a cell is not kept: what it holds has no exact form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Inexact(pub(super) &'static str);

/// Returns the value of a cell that was read by [`Type::read`].
pub(super) fn decode(data: ColumnData<'static>, declared: Type) -> Result<Value, Inexact> {
    let value = match (data, declared) {
        (ColumnData::Bit(cell), _) => cell.map(Value::Boolean),
        (ColumnData::U8(cell), _) => cell.map(|number| Value::Integer(number.into())),
        (ColumnData::I16(cell), _) => cell.map(|number| Value::Integer(number.into())),
        (ColumnData::I32(cell), _) => cell.map(|number| Value::Integer(number.into())),
        (ColumnData::I64(cell), _) => cell.map(Value::Integer),
        (ColumnData::F32(cell), _) => cell.map(|number| real(number.into())).transpose()?,
        (ColumnData::F64(cell), Type::Real | Type::Float) => cell.map(real).transpose()?,
        (ColumnData::Numeric(cell), _) => cell.map(decimal).transpose()?,
        (ColumnData::Guid(cell), _) => cell.map(|uuid| Value::Uuid(*uuid.as_bytes())),
        (ColumnData::Binary(cell), Type::Paged { page, .. }) => match cell {
            Some(bytes) => Some(Value::Text(page.decode(&bytes).ok_or(Inexact("text that its code page lacks"))?)),
            None => None,
        },
        (ColumnData::Binary(cell), _) => cell.map(|bytes| Value::Bytes(bytes.into_owned())),
        (ColumnData::String(cell), Type::National { .. } | Type::Xml) => {
            cell.map(|text| Value::Text(text.into_owned()))
        }
        (ColumnData::DateTime(cell), _) => {
            cell.map(|at| moment(Some(at.days()), Some(at.seconds_fragments().into()), None))
        }
        (ColumnData::SmallDateTime(cell), _) => {
            cell.map(|at| moment(Some(at.days().into()), Some(at.seconds_fragments().into()), None))
        }
        (ColumnData::Date(cell), _) => cell.map(|date| moment(Some(days(date)), None, None)),
        (ColumnData::Time(Some(time)), Type::Time { scale }) => Some(moment(None, Some(ticks(time, scale)?), None)),
        (ColumnData::DateTime2(Some(at)), Type::DateTime2 { scale }) => {
            Some(moment(Some(days(at.date())), Some(ticks(at.time(), scale)?), None))
        }
        (ColumnData::DateTimeOffset(Some(at)), Type::DateTimeOffset { scale }) => {
            let utc = at.datetime2();
            Some(local(days(utc.date()), ticks(utc.time(), scale)?, at.offset(), scale)?)
        }
        (ColumnData::Time(None) | ColumnData::DateTime2(None) | ColumnData::DateTimeOffset(None), _) => None,
        _ => return Err(Inexact("a form that the driver does not give exactly")),
    };
    Ok(value.unwrap_or(Value::Null))
}

/// Returns a value as the staging column of its type takes it; `None` for a value that is none of the type's.
pub(super) fn encode(value: &Value, declared: Type) -> Option<ColumnData<'static>> {
    if value.is_null() {
        return null(declared);
    }
    Some(match (declared, value) {
        (Type::Bit, Value::Boolean(flag)) => ColumnData::Bit(Some(*flag)),
        (Type::TinyInt, Value::Integer(number)) => ColumnData::U8(Some(u8::try_from(*number).ok()?)),
        (Type::SmallInt, Value::Integer(number)) => ColumnData::I16(Some(i16::try_from(*number).ok()?)),
        (Type::Int, Value::Integer(number)) => ColumnData::I32(Some(i32::try_from(*number).ok()?)),
        (Type::BigInt, Value::Integer(number)) => ColumnData::I64(Some(*number)),
        (Type::Decimal { precision, scale, .. }, Value::Decimal(number)) => numeric(*number, precision, scale)?,
        (Type::Money, Value::Decimal(number)) => {
            // Eight bytes of 1/10000: a little less than what nineteen digits hold.
            i64::try_from(number.unscaled()).ok()?;
            numeric(*number, 19, 4)?
        }
        (Type::SmallMoney, Value::Decimal(number)) => {
            i32::try_from(number.unscaled()).ok()?;
            numeric(*number, 10, 4)?
        }
        (Type::Real, Value::Real(number)) => ColumnData::F32(Some(single(*number)?)),
        (Type::Float, Value::Real(number)) if number.is_finite() => ColumnData::F64(Some(*number)),
        (Type::DateTime, Value::Moment(at)) => clock(*at, TICKS * SECONDS_PER_DAY, 1)?,
        (Type::SmallDateTime, Value::Moment(at)) => clock(*at, SECONDS_PER_DAY / 60, 60 * TICKS)?,
        (Type::DateTime2 { scale }, Value::Moment(at)) => {
            ColumnData::DateTime2(Some(DateTime2::new(date(at.days?)?, time(at.ticks?, scale)?)))
        }
        (Type::Date, Value::Moment(Moment { days: Some(days), ticks: None, .. })) => {
            ColumnData::Date(Some(date(*days)?))
        }
        (Type::Time { scale }, Value::Moment(Moment { days: None, ticks: Some(ticks), .. })) => {
            text(clock_text(*ticks, scale)?)
        }
        (Type::DateTimeOffset { scale }, Value::Moment(at)) => text(offset_text(*at, scale)?),
        (Type::National { fixed, length, .. }, Value::Text(held)) => {
            let units = held.encode_utf16().count();
            fits(units, fixed, length).then(|| text(held.clone()))?
        }
        (Type::Paged { fixed, length, page, .. }, Value::Text(held)) => {
            fits(page.encode(held)?.len(), fixed, length).then(|| text(held.clone()))?
        }
        (Type::Bytes { fixed, length, .. }, Value::Bytes(bytes)) => {
            fits(bytes.len(), fixed, length).then(|| ColumnData::Binary(Some(bytes.clone().into())))?
        }
        (Type::Uuid, Value::Uuid(bytes)) => ColumnData::Guid(Some(uuid::Uuid::from_bytes(*bytes))),
        (Type::Xml, Value::Text(held)) => text(held.clone()),
        _ => return None,
    })
}

/// Returns NULL in the form of a type's staging column.
fn null(declared: Type) -> Option<ColumnData<'static>> {
    Some(match declared {
        Type::Bit => ColumnData::Bit(None),
        Type::TinyInt => ColumnData::U8(None),
        Type::SmallInt => ColumnData::I16(None),
        Type::Int => ColumnData::I32(None),
        Type::BigInt => ColumnData::I64(None),
        Type::Decimal { .. } | Type::Money | Type::SmallMoney => ColumnData::Numeric(None),
        Type::Real => ColumnData::F32(None),
        Type::Float => ColumnData::F64(None),
        Type::DateTime | Type::SmallDateTime => ColumnData::DateTime(None),
        Type::DateTime2 { .. } => ColumnData::DateTime2(None),
        Type::Date => ColumnData::Date(None),
        Type::Time { .. } | Type::DateTimeOffset { .. } | Type::National { .. } | Type::Paged { .. } | Type::Xml => {
            ColumnData::String(None)
        }
        Type::Bytes { .. } => ColumnData::Binary(None),
        Type::Uuid => ColumnData::Guid(None),
        Type::RowVersion => return None,
    })
}

fn fits(length: usize, fixed: bool, limit: Option<u32>) -> bool {
    let Some(limit) = limit.map(|limit| limit as usize) else { return true };
    length == limit || (!fixed && length < limit)
}

fn text(text: String) -> ColumnData<'static> {
    ColumnData::String(Some(text.into()))
}

fn real(number: f64) -> Result<Value, Inexact> {
    if number.is_nan() { Err(Inexact("a NaN")) } else { Ok(Value::Real(number)) }
}

/// Returns a float of four bytes, if that is all the number needs.
fn single(number: f64) -> Option<f32> {
    #[expect(clippy::cast_possible_truncation, reason = "the next line proves that nothing was lost")]
    let single = number as f32;
    (single.is_finite() && f64::from(single).to_bits() == number.to_bits()).then_some(single)
}

fn decimal(number: Numeric) -> Result<Value, Inexact> {
    Decimal::new(number.value(), number.scale()).map(Value::Decimal).ok_or(Inexact("a decimal of more than 38 digits"))
}

fn numeric(number: Decimal, precision: u8, scale: u8) -> Option<ColumnData<'static>> {
    let digits = number.unscaled().unsigned_abs().checked_ilog10().map_or(1, |log| log + 1);
    let fits = number.scale() == scale && digits <= u32::from(precision);
    fits.then(|| ColumnData::Numeric(Some(Numeric::new_with_scale(number.unscaled(), scale))))
}

fn moment(days: Option<i32>, ticks: Option<i64>, offset_minutes: Option<i16>) -> Value {
    Value::Moment(Moment { days, ticks, offset_minutes })
}

/// Returns a `datetime` for a moment whose ticks are `factor` of its own.
fn clock(at: Moment, ticks_per_day: i64, factor: i64) -> Option<ColumnData<'static>> {
    let (days, ticks) = (at.days?, at.ticks?);
    let fits = at.offset_minutes.is_none() && (0..ticks_per_day).contains(&ticks);
    let fragments = u32::try_from(ticks * factor).ok().filter(|_| fits)?;
    Some(ColumnData::DateTime(Some(DateTime::new(days, fragments))))
}

fn days(date: Date) -> i32 {
    i32::try_from(date.days()).unwrap_or(i32::MAX).saturating_sub(DAYS_TO_1900)
}

fn date(days: i32) -> Option<Date> {
    // The driver's own limit is the calendar's: 9999-12-31 is day 3 652 058.
    let days = u32::try_from(days.checked_add(DAYS_TO_1900)?).ok()?;
    (days <= 3_652_058).then(|| Date::new(days))
}

/// Returns a time of day in its column's ticks; not every server gives an expression the scale that it converts to.
fn ticks(time: Time, scale: u8) -> Result<i64, Inexact> {
    let (held, wanted) = (i128::from(per_second(time.scale())), i128::from(per_second(scale)));
    let product = i128::from(time.increments()) * wanted;
    let exact = (product % held == 0).then(|| i64::try_from(product / held).ok()).flatten();
    exact.ok_or(Inexact("a time finer than its column"))
}

fn per_second(scale: u8) -> i64 {
    10_i64.pow(scale.min(9).into())
}

fn time(ticks: i64, scale: u8) -> Option<Time> {
    let within = (0..SECONDS_PER_DAY * per_second(scale)).contains(&ticks);
    within.then(|| Time::new(ticks.unsigned_abs(), scale))
}

/// Returns the date and time that a `datetimeoffset` shows; over the wire goes UTC.
fn local(days: i32, ticks: i64, offset_minutes: i16, scale: u8) -> Result<Value, Inexact> {
    let day = SECONDS_PER_DAY * per_second(scale);
    let shown = ticks + i64::from(offset_minutes) * 60 * per_second(scale);
    let carry = i32::try_from(shown.div_euclid(day)).map_err(|_| Inexact("a date out of the calendar"))?;
    Ok(moment(Some(days + carry), Some(shown.rem_euclid(day)), Some(offset_minutes)))
}

/// Writes a time of day: `hh:mm:ss.fffffff`.
fn clock_text(ticks: i64, scale: u8) -> Option<String> {
    time(ticks, scale)?;
    let unit = per_second(scale);
    let (seconds, fraction) = (ticks / unit, ticks % unit);
    let digits = if scale == 0 { String::new() } else { format!(".{fraction:0width$}", width = usize::from(scale)) };
    Some(format!("{:02}:{:02}:{:02}{digits}", seconds / 3600, seconds / 60 % 60, seconds % 60))
}

/// Writes a date, a time and an offset in ISO 8601: `YYYY-MM-DDThh:mm:ss.fffffff+hh:mm`.
fn offset_text(at: Moment, scale: u8) -> Option<String> {
    let (days, ticks, minutes) = (at.days?, at.ticks?, at.offset_minutes?);
    date(days)?;
    let day = jiff::civil::date(1900, 1, 1).checked_add(jiff::Span::new().try_days(days).ok()?).ok()?;
    let clock = clock_text(ticks, scale)?;
    let sign = if minutes < 0 { '-' } else { '+' };
    let (hours, rest) = (minutes.unsigned_abs() / 60, minutes.unsigned_abs() % 60);
    (hours <= 14).then(|| format!("{day}T{clock}{sign}{hours:02}:{rest:02}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets::mssql::text::Page;

    fn number(text: &str) -> Value {
        Value::Decimal(text.parse().unwrap())
    }

    fn at(days: Option<i32>, ticks: Option<i64>, offset_minutes: Option<i16>) -> Value {
        Value::Moment(Moment { days, ticks, offset_minutes })
    }

    const NAME: Type = Type::National { fixed: false, legacy: false, length: Some(3) };

    #[test]
    fn values_come_back_bit_for_bit() {
        let page = Page::of(1252).unwrap();
        for (declared, value) in [
            (Type::Bit, Value::Boolean(true)),
            (Type::TinyInt, Value::Integer(255)),
            (Type::SmallInt, Value::Integer(-32_768)),
            (Type::Int, Value::Integer(i64::from(i32::MIN))),
            (Type::BigInt, Value::Integer(i64::MIN)),
            (Type::Decimal { numeric: false, precision: 4, scale: 1 }, number("-999.9")),
            (
                Type::Decimal { numeric: true, precision: 38, scale: 0 },
                number("99999999999999999999999999999999999999"),
            ),
            (Type::Money, number("922337203685477.5807")),
            (Type::Money, number("-922337203685477.5808")),
            (Type::SmallMoney, number("-214748.3648")),
            (Type::Real, Value::Real(f64::from(0.1_f32))),
            (Type::Float, Value::Real(-0.0)),
            (Type::Float, Value::Real(5e-324)),
            (Type::DateTime, at(Some(-53_690), Some(25_919_999), None)),
            (Type::DateTime2 { scale: 7 }, at(Some(-693_595), Some(863_999_999_999), None)),
            (Type::DateTime2 { scale: 0 }, at(Some(2_958_463), Some(86_399), None)),
            (Type::Date, at(Some(40_000), None, None)),
            (NAME, Value::Text("a\u{1f600}".into())),
            (NAME, Value::Text(String::new())),
            (Type::Bytes { fixed: false, legacy: false, length: Some(2) }, Value::Bytes(vec![0, 255])),
            (Type::Uuid, Value::Uuid([7; 16])),
            (Type::Xml, Value::Text("<a/>".into())),
        ] {
            let sent = encode(&value, declared).unwrap_or_else(|| panic!("{declared:?} {value:?}"));
            assert_eq!(decode(sent, declared).unwrap(), value, "{declared:?}");
            let null = encode(&Value::Null, declared).unwrap();
            assert_eq!(decode(null, declared).unwrap(), Value::Null, "{declared:?}");
        }
        let paged = Type::Paged { fixed: true, legacy: false, length: Some(4), page };
        let sent = encode(&Value::Text("\u{fc}b  ".into()), paged).unwrap();
        assert_eq!(sent, ColumnData::String(Some("\u{fc}b  ".into())), "sent as text, read as bytes");
        let read = decode(ColumnData::Binary(Some(b"\xfcb  ".to_vec().into())), paged).unwrap();
        assert_eq!(read, Value::Text("\u{fc}b  ".into()));
    }

    #[test]
    fn what_a_type_would_change_is_not_sent() {
        let page = Page::of(1252).unwrap();
        for (declared, value) in [
            (Type::TinyInt, Value::Integer(256)),
            (Type::TinyInt, Value::Integer(-1)),
            (Type::Int, Value::Integer(1 << 31)),
            (Type::Int, Value::Real(1.0)),
            (Type::Int, Value::Text("1".into())),
            (Type::Bit, Value::Integer(1)),
            (Type::Decimal { numeric: false, precision: 4, scale: 1 }, number("1000.0")),
            (Type::Decimal { numeric: false, precision: 4, scale: 1 }, number("1.00")),
            (Type::Money, number("922337203685477.5808")),
            (Type::Money, number("1.0")),
            (Type::SmallMoney, number("214748.3648")),
            (Type::Real, Value::Real(0.1)),
            (Type::Real, Value::Real(f64::INFINITY)),
            (Type::Float, Value::Real(f64::INFINITY)),
            (Type::Float, Value::Real(f64::NEG_INFINITY)),
            (Type::DateTime, at(Some(0), Some(25_920_000), None)),
            (Type::DateTime, at(None, Some(0), None)),
            (Type::SmallDateTime, at(Some(0), Some(1440), None)),
            (Type::DateTime2 { scale: 3 }, at(Some(0), Some(86_400_000), None)),
            (Type::Date, at(Some(0), Some(0), None)),
            (NAME, Value::Text("ab\u{1f600}".into())),
            (Type::National { fixed: true, legacy: false, length: Some(3) }, Value::Text("ab".into())),
            (Type::Paged { fixed: false, legacy: false, length: Some(9), page }, Value::Text("\u{65e5}".into())),
            (Type::Bytes { fixed: true, legacy: false, length: Some(2) }, Value::Bytes(vec![1])),
            (Type::Uuid, Value::Text("a".into())),
            (Type::RowVersion, Value::Bytes(vec![0; 8])),
        ] {
            assert_eq!(encode(&value, declared), None, "{declared:?} {value:?}");
        }
        assert!(decode(ColumnData::F64(Some(1.5)), Type::Money).is_err(), "money as a float");
        assert!(decode(ColumnData::F64(Some(f64::NAN)), Type::Float).is_err());
    }

    #[test]
    fn times_travel_as_iso_8601() {
        let time = Type::Time { scale: 3 };
        assert_eq!(encode(&at(None, Some(86_399_999), None), time), Some(text("23:59:59.999".into())));
        assert_eq!(encode(&at(None, Some(5), None), Type::Time { scale: 0 }), Some(text("00:00:05".into())));
        let offset = Type::DateTimeOffset { scale: 7 };
        let value = at(Some(0), Some(1), Some(-330));
        assert_eq!(encode(&value, offset), Some(text("1900-01-01T00:00:00.0000001-05:30".into())));
        let utc = DateTime2::new(Date::new(693_595), Time::new(5 * 36_000_000_000 + 18_000_000_001, 7));
        let sent = ColumnData::DateTimeOffset(Some(tiberius::time::DateTimeOffset::new(utc, -330)));
        assert_eq!(decode(sent, offset).unwrap(), value, "the wire carries UTC, the cell shows local time");
        assert_eq!(encode(&at(Some(1), Some(1), None), offset), None);
        let sevenths = |increments| ColumnData::Time(Some(Time::new(increments, 7)));
        let seconds = Type::Time { scale: 0 };
        assert_eq!(decode(sevenths(50_000_000), seconds).unwrap(), at(None, Some(5), None));
        assert_eq!(decode(ColumnData::Time(Some(Time::new(5, 0))), time).unwrap(), at(None, Some(5000), None));
        assert!(decode(sevenths(50_000_001), seconds).is_err(), "half a second is not dropped in silence");
        let minutes = encode(&at(Some(1), Some(61), None), Type::SmallDateTime);
        assert_eq!(minutes, Some(ColumnData::DateTime(Some(DateTime::new(1, 61 * 60 * 300)))));
    }
}
