//! The rows read from a target, as pure data for modes and checks, and the queries by which they are read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;
use mfm_journal::{Decimal, Value};

use super::Key;
use super::column::Table;
use super::refusal::Refusal;
use super::time;

/// A query for rows of one table. They are read whole, so that their digests can be computed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fetch {
    /// The table, in the domain's spelling.
    pub table: String,
    /// The rows to read.
    pub filter: Filter,
}

/// The rows of a table to read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Filter {
    /// Every row.
    All,
    /// The rows whose column holds one of these values.
    In {
        /// The column.
        column: String,
        /// The values; never NULL.
        values: BTreeSet<Value>,
    },
    /// The rows whose date and time lies on one of these days, by the cell's own clock.
    Days {
        /// The column.
        column: String,
        /// The first day.
        first: Date,
        /// The last day, inclusive.
        last: Date,
    },
    /// The rows whose column holds an integer of a range.
    Between {
        /// The column.
        column: String,
        /// The smallest integer.
        first: i64,
        /// The largest integer, inclusive.
        last: i64,
    },
    /// No row: only the largest value of an integer column.
    Maximum {
        /// The column.
        column: String,
    },
}

impl Fetch {
    /// Asks for every row.
    #[must_use]
    pub fn all(table: &str) -> Self {
        Self { table: table.to_owned(), filter: Filter::All }
    }

    /// Asks for the rows whose column holds one of these values; NULLs are dropped.
    #[must_use]
    pub fn among(table: &str, column: &str, values: impl IntoIterator<Item = Value>) -> Self {
        let values = values.into_iter().filter(|value| !value.is_null()).collect();
        Self { table: table.to_owned(), filter: Filter::In { column: column.to_owned(), values } }
    }

    /// Asks for the rows whose date and time lies on one day.
    #[must_use]
    pub fn day(table: &str, column: &str, day: Date) -> Self {
        Self { table: table.to_owned(), filter: Filter::Days { column: column.to_owned(), first: day, last: day } }
    }

    /// Asks for the largest value of an integer column.
    #[must_use]
    pub fn maximum(table: &str, column: &str) -> Self {
        Self { table: table.to_owned(), filter: Filter::Maximum { column: column.to_owned() } }
    }
}

/// A target's answer to a query.
#[derive(Clone, Debug)]
pub struct FetchAnswer {
    /// The table; `None` where the target has none of that name.
    pub table: Option<Arc<Table>>,
    /// The rows, in the order of the shape's columns.
    pub rows: Vec<Vec<Value>>,
    /// The largest value, for [`Filter::Maximum`]; `None` for an empty table and for other filters.
    pub maximum: Option<i64>,
}

/// All rows read so far, and the queries that were answered.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    tables: BTreeMap<String, TableRows>,
    asked: BTreeSet<Fetch>,
    /// Tables that were asked for and that the target lacks.
    absent: BTreeSet<String>,
    maxima: BTreeMap<(String, String), Option<i64>>,
}

/// The rows read of one table.
#[derive(Clone, Debug)]
pub struct TableRows {
    /// The table as declared.
    pub table: Arc<Table>,
    rows: BTreeMap<Key, Vec<Value>>,
    /// By column and value, the keys of the rows with it; complete only for values that were asked for.
    index: BTreeMap<String, BTreeMap<Value, BTreeSet<Key>>>,
}

/// One row, with its table.
#[derive(Clone, Copy, Debug)]
pub struct Row<'s> {
    /// The table as declared.
    pub table: &'s Arc<Table>,
    /// The cells, in the order of the shape's columns.
    pub cells: &'s [Value],
}

impl Snapshot {
    /// Tells whether a query was answered already.
    #[must_use]
    pub fn has_answer(&self, query: &Fetch) -> bool {
        self.asked.contains(query)
    }

    /// Adds the answer to a query.
    ///
    /// # Errors
    /// [`Refusal::MissingColumn`] where the table lacks a key column.
    pub fn add_answer(&mut self, query: Fetch, answer: FetchAnswer) -> Result<(), Refusal> {
        match answer.table {
            None => {
                self.absent.insert(query.table.clone());
            }
            Some(table) => {
                if let Filter::Maximum { column } = &query.filter {
                    self.maxima.insert((query.table.clone(), column.clone()), answer.maximum);
                }
                // Even an answer without rows shows that the table exists, and its declaration.
                let rows = self.tables.entry(query.table.clone()).or_insert_with(|| TableRows::new(table));
                let column = if let Filter::In { column, values } = &query.filter {
                    rows.index_values(column, values);
                    Some(column.as_str())
                } else {
                    None
                };
                for row in answer.rows {
                    rows.add_row(row, column)?;
                }
            }
        }
        self.asked.insert(query);
        Ok(())
    }

    /// Returns what was read of a table.
    ///
    /// # Errors
    /// [`Refusal::MissingTable`] where the target has none of that name, or nothing of it was asked for.
    pub fn table(&self, table: &str) -> Result<&TableRows, Refusal> {
        self.tables.get(table).ok_or_else(|| Refusal::MissingTable { table: table.to_owned() })
    }

    /// Tells whether the target was asked for a table and does not have it.
    #[must_use]
    pub fn lacks(&self, table: &str) -> bool {
        self.absent.contains(table)
    }

    /// Returns the largest value of an integer column; `None` for an empty table.
    ///
    /// # Errors
    /// [`Refusal::MissingTable`] where it was not read.
    pub fn maximum(&self, table: &str, column: &str) -> Result<Option<i64>, Refusal> {
        let answer = self.maxima.get(&(table.to_owned(), column.to_owned()));
        answer.copied().ok_or_else(|| Refusal::MissingTable { table: table.to_owned() })
    }

    /// Forgets everything read of a table, ignoring the case of its name, so that it is read again.
    pub fn forget(&mut self, table: &str) {
        self.tables.retain(|name, _| !name.eq_ignore_ascii_case(table));
        self.asked.retain(|query| !query.table.eq_ignore_ascii_case(table));
        self.absent.retain(|name| !name.eq_ignore_ascii_case(table));
        self.maxima.retain(|(name, _), _| !name.eq_ignore_ascii_case(table));
    }

    /// Returns every table read, by name.
    pub fn tables(&self) -> impl Iterator<Item = (&str, &TableRows)> {
        self.tables.iter().map(|(name, rows)| (name.as_str(), rows))
    }
}

impl TableRows {
    fn new(table: Arc<Table>) -> Self {
        Self { table, rows: BTreeMap::new(), index: BTreeMap::new() }
    }

    /// Notes which values were asked for, even those without rows: for these the index is complete.
    fn index_values(&mut self, column: &str, values: &BTreeSet<Value>) {
        let index = self.index.entry(column.to_owned()).or_default();
        for value in values {
            index.entry(key_form(value)).or_default();
        }
    }

    fn add_row(&mut self, row: Vec<Value>, column: Option<&str>) -> Result<(), Refusal> {
        let key = self.table.key_of(&row)?;
        if let Some(column) = column {
            let (at, _) = self.table.column(column)?;
            let value = row.get(at).map(key_form).unwrap_or(Value::Null);
            self.index.entry(column.to_owned()).or_default().entry(value).or_default().insert(key.clone());
        }
        self.rows.insert(key, row);
        Ok(())
    }

    fn view_row<'s>(&'s self, cells: &'s [Value]) -> Row<'s> {
        Row { table: &self.table, cells }
    }

    /// Returns the row of a key; `None` where it does not exist or was not read.
    #[must_use]
    pub fn row(&self, key: &[Value]) -> Option<Row<'_>> {
        self.rows.get(key).map(|cells| self.view_row(cells))
    }

    /// Returns all rows, in key order.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.values().map(|cells| self.view_row(cells))
    }

    /// Returns the read rows whose column holds a value, in key order. It is fast for values that a query asked for,
    /// and scans all read rows for others.
    #[must_use]
    pub fn rows_with(&self, column: &str, value: &Value) -> Vec<Row<'_>> {
        let value = key_form(value);
        if let Some(keys) = self.index.get(column).and_then(|index| index.get(&value)) {
            return keys.iter().filter_map(|key| self.row(key)).collect();
        }
        self.rows().filter(|row| row.cell(column).is_some_and(|cell| key_form(cell) == value)).collect()
    }

    /// Returns the number of rows read.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Tells whether no row was read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// Returns the form in which keys are compared: integral numbers of any type become integers.
#[must_use]
pub fn key_form(value: &Value) -> Value {
    to_integer(value).map_or_else(|| value.clone(), Value::Integer)
}

/// Tells whether a cell holds an integer of a range, whatever numeric type holds it.
#[must_use]
pub fn lies_between(value: &Value, first: i64, last: i64) -> bool {
    to_integer(value).is_some_and(|number| (first..=last).contains(&number))
}

fn to_integer(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(number) => Some(*number),
        Value::Boolean(flag) => Some(i64::from(*flag)),
        // Spares the exact conversion below in the usual case of a fraction.
        Value::Real(number) if number.fract() != 0.0 => None,
        Value::Real(number) => Decimal::from_f64(*number)?.to_i64_exact(),
        Value::Decimal(number) => number.to_i64_exact(),
        _ => None,
    }
}

impl<'s> Row<'s> {
    /// Returns a cell; `None` where the table has no such column.
    #[must_use]
    pub fn cell(&self, column: &str) -> Option<&'s Value> {
        self.cells.get(self.table.position(column)?)
    }

    /// Returns the row's key; empty where the columns read do not include it.
    #[must_use]
    pub fn key(&self) -> Key {
        self.table.key_of(self.cells).unwrap_or_default()
    }

    /// Returns an integer, whatever numeric type holds it; `None` for NULL, a fraction or a missing column.
    #[must_use]
    pub fn integer(&self, column: &str) -> Option<i64> {
        to_integer(self.cell(column)?)
    }

    /// Returns a number as an exact decimal; `None` for NULL, any other type or a missing column.
    #[must_use]
    pub fn decimal(&self, column: &str) -> Option<Decimal> {
        match self.cell(column)? {
            Value::Integer(number) => Some(Decimal::from(*number)),
            Value::Real(number) => Decimal::from_f64(*number),
            Value::Decimal(number) => Some(*number),
            _ => None,
        }
    }

    /// Returns a number as the nearest float, for arithmetic but never for equality.
    #[must_use]
    pub fn float(&self, column: &str) -> Option<f64> {
        match self.cell(column)? {
            Value::Real(number) => Some(*number),
            Value::Integer(number) => {
                // There is no lossless conversion from i64; text rounds to the nearest float.
                i32::try_from(*number).ok().map(f64::from).or_else(|| number.to_string().parse().ok())
            }
            _ => self.decimal(column)?.to_string().parse().ok(),
        }
    }

    /// Tells whether the column exists and the cell is not NULL.
    #[must_use]
    pub fn has_value(&self, column: &str) -> bool {
        self.cell(column).is_some_and(|cell| !cell.is_null())
    }

    /// Returns whether a flag is set; `None` for NULL or a missing column.
    #[must_use]
    pub fn flag(&self, column: &str) -> Option<bool> {
        self.integer(column).map(|number| number != 0)
    }

    /// Returns a date and time, with its offset from UTC if the cell names one; `None` where it cannot be read.
    #[must_use]
    pub fn time(&self, column: &str) -> Option<time::Time> {
        let at = self.table.position(column)?;
        time::read_time(self.cells.get(at)?, self.table.columns.get(at)?)
    }

    /// Returns the wall time of a cell without its offset.
    #[cfg(test)]
    pub(crate) fn datetime(&self, column: &str) -> Option<jiff::civil::DateTime> {
        self.time(column).map(|time| time.wall)
    }

    /// Returns a text; `None` for NULL, any other type or a missing column.
    #[must_use]
    pub fn text(&self, column: &str) -> Option<&'s str> {
        match self.cell(column)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use mfm_journal::TableShape;

    use super::*;
    use crate::model::{Column, KeyStanding, Kind, NameIndex, Role, Storage};

    fn integer_column(name: &str) -> Column {
        let image = mfm_journal::ColumnShape::new(name, "int");
        Column { image, kind: Kind::parse("int"), storage: Storage::Integer, nullable: true, role: Role::Plain }
    }

    #[test]
    fn rows_are_found_whatever_query_read_them() {
        let columns = vec![integer_column("id"), integer_column("of")];
        let shape = TableShape {
            name: "t".into(),
            key: vec!["id".into()],
            columns: columns.iter().map(|column| column.image.clone()).collect(),
            omitted: Vec::new(),
        };
        let table = Table {
            shape: Arc::new(shape),
            columns,
            omitted: Vec::new(),
            key: KeyStanding::Undeclared,
            names: NameIndex::default(),
        };
        let table = Arc::new(table);
        let mut snapshot = Snapshot::default();
        for (column, value, rows) in [("of", 7, &[[1, 7], [2, 7]][..]), ("id", 3, &[[3, 8]][..])] {
            let rows = rows.iter().map(|cells| cells.map(Value::Integer).to_vec()).collect();
            let answer = FetchAnswer { table: Some(table.clone()), rows, maximum: None };
            snapshot.add_answer(Fetch::among("t", column, [Value::Integer(value)]), answer).unwrap();
        }
        for (column, value, count) in [("of", 7, 2), ("of", 8, 1), ("of", 9, 0), ("id", 1, 1), ("id", 3, 1)] {
            let rows = snapshot.table("t").unwrap().rows_with(column, &Value::Integer(value));
            assert_eq!(rows.len(), count, "{column} {value}");
        }
    }
}
