//! Queries: named, read-only questions of a domain, with typed parameters and a structured answer. A query asks for
//! scans and never reads itself.

use std::ops::ControlFlow;

use clap::{ArgMatches, Args, Command};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use super::params;
use super::scan::{ScanReader, ScanRequest};
use crate::model::Row;

/// The number of items in an answer without a `limit`.
pub const ITEMS_DEFAULT: u64 = 500;

/// A query as help, tool lists and the documentation show it.
#[derive(Debug)]
pub struct QueryCard {
    /// Its name: the second word of `mfm query`, and the name of the tool for agents.
    pub name: &'static str,
    /// The group of tools that it belongs to: `specification`, or a group that is offered on demand.
    pub group: &'static str,
    /// Its title, in a few words.
    pub title: &'static str,
    /// What it answers, with units, in a sentence or two.
    pub about: &'static str,
    /// An example of its arguments on a command line.
    pub example: &'static str,
}

/// The answer of a query.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryAnswer {
    /// The structured answer, as its schema says; `summary` is one of its fields.
    pub data: Map<String, Json>,
}

/// Why a query has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// A parameter is wrong.
    #[error("{0}")]
    Params(String),
    /// A parameter that is needed was not given.
    #[error("{0}")]
    Missing(String),
    /// The thing that it is asked about does not exist.
    #[error("there is no {what} `{given}`{}", render_nearest(near))]
    Unknown {
        /// The kind of thing: `body`, `frame`.
        what: &'static str,
        /// The name or number that was asked for.
        given: String,
        /// What exists instead, the most similar first.
        near: Vec<String>,
    },
    /// The target does not record what the question is about.
    #[error("{0}")]
    NotRecorded(String),
}

/// The codes by which a specification names the errors of its tools.
#[derive(Debug)]
pub struct ErrorCodes {
    /// A parameter is wrong.
    pub wrong: &'static str,
    /// A parameter that is needed was not given.
    pub missing: &'static str,
    /// What was asked for does not exist.
    pub unknown: &'static str,
    /// The question could not be answered.
    pub failed: &'static str,
}

fn render_nearest(near: &[String]) -> String {
    if near.is_empty() { String::new() } else { format!("; existing: {}", near.join(", ")) }
}

/// A running query: it asks for scans, and answers once all of them have been read.
pub trait QueryRun: ScanReader {
    /// Returns the answer.
    ///
    /// # Errors
    /// [`QueryError::Unknown`] or [`QueryError::NotRecorded`].
    fn finish(self: Box<Self>) -> Result<QueryAnswer, QueryError>;
}

/// A query with its types, as a domain implements it.
pub trait TypedQuery: Sync {
    /// The parameters: one doc comment a field serves help, man page and JSON Schema.
    type Params: Args + Serialize + DeserializeOwned + JsonSchema;
    /// The answer.
    type Answer: Serialize + JsonSchema;

    /// Returns the query's name, group and description.
    fn card(&self) -> &'static QueryCard;
    /// Starts the query with parsed parameters.
    ///
    /// # Errors
    /// The parameters contradict each other, or lie outside what is possible.
    fn start(&self, params: Self::Params) -> Result<Box<dyn QueryRun>, QueryError>;
}

/// A query without its types, as the faces use it: parameters and answer are JSON objects.
pub trait Query: Sync {
    /// Returns the query's name, group and description.
    fn card(&self) -> &'static QueryCard;
    /// Adds its parameters to a command.
    fn add_arguments(&self, command: Command) -> Command;
    /// Returns the parameters given on a command line as a JSON object, without those that are absent.
    ///
    /// # Errors
    /// clap's error, for a value that it cannot parse.
    fn parse_matches(&self, matches: &ArgMatches) -> Result<Map<String, Json>, clap::Error>;
    /// Returns the JSON Schema of the parameters.
    fn params_schema(&self) -> schemars::Schema;
    /// Returns the JSON Schema of the answer.
    fn answer_schema(&self) -> schemars::Schema;
    /// Parses the parameters and starts the query.
    ///
    /// # Errors
    /// [`QueryError::Params`].
    fn parse_and_start(&self, given: &Map<String, Json>) -> Result<Box<dyn QueryRun>, QueryError>;
    /// As [`Query::parse_and_start`], in the manner of the system that the specification describes, its faults
    /// included.
    ///
    /// # Errors
    /// [`QueryError::Params`], also where the query has one manner only.
    fn start_strictly(&self, _given: &Map<String, Json>) -> Result<Box<dyn QueryRun>, QueryError> {
        Err(QueryError::Params(format!("{} has no strict manner", self.card().name)))
    }
    /// Tells whether its answers are whole as they are: they have their own bounds, and are their own text.
    fn is_whole(&self) -> bool {
        false
    }
}

impl<Q: TypedQuery> Query for Q {
    fn card(&self) -> &'static QueryCard {
        TypedQuery::card(self)
    }

    fn add_arguments(&self, command: Command) -> Command {
        params::add_arguments::<Q::Params>(command)
    }

    fn parse_matches(&self, matches: &ArgMatches) -> Result<Map<String, Json>, clap::Error> {
        params::parse_matches::<Q::Params>(matches)
    }

    fn params_schema(&self) -> schemars::Schema {
        params::params_schema::<Q::Params>()
    }

    fn answer_schema(&self) -> schemars::Schema {
        params::params_schema::<Q::Answer>()
    }

    fn parse_and_start(&self, given: &Map<String, Json>) -> Result<Box<dyn QueryRun>, QueryError> {
        self.start(params::from_json(given).map_err(QueryError::Params)?)
    }
}

/// Converts a typed answer; anything but a struct gives an empty one.
#[must_use]
pub fn to_answer<A: Serialize>(typed: &A) -> QueryAnswer {
    match serde_json::to_value(typed) {
        Ok(Json::Object(data)) => QueryAnswer { data },
        _ => QueryAnswer { data: Map::new() },
    }
}

/// One page of a list.
#[derive(Clone, Debug)]
pub struct ItemPage<T> {
    /// The items of the page.
    pub items: Vec<T>,
    /// The number of items on all pages.
    pub total: u64,
    /// The cursor of the next page; `None` on the last one.
    pub next_cursor: Option<String>,
}

/// Returns the index at which a page starts: that of the cursor, or 0.
///
/// # Errors
/// [`QueryError::Params`] for a cursor that no answer gave.
pub fn start_of(cursor: Option<&str>) -> Result<usize, QueryError> {
    let Some(cursor) = cursor else { return Ok(0) };
    cursor
        .parse()
        .map_err(|_| QueryError::Params(format!("cursor: `{cursor}` is not valid; use next_cursor of an answer")))
}

/// Returns the largest number of items on a page: the limit, or [`ITEMS_DEFAULT`].
///
/// # Errors
/// [`QueryError::Params`] for a limit of 0.
pub fn size_of(limit: Option<u64>) -> Result<usize, QueryError> {
    match limit {
        Some(0) => Err(QueryError::Params("limit: must be at least 1".to_owned())),
        // A limit beyond the address space can never be reached.
        limit => Ok(usize::try_from(limit.unwrap_or(ITEMS_DEFAULT)).unwrap_or(usize::MAX)),
    }
}

/// Returns one page of a list.
///
/// # Errors
/// As [`start_of`] and [`size_of`].
pub fn take_page<T>(all: Vec<T>, limit: Option<u64>, cursor: Option<&str>) -> Result<ItemPage<T>, QueryError> {
    let (start, size) = (start_of(cursor)?, size_of(limit)?);
    let total = all.len();
    let items: Vec<T> = all.into_iter().skip(start).take(size).collect();
    let end = start.saturating_add(items.len());
    // A cursor beyond the end gives an empty page, which must not point at itself.
    let next_cursor = (end < total && !items.is_empty()).then(|| end.to_string());
    Ok(ItemPage { items, total: total as u64, next_cursor })
}

/// A page of a list.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ListAnswer<T> {
    /// The items of the page.
    pub items: Vec<T>,
    /// Total number of items on all pages.
    pub total: u64,
    /// Cursor of the next page; null on the last page.
    pub next_cursor: Option<String>,
    /// Summary in one sentence.
    pub summary: String,
}

impl<T> ListAnswer<T> {
    /// Returns the answer for a page; `plural` names its items in the summary.
    #[must_use]
    pub fn from_page(page: ItemPage<T>, plural: &str) -> Self {
        let ItemPage { items, total, next_cursor } = page;
        let summary = format!("{} of {total} {plural}", items.len());
        Self { items, total, next_cursor, summary }
    }
}

/// A query that one scan answers: a function makes an item of each row, and another the answer of all items.
pub struct OneScan<P, T> {
    params: P,
    scan: Option<ScanRequest>,
    found: Vec<T>,
    take: fn(&P, &Row<'_>) -> Option<T>,
    finish: fn(P, Vec<T>) -> Result<QueryAnswer, QueryError>,
}

impl<P: 'static, T: 'static> OneScan<P, T> {
    /// Starts the query.
    #[must_use]
    pub fn start_run(
        params: P,
        scan: ScanRequest,
        take: fn(&P, &Row<'_>) -> Option<T>,
        finish: fn(P, Vec<T>) -> Result<QueryAnswer, QueryError>,
    ) -> Box<dyn QueryRun> {
        Box::new(Self { params, scan: Some(scan), found: Vec::new(), take, finish })
    }
}

impl<P, T> ScanReader for OneScan<P, T> {
    fn next_scan(&mut self) -> Option<ScanRequest> {
        self.scan.take()
    }

    fn take_rows(&mut self, rows: &[Row<'_>]) -> ControlFlow<()> {
        let (take, params) = (self.take, &self.params);
        self.found.extend(rows.iter().filter_map(|row| take(params, row)));
        ControlFlow::Continue(())
    }
}

impl<P, T> QueryRun for OneScan<P, T> {
    fn finish(self: Box<Self>) -> Result<QueryAnswer, QueryError> {
        (self.finish)(self.params, self.found)
    }
}
