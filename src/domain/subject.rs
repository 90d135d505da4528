//! Subjects of findings: the record by which people look up a row that a check names, such as the field of a control
//! point, with the facts by which they recognise it.

use mfm_journal::Value;

use super::record::RecordKind;
use crate::model::Key;

/// The record by which people look up a row.
#[derive(Clone, Debug, PartialEq)]
pub struct FindingSubject {
    /// The word for a record of its kind, else its table.
    pub word: &'static str,
    /// Its table.
    pub table: &'static str,
    /// Its key.
    pub key: Key,
    /// What it is recognised by, in the order in which people read it.
    pub facts: Vec<SubjectFact>,
}

/// A fact by which a record is recognised.
#[derive(Clone, Debug, PartialEq)]
pub struct SubjectFact {
    /// Its name: that of the column of the kind's list which shows the same, so that it is redacted as that is.
    pub name: &'static str,
    /// Its value; never NULL.
    pub value: Value,
}

impl FindingSubject {
    /// Returns a row as its own subject, without facts.
    #[must_use]
    pub fn of_row(kinds: &[&'static RecordKind], table: &'static str, key: &Key) -> Self {
        let word = kinds.iter().find(|kind| kind.table == table).map_or(table, |kind| kind.word);
        Self { word, table, key: key.clone(), facts: Vec::new() }
    }
}
