//! Leaf apertures: the leaves of a control point in one coordinate, whatever convention the machine has, with
//! impossible ones marked.

use crate::domain::picture::{Aperture, LeafPair};
use crate::domains::mosaiq::fleet::MachineRules;
use crate::domains::mosaiq::leaves::{self, BANK_A, BANK_B, Convention, LeafPoint, LeafPositions};
use crate::domains::mosaiq::lookup::LookupId;
use crate::domains::mosaiq::machines::Machines;
use crate::domains::mosaiq::rules::{Machine, Rules};
use crate::model::refusal::render_key;
use crate::model::snapshot::key_form;
use crate::model::{Row, Snapshot};

/// Leaf conventions and limits of machines, from the rules or else from the fields of the machine.
pub struct LeafGeometry<'a> {
    machines: &'a Machines,
    fleet: MachineRules<'a>,
}

impl<'a> LeafGeometry<'a> {
    /// `whole` holds the machines' names, `machines` the gathered leaves.
    #[must_use]
    pub fn new(whole: &Snapshot, machines: &'a Machines, rules: &'a Rules) -> Self {
        Self { machines, fleet: MachineRules::from_snapshot(whole, rules) }
    }

    /// Returns the convention of a field's machine, and where it is known from.
    fn resolve_convention(&self, field: &LookupId, point: &LeafPoint<'_>) -> (Convention, &'static str) {
        let own = self.machines.leaf_field(field);
        let ruled = self.machines.fields.get(field).and_then(|field| self.fleet.find_rule(field.machine));
        if let Some(convention) = ruled.and_then(|rule| rule.leaf_convention) {
            return (convention, "from the rules for the machine");
        }
        match own.and_then(|own| self.machines.peer_tally(&own).likely_convention()) {
            Some(convention) => (convention, "inferred from the machine's other fields"),
            None => (guess_convention([point]), "guessed from these leaves alone"),
        }
    }

    /// Returns the aperture of a control point; `None` if it has no positions.
    pub(super) fn build_aperture(&self, row: &Row<'_>) -> Option<Aperture> {
        let point = LeafPoint::from_row(row).or_else(|| read_unnumbered_point(row))?;
        let field = LookupId::from_cell(row.cell("FLD_ID"));
        let (convention, source) = self.resolve_convention(&field, &point);
        let machine = self.fleet.of_field(&field, &self.machines.fields);
        of_point(row, convention, format!("{}, {source}", convention.description()), machine)
    }
}

/// Returns the aperture of a control point under a convention; `None` if it has no positions. `counting` is its
/// caption.
pub(super) fn of_point(row: &Row<'_>, convention: Convention, counting: String, machine: &Machine) -> Option<Aperture> {
    let point = LeafPoint::from_row(row).or_else(|| read_unnumbered_point(row))?;
    let pairs = build_pairs(&point, convention, machine);
    let field = render_key(&row.cell("FLD_ID").map(key_form).into_iter().collect::<Vec<_>>());
    let title = format!("Leaves of control point {} of field {field}", point.render_number());
    (!pairs.is_empty()).then_some(Aperture { title, counting, pairs })
}

/// Returns a control point whose MLC_Leaves is missing, with as many leaves as the longer set holds.
fn read_unnumbered_point<'s>(row: &Row<'s>) -> Option<LeafPoint<'s>> {
    let [a, b] = [BANK_A, BANK_B].map(|column| leaves::read_set(row, column).unwrap_or_default());
    let leaves = a.len().max(b.len()) / 2;
    (leaves > 0).then_some(LeafPoint { row: *row, leaves, a, b })
}

/// Returns the convention under which fewer pairs of the control points are crossed.
pub(super) fn guess_convention<'p, 's: 'p>(points: impl IntoIterator<Item = &'p LeafPoint<'s>>) -> Convention {
    let (mut absolute, mut outward) = (0, 0);
    for pair in points.into_iter().flat_map(LeafPoint::pairs) {
        absolute += usize::from(Convention::Absolute.is_crossed(pair));
        outward += usize::from(Convention::Outward.is_crossed(pair));
    }
    if outward < absolute { Convention::Outward } else { Convention::Absolute }
}

fn build_pairs(point: &LeafPoint<'_>, convention: Convention, machine: &Machine) -> Vec<LeafPair> {
    let [a, b] = [point.a, point.b].map(|set| leaves::decode_positions(set, point.leaves).collect::<Vec<i16>>());
    let mut pairs = Vec::new();
    // A set can be too short for MLC_Leaves: a leaf without a position is drawn as missing.
    let count = if a.is_empty() && b.is_empty() { 0 } else { point.leaves };
    for at in 0..count {
        let (a, b) = (a.get(at).copied(), b.get(at).copied());
        pairs.push(LeafPair {
            a: a.map(|a| match convention {
                Convention::Absolute => i32::from(a),
                Convention::Outward => -i32::from(a),
            }),
            b: b.map(i32::from),
            crossed: a.zip(b).is_some_and(|(a, b)| convention.is_crossed(LeafPositions { a, b })),
            beyond: [a, b].into_iter().flatten().any(|position| !machine.can_reach(position)),
        });
    }
    pairs
}
