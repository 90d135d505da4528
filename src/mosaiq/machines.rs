//! What a machine's other fields tell of it: how its banks count, and how many leaf pairs it has; reads no rules.

use std::collections::{BTreeMap, BTreeSet};

use super::leaves::{Convention, LeafPoint, POINTS};
use super::limits::{CROSSED_FIELDS_PER_HUNDRED, EXPECTING_FIELDS_MIN, MACHINE_FIELDS_MAX};
use super::records;
use crate::model::snapshot::key_form;
use crate::model::{Key, Query, Refusal, Row, Snapshot, TableRows, Value};

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
    counts: BTreeSet<usize>,
    /// Whether any pair can be read.
    has_pairs: bool,
    /// Whether a pair is crossed, if the banks count in one coordinate and if they count outward.
    crossed: Crossed<bool>,
}

/// Something for each convention.
#[derive(Clone, Copy, Debug, Default)]
struct Crossed<T> {
    absolute: T,
    outward: T,
}

impl FieldLeaves {
    /// Takes in how many leaf pairs a control point has.
    fn add_count(&mut self, point: &LeafPoint<'_>) {
        self.counts.insert(point.leaves);
    }

    /// Takes in a control point whole.
    fn add(&mut self, point: &LeafPoint<'_>) {
        self.add_count(point);
        for pair in point.pairs() {
            self.has_pairs = true;
            self.crossed.absolute |= Convention::Absolute.crosses(pair);
            self.crossed.outward |= Convention::Outward.crosses(pair);
        }
    }

    /// Returns the number of leaf pairs that all points agree on.
    pub(super) fn count(&self) -> Option<usize> {
        self.counts.first().copied().filter(|_| self.counts.len() == 1)
    }

    /// Returns every number of leaf pairs that a point says.
    pub(super) const fn counts(&self) -> &BTreeSet<usize> {
        &self.counts
    }
}

impl<T: Copy> Crossed<T> {
    const fn under(&self, convention: Convention) -> T {
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

/// Fields of a machine, counted by what they say.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// Fields with pairs, and those that each convention would see crossed.
    fields: usize,
    crossed: Crossed<usize>,
    /// Fields by their one number of leaf pairs.
    counts: BTreeMap<usize, usize>,
}

impl Tally {
    fn add(&mut self, field: &FieldLeaves) {
        self.change(field, |count| *count += 1);
    }

    /// Returns the tally of the other fields.
    fn without(&self, field: &FieldLeaves) -> Self {
        let mut others = self.clone();
        others.change(field, |count| *count = count.saturating_sub(1));
        others
    }

    fn change(&mut self, field: &FieldLeaves, step: impl Fn(&mut usize)) {
        if field.has_pairs {
            step(&mut self.fields);
        }
        if field.crossed.absolute {
            step(&mut self.crossed.absolute);
        }
        if field.crossed.outward {
            step(&mut self.crossed.outward);
        }
        if let Some(count) = field.count() {
            step(self.counts.entry(count).or_default());
        }
    }

    /// Returns the convention under which fewer fields have crossed pairs, absolute where both have as many; `None`
    /// where no field tells, or too many contradict even the better one.
    pub(super) fn convention(&self) -> Option<Convention> {
        let Crossed { absolute, outward } = self.crossed;
        let convention = if outward < absolute { Convention::Outward } else { Convention::Absolute };
        let tells = self.fields > 0 && absolute.min(outward) * 100 <= self.fields * CROSSED_FIELDS_PER_HUNDRED;
        tells.then_some(convention)
    }

    /// Returns the number of leaf pairs that more than half of the fields have, where there are enough of them.
    pub(super) fn usual_count(&self) -> Option<usize> {
        let fields: usize = self.counts.values().sum();
        let most = self.counts.iter().find(|(_, times)| **times * 2 > fields);
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
    // One more than are counted, because a field itself may be among the first.
    let fields = machines.iter().flat_map(|machine| treatment_fields(snapshot, machine).take(MACHINE_FIELDS_MAX + 1));
    records::unread(snapshot, [Query::among(POINTS, "FLD_ID", fields)])
}

/// Returns the fields of a machine that treat, in key order; whole only where the machine was asked for.
fn treatment_fields<'s>(snapshot: &'s Snapshot, machine: &Value) -> impl Iterator<Item = Value> + 's {
    let rows = snapshot.table(FIELDS).map(|fields| fields.with(MACHINE, machine)).unwrap_or_default();
    let treats = |row: &Row<'_>| row.integer("Type_Enum").is_none_or(|kind| !LOOKING.contains(&kind));
    rows.into_iter().filter(treats).filter_map(|row| row.cell("FLD_ID").map(key_form))
}

/// Returns what the first other treatment fields of a field's machine say; nothing where it names no machine.
///
/// # Errors
/// [`Refusal::MissingTable`] or [`Refusal::MissingColumn`].
pub(super) fn others(snapshot: &Snapshot, field: &Row<'_>) -> Result<Tally, Refusal> {
    for column in [MACHINE, "Type_Enum", "FLD_ID"] {
        field.table.column(column)?;
    }
    let mut tally = Tally::default();
    let Some(machine) = field.cell(MACHINE).filter(|machine| !machine.is_null()) else { return Ok(tally) };
    let own = field.cell("FLD_ID").map(key_form);
    let others = treatment_fields(snapshot, machine).filter(|id| Some(id) != own.as_ref());
    for id in others.take(MACHINE_FIELDS_MAX) {
        tally.add(&super::leaves::of_field(snapshot, &id)?.iter().collect());
    }
    Ok(tally)
}

/// A field whose control points use leaves, as a check sees it.
#[derive(Debug)]
pub(super) struct LeafField {
    pub(super) key: Key,
    /// The machine, NULL where the field names none.
    pub(super) machine: Value,
    /// FLD_SET_ID, NULL where the field has none.
    pub(super) set: Value,
    pub(super) version: i64,
    pub(super) leaves: FieldLeaves,
}

/// What the gaps of all fields say.
#[derive(Debug, Default)]
pub(super) struct Gaps<'m> {
    /// The fields with crossed pairs, and how their machines count.
    pub(super) crossed: BTreeMap<&'m Value, Convention>,
    /// How many fields have pairs.
    pub(super) fields: u64,
    /// How many of them cannot be judged: their machine's convention is unknown.
    pub(super) unjudged: u64,
}

/// Every field with leaves, and every machine's tally.
#[derive(Debug, Default)]
pub(super) struct Machines {
    fields: BTreeMap<Value, LeafField>,
    tallies: BTreeMap<Value, Tally>,
}

impl Machines {
    /// Reads whole tables, each row once.
    pub(super) fn read(fields: &TableRows, points: &TableRows) -> Self {
        Self::gather(fields, points, FieldLeaves::add)
    }

    /// Reads whole tables, but no position: the conventions stay unknown.
    pub(super) fn read_counts(fields: &TableRows, points: &TableRows) -> Self {
        Self::gather(fields, points, FieldLeaves::add_count)
    }

    fn gather(fields: &TableRows, points: &TableRows, add: fn(&mut FieldLeaves, &LeafPoint<'_>)) -> Self {
        let mut leaves: BTreeMap<Value, FieldLeaves> = BTreeMap::new();
        for point in points.rows().filter_map(|row| LeafPoint::read(&row)) {
            let field = point.row.cell("FLD_ID").map_or(Value::Null, key_form);
            add(leaves.entry(field).or_default(), &point);
        }
        let mut machines = Self::default();
        for row in fields.rows() {
            let cell = |column: &str| row.cell(column).map_or(Value::Null, key_form);
            let id = cell("FLD_ID");
            let Some(leaves) = leaves.remove(&id) else { continue };
            let machine = cell(MACHINE);
            if !machine.is_null() {
                machines.tallies.entry(machine.clone()).or_default().add(&leaves);
            }
            let version = row.integer("Version").unwrap_or_default();
            let field = LeafField { key: row.key(), machine, set: cell("FLD_SET_ID"), version, leaves };
            machines.fields.insert(id, field);
        }
        machines
    }

    /// Returns every field with leaves, by FLD_ID.
    pub(super) const fn fields(&self) -> &BTreeMap<Value, LeafField> {
        &self.fields
    }

    /// Holds each field against the convention that its machine's other fields tell.
    pub(super) fn gaps(&self) -> Gaps<'_> {
        let mut gaps = Gaps::default();
        for (id, field) in self.fields.iter().filter(|(_, field)| field.leaves.has_pairs) {
            gaps.fields += 1;
            match self.others(field).convention() {
                None => gaps.unjudged += 1,
                Some(convention) if field.leaves.crossed.under(convention) => {
                    gaps.crossed.insert(id, convention);
                }
                Some(_) => {}
            }
        }
        gaps
    }

    /// Returns what the other fields of a field's machine say; nothing where it names no machine.
    pub(super) fn others(&self, field: &LeafField) -> Tally {
        self.tallies.get(&field.machine).map(|tally| tally.without(&field.leaves)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(counts: &[usize], absolute: bool, outward: bool) -> FieldLeaves {
        let counts = counts.iter().copied().collect();
        FieldLeaves { counts, has_pairs: true, crossed: Crossed { absolute, outward } }
    }

    fn tally(fields: &[(usize, FieldLeaves)]) -> Tally {
        let mut tally = Tally::default();
        fields.iter().for_each(|(times, field)| (0..*times).for_each(|_| tally.add(field)));
        tally
    }

    #[test]
    fn the_convention_is_the_one_that_fewer_fields_contradict() {
        let (absolute, outward) = (field(&[40], false, true), field(&[40], true, false));
        let (both, neither) = (field(&[40], false, false), field(&[40], true, true));
        let of = |fields: &[(usize, &FieldLeaves)]| {
            let fields: Vec<_> = fields.iter().map(|(times, field)| (*times, (*field).clone())).collect();
            tally(&fields).convention()
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[(3, &both)]), Some(Convention::Absolute));
        assert_eq!(of(&[(3, &absolute), (1, &outward)]), Some(Convention::Absolute), "a quarter is borne");
        assert_eq!(of(&[(1, &absolute), (3, &outward)]), Some(Convention::Outward));
        assert_eq!(of(&[(2, &absolute), (1, &outward)]), None, "a third is not");
        assert_eq!(of(&[(4, &outward), (1, &neither)]), Some(Convention::Outward));
        assert_eq!(of(&[(1, &neither)]), None);
    }

    #[test]
    fn leaving_one_out_leaves_the_others() {
        let (usual, odd) = (field(&[40], false, true), field(&[60], true, true));
        let all = tally(&[(3, usual.clone()), (1, odd.clone())]);
        assert_eq!((all.without(&odd).usual_count(), all.without(&usual).usual_count()), (Some(40), Some(40)));
        assert_eq!(tally(&[(2, usual.clone())]).usual_count(), None, "two fields are too few");
        assert_eq!(tally(&[(2, usual.clone()), (2, odd)]).usual_count(), None, "half is no majority");
        let mixed = field(&[40, 39], false, true);
        assert_eq!(mixed.count(), None);
        assert_eq!(tally(&[(2, usual), (5, mixed)]).usual_count(), None, "a field without one number has no say");
    }
}
