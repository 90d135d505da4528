//! How far a drill has come: which fault it tries, how many there are, and about how long the rest takes.

use super::matrix::DrillCase;
use crate::ops::context::Context;

/// What stands between a fault and the time that is left.
pub(super) const LEFT: &str = ", ";

/// The progress of a drill, fault by fault.
pub(super) struct DrillProgress<'a, 'c> {
    context: &'a Context<'c>,
    start_us: i64,
    /// Number of faults tried, or passed over because no record can show them.
    pub(super) done: u64,
    /// Number of faults to try.
    pub(super) total: u64,
}

impl<'a, 'c> DrillProgress<'a, 'c> {
    pub(super) fn begin(context: &'a Context<'c>, total: u64) -> Self {
        Self { context, start_us: context.clock.now_us(), done: 0, total }
    }

    /// Reports the fault that is about to be tried.
    pub(super) fn report(&self, case: &DrillCase) {
        let size = case.size.map(|size| format!(" at {size}")).unwrap_or_default();
        self.report_step(&format!("{} {}{size}", case.tool, case.variant));
    }

    /// Reports what is about to be done.
    pub(super) fn report_step(&self, step: &str) {
        let left = self.estimate_left_s().map(|left_s| format!("{LEFT}{} left", render_duration(left_s)));
        let step = format!("{step}{}", left.unwrap_or_default());
        self.context.reporter.overall_progress(&step, self.done, self.total);
    }

    /// Returns about how many seconds the rest takes, at the pace so far; `None` before the first fault is done.
    fn estimate_left_s(&self) -> Option<u64> {
        let spent_us = u64::try_from(self.context.clock.now_us().saturating_sub(self.start_us)).ok()?;
        let left = self.total.saturating_sub(self.done);
        let left_us = u128::from(spent_us) * u128::from(left) / u128::from(self.done.max(1));
        u64::try_from(left_us / 1_000_000).ok().filter(|_| self.done > 0)
    }
}

/// Returns `about 40 s`, `about 3 min`.
fn render_duration(duration_s: u64) -> String {
    match duration_s {
        0..=90 => format!("about {duration_s} s"),
        91..=5400 => format!("about {} min", duration_s.div_ceil(60)),
        _ => format!("about {:.1} h", duration_s as f64 / 3600.0),
    }
}
