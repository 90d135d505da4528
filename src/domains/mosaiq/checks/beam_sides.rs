//! The sides from which the beams of a prescription come: no two from the same one.

use std::collections::BTreeMap;

use super::{Check, CheckCard, CheckFacts, CheckVisitor, Criteria};
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::domains::mosaiq::geometry::{is_same_angle, rounded};
use crate::domains::mosaiq::lookup::LookupId;
use crate::domains::mosaiq::rules::Geometry;
use crate::domains::mosaiq::surveys::{FieldSurvey, SurveyVisitor, SurveyedField};
use crate::model::{Fetch, Finding, Row, Severity, Violation};

const FIELDS: &str = "TxField";
const POINTS: &str = "TxFieldPoint";
/// A prescription in this share of all (one in so many) may have two beams from one side before that is usual.
const USUAL_SHARE: usize = 10;

/// Modality_Enum of electrons.
const ELECTRONS: i64 = 2;
/// How far from above an electron beam can come: its applicator stands at the skin, and the patient lies on the couch.
const ELECTRON_DEGREES: f64 = 110.0;

pub(super) struct BeamSide;

static CARD: CheckCard = CheckCard {
    id: "beam_side",
    group: "geometry",
    mode: "plausible_geometry",
    severity: Severity::Critical,
    about: "No two standing beams of a prescription come from the same side (gantry and couch angle), unless a tenth \
        of the prescriptions has such beams. Of an opposed pair, a beam that was turned to the other side is found \
        so. No electron beam comes from below, where the couch is (more than 110 degrees from above), unless a tenth \
        of them does.",
    remedy: "Compare the beams' directions with the treatment plan before the next fraction.",
};

impl Check for BeamSide {
    fn card(&self) -> &'static CheckCard {
        &CARD
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(FIELDS), Fetch::all(POINTS)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        vec![
            CheckedColumn::required(FIELDS, "FLD_ID", CellForm::Whole),
            CheckedColumn::required(FIELDS, "SIT_Set_ID", CellForm::Whole),
            CheckedColumn::required(FIELDS, "Type_Enum", CellForm::Whole),
            CheckedColumn::optional(FIELDS, "Modality_Enum", CellForm::Whole),
            CheckedColumn::required(POINTS, "FLD_ID", CellForm::Whole),
            CheckedColumn::required(POINTS, "Point", CellForm::Whole),
            CheckedColumn::required(POINTS, "Gantry_Ang", CellForm::Number),
            CheckedColumn::optional(POINTS, "Couch_Ang", CellForm::Number),
        ]
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        Box::new(SurveyVisitor::new(SideSurvey { rules: &criteria.rules.geometry }, criteria.rules))
    }
}

struct SideSurvey<'a> {
    rules: &'a Geometry,
}

struct BeamOrder {
    site: LookupId,
    is_electrons: bool,
}

/// The prescription of a field, and the angles of gantry and couch of a beam that stands still.
impl FieldSurvey for SideSurvey<'_> {
    type Record = BeamOrder;
    type Summary = (f64, f64);

    fn read_record(&self, row: &Row<'_>) -> BeamOrder {
        let is_electrons = row.integer("Modality_Enum") == Some(ELECTRONS);
        BeamOrder { site: LookupId::from_cell(row.cell("SIT_Set_ID")), is_electrons }
    }

    fn summarize_points(&self, points: &[Row<'_>]) -> Option<(f64, f64)> {
        let first = points.first()?.float("Gantry_Ang")?;
        let is_still =
            points.iter().all(|row| row.float("Gantry_Ang").is_some_and(|angle| is_same_angle(angle, first, 0.5)));
        is_still.then(|| (first, points.first().and_then(|row| row.float("Couch_Ang")).unwrap_or_default()))
    }

    fn judge_fields(
        &self,
        fields: &[SurveyedField<'_, Self>],
        _: &CheckFacts<'_>,
        findings: &mut Vec<Finding>,
        remarks: &mut Vec<String>,
    ) -> usize {
        let mut sites: BTreeMap<&LookupId, Vec<&SurveyedField<'_, Self>>> = BTreeMap::new();
        // Old versions of a field come from the same side as the current one.
        let current = fields.iter().filter(|field| field.is_treatment() && field.field.version == 0);
        for field in current.filter(|field| !field.record.site.is_null()) {
            sites.entry(&field.record.site).or_default().push(field);
        }
        check_electrons(fields, findings, remarks);
        sites.retain(|_, beams| beams.len() > 1);
        let twins: Vec<_> = sites.values().filter_map(|beams| self.find_twins(beams)).collect();
        if twins.len().saturating_sub(1) * USUAL_SHARE > sites.len() {
            let count = twins.len();
            remarks
                .push(format!("two beams from one side are usual here: in {count} of {} prescriptions", sites.len()));
            return sites.values().map(Vec::len).sum();
        }
        for (one, other) in twins {
            let gantry = rounded(other.summary.0);
            let message = format!("the beam comes from {gantry} degrees, as does another beam of the prescription");
            let wrong = Violation { what: format!("Gantry_Ang={gantry}"), message };
            findings.push(other.finding(CARD.id, CARD.severity, &[one], wrong));
        }
        sites.values().map(Vec::len).sum()
    }
}

/// Adds the electron beams that come from below.
fn check_electrons(
    fields: &[SurveyedField<'_, SideSurvey<'_>>],
    findings: &mut Vec<Finding>,
    remarks: &mut Vec<String>,
) {
    let all = fields.iter().filter(|field| field.is_treatment() && field.record.is_electrons);
    let below = all.clone().filter(|field| !is_same_angle(field.summary.0, 0.0, ELECTRON_DEGREES));
    let (count, all) = (below.clone().count(), all.count());
    if count.saturating_sub(1) * USUAL_SHARE > all {
        remarks.push(format!("{count} of {all} electron beams come from below: the gantry's scale is another one"));
        return;
    }
    for field in below {
        let gantry = rounded(field.summary.0);
        let message = format!("an electron beam comes from {gantry} degrees, from below through the couch");
        let wrong = Violation { what: format!("Gantry_Ang={gantry} electrons"), message };
        findings.push(field.finding(CARD.id, CARD.severity, &[], wrong));
    }
}

impl SideSurvey<'_> {
    /// Returns the first two beams that come from the same side.
    fn find_twins<'s, 'f>(
        &self,
        beams: &[&'s SurveyedField<'f, Self>],
    ) -> Option<(&'s SurveyedField<'f, Self>, &'s SurveyedField<'f, Self>)> {
        let tolerance = self.rules.angle_tolerance.get();
        for (at, one) in beams.iter().enumerate() {
            let same = beams.iter().skip(at + 1).find(|other| {
                one.field.set != other.field.set
                    && is_same_angle(one.summary.0, other.summary.0, tolerance)
                    && is_same_angle(one.summary.1, other.summary.1, tolerance)
            });
            if let Some(other) = same {
                return Some((*one, *other));
            }
        }
        None
    }
}
