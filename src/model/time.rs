//! Dates and times of a target's cells; asks no clock and knows no time zone.

use jiff::{SignedDuration, civil};
use mfm_journal::{Moment, Value};

use super::column::{Column, Kind, Storage};

/// Day 0 of a [`Moment`].
const EPOCH: civil::Date = civil::date(1900, 1, 1);
const NANOSECONDS_PER_DAY: i128 = 86_400_000_000_000;

/// Returns the date and time that a cell holds, in whatever form its engine keeps it.
#[must_use]
pub fn read(value: &Value, column: &Column) -> Option<civil::DateTime> {
    match value {
        Value::Text(text) => parse(text),
        Value::Moment(moment) => from_moment(*moment, tick_unit(&column.image)),
        _ => None,
    }
}

/// Tells whether a cell's date and time lies on one of these days, the last one included.
#[must_use]
pub fn lies_on(value: &Value, column: &Column, first: civil::Date, last: civil::Date) -> bool {
    read(value, column).is_some_and(|moment| (first..=last).contains(&moment.date()))
}

/// Returns the cell that a date and time becomes in a column, or `None` where its fraction of a second is too fine.
#[must_use]
pub fn store(moment: civil::DateTime, column: &Column) -> Option<Value> {
    match column.storage {
        Storage::Native => to_moment(moment, tick_unit(&column.image)).map(Value::Moment),
        _ if column.kind != Kind::DateTime && column.kind != Kind::Other => None,
        _ if moment.subsec_nanosecond() % 1_000_000 != 0 => None,
        _ => Some(Value::Text(format(moment, 3, ' '))),
    }
}

/// Returns a cell moved by whole seconds, in the same layout, or `None` where it holds no date and time.
#[must_use]
pub fn shift(value: &Value, column: &Column, seconds: i64) -> Option<Value> {
    let moved = read(value, column)?.checked_add(SignedDuration::from_secs(seconds)).ok()?;
    match value {
        Value::Text(text) => Some(like(moved, text, 0)),
        _ => to_moment(moved, tick_unit(&column.image)).map(Value::Moment),
    }
}

/// Returns the cell that a date and time becomes in the place of another: rounded to the column's tick, in the layout
/// of the cell that was there, or `None` where that one holds no date and time.
#[must_use]
pub fn place(moment: civil::DateTime, cell: &Value, column: &Column) -> Option<Value> {
    read(cell, column)?;
    let unit = tick_unit(&column.image);
    let held = to_moment(moment, unit)?;
    let Value::Text(text) = cell else { return Some(Value::Moment(held)) };
    let rounded = from_moment(held, unit)?;
    // Text shows a tick of 1/300 s as milliseconds: .000, .003, .007.
    let shown = if unit.denominator == 1 { rounded } else { rounded.round(jiff::Unit::Millisecond).ok()? };
    let nanosecond = format!("{:09}", shown.subsec_nanosecond());
    Some(like(shown, text, nanosecond.trim_end_matches('0').len()))
}

/// Writes a date and time in the layout of another text, with at least so many digits of a fraction.
fn like(moment: civil::DateTime, text: &str, digits: usize) -> Value {
    let own = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let separator = if text.as_bytes().get(10) == Some(&b'T') { 'T' } else { ' ' };
    Value::Text(format(moment, own.max(digits), separator))
}

/// Reads `YYYY-MM-DD`, or that with `HH:MM:SS` and a fraction, separated by a space or a T.
#[must_use]
pub fn parse(text: &str) -> Option<civil::DateTime> {
    let shaped = text.len() >= 10 && text.is_ascii() && text.as_bytes()[0].is_ascii_digit();
    if !shaped {
        return None;
    }
    if text.len() == 10 {
        return text.parse::<civil::Date>().ok().map(|date| date.to_datetime(civil::Time::midnight()));
    }
    plain(text.as_bytes()).or_else(|| text.replacen(' ', "T", 1).parse().ok())
}

/// Reads `YYYY-MM-DD HH:MM:SS.fff`, as databases and labs write it, without a copy.
fn plain(text: &[u8]) -> Option<civil::DateTime> {
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, b' ' | b'T', rest @ ..] = text else { return None };
    let [h0, h1, b':', n0, n1, b':', s0, s1, rest @ ..] = rest else { return None };
    let number = |digits: &[&u8]| {
        digits.iter().try_fold(0_i16, |all, digit| {
            let digit = digit.is_ascii_digit().then(|| i16::from(**digit - b'0'))?;
            all.checked_mul(10)?.checked_add(digit)
        })
    };
    let two = |digits: [&u8; 2]| i8::try_from(number(&digits)?).ok();
    let milliseconds = match rest {
        [] => 0,
        [b'.', a, b, c] => number(&[a, b, c])?,
        _ => return None,
    };
    let date = civil::Date::new(number(&[y0, y1, y2, y3])?, two([m0, m1])?, two([d0, d1])?).ok()?;
    let nanoseconds = i32::from(milliseconds) * 1_000_000;
    let time = civil::Time::new(two([h0, h1])?, two([n0, n1])?, two([s0, s1])?, nanoseconds).ok()?;
    Some(date.to_datetime(time))
}

/// Writes a date and time with so many digits of a fraction (truncated, which callers prove harmless).
#[must_use]
pub fn format(moment: civil::DateTime, digits: usize, separator: char) -> String {
    let date = moment.date();
    let (hour, minute, second) = (moment.hour(), moment.minute(), moment.second());
    let clock = format_args!("{separator}{hour:02}:{minute:02}:{second:02}");
    let nanoseconds = moment.subsec_nanosecond();
    match digits {
        0 => format!("{date}{clock}"),
        3 => format!("{date}{clock}.{:03}", nanoseconds / 1_000_000),
        _ => {
            let nine = format!("{nanoseconds:09}");
            format!("{date}{clock}.{:0<digits$}", &nine[..digits.min(9)])
        }
    }
}

/// Writes a moment of a column as people do, with as many digits of a second as tell its ticks apart; `None` for one
/// that lies outside the calendar.
#[must_use]
pub fn show(moment: Moment, column: &mfm_journal::Column) -> Option<String> {
    let unit = tick_unit(column);
    let shown = from_moment(Moment { days: moment.days.or(Some(0)), ..moment }, unit)?;
    let shown = if unit.denominator == 1 { shown } else { shown.round(jiff::Unit::Millisecond).ok()? };
    let digits = match unit {
        TickUnit { denominator: 3, .. } => 3,
        TickUnit { numerator, .. } => (0..=9).find(|digits| numerator >= 10i128.pow(9 - digits)).unwrap_or(9) as usize,
    };
    let text = format(shown, digits, ' ');
    let (date, clock) = text.split_once(' ')?;
    let zone = moment.offset_minutes.map_or_else(String::new, |minutes| {
        let sign = if minutes < 0 { '-' } else { '+' };
        format!(" {sign}{:02}:{:02}", minutes.unsigned_abs() / 60, minutes.unsigned_abs() % 60)
    });
    Some(match (moment.days, moment.ticks) {
        (Some(_), None) => date.to_owned(),
        (None, _) => clock.to_owned(),
        (Some(_), Some(_)) => format!("{date} {clock}{zone}"),
    })
}

/// Returns the unit of a column's temporal type: `datetime` counts 1/300 s, `smalldatetime` minutes, others 10^-n s.
fn tick_unit(column: &mfm_journal::Column) -> TickUnit {
    match column.declared.to_ascii_lowercase().as_str() {
        "datetime" => TickUnit { numerator: 10_000_000, denominator: 3 },
        "smalldatetime" => TickUnit { numerator: 60_000_000_000, denominator: 1 },
        _ => {
            let digits = u32::from(column.scale.unwrap_or(7)).min(9);
            TickUnit { numerator: 10i128.pow(9 - digits), denominator: 1 }
        }
    }
}

/// Nanoseconds in a tick, as a fraction.
#[derive(Clone, Copy)]
struct TickUnit {
    numerator: i128,
    denominator: i128,
}

fn from_moment(moment: Moment, unit: TickUnit) -> Option<civil::DateTime> {
    let date = EPOCH.checked_add(jiff::Span::new().try_days(moment.days?).ok()?).ok()?;
    let nanoseconds = i128::from(moment.ticks.unwrap_or(0)) * unit.numerator / unit.denominator;
    let duration = SignedDuration::from_nanos(i64::try_from(nanoseconds).ok()?);
    date.to_datetime(civil::Time::midnight()).checked_add(duration).ok()
}

/// Rounds to the nearest tick, as SQL Server does.
fn to_moment(moment: civil::DateTime, unit: TickUnit) -> Option<Moment> {
    let days = EPOCH.until(moment.date()).ok()?.get_days();
    let midnight = moment.date().to_datetime(civil::Time::midnight());
    let nanoseconds = moment.duration_since(midnight).as_nanos();
    let ticks = (nanoseconds * unit.denominator * 2 + unit.numerator) / (unit.numerator * 2);
    let day = NANOSECONDS_PER_DAY * unit.denominator / unit.numerator;
    // The last half tick of a day belongs to the next one.
    let (days, ticks) = if ticks == day { (days.checked_add(1)?, 0) } else { (days, ticks) };
    Some(Moment { days: Some(days), ticks: i64::try_from(ticks).ok(), offset_minutes: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> civil::DateTime {
        parse(text).unwrap()
    }

    fn column(declared: &str, storage: Storage) -> Column {
        let image = mfm_journal::Column {
            name: "t".into(),
            declared: declared.into(),
            precision: None,
            scale: None,
            length: None,
            collation: None,
        };
        let kind = Kind::parse(declared);
        Column { image, kind, storage, nullable: true, role: crate::model::Role::Plain }
    }

    #[test]
    fn layouts_are_read_and_kept() {
        assert_eq!(format(at("2020-04-27"), 3, ' '), "2020-04-27 00:00:00.000");
        let column = column("datetime", Storage::Numeric);
        for (from, to) in [
            ("2020-04-27 23:59:58.513", "2020-04-28 00:00:03.513"),
            ("2014-03-18T14:33:32.197000", "2014-03-18T14:33:37.197000"),
            ("2014-03-18 14:33:32", "2014-03-18 14:33:37"),
        ] {
            let moved = shift(&Value::Text(from.into()), &column, 5).unwrap();
            assert_eq!(moved, Value::Text(to.into()));
        }
        assert!(parse("yesterday").is_none());
        assert!(parse("2020-13-01").is_none());
        assert!(parse("").is_none());
    }

    #[test]
    fn datetime_counts_three_hundredths_of_a_second() {
        let column = column("datetime", Storage::Native);
        let cell = store(at("2020-04-27 08:03:28.513"), &column).unwrap();
        let Value::Moment(moment) = cell else { panic!("{cell:?}") };
        assert_eq!(moment.ticks, Some(((8 * 60 + 3) * 60 + 28) * 300 + 154));
        let moved = shift(&cell, &column, 5).unwrap();
        assert_eq!(moved, Value::Moment(Moment { ticks: moment.ticks.map(|t| t + 1500), ..moment }));
    }

    #[test]
    fn moments_are_shown_to_the_last_tick() {
        let of = |declared: &str, scale: Option<u8>, days, ticks, offset_minutes| {
            let mut image = column(declared, Storage::Native).image;
            image.scale = scale;
            show(Moment { days, ticks, offset_minutes }, &image).unwrap()
        };
        assert_eq!(of("datetime", None, Some(45_448), Some(8_324_433), None), "2024-06-07 07:42:28.110");
        assert_eq!(of("datetime", None, Some(0), Some(25_919_999), None), "1900-01-01 23:59:59.997");
        assert_eq!(of("smalldatetime", None, Some(0), Some(61), None), "1900-01-01 01:01:00");
        assert_eq!(of("datetime2(7)", Some(7), Some(0), Some(1), None), "1900-01-01 00:00:00.0000001");
        assert_eq!(of("datetime2(0)", Some(0), Some(0), Some(1), None), "1900-01-01 00:00:01");
        assert_eq!(of("date", None, Some(1), None, None), "1900-01-02");
        assert_eq!(of("time(3)", Some(3), None, Some(5), None), "00:00:00.005");
        assert_eq!(of("datetimeoffset(0)", Some(0), Some(1), Some(0), Some(-90)), "1900-01-02 00:00:00 -01:30");
    }

    #[test]
    fn a_moment_in_the_place_of_another_is_rounded_to_the_tick() {
        let text = column("datetime", Storage::Numeric);
        for (moment, there, expected) in [
            ("2024-06-03 07:59:59.999", "2024-06-03 08:00:00.003", "2024-06-03 08:00:00.000"),
            ("2024-06-03 08:00:00.006", "2024-06-03T08:00:00", "2024-06-03T08:00:00.007"),
            ("2024-06-03 08:00:00", "2024-06-03 08:00:00", "2024-06-03 08:00:00"),
            ("2024-06-03 23:59:59.999", "2024-06-03 08:00:00.123000", "2024-06-04 00:00:00.000000"),
        ] {
            let placed = place(at(moment), &Value::Text(there.into()), &text);
            assert_eq!(placed, Some(Value::Text(expected.into())));
        }
        assert_eq!(place(at("2024-06-03"), &Value::Null, &text), None);
        let minutes = column("smalldatetime", Storage::Numeric);
        let placed = place(at("2024-06-03 08:00:31"), &Value::Text("2024-06-03 08:00:00".into()), &minutes);
        assert_eq!(placed, Some(Value::Text("2024-06-03 08:01:00".into())));
        let native = column("datetime", Storage::Native);
        let there = Value::Moment(Moment { days: Some(0), ticks: Some(0), offset_minutes: None });
        let next = place(at("1900-01-01 23:59:59.999"), &there, &native);
        assert_eq!(next, Some(Value::Moment(Moment { days: Some(1), ticks: Some(0), offset_minutes: None })));
    }
}
