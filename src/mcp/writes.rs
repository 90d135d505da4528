//! The tools that write beside the faults: what a person is shown first, and what is done after the yes; asks nobody.

use serde_json::{Value as Json, json};

use super::answers::{Answer, list, number, word};
use super::options::Allowed;
use super::reads::request;
use super::schema::Object;
use crate::model::next_step::{Deed, act};
use crate::ops::agents::DatabaseAddress;
use crate::ops::{Context, Failure, Kind, count, drill, recover, redact, replay, revert};

/// What came of a call that may write.
pub(super) enum Done {
    /// An answer.
    Answer(Answer),
    /// A question that the client has to bring back.
    Ask(Box<rmcp::model::InputRequiredResult>),
}

impl From<Answer> for Done {
    fn from(answer: Answer) -> Self {
        Self::Answer(answer)
    }
}

/// What a person is shown before a write.
pub(super) struct Preview {
    /// The target's name.
    pub(super) target: String,
    /// The target that is written: another one only for a replay.
    pub(super) written: String,
    /// How many operations would be made at most.
    pub(super) operations: u64,
    /// The question.
    pub(super) text: String,
    /// What would be done.
    pub(super) json: Json,
}

/// A tool that writes.
#[derive(Clone, Copy)]
pub(super) struct Write {
    pub(super) preview: fn(&Context<'_>, &Allowed, &Object) -> Result<Preview, Failure>,
    pub(super) run: fn(&Context<'_>, &Allowed, Object) -> Result<Answer, Failure>,
}

/// `revert`.
pub(super) const REVERT: Write = Write { preview: preview_revert, run: run_revert };
/// `recover`.
pub(super) const RECOVER: Write = Write { preview: preview_recover, run: run_recover };
/// `replay`.
pub(super) const REPLAY: Write = Write { preview: preview_replay, run: run_replay };

/// `drill`, with mfm's own checks: no command of anybody's is run for an agent.
pub(super) const DRILL: Write = Write { preview: preview_drill, run: run_drill };

/// Returns the write of a tool.
pub(super) fn of(tool: &str) -> Option<Write> {
    match tool {
        "revert" => Some(REVERT),
        "recover" => Some(RECOVER),
        "replay" => Some(REPLAY),
        "drill" => Some(DRILL),
        _ => None,
    }
}

/// How many operations a question shows one by one.
const SHOWN_MAX: usize = 20;

fn preview_revert(context: &Context<'_>, allowed: &Allowed, arguments: &Object) -> Result<Preview, Failure> {
    let wanted: revert::Request = request(arguments.clone())?;
    let extent = revert::extent(context, &wanted)?;
    // What takes a revert back commits its fault again; what takes a fault back is never too severe.
    let again = extent.steps.iter().filter(|step| step.again);
    again.clone().try_for_each(|step| allowed.permit(&step.tool, &step.severity))?;
    let one = |step: &revert::PlannedRevert| {
        let what = if step.again { "takes a revert back, so that its fault is there again" } else { "takes it back" };
        format!("  operation {}: {} ({}), {}; {what}", step.op, step.tool, step.variant, count(step.rows, "row"))
    };
    let said = listed(extent.steps.iter().map(one));
    let (target, total) = (extent.target, extent.steps.len() as u64);
    let text = format!("Take back {} on target {target}{}?{said}", count(total, "operation"), how(&wanted));
    let json = json!({"operations": extent.steps, "operations_total": total, "target": target});
    Ok(Preview { json, written: target.clone(), target, operations: total, text })
}

/// Returns the first lines of what would be done, and how many more there are.
fn listed(lines: impl ExactSizeIterator<Item = String>) -> String {
    let more = lines.len().saturating_sub(SHOWN_MAX);
    let mut out: String = lines.take(SHOWN_MAX).map(|line| format!("\n{line}")).collect();
    if more > 0 {
        out += &format!("\n  and {more} more");
    }
    out
}

/// Says how far a revert goes.
fn how(wanted: &revert::Request) -> String {
    let ways = [
        (wanted.cascade, "later operations on the same rows first"),
        (wanted.skip_conflicts, "leaving rows in conflict"),
        (wanted.force, "OVERWRITING what others wrote to these rows"),
        (wanted.disable_triggers, "with triggers switched off"),
    ];
    ways.iter().filter(|(holds, _)| *holds).map(|(_, way)| format!(", {way}")).collect()
}

fn run_revert(context: &Context<'_>, allowed: &Allowed, arguments: Object) -> Result<Answer, Failure> {
    let outcome = revert::run(context, &request(arguments)?)?;
    let state = if outcome.left_something() { "partly_reverted" } else { "reverted" };
    let shows = allowed.shows(context, &outcome.target)?;
    done(&outcome, shows, state, |json| {
        let line = |op: &Json| {
            let (reverts, rows) = (number(op, "reverts"), number(op, "rows"));
            let exact = op.get("exact").and_then(Json::as_bool).unwrap_or_default();
            format!("operation {reverts}: {}, {rows} rows, exact: {exact}", word(op, "state"))
        };
        list(json, "operations").iter().map(line).collect::<Vec<_>>().join("\n")
    })
}

fn preview_recover(context: &Context<'_>, _: &Allowed, arguments: &Object) -> Result<Preview, Failure> {
    let wanted: recover::Request = request(arguments.clone())?;
    if wanted.word == Some(recover::As::Gone) || wanted.confirm.is_some() {
        let message = "to write off a target, a person has to type its name";
        return Err(Failure::new(Kind::Refused, "agent_person", message, act(Deed::WriteOff, "")));
    }
    let journal = context.reading()?;
    let target = recovered(context, &journal)?;
    let open: Vec<u64> = journal.state().open_on(&target).map(|(op, _)| op).collect();
    let text = match (wanted.word, wanted.op) {
        (Some(word), Some(op)) => {
            let word = format!("{word:?}").to_lowercase();
            format!("Seal operation {op} on target {target} as {word}, on the person's word alone?")
        }
        _ if open.is_empty() => format!("No operation is open on target {target}. Look at it all the same?"),
        _ => {
            let lines = listed(open.iter().map(|op| format!("  operation {op}")));
            format!("Close what a crash left open on target {target}, each as the target itself says?{lines}")
        }
    };
    let json = json!({"open": open, "target": target});
    Ok(Preview { written: target.clone(), target, operations: open.len().max(1) as u64, text, json })
}

/// Returns the target that a recover is about: the one asked for, the only one, or the only one with something open.
fn recovered(context: &Context<'_>, journal: &mfm_journal::Journal) -> Result<String, Failure> {
    let state = journal.state();
    let open: std::collections::BTreeSet<&String> = state.open.values().map(|open| &open.target).collect();
    if context.target.is_none() && open.len() < 2 {
        // Where nothing is open, nothing is written anywhere.
        let name = open.into_iter().next().or_else(|| state.targets.keys().next());
        return name.cloned().map_or_else(|| context.chosen(journal).map(|chosen| chosen.name), Ok);
    }
    context.chosen(journal).map(|chosen| chosen.name)
}

fn run_recover(context: &Context<'_>, allowed: &Allowed, arguments: Object) -> Result<Answer, Failure> {
    let outcome = recover::run(context, &request(arguments)?)?;
    if let Some(failure) = outcome.failure.as_ref().filter(|_| outcome.operations.is_empty()) {
        return Err(failure.clone());
    }
    let state = if outcome.left_open() { "left_open" } else { "recovered" };
    let shows = allowed.shows(context, context.target.as_deref().unwrap_or_default())?;
    done(&outcome, shows, state, |json| {
        let line = |op: &Json| format!("operation {}: {}", number(op, "op"), word(op, "state"));
        let lines: Vec<String> = list(json, "operations").iter().map(line).collect();
        if lines.is_empty() { "nothing was open".to_owned() } else { lines.join("\n") }
    })
}

fn preview_replay(context: &Context<'_>, _: &Allowed, arguments: &Object) -> Result<Preview, Failure> {
    let wanted: replay::Request = request(arguments.clone())?;
    let place = DatabaseAddress { target: Some(wanted.onto.clone()), ..DatabaseAddress::default() };
    let onto = crate::ops::agents::resolve(context, &place)?.unwrap_or_default();
    let extent = replay::extent(context, &wanted)?;
    let (source, left, skipped) = (extent.source, extent.left, extent.skipped);
    let text = format!("Replay {left} operations of target {source} onto target {onto}, {skipped} passed over?");
    let json = json!({"source": source, "onto": onto, "operations": left, "skipped": skipped});
    Ok(Preview { json, target: source, written: onto, operations: left as u64, text })
}

fn run_replay(context: &Context<'_>, allowed: &Allowed, arguments: Object) -> Result<Answer, Failure> {
    let mut outcome = replay::run(context, &request(arguments)?)?;
    let shows = allowed.shows(context, &outcome.source)? && allowed.shows(context, &outcome.onto)?;
    outcome.first_difference.iter_mut().for_each(|difference| redact::difference(difference, shows));
    let state = if outcome.ok { "replayed" } else { "parted" };
    let (replayed, parted) = (outcome.replayed.len(), outcome.first_difference.clone());
    done(&outcome, shows, state, |json| {
        let parted = parted.map(|found| format!("; then operation {} differs: {}", found.op, found.message));
        let (source, onto) = (word(json, "source"), word(json, "onto"));
        format!("{replayed} operations of {source} replayed onto {onto}{}", parted.unwrap_or_default())
    })
}

fn preview_drill(context: &Context<'_>, _: &Allowed, arguments: &Object) -> Result<Preview, Failure> {
    let wanted: drill::Request = request(arguments.clone())?;
    let variants = drill::extent(&wanted.modes)?;
    let target = context.chosen(&context.reading()?)?.name;
    let modes = if wanted.modes.is_empty() { "every mode".to_owned() } else { wanted.modes.join(", ") };
    let sample = wanted.sample.unwrap_or(3);
    let text = format!(
        "Drill the quality checks on target {target}: {modes}; {} on {} each, {} in all; every one is committed, \
         looked for, and taken back?",
        count(variants as u64, "variant"),
        count(sample, "record"),
        count((variants as u64).saturating_mul(sample), "fault"),
    );
    // Each fault is an operation, and so is taking it back.
    let operations = (variants as u64).saturating_mul(sample).saturating_mul(2);
    let json = json!({"target": target, "modes": modes, "variants": variants, "sample": sample});
    Ok(Preview { json, written: target.clone(), target, operations, text })
}

fn run_drill(context: &Context<'_>, allowed: &Allowed, arguments: Object) -> Result<Answer, Failure> {
    let outcome = drill::run(context, &request(arguments)?)?;
    let shows = allowed.shows(context, &outcome.target)?;
    done(&outcome, shows, "drilled", |json| {
        let (number, tried) = (number(json, "drill"), number(json, "tried"));
        let exact = json.get("exact").and_then(Json::as_bool).unwrap_or_default();
        format!("drill {number}: {tried} faults tried and taken back, exact: {exact}; drill_result shows it again")
    })
}

/// Returns the answer after a write, with its state.
fn done<T: serde::Serialize>(
    outcome: &T,
    shows: bool,
    state: &str,
    text: impl FnOnce(&Json) -> String,
) -> Result<Answer, Failure> {
    let mut answer = Answer::once(outcome, shows, text)?;
    answer.json["state"] = json!(state);
    Ok(answer)
}
