//! Angles, spans and medians: what checks of a field's geometry compare. Knows no table and no rule.

/// The least and the most of some numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Span {
    pub(super) least: f64,
    pub(super) most: f64,
}

impl Span {
    /// Returns the span of numbers; `None` if there is none.
    pub(super) fn of_numbers(numbers: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut span: Option<Self> = None;
        for number in numbers.into_iter().filter(|number| number.is_finite()) {
            let (least, most) = span.map_or((number, number), |known| (known.least, known.most));
            span = Some(Self { least: least.min(number), most: most.max(number) });
        }
        span
    }

    pub(super) fn width(self) -> f64 {
        self.most - self.least
    }

    pub(super) fn middle(self) -> f64 {
        f64::midpoint(self.least, self.most)
    }
}

/// Returns the shortest turn from one angle to another, degrees from -180 (excluded) to 180.
pub(super) fn turn_between(from: f64, to: f64) -> f64 {
    let turn = (to - from).rem_euclid(360.0);
    if turn > 180.0 { turn - 360.0 } else { turn }
}

/// Tells whether two angles agree within a tolerance, degrees.
pub(super) fn is_same_angle(one: f64, other: f64, tolerance: f64) -> bool {
    turn_between(one, other).abs() <= tolerance
}

/// Returns the median of numbers, the lower one of two in the middle; `None` if there is none.
pub(super) fn find_median(numbers: &mut [f64]) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len().saturating_sub(1) / 2).copied()
}

/// Returns a number rounded to hundredths, for messages: without the noise of binary fractions.
pub(super) fn rounded(number: f64) -> f64 {
    // Adding 0 turns -0 into 0.
    (number * 100.0).round() / 100.0 + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_go_the_short_way_round() {
        for (from, to, turn) in
            [(350.0, 10.0, 20.0), (10.0, 350.0, -20.0), (0.0, 180.0, 180.0), (-90.0, 270.0, 0.0), (181.0, 179.0, -2.0)]
        {
            assert_eq!(turn_between(from, to), turn, "{from} {to}");
        }
        assert!(is_same_angle(359.5, 0.5, 1.0) && !is_same_angle(359.0, 0.5, 1.0));
    }

    #[test]
    fn a_span_leaves_out_what_is_no_number() {
        let span = Span::of_numbers([2.0, f64::NAN, -1.0]).unwrap();
        assert_eq!((span.width(), span.middle()), (3.0, 0.5));
        assert_eq!(Span::of_numbers([]), None);
        assert_eq!(
            (find_median(&mut [3.0, 1.0, 2.0]), find_median(&mut [4.0, 1.0]), find_median(&mut [])),
            (Some(2.0), Some(1.0), None)
        );
        assert_eq!((rounded(0.1 + 0.2), rounded(-0.001).is_sign_positive()), (0.3, true));
    }
}
