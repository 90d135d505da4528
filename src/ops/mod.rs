//! The operations of the user, one file each: `Request -> run(&Context) -> Outcome`; none prints, reads input or exits.

pub mod agents;
pub mod apply;
pub mod audit;
pub mod browse;
pub mod bytes;
pub mod campaign;
pub mod candidates;
pub mod cell;
pub mod checks;
pub mod context;
pub mod coverage;
mod crowd;
pub mod demo;
pub mod detect;
pub mod detection;
pub mod drill;
pub mod explain;
pub mod export;
pub mod failure;
pub mod features;
pub mod files;
pub mod filters;
pub mod find;
pub mod lab;
pub mod log;
pub mod modes;
pub mod output;
pub mod plan;
pub mod plan_file;
pub mod protected;
pub mod pump;
pub mod query;
pub mod reading;
pub mod recover;
pub mod redact;
pub mod replay;
pub mod report;
mod rest;
pub mod revert;
pub mod rules;
pub mod select;
pub mod servers;
mod severity;
pub mod show;
pub mod standing;
pub mod status;
pub mod synthetic;
pub mod targets;
pub mod watermark;

pub use context::Context;
pub use failure::{Failure, FailureKind};

use crate::model::ports::Danger;

/// The description of an operation, which serves help, dialogs and agents.
#[derive(Clone, Copy, Debug)]
pub struct Card {
    /// Its command, such as `target add`.
    pub name: &'static str,
    /// Whether it reads, writes or destroys.
    pub danger: Danger,
    /// What it does, in one line.
    pub about: &'static str,
}

/// Returns a number with its noun: `1 row`, `2 rows`.
#[must_use]
pub fn render_count(number: u64, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// Returns a TOML error in one line, without quoting the text, which may hold a password.
#[must_use]
pub fn toml_fault(text: &str, error: &toml::de::Error) -> String {
    let message = error.message().trim_end();
    match error.span().and_then(|span| text.get(..span.start)) {
        Some(before) => format!("line {}: {message}", before.matches('\n').count() + 1),
        None => message.to_owned(),
    }
}

/// Every operation.
pub const OPERATIONS: &[&Card] = &[
    &demo::CARD,
    &lab::create::CARD,
    &lab::import::CARD,
    &targets::add::CARD,
    &targets::list::CARD,
    &targets::show::CARD,
    &targets::mark::CARD,
    &targets::unmark::CARD,
    &targets::remove::CARD,
    &targets::preflight::CARD,
    &modes::CARD,
    &find::CARD,
    &plan::CARD,
    &apply::CARD,
    &revert::CARD,
    &recover::CARD,
    &agents::approve::CARD,
    &replay::CARD,
    &status::CARD,
    &log::CARD,
    &show::CARD,
    &explain::CARD,
    &query::CARD,
    &features::CARD,
    &checks::CARD,
    &drill::CARD,
    &coverage::CARD,
    &campaign::PLAN,
    &campaign::APPLY,
    &campaign::REVERT,
    &campaign::LIST,
    &audit::CARD,
    &export::CARD,
];
