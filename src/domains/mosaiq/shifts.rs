//! What shifts of a patient are usual: the range of the other ones. A mode and a check share it.

use super::geometry::Span;
use super::rules::Offsets;

/// A shift along the three axes, cm; `None` where there is no usable number.
pub(super) type Shift = [Option<f64>; 3];

/// The shifts of a prescription, by axis and sorted.
#[derive(Debug)]
pub(super) struct UsualShifts {
    axes: [Vec<f64>; 3],
    least: usize,
}

/// The range of the other shifts along an axis, cm.
#[derive(Clone, Copy, Debug)]
pub(super) struct UsualRange {
    pub(super) span: Span,
}

impl UsualShifts {
    /// Returns the shifts of a prescription; `None` if they are too few to tell what is usual.
    pub(super) fn of_shifts<'s>(shifts: impl IntoIterator<Item = &'s Shift>, rules: &Offsets) -> Option<Self> {
        let mut axes = [const { Vec::new() }; 3];
        let mut count = 0;
        for shift in shifts {
            count += 1;
            for (axis, number) in axes.iter_mut().zip(shift) {
                axis.extend(*number);
            }
        }
        axes.iter_mut().for_each(|axis| axis.sort_by(f64::total_cmp));
        let least = usize::try_from(rules.usual_shifts.get()).unwrap_or(usize::MAX);
        (count > least).then_some(Self { axes, least })
    }

    /// Returns the ranges without one of the shifts; `None` along an axis with too few others.
    pub(super) fn without(&self, shift: &Shift) -> [Option<UsualRange>; 3] {
        let mut ranges = [None; 3];
        for ((range, axis), own) in ranges.iter_mut().zip(&self.axes).zip(shift) {
            let Some(own) = own else { continue };
            let [Some(first), Some(last)] = [axis.first(), axis.last()] else { continue };
            // Only an end of the range changes without the shift.
            let least = if first == own { axis.get(1) } else { Some(first) };
            let most = if last == own { axis.iter().rev().nth(1) } else { Some(last) };
            let (Some(least), Some(most)) = (least, most) else { continue };
            if axis.len() > self.least {
                *range = Some(UsualRange { span: Span { least: *least, most: *most } });
            }
        }
        ranges
    }
}

impl UsualRange {
    /// Tells whether a shift lies within the range and the rules' margin, cm.
    pub(super) fn is_usual(self, shift: f64, rules: &Offsets) -> bool {
        let margin = (self.span.width() * rules.usual_ranges.get()).max(rules.usual_margin.get()) + 1e-9;
        (self.span.least - margin..=self.span.most + margin).contains(&shift)
    }
}
