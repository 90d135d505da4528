//! Small arithmetic on features: conditions as numbers, means and deviations.

/// Returns 1 for a condition that holds, else 0.
pub(super) const fn condition(holds: bool) -> f64 {
    if holds { 1.0 } else { 0.0 }
}

/// Converts a count or a sum.
#[expect(clippy::cast_precision_loss, reason = "sums of leaves and milliseconds stay far below 2^53")]
pub(super) const fn to_float(number: i64) -> f64 {
    number as f64
}

/// Converts a sum of squares.
#[expect(clippy::cast_precision_loss, reason = "its root is taken, which halves the relative error")]
pub(super) const fn wide_to_float(number: i128) -> f64 {
    number as f64
}

/// Converts a number of things.
pub(super) fn count(things: usize) -> f64 {
    to_float(i64::try_from(things).unwrap_or(i64::MAX))
}

/// Returns the mean; 0 of nothing.
pub(super) fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / count(values.len()) }
}

/// Returns the population standard deviation; 0 of nothing.
pub(super) fn deviation(values: &[f64]) -> f64 {
    let middle = mean(values);
    let squares: Vec<f64> = values.iter().map(|value| (value - middle).powi(2)).collect();
    mean(&squares).sqrt()
}

/// Returns the largest number; 0 of nothing.
pub(super) fn largest(values: &[f64]) -> f64 {
    values.iter().copied().max_by(f64::total_cmp).unwrap_or_default()
}

/// Returns the smallest number; 0 of nothing.
pub(super) fn smallest(values: &[f64]) -> f64 {
    values.iter().copied().min_by(f64::total_cmp).unwrap_or_default()
}
