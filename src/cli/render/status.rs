//! `status`: open operations, then faults in effect, then the targets.

use std::cmp::Reverse;

use mfm_journal::FaultLabel;

use crate::cli::report::{Mood, Report, ReportPage, ReportTable, render_count};
use crate::model::FaultSeverity;
use crate::ops::status::{ActiveLine, ForeignJournal, Outcome};

impl Report for Outcome {
    fn render_page(&self, page: &mut ReportPage) {
        let (mood, text) = render_lead(self);
        page.lead(mood, &text);
        page.aside(&format!("journal {}: {}", self.journal.display(), render_entries(self.entries)));
        write_open(page, self);
        write_active(page, self);
        write_foreign(page, &self.foreign_operations);
        write_targets(page, self);
    }

    fn to_table(&self) -> ReportTable {
        let mut table = ReportTable::new(&["state", "op", "target", "tool", "variant", "severity", "rows"]);
        for open in &self.open {
            let op = open.op.to_string();
            let rows = open.rows.to_string();
            table.push_row(vec![
                "open".into(),
                op,
                open.target.clone(),
                open.tool.clone(),
                open.variant.clone(),
                String::new(),
                rows,
            ]);
        }
        for active in list_worst_first(self) {
            let ActiveLine { op, target, label, rows, .. } = active.clone();
            let FaultLabel { tool, variant, severity, .. } = label;
            table.push_row(vec!["active".into(), op.to_string(), target, tool, variant, severity, rows.to_string()]);
        }
        table
    }
}

fn render_entries(number: u64) -> String {
    if number == 1 { "1 entry".to_owned() } else { format!("{number} entries") }
}

fn render_lead(status: &Outcome) -> (Mood, String) {
    // If one target was asked for, the state of the others does not count; they are only listed.
    let judged =
        status.targets.iter().filter(|line| status.target.as_ref().is_none_or(|asked| asked.name == line.name));
    let wrong = judged.filter(|line| line.state != "marked").count() as u64;
    let active = render_count(status.active.len() as u64, "operation");
    match (status.open.len(), status.active.len(), wrong) {
        (0, 0, 0) if status.targets.is_empty() => (Mood::Plain, "no target is registered".to_owned()),
        (0, 0, 0) if status.foreign_operations.iter().any(|foreign| foreign.committed > 0) => {
            (Mood::Plain, "no fault of this journal is in effect; other journals were used here".to_owned())
        }
        (0, 0, 0) => (Mood::Good, "no fault is in effect".to_owned()),
        (0, 0, wrong) => {
            (Mood::Bad, format!("no fault is in effect; the guard blocks {}", render_count(wrong, "target")))
        }
        (0, _, _) => (Mood::Bad, format!("{active} in effect")),
        (open, _, _) => {
            let open = render_count(open as u64, "operation");
            (Mood::Bad, format!("{open} open: run `mfm recover`; {active} in effect"))
        }
    }
}

fn list_worst_first(status: &Outcome) -> Vec<&ActiveLine> {
    let mut active: Vec<&ActiveLine> = status.active.iter().collect();
    // What is no severity comes last.
    active.sort_by_cached_key(|active| (Reverse(active.label.severity.parse::<FaultSeverity>().ok()), active.op));
    active
}

fn write_open(page: &mut ReportPage, status: &Outcome) {
    if status.open.is_empty() {
        return;
    }
    page.heading("Open");
    page.table(&ReportTable::new(&["op", "target", "tool", "variant", "rows"]).with_rows(status.open.iter().map(
        |open| {
            vec![
                open.op.to_string(),
                open.target.clone(),
                open.tool.clone(),
                open.variant.clone(),
                open.rows.to_string(),
            ]
        },
    )));
}

fn write_active(page: &mut ReportPage, status: &Outcome) {
    if status.active.is_empty() {
        return;
    }
    page.heading("In effect, worst first");
    let mut table = ReportTable::new(&["op", "severity", "tool", "variant", "target", "rows"]);
    for active in list_worst_first(status) {
        let rows = if active.rows == active.rows_written {
            active.rows.to_string()
        } else {
            format!("{} of {}", active.rows, active.rows_written)
        };
        let ActiveLine { op, label, target, .. } = active.clone();
        let FaultLabel { tool, variant, severity, .. } = label;
        table.push_row(vec![op.to_string(), severity, tool, variant, target, rows]);
    }
    page.table(&table);
}

/// Writes the operations of other journals in a target.
pub(super) fn write_foreign(page: &mut ReportPage, all: &[ForeignJournal]) {
    if all.is_empty() {
        return;
    }
    page.heading("Left by other journals");
    for foreign in all {
        let operations = render_count(foreign.operations, "operation");
        page.line(&format!("{}: {operations}, {} committed", foreign.journal_id, foreign.committed));
    }
}

fn write_targets(page: &mut ReportPage, status: &Outcome) {
    if status.targets.is_empty() {
        return;
    }
    page.heading("Targets");
    super::target::write_targets(page, &status.targets);
}
