//! The domain: tables, failure modes, checks and labs of MOSAIQ; pure, without a connection, a file or a clock.

pub mod checks;
mod deliveries;
mod field_types;
pub mod find;
pub mod import;
pub mod lab;
pub mod limits;
pub mod modes;
mod parameters;
pub mod reading;
mod records;
pub mod schema;
pub mod selection;

#[cfg(test)]
mod cases;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod testing;
