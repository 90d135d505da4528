//! `mfm query`: runs a named, read-only query of a domain.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::context::Context;
use super::detect;
use super::failure::{Failure, FailureKind};
use super::files;
use super::pump::{ScanCache, ScanRunner};
use crate::domain::Domain;
use crate::domain::query::{Query, QueryCard, QueryError, QueryRun};
use crate::domains;
use crate::model::NextSteps;
use crate::model::next_step::{View, look};
use crate::model::ports::Danger;
use crate::targets::Target;
use crate::targets::sqlite::RunIndex;

/// The command's card.
pub const CARD: super::Card =
    super::Card { name: "query", danger: Danger::Read, about: "Run a named query on a database" };

/// Which question, and of what.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Request {
    /// The question; without one, all are listed.
    pub query: Option<String>,
    /// Its parameters.
    pub params: Map<String, Json>,
    /// A file to ask instead of a registered target.
    pub file: Option<PathBuf>,
    /// The folders in which files are looked for.
    pub folders: Vec<PathBuf>,
    /// Whether to answer as the system does that the specification describes, its faults included.
    pub strict: bool,
}

/// The answer of a query, or the list of queries.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Outcome {
    /// The query's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// The target's name, or the path of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Whether a program is writing the file, so that the answer holds only for the part read; absent for a target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub being_written: Option<bool>,
    /// The answer, an object whose fields the query defines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<Map<String, Json>>,
    /// The list of queries, where none was named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub queries: Vec<QueryLine>,
}

/// A query in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct QueryLine {
    /// Its name.
    pub name: &'static str,
    /// The id of its domain.
    pub domain: &'static str,
    /// The group of queries that it belongs to.
    pub group: &'static str,
    /// A title of a few words.
    pub title: &'static str,
    /// What it answers, with units.
    pub about: &'static str,
}

/// Returns the queries of all domains.
#[must_use]
pub fn list_queries() -> Outcome {
    let mut queries = Vec::new();
    for domain in domains::all() {
        let id = domain.card().id;
        queries.extend(files::query_cards(*domain).iter().map(|card| describe_query(id, card)));
        queries.extend(domain.queries().iter().map(|query| describe_query(id, query.card())));
    }
    Outcome { queries, ..Outcome::default() }
}

const fn describe_query(domain: &'static str, card: &QueryCard) -> QueryLine {
    QueryLine { name: card.name, domain, group: card.group, title: card.title, about: card.about }
}

/// Returns a query and its domain, by the query's name in snake or kebab case.
#[must_use]
pub fn find_query(word: &str) -> Option<(&'static dyn Domain, &'static dyn Query)> {
    domains::all().iter().find_map(|domain| Some((*domain, domain.find_query(word)?)))
}

/// Runs a query on a file or a registered target.
///
/// # Errors
/// Usage: there is no such query, or its parameters are wrong. Refused: the data that it asks for are missing. Or a
/// target error.
pub fn run(context: &Context<'_>, request: &Request) -> Result<Outcome, Failure> {
    let Some(word) = &request.query else { return Ok(list_queries()) };
    if let Some(outcome) = files::answer_query(context, word, request)? {
        return Ok(outcome);
    }
    let (domain, query) = find_query(word).ok_or_else(|| unknown_query(word))?;
    // Parameters that are wrong for every target are refused before one is opened.
    begin(query, &request.params, request.strict)?;
    if let Some(path) = &request.file {
        return ask_file(context, domain, query, &request.params, path, None);
    }
    if let Some(url) = context.place_to_read() {
        return ask_in_place(context, domain, query, request, url);
    }
    let journal = context.open_journal().map_err(|failure| hint_file(failure, domain))?;
    let chosen = context.resolve_target(&journal).map_err(|failure| hint_file(failure, domain))?;
    check_domain(domain, detect::registered_domain(&journal, &chosen.name)?, query, &chosen.name)?;
    let mut target = context.open_target(&chosen.url)?;
    detect::warn_of_mismatch(context, &journal, &chosen.name, target.as_mut());
    let answer = answer_run(context, target.as_mut(), None, query, begin(query, &request.params, request.strict)?)?;
    let (query, target) = (Some(query.card().name.to_owned()), Some(chosen.name));
    Ok(Outcome { query, target, answer: Some(answer), ..Outcome::default() })
}

/// Runs a query on a file, which need not be registered; `runs` speeds up repeated queries on the same file.
///
/// # Errors
/// As [`run`].
pub fn ask_file(
    context: &Context<'_>,
    domain: &'static dyn Domain,
    query: &'static dyn Query,
    params: &Map<String, Json>,
    path: &std::path::Path,
    runs: Option<&RunIndex>,
) -> Result<Outcome, Failure> {
    let (mut target, live) = files::open_file(path, domain, runs)?;
    let mut answer = ask(context, target.as_mut(), None, query, params)?;
    // The query sees a consistent file, and cannot know that a program is still writing it.
    if live && answer.contains_key("complete") {
        answer.insert("complete".to_owned(), Json::Bool(false));
    }
    let (query, target) = (Some(query.card().name.to_owned()), Some(path.display().to_string()));
    Ok(Outcome { query, target, being_written: Some(live), answer: Some(answer), ..Outcome::default() })
}

/// Runs a query on an open target.
///
/// # Errors
/// As [`run`].
pub fn ask(
    context: &Context<'_>,
    target: &mut dyn Target,
    cache: Option<&mut ScanCache>,
    query: &dyn Query,
    params: &Map<String, Json>,
) -> Result<Map<String, Json>, Failure> {
    answer_run(context, target, cache, query, begin(query, params, false)?)
}

fn answer_run(
    context: &Context<'_>,
    target: &mut dyn Target,
    cache: Option<&mut ScanCache>,
    query: &dyn Query,
    mut run: Box<dyn QueryRun>,
) -> Result<Map<String, Json>, Failure> {
    ScanRunner { context, target, cache, doing: "reading" }.run(&mut *run)?;
    Ok(run.finish().map_err(|error| query_failure(query, &error))?.data)
}

/// Runs a query on a folder that is read in place, and needs no journal.
fn ask_in_place(
    context: &Context<'_>,
    domain: &'static dyn Domain,
    query: &'static dyn Query,
    request: &Request,
    url: &str,
) -> Result<Outcome, Failure> {
    let mut target = context.open_target(url)?;
    check_domain(domain, detect::detect_domain(target.as_mut(), None)?, query, url)?;
    let run = begin(query, &request.params, request.strict)?;
    let answer = answer_run(context, target.as_mut(), None, query, run)?;
    let (query, target) = (Some(query.card().name.to_owned()), Some(url.to_owned()));
    Ok(Outcome { query, target, answer: Some(answer), ..Outcome::default() })
}

fn begin(query: &dyn Query, params: &Map<String, Json>, strict: bool) -> Result<Box<dyn QueryRun>, Failure> {
    let run = if strict { query.start_strictly(params) } else { query.parse_and_start(params) };
    run.map_err(|error| query_failure(query, &error))
}

/// Refuses a query of another domain than the target's.
fn check_domain(domain: &dyn Domain, registered: &dyn Domain, query: &dyn Query, target: &str) -> Result<(), Failure> {
    if registered.card().id == domain.card().id {
        return Ok(());
    }
    let (name, own, other) = (query.card().name, domain.card().id, registered.card().id);
    let message = format!("{name} is a query of {own}, but `{target}` is of the domain {other}");
    Err(Failure::new(FailureKind::Refused, "other_domain", message, "name another target, or a file"))
}

/// Adds to a failure that a file can be named in place of a target, for domains whose data come as files.
fn hint_file(failure: Failure, domain: &dyn Domain) -> Failure {
    match domain.files() {
        Some(card) => failure.and_next(format!("or name the file of a {}", card.word)),
        None => failure,
    }
}

fn unknown_query(word: &str) -> Failure {
    let names = domains::all().iter().flat_map(|domain| domain.queries()).map(|query| query.card().name);
    let names = names.chain(domains::all().iter().flat_map(|domain| files::query_cards(*domain)).map(|card| card.name));
    let snake = word.replace('-', "_");
    let near =
        names.max_by(|one, other| strsim::jaro_winkler(one, &snake).total_cmp(&strsim::jaro_winkler(other, &snake)));
    let near = near.map_or_else(String::new, |near| format!("did you mean `{near}`?"));
    Failure::usage(
        "unknown_query",
        format!("there is no query `{word}`"),
        NextSteps::from(near).and(look(View::Queries, "lists all")),
    )
}

/// Returns the failure for a query that has no answer.
fn query_failure(query: &dyn Query, error: &QueryError) -> Failure {
    let (name, message) = (query.card().name, error.to_string());
    match error {
        QueryError::Params(_) => {
            let example = query.card().example;
            let next: NextSteps = if example.is_empty() {
                "it takes no parameters".into()
            } else {
                let view = View::Query { query: name.to_owned(), example: example.to_owned() };
                look(view, "").when("for example").into()
            };
            Failure::usage("query_parameters", format!("{name}: {message}"), next)
        }
        QueryError::Missing(_) => {
            let view = View::Query { query: name.to_owned(), example: query.card().example.to_owned() };
            Failure::usage("query_missing", format!("{name}: {message}"), look(view, "").when("for example"))
        }
        QueryError::Unknown { .. } => {
            Failure::new(FailureKind::Refused, "unknown_item", message, "name an existing one")
        }
        QueryError::NotRecorded(_) => {
            Failure::new(FailureKind::Refused, "not_recorded", message, "ask for something that exists")
        }
    }
}

/// Returns the domain of a target that a journal registers; the first one where it does not, or cannot be read.
#[must_use]
pub fn domain_of(journal: &std::path::Path, target: Option<&str>) -> &'static dyn Domain {
    if let Some(domain) = target.and_then(crate::targets::folder_domain) {
        return domain;
    }
    let registered = target.and_then(|name| {
        let journal = mfm_journal::Journal::open_read(journal).ok()?;
        detect::registered_domain(&journal, name).ok()
    });
    registered.unwrap_or(domains::FIRST)
}
