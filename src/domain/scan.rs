//! How pure code reads a target: it asks for one scan or pipeline after another, and the caller passes it their rows in
//! batches.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::model::{Filter, Row, Table};

/// A scan that pure code asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanRequest {
    /// The table, in the domain's spelling.
    pub table: String,
    /// The columns to read; those that the table lacks are left out. An empty list means every column.
    pub columns: Vec<String>,
    /// The rows to read.
    pub filter: Filter,
    /// The order of the rows; `None` for the order in which the database stores them.
    pub order: Option<ScanOrder>,
    /// An inner join with the rows of another table.
    pub join: Option<JoinRequest>,
    /// The largest number of rows to read.
    pub limit: Option<u64>,
    /// What is made of the rows, one stage after another, before the reader sees them; empty for the rows themselves.
    pub pipeline: Vec<PipelineStage>,
}

/// The order of a scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanOrder {
    /// The column to order by.
    pub column: String,
    /// Whether the largest value comes first.
    pub descending: bool,
}

/// A step of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PipelineStage {
    /// Makes one row of all rows with the same values in these columns, by type and bit: the values, and the number of
    /// the rows in the column `count`. The groups come in the order of their values. Columns that the table lacks are
    /// left out.
    CountBy(Vec<String>),
    /// Sorts by a column; rows with the same value keep their order.
    Sort(ScanOrder),
    /// Leaves the first rows, at most this many.
    Limit(u64),
}

/// An inner join with the rows that a table's rows refer to. Their columns follow the table's own, named
/// `table.column`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinRequest {
    /// The referring column.
    pub column: String,
    /// The other table.
    pub parent: String,
    /// The columns to read of it.
    pub columns: Vec<String>,
    /// The column referred to.
    pub parent_column: String,
}

impl ScanRequest {
    /// Asks for every row of a table, in storage order.
    #[must_use]
    pub fn every_row(table: &str, columns: &[&str]) -> Self {
        let columns = columns.iter().map(|column| (*column).to_owned()).collect();
        Self {
            table: table.to_owned(),
            columns,
            filter: Filter::All,
            order: None,
            join: None,
            limit: None,
            pipeline: Vec::new(),
        }
    }

    /// Asks for the combinations of values that some columns of a table hold, with their numbers of rows.
    #[must_use]
    pub fn count_by(table: &str, columns: &[&str]) -> Self {
        let rows = Self::every_row(table, columns);
        let stage = PipelineStage::CountBy(rows.columns.clone());
        rows.then(stage)
    }

    /// Adds a stage to the pipeline.
    #[must_use]
    pub fn then(mut self, stage: PipelineStage) -> Self {
        self.pipeline.push(stage);
        self
    }

    /// Asks only for the rows that pass a filter.
    #[must_use]
    pub fn filter(self, filter: Filter) -> Self {
        Self { filter, ..self }
    }

    /// Asks for the rows in the order of a column, the smallest first.
    #[must_use]
    pub fn order_by(self, column: &str) -> Self {
        Self { order: Some(ScanOrder { column: column.to_owned(), descending: false }), ..self }
    }

    /// Asks for the rows in the order of a column, the largest first.
    #[must_use]
    pub fn order_by_descending(self, column: &str) -> Self {
        Self { order: Some(ScanOrder { column: column.to_owned(), descending: true }), ..self }
    }

    /// Asks for at most so many rows.
    #[must_use]
    pub fn limit(self, rows: u64) -> Self {
        Self { limit: Some(rows), ..self }
    }
}

/// Pure code that asks for scans and takes their rows.
///
/// For every scan that [`ScanReader::next_scan`] returns, the caller calls [`ScanReader::begin_scan`] once, then
/// [`ScanReader::take_rows`] for each batch until the rows end or it breaks, then [`ScanReader::end_scan`].
pub trait ScanReader {
    /// Returns what to read next; `None` once everything has been read.
    fn next_scan(&mut self) -> Option<ScanRequest>;
    /// Called before the rows, with the table as the target declares it, reduced to the requested columns that exist;
    /// `None` where the target has no such table.
    fn begin_scan(&mut self, _table: Option<&Arc<Table>>) {}
    /// Takes one batch of rows; a break ends the scan early.
    fn take_rows(&mut self, rows: &[Row<'_>]) -> ControlFlow<()>;
    /// Called after the last batch.
    fn end_scan(&mut self) {}
    /// Returns the number of finished steps and of all steps; (0, 0) where it does not count them.
    fn progress(&self) -> (u64, u64) {
        (0, 0)
    }
}
