//! How far the couch is turned for a beam, against other fields.

use std::collections::BTreeSet;

use super::beam_setup::{Group, group_fields, id_columns, query_fields};
use super::{Check, CheckCard, CheckFacts, CheckVisitor, Criteria, RowBatch};
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::domains::mosaiq::geometry::{is_same_angle, rounded, turn_between};
use crate::domains::mosaiq::lookup::LookupId;
use crate::domains::mosaiq::peers::UsedAngles;
use crate::domains::mosaiq::rules::Geometry;
use crate::domains::mosaiq::surveys::{FieldSurvey, SurveyVisitor, SurveyedField};
use crate::model::{Fetch, Finding, Row, Severity, Violation};

const FIELDS: &str = "TxField";
const POINTS: &str = "TxFieldPoint";
const SITES: &str = "Site";
/// No couch of a linac turns farther to either side, degrees. Those of proton rooms do.
const TURN_MAX_DEGREES: f64 = 110.0;
/// Modality_Enum of X-rays and electrons.
const LINAC_MODALITIES: [i64; 2] = [1, 2];
/// A machine with few fields is compared with the department, if there one field in so many at most has a turned couch.
const TURNED_SHARE: usize = 50;

pub(super) struct CouchAngle;

static ANGLE: CheckCard = CheckCard {
    id: "couch_angle",
    group: "geometry",
    mode: "plausible_geometry",
    severity: Severity::High,
    about: "The couch of a treatment field is turned (Couch_Ang) as in the other fields of the prescription, and by \
        an angle that fields of other prescriptions of the machine have, too; of all machines, where it has few. \
        Prescriptions that the rules name (turned_couch) are left out on both sides: their beams come from many \
        sides. No couch of a linac turns by more than 110 degrees.",
    remedy: "Compare the couch angle with the treatment plan: gantry and couch can collide.",
};

impl Check for CouchAngle {
    fn card(&self) -> &'static CheckCard {
        &ANGLE
    }

    fn required_queries(&self) -> Vec<Fetch> {
        [vec![Fetch::all(SITES)], query_fields()].concat()
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        let more = [
            CheckedColumn::required(SITES, "SIT_SET_ID", CellForm::Whole),
            CheckedColumn::required(SITES, "Site_Name", CellForm::Any),
            CheckedColumn::optional(SITES, "Technique", CellForm::Any),
            CheckedColumn::required(FIELDS, "SIT_Set_ID", CellForm::Whole),
            CheckedColumn::optional(FIELDS, "Modality_Enum", CellForm::Whole),
            CheckedColumn::required(POINTS, "Couch_Ang", CellForm::Number),
        ];
        id_columns().into_iter().chain(more).collect()
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        Box::new(SurveyVisitor::new(
            AngleSurvey { rules: &criteria.rules.geometry, turned: BTreeSet::new() },
            criteria.rules,
        ))
    }
}

struct AngleSurvey<'a> {
    rules: &'a Geometry,
    /// The prescriptions whose beams may each have a couch angle of their own.
    turned: BTreeSet<LookupId>,
}

struct TurnedBeam {
    site: LookupId,
    is_of_linac: bool,
}

/// The prescription of a field, and the couch angle of its first control point.
impl FieldSurvey for AngleSurvey<'_> {
    type Record = TurnedBeam;
    type Summary = f64;

    fn read_record(&self, row: &Row<'_>) -> TurnedBeam {
        let is_of_linac = row.integer("Modality_Enum").is_none_or(|modality| LINAC_MODALITIES.contains(&modality));
        TurnedBeam { site: LookupId::from_cell(row.cell("SIT_Set_ID")), is_of_linac }
    }

    fn read_other_table(&mut self, part: &RowBatch<'_>) {
        for row in &part.rows {
            if self.rules.lets_couch_turn(row) {
                self.turned.insert(LookupId::from_cell(row.cell("SIT_SET_ID")));
            }
        }
    }

    fn summarize_points(&self, points: &[Row<'_>]) -> Option<f64> {
        points.first()?.float("Couch_Ang")
    }

    fn judge_fields(
        &self,
        fields: &[SurveyedField<'_, Self>],
        _: &CheckFacts<'_>,
        findings: &mut Vec<Finding>,
        _: &mut Vec<String>,
    ) -> usize {
        let sites = group_fields(fields, |field| &field.record.site);
        // Images are taken with a straight couch, whatever the beam's is.
        let judged = fields.iter().filter(|field| {
            field.is_treatment() || !is_same_angle(*field.summary, 0.0, self.rules.angle_tolerance.get())
        });
        let used = self.count_angles(fields);
        let beyond = judged.clone().filter(|field| check_range(field).is_some()).count();
        // A scale that begins elsewhere makes all angles too large.
        let has_range = beyond.saturating_sub(1) * 20 <= fields.len();
        for field in judged.clone() {
            let mut wrong = check_range(field).filter(|_| has_range);
            if !self.turned.contains(&field.record.site) {
                let site = sites.get(&field.record.site).filter(|_| !field.record.site.is_null());
                wrong = self.check_site(field, site).or(wrong).or_else(|| self.check_others(field, &used));
            }
            findings.extend(wrong.map(|wrong| field.finding(ANGLE.id, ANGLE.severity, &[], wrong)));
        }
        judged.count()
    }
}

impl AngleSurvey<'_> {
    fn check_site(&self, field: &SurveyedField<'_, Self>, site: Option<&Group<'_, '_, Self>>) -> Option<Violation> {
        let others = site?.iter().filter(|other| other.field.id != field.field.id);
        let usual = *others.clone().next()?.summary;
        let tolerance = self.rules.angle_tolerance.get();
        let agree = others.clone().all(|other| is_same_angle(*other.summary, usual, tolerance));
        if !agree || is_same_angle(*field.summary, usual, tolerance) {
            return None;
        }
        // Of two fields that differ, the one that is turned farther is reported.
        if others.count() == 1 && turn_between(0.0, *field.summary).abs() < turn_between(0.0, usual).abs() {
            return None;
        }
        let (own, usual) = (rounded(*field.summary), rounded(usual));
        let message =
            format!("the couch is turned to {own} degrees, and to {usual} in the prescription's other fields");
        Some(Violation { what: format!("Couch_Ang={own} others={usual}"), message })
    }

    /// Counts the fields of every machine, and under `None` of all together, by couch angle and prescription.
    fn count_angles<'f>(&self, fields: &'f [SurveyedField<'_, Self>]) -> UsedAngles<'f, Option<&'f LookupId>> {
        let mut used = UsedAngles::default();
        for field in fields.iter().filter(|field| field.is_treatment() && !self.turned.contains(&field.record.site)) {
            used.add_field(None, &field.record.site, *field.summary);
            if !field.field.machine.is_null() {
                used.add_field(Some(field.field.machine), &field.record.site, *field.summary);
            }
        }
        used
    }

    fn check_others(
        &self,
        field: &SurveyedField<'_, Self>,
        used: &UsedAngles<'_, Option<&LookupId>>,
    ) -> Option<Violation> {
        let machine = Some(field.field.machine).filter(|machine| !machine.is_null());
        let groups = [(machine, "the machine"), (None, "any machine")];
        // A machine with few fields has those of the department to be compared with, if its couches stand straight.
        let (others, whose) = groups.into_iter().find_map(|(group, whose)| {
            if group.is_none() && used.count_others_than(&group, 0.0) * TURNED_SHARE > used.count_fields(&group) {
                return None;
            }
            let others = used.find_others(&group, &field.record.site, *field.summary)?;
            (others.count >= self.rules.peers()).then_some((others, whose))
        })?;
        if is_same_angle(others.nearest, *field.summary, 2.0 * self.rules.angle_tolerance.get()) {
            return None;
        }
        let own = rounded(*field.summary);
        let message = format!("the couch is turned to {own} degrees, as in no other field of {whose}");
        Some(Violation { what: format!("Couch_Ang={own}"), message })
    }
}

/// Returns the fault of a couch turned farther than any can.
fn check_range(field: &SurveyedField<'_, AngleSurvey<'_>>) -> Option<Violation> {
    let can_be = is_same_angle(*field.summary, 0.0, TURN_MAX_DEGREES) || !field.record.is_of_linac;
    if can_be || !(-360.0..=360.0).contains(field.summary) {
        return None;
    }
    let own = rounded(*field.summary);
    let message = format!("the couch is turned to {own} degrees; none turns by more than {TURN_MAX_DEGREES}");
    Some(Violation { what: format!("Couch_Ang={own} most={TURN_MAX_DEGREES}"), message })
}
