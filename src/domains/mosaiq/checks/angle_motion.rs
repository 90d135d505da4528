//! Motion between control points: no sudden turn, and none that takes longer than the delivery lasted.

use super::times::duration_columns;
use super::{
    Check, CheckCard, CheckFacts, CheckVerdict, CheckVisitor, Criteria, GatheredFact, RowBatch, sorted_verdict,
};
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::domains::mosaiq::course::ShortestDeliveries;
use crate::domains::mosaiq::fleet::MachineRules;
use crate::domains::mosaiq::leaves::{LeafPoint, POINTS};
use crate::domains::mosaiq::lookup::LookupId;
use crate::domains::mosaiq::machines::FIELDS;
use crate::domains::mosaiq::rules::{Machine, Rules};
use crate::model::{Fetch, Finding, Key, Row, Severity};

const DELIVERIES: &str = "TrackTreatment";
/// Column and name of the angles of a control point.
const ANGLES: [(&str, &str); 2] = [("Gantry_Ang", "gantry"), ("Coll_Ang", "collimator")];
/// Tolerance in s: the times of a delivery are written with its record, not when the beam goes on and off.
const CLOCK_SECONDS: f64 = 1.0;

pub(super) struct AngleJump;
pub(super) struct AngleSpeed;

static JUMP: CheckCard = CheckCard {
    id: "angle_jump",
    group: "angles",
    mode: "invalid_angles",
    severity: Severity::Medium,
    about: "Between neighbouring control points, gantry and collimator turn (the shorter way) no farther than the \
        rules allow for the field's type; a type without such a limit is not judged.",
    remedy: "Compare the field's angles with the treatment plan, and look for a missing control point.",
};

static SPEED: CheckCard = CheckCard {
    id: "angle_speed",
    group: "angles",
    mode: "invalid_angles",
    severity: Severity::Medium,
    about: "A delivery lasts at least as long as gantry, collimator, couch and leaves need between control points at \
        the machine's speeds. Only deliveries with beam on, complete, not cancelled, not for quality assurance and not \
        continuing another one of the day are judged.",
    remedy: "Compare angles and leaf positions with the treatment plan, and the times with the machine's log.",
};

/// Returns the shorter way round from one angle to another, in degrees.
fn turn_between(from: f64, to: f64) -> f64 {
    let way = (to - from).abs() % 360.0;
    way.min(360.0 - way)
}

/// Returns the turn of an angle between two control points, in degrees; `None` if either lacks it.
fn angle_change(column: &str, from: &Row<'_>, to: &Row<'_>) -> Option<f64> {
    Some(turn_between(from.float(column)?, to.float(column)?)).filter(|way| way.is_finite())
}

impl Check for AngleJump {
    fn card(&self) -> &'static CheckCard {
        &JUMP
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(FIELDS), Fetch::all(POINTS)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        let fields = [("FLD_ID", CellForm::Whole), ("Type_Enum", CellForm::Whole)];
        let points = [("FLD_ID", CellForm::Whole), ("Point", CellForm::Whole)];
        let fields = fields.map(|(column, form)| CheckedColumn::required(FIELDS, column, form));
        let points = points.map(|(column, form)| CheckedColumn::required(POINTS, column, form));
        let angles = ANGLES.map(|(column, _)| CheckedColumn::judged_alone(POINTS, column, CellForm::Number));
        fields.into_iter().chain(points).chain(angles).collect()
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        Box::new(JumpVisitor { rules: criteria.rules, looked_at: 0, findings: Vec::new() })
    }
}

// Fields come before control points: the type of a field is known when its points arrive.
struct JumpVisitor<'a> {
    rules: &'a Rules,
    looked_at: u64,
    findings: Vec<Finding>,
}

impl CheckVisitor for JumpVisitor<'_> {
    fn visit(&mut self, part: &RowBatch<'_>, known: &CheckFacts<'_>) {
        self.looked_at += part.len();
        if part.table == POINTS {
            for (id, points) in part.points_by_number() {
                let Some(field) = known.find_field(id) else { continue };
                let limit = self.rules.of_type(field.kind).and_then(|rule| rule.max_jump);
                self.findings.extend(limit.and_then(|limit| find_jump(field.key(), points, limit.get())));
            }
        }
    }

    fn finish(&mut self, _: &CheckFacts<'_>) -> CheckVerdict {
        sorted_verdict(self.looked_at, std::mem::take(&mut self.findings))
    }
}

/// Returns the finding of a field with turns of more than `most` degrees.
fn find_jump(field: Key, points: &[Row<'_>], most: f64) -> Option<Finding> {
    let mut far = Vec::new();
    for (from, to) in points.iter().zip(points.iter().skip(1)) {
        let ways = ANGLES.iter().filter_map(|(column, name)| Some((angle_change(column, from, to)?, *name, from, to)));
        far.extend(ways.filter(|(way, ..)| *way > most));
    }
    // One finding a field, however many of its points turn: all have the same cause.
    let (way, name, from, to) = far.iter().max_by(|a, b| a.0.total_cmp(&b.0))?;
    let [first, second] = [from, to].map(|row| row.integer("Point").unwrap_or_default());
    let message = format!(
        "turns of more than {most} degrees between neighbouring control points: {}; the largest, of the {name}, by \
         {way:.1} from {first} to {second}",
        far.len(),
    );
    let what = format!("jumps={} {name}={way:.1}", far.len());
    let related = vec![(POINTS, from.key()), (POINTS, to.key())];
    Some(Finding { check: JUMP.id, severity: JUMP.severity, table: FIELDS, key: field, related, what, message })
}

impl Check for AngleSpeed {
    fn card(&self) -> &'static CheckCard {
        &SPEED
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(DELIVERIES), Fetch::all(POINTS)]
    }

    fn optional_queries(&self) -> Vec<Fetch> {
        MachineRules::queries()
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        let points = [("FLD_ID", CellForm::Whole), ("Point", CellForm::Whole)];
        let points = points.map(|(column, form)| CheckedColumn::required(POINTS, column, form));
        let angles = ANGLES.map(|(column, _)| CheckedColumn::judged_alone(POINTS, column, CellForm::Number));
        let field = [CheckedColumn::required(DELIVERIES, "FLD_ID", CellForm::Whole)];
        points.into_iter().chain(angles).chain(field).chain(duration_columns()).collect()
    }

    fn gathered_fact(&self) -> Option<GatheredFact> {
        Some(GatheredFact::Deliveries)
    }

    fn visitor<'a>(&self, known: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        let fleet = MachineRules::from_snapshot(known.whole, criteria.rules);
        Box::new(SpeedVisitor { fleet, shortest: ShortestDeliveries::default(), looked_at: 0, findings: Vec::new() })
    }
}

// Deliveries come before control points: the shortest delivery of a field is known when its points arrive.
struct SpeedVisitor<'a> {
    fleet: MachineRules<'a>,
    shortest: ShortestDeliveries,
    looked_at: u64,
    findings: Vec<Finding>,
}

impl CheckVisitor for SpeedVisitor<'_> {
    fn visit(&mut self, part: &RowBatch<'_>, known: &CheckFacts<'_>) {
        self.looked_at += part.len();
        if part.table != POINTS {
            self.shortest.add_batch(known.course.batch());
            return;
        }
        for (field, points) in part.points_by_number() {
            let Some((lasted, delivery)) = self.shortest.find_shortest(field) else { continue };
            let needed = needed_seconds(points, self.fleet.of_field(field, &known.machines.fields));
            self.findings.extend(too_short(field, needed, *lasted, &delivery.to_key()));
        }
    }

    fn finish(&mut self, _: &CheckFacts<'_>) -> CheckVerdict {
        sorted_verdict(self.looked_at, std::mem::take(&mut self.findings)).with_remarks(self.fleet.remarks())
    }
}

/// Returns the finding of a field whose delivery lasted less than needed; both in seconds.
fn too_short(field: &LookupId, needed: f64, lasted: f64, delivery: &Key) -> Option<Finding> {
    (needed > lasted + CLOCK_SECONDS).then(|| Finding {
        check: SPEED.id,
        severity: SPEED.severity,
        table: FIELDS,
        key: vec![field.to_value()],
        related: vec![(DELIVERIES, delivery.clone())],
        what: format!("needs={needed:.1}s lasted={lasted}s"),
        message: format!("needs at least {needed:.1} s at the machine's speeds, and was delivered in {lasted} s"),
    })
}

/// Returns the least time from the first control point to the last, in seconds.
fn needed_seconds(points: &[Row<'_>], machine: &Machine) -> f64 {
    let turns = [
        ("Gantry_Ang", machine.gantry_speed),
        ("Coll_Ang", machine.collimator_speed),
        ("Couch_Ang", machine.couch_speed),
    ];
    let leaves: Vec<Option<LeafPoint<'_>>> = points.iter().map(LeafPoint::from_row).collect();
    let mut all = 0.0;
    for at in 1..points.len() {
        let (Some(from), Some(to)) = (points.get(at - 1), points.get(at)) else { continue };
        let turns = turns.iter().filter_map(|(column, speed)| Some(angle_change(column, from, to)? / speed.get()));
        let banks = leaves.get(at - 1).zip(leaves.get(at));
        let travel = banks.and_then(|(from, to)| Some(leaf_travel(from.as_ref()?, to.as_ref()?, machine)));
        let travel = travel.unwrap_or_default() / machine.max_leaf_speed.get();
        // All parts move at once, so that the slowest one counts.
        all += turns.fold(travel, f64::max);
    }
    all
}

/// Returns the longest way of any leaf, in cm.
fn leaf_travel(from: &LeafPoint<'_>, to: &LeafPoint<'_>, machine: &Machine) -> f64 {
    // A longer way means a leaf out of its limits, which another check reports.
    let reach = machine.max_position.get() - machine.min_position.get();
    let pairs = from.pairs().zip(to.pairs());
    let ways = pairs.flat_map(|(from, to)| [from.a.abs_diff(to.a), from.b.abs_diff(to.b)]);
    let ways = ways.map(|way| f64::from(way) / 100.0).filter(|way| *way <= reach);
    ways.fold(0.0, f64::max)
}
