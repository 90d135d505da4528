//! The control points of a field: their numbers, and their angles in the order of these.

use super::numbers::{condition, count, deviation, largest, mean, smallest, to_float};
use crate::model::Row;

/// What is kept of a control point.
#[derive(Clone, Copy, Debug)]
pub(super) struct PointFacts {
    /// Point; `None` for NULL.
    pub(super) number: Option<i64>,
    /// TFP_ID, which orders points of one number.
    id: i64,
    /// Index, in percent or MU.
    pub(super) index: Option<f64>,
    pub(super) gantry: Option<f64>,
    pub(super) collimator: Option<f64>,
}

impl PointFacts {
    pub(super) fn from_row(row: &Row<'_>) -> Self {
        Self {
            number: row.integer("Point"),
            id: row.integer("TFP_ID").unwrap_or(i64::MAX),
            index: row.float("Index").filter(|index| index.is_finite()),
            gantry: row.float("Gantry_Ang").filter(|angle| angle.is_finite()),
            collimator: row.float("Coll_Ang").filter(|angle| angle.is_finite()),
        }
    }

    /// Returns what points are sorted by: the number, NULL last, then the id.
    pub(super) const fn order(&self) -> (bool, i64, i64) {
        let number = match self.number {
            Some(number) => number,
            None => i64::MAX,
        };
        (self.number.is_none(), number, self.id)
    }
}

/// Computes the group of the numbers from points in their order.
pub(super) fn compute_numbers(points: &[PointFacts]) -> [f64; 6] {
    let numbers: Vec<i64> = points.iter().filter_map(|point| point.number).collect();
    let is_sequential = numbers.len() == points.len() && (0..).zip(&numbers).all(|(at, number)| at == *number);
    let gaps = numbers.iter().zip(numbers.iter().skip(1)).map(|(one, next)| next.saturating_sub(*one));
    [
        count(points.len()),
        condition(points.len() >= 2),
        condition(is_sequential),
        to_float(gaps.clone().max().unwrap_or_default()),
        count(gaps.filter(|gap| *gap > 1).count()),
        condition(numbers.first() == Some(&0)),
    ]
}

/// By which definition angles are judged.
#[derive(Clone, Copy, Debug)]
struct AngleRules {
    /// The smallest angle in range.
    least: f64,
    /// Whether a turn beyond a full circle counts as what is left of it.
    wraps: bool,
}

/// The features of one angle.
struct AngleFeatures {
    out_of_range: f64,
    mean: f64,
    deviation: f64,
    range: f64,
    max_delta: f64,
    mean_delta: f64,
    jumps: f64,
}

fn compute_angle(angles: &[f64], rules: AngleRules) -> AngleFeatures {
    let turn = |(one, next): (&f64, &f64)| {
        let turned = (next - one).abs();
        let turned = if rules.wraps { turned % 360.0 } else { turned };
        turned.min(360.0 - turned)
    };
    let turns: Vec<f64> = angles.iter().zip(angles.iter().skip(1)).map(turn).collect();
    AngleFeatures {
        out_of_range: condition(angles.iter().any(|angle| *angle < rules.least || *angle > 360.0)),
        mean: mean(angles),
        deviation: deviation(angles),
        range: largest(angles) - smallest(angles),
        max_delta: largest(&turns),
        mean_delta: mean(&turns),
        jumps: count(turns.iter().filter(|turn| **turn > 90.0).count()),
    }
}

/// The group of the angles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct PointAngles {
    pub(super) values: [f64; 14],
    /// Whether both angles have a value.
    pub(super) present: bool,
}

/// Computes the group of the angles from points in their order; an angle without any value has zeros.
pub(super) fn compute_angles(points: &[PointFacts], strict: bool) -> PointAngles {
    let gantry: Vec<f64> = points.iter().filter_map(|point| point.gantry).collect();
    let collimator: Vec<f64> = points.iter().filter_map(|point| point.collimator).collect();
    let present = !gantry.is_empty() && !collimator.is_empty();
    let wraps = !strict;
    let one = compute_angle(&gantry, AngleRules { least: 0.0, wraps });
    // Machines that count from -180 to 180 are in use.
    let other = compute_angle(&collimator, AngleRules { least: if strict { 0.0 } else { -180.0 }, wraps });
    let values = [
        one.out_of_range,
        other.out_of_range,
        one.mean,
        one.deviation,
        one.range,
        other.mean,
        other.deviation,
        other.range,
        one.max_delta,
        one.mean_delta,
        other.max_delta,
        other.mean_delta,
        one.jumps,
        other.jumps,
    ];
    PointAngles { values, present }
}
