//! The query for all pairs that ever touch, with an analysis of each contact.

use std::collections::BTreeMap;

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::named::{NamedQuestion, render_count, take_page};
use crate::domain::query::QueryCard;
use crate::domains::recordings::contacts;
use crate::domains::recordings::frames::Frames;
use crate::domains::recordings::missing::Missing;
use crate::domains::recordings::reading::{Question, Reading, Stop};
use crate::domains::recordings::touches::{self, Analysis, PairTouch};
use crate::domains::recordings::vectors::read_directions;

/// Parameters of the query.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ContactChatter {
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

/// Every pair that ever touches.
#[derive(Serialize, JsonSchema)]
pub struct Chatter {
    /// The pairs, most short breaks first.
    pairs: Option<Vec<PairContact>>,
    /// Total number of pairs.
    total: u64,
    /// Cursor of the next page.
    next_cursor: Option<String>,
    /// Tables and columns that are not recorded.
    not_recorded: Option<Vec<String>>,
    /// Summary in one sentence.
    summary: String,
}

/// A pair over all frames.
#[derive(Serialize, JsonSchema)]
pub struct PairContact {
    /// First body.
    body_a_id: i64,
    /// Second body; bit 31 marks the environment.
    body_b_id: i64,
    /// Statistics of the contact.
    #[serde(flatten)]
    analysis: Analysis,
}

static CARD: QueryCard = QueryCard {
    name: "contact_chatter",
    group: "analysis",
    title: "statistics of every contact over all frames",
    about: "Per pair: contact frames, episodes, short breaks, flipped normals, oscillating forces (N s).",
    example: "",
};

impl NamedQuestion for ContactChatter {
    const CARD: &'static QueryCard = &CARD;
}

impl Question for ContactChatter {
    type Answer = Chatter;

    fn answer(&self, reading: &Reading) -> Result<Chatter, Stop> {
        let frames = Frames::read(reading)?;
        let range = frames.resolve_range(self.start_frame, self.end_frame)?;
        let mut missing = Missing::default();
        let touching = contacts::read_pairs(reading, range, &mut missing)?;
        let is_recorded = touching.is_some();
        let touching = touching.unwrap_or_default();
        let normals = read_directions(reading, touching.iter().map(|pair| pair.normal), &mut missing)?;
        let mut pairs: BTreeMap<(i64, i64), BTreeMap<i64, PairTouch>> = BTreeMap::new();
        for pair in &touching {
            let direction = normals.get(pair.normal).and_then(|normal| normal.numbers());
            let touch = PairTouch { points: 0, normal: None, direction };
            pairs.entry((pair.a, pair.b)).or_default().insert(pair.frame, touch);
        }
        for point in contacts::read_points(reading, range)?.points {
            // Points without a recorded pair belong to no contact here.
            let Some(touch) = pairs.get_mut(&(point.a, point.b)).and_then(|frames| frames.get_mut(&point.frame)) else {
                continue;
            };
            // The first point starts the sum; once a point without impulse made it unknown, it stays so.
            let sum = if touch.points == 0 { Some(0.0) } else { touch.normal };
            touch.normal = sum.zip(point.normal).map(|(sum, more)| sum + more);
            touch.points += 1;
        }
        let mut list = Vec::with_capacity(pairs.len());
        for ((a, b), frames) in &pairs {
            list.push(PairContact { body_a_id: *a, body_b_id: *b, analysis: touches::analyse(frames) });
        }
        list.sort_by_key(|pair| std::cmp::Reverse(pair.analysis.short_breaks));
        let chattering = list.iter().filter(|pair| pair.analysis.chatter).count();
        let flipping = list.iter().filter(|pair| pair.analysis.normal_flips > 0).count();
        let swinging = list.iter().filter(|pair| pair.analysis.force_oscillation).count();
        let summary = if is_recorded {
            let pairs = render_count(list.len(), "pair");
            format!(
                "{pairs}: {chattering} chatter, {flipping} with flipped normals, {swinging} with oscillating forces."
            )
        } else {
            missing.render_verdict("Contact")
        };
        let page = take_page(list, self.limit, self.cursor.as_deref())?;
        Ok(Chatter {
            pairs: is_recorded.then_some(page.items),
            total: page.total,
            next_cursor: page.next_cursor,
            not_recorded: missing.to_list(),
            summary,
        })
    }
}
