//! Runs the scans that a pure reader asks for, and hands it the rows in batches.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use super::context::Context;
use super::failure::Failure;
use super::rest::ResidualScan;
use crate::domain::pipeline::{PipelineReader, PipelineRun};
use crate::domain::scan::{JoinRequest, ScanReader, ScanRequest};
use crate::model::{Fetch, Filter, Row, Scan, Table, Value};
use crate::targets::{Target, TargetError};

/// Number of rows in a batch.
const SHOWN: usize = 4096;
/// Maximum number of rows of a scan that is cached.
const CACHED_MAX: usize = 16_384;

/// The rows of small scans, for readers that ask for the same scan again.
#[derive(Debug, Default)]
pub struct ScanCache(BTreeMap<String, Vec<(ScanRequest, CachedScan)>>);

/// A table as declared, with the rows of a scan.
type CachedScan = (Arc<Table>, Arc<Vec<Vec<Value>>>);

impl ScanCache {
    /// Forgets every scan of these tables, whatever the case of their names.
    pub fn forget(&mut self, tables: &BTreeSet<&str>) {
        let touched = |name: &str| tables.iter().any(|table| table.eq_ignore_ascii_case(name));
        self.0.retain(|name, _| !touched(name));
        for scans in self.0.values_mut() {
            scans.retain(|(scan, _)| !scan.join.as_ref().is_some_and(|join| touched(&join.parent)));
        }
    }

    fn get(&self, scan: &ScanRequest) -> Option<&CachedScan> {
        self.0.get(&scan.table)?.iter().find(|(known, _)| known == scan).map(|(_, cached)| cached)
    }

    fn insert(&mut self, scan: &ScanRequest, cached: CachedScan) {
        self.0.entry(scan.table.clone()).or_default().push((scan.clone(), cached));
    }
}

/// Runs scans on a target.
pub struct ScanRunner<'p> {
    /// For progress and interruption.
    pub context: &'p Context<'p>,
    /// The target to read.
    pub target: &'p mut dyn Target,
    /// The cache for small scans; `None` where no scan will be repeated.
    pub cache: Option<&'p mut ScanCache>,
    /// The activity shown as progress, such as `checking tables`.
    pub doing: &'static str,
}

impl ScanRunner<'_> {
    /// Runs every scan that a reader asks for.
    ///
    /// # Errors
    /// A target error, or that the user asked to stop.
    pub fn run(&mut self, reader: &mut dyn ScanReader) -> Result<(), Failure> {
        while let Some(scan) = reader.next_scan() {
            let (done, all) = reader.progress();
            self.context.reporter.progress(self.doing, done, all);
            self.context.go_on()?;
            self.run_scan(&scan, reader)?;
            reader.end_scan();
        }
        Ok(())
    }

    /// Runs one scan, from the cache where possible.
    fn run_scan(&mut self, scan: &ScanRequest, reader: &mut dyn ScanReader) -> Result<(), Failure> {
        if let Some((table, rows)) = self.cache.as_ref().and_then(|cache| cache.get(scan)).cloned() {
            reader.begin_scan(Some(&table));
            send_rows(&table, &rows, reader);
            return Ok(());
        }
        if !scan.pipeline.is_empty() {
            return self.run_pipeline(scan, reader);
        }
        let Some((table, way)) = self.plan_scan(scan)? else {
            reader.begin_scan(None);
            return Ok(());
        };
        reader.begin_scan(Some(&table));
        match way {
            ScanWay::Rows(filter) => self.stream_selected(&table, &filter, reader),
            ScanWay::Arranged(fetch) => self.stream_fetched(scan, &table, &fetch, reader),
            ScanWay::Scan(target_scan, rest) if rest.order.is_some() => {
                self.stream_sorted(&table, &target_scan, &rest, reader)
            }
            ScanWay::Scan(target_scan, rest) => self.stream_rows(scan, &table, &target_scan, &rest, reader),
        }
    }

    /// Carries out a scan whose reader sees only what a pipeline makes of the rows.
    fn run_pipeline(&mut self, scan: &ScanRequest, reader: &mut dyn ScanReader) -> Result<(), Failure> {
        let outcome = match self.count_groups(scan)? {
            Some(counted) => Some(counted.finish()),
            None => {
                let mut pipeline = PipelineReader::new(&scan.pipeline);
                self.run_scan(&ScanRequest { pipeline: Vec::new(), ..scan.clone() }, &mut pipeline)?;
                pipeline.finish()
            }
        };
        let Some((table, rows)) = outcome else {
            reader.begin_scan(None);
            return Ok(());
        };
        reader.begin_scan(Some(&table));
        send_rows(&table, &rows, reader);
        if let Some(cache) = self.cache.as_deref_mut().filter(|_| rows.len() <= CACHED_MAX) {
            cache.insert(scan, (table, Arc::new(rows)));
        }
        Ok(())
    }

    /// Lets the target count, where the pipeline begins with that and the engine can do it; `None` otherwise.
    fn count_groups<'s>(&mut self, scan: &'s ScanRequest) -> Result<Option<PipelineRun<'s>>, Failure> {
        // With a join or a limit, the groups are not those of the table.
        if scan.join.is_some() || scan.limit.is_some() {
            return Ok(None);
        }
        let Some(table) = self.target.find_table(&scan.table)? else { return Ok(None) };
        let mut run = PipelineRun::new(&scan.pipeline, &table);
        let Some(positions) = run.counted_positions() else { return Ok(None) };
        let Some(groups) = self.target.count_groups(&table, positions, &scan.filter)? else { return Ok(None) };
        for (values, count) in groups {
            run.take_group(values, count);
        }
        Ok(Some(run))
    }

    /// Decides how the target is asked for a scan, and what remains to be done with its rows.
    ///
    /// As much as the engine can do is pushed down to it. Returns the table as the reader sees it with the plan, or
    /// `None` where the target lacks one of the tables.
    fn plan_scan(&mut self, scan: &ScanRequest) -> Result<Option<(Arc<Table>, ScanWay)>, Failure> {
        let Some(whole) = self.target.find_table(&scan.table)? else { return Ok(None) };
        let (shown, pushdown) = (narrow_table(&whole, &scan.columns), self.target.pushes_down());
        let is_pushed = match &scan.filter {
            Filter::All => false,
            Filter::Between { .. } => pushdown.range,
            Filter::In { .. } | Filter::Days { .. } | Filter::Maximum { .. } => pushdown.equality,
        };
        if is_pushed && scan.join.is_none() && scan.order.is_none() && scan.limit.is_none() {
            return Ok(Some((shown, ScanWay::Rows(scan.filter.clone()))));
        }
        let range =
            if let Filter::Between { column, first, last } = &scan.filter { Some((column, first, last)) } else { None };
        // Few rows match an equality, so they are fetched at once and put in order here.
        if is_pushed && scan.join.is_none() && range.is_none() {
            let fetch = Fetch { table: scan.table.clone(), filter: scan.filter.clone() };
            return Ok(Some((shown, ScanWay::Arranged(fetch))));
        }
        let mut rest = ResidualScan::from_request(scan);
        // Engines scan in ascending order only.
        if rest.order.as_ref().is_some_and(|order| pushdown.order && !order.descending) {
            rest.order = None;
        }
        let range = range.filter(|_| pushdown.range);
        if range.is_some() {
            rest.filter = Filter::All;
        }
        // The columns of filter and order are read too, even where the reader does not ask for them.
        let read = narrow_table(&whole, &rest.columns_to_read(scan));
        let mut target_scan = Scan::every_row(read.clone());
        if let (None, Some(order)) = (&rest.order, &scan.order) {
            target_scan = target_scan.order_by(&order.column);
        }
        if let Some((column, first, last)) = range {
            target_scan = target_scan.between(column, *first, *last);
        }
        // A limit may be pushed down only if nothing remains that drops or reorders rows.
        if let (true, true, Some(most)) = (pushdown.limit, rest.is_of_rows(), scan.limit) {
            (target_scan, rest.limit) = (target_scan.limit(most), u64::MAX);
        }
        let (mut shown, mut read) = (shown, read);
        if let Some(JoinRequest { column, parent, columns, parent_column }) = &scan.join {
            let Some(parent) = self.target.find_table(parent)? else { return Ok(None) };
            let parent = narrow_table(&parent, columns);
            (shown, read) = (Arc::new(shown.join_columns(&parent)), Arc::new(read.join_columns(&parent)));
            target_scan = target_scan.join(column, parent, parent_column);
        }
        rest.bind_table(&read, &shown)?;
        Ok(Some((shown, ScanWay::Scan(Box::new(target_scan), rest))))
    }

    /// Hands on the rows of a table as the target sends them, and caches them if there are few.
    fn stream_rows(
        &mut self,
        scan: &ScanRequest,
        table: &Arc<Table>,
        target_scan: &Scan,
        rest: &ResidualScan,
        reader: &mut dyn ScanReader,
    ) -> Result<(), Failure> {
        let mut batch = RowBuffer::new(table);
        let mut cached: Option<Vec<Vec<Value>>> = self.cache.as_ref().map(|_| Vec::new());
        let mut seen = 0;
        let mut stopped = rest.limit == 0;
        let mut cells = Vec::new();
        self.visit_rows(target_scan, &mut |row| {
            if stopped || !rest.matches_filter(row) {
                return !stopped;
            }
            seen += 1;
            let row = rest.project_row(row, &mut cells);
            // Gives the cache up, and its memory back, as soon as the scan turns out to be large.
            if cached.as_ref().is_some_and(|rows| rows.len() >= CACHED_MAX) {
                cached = None;
            }
            if let Some(rows) = &mut cached {
                rows.push(row.to_vec());
            }
            stopped = batch.push(row, reader).is_break();
            !stopped && seen < rest.limit
        })?;
        if !stopped {
            stopped = batch.flush(reader).is_break();
        }
        // A scan that its reader broke off may be incomplete.
        if let (Some(cache), Some(rows), false) = (self.cache.as_deref_mut(), cached, stopped) {
            cache.insert(scan, (table.clone(), Arc::new(rows)));
        }
        Ok(())
    }

    /// Hands on the rows of a table in an order that the engine does not give; holds all of them in memory.
    fn stream_sorted(
        &mut self,
        table: &Arc<Table>,
        target_scan: &Scan,
        rest: &ResidualScan,
        reader: &mut dyn ScanReader,
    ) -> Result<(), Failure> {
        let mut rows = Vec::new();
        self.visit_rows(target_scan, &mut |row| {
            if rest.matches_filter(row) {
                rows.push(row.to_vec());
            }
            true
        })?;
        let rows = rest.arrange_rows(rows);
        self.context.go_on()?;
        send_rows(table, &rows, reader);
        Ok(())
    }

    /// Hands on the rows that match an equality, ordered and limited here.
    fn stream_fetched(
        &mut self,
        scan: &ScanRequest,
        table: &Arc<Table>,
        fetch: &Fetch,
        reader: &mut dyn ScanReader,
    ) -> Result<(), Failure> {
        let answer = self.target.read(fetch)?;
        let Some(whole) = answer.table else { return Ok(()) };
        // The target has applied the filter already.
        let mut rest = ResidualScan::from_request(scan);
        rest.filter = Filter::All;
        rest.bind_table(&whole, table)?;
        send_rows(table, &rest.arrange_rows(answer.rows), reader);
        self.context.go_on()
    }

    /// Hands on the rows that match a filter, in the engine's order.
    fn stream_selected(
        &mut self,
        table: &Arc<Table>,
        filter: &Filter,
        reader: &mut dyn ScanReader,
    ) -> Result<(), Failure> {
        let mut batch = RowBuffer::new(table);
        let mut visits = RowVisits::new(self.context);
        let visited =
            self.target.select(table, filter, &mut |row| visits.note_row(batch.push(row, reader).is_continue()));
        visits.finish(visited)?;
        if !visits.stopped && batch.flush(reader).is_break() {
            return Ok(());
        }
        self.context.go_on()
    }

    /// Visits the rows of a scan until `take` returns false, or the user asks to stop.
    fn visit_rows(&mut self, scan: &Scan, take: &mut dyn FnMut(&[Value]) -> bool) -> Result<(), Failure> {
        let mut visits = RowVisits::new(self.context);
        let visited = self.target.scan(scan, &mut |row| visits.note_row(take(row)));
        visits.finish(visited)
    }
}

/// A visit of rows, which can be ended early.
///
/// A target's visitor can only be stopped by an error, so this returns one, and recognises it afterwards.
struct RowVisits<'c> {
    context: &'c Context<'c>,
    rows: usize,
    stopped: bool,
}

impl<'c> RowVisits<'c> {
    const fn new(context: &'c Context<'c>) -> Self {
        Self { context, rows: 0, stopped: false }
    }

    /// Counts a row, and ends the visit where no more rows are needed or the user asks to stop.
    fn note_row(&mut self, more: bool) -> Result<(), TargetError> {
        self.rows += 1;
        self.stopped = !more || (self.rows.is_multiple_of(SHOWN) && self.context.go_on().is_err());
        if self.stopped {
            let (url, what) = (String::new(), "read on".to_owned());
            return Err(TargetError::Failed { url, what, why: "somebody interrupted".to_owned() });
        }
        Ok(())
    }

    /// Returns the result of the visit; an early end is none of the target's errors.
    fn finish(&self, result: Result<(), TargetError>) -> Result<(), Failure> {
        self.context.go_on()?;
        if self.stopped { Ok(()) } else { Ok(result?) }
    }
}

/// How the target is asked for a scan.
enum ScanWay {
    /// A scan over all rows, with the work that remains to be done here.
    Scan(Box<Scan>, ResidualScan),
    /// A filter pushed down to the engine, whose order is as good as any.
    Rows(Filter),
    /// A filter pushed down to the engine; order and limit are applied here.
    Arranged(Fetch),
}

fn narrow_table(table: &Arc<Table>, columns: &[String]) -> Arc<Table> {
    if columns.is_empty() {
        return table.clone();
    }
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    Arc::new(table.select_columns(&columns))
}

/// Hands rows that are all in memory to a reader, in batches.
fn send_rows(table: &Arc<Table>, rows: &[Vec<Value>], reader: &mut dyn ScanReader) {
    for batch in rows.chunks(SHOWN) {
        let rows: Vec<Row<'_>> = batch.iter().map(|cells| Row { table, cells }).collect();
        if reader.take_rows(&rows).is_break() {
            return;
        }
    }
}

/// Collects rows into batches; the cells of all rows lie in one vector, so that a batch is one allocation.
struct RowBuffer<'t> {
    table: &'t Arc<Table>,
    cells: Vec<Value>,
}

impl<'t> RowBuffer<'t> {
    const fn new(table: &'t Arc<Table>) -> Self {
        Self { table, cells: Vec::new() }
    }

    fn width(&self) -> usize {
        self.table.columns.len().max(1)
    }

    fn push(&mut self, row: &[Value], reader: &mut dyn ScanReader) -> ControlFlow<()> {
        self.cells.extend_from_slice(row);
        if self.cells.len() < SHOWN * self.width() {
            return ControlFlow::Continue(());
        }
        self.flush(reader)
    }

    fn flush(&mut self, reader: &mut dyn ScanReader) -> ControlFlow<()> {
        let table = self.table;
        let rows: Vec<Row<'_>> = self.cells.chunks_exact(self.width()).map(|cells| Row { table, cells }).collect();
        let flow = if rows.is_empty() { ControlFlow::Continue(()) } else { reader.take_rows(&rows) };
        drop(rows);
        self.cells.clear();
        flow
    }
}
