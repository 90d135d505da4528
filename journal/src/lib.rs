//! An append-only, hash-chained journal of database changes, with images, fold and audit.
//!
//! The crate knows no domain, no target and no command line, so that an auditor can link it alone. `README.md` in this
//! crate documents every byte that it writes.
//!
//! ```
//! use mfm_journal::{Depth, Face, Journal, LockHolder, Stamp, audit};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("journal.db");
//! let stamp = Stamp { at_us: 1_700_000_000_000_000, actor: "zoe".into(), face: Face::Library };
//! let mut journal = Journal::create(&path, [7; 16], &stamp)?;
//! let holder = LockHolder { pid: std::process::id(), host: "here".into(), command: "example".into() };
//! let lock = journal.lock(&holder)?;
//! let added = serde_json::json!({"name": "lab", "url": "sqlite:lab.db"});
//! journal.append(&lock, &stamp, "target_added", added)?;
//! assert!(journal.state().targets.contains_key("lab"));
//!
//! let report = audit(&path, Depth::Data, &mut |_done, _total| {})?;
//! assert!(report.findings.is_empty());
//! assert_eq!(report.head, Some(journal.head()));
//! # Ok(())
//! # }
//! ```

pub mod audit;
pub mod body;
pub mod cbor;
mod chunk;
pub mod decimal;
pub mod digest;
mod document;
mod entry;
mod error;
mod faults;
mod fold;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
pub mod image;
mod images;
mod label;
mod lock;
mod open;
mod operation;
mod place;
mod projection;
mod read;
mod schema;
mod store;
#[cfg(feature = "testing")]
pub mod testing;
pub mod tree;
pub mod value;
mod write;

pub use audit::{AuditFinding, AuditReport, Depth, audit};
pub use chunk::{CHUNK_BYTES_MIN, CHUNK_ITEMS_MAX};
pub use decimal::Decimal;
pub use digest::Digest;
pub use document::{DOCUMENT_BYTES_MAX, Document};
pub use entry::{Entry, Face, Head, Stamp};
pub use error::JournalError;
#[cfg(feature = "testing")]
pub use faults::Faults;
pub use faults::JournalStep;
pub use fold::{
    ActiveOperation, FOLD_VERSION, JournalState, NewestOperation, OpenOperation, ReactivatedOperation, TargetState,
};
pub use image::{Change, ColumnShape, RowAction, RowHasher, TableShape};
pub use images::Images;
pub use label::FaultLabel;
pub use lock::{LockHolder, WriterLock};
pub use operation::{
    ChosenKeys, Intended, Intent, KeysRef, Operation, OperationAction, OperationVerdict, Residue, RevertedRef,
    TargetRef,
};
pub use schema::APPLICATION_ID;
pub use store::Journal;
pub use value::{Moment, Value};
