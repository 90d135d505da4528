//! The reading side of a simulated database: the view of one process, which sees what is committed.

use std::collections::BTreeSet;
use std::sync::{Arc, MutexGuard};

use mfm_journal::{Digest, Value};

use super::table::SimTable;
use super::world::SharedWorld;
use super::writer::SimWriter;
use super::{SimWorld, preflight, scan};
use crate::model::snapshot::{key_form, lies_between};
use crate::model::time::lies_on;
use crate::model::{Fetch, FetchAnswer, Filter, Key, Scan, Table};
use crate::targets::references;
use crate::targets::tally::TableHasher;
use crate::targets::unique::{CheckedIndex, check_index, touches_index};
use crate::targets::{
    ConnectedProgram, Marker, OperationRow, PendingRows, Preflight, PreflightConditions, Pushdown, RowMovement,
    RowTrial, SparedKeys, TableDigest, TableTouch, Target, TargetBinding, TargetError, Writer,
};

/// A simulated database, opened by one process.
#[derive(Debug)]
pub struct SimTarget {
    world: SimWorld,
    epoch: u64,
    url: String,
}

impl SimTarget {
    pub(super) const fn new(world: SimWorld, epoch: u64, url: String) -> Self {
        Self { world, epoch, url }
    }

    /// Locks the database for one read and counts it; fails where this process was killed.
    fn lock_for_read(&self) -> Result<MutexGuard<'_, SharedWorld>, TargetError> {
        let mut world = self.world.lock();
        world.check_alive(self.epoch)?;
        world.script.count_read();
        Ok(world)
    }

    /// Returns the rows of `mfm_operation` that match, by operation number.
    fn list_matching_operations(
        &self,
        matches: impl Fn(&OperationRow) -> bool,
    ) -> Result<Vec<OperationRow>, TargetError> {
        let world = self.lock_for_read()?;
        let all = world.committed.operations.iter().flat_map(|operations| operations.values());
        let mut rows: Vec<OperationRow> = all.filter(|row| matches(row)).cloned().collect();
        rows.sort_by_key(|row| row.op);
        Ok(rows)
    }
}

impl Target for SimTarget {
    fn engine(&self) -> &'static str {
        "sim"
    }

    fn pushes_down(&self) -> Pushdown {
        Pushdown::ALL
    }

    fn url(&self) -> &str {
        &self.url
    }

    fn name(&self) -> String {
        self.world.lock().name()
    }

    fn read_binding(&mut self) -> Result<TargetBinding, TargetError> {
        Ok(self.lock_for_read()?.binding())
    }

    fn read_marker(&mut self) -> Result<Option<Marker>, TargetError> {
        Ok(self.lock_for_read()?.committed.marker.clone())
    }

    fn find_operation(&mut self, uid: &Digest) -> Result<Option<OperationRow>, TargetError> {
        Ok(self.list_matching_operations(|row| row.uid == *uid)?.pop())
    }

    fn find_newest_operation(&mut self, journal_id: &Digest) -> Result<Option<OperationRow>, TargetError> {
        Ok(self.list_matching_operations(|row| row.journal_id == *journal_id)?.pop())
    }

    fn list_journals(&mut self) -> Result<Vec<Digest>, TargetError> {
        let rows = self.list_matching_operations(|_| true)?;
        Ok(rows.into_iter().map(|row| row.journal_id).collect::<BTreeSet<_>>().into_iter().collect())
    }

    fn list_operations(&mut self, journal_id: &Digest) -> Result<Vec<OperationRow>, TargetError> {
        self.list_matching_operations(|row| row.journal_id == *journal_id)
    }

    fn list_tables(&mut self) -> Result<Vec<String>, TargetError> {
        Ok(self.lock_for_read()?.committed.tables().map(|table| table.name().to_owned()).collect())
    }

    fn find_table(&mut self, name: &str) -> Result<Option<Arc<Table>>, TargetError> {
        Ok(self.lock_for_read()?.committed.find_table(name).map(|table| Arc::clone(&table.table)))
    }

    fn read(&mut self, query: &Fetch) -> Result<FetchAnswer, TargetError> {
        let world = self.lock_for_read()?;
        let Some(table) = world.committed.find_table(&query.table) else {
            return Ok(FetchAnswer { table: None, rows: Vec::new(), maximum: None });
        };
        let mut answer = FetchAnswer { table: Some(Arc::clone(&table.table)), rows: Vec::new(), maximum: None };
        match &query.filter {
            Filter::All => answer.rows = table.rows().cloned().collect(),
            Filter::In { column, values } => {
                let (at, _) = table.table.column(column)?;
                let values: BTreeSet<Value> = values.iter().filter(|value| !value.is_null()).map(key_form).collect();
                answer.rows = rows_where(table, at, |cell| values.contains(&key_form(cell)));
            }
            Filter::Days { column, first, last } => {
                let (at, column) = table.table.column(column)?;
                answer.rows = rows_where(table, at, |cell| lies_on(cell, column, *first, *last));
            }
            Filter::Between { column, first, last } => {
                let (at, _) = table.table.column(column)?;
                answer.rows = rows_where(table, at, |cell| lies_between(cell, *first, *last));
            }
            Filter::Maximum { column } => {
                let (at, _) = table.table.column(column)?;
                for row in table.rows() {
                    if let Some(Value::Integer(number)) = row.get(at).map(key_form) {
                        answer.maximum = answer.maximum.max(Some(number));
                    }
                }
            }
        }
        Ok(answer)
    }

    fn scan(
        &mut self,
        scan: &Scan,
        visit: &mut dyn FnMut(&[Value]) -> Result<(), TargetError>,
    ) -> Result<(), TargetError> {
        scan::run_scan(&self.lock_for_read()?.committed, scan, visit)
    }

    fn read_keys(&mut self, table: &Table) -> Result<Vec<Key>, TargetError> {
        let world = self.lock_for_read()?;
        let table = world.committed.require_unchanged(table)?;
        // A key that several rows share is listed once for each of them, as SQL lists it.
        Ok(table.keys().flat_map(|(key, rows)| std::iter::repeat_n(key.clone(), rows)).collect())
    }

    fn read_rows(&mut self, table: &Arc<Table>, keys: &[Key]) -> Result<Vec<Option<Vec<Value>>>, TargetError> {
        let world = self.lock_for_read()?;
        let table = world.committed.require_unchanged(table)?;
        Ok(keys.iter().map(|key| Ok(table.find_row(key)?.cloned())).collect::<Result<_, crate::model::Refusal>>()?)
    }

    fn preflight(
        &mut self,
        touches: &[TableTouch],
        conditions: &PreflightConditions<'_>,
    ) -> Result<Preflight, TargetError> {
        Ok(preflight::preflight(&self.lock_for_read()?.committed, touches, conditions)?)
    }

    fn normalize_rows(&mut self, table: &Arc<Table>, trials: Vec<RowTrial>) -> Result<Vec<Vec<Value>>, TargetError> {
        let world = self.lock_for_read()?;
        let table = world.committed.require_unchanged(table)?;
        Ok(trials.into_iter().map(|trial| table.normalize_row(trial.to)).collect::<Result<_, _>>()?)
    }

    fn fill_defaults(
        &mut self,
        table: &Arc<Table>,
        known: &[usize],
        rows: Vec<Vec<Value>>,
    ) -> Result<Vec<Vec<Value>>, TargetError> {
        let world = self.lock_for_read()?;
        let defaults = &world.committed.require_unchanged(table)?.options.defaults;
        let mut rows = rows;
        for row in &mut rows {
            for (at, (column, cell)) in table.columns.iter().zip(row).enumerate() {
                if !known.contains(&at) {
                    *cell = defaults.get(&column.image.name).cloned().unwrap_or(Value::Null);
                }
            }
        }
        Ok(rows)
    }

    fn unique_after(
        &mut self,
        table: &Arc<Table>,
        columns: &[String],
        rows: &[Vec<Value>],
        pending: &PendingRows,
    ) -> Result<(), TargetError> {
        let world = self.lock_for_read()?;
        let sim = world.committed.require_unchanged(table)?;
        for (name, index) in &sim.options.unique {
            let names: Vec<&str> = index.iter().map(String::as_str).collect();
            if !touches_index(columns, &names) {
                continue;
            }
            let mut holders = |values: &[Value]| {
                let values: Vec<Value> = values.iter().map(key_form).collect();
                let rows = sim.rows().filter(|row| indexed_cells(table, &names, row) == values);
                Ok(rows.map(|row| table.key_of(row)).collect::<Result<Vec<Key>, _>>()?)
            };
            let index = CheckedIndex { name, columns: names.clone(), fold: &|_, value| key_form(value) };
            check_index(table, &index, rows, pending, &mut holders)?;
        }
        Ok(())
    }

    fn check_references(&mut self, moves: &[RowMovement<'_>], spared: &SparedKeys<'_>) -> Result<(), TargetError> {
        let world = self.lock_for_read()?;
        moves.iter().try_for_each(|one| world.committed.require_unchanged(one.table).map(drop))?;
        references::check_movements(moves, spared, &mut &world.committed)
    }

    fn digest_tables(&mut self, progress: &mut dyn FnMut(u64, u64)) -> Result<Vec<TableDigest>, TargetError> {
        let world = self.lock_for_read()?;
        let mut digests = Vec::new();
        let mut total = 0;
        for table in world.committed.tables() {
            let mut hasher = TableHasher::new(&table.table.shape);
            for row in table.rows() {
                hasher.add_row(row)?;
                total += 1;
            }
            digests.push(hasher.finish());
        }
        progress(total, total);
        Ok(digests)
    }

    fn list_sessions(&mut self) -> Result<Option<Vec<ConnectedProgram>>, TargetError> {
        Ok(self.lock_for_read()?.sessions.clone())
    }

    fn open_writer(&mut self, wait_ms: u64) -> Result<Box<dyn Writer>, TargetError> {
        drop(self.lock_for_read()?);
        Ok(Box::new(SimWriter::new(self.world.clone(), self.epoch, wait_ms)))
    }
}

/// Returns the rows whose cell at a position passes a test.
fn rows_where(table: &SimTable, at: usize, passes: impl Fn(&Value) -> bool) -> Vec<Vec<Value>> {
    table.rows().filter(|row| row.get(at).is_some_and(&passes)).cloned().collect()
}

/// Returns a row's values in the columns of an index, in the form in which equal numbers are the same.
fn indexed_cells(table: &Table, names: &[&str], row: &[Value]) -> Vec<Value> {
    names.iter().filter_map(|name| row.get(table.position(name)?).map(key_form)).collect()
}
