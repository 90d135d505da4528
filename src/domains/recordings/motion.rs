//! Bodies over frames: their velocities, and the frames in which they touch anything.

use std::collections::{BTreeMap, BTreeSet};

use super::contacts;
use super::missing::Missing;
use super::reading::{Reading, Stop};
use super::states::{self, StateRef};

/// The velocities of a body, m/s, by frame.
pub type Velocities = BTreeMap<i64, [f64; 3]>;

/// Reads the velocities of one body, or of all, in a range of frames, by body. A velocity that is not recorded is left
/// out.
///
/// # Errors
/// As [`Reading::scan`].
pub fn read_velocities(
    reading: &Reading,
    range: (i64, i64),
    body: Option<i64>,
    missing: &mut Missing,
) -> Result<BTreeMap<i64, Velocities>, Stop> {
    let mut state_refs = states::read_state_refs(reading, range, missing)?;
    state_refs.retain(|state_ref| body.is_none_or(|body| state_ref.body == body));
    let velocities = states::read_velocities(reading, &state_refs, missing)?;
    let mut bodies: BTreeMap<i64, Velocities> = BTreeMap::new();
    for (StateRef { frame, body, .. }, velocity) in state_refs.iter().zip(velocities) {
        // A velocity with a NULL component is as good as none: callers compute with all three.
        if let Some(velocity) = velocity.and_then(|velocity| velocity.numbers()) {
            bodies.entry(*body).or_default().insert(*frame, velocity);
        }
    }
    Ok(bodies)
}

/// Reads the frames in which each body touches anything, by body; empty where no pairs are recorded.
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
