//! How pure code has a target read: it asks for one scan after the other and is shown their rows.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::model::{Filter, Row, Table};

/// What to read next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanRequest {
    /// The table, in the domain's spelling.
    pub table: String,
    /// The columns; those that the table lacks are left out, and none at all means every column.
    pub columns: Vec<String>,
    /// Which rows.
    pub filter: Filter,
    /// The order in which they come; as they lie, where nothing is said.
    pub order: Option<ScanOrder>,
    /// Rows to come along from another table; a row without any is left out.
    pub join: Option<JoinRequest>,
    /// The most rows that are wanted.
    pub limit: Option<u64>,
}

/// The order of a scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanOrder {
    /// The column.
    pub column: String,
    /// Whether the largest comes first.
    pub descending: bool,
}

/// The rows of another table that a table's rows refer to; their columns stand as `table.column` behind the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinRequest {
    /// The referring column.
    pub column: String,
    /// The other table.
    pub parent: String,
    /// Its columns.
    pub columns: Vec<String>,
    /// The column referred to.
    pub parent_column: String,
}

impl ScanRequest {
    /// Asks for every row of a table, as they lie.
    #[must_use]
    pub fn every_row(table: &str, columns: &[&str]) -> Self {
        let columns = columns.iter().map(|column| (*column).to_owned()).collect();
        Self { table: table.to_owned(), columns, filter: Filter::All, order: None, join: None, limit: None }
    }

    /// Asks only for some rows.
    #[must_use]
    pub fn filter(self, filter: Filter) -> Self {
        Self { filter, ..self }
    }

    /// Asks for the rows by a column, the smallest first.
    #[must_use]
    pub fn order_by(self, column: &str) -> Self {
        Self { order: Some(ScanOrder { column: column.to_owned(), descending: false }), ..self }
    }

    /// Asks for the rows by a column, the largest first.
    #[must_use]
    pub fn order_by_descending(self, column: &str) -> Self {
        Self { order: Some(ScanOrder { column: column.to_owned(), descending: true }), ..self }
    }

    /// Asks for no more than some rows.
    #[must_use]
    pub fn limit(self, rows: u64) -> Self {
        Self { limit: Some(rows), ..self }
    }
}

/// Pure code that asks for scans and is shown their rows.
///
/// For every scan that [`ScanReader::next_scan`] returns: once [`ScanReader::begin_scan`], then [`ScanReader::take_rows`] until the rows or
/// the reader's wish for them end, then [`ScanReader::end_scan`].
pub trait ScanReader {
    /// Returns what to read next; `None` once everything has been read.
    fn next_scan(&mut self) -> Option<ScanRequest>;
    /// Takes note of the table as the target declares it, only with the columns that were asked for and are there;
    /// `None` where the target has no such table.
    fn begin_scan(&mut self, _table: Option<&Arc<Table>>) {}
    /// Looks at some rows of the scan; a break ends it early.
    fn take_rows(&mut self, rows: &[Row<'_>]) -> ControlFlow<()>;
    /// Takes note that the scan has ended.
    fn end_scan(&mut self) {}
    /// Returns how many steps are behind it, and how many there are; none where it does not count.
    fn progress(&self) -> (u64, u64) {
        (0, 0)
    }
}
