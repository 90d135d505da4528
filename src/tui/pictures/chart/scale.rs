//! Which range of numbers an axis shows, and where its ticks are; draws nothing.

use super::super::draw::round_up_nice;
use super::plot::NumberRange;

/// Beyond this, numbers are drawn at the edge: their differences would be no numbers any more.
const LARGEST: f64 = 1e15;
/// Steps between angles that people read off at once, degrees.
const TURNS: [f64; 8] = [5.0, 10.0, 15.0, 30.0, 45.0, 90.0, 180.0, 360.0];

/// Returns a number that can be drawn.
pub(super) const fn clamp_drawable(number: f64) -> f64 {
    number.clamp(-LARGEST, LARGEST)
}

/// Returns the range of numbers; of one number, a range around it.
pub(super) fn find_range(numbers: impl Iterator<Item = f64>) -> Option<NumberRange> {
    let numbers = numbers.filter(|number| number.is_finite()).map(clamp_drawable);
    let (low, high) = numbers.map(|number| (number, number)).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))?;
    let around = (high.abs() * 0.1).max(1.0);
    Some(if high - low > high.abs().max(1e-3) * 1e-9 { (low, high) } else { (low - around, high + around) })
}

/// Takes in the limits that lie near the numbers: far ones would make the numbers flat.
pub(super) fn with_limits((low, high): NumberRange, limits: impl Iterator<Item = f64>) -> NumberRange {
    let near = (high - low) * 0.6;
    let near = limits.filter(|limit| (low - near..=high + near).contains(limit));
    near.fold((low, high), |(low, high), limit| (low.min(limit), high.max(limit)))
}

/// Returns the step between about so many ticks.
pub(super) fn choose_step((low, high): NumberRange, ticks: u16, angles: bool) -> f64 {
    // Somewhat more ticks are better than much of the picture empty above the highest number.
    let rough = (high - low) / f64::from(ticks.max(1)) * 0.75;
    let turn = TURNS.into_iter().find(|turn| *turn >= rough * 0.999);
    turn.filter(|_| angles && rough > 2.0).unwrap_or_else(|| round_up_nice(rough))
}

/// Widens a range to whole steps.
pub(super) fn widen_to_steps((low, high): NumberRange, step: f64) -> NumberRange {
    let (low, high) = ((low / step + 1e-6).floor() * step, (high / step - 1e-6).ceil() * step);
    if low < high { (low, high) } else { (low, low + step) }
}

/// Returns the ticks of a range.
pub(super) fn ticks((low, high): NumberRange, step: f64) -> impl Iterator<Item = f64> {
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
        let of = |range: NumberRange, count: u16, angles: bool| {
            let step = choose_step(range, count, angles);
            ticks(widen_to_steps(range, step), step).collect::<Vec<_>>()
        };
        assert_eq!(of((2.0, 358.0), 4, true), [0.0, 90.0, 180.0, 270.0, 360.0]);
        assert_eq!(of((-1.0, 1.0), 4, false), [-1.0, -0.5, 0.0, 0.5, 1.0]);
        assert_eq!(of((0.0, 100.0), 3, false), [0.0, 50.0, 100.0]);
        assert_eq!(of((-999.9, 999.9), 2, false), [-1000.0, 0.0, 1000.0]);
    }
}
