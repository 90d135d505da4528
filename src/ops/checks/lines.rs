//! What `mfm check` says, line by line: checks, findings, the rows that these name; judges and reads nothing.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::PathBuf;

use mfm_journal::Value;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json};

use super::baseline::KnownFinding;
use super::exhibits::Exhibits;
use super::fingerprint;
use super::{CheckOutcome, FailOn};
use crate::domain::check::{CheckCard, CheckVerdict};
use crate::domains;
use crate::model::{Finding, Key, Severity, Snapshot};
use crate::ops::cell;
use crate::ops::rules::RulesLine;

/// What the checks say.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Outcome {
    /// The target's name.
    pub target: String,
    /// The wall clock that was held against it.
    pub now: String,
    /// The rules that they judged by.
    pub rules: RulesLine,
    /// The checks, in the order of the groups.
    pub checks: Vec<CheckLine>,
    /// How many findings count: all, or with a baseline those that it does not hold.
    pub violations: u64,
    /// How many findings the baseline holds.
    pub known: u64,
    /// How many lines of the baseline have no finding any more, although their checks ran.
    pub gone: u64,
    /// How many lines of the baseline were not looked for, because their checks did not run.
    pub unchecked: u64,
    /// How many checks could not run.
    pub not_run: u64,
    /// The checks that make the exit code 1 where they could not run.
    pub must_run: Vec<&'static str>,
    /// From which severity on a violation makes the exit code 1.
    pub fail_on: FailOn,
    /// Whether the exit code is 1.
    pub failed: bool,
    /// The baseline; null without one.
    pub baseline: Option<PathBuf>,
    /// The baseline that was written; null where none was asked for.
    pub baseline_written: Option<PathBuf>,
    /// How many findings name no row of their own, because their table has no usable key: they are counted only.
    pub unkeyed: u64,
    /// How many findings there are, known ones included, beside the list that is cut.
    pub findings_total: u64,
    /// The findings: those that count, worst first, then the known ones; programs get the first thousand.
    #[serde(serialize_with = "first_thousand")]
    pub findings: Vec<FindingLine>,
    /// The lines of the baseline that have no finding any more; programs get the first thousand.
    #[serde(serialize_with = "first_thousand")]
    pub gone_findings: Vec<KnownFinding>,
    /// The journal that knows the target.
    pub journal: PathBuf,
    /// What a report for people shows beside the findings; empty for every other.
    #[serde(skip)]
    pub exhibits: Exhibits,
}

impl Outcome {
    /// Counts what is known and what is not, and puts the findings that count first, worst first.
    pub(super) fn count_findings(&mut self) {
        self.findings.sort_by_key(|finding| (finding.known, Reverse(finding.severity)));
        let mut known: BTreeMap<&str, u64> = BTreeMap::new();
        let accepted = self.findings.iter().filter(|finding| finding.known);
        accepted.for_each(|finding| *known.entry(finding.check).or_default() += 1);
        for check in &mut self.checks {
            check.known = known.get(check.id).copied().unwrap_or_default();
            check.violations -= check.known;
            if check.status == Status::Fail && check.violations == 0 {
                check.status = Status::Pass;
            }
        }
        self.known = known.values().sum();
        self.violations = self.findings_total - self.known;
        self.not_run = self.checks.iter().filter(|check| check.status == Status::NotRun).count() as u64;
    }

    /// Returns the findings that count, worst first.
    pub fn new_findings(&self) -> impl Iterator<Item = &FindingLine> {
        self.findings.iter().filter(|finding| !finding.known)
    }

    /// Tells whether a finding makes the exit code 1, unless a baseline is written.
    #[must_use]
    pub fn is_failing(&self, finding: &FindingLine) -> bool {
        !finding.known && self.fail_on.is_met_by(finding.severity)
    }

    /// Tells whether a check that could not run makes the exit code 1.
    #[must_use]
    pub fn fails_not_run(&self, check: &CheckLine) -> bool {
        check.status == Status::NotRun && self.must_run.contains(&check.id)
    }

    /// Returns the findings of a check, in the order of all.
    pub fn of_check<'o>(&'o self, check: &CheckLine) -> impl Iterator<Item = &'o FindingLine> {
        let id = check.id;
        self.findings.iter().filter(move |finding| finding.check == id)
    }

    /// Returns how bad a check's worst finding that counts is; or its worst known one; or what one would be.
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
    /// It could not run, which is no pass.
    NotRun,
    /// It found nothing, or nothing that is not known.
    Pass,
}

impl Status {
    /// Returns the word that programs get.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::NotRun => "not_run",
            Self::Pass => "pass",
        }
    }
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckLine {
    /// Its id.
    pub id: &'static str,
    /// Its group.
    pub group: &'static str,
    /// The mode that it guards against.
    pub mode: &'static str,
    /// How bad a violation is.
    #[serde(flatten, serialize_with = "crate::ops::severity::of_check")]
    pub severity: Severity,
    /// How it ended.
    pub status: Status,
    /// How many rows it looked at.
    pub looked_at: u64,
    /// How many of its findings count.
    pub violations: u64,
    /// How many of its findings the baseline holds.
    pub known: u64,
    /// Why it could not run.
    pub why: Option<String>,
    /// What it could not judge although it ran.
    pub remarks: Vec<String>,
    /// What it looks for.
    pub about: &'static str,
    /// What to do about a violation.
    pub remedy: &'static str,
}

impl CheckLine {
    /// Returns what a check says, as long as nothing is known.
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

/// One finding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FindingLine {
    /// What stays the same from run to run: see [`fingerprint`].
    pub fingerprint: String,
    /// The check's id.
    pub check: &'static str,
    /// How bad it is.
    #[serde(flatten, serialize_with = "crate::ops::severity::of_check")]
    pub severity: Severity,
    /// The table of the violating row.
    pub table: &'static str,
    /// The row's key, by column.
    pub key: Json,
    /// Other rows that take part.
    pub related: Vec<RelatedLine>,
    /// Which one it is, from 1, of findings that nothing else tells apart.
    pub occurrence: u64,
    /// What is wrong, in a form that wording does not change.
    pub what: String,
    /// What is wrong, with the values.
    pub message: String,
    /// Whether the baseline holds it: then it does not count.
    pub known: bool,
    /// Why the baseline accepts it; null where it is not known.
    pub reason: Option<String>,
}

/// A row that takes part in a violation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RelatedLine {
    /// The table.
    pub table: &'static str,
    /// The row's key, by column.
    pub key: Json,
}

impl FindingLine {
    /// Returns a finding, as long as nothing is known.
    pub(super) fn new(finding: &Finding, snapshot: &Snapshot) -> Self {
        let related =
            |(table, key): &(&'static str, Key)| RelatedLine { table, key: key_to_json(snapshot, table, key) };
        let key = key_to_json(snapshot, finding.table, &finding.key);
        Self {
            fingerprint: fingerprint::digest_finding(finding.check, finding.table, &key, &finding.what, 1),
            check: finding.check,
            severity: finding.severity,
            table: finding.table,
            key,
            related: finding.related.iter().map(related).collect(),
            occurrence: 1,
            what: finding.what.clone(),
            message: finding.message.clone(),
            known: false,
            reason: None,
        }
    }
}

/// Numbers findings that nothing tells apart: each is counted, and none stands for another.
pub(super) fn number_alike(findings: &mut [FindingLine]) {
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    for line in findings {
        let before = seen.entry(line.fingerprint.clone()).or_default();
        *before += 1;
        if *before > 1 {
            line.occurrence = *before;
            line.fingerprint = fingerprint::digest_finding(line.check, line.table, &line.key, &line.what, *before);
        }
    }
}

/// Tells whether a key names one row: it has columns, and none of them is NULL.
pub(super) fn tells_a_row(key: &Json) -> bool {
    key.as_object().is_some_and(|key| !key.is_empty() && key.values().all(|value| !value.is_null()))
}

/// Returns a key by column, with the names that the target gives them, or else the domain.
pub(super) fn key_to_json(snapshot: &Snapshot, table: &str, key: &[Value]) -> Json {
    let declared = snapshot.table(table).ok().map(|rows| rows.table.shape.key.clone());
    let names = declared.or_else(|| domains::key_columns().remove(table)).unwrap_or_default();
    let name = |at: usize| names.get(at).cloned().unwrap_or_else(|| format!("key{at}"));
    Json::Object(key.iter().enumerate().map(|(at, value)| (name(at), cell::to_json(value))).collect::<Map<_, _>>())
}
