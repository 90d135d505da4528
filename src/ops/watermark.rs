//! Whether the files that something was read from are as they were then; reads no content of any.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// A file changed so lately could change again within the same tick of the file system's clock.
const SETTLED: Duration = Duration::from_millis(100);

/// What is compared of a file: its time of change, its length, and on Unix which file it is.
type FileState = Option<(SystemTime, u64, u64)>;

/// Files as they were at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watermark {
    stamps: Vec<(PathBuf, FileState)>,
    settled: bool,
}

impl Watermark {
    /// Looks at databases, each with the logs that SQLite keeps beside it.
    #[must_use]
    pub fn from_databases(databases: &[PathBuf]) -> Self {
        let beside = |path: &PathBuf| {
            ["", "-wal", "-journal"].map(|ending| {
                let mut whole = path.as_os_str().to_owned();
                whole.push(ending);
                PathBuf::from(whole)
            })
        };
        let stamps: Vec<(PathBuf, FileState)> =
            databases.iter().flat_map(beside).map(|path| (path.clone(), read_stamp(&path))).collect();
        let settled = stamps.iter().filter_map(|(_, stamp)| stamp.as_ref()).all(|(changed, _, _)| {
            // A time in the future says nothing.
            changed.elapsed().is_ok_and(|age| age > SETTLED)
        });
        Self { stamps, settled }
    }

    /// Tells whether every file is as it was, for sure.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.settled && self.stamps.iter().all(|(path, then)| read_stamp(path) == *then)
    }
}

fn read_stamp(path: &PathBuf) -> FileState {
    let found = std::fs::metadata(path).ok()?;
    #[cfg(unix)]
    let which = std::os::unix::fs::MetadataExt::ino(&found);
    #[cfg(not(unix))]
    let which = 0;
    Some((found.modified().ok()?, found.len(), which))
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
