//! Completes the beginning of an id, a name, a vendor or a cancer type.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use serde_json::json;

use super::arguments::Arguments;
use super::conditions::list_texts;
use super::facts::{CatalogueFacts, list_answer};
use crate::domain::query::{QueryAnswer, QueryError, QueryRun};
use crate::domain::scan::{ScanReader, ScanRequest};
use crate::domains::openonco::categories::{CATEGORIES, Category};
use crate::domains::openonco::schema::TESTS;
use crate::domains::openonco::text::folding::fold_text;
use crate::model::Row;

/// The most words of an answer, as the protocol of agents has it.
const WORDS_MAX: usize = 100;

/// What can be completed, and the column that holds it.
pub(super) static COMPLETED: [&str; 7] =
    ["id", "name", "vendor", "cancer_type", "category", "first_test", "second_test"];

struct CompleteRun {
    of: &'static str,
    prefix: String,
    category: Option<&'static Category>,
    step: u8,
    begins: BTreeSet<String>,
    holds: BTreeSet<String>,
    total: u64,
}

/// Starts a completion.
pub(super) fn start_completion(
    arguments: &Arguments,
    category: Option<&'static Category>,
) -> Result<Box<dyn QueryRun>, QueryError> {
    let Some(of) = arguments.word("of", &COMPLETED)? else {
        return Err(QueryError::Missing(format!("of is missing: one of {}", COMPLETED.join(", "))));
    };
    // An empty beginning is that of every word.
    let prefix = arguments.text("prefix").ok().flatten().map(fold_text).unwrap_or_default();
    let (begins, holds) = (BTreeSet::new(), BTreeSet::new());
    Ok(Box::new(CompleteRun { of, prefix, category, step: 0, begins, holds, total: 0 }))
}

impl CompleteRun {
    const fn column(&self) -> &'static str {
        match self.of.as_bytes() {
            b"id" => "id",
            b"vendor" => "vendor",
            b"cancer_type" => "cancer_types",
            b"category" => "category",
            _ => "name",
        }
    }

    fn take_word(&mut self, word: &str) {
        let folded = fold_text(word);
        let words = if folded.starts_with(&self.prefix) {
            &mut self.begins
        } else if folded.contains(&self.prefix) {
            &mut self.holds
        } else {
            return;
        };
        if words.contains(word) {
            return;
        }
        self.total += 1;
        words.insert(word.to_owned());
        if words.len() > WORDS_MAX {
            words.pop_last();
        }
    }
}

impl ScanReader for CompleteRun {
    fn next_scan(&mut self) -> Option<ScanRequest> {
        // Ids and names are as many as the tests; of the rest the database counts the different ones.
        let columns = ["category", self.column()];
        (self.step == 0).then(|| match self.of {
            "id" | "name" | "first_test" | "second_test" => ScanRequest::every_row(TESTS, &columns),
            "category" => ScanRequest::count_by(TESTS, &["category"]),
            _ => ScanRequest::count_by(TESTS, &columns),
        })
    }

    fn take_rows(&mut self, rows: &[Row<'_>]) -> ControlFlow<()> {
        for row in rows {
            let is_other = self.category.is_some_and(|category| row.text("category") != Some(category.id));
            let Some(text) = row.text(self.column()).filter(|_| !is_other) else { continue };
            if self.of == "cancer_type" {
                let types = list_texts(text);
                types.iter().filter_map(|item| item.as_str()).for_each(|item| self.take_word(item));
            } else {
                self.take_word(text);
            }
        }
        ControlFlow::Continue(())
    }

    fn end_scan(&mut self) {
        self.step += 1;
    }
}

impl QueryRun for CompleteRun {
    fn finish(self: Box<Self>) -> Result<QueryAnswer, QueryError> {
        let words = self.begins.iter().chain(&self.holds).take(WORDS_MAX);
        let items = words.map(|word| json!(word)).collect();
        let facts = CatalogueFacts::default();
        Ok(QueryAnswer { data: list_answer(&facts, true, items, self.total, None, "words") })
    }
}

/// Decides which further groups are offered: those of any category, where one is loaded that has no tools of its own.
pub(in crate::domains::openonco) fn decide_groups(
    categories: &serde_json::Map<String, serde_json::Value>,
) -> Vec<&'static str> {
    let items = categories.get("items").and_then(|items| items.as_array()).into_iter().flatten();
    let mut ids = items.filter_map(|item| item.get("id")?.as_str());
    let own = &crate::domains::openonco::categories::SPECIFIED;
    let known = |id: &str| CATEGORIES.iter().any(|category| category.id == id);
    let is_further = ids.any(|id| known(id) && own.iter().all(|category| category.id != id));
    if is_further { vec![super::ANY_CATEGORY] } else { Vec::new() }
}
