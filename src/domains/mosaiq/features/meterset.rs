//! The meterset of a field, beside what its control points or its doses say of it.

use super::mlc::MANY;
use super::numbers::condition;
use crate::domains::mosaiq::metersets::Dose;

/// MU below which a meterset is low.
const LOW_MU: f64 = 10.0;
/// MU above which a meterset is high.
const HIGH_MU: f64 = 1000.0;
/// Distance from 100 within which a last index counts in percent.
const PERCENT_WIDTH: f64 = 0.5;
/// The part of a meterset by which it may differ.
const TOLERANCE: f64 = 0.05;

/// Returns the MU that the control points add up to; `None` where neither the last index nor the doses tell.
pub(super) fn find_sum(points: usize, last_index: Option<f64>, dose: Option<Dose>) -> Option<f64> {
    let in_mu = last_index.filter(|last| points >= 2 && (last - 100.0).abs() > PERCENT_WIDTH);
    let of_dose = || dose.map(|dose| dose.cgray / dose.per_meterset);
    in_mu.or_else(of_dose).filter(|sum| sum.is_finite())
}

/// Computes the group from a meterset and the sum of [`find_sum`].
pub(super) fn compute(planned: f64, sum: Option<f64>) -> [f64; 8] {
    let [sum, difference, percent, mismatch] = sum.map_or([0.0; 4], |sum| {
        let difference = (sum - planned).abs();
        let percent = if planned > 0.0 { difference / planned * 100.0 } else { MANY };
        [sum, difference, percent, condition(difference > TOLERANCE * planned)]
    });
    [
        condition(planned < 0.0),
        condition(planned < LOW_MU),
        condition(planned > HIGH_MU),
        planned,
        sum,
        difference,
        percent,
        mismatch,
    ]
}

/// Computes the group as the reference does: 0 MU is no meterset, and nothing ever reads what the points say.
pub(super) fn compute_strictly(planned: f64) -> Option<[f64; 8]> {
    (planned != 0.0).then(|| compute(planned, None))
}
