//! An append-only, hash-chained journal of database changes, with images, fold and audit.
//!
//! The journal knows nothing of what stands above it: no domain, no target, no command line. It is the part an
//! auditor links alone. `README.md` beside this file documents every byte that it writes.

pub mod cbor;
pub mod decimal;
pub mod digest;
pub mod image;
pub mod value;

pub use decimal::Decimal;
pub use digest::Digest;
pub use image::{Action, Change, Column, RowHasher, TableShape};
pub use value::{Moment, Value};
