//! The domain: tables, failure modes, checks and labs of MOSAIQ; pure, without a connection, a file or a clock.

pub mod checks;
mod deliveries;
pub mod limits;
pub mod modes;
mod parameters;
mod records;
