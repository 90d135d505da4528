//! The foreign keys that SQL Server enforces: parsing them from the catalogue's rows, and looking rows up by them.

use std::collections::BTreeMap;
use std::sync::Arc;

use mfm_journal::Value;

use super::catalogue::{self, CatalogueFeatures, LayoutField, MssqlLayout};
use super::codec;
use super::fault::ServerLocation;
use super::sql::rows;
use super::wire::{Wire, WireRow, cell_integer, cell_text};
use crate::model::Table;
use crate::targets::foreign::ForeignKey;
use crate::targets::references::{self, ForeignKeyLookup};
use crate::targets::{DomainKeys, RowMovement, SparedKeys, TargetError};

/// Parses foreign keys from the catalogue's rows, one row for each pair of columns.
pub(super) fn parse_foreign_keys(rows: &[WireRow]) -> Vec<ForeignKey> {
    let mut keys: BTreeMap<String, ForeignKey> = BTreeMap::new();
    for row in rows {
        let texts: [String; 8] = std::array::from_fn(|at| cell_text(row.get(at)).unwrap_or_default());
        let [name, child_schema, child, child_column, parent_schema, parent, parent_column, on_delete] = texts;
        // The name of a constraint is unique only within its schema.
        let key = keys.entry(format!("{child_schema}.{name}")).or_insert_with(|| ForeignKey {
            child: display_name(&child_schema, &child),
            child_columns: Vec::new(),
            parent: display_name(&parent_schema, &parent),
            parent_columns: Vec::new(),
            on_delete: parse_delete_action(&on_delete),
        });
        key.child_columns.push(child_column);
        key.parent_columns.push(parent_column);
    }
    keys.into_values().collect()
}

fn display_name(schema: &str, name: &str) -> String {
    if schema == "dbo" { name.to_owned() } else { format!("{schema}.{name}") }
}

/// Parses the catalogue's word for what a delete does to children; `None` for NO_ACTION.
fn parse_delete_action(described: &str) -> Option<String> {
    let words = described.replace('_', " ");
    ["CASCADE", "SET NULL", "SET DEFAULT"].contains(&words.as_str()).then_some(words)
}

/// What a lookup in other tables needs apart from the connection.
pub(super) struct LookupContext<'s> {
    pub(super) place: &'s ServerLocation,
    pub(super) features: &'s CatalogueFeatures,
    pub(super) keys: &'s DomainKeys,
}

/// Checks that inserted rows have their parents, and that deleted rows leave no children behind. `moving` holds the
/// layouts of the tables of those rows.
pub(super) fn check_references(
    wire: &mut Wire,
    context: &LookupContext<'_>,
    moving: &BTreeMap<String, Arc<MssqlLayout>>,
    moves: &[RowMovement<'_>],
    spared: &SparedKeys<'_>,
) -> Result<(), TargetError> {
    let mut answers = CachedLookup { wire, context, moving, layouts: BTreeMap::new(), known: BTreeMap::new() };
    references::check_movements(moves, spared, &mut answers)
}

/// Looks values up in other tables, the same values only once.
struct CachedLookup<'a> {
    wire: &'a mut Wire,
    context: &'a LookupContext<'a>,
    moving: &'a BTreeMap<String, Arc<MssqlLayout>>,
    layouts: BTreeMap<String, Option<MssqlLayout>>,
    known: BTreeMap<(String, Vec<String>, Vec<Value>), bool>,
}

impl ForeignKeyLookup for CachedLookup<'_> {
    fn list_declared_keys(&mut self, table: &Arc<Table>) -> Result<Vec<ForeignKey>, TargetError> {
        Ok(self.moving.get(&table.shape.name).map(|layout| layout.parents.clone()).unwrap_or_default())
    }

    fn list_referring_keys(&mut self, table: &Arc<Table>) -> Result<Vec<ForeignKey>, TargetError> {
        Ok(self.moving.get(&table.shape.name).map(|layout| layout.children.clone()).unwrap_or_default())
    }

    fn has_parent(&mut self, key: &ForeignKey, values: &[Value]) -> Result<bool, TargetError> {
        self.has_row(&key.parent, &key.parent_columns, values)
    }

    fn has_child(&mut self, key: &ForeignKey, values: &[Value]) -> Result<bool, TargetError> {
        self.has_row(&key.child, &key.child_columns, values)
    }

    fn count_children(&mut self, key: &ForeignKey, values: &[Value]) -> Result<u64, TargetError> {
        let rows = self.read_rows_holding(&key.child, &key.child_columns, values, rows::count_holding)?;
        let count = rows.first().and_then(|row| cell_integer(row.first()));
        Ok(count.map_or(0, i64::unsigned_abs))
    }
}

impl CachedLookup<'_> {
    fn has_row(&mut self, table: &str, columns: &[String], values: &[Value]) -> Result<bool, TargetError> {
        let question = (table.to_owned(), columns.to_vec(), values.to_vec());
        // Rows of one operation often refer to the same few parents.
        if let Some(exists) = self.known.get(&question) {
            return Ok(*exists);
        }
        let exists = !self.read_rows_holding(table, columns, values, rows::select_existence)?.is_empty();
        self.known.insert(question, exists);
        Ok(exists)
    }

    /// Queries the rows of a table that have these values, with the text that `text` builds. A value that its column
    /// cannot hold is in no row.
    fn read_rows_holding(
        &mut self,
        table: &str,
        columns: &[String],
        values: &[Value],
        text: fn(&str, &[&LayoutField]) -> String,
    ) -> Result<Vec<WireRow>, TargetError> {
        let LookupContext { place, features, keys } = *self.context;
        // A missing table is remembered as well.
        if !self.layouts.contains_key(table) {
            let layout = catalogue::read_layout(self.wire, place, features, keys, table)?;
            self.layouts.insert(table.to_owned(), layout);
        }
        let Some(Some(layout)) = self.layouts.get(table) else { return Ok(Vec::new()) };
        let fields: Option<Vec<&LayoutField>> = columns.iter().map(|name| layout.find_field(name)).collect();
        let fields =
            fields.ok_or_else(|| place.failure("look a foreign key up", "one of its columns cannot be read"))?;
        let encoded = fields.iter().zip(values).map(|(field, value)| codec::encode(value, field.kind));
        let Some(parameters) = encoded.collect::<Option<Vec<_>>>() else { return Ok(Vec::new()) };
        let rows = self.wire.query_rows(&text(&layout.qualified_name(), &fields), parameters);
        rows.map_err(place.explainer("look a foreign key up"))
    }
}
