//! The face for people who look and press keys; for now only how things look.

pub mod look;
pub mod pictures;
pub mod svg;
