//! The collimator's angle: the same throughout a field, and one that such fields have.

use std::collections::BTreeMap;

use super::{Check, CheckCard, CheckFacts, CheckVisitor, Criteria};
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::domains::mosaiq::geometry::{is_same_angle, rounded, turn_between};
use crate::domains::mosaiq::lookup::LookupId;
use crate::domains::mosaiq::peers::UsedAngles;
use crate::domains::mosaiq::rules::Geometry;
use crate::domains::mosaiq::surveys::{FieldSurvey, SurveyVisitor, SurveyedField};
use crate::model::{Fetch, Finding, Row, Severity, Violation};

const FIELDS: &str = "TxField";
const POINTS: &str = "TxFieldPoint";
const ANGLE: &str = "Coll_Ang";
/// Types of arcs: their collimators stay near one angle, against leakage between leaves.
const ARCS: [i64; 3] = [11, 12, 13];
/// How far an angle may lie from those of the machine's other fields, degrees: of arcs, and of standing beams.
const NEAR_DEGREES: (f64, f64) = (30.0, 60.0);
/// Standing beams use many angles: so many times more prescriptions are needed to know which.
const STANDING_TIMES: usize = 4;

pub(super) struct CollimatorUsual;

static CARD: CheckCard = CheckCard {
    id: "collimator_usual",
    group: "geometry",
    mode: "plausible_geometry",
    severity: Severity::High,
    about: "The collimator of a field keeps its angle, where nearly all fields of the type keep theirs; it has that \
        of the field's other versions, and it is not far from all angles that the machine's other fields of the type \
        have; for an arc on a machine with few of them, those of all machines. A field for \
        imaging has the one that all others of its machine and type have, if they have one. A turn to an angle \
        that is usual, too, cannot be seen.",
    remedy: "Compare the collimator with the treatment plan: the leaves shield by its angle.",
};

impl Check for CollimatorUsual {
    fn card(&self) -> &'static CheckCard {
        &CARD
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(FIELDS), Fetch::all(POINTS)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        vec![
            CheckedColumn::required(FIELDS, "FLD_ID", CellForm::Whole),
            CheckedColumn::optional(FIELDS, "SIT_Set_ID", CellForm::Whole),
            CheckedColumn::required(POINTS, "FLD_ID", CellForm::Whole),
            CheckedColumn::required(POINTS, "Point", CellForm::Whole),
            CheckedColumn::required(POINTS, ANGLE, CellForm::Number),
        ]
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        Box::new(SurveyVisitor::new(CollimatorSurvey { rules: &criteria.rules.geometry }, criteria.rules))
    }
}

struct CollimatorSurvey<'a> {
    rules: &'a Geometry,
}

/// The collimator over the control points of a field, degrees.
struct CollimatorTurn {
    points: usize,
    first: f64,
    /// The largest turn away from the first angle, and the number of the control point.
    largest: f64,
    point: i64,
}

impl FieldSurvey for CollimatorSurvey<'_> {
    type Record = LookupId;
    type Summary = CollimatorTurn;

    fn read_record(&self, row: &Row<'_>) -> LookupId {
        LookupId::from_cell(row.cell("SIT_Set_ID"))
    }

    fn summarize_points(&self, points: &[Row<'_>]) -> Option<CollimatorTurn> {
        // Angles that no machine has are reported by `angle_range`.
        let angles = points.iter().filter_map(|row| Some((row.integer("Point")?, row.float(ANGLE)?)));
        let mut angles = angles.filter(|(_, angle)| (-360.0..=360.0).contains(angle));
        let (_, first) = angles.next()?;
        let mut turn = CollimatorTurn { points: 1, first, largest: 0.0, point: 0 };
        for (point, angle) in angles {
            turn.points += 1;
            let way = turn_between(first, angle).abs();
            if way > turn.largest {
                (turn.largest, turn.point) = (way, point);
            }
        }
        Some(turn)
    }

    fn judge_fields(
        &self,
        fields: &[SurveyedField<'_, Self>],
        _: &CheckFacts<'_>,
        findings: &mut Vec<Finding>,
        _: &mut Vec<String>,
    ) -> usize {
        let mut types: BTreeMap<Option<i64>, [usize; 2]> = BTreeMap::new();
        let mut used = UsedAngles::default();
        let mut versions: BTreeMap<&LookupId, Vec<&SurveyedField<'_, Self>>> = BTreeMap::new();
        let judged: Vec<&SurveyedField<'_, Self>> = fields.iter().filter(|field| field.is_treatment()).collect();
        for field in &judged {
            if field.summary.points > 1 {
                let [still, moving] = types.entry(field.field.kind).or_default();
                *(if field.summary.largest > self.rules.angle_tolerance.get() { moving } else { still }) += 1;
            }
            for group in angle_groups(field).into_iter().flatten() {
                used.add_field(group, owner_of(field), field.summary.first);
            }
            versions.entry(field.field.set).or_default().push(field);
        }
        for field in fields.iter().filter(|field| !field.is_treatment()) {
            for group in angle_groups(field).into_iter().flatten() {
                used.add_field(group, owner_of(field), field.summary.first);
            }
        }
        for field in fields.iter().filter(|field| !field.is_treatment()) {
            let wrong = self.check_imaging(field, &used);
            findings.extend(wrong.map(|wrong| field.finding(CARD.id, CARD.severity, &[], wrong)));
        }
        for field in &judged {
            let types = types.get(&field.field.kind).copied().unwrap_or_default();
            let wrong = self.check_turn(field.summary, types).map(|wrong| (wrong, None));
            let wrong = wrong.or_else(|| self.check_version(field, versions.get(field.field.set)?));
            let wrong = wrong.or_else(|| Some((self.check_usual(field, &used)?, None)));
            findings.extend(wrong.map(|(wrong, other)| field.finding(CARD.id, CARD.severity, other.as_slice(), wrong)));
        }
        judged.len()
    }
}

impl CollimatorSurvey<'_> {
    fn check_turn(&self, turn: &CollimatorTurn, [still, moving]: [usize; 2]) -> Option<Violation> {
        // A larger turn is reported by `angle_jump`.
        let is_turn = turn.largest > self.rules.angle_tolerance.get() && turn.largest <= 90.0;
        if !is_turn || still < self.rules.peers() || moving.saturating_sub(1) * 20 > still {
            return None;
        }
        let CollimatorTurn { first, largest, point, .. } = turn;
        let (first, largest) = (rounded(*first), rounded(*largest));
        let message = format!(
            "the collimator stands {largest} degrees away at control point {point} from the {first} at the first \
                one; in fields of the type it stands still"
        );
        Some(Violation { what: format!("Coll_Ang turn={largest}"), message })
    }

    /// Returns the fault of the current version whose collimator differs from an older one's.
    fn check_version<'s, 'f>(
        &self,
        field: &SurveyedField<'f, Self>,
        versions: &[&'s SurveyedField<'f, Self>],
    ) -> Option<(Violation, Option<&'s SurveyedField<'f, Self>>)> {
        let others = versions.iter().filter(|other| {
            other.field.id < field.field.id && other.field.machine == field.field.machine && !field.field.set.is_null()
        });
        let nearest = others.max_by(|one, other| one.field.id.cmp(&other.field.id))?;
        let (own, usual) = (rounded(field.summary.first), rounded(nearest.summary.first));
        if is_same_angle(own, usual, NEAR_DEGREES.0) {
            return None;
        }
        let message = format!("the collimator is at {own} degrees, and at {usual} in the version before");
        Some((Violation { what: format!("Coll_Ang={own} before={usual}"), message }, Some(*nearest)))
    }

    /// Returns the fault of a collimator far from all angles that the machine's fields of the type have; for an arc on
    /// a machine with few of them, those of the department.
    fn check_usual(&self, field: &SurveyedField<'_, Self>, used: &UsedAngles<'_, AngleGroup<'_>>) -> Option<Violation> {
        let (near, least) = if is_arc(field) {
            (NEAR_DEGREES.0, self.rules.peers() / 3)
        } else {
            (NEAR_DEGREES.1, STANDING_TIMES * self.rules.peers())
        };
        let own = field.summary.first;
        let others = angle_groups(field).into_iter().flatten().find_map(|group| {
            let others = used.find_others(&group, owner_of(field), own)?;
            (others.count >= self.rules.peers() && others.owners >= least).then_some((others.nearest, group.0))
        });
        let (nearest, machine) = others.filter(|(nearest, _)| !is_same_angle(own, *nearest, near))?;
        let (own, nearest) = (rounded(own), rounded(nearest));
        let whose = if machine.is_some() { "the machine's other fields" } else { "other fields" };
        let message =
            format!("the collimator is at {own} degrees; the nearest angle in {whose} of the type is {nearest}");
        Some(Violation { what: format!("Coll_Ang={own}"), message })
    }
}

impl CollimatorSurvey<'_> {
    /// Returns the fault of a field for imaging that has another angle than all others of the machine and the type.
    fn check_imaging(
        &self,
        field: &SurveyedField<'_, Self>,
        used: &UsedAngles<'_, AngleGroup<'_>>,
    ) -> Option<Violation> {
        let machine = Some(field.field.machine).filter(|machine| !machine.is_null());
        let own = field.summary.first;
        let others = used.find_others(&(Some(machine?), field.field.kind), owner_of(field), own)?;
        let is_rule = others.angles == 1 && others.owners >= self.rules.peers();
        if !is_rule || is_same_angle(own, others.nearest, self.rules.angle_tolerance.get()) {
            return None;
        }
        let (own, nearest) = (rounded(own), rounded(others.nearest));
        let message =
            format!("the collimator is at {own} degrees; the machine's other fields of the type have {nearest}");
        Some(Violation { what: format!("Coll_Ang={own}"), message })
    }
}

/// A machine, or all of them, and a type of field.
type AngleGroup<'f> = (Option<&'f LookupId>, Option<i64>);

/// Returns the prescription of a field; the field itself where it has none.
fn owner_of<'f>(field: &SurveyedField<'f, CollimatorSurvey<'_>>) -> &'f LookupId {
    if field.record.is_null() { field.field.set } else { field.record }
}

fn is_arc(field: &SurveyedField<'_, CollimatorSurvey<'_>>) -> bool {
    field.field.kind.is_some_and(|kind| ARCS.contains(&kind))
}

/// Returns the groups that a field's collimator is compared within, the nearer one first.
fn angle_groups<'f>(field: &SurveyedField<'f, CollimatorSurvey<'_>>) -> [Option<AngleGroup<'f>>; 2] {
    let machine = Some(field.field.machine).filter(|machine| !machine.is_null());
    let all = is_arc(field).then_some((None, field.field.kind));
    [machine.map(|machine| (Some(machine), field.field.kind)), all]
}
