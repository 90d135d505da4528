//! What a field's meterset must agree with. Shared by the mode and the checks, so that a planted contradiction is one
//! that a check reports.

use super::limits::{INDEX_END_PERCENT, INDEX_TOLERANCE_PERCENT, METERSET_EXTREME_MU, METERSET_TOLERANCE};
use super::numbers::CellNumber;
use super::rules::Metersets;
use crate::model::Row;

/// How closely metersets, doses and indices must agree.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tolerance {
    /// Relative tolerance, as a fraction of the expected value.
    part: f64,
    /// Absolute tolerance of the last index, in percent.
    index_percent: f64,
}

impl Tolerance {
    /// The tolerance of the modes, which do not depend on rules.
    pub(super) const USUAL: Self = Self { part: METERSET_TOLERANCE, index_percent: INDEX_TOLERANCE_PERCENT };

    /// Rules give the relative tolerance in percent.
    pub(super) fn from_rules(rules: &Metersets) -> Self {
        Self { part: rules.tolerance.get() / 100.0, index_percent: rules.index_tolerance.get() }
    }
}

pub(super) fn is_negative(meterset: CellNumber) -> bool {
    meterset.compare_integer(0).is_lt()
}

/// Tells whether a meterset in MU is larger than any field can have.
pub(super) fn is_extreme(meterset: CellNumber) -> bool {
    meterset.compare_integer(METERSET_EXTREME_MU).is_ge()
}

/// Tells whether a number lies within a fraction of the expected one.
fn is_close(expected: f64, actual: f64, part: f64) -> bool {
    // Anything would lie within a fraction of infinity.
    expected.is_finite() && (actual - expected).abs() <= part * expected.abs()
}

/// Returns the largest index of a field with several control points, in percent or MU. `None` if any index is NULL,
/// which another check reports.
pub(super) fn last_index(points: &[Row<'_>]) -> Option<f64> {
    let indices: Option<Vec<f64>> = points.iter().map(|point| point.float("Index")).collect();
    indices.filter(|indices| indices.len() > 1)?.into_iter().max_by(f64::total_cmp)
}

/// Tells whether a last index is 100 percent, or the field's meterset in MU: no column says which of the two it counts.
pub(super) fn index_fits(last: f64, meterset: f64, tolerance: Tolerance) -> bool {
    (last - INDEX_END_PERCENT).abs() <= tolerance.index_percent || is_close(meterset, last, tolerance.part)
}

/// The dose of a field and its dose per monitor unit, neither of them zero.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dose {
    /// Cgray, in cGy.
    pub(super) cgray: f64,
    /// cGrayPerMeterset, in cGy per MU.
    pub(super) per_meterset: f64,
}

impl Dose {
    /// `None` if either column is NULL, unreadable or zero.
    pub(super) fn from_field(field: &Row<'_>) -> Option<Self> {
        let (cgray, per_meterset) = (field.float("Cgray")?, field.float("cGrayPerMeterset")?);
        (cgray != 0.0 && per_meterset != 0.0).then_some(Self { cgray, per_meterset })
    }

    /// Tells whether a meterset in MU gives the dose within the tolerance.
    pub(super) fn is_consistent_with(self, meterset: f64, tolerance: Tolerance) -> bool {
        // Setup fields have a meterset of 0 whatever their dose.
        meterset == 0.0 || is_close(self.cgray, self.per_meterset * meterset, tolerance.part)
    }
}
