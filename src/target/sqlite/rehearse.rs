//! Rehearsals: rows tried out in a private table of the same declaration, in memory; never in the target.

use mfm_journal::Value;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, ffi};

use super::catalogue::Sheet;
use super::open::Place;
use super::sql;
use super::value::{bind, read_cells};
use crate::model::Refusal;
use crate::target::TargetError;

/// Returns rows as the database would hold them; see [`crate::target::Target::rehearse`].
pub(super) fn rehearse(place: &Place, sheet: &Sheet, rows: Vec<Vec<Value>>) -> Result<Vec<Vec<Value>>, TargetError> {
    if rows.is_empty() {
        return Ok(rows);
    }
    let stage = stage(place, sheet)?;
    let failed = place.error("rehearse");
    let prepared = |text: &str| stage.prepare(text).map_err(|error| constraint(sheet, &error));
    let mut insert = prepared(&sql::insert(sheet))?;
    let mut select = prepared(&sql::rows(sheet))?;
    let mut clear = prepared(&sql::clear(sheet))?;
    let mut held = Vec::with_capacity(rows.len());
    for mut row in rows {
        refuse_drawn_rowid(sheet, &row)?;
        bind(&mut insert, &row).map_err(&failed)?;
        insert.raw_execute().map_err(|error| refusal(place, sheet, "rehearse", &error))?;
        let mut found = select.query([]).map_err(&failed)?;
        let cells = found.next().map_err(&failed)?.ok_or_else(|| place.failed("rehearse", "a row vanished"))?;
        read_cells(cells, 1, &mut row).map_err(&failed)?;
        drop(found);
        clear.execute([]).map_err(&failed)?;
        held.push(row);
    }
    Ok(held)
}

/// Makes an empty table by the target's own declaration.
fn stage(place: &Place, sheet: &Sheet) -> Result<Connection, TargetError> {
    let failed = place.error("open a rehearsal in memory");
    let stage = Connection::open_in_memory().map_err(&failed)?;
    stage.pragma_update(None, "foreign_keys", false).map_err(&failed)?;
    stage.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false).map_err(&failed)?;
    stage.pragma_update_and_check(None, "journal_mode", "off", |_| Ok(())).map_err(&failed)?;
    stage.execute_batch(sql::BEGIN_WRITE).map_err(&failed)?;
    stage.execute(&sheet.sql, []).map_err(|error| constraint(sheet, &error))?;
    Ok(stage)
}

/// A rowid that the database would draw is not known before it is written.
fn refuse_drawn_rowid(sheet: &Sheet, row: &[Value]) -> Result<(), Refusal> {
    let Some(column) = &sheet.rowid_column else { return Ok(()) };
    let drawn = sheet.table.position(column).and_then(|at| row.get(at)).is_none_or(Value::is_null);
    if drawn { Err(Refusal::NotNull { table: sheet.name().to_owned(), column: column.clone() }) } else { Ok(()) }
}

fn constraint(sheet: &Sheet, error: &rusqlite::Error) -> TargetError {
    Refusal::Constraint { table: sheet.name().to_owned(), why: error.to_string() }.into()
}

/// Says what a failed statement means for a row: the schema's refusal, or a failure of the database.
pub(super) fn refusal(place: &Place, sheet: &Sheet, what: &str, error: &rusqlite::Error) -> TargetError {
    let table = sheet.name().to_owned();
    let extended = error.sqlite_error().map_or(0, |error| error.extended_code);
    let said = error.to_string();
    let column = || {
        let named = |column: &&str| said.ends_with(&format!("{table}.{column}"));
        let names = sheet.table.columns.iter().map(|column| column.image.name.as_str());
        names.filter(named).max_by_key(|name| name.len()).map(str::to_owned)
    };
    match extended {
        ffi::SQLITE_CONSTRAINT_NOTNULL => match column() {
            Some(column) => Refusal::NotNull { table, column }.into(),
            None => Refusal::Constraint { table, why: said }.into(),
        },
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => {
            let constraint = "that SQLite does not name".to_owned();
            Refusal::ForeignKey { table, constraint, why: said }.into()
        }
        ffi::SQLITE_CONSTRAINT_UNIQUE => {
            // SQLite names either the index or its columns.
            let named = said.rsplit("failed: ").next().unwrap_or(&said).trim_start_matches("index ").trim_matches('\'');
            Refusal::UniqueIndex { table, index: named.to_owned() }.into()
        }
        _ if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            Refusal::Constraint { table, why: said }.into()
        }
        _ if error.sqlite_error_code() == Some(ErrorCode::TypeMismatch) => {
            Refusal::Constraint { table, why: said }.into()
        }
        ffi::SQLITE_ERROR => Refusal::Constraint { table, why: said }.into(),
        _ => place.explain(what, error),
    }
}
