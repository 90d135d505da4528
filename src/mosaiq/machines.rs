//! What a machine's other fields tell of it: how its banks count, and how many leaf pairs it has; reads no rules.

use std::collections::{BTreeMap, BTreeSet};

use super::fields::{Field, Fields};
use super::leaves::{Convention, LeafPoint, POINTS};
use super::limits::{CROSSED_PAIRS_PER_HUNDRED, EXPECTING_FIELDS_MIN, MACHINE_FIELDS_MAX};
use super::lookup::{Id, Lookup};
use super::records;
use crate::model::snapshot::key_form;
use crate::model::{Query, Refusal, Row, Snapshot, Value};

/// The table of fields.
pub(super) const FIELDS: &str = "TxField";
/// The column that names a field's machine.
pub(super) const MACHINE: &str = "Machine_ID_Staff_ID";
/// Type_Enum of fields that only look: setup, kV setup, CT, port, MV CT.
const LOOKING: [i64; 5] = [3, 4, 5, 6, 9];

/// What the leaves of one field's control points say.
#[derive(Clone, Debug, Default)]
pub(super) struct FieldLeaves {
    /// The numbers of leaf pairs in use.
    counts: Counts,
    /// How many pairs can be read.
    pairs: u32,
    /// How many of them are crossed, if the banks count in one coordinate and if they count outward.
    crossed: Crossed,
}

/// Numbers of leaf pairs; of nearly every field one.
#[derive(Clone, Debug, Default)]
enum Counts {
    #[default]
    None,
    One(usize),
    Many(BTreeSet<usize>),
}

/// Crossed pairs under each convention.
#[derive(Clone, Copy, Debug, Default)]
struct Crossed {
    absolute: u32,
    outward: u32,
}

impl Counts {
    fn add(&mut self, count: usize) {
        match self {
            Self::None => *self = Self::One(count),
            Self::One(known) if *known == count => {}
            Self::One(known) => *self = Self::Many(BTreeSet::from([*known, count])),
            Self::Many(known) => drop(known.insert(count)),
        }
    }

    fn all(&self) -> BTreeSet<usize> {
        match self {
            Self::None => BTreeSet::new(),
            Self::One(count) => BTreeSet::from([*count]),
            Self::Many(counts) => counts.clone(),
        }
    }
}

impl FieldLeaves {
    /// Takes in a control point.
    pub(super) fn add(&mut self, point: &LeafPoint<'_>) {
        self.counts.add(point.leaves);
        for pair in point.pairs() {
            self.pairs = self.pairs.saturating_add(1);
            self.crossed.absolute += u32::from(Convention::Absolute.crosses(pair));
            self.crossed.outward += u32::from(Convention::Outward.crosses(pair));
        }
    }

    /// Takes in what other control points of the field say.
    fn join(&mut self, more: &Self) {
        more.counts().into_iter().for_each(|count| self.counts.add(count));
        self.pairs = self.pairs.saturating_add(more.pairs);
        self.crossed.absolute = self.crossed.absolute.saturating_add(more.crossed.absolute);
        self.crossed.outward = self.crossed.outward.saturating_add(more.crossed.outward);
    }

    /// Returns the number of leaf pairs that all points agree on.
    pub(super) const fn count(&self) -> Option<usize> {
        match self.counts {
            Counts::One(count) => Some(count),
            Counts::None | Counts::Many(_) => None,
        }
    }

    /// Returns every number of leaf pairs that a point says.
    pub(super) fn counts(&self) -> BTreeSet<usize> {
        self.counts.all()
    }
}

impl Crossed {
    const fn under(self, convention: Convention) -> u32 {
        match convention {
            Convention::Absolute => self.absolute,
            Convention::Outward => self.outward,
        }
    }
}

impl<'p, 's: 'p> FromIterator<&'p LeafPoint<'s>> for FieldLeaves {
    fn from_iter<I: IntoIterator<Item = &'p LeafPoint<'s>>>(points: I) -> Self {
        let mut leaves = Self::default();
        points.into_iter().for_each(|point| leaves.add(point));
        leaves
    }
}

/// Fields of a machine, added up by what they say.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// Pairs, and those that each convention would see crossed.
    pairs: u64,
    absolute: u64,
    outward: u64,
    /// Fields by their one number of leaf pairs.
    counts: BTreeMap<usize, usize>,
}

impl Tally {
    fn add(&mut self, field: &FieldLeaves) {
        self.change(field, u64::saturating_add, usize::saturating_add);
    }

    /// Returns the tally of the other fields.
    fn without(&self, field: &FieldLeaves) -> Self {
        let mut others = self.clone();
        others.change(field, u64::saturating_sub, usize::saturating_sub);
        others
    }

    fn change(&mut self, field: &FieldLeaves, step: fn(u64, u64) -> u64, count: fn(usize, usize) -> usize) {
        self.pairs = step(self.pairs, field.pairs.into());
        self.absolute = step(self.absolute, field.crossed.absolute.into());
        self.outward = step(self.outward, field.crossed.outward.into());
        if let Some(pairs) = field.count() {
            let known = self.counts.entry(pairs).or_default();
            *known = count(*known, 1);
        }
    }

    /// Tells whether hardly any pair contradicts a convention.
    ///
    /// Pairs are counted, not fields: a fault that crosses one pair of every field leaves the rest to speak.
    const fn fits(&self, convention: Convention) -> bool {
        let crossed = match convention {
            Convention::Absolute => self.absolute,
            Convention::Outward => self.outward,
        };
        crossed * 100 <= self.pairs * CROSSED_PAIRS_PER_HUNDRED
    }

    /// Returns the convention that these fields tell beyond doubt: it fits, and the other does not.
    pub(super) const fn told(&self) -> Option<Convention> {
        match (self.fits(Convention::Absolute), self.fits(Convention::Outward)) {
            (true, false) => Some(Convention::Absolute),
            (false, true) => Some(Convention::Outward),
            _ => None,
        }
    }

    /// Returns the convention to judge by: the one that is told, or absolute where both fit and no pair contradicts it.
    pub(super) const fn convention(&self) -> Option<Convention> {
        match self.told() {
            None if self.pairs > 0 && self.absolute == 0 => Some(Convention::Absolute),
            told => told,
        }
    }

    /// Returns how many fields have one number of leaf pairs.
    pub(super) fn fields(&self) -> usize {
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
        let fields = self.fields();
        let most = self.counts.iter().find(|(_, times)| enough(**times, fields));
        most.filter(|_| fields >= EXPECTING_FIELDS_MIN).map(|(count, _)| *count)
    }
}

/// Returns what has to be read beyond the fields themselves to know what their machines' other fields say.
pub(super) fn queries(records: &[Value], snapshot: &Snapshot) -> Vec<Query> {
    let machines: BTreeSet<Value> = records::cells(snapshot, FIELDS, "FLD_ID", records, MACHINE).collect();
    if machines.is_empty() {
        return Vec::new();
    }
    let unread = records::unread(snapshot, [Query::among(FIELDS, MACHINE, machines.clone())]);
    if !unread.is_empty() {
        return unread;
    }
    let fields = machines.iter().flat_map(|machine| spread(&treatment_fields(snapshot, machine)));
    records::unread(snapshot, [Query::among(POINTS, "FLD_ID", fields)])
}

/// Returns the fields of a machine that treat, in key order; whole only where the machine was asked for.
fn treatment_fields(snapshot: &Snapshot, machine: &Value) -> Vec<Value> {
    let rows = snapshot.table(FIELDS).map(|fields| fields.with(MACHINE, machine)).unwrap_or_default();
    rows.into_iter().filter(treats).filter_map(|row| row.cell("FLD_ID").map(key_form)).collect()
}

/// Tells whether a field treats: its type is none of those that only look.
fn treats(row: &Row<'_>) -> bool {
    is_treatment(row.integer("Type_Enum"))
}

fn is_treatment(kind: Option<i64>) -> bool {
    kind.is_none_or(|kind| !LOOKING.contains(&kind))
}

/// Returns so many fields at equal distances, or all where there are no more: what a machine is like today, old fields
/// and new, earlier faults included.
fn spread(fields: &[Value]) -> Vec<Value> {
    let taken = fields.len().min(MACHINE_FIELDS_MAX);
    (0..taken).filter_map(|at| fields.get(at * fields.len() / taken.max(1)).cloned()).collect()
}

/// What the other fields of a field's machine say.
#[derive(Debug, Default)]
pub(super) struct Others {
    /// What those read say.
    pub(super) tally: Tally,
    /// How many there are like those that have leaves, read or not.
    pub(super) peers: usize,
}

/// Returns what other treatment fields of a field's machine say; nothing where it names no machine.
///
/// # Errors
/// [`Refusal::MissingTable`] or [`Refusal::MissingColumn`].
pub(super) fn others(snapshot: &Snapshot, field: &Row<'_>) -> Result<Others, Refusal> {
    for column in [MACHINE, "Type_Enum", "FLD_ID"] {
        field.table.column(column)?;
    }
    let mut tally = Tally::default();
    let Some(machine) = field.cell(MACHINE).filter(|machine| !machine.is_null()) else { return Ok(Others::default()) };
    let own = field.cell("FLD_ID").map(key_form);
    let all = treatment_fields(snapshot, machine);
    let read: Vec<Value> = spread(&all).into_iter().filter(|id| Some(id) != own.as_ref()).collect();
    for id in &read {
        tally.add(&super::leaves::of_field(snapshot, id)?.iter().collect());
    }
    let others = all.iter().filter(|id| Some(*id) != own.as_ref()).count();
    // An estimate may be too high, and one that is too high would let a fault become the usual: two thirds of it.
    let peers = match tally.fields() {
        fields if read.len() == others => fields,
        fields => fields * others * 2 / (read.len().max(1) * 3),
    };
    Ok(Others { tally, peers })
}

/// A field whose control points use leaves, as a check sees it.
#[derive(Clone, Debug)]
pub(super) struct LeafField<'m> {
    pub(super) field: Field<'m>,
    pub(super) leaves: &'m FieldLeaves,
}

impl LeafField<'_> {
    /// Tells whether it speaks for its machine: it treats.
    fn speaks(&self) -> bool {
        is_treatment(self.field.kind) && !self.field.machine.is_null()
    }
}

/// What the gaps of all fields say.
#[derive(Debug, Default)]
pub(super) struct Gaps {
    /// The fields with crossed pairs, and how their machines count.
    pub(super) crossed: BTreeMap<Id, Convention>,
    /// How many fields have pairs.
    pub(super) fields: u64,
    /// How many of them cannot be judged: their machine's convention is unknown.
    pub(super) unjudged: u64,
}

/// Every field, what its leaves say, and every machine's tally.
#[derive(Debug, Default)]
pub struct Machines {
    pub(super) fields: Fields,
    leaves: Lookup<FieldLeaves>,
    tallies: BTreeMap<Id, Tally>,
}

impl Machines {
    /// Takes in what control points of a field say.
    pub(super) fn take_leaves(&mut self, field: Id, leaves: FieldLeaves) {
        self.leaves.add_with(field, leaves, |kept, more| kept.join(&more));
    }

    /// Adds up what was taken in, once all of it has come by.
    pub(super) fn settle(&mut self) {
        self.leaves.seal_with(|kept, more| kept.join(&more));
        let mut tallies: BTreeMap<Id, Tally> = BTreeMap::new();
        for field in self.with_leaves().filter(LeafField::speaks) {
            tallies.entry(field.field.machine.clone()).or_default().add(field.leaves);
        }
        self.tallies = tallies;
    }

    /// Returns every field with leaves, by FLD_ID.
    pub(super) fn with_leaves(&self) -> impl Iterator<Item = LeafField<'_>> {
        self.leaves.iter().filter_map(|(id, leaves)| Some(LeafField { field: self.fields.get(&id)?, leaves }))
    }

    /// Returns a field with leaves.
    pub(super) fn leaf_field(&self, id: &Id) -> Option<LeafField<'_>> {
        Some(LeafField { field: self.fields.get(id)?, leaves: self.leaves.get(id)? })
    }

    /// Holds each field against the convention that is told of its machine, or that the machine's other fields tell.
    pub(super) fn gaps(&self, told: impl Fn(&Id) -> Option<Convention>) -> Gaps {
        let mut gaps = Gaps::default();
        for field in self.with_leaves().filter(|field| field.leaves.pairs > 0) {
            gaps.fields += 1;
            match told(field.field.machine).or_else(|| self.others(&field).convention()) {
                None => gaps.unjudged += 1,
                Some(convention) if field.leaves.crossed.under(convention) > 0 => {
                    gaps.crossed.insert(field.field.id, convention);
                }
                Some(_) => {}
            }
        }
        gaps
    }

    /// Returns what the other fields of a field's machine say; nothing where it names no machine.
    pub(super) fn others(&self, field: &LeafField<'_>) -> Tally {
        let tally = self.tallies.get(field.field.machine);
        let others = |tally: &Tally| if field.speaks() { tally.without(field.leaves) } else { tally.clone() };
        tally.map(others).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(counts: &[usize], absolute: u32, outward: u32) -> FieldLeaves {
        let mut numbers = Counts::default();
        counts.iter().for_each(|count| numbers.add(*count));
        FieldLeaves { counts: numbers, pairs: 40, crossed: Crossed { absolute, outward } }
    }

    fn tally(fields: &[(usize, FieldLeaves)]) -> Tally {
        let mut tally = Tally::default();
        fields.iter().for_each(|(times, field)| (0..*times).for_each(|_| tally.add(field)));
        tally
    }

    #[test]
    fn a_convention_is_told_by_pairs_and_not_by_fields() {
        let (absolute, outward) = (field(&[40], 0, 20), field(&[40], 20, 0));
        let (both, faulty) = (field(&[40], 0, 0), field(&[40], 1, 20));
        let of = |fields: &[(usize, &FieldLeaves)]| {
            let fields: Vec<_> = fields.iter().map(|(times, field)| (*times, (*field).clone())).collect();
            let tally = tally(&fields);
            (tally.told(), tally.convention())
        };
        let (one, other) = (Some(Convention::Absolute), Some(Convention::Outward));
        assert_eq!(of(&[]), (None, None));
        assert_eq!(of(&[(3, &absolute)]), (one, one));
        assert_eq!(of(&[(3, &outward)]), (other, other));
        assert_eq!(of(&[(9, &faulty)]), (one, one), "one crossed pair in every field changes nothing");
        assert_eq!(of(&[(3, &both)]), (None, one), "both fit: absolute, but it is not told");
        assert_eq!(of(&[(3, &both), (1, &field(&[40], 1, 0))]), (None, None), "both nearly fit");
        assert_eq!(of(&[(2, &absolute), (1, &outward)]), (None, None), "both are contradicted");
    }

    #[test]
    fn leaving_one_out_leaves_the_others() {
        let (usual, odd) = (field(&[40], 0, 1), field(&[60], 1, 1));
        let all = tally(&[(3, usual.clone()), (1, odd.clone())]);
        assert_eq!((all.without(&odd).usual_count(), all.without(&usual).usual_count()), (Some(40), Some(40)));
        assert_eq!((all.without(&usual).clear_count(), all.without(&usual).fields()), (Some(40), 3));
        assert_eq!(tally(&[(2, usual.clone())]).usual_count(), None, "two fields are too few");
        assert_eq!(tally(&[(2, usual.clone()), (2, odd.clone())]).usual_count(), None, "half is no majority");
        let narrow = tally(&[(3, usual.clone()), (2, odd)]);
        assert_eq!((narrow.usual_count(), narrow.clear_count()), (Some(40), None), "a majority, but not a clear one");
        let mixed = field(&[40, 39], 0, 1);
        assert_eq!(mixed.count(), None);
        assert_eq!(tally(&[(2, usual), (5, mixed)]).usual_count(), None, "a field without one number has no say");
    }

    #[test]
    fn fields_are_taken_at_equal_distances() {
        let ids = |count: i64| (0..count).map(Value::Integer).collect::<Vec<_>>();
        assert_eq!(spread(&ids(0)), []);
        assert_eq!(spread(&ids(7)), ids(7));
        let taken = spread(&ids(400));
        assert_eq!((taken.len(), &taken[1]), (MACHINE_FIELDS_MAX, &Value::Integer(400 / 41)));
    }
}
