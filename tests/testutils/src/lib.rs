//! What several suites of integration tests share: worlds in temporary folders, the ports of tests, requests, dumps,
//! writes that go wrong, the built program. What one suite alone needs stays with that suite.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::new_without_default,
    reason = "a test may fail by panic, and has settings of its own"
)]

pub mod bomb;
pub mod piped;
pub mod ports;
pub mod program;
pub mod quality;
mod requests;
pub mod seen;
mod sqlite;
pub mod target;
mod world;

pub use requests::{
    build_proposal, build_request, request_angles, request_marking, request_sample, request_samples, request_write_off,
};
pub use sqlite::{dump_tables, read_cell, run_foreign_sql};
pub use world::{World, journal_marked_target};
