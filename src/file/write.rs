//! Writing: beside the name, under a name that nobody can guess, and named only when whole; what mfm did not make
//! stays.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use super::{FileError, FileId, identity_of, kind_of};

/// Who may read what is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileAccess {
    /// Whom the person's own settings let.
    Shared,
    /// Only the person: it may hold what belongs to patients, or decide what is done.
    Private,
}

/// A file in the making. Dropped before it is finished, it is gone.
#[derive(Debug)]
pub struct DraftFile {
    file: NamedTempFile,
    path: PathBuf,
    /// What stood there and may be replaced.
    before: Option<FileId>,
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

/// Begins a file; what stands there is to be replaced only where `is_ours` knows it, and is no link.
///
/// # Errors
/// [`FileError::Occupied`], [`FileError::Link`], [`FileError::NotRegular`], or what the system says.
pub fn begin_draft(path: &Path, access: FileAccess, is_ours: impl Fn(&Path) -> bool) -> Result<DraftFile, FileError> {
    let stood = check_replaceable(path, is_ours)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let mut builder = Builder::new();
    builder.prefix(".mfm-").suffix(".draft").rand_bytes(16);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(unix_mode(access)));
    Ok(DraftFile { file: builder.tempfile_in(folder)?, path: path.to_owned(), before: identity_of(path), stood })
}

/// Tells whether a file stands at a path that may be replaced; an error where anything else does.
fn check_replaceable(path: &Path, is_ours: impl Fn(&Path) -> bool) -> Result<bool, FileError> {
    let found = match path.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        found => found?.file_type(),
    };
    match kind_of(found) {
        _ if found.is_symlink() => Err(FileError::Link),
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
    /// What the system says.
    pub fn keep_rights_of(&self, other: &Path) -> Result<(), FileError> {
        Ok(self.file.as_file().set_permissions(std::fs::metadata(other)?.permissions())?)
    }

    /// Makes it durable, and gives it its name: in the place of what stood there, and of nothing that came meanwhile.
    ///
    /// # Errors
    /// [`FileError::Occupied`], or what the system says; then the file is gone, and what has the name stays.
    pub fn finish(self) -> Result<(), FileError> {
        self.file.as_file().sync_all()?;
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

/// Writes a file whole, in the place of what `is_ours` knows or of nothing.
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

/// Writes a file whole, where nothing stands.
///
/// # Errors
/// As [`replace_file`].
pub fn write_new(path: &Path, text: &str, access: FileAccess) -> Result<(), FileError> {
    replace_file(path, text, access, |_| false)
}

/// Makes an empty file for a database, where nothing stands, and returns which it is.
///
/// # Errors
/// What the system says.
pub fn make_new(path: &Path) -> io::Result<Option<FileId>> {
    Ok(FileId::from_metadata(&File::create_new(path)?.metadata()?))
}

/// Makes a folder, and those above it; for [`FileAccess::Private`] one that only the person may look into.
///
/// # Errors
/// What the system says.
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

/// Removes a file that this run made, as long as the name still is that file's; a link is not followed.
///
/// # Errors
/// [`FileError::Occupied`] where the name is another file's by now, or what the system says.
pub fn remove_own(path: &Path, made: Option<FileId>) -> Result<(), FileError> {
    let there = path.symlink_metadata()?;
    if !there.is_file() || FileId::from_metadata(&there) != made {
        return Err(FileError::Occupied);
    }
    Ok(std::fs::remove_file(path)?)
}

/// Opens a file that only serves as a lock, or makes it, for the person alone; its content is left as it is.
///
/// # Errors
/// [`FileError::Link`], [`FileError::NotRegular`], or what the system says.
pub fn open_lock(path: &Path) -> Result<File, FileError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;

        use rustix::fs::OFlags;
        options.mode(0o600).custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed());
    }
    let file = options.open(path).map_err(|error| match path.symlink_metadata() {
        Ok(found) if found.is_symlink() => FileError::Link,
        _ => error.into(),
    })?;
    kind_of(file.metadata()?.file_type()).map_or(Ok(file), |kind| Err(FileError::NotRegular(kind)))
}
