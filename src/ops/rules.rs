//! The rules of `mfm check`: a domain's default ones, or those of a file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mfm_journal::Digest;
use serde::{Serialize, Serializer};

use super::failure::Failure;
use crate::domain::Domain;
use crate::domain::check::Rules;
use crate::file;
use crate::model::next_step::{View, look};

/// Rules with their source.
#[derive(Clone, Debug, Serialize)]
pub struct ChosenRules {
    /// The file; none for the default rules.
    pub file: Option<PathBuf>,
    /// SHA-256 of all rules, defaults filled in, as JSON with sorted keys and without spaces.
    pub digest: String,
    /// The rules, complete.
    #[serde(serialize_with = "serialize_rules")]
    pub rules: Arc<dyn Rules>,
    /// The text of the default rules, with comments.
    #[serde(skip)]
    default_text: &'static str,
}

fn serialize_rules<S: Serializer>(rules: &Arc<dyn Rules>, serializer: S) -> Result<S::Ok, S::Error> {
    rules.to_json().serialize(serializer)
}

/// The rules of a result, by file and digest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RulesLine {
    /// The file; none for the default rules.
    pub file: Option<PathBuf>,
    /// SHA-256 of all rules, defaults filled in, as JSON with sorted keys and without spaces.
    pub digest: String,
}

impl RulesLine {
    /// Returns the file as text, or `default`.
    #[must_use]
    pub fn source_name(&self) -> String {
        self.file.as_ref().map_or_else(|| "default".to_owned(), |file| file.display().to_string())
    }
}

/// Returns the SHA-256 of complete rules as JSON, with sorted keys and without spaces.
#[must_use]
pub fn digest(rules: &dyn Rules) -> Digest {
    Digest::sha256(rules.to_json().to_string().as_bytes())
}

/// Returns the default rules of a domain.
///
/// # Errors
/// They cannot be parsed, which the domain's own tests exclude.
pub fn default_rules(domain: &dyn Domain) -> Result<Arc<dyn Rules>, Failure> {
    domain.parse_rules("").map_err(|error| unreadable_rules(Path::new("default"), &error.to_string()))
}

impl ChosenRules {
    /// Reads a file of rules for a domain, or returns the domain's default rules.
    ///
    /// # Errors
    /// Usage: `rules`, with the wrong line.
    pub fn load(domain: &dyn Domain, file: Option<&Path>) -> Result<Self, Failure> {
        let rules = match file {
            None => default_rules(domain)?,
            Some(path) => read_rules(domain, path)?,
        };
        let digest = digest(rules.as_ref()).to_string();
        Ok(Self { file: file.map(Path::to_path_buf), digest, rules, default_text: domain.default_rules() })
    }

    /// Returns the rules by file and digest.
    #[must_use]
    pub fn to_line(&self) -> RulesLine {
        RulesLine { file: self.file.clone(), digest: self.digest.clone() }
    }

    /// Returns the text of a complete rules file; only the default one has comments.
    #[must_use]
    pub fn to_toml(&self) -> String {
        match self.file {
            None => self.default_text.to_owned(),
            Some(_) => self.rules.to_toml(),
        }
    }
}

fn unreadable_rules(path: &Path, why: &str) -> Failure {
    let message = format!("could not read the rules {}: {why}", path.display());
    Failure::usage("rules", message, look(View::Rules, "prints a complete file, with a comment on every key"))
}

fn read_rules(domain: &dyn Domain, path: &Path) -> Result<Arc<dyn Rules>, Failure> {
    let text =
        file::read_text(path, file::TEXT_BYTES_MAX).map_err(|error| unreadable_rules(path, &error.to_string()))?;
    domain.parse_rules(&text).map_err(|error| unreadable_rules(path, &error.to_string()))
}
