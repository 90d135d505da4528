//! Quality checks: one file a group, listed in [`CHECKS`]; a check looks at a snapshot, and never reads.

mod angle_motion;
mod angles;
mod control_points;
mod dose_history;
mod duplicates;
mod leaf_counts;
mod meterset_usual;
mod metersets;
mod mlc;
mod nulls;
mod offset_context;
mod offsets;
mod overlaps;
mod references;
mod technique;
mod times;

use std::sync::Arc;

use jiff::{SignedDuration, civil};

pub(super) use self::offset_context::site_limit;
pub use super::ground::Survey;
use super::ground::{self, Read};
use super::rules::{Limit, Rules};
use crate::model::{Filter, Finding, Query, Row, Severity, Snapshot, TableRows, Wrong};

/// Every check, in the order of the groups.
pub static CHECKS: &[&dyn Check] = &[
    &mlc::LeafSet,
    &mlc::LeafLimits,
    &mlc::LeafGap,
    &angles::AngleRange,
    &angle_motion::AngleJump,
    &angle_motion::AngleSpeed,
    &duplicates::DuplicateDelivery,
    &overlaps::OverlappingDelivery,
    &overlaps::DeliveryTwoFields,
    &control_points::ControlPointSequence,
    &control_points::ControlPointMinimum,
    &nulls::DELIVERY,
    &nulls::FIELD,
    &nulls::POINT,
    &nulls::OFFSET,
    &nulls::IDENTITY,
    &nulls::PRESCRIPTION,
    &nulls::DOSE,
    &times::DeliveryOrder,
    &times::DeliveryFuture,
    &times::DeliveryDuration,
    &technique::TechniqueDuration,
    &dose_history::DeliveryDoseTime,
    &references::DELIVERY,
    &references::FIELD,
    &references::POINT,
    &references::OFFSET,
    &references::IDENTITY,
    &references::DOSE,
    &offsets::OffsetSize,
    &offsets::OffsetCodes,
    &offsets::OffsetFuture,
    &offset_context::OffsetTime,
    &offset_context::OffsetActionLimit,
    &metersets::MetersetValue,
    &metersets::MetersetIndex,
    &metersets::MetersetDose,
    &meterset_usual::MetersetLimit,
    &meterset_usual::MetersetOutlier,
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

impl Verdict {
    /// Adds what was left unjudged, where it ran.
    fn remarking(mut self, more: Vec<String>) -> Self {
        if let Self::Ran { remarks, .. } = &mut self {
            remarks.extend(more);
        }
        self
    }
}

/// What checks hold rows against, beside the rows themselves.
#[derive(Clone, Debug, PartialEq)]
pub struct Terms {
    /// The target's wall clock: nothing lies after it.
    pub now: civil::DateTime,
    /// Limits, and which checks run.
    pub rules: Arc<Rules>,
}

impl Terms {
    /// Returns a clock and the rules that count where nobody gives others.
    #[must_use]
    pub fn standard(now: civil::DateTime) -> Self {
        Self { now, rules: Rules::standard() }
    }
}

/// A quality check.
pub trait Check: Sync {
    /// Returns what the check is.
    fn card(&self) -> &'static Card;
    /// Returns what it wants read.
    fn needs(&self) -> Vec<Query>;
    /// Returns what it wants read for rules of single machines; without it, every machine is like the others.
    fn aids(&self) -> Vec<Query> {
        Vec::new()
    }
    /// Returns the columns that it reads.
    fn reads(&self) -> Vec<Read>;
    /// Returns all that is read for it.
    fn queries(&self) -> Vec<Query> {
        self.needs().into_iter().chain(self.aids()).collect()
    }
    /// Looks at what was read, where enough of it can be; a column that is missing or unreadable is [`Self::run`]'s.
    fn judge(&self, snapshot: &Snapshot, terms: &Terms) -> Verdict;

    /// Looks at what was read, and says what it could not look at.
    fn run(&self, snapshot: &Snapshot, terms: &Terms) -> Verdict {
        self.run_beside(snapshot, terms, &mut Survey::default())
    }

    /// Does the same beside other checks of one snapshot, which share what they know of its columns.
    fn run_beside(&self, snapshot: &Snapshot, terms: &Terms, known: &mut Survey) -> Verdict {
        let id = self.card().id;
        if !terms.rules.runs(id) {
            return Verdict::NotRun { why: "the rules switch it off".into() };
        }
        let unjudged = match ground::survey(&self.reads(), snapshot, known) {
            Ok(unjudged) => unjudged,
            Err(why) => return Verdict::NotRun { why },
        };
        match self.judge(snapshot, terms) {
            Verdict::Ran { looked_at, mut findings, remarks } => {
                if let Some(severity) = terms.rules.severity(id) {
                    findings.iter_mut().for_each(|finding| finding.severity = severity);
                }
                let remarks = unjudged.into_iter().chain(empty(&self.needs(), snapshot)).chain(remarks).collect();
                Verdict::Ran { looked_at, findings, remarks }
            }
            not_run @ Verdict::NotRun { .. } => not_run,
        }
    }
}

/// Returns a number of seconds as a duration.
fn seconds(limit: Limit) -> SignedDuration {
    SignedDuration::try_from_secs_f64(limit.get()).unwrap_or(SignedDuration::MAX)
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
