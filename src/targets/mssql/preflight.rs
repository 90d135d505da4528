//! The preflight of a SQL Server target: judges touches by the catalogue. It reads rows only to prove that a key is
//! unique.

use mfm_journal::{Digest, Residue};

use super::catalogue::{CatalogueFeatures, LayoutField, MssqlLayout, UniqueIndex};
use super::fault::ServerLocation;
use super::sql::{catalogue as text, quote_name, rows as rows_text};
use super::wire::{Wire, cell_flag, cell_integer};
use super::{catalogue, rows};
use crate::model::refusal::render_key;
use crate::model::{Column, KeyStanding, Refusal, Role};
use crate::targets::facts::SchemaFacts;
use crate::targets::foreign::{KeyRules, affects_columns, check_foreign_keys};
use crate::targets::known;
use crate::targets::{DomainKeys, Preflight, PreflightConditions, TableTouch, TargetError};

/// What a preflight needs apart from the touches.
pub(super) struct PreflightContext<'c> {
    pub(super) wire: &'c mut Wire,
    pub(super) place: &'c ServerLocation,
    pub(super) features: &'c CatalogueFeatures,
    pub(super) keys: &'c DomainKeys,
    /// The user whose permissions are checked; `None` where this session's login is not the one that writes.
    pub(super) login: Option<&'c str>,
}

impl PreflightContext<'_> {
    /// Judges touches; see [`crate::targets::Target::preflight`].
    pub(super) fn preflight(
        &mut self,
        touches: &[TableTouch],
        conditions: &PreflightConditions<'_>,
    ) -> Result<Preflight, TargetError> {
        let layouts = self.read_layouts(touches)?;
        let mut preflight = Preflight { facts: Some(digest_facts(&layouts)), ..Preflight::default() };
        self.judge_own_permissions()?;
        // SQL Server enforces every key that is enabled; a disabled one is not read at all.
        let rules = KeyRules { touches, unenforced: &[], back: conditions.back };
        for (touch, layout) in touches.iter().zip(&layouts) {
            refuse_special(layout)?;
            self.refuse_masked(layout)?;
            self.prove_key(layout, &mut preflight.notes)?;
            refuse_unsettable(layout, touch)?;
            judge_triggers(layout, touch, conditions.disable_triggers, &mut preflight)?;
            check_foreign_keys(touch, &layout.parents, &layout.children, &rules)?;
            preflight.rehearse |= needs_rehearsal(layout, touch);
            self.judge_permissions(layout, touch, !preflight.triggers_disabled.is_empty())?;
            declare_residue(layout, touch, &mut preflight);
        }
        Ok(preflight)
    }

    /// Reads the layouts of the touched tables, which have to be as the plan knows them.
    pub(super) fn read_layouts(&mut self, touches: &[TableTouch]) -> Result<Vec<MssqlLayout>, TargetError> {
        let Self { wire, place, features, keys, .. } = self;
        let mut layouts = Vec::with_capacity(touches.len());
        for touch in touches {
            let layout = catalogue::read_layout(wire, place, features, keys, &touch.table.shape.name)?;
            layouts.push(known::require_unchanged(layout, &touch.table, |layout| &layout.table)?);
        }
        Ok(layouts)
    }

    /// Refuses a table with columns that this login sees masked: their true values could not be put back.
    fn refuse_masked(&self, layout: &MssqlLayout) -> Result<(), Refusal> {
        if layout.masked.is_empty() {
            return Ok(());
        }
        let grant =
            format!("GRANT UNMASK TO {}", self.login.map_or_else(|| "the login that reads".to_owned(), quote_name));
        let what = format!("see {} unmasked in", layout.masked.join(", "));
        Err(Refusal::NotPermitted { table: layout.display_name().to_owned(), what, grant })
    }

    /// Trusts a key that a unique index guarantees; else scans the table for NULLs and repeated keys.
    fn prove_key(&mut self, layout: &MssqlLayout, notes: &mut Vec<String>) -> Result<(), TargetError> {
        layout.require_key()?;
        if let KeyStanding::Declared(_) = layout.table.key {
            return Ok(());
        }
        let table = layout.display_name().to_owned();
        let columns = layout.table.shape.key.join(", ");
        let nulls = self.count_rows(&rows_text::nulls_in_key(layout))?;
        if nulls > 0 {
            return Err(Refusal::NoKey { table, why: format!("{columns} is NULL in {nulls} rows") }.into());
        }
        if let Some(key) = rows::find_one_key(self.wire, self.place, layout, &rows_text::repeated_key(layout))? {
            return Err(
                Refusal::NoKey { table, why: format!("{columns} is {} in several rows", render_key(&key)) }.into()
            );
        }
        let scanned = self.count_rows(&rows_text::count_rows(&layout.qualified_name()))?;
        notes.push(format!(
            "{}: no index vouches for the key {columns}; {scanned} rows were scanned",
            layout.display_name()
        ));
        Ok(())
    }

    fn count_rows(&mut self, question: &str) -> Result<i64, TargetError> {
        let rows =
            self.wire.query_rows(question, Vec::new()).map_err(self.place.explainer("prove that the key is unique"))?;
        Ok(rows.first().and_then(|row| cell_integer(row.first())).unwrap_or_default())
    }

    /// Refuses where the login could not insert the row of an operation, or not read it again. A missing marker is not
    /// judged here: the guard refuses an unmarked target.
    fn judge_own_permissions(&mut self) -> Result<(), TargetError> {
        let Some(login) = self.login else { return Ok(()) };
        let answer = self.wire.query_rows(&text::own_permissions(), Vec::new());
        let answer = answer.map_err(self.place.explainer("ask what this login may do"))?;
        let Some(row) = answer.first() else { return Ok(()) };
        let needed = [("SELECT", "dbo.mfm_marker"), ("SELECT", "dbo.mfm_operation"), ("INSERT", "dbo.mfm_operation")];
        for (at, (what, table)) in needed.into_iter().enumerate() {
            if !cell_flag(row.get(at)) {
                let grant = format!("GRANT {what} ON {table} TO {}", quote_name(login));
                let (table, what) = (table.to_owned(), what.to_owned());
                return Err(Refusal::NotPermitted { table, what, grant }.into());
            }
        }
        Ok(())
    }

    /// Refuses a touch for which the login lacks a permission, or whose way back needs one that it lacks.
    fn judge_permissions(
        &mut self,
        layout: &MssqlLayout,
        touch: &TableTouch,
        triggers: bool,
    ) -> Result<(), TargetError> {
        let Some(login) = self.login else { return Ok(()) };
        let names = vec![
            super::wire::text_parameter(layout.qualified_name()),
            super::wire::text_parameter(quote_name(&layout.schema)),
        ];
        let answer = self.wire.query_rows(&text::select_permissions(), names);
        let answer = answer.map_err(self.place.explainer("ask what this login may do"))?;
        let Some(row) = answer.first() else { return Ok(()) };
        // Taking an insert back needs DELETE, and the other way round. IDENTITY_INSERT and triggers need ALTER.
        let comes_or_goes = touch.inserts > 0 || touch.deletes > 0;
        let numbered = layout.fields.iter().any(|field| field.identity);
        let needed = [
            ("SELECT", 0, true),
            ("UPDATE", 2, !touch.updated.is_empty()),
            ("INSERT", 1, comes_or_goes),
            ("DELETE", 3, comes_or_goes),
            ("ALTER", 4, (comes_or_goes && numbered) || triggers),
        ];
        for (what, at, needed) in needed {
            if needed && !cell_flag(row.get(at)) {
                let grant = format!("GRANT {what} ON {} TO {}", layout.qualified_name(), quote_name(login));
                let (table, what) = (layout.display_name().to_owned(), what.to_owned());
                return Err(Refusal::NotPermitted { table, what, grant }.into());
            }
        }
        Ok(())
    }
}

/// Digests every schema fact that a preflight relies on.
pub(super) fn digest_facts(layouts: &[MssqlLayout]) -> Digest {
    let mut facts = SchemaFacts::default();
    for layout in layouts {
        let table = layout.display_name();
        facts.add(&["table", table, &layout.object_id.to_string()]);
        // Field by field: what the journal holds must not change with the name of a type.
        for LayoutField { name, at, kind, collation, identity } in &layout.fields {
            let collation = collation.as_deref().unwrap_or_default();
            facts.add(&[
                "column",
                table,
                name,
                &at.to_string(),
                &format!("{kind:?}"),
                collation,
                &identity.to_string(),
            ]);
        }
        for Column { image, role, .. } in &layout.table.omitted {
            facts.add(&["omitted", table, &image.name, &image.declared, &format!("{role:?}")]);
        }
        facts.add(&["key", table, &format!("{:?}", layout.table.key), &layout.table.shape.key.join("\0")]);
        for UniqueIndex { name, columns, never_null } in &layout.unique {
            facts.add(&["unique", table, name, &columns.join("\0"), &never_null.to_string()]);
        }
        for what in &layout.obstacles {
            facts.add(&["special", table, what]);
        }
        facts.add(&["ways", table, &format!("{:?} {}", layout.masked, layout.forces_delay)]);
        for trigger in &layout.triggers {
            facts.add(&["trigger", table, &trigger.name, &format!("{:?}", trigger.event)]);
        }
        for (name, condition) in &layout.checks {
            facts.add(&["check", table, name, condition]);
        }
        for key in layout.parents.iter().chain(&layout.children) {
            facts.add(&["foreign key", table, &key.name(), key.on_delete.as_deref().unwrap_or_default()]);
        }
    }
    facts.digest()
}

/// Refuses triggers that the touch or its reversal would fire, or lists them as switched off.
fn judge_triggers(
    layout: &MssqlLayout,
    touch: &TableTouch,
    disable: bool,
    preflight: &mut Preflight,
) -> Result<(), Refusal> {
    let table = layout.display_name();
    for trigger in layout.triggers.iter().filter(|trigger| trigger.fires_on(touch)) {
        if !disable {
            return Err(Refusal::Trigger { table: table.to_owned(), trigger: trigger.name.clone() });
        }
        if !preflight.triggers_disabled.contains(&trigger.name) {
            preflight.notes.push(format!("{table}: trigger {} is switched off for this transaction", trigger.name));
            preflight.triggers_disabled.push(trigger.name.clone());
        }
    }
    Ok(())
}

/// Returns whether a constraint covers what a touch changes, so that the declaration alone does not prove that the
/// change can be taken back.
fn needs_rehearsal(layout: &MssqlLayout, touch: &TableTouch) -> bool {
    let comes_or_goes = touch.inserts > 0 || touch.deletes > 0;
    if !comes_or_goes && touch.updated.is_empty() {
        return false;
    }
    let tied = layout.parents.iter().any(|key| affects_columns(touch, &key.child_columns))
        || layout.children.iter().any(|key| affects_columns(touch, &key.parent_columns));
    let mut indexes = layout.unique.iter();
    let unique = layout.odd_unique
        || indexes.any(|index| comes_or_goes || index.columns.iter().any(|name| touch.updated.contains(name)));
    tied || unique || !layout.checks.is_empty()
}

fn refuse_special(layout: &MssqlLayout) -> Result<(), Refusal> {
    if layout.hides {
        // A trigger or a cascade that this login cannot see cannot be judged either.
        let (table, what) = (layout.display_name().to_owned(), "VIEW DEFINITION on".to_owned());
        let grant = format!("GRANT VIEW DEFINITION ON {} TO this login's user", layout.qualified_name());
        return Err(Refusal::NotPermitted { table, what, grant });
    }
    if let Some(what) = layout.obstacles.first() {
        return Err(Refusal::SpecialTable { table: layout.display_name().to_owned(), what: what.clone() });
    }
    if layout.forces_delay {
        let what = "a commit in a database that forces delayed durability, which may be lost with its power,";
        return Err(Refusal::Unsupported { what: what.to_owned() });
    }
    layout.unkept.first().map_or(Ok(()), |what| Err(Refusal::Unsupported { what: what.clone() }))
}

fn refuse_unsettable(layout: &MssqlLayout, touch: &TableTouch) -> Result<(), Refusal> {
    for name in &touch.updated {
        if layout.table.shape.key.contains(name) {
            return Err(Refusal::Unsupported {
                what: format!("a change of the key column {}.{name}", layout.display_name()),
            });
        }
        if layout.find_field(name).is_some_and(|field| field.identity) {
            let what = format!("a change of {}.{name}, by which the database numbers rows,", layout.display_name());
            return Err(Refusal::Unsupported { what });
        }
    }
    Ok(())
}

fn declare_residue(layout: &MssqlLayout, touch: &TableTouch, preflight: &mut Preflight) {
    let table = layout.display_name();
    let mut residue = Vec::new();
    for column in layout.table.omitted.iter().filter(|column| column.role == Role::RowVersion) {
        residue.push(format!("rowversion {}", column.image.name));
    }
    // A table has at most one identity column; its counter never goes back.
    if touch.inserts > 0 && layout.fields.iter().any(|field| field.identity) {
        residue.push("identity".to_owned());
    }
    if layout.tracked {
        residue.push("change tracking".to_owned());
    }
    preflight.residue.extend(residue.into_iter().map(|what| Residue { table: table.to_owned(), what }));
    for column in layout.table.omitted.iter().filter(|column| column.role == Role::Computed) {
        preflight.notes.push(format!("{table}.{} is computed by the database and left out", column.image.name));
    }
}
