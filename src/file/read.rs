//! Reading: regular files only, without waiting for anybody, up to a limit; a byte order mark is skipped.

use std::fs::{File, Metadata, OpenOptions};
use std::io::Read as _;
use std::path::Path;

use super::{FileError, kind_of};

/// Opens a regular file for reading, or one that a link leads to; nothing else is even opened, so nothing can wait.
///
/// # Errors
/// [`FileError::NotRegular`], or what the system says.
pub fn open_regular(path: &Path) -> Result<File, FileError> {
    // To open a device can do something by itself.
    check_regular(&std::fs::metadata(path)?)?;
    let mut options = OpenOptions::new();
    options.read(true);
    without_waiting(&mut options);
    let file = options.open(path)?;
    // What has the name now may be another thing than what had it above.
    check_regular(&file.metadata()?)?;
    Ok(file)
}

fn check_regular(found: &Metadata) -> Result<(), FileError> {
    kind_of(found.file_type()).map_or(Ok(()), |kind| Err(FileError::NotRegular(kind)))
}

/// Lets an opening fail or succeed at once: it then waits for nobody at the other end of a pipe.
#[cfg(unix)]
fn without_waiting(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt as _;

    use rustix::fs::OFlags;
    options.custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed());
}

#[cfg(not(unix))]
fn without_waiting(_: &mut OpenOptions) {}

/// Reads a regular file that holds at most so many bytes.
///
/// # Errors
/// As [`open_regular`]; [`FileError::TooLarge`]; [`FileError::Changed`] where somebody writes it meanwhile.
pub fn read_bytes(path: &Path, bytes_max: u64) -> Result<Vec<u8>, FileError> {
    let mut file = open_regular(path)?;
    let before = file.metadata()?;
    if before.len() > bytes_max {
        return Err(FileError::TooLarge(bytes_max));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(before.len()).unwrap_or_default());
    (&mut file).take(bytes_max.saturating_add(1)).read_to_end(&mut bytes)?;
    let read = bytes.len() as u64;
    if read > bytes_max {
        return Err(FileError::TooLarge(bytes_max));
    }
    let after = file.metadata()?;
    // Files of the system, such as those in /proc, have no length of their own.
    let grew = read != after.len() && after.len() > 0;
    if grew || before.len() != after.len() || before.modified().ok() != after.modified().ok() {
        return Err(FileError::Changed);
    }
    Ok(bytes)
}

/// Returns the first bytes of a regular file, by which its kind can be told; fewer where it holds fewer.
///
/// # Errors
/// As [`open_regular`].
pub fn read_beginning(path: &Path, bytes: u64) -> Result<Vec<u8>, FileError> {
    let mut beginning = Vec::new();
    open_regular(path)?.take(bytes).read_to_end(&mut beginning)?;
    Ok(beginning)
}

/// Reads the text of a regular file that holds at most so many bytes; see [`decode_text`].
///
/// # Errors
/// As [`read_bytes`] and [`decode_text`].
pub fn read_text(path: &Path, bytes_max: u64) -> Result<String, FileError> {
    decode_text(read_bytes(path, bytes_max)?)
}

/// Returns bytes as text: UTF-8, whose byte order mark is left out. UTF-16 is named, for some programs write it
/// unasked.
///
/// # Errors
/// [`FileError::Utf16`], [`FileError::NotUtf8`].
pub fn decode_text(mut bytes: Vec<u8>) -> Result<String, FileError> {
    // With or without a mark: the text of every file that is read here begins with ASCII.
    if let [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [0, 1..=255, ..] | [1..=255, 0, ..] = bytes.as_slice() {
        return Err(FileError::Utf16);
    }
    if bytes.starts_with(b"\xEF\xBB\xBF") {
        bytes.drain(..3);
    }
    String::from_utf8(bytes).map_err(|error| FileError::NotUtf8(error.utf8_error().valid_up_to()))
}
