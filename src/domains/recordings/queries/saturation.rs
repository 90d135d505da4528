//! The query for friction over many frames: how often it is at its limit, and where it leaves its cone.

use std::collections::BTreeMap;

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::named::{NamedQuestion, render_count, take_page};
use crate::domain::query::QueryCard;
use crate::domains::recordings::cone;
use crate::domains::recordings::contacts;
use crate::domains::recordings::frames::Frames;
use crate::domains::recordings::measure::Measure;
use crate::domains::recordings::reading::{Question, Reading, Stop, to_float};

/// Parameters of the query.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FrictionSaturation {
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

/// Friction over many frames.
#[derive(Serialize, JsonSchema)]
pub struct Saturation {
    /// The pairs, most violations first.
    pairs: Option<Vec<PairFriction>>,
    /// Total number of pairs.
    total: u64,
    /// Cursor of the next page.
    next_cursor: Option<String>,
    /// Number of contact points judged.
    checked: u64,
    /// Of those, at their limit.
    saturated: u64,
    /// Of those, outside their cone.
    violations: u64,
    /// The first frames with a violation, at most 50.
    violation_frames: Vec<i64>,
    /// Tables and columns that are not recorded.
    not_recorded: Option<Vec<String>>,
    /// Summary in one sentence.
    summary: String,
}

/// Friction of a pair over many frames.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct PairFriction {
    /// First body.
    body_a_id: i64,
    /// Second body; bit 31 marks the environment.
    body_b_id: i64,
    /// Number of contact points judged.
    checked: u64,
    /// Of those, at their limit.
    saturated: u64,
    /// The share of those at their limit.
    saturation_ratio: Measure,
    /// Of those, outside their cone.
    violations: u64,
    /// The largest excess over the limit, N s.
    worst_excess: Measure,
    /// The frame of the largest excess.
    worst_frame: Option<i64>,
}

static CARD: QueryCard = QueryCard {
    name: "friction_saturation",
    group: "analysis",
    title: "friction over a whole recording",
    about: "Per pair: how many contact points are at their friction limit or outside their cone, and the largest \
            excess (N s).",
    example: "",
};

/// The most frames that an answer lists.
const NAMED_MAX: usize = 50;

impl NamedQuestion for FrictionSaturation {
    const CARD: &'static QueryCard = &CARD;
}

impl Question for FrictionSaturation {
    type Answer = Saturation;

    fn answer(&self, reading: &Reading) -> Result<Saturation, Stop> {
        let frames = Frames::read(reading)?;
        let range = frames.resolve_range(self.start_frame, self.end_frame)?;
        let constraints = contacts::read_points(reading, range)?;
        let mut pairs: BTreeMap<(i64, i64), PairFriction> = BTreeMap::new();
        let mut wrong_frames: Vec<i64> = Vec::new();
        for point in &constraints.points {
            // Without the length of the step: only impulses are compared here, not forces.
            let Some(item) = cone::judge_point(point, None) else { continue };
            let pair = pairs.entry((point.a, point.b)).or_default();
            (pair.body_a_id, pair.body_b_id) = (point.a, point.b);
            pair.checked += 1;
            pair.saturated += u64::from(item.is_saturated());
            if item.exceeds_limit {
                pair.violations += 1;
                let excess = item.margin.0.map(|margin| -margin);
                if pair.worst_frame.is_none() || excess > pair.worst_excess.0 {
                    (pair.worst_excess, pair.worst_frame) = (excess.into(), Some(point.frame));
                }
                // Points come in the order of their frames, so that comparing with the last one removes duplicates.
                if wrong_frames.last() != Some(&point.frame) {
                    wrong_frames.push(point.frame);
                }
            }
        }
        let checked: u64 = pairs.values().map(|pair| pair.checked).sum();
        let saturated: u64 = pairs.values().map(|pair| pair.saturated).sum();
        let violations: u64 = pairs.values().map(|pair| pair.violations).sum();
        let blind = constraints.missing.to_list().is_some() && checked == 0;
        let summary = if blind {
            constraints.missing.render_verdict("Friction")
        } else {
            let frames = render_count(wrong_frames.len(), "frame");
            format!(
                "{checked} contact points judged: {saturated} at their limit, {violations} outside their cone \
                 in {frames}."
            )
        };
        let mut list: Vec<PairFriction> = pairs.into_values().collect();
        for pair in &mut list {
            let [saturated, checked] =
                [pair.saturated, pair.checked].map(|number| to_float(i64::try_from(number).unwrap_or(i64::MAX)));
            pair.saturation_ratio = (saturated / checked).into();
        }
        list.sort_by_key(|pair| std::cmp::Reverse(pair.violations));
        let page = take_page(list, self.limit, self.cursor.as_deref())?;
        Ok(Saturation {
            pairs: (!blind).then_some(page.items),
            total: page.total,
            next_cursor: page.next_cursor,
            checked,
            saturated,
            violations,
            violation_frames: wrong_frames.into_iter().take(NAMED_MAX).collect(),
            not_recorded: constraints.missing.to_list(),
            summary,
        })
    }
}
