//! Angles from one control point to the next: no sudden turn, and none that takes longer than the delivery did.

use std::collections::BTreeMap;

use super::times::{judged, judged_by};
use super::{Card, Check, Terms, Verdict, present};
use crate::model::snapshot::key_form;
use crate::model::{Finding, Key, Query, Row, Severity, Snapshot, TableRows, Value};
use crate::mosaiq::fleet::Fleet;
use crate::mosaiq::ground::{Form, Read};
use crate::mosaiq::leaves::{LeafPoint, POINTS};
use crate::mosaiq::machines::FIELDS;
use crate::mosaiq::rules::Machine;

const DELIVERIES: &str = "TrackTreatment";
/// The angles of a control point, and what they are called.
const ANGLES: [(&str, &str); 2] = [("Gantry_Ang", "gantry"), ("Coll_Ang", "collimator")];
/// A delivery's times are written when the record is, not when the beam goes on and off, s.
const CLOCK_SECONDS: f64 = 1.0;

/// The check of sudden turns.
pub(super) struct AngleJump;
/// The check of the speed.
pub(super) struct AngleSpeed;

static JUMP: Card = Card {
    id: "angle_jump",
    group: "angles",
    mode: "invalid_angles",
    severity: Severity::Medium,
    about: "Neither gantry nor collimator turns by more than 90 degrees, the shorter way round, between neighbouring \
        control points of a field whose type has them close together.",
    remedy: "Compare the field's angles with the treatment plan, and look for a lost control point.",
};

static SPEED: Card = Card {
    id: "angle_speed",
    group: "angles",
    mode: "invalid_angles",
    severity: Severity::Medium,
    about: "A delivery lasts as long as gantry, collimator, couch and leaves need from control point to control \
        point at the machine's speeds. Only deliveries with beam on, complete, not cancelled and not for quality \
        assurance are judged, and none that continues another of the day.",
    remedy: "Compare angles and leaf positions with the treatment plan, and the times with the machine's log.",
};

/// Returns the control points of every field by number, those without one left out.
fn by_field<'s>(points: &'s TableRows) -> BTreeMap<Value, Vec<Row<'s>>> {
    let mut fields: BTreeMap<Value, Vec<(i64, Row<'s>)>> = BTreeMap::new();
    for row in points.rows() {
        let field = row.cell("FLD_ID").filter(|cell| !cell.is_null()).map(key_form);
        if let (Some(field), Some(number)) = (field, row.integer("Point")) {
            fields.entry(field).or_default().push((number, row));
        }
    }
    let sorted = |mut rows: Vec<(i64, Row<'s>)>| {
        rows.sort_by_key(|(number, _)| *number);
        rows.into_iter().map(|(_, row)| row).collect()
    };
    fields.into_iter().map(|(field, rows)| (field, sorted(rows))).collect()
}

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
    fn card(&self) -> &'static Card {
        &JUMP
    }

    fn needs(&self) -> Vec<Query> {
        vec![Query::all(FIELDS), Query::all(POINTS)]
    }

    fn reads(&self) -> Vec<Read> {
        let fields = [("FLD_ID", Form::Any), ("Type_Enum", Form::Whole)];
        let points = [("FLD_ID", Form::Any), ("Point", Form::Whole)];
        let fields = fields.map(|(column, form)| Read::all(FIELDS, column, form));
        let points = points.map(|(column, form)| Read::all(POINTS, column, form));
        let angles = ANGLES.map(|(column, _)| Read::own(POINTS, column, Form::Number));
        fields.into_iter().chain(points).chain(angles).collect()
    }

    fn judge(&self, snapshot: &Snapshot, terms: &Terms) -> Verdict {
        let (fields, points) = match (present(snapshot, FIELDS, &[]), present(snapshot, POINTS, &[])) {
            (Ok(fields), Ok(points)) => (fields, points),
            (Err(not_run), _) | (_, Err(not_run)) => return not_run,
        };
        let by_field = by_field(points);
        let jump = |field: Row<'_>| {
            let most = terms.rules.of_type(field.integer("Type_Enum"))?.max_jump?.get();
            jumps(field.key(), by_field.get(&field.cell("FLD_ID").map(key_form)?)?, most)
        };
        let findings = fields.rows().filter_map(jump).collect();
        Verdict::Ran { looked_at: (fields.len() + points.len()) as u64, findings, remarks: Vec::new() }
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
    fn card(&self) -> &'static Card {
        &SPEED
    }

    fn needs(&self) -> Vec<Query> {
        vec![Query::all(DELIVERIES), Query::all(POINTS)]
    }

    fn aids(&self) -> Vec<Query> {
        Fleet::queries()
    }

    fn reads(&self) -> Vec<Read> {
        let points = [("FLD_ID", Form::Any), ("Point", Form::Whole)];
        let points = points.map(|(column, form)| Read::all(POINTS, column, form));
        let angles = ANGLES.map(|(column, _)| Read::own(POINTS, column, Form::Number));
        let field = [Read::all(DELIVERIES, "FLD_ID", Form::Any)];
        points.into_iter().chain(angles).chain(field).chain(judged_by()).collect()
    }

    fn judge(&self, snapshot: &Snapshot, terms: &Terms) -> Verdict {
        let (deliveries, points) = match (present(snapshot, DELIVERIES, &[]), present(snapshot, POINTS, &[])) {
            (Ok(deliveries), Ok(points)) => (deliveries, points),
            (Err(not_run), _) | (_, Err(not_run)) => return not_run,
        };
        let fleet = Fleet::read(snapshot, &terms.rules);
        let shortest = shortest(deliveries);
        let too_short = |(field, points): (Value, Vec<Row<'_>>)| {
            let (lasted, delivery) = shortest.get(&field)?;
            let needed = time(&points, fleet.of_field(Some(&field)));
            let message =
                || format!("needs at least {needed:.1} s at the machine's speeds, and was delivered in {lasted} s");
            (needed > lasted + CLOCK_SECONDS).then(|| Finding {
                check: SPEED.id,
                severity: SPEED.severity,
                table: FIELDS,
                key: vec![field],
                related: vec![(DELIVERIES, delivery.clone())],
                what: format!("needs={needed:.1}s lasted={lasted}s"),
                message: message(),
            })
        };
        let findings = by_field(points).into_iter().filter_map(too_short).collect();
        let looked_at = (deliveries.len() + points.len()) as u64;
        Verdict::Ran { looked_at, findings, remarks: fleet.remarks() }
    }
}

/// Returns the shortest delivery of every field that is to be judged: its seconds and its key.
fn shortest(deliveries: &TableRows) -> BTreeMap<Value, (f64, Key)> {
    let of = |row: &Row<'_>| {
        Some((
            row.cell("FLD_ID").filter(|cell| !cell.is_null()).map(key_form)?,
            row.cell("Pat_ID1").map(key_form),
            row.datetime("Create_DtTm")?.date(),
        ))
    };
    let set = |row: &Row<'_>, column: &str| row.flag(column) == Some(true);
    let begun = |row: &Row<'_>| set(row, "WasBeamOn") && !set(row, "WasBeamComplete");
    let interrupted: std::collections::BTreeSet<_> =
        deliveries.rows().filter(begun).filter_map(|row| of(&row)).collect();
    let mut shortest: BTreeMap<Value, (f64, Key)> = BTreeMap::new();
    for row in deliveries.rows() {
        let (Some(place), Some(lasted)) = (of(&row), judged(&row)) else { continue };
        let lasted = lasted.as_secs_f64();
        if !interrupted.contains(&place) && shortest.get(&place.0).is_none_or(|(known, _)| lasted < *known) {
            shortest.insert(place.0, (lasted, row.key()));
        }
    }
    shortest
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
