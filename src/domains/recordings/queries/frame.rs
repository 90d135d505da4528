//! The query for everything that is recorded of one frame.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::named::{NamedQuestion, render_count};
use super::solver::{Solver, solver_rows};
use crate::domain::query::{QueryCard, QueryError};
use crate::domains::recordings::contacts::{self, Collision, FrictionItem};
use crate::domains::recordings::energies;
use crate::domains::recordings::frames::Frames;
use crate::domains::recordings::measure::{Measure, render_number};
use crate::domains::recordings::missing::Missing;
use crate::domains::recordings::reading::{Question, Reading, Stop};
use crate::domains::recordings::states::{self, State};

/// Parameters of the query.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GetFrame {
    /// The frame; ids begin at 1.
    #[arg(long, value_name = "N")]
    pub frame_id: Option<i64>,
    /// Instead: the frame nearest to this time, s.
    #[arg(long, value_name = "SECONDS", conflicts_with = "frame_id")]
    pub time: Option<f64>,
}

/// All data of one frame: states and energy after its step; collisions, constraints and solver before it.
#[derive(Serialize, JsonSchema)]
pub struct FrameAnswer {
    /// The frame.
    frame_id: i64,
    /// Its time, s.
    simulation_time: Measure,
    /// The length of its step, s.
    time_step: Measure,
    /// The bodies after the step.
    states: Option<Vec<State>>,
    /// The touching pairs before the step.
    collisions: Option<Vec<Collision>>,
    /// The contact points and their impulses, N s.
    friction_constraints: Option<Vec<FrictionItem>>,
    /// Result of the solver.
    solver: Option<Solver>,
    /// The energy of all bodies after the step, J.
    energy: Option<Energy>,
    /// Tables and columns that are not recorded.
    not_recorded: Option<Vec<String>>,
    /// Summary in one sentence.
    summary: String,
}

/// The energy of all bodies, J.
#[derive(Serialize, JsonSchema)]
pub struct Energy {
    /// Linear kinetic energy.
    total_linear_ke: Measure,
    /// Rotational kinetic energy.
    total_rotational_ke: Measure,
    /// Potential energy.
    total_potential_e: Measure,
    /// Total.
    total_system_e: Measure,
    /// Gain since the previous frame.
    delta_e: Measure,
    /// Whether the recorder flagged an energy injection.
    energy_injection: Option<bool>,
    /// Whether any pair touched.
    collision_active: Option<bool>,
}

static CARD: QueryCard = QueryCard {
    name: "get_frame",
    group: "specification",
    title: "all data of one frame",
    about: "States (m, m/s, rad/s) after the frame's step; collisions, contact points with impulses (N s) and forces \
            (N), and solver before it.",
    example: "--frame-id 45",
};

impl NamedQuestion for GetFrame {
    const CARD: &'static QueryCard = &CARD;

    fn check_params(&self) -> Result<(), QueryError> {
        match (self.frame_id, self.time) {
            (None, None) => Err(QueryError::Params("frame_id is missing: which frame".to_owned())),
            (Some(_), Some(_)) => Err(QueryError::Params("give frame_id or time, not both".to_owned())),
            _ => Ok(()),
        }
    }
}

impl Question for GetFrame {
    type Answer = FrameAnswer;

    fn answer(&self, reading: &Reading) -> Result<FrameAnswer, Stop> {
        let frames = Frames::read(reading)?;
        frames.refuse_none()?;
        // Frame 0 does not exist: where no frame has a time, the next line refuses it by name.
        let frame = self.frame_id.or_else(|| frames.at_time(self.time?)).unwrap_or(0);
        frames.require(frame)?;
        let (range, step) = ((frame, frame), frames.step_or_usual(frame));
        let mut missing = Missing::default();
        let state_refs = states::read_state_refs(reading, range, &mut missing)?;
        // Before other tables are noted: no states with nothing missing means that no body has one.
        let has_state_table = missing == Missing::default();
        let states = states::read_states(reading, &state_refs, &mut missing)?;
        let pairs = contacts::read_pairs(reading, range, &mut missing)?;
        let collisions = match &pairs {
            Some(pairs) => Some(contacts::read_collisions(reading, pairs, &mut missing)?),
            None => None,
        };
        let points = contacts::read_points(reading, range)?;
        missing.merge(&points.missing);
        let points_with_step: Vec<_> = points.points.iter().map(|point| (*point, step)).collect();
        let items = contacts::describe_points(reading, &points_with_step, &mut missing)?;
        let solver = solver_rows(reading, range, &mut missing)?;
        let energy = energies::read_system_energies(reading, range, &mut missing)?;
        let solver = solver.and_then(|rows| rows.into_iter().next()).map(|(_, solver)| solver);
        let energy = energy.and_then(|rows| rows.into_iter().next());
        let summary = format!(
            "Frame {frame} at {} s: {}, {}, {}.{}",
            render_number(frames.time(frame).unwrap_or(f64::NAN)),
            render_count(states.len(), "moving body"),
            render_count(pairs.as_ref().map_or(0, Vec::len), "touching pair"),
            render_count(items.len(), "contact point"),
            missing.render_remark()
        );
        Ok(FrameAnswer {
            frame_id: frame,
            simulation_time: frames.time(frame).into(),
            time_step: frames.step(frame).into(),
            states: has_state_table.then_some(states),
            collisions,
            friction_constraints: points.recorded.then_some(items),
            solver,
            energy: energy.map(|energy| Energy::from_row(&energy)),
            not_recorded: missing.to_list(),
            summary,
        })
    }
}

impl Energy {
    fn from_row(energy: &energies::SystemEnergy) -> Self {
        Self {
            total_linear_ke: energy.linear.into(),
            total_rotational_ke: energy.rotational.into(),
            total_potential_e: energy.potential.into(),
            total_system_e: energy.total.into(),
            delta_e: energy.delta.into(),
            energy_injection: energy.injection,
            collision_active: energy.collision,
        }
    }
}
