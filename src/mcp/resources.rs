//! Resources: a page for each failure mode, the journal's head, its operations, what checks find now; and completion.

use std::sync::Arc;

use rmcp::ErrorData;
use rmcp::model::{
    CompleteRequestParams, CompleteResult, CompletionInfo, ReadResourceResult, Reference, Resource, ResourceContents,
    ResourceTemplate,
};
use serde_json::json;

use super::answers::ToolAnswer;
use super::reads::{self, ReadCall};
use super::schema::Object;
use super::server::{ClientCall, Inner};
use super::{modes, prompts};
use crate::domain::Domain;
use crate::domains;
use crate::model::shown;
use crate::ops::agents::{DatabaseAddress, resolve_target};
use crate::ops::{Context, Failure, audit, query, status};

/// The scheme of the pages of modes.
const MODE: &str = "failure-mode://";
const OPERATION: &str = "mfm://operations/";
const FINDINGS: &str = "mfm://findings/";
const JSON: &str = "application/json";
const MARKDOWN: &str = "text/markdown";

/// Lists every resource with a fixed URI.
pub(super) fn list_resources(domains: &[&'static dyn Domain]) -> Vec<Resource> {
    let mut resources = Vec::new();
    for domain in domains {
        for mode in domain.modes() {
            let card = mode.card();
            let page = Resource::new(format!("{MODE}{}/{}", domain.card().id, card.id), card.id);
            resources.push(page.with_title(card.title).with_mime_type(MARKDOWN));
        }
    }
    for card in domains.iter().flat_map(|domain| domain.resources()).filter(|card| !card.is_template()) {
        resources.push(Resource::new(card.template, card.name).with_title(card.title).with_mime_type(JSON));
    }
    for (uri, name, title) in [
        ("mfm://journal", "journal", "The journal's head and its targets"),
        ("mfm://operations", "operations", "The newest operations"),
        ("mfm://findings", "findings", "Current findings of the quality checks"),
    ] {
        resources.push(Resource::new(uri, name).with_title(title).with_mime_type(JSON));
    }
    resources
}

/// Lists the templates of URIs.
pub(super) fn list_templates(domains: &[&'static dyn Domain]) -> Vec<ResourceTemplate> {
    let mut templates = Vec::new();
    for domain in domains {
        let template = ResourceTemplate::new(format!("{MODE}{}/{{mode}}", domain.card().id), "mode");
        templates.push(template.with_title("A failure mode").with_mime_type(MARKDOWN));
    }
    for card in domains.iter().flat_map(|domain| domain.resources()).filter(|card| card.is_template()) {
        let template = ResourceTemplate::new(card.template, card.name);
        templates.push(template.with_title(card.title).with_mime_type(JSON));
    }
    for (uri, name, title) in [
        (format!("{OPERATION}{{op}}"), "operation", "One operation, with its changes"),
        (format!("{FINDINGS}{{target}}"), "findings-on", "Current findings of the checks on a target"),
    ] {
        templates.push(ResourceTemplate::new(uri, name).with_title(title).with_mime_type(JSON));
    }
    templates
}

/// Reads a resource.
pub(super) async fn read(inner: &Arc<Inner>, call: &ClientCall, uri: String) -> Result<ReadResourceResult, ErrorData> {
    if let Some((domain, id)) = uri.strip_prefix(MODE).and_then(|place| place.split_once('/')) {
        // `mode` finds a mode by its tool's name too, but a resource has one URI only.
        let mode = domains::find(domain).and_then(|domain| domain.find_mode(id)).filter(|mode| mode.card().id == id);
        let page = mode.and_then(|_| modes::render_page(id)).ok_or_else(|| not_found(&uri))?;
        let contents = ResourceContents::text(page, uri.clone()).with_mime_type(MARKDOWN);
        return Ok(ReadResourceResult::new(vec![contents]));
    }
    // The pages of modes above are in memory; from here on stores are read, which counts.
    inner.admit_request(call).await?;
    let address = match uri.as_str() {
        "mfm://journal" => ResourceAddress::Journal,
        "mfm://operations" => ResourceAddress::Operations,
        "mfm://findings" => ResourceAddress::Findings(None),
        other if find_card(inner, other).is_some() => ResourceAddress::Answer(other.to_owned()),
        other => match (other.strip_prefix(OPERATION), other.strip_prefix(FINDINGS)) {
            (Some(op), _) => ResourceAddress::Operation(op.parse().map_err(|_| not_found(&uri))?),
            (None, Some(target)) => ResourceAddress::Findings(Some(target.to_owned())),
            (None, None) => return Err(not_found(&uri)),
        },
    };
    let answer = inner.run_in_thread(call, false, move |inner, context| address.read(inner, context)).await;
    match answer {
        Ok(answer) => {
            let text = shown::escape_json(&answer.to_bounded_json().to_string()).into_owned();
            let contents = ResourceContents::text(text, uri.clone()).with_mime_type(JSON);
            Ok(ReadResourceResult::new(vec![contents]))
        }
        Err(failure) if ["no_operation", "no_target", "unknown_item"].contains(&failure.code.as_str()) => {
            Err(not_found(&uri))
        }
        Err(failure) => Err(inner.refuse_request(call, failure).await),
    }
}

fn not_found(uri: &str) -> ErrorData {
    ErrorData::resource_not_found("there is no such resource", Some(json!({ "uri": uri })))
}

/// A parsed `mfm://` URI.
enum ResourceAddress {
    Journal,
    Operations,
    Operation(u64),
    Findings(Option<String>),
    /// The answer of a domain's query.
    Answer(String),
}

/// A domain's resource with the query behind it and the parameters that an address gives.
type FoundResource = (&'static dyn Domain, &'static str, Object);

/// Finds the resource of an address among those of the offered domains.
fn find_card(inner: &Inner, address: &str) -> Option<FoundResource> {
    inner.allowed.domains.iter().find_map(|domain| {
        domain.resources().iter().find_map(|card| {
            let values = card.match_address(address)?;
            let params = values.into_iter().map(|(name, value)| (name.to_owned(), json!(value)));
            Some((*domain, card.query, params.collect()))
        })
    })
}

/// Runs the query of a domain, and returns its answer whole.
fn read_answer(context: &Context<'_>, query: &str, params: Object) -> Result<ToolAnswer, Failure> {
    let request = query::Request { query: Some(query.to_owned()), params, ..query::Request::default() };
    let answer = query::run(context, &request)?.answer.unwrap_or_default();
    Ok(ToolAnswer { json: answer.into(), text: String::new(), whole: true })
}

impl ResourceAddress {
    fn read(self, inner: &Inner, context: &mut Context<'_>) -> Result<ToolAnswer, Failure> {
        let allowed = &inner.allowed;
        match self {
            Self::Journal => read_head(context),
            Self::Answer(address) => match find_card(inner, &address) {
                Some((_, query, params)) => read_answer(context, query, params),
                None => Err(Failure::usage("arguments", "there is no such resource", "list the resources")),
            },
            Self::Operations => reads::log(context, &ReadCall::from_start(allowed), Object::new()),
            Self::Operation(op) => {
                let arguments = [("op".to_owned(), json!(op)), ("diff".to_owned(), json!(true))];
                reads::show(context, &ReadCall::from_start(allowed), arguments.into_iter().collect())
            }
            Self::Findings(target) => {
                let all = target.is_none();
                let place = DatabaseAddress { target, ..DatabaseAddress::default() };
                context.target = resolve_target(context, &place)?.or(context.target.take());
                let read = reads::check(context, &ReadCall::from_start(allowed), Object::new());
                match read {
                    Err(failure) if all && failure.code == "which_target" => list_findings_uris(context),
                    read => read,
                }
            }
        }
    }
}

/// Lists the URI of the findings on each target, for a journal with several.
fn list_findings_uris(context: &Context<'_>) -> Result<ToolAnswer, Failure> {
    let targets: Vec<String> = context.open_journal()?.state().targets.keys().cloned().collect();
    let each = targets.iter().map(|name| json!({"target": name, "uri": format!("{FINDINGS}{name}")}));
    Ok(ToolAnswer { json: json!({"targets": each.collect::<Vec<_>>()}), text: String::new(), whole: false })
}

/// Returns the journal's head after an audit of its structure, and the registered targets.
fn read_head(context: &Context<'_>) -> Result<ToolAnswer, Failure> {
    let request = audit::Request { depth: audit::Level::Structure, full: false };
    let (audit, status) = (audit::run(context, &request)?, status::run(context)?);
    let json = json!({
        "journal": status.journal,
        "journal_id": status.journal_id,
        "head": audit.journal.head,
        "sound": audit.ok,
        "targets": status.targets,
        "active": status.active.len(),
        "open": status.open.len(),
    });
    Ok(ToolAnswer { json, text: String::new(), whole: false })
}

/// Completes an argument of a prompt or a template.
pub(super) async fn complete(
    inner: &Arc<Inner>,
    call: &ClientCall,
    request: CompleteRequestParams,
) -> Result<CompleteResult, ErrorData> {
    inner.admit_request(call).await?;
    let prefix = request.argument.value;
    let what = match (&request.r#ref, request.argument.name.as_str()) {
        (Reference::Resource(resource), "mode") => {
            let domain = resource.uri.strip_prefix(MODE).and_then(|place| place.split('/').next());
            let own = inner.allowed.domains.iter().filter(|own| domain == Some(own.card().id));
            return build_completion(own.flat_map(|own| own.modes()).map(|mode| mode.card().id.to_owned()), &prefix);
        }
        (Reference::Resource(_), name @ ("op" | "target")) => name.to_owned(),
        (Reference::Prompt(prompt), "target") if prompts::has_prompt(&inner.allowed.domains, &prompt.name) => {
            "target".to_owned()
        }
        (place, argument) => {
            let known = request.context.and_then(|context| context.arguments).unwrap_or_default();
            let Some(ask) = find_completing(inner, place, argument, &prefix, known.into_iter().collect()) else {
                return build_completion(std::iter::empty(), &prefix);
            };
            let work = move |_: &Inner, context: &mut Context<'_>| read_answer(context, ask.0, ask.1);
            let answer = inner.run_in_thread(call, false, work).await;
            let items =
                answer.ok().and_then(|answer| answer.json.get("items")?.as_array().cloned()).unwrap_or_default();
            let words = items.into_iter().filter_map(|item| item.as_str().map(str::to_owned)).collect();
            return found_completion(words);
        }
    };
    let candidates = inner.run_in_thread(call, false, move |_, context| list_candidates(context, &what)).await;
    // Where there is no journal there is nothing to complete.
    build_completion(candidates.unwrap_or_default().into_iter(), &prefix)
}

/// Lists the operations, newest first, or the targets.
fn list_candidates(context: &Context<'_>, what: &str) -> Result<Vec<String>, Failure> {
    let journal = context.open_journal()?;
    let state = journal.state();
    Ok(match what {
        "target" => state.targets.keys().cloned().collect(),
        _ => (1..state.next_op).rev().map(|op| op.to_string()).collect(),
    })
}

/// Returns the query that completes an argument of a domain's resource or prompt, with its parameters.
fn find_completing(
    inner: &Inner,
    place: &Reference,
    argument: &str,
    prefix: &str,
    known: std::collections::BTreeMap<String, String>,
) -> Option<(&'static str, Object)> {
    let domain = inner.allowed.domains.iter().copied().find(|domain| match place {
        Reference::Resource(resource) => domain.resources().iter().any(|card| card.template == resource.uri),
        Reference::Prompt(prompt) => domain.prompt_arguments(&prompt.name).iter().any(|card| card.name == argument),
        _ => false,
    })?;
    let mut params: Object = known.into_iter().map(|(name, value)| (name, json!(value))).collect();
    params.retain(|name, _| name == "category" && argument != "category");
    params.insert("of".to_owned(), json!(argument));
    if !prefix.is_empty() {
        params.insert("prefix".to_owned(), json!(prefix));
    }
    Some((domain.completing_query()?, params))
}

/// Builds a completion of words that were found for the prefix already.
fn found_completion(mut words: Vec<String>) -> Result<CompleteResult, ErrorData> {
    let more = words.len() >= CompletionInfo::MAX_VALUES;
    words.truncate(CompletionInfo::MAX_VALUES);
    let total = u32::try_from(words.len()).ok();
    let info = CompletionInfo::with_pagination(words, total, more);
    Ok(CompleteResult::new(info.map_err(|error| ErrorData::internal_error(error, None))?))
}

fn build_completion(all: impl Iterator<Item = String>, prefix: &str) -> Result<CompleteResult, ErrorData> {
    let mut fits: Vec<String> = all.filter(|word| word.starts_with(prefix)).collect();
    // An exact match comes first.
    fits.sort_by_key(|word| word != prefix);
    let total = u32::try_from(fits.len()).ok();
    let more = fits.len() > CompletionInfo::MAX_VALUES;
    fits.truncate(CompletionInfo::MAX_VALUES);
    let info = CompletionInfo::with_pagination(fits, total, more);
    Ok(CompleteResult::new(info.map_err(|error| ErrorData::internal_error(error, None))?))
}
