//! All files that mfm opens, creates or replaces, except databases. Opening never waits, follows no link where it must
//! not, reads up to a limit, and replaces only files that mfm made. What the files contain is up to the callers.

pub mod owner;
mod place;
mod read;
mod write;

pub use place::{FileId, identity_of, is_same_file, kind_of};
pub use read::{decode_text, open_regular, read_beginning, read_bytes, read_text};
pub use write::{
    DraftFile, FileAccess, begin_draft, has_neighbour, make_folder, make_new, make_private, open_lock, remove_if_there,
    remove_own, replace_file, write_new,
};

/// The largest text that people write, in bytes: rules, campaigns, configuration.
pub const TEXT_BYTES_MAX: u64 = 4 << 20;
/// The largest text that programs write, in bytes: plans, baselines, results.
pub const DATA_BYTES_MAX: u64 = 256 << 20;

/// Why a file was not read or written; each message continues the sentence `could not read FILE: `.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The system's error.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// It is a folder, a pipe, a device or a socket.
    #[error("it is {0}, not a regular file")]
    NotRegular(&'static str),
    /// It is a symbolic link, where one must not be followed.
    #[error("it is a symbolic link, which mfm does not follow")]
    Link,
    /// It is larger than the limit.
    #[error("it is larger than {0} bytes")]
    TooLarge(u64),
    /// It changed while it was read: another process is writing it.
    #[error("it changed while it was being read")]
    Changed,
    /// Its text is UTF-16.
    #[error("it is UTF-16 text; UTF-8 is needed")]
    Utf16,
    /// It is not UTF-8; the byte at which that shows.
    #[error("it is not valid UTF-8 at byte {0}")]
    NotUtf8(usize),
    /// Another file has the name, and is not to be replaced.
    #[error("another file exists there")]
    Occupied,
}

impl FileError {
    /// Tells whether the reason is that no file has the name.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == std::io::ErrorKind::NotFound)
    }
}

#[cfg(test)]
mod tests;
