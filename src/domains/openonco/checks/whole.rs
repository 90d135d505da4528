//! Checks of the catalogue as a whole: repeated ids and names, spellings of vendors, records that are gone or moved.

use super::gather::Gathered;
use super::{CheckDefinition, Judge, Report};
use crate::domain::check::CheckCard;
use crate::domains::openonco::rules::Rules;
use crate::domains::openonco::schema::{FILES, TESTS};
use crate::model::{Severity, Value};

pub(super) static IDENTITY: CheckDefinition = CheckDefinition {
    card: CheckCard {
        id: "identity",
        group: "catalogue",
        mode: "vanished_record",
        severity: Severity::High,
        about: "A record has no id, no name or no vendor.",
        remedy: "Restore the record from an earlier state of its file.",
    },
    judge: Judge::Whole(|gathered, _, report| {
        for (record, lacks) in &gathered.nameless {
            report.add(TESTS, *record, &[], format!("lacks={lacks}"), format!("record {record} has no {lacks}"));
        }
    }),
};

pub(super) static IDS: CheckDefinition = CheckDefinition {
    card: CheckCard {
        id: "duplicate_id",
        group: "catalogue",
        mode: "duplicated_id",
        severity: Severity::Critical,
        about: "Two records have one id: whoever asks for it gets one of them by chance.",
        remedy: "Give the newer one an id of its own, and correct what refers to it.",
    },
    judge: Judge::Whole(judge_ids),
};

pub(super) static NAMES: CheckDefinition = CheckDefinition {
    card: CheckCard {
        id: "duplicate_name",
        group: "catalogue",
        mode: "duplicated_id",
        severity: Severity::Medium,
        about: "Two records of a category, or of two vendors, have one name.",
        remedy: "Merge them, or make the names differ.",
    },
    judge: Judge::Whole(judge_names),
};

pub(super) static VENDORS: CheckDefinition = CheckDefinition {
    card: CheckCard {
        id: "vendor_spelling",
        group: "catalogue",
        mode: "split_vendor",
        severity: Severity::Medium,
        about: "One company has several spellings, so that a filter or count by vendor misses some of its tests.",
        remedy: "Write the name in one way.",
    },
    judge: Judge::Whole(judge_vendors),
};

pub(super) static LOST: CheckDefinition = CheckDefinition {
    card: CheckCard {
        id: "lost_record",
        group: "catalogue",
        mode: "vanished_record",
        severity: Severity::High,
        about: "A record is gone, or a file has fewer or more of them than when it was imported or than the rules say.",
        remedy: "Compare with the former state of the file.",
    },
    judge: Judge::Whole(judge_lost),
};

pub(super) static MOVED: CheckDefinition = CheckDefinition {
    card: CheckCard {
        id: "moved_record",
        group: "catalogue",
        mode: "moved_test",
        severity: Severity::High,
        about: "A record is in another category than the file that it was read from.",
        remedy: "Move it back, unless the test has really found another use.",
    },
    judge: Judge::Whole(|gathered, _, report| {
        for moved in &gathered.moved {
            let message = format!("{} was read from {}, and is in {} now", moved.label, moved.from, moved.category);
            report.add(TESTS, moved.record, &[], format!("category={}", moved.category), message);
        }
    }),
};

pub(super) static COLUMNS: CheckDefinition = CheckDefinition {
    card: CheckCard {
        id: "columns_agree",
        group: "catalogue",
        mode: "wrong_percentage",
        severity: Severity::High,
        about: "A column by which tests are found differs from the text of the record.",
        remedy: "Import the catalogue again: something wrote one of the two tables alone.",
    },
    judge: Judge::Columns,
};

fn judge_ids(gathered: &Gathered, _: &Rules, report: &mut Report) {
    for (id, records) in &gathered.repeated_ids {
        for (at, one) in records.iter().enumerate() {
            let others: Vec<i64> =
                records.iter().filter(|other| other.record != one.record).map(|o| o.record).collect();
            let message =
                format!("the id {id} is given {} times, here to {} of {}", records.len(), one.name, one.vendor);
            report.add(TESTS, one.record, &others, format!("id={id} {}", at + 1), message);
        }
    }
}

fn judge_names(gathered: &Gathered, _: &Rules, report: &mut Report) {
    for (name, records) in &gathered.repeated_names {
        let Some((first, others)) = records.split_first() else { continue };
        for other in others {
            let message = format!(
                "the name {name} is given to {} of {} and to {} of {}",
                first.label, first.vendor, other.label, other.vendor
            );
            report.add(TESTS, other.record, &[first.record], format!("name={name} {}", other.label), message);
        }
    }
}

fn judge_vendors(gathered: &Gathered, _: &Rules, report: &mut Report) {
    for spelling in &gathered.spellings {
        let message = format!("the vendor is written `{}` here, and `{}` elsewhere", spelling.name, spelling.usual);
        let Some((first, others)) = spelling.records.split_first() else { continue };
        report.add(TESTS, *first, others, format!("vendor={}", spelling.name), message);
    }
}

fn judge_lost(gathered: &Gathered, rules: &Rules, report: &mut Report) {
    for gone in &gathered.gone {
        let message =
            format!("record {} of {} is gone; it was number {} of the catalogue", gone.nth, gone.file, gone.record);
        report.add(TESTS, gone.record, &[], format!("gone={}", gone.record), message);
    }
    for file in &gathered.files {
        let Some(category) = &file.category else { continue };
        let Some(should) = rules.baseline.get(category) else { continue };
        let is = gathered.counts.get(category).copied().unwrap_or(0);
        if is != *should {
            let message = format!("{} has {is} records, and the rules say {should}", file.name);
            report.add_key(FILES, vec![Value::Integer(file.number)], &[], format!("{category}={is}"), message);
        }
    }
}
