//! The command line as people and scripts meet it: the built binary in folders of its own; few and fast.

#![cfg(feature = "cli")]
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test may fail by panic, and has settings of its own"
)]

#[cfg(unix)]
mod approve;
mod campaign;
mod check;
mod check_baseline;
mod check_reports;
mod check_unknown;
mod completion;
mod demo;
mod domains;
mod drill;
#[cfg(unix)]
mod drill_reports;
mod drill_told;
mod drill_weak;
mod errors;
mod export;
mod features;
mod files;
mod find;
mod generated;
mod help;
mod json;
mod openonco;
mod openonco_published;
mod output;
mod query;
mod recover;
mod replay;
#[cfg(feature = "mssql")]
mod secrets;
mod settings;
#[cfg(unix)]
mod signals;
#[cfg(unix)]
mod terminal;
mod trust;
mod world;
