//! The census of a SQLite target: what is about to happen, judged by the schema; reads rows only to prove a key.

use mfm_journal::{Digest, Residue, Value};
use rusqlite::Connection;

use super::catalogue::{Catalogue, Sheet};
use super::open::Place;
use super::value::value;
use super::{foreign, sql, trigger};
use crate::model::refusal::show;
use crate::model::{KeyStanding, Refusal};
use crate::target::facts::Facts;
use crate::target::foreign::judge;
use crate::target::{Census, TargetError, Touch};

/// Judges touches; see [`crate::target::Target::census`].
pub(super) fn census(
    connection: &Connection,
    place: &Place,
    catalogue: &mut Catalogue,
    touches: &[Touch],
    disable_triggers: bool,
) -> Result<Census, TargetError> {
    let mut census = Census { facts: Some(facts(connection, place, catalogue, touches)?), ..Census::default() };
    for touch in touches {
        let sheet = catalogue.same(connection, place, &touch.table)?;
        prove_key(connection, place, &sheet, &mut census.notes)?;
        refuse_key_change(&sheet, touch)?;
        judge_triggers(connection, place, touch, disable_triggers, &mut census)?;
        let parents = foreign::parents(connection, place, sheet.name())?;
        judge(touch, &parents, &foreign::children(connection, place, sheet.name())?)?;
        declare_residue(&sheet, touch, &mut census);
    }
    Ok(census)
}

/// Digests every schema fact that a census of these touches relies on.
pub(super) fn facts(
    connection: &Connection,
    place: &Place,
    catalogue: &mut Catalogue,
    touches: &[Touch],
) -> Result<Digest, TargetError> {
    let mut facts = Facts::default();
    for touch in touches {
        let sheet = catalogue.same(connection, place, &touch.table)?;
        let table = sheet.name();
        facts.add(&["key", table, &format!("{:?}", sheet.table.key), &sheet.table.shape.key.join("\0")]);
        declared(connection, place, table, &mut facts)?;
        for key in foreign::parents(connection, place, table)? {
            declared(connection, place, &key.parent, &mut facts)?;
        }
        for key in foreign::children(connection, place, table)? {
            declared(connection, place, &key.child, &mut facts)?;
        }
    }
    Ok(facts.digest())
}

fn declared(connection: &Connection, place: &Place, table: &str, facts: &mut Facts) -> Result<(), TargetError> {
    let failed = place.error("read the schema");
    let mut statement = connection.prepare_cached(sql::DECLARED).map_err(&failed)?;
    let mut rows = statement.query([table]).map_err(&failed)?;
    while let Some(row) = rows.next().map_err(&failed)? {
        let (kind, name, text): (String, String, String) = row.try_into().map_err(&failed)?;
        facts.add(&["declared", table, &kind, &name, &text]);
    }
    Ok(())
}

/// Trusts a declared key; scans the table where none is declared.
fn prove_key(
    connection: &Connection,
    place: &Place,
    sheet: &Sheet,
    notes: &mut Vec<String>,
) -> Result<(), TargetError> {
    sheet.require_key()?;
    if let KeyStanding::Declared(_) = sheet.table.key {
        return Ok(());
    }
    let failed = place.error("prove that the key is unique");
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
        let cell = |at| row.get_ref(at).map(value);
        let key: Vec<Value> = (0..sheet.table.shape.key.len()).map(cell).collect::<Result<_, _>>().map_err(&failed)?;
        return Err(no_key(format!("{columns} is {} in several rows", show(&key))).into());
    }
    let scanned = count(&sql::count(sheet.name()))?;
    notes.push(format!("{}: no index vouches for the key {columns}; {scanned} rows were scanned", sheet.name()));
    Ok(())
}

fn refuse_key_change(sheet: &Sheet, touch: &Touch) -> Result<(), Refusal> {
    let is_key = |name: &&String| sheet.table.shape.key.contains(*name);
    touch.updated.iter().find(is_key).map_or(Ok(()), |name| {
        Err(Refusal::Unsupported { what: format!("a change of the key column {}.{name}", sheet.name()) })
    })
}

/// Refuses triggers that the touch or its reversal would fire, or lists them as switched off.
fn judge_triggers(
    connection: &Connection,
    place: &Place,
    touch: &Touch,
    disable: bool,
    census: &mut Census,
) -> Result<(), TargetError> {
    let table = &touch.table.shape.name;
    for trigger in trigger::triggers(connection, place, table)? {
        if !trigger.fires(touch) {
            continue;
        }
        if !disable {
            return Err(Refusal::Trigger { table: table.clone(), trigger: trigger.name }.into());
        }
        census.notes.push(format!("{table}: trigger {} is switched off for this transaction", trigger.name));
        census.triggers_disabled.push(trigger.name);
    }
    Ok(())
}

fn declare_residue(sheet: &Sheet, touch: &Touch, census: &mut Census) {
    let mut residue = |what: &str| {
        census.residue.push(Residue { table: sheet.name().to_owned(), what: what.to_owned() });
    };
    if sheet.autoincrement && touch.inserts > 0 {
        residue("sqlite_sequence");
    }
    if sheet.hides_rowid() && touch.deletes > 0 {
        residue("rowid");
    }
    for column in &sheet.table.omitted {
        let (table, name) = (sheet.name(), &column.image.name);
        census.notes.push(format!("{table}.{name} is computed by the database and left out"));
    }
}
