//! What a machine's other fields tell of it: how its banks count, and how many leaf pairs it has; reads no rules.

use std::collections::{BTreeMap, BTreeSet};

pub(super) use super::fields::{FIELDS, MACHINE};
use super::fields::{Field, Fields};
use super::leaves::{Convention, POINTS};
use super::limits::MACHINE_FIELDS_MAX;
use super::lookup::{Lookup, LookupId};
use super::records;
use super::tally::{FieldLeaves, MachineTally};
use crate::model::snapshot::key_form;
use crate::model::{Fetch, Refusal, Row, Snapshot, Value};

/// Type_Enum of fields that only look: setup, kV setup, CT, port, MV CT.
const LOOKING: [i64; 5] = [3, 4, 5, 6, 9];

/// Returns what has to be read beyond the fields themselves to know what their machines' other fields say.
pub(super) fn queries(records: &[Value], snapshot: &Snapshot) -> Vec<Fetch> {
    let machines: BTreeSet<Value> = records::read_cells(snapshot, FIELDS, "FLD_ID", records, MACHINE).collect();
    if machines.is_empty() {
        return Vec::new();
    }
    let unread = records::unread_queries(snapshot, [Fetch::among(FIELDS, MACHINE, machines.clone())]);
    if !unread.is_empty() {
        return unread;
    }
    let fields = machines.iter().flat_map(|machine| sample_evenly(&treatment_fields(snapshot, machine)));
    records::unread_queries(snapshot, [Fetch::among(POINTS, "FLD_ID", fields)])
}

/// Returns the fields of a machine that treat, in key order; whole only where the machine was asked for.
fn treatment_fields(snapshot: &Snapshot, machine: &Value) -> Vec<Value> {
    let rows = snapshot.table(FIELDS).map(|fields| fields.rows_with(MACHINE, machine)).unwrap_or_default();
    rows.into_iter().filter(is_treatment_field).filter_map(|row| row.cell("FLD_ID").map(key_form)).collect()
}

/// Tells whether a field treats: its type is none of those that only look.
fn is_treatment_field(row: &Row<'_>) -> bool {
    is_treatment(row.integer("Type_Enum"))
}

fn is_treatment(kind: Option<i64>) -> bool {
    kind.is_none_or(|kind| !LOOKING.contains(&kind))
}

/// Returns so many fields at equal distances, or all where there are no more: what a machine is like today, old fields
/// and new, earlier faults included.
fn sample_evenly(fields: &[Value]) -> Vec<Value> {
    let taken = fields.len().min(MACHINE_FIELDS_MAX);
    (0..taken).filter_map(|at| fields.get(at * fields.len() / taken.max(1)).cloned()).collect()
}

/// What the other fields of a field's machine say.
#[derive(Debug, Default)]
pub(super) struct PeerFields {
    /// What those read say.
    pub(super) tally: MachineTally,
    /// How many there are like those that have leaves, read or not.
    pub(super) peers: usize,
}

/// Returns what other treatment fields of a field's machine say; nothing where it names no machine.
///
/// # Errors
/// [`Refusal::MissingTable`] or [`Refusal::MissingColumn`].
pub(super) fn read_peer_fields(snapshot: &Snapshot, field: &Row<'_>) -> Result<PeerFields, Refusal> {
    for column in [MACHINE, "Type_Enum", "FLD_ID"] {
        field.table.column(column)?;
    }
    let mut tally = MachineTally::default();
    let Some(machine) = field.cell(MACHINE).filter(|machine| !machine.is_null()) else {
        return Ok(PeerFields::default());
    };
    let own = field.cell("FLD_ID").map(key_form);
    let all = treatment_fields(snapshot, machine);
    let read: Vec<Value> = sample_evenly(&all).into_iter().filter(|id| Some(id) != own.as_ref()).collect();
    for id in &read {
        tally.add_field(&super::leaves::of_field(snapshot, id)?.iter().collect());
    }
    let others = all.iter().filter(|id| Some(*id) != own.as_ref()).count();
    // An estimate may be too high, and one that is too high would let a fault become the usual: two thirds of it.
    let peers = match tally.field_count() {
        fields if read.len() == others => fields,
        fields => fields * others * 2 / (read.len().max(1) * 3),
    };
    Ok(PeerFields { tally, peers })
}

/// A field whose control points use leaves, as a check sees it.
#[derive(Clone, Debug)]
pub(super) struct LeafField<'m> {
    pub(super) field: Field<'m>,
    pub(super) leaves: &'m FieldLeaves,
}

impl LeafField<'_> {
    /// Tells whether it speaks for its machine: it treats.
    fn is_representative(&self) -> bool {
        is_treatment(self.field.kind) && !self.field.machine.is_null()
    }
}

/// What the gaps of all fields say.
#[derive(Debug, Default)]
pub(super) struct GapSummary {
    /// The fields with crossed pairs, and how their machines count.
    pub(super) crossed: BTreeMap<LookupId, Convention>,
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
    tallies: BTreeMap<LookupId, MachineTally>,
}

impl Machines {
    /// Takes in what control points of a field say.
    pub(super) fn take_leaves(&mut self, field: LookupId, leaves: FieldLeaves) {
        self.leaves.add_with(field, leaves, |kept, more| kept.merge(&more));
    }

    /// Adds up what was taken in, once all of it has come by.
    pub(super) fn build_tallies(&mut self) {
        self.leaves.seal_with(|kept, more| kept.merge(&more));
        let mut tallies: BTreeMap<LookupId, MachineTally> = BTreeMap::new();
        for field in self.with_leaves().filter(LeafField::is_representative) {
            tallies.entry(field.field.machine.clone()).or_default().add_field(field.leaves);
        }
        self.tallies = tallies;
    }

    /// Returns every field with leaves, by FLD_ID.
    pub(super) fn with_leaves(&self) -> impl Iterator<Item = LeafField<'_>> {
        self.leaves.iter().filter_map(|(id, leaves)| Some(LeafField { field: self.fields.get(&id)?, leaves }))
    }

    /// Returns a field with leaves.
    pub(super) fn leaf_field(&self, id: &LookupId) -> Option<LeafField<'_>> {
        Some(LeafField { field: self.fields.get(id)?, leaves: self.leaves.get(id)? })
    }

    /// Holds each field against the convention that is told of its machine, or that the machine's other fields tell.
    pub(super) fn check_gaps(&self, told: impl Fn(&LookupId) -> Option<Convention>) -> GapSummary {
        let mut gaps = GapSummary::default();
        for field in self.with_leaves().filter(|field| field.leaves.has_pairs()) {
            gaps.fields += 1;
            match told(field.field.machine).or_else(|| self.peer_tally(&field).likely_convention()) {
                None => gaps.unjudged += 1,
                Some(convention) if field.leaves.is_crossed(convention) => {
                    gaps.crossed.insert(field.field.id, convention);
                }
                Some(_) => {}
            }
        }
        gaps
    }

    /// Returns what the other fields of a field's machine say; nothing where it names no machine.
    pub(super) fn peer_tally(&self, field: &LeafField<'_>) -> MachineTally {
        let tally = self.tallies.get(field.field.machine);
        let others = |tally: &MachineTally| {
            if field.is_representative() { tally.without_field(field.leaves) } else { tally.clone() }
        };
        tally.map(others).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_taken_at_equal_distances() {
        let ids = |count: i64| (0..count).map(Value::Integer).collect::<Vec<_>>();
        assert_eq!(sample_evenly(&ids(0)), []);
        assert_eq!(sample_evenly(&ids(7)), ids(7));
        let taken = sample_evenly(&ids(400));
        assert_eq!((taken.len(), &taken[1]), (MACHINE_FIELDS_MAX, &Value::Integer(400 / 41)));
    }
}
