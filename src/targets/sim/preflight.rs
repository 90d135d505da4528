//! The preflight of a simulated database, by the rules that all engines share.

use mfm_journal::{Residue, Value};

use super::state::SimState;
use super::table::SimTable;
use crate::model::refusal::render_key;
use crate::model::{KeyStanding, Refusal, Role};
use crate::targets::foreign::{ForeignKey, KeyRules, affects_columns, check_foreign_keys};
use crate::targets::{Preflight, PreflightConditions, TableTouch};

/// Judges touches; see [`crate::targets::Target::preflight`].
pub(super) fn preflight(
    state: &SimState,
    touches: &[TableTouch],
    conditions: &PreflightConditions<'_>,
) -> Result<Preflight, Refusal> {
    let mut preflight = Preflight { facts: Some(state.digest_facts(touches)?), ..Preflight::default() };
    for touch in touches {
        let table = state.require_unchanged(&touch.table)?;
        prove_key(table, &mut preflight.notes)?;
        if let Some(name) = touch.updated.iter().find(|name| table.table.shape.key.contains(name)) {
            return Err(Refusal::Unsupported { what: format!("a change of the key column {}.{name}", table.name()) });
        }
        for trigger in table.options.triggers.iter().filter(|trigger| trigger.fires_on(touch)) {
            let (table, trigger) = (table.name().to_owned(), trigger.name.clone());
            if !conditions.disable_triggers {
                return Err(Refusal::Trigger { table, trigger });
            }
            preflight.notes.push(format!("{table}: trigger {trigger} is switched off for this transaction"));
            preflight.triggers_disabled.push(trigger);
        }
        judge_keys(state, touch, touches, conditions, &mut preflight)?;
        preflight.rehearse |= touches_unique_index(table, touch) || !table.options.checks.is_empty();
        declare_residue(table, touch, &mut preflight);
    }
    Ok(preflight)
}

fn touches_unique_index(table: &SimTable, touch: &TableTouch) -> bool {
    let comes_or_goes = touch.inserts > 0 || touch.deletes > 0;
    let mut indexes = table.options.unique.iter();
    indexes.any(|(_, columns)| comes_or_goes || columns.iter().any(|name| touch.updated.contains(name)))
}

/// Judges the foreign keys that a touch concerns. Keys that existing rows already break count as not enforced.
fn judge_keys(
    state: &SimState,
    touch: &TableTouch,
    touches: &[TableTouch],
    conditions: &PreflightConditions<'_>,
    preflight: &mut Preflight,
) -> Result<(), Refusal> {
    let table = &touch.table.shape.name;
    let (parents, children) = (state.declared_keys(table), state.referring_keys(table));
    // Each key with its columns in the touched table.
    let declared_keys = parents.iter().map(|key| (key, &key.child_columns));
    let keys = declared_keys.chain(children.iter().map(|key| (key, &key.parent_columns)));
    let affected: Vec<&ForeignKey> =
        keys.filter(|(_, columns)| affects_columns(touch, columns)).map(|(key, _)| key).collect();
    preflight.rehearse |= !affected.is_empty();
    for key in affected {
        let name = key.name();
        let broken = conditions.unenforced.contains(&name) || state.is_broken(key)?;
        if broken && !preflight.unenforced.contains(&name) {
            preflight
                .notes
                .push(format!("{table}: {name} is not enforced for this transaction: rows break it already"));
            preflight.unenforced.push(name);
        }
    }
    let rules = KeyRules { touches, unenforced: &preflight.unenforced, back: conditions.back };
    check_foreign_keys(touch, &parents, &children, &rules)
}

fn prove_key(table: &SimTable, notes: &mut Vec<String>) -> Result<(), Refusal> {
    if table.table.shape.key.is_empty() {
        return Err(table.no_key("it declares none"));
    }
    if matches!(table.table.key, KeyStanding::Declared(_)) {
        return Ok(());
    }
    let columns = table.table.shape.key.join(", ");
    if table.keys().any(|(key, _)| key.iter().any(Value::is_null)) {
        return Err(table.no_key(&format!("{columns} is NULL in some rows")));
    }
    if let Some((key, _)) = table.keys().find(|(_, rows)| *rows > 1) {
        return Err(table.no_key(&format!("{columns} is {} in several rows", render_key(key))));
    }
    let rows = table.rows().count();
    notes.push(format!("{}: no index vouches for the key {columns}; {rows} rows were scanned", table.name()));
    Ok(())
}

fn declare_residue(table: &SimTable, touch: &TableTouch, preflight: &mut Preflight) {
    let name = table.name();
    if table.options.identity && touch.inserts > 0 {
        preflight.residue.push(Residue { table: name.to_owned(), what: "identity".to_owned() });
    }
    for column in &table.table.omitted {
        let column_name = &column.image.name;
        match column.role {
            Role::RowVersion => {
                let what = format!("rowversion {column_name}");
                preflight.residue.push(Residue { table: name.to_owned(), what });
            }
            _ => preflight.notes.push(format!("{name}.{column_name} is computed by the database and left out")),
        }
    }
}
