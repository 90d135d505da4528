//! What is made of the rows of a scan before its reader sees them: counted, sorted, cut off. Pure; an engine may count
//! by itself.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use mfm_journal::TableShape;

use super::scan::{PipelineStage, ScanOrder, ScanReader, ScanRequest};
use crate::model::{Column, Kind, NameIndex, Role, Row, Storage, Table, Value};

/// The column that holds the number of rows of a group.
pub const COUNT: &str = "count";

/// Collects what a pipeline makes of the rows of a table.
#[derive(Debug)]
pub struct PipelineRun<'p> {
    stages: &'p [PipelineStage],
    table: Arc<Table>,
    /// The positions of the columns that the first stage counts by; `None` where it does not count.
    counted: Option<Vec<usize>>,
    groups: BTreeMap<Vec<Value>, i64>,
    rows: Vec<Vec<Value>>,
}

impl<'p> PipelineRun<'p> {
    /// Begins with the table whose rows will come.
    #[must_use]
    pub fn new(stages: &'p [PipelineStage], table: &Arc<Table>) -> Self {
        let counted = match stages.first() {
            Some(PipelineStage::CountBy(columns)) => {
                Some(columns.iter().filter_map(|column| table.position(column)).collect())
            }
            _ => None,
        };
        Self { stages, table: table.clone(), counted, groups: BTreeMap::new(), rows: Vec::new() }
    }

    /// Returns the positions of the columns that the first stage counts by; `None` where it does not count.
    #[must_use]
    pub fn counted_positions(&self) -> Option<&[usize]> {
        self.counted.as_deref()
    }

    /// Takes a row. Where the first stage counts, only its group is kept, so that memory grows with the groups.
    pub fn take_row(&mut self, row: &[Value]) {
        match &self.counted {
            Some(positions) => *self.groups.entry(select_cells(row, positions)).or_default() += 1,
            None => self.rows.push(row.to_vec()),
        }
    }

    /// Takes a group that the engine counted, its values in the order of the stage's columns.
    pub fn take_group(&mut self, values: Vec<Value>, count: i64) {
        *self.groups.entry(values).or_default() += count;
    }

    /// Returns what the stages make of the rows, with its table.
    #[must_use]
    pub fn finish(self) -> (Arc<Table>, Vec<Vec<Value>>) {
        let Self { mut stages, mut table, counted, groups, mut rows } = self;
        if let Some(positions) = counted {
            (table, rows) = (count_table(&table, &positions), list_groups(groups));
            stages = stages.get(1..).unwrap_or_default();
        }
        for (at, stage) in stages.iter().enumerate() {
            match stage {
                PipelineStage::CountBy(_) => {
                    let mut rest = PipelineRun::new(stages.get(at..).unwrap_or_default(), &table);
                    rows.iter().for_each(|row| rest.take_row(row));
                    return rest.finish();
                }
                PipelineStage::Sort(order) => sort_rows(&table, &mut rows, order),
                PipelineStage::Limit(most) => rows.truncate(usize::try_from(*most).unwrap_or(usize::MAX)),
            }
        }
        (table, rows)
    }
}

/// A reader of a scan's rows that collects what a pipeline makes of them.
pub struct PipelineReader<'p> {
    stages: &'p [PipelineStage],
    run: Option<PipelineRun<'p>>,
}

impl<'p> PipelineReader<'p> {
    /// Begins.
    #[must_use]
    pub const fn new(stages: &'p [PipelineStage]) -> Self {
        Self { stages, run: None }
    }

    /// Returns what the stages make of the rows, with its table; `None` where the target has no such table.
    #[must_use]
    pub fn finish(self) -> Option<(Arc<Table>, Vec<Vec<Value>>)> {
        self.run.map(PipelineRun::finish)
    }
}

impl ScanReader for PipelineReader<'_> {
    fn next_scan(&mut self) -> Option<ScanRequest> {
        None
    }

    fn begin_scan(&mut self, table: Option<&Arc<Table>>) {
        self.run = table.map(|table| PipelineRun::new(self.stages, table));
    }

    fn take_rows(&mut self, rows: &[Row<'_>]) -> ControlFlow<()> {
        if let Some(run) = &mut self.run {
            rows.iter().for_each(|row| run.take_row(row.cells));
        }
        ControlFlow::Continue(())
    }
}

/// Sorts rows by a column; without the column they keep their order.
fn sort_rows(table: &Table, rows: &mut [Vec<Value>], order: &ScanOrder) {
    let Some(at) = table.position(&order.column) else { return };
    // Stable in both directions: reversing afterwards would turn round the rows that are equal.
    rows.sort_by(|a, b| {
        let (a, b) = if order.descending { (b, a) } else { (a, b) };
        a.get(at).cmp(&b.get(at))
    });
}

fn select_cells(row: &[Value], positions: &[usize]) -> Vec<Value> {
    positions.iter().map(|at| row.get(*at).cloned().unwrap_or(Value::Null)).collect()
}

fn list_groups(groups: BTreeMap<Vec<Value>, i64>) -> Vec<Vec<Value>> {
    let mut rows = Vec::with_capacity(groups.len());
    for (mut values, count) in groups {
        values.push(Value::Integer(count));
        rows.push(values);
    }
    rows
}

/// Returns the table of groups: the columns counted by, then the number.
fn count_table(table: &Table, positions: &[usize]) -> Arc<Table> {
    let mut columns: Vec<Column> = positions.iter().filter_map(|at| table.columns.get(*at).cloned()).collect();
    let declared = "INTEGER";
    let image = mfm_journal::ColumnShape::new(COUNT, declared);
    columns.push(Column {
        image,
        kind: Kind::parse(declared),
        storage: Storage::Integer,
        nullable: false,
        role: Role::Plain,
    });
    let images = columns.iter().map(|column| column.image.clone()).collect();
    // A group is no row: it has no key.
    let shape = TableShape { columns: images, key: Vec::new(), ..(*table.shape).clone() };
    Arc::new(Table {
        shape: Arc::new(shape),
        columns,
        omitted: Vec::new(),
        key: table.key.clone(),
        names: NameIndex::default(),
    })
}
