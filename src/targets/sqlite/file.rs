//! The file under a SQLite target: what a marker is bound to, and whether it still is where it was; opens nothing.

use std::fs::Metadata;
use std::path::Path;
use std::time::UNIX_EPOCH;

use super::open::FileLocation;
use crate::model::Refusal;
use crate::targets::known::{FILE_CREATED, FILE_INODE, FILE_NAMES};
use crate::targets::{TargetBinding, TargetError};

/// Returns what a file is bound to: its canonical path, and when it was made, or else its number on its file system.
pub(super) fn read_binding(place: &FileLocation) -> Result<TargetBinding, TargetError> {
    let path = place.path.to_str();
    let path = path.ok_or_else(|| Refusal::Unsupported { what: "a path that is not UTF-8".into() })?;
    let mut bound = TargetBinding::from([("path".to_owned(), path.to_owned())]);
    let found = read_metadata(place)?;
    let created = found.created().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    match (created, inode(&found)) {
        (Some(at), _) => drop(bound.insert(FILE_CREATED.to_owned(), at.as_nanos().to_string())),
        (None, Some((_, inode))) => drop(bound.insert(FILE_INODE.to_owned(), inode.to_string())),
        (None, None) => {}
    }
    // Whoever changes it changes what the other names lead to, a backup perhaps.
    let names = link_count(&found);
    if names > 1 {
        bound.insert(FILE_NAMES.to_owned(), names.to_string());
    }
    Ok(bound)
}

/// What tells a file from every other one that is there at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileId(Option<(u64, u64)>);

impl FileId {
    /// Looks which file stands at a place now.
    pub(super) fn read(place: &FileLocation) -> Result<Self, TargetError> {
        read_metadata(place).map(|found| Self(inode(&found)))
    }

    /// Checks that the same file still stands there, under a path that leads through no link.
    pub(super) fn check_unmoved(self, place: &FileLocation) -> Result<(), TargetError> {
        let moved = || {
            let what = "the file was moved or replaced while it was written".to_owned();
            TargetError::Replaced { url: place.url.clone(), what }
        };
        let same = Self::read(place).is_ok_and(|now| now == self);
        let straight = std::fs::canonicalize(&place.path).is_ok_and(|path| path == place.path);
        if same && straight { Ok(()) } else { Err(moved()) }
    }
}

/// Tells whether two paths lead to one file.
pub(crate) fn is_same_file(one: &Path, other: &Path) -> bool {
    let id = |path: &Path| std::fs::metadata(path).ok().and_then(|found| inode(&found));
    id(one).is_some_and(|one| id(other) == Some(one))
}

fn read_metadata(place: &FileLocation) -> Result<Metadata, TargetError> {
    std::fs::metadata(&place.path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => TargetError::Absent { url: place.url.clone() },
        _ => TargetError::Open { url: place.url.clone(), why: error.to_string() },
    })
}

#[cfg(unix)]
fn inode(found: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    Some((found.dev(), found.ino()))
}

#[cfg(not(unix))]
fn inode(_: &Metadata) -> Option<(u64, u64)> {
    None
}

#[cfg(unix)]
fn link_count(found: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(found)
}

#[cfg(not(unix))]
fn link_count(_: &Metadata) -> u64 {
    1
}
