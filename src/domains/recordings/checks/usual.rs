//! The median length of a step, of any number of frames and in bounded memory.

use std::collections::BTreeMap;

/// The leading bits of a float by which steps are told apart at first; the rest is rounding of the times.
const KEPT_BITS: u32 = 44;
/// With more different steps than this, one bit less tells them apart.
const DIFFERENT_MAX: usize = 4096;

/// A histogram of step lengths, by the leading bits of their floats.
#[derive(Debug)]
pub(super) struct StepLengths {
    dropped: u32,
    /// By leading bits: the number of steps, and the first such step, s.
    counts: BTreeMap<u64, (u64, f64)>,
    last: Option<(i64, f64)>,
}

impl Default for StepLengths {
    fn default() -> Self {
        Self { dropped: u64::BITS - KEPT_BITS, counts: BTreeMap::new(), last: None }
    }
}

impl StepLengths {
    /// Adds the next frame, by its id and its time, s. Steps across a gap and steps back in time do not count.
    pub(super) fn add_frame(&mut self, id: i64, time: f64) {
        let before = self.last.replace((id, time)).filter(|(before, _)| before.checked_add(1) == Some(id));
        let Some(step) = before.map(|(_, before)| time - before).filter(|step| *step > 0.0) else { return };
        // The bits of positive floats sort like their values, so that the map is in the order of the steps.
        self.counts.entry(step.to_bits() >> self.dropped).or_insert((0, step)).0 += 1;
        if self.counts.len() > DIFFERENT_MAX {
            self.coarsen();
        }
    }

    fn coarsen(&mut self) {
        // Neighbours whose remaining bits agree become one entry, under the smaller step.
        self.dropped += 1;
        for (bits, (count, step)) in std::mem::take(&mut self.counts) {
            self.counts.entry(bits >> 1).or_insert((0, step)).0 += count;
        }
    }

    /// Returns the median step, s; `None` where no two frames follow each other.
    pub(super) fn median(&self) -> Option<f64> {
        let all: u64 = self.counts.values().map(|(count, _)| count).sum();
        let mut before = 0;
        for (count, step) in self.counts.values() {
            before += count;
            if before > all / 2 {
                return Some(*step);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_needs_no_room_for_every_step() {
        let mut steps = StepLengths::default();
        assert_eq!(steps.median(), None);
        let mut time = 0.0;
        for id in 1..100_000u32 {
            time += if id % 3 == 0 { 0.5 } else { 0.016 } + f64::from(id) * 1e-9;
            steps.add_frame(i64::from(id), time);
        }
        let usual = steps.median().unwrap();
        assert!((usual - 0.016).abs() < 2e-4, "{usual}");
        assert!(steps.counts.len() <= DIFFERENT_MAX);
        let mut gap = StepLengths::default();
        [(1, 0.0), (3, 9.0), (4, 9.25), (5, 9.0)].into_iter().for_each(|(id, time)| gap.add_frame(id, time));
        assert_eq!(gap.median(), Some(0.25), "neither across a gap nor backwards");
    }
}
