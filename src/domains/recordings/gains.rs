//! Changes of the total energy, classified by their cause: a spawn, a step of unusual length, an impact, or none.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::bodies::Bodies;
use super::energies::{self, SystemEnergy};
use super::frames::Frames;
use super::missing::Missing;
use super::reading::{Reading, Stop};

/// A body that appears with a speed beyond this, m/s, is a blow-up and not a spawn.
const BLOW_UP_SPEED: f64 = 1000.0;
/// A gain of more than this many times the previous energy (or this many J, if that was less than 1 J) is a blow-up.
const BLOW_UP_FACTOR: f64 = 1e6;
/// Two steps count as equally long up to this share.
const STEP_TOLERANCE: f64 = 0.01;

/// The kind of an energy change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Change {
    /// Energy gained without a cause.
    Injection,
    /// An energy that is not physical, or not a number.
    BlowUp,
    /// Energy lost while bodies touch, as in an inelastic impact.
    ImpactLoss,
    /// Energy lost without any contact.
    FreeLoss,
    /// Energy of newly spawned bodies.
    Spawn,
    /// The step is longer or shorter than usual.
    TimeStep,
    /// The first frame: all energy is new.
    FirstFrame,
}

impl Change {
    /// Returns whether something other than the physics of the step explains the change.
    #[must_use]
    pub const fn is_explained(self) -> bool {
        matches!(self, Self::Spawn | Self::TimeStep | Self::FirstFrame)
    }

    /// Returns whether the change is a gain without a cause.
    #[must_use]
    pub const fn is_gain(self) -> bool {
        matches!(self, Self::Injection | Self::BlowUp)
    }
}

/// A change of energy in a frame.
#[derive(Clone, Copy, Debug)]
pub struct EnergyChange {
    /// The energy after the step.
    pub energy: SystemEnergy,
    /// The change, J: as recorded, or the difference of the totals where none is recorded.
    pub delta: f64,
    /// The energy of the bodies that appeared in the frame, J.
    pub spawned: f64,
    /// The cause.
    pub change: Change,
}

/// The changes beyond a threshold, and the frames whose change is unknown.
pub type LargeChanges = (Vec<EnergyChange>, Vec<i64>);

/// Finds the changes of the total energy beyond a threshold, J, in all frames; `None` where no energies are recorded.
///
/// # Errors
/// As [`Reading::scan`].
pub fn find_large_changes(
    reading: &Reading,
    frames: &Frames,
    threshold: f64,
    missing: &mut Missing,
) -> Result<Option<LargeChanges>, Stop> {
    let (Some(first), Some(last)) = (frames.first(), frames.last()) else { return Ok(Some((Vec::new(), Vec::new()))) };
    let Some(rows) = energies::read_system_energies(reading, (first, last), missing)? else { return Ok(None) };
    let usual = frames.usual_step();
    let (mut changes, mut unjudged) = (Vec::new(), Vec::new());
    let mut before: Option<SystemEnergy> = None;
    for energy in rows {
        let since = energy.total.zip(before.and_then(|before| before.total)).map(|(now, then)| now - then);
        match energy.delta.or(since) {
            None => unjudged.push(energy.frame),
            Some(delta) if delta.abs() > threshold || !delta.is_finite() => {
                let was = before.and_then(|before| before.total).unwrap_or(0.0);
                let change = classify_change(&energy, delta, was, frames, usual);
                changes.push(EnergyChange { energy, delta, spawned: 0.0, change });
            }
            Some(_) => {}
        }
        before = Some(energy);
    }
    // Spawns need the energies of bodies around a frame, one scan each: look only at changes beyond the threshold.
    let bodies = Bodies::read(reading)?;
    for gain in changes.iter_mut().filter(|gain| gain.change != Change::TimeStep) {
        let frame = gain.energy.frame;
        // A spawn adds energy, so that a loss needs no scan; in the first frame every body is spawned.
        if is_first_frame(frame, frames) || gain.delta > 0.0 || !gain.delta.is_finite() {
            judge_spawn(reading, gain, threshold, is_first_frame(frame, frames), &bodies)?;
        }
    }
    Ok(Some((changes, unjudged)))
}

fn is_first_frame(frame: i64, frames: &Frames) -> bool {
    frames.first() == Some(frame)
}

/// Classifies a change by the frame alone, spawns aside.
fn classify_change(energy: &SystemEnergy, delta: f64, was: f64, frames: &Frames, usual: Option<f64>) -> Change {
    let is_odd_step =
        frames.step(energy.frame).zip(usual).is_some_and(|(step, usual)| (step / usual - 1.0).abs() > STEP_TOLERANCE);
    let first = is_first_frame(energy.frame, frames);
    // A blow-up comes first: it is one whatever else is odd about the frame. In the first frame all energy is new, so
    // its size alone says nothing.
    if !delta.is_finite()
        || (!first && delta > BLOW_UP_FACTOR * was.abs().max(1.0))
        || energy.total.is_some_and(|total| !total.is_finite())
    {
        Change::BlowUp
    } else if first {
        Change::FirstFrame
    } else if is_odd_step {
        Change::TimeStep
    } else if delta > 0.0 {
        Change::Injection
    } else if energy.collision == Some(false) {
        Change::FreeLoss
    } else {
        Change::ImpactLoss
    }
}

/// Reclassifies a change whose energy comes with bodies that appeared in its frame.
fn judge_spawn(
    reading: &Reading,
    gain: &mut EnergyChange,
    threshold: f64,
    is_first: bool,
    bodies: &Bodies,
) -> Result<(), Stop> {
    let frame = gain.energy.frame;
    let Some(rows) = energies::read_body_energies(reading, (frame - 1, frame), &mut Missing::default())? else {
        return Ok(());
    };
    let present_before: BTreeSet<i64> = rows.iter().filter(|row| row.frame == frame - 1).map(|row| row.body).collect();
    let spawned: BTreeMap<i64, energies::BodyEnergy> = rows
        .iter()
        .filter(|row| row.frame == frame && !present_before.contains(&row.body))
        .map(|row| (row.body, *row))
        .collect();
    // Where the frame before is lost, every body would look as if it had just appeared.
    if !is_first && present_before.is_empty() {
        return Ok(());
    }
    let wild = spawned.values().any(|row| is_wild(row, bodies.mass(row.body)));
    gain.spawned = spawned.values().filter_map(|row| row.total).sum();
    if wild {
        gain.change = Change::BlowUp;
    } else if !is_first
        && !spawned.is_empty()
        // What is left of the change may be anything below the threshold, or rounding.
        && (gain.delta - gain.spawned).abs() <= threshold.max(1e-9 * gain.delta.abs())
    {
        gain.change = Change::Spawn;
    }
    Ok(())
}

/// Returns whether the kinetic energy of a body that has just appeared is beyond that of [`BLOW_UP_SPEED`].
fn is_wild(row: &energies::BodyEnergy, mass: Option<f64>) -> bool {
    let Some(kinetic) = row.linear.zip(row.rotational).map(|(linear, turning)| linear + turning) else { return false };
    !kinetic.is_finite() || kinetic > 0.5 * mass.unwrap_or(1.0) * BLOW_UP_SPEED * BLOW_UP_SPEED
}
