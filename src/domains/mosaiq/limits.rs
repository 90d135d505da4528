//! Ranges and windows that modes and checks share: what a mode writes beyond them, a check reports.

use mfm_journal::Decimal;
use std::cmp::Ordering;

/// The clinical range of a gantry angle, in degrees.
pub const GANTRY_DEGREES: Range = Range { min: 0, max: 360 };
/// The clinical range of a collimator angle, in degrees: real data run from -90 to 355.
pub const COLLIMATOR_DEGREES: Range = Range { min: -180, max: 360 };
/// Two deliveries that start within this time of each other are duplicates.
pub const DUPLICATE_WINDOW_SECONDS: i64 = 10;
/// Possible patient shifts along one axis, in cm.
pub const OFFSET_POSSIBLE_CM: Range = Range { min: -20, max: 20 };
/// Offset_Type: localisation, portal, third party.
pub const OFFSET_TYPES: [i64; 3] = [2, 3, 4];
/// Offset_State: active, complete.
pub const OFFSET_STATES: [i64; 2] = [1, 2];
/// No patient is older, in years.
pub const OLDEST_YEARS: i64 = 110;
/// No field has this many monitor units; real data reach 7920.
pub const METERSET_EXTREME_MU: i64 = 10_000;
/// Relative tolerance between a meterset or dose and its recalculation.
pub const METERSET_TOLERANCE: f64 = 0.02;
/// The last control-point index, if it is in percent.
pub const INDEX_END_PERCENT: f64 = 100.0;
/// Tolerance of the last index, in percent.
pub const INDEX_TOLERANCE_PERCENT: f64 = 0.5;
/// The positions that a leaf of any known MLC can reach, in cm.
pub const LEAF_CM: Range = Range { min: -20, max: 20 };
/// The numbers of leaf pairs of known MLCs, ascending.
pub const LEAF_PAIRS: [usize; 5] = [29, 40, 60, 68, 80];
/// Minimum number of fields on a machine before its majority leaf count is used as the expected one.
pub const EXPECTING_FIELDS_MIN: usize = 3;
/// Highest percentage of crossed leaf pairs on a machine at which a convention is still plausible.
// One crossed pair among the 29 of the smallest MLC, 3.4 %, is below it. In the public mock, the wrong convention is
// above it for every machine that it does not fit.
pub const CROSSED_PAIRS_PER_HUNDRED: u64 = 4;
/// Most fields of a machine that a mode reads to learn what is usual on it: a clinic's machine has thousands.
pub const MACHINE_FIELDS_MAX: usize = 41;

/// An inclusive range of whole numbers for decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The smallest valid number.
    pub min: i64,
    /// The largest valid number.
    pub max: i64,
}

impl Range {
    /// Tells whether a number lies in the range, ends included.
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
