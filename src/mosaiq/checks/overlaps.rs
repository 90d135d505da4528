//! Deliveries that exclude each other: two patients on a machine, a patient in two places, two fields at a time.

use std::collections::BTreeMap;

use jiff::civil::DateTime;

use super::{Card, Check, Terms, Verdict, present, seconds};
use crate::model::snapshot::key_form;
use crate::model::{Finding, Query, Severity, Snapshot, Value, Wrong};
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

/// Groups deliveries, each group by its start.
fn grouped<'d>(
    deliveries: &'d [(Value, Delivery)],
    by: impl Fn(&'d Delivery) -> &'d Value,
) -> BTreeMap<&'d Value, Vec<&'d (Value, Delivery)>> {
    let mut groups: BTreeMap<&Value, Vec<&(Value, Delivery)>> = BTreeMap::new();
    deliveries.iter().for_each(|each| groups.entry(by(&each.1)).or_default().push(each));
    groups.values_mut().for_each(|group| group.sort_by(|a, b| (a.1.start, &a.1.key).cmp(&(b.1.start, &b.1.key))));
    groups
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

    fn judge(&self, snapshot: &Snapshot, _: &Terms) -> Verdict {
        let rows = match present(snapshot, TABLE, &[]) {
            Ok(rows) => rows,
            Err(not_run) => return not_run,
        };
        let read = rows.rows().filter_map(|row| Delivery::read(&row).ok());
        let deliveries: Vec<(Value, Delivery)> = read.map(|delivery| (Value::Null, delivery)).collect();
        let machines = grouped(&deliveries, |delivery| &delivery.machine);
        let patients = grouped(&deliveries, |delivery| &delivery.patient);
        let on_machines = machines.values().flat_map(|group| {
            overlaps(
                group,
                |delivery| &delivery.patient,
                ["patient=other", "another patient is treated on the machine"],
            )
        });
        let elsewhere = patients.values().flat_map(|group| {
            overlaps(
                group,
                |delivery| &delivery.machine,
                ["machine=other", "the patient is treated on another machine"],
            )
        });
        let mut findings: Vec<Finding> = on_machines.chain(elsewhere).collect();
        findings.sort();
        Verdict::Ran { looked_at: rows.len() as u64, findings, remarks: Vec::new() }
    }
}

/// Returns a finding for every delivery that begins while one of another mark goes on.
fn overlaps<'d>(
    group: &[&'d (Value, Delivery)],
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

    fn judge(&self, snapshot: &Snapshot, terms: &Terms) -> Verdict {
        let rows = match present(snapshot, TABLE, &[]) {
            Ok(rows) => rows,
            Err(not_run) => return not_run,
        };
        let window = seconds(terms.rules.deliveries.field_window);
        let field = |row: &crate::model::Row<'_>| row.cell("FLD_ID").filter(|cell| !cell.is_null()).map(key_form);
        let read = rows.rows().filter_map(|row| Some((field(&row)?, Delivery::read(&row).ok()?)));
        let deliveries: Vec<(Value, Delivery)> = read.collect();
        let mut findings = Vec::new();
        for group in grouped(&deliveries, |delivery| &delivery.patient).values() {
            let mut latest = Latest::default();
            for (field, delivery) in group {
                let near = latest.besides(field).map(|(start, other)| (delivery.start.duration_since(start), other));
                findings.extend(near.filter(|(apart, _)| *apart <= window).map(|(apart, other)| {
                    let apart = apart.as_secs_f64();
                    let message = format!("starts {apart} s after a delivery of another field of the patient");
                    finding(&FIELDS, delivery, other, Wrong { what: format!("field=other apart={apart:.0}s"), message })
                }));
                latest.add(delivery.start, (field, delivery));
            }
        }
        findings.sort();
        Verdict::Ran { looked_at: rows.len() as u64, findings, remarks: Vec::new() }
    }
}
