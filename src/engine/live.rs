//! Comparing a target with its journal: every row ever touched, and on request every table. Reads only.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use mfm_journal::{Change, Digest, Entry, Operation, OperationVerdict};
use serde::{Deserialize, Serialize};

use super::Engine;
use super::error::EngineError;
use super::reread::{self, ChangeSide, DifferingRow};
use super::{guard, resolve};
use crate::model::refusal::render_key;
use crate::targets::TableDigest;

/// A difference between the target and its journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LiveFinding {
    /// The stable code of the difference.
    pub code: &'static str,
    /// The operation concerned.
    pub op: Option<u64>,
    /// What was expected and what is there, in a sentence.
    pub message: String,
}

/// The result of a comparison with the baseline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BaselineComparison {
    /// Every table is as it was.
    Equal {
        /// The number of tables.
        tables: u64,
        /// The number of rows of all tables.
        rows: u64,
    },
    /// These tables differ.
    Differs {
        /// Their names.
        tables: Vec<String>,
    },
    /// No comparison was made.
    NotRun {
        /// Why.
        why: String,
    },
}

#[derive(Deserialize)]
struct BaselineBody {
    tables: Vec<TableDigest>,
}

impl Engine<'_> {
    /// Compares the target with the newest state that the journal gives every row it ever touched.
    ///
    /// # Errors
    /// A refusal of the guard, or an error of target or journal.
    pub fn compare_live(&mut self) -> Result<Vec<LiveFinding>, EngineError> {
        guard::check_target(self.journal, self.target, &self.name)?;
        let mut findings = self.compare_uids()?;
        self.each_last(&mut |operation, _, differing| {
            for row in differing {
                let message =
                    format!("{} {} has changed since operation {}", row.table, render_key(&row.key), operation.op);
                findings.push(LiveFinding { code: "row_drift", op: Some(operation.op), message });
            }
        })?;
        Ok(findings)
    }

    /// Compares the rows that some operations touched last with how those left them, whatever marker the target
    /// carries.
    ///
    /// Returns the number of rows that are unchanged since, and the rows that are not.
    ///
    /// # Errors
    /// An error of target or journal.
    pub fn left_by(&mut self, operations: &BTreeSet<u64>) -> Result<(usize, Vec<DifferingRow>), EngineError> {
        let (mut standing, mut changed) = (0, Vec::new());
        self.each_last(&mut |operation, rows, differing| {
            if operations.contains(&operation.op) {
                // `differing` is a part of the rows, so this cannot underflow.
                standing += rows - differing.len();
                changed.extend(differing);
            }
        })?;
        Ok((standing, changed))
    }

    /// Visits every applied operation of this target, newest first, with the number of rows that it was the last to
    /// touch, and those of them that are not as it left them.
    fn each_last(&mut self, take: &mut dyn FnMut(&Operation, usize, Vec<DifferingRow>)) -> Result<(), EngineError> {
        // Newest first: an older operation is responsible only for rows that no newer one touched.
        let mut seen: BTreeSet<resolve::RowLocation> = BTreeSet::new();
        let mut before = None;
        loop {
            // In pages, because a journal may hold many thousands of operations.
            let page = self.journal.read_operations(before, 64)?;
            let Some(last) = page.last() else { return Ok(()) };
            before = Some(last.op);
            for operation in page.iter().filter(|operation| operation.verdict == Some(OperationVerdict::Applied)) {
                if self.is_in_lineage(&operation.target.identity) {
                    let fresh = self.last_changes(operation, &mut seen)?;
                    let differing = reread::find_differing(self.target, &fresh, ChangeSide::After)?;
                    take(operation, fresh.len(), differing);
                }
            }
        }
    }

    fn is_in_lineage(&self, identity: &Digest) -> bool {
        let record = self.journal.state().targets.get(&self.name);
        record.is_some_and(|record| record.lineage.contains(identity))
    }

    /// Returns an operation's changes to rows that are not in `seen`, and adds those rows.
    fn last_changes(
        &self,
        operation: &Operation,
        seen: &mut BTreeSet<resolve::RowLocation>,
    ) -> Result<Vec<Change>, EngineError> {
        let mut out = Vec::new();
        self.journal.visit_changes(operation, &mut |change| {
            if seen.insert(resolve::row_location(&change)) {
                out.push(change);
            }
            ControlFlow::Continue(())
        })?;
        Ok(out)
    }

    /// Compares the uids that this journal left in the target with its verdicts.
    fn compare_uids(&mut self) -> Result<Vec<LiveFinding>, EngineError> {
        let own = self.journal.id();
        let mut findings = Vec::new();
        for row in self.target.list_operations(&own)? {
            let operation = self.journal.read_operation(row.op)?.filter(|operation| operation.uid == row.uid);
            if !operation.is_some_and(|operation| guard::verdict_agrees(operation.verdict, row.state)) {
                let message = format!("the target has operation {} with a different verdict than the journal", row.op);
                findings.push(LiveFinding { code: "journal_behind", op: Some(row.op), message });
            }
        }
        Ok(findings)
    }

    /// Digests every table of the target.
    ///
    /// # Errors
    /// The target's error.
    pub fn digest_tables(&mut self) -> Result<Vec<TableDigest>, EngineError> {
        let reporter = self.reporter;
        Ok(self.target.digest_tables(&mut |done, total| reporter.progress("digesting tables", done, total))?)
    }

    /// Compares every table with the newest baseline of this target.
    ///
    /// # Errors
    /// An error of target or journal.
    pub fn against_baseline(&mut self) -> Result<BaselineComparison, EngineError> {
        let not_run = |why: &str| Ok(BaselineComparison::NotRun { why: why.to_owned() });
        // Only an unfaulted target can equal its baseline, so anything else would report mfm's own faults.
        let state = self.journal.state();
        if state.active_on(&self.name).next().is_some() {
            return not_run("operations are active");
        }
        if state.open_on(&self.name).next().is_some() {
            return not_run("an operation is open");
        }
        let lineage = state.targets.get(&self.name).map(|target| target.lineage.clone()).unwrap_or_default();
        // A target that was marked again has several identities, the newest last: its baseline counts.
        let mut entry: Option<Entry> = None;
        for identity in &lineage {
            entry = self.journal.read_baseline(identity)?.or(entry);
        }
        let Some(entry) = entry else {
            return not_run("no baseline is journaled; marking the target can make one");
        };
        let Ok(body) = serde_json::from_value::<BaselineBody>(entry.body) else {
            return not_run("the baseline's entry cannot be read");
        };
        let now = self.digest_tables()?;
        Ok(compare_digests(&body.tables, &now))
    }
}

fn compare_digests(then: &[TableDigest], now: &[TableDigest]) -> BaselineComparison {
    let (then, now) = (by_name(then), by_name(now));
    let names: BTreeSet<&str> = then.keys().chain(now.keys()).copied().collect();
    let tables: Vec<String> =
        names.into_iter().filter(|name| then.get(name) != now.get(name)).map(str::to_owned).collect();
    if tables.is_empty() {
        BaselineComparison::Equal { tables: now.len() as u64, rows: now.values().map(|table| table.rows).sum() }
    } else {
        BaselineComparison::Differs { tables }
    }
}

fn by_name(tables: &[TableDigest]) -> BTreeMap<&str, &TableDigest> {
    tables.iter().map(|table| (table.table.as_str(), table)).collect()
}
