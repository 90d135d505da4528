//! Checks at work side by side: what each is shown, in which order, and what it could not look at; reads nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::checks::{Check, CheckVerdict, CheckVisitor, Criteria, GatheredFact, ParentJoin};
use super::ground::{self, ColumnSurvey};
use super::known::{CheckFacts, DELIVERIES, RowBatch};
use super::leaves::POINTS;
use super::lookup::LookupId;
use super::machines::{FIELDS, Machines};
use crate::model::snapshot::key_form;
use crate::model::time::Time;
use crate::model::{Finding, Row, Snapshot, Value};

/// How the rows of the database come, those first that others refer to; a prescription's row before its fields'.
const ORDER: [TableScan; 9] = [
    TableScan::Held("Staff"),
    TableScan::Rows("Patient"),
    TableScan::Rows("Site"),
    TableScan::Rows("Ident"),
    TableScan::Rows(FIELDS),
    TableScan::Rows("Dose_Hst"),
    TableScan::InOrder(DELIVERIES, "Create_DtTm"),
    TableScan::Rows("Offset"),
    TableScan::ByField(POINTS, "FLD_ID"),
];

/// How rows come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TableScan {
    /// A small table that is held whole.
    Held(&'static str),
    /// As they lie.
    Rows(&'static str),
    /// In the order of a date and time, those without one anywhere.
    InOrder(&'static str, &'static str),
    /// All of a field together.
    ByField(&'static str, &'static str),
    /// Each beside the row that it refers to.
    Beside(&'static ParentJoin),
}

impl TableScan {
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
pub(super) fn plan_scans(checks: &[&dyn Check]) -> Vec<TableScan> {
    let needed: BTreeSet<String> = checks.iter().flat_map(|check| check.queries()).map(|query| query.table).collect();
    let tables = ORDER.into_iter().filter(|passing| needed.contains(passing.table()));
    let mut sides: Vec<&'static ParentJoin> = checks.iter().filter_map(|check| check.parent_join()).collect();
    sides.dedup();
    tables.chain(sides.into_iter().map(TableScan::Beside)).collect()
}

/// Returns the columns of a table that any of the checks reads.
#[must_use]
pub(super) fn scan_columns(checks: &[&dyn Check], table: &str) -> Vec<&'static str> {
    let reads = checks.iter().flat_map(|check| check.columns());
    let places = reads.flat_map(|read| [Some(read.table_column()), read.parent()]).flatten();
    let read: BTreeSet<&str> = places.filter(|(of, _)| *of == table).map(|(_, column)| column).collect();
    let beside = BESIDE.iter().filter(|(of, _)| *of == table).flat_map(|(_, columns)| columns.iter().copied());
    read.into_iter().chain(beside).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Returns the columns of a table that any of the checks judges, in the order in which they come up.
pub(super) fn read_columns(checks: &[&dyn Check], table: &str) -> Vec<&'static str> {
    let mut columns = Vec::new();
    for (own, column) in checks.iter().flat_map(|check| check.columns()).map(|read| read.table_column()) {
        if own == table && !columns.contains(&column) {
            columns.push(column);
        }
    }
    columns
}

/// Checks at work.
pub(super) struct CheckVisitors<'a> {
    known: CheckFacts<'a>,
    criteria: Criteria<'a>,
    working: Vec<RunningCheck<'a>>,
    wanted: Vec<GatheredFact>,
    survey: ColumnSurvey,
    /// How many rows of each table came by.
    rows: BTreeMap<String, u64>,
}

/// One check, and its look where it can look.
struct RunningCheck<'a> {
    check: &'a dyn Check,
    needs: BTreeSet<String>,
    look: Result<Box<dyn CheckVisitor + 'a>, String>,
}

impl<'a> CheckVisitors<'a> {
    /// Begins to look; a snapshot holds some tables whole, and says of the others how they are declared.
    #[must_use]
    pub(super) fn start(checks: &[&'a dyn Check], whole: &'a Snapshot, criteria: Criteria<'a>) -> Self {
        let known = CheckFacts::new(whole);
        let begun = |check: &&'a dyn Check| {
            let needs = check.required_queries().into_iter().map(|query| query.table).collect();
            RunningCheck { check: *check, needs, look: start_check(*check, &known, criteria) }
        };
        let working: Vec<RunningCheck<'a>> = checks.iter().map(begun).collect();
        let looking: Vec<&dyn Check> = working.iter().filter(|one| one.look.is_ok()).map(|one| one.check).collect();
        let survey = ColumnSurvey::from_columns(looking.iter().flat_map(|check| check.columns()));
        let wanted = looking.iter().filter_map(|check| check.gathered_fact()).collect();
        Self { known, criteria, working, wanted, survey, rows: BTreeMap::new() }
    }

    /// Shows rows of a table to every check that needs it; those of control points are all of their fields.
    pub(super) fn visit_batch(&mut self, table: &str, rows: Vec<Row<'_>>) {
        let part = RowBatch::new(table, rows);
        *self.rows.entry(table.to_owned()).or_default() += part.len();
        self.survey.count_rows(table, &part.rows);
        self.known.add_batch(&part, &self.wanted);
        for working in self.working.iter_mut().filter(|working| working.needs.contains(table)) {
            if let Ok(look) = &mut working.look {
                look.visit(&part, &self.known);
            }
        }
    }

    /// Shows rows beside those that they refer to.
    pub(super) fn take_beside(&mut self, side: &'static ParentJoin, rows: &[Row<'_>]) {
        for working in self.working.iter_mut().filter(|working| working.check.parent_join() == Some(side)) {
            if let Ok(look) = &mut working.look {
                look.take_beside(rows);
            }
        }
    }

    /// Says that the rows of a table have all come by.
    pub(super) fn end_of(&mut self, table: &str) {
        self.known.finish_table(table);
    }

    /// Tells whether rows came out of the order in which they have to come: what was seen is worth nothing then.
    #[must_use]
    pub(super) const fn is_disordered(&self) -> bool {
        self.known.course.is_disordered()
    }

    /// Names the fields whose control points some check must see once more.
    #[must_use]
    pub(super) fn fields_to_revisit(&mut self) -> BTreeSet<Value> {
        self.known.finish_table(POINTS);
        let looks = self.working.iter_mut().filter_map(|working| working.look.as_mut().ok());
        looks.flat_map(|look| look.fields_to_revisit(&self.known)).map(|field| field.to_value()).collect()
    }

    /// Shows control points once more.
    pub(super) fn take_again(&mut self, rows: Vec<Row<'_>>) {
        let part = RowBatch::new(POINTS, rows);
        self.working
            .iter_mut()
            .filter_map(|working| working.look.as_mut().ok())
            .for_each(|look| look.take_again(&part));
    }

    /// Returns what every check says, in their order, and what leaves say where that was gathered.
    #[must_use]
    pub(super) fn finish(mut self) -> (Vec<CheckVerdict>, Machines) {
        let mut verdicts = Vec::new();
        for mut working in std::mem::take(&mut self.working) {
            verdicts.push(self.finish_check(&mut working));
        }
        (verdicts, self.known.machines)
    }

    fn finish_check(&self, working: &mut RunningCheck<'a>) -> CheckVerdict {
        let look = match &mut working.look {
            Ok(look) => look,
            Err(why) => return CheckVerdict::NotRun { why: std::mem::take(why) },
        };
        let unjudged = match ground::list_unjudged(&working.check.columns(), self.known.whole, &self.survey) {
            Ok(unjudged) => unjudged,
            Err(why) => return CheckVerdict::NotRun { why },
        };
        let empty = self.describe_empty_tables(working.check);
        let unreadable = ground::unreadable_columns(&working.check.columns(), self.known.whole, &self.survey);
        let is_worthless = |finding: &Finding| {
            let of = |(table, column): &(&str, &str)| {
                finding.table == *table && finding.what.strip_prefix(column).is_some_and(|rest| rest.starts_with('='))
            };
            unreadable.iter().any(of)
        };
        let mut verdict = look.finish(&self.known);
        if let CheckVerdict::Ran { findings, .. } = &mut verdict {
            findings.retain(|finding| !is_worthless(finding));
        }
        match verdict {
            // Nothing was looked at: that is no pass.
            CheckVerdict::Ran { looked_at: 0, findings, remarks } if findings.is_empty() => {
                let other = || unjudged.into_iter().chain(remarks).collect();
                let reasons: Vec<String> = if empty.is_empty() { other() } else { empty };
                let none = || "there is no row that it judges".to_owned();
                CheckVerdict::NotRun { why: if reasons.is_empty() { none() } else { reasons.join("; ") } }
            }
            CheckVerdict::Ran { looked_at, mut findings, remarks } => {
                if let Some(severity) = self.criteria.rules.severity(working.check.card().id) {
                    findings.iter_mut().for_each(|finding| finding.severity = severity);
                }
                let remarks = unjudged.into_iter().chain(empty).chain(remarks).collect();
                CheckVerdict::Ran { looked_at, findings, remarks }
            }
            not_run @ CheckVerdict::NotRun { .. } => not_run,
        }
    }

    /// Says which tables have no row to look at.
    fn describe_empty_tables(&self, check: &dyn Check) -> Vec<String> {
        let came = |table: &str| self.rows.get(table).is_some_and(|rows| *rows > 0);
        let is_there = |table: &str| self.known.whole.table(table).is_ok();
        let needs = check.required_queries().into_iter().map(|query| query.table);
        needs.filter(|table| is_there(table) && !came(table)).map(|table| format!("{table} is empty")).collect()
    }

    /// Runs checks on what was read whole.
    #[must_use]
    pub(super) fn of_snapshot(
        checks: &[&'a dyn Check],
        snapshot: &'a Snapshot,
        criteria: Criteria<'a>,
    ) -> (Vec<CheckVerdict>, Machines) {
        let mut looks = Self::start(checks, snapshot, criteria);
        for passing in plan_scans(checks) {
            let table = passing.table();
            let rows = snapshot.table(table).map(|rows| rows.rows().collect::<Vec<_>>()).ok();
            match (passing, rows) {
                (_, None) => {}
                (TableScan::Beside(side), Some(rows)) => looks.all_beside(side, &rows),
                (TableScan::InOrder(_, column), Some(mut rows)) => {
                    rows.sort_by_key(|row| row.time(column).map(Time::instant));
                    looks.visit_batch(table, rows);
                }
                (_, Some(rows)) => looks.visit_batch(table, rows),
            }
            looks.end_of(table);
        }
        let again = looks.fields_to_revisit();
        if let (false, Ok(points)) = (again.is_empty(), snapshot.table(POINTS)) {
            let wanted = |row: &Row<'_>| row.cell("FLD_ID").is_some_and(|field| again.contains(&key_form(field)));
            looks.take_again(points.rows().filter(wanted).collect());
        }
        looks.finish()
    }

    /// Puts rows beside those that they refer to, and shows them.
    fn all_beside(&mut self, side: &'static ParentJoin, children: &[Row<'_>]) {
        let (Ok(parents), Some(first)) = (self.known.whole.table(side.parent.0), children.first()) else { return };
        let mut known: BTreeMap<LookupId, Vec<Row<'_>>> = BTreeMap::new();
        parents.rows().for_each(|row| known.entry(LookupId::from_cell(row.cell(side.parent.1))).or_default().push(row));
        known.remove(&LookupId::Null);
        let table = Arc::new(first.table.join_columns(&parents.table));
        let of = |child: &Row<'_>| known.get(&LookupId::from_cell(child.cell(side.child.1)));
        let pairs =
            children.iter().flat_map(|child| of(child).into_iter().flatten().map(move |parent| (child, parent)));
        let cells: Vec<Vec<Value>> = pairs.map(|(child, parent)| [child.cells, parent.cells].concat()).collect();
        self.take_beside(side, &cells.iter().map(|cells| Row { table: &table, cells }).collect::<Vec<_>>());
    }
}

/// Begins a look, or says why there is nothing to look at.
fn start_check<'a>(
    check: &'a dyn Check,
    known: &CheckFacts<'a>,
    criteria: Criteria<'a>,
) -> Result<Box<dyn CheckVisitor + 'a>, String> {
    if !criteria.rules.is_enabled(check.card().id) {
        return Err("the rules switch it off".to_owned());
    }
    ground::list_unjudged(&check.columns(), known.whole, &ColumnSurvey::default())?;
    Ok(check.visitor(known, criteria))
}
