//! Deliveries that exclude each other: two patients on a machine, a patient in two places, two fields at a time.

use jiff::SignedDuration;
use jiff::civil::DateTime;

use super::{Card, Check, Fact, Known, Look, Part, Terms, Verdict, seconds};
use crate::model::{Finding, Query, Severity, Value, Wrong};
use crate::mosaiq::course::Within;
use crate::mosaiq::deliveries::Delivery;
use crate::mosaiq::ground::{Form, Read};

const TABLE: &str = "TrackTreatment";

/// Two patients on a machine at once, or a patient on two.
pub(super) struct OverlappingDelivery;
/// Two fields of a patient at once.
pub(super) struct DeliveryTwoFields;

static OVERLAP: Card = Card {
    id: "overlapping_delivery",
    group: "duplicates",
    mode: "duplicate_treatments",
    severity: Severity::High,
    about: "No machine treats two patients at once, and no patient is treated on two machines at once; only deliveries \
        with beam on, complete and not cancelled are compared.",
    remedy: "Find out from the machines' logs who was treated where, and correct the other record.",
};

static FIELDS: Card = Card {
    id: "delivery_two_fields",
    group: "duplicates",
    mode: "duplicate_treatments",
    severity: Severity::Medium,
    about: "No two deliveries of a patient with different fields start within 5 seconds of each other; only those with \
        beam on, complete and not cancelled are compared.",
    remedy: "Find out from the machine's log which field was given, and void the other record.",
};

/// Returns the columns that deliveries are compared by.
fn reads() -> impl Iterator<Item = Read> {
    let ids = ["Pat_ID1", "Machine_ID_Staff_ID"].map(|column| (column, Form::Any));
    let times = ["Create_DtTm", "Edit_DtTm"].map(|column| (column, Form::Time));
    let flags = ["WasBeamOn", "WasBeamComplete"].map(|column| (column, Form::Flag));
    let all = ids.into_iter().chain(times).chain(flags).chain([("WasCanceled", Form::FlagOrNull)]);
    all.map(|(column, form)| Read::all(TABLE, column, form))
}

/// A delivery, and what must be the same in all that go on at once.
type Marked<'d> = (&'d Value, &'d Delivery);

/// The delivery with the latest time, and that of another mark with the latest.
#[derive(Default)]
struct Latest<'d> {
    first: Option<(DateTime, Marked<'d>)>,
    other: Option<(DateTime, Marked<'d>)>,
}

impl<'d> Latest<'d> {
    /// Takes in a delivery.
    fn add(&mut self, time: DateTime, delivery: Marked<'d>) {
        let later = |known: &Option<(DateTime, Marked<'_>)>| known.is_none_or(|(known, _)| known <= time);
        let same = |known: &Option<(DateTime, Marked<'_>)>| known.is_some_and(|(_, (mark, _))| mark == delivery.0);
        if later(&self.first) {
            if !same(&self.first) {
                self.other = self.first;
            }
            self.first = Some((time, delivery));
        } else if !same(&self.first) && later(&self.other) {
            self.other = Some((time, delivery));
        }
    }

    /// Returns the delivery of another mark with the latest time.
    fn besides(&self, mark: &Value) -> Option<(DateTime, &'d Delivery)> {
        let all = [self.first, self.other].into_iter().flatten();
        all.filter(|(_, (known, _))| *known != mark).map(|(time, (_, delivery))| (time, delivery)).next()
    }
}

impl Check for OverlappingDelivery {
    fn card(&self) -> &'static Card {
        &OVERLAP
    }

    fn needs(&self) -> Vec<Query> {
        vec![Query::all(TABLE)]
    }

    fn reads(&self) -> Vec<Read> {
        reads().collect()
    }

    fn wants(&self) -> Option<Fact> {
        Some(Fact::Deliveries)
    }

    fn look<'a>(&self, _: &Known<'a>, _: &'a Terms) -> Box<dyn Look + 'a> {
        Box::new(Overlaps { looked_at: 0 })
    }
}

/// The look: deliveries are compared when all have come by.
struct Overlaps {
    looked_at: u64,
}

impl Look for Overlaps {
    fn take(&mut self, part: &Part<'_>, _: &Known<'_>) {
        self.looked_at += part.len();
    }

    fn verdict(&mut self, known: &Known<'_>) -> Verdict {
        let mut findings = Vec::new();
        known.course.groups(Within::Machine, SignedDuration::ZERO, |group| {
            let words = ["patient=other", "another patient is treated on the machine"];
            findings.extend(overlaps(group, |delivery| &delivery.patient, words));
        });
        known.course.groups(Within::Patient, SignedDuration::ZERO, |group| {
            let words = ["machine=other", "the patient is treated on another machine"];
            findings.extend(overlaps(group, |delivery| &delivery.machine, words));
        });
        findings.sort();
        Verdict::Ran { looked_at: self.looked_at, findings, remarks: Vec::new() }
    }
}

/// Returns a finding for every delivery that begins while one of another mark goes on.
fn overlaps<'d>(
    group: &'d [(Value, Delivery)],
    mark: impl Fn(&'d Delivery) -> &'d Value,
    [aspect, what]: [&str; 2],
) -> Vec<Finding> {
    let (mut latest, mut findings) = (Latest::default(), Vec::new());
    for (_, delivery) in group {
        let running = latest.besides(mark(delivery)).filter(|(end, _)| *end > delivery.start);
        findings.extend(running.map(|(end, other)| {
            let shared = end.min(delivery.end).duration_since(delivery.start).as_secs_f64();
            let message = format!("begins while {what}; {shared} s are in both");
            finding(&OVERLAP, delivery, other, Wrong { what: format!("{aspect} shared={shared:.0}s"), message })
        }));
        latest.add(delivery.end, (mark(delivery), delivery));
    }
    findings
}

fn finding(card: &'static Card, delivery: &Delivery, other: &Delivery, Wrong { what, message }: Wrong) -> Finding {
    let (key, related) = (delivery.key.clone(), vec![(TABLE, other.key.clone())]);
    Finding { check: card.id, severity: card.severity, table: TABLE, key, related, what, message }
}

impl Check for DeliveryTwoFields {
    fn card(&self) -> &'static Card {
        &FIELDS
    }

    fn needs(&self) -> Vec<Query> {
        vec![Query::all(TABLE)]
    }

    fn reads(&self) -> Vec<Read> {
        reads().chain([Read::all(TABLE, "FLD_ID", Form::Any)]).collect()
    }

    fn wants(&self) -> Option<Fact> {
        Some(Fact::Deliveries)
    }

    fn look<'a>(&self, _: &Known<'a>, terms: &'a Terms) -> Box<dyn Look + 'a> {
        Box::new(TwoFields { window: seconds(terms.rules.deliveries.field_window), looked_at: 0 })
    }
}

/// The look: deliveries are compared when all have come by.
struct TwoFields {
    window: SignedDuration,
    looked_at: u64,
}

impl Look for TwoFields {
    fn take(&mut self, part: &Part<'_>, _: &Known<'_>) {
        self.looked_at += part.len();
    }

    fn verdict(&mut self, known: &Known<'_>) -> Verdict {
        let mut findings = Vec::new();
        known.course.groups(Within::Patient, self.window, |group| findings.extend(two_fields(group, self.window)));
        findings.sort();
        Verdict::Ran { looked_at: self.looked_at, findings, remarks: Vec::new() }
    }
}

/// Returns a finding for every delivery of a patient that starts soon after one of another field.
fn two_fields(group: &[(Value, Delivery)], window: SignedDuration) -> Vec<Finding> {
    let (mut latest, mut findings) = (Latest::default(), Vec::new());
    for (field, delivery) in group.iter().filter(|(field, _)| !field.is_null()) {
        let near = latest.besides(field).map(|(start, other)| (delivery.start.duration_since(start), other));
        findings.extend(near.filter(|(apart, _)| *apart <= window).map(|(apart, other)| {
            let apart = apart.as_secs_f64();
            let message = format!("starts {apart} s after a delivery of another field of the patient");
            finding(&FIELDS, delivery, other, Wrong { what: format!("field=other apart={apart:.0}s"), message })
        }));
        latest.add(delivery.start, (field, delivery));
    }
    findings
}
