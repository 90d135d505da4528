//! The ranges and windows that modes and checks agree on; decides nothing by itself.

use mfm_journal::Decimal;
use std::cmp::Ordering;

/// The clinical range of a gantry angle, in degrees.
pub const GANTRY_DEGREES: Range = Range { min: 0, max: 360 };
/// The clinical range of a collimator angle, in degrees: real data run from -90 to 355.
pub const COLLIMATOR_DEGREES: Range = Range { min: -180, max: 360 };
/// Two deliveries that start within so many seconds of each other count as duplicates.
pub const DUPLICATE_WINDOW_SECONDS: i64 = 10;
/// The positions that a leaf of any known MLC can reach, in cm.
pub const LEAF_CM: Range = Range { min: -20, max: 20 };
/// The numbers of leaf pairs that MLCs are known to have.
pub const LEAF_PAIRS: [usize; 5] = [29, 40, 60, 68, 80];
/// A machine's fields must be so many before the number of leaf pairs that most of them have is expected of another.
pub const EXPECTING_FIELDS_MIN: usize = 3;
/// A convention is believed while at most so many of a hundred fields of its machine contradict it.
pub const CROSSED_FIELDS_PER_HUNDRED: usize = 25;
/// A mode learns what a machine is like from so many of its fields, at most: a clinic's machine has thousands.
pub const MACHINE_FIELDS_MAX: usize = 40;

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
    pub fn holds(self, number: Decimal) -> bool {
        let above = number.compare(Decimal::from(self.min)) != Ordering::Less;
        above && number.compare(Decimal::from(self.max)) != Ordering::Greater
    }
}

impl std::fmt::Display for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} to {}", self.min, self.max)
    }
}
