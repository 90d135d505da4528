//! Scans that pure code asks for, carried out on a target: rows are handed on a few at a time; judges nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use super::context::Context;
use super::failure::Failure;
use super::rest::ResidualScan;
use crate::domain::scan::{JoinRequest, ScanReader, ScanRequest};
use crate::model::{Fetch, Filter, Row, Scan, Table, Value};
use crate::targets::{Target, TargetError};

/// How many rows are shown together.
const SHOWN: usize = 4096;
/// The rows of a scan are kept for the next time where there are at most so many.
const CACHED_MAX: usize = 16_384;

/// The rows of small scans, so that whoever reads again need not ask the target again.
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

/// A target being read for somebody.
pub struct ScanRunner<'p> {
    /// Whom progress is reported to, and who may interrupt.
    pub context: &'p Context<'p>,
    /// What is read.
    pub target: &'p mut dyn Target,
    /// Where small scans are kept, where somebody will read again.
    pub cache: Option<&'p mut ScanCache>,
    /// What is being done, for progress: `checking tables`.
    pub doing: &'static str,
}

impl ScanRunner<'_> {
    /// Carries out every scan that a reader asks for.
    ///
    /// # Errors
    /// What the target says, or that somebody interrupted.
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

    /// Carries out one scan, from the cache where it is there.
    fn run_scan(&mut self, scan: &ScanRequest, reader: &mut dyn ScanReader) -> Result<(), Failure> {
        if let Some((table, rows)) = self.cache.as_ref().and_then(|cache| cache.get(scan)).cloned() {
            reader.begin_scan(Some(&table));
            send_rows(&table, &rows, reader);
            return Ok(());
        }
        let Some((table, wanted)) = self.plan_scan(scan)? else {
            reader.begin_scan(None);
            return Ok(());
        };
        reader.begin_scan(Some(&table));
        match wanted {
            ScanWay::Rows(filter) => self.stream_selected(&table, &filter, reader),
            ScanWay::Arranged(fetch) => self.stream_fetched(scan, &table, &fetch, reader),
            ScanWay::Scan(wanted, rest) if rest.order.is_some() => self.stream_sorted(&table, &wanted, &rest, reader),
            ScanWay::Scan(wanted, rest) => self.stream_rows(scan, &table, (&wanted, &rest), reader),
        }
    }

    /// Finds the tables of a scan, and how the target is asked for it; `None` where it lacks one of them.
    fn plan_scan(&mut self, scan: &ScanRequest) -> Result<Option<(Arc<Table>, ScanWay)>, Failure> {
        let Some(whole) = self.target.find_table(&scan.table)? else { return Ok(None) };
        let (shown, pushes) = (narrow_table(&whole, &scan.columns), self.target.pushes_down());
        let found_there = match &scan.filter {
            Filter::All => false,
            Filter::Between { .. } => pushes.range,
            Filter::In { .. } | Filter::Days { .. } | Filter::Maximum { .. } => pushes.equality,
        };
        if found_there && scan.join.is_none() && scan.order.is_none() && scan.limit.is_none() {
            return Ok(Some((shown, ScanWay::Rows(scan.filter.clone()))));
        }
        let range =
            if let Filter::Between { column, first, last } = &scan.filter { Some((column, first, last)) } else { None };
        if found_there && scan.join.is_none() && range.is_none() {
            let fetch = Fetch { table: scan.table.clone(), filter: scan.filter.clone() };
            return Ok(Some((shown, ScanWay::Arranged(fetch))));
        }
        let mut rest = ResidualScan::from_request(scan);
        if rest.order.as_ref().is_some_and(|order| pushes.order && !order.descending) {
            rest.order = None;
        }
        let range = range.filter(|_| pushes.range);
        if range.is_some() {
            rest.filter = Filter::All;
        }
        let read = narrow_table(&whole, &rest.columns_to_read(scan));
        let mut wanted = Scan::every_row(read.clone());
        if let (None, Some(order)) = (&rest.order, &scan.order) {
            wanted = wanted.order_by(&order.column);
        }
        if let Some((column, first, last)) = range {
            wanted = wanted.between(column, *first, *last);
        }
        if let (true, true, Some(most)) = (pushes.limit, rest.is_of_rows(), scan.limit) {
            (wanted, rest.limit) = (wanted.limit(most), u64::MAX);
        }
        let (mut shown, mut read) = (shown, read);
        if let Some(JoinRequest { column, parent, columns, parent_column }) = &scan.join {
            let Some(parent) = self.target.find_table(parent)? else { return Ok(None) };
            let parent = narrow_table(&parent, columns);
            (shown, read) = (Arc::new(shown.join_columns(&parent)), Arc::new(read.join_columns(&parent)));
            wanted = wanted.join(column, parent, parent_column);
        }
        rest.bind_table(&read, &shown)?;
        Ok(Some((shown, ScanWay::Scan(Box::new(wanted), rest))))
    }

    /// Hands on the rows of a table as the target sends them.
    fn stream_rows(
        &mut self,
        scan: &ScanRequest,
        table: &Arc<Table>,
        (wanted, rest): (&Scan, &ResidualScan),
        reader: &mut dyn ScanReader,
    ) -> Result<(), Failure> {
        let mut batch = RowBuffer::new(table);
        let mut kept = self.cache.as_ref().map(|_| Vec::new());
        let mut seen = 0;
        let mut stopped = rest.limit == 0;
        let mut cells = Vec::new();
        self.visit_rows(wanted, &mut |row| {
            if stopped || !rest.matches_filter(row) {
                return !stopped;
            }
            seen += 1;
            let row = rest.project_row(row, &mut cells);
            kept = kept.take().filter(|rows: &Vec<Vec<Value>>| rows.len() < CACHED_MAX);
            kept.iter_mut().for_each(|rows| rows.push(row.to_vec()));
            stopped = batch.push(row, reader).is_break();
            !stopped && seen < rest.limit
        })?;
        if !stopped {
            stopped = batch.flush(reader).is_break();
        }
        // What its reader broke off may be only a part.
        let kept = kept.filter(|_| !stopped);
        if let (Some(cache), Some(rows)) = (self.cache.as_deref_mut(), kept) {
            cache.insert(scan, (table.clone(), Arc::new(rows)));
        }
        Ok(())
    }

    /// Hands on the rows of a table in an order that the target does not put them in.
    fn stream_sorted(
        &mut self,
        table: &Arc<Table>,
        wanted: &Scan,
        rest: &ResidualScan,
        reader: &mut dyn ScanReader,
    ) -> Result<(), Failure> {
        let mut rows = Vec::new();
        self.visit_rows(wanted, &mut |row| {
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

    /// Hands on the rows that a filter leaves, in an order and no more than are wanted.
    fn stream_fetched(
        &mut self,
        scan: &ScanRequest,
        table: &Arc<Table>,
        fetch: &Fetch,
        reader: &mut dyn ScanReader,
    ) -> Result<(), Failure> {
        let answer = self.target.read(fetch)?;
        let Some(whole) = answer.table else { return Ok(()) };
        let mut rest = ResidualScan::from_request(scan);
        rest.filter = Filter::All;
        rest.bind_table(&whole, table)?;
        send_rows(table, &rest.arrange_rows(answer.rows), reader);
        self.context.go_on()
    }

    /// Hands on the rows that a filter leaves, as they lie.
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

    /// Visits every row of a scan, until it is told to stop or somebody interrupts.
    fn visit_rows(&mut self, scan: &Scan, take: &mut dyn FnMut(&[Value]) -> bool) -> Result<(), Failure> {
        let mut visits = RowVisits::new(self.context);
        let visited = self.target.scan(scan, &mut |row| visits.note_row(take(row)));
        visits.finish(visited)
    }
}

/// Rows being visited: ends the visit by an error of its own where the reader or somebody stops it.
struct RowVisits<'c> {
    context: &'c Context<'c>,
    rows: usize,
    stopped: bool,
}

impl<'c> RowVisits<'c> {
    const fn new(context: &'c Context<'c>) -> Self {
        Self { context, rows: 0, stopped: false }
    }

    /// Notes a row, and whether its reader wishes for more.
    fn note_row(&mut self, more: bool) -> Result<(), TargetError> {
        self.rows += 1;
        self.stopped = !more || (self.rows.is_multiple_of(SHOWN) && self.context.go_on().is_err());
        if self.stopped {
            let (url, what) = (String::new(), "read on".to_owned());
            return Err(TargetError::Failed { url, what, why: "somebody interrupted".to_owned() });
        }
        Ok(())
    }

    /// Tells an end that was wished for from what the target says.
    fn finish(&self, visited: Result<(), TargetError>) -> Result<(), Failure> {
        self.context.go_on()?;
        if self.stopped { Ok(()) } else { Ok(visited?) }
    }
}

/// How the target is asked.
enum ScanWay {
    /// For every row, a few at a time, with what is left to do with them.
    Scan(Box<Scan>, ResidualScan),
    /// For the rows that a filter leaves, as they lie.
    Rows(Filter),
    /// For the rows that a filter leaves, to be put in order here.
    Arranged(Fetch),
}

fn narrow_table(table: &Arc<Table>, columns: &[String]) -> Arc<Table> {
    if columns.is_empty() {
        return table.clone();
    }
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    Arc::new(table.select_columns(&columns))
}

/// Shows rows that are all there.
fn send_rows(table: &Arc<Table>, rows: &[Vec<Value>], reader: &mut dyn ScanReader) {
    for batch in rows.chunks(SHOWN) {
        let rows: Vec<Row<'_>> = batch.iter().map(|cells| Row { table, cells }).collect();
        if reader.take_rows(&rows).is_break() {
            return;
        }
    }
}

/// Rows that wait until there are enough of them to be shown together.
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
