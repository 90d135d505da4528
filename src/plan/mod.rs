//! From edits to exact changes: difference, order and digest. Pure.

pub mod alike;
mod digest;
mod pending;

pub use digest::{Permits, PlanFacts, RowsTree, plan_digest, revert_digest};
pub use pending::{PlannedRow, build_changes, list_touches, plan_rows};
