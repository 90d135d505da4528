//! Straight-line questions: code that reads as if every table were there, stops where a scan is still to be made, and
//! begins anew once it was.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use serde::Serialize;

use crate::domain::query::{QueryAnswer, QueryError, QueryRun, to_answer};
use crate::domain::scan::{ScanReader, ScanRequest};
use crate::domain::table::TableCard;
use crate::model::{Filter, Row, Table, Value};

/// A cell of a recording.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SheetCell {
    /// NULL, which also stands for a number that is none; or what no column of a recording holds.
    Null,
    /// An integer.
    Integer(i64),
    /// A float, an infinity among them.
    Real(f64),
    /// A text: its place among the texts of its sheet.
    Text(usize),
}

/// The rows of one scan.
#[derive(Debug, Default)]
pub struct ScanSheet {
    columns: Vec<String>,
    cells: Vec<SheetCell>,
    texts: Vec<String>,
}

/// A column's place in a sheet; of a column that is not there, nothing is read but NULL.
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

    /// Returns the place of a column.
    #[must_use]
    pub fn column_index(&self, column: &str) -> ColumnIndex {
        ColumnIndex(self.columns.iter().position(|name| name.eq_ignore_ascii_case(column)).unwrap_or(usize::MAX))
    }

    /// Tells whether the table has a column.
    #[must_use]
    pub fn has_column(&self, column: &str) -> bool {
        self.column_index(column).0 != usize::MAX
    }

    /// Returns all rows, in the order of the scan.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = SheetRow<'_>> {
        self.cells.chunks_exact(self.columns.len().max(1)).map(|cells| SheetRow { sheet: self, cells })
    }

    /// Returns how many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cells.len() / self.columns.len().max(1)
    }

    /// Tells whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }
}

impl<'s> SheetRow<'s> {
    /// Returns an integer; `None` for NULL, a fraction, or a column that is not there.
    #[must_use]
    pub fn integer_at(&self, place: ColumnIndex) -> Option<i64> {
        match self.cells.get(place.0)? {
            SheetCell::Integer(number) => Some(*number),
            // A float column of ids: whole and small enough to be exact.
            SheetCell::Real(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
                format!("{number:.0}").parse().ok()
            }
            _ => None,
        }
    }

    /// Returns a number; `None` for NULL or a column that is not there.
    #[must_use]
    pub fn number_at(&self, place: ColumnIndex) -> Option<f64> {
        match self.cells.get(place.0)? {
            SheetCell::Real(number) => Some(*number),
            SheetCell::Integer(number) => Some(to_float(*number)),
            _ => None,
        }
    }

    /// Returns an integer of a named column.
    #[must_use]
    pub fn integer(&self, column: &str) -> Option<i64> {
        self.integer_at(self.sheet.column_index(column))
    }

    /// Returns a number of a named column.
    #[must_use]
    pub fn number(&self, column: &str) -> Option<f64> {
        self.number_at(self.sheet.column_index(column))
    }

    /// Returns whether a flag is set.
    #[must_use]
    pub fn flag(&self, column: &str) -> Option<bool> {
        self.integer(column).map(|number| number != 0)
    }

    /// Returns a text of a named column.
    #[must_use]
    pub fn text(&self, column: &str) -> Option<&'s str> {
        match self.cells.get(self.sheet.column_index(column).0)? {
            SheetCell::Text(at) => self.sheet.texts.get(*at).map(String::as_str),
            _ => None,
        }
    }
}

/// Returns the nearest float of an integer.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "the nearest float is what is wanted")]
pub const fn to_float(number: i64) -> f64 {
    number as f64
}

/// Why a question stopped.
#[derive(Debug)]
pub enum Stop {
    /// This has to be read first.
    Ask(Box<ScanRequest>),
    /// There is no answer.
    Fail(QueryError),
}

impl From<QueryError> for Stop {
    fn from(error: QueryError) -> Self {
        Self::Fail(error)
    }
}

/// What was read so far.
#[derive(Debug, Default)]
pub struct Reading {
    done: Vec<(ScanRequest, Option<ScanSheet>)>,
}

impl Reading {
    /// Returns the rows of a scan; `None` where the recording lacks the table.
    ///
    /// # Errors
    /// [`Stop::Ask`] where it was not read yet.
    pub fn scan(&self, request: ScanRequest) -> Result<Option<&ScanSheet>, Stop> {
        match self.done.iter().find(|(known, _)| *known == request) {
            Some((_, sheet)) => Ok(sheet.as_ref()),
            None => Err(Stop::Ask(Box::new(request))),
        }
    }

    /// Returns some columns of a whole table.
    ///
    /// # Errors
    /// As [`Reading::scan`].
    pub fn scan_table(&self, table: &TableCard, columns: &[&str]) -> Result<Option<&ScanSheet>, Stop> {
        self.scan(ScanRequest::every_row(table.name, columns))
    }

    /// Returns some columns of the rows of some frames, the first and the last included.
    ///
    /// # Errors
    /// As [`Reading::scan`].
    pub fn scan_frames(
        &self,
        table: &TableCard,
        columns: &[&str],
        (first, last): (i64, i64),
    ) -> Result<Option<&ScanSheet>, Stop> {
        let filter = Filter::Between { column: "frame_id".to_owned(), first, last };
        self.scan(ScanRequest::every_row(table.name, columns).filter(filter))
    }

    /// Returns some columns of the rows whose column holds one of some ids.
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
        let values: BTreeSet<Value> = ids.into_iter().map(Value::Integer).collect();
        let filter = Filter::In { column: column.to_owned(), values };
        self.scan(ScanRequest::every_row(table.name, columns).filter(filter))
    }
}

/// A question as straight-line code.
pub trait Question {
    /// What it answers.
    type Answer: Serialize;

    /// Answers from what was read.
    ///
    /// # Errors
    /// What has to be read first, or why there is no answer.
    fn answer(&self, reading: &Reading) -> Result<Self::Answer, Stop>;
}

/// A question being asked.
pub struct QuestionRun<Q> {
    question: Q,
    reading: Reading,
    current: Option<(ScanRequest, Option<ScanSheet>)>,
    outcome: Result<QueryAnswer, QueryError>,
}

impl<Q: Question + 'static> QuestionRun<Q> {
    /// Begins to ask.
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
