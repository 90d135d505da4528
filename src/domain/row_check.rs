//! Checks that judge each row of a table by itself: what most checks of a small domain are.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::check::{CheckCard, CheckParams, CheckRequest, CheckResults, CheckRun, CheckTable, CheckVerdict, Rules};
use super::scan::{ScanReader, ScanRequest};
use crate::model::{Finding, Row, Table};

/// A check of single rows.
pub struct RowCheck {
    /// What it is.
    pub card: CheckCard,
    /// The table that it looks at.
    pub table: &'static str,
    /// The columns that it reads, the key first; where one is missing, it cannot run.
    pub columns: &'static [&'static str],
    /// Returns the column that is wrong in a row, and what is wrong with it.
    pub judge: fn(&Row<'_>, &dyn Rules) -> Option<(&'static str, String)>,
}

/// Returns what some checks read.
#[must_use]
pub fn list_tables(checks: &[&RowCheck], cards: &[&'static CheckCard]) -> Vec<CheckTable> {
    let mut tables: Vec<CheckTable> = Vec::new();
    for check in select_checks(checks, cards) {
        let known = tables.iter().position(|known| known.table == check.table);
        match known.and_then(|at| tables.get_mut(at)) {
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
    let of = |card: &&'static CheckCard| checks.iter().copied().find(|check| check.card.id == card.id);
    cards.iter().filter_map(of).collect()
}

/// Begins some checks.
#[must_use]
pub fn start_checks<'a>(checks: &[&'static RowCheck], request: &CheckRequest<'a>) -> Box<dyn CheckRun + 'a> {
    let chosen = select_checks(checks, request.checks);
    let looks =
        chosen.iter().map(|check| RunningRowCheck { check, rows: 0, findings: Vec::new(), why: None }).collect();
    let waiting = (0..chosen.len()).collect();
    Box::new(RowCheckRun { params: request.params, looks, waiting, now: None })
}

/// One check at work.
struct RunningRowCheck {
    check: &'static RowCheck,
    rows: u64,
    findings: Vec<Finding>,
    /// Why it could not run.
    why: Option<String>,
}

/// Checks at work, one after the other.
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
        let verdict = |mut look: RunningRowCheck| {
            if !rules.is_enabled(look.check.card.id) {
                return CheckVerdict::NotRun { why: "the rules switch it off".to_owned() };
            }
            let nothing = (look.rows == 0).then(|| format!("{} has no rows", look.check.table));
            if let Some(why) = look.why.or(nothing) {
                return CheckVerdict::NotRun { why };
            }
            look.findings.sort_by(|one, other| one.key.cmp(&other.key));
            CheckVerdict::Ran { looked_at: look.rows, findings: look.findings, remarks: Vec::new() }
        };
        CheckResults { verdicts: self.looks.into_iter().map(verdict).collect(), gathered: Box::new(()) }
    }
}
