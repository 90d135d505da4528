//! What checks carry from some frames to those that follow them; judges nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::episodes::GainEpisodes;
use super::facts::SolverFacts;

/// What a check knows of the frames before.
#[derive(Debug, Default)]
pub(super) struct FrameHistory {
    /// What could not be judged, as a count.
    pub(super) unjudged: u64,
    /// The id that the next frame should have.
    pub(super) expected: Option<i64>,
    /// The bodies that exploded, and nobody for the energy of all.
    pub(super) exploded: BTreeSet<Option<i64>>,
    /// The frames in a row, up to here, in which the solver did not converge.
    pub(super) unconverged: Vec<(i64, SolverFacts)>,
    /// How deep two bodies, whichever is first, overlapped in which frame.
    pub(super) depths: BTreeMap<[i64; 2], (i64, f64)>,
    /// Runs of frames that gain energy.
    pub(super) gains: GainEpisodes,
}
