//! Folders of files that a domain's data come in and go out as: read piece by piece into tables, and written again.
//!
//! Nothing here holds a whole file, so that neither direction needs more memory for more data.

use std::ops::ControlFlow;

use super::import::ImportReport;
use super::lab::RowSink;
use super::scan::ScanReader;
use super::table::TableDef;

/// A domain's files as a folder holds them.
pub trait FolderFormat: Sync {
    /// Returns what a valid folder is, for the error text about any other.
    fn wanted(&self) -> &'static str;
    /// Returns the names among these that are read, in the order in which they are read.
    fn choose_files(&self, names: &[String]) -> Vec<String>;
    /// Returns the tables that a folder becomes, in the order in which they are created.
    fn tables(&self) -> Vec<TableDef>;
    /// Starts reading a folder.
    fn start_reader(&self) -> Box<dyn FolderReader>;
    /// Starts writing a folder from the tables; every file goes to the sink, piece by piece.
    fn start_writer<'s>(&self, sink: &'s mut FileSink<'s>) -> Box<dyn FolderWriter + 's>;
}

/// Reads the files of a folder, one after the other.
pub trait FolderReader {
    /// Begins a file.
    fn begin_file(&mut self, name: &str);
    /// Takes the next bytes of the file, and passes on the rows that they complete; a break of the sink ends the file.
    ///
    /// # Errors
    /// A sentence that names the file and the place at fault.
    fn take_bytes(&mut self, bytes: &[u8], sink: &mut RowSink<'_>) -> Result<ControlFlow<()>, String>;
    /// Ends the file, with the SHA-256 of its bytes in hexadecimal, and says what was read and what was odd.
    ///
    /// # Errors
    /// The file ends too early.
    fn end_file(&mut self, digest: &str, sink: &mut RowSink<'_>) -> Result<ImportReport, String>;
}

/// Takes a piece of a file: the file's name, and the bytes that follow the earlier ones. A break ends the writing.
pub type FileSink<'a> = dyn FnMut(&str, &[u8]) -> ControlFlow<()> + 'a;

/// Writes the files of a folder: asks for scans, and passes on what they become.
pub trait FolderWriter: ScanReader {
    /// Ends the writing.
    ///
    /// # Errors
    /// A sentence that says what the tables lack.
    fn finish(self: Box<Self>) -> Result<(), String>;
}
