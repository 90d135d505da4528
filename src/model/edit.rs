//! Edits of rows as a mode plans them, in the domain's own terms. The plan floor turns them into exact changes.

use std::collections::BTreeMap;

use super::Key;
use super::column::Datum;

/// The edit of one row.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// Set columns of a row that was read.
    Update {
        /// The table, in the domain's spelling.
        table: String,
        /// The row's key.
        key: Key,
        /// The columns to set.
        set: BTreeMap<String, Datum>,
    },
    /// Add a row; columns not named become NULL.
    Insert {
        /// The table, in the domain's spelling.
        table: String,
        /// The new row, its key included.
        row: BTreeMap<String, Datum>,
    },
    /// Remove a row that was read.
    Delete {
        /// The table, in the domain's spelling.
        table: String,
        /// The row's key.
        key: Key,
    },
}
