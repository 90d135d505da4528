//! Quality checks: one file a group, listed in [`CHECKS`]; a check looks at rows that come by, and never reads.

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

use std::collections::BTreeSet;

use jiff::{SignedDuration, civil};

pub(super) use self::offset_context::site_limit;
use super::ground::CheckedColumn;
use super::known::{CheckFacts, RowBatch};
use super::looks::CheckVisitors;
use super::lookup::LookupId;
use super::rules::{Rules, Size};
use crate::model::time::Time;
use crate::model::{Fetch, Finding, Key, Row, Severity, Snapshot, Violation};

pub use super::known::GatheredFact;
use crate::domain::check::CheckParams;
pub(super) use crate::domain::check::{CheckCard, CheckVerdict};

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

/// What checks hold rows against, beside the rows themselves.
#[derive(Clone, Copy, Debug)]
pub struct Criteria<'a> {
    /// The target's wall clock: nothing lies after it.
    pub now: Time,
    /// Limits, and which checks run.
    pub rules: &'a Rules,
}

impl<'a> Criteria<'a> {
    /// Returns what a request for checks says; rules of another domain say nothing here.
    pub(super) fn from_params(params: &'a CheckParams) -> Self {
        Self { now: params.now, rules: Rules::from_domain(params.rules.as_ref()) }
    }
}

/// Returns a clock and the rules that count where nobody gives others.
#[must_use]
pub fn standard_params(now: civil::DateTime) -> CheckParams {
    CheckParams { now: Time::local(now), rules: Rules::standard() }
}

/// A quality check.
pub trait Check: Sync {
    /// Returns what the check is.
    fn card(&self) -> &'static CheckCard;
    /// Returns what it wants read.
    fn required_queries(&self) -> Vec<Fetch>;
    /// Returns what it wants read for rules of single machines; without it, every machine is like the others.
    fn optional_queries(&self) -> Vec<Fetch> {
        Vec::new()
    }
    /// Returns the columns that it reads.
    fn columns(&self) -> Vec<CheckedColumn>;
    /// Returns all that is read for it.
    fn queries(&self) -> Vec<Fetch> {
        self.required_queries().into_iter().chain(self.optional_queries()).collect()
    }
    /// Returns what it wants gathered beside, once for all checks.
    fn gathered_fact(&self) -> Option<GatheredFact> {
        None
    }
    /// Returns which rows it wants to see beside those that they refer to.
    fn parent_join(&self) -> Option<&'static ParentJoin> {
        None
    }
    /// Begins to look; a column that is missing or unreadable is not its business.
    fn visitor<'a>(&self, known: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a>;
}

impl<'c> dyn Check + 'c {
    /// Looks at what was read, and says what it could not look at.
    #[must_use]
    pub fn run(&self, snapshot: &Snapshot, params: &CheckParams) -> CheckVerdict {
        let verdict = CheckVisitors::of_snapshot(&[self], snapshot, Criteria::from_params(params)).0.pop();
        verdict.unwrap_or_else(|| CheckVerdict::NotRun { why: "it was not asked".into() })
    }
}

/// Rows beside those that they refer to: the columns of the parent stand under `parent.column` behind the others.
#[derive(Debug, PartialEq, Eq)]
pub struct ParentJoin {
    /// The table, and what refers to the other.
    pub child: (&'static str, &'static str),
    /// The other table, and what is referred to.
    pub parent: (&'static str, &'static str),
    /// The columns that are read beside the keys, the child's and the parent's.
    pub columns: [&'static [&'static str]; 2],
}

/// A check at work: rows of the tables that it needs come by, each once, parents before what refers to them.
pub trait CheckVisitor {
    /// Looks at some rows.
    fn visit(&mut self, part: &RowBatch<'_>, known: &CheckFacts<'_>);
    /// Names the fields whose control points it must see once more, now that all have come by.
    fn fields_to_revisit(&mut self, _: &CheckFacts<'_>) -> BTreeSet<LookupId> {
        BTreeSet::new()
    }
    /// Looks at control points once more.
    fn take_again(&mut self, _: &RowBatch<'_>) {}
    /// Looks at rows of [`Check::parent_join`], each beside the row that it refers to.
    fn take_beside(&mut self, _: &[Row<'_>]) {}
    /// Says what it saw.
    fn finish(&mut self, known: &CheckFacts<'_>) -> CheckVerdict;
}

/// Returns a number of seconds as a duration.
fn to_duration(limit: Size) -> SignedDuration {
    SignedDuration::try_from_secs_f64(limit.get()).unwrap_or(SignedDuration::MAX)
}

/// Returns a duration in seconds as people read it: a server's ticks are no milliseconds.
fn rounded_seconds(duration: SignedDuration) -> f64 {
    (duration.as_secs_f64() * 1000.0).round() / 1000.0
}

/// A look at the rows of one table, each by itself.
struct RowVisitor<F> {
    table: &'static str,
    judge: F,
    looked_at: u64,
    findings: Vec<Finding>,
    remarks: Vec<String>,
}

impl<F: FnMut(&Row<'_>, &CheckFacts<'_>, &mut Vec<Finding>)> CheckVisitor for RowVisitor<F> {
    fn visit(&mut self, part: &RowBatch<'_>, known: &CheckFacts<'_>) {
        if part.table == self.table {
            self.looked_at += part.len();
            part.rows.iter().for_each(|row| (self.judge)(row, known, &mut self.findings));
        }
    }

    fn finish(&mut self, _: &CheckFacts<'_>) -> CheckVerdict {
        let remarks = std::mem::take(&mut self.remarks);
        sorted_verdict(self.looked_at, std::mem::take(&mut self.findings)).with_remarks(remarks)
    }
}

/// Looks at every row of a table, each by itself.
fn row_visitor<'a>(
    table: &'static str,
    remarks: Vec<String>,
    judge: impl FnMut(&Row<'_>, &CheckFacts<'_>, &mut Vec<Finding>) + 'a,
) -> Box<dyn CheckVisitor + 'a> {
    Box::new(RowVisitor { table, judge, looked_at: 0, findings: Vec::new(), remarks })
}

/// Looks at every row of a table, each by itself, and says what is wrong with it.
fn check_rows<'a>(
    card: &'static CheckCard,
    table: &'static str,
    judge: impl Fn(&Row<'_>, &CheckFacts<'_>) -> Vec<(Severity, Violation)> + 'a,
) -> Box<dyn CheckVisitor + 'a> {
    row_visitor(table, Vec::new(), move |row, known, findings| {
        findings.extend(judge(row, known).into_iter().map(|wrong| of_row(card, table, row, wrong)));
    })
}

/// Returns the finding of a row alone.
fn of_row(
    card: &'static CheckCard,
    table: &'static str,
    row: &Row<'_>,
    (severity, wrong): (Severity, Violation),
) -> Finding {
    Finding { severity, ..of_key(card, table, row.key(), wrong) }
}

/// Returns the finding of a row that has gone by, as bad as the check says.
fn of_key(card: &'static CheckCard, table: &'static str, key: Key, Violation { what, message }: Violation) -> Finding {
    Finding { check: card.id, severity: card.severity, table, key, related: Vec::new(), what, message }
}

/// Returns the verdict of a look whose findings stand in key order, as the rows do.
fn sorted_verdict(looked_at: u64, mut findings: Vec<Finding>) -> CheckVerdict {
    findings.sort_by(|a, b| a.key.cmp(&b.key));
    CheckVerdict::Ran { looked_at, findings, remarks: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_of_a_server_are_shown_as_milliseconds() {
        let ticks = |ticks: i64| SignedDuration::from_nanos(ticks * 10_000_000 / 3);
        assert_eq!([16, 21, 3000].map(|number| rounded_seconds(ticks(number))), [0.053, 0.07, 10.0]);
    }
}
