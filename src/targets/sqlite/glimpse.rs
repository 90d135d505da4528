//! Reads the marker of a file whose crashed transaction is not rolled back yet, and rolls nothing back.

use std::fmt::Write as _;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::marks;
use super::open::FileLocation;
use crate::targets::Marker;

/// What can be seen of a marker before a roll-back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MarkerGlimpse {
    /// The file holds this marker.
    Marker(Marker),
    /// The file holds no marker.
    NoMarker,
    /// The file, without its log or half written, does not say.
    Unknown,
}

/// Reads the marker of a file as it is now, without applying its journal or log.
#[must_use]
pub fn glimpse_marker(path: &Path) -> MarkerGlimpse {
    let Ok(place) = FileLocation::from_path(path) else { return MarkerGlimpse::Unknown };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let Ok(connection) = Connection::open_with_flags(immutable_uri(&place.path), flags) else {
        return MarkerGlimpse::Unknown;
    };
    match marks::read_marker(&connection, &place) {
        Ok(Some(marker)) => MarkerGlimpse::Marker(marker),
        // The newest marker may still be in the log only.
        Ok(None) if has_log(&place.path) => MarkerGlimpse::Unknown,
        Ok(None) => MarkerGlimpse::NoMarker,
        Err(_) => MarkerGlimpse::Unknown,
    }
}

fn has_log(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).is_ok_and(|metadata| metadata.len() > 0)
}

/// Returns the URI under which SQLite reads a file as one that never changes, without locks and logs.
fn immutable_uri(path: &Path) -> String {
    let mut out = String::from(if cfg!(windows) { "file:/" } else { "file:" });
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'_' | b'-' | b':' => out.push(char::from(*byte)),
            b'\\' if cfg!(windows) => out.push('/'),
            other => drop(write!(out, "%{other:02X}")),
        }
    }
    out + "?immutable=1"
}
