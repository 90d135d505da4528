//! Control points with their leaf sets, both banks in one coordinate; knows no dose.

use super::course::{Course, Courses, Field, FieldKind, Prescription};
use super::{LabRequest, NewRow, Sink, between, calendar, stream};
use crate::model::Datum;
use crate::model::seed::RecordRandom;

/// Where closed pairs wait, 1/100 cm: never 0, because readers strip trailing zero bytes.
const PARKED: (i64, i64) = (-155, -145);

/// Makes TxFieldPoint.
pub(super) fn points<E>(request: &LabRequest, sink: Sink<'_, E>) -> Result<(), E> {
    for course in Courses::new(request) {
        for site in &course.prescriptions {
            for field in &site.fields {
                of_field(request, &course, site, field, sink)?;
            }
        }
    }
    Ok(())
}

fn of_field<E>(
    request: &LabRequest,
    course: &Course,
    site: &Prescription,
    field: &Field,
    sink: Sink<'_, E>,
) -> Result<(), E> {
    let mut random = stream(request, "lab/points", &[field.id]);
    let indices = indices(field, &mut random);
    let (vertical, lateral) = (between(&mut random, -1500, -500), between(&mut random, -100, 100));
    let longitudinal = between(&mut random, 0, 9000);
    let planned = calendar::moment(course.planned_on(), 12 * 3_600_000);
    let (width, length) = (site.template.half_width + 150, site.template.half_length + 100);
    let mut shape = None;
    for (point, index) in (0..).zip(indices) {
        // Both points of a step-and-shoot segment show one shape.
        let same = field.kind == FieldKind::StepAndShoot && point % 2 == 1;
        if !same {
            shape = (field.kind != FieldKind::KvSetup).then(|| leaf_sets(course, site, field, &mut random));
        }
        let row = NewRow::new("TxFieldPoint")
            .integer("TFP_ID", field.first_point + point)
            .integer("FLD_ID", field.id)
            .time("Create_DtTm", planned)
            .time("Edit_DtTm", planned)
            .integer("Point", point)
            .decimal("Index", index, 4)
            .decimal("Gantry_Ang", gantry_tenths(field, point), 1)
            .decimal("Coll_Ang", field.collimator * 10, 1)
            .decimal("Field_X", 2 * width, 2)
            .decimal("Coll_X1", -width, 2)
            .decimal("Coll_X2", width, 2)
            .decimal("Field_Y", 2 * length, 2)
            .decimal("Coll_Y1", -length, 2)
            .decimal("Coll_Y2", length, 2)
            .integer("Energy", if shape.is_some() { 6 } else { 0 })
            .integer("Energy_Unit_Enum", 2)
            .decimal("Meterset_Rate", if shape.is_some() { 6_000_000 } else { 0 }, 4)
            .integer("Gantry_Dir_Enum", direction(field))
            .decimal("Couch_Ang", 0, 1)
            .decimal("Couch_Vrt", vertical, 2)
            .decimal("Couch_Lat", lateral, 2)
            .decimal("Couch_Lng", longitudinal, 2);
        let row = match &shape {
            None => row.integer("MLC_Leaves", 0),
            Some((a, b)) => row
                .integer("MLC_Leaves", course.machine.leaf_pairs)
                .set("A_Leaf_Set", Datum::Bytes(a.clone()))
                .set("B_Leaf_Set", Datum::Bytes(b.clone())),
        };
        row.send(sink)?;
    }
    Ok(())
}

/// Returns the cumulative meterset of each point, in 10^-4 percent; a single point begins and stays at 0.
fn indices(field: &Field, random: &mut RecordRandom) -> Vec<i64> {
    let steps = match field.kind {
        FieldKind::StepAndShoot => field.points / 2,
        _ => field.points - 1,
    };
    let weights: Vec<i64> = (0..steps).map(|_| between(random, 60, 140)).collect();
    let total = weights.iter().sum::<i64>().max(1);
    let mut sums = vec![0];
    let mut sum = 0;
    for weight in weights {
        sum += weight;
        sums.push(sum * 1_000_000 / total);
    }
    if field.kind != FieldKind::StepAndShoot {
        return sums;
    }
    sums.windows(2).flatten().copied().collect()
}

/// Returns the gantry angle of a point, in tenths of a degree: an arc runs 358 degrees, first clockwise, then back.
fn gantry_tenths(field: &Field, point: i64) -> i64 {
    if field.kind != FieldKind::Vmat {
        return field.gantry * 10;
    }
    let travelled = 3580 * point / (field.points - 1).max(1);
    let signed = if direction(field) == 1 { travelled } else { -travelled };
    (field.gantry * 10 + signed).rem_euclid(3600)
}

/// Gantry_Dir_Enum: 1 clockwise, 2 counter-clockwise, 3 none.
const fn direction(field: &Field) -> i64 {
    match (field.kind, field.number % 2) {
        (FieldKind::Vmat, 1) => 1,
        (FieldKind::Vmat, _) => 2,
        _ => 3,
    }
}

/// Returns both banks: an ellipse with ragged edges where the beam is modulated; at least 3 mm open inside it.
fn leaf_sets(course: &Course, site: &Prescription, field: &Field, random: &mut RecordRandom) -> (Vec<u8>, Vec<u8>) {
    let (pairs, leaf) = (course.machine.leaf_pairs, course.machine.leaf_width);
    let (width, length) = (site.template.half_width, site.template.half_length);
    let ragged = if field.kind == FieldKind::Static { 0 } else { 100 };
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for pair in 0..pairs {
        let along = (2 * pair + 1 - pairs) * leaf / 2;
        let inside = length * length - along * along;
        let (left, right) = if inside > 0 {
            let half = width * inside.isqrt() / length;
            let left = -half + between(random, -ragged, ragged);
            (left, (half + between(random, -ragged, ragged)).max(left + 30))
        } else {
            PARKED
        };
        a.extend(i16::try_from(left).unwrap_or_default().to_le_bytes());
        b.extend(i16::try_from(right).unwrap_or_default().to_le_bytes());
    }
    (a, b)
}
