//! What a report for people shows beside the findings: the rows that they name, and pictures; judges nothing.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::Session;
use super::fingerprint;
use super::lines::{Outcome, keyed};
use crate::model::{Finding, Key};
use crate::mosaiq::checks::CHECKS;
use crate::mosaiq::pictures::{Gallery, gallery};
use crate::mosaiq::schema;
use crate::ops::cell::{self, CHANGES_MAX};

/// The most pictures of a report: each is as long as a hundred findings.
const PICTURES_MAX: usize = 200;

/// The most rows of a report.
const ROWS_MAX: usize = 2000;

/// Rows and pictures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exhibits {
    /// The rows that findings name, in the order in which they do.
    pub rows: Vec<RowLine>,
    /// Where each row stands among them, by table and key.
    places: BTreeMap<(&'static str, String), usize>,
    /// The pictures, and which of the first thousand findings is shown by which.
    pub gallery: Gallery,
}

/// A row that findings name.
#[derive(Clone, Debug, PartialEq)]
pub struct RowLine {
    /// The table.
    pub table: &'static str,
    /// The row's key, by column.
    pub key: Json,
    /// What the checks read of it, by column, without what identifies a person; empty where the row is missing.
    pub cells: Vec<(String, String)>,
    /// Which of the findings name it, as violating or as taking part.
    pub named_by: Vec<usize>,
}

impl Exhibits {
    /// Gathers what belongs to the findings that a report lists.
    pub(super) fn gather(session: &Session, outcome: &Outcome) -> Self {
        let found = by_fingerprint(session);
        let listed = outcome.findings.iter().take(CHANGES_MAX);
        let findings: Vec<&Finding> = listed.filter_map(|line| found.get(&line.fingerprint).copied()).collect();
        let gallery = gallery(&findings, &session.snapshot, PICTURES_MAX);
        let mut exhibits = Self { gallery, ..Self::default() };
        for (at, finding) in findings.iter().enumerate() {
            exhibits.name(session, at, finding.table, &finding.key);
            finding.related.iter().for_each(|(table, key)| exhibits.name(session, at, table, key));
        }
        exhibits
    }

    /// Takes in that a finding names a row.
    fn name(&mut self, session: &Session, finding: usize, table: &'static str, key: &Key) {
        let shown = keyed(&session.snapshot, table, key);
        let next = self.rows.len();
        let place = *self.places.entry((table, shown.to_string())).or_insert(next);
        if place == next && next < ROWS_MAX {
            self.rows.push(RowLine { table, key: shown, cells: cells(session, table, key), named_by: Vec::new() });
        }
        if let Some(row) = self.rows.get_mut(place).filter(|row| row.named_by.last() != Some(&finding)) {
            row.named_by.push(finding);
        }
    }

    /// Returns where a row stands in the list; `None` where it is not shown.
    #[must_use]
    pub fn place(&self, table: &'static str, key: &Json) -> Option<usize> {
        self.places.get(&(table, key.to_string())).copied().filter(|place| *place < self.rows.len())
    }
}

fn by_fingerprint(session: &Session) -> BTreeMap<String, &Finding> {
    let all = session.checked.iter().flat_map(super::Checked::findings);
    all.map(|finding| {
        let key = keyed(&session.snapshot, finding.table, &finding.key);
        (fingerprint::of(finding.check, finding.table, &key, &finding.what), finding)
    })
    .collect()
}

/// Returns what the checks read of a row, without what identifies a person.
fn cells(session: &Session, table: &str, key: &Key) -> Vec<(String, String)> {
    let rows = session.snapshot.table(table).ok();
    let columns = read_columns(table);
    let cells = rows.and_then(|rows| rows.row(key)).map(|row| {
        let columns = columns.iter().filter(|column| schema::discloses(table, column));
        let cell = |column: &&str| Some(((*column).to_owned(), cell::in_table(row.cell(column)?, row.table, column)));
        columns.filter_map(cell).collect()
    });
    cells.unwrap_or_default()
}

/// Returns the columns of a table that any check reads, in the order in which they come up.
fn read_columns(table: &str) -> Vec<&'static str> {
    let mut columns = Vec::new();
    for (own, column) in CHECKS.iter().flat_map(|check| check.reads()).map(|read| read.place()) {
        if own == table && !columns.contains(&column) {
            columns.push(column);
        }
    }
    columns
}
