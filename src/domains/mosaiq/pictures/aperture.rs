//! The leaves of a control point in one coordinate, whichever way the machine counts; says which leaves cannot be.

use crate::domain::picture::{Aperture, LeafPair};
use crate::domains::mosaiq::fleet::MachineRules;
use crate::domains::mosaiq::leaves::{self, BANK_A, BANK_B, Convention, LeafPoint, LeafPositions};
use crate::domains::mosaiq::lookup::LookupId;
use crate::domains::mosaiq::machines::Machines;
use crate::domains::mosaiq::rules::Rules;
use crate::model::refusal::render_key;
use crate::model::snapshot::key_form;
use crate::model::{Row, Snapshot};

/// How machines count and how far their leaves reach: as the rules say, or as far as other fields tell.
pub struct LeafGeometry<'a> {
    machines: &'a Machines,
    fleet: MachineRules<'a>,
}

impl<'a> LeafGeometry<'a> {
    /// Takes the machines' own rules before what the leaves of their fields say.
    #[must_use]
    pub fn new(whole: &Snapshot, machines: &'a Machines, rules: &'a Rules) -> Self {
        Self { machines, fleet: MachineRules::from_snapshot(whole, rules) }
    }

    /// Returns the convention of a field's machine, and what tells so.
    fn resolve_convention(&self, field: &LookupId, point: &LeafPoint<'_>) -> (Convention, &'static str) {
        let own = self.machines.leaf_field(field);
        let ruled = self.machines.fields.get(field).and_then(|field| self.fleet.find_rule(field.machine));
        if let Some(convention) = ruled.and_then(|rule| rule.leaf_convention) {
            return (convention, "as the rules say of the machine");
        }
        match own.and_then(|own| self.machines.peer_tally(&own).likely_convention()) {
            Some(convention) => (convention, "as the machine's other fields tell"),
            None => (guess_convention([point]), "a guess from these leaves alone"),
        }
    }

    /// Returns the leaves of a control point; `None` where it has no positions.
    pub(super) fn build_aperture(&self, row: &Row<'_>) -> Option<Aperture> {
        let point = LeafPoint::from_row(row).or_else(|| read_unnumbered_point(row))?;
        let field = LookupId::from_cell(row.cell("FLD_ID"));
        let (convention, told) = self.resolve_convention(&field, &point);
        let reaches = |position: i16| self.fleet.of_field(&field, &self.machines.fields).can_reach(position);
        of_point(row, convention, format!("{}, {told}", convention.description()), reaches)
    }
}

/// Returns the leaves of a control point under a convention; `None` where it has no positions.
pub(super) fn of_point(
    row: &Row<'_>,
    convention: Convention,
    counting: String,
    reaches: impl Fn(i16) -> bool,
) -> Option<Aperture> {
    let point = LeafPoint::from_row(row).or_else(|| read_unnumbered_point(row))?;
    let pairs = build_pairs(&point, convention, reaches);
    let field = render_key(&row.cell("FLD_ID").map(key_form).into_iter().collect::<Vec<_>>());
    let title = format!("Leaves of control point {} of field {field}", point.render_number());
    (!pairs.is_empty()).then_some(Aperture { title, counting, pairs })
}

/// Returns a control point with positions whose number of leaves is missing.
fn read_unnumbered_point<'s>(row: &Row<'s>) -> Option<LeafPoint<'s>> {
    let bank = |column| leaves::read_set(row, column).unwrap_or_default();
    let (a, b) = (bank(BANK_A), bank(BANK_B));
    let leaves = a.len().max(b.len()) / 2;
    (leaves > 0).then_some(LeafPoint { row: *row, leaves, a, b })
}

/// Returns the way to count under which fewer pairs of control points are crossed.
pub(super) fn guess_convention<'p, 's: 'p>(points: impl IntoIterator<Item = &'p LeafPoint<'s>> + Clone) -> Convention {
    let pairs = || points.clone().into_iter().flat_map(LeafPoint::pairs);
    let crossed = |convention: Convention| pairs().filter(|pair| convention.is_crossed(*pair)).count();
    if crossed(Convention::Outward) < crossed(Convention::Absolute) {
        Convention::Outward
    } else {
        Convention::Absolute
    }
}

fn build_pairs(point: &LeafPoint<'_>, convention: Convention, reaches: impl Fn(i16) -> bool) -> Vec<LeafPair> {
    let bank = |set| leaves::decode_positions(set, point.leaves).collect::<Vec<i16>>();
    let (a, b) = (bank(point.a), bank(point.b));
    let one = |at: usize| {
        let (a, b) = (a.get(at).copied(), b.get(at).copied());
        let coordinate = |a: i16| match convention {
            Convention::Absolute => i32::from(a),
            Convention::Outward => -i32::from(a),
        };
        LeafPair {
            a: a.map(coordinate),
            b: b.map(i32::from),
            crossed: a.zip(b).is_some_and(|(a, b)| convention.is_crossed(LeafPositions { a, b })),
            beyond: [a, b].into_iter().flatten().any(|position| !reaches(position)),
        }
    };
    if a.is_empty() && b.is_empty() { Vec::new() } else { (0..point.leaves).map(one).collect() }
}
