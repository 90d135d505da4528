//! `mfm check`: runs the quality checks on a target, marked or not, and hands on what they find; never writes there.

mod baseline;
mod exhibits;
pub mod fingerprint;
mod lines;
mod options;
pub mod report;

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use jiff::civil;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::baseline::{Baseline, Known};
pub use self::exhibits::{Exhibits, RowLine};
pub use self::lines::{CheckLine, FindingLine, Outcome, RelatedLine, Status};
pub use self::options::{FailOn, Form, Options};
use super::context::Context;
use super::failure::Failure;
use super::rules::Chosen;
use super::select::read_into;
use crate::model::ports::Danger;
use crate::model::{Finding, Query, Snapshot, time};
use crate::mosaiq::checks::{CHECKS, Card, Check, Survey, Terms, Verdict};
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
    /// What becomes of findings.
    #[command(flatten)]
    #[serde(flatten)]
    pub options: Options,
}

/// Runs the checks on a registered target.
///
/// # Errors
/// Usage, or what target and journal say.
pub fn run(context: &Context<'_>, request: &Request) -> Result<Outcome, Failure> {
    let chosen = choose(&request.only)?;
    let baseline = request.options.prepare()?;
    let now = context.now(request.now.as_deref())?;
    let rules = Chosen::read(request.rules.as_deref())?;
    let journal = context.reading()?;
    let named = context.chosen(&journal)?;
    let mut target = context.open(&named.url)?;
    let terms = Terms { now, rules: rules.rules.clone() };
    let session = Session::under(context, target.as_mut(), &chosen, terms)?;
    let mut outcome = outcome(context, named.name, now, &session);
    outcome.rules = rules.line();
    settle(&mut outcome, &request.options, baseline.as_ref())?;
    if request.options.form == Some(Form::Html) {
        outcome.exhibits = Exhibits::gather(&session, &outcome);
    }
    Ok(outcome)
}

/// Returns what the checks say, as long as nothing is known.
fn outcome(context: &Context<'_>, target: String, now: civil::DateTime, session: &Session) -> Outcome {
    let findings = session.checked.iter().flat_map(Checked::findings);
    let findings: Vec<FindingLine> = findings.map(|finding| FindingLine::new(finding, &session.snapshot)).collect();
    Outcome {
        target,
        now: time::format(now, 0, 'T'),
        checks: session.checked.iter().map(CheckLine::new).collect(),
        findings_total: findings.len() as u64,
        findings,
        journal: context.journal.clone(),
        ..Outcome::default()
    }
}

/// Holds findings against what is known, counts them, and writes the baseline that is asked for.
fn settle(outcome: &mut Outcome, options: &Options, baseline: Option<&Baseline>) -> Result<(), Failure> {
    outcome.baseline.clone_from(&options.baseline);
    if let Some(baseline) = baseline {
        baseline.apply(outcome);
    }
    outcome.count();
    outcome.fail_on = options.fail_on;
    let failed = outcome.findings.iter().any(|finding| outcome.fails(finding));
    outcome.failed = failed && options.write_baseline.is_none();
    if let Some(path) = &options.write_baseline {
        Baseline::of(outcome, baseline).write(path, options.baseline.as_deref())?;
        outcome.baseline_written = Some(path.clone());
    }
    Ok(())
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
