//! `query`: the answer's summary, and its longest list as a table.

use serde_json::{Map, Value as Json};

use crate::cli::report::{Mood, Report, ReportPage, ReportTable};
use crate::ops::query::Outcome;

/// Most rows on a page.
const ROWS_MAX: usize = 40;
/// Most columns of a table.
const COLUMNS_MAX: usize = 8;

impl Report for Outcome {
    fn render_page(&self, page: &mut ReportPage) {
        let Some(answer) = &self.answer else { return write_catalogue(self, page) };
        let summary = answer.get("summary").and_then(Json::as_str).unwrap_or_default();
        page.lead(Mood::Plain, summary);
        if self.being_written == Some(true) {
            page.blank();
            page.aside("it is being written: the answer covers what was there when it was read");
        }
        for (name, value) in answer.iter().filter(|(name, value)| *name != "summary" && !value.is_array()) {
            if let Some(text) = render_scalar(value).filter(|text| !text.is_empty()) {
                page.aside(&format!("{}: {text}", name.replace('_', " ")));
            }
        }
        let Some((name, rows)) = find_longest_list(answer) else { return };
        page.blank();
        page.aside(&format!("{}:", name.replace('_', " ")));
        let (columns, lines) = tabulate_list(rows);
        page.table(&ReportTable::from_columns(columns).with_rows(lines.into_iter().take(ROWS_MAX)));
        if rows.len() > ROWS_MAX {
            page.aside(&format!("{} more; --json gives all", rows.len() - ROWS_MAX));
        }
    }

    fn to_table(&self) -> ReportTable {
        let Some(answer) = &self.answer else {
            return ReportTable::new(&["query", "domain", "group", "about"]).with_rows(
                self.queries
                    .iter()
                    .map(|line| Vec::from([line.name, line.domain, line.group, line.about].map(str::to_owned))),
            );
        };
        match find_longest_list(answer) {
            Some((_, rows)) => {
                let (columns, lines) = tabulate_list(rows);
                ReportTable::from_columns(columns).with_rows(lines)
            }
            None => {
                let fields =
                    answer.iter().map(|(name, value)| vec![name.clone(), render_scalar(value).unwrap_or_default()]);
                ReportTable::new(&["name", "value"]).with_rows(fields)
            }
        }
    }
}

fn write_catalogue(outcome: &Outcome, page: &mut ReportPage) {
    page.lead(Mood::Plain, &format!("{} queries", outcome.queries.len()));
    page.blank();
    let mut table = ReportTable::new(&["query", "domain", "what it answers"]);
    for line in &outcome.queries {
        table.push_row(vec![line.name.replace('_', "-"), line.domain.to_owned(), line.title.to_owned()]);
    }
    page.table(&table);
    page.blank();
    page.aside("next: mfm query QUERY --help explains one");
}

/// Finds the longest list of objects in an answer.
fn find_longest_list(answer: &Map<String, Json>) -> Option<(&String, &Vec<Json>)> {
    let lists = answer.iter().filter_map(|(name, value)| Some((name, value.as_array()?)));
    lists.filter(|(_, list)| list.first().is_some_and(Json::is_object)).max_by_key(|(_, list)| list.len())
}

/// Builds the columns and rows of a list of objects, from the fields that are scalars.
fn tabulate_list(rows: &[Json]) -> (Vec<String>, Vec<Vec<String>>) {
    let mut columns: Vec<String> = Vec::new();
    for (name, value) in rows.iter().filter_map(Json::as_object).flatten() {
        if !columns.contains(name) && render_scalar(value).is_some() {
            columns.push(name.clone());
        }
    }
    // Identifiers and names first, because only the first columns are kept.
    columns.sort_by_key(|name| (!name.ends_with("_id"), name != "name"));
    columns.truncate(COLUMNS_MAX);
    let mut lines = Vec::new();
    for row in rows {
        lines.push(columns.iter().map(|name| row.get(name).and_then(render_scalar).unwrap_or_default()).collect());
    }
    (columns, lines)
}

/// Renders a value that fits into a cell: a scalar, or a point with x, y and z.
fn render_scalar(value: &Json) -> Option<String> {
    match value {
        Json::Null => Some(String::new()),
        Json::Bool(flag) => Some(if *flag { "yes" } else { "no" }.to_owned()),
        Json::Number(number) => Some(number.to_string()),
        Json::String(text) => Some(text.clone()),
        Json::Object(parts) if parts.len() == 3 && parts.contains_key("z") => {
            let [x, y, z] = ["x", "y", "z"].map(|name| parts.get(name).and_then(render_scalar).unwrap_or_default());
            Some(format!("{x} {y} {z}"))
        }
        Json::Array(_) | Json::Object(_) => None,
    }
}
