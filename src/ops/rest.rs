//! What is left to do with the rows of a scan where the engine that reads them does it not; reads nothing.

use std::sync::Arc;

use crate::domain::scan::{ScanOrder, ScanRequest};
use crate::model::snapshot::{key_form, lies_between};
use crate::model::time::lies_on;
use crate::model::{Filter, Refusal, Table, Value};

/// What is left to do.
pub(super) struct ResidualScan {
    /// Which rows are wanted.
    pub(super) filter: Filter,
    /// In which order.
    pub(super) order: Option<ScanOrder>,
    /// At most how many.
    pub(super) limit: u64,
    /// The table as it is read.
    table: Option<Arc<Table>>,
    /// The places of the filter's column and of the order's.
    filtered: usize,
    ordered: usize,
    /// The places of the cells that are shown; none where all of them are.
    shown: Option<Vec<usize>>,
}

impl ResidualScan {
    /// Leaves everything to do.
    pub(super) fn from_request(scan: &ScanRequest) -> Self {
        let (filter, order, limit) = (scan.filter.clone(), scan.order.clone(), scan.limit.unwrap_or(u64::MAX));
        Self { filter, order, limit, table: None, filtered: 0, ordered: 0, shown: None }
    }

    /// Tells whether every row that comes is wanted, in the order in which it comes.
    pub(super) fn is_of_rows(&self) -> bool {
        self.filter == Filter::All && self.order.is_none()
    }

    /// Returns the columns that have to be read.
    pub(super) fn columns_to_read(&self, scan: &ScanRequest) -> Vec<String> {
        let mut columns = scan.columns.clone();
        if !columns.is_empty() {
            columns.extend(filter_column(&self.filter).map(str::to_owned));
            columns.extend(self.order.iter().map(|order| order.column.clone()));
        }
        columns
    }

    /// Finds the columns in the table that is read, and those that are shown of it.
    ///
    /// # Errors
    /// [`Refusal::MissingColumn`].
    pub(super) fn bind_table(&mut self, read: &Arc<Table>, shown: &Table) -> Result<(), Refusal> {
        if let Some(column) = filter_column(&self.filter) {
            self.filtered = read.column(column)?.0;
        }
        if let Some(order) = &self.order {
            self.ordered = read.column(&order.column)?.0;
        }
        if read.columns.len() != shown.columns.len() {
            let place = |column: &crate::model::Column| read.column(&column.image.name).map(|(at, _)| at);
            self.shown = Some(shown.columns.iter().map(place).collect::<Result<_, _>>()?);
        }
        self.table = Some(read.clone());
        Ok(())
    }

    /// Tells whether a row is wanted.
    pub(super) fn matches_filter(&self, row: &[Value]) -> bool {
        let Some(cell) = row.get(self.filtered) else { return self.filter == Filter::All };
        match &self.filter {
            Filter::All => true,
            Filter::In { values, .. } => {
                let cell = key_form(cell);
                !cell.is_null() && values.iter().any(|value| key_form(value) == cell)
            }
            Filter::Between { first, last, .. } => lies_between(cell, *first, *last),
            Filter::Days { first, last, .. } => {
                let column = self.table.as_ref().and_then(|table| table.columns.get(self.filtered));
                column.is_some_and(|column| lies_on(cell, column, *first, *last))
            }
            Filter::Maximum { .. } => false,
        }
    }

    /// Returns the cells of a row that are shown.
    pub(super) fn project_row<'r>(&self, row: &'r [Value], cells: &'r mut Vec<Value>) -> &'r [Value] {
        let Some(places) = &self.shown else { return row };
        cells.clear();
        cells.extend(places.iter().map(|at| row.get(*at).cloned().unwrap_or(Value::Null)));
        cells
    }

    /// Puts rows in order, leaves no more than are wanted, and of each the cells that are shown.
    pub(super) fn arrange_rows(&self, mut rows: Vec<Vec<Value>>) -> Vec<Vec<Value>> {
        if let Some(order) = &self.order {
            rows.sort_by(|a, b| a.get(self.ordered).cmp(&b.get(self.ordered)));
            if order.descending {
                rows.reverse();
            }
        }
        rows.truncate(usize::try_from(self.limit).unwrap_or(usize::MAX));
        let mut cells = Vec::new();
        rows.iter().map(|row| self.project_row(row, &mut cells).to_vec()).collect()
    }
}

fn filter_column(filter: &Filter) -> Option<&str> {
    match filter {
        Filter::All => None,
        Filter::In { column, .. }
        | Filter::Days { column, .. }
        | Filter::Between { column, .. }
        | Filter::Maximum { column } => Some(column),
    }
}
