//! The result of `mfm check`: checks, findings and counts, as reports and programs get them.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::PathBuf;

use mfm_journal::Value;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json};

use super::baseline::KnownFinding;
use super::exhibits::Exhibits;
use super::fingerprint;
use super::groups::FindingGroup;
use super::{CheckOutcome, FailOn};
use crate::domain::check::{CheckCard, CheckVerdict};
use crate::domains;
use crate::model::{Finding, Severity, Snapshot};
use crate::ops::cell;
use crate::ops::rules::RulesLine;

/// The result of running checks.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Outcome {
    /// The target's name.
    pub target: String,
    /// The wall clock that dates were compared with.
    pub now: String,
    /// The rules in force.
    pub rules: RulesLine,
    /// The checks, in the order of the groups.
    pub checks: Vec<CheckLine>,
    /// Number of findings that count: all, or with a baseline those that it does not hold.
    pub violations: u64,
    /// Number of findings that the baseline holds.
    pub known: u64,
    /// Number of baseline lines without a finding whose checks ran.
    pub gone: u64,
    /// Number of baseline lines without a finding whose checks did not run.
    pub unchecked: u64,
    /// Number of checks that could not run.
    pub not_run: u64,
    /// The ids of the checks that make the exit code 1 where they could not run.
    pub must_run: Vec<&'static str>,
    /// The lowest severity of a violation that makes the exit code 1.
    pub fail_on: FailOn,
    /// Whether the exit code is 1.
    pub failed: bool,
    /// The baseline; null without one.
    pub baseline: Option<PathBuf>,
    /// The baseline that was written; null where none was asked for.
    pub baseline_written: Option<PathBuf>,
    /// Number of findings whose table has no usable key, so that they name no single row.
    pub unkeyed: u64,
    /// Number of all findings, known ones included; the list below may be cut.
    pub findings_total: u64,
    /// The findings: new ones, worst first, then the known ones; programs get the first thousand.
    #[serde(serialize_with = "first_thousand")]
    pub findings: Vec<FindingLine>,
    /// The new findings by what they are about, worst first: one fault is one group; of the first thousand findings.
    pub groups: Vec<FindingGroup>,
    /// The baseline lines counted in `gone`; programs get the first thousand.
    #[serde(serialize_with = "first_thousand")]
    pub gone_findings: Vec<KnownFinding>,
    /// The journal in which the target is registered.
    pub journal: PathBuf,
    /// Rows and pictures for the HTML report; empty for the other forms.
    #[serde(skip)]
    pub exhibits: Exhibits,
}

impl Outcome {
    /// Counts known and new findings, and sorts the findings: new ones first, each part worst first.
    pub(super) fn count_findings(&mut self) {
        // The sort is stable: within a severity the order of checks and rows stays.
        self.findings.sort_by_key(|finding| (finding.known, Reverse(finding.severity)));
        let mut known: BTreeMap<&str, u64> = BTreeMap::new();
        for finding in self.findings.iter().filter(|finding| finding.known) {
            *known.entry(finding.check).or_default() += 1;
        }
        for check in &mut self.checks {
            check.known = known.get(check.id).copied().unwrap_or_default();
            check.violations -= check.known;
            // All its findings are known, so nothing of it counts.
            if check.status == Status::Fail && check.violations == 0 {
                check.status = Status::Pass;
            }
        }
        self.known = known.values().sum();
        self.violations = self.findings_total - self.known;
        self.not_run = self.checks.iter().filter(|check| check.status == Status::NotRun).count() as u64;
    }

    /// Returns the findings that the baseline does not hold, worst first.
    pub fn new_findings(&self) -> impl Iterator<Item = &FindingLine> {
        self.findings.iter().filter(|finding| !finding.known)
    }

    /// Returns the group of a finding; `None` for a known one, and beyond the first thousand.
    #[must_use]
    pub fn group_of(&self, finding: &FindingLine) -> Option<&FindingGroup> {
        self.groups.iter().find(|group| group.holds(&finding.fingerprint))
    }

    /// Returns whether a finding makes the exit code 1, provided that no baseline is written.
    #[must_use]
    pub fn is_failing(&self, finding: &FindingLine) -> bool {
        !finding.known && self.fail_on.is_met_by(finding.severity)
    }

    /// Returns whether a check that could not run makes the exit code 1.
    #[must_use]
    pub fn fails_not_run(&self, check: &CheckLine) -> bool {
        check.status == Status::NotRun && self.must_run.contains(&check.id)
    }

    /// Returns the findings of a check, in the order of [`Outcome::findings`].
    pub fn of_check<'o>(&'o self, check: &CheckLine) -> impl Iterator<Item = &'o FindingLine> {
        let id = check.id;
        self.findings.iter().filter(move |finding| finding.check == id)
    }

    /// Returns the severity of a check's worst new finding, else of its worst known one, else that of the check itself.
    #[must_use]
    pub fn worst_severity(&self, check: &CheckLine) -> Severity {
        let worst = self.of_check(check).map(|finding| (!finding.known, finding.severity)).max();
        worst.map_or(check.severity, |(_, severity)| severity)
    }

    /// Returns the checks: failures, then those that could not run, then passes; each part worst first.
    #[must_use]
    pub fn worst_first(&self) -> Vec<&CheckLine> {
        let mut checks: Vec<&CheckLine> = self.checks.iter().collect();
        checks.sort_by_cached_key(|check| {
            let known = check.known > 0;
            // The order of `Status` puts failures before checks not run before passes.
            (check.status, Reverse((known, self.worst_severity(check), check.violations)))
        });
        checks
    }
}

fn first_thousand<T: Serialize, S: Serializer>(lines: &[T], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(lines.iter().take(cell::CHANGES_MAX))
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It found something that counts.
    Fail,
    /// It could not run; this is never a pass.
    NotRun,
    /// It found nothing, or only known findings.
    Pass,
}

impl Status {
    /// Returns the word used in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::NotRun => "not_run",
            Self::Pass => "pass",
        }
    }
}

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckLine {
    /// Its id.
    pub id: &'static str,
    /// Its group.
    pub group: &'static str,
    /// The id of the failure mode that it guards against.
    pub mode: &'static str,
    /// The severity of a violation.
    #[serde(flatten, serialize_with = "crate::ops::severity::of_check")]
    pub severity: Severity,
    /// How it ended.
    pub status: Status,
    /// Number of rows that it examined.
    pub looked_at: u64,
    /// Number of its new findings.
    pub violations: u64,
    /// Number of its findings that the baseline holds.
    pub known: u64,
    /// Why it could not run; null where it ran.
    pub why: Option<String>,
    /// What it could not judge although it ran.
    pub remarks: Vec<String>,
    /// What it looks for.
    pub about: &'static str,
    /// What to do about a violation.
    pub remedy: &'static str,
}

impl CheckLine {
    /// Returns the result of a check before a baseline is applied.
    pub(super) fn new(checked: &CheckOutcome) -> Self {
        let &CheckCard { id, group, mode, severity, about, remedy } = checked.card;
        let (status, looked_at, why) = match &checked.verdict {
            CheckVerdict::Ran { looked_at, findings, .. } if findings.is_empty() => (Status::Pass, *looked_at, None),
            CheckVerdict::Ran { looked_at, .. } => (Status::Fail, *looked_at, None),
            CheckVerdict::NotRun { why } => (Status::NotRun, 0, Some(why.clone())),
        };
        let remarks = match &checked.verdict {
            CheckVerdict::Ran { remarks, .. } => remarks.clone(),
            CheckVerdict::NotRun { .. } => Vec::new(),
        };
        let violations = checked.findings().len() as u64;
        Self { id, group, mode, severity, status, looked_at, violations, known: 0, why, remarks, about, remedy }
    }
}

/// One finding of a check.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FindingLine {
    /// Identifies the finding from run to run: see [`fingerprint`].
    pub fingerprint: String,
    /// The check's id.
    pub check: &'static str,
    /// Its severity.
    #[serde(flatten, serialize_with = "crate::ops::severity::of_check")]
    pub severity: Severity,
    /// The table of the violating row.
    pub table: &'static str,
    /// The row's key, by column.
    pub key: Json,
    /// Other rows involved in the violation.
    pub related: Vec<RelatedLine>,
    /// Its number, from 1, among findings that agree in everything else.
    pub occurrence: u64,
    /// What is wrong, in a form that does not depend on the message's wording.
    pub what: String,
    /// What is wrong, as a sentence with the values.
    pub message: String,
    /// Whether the baseline holds it: then it does not count.
    pub known: bool,
    /// Why the baseline accepts it; null where it is not known.
    pub reason: Option<String>,
}

/// A further row involved in a violation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RelatedLine {
    /// The table.
    pub table: &'static str,
    /// The row's key, by column.
    pub key: Json,
}

impl FindingLine {
    /// Returns a finding before a baseline is applied.
    pub(super) fn new(finding: &Finding, snapshot: &Snapshot) -> Self {
        let mut related = Vec::new();
        for (table, key) in &finding.related {
            related.push(RelatedLine { table, key: key_to_json(snapshot, table, key) });
        }
        let key = key_to_json(snapshot, finding.table, &finding.key);
        Self {
            fingerprint: fingerprint::digest_finding(finding.check, finding.table, &key, &finding.what, 1),
            check: finding.check,
            severity: finding.severity,
            table: finding.table,
            key,
            related,
            occurrence: 1,
            what: finding.what.clone(),
            message: finding.message.clone(),
            known: false,
            reason: None,
        }
    }
}

/// Numbers findings that agree in everything, so that each has a fingerprint of its own and none hides another.
pub(super) fn number_alike(findings: &mut [FindingLine]) {
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    for line in findings {
        let count = seen.entry(line.fingerprint.clone()).or_default();
        *count += 1;
        if *count > 1 {
            line.occurrence = *count;
            line.fingerprint = fingerprint::digest_finding(line.check, line.table, &line.key, &line.what, *count);
        }
    }
}

/// Returns whether a key identifies one row: it has columns, and none of them is NULL.
pub(super) fn tells_a_row(key: &Json) -> bool {
    key.as_object().is_some_and(|key| !key.is_empty() && key.values().all(|value| !value.is_null()))
}

/// Returns a key as an object by column, named as the target does, else as the domain does, else `key0`, `key1`...
pub(super) fn key_to_json(snapshot: &Snapshot, table: &str, key: &[Value]) -> Json {
    let declared = snapshot.table(table).ok().map(|rows| rows.table.shape.key.clone());
    let names = declared.or_else(|| domains::key_columns().remove(table)).unwrap_or_default();
    let mut map = Map::new();
    for (at, value) in key.iter().enumerate() {
        let name = names.get(at).cloned().unwrap_or_else(|| format!("key{at}"));
        map.insert(name, cell::to_json(value));
    }
    Json::Object(map)
}
