//! Output that is written while it is computed: to a stream, whose reader may close it, or to a file that gets its name
//! only when it is complete.

use std::io::{self, Write};
use std::path::Path;

use mfm_journal::JournalError;

use super::failure::{Failure, FailureKind};
use crate::file::{self, FileAccess, FileError};
use crate::model::next_step::{Flag, give};

/// Why writing ended early.
#[derive(Debug)]
pub enum OutputStop {
    /// What is written could not be computed, or the user asked to stop.
    Failed(Failure),
    /// The output could not be written.
    Io(io::Error),
}

impl From<Failure> for OutputStop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<JournalError> for OutputStop {
    fn from(error: JournalError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<io::Error> for OutputStop {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A kind of output, as messages name it.
pub(super) struct OutputKind {
    /// Its name: `export`.
    pub(super) name: &'static str,
    /// Builds the failure to write its file, with the message.
    pub(super) failure: fn(String) -> Failure,
    /// What is said of a file that exists and is of no such kind.
    pub(super) occupied: &'static str,
    /// What the option for a file does with it.
    pub(super) option: &'static str,
}

impl OutputKind {
    /// Returns the failure to write a file.
    fn file_failure(&self, path: &Path, error: &FileError) -> Failure {
        let why = match error {
            FileError::Occupied => self.occupied.to_owned(),
            error => error.to_string(),
        };
        let message = format!("could not write the {} {}: {why}", self.name, path.display());
        (self.failure)(message)
    }

    /// Writes a file through `pour`; an earlier file is replaced only if `is_own` recognises it.
    ///
    /// # Errors
    /// A file system error, or the failure of `pour`; in both cases no file is left behind.
    pub(super) fn write_file<T>(
        &self,
        path: &Path,
        access: FileAccess,
        is_own: impl Fn(&Path) -> bool,
        pour: impl FnOnce(&mut dyn Write) -> Result<T, OutputStop>,
    ) -> Result<T, Failure> {
        // Until it is finished, the draft has another name, and an earlier file stays as it is.
        let mut draft = file::begin_draft(path, access, is_own).map_err(|error| self.file_failure(path, &error))?;
        let outcome = pour(&mut draft).map_err(|stop| match stop {
            OutputStop::Failed(failure) => failure,
            OutputStop::Io(error) => self.file_failure(path, &error.into()),
        })?;
        draft.finish().map_err(|error| self.file_failure(path, &error))?;
        Ok(outcome)
    }

    /// Returns the outcome of writing to a stream; `None` if its reader closed it before the end, which is no error.
    ///
    /// # Errors
    /// The failure of what was computed, or `output`.
    pub(super) fn end_stream<T>(&self, written: Result<T, OutputStop>) -> Result<Option<T>, Failure> {
        match written {
            Ok(outcome) => Ok(Some(outcome)),
            Err(OutputStop::Failed(failure)) => Err(failure),
            Err(OutputStop::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(None),
            Err(OutputStop::Io(error)) => {
                let message = format!("could not write the {}: {error}", self.name);
                Err(Failure::new(FailureKind::Found, "output", message, give(Flag::Output, self.option)))
            }
        }
    }
}
