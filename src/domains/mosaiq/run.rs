//! The checks of this domain as a run of scans: which tables are read in which order, and what is done with their rows.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::checks::{Check, Criteria};
use super::gather::{FieldGatherer, GroupSizes};
use super::looks::{self, CheckVisitors, TableScan};
use crate::domain::check::{CheckResults, CheckRun};
use crate::domain::scan::{JoinRequest, ScanReader, ScanRequest};
use crate::model::snapshot::key_form;
use crate::model::time::Time;
use crate::model::{Row, Snapshot, Table, Value};

/// How many rows are shown together.
const SHOWN: usize = 4096;
/// A table of groups with at most so many rows is read whole instead of gathered.
const WHOLE_MAX: usize = 16_384;

/// Checks at work.
pub(super) struct MosaiqChecks<'a> {
    checks: Vec<&'a dyn Check>,
    declared: &'a Snapshot,
    criteria: Criteria<'a>,
    looks: CheckVisitors<'a>,
    waiting: VecDeque<TableScan>,
    tables: usize,
    step: ScanStep,
    /// Whether rows that are to come in an order are put into it here, because the database's order is not that of
    /// their times.
    sorts: bool,
}

/// What is being read.
enum ScanStep {
    /// The next table is to be chosen.
    Next,
    /// Rows as they come.
    Rows(TableScan),
    /// A whole table, to be put in order here.
    Sorted { passing: TableScan, rows: Vec<Vec<Value>>, table: Option<Arc<Table>> },
    /// Only how many rows every group has.
    Counted { passing: TableScan, at: usize, sizes: GroupSizes },
    /// A small table of groups, whole.
    Whole { passing: TableScan, rows: Vec<Vec<Value>>, table: Option<Arc<Table>> },
    /// A large table of groups, a few of them at a time; the second time only those that some check wants again.
    Gathered { passing: TableScan, gather: Box<FieldGatherer>, again: bool },
}

impl<'a> MosaiqChecks<'a> {
    /// Begins; the snapshot holds the declarations of all tables, and the rows of those that are held.
    pub(super) fn new(checks: Vec<&'a dyn Check>, declared: &'a Snapshot, criteria: Criteria<'a>) -> Self {
        let looks = CheckVisitors::start(&checks, declared, criteria);
        let waiting: VecDeque<TableScan> = looks::plan_scans(&checks).into();
        let tables = waiting.len();
        Self { checks, declared, criteria, looks, waiting, tables, step: ScanStep::Next, sorts: false }
    }

    /// Begins anew: what was seen so far is worth nothing, because rows came in another order than that of their times.
    fn restart(&mut self) {
        self.looks = CheckVisitors::start(&self.checks, self.declared, self.criteria);
        self.waiting = looks::plan_scans(&self.checks).into();
        self.step = ScanStep::Next;
        self.sorts = true;
    }

    /// Turns to the next table, and returns its first scan; tables without one are seen to on the way.
    fn next_table(&mut self) -> Option<ScanRequest> {
        while let Some(passing) = self.waiting.pop_front() {
            if let Ok(rows) = self.declared.table(passing.table()) {
                if let TableScan::Held(table) = passing {
                    self.looks.visit_batch(table, rows.rows().collect());
                } else if let Some(scan) = self.first_scan(passing, &rows.table) {
                    return Some(scan);
                }
            }
            self.looks.end_of(passing.table());
        }
        None
    }

    /// Returns the first scan of a table, and remembers what to do with its rows.
    fn first_scan(&mut self, passing: TableScan, table: &Table) -> Option<ScanRequest> {
        let has = |column: &str| table.position(column).is_some();
        match passing {
            TableScan::Beside(side) => {
                let scan = self.join_scan(passing, table)?;
                self.step = ScanStep::Rows(TableScan::Beside(side));
                Some(scan)
            }
            TableScan::ByField(name, column) if has(column) => {
                self.step = ScanStep::Counted { passing, at: 0, sizes: GroupSizes::default() };
                Some(ScanRequest::every_row(name, &[column]))
            }
            TableScan::InOrder(name, column) if has(column) && self.sorts => {
                self.step = ScanStep::Sorted { passing, rows: Vec::new(), table: None };
                Some(self.full_scan(name))
            }
            TableScan::InOrder(name, column) if has(column) => {
                self.step = ScanStep::Rows(passing);
                Some(self.full_scan(name).order_by(column))
            }
            _ => {
                self.step = ScanStep::Rows(passing);
                Some(self.full_scan(passing.table()))
            }
        }
    }

    /// Asks for every row of a table, with the declared columns.
    fn full_scan(&self, name: &str) -> ScanRequest {
        let declared = self.declared.table(name).map(|rows| rows.table.clone());
        let columns = declared.map(|table| table.columns.iter().map(|column| column.image.name.clone()).collect());
        ScanRequest { columns: columns.unwrap_or_default(), ..ScanRequest::every_row(name, &[]) }
    }

    /// Asks for the rows of a table beside those that they refer to; `None` where one of the tables lacks its column.
    fn join_scan(&self, passing: TableScan, child: &Table) -> Option<ScanRequest> {
        let TableScan::Beside(side) = passing else { return None };
        let parent = self.declared.table(side.parent.0).ok()?;
        child.position(side.child.1)?;
        parent.table.position(side.parent.1)?;
        let named = |columns: &[&str], own: &str| columns.iter().chain([&own]).map(|name| (*name).to_owned()).collect();
        let join = JoinRequest {
            column: side.child.1.to_owned(),
            parent: side.parent.0.to_owned(),
            columns: named(side.columns[1], side.parent.1),
            parent_column: side.parent.1.to_owned(),
        };
        let columns = named(side.columns[0], side.child.1);
        Some(ScanRequest { columns, join: Some(join), ..ScanRequest::every_row(side.child.0, &[]) })
    }

    /// Shows rows that were read whole, put in the order of a date and time.
    fn show_sorted(&mut self, passing: TableScan, table: &Arc<Table>, mut rows: Vec<Vec<Value>>) {
        let TableScan::InOrder(name, column) = passing else { return };
        let time = |cells: &Vec<Value>| Row { table, cells }.time(column).map(Time::instant);
        rows.sort_by_cached_key(time);
        for rows in rows.chunks(SHOWN) {
            self.looks.visit_batch(name, rows.iter().map(|cells| Row { table, cells }).collect());
        }
    }

    /// Shows all groups of a small table, and those once more that some check wants to see again.
    fn show_groups(&mut self, passing: TableScan, table: &Arc<Table>, mut rows: Vec<Vec<Value>>) {
        let TableScan::ByField(name, column) = passing else { return };
        rows.sort_by_cached_key(|row| table.key_of(row).unwrap_or_default());
        let all = || rows.iter().map(|cells| Row { table, cells });
        self.looks.visit_batch(name, all().collect());
        let again = self.looks.fields_to_revisit();
        let wanted = |row: &Row<'_>| row.cell(column).is_some_and(|group| again.contains(&key_form(group)));
        self.looks.take_again(all().filter(wanted).collect());
    }

    /// Returns the next scan of a large table of groups; `None` once every group was shown, and those wanted again.
    fn next_pass(&mut self, passing: TableScan, mut gather: Box<FieldGatherer>, again: bool) -> Option<ScanRequest> {
        let (looks, name) = (&mut self.looks, passing.table());
        let more = if again {
            gather.end_pass(&mut |rows| looks.take_again(rows))
        } else {
            gather.end_pass(&mut |rows| looks.visit_batch(name, rows))
        };
        let mut second = again;
        if !more {
            if again {
                return None;
            }
            let wanted = self.looks.fields_to_revisit();
            if wanted.is_empty() {
                return None;
            }
            gather.revisit_fields(&wanted);
            second = true;
        }
        self.step = ScanStep::Gathered { passing, gather, again: second };
        Some(self.full_scan(passing.table()))
    }

    /// Goes on with the table in hand; `None` where it is done.
    fn go_on(&mut self) -> Option<ScanRequest> {
        match std::mem::replace(&mut self.step, ScanStep::Next) {
            ScanStep::Next => None,
            ScanStep::Rows(passing) => {
                self.looks.end_of(passing.table());
                None
            }
            ScanStep::Sorted { passing, rows, table } => {
                if let Some(table) = table {
                    self.show_sorted(passing, &table, rows);
                }
                self.looks.end_of(passing.table());
                None
            }
            ScanStep::Counted { passing, mut sizes, .. } => self.after_counting(passing, sizes.total_rows(), sizes),
            ScanStep::Whole { passing, rows, table } => {
                if let Some(table) = table {
                    self.show_groups(passing, &table, rows);
                }
                self.looks.end_of(passing.table());
                None
            }
            ScanStep::Gathered { passing, gather, again } => {
                let next = self.next_pass(passing, gather, again);
                if next.is_none() {
                    self.looks.end_of(passing.table());
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
            self.looks.end_of(name);
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
        self.go_on().or_else(|| self.next_table())
    }

    fn begin_scan(&mut self, found: Option<&Arc<Table>>) {
        match &mut self.step {
            ScanStep::Sorted { table, .. } | ScanStep::Whole { table, .. } => *table = found.cloned(),
            ScanStep::Counted { passing: TableScan::ByField(_, column), at, .. } => {
                *at = found.and_then(|table| table.position(column)).unwrap_or_default();
            }
            _ => {}
        }
    }

    fn take_rows(&mut self, rows: &[Row<'_>]) -> ControlFlow<()> {
        let looks = &mut self.looks;
        match &mut self.step {
            ScanStep::Next => {}
            ScanStep::Rows(TableScan::Beside(side)) => looks.take_beside(side, rows),
            ScanStep::Rows(passing) => looks.visit_batch(passing.table(), rows.to_vec()),
            ScanStep::Sorted { rows: kept, .. } | ScanStep::Whole { rows: kept, .. } => {
                kept.extend(rows.iter().map(|row| row.cells.to_vec()));
            }
            ScanStep::Counted { at, sizes, .. } => {
                rows.iter().filter_map(|row| row.cells.get(*at)).for_each(|cell| sizes.count_row(cell));
            }
            ScanStep::Gathered { passing, gather, again } => {
                for row in rows {
                    if *again {
                        gather.push_row(row.cells, &mut |rows| looks.take_again(rows));
                    } else {
                        gather.push_row(row.cells, &mut |rows| looks.visit_batch(passing.table(), rows));
                    }
                }
            }
        }
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
