//! What an export shows of a cell, a key and a row's digest; knows no format.

use mfm_journal::{Change, TableShape, Value};
use serde_json::{Map, Value as Json, json};

use crate::domains;
use crate::ops::cell;

/// What stands in place of what is not shown; no cell has this form.
const MARK: &str = "$redacted";

/// Which cells are shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Redaction {
    all: bool,
    redacted: u64,
}

/// How a change is shown: the cells that it sets, before and after, in the order of the columns.
pub(super) struct ShownChange {
    pub(super) key: Json,
    pub(super) before: Option<Vec<ShownCell>>,
    pub(super) after: Option<Vec<ShownCell>>,
    pub(super) before_digest: Json,
    pub(super) after_digest: Json,
}

/// A cell, and the class in which the database stores it.
pub(super) struct ShownCell {
    pub(super) json: Json,
    pub(super) class: &'static str,
}

impl Redaction {
    /// Shows everything, or what neither identifies a person nor is unknown.
    pub(super) const fn new(all: bool) -> Self {
        Self { all, redacted: 0 }
    }

    /// Returns the word for it.
    pub(super) const fn word(self) -> &'static str {
        if self.all { "none" } else { "identifying" }
    }

    /// Returns how many cells were not shown.
    pub(super) const fn redacted_cells(self) -> u64 {
        self.redacted
    }

    fn shows_cell(self, table: &str, column: &str) -> bool {
        self.all || domains::disclosable_content(table, column).is_some()
    }

    /// Returns a key by its columns.
    pub(super) fn redact_key(&mut self, table: &str, columns: &[String], key: &[Value]) -> Json {
        let shown =
            columns.iter().zip(key).map(|(column, value)| (column.clone(), self.redact_cell(table, column, value)));
        Json::Object(shown.collect::<Map<_, _>>())
    }

    /// Returns a cell; NULL is always shown, everything else that is redacted looks the same but for its class.
    fn redact_cell(&mut self, table: &str, column: &str, value: &Value) -> Json {
        if value.is_null() || self.shows_cell(table, column) {
            return cell::to_json(value);
        }
        self.redacted += 1;
        json!({ MARK: value.class() })
    }

    /// Returns a change.
    pub(super) fn redact_change(&mut self, change: &Change) -> ShownChange {
        let table = change.table.name.as_str();
        let digests = self.shows_digests(&change.table);
        let digest = |digest: Option<mfm_journal::Digest>| match digest {
            None => Json::Null,
            Some(digest) if digests => json!(digest),
            Some(_) => json!({ MARK: "digest" }),
        };
        let (before_digest, after_digest) = (digest(change.before_digest()), digest(change.after_digest()));
        let names = change.column_names();
        let mut cells = |values: &[Value]| -> Vec<ShownCell> {
            let one = |(name, value): (&&str, &Value)| ShownCell {
                json: self.redact_cell(table, name, value),
                class: value.class(),
            };
            names.iter().zip(values).map(one).collect()
        };
        let (before, after) = (change.cells_before().map(&mut cells), change.cells_after().map(&mut cells));
        let key = self.redact_key(table, &change.table.key, &change.key);
        ShownChange { key, before, after, before_digest, after_digest }
    }

    /// A digest covers the whole row: beside it, a redacted cell with few possible values could be guessed.
    fn shows_digests(self, shape: &TableShape) -> bool {
        shape.columns.iter().all(|column| self.shows_cell(&shape.name, &column.name))
    }
}
