//! Friction over a whole recording: how often it is at its limit, where it leaves its cone, where sliding turns round.

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

/// What is asked.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FrictionSaturation {
    /// The first frame.
    #[arg(long, value_name = "N")]
    pub start_frame: Option<i64>,
    /// The last frame, which counts too.
    #[arg(long, value_name = "N")]
    pub end_frame: Option<i64>,
    /// The most items of a page.
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// The next_cursor of the page before.
    #[arg(long, value_name = "CURSOR")]
    pub cursor: Option<String>,
}

/// Friction over many frames.
#[derive(Serialize, JsonSchema)]
pub struct Saturation {
    /// The pairs, the most violations first.
    pairs: Option<Vec<PairFriction>>,
    /// How many pairs there are.
    total: u64,
    /// Where the next page begins.
    next_cursor: Option<String>,
    /// Contact points that were judged.
    checked: u64,
    /// Of those, at their limit.
    saturated: u64,
    /// Of those, outside their cone.
    violations: u64,
    /// The first frames with a violation, at most 50.
    violation_frames: Vec<i64>,
    /// Tables and columns that are not recorded.
    not_recorded: Option<Vec<String>>,
    /// All of it in a sentence.
    summary: String,
}

/// Friction of a pair over many frames.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct PairFriction {
    /// One body.
    body_a_id: i64,
    /// The other body; bit 31 marks the environment.
    body_b_id: i64,
    /// Contact points that were judged.
    checked: u64,
    /// Of those, at their limit.
    saturated: u64,
    /// The share of those at their limit.
    saturation_ratio: Measure,
    /// Of those, outside their cone.
    violations: u64,
    /// The largest excess over the limit, N s.
    worst_excess: Measure,
    /// In which frame.
    worst_frame: Option<i64>,
}

static CARD: QueryCard = QueryCard {
    name: "friction_saturation",
    group: "analysis",
    title: "friction over a whole recording",
    about: "By pair: how many contact points are at their friction limit or outside their cone, and the largest excess \
            (N s).",
    example: "",
};

/// The most frames that are named.
const NAMED_MAX: usize = 50;

impl NamedQuestion for FrictionSaturation {
    const CARD: &'static QueryCard = &CARD;
}

impl Question for FrictionSaturation {
    type Answer = Saturation;

    fn answer(&self, reading: &Reading) -> Result<Saturation, Stop> {
        let frames = Frames::read(reading)?;
        let range = frames.resolve_range(self.start_frame, self.end_frame)?;
        let recorded = contacts::read_points(reading, range)?;
        let mut pairs: BTreeMap<(i64, i64), PairFriction> = BTreeMap::new();
        let mut wrong_frames: Vec<i64> = Vec::new();
        for point in &recorded.points {
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
                if wrong_frames.last() != Some(&point.frame) {
                    wrong_frames.push(point.frame);
                }
            }
        }
        let sum = |of: fn(&PairFriction) -> u64| pairs.values().map(of).sum::<u64>();
        let [checked, saturated, violations] =
            [sum(|pair| pair.checked), sum(|pair| pair.saturated), sum(|pair| pair.violations)];
        let blind = recorded.missing.to_list().is_some() && checked == 0;
        let summary = if blind {
            recorded.missing.render_verdict("Friction")
        } else {
            let frames = render_count(wrong_frames.len(), "frame");
            format!(
                "{checked} contact points judged: {saturated} at their limit, {violations} outside their cone \
                 in {frames}."
            )
        };
        let ratio = |pair: PairFriction| {
            let share = |part: u64| to_float(i64::try_from(part).unwrap_or(i64::MAX));
            PairFriction { saturation_ratio: (share(pair.saturated) / share(pair.checked)).into(), ..pair }
        };
        let mut list: Vec<PairFriction> = pairs.into_values().map(ratio).collect();
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
            not_recorded: recorded.missing.to_list(),
            summary,
        })
    }
}
