//! The query whether the impulses at a body's contacts explain the changes of its velocity.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::named::{NamedQuestion, render_count, take_page};
use crate::domain::query::{QueryCard, QueryError};
use crate::domains::recordings::bodies::Bodies;
use crate::domains::recordings::constants::GRAVITY;
use crate::domains::recordings::contacts::{self, ConstraintPoint};
use crate::domains::recordings::frames::{Frames, by_frame};
use crate::domains::recordings::measure::{Measure, Vector, length, render_number};
use crate::domains::recordings::missing::Missing;
use crate::domains::recordings::motion;
use crate::domains::recordings::reading::{Question, Reading, Stop};
use crate::domains::recordings::vectors::{Vectors, read_directions};

/// The residual, N s, up to which a frame is balanced, by the mass of the body, kg.
const LEAST: f64 = 1e-6;

/// Parameters of the query.
#[derive(Args, Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImpulseBalance {
    /// The body.
    #[arg(long, value_name = "N")]
    pub body_id: i64,
    /// The first frame.
    #[arg(long, value_name = "N")]
    pub start_frame: Option<i64>,
    /// The last frame, inclusive.
    #[arg(long, value_name = "N")]
    pub end_frame: Option<i64>,
    /// Gravity along -z, m/s2. Default: 9.81.
    #[arg(long, value_name = "M_S2")]
    pub gravity: Option<f64>,
    /// Maximum number of items on a page.
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// The next_cursor of the previous page.
    #[arg(long, value_name = "CURSOR")]
    pub cursor: Option<String>,
}

/// Frames in which the impulses do not explain a body's velocity change.
#[derive(Serialize, JsonSchema)]
pub struct Balance {
    /// The body.
    body_id: i64,
    /// Those frames, largest residual first; null if this cannot be judged.
    unbalanced: Option<Vec<Unbalanced>>,
    /// Total number of such frames.
    total: u64,
    /// Cursor of the next page.
    next_cursor: Option<String>,
    /// How many frames were judged.
    checked: u64,
    /// Tables and columns that are not recorded.
    not_recorded: Option<Vec<String>>,
    /// Summary in one sentence.
    summary: String,
}

/// A frame in which the impulses do not explain a body's velocity change.
#[derive(Clone, Serialize, JsonSchema)]
pub struct Unbalanced {
    /// The frame.
    frame_id: i64,
    /// Mass times the change of velocity, minus that of gravity, N s.
    momentum_change: Vector,
    /// Impulse of the contacts, N s.
    contact_impulse: Vector,
    /// The difference, N s.
    residual: Measure,
}

static CARD: QueryCard = QueryCard {
    name: "impulse_balance",
    group: "analysis",
    title: "whether impulses explain a body's motion",
    about: "Frames in which a body's change of momentum, minus gravity, differs from its contact impulses (N s).",
    example: "--body-id 3",
};

impl NamedQuestion for ImpulseBalance {
    const CARD: &'static QueryCard = &CARD;
}

impl Question for ImpulseBalance {
    type Answer = Balance;

    fn answer(&self, reading: &Reading) -> Result<Balance, Stop> {
        let (frames, bodies) = (Frames::read(reading)?, Bodies::read(reading)?);
        let range = frames.resolve_range(self.start_frame, self.end_frame)?;
        bodies.require(self.body_id)?;
        let Some(mass) = bodies.mass(self.body_id) else {
            return Err(QueryError::NotRecorded(format!("the mass of body {} is not recorded", self.body_id)).into());
        };
        let mut missing = Missing::default();
        // The first frame of the range needs the velocity of the frame before.
        let velocity_range = (range.0.saturating_sub(1), range.1);
        let moving = motion::read_velocities(reading, velocity_range, Some(self.body_id), &mut missing)?;
        let constraints = contacts::read_points(reading, range)?;
        missing.merge(&constraints.missing);
        let points = constraints.points.into_iter().filter(|point| point.has_body(self.body_id));
        let points = by_frame(points.map(|point| (point.frame, point)));
        let normals =
            read_directions(reading, points.values().flatten().flat_map(|point| point.directions), &mut missing)?;
        let velocities = moving.get(&self.body_id).cloned().unwrap_or_default();
        let (mut unbalanced, mut checked) = (Vec::new(), 0_usize);
        for (frame, now) in &velocities {
            let (Some(then), Some(step)) = (velocities.get(&(frame - 1)), frames.step(*frame)) else { continue };
            let of_frame = points.get(frame).map_or(&[] as &[ConstraintPoint], Vec::as_slice);
            // A frame with an unrecorded impulse cannot be judged.
            let Some(impulse) = self.contact_impulse(of_frame, &normals) else { continue };
            checked += 1;
            let fall = self.gravity.unwrap_or(GRAVITY) * step;
            let change = [mass * (now[0] - then[0]), mass * (now[1] - then[1]), mass * (now[2] - then[2] + fall)];
            let residual = length([change[0] - impulse[0], change[1] - impulse[1], change[2] - impulse[2]]);
            if residual.is_nan() || residual > LEAST * mass {
                let (momentum_change, contact_impulse) = (Vector::from_numbers(change), Vector::from_numbers(impulse));
                unbalanced.push(Unbalanced {
                    frame_id: *frame,
                    momentum_change,
                    contact_impulse,
                    residual: residual.into(),
                });
            }
        }
        unbalanced.sort_by(|one, other| other.residual.0.unwrap_or(0.0).total_cmp(&one.residual.0.unwrap_or(0.0)));
        let worst = unbalanced
            .first()
            .and_then(|worst| worst.residual.0)
            .map_or_else(String::new, |worst| format!(", by up to {} N s", render_number(worst)));
        let summary = format!(
            "Body {}: {} judged, {} unbalanced{worst}.{}",
            self.body_id,
            render_count(checked, "frame"),
            unbalanced.len(),
            missing.render_remark()
        );
        let page = take_page(unbalanced, self.limit, self.cursor.as_deref())?;
        Ok(Balance {
            body_id: self.body_id,
            unbalanced: (checked > 0).then_some(page.items),
            total: page.total,
            next_cursor: page.next_cursor,
            checked: checked as u64,
            not_recorded: missing.to_list(),
            summary,
        })
    }
}

impl ImpulseBalance {
    /// Returns the impulse of contact points on the body, N s; `None` where a part of one is not recorded. The normal
    /// points from A to B, so that pressing pushes A against it and B along it; friction has the opposite signs.
    fn contact_impulse(&self, points: &[ConstraintPoint], normals: &Vectors) -> Option<[f64; 3]> {
        let mut sum = [0.0; 3];
        for point in points {
            let sign = if point.a == self.body_id { 1.0 } else { -1.0 };
            let parts = [(0, -point.normal?), (1, point.tangents[0]?), (2, point.tangents[1]?)];
            for (at, impulse) in parts {
                let direction = normals.get(*point.directions.get(at)?)?.numbers()?;
                for (sum, part) in sum.iter_mut().zip(direction) {
                    *sum += sign * impulse * part;
                }
            }
        }
        Some(sum)
    }
}
