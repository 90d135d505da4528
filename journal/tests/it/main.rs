//! What a journal promises, tried from outside: its public API and the bytes of its file.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on says so")]

mod additions;
mod audit;
mod common;
mod crash;
mod disk;
mod flips;
mod fold;
mod hostile;
mod kept;
mod locking;
mod matrix;
mod place;
mod python;
mod robust;
mod store;
mod tamper;
mod vectors;
