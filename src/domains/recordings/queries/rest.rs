//! The queries whether bodies of a frame overlap too deeply, and whether those in contact are at rest.

use std::collections::BTreeSet;

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::named::{NamedQuestion, is_size, render_count};
use crate::domain::query::{QueryCard, QueryError};
use crate::domains::recordings::bodies::{Bodies, is_environment};
use crate::domains::recordings::constants::Gravity;
use crate::domains::recordings::contacts;
use crate::domains::recordings::energies;
use crate::domains::recordings::frames::Frames;
use crate::domains::recordings::measure::{Measure, Vector, length, render_number};
use crate::domains::recordings::missing::Missing;
use crate::domains::recordings::reading::{Question, Reading, Stop};
use crate::domains::recordings::states::{self, State};
use crate::domains::recordings::vectors::read_directions;

/// The default limit of a penetration, as a multiple of that of a body at rest.
const DEPTH_FACTOR: f64 = 1.25;
/// The default speed above which a body moves, m/s, besides the step of gravity that rest is recorded with.
const SPEED: f64 = 0.01;
/// The default angular speed above which a body turns, rad/s.
const TURNING: f64 = 0.05;

/// Parameters of the query.
#[derive(Args, Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckPenetration {
    /// The frame; ids begin at 1.
    #[arg(long, value_name = "N")]
    pub frame_id: i64,
    /// Maximum overlap, m. Default: 1.25 times what is explained at rest.
    #[arg(long, value_name = "M")]
    pub threshold: Option<f64>,
}

/// Pairs that overlap too deeply before the step of a frame.
#[derive(Serialize, JsonSchema)]
pub struct Penetration {
    /// The frame.
    frame_id: i64,
    /// The threshold, m.
    threshold: f64,
    /// Whether it was given, or follows from the time step and gravity.
    threshold_given: bool,
    /// Overlap of a body at rest, m.
    resting_depth: f64,
    /// The pairs above the threshold; null if this cannot be judged.
    excessive_penetrations: Option<Vec<Deep>>,
    /// Number of pairs judged.
    checked: u64,
    /// Largest overlap, m.
    max_penetration_depth: Measure,
    /// Tables and columns that are not recorded.
    not_recorded: Option<Vec<String>>,
    /// Summary in one sentence.
    summary: String,
}

/// A pair that overlaps too deeply.
#[derive(Serialize, JsonSchema)]
pub struct Deep {
    /// First body.
    body_a_id: i64,
    /// Second body; bit 31 marks the environment.
    body_b_id: i64,
    /// Overlap, m.
    penetration_depth: Measure,
    /// The normal, from A to B.
    normal: Option<Vector>,
}

static DEPTH_CARD: QueryCard = QueryCard {
    name: "check_penetration",
    group: "specification",
    title: "whether bodies overlap too deeply",
    about: "Pairs of a frame that overlap more than a threshold (m); by default 1.25 times the overlap that gravity \
            and the time step explain at rest.",
    example: "--frame-id 108",
};

impl NamedQuestion for CheckPenetration {
    const CARD: &'static QueryCard = &DEPTH_CARD;

    fn check_params(&self) -> Result<(), QueryError> {
        check_threshold("threshold", self.threshold, "m")
    }
}

fn check_threshold(name: &str, threshold: Option<f64>, unit: &str) -> Result<(), QueryError> {
    match threshold {
        Some(number) if !is_size(number) => {
            Err(QueryError::Params(format!("{name}: {number} {unit} is not valid; give 0 or more")))
        }
        _ => Ok(()),
    }
}

/// What rest looks like in a frame.
struct RestConditions {
    gravity: Gravity,
    /// The length of the step, s; 0 where it is unknown.
    step: f64,
    states: Vec<State>,
    missing: Missing,
}

fn read_rest_conditions(reading: &Reading, frames: &Frames, frame: i64) -> Result<RestConditions, Stop> {
    let bodies = Bodies::read(reading)?;
    let mut missing = Missing::default();
    let state_refs = states::read_state_refs(reading, (frame, frame), &mut missing)?;
    let states = states::read_states(reading, &state_refs, &mut missing)?;
    // Energies only serve to infer gravity: without them the default is assumed, and nothing is missing.
    let energies = energies::read_body_energies(reading, (frame, frame), &mut Missing::default())?;
    let gravity = Gravity::infer(&states, &energies.unwrap_or_default(), |body| bodies.mass(body));
    Ok(RestConditions { gravity, step: frames.step_or_usual(frame).unwrap_or(0.0), states, missing })
}

impl Question for CheckPenetration {
    type Answer = Penetration;

    fn answer(&self, reading: &Reading) -> Result<Penetration, Stop> {
        let frames = Frames::read(reading)?;
        frames.require(self.frame_id)?;
        let mut missing = Missing::default();
        let pairs = contacts::read_pairs(reading, (self.frame_id, self.frame_id), &mut missing)?;
        let RestConditions { gravity, step, .. } = read_rest_conditions(reading, &frames, self.frame_id)?;
        let resting = gravity.resting_depth(step);
        let threshold = self.threshold.unwrap_or(DEPTH_FACTOR * resting);
        let all = pairs.as_deref().unwrap_or_default();
        let deep: Vec<_> = all.iter().filter(|pair| pair.depth.is_some_and(|depth| depth > threshold)).collect();
        let normals = read_directions(reading, deep.iter().map(|pair| pair.normal), &mut missing)?;
        let deepest = all.iter().filter_map(|pair| pair.depth).max_by(f64::total_cmp);
        let summary = match (&pairs, deepest) {
            (None, _) => missing.render_verdict("Penetration"),
            (_, None) => format!("Frame {}: nothing touches.", self.frame_id),
            (_, Some(deepest)) => format!(
                "Frame {}: {} checked, {} deeper than {} m ({}); the deepest {} m.",
                self.frame_id,
                render_count(all.len(), "touching pair"),
                deep.len(),
                render_number(threshold),
                if self.threshold.is_some() { "as given" } else { "1.25 times that at rest" },
                render_number(deepest)
            ),
        };
        let mut excessive = Vec::with_capacity(deep.len());
        for pair in deep {
            excessive.push(Deep {
                body_a_id: pair.a,
                body_b_id: pair.b,
                penetration_depth: pair.depth.into(),
                normal: normals.get(pair.normal),
            });
        }
        Ok(Penetration {
            frame_id: self.frame_id,
            threshold,
            threshold_given: self.threshold.is_some(),
            resting_depth: resting,
            checked: all.len() as u64,
            max_penetration_depth: deepest.into(),
            excessive_penetrations: pairs.is_some().then_some(excessive),
            not_recorded: missing.to_list(),
            summary,
        })
    }
}

/// Parameters of the query.
#[derive(Args, Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckRestingContact {
    /// The frame; ids begin at 1.
    #[arg(long, value_name = "N")]
    pub frame_id: i64,
    /// Minimum recorded speed of a moving body, m/s or rad/s. Default: 0.01 m/s above one step of gravity, or
    /// 0.05 rad/s.
    #[arg(long, value_name = "M_S")]
    pub velocity_threshold: Option<f64>,
}

/// Whether bodies in contact are at rest after the step of a frame.
#[derive(Serialize, JsonSchema)]
pub struct Resting {
    /// The frame.
    frame_id: i64,
    /// The threshold, m/s.
    velocity_threshold: f64,
    /// Whether it was given, or applies to the speed above one step of gravity.
    threshold_given: bool,
    /// The speed that a body at rest is recorded with, m/s.
    resting_speed: f64,
    /// Number of moving bodies that touch something.
    bodies_in_contact: Option<u64>,
    /// Those that are not at rest.
    moving_bodies: Option<Vec<MovingBody>>,
    /// Tables and columns that are not recorded.
    not_recorded: Option<Vec<String>>,
    /// Summary in one sentence.
    summary: String,
}

/// A body in contact that is not at rest.
#[derive(Serialize, JsonSchema)]
pub struct MovingBody {
    /// The body.
    body_id: i64,
    /// Its speed as recorded, m/s.
    velocity_magnitude: Measure,
    /// Its angular speed, rad/s.
    angular_velocity_magnitude: Measure,
    /// Its speed without the step of gravity, m/s.
    residual_speed: Measure,
}

static REST_CARD: QueryCard = QueryCard {
    name: "check_resting_contact",
    group: "specification",
    title: "whether bodies in contact are at rest",
    about: "Bodies in contact that move after a frame's step (m/s, rad/s); a body at rest is recorded with the speed \
            of one step of gravity.",
    example: "--frame-id 200",
};

impl NamedQuestion for CheckRestingContact {
    const CARD: &'static QueryCard = &REST_CARD;

    fn check_params(&self) -> Result<(), QueryError> {
        check_threshold("velocity_threshold", self.velocity_threshold, "m/s")
    }
}

impl Question for CheckRestingContact {
    type Answer = Resting;

    fn answer(&self, reading: &Reading) -> Result<Resting, Stop> {
        let frames = Frames::read(reading)?;
        frames.require(self.frame_id)?;
        let mut missing = Missing::default();
        let pairs = contacts::read_pairs(reading, (self.frame_id, self.frame_id), &mut missing)?;
        let rest = read_rest_conditions(reading, &frames, self.frame_id)?;
        missing.merge(&rest.missing);
        let mut touching: BTreeSet<i64> = pairs.iter().flatten().flat_map(|pair| [pair.a, pair.b]).collect();
        touching.retain(|body| !is_environment(*body));
        let fall = rest.gravity.resting_speed(rest.step);
        let moving: Vec<MovingBody> = rest
            .states
            .iter()
            .filter(|state| touching.contains(&state.body_id))
            .map(|state| MovingBody::from_state(state, fall))
            .filter(|body| body.is_moving(self.velocity_threshold))
            .collect();
        let is_judged = pairs.is_some() && rest.missing.to_list().is_none();
        let threshold = self.velocity_threshold.unwrap_or(SPEED);
        let summary = match (is_judged, touching.len()) {
            (false, _) => missing.render_verdict("Rest"),
            (true, 0) => format!("Frame {}: no moving body touches anything.", self.frame_id),
            (true, all) => format!(
                "Frame {}: {} of {} in contact not at rest (threshold {} m/s, {}).",
                self.frame_id,
                moving.len(),
                render_count(all, "body"),
                render_number(threshold),
                if self.velocity_threshold.is_some() { "as given" } else { "above one step of gravity" }
            ),
        };
        Ok(Resting {
            frame_id: self.frame_id,
            velocity_threshold: threshold,
            threshold_given: self.velocity_threshold.is_some(),
            resting_speed: fall,
            bodies_in_contact: pairs.is_some().then_some(touching.len() as u64),
            moving_bodies: is_judged.then_some(moving),
            not_recorded: missing.to_list(),
            summary,
        })
    }
}

impl MovingBody {
    fn from_state(state: &State, fall: f64) -> Self {
        // A body at rest is recorded with no velocity, or with that of one step of gravity, which the solver takes away
        // at the beginning of the next step.
        let residual = state.velocity.numbers().map(|[x, y, z]| length([x, y, z]).min(length([x, y, z + fall])));
        Self {
            body_id: state.body_id,
            velocity_magnitude: state.velocity.length().into(),
            angular_velocity_magnitude: state.angular_velocity.length().into(),
            residual_speed: residual.into(),
        }
    }

    /// Returns whether the body moves. A threshold of the user applies to the numbers as recorded.
    fn is_moving(&self, threshold: Option<f64>) -> bool {
        let (speed, turning) = match threshold {
            Some(threshold) => (self.velocity_magnitude.0.map(|it| it > threshold), threshold),
            None => (self.residual_speed.0.map(|it| it > SPEED), TURNING),
        };
        // A NULL velocity stands for NaN: such a body is not at rest.
        speed.unwrap_or(true) || self.angular_velocity_magnitude.0.is_none_or(|it| it > turning)
    }
}
