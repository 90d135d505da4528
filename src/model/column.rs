//! Columns and tables as a target declares them, and what a planned value becomes there; reads no catalogue itself.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::civil;
use mfm_journal::{ColumnShape as ColumnImage, Decimal, TableShape, Value};

use super::refusal::Refusal;
use super::time;

/// A column as the target declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// What the journal's images say of the column.
    pub image: ColumnImage,
    /// What the declared type holds.
    pub kind: Kind,
    /// How the engine stores it.
    pub storage: Storage,
    /// Whether NULL is allowed.
    pub nullable: bool,
    /// Whether anyone can set it.
    pub role: Role,
}

/// What a declared type holds, whatever the engine.
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
        /// All digits.
        precision: u8,
        /// Digits behind the point.
        scale: u8,
    },
    /// A binary float.
    Float,
    /// Text.
    Text {
        /// The most characters; `None` without a limit.
        length: Option<u32>,
    },
    /// Binary.
    Bytes {
        /// The most bytes; `None` without a limit.
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
    /// Computed by the database: left out of images and digests, and listed.
    Computed,
    /// Rewritten by the database at every write: residue.
    RowVersion,
}

/// How far the database itself vouches for a table's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyStanding {
    /// A primary key or a unique index over non-NULL columns.
    Declared(String),
    /// Nothing is declared: a preflight has to scan.
    Undeclared,
    /// A key column is missing.
    Missing(String),
}

/// A table as the target declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// What the journal's images say of the table; its columns are those that can be read, set and put back.
    pub shape: Arc<TableShape>,
    /// The columns, in the order of the shape's.
    pub columns: Vec<Column>,
    /// The columns that the shape omits.
    pub omitted: Vec<Column>,
    /// How far the key can be trusted.
    pub key: KeyStanding,
}

/// A value that a mode wants in a cell, before the engine has its say.
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
    /// A cell copied, or made from a copied one, as the engine held it.
    Raw(Value),
}

impl Datum {
    /// Returns a cell for another column, which may hold the same number in another form: 7 as 7.0.
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
    /// Returns the place of a column, by its exact name or else whatever its case.
    #[must_use]
    pub fn position(&self, column: &str) -> Option<usize> {
        let exact = self.columns.iter().position(|c| c.image.name == column);
        exact.or_else(|| self.columns.iter().position(|c| c.image.name.eq_ignore_ascii_case(column)))
    }

    /// Returns a column and its place.
    ///
    /// # Errors
    /// [`Refusal::MissingColumn`].
    pub fn column(&self, column: &str) -> Result<(usize, &Column), Refusal> {
        let missing = || Refusal::MissingColumn { table: self.shape.name.clone(), column: column.to_owned() };
        let at = self.position(column).ok_or_else(missing)?;
        let found = self.columns.get(at).ok_or_else(missing)?;
        Ok((at, found))
    }

    /// Returns the table with its key and these columns only, as far as it has them.
    #[must_use]
    pub fn select_columns(&self, columns: &[&str]) -> Self {
        let key = self.shape.key.iter().map(String::as_str);
        let kept: BTreeSet<usize> = columns.iter().copied().chain(key).filter_map(|name| self.position(name)).collect();
        let columns: Vec<Column> = kept.iter().filter_map(|at| self.columns.get(*at).cloned()).collect();
        let images = columns.iter().map(|column| column.image.clone()).collect();
        let shape = TableShape { columns: images, ..(*self.shape).clone() };
        Self { shape: Arc::new(shape), columns, omitted: self.omitted.clone(), key: self.key.clone() }
    }

    /// Returns the table whose rows come beside rows of another, whose columns stand behind its own as `NAME.column`.
    #[must_use]
    pub fn join_columns(&self, parent: &Self) -> Self {
        let prefixed = |column: &Column| {
            let mut column = column.clone();
            column.image.name = format!("{}.{}", parent.shape.name, column.image.name);
            column
        };
        let columns: Vec<Column> = self.columns.iter().cloned().chain(parent.columns.iter().map(prefixed)).collect();
        let images = columns.iter().map(|column| column.image.clone()).collect();
        let shape = TableShape { columns: images, ..(*self.shape).clone() };
        Self { shape: Arc::new(shape), columns, omitted: self.omitted.clone(), key: self.key.clone() }
    }

    /// Returns the key of a row whose values stand in the order of the shape's columns.
    ///
    /// # Errors
    /// [`Refusal::MissingColumn`] where a key column is not among the readable ones.
    pub fn key_of(&self, row: &[Value]) -> Result<Vec<Value>, Refusal> {
        let cell = |name: &String| {
            let (at, _) = self.column(name)?;
            Ok(row.get(at).cloned().unwrap_or(Value::Null))
        };
        self.shape.key.iter().map(cell).collect()
    }
}

impl Column {
    /// Returns what the engine will hold for a planned value, checked against the declared type.
    ///
    /// # Errors
    /// [`Refusal::NotNull`], or [`Refusal::DoesNotFit`] for a value that would be changed on its way in: mfm never
    /// rounds and never truncates.
    pub fn store_datum(&self, table: &str, datum: &Datum) -> Result<Value, Refusal> {
        let value = match datum {
            Datum::Null => Value::Null,
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
        let length = text.encode_utf16().count();
        if limit.is_some_and(|most| length > most as usize) {
            return Err(self.does_not_fit(table, text));
        }
        let padding = if self.pads_text() { limit.map_or(0, |all| all as usize - length) } else { 0 };
        Ok(Value::Text(text.to_owned() + &" ".repeat(padding)))
    }

    /// Tells whether the database fills every text up with blanks: `char(n)` and `nchar(n)`, where types are kept.
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
        let shown = || format!("{} bytes", bytes.len());
        if fits { Ok(Value::Bytes(bytes.to_vec())) } else { Err(self.does_not_fit(table, &shown())) }
    }
}

impl Kind {
    /// Reads a declared type, in SQL Server's words; anything unknown is [`Kind::Other`].
    #[must_use]
    pub fn parse(declared: &str) -> Self {
        let lower = declared.trim().to_ascii_lowercase();
        let (name, arguments) = lower.split_once('(').unwrap_or((&lower, ""));
        let numbers: Vec<u32> =
            arguments.trim_end_matches(')').split(',').filter_map(|part| part.trim().parse().ok()).collect();
        let length = numbers.first().copied();
        let small = |at: usize| numbers.get(at).and_then(|n| u8::try_from(*n).ok());
        match name.trim() {
            "bit" | "boolean" => Self::Boolean,
            "tinyint" => Self::Integer { min: 0, max: 255 },
            "smallint" => Self::Integer { min: i64::from(i16::MIN), max: i64::from(i16::MAX) },
            "int" => Self::Integer { min: i64::from(i32::MIN), max: i64::from(i32::MAX) },
            "integer" | "bigint" => Self::Integer { min: i64::MIN, max: i64::MAX },
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
        let image = ColumnImage {
            name: "c".into(),
            declared: declared.into(),
            precision: None,
            scale: None,
            length: None,
            collation: None,
        };
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
