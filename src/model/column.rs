//! Columns and tables as a target declares them, and the conversion of planned values into what a column stores.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::civil;
use mfm_journal::{ColumnShape as ColumnImage, Decimal, TableShape, Value};

use super::name_index::{NameIndex, NamePlace};
use super::refusal::Refusal;
use super::time;

/// A column as the target declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The column as the journal's images describe it.
    pub image: ColumnImage,
    /// The values that the declared type holds.
    pub kind: Kind,
    /// How the engine stores it.
    pub storage: Storage,
    /// Whether NULL is allowed.
    pub nullable: bool,
    /// Whether it can be set and put back.
    pub role: Role,
}

/// The values that a declared type holds, whatever the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `bit`.
    Boolean,
    /// An integer type with its range.
    Integer {
        /// The smallest value.
        min: i64,
        /// The largest value.
        max: i64,
    },
    /// `decimal(p,s)` and its kin.
    Decimal {
        /// The number of all digits.
        precision: u8,
        /// The number of digits after the point.
        scale: u8,
    },
    /// A binary float.
    Float,
    /// Text.
    Text {
        /// The largest length, in UTF-16 units; `None` for no limit.
        length: Option<u32>,
    },
    /// Binary.
    Bytes {
        /// The largest length, in bytes; `None` for no limit.
        length: Option<u32>,
        /// Whether every value is padded to `length`.
        fixed: bool,
    },
    /// A date with a time of day.
    DateTime,
    /// A counter that SQL Server rewrites at every write.
    RowVersion,
    /// Anything else: stored as given.
    Other,
}

/// How the engine stores a column: SQLite's five affinities, or a type system of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// SQLite INTEGER affinity.
    Integer,
    /// SQLite REAL affinity.
    Real,
    /// SQLite NUMERIC affinity.
    Numeric,
    /// SQLite TEXT affinity.
    Text,
    /// SQLite BLOB affinity, which converts nothing.
    Blob,
    /// A database that keeps the declared type.
    Native,
}

/// Whether a column can be set, and whether it can be put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Set and put back like any other.
    Plain,
    /// Computed by the database: left out of images and digests, and listed as omitted.
    Computed,
    /// Rewritten by the database at every write: residue, which no revert restores.
    RowVersion,
}

/// Whether the database itself guarantees a table's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyStanding {
    /// A primary key or a unique index over NOT NULL columns, by its name.
    Declared(String),
    /// Nothing is declared, so that a preflight has to scan the table.
    Undeclared,
    /// This key column is missing.
    Missing(String),
}

/// A table as the target declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The table as the journal's images describe it; its columns are those that can be read, set and put back.
    pub shape: Arc<TableShape>,
    /// The columns, in the order of the shape's.
    pub columns: Vec<Column>,
    /// The columns that the shape omits.
    pub omitted: Vec<Column>,
    /// Whether the key can be trusted.
    pub key: KeyStanding,
    /// Where each name is among the columns.
    pub names: NameIndex,
}

/// A value that a mode plans for a cell, before it is converted to what the column stores.
#[derive(Clone, Debug, PartialEq)]
pub enum Datum {
    /// NULL.
    Null,
    /// An integer.
    Integer(i64),
    /// A decimal number.
    Decimal(Decimal),
    /// A date and time of the target's wall clock.
    DateTime(civil::DateTime),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A copied cell, or one derived from it, in the form in which the engine stores it.
    Raw(Value),
}

impl Datum {
    /// Returns a cell's value for another column, which may store the same number in another form: 7 as 7.0.
    #[must_use]
    pub fn of_cell(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Boolean(flag) => Self::Integer(i64::from(*flag)),
            Value::Integer(number) => Self::Integer(*number),
            Value::Decimal(number) => Self::Decimal(*number),
            Value::Real(number) => Decimal::from_f64(*number).map_or_else(|| Self::Raw(value.clone()), Self::Decimal),
            other => Self::Raw(other.clone()),
        }
    }
}

impl Table {
    /// Returns the position of a column: the one of this exact name, else the first ignoring case.
    #[must_use]
    pub fn position(&self, column: &str) -> Option<usize> {
        let NamePlace::Candidate(at) = self.names.find(&self.columns, column) else { return None };
        if self.columns.get(at).is_some_and(|candidate| candidate.image.name == column) {
            return Some(at);
        }
        let exact = self.columns.iter().position(|c| c.image.name == column);
        exact.or_else(|| self.columns.iter().position(|c| c.image.name.eq_ignore_ascii_case(column)))
    }

    /// Returns a column and its position, as [`Self::position`] finds it.
    ///
    /// # Errors
    /// [`Refusal::MissingColumn`].
    pub fn column(&self, column: &str) -> Result<(usize, &Column), Refusal> {
        let position = self.position(column);
        position
            .and_then(|at| Some((at, self.columns.get(at)?)))
            .ok_or_else(|| Refusal::MissingColumn { table: self.shape.name.clone(), column: column.to_owned() })
    }

    /// Returns the table reduced to these columns and its key, in its own order; columns that it lacks are left out.
    #[must_use]
    pub fn select_columns(&self, columns: &[&str]) -> Self {
        let key = self.shape.key.iter().map(String::as_str);
        // A set keeps the table's own order, and takes a key column that is also asked for once.
        let positions: BTreeSet<usize> =
            columns.iter().copied().chain(key).filter_map(|name| self.position(name)).collect();
        let columns: Vec<Column> = positions.iter().filter_map(|at| self.columns.get(*at).cloned()).collect();
        let images = columns.iter().map(|column| column.image.clone()).collect();
        let shape = TableShape { columns: images, ..(*self.shape).clone() };
        Self {
            shape: Arc::new(shape),
            columns,
            omitted: self.omitted.clone(),
            key: self.key.clone(),
            names: NameIndex::default(),
        }
    }

    /// Returns the table of a join with a parent: its own columns, then the parent's as `NAME.column`.
    #[must_use]
    pub fn join_columns(&self, parent: &Self) -> Self {
        let mut columns = self.columns.clone();
        for column in &parent.columns {
            let mut column = column.clone();
            column.image.name = format!("{}.{}", parent.shape.name, column.image.name);
            columns.push(column);
        }
        let images = columns.iter().map(|column| column.image.clone()).collect();
        let shape = TableShape { columns: images, ..(*self.shape).clone() };
        Self {
            shape: Arc::new(shape),
            columns,
            omitted: self.omitted.clone(),
            key: self.key.clone(),
            names: NameIndex::default(),
        }
    }

    /// Returns the key of a row, whose cells are in the order of the shape's columns.
    ///
    /// # Errors
    /// [`Refusal::MissingColumn`] where a key column is not among the readable ones.
    pub fn key_of(&self, row: &[Value]) -> Result<Vec<Value>, Refusal> {
        let mut key = Vec::with_capacity(self.shape.key.len());
        for name in &self.shape.key {
            let (at, _) = self.column(name)?;
            key.push(row.get(at).cloned().unwrap_or(Value::Null));
        }
        Ok(key)
    }
}

impl Column {
    /// Converts a planned value to what the engine will store, checked against the declared type.
    ///
    /// # Errors
    /// [`Refusal::NotNull`], or [`Refusal::DoesNotFit`] for a value that the engine would store changed: mfm never
    /// rounds or truncates.
    pub fn store_datum(&self, table: &str, datum: &Datum) -> Result<Value, Refusal> {
        let value = match datum {
            Datum::Null => Value::Null,
            // A copied cell is in the engine's form already, and converting it could change it.
            Datum::Raw(value) => value.clone(),
            Datum::Integer(number) => self.store_number(table, Decimal::from(*number))?,
            Datum::Decimal(number) => self.store_number(table, *number)?,
            Datum::DateTime(moment) => {
                time::store_time(*moment, self).ok_or_else(|| self.does_not_fit(table, &moment.to_string()))?
            }
            Datum::Text(text) => self.store_text(table, text)?,
            Datum::Bytes(bytes) => self.store_bytes(table, bytes)?,
        };
        if value.is_null() && !self.nullable {
            return Err(Refusal::NotNull { table: table.to_owned(), column: self.image.name.clone() });
        }
        Ok(value)
    }

    fn does_not_fit(&self, table: &str, value: &str) -> Refusal {
        Refusal::DoesNotFit {
            table: table.to_owned(),
            column: self.image.name.clone(),
            declared: self.image.declared.clone(),
            value: value.to_owned(),
        }
    }

    fn store_number(&self, table: &str, number: Decimal) -> Result<Value, Refusal> {
        let fits = match self.kind {
            Kind::Boolean => matches!(number.to_i64_exact(), Some(0 | 1)),
            Kind::Integer { min, max } => number.to_i64_exact().is_some_and(|n| (min..=max).contains(&n)),
            Kind::Decimal { precision, scale } => {
                let whole = usize::from(precision.saturating_sub(scale));
                number.at_scale(scale).is_some_and(|n| n.integer_digits() <= whole)
            }
            Kind::Float | Kind::Other => true,
            Kind::Text { .. } | Kind::Bytes { .. } | Kind::DateTime | Kind::RowVersion => false,
        };
        let stored = if fits { self.number_as_stored(number) } else { None };
        stored.ok_or_else(|| self.does_not_fit(table, &number.normalise().to_string()))
    }

    fn number_as_stored(&self, number: Decimal) -> Option<Value> {
        // By SQLite's affinity: as text, as a float, or else as an integer where the number is whole.
        match self.storage {
            Storage::Native => self.number_as_native(number),
            Storage::Real => number.to_f64_exact().map(Value::Real),
            Storage::Text => Some(Value::Text(number.normalise().to_string())),
            Storage::Integer | Storage::Numeric | Storage::Blob => {
                let whole = number.to_i64_exact().map(Value::Integer);
                whole.or_else(|| number.to_f64_exact().map(Value::Real))
            }
        }
    }

    fn number_as_native(&self, number: Decimal) -> Option<Value> {
        match self.kind {
            Kind::Boolean => number.to_i64_exact().map(|n| Value::Boolean(n != 0)),
            Kind::Integer { .. } => number.to_i64_exact().map(Value::Integer),
            Kind::Decimal { scale, .. } => number.at_scale(scale).map(Value::Decimal),
            _ => number.to_f64_exact().map(Value::Real),
        }
    }

    fn store_text(&self, table: &str, text: &str) -> Result<Value, Refusal> {
        let limit = match self.kind {
            Kind::Text { length } => length,
            Kind::Other => None,
            _ => return Err(self.does_not_fit(table, text)),
        };
        // SQL Server counts UTF-16 units, so that characters beyond the first plane take two.
        let length = text.encode_utf16().count();
        if limit.is_some_and(|most| length > most as usize) {
            return Err(self.does_not_fit(table, text));
        }
        // The length is within the limit, as checked above.
        let padding = if self.pads_text() { limit.map_or(0, |all| all as usize - length) } else { 0 };
        Ok(Value::Text(text.to_owned() + &" ".repeat(padding)))
    }

    /// Tells whether the database pads every text with blanks: `char(n)` and `nchar(n)`, on an engine with such types.
    fn pads_text(&self) -> bool {
        let name = self.image.declared.split('(').next().unwrap_or_default().trim().to_ascii_lowercase();
        self.storage == Storage::Native && ["char", "nchar"].contains(&name.as_str())
    }

    fn store_bytes(&self, table: &str, bytes: &[u8]) -> Result<Value, Refusal> {
        let fits = match self.kind {
            Kind::Bytes { length, fixed } => {
                let within = length.is_none_or(|most| bytes.len() <= most as usize);
                within && (!fixed || length.is_some_and(|all| bytes.len() == all as usize))
            }
            Kind::Other => true,
            _ => false,
        };
        if !fits {
            return Err(self.does_not_fit(table, &format!("{} bytes", bytes.len())));
        }
        Ok(Value::Bytes(bytes.to_vec()))
    }
}

impl Kind {
    /// Parses a declared type, by SQL Server's names; an unknown one is [`Kind::Other`].
    #[must_use]
    pub fn parse(declared: &str) -> Self {
        let lower = declared.trim().to_ascii_lowercase();
        let (name, arguments) = lower.split_once('(').unwrap_or((&lower, ""));
        let numbers: Vec<u32> =
            arguments.trim_end_matches(')').split(',').filter_map(|part| part.trim().parse().ok()).collect();
        let length = numbers.first().copied();
        // A precision or scale beyond 255 is no valid type, and falls back to the default.
        let small = |at: usize| numbers.get(at).and_then(|n| u8::try_from(*n).ok());
        match name.trim() {
            "bit" | "boolean" => Self::Boolean,
            "tinyint" => Self::Integer { min: 0, max: 255 },
            "smallint" => Self::Integer { min: i64::from(i16::MIN), max: i64::from(i16::MAX) },
            "int" => Self::Integer { min: i64::from(i32::MIN), max: i64::from(i32::MAX) },
            // `integer` is SQLite's type of 64 bits here; SQL Server itself reports `int`.
            "integer" | "bigint" => Self::Integer { min: i64::MIN, max: i64::MAX },
            // SQL Server's defaults: decimal(18,0), and one byte for `binary`.
            "decimal" | "numeric" => Self::Decimal { precision: small(0).unwrap_or(18), scale: small(1).unwrap_or(0) },
            "money" => Self::Decimal { precision: 19, scale: 4 },
            "smallmoney" => Self::Decimal { precision: 10, scale: 4 },
            "float" | "real" | "double" => Self::Float,
            "char" | "varchar" | "nchar" | "nvarchar" | "text" | "ntext" => Self::Text { length },
            "binary" => Self::Bytes { length: length.or(Some(1)), fixed: true },
            "varbinary" | "image" | "blob" => Self::Bytes { length, fixed: false },
            "datetime" | "datetime2" | "smalldatetime" => Self::DateTime,
            "timestamp" | "rowversion" => Self::RowVersion,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample_column(declared: &str, storage: Storage) -> Column {
        let image = ColumnImage::new("c", declared);
        Column { image, kind: Kind::parse(declared), storage, nullable: false, role: Role::Plain }
    }

    fn decimal_datum(text: &str) -> Datum {
        Datum::Decimal(text.parse().unwrap())
    }

    #[test]
    fn a_value_that_would_change_is_refused() {
        let angle = sample_column("decimal(4,1)", Storage::Numeric);
        assert_eq!(angle.store_datum("t", &decimal_datum("400.0")).unwrap(), Value::Integer(400));
        assert_eq!(angle.store_datum("t", &decimal_datum("999.9")).unwrap(), Value::Real(999.9));
        for bad in ["1000", "-1000", "0.05"] {
            assert_eq!(angle.store_datum("t", &decimal_datum(bad)).unwrap_err().code(), "does_not_fit", "{bad}");
        }
        assert_eq!(angle.store_datum("t", &Datum::Null).unwrap_err().code(), "not_null");
        let whole = sample_column("tinyint", Storage::Integer);
        assert!(whole.store_datum("t", &Datum::Integer(256)).is_err());
        assert!(whole.store_datum("t", &decimal_datum("1.5")).is_err());
        assert_eq!(whole.store_datum("t", &decimal_datum("1.0")).unwrap(), Value::Integer(1));
    }

    #[test]
    fn each_engine_holds_its_own_form() {
        let native = sample_column("decimal(4,1)", Storage::Native).store_datum("t", &decimal_datum("400")).unwrap();
        assert_eq!(native, Value::Decimal("400.0".parse().unwrap()));
        assert_eq!(
            sample_column("float", Storage::Real).store_datum("t", &decimal_datum("2")).unwrap(),
            Value::Real(2.0)
        );
        assert_eq!(
            sample_column("bit", Storage::Native).store_datum("t", &Datum::Integer(1)).unwrap(),
            Value::Boolean(true)
        );
        let padded = sample_column("char(4)", Storage::Native).store_datum("t", &Datum::Text("ab".into())).unwrap();
        assert_eq!(padded, Value::Text("ab  ".into()));
        assert!(sample_column("varchar(2)", Storage::Text).store_datum("t", &Datum::Text("abc".into())).is_err());
        assert!(sample_column("binary(4)", Storage::Blob).store_datum("t", &Datum::Bytes(vec![1])).is_err());
    }
}
