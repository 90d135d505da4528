//! What a result looks like: a page for people, a sheet for shell tools; the JSON is the result itself.

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
    /// Writes it for people.
    fn render_page(&self, page: &mut ReportPage);
    /// Returns it for shell tools.
    fn to_table(&self) -> ReportTable;
}

/// Shows a result in the format asked for.
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

/// Returns a result as people read it, with its styles.
pub(super) fn render_report<R: Report>(settings: &Settings, report: &R) -> String {
    let mut page = ReportPage::new(settings.width);
    report.render_page(&mut page);
    page.text
}

/// The longest word that makes its column as wide as itself.
const WORD_MAX: usize = 36;

/// Rows under a header.
#[derive(Clone, Debug, Default)]
pub(super) struct ReportTable {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl ReportTable {
    /// Makes an empty sheet.
    pub(super) fn new(head: &[&'static str]) -> Self {
        Self::from_columns(head.iter().map(|word| (*word).to_owned()).collect())
    }

    /// Makes an empty sheet under heads that only the result knows.
    pub(super) const fn from_columns(head: Vec<String>) -> Self {
        Self { head, rows: Vec::new() }
    }

    /// Adds a row.
    pub(super) fn push_row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Returns the sheet with these rows.
    pub(super) fn with_rows(mut self, rows: impl IntoIterator<Item = Vec<String>>) -> Self {
        self.rows.extend(rows);
        self
    }

    /// Returns the length of the longest word of each column.
    fn longest_words(&self) -> Vec<usize> {
        let longest = |text: &str| text.split_whitespace().map(|word| word.chars().count()).max().unwrap_or(0);
        let mut all: Vec<usize> = self.head.iter().map(|head| longest(&head.replace('_', " "))).collect();
        for row in &self.rows {
            all.iter_mut().zip(row).for_each(|(known, cell)| *known = longest(cell).max(*known));
        }
        all
    }

    /// Returns comma-separated values under a header line; no cell is a formula.
    ///
    /// # Errors
    /// What the writer says.
    pub(super) fn to_csv(&self) -> Result<String, Failure> {
        let failure = |why: String| {
            let message = format!("could not write the result as CSV: {why}");
            Failure::new(crate::ops::FailureKind::Found, "output", message, "--format plain writes it with tabs")
        };
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(&self.head).map_err(|error| failure(error.to_string()))?;
        let disarmed =
            |row: &Vec<String>| writer.write_record(row.iter().map(|cell| shown::guard_cell(cell).into_owned()));
        self.rows.iter().try_for_each(disarmed).map_err(|error| failure(error.to_string()))?;
        let bytes = writer.into_inner().map_err(|error| failure(error.to_string()))?;
        String::from_utf8(bytes).map_err(|error| failure(error.to_string()))
    }

    /// Returns tab-separated values under a header line; tabs, line breaks and backslashes are escaped, and no
    /// cell is a formula.
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

fn escape_cell(cell: &str) -> String {
    clean(&shown::guard_cell(cell).replace('\\', "\\\\"))
}

/// How a result is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    /// As it should be.
    Good,
    /// Wants attention.
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
    /// Makes an empty page.
    pub(super) const fn new(width: u16) -> Self {
        Self { text: String::new(), width }
    }

    /// Returns how many characters a line has room for.
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

    /// Writes a line.
    pub(super) fn line(&mut self, text: &str) {
        self.text += &clean(text);
        self.text.push('\n');
    }

    /// Writes lines.
    pub(super) fn extend_lines(&mut self, lines: impl IntoIterator<Item = String>) {
        lines.into_iter().for_each(|line| self.line(&line));
    }

    /// Writes an empty line.
    pub(super) fn blank(&mut self) {
        self.text.push('\n');
    }

    /// Writes a line of lesser interest.
    pub(super) fn aside(&mut self, text: &str) {
        self.text += &paint(DIM, &clean(text));
        self.text.push('\n');
    }

    /// Writes text that carries its own styles and was cleaned before.
    pub(super) fn styled(&mut self, text: &str) {
        self.text += text;
        self.text.push('\n');
    }

    /// Writes labelled values, aligned; a long value continues below itself.
    pub(super) fn fields(&mut self, fields: &[(&str, String)]) {
        let wide = fields.iter().map(|(label, _)| label.len()).max().unwrap_or_default();
        for (label, value) in fields {
            let indent = " ".repeat(wide + 2);
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

    /// Writes a table.
    pub(super) fn table(&mut self, sheet: &ReportTable) {
        let mut table = Table::new();
        table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(self.width);
        let longest = sheet.longest_words();
        table.set_header(sheet.head.iter().map(|head| Cell::new(head.to_uppercase().replace('_', " "))));
        for row in &sheet.rows {
            table.add_row(row.iter().map(|cell| Cell::new(clean(cell))));
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
            // A word is never broken while there is room for it.
            let word = longest.get(column.index).map_or(0, |longest| (*longest).min(WORD_MAX));
            let width = u16::try_from(word + 2).unwrap_or(u16::MAX);
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(width)));
        }
        for line in table.lines() {
            self.text += line.trim_end();
            self.text.push('\n');
        }
    }
}

/// Breaks text at spaces into lines of at most so many characters; a longer word stays whole.
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

/// Returns a list with commas.
pub(super) fn join_list<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

/// Returns `yes` or `no`.
pub(super) fn yes_or_no(flag: bool) -> String {
    if flag { "yes".to_owned() } else { "no".to_owned() }
}
