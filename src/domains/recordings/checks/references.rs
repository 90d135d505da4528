//! References that every recorder keeps; those that it declares and breaks itself are nobody's fault.

use super::facts::{RecordingFacts, StateFacts};
use super::passes::CheckScan;
use super::{CheckDefinition, CheckReport, FindingPlace};
use crate::domain::check::CheckCard;
use crate::domains::recordings::rules::Rules;
use crate::model::Severity;

/// What is held to be kept: frames of every row, bodies of states, energies and contacts, and the parts of states.
/// InertialStateRecord.body_id and frame_id stay 0, and EnergyRecord.body_id holds instance ids where it is declared
/// to hold row ids: none of the three is looked at as declared.
pub(super) static REFERENCES: CheckDefinition = CheckDefinition {
    card: CheckCard {
        id: "references",
        group: "references",
        mode: "torn_states",
        severity: Severity::High,
        about: "a row that refers to a frame, a body or a part of a state that does not exist",
        remedy: "look for rows that were lost, or copied from another recording",
    },
    needs: &[CheckScan::Frames, CheckScan::Bodies, CheckScan::States],
    also: &[
        CheckScan::Positions,
        CheckScan::Velocities,
        CheckScan::Orientations,
        CheckScan::Energies,
        CheckScan::System,
        CheckScan::Solver,
        CheckScan::Pairs,
        CheckScan::Points,
        CheckScan::Normals,
    ],
    judge,
    end: None,
};

/// The parts of a state: their column, and whether a state has it.
type StatePart = (&'static str, fn(&StateFacts) -> bool);

/// The scans that read them.
const PASSES: [CheckScan; 3] = [CheckScan::Positions, CheckScan::Velocities, CheckScan::Orientations];

const PARTS: [StatePart; 3] = [
    ("position_id", |state| state.position.is_some()),
    ("velocity_id", |state| state.velocity.is_some()),
    ("orientation_id", |state| state.norm.is_some()),
];

fn judge(facts: &RecordingFacts, _: &Rules, judged: &mut CheckReport) {
    judged.looked_at = facts.rows;
    for cell in &facts.dangling {
        judged.wrong_cell(cell, format!("{} is {}, and there is none", cell.column, cell.value));
    }
    if !PASSES.iter().any(|pass| facts.has_rows(*pass)) {
        // No state has any part: their tables could not be read, which the checks that need them say.
        return;
    }
    for state in facts.fresh_states() {
        let missing: Vec<&str> = PARTS.iter().filter(|(_, has)| !has(state)).map(|(column, _)| *column).collect();
        if let Some(column) = missing.first() {
            let frame = facts.frame_at(state.frame).map_or(0, |frame| frame.id);
            let message = format!("InertialStateRecord {} is missing, or what its {column} refers to", state.inertial);
            let place = FindingPlace { table: "AssetDynamicStateRecord", row: state.row, frames: &[frame] };
            judged.add_finding(place, format!("kinematicState_id={}", state.inertial), message);
        }
    }
}
