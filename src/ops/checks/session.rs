//! Checks run on a target, again and again while it changes: rows pass by, and only small tables are held.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil;

use crate::model::snapshot::key_form;
use crate::model::{Answer, Digest, Finding, Pass, Query, Row, Snapshot, Table, Value};
use crate::mosaiq::checks::{Card, Check, Terms, Verdict};
use crate::mosaiq::gather::{Census, Gather};
use crate::mosaiq::looks::{Looks, columns, tables};
use crate::mosaiq::machines::Machines;
use crate::mosaiq::pictures::Counting;
use crate::ops::Failure;
use crate::ops::context::Context;
use crate::ops::rules;
use crate::target::{Target, TargetError};

/// The table whose rows are shown by field, and the column that names it.
const BY_FIELD: (&str, &str) = ("TxFieldPoint", "FLD_ID");
/// How many rows of any other table are shown together.
const SHOWN: usize = 4096;
/// A table with at most so many rows is kept, so that checks that look again need not read it again.
const KEPT_MAX: usize = 16_384;

/// The rows of a small table, with the columns that checks read.
type Kept = (Arc<Table>, Vec<Vec<Value>>);

/// What one check says.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The check.
    pub card: &'static Card,
    /// Its verdict.
    pub verdict: Verdict,
}

impl Checked {
    /// Returns what the check found; nothing where it could not run.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        match &self.verdict {
            Verdict::Ran { findings, .. } => findings,
            Verdict::NotRun { .. } => &[],
        }
    }
}

/// Checks, and what they say.
pub struct Session {
    checks: Vec<&'static dyn Check>,
    pub(super) terms: Terms,
    /// The tables that are held whole; of the others, how they are declared.
    pub(super) held: Snapshot,
    /// The small ones among the others.
    kept: BTreeMap<&'static str, Kept>,
    /// What each check says of the target as it was last read.
    pub checked: Vec<Checked>,
    /// What the leaves of fields say, as far as a check wanted to know.
    pub(super) machines: Machines,
}

impl Session {
    /// Runs checks by the default rules.
    ///
    /// # Errors
    /// What the target says.
    pub fn begin(
        context: &Context<'_>,
        target: &mut dyn Target,
        checks: &[&'static dyn Check],
        now: civil::DateTime,
    ) -> Result<Self, Failure> {
        Self::under(context, target, checks, Terms::standard(now))
    }

    /// Runs checks: every table that they need passes by once, control points twice where they are counted first.
    ///
    /// # Errors
    /// What the target says.
    pub fn under(
        context: &Context<'_>,
        target: &mut dyn Target,
        checks: &[&'static dyn Check],
        terms: Terms,
    ) -> Result<Self, Failure> {
        let (held, kept, machines) = (Snapshot::default(), BTreeMap::new(), Machines::default());
        let mut session = Self { checks: checks.to_vec(), terms, held, kept, checked: Vec::new(), machines };
        let (verdicts, machines) = session.look(context, target, checks)?;
        session.machines = machines;
        let checked = checks.iter().zip(verdicts).map(|(check, verdict)| Checked { card: check.card(), verdict });
        session.checked = checked.collect();
        Ok(session)
    }

    /// Runs the checks again that look at any of these tables; returns the findings that are new.
    ///
    /// # Errors
    /// What the target says.
    pub fn look_again(
        &mut self,
        context: &Context<'_>,
        target: &mut dyn Target,
        touched: &BTreeSet<&str>,
    ) -> Result<Vec<Finding>, Failure> {
        let looks = |query: &Query| touched.iter().any(|table| table.eq_ignore_ascii_case(&query.table));
        touched.iter().for_each(|table| self.held.forget(table));
        self.kept.retain(|name, _| !touched.iter().any(|table| table.eq_ignore_ascii_case(name)));
        let chosen = |check: &&&'static dyn Check| check.queries().iter().any(looks);
        let again: Vec<&'static dyn Check> = self.checks.iter().filter(chosen).copied().collect();
        let (verdicts, _) = self.look(context, target, &again)?;
        let mut new = Vec::new();
        for (check, verdict) in again.iter().zip(verdicts) {
            let Some(checked) = self.checked.iter_mut().find(|checked| checked.card.id == check.card().id) else {
                continue;
            };
            let before = Checked { card: checked.card, verdict: std::mem::replace(&mut checked.verdict, verdict) };
            let known: BTreeSet<&Finding> = before.findings().iter().collect();
            new.extend(checked.findings().iter().filter(|finding| !known.contains(finding)).cloned());
        }
        Ok(new)
    }

    /// Returns the digest of the rules that the checks judge by.
    #[must_use]
    pub fn rules_digest(&self) -> Digest {
        rules::digest(&self.terms.rules)
    }

    /// Returns how the leaves of machines are counted and how far they reach.
    pub(super) fn counting(&self) -> Counting<'_> {
        Counting::new(&self.held, &self.machines, &self.terms.rules)
    }

    /// Lets rows pass by some checks.
    fn look(
        &mut self,
        context: &Context<'_>,
        target: &mut dyn Target,
        checks: &[&'static dyn Check],
    ) -> Result<(Vec<Verdict>, Machines), Failure> {
        let tables = tables(checks);
        let mut passing = BTreeMap::new();
        for (table, held) in tables.iter().filter(|(table, _)| !self.kept.contains_key(table)) {
            // Whatever checks look again: the columns stay those that all of them read.
            let columns = columns(&self.checks, table);
            passing.extend(declare(context, target, &mut self.held, (*table, *held), &columns)?);
        }
        let mut looks = Looks::begin(checks, &self.held, &self.terms);
        for (at, (table, held)) in (0..).zip(&tables) {
            context.reporter.progress("checking tables", at, tables.len() as u64);
            context.go_on()?;
            if *held {
                let rows = self.held.table(table).map(|rows| rows.rows().collect());
                rows.into_iter().for_each(|rows| looks.take(table, rows));
            } else if let Some(declared) = passing.get(table) {
                let rows = pass(context, target, declared, (table, &mut looks))?;
                self.kept.extend(rows.map(|rows| (*table, (declared.clone(), rows))));
            } else if let Some((declared, rows)) = self.kept.get(table) {
                show(declared, rows, (table, &mut looks));
            }
        }
        Ok(looks.end())
    }
}

/// Reads a table that is held; returns any other as it is declared, and holds that.
fn declare(
    context: &Context<'_>,
    target: &mut dyn Target,
    held: &mut Snapshot,
    (name, whole): (&'static str, bool),
    columns: &[&str],
) -> Result<Option<(&'static str, Arc<Table>)>, Failure> {
    let query = Query::all(name);
    if whole && held.has(&query) {
        return Ok(None);
    }
    held.forget(name);
    let table = target.table(name)?.map(|table| Arc::new(table.only(columns)));
    let mut rows = Vec::new();
    if let Some(table) = table.as_ref().filter(|_| whole) {
        scan(context, target, table, &mut |row| rows.push(row.to_vec()))?;
    }
    held.add(query, Answer { table: table.clone(), rows, maximum: None })?;
    Ok(table.filter(|_| !whole).map(|table| (name, table)))
}

/// Visits every row of a table, until somebody interrupts.
fn scan(
    context: &Context<'_>,
    target: &mut dyn Target,
    table: &Arc<Table>,
    take: &mut dyn FnMut(&[Value]),
) -> Result<(), Failure> {
    let (mut rows, mut stopped) = (0_u64, false);
    let scanned = target.scan(&Pass::of(table.clone()), &mut |row| {
        rows += 1;
        stopped = stopped || (rows.is_multiple_of(SHOWN as u64) && context.go_on().is_err());
        if stopped {
            let (url, what) = (String::new(), "read on".to_owned());
            return Err(TargetError::Failed { url, what, why: "somebody interrupted".to_owned() });
        }
        take(row);
        Ok(())
    });
    context.go_on()?;
    Ok(scanned?)
}

/// Shows all rows of a small table at once.
fn show(table: &Arc<Table>, rows: &[Vec<Value>], (name, looks): (&str, &mut Looks<'_>)) {
    let all = || rows.iter().map(|cells| Row { table, cells });
    looks.take(name, all().collect());
    if name == BY_FIELD.0 {
        let again = looks.again();
        let wanted = |row: &Row<'_>| row.cell(BY_FIELD.1).is_some_and(|field| again.contains(&key_form(field)));
        looks.take_again(all().filter(wanted).collect());
    }
}

/// Lets the rows of a table pass by; returns those of a small one.
fn pass(
    context: &Context<'_>,
    target: &mut dyn Target,
    table: &Arc<Table>,
    (name, looks): (&str, &mut Looks<'_>),
) -> Result<Option<Vec<Vec<Value>>>, Failure> {
    if name == BY_FIELD.0 && table.position(BY_FIELD.1).is_some() {
        return by_field(context, target, table, looks);
    }
    let (width, mut cells, mut kept) = (table.columns.len().max(1), Vec::new(), Some(Vec::new()));
    let mut show = |cells: &mut Vec<Value>| {
        looks.take(name, cells.chunks_exact(width).map(|cells| Row { table, cells }).collect());
        cells.clear();
    };
    scan(context, target, table, &mut |row| {
        cells.extend_from_slice(row);
        kept = kept.take().filter(|rows: &Vec<Vec<Value>>| rows.len() < KEPT_MAX);
        if let Some(rows) = &mut kept {
            rows.push(row.to_vec());
        }
        if cells.len() >= SHOWN * width {
            show(&mut cells);
        }
    })?;
    show(&mut cells);
    Ok(kept)
}

/// Lets control points pass by, all of a field together; then those once more that some check wants to see again.
fn by_field(
    context: &Context<'_>,
    target: &mut dyn Target,
    table: &Arc<Table>,
    looks: &mut Looks<'_>,
) -> Result<Option<Vec<Vec<Value>>>, Failure> {
    let mut census = Census::default();
    let narrow = Arc::new(table.only(&[BY_FIELD.1]));
    let at = narrow.position(BY_FIELD.1).unwrap_or_default();
    scan(context, target, &narrow, &mut |row| row.get(at).into_iter().for_each(|cell| census.add(cell)))?;
    let counts = census.finish();
    let total = counts.values().sum::<usize>();
    if total <= KEPT_MAX {
        let mut kept = Vec::with_capacity(total);
        scan(context, target, table, &mut |row| kept.push(row.to_vec()))?;
        kept.sort_by_cached_key(|row| table.key_of(row).unwrap_or_default());
        show(table, &kept, (BY_FIELD.0, looks));
        return Ok(Some(kept));
    }
    let mut rows = 0;
    gathered(context, target, (table, Gather::new(table.clone(), BY_FIELD.1, counts.clone())), &mut |shown| {
        rows += shown.len() as u64;
        context.reporter.progress("checking control points", rows, total as u64);
        looks.take(BY_FIELD.0, shown);
    })?;
    let again = looks.again();
    if !again.is_empty() {
        let gather = Gather::new(table.clone(), BY_FIELD.1, counts).map(|gather| gather.among(&again));
        gathered(context, target, (table, gather), &mut |shown| looks.take_again(shown))?;
    }
    Ok(None)
}

/// Passes over a table until every field was shown.
fn gathered(
    context: &Context<'_>,
    target: &mut dyn Target,
    (table, gather): (&Arc<Table>, Option<Gather>),
    show: &mut dyn FnMut(Vec<Row<'_>>),
) -> Result<(), Failure> {
    let Some(mut gather) = gather else { return Ok(()) };
    loop {
        scan(context, target, table, &mut |row| gather.take(row, show))?;
        if !gather.end_pass(show) {
            return Ok(());
        }
    }
}
