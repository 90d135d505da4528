//! Cells between SQLite's storage classes and [`Value`], bit by bit and without any conversion.

use mfm_journal::Value;
use mfm_journal::cbor::{CborError, Writer};
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Row, Statement};

/// A value as the parameter of a statement. Text that is not UTF-8 is bound as text with its own bytes.
pub(super) struct SqlParameter<'v>(pub(super) &'v Value);

/// A value of a type that only other engines have.
#[derive(Debug, thiserror::Error)]
#[error("SQLite has no storage class for {0:?}")]
struct NoStorageClass(Value);

impl ToSql for SqlParameter<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value = match self.0 {
            Value::Null => ValueRef::Null,
            Value::Integer(number) => ValueRef::Integer(*number),
            Value::Real(number) => ValueRef::Real(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::RawText(bytes) => ValueRef::Text(bytes),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
            other => {
                let error = NoStorageClass(other.clone());
                return Err(rusqlite::Error::ToSqlConversionFailure(Box::new(error)));
            }
        };
        Ok(ToSqlOutput::Borrowed(value))
    }
}

/// Binds values to a statement's parameters, in order.
pub(super) fn bind_values<'v>(
    statement: &mut Statement<'_>,
    values: impl IntoIterator<Item = &'v Value>,
) -> rusqlite::Result<()> {
    let mut at = 0;
    for value in values {
        at += 1;
        statement.raw_bind_parameter(at, SqlParameter(value))?;
    }
    Ok(())
}

/// Reads the cells of a row, starting at the column `from`, into a buffer that is reused for the next row.
pub(super) fn read_cells(row: &Row<'_>, from: usize, cells: &mut [Value]) -> rusqlite::Result<()> {
    for (at, cell) in cells.iter_mut().enumerate() {
        read_into(row.get_ref(from + at)?, cell);
    }
    Ok(())
}

/// Reads a cell. Text and bytes reuse the allocation of the value that the buffer holds from the row before.
fn read_into(stored: ValueRef<'_>, cell: &mut Value) {
    match (stored, &mut *cell) {
        (ValueRef::Text(bytes), Value::Text(text)) => {
            if let Ok(stored) = std::str::from_utf8(bytes) {
                text.clear();
                text.push_str(stored);
                return;
            }
        }
        (ValueRef::Blob(bytes), Value::Bytes(buffer)) => {
            buffer.clear();
            buffer.extend_from_slice(bytes);
            return;
        }
        _ => {}
    }
    *cell = to_value(stored);
}

/// Writes a cell as [`Value::write`] would, without making a value of it.
pub(super) fn write_cell(found: ValueRef<'_>, out: &mut Writer) -> Result<(), CborError> {
    match found {
        ValueRef::Null => out.write_null(),
        ValueRef::Integer(number) => out.write_integer(number),
        ValueRef::Real(number) => return out.write_float(number),
        ValueRef::Blob(bytes) => out.write_bytes(bytes),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => out.write_text(text),
            Err(_) => return to_value(found).write(out),
        },
    }
    Ok(())
}

/// Returns whether a cell equals a value to the bit.
pub(super) fn cell_equals(cell: ValueRef<'_>, value: &Value) -> bool {
    match (cell, value) {
        // The two types that keys mostly have are compared without an allocation.
        (ValueRef::Integer(cell), Value::Integer(value)) => cell == *value,
        (ValueRef::Text(cell), Value::Text(value)) => cell == value.as_bytes(),
        _ => to_value(cell) == *value,
    }
}

/// Returns a cell as the database holds it.
pub(super) fn to_value(found: ValueRef<'_>) -> Value {
    match found {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Value::Text(text.to_owned()),
            // SQLite stores text without checking that it is UTF-8.
            Err(_) => Value::RawText(bytes.to_vec()),
        },
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;

    #[test]
    fn every_storage_class_comes_back_bit_for_bit() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t(v)").unwrap();
        let values = [
            Value::Null,
            Value::Integer(i64::MIN),
            Value::Real(-0.0),
            Value::Real(f64::INFINITY),
            Value::Real(1.0),
            Value::Text(String::new()),
            Value::Text("a\0b ".into()),
            Value::RawText(vec![0xff, 0, b'x']),
            Value::Bytes(vec![]),
            Value::Bytes(vec![0xff, 0]),
        ];
        let mut insert = connection.prepare("INSERT INTO t VALUES (?)").unwrap();
        for value in &values {
            bind_values(&mut insert, [value]).unwrap();
            insert.raw_execute().unwrap();
        }
        let mut found = Vec::new();
        let mut buffer = [Value::Null];
        let mut select = connection.prepare("SELECT v FROM t ORDER BY rowid").unwrap();
        let mut rows = select.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            read_cells(row, 0, &mut buffer).unwrap();
            found.push(buffer[0].clone());
            let (mut one, mut other) = (Writer::new(), Writer::new());
            write_cell(row.get_ref(0).unwrap(), &mut one).unwrap();
            buffer[0].write(&mut other).unwrap();
            assert_eq!(one.as_bytes(), other.as_bytes());
            let same = values.iter().filter(|value| cell_equals(row.get_ref(0).unwrap(), value));
            assert_eq!(same.collect::<Vec<_>>(), [&buffer[0]]);
        }
        assert_eq!(found, values);
        assert!(bind_values(&mut insert, [&Value::Boolean(true)]).is_err());
    }
}
