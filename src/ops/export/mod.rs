//! `mfm audit export`: the journal as lines for scripts, entry by entry, with what identifies people redacted.

mod file;
mod lines;
mod redaction;

use std::io::Write;
use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use mfm_journal::{Digest, Entry, Head, Journal, JournalError, Operation};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::lines::ExportLines;
use self::redaction::Redaction;
use super::Card;
use super::context::Context;
use super::failure::Failure;
use super::output::{OutputKind, OutputStop};
use super::protected::ProtectedFiles;
use crate::file::FileAccess;
use crate::model::Refusal;
use crate::model::next_step::{Flag, give};
use crate::model::ports::Danger;

/// The command's card.
pub const CARD: Card =
    Card { name: "audit export", danger: Danger::Read, about: "Write the journal as JSON lines or CSV, for scripts" };

/// What it writes.
const EXPORT: OutputKind = OutputKind {
    name: "export",
    failure: |message| Failure::usage("export_file", message, "choose a path that can be written"),
    occupied: "it exists and is not an export",
    option: "writes it to a file",
};

/// As what to write.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// One JSON object per line: a header, every entry, every change
    #[default]
    Jsonl,
    /// One line per changed cell, with a header line (RFC 4180)
    Csv,
}

/// What to export.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Request {
    /// The output format
    #[arg(long = "as", value_enum, value_name = "FORM", default_value_t = Form::Jsonl)]
    #[serde(rename = "as")]
    pub form: Form,
    /// Write to this file instead of stdout; only an earlier export is replaced
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Only this operation: its entries and its changes
    #[arg(long, value_name = "OP")]
    pub op: Option<u64>,
    /// Start with this entry [default: the first]
    #[arg(long, value_name = "SEQ")]
    pub from: Option<u64>,
    /// End with this entry [default: the newest]
    #[arg(long, value_name = "SEQ")]
    pub to: Option<u64>,
    /// Include columns that identify patients and staff, and free text
    #[arg(long)]
    pub include_phi: bool,
}

/// The result of an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// The journal read.
    pub journal: PathBuf,
    /// The journal's id.
    pub journal_id: Digest,
    /// The journal's newest entry when it was opened.
    pub head: Head,
    /// The file written; null for stdout.
    pub file: Option<PathBuf>,
    /// The form in which it was written.
    #[serde(rename = "as")]
    pub form: Form,
    /// Number of entries exported.
    pub entries: u64,
    /// Number of row changes exported.
    pub changes: u64,
    /// Number of cells redacted.
    pub redacted: u64,
    /// Whether the reader closed the pipe before the end.
    pub cut: bool,
}

/// Writes the journal to `out`, or to the file that the request names; holds one chunk of changes in memory at a time.
///
/// # Errors
/// Usage; [`Refusal::NoOperation`]; a journal error, after everything before it was written; a file system error. A
/// reader that closed the pipe is no error.
pub fn run(context: &Context<'_>, request: &Request, out: &mut dyn Write) -> Result<Outcome, Failure> {
    if let (Some(from), Some(to)) = (request.from, request.to)
        && from > to
    {
        let message = format!("there is no entry between {from} and {to}");
        return Err(Failure::usage("export_range", message, give(Flag::From, "takes the smaller number")));
    }
    let journal = context.open_journal()?;
    let walk = ExportWalk::new(context, request, &journal);
    let outcome = match &request.output {
        None => to_stream(walk, out)?,
        Some(path) => {
            ProtectedFiles::from_context(context).refuse(path)?;
            // Identifying columns are for the user alone, whatever the umask says.
            let access = if request.include_phi { FileAccess::Private } else { FileAccess::Shared };
            EXPORT.write_file(path, access, file::is_export, |out| walk.write_to(out))?
        }
    };
    Ok(outcome)
}

fn to_stream(walk: ExportWalk<'_>, out: &mut dyn Write) -> Result<Outcome, Failure> {
    let begun = walk.outcome.clone();
    let written = EXPORT.end_stream(walk.write_to(out))?;
    Ok(written.unwrap_or(Outcome { cut: true, ..begun }))
}

/// An export under way.
struct ExportWalk<'a> {
    context: &'a Context<'a>,
    request: &'a Request,
    journal: &'a Journal,
    outcome: Outcome,
}

impl<'a> ExportWalk<'a> {
    fn new(context: &'a Context<'a>, request: &'a Request, journal: &'a Journal) -> Self {
        let outcome = Outcome {
            journal: context.journal.clone(),
            journal_id: journal.id(),
            head: journal.head(),
            file: request.output.clone(),
            form: request.form,
            entries: 0,
            changes: 0,
            redacted: 0,
            cut: false,
        };
        Self { context, request, journal, outcome }
    }

    /// Returns the sequence numbers of the first and the last entry to read.
    fn entry_range(&self) -> Result<(u64, u64), OutputStop> {
        let from = self.request.from.unwrap_or(1).max(1);
        let to = self.request.to.unwrap_or(u64::MAX).min(self.journal.head().seq);
        let Some(op) = self.request.op else { return Ok((from, to)) };
        // No entry of an operation precedes its `intended` entry.
        Ok((from.max(self.find_operation(op)?.intended_seq), to))
    }

    fn find_operation(&self, op: u64) -> Result<Operation, OutputStop> {
        self.journal.read_operation(op)?.ok_or_else(|| OutputStop::Failed(Refusal::NoOperation { op }.into()))
    }

    fn write_to(mut self, out: &mut dyn Write) -> Result<Outcome, OutputStop> {
        let (first, last) = self.entry_range()?;
        let redaction = Redaction::new(self.request.include_phi);
        let mut lines = ExportLines::new(self.request.form, redaction, out);
        lines.write_header(self.journal, self.request.op, [first, last])?;
        let result = self.write_entries(first, last, &mut lines);
        // Flushed in any case: what precedes a broken entry is worth having.
        let redacted = lines.finish();
        result?;
        self.outcome.redacted = redacted?;
        Ok(self.outcome)
    }

    fn write_entries(&mut self, first: u64, last: u64, lines: &mut ExportLines<'_>) -> Result<(), OutputStop> {
        let mut result = Ok(());
        self.journal.visit_entries(first, &mut |entry| {
            if entry.seq > last {
                return ControlFlow::Break(());
            }
            self.context.reporter.progress("exporting the journal", entry.seq - first, last - first + 1);
            result = self.context.go_on().map_err(OutputStop::Failed);
            if result.is_ok() && self.request.op.is_none_or(|op| entry.op == Some(op)) {
                result = self.write_entry(&entry, lines);
            }
            if result.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        result
    }

    fn write_entry(&mut self, entry: &Entry, lines: &mut ExportLines<'_>) -> Result<(), OutputStop> {
        self.outcome.entries += 1;
        lines.write_entry(entry)?;
        match entry.op.filter(|_| entry.kind == "intended") {
            None => Ok(()),
            Some(op) => self.write_operation(op, lines),
        }
    }

    fn write_operation(&mut self, op: u64, lines: &mut ExportLines<'_>) -> Result<(), OutputStop> {
        let operation = self.find_operation(op)?;
        stream_writes(|visit| {
            self.journal.visit_chosen_keys(&operation, &mut |part| {
                visit(
                    part.keys.iter().try_for_each(|key| lines.write_chosen_key(op, &part, key)).map_err(OutputStop::Io),
                )
            })
        })?;
        self.write_changes(&operation, lines)
    }

    fn write_changes(&mut self, operation: &Operation, lines: &mut ExportLines<'_>) -> Result<(), OutputStop> {
        let (written, context) = (&mut self.outcome.changes, self.context);
        stream_writes(|visit| {
            self.journal.visit_changes(operation, &mut |change| {
                *written += 1;
                let go_on = context.go_on().map_err(OutputStop::Failed);
                visit(go_on.and_then(|()| Ok(lines.write_change(operation, &change)?)))
            })
        })
    }
}

/// Runs a walk through the journal that ends at the first line that fails, and returns the error of that line.
///
/// The journal's visitors only know how to go on or to stop; the error is carried past them.
fn stream_writes(
    walk: impl FnOnce(&mut dyn FnMut(Result<(), OutputStop>) -> ControlFlow<()>) -> Result<(), JournalError>,
) -> Result<(), OutputStop> {
    let mut result = Ok(());
    walk(&mut |line| {
        result = line;
        if result.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    result
}
