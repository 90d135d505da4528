//! The baseline of `mfm check`: a file of known and accepted findings, one per line.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::fingerprint;
use super::lines::{FindingLine, Outcome, Status};
use crate::file::{self, FileAccess};
use crate::model::next_step::{Deed, Flag, act, give};
use crate::ops::Failure;

/// The schema's name.
const SCHEMA: &str = "mfm/baseline/1";

/// Findings that are known and accepted: `mfm check --baseline FILE` does not count them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// mfm/baseline/1
    #[schemars(regex(pattern = r"^mfm/baseline/1$"))]
    schema: String,
    /// The findings, sorted by check, table and key.
    findings: Vec<KnownFinding>,
}

/// A finding that is known and accepted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
// The published schema has this name.
#[schemars(rename = "Known")]
pub struct KnownFinding {
    /// Identifies the finding; derived from the next four fields.
    #[schemars(regex(pattern = r"^[0-9a-f]{32}$"))]
    pub fingerprint: String,
    /// The check's id.
    pub check: String,
    /// The table of the row.
    pub table: String,
    /// The row's key, by column.
    pub key: Map<String, Json>,
    /// What is wrong, with the values; a different value is a different finding.
    pub what: String,
    /// Number, from 1, among findings that are otherwise identical.
    #[serde(default = "first_occurrence", skip_serializing_if = "is_first")]
    pub occurrence: u64,
    /// Why it is accepted; for a person to fill in.
    #[serde(default)]
    pub reason: String,
}

const fn first_occurrence() -> u64 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde asks for")]
const fn is_first(occurrence: &u64) -> bool {
    *occurrence == 1
}

impl KnownFinding {
    fn new(finding: &FindingLine, reason: String) -> Self {
        Self {
            fingerprint: finding.fingerprint.clone(),
            check: finding.check.to_owned(),
            table: finding.table.to_owned(),
            key: finding.key.as_object().cloned().unwrap_or_default(),
            what: finding.what.clone(),
            occurrence: finding.occurrence,
            reason,
        }
    }

    /// Returns the sort key of a line, in which numeric keys are ordered as numbers.
    fn sort_key(&self) -> impl Ord + use<> {
        let numbers: Vec<Option<i64>> = self.key.values().map(Json::as_i64).collect();
        let key = Json::Object(self.key.clone()).to_string();
        (self.check.clone(), self.table.clone(), numbers, key, self.what.clone(), self.occurrence)
    }
}

impl Baseline {
    /// Reads a file.
    ///
    /// # Errors
    /// Usage: what the file system says, or what is wrong with the file.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let failure = |why: String| {
            let message = format!("could not read the baseline {}: {why}", path.display());
            Failure::usage("baseline_file", message, act(Deed::SaveBaseline, "makes one"))
        };
        let text = file::read_text(path, file::DATA_BYTES_MAX).map_err(|error| failure(error.to_string()))?;
        Self::parse(&text).map_err(failure)
    }

    /// Parses the text of a baseline file.
    ///
    /// # Errors
    /// What is wrong with it, in a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        // The schema's name is looked at first: of another version, not its unknown fields are to blame.
        let json: Json = serde_json::from_str(text).map_err(|error| format!("it is not a baseline: {error}"))?;
        let baseline: Self = match json.get("schema").and_then(Json::as_str) {
            Some(SCHEMA) => serde_json::from_value(json).map_err(|error| error.to_string())?,
            Some(other) => return Err(format!("its schema is `{other}`, but this mfm reads `{SCHEMA}`")),
            None => return Err("it is not a baseline".to_owned()),
        };
        for (number, known) in (1..).zip(&baseline.findings) {
            let KnownFinding { fingerprint, check, table, key, what, occurrence, .. } = known;
            if *fingerprint != fingerprint::digest_finding(check, table, &Json::Object(key.clone()), what, *occurrence)
            {
                return Err(format!(
                    "the fingerprint {fingerprint} of its finding {number} does not match the other fields"
                ));
            }
        }
        Ok(baseline)
    }

    /// Returns the text of the file: JSON with one line per finding, so that version control shows single findings.
    ///
    /// # Errors
    /// A serialization error.
    pub fn to_json_text(&self) -> serde_json::Result<String> {
        let lines: Vec<String> = self.findings.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
        let lines: Vec<String> = lines.iter().map(|line| format!("\n    {line}")).collect();
        let end = if lines.is_empty() { "" } else { "\n  " };
        Ok(format!("{{\n  \"schema\": \"{SCHEMA}\",\n  \"findings\": [{}{end}]\n}}\n", lines.join(",")))
    }

    /// Marks each finding as known or new, and lists the lines of the baseline that have no finding.
    pub(super) fn mark_known(&self, outcome: &mut Outcome) {
        let lines: BTreeMap<&str, &KnownFinding> =
            self.findings.iter().map(|line| (line.fingerprint.as_str(), line)).collect();
        for finding in &mut outcome.findings {
            let line = lines.get(finding.fingerprint.as_str());
            finding.known = line.is_some();
            finding.reason = line.map(|line| line.reason.clone());
        }
        let fingerprints: BTreeSet<&str> =
            outcome.findings.iter().map(|finding| finding.fingerprint.as_str()).collect();
        let (gone, unchecked) = self.list_missing(&fingerprints, outcome);
        outcome.gone = gone.len() as u64;
        outcome.gone_findings = gone.into_iter().cloned().collect();
        outcome.unchecked = unchecked.len() as u64;
    }

    /// Returns the lines without a finding: those whose check ran, and those whose check did not.
    fn list_missing<'b>(
        &'b self,
        fingerprints: &BTreeSet<&str>,
        outcome: &Outcome,
    ) -> (Vec<&'b KnownFinding>, Vec<&'b KnownFinding>) {
        let ran = outcome.checks.iter().filter(|check| check.status != Status::NotRun);
        let ran: BTreeSet<&str> = ran.map(|check| check.id).collect();
        let missing = self.findings.iter().filter(|line| !fingerprints.contains(line.fingerprint.as_str()));
        missing.partition(|line| ran.contains(line.check.as_str()))
    }

    /// Returns a baseline that accepts every finding of an outcome.
    ///
    /// Reasons given in the earlier baseline are kept, and so are its lines whose checks did not run.
    #[must_use]
    pub fn from_outcome(outcome: &Outcome, before: Option<&Self>) -> Self {
        let fingerprints: BTreeSet<&str> =
            outcome.findings.iter().map(|finding| finding.fingerprint.as_str()).collect();
        let unchecked = before.map(|before| before.list_missing(&fingerprints, outcome).1).unwrap_or_default();
        let current = outcome
            .findings
            .iter()
            .map(|finding| KnownFinding::new(finding, finding.reason.clone().unwrap_or_default()));
        let mut findings: Vec<KnownFinding> = current.chain(unchecked.into_iter().cloned()).collect();
        findings.sort_by_cached_key(KnownFinding::sort_key);
        findings.dedup_by(|one, other| one.fingerprint == other.fingerprint);
        Self { schema: SCHEMA.to_owned(), findings }
    }
}

/// Refuses to overwrite a file other than the baseline that was read.
///
/// # Errors
/// Usage: a file exists there.
pub(super) fn may_write(path: &Path, read: Option<&Path>) -> Result<(), Failure> {
    if path.symlink_metadata().is_err() || is_same(path, read) {
        return Ok(());
    }
    let message = format!("{} exists and is not overwritten", path.display());
    let both = "with the same file updates the baseline and keeps its reasons";
    Err(Failure::usage("baseline_exists", message, give(Flag::Baseline, both)))
}

fn is_same(path: &Path, read: Option<&Path>) -> bool {
    read.is_some_and(|read| file::is_same_file(read, path))
}

impl Baseline {
    /// Writes a new file, or replaces the one that was read.
    ///
    /// # Errors
    /// A file system error.
    pub(super) fn write(&self, path: &Path, read: Option<&Path>) -> Result<(), Failure> {
        let failure = |why: String| {
            let message = format!("could not write the baseline {}: {why}", path.display());
            Failure::usage("baseline_file", message, "choose a path that can be written")
        };
        may_write(path, read)?;
        let text = self.to_json_text().map_err(|error| failure(error.to_string()))?;
        // Checked again at the last moment: another program may have put a file there while the checks ran.
        file::replace_file(path, &text, FileAccess::Shared, |path| is_same(path, read))
            .map_err(|error| failure(error.to_string()))
    }
}
