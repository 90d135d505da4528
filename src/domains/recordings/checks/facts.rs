//! What checks know of a recording: a few numbers for each frame, state and touching pair, and no rows.

use std::collections::BTreeSet;

use super::passes::CheckScan;
use crate::model::Key;

/// What marks the id of a body that does not move.
const ENVIRONMENT: i64 = 1 << 31;
/// No state.
const NONE: u32 = u32::MAX;
/// Frames times bodies, up to which each gets a place of its own; more of them are searched.
const GRID_MAX: usize = 1 << 24;

/// What is known of some frames of a recording that follow each other, and of the recording as a whole.
#[derive(Debug, Default)]
pub(super) struct RecordingFacts {
    /// The frames, by id: the last of those that were judged before, and then those that are to be judged.
    pub(super) frames: Vec<FrameFacts>,
    /// The place of the first frame that is to be judged.
    pub(super) fresh: u32,
    /// The bodies: those that are declared, then those that only states name.
    pub(super) bodies: Vec<MovingBodyFacts>,
    /// The states, as they lie.
    pub(super) states: Vec<StateFacts>,
    /// The place of the state of each frame and body, where there are not too many.
    grid: Vec<u32>,
    /// The same by frame and body, sorted, where there are.
    by_place: Vec<((u32, u32), u32)>,
    /// The place of the state of each row of InertialStateRecord.
    by_inertial: Vec<(i64, u32)>,
    /// The touching pairs, as they lie.
    pub(super) pairs: Vec<PairFacts>,
    /// Cells that hold no finite number.
    pub(super) unreadable: Vec<CellFacts>,
    /// Rows that refer to nothing.
    pub(super) dangling: Vec<CellFacts>,
    /// A frame and a body that have several states or energies.
    pub(super) doubled: Vec<CellFacts>,
    /// Contact points that the cone does not hold, or that pull.
    pub(super) impulses: ImpulseFacts,
    /// How many rows were looked at; those of which several scans are made, once.
    pub(super) rows: u64,
    /// The scans that yield any row in the whole recording, of those that it matters of.
    pub(super) present: BTreeSet<CheckScan>,
    /// The usual time between frames, seconds.
    pub(super) step: Option<f64>,
    /// Downwards, m/s2; none where no potential energy tells.
    pub(super) gravity: Option<f64>,
}

/// A frame.
#[derive(Clone, Debug)]
pub(super) struct FrameFacts {
    pub(super) id: i64,
    pub(super) time: f64,
    pub(super) clock: f64,
    pub(super) system: Option<SystemFacts>,
    pub(super) solver: Option<SolverFacts>,
    /// The sums over the energies of its bodies: linear, rotational, potential.
    pub(super) sums: [f64; 3],
    pub(super) energies: u32,
    pub(super) pairs: u32,
    /// Contact points whose impulses are recorded.
    pub(super) constraints: u32,
    /// Contact points that are recorded in a table of their own.
    pub(super) points: u32,
}

/// The energies of a frame, joules.
#[derive(Clone, Copy, Debug)]
pub(super) struct SystemFacts {
    pub(super) row: i64,
    pub(super) parts: [f64; 3],
    pub(super) total: f64,
    pub(super) delta: f64,
    pub(super) injected: Option<bool>,
    pub(super) touching: Option<bool>,
}

/// How the solver fared in a frame.
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
    /// Its instance id.
    pub(super) id: i64,
    /// Kilograms; NaN where nothing declares it.
    pub(super) mass: f64,
    pub(super) declared: bool,
    /// The first frame that has a state of it.
    pub(super) first: Option<i64>,
}

/// A body in a frame, after the step.
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
    /// The length of its quaternion.
    pub(super) norm: Option<f64>,
    /// How fast it turns, 1/s.
    pub(super) spin: f64,
    /// The impulse of all contacts on it, N s.
    pub(super) impulse: [f64; 3],
    /// All impulses on it, whatever their direction, N s.
    pub(super) pressed: f64,
    /// How many pairs it is one of.
    pub(super) touches: u32,
    /// The depths of all of these, metres.
    pub(super) depth: f64,
    pub(super) energy: Option<EnergyFacts>,
}

/// The energies of a body in a frame, joules.
#[derive(Clone, Copy, Debug)]
pub(super) struct EnergyFacts {
    pub(super) row: i64,
    /// Linear, rotational, potential.
    pub(super) parts: [f64; 3],
    pub(super) total: f64,
}

/// Two bodies that touch, at the beginning of a step.
#[derive(Clone, Copy, Debug)]
pub(super) struct PairFacts {
    pub(super) row: i64,
    pub(super) frame: u32,
    pub(super) bodies: [i64; 2],
    pub(super) depth: f64,
}

/// A cell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct CellFacts {
    pub(super) table: &'static str,
    pub(super) row: i64,
    pub(super) column: &'static str,
    /// What it holds.
    pub(super) value: String,
    /// The frame that it belongs to, where it is known.
    pub(super) frame: Option<i64>,
}

/// What contact points say of impulses.
#[derive(Debug, Default)]
pub(super) struct ImpulseFacts {
    /// The table that they lie in.
    pub(super) table: &'static str,
    /// How many points were read, of the whole recording so far.
    pub(super) looked_at: u64,
    /// Points outside the cone.
    pub(super) outside: Vec<PointFacts>,
    /// Points that pull.
    pub(super) pulling: Vec<PointFacts>,
    /// Points that rub although next to nothing presses, of the whole recording so far.
    pub(super) unpressed: u64,
    /// Directions that are no unit vectors.
    pub(super) skewed: Vec<(PointFacts, &'static str, f64)>,
}

/// A contact point.
#[derive(Clone, Copy, Debug)]
pub(super) struct PointFacts {
    pub(super) row: i64,
    pub(super) frame: i64,
    pub(super) bodies: [i64; 2],
    pub(super) friction: f64,
    /// N s.
    pub(super) normal: f64,
    /// N s.
    pub(super) tangential: f64,
}

/// Returns a key of one integer.
pub(super) fn integer_key(id: i64) -> Key {
    vec![crate::model::Value::Integer(id)]
}

/// Tells whether an id is one of a body that does not move.
pub(super) const fn is_environment(body: i64) -> bool {
    body & ENVIRONMENT != 0
}

fn to_place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(NONE)
}

impl RecordingFacts {
    /// Returns the place of a frame.
    pub(super) fn find_frame(&self, id: i64) -> Option<u32> {
        // Ids count from 1 without a gap in nearly every recording.
        let guess = usize::try_from(id.wrapping_sub(1)).unwrap_or(usize::MAX);
        if self.frames.get(guess).is_some_and(|frame| frame.id == id) {
            return Some(to_place(guess));
        }
        self.frames.binary_search_by_key(&id, |frame| frame.id).ok().map(to_place)
    }

    /// Returns the place of a body.
    pub(super) fn find_body(&self, id: i64) -> Option<u32> {
        self.bodies.iter().position(|body| body.id == id).map(to_place)
    }

    /// Returns the frame at a place.
    pub(super) fn frame_at(&self, at: u32) -> Option<&FrameFacts> {
        self.frames.get(at as usize)
    }

    pub(super) fn frame_at_mut(&mut self, at: u32) -> Option<&mut FrameFacts> {
        self.frames.get_mut(at as usize)
    }

    fn grid_slot(&self, frame: u32, body: u32) -> usize {
        frame as usize * self.bodies.len() + body as usize
    }

    /// Returns the state of a body in a frame, by their places.
    pub(super) fn find_state(&self, frame: u32, body: u32) -> Option<&StateFacts> {
        self.states.get(self.state_place(frame, body)? as usize)
    }

    fn state_place(&self, frame: u32, body: u32) -> Option<u32> {
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

    /// Returns the state whose numbers a row of InertialStateRecord holds.
    pub(super) fn of_inertial(&mut self, row: i64) -> Option<&mut StateFacts> {
        // They count from 1 without a gap too, in nearly every recording.
        let guess = usize::try_from(row.wrapping_sub(1)).ok().and_then(|at| self.by_inertial.get(at));
        let (_, state) = match guess.filter(|(inertial, _)| *inertial == row) {
            Some(found) => *found,
            None => {
                let at = self.by_inertial.binary_search_by_key(&row, |(inertial, _)| *inertial).ok()?;
                *self.by_inertial.get(at)?
            }
        };
        self.states.get_mut(state as usize)
    }

    /// Returns the state of the same body in the frame before, where no frame is lost between.
    pub(super) fn previous_state(&self, state: &StateFacts) -> Option<&StateFacts> {
        self.has_previous_frame(state.frame).then(|| self.find_state(state.frame.checked_sub(1)?, state.body)).flatten()
    }

    /// Tells whether the frame before is there.
    pub(super) fn has_previous_frame(&self, frame: u32) -> bool {
        let before = frame.checked_sub(1).and_then(|before| self.frame_at(before));
        let here = self.frame_at(frame);
        before.zip(here).is_some_and(|(before, here)| before.id.checked_add(1) == Some(here.id))
    }

    /// Returns how long a step took, where the frame before is there.
    pub(super) fn step_seconds(&self, frame: u32) -> Option<f64> {
        if !self.has_previous_frame(frame) {
            return None;
        }
        let before = self.frame_at(frame.checked_sub(1)?)?;
        Some(self.frame_at(frame)?.time - before.time)
    }

    /// Puts frames in the order of their ids.
    pub(super) fn frames_are_read(&mut self) {
        self.frames.sort_by_key(|frame| frame.id);
    }

    /// Returns the frames that are to be judged, each with its place.
    pub(super) fn fresh_frames(&self) -> impl Iterator<Item = (u32, &FrameFacts)> {
        (0u32..).zip(&self.frames).skip(self.fresh as usize)
    }

    /// Returns the states in frames that are to be judged.
    pub(super) fn fresh_states(&self) -> impl Iterator<Item = &StateFacts> {
        self.states.iter().filter(|state| state.frame >= self.fresh)
    }

    /// Tells whether the recording holds rows of a scan.
    pub(super) fn has_rows(&self, pass: CheckScan) -> bool {
        self.present.contains(&pass)
    }

    /// Forgets what was judged, all but the last frame, which the next one is held against.
    pub(super) fn move_on(&mut self) {
        let last = to_place(self.frames.len().saturating_sub(1));
        self.frames = self.frames.pop().into_iter().collect();
        self.fresh = to_place(self.frames.len());
        self.states.retain(|state| state.frame == last);
        self.states.iter_mut().for_each(|state| state.frame = 0);
        (self.grid, self.by_place, self.by_inertial) = Default::default();
        self.pairs.clear();
        (self.unreadable, self.dangling, self.doubled) = Default::default();
        let ImpulseFacts { table, looked_at, unpressed, .. } = self.impulses;
        self.impulses = ImpulseFacts { table, looked_at, unpressed, ..ImpulseFacts::default() };
    }

    /// Makes ready to find states by frame and body, and by their rows.
    pub(super) fn states_are_read(&mut self) {
        let slots = self.frames.len().saturating_mul(self.bodies.len());
        self.grid = if slots <= GRID_MAX { vec![NONE; slots] } else { Vec::new() };
        let mut order: Vec<((u32, u32), u32)> =
            (0u32..).zip(&self.states).map(|(at, state)| ((state.frame, state.body), at)).collect();
        order.sort_unstable();
        let mut last = None;
        for (place, at) in order {
            if last == Some(place) {
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

    /// Notes that a body has a second state in a frame.
    fn note_double(&mut self, at: u32) {
        let Some(state) = self.states.get(at as usize) else { return };
        let twice = CellFacts {
            table: "AssetDynamicStateRecord",
            row: state.row,
            column: "body_id",
            value: self.bodies.get(state.body as usize).map(|body| body.id.to_string()).unwrap_or_default(),
            frame: self.frame_at(state.frame).map(|frame| frame.id),
        };
        self.doubled.push(twice);
    }
}
