//! Checks of frames in time: lost frames, time that runs back, steps of unusual length, and the wall clock.

use super::facts::{FrameFacts, RecordingFacts};
use super::passes::CheckScan;
use super::{CheckDefinition, CheckReport, FindingPlace};
use crate::domain::check::CheckCard;
use crate::domains::recordings::rules::Rules;
use crate::model::Severity;

const FRAME: &str = "SimulationFrameRecord";

const fn time_card(
    id: &'static str,
    mode: &'static str,
    severity: Severity,
    about: &'static str,
    remedy: &'static str,
) -> CheckCard {
    CheckCard { id, group: "time", mode, severity, about, remedy }
}

pub(super) static GAPS: CheckDefinition = CheckDefinition {
    card: time_card(
        "frame_gap",
        "lost_frames",
        Severity::High,
        "missing frames: ids count up from 1, one per step",
        "take no differences across the gap; record again if the whole run matters",
    ),
    needs: &[CheckScan::Frames],
    also: &[],
    judge: judge_gaps,
    end: None,
};

pub(super) static ORDER: CheckDefinition = CheckDefinition {
    card: time_card(
        "frame_order",
        "time_runs_back",
        Severity::High,
        "a frame whose time is not later than that of the previous frame",
        "order by id, and do not trust differences of these times",
    ),
    needs: &[CheckScan::Frames],
    also: &[],
    judge: judge_order,
    end: None,
};

pub(super) static STEP: CheckDefinition = CheckDefinition {
    card: time_card(
        "time_step",
        "time_runs_back",
        Severity::Medium,
        "a step whose length differs from the usual one",
        "check whether the simulation was paused or its step changed; contact thresholds depend on the step",
    ),
    needs: &[CheckScan::Frames],
    also: &[],
    judge: judge_steps,
    end: Some(end_steps),
};

pub(super) static CLOCK: CheckDefinition = CheckDefinition {
    card: time_card(
        "wall_clock",
        "time_runs_back",
        Severity::Low,
        "a frame that was recorded earlier than the previous one, by the wall clock",
        "check whether the clock was set while recording, or the frame comes from another recording",
    ),
    needs: &[CheckScan::Frames],
    also: &[],
    judge: judge_clock,
    end: None,
};

fn judge_gaps(facts: &RecordingFacts, _: &Rules, judged: &mut CheckReport) {
    for (_, frame) in facts.fresh_frames() {
        judged.looked_at += 1;
        // Ids start at 1: a recording that starts later lost the frames before.
        let expected = judged.course.expected.unwrap_or(1);
        if frame.id > expected {
            let (first, last) = (expected, frame.id - 1);
            let lost =
                if first == last { format!("frame {first} is") } else { format!("frames {first} to {last} are") };
            // A gap may be of any size, up to that of the id type: 100 of its frames are enough to find the finding by.
            let neighbours: Vec<i64> = (first..=last.min(first.saturating_add(99))).chain([frame.id]).collect();
            let place = FindingPlace { table: FRAME, row: first, frames: &neighbours };
            judged.add_finding(
                place,
                format!("lost={}", last.saturating_sub(first).saturating_add(1)),
                format!("{lost} missing"),
            );
        }
        judged.course.expected = Some(frame.id.saturating_add(1));
    }
}

/// Lists the frames of this batch whose predecessor exists, with the length of their step, s.
fn list_steps(facts: &RecordingFacts) -> impl Iterator<Item = (&FrameFacts, f64)> {
    facts.fresh_frames().filter_map(|(at, frame)| Some((frame, facts.step_seconds(at)?)))
}

fn judge_order(facts: &RecordingFacts, _: &Rules, judged: &mut CheckReport) {
    judged.looked_at += facts.fresh_frames().count() as u64;
    for (frame, lasted) in list_steps(facts).filter(|(_, lasted)| *lasted <= 0.0) {
        let message = format!("its time is {} s, {} s after the previous frame", frame.time, lasted);
        let place = FindingPlace { table: FRAME, row: frame.id, frames: &[frame.id - 1] };
        judged.add_finding(place, format!("simulation_time={}", frame.time), message);
    }
}

fn judge_steps(facts: &RecordingFacts, rules: &Rules, judged: &mut CheckReport) {
    let Some(usual) = facts.step else { return };
    judged.looked_at += facts.fresh_frames().count() as u64;
    for (frame, lasted) in list_steps(facts) {
        // Times are sums of steps: their difference carries a rounding error that grows with the time itself.
        let allowed = rules.time.step_share * usual + 1e-12 * frame.time.abs();
        if (lasted - usual).abs() > allowed {
            let message = format!("the step to it lasted {lasted} s; the usual step lasts {usual} s");
            let place = FindingPlace { table: FRAME, row: frame.id, frames: &[frame.id - 1] };
            judged.add_finding(place, format!("step={lasted}"), message);
        }
    }
}

fn end_steps(facts: &RecordingFacts, _: &Rules, judged: &mut CheckReport) {
    if facts.step.is_none() {
        judged.remarks.push("no two frames follow each other".to_owned());
    }
}

fn judge_clock(facts: &RecordingFacts, _: &Rules, judged: &mut CheckReport) {
    judged.looked_at += facts.fresh_frames().count() as u64;
    // From the last frame of the batch before, so that no pair at the edge of a batch is left out.
    for (before, frame) in facts.frames.iter().zip(facts.frames.iter().skip(1)) {
        if frame.clock < before.clock {
            let message = format!("it was recorded {} s before the previous frame", before.clock - frame.clock);
            let place = FindingPlace { table: FRAME, row: frame.id, frames: &[before.id] };
            judged.add_finding(place, format!("wall_clock_time={}", frame.clock), message);
        }
    }
}
