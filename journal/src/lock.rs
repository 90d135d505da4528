//! The writer lock: one writer per journal, by an advisory lock of the operating system, which ends with its process.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::JournalError;

/// How often a writer tries again while another holds the lock, [`RETRY_EVERY_MS`] apart: two seconds in all.
const RETRIES: u32 = 100;
const RETRY_EVERY_MS: u64 = 20;

/// The process that holds the lock, as other processes report it while they wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockHolder {
    /// The process id.
    pub pid: u32,
    /// The host name.
    pub host: String,
    /// The command it runs.
    pub command: String,
}

/// The right to write; dropping it releases the lock.
///
/// The lock is on the file `<journal>.lock`. The file stays, empty, because removing it would race with a process that
/// has just opened it.
#[derive(Debug)]
pub struct WriterLock {
    file: File,
    journal: PathBuf,
}

impl WriterLock {
    /// Takes the lock of the journal at its canonical path, waiting two seconds at most.
    pub(crate) fn acquire(journal: &Path, holder: &LockHolder) -> Result<Self, JournalError> {
        let path = sibling_path(journal, ".lock");
        let mut file = open_lock_file(&path).map_err(|source| lock_error("open", &path, source))?;
        // `File::lock` would wait without a limit, so the lock is tried again and again.
        for attempt in 0..=RETRIES {
            match file.try_lock() {
                Ok(()) => {
                    write_holder(&mut file, holder).map_err(|source| lock_error("write", &path, source))?;
                    return Ok(Self { file, journal: journal.to_owned() });
                }
                Err(TryLockError::WouldBlock) if attempt < RETRIES => sleep(Duration::from_millis(RETRY_EVERY_MS)),
                Err(TryLockError::WouldBlock) => break,
                Err(TryLockError::Error(source)) => return Err(lock_error("lock", &path, source)),
            }
        }
        Err(JournalError::Busy { path: journal.to_owned(), holder: read_holder(&mut file) })
    }

    /// Tells whether the locked file is still the one at the lock's path. A lock on a removed file excludes no one.
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

fn lock_error(action: &'static str, path: &Path, source: std::io::Error) -> JournalError {
    JournalError::Io { action, path: path.to_owned(), source }
}

/// Opens or creates the lock file with mode 0600. A link is not followed, and anything but a regular file is refused.
fn open_lock_file(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;

        use rustix::fs::OFlags;
        // NONBLOCK: opening a pipe that someone put at this path must not wait for a reader.
        options.mode(0o600).custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed());
    }
    let file = options.open(path)?;
    let is_file = file.metadata()?.is_file();
    if is_file { Ok(file) } else { Err(std::io::Error::other("it is not a regular file")) }
}

#[cfg(unix)]
fn same_file(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let (Ok(open), Ok(named)) = (file.metadata(), path.symlink_metadata()) else { return false };
    (open.dev(), open.ino()) == (named.dev(), named.ino())
}

/// On other systems a file that is open cannot be removed.
#[cfg(not(unix))]
fn same_file(_: &File, path: &Path) -> bool {
    path.exists()
}

/// Returns the path of a file next to the journal: its name with a suffix.
pub(crate) fn sibling_path(journal: &Path, suffix: &str) -> PathBuf {
    let mut name = journal.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn write_holder(file: &mut File, holder: &LockHolder) -> std::io::Result<()> {
    // The text serves other processes' messages only; the lock itself is the system's.
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
