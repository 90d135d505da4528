//! The ranges and windows that modes and checks agree on; decides nothing by itself.

use mfm_journal::Decimal;
use std::cmp::Ordering;

/// The clinical range of a gantry angle, in degrees.
pub const GANTRY_DEGREES: Range = Range { min: 0, max: 360 };
/// The clinical range of a collimator angle, in degrees: real data run from -90 to 355.
pub const COLLIMATOR_DEGREES: Range = Range { min: -180, max: 360 };
/// Two deliveries that start within so many seconds of each other count as duplicates.
pub const DUPLICATE_WINDOW_SECONDS: i64 = 10;
/// How far a patient can be shifted along one axis, in cm; beyond, it is no shift.
pub const OFFSET_POSSIBLE_CM: Range = Range { min: -20, max: 20 };
/// Offset_Type: localisation, portal, third party.
pub const OFFSET_TYPES: [i64; 3] = [2, 3, 4];
/// Offset_State: active, complete.
pub const OFFSET_STATES: [i64; 2] = [1, 2];
/// No field has so many monitor units: real data reach 7920.
pub const METERSET_EXTREME_MU: i64 = 10_000;
/// Two ways to a meterset or a dose agree within this part of it.
pub const METERSET_TOLERANCE: f64 = 0.02;
/// The last control-point index, where it counts percent.
pub const INDEX_END_PERCENT: f64 = 100.0;
/// How far the last index may lie from its end, in percent.
pub const INDEX_TOLERANCE_PERCENT: f64 = 0.5;
/// The positions that a leaf of any known MLC can reach, in cm.
pub const LEAF_CM: Range = Range { min: -20, max: 20 };
/// The numbers of leaf pairs that MLCs are known to have.
pub const LEAF_PAIRS: [usize; 5] = [29, 40, 60, 68, 80];
/// A machine's fields must be so many before the number of leaf pairs that most of them have is expected of another.
pub const EXPECTING_FIELDS_MIN: usize = 3;
/// A convention fits while at most so many of a hundred leaf pairs of a machine contradict it: more than one crossed
/// pair of the smallest MLC, and less than the wrong convention of any machine of the public mock that it does not fit.
pub const CROSSED_PAIRS_PER_HUNDRED: u64 = 4;
/// A mode learns what a machine is like from so many of its fields, at most: a clinic's machine has thousands.
pub const MACHINE_FIELDS_MAX: usize = 41;

/// An inclusive range of whole numbers that decimals are held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The smallest valid number.
    pub min: i64,
    /// The largest valid number.
    pub max: i64,
}

impl Range {
    /// Tells whether a number lies in the range, its ends included.
    #[must_use]
    pub fn contains(self, number: Decimal) -> bool {
        let above = number.compare_by_value(Decimal::from(self.min)) != Ordering::Less;
        above && number.compare_by_value(Decimal::from(self.max)) != Ordering::Greater
    }
}

impl std::fmt::Display for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} to {}", self.min, self.max)
    }
}
