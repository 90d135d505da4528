//! What leaves say, added up over a field and over a machine's fields; knows neither fields nor machines.

use std::collections::{BTreeMap, BTreeSet};

use super::leaves::{Convention, LeafPoint};
use super::limits::{CROSSED_PAIRS_PER_HUNDRED, EXPECTING_FIELDS_MIN};

/// What the leaves of one field's control points say.
#[derive(Clone, Debug, Default)]
pub(super) struct FieldLeaves {
    /// The numbers of leaf pairs in use.
    counts: LeafPairCounts,
    /// How many pairs can be read.
    pairs: u32,
    /// How many of them are crossed, if the banks count in one coordinate and if they count outward.
    crossed: CrossedCounts,
}

/// Numbers of leaf pairs; of nearly every field one.
#[derive(Clone, Debug, Default)]
enum LeafPairCounts {
    #[default]
    None,
    One(usize),
    Many(BTreeSet<usize>),
}

/// Crossed pairs under each convention.
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
    /// Takes in a control point.
    pub(super) fn add_point(&mut self, point: &LeafPoint<'_>) {
        self.counts.insert(point.leaves);
        for pair in point.pairs() {
            self.pairs = self.pairs.saturating_add(1);
            self.crossed.absolute += u32::from(Convention::Absolute.is_crossed(pair));
            self.crossed.outward += u32::from(Convention::Outward.is_crossed(pair));
        }
    }

    /// Takes in what other control points of the field say.
    pub(super) fn merge(&mut self, more: &Self) {
        more.all_counts().into_iter().for_each(|count| self.counts.insert(count));
        self.pairs = self.pairs.saturating_add(more.pairs);
        self.crossed.absolute = self.crossed.absolute.saturating_add(more.crossed.absolute);
        self.crossed.outward = self.crossed.outward.saturating_add(more.crossed.outward);
    }

    /// Tells whether there is a pair that can be read.
    pub(super) const fn has_pairs(&self) -> bool {
        self.pairs > 0
    }

    /// Tells whether a pair is crossed under a convention.
    pub(super) const fn is_crossed(&self, convention: Convention) -> bool {
        let crossed = match convention {
            Convention::Absolute => self.crossed.absolute,
            Convention::Outward => self.crossed.outward,
        };
        crossed > 0
    }

    /// Returns the number of leaf pairs that all points agree on.
    pub(super) const fn common_count(&self) -> Option<usize> {
        match self.counts {
            LeafPairCounts::One(count) => Some(count),
            LeafPairCounts::None | LeafPairCounts::Many(_) => None,
        }
    }

    /// Returns every number of leaf pairs that a point says.
    pub(super) fn all_counts(&self) -> BTreeSet<usize> {
        self.counts.to_set()
    }
}

impl<'p, 's: 'p> FromIterator<&'p LeafPoint<'s>> for FieldLeaves {
    fn from_iter<I: IntoIterator<Item = &'p LeafPoint<'s>>>(points: I) -> Self {
        let mut leaves = Self::default();
        points.into_iter().for_each(|point| leaves.add_point(point));
        leaves
    }
}

/// Fields of a machine, added up by what they say.
#[derive(Clone, Debug, Default)]
pub(super) struct MachineTally {
    /// Pairs, and those that each convention would see crossed.
    pairs: u64,
    absolute: u64,
    outward: u64,
    /// Fields by their one number of leaf pairs.
    counts: BTreeMap<usize, usize>,
}

impl MachineTally {
    /// Takes in a field.
    pub(super) fn add_field(&mut self, field: &FieldLeaves) {
        self.apply_field(field, u64::saturating_add, usize::saturating_add);
    }

    /// Returns the tally of the other fields.
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

    /// Tells whether hardly any pair contradicts a convention.
    ///
    /// Pairs are counted, not fields: a fault that crosses one pair of every field leaves the rest to speak.
    const fn is_plausible(&self, convention: Convention) -> bool {
        let crossed = match convention {
            Convention::Absolute => self.absolute,
            Convention::Outward => self.outward,
        };
        crossed * 100 <= self.pairs * CROSSED_PAIRS_PER_HUNDRED
    }

    /// Returns the convention that these fields tell beyond doubt: it fits, and the other does not.
    pub(super) const fn certain_convention(&self) -> Option<Convention> {
        match (self.is_plausible(Convention::Absolute), self.is_plausible(Convention::Outward)) {
            (true, false) => Some(Convention::Absolute),
            (false, true) => Some(Convention::Outward),
            _ => None,
        }
    }

    /// Returns the convention to judge by: the one that is told, or absolute where both fit and no pair contradicts it.
    pub(super) const fn likely_convention(&self) -> Option<Convention> {
        match self.certain_convention() {
            None if self.pairs > 0 && self.absolute == 0 => Some(Convention::Absolute),
            told => told,
        }
    }

    /// Returns how many fields have one number of leaf pairs.
    pub(super) fn field_count(&self) -> usize {
        self.counts.values().sum()
    }

    /// Returns the number of leaf pairs that more than half of the fields have, where there are enough of them.
    pub(super) fn usual_count(&self) -> Option<usize> {
        self.count_of(|times, fields| times * 2 > fields)
    }

    /// Returns the number of leaf pairs that at least two thirds of the fields have, where there are enough of them.
    pub(super) fn clear_count(&self) -> Option<usize> {
        self.count_of(|times, fields| times * 3 >= fields * 2)
    }

    fn count_of(&self, enough: impl Fn(usize, usize) -> bool) -> Option<usize> {
        let fields = self.field_count();
        let most = self.counts.iter().find(|(_, times)| enough(**times, fields));
        most.filter(|_| fields >= EXPECTING_FIELDS_MIN).map(|(count, _)| *count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build_field(counts: &[usize], absolute: u32, outward: u32) -> FieldLeaves {
        let mut numbers = LeafPairCounts::default();
        counts.iter().for_each(|count| numbers.insert(*count));
        FieldLeaves { counts: numbers, pairs: 40, crossed: CrossedCounts { absolute, outward } }
    }

    fn build_tally(fields: &[(usize, FieldLeaves)]) -> MachineTally {
        let mut tally = MachineTally::default();
        fields.iter().for_each(|(times, field)| (0..*times).for_each(|_| tally.add_field(field)));
        tally
    }

    #[test]
    fn a_convention_is_told_by_pairs_and_not_by_fields() {
        let (absolute, outward) = (build_field(&[40], 0, 20), build_field(&[40], 20, 0));
        let (both, faulty) = (build_field(&[40], 0, 0), build_field(&[40], 1, 20));
        let of = |fields: &[(usize, &FieldLeaves)]| {
            let fields: Vec<_> = fields.iter().map(|(times, field)| (*times, (*field).clone())).collect();
            let tally = build_tally(&fields);
            (tally.certain_convention(), tally.likely_convention())
        };
        let (one, other) = (Some(Convention::Absolute), Some(Convention::Outward));
        assert_eq!(of(&[]), (None, None));
        assert_eq!(of(&[(3, &absolute)]), (one, one));
        assert_eq!(of(&[(3, &outward)]), (other, other));
        assert_eq!(of(&[(9, &faulty)]), (one, one), "one crossed pair in every field changes nothing");
        assert_eq!(of(&[(3, &both)]), (None, one), "both fit: absolute, but it is not told");
        assert_eq!(of(&[(3, &both), (1, &build_field(&[40], 1, 0))]), (None, None), "both nearly fit");
        assert_eq!(of(&[(2, &absolute), (1, &outward)]), (None, None), "both are contradicted");
    }

    #[test]
    fn leaving_one_out_leaves_the_others() {
        let (usual, odd) = (build_field(&[40], 0, 1), build_field(&[60], 1, 1));
        let all = build_tally(&[(3, usual.clone()), (1, odd.clone())]);
        assert_eq!(
            (all.without_field(&odd).usual_count(), all.without_field(&usual).usual_count()),
            (Some(40), Some(40))
        );
        assert_eq!((all.without_field(&usual).clear_count(), all.without_field(&usual).field_count()), (Some(40), 3));
        assert_eq!(build_tally(&[(2, usual.clone())]).usual_count(), None, "two fields are too few");
        assert_eq!(build_tally(&[(2, usual.clone()), (2, odd.clone())]).usual_count(), None, "half is no majority");
        let narrow = build_tally(&[(3, usual.clone()), (2, odd)]);
        assert_eq!((narrow.usual_count(), narrow.clear_count()), (Some(40), None), "a majority, but not a clear one");
        let mixed = build_field(&[40, 39], 0, 1);
        assert_eq!(mixed.common_count(), None);
        assert_eq!(build_tally(&[(2, usual), (5, mixed)]).usual_count(), None, "a field without one number has no say");
    }
}
