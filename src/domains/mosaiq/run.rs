//! Drives the checks over a database: which scans are requested in which order, and how their rows are sorted and
//! grouped before the checks see them.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::checks::{Check, Criteria};
use super::gather::{FieldGatherer, GroupSizes};
use super::schedule::{self, CheckVisitors, TableScan};
use crate::domain::check::{CheckResults, CheckRun};
use crate::domain::scan::{JoinRequest, ScanReader, ScanRequest};
use crate::model::snapshot::key_form;
use crate::model::time::Time;
use crate::model::{Row, Snapshot, Table, Value};

/// Rows passed to the checks together.
const SHOWN: usize = 4096;
/// A grouped table of at most this many rows is read whole instead of gathered in passes.
const WHOLE_MAX: usize = 16_384;

/// A run of checks.
pub(super) struct MosaiqChecks<'a> {
    checks: Vec<&'a dyn Check>,
    declared: &'a Snapshot,
    criteria: Criteria<'a>,
    looks: CheckVisitors<'a>,
    waiting: VecDeque<TableScan>,
    tables: usize,
    step: ScanStep,
    /// Whether ordered rows are sorted here, because the database's own order is not that of their times.
    sorts: bool,
}

/// The current scan.
enum ScanStep {
    /// None: the next table is to be chosen.
    Next,
    /// Rows are passed on as they come.
    Rows(TableScan),
    /// A whole table, to be sorted here.
    Sorted { passing: TableScan, rows: Vec<Vec<Value>>, table: Option<Arc<Table>> },
    /// The first pass over a grouped table: counts the rows of each group.
    Counted { passing: TableScan, at: usize, sizes: GroupSizes },
    /// A small grouped table, read whole.
    Whole { passing: TableScan, rows: Vec<Vec<Value>>, table: Option<Arc<Table>> },
    /// A large grouped table; with `again`, only the groups that some check must see a second time.
    Gathered { passing: TableScan, gather: Box<FieldGatherer>, again: bool },
}

impl<'a> MosaiqChecks<'a> {
    /// The snapshot holds the declarations of all tables, and the rows of those kept in memory.
    pub(super) fn new(checks: Vec<&'a dyn Check>, declared: &'a Snapshot, criteria: Criteria<'a>) -> Self {
        let looks = CheckVisitors::start(&checks, declared, criteria);
        let waiting: VecDeque<TableScan> = schedule::plan_scans(&checks).into();
        let tables = waiting.len();
        Self { checks, declared, criteria, looks, waiting, tables, step: ScanStep::Next, sorts: false }
    }

    /// Starts over, sorting rows here, because they came in another order than that of their times.
    fn restart(&mut self) {
        self.looks = CheckVisitors::start(&self.checks, self.declared, self.criteria);
        self.waiting = schedule::plan_scans(&self.checks).into();
        self.step = ScanStep::Next;
        self.sorts = true;
    }

    /// Returns the first scan of the next table that needs one. Tables kept in memory are passed to the checks on the
    /// way.
    fn next_table(&mut self) -> Option<ScanRequest> {
        while let Some(passing) = self.waiting.pop_front() {
            if let Ok(rows) = self.declared.table(passing.table()) {
                if let TableScan::Held(table) = passing {
                    self.looks.visit_batch(table, rows.rows().collect());
                } else if let Some(scan) = self.first_scan(passing, &rows.table) {
                    return Some(scan);
                }
            }
            self.looks.finish_table(passing.table());
        }
        None
    }

    /// Returns the first scan of a table, and remembers what to do with its rows.
    fn first_scan(&mut self, passing: TableScan, table: &Table) -> Option<ScanRequest> {
        match passing {
            TableScan::Beside(side) => {
                let scan = self.join_scan(passing, table)?;
                self.step = ScanStep::Rows(TableScan::Beside(side));
                Some(scan)
            }
            TableScan::ByField(name, column) if table.position(column).is_some() => {
                self.step = ScanStep::Counted { passing, at: 0, sizes: GroupSizes::default() };
                Some(ScanRequest::every_row(name, &[column]))
            }
            TableScan::InOrder(name, column) if table.position(column).is_some() => {
                if self.sorts {
                    self.step = ScanStep::Sorted { passing, rows: Vec::new(), table: None };
                    return Some(self.full_scan(name));
                }
                self.step = ScanStep::Rows(passing);
                Some(self.full_scan(name).order_by(column))
            }
            // Without the column to group or sort by, the checks say what they miss; the rows still come for the
            // others.
            _ => {
                self.step = ScanStep::Rows(passing);
                Some(self.full_scan(passing.table()))
            }
        }
    }

    /// Requests every row of a table with all declared columns.
    fn full_scan(&self, name: &str) -> ScanRequest {
        let declared = self.declared.table(name).map(|rows| rows.table.clone());
        let columns = declared.map(|table| table.columns.iter().map(|column| column.image.name.clone()).collect());
        ScanRequest { columns: columns.unwrap_or_default(), ..ScanRequest::every_row(name, &[]) }
    }

    /// Requests the rows of a table joined with those that they refer to; `None` if either lacks its column.
    fn join_scan(&self, passing: TableScan, child: &Table) -> Option<ScanRequest> {
        let TableScan::Beside(side) = passing else { return None };
        let parent = self.declared.table(side.parent.0).ok()?;
        child.position(side.child.1)?;
        parent.table.position(side.parent.1)?;
        let [own_columns, parent_columns] = side.columns;
        let join = JoinRequest {
            column: side.child.1.to_owned(),
            parent: side.parent.0.to_owned(),
            columns: [parent_columns, &[side.parent.1]].concat().into_iter().map(str::to_owned).collect(),
            parent_column: side.parent.1.to_owned(),
        };
        let columns = [own_columns, &[side.child.1]].concat().into_iter().map(str::to_owned).collect();
        Some(ScanRequest { columns, join: Some(join), ..ScanRequest::every_row(side.child.0, &[]) })
    }

    /// Sorts rows by their time, and passes them to the checks.
    fn visit_sorted(&mut self, passing: TableScan, table: &Arc<Table>, mut rows: Vec<Vec<Value>>) {
        let TableScan::InOrder(name, column) = passing else { return };
        rows.sort_by_cached_key(|cells| Row { table, cells }.time(column).map(Time::instant));
        for rows in rows.chunks(SHOWN) {
            self.looks.visit_batch(name, rows.iter().map(|cells| Row { table, cells }).collect());
        }
    }

    /// Passes all groups of a small table to the checks, and then those that some check must see a second time.
    fn visit_groups(&mut self, passing: TableScan, table: &Arc<Table>, mut rows: Vec<Vec<Value>>) {
        let TableScan::ByField(name, column) = passing else { return };
        // In key order, as a large table's groups are: findings must not depend on the size of the table.
        rows.sort_by_cached_key(|row| table.key_of(row).unwrap_or_default());
        let mut rows: Vec<Row<'_>> = rows.iter().map(|cells| Row { table, cells }).collect();
        self.looks.visit_batch(name, rows.clone());
        let again = self.looks.fields_to_revisit();
        rows.retain(|row| row.cell(column).is_some_and(|group| again.contains(&key_form(group))));
        self.looks.revisit(rows);
    }

    /// Returns the next scan of a large grouped table; `None` once the checks have seen every group as often as they
    /// need.
    fn next_pass(&mut self, passing: TableScan, mut gather: Box<FieldGatherer>, again: bool) -> Option<ScanRequest> {
        let (looks, name) = (&mut self.looks, passing.table());
        let more = if again {
            gather.end_pass(&mut |rows| looks.revisit(rows))
        } else {
            gather.end_pass(&mut |rows| looks.visit_batch(name, rows))
        };
        let mut second = again;
        if !more {
            if again {
                return None;
            }
            let fields = self.looks.fields_to_revisit();
            if fields.is_empty() {
                return None;
            }
            gather.revisit_fields(&fields);
            second = true;
        }
        self.step = ScanStep::Gathered { passing, gather, again: second };
        Some(self.full_scan(passing.table()))
    }

    /// Finishes the current scan, and returns the next one of the same table; `None` if there is none.
    fn finish_scan(&mut self) -> Option<ScanRequest> {
        match std::mem::replace(&mut self.step, ScanStep::Next) {
            ScanStep::Next => None,
            ScanStep::Rows(passing) => {
                self.looks.finish_table(passing.table());
                None
            }
            ScanStep::Sorted { passing, rows, table } => {
                if let Some(table) = table {
                    self.visit_sorted(passing, &table, rows);
                }
                self.looks.finish_table(passing.table());
                None
            }
            ScanStep::Counted { passing, mut sizes, .. } => self.after_counting(passing, sizes.total_rows(), sizes),
            ScanStep::Whole { passing, rows, table } => {
                if let Some(table) = table {
                    self.visit_groups(passing, &table, rows);
                }
                self.looks.finish_table(passing.table());
                None
            }
            ScanStep::Gathered { passing, gather, again } => {
                let next = self.next_pass(passing, gather, again);
                if next.is_none() {
                    self.looks.finish_table(passing.table());
                }
                next
            }
        }
    }

    fn after_counting(&mut self, passing: TableScan, total: usize, sizes: GroupSizes) -> Option<ScanRequest> {
        let name = passing.table();
        let TableScan::ByField(_, column) = passing else { return None };
        let table = self.declared.table(name).ok()?.table.clone();
        if total <= WHOLE_MAX {
            self.step = ScanStep::Whole { passing, rows: Vec::with_capacity(total), table: None };
        } else if let Some(gather) = FieldGatherer::new(table, column, sizes) {
            self.step = ScanStep::Gathered { passing, gather: Box::new(gather), again: false };
        } else {
            self.looks.finish_table(name);
            return None;
        }
        Some(self.full_scan(name))
    }
}

impl ScanReader for MosaiqChecks<'_> {
    fn next_scan(&mut self) -> Option<ScanRequest> {
        if self.looks.is_disordered() && !self.sorts {
            self.restart();
        }
        self.finish_scan().or_else(|| self.next_table())
    }

    fn begin_scan(&mut self, scanned: Option<&Arc<Table>>) {
        match &mut self.step {
            ScanStep::Sorted { table, .. } | ScanStep::Whole { table, .. } => *table = scanned.cloned(),
            ScanStep::Counted { passing: TableScan::ByField(_, column), at, .. } => {
                *at = scanned.and_then(|table| table.position(column)).unwrap_or_default();
            }
            _ => {}
        }
    }

    fn take_rows(&mut self, rows: &[Row<'_>]) -> ControlFlow<()> {
        let looks = &mut self.looks;
        match &mut self.step {
            ScanStep::Next => {}
            ScanStep::Rows(TableScan::Beside(side)) => looks.visit_joined(side, rows),
            ScanStep::Rows(passing) => looks.visit_batch(passing.table(), rows.to_vec()),
            ScanStep::Sorted { rows: buffer, .. } | ScanStep::Whole { rows: buffer, .. } => {
                buffer.extend(rows.iter().map(|row| row.cells.to_vec()));
            }
            ScanStep::Counted { at, sizes, .. } => {
                for cell in rows.iter().filter_map(|row| row.cells.get(*at)) {
                    sizes.count_row(cell);
                }
            }
            ScanStep::Gathered { passing, gather, again } => {
                for row in rows {
                    if *again {
                        gather.push_row(row.cells, &mut |rows| looks.revisit(rows));
                    } else {
                        gather.push_row(row.cells, &mut |rows| looks.visit_batch(passing.table(), rows));
                    }
                }
            }
        }
        // The rest of this scan would be wasted: `next_scan` starts over.
        if self.looks.is_disordered() && !self.sorts { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn progress(&self) -> (u64, u64) {
        ((self.tables - self.waiting.len()) as u64, self.tables as u64)
    }
}

impl CheckRun for MosaiqChecks<'_> {
    fn finish(self: Box<Self>) -> CheckResults {
        let (verdicts, machines) = self.looks.finish();
        CheckResults { verdicts, gathered: Box::new(machines) }
    }
}
