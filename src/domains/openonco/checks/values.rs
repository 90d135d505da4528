//! Checks of values: numbers written as text, units, and what contradicts its own note.

use super::record::{AMOUNTS, CatalogueRecord, SHARES};
use super::{CheckDefinition, Judge, Problem};
use crate::domain::check::CheckCard;
use crate::domains::openonco::rules::Rules;
use crate::domains::openonco::text::numbers;
use crate::model::Severity;

pub(super) static AS_TEXT: CheckDefinition = CheckDefinition {
    card: CheckCard {
        id: "number_as_text",
        group: "values",
        mode: "number_as_text",
        severity: Severity::Medium,
        about: "A field that holds a number in this format holds a text, which every filter on it passes over.",
        remedy: "Write the number alone, and what is beside it into the field of its notes.",
    },
    judge: Judge::Record(judge_texts),
};

pub(super) static UNIT: CheckDefinition = CheckDefinition {
    card: CheckCard {
        id: "unit",
        group: "values",
        mode: "changed_unit",
        severity: Severity::High,
        about: "A time is too long or too short for its unit, days, or contradicts its own note.",
        remedy: "Convert it to days, as the same field of the other records is.",
    },
    judge: Judge::Record(judge_units),
};

/// The times to a result.
pub(in crate::domains::openonco) const TURNAROUNDS: [&str; 3] = ["initialTat", "followUpTat", "tat"];

fn judge_texts(record: &CatalogueRecord, _: &Rules) -> Vec<Problem> {
    let mut problems = Vec::new();
    for field in SHARES.iter().chain(&AMOUNTS) {
        let Some(text) = record.text(field) else { continue };
        let meaning = match numbers::read_stated(text) {
            Some(stated) => format!("it states the number {}", stated.number),
            None => "no number can be read off it for certain".to_owned(),
        };
        problems.push(Problem::text(field, text, format!("{field} is the text `{}`; {meaning}", shorten(text))));
    }
    problems
}

fn shorten(text: &str) -> String {
    text.chars().take(60).collect()
}

fn judge_units(record: &CatalogueRecord, rules: &Rules) -> Vec<Problem> {
    let mut problems = Vec::new();
    for field in TURNAROUNDS {
        problems.extend(judge_turnaround(record, field, rules));
    }
    problems.extend(judge_lead(record, rules));
    problems
}

fn judge_turnaround(record: &CatalogueRecord, field: &str, rules: &Rules) -> Option<Problem> {
    let days = record.number(field)?;
    if days <= 0.0 || days > rules.times.turnaround_days {
        let message = format!("{field} is {days} days, which is beyond {}", rules.times.turnaround_days);
        return Some(Problem::new(field, days, message));
    }
    let notes = record.text(&format!("{field}Notes"))?;
    let noted = numbers::stated_before(notes, " day")?;
    let factor = (days / noted).max(noted / days);
    let message = format!("{field} is {days} days, but its note says {noted}");
    (factor > rules.times.note_factor).then(|| Problem::new(field, days, message))
}

fn judge_lead(record: &CatalogueRecord, rules: &Rules) -> Option<Problem> {
    let field = "leadTimeVsImaging";
    let days = record.number(field)?;
    if record.text("leadTimeVsImagingNotes").is_some_and(|notes| numbers::states_months(notes, days)) {
        let message = format!("{field} is {days} days, but its note says {days} months");
        return Some(Problem::new(field, days, message));
    }
    let message = format!("{field} is {days} days, which was probably meant in months");
    (days > 0.0 && days < rules.times.lead_days).then(|| Problem::new(field, days, message))
}
