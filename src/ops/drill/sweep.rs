//! `mfm drill --sweep`: the same fault at sizes over its documented range, and the size from which on it is seen.

use serde::Serialize;

use super::find_case;
use super::matrix::{DetectionVerdict, DrillCase, Trial};
use super::statistics::Share;
use super::statistics::curve::{
    DetectionThreshold, SizeCounts, ThresholdMethod, find_crossing, fit_threshold, smooth_shares,
};
use crate::domain::mode::Mode;
use crate::domain::params::Size;
use crate::domain::size::SizeRange;
use crate::domains;
use crate::model::next_step::{Flag, View, leave_out, look};
use crate::ops::failure::Failure;
use crate::ops::modes;

/// Number of sizes that a sweep begins with.
const SIZES: usize = 9;
/// Most sizes that a sweep adds between them, for all detectors together.
pub(super) const ADDED_SIZES_MAX: usize = 32;
/// A threshold is known closely where the ends of its interval have this ratio: each is within 3 %.
const CLOSE_RATIO: f64 = 1.06;
/// How many sizes on each side of a threshold are tried, where it is not sharp.
const NEAR_STEPS: u8 = 8;

/// The detection of one variant by one detector, over the sizes of its fault.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SweepCurve {
    /// The mode's tool name.
    pub tool: String,
    /// The variant.
    pub variant: String,
    /// The detector's name.
    pub detector: String,
    /// The unit of the sizes; `%` of the value that was there, where they are relative.
    pub unit: &'static str,
    /// Whether sizes lie on a logarithmic scale.
    pub logarithmic: bool,
    /// The counts by size, ascending.
    pub points: Vec<SweepPoint>,
    /// The largest share caught at any size, smoothed over sizes; null without a verdict.
    pub most_caught: Option<f64>,
    /// The size from which on more than half of that is caught; null where the sizes tried show none.
    pub threshold: Option<DetectionThreshold>,
}

/// The counts at one size.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SweepPoint {
    /// The size, as text such as `2.5` or `5%`.
    pub size: Size,
    /// Faults caught of those with a verdict.
    #[serde(flatten)]
    pub caught: Share,
}

/// Returns the cases of a sweep: for each mode or `MODE:VARIANT`, the variants that have sizes, at each size.
///
/// # Errors
/// Usage: there is no such mode or variant, it has no sizes, or a size is not one of its range.
pub(super) fn select_cases(named: &[String], sizes: &[String]) -> Result<Vec<DrillCase>, Failure> {
    let mut cases: Vec<DrillCase> = Vec::new();
    for word in named {
        let (tool, variant) = word.split_once(':').map_or((word.as_str(), None), |(tool, word)| (tool, Some(word)));
        let mode = modes::find_mode(tool.trim())?;
        let variant = variant.map(|word| modes::known_variant(mode, word.trim())).transpose()?;
        let found = cases_of_mode(mode, variant, sizes)?;
        if found.is_empty() {
            let message = format!("{word} has no sizes, so there is nothing to sweep over");
            let next = look(View::mode(mode.card().tool), "shows which variants have sizes");
            return Err(Failure::usage("drill", message, next));
        }
        cases.extend(found);
    }
    Ok(cases)
}

fn cases_of_mode(mode: &dyn Mode, only: Option<&str>, sizes: &[String]) -> Result<Vec<DrillCase>, Failure> {
    let card = mode.card();
    let mut cases = Vec::new();
    for variant in card.variants.iter().filter(|variant| only.is_none_or(|word| word == variant.word)) {
        let Some(range) = &variant.size else { continue };
        for size in choose_sizes(range, sizes)? {
            let case = find_case(card.tool, variant.word);
            cases.extend(case.map(|case| DrillCase { size: Some(size), ..case }));
        }
    }
    Ok(cases)
}

/// Returns the sizes to begin with, ascending: those given, else sizes over the whole range.
fn choose_sizes(range: &SizeRange, given: &[String]) -> Result<Vec<Size>, Failure> {
    if given.is_empty() {
        return Ok(range.spread_sizes(SIZES));
    }
    let mut sizes: Vec<Size> = Vec::new();
    for text in given {
        let size = text.parse::<Size>().and_then(|size| range.accept_size(size));
        let size = size.map_err(|why| Failure::usage("drill", why, leave_out(Flag::Sizes)))?;
        if size.number() < 0.0 || sizes.iter().any(|other| other.is_relative() != size.is_relative()) {
            let message = "the sizes of a sweep are positive, and all in one unit";
            return Err(Failure::usage("drill", message, leave_out(Flag::Sizes)));
        }
        if !sizes.contains(&size) {
            sizes.push(size);
        }
    }
    sizes.sort_by(|one, other| one.number().total_cmp(&other.number()));
    Ok(sizes)
}

/// Returns a size that is worth trying next: between the two around a detector's threshold; `None` where every
/// threshold is known as closely as sizes go.
pub(super) fn next_case(cases: &[DrillCase], trials: &[Trial], detectors: &[String]) -> Option<DrillCase> {
    let mut seen: Vec<(&str, &str)> = Vec::new();
    for case in cases.iter().filter(|case| case.size.is_some()) {
        if seen.contains(&(case.tool, case.variant)) {
            continue;
        }
        seen.push((case.tool, case.variant));
        let sizes = cases.iter().filter(|other| (other.tool, other.variant) == (case.tool, case.variant)).count();
        let Some(range) = find_range(case).filter(|_| sizes < SIZES + ADDED_SIZES_MAX) else { continue };
        let is_relative = case.size.is_some_and(Size::is_relative);
        for detector in detectors {
            let counts = to_numbers(&count_by_size(case.tool, case.variant, detector, trials));
            for size in list_next_sizes(&range, &counts) {
                let next = DrillCase { size: Some(size.made_relative(is_relative)), untried: None, ..case.clone() };
                if !cases.contains(&next) {
                    return Some(next);
                }
            }
        }
    }
    None
}

/// Lists the sizes that would say more of a threshold, the most telling first: between the two around it; then, where
/// some sizes were caught in part, around the threshold until it is known closely.
fn list_next_sizes(range: &SizeRange, counts: &[SizeCounts]) -> Vec<Size> {
    let Some((low, high)) = find_crossing(counts) else { return Vec::new() };
    if let Some(size) = range.halve_sizes(low, high) {
        return vec![size];
    }
    let threshold = fit_threshold(counts, range.is_logarithmic());
    let Some(threshold) = threshold.filter(|threshold| threshold.method == ThresholdMethod::Logistic) else {
        return Vec::new();
    };
    let ends = threshold.low.zip(threshold.high);
    if ends.is_some_and(|(low, high)| high / low <= CLOSE_RATIO) {
        return Vec::new();
    }
    let edges = [counts.first(), counts.last()].map(|count| count.map_or(threshold.size, |count| count.size));
    range.list_sizes_around(threshold.size, NEAR_STEPS).into_iter().filter(|size| is_between(*size, edges)).collect()
}

fn is_between(size: Size, [low, high]: [f64; 2]) -> bool {
    low <= size.number() && size.number() <= high
}

/// Puts the sizes of each variant in ascending order: those that were added on the way stand between the others.
pub(super) fn sort_sizes(cases: &mut [DrillCase]) {
    let order: Vec<(&'static str, &'static str)> = cases.iter().map(|case| (case.tool, case.variant)).collect();
    let first = |case: &DrillCase| order.iter().position(|one| *one == (case.tool, case.variant));
    cases.sort_by(|one, other| {
        let [size, other_size] = [one, other].map(|case| case.size.map_or(0.0, Size::number));
        first(one).cmp(&first(other)).then(size.total_cmp(&other_size))
    });
}

/// Returns the curves of a drill, by variant and detector.
pub(super) fn build_curves(cases: &[DrillCase], trials: &[Trial], detectors: &[String]) -> Vec<SweepCurve> {
    let mut curves: Vec<SweepCurve> = Vec::new();
    for case in cases.iter().filter(|case| case.size.is_some()) {
        if curves.iter().any(|curve| (curve.tool.as_str(), curve.variant.as_str()) == (case.tool, case.variant)) {
            continue;
        }
        let Some(range) = find_range(case) else { continue };
        for detector in detectors {
            curves.push(build_curve(case, &range, detector, trials));
        }
    }
    curves
}

fn build_curve(case: &DrillCase, range: &SizeRange, detector: &str, trials: &[Trial]) -> SweepCurve {
    let counts = count_by_size(case.tool, case.variant, detector, trials);
    let numbers = to_numbers(&counts);
    let logarithmic = range.is_logarithmic();
    SweepCurve {
        tool: case.tool.to_owned(),
        variant: case.variant.to_owned(),
        detector: detector.to_owned(),
        unit: if case.size.is_some_and(Size::is_relative) { "%" } else { range.unit },
        logarithmic,
        most_caught: smooth_shares(&numbers).last().copied(),
        threshold: fit_threshold(&numbers, logarithmic),
        points: counts.into_iter().map(|(size, caught)| SweepPoint { size, caught }).collect(),
    }
}

/// Counts what a detector caught of a variant at each size, ascending.
fn count_by_size(tool: &str, variant: &str, detector: &str, trials: &[Trial]) -> Vec<(Size, Share)> {
    let mut counts: Vec<(Size, u64, u64)> = Vec::new();
    for trial in trials.iter().filter(|trial| trial.tool == tool && trial.variant == variant) {
        let look = trial.looks.iter().find(|look| look.detector == detector);
        let (Some(size), Some(look)) = (trial.size, look) else { continue };
        let told = u64::from(look.verdict != DetectionVerdict::CouldNotTell);
        let caught = u64::from(look.verdict == DetectionVerdict::Caught);
        match counts.iter_mut().find(|(known, ..)| *known == size) {
            Some((_, hits, of)) => (*hits, *of) = (*hits + caught, *of + told),
            None => counts.push((size, caught, told)),
        }
    }
    counts.sort_by(|one, other| one.0.number().total_cmp(&other.0.number()));
    counts.into_iter().map(|(size, hits, of)| (size, Share::from_counts(hits, of))).collect()
}

fn to_numbers(counts: &[(Size, Share)]) -> Vec<SizeCounts> {
    let told = counts.iter().filter(|(_, share)| share.of > 0);
    told.map(|(size, share)| SizeCounts { size: size.number(), hits: share.hits, of: share.of }).collect()
}

fn find_range(case: &DrillCase) -> Option<SizeRange> {
    let card = domains::find_mode(case.tool)?.card();
    card.variants.iter().find(|variant| variant.word == case.variant)?.size
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(size: f64, hits: u64, of: u64) -> SizeCounts {
        SizeCounts { size, hits, of }
    }

    fn list(counts: &[SizeCounts]) -> Vec<String> {
        let range = SizeRange::in_unit("cm", 1.0, 2.0, 9.0);
        list_next_sizes(&range, counts).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn sizes_are_added_where_a_threshold_lies() {
        assert_eq!(list(&[count(1.0, 0, 5), count(4.0, 5, 5)]), ["2"], "between the two");
        assert_eq!(list(&[count(1.9, 0, 5), count(2.0, 5, 5)]), Vec::<String>::new(), "no size between them");
        assert_eq!(list(&[count(1.0, 0, 5), count(9.0, 0, 5)]), Vec::<String>::new(), "it sees nothing");
        let blurred = [count(1.0, 0, 5), count(1.8, 1, 5), count(1.9, 1, 5), count(2.0, 4, 5), count(3.0, 5, 5)];
        let around = list(&blurred);
        assert!(["1.7", "2.1"].iter().all(|size| around.contains(&(*size).to_owned())), "{around:?}");
        let close = [count(1.0, 0, 500), count(1.9, 100, 500), count(2.0, 400, 500), count(3.0, 500, 500)];
        assert_eq!(list(&close), Vec::<String>::new(), "known within 3 %");
    }
}
