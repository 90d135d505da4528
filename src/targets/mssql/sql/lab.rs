//! Creating a lab: its database and its tables.

use super::quote_name;

/// Counts the tables, views, synonyms and procedures in a database that do not belong to the server.
pub(in super::super) const OBJECTS: &str =
    "SELECT COUNT_BIG(*) FROM sys.objects AS o WHERE o.type IN ('U', 'V', 'SN', 'P') AND o.is_ms_shipped = 0";

/// Creates a database.
pub(in super::super) fn create_database(name: &str) -> String {
    format!("CREATE DATABASE {}", quote_name(name))
}

/// Drops a database.
pub(in super::super) fn drop_database(name: &str) -> String {
    format!("DROP DATABASE {}", quote_name(name))
}

/// Drops a table.
pub(in super::super) fn drop_table(name: &str) -> String {
    format!("DROP TABLE dbo.{}", quote_name(name))
}

/// Creates an index of a table, over one column.
pub(in super::super) fn create_index(table: &str, column: &str) -> String {
    let name = quote_name(&format!("IX_{table}_{column}"));
    format!("CREATE INDEX {name} ON dbo.{} ({})", quote_name(table), quote_name(column))
}

/// Declares a table; the types were checked to hold nothing but a type.
pub(in super::super) fn create_table(name: &str, columns: &[(String, String, bool)], key: Option<&str>) -> String {
    let mut parts = Vec::with_capacity(columns.len() + 1);
    for (column, declared, nullable) in columns {
        let is_key = key == Some(column.as_str());
        let null = if *nullable && !is_key { "NULL" } else { "NOT NULL" };
        parts.push(format!("{} {declared} {null}", quote_name(column)));
    }
    if let Some(key) = key {
        parts.push(format!("CONSTRAINT {} PRIMARY KEY ({})", quote_name(&format!("PK_{name}")), quote_name(key)));
    }
    format!("CREATE TABLE dbo.{} ({})", quote_name(name), parts.join(", "))
}
