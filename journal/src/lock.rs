//! The writer lock: one writer a journal, by an advisory lock of the operating system; dies with its process.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::JournalError;

/// How long a writer waits for another: this many looks, [`LOOK_EVERY_MS`] apart.
const LOOKS: u32 = 100;
const LOOK_EVERY_MS: u64 = 20;

/// Who wants to write, for the message that others read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockHolder {
    /// The process.
    pub pid: u32,
    /// The machine.
    pub host: String,
    /// What it is doing.
    pub command: String,
}

/// The right to write, given up when dropped.
///
/// The lock is on the file `<journal>.lock`, which stays there, empty, when nobody writes.
#[derive(Debug)]
pub struct WriterLock {
    file: File,
    journal: PathBuf,
}

impl WriterLock {
    /// Waits a bounded time for the lock of the journal at its canonical path.
    pub(crate) fn acquire(journal: &Path, holder: &LockHolder) -> Result<Self, JournalError> {
        let path = sibling_path(journal, ".lock");
        let io = |action: &'static str| {
            let path = path.clone();
            move |source| JournalError::Io { action, path, source }
        };
        let mut file = open_lock_file(&path).map_err(io("open"))?;
        for look in 0..=LOOKS {
            match file.try_lock() {
                Ok(()) => {
                    write_holder(&mut file, holder).map_err(io("write"))?;
                    return Ok(Self { file, journal: journal.to_owned() });
                }
                Err(TryLockError::WouldBlock) if look < LOOKS => sleep(Duration::from_millis(LOOK_EVERY_MS)),
                Err(TryLockError::WouldBlock) => break,
                Err(TryLockError::Error(source)) => return Err(io("lock")(source)),
            }
        }
        Err(JournalError::Busy { path: journal.to_owned(), holder: read_holder(&mut file) })
    }

    /// Tells whether the file that is locked is still the one at the lock's path: a removed one keeps nobody out.
    pub(crate) fn is_in_force(&self) -> bool {
        same_file(&self.file, &sibling_path(&self.journal, ".lock"))
    }

    /// Returns the journal that this lock covers, by its canonical path.
    #[must_use]
    pub fn journal_path(&self) -> &Path {
        &self.journal
    }
}

impl Drop for WriterLock {
    fn drop(&mut self) {
        // Best effort: the system releases the lock itself when the file closes.
        let _ = self.file.set_len(0);
        let _ = self.file.unlock();
    }
}

/// Opens the lock's file or makes it, for the person alone; a link is not followed, and nothing but a file will do.
fn open_lock_file(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;

        use rustix::fs::OFlags;
        options.mode(0o600).custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed());
    }
    let file = options.open(path)?;
    let is_file = file.metadata()?.is_file();
    if is_file { Ok(file) } else { Err(std::io::Error::other("it is no regular file")) }
}

#[cfg(unix)]
fn same_file(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let (Ok(held), Ok(there)) = (file.metadata(), path.symlink_metadata()) else { return false };
    (held.dev(), held.ino()) == (there.dev(), there.ino())
}

/// Elsewhere a file that is open cannot be removed.
#[cfg(not(unix))]
fn same_file(_: &File, path: &Path) -> bool {
    path.exists()
}

/// Returns the path of a file that lies beside the journal and shares its name.
pub(crate) fn sibling_path(journal: &Path, suffix: &str) -> PathBuf {
    let mut name = journal.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn write_holder(file: &mut File, holder: &LockHolder) -> std::io::Result<()> {
    let text = serde_json::to_string(holder)?;
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(text.as_bytes())?;
    file.flush()
}

fn read_holder(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.rewind().and_then(|()| file.read_to_string(&mut text));
    match read.ok().and_then(|_| serde_json::from_str::<LockHolder>(&text).ok()) {
        Some(LockHolder { pid, host, command }) => format!("process {pid} on {host} ({command})"),
        None => "another process".to_owned(),
    }
}
