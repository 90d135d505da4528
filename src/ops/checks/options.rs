//! Options for the findings of `mfm check`: the baseline, what makes the exit code 1, and the form of the report.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::baseline::{Baseline, may_write};
use crate::model::Severity;
use crate::ops::Failure;

/// The word that stands for every check.
pub(super) const ALL: &str = "all";

/// What becomes of findings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Options {
    /// A file of known findings, which do not count
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Write every finding into a baseline, and exit with 0; only the file of --baseline is replaced
    #[arg(long, value_name = "FILE")]
    pub write_baseline: Option<PathBuf>,
    /// Lowest severity at which a finding makes the exit code 1
    #[arg(long, value_enum, value_name = "SEVERITY", default_value_t = FailOn::Low)]
    pub fail_on: FailOn,
    /// Exit with 1 also if checks could not run: any, or one of these ids and groups, separated by commas
    #[arg(long, value_name = "ID", value_delimiter = ',', num_args = 0.., require_equals = true,
        default_missing_value = ALL)]
    pub fail_on_not_run: Vec<String>,
    /// The form of the result [default: as --format]
    #[arg(long = "as", value_enum, value_name = "FORM")]
    #[serde(rename = "as")]
    pub form: Option<Form>,
    /// Write that form to this file, and the usual page to stdout; only an earlier report is replaced
    #[arg(long, short, value_name = "FILE", requires = "form")]
    pub output: Option<PathBuf>,
}

impl Options {
    /// Returns the files that will be written.
    pub(super) fn output_files(&self) -> impl Iterator<Item = &Path> {
        [&self.write_baseline, &self.output].into_iter().filter_map(|path| path.as_deref())
    }

    /// Reads the baseline, and checks that the output files may be written, before the checks take their time.
    ///
    /// # Errors
    /// Usage: what is wrong with a file.
    pub(super) fn prepare_files(&self) -> Result<Option<Baseline>, Failure> {
        let baseline = self.baseline.as_deref().map(Baseline::read).transpose()?;
        if let Some(path) = &self.write_baseline {
            may_write(path, self.baseline.as_deref())?;
        }
        self.output.as_deref().map_or(Ok(()), super::report::may_write)?;
        Ok(baseline)
    }
}

/// From which severity on a finding matters.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum FailOn {
    /// Any finding
    #[default]
    Low,
    /// Medium, high or critical
    Medium,
    /// High or critical
    High,
    /// Critical only
    Critical,
    /// None: the exit code is never 1
    Never,
}

impl FailOn {
    /// Returns whether a finding of this severity makes the exit code 1.
    #[must_use]
    pub fn is_met_by(self, severity: Severity) -> bool {
        let least = match self {
            Self::Low => Severity::Low,
            Self::Medium => Severity::Medium,
            Self::High => Severity::High,
            Self::Critical => Severity::Critical,
            Self::Never => return false,
        };
        severity >= least
    }
}

/// As what the result is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// The page for people
    Table,
    /// The JSON of --json
    Json,
    /// SARIF 2.1.0, for code scanning and its viewers
    Sarif,
    /// JUnit XML, for continuous integration: one test case per check
    Junit,
    /// One self-contained page with counts, rows and plots
    Html,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_holds_from_its_own_severity_on() {
        let all = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
        for (at, fail_on) in
            [FailOn::Low, FailOn::Medium, FailOn::High, FailOn::Critical, FailOn::Never].iter().enumerate()
        {
            let met: Vec<bool> = all.iter().map(|severity| fail_on.is_met_by(*severity)).collect();
            assert_eq!(met, (0..4).map(|severity| severity >= at).collect::<Vec<_>>(), "{fail_on:?}");
        }
    }
}
