//! `mfm demo`: the main job in one go on a lab of its own; every claim it prints was checked a moment before.

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
use crate::domain::mode::Mode;
use crate::domains;
use crate::engine::live::BaselineComparison;
use crate::file::{self, FileAccess, FileError};
use crate::model::Finding;
use crate::model::NextSteps;
use crate::model::next_step::{Deed, Flag, act, give};
use crate::model::ports::{Confirm, ConfirmAnswer, ConfirmQuestion, Danger};
use crate::targets::{TableDigest, Target, TargetError};

/// What it is.
pub const CARD: Card = Card {
    name: "demo",
    danger: Danger::Write,
    about: "Break a lab in every way, see what notices, and take it all back",
};

/// The seed of the first choice in a demo, so that two people see the same.
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
}

/// What a demo showed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// Whether every line below held.
    pub held: bool,
    /// The lab's file.
    pub lab: PathBuf,
    /// The journal's file.
    pub journal: PathBuf,
    /// How many patients.
    pub patients: u32,
    /// How many tables.
    pub tables: u64,
    /// How many rows.
    pub rows: u64,
    /// What the checks found on the clean lab.
    pub clean: CleanCounts,
    /// How many modes there are.
    pub modes: u64,
    /// How many rows the faults changed, all of them together.
    pub rows_changed: u64,
    /// The faults, in the order of commitment.
    pub faults: Vec<DemoFault>,
    /// How many operations were taken back exactly.
    pub reverted: u64,
    /// The faults of a drill, each committed alone, looked at and taken back: what the checks caught, in numbers.
    pub drill: DemoDrill,
    /// Whether every table is as it was, by digest.
    pub equal: bool,
    /// Whether the journal's audit found nothing.
    pub audit_ok: bool,
    /// How many entries the journal has.
    pub entries: u64,
    /// The journal's head: what a third party would keep.
    pub head: Option<Digest>,
}

/// The checks on the clean lab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CleanCounts {
    /// How many checks ran.
    pub checks: u64,
    /// How many could not run.
    pub not_run: u64,
    /// How many rows they looked at.
    pub looked_at: u64,
    /// What they found, which should be nothing.
    pub findings: u64,
}

/// The drill of a demo.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DemoDrill {
    /// Its number in the journal.
    pub drill: u64,
    /// Whether every fault was caught, without a false alarm.
    pub ok: bool,
    /// How many faults were tried.
    pub tried: u64,
    /// The counts.
    #[serde(flatten)]
    pub matrix: drill::matrix::Matrix,
    /// How often people find simulated errors, for comparison.
    pub yardstick: Option<drill::DrillYardstick>,
}

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DemoFault {
    /// The operation.
    pub op: u64,
    /// What goes wrong, in a few words.
    pub title: String,
    /// What the fault is called, and how bad it would be.
    #[serde(flatten, serialize_with = "crate::ops::severity::of_label")]
    pub label: FaultLabel,
    /// The record's table and id.
    pub record: String,
    /// Rows changed.
    pub rows: u64,
    /// The checks whose new findings name it.
    pub seen_by: Vec<String>,
    /// One of those findings.
    pub finding: Option<String>,
}

/// Nobody is asked in a demo: the lab is its own.
struct AlwaysConsent;

impl Confirm for AlwaysConsent {
    fn ask(&self, _: &ConfirmQuestion) -> ConfirmAnswer {
        ConfirmAnswer::Yes
    }
}

/// Runs the demo.
///
/// # Errors
/// Whatever any of its steps says.
pub fn run(context: &Context<'_>, request: &Request) -> Result<Outcome, Failure> {
    let dir = request.dir.clone().unwrap_or_else(|| PathBuf::from("mfm-demo"));
    let lab_path = dir.join("lab.db");
    file::make_folder(&dir, FileAccess::Shared).map_err(|error| no_folder(&dir, &error))?;
    let inner = Context {
        journal: dir.join("journal.db"),
        target: Some("lab".into()),
        confirm: &AlwaysConsent,
        actor: context.actor.clone(),
        holder: context.holder.clone(),
        ..*context
    };
    let made = lab::create::run(
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
    let faults = break_everything(&inner, &mut session)?;
    let all = revert::Request { all: true, ..revert::Request::default() };
    let reverted = revert::run(&inner, &all)?;
    let drill = each_alone(&inner)?;
    let after = digest_tables(&inner)?;
    let verify = audit::Request { depth: audit::Level::Live, full: true };
    let audited = audit::run(&inner, &verify)?;
    let baseline = audited.live.iter().all(|line| matches!(line.baseline, Some(BaselineComparison::Equal { .. })));
    let exact = reverted.operations.iter().filter(|line| line.exact).count() as u64;
    let equal = before == after && baseline;
    let seen = faults.iter().all(|fault| !fault.seen_by.is_empty());
    Ok(Outcome {
        held: clean.findings == 0
            && clean.not_run == 0
            && seen
            && exact == faults.len() as u64
            && drill.ok
            && equal
            && audited.ok,
        lab: lab_path,
        journal: inner.journal.clone(),
        patients: made.patients.unwrap_or_default(),
        tables: made.made.tables.len() as u64,
        rows: made.made.rows,
        clean,
        modes: domains::FIRST.modes().len() as u64,
        rows_changed: faults.iter().map(|fault| fault.rows).sum(),
        faults,
        reverted: exact,
        drill,
        equal,
        audit_ok: audited.ok,
        entries: audited.journal.entries,
        head: audited.journal.head.map(|head| head.digest),
    })
}

/// Commits every fault alone, and counts what the checks catch.
fn each_alone(context: &Context<'_>) -> Result<DemoDrill, Failure> {
    let now = Some(crate::model::time::format_wall(NOW, 0, 'T'));
    let request = drill::Request { sample: Some(1), seed: Some(SEED), now, ..drill::Request::default() };
    let drill::Outcome { drill, ok, tried, matrix, yardstick, .. } = drill::run(context, &request)?;
    Ok(DemoDrill { drill, ok, tried, matrix, yardstick })
}

/// Says that the lab's folder cannot be made, as of a lab that cannot be made in a folder that is there.
fn no_folder(dir: &Path, error: &FileError) -> Failure {
    let url = format!("sqlite:{}", dir.join("lab.db").display());
    TargetError::Open { url, why: format!("its folder cannot be made: {error}") }.into()
}

/// A demo never writes over an earlier one.
fn suggest_other_folder(failure: Failure, dir: &Path) -> Failure {
    if failure.code != "exists" {
        return failure;
    }
    let next = NextSteps::from(act(Deed::Demo, "leaves it alone"));
    failure.with_next(next.and(format!("or remove {} yourself", dir.display())))
}

/// The wall clock of a demo: the day after the lab's last, whenever it is run.
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
    let looked_at = |check: &CheckOutcome| match check.verdict {
        CheckVerdict::Ran { looked_at, .. } => Some(looked_at),
        CheckVerdict::NotRun { .. } => None,
    };
    let ran: Vec<u64> = checked.iter().filter_map(looked_at).collect();
    CleanCounts {
        checks: ran.len() as u64,
        not_run: (checked.len() - ran.len()) as u64,
        looked_at: ran.iter().sum(),
        findings: checked.iter().map(|check| check.findings().len() as u64).sum(),
    }
}

/// Commits every variant of every mode, each on one record, and notes after each what sees it.
fn break_everything(context: &Context<'_>, session: &mut CheckSession) -> Result<Vec<DemoFault>, Failure> {
    let variants = domains::FIRST
        .modes()
        .iter()
        .flat_map(|mode| mode.card().variants.iter().map(move |variant| (*mode, variant.word)));
    let total = variants.clone().count() as u64;
    let mut faults = Vec::new();
    for (at, (mode, variant)) in (0..).zip(variants) {
        context.reporter.progress("committing faults", at, total);
        // A seed of its own keeps the faults of different variants apart.
        faults.push(break_one(context, mode, variant, SEED + at, session)?);
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
    let mut note = |change: super::cell::ChangeRow| {
        tables.insert(change.table);
    };
    let done = apply::run(context, &apply::Source::Request(request), false, &mut note);
    let done = done.map_err(|failure| name_fault(card.tool, variant, failure))?;
    let tables: BTreeSet<&str> = tables.iter().map(String::as_str).collect();
    let new = session.look_again(context, open_lab(context)?.as_mut(), &tables)?;
    let record = card.record_of(&done.plan.params).table;
    let key = done.plan.keys.first().map(ToString::to_string).unwrap_or_default();
    let seen: Vec<&Finding> = new.iter().filter(|finding| is_about_fault(finding, record, &done)).collect();
    let mut seen_by: Vec<String> = Vec::new();
    for check in seen.iter().map(|finding| finding.check) {
        if !seen_by.iter().any(|known| known == check) {
            seen_by.push(check.to_owned());
        }
    }
    Ok(DemoFault {
        op: done.op.unwrap_or_default(),
        title: card.title.to_owned(),
        label: done.plan.label.clone(),
        record: format!("{record} {key}"),
        rows: done.plan.rows,
        seen_by,
        finding: seen.first().map(|finding| finding.message.clone()),
    })
}

/// Names the fault that a demo could not commit.
fn name_fault(tool: &str, variant: &str, failure: Failure) -> Failure {
    let message = format!("the demo could not commit {tool} {variant}: {}", failure.message);
    let too_few = ["none_eligible", "too_few_eligible"].contains(&failure.code.as_str());
    let next = if too_few { give(Flag::Patients, "gives the lab more of them").into() } else { failure.next };
    Failure { message, next, ..failure }
}

/// Tells whether a finding names the record that was chosen, or a row that was changed.
fn is_about_fault(finding: &Finding, record: &str, done: &apply::Outcome) -> bool {
    let text = |key: &[crate::model::Value]| key.first().map(|value| super::cell::to_json(value).to_string());
    let chosen: Vec<Option<String>> = done.plan.keys.iter().map(|key| Some(key.to_string())).collect();
    let named = |table: &str, key: &[crate::model::Value]| {
        let key = text(key);
        let changed = done.plan.changes.iter().any(|change| {
            let value = change.key.as_object().and_then(|key| key.values().next()).map(ToString::to_string);
            change.table.eq_ignore_ascii_case(table) && value == key
        });
        changed || (record == table && chosen.contains(&key))
    };
    named(finding.table, &finding.key) || finding.related.iter().any(|(table, key)| named(table, key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Refusal;

    #[test]
    fn a_fault_that_could_not_be_committed_is_named() {
        let refusal = Refusal::NoneEligible { table: "Offset".into(), selected: 1, first: None };
        let failure = name_fault("corrupt_offset_data", "invalid_type", refusal.into());
        assert!(failure.message.starts_with("the demo could not commit corrupt_offset_data invalid_type: no sel"));
        let more = NextSteps::from(give(Flag::Patients, "gives the lab more of them"));
        assert_eq!((failure.code.as_str(), failure.next), ("none_eligible", more));
    }
}
