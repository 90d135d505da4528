//! Dates and times in a target's cells, with the offset from UTC that a cell names. No clock is read, and no time zone
//! is known.

mod text;

use std::cmp::Ordering;

use jiff::{SignedDuration, civil};
use mfm_journal::{Moment, Value};

use self::text::TimeText;
use super::column::{Column, Kind, Storage};

/// Day 0 of a [`Moment`], as in SQL Server.
const EPOCH: civil::Date = civil::date(1900, 1, 1);
const NANOSECONDS_PER_DAY: i128 = 86_400_000_000_000;
/// The largest offset from UTC of any local clock, in either direction.
const OFFSET_MAX: SignedDuration = SignedDuration::from_hours(14);

/// A date and time of a cell: what a clock showed, and the offset of that clock from UTC if the cell names it.
///
/// Two times with an offset compare as instants, two without one as times of the same clock. One with and one without
/// compare only if they are so far apart that no offset could change the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time {
    /// What the clock showed.
    pub wall: civil::DateTime,
    /// How far the clock was ahead of UTC, in minutes; `None` where it is unknown.
    pub offset_minutes: Option<i16>,
}

impl Time {
    /// Returns a time of a clock with an unknown offset.
    #[must_use]
    pub const fn local(wall: civil::DateTime) -> Self {
        Self { wall, offset_minutes: None }
    }

    /// Tells whether the offset from UTC is known.
    #[must_use]
    pub const fn is_zoned(self) -> bool {
        self.offset_minutes.is_some()
    }

    /// Returns the value by which times are ordered: UTC, or what the clock showed where no offset is known.
    ///
    /// It must not be compared between a time with an offset and one without.
    #[must_use]
    pub fn instant(self) -> civil::DateTime {
        let ahead = SignedDuration::from_mins(self.offset_minutes.unwrap_or(0).into());
        self.wall.saturating_sub(ahead)
    }

    /// Returns how long after another time this one is, negative if it is before; `None` where only one has an offset.
    #[must_use]
    pub fn elapsed_since(self, earlier: Self) -> Option<SignedDuration> {
        (self.is_zoned() == earlier.is_zoned()).then(|| self.instant().duration_since(earlier.instant()))
    }

    /// Compares two times; `None` where only one has an offset and the other could be before or after it.
    #[must_use]
    pub fn compare(self, other: Self) -> Option<Ordering> {
        // Without an offset the instant is the wall time itself, which can be off by up to OFFSET_MAX.
        let apart = self.instant().duration_since(other.instant());
        let certain = self.is_zoned() == other.is_zoned() || apart.abs() > OFFSET_MAX;
        certain.then(|| apart.cmp(&SignedDuration::ZERO))
    }

    /// Compares a time with the present. A time without an offset is taken as one of the local clock.
    #[must_use]
    pub fn compare_with_present(self, now: Self) -> Option<Ordering> {
        self.compare(if self.is_zoned() { now } else { Self::local(now.wall) })
    }

    /// Returns the time a duration later, on the same clock; `None` outside the calendar.
    #[must_use]
    pub fn checked_add(self, duration: SignedDuration) -> Option<Self> {
        Some(Self { wall: self.wall.checked_add(duration).ok()?, ..self })
    }

    /// Returns what a clock of another offset shows at this time. A time without an offset is not converted; `None`
    /// where this one has an offset and the other clock's is unknown.
    fn wall_at_offset(self, offset_minutes: Option<i16>) -> Option<civil::DateTime> {
        match (self.offset_minutes, offset_minutes) {
            (Some(_), Some(ahead)) => self.instant().checked_add(SignedDuration::from_mins(ahead.into())).ok(),
            (Some(_), None) => None,
            (None, _) => Some(self.wall),
        }
    }

    /// Renders the time for people, in whole seconds, with its offset.
    #[must_use]
    pub fn to_text(self) -> String {
        format_wall(self.wall, 0, ' ') + &self.offset_minutes.map_or_else(String::new, shown_offset)
    }
}

/// Reads the date and time of a cell, in whatever form its engine stores it; `None` where it holds none.
#[must_use]
pub fn read_time(value: &Value, column: &Column) -> Option<Time> {
    match value {
        Value::Text(text) => Some(TimeText::parse(text)?.time),
        Value::Moment(moment) => {
            let wall = from_moment(*moment, tick_unit(&column.image))?;
            Some(Time { wall, offset_minutes: moment.offset_minutes })
        }
        _ => None,
    }
}

/// Tells whether a cell's date and time lies on one of these days, the last inclusive, by the cell's own clock.
#[must_use]
pub fn lies_on(value: &Value, column: &Column, first: civil::Date, last: civil::Date) -> bool {
    read_time(value, column).is_some_and(|time| (first..=last).contains(&time.wall.date()))
}

/// Returns the cell for a date and time in a column; `None` where the column is not of that type or cannot store the
/// fraction of a second.
#[must_use]
pub fn store_time(moment: civil::DateTime, column: &Column) -> Option<Value> {
    match column.storage {
        Storage::Native => to_moment(moment, tick_unit(&column.image)).map(Value::Moment),
        _ if column.kind != Kind::DateTime && column.kind != Kind::Other => None,
        // The text below has milliseconds, and would cut a finer fraction off.
        _ if moment.subsec_nanosecond() % 1_000_000 != 0 => None,
        _ => Some(Value::Text(format_wall(moment, 3, ' '))),
    }
}

/// Returns a cell moved by whole seconds, in the same layout; `None` where it holds no date and time, or its layout
/// cannot show the moved one.
#[must_use]
pub fn shift_time(value: &Value, column: &Column, seconds: i64) -> Option<Value> {
    let moved = read_time(value, column)?.checked_add(SignedDuration::from_secs(seconds))?;
    match value {
        Value::Text(text) => TimeText::parse(text)?.write_like(moved.wall).map(Value::Text),
        Value::Moment(held) => moment_like(moved.wall, *held, tick_unit(&column.image)),
        _ => None,
    }
}

/// Returns the cell for a date and time that replaces another one: on the other's clock, rounded to the column's tick
/// and to what the cell's layout shows. `None` where the cell holds no date and time, or the time has an offset and the
/// cell has none.
#[must_use]
pub fn replace_time(time: Time, cell: &Value, column: &Column) -> Option<Value> {
    let there = read_time(cell, column)?;
    let unit = tick_unit(&column.image);
    let wall = time.wall_at_offset(there.offset_minutes)?;
    match cell {
        Value::Moment(held) => moment_like(wall, *held, unit),
        Value::Text(text) => {
            // To ticks and back, so that the text shows a time that the column's type has.
            let rounded = from_moment(to_moment(wall, unit)?, unit)?;
            // Text shows ticks of 1/300 s as milliseconds: .000, .003, .007.
            let visible = if unit.denominator == 1 { rounded } else { rounded.round(jiff::Unit::Millisecond).ok()? };
            let layout = TimeText::parse(text)?;
            layout.write_like(layout.round_to_layout(visible)?).map(Value::Text)
        }
        _ => None,
    }
}

/// Returns a moment with the offset of another one of its column; in a column of days only for a time at midnight.
fn moment_like(wall: civil::DateTime, held: Moment, unit: TickUnit) -> Option<Value> {
    let moment = Moment { offset_minutes: held.offset_minutes, ..to_moment(wall, unit)? };
    match (held.ticks, moment.ticks) {
        (Some(_), _) => Some(Value::Moment(moment)),
        (None, Some(0)) => Some(Value::Moment(Moment { ticks: None, ..moment })),
        (None, _) => None,
    }
}

/// Parses a date and time without an offset from UTC; `None` for one with an offset, or any other text.
#[must_use]
pub fn parse_local(text: &str) -> Option<civil::DateTime> {
    let Time { wall, offset_minutes: None } = TimeText::parse(text)?.time else { return None };
    Some(wall)
}

/// Tells whether a text is a date and time that names an offset from UTC.
#[must_use]
pub fn names_offset(text: &str) -> bool {
    TimeText::parse(text).is_some_and(|written| written.time.is_zoned())
}

fn shown_offset(minutes: i16) -> String {
    let sign = if minutes < 0 { '-' } else { '+' };
    format!(" {sign}{:02}:{:02}", minutes.unsigned_abs() / 60, minutes.unsigned_abs() % 60)
}

/// Renders a date and time with `digits` digits of the second's fraction. Further digits are cut off, so callers must
/// have rounded before.
#[must_use]
pub fn format_wall(moment: civil::DateTime, digits: usize, separator: char) -> String {
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

/// Renders a moment of a column for people, with as many digits of the second's fraction as distinguish its ticks;
/// `None` for one outside the calendar.
#[must_use]
pub fn render_moment(moment: Moment, column: &mfm_journal::ColumnShape) -> Option<String> {
    let unit = tick_unit(column);
    // A time of day has no date: it borrows day 0, which is left out of the text below.
    let wall = from_moment(Moment { days: moment.days.or(Some(0)), ..moment }, unit)?;
    let wall = if unit.denominator == 1 { wall } else { wall.round(jiff::Unit::Millisecond).ok()? };
    let digits = match unit {
        TickUnit { denominator: 3, .. } => 3,
        TickUnit { numerator, .. } => (0..=9).find(|digits| numerator >= 10i128.pow(9 - digits)).unwrap_or(9) as usize,
    };
    let text = format_wall(wall, digits, ' ');
    let (date, clock) = text.split_once(' ')?;
    let zone = moment.offset_minutes.map_or_else(String::new, shown_offset);
    Some(match (moment.days, moment.ticks) {
        (Some(_), None) => date.to_owned(),
        (None, _) => clock.to_owned(),
        (Some(_), Some(_)) => format!("{date} {clock}{zone}"),
    })
}

/// Returns the tick of a column's type: 1/300 s for `datetime`, a minute for `smalldatetime`, 10^-scale s for others.
fn tick_unit(column: &mfm_journal::ColumnShape) -> TickUnit {
    match column.declared.to_ascii_lowercase().as_str() {
        "datetime" => TickUnit { numerator: 10_000_000, denominator: 3 },
        "smalldatetime" => TickUnit { numerator: 60_000_000_000, denominator: 1 },
        _ => {
            let digits = u32::from(column.scale.unwrap_or(7)).min(9);
            TickUnit { numerator: 10i128.pow(9 - digits), denominator: 1 }
        }
    }
}

/// The length of a tick in nanoseconds, as a fraction.
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
    // Rounds half up in integers: as a float, 1/300 s has no exact value.
    let ticks = (nanoseconds * unit.denominator * 2 + unit.numerator) / (unit.numerator * 2);
    let day = NANOSECONDS_PER_DAY * unit.denominator / unit.numerator;
    // Rounding up in the last half tick of a day reaches the next day, which has its own tick 0.
    let (days, ticks) = if ticks == day { (days.checked_add(1)?, 0) } else { (days, ticks) };
    Some(Moment { days: Some(days), ticks: i64::try_from(ticks).ok(), offset_minutes: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample_wall(text: &str) -> civil::DateTime {
        parse_local(text).unwrap()
    }

    fn sample_local(text: &str) -> Time {
        Time::local(sample_wall(text))
    }

    fn sample_column(declared: &str, storage: Storage) -> Column {
        let image = mfm_journal::ColumnShape::new("t", declared);
        let kind = Kind::parse(declared);
        Column { image, kind, storage, nullable: true, role: crate::model::Role::Plain }
    }

    #[test]
    fn layouts_are_read_and_kept() {
        assert_eq!(format_wall(sample_wall("2020-04-27"), 3, ' '), "2020-04-27 00:00:00.000");
        let column = sample_column("datetime", Storage::Numeric);
        for (from, to) in [
            ("2020-04-27 23:59:58.513", "2020-04-28 00:00:03.513"),
            ("2014-03-18T14:33:32.197000", "2014-03-18T14:33:37.197000"),
            ("2014-03-18 14:33:32", "2014-03-18 14:33:37"),
        ] {
            let moved = shift_time(&Value::Text(from.into()), &column, 5).unwrap();
            assert_eq!(moved, Value::Text(to.into()));
        }
        assert!(parse_local("yesterday").is_none());
        assert!(parse_local("2020-13-01").is_none());
        assert!(parse_local("").is_none());
    }

    #[test]
    fn datetime_counts_three_hundredths_of_a_second() {
        let column = sample_column("datetime", Storage::Native);
        let cell = store_time(sample_wall("2020-04-27 08:03:28.513"), &column).unwrap();
        let Value::Moment(moment) = cell else { panic!("{cell:?}") };
        assert_eq!(moment.ticks, Some(((8 * 60 + 3) * 60 + 28) * 300 + 154));
        let moved = shift_time(&cell, &column, 5).unwrap();
        assert_eq!(moved, Value::Moment(Moment { ticks: moment.ticks.map(|t| t + 1500), ..moment }));
    }

    #[test]
    fn moments_are_shown_to_the_last_tick() {
        let of = |declared: &str, scale: Option<u8>, days, ticks, offset_minutes| {
            let mut image = sample_column(declared, Storage::Native).image;
            image.scale = scale;
            render_moment(Moment { days, ticks, offset_minutes }, &image).unwrap()
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
        let text = sample_column("datetime", Storage::Numeric);
        for (moment, there, expected) in [
            ("2024-06-03 07:59:59.999", "2024-06-03 08:00:00.003", "2024-06-03 08:00:00.000"),
            ("2024-06-03 08:00:00.006", "2024-06-03T08:00:00.0", "2024-06-03T08:00:00.0"),
            ("2024-06-03 08:00:00.006", "2024-06-03T08:00:00.000", "2024-06-03T08:00:00.007"),
            ("2024-06-03 08:00:00.606", "2024-06-03T08:00:00", "2024-06-03T08:00:01"),
            ("2024-06-03 08:00:00", "2024-06-03 08:00:00", "2024-06-03 08:00:00"),
            ("2024-06-03 23:59:59.999", "2024-06-03 08:00:00.123000", "2024-06-04 00:00:00.000000"),
        ] {
            let placed = replace_time(sample_local(moment), &Value::Text(there.into()), &text);
            assert_eq!(placed, Some(Value::Text(expected.into())));
        }
        assert_eq!(replace_time(sample_local("2024-06-03"), &Value::Null, &text), None);
        let minutes = sample_column("smalldatetime", Storage::Numeric);
        let placed =
            replace_time(sample_local("2024-06-03 08:00:31"), &Value::Text("2024-06-03 08:00:00".into()), &minutes);
        assert_eq!(placed, Some(Value::Text("2024-06-03 08:01:00".into())));
        let native = sample_column("datetime", Storage::Native);
        let there = Value::Moment(Moment { days: Some(0), ticks: Some(0), offset_minutes: None });
        let next = replace_time(sample_local("1900-01-01 23:59:59.999"), &there, &native);
        assert_eq!(next, Some(Value::Moment(Moment { days: Some(1), ticks: Some(0), offset_minutes: None })));
    }

    fn sample_zoned(text: &str) -> Time {
        read_time(&Value::Text(text.into()), &sample_column("datetime", Storage::Numeric)).unwrap()
    }

    #[test]
    fn w04_times_with_an_offset_compare_as_instants() {
        for (start, end, seconds) in [
            ("2024-03-27 02:59:00.000+02:00", "2024-03-27 02:01:00.000+01:00", Some(120)),
            ("2024-03-27 08:00:00.000+02:00", "2024-03-27 08:05:00.000+03:00", Some(-3300)),
            ("2024-03-27 08:00:00Z", "2024-03-27 07:30:00-00:30", Some(0)),
            ("2024-03-27 08:00:00", "2024-03-27 08:05:00", Some(300)),
            ("2024-03-27 08:00:00", "2024-03-27 08:05:00Z", None),
        ] {
            let elapsed = sample_zoned(end).elapsed_since(sample_zoned(start));
            assert_eq!(elapsed.map(|elapsed| elapsed.as_secs()), seconds, "{start} to {end}");
        }
        let (near, far) = (sample_zoned("2024-03-27 20:00:00Z"), sample_zoned("2024-03-29 08:00:00Z"));
        assert_eq!(near.compare(sample_local("2024-03-27 08:00:00")), None, "another clock may show either");
        assert_eq!(far.compare(sample_local("2024-03-27 08:00:00")), Some(Ordering::Greater));
        let now = sample_zoned("2024-03-27 12:00:00-05:00");
        assert_eq!(sample_zoned("2024-03-27 16:00:00Z").compare_with_present(now), Some(Ordering::Less));
        assert_eq!(sample_local("2024-03-27 16:00:00").compare_with_present(now), Some(Ordering::Greater));
    }

    #[test]
    fn w04_a_cell_keeps_its_clock_when_another_time_takes_its_place() {
        let text = sample_column("datetime", Storage::Numeric);
        let cell = Value::Text("2024-06-03T08:00:00,123+02:00".into());
        let placed = |time: Time| replace_time(time, &cell, &text);
        let written = |text: &str| Some(Value::Text(text.into()));
        assert_eq!(placed(sample_zoned("2024-06-02 23:30:00Z")), written("2024-06-03T01:30:00,000+02:00"));
        assert_eq!(placed(sample_local("2024-06-02 23:30:00")), written("2024-06-02T23:30:00,000+02:00"));
        assert_eq!(replace_time(sample_zoned("2024-06-02 23:30:00Z"), &Value::Text("2024-06-03".into()), &text), None);
        assert_eq!(shift_time(&cell, &text, 57_600), written("2024-06-04T00:00:00,123+02:00"));
        assert_eq!(shift_time(&Value::Text("2024-06-03".into()), &text, 5), None, "a day shows no seconds");
        let native = sample_column("datetimeoffset(0)", Storage::Native);
        let held = Moment { days: Some(1), ticks: Some(0), offset_minutes: Some(-90) };
        let moved = Moment { ticks: Some(5), ..held };
        assert_eq!(shift_time(&Value::Moment(held), &column_of(&native, 0), 5), Some(Value::Moment(moved)));
        let day = Moment { days: Some(1), ticks: None, offset_minutes: None };
        assert_eq!(shift_time(&Value::Moment(day), &sample_column("date", Storage::Native), 5), None);
        assert_eq!(
            shift_time(&Value::Moment(day), &sample_column("date", Storage::Native), 86_400).map(|_| ()),
            Some(())
        );
    }

    fn column_of(column: &Column, scale: u8) -> Column {
        let image = mfm_journal::ColumnShape { scale: Some(scale), ..column.image.clone() };
        Column { image, ..column.clone() }
    }
}
