//! The tables as the folder that they were read from. What no fault touches is the same byte for byte.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::MANIFEST;
use crate::domain::folder::{FileSink, FolderWriter};
use crate::domain::scan::{ScanReader, ScanRequest};
use crate::domains::openonco::schema::{FILES, SOURCES};
use crate::model::{Filter, Row, Table, Value};

/// What stands around the records of a file.
struct FileFrame {
    number: i64,
    name: String,
    category: Option<String>,
    opening: String,
    closing: String,
}

/// Starts writing.
pub(super) fn start_writer<'s>(sink: &'s mut FileSink<'s>) -> Box<dyn FolderWriter + 's> {
    Box::new(CatalogueWriter { sink, step: Step::Files, frames: Vec::new(), written: 0, stopped: false, missing: None })
}

/// What is read now.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Files,
    Records(usize),
}

struct CatalogueWriter<'s> {
    sink: &'s mut FileSink<'s>,
    step: Step,
    frames: Vec<FileFrame>,
    /// The number of records of this file that were written.
    written: u64,
    stopped: bool,
    missing: Option<&'static str>,
}

impl CatalogueWriter<'_> {
    fn write_text(&mut self, name: &str, text: &str) {
        if !self.stopped {
            self.stopped = (self.sink)(name, text.as_bytes()).is_break();
        }
    }

    fn write_record(&mut self, name: &str, row: &Row<'_>) {
        let lead = join_lead(row.text("lead").unwrap_or_default(), self.written == 0);
        self.written += 1;
        self.write_text(name, &lead);
        self.write_text(name, row.text("text").unwrap_or("null"));
    }
}

/// Returns what stands before a record, with a comma for every record but the first: the one that came before it may be
/// gone, or have come.
fn join_lead(lead: &str, is_first: bool) -> String {
    match (lead.contains(','), is_first) {
        (true, true) => lead.replacen(',', "", 1),
        (false, false) => format!(",{lead}"),
        _ => lead.to_owned(),
    }
}

impl ScanReader for CatalogueWriter<'_> {
    fn next_scan(&mut self) -> Option<ScanRequest> {
        if self.stopped || self.missing.is_some() {
            return None;
        }
        let at = match self.step {
            Step::Files if self.frames.is_empty() => return Some(ScanRequest::every_row(FILES, &[])),
            Step::Files => 0,
            Step::Records(at) => at,
        };
        let frame = self.frames.get(at)?;
        let (name, opening) = (frame.name.clone(), frame.opening.clone());
        // Files without a category have no records; their text is all opening.
        let category = frame.category.clone().unwrap_or_default();
        (self.step, self.written) = (Step::Records(at), 0);
        self.write_text(&name, &opening);
        let of_category = Filter::In { column: "category".to_owned(), values: [Value::Text(category)].into() };
        Some(ScanRequest::every_row(SOURCES, &["record", "category", "lead", "text"]).filter(of_category))
    }

    fn begin_scan(&mut self, table: Option<&Arc<Table>>) {
        if table.is_none() {
            self.missing = Some(if self.step == Step::Files { FILES } else { SOURCES });
        }
    }

    fn take_rows(&mut self, rows: &[Row<'_>]) -> ControlFlow<()> {
        match self.step {
            Step::Files => self.frames.extend(rows.iter().map(read_frame)),
            Step::Records(at) => {
                let Some(name) = self.frames.get(at).map(|frame| frame.name.clone()) else {
                    return ControlFlow::Break(());
                };
                rows.iter().for_each(|row| self.write_record(&name, row));
            }
        }
        if self.stopped { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn end_scan(&mut self) {
        match self.step {
            Step::Files => {
                self.frames.sort_by_key(|frame| frame.number);
                self.step = Step::Records(0);
            }
            Step::Records(at) => {
                if let Some(FileFrame { name, closing, .. }) = self.frames.get(at) {
                    let (name, closing) = (name.clone(), closing.clone());
                    self.write_text(&name, &closing);
                }
                self.step = Step::Records(at + 1);
            }
        }
    }
}

fn read_frame(row: &Row<'_>) -> FileFrame {
    let text = |column: &str| row.text(column).unwrap_or_default().to_owned();
    FileFrame {
        number: row.integer("number").unwrap_or_default(),
        name: row.text("file").unwrap_or(MANIFEST).to_owned(),
        category: row.text("category").map(str::to_owned),
        opening: text("opening"),
        closing: text("closing"),
    }
}

impl FolderWriter for CatalogueWriter<'_> {
    fn finish(self: Box<Self>) -> Result<(), String> {
        match self.missing {
            Some(table) => Err(format!("there is no table {table}")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::join_lead;

    #[test]
    fn commas_stand_between_records_whichever_are_gone() {
        assert_eq!(join_lead(",\n  ", false), ",\n  ");
        assert_eq!(join_lead(",\n  ", true), "\n  ");
        assert_eq!(join_lead("\n  ", false), ",\n  ");
        assert_eq!(join_lead("\n  ", true), "\n  ");
    }
}
