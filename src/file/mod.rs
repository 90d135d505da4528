//! Every file that mfm opens, makes or replaces, beside databases: never waits, never follows what it should not, never
//! reads without a limit, never replaces what is not its own. Knows no content of any.

pub mod owner;
mod place;
mod read;
mod write;

pub use place::{FileId, identity_of, is_same_file, kind_of};
pub use read::{decode_text, open_regular, read_beginning, read_bytes, read_text};
pub use write::{
    DraftFile, FileAccess, begin_draft, make_folder, make_new, open_lock, remove_own, replace_file, write_new,
};

/// What a text that people write may hold: rules, campaigns, configuration.
pub const TEXT_BYTES_MAX: u64 = 4 << 20;
/// What a text that programs write may hold: plans, baselines, results.
pub const DATA_BYTES_MAX: u64 = 256 << 20;

/// Why a file was not read or written; each is a sentence that goes on from `could not read FILE: `.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The system says no.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// It is a folder, a pipe, a device or a socket.
    #[error("it is {0}, and only a regular file will do")]
    NotRegular(&'static str),
    /// It is a symbolic link, where one must not be followed.
    #[error("it is a symbolic link, which is not followed")]
    Link,
    /// It holds more than is read.
    #[error("it holds more than {0} bytes")]
    TooLarge(u64),
    /// Somebody writes it at this moment.
    #[error("it changed while it was read")]
    Changed,
    /// Its text is encoded otherwise.
    #[error("it is text in UTF-16, and UTF-8 is read")]
    Utf16,
    /// It holds no text.
    #[error("it is no UTF-8, from byte {0} on")]
    NotUtf8(usize),
    /// Another file has the name.
    #[error("something else stands there")]
    Occupied,
}

impl FileError {
    /// Tells whether nothing has the name.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == std::io::ErrorKind::NotFound)
    }
}

#[cfg(test)]
mod tests;
