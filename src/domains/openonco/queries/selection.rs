//! Which records a call is about, and how they are found: at most as many are kept as the answer shows.

use std::collections::{BTreeSet, BinaryHeap};

use super::conditions::Condition;
use super::facts::PageBounds;
use crate::domain::scan::ScanRequest;
use crate::domains::openonco::categories::Category;
use crate::domains::openonco::schema::TESTS;
use crate::domains::openonco::text::folding::{equals_folded, find_nearest, fold_text};
use crate::model::{Filter, Row, Value};

/// A record that was chosen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Chosen {
    pub(super) id: String,
    pub(super) record: i64,
    pub(super) name: String,
    pub(super) vendor: String,
}

impl Chosen {
    fn from_row(row: &Row<'_>) -> Self {
        let text = |column: &str| row.text(column).unwrap_or_default().to_owned();
        Self {
            id: text("id"),
            record: row.integer("record").unwrap_or_default(),
            name: text("name"),
            vendor: text("vendor"),
        }
    }
}

/// Returns the filter for the records of a category.
pub(super) fn of_category(category: &Category) -> Filter {
    Filter::In { column: "category".to_owned(), values: [Value::Text(category.id.to_owned())].into() }
}

/// Finds the records that pass conditions, in the order of their ids; keeps those of one page.
#[derive(Debug)]
pub(super) struct SearchSelection {
    pub(super) conditions: Vec<Condition>,
    pub(super) bounds: PageBounds,
    pub(super) total: u64,
    kept: BinaryHeap<(String, i64)>,
}

impl SearchSelection {
    pub(super) fn new(conditions: Vec<Condition>, bounds: PageBounds) -> Self {
        Self { conditions, bounds, total: 0, kept: BinaryHeap::new() }
    }

    /// Returns the scan that finds them.
    pub(super) fn scan(&self, category: &Category) -> ScanRequest {
        // With the column of the filter: a target then hands on row by row, and holds none.
        let mut columns = vec!["record", "category", "id"];
        columns.extend(self.conditions.iter().map(|condition| condition.column));
        let columns: BTreeSet<&str> = columns.into_iter().collect();
        let columns: Vec<&str> = columns.into_iter().collect();
        ScanRequest::every_row(TESTS, &columns).filter(of_category(category))
    }

    /// Takes a row.
    pub(super) fn take_row(&mut self, row: &Row<'_>) {
        if !self.conditions.iter().all(|condition| condition.holds(row)) {
            return;
        }
        self.total += 1;
        let (id, record) = (row.text("id").unwrap_or_default(), row.integer("record").unwrap_or_default());
        let most = self.bounds.start.saturating_add(self.bounds.size);
        let is_full = self.kept.len() as u64 >= most;
        // The largest of those kept stands on top: what is larger has no place on this page or before it.
        if is_full && self.kept.peek().is_none_or(|(last, of)| (last.as_str(), *of) <= (id, record)) {
            return;
        }
        self.kept.push((id.to_owned(), record));
        if is_full {
            self.kept.pop();
        }
    }

    /// Returns the records of the page, in the order of their ids.
    pub(super) fn records(&mut self) -> Vec<i64> {
        let kept = std::mem::take(&mut self.kept).into_sorted_vec();
        let start = usize::try_from(self.bounds.start).unwrap_or(usize::MAX);
        kept.into_iter().skip(start).map(|(_, record)| record).collect()
    }
}

/// What a person named: ids or names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NamedBy {
    /// By ids.
    Id,
    /// By names.
    Name,
}

/// Finds the records that a person named.
#[derive(Debug)]
pub(super) struct NamedSelection {
    pub(super) by: NamedBy,
    pub(super) asked: Vec<String>,
    strict: bool,
    /// The records found for each of those asked for.
    pub(super) found: Vec<Vec<Chosen>>,
    /// All ids and names, for the nearest ones; only of what a second reading saw.
    known: Vec<String>,
}

/// The most ids and names that are kept for the nearest ones.
const KNOWN_MAX: usize = 20_000;

impl NamedSelection {
    pub(super) fn new(by: NamedBy, asked: Vec<String>, strict: bool) -> Self {
        let found = vec![Vec::new(); asked.len()];
        Self { by, asked, strict, found, known: Vec::new() }
    }

    /// Returns the scan that finds them: of ids those alone, which the database finds by itself.
    pub(super) fn first_scan(&self, category: &Category) -> ScanRequest {
        let columns = ["record", "category", "id", "name", "vendor"];
        let filter = match self.by {
            NamedBy::Id => {
                let ids = self.asked.iter().map(|id| Value::Text(id.trim().to_owned())).collect();
                Filter::In { column: "id".to_owned(), values: ids }
            }
            NamedBy::Name => of_category(category),
        };
        ScanRequest::every_row(TESTS, &columns).filter(filter)
    }

    /// Returns the scan that looks for those that were not found, and for their neighbours; `None` where all were.
    pub(super) fn second_scan(&self, category: &Category) -> Option<ScanRequest> {
        let is_missing = self.found.iter().any(Vec::is_empty);
        let columns = ["record", "category", "id", "name", "vendor"];
        // The original says nothing about what it does not find.
        (is_missing && !self.strict).then(|| ScanRequest::every_row(TESTS, &columns).filter(of_category(category)))
    }

    /// Takes a row of the first scan.
    pub(super) fn take_first(&mut self, category: &Category, row: &Row<'_>) {
        if row.text("category") != Some(category.id) {
            return;
        }
        for at in 0..self.asked.len() {
            if self.is_asked(at, row)
                && let Some(found) = self.found.get_mut(at)
            {
                found.push(Chosen::from_row(row));
            }
        }
    }

    fn is_asked(&self, at: usize, row: &Row<'_>) -> bool {
        let Some(asked) = self.asked.get(at) else { return false };
        match (self.by, self.strict) {
            (NamedBy::Id, _) => row.text("id") == Some(asked.trim()),
            (NamedBy::Name, true) => row
                .text("name")
                .is_some_and(|name| super::conditions::is_like(&name.to_lowercase(), &asked.to_lowercase())),
            (NamedBy::Name, false) => row.text("name").is_some_and(|name| equals_folded(name, &fold_text(asked))),
        }
    }

    /// Takes a row of the second scan: an id spelled in another way counts, if nothing has the id as it was given.
    pub(super) fn take_second(&mut self, row: &Row<'_>) {
        for column in ["id", "name"] {
            if self.known.len() < KNOWN_MAX {
                self.known.extend(row.text(column).map(str::to_owned));
            }
        }
        if self.by == NamedBy::Name {
            return;
        }
        for (asked, found) in self.asked.iter().zip(&mut self.found) {
            let is_new = found.iter().all(|one| fold_text(&one.id) == fold_text(asked) && one.id != *asked);
            if is_new && row.text("id").is_some_and(|id| id != asked && equals_folded(id, &fold_text(asked))) {
                found.push(Chosen::from_row(row));
            }
        }
    }

    /// Returns what was asked for and not found, each with the nearest known ones.
    pub(super) fn unknown(&self) -> Vec<(String, Vec<String>)> {
        let missing = self.asked.iter().zip(&self.found).filter(|(_, found)| found.is_empty());
        missing.map(|(asked, _)| (asked.clone(), find_nearest(asked, self.known.iter().map(String::as_str)))).collect()
    }
}
