//! What a field's meterset can be held against, as its mode and its checks both see it; reads no database.

use super::limits::{INDEX_END_PERCENT, INDEX_TOLERANCE_PERCENT, METERSET_EXTREME_MU, METERSET_TOLERANCE};
use super::numbers::CellNumber;
use super::rules::Metersets;
use crate::model::Row;

/// How closely metersets, doses and indices agree.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tolerance {
    /// As a part of the measure.
    part: f64,
    /// Of the last index, in percent.
    index_percent: f64,
}

impl Tolerance {
    /// What modes go by.
    pub(super) const USUAL: Self = Self { part: METERSET_TOLERANCE, index_percent: INDEX_TOLERANCE_PERCENT };

    /// What rules say.
    pub(super) fn from_rules(rules: &Metersets) -> Self {
        Self { part: rules.tolerance.get() / 100.0, index_percent: rules.index_tolerance.get() }
    }
}

/// Tells whether a meterset in MU is below zero.
pub(super) fn is_negative(meterset: CellNumber) -> bool {
    meterset.compare_integer(0).is_lt()
}

/// Tells whether a meterset in MU is larger than any field's.
pub(super) fn is_extreme(meterset: CellNumber) -> bool {
    meterset.compare_integer(METERSET_EXTREME_MU).is_ge()
}

/// Tells whether two numbers agree within a part of the first, which is the measure; an infinite one measures nothing.
fn is_close(expected: f64, found: f64, part: f64) -> bool {
    expected.is_finite() && (found - expected).abs() <= part * expected.abs()
}

/// Returns the last index of a field with several control points, in percent or MU; `None` where one of them is NULL,
/// which is another check's business.
pub(super) fn last_index(points: &[Row<'_>]) -> Option<f64> {
    let indices: Option<Vec<f64>> = points.iter().map(|point| point.float("Index")).collect();
    indices.filter(|indices| indices.len() > 1)?.into_iter().max_by(f64::total_cmp)
}

/// Tells whether a last index is an end: 100 percent, or the field's meterset in MU.
pub(super) fn index_fits(last: f64, meterset: f64, tolerance: Tolerance) -> bool {
    (last - INDEX_END_PERCENT).abs() <= tolerance.index_percent || is_close(meterset, last, tolerance.part)
}

/// The dose of a field and how much of it a monitor unit gives, where both are there and not zero.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dose {
    /// Cgray, in cGy.
    pub(super) cgray: f64,
    /// cGrayPerMeterset, in cGy per MU.
    pub(super) per_meterset: f64,
}

impl Dose {
    /// Reads a field.
    pub(super) fn from_field(field: &Row<'_>) -> Option<Self> {
        let number = |column: &str| field.float(column).filter(|number| *number != 0.0);
        Some(Self { cgray: number("Cgray")?, per_meterset: number("cGrayPerMeterset")? })
    }

    /// Tells whether a meterset in MU gives the dose; none at all is not judged.
    pub(super) fn is_consistent_with(self, meterset: f64, tolerance: Tolerance) -> bool {
        meterset == 0.0 || is_close(self.cgray, self.per_meterset * meterset, tolerance.part)
    }
}
