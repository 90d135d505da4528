//! What is made of the rows of a scan before its reader sees them: counted, sorted, cut off. Pure; an engine may count
//! by itself.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use mfm_journal::TableShape;

use super::scan::{PipelineStage, ScanReader, ScanRequest};
use crate::model::{Column, Kind, Role, Row, Storage, Table, Value};

/// The column that holds the number of rows of a group.
pub const COUNT: &str = "count";

/// Collects what a pipeline makes of rows.
#[derive(Debug)]
pub struct PipelineRun {
    table: Arc<Table>,
    /// The positions of the columns that the first stage counts by; `None` where it does not count.
    counted: Option<Vec<usize>>,
    groups: BTreeMap<Vec<Value>, i64>,
    rows: Vec<Vec<Value>>,
}

impl PipelineRun {
    /// Begins with the table whose rows will come.
    #[must_use]
    pub fn new(stages: &[PipelineStage], table: &Arc<Table>) -> Self {
        let counted = match stages.first() {
            Some(PipelineStage::CountBy(columns)) => Some(find_positions(table, columns)),
            _ => None,
        };
        Self { table: table.clone(), counted, groups: BTreeMap::new(), rows: Vec::new() }
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
    pub fn finish(self, stages: &[PipelineStage]) -> (Arc<Table>, Vec<Vec<Value>>) {
        let Some(positions) = self.counted else { return apply_stages(self.table, self.rows, stages) };
        let table = count_table(&self.table, &positions);
        apply_stages(table, list_groups(self.groups), stages.get(1..).unwrap_or_default())
    }
}

/// A reader of a scan's rows that passes on to another one what a pipeline makes of them.
pub struct PipelineReader<'r> {
    stages: &'r [PipelineStage],
    run: Option<PipelineRun>,
}

impl<'r> PipelineReader<'r> {
    /// Begins.
    #[must_use]
    pub const fn new(stages: &'r [PipelineStage]) -> Self {
        Self { stages, run: None }
    }

    /// Returns what the stages make of the rows, with its table; `None` where the target has no such table.
    #[must_use]
    pub fn finish(self) -> Option<(Arc<Table>, Vec<Vec<Value>>)> {
        let Self { stages, run } = self;
        run.map(|run| run.finish(stages))
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

fn apply_stages(
    mut table: Arc<Table>,
    mut rows: Vec<Vec<Value>>,
    stages: &[PipelineStage],
) -> (Arc<Table>, Vec<Vec<Value>>) {
    for stage in stages {
        match stage {
            PipelineStage::CountBy(columns) => {
                let positions = find_positions(&table, columns);
                let mut groups: BTreeMap<Vec<Value>, i64> = BTreeMap::new();
                for row in &rows {
                    *groups.entry(select_cells(row, &positions)).or_default() += 1;
                }
                (table, rows) = (count_table(&table, &positions), list_groups(groups));
            }
            PipelineStage::Sort(order) => {
                let Some(at) = table.position(&order.column) else { continue };
                // Stable in both directions: reversing afterwards would turn round the rows that are equal.
                rows.sort_by(|a, b| {
                    let (a, b) = if order.descending { (b, a) } else { (a, b) };
                    a.get(at).cmp(&b.get(at))
                });
            }
            PipelineStage::Limit(most) => rows.truncate(usize::try_from(*most).unwrap_or(usize::MAX)),
        }
    }
    (table, rows)
}

fn find_positions(table: &Table, columns: &[String]) -> Vec<usize> {
    columns.iter().filter_map(|column| table.position(column)).collect()
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
    let image = mfm_journal::ColumnShape {
        name: COUNT.to_owned(),
        declared: declared.to_owned(),
        precision: None,
        scale: None,
        length: None,
        collation: None,
    };
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
    Arc::new(Table { shape: Arc::new(shape), columns, omitted: Vec::new(), key: table.key.clone() })
}
