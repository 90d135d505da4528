//! The range of an axis, and its ticks.

use super::super::draw::round_up_nice;
use super::plot::NumberRange;

/// Larger numbers are drawn at the edge: differences of the largest floats would be infinite.
const LARGEST: f64 = 1e15;
/// Usual steps between angles, in degrees.
const TURNS: [f64; 8] = [5.0, 10.0, 15.0, 30.0, 45.0, 90.0, 180.0, 360.0];

/// Clamps a number to what can be drawn.
pub(super) const fn clamp_drawable(number: f64) -> f64 {
    number.clamp(-LARGEST, LARGEST)
}

/// Returns the range of the finite numbers, widened if they are all equal; `None` without any.
pub(super) fn find_range(numbers: impl Iterator<Item = f64>) -> Option<NumberRange> {
    let numbers = numbers.filter(|number| number.is_finite()).map(clamp_drawable);
    let (low, high) = numbers.map(|number| (number, number)).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))?;
    // Equal numbers, or nearly so, get a range around them: dividing by a tiny one would scatter rounding errors.
    let around = (high.abs() * 0.1).max(1.0);
    Some(if high - low > high.abs().max(1e-3) * 1e-9 { (low, high) } else { (low - around, high + around) })
}

/// Extends a range to the limits near it. Far limits would flatten the curve.
pub(super) fn with_limits(range: NumberRange, limits: impl Iterator<Item = f64>) -> NumberRange {
    let (low, high) = range;
    let margin = (high - low) * 0.6;
    let near = limits.filter(|limit| (low - margin..=high + margin).contains(limit));
    near.fold(range, |(low, high), limit| (low.min(limit), high.max(limit)))
}

/// Returns a round step that gives about `ticks` ticks.
pub(super) fn choose_step(range: NumberRange, ticks: u16, angles: bool) -> f64 {
    let (low, high) = range;
    // Rather a few more ticks than a coarse step that leaves much of the picture empty above the highest value.
    let rough = (high - low) / f64::from(ticks.max(1)) * 0.75;
    let turn = TURNS.into_iter().find(|turn| *turn >= rough * 0.999);
    turn.filter(|_| angles && rough > 2.0).unwrap_or_else(|| round_up_nice(rough))
}

/// Widens a range to multiples of a step.
pub(super) fn widen_to_steps(range: NumberRange, step: f64) -> NumberRange {
    // The tolerance keeps a bound that is a multiple but for a rounding error.
    let (low, high) = range;
    let (low, high) = ((low / step + 1e-6).floor() * step, (high / step - 1e-6).ceil() * step);
    if low < high { (low, high) } else { (low, low + step) }
}

/// Returns the multiples of `step` within a range, at most 500.
pub(super) fn ticks(range: NumberRange, step: f64) -> impl Iterator<Item = f64> {
    let (low, high) = range;
    let first = (low / step - 1e-6).ceil();
    (0_u16..500).map(move |at| (first + f64::from(at)) * step).take_while(move |tick| *tick <= high + step * 1e-6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_all_numbers_and_near_limits() {
        assert_eq!(find_range([f64::NAN, 2.0, -1.0, f64::INFINITY].into_iter()), Some((-1.0, 2.0)));
        assert_eq!(find_range([5.0].into_iter()), Some((4.0, 6.0)));
        assert_eq!(find_range([f64::NAN].into_iter()), None);
        assert_eq!(find_range([f64::MAX, f64::MIN].into_iter()), Some((-1e15, 1e15)));
        assert_eq!(with_limits((-0.5, 0.6), [-1.0, 1.0, 10.0].into_iter()), (-1.0, 1.0));
    }

    #[test]
    fn ticks_are_round_numbers() {
        for (range, count, angles, expected) in [
            ((2.0, 358.0), 4, true, &[0.0, 90.0, 180.0, 270.0, 360.0][..]),
            ((-1.0, 1.0), 4, false, &[-1.0, -0.5, 0.0, 0.5, 1.0]),
            ((0.0, 100.0), 3, false, &[0.0, 50.0, 100.0]),
            ((-999.9, 999.9), 2, false, &[-1000.0, 0.0, 1000.0]),
        ] {
            let step = choose_step(range, count, angles);
            assert_eq!(ticks(widen_to_steps(range, step), step).collect::<Vec<_>>(), expected);
        }
    }
}
