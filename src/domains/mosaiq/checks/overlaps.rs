//! Deliveries that exclude each other: two patients on a machine, a patient in two places, two fields at a time.

use jiff::SignedDuration;
use jiff::civil::DateTime;

use super::{Check, CheckCard, Criteria, Fact, Known, Look, Part, Verdict, seconds, shown};
use crate::domains::mosaiq::course::{Groups, Slim, Within};
use crate::domains::mosaiq::ground::{CellForm, Read};
use crate::domains::mosaiq::lookup::Id;
use crate::model::{Fetch, Finding, Severity, Wrong};

const TABLE: &str = "TrackTreatment";

/// Two patients on a machine at once, or a patient on two.
pub(super) struct OverlappingDelivery;
/// Two fields of a patient at once.
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
    about: "No two deliveries of a patient with different fields start closer together than the rules say; only those \
        with beam on, complete and not cancelled are compared.",
    remedy: "Find out from the machine's log which field was given, and void the other record.",
};

/// Returns the columns that deliveries are compared by.
fn reads() -> impl Iterator<Item = Read> {
    let ids = ["Pat_ID1", "Machine_ID_Staff_ID"].map(|column| (column, CellForm::Whole));
    let times = ["Create_DtTm", "Edit_DtTm"].map(|column| (column, CellForm::Time));
    let flags = ["WasBeamOn", "WasBeamComplete"].map(|column| (column, CellForm::Flag));
    let all = ids.into_iter().chain(times).chain(flags).chain([("WasCanceled", CellForm::FlagOrNull)]);
    all.map(|(column, form)| Read::all(TABLE, column, form))
}

/// A delivery, and what must be the same in all that go on at once.
type OverlapGroup<'d> = (&'d Id, &'d Slim);

/// The delivery with the latest time, and that of another mark with the latest.
#[derive(Default)]
struct Latest<'d> {
    first: Option<(DateTime, OverlapGroup<'d>)>,
    other: Option<(DateTime, OverlapGroup<'d>)>,
}

impl<'d> Latest<'d> {
    /// Takes in a delivery.
    fn add(&mut self, time: DateTime, delivery: OverlapGroup<'d>) {
        let later = |known: &Option<(DateTime, OverlapGroup<'_>)>| known.is_none_or(|(known, _)| known <= time);
        let same =
            |known: &Option<(DateTime, OverlapGroup<'_>)>| known.is_some_and(|(_, (mark, _))| mark == delivery.0);
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
    fn besides(&self, mark: &Id) -> Option<(DateTime, &'d Slim)> {
        let all = [self.first, self.other].into_iter().flatten();
        all.filter(|(_, (known, _))| *known != mark).map(|(time, (_, delivery))| (time, delivery)).next()
    }
}

impl Check for OverlappingDelivery {
    fn card(&self) -> &'static CheckCard {
        &OVERLAP
    }

    fn needs(&self) -> Vec<Fetch> {
        vec![Fetch::all(TABLE)]
    }

    fn reads(&self) -> Vec<Read> {
        reads().collect()
    }

    fn wants(&self) -> Option<Fact> {
        Some(Fact::Deliveries)
    }

    fn look<'a>(&self, _: &Known<'a>, _: Criteria<'a>) -> Box<dyn Look + 'a> {
        let [machines, patients] =
            [Within::Machine, Within::Patient].map(|within| Groups::new(within, SignedDuration::ZERO));
        Box::new(Overlaps { machines, patients, looked_at: 0, findings: Vec::new() })
    }
}

/// The look: deliveries are compared as soon as all have come by that begin while one goes on.
struct Overlaps {
    machines: Groups,
    patients: Groups,
    looked_at: u64,
    findings: Vec<Finding>,
}

impl Look for Overlaps {
    fn take(&mut self, part: &Part<'_>, known: &Known<'_>) {
        self.looked_at += part.len();
        let (passing, findings) = (known.course.passing(), &mut self.findings);
        self.machines.take(passing, &mut |group| findings.extend(two_patients(group)));
        self.patients.take(passing, &mut |group| findings.extend(two_machines(group)));
    }

    fn verdict(&mut self, _: &Known<'_>) -> Verdict {
        let mut findings = std::mem::take(&mut self.findings);
        self.machines.finish(&mut |group| findings.extend(two_patients(group)));
        self.patients.finish(&mut |group| findings.extend(two_machines(group)));
        findings.sort();
        Verdict::Ran { looked_at: self.looked_at, findings, remarks: Vec::new() }
    }
}

fn two_patients(group: &[Slim]) -> Vec<Finding> {
    overlaps(group, |delivery| &delivery.patient, ["patient=other", "another patient is treated on the machine"])
}

fn two_machines(group: &[Slim]) -> Vec<Finding> {
    overlaps(group, |delivery| &delivery.machine, ["machine=other", "the patient is treated on another machine"])
}

/// Returns a finding for every delivery that begins while one of another mark goes on.
fn overlaps<'d>(group: &'d [Slim], mark: impl Fn(&'d Slim) -> &'d Id, [aspect, what]: [&str; 2]) -> Vec<Finding> {
    let (mut latest, mut findings) = (Latest::default(), Vec::new());
    for delivery in group {
        let running = latest.besides(mark(delivery)).filter(|(end, _)| *end > delivery.start);
        findings.extend(running.map(|(end, other)| {
            let shared = end.min(delivery.end).duration_since(delivery.start);
            let message = format!("begins while {what}; {} s are in both", shown(shared));
            let shared = shared.as_secs_f64();
            finding(&OVERLAP, delivery, other, Wrong { what: format!("{aspect} shared={shared:.0}s"), message })
        }));
        latest.add(delivery.end, (mark(delivery), delivery));
    }
    findings
}

fn finding(card: &'static CheckCard, delivery: &Slim, other: &Slim, Wrong { what, message }: Wrong) -> Finding {
    let (key, related) = (delivery.key.key(), vec![(TABLE, other.key.key())]);
    Finding { check: card.id, severity: card.severity, table: TABLE, key, related, what, message }
}

impl Check for DeliveryTwoFields {
    fn card(&self) -> &'static CheckCard {
        &FIELDS
    }

    fn needs(&self) -> Vec<Fetch> {
        vec![Fetch::all(TABLE)]
    }

    fn reads(&self) -> Vec<Read> {
        reads().chain([Read::all(TABLE, "FLD_ID", CellForm::Whole)]).collect()
    }

    fn wants(&self) -> Option<Fact> {
        Some(Fact::Deliveries)
    }

    fn look<'a>(&self, _: &Known<'a>, criteria: Criteria<'a>) -> Box<dyn Look + 'a> {
        let window = seconds(criteria.rules.deliveries.field_window);
        Box::new(TwoFields { window, groups: Groups::new(Within::Patient, window), looked_at: 0, findings: Vec::new() })
    }
}

/// The look: deliveries are compared as soon as all have come by that start near one.
struct TwoFields {
    window: SignedDuration,
    groups: Groups,
    looked_at: u64,
    findings: Vec<Finding>,
}

impl Look for TwoFields {
    fn take(&mut self, part: &Part<'_>, known: &Known<'_>) {
        self.looked_at += part.len();
        let Self { groups, findings, window, .. } = self;
        groups.take(known.course.passing(), &mut |group| findings.extend(two_fields(group, *window)));
    }

    fn verdict(&mut self, _: &Known<'_>) -> Verdict {
        let mut findings = std::mem::take(&mut self.findings);
        self.groups.finish(&mut |group| findings.extend(two_fields(group, self.window)));
        findings.sort();
        Verdict::Ran { looked_at: self.looked_at, findings, remarks: Vec::new() }
    }
}

/// Returns a finding for every delivery of a patient that starts soon after one of another field.
fn two_fields(group: &[Slim], window: SignedDuration) -> Vec<Finding> {
    let (mut latest, mut findings) = (Latest::default(), Vec::new());
    for delivery in group.iter().filter(|delivery| !delivery.field.is_null()) {
        let field = &delivery.field;
        let near = latest.besides(field).map(|(start, other)| (delivery.start.duration_since(start), other));
        findings.extend(near.filter(|(apart, _)| *apart <= window).map(|(apart, other)| {
            let message = format!("starts {} s after a delivery of another field of the patient", shown(apart));
            let apart = apart.as_secs_f64();
            finding(&FIELDS, delivery, other, Wrong { what: format!("field=other apart={apart:.0}s"), message })
        }));
        latest.add(delivery.start, (field, delivery));
    }
    findings
}
