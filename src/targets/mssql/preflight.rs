//! The preflight of a SQL Server target: what is about to happen, judged by the catalogue; reads rows only to prove a
//! key.

use mfm_journal::{Digest, Residue};

use super::catalogue::{CatalogueFeatures, MssqlLayout};
use super::fault::ServerLocation;
use super::sql::{catalogue as text, quote_name, rows as rows_text};
use super::wire::{Wire, cell_flag, cell_integer};
use super::{catalogue, rows};
use crate::model::refusal::render_key;
use crate::model::{KeyStanding, Refusal, Role};
use crate::targets::facts::SchemaFacts;
use crate::targets::foreign::{affects_columns, check_foreign_keys};
use crate::targets::known;
use crate::targets::{DomainKeys, Preflight, PreflightConditions, TableTouch, TargetError};

/// Everything that a preflight needs beside what is about to happen.
pub(super) struct PreflightContext<'c> {
    pub(super) wire: &'c mut Wire,
    pub(super) place: &'c ServerLocation,
    pub(super) offers: &'c CatalogueFeatures,
    pub(super) keys: &'c DomainKeys,
    /// The login whose permissions count, where it is the one that writes.
    pub(super) login: Option<&'c str>,
}

impl PreflightContext<'_> {
    /// Judges touches; see [`crate::targets::Target::preflight`].
    pub(super) fn preflight(
        &mut self,
        touches: &[TableTouch],
        conditions: &PreflightConditions<'_>,
    ) -> Result<Preflight, TargetError> {
        let sheets = self.read_layouts(touches)?;
        let mut preflight = Preflight { facts: Some(digest_facts(&sheets)), ..Preflight::default() };
        self.judge_own_permissions()?;
        for (touch, sheet) in touches.iter().zip(&sheets) {
            refuse_special(sheet)?;
            self.refuse_masked(sheet)?;
            self.prove_key(sheet, &mut preflight.notes)?;
            refuse_unsettable(sheet, touch)?;
            judge_triggers(sheet, touch, conditions.disable_triggers, &mut preflight)?;
            check_foreign_keys(touch, touches, &sheet.parents, &sheet.children, (&[], conditions.back))?;
            preflight.rehearse |= needs_rehearsal(sheet, touch);
            self.judge_permissions(sheet, touch, !preflight.triggers_disabled.is_empty())?;
            declare_residue(sheet, touch, &mut preflight);
        }
        Ok(preflight)
    }

    /// Returns the tables that touches mean, as they are declared now.
    pub(super) fn read_layouts(&mut self, touches: &[TableTouch]) -> Result<Vec<MssqlLayout>, TargetError> {
        let Self { wire, place, offers, keys, .. } = self;
        let declared = |touch: &TableTouch| {
            let sheet = catalogue::read_layout(wire, place, offers, keys, &touch.table.shape.name)?;
            Ok(known::require_unchanged(sheet, &touch.table, |sheet| &sheet.table)?)
        };
        touches.iter().map(declared).collect()
    }

    /// Refuses a table of which this login does not see all as it is.
    fn refuse_masked(&self, sheet: &MssqlLayout) -> Result<(), Refusal> {
        if sheet.masked.is_empty() {
            return Ok(());
        }
        let grant =
            format!("GRANT UNMASK TO {}", self.login.map_or_else(|| "the login that reads".to_owned(), quote_name));
        let what = format!("see {} unmasked in", sheet.masked.join(", "));
        Err(Refusal::NotPermitted { table: sheet.display_name().to_owned(), what, grant })
    }

    /// Trusts a declared key; scans the table where none is declared.
    fn prove_key(&mut self, sheet: &MssqlLayout, notes: &mut Vec<String>) -> Result<(), TargetError> {
        sheet.require_key()?;
        if let KeyStanding::Declared(_) = sheet.table.key {
            return Ok(());
        }
        let no_key = |why: String| Refusal::NoKey { table: sheet.display_name().to_owned(), why };
        let columns = sheet.table.shape.key.join(", ");
        let nulls = self.count_rows(&rows_text::nulls_in_key(sheet))?;
        if nulls > 0 {
            return Err(no_key(format!("{columns} is NULL in {nulls} rows")).into());
        }
        if let Some(key) = rows::one_key(self.wire, self.place, sheet, &rows_text::repeated_key(sheet))? {
            return Err(no_key(format!("{columns} is {} in several rows", render_key(&key))).into());
        }
        let scanned = self.count_rows(&rows_text::count_rows(&sheet.qualified_name()))?;
        notes.push(format!(
            "{}: no index vouches for the key {columns}; {scanned} rows were scanned",
            sheet.display_name()
        ));
        Ok(())
    }

    fn count_rows(&mut self, question: &str) -> Result<i64, TargetError> {
        let rows =
            self.wire.query_rows(question, Vec::new()).map_err(self.place.explainer("prove that the key is unique"))?;
        Ok(rows.first().and_then(|row| cell_integer(row.first())).unwrap_or_default())
    }

    /// Refuses where the login could not write down an operation, or not read it again; a marker that it does not see
    /// is the guard's to miss.
    fn judge_own_permissions(&mut self) -> Result<(), TargetError> {
        let Some(login) = self.login else { return Ok(()) };
        let asked = self.wire.query_rows(&text::own_permissions(), Vec::new());
        let asked = asked.map_err(self.place.explainer("ask what this login may do"))?;
        let Some(row) = asked.first() else { return Ok(()) };
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

    /// Refuses what the login may not do, or could not take back.
    fn judge_permissions(
        &mut self,
        sheet: &MssqlLayout,
        touch: &TableTouch,
        triggers: bool,
    ) -> Result<(), TargetError> {
        let Some(login) = self.login else { return Ok(()) };
        let names = vec![
            super::wire::text_parameter(sheet.qualified_name()),
            super::wire::text_parameter(quote_name(&sheet.schema)),
        ];
        let asked = self.wire.query_rows(&text::select_permissions(), names);
        let asked = asked.map_err(self.place.explainer("ask what this login may do"))?;
        let Some(row) = asked.first() else { return Ok(()) };
        let comes_or_goes = touch.inserts > 0 || touch.deletes > 0;
        let numbered = sheet.fields.iter().any(|field| field.identity);
        let needed = [
            ("SELECT", 0, true),
            ("UPDATE", 2, !touch.updated.is_empty()),
            ("INSERT", 1, comes_or_goes),
            ("DELETE", 3, comes_or_goes),
            ("ALTER", 4, (comes_or_goes && numbered) || triggers),
        ];
        for (what, at, needed) in needed {
            if needed && !cell_flag(row.get(at)) {
                let grant = format!("GRANT {what} ON {} TO {}", sheet.qualified_name(), quote_name(login));
                let (table, what) = (sheet.display_name().to_owned(), what.to_owned());
                return Err(Refusal::NotPermitted { table, what, grant }.into());
            }
        }
        Ok(())
    }
}

/// Digests every schema fact that a preflight relies on.
pub(super) fn digest_facts(sheets: &[MssqlLayout]) -> Digest {
    let mut facts = SchemaFacts::default();
    for sheet in sheets {
        let table = sheet.display_name();
        let columns = format!("{:?} {:?}", sheet.fields, sheet.table.omitted);
        facts.add(&["table", table, &sheet.object_id.to_string(), &columns]);
        facts.add(&["key", table, &format!("{:?}", sheet.table.key), &sheet.table.shape.key.join("\0")]);
        facts.add(&["unique", table, &format!("{:?}", sheet.unique)]);
        sheet.obstacles.iter().for_each(|what| facts.add(&["special", table, what]));
        facts.add(&["ways", table, &format!("{:?} {}", sheet.masked, sheet.forces_delay)]);
        sheet.triggers.iter().for_each(|one| facts.add(&["trigger", table, &one.name, &format!("{:?}", one.event)]));
        sheet.checks.iter().for_each(|(name, condition)| facts.add(&["check", table, name, condition]));
        for key in sheet.parents.iter().chain(&sheet.children) {
            facts.add(&["foreign key", table, &key.name(), key.on_delete.as_deref().unwrap_or_default()]);
        }
    }
    facts.digest()
}

/// Refuses triggers that the touch or its reversal would fire, or lists them as switched off.
fn judge_triggers(
    sheet: &MssqlLayout,
    touch: &TableTouch,
    disable: bool,
    preflight: &mut Preflight,
) -> Result<(), Refusal> {
    let table = sheet.display_name();
    for trigger in sheet.triggers.iter().filter(|trigger| trigger.fires_on(touch)) {
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

/// Tells whether a constraint covers what a touch changes: what is judged by the declaration alone does not prove then
/// that the change can be taken back.
fn needs_rehearsal(sheet: &MssqlLayout, touch: &TableTouch) -> bool {
    let comes_or_goes = touch.inserts > 0 || touch.deletes > 0;
    let set = |columns: &[String]| comes_or_goes || columns.iter().any(|name| touch.updated.contains(name));
    let tied = sheet.parents.iter().any(|key| affects_columns(touch, &key.child_columns))
        || sheet.children.iter().any(|key| affects_columns(touch, &key.parent_columns));
    let unique = sheet.odd_unique || sheet.unique.iter().any(|index| set(&index.columns));
    (comes_or_goes || !touch.updated.is_empty()) && (tied || unique || !sheet.checks.is_empty())
}

fn refuse_special(sheet: &MssqlLayout) -> Result<(), Refusal> {
    if sheet.hides {
        // What cannot be seen cannot be judged: a trigger, or a cascade.
        let (table, what) = (sheet.display_name().to_owned(), "VIEW DEFINITION on".to_owned());
        let grant = format!("GRANT VIEW DEFINITION ON {} TO this login's user", sheet.qualified_name());
        return Err(Refusal::NotPermitted { table, what, grant });
    }
    if let Some(what) = sheet.obstacles.first() {
        return Err(Refusal::SpecialTable { table: sheet.display_name().to_owned(), what: what.clone() });
    }
    if sheet.forces_delay {
        let what = "a commit in a database that forces delayed durability, which may be lost with its power,";
        return Err(Refusal::Unsupported { what: what.to_owned() });
    }
    sheet.unkept.first().map_or(Ok(()), |what| Err(Refusal::Unsupported { what: what.clone() }))
}

fn refuse_unsettable(sheet: &MssqlLayout, touch: &TableTouch) -> Result<(), Refusal> {
    for name in &touch.updated {
        if sheet.table.shape.key.contains(name) {
            return Err(Refusal::Unsupported {
                what: format!("a change of the key column {}.{name}", sheet.display_name()),
            });
        }
        if sheet.find_field(name).is_some_and(|field| field.identity) {
            let what = format!("a change of {}.{name}, by which the database numbers rows,", sheet.display_name());
            return Err(Refusal::Unsupported { what });
        }
    }
    Ok(())
}

fn declare_residue(sheet: &MssqlLayout, touch: &TableTouch, preflight: &mut Preflight) {
    let table = sheet.display_name();
    let mut residue = |what: String| preflight.residue.push(Residue { table: table.to_owned(), what });
    for column in sheet.table.omitted.iter().filter(|column| column.role == Role::RowVersion) {
        residue(format!("rowversion {}", column.image.name));
    }
    if touch.inserts > 0 {
        sheet.fields.iter().filter(|field| field.identity).for_each(|_| residue("identity".to_owned()));
    }
    if sheet.tracked {
        residue("change tracking".to_owned());
    }
    for column in sheet.table.omitted.iter().filter(|column| column.role == Role::Computed) {
        preflight.notes.push(format!("{table}.{} is computed by the database and left out", column.image.name));
    }
}
