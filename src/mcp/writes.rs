//! The tools that write beside the faults: what a person is shown first, and what is done after the yes; asks nobody.

use serde_json::{Value as Json, json};

use super::answers::{Answer, list, number, word};
use super::options::Allowed;
use super::reads::request;
use super::schema::Object;
use crate::ops::agents::Place;
use crate::ops::{Context, Failure, count, drill, explain, recover, redact, replay, revert, status};
use mfm_journal::OperationAction;

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
    /// The target's name; empty where all are meant.
    pub(super) target: String,
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

/// How many operations are explained before they are reverted.
const EXPLAINED_MAX: usize = 5;

fn preview_revert(context: &Context<'_>, allowed: &Allowed, arguments: &Object) -> Result<Preview, Failure> {
    let wanted: revert::Request = request(arguments.clone())?;
    let journal = context.reading()?;
    let target = context.chosen_for(&journal, &wanted.operations)?.name;
    let active: Vec<u64> = journal.state().active_on(&target).map(|(op, _)| op).collect();
    let operations = match (wanted.operations.is_empty(), wanted.last) {
        (false, _) => wanted.operations.clone(),
        (true, true) => active.last().copied().into_iter().collect(),
        (true, false) => active.into_iter().rev().collect(),
    };
    let mut lines = Vec::new();
    for op in &operations {
        let Some(operation) = journal.operation(*op)? else { continue };
        // A revert of a revert commits the fault again.
        if operation.action == OperationAction::Revert {
            allowed.permit(&operation.tool, &operation.severity)?;
        }
    }
    for op in operations.iter().take(EXPLAINED_MAX) {
        let explained = explain::run(context, &explain::Request { op: *op })?;
        let inverse = &explained.inverse;
        lines.push(json!({"op": op, "words": explained.words, "revert": inverse.state, "rows": inverse.rows}));
    }
    let said: Vec<String> = lines.iter().map(|line| format!("  {}", word(line, "words"))).collect();
    let numbers = operations.iter().take(50).map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let how = how(&wanted);
    let text = format!("Take back operation {numbers} on target {target}{how}?\n{}", said.join("\n"));
    Ok(Preview {
        json: json!({"operations": lines, "operations_total": operations.len(), "target": target}),
        target,
        text,
    })
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

fn run_revert(context: &Context<'_>, _: &Allowed, arguments: Object) -> Result<Answer, Failure> {
    let outcome = revert::run(context, &request(arguments)?)?;
    let state = if outcome.left_something() { "partly_reverted" } else { "reverted" };
    done(&outcome, state, |json| {
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
    let status = status::run(context)?;
    let open: Vec<u64> = status.open.iter().map(|open| open.op).collect();
    let target = context.target.clone().unwrap_or_default();
    let word = wanted.word.map(|word| format!(", on the person's word: {word:?}").to_lowercase()).unwrap_or_default();
    let what = match open.as_slice() {
        [] => "No operation is open. Look again".to_owned(),
        open => format!("Close what a crash left open (operations {open:?})"),
    };
    let text = format!("{what}{word}?");
    Ok(Preview { target, text, json: json!({"open": open}) })
}

fn run_recover(context: &Context<'_>, _: &Allowed, arguments: Object) -> Result<Answer, Failure> {
    let outcome = recover::run(context, &request(arguments)?)?;
    if let Some(failure) = outcome.failure.as_ref().filter(|_| outcome.operations.is_empty()) {
        return Err(failure.clone());
    }
    let state = if outcome.left_open() { "left_open" } else { "recovered" };
    done(&outcome, state, |json| {
        let line = |op: &Json| format!("operation {}: {}", number(op, "op"), word(op, "state"));
        let lines: Vec<String> = list(json, "operations").iter().map(line).collect();
        if lines.is_empty() { "nothing was open".to_owned() } else { lines.join("\n") }
    })
}

fn preview_replay(context: &Context<'_>, _: &Allowed, arguments: &Object) -> Result<Preview, Failure> {
    let wanted: replay::Request = request(arguments.clone())?;
    let place = Place { target: Some(wanted.onto.clone()), ..Place::default() };
    let onto = crate::ops::agents::resolve(context, &place)?.unwrap_or_default();
    let extent = replay::extent(context, &wanted)?;
    let (source, left, skipped) = (extent.source, extent.left, extent.skipped);
    let text = format!("Replay {left} operations of target {source} onto target {onto}, {skipped} passed over?");
    let json = json!({"source": source, "onto": onto, "operations": left, "skipped": skipped});
    Ok(Preview { json, target: source, text })
}

fn run_replay(context: &Context<'_>, allowed: &Allowed, arguments: Object) -> Result<Answer, Failure> {
    let mut outcome = replay::run(context, &request(arguments)?)?;
    outcome.first_difference.iter_mut().for_each(|difference| redact::difference(difference, allowed.identifying));
    let state = if outcome.ok { "replayed" } else { "parted" };
    let (replayed, parted) = (outcome.replayed.len(), outcome.first_difference.clone());
    done(&outcome, state, |json| {
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
        "Drill the quality checks on target {target}: {modes}; {} on {} each; every fault is committed, looked for, \
         and taken back?",
        count(variants as u64, "variant"),
        count(sample, "record"),
    );
    let json = json!({"target": target, "modes": modes, "variants": variants, "sample": sample});
    Ok(Preview { json, target, text })
}

fn run_drill(context: &Context<'_>, _: &Allowed, arguments: Object) -> Result<Answer, Failure> {
    let outcome = drill::run(context, &request(arguments)?)?;
    done(&outcome, "drilled", |json| {
        let (number, tried) = (number(json, "drill"), number(json, "tried"));
        let exact = json.get("exact").and_then(Json::as_bool).unwrap_or_default();
        format!("drill {number}: {tried} faults tried and taken back, exact: {exact}; drill_result shows it again")
    })
}

/// Returns the answer after a write, with its state.
fn done<T: serde::Serialize>(outcome: &T, state: &str, text: impl FnOnce(&Json) -> String) -> Result<Answer, Failure> {
    let mut answer = Answer::of(outcome, text)?;
    answer.json["state"] = json!(state);
    Ok(answer)
}
