//! How bodies move over frames: their velocities, and in which frames they touch anything.

use std::collections::{BTreeMap, BTreeSet};

use super::contacts;
use super::missing::Missing;
use super::reading::{Reading, Stop};
use super::states::{self, StateRef};

/// The velocities of a body, m/s, by frame.
pub type Velocities = BTreeMap<i64, [f64; 3]>;

/// Reads the velocities of bodies in some frames: of one, or of all.
///
/// # Errors
/// As [`Reading::scan`].
pub fn read_velocities(
    reading: &Reading,
    range: (i64, i64),
    body: Option<i64>,
    missing: &mut Missing,
) -> Result<BTreeMap<i64, Velocities>, Stop> {
    let mut placed = states::read_state_refs(reading, range, missing)?;
    placed.retain(|one| body.is_none_or(|body| one.body == body));
    let found = states::read_velocities(reading, &placed, missing)?;
    let mut bodies: BTreeMap<i64, Velocities> = BTreeMap::new();
    for (StateRef { frame, body, .. }, velocity) in placed.iter().zip(found) {
        if let Some(velocity) = velocity.and_then(|velocity| velocity.numbers()) {
            bodies.entry(*body).or_default().insert(*frame, velocity);
        }
    }
    Ok(bodies)
}

/// Reads in which frames each body touches anything.
///
/// # Errors
/// As [`Reading::scan`].
pub fn read_touching_frames(
    reading: &Reading,
    range: (i64, i64),
    missing: &mut Missing,
) -> Result<BTreeMap<i64, BTreeSet<i64>>, Stop> {
    let mut bodies: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
    for pair in contacts::read_pairs(reading, range, missing)?.unwrap_or_default() {
        for body in [pair.a, pair.b] {
            bodies.entry(body).or_default().insert(pair.frame);
        }
    }
    Ok(bodies)
}
