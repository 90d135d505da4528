//! Working hours: patients are treated when the department works, as its other deliveries show.

use std::collections::BTreeMap;

use super::prescription_doses::explain_nothing;
use super::{
    Check, CheckCard, CheckFacts, CheckVerdict, CheckVisitor, Criteria, DELIVERIES, RowBatch, given_columns,
    sorted_verdict,
};
use crate::domains::mosaiq::checked_columns::CheckedColumn;
use crate::domains::mosaiq::fractions::GivenBeam;
use crate::domains::mosaiq::lookup::CompactKey;
use crate::domains::mosaiq::rules::Rules;
use crate::model::{Fetch, Finding, Severity};

pub(super) struct DeliveryHours;

static CARD: CheckCard = CheckCard {
    id: "delivery_hours",
    group: "times",
    mode: "plausible_delivery",
    severity: Severity::Low,
    about: "No delivery begins before or after the hours of the other deliveries by more than the rules' margin, nor \
        on a day of the week on which hardly any are given. The hours are learnt from the data.",
    remedy: "Find out whether the machine was used at that time, or the clock of a workstation was wrong.",
};

/// Deliveries that are kept at each end of the day, and of each day of the week.
const KEPT: usize = 50;
/// Deliveries without which no hours can be learnt.
const LEARNT_MIN: u64 = 30;
const MINUTES_OF_DAY: usize = 1440;

impl Check for DeliveryHours {
    fn card(&self) -> &'static CheckCard {
        &CARD
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(DELIVERIES)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        given_columns().collect()
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        Box::new(HoursVisitor {
            rules: criteria.rules,
            count: 0,
            minutes: vec![0; MINUTES_OF_DAY],
            kept: BTreeMap::new(),
            weekdays: [0; 7],
            by_weekday: std::array::from_fn(|_| Vec::new()),
        })
    }
}

// Counts the minutes of the day, and keeps a few deliveries of each: those that may be outside are few.
struct HoursVisitor<'a> {
    rules: &'a Rules,
    count: u64,
    /// Number of deliveries that begin in a minute of the day.
    minutes: Vec<u64>,
    /// The first deliveries of a minute, at most [`KEPT`].
    kept: BTreeMap<usize, Vec<CompactKey>>,
    weekdays: [u64; 7],
    by_weekday: [Vec<(CompactKey, usize)>; 7],
}

impl CheckVisitor for HoursVisitor<'_> {
    fn visit(&mut self, part: &RowBatch<'_>, _: &CheckFacts<'_>) {
        for beam in part.rows.iter().filter(|_| part.table == DELIVERIES).filter_map(GivenBeam::from_row) {
            let time = beam.start.time();
            let minute = usize::try_from(i32::from(time.hour()) * 60 + i32::from(time.minute())).unwrap_or(0);
            let weekday = usize::try_from(beam.start.date().weekday().to_monday_zero_offset()).unwrap_or(0);
            self.count += 1;
            if let Some(count) = self.minutes.get_mut(minute) {
                *count += 1;
            }
            let kept = self.kept.entry(minute).or_default();
            if kept.len() < KEPT {
                kept.push(beam.key.clone());
            }
            if let (Some(count), Some(few)) = (self.weekdays.get_mut(weekday), self.by_weekday.get_mut(weekday)) {
                *count += 1;
                if few.len() < KEPT {
                    few.push((beam.key, minute));
                }
            }
        }
    }

    fn finish(&mut self, _: &CheckFacts<'_>) -> CheckVerdict {
        if self.count < LEARNT_MIN {
            let why = format!("{} complete deliveries are too few to learn the working hours from", self.count);
            return CheckVerdict::NotRun { why };
        }
        let mut findings = self.find_odd_hours();
        findings.extend(self.find_odd_days());
        explain_nothing(sorted_verdict(self.count, findings), "")
    }
}

impl HoursVisitor<'_> {
    /// Returns the minute of the day before which less than one delivery in a hundred begins.
    fn percentile(&self, minutes: impl Iterator<Item = usize>) -> usize {
        let mut before = 0;
        for minute in minutes {
            before += self.minutes.get(minute).copied().unwrap_or_default();
            if before * 100 >= self.count {
                return minute;
            }
        }
        0
    }

    #[expect(clippy::cast_precision_loss, reason = "minutes of a day")]
    fn find_odd_hours(&self) -> Vec<Finding> {
        let first = self.percentile(0..MINUTES_OF_DAY);
        let last = self.percentile((0..MINUTES_OF_DAY).rev());
        let margin = self.rules.deliveries.hours_margin.get() * 60.0;
        let mut findings = Vec::new();
        for (minute, keys) in &self.kept {
            let at = *minute as f64;
            if at >= first as f64 - margin && at <= last as f64 + margin {
                continue;
            }
            for key in keys {
                let [at, first, last] = [*minute, first, last].map(show_minute);
                let message = format!("begins at {at}; 98 of 100 deliveries begin between {first} and {last}");
                findings.push(build_finding(key, format!("begins={at}"), message));
            }
        }
        findings
    }

    fn find_odd_days(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (weekday, (count, keys)) in self.weekdays.iter().zip(&self.by_weekday).enumerate() {
            // On an ordinary day of the week, a sixth is given.
            if *count == 0 || *count * 200 > self.count {
                continue;
            }
            let day = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"].get(weekday);
            let day = day.copied().unwrap_or_default();
            for (key, minute) in keys {
                let message = format!(
                    "begins on a {day} at {}, when hardly any are given ({count} of {})",
                    show_minute(*minute),
                    self.count
                );
                findings.push(build_finding(key, format!("day={day}"), message));
            }
        }
        findings
    }
}

fn show_minute(minute: usize) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

fn build_finding(key: &CompactKey, what: String, message: String) -> Finding {
    let (check, severity, key) = (CARD.id, CARD.severity, key.to_key());
    Finding { check, severity, table: DELIVERIES, key, related: Vec::new(), what, message }
}
