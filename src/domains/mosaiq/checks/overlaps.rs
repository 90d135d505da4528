//! Overlapping deliveries: two patients on a machine, a patient on two machines, two fields of a patient at a time.

use jiff::SignedDuration;
use jiff::civil::DateTime;

use super::{
    Check, CheckCard, CheckFacts, CheckVerdict, CheckVisitor, Criteria, GatheredFact, RowBatch, rounded_seconds,
    to_duration,
};
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::domains::mosaiq::course::{DeliveryGroups, DeliveryRecord, DeliveryScope};
use crate::domains::mosaiq::lookup::LookupId;
use crate::model::{Fetch, Finding, Severity, Violation};

const TABLE: &str = "TrackTreatment";

pub(super) struct OverlappingDelivery;
pub(super) struct DeliveryTwoFields;

static OVERLAP: CheckCard = CheckCard {
    id: "overlapping_delivery",
    group: "duplicates",
    mode: "duplicate_treatments",
    severity: Severity::High,
    about: "No machine treats two patients at once, and no patient is treated on two machines at once; only deliveries \
        with beam on, complete and not cancelled are compared.",
    remedy: "Find out from the machines' logs who was treated where, and correct the other record.",
};

static FIELDS: CheckCard = CheckCard {
    id: "delivery_two_fields",
    group: "duplicates",
    mode: "duplicate_treatments",
    severity: Severity::Medium,
    about: "No two deliveries of a patient with different fields start closer together than the rules allow; only \
        those with beam on, complete and not cancelled are compared.",
    remedy: "Find out from the machine's log which field was given, and void the other record.",
};

/// Returns the columns by which deliveries are compared with each other.
pub(super) fn compared_columns() -> impl Iterator<Item = CheckedColumn> {
    let ids = ["Pat_ID1", "Machine_ID_Staff_ID"].map(|column| (column, CellForm::Whole));
    let times = ["Create_DtTm", "Edit_DtTm"].map(|column| (column, CellForm::Time));
    let flags = ["WasBeamOn", "WasBeamComplete"].map(|column| (column, CellForm::Flag));
    let all = ids.into_iter().chain(times).chain(flags).chain([("WasCanceled", CellForm::FlagOrNull)]);
    all.map(|(column, form)| CheckedColumn::required(TABLE, column, form))
}

/// A delivery with its mark: the id that overlapping deliveries must share, such as the patient.
type MarkedDelivery<'d> = (&'d LookupId, &'d DeliveryRecord);

/// The delivery with the latest time, and the one with the latest time among those of other marks.
///
/// Two are enough to answer for any mark, so that a group is searched in one pass.
#[derive(Default)]
struct LatestDeliveries<'d> {
    first: Option<(DateTime, MarkedDelivery<'d>)>,
    other: Option<(DateTime, MarkedDelivery<'d>)>,
}

impl<'d> LatestDeliveries<'d> {
    fn add(&mut self, time: DateTime, delivery: MarkedDelivery<'d>) {
        // On a tie the delivery added last counts: it started last, and is the nearest.
        let is_same = self.first.is_some_and(|(_, (mark, _))| mark == delivery.0);
        if self.first.is_none_or(|(known, _)| known <= time) {
            if !is_same {
                self.other = self.first;
            }
            self.first = Some((time, delivery));
        } else if !is_same && self.other.is_none_or(|(known, _)| known <= time) {
            self.other = Some((time, delivery));
        }
    }

    /// Returns the delivery with the latest time among those of other marks.
    fn latest_other(&self, mark: &LookupId) -> Option<(DateTime, &'d DeliveryRecord)> {
        let all = [self.first, self.other].into_iter().flatten();
        all.filter(|(_, (known, _))| *known != mark).map(|(time, (_, delivery))| (time, delivery)).next()
    }
}

impl Check for OverlappingDelivery {
    fn card(&self) -> &'static CheckCard {
        &OVERLAP
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(TABLE)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        compared_columns().collect()
    }

    fn gathered_fact(&self) -> Option<GatheredFact> {
        Some(GatheredFact::Deliveries)
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, _: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        let [machines, patients] = [DeliveryScope::Machine, DeliveryScope::Patient]
            // Only what overlaps matters: a group is complete once nothing in it runs any more.
            .map(|within| DeliveryGroups::new(within, SignedDuration::ZERO));
        Box::new(OverlapVisitor { machines, patients, looked_at: 0, findings: Vec::new() })
    }
}

struct OverlapVisitor {
    machines: DeliveryGroups,
    patients: DeliveryGroups,
    looked_at: u64,
    findings: Vec<Finding>,
}

impl CheckVisitor for OverlapVisitor {
    fn visit(&mut self, part: &RowBatch<'_>, known: &CheckFacts<'_>) {
        self.looked_at += part.len();
        let (passing, findings) = (known.course.batch(), &mut self.findings);
        self.machines.add_batch(passing, &mut |group| findings.extend(two_patients(group)));
        self.patients.add_batch(passing, &mut |group| findings.extend(two_machines(group)));
    }

    fn finish(&mut self, _: &CheckFacts<'_>) -> CheckVerdict {
        let mut findings = std::mem::take(&mut self.findings);
        self.machines.finish(&mut |group| findings.extend(two_patients(group)));
        self.patients.finish(&mut |group| findings.extend(two_machines(group)));
        findings.sort();
        CheckVerdict::Ran { looked_at: self.looked_at, findings, remarks: Vec::new() }
    }
}

fn two_patients(group: &[DeliveryRecord]) -> Vec<Finding> {
    find_overlaps(group, |delivery| &delivery.patient, ["patient=other", "another patient is treated on the machine"])
}

fn two_machines(group: &[DeliveryRecord]) -> Vec<Finding> {
    find_overlaps(group, |delivery| &delivery.machine, ["machine=other", "the patient is treated on another machine"])
}

/// Returns a finding for every delivery that begins while one of another mark is running.
fn find_overlaps<'d>(
    group: &'d [DeliveryRecord],
    mark: impl Fn(&'d DeliveryRecord) -> &'d LookupId,
    [aspect, what]: [&str; 2],
) -> Vec<Finding> {
    let (mut latest, mut findings) = (LatestDeliveries::default(), Vec::new());
    for delivery in group {
        let running = latest.latest_other(mark(delivery)).filter(|(end, _)| *end > delivery.start);
        findings.extend(running.map(|(end, other)| {
            let shared = end.min(delivery.end).duration_since(delivery.start);
            let message = format!("starts while {what}; they overlap by {} s", rounded_seconds(shared));
            let shared = shared.as_secs_f64();
            build_finding(
                &OVERLAP,
                delivery,
                other,
                Violation { what: format!("{aspect} shared={shared:.0}s"), message },
            )
        }));
        latest.add(delivery.end, (mark(delivery), delivery));
    }
    findings
}

fn build_finding(
    card: &'static CheckCard,
    delivery: &DeliveryRecord,
    other: &DeliveryRecord,
    Violation { what, message }: Violation,
) -> Finding {
    let (key, related) = (delivery.key.to_key(), vec![(TABLE, other.key.to_key())]);
    Finding { check: card.id, severity: card.severity, table: TABLE, key, related, what, message }
}

impl Check for DeliveryTwoFields {
    fn card(&self) -> &'static CheckCard {
        &FIELDS
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(TABLE)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        compared_columns().chain([CheckedColumn::required(TABLE, "FLD_ID", CellForm::Whole)]).collect()
    }

    fn gathered_fact(&self) -> Option<GatheredFact> {
        Some(GatheredFact::Deliveries)
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        let window = to_duration(criteria.rules.deliveries.field_window);
        Box::new(TwoFieldsVisitor {
            window,
            groups: DeliveryGroups::new(DeliveryScope::Patient, window),
            looked_at: 0,
            findings: Vec::new(),
        })
    }
}

struct TwoFieldsVisitor {
    window: SignedDuration,
    groups: DeliveryGroups,
    looked_at: u64,
    findings: Vec<Finding>,
}

impl CheckVisitor for TwoFieldsVisitor {
    fn visit(&mut self, part: &RowBatch<'_>, known: &CheckFacts<'_>) {
        self.looked_at += part.len();
        let Self { groups, findings, window, .. } = self;
        groups.add_batch(known.course.batch(), &mut |group| findings.extend(two_fields(group, *window)));
    }

    fn finish(&mut self, _: &CheckFacts<'_>) -> CheckVerdict {
        let mut findings = std::mem::take(&mut self.findings);
        self.groups.finish(&mut |group| findings.extend(two_fields(group, self.window)));
        findings.sort();
        CheckVerdict::Ran { looked_at: self.looked_at, findings, remarks: Vec::new() }
    }
}

/// Returns a finding for every delivery that starts within the window after one of another field.
fn two_fields(group: &[DeliveryRecord], window: SignedDuration) -> Vec<Finding> {
    let (mut latest, mut findings) = (LatestDeliveries::default(), Vec::new());
    // A NULL field is reported as such, and is no other field.
    for delivery in group.iter().filter(|delivery| !delivery.field.is_null()) {
        let field = &delivery.field;
        let near = latest.latest_other(field).map(|(start, other)| (delivery.start.duration_since(start), other));
        let near = near.filter(|(apart, other)| *apart <= window && !delivery.ran_after(other));
        findings.extend(near.map(|(apart, other)| {
            let message =
                format!("starts {} s after a delivery of another field of the patient", rounded_seconds(apart));
            let apart = apart.as_secs_f64();
            build_finding(
                &FIELDS,
                delivery,
                other,
                Violation { what: format!("field=other apart={apart:.0}s"), message },
            )
        }));
        latest.add(delivery.start, (field, delivery));
    }
    findings
}
