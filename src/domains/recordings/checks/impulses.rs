//! Checks of impulses: the friction cone, pulling contacts, unit directions, and the balance with changes of velocity.

use super::facts::{PointFacts, RecordingFacts, StateFacts};
use super::passes::CheckScan;
use super::{CheckDefinition, CheckReport, FindingPlace};
use crate::domain::check::CheckCard;
use crate::domains::recordings::rules::Rules;
use crate::model::Severity;

const fn contact_card(id: &'static str, severity: Severity, about: &'static str, remedy: &'static str) -> CheckCard {
    CheckCard { id, group: "contact", mode: "broken_cone", severity, about, remedy }
}

pub(super) static CONE: CheckDefinition = CheckDefinition {
    card: contact_card(
        "friction_cone",
        Severity::High,
        "a contact point whose friction is larger than its coefficient times the normal impulse",
        "check the solver of that frame: every sweep has to project onto the cone",
    ),
    needs: &[CheckScan::Frames, CheckScan::Normals],
    also: &[CheckScan::Bodies],
    judge: judge_cone,
    end: Some(end_cone),
};

pub(super) static PULL: CheckDefinition = CheckDefinition {
    card: contact_card(
        "contact_pull",
        Severity::High,
        "a contact point whose normal impulse is negative (it pulls)",
        "the solver clamps normal impulses at 0: find out what changed the row",
    ),
    needs: &[CheckScan::Frames, CheckScan::Normals],
    also: &[CheckScan::Bodies],
    judge: judge_pull,
    end: None,
};

pub(super) static DIRECTIONS: CheckDefinition = CheckDefinition {
    card: contact_card(
        "contact_direction",
        Severity::Medium,
        "a normal or tangent of a contact point that is not a unit vector",
        "check the contact frame: impulses along it have the wrong magnitude",
    ),
    needs: &[CheckScan::Frames, CheckScan::Normals, CheckScan::Alongs, CheckScan::Acrosses],
    also: &[CheckScan::Bodies],
    judge: judge_directions,
    end: None,
};

pub(super) static BALANCE: CheckDefinition = CheckDefinition {
    card: CheckCard {
        id: "impulse_balance",
        group: "state",
        mode: "swapped_bodies",
        severity: Severity::High,
        about: "a change of a body's velocity that gravity and its contact impulses do not explain",
        remedy: "look for a state, an impulse or a mass that belongs to another body or another frame",
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
    judge: judge_balance,
    end: Some(end_balance),
};

fn point_place<'p>(facts: &RecordingFacts, point: &PointFacts, frames: &'p [i64]) -> FindingPlace<'p> {
    FindingPlace { table: facts.impulses.table, row: point.row, frames }
}

/// Renders a body's id; one of the environment by its spawn number, without bit 31.
pub(super) fn render_body(body: i64) -> String {
    if super::facts::is_environment(body) { format!("environment {}", body & !(1 << 31)) } else { body.to_string() }
}

fn render_pair([a, b]: [i64; 2]) -> String {
    format!("bodies {} and {}", render_body(a), render_body(b))
}

fn judge_cone(facts: &RecordingFacts, _: &Rules, judged: &mut CheckReport) {
    judged.looked_at = facts.impulses.looked_at;
    for point in &facts.impulses.outside {
        let message = format!(
            "{}: friction is {} N s, but its limit is {} N s ({} times {} N s)",
            render_pair(point.bodies),
            point.tangential,
            point.friction * point.normal,
            point.friction,
            point.normal
        );
        judged.add_finding(
            point_place(facts, point, &[point.frame]),
            format!("friction={}", point.tangential),
            message,
        );
    }
}

fn end_cone(facts: &RecordingFacts, _: &Rules, judged: &mut CheckReport) {
    if facts.impulses.unpressed > 0 {
        judged.remarks.push(format!(
            "{} contact points have friction but almost no normal impulse: the recorder's solver ignores the cone \
             there, so they are not judged",
            facts.impulses.unpressed
        ));
    }
}

fn judge_pull(facts: &RecordingFacts, _: &Rules, judged: &mut CheckReport) {
    judged.looked_at = facts.impulses.looked_at;
    for point in &facts.impulses.pulling {
        let message = format!("{}: the normal impulse is {} N s", render_pair(point.bodies), point.normal);
        judged.add_finding(
            point_place(facts, point, &[point.frame]),
            format!("normal_lambda={}", point.normal),
            message,
        );
    }
}

fn judge_directions(facts: &RecordingFacts, _: &Rules, judged: &mut CheckReport) {
    judged.looked_at = facts.impulses.looked_at;
    for (point, column, length) in &facts.impulses.skewed {
        let message = format!("{}: the vector in {column} has length {length}", render_pair(point.bodies));
        judged.add_finding(point_place(facts, point, &[point.frame]), format!("{column}={length}"), message);
    }
}

/// Returns whether all impulses of a frame are recorded: the recorder writes none where no touching pair has friction.
pub(super) fn are_recorded(facts: &RecordingFacts, frame: u32) -> bool {
    facts.frame_at(frame).is_some_and(|frame| {
        // Older recordings have a table of all contact points: each needs its constraint.
        let is_complete = frame.points == 0 || frame.points == frame.constraints;
        is_complete && (frame.pairs == 0) == (frame.constraints == 0)
    })
}

fn judge_balance(facts: &RecordingFacts, rules: &Rules, judged: &mut CheckReport) {
    let Some(gravity) = facts.gravity else { return };
    for state in facts.fresh_states() {
        // Without all impulses, any change of velocity would look unaccounted for.
        if !are_recorded(facts, state.frame) {
            judged.course.unjudged += 1;
        } else if let Some((off, size)) = unaccounted_impulse(facts, state, gravity) {
            judged.looked_at += 1;
            if off > rules.states.impulse * size + rules.states.impulse_epsilon {
                report_unaccounted(facts, state, off, judged);
            }
        }
    }
}

fn end_balance(facts: &RecordingFacts, _: &Rules, judged: &mut CheckReport) {
    let unrecorded = judged.course.unjudged;
    if facts.gravity.is_none() {
        judged.remarks.push("it is unknown whether there was gravity".to_owned());
    } else if unrecorded > 0 {
        judged.remarks.push(format!("{unrecorded} states are in frames whose impulses are not recorded"));
    }
}

/// Returns the size of the impulse on a body that nothing accounts for, and the scale of the terms involved, both N s.
fn unaccounted_impulse(facts: &RecordingFacts, state: &StateFacts, gravity: f64) -> Option<(f64, f64)> {
    let mass = facts.bodies.get(state.body as usize).filter(|body| body.declared)?.mass;
    let (after, before, duration) =
        (state.velocity?, facts.previous_state(state)?.velocity?, facts.step_seconds(state.frame)?);
    // Contacts push the first body back along the normal, which points to the second.
    let fall = [0.0, 0.0, -mass * gravity * duration];
    let parts = after.into_iter().zip(before).zip(fall).zip(state.impulse);
    let off = parts.map(|(((after, before), fall), impulse)| mass * (after - before) - fall - impulse);
    let off = off.map(|part| part * part).sum::<f64>().sqrt();
    // The scale is that of the terms, not of their sum: they may cancel to nothing, and their rounding errors do not.
    let speeds: f64 = after.iter().chain(&before).map(|part| part.abs()).sum();
    let size = mass * (speeds + gravity * duration) + state.pressed;
    (off.is_finite() && size.is_finite()).then_some((off, size))
}

fn report_unaccounted(facts: &RecordingFacts, state: &StateFacts, off: f64, judged: &mut CheckReport) {
    let body = facts.bodies.get(state.body as usize).map_or(0, |body| body.id);
    let frame = facts.frame_at(state.frame).map_or(0, |frame| frame.id);
    let message = format!("body {body}: {off} N s of its velocity change since the previous frame are unexplained");
    let place = FindingPlace { table: "AssetDynamicStateRecord", row: state.row, frames: &[frame, frame - 1] };
    judged.add_finding(place, format!("unaccounted={off}"), message);
}
