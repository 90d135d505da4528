//! Lengths, rates and weights: of couch, jaws, skin, dose rate and cumulative meterset.

use super::{Beam, Size, Task, to_datum};
use crate::domains::mosaiq::geometry::is_same_angle;
use crate::domains::mosaiq::leaves::{self, LeafPoint};
use crate::domains::mosaiq::machines::is_treatment;
use crate::model::seed::RecordRandom;
use crate::model::{Edit, Refusal, Row};

const COUCH: &str = "Couch_Lng";
const WIDTH: &str = "Field_X";
const JAW: &str = "Coll_X2";
const OTHER_JAW: &str = "Coll_X1";
const SKIN: &str = "Ssd";
const RATE: &str = "Meterset_Rate";
/// How far a jaw reaches, cm.
const REACH_CM: f64 = 20.0;
/// Couches of a prescription that are the same differ by no more than this, cm.
const SAME_CM: f64 = 0.5;
/// A jaw leaves the field at least so wide, cm.
const NARROWEST_CM: f64 = 1.0;
/// Open leaves lie beyond a jaw by so much before a fault of the default size is worth making, cm.
const BEYOND_CM: f64 = 0.6;

pub(super) fn move_couch(beam: &Beam<'_>, task: &Task<'_>, size: Size) -> Result<Vec<Edit>, Refusal> {
    let own = beam.first_number(COUCH, task)?;
    let beside: Vec<f64> = beam.beams_beside().iter().filter_map(|(_, point)| point.float(COUCH)).collect();
    let same = beside.iter().filter(|other| (*other - own).abs() <= SAME_CM).count();
    if own == 0.0 || beside.is_empty() || same < beside.len() {
        return Err(task.ineligible("no other fields of the prescription have the couch at its Couch_Lng"));
    }
    beam.edit_points(task, [COUCH], |[place]| [place + size.change_of(place)])
}

pub(super) fn open_jaw(beam: &Beam<'_>, task: &Task<'_>, size: Size) -> Result<Vec<Edit>, Refusal> {
    if beam.first_number(JAW, task)? > REACH_CM {
        return Err(task.ineligible("its Coll_X2 is beyond 20 cm already"));
    }
    let place = REACH_CM + size.change_of(REACH_CM);
    beam.edit_points(task, [JAW, WIDTH], |[jaw, width]| [place, width + place - jaw])
}

pub(super) fn close_jaw(beam: &Beam<'_>, task: &Task<'_>, size: Size) -> Result<Vec<Edit>, Refusal> {
    let points = sound_points(beam, task)?;
    let (mut beyond, mut already) = (f64::MIN, f64::MIN);
    for point in &points {
        let [Some(width), Some(jaw)] = [WIDTH, JAW].map(|column| point.row.float(column)) else {
            return Err(task.ineligible("one of its control points has no Field_X or Coll_X2"));
        };
        if width - size.change_of(jaw) < NARROWEST_CM {
            return Err(task.ineligible("a jaw closed so far would leave no field"));
        }
        beyond = beyond.max(farthest_right(point) - (jaw - size.change_of(jaw)));
        already = already.max(farthest_right(point) - jaw);
    }
    // Smaller sizes are allowed: a sweep finds out from which one on they are seen.
    let far = BEYOND_CM.min(size.number() / 5.0);
    if beyond < far || already >= far {
        return Err(task.ineligible("no open leaves lie behind a jaw closed so far, or some already do"));
    }
    beam.edit_points(task, [JAW, WIDTH], |[jaw, width]| [jaw - size.change_of(jaw), width - size.change_of(jaw)])
}

/// Returns the control points, all of them with leaves, of a treatment field.
fn sound_points<'s>(beam: &Beam<'s>, task: &Task<'_>) -> Result<Vec<LeafPoint<'s>>, Refusal> {
    let points: Vec<LeafPoint<'s>> = leaves::of_field(beam.snapshot, task.record)?;
    let is_whole = !points.is_empty() && points.len() == beam.points.len() && points.iter().all(LeafPoint::is_whole);
    if !is_whole || !is_treatment(beam.field.integer("Type_Enum")) {
        return Err(task.ineligible("it is no treatment field with leaf sets at all control points"));
    }
    Ok(points)
}

/// Returns how far an open pair reaches to the side of X2, cm. Bank B counts to that side in either convention.
fn farthest_right(point: &LeafPoint<'_>) -> f64 {
    let farthest = point.pairs().map(|pair| i32::from(pair.b)).max().unwrap_or_default();
    f64::from(farthest) / 100.0
}

pub(super) fn change_width(beam: &Beam<'_>, task: &Task<'_>, size: Size) -> Result<Vec<Edit>, Refusal> {
    for row in &beam.points {
        let [Some(width), Some(one), Some(other)] = [WIDTH, OTHER_JAW, JAW].map(|column| row.float(column)) else {
            return Err(task.ineligible("one of its control points lacks Field_X or a jaw"));
        };
        let (difference, sum) = (other - one, one + other);
        let change = size.change_of(width);
        let fits = [difference, sum].iter().any(|distance| (width - distance).abs() < 0.05);
        if !fits || width + change < 0.0 || [difference, sum].iter().any(|one| (width + change - one).abs() < 0.05) {
            return Err(task.ineligible("its jaws are not as far apart as Field_X says, or would be afterwards"));
        }
    }
    beam.edit_points(task, [WIDTH], |[width]| [width + size.change_of(width)])
}

pub(super) fn change_skin(beam: &Beam<'_>, task: &Task<'_>, size: Size) -> Result<Vec<Edit>, Refusal> {
    let (_, _) = beam.field.table.column(SKIN)?;
    let Some(own) = beam.field.float(SKIN).filter(|skin| *skin > 0.0) else {
        return Err(task.ineligible("it has no Ssd"));
    };
    let [gantry, couch] = [beam.first_number("Gantry_Ang", task)?, beam.first_number("Couch_Ang", task)?];
    let is_same_side = beam.beams_beside().iter().any(|(field, point)| {
        let angles = [("Gantry_Ang", gantry), ("Couch_Ang", couch)];
        let is_same =
            angles.iter().all(|(column, own)| point.float(column).is_some_and(|angle| is_same_angle(angle, *own, 1.0)));
        is_same && field.float(SKIN).is_some_and(|skin| (skin - own).abs() < 0.5)
    });
    if !is_same_side {
        return Err(task.ineligible("no other field of the prescription comes from the same side with its Ssd"));
    }
    Ok(beam.edit_field(SKIN, ((own + size.change_of(own)) * 10.0).round() / 10.0))
}

pub(super) fn change_rate(beam: &Beam<'_>, task: &Task<'_>, size: Size) -> Result<Vec<Edit>, Refusal> {
    let own = beam.first_number(RATE, task)?;
    if own <= 0.0 || !is_treatment(beam.field.integer("Type_Enum")) {
        return Err(task.ineligible("it is no treatment field with a dose rate"));
    }
    let energy = beam.points.first().and_then(|row| row.float("Energy"));
    let kind = |field: &Row<'_>| (field.integer("Modality_Enum"), field.flag("IsFFF"));
    let beside = beam.beams_beside();
    let others: Vec<f64> = beside
        .iter()
        .filter(|(field, _)| is_treatment(field.integer("Type_Enum")) && kind(field) == kind(&beam.field))
        .filter(|(_, point)| point.float("Energy") == energy)
        .filter_map(|(_, point)| point.float(RATE))
        .collect();
    if others.len() < 2 || others.iter().any(|rate| *rate != own) {
        return Err(task.ineligible("no two other fields of the prescription have its energy and its dose rate"));
    }
    beam.edit_points(task, [RATE], |[rate]| [(rate + size.change_of(rate)).round()])
}

/// Lowers the cumulative meterset of one control point below that of the one before.
pub(super) fn lower_index(beam: &Beam<'_>, task: &Task<'_>, size: Size) -> Result<Vec<Edit>, Refusal> {
    let indices: Vec<f64> = beam.points.iter().filter_map(|row| row.float("Index")).collect();
    let is_rising = indices.windows(2).all(|pair| pair.first() <= pair.last());
    if indices.len() < beam.points.len() || indices.len() < 3 || !is_rising {
        return Err(task.ineligible("it has no three control points with a rising cumulative meterset"));
    }
    let fall = size.change_of(indices.last().copied().unwrap_or_default());
    let inner = 1..indices.len() - 1;
    let candidates: Vec<(usize, f64)> = inner
        .filter_map(|at| Some((at, indices.get(at - 1)? - fall)))
        .filter(|(_, lowered)| *lowered >= 0.0 && fall > 0.0)
        .collect();
    let mut random = RecordRandom::new(task.seed, "index_order", std::slice::from_ref(task.record));
    let choice = random.pick(&candidates).and_then(|(at, lowered)| Some((beam.points.get(*at)?, *lowered)));
    let Some((row, lowered)) = choice else {
        return Err(task.ineligible("no control point of it can fall so far below the one before"));
    };
    let set = std::iter::once(("Index".to_owned(), to_datum(lowered))).collect();
    Ok(vec![Edit::Update { table: "TxFieldPoint".into(), key: row.key(), set }])
}
