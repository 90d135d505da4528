//! Tries rows out in a private table of the same declaration, in memory. The target itself is never written.

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

/// The collations that are built into SQLite.
const COLLATIONS: [&str; 3] = ["BINARY", "NOCASE", "RTRIM"];
/// The largest number of unknown functions that a declaration may name.
const UNKNOWN_FUNCTIONS_MAX: usize = 32;

/// Returns rows as the database would hold them; see [`crate::targets::Target::normalize_rows`].
pub(super) fn normalize_rows(
    place: &FileLocation,
    layout: &SqliteLayout,
    trials: Vec<RowTrial>,
) -> Result<Vec<Vec<Value>>, TargetError> {
    if trials.is_empty() {
        return Ok(Vec::new());
    }
    let connection = open_trial_table(place, layout)?;
    let mut stage = TrialTable::new(&connection, place, layout)?;
    let mut stored = Vec::with_capacity(trials.len());
    for trial in trials {
        refuse_drawn_rowid(layout, &trial.to)?;
        stored.push(match (stage.add_row(&trial.to), trial.changed_positions()) {
            (Ok(()), _) => stage.take_row(trial.to)?,
            // The cells that an update leaves alone may break the schema already: then only the update itself counts.
            (Err(error), Some(set)) if is_schema_violation(&error) => stage.update_row(trial, &set)?,
            (Err(error), _) => return Err(explain_write_error(place, layout, "try a row out", &error)),
        });
    }
    Ok(stored)
}

/// Returns rows with the database's defaults in all columns but the known ones; see
/// [`crate::targets::Target::fill_defaults`].
pub(super) fn fill_defaults(
    place: &FileLocation,
    layout: &SqliteLayout,
    known: &[usize],
    rows: Vec<Vec<Value>>,
) -> Result<Vec<Vec<Value>>, TargetError> {
    let connection = open_trial_table(place, layout)?;
    let failed = place.explainer("try a row out");
    // Only the defaults are of interest here. `normalize_rows` tries the whole row later, with its constraints.
    connection.pragma_update(None, "ignore_check_constraints", true).map_err(&failed)?;
    let mut stage = TrialTable {
        insert: connection.prepare(&sql::insert_of(layout, known)).map_err(&failed)?,
        ..TrialTable::new(&connection, place, layout)?
    };
    let mut out = Vec::with_capacity(rows.len());
    for mut row in rows {
        let cells: Vec<Value> = known.iter().filter_map(|at| row.get(*at).cloned()).collect();
        stage.add_row(&cells).map_err(|error| explain_write_error(place, layout, "try a row out", &error))?;
        let stored = stage.take_row(row.clone())?;
        for (at, (cell, stored)) in row.iter_mut().zip(stored).enumerate() {
            if !known.contains(&at) {
                *cell = stored;
            }
        }
        out.push(row);
    }
    Ok(out)
}

/// A private table with the target table's declaration. It holds one row at a time.
struct TrialTable<'c> {
    connection: &'c Connection,
    place: &'c FileLocation,
    layout: &'c SqliteLayout,
    insert: Statement<'c>,
    select: Statement<'c>,
    clear: Statement<'c>,
}

impl<'c> TrialTable<'c> {
    fn new(connection: &'c Connection, place: &'c FileLocation, layout: &'c SqliteLayout) -> Result<Self, TargetError> {
        let statements = || -> rusqlite::Result<_> {
            let insert = connection.prepare(&sql::insert_row(layout))?;
            let select = connection.prepare(&sql::select_rows(layout))?;
            let clear = connection.prepare(&sql::delete_all_rows(layout))?;
            Ok((insert, select, clear))
        };
        let (insert, select, clear) = statements().map_err(|error| constraint_error(layout, &error))?;
        Ok(Self { connection, place, layout, insert, select, clear })
    }

    fn add_row(&mut self, row: &[Value]) -> rusqlite::Result<()> {
        bind_values(&mut self.insert, row)?;
        self.insert.raw_execute().map(drop)
    }

    /// Reads the row back into the buffer `row`, and removes it from the table.
    fn take_row(&mut self, mut row: Vec<Value>) -> Result<Vec<Value>, TargetError> {
        let failed = self.place.explainer("try a row out");
        let mut rows = self.select.query([]).map_err(&failed)?;
        match rows.next().map_err(&failed)? {
            Some(cells) => read_cells(cells, 1, &mut row).map_err(&failed)?,
            None => return Err(self.place.failure("try a row out", "a row vanished")),
        }
        drop(rows);
        self.clear.execute([]).map_err(&failed)?;
        Ok(row)
    }

    /// Inserts the current row without CHECK constraints, and updates it with them.
    fn update_row(&mut self, trial: RowTrial, set: &[usize]) -> Result<Vec<Value>, TargetError> {
        let failed = self.place.explainer("try a row out");
        self.connection.pragma_update(None, "ignore_check_constraints", true).map_err(&failed)?;
        let insertion = self.add_row(trial.from.as_deref().unwrap_or_default());
        self.connection.pragma_update(None, "ignore_check_constraints", false).map_err(&failed)?;
        if insertion.is_err() {
            // Such a row could not be inserted under today's declaration, so it is older. Whether its update is
            // accepted, only the database itself can tell, in the transaction.
            return Ok(trial.to);
        }
        let updating = |error: rusqlite::Error| explain_write_error(self.place, self.layout, "try a row out", &error);
        let mut update = self.connection.prepare(&sql::update_all_rows(self.layout, set)).map_err(updating)?;
        bind_values(&mut update, set.iter().filter_map(|at| trial.to.get(*at))).map_err(&failed)?;
        update.raw_execute().map_err(updating)?;
        drop(update);
        self.take_row(trial.to)
    }
}

/// Creates an empty table with the target table's declaration, in memory.
///
/// Collations and functions of other programs are replaced: a collation by one that compares bytes, which is never
/// asked because the table holds one row at a time, and a function by one that fails when it is called.
fn open_trial_table(place: &FileLocation, layout: &SqliteLayout) -> Result<Connection, TargetError> {
    declare_trial_table(place, layout).map(|(stage, _)| stage)
}

/// Compiles statements under the table's declaration, without substitutes for functions of other programs. A read-only
/// connection leaves CHECK constraints out of what it compiles, so it would miss the functions that they call.
pub(super) fn compile_with_checks(
    place: &FileLocation,
    layout: &SqliteLayout,
    texts: &[String],
) -> Result<(), TargetError> {
    let (stage, substitutes) = declare_trial_table(place, layout)?;
    let failed = place.explainer("compile a statement");
    for name in &substitutes {
        stage.remove_function(name.as_str(), -1).map_err(&failed)?;
    }
    let compiled = texts.iter().try_for_each(|text| stage.prepare(text).map(drop));
    compiled.map_err(|error| explain_write_error(place, layout, "prepare a write", &error))
}

/// Returns the connection that holds the table, and the names of the functions that have substitutes.
fn declare_trial_table(place: &FileLocation, layout: &SqliteLayout) -> Result<(Connection, Vec<String>), TargetError> {
    let failed = place.explainer("open a table in memory");
    let stage = Connection::open_in_memory().map_err(&failed)?;
    // The tables that foreign keys refer to do not exist here.
    stage.pragma_update(None, "foreign_keys", false).map_err(&failed)?;
    stage.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false).map_err(&failed)?;
    stage.pragma_update_and_check(None, "journal_mode", "off", |_| Ok(())).map_err(&failed)?;
    for name in layout.table.columns.iter().filter_map(|column| column.image.collation.as_deref()) {
        if !COLLATIONS.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            stage.create_collation(name, Ord::cmp).map_err(&failed)?;
        }
    }
    // One transaction for all trials. It ends with the connection and is never committed.
    stage.execute_batch(sql::BEGIN_WRITE).map_err(&failed)?;
    // SQLite names one unknown function at a time: register a substitute, and try the declaration again.
    let mut substitutes = Vec::new();
    for _ in 0..UNKNOWN_FUNCTIONS_MAX {
        let Err(error) = stage.execute(&layout.sql, []) else { return Ok((stage, substitutes)) };
        let message = error.to_string();
        let Some(("function", name)) = parse_unknown(&message) else { return Err(constraint_error(layout, &error)) };
        stand_in(&stage, name).map_err(&failed)?;
        substitutes.push(name.to_owned());
    }
    Err(Refusal::Unsupported { what: format!("{}, which needs functions that are not known here,", layout.name()) }
        .into())
}

/// Registers a function that a declaration may name, and that fails wherever it is called.
fn stand_in(stage: &Connection, name: &str) -> rusqlite::Result<()> {
    let message = format!("no such function: {name}");
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    stage.create_scalar_function(name, -1, flags, move |_| {
        Err::<i64, _>(rusqlite::Error::UserFunctionError(message.clone().into()))
    })
}

/// Refuses a row whose rowid the database would choose: the plan has to know every key before the write.
fn refuse_drawn_rowid(layout: &SqliteLayout, row: &[Value]) -> Result<(), Refusal> {
    let Some(column) = &layout.rowid_column else { return Ok(()) };
    let drawn = layout.table.position(column).and_then(|at| row.get(at)).is_none_or(Value::is_null);
    if drawn { Err(Refusal::NotNull { table: layout.name().to_owned(), column: column.clone() }) } else { Ok(()) }
}

fn constraint_error(layout: &SqliteLayout, error: &rusqlite::Error) -> TargetError {
    if let Some(refusal) = unknown_here(&error.to_string()) {
        return refusal.into();
    }
    Refusal::Constraint { table: layout.name().to_owned(), why: error.to_string() }.into()
}

/// Returns whether an error means that the schema refuses a row, or that a function to judge the row is unknown here.
fn is_schema_violation(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) || parse_unknown(&error.to_string()).is_some()
}

/// Translates the error of a write: into the schema's refusal, or into a failure of the database.
pub(super) fn explain_write_error(
    place: &FileLocation,
    layout: &SqliteLayout,
    what: &str,
    error: &rusqlite::Error,
) -> TargetError {
    let table = layout.name().to_owned();
    let extended = error.sqlite_error().map_or(0, |error| error.extended_code);
    let message = error.to_string();
    if let Some(refusal) = unknown_here(&message) {
        return refusal.into();
    }
    match extended {
        ffi::SQLITE_CONSTRAINT_NOTNULL => match find_named_column(layout, &message) {
            Some(column) => Refusal::NotNull { table, column }.into(),
            None => Refusal::Constraint { table, why: message }.into(),
        },
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => {
            let constraint = "that SQLite does not name".to_owned();
            Refusal::ForeignKey { table, constraint, why: message }.into()
        }
        ffi::SQLITE_CONSTRAINT_UNIQUE => {
            // The message ends in `failed: index 'NAME'` for an index over expressions, else in `failed: T.A, T.B`.
            let index =
                message.rsplit("failed: ").next().unwrap_or(&message).trim_start_matches("index ").trim_matches('\'');
            Refusal::UniqueIndex { table, index: index.to_owned() }.into()
        }
        _ if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            Refusal::Constraint { table, why: message }.into()
        }
        _ if error.sqlite_error_code() == Some(ErrorCode::TypeMismatch) => {
            Refusal::Constraint { table, why: message }.into()
        }
        ffi::SQLITE_ERROR => Refusal::Constraint { table, why: message }.into(),
        _ => place.explain(what, error),
    }
}

/// Finds the column that a message of SQLite's names at its end, as `TABLE.COLUMN`. The longest name wins, because one
/// name may end like another.
fn find_named_column(layout: &SqliteLayout, message: &str) -> Option<String> {
    let table = layout.name();
    let names = layout.table.columns.iter().map(|column| column.image.name.as_str());
    let named = names.filter(|column| message.ends_with(&format!("{table}.{column}")));
    named.max_by_key(|name| name.len()).map(str::to_owned)
}
