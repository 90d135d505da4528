//! The queries for energies over frames: of all bodies together, and of one body.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::named::{NamedQuestion, render_count, take_page};
use crate::domain::query::QueryCard;
use crate::domains::recordings::bodies::Bodies;
use crate::domains::recordings::energies::{self, BodyEnergy, SystemEnergy};
use crate::domains::recordings::frames::Frames;
use crate::domains::recordings::measure::{Measure, render_number};
use crate::domains::recordings::missing::Missing;
use crate::domains::recordings::reading::{Question, Reading, Stop};

/// Parameters of the query.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GetSystemEnergy {
    /// The first frame.
    #[arg(long, value_name = "N")]
    pub start_frame: Option<i64>,
    /// The last frame, inclusive.
    #[arg(long, value_name = "N")]
    pub end_frame: Option<i64>,
    /// Maximum number of items on a page.
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// The next_cursor of the previous page.
    #[arg(long, value_name = "CURSOR")]
    pub cursor: Option<String>,
}

/// The energy of all bodies, frame by frame.
#[derive(Serialize, JsonSchema)]
pub struct SystemSeries {
    /// One entry per frame, after its step.
    energy_points: Option<Vec<SystemPoint>>,
    /// Total number of frames with an energy.
    total: u64,
    /// Cursor of the next page.
    next_cursor: Option<String>,
    /// The first energy of the range, J.
    first_total_e: Measure,
    /// The last energy of the range, J.
    last_total_e: Measure,
    /// Tables and columns that are not recorded.
    not_recorded: Option<Vec<String>>,
    /// Summary in one sentence.
    summary: String,
}

/// The energy of all bodies after the step of a frame, J.
#[derive(Serialize, JsonSchema)]
pub struct SystemPoint {
    /// The frame.
    frame_id: i64,
    /// Its time, s.
    simulation_time: Measure,
    /// Total.
    total_system_e: Measure,
    /// Gain since the previous frame; for the first frame, the total.
    delta_e: Measure,
    /// Linear kinetic energy.
    total_linear_ke: Measure,
    /// Rotational kinetic energy.
    total_rotational_ke: Measure,
    /// Potential energy.
    total_potential_e: Measure,
    /// Whether the recorder flagged an energy injection.
    energy_injection: Option<bool>,
    /// Whether any pair touched.
    collision_active: Option<bool>,
}

static SYSTEM_CARD: QueryCard = QueryCard {
    name: "get_system_energy",
    group: "specification",
    title: "the energy of all bodies over frames",
    about: "Total, kinetic and potential energy of all bodies and its change (J), frame by frame, after each step.",
    example: "--start-frame 1 --end-frame 100",
};

impl NamedQuestion for GetSystemEnergy {
    const CARD: &'static QueryCard = &SYSTEM_CARD;
}

impl Question for GetSystemEnergy {
    type Answer = SystemSeries;

    fn answer(&self, reading: &Reading) -> Result<SystemSeries, Stop> {
        let frames = Frames::read(reading)?;
        let range = frames.resolve_range(self.start_frame, self.end_frame)?;
        let mut missing = Missing::default();
        let rows = energies::read_system_energies(reading, range, &mut missing)?;
        let totals: Vec<(i64, Option<f64>)> = rows.iter().flatten().map(|row| (row.frame, row.total)).collect();
        let summary = match &rows {
            None => missing.render_verdict("The energy"),
            Some(_) => render_course("All bodies", &totals) + &missing.render_remark(),
        };
        let is_recorded = rows.is_some();
        let page = take_page(rows.unwrap_or_default(), self.limit, self.cursor.as_deref())?;
        let points = page.items.iter().map(|row| SystemPoint::from_row(row, &frames)).collect();
        Ok(SystemSeries {
            energy_points: is_recorded.then_some(points),
            total: page.total,
            next_cursor: page.next_cursor,
            first_total_e: totals.first().and_then(|(_, total)| *total).into(),
            last_total_e: totals.last().and_then(|(_, total)| *total).into(),
            not_recorded: missing.to_list(),
            summary,
        })
    }
}

impl SystemPoint {
    fn from_row(row: &SystemEnergy, frames: &Frames) -> Self {
        Self {
            frame_id: row.frame,
            simulation_time: frames.time(row.frame).into(),
            total_system_e: row.total.into(),
            delta_e: row.delta.into(),
            total_linear_ke: row.linear.into(),
            total_rotational_ke: row.rotational.into(),
            total_potential_e: row.potential.into(),
            energy_injection: row.injection,
            collision_active: row.collision,
        }
    }
}

/// Renders a summary of an energy over frames: its first and last value and its largest gain.
fn render_course(whose: &str, totals: &[(i64, Option<f64>)]) -> String {
    let (Some((from, first)), Some((to, last))) = (totals.first(), totals.last()) else {
        return format!("{whose}: no energy is recorded in these frames.");
    };
    let mut gains = Vec::new();
    for pair in totals.windows(2) {
        if let [(_, Some(before)), (frame, Some(after))] = pair {
            gains.push((*frame, after - before));
        }
    }
    let largest = gains.into_iter().max_by(|one, other| one.1.total_cmp(&other.1)).filter(|(_, gain)| *gain > 0.0);
    let gain = match largest {
        Some((frame, gain)) => format!("; the largest gain is {} J in frame {frame}", render_number(gain)),
        None => String::new(),
    };
    format!(
        "{whose}: {} J in frame {from}, {} J in frame {to}, {}{gain}.",
        render_number(first.unwrap_or(f64::NAN)),
        render_number(last.unwrap_or(f64::NAN)),
        render_count(totals.len(), "frame")
    )
}

/// Parameters of the query.
#[derive(Args, Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetBodyEnergy {
    /// The body.
    #[arg(long, value_name = "N")]
    pub body_id: i64,
    /// The first frame.
    #[arg(long, value_name = "N")]
    pub start_frame: Option<i64>,
    /// The last frame, inclusive.
    #[arg(long, value_name = "N")]
    pub end_frame: Option<i64>,
    /// Maximum number of items on a page.
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// The next_cursor of the previous page.
    #[arg(long, value_name = "CURSOR")]
    pub cursor: Option<String>,
}

/// The energy of a body, frame by frame.
#[derive(Serialize, JsonSchema)]
pub struct BodySeries {
    /// The body.
    body_id: i64,
    /// One entry per frame, after its step.
    energy_points: Option<Vec<BodyPoint>>,
    /// Total number of frames with an energy of the body.
    total: u64,
    /// Cursor of the next page.
    next_cursor: Option<String>,
    /// Tables and columns that are not recorded.
    not_recorded: Option<Vec<String>>,
    /// Summary in one sentence.
    summary: String,
}

/// The energy of a body after the step of a frame, J.
#[derive(Serialize, JsonSchema)]
pub struct BodyPoint {
    /// The body.
    body_id: i64,
    /// The frame.
    frame_id: i64,
    /// Its time, s.
    simulation_time: Measure,
    /// Linear kinetic energy.
    linear_ke: Measure,
    /// Rotational kinetic energy.
    rotational_ke: Measure,
    /// Potential energy.
    potential_e: Measure,
    /// Total.
    total_e: Measure,
}

static BODY_CARD: QueryCard = QueryCard {
    name: "get_body_energy",
    group: "specification",
    title: "the energy of a body over frames",
    about: "Kinetic and potential energy of one body (J), frame by frame, after each step.",
    example: "--body-id 3 --start-frame 1 --end-frame 100",
};

impl NamedQuestion for GetBodyEnergy {
    const CARD: &'static QueryCard = &BODY_CARD;
}

impl Question for GetBodyEnergy {
    type Answer = BodySeries;

    fn answer(&self, reading: &Reading) -> Result<BodySeries, Stop> {
        let (frames, bodies) = (Frames::read(reading)?, Bodies::read(reading)?);
        let range = frames.resolve_range(self.start_frame, self.end_frame)?;
        bodies.require(self.body_id)?;
        let mut missing = Missing::default();
        let mut rows = energies::read_body_energies(reading, range, &mut missing)?;
        // A scan narrows by one column only, and a range of frames is usually the smaller part of the table.
        if let Some(rows) = &mut rows {
            rows.retain(|row| row.body == self.body_id);
        }
        let totals: Vec<(i64, Option<f64>)> = rows.iter().flatten().map(|row| (row.frame, row.total)).collect();
        let summary = match &rows {
            None => missing.render_verdict("The energy of a body"),
            Some(_) => render_course(&format!("Body {}", self.body_id), &totals) + &missing.render_remark(),
        };
        let is_recorded = rows.is_some();
        let page = take_page(rows.unwrap_or_default(), self.limit, self.cursor.as_deref())?;
        let points = page.items.iter().map(|row| BodyPoint::from_row(row, &frames)).collect();
        Ok(BodySeries {
            body_id: self.body_id,
            energy_points: is_recorded.then_some(points),
            total: page.total,
            next_cursor: page.next_cursor,
            not_recorded: missing.to_list(),
            summary,
        })
    }
}

impl BodyPoint {
    fn from_row(row: &BodyEnergy, frames: &Frames) -> Self {
        Self {
            body_id: row.body,
            frame_id: row.frame,
            simulation_time: frames.time(row.frame).into(),
            linear_ke: row.linear.into(),
            rotational_ke: row.rotational.into(),
            potential_e: row.potential.into(),
            total_e: row.total.into(),
        }
    }
}
