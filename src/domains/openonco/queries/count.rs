//! How many tests there are of each kind.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde_json::{Map, Value as Json, json};

use super::arguments::{Arguments, wrong};
use super::conditions::{Condition, text_condition};
use super::facts::{CatalogueFacts, PageBounds, list_answer};
use super::parameters::COUNT_FILTERS;
use super::records::read_bounds;
use super::selection::of_category;
use crate::domain::query::{QueryAnswer, QueryError, QueryRun};
use crate::domain::scan::{ScanReader, ScanRequest};
use crate::domains::openonco::categories::Category;
use crate::domains::openonco::schema::TESTS;
use crate::domains::openonco::text::folding::find_nearest;
use crate::domains::openonco::text::vendors;
use crate::model::{Row, Value};

/// The number of groups of an answer without a `limit`.
const GROUPS_DEFAULT: u64 = 100;

/// The fields that can be counted by, and their columns.
const GROUPED: [(&str, &str); 11] = [
    ("vendor", "vendor"),
    ("vendorName", "vendor"),
    ("approach", "approach"),
    ("fdaStatus", "fda_status"),
    ("requiresTumorTissue", "requires_tumor"),
    ("reimbursement", "reimbursement"),
    ("testScope", "test_scope"),
    ("productType", "product_type"),
    ("sampleCategory", "sample_category"),
    ("isDiscontinued", "discontinued"),
    ("regulatoryClass", "regulatory_class"),
];

/// The fields that the original cannot count by.
const DERIVED: [&str; 2] = ["regulatoryClass", "vendorGroup"];

struct CountRun {
    category: &'static Category,
    strict: bool,
    /// The field that is counted by, and its column; `None` for all together.
    group: Option<(String, &'static str)>,
    conditions: Vec<Condition>,
    bounds: PageBounds,
    facts: CatalogueFacts,
    has_facts: bool,
    is_done: bool,
    counts: BTreeMap<String, u64>,
    total: u64,
    failed: Option<QueryError>,
}

/// Starts a count.
pub(super) fn start_count(arguments: &Arguments, category: &'static Category) -> Result<Box<dyn QueryRun>, QueryError> {
    let strict = arguments.is_strict();
    let group = match arguments.text("group_by")? {
        Some(field) => Some(find_group(category, field.trim(), strict)?),
        None => None,
    };
    let mut conditions = Vec::new();
    for (name, plain) in COUNT_FILTERS {
        if let Some(text) = arguments.text(name)? {
            conditions.push(text_condition(plain, text, strict));
        }
    }
    let mut bounds = read_bounds(arguments)?;
    if strict || !arguments.has("limit") {
        bounds.size = if strict { u64::MAX } else { GROUPS_DEFAULT };
    }
    Ok(Box::new(CountRun {
        category,
        strict,
        group,
        conditions,
        bounds,
        facts: CatalogueFacts::default(),
        has_facts: false,
        is_done: false,
        counts: BTreeMap::new(),
        total: 0,
        failed: None,
    }))
}

/// Finds the column of a field that a category can be counted by.
fn find_group(category: &Category, field: &str, strict: bool) -> Result<(String, &'static str), QueryError> {
    let known: Vec<&str> =
        category.groups.iter().copied().filter(|group| !(strict && DERIVED.contains(group))).collect();
    let Some(field) = known.iter().find(|known| **known == field) else {
        let near = find_nearest(field, known.iter().copied());
        let near = if near.is_empty() { known.join(", ") } else { near.join(", ") };
        let what =
            format!("{}s cannot be counted by `{}`; nearest: {near}", category.word, super::arguments::shorten(field));
        return Err(wrong("group_by", &what));
    };
    if let Some((_, column)) = GROUPED.iter().find(|(name, _)| name == field) {
        return Ok(((*field).to_owned(), column));
    }
    // The group of a vendor is read off its name.
    Ok(((*field).to_owned(), "vendor"))
}

impl ScanReader for CountRun {
    fn next_scan(&mut self) -> Option<ScanRequest> {
        if self.failed.is_some() || self.is_done {
            return None;
        }
        if !self.has_facts {
            return Some(CatalogueFacts::scan());
        }
        let mut columns = vec!["record", "category"];
        columns.extend(self.group.as_ref().map(|(_, column)| *column));
        columns.extend(self.conditions.iter().map(|condition| condition.column));
        columns.sort_unstable();
        columns.dedup();
        Some(ScanRequest::every_row(TESTS, &columns).filter(of_category(self.category)))
    }

    fn take_rows(&mut self, rows: &[Row<'_>]) -> ControlFlow<()> {
        for row in rows {
            if !self.has_facts {
                self.facts.take_row(row);
            } else if self.conditions.iter().all(|condition| condition.holds(row)) {
                self.count_row(row);
            }
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

impl CountRun {
    fn count_row(&mut self, row: &Row<'_>) {
        self.total += 1;
        let Some((field, column)) = &self.group else { return };
        let value = group_value(field, row.cell(column));
        match self.counts.get_mut(&value) {
            Some(count) => *count += 1,
            None => drop(self.counts.insert(value, 1)),
        }
    }
}

/// Returns the name of a value's group; what is absent is counted as `null`, as the original does.
fn group_value(field: &str, value: Option<&Value>) -> String {
    match (field, value) {
        ("isDiscontinued", Some(Value::Integer(flag))) => (*flag != 0).to_string(),
        ("vendorGroup", Some(Value::Text(vendor))) => vendors::group_of(vendor),
        (_, Some(Value::Text(text))) => text.clone(),
        (_, Some(Value::Integer(number))) => number.to_string(),
        _ => "null".to_owned(),
    }
}

impl QueryRun for CountRun {
    fn finish(self: Box<Self>) -> Result<QueryAnswer, QueryError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let Some((field, _)) = &self.group else {
            if self.strict {
                return Ok(QueryAnswer { data: Map::from_iter([("total".to_owned(), json!(self.total))]) });
            }
            let mut data = list_answer(&self.facts, self.strict, Vec::new(), self.total, None, "groups");
            data.insert("summary".to_owned(), json!(format!("{} {}s", self.total, self.category.word)));
            return Ok(QueryAnswer { data });
        };
        let mut groups: Vec<(&String, &u64)> = self.counts.iter().collect();
        groups.sort_by(|one, other| other.1.cmp(one.1).then(one.0.cmp(other.0)));
        let start = usize::try_from(self.bounds.start).unwrap_or(usize::MAX);
        let size = usize::try_from(self.bounds.size).unwrap_or(usize::MAX);
        let page: Vec<(&String, &u64)> = groups.iter().copied().skip(start).take(size).collect();
        let by: Map<String, Json> = page.iter().map(|(value, count)| ((*value).clone(), json!(count))).collect();
        let name = format!("by_{field}");
        if self.strict {
            let data = Map::from_iter([("total".to_owned(), json!(self.total)), (name, Json::Object(by))]);
            return Ok(QueryAnswer { data });
        }
        let items: Vec<Json> = page.iter().map(|(value, count)| json!({"value": value, "count": count})).collect();
        let next = self.bounds.next(items.len() as u64, groups.len() as u64);
        let mut data = list_answer(&self.facts, false, items, self.total, next, "groups");
        data.insert("groups".to_owned(), json!(groups.len()));
        data.insert(
            "summary".to_owned(),
            json!(format!("{} {}s in {} groups", self.total, self.category.word, groups.len())),
        );
        data.insert(name, Json::Object(by));
        Ok(QueryAnswer { data })
    }
}
