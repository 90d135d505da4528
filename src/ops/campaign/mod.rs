//! `mfm campaign`: many operations from one file, each journaled with the campaign's digest, and taken back together.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use mfm_journal::{Digest, Journal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

pub mod file;

use self::file::Campaign;
use super::context::{Chosen, Context};
use super::failure::{Failure, Kind};
use super::{Card, count, plan, revert, standing};
use crate::engine::guard;
use crate::model::ports::{Danger, Question};
use crate::model::time;
use crate::target::Target;

/// What `campaign plan` is.
pub const PLAN: Card = Card {
    name: "campaign plan",
    danger: Danger::Read,
    about: "Plan the faults of a campaign file, and write nothing",
};
/// What `campaign apply` is.
pub const APPLY: Card =
    Card { name: "campaign apply", danger: Danger::Write, about: "Commit the faults of a campaign file" };
/// What `campaign revert` is.
pub const REVERT: Card =
    Card { name: "campaign revert", danger: Danger::Write, about: "Take back what a campaign file committed" };
/// What `campaign list` is.
pub const LIST: Card =
    Card { name: "campaign list", danger: Danger::Read, about: "List what of a campaign file stands" };

/// Which campaign.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Request {
    /// The campaign file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// What a campaign comes to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// Its name.
    pub campaign: String,
    /// The digest of what its file says.
    pub digest: Digest,
    /// The target's name.
    pub target: String,
    /// Its seed.
    pub seed: u64,
    /// The wall clock.
    pub now: String,
    /// Its faults, in order.
    pub steps: Vec<Step>,
    /// How many of them stand.
    pub standing: u64,
    /// The journal.
    pub journal: PathBuf,
}

/// What was taken back of a campaign.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reverted {
    /// Its name.
    pub campaign: String,
    /// The digest of what its file says.
    pub digest: Digest,
    /// What became of its operations.
    #[serde(flatten)]
    pub revert: revert::Outcome,
}

/// One fault of a campaign.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// Its place in the file, from 1.
    pub step: u64,
    /// The tool.
    pub tool: String,
    /// The variant, where one is named or planned.
    pub variant: Option<String>,
    /// `planned`, `applied` (just now), `stands` (before), `open` (after a crash) or `absent`.
    pub state: &'static str,
    /// The operation that carries it.
    pub op: Option<u64>,
    /// Its seed.
    pub seed: Option<u64>,
    /// How many records were chosen, where it was planned.
    pub records: Option<u64>,
    /// How many rows it changes, where it was planned or stands.
    pub rows: Option<u64>,
    /// Its plan's digest.
    pub plan_digest: Option<Digest>,
}

/// A campaign on a target, with what of it stands.
struct Course {
    campaign: Campaign,
    digest: Digest,
    chosen: Chosen,
    now: String,
    steps: Vec<(plan::Request, Step)>,
}

/// What an operation's entry says of its campaign.
#[derive(Deserialize)]
struct Mark {
    digest: Digest,
    step: u64,
    now: String,
}

/// Plans every fault that does not stand, on the data as they are now.
///
/// # Errors
/// Usage, a refusal, or what target and journal say.
pub fn plan(context: &Context<'_>, request: &Request) -> Result<Outcome, Failure> {
    let mut journal = context.reading()?;
    let mut course = Course::plot(context, &journal, request)?;
    let mut target = context.open(&course.chosen.url)?;
    course.plan(context, &mut journal, target.as_mut())?;
    Ok(course.outcome(context))
}

/// Commits every fault that does not stand, in the order of the file; an interrupted campaign goes on.
///
/// # Errors
/// Usage, a refusal, or what target and journal say. What was committed before an error stands, and is journaled.
pub fn apply(context: &Context<'_>, request: &Request) -> Result<Outcome, Failure> {
    let mut journal = context.writing()?;
    let mut course = Course::plot(context, &journal, request)?;
    let mut target = context.open(&course.chosen.url)?;
    course.in_order()?;
    // A mistake in the last fault is better known before the first is committed.
    course.plan(context, &mut journal, target.as_mut())?;
    let left = course.steps.iter().filter(|(_, step)| step.op.is_none()).count() as u64;
    if left > 0 {
        context.consent(&course.question(left))?;
    }
    for at in 0..course.steps.len() {
        let done = context.go_on().and_then(|()| course.commit(context, &mut journal, target.as_mut(), at));
        done.map_err(|failure| course.after_some(failure))?;
    }
    Ok(course.outcome(context))
}

/// Takes back exactly what the campaign committed and still stands, newest first.
///
/// # Errors
/// Usage, a refusal, or what target and journal say.
pub fn revert(context: &Context<'_>, request: &Request) -> Result<Reverted, Failure> {
    let journal = context.reading()?;
    let course = Course::plot(context, &journal, request)?;
    guard::nothing_open(&journal, &course.chosen.name)?;
    drop(journal);
    let operations: Vec<u64> = course.steps.iter().rev().filter_map(|(_, step)| step.op).collect();
    let (target, journal) = (course.chosen.name, context.journal.clone());
    let revert = if operations.is_empty() {
        revert::Outcome { target, operations: Vec::new(), journal }
    } else {
        revert::run(context, &revert::Request { operations, ..revert::Request::default() })?
    };
    Ok(Reverted { campaign: course.campaign.name, digest: course.digest, revert })
}

/// Lists the faults of a campaign, and which of them stand.
///
/// # Errors
/// Usage, or what the journal says.
pub fn list(context: &Context<'_>, request: &Request) -> Result<Outcome, Failure> {
    let journal = context.reading()?;
    Ok(Course::plot(context, &journal, request)?.outcome(context))
}

impl Course {
    /// Reads the file, and what of it stands; a campaign begun keeps its clock.
    fn plot(context: &Context<'_>, journal: &Journal, request: &Request) -> Result<Self, Failure> {
        let campaign = Campaign::read(&request.file)?;
        let digest = campaign.digest();
        let chosen = context.chosen(journal)?;
        let mut marks = BTreeMap::new();
        for found in standing::of(journal, &chosen.name, "campaign")? {
            if let Some(mark) = mark(&found.mark, &digest) {
                marks.insert(mark.step, (found.op, "stands", mark.now));
            }
        }
        for (op, _) in journal.state().open_on(&chosen.name) {
            let detail = journal.operation(op)?.and_then(|operation| operation.detail.get("campaign").cloned());
            if let Some(mark) = detail.and_then(|detail| mark(&detail, &digest)) {
                marks.insert(mark.step, (op, "open", mark.now));
            }
        }
        let begun = marks.values().next().map(|(_, _, now)| now.clone());
        let now = context.now(campaign.now.as_deref().or(begun.as_deref()))?;
        let now = time::format(now, 0, 'T');
        let mut steps = Vec::new();
        for (number, request) in (1u64..).zip(campaign.requests(&now)) {
            let found = marks.get(&number).map(|(op, state, _)| (*op, *state));
            steps.push((request.clone(), step(journal, number, &request, found)?));
        }
        Ok(Self { campaign, digest, chosen, now, steps })
    }

    /// Refuses to fill a gap: a fault before one that stands would meet other data than the first time.
    fn in_order(&self) -> Result<(), Failure> {
        let stands = |step: &Step| step.op.is_some();
        let mut after = self.steps.iter().skip_while(|(_, step)| stands(step));
        match after.find(|(_, step)| stands(step)) {
            None => Ok(()),
            Some((_, step)) => {
                let message = format!("fault {} of the campaign stands, and one before it does not", step.step);
                let hint = "`mfm campaign revert FILE` takes it all back; then apply it anew";
                Err(Failure::new(Kind::Refused, "campaign_gap", message, hint))
            }
        }
    }

    fn plan(&mut self, context: &Context<'_>, journal: &mut Journal, target: &mut dyn Target) -> Result<(), Failure> {
        let all = self.steps.len() as u64;
        for (request, step) in self.steps.iter_mut().filter(|(_, step)| step.op.is_none()) {
            context.reporter.progress("planning faults", step.step - 1, all);
            let settled = plan::settle(context, request).map_err(|failure| named(failure, step))?;
            let made = plan::make(context, journal, target, &self.chosen, &settled);
            let made = made.map_err(|failure| named(failure, step))?;
            step.planned(&made.outcome);
        }
        Ok(())
    }

    fn commit(
        &mut self,
        context: &Context<'_>,
        journal: &mut Journal,
        target: &mut dyn Target,
        at: usize,
    ) -> Result<(), Failure> {
        let all = self.steps.len() as u64;
        let Some((request, step)) = self.steps.get_mut(at).filter(|(_, step)| step.op.is_none()) else { return Ok(()) };
        context.reporter.progress("committing faults", step.step - 1, all);
        let settled = plan::settle(context, request)?;
        let made = plan::make(context, journal, target, &self.chosen, &settled);
        let mut made = made.map_err(|failure| named(failure, step))?;
        let mark = json!({
            "name": self.campaign.name,
            "digest": self.digest,
            "step": step.step,
            "now": self.now,
        });
        made.proposal.detail.insert("campaign".into(), mark);
        let mut engine = context.engine(journal, target, &self.chosen.name);
        engine.seen = engine.journal.head().seq;
        let committed = engine.commit(&made.proposal, &made.prepared).map_err(|e| named(e.into(), step))?;
        step.planned(&made.outcome);
        (step.op, step.state) = (Some(committed.op), "applied");
        Ok(())
    }

    fn after_some(&self, failure: Failure) -> Failure {
        let done = self.steps.iter().filter(|(_, step)| step.op.is_some()).count();
        if done == 0 {
            return failure;
        }
        let message = format!("{}; {done} of {} faults stand, and are journaled", failure.message, self.steps.len());
        let again = "`mfm campaign apply FILE` goes on, `mfm campaign revert FILE` takes them back";
        Failure { message, hint: format!("{}; {again}", failure.hint), ..failure }
    }

    fn question(&self, left: u64) -> Question {
        let rows: u64 = self.steps.iter().filter(|(_, step)| step.op.is_none()).filter_map(|(_, s)| s.rows).sum();
        let text = format!(
            "Campaign {}: commit {} with {} on target {}. Go on?",
            self.campaign.name,
            count(left, "fault"),
            count(rows, "row"),
            self.chosen.name
        );
        Question { text, danger: APPLY.danger, type_name: None }
    }

    fn outcome(self, context: &Context<'_>) -> Outcome {
        let steps: Vec<Step> = self.steps.into_iter().map(|(_, step)| step).collect();
        Outcome {
            campaign: self.campaign.name,
            digest: self.digest,
            target: self.chosen.name,
            seed: self.campaign.seed,
            now: self.now,
            standing: steps.iter().filter(|step| step.op.is_some()).count() as u64,
            steps,
            journal: context.journal.clone(),
        }
    }
}

impl Step {
    fn planned(&mut self, plan: &plan::Outcome) {
        self.state = "planned";
        self.variant = Some(plan.variant.clone());
        (self.records, self.rows) = (Some(plan.records), Some(plan.rows));
        self.plan_digest = Some(plan.plan_digest);
    }
}

/// Returns what an entry says of its campaign, where it is this one.
fn mark(json: &Json, digest: &Digest) -> Option<Mark> {
    Mark::deserialize(json).ok().filter(|mark| mark.digest == *digest)
}

fn step(
    journal: &Journal,
    number: u64,
    request: &plan::Request,
    found: Option<(u64, &'static str)>,
) -> Result<Step, Failure> {
    let operation = found.map(|(op, _)| journal.operation(op)).transpose()?.flatten();
    Ok(Step {
        step: number,
        tool: request.tool.clone(),
        variant: operation.as_ref().map(|op| op.variant.clone()).or_else(|| request.options.variant.clone()),
        state: found.map_or("absent", |(_, state)| state),
        op: found.map(|(op, _)| op),
        seed: request.options.seed,
        records: operation.as_ref().and_then(|op| op.keys.as_ref()).map(|keys| keys.count),
        rows: operation.as_ref().map(|op| op.rows),
        plan_digest: operation.as_ref().map(|op| op.plan_digest),
    })
}

/// Names the fault that failed.
fn named(failure: Failure, step: &Step) -> Failure {
    let message = format!("fault {} of the campaign, {}: {}", step.step, step.tool, failure.message);
    Failure { message, ..failure }
}
