//! Dates and times of a target's cells; asks no clock and knows no time zone.

use jiff::{SignedDuration, civil};
use mfm_journal::{Moment, Value};

use super::column::{Column, Kind, Storage};

/// Day 0 of a [`Moment`].
const EPOCH: civil::Date = civil::date(1900, 1, 1);

/// Returns the date and time that a cell holds, in whatever form its engine keeps it.
#[must_use]
pub fn read(value: &Value, column: &Column) -> Option<civil::DateTime> {
    match value {
        Value::Text(text) => parse(text),
        Value::Moment(moment) => from_moment(*moment, nanoseconds_per_tick(column)?),
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
        Storage::Native => to_moment(moment, nanoseconds_per_tick(column)?).map(Value::Moment),
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
        Value::Text(text) => {
            let digits = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
            let separator = if text.as_bytes().get(10) == Some(&b'T') { 'T' } else { ' ' };
            Some(Value::Text(format(moved, digits, separator)))
        }
        _ => to_moment(moved, nanoseconds_per_tick(column)?).map(Value::Moment),
    }
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
    text.replacen(' ', "T", 1).parse().ok()
}

/// Writes a date and time with so many digits of a fraction (truncated, which callers prove harmless).
#[must_use]
pub fn format(moment: civil::DateTime, digits: usize, separator: char) -> String {
    let base = moment.strftime("%Y-%m-%d");
    let clock = moment.strftime("%H:%M:%S");
    let nine = format!("{:09}", moment.subsec_nanosecond());
    match digits {
        0 => format!("{base}{separator}{clock}"),
        _ => format!("{base}{separator}{clock}.{:0<digits$}", &nine[..digits.min(9)]),
    }
}

/// Returns the unit of a column's temporal type: `datetime` counts 1/300 s, `smalldatetime` minutes, others 10^-n s.
fn nanoseconds_per_tick(column: &Column) -> Option<TickUnit> {
    let declared = column.image.declared.to_ascii_lowercase();
    match declared.as_str() {
        "datetime" => return Some(TickUnit { numerator: 10_000_000, denominator: 3 }),
        "smalldatetime" => return Some(TickUnit { numerator: 60_000_000_000, denominator: 1 }),
        _ => {}
    }
    let digits = u32::from(column.image.scale.unwrap_or(7)).min(9);
    Some(TickUnit { numerator: 10i128.pow(9 - digits), denominator: 1 })
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
}
