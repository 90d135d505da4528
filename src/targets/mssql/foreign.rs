//! The foreign keys that SQL Server enforces, and looking rows up in them; judges nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use mfm_journal::Value;

use super::catalogue::{self, CatalogueFeatures, MssqlLayout, SheetField};
use super::codec;
use super::fault::ServerLocation;
use super::sql::rows;
use super::wire::{Wire, WireRow, cell_integer, cell_text};
use crate::model::Table;
use crate::targets::foreign::ForeignKey;
use crate::targets::references::{self, ForeignKeyLookup};
use crate::targets::{DomainKeys, RowMovement, SparedKeys, TargetError};

/// Returns the foreign keys that the catalogue's rows describe.
pub(super) fn parse_foreign_keys(rows: &[WireRow]) -> Vec<ForeignKey> {
    let mut keys: BTreeMap<String, ForeignKey> = BTreeMap::new();
    for row in rows {
        let part = |at: usize| cell_text(row.get(at)).unwrap_or_default();
        let shown = |schema: String, name: String| if schema == "dbo" { name } else { format!("{schema}.{name}") };
        let key = keys.entry(format!("{}.{}", part(1), part(0))).or_insert_with(|| ForeignKey {
            child: shown(part(1), part(2)),
            child_columns: Vec::new(),
            parent: shown(part(4), part(5)),
            parent_columns: Vec::new(),
            on_delete: parse_delete_action(&part(7)),
        });
        key.child_columns.push(part(3));
        key.parent_columns.push(part(6));
    }
    keys.into_values().collect()
}

/// Returns what a delete does further, in SQL's words.
fn parse_delete_action(described: &str) -> Option<String> {
    let words = described.replace('_', " ");
    ["CASCADE", "SET NULL", "SET DEFAULT"].contains(&words.as_str()).then_some(words)
}

/// What is needed to look rows up in other tables.
pub(super) struct LookupContext<'s> {
    pub(super) place: &'s ServerLocation,
    pub(super) offers: &'s CatalogueFeatures,
    pub(super) keys: &'s DomainKeys,
}

/// Checks that rows that come find their parents and that rows that go leave no children behind; the tables that move
/// are known.
pub(super) fn check_references(
    wire: &mut Wire,
    around: &LookupContext<'_>,
    moving: &BTreeMap<String, Arc<MssqlLayout>>,
    moves: &[RowMovement<'_>],
    spared: &SparedKeys<'_>,
) -> Result<(), TargetError> {
    let mut answers = CachedLookup { wire, around, moving, sheets: BTreeMap::new(), known: BTreeMap::new() };
    references::check_movements(moves, spared, &mut answers)
}

/// Looks values up in other tables, each only once.
struct CachedLookup<'a> {
    wire: &'a mut Wire,
    around: &'a LookupContext<'a>,
    moving: &'a BTreeMap<String, Arc<MssqlLayout>>,
    sheets: BTreeMap<String, Option<MssqlLayout>>,
    known: BTreeMap<(String, Vec<String>, Vec<Value>), bool>,
}

impl ForeignKeyLookup for CachedLookup<'_> {
    fn list_declared_keys(&mut self, table: &Arc<Table>) -> Result<Vec<ForeignKey>, TargetError> {
        Ok(self.moving.get(&table.shape.name).map(|sheet| sheet.parents.clone()).unwrap_or_default())
    }

    fn list_referring_keys(&mut self, table: &Arc<Table>) -> Result<Vec<ForeignKey>, TargetError> {
        Ok(self.moving.get(&table.shape.name).map(|sheet| sheet.children.clone()).unwrap_or_default())
    }

    fn has_parent(&mut self, key: &ForeignKey, values: &[Value]) -> Result<bool, TargetError> {
        self.has_row(&key.parent, &key.parent_columns, values)
    }

    fn has_child(&mut self, key: &ForeignKey, values: &[Value]) -> Result<bool, TargetError> {
        self.has_row(&key.child, &key.child_columns, values)
    }

    fn count_children(&mut self, key: &ForeignKey, values: &[Value]) -> Result<u64, TargetError> {
        let found = self.read_rows_holding(&key.child, &key.child_columns, values, rows::count_holding)?;
        let first = found.first().and_then(|row| cell_integer(row.first()));
        Ok(first.map_or(0, i64::unsigned_abs))
    }
}

impl CachedLookup<'_> {
    fn has_row(&mut self, table: &str, columns: &[String], values: &[Value]) -> Result<bool, TargetError> {
        let question = (table.to_owned(), columns.to_vec(), values.to_vec());
        if let Some(known) = self.known.get(&question) {
            return Ok(*known);
        }
        let held = !self.read_rows_holding(table, columns, values, rows::select_existence)?.is_empty();
        self.known.insert(question, held);
        Ok(held)
    }

    /// Asks for the rows of a table that hold values; of a value that the column cannot hold there are none.
    fn read_rows_holding(
        &mut self,
        table: &str,
        columns: &[String],
        values: &[Value],
        text: fn(&str, &[&SheetField]) -> String,
    ) -> Result<Vec<WireRow>, TargetError> {
        let LookupContext { place, offers, keys } = *self.around;
        if !self.sheets.contains_key(table) {
            let sheet = catalogue::read_layout(self.wire, place, offers, keys, table)?;
            self.sheets.insert(table.to_owned(), sheet);
        }
        let Some(Some(sheet)) = self.sheets.get(table) else { return Ok(Vec::new()) };
        let fields: Option<Vec<&SheetField>> = columns.iter().map(|name| sheet.find_field(name)).collect();
        let fields = fields.ok_or_else(|| place.failure("look a foreign key up", "a column of it is not readable"))?;
        let encoded = fields.iter().zip(values).map(|(field, value)| codec::encode(value, field.kind));
        let Some(parameters) = encoded.collect::<Option<Vec<_>>>() else { return Ok(Vec::new()) };
        let found = self.wire.query_rows(&text(&sheet.qualified_name(), &fields), parameters);
        found.map_err(place.explainer("look a foreign key up"))
    }
}
