//! `mfm campaign`: many operations from one file, each journaled with the campaign's digest, and taken back together.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::PathBuf;

use clap::Args;
use mfm_journal::{Digest, Journal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

pub mod file;

use self::file::Campaign;
use super::context::{ChosenTarget, Context};
use super::detect;
use super::failure::{Failure, FailureKind};
use super::{Card, plan, render_count, revert, standing};
use crate::engine::guard;
use crate::model::Key;
use crate::model::NextSteps;
use crate::model::next_step::{Deed, View, act, look};
use crate::model::ports::{ConfirmQuestion, Danger};
use crate::model::time;
use crate::targets::Target;

/// The card of `campaign plan`.
pub const PLAN: Card = Card {
    name: "campaign plan",
    danger: Danger::Read,
    about: "Plan the faults of a campaign file, and write nothing",
};
/// The card of `campaign apply`.
pub const APPLY: Card =
    Card { name: "campaign apply", danger: Danger::Write, about: "Commit the faults of a campaign file" };
/// The card of `campaign revert`.
pub const REVERT: Card =
    Card { name: "campaign revert", danger: Danger::Write, about: "Take back what a campaign file committed" };
/// The card of `campaign list`.
pub const LIST: Card = Card {
    name: "campaign list",
    danger: Danger::Read,
    about: "List the faults of a campaign file that are in effect",
};

/// Which campaign.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Request {
    /// The campaign file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// The state of a campaign on a target, after the command.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// Its name.
    pub campaign: String,
    /// The digest of its content; see [`Campaign::digest`].
    pub digest: Digest,
    /// The target's name.
    pub target: String,
    /// Its seed.
    pub seed: u64,
    /// The target's wall clock.
    pub now: String,
    /// Its faults, in the order of the file.
    pub steps: Vec<CampaignFault>,
    /// How many of them are in effect or open.
    pub standing: u64,
    /// Active faults of other files with the same campaign name.
    pub others: Vec<OtherCampaign>,
    /// The journal.
    pub journal: PathBuf,
}

/// Active faults of another file with the same campaign name, or of this file before it was edited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OtherCampaign {
    /// The digest of that file's content.
    pub digest: Digest,
    /// The operations, oldest first.
    pub operations: Vec<u64>,
}

/// The result of reverting a campaign.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RevertedCampaign {
    /// Its name.
    pub campaign: String,
    /// The digest of its content.
    pub digest: Digest,
    /// The reverts of its operations.
    #[serde(flatten)]
    pub revert: revert::Outcome,
}

/// One fault of a campaign.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CampaignFault {
    /// Its position in the file, from 1.
    pub step: u64,
    /// The mode's tool name.
    pub tool: String,
    /// The variant, where one is named or planned.
    pub variant: Option<String>,
    /// `planned`, `applied` (by this command), `stands` (applied before), `open` (after a crash) or `absent`.
    pub state: &'static str,
    /// The operation that now carries its rows.
    pub op: Option<u64>,
    /// Its seed.
    pub seed: Option<u64>,
    /// Number of chosen records; null where it was neither planned nor applied.
    pub records: Option<u64>,
    /// Number of rows that it changes; null where it was neither planned nor applied.
    pub rows: Option<u64>,
    /// Number of rows of its first plan, where committing the faults before it gave it another one.
    pub rows_planned: Option<u64>,
    /// The first fault before it that changes one of its rows, among those planned together.
    pub meets: Option<u64>,
    /// Its plan's digest.
    pub plan_digest: Option<Digest>,
}

/// A campaign on a target, with the state of its faults there.
struct CampaignProgress {
    campaign: Campaign,
    digest: Digest,
    chosen: ChosenTarget,
    now: String,
    steps: Vec<(plan::Request, CampaignFault)>,
    others: Vec<OtherCampaign>,
}

/// The note on the campaign in the journal entry of an operation.
#[derive(Deserialize)]
struct CampaignMark {
    name: String,
    digest: Digest,
    step: u64,
    now: String,
}

/// Plans every fault that is not in effect yet, each on the data as they are now.
///
/// # Errors
/// A usage error, a refusal, or a target or journal error.
pub fn plan(context: &Context<'_>, request: &Request) -> Result<Outcome, Failure> {
    let mut journal = context.open_journal()?;
    let mut course = CampaignProgress::load(context, &journal, request)?;
    let mut target = context.open_target(&course.chosen.url)?;
    guard::check_target(&journal, target.as_mut(), &course.chosen.name)?;
    detect::check_domain(&journal, &course.chosen.name, target.as_mut())?;
    course.plan_missing(context, &mut journal, target.as_mut())?;
    Ok(course.into_outcome(context))
}

/// Commits every fault that is not in effect yet, in the order of the file; an interrupted campaign is continued.
///
/// # Errors
/// A usage error, a refusal, or a target or journal error. Faults committed before an error stay, and are journaled.
pub fn apply(context: &Context<'_>, request: &Request) -> Result<Outcome, Failure> {
    let mut journal = context.open_journal_for_writing()?;
    let mut course = CampaignProgress::load(context, &journal, request)?;
    let mut target = context.open_target(&course.chosen.url)?;
    guard::check_target(&journal, target.as_mut(), &course.chosen.name)?;
    detect::check_domain(&journal, &course.chosen.name, target.as_mut())?;
    course.in_order()?;
    // Plans all of them first: a mistake in the last fault is found before the first is committed.
    course.plan_missing(context, &mut journal, target.as_mut())?;
    let remaining = course.steps.iter().filter(|(_, step)| step.op.is_none()).count() as u64;
    if remaining > 0 {
        let look_first = look(View::CampaignPlan, "shows what would be done");
        context.ask_consent(&course.build_question(remaining)).map_err(|failure| failure.and_next(look_first))?;
    }
    for at in 0..course.steps.len() {
        let result = context.go_on().and_then(|()| course.commit_step(context, &mut journal, target.as_mut(), at));
        result.map_err(|failure| course.after_some(failure))?;
    }
    Ok(course.into_outcome(context))
}

/// Reverts exactly the campaign's operations that are still in effect, newest first.
///
/// # Errors
/// A usage error, a refusal, or a target or journal error.
pub fn revert(context: &Context<'_>, request: &Request) -> Result<RevertedCampaign, Failure> {
    let journal = context.open_journal()?;
    let course = CampaignProgress::load(context, &journal, request)?;
    guard::nothing_open(&journal, &course.chosen.name)?;
    // The revert opens the journal itself, for writing.
    drop(journal);
    let operations: Vec<u64> = course.steps.iter().rev().filter_map(|(_, step)| step.op).collect();
    if operations.is_empty() {
        course.nothing_of_others()?;
    }
    let (target, journal) = (course.chosen.name, context.journal.clone());
    let revert = if operations.is_empty() {
        revert::Outcome { target, operations: Vec::new(), journal }
    } else {
        revert::run(context, &revert::Request { operations, ..revert::Request::default() })?
    };
    Ok(RevertedCampaign { campaign: course.campaign.name, digest: course.digest, revert })
}

/// Lists the faults of a campaign with their states.
///
/// # Errors
/// A usage error, or a journal error.
pub fn list(context: &Context<'_>, request: &Request) -> Result<Outcome, Failure> {
    let journal = context.open_journal()?;
    Ok(CampaignProgress::load(context, &journal, request)?.into_outcome(context))
}

impl CampaignProgress {
    /// Reads the file, and the state of its faults from the journal; a campaign once begun keeps its clock.
    fn load(context: &Context<'_>, journal: &Journal, request: &Request) -> Result<Self, Failure> {
        let campaign = Campaign::read(&request.file)?;
        let digest = campaign.digest();
        let chosen = context.resolve_target(journal)?;
        let mut marks = BTreeMap::new();
        let mut others: BTreeMap<Digest, Vec<u64>> = BTreeMap::new();
        for active in standing::list_standing(journal, &chosen.name, "campaign")? {
            match CampaignMark::deserialize(&active.mark) {
                Ok(mark) if mark.digest == digest => {
                    marks.insert(mark.step, (active.op, "stands", mark.now));
                }
                Ok(mark) if mark.name == campaign.name => others.entry(mark.digest).or_default().push(active.op),
                Ok(_) | Err(_) => {}
            }
        }
        let others = others.into_iter().map(|(digest, operations)| OtherCampaign { digest, operations }).collect();
        for (op, _) in journal.state().open_on(&chosen.name) {
            let detail = journal.read_operation(op)?.and_then(|operation| operation.detail.get("campaign").cloned());
            if let Some(mark) = detail.and_then(|detail| parse_mark(&detail, &digest)) {
                marks.insert(mark.step, (op, "open", mark.now));
            }
        }
        // Continuing at another time must give the same plans, so the clock of the first run counts.
        let first_now = marks.values().next().map(|(_, _, now)| now.clone());
        let now = context.resolve_now(campaign.now.as_deref().or(first_now.as_deref()))?;
        let now = time::format_wall(now, 0, 'T');
        let mut steps = Vec::new();
        for (number, request) in (1u64..).zip(campaign.requests(&now)) {
            let standing = marks.get(&number).map(|(op, state, _)| (*op, *state));
            steps.push((request.clone(), build_step(journal, number, &request, standing)?));
        }
        Ok(Self { campaign, digest, chosen, now, steps, others })
    }

    /// Refuses to report that nothing is in effect while faults of another file with this campaign's name are.
    fn nothing_of_others(&self) -> Result<(), Failure> {
        let operations: Vec<u64> = self.others.iter().flat_map(|other| other.operations.iter().copied()).collect();
        let Some(other) = self.others.first() else { return Ok(()) };
        let message = format!(
            "no fault of this file is in effect on {}, but {} of another file with the name {} (digest {:.12})",
            self.chosen.name,
            render_count(operations.len() as u64, "fault"),
            self.campaign.name,
            other.digest.to_string(),
        );
        let newest: Vec<u64> = operations.into_iter().rev().collect();
        let next = NextSteps::from("revert with that file").and(act(Deed::revert(newest), "takes them back by number"));
        Err(Failure::new(FailureKind::Refused, "campaign_other", message, next))
    }

    /// Refuses to fill a gap: a fault before one in effect would be planned on other data than the first time.
    fn in_order(&self) -> Result<(), Failure> {
        let mut after_gap = self.steps.iter().skip_while(|(_, step)| step.op.is_some());
        let Some((_, step)) = after_gap.find(|(_, step)| step.op.is_some()) else { return Ok(()) };
        let message = format!("fault {} of the campaign is in effect, but an earlier one is not", step.step);
        let next = act(Deed::RevertCampaign, "takes it all back; then apply it again");
        Err(Failure::new(FailureKind::Refused, "campaign_gap", message, next))
    }

    fn plan_missing(
        &mut self,
        context: &Context<'_>,
        journal: &mut Journal,
        target: &mut dyn Target,
    ) -> Result<(), Failure> {
        let all = self.steps.len() as u64;
        let mut changed: BTreeMap<(String, Key), u64> = BTreeMap::new();
        for (request, step) in self.steps.iter_mut().filter(|(_, step)| step.op.is_none()) {
            context.reporter.progress("planning faults", step.step - 1, all);
            let resolved = plan::resolve_request(context, request).map_err(|failure| name_fault(failure, step))?;
            let plan = plan::build_plan(context, journal, target, &self.chosen, &resolved);
            let plan = plan.map_err(|failure| name_fault(failure, step))?;
            step.note_plan(&plan.outcome);
            // All faults are planned on the same data: where two meet, the later one will get another plan.
            for change in plan.prepared.changes() {
                match changed.entry((change.table.name.clone(), change.key.clone())) {
                    Entry::Occupied(earlier) => step.meets = step.meets.or(Some(*earlier.get())),
                    Entry::Vacant(row) => drop(row.insert(step.step)),
                }
            }
        }
        Ok(())
    }

    fn commit_step(
        &mut self,
        context: &Context<'_>,
        journal: &mut Journal,
        target: &mut dyn Target,
        at: usize,
    ) -> Result<(), Failure> {
        let all = self.steps.len() as u64;
        let Some((request, step)) = self.steps.get_mut(at).filter(|(_, step)| step.op.is_none()) else { return Ok(()) };
        context.reporter.progress("committing faults", step.step - 1, all);
        let resolved = plan::resolve_request(context, request)?;
        let plan = plan::build_plan(context, journal, target, &self.chosen, &resolved);
        let mut plan = plan.map_err(|failure| name_fault(failure, step))?;
        // Consent was given to the plan that was shown; another one needs it again.
        if step.plan_digest.is_some_and(|shown| shown != plan.outcome.plan_digest) {
            step.rows_planned = step.rows;
            context.ask_consent(&planned_anew(&self.campaign.name, step, plan.outcome.rows))?;
        }
        let mark = json!({
            "name": self.campaign.name,
            "digest": self.digest,
            "step": step.step,
            "now": self.now,
        });
        plan.proposal.detail.insert("campaign".into(), mark);
        let mut engine = context.engine(journal, target, &self.chosen.name);
        engine.seen = engine.journal.head().seq;
        let committed = engine.commit(&plan.proposal, &plan.prepared).map_err(|e| name_fault(e.into(), step))?;
        step.note_plan(&plan.outcome);
        (step.op, step.state) = (Some(committed.op), "applied");
        Ok(())
    }

    /// Adds to a failure how many faults are in effect, so that nobody takes it for a campaign that wrote nothing.
    fn after_some(&self, failure: Failure) -> Failure {
        let standing = self.steps.iter().filter(|(_, step)| step.op.is_some()).count();
        if standing == 0 {
            return failure;
        }
        let stand = format!("{standing} of {} faults of the campaign are in effect and journaled", self.steps.len());
        let again = [act(Deed::ApplyCampaign, "continues"), act(Deed::RevertCampaign, "takes them back")];
        if failure.kind == FailureKind::Interrupted {
            return Failure { message: format!("interrupted; {stand}"), next: again.into(), ..failure };
        }
        let message = format!("{}; {stand}", failure.message);
        Failure { message, ..failure.and_next(again) }
    }

    fn build_question(&self, left: u64) -> ConfirmQuestion {
        let rows: u64 = self.steps.iter().filter(|(_, step)| step.op.is_none()).filter_map(|(_, s)| s.rows).sum();
        let text = format!(
            "Campaign {}: commit {} with {} on target {}. Go on?",
            self.campaign.name,
            render_count(left, "fault"),
            render_count(rows, "row"),
            self.chosen.name
        );
        ConfirmQuestion { text, danger: APPLY.danger, type_name: None }
    }

    fn into_outcome(self, context: &Context<'_>) -> Outcome {
        let steps: Vec<CampaignFault> = self.steps.into_iter().map(|(_, step)| step).collect();
        Outcome {
            campaign: self.campaign.name,
            digest: self.digest,
            target: self.chosen.name,
            seed: self.campaign.seed,
            now: self.now,
            others: self.others,
            standing: steps.iter().filter(|step| step.op.is_some()).count() as u64,
            steps,
            journal: context.journal.clone(),
        }
    }
}

impl CampaignFault {
    fn note_plan(&mut self, plan: &plan::Outcome) {
        self.state = "planned";
        self.variant = Some(plan.label.variant.clone());
        (self.records, self.rows) = (Some(plan.records), Some(plan.rows));
        self.plan_digest = Some(plan.plan_digest);
    }
}

/// Returns the question whether to commit a fault whose plan differs from the one consented to.
fn planned_anew(campaign: &str, step: &CampaignFault, rows: u64) -> ConfirmQuestion {
    let text = format!(
        "Campaign {campaign}: after the earlier faults, fault {} changes {} instead of the {} of its plan. Commit it?",
        step.step,
        render_count(rows, "row"),
        step.rows.unwrap_or_default(),
    );
    ConfirmQuestion { text, danger: APPLY.danger, type_name: None }
}

/// Returns an entry's note on its campaign, where it is this campaign.
fn parse_mark(json: &Json, digest: &Digest) -> Option<CampaignMark> {
    CampaignMark::deserialize(json).ok().filter(|mark| mark.digest == *digest)
}

fn build_step(
    journal: &Journal,
    number: u64,
    request: &plan::Request,
    standing: Option<(u64, &'static str)>,
) -> Result<CampaignFault, Failure> {
    let operation = standing.map(|(op, _)| journal.read_operation(op)).transpose()?.flatten();
    Ok(CampaignFault {
        step: number,
        tool: request.tool.clone(),
        variant: operation.as_ref().map(|op| op.label.variant.clone()).or_else(|| request.options.variant.clone()),
        state: standing.map_or("absent", |(_, state)| state),
        op: standing.map(|(op, _)| op),
        seed: request.options.seed,
        records: operation.as_ref().and_then(|op| op.keys.as_ref()).map(|keys| keys.count),
        rows: operation.as_ref().map(|op| op.rows),
        rows_planned: None,
        meets: None,
        plan_digest: operation.as_ref().map(|op| op.plan_digest),
    })
}

/// Adds to a failure which fault it concerns.
fn name_fault(failure: Failure, step: &CampaignFault) -> Failure {
    let message = format!("fault {} of the campaign, {}: {}", step.step, step.tool, failure.message);
    Failure { message, ..failure }
}
