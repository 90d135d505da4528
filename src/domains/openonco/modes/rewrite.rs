//! What the modes share: a record as it is read, and the edits that give it another text, its columns with it.
//!
//! A fault is made in the text, as a wrong file would have it; the columns are what an import of that file would read.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::mode::{FaultRecord, Task};
use crate::domains::openonco::checks::record::CatalogueRecord;
use crate::domains::openonco::columns::read_columns;
use crate::domains::openonco::schema::{SOURCES, TEST, TESTS};
use crate::model::{Datum, Edit, Fetch, Refusal, Row, Snapshot, Value};

/// The record that every fault is made on.
pub(super) const RECORD: FaultRecord = FaultRecord { table: TESTS, key: "record", parameter: "record" };

/// How many records on each side of a record are looked at for another id or citation.
const AROUND: i64 = 12;

/// A record with its text.
pub(super) struct SourceRecord<'s> {
    pub(super) record: i64,
    pub(super) category: &'s str,
    pub(super) text: &'s str,
    test: Row<'s>,
    source: Row<'s>,
}

/// Returns what has to be read for records: both rows of each.
pub(super) fn needs_of_records(records: &[Value], snapshot: &Snapshot) -> Vec<Fetch> {
    let both = [TESTS, SOURCES].map(|table| Fetch::among(table, "record", records.iter().cloned()));
    both.into_iter().filter(|fetch| !snapshot.has_answer(fetch)).collect()
}

/// Returns what has to be read for records and for those around them.
pub(super) fn needs_of_neighbours(records: &[Value], snapshot: &Snapshot) -> Vec<Fetch> {
    let mut around = BTreeSet::new();
    for record in records {
        if let Value::Integer(record) = record {
            around.extend((record.saturating_sub(AROUND)..=record.saturating_add(AROUND)).map(Value::Integer));
        }
    }
    needs_of_records(&around.into_iter().collect::<Vec<_>>(), snapshot)
}

/// Reads the record of a task.
///
/// # Errors
/// [`Refusal::MissingRecord`], or that its text is no object.
pub(super) fn read_record<'s>(snapshot: &'s Snapshot, task: &Task<'_>) -> Result<SourceRecord<'s>, Refusal> {
    let key = vec![task.record.clone()];
    let missing = |table: &str| Refusal::MissingRecord { table: table.to_owned(), key: key.clone() };
    let test = snapshot.table(TESTS)?.row(&key).ok_or_else(|| missing(TESTS))?;
    let source = snapshot.table(SOURCES)?.row(&key).ok_or_else(|| task.ineligible("its text is missing"))?;
    let text = source.text("text").unwrap_or_default();
    let category = source.text("category").unwrap_or_default();
    let record = test.integer("record").unwrap_or_default();
    Ok(SourceRecord { record, category, text, test, source })
}

/// Returns the records around one, from the nearest on, the later before the earlier.
pub(super) fn neighbours<'s>(snapshot: &'s Snapshot, record: i64) -> Vec<SourceRecord<'s>> {
    let (Ok(tests), Ok(sources)) = (snapshot.table(TESTS), snapshot.table(SOURCES)) else { return Vec::new() };
    let mut out = Vec::new();
    for distance in 1..=AROUND {
        for other in [record.saturating_add(distance), record.saturating_sub(distance)] {
            let key = [Value::Integer(other)];
            let (Some(test), Some(source)) = (tests.row(&key), sources.row(&key)) else { continue };
            let (text, category) =
                (source.text("text").unwrap_or_default(), source.text("category").unwrap_or_default());
            out.push(SourceRecord { record: other, category, text, test, source });
        }
    }
    out
}

impl SourceRecord<'_> {
    /// Returns the record as checks see it.
    pub(super) fn parse(&self) -> Option<CatalogueRecord> {
        CatalogueRecord::from_text(self.record, self.category, self.text)
    }

    /// Returns the record as checks would see it with another text.
    pub(super) fn parse_other(&self, text: &str) -> Option<CatalogueRecord> {
        CatalogueRecord::from_text(self.record, self.category, text)
    }

    /// Builds the edits that give it another text and another category, with the columns that are read off them.
    pub(super) fn rewrite(&self, text: &str, category: &str) -> Vec<Edit> {
        let mut source = BTreeMap::new();
        if text != self.text {
            source.insert("text".to_owned(), Datum::Text(text.to_owned()));
        }
        if category != self.category {
            source.insert("category".to_owned(), Datum::Text(category.to_owned()));
        }
        let before = read_columns(self.record, self.category, self.text);
        let after = read_columns(self.record, category, text);
        let mut test = BTreeMap::new();
        for ((column, _), (was, is)) in TEST.columns.iter().zip(before.iter().zip(after)) {
            // An edit may name only cells that change.
            if *was != is {
                test.insert((*column).to_owned(), is);
            }
        }
        let mut edits = Vec::new();
        for (row, set) in [(&self.source, source), (&self.test, test)] {
            if !set.is_empty() {
                edits.push(Edit::Update { table: row.table.shape.name.clone(), key: row.key(), set });
            }
        }
        edits
    }

    /// Builds the edits that delete it.
    pub(super) fn delete(&self) -> Vec<Edit> {
        let rows = [&self.source, &self.test];
        rows.map(|row| Edit::Delete { table: row.table.shape.name.clone(), key: row.key() }).to_vec()
    }

    /// Tells whether its columns are as an import reads them, so that a fault finds and leaves both in agreement.
    pub(super) fn is_consistent(&self) -> bool {
        let expected = read_columns(self.record, self.category, self.text);
        TEST.columns.iter().zip(expected).all(|((column, _), datum)| {
            let held = self.test.cell(column).unwrap_or(&Value::Null);
            match (datum, held) {
                (Datum::Null, Value::Null) => true,
                (Datum::Integer(number), Value::Integer(held)) => number == *held,
                (Datum::Text(text), Value::Text(held)) => text == *held,
                (Datum::Raw(value), held) => value == *held,
                _ => false,
            }
        })
    }
}
