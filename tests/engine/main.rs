//! The engine and the operations on a real SQLite file and a real journal, without a command line.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test may fail by panic, and has settings of its own"
)]

mod conflicts;
mod crash;
mod crash_modes;
mod explain;
mod features;
mod full;
mod guard;
mod journal;
mod laws;
mod mock;
mod own_tables;
mod places;
mod pushdown;
mod recordings;
mod refusals;
mod regressions;
mod replay;
mod replay_engines;
mod replay_long;
mod seeds;
mod selectors;
mod signs;
mod simulated;
mod stacked;
mod times;
mod torture;
mod way_back;
mod ways_out;
