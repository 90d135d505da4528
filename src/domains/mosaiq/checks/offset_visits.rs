//! Shifts and visits: a shift was measured while its patient was at the machine.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use jiff::civil::DateTime;

use super::offset_context::OffsetTime;
use super::record_links::show_id;
use super::{
    Check, CheckCard, CheckFacts, CheckVerdict, CheckVisitor, Criteria, GatheredFact, RowBatch, key_finding,
    rounded_seconds, sorted_verdict, to_duration,
};
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::domains::mosaiq::deliveries::is_set;
use crate::domains::mosaiq::facts::DELIVERIES;
use crate::domains::mosaiq::links::SITES;
use crate::domains::mosaiq::lookup::LookupId;
use crate::model::time::Time;
use crate::model::{Fetch, Finding, Row, Severity, Violation};

const TABLE: &str = "Offset";

pub(super) struct OffsetVisit;

static CARD: CheckCard = CheckCard {
    id: "offset_visit",
    group: "identity",
    mode: "plausible_identity",
    severity: Severity::High,
    about: "A shift is measured (Study_DtTm) during a visit of the patient whose prescription it names, from the \
        rules' time before the first delivery to that time after the last. Where another patient was at a machine \
        instead, the shift is reported as possibly theirs. What offset_time reports is not reported again.",
    remedy: "Compare with the images: a shift that belongs to another patient moves this one to the wrong place.",
};

impl Check for OffsetVisit {
    fn card(&self) -> &'static CheckCard {
        &CARD
    }

    fn required_queries(&self) -> Vec<Fetch> {
        [TABLE, SITES, DELIVERIES].map(Fetch::all).into()
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        let ids = [(TABLE, "SIT_SET_ID"), (SITES, "SIT_SET_ID"), (SITES, "SIT_ID"), (SITES, "Pat_ID1")];
        let ids = ids.into_iter().chain([(DELIVERIES, "Pat_ID1")]);
        let ids = ids.map(|(table, column)| CheckedColumn::required(table, column, CellForm::Whole));
        let times = [(TABLE, "Study_DtTm"), (DELIVERIES, "Create_DtTm")];
        let times = times.into_iter().map(|(table, column)| CheckedColumn::required(table, column, CellForm::Time));
        let aids = [
            CheckedColumn::optional(DELIVERIES, "Edit_DtTm", CellForm::Time),
            CheckedColumn::optional(DELIVERIES, "WasQAMode", CellForm::FlagOrNull),
            CheckedColumn::optional(SITES, "Version", CellForm::Whole),
        ];
        ids.chain(times).chain(aids).collect()
    }

    fn gathered_fact(&self) -> Option<GatheredFact> {
        Some(GatheredFact::Links)
    }

    fn visitor<'a>(&self, known: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        let offsets = &criteria.rules.offsets;
        // Rules that switch `offset_time` off want nobody to report what it does.
        let far_is_reported = OffsetTime.columns().iter().all(|column| column.is_there(known.whole));
        Box::new(VisitVisitor {
            margin: to_duration(offsets.visit_margin),
            far_is_reported,
            before: to_duration(offsets.before_treatment),
            after: to_duration(offsets.after_treatment),
            visits: BTreeMap::new(),
            untreated: 0,
            looked_at: 0,
            findings: Vec::new(),
        })
    }
}

/// Deliveries of a patient that follow each other within the margin.
#[derive(Clone, Copy, Debug)]
struct Visit {
    start: DateTime,
    end: DateTime,
}

// Prescriptions come first, then deliveries, then shifts. Deliveries need not come in the order of their times: their
// visits are merged by patient and day.
struct VisitVisitor {
    margin: SignedDuration,
    /// Whether `offset_time` can run, and reports the shifts that are far from any treatment.
    far_is_reported: bool,
    /// Within these limits `offset_time` takes the shift for one of a treatment.
    before: SignedDuration,
    after: SignedDuration,
    /// By patient; in the order of their starts, as deliveries come.
    visits: BTreeMap<LookupId, Vec<Visit>>,
    /// Shifts of patients who were never treated.
    untreated: u64,
    looked_at: u64,
    findings: Vec<Finding>,
}

impl CheckVisitor for VisitVisitor {
    fn visit(&mut self, part: &RowBatch<'_>, known: &CheckFacts<'_>) {
        if part.table == DELIVERIES {
            for row in part.rows.iter().filter(|row| !is_set(row, "WasQAMode")) {
                self.add_delivery(row);
            }
        } else if part.table == TABLE {
            for row in &part.rows {
                self.check_shift(row, known);
            }
        }
    }

    fn finish(&mut self, _: &CheckFacts<'_>) -> CheckVerdict {
        let verdict = sorted_verdict(self.looked_at, std::mem::take(&mut self.findings));
        match self.untreated {
            0 => verdict,
            some => verdict.with_remarks(vec![format!("shifts of patients who were never treated: {some}")]),
        }
    }
}

impl VisitVisitor {
    fn add_delivery(&mut self, row: &Row<'_>) {
        let patient = LookupId::from_cell(row.cell("Pat_ID1"));
        let Some(start) = row.time("Create_DtTm").filter(|time| !time.is_zoned()) else { return };
        let end = row.time("Edit_DtTm").filter(|end| !end.is_zoned() && end.wall > start.wall).unwrap_or(start);
        let visits = self.visits.entry(patient).or_default();
        match visits.last_mut().filter(|visit| {
            visit.start <= start.wall && start.wall.duration_since(visit.end) <= self.margin + self.margin
        }) {
            Some(visit) => visit.end = visit.end.max(end.wall),
            None => visits.push(Visit { start: start.wall, end: end.wall }),
        }
    }

    fn check_shift(&mut self, row: &Row<'_>, known: &CheckFacts<'_>) {
        let Some(study) = row.time("Study_DtTm").filter(|time| !time.is_zoned()) else { return };
        let set = LookupId::from_cell(row.cell("SIT_SET_ID"));
        let Some(owner) = known.links.set(&set) else { return };
        let Some(visits) = self.visits.get(&owner.patient) else {
            self.untreated += 1;
            return;
        };
        self.looked_at += 1;
        let Some(apart) = nearest_visit(visits, study.wall) else { return };
        let is_far = apart.lead > self.before || apart.lag > self.after;
        if apart.distance <= self.margin || (is_far && self.far_is_reported) {
            return;
        }
        let patient = show_id(&owner.patient);
        let minutes = rounded_seconds(apart.distance) / 60.0;
        let others = self.list_others(&owner.patient, study.wall);
        let at = Time::local(study.wall).to_text();
        let message = format!(
            "was measured at {at}, {minutes:.0} minutes away from the visit of its patient {patient}{}",
            describe_others(&others)
        );
        let what = format!("Study_DtTm={at} Pat_ID1={patient}");
        self.findings.push(key_finding(&CARD, TABLE, row.key(), Violation { what, message }));
    }

    /// Returns the other patients with a visit at a moment.
    fn list_others(&self, patient: &LookupId, moment: DateTime) -> Vec<String> {
        let others = self.visits.iter().filter(|(other, visits)| {
            *other != patient && nearest_visit(visits, moment).is_some_and(|apart| apart.distance.is_zero())
        });
        others.map(|(other, _)| show_id(other)).collect()
    }
}

fn describe_others(others: &[String]) -> String {
    match others {
        [] => "; no other patient was at a machine then".to_owned(),
        [one] => format!("; patient {one} was at a machine then"),
        many => format!("; patients {} were at a machine then", many.join(", ")),
    }
}

/// How far a moment lies from the nearest visit.
#[derive(Clone, Copy)]
struct VisitDistance {
    /// Zero within the visit.
    distance: SignedDuration,
    /// From the moment to the start of the visit, if it lies before it.
    lead: SignedDuration,
    /// From the start of the visit to the moment, if it lies after its end.
    lag: SignedDuration,
}

fn nearest_visit(visits: &[Visit], moment: DateTime) -> Option<VisitDistance> {
    // Visits are in the order of their starts: only the one before the moment and the one after it can be nearest.
    let after = visits.partition_point(|visit| visit.start <= moment);
    let near = [after.checked_sub(1), Some(after)].into_iter().flatten().filter_map(|at| visits.get(at));
    near.map(|visit| measure_distance(visit, moment)).min_by_key(|apart| apart.distance)
}

fn measure_distance(visit: &Visit, moment: DateTime) -> VisitDistance {
    let zero = SignedDuration::ZERO;
    let lead = visit.start.duration_since(moment).max(zero);
    let beyond = moment.duration_since(visit.end).max(zero);
    let lag = if beyond.is_zero() { zero } else { moment.duration_since(visit.start) };
    VisitDistance { distance: lead.max(beyond), lead, lag }
}
