//! From a URL to the engine behind it: opening, creating, copying and comparing targets by URL.

use std::path::{Path, PathBuf};

#[cfg(feature = "mssql")]
use super::mssql;
use super::{DomainKeys, FolderTarget, LabWriter, Target, TargetError, is_read_in_place, sqlite};
use crate::model::ports::Secrets;
use crate::model::{password, shown};

/// Returns which safety of the connection a URL gives up, in a sentence; `None` where it gives up none.
#[must_use]
#[cfg_attr(not(feature = "mssql"), expect(unused_variables, reason = "a file has no connection to encrypt"))]
pub fn find_weakness(url: &str) -> Option<&'static str> {
    #[cfg(feature = "mssql")]
    return mssql::find_weakness(url);
    #[cfg(not(feature = "mssql"))]
    None
}

/// Returns the host to which a URL's login would travel unencrypted; `None` where it would be encrypted.
#[must_use]
#[cfg_attr(not(feature = "mssql"), expect(unused_variables, reason = "files have no logins"))]
pub fn unencrypted_login(url: &str) -> Option<String> {
    #[cfg(feature = "mssql")]
    return mssql::unencrypted_login(url);
    #[cfg(not(feature = "mssql"))]
    None
}

/// Opens the target that a URL names; `keys` are those by which the domain tells rows apart.
///
/// # Errors
/// [`TargetError::Url`] for anything but `sqlite:PATH`, `json:FOLDER` and `mssql://...`, else as the engine's own
/// `open`.
#[cfg_attr(not(feature = "mssql"), expect(unused_variables, reason = "files have no passwords"))]
pub fn open_url(url: &str, keys: DomainKeys, secrets: &dyn Secrets) -> Result<Box<dyn Target>, TargetError> {
    if is_read_in_place(url) {
        return Ok(Box::new(FolderTarget::open(url)?));
    }
    match parse_url(url)? {
        UrlKind::File(path) => Ok(Box::new(sqlite::SqliteTarget::open(&path, keys)?)),
        #[cfg(feature = "mssql")]
        UrlKind::Server => Ok(Box::new(mssql::MssqlTarget::open(url, keys, secrets)?)),
    }
}

/// Where a URL points.
enum UrlKind {
    File(PathBuf),
    #[cfg(feature = "mssql")]
    Server,
}

/// Opens a new lab for writing by its URL.
///
/// # Errors
/// [`TargetError::Url`], a refusal where something is there already, or what the engine says.
#[cfg_attr(not(feature = "mssql"), expect(unused_variables, reason = "files have no passwords"))]
pub fn create_lab(url: &str, secrets: &dyn Secrets) -> Result<Box<dyn LabWriter>, TargetError> {
    match parse_url(url)? {
        UrlKind::File(path) => sqlite::create_lab(&path),
        #[cfg(feature = "mssql")]
        UrlKind::Server => mssql::create_lab(url, secrets),
    }
}

/// Returns whether a file URL's path exists; a dangling symbolic link counts as existing.
#[must_use]
pub fn file_exists(url: &str) -> bool {
    matches!(parse_url(url), Ok(UrlKind::File(path)) if path.symlink_metadata().is_ok())
}

/// Copies a file into one that does not exist yet. The copy is one consistent state, even while other programs write.
///
/// # Errors
/// [`TargetError::Url`] where one of the two is no file, else the engine's error; then there is no copy.
pub fn copy_file(url: &str, copy: &str) -> Result<(), TargetError> {
    match (parse_url(url)?, parse_url(copy)?) {
        (UrlKind::File(from), UrlKind::File(to)) => sqlite::copy_file(&from, &to),
        #[cfg(feature = "mssql")]
        _ => Err(TargetError::Url { url: url.to_owned(), why: "only files can be copied".to_owned() }),
    }
}

/// Lets a database roll back what a crashed program left in it, and writes nothing else; a server does so by itself.
///
/// # Errors
/// [`TargetError::Url`], or what the engine says.
pub fn roll_back(url: &str) -> Result<(), TargetError> {
    match parse_url(url)? {
        UrlKind::File(path) => sqlite::roll_back_hot_journal(&path),
        #[cfg(feature = "mssql")]
        UrlKind::Server => Ok(()),
    }
}

/// Returns whether a crashed program's transaction stays in a database until the next writer opens it: so in a file,
/// while a server rolls back by itself.
#[must_use]
pub fn leaves_transactions(url: &str) -> bool {
    url.starts_with("sqlite:")
}

/// Returns the one spelling of a URL under which a target is registered: of a file the absolute path without links, of
/// a server's database the settings in one order.
///
/// # Errors
/// [`TargetError::Url`].
pub fn canonical_url(url: &str) -> Result<String, TargetError> {
    let path = match parse_url(url)? {
        UrlKind::File(path) => path,
        #[cfg(feature = "mssql")]
        UrlKind::Server => return mssql::canonical_url(url),
    };
    if !shown::is_safe(url) {
        return Err(url_error(url, "it contains invisible characters"));
    }
    let whole = match std::fs::canonicalize(&path) {
        Ok(whole) => whole,
        // A file that does not exist yet has no canonical path; its folder may have one.
        Err(_) => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let folder = folder.map_or_else(|| PathBuf::from("."), Path::to_path_buf);
            let folder = std::fs::canonicalize(&folder).or_else(|_| std::path::absolute(&folder));
            let file = path.file_name().ok_or_else(|| url_error(url, "it has no file name"))?;
            folder.map_err(|error| url_error(url, &error.to_string()))?.join(file)
        }
    };
    Ok(format!("sqlite:{}", whole.display()))
}

fn url_error(url: &str, why: &str) -> TargetError {
    TargetError::Url { url: url.to_owned(), why: why.to_owned() }
}

/// Returns whether a URL has the form under which a target is registered. It does not look at the file system.
#[must_use]
pub fn is_canonical(url: &str) -> bool {
    if let Some(path) = url.strip_prefix("sqlite:") {
        return Path::new(path).is_absolute() && shown::is_safe(path);
    }
    #[cfg(feature = "mssql")]
    if mssql::is_mssql(url) {
        return mssql::canonical_url(url).is_ok_and(|canonical| canonical == url);
    }
    // A journal may name targets of a kind that this build lacks; only their characters can be checked.
    url.contains(':') && shown::is_safe(url) && !password::is_in(url)
}

/// Returns whether two URLs lead to one file, through links or directly.
#[must_use]
pub fn is_same_file(one: &str, other: &str) -> bool {
    // Databases on servers count as different: their URLs cannot prove that they are the same.
    match (parse_url(one), parse_url(other)) {
        (Ok(UrlKind::File(one)), Ok(UrlKind::File(other))) => sqlite::is_same_file(&one, &other),
        _ => false,
    }
}

/// Returns what can be seen of the marker in a file whose crashed transaction is not rolled back yet. Nothing is rolled
/// back.
#[must_use]
pub fn marker_beside_a_crash(url: &str) -> sqlite::MarkerGlimpse {
    match parse_url(url) {
        Ok(UrlKind::File(path)) => sqlite::glimpse_marker(&path),
        _ => sqlite::MarkerGlimpse::Unknown,
    }
}

fn parse_url(url: &str) -> Result<UrlKind, TargetError> {
    if let Some(path) = url.strip_prefix("sqlite:").filter(|path| !path.is_empty()) {
        return Ok(UrlKind::File(PathBuf::from(path)));
    }
    #[cfg(feature = "mssql")]
    if mssql::is_mssql(url) {
        return Ok(UrlKind::Server);
    }
    let why = if is_read_in_place(url) {
        "a folder is read in place: it can be asked and checked, and imported into a database"
    } else if cfg!(feature = "mssql") {
        "unknown kind of target"
    } else {
        "this mfm was built without SQL Server; it supports files only"
    };
    Err(url_error(url, why))
}
