//! The domain: tables, failure modes, checks and labs of MOSAIQ; pure, without a connection, a file or a clock.

pub mod browse;
pub mod checks;
pub mod clinic;
mod columns;
mod course;
mod deliveries;
mod field_types;
mod fields;
pub mod find;
mod fleet;
pub mod gather;
mod ground;
pub mod import;
mod known;
pub mod lab;
mod leaves;
pub mod limits;
pub mod looks;
mod lookup;
pub mod machines;
mod metersets;
pub mod modes;
mod numbers;
mod parameters;
pub mod pictures;
pub mod reading;
mod records;
mod references;
pub mod repair;
mod required;
pub mod rules;
pub mod schema;
pub mod selection;
mod tally;
mod versions;

#[cfg(test)]
mod cases;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod testing;
