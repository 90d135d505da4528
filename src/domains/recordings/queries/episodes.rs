//! The query for runs of frames that gain energy, although no single frame may stand out.

use std::collections::BTreeMap;

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::named::{NamedQuestion, is_size, render_count, take_page};
use super::solver::solver_rows;
use crate::domain::query::{QueryCard, QueryError};
use crate::domains::recordings::energies::{self, SystemEnergy};
use crate::domains::recordings::frames::Frames;
use crate::domains::recordings::measure::{Measure, render_number};
use crate::domains::recordings::missing::Missing;
use crate::domains::recordings::reading::{Question, Reading, Stop};

/// The default gain from which on a frame counts, J.
const MIN_GAIN: f64 = 1e-6;
/// The default gain from which on an episode counts, J.
const MIN_TOTAL: f64 = 0.01;

/// Parameters of the query.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EnergyEpisodes {
    /// Minimum gain of a frame, J. Default: 1e-6.
    #[arg(long, value_name = "J")]
    pub min_gain: Option<f64>,
    /// Minimum gain of an episode, J. Default: 0.01.
    #[arg(long, value_name = "J")]
    pub min_total: Option<f64>,
    /// Maximum number of frames without a gain inside an episode. Default: 1.
    #[arg(long, value_name = "N")]
    pub max_gap: Option<u64>,
    /// Maximum number of items on a page.
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// The next_cursor of the previous page.
    #[arg(long, value_name = "CURSOR")]
    pub cursor: Option<String>,
}

/// Runs of frames that gain energy.
#[derive(Serialize, JsonSchema)]
pub struct Episodes {
    /// The episodes, largest gain first.
    episodes: Option<Vec<Episode>>,
    /// Total number of episodes.
    total: u64,
    /// Cursor of the next page.
    next_cursor: Option<String>,
    /// Sum of the gains of all frames, not counting losses, J.
    total_gain: Measure,
    /// Tables and columns that are not recorded.
    not_recorded: Option<Vec<String>>,
    /// Summary in one sentence.
    summary: String,
}

/// A run of frames that gains energy.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Episode {
    /// The first frame.
    start_frame: i64,
    /// The last frame.
    end_frame: i64,
    /// Number of frames that gain.
    frames: u64,
    /// Their total gain, J.
    gain: Measure,
    /// The largest gain of a frame, J.
    peak_gain: Measure,
    /// The frame with that gain.
    peak_frame: i64,
    /// Change of linear kinetic energy over the episode, J.
    linear_ke_change: Measure,
    /// Change of rotational kinetic energy, J.
    rotational_ke_change: Measure,
    /// Change of potential energy, J.
    potential_e_change: Measure,
    /// Number of frames with a touching pair.
    contact_frames: u64,
    /// Number of frames in which the solver did not converge.
    unconverged_frames: u64,
}

static CARD: QueryCard = QueryCard {
    name: "energy_episodes",
    group: "analysis",
    title: "runs of frames that gain energy",
    about: "Runs of frames that gain energy, small gains included: cumulative gain and peak (J), which kind of energy \
            changed, contacts, unconverged frames.",
    example: "--min-total 0.05",
};

impl NamedQuestion for EnergyEpisodes {
    const CARD: &'static QueryCard = &CARD;

    fn check_params(&self) -> Result<(), QueryError> {
        for (name, joules) in [("min_gain", self.min_gain), ("min_total", self.min_total)] {
            if joules.is_some_and(|joules| !is_size(joules)) {
                return Err(QueryError::Params(format!("{name}: give 0 J or more")));
            }
        }
        Ok(())
    }
}

/// A run that later frames may still belong to.
struct OpenEpisode {
    episode: Episode,
    gain: f64,
    before: SystemEnergy,
    last: SystemEnergy,
}

impl Question for EnergyEpisodes {
    type Answer = Episodes;

    fn answer(&self, reading: &Reading) -> Result<Episodes, Stop> {
        let frames = Frames::read(reading)?;
        let range = frames.resolve_range(None, None)?;
        let mut missing = Missing::default();
        let rows = energies::read_system_energies(reading, range, &mut missing)?;
        let solver = solver_rows(reading, range, &mut missing)?.unwrap_or_default();
        let unconverged: BTreeMap<i64, bool> = solver.iter().map(|(frame, row)| (*frame, row.has_failed())).collect();
        let is_recorded = rows.is_some();
        let rows = rows.unwrap_or_default();
        let (mut episodes, total_gain) = self.find_episodes(&rows, &unconverged);
        episodes.sort_by(|one, other| other.gain.0.unwrap_or(0.0).total_cmp(&one.gain.0.unwrap_or(0.0)));
        let summary = match (is_recorded, episodes.first()) {
            (false, _) => missing.render_verdict("The energy"),
            (true, None) => {
                format!("No episode gains {} J or more.", render_number(self.min_total.unwrap_or(MIN_TOTAL)))
            }
            (true, Some(largest)) => format!(
                "{}; the largest gains {} J in frames {} to {} (peak {} J in frame {}); all gains together {} J.",
                render_count(episodes.len(), "episode"),
                render_number(largest.gain.0.unwrap_or(f64::NAN)),
                largest.start_frame,
                largest.end_frame,
                render_number(largest.peak_gain.0.unwrap_or(f64::NAN)),
                largest.peak_frame,
                render_number(total_gain)
            ),
        };
        let page = take_page(episodes, self.limit, self.cursor.as_deref())?;
        Ok(Episodes {
            episodes: is_recorded.then_some(page.items),
            total: page.total,
            next_cursor: page.next_cursor,
            total_gain: total_gain.into(),
            not_recorded: missing.to_list(),
            summary,
        })
    }
}

impl EnergyEpisodes {
    /// Finds the episodes, and the sum of all gains, J. The first frame belongs to none: all its energy is new.
    fn find_episodes(&self, rows: &[SystemEnergy], unconverged: &BTreeMap<i64, bool>) -> (Vec<Episode>, f64) {
        let least = self.min_gain.unwrap_or(MIN_GAIN);
        let gap = i64::try_from(self.max_gap.unwrap_or(1)).unwrap_or(i64::MAX);
        let (mut episodes, mut open, mut sum): (Vec<Episode>, Option<OpenEpisode>, f64) = (Vec::new(), None, 0.0);
        // Differences of the totals, not the recorded delta_e, which may itself be faulty.
        for pair in rows.windows(2) {
            let [before, now] = pair else { continue };
            let Some(gain) = now.total.zip(before.total).map(|(now, before)| now - before) else { continue };
            // A loss, or a frame without a number, ends no run by itself: runs may go over `gap` such frames.
            if gain < least || gain.is_nan() {
                continue;
            }
            sum += gain;
            match open.take() {
                // By frame ids, so that frames lost in between count as frames without a gain.
                Some(mut run) if now.frame - run.episode.end_frame - 1 <= gap => {
                    run.add_frame(now, gain, unconverged);
                    open = Some(run);
                }
                other => {
                    episodes.extend(other.and_then(|run| run.finish(self.min_total.unwrap_or(MIN_TOTAL))));
                    open = Some(OpenEpisode::begin(before, now, gain, unconverged));
                }
            }
        }
        episodes.extend(open.and_then(|run| run.finish(self.min_total.unwrap_or(MIN_TOTAL))));
        (episodes, sum)
    }
}

impl OpenEpisode {
    fn begin(before: &SystemEnergy, now: &SystemEnergy, gain: f64, unconverged: &BTreeMap<i64, bool>) -> Self {
        let episode = Episode {
            start_frame: now.frame,
            end_frame: now.frame,
            frames: 0,
            gain: Measure::default(),
            peak_gain: Measure::default(),
            peak_frame: now.frame,
            linear_ke_change: Measure::default(),
            rotational_ke_change: Measure::default(),
            potential_e_change: Measure::default(),
            contact_frames: 0,
            unconverged_frames: 0,
        };
        let mut run = Self { episode, gain: 0.0, before: *before, last: *now };
        run.add_frame(now, gain, unconverged);
        run
    }

    fn add_frame(&mut self, now: &SystemEnergy, gain: f64, unconverged: &BTreeMap<i64, bool>) {
        self.gain += gain;
        let episode = &mut self.episode;
        episode.end_frame = now.frame;
        episode.frames += 1;
        if episode.peak_gain.0.is_none_or(|peak| gain > peak) {
            episode.peak_gain = gain.into();
            episode.peak_frame = now.frame;
        }
        episode.contact_frames += u64::from(now.collision == Some(true));
        episode.unconverged_frames += u64::from(unconverged.get(&now.frame) == Some(&true));
        self.last = *now;
    }

    /// Returns the episode, unless it gained less than `least`, J.
    fn finish(self, least: f64) -> Option<Episode> {
        let (before, last) = (self.before, self.last);
        (self.gain >= least).then(|| Episode {
            gain: self.gain.into(),
            linear_ke_change: energies::difference(before.linear, last.linear).into(),
            rotational_ke_change: energies::difference(before.rotational, last.rotational).into(),
            potential_e_change: energies::difference(before.potential, last.potential).into(),
            ..self.episode
        })
    }
}
