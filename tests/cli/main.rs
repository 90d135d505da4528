//! The command line as people and scripts meet it: the built binary in folders of its own; few and fast.

#![expect(clippy::unwrap_used, reason = "a test may fail by panic")]

mod demo;
mod errors;
mod generated;
mod help;
mod json;
mod output;
mod settings;
#[cfg(unix)]
mod signals;
mod world;
