//! The states of bodies: position, velocity, orientation and rotation, each as of the end of its frame's step.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::measure::{Orientation, Vector};
use super::missing::Missing;
use super::reading::{Reading, ScanSheet, SheetRow, Stop};
use super::schema;
use super::vectors::{Vectors, read_orientations};

/// A body's state after the step of a frame.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct State {
    /// The body.
    pub body_id: i64,
    /// Position of its centre, m.
    pub position: Vector,
    /// Velocity, m/s.
    pub velocity: Vector,
    /// Orientation: body to world.
    pub orientation: Orientation,
    /// Angular velocity, rad/s, in world axes.
    pub angular_velocity: Vector,
}

/// A body in a frame, with a reference to the row of its state.
#[derive(Clone, Copy, Debug)]
pub struct StateRef {
    /// The frame.
    pub frame: i64,
    /// The body.
    pub body: i64,
    state: Option<i64>,
}

/// Reads which bodies have states in a range of frames, in the order of the table.
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
    let mut refs = Vec::with_capacity(sheet.len());
    for row in sheet.rows() {
        if let (Some(body), Some(frame)) = (row.integer_at(body), row.integer_at(frame)) {
            refs.push(StateRef { frame, body, state: row.integer_at(state) });
        }
    }
    Ok(refs)
}

/// Reads the states that references name, in their order; a reference to a missing row yields a state of NULLs.
///
/// # Errors
/// As [`Reading::scan`].
pub fn read_states(reading: &Reading, state_refs: &[StateRef], missing: &mut Missing) -> Result<Vec<State>, Stop> {
    let columns = ["id", "position_id", "velocity_id", "orientation_id", "quaternionRate_id"];
    let ids = state_refs.iter().filter_map(|state_ref| state_ref.state);
    let sheet = reading.scan_among(&schema::STATE, &columns, "id", ids)?;
    missing.note(&schema::STATE, &columns, sheet);
    // A state row holds no numbers itself: it refers to a row of another table for each of its parts.
    let positions = Vectors::read(reading, &schema::COORDINATE, referenced_ids(sheet, "position_id"), missing)?;
    let velocities = Vectors::read(reading, &schema::VELOCITY, referenced_ids(sheet, "velocity_id"), missing)?;
    let orientations =
        read_orientations(reading, &schema::QUATERNION, referenced_ids(sheet, "orientation_id"), missing)?;
    let rates = read_orientations(reading, &schema::RATE, referenced_ids(sheet, "quaternionRate_id"), missing)?;
    let mut rows: BTreeMap<i64, SheetRow<'_>> = BTreeMap::new();
    for row in sheet.into_iter().flat_map(ScanSheet::rows) {
        rows.extend(row.integer("id").map(|id| (id, row)));
    }
    let mut states = Vec::with_capacity(state_refs.len());
    for state_ref in state_refs {
        let row = state_ref.state.and_then(|id| rows.get(&id));
        let [position, velocity, orientation, rate] =
            ["position_id", "velocity_id", "orientation_id", "quaternionRate_id"]
                .map(|column| row.and_then(|row| row.integer(column)));
        let orientation = orientation.and_then(|id| orientations.get(&id)).copied().unwrap_or_default();
        let rate = rate.and_then(|id| rates.get(&id)).copied().unwrap_or_default();
        states.push(State {
            body_id: state_ref.body,
            position: positions.get(position).unwrap_or_default(),
            velocity: velocities.get(velocity).unwrap_or_default(),
            angular_velocity: angular_velocity(&orientation, &rate),
            orientation,
        });
    }
    Ok(states)
}

/// Returns the ids that a column refers to; none where the table was not recorded.
fn referenced_ids(sheet: Option<&ScanSheet>, column: &str) -> Vec<i64> {
    sheet.into_iter().flat_map(ScanSheet::rows).filter_map(|row| row.integer(column)).collect()
}

/// Reads the velocities of the states that references name, m/s, in their order; `None` for one that is not recorded.
///
/// # Errors
/// As [`Reading::scan`].
pub fn read_velocities(
    reading: &Reading,
    state_refs: &[StateRef],
    missing: &mut Missing,
) -> Result<Vec<Option<Vector>>, Stop> {
    let columns = ["id", "velocity_id"];
    let sheet = reading.scan_among(
        &schema::STATE,
        &columns,
        "id",
        state_refs.iter().filter_map(|state_ref| state_ref.state),
    )?;
    missing.note(&schema::STATE, &columns, sheet);
    let mut velocity_ids: BTreeMap<i64, Option<i64>> = BTreeMap::new();
    for row in sheet.into_iter().flat_map(ScanSheet::rows) {
        velocity_ids.extend(row.integer("id").map(|id| (id, row.integer("velocity_id"))));
    }
    let velocities = Vectors::read(reading, &schema::VELOCITY, velocity_ids.values().copied().flatten(), missing)?;
    Ok(state_refs.iter().map(|state_ref| velocities.get(*velocity_ids.get(&state_ref.state?)?)).collect())
}

/// Returns the angular velocity of a body, rad/s: the vector part of twice its conjugate orientation times the rate of
/// that orientation. NULLs where a component is not recorded.
#[must_use]
pub fn angular_velocity(orientation: &Orientation, rate: &Orientation) -> Vector {
    let (Some([w, x, y, z]), Some([rw, rx, ry, rz])) = (orientation.numbers(), rate.numbers()) else {
        return Vector::default();
    };
    let about_x = w * rx - x * rw - y * rz + z * ry;
    let about_y = w * ry + x * rz - y * rw - z * rx;
    let about_z = w * rz - x * ry + y * rx - z * rw;
    Vector::from_numbers([2.0 * about_x, 2.0 * about_y, 2.0 * about_z])
}
