//! `mfm apply`: commits a fault, from arguments or from a plan file; asks for consent, and journals before it writes.

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

/// The command's card.
pub const CARD: Card = Card { name: "apply", danger: Danger::Write, about: "Commit a fault on a test copy" };

/// Where the fault comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// From arguments.
    Request(Request),
    /// From arguments, provided that they still give the plan of this digest, which a person has reviewed.
    Seen(Request, Digest),
    /// From a plan file.
    File(PathBuf),
}

/// The result of an apply.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// The operation's number; null for a dry run.
    pub op: Option<u64>,
    /// Its uid; null for a dry run.
    pub uid: Option<Digest>,
    /// `applied`, or `planned` for a dry run.
    pub state: &'static str,
    /// The plan that was committed.
    #[serde(flatten)]
    pub plan: plan::Outcome,
    /// Rows that another program changed between the commit and the read-back after it.
    pub drift: Vec<DriftRow>,
}

/// A row that differs from what was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DriftRow {
    /// The table's name, as the target spells it.
    pub table: String,
    /// The key, as text.
    pub key: String,
}

/// Commits a fault; `all` receives every change, also those beyond the list of the outcome.
///
/// # Errors
/// A usage error, a refusal, or a target or journal error.
pub fn run(
    context: &Context<'_>,
    source: &Source,
    dry_run: bool,
    all: &mut dyn FnMut(ChangeRow),
) -> Result<Outcome, Failure> {
    let (resolved, file) = match source {
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
    // A plan file holds no changes: the fault is always planned again, and the digest tells whether it is the same.
    let mut plan = plan::build_plan(context, &mut journal, target.as_mut(), &chosen, &resolved)?;
    if let Source::Seen(_, digest) = source
        && *digest != plan.outcome.plan_digest
    {
        return Err(plan::stale_plan("the data have changed since it was shown"));
    }
    if let Some(file) = file {
        if file.plan_digest != plan.outcome.plan_digest {
            return Err(plan::stale_plan("the data have changed since it was made"));
        }
        plan.outcome.plan_id = Some(file.plan_id.clone());
        plan.proposal.plan_id = Some(file.plan_id);
    }
    if dry_run {
        plan.prepared.changes().iter().for_each(|change| all(cell::to_change_row(change)));
        return Ok(build_outcome(plan, None));
    }
    let is_critical = Severity::of_fault(&plan.outcome.label.severity) == Severity::Critical;
    // A critical fault is confirmed by typing the name, unless the user has already agreed to everything.
    let type_name = (is_critical && !context.confirm.agreed_before()).then(|| chosen.name.clone());
    let question = ConfirmQuestion { text: render_question(&plan.outcome), danger: CARD.danger, type_name };
    context
        .ask_consent(&question)
        .map_err(|failure| failure.and_next(give(Flag::DryRun, "shows what would be done")))?;
    let mut engine = context.engine(&mut journal, target.as_mut(), &chosen.name);
    let committed = engine.commit(&plan.proposal, &plan.prepared)?;
    plan.prepared.changes().iter().for_each(|change| all(cell::to_change_row(change)));
    Ok(build_outcome(plan, Some(committed)))
}

/// Checks a plan file's journal and target, and that the plan was not used before; its digest is checked later.
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

/// Maximum number of records and of changes that a question shows.
const SHOWN_MAX: usize = 6;

/// Returns the first records and changes, so that a person knows what they consent to.
fn render_preview(plan: &plan::Outcome) -> String {
    let more = if plan.records > SHOWN_MAX as u64 { ", ..." } else { "" };
    let records: Vec<String> = plan.keys.iter().take(SHOWN_MAX).map(ToString::to_string).collect();
    let mut text = format!("records {}{more}\n", records.join(", "));
    for change in plan.changes.iter().take(SHOWN_MAX) {
        text += &format!("  {}\n", cell::render_change(change));
    }
    let further = plan.changes_total.saturating_sub(SHOWN_MAX as u64);
    if further > 0 {
        text += &format!("  and {further} more\n");
    }
    text
}

/// Returns the permits that differ from the defaults, one per line.
fn render_permits(permits: &Permits) -> String {
    let mut text = String::new();
    if permits.disable_triggers {
        text += "triggers are switched off for it\n";
    }
    if let Some(rows) = permits.max_rows {
        text += &format!("up to {rows} rows may change\n");
    }
    for journal_id in &permits.beside_journal {
        text += &format!("the target also holds operations of journal {journal_id}\n");
    }
    text
}

/// Returns the text of the question that a person is asked before a plan is carried out.
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

fn build_outcome(plan: BuiltPlan, committed: Option<CommittedOperation>) -> Outcome {
    let drift = committed.iter().flat_map(|committed| &committed.drift);
    let drift = drift.map(|row| DriftRow { table: row.table.clone(), key: render_key(&row.key) }).collect();
    Outcome {
        op: committed.as_ref().map(|committed| committed.op),
        uid: committed.as_ref().map(|committed| committed.uid),
        state: if committed.is_some() { "applied" } else { "planned" },
        plan: plan.outcome,
        drift,
    }
}
