//! `mfm apply`: commits a fault, from arguments or from a plan file; asks first, and journals before it writes.

use std::path::PathBuf;

use mfm_journal::Digest;
use serde::Serialize;

use super::cell::{self, ChangeRow};
use super::context::{ChosenTarget, Context};
use super::detect;
use super::failure::Failure;
use super::plan::{self, BuiltPlan, Request};
use super::plan_file::PlanFile;
use super::{Card, render_count};
use crate::engine::apply::CommittedOperation;
use crate::engine::guard;
use crate::model::next_step::{Flag, give};
use crate::model::ports::{ConfirmQuestion, Danger};
use crate::model::refusal::render_key;
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
        Source::Request(request) | Source::Seen(request, _) => (plan::resolve_request(context, request)?, None),
        Source::File(path) => {
            let file = PlanFile::read(path)?;
            (file.resolve_request(context)?, Some(file))
        }
    };
    let mut journal = if dry_run { context.open_journal()? } else { context.open_journal_for_writing()? };
    let chosen = context.resolve_target(&journal)?;
    let mut target = context.open_target(&chosen.url)?;
    guard::check_target(&journal, target.as_mut(), &chosen.name)?;
    detect::check_domain(&journal, &chosen.name, target.as_mut())?;
    if let Some(file) = &file {
        check_plan_file(&journal, target.as_mut(), &chosen, file)?;
    }
    let mut made = plan::build_plan(context, &mut journal, target.as_mut(), &chosen, &settled)?;
    if let Source::Seen(_, digest) = source
        && *digest != made.outcome.plan_digest
    {
        return Err(plan::stale_plan("the data are not as they were when it was shown"));
    }
    if let Some(file) = file {
        if file.plan_digest != made.outcome.plan_digest {
            return Err(plan::stale_plan("the data are not as they were when it was made"));
        }
        made.outcome.plan_id = Some(file.plan_id.clone());
        made.proposal.plan_id = Some(file.plan_id);
    }
    if dry_run {
        made.prepared.changes().iter().for_each(|change| all(cell::to_change_row(change)));
        return Ok(build_outcome(made, None));
    }
    let is_critical = Severity::of_fault(&made.outcome.label.severity) == Severity::Critical;
    let type_name = (is_critical && !context.confirm.agreed_before()).then(|| chosen.name.clone());
    let question = ConfirmQuestion { text: render_question(&made.outcome), danger: CARD.danger, type_name };
    context
        .ask_consent(&question)
        .map_err(|failure| failure.and_next(give(Flag::DryRun, "shows what would be done")))?;
    let mut engine = context.engine(&mut journal, target.as_mut(), &chosen.name);
    let committed = engine.commit(&made.proposal, &made.prepared)?;
    made.prepared.changes().iter().for_each(|change| all(cell::to_change_row(change)));
    Ok(build_outcome(made, Some(committed)))
}

/// Checks what a plan file promises beside its digest: the journal, the target, and that it was not used.
fn check_plan_file(
    journal: &mfm_journal::Journal,
    target: &mut dyn crate::targets::Target,
    chosen: &ChosenTarget,
    file: &PlanFile,
) -> Result<(), Failure> {
    if file.journal != journal.id() {
        return Err(plan::stale_plan("it was made with another journal"));
    }
    if guard::check_target(journal, target, &chosen.name)?.identity != file.target {
        return Err(plan::stale_plan("it was made for another target, or for an earlier marking of this one"));
    }
    match journal.plan_used(&file.plan_id)? {
        Some(op) => Err(Refusal::PlanUsed { op }.into()),
        None => Ok(()),
    }
}

/// How many records and changes a question shows.
const SHOWN_MAX: usize = 6;

/// Returns the records and the first changes, so that nobody says yes blindly.
fn render_preview(plan: &plan::Outcome) -> String {
    let more = |all: u64| if all > SHOWN_MAX as u64 { ", ..." } else { "" };
    let records: Vec<String> = plan.keys.iter().take(SHOWN_MAX).map(ToString::to_string).collect();
    let mut text = format!("records {}{}\n", records.join(", "), more(plan.records));
    for change in plan.changes.iter().take(SHOWN_MAX) {
        text += &format!("  {}\n", cell::render_change(change));
    }
    let left = plan.changes_total.saturating_sub(SHOWN_MAX as u64);
    if left > 0 {
        text += &format!("  and {left} more\n");
    }
    text
}

/// Returns what was permitted beside the usual, a line each.
fn render_permits(permits: &Permits) -> String {
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
pub fn render_question(plan: &plan::Outcome) -> String {
    format!(
        "{}{}{} ({}, severity {}) on target {}: {} of {}. Commit?",
        render_preview(plan),
        render_permits(&plan.permits),
        plan.label.tool,
        plan.label.variant,
        plan.label.severity,
        plan.target,
        render_count(plan.rows, "row"),
        render_count(plan.records, "record")
    )
}

fn build_outcome(made: BuiltPlan, committed: Option<CommittedOperation>) -> Outcome {
    let drift = committed.iter().flat_map(|committed| &committed.drift);
    let drift = drift.map(|row| DriftRow { table: row.table.clone(), key: render_key(&row.key) }).collect();
    Outcome {
        op: committed.as_ref().map(|committed| committed.op),
        uid: committed.as_ref().map(|committed| committed.uid),
        state: if committed.is_some() { "applied" } else { "planned" },
        plan: made.outcome,
        drift,
    }
}
