//! Files that no output may overwrite: the journal, registered targets, and the files that SQLite keeps with each.

use std::path::{Path, PathBuf};

use mfm_journal::Journal;

use super::Context;
use super::failure::{Failure, FailureKind};
use crate::file::{self, FileId};

/// Endings of the files that SQLite and mfm keep with a database; the empty one stands for the database itself.
const BESIDE: [&str; 7] = ["", "-wal", "-shm", "-journal", ".lock", ".agents", ".index"];

/// Files that no output may be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProtectedFiles {
    /// Path, description, and identity at the start: a file that is moved later is still recognised.
    files: Vec<(PathBuf, String, Option<FileId>)>,
}

impl ProtectedFiles {
    /// Returns the context's journal and target, and all targets that the journal registers.
    #[must_use]
    pub fn from_context(context: &Context<'_>) -> Self {
        Self::from_journal(&context.journal, context.target.as_deref())
    }

    /// Returns a journal, the targets that it registers, and one more target.
    #[must_use]
    pub fn from_journal(journal: &Path, target: Option<&str>) -> Self {
        let mut out = Self { files: vec![(journal.to_owned(), "the journal".to_owned(), file::identity_of(journal))] };
        // A journal that cannot be read protects no targets; the command that needs it will fail on it.
        if let Ok(journal) = Journal::open_read(journal) {
            journal.state().targets.iter().for_each(|(name, target)| out.add_target(&target.url, name));
        }
        target.into_iter().for_each(|url| out.add_target(url, url));
        out
    }

    /// Adds a target that is a file; others are ignored.
    pub fn add_target(&mut self, url: &str, name: &str) {
        if let Some(path) = url.strip_prefix("sqlite:") {
            let path = PathBuf::from(path);
            let identity = file::identity_of(&path);
            self.files.push((path, format!("the target {name}"), identity));
        }
    }

    /// Returns what a path must not overwrite: recognised by name or, through links, by identity; `None` where nothing.
    #[must_use]
    pub fn find_at(&self, path: &Path) -> Option<String> {
        self.find_with_endings(path, &BESIDE)
    }

    fn find_with_endings(&self, path: &Path, endings: &[&str]) -> Option<String> {
        let own = file::identity_of(path);
        let spellings = self::list_spellings(path);
        for (database, what, identity) in &self.files {
            if own.is_some() && own == *identity && endings.contains(&"") {
                return Some(what.clone());
            }
            for ending in endings {
                let mut whole = database.as_os_str().to_owned();
                whole.push(ending);
                let place = PathBuf::from(whole);
                let same = own.is_some() && own == file::identity_of(&place);
                // By name as well as by identity: a file that SQLite has yet to create has no identity.
                if same
                    || self::list_spellings(&place)
                        .iter()
                        .any(|one| spellings.iter().any(|other| is_same_path(one, other)))
                {
                    let lies = if ending.is_empty() { String::new() } else { format!(" (its {ending} file)") };
                    return Some(format!("{what}{lies}"));
                }
            }
        }
        None
    }

    /// Refuses a path that may not be written.
    ///
    /// # Errors
    /// `protected_file`.
    pub fn refuse(&self, path: &Path) -> Result<(), Failure> {
        self.find_at(path).map_or(Ok(()), |what| Err(path_refusal(path, &what)))
    }

    /// Refuses a path for a new database at which one of these keeps a file.
    ///
    /// # Errors
    /// `protected_file`.
    pub fn refuse_beside(&self, path: &Path) -> Result<(), Failure> {
        let [_, beside @ ..] = BESIDE;
        self.find_with_endings(path, &beside).map_or(Ok(()), |what| Err(path_refusal(path, &what)))
    }
}

fn path_refusal(path: &Path, what: &str) -> Failure {
    let message = format!("{} is {what}; mfm writes nothing else there", path.display());
    Failure::new(FailureKind::Refused, "protected_file", message, "choose another path")
}

/// Returns a path with its links resolved, and with only those of its folder resolved, as for a file yet to be made.
fn list_spellings(path: &Path) -> Vec<PathBuf> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let by_folder = folder.canonicalize().ok().zip(path.file_name()).map(|(folder, name)| folder.join(name));
    path.canonicalize().ok().into_iter().chain(by_folder).collect()
}

/// Returns whether two paths may be the same file: some file systems ignore case.
fn is_same_path(one: &Path, other: &Path) -> bool {
    one.as_os_str().eq_ignore_ascii_case(other.as_os_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k5_neither_journal_nor_target_nor_what_lies_beside_them_is_an_output() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let url = format!("sqlite:{}", at("lab.db").display());
        for name in ["j.db", "lab.db", "other.txt"] {
            std::fs::write(at(name), "").unwrap();
        }
        let protected = ProtectedFiles::from_journal(&at("j.db"), Some(&url));
        for name in ["j.db", "j.db-wal", "j.db.lock", "J.DB-SHM", "lab.db", "lab.db-journal", "./lab.db-wal"] {
            let failure = protected.refuse(&at(name)).unwrap_err();
            assert_eq!((failure.kind, failure.code.as_str()), (FailureKind::Refused, "protected_file"), "{name}");
        }
        assert_eq!(protected.find_at(&at("lab.db-wal")), Some(format!("the target {url} (its -wal file)")));
        for name in ["other.txt", "j.db.json", "new.xml", "none/new.xml"] {
            assert_eq!(protected.find_at(&at(name)), None, "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn k5_no_link_hides_the_journal() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("j.db"), "").unwrap();
        std::fs::hard_link(at("j.db"), at("hard.xml")).unwrap();
        std::os::unix::fs::symlink("j.db", at("soft.xml")).unwrap();
        std::os::unix::fs::symlink("j.db-wal", at("dangling.xml")).unwrap();
        std::os::unix::fs::symlink(".", at("here")).unwrap();
        let protected = ProtectedFiles::from_journal(&at("j.db"), None);
        std::fs::rename(at("j.db"), at("moved.xml")).unwrap();
        assert_eq!(protected.find_at(&at("moved.xml")), Some("the journal".to_owned()), "it has another name now");
        std::fs::rename(at("moved.xml"), at("j.db")).unwrap();
        for name in ["hard.xml", "soft.xml", "here/j.db-wal", "here/soft.xml"] {
            assert!(protected.find_at(&at(name)).is_some(), "{name}");
        }
        // Nothing is ever written through a link.
        assert!(matches!(
            file::write_new(&at("dangling.xml"), "", file::FileAccess::Shared),
            Err(file::FileError::Link)
        ));
    }
}
