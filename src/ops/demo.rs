//! `mfm demo`: makes a lab, commits and reverts every kind of fault, drills, audits; every claim it prints was just
//! checked.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use mfm_journal::{Digest, FaultLabel};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Map;

use super::checks::{CheckOutcome, CheckSession};
use super::context::Context;
use super::failure::Failure;
use super::{Card, apply, audit, drill, lab, plan, revert};
use crate::domain::check::CheckVerdict;
use crate::domain::mode::{Mode, ModeGroup, Variant};
use crate::domains;
use crate::engine::live::BaselineComparison;
use crate::file::{self, FileAccess, FileError};
use crate::model::Finding;
use crate::model::NextSteps;
use crate::model::next_step::{Deed, Flag, act, give};
use crate::model::ports::{Confirm, ConfirmAnswer, ConfirmQuestion, Danger};
use crate::targets::{TableDigest, Target, TargetError};

/// The command's card.
pub const CARD: Card = Card {
    name: "demo",
    danger: Danger::Write,
    about: "Commit every kind of fault on a lab, see what detects it, take it all back",
};

/// The seed of the first fault; fixed, so that every demo shows the same.
const SEED: u64 = 1;

/// Where to run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Request {
    /// The folder in which lab and journal are made, and stay [default: mfm-demo]
    #[arg(value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// How many patients the lab has [default: 30]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(20..))]
    pub patients: Option<u32>,
    /// Commit every variant of the modes with plausible values, too, instead of one of each; takes minutes
    #[arg(long)]
    pub all: bool,
}

/// The result of a demo.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// Whether all that the demo claims holds.
    pub held: bool,
    /// The lab's file.
    pub lab: PathBuf,
    /// The journal's file.
    pub journal: PathBuf,
    /// Number of patients in the lab.
    pub patients: u32,
    /// Number of tables in the lab.
    pub tables: u64,
    /// Number of rows in the lab.
    pub rows: u64,
    /// The checks on the clean lab.
    pub clean: CleanCounts,
    /// Number of modes.
    pub modes: u64,
    /// Number of rows changed by all faults together.
    pub rows_changed: u64,
    /// The faults, in the order in which they were committed.
    pub faults: Vec<DemoFault>,
    /// Number of operations that were reverted exactly.
    pub reverted: u64,
    /// The drill, in which each fault is committed alone, checked, and reverted.
    pub drill: DemoDrill,
    /// Whether every table equals its state before the faults, by digest.
    pub equal: bool,
    /// Whether the audit found nothing.
    pub audit_ok: bool,
    /// Number of entries in the journal.
    pub entries: u64,
    /// The digest of the journal's newest entry, which a third party would keep.
    pub head: Option<Digest>,
}

/// Counts of the checks on the clean lab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CleanCounts {
    /// Number of checks that ran.
    pub checks: u64,
    /// Number of checks that could not run.
    pub not_run: u64,
    /// Number of rows that they examined, summed over the checks.
    pub looked_at: u64,
    /// Number of findings; 0 on a clean lab.
    pub findings: u64,
}

/// The drill of a demo.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DemoDrill {
    /// Its number in the journal.
    pub drill: u64,
    /// Whether every fault was caught, without a false alarm.
    pub ok: bool,
    /// Number of faults tried.
    pub tried: u64,
    /// The counts by variant and detector.
    #[serde(flatten)]
    pub matrix: drill::matrix::Matrix,
    /// A published detection rate, for comparison.
    pub yardstick: Option<drill::DrillYardstick>,
}

/// One fault of a demo.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DemoFault {
    /// The operation's number.
    pub op: u64,
    /// The fault in a few words.
    pub title: String,
    /// The fault's tool, mode, variant and severity.
    #[serde(flatten, serialize_with = "crate::ops::severity::of_label")]
    pub label: FaultLabel,
    /// The record's table and id, as `Table 7`.
    pub record: String,
    /// Number of rows changed.
    pub rows: u64,
    /// The ids of the checks whose new findings name the record or a changed row.
    pub seen_by: Vec<String>,
    /// The message of the first of those findings.
    pub finding: Option<String>,
}

/// Consents to everything: the demo writes only to the lab that it has just made.
struct AlwaysConsent;

impl Confirm for AlwaysConsent {
    fn ask(&self, _: &ConfirmQuestion) -> ConfirmAnswer {
        ConfirmAnswer::Yes
    }
}

/// Runs the demo.
///
/// # Errors
/// The error of any of its steps.
pub fn run(context: &Context<'_>, request: &Request) -> Result<Outcome, Failure> {
    let dir = request.dir.clone().unwrap_or_else(|| PathBuf::from("mfm-demo"));
    let lab_path = dir.join("lab.db");
    file::make_folder(&dir, FileAccess::Shared).map_err(|error| no_folder(&dir, &error))?;
    // The demo has a journal and a target of its own, whatever those of the user are.
    let inner = Context {
        journal: dir.join("journal.db"),
        target: Some("lab".into()),
        confirm: &AlwaysConsent,
        actor: context.actor.clone(),
        holder: context.holder.clone(),
        ..*context
    };
    let lab = lab::create::run(
        &inner,
        &lab::create::Request {
            url: format!("sqlite:{}", lab_path.display()),
            patients: request.patients,
            name: Some("lab".into()),
            ..lab::create::Request::default()
        },
    )
    .map_err(|failure| suggest_other_folder(failure, &dir))?;
    let before = digest_tables(&inner)?;
    let mut session = CheckSession::begin(&inner, open_lab(&inner)?.as_mut(), domains::FIRST, NOW)?;
    let clean = count_clean(&session.checked);
    let cases = list_cases(request.all);
    let faults = break_everything(&inner, &cases, &mut session)?;
    let all = revert::Request { all: true, ..revert::Request::default() };
    let reverted = revert::run(&inner, &all)?;
    let drill = try_each_alone(&inner, &cases)?;
    let after = digest_tables(&inner)?;
    let verify = audit::Request { depth: audit::Level::Live, full: true };
    let audit = audit::run(&inner, &verify)?;
    let equals_baseline = audit.live.iter().all(|line| matches!(line.baseline, Some(BaselineComparison::Equal { .. })));
    let exact = reverted.operations.iter().filter(|line| line.exact).count() as u64;
    // Both comparisons: the demo's own digests, and those that the lab journaled when it was made.
    let equal = before == after && equals_baseline;
    let all_seen = faults.iter().all(|fault| !fault.seen_by.is_empty());
    Ok(Outcome {
        held: clean.findings == 0
            && clean.not_run == 0
            && all_seen
            && exact == faults.len() as u64
            && drill.ok
            && equal
            && audit.ok,
        lab: lab_path,
        journal: inner.journal.clone(),
        patients: lab.patients.unwrap_or_default(),
        tables: lab.made.tables.len() as u64,
        rows: lab.made.rows,
        clean,
        modes: domains::FIRST.modes().len() as u64,
        rows_changed: faults.iter().map(|fault| fault.rows).sum(),
        faults,
        reverted: exact,
        drill,
        equal,
        audit_ok: audit.ok,
        entries: audit.journal.entries,
        head: audit.journal.head.map(|head| head.digest),
    })
}

/// A variant that the demo commits, and its mode.
type DemoCase = (&'static dyn Mode, &'static Variant);

/// Returns what the demo commits: every variant of the specified modes, and the first variant of each other mode, or
/// with `all` every variant of those, too.
fn list_cases(all: bool) -> Vec<DemoCase> {
    let mut cases: Vec<DemoCase> = Vec::new();
    for mode in domains::FIRST.modes() {
        let card = mode.card();
        let number = if all || card.group == ModeGroup::Specified { card.variants.len() } else { 1 };
        cases.extend(card.variants.iter().take(number).map(|variant| (*mode, variant)));
    }
    cases
}

/// Runs a drill with one record per variant.
fn try_each_alone(context: &Context<'_>, cases: &[DemoCase]) -> Result<DemoDrill, Failure> {
    let now = Some(crate::model::time::format_wall(NOW, 0, 'T'));
    let modes = cases.iter().map(|(mode, variant)| format!("{}:{}", mode.card().tool, variant.word)).collect();
    // As above: a variant may need a record that matters little, such as a replaced version.
    let all_records = true;
    let request =
        drill::Request { modes, all_records, sample: Some(1), seed: Some(SEED), now, ..drill::Request::default() };
    let drill::Outcome { drill, ok, tried, matrix, yardstick, .. } = drill::run(context, &request)?;
    Ok(DemoDrill { drill, ok, tried, matrix, yardstick })
}

/// Returns the failure for a folder that cannot be made, in the form of a lab that cannot be opened there.
fn no_folder(dir: &Path, error: &FileError) -> Failure {
    let url = format!("sqlite:{}", dir.join("lab.db").display());
    TargetError::Open { url, why: format!("its folder cannot be created: {error}") }.into()
}

/// Suggests another folder where an earlier demo is in the way, which is never overwritten.
fn suggest_other_folder(failure: Failure, dir: &Path) -> Failure {
    if failure.code != "exists" {
        return failure;
    }
    let next = NextSteps::from(act(Deed::Demo, "leaves it alone"));
    failure.with_next(next.and(format!("or remove {} yourself", dir.display())))
}

/// The wall clock of a demo: the day after the lab's last one, so that every run gives the same result.
const NOW: jiff::civil::DateTime = jiff::civil::datetime(2024, 6, 29, 12, 0, 0, 0);

fn open_lab(context: &Context<'_>) -> Result<Box<dyn Target>, Failure> {
    let journal = context.open_journal()?;
    Ok(context.open_target(&context.resolve_target(&journal)?.url)?)
}

fn digest_tables(context: &Context<'_>) -> Result<Vec<TableDigest>, Failure> {
    Ok(open_lab(context)?
        .digest_tables(&mut |done, total| context.reporter.progress("digesting tables", done, total))?)
}

fn count_clean(checked: &[CheckOutcome]) -> CleanCounts {
    let mut counts = CleanCounts { checks: 0, not_run: 0, looked_at: 0, findings: 0 };
    for check in checked {
        match &check.verdict {
            CheckVerdict::Ran { looked_at, findings, .. } => {
                counts.checks += 1;
                counts.looked_at += looked_at;
                counts.findings += findings.len() as u64;
            }
            CheckVerdict::NotRun { .. } => counts.not_run += 1,
        }
    }
    counts
}

/// Commits each case on one record, and runs the checks after each of them.
fn break_everything(
    context: &Context<'_>,
    cases: &[DemoCase],
    session: &mut CheckSession,
) -> Result<Vec<DemoFault>, Failure> {
    let mut faults = Vec::new();
    for (at, (mode, variant)) in (0..).zip(cases) {
        context.reporter.progress("committing faults", at, cases.len() as u64);
        // One seed for all would choose the same record for several variants of a mode.
        faults.push(break_one(context, *mode, variant.word, SEED + at, session)?);
    }
    Ok(faults)
}

fn break_one(
    context: &Context<'_>,
    mode: &dyn Mode,
    variant: &str,
    seed: u64,
    session: &mut CheckSession,
) -> Result<DemoFault, Failure> {
    let card = mode.card();
    let options = plan::Options {
        variant: Some(variant.to_owned()),
        sample: Some(1),
        seed: Some(seed),
        now: Some(crate::model::time::format_wall(NOW, 0, 'T')),
        ..plan::Options::default()
    };
    let request = plan::Request { tool: card.tool.to_owned(), parameters: Map::new(), options, output: None };
    let mut tables = BTreeSet::new();
    let outcome = apply::run(context, &apply::Source::Request(request), false, &mut |change| {
        tables.insert(change.table);
    });
    let outcome = outcome.map_err(|failure| name_fault(card.tool, variant, failure))?;
    let tables: BTreeSet<&str> = tables.iter().map(String::as_str).collect();
    let new = session.look_again(context, open_lab(context)?.as_mut(), &tables)?;
    let record = card.choose_record(&outcome.plan.params).table;
    let key = outcome.plan.keys.first().map(ToString::to_string).unwrap_or_default();
    let seen: Vec<&Finding> = new.iter().filter(|finding| is_about_fault(finding, record, &outcome)).collect();
    let mut seen_by: Vec<String> = Vec::new();
    for check in seen.iter().map(|finding| finding.check) {
        if !seen_by.iter().any(|known| known == check) {
            seen_by.push(check.to_owned());
        }
    }
    Ok(DemoFault {
        op: outcome.op.unwrap_or_default(),
        title: card.title.to_owned(),
        label: outcome.plan.label.clone(),
        record: format!("{record} {key}"),
        rows: outcome.plan.rows,
        seen_by,
        finding: seen.first().map(|finding| finding.message.clone()),
    })
}

/// Adds to a failure which fault the demo could not commit.
fn name_fault(tool: &str, variant: &str, failure: Failure) -> Failure {
    let message = format!("the demo could not commit {tool} {variant}: {}", failure.message);
    let too_few = ["none_eligible", "too_few_eligible"].contains(&failure.code.as_str());
    let next = if too_few { give(Flag::Patients, "gives the lab more of them").into() } else { failure.next };
    Failure { message, next, ..failure }
}

/// Returns whether a finding names the chosen record or a changed row, in its own row or a related one.
fn is_about_fault(finding: &Finding, record: &str, outcome: &apply::Outcome) -> bool {
    let related = finding.related.iter().map(|(table, key)| (*table, key));
    std::iter::once((finding.table, &finding.key)).chain(related).any(|(table, key)| {
        let key = key.first().map(|value| super::cell::to_json(value).to_string());
        let is_changed = outcome.plan.changes.iter().any(|change| {
            let value = change.key.as_object().and_then(|key| key.values().next()).map(ToString::to_string);
            change.table.eq_ignore_ascii_case(table) && value == key
        });
        is_changed || (record == table && outcome.plan.keys.iter().any(|chosen| Some(chosen.to_string()) == key))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Refusal;

    #[test]
    fn every_mode_is_shown_and_the_specified_ones_whole() {
        for all in [false, true] {
            let cases = list_cases(all);
            for mode in domains::FIRST.modes() {
                let card = mode.card();
                let shown = cases.iter().filter(|(one, _)| one.card().id == card.id).count();
                let is_whole = all || card.group == ModeGroup::Specified;
                assert_eq!(shown, if is_whole { card.variants.len() } else { 1 }, "{}", card.id);
            }
        }
    }

    #[test]
    fn a_fault_that_could_not_be_committed_is_named() {
        let refusal = Refusal::NoneEligible { table: "Offset".into(), selected: 1, first: None };
        let failure = name_fault("corrupt_offset_data", "invalid_type", refusal.into());
        assert!(failure.message.starts_with("the demo could not commit corrupt_offset_data invalid_type: none of"));
        let more = NextSteps::from(give(Flag::Patients, "gives the lab more of them"));
        assert_eq!((failure.code.as_str(), failure.next), ("none_eligible", more));
    }
}
