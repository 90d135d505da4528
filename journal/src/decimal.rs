//! Exact decimal numbers as unscaled digits and a scale: parsing, printing, comparing; no arithmetic.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// The most digits a decimal may have: SQL Server's limit for `decimal(p,s)`.
pub const DIGITS_MAX: usize = 38;

/// The powers of ten that an `f64` holds exactly.
const POWERS_OF_TEN: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// A decimal number `unscaled * 10^-scale`, kept at its scale: 1.0 and 1.00 differ, also in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal {
    /// The unscaled digits in two halves: an `i128` is aligned to 16 bytes and would make every cell value 48 bytes
    /// instead of 32.
    high: i64,
    low: u64,
    scale: u8,
}

/// Why a text is not a decimal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecimalError {
    /// Not an optional sign, digits and at most one point.
    #[error("`{0}` is not a decimal number")]
    Syntax(String),
    /// More digits than [`DIGITS_MAX`].
    #[error("`{0}` has more than {DIGITS_MAX} digits")]
    TooLong(String),
}

impl Decimal {
    /// Returns the decimal `unscaled * 10^-scale`; `None` where it has more than [`DIGITS_MAX`] digits.
    #[must_use]
    pub fn new(unscaled: i128, scale: u8) -> Option<Self> {
        let fits = unscaled.unsigned_abs() < 10u128.pow(38) && usize::from(scale) <= DIGITS_MAX;
        fits.then_some(Self::new_unchecked(unscaled, scale))
    }

    const fn new_unchecked(unscaled: i128, scale: u8) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = unscaled.to_be_bytes();
        let high = i64::from_be_bytes([a, b, c, d, e, f, g, h]);
        Self { high, low: u64::from_be_bytes([i, j, k, l, m, n, o, p]), scale }
    }

    /// Returns a number of tenths at scale 1: 18 gives 1.8.
    #[must_use]
    pub const fn from_tenths(tenths: u8) -> Self {
        Self { high: 0, low: tenths as u64, scale: 1 }
    }

    /// Returns the digits without the point.
    #[must_use]
    pub const fn unscaled(self) -> i128 {
        let [a, b, c, d, e, f, g, h] = self.high.to_be_bytes();
        let [i, j, k, l, m, n, o, p] = self.low.to_be_bytes();
        i128::from_be_bytes([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p])
    }

    /// Returns the number of digits behind the point.
    #[must_use]
    pub const fn scale(self) -> u8 {
        self.scale
    }

    /// Returns the same number without trailing zeros after the point, the form that plans and bodies print.
    #[must_use]
    pub fn normalise(self) -> Self {
        let (mut unscaled, mut scale) = (self.unscaled(), self.scale);
        while scale > 0 && unscaled % 10 == 0 {
            unscaled /= 10;
            scale -= 1;
        }
        Self::new_unchecked(unscaled, scale)
    }

    /// Returns the same number at another scale, or `None` where a digit would be lost or the result is too long.
    #[must_use]
    pub fn at_scale(self, scale: u8) -> Option<Self> {
        if self.scale == scale {
            return Some(self);
        }
        let short = self.normalise();
        if short.scale > scale {
            return None;
        }
        let factor = 10i128.checked_pow(u32::from(scale - short.scale))?;
        Self::new(short.unscaled().checked_mul(factor)?, scale)
    }

    /// Returns the number of digits before the point; 0 for numbers below one.
    #[must_use]
    pub fn integer_digits(self) -> usize {
        let whole = self.unscaled().unsigned_abs() / 10u128.pow(u32::from(self.scale));
        whole.checked_ilog10().map_or(0, |digits| digits as usize + 1)
    }

    /// Returns the decimal that the shortest text of a float names; `None` for NaN, infinities, and too many digits.
    #[must_use]
    pub fn from_f64(number: f64) -> Option<Self> {
        if !number.is_finite() {
            return None;
        }
        format!("{number}").parse().ok()
    }

    /// Returns the nearest float, if its shortest text names the same number.
    #[must_use]
    pub fn to_f64_exact(self) -> Option<f64> {
        // Up to 15 digits always round-trip, and dividing two exact floats rounds to the nearest one. This saves
        // printing and parsing for nearly every cell.
        if let Ok(unscaled) = i64::try_from(self.unscaled())
            && unscaled.unsigned_abs() < 1_000_000_000_000_000
            && let Some(power) = POWERS_OF_TEN.get(usize::from(self.scale))
        {
            return Some(unscaled as f64 / power);
        }
        let number: f64 = self.to_string().parse().ok()?;
        let back = Self::from_f64(number)?;
        (back.compare_by_value(self) == Ordering::Equal).then_some(number)
    }

    /// Returns the number as an integer; `None` if it has a fraction or does not fit.
    #[must_use]
    pub fn to_i64_exact(self) -> Option<i64> {
        let short = self.normalise();
        if short.scale == 0 { i64::try_from(short.unscaled()).ok() } else { None }
    }

    /// Compares two numbers by value: 1.0 equals 1.00 here.
    #[must_use]
    pub fn compare_by_value(self, other: Self) -> Ordering {
        let (a, b) = (self.normalise(), other.normalise());
        let (whole_a, whole_b) = (a.unscaled().div_euclid(a.power()), b.unscaled().div_euclid(b.power()));
        whole_a.cmp(&whole_b).then_with(|| a.fraction_digits().cmp(&b.fraction_digits()))
    }

    /// Returns ten to the power of the scale.
    fn power(self) -> i128 {
        10i128.pow(u32::from(self.scale))
    }

    /// Returns the digits of the part above the next lower integer. As text they compare like the numbers, and unlike
    /// numbers brought to a common scale they cannot overflow.
    fn fraction_digits(self) -> String {
        if self.scale == 0 {
            return String::new();
        }
        format!("{:0>width$}", self.unscaled().rem_euclid(self.power()), width = usize::from(self.scale))
    }
}

impl From<i64> for Decimal {
    fn from(number: i64) -> Self {
        Self::new_unchecked(i128::from(number), 0)
    }
}

impl FromStr for Decimal {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        let syntax = || DecimalError::Syntax(text.to_owned());
        let (negative, digits) = match text.strip_prefix(['-', '+']) {
            Some(rest) => (text.starts_with('-'), rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        // A point needs digits on both sides: `1.` and `.5` are refused.
        let has_point = digits.contains('.');
        if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) || (has_point && fraction.is_empty()) {
            return Err(syntax());
        }
        let joined = format!("{whole}{fraction}");
        let significant = joined.trim_start_matches('0');
        if significant.len() > DIGITS_MAX || fraction.len() > DIGITS_MAX {
            return Err(DecimalError::TooLong(text.to_owned()));
        }
        let magnitude: i128 = if significant.is_empty() { 0 } else { significant.parse().map_err(|_| syntax())? };
        let scale = u8::try_from(fraction.len()).map_err(|_| syntax())?;
        Ok(Self::new_unchecked(if negative { -magnitude } else { magnitude }, scale))
    }
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.unscaled() < 0 { "-" } else { "" };
        let digits = self.unscaled().unsigned_abs().to_string();
        let scale = usize::from(self.scale);
        if scale == 0 {
            return write!(f, "{sign}{digits}");
        }
        let padded = format!("{digits:0>width$}", width = scale + 1);
        let (whole, fraction) = padded.split_at(padded.len() - scale);
        write!(f, "{sign}{whole}.{fraction}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn text_is_kept_at_its_scale() {
        for text in ["0", "-0.5", "400.0", "12.3400", "-99999999999999999999999999999999999999"] {
            assert_eq!(decimal(text).to_string(), text);
        }
        assert_ne!(decimal("1.0"), decimal("1.00"));
        assert_eq!(decimal("1.00").normalise(), decimal("1"));
    }

    #[test]
    fn what_is_no_decimal_is_refused() {
        for text in ["", "-", ".", "1.", ".5", "1e3", "NaN", "inf", "1,5", " 1", "1_0", "0x1"] {
            assert!(text.parse::<Decimal>().is_err(), "{text}");
        }
        assert!("123456789012345678901234567890123456789".parse::<Decimal>().is_err());
    }

    #[test]
    fn comparison_is_by_value() {
        assert_eq!(decimal("1.0").compare_by_value(decimal("1.000")), Ordering::Equal);
        assert_eq!(decimal("-1.5").compare_by_value(decimal("-1.25")), Ordering::Less);
        assert_eq!(decimal("-0.5").compare_by_value(decimal("0.25")), Ordering::Less);
        assert_eq!(decimal("360.1").compare_by_value(decimal("360")), Ordering::Greater);
        assert_eq!(decimal("0.09").compare_by_value(decimal("0.1")), Ordering::Less);
    }

    /// The short way gives, bit for bit, what reading the text gives.
    #[test]
    fn short_decimals_become_the_float_that_their_text_names() {
        for scale in 0..=22 {
            for digits in [0, 1, -5, 7, 40_000, -123_456_789, 999_999_999_999_999, -876_543_210_987_654] {
                let number = Decimal::new(digits, scale).unwrap();
                let read: f64 = number.to_string().parse().unwrap();
                let quick = number.to_f64_exact().unwrap();
                assert_eq!(quick.to_bits(), read.to_bits(), "{number}");
                assert_eq!(Decimal::from_f64(quick).unwrap().compare_by_value(number), Ordering::Equal, "{number}");
            }
        }
    }

    #[test]
    fn floats_go_through_their_shortest_text() {
        assert_eq!(Decimal::from_f64(180.5), Some(decimal("180.5")));
        assert_eq!(decimal("0.1").to_f64_exact(), Some(0.1));
        assert_eq!(decimal("0.12345678901234567890123").to_f64_exact(), None);
        assert_eq!(decimal("805.0").to_i64_exact(), Some(805));
        assert_eq!(decimal("805.5").to_i64_exact(), None);
    }
}
