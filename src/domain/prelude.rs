//! Everything that a domain is made of, for whoever writes one in a program of its own.

pub use super::check::{CheckCard, CheckRequest, CheckRun, CheckTable, Rules, RulesError};
pub use super::filter::{FilterCard, FilterValues};
pub use super::import::{Files, Import, ImportReport, ImportSource, Imported, ImportedRow};
pub use super::lab::{Lab, LabRequest, LabSize, RowSink};
pub use super::mode::{FailureMode, FaultRecord, Mode, ModeCard, Planned, Task, Variant};
pub use super::pause::{Pause, rows};
pub use super::query::{self, Listed, OneScan, Query, QueryCard, QueryError, QueryRun, TypedQuery};
pub use super::record::{Link, ListColumn, RecordKind};
pub use super::repair::{Extent, Repair};
pub use super::row_check::{self, RowCheck};
pub use super::scan::ScanRequest;
pub use super::table::{TableCard, TableDef};
pub use super::{Domain, DomainCard, params, rules_file};
pub use crate::model::{Datum, Edit, Fetch, Ids, Key, Refusal, Row, Severity, Snapshot, Value};
