//! The reading side of a simulated database: one process's view, which sees what is committed; writes nothing.

use std::collections::BTreeSet;
use std::sync::{Arc, MutexGuard};

use mfm_journal::{Digest, Value};

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

    /// Asks a question, if this process lives.
    fn lock_for_read(&self) -> Result<MutexGuard<'_, SharedWorld>, TargetError> {
        let mut world = self.world.lock();
        world.check_alive(self.epoch)?;
        world.script.count_read();
        Ok(world)
    }

    fn rows_of(&self, wanted: impl Fn(&OperationRow) -> bool) -> Result<Vec<OperationRow>, TargetError> {
        let world = self.lock_for_read()?;
        let all = world.committed.operations.iter().flat_map(|operations| operations.values());
        let mut rows: Vec<OperationRow> = all.filter(|row| wanted(row)).cloned().collect();
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
        Ok(self.rows_of(|row| row.uid == *uid)?.pop())
    }

    fn find_newest_operation(&mut self, journal_id: &Digest) -> Result<Option<OperationRow>, TargetError> {
        Ok(self.rows_of(|row| row.journal_id == *journal_id)?.pop())
    }

    fn list_journals(&mut self) -> Result<Vec<Digest>, TargetError> {
        let rows = self.rows_of(|_| true)?;
        Ok(rows.into_iter().map(|row| row.journal_id).collect::<BTreeSet<_>>().into_iter().collect())
    }

    fn list_operations(&mut self, journal_id: &Digest) -> Result<Vec<OperationRow>, TargetError> {
        self.rows_of(|row| row.journal_id == *journal_id)
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
                let wanted: BTreeSet<Value> = values.iter().filter(|value| !value.is_null()).map(key_form).collect();
                let asked = |row: &&Vec<Value>| row.get(at).is_some_and(|cell| wanted.contains(&key_form(cell)));
                answer.rows = table.rows().filter(asked).cloned().collect();
            }
            Filter::Days { column, first, last } => {
                let (at, column) = table.table.column(column)?;
                let asked = |row: &&Vec<Value>| row.get(at).is_some_and(|cell| lies_on(cell, column, *first, *last));
                answer.rows = table.rows().filter(asked).cloned().collect();
            }
            Filter::Between { column, first, last } => {
                let (at, _) = table.table.column(column)?;
                let asked = |row: &&Vec<Value>| row.get(at).is_some_and(|cell| lies_between(cell, *first, *last));
                answer.rows = table.rows().filter(asked).cloned().collect();
            }
            Filter::Maximum { column } => {
                let (at, _) = table.table.column(column)?;
                let integer = |row: &Vec<Value>| match row.get(at).map(key_form) {
                    Some(Value::Integer(number)) => Some(number),
                    _ => None,
                };
                answer.maximum = table.rows().filter_map(integer).max();
            }
        }
        Ok(answer)
    }

    fn scan(
        &mut self,
        scan: &Scan,
        take: &mut dyn FnMut(&[Value]) -> Result<(), TargetError>,
    ) -> Result<(), TargetError> {
        scan::run_scan(&self.lock_for_read()?.committed, scan, take)
    }

    fn read_keys(&mut self, table: &Table) -> Result<Vec<Key>, TargetError> {
        let world = self.lock_for_read()?;
        let table = world.committed.require_unchanged(table)?;
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
        let whole = |row: Vec<Value>| -> Vec<Value> {
            let cells = table.columns.iter().zip(row).enumerate();
            let own = |name: &str| defaults.get(name).cloned().unwrap_or(Value::Null);
            cells.map(|(at, (column, cell))| if known.contains(&at) { cell } else { own(&column.image.name) }).collect()
        };
        Ok(rows.into_iter().map(whole).collect())
    }

    fn unique_after(
        &mut self,
        table: &Arc<Table>,
        columns: &[String],
        rows: &[Vec<Value>],
        meanwhile: &PendingRows,
    ) -> Result<(), TargetError> {
        let world = self.lock_for_read()?;
        let sim = world.committed.require_unchanged(table)?;
        for (name, index) in &sim.options.unique {
            let names: Vec<&str> = index.iter().map(String::as_str).collect();
            if !touches_index(columns, &names) {
                continue;
            }
            let cells = |row: &Vec<Value>| -> Vec<Value> {
                names.iter().filter_map(|name| row.get(table.position(name)?).map(key_form)).collect()
            };
            let mut holders = |values: &[Value]| {
                let wanted: Vec<Value> = values.iter().map(key_form).collect();
                let found = sim.rows().filter(|row| cells(row) == wanted).map(|row| table.key_of(row));
                Ok(found.collect::<Result<Vec<Key>, _>>()?)
            };
            let judged = CheckedIndex { name, columns: names.clone(), fold: &|_, value| key_form(value) };
            check_index(table, &judged, rows, meanwhile, &mut holders)?;
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
        let total: usize = world.committed.tables().map(|table| table.rows().count()).sum();
        let digest = |table: &Arc<super::table::SimTable>| {
            let mut tally = TableHasher::new(&table.table.shape);
            table.rows().try_for_each(|row| tally.add_row(row))?;
            Ok(tally.finish())
        };
        let digests = world.committed.tables().map(digest).collect::<Result<Vec<_>, TargetError>>()?;
        progress(total as u64, total as u64);
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
