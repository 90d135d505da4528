//! How a beam is set up: distance to the skin and dose rate against those of other fields.

use std::collections::BTreeMap;

use super::{Check, CheckCard, CheckFacts, CheckVisitor, Criteria};
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::domains::mosaiq::geometry::{Span, is_same_angle, rounded};
use crate::domains::mosaiq::lookup::LookupId;
use crate::domains::mosaiq::peers::PeerRange;
use crate::domains::mosaiq::rules::Geometry;
use crate::domains::mosaiq::surveys::{FieldSurvey, SurveyVisitor, SurveyedField};
use crate::model::{Fetch, Finding, Row, Severity, Violation};

const FIELDS: &str = "TxField";
const POINTS: &str = "TxFieldPoint";
/// Modality_Enum of electrons, whose applicators are set up to the skin.
const ELECTRONS: i64 = 2;
/// Distances to the skin depend on the part of the body: so many times more fields are needed to know their range.
const SKIN_TIMES: usize = 3;
/// Farther than patients lie even for the whole body, cm.
const ROOM_CM: f64 = 600.0;
/// Other fields of a prescription that must agree on a dose rate.
const SITE_RATES: usize = 2;

pub(super) struct SkinDistance;
pub(super) struct DoseRate;

static SKIN: CheckCard = CheckCard {
    id: "skin_distance",
    group: "geometry",
    mode: "plausible_geometry",
    severity: Severity::Medium,
    about: "The distance from source to skin (Ssd) is that of the prescription's other fields from the same side, \
        within the rules' tolerance, and not far from those of many other treatment fields of the machine with the \
        same modality, nor farther than any room allows. 0 means that it was never set.",
    remedy: "Measure the distance at the next set-up: the patient, the couch or the plan has changed.",
};

static RATE: CheckCard = CheckCard {
    id: "dose_rate",
    group: "geometry",
    mode: "plausible_geometry",
    severity: Severity::Medium,
    about: "The dose rate (Meterset_Rate) is the same at all control points, and one that other fields of the \
        prescription or the machine have with the same energy and filter, where these all agree. 0 means that it was \
        never set.",
    remedy: "Compare dose rate and energy with the treatment plan.",
};

pub(super) fn query_fields() -> Vec<Fetch> {
    vec![Fetch::all(FIELDS), Fetch::all(POINTS)]
}

pub(super) fn id_columns() -> Vec<CheckedColumn> {
    let ids = [(FIELDS, "FLD_ID"), (POINTS, "FLD_ID"), (POINTS, "Point")];
    ids.map(|(table, column)| CheckedColumn::required(table, column, CellForm::Whole)).into()
}

/// A group of fields, such as those of a prescription.
pub(super) type Group<'s, 'f, S> = Vec<&'s SurveyedField<'f, S>>;

pub(super) fn group_fields<'s, 'f, S: FieldSurvey, K: Ord>(
    fields: &'s [SurveyedField<'f, S>],
    key: impl Fn(&'s SurveyedField<'f, S>) -> K,
) -> BTreeMap<K, Group<'s, 'f, S>> {
    let mut groups: BTreeMap<K, Group<'s, 'f, S>> = BTreeMap::new();
    for field in fields.iter().filter(|field| field.is_treatment()) {
        groups.entry(key(field)).or_default().push(field);
    }
    groups
}

impl Check for SkinDistance {
    fn card(&self) -> &'static CheckCard {
        &SKIN
    }

    fn required_queries(&self) -> Vec<Fetch> {
        query_fields()
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        let more = [
            CheckedColumn::required(FIELDS, "SIT_Set_ID", CellForm::Whole),
            CheckedColumn::required(FIELDS, "Ssd", CellForm::Number),
            CheckedColumn::optional(FIELDS, "Modality_Enum", CellForm::Whole),
            CheckedColumn::required(POINTS, "Gantry_Ang", CellForm::Number),
            CheckedColumn::optional(POINTS, "Couch_Ang", CellForm::Number),
        ];
        id_columns().into_iter().chain(more).collect()
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        Box::new(SurveyVisitor::new(SkinSurvey { rules: &criteria.rules.geometry }, criteria.rules))
    }
}

struct SkinSurvey<'a> {
    rules: &'a Geometry,
}

/// What TxField says of a field's set-up.
struct SetUp {
    site: LookupId,
    /// Distance from source to skin, cm.
    skin: Option<f64>,
    modality: Option<i64>,
}

impl SetUp {
    fn is_electrons(&self) -> bool {
        self.modality == Some(ELECTRONS)
    }
}

/// Gantry and couch angle of the first control point.
impl FieldSurvey for SkinSurvey<'_> {
    type Record = SetUp;
    type Summary = (f64, f64);

    fn read_record(&self, row: &Row<'_>) -> SetUp {
        let skin = row.float("Ssd").filter(|skin| *skin != 0.0);
        SetUp { site: LookupId::from_cell(row.cell("SIT_Set_ID")), skin, modality: row.integer("Modality_Enum") }
    }

    fn summarize_points(&self, points: &[Row<'_>]) -> Option<(f64, f64)> {
        let first = points.first()?;
        Some((first.float("Gantry_Ang")?, first.float("Couch_Ang").unwrap_or_default()))
    }

    fn judge_fields(
        &self,
        fields: &[SurveyedField<'_, Self>],
        _: &CheckFacts<'_>,
        findings: &mut Vec<Finding>,
        _: &mut Vec<String>,
    ) -> usize {
        let mut sites: BTreeMap<&LookupId, Vec<&SurveyedField<'_, Self>>> = BTreeMap::new();
        let mut machines: BTreeMap<(&LookupId, Option<i64>), PeerRange<'_>> = BTreeMap::new();
        for field in fields {
            sites.entry(&field.record.site).or_default().push(field);
            if let Some(skin) = field.record.skin.filter(|_| field.is_treatment()) {
                let range = machines.entry((field.field.machine, field.record.modality)).or_default();
                range.add_number(&field.record.site, skin);
            }
        }
        let judged = fields.iter().filter(|field| field.record.skin.is_some());
        for field in judged.clone() {
            let site = sites.get(&field.record.site).filter(|_| !field.record.site.is_null());
            let finding = site.and_then(|site| self.check_site(field, site));
            let machine = machines.get(&(field.field.machine, field.record.modality));
            let finding = finding.or_else(|| check_room(field));
            findings.extend(finding.or_else(|| self.check_machine(field, machine?)));
        }
        judged.count()
    }
}

impl SkinSurvey<'_> {
    fn check_site(&self, field: &SurveyedField<'_, Self>, site: &[&SurveyedField<'_, Self>]) -> Option<Finding> {
        let (own, tolerance) = (field.record.skin?, self.rules.angle_tolerance.get());
        let same = site.iter().filter(|other| {
            other.field.id != field.field.id
                && other.field.machine == field.field.machine
                && other.record.is_electrons() == field.record.is_electrons()
                && is_same_angle(other.summary.0, field.summary.0, tolerance)
                && is_same_angle(other.summary.1, field.summary.1, tolerance)
        });
        let mut far = same.filter_map(|other| Some((other, other.record.skin?)));
        let (other, usual) = far.find(|(_, skin)| (skin - own).abs() > self.rules.skin_tolerance.get())?;
        // Of two that differ, one is reported: the treatment field, else the later one.
        if (field.is_treatment(), &field.field.id) < (other.is_treatment(), &other.field.id) {
            return None;
        }
        let (own, usual) = (rounded(own), rounded(usual));
        let message =
            format!("Ssd is {own} cm, and {usual} cm in another field of the prescription from the same side");
        let wrong = Violation { what: format!("Ssd={own} other={usual}"), message };
        Some(field.finding(SKIN.id, SKIN.severity, &[*other], wrong))
    }

    fn check_machine(&self, field: &SurveyedField<'_, Self>, machine: &PeerRange<'_>) -> Option<Finding> {
        let (count, usual) = machine.without_site(&field.record.site)?;
        if count < SKIN_TIMES * self.rules.peers() || !field.is_treatment() || field.field.machine.is_null() {
            return None;
        }
        let own = field.record.skin?;
        let margin = self.rules.skin_margin.get();
        if own >= usual.least - margin && own <= usual.most + margin {
            return None;
        }
        let (own, least, most) = (rounded(own), rounded(usual.least), rounded(usual.most));
        let message = format!("Ssd is {own} cm; the machine's other fields of the modality have {least} to {most} cm");
        let wrong = Violation { what: format!("Ssd={own} machine={least}..{most}"), message };
        Some(field.finding(SKIN.id, SKIN.severity, &[], wrong))
    }
}

/// Returns the finding of a distance to the skin that no room has: it is in millimetres, most likely.
fn check_room(field: &SurveyedField<'_, SkinSurvey<'_>>) -> Option<Finding> {
    let own = rounded(field.record.skin.filter(|skin| !(0.0..=ROOM_CM).contains(skin))?);
    let message = format!("Ssd is {own} cm; no treatment room is so large, and the farthest patients lie at 500 cm");
    let wrong = Violation { what: format!("Ssd={own} room={ROOM_CM}"), message };
    Some(field.finding(SKIN.id, SKIN.severity, &[], wrong))
}

impl Check for DoseRate {
    fn card(&self) -> &'static CheckCard {
        &RATE
    }

    fn required_queries(&self) -> Vec<Fetch> {
        query_fields()
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        let more = [
            CheckedColumn::optional(FIELDS, "IsFFF", CellForm::FlagOrNull),
            CheckedColumn::optional(FIELDS, "Modality_Enum", CellForm::Whole),
            CheckedColumn::optional(FIELDS, "SIT_Set_ID", CellForm::Whole),
            CheckedColumn::required(POINTS, "Meterset_Rate", CellForm::Number),
            CheckedColumn::optional(POINTS, "Energy", CellForm::Whole),
        ];
        id_columns().into_iter().chain(more).collect()
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        Box::new(SurveyVisitor::new(RateSurvey { rules: &criteria.rules.geometry }, criteria.rules))
    }
}

struct RateSurvey<'a> {
    rules: &'a Geometry,
}

/// What TxField says of the beam that a dose rate belongs to.
struct BeamKind {
    site: LookupId,
    modality: Option<i64>,
    is_unflattened: Option<bool>,
}

/// Energy and dose rates of the control points.
impl FieldSurvey for RateSurvey<'_> {
    type Record = BeamKind;
    type Summary = (i64, Span);

    fn read_record(&self, row: &Row<'_>) -> BeamKind {
        BeamKind {
            site: LookupId::from_cell(row.cell("SIT_Set_ID")),
            modality: row.integer("Modality_Enum"),
            is_unflattened: row.flag("IsFFF"),
        }
    }

    fn summarize_points(&self, points: &[Row<'_>]) -> Option<(i64, Span)> {
        let energy = points.first()?.integer("Energy").unwrap_or_default();
        let rates = points.iter().filter_map(|row| row.float("Meterset_Rate")).filter(|rate| *rate != 0.0);
        Some((energy, Span::of_numbers(rates)?))
    }

    fn judge_fields(
        &self,
        fields: &[SurveyedField<'_, Self>],
        _: &CheckFacts<'_>,
        findings: &mut Vec<Finding>,
        _: &mut Vec<String>,
    ) -> usize {
        let (mut sites, mut groups) = (BTreeMap::new(), BTreeMap::new());
        let judged = fields.iter().filter(|field| field.is_treatment());
        for field in judged.clone() {
            count_rate(groups.entry(rate_group(field)).or_default(), field);
            if !field.record.site.is_null() {
                count_rate(sites.entry((rate_group(field), &field.record.site)).or_default(), field);
            }
        }
        let still = judged.clone().filter(|field| field.summary.1.width() == 0.0).count();
        let moving = judged.clone().count() - still;
        for field in judged.clone() {
            let (_, rates) = field.summary;
            let changes = rates.width() > 0.0 && still >= self.rules.peers() && moving.saturating_sub(1) * 20 <= still;
            let (group, own) = (rate_group(field), rates.most);
            let usual = sites
                .get(&(group, &field.record.site))
                .and_then(|rates| Some((find_single_rate(rates, own, SITE_RATES)?, "prescription")))
                .or_else(|| Some((find_single_rate(groups.get(&group)?, own, self.rules.peers())?, "machine")));
            let (least, most) = (rounded(rates.least), rounded(rates.most));
            let wrong = match usual {
                Some((usual, of)) if usual != rates.least || usual != rates.most => {
                    let usual = rounded(usual);
                    let message = format!(
                        "Meterset_Rate is {least} to {most} MU/min; all other fields of the {of} with this energy \
                            have {usual}"
                    );
                    Violation { what: format!("Meterset_Rate={least} most={most} others={usual}"), message }
                }
                _ if changes => {
                    let message = format!("Meterset_Rate runs from {least} to {most} MU/min within the field");
                    Violation { what: format!("Meterset_Rate={least}..{most}"), message }
                }
                _ if rates.least < 0.0 => {
                    Violation { what: format!("Meterset_Rate={least}"), message: format!("Meterset_Rate is {least}") }
                }
                _ => continue,
            };
            findings.push(field.finding(RATE.id, RATE.severity, &[], wrong));
        }
        judged.count()
    }
}

/// Machine, modality, filter and energy.
type RateGroup<'f> = (&'f LookupId, Option<i64>, Option<bool>, i64);

/// Returns what fields must have in common to have their dose rate in common.
fn rate_group<'f>(field: &SurveyedField<'f, RateSurvey<'_>>) -> RateGroup<'f> {
    (field.field.machine, field.record.modality, field.record.is_unflattened, field.summary.0)
}

/// How many fields have each highest dose rate, by its bits.
type RateCounts = BTreeMap<u64, usize>;

fn count_rate(counts: &mut RateCounts, field: &SurveyedField<'_, RateSurvey<'_>>) {
    *counts.entry(field.summary.1.most.to_bits()).or_default() += 1;
}

/// Returns the dose rate that all fields but one of rate `own` have, MU/min, if these are enough.
fn find_single_rate(counts: &RateCounts, own: f64, least: usize) -> Option<f64> {
    let others = |rate: &u64, count: usize| count - usize::from(*rate == own.to_bits());
    let mut left = counts.iter().map(|(rate, count)| (*rate, others(rate, *count))).filter(|(_, count)| *count > 0);
    let (rate, count) = left.next()?;
    (left.next().is_none() && count >= least).then(|| f64::from_bits(rate))
}
