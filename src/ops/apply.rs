//! `mfm apply`: commits a fault, from arguments or from a plan file; asks first, and journals before it writes.

use std::path::PathBuf;

use mfm_journal::Digest;
use serde::Serialize;

use super::cell::{self, ChangeRow};
use super::context::{Chosen, Context};
use super::detect;
use super::failure::Failure;
use super::plan::{self, Made, Request};
use super::plan_file::PlanFile;
use super::{Card, count};
use crate::engine::apply::Committed;
use crate::engine::guard;
use crate::model::next_step::{Flag, give};
use crate::model::ports::{Danger, Question};
use crate::model::refusal::show;
use crate::model::{Refusal, Severity};
use crate::plan::Permits;

/// What it is.
pub const CARD: Card = Card { name: "apply", danger: Danger::Write, about: "Commit a fault on a test copy" };

/// Where the fault comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// From arguments.
    Request(Request),
    /// From arguments, as long as they still make the plan of this digest, which somebody has looked at.
    Seen(Request, Digest),
    /// From a plan file.
    File(PathBuf),
}

/// What an apply says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// The operation's number; null for a dry run.
    pub op: Option<u64>,
    /// Its uid; null for a dry run.
    pub uid: Option<Digest>,
    /// `applied`, or `planned` for a dry run.
    pub state: &'static str,
    /// What was planned.
    #[serde(flatten)]
    pub plan: plan::Outcome,
    /// Rows that somebody changed between the commit and the second look.
    pub drift: Vec<DriftRow>,
}

/// A row that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DriftRow {
    /// The table.
    pub table: String,
    /// The key, as text.
    pub key: String,
}

/// Commits a fault; every change can be listed through `all`.
///
/// # Errors
/// Usage, a refusal, or what target and journal say.
pub fn run(
    context: &Context<'_>,
    source: &Source,
    dry_run: bool,
    all: &mut dyn FnMut(ChangeRow),
) -> Result<Outcome, Failure> {
    let (settled, file) = match source {
        Source::Request(request) | Source::Seen(request, _) => (plan::settle(context, request)?, None),
        Source::File(path) => {
            let file = PlanFile::read(path)?;
            (file.settle(context)?, Some(file))
        }
    };
    let mut journal = if dry_run { context.reading()? } else { context.writing()? };
    let chosen = context.chosen(&journal)?;
    let mut target = context.open(&chosen.url)?;
    guard::pass(&journal, target.as_mut(), &chosen.name)?;
    detect::hold(&journal, &chosen.name, target.as_mut())?;
    if let Some(file) = &file {
        promised(&journal, target.as_mut(), &chosen, file)?;
    }
    let mut made = plan::make(context, &mut journal, target.as_mut(), &chosen, &settled)?;
    if let Source::Seen(_, digest) = source
        && *digest != made.outcome.plan_digest
    {
        return Err(plan::stale("the data are not as they were when it was shown"));
    }
    if let Some(file) = file {
        if file.plan_digest != made.outcome.plan_digest {
            return Err(plan::stale("the data are not as they were when it was made"));
        }
        made.outcome.plan_id = Some(file.plan_id.clone());
        made.proposal.plan_id = Some(file.plan_id);
    }
    if dry_run {
        made.prepared.changes().iter().for_each(|change| all(cell::change(change)));
        return Ok(outcome(made, None));
    }
    let is_critical = Severity::of_fault(&made.outcome.severity) == Severity::Critical;
    let type_name = (is_critical && !context.confirm.agreed_before()).then(|| chosen.name.clone());
    let question = Question { text: asks(&made.outcome), danger: CARD.danger, type_name };
    context.consent(&question).map_err(|failure| failure.hinting(give(Flag::DryRun, "shows what would be done")))?;
    let mut engine = context.engine(&mut journal, target.as_mut(), &chosen.name);
    let committed = engine.commit(&made.proposal, &made.prepared)?;
    made.prepared.changes().iter().for_each(|change| all(cell::change(change)));
    Ok(outcome(made, Some(committed)))
}

/// Checks what a plan file promises beside its digest: the journal, the target, and that it was not used.
fn promised(
    journal: &mfm_journal::Journal,
    target: &mut dyn crate::targets::Target,
    chosen: &Chosen,
    file: &PlanFile,
) -> Result<(), Failure> {
    if file.journal != journal.id() {
        return Err(plan::stale("it was made with another journal"));
    }
    if guard::pass(journal, target, &chosen.name)?.identity != file.target {
        return Err(plan::stale("it was made for another target, or for an earlier marking of this one"));
    }
    match journal.plan_used(&file.plan_id)? {
        Some(op) => Err(Refusal::PlanUsed { op }.into()),
        None => Ok(()),
    }
}

/// How many records and changes a question shows.
const SHOWN_MAX: usize = 6;

/// Returns the records and the first changes, so that nobody says yes blindly.
fn preview(plan: &plan::Outcome) -> String {
    let more = |all: u64| if all > SHOWN_MAX as u64 { ", ..." } else { "" };
    let records: Vec<String> = plan.keys.iter().take(SHOWN_MAX).map(ToString::to_string).collect();
    let mut text = format!("records {}{}\n", records.join(", "), more(plan.records));
    for change in plan.changes.iter().take(SHOWN_MAX) {
        text += &format!("  {}\n", cell::line(change));
    }
    let left = plan.changes_total.saturating_sub(SHOWN_MAX as u64);
    if left > 0 {
        text += &format!("  and {left} more\n");
    }
    text
}

/// Returns what was permitted beside the usual, a line each.
fn permitted(permits: &Permits) -> String {
    let mut text = String::new();
    if permits.disable_triggers {
        text += "triggers are switched off for it\n";
    }
    if let Some(rows) = permits.max_rows {
        text += &format!("up to {rows} rows may change\n");
    }
    for journal_id in &permits.beside_journal {
        text += &format!("it is written beside journal {journal_id}\n");
    }
    text
}

/// Returns the question that a person is asked before a plan is carried out.
#[must_use]
pub fn asks(plan: &plan::Outcome) -> String {
    format!(
        "{}{}{} ({}, severity {}) on target {}: {} of {}. Commit?",
        preview(plan),
        permitted(&plan.permits),
        plan.tool,
        plan.variant,
        plan.severity,
        plan.target,
        count(plan.rows, "row"),
        count(plan.records, "record")
    )
}

fn outcome(made: Made, committed: Option<Committed>) -> Outcome {
    let drift = committed.iter().flat_map(|committed| &committed.drift);
    let drift = drift.map(|row| DriftRow { table: row.table.clone(), key: show(&row.key) }).collect();
    Outcome {
        op: committed.as_ref().map(|committed| committed.op),
        uid: committed.as_ref().map(|committed| committed.uid),
        state: if committed.is_some() { "applied" } else { "planned" },
        plan: made.outcome,
        drift,
    }
}
