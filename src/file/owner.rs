//! Whether a file that mfm found by itself, such as a configuration, belongs to a trusted user. Reads such files, and
//! never through a link: otherwise anyone who can write to a folder could decide what mfm does there.
//!
//! Only owner and mode are checked. ACLs are not, and on systems other than Unix nothing is.

use std::fs::Metadata;
use std::path::{Path, PathBuf};

use super::{FileError, read_text};

/// The largest file of settings, in bytes.
const BYTES_MAX: u64 = 1 << 20;

/// The users whose files are trusted, and the folders in which all files are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedOwners {
    /// The users' ids.
    users: Vec<u32>,
    /// The folders, resolved; all folders below them count too.
    folders: Vec<PathBuf>,
}

impl TrustedOwners {
    /// Returns the users to trust in this process: its own, root, and, if it runs as root by sudo, the user who called
    /// sudo (`sudo_uid`).
    #[must_use]
    pub fn of_process(sudo_uid: Option<&str>) -> Self {
        #[cfg(unix)]
        {
            let own = rustix::process::geteuid().as_raw();
            // Any user can set the variable, so it counts only for a process that already is root.
            let by_sudo = sudo_uid.and_then(|text| text.parse().ok()).filter(|_| own == 0);
            // Root can write anywhere anyway, so distrusting its files would protect nothing.
            Self { users: [0, own].into_iter().chain(by_sudo).collect(), folders: Vec::new() }
        }
        #[cfg(not(unix))]
        {
            let _ = sudo_uid;
            Self::default()
        }
    }

    /// Adds folders in which all files are trusted.
    #[must_use]
    pub fn and_in(mut self, folders: &[PathBuf]) -> Self {
        self.folders.extend(folders.iter().map(|folder| folder.canonicalize().unwrap_or_else(|_| folder.clone())));
        self
    }

    /// Checks that a file can be trusted: it is not a link, it and its folder belong to trusted users, and no others
    /// can write to either.
    ///
    /// # Errors
    /// A sentence saying why it cannot.
    pub fn check_file(&self, file: &Path) -> Result<(), String> {
        let folder = folder_of(file);
        let (folder_facts, file_facts) = (read_facts(&folder)?, read_facts(file)?);
        if !folder_facts.is_dir() {
            return Err(format!("{} is not a folder, or is a link to one", folder.display()));
        }
        if let Some(kind) = super::kind_of(file_facts.file_type()) {
            return Err(format!("it is {kind}"));
        }
        if self.is_in_their_folders(&folder) {
            return Ok(());
        }
        // Whoever can write to the folder can replace the file, whatever the file's own mode says.
        self.check_owner(&folder_facts).map_err(|why| format!("its folder {why}"))?;
        self.check_owner(&file_facts).map_err(|why| format!("it {why}"))
    }

    /// Reads the text of a file, if it can be trusted.
    ///
    /// # Errors
    /// A sentence saying why it cannot be trusted or read.
    pub fn read(&self, path: &Path) -> Result<String, String> {
        self.check_file(path)?;
        // No race between check and read: in a folder that others cannot write to, others cannot exchange the file.
        read_text(path, BYTES_MAX).map_err(|error: FileError| error.to_string())
    }

    fn is_in_their_folders(&self, folder: &Path) -> bool {
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        self.folders.iter().any(|theirs| folder.starts_with(theirs))
    }

    #[cfg(unix)]
    fn check_owner(&self, facts: &Metadata) -> Result<(), String> {
        use std::os::unix::fs::MetadataExt as _;
        if !self.users.contains(&facts.uid()) {
            return Err(format!("belongs to somebody else (user {})", facts.uid()));
        }
        // Write permission for group or others; the sticky bit (as on /tmp) does not help against new files.
        let mode = facts.mode() & 0o7777;
        if mode & 0o022 != 0 { Err(format!("can be written by others (mode {mode:04o})")) } else { Ok(()) }
    }

    #[cfg(not(unix))]
    #[expect(clippy::unnecessary_wraps, clippy::unused_self, reason = "on Unix it looks and can fail")]
    fn check_owner(&self, _: &Metadata) -> Result<(), String> {
        Ok(())
    }
}

/// Reads the metadata of a path itself, not of what a link leads to.
fn read_facts(path: &Path) -> Result<Metadata, String> {
    path.symlink_metadata().map_err(|error| format!("{}: {error}", path.display()))
}

fn folder_of(file: &Path) -> PathBuf {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.map_or_else(|| PathBuf::from("."), Path::to_owned)
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn set_mode(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    fn make_owned_file() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        set_mode(folder.path(), 0o755);
        let file = folder.path().join("mfm.toml");
        std::fs::write(&file, "actor = 'x'").unwrap();
        set_mode(&file, 0o644);
        (folder, file)
    }

    #[test]
    fn k6_a_file_of_the_user_s_own_counts() {
        let (_folder, file) = make_owned_file();
        assert_eq!(TrustedOwners::of_process(None).read(&file).unwrap(), "actor = 'x'");
    }

    #[test]
    fn k6_a_file_of_somebody_else_s_does_not_count() {
        let (_folder, file) = make_owned_file();
        let nobody = TrustedOwners { users: vec![u32::MAX - 7], folders: Vec::new() };
        assert!(nobody.check_file(&file).unwrap_err().contains("its folder belongs to somebody else"));
        assert!(nobody.and_in(&[file.parent().unwrap().to_owned()]).check_file(&file).is_ok());
        let root = TrustedOwners { users: vec![0], folders: Vec::new() };
        assert!(root.check_file(Path::new("/etc/passwd")).is_ok(), "root's files count for everybody");
    }

    #[test]
    fn k6_where_others_may_write_nothing_counts() {
        let (folder, file) = make_owned_file();
        let own = TrustedOwners::of_process(None);
        for mode in [0o664, 0o646, 0o622] {
            set_mode(&file, mode);
            assert!(own.read(&file).unwrap_err().contains("it can be written by others"), "{mode:o}");
        }
        set_mode(&file, 0o600);
        for mode in [0o775, 0o757, 0o1777] {
            set_mode(folder.path(), mode);
            assert!(own.read(&file).unwrap_err().contains("its folder can be written by others"), "{mode:o}");
        }
        assert!(own.and_in(&[folder.path().to_owned()]).read(&file).is_ok());
    }

    #[test]
    fn k6_no_link_is_followed_anywhere() {
        let (folder, file) = make_owned_file();
        let own = TrustedOwners::of_process(None).and_in(&[folder.path().to_owned()]);
        let linked = folder.path().join("linked.toml");
        symlink(&file, &linked).unwrap();
        assert!(own.check_file(&linked).is_err() && own.read(&linked).is_err());
        let other = folder.path().join(".mfm");
        symlink(folder.path(), &other).unwrap();
        assert!(own.check_file(&other.join("mfm.toml")).unwrap_err().contains("link"));
    }

    #[test]
    fn k6_whoever_became_root_keeps_his_files() {
        let is_root = rustix::process::geteuid().is_root();
        let owners = TrustedOwners::of_process(Some("4711"));
        assert_eq!(owners.users.contains(&4711), is_root, "a variable alone gives nobody's files weight");
        assert!(TrustedOwners::of_process(Some("x")).users.len() == 2);
    }
}
