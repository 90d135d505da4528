//! Contacts: touching pairs and their points, and what the solver did at each point; all of them as they were before
//! the step of their frame.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::measure::{Measure, Vector};
use super::missing::Missing;
use super::reading::{Reading, ScanSheet, SheetRow, Stop};
use super::schema;
use super::vectors::read_directions;
use crate::domain::table::TableCard;

/// A contact point as the solver left it.
#[derive(Clone, Copy, Debug, Default)]
pub struct ConstraintPoint {
    /// The frame.
    pub frame: i64,
    /// One body.
    pub a: i64,
    /// The other body.
    pub b: i64,
    /// Where the normal, both tangents and both lever arms stand.
    pub directions: [Option<i64>; 5],
    /// The coefficient of friction of the pair.
    pub coefficient: Option<f64>,
    /// The impulse along the normal, N s.
    pub normal: Option<f64>,
    /// The impulses along both tangents, N s.
    pub tangents: [Option<f64>; 2],
}

/// The columns that refer to directions, in the order of [`Point::directions`].
const DIRECTIONS: [&str; 5] = ["normal_id", "tangent1_id", "tangent2_id", "lever_arm_a_id", "lever_arm_b_id"];
/// The numbers of a point.
const NUMBERS: [&str; 4] = ["friction_coefficient", "normal_lambda", "tangent1_lambda", "tangent2_lambda"];

impl ConstraintPoint {
    /// Tells whether a body takes part.
    #[must_use]
    pub const fn has_body(&self, body: i64) -> bool {
        self.a == body || self.b == body
    }

    /// Tells whether these two bodies take part, in either order.
    #[must_use]
    pub const fn is_between(&self, one: i64, other: i64) -> bool {
        (self.a == one && self.b == other) || (self.a == other && self.b == one)
    }

    /// Returns the tangential impulse, N s.
    #[must_use]
    pub fn tangential_impulse(&self) -> Option<f64> {
        Some(self.tangents[0]?.hypot(self.tangents[1]?))
    }
}

/// Contact points, and what of them is not recorded.
#[derive(Debug, Default)]
pub struct ConstraintPoints {
    /// The points, in the order of their tables.
    pub points: Vec<ConstraintPoint>,
    /// Whether the recording has any table of constraints.
    pub recorded: bool,
    /// Whether it has one in which every contact stands, with friction or without.
    pub contacts_recorded: bool,
    /// What is missing.
    pub missing: Missing,
}

/// Reads the contact points of some frames. In a frame without any friction the recorder wrote no impulses: its points
/// come from the table of contact constraints then.
///
/// # Errors
/// As [`Reading::scan`].
pub fn read_points(reading: &Reading, range: (i64, i64)) -> Result<ConstraintPoints, Stop> {
    collect_points(|table, columns| reading.scan_frames(table, columns, range))
}

/// From so many frames on, the points of a pair are looked for by its bodies, not by frames.
const MANY_FRAMES: i64 = 500;

/// Reads the contact points of two bodies in some frames.
///
/// # Errors
/// As [`Reading::scan`].
pub fn points_between(
    reading: &Reading,
    (first, last): (i64, i64),
    one: i64,
    other: i64,
) -> Result<ConstraintPoints, Stop> {
    let mut found = if last.saturating_sub(first) < MANY_FRAMES {
        read_points(reading, (first, last))?
    } else {
        collect_points(|table, columns| reading.scan_among(table, columns, "body_a_id", [one, other]))?
    };
    found.points.retain(|point| point.is_between(one, other) && (first..=last).contains(&point.frame));
    Ok(found)
}

/// Gathers points from whichever tables of constraints there are.
fn collect_points<'r>(
    read: impl Fn(&TableCard, &[&str]) -> Result<Option<&'r ScanSheet>, Stop>,
) -> Result<ConstraintPoints, Stop> {
    let columns: Vec<&str> =
        ["body_a_id", "body_b_id", "frame_id"].into_iter().chain(DIRECTIONS).chain(NUMBERS).collect();
    if let Some(sheet) = read(&schema::UNIFIED, &columns)? {
        let mut missing = Missing::default();
        missing.note(&schema::UNIFIED, &columns, Some(sheet));
        return Ok(ConstraintPoints { points: of_sheet(sheet), recorded: true, contacts_recorded: true, missing });
    }
    let friction = read(&schema::FRICTION, &columns)?;
    let contacts = read(&schema::CONTACT, &columns)?;
    let mut found = ConstraintPoints { recorded: friction.or(contacts).is_some(), ..ConstraintPoints::default() };
    found.contacts_recorded = contacts.is_some();
    found.missing.note(&schema::FRICTION, &columns, friction);
    let mut points = friction.map(of_sheet).unwrap_or_default();
    let frames: BTreeSet<i64> = points.iter().map(|point| point.frame).collect();
    match contacts {
        Some(sheet) => points.extend(of_sheet(sheet).into_iter().filter(|point| !frames.contains(&point.frame))),
        None => found.missing.note(&schema::CONTACT, &[], None),
    }
    points.sort_by_key(|point| point.frame);
    found.points = points;
    Ok(found)
}

fn of_sheet(sheet: &ScanSheet) -> Vec<ConstraintPoint> {
    let (a, b, frame) =
        (sheet.column_index("body_a_id"), sheet.column_index("body_b_id"), sheet.column_index("frame_id"));
    let (directions, numbers) =
        (DIRECTIONS.map(|name| sheet.column_index(name)), NUMBERS.map(|name| sheet.column_index(name)));
    let point = |line: SheetRow<'_>| {
        let [coefficient, normal, one, other] = numbers.map(|place| line.number_at(place));
        Some(ConstraintPoint {
            frame: line.integer_at(frame)?,
            a: line.integer_at(a)?,
            b: line.integer_at(b)?,
            directions: directions.map(|place| line.integer_at(place)),
            coefficient,
            normal,
            tangents: [one, other],
        })
    };
    sheet.rows().filter_map(point).collect()
}

/// A contact point as the solver left it; impulses in N s, forces in N.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct FrictionItem {
    /// One body.
    pub body_a_id: i64,
    /// The other body; bit 31 marks the environment.
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
    /// The force along the normal, N: the impulse by the length of the step.
    pub normal_force_n: Measure,
    /// The force along the first tangent, N.
    pub tangent1_force_n: Measure,
    /// The force along the second tangent, N.
    pub tangent2_force_n: Measure,
}

/// Returns a force of an impulse over a step.
#[must_use]
pub fn mean_force(impulse: Option<f64>, step: Option<f64>) -> Measure {
    Measure(impulse.zip(step).filter(|(_, step)| *step > 0.0).map(|(impulse, step)| impulse / step))
}

/// Reads the directions of points and returns each as an answer shows it, with the length of its frame's step, s.
///
/// # Errors
/// As [`Reading::scan`].
pub fn describe_points(
    reading: &Reading,
    points: &[(ConstraintPoint, Option<f64>)],
    missing: &mut Missing,
) -> Result<Vec<FrictionItem>, Stop> {
    let directions = read_directions(reading, points.iter().flat_map(|(point, _)| point.directions), missing)?;
    let item = |(point, step): &(ConstraintPoint, Option<f64>)| {
        let [normal, tangent1, tangent2, lever_arm_a, lever_arm_b] = point.directions.map(|id| directions.get(id));
        let [one, other] = point.tangents;
        FrictionItem {
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
        }
    };
    Ok(points.iter().map(item).collect())
}

/// A touching pair, before the step.
#[derive(Clone, Copy, Debug)]
pub struct TouchingPair {
    /// Its row.
    pub id: i64,
    /// The frame.
    pub frame: i64,
    /// One body.
    pub a: i64,
    /// The other body.
    pub b: i64,
    /// Where the normal stands.
    pub normal: Option<i64>,
    /// How deep they are within each other, m.
    pub depth: Option<f64>,
}

/// Reads the touching pairs of some frames; `None` where none are recorded.
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
    let pair = |line: SheetRow<'_>| {
        Some(TouchingPair {
            id: line.integer_at(id)?,
            frame: line.integer_at(frame)?,
            a: line.integer_at(a)?,
            b: line.integer_at(b)?,
            normal: line.integer_at(normal),
            depth: line.number_at(depth),
        })
    };
    Ok(Some(sheet.rows().filter_map(pair).collect()))
}

/// A point of a touching pair.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ContactPoint {
    /// On A, m.
    pub point_a: Option<Vector>,
    /// On B, m.
    pub point_b: Option<Vector>,
    /// How deep, m.
    pub depth: Measure,
}

/// A touching pair, before the step.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Collision {
    /// One body.
    pub body_a_id: i64,
    /// The other body; bit 31 marks the environment.
    pub body_b_id: i64,
    /// The normal, from A to B.
    pub normal: Option<Vector>,
    /// How deep they are within each other, m.
    pub penetration_depth: Measure,
    /// Their points.
    pub contacts: Vec<ContactPoint>,
}

/// Reads the points of pairs and returns each pair as an answer shows it.
///
/// # Errors
/// As [`Reading::scan`].
pub fn read_collisions(
    reading: &Reading,
    pairs: &[TouchingPair],
    missing: &mut Missing,
) -> Result<Vec<Collision>, Stop> {
    let normals = read_directions(reading, pairs.iter().map(|pair| pair.normal), missing)?;
    let (of, to) = ("CollisionResultRecord_id", "ContactPointRecord_id");
    let links = reading.scan_among(&schema::COLLISION_POINT, &[of, to], of, pairs.iter().map(|pair| pair.id))?;
    missing.note(&schema::COLLISION_POINT, &[of, to], links);
    let links: Vec<(i64, i64)> =
        sheet_rows(links).filter_map(|line| Some((line.integer(of)?, line.integer(to)?))).collect();
    let columns = ["id", "pointA_id", "pointB_id", "depth"];
    let rows = reading.scan_among(&schema::POINT, &columns, "id", links.iter().map(|(_, point)| *point))?;
    missing.note(&schema::POINT, &columns, rows);
    let places = sheet_rows(rows).flat_map(|line| [line.integer("pointA_id"), line.integer("pointB_id")]).flatten();
    let places = super::vectors::Vectors::read(reading, &schema::COORDINATE, places, missing)?;
    let point = |id: i64| {
        let line = sheet_rows(rows).find(|line| line.integer("id") == Some(id))?;
        let place = |column: &str| places.get(line.integer(column));
        Some(ContactPoint {
            point_a: place("pointA_id"),
            point_b: place("pointB_id"),
            depth: line.number("depth").into(),
        })
    };
    let collision = |pair: &TouchingPair| Collision {
        body_a_id: pair.a,
        body_b_id: pair.b,
        normal: normals.get(pair.normal),
        penetration_depth: pair.depth.into(),
        contacts: links.iter().filter(|(of, _)| *of == pair.id).filter_map(|(_, to)| point(*to)).collect(),
    };
    Ok(pairs.iter().map(collision).collect())
}

fn sheet_rows(sheet: Option<&ScanSheet>) -> impl Iterator<Item = SheetRow<'_>> {
    sheet.into_iter().flat_map(ScanSheet::rows)
}

/// Returns the name of a table of constraints that a recording may have.
#[must_use]
pub const fn constraint_tables() -> [&'static TableCard; 3] {
    [&schema::UNIFIED, &schema::FRICTION, &schema::CONTACT]
}
