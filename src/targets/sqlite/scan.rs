//! A scan over a table of SQLite, in the order of a column, beside the rows that its rows refer to; judges no row.

use rusqlite::Connection;

use super::catalogue::Catalogue;
use super::open::FileLocation;
use super::{rows, sql};
use crate::model::{Refusal, Scan, Table, Value};
use crate::targets::TargetError;

/// Visits every row of a scan.
pub(super) fn run_scan(
    connection: &Connection,
    place: &FileLocation,
    catalogue: &mut Catalogue,
    scan: &Scan,
    take: &mut dyn FnMut(&[Value]) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    let sheet = catalogue.require_columns(connection, place, &scan.table)?;
    if *scan == Scan::every_row(scan.table.clone()) {
        return rows::visit_all_rows(connection, place, &sheet, |(_, cells)| take(cells));
    }
    let parent =
        scan.join.as_ref().map(|beside| catalogue.require_columns(connection, place, &beside.parent)).transpose()?;
    let mut spelled = |table: &Table, column: &String| {
        let whole = catalogue.find_layout(connection, place, &table.shape.name)?;
        let whole = whole.ok_or_else(|| Refusal::MissingTable { table: table.shape.name.clone() })?;
        Ok::<_, TargetError>(whole.table.column(column)?.1.image.name.clone())
    };
    let order = scan.order.as_ref().map(|column| spelled(&scan.table, column)).transpose()?;
    let mut beside = None;
    if let Some((found, parent)) = scan.join.as_ref().zip(parent) {
        let column = spelled(&scan.table, &found.column)?;
        let parent_column = spelled(&found.parent, &found.parent_column)?;
        beside = Some(sql::SqliteJoin { column, parent, parent_column });
    }
    let range = scan.range.as_ref().map(|range| spelled(&scan.table, &range.column)).transpose()?;
    let is_rowid = |column: &str| sheet.rowid_column.as_deref() == Some(column);
    let part = sql::ScanOptions {
        order: order.as_deref(),
        range: range.as_deref().map(|range| (range, is_rowid(range))),
        limited: scan.limit.is_some(),
    };
    let text = sql::select_scan(&sheet, &part, beside.as_ref());
    let bounds = scan.range.as_ref().map(|range| [range.first, range.last]);
    let most = scan.limit.map(|most| i64::try_from(most).unwrap_or(i64::MAX));
    let given: Vec<Value> = bounds.into_iter().flatten().chain(most).map(Value::Integer).collect();
    let others = beside.map_or(0, |beside| beside.parent.table.columns.len());
    let width = sheet.table.columns.len() + others;
    rows::visit_query_rows(connection, place, (&text, width), &given, |(_, cells)| take(cells))
        .map_err(TargetError::while_sorting)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::targets::DomainKeys;

    /// Rows that refer to others, by their number or their code.
    fn open_example() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        let tables = "CREATE TABLE c(id INTEGER PRIMARY KEY, up int, at datetime);
             CREATE TABLE p(id INTEGER PRIMARY KEY, name varchar(5), code varchar(5) UNIQUE)";
        connection.execute_batch(tables).unwrap();
        connection
    }

    /// What SQLite is going to do for a pass.
    fn explain_plan(order: Option<&str>, beside: Option<(&str, &str)>) -> Vec<String> {
        let connection = open_example();
        let place = FileLocation { url: "sqlite::memory:".into(), path: Path::new(":memory:").into(), wait_ms: 0 };
        let mut catalogue = Catalogue::new(DomainKeys::new());
        let mut sheet = |name: &str| (*catalogue.find_layout(&connection, &place, name).unwrap().unwrap()).clone();
        let (child, parent) = (sheet("c"), sheet("p"));
        let beside = beside.map(|(column, parent_column)| sql::SqliteJoin {
            column: column.into(),
            parent,
            parent_column: parent_column.into(),
        });
        let part = sql::ScanOptions { order, ..sql::ScanOptions::default() };
        let text = format!("EXPLAIN QUERY PLAN {}", sql::select_scan(&child, &part, beside.as_ref()));
        let mut statement = connection.prepare(&text).unwrap();
        let steps = statement.query_map([], |row| row.get(3)).unwrap();
        steps.collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn rows_referred_to_are_sought_and_only_an_order_is_sorted() {
        let (scan, sort) = ("SCAN held", "USE TEMP B-TREE FOR ORDER BY");
        assert_eq!(explain_plan(Some("at"), None), [scan, sort]);
        assert_eq!(explain_plan(Some("id"), None), [scan], "it lies in that order");
        let seek = "SEARCH beside USING INTEGER PRIMARY KEY (rowid=?)";
        assert_eq!(explain_plan(None, Some(("up", "id"))), [scan, seek]);
        assert_eq!(explain_plan(Some("at"), Some(("up", "id"))), [scan, seek, sort]);
        let seek = "SEARCH beside USING INDEX sqlite_autoindex_p_1 (code=?)";
        assert_eq!(explain_plan(None, Some(("at", "code"))), [scan, seek], "though one is a number and one a text");
        let made = "BLOOM FILTER ON beside (name=?)";
        let seek = "SEARCH beside USING AUTOMATIC COVERING INDEX (name=?)";
        assert_eq!(explain_plan(None, Some(("up", "name"))), [scan, made, seek]);
    }
}
