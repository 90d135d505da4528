//! The tools: name, schemas, annotations and action. A tool that is not allowed is not listed at all.

use std::sync::Arc;

use rmcp::model::{Tool, ToolAnnotations};
use serde_json::{Value as Json, json};

use super::options::AgentPermissions;
use super::queries::{self, QueryTool};
use super::reads::{self, ReadTool};
use super::schema::{self, Object};
use super::{groups, modes, writes};
use crate::domain::Domain;
use crate::domain::mode::ModeGroup;
use crate::domain::query::ErrorCodes;
use crate::model::ports::Danger;
use crate::ops::{
    Card, audit, checks, drill, explain, filters, find, log, plan, recover, replay, revert, show, status,
};

/// What a tool does.
#[derive(Clone, Copy)]
pub(super) enum ToolAction {
    /// Lists the modes.
    Modes,
    /// Says what is broken now.
    Status,
    /// Reads journal or target.
    Read(ReadTool),
    /// Asks a named question of a domain's data.
    Ask(QueryTool),
    /// Plans a fault of any mode.
    Plan,
    /// Plans a fault of the mode that it is named after, and commits it with consent.
    Fault,
    /// Plans a fault of a mode of a group that the arguments name, and commits it with consent.
    GroupFault,
    /// Carries out what a handle stands for.
    CarryOut,
    /// Any other write, with consent.
    Write(writes::WriteTool),
}

impl ToolAction {
    /// Returns the codes by which the specification of the tool names errors, if it does.
    pub(super) fn error_codes(self) -> Option<&'static ErrorCodes> {
        match self {
            Self::Ask(QueryTool::Query(domain, _)) => domain.error_codes(),
            _ => None,
        }
    }
}

/// A tool of the list, with its action.
pub(super) struct ToolEntry {
    pub(super) tool: Tool,
    pub(super) does: ToolAction,
}

/// Lists every allowed tool, sorted by name.
pub(super) fn list_entries(allowed: &AgentPermissions) -> Vec<ToolEntry> {
    let mut out = list_journal_tools();
    out.extend(list_target_tools(&allowed.domains));
    out.extend(queries::list_entries(allowed));
    if !allowed.read_only {
        let modes = allowed.domains.iter().flat_map(|domain| domain.modes().iter().copied());
        let own = modes.filter(|mode| mode.card().group == ModeGroup::Specified);
        out.extend(own.filter(|mode| allowed.has_tool(mode.card().tool)).map(|mode| {
            let card = mode.card();
            let about = format!("{} Severity {}. Needs consent.", end_sentence(card.title), card.severity);
            let answer = schema::answer_schema(&[("state", "string")]);
            build_entry(
                card.tool,
                card.title,
                &about,
                Danger::Write,
                modes::input_schema(mode),
                answer,
                ToolAction::Fault,
            )
        }));
        out.extend(build_plausible_entry(allowed));
        out.extend(list_writing_tools(allowed));
    }
    out.sort_by(|one, other| one.tool.name.cmp(&other.tool.name));
    out
}

/// Builds the one tool of the modes whose faults are plausible; `None` where none of them is allowed.
fn build_plausible_entry(allowed: &AgentPermissions) -> Option<ToolEntry> {
    let modes = groups::list_plausible(allowed);
    let worst = modes.iter().map(|mode| mode.card().severity).max()?;
    let about = format!(
        "Commit a fault whose values are possible and wrong. list_failure_modes names variants and sizes of a mode. \
         Severity up to {worst}. Needs consent."
    );
    Some(build_entry(
        groups::PLAUSIBLE_TOOL,
        "Plausible fault",
        &about,
        Danger::Write,
        groups::input_schema(&modes),
        schema::answer_schema(&[("state", "string")]),
        ToolAction::GroupFault,
    ))
}

fn end_sentence(text: &str) -> String {
    if text.ends_with('.') { text.to_owned() } else { format!("{text}.") }
}

/// Builds a tool that reads, and so takes a cursor.
fn read_entry(
    name: &'static str,
    title: &'static str,
    card: &Card,
    input: Object,
    answer: Object,
    does: ReadTool,
) -> ToolEntry {
    build_entry(
        name,
        title,
        card.about,
        card.danger,
        with_text_properties(input, &["cursor"]),
        answer,
        ToolAction::Read(does),
    )
}

/// Builds a tool that writes to a target.
fn write_entry(
    name: &'static str,
    title: &'static str,
    card: &Card,
    input: Object,
    does: writes::WriteTool,
) -> ToolEntry {
    let answer = schema::answer_schema(&[("state", "string")]);
    build_entry(name, title, card.about, card.danger, with_place(input), answer, ToolAction::Write(does))
}

fn list_journal_tools() -> Vec<ToolEntry> {
    let fields = schema::answer_schema;
    vec![
        build_entry(
            "list_failure_modes",
            "Failure modes",
            "List the failure modes, or one with its parameters",
            Danger::Read,
            object_schema(json!({"mode": {"type": "string"}})),
            fields(&[("modes", "array")]),
            ToolAction::Modes,
        ),
        build_entry(
            "status",
            "Status",
            status::CARD.about,
            status::CARD.danger,
            with_text_properties(with_place(object_schema(json!({}))), &["cursor"]),
            fields(&[("targets", "array"), ("active", "array"), ("open", "array")]),
            ToolAction::Status,
        ),
        read_entry(
            "log",
            "Log",
            &log::CARD,
            with_target(schema::strip_properties(schema::from_request::<log::Request>(), &["limit"], &[])),
            fields(&[("operations", "array")]),
            reads::log,
        ),
        read_entry(
            "show",
            "Operation",
            &show::CARD,
            require_property(schema::strip_properties(schema::from_request::<show::Request>(), &["op"], &[]), "op"),
            fields(&[("op", "integer"), ("state", "string")]),
            reads::show,
        ),
        read_entry(
            "explain",
            "Explanation",
            &explain::CARD,
            require_property(schema::strip_properties(schema::from_request::<explain::Request>(), &["op"], &[]), "op"),
            fields(&[("words", "string"), ("inverse", "object")]),
            reads::explain,
        ),
        read_entry(
            "drill_result",
            "Drill result",
            &Card { name: "drill", danger: Danger::Read, about: "Show an earlier drill by its number, or list them" },
            object_schema(json!({"drill": {"type": "integer"}})),
            fields(&[("trials", "array"), ("exact", "boolean")]),
            reads::drill,
        ),
        read_entry(
            "audit_verify",
            "Audit",
            &audit::CARD,
            with_target(schema::strip_properties(schema::from_request::<audit::Request>(), &["full", "depth"], &[])),
            fields(&[("ok", "boolean"), ("findings", "array")]),
            reads::audit,
        ),
    ]
}

fn list_target_tools(domains: &[&'static dyn Domain]) -> Vec<ToolEntry> {
    let fields = schema::answer_schema;
    vec![
        read_entry("find", "Records", &find::CARD, find_input(domains), fields(&[("records", "array")]), reads::find),
        read_entry(
            "check",
            "Quality checks",
            &checks::CARD,
            check_input(),
            fields(&[("violations", "integer"), ("not_run", "integer"), ("findings", "array")]),
            reads::check,
        ),
        build_entry(
            "plan",
            "Plan",
            plan::CARD.about,
            plan::CARD.danger,
            plan_input(domains),
            fields(&[("state", "string"), ("plan_digest", "string")]),
            ToolAction::Plan,
        ),
    ]
}

fn list_writing_tools(allowed: &AgentPermissions) -> Vec<ToolEntry> {
    let fields = schema::answer_schema;
    let mut out = vec![
        build_entry(
            "apply_plan",
            "Carry out a plan",
            "Carry out the plan of a handle, after the person said yes",
            Danger::Write,
            object_requiring(json!({"handle": {"type": "string"}}), "handle"),
            fields(&[("state", "string")]),
            ToolAction::CarryOut,
        ),
        write_entry(
            "revert",
            "Revert",
            &revert::CARD,
            schema::strip_properties(
                schema::from_request::<revert::Request>(),
                &["operations", "last"],
                &["disable_triggers"],
            ),
            writes::REVERT,
        ),
        write_entry("recover", "Recover", &recover::CARD, recover_input(), writes::RECOVER),
    ];
    // A replay repeats any fault of the journal and a drill tries any mode, so both need every mode and severity.
    if allowed.is_everything() {
        let input = schema::strip_properties(
            schema::from_request::<replay::Request>(),
            &["until", "onto"],
            &["beside_journal"],
        );
        out.push(write_entry("replay", "Replay", &replay::CARD, require_property(input, "onto"), writes::REPLAY));
        let input = schema::keep_properties(
            schema::from_request::<drill::Request>(),
            &["modes", "sweep", "sizes", "all_records", "sample", "seed", "now", "controls"],
        );
        let input = describe_property(schema::strip_properties(input, &["*"], &[]), "modes", "Tools, or TOOL:VARIANT");
        out.push(write_entry("drill", "Drill", &drill::CARD, input, writes::DRILL));
    }
    out
}

/// Leaves out what needs a typed name: that is for a person at the command line.
fn recover_input() -> Object {
    let mut input = schema::strip_properties(schema::from_request::<recover::Request>(), &["*"], &["confirm"]);
    if let Some(word) = input.get_mut("properties").and_then(|all| all.get_mut("as")) {
        *word = json!({"enum": ["applied", "abandoned"]});
    }
    input
}

/// Lists the filters that none of these domains has, so that no model has to read them.
fn list_foreign_filters(domains: &[&'static dyn Domain]) -> Vec<&'static str> {
    let own: Vec<&str> = domains.iter().flat_map(|domain| domain.filters()).map(|card| card.flag).collect();
    filters::list_filters().into_iter().map(|card| card.flag).filter(|flag| !own.contains(flag)).collect()
}

fn check_input() -> Object {
    let input = schema::keep_properties(schema::from_request::<checks::Request>(), &["only", "now"]);
    describe_property(with_place(schema::strip_properties(input, &["*"], &[])), "only", "Checks, or groups of them")
}

fn plan_input(domains: &[&'static dyn Domain]) -> Object {
    // Switching triggers off and working beside another journal are the operator's decisions.
    let left_out = [list_foreign_filters(domains), vec!["disable_triggers", "beside_journal"]].concat();
    let options = schema::strip_properties(schema::from_request::<plan::Options>(), &["*"], &left_out);
    let mut out = with_place(options);
    if let Some(properties) = out.get_mut("properties").and_then(Json::as_object_mut) {
        properties.insert("tool".into(), json!({"type": "string"}));
        properties.insert("params".into(), json!({"type": "object", "description": "The tool's own arguments"}));
    }
    require_property(out, "tool")
}

fn find_input(domains: &[&'static dyn Domain]) -> Object {
    let mut input = with_place(schema::strip_properties(
        schema::from_request::<find::Request>(),
        &["*"],
        &list_foreign_filters(domains),
    ));
    let kinds = domains.iter().flat_map(|domain| domain.kinds()).filter(|kind| kind.faultable);
    let words: Vec<&str> = kinds.map(|kind| kind.word).collect();
    if let Some(kind) = input.get_mut("properties").and_then(|all| all.get_mut("kind")) {
        *kind = json!({ "enum": words });
    }
    let input = describe_property(input, "eligible", "A tool: only records eligible for its fault");
    let briefs = filters::list_filters().into_iter().filter(|card| !card.brief.is_empty());
    briefs.fold(input, |input, card| describe_property(input, card.flag, card.brief))
}

/// Replaces the description of one property.
fn describe_property(mut schema: Object, name: &str, text: &str) -> Object {
    if let Some(Json::Object(property)) = schema.get_mut("properties").and_then(|all| all.get_mut(name)) {
        property.insert("description".into(), json!(text));
    }
    schema
}

fn object_schema(properties: Json) -> Object {
    Object::from_iter([("type".to_owned(), json!("object")), ("properties".to_owned(), properties)])
}

fn object_requiring(what: Json, name: &str) -> Object {
    require_property(object_schema(what), name)
}

fn require_property(mut schema: Object, name: &str) -> Object {
    schema.insert("required".into(), json!([name]));
    schema
}

fn with_target(schema: Object) -> Object {
    with_text_properties(schema, &["target"])
}

fn with_place(schema: Object) -> Object {
    with_text_properties(schema, &["target", "hostname", "database"])
}

fn with_text_properties(mut schema: Object, names: &[&str]) -> Object {
    if let Some(properties) = schema.get_mut("properties").and_then(Json::as_object_mut) {
        for name in names {
            properties.insert((*name).to_owned(), json!({"type": "string"}));
        }
    }
    schema
}

/// Builds a tool; its danger decides all four annotations.
fn build_entry(
    name: &'static str,
    title: &str,
    about: &str,
    danger: Danger,
    input: Object,
    answer: Object,
    does: ToolAction,
) -> ToolEntry {
    let reads = danger == Danger::Read;
    let annotations = ToolAnnotations::new().read_only(reads).destructive(!reads).idempotent(reads).open_world(false);
    let tool = Tool::new(name, end_sentence(about), input)
        .with_title(title.to_owned())
        .with_annotations(annotations)
        .with_raw_output_schema(Arc::new(answer));
    ToolEntry { tool, does }
}
