//! `status`: what is undecided, what is broken, and how the targets stand, in this order.

use super::weight;
use crate::cli::report::{Mood, Page, Report, Sheet, count};
use crate::ops::status::{Active, Foreign, Outcome, TargetLine};

impl Report for Outcome {
    fn page(&self, page: &mut Page) {
        let (mood, text) = lead(self);
        page.lead(mood, &text);
        page.aside(&format!("journal {}: {}", self.journal.display(), entries(self.entries)));
        open(page, self);
        active(page, self);
        foreign(page, &self.foreign_operations);
        targets(page, self);
    }

    fn sheet(&self) -> Sheet {
        let mut sheet = Sheet::new(&["state", "op", "target", "tool", "variant", "severity", "rows"]);
        for open in &self.open {
            let op = open.op.to_string();
            let rows = open.rows.to_string();
            sheet.row(vec![
                "open".into(),
                op,
                open.target.clone(),
                open.tool.clone(),
                open.variant.clone(),
                String::new(),
                rows,
            ]);
        }
        for active in worst_first(self) {
            let Active { op, target, tool, variant, severity, rows, .. } = active.clone();
            sheet.row(vec!["active".into(), op.to_string(), target, tool, variant, severity, rows.to_string()]);
        }
        sheet
    }
}

fn entries(number: u64) -> String {
    if number == 1 { "1 entry".to_owned() } else { format!("{number} entries") }
}

fn lead(status: &Outcome) -> (Mood, String) {
    // Where one target was asked for, the others are listed only.
    let asked = |line: &&TargetLine| status.target.as_ref().is_none_or(|target| target.name == line.name);
    let wrong = status.targets.iter().filter(asked).filter(|target| target.state != "marked").count() as u64;
    let active = count(status.active.len() as u64, "operation");
    match (status.open.len(), status.active.len(), wrong) {
        (0, 0, 0) if status.targets.is_empty() => (Mood::Plain, "no target is registered".to_owned()),
        (0, 0, 0) if status.foreign_operations.iter().any(|foreign| foreign.committed > 0) => {
            (Mood::Plain, "nothing of this journal's is in effect; other journals were here".to_owned())
        }
        (0, 0, 0) => (Mood::Good, "nothing is broken".to_owned()),
        (0, 0, wrong) => (Mood::Bad, format!("nothing is broken, and the guard stops {}", count(wrong, "target"))),
        (0, _, _) => (Mood::Bad, format!("{active} in effect")),
        (open, _, _) => {
            let open = count(open as u64, "operation");
            (Mood::Bad, format!("{open} open, undecided: run `mfm recover`; {active} in effect"))
        }
    }
}

fn worst_first(status: &Outcome) -> Vec<&Active> {
    let mut active: Vec<&Active> = status.active.iter().collect();
    active.sort_by(|a, b| weight(&b.severity).total_cmp(&weight(&a.severity)).then(a.op.cmp(&b.op)));
    active
}

fn open(page: &mut Page, status: &Outcome) {
    if status.open.is_empty() {
        return;
    }
    page.heading("Open, undecided");
    page.table(&Sheet::new(&["op", "target", "tool", "variant", "rows"]).with(status.open.iter().map(|open| {
        vec![open.op.to_string(), open.target.clone(), open.tool.clone(), open.variant.clone(), open.rows.to_string()]
    })));
}

fn active(page: &mut Page, status: &Outcome) {
    if status.active.is_empty() {
        return;
    }
    page.heading("In effect, worst first");
    let mut sheet = Sheet::new(&["op", "severity", "tool", "variant", "target", "rows"]);
    for active in worst_first(status) {
        let rows = if active.rows == active.rows_written {
            active.rows.to_string()
        } else {
            format!("{} of {}", active.rows, active.rows_written)
        };
        let Active { op, severity, tool, variant, target, .. } = active.clone();
        sheet.row(vec![op.to_string(), severity, tool, variant, target, rows]);
    }
    page.table(&sheet);
}

/// Writes what other journals left in a target.
pub(super) fn foreign(page: &mut Page, all: &[Foreign]) {
    if all.is_empty() {
        return;
    }
    page.heading("Left by other journals");
    for foreign in all {
        let operations = count(foreign.operations, "operation");
        page.line(&format!("{}: {operations}, {} committed", foreign.journal_id, foreign.committed));
    }
}

fn targets(page: &mut Page, status: &Outcome) {
    if status.targets.is_empty() {
        return;
    }
    page.heading("Targets");
    super::target::lines(page, &status.targets);
}
