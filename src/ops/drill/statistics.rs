//! The statistics of a drill: shares with Wilson intervals.

use serde::{Deserialize, Serialize};

/// The quantile of a two-sided 95 % interval.
const Z: f64 = 1.959_963_984_540_054;

/// A share of trials with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// Number of hits.
    pub hits: u64,
    /// Number of trials.
    pub of: u64,
    /// The share, 0 to 1; null without trials.
    pub rate: Option<f64>,
    /// The lower end of the interval; 0 without trials.
    pub low: f64,
    /// The upper end of the interval; 1 without trials.
    pub high: f64,
}

impl Share {
    /// Returns a share with its Wilson score interval (Wilson 1927), to four decimals.
    #[must_use]
    pub fn from_counts(hits: u64, of: u64) -> Self {
        if of == 0 {
            return Self { hits, of, rate: None, low: 0.0, high: 1.0 };
        }
        let (n, p) = (of as f64, hits as f64 / of as f64);
        let square = Z * Z;
        let scale = 1.0 + square / n;
        let centre = (p + square / (2.0 * n)) / scale;
        let half = Z * (p * (1.0 - p) / n + square / (4.0 * n * n)).sqrt() / scale;
        // Exactly 0 and 1 at the ends, where rounding would leave a tiny remainder.
        let low = if hits == 0 { 0.0 } else { centre - half };
        let high = if hits == of { 1.0 } else { centre + half };
        Self {
            hits,
            of,
            rate: Some(round_to_four_decimals(p)),
            low: round_to_four_decimals(low),
            high: round_to_four_decimals(high),
        }
    }

    /// Returns `12 of 13, 92 % [67-99]`.
    #[must_use]
    pub fn render_counts(&self) -> String {
        format!("{} of {}, {}", self.hits, self.of, self.percent())
    }

    /// Returns `92 % [67-99]`.
    #[must_use]
    pub fn percent(&self) -> String {
        let interval = format!("[{:.0}-{:.0}]", self.low * 100.0, self.high * 100.0);
        self.rate.map_or_else(|| "-".to_owned(), |rate| format!("{:.0} % {interval}", rate * 100.0))
    }
}

/// Returns a number rounded to four decimals, as results hold it.
#[must_use]
pub fn round_to_four_decimals(number: f64) -> f64 {
    (number * 1e4).round() / 1e4
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gopan et al. 2018, in whole percent; Newcombe 1998, table I, in four decimals.
    #[test]
    fn intervals_are_the_published_ones() {
        for (hits, of, text) in [
            (76, 113, "67 % [58-75]"),
            (14, 15, "93 % [70-99]"),
            (12, 13, "92 % [67-99]"),
            (11, 13, "85 % [58-96]"),
            (5, 13, "38 % [18-64]"),
            (0, 6, "0 % [0-39]"),
        ] {
            assert_eq!(Share::from_counts(hits, of).percent(), text);
        }
        for (hits, of, low, high) in
            [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
        {
            let share = Share::from_counts(hits, of);
            assert_eq!((share.low, share.high), (low, high), "{hits} of {of}");
        }
        assert_eq!(Share::from_counts(20, 20).low, round_to_four_decimals(1.0 - Share::from_counts(0, 20).high));
        assert_eq!((Share::from_counts(0, 0).rate, Share::from_counts(0, 0).percent().as_str()), (None, "-"));
    }
}
