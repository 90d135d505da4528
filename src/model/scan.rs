//! A scan over a table: which columns come by, in which order, and beside which other rows; reads nothing itself.

use std::sync::Arc;

use super::Table;

/// What is read, a row at a time and none kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Scan {
    /// The table, or [`Table::select_columns`] some of its columns: the cells are those.
    pub table: Arc<Table>,
    /// The column of the table by which the database puts the rows in order, as far as it can, NULLs wherever it has
    /// them; it need not be one of those that come by. Without it rows come as they lie.
    pub order: Option<String>,
    /// The rows to come along; a row without any is left out then.
    pub join: Option<ScanJoin>,
    /// Which rows come by at all; every one where nothing is said.
    pub range: Option<IntegerRange>,
    /// The most rows that come by.
    pub limit: Option<u64>,
}

/// The rows whose column holds an integer of a range, whatever numeric type holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntegerRange {
    /// The column, which need not be one of those that come by.
    pub column: String,
    /// The smallest.
    pub first: i64,
    /// The largest, which counts too.
    pub last: i64,
}

/// The rows of another table that a table's rows refer to.
///
/// Numbers of different types are the same where they are equal, and texts where the database holds them to be. A text
/// is no number, and NULL refers to nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct ScanJoin {
    /// The referring column, which need not be one of those that come by.
    pub column: String,
    /// The other table, or some of its columns: their cells come behind those of the first.
    pub parent: Arc<Table>,
    /// The column referred to, which need not come by either; where several rows have its value, each comes with the
    /// first once.
    pub parent_column: String,
}

impl Scan {
    /// Lets every row of a table pass by as it lies.
    #[must_use]
    pub const fn every_row(table: Arc<Table>) -> Self {
        Self { table, order: None, join: None, range: None, limit: None }
    }

    /// Asks for the rows in the order of a column.
    #[must_use]
    pub fn order_by(self, column: &str) -> Self {
        Self { order: Some(column.to_owned()), ..self }
    }

    /// Asks for the rows whose column holds an integer of a range.
    #[must_use]
    pub fn between(self, column: &str, first: i64, last: i64) -> Self {
        Self { range: Some(IntegerRange { column: column.to_owned(), first, last }), ..self }
    }

    /// Asks for no more than some rows.
    #[must_use]
    pub fn limit(self, rows: u64) -> Self {
        Self { limit: Some(rows), ..self }
    }

    /// Asks for the rows that refer to one of another table, each with that one.
    #[must_use]
    pub fn join(self, column: &str, parent: Arc<Table>, parent_column: &str) -> Self {
        let (column, parent_column) = (column.to_owned(), parent_column.to_owned());
        Self { join: Some(ScanJoin { column, parent, parent_column }), ..self }
    }
}
