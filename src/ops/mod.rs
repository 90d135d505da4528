//! The operations of the user: one file each, `Request -> run(&Context) -> Outcome`; none prints, asks or exits.

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
mod crowd;
pub mod demo;
pub mod detect;
pub mod detection;
pub mod drill;
pub mod explain;
pub mod export;
pub mod failure;
pub mod files;
pub mod filters;
pub mod find;
pub mod lab;
pub mod log;
pub mod modes;
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

/// What an operation is, declared once for the help, the dialogs and the agents.
#[derive(Clone, Copy, Debug)]
pub struct Card {
    /// The words that call it.
    pub name: &'static str,
    /// How much it can do.
    pub danger: Danger,
    /// What it does, in a line.
    pub about: &'static str,
}

/// Returns `1 row`, `2 rows`.
#[must_use]
pub fn render_count(number: u64, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// Returns what is wrong with a TOML text, in a line that quotes none of the text's own lines.
#[must_use]
pub fn toml_fault(text: &str, error: &toml::de::Error) -> String {
    let line = error.span().and_then(|span| text.get(..span.start)).map(|before| before.matches('\n').count() + 1);
    let place = line.map_or_else(String::new, |line| format!("line {line}: "));
    format!("{place}{}", error.message().trim_end())
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
    &checks::CARD,
    &drill::CARD,
    &campaign::PLAN,
    &campaign::APPLY,
    &campaign::REVERT,
    &campaign::LIST,
    &audit::CARD,
    &export::CARD,
];
