//! The file of a SQLite target: the facts that a marker is bound to, and whether the file is still in its place.

use std::fs::Metadata;
use std::path::Path;
use std::time::UNIX_EPOCH;

use super::open::FileLocation;
use crate::model::Refusal;
use crate::targets::known::{FILE_CREATED, FILE_INODE, FILE_NAMES};
use crate::targets::{TargetBinding, TargetError};

/// Reads the facts that identify a file: its canonical path, and its time of creation or else its inode number.
pub(super) fn read_binding(place: &FileLocation) -> Result<TargetBinding, TargetError> {
    let path = place.path.to_str();
    let path = path.ok_or_else(|| Refusal::Unsupported { what: "a path that is not UTF-8".into() })?;
    let mut bound = TargetBinding::from([("path".to_owned(), path.to_owned())]);
    let metadata = read_metadata(place)?;
    let created = metadata.created().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    // The time of creation comes first: file systems reuse inode numbers.
    match (created, inode(&metadata)) {
        (Some(at), _) => drop(bound.insert(FILE_CREATED.to_owned(), at.as_nanos().to_string())),
        (None, Some((_, inode))) => drop(bound.insert(FILE_INODE.to_owned(), inode.to_string())),
        (None, None) => {}
    }
    // A change reaches every hard link of the file, perhaps a backup: a person has to know of them.
    let names = link_count(&metadata);
    if names > 1 {
        bound.insert(FILE_NAMES.to_owned(), names.to_string());
    }
    Ok(bound)
}

/// The device and inode number of a file, which no other existing file has; `None` where the system has no such
/// numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileId(Option<(u64, u64)>);

impl FileId {
    /// Reads the id of the file that is at the path now.
    pub(super) fn read(place: &FileLocation) -> Result<Self, TargetError> {
        read_metadata(place).map(|metadata| Self(inode(&metadata)))
    }

    /// Checks that the same file is still at the path, and that the path has not become a symbolic link.
    pub(super) fn check_unmoved(self, place: &FileLocation) -> Result<(), TargetError> {
        let same = Self::read(place).is_ok_and(|now| now == self);
        let straight = std::fs::canonicalize(&place.path).is_ok_and(|path| path == place.path);
        if same && straight {
            return Ok(());
        }
        let what = "the file was moved or replaced while it was written".to_owned();
        Err(TargetError::Replaced { url: place.url.clone(), what })
    }
}

/// Returns whether two paths lead to one file.
pub(crate) fn is_same_file(one: &Path, other: &Path) -> bool {
    let id = file_id(one);
    id.is_some() && id == file_id(other)
}

fn file_id(path: &Path) -> Option<(u64, u64)> {
    inode(&std::fs::metadata(path).ok()?)
}

fn read_metadata(place: &FileLocation) -> Result<Metadata, TargetError> {
    std::fs::metadata(&place.path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => TargetError::Absent { url: place.url.clone() },
        _ => TargetError::Open { url: place.url.clone(), why: error.to_string() },
    })
}

/// Returns the device and inode number.
#[cfg(unix)]
fn inode(metadata: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn inode(_: &Metadata) -> Option<(u64, u64)> {
    None
}

#[cfg(unix)]
fn link_count(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(metadata)
}

#[cfg(not(unix))]
fn link_count(_: &Metadata) -> u64 {
    1
}
