//! What checks carry from one batch of frames to the next.

use std::collections::{BTreeMap, BTreeSet};

use super::episodes::GainEpisodes;
use super::facts::SolverFacts;

/// What a check remembers of the frames judged so far. Each check has its own, and uses the fields that it needs.
#[derive(Debug, Default)]
pub(super) struct FrameHistory {
    /// The number of rows that could not be judged.
    pub(super) unjudged: u64,
    /// The id that the next frame should have.
    pub(super) expected: Option<i64>,
    /// The bodies that were reported as exploded; `None` stands for the total energy.
    pub(super) exploded: BTreeSet<Option<i64>>,
    /// The current run of frames in which the solver did not converge.
    pub(super) unconverged: Vec<(i64, SolverFacts)>,
    /// The last overlap of each pair (ids sorted): frame and depth, m.
    pub(super) depths: BTreeMap<[i64; 2], (i64, f64)>,
    /// Runs of frames that gain energy.
    pub(super) gains: GainEpisodes,
}
