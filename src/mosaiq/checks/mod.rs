//! Quality checks: one file a group, listed in [`CHECKS`]; a check looks at a snapshot, and never reads.

mod angles;
mod control_points;
mod duplicates;
mod leaf_counts;
mod metersets;
mod mlc;
mod nulls;
mod offsets;
mod references;
mod times;

use jiff::civil;

use super::ground::{self, Read};
use crate::model::{Filter, Finding, Query, Row, Severity, Snapshot, TableRows, Wrong};

/// Every check, in the order of the groups.
pub static CHECKS: &[&dyn Check] = &[
    &mlc::LeafSet,
    &mlc::LeafLimits,
    &mlc::LeafGap,
    &angles::AngleRange,
    &duplicates::DuplicateDelivery,
    &control_points::ControlPointSequence,
    &nulls::DELIVERY,
    &nulls::FIELD,
    &nulls::POINT,
    &nulls::OFFSET,
    &times::DeliveryOrder,
    &times::DeliveryFuture,
    &times::DeliveryDuration,
    &references::DELIVERY,
    &references::FIELD,
    &references::POINT,
    &references::OFFSET,
    &references::IDENTITY,
    &offsets::OffsetSize,
    &offsets::OffsetCodes,
    &offsets::OffsetFuture,
    &metersets::MetersetValue,
    &metersets::MetersetIndex,
    &metersets::MetersetDose,
    &leaf_counts::LeafCountField,
    &leaf_counts::LeafCountMachine,
    &leaf_counts::LeafCountVersion,
];

/// Returns the check of an id.
#[must_use]
pub fn find(id: &str) -> Option<&'static dyn Check> {
    CHECKS.iter().copied().find(|check| check.card().id == id)
}

/// What a check is.
#[derive(Debug)]
pub struct Card {
    /// The check's id.
    pub id: &'static str,
    /// The group it belongs to.
    pub group: &'static str,
    /// The id of the mode it guards against.
    pub mode: &'static str,
    /// How bad a violation is.
    pub severity: Severity,
    /// What it looks for, in a sentence.
    pub about: &'static str,
    /// What to do about a violation, in a sentence.
    pub remedy: &'static str,
}

/// What a check says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It ran.
    Ran {
        /// How many rows it looked at.
        looked_at: u64,
        /// What it found, in key order.
        findings: Vec<Finding>,
        /// What it left unjudged and why, a sentence each: no finding, and no pass.
        remarks: Vec<String>,
    },
    /// It could not run, which is no pass.
    NotRun {
        /// What was missing.
        why: String,
    },
}

/// What checks hold rows against, beside the rows themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The target's wall clock: nothing lies after it.
    pub now: civil::DateTime,
}

/// A quality check.
pub trait Check: Sync {
    /// Returns what the check is.
    fn card(&self) -> &'static Card;
    /// Returns what it wants read.
    fn needs(&self) -> Vec<Query>;
    /// Returns the columns that it reads.
    fn reads(&self) -> Vec<Read>;
    /// Looks at what was read, where enough of it can be; a column that is missing or unreadable is [`Self::run`]'s.
    fn judge(&self, snapshot: &Snapshot, terms: &Terms) -> Verdict;

    /// Looks at what was read, and says what it could not look at.
    fn run(&self, snapshot: &Snapshot, terms: &Terms) -> Verdict {
        let unjudged = match ground::survey(&self.reads(), snapshot) {
            Ok(unjudged) => unjudged,
            Err(why) => return Verdict::NotRun { why },
        };
        match self.judge(snapshot, terms) {
            Verdict::Ran { looked_at, findings, remarks } => {
                let remarks = unjudged.into_iter().chain(empty(&self.needs(), snapshot)).chain(remarks).collect();
                Verdict::Ran { looked_at, findings, remarks }
            }
            not_run @ Verdict::NotRun { .. } => not_run,
        }
    }
}

/// Says which tables have no row to look at.
fn empty(queries: &[Query], snapshot: &Snapshot) -> Vec<String> {
    let whole = queries.iter().filter(|query| query.filter == Filter::All);
    let is_empty = |query: &&Query| snapshot.table(&query.table).is_ok_and(TableRows::is_empty);
    whole.filter(is_empty).map(|query| format!("{} is empty", query.table)).collect()
}

/// Returns what was read of a table that has these columns, or the verdict that the check cannot run.
fn present<'s>(snapshot: &'s Snapshot, table: &str, columns: &[&str]) -> Result<&'s TableRows, Verdict> {
    let not_run = |error: crate::model::Refusal| Verdict::NotRun { why: error.to_string() };
    let rows = snapshot.table(table).map_err(not_run)?;
    columns.iter().try_for_each(|column| rows.table.column(column).map(|_| ())).map_err(not_run)?;
    Ok(rows)
}

/// Looks at every row of a table, each by itself.
fn each(
    snapshot: &Snapshot,
    card: &'static Card,
    table: &'static str,
    judge: impl Fn(&Row<'_>) -> Vec<(Severity, Wrong)>,
) -> Verdict {
    let rows = match present(snapshot, table, &[]) {
        Ok(rows) => rows,
        Err(not_run) => return not_run,
    };
    let mut findings = Vec::new();
    for row in rows.rows() {
        findings.extend(judge(&row).into_iter().map(|(severity, wrong)| Finding {
            check: card.id,
            severity,
            table,
            key: row.key(),
            related: Vec::new(),
            what: wrong.what,
            message: wrong.message,
        }));
    }
    Verdict::Ran { looked_at: rows.len() as u64, findings, remarks: Vec::new() }
}
