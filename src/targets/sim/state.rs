//! The contents of a simulated database at one moment, and how another program changes them. Transactions are copies of
//! this state.

use std::collections::BTreeMap;
use std::sync::Arc;

use mfm_journal::{Digest, Value};

use super::script::SimWrite;
use super::table::SimTable;
use crate::model::{Refusal, Table};
use crate::targets::facts::SchemaFacts;
use crate::targets::foreign::ForeignKey;
use crate::targets::known;
use crate::targets::references::ForeignKeyLookup;
use crate::targets::{DomainKeys, Marker, OperationRow, TableTouch, TargetError};

/// Tables, marker and operations. Copies share their tables until one of them writes.
#[derive(Clone, Debug, Default)]
pub(super) struct SimState {
    tables: BTreeMap<String, Arc<SimTable>>,
    pub(super) foreign_keys: Vec<ForeignKey>,
    pub(super) keys: DomainKeys,
    pub(super) marker: Option<Marker>,
    /// The rows of `mfm_operation`, by uid; `None` where the table does not exist.
    pub(super) operations: Option<BTreeMap<Digest, OperationRow>>,
}

impl SimState {
    pub(super) fn tables(&self) -> impl Iterator<Item = &Arc<SimTable>> {
        self.tables.values()
    }

    /// Finds a table by its exact name, else by its name in any case.
    pub(super) fn find_table(&self, name: &str) -> Option<&Arc<SimTable>> {
        let exact = self.tables.get(name);
        exact.or_else(|| self.tables.values().find(|table| table.name().eq_ignore_ascii_case(name)))
    }

    /// Returns a table, refusing where there is none of that name.
    pub(super) fn require_table(&self, name: &str) -> Result<&Arc<SimTable>, Refusal> {
        self.find_table(name).ok_or_else(|| Refusal::MissingTable { table: name.to_owned() })
    }

    /// Returns a table that was read before, refusing where its declaration changed.
    pub(super) fn require_unchanged(&self, table: &Table) -> Result<&Arc<SimTable>, Refusal> {
        known::require_unchanged(self.find_table(&table.shape.name), table, |found| &found.table)
    }

    pub(super) fn add_table(&mut self, table: SimTable) {
        self.tables.insert(table.name().to_owned(), Arc::new(table));
    }

    pub(super) fn remove_table(&mut self, name: &str) {
        self.tables.remove(name);
    }

    pub(super) fn table_mut(&mut self, name: &str) -> Result<&mut SimTable, Refusal> {
        let name = self.require_table(name)?.name().to_owned();
        self.tables.get_mut(&name).map(Arc::make_mut).ok_or(Refusal::MissingTable { table: name })
    }

    /// Applies the write of another program, which does no preflight.
    pub(super) fn apply_write(&mut self, write: &SimWrite) -> Result<(), Refusal> {
        match write {
            SimWrite::Insert { table, row } => self.table_mut(table)?.insert_row(row.clone()),
            SimWrite::Update { table, key, set } => {
                let declared = Arc::clone(&self.require_table(table)?.table);
                let mut cells = Vec::with_capacity(set.len());
                for (column, value) in set {
                    cells.push((declared.column(column)?.0, value.clone()));
                }
                self.table_mut(table)?.update_rows(key, &cells).map(drop)
            }
            SimWrite::Delete { table, key } => {
                self.table_mut(table)?.remove_rows(key);
                Ok(())
            }
            SimWrite::Trigger { table, trigger } => {
                self.table_mut(table)?.options.triggers.push(trigger.clone());
                Ok(())
            }
            SimWrite::Mark(marker) => {
                self.marker.clone_from(marker);
                Ok(())
            }
        }
    }

    /// Returns the foreign keys that a table declares.
    pub(super) fn declared_keys(&self, table: &str) -> Vec<ForeignKey> {
        self.foreign_keys.iter().filter(|key| key.child.eq_ignore_ascii_case(table)).cloned().collect()
    }

    /// Returns the foreign keys declared on a table.
    pub(super) fn referring_keys(&self, table: &str) -> Vec<ForeignKey> {
        self.foreign_keys.iter().filter(|key| key.parent.eq_ignore_ascii_case(table)).cloned().collect()
    }

    /// Returns whether a row of a table has these values in these columns.
    pub(super) fn holds_values(&self, table: &str, columns: &[String], values: &[Value]) -> Result<bool, Refusal> {
        Ok(self.count_holding(table, columns, values)? > 0)
    }

    /// Counts the rows of a table that have these values in these columns.
    fn count_holding(&self, table: &str, columns: &[String], values: &[Value]) -> Result<usize, Refusal> {
        let table = self.require_table(table)?;
        let positions = columns.iter().map(|name| table.table.column(name).map(|(at, _)| at));
        let positions = positions.collect::<Result<Vec<_>, _>>()?;
        let mut count = 0;
        for row in table.rows() {
            count += usize::from(positions.iter().zip(values).all(|(at, value)| row.get(*at) == Some(value)));
        }
        Ok(count)
    }

    /// Returns whether existing rows break a foreign key.
    pub(super) fn is_broken(&self, key: &ForeignKey) -> Result<bool, Refusal> {
        let child = self.require_table(&key.child)?;
        for row in child.rows() {
            let cells = key.child_columns.iter().map(|name| child.table.column(name));
            let cells = cells.map(|found| found.map(|(at, _)| row.get(at).cloned().unwrap_or(Value::Null)));
            let cells = cells.collect::<Result<Vec<Value>, _>>()?;
            // A row with NULL in one of the columns refers to nothing.
            if !cells.iter().any(Value::is_null) && !self.holds_values(&key.parent, &key.parent_columns, &cells)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Digests every schema fact that a preflight of these touches relies on.
    pub(super) fn digest_facts(&self, touches: &[TableTouch]) -> Result<Digest, Refusal> {
        let mut facts = SchemaFacts::default();
        for touch in touches {
            let table = self.require_unchanged(&touch.table)?;
            let (name, options) = (table.name(), &table.options);
            let rest = format!("{:?} {:?} {}", options.triggers, options.unique, options.identity);
            facts.add(&["table", name, &format!("{:?}", table.table), &rest]);
            for check in &options.checks {
                facts.add(&["check", name, &check.name]);
            }
            for key in self.declared_keys(name).iter().chain(&self.referring_keys(name)) {
                facts.add(&["foreign key", &key.name(), key.on_delete.as_deref().unwrap_or("")]);
            }
        }
        Ok(facts.digest())
    }
}

impl ForeignKeyLookup for &SimState {
    fn list_declared_keys(&mut self, table: &Arc<Table>) -> Result<Vec<ForeignKey>, TargetError> {
        Ok(SimState::declared_keys(self, &table.shape.name))
    }

    fn list_referring_keys(&mut self, table: &Arc<Table>) -> Result<Vec<ForeignKey>, TargetError> {
        Ok(SimState::referring_keys(self, &table.shape.name))
    }

    fn has_parent(&mut self, key: &ForeignKey, values: &[Value]) -> Result<bool, TargetError> {
        Ok(self.holds_values(&key.parent, &key.parent_columns, values)?)
    }

    fn has_child(&mut self, key: &ForeignKey, values: &[Value]) -> Result<bool, TargetError> {
        Ok(self.holds_values(&key.child, &key.child_columns, values)?)
    }

    fn count_children(&mut self, key: &ForeignKey, values: &[Value]) -> Result<u64, TargetError> {
        Ok(self.count_holding(&key.child, &key.child_columns, values)? as u64)
    }
}
