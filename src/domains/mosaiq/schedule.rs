//! Runs several checks over one pass of the tables: which rows each check gets, in which order, and what it could not
//! cover. Does not read the database itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::checked_columns::{self, ColumnSurvey};
use super::checks::{Check, CheckVerdict, CheckVisitor, Criteria, GatheredFact, ParentJoin};
use super::facts::{CheckFacts, DELIVERIES, RowBatch};
use super::leaves::POINTS;
use super::links::LINK_COLUMNS;
use super::lookup::LookupId;
use super::machines::{FIELDS, Machines};
use super::orders::ORDER_COLUMNS;
use crate::model::snapshot::key_form;
use crate::model::time::Time;
use crate::model::{Finding, Row, Snapshot, Value};

// The order is part of the contract with the checks: parents come before the rows that refer to them, so that a check
// can look up what a row refers to. Machines come first, because rules of single machines apply to all later tables.
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

/// How the rows of a table are delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TableScan {
    /// A small table that is kept in memory.
    Held(&'static str),
    /// In the database's own order.
    Rows(&'static str),
    /// Table and a date-and-time column to sort by; rows without a time come anywhere.
    InOrder(&'static str, &'static str),
    /// Table and the column that names the field; all rows of a field together.
    ByField(&'static str, &'static str),
    /// Joined with the row that each refers to.
    Beside(&'static ParentJoin),
}

impl TableScan {
    #[must_use]
    pub(super) const fn table(&self) -> &'static str {
        match self {
            Self::Held(table) | Self::Rows(table) | Self::InOrder(table, _) | Self::ByField(table, _) => table,
            Self::Beside(side) => side.child.0,
        }
    }
}

// Columns that the shared facts read: `CheckFacts`, the rules of single machines, and the grouping by field. No check
// lists them among its own.
const BESIDE: [(&str, &[&str]); 4] = [
    ("Staff", &["Staff_ID", "Last_Name"]),
    (FIELDS, &["Machine_ID_Staff_ID", "FLD_SET_ID", "Type_Enum", "Version", "ControlPoints", "Meterset"]),
    (DELIVERIES, &["Pat_ID1", "Machine_ID_Staff_ID", "FLD_ID", "Sent_DtTm"]),
    (POINTS, &["FLD_ID", "Point", "Couch_Ang", "MLC_Leaves", "A_Leaf_Set", "B_Leaf_Set"]),
];

/// Returns the scans that checks need, in the order in which they must run.
#[must_use]
pub(super) fn plan_scans(checks: &[&dyn Check]) -> Vec<TableScan> {
    let needed: BTreeSet<String> = checks.iter().flat_map(|check| check.queries()).map(|query| query.table).collect();
    let tables = ORDER.into_iter().filter(|passing| needed.contains(passing.table()));
    let mut sides: Vec<&'static ParentJoin> = Vec::new();
    for side in checks.iter().filter_map(|check| check.parent_join()) {
        // A join is read once for all of its checks, wherever they stand in the list.
        if !sides.contains(&side) {
            sides.push(side);
        }
    }
    tables.chain(sides.into_iter().map(TableScan::Beside)).collect()
}

/// Returns the columns of a table that any of the checks reads, directly or through shared facts, sorted by name.
#[must_use]
pub(super) fn scan_columns(checks: &[&dyn Check], table: &str) -> Vec<&'static str> {
    let mut columns = BTreeSet::new();
    for read in checks.iter().flat_map(|check| check.columns()) {
        let places = [Some(read.table_column()), read.parent()].into_iter().flatten();
        columns.extend(places.filter(|(of, _)| *of == table).map(|(_, column)| column));
    }
    for (_, shared) in BESIDE.iter().chain(&LINK_COLUMNS).chain(&ORDER_COLUMNS).filter(|(of, _)| *of == table) {
        columns.extend(shared.iter().copied());
    }
    columns.into_iter().collect()
}

/// Returns the columns of a table that any of the checks judges, each once, in the order of the checks.
pub(super) fn checked_columns(checks: &[&dyn Check], table: &str) -> Vec<&'static str> {
    let mut columns = Vec::new();
    for (own, column) in checks.iter().flat_map(|check| check.columns()).map(|read| read.table_column()) {
        if own == table && !columns.contains(&column) {
            columns.push(column);
        }
    }
    columns
}

/// A run of several checks over one pass of the tables.
pub(super) struct CheckVisitors<'a> {
    known: CheckFacts<'a>,
    criteria: Criteria<'a>,
    working: Vec<RunningCheck<'a>>,
    wanted: Vec<GatheredFact>,
    survey: ColumnSurvey,
    /// Rows seen so far, by table.
    rows: BTreeMap<String, u64>,
}

/// A check with its visitor, or the reason why it cannot run.
struct RunningCheck<'a> {
    check: &'a dyn Check,
    needs: BTreeSet<String>,
    look: Result<Box<dyn CheckVisitor + 'a>, String>,
}

impl<'a> CheckVisitors<'a> {
    /// The snapshot holds the small tables with their rows, and the declarations of all others.
    #[must_use]
    pub(super) fn start(checks: &[&'a dyn Check], whole: &'a Snapshot, criteria: Criteria<'a>) -> Self {
        let known = CheckFacts::new(whole);
        let mut working: Vec<RunningCheck<'a>> = Vec::with_capacity(checks.len());
        for check in checks {
            let needs = check.required_queries().into_iter().map(|query| query.table).collect();
            working.push(RunningCheck { check: *check, needs, look: start_check(*check, &known, criteria) });
        }
        let looking: Vec<&dyn Check> = working.iter().filter(|one| one.look.is_ok()).map(|one| one.check).collect();
        let survey = ColumnSurvey::from_columns(looking.iter().flat_map(|check| check.columns()));
        let wanted = looking.iter().filter_map(|check| check.gathered_fact()).collect();
        Self { known, criteria, working, wanted, survey, rows: BTreeMap::new() }
    }

    /// Passes rows of a table to every check that needs it. Control points must come with all points of their fields.
    pub(super) fn visit_batch(&mut self, table: &str, rows: Vec<Row<'_>>) {
        let part = RowBatch::new(table, rows);
        *self.rows.entry(table.to_owned()).or_default() += part.len();
        self.survey.count_rows(table, &part.rows);
        // Before the checks, which look up facts of this very batch.
        self.known.add_batch(&part, &self.wanted);
        for working in self.working.iter_mut().filter(|working| working.needs.contains(table)) {
            if let Ok(look) = &mut working.look {
                look.visit(&part, &self.known);
            }
        }
    }

    /// Passes joined rows to the checks of that join.
    pub(super) fn visit_joined(&mut self, side: &'static ParentJoin, rows: &[Row<'_>]) {
        for working in self.working.iter_mut().filter(|working| working.check.parent_join() == Some(side)) {
            if let Ok(look) = &mut working.look {
                look.visit_joined(rows);
            }
        }
    }

    /// Must be called after the last rows of a table.
    pub(super) fn finish_table(&mut self, table: &str) {
        self.known.finish_table(table);
    }

    /// Tells whether deliveries came in another order than that of their times. The results so far are then worthless.
    #[must_use]
    pub(super) const fn is_disordered(&self) -> bool {
        self.known.course.is_disordered()
    }

    /// Returns the fields whose control points some check must see a second time.
    #[must_use]
    pub(super) fn fields_to_revisit(&mut self) -> BTreeSet<Value> {
        self.known.finish_table(POINTS);
        let looks = self.working.iter_mut().filter_map(|working| working.look.as_mut().ok());
        looks.flat_map(|look| look.fields_to_revisit(&self.known)).map(|field| field.to_value()).collect()
    }

    /// Passes control points a second time.
    pub(super) fn revisit(&mut self, rows: Vec<Row<'_>>) {
        let part = RowBatch::new(POINTS, rows);
        for working in &mut self.working {
            if let Ok(look) = &mut working.look {
                look.revisit(&part);
            }
        }
    }

    /// Returns the verdicts in the order of the checks, and the gathered facts for the pictures.
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
        let unjudged = match checked_columns::list_unjudged(&working.check.columns(), self.known.whole, &self.survey) {
            Ok(unjudged) => unjudged,
            Err(why) => return CheckVerdict::NotRun { why },
        };
        let empty = self.describe_empty_tables(working.check);
        let unreadable = checked_columns::unreadable_columns(&working.check.columns(), self.known.whole, &self.survey);
        let mut verdict = look.finish(&self.known);
        if let CheckVerdict::Ran { findings, .. } = &mut verdict {
            // Only now, because whether a column is unreadable throughout is known after its last row.
            findings.retain(|finding| !unreadable.iter().any(|(table, column)| is_about(finding, table, column)));
        }
        match verdict {
            // No row looked at is not a pass.
            CheckVerdict::Ran { looked_at: 0, findings, remarks } if findings.is_empty() => {
                let reasons: Vec<String> =
                    if empty.is_empty() { unjudged.into_iter().chain(remarks).collect() } else { empty };
                let none = reasons.is_empty();
                CheckVerdict::NotRun {
                    why: if none { "there is no row for it to judge".to_owned() } else { reasons.join("; ") },
                }
            }
            CheckVerdict::Ran { looked_at, mut findings, remarks } => {
                if let Some(severity) = self.criteria.rules.severity(working.check.card().id) {
                    for finding in &mut findings {
                        finding.severity = severity;
                    }
                }
                let remarks = unjudged.into_iter().chain(empty).chain(remarks).collect();
                CheckVerdict::Ran { looked_at, findings, remarks }
            }
            not_run @ CheckVerdict::NotRun { .. } => not_run,
        }
    }

    /// Returns a sentence for each required table that exists and has no row.
    fn describe_empty_tables(&self, check: &dyn Check) -> Vec<String> {
        let mut sentences = Vec::new();
        for table in check.required_queries().into_iter().map(|query| query.table) {
            let has_rows = self.rows.get(&table).is_some_and(|rows| *rows > 0);
            if self.known.whole.table(&table).is_ok() && !has_rows {
                sentences.push(format!("{table} is empty"));
            }
        }
        sentences
    }

    /// Runs checks on a snapshot that holds all rows.
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
                (TableScan::Beside(side), Some(rows)) => looks.visit_join(side, &rows),
                (TableScan::InOrder(_, column), Some(mut rows)) => {
                    rows.sort_by_key(|row| row.time(column).map(Time::instant));
                    looks.visit_batch(table, rows);
                }
                (_, Some(rows)) => looks.visit_batch(table, rows),
            }
            looks.finish_table(table);
        }
        let again = looks.fields_to_revisit();
        if let (false, Ok(points)) = (again.is_empty(), snapshot.table(POINTS)) {
            let points = points.rows();
            looks.revisit(
                points.filter(|row| row.cell("FLD_ID").is_some_and(|field| again.contains(&key_form(field)))).collect(),
            );
        }
        looks.finish()
    }

    /// Joins rows with those that they refer to, and passes them on.
    fn visit_join(&mut self, side: &'static ParentJoin, children: &[Row<'_>]) {
        let (Ok(parents), Some(first)) = (self.known.whole.table(side.parent.0), children.first()) else { return };
        let mut by_id: BTreeMap<LookupId, Vec<Row<'_>>> = BTreeMap::new();
        for row in parents.rows() {
            by_id.entry(LookupId::from_cell(row.cell(side.parent.1))).or_default().push(row);
        }
        // As in SQL, NULL joins with nothing.
        by_id.remove(&LookupId::Null);
        let table = Arc::new(first.table.join_columns(&parents.table));
        let mut cells: Vec<Vec<Value>> = Vec::new();
        for child in children {
            for parent in by_id.get(&LookupId::from_cell(child.cell(side.child.1))).into_iter().flatten() {
                cells.push([child.cells, parent.cells].concat());
            }
        }
        self.visit_joined(side, &cells.iter().map(|cells| Row { table: &table, cells }).collect::<Vec<_>>());
    }
}

/// Tells whether `what` of a finding begins with a value of the column.
fn is_about(finding: &Finding, table: &str, column: &str) -> bool {
    finding.table == table && finding.what.strip_prefix(column).is_some_and(|rest| rest.starts_with('='))
}

/// Creates the visitor of a check, or says why it cannot run.
fn start_check<'a>(
    check: &'a dyn Check,
    known: &CheckFacts<'a>,
    criteria: Criteria<'a>,
) -> Result<Box<dyn CheckVisitor + 'a>, String> {
    if !criteria.rules.is_enabled(check.card().id) {
        return Err("the rules disable it".to_owned());
    }
    // With nothing counted yet, only missing tables and columns stop the check here.
    checked_columns::list_unjudged(&check.columns(), known.whole, &ColumnSurvey::default())?;
    Ok(check.visitor(known, criteria))
}
