//! Writing: into a draft with an unguessable name in the same folder, renamed when it is complete and on disk. Files
//! that mfm did not make are never replaced.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use super::{FileError, FileId, identity_of, kind_of};

/// Who may read a file that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileAccess {
    /// Everyone whom the person's umask allows.
    Shared,
    /// Only the person: the file may hold patients' data, or decide what mfm does.
    Private,
}

/// A file being written. It is deleted if it is dropped before [`DraftFile::finish`].
#[derive(Debug)]
pub struct DraftFile {
    file: NamedTempFile,
    path: PathBuf,
    /// The identity of the file that may be replaced.
    before: Option<FileId>,
    /// Whether there is a file that may be replaced: on some systems it has no identity.
    stood: bool,
}

impl Write for DraftFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Starts a file. An existing file is to be replaced only if `is_ours` accepts it and it is not a link.
///
/// # Errors
/// [`FileError::Occupied`], [`FileError::Link`], [`FileError::NotRegular`], or the system's error.
pub fn begin_draft(path: &Path, access: FileAccess, is_ours: impl Fn(&Path) -> bool) -> Result<DraftFile, FileError> {
    let stood = check_replaceable(path, is_ours)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    // In the same folder, because a rename is atomic only within one file system.
    let mut builder = Builder::new();
    builder.prefix(".mfm-").suffix(".draft").rand_bytes(16);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(unix_mode(access)));
    Ok(DraftFile { file: builder.tempfile_in(folder)?, path: path.to_owned(), before: identity_of(path), stood })
}

/// Tells whether a path has a file that may be replaced; `false` where nothing has the name, an error for anything
/// else.
fn check_replaceable(path: &Path, is_ours: impl Fn(&Path) -> bool) -> Result<bool, FileError> {
    let file_type = match path.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        metadata => metadata?.file_type(),
    };
    match kind_of(file_type) {
        _ if file_type.is_symlink() => Err(FileError::Link),
        Some(kind) => Err(FileError::NotRegular(kind)),
        None if is_ours(path) => Ok(true),
        None => Err(FileError::Occupied),
    }
}

#[cfg(unix)]
const fn unix_mode(access: FileAccess) -> u32 {
    match access {
        FileAccess::Shared => 0o666,
        FileAccess::Private => 0o600,
    }
}

impl DraftFile {
    /// Gives the file the access rights of another one.
    ///
    /// # Errors
    /// The system's error.
    pub fn keep_rights_of(&self, other: &Path) -> Result<(), FileError> {
        Ok(self.file.as_file().set_permissions(std::fs::metadata(other)?.permissions())?)
    }

    /// Syncs the file to disk and gives it its name. It replaces the file that was there at the start, but not one that
    /// took the name since.
    ///
    /// # Errors
    /// [`FileError::Occupied`], or the system's error; the draft is deleted then, and the file with the name stays.
    pub fn finish(self) -> Result<(), FileError> {
        // Before the rename: after a crash, the name must never lead to an incomplete file.
        self.file.as_file().sync_all()?;
        // `persist` replaces whatever has the name, so it is used only for the very file that was there at the start.
        if self.stood && identity_of(&self.path) == self.before {
            self.file.persist(&self.path).map_err(|error| error.error)?;
        } else {
            self.file.persist_noclobber(&self.path).map_err(|error| match error.error.kind() {
                ErrorKind::AlreadyExists => FileError::Occupied,
                _ => error.error.into(),
            })?;
        }
        Ok(())
    }
}

/// Writes a complete file, replacing an existing one only if `is_ours` accepts it.
///
/// # Errors
/// As [`begin_draft`] and [`DraftFile::finish`].
pub fn replace_file(
    path: &Path,
    text: &str,
    access: FileAccess,
    is_ours: impl Fn(&Path) -> bool,
) -> Result<(), FileError> {
    let mut draft = begin_draft(path, access, is_ours)?;
    draft.write_all(text.as_bytes())?;
    draft.finish()
}

/// Writes a complete new file.
///
/// # Errors
/// As [`replace_file`].
pub fn write_new(path: &Path, text: &str, access: FileAccess) -> Result<(), FileError> {
    replace_file(path, text, access, |_| false)
}

/// Creates an empty file for a database and returns its identity.
///
/// # Errors
/// The system's error, also where something has the name.
pub fn make_new(path: &Path) -> io::Result<Option<FileId>> {
    Ok(FileId::from_metadata(&File::create_new(path)?.metadata()?))
}

/// Creates a folder and its parents; with [`FileAccess::Private`], accessible to the person alone.
///
/// # Errors
/// The system's error.
pub fn make_folder(path: &Path, access: FileAccess) -> Result<(), FileError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    if access == FileAccess::Private {
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    }
    #[cfg(not(unix))]
    let _ = access;
    Ok(builder.create(path)?)
}

/// Removes a file that this run created, if the name still belongs to it. Links are not followed.
///
/// # Errors
/// [`FileError::Occupied`] where the name belongs to another file by now, or the system's error.
pub fn remove_own(path: &Path, made: Option<FileId>) -> Result<(), FileError> {
    let there = path.symlink_metadata()?;
    // By identity: the same name may be another user's file by now.
    if !there.is_file() || FileId::from_metadata(&there) != made {
        return Err(FileError::Occupied);
    }
    Ok(std::fs::remove_file(path)?)
}

/// Makes a file accessible to the person alone, where the system has such rights.
///
/// # Errors
/// The system's error.
pub fn make_private(path: &Path) -> Result<(), FileError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// Removes a file in a folder of mfm's own; returns whether there was one.
#[must_use]
pub fn remove_if_there(path: &Path) -> bool {
    std::fs::remove_file(path).is_ok()
}

/// Returns whether a file or folder beside this one has a name that begins so.
#[must_use]
pub fn has_neighbour(path: &Path, beginning: &str) -> bool {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with(beginning))
}

/// Opens or creates a lock file, accessible to the person alone. Its content is left as it is.
///
/// # Errors
/// [`FileError::Link`], [`FileError::NotRegular`], or the system's error.
pub fn open_lock(path: &Path) -> Result<File, FileError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;

        use rustix::fs::OFlags;
        // NOFOLLOW: a link planted here would create or lock a file elsewhere. NONBLOCK: a pipe would wait.
        options.mode(0o600).custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed());
    }
    let file = options.open(path).map_err(|error| match path.symlink_metadata() {
        Ok(found) if found.is_symlink() => FileError::Link,
        _ => error.into(),
    })?;
    kind_of(file.metadata()?.file_type()).map_or(Ok(file), |kind| Err(FileError::NotRegular(kind)))
}
