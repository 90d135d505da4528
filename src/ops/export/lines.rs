//! The two forms of an export, written line by line; decides nothing about what is shown.

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

/// Where the lines go.
enum LineSink<'a> {
    Json(BufWriter<&'a mut dyn Write>),
    Csv(Box<csv::Writer<&'a mut dyn Write>>),
}

/// Lines of one form.
pub(super) struct ExportLines<'a> {
    sink: LineSink<'a>,
    redaction: Redaction,
}

/// What a line is, in front of everything else that it holds.
#[derive(Serialize)]
struct LineHead<T> {
    line: &'static str,
    #[serde(flatten)]
    rest: T,
}

/// The first line.
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

/// An entry, with its time as people write it too.
#[derive(Serialize)]
struct EntryLine<'a> {
    #[serde(flatten)]
    entry: &'a Entry,
    at: String,
}

impl<'a> ExportLines<'a> {
    /// Begins to write.
    pub(super) fn new(form: Form, redaction: Redaction, out: &'a mut dyn Write) -> Self {
        let sink = match form {
            Form::Jsonl => LineSink::Json(BufWriter::new(out)),
            Form::Csv => {
                let mut builder = csv::WriterBuilder::new();
                LineSink::Csv(Box::new(builder.terminator(csv::Terminator::CRLF).from_writer(out)))
            }
        };
        Self { sink, redaction }
    }

    /// Writes the first line.
    pub(super) fn write_header(&mut self, journal: &Journal, op: Option<u64>, entries: [u64; 2]) -> io::Result<()> {
        match &mut self.sink {
            LineSink::Csv(out) => out.write_record(COLUMNS).map_err(of_csv),
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

    /// Writes an entry; CSV has none.
    pub(super) fn write_entry(&mut self, entry: &Entry) -> io::Result<()> {
        match &mut self.sink {
            LineSink::Csv(_) => Ok(()),
            LineSink::Json(out) => {
                let at = log::render_timestamp(entry.at_us);
                write_object(out, &LineHead { line: "entry", rest: EntryLine { entry, at } })
            }
        }
    }

    /// Writes a key that a selector chose; CSV has none.
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

    /// Writes a change: one object, or one line a cell.
    pub(super) fn write_change(&mut self, operation: &Operation, change: &Change) -> io::Result<()> {
        let shown = self.redaction.redact_change(change);
        match &mut self.sink {
            LineSink::Csv(out) => write_cells(out, operation, change, &shown),
            LineSink::Json(out) => {
                let names = change.column_names();
                let row = |cells: &Option<Vec<ShownCell>>| match cells {
                    None => Json::Null,
                    Some(cells) => {
                        let cells = names.iter().zip(cells).map(|(name, cell)| ((*name).to_owned(), cell.json.clone()));
                        Json::Object(cells.collect::<Map<_, _>>())
                    }
                };
                let rest = json!({
                    "op": operation.op, "table": change.table.name, "key": shown.key, "kind": change.action.as_str(),
                    "before": row(&shown.before), "after": row(&shown.after),
                    "before_digest": shown.before_digest, "after_digest": shown.after_digest,
                });
                write_object(out, &LineHead { line: "change", rest })
            }
        }
    }

    /// Writes what is left, and returns how many cells were redacted.
    pub(super) fn finish(mut self) -> io::Result<u64> {
        match &mut self.sink {
            LineSink::Json(out) => out.flush()?,
            LineSink::Csv(out) => out.flush()?,
        }
        Ok(self.redaction.redacted_cells())
    }
}

fn write_object<T: Serialize>(out: &mut BufWriter<&mut dyn Write>, value: &T) -> io::Result<()> {
    let text = serde_json::to_string(value)?;
    out.write_all(shown::escape_json(&text).as_bytes())?;
    out.write_all(b"\n")
}

/// The lines of a change: one a cell, or one without a column for a row found as wanted.
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
        let cell = |cells: &Option<Vec<ShownCell>>| match cells.as_ref().and_then(|cells| cells.get(at)) {
            Some(cell) => [cell.json.to_string(), cell.class.to_owned()],
            None => [String::new(), String::new()],
        };
        let column = [column.unwrap_or_default().to_owned()];
        let digests = [render_digest(&shown.before_digest), render_digest(&shown.after_digest)];
        let verdict = operation.verdict.map_or("", |verdict| verdict.as_str()).to_owned();
        let sealed = operation.sealed.as_ref().map(|entry| entry.digest.to_string()).unwrap_or_default();
        let parts = head.into_iter().chain(column).chain(cell(&shown.before)).chain(cell(&shown.after));
        let line = parts.chain(digests).chain([verdict, sealed]);
        out.write_record(line.map(|cell| shown::guard_cell(&cell).into_owned())).map_err(of_csv)?;
    }
    Ok(())
}

/// What every line of an operation's change begins with.
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

/// Returns a digest as a CSV field: bare, empty where there is no row, the mark where it is not shown.
fn render_digest(json: &Json) -> String {
    match json {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Keeps a reader that went away apart from other failures.
fn of_csv(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}
