//! Control points: cumulative meterset, angles, jaws and couch, with the leaves of [`LeafMotion`].

use super::aperture::{JawEdges, LeafMotion};
use super::course::{Course, FieldVersion, LabField, Prescription};
use super::template::{FieldKind, Region};
use super::{NewRow, Roster, Sink, calendar, fields, random_between, random_stream};
use crate::model::Datum;
use crate::model::seed::RecordRandom;

/// Writes table TxFieldPoint.
pub(super) fn write_points<E>(roster: &Roster<'_>, sink: Sink<'_, E>) -> Result<(), E> {
    for course in roster.courses() {
        let fields = course.prescriptions.iter().flat_map(|site| site.fields.iter().map(move |field| (site, field)));
        let mut all: Vec<_> =
            fields.flat_map(|(site, field)| field.versions.iter().map(move |version| (site, field, version))).collect();
        // Rows are written in key order, as a database would have assigned their ids.
        all.sort_by_key(|(.., version)| version.version.id);
        for (site, field, version) in all {
            of_field(roster, &course, site, field, version, sink)?;
        }
    }
    Ok(())
}

fn of_field<E>(
    roster: &Roster<'_>,
    course: &Course,
    site: &Prescription,
    field: &LabField,
    version: &FieldVersion,
    sink: Sink<'_, E>,
) -> Result<(), E> {
    let mut random = random_stream(roster.request, "lab/points", &[course.index, version.version.id]);
    // Some machines count the index in MU, the others in percent.
    let total = if course.machine.index_in_units { version.meterset_tenths * 1000 } else { 1_000_000 };
    let indices = cumulative_indices(field.kind, version.points, total, &mut random);
    let couch = course.profile.couch.read_scales(couch_position(roster, course, site));
    let saved = calendar::datetime_at(version.version.saved.0, version.version.saved.1);
    let has_leaves = field.kind.has_leaves();
    let mut aperture = has_leaves.then(|| LeafMotion::new(roster.request, course, site, field, version));
    let jaws = jaw_edges(aperture.as_ref(), site, field, version);
    let outward = course.machine.jaws_outward;
    let follow = course.machine.jaws_follow && field.kind.is_modulated();
    if let Some(aperture) = &mut aperture {
        aperture.park_beyond(jaws.0);
    }
    for (point, index) in (0..).zip(indices) {
        let gantry = gantry_tenths(field, version.points, point);
        let row = NewRow::new("TxFieldPoint")
            .integer("TFP_ID", version.first_point + point)
            .integer("FLD_ID", version.version.id)
            .created_and_edited(saved, saved)
            .integer("Point", point)
            .decimal("Index", index, 4);
        let row = match &mut aperture {
            None => row.integer("MLC_Leaves", 0),
            Some(aperture) => {
                let (a, b) = aperture.move_to(point, gantry);
                row.integer("MLC_Leaves", course.machine.leaves.pairs)
                    .set("A_Leaf_Set", Datum::Bytes(a))
                    .set("B_Leaf_Set", Datum::Bytes(b))
            }
        };
        let row = row.decimal("Gantry_Ang", gantry, 1).decimal(
            "Coll_Ang",
            course.machine.written_collimator(field.collimator) * 10,
            1,
        );
        let now = aperture.as_ref().filter(|_| follow).map_or(jaws, |aperture| aperture.jaws_now(jaws));
        let row = with_beam(with_jaws(row, now, outward), site, field);
        row.decimal("Couch_Vrt", couch.0, 2)
            .decimal("Couch_Ang", field.beam.2 * 10, 1)
            .decimal("Couch_Lat", couch.1, 2)
            .decimal("Couch_Lng", couch.2, 2)
            .write_to(sink)?;
    }
    Ok(())
}

/// Returns height, lateral and longitudinal position of the couch for a prescription, 1/100 cm in steps of 1 mm: by the
/// part of the body, and a little elsewhere for a boost.
fn couch_position(roster: &Roster<'_>, course: &Course, site: &Prescription) -> (i64, i64, i64) {
    let mut random = random_stream(roster.request, "lab/couch", &[course.index]);
    let ranges = match course.template.region {
        Region::Head => [(-110, -60), (-12, 12), (180, 320)],
        Region::Thorax => [(-170, -100), (-15, 15), (480, 680)],
        Region::Breast => [(-130, -70), (40, 80), (500, 650)],
        Region::Pelvis => [(-190, -110), (-12, 12), (880, 1120)],
    };
    let [height, side, length] = ranges.map(|(least, most)| random_between(&mut random, least, most));
    let side = match course.template.region {
        Region::Breast if !course.template.is_left() => -side,
        _ => side,
    };
    let moved = [0; 3].map(|_| random_between(&mut random, -12, 12) * site.first_fraction.min(1));
    ((height + moved[0]) * 10, (side + moved[1]) * 10, (length + moved[2]) * 10)
}

/// Returns the jaws around the leaves; imaging has fixed ones, electrons those of the applicator.
fn jaw_edges(
    aperture: Option<&LeafMotion<'_>>,
    site: &Prescription,
    field: &LabField,
    version: &FieldVersion,
) -> JawEdges {
    if let Some(aperture) = aperture {
        return aperture.jaws((0..version.points).map(|point| gantry_tenths(field, version.points, point)));
    }
    let half = if field.kind == FieldKind::Electron { fields::applicator_side(site) / 2 } else { 1000 };
    (-half, half, -half, half)
}

/// Sets the jaws in the machine's convention. Jaws that count outward are positive on both sides.
fn with_jaws(row: NewRow, jaws: JawEdges, outward: bool) -> NewRow {
    let (left, right, low, high) = jaws;
    let sign = if outward { -1 } else { 1 };
    row.decimal("Field_X", right - left, 2)
        .decimal("Coll_X1", sign * left, 2)
        .decimal("Coll_X2", right, 2)
        .decimal("Field_Y", high - low, 2)
        .decimal("Coll_Y1", sign * low, 2)
        .decimal("Coll_Y2", high, 2)
}

/// Sets energy, dose rate and the gantry's direction.
fn with_beam(row: NewRow, site: &Prescription, field: &LabField) -> NewRow {
    let (energy, unit, rate) = match field.kind {
        FieldKind::KvSetup | FieldKind::ConeBeam => (120, 1, 0),
        FieldKind::Portal => (6, 2, 300),
        FieldKind::Electron => (site.template.energy, 3, site.template.rate),
        _ => (site.template.energy, 2, site.template.rate),
    };
    row.integer("Energy", energy)
        .integer("Energy_Unit_Enum", unit)
        .decimal("Meterset_Rate", rate, 0)
        .integer("Gantry_Dir_Enum", gantry_direction(field))
}

/// Returns the cumulative meterset of each point, in 1/10 000 of a percent or MU. A single point stays at 0.
fn cumulative_indices(kind: FieldKind, points: i64, total: i64, random: &mut RecordRandom) -> Vec<i64> {
    // Spread about as in the public mock. Two draws each, so that weights near the mean are the most frequent.
    let (steps, least, most) = match kind {
        FieldKind::StepAndShoot => (points / 2, 20, 95),
        FieldKind::Dmlc => (points - 1, 35, 65),
        _ => (points - 1, 15, 85),
    };
    let weights: Vec<i64> =
        (0..steps).map(|_| random_between(random, least, most) + random_between(random, least, most)).collect();
    let all = weights.iter().sum::<i64>().max(1);
    // Each sum is divided on its own, so that rounding does not add up and the last one is exact.
    let sums = std::iter::once(0).chain(weights.iter().scan(0, |sum, weight| {
        *sum += weight;
        Some(*sum * total / all)
    }));
    let sums: Vec<i64> = sums.collect();
    if kind != FieldKind::StepAndShoot {
        return sums;
    }
    // The beam is off between segments: each has a first and a last point.
    sums.windows(2).flatten().copied().collect()
}

/// Returns the gantry angle of a point, in 1/10 degree.
fn gantry_tenths(field: &LabField, points: i64, point: i64) -> i64 {
    let (start, sweep, _) = field.beam;
    (start * 10 + sweep * 10 * point / (points - 1).max(1)).rem_euclid(3600)
}

/// Gantry_Dir_Enum: 1 clockwise, 2 counter-clockwise, 3 none.
const fn gantry_direction(field: &LabField) -> i64 {
    match field.beam.1 {
        0 => 3,
        1.. => 1,
        _ => 2,
    }
}
