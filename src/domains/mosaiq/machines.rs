//! What the fields of a machine tell about it: its leaf convention and its number of leaf pairs. Knows no rules.

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

/// Type_Enum of imaging fields: setup, kV setup, CT, port, MV CT.
const LOOKING: [i64; 5] = [3, 4, 5, 6, 9];

/// Returns the queries for other fields of the same machines, and for their control points.
pub(super) fn queries(records: &[Value], snapshot: &Snapshot) -> Vec<Fetch> {
    let machines: BTreeSet<Value> = records::read_cells(snapshot, FIELDS, "FLD_ID", records, MACHINE).collect();
    if machines.is_empty() {
        return Vec::new();
    }
    let unread = records::unread_queries(snapshot, [Fetch::among(FIELDS, MACHINE, machines.clone())]);
    if !unread.is_empty() {
        return unread;
    }
    // The same sample as the plan will take, so that it finds every control point read.
    let fields = machines.iter().flat_map(|machine| sample_evenly(&treatment_fields(snapshot, machine)));
    records::unread_queries(snapshot, [Fetch::among(POINTS, "FLD_ID", fields)])
}

/// Returns the treatment fields of a machine in key order; complete only if the machine's fields were read.
fn treatment_fields(snapshot: &Snapshot, machine: &Value) -> Vec<Value> {
    let rows = snapshot.table(FIELDS).map(|fields| fields.rows_with(MACHINE, machine)).unwrap_or_default();
    rows.into_iter().filter(is_treatment_field).filter_map(|row| row.cell("FLD_ID").map(key_form)).collect()
}

fn is_treatment_field(row: &Row<'_>) -> bool {
    is_treatment(row.integer("Type_Enum"))
}

/// Tells whether a type of field is none of the imaging ones; NULL is none.
pub(super) fn is_treatment(kind: Option<i64>) -> bool {
    kind.is_none_or(|kind| !LOOKING.contains(&kind))
}

/// Returns at most [`MACHINE_FIELDS_MAX`] fields at equal distances.
fn sample_evenly(fields: &[Value]) -> Vec<Value> {
    // Old and new fields alike, faults of earlier operations included: the first fields would all be old.
    let count = fields.len().min(MACHINE_FIELDS_MAX);
    (0..count).filter_map(|at| fields.get(at * fields.len() / count.max(1)).cloned()).collect()
}

/// The other treatment fields of a machine.
#[derive(Debug, Default)]
pub(super) struct PeerFields {
    /// Totals over the sampled fields.
    pub(super) tally: MachineTally,
    /// Number of fields with leaves on the machine, estimated if only a sample was read.
    pub(super) peers: usize,
}

/// Adds up the other treatment fields of a field's machine; the default if it names no machine.
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
    // Two thirds of the estimate: one that is too high would let a fault spread until it is the majority.
    let peers = match tally.field_count() {
        fields if read.len() == others => fields,
        fields => fields * others * 2 / (read.len().max(1) * 3),
    };
    Ok(PeerFields { tally, peers })
}

/// A field whose control points use leaves.
#[derive(Clone, Debug)]
pub(super) struct LeafField<'m> {
    pub(super) field: Field<'m>,
    pub(super) leaves: &'m FieldLeaves,
}

impl LeafField<'_> {
    /// Tells whether it counts towards its machine's totals.
    fn is_representative(&self) -> bool {
        is_treatment(self.field.kind) && !self.field.machine.is_null()
    }
}

/// The leaf gaps of all fields.
#[derive(Debug, Default)]
pub(super) struct GapSummary {
    /// The fields with crossed pairs, and the convention of their machines.
    pub(super) crossed: BTreeMap<LookupId, Convention>,
    /// Number of fields with pairs.
    pub(super) fields: u64,
    /// Number of those whose machine's convention is unknown.
    pub(super) unjudged: u64,
}

/// All fields, their leaves, and the totals of every machine.
#[derive(Debug, Default)]
pub struct Machines {
    pub(super) fields: Fields,
    leaves: Lookup<FieldLeaves>,
    tallies: BTreeMap<LookupId, MachineTally>,
}

impl Machines {
    /// Adds the leaves of some control points of a field.
    pub(super) fn add_leaves(&mut self, field: LookupId, leaves: FieldLeaves) {
        self.leaves.add_with(field, leaves, |earlier, more| earlier.merge(&more));
    }

    /// Computes the totals of the machines, after the last control points.
    pub(super) fn build_tallies(&mut self) {
        self.leaves.seal_with(|earlier, more| earlier.merge(&more));
        let mut tallies: BTreeMap<LookupId, MachineTally> = BTreeMap::new();
        for field in self.with_leaves().filter(LeafField::is_representative) {
            tallies.entry(field.field.machine.clone()).or_default().add_field(field.leaves);
        }
        self.tallies = tallies;
    }

    /// Iterates over the fields with leaves in the order of FLD_ID.
    pub(super) fn with_leaves(&self) -> impl Iterator<Item = LeafField<'_>> {
        self.leaves.iter().filter_map(|(id, leaves)| Some(LeafField { field: self.fields.get(&id)?, leaves }))
    }

    pub(super) fn leaf_field(&self, id: &LookupId) -> Option<LeafField<'_>> {
        Some(LeafField { field: self.fields.get(id)?, leaves: self.leaves.get(id)? })
    }

    /// Checks each field against the convention that the rules give its machine, or else that of the machine's other
    /// fields.
    pub(super) fn check_gaps(&self, ruled: impl Fn(&LookupId) -> Option<Convention>) -> GapSummary {
        let mut gaps = GapSummary::default();
        for field in self.with_leaves().filter(|field| field.leaves.has_pairs()) {
            gaps.fields += 1;
            // Without the field itself: a field with many crossed pairs would argue for the convention that hides them.
            match ruled(field.field.machine).or_else(|| self.peer_tally(&field).likely_convention()) {
                None => gaps.unjudged += 1,
                Some(convention) if field.leaves.is_crossed(convention) => {
                    gaps.crossed.insert(field.field.id, convention);
                }
                Some(_) => {}
            }
        }
        gaps
    }

    /// Returns the totals of a machine without one of its fields; the default if the field names no machine.
    pub(super) fn peer_tally(&self, field: &LeafField<'_>) -> MachineTally {
        match self.tallies.get(field.field.machine) {
            Some(tally) if field.is_representative() => tally.without_field(field.leaves),
            Some(tally) => tally.clone(),
            None => MachineTally::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_taken_at_equal_distances() {
        let fields: Vec<Value> = (0..400).map(Value::Integer).collect();
        assert_eq!(sample_evenly(&fields[..0]), []);
        assert_eq!(sample_evenly(&fields[..7]), fields[..7]);
        let sample = sample_evenly(&fields);
        assert_eq!((sample.len(), &sample[1]), (MACHINE_FIELDS_MAX, &Value::Integer(400 / 41)));
    }
}
