//! The friction cone: a tangential impulse may be at most the coefficient of friction times the normal impulse.

use schemars::JsonSchema;
use serde::Serialize;

use super::contacts::{ConstraintPoint, mean_force};
use super::measure::Measure;

/// How far beyond its limit friction may be, as a factor: iterative solvers approach the limit, and stop near it.
const TOLERANCE: f64 = 1.01;
/// Impulses up to this are rounding, N s.
const ROUNDING: f64 = 1e-9;
/// The share of its limit from which on friction counts as saturated.
pub const SATURATED: f64 = 0.99;

/// A contact point and its friction cone. Upstream's names say force; like all impulses of a recording these are N s,
/// and the forces are separate fields.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ConeItem {
    /// First body.
    pub body_a_id: i64,
    /// Second body; bit 31 marks the environment.
    pub body_b_id: i64,
    /// The pair's coefficient of friction.
    pub friction_coefficient: Measure,
    /// The impulse along the normal, N s.
    pub normal_force: Measure,
    /// The largest tangential impulse within the cone, N s.
    pub friction_limit: Measure,
    /// The impulse along the first tangent, N s.
    pub tangent1_force: Measure,
    /// The impulse along the second tangent, N s.
    pub tangent2_force: Measure,
    /// The tangential impulse, N s.
    pub total_tangent_force: Measure,
    /// Whether it lies outside the cone by more than 1 %.
    pub exceeds_limit: bool,
    /// The limit minus the tangential impulse, N s: negative outside the exact cone.
    pub margin: Measure,
    /// The tangential impulse divided by its limit; null if the limit is 0.
    pub saturation: Measure,
    /// The force along the normal, N.
    pub normal_force_n: Measure,
    /// The tangential force, N.
    pub total_tangent_force_n: Measure,
}

/// Compares a point's friction with its cone; `None` where an impulse or the coefficient is not recorded.
#[must_use]
pub fn judge_point(point: &ConstraintPoint, step: Option<f64>) -> Option<ConeItem> {
    let ([Some(one), Some(other)], Some(normal), Some(coefficient)) = (point.tangents, point.normal, point.coefficient)
    else {
        return None;
    };
    // The sign of the normal impulse is a check of its own (`contact_pull`): here its size sets the limit.
    let normal = normal.abs();
    let limit = coefficient * normal;
    let tangent = one.hypot(other);
    let finite = limit.is_finite() && tangent.is_finite();
    Some(ConeItem {
        body_a_id: point.a,
        body_b_id: point.b,
        friction_coefficient: coefficient.into(),
        normal_force: normal.into(),
        friction_limit: limit.into(),
        tangent1_force: one.into(),
        tangent2_force: other.into(),
        total_tangent_force: tangent.into(),
        // An infinite or NaN impulse cannot be shown to lie within the cone.
        exceeds_limit: !finite || tangent > limit.mul_add(TOLERANCE, ROUNDING),
        margin: (limit - tangent).into(),
        // The share of a limit of 0 has no meaning, and one of a tiny limit is rounding.
        saturation: Measure((limit > ROUNDING && finite).then(|| tangent / limit)),
        normal_force_n: mean_force(Some(normal), step),
        total_tangent_force_n: mean_force(Some(tangent), step),
    })
}

impl ConeItem {
    /// Returns whether friction is at its limit, and not beyond.
    #[must_use]
    pub fn is_saturated(&self) -> bool {
        !self.exceeds_limit && self.saturation.0.is_some_and(|share| share >= SATURATED)
    }
}
