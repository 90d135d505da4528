//! The gantry: its direction against its motion, no turning back, and the angle that a field's name says.

use std::collections::BTreeMap;

use super::{Check, CheckCard, CheckFacts, CheckVisitor, Criteria};
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::domains::mosaiq::field_names::{NamedAngle, read_angles};
use crate::domains::mosaiq::geometry::{is_same_angle, rounded, turn_between};
use crate::domains::mosaiq::rules::Geometry;
use crate::domains::mosaiq::surveys::{FieldSurvey, SurveyVisitor, SurveyedField};
use crate::model::{Fetch, Finding, Row, Severity, Violation};

const FIELDS: &str = "TxField";
const POINTS: &str = "TxFieldPoint";
const ANGLE: &str = "Gantry_Ang";
const DIRECTION: &str = "Gantry_Dir_Enum";
/// Gantry_Dir_Enum of a gantry that does not turn.
const NO_DIRECTION: [i64; 2] = [0, 3];

pub(super) struct GantryMotion;
pub(super) struct GantryName;

static MOTION: CheckCard = CheckCard {
    id: "gantry_motion",
    group: "geometry",
    mode: "plausible_geometry",
    severity: Severity::High,
    about: "The gantry of a field turns one way, in the direction that Gantry_Dir_Enum says in nearly all other \
        fields (or by 1 clockwise, 2 counter-clockwise); a type of field whose gantry stands still in nearly all \
        others does not turn. Where nearly all others have a direction, or none, so has the field.",
    remedy: "Compare the control points with the treatment plan before the next fraction.",
};

static NAME: CheckCard = CheckCard {
    id: "gantry_name",
    group: "geometry",
    mode: "plausible_geometry",
    severity: Severity::Critical,
    about: "Where the names of fields say their gantry angle (in nearly all fields named in the same way), the \
        field's first control point has the angle that Field_Name or Field_Label says.",
    remedy: "Find out which of the two is right before the beam is delivered: it may come from the wrong side.",
};

impl Check for GantryMotion {
    fn card(&self) -> &'static CheckCard {
        &MOTION
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(FIELDS), Fetch::all(POINTS)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        vec![
            CheckedColumn::required(FIELDS, "FLD_ID", CellForm::Whole),
            CheckedColumn::required(POINTS, "FLD_ID", CellForm::Whole),
            CheckedColumn::required(POINTS, "Point", CellForm::Whole),
            CheckedColumn::required(POINTS, ANGLE, CellForm::Number),
            CheckedColumn::optional(POINTS, DIRECTION, CellForm::Whole),
        ]
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        Box::new(SurveyVisitor::new(MotionSurvey { rules: &criteria.rules.geometry }, criteria.rules))
    }
}

struct MotionSurvey<'a> {
    rules: &'a Geometry,
}

/// How the gantry turns over the control points of a field.
struct GantryTurn {
    points: usize,
    /// Sum of all turns, degrees; clockwise is positive.
    net: f64,
    /// The largest turn one way and the other, both at least 0.
    forward: f64,
    backward: f64,
    /// The control point before which it turned back, and the angle there.
    odd: Option<(i64, f64)>,
    /// Gantry_Dir_Enum of the points that say a direction.
    directions: [bool; 2],
    /// Whether any point has a code of a direction, or of none.
    has_code: bool,
}

impl GantryTurn {
    fn is_moving(&self) -> bool {
        self.forward.max(self.backward) > 1.0
    }
}

impl FieldSurvey for MotionSurvey<'_> {
    type Record = ();
    type Summary = GantryTurn;

    fn read_record(&self, _: &Row<'_>) {}

    fn summarize_points(&self, points: &[Row<'_>]) -> Option<GantryTurn> {
        // Angles that no machine has are reported by `angle_range`.
        let angles: Vec<(i64, f64)> = points
            .iter()
            .filter_map(|row| Some((row.integer("Point")?, row.float(ANGLE)?)))
            .filter(|(_, angle)| (-360.0..=360.0).contains(angle))
            .collect();
        let codes: Vec<i64> = points.iter().filter_map(|row| row.integer(DIRECTION)).collect();
        let mut turn = GantryTurn {
            points: angles.len(),
            net: 0.0,
            forward: 0.0,
            backward: 0.0,
            odd: None,
            directions: [codes.contains(&1), codes.contains(&2)],
            has_code: !codes.is_empty(),
        };
        let steps: Vec<(i64, f64, f64)> = angles
            .windows(2)
            .filter_map(|pair| match pair {
                [(_, from), (point, to)] => Some((*point, *to, turn_between(*from, *to))),
                _ => None,
            })
            .collect();
        turn.net = steps.iter().map(|(.., step)| step).sum();
        for (point, angle, step) in steps {
            turn.forward = turn.forward.max(step);
            turn.backward = turn.backward.max(-step);
            if step * turn.net < 0.0 && step.abs() > 1.0 || turn.net.abs() < 1.0 && step.abs() > 1.0 {
                turn.odd.get_or_insert((point, angle));
            }
        }
        (turn.points > 0).then_some(turn)
    }

    fn judge_fields(
        &self,
        fields: &[SurveyedField<'_, Self>],
        _: &CheckFacts<'_>,
        findings: &mut Vec<Finding>,
        _: &mut Vec<String>,
    ) -> usize {
        // Of each type: fields whose gantry turns, and stands; of moving and standing ones: those with a direction.
        let mut types: BTreeMap<Option<i64>, [usize; 2]> = BTreeMap::new();
        let mut coded = [[0_usize; 2]; 2];
        let mut agree = [0_usize; 2];
        for field in fields.iter().filter(|field| field.is_treatment()) {
            let (moves, turn) = (usize::from(field.summary.is_moving()), field.summary);
            if turn.points > 1 {
                bump(types.entry(field.field.kind).or_default(), moves);
            }
            if turn.has_code {
                let has_direction = usize::from(turn.directions.contains(&true));
                coded.get_mut(moves).into_iter().for_each(|counts| bump(counts, has_direction));
            }
            if let Some(is_agreeing) = agrees_with_code(turn) {
                bump(&mut agree, usize::from(is_agreeing));
            }
        }
        let judged = fields.iter().filter(|field| field.is_treatment());
        for field in judged.clone() {
            let moves = usize::from(field.summary.is_moving());
            let types = types.get(&field.field.kind).copied().unwrap_or_default();
            let coded = coded.get(moves).copied().unwrap_or_default();
            let wrong = self.check_turn(field.summary, types).or_else(|| self.check_code(field.summary, coded, agree));
            findings.extend(wrong.map(|wrong| field.finding(MOTION.id, MOTION.severity, &[], wrong)));
        }
        judged.count()
    }
}

fn bump(counts: &mut [usize; 2], at: usize) {
    if let Some(count) = counts.get_mut(at) {
        *count += 1;
    }
}

/// Tells whether 1 is clockwise and 2 counter-clockwise in a field that turns one way and says so.
fn agrees_with_code(turn: &GantryTurn) -> Option<bool> {
    let is_plain = turn.is_moving() && turn.odd.is_none();
    match turn.directions {
        [true, false] if is_plain => Some(turn.net > 0.0),
        [false, true] if is_plain => Some(turn.net < 0.0),
        _ => None,
    }
}

impl MotionSurvey<'_> {
    /// Tells whether nearly all of enough fields are of the first kind, leaving out one of the second.
    fn is_rule(&self, usual: usize, unusual: usize) -> bool {
        usual >= self.rules.peers() && unusual.saturating_sub(1) * 20 <= usual
    }

    /// Returns the fault of a gantry that turns back, or turns where none of the type does.
    fn check_turn(&self, turn: &GantryTurn, types: [usize; 2]) -> Option<Violation> {
        let [still, moving] = types;
        let total = rounded(turn.net.abs());
        if turn.is_moving() && self.is_rule(still, moving) {
            let message = format!(
                "the gantry turns by {} degrees within the field; fields of the type stand still",
                rounded(turn.forward.max(turn.backward))
            );
            return Some(Violation {
                what: format!("gantry_turn={}", rounded(turn.forward.max(turn.backward))),
                message,
            });
        }
        let (point, angle) = turn.odd.filter(|_| self.is_rule(moving, still) || turn.net.abs() > 30.0)?;
        let angle = rounded(angle);
        let message =
            format!("the gantry turns back before control point {point}, at {angle} degrees, in an arc of {total}");
        Some(Violation { what: format!("Gantry_Ang={angle} Point={point}"), message })
    }

    /// Returns the fault of a direction that contradicts the motion, or is there or missing unlike in all others.
    fn check_code(&self, turn: &GantryTurn, coded: [usize; 2], agree: [usize; 2]) -> Option<Violation> {
        let [contradicting, agreeing] = agree;
        let way = if turn.net > 0.0 { "clockwise" } else { "counter-clockwise" };
        let has_direction = turn.directions.contains(&true);
        if let Some(agrees) = agrees_with_code(turn) {
            let own = usize::from(agrees);
            // The other fields decide what 1 and 2 mean; without any, 1 is clockwise.
            let is_reversed = contradicting - (1 - own) > agreeing - own;
            if agrees == is_reversed {
                let code = if turn.directions == [true, false] { 1 } else { 2 };
                let message = format!(
                    "the gantry turns {way} by {} degrees, and Gantry_Dir_Enum {code} says the other way",
                    rounded(turn.net.abs())
                );
                return Some(Violation { what: format!("Gantry_Dir_Enum={code} turn={}", rounded(turn.net)), message });
            }
        } else if turn.is_moving()
            && turn.directions == [true, true]
            && turn.odd.is_none()
            && agreeing >= self.rules.peers()
        {
            let message = "Gantry_Dir_Enum changes within a field whose gantry turns one way".to_owned();
            return Some(Violation { what: "Gantry_Dir_Enum=1,2".to_owned(), message });
        }
        let [without, with] = coded;
        if turn.has_code && !turn.is_moving() && has_direction && self.is_rule(without, with) {
            let message = "the gantry stands still, and Gantry_Dir_Enum says a direction".to_owned();
            return Some(Violation { what: "Gantry_Dir_Enum=direction turn=0".to_owned(), message });
        }
        if turn.has_code && turn.is_moving() && !has_direction && self.is_rule(with, without) {
            let message = format!("the gantry turns {way}, and Gantry_Dir_Enum says that it stands still");
            let what = format!("Gantry_Dir_Enum={NO_DIRECTION:?} turn={}", rounded(turn.net));
            return Some(Violation { what, message });
        }
        None
    }
}

impl Check for GantryName {
    fn card(&self) -> &'static CheckCard {
        &NAME
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(FIELDS), Fetch::all(POINTS)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        vec![
            CheckedColumn::required(FIELDS, "FLD_ID", CellForm::Whole),
            CheckedColumn::judged_alone(FIELDS, "Field_Name", CellForm::Any),
            CheckedColumn::judged_alone(FIELDS, "Field_Label", CellForm::Any),
            CheckedColumn::required(POINTS, "FLD_ID", CellForm::Whole),
            CheckedColumn::required(POINTS, "Point", CellForm::Whole),
            CheckedColumn::required(POINTS, ANGLE, CellForm::Number),
        ]
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        Box::new(SurveyVisitor::new(NameSurvey { rules: &criteria.rules.geometry }, criteria.rules))
    }
}

struct NameSurvey<'a> {
    rules: &'a Geometry,
}

impl FieldSurvey for NameSurvey<'_> {
    type Record = Vec<NamedAngle>;
    /// The gantry angle of the first control point.
    type Summary = f64;

    fn read_record(&self, row: &Row<'_>) -> Vec<NamedAngle> {
        ["Field_Name", "Field_Label"]
            .into_iter()
            .flat_map(|column| read_angles(column, row.text(column).unwrap_or_default()))
            .collect()
    }

    fn summarize_points(&self, points: &[Row<'_>]) -> Option<f64> {
        points.first()?.float(ANGLE).filter(|angle| (-360.0..=360.0).contains(angle))
    }

    fn judge_fields(
        &self,
        fields: &[SurveyedField<'_, Self>],
        _: &CheckFacts<'_>,
        findings: &mut Vec<Finding>,
        _: &mut Vec<String>,
    ) -> usize {
        // Per way of naming: how often the number is not the gantry angle, and how often it is.
        let mut ways: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
        for field in fields {
            for named in field.record {
                let is_right = is_same_angle(named.degrees, *field.summary, self.rules.angle_tolerance.get());
                bump(ways.entry(named.way.as_str()).or_default(), usize::from(is_right));
            }
        }
        let mut judged = 0;
        for field in fields {
            let mut telling = field.record.iter().filter(|named| {
                let [wrong, right] = ways.get(named.way.as_str()).copied().unwrap_or_default();
                // At least nine of ten others agree, so that a count or a number of a plan decides nothing.
                right >= 4 && wrong.saturating_sub(1) * 9 <= right
            });
            let first = telling.clone().next();
            judged += usize::from(first.is_some());
            let off =
                telling.find(|named| !is_same_angle(named.degrees, *field.summary, self.rules.angle_tolerance.get()));
            if let Some(named) = off {
                let (angle, said) = (rounded(*field.summary), rounded(named.degrees));
                let message = format!("the gantry begins at {angle} degrees, and {} says {said}", named.column);
                let wrong = Violation { what: format!("Gantry_Ang={angle} named={said}"), message };
                findings.push(field.finding(NAME.id, NAME.severity, &[], wrong));
            }
        }
        judged
    }
}
