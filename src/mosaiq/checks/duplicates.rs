//! Duplicates: no patient is treated twice at once on one machine; looks only at deliveries that count.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::{Card, Check, Terms, Verdict, present};
use crate::model::{Finding, Query, Severity, Snapshot, Value};
use crate::mosaiq::deliveries::Delivery;
use crate::mosaiq::limits::DUPLICATE_WINDOW_SECONDS;

/// The check.
pub(super) struct DuplicateDelivery;

const TABLE: &str = "TrackTreatment";

static CARD: Card = Card {
    id: "duplicate_delivery",
    group: "duplicates",
    mode: "duplicate_treatments",
    severity: Severity::Medium,
    about: "No two deliveries of a patient on a machine start within 10 seconds of each other or overlap; only \
        deliveries with beam on, complete and not cancelled are compared.",
    remedy: "Find out from the machine's log whether the beam was given once, and void the other record.",
};

impl Check for DuplicateDelivery {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> Vec<Query> {
        vec![Query::all(TABLE)]
    }

    fn run(&self, snapshot: &Snapshot, _: &Terms) -> Verdict {
        let rows = match present(snapshot, TABLE, &Delivery::COLUMNS) {
            Ok(rows) => rows,
            Err(not_run) => return not_run,
        };
        let mut groups: BTreeMap<(Value, Value), Vec<Delivery>> = BTreeMap::new();
        for delivery in rows.rows().filter_map(|row| Delivery::read(&row).ok()) {
            groups.entry((delivery.patient.clone(), delivery.machine.clone())).or_default().push(delivery);
        }
        let mut findings: Vec<Finding> = groups.into_values().flat_map(pairs).collect();
        findings.sort();
        Verdict::Ran { looked_at: rows.len() as u64, findings, remarks: Vec::new() }
    }
}

/// Returns a finding for every pair of one patient's deliveries on one machine that clash.
fn pairs(mut deliveries: Vec<Delivery>) -> Vec<Finding> {
    deliveries.sort_by(|a, b| (a.start, &a.key).cmp(&(b.start, &b.key)));
    let window = SignedDuration::from_secs(DUPLICATE_WINDOW_SECONDS);
    let mut findings = Vec::new();
    let mut earlier: Vec<&Delivery> = Vec::new();
    for later in &deliveries {
        let near = |first: &Delivery| later.start.duration_since(first.start) <= window;
        earlier.retain(|first| near(first) || later.start < first.end);
        findings.extend(earlier.iter().map(|first| clash(first, later)));
        earlier.push(later);
    }
    findings
}

fn clash(first: &Delivery, later: &Delivery) -> Finding {
    let apart = later.start.duration_since(first.start).as_secs();
    let overlap = if later.start < first.end { ", while that one ran" } else { "" };
    Finding {
        check: CARD.id,
        severity: CARD.severity,
        table: TABLE,
        key: later.key.clone(),
        related: vec![(TABLE, first.key.clone())],
        message: format!("starts {apart} s after another delivery of the patient on the machine{overlap}"),
    }
}
