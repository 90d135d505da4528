//! The query for frames whose energy changes by more than it should.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::named::{NamedQuestion, is_size, render_count, take_page};
use crate::domain::query::{QueryCard, QueryError};
use crate::domains::recordings::frames::Frames;
use crate::domains::recordings::gains::{self, Change, EnergyChange};
use crate::domains::recordings::measure::{Measure, render_number};
use crate::domains::recordings::missing::Missing;
use crate::domains::recordings::reading::{Question, Reading, Stop};

/// The default threshold, J.
const THRESHOLD: f64 = 1.0;
/// The most explained changes, and the most unjudged frames, that an answer lists.
const EXPLAINED_MAX: usize = 20;

/// Parameters of the query.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FindEnergyAnomalies {
    /// Minimum change to report, J. Default: 1.
    #[arg(long, value_name = "J")]
    pub threshold: Option<f64>,
    /// Maximum number of items on a page.
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// The next_cursor of the previous page.
    #[arg(long, value_name = "CURSOR")]
    pub cursor: Option<String>,
}

/// Frames with unexplained energy changes.
#[derive(Serialize, JsonSchema)]
pub struct Anomalies {
    /// The threshold, J.
    threshold: f64,
    /// The frames.
    anomalies: Option<Vec<Anomaly>>,
    /// Total number of frames.
    total: u64,
    /// Cursor of the next page.
    next_cursor: Option<String>,
    /// Changes above the threshold explained by a spawn, a time step or the start, at most 20.
    explained: Vec<Anomaly>,
    /// Frames whose change is not a number, at most 20.
    unjudged: Vec<i64>,
    /// Tables and columns that are not recorded.
    not_recorded: Option<Vec<String>>,
    /// Summary in one sentence.
    summary: String,
}

/// A frame whose energy changes beyond the threshold.
#[derive(Clone, Serialize, JsonSchema)]
pub struct Anomaly {
    /// The frame.
    frame_id: i64,
    /// Its time, s.
    simulation_time: Measure,
    /// The gain in energy, J.
    delta_e: Measure,
    /// The energy after the step, J.
    total_system_e: Measure,
    /// The kind of change.
    kind: Change,
    /// The part brought by bodies that appeared in the frame, J.
    spawned_e: Measure,
    /// Whether any pair touched.
    collision_active: Option<bool>,
}

static CARD: QueryCard = QueryCard {
    name: "find_energy_anomalies",
    group: "specification",
    title: "frames with unexplained energy changes",
    about: "Frames whose energy changes by more than a threshold (J): injections, blow-ups, losses; spawns, odd time \
            steps and the first frame are listed separately. For slow leaks use energy_episodes.",
    example: "--threshold 0.05",
};

impl NamedQuestion for FindEnergyAnomalies {
    const CARD: &'static QueryCard = &CARD;

    fn check_params(&self) -> Result<(), QueryError> {
        match self.threshold {
            Some(threshold) if !is_size(threshold) => {
                Err(QueryError::Params(format!("threshold: {threshold} J is not valid; give 0 or more")))
            }
            _ => Ok(()),
        }
    }
}

impl Question for FindEnergyAnomalies {
    type Answer = Anomalies;

    fn answer(&self, reading: &Reading) -> Result<Anomalies, Stop> {
        let frames = Frames::read(reading)?;
        frames.refuse_none()?;
        let threshold = self.threshold.unwrap_or(THRESHOLD);
        let mut missing = Missing::default();
        let changes = gains::find_large_changes(reading, &frames, threshold, &mut missing)?;
        let is_recorded = changes.is_some();
        let (gains, unjudged) = changes.unwrap_or_default();
        let (explained, anomalies): (Vec<EnergyChange>, Vec<EnergyChange>) =
            gains.into_iter().partition(|gain| gain.change.is_explained());
        // Without energies there is no answer, and "no anomalies" would be wrong.
        let summary = if is_recorded {
            render_summary(threshold, &anomalies, &explained, unjudged.len()) + &missing.render_remark()
        } else {
            missing.render_verdict("The energy")
        };
        let page = take_page(anomalies, self.limit, self.cursor.as_deref())?;
        let explained = explained.iter().take(EXPLAINED_MAX).map(|gain| Anomaly::from_change(gain, &frames)).collect();
        Ok(Anomalies {
            threshold,
            anomalies: is_recorded.then(|| page.items.iter().map(|gain| Anomaly::from_change(gain, &frames)).collect()),
            total: page.total,
            next_cursor: page.next_cursor,
            explained,
            unjudged: unjudged.into_iter().take(EXPLAINED_MAX).collect(),
            not_recorded: missing.to_list(),
            summary,
        })
    }
}

impl Anomaly {
    fn from_change(gain: &EnergyChange, frames: &Frames) -> Self {
        Self {
            frame_id: gain.energy.frame,
            simulation_time: frames.time(gain.energy.frame).into(),
            delta_e: gain.delta.into(),
            total_system_e: gain.energy.total.into(),
            kind: gain.change,
            spawned_e: gain.spawned.into(),
            collision_active: gain.energy.collision,
        }
    }
}

fn render_summary(threshold: f64, anomalies: &[EnergyChange], explained: &[EnergyChange], unjudged: usize) -> String {
    let mut text = if anomalies.is_empty() {
        format!("No anomalies: no frame's energy changes by more than {} J without a cause", render_number(threshold))
    } else {
        let gains = anomalies.iter().filter(|gain| gain.change.is_gain());
        // A blow-up may make this sum infinite or NaN; `render_number` copes with both.
        let sum: f64 = gains.clone().map(|gain| gain.delta).sum();
        let number = gains.count();
        format!(
            "{} beyond {} J: {number} gained energy ({} J in all), {} lost some",
            render_count(anomalies.len(), "frame"),
            render_number(threshold),
            render_number(sum),
            anomalies.len() - number
        )
    };
    if !explained.is_empty() {
        let mut causes = Vec::new();
        for (change, cause) in
            [(Change::FirstFrame, "the start"), (Change::Spawn, "a spawn"), (Change::TimeStep, "an odd time step")]
        {
            let number = explained.iter().filter(|gain| gain.change == change).count();
            if number > 0 {
                causes.push(format!("{number} by {cause}"));
            }
        }
        text += &format!("; explained: {}", causes.join(", "));
    }
    if unjudged > 0 {
        text += &format!("; {} not judged, since the change is not a number", render_count(unjudged, "frame"));
    }
    text + "."
}
