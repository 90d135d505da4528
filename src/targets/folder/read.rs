//! Reads the files of a folder piece by piece, as its domain's format takes them.

use std::io::Read as _;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};

use crate::domain::folder::FolderFormat;
use crate::domain::import::ImportReport;
use crate::domain::lab::RowSink;
use crate::file;

/// How many bytes are read at once.
const PIECE_BYTES: usize = 256 * 1024;

/// What tells whether a folder's files are still the same: name, size and time of each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FolderStamp(Vec<(String, u64, Option<SystemTime>)>);

impl FolderStamp {
    /// Returns the size of all files together.
    pub(super) fn bytes(&self) -> u64 {
        self.0.iter().map(|(_, bytes, _)| bytes).sum()
    }
}

/// A file of a folder that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderFile {
    /// What was read.
    pub report: ImportReport,
    /// The SHA-256 of its bytes, in hexadecimal.
    pub digest: String,
    /// Its size, bytes.
    pub bytes: u64,
}

/// What was read of a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FolderRead {
    /// The files that were read, in their order.
    pub files: Vec<FolderFile>,
    /// The names of the others, which were left alone.
    pub others: Vec<String>,
    /// Whether the sink ended the reading.
    pub stopped: bool,
}

/// Lists the names of a folder's files.
pub(super) fn list_names(folder: &Path) -> Result<Vec<String>, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| error.to_string())?;
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| error.to_string())?;
        // The kind of an entry comes with its name; only what a link leads to has to be asked for.
        let kind = entry.file_type().map_err(|error| error.to_string())?;
        if kind.is_file() || (kind.is_symlink() && entry.path().is_file()) {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Returns what tells whether the files of a folder that a format reads are still the same.
pub(super) fn stamp_folder(folder: &Path, format: &dyn FolderFormat) -> Result<FolderStamp, String> {
    let mut stamp = FolderStamp::default();
    for name in format.choose_files(&list_names(folder)?) {
        let facts = std::fs::metadata(folder.join(&name)).map_err(|error| format!("{name}: {error}"))?;
        stamp.0.push((name, facts.len(), facts.modified().ok()));
    }
    Ok(stamp)
}

/// Reads the files of a folder into rows.
///
/// # Errors
/// A sentence that names the file and what is wrong with it.
pub fn read_folder(format: &dyn FolderFormat, folder: &Path, sink: &mut RowSink<'_>) -> Result<FolderRead, String> {
    let names = list_names(folder)?;
    let chosen = format.choose_files(&names);
    let others = names.into_iter().filter(|name| !chosen.contains(name)).collect();
    let mut read = FolderRead { files: Vec::new(), others, stopped: false };
    let mut reader = format.start_reader();
    let mut piece = vec![0; PIECE_BYTES];
    for name in &chosen {
        let mut file = file::open_regular(&folder.join(name)).map_err(|error| format!("{name}: {error}"))?;
        let (mut hasher, mut bytes) = (Sha256::new(), 0);
        reader.begin_file(name);
        loop {
            let count = file.read(&mut piece).map_err(|error| format!("{name}: {error}"))?;
            let taken = piece.get(..count).unwrap_or_default();
            if taken.is_empty() {
                break;
            }
            hasher.update(taken);
            bytes += count as u64;
            if let ControlFlow::Break(()) = reader.take_bytes(taken, sink)? {
                read.stopped = true;
                return Ok(read);
            }
        }
        let digest = mfm_journal::digest::encode_hex(&hasher.finalize());
        let report = reader.end_file(&digest, sink)?;
        read.files.push(FolderFile { report, digest, bytes });
    }
    Ok(read)
}
