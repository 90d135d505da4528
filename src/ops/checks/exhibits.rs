//! What a report for people shows beside the findings: the rows that they name, and pictures; judges nothing.

use std::collections::{BTreeMap, BTreeSet};

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

/// Rows and pictures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exhibits {
    /// The rows that findings name, in the order in which they do.
    pub rows: Vec<RowLine>,
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
}

impl Exhibits {
    /// Gathers what belongs to the findings that a report lists.
    pub(super) fn gather(session: &Session, outcome: &Outcome) -> Self {
        let found = by_fingerprint(session);
        let listed = outcome.findings.iter().take(CHANGES_MAX);
        let findings: Vec<&Finding> = listed.filter_map(|line| found.get(&line.fingerprint).copied()).collect();
        let mut seen: BTreeSet<(&str, &Key)> = BTreeSet::new();
        let mut rows = Vec::new();
        for finding in &findings {
            let own = std::iter::once((finding.table, &finding.key));
            for (table, key) in own.chain(finding.related.iter().map(|(table, key)| (*table, key))) {
                if seen.insert((table, key)) {
                    rows.push(row(session, table, key));
                }
            }
        }
        Self { rows, gallery: gallery(&findings, &session.snapshot, PICTURES_MAX) }
    }

    /// Returns where a row stands in the list.
    #[must_use]
    pub fn place(&self, table: &str, key: &Json) -> Option<usize> {
        self.rows.iter().position(|row| row.table == table && row.key == *key)
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

fn row(session: &Session, table: &'static str, key: &Key) -> RowLine {
    let rows = session.snapshot.table(table).ok();
    let columns = read_columns(table);
    let cells = rows.and_then(|rows| rows.row(key)).map(|row| {
        let columns = columns.iter().filter(|column| schema::discloses(table, column));
        let cell = |column: &&str| Some(((*column).to_owned(), cell::in_table(row.cell(column)?, row.table, column)));
        columns.filter_map(cell).collect()
    });
    RowLine { table, key: keyed(&session.snapshot, table, key), cells: cells.unwrap_or_default() }
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
