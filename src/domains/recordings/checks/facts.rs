//! The facts that checks judge: a few numbers for each frame, state and touching pair of a batch, and no rows.
//!
//! Frames, bodies and states are referred to by their index in the facts, as a `u32`: a batch holds many of them.

use std::collections::BTreeSet;

use super::passes::CheckScan;
use crate::model::Key;

/// The bit in a body id of a contact that marks a body of the environment.
const ENVIRONMENT: i64 = 1 << 31;
/// The index of no state.
const NONE: u32 = u32::MAX;
/// The most cells (frames times bodies) of the grid of states: 64 MB. Beyond that, states are found by binary search.
const GRID_MAX: usize = 1 << 24;

/// The facts of a batch of consecutive frames, and of the recording as a whole.
#[derive(Debug, Default)]
pub(super) struct RecordingFacts {
    /// The frames by id: the last one of the batch before, then those of this batch.
    pub(super) frames: Vec<FrameFacts>,
    /// The index of the first frame of this batch.
    pub(super) fresh: u32,
    /// The bodies: those of the table of bodies, then those that only states name.
    pub(super) bodies: Vec<MovingBodyFacts>,
    /// The states, in the order of their table.
    pub(super) states: Vec<StateFacts>,
    /// The index of the state of each frame and body; empty where that would be more than [`GRID_MAX`].
    grid: Vec<u32>,
    /// The same as a list sorted by frame and body, in place of the grid.
    by_place: Vec<((u32, u32), u32)>,
    /// The index of the state of each row of InertialStateRecord, sorted by row.
    by_inertial: Vec<(i64, u32)>,
    /// The touching pairs, in the order of their table.
    pub(super) pairs: Vec<PairFacts>,
    /// Cells without a finite number.
    pub(super) unreadable: Vec<CellFacts>,
    /// Cells that refer to a row that does not exist.
    pub(super) dangling: Vec<CellFacts>,
    /// Rows that are the second state or energy of a body in a frame.
    pub(super) doubled: Vec<CellFacts>,
    pub(super) impulses: ImpulseFacts,
    /// The number of rows read; a row that several scans read counts once.
    pub(super) rows: u64,
    /// The probed scans that yield any row in the whole recording.
    pub(super) present: BTreeSet<CheckScan>,
    /// The median step of the recording, s.
    pub(super) step: Option<f64>,
    /// The gravity along -z, m/s2: that of the rules where bodies have potential energy, 0 where bodies at a height
    /// have none, `None` where the recording shows neither.
    pub(super) gravity: Option<f64>,
}

/// A frame, with sums over its rows in other tables.
#[derive(Clone, Debug)]
pub(super) struct FrameFacts {
    pub(super) id: i64,
    pub(super) time: f64,
    pub(super) clock: f64,
    pub(super) system: Option<SystemFacts>,
    pub(super) solver: Option<SolverFacts>,
    /// The sums over the energies of its bodies, J: linear, rotational, potential.
    pub(super) sums: [f64; 3],
    pub(super) energies: u32,
    pub(super) pairs: u32,
    /// The number of contact points with impulses.
    pub(super) constraints: u32,
    /// The number of contact points in the table of contact constraints, which older recordings have.
    pub(super) points: u32,
}

/// The energies of all bodies in a frame, J.
#[derive(Clone, Copy, Debug)]
pub(super) struct SystemFacts {
    pub(super) row: i64,
    pub(super) parts: [f64; 3],
    pub(super) total: f64,
    pub(super) delta: f64,
    pub(super) injected: Option<bool>,
    pub(super) touching: Option<bool>,
}

/// The solver's diagnostics of a frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct SolverFacts {
    pub(super) row: i64,
    pub(super) iterations: i64,
    pub(super) residual: f64,
    pub(super) converged: bool,
    pub(super) constraints: i64,
    pub(super) contacts: i64,
}

/// A body that moves.
#[derive(Clone, Debug)]
pub(super) struct MovingBodyFacts {
    /// Its instance id, which contacts and states refer to.
    pub(super) id: i64,
    /// Its mass, kg; NaN where no row of the table of bodies declares it.
    pub(super) mass: f64,
    pub(super) declared: bool,
    /// The first frame with a state of it: the frame of its spawn.
    pub(super) first: Option<i64>,
}

/// A body in a frame, at the end of the step.
#[derive(Clone, Debug)]
pub(super) struct StateFacts {
    /// The key of its row in AssetDynamicStateRecord.
    pub(super) row: i64,
    /// The key of its row in InertialStateRecord.
    pub(super) inertial: i64,
    pub(super) frame: u32,
    pub(super) body: u32,
    pub(super) position: Option<[f64; 3]>,
    pub(super) velocity: Option<[f64; 3]>,
    /// The length of its quaternion; 1 for a valid orientation.
    pub(super) norm: Option<f64>,
    /// Its angular speed, rad/s.
    pub(super) spin: f64,
    /// The sum of the impulses of its contacts, N s.
    pub(super) impulse: [f64; 3],
    /// The sum of the sizes of these impulses, N s.
    pub(super) pressed: f64,
    /// The number of touching pairs that it is part of.
    pub(super) touches: u32,
    /// The sum of the depths of these, m.
    pub(super) depth: f64,
    pub(super) energy: Option<EnergyFacts>,
}

/// The energies of a body in a frame, J.
#[derive(Clone, Copy, Debug)]
pub(super) struct EnergyFacts {
    pub(super) row: i64,
    /// Linear, rotational, potential.
    pub(super) parts: [f64; 3],
    pub(super) total: f64,
}

/// Two touching bodies at the beginning of a step.
#[derive(Clone, Copy, Debug)]
pub(super) struct PairFacts {
    pub(super) row: i64,
    pub(super) frame: u32,
    pub(super) bodies: [i64; 2],
    pub(super) depth: f64,
}

/// A faulty cell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct CellFacts {
    pub(super) table: &'static str,
    pub(super) row: i64,
    pub(super) column: &'static str,
    /// Its content as text.
    pub(super) value: String,
    /// The frame that it belongs to, if known.
    pub(super) frame: Option<i64>,
}

/// Contact points with faulty impulses.
#[derive(Debug, Default)]
pub(super) struct ImpulseFacts {
    /// The table of the points.
    pub(super) table: &'static str,
    /// The number of points read, of the whole recording so far.
    pub(super) looked_at: u64,
    /// Points of this batch outside the cone.
    pub(super) outside: Vec<PointFacts>,
    /// Points of this batch with a negative normal impulse.
    pub(super) pulling: Vec<PointFacts>,
    /// The number of points with friction and next to no normal impulse, of the whole recording so far.
    pub(super) unpressed: u64,
    /// Directions of this batch that are not unit vectors: the point, the column, the length.
    pub(super) skewed: Vec<(PointFacts, &'static str, f64)>,
}

/// A contact point.
#[derive(Clone, Copy, Debug)]
pub(super) struct PointFacts {
    pub(super) row: i64,
    pub(super) frame: i64,
    pub(super) bodies: [i64; 2],
    /// The coefficient of friction.
    pub(super) friction: f64,
    /// The normal impulse, N s.
    pub(super) normal: f64,
    /// The size of the tangential impulse, N s.
    pub(super) tangential: f64,
}

/// Builds a key of one integer.
pub(super) fn integer_key(id: i64) -> Key {
    vec![crate::model::Value::Integer(id)]
}

/// Returns whether an id is that of a body of the environment.
pub(super) const fn is_environment(body: i64) -> bool {
    body & ENVIRONMENT != 0
}

fn to_place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(NONE)
}

impl RecordingFacts {
    /// Returns the index of a frame.
    pub(super) fn find_frame(&self, id: i64) -> Option<u32> {
        // Nearly every recording numbers its frames from 1 without a gap; the first batch then needs no search.
        let guess = usize::try_from(id.wrapping_sub(1)).unwrap_or(usize::MAX);
        if self.frames.get(guess).is_some_and(|frame| frame.id == id) {
            return Some(to_place(guess));
        }
        self.frames.binary_search_by_key(&id, |frame| frame.id).ok().map(to_place)
    }

    /// Returns the index of a body; a linear search, as scenes have few bodies.
    pub(super) fn find_body(&self, id: i64) -> Option<u32> {
        self.bodies.iter().position(|body| body.id == id).map(to_place)
    }

    /// Returns the frame at an index.
    pub(super) fn frame_at(&self, at: u32) -> Option<&FrameFacts> {
        self.frames.get(at as usize)
    }

    pub(super) fn frame_at_mut(&mut self, at: u32) -> Option<&mut FrameFacts> {
        self.frames.get_mut(at as usize)
    }

    fn grid_slot(&self, frame: u32, body: u32) -> usize {
        frame as usize * self.bodies.len() + body as usize
    }

    /// Returns the state of a body in a frame, both by index.
    pub(super) fn find_state(&self, frame: u32, body: u32) -> Option<&StateFacts> {
        self.states.get(self.state_place(frame, body)? as usize)
    }

    fn state_place(&self, frame: u32, body: u32) -> Option<u32> {
        // Where the grid would be too large it is empty, and the sorted list has the states.
        if let Some(at) = self.grid.get(self.grid_slot(frame, body)) {
            return Some(*at);
        }
        let at = self.by_place.binary_search_by_key(&(frame, body), |(place, _)| *place).ok()?;
        self.by_place.get(at).map(|(_, state)| *state)
    }

    pub(super) fn state_mut(&mut self, frame: u32, body: u32) -> Option<&mut StateFacts> {
        let at = self.state_place(frame, body)?;
        self.states.get_mut(at as usize)
    }

    /// Returns the state that a row of InertialStateRecord belongs to.
    pub(super) fn find_by_inertial(&mut self, row: i64) -> Option<&mut StateFacts> {
        // These rows too are nearly always numbered from 1 without a gap.
        let guess = usize::try_from(row.wrapping_sub(1)).ok().and_then(|at| self.by_inertial.get(at));
        let (_, state) = match guess.filter(|(inertial, _)| *inertial == row) {
            Some(entry) => *entry,
            None => {
                let at = self.by_inertial.binary_search_by_key(&row, |(inertial, _)| *inertial).ok()?;
                *self.by_inertial.get(at)?
            }
        };
        self.states.get_mut(state as usize)
    }

    /// Returns the state of the same body in the frame before; `None` where that frame or state is missing.
    pub(super) fn previous_state(&self, state: &StateFacts) -> Option<&StateFacts> {
        self.has_previous_frame(state.frame).then(|| self.find_state(state.frame.checked_sub(1)?, state.body)).flatten()
    }

    /// Returns whether the frame with the id before exists.
    pub(super) fn has_previous_frame(&self, frame: u32) -> bool {
        let before = frame.checked_sub(1).and_then(|before| self.frame_at(before));
        let here = self.frame_at(frame);
        before.zip(here).is_some_and(|(before, here)| before.id.checked_add(1) == Some(here.id))
    }

    /// Returns the length of a frame's step, s; `None` where the frame before is missing.
    pub(super) fn step_seconds(&self, frame: u32) -> Option<f64> {
        if !self.has_previous_frame(frame) {
            return None;
        }
        let before = self.frame_at(frame.checked_sub(1)?)?;
        Some(self.frame_at(frame)?.time - before.time)
    }

    /// Sorts the frames by id once all of a batch are read: lookups search them.
    pub(super) fn sort_frames(&mut self) {
        self.frames.sort_by_key(|frame| frame.id);
    }

    /// Returns the frames of this batch, each with its index.
    pub(super) fn fresh_frames(&self) -> impl Iterator<Item = (u32, &FrameFacts)> {
        (0u32..).zip(&self.frames).skip(self.fresh as usize)
    }

    /// Returns the states in the frames of this batch.
    pub(super) fn fresh_states(&self) -> impl Iterator<Item = &StateFacts> {
        self.states.iter().filter(|state| state.frame >= self.fresh)
    }

    /// Returns whether the recording has any row of a probed scan.
    pub(super) fn has_rows(&self, pass: CheckScan) -> bool {
        self.present.contains(&pass)
    }

    /// Drops the judged batch, except its last frame, which the first frame of the next batch is compared with.
    pub(super) fn drop_judged(&mut self) {
        let last = to_place(self.frames.len().saturating_sub(1));
        self.frames = self.frames.pop().into_iter().collect();
        self.fresh = to_place(self.frames.len());
        self.states.retain(|state| state.frame == last);
        // That frame is the first of the next batch.
        for state in &mut self.states {
            state.frame = 0;
        }
        (self.grid, self.by_place, self.by_inertial) = Default::default();
        self.pairs.clear();
        (self.unreadable, self.dangling, self.doubled) = Default::default();
        let ImpulseFacts { table, looked_at, unpressed, .. } = self.impulses;
        self.impulses = ImpulseFacts { table, looked_at, unpressed, ..ImpulseFacts::default() };
    }

    /// Builds the lookups of states by frame and body and by row, once all states of a batch are read.
    pub(super) fn index_states(&mut self) {
        let slots = self.frames.len().saturating_mul(self.bodies.len());
        self.grid = if slots <= GRID_MAX { vec![NONE; slots] } else { Vec::new() };
        // In this order, a second state of the same frame and body follows the first.
        let mut order: Vec<((u32, u32), u32)> =
            (0u32..).zip(&self.states).map(|(at, state)| ((state.frame, state.body), at)).collect();
        order.sort_unstable();
        let mut last = None;
        for (place, at) in order {
            if last == Some(place) {
                // Those of the frame before were reported with its own batch.
                if place.0 >= self.fresh {
                    self.note_double(at);
                }
                continue;
            }
            last = Some(place);
            let slot = self.grid_slot(place.0, place.1);
            match self.grid.get_mut(slot) {
                Some(slot) => *slot = at,
                None => self.by_place.push((place, at)),
            }
        }
        for (at, state) in (0u32..).zip(&self.states) {
            self.by_inertial.push((state.inertial, at));
            let frame = self.frames.get(state.frame as usize).map_or(0, |frame| frame.id);
            if let Some(known) = self.bodies.get_mut(state.body as usize) {
                known.first = Some(known.first.map_or(frame, |first| first.min(frame)));
            }
        }
        self.by_inertial.sort_unstable();
    }

    fn note_double(&mut self, at: u32) {
        let Some(state) = self.states.get(at as usize) else { return };
        let second = CellFacts {
            table: "AssetDynamicStateRecord",
            row: state.row,
            column: "body_id",
            value: self.bodies.get(state.body as usize).map(|body| body.id.to_string()).unwrap_or_default(),
            frame: self.frame_at(state.frame).map(|frame| frame.id),
        };
        self.doubled.push(second);
    }
}
