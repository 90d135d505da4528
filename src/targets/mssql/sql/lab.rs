//! Making a lab: its database and its tables; fills none.

use super::quote_name;

/// Counts what somebody made in a database.
pub(in super::super) const OBJECTS: &str =
    "SELECT COUNT_BIG(*) FROM sys.objects AS o WHERE o.type IN ('U', 'V', 'SN', 'P') AND o.is_ms_shipped = 0";

/// Makes a database.
pub(in super::super) fn create_database(name: &str) -> String {
    format!("CREATE DATABASE {}", quote_name(name))
}

/// Removes a database.
pub(in super::super) fn drop_database(name: &str) -> String {
    format!("DROP DATABASE {}", quote_name(name))
}

/// Removes a table.
pub(in super::super) fn drop_table(name: &str) -> String {
    format!("DROP TABLE dbo.{}", quote_name(name))
}

/// Makes an index of a table, over one column.
pub(in super::super) fn create_index(table: &str, column: &str) -> String {
    let name = quote_name(&format!("IX_{table}_{column}"));
    format!("CREATE INDEX {name} ON dbo.{} ({})", quote_name(table), quote_name(column))
}

/// Declares a table; the types were checked to hold nothing but a type.
pub(in super::super) fn create_table(name: &str, columns: &[(String, String, bool)], key: Option<&str>) -> String {
    let one = |(column, declared, nullable): &(String, String, bool)| {
        let is_key = key == Some(column.as_str());
        let null = if *nullable && !is_key { "NULL" } else { "NOT NULL" };
        format!("{} {declared} {null}", quote_name(column))
    };
    let mut parts: Vec<_> = columns.iter().map(one).collect();
    if let Some(key) = key {
        parts.push(format!("CONSTRAINT {} PRIMARY KEY ({})", quote_name(&format!("PK_{name}")), quote_name(key)));
    }
    format!("CREATE TABLE dbo.{} ({})", quote_name(name), parts.join(", "))
}
