//! Writes an export line by line, as JSON lines or CSV.

use std::io::{self, BufWriter, Write};

use mfm_journal::{Change, ChosenKeys, Entry, Journal, Operation, Value};
use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use super::Form;
use super::redaction::{Redaction, ShownCell, ShownChange};
use crate::domains;
use crate::model::shown;
use crate::ops::log;

/// The schema of the header of a JSON-lines export.
pub(super) const SCHEMA: &str = "mfm/audit-export/1";

/// The columns of a CSV export.
pub(super) const COLUMNS: [&str; 21] = [
    "op",
    "uid",
    "seq",
    "at",
    "actor",
    "action",
    "tool",
    "variant",
    "target",
    "table",
    "key",
    "kind",
    "column",
    "before",
    "before_class",
    "after",
    "after_class",
    "before_digest",
    "after_digest",
    "verdict",
    "verdict_digest",
];

/// The writer of each form.
enum LineSink<'a> {
    Json(BufWriter<&'a mut dyn Write>),
    // In a box because the writer is several times larger than the other variant.
    Csv(Box<csv::Writer<&'a mut dyn Write>>),
}

/// Writes the lines of an export in one form.
pub(super) struct ExportLines<'a> {
    sink: LineSink<'a>,
    redaction: Redaction,
}

/// A line's kind, before its other fields, so that a reader can tell kinds apart early.
#[derive(Serialize)]
struct LineHead<T> {
    line: &'static str,
    #[serde(flatten)]
    rest: T,
}

/// The first line of a JSON-lines export.
#[derive(Serialize)]
struct ExportHeader<'a> {
    schema: &'static str,
    journal_id: mfm_journal::Digest,
    head: mfm_journal::Head,
    root: mfm_journal::Digest,
    entries: [u64; 2],
    op: Option<u64>,
    redaction: &'static str,
    identifying: &'a std::collections::BTreeMap<String, Vec<String>>,
}

/// An entry, with its time also as RFC 3339 text.
#[derive(Serialize)]
struct EntryLine<'a> {
    #[serde(flatten)]
    entry: &'a Entry,
    at: String,
}

impl<'a> ExportLines<'a> {
    /// Returns a writer in a form; nothing is written yet.
    pub(super) fn new(form: Form, redaction: Redaction, out: &'a mut dyn Write) -> Self {
        let sink = match form {
            Form::Jsonl => LineSink::Json(BufWriter::new(out)),
            Form::Csv => {
                // RFC 4180 ends lines with CRLF.
                let mut builder = csv::WriterBuilder::new();
                LineSink::Csv(Box::new(builder.terminator(csv::Terminator::CRLF).from_writer(out)))
            }
        };
        Self { sink, redaction }
    }

    /// Writes the first line: for CSV, the column names.
    pub(super) fn write_header(&mut self, journal: &Journal, op: Option<u64>, entries: [u64; 2]) -> io::Result<()> {
        match &mut self.sink {
            LineSink::Csv(out) => out.write_record(COLUMNS).map_err(from_csv_error),
            LineSink::Json(out) => {
                let header = ExportHeader {
                    schema: SCHEMA,
                    journal_id: journal.id(),
                    head: journal.head(),
                    root: journal.root(),
                    entries,
                    op,
                    redaction: self.redaction.word(),
                    identifying: &domains::identifying_columns(),
                };
                write_object(out, &header)
            }
        }
    }

    /// Writes an entry; left out in CSV.
    pub(super) fn write_entry(&mut self, entry: &Entry) -> io::Result<()> {
        match &mut self.sink {
            LineSink::Csv(_) => Ok(()),
            LineSink::Json(out) => {
                let at = log::render_timestamp(entry.at_us);
                write_object(out, &LineHead { line: "entry", rest: EntryLine { entry, at } })
            }
        }
    }

    /// Writes the key of a chosen record; left out in CSV.
    pub(super) fn write_chosen_key(&mut self, op: u64, chosen: &ChosenKeys, key: &[Value]) -> io::Result<()> {
        match &mut self.sink {
            LineSink::Csv(_) => Ok(()),
            LineSink::Json(out) => {
                let key = self.redaction.redact_key(&chosen.table, &chosen.columns, key);
                write_object(
                    out,
                    &LineHead { line: "chosen", rest: json!({"op": op, "table": chosen.table, "key": key}) },
                )
            }
        }
    }

    /// Writes a change: one object in JSON, one line per cell in CSV.
    pub(super) fn write_change(&mut self, operation: &Operation, change: &Change) -> io::Result<()> {
        let shown = self.redaction.redact_change(change);
        match &mut self.sink {
            LineSink::Csv(out) => write_cells(out, operation, change, &shown),
            LineSink::Json(out) => {
                let names = change.column_names();
                let [before, after] = [&shown.before, &shown.after].map(|cells| row_to_json(&names, cells.as_deref()));
                let rest = json!({
                    "op": operation.op, "table": change.table.name, "key": shown.key, "kind": change.action.as_str(),
                    "before": before, "after": after,
                    "before_digest": shown.before_digest, "after_digest": shown.after_digest,
                });
                write_object(out, &LineHead { line: "change", rest })
            }
        }
    }

    /// Flushes the writer, and returns the number of redacted cells.
    pub(super) fn finish(mut self) -> io::Result<u64> {
        match &mut self.sink {
            LineSink::Json(out) => out.flush()?,
            LineSink::Csv(out) => out.flush()?,
        }
        Ok(self.redaction.redacted_cells())
    }
}

/// Returns the cells of one side of a change by column; null where there is no row.
fn row_to_json(names: &[&str], cells: Option<&[ShownCell]>) -> Json {
    let Some(cells) = cells else { return Json::Null };
    let mut map = Map::new();
    for (name, cell) in names.iter().zip(cells) {
        map.insert((*name).to_owned(), cell.json.clone());
    }
    Json::Object(map)
}

fn write_object<T: Serialize>(out: &mut BufWriter<&mut dyn Write>, value: &T) -> io::Result<()> {
    let text = serde_json::to_string(value)?;
    out.write_all(shown::escape_json(&text).as_bytes())?;
    out.write_all(b"\n")
}

/// Writes the CSV lines of a change: one per cell, or one without a column for a row that needed no change.
fn write_cells(
    out: &mut csv::Writer<&mut dyn Write>,
    operation: &Operation,
    change: &Change,
    shown: &ShownChange,
) -> io::Result<()> {
    let names = change.column_names();
    let columns: Vec<Option<&str>> = if names.is_empty() { vec![None] } else { names.into_iter().map(Some).collect() };
    for (at, column) in columns.into_iter().enumerate() {
        let head = render_columns(operation, change, &shown.key);
        let [before, after] =
            [&shown.before, &shown.after].map(|cells| match cells.as_ref().and_then(|cells| cells.get(at)) {
                Some(cell) => [cell.json.to_string(), cell.class.to_owned()],
                None => [String::new(), String::new()],
            });
        let column = [column.unwrap_or_default().to_owned()];
        let digests = [render_digest(&shown.before_digest), render_digest(&shown.after_digest)];
        let verdict = operation.verdict.map_or("", |verdict| verdict.as_str()).to_owned();
        let sealed = operation.sealed.as_ref().map(|entry| entry.digest.to_string()).unwrap_or_default();
        let parts = head.into_iter().chain(column).chain(before).chain(after);
        let line = parts.chain(digests).chain([verdict, sealed]);
        // A spreadsheet would run a cell that begins like a formula.
        out.write_record(line.map(|cell| shown::guard_cell(&cell).into_owned())).map_err(from_csv_error)?;
    }
    Ok(())
}

/// Returns the first twelve columns, which describe the operation and the row.
fn render_columns(operation: &Operation, change: &Change, key: &Json) -> [String; 12] {
    [
        operation.op.to_string(),
        operation.uid.to_string(),
        operation.intended_seq.to_string(),
        log::render_timestamp(operation.at_us),
        operation.actor.clone(),
        if operation.reverts.is_some() { "revert" } else { "apply" }.to_owned(),
        operation.label.tool.clone(),
        operation.label.variant.clone(),
        operation.target.name.clone(),
        change.table.name.clone(),
        key.to_string(),
        change.action.as_str().to_owned(),
    ]
}

/// Returns a digest as a CSV field: the bare digits, nothing where there is no row, or the mark of a redacted one.
fn render_digest(json: &Json) -> String {
    match json {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Unwraps the I/O error, so that the caller can recognise a closed pipe.
fn from_csv_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}
