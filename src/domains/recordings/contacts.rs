//! Contacts: touching pairs, their points, and the solver's impulses at each point, all as of the beginning of their
//! frame's step.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::measure::{Measure, Vector};
use super::missing::Missing;
use super::reading::{Reading, ScanSheet, SheetRow, Stop};
use super::schema;
use super::vectors::{Vectors, read_directions};
use crate::domain::table::TableCard;

/// A contact point with the impulses that the solver found for it.
#[derive(Clone, Copy, Debug, Default)]
pub struct ConstraintPoint {
    /// The frame.
    pub frame: i64,
    /// First body.
    pub a: i64,
    /// The other body.
    pub b: i64,
    /// The ids of the normal, both tangents and both lever arms.
    pub directions: [Option<i64>; 5],
    /// The pair's coefficient of friction.
    pub coefficient: Option<f64>,
    /// The impulse along the normal, N s.
    pub normal: Option<f64>,
    /// The impulses along both tangents, N s.
    pub tangents: [Option<f64>; 2],
}

/// The columns that refer to directions, in the order of [`Point::directions`].
const DIRECTIONS: [&str; 5] = ["normal_id", "tangent1_id", "tangent2_id", "lever_arm_a_id", "lever_arm_b_id"];
/// The columns that a history of many frames is judged by.
const JUDGED: [&str; 5] = ["body_a_id", "body_b_id", "frame_id", "normal_id", "normal_lambda"];
/// The columns with the numbers of a point.
const NUMBERS: [&str; 4] = ["friction_coefficient", "normal_lambda", "tangent1_lambda", "tangent2_lambda"];

impl ConstraintPoint {
    /// Returns whether a body is one of the two.
    #[must_use]
    pub const fn has_body(&self, body: i64) -> bool {
        self.a == body || self.b == body
    }

    /// Returns whether the point is between two bodies, in either order.
    #[must_use]
    pub const fn is_between(&self, one: i64, other: i64) -> bool {
        (self.a == one && self.b == other) || (self.a == other && self.b == one)
    }

    /// Returns the size of the tangential impulse, N s; `None` where a component is not recorded.
    #[must_use]
    pub fn tangential_impulse(&self) -> Option<f64> {
        Some(self.tangents[0]?.hypot(self.tangents[1]?))
    }
}

/// Contact points, and which of their tables and columns are not recorded.
#[derive(Debug, Default)]
pub struct ConstraintPoints {
    /// The points, in the order of their frames.
    pub points: Vec<ConstraintPoint>,
    /// Whether the recording has any table of contact constraints.
    pub recorded: bool,
    /// Whether it has a table with every contact, even in frames without friction.
    pub contacts_recorded: bool,
    /// The tables and columns that are missing.
    pub missing: Missing,
}

/// Reads the contact points of a range of frames. In a frame without any friction the recorder writes no impulses; its
/// points then come from the table of contact constraints.
///
/// # Errors
/// As [`Reading::scan`].
pub fn read_points(reading: &Reading, range: (i64, i64)) -> Result<ConstraintPoints, Stop> {
    collect_points(&point_columns(), |table, columns| reading.scan_frames(table, columns, range))
}

/// A range of this many frames or more is searched by body instead of by frame: a pair touches in few of them.
const MANY_FRAMES: i64 = 1000;

/// Reads the contact points between two bodies in a range of frames.
///
/// # Errors
/// As [`Reading::scan`].
pub fn read_points_between(
    reading: &Reading,
    range: (i64, i64),
    one: i64,
    other: i64,
) -> Result<ConstraintPoints, Stop> {
    collect_points_between(reading, range, [one, other], &point_columns())
}

/// Reads what a history is judged by: the points as [`read_points_between`] returns them, of which only the frame, the
/// bodies, the id of the normal and the normal impulse are there.
///
/// # Errors
/// As [`Reading::scan`].
pub fn read_judged_points(
    reading: &Reading,
    range: (i64, i64),
    one: i64,
    other: i64,
) -> Result<ConstraintPoints, Stop> {
    collect_points_between(reading, range, [one, other], &JUDGED)
}

fn collect_points_between(
    reading: &Reading,
    range: (i64, i64),
    bodies: [i64; 2],
    columns: &[&str],
) -> Result<ConstraintPoints, Stop> {
    let ((first, last), [one, other]) = (range, bodies);
    let mut between = if last.saturating_sub(first) < MANY_FRAMES {
        collect_points(columns, |table, columns| reading.scan_frames(table, columns, range))?
    } else {
        collect_points(columns, |table, columns| reading.scan_among(table, columns, "body_a_id", bodies))?
    };
    // Either scan reads more: all bodies of the frames, or all frames and partners of the two bodies.
    between.points.retain(|point| point.is_between(one, other) && (first..=last).contains(&point.frame));
    Ok(between)
}

/// Collects points from the tables of constraints that the recording has: the unified one, or the two that it replaced.
fn collect_points<'r>(
    columns: &[&str],
    read: impl Fn(&TableCard, &[&str]) -> Result<Option<&'r ScanSheet>, Stop>,
) -> Result<ConstraintPoints, Stop> {
    if let Some(sheet) = read(&schema::UNIFIED, columns)? {
        let mut missing = Missing::default();
        missing.note(&schema::UNIFIED, columns, Some(sheet));
        return Ok(ConstraintPoints {
            points: points_of_sheet(sheet),
            recorded: true,
            contacts_recorded: true,
            missing,
        });
    }
    let friction = read(&schema::FRICTION, columns)?;
    let contacts = read(&schema::CONTACT, columns)?;
    let mut missing = Missing::default();
    missing.note(&schema::FRICTION, columns, friction);
    let mut points = friction.map(points_of_sheet).unwrap_or_default();
    let frames: BTreeSet<i64> = points.iter().map(|point| point.frame).collect();
    match contacts {
        // Where a frame has friction, each of its contacts is in both tables.
        Some(sheet) => points.extend(points_of_sheet(sheet).into_iter().filter(|point| !frames.contains(&point.frame))),
        None => missing.note(&schema::CONTACT, &[], None),
    }
    points.sort_by_key(|point| point.frame);
    let recorded = friction.or(contacts).is_some();
    Ok(ConstraintPoints { points, recorded, contacts_recorded: contacts.is_some(), missing })
}

fn point_columns() -> Vec<&'static str> {
    ["body_a_id", "body_b_id", "frame_id"].into_iter().chain(DIRECTIONS).chain(NUMBERS).collect()
}

fn points_of_sheet(sheet: &ScanSheet) -> Vec<ConstraintPoint> {
    let (a, b, frame) =
        (sheet.column_index("body_a_id"), sheet.column_index("body_b_id"), sheet.column_index("frame_id"));
    let (directions, numbers) =
        (DIRECTIONS.map(|name| sheet.column_index(name)), NUMBERS.map(|name| sheet.column_index(name)));
    let mut points = Vec::with_capacity(sheet.len());
    for row in sheet.rows() {
        let (Some(frame), Some(a), Some(b)) = (row.integer_at(frame), row.integer_at(a), row.integer_at(b)) else {
            continue;
        };
        let directions = directions.map(|column| row.integer_at(column));
        let [coefficient, normal, one, other] = numbers.map(|column| row.number_at(column));
        points.push(ConstraintPoint { frame, a, b, directions, coefficient, normal, tangents: [one, other] });
    }
    points
}

/// A contact point as the solver left it; impulses in N s, forces in N.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct FrictionItem {
    /// First body.
    pub body_a_id: i64,
    /// Second body; bit 31 marks the environment.
    pub body_b_id: i64,
    /// The normal, from A to B.
    pub normal: Option<Vector>,
    /// The first tangent.
    pub tangent1: Option<Vector>,
    /// The second tangent.
    pub tangent2: Option<Vector>,
    /// From A's centre to the point, m.
    pub lever_arm_a: Option<Vector>,
    /// From B's centre to the point, m.
    pub lever_arm_b: Option<Vector>,
    /// The pair's coefficient of friction.
    pub friction_coefficient: Measure,
    /// The impulse along the normal, N s.
    pub normal_lambda: Measure,
    /// The impulse along the first tangent, N s.
    pub tangent1_lambda: Measure,
    /// The impulse along the second tangent, N s.
    pub tangent2_lambda: Measure,
    /// The force along the normal, N: the impulse divided by the step length.
    pub normal_force_n: Measure,
    /// The force along the first tangent, N.
    pub tangent1_force_n: Measure,
    /// The force along the second tangent, N.
    pub tangent2_force_n: Measure,
}

/// Returns the mean force, N, of an impulse, N s, over a step, s; null where either is unknown or the step is not
/// positive.
#[must_use]
pub fn mean_force(impulse: Option<f64>, step: Option<f64>) -> Measure {
    Measure(impulse.zip(step).filter(|(_, step)| *step > 0.0).map(|(impulse, step)| impulse / step))
}

/// Reads the directions of points, each given with the length of its frame's step (s), and returns them as answers show
/// them.
///
/// # Errors
/// As [`Reading::scan`].
pub fn describe_points(
    reading: &Reading,
    points: &[(ConstraintPoint, Option<f64>)],
    missing: &mut Missing,
) -> Result<Vec<FrictionItem>, Stop> {
    let directions = read_directions(reading, points.iter().flat_map(|(point, _)| point.directions), missing)?;
    let mut items = Vec::with_capacity(points.len());
    for (point, step) in points {
        let [normal, tangent1, tangent2, lever_arm_a, lever_arm_b] = point.directions.map(|id| directions.get(id));
        let [one, other] = point.tangents;
        items.push(FrictionItem {
            body_a_id: point.a,
            body_b_id: point.b,
            normal,
            tangent1,
            tangent2,
            lever_arm_a,
            lever_arm_b,
            friction_coefficient: point.coefficient.into(),
            normal_lambda: point.normal.into(),
            tangent1_lambda: one.into(),
            tangent2_lambda: other.into(),
            normal_force_n: mean_force(point.normal, *step),
            tangent1_force_n: mean_force(one, *step),
            tangent2_force_n: mean_force(other, *step),
        });
    }
    Ok(items)
}

/// A touching pair at the beginning of a step.
#[derive(Clone, Copy, Debug)]
pub struct TouchingPair {
    /// The id of its row.
    pub id: i64,
    /// The frame.
    pub frame: i64,
    /// First body.
    pub a: i64,
    /// The other body.
    pub b: i64,
    /// The id of the normal.
    pub normal: Option<i64>,
    /// The depth of their overlap, m.
    pub depth: Option<f64>,
}

/// Reads the touching pairs of a range of frames, in the order of the table; `None` without the table.
///
/// # Errors
/// As [`Reading::scan`].
pub fn read_pairs(
    reading: &Reading,
    range: (i64, i64),
    missing: &mut Missing,
) -> Result<Option<Vec<TouchingPair>>, Stop> {
    let columns = ["id", "body_a_id", "body_b_id", "normal_id", "penetrationDepth", "frame_id"];
    let sheet = reading.scan_frames(&schema::COLLISION, &columns, range)?;
    missing.note(&schema::COLLISION, &columns, sheet);
    let Some(sheet) = sheet else { return Ok(None) };
    let [id, a, b, normal, depth, frame] = columns.map(|name| sheet.column_index(name));
    let pairs = sheet.rows().filter_map(|row| {
        Some(TouchingPair {
            id: row.integer_at(id)?,
            frame: row.integer_at(frame)?,
            a: row.integer_at(a)?,
            b: row.integer_at(b)?,
            normal: row.integer_at(normal),
            depth: row.number_at(depth),
        })
    });
    Ok(Some(pairs.collect()))
}

/// A point of a touching pair.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ContactPoint {
    /// On A, m.
    pub point_a: Option<Vector>,
    /// On B, m.
    pub point_b: Option<Vector>,
    /// Penetration depth, m.
    pub depth: Measure,
}

/// A touching pair, before the step.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Collision {
    /// First body.
    pub body_a_id: i64,
    /// Second body; bit 31 marks the environment.
    pub body_b_id: i64,
    /// The normal, from A to B.
    pub normal: Option<Vector>,
    /// Penetration depth, m.
    pub penetration_depth: Measure,
    /// The contact points.
    pub contacts: Vec<ContactPoint>,
}

/// Reads the normals and points of pairs and returns each pair as answers show it.
///
/// # Errors
/// As [`Reading::scan`].
pub fn read_collisions(
    reading: &Reading,
    pairs: &[TouchingPair],
    missing: &mut Missing,
) -> Result<Vec<Collision>, Stop> {
    let normals = read_directions(reading, pairs.iter().map(|pair| pair.normal), missing)?;
    // A pair may have several points: a junction table links them.
    let (pair_id, point_id) = ("CollisionResultRecord_id", "ContactPointRecord_id");
    let pair_ids = pairs.iter().map(|pair| pair.id);
    let links = reading.scan_among(&schema::COLLISION_POINT, &[pair_id, point_id], pair_id, pair_ids)?;
    missing.note(&schema::COLLISION_POINT, &[pair_id, point_id], links);
    let links: Vec<(i64, i64)> =
        sheet_rows(links).filter_map(|row| Some((row.integer(pair_id)?, row.integer(point_id)?))).collect();
    let columns = ["id", "pointA_id", "pointB_id", "depth"];
    let rows = reading.scan_among(&schema::POINT, &columns, "id", links.iter().map(|(_, point)| *point))?;
    missing.note(&schema::POINT, &columns, rows);
    let ids = sheet_rows(rows).flat_map(|row| [row.integer("pointA_id"), row.integer("pointB_id")]).flatten();
    let coordinates = Vectors::read(reading, &schema::COORDINATE, ids, missing)?;
    let mut collisions = Vec::with_capacity(pairs.len());
    for pair in pairs {
        let mut contacts = Vec::new();
        for (_, point) in links.iter().filter(|(owner, _)| *owner == pair.id) {
            let Some(row) = sheet_rows(rows).find(|row| row.integer("id") == Some(*point)) else { continue };
            contacts.push(ContactPoint {
                point_a: coordinates.get(row.integer("pointA_id")),
                point_b: coordinates.get(row.integer("pointB_id")),
                depth: row.number("depth").into(),
            });
        }
        collisions.push(Collision {
            body_a_id: pair.a,
            body_b_id: pair.b,
            normal: normals.get(pair.normal),
            penetration_depth: pair.depth.into(),
            contacts,
        });
    }
    Ok(collisions)
}

fn sheet_rows(sheet: Option<&ScanSheet>) -> impl Iterator<Item = SheetRow<'_>> {
    sheet.into_iter().flat_map(ScanSheet::rows)
}
