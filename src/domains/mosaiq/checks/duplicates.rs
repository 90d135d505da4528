//! Duplicates: no two deliveries of a patient on a machine lie close together or overlap.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use jiff::SignedDuration;
use jiff::civil::DateTime;

use super::{Check, CheckCard, CheckFacts, CheckVerdict, CheckVisitor, Criteria, GatheredFact, RowBatch, to_duration};
use crate::domains::mosaiq::checked_columns::CheckedColumn;
use crate::domains::mosaiq::course::{DeliveryGroups, DeliveryRecord, DeliveryScope};
use crate::model::{Fetch, Finding, Severity};

pub(super) struct DuplicateDelivery;

const TABLE: &str = "TrackTreatment";

static CARD: CheckCard = CheckCard {
    id: "duplicate_delivery",
    group: "duplicates",
    mode: "duplicate_treatments",
    severity: Severity::Medium,
    about: "No two deliveries of a patient on a machine overlap or start within the rules' duplicate window; only \
        deliveries with beam on, complete and not cancelled are compared. Two fields that were queued together, the \
        later one sent (Sent_DtTm) after the earlier one ended, are no duplicates.",
    remedy: "Find out from the machine's log whether the beam was given once, and void the other record.",
};

impl Check for DuplicateDelivery {
    fn card(&self) -> &'static CheckCard {
        &CARD
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(TABLE)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        super::overlaps::compared_columns().collect()
    }

    fn gathered_fact(&self) -> Option<GatheredFact> {
        Some(GatheredFact::Deliveries)
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        let window = to_duration(criteria.rules.deliveries.duplicate_window);
        Box::new(DuplicateVisitor {
            window,
            groups: DeliveryGroups::new(DeliveryScope::Both, window),
            looked_at: 0,
            findings: Vec::new(),
        })
    }
}

struct DuplicateVisitor {
    window: SignedDuration,
    groups: DeliveryGroups,
    looked_at: u64,
    findings: Vec<Finding>,
}

impl CheckVisitor for DuplicateVisitor {
    fn visit(&mut self, part: &RowBatch<'_>, known: &CheckFacts<'_>) {
        self.looked_at += part.len();
        let Self { groups, findings, window, .. } = self;
        groups.add_batch(known.course.batch(), &mut |group| findings.extend(find_clashes(group, *window)));
    }

    fn finish(&mut self, _: &CheckFacts<'_>) -> CheckVerdict {
        let mut findings = std::mem::take(&mut self.findings);
        self.groups.finish(&mut |group| findings.extend(find_clashes(group, self.window)));
        findings.sort();
        CheckVerdict::Ran { looked_at: self.looked_at, findings, remarks: Vec::new() }
    }
}

/// Returns a finding for every delivery that clashes with an earlier one of its group.
///
/// It names the nearest earlier one and counts the others, so that there are never more findings than deliveries. The
/// cost is `n log n`, where comparing every pair would be quadratic in a group of copies.
fn find_clashes(deliveries: &[DeliveryRecord], window: SignedDuration) -> Vec<Finding> {
    let mut findings = Vec::new();
    // What started within the window clashes in any case, what started before only while it is running.
    let mut near: VecDeque<&DeliveryRecord> = VecDeque::new();
    let mut running = RunningDeliveries::default();
    for later in deliveries {
        while let Some(first) = near.pop_front() {
            if later.start.duration_since(first.start) <= window {
                near.push_front(first);
                break;
            }
            running.add(first);
        }
        running.advance_to(later.start);
        // Deliveries that were queued together and ran one after the other are no duplicates.
        let mut candidates = near.iter().rev().chain(running.latest.iter().rev()).copied();
        let skipped = candidates.clone().take_while(|first| later.ran_after(first)).count();
        let number = (near.len() + running.ends.len()).saturating_sub(skipped);
        let nearest = candidates.nth(skipped);
        findings.extend(nearest.map(|first| build_finding(first, later, number.saturating_sub(1))));
        near.push_back(later);
    }
    findings
}

/// Deliveries that started before the window and are still running.
#[derive(Default)]
struct RunningDeliveries<'d> {
    /// Their ends, earliest on top; counts them.
    ends: BinaryHeap<Reverse<DateTime>>,
    /// A stack in the order of the starts: the last one is running, those below may have ended.
    latest: Vec<&'d DeliveryRecord>,
}

impl<'d> RunningDeliveries<'d> {
    /// Adds a delivery that started after all others.
    fn add(&mut self, delivery: &'d DeliveryRecord) {
        self.ends.push(Reverse(delivery.end));
        self.latest.push(delivery);
    }

    /// Drops what has ended. Times must ascend from call to call.
    fn advance_to(&mut self, now: DateTime) {
        while self.ends.peek().is_some_and(|Reverse(end)| *end <= now) {
            self.ends.pop();
        }
        while self.latest.last().is_some_and(|delivery| delivery.end <= now) {
            self.latest.pop();
        }
    }
}

fn build_finding(first: &DeliveryRecord, later: &DeliveryRecord, others: usize) -> Finding {
    let apart = later.start.duration_since(first.start).as_secs();
    let overlap = if later.start < first.end { ", while that one ran" } else { "" };
    let others = if others > 0 { format!("; {others} more conflict with it") } else { String::new() };
    Finding {
        check: CARD.id,
        severity: CARD.severity,
        table: TABLE,
        key: later.key.to_key(),
        related: vec![(TABLE, first.key.to_key())],
        what: format!("starts +{apart}s{}", if later.start < first.end { " overlapping" } else { "" }),
        message: format!("starts {apart} s after another delivery of the patient on the machine{overlap}{others}"),
    }
}
