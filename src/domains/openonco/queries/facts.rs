//! What is loaded: the files, how many records each has, where they come from and from when they are.

use serde_json::{Map, Value as Json, json};

use crate::domain::query::QueryError;
use crate::domain::scan::ScanRequest;
use crate::domains::openonco::categories::{CATEGORIES, Category};
use crate::domains::openonco::schema::FILES;
use crate::model::Row;

/// What is loaded.
#[derive(Clone, Debug, Default)]
pub(super) struct CatalogueFacts {
    loaded: Vec<String>,
    origin: Option<String>,
    snapshot: Option<String>,
    digest: Option<String>,
}

impl CatalogueFacts {
    /// Returns the scan that reads them.
    pub(super) fn scan() -> ScanRequest {
        ScanRequest::every_row(FILES, &["number", "category", "origin", "snapshot", "digest"])
    }

    /// Takes the row of a file.
    pub(super) fn take_row(&mut self, row: &Row<'_>) {
        let text = |column: &str| row.text(column).map(str::to_owned);
        self.loaded.extend(text("category"));
        self.origin = self.origin.take().or_else(|| text("origin"));
        self.snapshot = self.snapshot.take().or_else(|| text("snapshot"));
        self.digest = self.digest.take().or_else(|| text("digest"));
    }

    /// Returns the categories that are loaded, in the order of lists.
    pub(super) fn categories(&self) -> impl Iterator<Item = &'static Category> {
        CATEGORIES.iter().copied().filter(|category| self.has(category))
    }

    /// Tells whether a category is loaded.
    pub(super) fn has(&self, category: &Category) -> bool {
        self.loaded.iter().any(|id| id == category.id)
    }

    /// Refuses a category that is not loaded: nothing is known about its tests.
    pub(super) fn check_loaded(&self, category: &Category) -> Result<(), QueryError> {
        if self.has(category) {
            return Ok(());
        }
        let near = self.categories().map(|category| category.id.to_owned()).collect();
        Err(QueryError::Unknown { what: "loaded category", given: category.id.to_owned(), near })
    }

    /// Returns where the answer comes from, on which terms, and from when it is.
    pub(super) fn source(&self) -> String {
        let origin = self.origin.as_deref().unwrap_or("unknown origin");
        let snapshot = match (&self.snapshot, &self.digest) {
            (Some(at), _) => format!("exported {}", at.get(..10).unwrap_or(at)),
            (None, Some(digest)) => format!("first file sha256 {}", digest.get(..12).unwrap_or(digest)),
            (None, None) => "of an unknown day".to_owned(),
        };
        format!("{origin}; {snapshot}; not medical advice")
    }
}

/// Builds the answer of a list: its items, how many there are in all, and where the next page begins.
pub(super) fn list_answer(
    facts: &CatalogueFacts,
    strict: bool,
    items: Vec<Json>,
    total: u64,
    next: Option<u64>,
    what: &str,
) -> Map<String, Json> {
    let mut answer = Map::new();
    answer.insert("total".to_owned(), json!(total));
    answer.insert("returned".to_owned(), json!(items.len()));
    if !strict {
        answer.insert("summary".to_owned(), json!(format!("{} of {total} {what}", items.len())));
        answer.insert("source".to_owned(), json!(facts.source()));
        answer.extend(next.map(|next| ("next_cursor".to_owned(), json!(next.to_string()))));
    }
    answer.insert("items".to_owned(), Json::Array(items));
    answer
}

/// A page of a list: where it begins, and how many items it has at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PageBounds {
    pub(super) start: u64,
    pub(super) size: u64,
}

impl PageBounds {
    /// Returns where the next page begins, if this one leaves something.
    pub(super) const fn next(self, returned: u64, total: u64) -> Option<u64> {
        let end = self.start.saturating_add(returned);
        if end < total && returned > 0 { Some(end) } else { None }
    }
}
