//! The query for the contact of two bodies over frames.

use std::collections::BTreeMap;

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::named::{NamedQuestion, size_of, start_of};
use crate::domain::query::QueryCard;
use crate::domains::recordings::bodies::{self, Bodies};
use crate::domains::recordings::contacts::{self, ConstraintPoint, ConstraintPoints, FrictionItem};
use crate::domains::recordings::frames::Frames;
use crate::domains::recordings::measure::{Measure, render_number};
use crate::domains::recordings::missing::Missing;
use crate::domains::recordings::reading::{Question, Reading, Stop};
use crate::domains::recordings::touches::{self, Analysis, PairTouch};
use crate::domains::recordings::vectors::read_directions;

/// Parameters of the query.
#[derive(Args, Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetContactHistory {
    /// First body.
    #[arg(long, value_name = "N")]
    pub body_a_id: i64,
    /// Second body; the order does not matter.
    #[arg(long, value_name = "N")]
    pub body_b_id: i64,
    /// The first frame.
    #[arg(long, value_name = "N")]
    pub start_frame: Option<i64>,
    /// The last frame, inclusive.
    #[arg(long, value_name = "N")]
    pub end_frame: Option<i64>,
    /// Maximum number of contact points on a page; a frame's points stay together.
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// The next_cursor of the previous page.
    #[arg(long, value_name = "CURSOR")]
    pub cursor: Option<String>,
}

/// Contact of two bodies over frames, each before its frame's step.
#[derive(Serialize, JsonSchema)]
pub struct History {
    /// First body.
    body_a_id: i64,
    /// Second body.
    body_b_id: i64,
    /// The first frame.
    start_frame: i64,
    /// The last frame.
    end_frame: i64,
    /// The frames in which they touch.
    contact_history: Option<Vec<FrameContacts>>,
    /// Number of frames of the range in which they touch.
    total: u64,
    /// Total number of contact points.
    total_contacts: u64,
    /// Cursor of the next page.
    next_cursor: Option<String>,
    /// Statistics of the contact over the whole range, not only the page.
    analysis: Option<Analysis>,
    /// Tables and columns that are not recorded.
    not_recorded: Option<Vec<String>>,
    /// Summary in one sentence.
    summary: String,
}

/// The contact in a frame.
#[derive(Serialize, JsonSchema)]
pub struct FrameContacts {
    /// The frame.
    frame_id: i64,
    /// Its time, s.
    simulation_time: Measure,
    /// Number of points; empty if no constraints are recorded.
    num_contacts: Option<u64>,
    /// The sum of the normal impulses, N s.
    normal_impulse: Measure,
    /// The sum of the normal forces, N.
    normal_force_n: Measure,
    /// The points and their impulses, N s.
    contacts: Vec<FrictionItem>,
}

static CARD: QueryCard = QueryCard {
    name: "get_contact_history",
    group: "specification",
    title: "contact of two bodies over frames",
    about: "Contact points of a pair over frames, paged, with impulses (N s) and forces (N); chatter, flipped normals \
            and oscillating forces over the whole range.",
    example: "--body-a-id 3 --body-b-id 2147483650 --start-frame 1 --end-frame 50",
};

impl NamedQuestion for GetContactHistory {
    const CARD: &'static QueryCard = &CARD;
}

impl Question for GetContactHistory {
    type Answer = History;

    fn answer(&self, reading: &Reading) -> Result<History, Stop> {
        let (frames, bodies) = (Frames::read(reading)?, Bodies::read(reading)?);
        let range = frames.resolve_range(self.start_frame, self.end_frame)?;
        let (start, size) = (start_of(self.cursor.as_deref())?, size_of(self.limit)?);
        let course = reading.remember("course", || self.read_course(reading, range))?;
        let (touching, mut missing) = (&course.touching, course.missing.clone());
        // A pair that never touches may be a mistyped one.
        if touching.is_empty() {
            let touched = bodies::read_contact_bodies(reading)?;
            bodies.require_any(self.body_a_id, &touched)?;
            bodies.require_any(self.body_b_id, &touched)?;
        }
        // Without any table that could hold a contact, an empty history would claim that they never touch.
        let is_judged = course.recorded || !touching.is_empty() || !missing.has_table(&super::super::schema::COLLISION);
        let analysis = touches::analyse(touching);
        let page = page_of(touching, start, size);
        let history = self.build_history(reading, &frames, touching, &page, range.0, &mut missing)?;
        let summary =
            if is_judged { self.render_summary(&analysis, range, &missing) } else { missing.render_verdict("Contact") };
        let end = start + page.len();
        Ok(History {
            body_a_id: self.body_a_id,
            body_b_id: self.body_b_id,
            start_frame: range.0,
            end_frame: range.1,
            total: touching.len() as u64,
            total_contacts: course.points,
            next_cursor: (end < touching.len() && !page.is_empty()).then(|| end.to_string()),
            contact_history: is_judged.then_some(history),
            analysis: is_judged.then_some(analysis),
            not_recorded: missing.to_list(),
            summary,
        })
    }
}

/// How a pair touches over a range of frames.
struct PairCourse {
    touching: BTreeMap<i64, PairTouch>,
    /// The number of contact points.
    points: u64,
    /// Whether the recording has any table of contact constraints.
    recorded: bool,
    missing: Missing,
}

impl GetContactHistory {
    /// Reads how the pair touches. Ten thousand frames are judged by five columns; all of them are read for the page
    /// alone.
    fn read_course(&self, reading: &Reading, range: (i64, i64)) -> Result<PairCourse, Stop> {
        let judged = reading
            .remember("points", || contacts::read_judged_points(reading, range, self.body_a_id, self.body_b_id))?;
        let ConstraintPoints { points, recorded, missing, .. } = judged.as_ref();
        let mut missing = missing.clone();
        let touching = if *recorded {
            let normals = read_directions(reading, first_normal_ids(points), &mut missing)?;
            touches::touches_by_frame(points, |point| normals.get(point.directions[0])?.numbers())
        } else {
            self.read_pair_touches(reading, range, &mut missing)?
        };
        Ok(PairCourse { touching, points: points.len() as u64, recorded: *recorded, missing })
    }

    /// Reads the frames in which the pair touches, for a recording with pairs and without constraints.
    fn read_pair_touches(
        &self,
        reading: &Reading,
        range: (i64, i64),
        missing: &mut Missing,
    ) -> Result<BTreeMap<i64, PairTouch>, Stop> {
        let (a, b) = (self.body_a_id, self.body_b_id);
        let mut pairs = contacts::read_pairs(reading, range, missing)?.unwrap_or_default();
        pairs.retain(|pair| (pair.a == a && pair.b == b) || (pair.a == b && pair.b == a));
        let normals = read_directions(reading, pairs.iter().map(|pair| pair.normal), missing)?;
        let mut touches = BTreeMap::new();
        for pair in &pairs {
            let direction = normals.get(pair.normal).and_then(|normal| normal.numbers());
            touches.insert(pair.frame, PairTouch { points: 0, normal: None, direction });
        }
        Ok(touches)
    }

    /// Reads the points of a page, and returns them frame by frame.
    fn build_history(
        &self,
        reading: &Reading,
        frames: &Frames,
        touching: &BTreeMap<i64, PairTouch>,
        page: &[i64],
        first_frame: i64,
        missing: &mut Missing,
    ) -> Result<Vec<FrameContacts>, Stop> {
        // Without a page, one frame is looked at all the same: its columns say what is not recorded.
        let first = page.first().copied().unwrap_or(first_frame);
        let last = page.last().copied().unwrap_or(first);
        let constraints = contacts::read_points_between(reading, (first, last), self.body_a_id, self.body_b_id)?;
        missing.merge(&constraints.missing);
        let page_points: Vec<(ConstraintPoint, Option<f64>)> =
            constraints.points.iter().map(|point| (*point, frames.step_or_usual(point.frame))).collect();
        // Items are in the order of the points, which is that of the frames: each frame takes its own from the front.
        let mut items = contacts::describe_points(reading, &page_points, missing)?.into_iter();
        let mut history = Vec::with_capacity(page.len());
        for frame in page {
            let touch = touching.get(frame).cloned().unwrap_or_default();
            history.push(FrameContacts {
                frame_id: *frame,
                simulation_time: frames.time(*frame).into(),
                num_contacts: (touch.points > 0).then_some(touch.points as u64),
                normal_impulse: touch.normal.into(),
                normal_force_n: contacts::mean_force(touch.normal, frames.step_or_usual(*frame)),
                contacts: items.by_ref().take(touch.points).collect(),
            });
        }
        Ok(history)
    }

    fn render_summary(&self, analysis: &Analysis, range: (i64, i64), missing: &Missing) -> String {
        let (start, end) = range;
        let (a, b) = (self.body_a_id, self.body_b_id);
        let remark = missing.render_remark();
        if analysis.contact_frames == 0 {
            return format!("Bodies {a} and {b} do not touch in frames {start} to {end}.{remark}");
        }
        let mean = analysis.mean_normal_impulse.0;
        let mean = mean.map_or_else(String::new, |mean| format!(", mean normal impulse {} N s", render_number(mean)));
        format!(
            "Bodies {a} and {b} touch in {} of the frames {start} to {end}, in {} episode(s){mean}; {}.{remark}",
            analysis.contact_frames,
            analysis.episodes,
            analysis.render_remarks()
        )
    }
}

/// Returns the ids of the normals of the first point of each frame; points come in the order of their frames.
fn first_normal_ids(points: &[ConstraintPoint]) -> Vec<Option<i64>> {
    let (mut all, mut before) = (Vec::new(), None);
    for point in points {
        if before != Some(point.frame) {
            all.push(point.directions[0]);
            before = Some(point.frame);
        }
    }
    all
}

/// Returns the frames of a page: as many as have at most `size` points together, and at least one, or a frame with more
/// points than that would never be shown.
fn page_of(touching: &BTreeMap<i64, PairTouch>, start: usize, size: usize) -> Vec<i64> {
    let (mut page, mut points) = (Vec::new(), 0);
    for (frame, touch) in touching.iter().skip(start) {
        points += touch.points.max(1);
        if points > size && !page.is_empty() {
            break;
        }
        page.push(*frame);
    }
    page
}
