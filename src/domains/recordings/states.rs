//! The states of bodies, which are those after the step of their frame.

use schemars::JsonSchema;
use serde::Serialize;

use super::measure::{Orientation, Vector};
use super::missing::Missing;
use super::reading::{Reading, SheetRow, Stop};
use super::schema;
use super::vectors::{Vectors, read_orientations};

/// A body's state after the step of a frame.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct State {
    /// The body.
    pub body_id: i64,
    /// Where its centre is, m.
    pub position: Vector,
    /// How fast it moves, m/s.
    pub velocity: Vector,
    /// How it is turned: body to world.
    pub orientation: Orientation,
    /// How fast it turns, rad/s, in world axes.
    pub angular_velocity: Vector,
}

/// A body in a frame, and where its state stands.
#[derive(Clone, Copy, Debug)]
pub struct StateRef {
    /// The frame.
    pub frame: i64,
    /// The body.
    pub body: i64,
    state: Option<i64>,
}

/// Reads which bodies have states in some frames, in the order of the table.
///
/// # Errors
/// As [`Reading::scan`].
pub fn read_state_refs(reading: &Reading, range: (i64, i64), missing: &mut Missing) -> Result<Vec<StateRef>, Stop> {
    let columns = ["body_id", "kinematicState_id", "frame_id"];
    let sheet = reading.scan_frames(&schema::BODY_STATE, &columns, range)?;
    missing.note(&schema::BODY_STATE, &columns, sheet);
    let Some(sheet) = sheet else { return Ok(Vec::new()) };
    let (body, state, frame) =
        (sheet.column_index("body_id"), sheet.column_index("kinematicState_id"), sheet.column_index("frame_id"));
    let place = |line: SheetRow<'_>| {
        let (body, state) = (line.integer_at(body)?, line.integer_at(state));
        Some(StateRef { frame: line.integer_at(frame)?, body, state })
    };
    Ok(sheet.rows().filter_map(place).collect())
}

/// Reads the states of bodies in frames, in the order of what is asked for; of one that refers to nothing, NULLs.
///
/// # Errors
/// As [`Reading::scan`].
pub fn read_states(reading: &Reading, placed: &[StateRef], missing: &mut Missing) -> Result<Vec<State>, Stop> {
    let columns = ["id", "position_id", "velocity_id", "orientation_id", "quaternionRate_id"];
    let ids = placed.iter().filter_map(|one| one.state);
    let sheet = reading.scan_among(&schema::STATE, &columns, "id", ids)?;
    missing.note(&schema::STATE, &columns, sheet);
    let lines = || sheet.iter().flat_map(|sheet| sheet.rows());
    let all = |column: &'static str| lines().filter_map(move |line| line.integer(column));
    let positions = Vectors::read(reading, &schema::COORDINATE, all("position_id"), missing)?;
    let velocities = Vectors::read(reading, &schema::VELOCITY, all("velocity_id"), missing)?;
    let turned = read_orientations(reading, &schema::QUATERNION, all("orientation_id"), missing)?;
    let rates = read_orientations(reading, &schema::RATE, all("quaternionRate_id"), missing)?;
    let parts: std::collections::BTreeMap<i64, SheetRow<'_>> =
        lines().filter_map(|line| Some((line.integer("id")?, line))).collect();
    let state = |one: &StateRef| {
        let line = one.state.and_then(|id| parts.get(&id));
        let part = |column: &str| line.and_then(|line| line.integer(column));
        let orientation = part("orientation_id").and_then(|id| turned.get(&id)).copied().unwrap_or_default();
        let rate = part("quaternionRate_id").and_then(|id| rates.get(&id)).copied().unwrap_or_default();
        State {
            body_id: one.body,
            position: positions.get(part("position_id")).unwrap_or_default(),
            velocity: velocities.get(part("velocity_id")).unwrap_or_default(),
            angular_velocity: angular_velocity(&orientation, &rate),
            orientation,
        }
    };
    Ok(placed.iter().map(state).collect())
}

/// Reads the velocities of bodies in frames, m/s, in the order of what is asked for.
///
/// # Errors
/// As [`Reading::scan`].
pub fn read_velocities(
    reading: &Reading,
    placed: &[StateRef],
    missing: &mut Missing,
) -> Result<Vec<Option<Vector>>, Stop> {
    let columns = ["id", "velocity_id"];
    let sheet = reading.scan_among(&schema::STATE, &columns, "id", placed.iter().filter_map(|one| one.state))?;
    missing.note(&schema::STATE, &columns, sheet);
    let lines = sheet.iter().flat_map(|sheet| sheet.rows());
    let of_state: std::collections::BTreeMap<i64, Option<i64>> =
        lines.filter_map(|line| Some((line.integer("id")?, line.integer("velocity_id")))).collect();
    let found = Vectors::read(reading, &schema::VELOCITY, of_state.values().copied().flatten(), missing)?;
    Ok(placed.iter().map(|one| found.get(*of_state.get(&one.state?)?)).collect())
}

/// Returns how fast a body turns, rad/s: the vector part of twice the conjugate orientation times its rate.
#[must_use]
pub fn angular_velocity(turned: &Orientation, rate: &Orientation) -> Vector {
    let numbers = |q: &Orientation| Some([q.w.0?, q.x.0?, q.y.0?, q.z.0?]);
    let (Some([w, x, y, z]), Some([rw, rx, ry, rz])) = (numbers(turned), numbers(rate)) else {
        return Vector::default();
    };
    let about_x = w * rx - x * rw - y * rz + z * ry;
    let about_y = w * ry + x * rz - y * rw - z * rx;
    let about_z = w * rz - x * ry + y * rx - z * rw;
    Vector::from_numbers([2.0 * about_x, 2.0 * about_y, 2.0 * about_z])
}
