//! Making a lab: its database and its tables; fills none.

use super::quoted;

/// Counts what somebody made in a database.
pub(in super::super) const OBJECTS: &str =
    "SELECT COUNT_BIG(*) FROM sys.objects AS o WHERE o.type IN ('U', 'V', 'SN', 'P') AND o.is_ms_shipped = 0";

/// Makes a database.
pub(in super::super) fn create_database(name: &str) -> String {
    format!("CREATE DATABASE {}", quoted(name))
}

/// Removes a database.
pub(in super::super) fn drop_database(name: &str) -> String {
    format!("DROP DATABASE {}", quoted(name))
}

/// Removes a table.
pub(in super::super) fn drop_table(name: &str) -> String {
    format!("DROP TABLE dbo.{}", quoted(name))
}

/// Makes an index of a table, over one column.
pub(in super::super) fn create_index(table: &str, column: &str) -> String {
    let name = quoted(&format!("IX_{table}_{column}"));
    format!("CREATE INDEX {name} ON dbo.{} ({})", quoted(table), quoted(column))
}

/// Declares a table; the types were checked to hold nothing but a type.
pub(in super::super) fn create_table(name: &str, columns: &[(String, String, bool)], key: Option<&str>) -> String {
    let one = |(column, declared, nullable): &(String, String, bool)| {
        let is_key = key == Some(column.as_str());
        let null = if *nullable && !is_key { "NULL" } else { "NOT NULL" };
        format!("{} {declared} {null}", quoted(column))
    };
    let mut parts: Vec<_> = columns.iter().map(one).collect();
    if let Some(key) = key {
        parts.push(format!("CONSTRAINT {} PRIMARY KEY ({})", quoted(&format!("PK_{name}")), quoted(key)));
    }
    format!("CREATE TABLE dbo.{} ({})", quoted(name), parts.join(", "))
}
