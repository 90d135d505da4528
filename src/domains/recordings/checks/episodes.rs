//! The check for energy from nowhere: runs of frames whose gains are small one by one and large together.

use super::facts::{FrameFacts, RecordingFacts, SystemFacts};
use super::passes::CheckScan;
use super::{CheckDefinition, CheckReport, FindingPlace};
use crate::domain::check::CheckCard;
use crate::domains::recordings::rules::Rules;
use crate::model::Severity;

pub(super) static INJECTION: CheckDefinition = CheckDefinition {
    card: CheckCard {
        id: "energy_injection",
        group: "energy",
        mode: "energy_injection",
        severity: Severity::High,
        about: "a run of frames in which the total energy grows too much, not counting spawned bodies",
        remedy: "check the contacts of these frames: energy comes from unconverged impulses, saturated friction and \
            position corrections",
    },
    needs: &[CheckScan::Frames, CheckScan::Bodies, CheckScan::States, CheckScan::Energies, CheckScan::System],
    also: &[CheckScan::Solver],
    judge,
    end: Some(end),
};

/// A run of frames that gain energy.
#[derive(Clone, Debug)]
struct GainEpisode {
    first: i64,
    last: i64,
    gained: f64,
    /// The largest gain of a frame (J), the frame, and the row of its energies.
    peak: (f64, i64, i64),
    /// The energies before the first frame and after the last: linear, rotational, potential.
    before: Option<[f64; 3]>,
    after: [f64; 3],
    /// In how many frames the solver did not converge.
    unconverged: u64,
}

/// The runs found so far, and the range of the total energy over the recording.
#[derive(Debug, Default)]
pub(super) struct GainEpisodes {
    open: Option<GainEpisode>,
    closed: Vec<GainEpisode>,
    range: Option<(f64, f64)>,
}

impl GainEpisodes {
    /// Closes the open run, and keeps it if it gained enough. The second limit, a share of the energy's range, has to
    /// wait for the end of the recording.
    fn close_episode(&mut self, rules: &Rules) {
        self.closed.extend(self.open.take().filter(|episode| episode.gained >= rules.energy.episode_joules));
    }

    fn note_total(&mut self, total: f64) {
        if total.is_finite() {
            let (low, high) = self.range.unwrap_or((total, total));
            self.range = Some((low.min(total), high.max(total)));
        }
    }

    /// Adds a frame to the open run, or opens one.
    fn add_frame(&mut self, frame: &FrameFacts, here: &SystemFacts, before: Option<[f64; 3]>, gain: f64) {
        let fresh = GainEpisode {
            first: frame.id,
            last: 0,
            gained: 0.0,
            peak: (0.0, 0, 0),
            before,
            after: [0.0; 3],
            unconverged: 0,
        };
        let episode = self.open.get_or_insert(fresh);
        (episode.last, episode.after) = (frame.id, here.parts);
        episode.gained += gain;
        if gain > episode.peak.0 {
            episode.peak = (gain, frame.id, here.row);
        }
        let gave_up = frame.solver.is_some_and(|solver| solver.constraints > 0 && !solver.converged);
        episode.unconverged += u64::from(gave_up);
    }
}

/// Returns the gain of each frame over the one before, J, without the energy of bodies spawned in it; `None` where it
/// is unknown.
fn frame_gains(facts: &RecordingFacts, rules: &Rules) -> Vec<Option<f64>> {
    let mut spawned_energies = vec![0.0; facts.frames.len()];
    for state in facts.fresh_states() {
        let (frame, body) = (facts.frame_at(state.frame), facts.bodies.get(state.body as usize));
        let is_spawned = frame.zip(body).is_some_and(|(frame, body)| body.first == Some(frame.id));
        if let (true, Some(sum)) = (is_spawned, spawned_energies.get_mut(state.frame as usize)) {
            // NaN makes the gain of the frame unknown.
            *sum += state.energy.map_or(f64::NAN, |energy| energy.total);
        }
    }
    (0..).zip(spawned_energies).map(|(at, spawned)| frame_gain(facts, rules, at, spawned)).collect()
}

fn frame_gain(facts: &RecordingFacts, rules: &Rules, at: u32, spawned: f64) -> Option<f64> {
    let (step, duration) = (facts.step?, facts.step_seconds(at)?);
    // A step of another length changes the energy by another amount: `time_step` reports it.
    let is_steady = (duration - step).abs() <= rules.time.step_share * step;
    if !is_steady {
        return None;
    }
    let (now, before) = (facts.frame_at(at)?.system?, facts.frame_at(at.checked_sub(1)?)?.system?);
    Some(now.total - before.total - spawned).filter(|gain| gain.is_finite())
}

fn judge(facts: &RecordingFacts, rules: &Rules, judged: &mut CheckReport) {
    let gains = frame_gains(facts, rules);
    for (at, frame) in facts.fresh_frames() {
        let course = &mut judged.course.gains;
        judged.looked_at += u64::from(frame.system.is_some());
        let total = frame.system.map_or(0.0, |system| system.total);
        if let Some(system) = frame.system {
            course.note_total(system.total);
        }
        let noise = rules.energy.gain_share * total.abs() + 1e-9;
        let gain = gains.get(at as usize).copied().flatten().filter(|gain| *gain > noise);
        match gain.zip(frame.system.as_ref()) {
            Some((gain, here)) => {
                let before = at.checked_sub(1).and_then(|before| facts.frame_at(before)?.system);
                course.add_frame(frame, here, before.map(|before| before.parts), gain);
            }
            None => course.close_episode(rules),
        }
    }
}

fn end(_: &RecordingFacts, rules: &Rules, judged: &mut CheckReport) {
    judged.course.gains.close_episode(rules);
    let GainEpisodes { closed, range, .. } = std::mem::take(&mut judged.course.gains);
    let range = range.map_or(0.0, |(low, high)| high - low);
    let least = rules.energy.episode_joules.max(rules.energy.episode_share * range);
    for episode in closed.iter().filter(|episode| episode.gained >= least) {
        report_episode(episode, judged);
    }
}

fn report_episode(episode: &GainEpisode, judged: &mut CheckReport) {
    let GainEpisode { first, last, peak: (largest, frame, row), .. } = *episode;
    let mut message = format!(
        "{} J appear without a cause in frames {first} to {last}, {} J of them in frame {frame}",
        render_joules(episode.gained),
        render_joules(largest)
    );
    if let Some([was_linear, was_rotational, was_potential]) = episode.before {
        let [linear, rotational, potential] = episode.after;
        let kinetic = linear + rotational - was_linear - was_rotational;
        message += &format!(
            "; kinetic {} J, potential {} J",
            render_joules(kinetic),
            render_joules(potential - was_potential)
        );
    }
    if episode.unconverged > 0 {
        message += &format!("; the solver did not converge in {} of them", episode.unconverged);
    }
    let frames: Vec<i64> = (first..=last).collect();
    let place = FindingPlace { table: "SystemEnergyRecord", row, frames: &frames };
    judged.add_finding(place, format!("gained={:e}", episode.gained), message);
}

/// Renders an energy, J; one of an exploded simulation with an exponent, or it would fill lines with digits.
fn render_joules(energy: f64) -> String {
    if energy.abs() < 1e7 { format!("{energy:.6}") } else { format!("{energy:e}") }
}
