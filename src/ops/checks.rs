//! `mfm check`: runs the quality checks on a target, marked or not, and hands on what they find; writes nothing.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use jiff::civil;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value as Json};

use super::cell;
use super::context::Context;
use super::failure::Failure;
use super::rules::{Chosen, RulesLine};
use super::select::read_into;
use crate::model::ports::Danger;
use crate::model::{Finding, Key, Query, Severity, Snapshot, time};
use crate::mosaiq::checks::{CHECKS, Card, Check, Survey, Terms, Verdict};
use crate::mosaiq::schema;
use crate::target::Target;

/// What it is.
pub const CARD: super::Card =
    super::Card { name: "check", danger: Danger::Read, about: "Run the quality checks on a target" };

/// Which checks, and when.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Request {
    /// Only these checks, or the checks of these groups: ids with commas between them
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub only: Vec<String>,
    /// The wall clock, as YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS: nothing may lie after it [default: the clock here]
    #[arg(long, value_name = "TIME")]
    pub now: Option<String>,
    /// Judge by the rules of this file; what it does not say is as `--print-rules` shows it
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub rules: Option<PathBuf>,
    /// Print the rules, complete, and check nothing
    #[arg(long)]
    pub print_rules: bool,
}

/// What the checks say.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// The target's name.
    pub target: String,
    /// The wall clock that was held against it.
    pub now: String,
    /// The rules that they judged by.
    pub rules: RulesLine,
    /// The checks, in the order of the groups.
    pub checks: Vec<CheckLine>,
    /// How many findings there are.
    pub violations: u64,
    /// How many checks could not run.
    pub not_run: u64,
    /// The same, beside the list that is cut.
    pub findings_total: u64,
    /// The findings, worst first; programs get the first thousand.
    #[serde(serialize_with = "first_thousand")]
    pub findings: Vec<FindingLine>,
    /// The journal that knows the target.
    pub journal: PathBuf,
}

fn first_thousand<S: Serializer>(findings: &[FindingLine], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(findings.iter().take(cell::CHANGES_MAX))
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It found something.
    Fail,
    /// It could not run, which is no pass.
    NotRun,
    /// It found nothing.
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
    pub severity: Severity,
    /// How it ended.
    pub status: Status,
    /// How many rows it looked at.
    pub looked_at: u64,
    /// How many findings it has.
    pub violations: u64,
    /// Why it could not run.
    pub why: Option<String>,
    /// What it could not judge although it ran.
    pub remarks: Vec<String>,
    /// What it looks for.
    pub about: &'static str,
    /// What to do about a violation.
    pub remedy: &'static str,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FindingLine {
    /// The check's id.
    pub check: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The table of the violating row.
    pub table: &'static str,
    /// The row's key, by column.
    pub key: Json,
    /// Other rows that take part.
    pub related: Vec<RelatedLine>,
    /// What is wrong, with the values.
    pub message: String,
}

/// A row that takes part in a violation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RelatedLine {
    /// The table.
    pub table: &'static str,
    /// The row's key, by column.
    pub key: Json,
}

/// Runs the checks on a registered target.
///
/// # Errors
/// Usage, or what target and journal say.
pub fn run(context: &Context<'_>, request: &Request) -> Result<Outcome, Failure> {
    let chosen = choose(&request.only)?;
    let now = context.now(request.now.as_deref())?;
    let rules = Chosen::read(request.rules.as_deref())?;
    let journal = context.reading()?;
    let named = context.chosen(&journal)?;
    let mut target = context.open(&named.url)?;
    let terms = Terms { now, rules: rules.rules.clone() };
    let session = Session::under(context, target.as_mut(), &chosen, terms)?;
    let mut findings: Vec<&Finding> = session.checked.iter().flat_map(Checked::findings).collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let checks: Vec<CheckLine> = session.checked.iter().map(line).collect();
    Ok(Outcome {
        target: named.name,
        now: time::format(now, 0, 'T'),
        rules: rules.line(),
        violations: findings.len() as u64,
        findings_total: findings.len() as u64,
        not_run: checks.iter().filter(|check| check.status == Status::NotRun).count() as u64,
        checks,
        findings: findings.into_iter().map(|finding| finding_line(finding, &session.snapshot)).collect(),
        journal: context.journal.clone(),
    })
}

/// Returns the checks of ids and groups, or every check where none is named.
fn choose(only: &[String]) -> Result<Vec<&'static dyn Check>, Failure> {
    let snake = |word: &str| word.trim().to_ascii_lowercase().replace('-', "_");
    let names = |check: &dyn Check, word: &str| [check.card().id, check.card().group].contains(&word);
    if let Some(unknown) = only.iter().find(|word| !CHECKS.iter().any(|check| names(*check, &snake(word)))) {
        let message = format!("there is no check and no group of checks `{unknown}`");
        return Err(Failure::usage("unknown_check", message, known()));
    }
    let wanted = |check: &&&dyn Check| only.is_empty() || only.iter().any(|word| names(**check, &snake(word)));
    Ok(CHECKS.iter().filter(wanted).copied().collect())
}

/// Lists the checks, each behind its group.
fn known() -> String {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for card in CHECKS.iter().map(|check| check.card()) {
        match groups.iter_mut().find(|(group, _)| *group == card.group) {
            Some((_, ids)) => ids.push(card.id),
            None => groups.push((card.group, vec![card.id])),
        }
    }
    let lines = groups.iter().map(|(group, ids)| format!("{group}: {}", ids.join(", ")));
    format!("groups and their checks: {}", lines.collect::<Vec<_>>().join("; "))
}

fn line(checked: &Checked) -> CheckLine {
    let &Card { id, group, mode, severity, about, remedy } = checked.card;
    let (status, looked_at, why) = match &checked.verdict {
        Verdict::Ran { looked_at, findings, .. } if findings.is_empty() => (Status::Pass, *looked_at, None),
        Verdict::Ran { looked_at, .. } => (Status::Fail, *looked_at, None),
        Verdict::NotRun { why } => (Status::NotRun, 0, Some(why.clone())),
    };
    let remarks = match &checked.verdict {
        Verdict::Ran { remarks, .. } => remarks.clone(),
        Verdict::NotRun { .. } => Vec::new(),
    };
    let violations = checked.findings().len() as u64;
    CheckLine { id, group, mode, severity, status, looked_at, violations, why, remarks, about, remedy }
}

fn finding_line(finding: &Finding, snapshot: &Snapshot) -> FindingLine {
    let related = |(table, key): &(&'static str, Key)| RelatedLine { table, key: keyed(snapshot, table, key) };
    FindingLine {
        check: finding.check,
        severity: finding.severity,
        table: finding.table,
        key: keyed(snapshot, finding.table, &finding.key),
        related: finding.related.iter().map(related).collect(),
        message: finding.message.clone(),
    }
}

/// Returns a key by column, with the names that the target gives them, or else the domain.
fn keyed(snapshot: &Snapshot, table: &str, key: &Key) -> Json {
    let declared = snapshot.table(table).ok().map(|rows| rows.table.shape.key.clone());
    let names = declared.or_else(|| schema::keys().remove(table)).unwrap_or_default();
    let name = |at: usize| names.get(at).cloned().unwrap_or_else(|| format!("key{at}"));
    Json::Object(key.iter().enumerate().map(|(at, value)| (name(at), cell::cell(value))).collect::<Map<_, _>>())
}

/// What one check says.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The check.
    pub card: &'static Card,
    /// Its verdict.
    pub verdict: Verdict,
}

impl Checked {
    /// Returns what the check found; nothing where it could not run.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        match &self.verdict {
            Verdict::Ran { findings, .. } => findings,
            Verdict::NotRun { .. } => &[],
        }
    }
}

/// Checks that are run again and again while a target changes: only what can have changed is read and judged anew.
pub struct Session {
    checks: Vec<&'static dyn Check>,
    terms: Terms,
    snapshot: Snapshot,
    /// What each check says of the target as it was last read.
    pub checked: Vec<Checked>,
}

impl Session {
    /// Reads what the checks need, each table once, and runs them by the default rules.
    ///
    /// # Errors
    /// What the target says.
    pub fn begin(
        context: &Context<'_>,
        target: &mut dyn Target,
        checks: &[&'static dyn Check],
        now: civil::DateTime,
    ) -> Result<Self, Failure> {
        Self::under(context, target, checks, Terms::standard(now))
    }

    /// Reads what the checks need, each table once, and runs them.
    ///
    /// # Errors
    /// What the target says.
    pub fn under(
        context: &Context<'_>,
        target: &mut dyn Target,
        checks: &[&'static dyn Check],
        terms: Terms,
    ) -> Result<Self, Failure> {
        let queries: BTreeSet<Query> = checks.iter().flat_map(|check| check.queries()).collect();
        let (mut snapshot, total) = (Snapshot::default(), queries.len() as u64);
        for (at, query) in (0..).zip(queries) {
            context.reporter.progress("reading tables", at, total);
            context.go_on()?;
            read_into(&mut snapshot, target, [query])?;
        }
        let (mut checked, mut known) = (Vec::new(), Survey::default());
        for (at, check) in (0..).zip(checks) {
            context.reporter.progress("running checks", at, checks.len() as u64);
            context.go_on()?;
            let verdict = check.run_beside(&snapshot, &terms, &mut known);
            checked.push(Checked { card: check.card(), verdict });
        }
        Ok(Self { checks: checks.to_vec(), terms, snapshot, checked })
    }

    /// Reads these tables again, and runs the checks that look at any of them; returns the findings that are new.
    ///
    /// # Errors
    /// What the target says.
    pub fn look_again(&mut self, target: &mut dyn Target, tables: &BTreeSet<&str>) -> Result<Vec<Finding>, Failure> {
        let touched = |query: &Query| tables.iter().any(|table| table.eq_ignore_ascii_case(&query.table));
        tables.iter().for_each(|table| self.snapshot.forget(table));
        let needs = self.checks.iter().flat_map(|check| check.queries());
        let queries: BTreeSet<Query> = needs.filter(|query| touched(query)).collect();
        read_into(&mut self.snapshot, target, queries)?;
        let (mut new, mut known) = (Vec::new(), Survey::default());
        for (check, checked) in self.checks.iter().zip(&mut self.checked) {
            if check.queries().iter().any(touched) {
                let verdict = check.run_beside(&self.snapshot, &self.terms, &mut known);
                let before = std::mem::replace(&mut checked.verdict, verdict);
                let before = Checked { card: checked.card, verdict: before };
                let known: BTreeSet<&Finding> = before.findings().iter().collect();
                new.extend(checked.findings().iter().filter(|finding| !known.contains(finding)).cloned());
            }
        }
        Ok(new)
    }
}
