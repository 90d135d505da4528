//! The statistics of a drill: shares with Wilson intervals; with clusters of near copies; curves of detection by size.

pub mod clusters;
pub mod curve;

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
    /// The lower end of the interval; null without trials.
    pub low: Option<f64>,
    /// The upper end of the interval; null without trials.
    pub high: Option<f64>,
}

impl Share {
    /// Returns a share with its Wilson score interval (Wilson 1927), to four decimals.
    #[must_use]
    pub fn from_counts(hits: u64, of: u64) -> Self {
        if of == 0 {
            return Self { hits, of, rate: None, low: None, high: None };
        }
        let rate = hits as f64 / of as f64;
        let (low, high) = wilson_interval(rate, of as f64, Z);
        let [rate, low, high] = [rate, low, high].map(|number| Some(round_to_four_decimals(number)));
        Self { hits, of, rate, low, high }
    }

    /// Returns `12 of 13, 92 % [67-99]`.
    #[must_use]
    pub fn render_counts(&self) -> String {
        format!("{} of {}, {}", self.hits, self.of, self.percent())
    }

    /// Returns `92 % [67-99]`.
    #[must_use]
    pub fn percent(&self) -> String {
        render_percent(self.rate, self.low, self.high)
    }
}

/// Returns `92 % [67-99]`; `-` without a rate.
fn render_percent(rate: Option<f64>, low: Option<f64>, high: Option<f64>) -> String {
    let Some(rate) = rate else { return "-".to_owned() };
    match (low, high) {
        (Some(low), Some(high)) => {
            format!("{:.0} % [{:.0}-{:.0}]", rate * 100.0, low * 100.0, high * 100.0)
        }
        _ => format!("{:.0} %", rate * 100.0),
    }
}

/// Returns the Wilson score interval of a rate that was seen in so many trials, which may be no whole number.
fn wilson_interval(rate: f64, trials: f64, quantile: f64) -> (f64, f64) {
    let square = quantile * quantile;
    let scale = 1.0 + square / trials;
    let centre = (rate + square / (2.0 * trials)) / scale;
    let half = quantile * (rate * (1.0 - rate) / trials + square / (4.0 * trials * trials)).sqrt() / scale;
    // Exactly 0 and 1 at the ends, where rounding would leave a tiny remainder.
    let low = if rate <= 0.0 { 0.0 } else { centre - half };
    let high = if rate >= 1.0 { 1.0 } else { centre + half };
    (low, high)
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
            assert_eq!((share.low, share.high), (Some(low), Some(high)), "{hits} of {of}");
        }
        let (none, all) = (Share::from_counts(0, 20), Share::from_counts(20, 20));
        assert_eq!(all.low, none.high.map(|high| round_to_four_decimals(1.0 - high)));
        let nothing = Share::from_counts(0, 0);
        assert_eq!((nothing.rate, nothing.low, nothing.high, nothing.percent().as_str()), (None, None, None, "-"));
    }
}
