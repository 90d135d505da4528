//! An append-only, hash-chained journal of database changes, with images, fold and audit.
//!
//! The journal knows nothing of what stands above it: no domain, no target, no command line. It is the part an
//! auditor links alone. `README.md` beside this file documents every byte that it writes.

pub mod audit;
pub mod body;
pub mod cbor;
mod chunk;
pub mod decimal;
pub mod digest;
mod entry;
mod error;
mod faults;
mod fold;
pub mod image;
mod lock;
mod open;
mod operation;
mod projection;
mod read;
mod schema;
mod store;
pub mod tree;
pub mod value;
mod write;

pub use audit::{Audit, Depth, Finding, audit};
pub use chunk::{CHUNK_BYTES_MIN, CHUNK_ITEMS_MAX};
pub use decimal::Decimal;
pub use digest::Digest;
pub use entry::{Entry, Face, Head, Stamp};
pub use error::JournalError;
pub use faults::{Faults, Step};
pub use fold::{ActiveOperation, FOLD_VERSION, Newest, OpenOperation, Reactivated, State, TargetState};
pub use image::{Action, Change, Column, RowHasher, TableShape};
pub use lock::{Holder, WriterLock};
pub use operation::{
    ChosenKeys, Intended, Intent, KeysRef, Operation, OperationAction, Residue, Reverted, TargetRef, Verdict,
};
pub use store::Journal;
pub use value::{Moment, Value};
