//! Angles from one control point to the next: no sudden turn, and none that takes longer than the delivery did.

use super::times::judged_by;
use super::{Check, CheckCard, Criteria, Fact, Known, Look, Part, Verdict, ran};
use crate::domains::mosaiq::course::Shortest;
use crate::domains::mosaiq::fleet::Fleet;
use crate::domains::mosaiq::ground::{CellForm, Read};
use crate::domains::mosaiq::leaves::{LeafPoint, POINTS};
use crate::domains::mosaiq::lookup::Id;
use crate::domains::mosaiq::machines::FIELDS;
use crate::domains::mosaiq::rules::{Machine, Rules};
use crate::model::{Fetch, Finding, Key, Row, Severity};

const DELIVERIES: &str = "TrackTreatment";
/// The angles of a control point, and what they are called.
const ANGLES: [(&str, &str); 2] = [("Gantry_Ang", "gantry"), ("Coll_Ang", "collimator")];
/// A delivery's times are written when the record is, not when the beam goes on and off, s.
const CLOCK_SECONDS: f64 = 1.0;

/// The check of sudden turns.
pub(super) struct AngleJump;
/// The check of the speed.
pub(super) struct AngleSpeed;

static JUMP: CheckCard = CheckCard {
    id: "angle_jump",
    group: "angles",
    mode: "invalid_angles",
    severity: Severity::Medium,
    about: "Neither gantry nor collimator turns farther between neighbouring control points, the shorter way round, \
        than the rules let a field of its type; a type without such a limit is not judged.",
    remedy: "Compare the field's angles with the treatment plan, and look for a lost control point.",
};

static SPEED: CheckCard = CheckCard {
    id: "angle_speed",
    group: "angles",
    mode: "invalid_angles",
    severity: Severity::Medium,
    about: "A delivery lasts as long as gantry, collimator, couch and leaves need from control point to control \
        point at the machine's speeds. Only deliveries with beam on, complete, not cancelled and not for quality \
        assurance are judged, and none that continues another of the day.",
    remedy: "Compare angles and leaf positions with the treatment plan, and the times with the machine's log.",
};

/// Returns the shorter way from one angle to another, degrees.
fn turn(from: f64, to: f64) -> f64 {
    let way = (to - from).abs() % 360.0;
    way.min(360.0 - way)
}

/// Returns how far an angle turns between two control points that both have it.
fn turned(column: &str, from: &Row<'_>, to: &Row<'_>) -> Option<f64> {
    Some(turn(from.float(column)?, to.float(column)?)).filter(|way| way.is_finite())
}

impl Check for AngleJump {
    fn card(&self) -> &'static CheckCard {
        &JUMP
    }

    fn needs(&self) -> Vec<Fetch> {
        vec![Fetch::all(FIELDS), Fetch::all(POINTS)]
    }

    fn reads(&self) -> Vec<Read> {
        let fields = [("FLD_ID", CellForm::Whole), ("Type_Enum", CellForm::Whole)];
        let points = [("FLD_ID", CellForm::Whole), ("Point", CellForm::Whole)];
        let fields = fields.map(|(column, form)| Read::all(FIELDS, column, form));
        let points = points.map(|(column, form)| Read::all(POINTS, column, form));
        let angles = ANGLES.map(|(column, _)| Read::own(POINTS, column, CellForm::Number));
        fields.into_iter().chain(points).chain(angles).collect()
    }

    fn look<'a>(&self, _: &Known<'a>, criteria: Criteria<'a>) -> Box<dyn Look + 'a> {
        Box::new(Jumps { rules: criteria.rules, looked_at: 0, findings: Vec::new() })
    }
}

/// The look: fields are counted, and judged as their control points come by.
struct Jumps<'a> {
    rules: &'a Rules,
    looked_at: u64,
    findings: Vec<Finding>,
}

impl Look for Jumps<'_> {
    fn take(&mut self, part: &Part<'_>, known: &Known<'_>) {
        self.looked_at += part.len();
        if part.table == POINTS {
            let jump = |(id, points): (&Id, &Vec<Row<'_>>)| {
                let field = known.field(id)?;
                let most = self.rules.of_type(field.kind)?.max_jump?.get();
                jumps(field.key(), points, most)
            };
            self.findings.extend(part.numbered().iter().filter_map(jump));
        }
    }

    fn verdict(&mut self, _: &Known<'_>) -> Verdict {
        ran(self.looked_at, std::mem::take(&mut self.findings))
    }
}

/// Returns the finding of a field that turns too far somewhere.
fn jumps(field: Key, points: &[Row<'_>], most: f64) -> Option<Finding> {
    let mut far = Vec::new();
    for (from, to) in points.iter().zip(points.iter().skip(1)) {
        let ways = ANGLES.iter().filter_map(|(column, name)| Some((turned(column, from, to)?, *name, from, to)));
        far.extend(ways.filter(|(way, ..)| *way > most));
    }
    let (way, name, from, to) = far.iter().max_by(|a, b| a.0.total_cmp(&b.0))?;
    let number = |row: &Row<'_>| row.integer("Point").unwrap_or_default();
    let message = format!(
        "turns of more than {most} degrees between neighbouring control points: {}; the largest, of the {name}, by \
         {way:.1} from {} to {}",
        far.len(),
        number(from),
        number(to),
    );
    let what = format!("jumps={} {name}={way:.1}", far.len());
    let related = vec![(POINTS, from.key()), (POINTS, to.key())];
    Some(Finding { check: JUMP.id, severity: JUMP.severity, table: FIELDS, key: field, related, what, message })
}

impl Check for AngleSpeed {
    fn card(&self) -> &'static CheckCard {
        &SPEED
    }

    fn needs(&self) -> Vec<Fetch> {
        vec![Fetch::all(DELIVERIES), Fetch::all(POINTS)]
    }

    fn aids(&self) -> Vec<Fetch> {
        Fleet::queries()
    }

    fn reads(&self) -> Vec<Read> {
        let points = [("FLD_ID", CellForm::Whole), ("Point", CellForm::Whole)];
        let points = points.map(|(column, form)| Read::all(POINTS, column, form));
        let angles = ANGLES.map(|(column, _)| Read::own(POINTS, column, CellForm::Number));
        let field = [Read::all(DELIVERIES, "FLD_ID", CellForm::Whole)];
        points.into_iter().chain(angles).chain(field).chain(judged_by()).collect()
    }

    fn wants(&self) -> Option<Fact> {
        Some(Fact::Deliveries)
    }

    fn look<'a>(&self, known: &Known<'a>, criteria: Criteria<'a>) -> Box<dyn Look + 'a> {
        let fleet = Fleet::read(known.whole, criteria.rules);
        Box::new(Speeds { fleet, shortest: Shortest::default(), looked_at: 0, findings: Vec::new() })
    }
}

/// The look: deliveries first, then control points.
struct Speeds<'a> {
    fleet: Fleet<'a>,
    shortest: Shortest,
    looked_at: u64,
    findings: Vec<Finding>,
}

impl Look for Speeds<'_> {
    fn take(&mut self, part: &Part<'_>, known: &Known<'_>) {
        self.looked_at += part.len();
        if part.table != POINTS {
            self.shortest.take(known.course.passing());
            return;
        }
        for (field, points) in part.numbered() {
            let Some((lasted, delivery)) = self.shortest.of(field) else { continue };
            let needed = time(points, self.fleet.of_field(field, &known.machines.fields));
            self.findings.extend(too_short(field, needed, (*lasted, &delivery.key())));
        }
    }

    fn verdict(&mut self, _: &Known<'_>) -> Verdict {
        ran(self.looked_at, std::mem::take(&mut self.findings)).remarking(self.fleet.remarks())
    }
}

/// Returns the finding of a field that was delivered in less time than it needs, seconds.
fn too_short(field: &Id, needed: f64, (lasted, delivery): (f64, &Key)) -> Option<Finding> {
    (needed > lasted + CLOCK_SECONDS).then(|| Finding {
        check: SPEED.id,
        severity: SPEED.severity,
        table: FIELDS,
        key: vec![field.value()],
        related: vec![(DELIVERIES, delivery.clone())],
        what: format!("needs={needed:.1}s lasted={lasted}s"),
        message: format!("needs at least {needed:.1} s at the machine's speeds, and was delivered in {lasted} s"),
    })
}

/// Returns how long a machine needs from the first control point to the last, seconds: all its parts move at once.
fn time(points: &[Row<'_>], machine: &Machine) -> f64 {
    let turns = [
        ("Gantry_Ang", machine.gantry_speed),
        ("Coll_Ang", machine.collimator_speed),
        ("Couch_Ang", machine.couch_speed),
    ];
    let leaves: Vec<Option<LeafPoint<'_>>> = points.iter().map(LeafPoint::read).collect();
    let mut all = 0.0;
    for at in 1..points.len() {
        let (Some(from), Some(to)) = (points.get(at - 1), points.get(at)) else { continue };
        let turns = turns.iter().filter_map(|(column, speed)| Some(turned(column, from, to)? / speed.get()));
        let banks = leaves.get(at - 1).zip(leaves.get(at));
        let travel = banks.and_then(|(from, to)| Some(travel(from.as_ref()?, to.as_ref()?, machine)));
        let travel = travel.unwrap_or_default() / machine.max_leaf_speed.get();
        all += turns.fold(travel, f64::max);
    }
    all
}

/// Returns how far the leaf goes that goes farthest, cm; one that stands where none can is another check's.
fn travel(from: &LeafPoint<'_>, to: &LeafPoint<'_>, machine: &Machine) -> f64 {
    let reach = machine.max_position.get() - machine.min_position.get();
    let pairs = from.pairs().zip(to.pairs());
    let ways = pairs.flat_map(|(from, to)| [from.a.abs_diff(to.a), from.b.abs_diff(to.b)]);
    let ways = ways.map(|way| f64::from(way) / 100.0).filter(|way| *way <= reach);
    ways.fold(0.0, f64::max)
}
