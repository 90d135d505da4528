//! A scan over a table of SQLite: sorted by a column, limited to a range, joined with the rows that its rows refer to.

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
    visit: &mut dyn FnMut(&[Value]) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    let layout = catalogue.require_columns(connection, place, &scan.table)?;
    if *scan == Scan::every_row(scan.table.clone()) {
        return rows::visit_all_rows(connection, place, &layout, |(_, cells)| visit(cells));
    }
    let mut spelling = Spelling { connection, place, catalogue };
    let order = scan.order.as_ref().map(|column| spelling.find(&scan.table, column)).transpose()?;
    let range = scan.range.as_ref().map(|range| spelling.find(&scan.table, &range.column)).transpose()?;
    let mut join = None;
    if let Some(scan_join) = &scan.join {
        // First: a parent that is gone meanwhile is a stale plan, not a missing table.
        let parent = spelling.catalogue.require_columns(connection, place, &scan_join.parent)?;
        let column = spelling.find(&scan.table, &scan_join.column)?;
        let parent_column = spelling.find(&scan_join.parent, &scan_join.parent_column)?;
        join = Some(sql::SqliteJoin { column, parent, parent_column });
    }
    let options = sql::ScanOptions {
        order: order.as_deref(),
        range: range.as_deref().map(|range| (range, layout.rowid_column.as_deref() == Some(range))),
        limited: scan.limit.is_some(),
    };
    let text = sql::select_scan(&layout, &options, join.as_ref());
    // The parameters in the order of the text: the two ends of the range, then the limit.
    let bounds = scan.range.as_ref().map(|range| [range.first, range.last]);
    let limit = scan.limit.map(|limit| i64::try_from(limit).unwrap_or(i64::MAX));
    let parameters: Vec<Value> = bounds.into_iter().flatten().chain(limit).map(Value::Integer).collect();
    let parent_width = join.map_or(0, |join| join.parent.table.columns.len());
    let width = layout.table.columns.len() + parent_width;
    rows::visit_query_rows(connection, place, &text, width, &parameters, |(_, cells)| visit(cells))
        .map_err(TargetError::while_sorting)
}

/// Looks up the database's own spelling of columns, also of those that a scan itself does not read.
struct Spelling<'s> {
    connection: &'s Connection,
    place: &'s FileLocation,
    catalogue: &'s mut Catalogue,
}

impl Spelling<'_> {
    fn find(&mut self, table: &Table, column: &str) -> Result<String, TargetError> {
        let Some(whole) = self.catalogue.find_layout(self.connection, self.place, &table.shape.name)? else {
            return Err(Refusal::MissingTable { table: table.shape.name.clone() }.into());
        };
        Ok(whole.table.column(column)?.1.image.name.clone())
    }
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
        let mut layout = |name: &str| (*catalogue.find_layout(&connection, &place, name).unwrap().unwrap()).clone();
        let (child, parent) = (layout("c"), layout("p"));
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
