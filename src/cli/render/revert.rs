//! `revert`: what is back, and what is not.

use crate::cli::failures::render_conflict;
use crate::cli::report::{Mood, Report, ReportPage, ReportTable, render_count, yes_or_no};
use crate::engine::revert::DriftedRow;
use crate::ops::revert::{Outcome, RevertedOperation};

/// Most rows per operation on a page.
const ROWS_MAX: usize = 20;

impl Report for Outcome {
    fn render_page(&self, page: &mut ReportPage) {
        let (mood, text) = render_lead(self);
        page.lead(mood, &text);
        if self.operations.is_empty() {
            return;
        }
        page.blank();
        let mut table = ReportTable::new(&["reverts", "by", "state", "rows", "already_back", "restored", "exact"]);
        self.operations.iter().for_each(|line| table.push_row(cells(line)));
        page.table(&table);
        self.operations.iter().for_each(|line| write_remarks(page, line));
    }

    fn to_table(&self) -> ReportTable {
        let head = ["reverts", "op", "state", "rows", "already_back", "restored", "exact", "conflicts", "drift", "uid"];
        ReportTable::new(&head).with_rows(self.operations.iter().map(|line| {
            let mut cells = cells(line);
            cells.push(line.conflicts.len().to_string());
            cells.push(line.drift.len().to_string());
            cells.push(line.uid.map(|uid| uid.to_string()).unwrap_or_default());
            cells
        }))
    }
}

fn render_lead(outcome: &Outcome) -> (Mood, String) {
    let target = &outcome.target;
    let all = outcome.operations.len() as u64;
    let exact = outcome.operations.iter().filter(|line| line.exact).count() as u64;
    let operations = render_count(all, "operation");
    match all {
        0 => (Mood::Plain, format!("nothing is active on {target}: nothing to revert")),
        _ if outcome.operations.iter().all(|line| line.state == "already_reverted") => {
            (Mood::Plain, format!("nothing to revert on {target}: it was already reverted"))
        }
        _ if outcome.left_something() => (Mood::Bad, format!("rows were left in conflict on {target}")),
        _ if outcome.operations.iter().any(|line| line.again) => {
            (Mood::Plain, format!("{operations} on {target} reverted: faults are in effect again"))
        }
        _ if exact == all => (Mood::Good, format!("{operations} on {target} reverted exactly")),
        _ => (Mood::Plain, format!("{operations} on {target} reverted, {exact} of them exactly")),
    }
}

fn cells(line: &RevertedOperation) -> Vec<String> {
    vec![
        line.reverts.to_string(),
        line.op.map(|op| op.to_string()).unwrap_or_default(),
        line.state.to_owned(),
        line.rows.to_string(),
        line.already_back.to_string(),
        yes_or_no(line.restored),
        yes_or_no(line.exact),
    ]
}

fn write_remarks(page: &mut ReportPage, line: &RevertedOperation) {
    if !line.conflicts.is_empty() {
        page.heading(&format!(
            "Operation {}: {} in conflict",
            line.reverts,
            render_count(line.conflicts.len() as u64, "row")
        ));
        line.conflicts.iter().take(ROWS_MAX).for_each(|conflict| page.line(&render_conflict(conflict)));
        write_more(page, line.conflicts.len());
    }
    if !line.drift.is_empty() {
        page.heading(&format!("Operation {}: restored; other columns of its rows have changed", line.reverts));
        line.drift.iter().take(ROWS_MAX).for_each(|row| page.line(&render_drift(row)));
        write_more(page, line.drift.len());
    }
    for residue in &line.residue {
        page.line(&format!("operation {}: not restored: {}: {}", line.reverts, residue.table, residue.what));
    }
}

fn render_drift(row: &DriftedRow) -> String {
    let place = format!("{} {}", row.table, row.key);
    row.filled_columns()
        .map_or(place.clone(), |columns| format!("{place}: {columns}, added since, is left to the database"))
}

fn write_more(page: &mut ReportPage, all: usize) {
    if all > ROWS_MAX {
        page.aside(&format!("and {} more; --json lists them", all - ROWS_MAX));
    }
}
