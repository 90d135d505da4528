//! Values, rows, keys, edits and findings, and the ports to the outside. Does no I/O and knows no domain.

pub mod column;
pub mod edit;
pub mod fault_severity;
pub mod finding;
pub mod ids;
pub mod name_index;
pub mod next_step;
pub mod page;
pub mod password;
pub mod ports;
pub mod refusal;
pub mod scan;
pub mod seed;
pub mod shown;
pub mod snapshot;
pub mod time;
pub mod value_text;

pub use column::{Column, Datum, KeyStanding, Kind, Role, Storage, Table};
pub use edit::Edit;
pub use fault_severity::FaultSeverity;
pub use finding::{Finding, Severity, Violation};
pub use ids::Ids;
pub use mfm_journal::{Change, Decimal, Digest, Moment, RowAction, TableShape, Value};
pub use name_index::NameIndex;
pub use next_step::{NextStep, NextSteps};
pub use page::KeyPage;
pub use refusal::Refusal;
pub use scan::{IntegerRange, Scan, ScanJoin};
pub use snapshot::{Fetch, FetchAnswer, Filter, Row, Snapshot, TableRows};

/// A row's key: its values in the order of the table's key columns.
pub type Key = Vec<Value>;
