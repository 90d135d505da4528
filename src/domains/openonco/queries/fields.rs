//! What a category's records consist of: every field, how many records have it, and what it holds.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use serde_json::{Value as Json, json};

use super::arguments::Arguments;
use super::facts::{CatalogueFacts, PageBounds, list_answer};
use super::records::read_bounds;
use super::selection::of_category;
use crate::domain::query::{QueryAnswer, QueryError, QueryRun};
use crate::domain::scan::{ScanReader, ScanRequest};
use crate::domains::openonco::categories::Category;
use crate::domains::openonco::schema::SOURCES;
use crate::domains::openonco::source;
use crate::model::Row;

/// The number of fields of an answer without a `limit`: more than any published category has.
const FIELDS_DEFAULT: u64 = 200;
/// The most fields that are told apart.
const FIELDS_MAX: usize = 10_000;

/// What is known of a field.
#[derive(Default)]
struct FieldFacts {
    /// The number of records in which it has a value other than null, an empty text or an empty list.
    filled: u64,
    types: BTreeSet<&'static str>,
}

struct FieldsRun {
    category: &'static Category,
    bounds: PageBounds,
    facts: CatalogueFacts,
    has_facts: bool,
    is_done: bool,
    records: u64,
    fields: BTreeMap<String, FieldFacts>,
    failed: Option<QueryError>,
}

/// Starts a look at the fields of a category.
pub(super) fn start_fields(
    arguments: &Arguments,
    category: &'static Category,
) -> Result<Box<dyn QueryRun>, QueryError> {
    let mut bounds = read_bounds(arguments)?;
    if !arguments.has("limit") {
        bounds.size = FIELDS_DEFAULT;
    }
    Ok(Box::new(FieldsRun {
        category,
        bounds,
        facts: CatalogueFacts::default(),
        has_facts: false,
        is_done: false,
        records: 0,
        fields: BTreeMap::new(),
        failed: None,
    }))
}

impl ScanReader for FieldsRun {
    fn next_scan(&mut self) -> Option<ScanRequest> {
        if self.failed.is_some() || self.is_done {
            return None;
        }
        if !self.has_facts {
            return Some(CatalogueFacts::scan());
        }
        Some(ScanRequest::every_row(SOURCES, &["record", "category", "text"]).filter(of_category(self.category)))
    }

    fn take_rows(&mut self, rows: &[Row<'_>]) -> ControlFlow<()> {
        for row in rows {
            if self.has_facts { self.take_record(row) } else { self.facts.take_row(row) }
        }
        ControlFlow::Continue(())
    }

    fn end_scan(&mut self) {
        self.is_done = self.has_facts;
        self.has_facts = true;
        if !self.is_done {
            self.failed = self.facts.check_loaded(self.category).err();
        }
    }
}

impl FieldsRun {
    fn take_record(&mut self, row: &Row<'_>) {
        self.records += 1;
        let fields = row.text("text").and_then(source::parse_object).unwrap_or_default();
        for (name, value) in fields {
            if self.fields.len() >= FIELDS_MAX && !self.fields.contains_key(&name) {
                continue;
            }
            let field = self.fields.entry(name).or_default();
            if let Some(kind) = kind_of(&value) {
                field.filled += 1;
                field.types.insert(kind);
            }
        }
    }
}

/// Returns what a value is; `None` for what says nothing.
fn kind_of(value: &Json) -> Option<&'static str> {
    match value {
        Json::Null => None,
        Json::Bool(_) => Some("boolean"),
        Json::Number(_) => Some("number"),
        Json::String(text) => (!text.is_empty()).then_some("text"),
        Json::Array(list) => (!list.is_empty()).then_some("list"),
        Json::Object(_) => Some("object"),
    }
}

impl QueryRun for FieldsRun {
    fn finish(self: Box<Self>) -> Result<QueryAnswer, QueryError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let mut fields: Vec<(&String, &FieldFacts)> = self.fields.iter().collect();
        fields.sort_by(|one, other| other.1.filled.cmp(&one.1.filled).then(one.0.cmp(other.0)));
        let total = fields.len() as u64;
        let start = usize::try_from(self.bounds.start).unwrap_or(usize::MAX);
        let size = usize::try_from(self.bounds.size).unwrap_or(usize::MAX);
        let mut items = Vec::new();
        for (name, field) in fields.into_iter().skip(start).take(size) {
            let types: Vec<&str> = field.types.iter().copied().collect();
            let percent = (field.filled * 100).checked_div(self.records).unwrap_or(0);
            items.push(json!({"field": name, "filled": field.filled, "percent": percent, "types": types}));
        }
        let next = self.bounds.next(items.len() as u64, total);
        let mut data = list_answer(&self.facts, false, items, total, next, "fields");
        data.insert("category".to_owned(), json!(self.category.id));
        data.insert("tests".to_owned(), json!(self.records));
        Ok(QueryAnswer { data })
    }
}
