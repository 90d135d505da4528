//! `find`: records to pick from, by ascending id.

use serde_json::Value as Json;

use super::changes;
use crate::cli::next_step;
use crate::cli::report::{Mood, Report, ReportPage, ReportTable, join_list};
use crate::domain::record::{ColumnVisibility, ListColumn};
use crate::ops::find::{FoundRecord, Outcome};

impl Report for Outcome {
    fn render_page(&self, page: &mut ReportPage) {
        page.lead(Mood::Plain, &render_lead(self));
        page.extend_lines(self.eligible.map(|tool| render_eligibility(tool, self)));
        if let Some(why) = &self.why_none {
            let hint = next_step::render_hint(&self.next);
            page.paragraph(0, &if hint.is_empty() { why.clone() } else { format!("{why}: {hint}") });
        }
        page.extend_lines(self.remarks.iter().map(|remark| format!("no record can show {remark}")));
        if !self.records.is_empty() {
            page.blank();
            page.table(&build_page_table(self));
        }
        if let Some(next) = next(self) {
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

/// Tells whether a page has room for a column.
fn is_shown(outcome: &Outcome, column: &ListColumn) -> bool {
    let is_filled = |name: &str| {
        let has = |record: &FoundRecord| record.cells.iter().any(|(other, cell)| *other == name && !cell.is_null());
        outcome.records.iter().any(has)
    };
    match column.keep {
        ColumnVisibility::Always => true,
        ColumnVisibility::Wide => outcome.eligible.is_none(),
        ColumnVisibility::Never => false,
        ColumnVisibility::Filled => is_filled(column.name),
        ColumnVisibility::Instead(other) => !is_filled(other),
    }
}

/// Returns a sheet that a page has room for.
fn build_page_table(outcome: &Outcome) -> ReportTable {
    let columns: Vec<&ListColumn> = outcome.kind.columns.iter().filter(|column| is_shown(outcome, column)).collect();
    let beside = outcome.eligible.is_some();
    let heading = |column: &&ListColumn| if beside { column.shorter } else { column.short };
    let head: Vec<&'static str> = columns.iter().map(heading).chain(outcome.eligible.map(|_| "variants")).collect();
    ReportTable::new(&head).with_rows(outcome.records.iter().map(|record| {
        let is_kept = |name: &str| columns.iter().any(|column| column.name == name);
        let cells = record.cells.iter().filter(|(name, _)| is_kept(name)).map(|(_, json)| render_text(json));
        cells.chain(record.variants.as_ref().map(join_list)).collect()
    }))
}

fn render_lead(outcome: &Outcome) -> String {
    let number = |number: u64| {
        let word = if number == 1 { outcome.kind.word } else { outcome.kind.plural };
        format!("{number} {word}")
    };
    let (shown, target) = (outcome.shown, &outcome.target);
    match outcome.total {
        Some(0) => format!("no {} on {target}", outcome.kind.word),
        Some(total) if total == shown => format!("{} on {target}", number(total)),
        Some(total) => format!("the first {shown} of {} on {target}", number(total)),
        None => format!("the first {} on {target}", number(shown)),
    }
}

/// Says what the records can show, and whether the search ended before the records did.
fn render_eligibility(tool: &str, outcome: &Outcome) -> String {
    let more = if outcome.total.is_none() { "; no more were looked for" } else { "" };
    format!("that {tool} can break{more}")
}

fn next(outcome: &Outcome) -> Option<String> {
    let kind = outcome.kind.word;
    match (outcome.eligible, outcome.records.first()) {
        _ if outcome.total.is_none() => Some("--limit N looks for more, --limit 0 for all".to_owned()),
        _ if outcome.total != Some(outcome.shown) => Some("--limit N lists more, --limit 0 lists all".to_owned()),
        (Some(tool), Some(first)) => {
            let variant = first.variants.as_ref().and_then(|words| words.first().copied()).unwrap_or_default();
            Some(format!("next: mfm plan {tool} --variant {variant} ..."))
        }
        (Some(tool), None) => Some(format!("next: mfm modes {tool} says what a record needs")),
        (None, Some(_)) => Some(format!("next: mfm find {kind} --eligible TOOL says what they can show")),
        (None, None) => None,
    }
}

/// Returns a cell as people write it: text without quotes, nothing for NULL.
fn render_text(json: &Json) -> String {
    match json {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        Json::Array(words) => join_list(words.iter().filter_map(Json::as_str)),
        other => changes::render_cell(other),
    }
}
