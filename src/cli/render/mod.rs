//! How each result looks, one file per operation. A page opens with what happened, and shows the worst first.

mod approve;
mod audit;
mod campaign;
pub(super) mod changes;
mod check;
mod coverage;
mod demo;
pub(super) mod drill;
mod explain;
mod export;
mod faults;
mod features;
mod find;
mod lab;
mod log;
mod modes;
mod query;
mod recover;
mod replay;
mod revert;
mod show;
mod status;
mod target;

/// Returns the first 12 digits of a digest, enough to tell digests apart by eye.
fn shorten_digest(digest: &impl ToString) -> String {
    digest.to_string().chars().take(12).collect()
}
