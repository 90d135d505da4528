//! `find`: records to pick from, by ascending id.

use serde_json::Value as Json;

use super::changes;
use crate::cli::next_step;
use crate::cli::report::{Mood, Report, ReportPage, ReportTable, join_list};
use crate::domain::record::{ColumnVisibility, ListColumn};
use crate::ops::find::Outcome;

impl Report for Outcome {
    fn render_page(&self, page: &mut ReportPage) {
        page.lead(Mood::Plain, &render_lead(self));
        page.extend_lines(self.eligible.map(|tool| render_eligibility(tool, self)));
        if let Some(why) = &self.why_none {
            let hint = next_step::render_hint(&self.next);
            page.paragraph(0, &if hint.is_empty() { why.clone() } else { format!("{why}: {hint}") });
        }
        page.extend_lines(self.remarks.iter().map(|remark| format!("no record is eligible for {remark}")));
        if !self.records.is_empty() {
            page.blank();
            page.table(&build_page_table(self, usize::from(page.width())));
        }
        if let Some(next) = render_next(self) {
            page.blank();
            page.aside(&next);
        }
    }

    fn to_table(&self) -> ReportTable {
        let mut head: Vec<&str> = self.kind.column_names().collect();
        head.extend(self.eligible.map(|_| "variants"));
        ReportTable::new(&head).with_rows(self.records.iter().map(|record| {
            let variants = record.variants.as_ref().map(join_list);
            record.cells.iter().map(|(_, json)| render_text(json)).chain(variants).collect()
        }))
    }
}

/// Tells whether a page shows a column; the other formats show all of them.
fn is_shown(outcome: &Outcome, column: &ListColumn) -> bool {
    match column.keep {
        ColumnVisibility::Always => true,
        ColumnVisibility::Wide => outcome.eligible.is_none(),
        ColumnVisibility::Never => false,
        ColumnVisibility::Filled => is_filled(outcome, column.name),
        ColumnVisibility::Instead(other) => !is_filled(outcome, other),
    }
}

fn is_filled(outcome: &Outcome, name: &str) -> bool {
    let mut cells = outcome.records.iter().flat_map(|record| &record.cells);
    cells.any(|(column, cell)| *column == name && !cell.is_null())
}

/// Builds the table for a page of this width, in characters, with the columns that fit. Where long names of variants
/// leave too little room, the last columns before them are left out, but never the first, which names the record.
fn build_page_table(outcome: &Outcome, width: usize) -> ReportTable {
    let mut columns: Vec<&ListColumn> =
        outcome.kind.columns.iter().filter(|column| is_shown(outcome, column)).collect();
    loop {
        let table = build_table(outcome, &columns);
        if columns.len() < 2 || table.narrowest_width() <= width {
            return table;
        }
        columns.pop();
    }
}

fn build_table(outcome: &Outcome, columns: &[&ListColumn]) -> ReportTable {
    let mut head: Vec<&'static str> = Vec::new();
    for column in columns {
        // The column of variants takes the room that the longer headings would need.
        head.push(if outcome.eligible.is_some() { column.shorter } else { column.short });
    }
    head.extend(outcome.eligible.map(|_| "variants"));
    ReportTable::new(&head).with_rows(outcome.records.iter().map(|record| {
        let cells = record.cells.iter().filter(|(name, _)| columns.iter().any(|column| column.name == *name));
        cells.map(|(_, json)| render_text(json)).chain(record.variants.as_ref().map(join_list)).collect()
    }))
}

fn render_lead(outcome: &Outcome) -> String {
    let (shown, target) = (outcome.shown, &outcome.target);
    match outcome.total {
        Some(0) => format!("no {} on {target}", outcome.kind.word),
        Some(total) if total == shown => format!("{} on {target}", count_records(outcome, total)),
        Some(total) => format!("the first {shown} of {} on {target}", count_records(outcome, total)),
        None => format!("the first {} on {target}", count_records(outcome, shown)),
    }
}

fn count_records(outcome: &Outcome, number: u64) -> String {
    let word = if number == 1 { outcome.kind.word } else { outcome.kind.plural };
    format!("{number} {word}")
}

/// Renders which tool can break the records, and whether the search stopped at the limit.
fn render_eligibility(tool: &str, outcome: &Outcome) -> String {
    let more = if outcome.total.is_none() { "; the search stopped there" } else { "" };
    format!("that {tool} can break{more}")
}

fn render_next(outcome: &Outcome) -> Option<String> {
    let kind = outcome.kind.word;
    match (outcome.eligible, outcome.records.first()) {
        _ if outcome.total.is_none() => Some("--limit N finds more, --limit 0 finds all".to_owned()),
        _ if outcome.total != Some(outcome.shown) => Some("--limit N lists more, --limit 0 lists all".to_owned()),
        (Some(tool), Some(first)) => {
            let variant = first.variants.as_ref().and_then(|words| words.first().copied()).unwrap_or_default();
            Some(format!("next: mfm plan {tool} --variant {variant} ..."))
        }
        (Some(tool), None) => Some(format!("next: mfm modes {tool} lists what a record needs")),
        (None, Some(_)) => Some(format!("next: mfm find {kind} --eligible TOOL lists the possible variants")),
        (None, None) => None,
    }
}

/// Renders a cell of a list: text without quotes, nothing for NULL.
fn render_text(json: &Json) -> String {
    match json {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        Json::Array(words) => join_list(words.iter().filter_map(Json::as_str)),
        other => changes::render_cell(other),
    }
}
