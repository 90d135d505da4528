//! Copies of files that are marked in place of the file itself, as for recordings; marks nothing.

use std::path::Path;

use mfm_journal::Journal;

use super::mark;
use crate::domain::MarkedIn;
use crate::file::{self, FileId};
use crate::model::next_step::{Flag, give, say};
use crate::ops::{Context, Failure, FailureKind, detect, synthetic};
use crate::targets::{Target, copy_file};

/// The ending of a copy's name.
const ENDING: &str = ".mfm-copy.db";

/// Returns the URL of the copy that is to be marked; `None` where the file itself is to be marked.
///
/// The file itself is marked if the user says so, if it is marked already, invented, or such a copy, and if files of
/// its domain are test copies anyway.
///
/// # Errors
/// Refused: another file has the copy's name; or what journal and target say.
pub(super) fn plan_copy(
    journal: &Journal,
    target: &mut dyn Target,
    request: &mark::Request,
    url: &str,
) -> Result<Option<String>, Failure> {
    let Some(path) = url.strip_prefix("sqlite:") else { return Ok(None) };
    // `moved` and `records_lost` concern a database that is registered already.
    if request.in_place || request.moved || request.records_lost || path.ends_with(ENDING) {
        return Ok(None);
    }
    let registered = journal.state().targets.iter().find(|(_, known)| known.url == url).map(|(name, _)| name.as_str());
    let domain = match registered {
        Some(name) => detect::resolve_for_marking(journal, name, target, request.domain.as_deref())?,
        None => detect::detect_domain(target, request.domain.as_deref())?,
    };
    if domain.marked_in() == MarkedIn::Place || target.read_marker()?.is_some() {
        return Ok(None);
    }
    if let Some(name) = registered
        && synthetic::is_synthetic(journal, name)?
    {
        return Ok(None);
    }
    let copy = format!("sqlite:{}{ENDING}", path.strip_suffix(".db").unwrap_or(path));
    if crate::targets::file_exists(&copy) {
        let message = format!("{url} would be copied and the copy marked, but {copy} already exists");
        let next = vec![say("mark that copy, or remove it first"), give(Flag::InPlace, "marks the file itself")];
        return Err(Failure::new(FailureKind::Refused, "copy_exists", message, next));
    }
    Ok(Some(copy))
}

/// Makes the copy, and returns the identity of its file.
///
/// # Errors
/// A file system error.
pub(super) fn make_copy(url: &str, copy: &str) -> Result<Option<FileId>, Failure> {
    copy_file(url, copy)?;
    Ok(copy.strip_prefix("sqlite:").and_then(|path| file::identity_of(Path::new(path))))
}

/// Removes a copy that could not be marked; a marked one stays, and so does another file of the same name.
pub(super) fn remove_unmarked(context: &Context<'_>, copy: &str, identity: Option<FileId>) {
    let unmarked =
        context.open_target(copy).is_ok_and(|mut target| target.read_marker().is_ok_and(|marker| marker.is_none()));
    let path = copy.strip_prefix("sqlite:").map(Path::new);
    let gone = unmarked && path.is_some_and(|path| file::remove_own(path, identity).is_ok());
    if !gone {
        context.reporter.note(&format!("the copy {copy} remains, unmarked"));
    }
}
