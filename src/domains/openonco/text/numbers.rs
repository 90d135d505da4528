//! Numbers in texts: read where they can mean only one thing, and named where they cannot.

/// A number that a text certainly states.
#[derive(Clone, Debug, PartialEq)]
pub struct StatedNumber {
    /// The number.
    pub number: f64,
    /// The unit beside it, as written; empty without one.
    pub unit: String,
}

/// Words beside a number that say what it counts.
const UNITS: [&str; 14] = [
    "",
    "%",
    "days",
    "day",
    "months",
    "month",
    "weeks",
    "week",
    "hours",
    "hour",
    "ml",
    "ppm",
    "genes",
    "business days",
];

/// Reads the number that a text states; `None` where it states a range, a bound, several numbers or none at all.
///
/// Certain are a number alone, with one of the known units behind it, or with the sign of dollars before it: `7 days`,
/// `20 mL`, `$4,000`. A text such as `>99% for SNVs` states a bound under a condition, and `7-14 days` two numbers.
#[must_use]
pub fn read_stated(text: &str) -> Option<StatedNumber> {
    let text = text.trim();
    let (priced, rest) = match text.strip_prefix('$') {
        Some(rest) => (true, rest.trim_start()),
        None => (false, text),
    };
    let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ',')).unwrap_or(rest.len());
    let (digits, behind) = rest.split_at_checked(end)?;
    let unit = behind.trim();
    let number = read_digits(digits)?;
    let is_known = if priced { unit.is_empty() } else { UNITS.contains(&unit.to_ascii_lowercase().as_str()) };
    if !is_known {
        return None;
    }
    Some(StatedNumber { number, unit: if priced { "$".to_owned() } else { unit.to_owned() } })
}

/// Reads digits with at most one point; commas only where they part thousands.
fn read_digits(digits: &str) -> Option<f64> {
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
    let mut groups = whole.split(',');
    let first = groups.next().filter(|first| !first.is_empty())?;
    let thousands: Vec<&str> = groups.collect();
    let is_parted = thousands.is_empty() || (first.len() <= 3 && thousands.iter().all(|group| group.len() == 3));
    let is_fraction = fraction.is_none_or(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()));
    if !(is_parted && is_fraction) {
        return None;
    }
    let plain = format!("{}.{}", whole.replace(',', ""), fraction.unwrap_or("0"));
    plain.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Tells whether a note states a number as one of months.
#[must_use]
pub fn states_months(notes: &str, number: f64) -> bool {
    stated_before(notes, " month") == Some(number)
}

/// Returns the number that stands right before a word in a text; `None` where the word or the number is missing.
#[must_use]
pub fn stated_before(text: &str, word: &str) -> Option<f64> {
    let (before, _) = text.split_once(word)?;
    let digits = before.rsplit(|c: char| !(c.is_ascii_digit() || c == '.')).next()?;
    digits.parse().ok().filter(|number: &f64| *number > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_certain_is_a_number() {
        for (text, number, unit) in [
            ("7 days", 7.0, "days"),
            ("20 mL", 20.0, "mL"),
            ("$4,000", 4000.0, "$"),
            ("56", 56.0, ""),
            ("99.9%", 99.9, "%"),
            ("1,000", 1000.0, ""),
        ] {
            assert_eq!(read_stated(text), Some(StatedNumber { number, unit: unit.into() }), "{text}");
        }
        for text in [
            ">16",
            "7-14 days",
            "~14 days",
            ">99% for SNVs",
            "Varies by region",
            "",
            "4,00",
            "1.2.3",
            "6 \u{d7} 10\u{207b}\u{2076}",
            "$",
            ".",
        ] {
            assert_eq!(read_stated(text), None, "{text}");
        }
        assert!(states_months("4.6 months median lead time", 4.6) && !states_months("4.6 days", 4.6));
        assert_eq!(stated_before("within ~10 days of it", " day"), Some(10.0));
        assert_eq!(stated_before("a few days", " day"), None);
    }
}
