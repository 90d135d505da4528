//! Lists of what occurs: vendors, cancer types, categories.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use serde_json::{Map, Value as Json, json};

use super::arguments::Arguments;
use super::conditions::list_texts;
use super::facts::{CatalogueFacts, PageBounds, list_answer};
use super::records::read_bounds;
use crate::domain::query::{QueryAnswer, QueryError, QueryRun};
use crate::domain::scan::{ScanReader, ScanRequest};
use crate::domains::openonco::categories::{CATEGORIES, Category};
use crate::domains::openonco::schema::TESTS;
use crate::domains::openonco::text::vendors;
use crate::model::Row;

/// The number of items of an answer without a `limit`.
const ITEMS_DEFAULT: u64 = 150;

/// What is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Listed {
    Vendors,
    CancerTypes,
    Categories,
}

struct ListRun {
    listed: Listed,
    strict: bool,
    /// `None` for every loaded category.
    category: Option<&'static Category>,
    bounds: PageBounds,
    facts: CatalogueFacts,
    has_facts: bool,
    is_done: bool,
    /// What occurs, in code-point order.
    values: BTreeSet<String>,
    /// The number of records, by category.
    counts: BTreeMap<String, u64>,
    failed: Option<QueryError>,
}

/// Starts the list of vendors.
pub(super) fn start_vendors(
    arguments: &Arguments,
    category: Option<&'static Category>,
) -> Result<Box<dyn QueryRun>, QueryError> {
    start_list(arguments, Listed::Vendors, category)
}

/// Starts the list of cancer types.
pub(super) fn start_cancer_types(
    arguments: &Arguments,
    category: Option<&'static Category>,
) -> Result<Box<dyn QueryRun>, QueryError> {
    start_list(arguments, Listed::CancerTypes, category)
}

/// Starts the list of categories.
pub(super) fn start_categories(arguments: &Arguments) -> Result<Box<dyn QueryRun>, QueryError> {
    start_list(arguments, Listed::Categories, None)
}

fn start_list(
    arguments: &Arguments,
    listed: Listed,
    category: Option<&'static Category>,
) -> Result<Box<dyn QueryRun>, QueryError> {
    let strict = arguments.is_strict();
    let mut bounds = read_bounds(arguments)?;
    if strict || !arguments.has("limit") {
        bounds.size = if strict { u64::MAX } else { ITEMS_DEFAULT };
    }
    Ok(Box::new(ListRun {
        listed,
        strict,
        category,
        bounds,
        facts: CatalogueFacts::default(),
        has_facts: false,
        is_done: false,
        values: BTreeSet::new(),
        counts: BTreeMap::new(),
        failed: None,
    }))
}

impl ScanReader for ListRun {
    fn next_scan(&mut self) -> Option<ScanRequest> {
        if self.failed.is_some() || self.is_done {
            return None;
        }
        if !self.has_facts {
            return Some(CatalogueFacts::scan());
        }
        // Counted by the database, because the same names come again and again.
        Some(match self.listed {
            Listed::Vendors => ScanRequest::count_by(TESTS, &["category", "vendor"]),
            Listed::CancerTypes => ScanRequest::count_by(TESTS, &["category", "cancer_types"]),
            Listed::Categories => ScanRequest::count_by(TESTS, &["category"]),
        })
    }

    fn take_rows(&mut self, rows: &[Row<'_>]) -> ControlFlow<()> {
        for row in rows {
            if self.has_facts { self.take_group(row) } else { self.facts.take_row(row) }
        }
        ControlFlow::Continue(())
    }

    fn end_scan(&mut self) {
        self.is_done = self.has_facts;
        self.has_facts = true;
        if let (false, Some(category)) = (self.is_done, self.category) {
            self.failed = self.facts.check_loaded(category).err();
        }
    }
}

impl ListRun {
    fn take_group(&mut self, row: &Row<'_>) {
        let id = row.text("category").unwrap_or_default();
        if self.category.is_some_and(|category| category.id != id) {
            return;
        }
        match self.listed {
            Listed::Vendors => self.values.extend(row.text("vendor").map(str::to_owned)),
            Listed::CancerTypes => {
                let types = row.text("cancer_types").map(list_texts).unwrap_or_default();
                self.values.extend(types.iter().filter_map(Json::as_str).map(str::to_owned));
            }
            Listed::Categories => {
                let count = row.integer("count").and_then(|count| u64::try_from(count).ok()).unwrap_or_default();
                self.counts.insert(id.to_owned(), count);
            }
        }
    }

    fn describe_categories(&self) -> Vec<Json> {
        let mut items = Vec::new();
        for category in CATEGORIES.iter().filter(|category| self.facts.has(category)) {
            items.push(json!({
                "id": category.id,
                "name": category.name,
                "shortName": category.short_name,
                "description": category.about,
                "testCount": self.counts.get(category.id).copied().unwrap_or(0),
            }));
        }
        items
    }

    /// Returns the vendors whose names mean one company, by its name.
    fn vendor_groups(&self) -> Map<String, Json> {
        let mut groups: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for vendor in &self.values {
            groups.entry(vendors::group_of(vendor)).or_default().push(vendor);
        }
        let several = groups.into_iter().filter(|(_, names)| names.len() > 1);
        several.map(|(group, names)| (group, json!(names))).collect()
    }
}

impl QueryRun for ListRun {
    fn finish(self: Box<Self>) -> Result<QueryAnswer, QueryError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if self.listed == Listed::Categories {
            let items = self.describe_categories();
            let total = items.len() as u64;
            return Ok(QueryAnswer { data: list_answer(&self.facts, self.strict, items, total, None, "categories") });
        }
        let total = self.values.len() as u64;
        let start = usize::try_from(self.bounds.start).unwrap_or(usize::MAX);
        let size = usize::try_from(self.bounds.size).unwrap_or(usize::MAX);
        let items: Vec<Json> = self.values.iter().skip(start).take(size).map(|value| json!(value)).collect();
        let next = self.bounds.next(items.len() as u64, total);
        let what = if self.listed == Listed::Vendors { "vendors" } else { "cancer types" };
        let mut data = list_answer(&self.facts, self.strict, items, total, next, what);
        let groups = self.vendor_groups();
        if self.listed == Listed::Vendors && !self.strict && !groups.is_empty() {
            data.insert("groups".to_owned(), Json::Object(groups));
        }
        Ok(QueryAnswer { data })
    }
}
