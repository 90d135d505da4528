//! Which file a path names: by device and inode number, whatever links lead to it.

use std::fs::{FileType, Metadata};
use std::path::Path;

/// The identity of a file on this machine, for as long as it exists: its device and inode number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileId {
    device: u64,
    number: u64,
}

impl FileId {
    /// Returns the identity from a file's metadata; `None` on systems without inode numbers.
    #[cfg(unix)]
    #[must_use]
    pub fn from_metadata(found: &Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        Some(Self { device: found.dev(), number: found.ino() })
    }

    /// Returns `None`: on this system only paths identify files.
    #[cfg(not(unix))]
    #[must_use]
    pub fn from_metadata(_: &Metadata) -> Option<Self> {
        None
    }
}

/// Returns the identity of what a path names, following links; `None` where nothing has the name, or the system has no
/// inode numbers.
#[must_use]
pub fn identity_of(path: &Path) -> Option<FileId> {
    std::fs::metadata(path).ok().as_ref().and_then(FileId::from_metadata)
}

/// Tells whether two paths name one file: by identity, or where there is none by their canonical paths.
#[must_use]
pub fn is_same_file(one: &Path, other: &Path) -> bool {
    match (identity_of(one), identity_of(other)) {
        (Some(one), Some(other)) => one == other,
        // One of them does not exist, or the system has no inode numbers.
        _ => matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other),
    }
}

/// Returns what something is, in words, if it is not a regular file; `None` for a regular file.
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
