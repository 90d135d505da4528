//! The part of a scan that the engine does not do: filtering, ordering, limiting and projecting the rows it returns.

use std::sync::Arc;

use crate::domain::scan::{ScanOrder, ScanRequest};
use crate::model::snapshot::{key_form, lies_between};
use crate::model::time::lies_on;
use crate::model::{Filter, Refusal, Table, Value};

/// The remaining work of a scan.
pub(super) struct ResidualScan {
    /// The filter still to apply; [`Filter::All`] where there is none.
    pub(super) filter: Filter,
    /// The order still to bring the rows into.
    pub(super) order: Option<ScanOrder>,
    /// Maximum number of rows.
    pub(super) limit: u64,
    /// The table as it is read.
    table: Option<Arc<Table>>,
    /// The position of the filter's column.
    filtered: usize,
    /// The position of the order's column.
    ordered: usize,
    /// The positions of the columns that the reader gets; `None` for all of them.
    shown: Option<Vec<usize>>,
}

impl ResidualScan {
    /// Returns the whole work of a scan.
    pub(super) fn from_request(scan: &ScanRequest) -> Self {
        let (filter, order, limit) = (scan.filter.clone(), scan.order.clone(), scan.limit.unwrap_or(u64::MAX));
        Self { filter, order, limit, table: None, filtered: 0, ordered: 0, shown: None }
    }

    /// Returns whether rows are passed on one by one, so that a limit may be pushed down.
    pub(super) fn is_of_rows(&self) -> bool {
        self.filter == Filter::All && self.order.is_none()
    }

    /// Returns the columns to read: the reader's, and those of filter and order; empty for all.
    pub(super) fn columns_to_read(&self, scan: &ScanRequest) -> Vec<String> {
        let mut columns = scan.columns.clone();
        if !columns.is_empty() {
            columns.extend(filter_column(&self.filter).map(str::to_owned));
            columns.extend(self.order.iter().map(|order| order.column.clone()));
        }
        columns
    }

    /// Looks the columns up in the table as read, and in the table as the reader gets it.
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
            let positions = shown.columns.iter().map(|column| read.column(&column.image.name).map(|(at, _)| at));
            self.shown = Some(positions.collect::<Result<_, _>>()?);
        }
        self.table = Some(read.clone());
        Ok(())
    }

    /// Returns whether a row matches the filter.
    pub(super) fn matches_filter(&self, row: &[Value]) -> bool {
        let Some(cell) = row.get(self.filtered) else { return self.filter == Filter::All };
        match &self.filter {
            Filter::All => true,
            Filter::In { values, .. } => {
                let cell = key_form(cell);
                // NULL equals nothing, as in SQL.
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

    /// Returns the cells of a row that the reader gets; `cells` is a buffer, reused for all rows.
    pub(super) fn project_row<'r>(&self, row: &'r [Value], cells: &'r mut Vec<Value>) -> &'r [Value] {
        let Some(places) = &self.shown else { return row };
        cells.clear();
        cells.extend(places.iter().map(|at| row.get(*at).cloned().unwrap_or(Value::Null)));
        cells
    }

    /// Orders rows, cuts them to the limit, and reduces each to the cells that the reader gets.
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
