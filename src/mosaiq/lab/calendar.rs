//! Working days and clock times of a department; knows no holidays.

use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, Span};

/// Returns the working day so many working days before the last one that is not after `until`.
pub(super) fn working_day(until: Date, back: i64) -> Date {
    let weekday = i64::from(until.weekday().to_monday_zero_offset());
    let (last, weekday) = if weekday > 4 { (days(until, 4 - weekday), 4) } else { (until, weekday) };
    let (weeks, rest) = (back.div_euclid(5), back.rem_euclid(5));
    let weekend = if rest > weekday { 2 } else { 0 };
    days(last, -(7 * weeks + rest + weekend))
}

/// Returns a date so many days later; a date beyond the calendar stays as it is.
pub(super) fn days(date: Date, count: i64) -> Date {
    let span = Span::new().try_days(count);
    span.and_then(|span| date.checked_add(span)).unwrap_or(date)
}

/// Returns a moment of a day, given in milliseconds since midnight and rounded to 1/300 s as `datetime` holds it.
pub(super) fn moment(date: Date, milliseconds: i64) -> DateTime {
    let ticks = milliseconds.div_euclid(10) * 3 + (milliseconds.rem_euclid(10) * 3 + 5) / 10;
    let rounded = (ticks * 10 + 1).div_euclid(3);
    let midnight = date.to_datetime(jiff::civil::Time::midnight());
    midnight.checked_add(SignedDuration::from_millis(rounded)).unwrap_or(midnight)
}

/// Tells whether a day is a working day.
#[cfg(test)]
pub(super) fn works(date: Date) -> bool {
    date.weekday().to_monday_zero_offset() < 5
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn working_days_count_back_over_weekends() {
        for until in [date(2024, 6, 28), date(2024, 6, 29), date(2024, 6, 30), date(2024, 6, 26)] {
            let mut expected = until;
            while !works(expected) {
                expected = days(expected, -1);
            }
            for back in 0..40 {
                assert_eq!(working_day(until, back), expected, "{until} {back}");
                expected = days(expected, -1);
                while !works(expected) {
                    expected = days(expected, -1);
                }
            }
        }
    }

    #[test]
    fn moments_are_ticks_of_a_datetime() {
        let day = date(2024, 6, 28);
        for (given, held) in [(1000, 0), (1001, 0), (1002, 3), (1003, 3), (1006, 7), (1007, 7), (1008, 7), (1009, 10)] {
            assert_eq!(moment(day, given).subsec_nanosecond(), held * 1_000_000, "{given}");
        }
    }
}
