//! The tools that write beside the faults: what a person is shown first, and what is done after the yes; asks nobody.

use serde_json::{Value as Json, json};

use super::answers::{ToolAnswer, list_field, number_field, text_field};
use super::options::AgentPermissions;
use super::reads::parse_request;
use super::schema::Object;
use crate::model::next_step::{Deed, act};
use crate::ops::agents::DatabaseAddress;
use crate::ops::{Context, Failure, FailureKind, drill, recover, redact, render_count, replay, revert};

/// What came of a call that may write.
pub(super) enum WriteResponse {
    /// An answer.
    Answer(ToolAnswer),
    /// A question that the client has to bring back.
    Ask(Box<rmcp::model::InputRequiredResult>),
}

impl From<ToolAnswer> for WriteResponse {
    fn from(answer: ToolAnswer) -> Self {
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
pub(super) struct WriteTool {
    pub(super) preview: fn(&Context<'_>, &AgentPermissions, &Object) -> Result<Preview, Failure>,
    pub(super) run: fn(&Context<'_>, &AgentPermissions, Object) -> Result<ToolAnswer, Failure>,
}

/// `revert`.
pub(super) const REVERT: WriteTool = WriteTool { preview: preview_revert, run: run_revert };
/// `recover`.
pub(super) const RECOVER: WriteTool = WriteTool { preview: preview_recover, run: run_recover };
/// `replay`.
pub(super) const REPLAY: WriteTool = WriteTool { preview: preview_replay, run: run_replay };

/// `drill`, with mfm's own checks: no command of anybody's is run for an agent.
pub(super) const DRILL: WriteTool = WriteTool { preview: preview_drill, run: run_drill };

/// Returns the write of a tool.
pub(super) fn find_write(tool: &str) -> Option<WriteTool> {
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

fn preview_revert(context: &Context<'_>, allowed: &AgentPermissions, arguments: &Object) -> Result<Preview, Failure> {
    let wanted: revert::Request = parse_request(arguments.clone())?;
    let extent = revert::measure_extent(context, &wanted)?;
    // What takes a revert back commits its fault again; what takes a fault back is never too severe.
    let again = extent.steps.iter().filter(|step| step.again);
    again.clone().try_for_each(|step| allowed.permit(&step.tool, &step.severity))?;
    let one = |step: &revert::PlannedRevert| {
        let what = if step.again { "takes a revert back, so that its fault is there again" } else { "takes it back" };
        format!("  operation {}: {} ({}), {}; {what}", step.op, step.tool, step.variant, render_count(step.rows, "row"))
    };
    let said = render_lines(extent.steps.iter().map(one));
    let (target, total) = (extent.target, extent.steps.len() as u64);
    let text =
        format!("Take back {} on target {target}{}?{said}", render_count(total, "operation"), render_ways(&wanted));
    let json = json!({"operations": extent.steps, "operations_total": total, "target": target});
    Ok(Preview { json, written: target.clone(), target, operations: total, text })
}

/// Returns the first lines of what would be done, and how many more there are.
fn render_lines(lines: impl ExactSizeIterator<Item = String>) -> String {
    let more = lines.len().saturating_sub(SHOWN_MAX);
    let mut out: String = lines.take(SHOWN_MAX).map(|line| format!("\n{line}")).collect();
    if more > 0 {
        out += &format!("\n  and {more} more");
    }
    out
}

/// Says how far a revert goes.
fn render_ways(wanted: &revert::Request) -> String {
    let ways = [
        (wanted.cascade, "later operations on the same rows first"),
        (wanted.skip_conflicts, "leaving rows in conflict"),
        (wanted.force, "OVERWRITING what others wrote to these rows"),
        (wanted.disable_triggers, "with triggers switched off"),
    ];
    ways.iter().filter(|(holds, _)| *holds).map(|(_, way)| format!(", {way}")).collect()
}

fn run_revert(context: &Context<'_>, allowed: &AgentPermissions, arguments: Object) -> Result<ToolAnswer, Failure> {
    let outcome = revert::run(context, &parse_request(arguments)?)?;
    let state = if outcome.left_something() { "partly_reverted" } else { "reverted" };
    let shows = allowed.can_show(context, &outcome.target)?;
    build_answer(&outcome, shows, state, |json| {
        let line = |op: &Json| {
            let (reverts, rows) = (number_field(op, "reverts"), number_field(op, "rows"));
            let exact = op.get("exact").and_then(Json::as_bool).unwrap_or_default();
            format!("operation {reverts}: {}, {rows} rows, exact: {exact}", text_field(op, "state"))
        };
        list_field(json, "operations").iter().map(line).collect::<Vec<_>>().join("\n")
    })
}

fn preview_recover(context: &Context<'_>, _: &AgentPermissions, arguments: &Object) -> Result<Preview, Failure> {
    let wanted: recover::Request = parse_request(arguments.clone())?;
    if wanted.word == Some(recover::As::Gone) || wanted.confirm.is_some() {
        let message = "to write off a target, a person has to type its name";
        return Err(Failure::new(FailureKind::Refused, "agent_person", message, act(Deed::WriteOff, "")));
    }
    let journal = context.open_journal()?;
    let target = resolve_recover_target(context, &journal)?;
    let open: Vec<u64> = journal.state().open_on(&target).map(|(op, _)| op).collect();
    let text = match (wanted.word, wanted.op) {
        (Some(word), Some(op)) => {
            let word = format!("{word:?}").to_lowercase();
            format!("Seal operation {op} on target {target} as {word}, on the person's word alone?")
        }
        _ if open.is_empty() => format!("No operation is open on target {target}. Look at it all the same?"),
        _ => {
            let lines = render_lines(open.iter().map(|op| format!("  operation {op}")));
            format!("Close what a crash left open on target {target}, each as the target itself says?{lines}")
        }
    };
    let json = json!({"open": open, "target": target});
    Ok(Preview { written: target.clone(), target, operations: open.len().max(1) as u64, text, json })
}

/// Returns the target that a recover is about: the one asked for, the only one, or the only one with something open.
fn resolve_recover_target(context: &Context<'_>, journal: &mfm_journal::Journal) -> Result<String, Failure> {
    let state = journal.state();
    let open: std::collections::BTreeSet<&String> = state.open.values().map(|open| &open.target).collect();
    if context.target.is_none() && open.len() < 2 {
        // Where nothing is open, nothing is written anywhere.
        let name = open.into_iter().next().or_else(|| state.targets.keys().next());
        return name.cloned().map_or_else(|| context.resolve_target(journal).map(|chosen| chosen.name), Ok);
    }
    context.resolve_target(journal).map(|chosen| chosen.name)
}

fn run_recover(context: &Context<'_>, allowed: &AgentPermissions, arguments: Object) -> Result<ToolAnswer, Failure> {
    let outcome = recover::run(context, &parse_request(arguments)?)?;
    if let Some(failure) = outcome.failure.as_ref().filter(|_| outcome.operations.is_empty()) {
        return Err(failure.clone());
    }
    let state = if outcome.left_open() { "left_open" } else { "recovered" };
    let shows = allowed.can_show(context, context.target.as_deref().unwrap_or_default())?;
    build_answer(&outcome, shows, state, |json| {
        let line = |op: &Json| format!("operation {}: {}", number_field(op, "op"), text_field(op, "state"));
        let lines: Vec<String> = list_field(json, "operations").iter().map(line).collect();
        if lines.is_empty() { "nothing was open".to_owned() } else { lines.join("\n") }
    })
}

fn preview_replay(context: &Context<'_>, _: &AgentPermissions, arguments: &Object) -> Result<Preview, Failure> {
    let wanted: replay::Request = parse_request(arguments.clone())?;
    let place = DatabaseAddress { target: Some(wanted.onto.clone()), ..DatabaseAddress::default() };
    let onto = crate::ops::agents::resolve_target(context, &place)?.unwrap_or_default();
    let extent = replay::measure_extent(context, &wanted)?;
    let (source, left, skipped) = (extent.source, extent.left, extent.skipped);
    let text = format!("Replay {left} operations of target {source} onto target {onto}, {skipped} passed over?");
    let json = json!({"source": source, "onto": onto, "operations": left, "skipped": skipped});
    Ok(Preview { json, target: source, written: onto, operations: left as u64, text })
}

fn run_replay(context: &Context<'_>, allowed: &AgentPermissions, arguments: Object) -> Result<ToolAnswer, Failure> {
    let mut outcome = replay::run(context, &parse_request(arguments)?)?;
    let shows = allowed.can_show(context, &outcome.source)? && allowed.can_show(context, &outcome.onto)?;
    outcome.first_difference.iter_mut().for_each(|difference| redact::difference(difference, shows));
    let state = if outcome.ok { "replayed" } else { "parted" };
    let (replayed, parted) = (outcome.replayed.len(), outcome.first_difference.clone());
    build_answer(&outcome, shows, state, |json| {
        let parted = parted.map(|found| format!("; then operation {} differs: {}", found.op, found.message));
        let (source, onto) = (text_field(json, "source"), text_field(json, "onto"));
        format!("{replayed} operations of {source} replayed onto {onto}{}", parted.unwrap_or_default())
    })
}

fn preview_drill(context: &Context<'_>, _: &AgentPermissions, arguments: &Object) -> Result<Preview, Failure> {
    let wanted: drill::Request = parse_request(arguments.clone())?;
    let variants = drill::count_variants(&wanted.modes)?;
    let target = context.resolve_target(&context.open_journal()?)?.name;
    let modes = if wanted.modes.is_empty() { "every mode".to_owned() } else { wanted.modes.join(", ") };
    let sample = wanted.sample.unwrap_or(3);
    let text = format!(
        "Drill the quality checks on target {target}: {modes}; {} on {} each, {} in all; every one is committed, \
         looked for, and taken back?",
        render_count(variants as u64, "variant"),
        render_count(sample, "record"),
        render_count((variants as u64).saturating_mul(sample), "fault"),
    );
    // Each fault is an operation, and so is taking it back.
    let operations = (variants as u64).saturating_mul(sample).saturating_mul(2);
    let json = json!({"target": target, "modes": modes, "variants": variants, "sample": sample});
    Ok(Preview { json, written: target.clone(), target, operations, text })
}

fn run_drill(context: &Context<'_>, allowed: &AgentPermissions, arguments: Object) -> Result<ToolAnswer, Failure> {
    let outcome = drill::run(context, &parse_request(arguments)?)?;
    let shows = allowed.can_show(context, &outcome.target)?;
    build_answer(&outcome, shows, "drilled", |json| {
        let (number, tried) = (number_field(json, "drill"), number_field(json, "tried"));
        let exact = json.get("exact").and_then(Json::as_bool).unwrap_or_default();
        format!("drill {number}: {tried} faults tried and taken back, exact: {exact}; drill_result shows it again")
    })
}

/// Returns the answer after a write, with its state.
fn build_answer<T: serde::Serialize>(
    outcome: &T,
    shows: bool,
    state: &str,
    text: impl FnOnce(&Json) -> String,
) -> Result<ToolAnswer, Failure> {
    let mut answer = ToolAnswer::single_page(outcome, shows, text)?;
    answer.json["state"] = json!(state);
    Ok(answer)
}
