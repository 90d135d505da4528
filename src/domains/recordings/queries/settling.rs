//! The query for when bodies come to rest, and how often they reverse while they touch something.

use std::collections::BTreeSet;

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::named::{NamedQuestion, render_count};
use crate::domain::query::QueryCard;
use crate::domains::recordings::bodies::Bodies;
use crate::domains::recordings::constants::GRAVITY;
use crate::domains::recordings::frames::Frames;
use crate::domains::recordings::measure::{Measure, length};
use crate::domains::recordings::missing::Missing;
use crate::domains::recordings::motion::{self, Velocities};
use crate::domains::recordings::reading::{Question, Reading, Stop};

/// The default speed below which a body is at rest, m/s, besides the step of gravity that rest is recorded with.
const SPEED: f64 = 0.05;
/// The least speed before and after a reversal, m/s: slower changes of sign are jitter.
const REVERSAL_SPEED: f64 = 0.01;
/// The most frames that an answer lists.
const NAMED_MAX: usize = 20;

/// Parameters of the query.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settling {
    /// Only this body.
    #[arg(long, value_name = "N")]
    pub body_id: Option<i64>,
    /// Maximum speed at rest above one step of gravity, m/s. Default: 0.05.
    #[arg(long, value_name = "M_S")]
    pub speed: Option<f64>,
}

/// When bodies come to rest.
#[derive(Serialize, JsonSchema)]
pub struct SettlingAnswer {
    /// One entry per body.
    bodies: Option<Vec<Settled>>,
    /// Number of bodies.
    total: u64,
    /// Tables and columns that are not recorded.
    not_recorded: Option<Vec<String>>,
    /// Summary in one sentence.
    summary: String,
}

/// When a body comes to rest.
#[derive(Serialize, JsonSchema)]
pub struct Settled {
    /// The body.
    body_id: i64,
    /// The frame from which it is at rest; null if it moves at the end.
    settled_frame: Option<i64>,
    /// Its time, s.
    settled_time: Measure,
    /// Its last speed, m/s.
    final_speed: Measure,
    /// Its largest speed, m/s.
    max_speed: Measure,
    /// Number of times its velocity along x or y changes sign in contact.
    reversals: u64,
    /// The first 20 such frames.
    reversal_frames: Vec<i64>,
}

static CARD: QueryCard = QueryCard {
    name: "settling",
    group: "analysis",
    title: "when bodies come to rest",
    about: "Per body: the frame from which it is at rest, its largest and last speed (m/s), and how often its sliding \
        direction reverses in contact.",
    example: "--body-id 3",
};

impl NamedQuestion for Settling {
    const CARD: &'static QueryCard = &CARD;
}

impl Question for Settling {
    type Answer = SettlingAnswer;

    fn answer(&self, reading: &Reading) -> Result<SettlingAnswer, Stop> {
        let (frames, bodies) = (Frames::read(reading)?, Bodies::read(reading)?);
        let range = frames.resolve_range(None, None)?;
        if let Some(body) = self.body_id {
            bodies.require(body)?;
        }
        let mut missing = Missing::default();
        let moving = motion::read_velocities(reading, range, self.body_id, &mut missing)?;
        // Before contacts are read: without them bodies still settle, and only have no reversals in contact.
        let is_judged = missing.to_list().is_none();
        let touching = motion::read_touching_frames(reading, range, &mut missing)?;
        let fall = GRAVITY * frames.usual_step().unwrap_or(0.0);
        let no_frames = BTreeSet::new();
        let mut list = Vec::new();
        for (body, velocities) in &moving {
            let contact_frames = touching.get(body).unwrap_or(&no_frames);
            list.push(self.judge_body(*body, velocities, contact_frames, fall, &frames));
        }
        let rest = list.iter().filter(|body| body.settled_frame.is_some()).count();
        let reversals: u64 = list.iter().map(|body| body.reversals).sum();
        let summary = if is_judged {
            format!(
                "{rest} of {} at rest at the end; {reversals} reversals in contact.",
                render_count(list.len(), "body")
            )
        } else {
            missing.render_verdict("Motion")
        };
        Ok(SettlingAnswer {
            total: list.len() as u64,
            bodies: is_judged.then_some(list),
            not_recorded: missing.to_list(),
            summary,
        })
    }
}

impl Settling {
    fn judge_body(
        &self,
        body_id: i64,
        velocities: &Velocities,
        contact_frames: &BTreeSet<i64>,
        fall: f64,
        frames: &Frames,
    ) -> Settled {
        let least = self.speed.unwrap_or(SPEED);
        // From the end backwards: a body that rests in between and moves on has not settled.
        let mut settled_frame = None;
        for (frame, [x, y, z]) in velocities.iter().rev() {
            let speed = length([*x, *y, *z]).min(length([*x, *y, z + fall]));
            let is_resting = speed < least;
            if !is_resting {
                break;
            }
            settled_frame = Some(*frame);
        }
        let mut reversal_frames: Vec<i64> = Vec::new();
        for ((_, before), (frame, after)) in velocities.iter().zip(velocities.iter().skip(1)) {
            if contact_frames.contains(frame) && is_reversal(before, after) {
                reversal_frames.push(*frame);
            }
        }
        Settled {
            body_id,
            settled_frame,
            settled_time: settled_frame.and_then(|frame| frames.time(frame)).into(),
            final_speed: velocities.values().next_back().map(|velocity| length(*velocity)).into(),
            max_speed: velocities.values().map(|velocity| length(*velocity)).max_by(f64::total_cmp).into(),
            reversals: reversal_frames.len() as u64,
            reversal_frames: reversal_frames.into_iter().take(NAMED_MAX).collect(),
        }
    }
}

/// Returns whether the velocity along x or y changes its sign. Along z it does so in every bounce.
fn is_reversal(before: &[f64; 3], after: &[f64; 3]) -> bool {
    let axes = before.iter().zip(after).take(2);
    axes.filter(|(before, after)| before.abs().min(after.abs()) > REVERSAL_SPEED)
        .any(|(before, after)| before * after < 0.0)
}
