//! A folder of JSON files as tables, and the tables as that folder again, byte for byte.

mod array;
mod report;
#[cfg(test)]
mod tests;
mod write;

use std::ops::ControlFlow;

use self::array::{ArrayCutter, Element};
use self::report::{FileNotes, SeenIds};
use super::categories::{CATEGORIES, Category, of_file};
use super::columns;
use super::schema::{FILES, SOURCES, TESTS, table_definitions};
use crate::domain::folder::{FileSink, FolderFormat, FolderReader, FolderWriter};
use crate::domain::import::ImportReport;
use crate::domain::lab::RowSink;
use crate::domain::table::TableDef;
use crate::model::Datum;

/// The file beside the catalogues that says when and from where they were exported.
pub(super) const MANIFEST: &str = "manifest.json";
/// The largest manifest, in bytes.
const MANIFEST_BYTES_MAX: usize = 1 << 20;
/// Where catalogues in this format come from, and on which terms.
pub(super) const ORIGIN: &str = "OpenOnco (openonco.org), CC BY 4.0";

/// The format of this domain's folders.
#[derive(Clone, Copy, Debug)]
pub(super) struct CatalogueFolder;

impl FolderFormat for CatalogueFolder {
    fn wanted(&self) -> &'static str {
        "a catalogue is a folder with any of mrd.json, ecd.json, trm.json, hct.json, tds.json, cgp.json and pap.json, \
            each a JSON array of objects"
    }

    fn choose_files(&self, names: &[String]) -> Vec<String> {
        let mut chosen = Vec::new();
        for category in CATEGORIES {
            let of_category = |name: &&String| of_file(name).is_some_and(|known| known.id == category.id);
            let mut files: Vec<&String> = names.iter().filter(of_category).collect();
            // Where two names differ in case alone, the one as it is published goes first; a category has one file.
            files.sort_by_key(|name| **name != category.file());
            chosen.extend(files.first().map(|name| (*name).clone()));
        }
        // First, because it says from when the others are; alone it is no catalogue.
        if !chosen.is_empty() && names.iter().any(|name| name == MANIFEST) {
            chosen.insert(0, MANIFEST.to_owned());
        }
        chosen
    }

    fn tables(&self) -> Vec<TableDef> {
        table_definitions()
    }

    fn start_reader(&self) -> Box<dyn FolderReader> {
        Box::new(CatalogueReader::default())
    }

    fn start_writer<'s>(&self, sink: &'s mut FileSink<'s>) -> Box<dyn FolderWriter + 's> {
        write::start_writer(sink)
    }
}

/// Reads the files of a folder.
#[derive(Default)]
struct CatalogueReader {
    file: String,
    category: Option<&'static Category>,
    cutter: ArrayCutter,
    manifest: Vec<u8>,
    notes: FileNotes,
    /// The number of files read so far.
    files: i64,
    /// The number of records read so far, in all files.
    records: i64,
    seen: SeenIds,
    snapshot: Option<String>,
}

impl FolderReader for CatalogueReader {
    fn begin_file(&mut self, name: &str) {
        name.clone_into(&mut self.file);
        self.seen.files.push(name.to_owned());
        self.category = of_file(name);
        self.cutter = ArrayCutter::default();
        self.notes = FileNotes::default();
    }

    fn take_bytes(&mut self, bytes: &[u8], sink: &mut RowSink<'_>) -> Result<ControlFlow<()>, String> {
        let Some(category) = self.category else { return self.take_manifest(bytes) };
        let elements = self.cutter.take_bytes(bytes).map_err(|why| format!("{}: {why}", self.file))?;
        for element in elements {
            if self.pass_on(category, element, sink).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn end_file(&mut self, digest: &str, sink: &mut RowSink<'_>) -> Result<ImportReport, String> {
        self.files += 1;
        let (opening, closing) = match self.category {
            Some(_) => {
                let closing = self.cutter.finish().map_err(|why| format!("{}: {why}", self.file))?;
                (self.cutter.opening.clone(), closing)
            }
            None => (self.end_manifest()?, String::new()),
        };
        let id = self.category.map(|category| category.id);
        let report = self.notes.to_report(&self.file);
        let row = file_row(
            self.files,
            &self.file,
            id,
            [opening, closing],
            report.rows_read,
            digest,
            self.snapshot.as_deref(),
        );
        // A break is the caller's own, and tells it enough.
        let _ = sink(FILES, row);
        Ok(report)
    }
}

impl CatalogueReader {
    fn take_manifest(&mut self, bytes: &[u8]) -> Result<ControlFlow<()>, String> {
        self.manifest.extend_from_slice(bytes);
        if self.manifest.len() > MANIFEST_BYTES_MAX {
            return Err(format!("{MANIFEST} is larger than {MANIFEST_BYTES_MAX} bytes"));
        }
        Ok(ControlFlow::Continue(()))
    }

    fn end_manifest(&mut self) -> Result<String, String> {
        let text =
            String::from_utf8(std::mem::take(&mut self.manifest)).map_err(|_| format!("{MANIFEST} is not UTF-8"))?;
        let exported = super::source::read_member(&text, "exportedAt");
        self.snapshot = exported.and_then(|at| at.as_str().map(str::to_owned));
        if self.snapshot.is_none() {
            self.notes.remarks.push("it says in no `exportedAt` when it was exported".to_owned());
        }
        Ok(text)
    }

    /// Passes on the rows of a record.
    fn pass_on(&mut self, category: &Category, element: Element, sink: &mut RowSink<'_>) -> ControlFlow<()> {
        self.records += 1;
        self.notes.note_record(self.seen.files.len().saturating_sub(1), &element.text, &mut self.seen);
        let [test, source] = record_rows(self.records, category.id, element.lead, element.text);
        sink(TESTS, test)?;
        sink(SOURCES, source)
    }
}

/// Returns the two rows of a record.
pub(super) fn record_rows(record: i64, category: &str, lead: String, text: String) -> [Vec<Datum>; 2] {
    let test = columns::read_columns(record, category, &text);
    let source = vec![Datum::Integer(record), Datum::Text(category.to_owned()), Datum::Text(lead), Datum::Text(text)];
    [test, source]
}

/// Returns the row of a file: its number, name and category, what stands before and behind its records, their count,
/// its
/// digest, and from when it is.
pub(super) fn file_row(
    number: i64,
    file: &str,
    category: Option<&str>,
    [opening, closing]: [String; 2],
    records: u64,
    digest: &str,
    snapshot: Option<&str>,
) -> Vec<Datum> {
    let text = |text: Option<&str>| text.map_or(Datum::Null, |text| Datum::Text(text.to_owned()));
    vec![
        Datum::Integer(number),
        text(Some(file)),
        text(category),
        Datum::Text(opening),
        Datum::Text(closing),
        Datum::Integer(i64::try_from(records).unwrap_or(i64::MAX)),
        text(Some(digest)),
        text(Some(ORIGIN)),
        text(snapshot),
    ]
}
