//! Detects whether database files have changed since something was read from them, without reading their content.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// A file changed within this time could change again without its time of change, which has coarse ticks, moving on.
const SETTLED: Duration = Duration::from_millis(100);

/// The state of a file: time of change, length, and on Unix the inode; `None` where it does not exist.
type FileState = Option<(SystemTime, u64, u64)>;

/// The states of files at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watermark {
    stamps: Vec<(PathBuf, FileState)>,
    settled: bool,
}

impl Watermark {
    /// Takes the states of databases, each with the logs that SQLite keeps with it.
    #[must_use]
    pub fn from_databases(databases: &[PathBuf]) -> Self {
        let mut stamps: Vec<(PathBuf, FileState)> = Vec::new();
        for path in databases {
            for ending in ["", "-wal", "-journal"] {
                let mut file = path.as_os_str().to_owned();
                file.push(ending);
                let file = PathBuf::from(file);
                let state = read_stamp(&file);
                stamps.push((file, state));
            }
        }
        let settled = stamps.iter().filter_map(|(_, stamp)| stamp.as_ref()).all(|(changed, _, _)| {
            // A time in the future, after the clock was set back, has no age, and proves nothing.
            changed.elapsed().is_ok_and(|age| age > SETTLED)
        });
        Self { stamps, settled }
    }

    /// Returns whether every file is certainly unchanged.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.settled && self.stamps.iter().all(|(path, then)| read_stamp(path) == *then)
    }
}

fn read_stamp(path: &PathBuf) -> FileState {
    let metadata = std::fs::metadata(path).ok()?;
    #[cfg(unix)]
    let inode = std::os::unix::fs::MetadataExt::ino(&metadata);
    #[cfg(not(unix))]
    let inode = 0;
    Some((metadata.modified().ok()?, metadata.len(), inode))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "files have times of the system's clock")]
    fn a_change_a_log_and_a_replacement_are_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        std::fs::write(&path, "a").unwrap();
        assert!(!Watermark::from_databases(std::slice::from_ref(&path)).holds(), "it changed just now");
        let long_ago = SystemTime::now() - Duration::from_secs(60);
        let age = |path: &PathBuf| std::fs::File::options().write(true).open(path).unwrap().set_modified(long_ago);
        age(&path).unwrap();
        let mark = Watermark::from_databases(std::slice::from_ref(&path));
        assert!(mark.holds());
        std::fs::write(folder.path().join("a.db-wal"), "").unwrap();
        assert!(!mark.holds());
        std::fs::remove_file(folder.path().join("a.db-wal")).unwrap();
        assert!(mark.holds());
        std::fs::write(folder.path().join("b"), "b").unwrap();
        age(&folder.path().join("b")).unwrap();
        std::fs::rename(folder.path().join("b"), &path).unwrap();
        assert!(!mark.holds() || cfg!(not(unix)));
        std::fs::remove_file(&path).unwrap();
        assert!(!mark.holds());
    }
}
