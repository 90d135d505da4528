//! Frames in time: lost ones, time that runs back, steps of another length.

use super::facts::Facts;
use super::passes::Pass;
use super::{Check, Judged, Place};
use crate::domain::check::CheckCard;
use crate::domains::recordings::rules::Rules;
use crate::model::Severity;

const FRAME: &str = "SimulationFrameRecord";

const fn card(
    id: &'static str,
    mode: &'static str,
    severity: Severity,
    about: &'static str,
    remedy: &'static str,
) -> CheckCard {
    CheckCard { id, group: "time", mode, severity, about, remedy }
}

pub(super) static GAPS: Check = Check {
    card: card(
        "frame_gap",
        "lost_frames",
        Severity::High,
        "frames that are missing: ids count from 1, one a step",
        "take no difference across the gap; record again where the whole course matters",
    ),
    needs: &[Pass::Frames],
    also: &[],
    judge: judge_gaps,
};

pub(super) static ORDER: Check = Check {
    card: card(
        "frame_order",
        "time_runs_back",
        Severity::High,
        "a frame whose time is not later than that of the frame before",
        "order by id, and trust no difference of these times",
    ),
    needs: &[Pass::Frames],
    also: &[],
    judge: judge_order,
};

pub(super) static STEP: Check = Check {
    card: card(
        "time_step",
        "time_runs_back",
        Severity::Medium,
        "a step that does not last as long as the usual one",
        "look whether the simulation was paused or its step changed; thresholds of contacts follow from the step",
    ),
    needs: &[Pass::Frames],
    also: &[],
    judge: judge_steps,
};

pub(super) static CLOCK: Check = Check {
    card: card(
        "wall_clock",
        "time_runs_back",
        Severity::Low,
        "a frame that was recorded earlier than the frame before, by the clock on the wall",
        "look whether the clock was set while it recorded, or the frame comes from another recording",
    ),
    needs: &[Pass::Frames],
    also: &[],
    judge: judge_clock,
};

fn judge_gaps(facts: &Facts, _: &Rules, judged: &mut Judged<'_>) {
    judged.looked_at = facts.frames.len() as u64;
    let mut expected = 1;
    for frame in &facts.frames {
        if frame.id > expected {
            let (first, last) = (expected, frame.id - 1);
            let lost =
                if first == last { format!("frame {first} is") } else { format!("frames {first} to {last} are") };
            let neighbours: Vec<i64> = (first..=last.min(first.saturating_add(99))).chain([frame.id]).collect();
            let place = Place { table: FRAME, row: first, frames: &neighbours };
            judged.wrong(
                place,
                format!("lost={}", last.saturating_sub(first).saturating_add(1)),
                format!("{lost} missing"),
            );
        }
        expected = frame.id.saturating_add(1);
    }
}

/// Calls for every frame whose predecessor is there: how long the step lasted, and the frame's place.
fn steps(facts: &Facts) -> impl Iterator<Item = (usize, f64)> {
    let place = |at: u32| usize::try_from(at).unwrap_or(usize::MAX);
    (0u32..).take(facts.frames.len()).filter_map(move |at| Some((place(at), facts.lasted(at)?)))
}

fn judge_order(facts: &Facts, _: &Rules, judged: &mut Judged<'_>) {
    judged.looked_at = facts.frames.len() as u64;
    for (at, lasted) in steps(facts).filter(|(_, lasted)| *lasted <= 0.0) {
        let Some(frame) = facts.frames.get(at) else { continue };
        let message = format!("its time is {} s, {} s after the frame before", frame.time, lasted);
        let place = Place { table: FRAME, row: frame.id, frames: &[frame.id - 1] };
        judged.wrong(place, format!("simulation_time={}", frame.time), message);
    }
}

fn judge_steps(facts: &Facts, rules: &Rules, judged: &mut Judged<'_>) {
    let Some(usual) = facts.step else {
        judged.remarks.push("no two frames follow each other".to_owned());
        return;
    };
    judged.looked_at = facts.frames.len() as u64;
    for (at, lasted) in steps(facts) {
        let Some(frame) = facts.frames.get(at) else { continue };
        // Times add up, and lose what is beyond their last digit.
        let allowed = rules.time.step_share * usual + 1e-12 * frame.time.abs();
        if (lasted - usual).abs() > allowed {
            let message = format!("the step to it lasted {lasted} s, and the usual one lasts {usual} s");
            let place = Place { table: FRAME, row: frame.id, frames: &[frame.id - 1] };
            judged.wrong(place, format!("step={lasted}"), message);
        }
    }
}

fn judge_clock(facts: &Facts, _: &Rules, judged: &mut Judged<'_>) {
    judged.looked_at = facts.frames.len() as u64;
    for (before, frame) in facts.frames.iter().zip(facts.frames.iter().skip(1)) {
        if frame.clock < before.clock {
            let message = format!("it was recorded {} s before the frame before it", before.clock - frame.clock);
            let place = Place { table: FRAME, row: frame.id, frames: &[before.id] };
            judged.wrong(place, format!("wall_clock_time={}", frame.clock), message);
        }
    }
}
