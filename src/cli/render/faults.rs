//! `plan` and `apply`: what a fault would do, or did.

use serde_json::{Map, Value as Json};

use super::changes;
use crate::cli::next_step;
use crate::cli::report::{Mood, Report, ReportPage, ReportTable, join_list, render_count};
use crate::model::shown::quote_word;
use crate::ops::{apply, plan};

/// Most ids and reasons on a page.
const NAMED_MAX: usize = 8;

impl Report for plan::Outcome {
    fn render_page(&self, page: &mut ReportPage) {
        let rows = render_count(self.rows, "row");
        page.lead(Mood::Plain, &format!("planned {} on {}: {rows}, nothing written", render_fault(self), self.target));
        page.blank();
        page.fields(&facts(self));
        write_details(page, self);
        match &self.file {
            Some(file) => write_next(page, &format!("mfm apply --plan {}", quote_word(&file.display().to_string()))),
            None => {
                let now = self.now.as_ref().map(|now| format!(" --now {now}")).unwrap_or_default();
                write_next(
                    page,
                    &format!("`mfm apply` with the same arguments and --seed {}{now} commits it", self.seed),
                );
            }
        }
    }

    fn to_table(&self) -> ReportTable {
        changes::build_table(&self.changes)
    }
}

impl Report for apply::Outcome {
    fn render_page(&self, page: &mut ReportPage) {
        let plan = &self.plan;
        let rows = render_count(plan.rows, "row");
        let Some(op) = self.op else {
            page.lead(
                Mood::Plain,
                &format!("dry run of {} on {}: {rows}, nothing written", render_fault(plan), plan.target),
            );
            page.blank();
            page.fields(&facts(plan));
            return write_details(page, plan);
        };
        page.lead(Mood::Good, &format!("operation {op}: applied {} on {}: {rows}", render_fault(plan), plan.target));
        for row in &self.drift {
            page.line(&format!("drift: somebody changed {} {} right after the commit", row.table, row.key));
        }
        page.blank();
        let mut facts = facts(plan);
        facts.extend(self.uid.iter().map(|uid| ("uid", uid.to_string())));
        facts.push(("journal", self.plan.journal.display().to_string()));
        page.fields(&facts);
        write_details(page, plan);
        write_next(page, &format!("mfm revert {op} takes it back"));
    }

    fn to_table(&self) -> ReportTable {
        let plan = &self.plan;
        let head =
            ["op", "uid", "state", "tool", "variant", "severity", "target", "records", "rows", "seed", "plan_digest"];
        ReportTable::new(&head).with_rows([vec![
            self.op.map(|op| op.to_string()).unwrap_or_default(),
            self.uid.map(|uid| uid.to_string()).unwrap_or_default(),
            self.state.to_owned(),
            plan.label.tool.clone(),
            plan.label.variant.clone(),
            plan.label.severity.clone(),
            plan.target.clone(),
            plan.records.to_string(),
            plan.rows.to_string(),
            plan.seed.to_string(),
            plan.plan_digest.to_string(),
        ]])
    }
}

fn render_fault(plan: &plan::Outcome) -> String {
    format!("{} ({}, severity {})", plan.label.tool, plan.label.variant, plan.label.severity)
}

fn facts(plan: &plan::Outcome) -> Vec<(&'static str, String)> {
    let mut keys = join_list(plan.keys.iter().take(NAMED_MAX).map(changes::render_cell));
    if plan.records > NAMED_MAX as u64 {
        keys += &format!(", ... ({} in all)", plan.records);
    }
    let mut facts = vec![("records", keys)];
    if !plan.params.is_empty() {
        facts.push(("parameters", render_parameters(&plan.params)));
    }
    facts.push(("seed", plan.seed.to_string()));
    facts.extend(plan.now.iter().map(|now| ("now", now.clone())));
    facts.push(("plan digest", plan.plan_digest.to_string()));
    facts
}

/// Renders parameters as `name value`, with commas between them.
pub(super) fn render_parameters(parameters: &Map<String, Json>) -> String {
    let mut words = Vec::new();
    for (name, value) in parameters {
        words.push(match value {
            Json::String(text) => format!("{name} {text}"),
            other => format!("{name} {other}"),
        });
    }
    words.join(", ")
}

fn write_details(page: &mut ReportPage, plan: &plan::Outcome) {
    changes::write_first(page, &plan.changes, plan.changes_total, "; --changes all lists them");
    for residue in &plan.residue {
        page.line(&format!("cannot be restored: {}: {}", residue.table, residue.what));
    }
    for note in plan.notes.iter().cloned().chain(plan.next.as_slice().iter().map(next_step::render_step)) {
        page.line(&format!("note: {note}"));
    }
    if plan.skipped_total > 0 {
        page.heading(&format!("Skipped: {}", render_count(plan.skipped_total, "record")));
        plan.skipped.iter().take(NAMED_MAX).for_each(|skip| page.line(&format!("{}: {}", skip.record, skip.reason)));
        let more = plan.skipped_total.saturating_sub(NAMED_MAX as u64);
        if more > 0 {
            page.aside(&format!("and {more} more; --json lists them"));
        }
    }
}

fn write_next(page: &mut ReportPage, text: &str) {
    page.blank();
    page.aside(&format!("next: {text}"));
}
