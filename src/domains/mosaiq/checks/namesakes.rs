//! Namesakes: two charts that one person may have, or two people who may be taken for each other.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::record_links::show_id;
use super::{Check, CheckCard, CheckFacts, CheckVerdict, CheckVisitor, Criteria, RowBatch, key_finding};
use crate::domains::mosaiq::checked_columns::{CellForm, CheckedColumn};
use crate::domains::mosaiq::lookup::{CompactKey, LookupId};
use crate::domains::mosaiq::machines::FIELDS;
use crate::domains::mosaiq::selection::trim_padding;
use crate::model::{Fetch, Finding, Row, Severity, Violation};

const TABLE: &str = "Patient";

pub(super) struct Namesake;

static CARD: CheckCard = CheckCard {
    id: "namesake",
    group: "identity",
    mode: "plausible_identity",
    severity: Severity::Low,
    about: "No two patients have one last name, one first name and one birth date, or birth dates with day and month \
        exchanged; judged where at least one of them has a field.",
    remedy: "Find out whether it is one person with two charts; if there are two people, mark both charts.",
};

impl Check for Namesake {
    fn card(&self) -> &'static CheckCard {
        &CARD
    }

    fn required_queries(&self) -> Vec<Fetch> {
        vec![Fetch::all(TABLE), Fetch::all(FIELDS)]
    }

    fn columns(&self) -> Vec<CheckedColumn> {
        let ids = [TABLE, FIELDS].map(|table| CheckedColumn::required(table, "Pat_ID1", CellForm::Whole));
        let names = ["Last_Name", "First_Name"].map(|column| CheckedColumn::required(TABLE, column, CellForm::Any));
        let birth = [CheckedColumn::required(TABLE, "Birth_DtTm", CellForm::Time)];
        ids.into_iter().chain(names).chain(birth).collect()
    }

    fn visitor<'a>(&self, _: &CheckFacts<'a>, _: Criteria<'a>) -> Box<dyn CheckVisitor + 'a> {
        Box::new(NamesakeVisitor::default())
    }
}

/// A patient as compared with namesakes.
struct Person {
    key: CompactKey,
    patient: LookupId,
    birth: Date,
}

#[derive(Default)]
struct NamesakeVisitor {
    /// By last and first name in upper case.
    people: BTreeMap<(String, String), Vec<Person>>,
    planned: BTreeSet<LookupId>,
    looked_at: u64,
}

impl CheckVisitor for NamesakeVisitor {
    fn visit(&mut self, part: &RowBatch<'_>, _: &CheckFacts<'_>) {
        for row in &part.rows {
            let patient = LookupId::from_cell(row.cell("Pat_ID1"));
            if part.table == FIELDS {
                self.planned.insert(patient);
            } else if let (Some(names), Some(birth)) = (read_names(row), row.time("Birth_DtTm")) {
                self.looked_at += 1;
                let birth = birth.wall.date();
                self.people.entry(names).or_default().push(Person { key: row.key().into(), patient, birth });
            }
        }
    }

    fn finish(&mut self, _: &CheckFacts<'_>) -> CheckVerdict {
        let mut findings = Vec::new();
        for people in self.people.values_mut().filter(|people| people.len() > 1) {
            people.sort_by(|one, other| one.key.cmp(&other.key));
            for (at, one) in people.iter().enumerate() {
                let others = people
                    .iter()
                    .skip(at + 1)
                    .filter(|other| self.planned.contains(&one.patient) || self.planned.contains(&other.patient));
                findings.extend(others.filter_map(|other| compare_people(one, other)));
            }
        }
        findings.sort();
        CheckVerdict::Ran { looked_at: self.looked_at, findings, remarks: Vec::new() }
    }
}

fn read_names(row: &Row<'_>) -> Option<(String, String)> {
    let [last, first] = ["Last_Name", "First_Name"]
        .map(|column| row.text(column).map(|text| trim_padding(text).trim_start().to_uppercase()));
    Some((last.filter(|name| !name.is_empty())?, first.filter(|name| !name.is_empty())?))
}

/// Returns the finding of two people of one name. Names and dates identify people, and are not repeated.
fn compare_people(one: &Person, other: &Person) -> Option<Finding> {
    let alike = if one.birth == other.birth {
        "one birth date"
    } else if exchange_day_and_month(one.birth) == Some(other.birth) {
        "birth dates with day and month exchanged"
    } else {
        return None;
    };
    let [first, second] = [one, other].map(|person| show_id(&person.patient));
    let wrong = Violation {
        what: format!("namesake={second} birth={}", if one.birth == other.birth { "same" } else { "exchanged" }),
        message: format!("patients {first} and {second} have one name and {alike}"),
    };
    Some(Finding { related: vec![(TABLE, other.key.to_key())], ..key_finding(&CARD, TABLE, one.key.to_key(), wrong) })
}

/// Returns a date with its day and month exchanged; `None` where that is no date.
pub(in crate::domains::mosaiq) fn exchange_day_and_month(date: Date) -> Option<Date> {
    Date::new(date.year(), date.day(), date.month()).ok()
}
