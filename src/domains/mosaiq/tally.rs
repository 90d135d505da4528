//! Leaf counts and crossed pairs, added up over the points of a field and over the fields of a machine.

use std::collections::{BTreeMap, BTreeSet};

use super::leaves::{Convention, LeafPoint};
use super::limits::{CROSSED_PAIRS_PER_HUNDRED, EXPECTING_FIELDS_MIN};

/// The leaves of one field's control points, added up.
#[derive(Clone, Debug, Default)]
pub(super) struct FieldLeaves {
    /// The distinct numbers of leaf pairs in use.
    counts: LeafPairCounts,
    /// Number of readable pairs over all points.
    pairs: u32,
    crossed: CrossedCounts,
}

/// Distinct numbers of leaf pairs. Nearly every field has one, which needs no allocation.
#[derive(Clone, Debug, Default)]
enum LeafPairCounts {
    #[default]
    None,
    One(usize),
    Many(BTreeSet<usize>),
}

/// Number of crossed pairs under each convention.
#[derive(Clone, Copy, Debug, Default)]
struct CrossedCounts {
    absolute: u32,
    outward: u32,
}

impl LeafPairCounts {
    fn insert(&mut self, count: usize) {
        match self {
            Self::None => *self = Self::One(count),
            Self::One(known) if *known == count => {}
            Self::One(known) => *self = Self::Many(BTreeSet::from([*known, count])),
            Self::Many(known) => drop(known.insert(count)),
        }
    }

    fn to_set(&self) -> BTreeSet<usize> {
        match self {
            Self::None => BTreeSet::new(),
            Self::One(count) => BTreeSet::from([*count]),
            Self::Many(counts) => counts.clone(),
        }
    }
}

impl FieldLeaves {
    pub(super) fn add_point(&mut self, point: &LeafPoint<'_>) {
        self.counts.insert(point.leaves);
        for pair in point.pairs() {
            self.pairs = self.pairs.saturating_add(1);
            self.crossed.absolute += u32::from(Convention::Absolute.is_crossed(pair));
            self.crossed.outward += u32::from(Convention::Outward.is_crossed(pair));
        }
    }

    /// Adds the totals of other control points of the same field.
    pub(super) fn merge(&mut self, more: &Self) {
        for count in more.all_counts() {
            self.counts.insert(count);
        }
        self.pairs = self.pairs.saturating_add(more.pairs);
        self.crossed.absolute = self.crossed.absolute.saturating_add(more.crossed.absolute);
        self.crossed.outward = self.crossed.outward.saturating_add(more.crossed.outward);
    }

    /// Tells whether any pair can be read.
    pub(super) const fn has_pairs(&self) -> bool {
        self.pairs > 0
    }

    /// Tells whether any pair is crossed under a convention.
    pub(super) const fn is_crossed(&self, convention: Convention) -> bool {
        let crossed = match convention {
            Convention::Absolute => self.crossed.absolute,
            Convention::Outward => self.crossed.outward,
        };
        crossed > 0
    }

    /// Returns a convention under which no pair is crossed, absolute before outward; `None` also without any pair.
    pub(super) const fn uncrossed_convention(&self) -> Option<Convention> {
        match (self.has_pairs(), self.is_crossed(Convention::Absolute), self.is_crossed(Convention::Outward)) {
            (true, false, _) => Some(Convention::Absolute),
            (true, true, false) => Some(Convention::Outward),
            _ => None,
        }
    }

    /// Returns the number of leaf pairs of all points; `None` if they differ or there is none.
    pub(super) const fn common_count(&self) -> Option<usize> {
        match self.counts {
            LeafPairCounts::One(count) => Some(count),
            LeafPairCounts::None | LeafPairCounts::Many(_) => None,
        }
    }

    pub(super) fn all_counts(&self) -> BTreeSet<usize> {
        self.counts.to_set()
    }
}

impl<'p, 's: 'p> FromIterator<&'p LeafPoint<'s>> for FieldLeaves {
    fn from_iter<I: IntoIterator<Item = &'p LeafPoint<'s>>>(points: I) -> Self {
        let mut leaves = Self::default();
        for point in points {
            leaves.add_point(point);
        }
        leaves
    }
}

/// The leaves of a machine's fields, added up.
#[derive(Clone, Debug, Default)]
pub(super) struct MachineTally {
    pairs: u64,
    /// Pairs crossed under [`Convention::Absolute`].
    absolute: u64,
    /// Pairs crossed under [`Convention::Outward`].
    outward: u64,
    /// Number of fields by leaf count; fields whose points differ are left out.
    counts: BTreeMap<usize, usize>,
}

impl MachineTally {
    pub(super) fn add_field(&mut self, field: &FieldLeaves) {
        self.apply_field(field, u64::saturating_add, usize::saturating_add);
    }

    /// Subtracts a field that was added before.
    pub(super) fn without_field(&self, field: &FieldLeaves) -> Self {
        let mut others = self.clone();
        others.apply_field(field, u64::saturating_sub, usize::saturating_sub);
        others
    }

    fn apply_field(&mut self, field: &FieldLeaves, step: fn(u64, u64) -> u64, count: fn(usize, usize) -> usize) {
        self.pairs = step(self.pairs, field.pairs.into());
        self.absolute = step(self.absolute, field.crossed.absolute.into());
        self.outward = step(self.outward, field.crossed.outward.into());
        if let Some(pairs) = field.common_count() {
            let known = self.counts.entry(pairs).or_default();
            *known = count(*known, 1);
        }
    }

    /// Tells whether at most [`CROSSED_PAIRS_PER_HUNDRED`] percent of the pairs contradict a convention.
    const fn is_plausible(&self, convention: Convention) -> bool {
        // Pairs are counted, not fields: a fault that crosses one pair of every field must not decide.
        let crossed = match convention {
            Convention::Absolute => self.absolute,
            Convention::Outward => self.outward,
        };
        crossed * 100 <= self.pairs * CROSSED_PAIRS_PER_HUNDRED
    }

    /// Returns the only plausible convention; `None` if both are, or neither.
    pub(super) const fn certain_convention(&self) -> Option<Convention> {
        match (self.is_plausible(Convention::Absolute), self.is_plausible(Convention::Outward)) {
            (true, false) => Some(Convention::Absolute),
            (false, true) => Some(Convention::Outward),
            _ => None,
        }
    }

    /// Returns a plausible convention, absolute before outward; `None` also where there is no pair.
    pub(super) const fn fitting_convention(&self) -> Option<Convention> {
        match (self.has_pairs(), self.is_plausible(Convention::Absolute), self.is_plausible(Convention::Outward)) {
            (true, true, _) => Some(Convention::Absolute),
            (true, false, true) => Some(Convention::Outward),
            _ => None,
        }
    }

    /// Tells whether any pair was added.
    pub(super) const fn has_pairs(&self) -> bool {
        self.pairs > 0
    }

    /// Returns the convention to check by: the only plausible one, or absolute if no pair contradicts it.
    pub(super) const fn likely_convention(&self) -> Option<Convention> {
        match self.certain_convention() {
            None if self.pairs > 0 && self.absolute == 0 => Some(Convention::Absolute),
            certain => certain,
        }
    }

    /// Number of fields whose points agree on a leaf count.
    pub(super) fn field_count(&self) -> usize {
        self.counts.values().sum()
    }

    /// Returns the leaf count of more than half of the fields; `None` below [`EXPECTING_FIELDS_MIN`] fields.
    pub(super) fn usual_count(&self) -> Option<usize> {
        self.count_of(|times, fields| times * 2 > fields)
    }

    /// Returns the leaf count of at least two thirds of the fields; `None` below [`EXPECTING_FIELDS_MIN`] fields.
    pub(super) fn clear_count(&self) -> Option<usize> {
        self.count_of(|times, fields| times * 3 >= fields * 2)
    }

    fn count_of(&self, enough: impl Fn(usize, usize) -> bool) -> Option<usize> {
        let fields = self.field_count();
        // At most one count can be a majority, so that the first one is the only one.
        let most = self.counts.iter().find(|(_, times)| enough(**times, fields));
        most.filter(|_| fields >= EXPECTING_FIELDS_MIN).map(|(count, _)| *count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build_field(counts: &[usize], absolute: u32, outward: u32) -> FieldLeaves {
        let mut numbers = LeafPairCounts::default();
        for count in counts {
            numbers.insert(*count);
        }
        FieldLeaves { counts: numbers, pairs: 40, crossed: CrossedCounts { absolute, outward } }
    }

    /// Adds each field as often as its number says.
    fn build_tally(fields: &[(usize, &FieldLeaves)]) -> MachineTally {
        let mut tally = MachineTally::default();
        for (times, field) in fields {
            for _ in 0..*times {
                tally.add_field(field);
            }
        }
        tally
    }

    #[test]
    fn a_convention_is_told_by_pairs_and_not_by_fields() {
        let (absolute, outward) = (build_field(&[40], 0, 20), build_field(&[40], 20, 0));
        let (both, faulty) = (build_field(&[40], 0, 0), build_field(&[40], 1, 20));
        let (one, other) = (Some(Convention::Absolute), Some(Convention::Outward));
        for (fields, certain, likely, why) in [
            (vec![], None, None, "no field"),
            (vec![(3, &absolute)], one, one, "the other is contradicted"),
            (vec![(3, &outward)], other, other, "the other is contradicted"),
            (vec![(9, &faulty)], one, one, "one crossed pair in every field changes nothing"),
            (vec![(3, &both)], None, one, "both fit: absolute, but not certain"),
            (vec![(3, &both), (1, &build_field(&[40], 1, 0))], None, None, "both nearly fit"),
            (vec![(2, &absolute), (1, &outward)], None, None, "both are contradicted"),
        ] {
            let tally = build_tally(&fields);
            assert_eq!((tally.certain_convention(), tally.likely_convention()), (certain, likely), "{why}");
        }
    }

    #[test]
    fn leaving_one_out_leaves_the_others() {
        let (usual, odd) = (build_field(&[40], 0, 1), build_field(&[60], 1, 1));
        let all = build_tally(&[(3, &usual), (1, &odd)]);
        assert_eq!(
            (all.without_field(&odd).usual_count(), all.without_field(&usual).usual_count()),
            (Some(40), Some(40))
        );
        assert_eq!((all.without_field(&usual).clear_count(), all.without_field(&usual).field_count()), (Some(40), 3));
        assert_eq!(build_tally(&[(2, &usual)]).usual_count(), None, "two fields are too few");
        assert_eq!(build_tally(&[(2, &usual), (2, &odd)]).usual_count(), None, "half is no majority");
        let narrow = build_tally(&[(3, &usual), (2, &odd)]);
        assert_eq!((narrow.usual_count(), narrow.clear_count()), (Some(40), None), "a majority, but not a clear one");
        let mixed = build_field(&[40, 39], 0, 1);
        assert_eq!(mixed.common_count(), None);
        assert_eq!(
            build_tally(&[(2, &usual), (5, &mixed)]).usual_count(),
            None,
            "a field without one number has no say"
        );
    }
}
