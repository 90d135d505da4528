//! The queries about one body: its state in a frame, and its motion between two frames.

use std::collections::BTreeSet;

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::named::NamedQuestion;
use crate::domain::query::{QueryCard, QueryError};
use crate::domains::recordings::bodies::Bodies;
use crate::domains::recordings::frames::Frames;
use crate::domains::recordings::measure::{Measure, Orientation, Vector, render_number};
use crate::domains::recordings::missing::Missing;
use crate::domains::recordings::reading::{Question, Reading, ScanSheet, Stop};
use crate::domains::recordings::schema;
use crate::domains::recordings::states::{self, State};

/// Parameters of the query.
#[derive(Args, Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetBodyState {
    /// The body.
    #[arg(long, value_name = "N")]
    pub body_id: i64,
    /// The frame; ids begin at 1.
    #[arg(long, value_name = "N")]
    pub frame_id: i64,
}

/// A body after the step of a frame.
#[derive(Serialize, JsonSchema)]
pub struct BodyState {
    /// The frame.
    frame_id: i64,
    /// The state.
    #[serde(flatten)]
    state: State,
    /// Speed, m/s.
    speed: Measure,
    /// Angular speed, rad/s.
    angular_speed: Measure,
    /// Tables and columns that are not recorded.
    not_recorded: Option<Vec<String>>,
    /// Summary in one sentence.
    summary: String,
}

static STATE_CARD: QueryCard = QueryCard {
    name: "get_body_state",
    group: "specification",
    title: "position and motion of a body",
    about: "Position (m), velocity (m/s), orientation and angular velocity (rad/s) of a body after a frame's step.",
    example: "--body-id 3 --frame-id 45",
};

impl NamedQuestion for GetBodyState {
    const CARD: &'static QueryCard = &STATE_CARD;
}

impl Question for GetBodyState {
    type Answer = BodyState;

    fn answer(&self, reading: &Reading) -> Result<BodyState, Stop> {
        let frames = Frames::read(reading)?;
        frames.require(self.frame_id)?;
        let mut missing = Missing::default();
        let state = state_in(reading, self.body_id, self.frame_id, &mut missing)?;
        let (speed, turning) = (state.velocity.length(), state.angular_velocity.length());
        let summary = format!(
            "Body {} after frame {}: speed {} m/s, turning at {} rad/s.{}",
            self.body_id,
            self.frame_id,
            render_number(speed.unwrap_or(f64::NAN)),
            render_number(turning.unwrap_or(f64::NAN)),
            missing.render_remark()
        );
        Ok(BodyState {
            frame_id: self.frame_id,
            state,
            speed: speed.into(),
            angular_speed: turning.into(),
            not_recorded: missing.to_list(),
            summary,
        })
    }
}

/// Reads a body's state in a frame.
fn state_in(reading: &Reading, body: i64, frame: i64, missing: &mut Missing) -> Result<State, Stop> {
    Bodies::read(reading)?.require(body)?;
    let mut state_refs = states::read_state_refs(reading, (frame, frame), missing)?;
    if missing.to_list().is_some() {
        return Err(QueryError::NotRecorded(missing.render_verdict("The state of a body")).into());
    }
    state_refs.retain(|state_ref| state_ref.body == body);
    // A faulty recording may have a second state of the body in the frame: the first one is the answer.
    state_refs.truncate(1);
    let states = states::read_states(reading, &state_refs, missing)?;
    let Some(state) = states.into_iter().next() else { return Err(no_state_error(reading, body, frame)?) };
    Ok(state)
}

/// Builds the error for a body without a state in a frame; it names the frames in which the body has states.
fn no_state_error(reading: &Reading, body: i64, frame: i64) -> Result<Stop, Stop> {
    let sheet = reading.scan_among(&schema::BODY_STATE, &["body_id", "frame_id"], "body_id", [body])?;
    let rows = sheet.into_iter().flat_map(ScanSheet::rows);
    let frames: BTreeSet<i64> = rows.filter_map(|row| row.integer("frame_id")).collect();
    let known = match (frames.first(), frames.last()) {
        (Some(first), Some(last)) => format!("it has states from frame {first} to frame {last}"),
        _ => "it has none in any frame".to_owned(),
    };
    Ok(QueryError::NotRecorded(format!("body {body} has no state in frame {frame}: {known}")).into())
}

/// Parameters of the query.
#[derive(Args, Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompareBodyAcrossFrames {
    /// The body.
    #[arg(long, value_name = "N")]
    pub body_id: i64,
    /// Frame A.
    #[arg(long, value_name = "N")]
    pub frame_a: i64,
    /// Frame B.
    #[arg(long, value_name = "N")]
    pub frame_b: i64,
}

/// How a body moved: frame B minus frame A.
#[derive(Serialize, JsonSchema)]
pub struct Comparison {
    /// The body.
    body_id: i64,
    /// Frame A.
    frame_a: i64,
    /// Frame B.
    frame_b: i64,
    /// The time between them, s.
    elapsed: Measure,
    /// Change of position, m.
    position_delta: Vector,
    /// Change of velocity, m/s.
    velocity_delta: Vector,
    /// Change of angular velocity, rad/s.
    angular_velocity_delta: Vector,
    /// Change of position, m.
    distance: Measure,
    /// Rotation angle, rad.
    turned: Measure,
    /// Tables and columns that are not recorded.
    not_recorded: Option<Vec<String>>,
    /// Summary in one sentence.
    summary: String,
}

static COMPARE_CARD: QueryCard = QueryCard {
    name: "compare_body_across_frames",
    group: "specification",
    title: "motion of a body between two frames",
    about: "Change of position (m), velocity (m/s), angular velocity (rad/s) and orientation (rad) of a body, frame B \
            minus frame A.",
    example: "--body-id 3 --frame-a 10 --frame-b 20",
};

impl NamedQuestion for CompareBodyAcrossFrames {
    const CARD: &'static QueryCard = &COMPARE_CARD;
}

impl Question for CompareBodyAcrossFrames {
    type Answer = Comparison;

    fn answer(&self, reading: &Reading) -> Result<Comparison, Stop> {
        let frames = Frames::read(reading)?;
        frames.require(self.frame_a)?;
        frames.require(self.frame_b)?;
        let mut missing = Missing::default();
        let one = state_in(reading, self.body_id, self.frame_a, &mut missing)?;
        let other = state_in(reading, self.body_id, self.frame_b, &mut missing)?;
        let (position_change, velocity_change) =
            (other.position.minus(&one.position), other.velocity.minus(&one.velocity));
        let elapsed = frames.time(self.frame_b).zip(frames.time(self.frame_a)).map(|(b, a)| b - a);
        let summary = format!(
            "Body {} moved {} m ({}) and its velocity changed by {} m/s ({}) between frames {} and {}.{}",
            self.body_id,
            render_number(position_change.length().unwrap_or(f64::NAN)),
            render_largest_part(&position_change),
            render_number(velocity_change.length().unwrap_or(f64::NAN)),
            render_largest_part(&velocity_change),
            self.frame_a,
            self.frame_b,
            missing.render_remark()
        );
        Ok(Comparison {
            body_id: self.body_id,
            frame_a: self.frame_a,
            frame_b: self.frame_b,
            elapsed: elapsed.into(),
            position_delta: position_change,
            velocity_delta: velocity_change,
            angular_velocity_delta: other.angular_velocity.minus(&one.angular_velocity),
            distance: position_change.length().into(),
            turned: angle_between(&one.orientation, &other.orientation).into(),
            not_recorded: missing.to_list(),
            summary,
        })
    }
}

/// Renders the largest component of a vector, with its axis and sign.
fn render_largest_part(vector: &Vector) -> String {
    let Some(numbers) = vector.numbers() else { return "unknown".to_owned() };
    let parts = numbers.into_iter().zip(["x", "y", "z"]);
    let largest = parts.max_by(|one, two| one.0.abs().total_cmp(&two.0.abs()));
    largest.map_or_else(String::new, |(number, axis)| format!("{axis} {}", render_number(number)))
}

/// Returns the angle between two orientations, rad.
fn angle_between(one: &Orientation, other: &Orientation) -> Option<f64> {
    let [w, x, y, z] = one.numbers()?;
    let [ow, ox, oy, oz] = other.numbers()?;
    // The conjugate of one times the other is the rotation between them. Its vector part is precise for small angles,
    // its real part for large ones: atan2 uses both. `abs`, as a quaternion and its negative are the same orientation.
    let real = w * ow + x * ox + y * oy + z * oz;
    let part =
        [w * ox - x * ow + z * oy - y * oz, w * oy - y * ow + x * oz - z * ox, w * oz - z * ow + y * ox - x * oy];
    Some(2.0 * crate::domains::recordings::measure::length(part).atan2(real.abs()))
}
