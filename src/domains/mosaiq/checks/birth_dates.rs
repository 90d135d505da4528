//! Birth dates of patients who are treated: there, and at a believable age at the first delivery.

use std::collections::BTreeMap;

use jiff::civil::DateTime;

use super::{Check, CheckCard, CheckFacts, CheckVerdict, CheckVisitor, Criteria, RowBatch, key_finding};
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::domains::mosaiq::facts::DELIVERIES;
use crate::domains::mosaiq::lookup::{CompactKey, LookupId};
use crate::domains::mosaiq::machines::FIELDS;
use crate::model::{Fetch, Severity, Violation};

const TABLE: &str = "Patient";
/// A year of the calendar, for ages in years.
const DAYS_A_YEAR: f64 = 365.2425;

pub(super) struct BirthDate;

static CARD: CheckCard = CheckCard {
    id: "birth_date",
    group: "identity",
    mode: "plausible_identity",
    severity: Severity::High,
    about: "Every patient who was treated has a birth date, not in the future and not after the first delivery, and at \
        an age that the rules allow.",
    remedy: "Compare with the patient's papers: the birth date is what staff identify the patient by.",
};

impl Check for BirthDate {
    fn card(&self) -> &'static CheckCard {
        &CARD
    }

    fn required_queries(&self) -> Vec<Fetch> {
        [TABLE, FIELDS, DELIVERIES].map(Fetch::all).into()
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        vec![
            CheckedColumn::required(TABLE, "Pat_ID1", CellForm::Whole),
            CheckedColumn::required(TABLE, "Birth_DtTm", CellForm::Time),
            CheckedColumn::optional(FIELDS, "Pat_ID1", CellForm::Whole),
            CheckedColumn::required(DELIVERIES, "Pat_ID1", CellForm::Whole),
            CheckedColumn::required(DELIVERIES, "Create_DtTm", CellForm::Time),
        ]
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, criteria: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        Box::new(BirthVisitor { criteria, births: Vec::new(), planned: BTreeMap::new() })
    }
}

// Patients come first, then fields, then deliveries.
struct BirthVisitor<'a> {
    criteria: Criteria<'a>,
    /// Key, Pat_ID1 and birth of every patient.
    births: Vec<(CompactKey, LookupId, Option<DateTime>)>,
    /// Patients with a field, and their first delivery.
    planned: BTreeMap<LookupId, Option<DateTime>>,
}

impl CheckVisitor for BirthVisitor<'_> {
    fn visit(&mut self, part: &RowBatch<'_>, _: &CheckFacts<'_>) {
        for row in &part.rows {
            let patient = LookupId::from_cell(row.cell("Pat_ID1"));
            match part.table {
                TABLE => {
                    let birth = row.time("Birth_DtTm").map(|birth| birth.wall);
                    // What is there and cannot be read is the runner's remark.
                    if birth.is_some() || !row.has_value("Birth_DtTm") {
                        self.births.push((row.key().into(), patient, birth));
                    }
                }
                FIELDS => drop(self.planned.entry(patient).or_default()),
                _ => {
                    let start = row.time("Create_DtTm").map(|start| start.wall);
                    let first = self.planned.entry(patient).or_default();
                    *first = [*first, start].into_iter().flatten().min();
                }
            }
        }
    }

    fn finish(&mut self, _: &CheckFacts<'_>) -> CheckVerdict {
        let (mut looked_at, mut missing, mut findings) = (0, 0_u64, Vec::new());
        for (key, patient, birth) in std::mem::take(&mut self.births) {
            let Some(first) = self.planned.get(&patient) else { continue };
            looked_at += 1;
            missing += u64::from(birth.is_none() && first.is_none());
            let wrong = self.judge_birth(birth, *first);
            findings.extend(wrong.map(|wrong| key_finding(&CARD, TABLE, key.to_key(), wrong)));
        }
        findings.sort();
        let remarks = match missing {
            0 => Vec::new(),
            some => vec![format!("patients with a field, no delivery, and no birth date: {some}")],
        };
        CheckVerdict::Ran { looked_at, findings, remarks }
    }
}

impl BirthVisitor<'_> {
    /// Judges the birth of a patient, by the first delivery, or by the present where there was none.
    fn judge_birth(&self, birth: Option<DateTime>, first: Option<DateTime>) -> Option<Violation> {
        let Some(birth) = birth else {
            let first = show_day(first?);
            let message = format!("the patient was treated, first on {first}, and has no birth date");
            return Some(Violation { what: "Birth_DtTm=missing".to_owned(), message });
        };
        let (moment, event) = match first {
            Some(first) => (first, "the first delivery"),
            None => (self.criteria.now.wall, "today"),
        };
        let day = show_day(moment);
        // The date itself identifies people, and is not repeated.
        if birth > moment {
            let late = birth.duration_since(moment).as_hours() / 24;
            let what = stable_what("after", first.map(|_| late.to_string()));
            return Some(Violation { what, message: format!("the birth date lies {late} days after {event}, {day}") });
        }
        let age = birth.until(moment).ok()?.get_days();
        let years = f64::from(age) / DAYS_A_YEAR;
        let allowed = self.criteria.rules.patients.age;
        if (allowed.min.get()..=allowed.max.get()).contains(&years) {
            return None;
        }
        let what = stable_what("age", first.map(|_| format!("{years:.0}")));
        let message =
            format!("the patient was {years:.0} years old at {event}, {day}; the rules allow {allowed} years");
        Some(Violation { what, message })
    }
}

/// Returns what is wrong for programs; without a delivery the number would change from day to day, and is left out.
fn stable_what(aspect: &str, number: Option<String>) -> String {
    number.map_or_else(|| format!("Birth_DtTm={aspect}"), |number| format!("Birth_DtTm={aspect} {number}"))
}

fn show_day(moment: DateTime) -> String {
    moment.date().to_string()
}
