//! Renders a structured answer as lines: its summary, its fields, its lists as tables. The number of lines is bounded,
//! and the last line says how many were cut.

use serde_json::{Map, Value as Json};
use unicode_width::UnicodeWidthStr as _;

use super::theme::Role;

/// The most lines of an answer.
const LINES_MAX: usize = 1000;
/// The most characters of a cell.
const CELL_MAX: usize = 120;

/// Renders an answer as lines.
#[must_use]
pub fn render_lines(answer: &Map<String, Json>) -> Vec<(Role, String)> {
    let summary = answer.get("summary").and_then(Json::as_str).unwrap_or("answered");
    let mut out = vec![(Role::Title, summary.to_owned()), (Role::Text, String::new())];
    let fields = answer.iter().filter(|(name, _)| *name != "summary");
    // Tables come after the single values, which would be overlooked below a long list.
    let mut tables = Vec::new();
    for (name, value) in fields {
        match value.as_array().filter(|items| items.iter().any(Json::is_object)) {
            Some(items) => tables.push((name, items)),
            None => out.push((Role::Text, format!("{}: {}", name.replace('_', " "), render_cell(value)))),
        }
    }
    for (name, items) in tables {
        out.extend([(Role::Text, String::new()), (Role::Heading, format!("{name}: {}", items.len()))]);
        out.extend(render_table(items));
    }
    truncate_lines(out)
}

fn truncate_lines(mut lines: Vec<(Role, String)>) -> Vec<(Role, String)> {
    let cut = lines.len().saturating_sub(LINES_MAX);
    if cut > 0 {
        lines.truncate(LINES_MAX);
        lines.push((Role::Note, format!("{cut} more lines: narrow the parameters, or page with limit")));
    }
    lines
}

/// Renders a list of objects as a table, under the names of all their fields.
fn render_table(items: &[Json]) -> Vec<(Role, String)> {
    let mut names: Vec<&String> = Vec::new();
    for name in items.iter().filter_map(Json::as_object).flat_map(Map::keys) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    // Ids first, since they tell the items apart; lists within items last, since they are wide.
    names.sort_by_key(|name| {
        let is_nested = items.iter().filter_map(|item| item.get(name.as_str())).any(Json::is_array);
        (is_nested, *name != "id" && !name.ends_with("_id"))
    });
    let rows: Vec<Vec<String>> = items.iter().take(LINES_MAX + 1).map(|item| render_row(item, &names)).collect();
    let mut widths = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.width());
        widths.push(cells.max().unwrap_or(0).max(name.width()));
    }
    let heads: Vec<String> = names.iter().map(|name| (*name).clone()).collect();
    let mut lines = vec![(Role::Key, pad_cells(&heads, &widths))];
    lines.extend(rows.iter().map(|row| (Role::Text, pad_cells(row, &widths))));
    // Rows beyond the limit are empty lines: they are only counted, when the whole is cut.
    let beyond = items.len().saturating_sub(rows.len());
    lines.extend(std::iter::repeat_n((Role::Text, String::new()), beyond));
    lines
}

fn render_row(item: &Json, names: &[&String]) -> Vec<String> {
    names.iter().map(|name| item.get(name.as_str()).map(render_cell).unwrap_or_default()).collect()
}

fn pad_cells(cells: &[String], widths: &[usize]) -> String {
    let mut padded = Vec::new();
    for (cell, width) in cells.iter().zip(widths) {
        // Padded by hand: format widths count characters, and a wide character takes two columns.
        padded.push(format!("{cell}{}", " ".repeat(width.saturating_sub(cell.width()))));
    }
    padded.join("  ").trim_end().to_owned()
}

/// Renders a value for a cell; nested objects and lists as JSON.
fn render_cell(value: &Json) -> String {
    let text = match value {
        Json::Null => "-".to_owned(),
        Json::Bool(flag) => if *flag { "yes" } else { "no" }.to_owned(),
        Json::String(text) => text.clone(),
        Json::Number(number) => number.to_string(),
        Json::Array(items) if !items.iter().any(|item| item.is_object() || item.is_array()) => {
            items.iter().map(render_cell).collect::<Vec<_>>().join(", ")
        }
        Json::Object(parts) if parts.values().all(Json::is_number) => {
            parts.iter().map(|(name, part)| format!("{name} {part}")).collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    };
    match text.char_indices().nth(CELL_MAX) {
        Some((at, _)) => format!("{}...", text.get(..at).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn render_texts(answer: &Json) -> Vec<String> {
        render_lines(answer.as_object().unwrap()).into_iter().map(|(_, line)| line).collect()
    }

    #[test]
    fn an_answer_is_its_summary_its_numbers_and_its_lists() {
        let points = json!([{"id": 1, "at": {"x": 0.5, "y": 2}}, {"id": 20, "at": null}]);
        let all =
            render_texts(&json!({"total": 2, "flag": true, "ids": [3, 4], "points": points, "summary": "Two points."}));
        let wanted = [
            "Two points.",
            "",
            "total: 2",
            "flag: yes",
            "ids: 3, 4",
            "",
            "points: 2",
            "id  at",
            "1   x 0.5 y 2",
            "20  -",
        ];
        let (mut all, mut wanted) = (all, wanted.map(str::to_owned).to_vec());
        // The order of fields is serde's.
        all.sort();
        wanted.sort();
        assert_eq!(all, wanted);
    }

    #[test]
    fn a_long_answer_ends_and_says_so() {
        let items: Vec<Json> = (0..5000).map(|id| json!({"id": id, "text": "x".repeat(500)})).collect();
        let all = render_texts(&json!({"items": items, "summary": "Many."}));
        assert_eq!(all.len(), LINES_MAX + 1);
        assert!(all.iter().all(|line| line.len() < 200));
        assert_eq!(all[LINES_MAX], "4005 more lines: narrow the parameters, or page with limit");
    }
}
