//! A scan of a table: its columns, order, range and join. The targets carry it out.

use std::sync::Arc;

use super::Table;

/// A request to read a table row by row, without keeping the rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Scan {
    /// The table, or [`Table::select_columns`] some of its columns: these are the cells of the rows.
    pub table: Arc<Table>,
    /// The column by which the database orders the rows, by its own collation and with NULLs where it puts them. It
    /// need not be one of the columns read. `None` for storage order.
    pub order: Option<String>,
    /// An inner join with another table.
    pub join: Option<ScanJoin>,
    /// The rows to read; `None` for all.
    pub range: Option<IntegerRange>,
    /// The largest number of rows to read; `None` for no limit.
    pub limit: Option<u64>,
}

/// Restricts a scan to rows whose column holds an integer of a range, whatever numeric type holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntegerRange {
    /// The column, which need not be one of those read.
    pub column: String,
    /// The smallest integer.
    pub first: i64,
    /// The largest integer, inclusive.
    pub last: i64,
}

/// An inner join of a table with a parent table that its rows refer to.
///
/// Numbers match across types where they are equal, texts by the database's collation. A text never matches a number,
/// and NULL matches nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct ScanJoin {
    /// The referring column, which need not be one of those read.
    pub column: String,
    /// The parent table, or some of its columns: their cells follow those of the first table.
    pub parent: Arc<Table>,
    /// The column referred to, which need not be read either. If several parent rows have its value, the row comes once
    /// with each.
    pub parent_column: String,
}

impl Scan {
    /// Asks for every row of a table, in storage order.
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

    /// Asks for at most so many rows.
    #[must_use]
    pub fn limit(self, rows: u64) -> Self {
        Self { limit: Some(rows), ..self }
    }

    /// Asks for the rows that refer to a row of another table, each together with that row.
    #[must_use]
    pub fn join(self, column: &str, parent: Arc<Table>, parent_column: &str) -> Self {
        let (column, parent_column) = (column.to_owned(), parent_column.to_owned());
        Self { join: Some(ScanJoin { column, parent, parent_column }), ..self }
    }
}
