//! The leaves of a field's control points: lengths, positions and gaps, added up in whole 1/100 cm.

use super::numbers::{condition, count, to_float, wide_to_float};
use crate::domains::mosaiq::leaves::{self, BANK_A, BANK_B, Convention, LeafPoint};
use crate::domains::mosaiq::limits::LEAF_CM;
use crate::model::Row;

/// Stands for a length or position that cannot be computed.
pub(super) const NONE: f64 = -999.0;
/// Stands for a number of things, or a percentage, that cannot be computed.
pub(super) const MANY: f64 = 999.0;

/// 1/100 cm in a cm.
const HUNDREDTHS: f64 = 100.0;

/// Returns the leaves of a control point: those that MLC_Leaves says, or where it says nothing as many as the shorter
/// set holds. `None` where it says 0, or a set holds no leaf.
pub(super) fn read_point<'s>(row: &Row<'s>) -> Option<LeafPoint<'s>> {
    let [a, b] = [BANK_A, BANK_B].map(|column| leaves::read_set(row, column).unwrap_or_default());
    let shorter = a.len().min(b.len()) / 2;
    let leaves = row.integer("MLC_Leaves").map_or(Ok(shorter), usize::try_from).unwrap_or(shorter);
    (leaves > 0 && shorter > 0).then_some(LeafPoint { row: *row, leaves, a, b })
}

/// One bank over all points.
#[derive(Clone, Copy, Debug, Default)]
struct BankTotals {
    bytes_min: usize,
    leaves: i64,
    sum: i64,
    min: i16,
    max: i16,
    /// The largest deviation of a point, 1/100 cm.
    deviation_max: f64,
    beyond: bool,
}

impl BankTotals {
    /// Adds the bank of a point; returns its number of leaves.
    fn add_set(&mut self, set: &[u8], leaves: usize) -> usize {
        let is_first = self.leaves == 0;
        let (mut number, mut sum, mut squares) = (0, 0, 0_i128);
        for position in leaves::decode_positions(set, leaves) {
            let is_only = is_first && number == 0;
            self.min = if is_only { position } else { self.min.min(position) };
            self.max = if is_only { position } else { self.max.max(position) };
            self.beyond |= i64::from(position).abs() > LEAF_CM.max * 100;
            number += 1;
            sum += i64::from(position);
            squares += i128::from(position).pow(2);
        }
        self.bytes_min = if is_first { set.len() } else { self.bytes_min.min(set.len()) };
        self.leaves += number;
        self.sum += sum;
        // n * sum of squares - square of the sum is n^2 times the variance, and exact.
        let spread = i128::from(number) * squares - i128::from(sum).pow(2);
        self.deviation_max = self.deviation_max.max(wide_to_float(spread).sqrt() / to_float(number.max(1)));
        usize::try_from(number).unwrap_or_default()
    }

    /// Returns mean, deviation, smallest and largest position, cm.
    fn positions(&self) -> [f64; 4] {
        let hundredths = [
            to_float(self.sum) / to_float(self.leaves.max(1)),
            self.deviation_max,
            f64::from(self.min),
            f64::from(self.max),
        ];
        hundredths.map(|position| position / HUNDREDTHS)
    }
}

/// The gaps of all pairs under one convention.
#[derive(Clone, Copy, Debug, Default)]
struct GapTotals {
    sum: i64,
    min: i32,
    max: i32,
    /// Crossed pairs of the point that has most.
    crossed_max: usize,
}

impl GapTotals {
    fn add_point(&mut self, point: &LeafPoint<'_>, convention: Convention, is_first: bool) {
        let mut crossed = 0;
        for (at, pair) in point.pairs().enumerate() {
            let gap = convention.gap(pair);
            let is_only = is_first && at == 0;
            self.min = if is_only { gap } else { self.min.min(gap) };
            self.max = if is_only { gap } else { self.max.max(gap) };
            self.sum += i64::from(gap);
            crossed += usize::from(gap < 0);
        }
        self.crossed_max = self.crossed_max.max(crossed);
    }
}

/// The leaves of a field's control points, added up. Which convention counts is known only after the last point.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LeafTotals {
    points: usize,
    a: BankTotals,
    b: BankTotals,
    /// Whether the sets of some point differ in length, or have an odd one.
    unlike: bool,
    odd: bool,
    /// Whether the banks of some point differ in their number of leaves.
    unequal: bool,
    pairs: usize,
    pairs_min: usize,
    absolute: GapTotals,
    outward: GapTotals,
}

impl LeafTotals {
    pub(super) fn add_point(&mut self, point: &LeafPoint<'_>) {
        let is_first = self.points == 0;
        self.unlike |= point.a.len() != point.b.len();
        self.odd |= !point.a.len().is_multiple_of(2) || !point.b.len().is_multiple_of(2);
        let leaves = [self.a.add_set(point.a, point.leaves), self.b.add_set(point.b, point.leaves)];
        let [a, b] = leaves;
        self.unequal |= a != b;
        self.absolute.add_point(point, Convention::Absolute, is_first);
        self.outward.add_point(point, Convention::Outward, is_first);
        self.pairs += a.min(b);
        self.pairs_min = if is_first { a.min(b) } else { self.pairs_min.min(a.min(b)) };
        self.points += 1;
    }

    /// Computes the group under a convention; `None` where no point has leaves.
    pub(super) fn compute(&self, convention: Option<Convention>) -> Option<LeafFeatures> {
        if self.points == 0 {
            return None;
        }
        let gaps = convention.filter(|_| !self.unequal).map(|convention| match convention {
            Convention::Absolute => self.absolute,
            Convention::Outward => self.outward,
        });
        let [min_gap, mean_gap, crossed, max_gap] = gaps.map_or([NONE, NONE, MANY, NONE], |gaps| {
            let mean = to_float(gaps.sum) / count(self.pairs.max(1));
            let [min, mean, max] = [f64::from(gaps.min), mean, f64::from(gaps.max)].map(|gap| gap / HUNDREDTHS);
            [min, mean, count(gaps.crossed_max), max]
        });
        let ([a_mean, a_std, a_min, a_max], [b_mean, b_std, b_min, b_max]) = (self.a.positions(), self.b.positions());
        let values = [
            count(self.a.bytes_min),
            count(self.b.bytes_min),
            condition(!self.unlike),
            condition(!self.odd),
            a_mean,
            a_std,
            a_min,
            a_max,
            b_mean,
            b_std,
            b_min,
            b_max,
            condition(self.a.beyond),
            condition(self.b.beyond),
            min_gap,
            mean_gap,
            crossed,
            max_gap,
            count(self.pairs_min),
        ];
        Some(LeafFeatures { values, has_gap: gaps.is_some() })
    }
}

/// The group's values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct LeafFeatures {
    pub(super) values: [f64; 19],
    pub(super) has_gap: bool,
}

/// Computes the group as the reference does: of the two sets of the first point, padding and all, as if every machine
/// counted both banks in one coordinate. `None` where a set is missing or empty.
pub(super) fn compute_strictly(row: &Row<'_>) -> Option<LeafFeatures> {
    let [a, b] = [BANK_A, BANK_B].map(|column| leaves::read_set(row, column).unwrap_or_default());
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let mut totals = LeafTotals::default();
    totals.add_point(&LeafPoint { row: *row, leaves: usize::MAX, a, b });
    let mut features = totals.compute(Some(Convention::Absolute))?;
    let [.., leaf_count] = &mut features.values;
    *leaf_count = count(a.len() / 2);
    if a.len().min(b.len()) < 2 {
        let lengths = [count(a.len()), count(b.len())];
        let even = condition(a.len().is_multiple_of(2) && b.len().is_multiple_of(2));
        return Some(LeafFeatures {
            values: undecodable(lengths, condition(a.len() == b.len()), even),
            has_gap: false,
        });
    }
    Some(features)
}

/// Returns what the reference gives for sets that it cannot decode.
fn undecodable([a, b]: [f64; 2], alike: f64, even: f64) -> [f64; 19] {
    let mut values = [NONE; 19];
    for (value, known) in values.iter_mut().zip([a, b, alike, even]) {
        *value = known;
    }
    for (value, known) in values.iter_mut().skip(12).zip([1.0, 1.0, NONE, NONE, MANY, NONE, 0.0]) {
        *value = known;
    }
    values
}
