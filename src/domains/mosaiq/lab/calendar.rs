//! Days, clock times, and the days on which the department is closed.

use jiff::civil::{Date, DateTime, date};
use jiff::{SignedDuration, Span};

/// A day, counted from Monday, 1 January 1900.
pub(super) type Day = i64;

const EPOCH: Date = date(1900, 1, 1);

pub(super) fn day_of(date: Date) -> Day {
    EPOCH.until(date).map_or(0, |span| i64::from(span.get_days()))
}

/// A day beyond the calendar becomes its first or last date.
pub(super) fn date_of(day: Day) -> Date {
    let end = if day < 0 { Date::MIN } else { Date::MAX };
    Span::new().try_days(day).and_then(|span| EPOCH.checked_add(span)).unwrap_or(end)
}

/// Returns the weekday, 0 for Monday.
pub(super) const fn weekday(day: Day) -> i64 {
    day.rem_euclid(7)
}

/// Tells whether a day is neither a weekend nor a holiday.
pub(super) fn is_working_day(day: Day) -> bool {
    if weekday(day) > 4 {
        return false;
    }
    let date = date_of(day);
    let fixed = matches!((date.month(), date.day()), (1, 1) | (5, 1) | (12, 25 | 26));
    !fixed && !beside_easter(day, date)
}

/// Tells whether a day is Good Friday or Easter Monday.
fn beside_easter(day: Day, date: Date) -> bool {
    // Month and weekday first: Easter is computed for few days only.
    let possible = matches!(date.month(), 3 | 4) && matches!(weekday(day), 0 | 4);
    possible && matches!(day - easter_sunday(i64::from(date.year())), -2 | 1)
}

/// Returns Easter Sunday of a year by the Gregorian rule.
fn easter_sunday(year: i64) -> Day {
    let (golden, century) = (year % 19, year / 100);
    let moon = (century - century / 4 - (8 * century + 13) / 25 + 19 * golden + 15) % 30;
    let full = moon - moon / 28 * (1 - 29 / (moon + 1) * ((21 - golden) / 11));
    let sunday = (year + year / 4 + full + 2 - century + century / 4) % 7;
    // Days after 28 March, which is as early as a full moon's Sunday is counted from.
    let march_28 = i16::try_from(year).ok().and_then(|year| Date::new(year, 3, 28).ok()).map_or(0, day_of);
    march_28 + full - sunday
}

/// Returns the day `count` working days before `day`, or before the last working day if `day` is none.
pub(super) fn working_days_before(day: Day, count: i64) -> Day {
    (0..count).fold(working_day(day), |day, _| working_day(day - 1))
}

/// Counts the working days after one day, up to and including another.
pub(super) fn working_days(after: Day, up_to: Day) -> i64 {
    i64::try_from((after + 1..=up_to).filter(|day| is_working_day(*day)).count()).unwrap_or(0)
}

/// Returns the first working day after a day.
pub(super) fn next_working(day: Day) -> Day {
    let later = (1..8).find(|later| is_working_day(day + later)).unwrap_or(1);
    day + later
}

/// Returns the day itself if it is a working day, else the last one before it.
pub(super) fn working_day(day: Day) -> Day {
    let back = (0..7).find(|back| is_working_day(day - back)).unwrap_or(0);
    day - back
}

/// Returns a time of day, given in milliseconds since midnight, rounded as `datetime` holds it.
pub(super) fn datetime_at(day: Day, milliseconds: i64) -> DateTime {
    // To 1/300 s and back to milliseconds: a lab in SQLite shows the same times as one on SQL Server.
    let ticks = milliseconds.div_euclid(10) * 3 + (milliseconds.rem_euclid(10) * 3 + 5) / 10;
    let rounded = (ticks * 10 + 1).div_euclid(3);
    let midnight = date_of(day).to_datetime(jiff::civil::Time::midnight());
    midnight.checked_add(SignedDuration::from_millis(rounded)).unwrap_or(midnight)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_count_from_a_monday() {
        assert_eq!((day_of(EPOCH), weekday(0)), (0, 0));
        for day in [-400_000, -1, 0, 45_469, 1_000_000] {
            assert_eq!(day_of(date_of(day)), day);
            assert_eq!(i64::from(date_of(day).weekday().to_monday_zero_offset()), weekday(day));
        }
        assert_eq!(date_of(i64::MAX), Date::MAX);
    }

    #[test]
    fn weekends_and_holidays_are_no_working_days() {
        let easters = [date(2024, 3, 29), date(2024, 4, 1), date(2023, 4, 7), date(1954, 4, 19), date(2049, 4, 16)];
        for closed in [date(2024, 6, 29), date(2023, 12, 25), date(2024, 5, 1)].into_iter().chain(easters) {
            assert!(!is_working_day(day_of(closed)), "{closed}");
        }
        for open in [date(2024, 5, 27), date(2024, 3, 28), date(2024, 4, 2), date(2024, 3, 25)] {
            assert!(is_working_day(day_of(open)), "{open}");
        }
        for (year, sunday) in [(1981, date(1981, 4, 19)), (2008, date(2008, 3, 23)), (2038, date(2038, 4, 25))] {
            assert_eq!(date_of(easter_sunday(year)), sunday);
        }
        let monday = day_of(date(2024, 4, 8));
        assert_eq!(
            (date_of(working_days_before(monday, 5)), working_days(working_days_before(monday, 5), monday)),
            (date(2024, 3, 28), 5)
        );
        assert_eq!(working_day(day_of(date(2024, 6, 30))), day_of(date(2024, 6, 28)));
        assert_eq!(working_day(day_of(date(2023, 12, 26))), day_of(date(2023, 12, 22)));
    }

    #[test]
    fn moments_are_ticks_of_a_datetime() {
        let day = day_of(date(2024, 6, 28));
        for (given, held) in [(1000, 0), (1001, 0), (1002, 3), (1003, 3), (1006, 7), (1007, 7), (1008, 7), (1009, 10)] {
            assert_eq!(datetime_at(day, given).subsec_nanosecond(), held * 1_000_000, "{given}");
        }
    }
}
