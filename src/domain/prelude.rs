//! Everything needed to write a domain, for domains in a program of their own.

pub use super::check::{CheckCard, CheckRequest, CheckRun, CheckTable, Rules, RulesError};
pub use super::feature::{FeatureCard, FeatureSet, FeatureSetCard, FlagCard, RowFeatures};
pub use super::filter::{FilterCard, FilterValues};
pub use super::import::{FilesByName, Import, ImportReport, ImportSource, ImportedRow, ImportedTable};
pub use super::lab::{Lab, LabRequest, LabSize, RowSink};
pub use super::mode::{FailureMode, FaultRecord, Mode, ModeCard, ModeGroup, PlannedFault, Task, Variant};
pub use super::pause::{Pause, read_rows};
pub use super::query::{self, ListAnswer, OneScan, Query, QueryCard, QueryError, QueryRun, TypedQuery};
pub use super::record::{ListColumn, RecordKind, RecordLink};
pub use super::repair::{Repair, RepairExtent};
pub use super::row_check::{self, RowCheck};
pub use super::scan::ScanRequest;
pub use super::size::{Size, SizeRange};
pub use super::table::{TableCard, TableDef};
pub use super::{Domain, DomainCard, params, rules_file};
pub use crate::model::{Datum, Edit, FaultSeverity, Fetch, Ids, Key, Refusal, Row, Severity, Snapshot, Value};
