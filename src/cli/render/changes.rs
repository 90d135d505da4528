//! Changes cell by cell, as `table key column: before -> after`. Values that look alike are written differently: NULL,
//! 'NULL', ''.

use serde_json::{Map, Value as Json};

use crate::cli::json;
use crate::cli::printer::{DIM, Printer, clean, paint};
use crate::cli::report::{Report, ReportPage, ReportTable, print_report, render_count};
use crate::cli::settings::{Format, Settings};
use crate::ops::Failure;
use crate::ops::bytes;
use crate::ops::cell::ChangeRow;
use anstyle::{AnsiColor, Style};

/// Most lines of changes on a page, unless all are asked for.
const LINES_MAX: usize = 24;

/// Most cells of an inserted or deleted row on a page.
const CELLS_MAX: usize = 12;

/// Most characters of such a cell.
const CELL_MAX: usize = 48;

/// Changes rendered in one write: bounds the memory, and notices a closed pipe soon.
const BATCH: usize = 256;

/// Prints a result, whose own list of changes the caller emptied, and then every change.
///
/// # Errors
/// A value that JSON cannot hold.
pub(in crate::cli) fn print_all<R: Report>(
    settings: &Settings,
    printer: &Printer,
    name: &str,
    report: &R,
    changes: &[ChangeRow],
) -> Result<(), Failure> {
    match settings.format {
        Format::Plain => printer.data(&empty_table().to_tsv()),
        Format::Json | Format::Table => print_report(settings, printer, name, report)?,
    }
    for batch in changes.chunks(BATCH) {
        // The reader closed the pipe, so the rest need not be rendered.
        if printer.is_gone() {
            break;
        }
        match settings.format {
            Format::Json => printer.data(&json::encode_changes(batch)?),
            // The header line was printed before the loop.
            Format::Plain => printer.data(build_table(batch).to_tsv().split_once('\n').map_or("", |(_, rows)| rows)),
            Format::Table => printer.out(&render_lines(batch, settings.width)),
        }
    }
    Ok(())
}

/// Writes the first changes, up to `LINES_MAX` lines, and how many follow.
pub(super) fn write_first(page: &mut ReportPage, changes: &[ChangeRow], total: u64, rest: &str) {
    if changes.is_empty() {
        return;
    }
    page.heading("Changes");
    let mut changes_shown = 0;
    let mut lines_written = 0;
    for change in changes {
        let lines = render_change(change, page.width());
        if lines_written > 0 && lines_written + lines.len() > LINES_MAX {
            break;
        }
        lines_written += lines.len();
        changes_shown += 1;
        lines.iter().for_each(|line| page.styled(line));
    }
    if total > changes_shown {
        page.aside(&format!("and {} more{rest}", total - changes_shown));
    }
}

/// Writes all of `changes`; `total` is larger if the operation itself cut the list.
pub(super) fn write_every(page: &mut ReportPage, changes: &[ChangeRow], total: u64) {
    page.heading("Changes");
    let width = page.width();
    changes.iter().flat_map(|change| render_change(change, width)).for_each(|line| page.styled(&line));
    let shown = changes.len() as u64;
    if total > shown {
        page.aside(&format!("and {} more", total - shown));
    }
}

fn render_lines(changes: &[ChangeRow], width: u16) -> String {
    changes.iter().flat_map(|change| render_change(change, width)).map(|line| line + "\n").collect()
}

fn empty_table() -> ReportTable {
    ReportTable::new(&["table", "key", "kind", "column", "before", "after"])
}

/// Builds a table with a row per cell; an insert has no before, a delete no after.
pub(super) fn build_table(changes: &[ChangeRow]) -> ReportTable {
    let mut table = empty_table();
    for change in changes {
        let start = [change.table.clone(), render_key(&change.key), change.kind.to_owned()];
        for (column, before, after) in cells(change) {
            let [before, after] = [before, after].map(|side| side.map_or_else(String::new, render_cell));
            table.push_row(start.iter().cloned().chain([column.to_owned(), before, after]).collect());
        }
    }
    table
}

type CellChange<'c> = (&'c str, Option<&'c Json>, Option<&'c Json>);

fn cells(change: &ChangeRow) -> Vec<CellChange<'_>> {
    let before = change.before.as_object();
    let after = change.after.as_object();
    let names = after.or(before).into_iter().flat_map(Map::keys);
    names
        .map(|name| {
            (name.as_str(), before.and_then(|before| before.get(name)), after.and_then(|after| after.get(name)))
        })
        .collect()
}

/// Styled text before it is wrapped.
type StyledText = Vec<(Style, String)>;

/// Renders a change as styled lines, none wider than the page.
fn render_change(change: &ChangeRow, width: u16) -> Vec<String> {
    let place = clean(&format!("{} {}", change.table, render_key(&change.key)));
    let lines = match change.kind {
        "insert" => style_row(&place, "new row", AnsiColor::Green, change),
        "delete" => style_row(&place, "deleted row", AnsiColor::Red, change),
        "kept" => vec![vec![(Style::new(), format!("{place}: already in the wanted state"))]],
        _ => cells(change)
            .into_iter()
            .map(|(column, before, after)| style_update(&place, column, before, after))
            .collect(),
    };
    lines.iter().flat_map(|parts| wrap_styled(parts, usize::from(width))).collect()
}

fn style_update(place: &str, column: &str, before: Option<&Json>, after: Option<&Json>) -> StyledText {
    let mut parts = vec![plain(format!("{place} {}: ", clean(column)))];
    let differ = before.zip(after).and_then(|(before, after)| bytes::compare_cells(before, after));
    let Some(bytes::ByteDifference { about, before: old, after: new }) = differ else {
        let [before, after] = [before, after].map(|side| side.map_or_else(String::new, render_side));
        parts.extend([red(before), plain(" -> "), green(after)]);
        return parts;
    };
    parts.push(plain(about));
    match (old.is_empty(), new.is_empty()) {
        (true, true) => {}
        (true, false) => parts.extend([plain(" "), green(new), plain(" added")]),
        (false, true) => parts.extend([plain(" "), red(old), plain(" removed")]),
        (false, false) => parts.extend([plain(" "), red(old), plain(" -> "), green(new)]),
    }
    parts
}

fn plain(text: impl Into<String>) -> (Style, String) {
    (Style::new(), text.into())
}

fn red(text: String) -> (Style, String) {
    (AnsiColor::Red.on_default(), text)
}

fn green(text: String) -> (Style, String) {
    (AnsiColor::Green.on_default(), text)
}

/// Renders a cell of an update: text in full, because only its end may differ; long bytes cut.
fn render_side(json: &Json) -> String {
    if json.get("$hex").is_some() { shorten_cell(json) } else { render_cell(json) }
}

/// Renders an inserted or deleted row; its NULLs are only counted.
fn style_row(place: &str, what: &str, color: AnsiColor, change: &ChangeRow) -> Vec<StyledText> {
    let mut lines = vec![vec![plain(format!("{place}: {what}"))]];
    let mut nulls = 0;
    for (column, before, after) in cells(change) {
        match after.or(before) {
            None | Some(Json::Null) => nulls += 1,
            Some(json) => {
                lines.push(vec![plain(format!("  {}: ", clean(column))), (color.on_default(), shorten_cell(json))]);
            }
        }
    }
    let cells = lines.len() - 1;
    if cells > CELLS_MAX {
        lines.truncate(CELLS_MAX + 1);
        let more = render_count((cells - CELLS_MAX) as u64, "column");
        lines.push(vec![(DIM, format!("  and {more} more; --json shows them"))]);
    }
    if nulls > 0 {
        lines.push(vec![(DIM, format!("  and NULL in {}", render_count(nulls, "column")))]);
    }
    lines
}

/// The indent of continuation lines, in characters.
const INDENT: usize = 4;

/// Wraps styled text at spaces; a word longer than a line is cut.
fn wrap_styled(parts: &[(Style, String)], width: usize) -> Vec<String> {
    let all: usize = parts.iter().map(|(_, text)| text.chars().count()).sum();
    if all <= width {
        return vec![parts.iter().map(|(style, text)| paint(*style, text)).collect()];
    }
    // `chunks` below panics at a size of zero; 20 characters can still be read.
    let width = width.max(INDENT + 20);
    let (mut lines, mut line, mut used, mut spaces) = (Vec::new(), String::new(), 0, 0);
    for (style, text) in parts {
        for (at, word) in text.split(' ').enumerate() {
            // Spaces are written with the next word, so that no line ends with one.
            spaces += usize::from(at > 0);
            for piece in word.chars().collect::<Vec<_>>().chunks(width - INDENT) {
                if used > 0 && used + spaces + piece.len() > width {
                    lines.push(std::mem::take(&mut line));
                    (used, spaces) = (0, INDENT);
                }
                line += &" ".repeat(spaces);
                line += &paint(*style, &piece.iter().collect::<String>());
                used += spaces + piece.len();
                spaces = 0;
            }
        }
    }
    lines.push(line);
    lines
}

/// Renders a cell, cut to `CELL_MAX` characters.
fn shorten_cell(json: &Json) -> String {
    let whole = render_cell(json);
    if whole.chars().count() <= CELL_MAX {
        return whole;
    }
    let start: String = whole.chars().take(CELL_MAX).collect();
    match json.get("$hex").and_then(Json::as_str) {
        Some(hex) => format!("{start}... ({} bytes)", hex.len() / 2),
        None => start + "...",
    }
}

/// Renders a key: its value, or its values in parentheses.
pub(super) fn render_key(json: &Json) -> String {
    let values: Vec<String> = json.as_object().into_iter().flat_map(Map::values).map(render_cell).collect();
    match values.as_slice() {
        [value] => value.clone(),
        _ => format!("({})", values.join(", ")),
    }
}

/// Renders a cell: NULL bare, text in quotes, numbers as stored.
pub(super) fn render_cell(json: &Json) -> String {
    match json {
        Json::Null => "NULL".to_owned(),
        Json::String(text) => quote_text(text),
        Json::Object(map) => match map.iter().next() {
            Some((kind, Json::String(text))) if kind == "$hex" => format!("0x{text}"),
            Some((kind, Json::String(text))) if kind == "$text_hex" => format!("text 0x{text}"),
            Some((_, Json::String(text))) => clean(text),
            _ => json.to_string(),
        },
        other => other.to_string(),
    }
}

fn quote_text(text: &str) -> String {
    format!("'{}'", clean(&text.replace('\\', "\\\\").replace('\'', "\\'")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn look_alikes_differ() {
        for (json, text) in [
            (json!(null), "NULL"),
            (json!("NULL"), "'NULL'"),
            (json!(""), "''"),
            (json!("it's\n\u{1b}[31m"), "'it\\'s\\n\\u{1b}[31m'"),
            (json!(1), "1"),
            (json!(1.0), "1.0"),
            (json!({"$decimal": "1.00"}), "1.00"),
            (json!({"$hex": "00ff"}), "0x00ff"),
        ] {
            assert_eq!(render_cell(&json), text);
        }
    }

    #[test]
    fn long_cells_say_what_differs_and_no_line_is_too_wide() {
        let bytes = |last: &str| json!({"$hex": "00".repeat(159) + last});
        let text = |end: &str| "word ".repeat(30) + &"x".repeat(100) + end;
        let change = ChangeRow {
            table: "TxFieldPoint".into(),
            key: json!({"TFP_ID": 7}),
            kind: "update",
            before: json!({"A_Leaf_Set": bytes("01"), "B_Leaf_Set": bytes(""), "Note": text("a"), "C": bytes("")}),
            after: json!({"A_Leaf_Set": bytes("02"), "B_Leaf_Set": bytes("07"), "Note": text("b"), "C": null}),
        };
        let plain: Vec<String> =
            render_change(&change, 72).iter().map(|line| anstream::adapter::strip_str(line).to_string()).collect();
        assert!(plain.iter().all(|line| line.chars().count() <= 72 && line.trim_end() == line), "{plain:#?}");
        assert_eq!(plain[0], "TxFieldPoint 7 A_Leaf_Set: 160 bytes, byte 159: 01 -> 02");
        assert_eq!(plain[1], "TxFieldPoint 7 B_Leaf_Set: 159 -> 160 bytes, from byte 159: 07 added");
        assert!(plain.iter().any(|line| line.ends_with("(159 bytes) -> NULL")), "{plain:#?}");
        let joined = plain.join("").replace(' ', "");
        assert!(joined.contains("xxxa'->'word") && joined.ends_with("xxxb'"), "{joined}");
    }

    #[test]
    fn an_update_is_a_line_a_cell() {
        let change = ChangeRow {
            table: "TxFieldPoint".into(),
            key: json!({"TFP_ID": 7}),
            kind: "update",
            before: json!({"Coll_Ang": null, "Gantry_Ang": 180.0}),
            after: json!({"Coll_Ang": "", "Gantry_Ang": 400.0}),
        };
        let plain: Vec<String> =
            render_change(&change, 80).iter().map(|line| anstream::adapter::strip_str(line).to_string()).collect();
        assert_eq!(plain, ["TxFieldPoint 7 Coll_Ang: NULL -> ''", "TxFieldPoint 7 Gantry_Ang: 180.0 -> 400.0"]);
        assert_eq!(
            build_table(&[change]).to_tsv(),
            "table\tkey\tkind\tcolumn\tbefore\tafter\n\
             TxFieldPoint\t7\tupdate\tColl_Ang\tNULL\t''\nTxFieldPoint\t7\tupdate\tGantry_Ang\t180.0\t400.0\n"
        );
    }
}
