//! Reading: regular files only, without ever waiting, up to a limit. A byte order mark is skipped.

use std::fs::{File, Metadata, OpenOptions};
use std::io::Read as _;
use std::path::Path;

use super::{FileError, kind_of};

/// Opens a regular file for reading, following links. Anything else, such as a pipe, is not even opened, because that
/// could wait for ever.
///
/// # Errors
/// [`FileError::NotRegular`], or the system's error.
pub fn open_regular(path: &Path) -> Result<File, FileError> {
    // Checked before opening too, because opening a device can have an effect of its own.
    check_regular(&std::fs::metadata(path)?)?;
    let mut options = OpenOptions::new();
    options.read(true);
    without_waiting(&mut options);
    let file = options.open(path)?;
    // Another file may have taken the name between the check above and the opening.
    check_regular(&file.metadata()?)?;
    Ok(file)
}

fn check_regular(found: &Metadata) -> Result<(), FileError> {
    kind_of(found.file_type()).map_or(Ok(()), |kind| Err(FileError::NotRegular(kind)))
}

/// Makes an opening succeed or fail at once, instead of waiting for the other end of a pipe or becoming a terminal's
/// owner.
#[cfg(unix)]
fn without_waiting(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt as _;

    use rustix::fs::OFlags;
    options.custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed());
}

#[cfg(not(unix))]
fn without_waiting(_: &mut OpenOptions) {}

/// Reads a regular file of at most `bytes_max` bytes.
///
/// # Errors
/// As [`open_regular`]; [`FileError::TooLarge`]; [`FileError::Changed`] where another process wrote it during the read.
pub fn read_bytes(path: &Path, bytes_max: u64) -> Result<Vec<u8>, FileError> {
    let mut file = open_regular(path)?;
    let before = file.metadata()?;
    if before.len() > bytes_max {
        return Err(FileError::TooLarge(bytes_max));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(before.len()).unwrap_or_default());
    // One byte beyond the limit shows a file that grew, or whose length the system does not know.
    (&mut file).take(bytes_max.saturating_add(1)).read_to_end(&mut bytes)?;
    let read = bytes.len() as u64;
    if read > bytes_max {
        return Err(FileError::TooLarge(bytes_max));
    }
    let after = file.metadata()?;
    // Files in /proc report a length of 0 whatever they contain.
    let grew = read != after.len() && after.len() > 0;
    if grew || before.len() != after.len() || before.modified().ok() != after.modified().ok() {
        return Err(FileError::Changed);
    }
    Ok(bytes)
}

/// Reads the first `bytes` bytes of a regular file, enough to recognise its kind; fewer if it is shorter.
///
/// # Errors
/// As [`open_regular`].
pub fn read_beginning(path: &Path, bytes: u64) -> Result<Vec<u8>, FileError> {
    let mut beginning = Vec::new();
    open_regular(path)?.take(bytes).read_to_end(&mut beginning)?;
    Ok(beginning)
}

/// Reads the text of a regular file of at most `bytes_max` bytes; see [`decode_text`].
///
/// # Errors
/// As [`read_bytes`] and [`decode_text`].
pub fn read_text(path: &Path, bytes_max: u64) -> Result<String, FileError> {
    decode_text(read_bytes(path, bytes_max)?)
}

/// Decodes UTF-8, without its byte order mark. UTF-16 has an error of its own, because some editors write it unasked.
///
/// # Errors
/// [`FileError::Utf16`], [`FileError::NotUtf8`].
pub fn decode_text(mut bytes: Vec<u8>) -> Result<String, FileError> {
    // A byte order mark, or a zero byte next to another one: every text read here starts with ASCII.
    if let [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [0, 1..=255, ..] | [1..=255, 0, ..] = bytes.as_slice() {
        return Err(FileError::Utf16);
    }
    if bytes.starts_with(b"\xEF\xBB\xBF") {
        bytes.drain(..3);
    }
    String::from_utf8(bytes).map_err(|error| FileError::NotUtf8(error.utf8_error().valid_up_to()))
}
