//! Checks of energies: sums over parts and bodies, the chain of frames, formulas from masses and states, and flags.

use super::facts::{EnergyFacts, RecordingFacts, StateFacts, SystemFacts};
use super::passes::CheckScan;
use super::{CheckDefinition, CheckReport, FindingPlace, is_beyond_tolerance};
use crate::domain::check::CheckCard;
use crate::domains::recordings::rules::Rules;
use crate::model::Severity;

const SYSTEM: &str = "SystemEnergyRecord";
const BODY: &str = "EnergyRecord";

const fn energy_card(id: &'static str, severity: Severity, about: &'static str, remedy: &'static str) -> CheckCard {
    CheckCard { id, group: "energy", mode: "energy_injection", severity, about, remedy }
}

pub(super) static TOTAL: CheckDefinition = CheckDefinition {
    card: energy_card(
        "energy_total",
        Severity::High,
        "a total energy that is not the sum of its linear, rotational and potential parts",
        "find out what wrote the row: the recorder computes the sum itself",
    ),
    needs: &[CheckScan::Frames, CheckScan::Bodies, CheckScan::States, CheckScan::Energies],
    also: &[CheckScan::System],
    judge: judge_totals,
    end: None,
};

pub(super) static BODIES: CheckDefinition = CheckDefinition {
    card: energy_card(
        "energy_of_bodies",
        Severity::High,
        "energies of a frame that are not the sums over its bodies",
        "look for a body that is missing in the frame or was written twice",
    ),
    needs: &[CheckScan::Frames, CheckScan::Bodies, CheckScan::States, CheckScan::Energies, CheckScan::System],
    also: &[],
    judge: judge_bodies,
    end: None,
};

pub(super) static CHAIN: CheckDefinition = CheckDefinition {
    card: energy_card(
        "energy_chain",
        Severity::High,
        "a delta_e that is not the total energy of the frame minus that of the previous frame",
        "trust the totals, and look for the frame that was changed or lost",
    ),
    needs: &[CheckScan::Frames, CheckScan::System],
    also: &[],
    judge: judge_chain,
    end: None,
};

pub(super) static KINETIC: CheckDefinition = CheckDefinition {
    card: energy_card(
        "kinetic_energy",
        Severity::High,
        "a linear kinetic energy that is not half the mass times the square of the velocity",
        "compare the velocity with its neighbours in time: it or the energy was changed, or belongs to another body",
    ),
    needs: &[CheckScan::Frames, CheckScan::Bodies, CheckScan::States, CheckScan::Velocities, CheckScan::Energies],
    also: &[],
    judge: judge_kinetic,
    end: None,
};

pub(super) static POTENTIAL: CheckDefinition = CheckDefinition {
    card: energy_card(
        "potential_energy",
        Severity::High,
        "a potential energy that is not mass times gravity times height",
        "compare the position with its neighbours in time: it or the energy was changed, or belongs to another body",
    ),
    needs: &[CheckScan::Frames, CheckScan::Bodies, CheckScan::States, CheckScan::Positions, CheckScan::Energies],
    also: &[],
    judge: judge_potential,
    end: None,
};

pub(super) static FLAGS: CheckDefinition = CheckDefinition {
    card: energy_card(
        "energy_flags",
        Severity::Low,
        "flags for energy injection and collision that contradict delta_e and the touching pairs",
        "trust the numbers, not the flags",
    ),
    needs: &[CheckScan::Frames, CheckScan::System, CheckScan::Pairs],
    also: &[],
    judge: judge_flags,
    end: None,
};

/// Returns the sum of the absolute values of an energy's parts: the scale of its rounding error, even where they
/// cancel.
fn magnitude(parts: &[f64]) -> f64 {
    parts.iter().map(|part| part.abs()).sum()
}

/// Returns the states of this batch that have an energy, with it and the id of their frame.
fn state_energies(facts: &RecordingFacts) -> impl Iterator<Item = (&StateFacts, EnergyFacts, i64)> {
    facts.fresh_states().filter_map(|state| Some((state, state.energy?, facts.frame_at(state.frame)?.id)))
}

/// Returns the frames of this batch that have a total energy, as index, id and energies.
fn frame_energies(facts: &RecordingFacts) -> impl Iterator<Item = (u32, i64, SystemFacts)> {
    facts.fresh_frames().filter_map(|(at, frame)| Some((at, frame.id, frame.system?)))
}

fn judge_totals(facts: &RecordingFacts, rules: &Rules, judged: &mut CheckReport) {
    for (_, energy, frame) in state_energies(facts) {
        let place = FindingPlace { table: BODY, row: energy.row, frames: &[frame] };
        check_total(place, "total_e", energy.total, energy.parts, rules, judged);
    }
    for (_, frame, system) in frame_energies(facts) {
        let place = FindingPlace { table: SYSTEM, row: system.row, frames: &[frame] };
        check_total(place, "total_system_e", system.total, system.parts, rules, judged);
    }
}

fn check_total(
    place: FindingPlace<'_>,
    column: &str,
    total: f64,
    parts: [f64; 3],
    rules: &Rules,
    judged: &mut CheckReport,
) {
    judged.looked_at += 1;
    let sum: f64 = parts.iter().sum();
    if is_beyond_tolerance(total, sum, rules.energy.identity, magnitude(&parts)) {
        let message = format!("the total is {total} J, but its parts add up to {sum} J");
        judged.add_finding(place, format!("{column}={total}"), message);
    }
}

fn judge_bodies(facts: &RecordingFacts, rules: &Rules, judged: &mut CheckReport) {
    const COLUMNS: [&str; 3] = ["total_linear_ke", "total_rotational_ke", "total_potential_e"];
    for (at, frame, system) in frame_energies(facts) {
        let Some(sums) = facts.frame_at(at).map(|frame| frame.sums) else { continue };
        judged.looked_at += 1;
        for ((column, part), sum) in COLUMNS.into_iter().zip(system.parts).zip(sums) {
            // Where potentials cancel, the sum is small and its rounding error still that of the large parts.
            if is_beyond_tolerance(part, sum, rules.energy.identity, magnitude(&sums).max(magnitude(&system.parts))) {
                let message = format!("{column} is {part} J, but the bodies of the frame have {sum} J");
                let place = FindingPlace { table: SYSTEM, row: system.row, frames: &[frame] };
                judged.add_finding(place, format!("{column}={part}"), message);
            }
        }
    }
}

fn judge_chain(facts: &RecordingFacts, rules: &Rules, judged: &mut CheckReport) {
    for (at, frame, system) in frame_energies(facts) {
        let before = at.checked_sub(1).and_then(|before| facts.frame_at(before)?.system);
        let before = match before {
            Some(before) if facts.has_previous_frame(at) => before.total,
            // The recorder starts from nothing: its first delta is the whole energy.
            _ if frame == 1 => 0.0,
            // After a gap, the frame before is missing: `frame_gap` reports it.
            _ => continue,
        };
        judged.looked_at += 1;
        let delta = system.total - before;
        if is_beyond_tolerance(system.delta, delta, rules.energy.identity, magnitude(&[system.total, before])) {
            let message =
                format!("delta_e is {} J, but the total went from {before} J to {} J", system.delta, system.total);
            // Either frame may hold the wrong number; frame 1 has none before it.
            let both = [frame, frame - 1];
            let place =
                FindingPlace { table: SYSTEM, row: system.row, frames: if frame > 1 { &both } else { &[frame] } };
            judged.add_finding(place, format!("delta_e={}", system.delta), message);
        }
    }
}

fn judge_kinetic(facts: &RecordingFacts, rules: &Rules, judged: &mut CheckReport) {
    for (state, energy, frame) in state_energies(facts) {
        // The mass of a body that only states name is unknown.
        let Some(body) = facts.bodies.get(state.body as usize).filter(|body| body.declared) else { continue };
        let Some(velocity) = state.velocity else { continue };
        judged.looked_at += 1;
        let [linear, ..] = energy.parts;
        let expected = 0.5 * body.mass * velocity.iter().map(|part| part * part).sum::<f64>();
        if is_beyond_tolerance(linear, expected, rules.energy.identity, expected.abs().max(linear.abs())) {
            let message = format!("body {}: linear_ke is {linear} J, but its velocity gives {expected} J", body.id);
            judged.add_finding(
                FindingPlace { table: BODY, row: energy.row, frames: &[frame] },
                format!("linear_ke={linear}"),
                message,
            );
        }
    }
}

fn judge_potential(facts: &RecordingFacts, rules: &Rules, judged: &mut CheckReport) {
    let Some(gravity) = facts.gravity else { return };
    for (state, energy, frame) in state_energies(facts) {
        let Some(body) = facts.bodies.get(state.body as usize).filter(|body| body.declared) else { continue };
        let Some([_, _, height]) = state.position else { continue };
        judged.looked_at += 1;
        let [_, _, potential] = energy.parts;
        let expected = body.mass * gravity * height;
        if is_beyond_tolerance(potential, expected, rules.energy.identity, expected.abs().max(potential.abs())) {
            let message = format!("body {}: potential_e is {potential} J, but its height gives {expected} J", body.id);
            let place = FindingPlace { table: BODY, row: energy.row, frames: &[frame] };
            judged.add_finding(place, format!("potential_e={potential}"), message);
        }
    }
}

fn judge_flags(facts: &RecordingFacts, _: &Rules, judged: &mut CheckReport) {
    for (at, frame, system) in frame_energies(facts) {
        judged.looked_at += 1;
        let place = FindingPlace { table: SYSTEM, row: system.row, frames: &[frame] };
        // The recorder's own rule for the flag: more than a millionth of the total energy.
        let gains = system.delta > (1e-6 * system.total.abs()).max(1e-9);
        let known = system.delta.is_finite() && system.total.is_finite();
        if let Some(flag) = system.injected.filter(|flag| known && *flag != gains) {
            let message = format!("energy_injection is {}, but delta_e is {} J", i64::from(flag), system.delta);
            judged.add_finding(place, format!("energy_injection={}", i64::from(flag)), message);
        }
        let pairs = facts.frame_at(at).map_or(0, |frame| frame.pairs);
        if let Some(flag) = system.touching.filter(|flag| *flag != (pairs > 0)) {
            let message = format!("collision_active is {}, but {pairs} pairs touch", i64::from(flag));
            judged.add_finding(place, format!("collision_active={}", i64::from(flag)), message);
        }
    }
}
