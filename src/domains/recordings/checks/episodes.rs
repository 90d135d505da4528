//! Energy from nowhere: runs of frames that gain, each little, together much.

use super::facts::{Facts, SystemFacts};
use super::passes::Pass;
use super::{Check, Judged, Place};
use crate::domain::check::CheckCard;
use crate::domains::recordings::rules::Rules;
use crate::model::Severity;

pub(super) static INJECTION: Check = Check {
    card: CheckCard {
        id: "energy_injection",
        group: "energy",
        mode: "energy_injection",
        severity: Severity::High,
        about: "a run of frames in which the total energy grows by too much in all, spawned bodies aside",
        remedy: "look at the contacts of these frames: unconverged impulses, saturated friction, and corrections of \
            positions are what makes energy",
    },
    needs: &[Pass::Frames, Pass::Bodies, Pass::States, Pass::Energies, Pass::System],
    also: &[Pass::Solver],
    judge,
};

/// A run of gains.
struct Episode {
    first: u32,
    last: u32,
    gained: f64,
    /// The largest gain of a frame, and its place.
    peak: (f64, u32),
}

/// Returns what each frame gained on the one before, without what bodies brought along that were spawned in it; none
/// where that cannot be told.
fn gains(facts: &Facts, rules: &Rules) -> Vec<Option<f64>> {
    let mut brought = vec![0.0; facts.frames.len()];
    for state in &facts.states {
        let spawned = facts.bodies.get(state.body as usize).is_some_and(|body| body.first == Some(state.frame));
        if let (true, Some(sum)) = (spawned, brought.get_mut(state.frame as usize)) {
            *sum += state.energy.map_or(f64::NAN, |energy| energy.total);
        }
    }
    let total = |at: u32| facts.frame_at(at)?.system.map(|system| system.total);
    let one = |(at, brought): (u32, f64)| {
        let (step, lasted) = (facts.step?, facts.lasted(at)?);
        let steady = (lasted - step).abs() <= rules.time.step_share * step;
        let gain = total(at)? - total(at.checked_sub(1)?)? - brought;
        (steady && gain.is_finite()).then_some(gain)
    };
    (0..).zip(brought).map(one).collect()
}

fn episodes(facts: &Facts, rules: &Rules) -> Vec<Episode> {
    let mut episodes: Vec<Episode> = Vec::new();
    let mut open = false;
    for (at, gain) in (0u32..).zip(gains(facts, rules)) {
        let total = facts.frame_at(at).and_then(|frame| frame.system).map_or(0.0, |system| system.total);
        let noise = rules.energy.gain_share * total.abs() + 1e-9;
        let Some(gain) = gain.filter(|gain| *gain > noise) else {
            open = false;
            continue;
        };
        match episodes.last_mut().filter(|_| open) {
            Some(episode) => {
                episode.last = at;
                episode.gained += gain;
                if gain > episode.peak.0 {
                    episode.peak = (gain, at);
                }
            }
            None => episodes.push(Episode { first: at, last: at, gained: gain, peak: (gain, at) }),
        }
        open = true;
    }
    episodes
}

/// Returns how far the total energy ranges over the recording.
fn range(facts: &Facts) -> f64 {
    let totals = facts.frames.iter().filter_map(|frame| frame.system).map(|system| system.total);
    let finite = totals.filter(|total| total.is_finite());
    let (low, high) = finite.fold((f64::MAX, f64::MIN), |(low, high), total| (low.min(total), high.max(total)));
    (high - low).max(0.0)
}

fn judge(facts: &Facts, rules: &Rules, judged: &mut Judged<'_>) {
    judged.looked_at = facts.frames.iter().filter(|frame| frame.system.is_some()).count() as u64;
    let least = rules.energy.episode_joules.max(rules.energy.episode_share * range(facts));
    for episode in episodes(facts, rules).iter().filter(|episode| episode.gained >= least) {
        report(facts, episode, judged);
    }
}

fn report(facts: &Facts, episode: &Episode, judged: &mut Judged<'_>) {
    let frame = |at: u32| facts.frame_at(at).map_or(0, |frame| frame.id);
    let system = |at: u32| -> Option<SystemFacts> { facts.frame_at(at)?.system };
    let Some(here) = system(episode.peak.1) else { return };
    let before = episode.first.checked_sub(1).and_then(system);
    let split = before.zip(system(episode.last)).map(|(before, after)| {
        let [linear, rotational, potential] = after.parts;
        let [was_linear, was_rotational, was_potential] = before.parts;
        (linear + rotational - was_linear - was_rotational, potential - was_potential)
    });
    let unconverged = (episode.first..=episode.last)
        .filter_map(|at| facts.frame_at(at)?.solver)
        .filter(|solver| solver.constraints > 0 && !solver.converged)
        .count();
    let (first, last) = (frame(episode.first), frame(episode.last));
    let mut message = format!(
        "{} J come from nowhere in frames {first} to {last}, {} J of them in frame {}",
        joules(episode.gained),
        joules(episode.peak.0),
        frame(episode.peak.1)
    );
    if let Some((kinetic, potential)) = split {
        message += &format!("; kinetic {} J, potential {} J", joules(kinetic), joules(potential));
    }
    if unconverged > 0 {
        message += &format!("; the solver did not converge in {unconverged} of them");
    }
    let frames: Vec<i64> = (episode.first..=episode.last).map(frame).collect();
    let place = Place { table: "SystemEnergyRecord", row: here.row, frames: &frames };
    judged.wrong(place, format!("gained={:e}", episode.gained), message);
}

/// Writes an energy for people, an exploded one too.
fn joules(energy: f64) -> String {
    if energy.abs() < 1e7 { format!("{energy:.6}") } else { format!("{energy:e}") }
}
