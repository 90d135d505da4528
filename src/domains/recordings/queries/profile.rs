//! The query for the key numbers of a recording, by which two runs can be compared, and for where its energy went.

use std::collections::BTreeSet;

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::named::{NamedQuestion, render_count};
use super::solver::solver_rows;
use crate::domain::query::QueryCard;
use crate::domains::recordings::bodies::Bodies;
use crate::domains::recordings::contacts;
use crate::domains::recordings::energies;
use crate::domains::recordings::frames::Frames;
use crate::domains::recordings::measure::{Measure, render_number};
use crate::domains::recordings::missing::Missing;
use crate::domains::recordings::reading::{Question, Reading, Stop};

/// Parameters of the query.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RecordingProfile {
    /// The first frame.
    #[arg(long, value_name = "N")]
    pub start_frame: Option<i64>,
    /// The last frame, inclusive.
    #[arg(long, value_name = "N")]
    pub end_frame: Option<i64>,
}

/// The key numbers of a recording; energies after the steps, J.
#[derive(Serialize, JsonSchema)]
pub struct Profile {
    /// Frames.
    frames: u64,
    /// Bodies that move.
    bodies: Option<u64>,
    /// The usual length of a step, s.
    time_step: Measure,
    /// The first energy.
    first_total_e: Measure,
    /// The last energy.
    last_total_e: Measure,
    /// Change of linear kinetic energy.
    linear_ke_change: Measure,
    /// Change of rotational kinetic energy.
    rotational_ke_change: Measure,
    /// Change of potential energy.
    potential_e_change: Measure,
    /// Total gain of the frames that gain.
    gains: Measure,
    /// Total loss of the frames that lose.
    losses: Measure,
    /// The largest gain of a frame.
    max_gain: Measure,
    /// Number of frames that gain.
    gain_frames: u64,
    /// Of those, frames in which the solver did not converge.
    gain_frames_unconverged: u64,
    /// Number of frames with a contact.
    contact_frames: Option<u64>,
    /// The deepest penetration, m.
    max_penetration_depth: Measure,
    /// Number of frames with constraints in which the solver did not converge.
    unconverged_frames: Option<u64>,
    /// Maximum number of iterations of a frame.
    max_iterations: Option<i64>,
    /// Tables and columns that are not recorded.
    not_recorded: Option<Vec<String>>,
    /// Summary in one sentence.
    summary: String,
}

static CARD: QueryCard = QueryCard {
    name: "recording_profile",
    group: "analysis",
    title: "the key numbers of a recording",
    about: "Where the energy went: kinetic, rotational and potential change, gains and losses (J); contacts, deepest \
            penetration (m), convergence.",
    example: "",
};

impl NamedQuestion for RecordingProfile {
    const CARD: &'static QueryCard = &CARD;
}

impl Question for RecordingProfile {
    type Answer = Profile;

    fn answer(&self, reading: &Reading) -> Result<Profile, Stop> {
        let (frames, bodies) = (Frames::read(reading)?, Bodies::read(reading)?);
        let range = frames.resolve_range(self.start_frame, self.end_frame)?;
        let mut missing = Missing::default();
        let energies = energies::read_system_energies(reading, range, &mut missing)?.unwrap_or_default();
        let pairs = contacts::read_pairs(reading, range, &mut missing)?;
        let solver = solver_rows(reading, range, &mut missing)?;
        let unconverged: Vec<i64> =
            solver.iter().flatten().filter(|(_, row)| row.has_failed()).map(|(frame, _)| *frame).collect();
        // Differences of the totals, not the recorded delta_e, which may itself be faulty.
        let changes: Vec<(i64, f64)> = energies
            .windows(2)
            .filter_map(|pair| Some((pair.get(1)?.frame, pair.get(1)?.total? - pair.first()?.total?)))
            .collect();
        let gains: Vec<&(i64, f64)> = changes.iter().filter(|(_, change)| *change > 0.0).collect();
        let touching: Option<BTreeSet<i64>> = pairs.as_ref().map(|pairs| pairs.iter().map(|pair| pair.frame).collect());
        let gained: f64 = gains.iter().map(|(_, gain)| gain).sum();
        let lost: f64 = changes.iter().filter(|(_, change)| *change < 0.0).map(|(_, change)| change).sum();
        // Without energies, all their numbers are unknown.
        let first = energies.first().copied().unwrap_or_default();
        let last = energies.last().copied().unwrap_or_default();
        let within = frames.ids_within(range).len();
        let summary = format!(
            "{}: {} J to {} J, gains {} J, losses {} J, {} unconverged.{}",
            render_count(within, "frame"),
            render_number(first.total.unwrap_or(f64::NAN)),
            render_number(last.total.unwrap_or(f64::NAN)),
            render_number(gained),
            render_number(lost),
            unconverged.len(),
            missing.render_remark()
        );
        Ok(Profile {
            frames: within as u64,
            bodies: bodies.is_recorded().then(|| bodies.list().len() as u64),
            time_step: frames.usual_step().into(),
            first_total_e: first.total.into(),
            last_total_e: last.total.into(),
            linear_ke_change: energies::difference(first.linear, last.linear).into(),
            rotational_ke_change: energies::difference(first.rotational, last.rotational).into(),
            potential_e_change: energies::difference(first.potential, last.potential).into(),
            gains: gained.into(),
            losses: lost.into(),
            max_gain: gains.iter().map(|(_, gain)| *gain).max_by(f64::total_cmp).into(),
            gain_frames: gains.len() as u64,
            gain_frames_unconverged: gains.iter().filter(|(frame, _)| unconverged.contains(frame)).count() as u64,
            contact_frames: touching.map(|frames| frames.len() as u64),
            max_penetration_depth: pairs.iter().flatten().filter_map(|pair| pair.depth).max_by(f64::total_cmp).into(),
            unconverged_frames: solver.as_ref().map(|_| unconverged.len() as u64),
            max_iterations: solver.iter().flatten().filter_map(|(_, row)| row.iterations).max(),
            not_recorded: missing.to_list(),
            summary,
        })
    }
}
