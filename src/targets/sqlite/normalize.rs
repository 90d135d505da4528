//! Rows tried out in a private table of the same declaration, in memory; never in the target.

use mfm_journal::Value;
use rusqlite::config::DbConfig;
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, ErrorCode, Statement, ffi};

use super::catalogue::SqliteLayout;
use super::open::{FileLocation, parse_unknown, unknown_here};
use super::sql;
use super::value::{bind_values, read_cells};
use crate::model::Refusal;
use crate::targets::{RowTrial, TargetError};

/// The collations that every SQLite knows.
const COLLATIONS: [&str; 3] = ["BINARY", "NOCASE", "RTRIM"];
/// No declaration names so many functions that are not known here.
const STRANGERS_MAX: usize = 32;

/// Returns rows as the database would hold them; see [`crate::targets::Target::normalize`].
pub(super) fn normalize_rows(
    place: &FileLocation,
    sheet: &SqliteLayout,
    trials: Vec<RowTrial>,
) -> Result<Vec<Vec<Value>>, TargetError> {
    if trials.is_empty() {
        return Ok(Vec::new());
    }
    let connection = open_trial_table(place, sheet)?;
    let mut stage = TrialTable::new(&connection, place, sheet)?;
    let mut held = Vec::with_capacity(trials.len());
    for trial in trials {
        refuse_drawn_rowid(sheet, &trial.to)?;
        held.push(match (stage.add_row(&trial.to), trial.changed_positions()) {
            (Ok(()), _) => stage.take_row(trial.to)?,
            // What an update does not touch may break the schema already, and stays as it is.
            (Err(error), Some(set)) if is_schema_violation(&error) => stage.update_row(trial, &set)?,
            (Err(error), _) => return Err(explain_write_error(place, sheet, "try a row out", &error)),
        });
    }
    Ok(held)
}

/// Returns rows with what the database puts into all columns but the known ones; see
/// [`crate::targets::Target::complete`].
pub(super) fn fill_defaults(
    place: &FileLocation,
    sheet: &SqliteLayout,
    known: &[usize],
    rows: Vec<Vec<Value>>,
) -> Result<Vec<Vec<Value>>, TargetError> {
    let connection = open_trial_table(place, sheet)?;
    let failed = place.explainer("try a row out");
    // Whether the row as a whole is one that the schema takes is asked later.
    connection.pragma_update(None, "ignore_check_constraints", true).map_err(&failed)?;
    let mut stage = TrialTable {
        insert: connection.prepare(&sql::insert_of(sheet, known)).map_err(&failed)?,
        ..TrialTable::new(&connection, place, sheet)?
    };
    let mut out = Vec::with_capacity(rows.len());
    for mut row in rows {
        let given: Vec<Value> = known.iter().filter_map(|at| row.get(*at).cloned()).collect();
        stage.add_row(&given).map_err(|error| explain_write_error(place, sheet, "try a row out", &error))?;
        let held = stage.take_row(row.clone())?;
        for (at, (cell, held)) in row.iter_mut().zip(held).enumerate() {
            if !known.contains(&at) {
                *cell = held;
            }
        }
        out.push(row);
    }
    Ok(out)
}

/// An empty table by the target's own declaration, which holds one row at a time.
struct TrialTable<'c> {
    connection: &'c Connection,
    place: &'c FileLocation,
    sheet: &'c SqliteLayout,
    insert: Statement<'c>,
    select: Statement<'c>,
    clear: Statement<'c>,
}

impl<'c> TrialTable<'c> {
    fn new(connection: &'c Connection, place: &'c FileLocation, sheet: &'c SqliteLayout) -> Result<Self, TargetError> {
        let prepared = |text: &str| connection.prepare(text).map_err(|error| constraint_error(sheet, &error));
        let insert = prepared(&sql::insert_row(sheet))?;
        let select = prepared(&sql::select_rows(sheet))?;
        let clear = prepared(&sql::delete_all_rows(sheet))?;
        Ok(Self { connection, place, sheet, insert, select, clear })
    }

    fn add_row(&mut self, row: &[Value]) -> rusqlite::Result<()> {
        bind_values(&mut self.insert, row)?;
        self.insert.raw_execute().map(drop)
    }

    /// Takes the row out again, as the table holds it.
    fn take_row(&mut self, mut row: Vec<Value>) -> Result<Vec<Value>, TargetError> {
        let failed = self.place.explainer("try a row out");
        let mut found = self.select.query([]).map_err(&failed)?;
        let vanished = || self.place.failure("try a row out", "a row vanished");
        let cells = found.next().map_err(&failed)?.ok_or_else(vanished)?;
        read_cells(cells, 1, &mut row).map_err(&failed)?;
        drop(found);
        self.clear.execute([]).map_err(&failed)?;
        Ok(row)
    }

    /// Puts the row that is there, whatever the schema says of it, and updates it.
    fn update_row(&mut self, trial: RowTrial, set: &[usize]) -> Result<Vec<Value>, TargetError> {
        let failed = self.place.explainer("try a row out");
        let ignore = |ignored| self.connection.pragma_update(None, "ignore_check_constraints", ignored);
        ignore(true).map_err(&failed)?;
        let added = self.add_row(trial.from.as_deref().unwrap_or_default());
        ignore(false).map_err(&failed)?;
        if added.is_err() {
            // No declaration of today let such a row in: whether it lets the update in, only the database itself can
            // say.
            return Ok(trial.to);
        }
        let failing = |error: rusqlite::Error| explain_write_error(self.place, self.sheet, "try a row out", &error);
        let mut update = self.connection.prepare(&sql::update_all_rows(self.sheet, set)).map_err(failing)?;
        bind_values(&mut update, set.iter().filter_map(|at| trial.to.get(*at))).map_err(&failed)?;
        update.raw_execute().map_err(failing)?;
        drop(update);
        self.take_row(trial.to)
    }
}

/// Makes an empty table by the target's own declaration. A collation that only another program knows compares nothing
/// here: no two rows meet. A function that only another program knows fails where it is needed.
fn open_trial_table(place: &FileLocation, sheet: &SqliteLayout) -> Result<Connection, TargetError> {
    let failed = place.explainer("open a table in memory");
    let stage = Connection::open_in_memory().map_err(&failed)?;
    stage.pragma_update(None, "foreign_keys", false).map_err(&failed)?;
    stage.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false).map_err(&failed)?;
    stage.pragma_update_and_check(None, "journal_mode", "off", |_| Ok(())).map_err(&failed)?;
    for name in sheet.table.columns.iter().filter_map(|column| column.image.collation.as_deref()) {
        if !COLLATIONS.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            stage.create_collation(name, Ord::cmp).map_err(&failed)?;
        }
    }
    stage.execute_batch(sql::BEGIN_WRITE).map_err(&failed)?;
    for _ in 0..STRANGERS_MAX {
        let Err(error) = stage.execute(&sheet.sql, []) else { return Ok(stage) };
        let said = error.to_string();
        let Some(("function", name)) = parse_unknown(&said) else { return Err(constraint_error(sheet, &error)) };
        stand_in(&stage, name).map_err(&failed)?;
    }
    Err(Refusal::Unsupported { what: format!("{}, which needs functions that are not known here,", sheet.name()) }
        .into())
}

/// Makes a function that a declaration may name, and that fails wherever it is called.
fn stand_in(stage: &Connection, name: &str) -> rusqlite::Result<()> {
    let said = format!("no such function: {name}");
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    stage.create_scalar_function(name, -1, flags, move |_| {
        Err::<i64, _>(rusqlite::Error::UserFunctionError(said.clone().into()))
    })
}

/// A rowid that the database would draw is not known before it is written.
fn refuse_drawn_rowid(sheet: &SqliteLayout, row: &[Value]) -> Result<(), Refusal> {
    let Some(column) = &sheet.rowid_column else { return Ok(()) };
    let drawn = sheet.table.position(column).and_then(|at| row.get(at)).is_none_or(Value::is_null);
    if drawn { Err(Refusal::NotNull { table: sheet.name().to_owned(), column: column.clone() }) } else { Ok(()) }
}

fn constraint_error(sheet: &SqliteLayout, error: &rusqlite::Error) -> TargetError {
    if let Some(refusal) = unknown_here(&error.to_string()) {
        return refusal.into();
    }
    Refusal::Constraint { table: sheet.name().to_owned(), why: error.to_string() }.into()
}

/// Tells whether an error is the schema's own no to a row, or to a row about which nobody can ask it here.
fn is_schema_violation(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) || parse_unknown(&error.to_string()).is_some()
}

/// Says what a failed statement means for a row: the schema's refusal, or a failure of the database.
pub(super) fn explain_write_error(
    place: &FileLocation,
    sheet: &SqliteLayout,
    what: &str,
    error: &rusqlite::Error,
) -> TargetError {
    let table = sheet.name().to_owned();
    let extended = error.sqlite_error().map_or(0, |error| error.extended_code);
    let said = error.to_string();
    if let Some(refusal) = unknown_here(&said) {
        return refusal.into();
    }
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
