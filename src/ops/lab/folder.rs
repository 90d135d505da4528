//! Imports of folders that are read piece by piece, and their proof: the database is written as a folder again, and
//! every
//! byte compared.

use std::fs::File;
use std::io::Read as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::import::{Outcome, Request};
use super::{LabSink, Origin, make_lab};
use crate::domain::Domain;
use crate::domain::folder::FolderFormat;
use crate::file;
use crate::ops::pump::ScanRunner;
use crate::ops::{Context, Failure, FailureKind};
use crate::targets::{FolderRead, Target, read_folder};

/// Imports a folder, and proves that it can be written again as it was.
///
/// # Errors
/// As [`super::import::run`].
pub(super) fn run(
    context: &Context<'_>,
    request: &Request,
    domain: &'static dyn Domain,
    format: &'static dyn FolderFormat,
) -> Result<Outcome, Failure> {
    let source = &request.source;
    let mut read = FolderRead::default();
    let origin = Origin::Somebodys(&request.overrides);
    let (made, mut target) = make_lab(context, &request.url, request.name.as_deref(), domain, origin, &mut |sink| {
        read = fill_lab(context, format, source, sink)?;
        Ok(())
    })?;
    let bytes = prove_bytes(context, format, source, target.as_mut())?;
    let reports = read.files.into_iter().map(|file| file.report).collect();
    let (domain, source, others) = (domain.card().id, source.clone(), read.others);
    let bytes_proved = Some(bytes);
    Ok(Outcome { made, domain, source, reports, cells_proved: 0, bytes_proved, others, synthetic: false })
}

/// Creates the tables of a lab, and fills them from a folder.
fn fill_lab(
    context: &Context<'_>,
    format: &dyn FolderFormat,
    source: &Path,
    sink: &mut LabSink,
) -> Result<FolderRead, Failure> {
    for table in format.tables() {
        sink.create_table(&table)?;
    }
    let (mut rows, mut failure) = (0_u64, None);
    let read = read_folder(format, source, &mut |table, cells| {
        rows += 1;
        if rows.is_multiple_of(4096) {
            context.reporter.progress("importing rows", rows, 0);
            failure = context.go_on().err();
        }
        failure = failure.take().or_else(|| sink.write_row(table, &cells).err().map(Failure::from));
        if failure.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    if let Some(failure) = failure {
        return Err(failure);
    }
    let read = read.map_err(|why| not_a_folder(format, source, &why))?;
    if read.files.is_empty() {
        return Err(not_a_folder(format, source, "it has no file of this format"));
    }
    Ok(read)
}

fn not_a_folder(format: &dyn FolderFormat, source: &Path, why: &str) -> Failure {
    let message = format!("could not import {}: {why}", source.display());
    Failure::usage("import_source", message, format.wanted())
}

/// Writes the database as a folder again, without a file, and compares it with the files byte by byte; returns how
/// many.
fn prove_bytes(
    context: &Context<'_>,
    format: &dyn FolderFormat,
    source: &Path,
    target: &mut dyn Target,
) -> Result<u64, Failure> {
    let mut proof = FolderProof { folder: source.to_owned(), open: None, bytes: 0, differs: None };
    let mut take = |name: &str, bytes: &[u8]| proof.take_piece(name, bytes);
    let mut writer = format.start_writer(&mut take);
    ScanRunner { context, target, cache: None, doing: "verifying bytes" }.run(writer.as_mut())?;
    let finished = writer.finish();
    proof.end_file();
    match (finished, proof.differs) {
        (Ok(()), None) => Ok(proof.bytes),
        (Err(why), _) | (_, Some(why)) => Err(import_differs(&why)),
    }
}

fn import_differs(why: &str) -> Failure {
    let message = format!("{why} after the import");
    Failure::new(FailureKind::Target, "import_differs", message, "do not use this lab; please report it")
}

/// Compares what would be written with the files that were read.
struct FolderProof {
    folder: PathBuf,
    open: Option<(String, File)>,
    bytes: u64,
    differs: Option<String>,
}

impl FolderProof {
    fn take_piece(&mut self, name: &str, bytes: &[u8]) -> ControlFlow<()> {
        if self.open.as_ref().is_none_or(|(open, _)| open != name) {
            self.end_file();
            match file::open_regular(&self.folder.join(name)) {
                Ok(file) => self.open = Some((name.to_owned(), file)),
                Err(error) => self.differs = Some(format!("{name} could not be read again: {error}")),
            }
        }
        let mut original = vec![0; bytes.len()];
        let is_same = match &mut self.open {
            Some((_, file)) => file.read_exact(&mut original).is_ok() && original == bytes,
            None => false,
        };
        if !is_same && self.differs.is_none() {
            self.differs = Some(format!("{name} differs"));
        }
        self.bytes += bytes.len() as u64;
        if self.differs.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Ends a file: nothing of it may be left.
    fn end_file(&mut self) {
        let Some((name, mut file)) = self.open.take() else { return };
        let mut rest = [0; 1];
        if self.differs.is_none() && file.read(&mut rest).is_ok_and(|count| count > 0) {
            self.differs = Some(format!("{name} has more bytes than what would be written"));
        }
    }
}
