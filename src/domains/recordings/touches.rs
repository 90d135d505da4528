//! The contact of two bodies over frames: its duration, how often it breaks, flips of its normal, and swings of its
//! force.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::contacts::ConstraintPoint;
use super::measure::{Measure, dot};

/// A break of at most this many frames counts as chatter.
const CHATTER_GAP: i64 = 5;
/// The number of short breaks from which on a contact chatters.
const CHATTER_MIN: usize = 3;
/// The share of possible reversals from which on the normal force swings.
const SWING_SHARE: f64 = 0.5;
/// Changes up to this share of the mean force are not part of a swing.
const SWING_MIN: f64 = 0.05;
/// The most frames that an answer lists.
const NAMED_MAX: usize = 20;

/// The contact of a pair in one frame.
#[derive(Clone, Debug, Default)]
pub struct PairTouch {
    /// The number of contact points; 0 where only pairs are recorded.
    pub points: usize,
    /// The sum of the normal impulses, N s.
    pub normal: Option<f64>,
    /// The normal, from A to B.
    pub direction: Option<[f64; 3]>,
}

/// Statistics of a contact over frames.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Analysis {
    /// Number of frames in which they touch.
    pub contact_frames: u64,
    /// Number of runs of frames with unbroken contact.
    pub episodes: u64,
    /// The longest such run, frames.
    pub longest_episode: u64,
    /// Number of breaks of at most 5 frames.
    pub short_breaks: u64,
    /// Whether the contact chatters: at least 3 short breaks.
    pub chatter: bool,
    /// Number of times the normal flips from one frame to the next.
    pub normal_flips: u64,
    /// The first frames after a flip, at most 20.
    pub normal_flip_frames: Vec<i64>,
    /// Number of times the point count changes from one frame to the next.
    pub point_count_changes: u64,
    /// Number of times the normal impulse changes between rising and falling, by more than 5 % of its mean.
    pub force_swings: u64,
    /// Whether the force oscillates: it changes direction in more than half of the frames.
    pub force_oscillation: bool,
    /// The mean normal impulse, N s.
    pub mean_normal_impulse: Measure,
    /// The largest normal impulse, N s.
    pub max_normal_impulse: Measure,
}

/// Groups points by frame: impulses are summed (`None` if one is missing), the normal is that of the first point.
pub fn touches_by_frame(
    points: &[ConstraintPoint],
    normal: impl Fn(&ConstraintPoint) -> Option<[f64; 3]>,
) -> BTreeMap<i64, PairTouch> {
    let mut frames: BTreeMap<i64, PairTouch> = BTreeMap::new();
    for point in points {
        let touch = frames.entry(point.frame).or_default();
        if touch.points == 0 {
            touch.direction = normal(point);
            touch.normal = point.normal;
        } else {
            touch.normal = touch.normal.zip(point.normal).map(|(sum, more)| sum + more);
        }
        touch.points += 1;
    }
    frames
}

/// Analyses a contact over frames.
#[must_use]
pub fn analyse(frames: &BTreeMap<i64, PairTouch>) -> Analysis {
    let ids: Vec<i64> = frames.keys().copied().collect();
    let (mut breaks, mut short_breaks) = (0, 0);
    let mut flips = Vec::new();
    let mut changes = 0;
    for ((frame, before), (next, after)) in frames.iter().zip(frames.iter().skip(1)) {
        let gap = next - frame - 1;
        if gap > 0 {
            breaks += 1;
            short_breaks += usize::from(gap <= CHATTER_GAP);
            // Across a break, the pair may have met again any other way round.
            continue;
        }
        if before.direction.zip(after.direction).is_some_and(|(one, other)| dot(one, other) < 0.0) {
            flips.push(*next);
        }
        changes += u64::from(before.points != after.points);
    }
    let impulses: Vec<f64> = frames.values().filter_map(|touch| touch.normal).filter(|sum| sum.is_finite()).collect();
    let mean = mean(&impulses);
    let swings = count_swings(frames, mean.unwrap_or(0.0));
    // A reversal takes three frames; with fewer than four possible ones, half of them is noise.
    let possible = ids.len().saturating_sub(2);
    #[expect(clippy::cast_precision_loss, reason = "a share needs no more")]
    let oscillates = possible >= 4 && swings as f64 > SWING_SHARE * possible as f64;
    Analysis {
        contact_frames: ids.len() as u64,
        episodes: if ids.is_empty() { 0 } else { breaks + 1 },
        longest_episode: longest_run(&ids),
        short_breaks: short_breaks as u64,
        chatter: short_breaks >= CHATTER_MIN,
        normal_flips: flips.len() as u64,
        normal_flip_frames: flips.into_iter().take(NAMED_MAX).collect(),
        point_count_changes: changes,
        force_swings: swings as u64,
        force_oscillation: oscillates,
        mean_normal_impulse: mean.into(),
        max_normal_impulse: impulses.iter().copied().max_by(f64::total_cmp).into(),
    }
}

fn mean(numbers: &[f64]) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "a mean needs no more")]
    let count = numbers.len() as f64;
    (!numbers.is_empty()).then(|| numbers.iter().sum::<f64>() / count)
}

fn longest_run(ids: &[i64]) -> u64 {
    let (mut longest, mut run, mut before) = (0, 0, None);
    for id in ids {
        run = if before == Some(id - 1) { run + 1 } else { 1 };
        longest = longest.max(run);
        before = Some(*id);
    }
    longest
}

/// Counts how often the impulse reverses between growing and falling, over frames without a break.
fn count_swings(frames: &BTreeMap<i64, PairTouch>, mean: f64) -> usize {
    let (mut swings, mut last): (usize, Option<(i64, f64)>) = (0, None);
    let mut change: Option<f64> = None;
    for (frame, touch) in frames {
        let now = touch.normal.filter(|sum| sum.is_finite());
        let previous = last.filter(|(before, _)| before + 1 == *frame);
        let step = previous.zip(now).map(|((_, before), now)| now - before);
        let step = step.filter(|step| step.abs() > SWING_MIN * mean.abs());
        // Only two changes in a row can be a reversal: a gap, an unknown impulse or a small change comes between.
        swings += usize::from(change.zip(step).is_some_and(|(one, other)| one * other < 0.0));
        change = step;
        last = now.map(|now| (*frame, now));
    }
    swings
}

impl Analysis {
    /// Renders the irregularities of the contact for a summary.
    #[must_use]
    pub fn render_remarks(&self) -> String {
        let mut remarks = Vec::new();
        if self.chatter {
            remarks.push(format!("it chatters ({} short breaks)", self.short_breaks));
        }
        if self.normal_flips > 0 {
            remarks.push(format!("the normal flips {} times", self.normal_flips));
        }
        if self.force_oscillation {
            remarks.push(format!("the normal force oscillates ({} times)", self.force_swings));
        }
        if remarks.is_empty() {
            "no chatter, no flipped normal, no oscillating force".to_owned()
        } else {
            remarks.join("; ")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(normal: f64, z: f64) -> PairTouch {
        PairTouch { points: 1, normal: Some(normal), direction: Some([0.0, 0.0, z]) }
    }

    #[test]
    fn a_steady_contact_is_quiet() {
        let frames: BTreeMap<i64, PairTouch> = (1..=20).map(|frame| (frame, touch(0.157, -1.0))).collect();
        let analysis = analyse(&frames);
        assert_eq!((analysis.contact_frames, analysis.episodes, analysis.longest_episode), (20, 1, 20));
        assert!(!analysis.chatter && !analysis.force_oscillation && analysis.normal_flips == 0);
    }

    #[test]
    fn chatter_flips_and_swings_are_seen() {
        let chatter: BTreeMap<i64, PairTouch> = (1..=10).map(|nth| (nth * 2, touch(1.0, -1.0))).collect();
        let analysis = analyse(&chatter);
        assert!(analysis.chatter);
        assert_eq!((analysis.episodes, analysis.short_breaks), (10, 9));
        let flips: BTreeMap<i64, PairTouch> =
            (1..=6).map(|frame| (frame, touch(1.0, if frame % 2 == 0 { 1.0 } else { -1.0 }))).collect();
        assert_eq!(analyse(&flips).normal_flip_frames, [2, 3, 4, 5, 6]);
        let swings: BTreeMap<i64, PairTouch> =
            (1..=10).map(|frame| (frame, touch(if frame % 2 == 0 { 2.0 } else { 1.0 }, -1.0))).collect();
        assert!(analyse(&swings).force_oscillation);
        assert!(analyse(&BTreeMap::new()).contact_frames == 0);
    }
}
