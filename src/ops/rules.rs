//! The rules of `mfm check`: read from a file, or the default ones; judges nothing, and opens no journal.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mfm_journal::Digest;
use serde::{Serialize, Serializer};

use super::failure::Failure;
use crate::domains::mosaiq::rules::{DEFAULT, Rules};
use crate::file;

/// Rules, and where they are from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Chosen {
    /// The file; none for the default rules.
    pub file: Option<PathBuf>,
    /// SHA-256 of all rules, defaults filled in, as JSON with sorted keys and without spaces.
    pub digest: String,
    /// All of them.
    #[serde(serialize_with = "plain")]
    pub rules: Arc<Rules>,
}

fn plain<S: Serializer>(rules: &Arc<Rules>, serializer: S) -> Result<S::Ok, S::Error> {
    rules.as_ref().serialize(serializer)
}

/// What a result says of the rules that it was judged by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RulesLine {
    /// The file; none for the default rules.
    pub file: Option<PathBuf>,
    /// SHA-256 of all rules, defaults filled in, as JSON with sorted keys and without spaces.
    pub digest: String,
}

impl RulesLine {
    /// Returns where they are from, as people read it.
    #[must_use]
    pub fn place(&self) -> String {
        self.file.as_ref().map_or_else(|| "default".to_owned(), |file| file.display().to_string())
    }
}

/// Returns SHA-256 of all rules, defaults filled in, as JSON with sorted keys and without spaces.
#[must_use]
pub fn digest(rules: &Rules) -> Digest {
    Digest::of(serde_json::to_value(rules).unwrap_or_default().to_string().as_bytes())
}

impl Chosen {
    /// Reads a file, or returns the default rules.
    ///
    /// # Errors
    /// Usage: `rules`, with the line that is to blame.
    pub fn read(file: Option<&Path>) -> Result<Self, Failure> {
        let rules = match file {
            None => Rules::standard(),
            Some(path) => Arc::new(read(path)?),
        };
        Ok(Self { file: file.map(Path::to_path_buf), digest: digest(&rules).to_string(), rules })
    }

    /// Returns what a result says of them.
    #[must_use]
    pub fn line(&self) -> RulesLine {
        RulesLine { file: self.file.clone(), digest: self.digest.clone() }
    }

    /// Returns them as a file: the default one with its comments, any other complete and without.
    #[must_use]
    pub fn text(&self) -> String {
        match self.file {
            None => DEFAULT.to_owned(),
            Some(_) => toml::to_string(&*self.rules).unwrap_or_default(),
        }
    }
}

fn read(path: &Path) -> Result<Rules, Failure> {
    let wrong = |why: &str, hint: &str| {
        Failure::usage("rules", format!("could not read the rules {}: {why}", path.display()), hint)
    };
    let whole = "`mfm check --print-rules` prints a complete file, with a comment on every key";
    let text = file::read_text(path, file::TEXT_BYTES_MAX).map_err(|error| wrong(&error.to_string(), whole))?;
    Rules::read(&text).map_err(|error| wrong(&error.to_string(), whole))
}
