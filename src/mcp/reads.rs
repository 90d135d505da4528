//! The tools that read: one function per tool, from arguments to an answer.

use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};

use super::answers::{ToolAnswer, list_field, number_field, text_field};
use super::bounds::{self, Cursor, LIST_MAX};
use super::options::AgentPermissions;
use super::schema::Object;
use crate::ops::{Context, Failure, audit, checks, drill, explain, find, log, redact, show, status};

/// A reading tool, called with the arguments that are left for its operation.
pub(super) type ReadTool = fn(&Context<'_>, &ReadCall<'_>, Object) -> Result<ToolAnswer, Failure>;

/// What a reading tool gets besides the arguments of its operation.
pub(super) struct ReadCall<'a> {
    /// What the agent may see.
    pub(super) allowed: &'a AgentPermissions,
    /// Where an earlier answer ended.
    pub(super) cursor: Option<Cursor>,
}

impl<'a> ReadCall<'a> {
    /// Makes a call for the first page.
    pub(super) const fn from_start(allowed: &'a AgentPermissions) -> Self {
        Self { allowed, cursor: None }
    }

    /// Takes the cursor out of the arguments.
    ///
    /// # Errors
    /// Usage: the cursor is malformed.
    pub(super) fn from_arguments(allowed: &'a AgentPermissions, arguments: &mut Object) -> Result<Self, Failure> {
        let Some(text) = arguments.remove("cursor") else { return Ok(Self { allowed, cursor: None }) };
        let Some(cursor) = text.as_str().and_then(Cursor::parse) else {
            let message = "the cursor does not come from an earlier answer";
            let hint = "give next_cursor of the previous answer, or omit it to start again";
            return Err(Failure::usage("arguments", message, hint));
        };
        Ok(Self { allowed, cursor: Some(cursor) })
    }

    const fn cursor(&self) -> Option<&Cursor> {
        self.cursor.as_ref()
    }

    /// Returns how many items of `list` to skip.
    fn from(&self, list: &str) -> usize {
        Cursor::offset_of(self.cursor(), list)
    }
}

/// Most records in a page of `find`.
const RECORDS_MAX: u64 = 50;

/// Parses the arguments as the request of an operation.
///
/// # Errors
/// Usage: what is wrong with them.
pub(super) fn parse_request<R: DeserializeOwned>(arguments: Object) -> Result<R, Failure> {
    serde_json::from_value(Json::Object(arguments)).map_err(|error| {
        let message = format!("the arguments do not match the input schema: {error}");
        Failure::usage("arguments", message, "send arguments that match the tool's input schema")
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
    // The cache of `status` has to know which file to watch.
    answer.json["journal"] = json!(outcome.journal);
    Ok(answer)
}

/// `log`.
pub(super) fn log(context: &Context<'_>, asked: &ReadCall<'_>, arguments: Object) -> Result<ToolAnswer, Failure> {
    let mut request: log::Request = parse_request(arguments)?;
    let limit = request.limit.unwrap_or(LIST_MAX).min(LIST_MAX);
    let from = asked.from("operations");
    // The log has no offset: the operations of earlier pages are read again and dropped.
    request.limit = Some(from.saturating_add(limit));
    let mut outcome = log::run(context, &request)?;
    outcome.operations.drain(..from.min(outcome.operations.len()));
    let next = outcome.more.then(|| format!("operations:{}", from + limit));
    let answer = ToolAnswer::from_outcome(&outcome, |json| {
        let mut lines = Vec::new();
        for op in list_field(json, "operations") {
            let (action, tool, variant) = (text_field(op, "action"), text_field(op, "tool"), text_field(op, "variant"));
            let (number, rows) = (number_field(op, "op"), number_field(op, "rows"));
            let (state, actor) = (text_field(op, "state"), text_field(op, "actor"));
            lines.push(format!("{number} {state} {action} {tool} {variant}, {rows} rows, by {actor}"));
        }
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
        format!("{} Revert now: {state}.", text_field(json, "words"))
    })
}

/// `find`.
pub(super) fn find(context: &Context<'_>, asked: &ReadCall<'_>, arguments: Object) -> Result<ToolAnswer, Failure> {
    let mut request: find::Request = parse_request(arguments)?;
    let limit = if request.limit == 0 { RECORDS_MAX } else { request.limit.min(RECORDS_MAX) };
    let from = asked.from("records") as u64;
    // One record more than the page has shows whether there is a next page.
    request.limit = from.saturating_add(limit).saturating_add(1);
    let mut outcome = find::run(context, &request)?;
    let shows = asked.allowed.can_show(context, &outcome.target)?;
    let more = outcome.shown >= request.limit;
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
    // Cut again with the records in it; what is left decides the count and the cursor.
    bounds::cut_whole(&mut answer.json);
    let records_shown = list_field(&answer.json, "records").len();
    let next = asked.from("records") + records_shown;
    answer.json["shown"] = json!(records_shown);
    answer.json["next_cursor"] = json!((more || next < last).then(|| format!("records:{next}")));
    if let Some(map) = answer.json.as_object_mut() {
        ["records_left_out", "records_total"].iter().for_each(|name| drop(map.remove(*name)));
    }
    Ok(answer)
}

/// `check`.
pub(super) fn check(context: &Context<'_>, asked: &ReadCall<'_>, arguments: Object) -> Result<ToolAnswer, Failure> {
    let request = checks::Request { rules: asked.allowed.rules.clone(), ..parse_request(arguments)? };
    let mut outcome = checks::run(context, &request)?;
    let shows = asked.allowed.can_show(context, &outcome.target)?;
    for finding in &mut outcome.findings {
        redact::key(&mut finding.key, shows);
        finding.related.iter_mut().for_each(|row| redact::key(&mut row.key, shows));
    }
    for group in &mut outcome.groups {
        redact::key(&mut group.key, shows);
        redact::record(&mut group.facts, shows);
        let rows = group.checks.iter_mut().flat_map(|check| &mut check.rows);
        rows.for_each(|row| redact::key(&mut row.key, shows));
    }
    let mut answer = ToolAnswer::page_at(&outcome, shows, asked.cursor(), |json| {
        let mut lines = vec![
            format!("{} findings on {}", number_field(json, "violations"), text_field(json, "target")),
            format!("{} checks could not run (not the same as passed)", number_field(json, "not_run")),
        ];
        for finding in list_field(json, "findings") {
            let key = finding.get("key").map(ToString::to_string).unwrap_or_default();
            let (table, check, message) =
                (text_field(finding, "table"), text_field(finding, "check"), text_field(finding, "message"));
            lines.push(format!("{table} {key} {check}: {message}"));
        }
        lines.join("\n")
    })?;
    // Checks that passed are only counted: a model need not read them one by one.
    let mut not_passed = Vec::new();
    for check in outcome.checks.iter().filter(|check| check.status != checks::Status::Pass) {
        not_passed.push(json!({"id": check.id, "status": check.status, "violations": check.violations}));
    }
    let passed = outcome.checks.len() - not_passed.len();
    answer.json["checks"] = Json::Array(not_passed);
    if let Some(map) = answer.json.as_object_mut() {
        ["checks_left_out", "checks_total"].iter().for_each(|name| drop(map.remove(*name)));
    }
    answer.json["checks_passed"] = json!(passed);
    Ok(answer)
}

/// `drill_result`: one drill, or a list of them.
pub(super) fn drill(context: &Context<'_>, asked: &ReadCall<'_>, mut arguments: Object) -> Result<ToolAnswer, Failure> {
    let Some(number) = arguments.remove("drill") else {
        return ToolAnswer::page_at(&drill::past::list_drills(context)?, true, asked.cursor(), |json| {
            let mut lines = Vec::new();
            for drill in list_field(json, "drills") {
                let (drill, tried, target) =
                    (number_field(drill, "drill"), number_field(drill, "tried"), text_field(drill, "target"));
                lines.push(format!("drill {drill} on {target}: {tried} faults tried"));
            }
            if lines.is_empty() { "no drills".to_owned() } else { lines.join("\n") }
        });
    };
    let arguments = [("show".to_owned(), number)].into_iter().collect();
    let outcome = drill::run(context, &parse_request(arguments)?)?;
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
        let summary =
            if findings.is_empty() { "nothing found".to_owned() } else { format!("{} findings", findings.len()) };
        let lines = findings
            .iter()
            .map(|finding| format!("{}: {}", text_field(finding, "code"), text_field(finding, "message")));
        std::iter::once(format!("audit at depth {}: {summary}", text_field(json, "depth")))
            .chain(lines)
            .collect::<Vec<_>>()
            .join("\n")
    })
}
