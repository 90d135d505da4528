//! The query tools: named questions about a file below the operator's folders or about a registered target. They write
//! nothing.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rmcp::model::{Tool, ToolAnnotations};
use serde_json::{Map, Value as Json, json};

use super::answers::ToolAnswer;
use super::caller::Caller;
use super::catalogue::{ToolAction, ToolEntry};
use super::host::{CallWatch, Host, PriorConsent};
use super::options::AgentPermissions;
use super::schema::{self, Object};
use super::server::{ClientCall, Inner};
use crate::domain::Domain;
use crate::domain::files::FileCard;
use crate::domain::query::{ITEMS_DEFAULT, Query};
use crate::model::shown;
use crate::ops::agents::{DatabaseAddress, resolve_target};
use crate::ops::query::{self, Request};
use crate::ops::{Context, Failure, FailureKind, files};
use crate::targets::sqlite::RunIndex;

/// How long an answer may be as JSON, in bytes, before the query runs again with a shorter page.
const JSON_MAX: usize = 60_000;
/// How often a query runs before it is given up.
const TRIES: usize = 8;
/// The argument that names a file for one call.
const FILE: &str = "recording";

/// The argument that names a registered target, for a domain whose data are not files.
const TARGET: &str = "target";

/// A query tool.
#[derive(Clone, Copy)]
pub(super) enum QueryTool {
    /// A query of a domain.
    Query(&'static dyn Domain, &'static dyn Query),
    /// Lists the files.
    List(&'static dyn Domain, &'static FileCard),
    /// Chooses the file for later calls.
    Load(&'static dyn Domain, &'static FileCard),
    /// Compares two files.
    Compare(&'static dyn Domain, &'static FileCard),
}

/// The file that is queried when a call names none.
#[derive(Default)]
pub(super) struct ChosenFile(Mutex<LastFile>);

/// The chosen file, and the row index of the file that was queried last.
#[derive(Default)]
struct LastFile {
    file: Option<PathBuf>,
    asked: Option<(PathBuf, RunIndex)>,
}

impl ChosenFile {
    fn lock_state(&self) -> MutexGuard<'_, LastFile> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self) -> Option<PathBuf> {
        self.lock_state().file.clone()
    }

    fn switch(&self, path: PathBuf) {
        self.lock_state().file = Some(path);
    }

    /// Returns the row index of a file, as far as earlier queries of it have filled it.
    fn run_index(&self, path: &Path) -> RunIndex {
        let mut state = self.lock_state();
        match &state.asked {
            Some((asked, runs)) if asked == path => runs.clone(),
            _ => {
                let runs = RunIndex::default();
                state.asked = Some((path.to_owned(), runs.clone()));
                runs
            }
        }
    }
}

/// Lists the query tools of the domains and groups that the operator chose.
pub(super) fn list_entries(allowed: &AgentPermissions) -> Vec<ToolEntry> {
    let mut out = Vec::new();
    for domain in &allowed.domains {
        if let Some(card) = domain.files() {
            out.extend(list_file_tools(*domain, card, allowed));
        }
        for query in domain.queries().iter().filter(|query| allowed.has_group(query.card().group)) {
            let card = query.card();
            let mut input = schema::slim_schema(query.params_schema().to_value());
            // A file is named by its path, other data by the name of the registered target.
            add_text_property(&mut input, if domain.files().is_some() { FILE } else { TARGET });
            let mut entry = build_entry(card.name, card.title, card.about, input, QueryTool::Query(*domain, *query));
            if query.is_whole() {
                let answer = query.answer_schema().to_value().as_object().cloned().unwrap_or_default();
                entry.tool = entry.tool.with_raw_output_schema(Arc::new(answer));
            }
            out.push(entry);
        }
    }
    out
}

fn list_file_tools(domain: &'static dyn Domain, card: &'static FileCard, allowed: &AgentPermissions) -> Vec<ToolEntry> {
    let mut out = Vec::new();
    for about in files::query_cards(domain).into_iter().filter(|about| allowed.has_group(about.group)) {
        let (names, ask): (&[&str], QueryTool) = match about.name {
            name if name == card.list => (&[], QueryTool::List(domain, card)),
            name if name == card.load => (&["path"], QueryTool::Load(domain, card)),
            _ => (&["before", "after"], QueryTool::Compare(domain, card)),
        };
        let optional = if names.is_empty() { ["directory"].as_slice() } else { &[] };
        let properties: Object =
            names.iter().chain(optional).map(|name| ((*name).to_owned(), json!({"type": "string"}))).collect();
        let mut input = Object::new();
        input.insert("type".into(), json!("object"));
        input.insert("properties".into(), Json::Object(properties));
        input.insert("required".into(), json!(names));
        out.push(build_entry(about.name, about.title, about.about, input, ask));
    }
    out
}

fn add_text_property(input: &mut Object, name: &str) {
    let properties = input.entry("properties").or_insert_with(|| json!({}));
    if let Some(properties) = properties.as_object_mut() {
        properties.insert(name.to_owned(), json!({"type": "string"}));
    }
}

fn build_entry(
    name: &'static str,
    title: &'static str,
    about: &'static str,
    input: Object,
    ask: QueryTool,
) -> ToolEntry {
    let annotations = ToolAnnotations::new().read_only(true).destructive(false).idempotent(true).open_world(false);
    let answer = schema::answer_schema(&[("summary", "string")]);
    let tool = Tool::new(name, about, input)
        .with_title(title)
        .with_annotations(annotations)
        .with_raw_output_schema(Arc::new(answer));
    ToolEntry { tool, does: ToolAction::Ask(ask) }
}

impl Inner {
    /// Runs a query tool.
    pub(super) async fn answer_question(
        self: &Arc<Self>,
        call: &ClientCall,
        ask: QueryTool,
    ) -> Result<ToolAnswer, Failure> {
        let arguments = call.arguments.clone();
        self.run_in_thread(call, false, move |inner, context| inner.run_query_tool(context, ask, arguments)).await
    }

    fn run_query_tool(
        &self,
        context: &mut Context<'_>,
        ask: QueryTool,
        mut arguments: Object,
    ) -> Result<ToolAnswer, Failure> {
        match ask {
            QueryTool::List(domain, card) => {
                let folders = match text_argument(&arguments, "directory") {
                    Some(folder) => vec![self.resolve_path(card, &folder)?],
                    None => self.folders(card),
                };
                build_answer(files::list_files(domain, card, &folders)?)
            }
            QueryTool::Load(domain, card) => {
                let path = self.resolve_path(card, &text_argument(&arguments, "path").unwrap_or_default())?;
                let loaded = files::load_file(domain, card, &path)?;
                // After the load: a file that cannot be read leaves the earlier choice in place.
                self.session.switch(path);
                build_answer(loaded)
            }
            QueryTool::Compare(domain, card) => {
                let before = self.resolve_path(card, &text_argument(&arguments, "before").unwrap_or_default())?;
                let after = self.resolve_path(card, &text_argument(&arguments, "after").unwrap_or_default())?;
                let of = card.compare.map_or("", |(_, of)| of);
                build_answer(files::compare_files(context, domain, of, &before, &after)?)
            }
            QueryTool::Query(domain, query) => {
                if let (None, Some(target)) = (domain.files(), arguments.remove(TARGET)) {
                    let place =
                        DatabaseAddress { target: target.as_str().map(str::to_owned), ..DatabaseAddress::default() };
                    context.target = resolve_target(context, &place)?.or(context.target.take());
                }
                let name = arguments.remove(FILE).and_then(|file| file.as_str().map(str::to_owned));
                let file = match (domain.files(), name) {
                    (Some(card), Some(name)) => Some(self.resolve_path(card, &name)?),
                    _ => self.session.file(),
                };
                self.answer_in_pages(context, query, arguments, file, domain)
            }
        }
    }

    /// Runs a query, again with shorter pages while the answer is longer than a model can read.
    fn answer_in_pages(
        &self,
        context: &Context<'_>,
        query: &'static dyn Query,
        params: Object,
        file: Option<PathBuf>,
        domain: &'static dyn Domain,
    ) -> Result<ToolAnswer, Failure> {
        if let (None, None, Some(card)) = (&file, &context.target, domain.files()) {
            let message = format!("no {} is chosen", card.word);
            let hint = format!("call {} first, or give {FILE}; {} lists them", card.load, card.list);
            return Err(Failure::new(FailureKind::Refused, "no_file", message, hint));
        }
        let mut request = Request { query: Some(query.card().name.to_owned()), params, file, ..Request::default() };
        request.strict = self.allowed.strict;
        let mut limit = request.params.get("limit").and_then(Json::as_u64).unwrap_or(ITEMS_DEFAULT);
        for _ in 0..TRIES {
            let outcome = match &request.file {
                Some(path) => {
                    let runs = self.session.run_index(path);
                    query::ask_file(context, domain, query, &request.params, path, Some(&runs))?
                }
                None => query::run(context, &request)?,
            };
            let mut data = outcome.answer.unwrap_or_default();
            if query.is_whole() && self.allowed.strict {
                let json = Json::Object(data);
                let text = shown::escape_json(&json.to_string()).into_owned();
                return Ok(ToolAnswer { json, text, whole: true });
            }
            if domain.files().is_some() {
                data.extend(outcome.target.map(|target| (FILE.to_owned(), json!(target))));
            }
            if outcome.being_written == Some(true) {
                data.insert("complete".to_owned(), json!(false));
            }
            let json = Json::Object(data);
            let text = shown::escape_json(&json.to_string()).into_owned();
            let bytes = text.len();
            if bytes <= JSON_MAX || limit <= 1 || !has_pages(query) {
                // What has no pages, and is too long all the same, is cut as any answer is.
                let is_whole = query.is_whole() && bytes <= JSON_MAX;
                return if is_whole { Ok(ToolAnswer { json, text, whole: true }) } else { summarize_answer(json) };
            }
            // Nine tenths of the room, because the parts of the answer outside the page do not shrink with it.
            let share = u64::try_from(JSON_MAX * 9 / 10 / (bytes / 1000 + 1)).unwrap_or(1);
            // At most half, so that the tries get somewhere even if the items differ in size.
            limit = (limit.min(ITEMS_DEFAULT) * share / 1000).clamp(1, limit / 2);
            request.params.insert("limit".to_owned(), json!(limit));
        }
        let message = format!("the answer of {} would be too long", query.card().name);
        Err(Failure::new(FailureKind::Refused, "too_long", message, "choose fewer frames, or give a smaller limit"))
    }

    fn folders(&self, card: &FileCard) -> Vec<PathBuf> {
        files::choose_folders(card, &self.allowed.folders)
    }

    fn resolve_path(&self, card: &FileCard, path: &str) -> Result<PathBuf, Failure> {
        files::resolve_path(card, &self.folders(card), path)
    }
}

/// Tells whether a query answers in pages.
fn has_pages(query: &dyn Query) -> bool {
    query.params_schema().get("properties").and_then(|all| all.get("limit")).is_some()
}

fn text_argument(arguments: &Object, name: &str) -> Option<String> {
    arguments.get(name).and_then(Json::as_str).map(str::to_owned)
}

/// Finds the further groups of queries that what is loaded makes useful; none where nothing can be read yet.
pub(super) fn find_further_groups(host: &Host, allowed: &AgentPermissions) -> Vec<&'static str> {
    let mut groups = Vec::new();
    for domain in &allowed.domains {
        let Some((query, decide)) = domain.further_groups() else { continue };
        let watch = CallWatch::idle();
        let consent = PriorConsent(false);
        let context = host.context(&Caller::nobody(), &watch, &consent);
        let request = Request { query: Some(query.to_owned()), ..Request::default() };
        if let Ok(outcome) = query::run(&context, &request) {
            groups.extend(decide(&outcome.answer.unwrap_or_default()));
        }
    }
    groups
}

fn build_answer(data: Map<String, Json>) -> Result<ToolAnswer, Failure> {
    summarize_answer(Json::Object(data))
}

/// Builds an answer whose text is its summary.
fn summarize_answer(json: Json) -> Result<ToolAnswer, Failure> {
    let text = json.get("summary").and_then(Json::as_str).unwrap_or("done").to_owned();
    Ok(ToolAnswer { json, text, whole: false })
}
