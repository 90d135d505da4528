//! The domain: tables, failure modes, checks and labs of MOSAIQ; pure, without a connection, a file or a clock.

pub mod checks;
mod columns;
mod deliveries;
pub mod import;
pub mod lab;
mod leaves;
pub mod limits;
mod machines;
mod metersets;
pub mod modes;
mod parameters;
mod records;
mod references;
mod required;
pub mod schema;
mod versions;

#[cfg(test)]
mod cases;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod testing;
