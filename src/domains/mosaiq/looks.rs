//! Checks at work side by side: what each is shown, in which order, and what it could not look at; reads nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::checks::{Check, Criteria, Fact, Look, Side, Verdict};
use super::ground::{self, Survey};
use super::known::{DELIVERIES, Known, Part};
use super::leaves::POINTS;
use super::lookup::Id;
use super::machines::{FIELDS, Machines};
use crate::model::snapshot::key_form;
use crate::model::time::Time;
use crate::model::{Finding, Row, Snapshot, Value};

/// How the rows of the database come, those first that others refer to; a prescription's row before its fields'.
const ORDER: [Passing; 9] = [
    Passing::Held("Staff"),
    Passing::Rows("Patient"),
    Passing::Rows("Site"),
    Passing::Rows("Ident"),
    Passing::Rows(FIELDS),
    Passing::Rows("Dose_Hst"),
    Passing::InOrder(DELIVERIES, "Create_DtTm"),
    Passing::Rows("Offset"),
    Passing::ByField(POINTS, "FLD_ID"),
];

/// How rows come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passing {
    /// A small table that is held whole.
    Held(&'static str),
    /// As they lie.
    Rows(&'static str),
    /// In the order of a date and time, those without one anywhere.
    InOrder(&'static str, &'static str),
    /// All of a field together.
    ByField(&'static str, &'static str),
    /// Each beside the row that it refers to.
    Beside(&'static Side),
}

impl Passing {
    /// Returns the table whose rows come.
    #[must_use]
    pub(super) const fn table(&self) -> &'static str {
        match self {
            Self::Held(table) | Self::Rows(table) | Self::InOrder(table, _) | Self::ByField(table, _) => table,
            Self::Beside(side) => side.child.0,
        }
    }
}

/// Columns that checks read beside those that they cannot do without.
const BESIDE: [(&str, &[&str]); 4] = [
    ("Staff", &["Staff_ID", "Last_Name"]),
    (FIELDS, &["Machine_ID_Staff_ID", "FLD_SET_ID", "Type_Enum", "Version", "ControlPoints", "Meterset"]),
    (DELIVERIES, &["Pat_ID1", "Machine_ID_Staff_ID", "FLD_ID"]),
    (POINTS, &["FLD_ID", "Point", "Couch_Ang", "MLC_Leaves", "A_Leaf_Set", "B_Leaf_Set"]),
];

/// Returns what has to come by for checks, and how.
#[must_use]
pub(super) fn passing(checks: &[&dyn Check]) -> Vec<Passing> {
    let needed: BTreeSet<String> = checks.iter().flat_map(|check| check.queries()).map(|query| query.table).collect();
    let tables = ORDER.into_iter().filter(|passing| needed.contains(passing.table()));
    let mut sides: Vec<&'static Side> = checks.iter().filter_map(|check| check.beside()).collect();
    sides.dedup();
    tables.chain(sides.into_iter().map(Passing::Beside)).collect()
}

/// Returns the columns of a table that any of the checks reads.
#[must_use]
pub(super) fn columns(checks: &[&dyn Check], table: &str) -> Vec<&'static str> {
    let reads = checks.iter().flat_map(|check| check.reads());
    let places = reads.flat_map(|read| [Some(read.place()), read.parent()]).flatten();
    let read: BTreeSet<&str> = places.filter(|(of, _)| *of == table).map(|(_, column)| column).collect();
    let beside = BESIDE.iter().filter(|(of, _)| *of == table).flat_map(|(_, columns)| columns.iter().copied());
    read.into_iter().chain(beside).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Returns the columns of a table that any of the checks judges, in the order in which they come up.
pub(super) fn read_columns(checks: &[&dyn Check], table: &str) -> Vec<&'static str> {
    let mut columns = Vec::new();
    for (own, column) in checks.iter().flat_map(|check| check.reads()).map(|read| read.place()) {
        if own == table && !columns.contains(&column) {
            columns.push(column);
        }
    }
    columns
}

/// Checks at work.
pub(super) struct Looks<'a> {
    known: Known<'a>,
    criteria: Criteria<'a>,
    working: Vec<Working<'a>>,
    wanted: Vec<Fact>,
    survey: Survey,
    /// How many rows of each table came by.
    rows: BTreeMap<String, u64>,
}

/// One check, and its look where it can look.
struct Working<'a> {
    check: &'a dyn Check,
    needs: BTreeSet<String>,
    look: Result<Box<dyn Look + 'a>, String>,
}

impl<'a> Looks<'a> {
    /// Begins to look; a snapshot holds some tables whole, and says of the others how they are declared.
    #[must_use]
    pub(super) fn begin(checks: &[&'a dyn Check], whole: &'a Snapshot, criteria: Criteria<'a>) -> Self {
        let known = Known::new(whole);
        let begun = |check: &&'a dyn Check| {
            let needs = check.needs().into_iter().map(|query| query.table).collect();
            Working { check: *check, needs, look: begin(*check, &known, criteria) }
        };
        let working: Vec<Working<'a>> = checks.iter().map(begun).collect();
        let looking: Vec<&dyn Check> = working.iter().filter(|one| one.look.is_ok()).map(|one| one.check).collect();
        let survey = Survey::of(looking.iter().flat_map(|check| check.reads()));
        let wanted = looking.iter().filter_map(|check| check.wants()).collect();
        Self { known, criteria, working, wanted, survey, rows: BTreeMap::new() }
    }

    /// Shows rows of a table to every check that needs it; those of control points are all of their fields.
    pub(super) fn take(&mut self, table: &str, rows: Vec<Row<'_>>) {
        let part = Part::new(table, rows);
        *self.rows.entry(table.to_owned()).or_default() += part.len();
        self.survey.take(table, &part.rows);
        self.known.take(&part, &self.wanted);
        for working in self.working.iter_mut().filter(|working| working.needs.contains(table)) {
            if let Ok(look) = &mut working.look {
                look.take(&part, &self.known);
            }
        }
    }

    /// Shows rows beside those that they refer to.
    pub(super) fn take_beside(&mut self, side: &'static Side, rows: &[Row<'_>]) {
        for working in self.working.iter_mut().filter(|working| working.check.beside() == Some(side)) {
            if let Ok(look) = &mut working.look {
                look.take_beside(rows);
            }
        }
    }

    /// Says that the rows of a table have all come by.
    pub(super) fn end_of(&mut self, table: &str) {
        self.known.end(table);
    }

    /// Tells whether rows came out of the order in which they have to come: what was seen is worth nothing then.
    #[must_use]
    pub(super) const fn is_disordered(&self) -> bool {
        self.known.course.is_disordered()
    }

    /// Names the fields whose control points some check must see once more.
    #[must_use]
    pub(super) fn again(&mut self) -> BTreeSet<Value> {
        self.known.end(POINTS);
        let looks = self.working.iter_mut().filter_map(|working| working.look.as_mut().ok());
        looks.flat_map(|look| look.again(&self.known)).map(|field| field.value()).collect()
    }

    /// Shows control points once more.
    pub(super) fn take_again(&mut self, rows: Vec<Row<'_>>) {
        let part = Part::new(POINTS, rows);
        self.working
            .iter_mut()
            .filter_map(|working| working.look.as_mut().ok())
            .for_each(|look| look.take_again(&part));
    }

    /// Returns what every check says, in their order, and what leaves say where that was gathered.
    #[must_use]
    pub(super) fn end(mut self) -> (Vec<Verdict>, Machines) {
        let mut verdicts = Vec::new();
        for mut working in std::mem::take(&mut self.working) {
            verdicts.push(self.verdict(&mut working));
        }
        (verdicts, self.known.machines)
    }

    fn verdict(&self, working: &mut Working<'a>) -> Verdict {
        let look = match &mut working.look {
            Ok(look) => look,
            Err(why) => return Verdict::NotRun { why: std::mem::take(why) },
        };
        let unjudged = match ground::judged(&working.check.reads(), self.known.whole, &self.survey) {
            Ok(unjudged) => unjudged,
            Err(why) => return Verdict::NotRun { why },
        };
        let empty = self.empty(working.check);
        let unreadable = ground::unreadable(&working.check.reads(), self.known.whole, &self.survey);
        let is_worthless = |finding: &Finding| {
            let of = |(table, column): &(&str, &str)| {
                finding.table == *table && finding.what.strip_prefix(column).is_some_and(|rest| rest.starts_with('='))
            };
            unreadable.iter().any(of)
        };
        let mut verdict = look.verdict(&self.known);
        if let Verdict::Ran { findings, .. } = &mut verdict {
            findings.retain(|finding| !is_worthless(finding));
        }
        match verdict {
            // Nothing was looked at: that is no pass.
            Verdict::Ran { looked_at: 0, findings, remarks } if findings.is_empty() => {
                let other = || unjudged.into_iter().chain(remarks).collect();
                let reasons: Vec<String> = if empty.is_empty() { other() } else { empty };
                let none = || "there is no row that it judges".to_owned();
                Verdict::NotRun { why: if reasons.is_empty() { none() } else { reasons.join("; ") } }
            }
            Verdict::Ran { looked_at, mut findings, remarks } => {
                if let Some(severity) = self.criteria.rules.severity(working.check.card().id) {
                    findings.iter_mut().for_each(|finding| finding.severity = severity);
                }
                let remarks = unjudged.into_iter().chain(empty).chain(remarks).collect();
                Verdict::Ran { looked_at, findings, remarks }
            }
            not_run @ Verdict::NotRun { .. } => not_run,
        }
    }

    /// Says which tables have no row to look at.
    fn empty(&self, check: &dyn Check) -> Vec<String> {
        let came = |table: &str| self.rows.get(table).is_some_and(|rows| *rows > 0);
        let is_there = |table: &str| self.known.whole.table(table).is_ok();
        let needs = check.needs().into_iter().map(|query| query.table);
        needs.filter(|table| is_there(table) && !came(table)).map(|table| format!("{table} is empty")).collect()
    }

    /// Runs checks on what was read whole.
    #[must_use]
    pub(super) fn of_snapshot(
        checks: &[&'a dyn Check],
        snapshot: &'a Snapshot,
        criteria: Criteria<'a>,
    ) -> (Vec<Verdict>, Machines) {
        let mut looks = Self::begin(checks, snapshot, criteria);
        for passing in passing(checks) {
            let table = passing.table();
            let rows = snapshot.table(table).map(|rows| rows.rows().collect::<Vec<_>>()).ok();
            match (passing, rows) {
                (_, None) => {}
                (Passing::Beside(side), Some(rows)) => looks.all_beside(side, &rows),
                (Passing::InOrder(_, column), Some(mut rows)) => {
                    rows.sort_by_key(|row| row.time(column).map(Time::instant));
                    looks.take(table, rows);
                }
                (_, Some(rows)) => looks.take(table, rows),
            }
            looks.end_of(table);
        }
        let again = looks.again();
        if let (false, Ok(points)) = (again.is_empty(), snapshot.table(POINTS)) {
            let wanted = |row: &Row<'_>| row.cell("FLD_ID").is_some_and(|field| again.contains(&key_form(field)));
            looks.take_again(points.rows().filter(wanted).collect());
        }
        looks.end()
    }

    /// Puts rows beside those that they refer to, and shows them.
    fn all_beside(&mut self, side: &'static Side, children: &[Row<'_>]) {
        let (Ok(parents), Some(first)) = (self.known.whole.table(side.parent.0), children.first()) else { return };
        let mut known: BTreeMap<Id, Vec<Row<'_>>> = BTreeMap::new();
        parents.rows().for_each(|row| known.entry(Id::of(row.cell(side.parent.1))).or_default().push(row));
        known.remove(&Id::Null);
        let table = Arc::new(first.table.beside(&parents.table));
        let of = |child: &Row<'_>| known.get(&Id::of(child.cell(side.child.1)));
        let pairs =
            children.iter().flat_map(|child| of(child).into_iter().flatten().map(move |parent| (child, parent)));
        let cells: Vec<Vec<Value>> = pairs.map(|(child, parent)| [child.cells, parent.cells].concat()).collect();
        self.take_beside(side, &cells.iter().map(|cells| Row { table: &table, cells }).collect::<Vec<_>>());
    }
}

/// Begins a look, or says why there is nothing to look at.
fn begin<'a>(check: &'a dyn Check, known: &Known<'a>, criteria: Criteria<'a>) -> Result<Box<dyn Look + 'a>, String> {
    if !criteria.rules.runs(check.card().id) {
        return Err("the rules switch it off".to_owned());
    }
    ground::judged(&check.reads(), known.whole, &Survey::default())?;
    Ok(check.look(known, criteria))
}
