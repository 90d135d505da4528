//! The check of references that every recorder keeps. Those that it declares and breaks itself are left out.

use super::facts::{RecordingFacts, StateFacts};
use super::passes::CheckScan;
use super::{CheckDefinition, CheckReport, FindingPlace};
use crate::domain::check::CheckCard;
use crate::domains::recordings::rules::Rules;
use crate::model::Severity;

/// Checked: the frame of every row, the bodies of states, energies and contacts, and the parts of states. Not checked
/// as declared: InertialStateRecord.body_id and frame_id, which stay 0, and EnergyRecord.body_id, which holds instance
/// ids although it is declared to hold row ids.
pub(super) static REFERENCES: CheckDefinition = CheckDefinition {
    card: CheckCard {
        id: "references",
        group: "references",
        mode: "torn_states",
        severity: Severity::High,
        about: "a row that refers to a frame, a body or a part of a state that does not exist",
        remedy: "look for rows that were lost or copied from another recording",
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

/// A part of a state: the column that refers to it, and whether a state has it.
type StatePart = (&'static str, fn(&StateFacts) -> bool);

/// The scans that read the parts of states.
const PASSES: [CheckScan; 3] = [CheckScan::Positions, CheckScan::Velocities, CheckScan::Orientations];

const PARTS: [StatePart; 3] = [
    ("position_id", |state| state.position.is_some()),
    ("velocity_id", |state| state.velocity.is_some()),
    ("orientation_id", |state| state.norm.is_some()),
];

fn judge(facts: &RecordingFacts, _: &Rules, judged: &mut CheckReport) {
    judged.looked_at = facts.rows;
    for cell in &facts.dangling {
        judged.add_cell_finding(cell, format!("{} is {}, which does not exist", cell.column, cell.value));
    }
    if !PASSES.iter().any(|pass| facts.has_rows(*pass)) {
        // No table of parts could be read: the checks that need one report it, instead of one finding a state here.
        return;
    }
    for state in facts.fresh_states() {
        // A state lacks a part if that part's row is missing, or the state's own row: one finding says either.
        let missing: Vec<&str> = PARTS.iter().filter(|(_, has)| !has(state)).map(|(column, _)| *column).collect();
        if let Some(column) = missing.first() {
            let frame = facts.frame_at(state.frame).map_or(0, |frame| frame.id);
            let message =
                format!("InertialStateRecord {} is missing, or the row that its {column} refers to", state.inertial);
            let place = FindingPlace { table: "AssetDynamicStateRecord", row: state.row, frames: &[frame] };
            judged.add_finding(place, format!("kinematicState_id={}", state.inertial), message);
        }
    }
}
