//! The queries of recordings.

use crate::domain::query::Query;

/// Every query.
pub static QUERIES: &[&dyn Query] = &[];
