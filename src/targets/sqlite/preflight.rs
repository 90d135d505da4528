//! The preflight of a SQLite target: judges touches by the schema. It reads rows only to prove that a key is unique,
//! and that indexes are whole.

use mfm_journal::{Digest, Residue, Value};
use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::catalogue::{Catalogue, SqliteLayout};
use super::open::{FileLocation, unknown_here};
use super::value::to_value;
use super::{foreign, normalize, sql, trigger};
use crate::model::refusal::render_key;
use crate::model::{KeyStanding, Refusal};
use crate::targets::facts::SchemaFacts;
use crate::targets::foreign::{KeyRules, affects_columns, check_foreign_keys};
use crate::targets::{Preflight, PreflightConditions, TableTouch, TargetError};

/// Judges touches; see [`crate::targets::Target::preflight`].
pub(super) fn preflight(
    connection: &Connection,
    place: &FileLocation,
    catalogue: &mut Catalogue,
    touches: &[TableTouch],
    conditions: &PreflightConditions<'_>,
) -> Result<Preflight, TargetError> {
    let mut preflight =
        Preflight { facts: Some(digest_facts(connection, place, catalogue, touches)?), ..Preflight::default() };
    for touch in touches {
        let layout = catalogue.require_layout(connection, place, &touch.table)?;
        judge_indexes(connection, place, layout.name())?;
        prove_key(connection, place, &layout, &mut preflight.notes)?;
        refuse_key_change(&layout, touch)?;
        judge_triggers(connection, place, touch, conditions.disable_triggers, &mut preflight)?;
        let tied = judge_keys(connection, place, touch, touches, conditions, &mut preflight)?;
        preflight.rehearse |= tied || needs_rehearsal(&layout, touch);
        compile_statements(connection, place, &layout, touch, &preflight.unenforced)?;
        if layout.checked {
            normalize::compile_with_checks(place, &layout, &list_checked_statements(&layout, touch, conditions.back))?;
        }
        declare_residue(&layout, touch, &mut preflight);
    }
    Ok(preflight)
}

/// Digests every schema fact that a preflight of these touches relies on.
pub(super) fn digest_facts(
    connection: &Connection,
    place: &FileLocation,
    catalogue: &mut Catalogue,
    touches: &[TableTouch],
) -> Result<Digest, TargetError> {
    let mut facts = SchemaFacts::default();
    for touch in touches {
        let layout = catalogue.require_layout(connection, place, &touch.table)?;
        let table = layout.name();
        facts.add(&["key", table, &format!("{:?}", layout.table.key), &layout.table.shape.key.join("\0")]);
        add_declarations(connection, place, table, &mut facts)?;
        // Whether a foreign key can be enforced depends on the declarations of the tables at its other ends, too.
        for key in foreign::read_declared_keys(connection, place, table)? {
            add_declarations(connection, place, &key.parent, &mut facts)?;
        }
        for key in foreign::read_referring_keys(connection, place, table)? {
            add_declarations(connection, place, &key.child, &mut facts)?;
        }
    }
    Ok(facts.digest())
}

fn add_declarations(
    connection: &Connection,
    place: &FileLocation,
    table: &str,
    facts: &mut SchemaFacts,
) -> Result<(), TargetError> {
    let failed = place.explainer("read the schema");
    let mut statement = connection.prepare_cached(sql::DECLARED).map_err(&failed)?;
    let mut rows = statement.query([table]).map_err(&failed)?;
    while let Some(row) = rows.next().map_err(&failed)? {
        let (kind, name, text): (String, String, String) = row.try_into().map_err(&failed)?;
        facts.add(&["declared", table, &kind, &name, &text]);
    }
    Ok(())
}

/// Refuses a table with a damaged index, which has more or fewer entries than the table has rows: reading through it
/// would not give the table's rows. Counting walks the pages of the table and of its indexes, but decodes no cells.
fn judge_indexes(connection: &Connection, place: &FileLocation, table: &str) -> Result<(), TargetError> {
    let failed = place.explainer("count a table by its indexes");
    let mut statement = connection.prepare_cached(sql::INDEXES).map_err(&failed)?;
    let listed = statement.query_map([table], |row| Ok((row.get(0)?, row.get(3)?))).map_err(&failed)?;
    let mut indexes: Vec<(String, bool)> = listed.collect::<Result<_, _>>().map_err(&failed)?;
    // A partial index leaves rows out on purpose.
    indexes.retain(|(_, is_partial)| !is_partial);
    if indexes.is_empty() {
        return Ok(());
    }
    let rows = query_count(connection, &sql::count_rows(table)).map_err(&failed)?;
    for (index, _) in indexes {
        // SQLite cannot walk an index with an unknown collation; then no rows are read through it either.
        let Ok(entries) = query_count(connection, &sql::count_entries(table, &index)) else { continue };
        if entries != rows {
            return Err(Refusal::BrokenIndex { table: table.to_owned(), index, rows, entries }.into());
        }
    }
    Ok(())
}

fn query_count(connection: &Connection, text: &str) -> rusqlite::Result<i64> {
    connection.query_one(text, [], |row| row.get(0))
}

/// Trusts a key that a unique index guarantees; else scans the table for NULLs and repeated keys.
fn prove_key(
    connection: &Connection,
    place: &FileLocation,
    layout: &SqliteLayout,
    notes: &mut Vec<String>,
) -> Result<(), TargetError> {
    layout.require_key()?;
    if let KeyStanding::Declared(_) = layout.table.key {
        return Ok(());
    }
    let failed = place.explainer("prove that the key is unique");
    let table = layout.name().to_owned();
    let columns = layout.table.shape.key.join(", ");
    let nulls = query_count(connection, &sql::nulls_in_key(layout)).map_err(&failed)?;
    if nulls > 0 {
        return Err(Refusal::NoKey { table, why: format!("{columns} is NULL in {nulls} rows") }.into());
    }
    let mut statement = connection.prepare(&sql::repeated_key(layout)).map_err(&failed)?;
    let mut rows = statement.query([]).map_err(&failed)?;
    if let Some(row) = rows.next().map_err(&failed)? {
        let width = layout.table.shape.key.len();
        let key = (0..width).map(|at| row.get_ref(at).map(to_value)).collect::<Result<Vec<Value>, _>>();
        let why = format!("{columns} is {} in several rows", render_key(&key.map_err(&failed)?));
        return Err(Refusal::NoKey { table, why }.into());
    }
    let scanned = query_count(connection, &sql::count_rows(&table)).map_err(&failed)?;
    notes.push(format!("{}: no index vouches for the key {columns}; {scanned} rows were scanned", layout.name()));
    Ok(())
}

fn refuse_key_change(layout: &SqliteLayout, touch: &TableTouch) -> Result<(), Refusal> {
    match touch.updated.iter().find(|name| layout.table.shape.key.contains(name)) {
        Some(name) => {
            Err(Refusal::Unsupported { what: format!("a change of the key column {}.{name}", layout.name()) })
        }
        None => Ok(()),
    }
}

/// Refuses triggers that the touch or its reversal would fire, or lists them as switched off.
fn judge_triggers(
    connection: &Connection,
    place: &FileLocation,
    touch: &TableTouch,
    disable: bool,
    preflight: &mut Preflight,
) -> Result<(), TargetError> {
    let table = &touch.table.shape.name;
    for trigger in trigger::read_triggers(connection, place, table)? {
        if !trigger.fires_on(touch) {
            continue;
        }
        if !disable {
            return Err(Refusal::Trigger { table: table.clone(), trigger: trigger.name }.into());
        }
        preflight.notes.push(format!("{table}: trigger {} is switched off for this transaction", trigger.name));
        preflight.triggers_disabled.push(trigger.name);
    }
    Ok(())
}

/// Judges the foreign keys that a touch affects, and returns whether there are any.
///
/// A key that SQLite cannot enforce is refused, except in a revert. A key that existing rows break counts as not
/// enforced: whoever wrote those rows does not enforce it, and with enforcement on SQLite would refuse the write.
fn judge_keys(
    connection: &Connection,
    place: &FileLocation,
    touch: &TableTouch,
    touches: &[TableTouch],
    conditions: &PreflightConditions<'_>,
    preflight: &mut Preflight,
) -> Result<bool, TargetError> {
    let table = &touch.table.shape.name;
    let parents = foreign::read_declared_keys(connection, place, table)?;
    let children = foreign::read_referring_keys(connection, place, table)?;
    // Each key with its columns in the touched table.
    let declared_keys = parents.iter().map(|key| (key, &key.child_columns));
    let keys = declared_keys.chain(children.iter().map(|key| (key, &key.parent_columns)));
    let mut tied = false;
    for (key, _) in keys.filter(|(_, columns)| affects_columns(touch, columns)) {
        tied = true;
        let name = key.name();
        if preflight.unenforced.contains(&name) {
            continue;
        }
        let why = match foreign::find_flaw(connection, place, key)? {
            Some(flaw) if !conditions.back => return Err(key.to_refusal(table, flaw).into()),
            Some(flaw) => flaw,
            None if conditions.unenforced.contains(&name) => "rows broke it when the fault was made".to_owned(),
            None if foreign::is_broken(connection, place, key)? => "rows that are there break it already".to_owned(),
            None => continue,
        };
        preflight.notes.push(format!("{table}: foreign keys are off for this transaction, for {name}: {why}"));
        preflight.unenforced.push(name);
    }
    let rules = KeyRules { touches, unenforced: &preflight.unenforced, back: conditions.back };
    check_foreign_keys(touch, &parents, &children, &rules)?;
    Ok(tied)
}

/// Returns whether a constraint covers what a touch changes, so that the declaration alone does not prove that the
/// change can be taken back.
fn needs_rehearsal(layout: &SqliteLayout, touch: &TableTouch) -> bool {
    let comes_or_goes = touch.inserts > 0 || touch.deletes > 0;
    if !comes_or_goes && touch.updated.is_empty() {
        return false;
    }
    let mut indexes = layout.unique.iter();
    layout.checked
        || layout.odd_unique
        || indexes.any(|index| comes_or_goes || index.columns.iter().any(|(name, _)| touch.updated.contains(name)))
}

/// Lets SQLite compile the statements of a touch and of its way back, and refuses by name what cannot be compiled.
fn compile_statements(
    connection: &Connection,
    place: &FileLocation,
    layout: &SqliteLayout,
    touch: &TableTouch,
    unenforced: &[String],
) -> Result<(), TargetError> {
    let mut texts = Vec::new();
    if touch.inserts > 0 || touch.deletes > 0 {
        texts.extend([sql::insert_row(layout), sql::delete_row(layout)]);
    }
    let positions: Vec<usize> = touch.updated.iter().filter_map(|name| layout.table.position(name)).collect();
    if !positions.is_empty() {
        texts.push(sql::update_row(layout, &positions));
    }
    // A statement is compiled together with the table's triggers. Those are judged on their own, and one that does not
    // compile must not hide the statement's own error, so they are off here.
    let failed = place.explainer("read the triggers");
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false).map_err(&failed)?;
    let compiled = texts.iter().try_for_each(|text| connection.prepare(text).map(drop));
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, true).map_err(&failed)?;
    match compiled {
        // With foreign keys off, as they will be for this operation, a key that SQLite cannot enforce does no harm.
        Err(error) if unenforced.is_empty() || unknown_here(&error.to_string()).is_some() => {
            Err(normalize::explain_write_error(place, layout, "prepare a write", &error))
        }
        _ => Ok(()),
    }
}

/// Returns the statements of a touch that CHECK constraints judge, and of its way back. A row that goes is judged by
/// none; that it may have to come again bars no revert.
fn list_checked_statements(layout: &SqliteLayout, touch: &TableTouch, is_revert: bool) -> Vec<String> {
    let mut texts = Vec::new();
    if touch.inserts > 0 || (touch.deletes > 0 && !is_revert) {
        texts.push(sql::insert_row(layout));
    }
    let positions: Vec<usize> = touch.updated.iter().filter_map(|name| layout.table.position(name)).collect();
    if !positions.is_empty() {
        texts.push(sql::update_row(layout, &positions));
    }
    texts
}

fn declare_residue(layout: &SqliteLayout, touch: &TableTouch, preflight: &mut Preflight) {
    let table = layout.name();
    if layout.autoincrement && touch.inserts > 0 {
        preflight.residue.push(Residue { table: table.to_owned(), what: "sqlite_sequence".to_owned() });
    }
    if layout.hides_rowid() && touch.deletes > 0 {
        preflight.residue.push(Residue { table: table.to_owned(), what: "rowid".to_owned() });
    }
    for column in &layout.table.omitted {
        preflight.notes.push(format!("{table}.{} is computed by the database and left out", column.image.name));
    }
}
