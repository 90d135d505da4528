//! `mfm lab export`: writes a database as the folder of files that it was imported from.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::Domain;
use crate::domain::folder::FolderFormat;
use crate::file::{self, DraftFile, FileAccess};
use crate::model::ports::Danger;
use crate::ops::pump::ScanRunner;
use crate::ops::{Card, Context, Failure, FailureKind, detect};
use crate::targets::{self, Target};

/// The command's card.
pub const CARD: Card = Card {
    name: "lab export",
    danger: Danger::Read,
    about: "Write a database as the folder of files that it came from",
};

/// What to write, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Request {
    /// The database: sqlite:PATH, or the name of a registered target
    #[arg(value_name = "URL")]
    pub url: String,
    /// The folder to write, which must not exist yet, or be empty
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
}

/// A folder that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// The database.
    pub target: String,
    /// The folder.
    pub folder: PathBuf,
    /// The files, with the number of bytes of each.
    pub files: BTreeMap<String, u64>,
}

/// Writes the folder.
///
/// # Errors
/// Usage: the domain has no such format, or the folder cannot be written. Or a target error.
pub fn run(context: &Context<'_>, request: &Request) -> Result<Outcome, Failure> {
    let url = resolve_url(context, &request.url)?;
    let mut target = context.open_target(&url)?;
    let domain = detect::detect_domain(target.as_mut(), None)?;
    let format = domain.folder_format().ok_or_else(|| no_folder(domain))?;
    let files = write_folder(context, format, target.as_mut(), &request.folder)?;
    Ok(Outcome { target: url, folder: request.folder.clone(), files })
}

/// Returns the URL of a registered target, or the URL itself.
fn resolve_url(context: &Context<'_>, given: &str) -> Result<String, Failure> {
    if given.contains(':') {
        return Ok(if targets::is_read_in_place(given) { given.to_owned() } else { targets::canonical_url(given)? });
    }
    let journal = context.open_journal()?;
    let known = journal.state().targets.get(given);
    let known = known.ok_or_else(|| crate::model::Refusal::NoTarget { name: given.to_owned() })?;
    Ok(known.url.clone())
}

fn no_folder(domain: &dyn Domain) -> Failure {
    let message = format!("data of {} do not go out as a folder of files", domain.card().id);
    Failure::usage("no_folder_format", message, "name a database of another domain")
}

fn write_folder(
    context: &Context<'_>,
    format: &dyn FolderFormat,
    target: &mut dyn Target,
    folder: &Path,
) -> Result<BTreeMap<String, u64>, Failure> {
    prepare_folder(folder)?;
    let mut files = WrittenFiles { folder, open: None, bytes: BTreeMap::new(), failure: None };
    let mut take = |name: &str, bytes: &[u8]| files.take_piece(name, bytes);
    let mut writer = format.start_writer(&mut take);
    ScanRunner { context, target, cache: None, doing: "writing files" }.run(writer.as_mut())?;
    let finished = writer.finish();
    files.end_file();
    match (finished, files.failure) {
        (_, Some(failure)) => Err(failure),
        (Err(why), None) => Err(Failure::new(FailureKind::Refused, "not_recorded", why, "name another database")),
        (Ok(()), None) => Ok(files.bytes),
    }
}

/// Makes the folder; one that holds something is refused, so that nothing in it is mixed with what is written.
fn prepare_folder(folder: &Path) -> Result<(), Failure> {
    let failed = |why: &str| write_failure(folder, why);
    file::make_folder(folder, FileAccess::Shared).map_err(|error| failed(&error.to_string()))?;
    let mut entries = std::fs::read_dir(folder).map_err(|error| failed(&error.to_string()))?;
    if entries.next().is_some() { Err(failed("it is not empty")) } else { Ok(()) }
}

fn write_failure(path: &Path, why: &str) -> Failure {
    let message = format!("could not write {}: {why}", path.display());
    Failure::usage("output", message, "name an empty folder, or one that does not exist")
}

/// The files that are written, one after the other.
struct WrittenFiles<'f> {
    folder: &'f Path,
    open: Option<(String, DraftFile)>,
    bytes: BTreeMap<String, u64>,
    failure: Option<Failure>,
}

impl WrittenFiles<'_> {
    fn take_piece(&mut self, name: &str, bytes: &[u8]) -> ControlFlow<()> {
        if self.open.as_ref().is_none_or(|(open, _)| open != name) {
            self.end_file();
            self.begin_file(name);
        }
        if let Some((_, file)) = &mut self.open {
            if let Err(error) = file.write_all(bytes) {
                self.failure = Some(write_failure(&self.folder.join(name), &error.to_string()));
            }
            *self.bytes.entry(name.to_owned()).or_default() += bytes.len() as u64;
        }
        if self.failure.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn begin_file(&mut self, name: &str) {
        // The name comes from the database, which may be anybody's: it must not lead out of the folder.
        let is_plain = Path::new(name).file_name().is_some_and(|plain| plain == name);
        let path = self.folder.join(name);
        if !is_plain {
            self.failure = Some(write_failure(&path, "it is no file name"));
            return;
        }
        match file::begin_draft(&path, FileAccess::Shared, |_| false) {
            Ok(file) => self.open = Some((name.to_owned(), file)),
            Err(error) => self.failure = Some(write_failure(&path, &error.to_string())),
        }
    }

    fn end_file(&mut self) {
        let Some((name, file)) = self.open.take() else { return };
        if let Err(error) = file.finish() {
            self.failure.get_or_insert_with(|| write_failure(&self.folder.join(name), &error.to_string()));
        }
    }
}
