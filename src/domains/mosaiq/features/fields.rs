//! What the deliveries of one field share: its meterset and its control points.

use std::collections::BTreeMap;

use super::meterset::{self, find_sum};
use super::mlc::{self, LeafFeatures, LeafTotals};
use super::points::{PointAngles, PointFacts, compute_angles, compute_numbers};
use crate::domains::mosaiq::fields::MACHINE;
use crate::domains::mosaiq::leaves::Convention;
use crate::domains::mosaiq::lookup::LookupId;
use crate::domains::mosaiq::machines::is_treatment;
use crate::domains::mosaiq::metersets::Dose;
use crate::domains::mosaiq::tally::{FieldLeaves, MachineTally};
use crate::model::Row;

/// The columns of a field.
pub(super) const FIELD_COLUMNS: [&str; 6] = ["FLD_ID", MACHINE, "Type_Enum", "Meterset", "Cgray", "cGrayPerMeterset"];
/// The columns of a control point.
pub(super) const POINT_COLUMNS: [&str; 9] =
    ["TFP_ID", "FLD_ID", "Point", "Index", "Gantry_Ang", "Coll_Ang", "MLC_Leaves", "A_Leaf_Set", "B_Leaf_Set"];

/// The crossed pairs of every machine's treatment fields. From them follows how a machine counts its banks.
#[derive(Debug, Default)]
pub(super) struct MachineTallies(BTreeMap<LookupId, MachineTally>);

impl MachineTallies {
    /// Adds a control point that is joined with its field.
    pub(super) fn add_point(&mut self, row: &Row<'_>) {
        let machine = LookupId::from_cell(row.cell("TxField.Machine_ID_Staff_ID"));
        if machine.is_null() || !is_treatment(row.integer("TxField.Type_Enum")) {
            return;
        }
        if let Some(point) = mlc::read_point(row) {
            self.0.entry(machine).or_default().add_field(&[point].iter().collect());
        }
    }

    /// Returns the convention by which a field's leaves are judged: that of the machine's other fields, or where these
    /// have no pair, one that the field itself does not contradict.
    fn find_convention(&self, field: &FieldFacts, own: &FieldLeaves) -> Option<Convention> {
        if field.machine.is_null() {
            return None;
        }
        let all = self.0.get(&field.machine).cloned().unwrap_or_default();
        let others = if field.is_treatment { all.without_field(own) } else { all };
        if others.has_pairs() { others.fitting_convention() } else { own.uncrossed_convention() }
    }
}

/// What is kept of a field's row.
#[derive(Clone, Debug)]
pub(super) struct FieldFacts {
    machine: LookupId,
    is_treatment: bool,
    /// Meterset, MU.
    meterset: Option<f64>,
    dose: Option<Dose>,
}

impl FieldFacts {
    pub(super) fn from_row(row: &Row<'_>) -> Self {
        Self {
            machine: LookupId::from_cell(row.cell(MACHINE)),
            is_treatment: is_treatment(row.integer("Type_Enum")),
            meterset: row.float("Meterset").filter(|meterset| meterset.is_finite()),
            dose: Dose::from_field(row),
        }
    }
}

/// The control points of a field while they are read, in any order.
#[derive(Debug, Default)]
pub(super) struct FieldPoints {
    facts: Vec<PointFacts>,
    leaves: FieldLeaves,
    totals: LeafTotals,
    /// The order of the first point, with its leaves as the reference reads them.
    first: Option<((bool, i64, i64), Option<LeafFeatures>)>,
}

impl FieldPoints {
    pub(super) fn add_row(&mut self, row: &Row<'_>, strict: bool) {
        let facts = PointFacts::from_row(row);
        if strict {
            let order = facts.order();
            if self.first.is_none_or(|(first, _)| order < first) {
                self.first = Some((order, mlc::compute_strictly(row)));
            }
        } else if let Some(point) = mlc::read_point(row) {
            self.leaves.add_point(&point);
            self.totals.add_point(&point);
        }
        self.facts.push(facts);
    }
}

/// The features that all deliveries of a field share. A missing group is `None`.
#[derive(Clone, Debug, Default)]
pub(super) struct FieldFeatures {
    pub(super) exists: bool,
    pub(super) meterset: Option<[f64; 8]>,
    pub(super) has_mu_cp: bool,
    pub(super) numbers: Option<[f64; 6]>,
    pub(super) angles: Option<PointAngles>,
    pub(super) mlc: Option<LeafFeatures>,
    /// Whether the reference fails on the field.
    pub(super) is_refused: bool,
}

impl FieldFeatures {
    /// Computes the features of a field from its row and its points, where it has any.
    pub(super) fn compute(
        field: Option<&FieldFacts>,
        points: Option<FieldPoints>,
        machines: &MachineTallies,
        strict: bool,
    ) -> Self {
        let mut points = points.unwrap_or_default();
        points.facts.sort_by_key(PointFacts::order);
        let facts = &points.facts;
        let any = !facts.is_empty();
        let planned = field.and_then(|field| field.meterset);
        let (meterset, has_mu_cp, mlc, is_refused) = if strict {
            let lacks =
                |point: &PointFacts| point.number.is_none() || point.gantry.is_none() || point.collimator.is_none();
            let first = points.first.and_then(|(_, leaves)| leaves);
            (planned.and_then(meterset::compute_strictly), false, first, facts.iter().any(lacks))
        } else {
            let last = facts.last().and_then(|point| point.index);
            let sum = find_sum(facts.len(), last, field.and_then(|field| field.dose));
            let convention = field.and_then(|field| machines.find_convention(field, &points.leaves));
            let meterset = planned.map(|planned| meterset::compute(planned, sum));
            (meterset, planned.is_some() && sum.is_some(), points.totals.compute(convention), false)
        };
        Self {
            exists: field.is_some(),
            meterset,
            has_mu_cp,
            numbers: any.then(|| compute_numbers(facts)),
            angles: any.then(|| compute_angles(facts, strict)),
            mlc,
            is_refused,
        }
    }
}
