//! Quality checks, one file per group, listed in [`CHECKS`]. A check sees rows as they stream past, and never reads.

mod accessories;
mod angle_motion;
mod angles;
mod beam_setup;
mod beam_sides;
mod beam_time;
mod birth_dates;
mod collimator;
mod control_points;
mod couch;
mod couch_angle;
mod delivered_versions;
mod delivery_flags;
mod delivery_orders;
mod dose_amounts;
mod dose_history;
mod dose_links;
mod duplicates;
mod field_owner;
mod fraction_courses;
mod fraction_days;
mod gantry;
mod hospital_numbers;
mod index_order;
mod jaw_cover;
mod jaws;
mod leaf_counts;
mod meterset_usual;
mod metersets;
mod mlc;
mod namesakes;
mod nulls;
mod offset_context;
mod offset_usual;
mod offset_visits;
mod offsets;
mod overlaps;
mod prescription_beams;
mod prescription_doses;
mod prescription_technique;
mod record_links;
mod references;
mod technique;
mod times;
mod version_sets;
mod working_hours;

use std::collections::BTreeSet;

use jiff::{SignedDuration, civil};

pub(super) use self::namesakes::exchange_day_and_month;
pub(super) use self::offset_context::site_limit;
use super::checked_columns::{CellForm, CheckedColumn};
use super::facts::{CheckFacts, DELIVERIES, RowBatch};
use super::lookup::LookupId;
use super::rules::{Rules, Size};
use super::schedule::CheckVisitors;
use crate::model::time::Time;
use crate::model::{Fetch, Finding, Key, Row, Severity, Snapshot, Violation};

pub use super::facts::GatheredFact;
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
    &record_links::DELIVERY_FIELD,
    &record_links::DELIVERY_SITE,
    &record_links::DELIVERY_FIELD_SITE,
    &field_owner::FieldOwner,
    &record_links::DOSE_FIELD,
    &record_links::DOSE_SITE,
    &record_links::DOSE_FIELD_SITE,
    &dose_links::PATIENT,
    &dose_links::FIELD,
    &dose_links::SITE,
    &dose_links::SharedDose,
    &offset_visits::OffsetVisit,
    &hospital_numbers::NumberMissing,
    &hospital_numbers::NumberShared,
    &version_sets::NUMBER,
    &birth_dates::BirthDate,
    &namesakes::Namesake,
    &version_sets::SITE,
    &version_sets::FIELD,
    &delivered_versions::FIELD,
    &delivered_versions::SITE,
    &prescription_doses::PrescriptionTotal,
    &prescription_doses::PrescriptionFieldDoses,
    &prescription_beams::FieldEnergy,
    &prescription_beams::PrescriptionEnergy,
    &prescription_beams::PrescriptionModality,
    &prescription_technique::PrescriptionTechnique,
    &accessories::BOLUS,
    &accessories::WEDGE,
    &fraction_courses::GIVEN,
    &fraction_courses::TWICE,
    &fraction_courses::BREAK,
    &fraction_courses::PATTERN,
    &fraction_courses::RECORDED,
    &fraction_days::FractionIncomplete,
    &delivery_orders::DeliveryMachine,
    &delivery_orders::DeliveryBeforeField,
    &delivery_orders::DeliveryApproval,
    &delivery_flags::DeliveryFlags,
    &beam_time::BeamRate,
    &beam_time::BeamTimeUsual,
    &working_hours::DeliveryHours,
    &dose_amounts::METERSET,
    &dose_amounts::DOSE,
    &dose_amounts::DoseEnergy,
    &dose_amounts::DoseFraction,
    &couch::CouchPosition,
    &jaws::JawRange,
    &jaws::JawWidth,
    &jaw_cover::JawCover,
    &jaw_cover::LeafBank,
    &gantry::GantryMotion,
    &gantry::GantryName,
    &beam_sides::BeamSide,
    &collimator::CollimatorUsual,
    &couch_angle::CouchAngle,
    &beam_setup::SkinDistance,
    &beam_setup::DoseRate,
    &index_order::IndexOrder,
    &offset_usual::OffsetUsual,
];

/// Finds a check by its id.
#[must_use]
pub fn find(id: &str) -> Option<&'static dyn Check> {
    CHECKS.iter().copied().find(|check| check.card().id == id)
}

/// The clock and the rules that rows are checked against.
#[derive(Clone, Copy, Debug)]
pub struct Criteria<'a> {
    /// The target's wall clock. No time in the database may lie after it.
    pub now: Time,
    /// Limits, and which checks run.
    pub rules: &'a Rules,
}

impl<'a> Criteria<'a> {
    /// Rules of another domain are ignored, and the standard rules apply.
    pub(super) fn from_params(params: &'a CheckParams) -> Self {
        Self { now: params.now, rules: Rules::from_domain(params.rules.as_ref()) }
    }
}

/// Returns parameters with the standard rules.
#[must_use]
pub fn standard_params(now: civil::DateTime) -> CheckParams {
    CheckParams { now: Time::local(now), rules: Rules::standard() }
}

/// Runs checks in one pass over a snapshot that holds all rows of their tables; the verdicts come in their order.
///
/// Each by itself would gather the same facts again.
#[must_use]
pub fn run_together(checks: &[&dyn Check], snapshot: &Snapshot, params: &CheckParams) -> Vec<CheckVerdict> {
    CheckVisitors::of_snapshot(checks, snapshot, Criteria::from_params(params)).0
}

/// A quality check.
pub trait Check: Sync {
    /// Returns id, group, severity and texts.
    fn card(&self) -> &'static CheckCard;
    /// Returns the tables without which the check does not run.
    fn required_queries(&self) -> Vec<Fetch>;
    /// Returns the tables for rules of single machines. Without them, the same limits apply to every machine.
    fn optional_queries(&self) -> Vec<Fetch> {
        Vec::new()
    }
    /// Returns the columns that it reads, and what becomes of the check without each.
    fn columns(&self) -> Vec<CheckedColumn>;
    /// Returns all tables that are read for the check.
    fn queries(&self) -> Vec<Fetch> {
        self.required_queries().into_iter().chain(self.optional_queries()).collect()
    }
    /// Returns the shared fact that it needs, if any.
    fn gathered_fact(&self) -> Option<GatheredFact> {
        None
    }
    /// Returns the join that it needs, if any.
    fn parent_join(&self) -> Option<&'static ParentJoin> {
        None
    }
    /// Creates the visitor for one run. The runner takes care of missing and unreadable columns.
    fn visitor<'a>(&self, known: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a>;
}

impl<'c> dyn Check + 'c {
    /// Runs the check on a snapshot that holds all rows of its tables.
    #[must_use]
    pub fn run(&self, snapshot: &Snapshot, params: &CheckParams) -> CheckVerdict {
        run_together(&[self], snapshot, params)
            .pop()
            .unwrap_or_else(|| CheckVerdict::NotRun { why: "it was not run".into() })
    }
}

/// An inner join of a table with the rows that it refers to. In the joined row the parent's columns follow the child's,
/// under the names `Parent.Column`.
#[derive(Debug, PartialEq, Eq)]
pub struct ParentJoin {
    /// The referring table and its column.
    pub child: (&'static str, &'static str),
    /// The table referred to and its column.
    pub parent: (&'static str, &'static str),
    /// Further columns of the child and of the parent, in addition to keys and join columns.
    pub columns: [&'static [&'static str]; 2],
}

/// The state of a check during a run. It sees every row of its tables once, parents before the rows that refer to them.
pub trait CheckVisitor {
    /// Adds a batch of rows.
    fn visit(&mut self, part: &RowBatch<'_>, known: &CheckFacts<'_>);
    /// Returns the fields whose control points it must see a second time. Called after the last control point.
    fn fields_to_revisit(&mut self, _: &CheckFacts<'_>) -> BTreeSet<LookupId> {
        BTreeSet::new()
    }
    /// Adds control points that it asked to see a second time.
    fn revisit(&mut self, _: &RowBatch<'_>) {}
    /// Adds rows of the check's join.
    fn visit_joined(&mut self, _: &[Row<'_>]) {}
    /// Returns the verdict after the last row.
    fn finish(&mut self, known: &CheckFacts<'_>) -> CheckVerdict;
}

/// Converts a limit in seconds.
fn to_duration(limit: Size) -> SignedDuration {
    // A limit beyond the range of durations limits nothing, and neither does the longest one.
    SignedDuration::try_from_secs_f64(limit.get()).unwrap_or(SignedDuration::MAX)
}

/// Returns seconds rounded to milliseconds, for messages.
fn rounded_seconds(duration: SignedDuration) -> f64 {
    // A `datetime` of SQL Server counts in 1/300 s: 10.006666 s would only look precise.
    (duration.as_secs_f64() * 1000.0).round() / 1000.0
}

/// Checks the rows of one table, each by itself.
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
            for row in &part.rows {
                (self.judge)(row, known, &mut self.findings);
            }
        }
    }

    fn finish(&mut self, _: &CheckFacts<'_>) -> CheckVerdict {
        let remarks = std::mem::take(&mut self.remarks);
        sorted_verdict(self.looked_at, std::mem::take(&mut self.findings)).with_remarks(remarks)
    }
}

/// Returns a visitor that checks every row of a table by itself, and ends with the given remarks.
fn row_visitor<'a>(
    table: &'static str,
    remarks: Vec<String>,
    judge: impl FnMut(&Row<'_>, &CheckFacts<'_>, &mut Vec<Finding>) + 'a,
) -> Box<dyn CheckVisitor + 'a> {
    Box::new(RowVisitor { table, judge, looked_at: 0, findings: Vec::new(), remarks })
}

/// Returns a visitor that checks every row of a table by itself, and turns each fault into a finding.
fn check_rows<'a>(
    card: &'static CheckCard,
    table: &'static str,
    judge: impl Fn(&Row<'_>, &CheckFacts<'_>) -> Vec<(Severity, Violation)> + 'a,
) -> Box<dyn CheckVisitor + 'a> {
    row_visitor(table, Vec::new(), move |row, known, findings| {
        for (severity, wrong) in judge(row, known) {
            findings.push(Finding { severity, ..key_finding(card, table, row.key(), wrong) });
        }
    })
}

/// Decides at the end, by what was gathered from all tables; counts the rows of one.
struct FactVisitor<F> {
    table: &'static str,
    rows: u64,
    judge: F,
}

impl<F: FnMut(&CheckFacts<'_>, u64) -> CheckVerdict> CheckVisitor for FactVisitor<F> {
    fn visit(&mut self, part: &RowBatch<'_>, _: &CheckFacts<'_>) {
        self.rows += if part.table == self.table { part.len() } else { 0 };
    }

    fn finish(&mut self, known: &CheckFacts<'_>) -> CheckVerdict {
        (self.judge)(known, self.rows)
    }
}

/// Returns a visitor that judges the gathered facts once, with the number of rows of a table.
fn judge_facts<'a>(
    table: &'static str,
    judge: impl FnMut(&CheckFacts<'_>, u64) -> CheckVerdict + 'a,
) -> Box<dyn CheckVisitor + 'a> {
    Box::new(FactVisitor { table, rows: 0, judge })
}

/// Returns required columns of a table.
fn require_columns<const N: usize>(
    table: &'static str,
    columns: [(&'static str, CellForm); N],
) -> impl Iterator<Item = CheckedColumn> {
    columns.into_iter().map(move |(column, form)| CheckedColumn::required(table, column, form))
}

/// Returns the columns by which a delivery counts as given to a patient.
fn given_columns() -> impl Iterator<Item = CheckedColumn> {
    let required = require_columns(
        DELIVERIES,
        [
            ("Create_DtTm", CellForm::Time),
            ("FLD_ID", CellForm::Whole),
            ("WasBeamOn", CellForm::Flag),
            ("WasBeamComplete", CellForm::Flag),
        ],
    );
    let flags =
        ["WasCanceled", "WasQAMode"].map(|flag| CheckedColumn::optional(DELIVERIES, flag, CellForm::FlagOrNull));
    required.chain(flags).chain([CheckedColumn::optional(DELIVERIES, "Edit_DtTm", CellForm::Time)])
}

/// Returns a finding with the severity of the check's card.
fn key_finding(
    card: &'static CheckCard,
    table: &'static str,
    key: Key,
    Violation { what, message }: Violation,
) -> Finding {
    Finding { check: card.id, severity: card.severity, table, key, related: Vec::new(), what, message }
}

/// Returns a verdict with the findings sorted by key.
fn sorted_verdict(looked_at: u64, mut findings: Vec<Finding>) -> CheckVerdict {
    // Databases return rows in any order; the report must not depend on it.
    findings.sort_by(|a, b| a.key.cmp(&b.key));
    CheckVerdict::Ran { looked_at, findings, remarks: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_of_a_server_are_shown_as_milliseconds() {
        for (ticks, seconds) in [(16, 0.053), (21, 0.07), (3000, 10.0)] {
            assert_eq!(rounded_seconds(SignedDuration::from_nanos(ticks * 10_000_000 / 3)), seconds);
        }
    }
}
