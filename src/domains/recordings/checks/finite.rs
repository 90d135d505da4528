//! Checks for NaN and infinite numbers, and for positions, speeds and energies that only an exploded simulation has.

use super::facts::RecordingFacts;
use super::passes::CheckScan;
use super::{CheckDefinition, CheckReport, FindingPlace};
use crate::domain::check::CheckCard;
use crate::domains::recordings::rules::Rules;
use crate::model::Severity;

/// Every scan with numbers.
const ALL: &[CheckScan] = &[
    CheckScan::States,
    CheckScan::Positions,
    CheckScan::Velocities,
    CheckScan::Orientations,
    CheckScan::Accelerations,
    CheckScan::Rates,
    CheckScan::AngularAccelerations,
    CheckScan::Energies,
    CheckScan::System,
    CheckScan::Solver,
    CheckScan::Pairs,
    CheckScan::Normals,
    CheckScan::Alongs,
    CheckScan::Acrosses,
];

pub(super) static NUMBERS: CheckDefinition = CheckDefinition {
    card: CheckCard {
        id: "non_finite",
        group: "state",
        mode: "torn_states",
        severity: Severity::Critical,
        about: "a number that is infinite or NULL (the recorder stores NaN as NULL)",
        remedy: "find the first such frame: all later ones follow from it",
    },
    needs: &[CheckScan::Frames, CheckScan::Bodies],
    also: ALL,
    judge: judge_numbers,
    end: None,
};

pub(super) static BLOW_UP: CheckDefinition = CheckDefinition {
    card: CheckCard {
        id: "blow_up",
        group: "energy",
        mode: "energy_injection",
        severity: Severity::Critical,
        about: "a body too far away or too fast, or an energy too large, for any scene: the simulation exploded",
        remedy: "check the solver in the first such frame, and the contacts of the previous one",
    },
    needs: &[CheckScan::Frames],
    also: &[CheckScan::Bodies, CheckScan::States, CheckScan::Positions, CheckScan::Velocities, CheckScan::System],
    judge: judge_explosion,
    end: None,
};

fn judge_numbers(facts: &RecordingFacts, _: &Rules, judged: &mut CheckReport) {
    judged.looked_at = facts.rows;
    for cell in &facts.unreadable {
        judged.add_cell_finding(cell, format!("{} holds {}", cell.column, cell.value));
    }
}

fn judge_explosion(facts: &RecordingFacts, rules: &Rules, judged: &mut CheckReport) {
    judged.looked_at += facts.fresh_frames().count() as u64;
    for state in facts.fresh_states() {
        let body = facts.bodies.get(state.body as usize).map_or(0, |body| body.id);
        // An explosion is reported once a body: every later frame of it is as bad.
        if judged.course.exploded.contains(&Some(body)) {
            continue;
        }
        let far = length_beyond(state.position, rules.states.farthest).map(|size| ("position", size));
        let fast = length_beyond(state.velocity, rules.states.fastest).map(|size| ("speed", size));
        if let Some((what, size)) = far.or(fast) {
            judged.course.exploded.insert(Some(body));
            let message = format!("body {body}: the {what} is {size:e}, in this frame for the first time");
            let frames = [facts.frame_at(state.frame).map_or(0, |frame| frame.id)];
            let place = FindingPlace { table: "AssetDynamicStateRecord", row: state.row, frames: &frames };
            judged.add_finding(place, format!("{what}={size:e}"), message);
        }
    }
    if judged.course.exploded.contains(&None) {
        return;
    }
    let mut systems = facts.fresh_frames().filter_map(|(_, frame)| Some((frame.id, frame.system?)));
    if let Some((frame, system)) = systems.find(|(_, system)| system.total.abs() > rules.energy.largest) {
        judged.course.exploded.insert(None);
        let message = format!("the total energy is {:e} J, in this frame for the first time", system.total);
        let place = FindingPlace { table: "SystemEnergyRecord", row: system.row, frames: &[frame] };
        judged.add_finding(place, format!("total_system_e={:e}", system.total), message);
    }
}

/// Returns the length of a vector if it is beyond a limit.
fn length_beyond(parts: Option<[f64; 3]>, limit: f64) -> Option<f64> {
    // The square of a number beyond 1e154 is infinite, which is beyond any limit too.
    let size = parts?.iter().map(|part| part * part).sum::<f64>().sqrt();
    (size > limit).then_some(size)
}
