//! Duplicates: no patient is treated twice at once on one machine; looks only at deliveries that count.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use jiff::SignedDuration;
use jiff::civil::DateTime;

use super::{Check, CheckCard, Criteria, Fact, Known, Look, Part, Verdict, seconds};
use crate::domains::mosaiq::course::{Groups, Slim, Within};
use crate::domains::mosaiq::ground::{CellForm, Read};
use crate::model::{Fetch, Finding, Severity};

/// The check.
pub(super) struct DuplicateDelivery;

const TABLE: &str = "TrackTreatment";

static CARD: CheckCard = CheckCard {
    id: "duplicate_delivery",
    group: "duplicates",
    mode: "duplicate_treatments",
    severity: Severity::Medium,
    about: "No two deliveries of a patient on a machine start within the rules' window for duplicates or overlap; \
        only deliveries with beam on, complete and not cancelled are compared.",
    remedy: "Find out from the machine's log whether the beam was given once, and void the other record.",
};

impl Check for DuplicateDelivery {
    fn card(&self) -> &'static CheckCard {
        &CARD
    }

    fn needs(&self) -> Vec<Fetch> {
        vec![Fetch::all(TABLE)]
    }

    fn reads(&self) -> Vec<Read> {
        let ids = ["Pat_ID1", "Machine_ID_Staff_ID"].map(|column| (column, CellForm::Whole));
        let times = ["Create_DtTm", "Edit_DtTm"].map(|column| (column, CellForm::Time));
        let flags = ["WasBeamOn", "WasBeamComplete"].map(|column| (column, CellForm::Flag));
        let all = ids.into_iter().chain(times).chain(flags).chain([("WasCanceled", CellForm::FlagOrNull)]);
        all.map(|(column, form)| Read::all(TABLE, column, form)).collect()
    }

    fn wants(&self) -> Option<Fact> {
        Some(Fact::Deliveries)
    }

    fn look<'a>(&self, _: &Known<'a>, criteria: Criteria<'a>) -> Box<dyn Look + 'a> {
        let window = seconds(criteria.rules.deliveries.duplicate_window);
        Box::new(Twice { window, groups: Groups::new(Within::Both, window), looked_at: 0, findings: Vec::new() })
    }
}

/// The look: deliveries are compared as soon as all have come by that one can clash with.
struct Twice {
    window: SignedDuration,
    groups: Groups,
    looked_at: u64,
    findings: Vec<Finding>,
}

impl Look for Twice {
    fn take(&mut self, part: &Part<'_>, known: &Known<'_>) {
        self.looked_at += part.len();
        let Self { groups, findings, window, .. } = self;
        groups.take(known.course.passing(), &mut |group| findings.extend(clashes(group, *window)));
    }

    fn verdict(&mut self, _: &Known<'_>) -> Verdict {
        let mut findings = std::mem::take(&mut self.findings);
        self.groups.finish(&mut |group| findings.extend(clashes(group, self.window)));
        findings.sort();
        Verdict::Ran { looked_at: self.looked_at, findings, remarks: Vec::new() }
    }
}

/// Returns a finding for every one of a patient's deliveries on a machine that clashes with an earlier one.
///
/// It names the nearest of these and counts the others, so that there are never more findings than deliveries.
fn clashes(deliveries: &[Slim], window: SignedDuration) -> Vec<Finding> {
    let mut findings = Vec::new();
    let (mut near, mut running) = (VecDeque::new(), Running::default());
    for later in deliveries {
        let is_near = |first: &Slim| later.start.duration_since(first.start) <= window;
        while let Some(first) = near.pop_front() {
            if is_near(first) {
                near.push_front(first);
                break;
            }
            running.add(first);
        }
        running.until(later.start);
        let number = near.len() + running.ends.len();
        let nearest = near.back().or(running.latest.last()).copied();
        findings.extend(nearest.map(|first| clash(first, later, number.saturating_sub(1))));
        near.push_back(later);
    }
    findings
}

/// Deliveries that started too long ago to be near, and still run.
#[derive(Default)]
struct Running<'d> {
    /// When each of them ends.
    ends: BinaryHeap<Reverse<DateTime>>,
    /// The one that started last; below it, others that may run or not.
    latest: Vec<&'d Slim>,
}

impl<'d> Running<'d> {
    /// Takes in a delivery that started after all the others.
    fn add(&mut self, delivery: &'d Slim) {
        self.ends.push(Reverse(delivery.end));
        self.latest.push(delivery);
    }

    /// Forgets what has ended; time only goes on.
    fn until(&mut self, now: DateTime) {
        while self.ends.peek().is_some_and(|Reverse(end)| *end <= now) {
            self.ends.pop();
        }
        while self.latest.last().is_some_and(|delivery| delivery.end <= now) {
            self.latest.pop();
        }
    }
}

fn clash(first: &Slim, later: &Slim, others: usize) -> Finding {
    let apart = later.start.duration_since(first.start).as_secs();
    let overlap = if later.start < first.end { ", while that one ran" } else { "" };
    let others = if others > 0 { format!("; {others} more clash with it") } else { String::new() };
    Finding {
        check: CARD.id,
        severity: CARD.severity,
        table: TABLE,
        key: later.key.key(),
        related: vec![(TABLE, first.key.key())],
        what: format!("starts +{apart}s{}", if later.start < first.end { " overlapping" } else { "" }),
        message: format!("starts {apart} s after another delivery of the patient on the machine{overlap}{others}"),
    }
}
