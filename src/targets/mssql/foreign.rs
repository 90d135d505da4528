//! The foreign keys that SQL Server enforces, and looking rows up in them; judges nothing.

use std::collections::BTreeMap;

use mfm_journal::Value;

use super::catalogue::{self, Field, Offers, Sheet};
use super::codec;
use super::fault::Place;
use super::sql::rows;
use super::wire::{Cells, Wire, word};
use crate::targets::foreign::{self, ForeignKey};
use crate::targets::{DomainKeys, TargetError};

/// Returns the foreign keys that the catalogue's rows describe.
pub(super) fn keys(rows: &[Cells]) -> Vec<ForeignKey> {
    let mut keys: BTreeMap<String, ForeignKey> = BTreeMap::new();
    for row in rows {
        let part = |at: usize| word(row.get(at)).unwrap_or_default();
        let shown = |schema: String, name: String| if schema == "dbo" { name } else { format!("{schema}.{name}") };
        let key = keys.entry(format!("{}.{}", part(1), part(0))).or_insert_with(|| ForeignKey {
            child: shown(part(1), part(2)),
            child_columns: Vec::new(),
            parent: shown(part(4), part(5)),
            parent_columns: Vec::new(),
            on_delete: action(&part(7)),
        });
        key.child_columns.push(part(3));
        key.parent_columns.push(part(6));
    }
    keys.into_values().collect()
}

/// Returns what a delete does further, in SQL's words.
fn action(described: &str) -> Option<String> {
    let words = described.replace('_', " ");
    ["CASCADE", "SET NULL", "SET DEFAULT"].contains(&words.as_str()).then_some(words)
}

/// What is needed to look rows up in other tables.
pub(super) struct Surroundings<'s> {
    pub(super) place: &'s Place,
    pub(super) offers: &'s Offers,
    pub(super) keys: &'s DomainKeys,
}

/// Checks that inserted rows find their parents and that deleted rows leave no children behind.
pub(super) fn references(
    wire: &mut Wire,
    around: &Surroundings<'_>,
    sheet: &Sheet,
    (inserted, deleted): (&[Vec<Value>], &[Vec<Value>]),
    unenforced: &[String],
) -> Result<(), TargetError> {
    let mut answers = Answers { wire, around, sheets: BTreeMap::new(), known: BTreeMap::new() };
    if !inserted.is_empty() {
        let mut lookup = |key: &ForeignKey, values: &[Value]| answers.holds(&key.parent, &key.parent_columns, values);
        let keys = foreign::enforced(sheet.parents.clone(), unenforced);
        foreign::parents_of(&sheet.table, &keys, inserted, &mut lookup)?;
    }
    if !deleted.is_empty() {
        let mut lookup = |key: &ForeignKey, values: &[Value]| answers.holds(&key.child, &key.child_columns, values);
        let keys = foreign::enforced(sheet.children.clone(), unenforced);
        foreign::children_of(&sheet.table, &keys, deleted, &mut lookup)?;
    }
    Ok(())
}

/// Looks values up in other tables, each only once.
struct Answers<'a> {
    wire: &'a mut Wire,
    around: &'a Surroundings<'a>,
    sheets: BTreeMap<String, Option<Sheet>>,
    known: BTreeMap<(String, Vec<String>, Vec<Value>), bool>,
}

impl Answers<'_> {
    fn holds(&mut self, table: &str, columns: &[String], values: &[Value]) -> Result<bool, TargetError> {
        let question = (table.to_owned(), columns.to_vec(), values.to_vec());
        if let Some(known) = self.known.get(&question) {
            return Ok(*known);
        }
        let Surroundings { place, offers, keys } = *self.around;
        if !self.sheets.contains_key(table) {
            let sheet = catalogue::sheet(self.wire, place, offers, keys, table)?;
            self.sheets.insert(table.to_owned(), sheet);
        }
        let Some(Some(sheet)) = self.sheets.get(table) else { return Ok(false) };
        let fields: Option<Vec<&Field>> = columns.iter().map(|name| sheet.field(name)).collect();
        let fields = fields.ok_or_else(|| place.failed("look a foreign key up", "a column of it is not readable"))?;
        let encoded = fields.iter().zip(values).map(|(field, value)| codec::encode(value, field.kind));
        let held = match encoded.collect::<Option<Vec<_>>>() {
            // A value that the other column cannot hold is not there.
            None => false,
            Some(parameters) => {
                let rows = self.wire.rows(&rows::holds(&sheet.qualified(), &fields), parameters);
                !rows.map_err(place.error("look a foreign key up"))?.is_empty()
            }
        };
        self.known.insert(question, held);
        Ok(held)
    }
}
