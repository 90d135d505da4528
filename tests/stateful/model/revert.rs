//! What a revert should judge: three ways a row, the whole of it before the first write.

use std::collections::{BTreeMap, BTreeSet};

use super::database::{Cell, Change, Database, Place, Row, Shape, Table, meet};
use super::ledger::{Ledger, Verdict};
use super::predict::tables;
use super::{Code, Model};

/// How far a revert may go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) cascade: bool,
    pub(crate) skip_conflicts: bool,
    pub(crate) force: bool,
    pub(crate) disable_triggers: bool,
}

/// What to take back.
#[derive(Clone, Debug)]
pub(crate) enum Selection {
    Numbers(Vec<u64>),
    Last,
    All,
}

/// A row in conflict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Conflict {
    pub(crate) place: Place,
    pub(crate) columns: BTreeSet<String>,
    pub(crate) operation: Option<u64>,
}

/// One operation to be taken back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Planned {
    pub(crate) op: u64,
    pub(crate) rows: Vec<Change>,
    pub(crate) conflicts: Vec<Conflict>,
    pub(crate) drift: Vec<Place>,
    pub(crate) given_up: u64,
}

/// All of it, newest operation first, or why not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Judged {
    pub(crate) planned: Vec<Planned>,
    pub(crate) already: Vec<u64>,
}

/// Why not; for conflicts which operation, and its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) code: Code,
    pub(crate) conflicts: Option<(u64, Vec<Conflict>)>,
}

impl From<Code> for Refused {
    fn from(code: Code) -> Self {
        Self { code, conflicts: None }
    }
}

/// What becomes of one row.
enum Weighed {
    Put(Option<Row>),
    Kept,
    Conflict(BTreeSet<String>),
}

impl Model {
    /// Judges what to take back.
    pub(crate) fn judge(&self, journal: usize, selection: &Selection, options: Options) -> Result<Judged, Refused> {
        self.pass(journal)?;
        self.nothing_open(journal)?;
        let ledger = self.ledger(journal);
        let numbers: Vec<u64> = match selection {
            Selection::Numbers(numbers) => numbers.clone(),
            Selection::Last => ledger.active().keys().next_back().copied().into_iter().collect(),
            Selection::All => ledger.active().keys().copied().collect(),
        };
        let mut judged = Judged::default();
        let mut todo = BTreeSet::new();
        for op in numbers {
            match ledger.get(op).map(|operation| operation.verdict) {
                None => return Err("no_operation".into()),
                Some(Verdict::Applied) => {}
                Some(_) => return Err("not_applied".into()),
            }
            let carriers = ledger.carriers(op);
            if carriers.is_empty() {
                judged.already.push(op);
            }
            todo.extend(carriers);
        }
        if options.cascade {
            cascade(ledger, &mut todo);
        }
        let mut course = Course {
            going: &todo,
            skipped: BTreeSet::new(),
            database: self.database.clone(),
            touched: BTreeSet::new(),
            again: Vec::new(),
        };
        for op in todo.iter().rev() {
            if self.marks().get(&(journal, *op)) != Some(&true) {
                return Err("target_replaced".into());
            }
            judged.planned.push(plan(ledger, *op, &mut course, options));
        }
        refuse(&judged.planned, options)?;
        if judged.planned.len() > 1 {
            self.judge_all(journal, &judged.planned, options)?;
        }
        Ok(judged)
    }

    /// Tells whether triggers are off for a revert: as asked, or as they were for the operation.
    pub(crate) fn disables_triggers(&self, journal: usize, op: u64, options: Options) -> bool {
        options.disable_triggers || self.ledger(journal).operation(op).triggers_off
    }
}

impl Model {
    /// Each is judged as those before it will leave the rows. SQL Server is not asked what rows meet that it does not
    /// hold yet.
    fn judge_all(&self, journal: usize, planned: &[Planned], options: Options) -> Result<(), Code> {
        let (mut database, mut touched) = (self.database.clone(), BTreeSet::new());
        for plan in planned {
            self.try_out(&plan.rows, self.disables_triggers(journal, plan.op, options))?;
            let asked = |name: &String| !database.server || !touched.contains(name);
            if tables(&plan.rows).iter().any(|name| asked(name) && database.meets(name, &plan.rows)) {
                return Err("unique_index");
            }
            touched.extend(tables(&plan.rows));
            database.carry_out(&plan.rows);
        }
        Ok(())
    }
}

/// What the reverts judged so far leave behind.
struct Course<'t> {
    going: &'t BTreeSet<u64>,
    skipped: BTreeSet<(u64, Place)>,
    database: Database,
    /// The tables whose rows were judged.
    touched: BTreeSet<String>,
    /// The reverts taken back so far, whose rows are then a later operation's again.
    again: Vec<(u64, Change)>,
}

/// Adds every later active operation on the same rows.
fn cascade(ledger: &Ledger, todo: &mut BTreeSet<u64>) {
    let places = |op: u64| ledger.rows_left(op).map(|change| (change.table.as_str(), change.key));
    // An operation is only ever over earlier ones: in one pass from the oldest on, all that it is over are known.
    let Some(first) = todo.first().copied() else { return };
    for later in ledger.active().range(first + 1..).map(|(op, _)| *op) {
        let over = |op: &u64| places(*op).any(|place| places(later).any(|other| other == place));
        if todo.range(..later).any(over) {
            todo.insert(later);
        }
    }
}

fn plan(ledger: &Ledger, op: u64, course: &mut Course<'_>, options: Options) -> Planned {
    let mut out = Planned { op, ..Planned::default() };
    let later: Vec<u64> = ledger.active().range(op + 1..).rev().map(|(later, _)| *later).collect();
    let mut judged = Vec::new();
    for change in in_order_of_revert(ledger.rows_left(op).collect()) {
        let place = change.place();
        let table = course.database.tables.get(&change.table);
        let now = table.and_then(|table| table.rows.get(&change.key)).cloned();
        let stays = |other: u64| !course.going.contains(&other) || course.skipped.contains(&(other, place.clone()));
        let blocker = later.iter().copied().find(|other| stays(*other) && claims(ledger, *other, change));
        let again = || {
            let meets = |(_, other): &&(u64, Change)| {
                other.place() == place && meet(change.sets().as_ref(), other.sets().as_ref())
            };
            course.again.iter().rev().find(meets).map(|(other, _)| *other)
        };
        let blocker = blocker.or_else(again);
        let whole = table.is_some_and(|table| change.shape.is_subset(&table.shape()));
        let weighed = match (blocker, table) {
            (Some(_), _) => Weighed::Conflict(BTreeSet::new()),
            (None, Some(table)) if whole => weigh(change, table, now.as_ref(), options.force),
            (None, _) => Weighed::Conflict(BTreeSet::new()),
        };
        judged.push(Judging { change, now, blocker, whole, weighed, barred: false });
    }
    if options.skip_conflicts {
        set_aside(&mut judged, course);
    }
    judged.into_iter().for_each(|row| settle(ledger, row, course, options, &mut out));
    out
}

/// Where rows come or go in several tables, the last change is taken back first: its row may refer to the others.
fn in_order_of_revert(mut changes: Vec<&Change>) -> Vec<&Change> {
    let moves = changes.iter().filter(|change| change.before.is_some() != change.after.is_some());
    let tables: BTreeSet<&str> = moves.map(|change| change.table.as_str()).collect();
    if tables.len() > 1 {
        changes.reverse();
    }
    changes
}

/// A row of an operation that is to be taken back.
struct Judging<'l> {
    change: &'l Change,
    now: Option<Row>,
    blocker: Option<u64>,
    whole: bool,
    weighed: Weighed,
    barred: bool,
}

/// Sets rows aside that the declarations, or another row, would not let back in: each judged beside those before it.
fn set_aside(judged: &mut [Judging<'_>], course: &Course<'_>) {
    let mut let_in: Vec<Change> = Vec::new();
    for judging in judged {
        let Weighed::Put(after) = &judging.weighed else { continue };
        let Some(table) = course.database.tables.get(&judging.change.table) else { continue };
        let planned = row(judging.change, table, judging.now.clone(), after.clone());
        let lacks = planned.writes() && after.as_ref().is_some_and(|row| table.lacks(row));
        let server = course.database.server;
        let asked = !server || !course.touched.contains(&planned.table);
        let beside = || {
            let mut both: Vec<Change> = if server { Vec::new() } else { let_in.clone() };
            both.push(planned.clone());
            both
        };
        if lacks || (asked && course.database.meets(&planned.table, &beside())) {
            judging.weighed = Weighed::Conflict(BTreeSet::new());
            judging.barred = true;
        } else {
            let_in.push(planned);
        }
    }
}

fn settle(ledger: &Ledger, row_of: Judging<'_>, course: &mut Course<'_>, options: Options, out: &mut Planned) {
    let Judging { change, now, blocker, whole, weighed, barred } = row_of;
    let (place, op) = (change.place(), out.op);
    course.touched.insert(change.table.clone());
    let table = course.database.tables.get(&change.table);
    let after = match weighed {
        Weighed::Put(after) => after,
        Weighed::Kept => now.clone(),
        Weighed::Conflict(columns) => {
            out.conflicts.push(Conflict { place: place.clone(), columns, operation: blocker });
            let lost = barred || now.is_none();
            if options.force && options.skip_conflicts && lost && blocker.is_none() && whole {
                out.given_up += 1;
                out.rows.push(row(change, table.unwrap(), now.clone(), now));
            } else {
                course.skipped.insert((op, place));
            }
            return;
        }
    };
    let added = now.is_none() && after.is_some() && table.is_some_and(|table| table.shape() != change.shape);
    if added || after.as_ref().map(|row| seen(row, &change.shape)) != change.before {
        out.drift.push(place);
    }
    if !ledger.operation(op).depth.is_multiple_of(2) && now != after {
        course.again.push((op, change.clone()));
    }
    out.rows.push(row(change, table.unwrap(), now, after.clone()));
    course.database.put(&change.table, change.key, after);
}

fn row(change: &Change, table: &Table, before: Option<Row>, after: Option<Row>) -> Change {
    Change { table: change.table.clone(), key: change.key, shape: table.shape(), before, after }
}

/// Tells whether an operation has rows in effect that set the same columns of the same row.
pub(super) fn claims(ledger: &Ledger, later: u64, change: &Change) -> bool {
    let sets = change.sets();
    let mut theirs = ledger.rows_left(later).filter(|other| other.key == change.key && other.table == change.table);
    theirs.any(|other| meet(sets.as_ref(), other.sets().as_ref()))
}

/// The cells of a row that an image knows.
fn seen(row: &Row, shape: &Shape) -> Row {
    row.iter().filter(|(name, _)| shape.contains(*name)).map(|(name, cell)| (name.clone(), cell.clone())).collect()
}

fn weigh(change: &Change, table: &Table, now: Option<&Row>, force: bool) -> Weighed {
    let differ = |image: &Row, now: &Row| -> BTreeSet<String> {
        image.iter().filter(|(name, cell)| now.get(*name) != Some(cell)).map(|(name, _)| name.clone()).collect()
    };
    match (&change.before, &change.after, now) {
        // It added the row.
        (None, Some(_), None) => Weighed::Kept,
        (None, Some(after), Some(now)) if seen(now, &change.shape) == *after || force => Weighed::Put(None),
        (None, Some(after), Some(now)) => Weighed::Conflict(differ(after, now)),
        // It deleted the row.
        (Some(before), None, None) => Weighed::Put(Some(whole(before, None, table))),
        (Some(before), None, Some(now)) if seen(now, &change.shape) == *before => Weighed::Kept,
        (Some(before), None, Some(now)) if force => Weighed::Put(Some(whole(before, Some(now), table))),
        (Some(before), None, Some(now)) => Weighed::Conflict(differ(before, now)),
        // It changed some columns.
        (Some(_), Some(_), None) => Weighed::Conflict(BTreeSet::new()),
        (Some(before), Some(after), Some(now)) => {
            let sets = change.sets().unwrap();
            let pick = |row: &Row| seen(row, &sets);
            if pick(now) == pick(before) {
                Weighed::Kept
            } else if pick(now) == pick(after) || force {
                Weighed::Put(Some(whole(&pick(before), Some(now), table)))
            } else {
                Weighed::Conflict(differ(&pick(after), now))
            }
        }
        (None, None, _) => Weighed::Kept,
    }
}

/// A row with an image's cells; the others stay, or are what the declaration gives.
fn whole(image: &Row, now: Option<&Row>, table: &Table) -> Row {
    let given = |name: &String| match table.column(name) {
        Some(column) if column.required => Cell::Text("d".into()),
        _ => Cell::Null,
    };
    let fresh = || table.shape().into_iter().map(|name| (name.clone(), given(&name))).collect();
    let mut row: BTreeMap<String, Cell> = now.cloned().unwrap_or_else(fresh);
    row.extend(image.iter().map(|(name, cell)| (name.clone(), cell.clone())));
    row
}

fn refuse(planned: &[Planned], options: Options) -> Result<(), Refused> {
    let Some(first) = planned.iter().find(|plan| !plan.conflicts.is_empty()) else { return Ok(()) };
    if options.skip_conflicts && planned.iter().any(|plan| !plan.rows.is_empty()) {
        return Ok(());
    }
    Err(Refused { code: "conflict", conflicts: Some((first.op, first.conflicts.clone())) })
}
