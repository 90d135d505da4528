//! The query whether friction stays within its cone in a frame.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::named::{NamedQuestion, render_count};
use crate::domain::query::QueryCard;
use crate::domains::recordings::bodies::{self, Bodies};
use crate::domains::recordings::cone::{self, ConeItem};
use crate::domains::recordings::contacts;
use crate::domains::recordings::frames::Frames;
use crate::domains::recordings::reading::{Question, Reading, Stop};

/// Parameters of the query.
#[derive(Args, Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckFrictionCone {
    /// The frame; ids begin at 1.
    #[arg(long, value_name = "N")]
    pub frame_id: i64,
    /// Only contacts of this body.
    #[arg(long, value_name = "N")]
    pub body_id: Option<i64>,
}

/// Whether friction stays within its cone in a frame.
#[derive(Serialize, JsonSchema)]
pub struct ConeAnswer {
    /// The frame.
    frame_id: i64,
    /// The body, if only its contacts were requested.
    body_id: Option<i64>,
    /// Only the contact points outside their cone; null if this cannot be judged.
    violations: Option<Vec<ConeItem>>,
    /// Number of points judged.
    checked: u64,
    /// Points judged that are at their limit (at least 99 % of it).
    saturated: u64,
    /// Number of points without recorded impulses.
    unjudged: u64,
    /// The point closest to its limit but not outside.
    nearest: Option<ConeItem>,
    /// Tables and columns that are not recorded.
    not_recorded: Option<Vec<String>>,
    /// Summary in one sentence.
    summary: String,
}

static CARD: QueryCard = QueryCard {
    name: "check_friction_cone",
    group: "specification",
    title: "whether friction stays within its cone",
    about: "Contact points of a frame whose tangential impulse exceeds the friction coefficient times the normal \
            impulse by more than 1 % (N s), and how many are at the limit.",
    example: "--frame-id 1",
};

impl NamedQuestion for CheckFrictionCone {
    const CARD: &'static QueryCard = &CARD;
}

impl Question for CheckFrictionCone {
    type Answer = ConeAnswer;

    fn answer(&self, reading: &Reading) -> Result<ConeAnswer, Stop> {
        let frames = Frames::read(reading)?;
        frames.require(self.frame_id)?;
        let constraints = contacts::read_points(reading, (self.frame_id, self.frame_id))?;
        let mut points = constraints.points;
        points.retain(|point| self.body_id.is_none_or(|body| point.has_body(body)));
        // Only an id without any point is worth the scan of all contacts that shows whether it exists.
        if let (Some(body), true) = (self.body_id, points.is_empty()) {
            Bodies::read(reading)?.require_any(body, &bodies::read_contact_bodies(reading)?)?;
        }
        let step = frames.step_or_usual(self.frame_id);
        let items: Vec<ConeItem> = points.iter().filter_map(|point| cone::judge_point(point, step)).collect();
        let unjudged = points.len() - items.len();
        let saturated = items.iter().filter(|item| item.is_saturated()).count();
        let checked = items.len();
        let within = items.iter().filter(|item| !item.exceeds_limit);
        let nearest = within.max_by(|one, other| saturation_share(one).total_cmp(&saturation_share(other))).cloned();
        let violations: Vec<ConeItem> = items.into_iter().filter(|item| item.exceeds_limit).collect();
        // A missing table could have held violations, unless the table of contacts shows that nothing touches.
        let blind = constraints.missing.to_list().is_some() && (unjudged > 0 || !constraints.contacts_recorded);
        let summary = if blind && checked == 0 {
            constraints.missing.render_verdict("The friction cone")
        } else {
            render_summary(self.frame_id, [checked, violations.len(), saturated, unjudged])
                + &constraints.missing.render_remark()
        };
        Ok(ConeAnswer {
            frame_id: self.frame_id,
            body_id: self.body_id,
            violations: (!blind || checked > 0).then_some(violations),
            checked: checked as u64,
            saturated: saturated as u64,
            unjudged: unjudged as u64,
            nearest,
            not_recorded: constraints.missing.to_list(),
            summary,
        })
    }
}

/// A point without a limit comes last.
fn saturation_share(item: &ConeItem) -> f64 {
    item.saturation.0.unwrap_or(-1.0)
}

fn render_summary(frame: i64, [checked, violations, saturated, unjudged]: [usize; 4]) -> String {
    if checked == 0 && unjudged > 0 {
        return format!(
            "Frame {frame}: {} without recorded friction: no pair of the frame has any, or none was recorded.",
            render_count(unjudged, "contact point")
        );
    }
    if checked == 0 {
        return format!("Frame {frame}: nothing touches.");
    }
    let remainder = if unjudged > 0 { format!(", {unjudged} not judged") } else { String::new() };
    format!(
        "Frame {frame}: {} checked, {} outside the cone, {saturated} at the limit{remainder}.",
        render_count(checked, "contact point"),
        violations
    )
}
