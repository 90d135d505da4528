//! Angles: of gantry, collimator and couch.

use super::{Beam, Size, Task};
use crate::domains::mosaiq::field_names::read_angles;
use crate::domains::mosaiq::geometry::{is_same_angle, turn_between};
use crate::domains::mosaiq::machines::is_treatment;
use crate::domains::mosaiq::rules::Rules;
use crate::model::{Edit, Refusal};

const GANTRY: &str = "Gantry_Ang";
const COUCH: &str = "Couch_Ang";
const CODE: &str = "Gantry_Dir_Enum";
/// Angles that should be the same differ by no more than this, degrees.
const SAME_DEGREES: f64 = 2.0;
/// Type_Enum of a modulated arc.
const ARC: i64 = 13;

/// Turns an angle, and keeps it from 0 to 360, without 360.
fn turn_by(angle: f64, degrees: f64) -> f64 {
    let turned = ((angle + degrees) * 10.0).round() / 10.0;
    turned.rem_euclid(360.0)
}

/// Turns the couch away from the angle that two other treatment fields of the prescription have.
pub(super) fn turn_couch(beam: &Beam<'_>, task: &Task<'_>, size: Size) -> Result<Vec<Edit>, Refusal> {
    let own = beam.first_number(COUCH, task)?;
    let beside = beam.beams_beside();
    let others: Vec<f64> = beside
        .iter()
        .filter(|(field, _)| is_treatment(field.integer("Type_Enum")))
        .filter_map(|(_, point)| point.float(COUCH))
        .collect();
    let agree = others.iter().all(|angle| is_same_angle(*angle, own, SAME_DEGREES));
    if others.len() < 2 || !agree || !is_treatment(beam.field.integer("Type_Enum")) {
        return Err(task.ineligible("it is no treatment field with two others of the prescription at its couch angle"));
    }
    let site = beam.field.cell("SIT_Set_ID").filter(|site| !site.is_null());
    let sites = site.map(|site| Ok(beam.snapshot.table("Site")?.rows_with("SIT_SET_ID", site))).transpose()?;
    let rules = Rules::standard();
    if sites.unwrap_or_default().iter().any(|site| rules.geometry.lets_couch_turn(site)) {
        return Err(task.ineligible("its prescription is one whose beams come from many sides"));
    }
    beam.edit_points(task, [COUCH], |[angle]| [turn_by(angle, size.change_of(angle))])
}

/// Exchanges clockwise and counter-clockwise.
pub(super) fn reverse_direction(beam: &Beam<'_>, task: &Task<'_>) -> Result<Vec<Edit>, Refusal> {
    let angles: Vec<f64> = beam.points.iter().filter_map(|row| row.float(GANTRY)).collect();
    let mut net = 0.0;
    let mut largest = 0.0_f64;
    for pair in angles.windows(2) {
        if let [from, to] = pair {
            let turn = turn_between(*from, *to);
            net += turn;
            largest = largest.max(turn.abs());
        }
    }
    let codes: Vec<f64> = beam.points.iter().filter_map(|row| row.float(CODE)).collect();
    let expected = if net > 0.0 { 1.0 } else { 2.0 };
    let is_plain = angles.windows(2).all(|pair| match pair {
        [from, to] => turn_between(*from, *to) * net >= 0.0,
        _ => true,
    });
    let says_so = codes.len() == beam.points.len() && codes.iter().all(|code| *code == expected);
    if largest <= 1.0 || !is_plain || !says_so || !is_treatment(beam.field.integer("Type_Enum")) {
        return Err(task.ineligible("its gantry does not turn one way in the direction that its control points say"));
    }
    beam.edit_points(task, [CODE], |[code]| [3.0 - code])
}

/// Turns a standing beam to the opposite side.
pub(super) fn oppose_beam(beam: &Beam<'_>, task: &Task<'_>) -> Result<Vec<Edit>, Refusal> {
    let own = beam.first_number(GANTRY, task)?;
    let is_still = beam.points.iter().all(|row| row.float(GANTRY) == Some(own));
    if !is_still || !is_treatment(beam.field.integer("Type_Enum")) {
        return Err(task.ineligible("it is no standing treatment beam"));
    }
    // Only the name tells which side was meant.
    let name = beam.field.text("Field_Name").unwrap_or_default();
    if !read_angles("Field_Name", name).iter().any(|named| is_same_angle(named.degrees, own, 0.5)) {
        return Err(task.ineligible("its Field_Name does not say its gantry angle"));
    }
    beam.edit_points(task, [GANTRY], |[angle]| [turn_by(angle, 180.0)])
}

/// Turns the collimator of an arc.
pub(super) fn turn_collimator(beam: &Beam<'_>, task: &Task<'_>, size: Size) -> Result<Vec<Edit>, Refusal> {
    if beam.field.integer("Type_Enum") != Some(ARC) {
        return Err(task.ineligible("it is no modulated arc: standing beams have any collimator angle"));
    }
    let own = beam.first_number("Coll_Ang", task)?;
    // A fault on top of another one could turn it back to where it belongs.
    if turn_between(0.0, own).abs() >= 45.0 {
        return Err(task.ineligible("its collimator is turned by 45 degrees or more already"));
    }
    beam.edit_points(task, ["Coll_Ang"], |[angle]| [turn_by(angle, size.change_of(angle))])
}
