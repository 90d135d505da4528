//! The rows and pictures that the HTML report shows with the findings.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::CheckSession;
use super::fingerprint;
use super::lines::{FindingLine, Outcome, key_to_json};
use crate::domain::check::CheckTable;
use crate::domain::picture::Gallery;
use crate::domain::picture::PictureContext;
use crate::domains;
use crate::model::{Fetch, Finding, Key, Snapshot, Value};
use crate::ops::Failure;
use crate::ops::cell::{self, CHANGES_MAX};
use crate::ops::select::read_into;
use crate::targets::Target;

/// Maximum number of pictures in a report: each takes as much space as a hundred findings.
const PICTURES_MAX: usize = 200;

/// Maximum number of rounds in which pictures ask for further rows; each follows a reference from the last ones.
const ROUNDS_MAX: usize = 8;

/// Maximum number of rows in a report.
const ROWS_MAX: usize = 2000;

/// Rows and pictures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exhibits {
    /// The rows that findings name, in the order in which they do.
    pub rows: Vec<RowLine>,
    /// The index of each row in `rows`, by table and key; beyond [`ROWS_MAX`] the row itself is missing.
    places: BTreeMap<(&'static str, String), usize>,
    /// The pictures, and for each of the first thousand findings the one that shows it.
    pub gallery: Gallery,
}

/// A row that findings name.
#[derive(Clone, Debug, PartialEq)]
pub struct RowLine {
    /// The table's name.
    pub table: &'static str,
    /// The row's key, an object by column.
    pub key: Json,
    /// The columns that the checks read, without identifying ones; empty where the row is missing.
    pub cells: Vec<(String, String)>,
    /// The indices of the findings that name it, as violating or as related row.
    pub named_by: Vec<usize>,
}

impl Exhibits {
    /// Collects the exhibits of the findings that a report lists: reads the rows that they name, and those around them.
    ///
    /// # Errors
    /// A target error.
    pub(super) fn gather(session: &CheckSession, target: &mut dyn Target, outcome: &Outcome) -> Result<Self, Failure> {
        let by_fingerprint = by_fingerprint(session);
        let mut findings: Vec<&Finding> = Vec::new();
        for FindingLine { check, table, key, what, .. } in outcome.findings.iter().take(CHANGES_MAX) {
            // Occurrence 1 for all: findings that differ by nothing else cannot be read again by key one by one.
            let fingerprint = fingerprint::digest_finding(check, table, key, what, 1);
            findings.extend(by_fingerprint.get(&fingerprint).copied());
        }
        let snapshot = read_rows(session, target, &findings)?;
        let mut exhibits = Self::default();
        if let Some(painter) = session.domain.painter() {
            let (gathered, rules) = (session.gathered.as_ref(), session.params.rules.as_ref());
            let with = PictureContext { declared: &session.held, gathered, rules };
            exhibits.gallery = painter.paint_findings(&findings, &snapshot, &with, PICTURES_MAX);
        }
        let tables = session.domain.check_tables(session.domain.checks());
        for (at, finding) in findings.iter().enumerate() {
            exhibits.add_named_row(&snapshot, &tables, at, finding.table, &finding.key);
            for (table, key) in &finding.related {
                exhibits.add_named_row(&snapshot, &tables, at, table, key);
            }
        }
        Ok(exhibits)
    }

    /// Adds a row that a finding names, or notes the finding on a row already listed.
    fn add_named_row(
        &mut self,
        snapshot: &Snapshot,
        tables: &[CheckTable],
        finding: usize,
        table: &'static str,
        key: &Key,
    ) {
        let shown = key_to_json(snapshot, table, key);
        let next = self.rows.len();
        let place = *self.places.entry((table, shown.to_string())).or_insert(next);
        if place == next && next < ROWS_MAX {
            self.rows.push(RowLine {
                table,
                key: shown,
                cells: render_cells(snapshot, tables, table, key),
                named_by: Vec::new(),
            });
        }
        if let Some(row) = self.rows.get_mut(place).filter(|row| row.named_by.last() != Some(&finding)) {
            row.named_by.push(finding);
        }
    }

    /// Returns the index of a row in `rows`; `None` where it is not shown.
    #[must_use]
    pub fn position(&self, table: &'static str, key: &Json) -> Option<usize> {
        self.places.get(&(table, key.to_string())).copied().filter(|place| *place < self.rows.len())
    }
}

/// Reads the rows that findings name, and the further rows that pictures need.
fn read_rows(session: &CheckSession, target: &mut dyn Target, findings: &[&Finding]) -> Result<Snapshot, Failure> {
    let mut named: BTreeMap<&str, BTreeSet<Value>> = BTreeMap::new();
    for finding in findings {
        let own = std::iter::once((finding.table, &finding.key));
        for (table, key) in own.chain(finding.related.iter().map(|(table, key)| (*table, key))) {
            named.entry(table).or_default().extend(key.first().cloned());
        }
    }
    let mut fetches = Vec::new();
    for (table, keys) in named {
        // A table that the target lacks has no key to ask by.
        let key = session.held.table(table).ok().and_then(|rows| rows.table.shape.key.first());
        fetches.extend(key.map(|key| Fetch::among(table, key, keys)));
    }
    let mut snapshot = Snapshot::default();
    read_into(&mut snapshot, target, fetches)?;
    if let Some(painter) = session.domain.painter() {
        for _ in 0..ROUNDS_MAX {
            let mut needed_fetches = painter.needed_fetches(findings, &snapshot, PICTURES_MAX);
            needed_fetches.retain(|fetch| !snapshot.has_answer(fetch));
            if needed_fetches.is_empty() {
                break;
            }
            read_into(&mut snapshot, target, needed_fetches)?;
        }
    }
    Ok(snapshot)
}

/// Returns the findings of a session by their fingerprints; of several that agree in everything, the last.
pub(super) fn by_fingerprint(session: &CheckSession) -> BTreeMap<String, &Finding> {
    let all = session.checked.iter().flat_map(super::CheckOutcome::findings);
    all.map(|finding| {
        let key = key_to_json(&session.held, finding.table, &finding.key);
        (fingerprint::digest_finding(finding.check, finding.table, &key, &finding.what, 1), finding)
    })
    .collect()
}

/// Returns the columns of a row that the checks read, without identifying ones; empty where the row is missing.
fn render_cells(snapshot: &Snapshot, tables: &[CheckTable], table: &str, key: &Key) -> Vec<(String, String)> {
    let columns =
        tables.iter().find(|reads| reads.table == table).map(|reads| reads.shown.as_slice()).unwrap_or_default();
    let Some(row) = snapshot.table(table).ok().and_then(|rows| rows.row(key)) else { return Vec::new() };
    let mut cells = Vec::new();
    // Only columns that a domain declares as safe: of an unknown one it is not known whether it identifies a person.
    for column in columns.iter().filter(|column| domains::disclosable_content(table, column).is_some()) {
        if let Some(value) = row.cell(column) {
            cells.push(((*column).to_owned(), cell::in_table(value, row.table, column)));
        }
    }
    cells
}
