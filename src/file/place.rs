//! Which file a path names: by device and number, whatever links lead to it.

use std::fs::{FileType, Metadata};
use std::path::Path;

/// What tells a file from every other on the machine, while it exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileId {
    device: u64,
    number: u64,
}

impl FileId {
    /// Returns it from what the system says of a file.
    #[cfg(unix)]
    #[must_use]
    pub fn from_metadata(found: &Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        Some(Self { device: found.dev(), number: found.ino() })
    }

    /// Elsewhere only paths tell files apart.
    #[cfg(not(unix))]
    #[must_use]
    pub fn from_metadata(_: &Metadata) -> Option<Self> {
        None
    }
}

/// Returns the identity of what a path names, links followed; `None` where there is nothing, or no such number.
#[must_use]
pub fn identity_of(path: &Path) -> Option<FileId> {
    std::fs::metadata(path).ok().as_ref().and_then(FileId::from_metadata)
}

/// Tells whether two paths name one file: by identity, or by the path without links.
#[must_use]
pub fn is_same_file(one: &Path, other: &Path) -> bool {
    match (identity_of(one), identity_of(other)) {
        (Some(one), Some(other)) => one == other,
        _ => matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other),
    }
}

/// Says what something is that is no regular file; `None` for one that is.
#[must_use]
pub fn kind_of(found: FileType) -> Option<&'static str> {
    if found.is_file() {
        return None;
    }
    Some(if found.is_dir() {
        "a folder"
    } else if found.is_symlink() {
        "a symbolic link"
    } else {
        special_kind(found)
    })
}

#[cfg(unix)]
fn special_kind(found: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt as _;
    if found.is_fifo() {
        "a pipe"
    } else if found.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(not(unix))]
const fn special_kind(_: FileType) -> &'static str {
    "no file"
}
