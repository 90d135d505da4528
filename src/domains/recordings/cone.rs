//! The friction cone: no tangential impulse may be larger than the coefficient of friction times the normal one.

use schemars::JsonSchema;
use serde::Serialize;

use super::contacts::{ConstraintPoint, mean_force};
use super::measure::Measure;

/// What may lie outside for the way in which solvers approach the limit.
const TOLERANCE: f64 = 1.01;
/// A tangential impulse that is no more than rounding, N s.
const ROUNDING: f64 = 1e-9;
/// From this share of the limit on, friction is saturated.
pub const SATURATED: f64 = 0.99;

/// How a contact point stands to its friction cone. Upstream's names say force; like all impulses of a recording these
/// are N s, and the forces stand beside them.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ConeItem {
    /// One body.
    pub body_a_id: i64,
    /// The other body; bit 31 marks the environment.
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
    /// The limit less the tangential impulse, N s: below 0 outside the true cone.
    pub margin: Measure,
    /// The tangential impulse by its limit; null where the limit is 0.
    pub saturation: Measure,
    /// The force along the normal, N.
    pub normal_force_n: Measure,
    /// The tangential force, N.
    pub total_tangent_force_n: Measure,
}

/// Judges a point; `None` where a number is missing.
#[must_use]
pub fn judge_point(point: &ConstraintPoint, step: Option<f64>) -> Option<ConeItem> {
    let ([Some(one), Some(other)], Some(normal), Some(coefficient)) = (point.tangents, point.normal, point.coefficient)
    else {
        return None;
    };
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
        exceeds_limit: !finite || tangent > limit.mul_add(TOLERANCE, ROUNDING),
        margin: (limit - tangent).into(),
        saturation: Measure((limit > ROUNDING && finite).then(|| tangent / limit)),
        normal_force_n: mean_force(Some(normal), step),
        total_tangent_force_n: mean_force(Some(tangent), step),
    })
}

impl ConeItem {
    /// Tells whether friction is at its limit, and not beyond.
    #[must_use]
    pub fn is_saturated(&self) -> bool {
        !self.exceeds_limit && self.saturation.0.is_some_and(|share| share >= SATURATED)
    }
}
