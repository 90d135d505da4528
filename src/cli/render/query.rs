//! `query`: the answer's summary, and its longest list as a table.

use serde_json::{Map, Value as Json};

use crate::cli::report::{Mood, Report, ReportPage, ReportTable};
use crate::ops::query::Outcome;

/// Most rows on a page.
const ROWS_MAX: usize = 40;
/// Most columns of a table.
const COLUMNS_MAX: usize = 8;
/// Most rows that stand side by side as columns, where they have more fields than a table has columns.
const SIDE_BY_SIDE_MAX: usize = 4;
/// The list of an answer that is a list.
const ITEMS: &str = "items";

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
        let Some((name, rows)) = find_main_list(answer) else { return write_parts(answer, page) };
        write_list(name, rows, render_scalar, page);
        // Beside a list of items stands little, such as what was asked for and not found.
        let others = answer.iter().filter(|(other, _)| name == ITEMS && *other != name);
        for (other, rows) in others.filter_map(|(other, value)| Some((other, value.as_array()?))) {
            write_list(other, rows, render_texts, page);
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
        match find_main_list(answer) {
            Some((name, rows)) => {
                let (columns, lines) = tabulate_list(name, rows, render_scalar);
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

/// Renders a value as a cell; `None` for what no cell can show.
type CellRenderer = fn(&Json) -> Option<String>;

/// Finds the list that an answer is about: its items, or else its longest list of objects.
fn find_main_list(answer: &Map<String, Json>) -> Option<(&String, &Vec<Json>)> {
    let lists = answer.iter().filter_map(|(name, value)| Some((name, value.as_array()?)));
    let longest = |(name, list): &(&String, &Vec<Json>)| (*name == ITEMS, list.len());
    lists
        .filter(|(name, list)| *name == ITEMS && !list.is_empty() || list.first().is_some_and(Json::is_object))
        .max_by_key(longest)
}

/// Writes a list under its name: as a table, or side by side where a few items have more fields than fit.
fn write_list(name: &str, rows: &[Json], render: CellRenderer, page: &mut ReportPage) {
    page.blank();
    page.aside(&format!("{}:", name.replace('_', " ")));
    let fields = list_fields(rows, render);
    if name == ITEMS && rows.len() <= SIDE_BY_SIDE_MAX && fields.len() > COLUMNS_MAX {
        return page.table(&place_side_by_side(rows));
    }
    let (columns, lines) = tabulate_list(name, rows, render);
    page.table(&ReportTable::from_columns(columns).with_rows(lines.into_iter().take(ROWS_MAX)));
    if rows.len() > ROWS_MAX {
        page.aside(&format!("{} more; --json gives all", rows.len() - ROWS_MAX));
    }
}

/// Writes what a single record holds beside its plain fields: lists of texts, and the fields of its parts.
fn write_parts(answer: &Map<String, Json>, page: &mut ReportPage) {
    for (name, value) in answer {
        if let Some(text) = render_texts(value).filter(|_| value.is_array()) {
            page.aside(&format!("{}: {text}", name.replace('_', " ")));
        }
        for (part, value) in value.as_object().into_iter().flatten() {
            if let Some(text) = render_texts(value) {
                page.aside(&format!("{} {part}: {text}", name.replace('_', " ")));
            }
        }
    }
}

/// Lists the fields of objects that have a rendered value, in the order in which they come; ids and names first.
fn list_fields(rows: &[Json], render: CellRenderer) -> Vec<String> {
    let mut fields: Vec<String> = Vec::new();
    for (name, value) in rows.iter().filter_map(Json::as_object).flatten() {
        if !fields.contains(name) && render(value).is_some() {
            fields.push(name.clone());
        }
    }
    fields.sort_by_key(|name| (name != "id" && !name.ends_with("_id"), name != "name"));
    fields
}

/// Builds a table with a line a field and a column an item.
fn place_side_by_side(rows: &[Json]) -> ReportTable {
    let fields = list_fields(rows, render_texts);
    let heading =
        |row: &Json| ["id", "name"].iter().find_map(|field| render_scalar(row.get(field)?)).unwrap_or_default();
    let mut columns = vec!["field".to_owned()];
    columns.extend(rows.iter().map(heading));
    let lines = fields.iter().map(|field| {
        let cells = rows.iter().map(|row| row.get(field).and_then(render_texts).unwrap_or_default());
        std::iter::once(field.clone()).chain(cells).collect()
    });
    ReportTable::from_columns(columns).with_rows(lines)
}

/// Builds the columns and rows of a list: of objects from the fields that are scalars, of scalars one a line.
fn tabulate_list(name: &str, rows: &[Json], render: CellRenderer) -> (Vec<String>, Vec<Vec<String>>) {
    if !rows.iter().any(Json::is_object) {
        return (vec![name.to_owned()], rows.iter().map(|row| vec![render_scalar(row).unwrap_or_default()]).collect());
    }
    // Only the first columns are kept.
    let mut columns = list_fields(rows, render);
    columns.truncate(COLUMNS_MAX);
    let mut lines = Vec::new();
    for row in rows {
        lines.push(columns.iter().map(|name| row.get(name).and_then(render).unwrap_or_default()).collect());
    }
    (columns, lines)
}

/// Renders a scalar, or the texts of a list.
fn render_texts(value: &Json) -> Option<String> {
    let Json::Array(list) = value else { return render_scalar(value) };
    let texts: Option<Vec<&str>> = list.iter().map(Json::as_str).collect();
    texts.map(|texts| texts.join(", "))
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
