//! The foreign keys that SQL Server enforces, and looking rows up in them; judges nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use mfm_journal::Value;

use super::catalogue::{self, Offers, Sheet, SheetField};
use super::codec;
use super::fault::Place;
use super::sql::rows;
use super::wire::{Cells, Wire, whole, word};
use crate::model::Table;
use crate::targets::foreign::ForeignKey;
use crate::targets::references::{self, Kinship};
use crate::targets::{DomainKeys, Movement, Spared, TargetError};

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

/// Checks that rows that come find their parents and that rows that go leave no children behind; the tables that move
/// are known.
pub(super) fn references(
    wire: &mut Wire,
    around: &Surroundings<'_>,
    moving: &BTreeMap<String, Arc<Sheet>>,
    moves: &[Movement<'_>],
    spared: &Spared<'_>,
) -> Result<(), TargetError> {
    let mut answers = Answers { wire, around, moving, sheets: BTreeMap::new(), known: BTreeMap::new() };
    references::judge(moves, spared, &mut answers)
}

/// Looks values up in other tables, each only once.
struct Answers<'a> {
    wire: &'a mut Wire,
    around: &'a Surroundings<'a>,
    moving: &'a BTreeMap<String, Arc<Sheet>>,
    sheets: BTreeMap<String, Option<Sheet>>,
    known: BTreeMap<(String, Vec<String>, Vec<Value>), bool>,
}

impl Kinship for Answers<'_> {
    fn parents(&mut self, table: &Arc<Table>) -> Result<Vec<ForeignKey>, TargetError> {
        Ok(self.moving.get(&table.shape.name).map(|sheet| sheet.parents.clone()).unwrap_or_default())
    }

    fn children(&mut self, table: &Arc<Table>) -> Result<Vec<ForeignKey>, TargetError> {
        Ok(self.moving.get(&table.shape.name).map(|sheet| sheet.children.clone()).unwrap_or_default())
    }

    fn has_parent(&mut self, key: &ForeignKey, values: &[Value]) -> Result<bool, TargetError> {
        self.holds(&key.parent, &key.parent_columns, values)
    }

    fn has_child(&mut self, key: &ForeignKey, values: &[Value]) -> Result<bool, TargetError> {
        self.holds(&key.child, &key.child_columns, values)
    }

    fn count_children(&mut self, key: &ForeignKey, values: &[Value]) -> Result<u64, TargetError> {
        let found = self.look(&key.child, &key.child_columns, values, rows::count_holding)?;
        let first = found.first().and_then(|row| whole(row.first()));
        Ok(first.map_or(0, i64::unsigned_abs))
    }
}

impl Answers<'_> {
    fn holds(&mut self, table: &str, columns: &[String], values: &[Value]) -> Result<bool, TargetError> {
        let question = (table.to_owned(), columns.to_vec(), values.to_vec());
        if let Some(known) = self.known.get(&question) {
            return Ok(*known);
        }
        let held = !self.look(table, columns, values, rows::holds)?.is_empty();
        self.known.insert(question, held);
        Ok(held)
    }

    /// Asks for the rows of a table that hold values; of a value that the column cannot hold there are none.
    fn look(
        &mut self,
        table: &str,
        columns: &[String],
        values: &[Value],
        text: fn(&str, &[&SheetField]) -> String,
    ) -> Result<Vec<Cells>, TargetError> {
        let Surroundings { place, offers, keys } = *self.around;
        if !self.sheets.contains_key(table) {
            let sheet = catalogue::sheet(self.wire, place, offers, keys, table)?;
            self.sheets.insert(table.to_owned(), sheet);
        }
        let Some(Some(sheet)) = self.sheets.get(table) else { return Ok(Vec::new()) };
        let fields: Option<Vec<&SheetField>> = columns.iter().map(|name| sheet.field(name)).collect();
        let fields = fields.ok_or_else(|| place.failed("look a foreign key up", "a column of it is not readable"))?;
        let encoded = fields.iter().zip(values).map(|(field, value)| codec::encode(value, field.kind));
        let Some(parameters) = encoded.collect::<Option<Vec<_>>>() else { return Ok(Vec::new()) };
        let found = self.wire.rows(&text(&sheet.qualified(), &fields), parameters);
        found.map_err(place.error("look a foreign key up"))
    }
}
