//! The terminal interface from its keys to its screens: scripts of keys, real operations on a lab, and targets that are
//! slow, failing, huge, or tampered with.
#![cfg(all(test, feature = "tui"))]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test may fail by panic, and has settings of its own"
)]

mod acting;
mod approvals;
mod habits;
mod readme;
mod recordings;
mod screens;
mod svg;
mod threads;
mod trouble;
mod world;
