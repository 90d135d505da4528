//! Detection by size: how many faults of each size were caught, and from which size on a detector sees half of them.

use serde::Serialize;

/// The counts at one size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SizeCounts {
    /// The size, in the unit of the sweep; positive.
    pub size: f64,
    /// Number of faults caught.
    pub hits: u64,
    /// Number of faults with a verdict.
    pub of: u64,
}

/// How a threshold was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ThresholdMethod {
    /// Every fault up to one size was missed, and every fault from the next size on was caught: it lies between.
    Bracket,
    /// A logistic curve in the logarithm of the size (or in the size, on a linear scale), by maximum likelihood; the
    /// interval is that of the profile likelihood.
    Logistic,
}

/// The size from which on a detector catches more than half of what it catches at most, with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct DetectionThreshold {
    /// The size.
    pub size: f64,
    /// The lower end of the interval; null where it lies below all sizes tried.
    pub low: Option<f64>,
    /// The upper end of the interval; null where it lies above all sizes tried.
    pub high: Option<f64>,
    /// How it was found.
    pub method: ThresholdMethod,
}

/// Twice this is the 95 % quantile of chi-squared with one degree of freedom.
const LIKELIHOOD_DROP: f64 = 1.920_73;
/// Number of places at which the likelihood of a threshold is computed.
const STEPS: usize = 120;

/// Returns the shares by size, made non-decreasing (pool adjacent violators), in the order of the sizes.
#[must_use]
pub fn smooth_shares(counts: &[SizeCounts]) -> Vec<f64> {
    // Each block is a number of sizes with their sums.
    let mut blocks: Vec<(usize, f64, f64)> = Vec::new();
    for one in counts {
        blocks.push((1, one.hits as f64, one.of as f64));
        while let [.., (sizes, hits, of), (more, more_hits, more_of)] = *blocks.as_slice() {
            if hits * more_of <= more_hits * of {
                break;
            }
            blocks.truncate(blocks.len() - 2);
            blocks.push((sizes + more, hits + more_hits, of + more_of));
        }
    }
    let shares = blocks.into_iter().flat_map(|(sizes, hits, of)| std::iter::repeat_n(hits / of, sizes));
    shares.collect()
}

/// Returns the two neighbouring sizes between which the share first exceeds half of the largest one.
#[must_use]
pub fn find_crossing(counts: &[SizeCounts]) -> Option<(f64, f64)> {
    let counts: Vec<SizeCounts> = counts.iter().copied().filter(|one| one.of > 0).collect();
    let shares = smooth_shares(&counts);
    let half = shares.last()? / 2.0;
    let at = shares.iter().position(|share| *share > half)?;
    Some((counts.get(at.checked_sub(1)?)?.size, counts.get(at)?.size))
}

/// Fits the threshold of a detector to counts by ascending size; `None` where the sizes tried do not show one, because
/// it catches nothing, or as much at the smallest size as at the largest.
#[must_use]
pub fn fit_threshold(counts: &[SizeCounts], logarithmic: bool) -> Option<DetectionThreshold> {
    let counts: Vec<SizeCounts> = counts.iter().copied().filter(|one| one.of > 0 && one.size > 0.0).collect();
    let (low, high) = find_crossing(&counts)?;
    let is_sharp = counts.iter().all(|one| if one.size <= low { one.hits == 0 } else { one.hits == one.of });
    let scale = SizeAxis { logarithmic };
    if is_sharp {
        let size = scale.to_size(f64::midpoint(scale.to_place(low), scale.to_place(high)));
        return Some(DetectionThreshold { size, low: Some(low), high: Some(high), method: ThresholdMethod::Bracket });
    }
    LogisticFit::new(&counts, scale).fit()
}

/// The axis along which sizes lie.
#[derive(Clone, Copy)]
struct SizeAxis {
    logarithmic: bool,
}

impl SizeAxis {
    fn to_place(self, size: f64) -> f64 {
        if self.logarithmic { size.ln() } else { size }
    }

    fn to_size(self, place: f64) -> f64 {
        if self.logarithmic { place.exp() } else { place }
    }
}

/// A logistic curve from nothing to the largest share seen.
struct LogisticFit {
    /// Place, hits and trials of each size.
    points: Vec<(f64, f64, f64)>,
    /// The share at the largest sizes.
    most: f64,
    axis: SizeAxis,
    first: f64,
    last: f64,
}

impl LogisticFit {
    fn new(counts: &[SizeCounts], axis: SizeAxis) -> Self {
        let points: Vec<(f64, f64, f64)> =
            counts.iter().map(|one| (axis.to_place(one.size), one.hits as f64, one.of as f64)).collect();
        let most = smooth_shares(counts).last().copied().unwrap_or(1.0);
        let first = points.first().map_or(0.0, |point| point.0);
        let last = points.last().map_or(1.0, |point| point.0);
        Self { points, most, axis, first, last }
    }

    fn fit(&self) -> Option<DetectionThreshold> {
        let span = self.last - self.first;
        if span <= 0.0 {
            return None;
        }
        // Twice: over all sizes, then more closely over those that the interval may hold.
        let (_, low, high) = self.scan_places(self.first, self.last)?;
        let (peak, low, high) = self.scan_places(low, high)?;
        // An interval that reaches the end of the sizes tried has no end there.
        let end = |place: f64, edge: f64| Some(self.axis.to_size(place)).filter(|_| (place - edge).abs() > span * 1e-9);
        let (low, high) = (end(low, self.first), end(high, self.last));
        Some(DetectionThreshold { size: self.axis.to_size(peak), low, high, method: ThresholdMethod::Logistic })
    }

    /// Returns the likeliest threshold of some between two places, and the ends of the interval around it, each a step
    /// further out.
    fn scan_places(&self, first: f64, last: f64) -> Option<(f64, f64, f64)> {
        let place_at = |step: usize| first + (last - first) * step as f64 / STEPS as f64;
        let likelihoods: Vec<f64> = (0..=STEPS).map(|step| self.profile_likelihood(place_at(step))).collect();
        let (peak, best) =
            likelihoods.iter().copied().enumerate().reduce(|one, other| if other.1 > one.1 { other } else { one })?;
        let is_within = |likelihood: &f64| *likelihood >= best - LIKELIHOOD_DROP;
        let (from, to) = (likelihoods.iter().position(is_within)?, likelihoods.iter().rposition(is_within)?);
        Some((place_at(peak), place_at(from.saturating_sub(1)), place_at((to + 1).min(STEPS))))
    }

    /// Returns the largest log-likelihood of curves with this threshold, over their slopes.
    fn profile_likelihood(&self, threshold: f64) -> f64 {
        let span = self.last - self.first;
        let (mut low, mut high) = ((0.5 / span).ln(), (2000.0 / span).ln());
        // Golden section: the likelihood has one maximum in the slope.
        const GOLDEN: f64 = 0.618_033_988_749_895;
        for _ in 0..40 {
            let (one, other) = (high - GOLDEN * (high - low), low + GOLDEN * (high - low));
            if self.likelihood(threshold, one.exp()) > self.likelihood(threshold, other.exp()) {
                high = other;
            } else {
                low = one;
            }
        }
        self.likelihood(threshold, f64::midpoint(low, high).exp())
    }

    fn likelihood(&self, threshold: f64, slope: f64) -> f64 {
        let mut sum = 0.0;
        for (place, hits, of) in &self.points {
            let share = self.most / (1.0 + (-slope * (place - threshold)).exp());
            // A share of exactly 0 or 1 would make a single other trial impossible.
            let share = share.clamp(1e-9, 1.0 - 1e-9);
            sum += hits * share.ln() + (of - hits) * (1.0 - share).ln();
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::seed::RecordRandom;

    fn count(size: f64, hits: u64, of: u64) -> SizeCounts {
        SizeCounts { size, hits, of }
    }

    #[test]
    fn shares_never_fall_with_size() {
        let counts = [count(1.0, 0, 4), count(2.0, 3, 4), count(3.0, 1, 4), count(4.0, 4, 4)];
        assert_eq!(smooth_shares(&counts), [0.0, 0.5, 0.5, 1.0]);
        assert_eq!(find_crossing(&counts), Some((3.0, 4.0)), "half is not more than half");
        assert_eq!(find_crossing(&[count(1.0, 0, 4), count(2.0, 0, 4)]), None, "it sees nothing");
        assert_eq!(find_crossing(&[count(1.0, 4, 4), count(2.0, 4, 4)]), None, "it sees the smallest");
        assert_eq!(find_crossing(&[]), None);
    }

    #[test]
    fn a_sharp_threshold_lies_between_two_sizes() {
        let counts = [count(1.0, 0, 5), count(4.0, 0, 5), count(9.0, 5, 5), count(20.0, 5, 5)];
        let threshold = fit_threshold(&counts, true).unwrap();
        assert_eq!((threshold.low, threshold.high, threshold.method), (Some(4.0), Some(9.0), ThresholdMethod::Bracket));
        assert!((threshold.size - 6.0).abs() < 1e-9, "the geometric mean");
        assert!((fit_threshold(&counts, false).unwrap().size - 6.5).abs() < 1e-9);
    }

    #[test]
    fn a_gradual_threshold_is_found_with_an_interval_that_contains_it() {
        let (mut covered, mut sum) = (0, 0.0);
        let mut random = RecordRandom::new(3, "curve", &[]);
        for _ in 0..200 {
            let mut counts = Vec::new();
            for step in 0..9 {
                let size = 1.0_f64 * 1.7_f64.powi(step);
                let rate = 1.0 / (1.0 + (-3.0 * (size / 8.0).ln()).exp());
                let drawn = (0..12).filter(|_| ((random.next_word() >> 11) as f64 / (1u64 << 53) as f64) < rate);
                counts.push(count(size, drawn.count() as u64, 12));
            }
            let threshold = fit_threshold(&counts, true).unwrap();
            sum += threshold.size.ln();
            let holds = threshold.low.is_none_or(|low| low <= 8.0) && threshold.high.is_none_or(|high| 8.0 <= high);
            covered += usize::from(holds);
        }
        let mean = (sum / 200.0).exp();
        println!("mean {mean}, covered {covered} of 200");
        assert!((7.6..=8.4).contains(&mean), "{mean}");
        assert!((182..=200).contains(&covered), "{covered} of 200");
    }

    #[test]
    fn a_detector_that_never_sees_more_than_some_has_a_threshold_at_half_of_those() {
        let counts =
            [count(1.0, 0, 40), count(2.0, 0, 40), count(4.0, 15, 40), count(8.0, 15, 40), count(16.0, 16, 40)];
        let threshold = fit_threshold(&counts, true).unwrap();
        assert!((2.0..=4.0).contains(&threshold.size), "{threshold:?}");
    }
}
