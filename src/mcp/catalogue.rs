//! Every tool: its name, schemas, annotations and what it does; a tool that is not allowed is not in the list at all.

use std::sync::Arc;

use rmcp::model::{Tool, ToolAnnotations};
use serde_json::{Value as Json, json};

use super::options::Allowed;
use super::queries::{self, Ask};
use super::reads::{self, Read};
use super::schema::{self, Object};
use super::{modes, writes};
use crate::domain::Domain;
use crate::model::ports::Danger;
use crate::ops::{
    Card, audit, checks, drill, explain, filters, find, log, plan, recover, replay, revert, show, status,
};

/// What a tool does.
#[derive(Clone, Copy)]
pub(super) enum Does {
    /// Lists the modes.
    Modes,
    /// Says what is broken now.
    Status,
    /// Reads journal or target.
    Read(Read),
    /// Asks a named question of a domain's data.
    Ask(Ask),
    /// Plans a fault of any mode.
    Plan,
    /// Plans a fault of the mode that it is named after, and commits it with consent.
    Fault,
    /// Carries out what a handle stands for.
    CarryOut,
    /// Any other write, with consent.
    Write(writes::Write),
}

/// A tool.
pub(super) struct ToolEntry {
    pub(super) tool: Tool,
    pub(super) does: Does,
}

/// Returns every tool that is allowed, by name.
pub(super) fn entries(allowed: &Allowed) -> Vec<ToolEntry> {
    let mut out = of_the_journal();
    out.extend(of_the_target(&allowed.domains));
    out.extend(queries::entries(allowed));
    if !allowed.read_only {
        let modes = allowed.domains.iter().flat_map(|domain| domain.modes().iter().copied());
        out.extend(modes.filter(|mode| allowed.has(mode.card().tool)).map(|mode| {
            let card = mode.card();
            let about = format!("{} Severity {}. Needs consent.", sentence(card.title), card.severity);
            let answer = schema::answer(&[("state", "string")]);
            entry((card.tool, card.title, &about, Danger::Write), modes::input(mode), answer, Does::Fault)
        }));
        out.extend(writing(allowed));
    }
    out.sort_by(|one, other| one.tool.name.cmp(&other.tool.name));
    out
}

fn sentence(text: &str) -> String {
    if text.ends_with('.') { text.to_owned() } else { format!("{text}.") }
}

/// Puts a tool together that reads.
fn read(name: &'static str, title: &'static str, card: &Card, input: Object, answer: Object, does: Read) -> ToolEntry {
    entry((name, title, card.about, card.danger), with(input, &["cursor"]), answer, Does::Read(does))
}

fn of_the_journal() -> Vec<ToolEntry> {
    let fields = schema::answer;
    vec![
        entry(
            ("list_failure_modes", "Failure modes", "List the failure modes, or one with its parameters", Danger::Read),
            properties(json!({"mode": {"type": "string"}})),
            fields(&[("modes", "array")]),
            Does::Modes,
        ),
        entry(
            ("status", "Status", status::CARD.about, status::CARD.danger),
            with(with_place(properties(json!({}))), &["cursor"]),
            fields(&[("targets", "array"), ("active", "array"), ("open", "array")]),
            Does::Status,
        ),
        read(
            "log",
            "Log",
            &log::CARD,
            with_target(schema::of::<log::Request>()),
            fields(&[("operations", "array")]),
            reads::log,
        ),
        read(
            "show",
            "Operation",
            &show::CARD,
            needing(schema::lean(schema::of::<show::Request>(), &["op"], &[]), "op"),
            fields(&[("op", "integer"), ("state", "string")]),
            reads::show,
        ),
        read(
            "explain",
            "Explanation",
            &explain::CARD,
            needing(schema::lean(schema::of::<explain::Request>(), &["op"], &[]), "op"),
            fields(&[("words", "string"), ("inverse", "object")]),
            reads::explain,
        ),
        read(
            "drill_result",
            "Drill result",
            &Card { name: "drill", danger: Danger::Read, about: "Show an earlier drill by its number, or list them" },
            properties(json!({"drill": {"type": "integer"}})),
            fields(&[("trials", "array"), ("exact", "boolean")]),
            reads::drill,
        ),
        read(
            "audit_verify",
            "Audit",
            &audit::CARD,
            with_target(schema::lean(schema::of::<audit::Request>(), &["full", "depth"], &[])),
            fields(&[("ok", "boolean"), ("findings", "array")]),
            reads::audit,
        ),
    ]
}

fn of_the_target(domains: &[&'static dyn Domain]) -> Vec<ToolEntry> {
    let fields = schema::answer;
    vec![
        read("find", "Records", &find::CARD, find_input(domains), fields(&[("records", "array")]), reads::find),
        read(
            "check",
            "Quality checks",
            &checks::CARD,
            with_place(schema::lean(schema::only(schema::of::<checks::Request>(), &["only", "now"]), &["now"], &[])),
            fields(&[("violations", "integer"), ("not_run", "integer"), ("findings", "array")]),
            reads::check,
        ),
        entry(
            ("plan", "Plan", plan::CARD.about, plan::CARD.danger),
            plan_input(domains),
            fields(&[("state", "string"), ("plan_digest", "string")]),
            Does::Plan,
        ),
    ]
}

fn writing(allowed: &Allowed) -> Vec<ToolEntry> {
    let fields = schema::answer;
    let write = |name: &'static str, title: &'static str, card: &Card, input: Object, does: writes::Write| {
        entry(
            (name, title, card.about, card.danger),
            with_place(input),
            fields(&[("state", "string")]),
            Does::Write(does),
        )
    };
    let mut out = vec![
        entry(
            (
                "apply_plan",
                "Carry out a plan",
                "Carry out what a handle stands for, after the person said yes",
                Danger::Write,
            ),
            required(json!({"handle": {"type": "string"}}), "handle"),
            fields(&[("state", "string")]),
            Does::CarryOut,
        ),
        write(
            "revert",
            "Revert",
            &revert::CARD,
            schema::lean(schema::of::<revert::Request>(), &["operations"], &["disable_triggers"]),
            writes::REVERT,
        ),
        write("recover", "Recover", &recover::CARD, recover_input(), writes::RECOVER),
    ];
    // A replay repeats whatever the journal holds, and a drill tries whatever there is.
    if allowed.is_everything() {
        let input = schema::lean(schema::of::<replay::Request>(), &["until", "onto"], &["beside_journal"]);
        out.push(write("replay", "Replay", &replay::CARD, needing(input, "onto"), writes::REPLAY));
        let input = schema::only(schema::of::<drill::Request>(), &["modes", "sample", "seed", "now", "controls"]);
        let input = described(schema::lean(input, &["*"], &[]), "modes", "Tools, or TOOL:VARIANT");
        out.push(write("drill", "Drill", &drill::CARD, input, writes::DRILL));
    }
    out
}

/// What needs a typed name is a person's to do, at the command line.
fn recover_input() -> Object {
    let mut input = schema::lean(schema::of::<recover::Request>(), &["*"], &["confirm"]);
    if let Some(word) = input.get_mut("properties").and_then(|all| all.get_mut("as")) {
        *word = json!({"enum": ["applied", "abandoned"]});
    }
    input
}

/// Returns the filters that none of these domains has: whatever else is served, a model need not read of them.
fn foreign(domains: &[&'static dyn Domain]) -> Vec<&'static str> {
    let own = |flag: &str| domains.iter().flat_map(|domain| domain.filters()).any(|card| card.flag == flag);
    filters::all().into_iter().map(|card| card.flag).filter(|flag| !own(flag)).collect()
}

fn plan_input(domains: &[&'static dyn Domain]) -> Object {
    let left_out = [foreign(domains), vec!["disable_triggers", "beside_journal"]].concat();
    let options = schema::lean(schema::of::<plan::Options>(), &["*"], &left_out);
    let mut out = with_place(options);
    if let Some(properties) = out.get_mut("properties").and_then(Json::as_object_mut) {
        properties.insert("tool".into(), json!({"type": "string"}));
        properties.insert("params".into(), json!({"type": "object", "description": "The tool's own arguments"}));
    }
    needing(described(out, "sample", "How many records to choose"), "tool")
}

fn find_input(domains: &[&'static dyn Domain]) -> Object {
    let mut input = with_place(schema::lean(schema::of::<find::Request>(), &["*"], &foreign(domains)));
    let kinds = domains.iter().flat_map(|domain| domain.kinds()).filter(|kind| kind.faultable);
    let words: Vec<&str> = kinds.map(|kind| kind.word).collect();
    if let Some(kind) = input.get_mut("properties").and_then(|all| all.get_mut("kind")) {
        *kind = json!({ "enum": words });
    }
    let input = described(input, "eligible", "A tool: only records that can show its fault");
    let briefs = filters::all().into_iter().filter(|card| !card.brief.is_empty());
    briefs.fold(input, |input, card| described(input, card.flag, card.brief))
}

/// Says of one property what it is.
fn described(mut schema: Object, name: &str, text: &str) -> Object {
    if let Some(Json::Object(property)) = schema.get_mut("properties").and_then(|all| all.get_mut(name)) {
        property.insert("description".into(), json!(text));
    }
    schema
}

fn properties(properties: Json) -> Object {
    Object::from_iter([("type".to_owned(), json!("object")), ("properties".to_owned(), properties)])
}

fn required(what: Json, name: &str) -> Object {
    needing(properties(what), name)
}

fn needing(mut schema: Object, name: &str) -> Object {
    schema.insert("required".into(), json!([name]));
    schema
}

fn with_target(schema: Object) -> Object {
    with(schema, &["target"])
}

fn with_place(schema: Object) -> Object {
    with(schema, &["target", "hostname", "database"])
}

fn with(mut schema: Object, names: &[&str]) -> Object {
    if let Some(properties) = schema.get_mut("properties").and_then(Json::as_object_mut) {
        for name in names {
            properties.insert((*name).to_owned(), json!({"type": "string"}));
        }
    }
    schema
}

/// Puts a tool together; its danger says all four annotations.
fn entry(
    (name, title, about, danger): (&'static str, &str, &str, Danger),
    input: Object,
    answer: Object,
    does: Does,
) -> ToolEntry {
    let reads = danger == Danger::Read;
    let annotations = ToolAnnotations::new().read_only(reads).destructive(!reads).idempotent(reads).open_world(false);
    let tool = Tool::new(name, sentence(about), input)
        .with_title(title.to_owned())
        .with_annotations(annotations)
        .with_raw_output_schema(Arc::new(answer));
    ToolEntry { tool, does }
}
