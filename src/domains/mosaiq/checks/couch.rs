//! The couch of a field: where the other fields of its prescription have it, and not far beyond what its machine ever
//! shows.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::{Check, CheckCard, CheckFacts, CheckVisitor, Criteria};
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::domains::mosaiq::geometry::{Span, find_median, rounded};
use crate::domains::mosaiq::lookup::LookupId;
use crate::domains::mosaiq::peers::PeerRange;
use crate::domains::mosaiq::rules::Geometry;
use crate::domains::mosaiq::surveys::{FieldSurvey, SurveyVisitor, SurveyedField};
use crate::model::{Fetch, Finding, Row, Severity, Violation};

const FIELDS: &str = "TxField";
const POINTS: &str = "TxFieldPoint";
const AXES: [&str; 3] = ["Couch_Vrt", "Couch_Lat", "Couch_Lng"];
/// Scales of couches are circles of this length: 999.6 is -0.4.
const SCALE_CM: f64 = 1000.0;
/// The couch stands by the part of the body: so many times more fields are needed to know how far it goes.
const MACHINE_TIMES: usize = 3;
/// Patients may be treated at any place along the couch.
const LONGITUDINAL: &str = "Couch_Lng";

pub(super) struct CouchPosition;

static CARD: CheckCard = CheckCard {
    id: "couch_position",
    group: "geometry",
    mode: "plausible_geometry",
    severity: Severity::High,
    about: "The couch of a field (Couch_Vrt, Couch_Lat, Couch_Lng) stays where it is throughout the field, stands \
        within the rules' tolerance of where the other fields of the prescription have it, and lies within what many \
        other fields of the machine show, with the rules' margins. A couch at 0 on all three axes was never set.",
    remedy: "Compare the couch with the treatment plan and the last treatments before the next fraction.",
};

impl Check for CouchPosition {
    fn card(&self) -> &'static CheckCard {
        &CARD
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(FIELDS), Fetch::all(POINTS)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        let ids = [(FIELDS, "FLD_ID"), (FIELDS, "SIT_Set_ID"), (POINTS, "FLD_ID"), (POINTS, "Point")];
        let ids = ids.map(|(table, column)| CheckedColumn::required(table, column, CellForm::Whole));
        let axes = AXES.map(|axis| CheckedColumn::judged_alone(POINTS, axis, CellForm::Number));
        ids.into_iter().chain(axes).collect()
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        Box::new(SurveyVisitor::new(CouchSurvey { rules: &criteria.rules.geometry }, criteria.rules))
    }
}

struct CouchSurvey<'a> {
    rules: &'a Geometry,
}

/// The prescription (SIT_Set_ID), and the couch on each axis over the control points.
impl FieldSurvey for CouchSurvey<'_> {
    type Record = LookupId;
    type Summary = [Option<Span>; 3];

    fn read_record(&self, row: &Row<'_>) -> LookupId {
        LookupId::from_cell(row.cell("SIT_Set_ID"))
    }

    fn summarize_points(&self, points: &[Row<'_>]) -> Option<[Option<Span>; 3]> {
        let spans = AXES.map(|axis| Span::of_numbers(points.iter().filter_map(|row| row.float(axis))));
        let is_set = spans.iter().flatten().any(|span| span.least != 0.0 || span.most != 0.0);
        is_set.then_some(spans)
    }

    fn judge_fields(
        &self,
        fields: &[SurveyedField<'_, Self>],
        _: &CheckFacts<'_>,
        findings: &mut Vec<Finding>,
        _: &mut Vec<String>,
    ) -> usize {
        let mut sites: BTreeMap<&LookupId, Vec<&SurveyedField<'_, Self>>> = BTreeMap::new();
        let mut machines: BTreeMap<&LookupId, Vec<&SurveyedField<'_, Self>>> = BTreeMap::new();
        let mut ranges: BTreeMap<&LookupId, [PeerRange<'_>; 3]> = BTreeMap::new();
        let mut outliers: BTreeMap<(&LookupId, String), Finding> = BTreeMap::new();
        for field in fields {
            sites.entry(field.record).or_default().push(field);
            machines.entry(field.field.machine).or_default().push(field);
            for (at, range) in ranges.entry(field.field.machine).or_default().iter_mut().enumerate() {
                if let Some(place) = position(field, at) {
                    range.add_number(field.record, place);
                }
            }
        }
        for field in fields {
            let site = sites.get(field.record).filter(|_| !field.record.is_null());
            let machine = machines.get(field.field.machine).filter(|_| !field.field.machine.is_null());
            let wrong = self.check_motion(field).or_else(|| self.check_site(field, site?, machine));
            let ranges = ranges.get(field.field.machine).filter(|_| machine.is_some());
            match wrong.or_else(|| self.check_machine(field, ranges?)) {
                Some(finding) if finding.related.is_empty() && !field.record.is_null() => {
                    add_to_prescription(&mut outliers, field.record, finding);
                }
                finding => findings.extend(finding),
            }
        }
        findings.extend(outliers.into_values());
        fields.len()
    }
}

impl CouchSurvey<'_> {
    /// Returns the finding of a field whose couch moves from control point to control point.
    fn check_motion(&self, field: &SurveyedField<'_, Self>) -> Option<Finding> {
        for (axis, span) in AXES.iter().zip(field.summary) {
            let Some(span) = span.filter(|span| span.width() > self.rules.couch_tolerance.get()) else { continue };
            let (least, most) = (rounded(span.least), rounded(span.most));
            let message = format!("{axis} runs from {least} to {most} cm within the field; a couch stands still");
            let wrong = Violation { what: format!("{axis}={least}..{most}"), message };
            return Some(field.finding(CARD.id, CARD.severity, &[], wrong));
        }
        None
    }

    /// Returns the finding of a field whose couch stands elsewhere than that of the prescription's other fields.
    fn check_site(
        &self,
        field: &SurveyedField<'_, Self>,
        site: &[&SurveyedField<'_, Self>],
        machine: Option<&Vec<&SurveyedField<'_, Self>>>,
    ) -> Option<Finding> {
        let others: Vec<&SurveyedField<'_, Self>> = site
            .iter()
            .copied()
            .filter(|other| other.field.id != field.field.id && other.field.machine == field.field.machine)
            .collect();
        for (at, axis) in AXES.iter().enumerate() {
            let Some(own) = position(field, at) else { continue };
            let Some(usual) =
                find_median(&mut others.iter().filter_map(|other| position(other, at)).collect::<Vec<_>>())
            else {
                continue;
            };
            if distance(own, usual) <= self.rules.couch_tolerance.get() {
                continue;
            }
            let Some(partner) = others.iter().find(|other| position(other, at) == Some(usual)) else { continue };
            // Of two fields that differ, the one farther from the machine's other fields is reported.
            let far = machine
                .filter(|_| others.len() == 1)
                .and_then(|all| find_median(&mut all.iter().filter_map(|one| position(one, at)).collect::<Vec<_>>()));
            if others.len() == 1 && far.is_some_and(|middle| distance(own, middle) < distance(usual, middle)) {
                continue;
            }
            let (own, usual) = (rounded(own), rounded(usual));
            let message = format!("{axis} is {own} cm, and {usual} cm in the prescription's other fields");
            let wrong = Violation { what: format!("{axis}={own} others={usual}"), message };
            return Some(field.finding(CARD.id, CARD.severity, &[*partner], wrong));
        }
        None
    }

    /// Returns the finding of a field whose couch is farther out than that of any other field of its machine.
    fn check_machine(&self, field: &SurveyedField<'_, Self>, ranges: &[PeerRange<'_>; 3]) -> Option<Finding> {
        for (at, axis) in AXES.iter().enumerate() {
            let (Some(own), Some(range)) = (position(field, at), ranges.get(at)) else { continue };
            let Some((count, usual)) = range.without_site(field.record) else { continue };
            if count < MACHINE_TIMES * self.rules.peers() {
                continue;
            }
            let margin =
                if *axis == LONGITUDINAL { self.rules.couch_length_margin } else { self.rules.couch_margin }.get();
            if own >= usual.least - margin && own <= usual.most + margin {
                continue;
            }
            let (own, least, most) = (rounded(own), rounded(usual.least), rounded(usual.most));
            let message = format!("{axis} is {own} cm; the machine's other fields have {least} to {most} cm");
            let wrong = Violation { what: format!("{axis}={own} machine={least}..{most}"), message };
            return Some(field.finding(CARD.id, CARD.severity, &[], wrong));
        }
        None
    }
}

/// Adds a finding to one that says the same of another field of the prescription: all of its beams have one couch.
fn add_to_prescription<'f>(
    outliers: &mut BTreeMap<(&'f LookupId, String), Finding>,
    site: &'f LookupId,
    finding: Finding,
) {
    match outliers.entry((site, finding.what.clone())) {
        Entry::Vacant(place) => drop(place.insert(finding)),
        Entry::Occupied(mut first) => first.get_mut().related.push((finding.table, finding.key)),
    }
}

fn position(field: &SurveyedField<'_, CouchSurvey<'_>>, axis: usize) -> Option<f64> {
    // Around 0 a scale that is a circle jumps from 999.9 to 0.
    let middle = field.summary.get(axis).copied().flatten()?.middle();
    Some(if middle > SCALE_CM * 0.9 { middle - SCALE_CM } else { middle })
}

fn distance(one: f64, other: f64) -> f64 {
    (one - other).abs()
}
