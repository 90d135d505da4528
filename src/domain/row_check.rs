//! Checks that judge each row of a table on its own, and the run that scans one table a check.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::check::{CheckCard, CheckParams, CheckRequest, CheckResults, CheckRun, CheckTable, CheckVerdict, Rules};
use super::scan::{ScanReader, ScanRequest};
use crate::model::{Finding, Row, Table};

/// A check of single rows.
pub struct RowCheck {
    /// The check's card.
    pub card: CheckCard,
    /// The table whose rows it judges.
    pub table: &'static str,
    /// The columns that it reads, the key first; where one is missing, it cannot run.
    pub columns: &'static [&'static str],
    /// Judges a row: `None`, or the column at fault and a message.
    pub judge: fn(&Row<'_>, &dyn Rules) -> Option<(&'static str, String)>,
}

/// Returns the tables and columns that some checks read, each table once.
#[must_use]
pub fn list_tables(checks: &[&RowCheck], cards: &[&'static CheckCard]) -> Vec<CheckTable> {
    let mut tables: Vec<CheckTable> = Vec::new();
    for check in select_checks(checks, cards) {
        match tables.iter_mut().find(|known| known.table == check.table) {
            Some(known) => {
                let more: Vec<&str> = check.columns.iter().copied().filter(|c| !known.columns.contains(c)).collect();
                known.columns.extend(&more);
                known.shown.extend(&more);
            }
            None => {
                let columns = check.columns.to_vec();
                tables.push(CheckTable { table: check.table, shown: columns.clone(), columns, held: false });
            }
        }
    }
    tables
}

fn select_checks<'c>(checks: &[&'c RowCheck], cards: &[&'static CheckCard]) -> Vec<&'c RowCheck> {
    cards.iter().filter_map(|card| checks.iter().copied().find(|check| check.card.id == card.id)).collect()
}

/// Starts the checks of a request, one scan each.
#[must_use]
pub fn start_checks<'a>(checks: &[&'static RowCheck], request: &CheckRequest<'a>) -> Box<dyn CheckRun + 'a> {
    let chosen = select_checks(checks, request.checks);
    let looks =
        chosen.iter().map(|check| RunningRowCheck { check, rows: 0, findings: Vec::new(), why: None }).collect();
    let waiting = (0..chosen.len()).collect();
    Box::new(RowCheckRun { params: request.params, looks, waiting, now: None })
}

/// One running check.
struct RunningRowCheck {
    check: &'static RowCheck,
    rows: u64,
    findings: Vec<Finding>,
    /// Why it could not run: set when its table is opened.
    why: Option<String>,
}

/// The run of several checks, one after the other.
struct RowCheckRun<'a> {
    params: &'a CheckParams,
    looks: Vec<RunningRowCheck>,
    waiting: VecDeque<usize>,
    now: Option<usize>,
}

impl ScanReader for RowCheckRun<'_> {
    fn next_scan(&mut self) -> Option<ScanRequest> {
        self.now = self.waiting.pop_front();
        let check = self.looks.get(self.now?)?.check;
        Some(ScanRequest::every_row(check.table, check.columns))
    }

    fn begin_scan(&mut self, table: Option<&Arc<Table>>) {
        let Some(look) = self.now.and_then(|at| self.looks.get_mut(at)) else { return };
        let name = look.check.table;
        // Decided before the first row: a row reads a missing column as absent, which a check could take for an empty
        // cell.
        look.why = match table {
            None => Some(format!("there is no table {name}")),
            Some(table) => {
                let missing = look.check.columns.iter().find(|column| table.position(column).is_none());
                missing.map(|column| format!("{name} has no column {column}"))
            }
        };
    }

    fn take_rows(&mut self, rows: &[Row<'_>]) -> ControlFlow<()> {
        let rules = self.params.rules.as_ref();
        let look = self.now.and_then(|at| self.looks.get_mut(at)).filter(|look| look.why.is_none());
        // A check that cannot run needs no rows.
        let Some(look) = look else { return ControlFlow::Break(()) };
        for row in rows {
            look.rows += 1;
            if let Some((column, message)) = (look.check.judge)(row, rules) {
                look.findings.push(build_finding(look.check, row, column, message, rules));
            }
        }
        ControlFlow::Continue(())
    }
}

fn build_finding(check: &RowCheck, row: &Row<'_>, column: &str, message: String, rules: &dyn Rules) -> Finding {
    let card = &check.card;
    let value = row.cell(column).map(|value| crate::model::refusal::render_key(std::slice::from_ref(value)));
    Finding {
        check: card.id,
        severity: rules.severity_override(card.id).unwrap_or(card.severity),
        table: check.table,
        key: row.key(),
        related: Vec::new(),
        what: format!("{column}={}", value.unwrap_or_default()),
        message,
    }
}

impl CheckRun for RowCheckRun<'_> {
    fn finish(self: Box<Self>) -> CheckResults {
        let rules = self.params.rules.as_ref();
        let verdicts = self.looks.into_iter().map(|look| look.into_verdict(rules)).collect();
        CheckResults { verdicts, gathered: Box::new(()) }
    }
}

impl RunningRowCheck {
    fn into_verdict(mut self, rules: &dyn Rules) -> CheckVerdict {
        if !rules.is_enabled(self.check.card.id) {
            return CheckVerdict::NotRun { why: "the rules disable it".to_owned() };
        }
        if let Some(why) = self.why {
            return CheckVerdict::NotRun { why };
        }
        // A check that saw no row proves nothing, so it must not count as a pass.
        if self.rows == 0 {
            return CheckVerdict::NotRun { why: format!("{} has no rows", self.check.table) };
        }
        self.findings.sort_by(|one, other| one.key.cmp(&other.key));
        CheckVerdict::Ran { looked_at: self.rows, findings: self.findings, remarks: Vec::new() }
    }
}
