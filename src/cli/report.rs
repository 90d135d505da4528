//! How a result is shown: a page for people, a table for shell tools, or the result itself as JSON.

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, ColumnConstraint, ContentArrangement, Table, Width};
use serde::Serialize;

use super::json;
use super::printer::{BOLD, DIM, GOOD, Printer, WARN, clean, paint};
use super::settings::{Format, Settings};
use crate::model::shown;
use crate::ops::Failure;
pub(super) use crate::ops::render_count;

/// A result that can be shown.
pub(super) trait Report: Serialize {
    /// Writes the result for people.
    fn render_page(&self, page: &mut ReportPage);
    /// Returns the result as rows for shell tools.
    fn to_table(&self) -> ReportTable;
}

/// Prints a result in the format of the settings.
///
/// # Errors
/// A value that JSON cannot hold.
pub(super) fn print_report<R: Report>(
    settings: &Settings,
    printer: &Printer,
    name: &str,
    report: &R,
) -> Result<(), Failure> {
    match settings.format {
        Format::Json => printer.data(&json::encode_line(name, report)?),
        Format::Plain => printer.data(&report.to_table().to_tsv()),
        Format::Table => printer.out(&render_report(settings, report)),
    }
    Ok(())
}

/// Renders a result for people, with its styles.
pub(super) fn render_report<R: Report>(settings: &Settings, report: &R) -> String {
    let mut page = ReportPage::new(settings.width);
    report.render_page(&mut page);
    page.text
}

/// The longest word that its column is made wide enough for, in characters.
const WORD_MAX: usize = 36;
/// The room between two columns of a page's table, in characters.
const GAP: usize = 2;

/// Rows under a header.
#[derive(Clone, Debug, Default)]
pub(super) struct ReportTable {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl ReportTable {
    pub(super) fn new(head: &[&'static str]) -> Self {
        Self::from_columns(head.iter().map(|word| (*word).to_owned()).collect())
    }

    /// Makes an empty table whose columns are known only at run time.
    pub(super) const fn from_columns(head: Vec<String>) -> Self {
        Self { head, rows: Vec::new() }
    }

    pub(super) fn push_row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Returns the table with these rows added.
    pub(super) fn with_rows(mut self, rows: impl IntoIterator<Item = Vec<String>>) -> Self {
        self.rows.extend(rows);
        self
    }

    /// Returns the length of the longest word of each column, in characters.
    fn longest_words(&self) -> Vec<usize> {
        // The head is shown with spaces, and may be broken there.
        let mut widths: Vec<usize> = self.head.iter().map(|head| longest_word(&head.replace('_', " "))).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = longest_word(cell).max(*width);
            }
        }
        widths
    }

    /// Returns the width in characters that a page's table needs if no word is broken.
    pub(super) fn narrowest_width(&self) -> usize {
        let words = self.longest_words();
        words.iter().map(|word| (*word).min(WORD_MAX) + GAP).sum::<usize>().saturating_sub(GAP)
    }

    /// Encodes the table as CSV with a header line; what a spreadsheet would run as a formula is disarmed.
    ///
    /// # Errors
    /// The CSV writer failed.
    pub(super) fn to_csv(&self) -> Result<String, Failure> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(&self.head).map_err(|error| csv_failure(&error))?;
        for row in &self.rows {
            let cells = row.iter().map(|cell| shown::guard_cell(cell).into_owned());
            writer.write_record(cells).map_err(|error| csv_failure(&error))?;
        }
        let bytes = writer.into_inner().map_err(|error| csv_failure(&error))?;
        String::from_utf8(bytes).map_err(|error| csv_failure(&error))
    }

    /// Encodes the table as TSV with a header line. Tabs, line breaks and backslashes are escaped, and formulas
    /// disarmed.
    pub(super) fn to_tsv(&self) -> String {
        let mut out = self.head.join("\t") + "\n";
        for row in &self.rows {
            let cells: Vec<String> = row.iter().map(|cell| escape_cell(cell)).collect();
            out += &cells.join("\t");
            out.push('\n');
        }
        out
    }
}

fn longest_word(text: &str) -> usize {
    text.split_whitespace().map(|word| word.chars().count()).max().unwrap_or(0)
}

fn csv_failure(why: &dyn std::fmt::Display) -> Failure {
    let message = format!("could not write the result as CSV: {why}");
    Failure::new(crate::ops::FailureKind::Found, "output", message, "--format plain writes it with tabs")
}

fn escape_cell(cell: &str) -> String {
    clean(&shown::guard_cell(cell).replace('\\', "\\\\"))
}

/// Whether a result is good news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    /// As it should be.
    Good,
    /// Needs attention.
    Bad,
    /// Neither.
    Plain,
}

/// A page for people; whatever comes from a database or a file is cleaned of control characters.
pub(super) struct ReportPage {
    text: String,
    width: u16,
}

impl ReportPage {
    pub(super) const fn new(width: u16) -> Self {
        Self { text: String::new(), width }
    }

    /// Returns the width of a line, in characters.
    pub(super) const fn width(&self) -> u16 {
        self.width
    }

    /// Writes the opening line, which says what happened.
    pub(super) fn lead(&mut self, mood: Mood, text: &str) {
        let style = match mood {
            Mood::Good => GOOD,
            Mood::Bad => WARN,
            Mood::Plain => BOLD,
        };
        self.text += &paint(style, &clean(text));
        self.text.push('\n');
    }

    /// Writes an empty line and a heading.
    pub(super) fn heading(&mut self, text: &str) {
        self.text += &format!("\n{}\n", paint(BOLD, &clean(text)));
    }

    pub(super) fn line(&mut self, text: &str) {
        self.text += &clean(text);
        self.text.push('\n');
    }

    pub(super) fn extend_lines(&mut self, lines: impl IntoIterator<Item = String>) {
        lines.into_iter().for_each(|line| self.line(&line));
    }

    pub(super) fn blank(&mut self) {
        self.text.push('\n');
    }

    /// Writes a dimmed line of secondary information.
    pub(super) fn aside(&mut self, text: &str) {
        self.text += &paint(DIM, &clean(text));
        self.text.push('\n');
    }

    /// Writes text that has its styles already; the caller cleaned it.
    pub(super) fn styled(&mut self, text: &str) {
        self.text += text;
        self.text.push('\n');
    }

    /// Writes labelled values, aligned; a long value wraps below itself.
    pub(super) fn fields(&mut self, fields: &[(&str, String)]) {
        let wide = fields.iter().map(|(label, _)| label.len()).max().unwrap_or_default();
        for (label, value) in fields {
            let indent = " ".repeat(wide + 2);
            // On a very narrow screen lines are too long rather than one letter each.
            let room = usize::from(self.width).saturating_sub(wide + 2).max(20);
            let lines = wrap_text(&clean(value), room);
            let label = paint(DIM, &format!("{label:wide$}"));
            self.text += &format!("{label}  {}\n", lines.join(&format!("\n{indent}")));
        }
    }

    /// Writes a paragraph, wrapped and indented.
    pub(super) fn paragraph(&mut self, indent: usize, text: &str) {
        let room = usize::from(self.width).saturating_sub(indent).max(20);
        for line in wrap_text(&clean(text), room) {
            self.text += &format!("{:indent$}{line}\n", "");
        }
    }

    pub(super) fn table(&mut self, content: &ReportTable) {
        let mut table = Table::new();
        table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(self.width);
        let longest = content.longest_words();
        table.set_header(content.head.iter().map(|head| Cell::new(head.to_uppercase().replace('_', " "))));
        for row in &content.rows {
            table.add_row(row.iter().map(|cell| Cell::new(clean(cell))));
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
            // Left to itself the layout would break words, ids among them, to widen other columns.
            let word = longest.get(column.index).map_or(0, |longest| (*longest).min(WORD_MAX));
            // The padding counts as part of the width.
            let width = u16::try_from(word + GAP).unwrap_or(u16::MAX);
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(width)));
        }
        for line in table.lines() {
            self.text += line.trim_end();
            self.text.push('\n');
        }
    }
}

/// Wraps text at spaces into lines of at most `room` characters; a longer word stays whole.
fn wrap_text(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().map_or(0, |line| line.chars().count());
        if line > 0 && line + 1 + word.chars().count() > room {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

/// Joins items with commas.
pub(super) fn join_list<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

/// Returns a value as text, empty for `None`.
pub(super) fn or_empty<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

/// Returns `yes` or `no`.
pub(super) fn yes_or_no(flag: bool) -> String {
    if flag { "yes".to_owned() } else { "no".to_owned() }
}
