//! Changes of energy, told apart by what explains them: a spawn, a step of unusual length, an impact, or nothing.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::bodies::Bodies;
use super::energies::{self, SystemEnergy};
use super::frames::Frames;
use super::missing::Missing;
use super::reading::{Reading, Stop};

/// The speed, m/s, beyond which the energy of a body that has just appeared is no start but a blow-up.
const BLOW_UP_SPEED: f64 = 1000.0;
/// A gain so many times the energy that was there, or so many J, is no injection any more.
const BLOW_UP_FACTOR: f64 = 1e6;
/// Steps are the same up to this share.
const STEP_TOLERANCE: f64 = 0.01;

/// What a change of energy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Change {
    /// Energy that came from nowhere.
    Injection,
    /// Energy beyond anything physical, or no number.
    BlowUp,
    /// Energy lost while bodies touch, as in an inelastic impact.
    ImpactLoss,
    /// Energy lost although nothing touches.
    FreeLoss,
    /// Bodies that appear bring their energy along.
    Spawn,
    /// The step is longer or shorter than usual.
    TimeStep,
    /// The first frame: all energy is new.
    FirstFrame,
}

impl Change {
    /// Tells whether the change is explained by something other than the physics of the step.
    #[must_use]
    pub const fn is_explained(self) -> bool {
        matches!(self, Self::Spawn | Self::TimeStep | Self::FirstFrame)
    }

    /// Tells whether energy came from nowhere.
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
    /// What it gained, J: as recorded, or the difference of the totals where that is not.
    pub delta: f64,
    /// What of it bodies brought that appeared in the frame, J.
    pub spawned: f64,
    /// What it is.
    pub change: Change,
}

/// The gains beyond a threshold, and the frames that could not be judged.
pub type LargeChanges = (Vec<EnergyChange>, Vec<i64>);

/// Returns the changes beyond a threshold, J, in some frames; `None` where no energies are recorded. What cannot be
/// judged, as a number that is none, is counted.
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
    let (mut found, mut unjudged) = (Vec::new(), Vec::new());
    let mut before: Option<SystemEnergy> = None;
    for energy in rows {
        let since = energy.total.zip(before.and_then(|before| before.total)).map(|(now, then)| now - then);
        match energy.delta.or(since) {
            None => unjudged.push(energy.frame),
            Some(delta) if delta.abs() > threshold || !delta.is_finite() => {
                let was = before.and_then(|before| before.total).unwrap_or(0.0);
                let change = classify_change(&energy, delta, was, frames, usual);
                found.push(EnergyChange { energy, delta, spawned: 0.0, change });
            }
            Some(_) => {}
        }
        before = Some(energy);
    }
    // Only what is beyond the threshold is worth asking who appeared.
    let bodies = Bodies::read(reading)?;
    for gain in found.iter_mut().filter(|gain| gain.change != Change::TimeStep) {
        let frame = gain.energy.frame;
        if first_in_recording(frame, frames) || gain.delta > 0.0 || !gain.delta.is_finite() {
            judge_spawn(reading, gain, threshold, first_in_recording(frame, frames), &bodies)?;
        }
    }
    Ok(Some((found, unjudged)))
}

fn first_in_recording(frame: i64, frames: &Frames) -> bool {
    frames.first() == Some(frame)
}

/// Returns what a change is, whoever may have appeared.
fn classify_change(energy: &SystemEnergy, delta: f64, was: f64, frames: &Frames, usual: Option<f64>) -> Change {
    let odd =
        frames.step(energy.frame).zip(usual).is_some_and(|(step, usual)| (step / usual - 1.0).abs() > STEP_TOLERANCE);
    let first = first_in_recording(energy.frame, frames);
    if !delta.is_finite()
        || (!first && delta > BLOW_UP_FACTOR * was.abs().max(1.0))
        || energy.total.is_some_and(|total| !total.is_finite())
    {
        Change::BlowUp
    } else if first {
        Change::FirstFrame
    } else if odd {
        Change::TimeStep
    } else if delta > 0.0 {
        Change::Injection
    } else if energy.collision == Some(false) {
        Change::FreeLoss
    } else {
        Change::ImpactLoss
    }
}

/// Tells whether bodies that appeared explain a gain.
fn judge_spawn(
    reading: &Reading,
    gain: &mut EnergyChange,
    threshold: f64,
    is_first: bool,
    bodies: &Bodies,
) -> Result<(), Stop> {
    let frame = gain.energy.frame;
    let Some(rows) = energies::of_bodies(reading, (frame - 1, frame), &mut Missing::default())? else { return Ok(()) };
    let then: BTreeSet<i64> = rows.iter().filter(|row| row.frame == frame - 1).map(|row| row.body).collect();
    let now: BTreeMap<i64, energies::BodyEnergy> =
        rows.iter().filter(|row| row.frame == frame && !then.contains(&row.body)).map(|row| (row.body, *row)).collect();
    // Without a frame before, nobody knows who appeared.
    if !is_first && then.is_empty() {
        return Ok(());
    }
    let wild = now.values().any(|row| is_wild(row, bodies.mass(row.body)));
    gain.spawned = now.values().filter_map(|row| row.total).sum();
    if wild {
        gain.change = Change::BlowUp;
    } else if !is_first
        && !now.is_empty()
        && (gain.delta - gain.spawned).abs() <= threshold.max(1e-9 * gain.delta.abs())
    {
        gain.change = Change::Spawn;
    }
    Ok(())
}

/// Tells whether a body that has just appeared moves as nothing does.
fn is_wild(row: &energies::BodyEnergy, mass: Option<f64>) -> bool {
    let Some(kinetic) = row.linear.zip(row.rotational).map(|(linear, turning)| linear + turning) else { return false };
    !kinetic.is_finite() || kinetic > 0.5 * mass.unwrap_or(1.0) * BLOW_UP_SPEED * BLOW_UP_SPEED
}
