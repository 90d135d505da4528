//! Shares over several variants, whose trials are near copies of each other: a check that sees one fault of a variant
//! mostly sees them all. Two questions have two intervals: how well is this mix of variants seen, and how well would a
//! variant be seen that was not tried?

use serde::{Deserialize, Serialize};

use super::{Z, render_percent, round_to_four_decimals, wilson_interval};

/// The counts of one variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClusterCounts {
    /// Number of faults caught.
    pub hits: u64,
    /// Number of faults with a verdict.
    pub of: u64,
}

/// A share with its 95 % interval; null where nothing was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The share, 0 to 1.
    pub rate: Option<f64>,
    /// The lower end of the interval.
    pub low: Option<f64>,
    /// The upper end of the interval.
    pub high: Option<f64>,
}

impl Estimate {
    /// Returns `92 % [67-99]`; `-` where nothing was measured.
    #[must_use]
    pub fn percent(&self) -> String {
        render_percent(self.rate, self.low, self.high)
    }

    fn from_wilson(rate: f64, trials: f64, quantile: f64) -> Self {
        let (low, high) = wilson_interval(rate, trials, quantile);
        let [rate, low, high] = [rate, low, high].map(|number| Some(round_to_four_decimals(number)));
        Self { rate, low, high }
    }
}

/// Returns the share for this mix of variants: other records of the same variants, in the same proportions.
///
/// The variants are strata. Only the spread within them counts, so the interval is the Wilson interval with the number
/// of independent trials that would have the same variance.
#[must_use]
pub fn estimate_this_mix(clusters: &[ClusterCounts]) -> Estimate {
    let (hits, of) = clusters.iter().fold((0, 0), |(hits, of), one| (hits + one.hits, of + one.of));
    if of == 0 {
        return Estimate::default();
    }
    let (number, rate) = (of as f64, hits as f64 / of as f64);
    let spread = rate * (1.0 - rate);
    if spread <= 0.0 {
        return Estimate::from_wilson(rate, number, Z);
    }
    let tried = clusters.iter().filter(|one| one.of > 0);
    let (squares, freedom) = tried.fold((0.0, 0.0), |(squares, freedom), one| {
        let (hits, of) = (one.hits as f64, one.of as f64);
        (squares + hits * (of - hits) / of, freedom + of - 1.0)
    });
    // One degree of freedom more at the spread of all trials together: with few trials a variant, none may have
    // differed from its copies by chance alone.
    let within = (squares + spread) / (freedom + 1.0);
    Estimate::from_wilson(rate, number * spread / within, Z)
}

/// Returns the share for a new variant: the mean over variants like these, each of which counts once.
///
/// The variants are a sample. The interval is the Wilson interval with the number of independent trials that would have
/// the variance of the mean of the variants' shares, and Student's quantile for so many variants (after Korn and
/// Graubard, Survey Methodology 24:193-201, 1998). One variant says nothing about others.
#[must_use]
pub fn estimate_new_variant(clusters: &[ClusterCounts]) -> Estimate {
    let shares: Vec<f64> =
        clusters.iter().filter(|one| one.of > 0).map(|one| one.hits as f64 / one.of as f64).collect();
    let number = shares.len() as f64;
    if shares.is_empty() {
        return Estimate::default();
    }
    let mean = shares.iter().sum::<f64>() / number;
    if shares.len() == 1 {
        return Estimate { rate: Some(round_to_four_decimals(mean)), low: None, high: None };
    }
    let trials = clusters.iter().map(|one| one.of).sum::<u64>() as f64;
    let variance = shares.iter().map(|share| (share - mean).powi(2)).sum::<f64>() / (number - 1.0) / number;
    let spread = mean * (1.0 - mean);
    let effective = if spread <= 0.0 {
        number
    } else if variance <= 0.0 {
        trials
    } else {
        (spread / variance).clamp(number - 1.0, trials)
    };
    Estimate::from_wilson(mean, effective, student_quantile(shares.len() as u64 - 1))
}

/// Returns the quantile of a two-sided 95 % interval of Student's distribution.
fn student_quantile(freedom: u64) -> f64 {
    match freedom {
        0 | 1 => 12.706_2,
        2 => 4.302_65,
        _ => {
            // Peizer and Pratt's expansion around the normal quantile; off by less than 1 % from 3 degrees on.
            let n = freedom as f64;
            let [first, third, fifth, seventh] = [1, 3, 5, 7].map(|power| Z.powi(power));
            Z + (third + first) / (4.0 * n)
                + (5.0 * fifth + 16.0 * third + 3.0 * first) / (96.0 * n.powi(2))
                + (3.0 * seventh + 19.0 * fifth + 17.0 * third - 15.0 * first) / (384.0 * n.powi(3))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::seed::RecordRandom;

    /// Draws a number from 0 to 1.
    fn draw(random: &mut RecordRandom) -> f64 {
        (random.next_word() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Tries every variant so often on a detector that sees it at its rate.
    fn try_variants(random: &mut RecordRandom, rates: &[f64], trials: u64) -> Vec<ClusterCounts> {
        let mut counts = Vec::new();
        for rate in rates {
            let hits = (0..trials).filter(|_| draw(random) < *rate).count() as u64;
            counts.push(ClusterCounts { hits, of: trials });
        }
        counts
    }

    fn contains(estimate: &Estimate, truth: f64) -> bool {
        estimate.low.is_some_and(|low| low <= truth) && estimate.high.is_some_and(|high| truth <= high)
    }

    /// Returns how many of a thousand intervals contain the truth.
    fn count_covered(name: &str, one: impl Fn(&mut RecordRandom) -> (Estimate, f64)) -> usize {
        let mut random = RecordRandom::new(20, name, &[]);
        (0..1000)
            .filter(|_| {
                let (estimate, truth) = one(&mut random);
                contains(&estimate, truth)
            })
            .count()
    }

    fn assert_covers(name: &str, one: impl Fn(&mut RecordRandom) -> (Estimate, f64)) {
        let covered = count_covered(name, one);
        println!("{name}: {covered} of 1000");
        assert!((930..=970).contains(&covered), "{name}: {covered} of 1000");
    }

    fn mean(rates: &[f64]) -> f64 {
        rates.iter().sum::<f64>() / rates.len() as f64
    }

    /// Variants that are seen at different, known rates.
    fn known_rates(variants: usize) -> Vec<f64> {
        (0..variants).map(|at| 0.15 + 0.75 * at as f64 / (variants - 1) as f64).collect()
    }

    #[test]
    fn the_interval_for_this_mix_covers_where_every_variant_is_seen_alike() {
        for (variants, trials, rate) in [(32, 3, 0.7), (20, 5, 0.5), (10, 10, 0.3), (64, 3, 0.85)] {
            let rates = vec![rate; variants];
            assert_covers(&format!("mix, alike, {variants} x {trials} at {rate}"), |random| {
                (estimate_this_mix(&try_variants(random, &rates, trials)), rate)
            });
        }
    }

    #[test]
    fn the_interval_for_this_mix_covers_where_variants_differ() {
        for (variants, trials) in [(32, 3), (20, 5), (12, 8), (64, 3)] {
            let rates = known_rates(variants);
            assert_covers(&format!("mix, differing, {variants} x {trials}"), |random| {
                (estimate_this_mix(&try_variants(random, &rates, trials)), mean(&rates))
            });
        }
    }

    #[test]
    fn the_interval_for_a_new_variant_covers_where_trials_are_near_copies() {
        // Each variant is seen always or hardly ever: the trials of one say little more than one of them would.
        for (variants, trials, often) in [(32, 3, 0.6), (32, 10, 0.6), (64, 3, 0.3), (20, 5, 0.5)] {
            assert_covers(&format!("new, near copies, {variants} x {trials}, {often}"), |random| {
                let draw_rate = |random: &mut RecordRandom| if draw(random) < often { 0.97 } else { 0.04 };
                let rates: Vec<f64> = (0..variants).map(|_| draw_rate(random)).collect();
                (estimate_new_variant(&try_variants(random, &rates, trials)), 0.97 * often + 0.04 * (1.0 - often))
            });
        }
    }

    #[test]
    fn the_interval_for_a_new_variant_covers_where_variants_differ_a_little() {
        for (variants, trials) in [(32, 3), (16, 6), (64, 3)] {
            assert_covers(&format!("new, even spread, {variants} x {trials}"), |random| {
                let rates: Vec<f64> = (0..variants).map(|_| 0.2 + 0.6 * draw(random)).collect();
                (estimate_new_variant(&try_variants(random, &rates, trials)), 0.5)
            });
        }
    }

    /// The interval that takes near copies for independent trials is what the new one replaces.
    #[test]
    fn an_interval_that_takes_copies_for_independent_does_not_cover() {
        let covered = count_covered("pooled", |random| {
            let rates: Vec<f64> = (0..32).map(|_| if draw(random) < 0.6 { 0.97 } else { 0.04 }).collect();
            let counts = try_variants(random, &rates, 10);
            let hits: u64 = counts.iter().map(|one| one.hits).sum();
            let (low, high) = wilson_interval(hits as f64 / 320.0, 320.0, Z);
            (Estimate { rate: None, low: Some(low), high: Some(high) }, 0.97 * 0.6 + 0.04 * 0.4)
        });
        assert!(covered < 800, "{covered} of 1000");
    }

    #[test]
    fn what_was_not_measured_is_null() {
        let none = ClusterCounts { hits: 0, of: 0 };
        assert_eq!(estimate_this_mix(&[none]), Estimate::default());
        assert_eq!(estimate_new_variant(&[none]), Estimate::default());
        let one = estimate_new_variant(&[ClusterCounts { hits: 2, of: 4 }, none]);
        assert_eq!((one.rate, one.low, one.high), (Some(0.5), None, None), "one variant says nothing about others");
        assert_eq!(one.percent(), "50 %");
        for (freedom, quantile) in [(1, 12.706), (2, 4.303), (3, 3.182), (9, 2.262), (30, 2.042)] {
            assert!((student_quantile(freedom) / quantile - 1.0).abs() < 0.01, "{freedom}");
        }
    }
}
