//! Checks of touching pairs: the depth of their overlap, and whether contacts carry the weight of a body at rest.

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
        about: "two bodies that overlap more than slop, time step and approach speed explain",
        remedy: "check the previous frame: nothing moved fast enough to get that deep in one step",
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
        about: "a body at rest whose contacts do not support its weight: their impulse is not m g dt",
        remedy: "check the normal impulses of that frame",
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

/// Returns the largest speed, m/s, at which the surfaces of a pair can have approached each other in the frame before.
fn approach_speed(facts: &RecordingFacts, pair: &PairFacts, rules: &Rules) -> Option<f64> {
    let before = pair.frame.checked_sub(1)?;
    let (first, first_spin) = body_motion(facts, before, pair.bodies[0])?;
    let (second, second_spin) = body_motion(facts, before, pair.bodies[1])?;
    let relative = first.into_iter().zip(second).map(|(first, second)| first - second);
    // Rotation moves a surface point by at most spin times reach, in an unknown direction.
    let reach = rules.contacts.reach;
    Some(relative.map(|part| part * part).sum::<f64>().sqrt() + first_spin * reach + second_spin * reach)
}

/// Returns the velocity, m/s, and the spin, 1/s, of a body in a frame; the environment never moves.
fn body_motion(facts: &RecordingFacts, frame: u32, body: i64) -> Option<([f64; 3], f64)> {
    if is_environment(body) {
        return Some(([0.0; 3], 0.0));
    }
    let state = facts.find_state(frame, facts.find_body(body)?)?;
    Some((state.velocity?, state.spin))
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
            // Without the frame before, their approach is unknown: a scene may begin with overlapping bodies.
            judged.course.unjudged += u64::from(pair.depth > rest);
            judged.looked_at += 1;
            continue;
        };
        judged.looked_at += 1;
        let duration = facts.step_seconds(pair.frame).unwrap_or(step);
        let was = before.filter(|(before, _)| before.checked_add(1) == Some(frame)).map_or(0.0, |(_, depth)| depth);
        // Never less than the usual step: a faulty time must not look like a penetration.
        let explained = was.max(rest) + speed * duration.max(step) + contacts.depth_margin;
        if pair.depth > explained {
            report_penetration(facts, pair, was, explained, judged);
        }
    }
    // Only the last frame of this batch can be the frame before of the next one.
    let last = facts.frames.last().map_or(0, |frame| frame.id);
    judged.course.depths.retain(|_, (frame, _)| *frame == last);
}

fn end_depths(_: &RecordingFacts, _: &Rules, judged: &mut CheckReport) {
    let unseen = judged.course.unjudged;
    if unseen > 0 {
        judged
            .remarks
            .push(format!("{unseen} pairs overlap deeply from their first contact on; this is not judged there"));
    }
}

fn report_penetration(facts: &RecordingFacts, pair: &PairFacts, was: f64, explained: f64, judged: &mut CheckReport) {
    let frame = facts.frame_at(pair.frame).map_or(0, |frame| frame.id);
    let [a, b] = pair.bodies.map(render_body);
    let message = format!(
        "bodies {a} and {b} overlap by {} m, {was} m in the previous frame; at most {explained:.6} m can be explained",
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
            let message =
                format!("body {body} is at rest, but its contacts carry {carried} N s of its {weight} N s per step");
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

/// Returns the upward impulse on a body and its weight times the step, both N s; `None` for a body that is not at rest.
fn support_impulses(facts: &RecordingFacts, state: &StateFacts, gravity: f64, rules: &Rules) -> Option<(f64, f64)> {
    let duration = facts.step_seconds(state.frame)?;
    let mass = facts.bodies.get(state.body as usize).filter(|body| body.declared)?.mass;
    // In both frames: a body that is slow for one frame only may be at the top of its flight.
    for [x, y, z] in [state.velocity?, facts.previous_state(state)?.velocity?] {
        // A body at rest is recorded with the velocity of one step of gravity, which its contacts then take away.
        let off = [x, y, z + gravity * duration];
        let is_still = off.iter().map(|part| part * part).sum::<f64>().sqrt() < rules.contacts.resting_speed;
        if !is_still {
            return None;
        }
    }
    let [_, _, up] = state.impulse;
    Some((up, mass * gravity * duration))
}
