//! Redacts cells, keys and row digests in an export, independent of its form.

use mfm_journal::{Change, TableShape, Value};
use serde_json::{Map, Value as Json, json};

use crate::domains;
use crate::ops::cell;

/// The field of an object that replaces a redacted value; no shown cell has this form.
const MARK: &str = "$redacted";

/// Which cells are shown, and the number of those that were not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Redaction {
    all: bool,
    redacted: u64,
}

/// A change as exported: the cells that it sets, before and after, in the order of the columns.
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
    /// Shows all columns, or only those that a domain declares as not identifying.
    pub(super) const fn new(all: bool) -> Self {
        Self { all, redacted: 0 }
    }

    /// Returns the word for it in the header.
    pub(super) const fn word(self) -> &'static str {
        if self.all { "none" } else { "identifying" }
    }

    /// Returns the number of cells redacted so far.
    pub(super) const fn redacted_cells(self) -> u64 {
        self.redacted
    }

    fn shows_cell(self, table: &str, column: &str) -> bool {
        self.all || domains::disclosable_content(table, column).is_some()
    }

    /// Returns a key as an object by column.
    pub(super) fn redact_key(&mut self, table: &str, columns: &[String], key: &[Value]) -> Json {
        let shown =
            columns.iter().zip(key).map(|(column, value)| (column.clone(), self.redact_cell(table, column, value)));
        Json::Object(shown.collect::<Map<_, _>>())
    }

    /// Returns a cell; of a redacted one only the storage class is shown. NULL identifies nobody, and is always shown.
    fn redact_cell(&mut self, table: &str, column: &str, value: &Value) -> Json {
        if value.is_null() || self.shows_cell(table, column) {
            return cell::to_json(value);
        }
        self.redacted += 1;
        json!({ MARK: value.class() })
    }

    /// Returns a change as exported.
    pub(super) fn redact_change(&mut self, change: &Change) -> ShownChange {
        let table = change.table.name.as_str();
        let shows_digests = self.shows_digests(&change.table);
        let [before_digest, after_digest] =
            [change.before_digest(), change.after_digest()].map(|digest| match digest {
                None => Json::Null,
                Some(digest) if shows_digests => json!(digest),
                Some(_) => json!({ MARK: "digest" }),
            });
        let names = change.column_names();
        let before = change.cells_before().map(|values| self.redact_cells(table, &names, values));
        let after = change.cells_after().map(|values| self.redact_cells(table, &names, values));
        let key = self.redact_key(table, &change.table.key, &change.key);
        ShownChange { key, before, after, before_digest, after_digest }
    }

    fn redact_cells(&mut self, table: &str, names: &[&str], values: &[Value]) -> Vec<ShownCell> {
        let mut cells = Vec::new();
        for (name, value) in names.iter().zip(values) {
            cells.push(ShownCell { json: self.redact_cell(table, name, value), class: value.class() });
        }
        cells
    }

    /// Returns whether a row's digests are shown: only where every column of the table is.
    ///
    /// A digest covers the whole row. With the other cells known, a redacted one of few possible values could be found
    /// by trying them all.
    fn shows_digests(self, shape: &TableShape) -> bool {
        shape.columns.iter().all(|column| self.shows_cell(&shape.name, &column.name))
    }
}
