//! A SQL Server for tests that need none: records what a live one answers, and replays it; knows TDS, and no target.
#![allow(
    dead_code,
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "each test binary uses its own part, and a test may fail by panic"
)]

pub(crate) mod alias;
pub(crate) mod answer;
pub(crate) mod book;
pub(crate) mod cut;
pub(crate) mod double;
pub(crate) mod line;
pub(crate) mod message;
pub(crate) mod packet;
pub(crate) mod proxy;
pub(crate) mod sql;
pub(crate) mod tape;
pub(crate) mod world;
