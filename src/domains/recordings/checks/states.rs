//! Checks of body states: positions follow velocities, orientations are unit quaternions, no state or energy is
//! missing.

use super::facts::{RecordingFacts, StateFacts};
use super::passes::CheckScan;
use super::{CheckDefinition, CheckReport, FindingPlace};
use crate::domain::check::CheckCard;
use crate::domains::recordings::rules::Rules;
use crate::model::Severity;

const STATE: &str = "AssetDynamicStateRecord";

pub(super) static MOTION: CheckDefinition = CheckDefinition {
    card: CheckCard {
        id: "body_motion",
        group: "state",
        mode: "swapped_bodies",
        severity: Severity::High,
        about: "a body that moves farther in a step than its velocity and the position corrector explain",
        remedy: "look for a state that belongs to another body or another frame",
    },
    needs: &[CheckScan::Frames, CheckScan::Bodies, CheckScan::States, CheckScan::Positions, CheckScan::Velocities],
    also: &[CheckScan::Pairs],
    judge: judge_motion,
    end: None,
};

pub(super) static ORIENTATION: CheckDefinition = CheckDefinition {
    card: CheckCard {
        id: "orientation",
        group: "state",
        mode: "torn_states",
        severity: Severity::Medium,
        about: "an orientation that is not a unit quaternion",
        remedy: "normalise it where it is integrated; a single case was changed or belongs to something else",
    },
    needs: &[CheckScan::Frames, CheckScan::Bodies, CheckScan::States, CheckScan::Orientations],
    also: &[],
    judge: judge_orientation,
    end: None,
};

pub(super) static COMPLETE: CheckDefinition = CheckDefinition {
    card: CheckCard {
        id: "frame_complete",
        group: "state",
        mode: "lost_frames",
        severity: Severity::High,
        about: "a frame in which the state or energy of a body, the total energy or the solver row is missing or \
            occurs twice",
        remedy: "treat the frame as incomplete: use neither its sums nor its contacts",
    },
    needs: &[CheckScan::Frames, CheckScan::Bodies, CheckScan::States],
    also: &[CheckScan::Energies, CheckScan::System, CheckScan::Solver],
    judge: judge_complete,
    end: None,
};

fn frame_id(facts: &RecordingFacts, frame: u32) -> i64 {
    facts.frame_at(frame).map_or(0, |frame| frame.id)
}

fn length(parts: [f64; 3]) -> f64 {
    parts.iter().map(|part| part * part).sum::<f64>().sqrt()
}

fn judge_motion(facts: &RecordingFacts, rules: &Rules, judged: &mut CheckReport) {
    for state in facts.fresh_states() {
        let Some((off, allowed)) = compare_position(facts, state, rules) else { continue };
        judged.looked_at += 1;
        if off > allowed {
            let body = facts.bodies.get(state.body as usize).map_or(0, |body| body.id);
            let frame = frame_id(facts, state.frame);
            let message = format!(
                "body {body} is {off} m from where its velocity takes it; at most {allowed} m can be explained"
            );
            judged.add_finding(
                FindingPlace { table: STATE, row: state.row, frames: &[frame] },
                format!("strayed={off}"),
                message,
            );
        }
    }
}

/// Returns the distance of a body from where its velocity takes it, and the largest distance allowed, both m.
fn compare_position(facts: &RecordingFacts, state: &StateFacts, rules: &Rules) -> Option<(f64, f64)> {
    let (here, velocity) = (state.position?, state.velocity?);
    let (before, duration) = (facts.previous_state(state)?.position?, facts.step_seconds(state.frame)?);
    let off =
        here.into_iter().zip(before).zip(velocity).map(|((here, before), speed)| here - before - speed * duration);
    let off = off.map(|part| part * part).sum::<f64>().sqrt();
    // The position corrector may move a body by beta of each overlap; far from the origin, floats are coarse.
    let allowed = rules.states.jump + 2.0 * rules.contacts.beta * state.depth + 1e-9 * length(here);
    (off.is_finite() && allowed.is_finite()).then_some((off, allowed))
}

fn judge_orientation(facts: &RecordingFacts, rules: &Rules, judged: &mut CheckReport) {
    for state in facts.fresh_states() {
        // `non_finite` reports the components of one that has no finite length.
        let Some(norm) = state.norm.filter(|norm| norm.is_finite()) else { continue };
        judged.looked_at += 1;
        if (norm - 1.0).abs() > rules.states.quaternion {
            let body = facts.bodies.get(state.body as usize).map_or(0, |body| body.id);
            let frames = [frame_id(facts, state.frame)];
            let message = format!("body {body}: the quaternion has length {norm}");
            judged.add_finding(
                FindingPlace { table: STATE, row: state.row, frames: &frames },
                format!("norm={norm}"),
                message,
            );
        }
    }
}

fn judge_complete(facts: &RecordingFacts, _: &Rules, judged: &mut CheckReport) {
    let (energies, systems, solvers) =
        (facts.has_rows(CheckScan::Energies), facts.has_rows(CheckScan::System), facts.has_rows(CheckScan::Solver));
    for (at, frame) in facts.fresh_frames() {
        judged.looked_at += 1;
        let mut missing = Vec::new();
        for (place, body) in (0u32..).zip(&facts.bodies) {
            // A body that is spawned later cannot be missing yet.
            if body.first.is_none_or(|first| first > frame.id) {
                continue;
            }
            match facts.find_state(at, place) {
                None => missing.push(format!("state of body {}", body.id)),
                Some(state) if energies && state.energy.is_none() => {
                    missing.push(format!("energy of body {}", body.id));
                }
                Some(_) => {}
            }
        }
        if systems && frame.system.is_none() {
            missing.push("total energy".to_owned());
        }
        if solvers && frame.solver.is_none() {
            missing.push("solver row".to_owned());
        }
        if !missing.is_empty() {
            let place = FindingPlace { table: "SimulationFrameRecord", row: frame.id, frames: &[] };
            judged.add_finding(
                place,
                format!("missing={}", missing.len()),
                format!("the {} is missing", missing.join(", the ")),
            );
        }
    }
    for cell in &facts.doubled {
        judged.add_cell_finding(cell, format!("body {} has two in this frame", cell.value));
    }
}
