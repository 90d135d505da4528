//! The preflight of a SQLite target: what is about to happen, judged by the schema; reads rows only to prove a key.

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
use crate::targets::foreign::{affects_columns, check_foreign_keys};
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
        let sheet = catalogue.require_layout(connection, place, &touch.table)?;
        judge_indexes(connection, place, sheet.name())?;
        prove_key(connection, place, &sheet, &mut preflight.notes)?;
        refuse_key_change(&sheet, touch)?;
        judge_triggers(connection, place, touch, conditions.disable_triggers, &mut preflight)?;
        let tied = judge_keys((connection, place), (touch, touches), conditions, &mut preflight)?;
        preflight.rehearse |= tied || needs_rehearsal(&sheet, touch);
        compile_statements(connection, place, &sheet, touch, &preflight.unenforced)?;
        declare_residue(&sheet, touch, &mut preflight);
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
        let sheet = catalogue.require_layout(connection, place, &touch.table)?;
        let table = sheet.name();
        facts.add(&["key", table, &format!("{:?}", sheet.table.key), &sheet.table.shape.key.join("\0")]);
        add_declarations(connection, place, table, &mut facts)?;
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

/// Refuses a table of which an index lacks rows, or has some that are gone: what is read through it is not the table.
/// The table's pages are walked for this, without their cells.
fn judge_indexes(connection: &Connection, place: &FileLocation, table: &str) -> Result<(), TargetError> {
    let failed = place.explainer("count a table by its indexes");
    let count = |text: &str| connection.query_one(text, [], |row| row.get::<_, i64>(0));
    let mut statement = connection.prepare_cached(sql::INDEXES).map_err(&failed)?;
    let listed = statement.query_map([table], |row| Ok((row.get(0)?, row.get::<_, bool>(3)?))).map_err(&failed)?;
    let whole = |index: rusqlite::Result<(String, bool)>| index.map(|(name, is_partial)| (!is_partial).then_some(name));
    let indexes: Vec<String> =
        listed.filter_map(|index| whole(index).transpose()).collect::<Result<_, _>>().map_err(&failed)?;
    if indexes.is_empty() {
        return Ok(());
    }
    let rows = count(&sql::count_rows(table)).map_err(&failed)?;
    for index in indexes {
        // An index that SQLite does not walk, as one of an unknown collation, is none that rows are read through.
        let Ok(entries) = count(&sql::count_entries(table, &index)) else { continue };
        if entries != rows {
            return Err(Refusal::BrokenIndex { table: table.to_owned(), index, rows, entries }.into());
        }
    }
    Ok(())
}

/// Trusts a declared key; scans the table where none is declared.
fn prove_key(
    connection: &Connection,
    place: &FileLocation,
    sheet: &SqliteLayout,
    notes: &mut Vec<String>,
) -> Result<(), TargetError> {
    sheet.require_key()?;
    if let KeyStanding::Declared(_) = sheet.table.key {
        return Ok(());
    }
    let failed = place.explainer("prove that the key is unique");
    let count = |text: &str| connection.query_one(text, [], |row| row.get::<_, i64>(0)).map_err(&failed);
    let no_key = |why: String| Refusal::NoKey { table: sheet.name().to_owned(), why };
    let columns = sheet.table.shape.key.join(", ");
    let nulls = count(&sql::nulls_in_key(sheet))?;
    if nulls > 0 {
        return Err(no_key(format!("{columns} is NULL in {nulls} rows")).into());
    }
    let mut statement = connection.prepare(&sql::repeated_key(sheet)).map_err(&failed)?;
    let mut rows = statement.query([]).map_err(&failed)?;
    if let Some(row) = rows.next().map_err(&failed)? {
        let cell = |at| row.get_ref(at).map(to_value);
        let key: Vec<Value> = (0..sheet.table.shape.key.len()).map(cell).collect::<Result<_, _>>().map_err(&failed)?;
        return Err(no_key(format!("{columns} is {} in several rows", render_key(&key))).into());
    }
    let scanned = count(&sql::count_rows(sheet.name()))?;
    notes.push(format!("{}: no index vouches for the key {columns}; {scanned} rows were scanned", sheet.name()));
    Ok(())
}

fn refuse_key_change(sheet: &SqliteLayout, touch: &TableTouch) -> Result<(), Refusal> {
    let is_key = |name: &&String| sheet.table.shape.key.contains(*name);
    touch.updated.iter().find(is_key).map_or(Ok(()), |name| {
        Err(Refusal::Unsupported { what: format!("a change of the key column {}.{name}", sheet.name()) })
    })
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

/// Judges the foreign keys that a touch concerns, and tells whether there are any. Those that nobody can follow are
/// refused; those that the data break already are not enforced by whoever made the data, and not by mfm.
fn judge_keys(
    (connection, place): (&Connection, &FileLocation),
    (touch, all): (&TableTouch, &[TableTouch]),
    conditions: &PreflightConditions<'_>,
    preflight: &mut Preflight,
) -> Result<bool, TargetError> {
    let table = &touch.table.shape.name;
    let parents = foreign::read_declared_keys(connection, place, table)?;
    let children = foreign::read_referring_keys(connection, place, table)?;
    let declared = parents.iter().map(|key| (key, &key.child_columns));
    let near = declared.chain(children.iter().map(|key| (key, &key.parent_columns)));
    let mut tied = false;
    for (key, _) in near.filter(|(_, columns)| affects_columns(touch, columns)) {
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
    check_foreign_keys(touch, all, &parents, &children, (&preflight.unenforced, conditions.back))?;
    Ok(tied)
}

/// Tells whether a constraint covers what a touch changes: what is judged by the declaration alone does not prove then
/// that the change can be taken back.
fn needs_rehearsal(sheet: &SqliteLayout, touch: &TableTouch) -> bool {
    let comes_or_goes = touch.inserts > 0 || touch.deletes > 0;
    let set = |(name, _): &(String, String)| touch.updated.contains(name);
    let unique = || sheet.unique.iter().any(|index| comes_or_goes || index.columns.iter().any(set));
    (comes_or_goes || !touch.updated.is_empty()) && (sheet.checked || sheet.odd_unique || unique())
}

/// Lets SQLite read the statements of a touch, and of taking it back: what it cannot carry out is refused by name.
fn compile_statements(
    connection: &Connection,
    place: &FileLocation,
    sheet: &SqliteLayout,
    touch: &TableTouch,
    unenforced: &[String],
) -> Result<(), TargetError> {
    let mut texts = Vec::new();
    if touch.inserts > 0 || touch.deletes > 0 {
        texts.extend([sql::insert_row(sheet), sql::delete_row(sheet)]);
    }
    let places: Vec<usize> = touch.updated.iter().filter_map(|name| sheet.table.position(name)).collect();
    if !places.is_empty() {
        texts.push(sql::update_row(sheet, &places));
    }
    // Triggers are judged apart.
    let failed = place.explainer("read the triggers");
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false).map_err(&failed)?;
    let compiled = texts.iter().try_for_each(|text| connection.prepare(text).map(drop));
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, true).map_err(&failed)?;
    match compiled {
        // With foreign keys off, nothing follows one that cannot be followed.
        Err(error) if unenforced.is_empty() || unknown_here(&error.to_string()).is_some() => {
            Err(normalize::explain_write_error(place, sheet, "prepare a write", &error))
        }
        _ => Ok(()),
    }
}

fn declare_residue(sheet: &SqliteLayout, touch: &TableTouch, preflight: &mut Preflight) {
    let mut residue = |what: &str| {
        preflight.residue.push(Residue { table: sheet.name().to_owned(), what: what.to_owned() });
    };
    if sheet.autoincrement && touch.inserts > 0 {
        residue("sqlite_sequence");
    }
    if sheet.hides_rowid() && touch.deletes > 0 {
        residue("rowid");
    }
    for column in &sheet.table.omitted {
        let (table, name) = (sheet.name(), &column.image.name);
        preflight.notes.push(format!("{table}.{name} is computed by the database and left out"));
    }
}
