//! Builds rows of any table by column name.

use jiff::civil::DateTime;
use mfm_journal::Decimal;

use super::{Sink, schema};
use crate::model::Datum;

/// A row under construction. Columns that are not set stay NULL.
pub(super) struct NewRow {
    table: &'static str,
    columns: &'static [(&'static str, &'static str)],
    cells: Vec<Datum>,
    /// Position of the next column, if columns are set in the order of the table: it saves the search in millions of
    /// rows.
    likely: usize,
}

impl NewRow {
    pub(super) fn new(table: &'static str) -> Self {
        let columns = schema::find_table(table).map_or(&[] as &[_], |known| known.columns);
        Self { table, columns, cells: vec![Datum::Null; columns.len()], likely: 0 }
    }

    pub(super) fn set(mut self, column: &str, datum: Datum) -> Self {
        let is_next = self.columns.get(self.likely).is_some_and(|(name, _)| *name == column);
        let at = if is_next { Some(self.likely) } else { self.columns.iter().position(|(n, _)| *n == column) };
        debug_assert!(at.is_some(), "{} has no column {column}", self.table);
        if let Some((at, cell)) = at.and_then(|at| Some((at, self.cells.get_mut(at)?))) {
            *cell = datum;
            self.likely = at + 1;
        }
        self
    }

    pub(super) fn integer(self, column: &str, number: i64) -> Self {
        self.set(column, Datum::Integer(number))
    }

    pub(super) fn flag(self, column: &str, flag: bool) -> Self {
        self.set(column, Datum::Integer(i64::from(flag)))
    }

    pub(super) fn text(self, column: &str, text: impl Into<String>) -> Self {
        self.set(column, Datum::Text(text.into()))
    }

    pub(super) fn time(self, column: &str, moment: DateTime) -> Self {
        self.set(column, Datum::DateTime(moment))
    }

    /// Sets Create_DtTm and Edit_DtTm.
    pub(super) fn created_and_edited(self, created: DateTime, edited: DateTime) -> Self {
        self.time("Create_DtTm", created).time("Edit_DtTm", edited)
    }

    /// Sets `unscaled * 10^-scale`.
    pub(super) fn decimal(self, column: &str, unscaled: i64, scale: u8) -> Self {
        let number = Decimal::new(i128::from(unscaled), scale);
        self.set(column, number.map_or(Datum::Null, Datum::Decimal))
    }

    pub(super) fn write_to<E>(self, sink: Sink<'_, E>) -> Result<(), E> {
        sink(self.table, self.cells)
    }
}
