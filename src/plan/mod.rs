//! From edits to exact changes: pure difference, order and digest; reads nothing and writes nothing.

pub mod alike;
mod digest;
mod pending;

pub use digest::{Permits, PlanFacts, RowsTree, plan_digest, revert_digest};
pub use pending::{PlannedRow, build_changes, list_touches, plan_rows};
