//! Rows on their way from a target to checks: each table in the way that checks want it, few rows held; judges nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domains::mosaiq::checks::{Check, Side, Terms, Verdict};
use crate::domains::mosaiq::gather::{Gather, GroupSizes};
use crate::domains::mosaiq::looks::{self, Looks, Passing};
use crate::domains::mosaiq::machines::Machines;
use crate::model::snapshot::key_form;
use crate::model::time::Time;
use crate::model::{Answer, Fetch, Row, Scan, Snapshot, Table, Value, time};
use crate::ops::Failure;
use crate::ops::context::Context;
use crate::targets::{Target, TargetError};

/// How many rows are shown together.
const SHOWN: usize = 4096;
/// A table with at most so many rows is kept, so that checks that look again need not read it again.
const KEPT_MAX: usize = 16_384;

/// The rows of a small table, with the columns that checks read.
pub(super) type Kept = (Arc<Table>, Vec<Vec<Value>>);

/// What rows come from, and what is held of them.
pub(super) struct Rows<'r> {
    pub(super) context: &'r Context<'r>,
    pub(super) target: &'r mut dyn Target,
    /// The tables that are held whole; of the others, how they are declared.
    pub(super) held: &'r mut Snapshot,
    /// The small ones among the others, where checks will look again.
    pub(super) kept: Option<&'r mut BTreeMap<&'static str, Kept>>,
    /// Whether rows that are to come in an order are put into it here.
    pub(super) sorts: bool,
}

impl Rows<'_> {
    /// Reads how the tables are declared that some checks need, with the columns that all of them read; and the rows of
    /// those that are held.
    pub(super) fn declare(&mut self, checks: &[&dyn Check], all: &[&'static dyn Check]) -> Result<(), Failure> {
        for passing in looks::passing(checks) {
            let name = passing.table();
            let query = Fetch::all(name);
            let is_held = matches!(passing, Passing::Held(_)) && self.held.has(&query);
            if is_held || self.kept(name).is_some() {
                continue;
            }
            self.held.forget(name);
            let columns = looks::columns(all, name);
            let table = self.target.table(name)?.map(|table| Arc::new(table.only(&columns)));
            let mut rows = Vec::new();
            if let (Passing::Held(_), Some(table)) = (passing, &table) {
                self.scan(&Scan::of(table.clone()), &mut |row| {
                    rows.push(row.to_vec());
                    true
                })?;
            }
            self.held.add(query, Answer { table, rows, maximum: None })?;
        }
        Ok(())
    }

    /// Lets rows pass by checks; nothing comes back where some did not come in the order in which they have to.
    pub(super) fn pass_by(
        &mut self,
        checks: &[&'static dyn Check],
        terms: &Terms,
    ) -> Result<Option<(Vec<Verdict>, Machines)>, Failure> {
        let declared = self.held.clone();
        let mut looks = Looks::begin(checks, &declared, terms);
        let all = looks::passing(checks);
        for (at, passing) in (0..).zip(&all) {
            self.context.reporter.progress("checking tables", at, all.len() as u64);
            self.context.go_on()?;
            if let Ok(rows) = declared.table(passing.table()) {
                match passing {
                    Passing::Held(table) => looks.take(table, rows.rows().collect()),
                    Passing::Beside(side) => self.beside(side, &rows.table, &mut looks)?,
                    _ => self.rows(passing, &rows.table, &mut looks)?,
                }
            }
            if looks.is_disordered() {
                return Ok(None);
            }
            looks.end_of(passing.table());
        }
        Ok(Some(looks.end()))
    }

    fn kept(&self, name: &str) -> Option<&Kept> {
        self.kept.as_ref().and_then(|kept| kept.get(name))
    }

    /// Lets the rows of a table pass by, which may be kept.
    fn rows(&mut self, passing: &Passing, table: &Arc<Table>, looks: &mut Looks<'_>) -> Result<(), Failure> {
        let name = passing.table();
        if let Some((table, rows)) = self.kept(name) {
            show_all(table, rows, passing, looks);
            return Ok(());
        }
        let kept = match passing {
            Passing::ByField(_, column) if table.position(column).is_some() => {
                self.by_field(table, (passing, column), looks)?
            }
            Passing::InOrder(_, column) if self.sorts && table.position(column).is_some() => {
                Some(self.sorted(table, column, (name, looks))?)
            }
            Passing::InOrder(_, column) if table.position(column).is_some() => {
                self.as_they_come(&Scan::of(table.clone()).order_by(column), (name, looks))?
            }
            _ => self.as_they_come(&Scan::of(table.clone()), (name, looks))?,
        };
        // What came in a wrong order, and perhaps only in part, must not come so again.
        let kept = kept.filter(|rows| rows.len() <= KEPT_MAX && !looks.is_disordered());
        if let (Some(all), Some(rows)) = (&mut self.kept, kept) {
            all.insert(name, (table.clone(), rows));
        }
        Ok(())
    }

    /// Lets rows pass by as the database sends them; returns those of a small table that is to be kept.
    fn as_they_come(
        &mut self,
        scan: &Scan,
        (name, looks): (&str, &mut Looks<'_>),
    ) -> Result<Option<Vec<Vec<Value>>>, Failure> {
        let table = &scan.table;
        let (mut waiting, mut kept) = (Waiting::new(table), self.kept.as_ref().map(|_| Vec::new()));
        self.scan(scan, &mut |row| {
            kept = kept.take().filter(|rows: &Vec<Vec<Value>>| rows.len() < KEPT_MAX);
            kept.iter_mut().for_each(|rows| rows.push(row.to_vec()));
            waiting.add(row, &mut |rows| looks.take(name, rows));
            !looks.is_disordered()
        })?;
        waiting.show(&mut |rows| looks.take(name, rows));
        Ok(kept)
    }

    /// Reads a table whole, and lets its rows pass by in the order of a date and time.
    fn sorted(
        &mut self,
        table: &Arc<Table>,
        column: &str,
        (name, looks): (&str, &mut Looks<'_>),
    ) -> Result<Vec<Vec<Value>>, Failure> {
        let mut rows = Vec::new();
        self.scan(&Scan::of(table.clone()), &mut |row| {
            rows.push(row.to_vec());
            true
        })?;
        let (at, declared) = table.column(column)?;
        rows.sort_by_cached_key(|row| row.get(at).and_then(|cell| time::read(cell, declared)).map(Time::instant));
        for rows in rows.chunks(SHOWN) {
            looks.take(name, rows.iter().map(|cells| Row { table, cells }).collect());
        }
        Ok(rows)
    }

    /// Lets rows pass by beside those that they refer to.
    fn beside(&mut self, side: &'static Side, child: &Table, looks: &mut Looks<'_>) -> Result<(), Failure> {
        let parent = self.held.table(side.parent.0).map(|rows| rows.table.clone());
        let (true, Ok(parent)) = (child.position(side.child.1).is_some(), parent) else { return Ok(()) };
        if parent.position(side.parent.1).is_none() {
            return Ok(());
        }
        let part = |table: &Table, columns: &[&str], own: &str| Arc::new(table.only(&[columns, &[own]].concat()));
        let child = part(child, side.columns[0], side.child.1);
        let parent = part(&parent, side.columns[1], side.parent.1);
        let both = Arc::new(child.beside(&parent));
        let mut waiting = Waiting::new(&both);
        let pass = Scan::of(child).join(side.child.1, parent, side.parent.1);
        self.scan(&pass, &mut |row| {
            waiting.add(row, &mut |rows| looks.take_beside(side, &rows));
            true
        })?;
        waiting.show(&mut |rows| looks.take_beside(side, &rows));
        Ok(())
    }

    /// Lets control points pass by, all of a field together; then those once more that some check wants to see again.
    fn by_field(
        &mut self,
        table: &Arc<Table>,
        (passing, column): (&Passing, &str),
        looks: &mut Looks<'_>,
    ) -> Result<Option<Vec<Vec<Value>>>, Failure> {
        let mut sizes = GroupSizes::default();
        let narrow = Arc::new(table.only(&[column]));
        let at = narrow.position(column).unwrap_or_default();
        self.scan(&Scan::of(narrow), &mut |row| {
            row.get(at).into_iter().for_each(|cell| sizes.add(cell));
            true
        })?;
        let total = sizes.total();
        if total <= KEPT_MAX {
            let mut rows = Vec::with_capacity(total);
            self.scan(&Scan::of(table.clone()), &mut |row| {
                rows.push(row.to_vec());
                true
            })?;
            rows.sort_by_cached_key(|row| table.key_of(row).unwrap_or_default());
            show_all(table, &rows, passing, looks);
            return Ok(Some(rows));
        }
        let Some(mut gather) = Gather::new(table.clone(), column, sizes) else { return Ok(None) };
        let (context, mut rows) = (self.context, 0);
        self.gather(&mut gather, table, &mut |shown| {
            rows += shown.len() as u64;
            context.reporter.progress("checking control points", rows, total as u64);
            looks.take(passing.table(), shown);
        })?;
        let again = looks.again();
        if !again.is_empty() {
            gather.again(&again);
            self.gather(&mut gather, table, &mut |shown| looks.take_again(shown))?;
        }
        Ok(None)
    }

    /// Passes over a table until every field was shown.
    fn gather(
        &mut self,
        gather: &mut Gather,
        table: &Arc<Table>,
        show: &mut dyn FnMut(Vec<Row<'_>>),
    ) -> Result<(), Failure> {
        loop {
            self.scan(&Scan::of(table.clone()), &mut |row| {
                gather.take(row, show);
                true
            })?;
            if !gather.end_pass(show) {
                return Ok(());
            }
        }
    }

    /// Visits every row of a pass, until it is told to stop or somebody interrupts.
    fn scan(&mut self, scan: &Scan, take: &mut dyn FnMut(&[Value]) -> bool) -> Result<(), Failure> {
        let (mut rows, mut stopped, context) = (0_usize, false, self.context);
        let scanned = self.target.scan(scan, &mut |row| {
            rows += 1;
            stopped = stopped || (rows.is_multiple_of(SHOWN) && context.go_on().is_err()) || !take(row);
            if stopped {
                let (url, what) = (String::new(), "read on".to_owned());
                return Err(TargetError::Failed { url, what, why: "somebody interrupted".to_owned() });
            }
            Ok(())
        });
        context.go_on()?;
        if stopped { Ok(()) } else { Ok(scanned?) }
    }
}

/// Shows all rows of a small table at once, and some control points again.
fn show_all(table: &Arc<Table>, rows: &[Vec<Value>], passing: &Passing, looks: &mut Looks<'_>) {
    let all = || rows.iter().map(|cells| Row { table, cells });
    looks.take(passing.table(), all().collect());
    if let Passing::ByField(_, column) = passing {
        let again = looks.again();
        let wanted = |row: &Row<'_>| row.cell(column).is_some_and(|field| again.contains(&key_form(field)));
        looks.take_again(all().filter(wanted).collect());
    }
}

/// Rows that wait until there are enough of them to be shown together.
struct Waiting<'t> {
    table: &'t Arc<Table>,
    cells: Vec<Value>,
}

impl<'t> Waiting<'t> {
    const fn new(table: &'t Arc<Table>) -> Self {
        Self { table, cells: Vec::new() }
    }

    fn width(&self) -> usize {
        self.table.columns.len().max(1)
    }

    fn add(&mut self, row: &[Value], show: &mut dyn FnMut(Vec<Row<'_>>)) {
        self.cells.extend_from_slice(row);
        if self.cells.len() >= SHOWN * self.width() {
            self.show(show);
        }
    }

    fn show(&mut self, show: &mut dyn FnMut(Vec<Row<'_>>)) {
        let table = self.table;
        show(self.cells.chunks_exact(self.width()).map(|cells| Row { table, cells }).collect());
        self.cells.clear();
    }
}
