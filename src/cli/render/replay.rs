//! `replay`: the operations repeated on the copy, and the first difference.

use mfm_journal::OperationAction;
use serde_json::Value as Json;

use super::shorten_digest;
use crate::cli::report::{Mood, Report, ReportPage, ReportTable, render_count};
use crate::ops::replay::{FirstDifference, Outcome, ReplayedOperation};
use crate::plan::alike::Likeness;

/// Most operations on a page.
const LINES_MAX: usize = 20;

impl Report for Outcome {
    fn render_page(&self, page: &mut ReportPage) {
        let (mood, text) = render_lead(self);
        page.lead(mood, &text);
        if let Some(difference) = &self.first_difference {
            page.paragraph(2, &difference.message);
        }
        if !self.replayed.is_empty() {
            page.blank();
            let from = self.replayed.len().saturating_sub(LINES_MAX);
            if from > 0 {
                page.aside(&format!("{} before these; --json lists them", render_count(from as u64, "operation")));
            }
            let lines = self.replayed.iter().skip(from);
            let head = ["op", "as", "fault", "rows", "plan digest", "verdict"];
            page.table(&ReportTable::new(&head).with_rows(lines.map(|line| {
                let digest = shorten_digest(&line.plan_digest);
                vec![
                    line.op.to_string(),
                    line.replayed_as.to_string(),
                    render_fault(line),
                    line.rows.to_string(),
                    digest,
                    render_verdict(line),
                ]
            })));
        }
        if !self.skipped.is_empty() {
            page.heading("Skipped");
            self.skipped
                .iter()
                .take(LINES_MAX)
                .for_each(|skip| page.line(&format!("operation {}: {}", skip.op, skip.why)));
            if self.skipped.len() > LINES_MAX {
                page.aside(&format!("and {} more; --json lists them", self.skipped.len() - LINES_MAX));
            }
        }
        write_next(page, self);
    }

    fn to_table(&self) -> ReportTable {
        let head = [
            "op",
            "as",
            "action",
            "reverts",
            "tool",
            "variant",
            "rows",
            "verdict",
            "plan_digest",
            "table",
            "key",
            "column",
            "journaled",
            "found",
            "message",
        ];
        let mut table = ReportTable::new(&head)
            .with_rows(self.replayed.iter().map(|line| [cells(line), vec![String::new(); 6]].concat()));
        for skip in &self.skipped {
            table.push_row(build_bare_row(skip.op, "skipped", &[], &skip.why));
        }
        if let Some(difference) = &self.first_difference {
            let place = [
                difference.table.clone().unwrap_or_default(),
                difference.key.clone().unwrap_or_default(),
                difference.column.clone().unwrap_or_default(),
                render_value(difference, &difference.journaled),
                render_value(difference, &difference.found),
            ];
            table.push_row(build_bare_row(difference.op, "differs", &place, &difference.message));
        }
        table
    }
}

fn render_lead(outcome: &Outcome) -> (Mood, String) {
    let Outcome { source, onto, .. } = outcome;
    let replayed = outcome.replayed.len() as u64;
    if let Some(difference) = &outcome.first_difference {
        let op = difference.op;
        return match difference.what.as_str() {
            "open" => (Mood::Bad, format!("replay of {source} onto {onto} stopped at operation {op}")),
            _ => {
                (Mood::Bad, format!("replay differs at operation {op} of {source}: {onto} does not match the journal"))
            }
        };
    }
    let fresh = outcome.replayed.iter().any(|line| !line.earlier);
    let operations = render_count(replayed, "operation");
    if replayed == 0 {
        return (Mood::Plain, format!("nothing to replay of {source} onto {onto}"));
    }
    let equal = outcome.replayed.iter().all(|line| line.verdict == Likeness::Equal);
    let all = if equal { "every digest equal" } else { "all equivalent" };
    if fresh {
        (Mood::Good, format!("{operations} of {source} replayed onto {onto}: {all}"))
    } else {
        (Mood::Plain, format!("{operations} of {source} were already replayed onto {onto}: {all}"))
    }
}

fn write_next(page: &mut ReportPage, outcome: &Outcome) {
    let Some(difference) = &outcome.first_difference else { return };
    page.blank();
    match difference.what.as_str() {
        "open" => page.aside("next: mfm recover, then the same command again"),
        _ => page.aside(&format!("nothing of operation {} was written to {}", difference.op, outcome.onto)),
    }
    if !outcome.replayed.is_empty() {
        page.aside(&format!(
            "the replayed operations stay; mfm revert --all --target {} takes them back",
            outcome.onto
        ));
    }
}

fn render_fault(line: &ReplayedOperation) -> String {
    line.reverts.map_or_else(|| format!("{} {}", line.tool, line.variant), |op| format!("revert of {op}"))
}

fn render_verdict(line: &ReplayedOperation) -> String {
    let word = match line.verdict {
        Likeness::Equal => "equal",
        Likeness::Equivalent => "equivalent",
    };
    if line.earlier { format!("{word}, before") } else { word.to_owned() }
}

fn cells(line: &ReplayedOperation) -> Vec<String> {
    let action = if line.action == OperationAction::Apply { "apply" } else { "revert" };
    vec![
        line.op.to_string(),
        line.replayed_as.to_string(),
        action.to_owned(),
        line.reverts.map(|op| op.to_string()).unwrap_or_default(),
        line.tool.clone(),
        line.variant.clone(),
        line.rows.to_string(),
        render_verdict(line).split(',').next().unwrap_or_default().to_owned(),
        line.plan_digest.to_string(),
    ]
}

/// Builds the row of an operation that was not replayed.
fn build_bare_row(op: u64, verdict: &str, place: &[String], message: &str) -> Vec<String> {
    // The columns of `to_table`: 0 op, 7 verdict, 9 to 13 the place of the difference, 14 message.
    let mut cells = vec![String::new(); 15];
    let words = [(0, op.to_string()), (7, verdict.to_owned()), (14, message.to_owned())];
    let place = place.iter().cloned().enumerate().map(|(at, text)| (at + 9, text));
    for (at, text) in words.into_iter().chain(place) {
        if let Some(cell) = cells.get_mut(at) {
            *cell = text;
        }
    }
    cells
}

/// Renders a value that differs; empty if the difference is not in a cell.
fn render_value(difference: &FirstDifference, json: &Json) -> String {
    if json.is_null() && difference.side.is_none() { String::new() } else { super::changes::render_cell(json) }
}
