//! Touching pairs: how deep they overlap, and whether a body at rest is carried by its weight.

use super::facts::{PairFacts, RecordingFacts, StateFacts, is_environment};
use super::impulses::{are_recorded, render_body};
use super::passes::CheckScan;
use super::{CheckDefinition, CheckReport, FindingPlace};
use crate::domain::check::CheckCard;
use crate::domains::recordings::rules::Rules;
use crate::model::Severity;

pub(super) static PENETRATION: CheckDefinition = CheckDefinition {
    card: CheckCard {
        id: "penetration",
        group: "contact",
        mode: "sunk_contact",
        severity: Severity::Medium,
        about: "two bodies that overlap more than slop, step and speed of approach explain",
        remedy: "look at the frame before: nothing moved fast enough to get that deep in one step",
    },
    needs: &[CheckScan::Frames, CheckScan::Bodies, CheckScan::States, CheckScan::Velocities, CheckScan::Pairs],
    also: &[CheckScan::Rates],
    judge: judge_depths,
    end: Some(end_depths),
};

pub(super) static SUPPORT: CheckDefinition = CheckDefinition {
    card: CheckCard {
        id: "resting_support",
        group: "contact",
        mode: "broken_cone",
        severity: Severity::High,
        about: "a body at rest whose contacts do not carry its weight: their impulse is not m g dt",
        remedy: "look at the normal impulses of that frame",
    },
    needs: &[
        CheckScan::Frames,
        CheckScan::Bodies,
        CheckScan::States,
        CheckScan::Positions,
        CheckScan::Velocities,
        CheckScan::Energies,
        CheckScan::Pairs,
        CheckScan::Normals,
        CheckScan::Alongs,
        CheckScan::Acrosses,
    ],
    also: &[CheckScan::Points],
    judge: judge_support,
    end: Some(end_support),
};

/// Returns how fast the surfaces of two bodies moved relative to each other in the frame before, at most.
fn approach_speed(facts: &RecordingFacts, pair: &PairFacts, rules: &Rules) -> Option<f64> {
    let before = pair.frame.checked_sub(1)?;
    let moves = |body: i64| {
        if is_environment(body) {
            return Some(([0.0; 3], 0.0));
        }
        let state = facts.find_state(before, facts.find_body(body)?)?;
        Some((state.velocity?, state.spin * rules.contacts.reach))
    };
    let ((first, turns), (second, also_turns)) = (moves(pair.bodies[0])?, moves(pair.bodies[1])?);
    let apart = first.into_iter().zip(second).map(|(first, second)| first - second);
    Some(apart.map(|part| part * part).sum::<f64>().sqrt() + turns + also_turns)
}

fn judge_depths(facts: &RecordingFacts, rules: &Rules, judged: &mut CheckReport) {
    let Some(step) = facts.step else { return };
    let contacts = &rules.contacts;
    let rest = contacts.slop + rules.gravity * step * step / contacts.beta + contacts.depth_margin;
    for pair in &facts.pairs {
        let mut bodies = pair.bodies;
        bodies.sort_unstable();
        let frame = facts.frame_at(pair.frame).map_or(0, |frame| frame.id);
        let before = judged.course.depths.insert(bodies, (frame, pair.depth));
        let Some(speed) = approach_speed(facts, pair, rules).filter(|_| facts.has_previous_frame(pair.frame)) else {
            // Nobody knows where they came from: they begin like that.
            judged.course.unjudged += u64::from(pair.depth > rest);
            judged.looked_at += 1;
            continue;
        };
        judged.looked_at += 1;
        let lasted = facts.step_seconds(pair.frame).unwrap_or(step);
        let was = before.filter(|(before, _)| before.checked_add(1) == Some(frame)).map_or(0.0, |(_, depth)| depth);
        let explained = was.max(rest) + speed * lasted.max(step) + contacts.depth_margin;
        if pair.depth > explained {
            report_penetration(facts, pair, (was, explained), judged);
        }
    }
    // Pairs that parted are forgotten.
    let last = facts.frames.last().map_or(0, |frame| frame.id);
    judged.course.depths.retain(|_, (frame, _)| *frame == last);
}

fn end_depths(_: &RecordingFacts, _: &Rules, judged: &mut CheckReport) {
    let unseen = judged.course.unjudged;
    if unseen > 0 {
        judged.remarks.push(format!("{unseen} pairs overlap deeply from the beginning, and are not judged there"));
    }
}

fn report_penetration(
    facts: &RecordingFacts,
    pair: &PairFacts,
    (was, explained): (f64, f64),
    judged: &mut CheckReport,
) {
    let frame = facts.frame_at(pair.frame).map_or(0, |frame| frame.id);
    let [a, b] = pair.bodies.map(render_body);
    let message = format!(
        "bodies {a} and {b} overlap by {} m, {was} m in the frame before; at most {explained:.6} m are explained",
        pair.depth
    );
    let place = FindingPlace { table: "CollisionResultRecord", row: pair.row, frames: &[frame] };
    judged.add_finding(place, format!("penetrationDepth={}", pair.depth), message);
}

fn judge_support(facts: &RecordingFacts, rules: &Rules, judged: &mut CheckReport) {
    let Some(gravity) = facts.gravity.filter(|gravity| *gravity > 0.0) else { return };
    for state in facts.fresh_states().filter(|state| state.touches > 0 && are_recorded(facts, state.frame)) {
        let Some((carried, weight)) = support_impulses(facts, state, gravity, rules) else { continue };
        judged.looked_at += 1;
        if (carried - weight).abs() > rules.contacts.support * weight {
            let body = facts.bodies.get(state.body as usize).map_or(0, |body| body.id);
            let frame = facts.frame_at(state.frame).map_or(0, |frame| frame.id);
            let message = format!("body {body} rests, and its contacts carry {carried} N s of its {weight} N s a step");
            let place = FindingPlace { table: "AssetDynamicStateRecord", row: state.row, frames: &[frame] };
            judged.add_finding(place, format!("carried={carried}"), message);
        }
    }
}

fn end_support(facts: &RecordingFacts, _: &Rules, judged: &mut CheckReport) {
    if facts.gravity.is_none_or(|gravity| gravity <= 0.0) {
        judged.remarks.push("the recording was made without gravity".to_owned());
    } else if judged.looked_at == 0 {
        judged.remarks.push("no body rests".to_owned());
    }
}

/// Returns the upward impulse on a body at rest, and its weight times the step; a body rests that only has the velocity
/// of one step of gravity, as it did before.
fn support_impulses(facts: &RecordingFacts, state: &StateFacts, gravity: f64, rules: &Rules) -> Option<(f64, f64)> {
    let lasted = facts.step_seconds(state.frame)?;
    let still = |[x, y, z]: [f64; 3]| {
        let off = [x, y, z + gravity * lasted];
        off.iter().map(|part| part * part).sum::<f64>().sqrt() < rules.contacts.resting_speed
    };
    let mass = facts.bodies.get(state.body as usize).filter(|body| body.declared)?.mass;
    let rests = still(state.velocity?) && still(facts.previous_state(state)?.velocity?);
    let [_, _, up] = state.impulse;
    rests.then_some((up, mass * gravity * lasted))
}
