//! The layout of a date and time in a text: parsed to the last character, and rendered again in the same layout.

use jiff::civil;

use super::Time;

/// The largest offset from UTC that a text may name, as on every engine.
const OFFSET_MINUTES_MAX: i16 = 14 * 60;

/// A text that is a date and time, with the positions of its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TimeText<'t> {
    /// The date and time.
    pub(super) time: Time,
    text: &'t str,
    clock: TimePrecision,
    /// The byte at which the digits of the fraction begin.
    fraction: usize,
    /// The number of digits of the fraction.
    digits: usize,
}

/// The precision of the time of day in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TimePrecision {
    /// A day only.
    Day,
    /// Hours and minutes.
    Minutes,
    /// Seconds, perhaps with a fraction.
    Seconds,
}

impl<'t> TimeText<'t> {
    /// Parses `YYYY-MM-DD`, optionally with `HH:MM`, seconds, a fraction after a point or a comma, and an offset from
    /// UTC.
    ///
    /// A blank or a T comes before the time. An offset is `Z`, `+HH`, `+HHMM` or `+HH:MM`, optionally after a blank.
    /// Blanks at the end are padding. Any other layout could only be guessed, and gives `None`.
    pub(super) fn parse(text: &'t str) -> Option<Self> {
        let bytes = text.trim_end_matches(' ').as_bytes();
        let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, rest @ ..] = bytes else { return None };
        let year = i16::try_from(parse_digits(&[*y0, *y1, *y2, *y3])?).ok().filter(|year| *year > 0)?;
        let date = civil::Date::new(year, parse_two_digits(*m0, *m1)?, parse_two_digits(*d0, *d1)?).ok()?;
        let mut written =
            Self { time: Time::local(date.at(0, 0, 0, 0)), text, clock: TimePrecision::Day, fraction: 0, digits: 0 };
        let [b' ' | b'T' | b't', h0, h1, b':', n0, n1, rest @ ..] = rest else {
            return rest.is_empty().then_some(written);
        };
        let (second, rest) = match rest {
            [b':', s0, s1, rest @ ..] => (parse_two_digits(*s0, *s1)?, rest),
            rest => (0, rest),
        };
        // Byte 16 follows `YYYY-MM-DD HH:MM`.
        written.clock =
            if text.as_bytes().get(16) == Some(&b':') { TimePrecision::Seconds } else { TimePrecision::Minutes };
        let (nanosecond, rest) = match rest {
            [b'.' | b',', rest @ ..] if written.clock == TimePrecision::Seconds => {
                written.digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
                written.fraction = 20;
                let (digits, rest) = rest.split_at_checked(written.digits)?;
                (parse_nanoseconds(digits)?, rest)
            }
            rest => (0, rest),
        };
        let time =
            civil::Time::new(parse_two_digits(*h0, *h1)?, parse_two_digits(*n0, *n1)?, second, nanosecond).ok()?;
        written.time = Time { wall: date.to_datetime(time), offset_minutes: parse_offset(rest)? };
        Some(written)
    }

    /// Renders a clock's date and time in the same layout, with the same offset and padding; `None` where the layout
    /// cannot show it exactly.
    pub(super) fn write_like(&self, wall: civil::DateTime) -> Option<String> {
        let year = Some(wall.year()).filter(|year| (1..=9999).contains(year))?;
        if wall.round_to(self.digits, self.clock) != Some(wall) {
            return None;
        }
        let (head, tail) = (self.text.get(10..11), |from: usize| self.text.get(from..));
        let date = format!("{year:04}-{:02}-{:02}", wall.month(), wall.day());
        let clock = format!("{:02}:{:02}", wall.hour(), wall.minute());
        Some(match self.clock {
            TimePrecision::Day => format!("{date}{}", tail(10)?),
            TimePrecision::Minutes => format!("{date}{}{clock}{}", head?, tail(16)?),
            TimePrecision::Seconds if self.digits == 0 => {
                format!("{date}{}{clock}:{:02}{}", head?, wall.second(), tail(19)?)
            }
            TimePrecision::Seconds => {
                let nine = format!("{:09}", wall.subsec_nanosecond());
                let digits = nine.get(..self.digits)?;
                let (mark, end) = (self.text.get(19..self.fraction)?, tail(self.fraction + self.digits)?);
                format!("{date}{}{clock}:{:02}{mark}{digits}{end}", head?, wall.second())
            }
        })
    }

    /// Rounds a clock's date and time to what the layout can show.
    pub(super) fn round_to_layout(&self, wall: civil::DateTime) -> Option<civil::DateTime> {
        wall.round_to(self.digits, self.clock)
    }
}

/// Rounding to what a layout shows.
trait RoundTo: Sized {
    fn round_to(self, digits: usize, clock: TimePrecision) -> Option<Self>;
}

impl RoundTo for civil::DateTime {
    fn round_to(self, digits: usize, clock: TimePrecision) -> Option<Self> {
        let step = match clock {
            TimePrecision::Day => return self.round(jiff::Unit::Day).ok(),
            TimePrecision::Minutes => return self.round(jiff::Unit::Minute).ok(),
            TimePrecision::Seconds => 10_i64.checked_pow(9_u32.checked_sub(u32::try_from(digits).ok()?)?)?,
        };
        // jiff takes only increments that divide the next larger unit, so each three digits have their own unit.
        let (unit, increment) = match step {
            1_000_000_000 => (jiff::Unit::Second, 1),
            1_000_000.. => (jiff::Unit::Millisecond, step / 1_000_000),
            1_000.. => (jiff::Unit::Microsecond, step / 1_000),
            _ => (jiff::Unit::Nanosecond, step),
        };
        self.round(jiff::civil::DateTimeRound::new().smallest(unit).increment(increment)).ok()
    }
}

/// Parses one to nine digits of a second's fraction into nanoseconds.
fn parse_nanoseconds(digits: &[u8]) -> Option<i32> {
    let missing = 9_u32.checked_sub(u32::try_from(digits.len()).ok()?)?;
    (!digits.is_empty()).then_some(())?;
    parse_digits(digits)?.checked_mul(10_i32.checked_pow(missing)?)
}

/// Parses an offset from UTC into minutes: `Some(None)` for an empty text, `None` for one that is not an offset.
fn parse_offset(rest: &[u8]) -> Option<Option<i16>> {
    let rest = match rest {
        [] => return Some(None),
        [b' ', rest @ ..] => rest,
        rest => rest,
    };
    let (sign, hours, minutes) = match rest {
        [b'Z' | b'z'] => (1, 0, 0),
        [sign @ (b'+' | b'-'), h0, h1] => (sign_factor(*sign), parse_two_digits(*h0, *h1)?, 0),
        [sign @ (b'+' | b'-'), h0, h1, b':', m0, m1] | [sign @ (b'+' | b'-'), h0, h1, m0, m1] => {
            (sign_factor(*sign), parse_two_digits(*h0, *h1)?, parse_two_digits(*m0, *m1)?)
        }
        _ => return None,
    };
    let offset = i16::from(hours) * 60 + i16::from(minutes);
    (minutes < 60 && offset <= OFFSET_MINUTES_MAX).then_some(Some(sign * offset))
}

const fn sign_factor(sign: u8) -> i16 {
    if sign == b'-' { -1 } else { 1 }
}

fn parse_two_digits(tens: u8, ones: u8) -> Option<i8> {
    i8::try_from(parse_digits(&[tens, ones])?).ok()
}

fn parse_digits(digits: &[u8]) -> Option<i32> {
    digits.iter().try_fold(0_i32, |all, digit| {
        let digit = digit.is_ascii_digit().then(|| i32::from(*digit - b'0'))?;
        all.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_sample(text: &str) -> Option<(String, Option<i16>)> {
        TimeText::parse(text).map(|written| (written.time.wall.to_string(), written.time.offset_minutes))
    }

    #[test]
    fn w04_a_text_is_read_with_its_offset() {
        for (text, wall, offset) in [
            ("2024-03-27", "2024-03-27T00:00:00", None),
            ("2024-03-27 08:05", "2024-03-27T08:05:00", None),
            ("2024-03-27 08:05:06", "2024-03-27T08:05:06", None),
            ("2024-03-27T08:05:06.5", "2024-03-27T08:05:06.5", None),
            ("2024-03-27t08:05:06,123456789z", "2024-03-27T08:05:06.123456789", Some(0)),
            ("2024-03-27 08:05:06.1230000 +02:00", "2024-03-27T08:05:06.123", Some(120)),
            ("2024-03-27T08:05:06-00:30", "2024-03-27T08:05:06", Some(-30)),
            ("2024-03-27T08:05:06+0200", "2024-03-27T08:05:06", Some(120)),
            ("2024-03-27T08:05-05", "2024-03-27T08:05:00", Some(-300)),
            ("1753-01-01 00:00:00.000   ", "1753-01-01T00:00:00", None),
        ] {
            assert_eq!(parse_sample(text), Some((wall.into(), offset)), "{text}");
        }
    }

    #[test]
    fn w04_what_would_have_to_be_guessed_is_not_read() {
        for text in [
            "",
            "yesterday",
            "03/27/2024 08:00:00 AM",
            "27.03.2024 08:00:00",
            "24-03-27 08:00:00",
            "0000-03-27 08:00:00",
            "20240327",
            "20240327T080000",
            "2024-W13-3",
            "2024-087",
            "2024-13-01",
            "2024-02-30 08:00:00",
            "2024-03-27 24:00:00",
            "2024-03-27 23:59:60",
            "2024-03-27 08",
            "2024-03-27 8:00:00",
            "2024-03-27 12:00 AM",
            "2024-03-27 08:00:00 AM",
            "2024-03-27 08:00:00.",
            "2024-03-27 08:00:00.1234567890",
            "2024-03-27 08:00.5",
            "2024-03-27  08:00:00",
            "2024-03-27T08:00:00[Europe/Berlin]",
            "2024-03-27T08:00:00+02:00[Europe/Berlin]",
            "2024-03-27T08:00:00 CET",
            "2024-03-27T08:00:00+02:60",
            "2024-03-27T08:00:00+15:00",
            "2024-03-27T08:00:00+2",
            "2024-03-27Z",
            " 2024-03-27 08:00:00",
            "2024-03-27 08:00:00\0",
            "2024-03-27 08:00:00\n",
            "2024-03-27 08:00:0\u{663}",
            "\u{662}024-03-27 08:00:00",
            "1711526400",
            "2460397.25",
        ] {
            assert_eq!(parse_sample(text), None, "{text:?}");
        }
    }

    #[test]
    fn w04_a_layout_is_kept_to_the_last_character() {
        let wall = civil::datetime(2023, 12, 31, 7, 8, 9, 120_000_000);
        for (text, expected) in [
            ("2024-03-27T08:05:06.999+02:00", "2023-12-31T07:08:09.120+02:00"),
            ("2024-03-27 08:05:06,99", "2023-12-31 07:08:09,12"),
            ("2024-03-27t08:05:06.9999999 -0030  ", "2023-12-31t07:08:09.1200000 -0030  "),
        ] {
            assert_eq!(TimeText::parse(text).unwrap().write_like(wall).as_deref(), Some(expected));
        }
        for (text, expected) in [
            ("2024-03-27T08:05:06Z", "2023-12-31T07:08:09Z"),
            ("2024-03-27 08:05", "2023-12-31 07:08"),
            ("2024-03-27", "2023-12-31"),
        ] {
            let written = TimeText::parse(text).unwrap();
            assert_eq!(written.write_like(wall), None, "{text} cannot show a fraction");
            assert_eq!(written.write_like(written.round_to_layout(wall).unwrap()).as_deref(), Some(expected));
        }
    }

    #[test]
    fn every_text_that_is_read_is_written_again() {
        for text in ["2024-03-27", "2024-03-27 08:05 ", "0001-01-01T00:00:00,1z", "9999-12-31 23:59:59.999999999 -14"] {
            let written = TimeText::parse(text).unwrap();
            assert_eq!(written.write_like(written.time.wall).as_deref(), Some(text));
        }
    }
}
