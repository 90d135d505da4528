//! The tools that write, other than faults: what a person is shown first, and what runs after the yes.

use serde_json::{Value as Json, json};

use super::answers::{ToolAnswer, list_field, number_field, text_field};
use super::options::AgentPermissions;
use super::reads::parse_request;
use super::schema::Object;
use crate::model::next_step::{Deed, act};
use crate::ops::agents::DatabaseAddress;
use crate::ops::{Context, Failure, FailureKind, drill, recover, redact, render_count, replay, revert};

/// The result of a call that may write.
pub(super) enum WriteResponse {
    /// An answer.
    Answer(ToolAnswer),
    /// A question that the client has to return with the answer.
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
    /// The target that is written; it differs from `target` only for a replay.
    pub(super) written: String,
    /// Most operations that would be made.
    pub(super) operations: u64,
    /// The question.
    pub(super) text: String,
    /// The same for programs.
    pub(super) json: Json,
}

/// A writing tool: what it shows first, and what it does after the yes.
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

/// `drill`, with mfm's own checks only: an agent must not have commands run.
pub(super) const DRILL: WriteTool = WriteTool { preview: preview_drill, run: run_drill };

/// Finds the write of a tool by its name.
pub(super) fn find_write(tool: &str) -> Option<WriteTool> {
    match tool {
        "revert" => Some(REVERT),
        "recover" => Some(RECOVER),
        "replay" => Some(REPLAY),
        "drill" => Some(DRILL),
        _ => None,
    }
}

/// Most operations that a question lists.
const SHOWN_MAX: usize = 20;

fn preview_revert(context: &Context<'_>, allowed: &AgentPermissions, arguments: &Object) -> Result<Preview, Failure> {
    let request: revert::Request = parse_request(arguments.clone())?;
    let extent = revert::measure_extent(context, &request)?;
    // To revert a revert commits its fault again, and needs the permission for it; to revert a fault is always allowed.
    let again = extent.steps.iter().filter(|step| step.again);
    again.clone().try_for_each(|step| allowed.permit(&step.tool, &step.severity))?;
    let mut lines = Vec::new();
    for step in &extent.steps {
        let what = if step.again { "undoes a revert, so its fault is in effect again" } else { "takes it back" };
        let rows = render_count(step.rows, "row");
        lines.push(format!("  operation {}: {} ({}), {rows}; {what}", step.op, step.tool, step.variant));
    }
    let lines = render_lines(lines.into_iter());
    let (target, total) = (extent.target, extent.steps.len() as u64);
    let text =
        format!("Take back {} on target {target}{}?{lines}", render_count(total, "operation"), render_ways(&request));
    let json = json!({"operations": extent.steps, "operations_total": total, "target": target});
    Ok(Preview { json, written: target.clone(), target, operations: total, text })
}

/// Renders the first lines, and how many more there are.
fn render_lines(lines: impl ExactSizeIterator<Item = String>) -> String {
    let more = lines.len().saturating_sub(SHOWN_MAX);
    let mut out: String = lines.take(SHOWN_MAX).map(|line| format!("\n{line}")).collect();
    if more > 0 {
        out += &format!("\n  and {more} more");
    }
    out
}

/// Renders the options of a revert that go further than its own rows.
fn render_ways(request: &revert::Request) -> String {
    let ways = [
        (request.cascade, "later operations on the same rows first"),
        (request.skip_conflicts, "leaving rows in conflict"),
        (request.force, "OVERWRITING what others wrote to these rows"),
        (request.disable_triggers, "with triggers switched off"),
    ];
    ways.iter().filter(|(holds, _)| *holds).map(|(_, way)| format!(", {way}")).collect()
}

fn run_revert(context: &Context<'_>, allowed: &AgentPermissions, arguments: Object) -> Result<ToolAnswer, Failure> {
    let outcome = revert::run(context, &parse_request(arguments)?)?;
    let state = if outcome.left_something() { "partly_reverted" } else { "reverted" };
    let shows = allowed.can_show(context, &outcome.target)?;
    build_answer(&outcome, shows, state, |json| {
        let mut lines = Vec::new();
        for op in list_field(json, "operations") {
            let (reverts, rows) = (number_field(op, "reverts"), number_field(op, "rows"));
            let exact = op.get("exact").and_then(Json::as_bool).unwrap_or_default();
            lines.push(format!("operation {reverts}: {}, {rows} rows, exact: {exact}", text_field(op, "state")));
        }
        lines.join("\n")
    })
}

fn preview_recover(context: &Context<'_>, _: &AgentPermissions, arguments: &Object) -> Result<Preview, Failure> {
    let request: recover::Request = parse_request(arguments.clone())?;
    if request.word == Some(recover::As::Gone) || request.confirm.is_some() {
        let message = "to write off a target, a person must type its name";
        return Err(Failure::new(FailureKind::Refused, "agent_person", message, act(Deed::WriteOff, "")));
    }
    let journal = context.open_journal()?;
    let target = resolve_recover_target(context, &journal)?;
    let open: Vec<u64> = journal.state().open_on(&target).map(|(op, _)| op).collect();
    let text = match (request.word, request.op) {
        (Some(word), Some(op)) => {
            let word = format!("{word:?}").to_lowercase();
            format!("Seal operation {op} on target {target} as {word}, on the person's statement alone?")
        }
        _ if open.is_empty() => format!("No operation is open on target {target}. Check it anyway?"),
        _ => {
            let lines = render_lines(open.iter().map(|op| format!("  operation {op}")));
            format!("Close the operations a crash left open on target {target}, each as the target reports it?{lines}")
        }
    };
    let json = json!({"open": open, "target": target});
    // With nothing open, the look itself counts as one write.
    Ok(Preview { written: target.clone(), target, operations: open.len().max(1) as u64, text, json })
}

/// Resolves the target of a recover: the one asked for, the only one, or the only one with something open.
fn resolve_recover_target(context: &Context<'_>, journal: &mfm_journal::Journal) -> Result<String, Failure> {
    let state = journal.state();
    let open: std::collections::BTreeSet<&String> = state.open.values().map(|open| &open.target).collect();
    if context.target.is_none() && open.len() < 2 {
        // With nothing open any target will do: nothing will be written.
        let name = open.into_iter().next().or_else(|| state.targets.keys().next());
        return name.cloned().map_or_else(|| context.resolve_target(journal).map(|chosen| chosen.name), Ok);
    }
    context.resolve_target(journal).map(|chosen| chosen.name)
}

fn run_recover(context: &Context<'_>, allowed: &AgentPermissions, arguments: Object) -> Result<ToolAnswer, Failure> {
    let outcome = recover::run(context, &parse_request(arguments)?)?;
    // If anything was closed, the answer says more than the failure.
    if let Some(failure) = outcome.failure.as_ref().filter(|_| outcome.operations.is_empty()) {
        return Err(failure.clone());
    }
    let state = if outcome.left_open() { "left_open" } else { "recovered" };
    let shows = allowed.can_show(context, context.target.as_deref().unwrap_or_default())?;
    build_answer(&outcome, shows, state, |json| {
        let operations = list_field(json, "operations").iter();
        let lines: Vec<String> =
            operations.map(|op| format!("operation {}: {}", number_field(op, "op"), text_field(op, "state"))).collect();
        if lines.is_empty() { "nothing was open".to_owned() } else { lines.join("\n") }
    })
}

fn preview_replay(context: &Context<'_>, _: &AgentPermissions, arguments: &Object) -> Result<Preview, Failure> {
    let request: replay::Request = parse_request(arguments.clone())?;
    let place = DatabaseAddress { target: Some(request.onto.clone()), ..DatabaseAddress::default() };
    let onto = crate::ops::agents::resolve_target(context, &place)?.unwrap_or_default();
    let extent = replay::measure_extent(context, &request)?;
    let (source, left, skipped) = (extent.source, extent.left, extent.skipped);
    let text = format!("Replay {left} operations of target {source} onto target {onto}, {skipped} skipped?");
    let json = json!({"source": source, "onto": onto, "operations": left, "skipped": skipped});
    Ok(Preview { json, target: source, written: onto, operations: left as u64, text })
}

fn run_replay(context: &Context<'_>, allowed: &AgentPermissions, arguments: Object) -> Result<ToolAnswer, Failure> {
    let mut outcome = replay::run(context, &parse_request(arguments)?)?;
    let shows = allowed.can_show(context, &outcome.source)? && allowed.can_show(context, &outcome.onto)?;
    outcome.first_difference.iter_mut().for_each(|difference| redact::difference(difference, shows));
    let state = if outcome.ok { "replayed" } else { "parted" };
    let (replayed, first_difference) = (outcome.replayed.len(), outcome.first_difference.clone());
    build_answer(&outcome, shows, state, |json| {
        let end = first_difference
            .map_or_else(String::new, |at| format!("; then operation {} differs: {}", at.op, at.message));
        let (source, onto) = (text_field(json, "source"), text_field(json, "onto"));
        format!("{replayed} operations of {source} replayed onto {onto}{end}")
    })
}

fn preview_drill(context: &Context<'_>, _: &AgentPermissions, arguments: &Object) -> Result<Preview, Failure> {
    let request: drill::Request = parse_request(arguments.clone())?;
    let variants = drill::count_cases(&request)?;
    let target = context.resolve_target(&context.open_journal()?)?.name;
    let named = [request.modes.as_slice(), request.sweep.as_slice()].concat();
    let modes = if named.is_empty() { "every mode".to_owned() } else { named.join(", ") };
    let sample = drill::sample_of(&request);
    let text = format!(
        "Drill the quality checks on target {target}: {modes}; {} on {} each, {} in total; each is committed, checked, \
         and taken back?",
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

/// Builds the answer after a write, with its state.
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
