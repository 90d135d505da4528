//! A SQLite file as another program reads and writes it.

use std::path::Path;

use rusqlite::Connection;

use crate::World;

/// Returns everything in a file but mfm's own tables, cell by cell with its storage class, the rows of a table in order.
pub fn dump_tables(path: &Path) -> String {
    let connection = Connection::open(path).unwrap();
    let mut tables = connection
        .prepare(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'mfm\\_%' ESCAPE '\\' ORDER BY name",
        )
        .unwrap();
    let names: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut out = String::new();
    for name in names {
        let quoted = name.replace('"', "\"\"");
        let mut rows = connection.prepare(&format!("SELECT * FROM \"{quoted}\"")).unwrap();
        let width = rows.column_count();
        let mut rows = rows.query([]).unwrap();
        let mut lines = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            lines.push((0..width).map(|at| format!("{:?}|", row.get_ref(at).unwrap())).collect::<String>());
        }
        lines.sort();
        out.push_str(&format!("== {name}\n{}\n", lines.join("\n")));
    }
    out
}

/// Returns one cell of the lab as text, with its storage class.
pub fn read_cell(world: &World, sql: &str) -> String {
    let value: rusqlite::types::Value = world.open_foreign().query_row(sql, [], |row| row.get(0)).unwrap();
    format!("{value:?}")
}

/// Runs SQL on the lab as somebody else would.
pub fn run_foreign_sql(world: &World, sql: &str) {
    world.open_foreign().execute_batch(sql).unwrap();
}
