//! What a report for people shows beside the findings: the rows that they name, and pictures; judges nothing.

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

/// The most pictures of a report: each is as long as a hundred findings.
const PICTURES_MAX: usize = 200;

/// How often pictures may ask for more: rows lead to rows, but never far.
const ROUNDS_MAX: usize = 8;

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
    /// Gathers what belongs to the findings that a report lists; reads the rows that they name, and those around them.
    ///
    /// # Errors
    /// What the target says.
    pub(super) fn gather(session: &CheckSession, target: &mut dyn Target, outcome: &Outcome) -> Result<Self, Failure> {
        let found = by_fingerprint(session);
        // Of findings that nothing tells apart, one stands for all: their rows cannot be read again by key.
        let one = |line: &FindingLine| fingerprint::digest_finding(line.check, line.table, &line.key, &line.what, 1);
        let listed = outcome.findings.iter().take(CHANGES_MAX);
        let findings: Vec<&Finding> = listed.filter_map(|line| found.get(&one(line)).copied()).collect();
        let snapshot = read_rows(session, target, &findings)?;
        let mut exhibits = Self::default();
        if let Some(painter) = session.domain.painter() {
            let (gathered, rules) = (session.gathered.as_ref(), session.params.rules.as_ref());
            let with = PictureContext { declared: &session.held, gathered, rules };
            exhibits.gallery = painter.paint_findings(&findings, &snapshot, &with, PICTURES_MAX);
        }
        let tables = session.domain.check_tables(session.domain.checks());
        for (at, finding) in findings.iter().enumerate() {
            exhibits.add_named_row(&snapshot, &tables, at, (finding.table, &finding.key));
            for (table, key) in &finding.related {
                exhibits.add_named_row(&snapshot, &tables, at, (table, key));
            }
        }
        Ok(exhibits)
    }

    /// Takes in that a finding names a row.
    fn add_named_row(
        &mut self,
        snapshot: &Snapshot,
        tables: &[CheckTable],
        finding: usize,
        (table, key): (&'static str, &Key),
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

    /// Returns where a row stands in the list; `None` where it is not shown.
    #[must_use]
    pub fn position(&self, table: &'static str, key: &Json) -> Option<usize> {
        self.places.get(&(table, key.to_string())).copied().filter(|place| *place < self.rows.len())
    }
}

/// Reads the rows that findings name, and then what pictures show beside them.
fn read_rows(session: &CheckSession, target: &mut dyn Target, findings: &[&Finding]) -> Result<Snapshot, Failure> {
    let mut named: BTreeMap<&str, BTreeSet<Value>> = BTreeMap::new();
    for finding in findings {
        let own = std::iter::once((finding.table, &finding.key));
        for (table, key) in own.chain(finding.related.iter().map(|(table, key)| (*table, key))) {
            named.entry(table).or_default().extend(key.first().cloned());
        }
    }
    let key = |table: &str| session.held.table(table).ok().and_then(|rows| rows.table.shape.key.first());
    let queries = named.into_iter().filter_map(|(table, keys)| Some(Fetch::among(table, key(table)?, keys)));
    let mut snapshot = Snapshot::default();
    read_into(&mut snapshot, target, queries)?;
    if let Some(painter) = session.domain.painter() {
        for _ in 0..ROUNDS_MAX {
            let mut around = painter.needed_fetches(findings, &snapshot, PICTURES_MAX);
            around.retain(|query| !snapshot.has_answer(query));
            if around.is_empty() {
                break;
            }
            read_into(&mut snapshot, target, around)?;
        }
    }
    Ok(snapshot)
}

fn by_fingerprint(session: &CheckSession) -> BTreeMap<String, &Finding> {
    let all = session.checked.iter().flat_map(super::CheckOutcome::findings);
    all.map(|finding| {
        let key = key_to_json(&session.held, finding.table, &finding.key);
        (fingerprint::digest_finding(finding.check, finding.table, &key, &finding.what, 1), finding)
    })
    .collect()
}

/// Returns what the checks read of a row, without what identifies a person.
fn render_cells(snapshot: &Snapshot, tables: &[CheckTable], table: &str, key: &Key) -> Vec<(String, String)> {
    let rows = snapshot.table(table).ok();
    let columns =
        tables.iter().find(|reads| reads.table == table).map(|reads| reads.shown.as_slice()).unwrap_or_default();
    let cells = rows.and_then(|rows| rows.row(key)).map(|row| {
        let columns = columns.iter().filter(|column| domains::disclosable_content(table, column).is_some());
        let cell = |column: &&str| Some(((*column).to_owned(), cell::in_table(row.cell(column)?, row.table, column)));
        columns.filter_map(cell).collect()
    });
    cells.unwrap_or_default()
}
