//! Questions written as straight-line code. A question asks [`Reading`] for scans; at the first one that was not made
//! yet it stops with [`Stop::Ask`], the caller makes that scan, and the question runs again from the start.
//!
//! Answering is pure and mostly cheap compared with a scan, so running it again costs little. What is not cheap is
//! remembered from one run to the next: [`Reading::remember`].

use std::any::Any;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::Arc;

use serde::Serialize;

use crate::domain::query::{QueryAnswer, QueryError, QueryRun, to_answer};
use crate::domain::scan::{ScanReader, ScanRequest};
use crate::domain::table::TableCard;
use crate::model::{Filter, Row, Table, Value};

/// A cell of a recording.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SheetCell {
    /// NULL (the recorder stores NaN as NULL), or a type that recordings do not use.
    Null,
    /// An integer.
    Integer(i64),
    /// A float; may be infinite.
    Real(f64),
    /// The index of a text among the texts of its sheet, so that a cell stays small and `Copy`.
    Text(usize),
}

/// The rows of one scan, row by row in one flat vector of cells.
#[derive(Debug, Default)]
pub struct ScanSheet {
    columns: Vec<String>,
    cells: Vec<SheetCell>,
    texts: Vec<String>,
}

/// The index of a column in a sheet. A column that does not exist has an index too, under which every cell is NULL.
#[derive(Clone, Copy, Debug)]
pub struct ColumnIndex(usize);

/// One row of a sheet.
#[derive(Clone, Copy, Debug)]
pub struct SheetRow<'s> {
    sheet: &'s ScanSheet,
    cells: &'s [SheetCell],
}

impl ScanSheet {
    fn from_table(table: &Table) -> Self {
        let columns = table.columns.iter().map(|column| column.image.name.clone()).collect();
        Self { columns, cells: Vec::new(), texts: Vec::new() }
    }

    fn push_row(&mut self, row: &Row<'_>) {
        for value in row.cells {
            let cell = match value {
                Value::Integer(number) => SheetCell::Integer(*number),
                Value::Boolean(flag) => SheetCell::Integer(i64::from(*flag)),
                Value::Real(number) => SheetCell::Real(*number),
                Value::Text(text) => {
                    self.texts.push(text.clone());
                    SheetCell::Text(self.texts.len() - 1)
                }
                _ => SheetCell::Null,
            };
            self.cells.push(cell);
        }
    }

    /// Returns the index of a column, whatever the case of its name.
    #[must_use]
    pub fn column_index(&self, column: &str) -> ColumnIndex {
        ColumnIndex(self.columns.iter().position(|name| name.eq_ignore_ascii_case(column)).unwrap_or(usize::MAX))
    }

    /// Returns whether the scanned table has a column.
    #[must_use]
    pub fn has_column(&self, column: &str) -> bool {
        self.column_index(column).0 != usize::MAX
    }

    /// Returns all rows in the order of the scan.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = SheetRow<'_>> {
        // Chunks of size 0 panic: a sheet without columns has no cells, so any size yields no row.
        self.cells.chunks_exact(self.columns.len().max(1)).map(|cells| SheetRow { sheet: self, cells })
    }

    /// Returns the number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cells.len() / self.columns.len().max(1)
    }

    /// Returns whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }
}

impl<'s> SheetRow<'s> {
    /// Returns an integer; `None` for NULL, a fraction, or a missing column.
    #[must_use]
    pub fn integer_at(&self, place: ColumnIndex) -> Option<i64> {
        match self.cells.get(place.0)? {
            SheetCell::Integer(number) => Some(*number),
            // An id column may be declared as a float. Below 2^53 such an id is exact; it goes through text, as there
            // is no checked conversion from float to integer.
            SheetCell::Real(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
                format!("{number:.0}").parse().ok()
            }
            _ => None,
        }
    }

    /// Returns a number; `None` for NULL, a text, or a missing column.
    #[must_use]
    pub fn number_at(&self, place: ColumnIndex) -> Option<f64> {
        match self.cells.get(place.0)? {
            SheetCell::Real(number) => Some(*number),
            SheetCell::Integer(number) => Some(to_float(*number)),
            _ => None,
        }
    }

    /// Returns whether a flag is set, which recordings store as 0 or 1; `None` for NULL or a missing column.
    #[must_use]
    pub fn flag_at(&self, place: ColumnIndex) -> Option<bool> {
        self.integer_at(place).map(|number| number != 0)
    }

    /// Returns the integer in a named column, as [`SheetRow::integer_at`].
    #[must_use]
    pub fn integer(&self, column: &str) -> Option<i64> {
        self.integer_at(self.sheet.column_index(column))
    }

    /// Returns the number in a named column, as [`SheetRow::number_at`].
    #[must_use]
    pub fn number(&self, column: &str) -> Option<f64> {
        self.number_at(self.sheet.column_index(column))
    }

    /// Returns the flag in a named column, as [`SheetRow::flag_at`].
    #[must_use]
    pub fn flag(&self, column: &str) -> Option<bool> {
        self.flag_at(self.sheet.column_index(column))
    }

    /// Returns the text in a named column; `None` for anything but a text.
    #[must_use]
    pub fn text(&self, column: &str) -> Option<&'s str> {
        match self.cells.get(self.sheet.column_index(column).0)? {
            SheetCell::Text(at) => self.sheet.texts.get(*at).map(String::as_str),
            _ => None,
        }
    }
}

/// Converts an integer to the nearest float; exact below 2^53.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "the nearest float is what is wanted")]
pub const fn to_float(number: i64) -> f64 {
    number as f64
}

/// Why a question stopped before its answer.
#[derive(Debug)]
pub enum Stop {
    /// This scan has to be made first.
    Ask(Box<ScanRequest>),
    /// The question has no answer.
    Fail(QueryError),
}

impl From<QueryError> for Stop {
    fn from(error: QueryError) -> Self {
        Self::Fail(error)
    }
}

/// The scans that were made so far, with their rows; `None` for a table that the recording lacks.
#[derive(Debug, Default)]
pub struct Reading {
    done: Vec<(ScanRequest, Option<ScanSheet>)>,
    remembered: RefCell<BTreeMap<&'static str, Rc<dyn Any>>>,
}

impl Reading {
    /// Returns what was computed under this name in an earlier run of the question, or computes it. It has to follow
    /// from the question's parameters and its scans alone; one name stands for one type.
    ///
    /// # Errors
    /// What `compute` says; then nothing is remembered.
    pub fn remember<T: 'static>(
        &self,
        name: &'static str,
        compute: impl FnOnce() -> Result<T, Stop>,
    ) -> Result<Rc<T>, Stop> {
        let known = self.remembered.borrow().get(name).cloned();
        if let Some(known) = known.and_then(|known| known.downcast().ok()) {
            return Ok(known);
        }
        let computed = Rc::new(compute()?);
        self.remembered.borrow_mut().insert(name, computed.clone());
        Ok(computed)
    }

    /// Returns the rows of a scan; `None` where the recording lacks the table.
    ///
    /// # Errors
    /// [`Stop::Ask`] where it was not made yet.
    pub fn scan(&self, request: ScanRequest) -> Result<Option<&ScanSheet>, Stop> {
        match self.done.iter().find(|(known, _)| *known == request) {
            Some((_, sheet)) => Ok(sheet.as_ref()),
            // Boxed because the error type is part of the `Result` of every question, and should stay small.
            None => Err(Stop::Ask(Box::new(request))),
        }
    }

    /// Returns columns of a whole table.
    ///
    /// # Errors
    /// As [`Reading::scan`].
    pub fn scan_table(&self, table: &TableCard, columns: &[&str]) -> Result<Option<&ScanSheet>, Stop> {
        self.scan(ScanRequest::every_row(table.name, columns))
    }

    /// Returns columns of the rows whose `frame_id` lies in a range, both ends included.
    ///
    /// # Errors
    /// As [`Reading::scan`].
    pub fn scan_frames(
        &self,
        table: &TableCard,
        columns: &[&str],
        range: (i64, i64),
    ) -> Result<Option<&ScanSheet>, Stop> {
        let (first, last) = range;
        let filter = Filter::Between { column: "frame_id".to_owned(), first, last };
        self.scan(ScanRequest::every_row(table.name, columns).filter(filter))
    }

    /// Returns columns of the rows whose `column` holds one of the given ids.
    ///
    /// # Errors
    /// As [`Reading::scan`].
    pub fn scan_among(
        &self,
        table: &TableCard,
        columns: &[&str],
        column: &str,
        ids: impl IntoIterator<Item = i64>,
    ) -> Result<Option<&ScanSheet>, Stop> {
        // A set, so that a question that runs again builds an equal request whatever the order of its ids.
        let values: BTreeSet<Value> = ids.into_iter().map(Value::Integer).collect();
        let filter = Filter::In { column: column.to_owned(), values };
        self.scan(ScanRequest::every_row(table.name, columns).filter(filter))
    }
}

/// A question about a recording, as straight-line code.
pub trait Question {
    /// The type of its answer.
    type Answer: Serialize;

    /// Answers from the scans made so far.
    ///
    /// # Errors
    /// [`Stop::Ask`] for the next scan, [`Stop::Fail`] where there is no answer.
    fn answer(&self, reading: &Reading) -> Result<Self::Answer, Stop>;
}

/// A question with the scans made for it so far: the [`QueryRun`] of a [`Question`].
pub struct QuestionRun<Q> {
    question: Q,
    reading: Reading,
    current: Option<(ScanRequest, Option<ScanSheet>)>,
    outcome: Result<QueryAnswer, QueryError>,
}

impl<Q: Question + 'static> QuestionRun<Q> {
    /// Starts a run for a question.
    pub fn start(question: Q) -> Box<dyn QueryRun> {
        let outcome = Err(QueryError::NotRecorded("nothing was read".to_owned()));
        Box::new(Self { question, reading: Reading::default(), current: None, outcome })
    }
}

impl<Q: Question> ScanReader for QuestionRun<Q> {
    fn next_scan(&mut self) -> Option<ScanRequest> {
        self.outcome = match self.question.answer(&self.reading) {
            Ok(typed) => Ok(to_answer(&typed)),
            Err(Stop::Fail(error)) => Err(error),
            Err(Stop::Ask(request)) => {
                // Moved to the scans made when it ends; without a table its rows stay `None`.
                self.current = Some((request.as_ref().clone(), None));
                return Some(*request);
            }
        };
        None
    }

    fn begin_scan(&mut self, table: Option<&Arc<Table>>) {
        if let Some((_, sheet)) = &mut self.current {
            *sheet = table.map(|table| ScanSheet::from_table(table));
        }
    }

    fn take_rows(&mut self, rows: &[Row<'_>]) -> ControlFlow<()> {
        if let Some((_, Some(sheet))) = &mut self.current {
            rows.iter().for_each(|row| sheet.push_row(row));
        }
        ControlFlow::Continue(())
    }

    fn end_scan(&mut self) {
        self.reading.done.extend(self.current.take());
    }

    fn progress(&self) -> (u64, u64) {
        (self.reading.done.len() as u64, 0)
    }
}

impl<Q: Question> QueryRun for QuestionRun<Q> {
    fn finish(self: Box<Self>) -> Result<QueryAnswer, QueryError> {
        self.outcome
    }
}
