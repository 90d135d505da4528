//! The answers of a search, a look at one record, and a comparison.

use serde_json::{Map, Value as Json, json};

use super::{Projection, RecordsRun};
use crate::domain::query::QueryError;
use crate::domains::openonco::queries::answer;
use crate::domains::openonco::queries::arguments::{shorten, wrong};
use crate::domains::openonco::queries::facts::list_answer;
use crate::domains::openonco::queries::selection::{Chosen, NamedSelection, SearchSelection};
use crate::domains::openonco::text::folding::{equals_folded, fold_text};

impl RecordsRun {
    pub(super) fn answer_search(&self, search: &SearchSelection) -> Map<String, Json> {
        let items = self.show_chosen();
        let next = search.bounds.next(items.len() as u64, search.total);
        let what = format!("{}s", self.category.word);
        list_answer(&self.facts, self.strict, items, search.total, next, &what)
    }

    pub(super) fn answer_get(&self, named: &NamedSelection) -> Result<Map<String, Json>, QueryError> {
        let found: Vec<&Chosen> = named.found.iter().flatten().collect();
        let record = self.chosen.first().and_then(|record| self.records.get(record));
        let Some(record) = record else { return Err(self.not_found(named)) };
        if self.strict {
            return Ok(self.show_record(record));
        }
        if found.len() > 1 {
            return Ok(self.answer_candidates(named, &found));
        }
        if let (Some(name), Some(one)) = (&self.named_too, found.first())
            && !equals_folded(&one.name, &fold_text(name))
        {
            return Err(wrong("name", &format!("it contradicts id: {} is named {}", one.id, one.name)));
        }
        let mut row = self.show_record(record);
        let mut about = Map::new();
        about.insert("category".to_owned(), json!(self.category.id));
        about.insert("source".to_owned(), json!(self.facts.source()));
        about.extend(answer::list_remarks(self.category, record, &row, true));
        row.insert("catalogue".to_owned(), Json::Object(about));
        Ok(row)
    }

    /// Answers a name that several records have: with these, instead of one that may not be meant.
    fn answer_candidates(&self, named: &NamedSelection, found: &[&Chosen]) -> Map<String, Json> {
        let items: Vec<Json> =
            found.iter().map(|one| json!({"id": one.id, "name": one.name, "vendor": one.vendor})).collect();
        let asked = named.asked.first().map(String::as_str).unwrap_or_default();
        let mut answer = list_answer(&self.facts, false, items, found.len() as u64, None, "tests");
        let summary = format!(
            "{} {}s have the name `{asked}`: call again with one of their ids",
            found.len(),
            self.category.word
        );
        answer.insert("ambiguous".to_owned(), json!(true));
        answer.insert("summary".to_owned(), json!(summary));
        answer
    }

    fn not_found(&self, named: &NamedSelection) -> QueryError {
        let near = named.unknown().into_iter().next().map(|(_, near)| near).unwrap_or_default();
        let given = named.asked.first().map(|asked| shorten(asked)).unwrap_or_default();
        QueryError::Unknown { what: self.category.word, given, near }
    }

    pub(super) fn answer_comparison(&self, named: &NamedSelection) -> Result<Map<String, Json>, QueryError> {
        let items = self.show_chosen();
        let unknown = named.unknown();
        if self.total == 0 && !self.strict {
            return Err(self.not_found(named));
        }
        let next = self.bounds.next(items.len() as u64, self.total);
        let what = format!("{}s", self.category.word);
        let mut answer = list_answer(&self.facts, self.strict, items, self.total, next, &what);
        if self.strict {
            return Ok(answer);
        }
        if let Projection::Named(fields) = &self.projection {
            let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
            answer.insert("units".to_owned(), Json::Object(answer::units_of(&fields)));
        }
        if !unknown.is_empty() {
            let unknown: Vec<Json> =
                unknown.iter().map(|(asked, near)| json!({"asked": asked, "nearest": near})).collect();
            answer.insert("unknown".to_owned(), json!(unknown));
        }
        Ok(answer)
    }
}
