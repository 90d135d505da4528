//! The tools that read: one function a tool, from arguments to an answer; writes to no target.

use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};

use super::answers::{ToolAnswer, list_field, number_field, text_field};
use super::bounds::{self, Cursor, LIST_MAX};
use super::options::AgentPermissions;
use super::schema::Object;
use crate::ops::{Context, Failure, audit, checks, drill, explain, find, log, redact, show, status};

/// A tool that reads.
pub(super) type ReadTool = fn(&Context<'_>, &ReadCall<'_>, Object) -> Result<ToolAnswer, Failure>;

/// What an agent asks for, beside the arguments of the operation.
pub(super) struct ReadCall<'a> {
    /// What it may see.
    pub(super) allowed: &'a AgentPermissions,
    /// Where an earlier answer left off.
    pub(super) cursor: Option<Cursor>,
}

impl<'a> ReadCall<'a> {
    /// Asks for an answer from its beginning on.
    pub(super) const fn from_start(allowed: &'a AgentPermissions) -> Self {
        Self { allowed, cursor: None }
    }

    /// Takes the cursor out of arguments.
    ///
    /// # Errors
    /// Usage: it is none.
    pub(super) fn from_arguments(allowed: &'a AgentPermissions, arguments: &mut Object) -> Result<Self, Failure> {
        let no_cursor = || {
            let message = "the cursor is none that an answer gave";
            Failure::usage("arguments", message, "give next_cursor of the answer before, or none to begin anew")
        };
        let cursor = arguments.remove("cursor");
        let cursor = cursor.map(|given| given.as_str().and_then(Cursor::parse).ok_or_else(no_cursor));
        Ok(Self { allowed, cursor: cursor.transpose()? })
    }

    const fn cursor(&self) -> Option<&Cursor> {
        self.cursor.as_ref()
    }

    /// Returns how many items of a list the answer begins behind.
    fn from(&self, list: &str) -> usize {
        Cursor::offset_of(self.cursor(), list)
    }
}

/// The most records that a search lists, and operations that a log does.
const RECORDS_MAX: u64 = 50;

/// Returns a request from arguments.
///
/// # Errors
/// Usage: what is wrong with them.
pub(super) fn parse_request<R: DeserializeOwned>(arguments: Object) -> Result<R, Failure> {
    serde_json::from_value(Json::Object(arguments)).map_err(|error| {
        let message = format!("the arguments do not fit: {error}");
        Failure::usage("arguments", message, "send what the tool's input schema says")
    })
}

/// `status`.
pub(super) fn status(context: &Context<'_>, asked: &ReadCall<'_>) -> Result<ToolAnswer, Failure> {
    let outcome = status::run(context)?;
    let mut answer = ToolAnswer::page_at(&outcome, asked.allowed.identifying, asked.cursor(), |json| {
        let active = list_field(json, "active").iter().map(|op| {
            let (number, rows) = (number_field(op, "op"), number_field(op, "rows"));
            format!(
                "operation {number}: {} {} on {}, {rows} rows",
                text_field(op, "tool"),
                text_field(op, "variant"),
                text_field(op, "target")
            )
        });
        let targets = list_field(json, "targets")
            .iter()
            .map(|t| format!("target {}: {}", text_field(t, "name"), text_field(t, "state")));
        let counts = format!("{} active, {} open", list_field(json, "active").len(), list_field(json, "open").len());
        std::iter::once(counts).chain(targets).chain(active).collect::<Vec<_>>().join("\n")
    })?;
    answer.json["journal"] = json!(outcome.journal);
    Ok(answer)
}

/// `log`.
pub(super) fn log(context: &Context<'_>, asked: &ReadCall<'_>, arguments: Object) -> Result<ToolAnswer, Failure> {
    let mut wanted: log::Request = parse_request(arguments)?;
    let limit = wanted.limit.unwrap_or(LIST_MAX).min(LIST_MAX);
    let from = asked.from("operations");
    wanted.limit = Some(from.saturating_add(limit));
    let mut outcome = log::run(context, &wanted)?;
    outcome.operations.drain(..from.min(outcome.operations.len()));
    let next = outcome.more.then(|| format!("operations:{}", from + limit));
    let answer = ToolAnswer::from_outcome(&outcome, |json| {
        let line = |op: &Json| {
            let (action, tool, variant) = (text_field(op, "action"), text_field(op, "tool"), text_field(op, "variant"));
            let (number, rows) = (number_field(op, "op"), number_field(op, "rows"));
            format!(
                "{number} {} {action} {tool} {variant}, {rows} rows, by {}",
                text_field(op, "state"),
                text_field(op, "actor")
            )
        };
        let lines: Vec<String> = list_field(json, "operations").iter().map(line).collect();
        if lines.is_empty() { "no operations".to_owned() } else { lines.join("\n") }
    });
    answer.map(|mut answer| {
        answer.json["next_cursor"] = json!(next);
        answer
    })
}

/// `show`.
pub(super) fn show(context: &Context<'_>, asked: &ReadCall<'_>, arguments: Object) -> Result<ToolAnswer, Failure> {
    let mut outcome = show::run(context, &parse_request(arguments)?)?;
    let shows = asked.allowed.can_show(context, &outcome.line.target)?;
    outcome.changes.iter_mut().for_each(|change| redact::change(change, shows));
    ToolAnswer::page_at(&outcome, shows, asked.cursor(), |json| {
        let (op, state) = (number_field(json, "op"), text_field(json, "state"));
        let what =
            format!("{} {} {}", text_field(json, "action"), text_field(json, "tool"), text_field(json, "variant"));
        format!(
            "operation {op} on {}: {what}, {state}, {} rows",
            text_field(json, "target"),
            number_field(json, "rows")
        )
    })
}

/// `explain`.
pub(super) fn explain(context: &Context<'_>, asked: &ReadCall<'_>, arguments: Object) -> Result<ToolAnswer, Failure> {
    let mut outcome = explain::run(context, &parse_request(arguments)?)?;
    let shows = asked.allowed.can_show(context, &outcome.operation.line.target)?;
    outcome.inverse.changes.iter_mut().for_each(|change| redact::change(change, shows));
    ToolAnswer::page_at(&outcome, shows, asked.cursor(), |json| {
        let state = json.get("inverse").map_or("unknown", |inverse| text_field(inverse, "state"));
        format!("{} A revert now: {state}.", text_field(json, "words"))
    })
}

/// `find`.
pub(super) fn find(context: &Context<'_>, asked: &ReadCall<'_>, arguments: Object) -> Result<ToolAnswer, Failure> {
    let mut wanted: find::Request = parse_request(arguments)?;
    let limit = if wanted.limit == 0 { RECORDS_MAX } else { wanted.limit.min(RECORDS_MAX) };
    let from = asked.from("records") as u64;
    // One more tells whether there are more.
    wanted.limit = from.saturating_add(limit).saturating_add(1);
    let mut outcome = find::run(context, &wanted)?;
    let shows = asked.allowed.can_show(context, &outcome.target)?;
    let more = outcome.shown >= wanted.limit;
    let mut records = std::mem::take(&mut outcome.records);
    let last = usize::try_from(from.saturating_add(limit)).unwrap_or(usize::MAX).min(records.len());
    records.truncate(last);
    records.drain(..asked.from("records").min(last));
    outcome.shown = records.len() as u64;
    let mut records = serde_json::to_value(&records).unwrap_or_default();
    let cells = records.as_array_mut().into_iter().flatten().filter_map(Json::as_object_mut);
    cells.for_each(|cells| redact::record(cells, shows));
    let mut answer = ToolAnswer::page_at(&outcome, shows, None, |json| {
        format!(
            "{} records of kind {} on {}",
            number_field(json, "shown"),
            text_field(json, "kind"),
            text_field(json, "target")
        )
    })?;
    for record in records.as_array().into_iter().flatten() {
        answer.text += &format!("\n{record}");
    }
    answer.json["records"] = records;
    bounds::cut_whole(&mut answer.json);
    let listed = list_field(&answer.json, "records").len();
    let next = asked.from("records") + listed;
    answer.json["shown"] = json!(listed);
    answer.json["next_cursor"] = json!((more || next < last).then(|| format!("records:{next}")));
    if let Some(map) = answer.json.as_object_mut() {
        ["records_left_out", "records_total"].iter().for_each(|name| drop(map.remove(*name)));
    }
    Ok(answer)
}

/// `check`.
pub(super) fn check(context: &Context<'_>, asked: &ReadCall<'_>, arguments: Object) -> Result<ToolAnswer, Failure> {
    let wanted = checks::Request { rules: asked.allowed.rules.clone(), ..parse_request(arguments)? };
    let mut outcome = checks::run(context, &wanted)?;
    let shows = asked.allowed.can_show(context, &outcome.target)?;
    for found in &mut outcome.findings {
        redact::key(&mut found.key, shows);
        found.related.iter_mut().for_each(|row| redact::key(&mut row.key, shows));
    }
    let mut answer = ToolAnswer::page_at(&outcome, shows, asked.cursor(), |json| {
        let line = |found: &Json| {
            let key = found.get("key").map(ToString::to_string).unwrap_or_default();
            format!(
                "{} {key} {}: {}",
                text_field(found, "table"),
                text_field(found, "check"),
                text_field(found, "message")
            )
        };
        let first = format!("{} findings on {}", number_field(json, "violations"), text_field(json, "target"));
        let not_run = format!("{} checks could not run, which is no pass", number_field(json, "not_run"));
        let lines = list_field(json, "findings").iter().map(line);
        [first, not_run].into_iter().chain(lines).collect::<Vec<_>>().join("\n")
    })?;
    // What a check is and does not find is in the catalogue; here only what it said.
    let said =
        |check: &checks::CheckLine| json!({"id": check.id, "status": check.status, "violations": check.violations});
    let spoke = |check: &&checks::CheckLine| check.status != checks::Status::Pass;
    answer.json["checks"] = outcome.checks.iter().filter(spoke).map(said).collect();
    if let Some(map) = answer.json.as_object_mut() {
        ["checks_left_out", "checks_total"].iter().for_each(|name| drop(map.remove(*name)));
    }
    answer.json["checks_passed"] = json!(outcome.checks.iter().filter(|check| !spoke(check)).count());
    Ok(answer)
}

/// `drill_result`: one drill, or a list of them.
pub(super) fn drill(context: &Context<'_>, asked: &ReadCall<'_>, mut arguments: Object) -> Result<ToolAnswer, Failure> {
    let Some(number) = arguments.remove("drill") else {
        return ToolAnswer::page_at(&drill::past::list_drills(context)?, true, asked.cursor(), |json| {
            let line = |drill: &Json| {
                let (drill, tried, target) =
                    (number_field(drill, "drill"), number_field(drill, "tried"), text_field(drill, "target"));
                format!("drill {drill} on {target}: {tried} faults tried")
            };
            let lines: Vec<String> = list_field(json, "drills").iter().map(line).collect();
            if lines.is_empty() { "no drills".to_owned() } else { lines.join("\n") }
        });
    };
    let wanted = [("show".to_owned(), number)].into_iter().collect();
    let outcome = drill::run(context, &parse_request(wanted)?)?;
    let shows = asked.allowed.can_show(context, &outcome.target)?;
    ToolAnswer::page_at(&outcome, shows, asked.cursor(), |json| {
        let exact = json.get("exact").and_then(Json::as_bool).unwrap_or_default();
        let tried = super::answers::number_field(json, "tried");
        format!("drill {} on {}: {tried} faults tried, exact: {exact}", outcome.drill, text_field(json, "target"))
    })
}

/// `audit_verify`.
pub(super) fn audit(context: &Context<'_>, asked: &ReadCall<'_>, arguments: Object) -> Result<ToolAnswer, Failure> {
    let outcome = audit::run(context, &parse_request(arguments)?)?;
    ToolAnswer::page_at(&outcome, asked.allowed.identifying, asked.cursor(), |json| {
        let findings = list_field(json, "findings");
        let said =
            if findings.is_empty() { "nothing found".to_owned() } else { format!("{} findings", findings.len()) };
        let lines =
            findings.iter().map(|found| format!("{}: {}", text_field(found, "code"), text_field(found, "message")));
        std::iter::once(format!("audit at depth {}: {said}", text_field(json, "depth")))
            .chain(lines)
            .collect::<Vec<_>>()
            .join("\n")
    })
}
